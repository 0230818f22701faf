
#include "ngx_smtp_verify_throttle.h"

#include <openssl/rand.h>
#include <signal.h>


#define NGX_SMTP_VERIFY_THROTTLE_LAYOUT  1
#define NGX_SMTP_VERIFY_THROTTLE_PAGES   8
#define NGX_SMTP_VERIFY_THROTTLE_WAYS    8
#define NGX_SMTP_VERIFY_THROTTLE_CHUNK   64     /* slots */
#define NGX_SMTP_VERIFY_THROTTLE_SWEEP   500    /* ms */
#define NGX_SMTP_VERIFY_THROTTLE_POLL    25     /* ms */
#define NGX_SMTP_VERIFY_THROTTLE_LINES   256    /* served by the timer … */
#define NGX_SMTP_VERIFY_THROTTLE_WAKE    32     /* … and by a release */
#define NGX_SMTP_VERIFY_THROTTLE_WINDOW  60000  /* ms */
#define NGX_SMTP_VERIFY_THROTTLE_TRIAL   1000   /* ms, while one is made */

#define NGX_SMTP_VERIFY_SLOT_FREE        0
#define NGX_SMTP_VERIFY_SLOT_WAITING     1
#define NGX_SMTP_VERIFY_SLOT_HELD        2
#define NGX_SMTP_VERIFY_SLOT_TRIAL       4      /* of the destination */
#define NGX_SMTP_VERIFY_SLOT_RESUME      8      /* of the egress */

#define NGX_SMTP_VERIFY_SLOT_REFS        3


/* what a slot refers to */

typedef enum {
    ngx_smtp_verify_ref_destination = 0,
    ngx_smtp_verify_ref_ip,
    ngx_smtp_verify_ref_egress
} ngx_smtp_verify_ref_e;


typedef struct {
    u_char                             key[SV_SIPHASH_LEN];
    uint64_t                           seen;        /* ms; 0: free */
    sv_bucket_t                        rate;
    sv_bucket_t                        rejects;
    sv_breaker_t                       breaker;
    uint32_t                           sessions;
    uint32_t                           waiting;
    uint32_t                           trials;
    uint32_t                           failed;      /* egress: how many
                                                       destinations did … */
    uint64_t                           window;      /* … since its start */
    uint64_t                           start;
    uint64_t                           voided;      /* a window that blames
                                                       no destination */
} ngx_smtp_verify_throttle_entry_t;


typedef struct {
    uint32_t                           state;
    uint32_t                           refs[NGX_SMTP_VERIFY_SLOT_REFS];
} ngx_smtp_verify_slot_sh_t;


typedef struct {
    uint64_t                           layout;
    uint64_t                           size;
    uint64_t                           swept;
    uint64_t                           sessions;
    uint64_t                           waiting;
    ngx_smtp_verify_throttle_counts_t  counts;
    u_char                             key[SV_SIPHASH_LEN];
} ngx_smtp_verify_throttle_sh_t;


/* who waits in this worker for a destination */

typedef struct {
    ngx_rbtree_node_t                  node;
    ngx_queue_t                        queue;       /* of all lines */
    ngx_queue_t                        tickets[2];  /* interactive, bulk */
    ngx_uint_t                         n;
} ngx_smtp_verify_line_queue_t;


struct ngx_smtp_verify_throttle_s {
    ngx_smtp_verify_throttle_sh_t     *sh;
    ngx_slab_pool_t                   *shpool;
    ngx_smtp_verify_throttle_entry_t  *entries;     /* the first: nobody's */
    ngx_uint_t                         nsets;
    ngx_smtp_verify_slot_sh_t         *slots;
    uint32_t                          *owners;      /* pids, of chunks */
    ngx_uint_t                         nchunks;

    /* of this worker */
    uint32_t                          *free;
    ngx_uint_t                         nfree;
    ngx_rbtree_t                       tree;
    ngx_rbtree_node_t                  sentinel;
    ngx_queue_t                        lines;
    ngx_uint_t                         nlines;
    ngx_msec_t                         interval;    /* to the next look */
    ngx_event_t                        poll;
    ngx_event_t                        wake;
};


static ngx_int_t ngx_smtp_verify_throttle_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_smtp_verify_throttle_format(ngx_shm_zone_t *shm_zone,
    size_t size);
static ngx_int_t ngx_smtp_verify_throttle_view(
    ngx_smtp_verify_throttle_t *throttle);
static ngx_smtp_verify_throttle_entry_t *ngx_smtp_verify_throttle_entry(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_ref_e ref);
static uint32_t ngx_smtp_verify_throttle_find(
    ngx_smtp_verify_throttle_t *throttle, u_char *key, uint64_t now);
static void ngx_smtp_verify_throttle_keys(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN]);
static ngx_int_t ngx_smtp_verify_throttle_slot(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t *slot);
static void ngx_smtp_verify_throttle_sweep(
    ngx_smtp_verify_throttle_t *throttle, uint64_t now);
static void ngx_smtp_verify_throttle_disown(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t chunk);
static void ngx_smtp_verify_throttle_recount(
    ngx_smtp_verify_throttle_t *throttle);
static void ngx_smtp_verify_throttle_sum(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_int_t add);
static void ngx_smtp_verify_throttle_free(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t slot);
static ngx_int_t ngx_smtp_verify_throttle_try(ngx_smtp_verify_ticket_t *t,
    uint64_t now);
static ngx_int_t ngx_smtp_verify_throttle_breakers(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, uint64_t now, uint32_t *trials,
    ngx_uint_t *retry_after);
static uint64_t ngx_smtp_verify_throttle_rejects(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, uint64_t now);
static ngx_int_t ngx_smtp_verify_throttle_room(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now);
static void ngx_smtp_verify_throttle_grant(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint32_t trials, uint64_t now);
static ngx_int_t ngx_smtp_verify_throttle_wait(ngx_smtp_verify_ticket_t *t);
static void ngx_smtp_verify_throttle_unqueue(ngx_smtp_verify_ticket_t *t);
static void ngx_smtp_verify_throttle_waited(ngx_event_t *ev);
static void ngx_smtp_verify_throttle_poll(ngx_event_t *ev);
static void ngx_smtp_verify_throttle_wake(ngx_event_t *ev);
static ngx_uint_t ngx_smtp_verify_throttle_serve(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t max);
static ngx_smtp_verify_line_queue_t *ngx_smtp_verify_throttle_line(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t key);
static void ngx_smtp_verify_throttle_ready(
    ngx_smtp_verify_throttle_t *throttle);
static ngx_uint_t ngx_smtp_verify_throttle_unconnected(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_slot_sh_t *slot,
    ngx_smtp_verify_limits_t *limits, uint64_t now);


/* what a fault weighs, of SV_BREAKER_THRESHOLD */

static unsigned  ngx_smtp_verify_throttle_weights[] = {
    0, 0, 0, 20, 20, 25, 34, 50
};


ngx_shm_zone_t *
ngx_smtp_verify_throttle_add(ngx_conf_t *cf, ngx_str_t *name, size_t size,
    void *tag)
{
    ngx_shm_zone_t              *shm_zone;
    ngx_smtp_verify_throttle_t  *throttle;

    shm_zone = ngx_shared_memory_add(cf, name, size, tag);

    if (shm_zone == NULL || size == 0) {
        return shm_zone;
    }

    if (shm_zone->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate zone \"%V\"",
                           name);
        return NULL;
    }

    if (size < NGX_SMTP_VERIFY_THROTTLE_PAGES * ngx_pagesize) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "zone \"%V\" is too small",
                           name);
        return NULL;
    }

    throttle = ngx_pcalloc(cf->pool, sizeof(ngx_smtp_verify_throttle_t));
    if (throttle == NULL) {
        return NULL;
    }

    shm_zone->init = ngx_smtp_verify_throttle_init;
    shm_zone->data = throttle;

    return shm_zone;
}


ngx_uint_t
ngx_smtp_verify_throttle_is(ngx_shm_zone_t *shm_zone)
{
    return shm_zone->init == ngx_smtp_verify_throttle_init;
}


static ngx_int_t
ngx_smtp_verify_throttle_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_smtp_verify_throttle_t *othrottle = data;

    size_t                       pages;
    ngx_slab_pool_t             *shpool;
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    throttle->shpool = shpool;
    throttle->sh = othrottle ? othrottle->sh
                             : shm_zone->shm.exists ? shpool->data : NULL;

    if (throttle->sh) {

        if (throttle->sh->layout == NGX_SMTP_VERIFY_THROTTLE_LAYOUT) {
            return ngx_smtp_verify_throttle_view(throttle);
        }

        ngx_log_error(NGX_LOG_NOTICE, shm_zone->shm.log, 0,
                      "zone \"%V\" was laid out by another version, it "
                      "starts empty", &shm_zone->shm.name);

        return ngx_smtp_verify_throttle_format(shm_zone, throttle->sh->size);
    }

    shpool->log_nomem = 0;

    for (pages = shpool->pfree; pages; pages--) {

        throttle->sh = ngx_slab_alloc(shpool, pages * ngx_pagesize);

        if (throttle->sh) {
            break;
        }
    }

    if (throttle->sh == NULL) {
        return NGX_ERROR;
    }

    shpool->data = throttle->sh;

    return ngx_smtp_verify_throttle_format(shm_zone, pages * ngx_pagesize);
}


static ngx_int_t
ngx_smtp_verify_throttle_format(ngx_shm_zone_t *shm_zone, size_t size)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = shm_zone->data;

    ngx_memzero(throttle->sh, size);

    throttle->sh->layout = NGX_SMTP_VERIFY_THROTTLE_LAYOUT;
    throttle->sh->size = size;

    if (RAND_bytes(throttle->sh->key, SV_SIPHASH_LEN) != 1) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "no random key for zone \"%V\"", &shm_zone->shm.name);
        return NGX_ERROR;
    }

    return ngx_smtp_verify_throttle_view(throttle);
}


/* an eighth is for slots; the entry 0 stands for what has none */

static ngx_int_t
ngx_smtp_verify_throttle_view(ngx_smtp_verify_throttle_t *throttle)
{
    u_char  *p;
    size_t   left, chunk;

    p = (u_char *) throttle->sh;
    left = throttle->sh->size;

    left -= ngx_align(sizeof(ngx_smtp_verify_throttle_sh_t),
                      NGX_CPU_CACHE_LINE);
    p += ngx_align(sizeof(ngx_smtp_verify_throttle_sh_t),
                   NGX_CPU_CACHE_LINE);

    chunk = NGX_SMTP_VERIFY_THROTTLE_CHUNK * sizeof(ngx_smtp_verify_slot_sh_t);

    throttle->nchunks = ngx_max(left / 8 / chunk, 2);
    throttle->slots = (ngx_smtp_verify_slot_sh_t *) p;

    p += throttle->nchunks * chunk;
    left -= throttle->nchunks * chunk;

    throttle->owners = (uint32_t *) p;

    chunk = ngx_align(throttle->nchunks * sizeof(uint32_t),
                      NGX_CPU_CACHE_LINE);
    p += chunk;
    left -= chunk;

    throttle->entries = (ngx_smtp_verify_throttle_entry_t *) p;
    throttle->nsets = (left / sizeof(ngx_smtp_verify_throttle_entry_t) - 1)
                      / NGX_SMTP_VERIFY_THROTTLE_WAYS;

    ngx_rbtree_init(&throttle->tree, &throttle->sentinel,
                    ngx_rbtree_insert_value);
    ngx_queue_init(&throttle->lines);
    throttle->interval = NGX_SMTP_VERIFY_THROTTLE_POLL;

    throttle->poll.handler = ngx_smtp_verify_throttle_poll;
    throttle->poll.data = throttle;
    throttle->poll.log = ngx_cycle->log;

    throttle->wake.handler = ngx_smtp_verify_throttle_wake;
    throttle->wake.data = throttle;
    throttle->wake.log = ngx_cycle->log;

    return NGX_OK;
}


static ngx_smtp_verify_throttle_entry_t *
ngx_smtp_verify_throttle_entry(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_ref_e ref)
{
    uint32_t  i;

    i = slot->refs[ref];

    if (i > throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS) {
        i = 0;
    }

    return &throttle->entries[i];
}


/* the least recently seen one that nobody uses makes room; 0: there is none */

static uint32_t
ngx_smtp_verify_throttle_find(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, uint64_t now)
{
    uint32_t                           i, n, first, found;
    uint64_t                           hash, rank, best;
    ngx_smtp_verify_throttle_entry_t  *e;

    ngx_memcpy(&hash, key, sizeof(uint64_t));

    first = (uint32_t) (hash % throttle->nsets)
            * NGX_SMTP_VERIFY_THROTTLE_WAYS + 1;
    found = 0;
    best = 0;

    for (n = 0; n < NGX_SMTP_VERIFY_THROTTLE_WAYS; n++) {

        i = first + n;
        e = &throttle->entries[i];

        if (e->seen && ngx_memcmp(e->key, key, SV_SIPHASH_LEN) == 0) {
            e->seen = now;
            return i;
        }

        if (e->sessions || e->waiting) {
            continue;
        }

        /* one whose breaker is open is worth more than others */

        rank = e->seen + (e->breaker.until > now ? now : 0);

        if (found == 0 || rank < best) {
            found = i;
            best = rank;
        }
    }

    if (found == 0) {
        return 0;
    }

    e = &throttle->entries[found];

    if (e->seen) {
        throttle->sh->counts.evicted++;
    }

    ngx_memzero(e, sizeof(ngx_smtp_verify_throttle_entry_t));
    ngx_memcpy(e->key, key, SV_SIPHASH_LEN);
    e->seen = now;

    return found;
}


static void
ngx_smtp_verify_throttle_keys(ngx_smtp_verify_ticket_t *t,
    u_char keys[][SV_SIPHASH_LEN])
{
    u_char                *p, *last, *start;
    struct sockaddr_in    *sin;
    static u_char          buf[1024];
#if (NGX_HAVE_INET6)
    struct sockaddr_in6   *sin6;
#endif

    last = buf + sizeof(buf);

    p = ngx_slprintf(buf, last - 300, "%V", &t->egress);
    *p++ = '\0';

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_egress]);

    start = p;

    *p++ = 'd';
    p = ngx_slprintf(p, last, "%V", &t->destination);

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_destination]);

    p = start;

    *p++ = 'i';

    switch (t->sockaddr->sa_family) {

#if (NGX_HAVE_INET6)
    case AF_INET6:

        /* a network of 64 bits is one host's */

        sin6 = (struct sockaddr_in6 *) t->sockaddr;
        p = ngx_cpymem(p, sin6->sin6_addr.s6_addr, 8);
        break;
#endif

    default: /* AF_INET */
        sin = (struct sockaddr_in *) t->sockaddr;
        p = ngx_cpymem(p, &sin->sin_addr, 4);
    }

    sv_siphash(t->throttle->sh->key, buf, p - buf,
               keys[ngx_smtp_verify_ref_ip]);
}


/* from a chunk of this worker's, of which a new one is made its own */

static ngx_int_t
ngx_smtp_verify_throttle_slot(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t *slot)
{
    ngx_uint_t  i, k;

    if (throttle->free == NULL) {
        throttle->free = ngx_alloc(throttle->nchunks * sizeof(uint32_t)
                                   * NGX_SMTP_VERIFY_THROTTLE_CHUNK,
                                   ngx_cycle->log);
        if (throttle->free == NULL) {
            return NGX_ERROR;
        }

        /* of a worker that is gone, and had this process's number */

        for (i = 0, k = 0; i < throttle->nchunks; i++) {
            if (throttle->owners[i] == (uint32_t) ngx_pid) {
                ngx_smtp_verify_throttle_disown(throttle, i);
                k = 1;
            }
        }

        if (k) {
            ngx_smtp_verify_throttle_recount(throttle);
        }
    }

    if (throttle->nfree == 0) {

        for (i = 0; i < throttle->nchunks; i++) {
            if (throttle->owners[i] == 0) {
                break;
            }
        }

        if (i == throttle->nchunks) {
            return NGX_ERROR;
        }

        throttle->owners[i] = ngx_pid;

        for (k = 0; k < NGX_SMTP_VERIFY_THROTTLE_CHUNK; k++) {
            throttle->free[throttle->nfree++] =
                                 i * NGX_SMTP_VERIFY_THROTTLE_CHUNK + k;
        }
    }

    *slot = throttle->free[--throttle->nfree];

    return NGX_OK;
}


/* the chunks of workers that are gone are free, with all that they counted */

static void
ngx_smtp_verify_throttle_sweep(ngx_smtp_verify_throttle_t *throttle,
    uint64_t now)
{
    uint32_t    pid, last;
    ngx_uint_t  i, dead, n;

    if (now - throttle->sh->swept < NGX_SMTP_VERIFY_THROTTLE_SWEEP) {
        return;
    }

    throttle->sh->swept = now;

    n = 0;
    last = 0;
    dead = 0;

    for (i = 0; i < throttle->nchunks; i++) {

        pid = throttle->owners[i];

        if (pid == 0 || pid == (uint32_t) ngx_pid) {
            continue;
        }

        if (pid != last) {
            dead = (kill((ngx_pid_t) pid, 0) == -1 && ngx_errno == ESRCH);
            last = pid;
        }

        if (!dead) {
            continue;
        }

        n++;
        ngx_smtp_verify_throttle_disown(throttle, i);
    }

    if (n) {
        ngx_smtp_verify_throttle_recount(throttle);
    }
}


static void
ngx_smtp_verify_throttle_disown(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t chunk)
{
    ngx_memzero(&throttle->slots[chunk * NGX_SMTP_VERIFY_THROTTLE_CHUNK],
                NGX_SMTP_VERIFY_THROTTLE_CHUNK
                * sizeof(ngx_smtp_verify_slot_sh_t));

    throttle->owners[chunk] = 0;
}


static void
ngx_smtp_verify_throttle_recount(ngx_smtp_verify_throttle_t *throttle)
{
    ngx_uint_t                         i, n;
    ngx_smtp_verify_throttle_entry_t  *e;

    throttle->sh->counts.recounts++;
    throttle->sh->sessions = 0;
    throttle->sh->waiting = 0;

    n = throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS + 1;

    for (i = 0; i < n; i++) {
        e = &throttle->entries[i];
        e->sessions = 0;
        e->waiting = 0;
        e->trials = 0;
    }

    n = throttle->nchunks * NGX_SMTP_VERIFY_THROTTLE_CHUNK;

    for (i = 0; i < n; i++) {
        ngx_smtp_verify_throttle_sum(throttle, &throttle->slots[i], 1);
    }
}


static void
ngx_smtp_verify_throttle_sum(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_int_t add)
{
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_entry_t  *e;

    if (slot->state == NGX_SMTP_VERIFY_SLOT_FREE) {
        return;
    }

    for (i = 0; i < NGX_SMTP_VERIFY_SLOT_REFS; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (slot->state & NGX_SMTP_VERIFY_SLOT_HELD) {
            e->sessions += add;

        } else {
            e->waiting += add;
        }

        if ((i == ngx_smtp_verify_ref_destination
             && (slot->state & NGX_SMTP_VERIFY_SLOT_TRIAL))
            || (i == ngx_smtp_verify_ref_egress
                && (slot->state & NGX_SMTP_VERIFY_SLOT_RESUME)))
        {
            e->trials += add;
        }
    }

    if (slot->state & NGX_SMTP_VERIFY_SLOT_HELD) {
        throttle->sh->sessions += add;

    } else {
        throttle->sh->waiting += add;
    }
}


static void
ngx_smtp_verify_throttle_free(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot)
{
    ngx_smtp_verify_slot_sh_t  *sh;

    sh = &throttle->slots[slot];

    ngx_smtp_verify_throttle_sum(throttle, sh, -1);
    sh->state = NGX_SMTP_VERIFY_SLOT_FREE;

    throttle->free[throttle->nfree++] = slot;
}


ngx_int_t
ngx_smtp_verify_throttle_take(ngx_smtp_verify_ticket_t *t)
{
    uint64_t                           now;
    ngx_int_t                          rc;
    ngx_uint_t                         i;
    ngx_smtp_verify_slot_sh_t         *slot;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_throttle_entry_t  *e;
    u_char                             keys[NGX_SMTP_VERIFY_SLOT_REFS]
                                           [SV_SIPHASH_LEN];

    throttle = t->throttle;
    now = ngx_current_msec;

    t->waiting = 0;
    t->retry_after = 0;

    ngx_smtp_verify_throttle_keys(t, keys);

    ngx_shmtx_lock(&throttle->shpool->mutex);

    ngx_smtp_verify_throttle_sweep(throttle, now);

    if (ngx_smtp_verify_throttle_slot(throttle, &t->slot) != NGX_OK) {
        throttle->sh->counts.throttled++;
        ngx_shmtx_unlock(&throttle->shpool->mutex);

        t->slot = NGX_SMTP_VERIFY_NO_SLOT;

        return NGX_BUSY;
    }

    slot = &throttle->slots[t->slot];

    for (i = 0; i < NGX_SMTP_VERIFY_SLOT_REFS; i++) {
        slot->refs[i] = ngx_smtp_verify_throttle_find(throttle, keys[i], now);
    }

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    rc = ngx_smtp_verify_throttle_try(t, now);

    /* none overtakes those who wait, in whatever worker */

    if (rc == NGX_AGAIN) {

        if (t->limits->queue == 0 || e->waiting >= t->limits->queue) {
            rc = NGX_BUSY;

        } else {
            slot->state = NGX_SMTP_VERIFY_SLOT_WAITING;
            ngx_smtp_verify_throttle_sum(throttle, slot, 1);
        }
    }

    if (rc == NGX_BUSY) {
        throttle->sh->counts.throttled++;

    } else if (rc == NGX_DECLINED) {
        throttle->sh->counts.refused++;

    } else if (rc == NGX_AGAIN) {
        throttle->sh->counts.waited++;
    }

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        ngx_smtp_verify_throttle_free(throttle, t->slot);
        t->slot = NGX_SMTP_VERIFY_NO_SLOT;
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    if (rc == NGX_AGAIN && ngx_smtp_verify_throttle_wait(t) != NGX_OK) {
        ngx_smtp_verify_throttle_release(throttle, t->slot);
        t->slot = NGX_SMTP_VERIFY_NO_SLOT;
        rc = NGX_BUSY;
    }

    return rc;
}


/* under the lock; as _take() */

static ngx_int_t
ngx_smtp_verify_throttle_try(ngx_smtp_verify_ticket_t *t, uint64_t now)
{
    uint32_t                           trials;
    uint64_t                           wait;
    ngx_int_t                          rc;
    ngx_smtp_verify_slot_sh_t         *slot;
    ngx_smtp_verify_throttle_entry_t  *e;

    slot = &t->throttle->slots[t->slot];

    t->blocked = 0;

    rc = ngx_smtp_verify_throttle_breakers(t->throttle, slot, t->limits, now,
                                           &trials, &t->retry_after);

    if (rc != NGX_OK) {
        return rc;
    }

    e = ngx_smtp_verify_throttle_entry(t->throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    wait = ngx_smtp_verify_throttle_rejects(t->throttle, slot, t->limits,
                                            now);
    if (wait) {
        t->retry_after = wait / 1000 + 1;
        return NGX_BUSY;
    }

    if (!t->waiting && e != t->throttle->entries && e->waiting) {
        return NGX_AGAIN;
    }

    rc = ngx_smtp_verify_throttle_room(t, slot, now);

    if (rc == NGX_OK) {
        ngx_smtp_verify_throttle_grant(t, slot, trials, now);
    }

    return rc;
}


static ngx_int_t
ngx_smtp_verify_throttle_breakers(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now, uint32_t *trials, ngx_uint_t *retry_after)
{
    uint64_t                           left;
    ngx_uint_t                         i;
    sv_breaker_state_e                 state;
    ngx_smtp_verify_throttle_entry_t  *e, *egress;

    *trials = 0;

    if (limits->breaker.pause == 0) {
        return NGX_OK;
    }

    egress = ngx_smtp_verify_throttle_entry(throttle, slot,
                                            ngx_smtp_verify_ref_egress);

    for (i = 0; i < NGX_SMTP_VERIFY_SLOT_REFS; i++) {

        if (i == ngx_smtp_verify_ref_ip) {
            continue;
        }

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (e == throttle->entries) {
            continue;
        }

        if (e != egress && e->window && e->window == egress->voided) {
            ngx_memzero(&e->breaker, sizeof(sv_breaker_t));
            e->window = 0;
        }

        state = sv_breaker_state(&e->breaker, now);

        if (state == SV_BREAKER_CLOSED) {
            continue;
        }

        if (state == SV_BREAKER_OPEN || e->trials) {
            left = ngx_max(sv_breaker_left(&e->breaker, now),
                           NGX_SMTP_VERIFY_THROTTLE_TRIAL);
            *retry_after = (left + 999) / 1000;
            return NGX_DECLINED;
        }

        *trials |= (e == egress) ? NGX_SMTP_VERIFY_SLOT_RESUME
                                 : NGX_SMTP_VERIFY_SLOT_TRIAL;
    }

    return NGX_OK;
}


/* ms until the budget of refused recipients has room */

static uint64_t
ngx_smtp_verify_throttle_rejects(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t  *e;

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       ngx_smtp_verify_ref_destination);

    if (limits->rejects == 0 || e == throttle->entries) {
        return 0;
    }

    return sv_bucket_wait(&e->rejects, sv_bucket_per_hour(limits->rejects),
                          limits->rejects - 1, now);
}


static ngx_int_t
ngx_smtp_verify_throttle_room(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint64_t now)
{
    uint64_t                           wait, w;
    ngx_uint_t                         i, conns;
    ngx_smtp_verify_throttle_entry_t  *e;

    if (t->limits->total && t->throttle->sh->sessions >= t->limits->total) {
        return NGX_AGAIN;
    }

    wait = 0;

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(t->throttle, slot, i);

        if (e == t->throttle->entries) {
            continue;
        }

        conns = (i == ngx_smtp_verify_ref_ip) ? t->limits->ip_conns
                                              : t->limits->conns;
        if (conns) {

            if (t->bulk) {
                conns -= conns / 5;
            }

            if (e->sessions >= conns) {
                return NGX_AGAIN;
            }
        }

        w = sv_bucket_wait(&e->rate, t->limits->rate, t->limits->burst, now);
        wait = ngx_max(wait, w);
    }

    if (wait) {
        t->blocked = 1;
        t->ready = now + wait;
        return NGX_AGAIN;
    }

    return NGX_OK;
}


static void
ngx_smtp_verify_throttle_grant(ngx_smtp_verify_ticket_t *t,
    ngx_smtp_verify_slot_sh_t *slot, uint32_t trials, uint64_t now)
{
    ngx_uint_t                         i;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_throttle_entry_t  *e;

    throttle = t->throttle;

    ngx_smtp_verify_throttle_sum(throttle, slot, -1);
    slot->state = NGX_SMTP_VERIFY_SLOT_HELD | trials;
    ngx_smtp_verify_throttle_sum(throttle, slot, 1);

    for (i = 0; i < ngx_smtp_verify_ref_egress; i++) {

        e = ngx_smtp_verify_throttle_entry(throttle, slot, i);

        if (t->limits->rate && e != throttle->entries) {
            sv_bucket_add(&e->rate, t->limits->rate, t->limits->burst, now);
        }
    }

    throttle->sh->counts.granted++;
}


static ngx_int_t
ngx_smtp_verify_throttle_wait(ngx_smtp_verify_ticket_t *t)
{
    ngx_uint_t                     i, key;
    ngx_smtp_verify_throttle_t    *throttle;
    ngx_smtp_verify_line_queue_t  *line;

    throttle = t->throttle;
    key = throttle->slots[t->slot].refs[ngx_smtp_verify_ref_destination];

    line = ngx_smtp_verify_throttle_line(throttle, key);

    if (line == NULL) {

        line = ngx_calloc(sizeof(ngx_smtp_verify_line_queue_t),
                          ngx_cycle->log);
        if (line == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < 2; i++) {
            ngx_queue_init(&line->tickets[i]);
        }

        line->node.key = key;
        ngx_rbtree_insert(&throttle->tree, &line->node);
        ngx_queue_insert_tail(&throttle->lines, &line->queue);
        throttle->nlines++;
    }

    ngx_queue_insert_tail(&line->tickets[t->bulk], &t->queue);
    line->n++;

    t->line = line;
    t->waiting = 1;

    ngx_memzero(&t->event, sizeof(ngx_event_t));

    t->event.handler = ngx_smtp_verify_throttle_waited;
    t->event.data = t;
    t->event.log = t->log;

    ngx_add_timer(&t->event, ngx_max(t->limits->wait, 1));

    ngx_smtp_verify_throttle_ready(throttle);

    return NGX_OK;
}


/* the next look at those who wait */

static void
ngx_smtp_verify_throttle_ready(ngx_smtp_verify_throttle_t *throttle)
{
    if (throttle->nlines && !throttle->poll.timer_set) {
        ngx_add_timer(&throttle->poll, throttle->interval);
    }
}


static ngx_smtp_verify_line_queue_t *
ngx_smtp_verify_throttle_line(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t key)
{
    ngx_rbtree_node_t  *node, *sentinel;

    node = throttle->tree.root;
    sentinel = throttle->tree.sentinel;

    while (node != sentinel) {

        if (key == node->key) {
            return (ngx_smtp_verify_line_queue_t *) node;
        }

        node = (key < node->key) ? node->left : node->right;
    }

    return NULL;
}


static void
ngx_smtp_verify_throttle_unqueue(ngx_smtp_verify_ticket_t *t)
{
    ngx_smtp_verify_throttle_t    *throttle;
    ngx_smtp_verify_line_queue_t  *line;

    throttle = t->throttle;
    line = t->line;

    if (t->event.timer_set) {
        ngx_del_timer(&t->event);
    }

    ngx_queue_remove(&t->queue);

    t->waiting = 0;
    t->line = NULL;

    if (--line->n) {
        return;
    }

    ngx_rbtree_delete(&throttle->tree, &line->node);
    ngx_queue_remove(&line->queue);
    ngx_free(line);

    if (--throttle->nlines == 0 && throttle->poll.timer_set) {
        ngx_del_timer(&throttle->poll);
    }
}


static void
ngx_smtp_verify_throttle_waited(ngx_event_t *ev)
{
    ngx_smtp_verify_ticket_t  *t;

    t = ev->data;

    ngx_smtp_verify_throttle_leave(t);

    ngx_shmtx_lock(&t->throttle->shpool->mutex);
    t->throttle->sh->counts.throttled++;
    ngx_shmtx_unlock(&t->throttle->shpool->mutex);

    t->handler(t, NGX_BUSY);
}


void
ngx_smtp_verify_throttle_leave(ngx_smtp_verify_ticket_t *t)
{
    ngx_uint_t  slot;

    if (!t->waiting) {
        return;
    }

    slot = t->slot;
    t->slot = NGX_SMTP_VERIFY_NO_SLOT;

    ngx_smtp_verify_throttle_unqueue(t);
    ngx_smtp_verify_throttle_release(t->throttle, slot);
}


static void
ngx_smtp_verify_throttle_poll(ngx_event_t *ev)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = ev->data;

    if (ngx_smtp_verify_throttle_serve(throttle,
                                       NGX_SMTP_VERIFY_THROTTLE_LINES))
    {
        ngx_post_event(&throttle->wake, &ngx_posted_events);
    }

    ngx_smtp_verify_throttle_ready(throttle);
}


static void
ngx_smtp_verify_throttle_wake(ngx_event_t *ev)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = ev->data;

    if (ngx_smtp_verify_throttle_serve(throttle,
                                       NGX_SMTP_VERIFY_THROTTLE_WAKE))
    {
        ngx_post_event(&throttle->wake, &ngx_posted_events);
    }
}


/*
 * The first of each line, one line after the other.  A handler may end any
 * ticket and line: nothing is held on to beyond a call.
 */

static ngx_uint_t
ngx_smtp_verify_throttle_serve(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t max)
{
    uint64_t                       now;
    ngx_int_t                      rc;
    ngx_uint_t                     n, served;
    ngx_queue_t                   *q;
    ngx_smtp_verify_ticket_t      *t;
    ngx_smtp_verify_line_queue_t  *line;

    served = 0;
    now = ngx_current_msec;

    throttle->interval = NGX_SMTP_VERIFY_THROTTLE_POLL;

    for (n = ngx_min(max, throttle->nlines); n && throttle->nlines; n--) {

        q = ngx_queue_head(&throttle->lines);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&throttle->lines, q);

        line = ngx_queue_data(q, ngx_smtp_verify_line_queue_t, queue);

        q = ngx_queue_empty(&line->tickets[0])
            ? ngx_queue_head(&line->tickets[1])
            : ngx_queue_head(&line->tickets[0]);

        t = ngx_queue_data(q, ngx_smtp_verify_ticket_t, queue);

        if (t->reuse && t->reuse(t)) {
            ngx_smtp_verify_throttle_leave(t);
            served++;
            t->handler(t, NGX_DONE);
            continue;
        }

        if (t->blocked && now < t->ready) {
            throttle->interval = ngx_min(throttle->interval, t->ready - now);
            continue;
        }

        ngx_shmtx_lock(&throttle->shpool->mutex);

        ngx_smtp_verify_throttle_sweep(throttle, now);

        rc = ngx_smtp_verify_throttle_try(t, now);

        if (rc == NGX_BUSY) {
            throttle->sh->counts.throttled++;

        } else if (rc == NGX_DECLINED) {
            throttle->sh->counts.refused++;
        }

        ngx_shmtx_unlock(&throttle->shpool->mutex);

        if (rc == NGX_AGAIN) {
            continue;
        }

        if (rc == NGX_OK) {
            ngx_smtp_verify_throttle_unqueue(t);

        } else {
            ngx_smtp_verify_throttle_leave(t);
        }

        served++;
        t->handler(t, rc);
    }

    return served;
}


/*
 * Where others wait in other workers, too, the slot is left to chance, with
 * odds by their numbers: else a worker would serve itself for ever.
 */

void
ngx_smtp_verify_throttle_release(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot)
{
    ngx_uint_t                         key, waiting;
    ngx_smtp_verify_slot_sh_t         *sh;
    ngx_smtp_verify_line_queue_t      *line;
    ngx_smtp_verify_throttle_entry_t  *e;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    sh = &throttle->slots[slot];

    key = sh->refs[ngx_smtp_verify_ref_destination];
    e = ngx_smtp_verify_throttle_entry(throttle, sh,
                                       ngx_smtp_verify_ref_destination);

    ngx_smtp_verify_throttle_free(throttle, slot);

    waiting = e->waiting;

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    if (throttle->nlines == 0) {
        return;
    }

    line = ngx_smtp_verify_throttle_line(throttle, key);

    if (line) {

        if (waiting > line->n
            && (ngx_uint_t) ngx_random() % waiting >= line->n)
        {
            return;
        }

        ngx_queue_remove(&line->queue);
        ngx_queue_insert_head(&throttle->lines, &line->queue);
    }

    ngx_post_event(&throttle->wake, &ngx_posted_events);
}


ngx_uint_t
ngx_smtp_verify_throttle_allowed(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits)
{
    uint32_t                    trials;
    uint64_t                    now;
    ngx_uint_t                  allowed, retry_after;
    ngx_smtp_verify_slot_sh_t  *sh;

    now = ngx_current_msec;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    sh = &throttle->slots[slot];

    allowed = ngx_smtp_verify_throttle_breakers(throttle, sh, limits, now,
                                                &trials, &retry_after)
              == NGX_OK
              && trials == 0
              && ngx_smtp_verify_throttle_rejects(throttle, sh, limits, now)
                 == 0;

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return allowed;
}


void
ngx_smtp_verify_throttle_idle(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot)
{
    ngx_smtp_verify_line_queue_t  *line;

    if (throttle->nlines == 0) {
        return;
    }

    line = ngx_smtp_verify_throttle_line(throttle,
                throttle->slots[slot].refs[ngx_smtp_verify_ref_destination]);

    if (line) {
        ngx_queue_remove(&line->queue);
        ngx_queue_insert_head(&throttle->lines, &line->queue);
        ngx_post_event(&throttle->wake, &ngx_posted_events);
    }
}


ngx_uint_t
ngx_smtp_verify_throttle_wanted(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits)
{
    ngx_uint_t                  wanted;
    ngx_smtp_verify_slot_sh_t  *sh;

    if (throttle->sh->waiting == 0) {
        return 0;
    }

    ngx_shmtx_lock(&throttle->shpool->mutex);

    sh = &throttle->slots[slot];

    wanted = ngx_smtp_verify_throttle_entry(throttle, sh,
                                ngx_smtp_verify_ref_destination)->waiting
             || ngx_smtp_verify_throttle_entry(throttle, sh,
                                ngx_smtp_verify_ref_ip)->waiting
             || (limits->total && throttle->sh->waiting
                 && throttle->sh->sessions >= limits->total);

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return wanted;
}


void
ngx_smtp_verify_throttle_seen(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t slot, ngx_smtp_verify_limits_t *limits,
    ngx_smtp_verify_seen_e seen, ngx_log_t *log)
{
    uint64_t                           now;
    ngx_uint_t                         suspended, resumed, trial;
    ngx_smtp_verify_slot_sh_t         *sh;
    ngx_smtp_verify_throttle_entry_t  *e, *egress;

    now = ngx_current_msec;
    suspended = 0;
    resumed = 0;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    sh = &throttle->slots[slot];
    e = ngx_smtp_verify_throttle_entry(throttle, sh,
                                       ngx_smtp_verify_ref_destination);
    egress = ngx_smtp_verify_throttle_entry(throttle, sh,
                                            ngx_smtp_verify_ref_egress);
    trial = sh->state & NGX_SMTP_VERIFY_SLOT_TRIAL;

    switch (seen) {

    case ngx_smtp_verify_seen_reject:
        if (limits->rejects) {
            sv_bucket_add(&e->rejects, sv_bucket_per_hour(limits->rejects),
                          limits->rejects, now);
        }

        break;

    case ngx_smtp_verify_seen_connected:
        resumed = sv_breaker_success(&egress->breaker,
                              sh->state & NGX_SMTP_VERIFY_SLOT_RESUME, now);
        egress->failed = 0;
        egress->start = 0;
        break;

    case ngx_smtp_verify_seen_answer:
        (void) sv_breaker_success(&e->breaker, trial, now);
        break;

    case ngx_smtp_verify_seen_connect_failed:
        if (limits->breaker.pause) {
            suspended = ngx_smtp_verify_throttle_unconnected(throttle, sh,
                                                             limits, now);
        }

        if (egress->breaker.until) {
            break;
        }

        /* fall through */

    default:
        if (limits->breaker.pause) {
            throttle->sh->counts.opened +=
                    sv_breaker_fault(&e->breaker, &limits->breaker,
                                     ngx_smtp_verify_throttle_weights[seen],
                                     trial, now);
        }
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    if (suspended) {
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "no connection to any of %ui destinations: is port 25 "
                      "blocked? the egress is suspended", limits->suspend);
    }

    if (resumed) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0, "the egress is resumed");
    }
}


/*
 * 1: too many destinations cannot be connected to, and none can: it is us.
 * Theirs of these faults are void, by the window that they were seen in.
 */

static ngx_uint_t
ngx_smtp_verify_throttle_unconnected(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_slot_sh_t *slot, ngx_smtp_verify_limits_t *limits,
    uint64_t now)
{
    ngx_smtp_verify_throttle_entry_t  *e, *egress;

    e = ngx_smtp_verify_throttle_entry(throttle, slot,
                                       ngx_smtp_verify_ref_destination);
    egress = ngx_smtp_verify_throttle_entry(throttle, slot,
                                            ngx_smtp_verify_ref_egress);

    if (limits->suspend == 0 || egress == throttle->entries) {
        return 0;
    }

    if (egress->breaker.until) {
        (void) sv_breaker_fault(&egress->breaker, &limits->breaker,
                                SV_BREAKER_THRESHOLD,
                                slot->state & NGX_SMTP_VERIFY_SLOT_RESUME,
                                now);
        return 0;
    }

    if (egress->start == 0
        || now - egress->start > NGX_SMTP_VERIFY_THROTTLE_WINDOW)
    {
        egress->window++;
        egress->start = now;
        egress->failed = 0;
    }

    if (e->window != egress->window) {
        e->window = egress->window;
        egress->failed++;
    }

    if (egress->failed < limits->suspend) {
        return 0;
    }

    egress->voided = egress->window;
    egress->start = 0;
    egress->failed = 0;

    throttle->sh->counts.suspended++;

    return sv_breaker_fault(&egress->breaker, &limits->breaker,
                            SV_BREAKER_THRESHOLD, 0, now);
}


void
ngx_smtp_verify_throttle_stats(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_stats_t *stats)
{
    ngx_uint_t                         i, n;
    ngx_smtp_verify_throttle_entry_t  *e;

    ngx_memzero(stats, sizeof(ngx_smtp_verify_throttle_stats_t));

    ngx_shmtx_lock(&throttle->shpool->mutex);

    ngx_smtp_verify_throttle_sweep(throttle, ngx_current_msec);

    stats->counts = throttle->sh->counts;
    stats->sessions = throttle->sh->sessions;

    stats->waiting = throttle->sh->waiting;

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    /* what is read here may be written to just now: a number is off by one */

    n = throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS;

    for (i = 1; i <= n; i++) {

        e = &throttle->entries[i];

        stats->entries += (e->seen != 0);

        if (e->breaker.until) {
            stats->open += (e->voided == 0);
            stats->suspended += (e->voided != 0);
        }
    }
}
