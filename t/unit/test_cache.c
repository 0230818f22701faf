
/*
 * What a worker without a cache zone remembers of domains: a list of many
 * comes back to each of them when it has asked all others.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../../src/zone/ngx_smtp_verify_cache.c"


#define DOMAINS  10000


static ngx_cycle_t  cycle;
ngx_cycle_t        *ngx_cycle = &cycle;
ngx_pid_t           ngx_pid = 100;
ngx_int_t           ngx_process_slot;


void *
ngx_alloc(size_t size, ngx_log_t *log)
{
    return malloc(size);
}


void
ngx_free(void *p)
{
    free(p);
}


void *
ngx_pcalloc(ngx_pool_t *pool, size_t size)
{
    return NULL;
}


int
RAND_bytes(unsigned char *buf, int num)
{
    memset(buf, 7, num);

    return 1;
}


ngx_shm_zone_t *
ngx_smtp_verify_zone_add(ngx_conf_t *cf, ngx_str_t *name, size_t size,
    ngx_uint_t pages, void *tag)
{
    return NULL;
}


void *
ngx_smtp_verify_zone_kept(ngx_shm_zone_t *shm_zone, void *data)
{
    return NULL;
}


void *
ngx_smtp_verify_zone_take(ngx_shm_zone_t *shm_zone, size_t *size)
{
    return NULL;
}


void
ngx_smtp_verify_zone_other_layout(ngx_shm_zone_t *shm_zone)
{
}


ngx_int_t
ngx_smtp_verify_zone_key(ngx_shm_zone_t *shm_zone, u_char *key)
{
    return NGX_ERROR;
}


/* there is none */

void
ngx_smtp_verify_behind_put(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_cache_item_t *item)
{
    fail();
}


static ngx_smtp_verify_cache_item_t  item;


static void
fact(ngx_smtp_verify_cache_t *cache, ngx_uint_t kind, unsigned i)
{
    u_char  name[64];

    memset(&item, 0, sizeof(ngx_smtp_verify_cache_item_t));

    item.kind = kind;
    ngx_smtp_verify_cache_key(cache, name,
                              sprintf((char *) name, "d%u.long-list.test", i),
                              item.key);
}


static void
domains_without_a_zone(void **state)
{
    unsigned                  i;
    ngx_smtp_verify_cache_t  *cache;

    cache = ngx_smtp_verify_cache_private(NULL);
    assert_non_null(cache);

    for (i = 0; i < DOMAINS; i++) {

        /* what the DNS says of one mail host, and whether it is catch-all */

        fact(cache, NGX_SMTP_VERIFY_CACHE_MX, i);
        item.len = 2 + 3 + 22;
        item.expires = sv_clock_sec() + 3600;
        (void) ngx_smtp_verify_cache_put(cache, &item, NULL);

        fact(cache, NGX_SMTP_VERIFY_CACHE_CATCH_ALL, i);
        item.len = 1;
        item.data[0] = i % 2;
        item.expires = sv_clock_sec() + 3600;
        (void) ngx_smtp_verify_cache_put(cache, &item, NULL);
    }

    for (i = 0; i < DOMAINS; i++) {
        fact(cache, NGX_SMTP_VERIFY_CACHE_MX, i);
        assert_int_equal(ngx_smtp_verify_cache_get(cache, &item), NGX_OK);
        assert_int_equal(item.len, 27);

        fact(cache, NGX_SMTP_VERIFY_CACHE_CATCH_ALL, i);
        assert_int_equal(ngx_smtp_verify_cache_get(cache, &item), NGX_OK);
        assert_int_equal(item.data[0], i % 2);
    }

    free(cache->sh);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_without_a_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
