
#include "ngx_smtp_verify_cache.h"

#include "ngx_smtp_verify_zone.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_CACHE_WANTED  500       /* ms */


void
ngx_smtp_verify_flight_key(ngx_smtp_verify_flight_t *flight, ngx_uint_t kind,
    u_char *key, uint32_t variant)
{
    ngx_uint_t  i;

    ngx_memcpy(flight->key, key, SV_STORE_KEY);

    flight->key[SV_STORE_KEY - 1] ^= (u_char) kind;

    for (i = 0; i < sizeof(uint32_t); i++) {
        flight->key[SV_STORE_KEY - 2 - i] ^= (u_char) (variant >> (i * 8));
    }
}


ngx_int_t
ngx_smtp_verify_flight_start(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_flight_t *flight, ngx_msec_t timeout)
{
    uint32_t           self;
    uint64_t           now;
    sv_flight_state_e  state;

    now = sv_clock_msec();
    self = ngx_smtp_verify_zone_owner();

    ngx_smtp_verify_cache_lock(cache);

    state = sv_flights_claim(&cache->flights, flight->key, self, now,
                             now + timeout, &flight->id);

    ngx_smtp_verify_cache_unlock(cache);

    return state == SV_FLIGHT_OTHERS ? NGX_BUSY : NGX_OK;
}


void
ngx_smtp_verify_flight_end(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_flight_t *flight)
{
    if (flight->id == 0) {
        return;
    }

    ngx_smtp_verify_cache_lock(cache);

    sv_flights_release(&cache->flights, flight->key, flight->id);

    ngx_smtp_verify_cache_unlock(cache);

    flight->id = 0;
}


ngx_uint_t
ngx_smtp_verify_flight_wait(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_flight_t *flight)
{
    int       rc;
    uint64_t  now;

    now = sv_clock_msec();

    ngx_smtp_verify_cache_lock(cache);

    rc = sv_flights_wait(&cache->flights, flight->key, flight->id, now);

    ngx_smtp_verify_cache_unlock(cache);

    return rc;
}


ngx_uint_t
ngx_smtp_verify_flight_wanted(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_flight_t *flight)
{
    int       rc;
    uint64_t  now;

    if (flight->id == 0) {
        return 0;
    }

    now = sv_clock_msec();

    ngx_smtp_verify_cache_lock(cache);

    rc = sv_flights_wanted(&cache->flights, flight->key, flight->id, now,
                           NGX_SMTP_VERIFY_CACHE_WANTED);

    ngx_smtp_verify_cache_unlock(cache);

    return rc;
}
