
#include "ngx_smtp_verify_call.h"
#include "ngx_smtp_verify_facts.h"
#include "ngx_smtp_verify_sandbox.h"
#include "ngx_smtp_verify_wipe.h"
#include "sv_clock.h"


static ngx_uint_t ngx_smtp_verify_lookup_aged(ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_lookup_anew(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_cache_item_t *item);


/* The answer that is being made.  It is too large for the stack, and used at
   once. */

static sv_scratch struct {
    sv_address_t                  *address;
    ngx_smtp_verify_packed_t       packed;
    ngx_smtp_verify_cache_item_t   item;
}  ngx_smtp_verify_answer;


#if (NGX_DEBUG)

static const char  *ngx_smtp_verify_lookup_statuses[] = {
    "no cache", "miss", "bypass", "expired", "coalesced", "hit", "stale"
};

#endif

/* The debug log never has an address in clear, only a part of its keyed
   hash. */

#define ngx_smtp_verify_lookup_hash(l)                                        \
    (uint32_t) ((uint32_t) (l)->key[0] << 24 | (l)->key[1] << 16              \
                | (l)->key[2] << 8 | (l)->key[3])


ngx_int_t
ngx_smtp_verify_lookup(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t  rc;

    l->start = ngx_current_msec;

    if (ngx_smtp_verify_sandbox_is(l->conf, l->sandbox, &l->email)) {
        l->result = ngx_smtp_verify_sandbox_result(&l->email);

        if (!l->peek) {
            ngx_smtp_verify_count(SANDBOX);
        }

        return NGX_OK;
    }

    if (!l->peek) {
        ngx_smtp_verify_count(REQUESTS);
    }

    if (l->conf->cache == NULL || !l->smtp
        || ngx_smtp_verify_lookup_key(l) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (l->transcript || l->bypass) {
        l->status = ngx_smtp_verify_lookup_bypass;
        return NGX_DECLINED;
    }

    l->status = ngx_smtp_verify_lookup_miss;
    l->seen = ngx_smtp_verify_cache_state(
                                       ngx_smtp_verify_lookup_cache(l->conf));

    rc = ngx_smtp_verify_lookup_cached(l, l->conf->scope);

    if (rc != NGX_OK) {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, l->log, 0,
                       "smtp verify cache: %s, key %08xD",
                       ngx_smtp_verify_lookup_statuses[l->status],
                       ngx_smtp_verify_lookup_hash(l));
    }

    return rc;
}


/* The key: the exact local part, and the normalized domain. */

ngx_int_t
ngx_smtp_verify_lookup_key(ngx_smtp_verify_lookup_t *l)
{
    u_char        *p;
    sv_address_t  *addr;
    u_char         buf[SV_LOCAL_MAX + 1 + SV_DOMAIN_MAX];

    if (l->keyed) {
        return NGX_OK;
    }

    if (ngx_smtp_verify_parse(&l->email, &addr) != SV_ADDRESS_OK) {
        return NGX_DECLINED;
    }

    /* the operator has decided, so a cached result does not count any more */

    if (!l->erase
        && sv_lists_decide(l->conf->lists, addr) != SV_DECIDED_NOT)
    {
        return NGX_DECLINED;
    }

    p = ngx_cpymem(buf, addr->local.data, addr->local.len);
    *p++ = '@';
    p = ngx_cpymem(p, addr->domain.data, addr->domain.len);

    ngx_smtp_verify_cache_key(ngx_smtp_verify_lookup_cache(l->conf), buf,
                              p - buf, l->key);
    l->since = ngx_smtp_verify_cache_erased(
                                       ngx_smtp_verify_lookup_cache(l->conf));
    l->keyed = 1;

    return NGX_OK;
}


/* Hash of what belongs to us and may change an answer. */

uint32_t
ngx_smtp_verify_lookup_variant(ngx_smtp_verify_lookup_t *l)
{
    u_char                    *p, *last;
    uint32_t                   variant;
    ngx_uint_t                 i;
    ngx_smtp_verify_egress_t  *egress;
    u_char                     hash[SV_SIPHASH_LEN], buf[1024];

    last = buf + sizeof(buf);
    p = ngx_cpymem(buf, l->helo.data, ngx_min(l->helo.len, sizeof(buf) / 2));
    *p++ = ' ';
    p = ngx_cpymem(p, l->from.data,
                   ngx_min(l->from.len, (size_t) (last - p)));

    if (l->conf->pool) {
        p = ngx_snprintf(p, last - p, " pool %016xL",
                         l->conf->pool->signature);

    } else if (l->conf->bind) {
        egress = l->conf->bind->elts;

        for (i = 0; i < l->conf->bind->nelts; i++) {
            p = ngx_snprintf(p, last - p, " %V", &egress[i].key);
        }
    }

    ngx_smtp_verify_cache_name_key(ngx_smtp_verify_lookup_cache(l->conf), buf,
                                   p - buf, hash);

    ngx_memcpy(&variant, hash, sizeof(uint32_t));

    return variant ^ l->conf->scope;
}


ngx_int_t
ngx_smtp_verify_lookup_cached(ngx_smtp_verify_lookup_t *l, uint32_t variant)
{
    ngx_smtp_verify_cache_t       *cache;
    ngx_smtp_verify_cache_item_t  *item;

    cache = ngx_smtp_verify_lookup_cache(l->conf);
    item = &ngx_smtp_verify_answer.item;

    item->kind = NGX_SMTP_VERIFY_CACHE_RESULT;
    item->variant = variant;
    ngx_memcpy(item->key, l->key, SV_STORE_KEY);

    if (ngx_smtp_verify_cache_get(cache, item) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (item->expires <= sv_clock_sec()) {
        l->status = ngx_smtp_verify_lookup_expired;
        return NGX_DECLINED;
    }

    if (ngx_smtp_verify_lookup_read(l, item) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_smtp_verify_answer.packed.version != l->conf->version
        || ngx_smtp_verify_lookup_aged(l))
    {
        ngx_smtp_verify_lookup_anew(l, item);
    }

    l->status = ngx_smtp_verify_lookup_hit;
    l->result->cached = 1;

    if (l->conf->refresh && l->result->age >= l->conf->refresh
        && variant == l->conf->scope)
    {
        l->status = ngx_smtp_verify_lookup_stale;
        l->refresh = (item->later <= sv_clock_sec());
    }

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, l->log, 0,
                   "smtp verify cache: %s, key %08xD, age %T, refresh:%d",
                   ngx_smtp_verify_lookup_statuses[l->status],
                   ngx_smtp_verify_lookup_hash(l), l->result->age,
                   l->refresh);

    ngx_smtp_verify_lookup_told(l, l->result);

    return NGX_OK;
}


ngx_int_t
ngx_smtp_verify_lookup_read(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_cache_item_t *item)
{
    time_t                     now;
    sv_address_t              *addr;
    ngx_smtp_verify_result_t  *result;

    if (ngx_smtp_verify_parse(&l->email, &addr) != SV_ADDRESS_OK
        || ngx_smtp_verify_packed_read(&ngx_smtp_verify_answer.packed,
                                       item->data, item->len, addr,
                                       l->conf->lists)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    now = sv_clock_sec();
    ngx_smtp_verify_answer.address = addr;
    result = &ngx_smtp_verify_answer.packed.result;

    result->email = l->email;
    result->age = ngx_max(now - item->created, 0);

    if (result->retry_after) {
        result->retry_after = (time_t) result->retry_after > result->age
                              ? result->retry_after - result->age : 1;
    }

    l->result = result;

    return NGX_OK;
}


/* Did the age of the domain arrive later than the result? */

static ngx_uint_t
ngx_smtp_verify_lookup_aged(ngx_smtp_verify_lookup_t *l)
{
    ngx_str_t      domain;
    sv_address_t  *addr;

    if (!l->conf->domain_age || l->result->registered) {
        return 0;
    }

    addr = ngx_smtp_verify_answer.address;

    domain.data = (u_char *) addr->domain.data;
    domain.len = addr->domain.len;

    return ngx_smtp_verify_facts_age(l->conf, &domain) != 0;
}


/* lists or weights have changed since the result was kept */

static void
ngx_smtp_verify_lookup_anew(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_cache_item_t *item)
{
    ngx_pool_t                *pool;
    ngx_smtp_verify_result_t  *result;

    pool = ngx_create_pool(1024, l->log);
    if (pool == NULL) {
        return;
    }

    result = l->result;

    ngx_smtp_verify_verdict_anew(l->conf, result,
                                 ngx_smtp_verify_answer.address,
                                 pool);

    if (result->retry_after) {
        result->retry_after += result->age;
    }

    item->len = ngx_smtp_verify_packed_rewrite(item->data, result,
                                               ngx_smtp_verify_answer.address,
                                               l->conf->version);

    (void) ngx_smtp_verify_cache_put(ngx_smtp_verify_lookup_cache(l->conf),
                                     item, l->log);

    (void) ngx_smtp_verify_lookup_read(l, item);

    ngx_smtp_verify_wipe_pool(pool);
}


void
ngx_smtp_verify_lookup_count(ngx_smtp_verify_result_t *result)
{
    sv_str_t              none;
    const sv_str_t       *id;
    const sv_provider_t  *provider;

    none.data = NULL;
    none.len = 0;

    provider = result->evidence.provider;
    id = provider ? &provider->id : &none;

    ngx_smtp_verify_count_probe(result->elapsed, (u_char *) id->data, id->len,
                                result->status, result->blame);
}


void
ngx_smtp_verify_lookup_told(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_result_t *result)
{
    l->result = result;

    if (result == NULL) {
        return;
    }

    result->email = l->email;
    result->elapsed = ngx_current_msec - l->start;

    if (l->peek) {
        return;
    }

    switch (l->status) {

    case ngx_smtp_verify_lookup_miss:
        ngx_smtp_verify_count(MISSES);
        break;

    case ngx_smtp_verify_lookup_bypass:
        ngx_smtp_verify_count(BYPASSED);
        break;

    case ngx_smtp_verify_lookup_expired:
        ngx_smtp_verify_count(EXPIRED);
        break;

    case ngx_smtp_verify_lookup_coalesced:
        ngx_smtp_verify_count(COALESCED);
        break;

    case ngx_smtp_verify_lookup_hit:
        ngx_smtp_verify_count(HITS);
        break;

    case ngx_smtp_verify_lookup_stale:
        ngx_smtp_verify_count(STALE);
        break;

    default:
        break;
    }

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, l->log, 0,
                   "smtp verify answer: %s, %s, key %08xD, %M ms",
                   ngx_smtp_verify_lookup_statuses[l->status],
                   sv_reason_info(result->reason)->name,
                   ngx_smtp_verify_lookup_hash(l), result->elapsed);

    ngx_smtp_verify_counters->verdicts[result->reason]++;

    ngx_smtp_verify_count_latency(&ngx_smtp_verify_counters->answers,
                                  result->elapsed);
}


ngx_int_t
ngx_smtp_verify_lookup_start(ngx_smtp_verify_lookup_t *l)
{
    sv_address_t  *addr;

    if (l->bulk) {
        l->start = ngx_current_msec;
    }

    if (!l->keyed || l->transcript) {

        /* an answer that needs no probe is given all the same */

        if (ngx_smtp_verify_parse(&l->email, &addr) == SV_ADDRESS_OK
            && sv_lists_decide(l->conf->lists, addr) == SV_DECIDED_NOT
            && ngx_smtp_verify_lookup_is_busy(l))
        {
            return NGX_BUSY;
        }

        return ngx_smtp_verify_lookup_alone(l);
    }

    /* who waits for the end of greylisting must not be told that it has not
       ended yet */

    if (l->bypass || l->wait) {
        l->variant = ngx_smtp_verify_lookup_variant(l);

    } else if (ngx_smtp_verify_lookup_own(l) == NGX_OK) {
        return NGX_OK;
    }

    return ngx_smtp_verify_lookup_join(l);
}


ngx_uint_t
ngx_smtp_verify_lookup_is_busy(ngx_smtp_verify_lookup_t *l)
{
    if (l->busy) {

        /* its client has used up its quota; probes may be free */

        return 1;
    }

    if (ngx_smtp_verify_share_ask(&l->conf->share, &l->client, l->bulk)
        == NGX_OK)
    {
        return 0;
    }

    ngx_smtp_verify_count(REJECTED);

    return 1;
}


ngx_smtp_verify_probe_t *
ngx_smtp_verify_lookup_probe(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_probe_handler_pt handler, void *data)
{
    ngx_smtp_verify_ask_t     ask;
    ngx_smtp_verify_probe_t  *p;

    ngx_memzero(&ask, sizeof(ngx_smtp_verify_ask_t));

    ask.conf = l->conf;
    ask.handler = handler;
    ask.data = data;
    ask.email = l->email;
    ask.helo = l->helo;
    ask.from = l->from;
    ask.client = &l->client;
    ask.start = l->start;
    ask.wait = l->wait;
    ask.smtp = l->smtp;
    ask.transcript = l->transcript;
    ask.bulk = l->bulk;
    ask.job = l->job;
    ask.canary = l->canary;

    p = ngx_smtp_verify_probe_create(&ask, l->log);

    if (p) {
        ngx_smtp_verify_gauge(PROBES, 1);
    }

    return p;
}


ngx_int_t
ngx_smtp_verify_lookup_own(ngx_smtp_verify_lookup_t *l)
{
    l->variant = ngx_smtp_verify_lookup_variant(l);

    if (!l->keyed || ngx_smtp_verify_lookup_key(l) != NGX_OK) {
        return NGX_DECLINED;
    }

    return ngx_smtp_verify_lookup_cached(l, l->variant);
}


void
ngx_smtp_verify_lookup_cancel(ngx_smtp_verify_lookup_t *l)
{
    ngx_smtp_verify_call_t  *call;

    call = l->waits ? ngx_smtp_verify_lookup_take(l) : NULL;

    if (call) {
        ngx_smtp_verify_call_leave(call);
    }

    if (l->admission.waits) {
        ngx_smtp_verify_admission_leave(&l->admission);
    }

    if (l->timer.timer_set) {
        ngx_del_timer(&l->timer);
    }

    if (l->probe) {
        ngx_smtp_verify_lookup_probe_destroy(l->probe);
        l->probe = NULL;
    }
}


ngx_int_t
ngx_smtp_verify_lookup_erase(ngx_smtp_verify_conf_t *conf, ngx_str_t *email)
{
    ngx_uint_t                 n;
    ngx_smtp_verify_cache_t   *cache;
    ngx_smtp_verify_lookup_t   l;

    if (conf->cache == NULL) {
        return NGX_DECLINED;
    }

    cache = ngx_smtp_verify_lookup_cache(conf);

    ngx_memzero(&l, sizeof(ngx_smtp_verify_lookup_t));

    l.conf = conf;
    l.email = *email;
    l.erase = 1;

    if (ngx_smtp_verify_lookup_key(&l) != NGX_OK) {
        return NGX_DECLINED;
    }

    n = ngx_smtp_verify_cache_erase(cache, NGX_SMTP_VERIFY_CACHE_RESULT,
                                    l.key);

    /* what the store behind the cache had is not known at once */

    if (n == 0 && cache->behind == NULL) {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_count(ERASED);

    return NGX_OK;
}
