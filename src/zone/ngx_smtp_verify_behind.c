
#include "ngx_smtp_verify_behind.h"

#include "sv_clock.h"


static void ngx_smtp_verify_fetch_timeout(ngx_event_t *ev);
static ngx_uint_t ngx_smtp_verify_fetch_wants(ngx_smtp_verify_fetch_t *fetch,
    ngx_smtp_verify_cache_item_t *item);


ngx_int_t
ngx_smtp_verify_behind_add(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_behind_t *behind)
{
    ngx_smtp_verify_cache_t  *cache;

    cache = ngx_smtp_verify_cache_is(shm_zone) ? shm_zone->data : NULL;

    if (cache == NULL || cache->behind) {
        return NGX_DECLINED;
    }

    cache->behind = behind;

    return NGX_OK;
}


/* Results that have already expired are only for those who wait for them on
   this machine.  The store does not get them. */

void
ngx_smtp_verify_behind_put(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_cache_item_t *item)
{
    switch (item->kind) {

    case NGX_SMTP_VERIFY_CACHE_RESULT:
    case NGX_SMTP_VERIFY_CACHE_MX:
    case NGX_SMTP_VERIFY_CACHE_CATCH_ALL:
        break;

    default:
        return;
    }

    if (item->expires > sv_clock_sec()) {
        behind->put(behind, item);
    }
}


ngx_smtp_verify_fetch_t *
ngx_smtp_verify_fetch_new(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_fetch_handler_pt handler, void *data)
{
    ngx_smtp_verify_fetch_t  *fetch;

    fetch = ngx_calloc(sizeof(ngx_smtp_verify_fetch_t), ngx_cycle->log);
    if (fetch == NULL) {
        return NULL;
    }

    fetch->cache = cache;
    fetch->handler = handler;
    fetch->data = data;

    fetch->timer.handler = ngx_smtp_verify_fetch_timeout;
    fetch->timer.data = fetch;
    fetch->timer.log = ngx_cycle->log;

    return fetch;
}


void
ngx_smtp_verify_fetch_name(ngx_smtp_verify_fetch_t *fetch, ngx_uint_t kind,
    u_char *key, uint32_t variant)
{
    ngx_smtp_verify_name_t  *name;

    if (fetch->n == NGX_SMTP_VERIFY_FETCH_MAX) {
        return;
    }

    name = &fetch->names[fetch->n++];

    name->kind = kind;
    name->variant = variant;
    ngx_memcpy(name->key, key, SV_STORE_KEY);
}


ngx_int_t
ngx_smtp_verify_fetch_start(ngx_smtp_verify_fetch_t *fetch,
    ngx_msec_t timeout)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_behind_t  *behind;

    behind = fetch->cache->behind;

    ngx_smtp_verify_fetch_asked(fetch);

    rc = behind->get(behind, fetch);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "smtp verify: the store behind \"%V\" is asked for %ui "
                   "entries: %i", fetch->cache->name, fetch->n, rc);

    if (rc == NGX_AGAIN) {
        fetch->pending = 1;
        ngx_add_timer(&fetch->timer, ngx_min(behind->budget, timeout));
    }

    return rc;
}


void
ngx_smtp_verify_fetch_asked(ngx_smtp_verify_fetch_t *fetch)
{
    fetch->erased = ngx_smtp_verify_cache_erased(fetch->cache);
}


/* The patience is used up once: a store that says so again and again does not
   keep anybody waiting for longer. */

ngx_int_t
ngx_smtp_verify_fetch_busy(ngx_smtp_verify_fetch_t *fetch)
{
    if (fetch->late) {
        return NGX_DECLINED;
    }

    if (fetch->waits) {
        return NGX_OK;
    }

    if (!fetch->pending || !fetch->claims || fetch->patience == 0) {
        return NGX_DECLINED;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "smtp verify: zone \"%V\" waits up to %M ms for another "
                   "machine", fetch->cache->name, fetch->patience);

    fetch->waits = 1;

    ngx_add_timer(&fetch->timer, fetch->patience);

    return NGX_OK;
}


void
ngx_smtp_verify_fetch_release(ngx_smtp_verify_cache_t *cache, ngx_uint_t kind,
    u_char *key, uint32_t variant)
{
    ngx_smtp_verify_name_t     name;
    ngx_smtp_verify_behind_t  *behind;

    behind = cache->behind;

    if (behind && behind->release) {
        name.kind = kind;
        name.variant = variant;
        ngx_memcpy(name.key, key, SV_STORE_KEY);

        behind->release(behind, &name);
    }
}


static void
ngx_smtp_verify_fetch_timeout(ngx_event_t *ev)
{
    ngx_smtp_verify_fetch_t   *fetch;
    ngx_smtp_verify_behind_t  *behind;

    fetch = ev->data;
    behind = fetch->cache->behind;

    ngx_log_error(NGX_LOG_INFO, ev->log, 0,
                  fetch->waits
                  ? "another machine took too long, zone \"%V\""
                  : "the fleet store did not answer in time, zone \"%V\"",
                  fetch->cache->name);

    fetch->late = 1;

    if (behind->late == NULL || behind->late(behind, fetch) != NGX_AGAIN) {
        behind->cancel(behind, fetch);
        fetch->pending = 0;
    }

    fetch->handler(fetch);
}


void
ngx_smtp_verify_fetch_found(ngx_smtp_verify_fetch_t *fetch,
    ngx_smtp_verify_cache_item_t *item)
{
    time_t  now;

    now = sv_clock_sec();

    if (item->len > SV_STORE_MAX
        || item->created > now
        || item->expires <= now
        || !ngx_smtp_verify_fetch_wants(fetch, item))
    {
        return;
    }

    /* an entry that was erased since the request must not come back */

    if (ngx_smtp_verify_cache_fill(fetch->cache, item, fetch->erased,
                                   ngx_cycle->log)
        == NGX_OK)
    {
        fetch->found++;
    }
}


static ngx_uint_t
ngx_smtp_verify_fetch_wants(ngx_smtp_verify_fetch_t *fetch,
    ngx_smtp_verify_cache_item_t *item)
{
    ngx_uint_t               i;
    ngx_smtp_verify_name_t  *name;

    for (i = 0; i < fetch->n; i++) {

        name = &fetch->names[i];

        if (name->kind == item->kind
            && name->variant == item->variant
            && ngx_memcmp(name->key, item->key, SV_STORE_KEY) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* The handler may free the fetch. */

void
ngx_smtp_verify_fetch_done(ngx_smtp_verify_fetch_t *fetch)
{
    fetch->pending = 0;

    if (fetch->timer.timer_set) {
        ngx_del_timer(&fetch->timer);
    }

    fetch->handler(fetch);
}


void
ngx_smtp_verify_fetch_free(ngx_smtp_verify_fetch_t *fetch)
{
    ngx_smtp_verify_behind_t  *behind;

    if (fetch == NULL) {
        return;
    }

    if (fetch->pending) {
        behind = fetch->cache->behind;
        behind->cancel(behind, fetch);
    }

    if (fetch->timer.timer_set) {
        ngx_del_timer(&fetch->timer);
    }

    ngx_free(fetch);
}
