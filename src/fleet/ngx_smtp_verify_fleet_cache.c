
#include "ngx_smtp_verify_fleet_worker.h"
#include "ngx_smtp_verify_packed.h"


static ngx_int_t ngx_smtp_verify_fleet_cache_get(
    ngx_smtp_verify_behind_t *behind, ngx_smtp_verify_fetch_t *fetch);
static void ngx_smtp_verify_fleet_cache_cancel(
    ngx_smtp_verify_behind_t *behind, ngx_smtp_verify_fetch_t *fetch);
static ngx_int_t ngx_smtp_verify_fleet_cache_late(
    ngx_smtp_verify_behind_t *behind, ngx_smtp_verify_fetch_t *fetch);
static void ngx_smtp_verify_fleet_cache_put(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_cache_item_t *item);
static void ngx_smtp_verify_fleet_cache_erase(
    ngx_smtp_verify_behind_t *behind, ngx_uint_t kind, u_char *key);
static void ngx_smtp_verify_fleet_cache_release(
    ngx_smtp_verify_behind_t *behind, ngx_smtp_verify_name_t *name);


ngx_int_t
ngx_smtp_verify_fleet_cache(ngx_conf_t *cf, ngx_smtp_verify_fleet_t *fleet,
    ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_fleet_cache_t  *cache, **entry;

    cache = ngx_pcalloc(cf->pool, sizeof(ngx_smtp_verify_fleet_cache_t));
    if (cache == NULL) {
        return NGX_ERROR;
    }

    cache->fleet = fleet;

    cache->behind.budget = fleet->timeout;
    cache->behind.get = ngx_smtp_verify_fleet_cache_get;
    cache->behind.cancel = ngx_smtp_verify_fleet_cache_cancel;
    cache->behind.late = ngx_smtp_verify_fleet_cache_late;
    cache->behind.put = ngx_smtp_verify_fleet_cache_put;
    cache->behind.erase = ngx_smtp_verify_fleet_cache_erase;
    cache->behind.release = ngx_smtp_verify_fleet_cache_release;
    cache->behind.data = cache;

    ngx_memcpy(cache->behind.key, fleet->keys.names, SV_SIPHASH_LEN);

    if (ngx_smtp_verify_behind_add(shm_zone, &cache->behind) != NGX_OK) {
        return NGX_DECLINED;
    }

    cache->cache = shm_zone->data;

    entry = ngx_array_push(fleet->caches);
    if (entry == NULL) {
        return NGX_ERROR;
    }

    *entry = cache;

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_fleet_cache_get(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_fetch_t *fetch)
{
    ngx_smtp_verify_fleet_cache_t  *cache;

    cache = behind->data;

    return cache->fleet->worker
           ? ngx_smtp_verify_fleet_ask(cache->fleet->worker, fetch) : NGX_OK;
}


static void
ngx_smtp_verify_fleet_cache_cancel(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_fetch_t *fetch)
{
    ngx_smtp_verify_fleet_cache_t  *cache;

    cache = behind->data;

    /* at the end of the worker the questions end before their requests do */

    if (cache->fleet->worker) {
        ngx_smtp_verify_fleet_ask_cancel(fetch);
    }
}


static ngx_int_t
ngx_smtp_verify_fleet_cache_late(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_fetch_t *fetch)
{
    ngx_smtp_verify_fleet_cache_t  *cache;

    cache = behind->data;

    return cache->fleet->worker ? ngx_smtp_verify_fleet_ask_late(fetch)
                                : NGX_DECLINED;
}


/* An unknown result does not take the place of a known one, nor does one that
   is not certain take the place of one that is. */

static void
ngx_smtp_verify_fleet_cache_put(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_cache_item_t *item)
{
    sv_reason_e                     found;
    ngx_uint_t                      rank;
    ngx_smtp_verify_fleet_cache_t  *cache;

    cache = behind->data;

    if (cache->fleet->worker == NULL) {
        return;
    }

    rank = 5;

    if (item->kind == NGX_SMTP_VERIFY_CACHE_RESULT) {
        found = ngx_smtp_verify_packed_found(item->data, item->len);

        if (sv_reason_info(found)->status == SV_UNKNOWN) {
            rank = 1;

        } else if (found == SV_ACCEPTED_UNTESTED) {
            rank = 3;
        }
    }

    ngx_smtp_verify_fleet_write_put(cache->fleet->worker, item, rank);
}


static void
ngx_smtp_verify_fleet_cache_erase(ngx_smtp_verify_behind_t *behind,
    ngx_uint_t kind, u_char *key)
{
    ngx_smtp_verify_fleet_cache_t  *cache;

    cache = behind->data;

    if (cache->fleet->worker) {
        ngx_smtp_verify_fleet_write_erase(cache->fleet->worker, kind, key);
    }
}


static void
ngx_smtp_verify_fleet_cache_release(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_name_t *name)
{
    u_char                         *p;
    u_char                          claim[NGX_SMTP_VERIFY_FLEET_CLAIM];
    ngx_smtp_verify_fleet_cache_t  *cache;

    cache = behind->data;

    if (cache->fleet->worker == NULL) {
        return;
    }

    p = ngx_smtp_verify_fleet_claim(claim, name);

    ngx_smtp_verify_fleet_write_release(cache->fleet->worker, claim,
                                        p - claim);
}


void
ngx_smtp_verify_fleet_cache_forget(ngx_smtp_verify_fleet_t *fleet,
    ngx_uint_t kind, u_char *key)
{
    ngx_uint_t                       i;
    ngx_smtp_verify_fleet_cache_t  **cache;

    cache = fleet->caches->elts;

    for (i = 0; i < fleet->caches->nelts; i++) {
        (void) ngx_smtp_verify_cache_forget(cache[i]->cache, kind, key);
    }
}
