
#include "ngx_smtp_verify_audit.h"

#include "ngx_smtp_verify_zone.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_AUDIT_LAYOUT  4

#define NGX_SMTP_VERIFY_AUDIT_SOON    60000     /* ms */
#define NGX_SMTP_VERIFY_AUDIT_LATELY  300000
#define NGX_SMTP_VERIFY_AUDIT_RETRY   600000

#define NGX_SMTP_VERIFY_AUDIT_HOST                                            \
    (SV_AUDIT_CHECKS - SV_AUDIT_EGRESS_CHECKS)

/* connections are noted that often, in ms */

#define NGX_SMTP_VERIFY_AUDIT_EVERY   1000


typedef struct {
    uint64_t                        layout;
    uint64_t                        started;        /* s since the epoch */
    ngx_atomic_t                    owner;
    ngx_smtp_verify_audit_check_t   host[NGX_SMTP_VERIFY_AUDIT_HOST];
    ngx_smtp_verify_audit_entry_t   entries[NGX_SMTP_VERIFY_AUDIT_IDENTITIES];
} ngx_smtp_verify_audit_sh_t;


static ngx_int_t ngx_smtp_verify_audit_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_smtp_verify_audit_entry_t *ngx_smtp_verify_audit_lock(
    ngx_shm_zone_t *shm_zone, ngx_smtp_verify_identity_t *identity);
static void ngx_smtp_verify_audit_unlock(ngx_shm_zone_t *shm_zone);


ngx_shm_zone_t *
ngx_smtp_verify_audit_add(ngx_conf_t *cf, void *tag)
{
    size_t           size;
    ngx_shm_zone_t  *shm_zone;
    ngx_str_t        name = ngx_string("smtp_verify_audit");

    size = ngx_align(sizeof(ngx_smtp_verify_audit_sh_t), ngx_pagesize)
           + 16 * ngx_pagesize;

    shm_zone = ngx_shared_memory_add(cf, &name, size, tag);

    if (shm_zone) {
        shm_zone->init = ngx_smtp_verify_audit_init;
    }

    return shm_zone;
}


static ngx_int_t
ngx_smtp_verify_audit_init(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_smtp_verify_audit_sh_t  *sh;

    sh = ngx_smtp_verify_zone_table(shm_zone, data,
                                    sizeof(ngx_smtp_verify_audit_sh_t),
                                    NGX_SMTP_VERIFY_AUDIT_LAYOUT);
    if (sh == NULL) {
        return NGX_ERROR;
    }

    if (sh->started == 0) {
        sh->started = (uint64_t) ngx_time();
    }

    return NGX_OK;
}


/* Identities that the configuration still has keep their entries.  The others
   are overwritten only if there is no free entry. */

void
ngx_smtp_verify_audit_bind(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t **identities, ngx_uint_t n)
{
    ngx_uint_t                      i, k, best;
    ngx_slab_pool_t                *shpool;
    ngx_smtp_verify_audit_sh_t     *sh;
    ngx_smtp_verify_audit_entry_t  *e;
    u_char                          taken[NGX_SMTP_VERIFY_AUDIT_IDENTITIES];

    sh = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    ngx_memzero(taken, sizeof(taken));

    ngx_shmtx_lock(&shpool->mutex);

    for (i = 0; i < n; i++) {

        identities[i]->index = NGX_SMTP_VERIFY_AUDIT_NONE;

        for (k = 0; k < NGX_SMTP_VERIFY_AUDIT_IDENTITIES; k++) {
            e = &sh->entries[k];

            if (e->used && ngx_memcmp(e->key, identities[i]->key,
                                      SV_SIPHASH_LEN)
                           == 0)
            {
                identities[i]->index = k;
                e->run = 0;
                taken[k] = 1;
                break;
            }
        }
    }

    for (i = 0; i < n; i++) {

        if (identities[i]->index != NGX_SMTP_VERIFY_AUDIT_NONE) {
            continue;
        }

        best = NGX_SMTP_VERIFY_AUDIT_NONE;

        for (k = 0; k < NGX_SMTP_VERIFY_AUDIT_IDENTITIES; k++) {
            if (!taken[k] && (best == NGX_SMTP_VERIFY_AUDIT_NONE
                              || !sh->entries[k].used))
            {
                best = k;

                if (!sh->entries[k].used) {
                    break;
                }
            }
        }

        if (best == NGX_SMTP_VERIFY_AUDIT_NONE) {
            break;
        }

        e = &sh->entries[best];

        ngx_memzero(e, sizeof(ngx_smtp_verify_audit_entry_t));
        ngx_memcpy(e->key, identities[i]->key, SV_SIPHASH_LEN);
        e->used = 1;

        identities[i]->index = best;
        taken[best] = 1;
    }

    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_uint_t
ngx_smtp_verify_audit_reached(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, ngx_uint_t outside)
{
    uint64_t                        now;
    ngx_uint_t                      told;
    ngx_smtp_verify_audit_sh_t     *sh;
    ngx_smtp_verify_audit_entry_t  *e;

    if (identity->index == NGX_SMTP_VERIFY_AUDIT_NONE) {
        return 0;
    }

    sh = shm_zone->data;
    e = &sh->entries[identity->index];
    now = sv_clock_msec();

    /* without a lock: nothing is lost but the exact time */

    if (e->history.n == 0 && e->history.outside == outside
        && now - e->history.reached < NGX_SMTP_VERIFY_AUDIT_EVERY)
    {
        return 0;
    }

    e = ngx_smtp_verify_audit_lock(shm_zone, identity);
    told = 0;

    if (e && sv_audit_reached(&e->history, (int) outside, now)) {
        told = (e->told != 0);
        e->told = 0;
    }

    ngx_smtp_verify_audit_unlock(shm_zone);

    return told;
}


ngx_uint_t
ngx_smtp_verify_audit_unreached(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, uint64_t host, ngx_uint_t outside,
    ngx_uint_t refused, ngx_uint_t ours)
{
    uint64_t                        now;
    ngx_uint_t                      tell;
    ngx_smtp_verify_audit_entry_t  *e;

    if (identity->index == NGX_SMTP_VERIFY_AUDIT_NONE) {
        return 0;
    }

    now = sv_clock_msec();
    tell = 0;

    e = ngx_smtp_verify_audit_lock(shm_zone, identity);

    if (e) {
        sv_audit_unreached(&e->history, host, (int) outside, (int) refused,
                           now);

        if (ours) {
            sv_audit_confirm(&e->history);
        }

        if (!e->told && sv_audit_port(&e->history, now) == SV_AUDIT_FAIL) {
            e->told = 1;
            tell = 1;
        }
    }

    ngx_smtp_verify_audit_unlock(shm_zone);

    return tell;
}


ngx_int_t
ngx_smtp_verify_audit_get(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, ngx_smtp_verify_audit_entry_t *entry)
{
    ngx_smtp_verify_audit_entry_t  *e;

    if (identity->index == NGX_SMTP_VERIFY_AUDIT_NONE) {
        return NGX_DECLINED;
    }

    e = ngx_smtp_verify_audit_lock(shm_zone, identity);

    if (e) {
        *entry = *e;
    }

    ngx_smtp_verify_audit_unlock(shm_zone);

    return e ? NGX_OK : NGX_DECLINED;
}


time_t
ngx_smtp_verify_audit_started(ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_audit_sh_t  *sh;

    sh = shm_zone->data;

    return (time_t) sh->started;
}


void
ngx_smtp_verify_audit_port(sv_audit_history_t *h,
    ngx_smtp_verify_audit_check_t *check)
{
    u_char    *p, *last;
    uint64_t   now, at;

    now = sv_clock_msec();

    check->status = sv_audit_port(h, now);

    p = check->seen;
    last = p + NGX_SMTP_VERIFY_AUDIT_SEEN;

    at = h->reached;

    if (check->status == SV_AUDIT_UNKNOWN) {
        p = ngx_slprintf(p, last, "No mail server was asked yet.");

    } else if (check->status == SV_AUDIT_PASS) {
        p = ngx_slprintf(p, last, "A connection to a mail server was made "
                         "%uL s ago%s.", (now - h->reached) / 1000,
                         h->outside ? "" : ", in your own network; no other "
                                           "one was tried yet");

    } else {
        at = h->first;
        p = ngx_slprintf(p, last, "%s%uD mail server%s could not be reached "
                         "(%uD timed out, %uD refused), and none could be %s",
                         h->n == SV_AUDIT_HOSTS ? "At least " : "", h->n,
                         h->n == 1 ? "" : "s", h->n - h->refused, h->refused,
                         h->reached ? "for " : "since the start.");

        if (h->reached) {
            p = ngx_slprintf(p, last, "%uL s.", (now - h->reached) / 1000);
        }
    }

    check->len = (uint32_t) (p - check->seen);
    check->checked = (uint64_t) ngx_time();
    check->since = at ? check->checked - (now - at) / 1000 : 0;
}


ngx_uint_t
ngx_smtp_verify_audit_set(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, sv_audit_check_e check,
    sv_audit_status_e status, u_char *seen, size_t len)
{
    ngx_uint_t                      tell;
    ngx_slab_pool_t                *shpool;
    ngx_smtp_verify_audit_sh_t     *sh;
    ngx_smtp_verify_audit_entry_t  *e;
    ngx_smtp_verify_audit_check_t  *c;

    sh = shm_zone->data;
    tell = 0;

    if (identity == NULL) {
        shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
        ngx_shmtx_lock(&shpool->mutex);
        c = &sh->host[check - SV_AUDIT_EGRESS_CHECKS];

    } else if (identity->index == NGX_SMTP_VERIFY_AUDIT_NONE) {
        return 0;

    } else {
        e = ngx_smtp_verify_audit_lock(shm_zone, identity);
        c = e ? &e->checks[check] : NULL;
    }

    if (c && (status != SV_AUDIT_UNKNOWN || c->status == SV_AUDIT_UNKNOWN)) {

        c->checked = (uint64_t) ngx_time();

        if (c->status != (uint32_t) status || c->since == 0) {
            c->since = c->checked;
        }

        /* that all is well is only worth a line after it was not */

        if (status != SV_AUDIT_UNKNOWN && c->told != (uint64_t) status) {
            tell = (c->told != 0 || status != SV_AUDIT_PASS);
            c->told = status;
        }

        c->status = status;
        c->len = (uint32_t) ngx_min(len, NGX_SMTP_VERIFY_AUDIT_SEEN);
        ngx_memcpy(c->seen, seen, c->len);
    }

    ngx_smtp_verify_audit_unlock(shm_zone);

    return tell;
}


void
ngx_smtp_verify_audit_host(ngx_shm_zone_t *shm_zone, sv_audit_check_e check,
    ngx_smtp_verify_audit_check_t *copy)
{
    ngx_slab_pool_t             *shpool;
    ngx_smtp_verify_audit_sh_t  *sh;

    sh = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);
    *copy = sh->host[check - SV_AUDIT_EGRESS_CHECKS];
    ngx_shmtx_unlock(&shpool->mutex);
}


ngx_uint_t
ngx_smtp_verify_audit_lease(ngx_shm_zone_t *shm_zone)
{
    uint32_t                     owner, self;
    ngx_smtp_verify_audit_sh_t  *sh;

    sh = shm_zone->data;
    owner = (uint32_t) sh->owner;
    self = ngx_smtp_verify_zone_owner();

    return owner == self
           || ((owner == 0 || !sv_owner_is_alive(owner, self))
               && ngx_atomic_cmp_set(&sh->owner, owner, self));
}


void
ngx_smtp_verify_audit_leave(ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_audit_sh_t  *sh;

    sh = shm_zone->data;

    (void) ngx_atomic_cmp_set(&sh->owner, ngx_smtp_verify_zone_owner(), 0);
}


ngx_uint_t
ngx_smtp_verify_audit_due(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, ngx_msec_t interval)
{
    uint64_t                        now;
    ngx_uint_t                      i;
    ngx_msec_t                      wait;
    ngx_smtp_verify_audit_sh_t     *sh;
    ngx_smtp_verify_audit_entry_t  *e;

    if (identity->index == NGX_SMTP_VERIFY_AUDIT_NONE) {
        return 0;
    }

    sh = shm_zone->data;
    e = &sh->entries[identity->index];

    if (e->run == 0) {
        return 1;
    }

    now = sv_clock_msec();
    wait = interval;

    for (i = 0; i < SV_AUDIT_EGRESS_CHECKS; i++) {
        if (e->checks[i].status > SV_AUDIT_PASS) {
            wait = ngx_min(interval, NGX_SMTP_VERIFY_AUDIT_SOON);
        }
    }

    if (sv_audit_port(&e->history, now) > SV_AUDIT_PASS) {
        wait = ngx_min(interval, NGX_SMTP_VERIFY_AUDIT_SOON);
    }

    return now - e->run >= wait;
}


void
ngx_smtp_verify_audit_ran(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity)
{
    ngx_smtp_verify_audit_entry_t  *e;

    e = ngx_smtp_verify_audit_lock(shm_zone, identity);

    if (e) {
        e->run = sv_clock_msec();
    }

    ngx_smtp_verify_audit_unlock(shm_zone);
}


ngx_uint_t
ngx_smtp_verify_audit_try(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity, ngx_msec_t interval)
{
    uint64_t                        now;
    ngx_uint_t                      may;
    ngx_smtp_verify_audit_entry_t  *e;

    now = sv_clock_msec();
    interval = ngx_min(interval, NGX_SMTP_VERIFY_AUDIT_RETRY);

    e = ngx_smtp_verify_audit_lock(shm_zone, identity);

    may = e && (e->history.n || e->history.reached == 0
                || now - e->history.reached > NGX_SMTP_VERIFY_AUDIT_LATELY)
          && (e->tried == 0 || now - e->tried >= interval);

    if (may) {
        e->tried = now;
    }

    ngx_smtp_verify_audit_unlock(shm_zone);

    return may;
}


ngx_uint_t
ngx_smtp_verify_audit_fails(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity)
{
    ngx_uint_t                      i;
    ngx_smtp_verify_audit_sh_t     *sh;
    ngx_smtp_verify_audit_entry_t  *e;

    if (identity->index == NGX_SMTP_VERIFY_AUDIT_NONE) {
        return 0;
    }

    sh = shm_zone->data;
    e = &sh->entries[identity->index];

    /* the resolver is not a matter of the identity */

    for (i = SV_AUDIT_HELO; i < SV_AUDIT_EGRESS_CHECKS; i++) {
        if (e->checks[i].status == SV_AUDIT_FAIL) {
            return 1;
        }
    }

    return e->history.confirmed
           && sv_audit_port(&e->history, sv_clock_msec()) == SV_AUDIT_FAIL;
}


ngx_uint_t
ngx_smtp_verify_audit_down(ngx_smtp_verify_audit_entry_t *entry)
{
    return sv_audit_down(&entry->history, sv_clock_msec());
}


void
ngx_smtp_verify_audit_log(ngx_log_t *log,
    ngx_smtp_verify_identity_t *identity, sv_audit_check_e check,
    sv_audit_status_e status, u_char *seen, size_t len)
{
    ngx_str_t   who;
    ngx_uint_t  level;

    ngx_str_set(&who, "this host");

    if (identity) {
        who = identity->name;
    }

    if (check == SV_AUDIT_PORT && status == SV_AUDIT_FAIL) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "no mail server can be connected to from egress "
                      "\"%V\": %*s %s See docs/troubleshooting.md#%s", &who,
                      len, seen, sv_audit_remedy(check),
                      sv_audit_name(check));
        return;
    }

    if (check == SV_AUDIT_PORT && status == SV_AUDIT_PASS) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "mail servers can be connected to again from egress "
                      "\"%V\"", &who);
        return;
    }

    if (status == SV_AUDIT_PASS) {
        ngx_log_error(NGX_LOG_NOTICE, log, 0,
                      "self-audit of %V: %s passes again: %*s", &who,
                      sv_audit_name(check), len, seen);
        return;
    }

    level = (status == SV_AUDIT_FAIL) ? NGX_LOG_ERR : NGX_LOG_WARN;

    ngx_log_error(level, log, 0, "self-audit of %V: %s: %*s %s See "
                  "docs/troubleshooting.md#%s", &who, sv_audit_name(check),
                  len, seen, sv_audit_remedy(check), sv_audit_name(check));
}


/* Locks the zone.  Returns NULL if a reload has given the entry to another
   identity. */

static ngx_smtp_verify_audit_entry_t *
ngx_smtp_verify_audit_lock(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_identity_t *identity)
{
    ngx_slab_pool_t                *shpool;
    ngx_smtp_verify_audit_sh_t     *sh;
    ngx_smtp_verify_audit_entry_t  *e;

    sh = shm_zone->data;
    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    e = &sh->entries[identity->index];

    return ngx_memcmp(e->key, identity->key, SV_SIPHASH_LEN) == 0 ? e : NULL;
}


static void
ngx_smtp_verify_audit_unlock(ngx_shm_zone_t *shm_zone)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    ngx_shmtx_unlock(&shpool->mutex);
}
