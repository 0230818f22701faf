
#include "ngx_smtp_verify_call.h"
#include "ngx_smtp_verify_egress.h"
#include "sv_clock.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_REFRESH_HOLD  60        /* s, after a refresh that
                                                   failed */


static ngx_uint_t ngx_smtp_verify_store_keeps(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, ngx_smtp_verify_result_t *result);
static time_t ngx_smtp_verify_store_valid(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result);
static ngx_uint_t ngx_smtp_verify_store_is_ours(
    ngx_smtp_verify_result_t *result);


/* The result that is being stored.  It is too large for the stack, and used at
   once. */

static sv_scratch ngx_smtp_verify_cache_item_t  ngx_smtp_verify_item;


/*
 * A fact about the mailbox or its domain is stored for everybody.  A result
 * that depends on who asked is stored only for those who ask in the same way,
 * if no fact is known.  Other processes that wait for it get it in any case.
 * What was asked before its address was erased is not stored.
 */

void
ngx_smtp_verify_store(ngx_smtp_verify_conf_t *conf, u_char *key,
    uint32_t variant, uint64_t since, ngx_smtp_verify_cache_claim_t *claim,
    ngx_smtp_verify_result_t *result, ngx_log_t *log)
{
    time_t                         valid;
    ngx_uint_t                     ours;
    sv_address_t                  *addr;
    ngx_smtp_verify_cache_t       *cache;
    ngx_smtp_verify_cache_item_t  *item;

    if (result->reason == SV_INTERRUPTED) {
        return;
    }

    cache = ngx_smtp_verify_lookup_cache(conf);
    item = &ngx_smtp_verify_item;

    item->kind = NGX_SMTP_VERIFY_CACHE_RESULT;
    item->variant = conf->scope;
    ngx_memcpy(item->key, key, SV_STORE_KEY);

    valid = ngx_smtp_verify_store_valid(conf, result);
    ours = ngx_smtp_verify_store_is_ours(result);

    if (ngx_smtp_verify_store_keeps(cache, item, result)) {
        valid = 0;
    }

    if (ours) {
        item->variant = variant;
    }

    if (valid == 0) {

        if (claim == NULL
            || !ngx_smtp_verify_cache_claim_wanted(cache, claim))
        {
            return;
        }

        item->variant = variant ^ NGX_SMTP_VERIFY_HANDOVER;
    }

    item->created = sv_clock_sec();
    item->expires = item->created + valid;
    item->later = ours ? ngx_smtp_verify_store_cut(conf, result) : 0;
    item->tag = claim ? (uint32_t) claim->id : 0;
    item->unasked = (result->attempts == 0);

    if (ngx_smtp_verify_parse(&result->email, &addr) != SV_ADDRESS_OK) {
        return;
    }

    item->len = ngx_smtp_verify_packed_write(item->data, result, addr,
                                             conf->version);

    (void) ngx_smtp_verify_cache_put_since(cache, item, since, log);
}


uint64_t
ngx_smtp_verify_store_since(ngx_smtp_verify_conf_t *conf)
{
    return conf->cache
           ? ngx_smtp_verify_cache_erased(ngx_smtp_verify_lookup_cache(conf))
           : 0;
}


void
ngx_smtp_verify_store_proved(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result, uint64_t since, ngx_log_t *log)
{
    ngx_smtp_verify_lookup_t  l;

    ngx_memzero(&l, sizeof(ngx_smtp_verify_lookup_t));

    l.conf = conf;
    l.email = result->email;

    if (conf->cache == NULL || ngx_smtp_verify_lookup_key(&l) != NGX_OK) {
        return;
    }

    ngx_smtp_verify_store(conf, l.key, conf->scope, since, NULL, result, log);
}


/* Does the stored result count for more than the new one?  Then it is not
   refreshed for a while. */

static ngx_uint_t
ngx_smtp_verify_store_keeps(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, ngx_smtp_verify_result_t *result)
{
    time_t  now;

    if (!ngx_smtp_verify_store_is_ours(result)
        && result->found != SV_ACCEPTED_UNTESTED)
    {
        return 0;
    }

    now = sv_clock_sec();

    if (ngx_smtp_verify_cache_get(cache, item) != NGX_OK
        || item->expires <= now)
    {
        return 0;
    }

    if (result->found == SV_ACCEPTED_UNTESTED
        && ngx_smtp_verify_packed_found(item->data, item->len) != SV_ACCEPTED)
    {
        return 0;
    }

    ngx_smtp_verify_cache_later(cache, item,
                                now + ngx_max((time_t) result->retry_after,
                                              NGX_SMTP_VERIFY_REFRESH_HOLD));

    return 1;
}


static time_t
ngx_smtp_verify_store_valid(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result)
{
    time_t  valid;

    /* another identity asks the next time */

    if (result->found == SV_SENDER_BLOCKED
        && ngx_smtp_verify_egress_rotates(conf))
    {
        return 0;
    }

    valid = ngx_min(conf->valid[result->reason], conf->valid[result->found]);

    if (result->retry_after) {
        valid = ngx_min(valid, (time_t) result->retry_after);
    }

    return valid;
}


/* The result is about us, or about the network between. */

static ngx_uint_t
ngx_smtp_verify_store_is_ours(ngx_smtp_verify_result_t *result)
{
    return sv_reason_info(result->found)->status == SV_UNKNOWN
           && result->found != SV_UNVERIFIABLE_PROVIDER;
}


/* The budget that a probe used up without an answer, in ms; otherwise 0. */

ngx_msec_t
ngx_smtp_verify_store_cut(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result)
{
    return result->status == SV_UNKNOWN && result->elapsed >= conf->timeout
           ? conf->timeout : 0;
}
