
#include "ngx_smtp_verify_throttle_sh.h"
#include "ngx_smtp_verify_throttle_view.h"


#define NGX_SMTP_VERIFY_VIEW_AT_ONCE  64    /* entries under one lock */


typedef void (*ngx_smtp_verify_view_action_pt)
    (ngx_smtp_verify_throttle_entry_t *e, uint64_t until);


static ngx_uint_t ngx_smtp_verify_view_has(
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_view_query_t *query,
    uint64_t now);
static uint64_t ngx_smtp_verify_view_key(ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_view_order_e order, uint64_t now);
static void ngx_smtp_verify_view_read(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_view_item_t *item,
    uint64_t now);
static void ngx_smtp_verify_view_portion(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_view_portion_t *view,
    uint64_t now);
static ngx_uint_t ngx_smtp_verify_view_act(ngx_shm_zone_t *zone,
    ngx_smtp_verify_view_target_t *target,
    ngx_smtp_verify_view_action_pt action, uint64_t until);
static ngx_smtp_verify_throttle_entry_t *ngx_smtp_verify_view_host(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e);
static ngx_uint_t ngx_smtp_verify_view_is(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_view_target_t *target);
static ngx_uint_t ngx_smtp_verify_view_named(
    ngx_smtp_verify_throttle_entry_t *e, ngx_str_t *name);
static void ngx_smtp_verify_view_do_close(ngx_smtp_verify_throttle_entry_t *e,
    uint64_t until);
static void ngx_smtp_verify_view_do_pause(ngx_smtp_verify_throttle_entry_t *e,
    uint64_t until);
static ngx_smtp_verify_throttle_entry_t *ngx_smtp_verify_view_egress(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_entry_t *e);


/* by ngx_smtp_verify_seen_e */

static const char *const  ngx_smtp_verify_view_reasons[] = {
    NULL, NULL, NULL, "connect_failed", "timeout", "closing", "rate_limit",
    "block", "block", "egress_failed", "connect_failed", "turned"
};


const char *
ngx_smtp_verify_view_why(ngx_smtp_verify_seen_e seen)
{
    return (ngx_uint_t) seen < sizeof(ngx_smtp_verify_view_reasons)
                               / sizeof(ngx_smtp_verify_view_reasons[0])
           ? ngx_smtp_verify_view_reasons[seen] : NULL;
}


ngx_int_t
ngx_smtp_verify_view_find(ngx_shm_zone_t *zone,
    ngx_smtp_verify_view_query_t *query, ngx_array_t *found, ngx_uint_t most)
{
    uint64_t                           now;
    ngx_int_t                          total;
    ngx_uint_t                         i, n, last;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_view_found_t      *one;
    ngx_smtp_verify_throttle_entry_t  *e;

    throttle = zone->data;
    now = sv_clock_msec();
    total = 0;

    n = throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS;

    for (i = 1; i <= n; i = last) {

        last = ngx_min(i + NGX_SMTP_VERIFY_VIEW_AT_ONCE, n + 1);

        /* allocate before the lock is taken */

        if (found->nelts + NGX_SMTP_VERIFY_VIEW_AT_ONCE > found->nalloc) {

            one = ngx_array_push_n(found, NGX_SMTP_VERIFY_VIEW_AT_ONCE);
            if (one == NULL) {
                return NGX_ERROR;
            }

            found->nelts -= NGX_SMTP_VERIFY_VIEW_AT_ONCE;
        }

        ngx_shmtx_lock(&throttle->shpool->mutex);

        for ( /* void */ ; i < last; i++) {

            e = &throttle->entries[i];

            if (!ngx_smtp_verify_view_has(e, query, now)) {
                continue;
            }

            total++;

            if (found->nelts < most) {
                one = ngx_array_push(found);
                one->zone = zone;
                one->i = i;
                one->key = ngx_smtp_verify_view_key(e, query->order, now);
            }
        }

        ngx_shmtx_unlock(&throttle->shpool->mutex);
    }

    return total;
}


static ngx_uint_t
ngx_smtp_verify_view_has(ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_view_query_t *query, uint64_t now)
{
    size_t  i, len;

    if (e->seen == 0 || e->kind != query->kind) {
        return 0;
    }

    switch (query->state) {

    case ngx_smtp_verify_view_busy:
        if (e->sessions == 0 && e->waiting == 0) {
            return 0;
        }

        break;

    case ngx_smtp_verify_view_waiting:
        if (e->waiting == 0) {
            return 0;
        }

        break;

    case ngx_smtp_verify_view_open:
        if (e->breaker.until == 0) {
            return 0;
        }

        break;

    case ngx_smtp_verify_view_paused:
        if (e->paused <= now) {
            return 0;
        }

        break;

    default:
        break;
    }

    len = ngx_min(e->len, NGX_SMTP_VERIFY_THROTTLE_NAME);

    for (i = 0; i + query->part.len <= len; i++) {
        if (ngx_memcmp(e->name + i, query->part.data, query->part.len) == 0) {
            return 1;
        }
    }

    return query->part.len == 0;
}


static uint64_t
ngx_smtp_verify_view_key(ngx_smtp_verify_throttle_entry_t *e,
    ngx_smtp_verify_view_order_e order, uint64_t now)
{
    switch (order) {

    case ngx_smtp_verify_view_by_waiting:
        return (uint64_t) e->waiting << 32 | e->sessions;

    case ngx_smtp_verify_view_by_rejects:
        return sv_budget_used(&e->rejects, now);

    case ngx_smtp_verify_view_by_seen:
        return e->seen;

    default: /* ngx_smtp_verify_view_by_sessions */
        return (uint64_t) e->sessions << 32 | e->waiting;
    }
}


ngx_int_t
ngx_smtp_verify_view_item(ngx_smtp_verify_view_found_t *found,
    ngx_uint_t kind, ngx_smtp_verify_view_item_t *item)
{
    ngx_int_t                          rc;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_throttle_entry_t  *e;

    throttle = found->zone->data;
    e = &throttle->entries[found->i];
    rc = NGX_DECLINED;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    if (e->seen && e->kind == kind) {
        ngx_smtp_verify_view_read(throttle, e, item, sv_clock_msec());
        rc = NGX_OK;
    }

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    return rc;
}


static void
ngx_smtp_verify_view_read(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_view_item_t *item,
    uint64_t now)
{
    u_char                            *p;
    ngx_smtp_verify_throttle_entry_t  *egress;

    egress = ngx_smtp_verify_view_egress(throttle, e);

    item->name.data = item->names;
    item->name.len = ngx_min(e->len, NGX_SMTP_VERIFY_THROTTLE_NAME);
    p = ngx_cpymem(item->names, e->name, item->name.len);

    item->egress.data = p;
    item->egress.len = 0;

    if (egress) {
        item->egress.len = ngx_min(egress->len, NGX_SMTP_VERIFY_THROTTLE_NAME);
        ngx_memcpy(p, egress->name, item->egress.len);
    }

    item->sessions = e->sessions;
    item->waiting = e->waiting;
    item->delayed = e->delayed;
    item->conns = e->limit_conns;
    item->rate = e->limit_rate;
    item->rejects = e->limit_rejects;
    item->used = sv_budget_used(&e->rejects, now);
    item->level = e->limit_rejects.start
                  ? sv_budget_level(&e->rejects, &e->limit_rejects, 1) : 0;
    item->breaker = sv_breaker_state(&e->breaker, now);
    item->left = sv_breaker_left(&e->breaker, now);
    item->why = e->breaker.until ? e->why : ngx_smtp_verify_seen_connected;
    item->paused = e->paused > now ? e->paused - now : 0;
    item->connected = e->connected ? now - ngx_min(e->connected, now)
                                   : (uint64_t) -1;
    item->shared = (e->portion != 0);

    if (item->shared) {
        ngx_smtp_verify_view_portion(throttle, e, &item->portion, now);
    }
}


/* Shows what this machine may use.  While the store is away, that is its safe
   share of the sessions.  It has no tokens then, but keeps to a lower rate. */

static void
ngx_smtp_verify_view_portion(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_view_portion_t *view,
    uint64_t now)
{
    ngx_smtp_verify_throttle_portion_t  *portion;

    portion = &throttle->portions[e->portion - 1];

    view->alone = ngx_smtp_verify_throttle_is_alone(throttle, now);
    view->sessions = -1;
    view->recipients = -1;
    view->rejects = -1;

    if (portion->conns) {
        view->sessions = view->alone
                         ? sv_portion_safe(portion->conns,
                                           throttle->sh->machines,
                                           throttle->sh->rank)
                         : sv_portion_slots(&portion->p, now);
    }

    if (portion->rate) {
        view->recipients = now < portion->p.stale
                           ? portion->p.tokens + portion->p.later : 0;
    }

    if (e->common && portion->rejects.start) {
        view->rejects = ngx_smtp_verify_throttle_permits_left(throttle,
                                                              portion, now);
    }
}


/* A destination belongs to an egress, whose entry may be gone. */

static ngx_smtp_verify_throttle_entry_t *
ngx_smtp_verify_view_egress(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e)
{
    ngx_smtp_verify_throttle_entry_t  *egress;

    if (e->egress == 0
        || e->egress > throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS)
    {
        return NULL;
    }

    egress = &throttle->entries[e->egress];

    return egress->seen && egress->kind == NGX_SMTP_VERIFY_THROTTLE_EGRESS
           ? egress : NULL;
}


ngx_uint_t
ngx_smtp_verify_view_close(ngx_shm_zone_t *zone,
    ngx_smtp_verify_view_target_t *target)
{
    return ngx_smtp_verify_view_act(zone, target,
                                    ngx_smtp_verify_view_do_close, 0);
}


ngx_uint_t
ngx_smtp_verify_view_pause(ngx_shm_zone_t *zone,
    ngx_smtp_verify_view_target_t *target, uint64_t ms)
{
    return ngx_smtp_verify_view_act(zone, target,
                                    ngx_smtp_verify_view_do_pause,
                                    ms ? sv_clock_msec() + ms : 0);
}


static ngx_uint_t
ngx_smtp_verify_view_act(ngx_shm_zone_t *zone,
    ngx_smtp_verify_view_target_t *target,
    ngx_smtp_verify_view_action_pt action, uint64_t until)
{
    ngx_uint_t                         i, n, last, done;
    ngx_smtp_verify_throttle_t        *throttle;
    ngx_smtp_verify_throttle_entry_t  *e, *host;

    throttle = zone->data;
    done = 0;

    n = throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS;

    for (i = 1; i <= n; i = last) {

        last = ngx_min(i + NGX_SMTP_VERIFY_VIEW_AT_ONCE, n + 1);

        ngx_shmtx_lock(&throttle->shpool->mutex);

        for ( /* void */ ; i < last; i++) {

            e = &throttle->entries[i];
            host = ngx_smtp_verify_view_host(throttle, e);

            if (ngx_smtp_verify_view_is(throttle, e, target)) {
                action(e, until);
                done++;

            } else if (host
                       && ngx_smtp_verify_view_is(throttle, host, target))
            {
                /* entries of the addresses of the destination, and of domains
                   that it serves */

                action(e, until);
            }
        }

        ngx_shmtx_unlock(&throttle->shpool->mutex);
    }

    return done;
}


/* The destination of an address or domain, or NULL. */

static ngx_smtp_verify_throttle_entry_t *
ngx_smtp_verify_view_host(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e)
{
    return e->seen && e->host
           && e->host <= throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS
           ? &throttle->entries[e->host] : NULL;
}


static ngx_uint_t
ngx_smtp_verify_view_is(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_entry_t *e, ngx_smtp_verify_view_target_t *target)
{
    if (e->seen == 0 || e->kind != target->kind
        || !ngx_smtp_verify_view_named(e, &target->name))
    {
        return 0;
    }

    return target->egress.len == 0
           || ngx_smtp_verify_view_named(
                  ngx_smtp_verify_view_egress(throttle, e), &target->egress);
}


/* The egress without a name is "default". */

static ngx_uint_t
ngx_smtp_verify_view_named(ngx_smtp_verify_throttle_entry_t *e,
    ngx_str_t *name)
{
    size_t  len;

    if (e == NULL) {
        return 0;
    }

    if (e->len == 0) {
        return name->len == 7 && ngx_memcmp(name->data, "default", 7) == 0;
    }

    len = ngx_min(name->len, NGX_SMTP_VERIFY_THROTTLE_NAME);

    return e->len == len && ngx_memcmp(e->name, name->data, len) == 0;
}


/* Of an egress, failures that were counted so far are void, too. */

static void
ngx_smtp_verify_view_do_close(ngx_smtp_verify_throttle_entry_t *e,
    uint64_t until)
{
    ngx_memzero(&e->breaker, sizeof(sv_breaker_t));

    e->shunned = 0;
    e->silent = 0;
    e->failed = 0;
    e->start = 0;
}


static void
ngx_smtp_verify_view_do_pause(ngx_smtp_verify_throttle_entry_t *e,
    uint64_t until)
{
    e->paused = until;
}
