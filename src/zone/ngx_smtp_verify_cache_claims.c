
#include "ngx_smtp_verify_cache.h"

#include "ngx_smtp_verify_zone.h"
#include "sv_clock.h"


#define NGX_SMTP_VERIFY_CACHE_WANTED  500       /* ms */


ngx_int_t
ngx_smtp_verify_cache_claim_start(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim, ngx_msec_t timeout)
{
    uint32_t           self;
    uint64_t           now;
    sv_claim_state_e  state;

    now = sv_clock_msec();
    self = ngx_smtp_verify_zone_owner();

    ngx_smtp_verify_cache_lock(cache);

    state = sv_claims_claim(&cache->claims, claim->key, self, now,
                            now + timeout, &claim->id);

    ngx_smtp_verify_cache_unlock(cache);

    return state == SV_CLAIM_OTHERS ? NGX_BUSY : NGX_OK;
}


void
ngx_smtp_verify_cache_claim_end(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim)
{
    if (claim->id == 0) {
        return;
    }

    ngx_smtp_verify_cache_lock(cache);

    sv_claims_release(&cache->claims, claim->key, claim->id);

    ngx_smtp_verify_cache_unlock(cache);

    claim->id = 0;
}


ngx_uint_t
ngx_smtp_verify_cache_claim_wait(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim)
{
    int       rc;
    uint64_t  now;

    now = sv_clock_msec();

    ngx_smtp_verify_cache_lock(cache);

    rc = sv_claims_wait(&cache->claims, claim->key, claim->id, now);

    ngx_smtp_verify_cache_unlock(cache);

    return rc;
}


ngx_uint_t
ngx_smtp_verify_cache_claim_wanted(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_claim_t *claim)
{
    int       rc;
    uint64_t  now;

    if (claim->id == 0) {
        return 0;
    }

    now = sv_clock_msec();

    ngx_smtp_verify_cache_lock(cache);

    rc = sv_claims_wanted(&cache->claims, claim->key, claim->id, now,
                          NGX_SMTP_VERIFY_CACHE_WANTED);

    ngx_smtp_verify_cache_unlock(cache);

    return rc;
}
