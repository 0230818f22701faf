
#include "ngx_smtp_verify_zone.h"

#include <openssl/rand.h>


ngx_shm_zone_t *
ngx_smtp_verify_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t size,
    ngx_uint_t pages, void *tag)
{
    ngx_shm_zone_t  *shm_zone;

    shm_zone = ngx_shared_memory_add(cf, name, size, tag);

    if (shm_zone == NULL || size == 0) {
        return shm_zone;
    }

    if (shm_zone->data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate zone \"%V\"",
                           name);
        return NULL;
    }

    if (size < pages * ngx_pagesize) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "zone \"%V\" is too small, "
                           "%uzk or more is needed", name,
                           (size_t) (pages * ngx_pagesize / 1024));
        return NULL;
    }

    return shm_zone;
}


void *
ngx_smtp_verify_zone_kept(ngx_shm_zone_t *shm_zone, void *data)
{
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    return data || shm_zone->shm.exists ? shpool->data : NULL;
}


void *
ngx_smtp_verify_zone_table(ngx_shm_zone_t *shm_zone, void *data, size_t size,
    uint64_t layout)
{
    uint64_t         *table;
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    table = ngx_smtp_verify_zone_kept(shm_zone, data);

    if (table == NULL) {
        table = ngx_slab_calloc(shpool, size);
        if (table == NULL) {
            return NULL;
        }

    } else if (*table != layout) {
        ngx_memzero(table, size);
    }

    *table = layout;

    shpool->data = table;
    shm_zone->data = table;

    return table;
}


void *
ngx_smtp_verify_zone_take(ngx_shm_zone_t *shm_zone, size_t *size)
{
    void             *p;
    size_t            pages;
    ngx_slab_pool_t  *shpool;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    shpool->log_nomem = 0;

    for (pages = shpool->pfree; pages; pages--) {

        p = ngx_slab_alloc(shpool, pages * ngx_pagesize);

        if (p) {
            shpool->data = p;
            *size = pages * ngx_pagesize;
            return p;
        }
    }

    return NULL;
}


ngx_int_t
ngx_smtp_verify_zone_key(ngx_shm_zone_t *shm_zone, u_char *key)
{
    if (RAND_bytes(key, SV_SIPHASH_LEN) != 1) {
        ngx_log_error(NGX_LOG_EMERG, shm_zone->shm.log, 0,
                      "no random key for zone \"%V\"", &shm_zone->shm.name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_smtp_verify_zone_other_layout(ngx_shm_zone_t *shm_zone)
{
    ngx_log_error(NGX_LOG_NOTICE, shm_zone->shm.log, 0,
                  "zone \"%V\" was laid out by another version, it starts "
                  "empty", &shm_zone->shm.name);
}


ngx_shm_zone_t *
ngx_smtp_verify_zones_next(ngx_smtp_verify_zones_t *zones)
{
    ngx_shm_zone_t  *shm_zone;

    while (zones->part && zones->i >= zones->part->nelts) {
        zones->part = zones->part->next;
        zones->i = 0;
    }

    if (zones->part == NULL) {
        return NULL;
    }

    shm_zone = zones->part->elts;

    return &shm_zone[zones->i++];
}
