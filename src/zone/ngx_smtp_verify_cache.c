
#include "ngx_smtp_verify_cache.h"

#include "ngx_smtp_verify_behind.h"
#include "ngx_smtp_verify_zone.h"
#include "sv_clock.h"

#include <openssl/rand.h>


#define NGX_SMTP_VERIFY_CACHE_LAYOUT      8
#define NGX_SMTP_VERIFY_CACHE_MIN_PAGES   16
#define NGX_SMTP_VERIFY_CACHE_CLAIMS     32    /* one part in so many */
#define NGX_SMTP_VERIFY_CACHE_FACTS       8     /* of the rest */
#define NGX_SMTP_VERIFY_CACHE_DNS         4
#define NGX_SMTP_VERIFY_CACHE_PRIVATE     2097152
#define NGX_SMTP_VERIFY_CACHE_ERASURES    128   /* that are remembered */


struct ngx_smtp_verify_cache_sh_s {
    uint64_t                     layout;
    uint64_t                     size;
    u_char                       key[SV_SIPHASH_LEN];
    uint64_t                     erased;    /* how often something was erased */
    u_char                       erasures[NGX_SMTP_VERIFY_CACHE_ERASURES]
                                         [SV_STORE_KEY];
                                            /* the last keys of these */
};


static ngx_int_t ngx_smtp_verify_cache_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_smtp_verify_cache_format(ngx_shm_zone_t *shm_zone,
    size_t size);
static ngx_int_t ngx_smtp_verify_cache_attach(ngx_smtp_verify_cache_t *cache);
static void ngx_smtp_verify_cache_view(ngx_smtp_verify_cache_t *cache,
    u_char **claims, size_t *claims_size, u_char **stores,
    size_t *stores_size);
static ngx_int_t ngx_smtp_verify_cache_create(ngx_smtp_verify_cache_t *cache);
static ngx_uint_t ngx_smtp_verify_cache_part(
    ngx_smtp_verify_cache_item_t *item);
static sv_store_entry_t *ngx_smtp_verify_cache_entry(
    ngx_smtp_verify_cache_t *cache, ngx_smtp_verify_cache_item_t *item);
static ngx_int_t ngx_smtp_verify_cache_write(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, uint64_t *erased, uint64_t *since,
    ngx_log_t *log);
static ngx_uint_t ngx_smtp_verify_cache_is_newer(
    ngx_smtp_verify_cache_t *cache, ngx_smtp_verify_cache_item_t *item,
    ngx_uint_t part);
static ngx_uint_t ngx_smtp_verify_cache_was_erased(
    ngx_smtp_verify_cache_t *cache, u_char *key, uint64_t since);
static sv_store_entry_t *ngx_smtp_verify_cache_find(
    ngx_smtp_verify_cache_t *cache, ngx_smtp_verify_cache_item_t *item);


ngx_shm_zone_t *
ngx_smtp_verify_cache_add(ngx_conf_t *cf, ngx_str_t *name, size_t size,
    void *tag)
{
    ngx_shm_zone_t           *shm_zone;
    ngx_smtp_verify_cache_t  *cache;

    shm_zone = ngx_smtp_verify_zone_add(cf, name, size,
                                        NGX_SMTP_VERIFY_CACHE_MIN_PAGES, tag);

    if (shm_zone == NULL || size == 0) {
        return shm_zone;
    }

    cache = ngx_pcalloc(cf->pool, sizeof(ngx_smtp_verify_cache_t));
    if (cache == NULL) {
        return NULL;
    }

    cache->name = &shm_zone->shm.name;

    shm_zone->init = ngx_smtp_verify_cache_init;
    shm_zone->data = cache;

    return shm_zone;
}


static ngx_int_t
ngx_smtp_verify_cache_init(ngx_shm_zone_t *shm_zone, void *data)
{
    size_t                    size;
    ngx_smtp_verify_cache_t  *cache;

    cache = shm_zone->data;

    cache->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    cache->sh = ngx_smtp_verify_zone_kept(shm_zone, data);

    if (cache->sh) {

        if (ngx_smtp_verify_cache_attach(cache) == NGX_OK) {
            cache->resets = ngx_smtp_verify_cache_resets(cache);
            return NGX_OK;
        }

        ngx_smtp_verify_zone_other_layout(shm_zone);

        return ngx_smtp_verify_cache_format(shm_zone, cache->sh->size);
    }

    cache->sh = ngx_smtp_verify_zone_take(shm_zone, &size);
    if (cache->sh == NULL) {
        return NGX_ERROR;
    }

    return ngx_smtp_verify_cache_format(shm_zone, size);
}


/* Only the master formats a zone, so a worker that is killed cannot leave it
   half formatted. */

static ngx_int_t
ngx_smtp_verify_cache_format(ngx_shm_zone_t *shm_zone, size_t size)
{
    ngx_smtp_verify_cache_t  *cache;

    cache = shm_zone->data;

    cache->sh->layout = NGX_SMTP_VERIFY_CACHE_LAYOUT;
    cache->sh->size = size;
    cache->sh->erased = 0;

    if (cache->behind) {
        ngx_memcpy(cache->sh->key, cache->behind->key, SV_SIPHASH_LEN);

    } else if (ngx_smtp_verify_zone_key(shm_zone, cache->sh->key) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_smtp_verify_cache_create(cache) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "zone \"%V\" is too small", &shm_zone->shm.name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_cache_create(ngx_smtp_verify_cache_t *cache)
{
    u_char      *claims, *stores[NGX_SMTP_VERIFY_PARTS];
    size_t       claims_size, sizes[NGX_SMTP_VERIFY_PARTS];
    ngx_uint_t   i;

    ngx_smtp_verify_cache_view(cache, &claims, &claims_size, stores, sizes);

    if (sv_claims_create(&cache->claims, claims, claims_size) != 0) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_SMTP_VERIFY_PARTS; i++) {
        if (sv_store_create(&cache->stores[i], stores[i], sizes[i]) != 0) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_cache_attach(ngx_smtp_verify_cache_t *cache)
{
    u_char      *claims, *stores[NGX_SMTP_VERIFY_PARTS];
    size_t       claims_size, sizes[NGX_SMTP_VERIFY_PARTS];
    ngx_uint_t   i;

    if (cache->sh->layout != NGX_SMTP_VERIFY_CACHE_LAYOUT
        || (cache->behind
            && ngx_memcmp(cache->sh->key, cache->behind->key, SV_SIPHASH_LEN)
               != 0))
    {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_cache_view(cache, &claims, &claims_size, stores, sizes);

    sv_claims_attach(&cache->claims, claims);

    for (i = 0; i < NGX_SMTP_VERIFY_PARTS; i++) {
        if (sv_store_attach(&cache->stores[i], stores[i], sizes[i]) != 0) {
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


/* Results get the memory that the other parts leave. */

static void
ngx_smtp_verify_cache_view(ngx_smtp_verify_cache_t *cache, u_char **claims,
    size_t *claims_size, u_char **stores, size_t *stores_size)
{
    u_char      *p, *end;
    size_t       size;
    ngx_uint_t   i;

    cache->key = cache->sh->key;

    p = (u_char *) cache->sh;
    end = p + cache->sh->size;

    *claims = p + ngx_align(sizeof(ngx_smtp_verify_cache_sh_t),
                            NGX_CPU_CACHE_LINE);
    *claims_size = ngx_align(cache->sh->size / NGX_SMTP_VERIFY_CACHE_CLAIMS,
                             NGX_CPU_CACHE_LINE);

    p = *claims + *claims_size;
    size = end - p;

    stores_size[ngx_smtp_verify_part_facts] =
                                        size / NGX_SMTP_VERIFY_CACHE_FACTS;
    stores_size[ngx_smtp_verify_part_dns] = size / NGX_SMTP_VERIFY_CACHE_DNS;

    /* the cache of one process has no results */

    if (cache->shpool == NULL) {
        stores_size[ngx_smtp_verify_part_facts] = size / 2;
        stores_size[ngx_smtp_verify_part_dns] = size / 2
                                                - 2 * SV_STORE_MIN_MEM;
    }

    for (i = NGX_SMTP_VERIFY_PARTS - 1; i > 0; i--) {
        stores_size[i] = ngx_align(ngx_max(stores_size[i], SV_STORE_MIN_MEM),
                                   NGX_CPU_CACHE_LINE);
        end -= stores_size[i];
        stores[i] = (u_char *) ((uintptr_t) end
                                & ~((uintptr_t) NGX_CPU_CACHE_LINE - 1));
        end = stores[i];
    }

    stores[0] = p;
    stores_size[0] = end - p;
}


static ngx_uint_t
ngx_smtp_verify_cache_part(ngx_smtp_verify_cache_item_t *item)
{
    switch (item->kind) {

    case NGX_SMTP_VERIFY_CACHE_RESULT:
        return item->unasked ? ngx_smtp_verify_part_dns
                             : ngx_smtp_verify_part_results;

    case NGX_SMTP_VERIFY_CACHE_MX:
    case NGX_SMTP_VERIFY_CACHE_AGE:
    case NGX_SMTP_VERIFY_CACHE_TLSA:
    case NGX_SMTP_VERIFY_CACHE_STS:
    case NGX_SMTP_VERIFY_CACHE_STS_ID:
        return ngx_smtp_verify_part_dns;

    default:
        return ngx_smtp_verify_part_facts;
    }
}


/* A result may be in one of two parts. */

static sv_store_entry_t *
ngx_smtp_verify_cache_entry(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item)
{
    sv_store_entry_t  *e;

    item->unasked = 0;

    e = sv_store_get(&cache->stores[ngx_smtp_verify_cache_part(item)],
                     item->kind, item->key, item->variant);

    if (e == NULL && item->kind == NGX_SMTP_VERIFY_CACHE_RESULT) {
        e = sv_store_get(&cache->stores[ngx_smtp_verify_part_dns], item->kind,
                         item->key, item->variant);
        item->unasked = (e != NULL);
    }

    return e;
}


ngx_uint_t
ngx_smtp_verify_cache_is(ngx_shm_zone_t *shm_zone)
{
    return shm_zone->init == ngx_smtp_verify_cache_init;
}


void
ngx_smtp_verify_cache_process(ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_cache_t  *cache;

    if (!ngx_smtp_verify_cache_is(shm_zone)) {
        return;
    }

    cache = shm_zone->data;

    ngx_smtp_verify_cache_lock(cache);
    sv_claims_disown(&cache->claims, ngx_smtp_verify_zone_owner());
    ngx_smtp_verify_cache_unlock(cache);
}


/* The layout is that of a zone, so that the same code works on both. */

ngx_smtp_verify_cache_t *
ngx_smtp_verify_cache_private(ngx_log_t *log)
{
    ngx_smtp_verify_cache_t          new;
    static ngx_str_t                 name = ngx_string("of this worker");
    static ngx_smtp_verify_cache_t   cache;

    if (cache.sh) {
        return &cache;
    }

    ngx_memzero(&new, sizeof(ngx_smtp_verify_cache_t));

    new.name = &name;
    new.sh = ngx_alloc(NGX_SMTP_VERIFY_CACHE_PRIVATE, log);

    if (new.sh == NULL) {
        return NULL;
    }

    new.sh->layout = NGX_SMTP_VERIFY_CACHE_LAYOUT;
    new.sh->size = NGX_SMTP_VERIFY_CACHE_PRIVATE;
    new.sh->erased = 0;

    if (RAND_bytes(new.sh->key, SV_SIPHASH_LEN) != 1
        || ngx_smtp_verify_cache_create(&new) != NGX_OK)
    {
        ngx_free(new.sh);
        return NULL;
    }

    cache = new;

    return &cache;
}


ngx_int_t
ngx_smtp_verify_cache_get(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item)
{
    sv_store_entry_t  *e;

    ngx_smtp_verify_cache_lock(cache);

    e = ngx_smtp_verify_cache_entry(cache, item);

    if (e == NULL || e->len > SV_STORE_MAX) {
        ngx_smtp_verify_cache_unlock(cache);
        return NGX_DECLINED;
    }

    item->created = e->created;
    item->expires = e->expires;
    item->later = e->later;
    item->tag = e->tag;
    item->len = e->len;

    ngx_memcpy(item->data, sv_store_data(e), e->len);

    ngx_smtp_verify_cache_unlock(cache);

    return NGX_OK;
}


ngx_int_t
ngx_smtp_verify_cache_put(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, ngx_log_t *log)
{
    if (cache->behind) {
        ngx_smtp_verify_behind_put(cache->behind, item);
    }

    return ngx_smtp_verify_cache_write(cache, item, NULL, NULL, log);
}


ngx_int_t
ngx_smtp_verify_cache_put_since(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, uint64_t since, ngx_log_t *log)
{
    ngx_uint_t  erased;

    if (cache->behind) {
        ngx_smtp_verify_cache_lock(cache);
        erased = ngx_smtp_verify_cache_was_erased(cache, item->key, since);
        ngx_smtp_verify_cache_unlock(cache);

        if (erased) {
            return NGX_DECLINED;
        }

        ngx_smtp_verify_behind_put(cache->behind, item);
    }

    return ngx_smtp_verify_cache_write(cache, item, NULL, &since, log);
}


/* If there were more than are remembered, it may be one of them. */

static ngx_uint_t
ngx_smtp_verify_cache_was_erased(ngx_smtp_verify_cache_t *cache, u_char *key,
    uint64_t since)
{
    uint64_t  i;

    if (cache->sh->erased - since > NGX_SMTP_VERIFY_CACHE_ERASURES) {
        return 1;
    }

    for (i = since; i != cache->sh->erased; i++) {

        if (ngx_memcmp(cache->sh->erasures[i % NGX_SMTP_VERIFY_CACHE_ERASURES],
                       key, SV_STORE_KEY)
            == 0)
        {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_smtp_verify_cache_fill(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, uint64_t erased, ngx_log_t *log)
{
    return ngx_smtp_verify_cache_write(cache, item, &erased, NULL, log);
}


static ngx_int_t
ngx_smtp_verify_cache_write(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, uint64_t *erased, uint64_t *since,
    ngx_log_t *log)
{
    int               rc;
    time_t            now;
    uint64_t          resets;
    ngx_uint_t        part;
    sv_store_entry_t  e;

    if (item->len > SV_STORE_MAX) {
        return NGX_DECLINED;
    }

    ngx_memzero(&e, sizeof(sv_store_entry_t));
    ngx_memcpy(e.key, item->key, SV_STORE_KEY);

    e.kind = (uint8_t) item->kind;
    e.variant = item->variant;
    e.created = (uint32_t) item->created;
    e.expires = (uint32_t) ngx_min(item->expires, (time_t) UINT32_MAX);
    e.later = (uint32_t) item->later;
    e.tag = item->tag;
    e.len = (uint16_t) item->len;

    now = sv_clock_sec();

    ngx_smtp_verify_cache_lock(cache);

    part = ngx_smtp_verify_cache_part(item);

    if ((erased
         && (*erased != cache->sh->erased
             || ngx_smtp_verify_cache_is_newer(cache, item, part)))
        || (since
            && ngx_smtp_verify_cache_was_erased(cache, item->key, *since)))
    {
        ngx_smtp_verify_cache_unlock(cache);
        return NGX_DECLINED;
    }

    rc = sv_store_put(&cache->stores[part], &e, item->data, (uint32_t) now);

    /* a result may be in the other part: only the newest one is kept */

    if (rc == 0 && item->kind == NGX_SMTP_VERIFY_CACHE_RESULT) {
        part = (part == ngx_smtp_verify_part_dns)
               ? ngx_smtp_verify_part_results : ngx_smtp_verify_part_dns;

        (void) sv_store_drop(&cache->stores[part], item->kind, item->key,
                             item->variant);
    }

    resets = ngx_smtp_verify_cache_resets(cache);

    ngx_smtp_verify_cache_unlock(cache);

    if (resets != cache->resets) {
        cache->resets = resets;
        ngx_log_error(NGX_LOG_WARN, log, 0,
                      "zone \"%V\" was found broken and starts empty",
                      cache->name);
    }

    return rc == 0 ? NGX_OK : NGX_DECLINED;
}


/* Returns 1 if the entry in the cache is at least as new.  A result may be in
   the other part. */

static ngx_uint_t
ngx_smtp_verify_cache_is_newer(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, ngx_uint_t part)
{
    sv_store_entry_t  *e;

    e = ngx_smtp_verify_cache_entry(cache, item);

    item->unasked = (part == ngx_smtp_verify_part_dns);

    return e && e->created >= (uint32_t) item->created
           && e->expires > (uint32_t) sv_clock_sec();
}


void
ngx_smtp_verify_cache_later(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, time_t later)
{
    sv_store_entry_t  *e;

    ngx_smtp_verify_cache_lock(cache);

    e = ngx_smtp_verify_cache_find(cache, item);

    if (e) {
        e->later = (uint32_t) later;
    }

    ngx_smtp_verify_cache_unlock(cache);
}


static sv_store_entry_t *
ngx_smtp_verify_cache_find(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item)
{
    sv_store_entry_t  *e;

    e = ngx_smtp_verify_cache_entry(cache, item);

    return e && e->created == (uint32_t) item->created
           && e->tag == item->tag ? e : NULL;
}


ngx_uint_t
ngx_smtp_verify_cache_erase(ngx_smtp_verify_cache_t *cache, ngx_uint_t kind,
    u_char *key)
{
    if (cache->behind) {
        cache->behind->erase(cache->behind, kind, key);
    }

    return ngx_smtp_verify_cache_forget(cache, kind, key);
}


ngx_uint_t
ngx_smtp_verify_cache_forget(ngx_smtp_verify_cache_t *cache, ngx_uint_t kind,
    u_char *key)
{
    ngx_uint_t  i, n;

    n = 0;

    ngx_smtp_verify_cache_lock(cache);

    ngx_memcpy(cache->sh->erasures[cache->sh->erased
                                   % NGX_SMTP_VERIFY_CACHE_ERASURES],
               key, SV_STORE_KEY);
    cache->sh->erased++;

    for (i = 0; i < NGX_SMTP_VERIFY_PARTS; i++) {
        n += sv_store_erase(&cache->stores[i], kind, key);
    }

    ngx_smtp_verify_cache_unlock(cache);

    return n;
}


uint64_t
ngx_smtp_verify_cache_erased(ngx_smtp_verify_cache_t *cache)
{
    return cache->sh->erased;
}


void
ngx_smtp_verify_cache_stats(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_stats_t *stats)
{
    ngx_uint_t        i;
    sv_store_t       *store;
    sv_store_head_t  *head;

    ngx_memzero(stats, sizeof(ngx_smtp_verify_cache_stats_t));

    ngx_smtp_verify_cache_lock(cache);

    for (i = 0; i < NGX_SMTP_VERIFY_PARTS; i++) {
        store = &cache->stores[i];
        head = store->head;

        stats->size += sv_store_size(store);
        stats->used += sv_store_used(store);
        stats->entries += head->entries;
        stats->puts += head->puts;
        stats->evicted += head->evicted;
        stats->renewed += head->renewed;
        stats->resets += head->resets;
    }

    ngx_smtp_verify_cache_unlock(cache);

    /* read without the lock: it changes all the time anyway */

    stats->claims = sv_claims_count(&cache->claims, sv_clock_msec());
}
