
#include "ngx_smtp_verify_quota.h"

#include "ngx_smtp_verify_zone.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_QUOTA_LAYOUT   5

/* clients that a reload has removed stay until their room is needed */

#define NGX_SMTP_VERIFY_QUOTA_ENTRIES  (NGX_SMTP_VERIFY_QUOTA_CLIENTS * 2)


typedef struct {
    u_char                            name[NGX_SMTP_VERIFY_QUOTA_NAME];
    uint64_t                          len;      /* 0: free */
    uint64_t                          seen;     /* s */
    uint64_t                          day;      /* days since the epoch, UTC */
    uint64_t                          used;     /* on that day */
    uint64_t                          today;    /* requests on that day */
    uint64_t                          requests;
    sv_bucket_t                       rate;
} ngx_smtp_verify_quota_entry_t;


typedef struct {
    uint64_t                          layout;
    uint64_t                          n;
    ngx_smtp_verify_quota_entry_t     entries[NGX_SMTP_VERIFY_QUOTA_ENTRIES];
} ngx_smtp_verify_quota_sh_t;


static ngx_int_t ngx_smtp_verify_quota_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_smtp_verify_quota_entry_t *ngx_smtp_verify_quota_lock(
    ngx_shm_zone_t *shm_zone, ngx_smtp_verify_quota_client_t *client);
static void ngx_smtp_verify_quota_unlock(ngx_shm_zone_t *shm_zone);
static ngx_smtp_verify_quota_entry_t *ngx_smtp_verify_quota_find(
    ngx_smtp_verify_quota_sh_t *sh, ngx_smtp_verify_quota_client_t *client);
static ngx_uint_t ngx_smtp_verify_quota_is(ngx_smtp_verify_quota_entry_t *e,
    ngx_str_t *name);
static void ngx_smtp_verify_quota_today(ngx_smtp_verify_quota_entry_t *e);
static void ngx_smtp_verify_quota_state(ngx_smtp_verify_quota_entry_t *e,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state);


ngx_shm_zone_t *
ngx_smtp_verify_quota_add(ngx_conf_t *cf, void *tag)
{
    size_t           size;
    ngx_shm_zone_t  *shm_zone;
    ngx_str_t        name = ngx_string("smtp_verify_quota");

    size = ngx_align(sizeof(ngx_smtp_verify_quota_sh_t), ngx_pagesize)
           + 16 * ngx_pagesize;

    shm_zone = ngx_shared_memory_add(cf, &name, size, tag);

    if (shm_zone) {
        shm_zone->init = ngx_smtp_verify_quota_init;
    }

    return shm_zone;
}


static ngx_int_t
ngx_smtp_verify_quota_init(ngx_shm_zone_t *shm_zone, void *data)
{
    return ngx_smtp_verify_zone_table(shm_zone, data,
                                      sizeof(ngx_smtp_verify_quota_sh_t),
                                      NGX_SMTP_VERIFY_QUOTA_LAYOUT)
           ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_smtp_verify_quota_request(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state)
{
    uint64_t                        now;
    ngx_int_t                       rc;
    ngx_smtp_verify_quota_entry_t  *e;

    rc = NGX_OK;
    now = sv_clock_usec();

    e = ngx_smtp_verify_quota_lock(shm_zone, client);

    e->requests++;
    e->today++;

    if (client->rate) {

        if (sv_bucket_room(&e->rate, client->rate, client->burst - 1, now)) {
            sv_bucket_add(&e->rate, client->rate, client->burst - 1, now);

        } else {
            rc = NGX_BUSY;
        }
    }

    ngx_smtp_verify_quota_state(e, client, state);
    ngx_smtp_verify_quota_unlock(shm_zone);

    return rc;
}


ngx_int_t
ngx_smtp_verify_quota_take(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state, ngx_uint_t *day)
{
    ngx_int_t                       rc;
    ngx_smtp_verify_quota_entry_t  *e;

    rc = NGX_BUSY;
    e = ngx_smtp_verify_quota_lock(shm_zone, client);

    if (e->used < client->quota) {
        e->used++;
        *day = e->day;
        rc = NGX_OK;
    }

    ngx_smtp_verify_quota_state(e, client, state);
    ngx_smtp_verify_quota_unlock(shm_zone);

    return rc;
}


/* A unit of yesterday cannot be given back today. */

void
ngx_smtp_verify_quota_give_back(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state, ngx_uint_t day)
{
    ngx_smtp_verify_quota_entry_t  *e;

    e = ngx_smtp_verify_quota_lock(shm_zone, client);

    if (e->day == day && e->used) {
        e->used--;
    }

    ngx_smtp_verify_quota_state(e, client, state);
    ngx_smtp_verify_quota_unlock(shm_zone);
}


void
ngx_smtp_verify_quota_look(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state)
{
    ngx_smtp_verify_quota_entry_t  *e;

    e = ngx_smtp_verify_quota_lock(shm_zone, client);

    ngx_smtp_verify_quota_state(e, client, state);
    ngx_smtp_verify_quota_unlock(shm_zone);
}


static ngx_smtp_verify_quota_entry_t *
ngx_smtp_verify_quota_lock(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client)
{
    ngx_slab_pool_t                *shpool;
    ngx_smtp_verify_quota_entry_t  *e;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    e = ngx_smtp_verify_quota_find(shm_zone->data, client);

    e->seen = sv_clock_sec();
    ngx_smtp_verify_quota_today(e);

    return e;
}


static void
ngx_smtp_verify_quota_unlock(ngx_shm_zone_t *shm_zone)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    ngx_shmtx_unlock(&shpool->mutex);
}


/*
 * Returns the entry of a client.  It is usually where it was last time (the
 * hint), else it is searched for, once in the life of a worker.  If there is no
 * room, the client that was not seen for longest is replaced.  The length is
 * written last, so that a worker that is killed halfway leaves a free entry.
 */

static ngx_smtp_verify_quota_entry_t *
ngx_smtp_verify_quota_find(ngx_smtp_verify_quota_sh_t *sh,
    ngx_smtp_verify_quota_client_t *client)
{
    ngx_uint_t                      i, n;
    ngx_smtp_verify_quota_entry_t  *e;

    e = &sh->entries[client->hint];

    if (ngx_smtp_verify_quota_is(e, &client->name)) {
        return e;
    }

    e = NULL;
    n = ngx_min(sh->n, NGX_SMTP_VERIFY_QUOTA_ENTRIES);

    for (i = 0; i < n; i++) {

        if (ngx_smtp_verify_quota_is(&sh->entries[i], &client->name)) {
            client->hint = i;
            return &sh->entries[i];
        }

        if (e == NULL || sh->entries[i].seen < e->seen) {
            e = &sh->entries[i];
        }
    }

    if (n < NGX_SMTP_VERIFY_QUOTA_ENTRIES) {
        e = &sh->entries[n];
        sh->n = n + 1;
    }

    e->len = 0;
    ngx_memory_barrier();

    ngx_memcpy(e->name, client->name.data, client->name.len);
    e->day = 0;
    e->used = 0;
    e->today = 0;
    e->requests = 0;
    ngx_memzero(&e->rate, sizeof(sv_bucket_t));

    ngx_memory_barrier();
    e->len = client->name.len;

    client->hint = e - sh->entries;

    return e;
}


static ngx_uint_t
ngx_smtp_verify_quota_is(ngx_smtp_verify_quota_entry_t *e, ngx_str_t *name)
{
    return e->len == name->len
           && ngx_memcmp(e->name, name->data, name->len) == 0;
}


/*
 * The clocks of workers differ a little, so the next day counts as today.  The
 * number is reset first: a worker that is killed in between loses the count of
 * a day, but never adds one.
 */

static void
ngx_smtp_verify_quota_today(ngx_smtp_verify_quota_entry_t *e)
{
    uint64_t  today;

    today = (uint64_t) ngx_time() / NGX_SMTP_VERIFY_QUOTA_DAY;

    if (e->day == today || e->day == today + 1) {
        return;
    }

    e->used = 0;
    e->today = 0;
    ngx_memory_barrier();
    e->day = today;
}


static void
ngx_smtp_verify_quota_state(ngx_smtp_verify_quota_entry_t *e,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state)
{
    uint64_t  end, now, wait;

    state->at = ngx_current_msec;
    state->requests = e->requests;
    state->today = e->today;
    state->used = e->used;

    if (client->quota != NGX_SMTP_VERIFY_QUOTA_NONE) {
        end = (e->day + 1) * NGX_SMTP_VERIFY_QUOTA_DAY;

        state->left = client->quota > e->used ? client->quota - e->used : 0;
        state->reset = end - (uint64_t) ngx_time();
    }

    if (client->rate) {
        now = sv_clock_usec();

        state->room = sv_bucket_room(&e->rate, client->rate,
                                     client->burst - 1, now);

        wait = sv_bucket_wait(&e->rate, client->rate, client->burst - 1, 1,
                              now);

        state->wait = ngx_max((wait + 999999) / 1000000, 1);
    }
}
