
#include "ngx_smtp_verify_age.h"
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_lookup.h"
#include "ngx_smtp_verify_record.h"


#define NGX_SMTP_VERIFY_POLL          25        /* ms */
#define NGX_SMTP_VERIFY_POLL_OWN      500
#define NGX_SMTP_VERIFY_FLIGHT_GRACE  2000
#define NGX_SMTP_VERIFY_REFRESH_HOLD  60        /* s, after one that failed */
#define NGX_SMTP_VERIFY_HANDOVER      0x68616e64


/* a question under way, here or in another process, and who waits for it */

struct ngx_smtp_verify_call_s {
    ngx_rbtree_node_t           node;
    u_char                      key[SV_STORE_KEY];
    uint32_t                    variant;
    ngx_smtp_verify_conf_t     *conf;
    ngx_smtp_verify_cache_t    *cache;
    ngx_smtp_verify_flight_t    flight;
    ngx_smtp_verify_probe_t    *probe;      /* NULL: another process's */
    ngx_queue_t                 waiting;
    ngx_event_t                 poll;

    unsigned                    waits:1;    /* for a greylist to let us in */
    unsigned                    remote:1;   /* the flight is another's */
    unsigned                    detached:1; /* goes on when nobody waits */
    unsigned                    done:1;
};


static ngx_int_t ngx_smtp_verify_lookup_key(ngx_smtp_verify_lookup_t *l);
static uint32_t ngx_smtp_verify_lookup_variant(ngx_smtp_verify_lookup_t *l);
static ngx_int_t ngx_smtp_verify_lookup_cached(ngx_smtp_verify_lookup_t *l,
    uint32_t variant);
static ngx_int_t ngx_smtp_verify_lookup_read(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_cache_item_t *item);
static ngx_uint_t ngx_smtp_verify_lookup_aged(ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_lookup_anew(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_cache_item_t *item);
static void ngx_smtp_verify_lookup_told(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_result_t *result);
static ngx_int_t ngx_smtp_verify_lookup_alone(ngx_smtp_verify_lookup_t *l,
    sv_reason_e reason);
static void ngx_smtp_verify_lookup_alone_done(ngx_smtp_verify_probe_t *p);
static ngx_int_t ngx_smtp_verify_lookup_join(ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_lookup_add(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_call_t *call, ngx_uint_t joined);
static void ngx_smtp_verify_lookup_take(ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_lookup_timeout(ngx_event_t *ev);
static void ngx_smtp_verify_lookup_again(ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_lookup_refuse(ngx_smtp_verify_lookup_t *l,
    sv_reason_e reason);
static ngx_uint_t ngx_smtp_verify_lookup_has_time(
    ngx_smtp_verify_lookup_t *l, ngx_msec_t cut);

static ngx_smtp_verify_call_t *ngx_smtp_verify_call_find(
    ngx_smtp_verify_lookup_t *l);
static ngx_smtp_verify_call_t *ngx_smtp_verify_call_create(
    ngx_smtp_verify_lookup_t *l);
static ngx_int_t ngx_smtp_verify_call_start(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_call_probed(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_call_finish(ngx_smtp_verify_call_t *call);
static void ngx_smtp_verify_call_poll_own(ngx_event_t *ev);
static void ngx_smtp_verify_call_poll(ngx_event_t *ev);
static ngx_int_t ngx_smtp_verify_call_result(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_cache_item_t *item);
static void ngx_smtp_verify_call_leave(ngx_smtp_verify_call_t *call);
static void ngx_smtp_verify_call_free(ngx_smtp_verify_call_t *call);

static void ngx_smtp_verify_store(ngx_smtp_verify_conf_t *conf, u_char *key,
    uint32_t variant, ngx_smtp_verify_flight_t *flight,
    ngx_smtp_verify_result_t *result, ngx_log_t *log);
static ngx_uint_t ngx_smtp_verify_store_keeps(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_cache_item_t *item, ngx_smtp_verify_result_t *result);
static time_t ngx_smtp_verify_store_valid(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result);
static ngx_uint_t ngx_smtp_verify_store_is_ours(
    ngx_smtp_verify_result_t *result);
static ngx_msec_t ngx_smtp_verify_store_cut(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result);

static void ngx_smtp_verify_lookup_probe_destroy(ngx_smtp_verify_probe_t *p);


static ngx_rbtree_t                  ngx_smtp_verify_calls;
static ngx_rbtree_node_t             ngx_smtp_verify_calls_sentinel;

/* of the one call that is being answered: large, and used at once */

static sv_address_t                  ngx_smtp_verify_address;
static ngx_smtp_verify_record_t      ngx_smtp_verify_record;
static ngx_smtp_verify_cache_item_t  ngx_smtp_verify_item;


#define ngx_smtp_verify_lookup_cache(conf)                                    \
    ((ngx_smtp_verify_cache_t *) (conf)->cache->data)


ngx_int_t
ngx_smtp_verify_lookup(ngx_smtp_verify_lookup_t *l)
{
    l->start = ngx_current_msec;

    ngx_smtp_verify_count(REQUESTS);

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

    return ngx_smtp_verify_lookup_cached(l, l->conf->scope);
}


/* the exact local part with the normalized domain */

static ngx_int_t
ngx_smtp_verify_lookup_key(ngx_smtp_verify_lookup_t *l)
{
    u_char        *p;
    sv_address_t  *addr;
    u_char         buf[SV_LOCAL_MAX + 1 + SV_DOMAIN_MAX];

    addr = &ngx_smtp_verify_address;

    if (sv_address_parse(l->email.data, l->email.len, addr) != SV_ADDRESS_OK)
    {
        return NGX_DECLINED;
    }

    p = ngx_cpymem(buf, addr->local.data, addr->local.len);
    *p++ = '@';
    p = ngx_cpymem(p, addr->domain.data, addr->domain.len);

    ngx_smtp_verify_cache_key(ngx_smtp_verify_lookup_cache(l->conf), buf,
                              p - buf, l->key);
    l->keyed = 1;

    return NGX_OK;
}


/* what an answer may depend on that is about us */

static uint32_t
ngx_smtp_verify_lookup_variant(ngx_smtp_verify_lookup_t *l)
{
    u_char      *p, *last;
    uint32_t     variant;
    ngx_uint_t   i;
    ngx_addr_t  *addr;
    u_char       hash[SV_SIPHASH_LEN], buf[1024];

    last = buf + sizeof(buf);
    p = ngx_snprintf(buf, last - buf, "%V %V", &l->helo, &l->from);

    if (l->conf->bind) {
        addr = l->conf->bind->elts;

        for (i = 0; i < l->conf->bind->nelts; i++) {
            p = ngx_snprintf(p, last - p, " %V", &addr[i].name);
        }
    }

    ngx_smtp_verify_cache_key(ngx_smtp_verify_lookup_cache(l->conf), buf,
                              p - buf, hash);

    ngx_memcpy(&variant, hash, sizeof(uint32_t));

    return variant ^ l->conf->scope;
}


static ngx_int_t
ngx_smtp_verify_lookup_cached(ngx_smtp_verify_lookup_t *l, uint32_t variant)
{
    ngx_smtp_verify_cache_t       *cache;
    ngx_smtp_verify_cache_item_t  *item;

    cache = ngx_smtp_verify_lookup_cache(l->conf);
    item = &ngx_smtp_verify_item;

    item->kind = NGX_SMTP_VERIFY_CACHE_RESULT;
    item->variant = variant;
    ngx_memcpy(item->key, l->key, SV_STORE_KEY);

    if (ngx_smtp_verify_cache_get(cache, item) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (item->expires <= ngx_time()) {
        l->status = ngx_smtp_verify_lookup_expired;
        return NGX_DECLINED;
    }

    if (ngx_smtp_verify_lookup_read(l, item) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_smtp_verify_record.version != l->conf->version
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
        l->refresh = (item->later <= ngx_time());
    }

    ngx_smtp_verify_lookup_told(l, l->result);

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_lookup_read(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_cache_item_t *item)
{
    ngx_smtp_verify_result_t  *result;

    if (ngx_smtp_verify_record_read(&ngx_smtp_verify_record, item->data,
                                    item->len, &ngx_smtp_verify_address,
                                    l->conf->lists)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    result = &ngx_smtp_verify_record.result;

    result->email = l->email;
    result->age = ngx_max(ngx_time() - item->created, 0);

    if (result->retry_after) {
        result->retry_after = (time_t) result->retry_after > result->age
                              ? result->retry_after - result->age : 1;
    }

    l->result = result;

    return NGX_OK;
}


/* the age of the domain came later than the result */

static ngx_uint_t
ngx_smtp_verify_lookup_aged(ngx_smtp_verify_lookup_t *l)
{
    ngx_str_t      domain;
    sv_address_t  *addr;

    if (!l->conf->domain_age || l->result->registered) {
        return 0;
    }

    addr = &ngx_smtp_verify_address;

    domain.data = (u_char *) addr->domain.data;
    domain.len = addr->domain.len;

    return ngx_smtp_verify_age(&domain) != 0;
}


/* lists or weights are others now than when the result was kept */

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

    ngx_smtp_verify_verdict_anew(l->conf, result, &ngx_smtp_verify_address,
                                 pool);

    if (result->retry_after) {
        result->retry_after += result->age;
    }

    item->len = ngx_smtp_verify_record_rewrite(item->data, result,
                                               &ngx_smtp_verify_address,
                                               l->conf->version);

    (void) ngx_smtp_verify_cache_put(ngx_smtp_verify_lookup_cache(l->conf),
                                     item, l->log);

    (void) ngx_smtp_verify_lookup_read(l, item);

    ngx_destroy_pool(pool);
}


static void
ngx_smtp_verify_lookup_told(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_result_t *result)
{
    l->result = result;

    if (result == NULL) {
        return;
    }

    result->email = l->email;
    result->elapsed = ngx_current_msec - l->start;

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

    ngx_smtp_verify_counters->verdicts[result->reason]++;

    ngx_smtp_verify_count_latency(&ngx_smtp_verify_counters->answers,
                                  result->elapsed);
}


ngx_int_t
ngx_smtp_verify_lookup_start(ngx_smtp_verify_lookup_t *l)
{
    if (!l->keyed || l->transcript) {

        if (l->busy) {
            ngx_smtp_verify_count(REJECTED);
            return NGX_BUSY;
        }

        return ngx_smtp_verify_lookup_alone(l, SV_REASON_NONE);
    }

    l->variant = ngx_smtp_verify_lookup_variant(l);

    /* who waits for a greylist to let us in must not be told that it has not
       yet */

    if (!l->bypass && l->wait == 0
        && ngx_smtp_verify_lookup_cached(l, l->variant) == NGX_OK)
    {
        return NGX_OK;
    }

    return ngx_smtp_verify_lookup_join(l);
}


/* a probe that is shared with nobody */

static ngx_int_t
ngx_smtp_verify_lookup_alone(ngx_smtp_verify_lookup_t *l, sv_reason_e reason)
{
    ngx_int_t              rc;
    ngx_smtp_verify_ask_t  ask;

    ngx_memzero(&ask, sizeof(ngx_smtp_verify_ask_t));

    ask.conf = l->conf;
    ask.handler = ngx_smtp_verify_lookup_alone_done;
    ask.data = l;
    ask.email = l->email;
    ask.helo = l->helo;
    ask.from = l->from;
    ask.wait = l->wait;
    ask.reason = reason;
    ask.smtp = l->smtp;
    ask.transcript = l->transcript;

    l->probe = ngx_smtp_verify_probe_create(&ask, l->log);
    if (l->probe == NULL) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_gauge(PROBES, 1);

    if (reason == SV_REASON_NONE) {
        ngx_smtp_verify_count(PROBES);
    }

    rc = ngx_smtp_verify_probe_start(l->probe);

    if (rc == NGX_OK) {
        ngx_smtp_verify_lookup_told(l,
                                    ngx_smtp_verify_probe_result(l->probe));
    }

    return rc;
}


static void
ngx_smtp_verify_lookup_alone_done(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_lookup_t  *l;
    ngx_smtp_verify_result_t  *result;

    l = ngx_smtp_verify_probe_data(p);
    result = ngx_smtp_verify_probe_result(p);

    if (l->keyed) {
        ngx_smtp_verify_store(l->conf, l->key,
                              ngx_smtp_verify_lookup_variant(l), NULL, result,
                              l->log);
    }

    ngx_smtp_verify_count_latency(&ngx_smtp_verify_counters->probes,
                                  result->elapsed);
    ngx_smtp_verify_lookup_told(l, result);

    l->handler(l);
}


static ngx_int_t
ngx_smtp_verify_lookup_join(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t                rc;
    ngx_smtp_verify_call_t  *call;

    call = ngx_smtp_verify_call_find(l);

    if (call) {
        ngx_smtp_verify_lookup_add(l, call, 1);
        return NGX_AGAIN;
    }

    call = ngx_smtp_verify_call_create(l);
    if (call == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_smtp_verify_flight_start(call->cache, &call->flight,
                                      NGX_SMTP_VERIFY_CACHE_RESULT, call->key,
                                      call->variant ^ call->waits,
                                      l->conf->timeout + l->wait * 1000
                                      + NGX_SMTP_VERIFY_FLIGHT_GRACE);

    if (rc == NGX_BUSY) {
        call->remote = 1;
        ngx_smtp_verify_lookup_add(l, call, 1);
        ngx_add_timer(&call->poll, NGX_SMTP_VERIFY_POLL);
        return NGX_AGAIN;
    }

    /* another one may just have ended */

    if (!l->bypass
        && ngx_smtp_verify_lookup_cached(l, l->conf->scope) == NGX_OK)
    {
        ngx_smtp_verify_call_free(call);
        return NGX_OK;
    }

    if (l->busy) {
        ngx_smtp_verify_count(REJECTED);
        ngx_smtp_verify_call_free(call);
        return NGX_BUSY;
    }

    rc = ngx_smtp_verify_call_start(call, l);

    if (rc == NGX_AGAIN) {
        ngx_smtp_verify_lookup_add(l, call, 0);
        return NGX_AGAIN;
    }

    if (rc == NGX_OK) {
        l->probe = call->probe;
        call->probe = NULL;

        ngx_smtp_verify_lookup_told(l,
                                    ngx_smtp_verify_probe_result(l->probe));
    }

    ngx_smtp_verify_call_free(call);

    return rc;
}


/* its own deadline counts for one who joined; the first one's is the probe's
   budget */

static void
ngx_smtp_verify_lookup_add(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_call_t *call, ngx_uint_t joined)
{
    ngx_msec_t  timeout, elapsed;

    l->call = call;

    ngx_queue_insert_tail(&call->waiting, &l->queue);
    ngx_smtp_verify_gauge(WAITING, 1);

    if (!joined) {
        return;
    }

    l->status = ngx_smtp_verify_lookup_coalesced;

    timeout = l->conf->timeout + l->wait * 1000;
    elapsed = ngx_current_msec - l->start;

    l->timer.handler = ngx_smtp_verify_lookup_timeout;
    l->timer.data = l;
    l->timer.log = l->log;

    ngx_add_timer(&l->timer, elapsed < timeout ? timeout - elapsed : 1);
}


static void
ngx_smtp_verify_lookup_take(ngx_smtp_verify_lookup_t *l)
{
    ngx_queue_remove(&l->queue);
    l->call = NULL;

    ngx_smtp_verify_gauge(WAITING, -1);

    if (l->timer.timer_set) {
        ngx_del_timer(&l->timer);
    }
}


/* the probe goes on: who asks again finds what came of it */

static void
ngx_smtp_verify_lookup_timeout(ngx_event_t *ev)
{
    ngx_smtp_verify_call_t    *call;
    ngx_smtp_verify_lookup_t  *l;

    l = ev->data;
    call = l->call;

    ngx_smtp_verify_lookup_take(l);

    call->detached = !call->remote;
    ngx_smtp_verify_call_leave(call);

    ngx_smtp_verify_lookup_refuse(l, SV_PENDING);
}


/* what it waited for came to nothing */

static void
ngx_smtp_verify_lookup_again(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t  rc;

    rc = ngx_smtp_verify_lookup_join(l);

    if (rc == NGX_OK) {
        l->handler(l);

    } else if (rc != NGX_AGAIN) {
        ngx_smtp_verify_lookup_refuse(l, SV_THROTTLED);
    }
}


static void
ngx_smtp_verify_lookup_refuse(ngx_smtp_verify_lookup_t *l, sv_reason_e reason)
{
    if (ngx_smtp_verify_lookup_alone(l, reason) != NGX_OK) {
        ngx_smtp_verify_lookup_told(l, NULL);
    }

    l->handler(l);
}


/* the one who asked first had less time than this one, and it ran out */

static ngx_uint_t
ngx_smtp_verify_lookup_has_time(ngx_smtp_verify_lookup_t *l, ngx_msec_t cut)
{
    return cut && l->conf->timeout > cut
           && ngx_current_msec - l->start < l->conf->timeout
           && !ngx_exiting;
}


static ngx_smtp_verify_call_t *
ngx_smtp_verify_call_find(ngx_smtp_verify_lookup_t *l)
{
    ngx_rbtree_key_t          hash;
    ngx_rbtree_node_t        *node;
    ngx_smtp_verify_call_t   *call;
    ngx_smtp_verify_cache_t  *cache;

    if (ngx_smtp_verify_calls.root == NULL) {
        ngx_rbtree_init(&ngx_smtp_verify_calls,
                        &ngx_smtp_verify_calls_sentinel,
                        ngx_rbtree_insert_value);
    }

    cache = ngx_smtp_verify_lookup_cache(l->conf);
    node = ngx_smtp_verify_calls.root;

    ngx_memcpy(&hash, l->key, sizeof(ngx_rbtree_key_t));

    while (node != &ngx_smtp_verify_calls_sentinel) {

        if (hash != node->key) {
            node = (hash < node->key) ? node->left : node->right;
            continue;
        }

        call = (ngx_smtp_verify_call_t *) node;

        if (call->variant == l->variant
            && call->waits == (l->wait != 0)
            && call->cache == cache
            && ngx_memcmp(call->key, l->key, SV_STORE_KEY) == 0)
        {
            return call;
        }

        node = node->right;
    }

    return NULL;
}


static ngx_smtp_verify_call_t *
ngx_smtp_verify_call_create(ngx_smtp_verify_lookup_t *l)
{
    ngx_smtp_verify_call_t  *call;

    call = ngx_calloc(sizeof(ngx_smtp_verify_call_t), l->log);
    if (call == NULL) {
        return NULL;
    }

    call->conf = l->conf;
    call->cache = ngx_smtp_verify_lookup_cache(l->conf);
    call->variant = l->variant;
    call->waits = (l->wait != 0);

    ngx_memcpy(call->key, l->key, SV_STORE_KEY);
    ngx_memcpy(&call->node.key, l->key, sizeof(ngx_rbtree_key_t));

    ngx_queue_init(&call->waiting);

    call->poll.handler = ngx_smtp_verify_call_poll;
    call->poll.data = call;
    call->poll.log = ngx_cycle->log;
    call->poll.cancelable = 1;

    ngx_rbtree_insert(&ngx_smtp_verify_calls, &call->node);

    return call;
}


/* as ngx_smtp_verify_probe_start() */

static ngx_int_t
ngx_smtp_verify_call_start(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_ask_t      ask;
    ngx_smtp_verify_result_t  *result;

    ngx_memzero(&ask, sizeof(ngx_smtp_verify_ask_t));

    ask.conf = l->conf;
    ask.handler = ngx_smtp_verify_call_probed;
    ask.data = call;
    ask.email = l->email;
    ask.helo = l->helo;
    ask.from = l->from;
    ask.wait = l->wait;
    ask.smtp = 1;

    call->probe = ngx_smtp_verify_probe_create(&ask, l->log);
    if (call->probe == NULL) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_gauge(PROBES, 1);
    ngx_smtp_verify_count(PROBES);

    rc = ngx_smtp_verify_probe_start(call->probe);

    if (rc == NGX_OK) {
        result = ngx_smtp_verify_probe_result(call->probe);

        ngx_smtp_verify_count_latency(&ngx_smtp_verify_counters->probes,
                                      result->elapsed);
        ngx_smtp_verify_store(call->conf, call->key, call->variant,
                              &call->flight, result, ngx_cycle->log);
    }

    return rc;
}


static void
ngx_smtp_verify_call_probed(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_call_t    *call;
    ngx_smtp_verify_result_t  *result;

    call = ngx_smtp_verify_probe_data(p);
    result = ngx_smtp_verify_probe_result(p);

    ngx_smtp_verify_count_latency(&ngx_smtp_verify_counters->probes,
                                  result->elapsed);
    ngx_smtp_verify_store(call->conf, call->key, call->variant, &call->flight,
                          result, ngx_cycle->log);

    ngx_smtp_verify_call_finish(call);
}


/* handlers may end the waiting of others, or ask the same anew */

static void
ngx_smtp_verify_call_finish(ngx_smtp_verify_call_t *call)
{
    ngx_msec_t                 cut;
    ngx_queue_t               *q, again;
    ngx_smtp_verify_lookup_t  *l;
    ngx_smtp_verify_result_t   result;

    call->done = 1;
    ngx_rbtree_delete(&ngx_smtp_verify_calls, &call->node);
    ngx_smtp_verify_flight_end(call->cache, &call->flight);

    if (call->poll.timer_set) {
        ngx_del_timer(&call->poll);
    }

    cut = ngx_smtp_verify_store_cut(call->conf,
                                   ngx_smtp_verify_probe_result(call->probe));

    ngx_queue_init(&again);

    while (!ngx_queue_empty(&call->waiting)) {

        q = ngx_queue_head(&call->waiting);
        l = ngx_queue_data(q, ngx_smtp_verify_lookup_t, queue);

        result = *ngx_smtp_verify_probe_result(call->probe);

        if (ngx_smtp_verify_lookup_has_time(l, cut)) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&again, q);
            continue;
        }

        ngx_smtp_verify_lookup_take(l);
        ngx_smtp_verify_lookup_told(l, &result);

        l->handler(l);
    }

    while (!ngx_queue_empty(&again)) {
        q = ngx_queue_head(&again);
        l = ngx_queue_data(q, ngx_smtp_verify_lookup_t, queue);

        ngx_smtp_verify_lookup_take(l);
        ngx_smtp_verify_lookup_again(l);
    }

    ngx_smtp_verify_lookup_probe_destroy(call->probe);
    ngx_free(call);
}


/* nobody here waits any more: does another process? */

static void
ngx_smtp_verify_call_poll_own(ngx_event_t *ev)
{
    ngx_smtp_verify_call_t  *call;

    call = ev->data;

    ngx_smtp_verify_call_leave(call);
}


/* another process asks: has it an answer, is it still at it? */

static void
ngx_smtp_verify_call_poll(ngx_event_t *ev)
{
    ngx_int_t                             rc;
    ngx_queue_t                          *q;
    ngx_smtp_verify_call_t               *call;
    ngx_smtp_verify_lookup_t             *l;
    static ngx_smtp_verify_cache_item_t   item;

    call = ev->data;

    rc = NGX_BUSY;

    if (!ngx_smtp_verify_exit_is_near()) {

        if (ngx_smtp_verify_flight_wait(call->cache, &call->flight)) {
            ngx_add_timer(&call->poll, NGX_SMTP_VERIFY_POLL);
            return;
        }

        rc = ngx_smtp_verify_call_result(call, &item);
    }

    call->done = 1;
    ngx_rbtree_delete(&ngx_smtp_verify_calls, &call->node);

    while (!ngx_queue_empty(&call->waiting)) {

        q = ngx_queue_head(&call->waiting);
        l = ngx_queue_data(q, ngx_smtp_verify_lookup_t, queue);

        ngx_smtp_verify_lookup_take(l);

        if (rc == NGX_BUSY) {
            ngx_smtp_verify_lookup_refuse(l, SV_INTERRUPTED);
            continue;
        }

        if (rc != NGX_OK
            || (item.variant != call->conf->scope
                && ngx_smtp_verify_lookup_has_time(l, item.later))
            || ngx_smtp_verify_lookup_key(l) != NGX_OK
            || ngx_smtp_verify_lookup_read(l, &item) != NGX_OK)
        {
            ngx_smtp_verify_lookup_again(l);
            continue;
        }

        l->result->age = 0;
        ngx_smtp_verify_lookup_told(l, l->result);

        l->handler(l);
    }

    ngx_free(call);
}


/* what the flight left: a fact, a short hold, or something for us alone */

static ngx_int_t
ngx_smtp_verify_call_result(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_cache_item_t *item)
{
    uint32_t    variants[3];
    ngx_uint_t  i;

    variants[0] = call->variant ^ NGX_SMTP_VERIFY_HANDOVER;
    variants[1] = call->conf->scope;
    variants[2] = call->variant;

    item->kind = NGX_SMTP_VERIFY_CACHE_RESULT;
    ngx_memcpy(item->key, call->key, SV_STORE_KEY);

    for (i = 0; i < 3; i++) {

        item->variant = variants[i];

        if (ngx_smtp_verify_cache_get(call->cache, item) == NGX_OK
            && item->tag == (uint32_t) call->flight.id)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* one who waited has gone */

static void
ngx_smtp_verify_call_leave(ngx_smtp_verify_call_t *call)
{
    if (call->done || call->detached || !ngx_queue_empty(&call->waiting)) {
        return;
    }

    if (!call->remote) {

        if (ngx_smtp_verify_flight_wanted(call->cache, &call->flight)) {
            call->poll.handler = ngx_smtp_verify_call_poll_own;
            ngx_add_timer(&call->poll, NGX_SMTP_VERIFY_POLL_OWN);
            return;
        }

        ngx_smtp_verify_count(ABANDONED);
    }

    ngx_smtp_verify_call_free(call);
}


static void
ngx_smtp_verify_call_free(ngx_smtp_verify_call_t *call)
{
    if (call->poll.timer_set) {
        ngx_del_timer(&call->poll);
    }

    if (!call->remote) {
        ngx_smtp_verify_flight_end(call->cache, &call->flight);
    }

    if (call->probe) {
        ngx_smtp_verify_lookup_probe_destroy(call->probe);
    }

    ngx_rbtree_delete(&ngx_smtp_verify_calls, &call->node);
    ngx_free(call);
}


void
ngx_smtp_verify_lookup_refresh(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t                rc;
    ngx_smtp_verify_call_t  *call;

    if (l->busy || ngx_exiting) {
        return;
    }

    l->wait = 0;
    l->variant = ngx_smtp_verify_lookup_variant(l);

    if (ngx_smtp_verify_call_find(l)) {
        return;
    }

    call = ngx_smtp_verify_call_create(l);
    if (call == NULL) {
        return;
    }

    call->detached = 1;

    rc = ngx_smtp_verify_flight_start(call->cache, &call->flight,
                                      NGX_SMTP_VERIFY_CACHE_RESULT, call->key,
                                      call->variant,
                                      l->conf->timeout
                                      + NGX_SMTP_VERIFY_FLIGHT_GRACE);

    if (rc == NGX_BUSY) {
        call->remote = 1;
        ngx_smtp_verify_call_free(call);
        return;
    }

    ngx_smtp_verify_count(REFRESHES);

    if (ngx_smtp_verify_call_start(call, l) != NGX_AGAIN) {
        ngx_smtp_verify_call_free(call);
    }
}


void
ngx_smtp_verify_lookup_cancel(ngx_smtp_verify_lookup_t *l)
{
    ngx_smtp_verify_call_t  *call;

    call = l->call;

    if (call) {
        ngx_smtp_verify_lookup_take(l);
        ngx_smtp_verify_call_leave(call);
    }

    if (l->probe) {
        ngx_smtp_verify_lookup_probe_destroy(l->probe);
        l->probe = NULL;
    }
}


static void
ngx_smtp_verify_lookup_probe_destroy(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_gauge(PROBES, -1);
    ngx_smtp_verify_probe_destroy(p);
}


ngx_int_t
ngx_smtp_verify_lookup_erase(ngx_smtp_verify_conf_t *conf, ngx_str_t *email)
{
    ngx_smtp_verify_cache_t   *cache;
    ngx_smtp_verify_lookup_t   l;

    if (conf->cache == NULL) {
        return NGX_DECLINED;
    }

    cache = ngx_smtp_verify_lookup_cache(conf);

    ngx_memzero(&l, sizeof(ngx_smtp_verify_lookup_t));

    l.conf = conf;
    l.email = *email;

    if (ngx_smtp_verify_lookup_key(&l) != NGX_OK
        || ngx_smtp_verify_cache_erase(cache, NGX_SMTP_VERIFY_CACHE_RESULT,
                                       l.key)
           == 0)
    {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_count(ERASED);

    return NGX_OK;
}


/*
 * A fact about the mailbox or its domain is for everybody; what depends on
 * who asked is for that one, and only where no fact is known.  Whoever waits
 * in another process is told in any case.
 */

static void
ngx_smtp_verify_store(ngx_smtp_verify_conf_t *conf, u_char *key,
    uint32_t variant, ngx_smtp_verify_flight_t *flight,
    ngx_smtp_verify_result_t *result, ngx_log_t *log)
{
    time_t                         valid;
    ngx_uint_t                     ours;
    ngx_smtp_verify_cache_t       *cache;
    ngx_smtp_verify_cache_item_t  *item;

    if (result->reason == SV_INTERRUPTED
        || sv_address_parse(result->email.data, result->email.len,
                            &ngx_smtp_verify_address)
           != SV_ADDRESS_OK)
    {
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

        if (flight == NULL || !ngx_smtp_verify_flight_wanted(cache, flight)) {
            return;
        }

        item->variant = variant ^ NGX_SMTP_VERIFY_HANDOVER;
    }

    item->created = ngx_time();
    item->expires = item->created + valid;
    item->later = ours ? ngx_smtp_verify_store_cut(conf, result) : 0;
    item->tag = flight ? (uint32_t) flight->id : 0;

    item->len = ngx_smtp_verify_record_write(item->data, result,
                                             &ngx_smtp_verify_address,
                                             conf->version);

    (void) ngx_smtp_verify_cache_put(cache, item, log);
}


/* does what is there count for more?  It is not refreshed for a while then */

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

    now = ngx_time();

    if (ngx_smtp_verify_cache_get(cache, item) != NGX_OK
        || item->expires <= now)
    {
        return 0;
    }

    if (result->found == SV_ACCEPTED_UNTESTED
        && ngx_smtp_verify_record_found(item->data, item->len) != SV_ACCEPTED)
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

    valid = ngx_min(conf->valid[result->reason], conf->valid[result->found]);

    if (result->retry_after) {
        valid = ngx_min(valid, (time_t) result->retry_after);
    }

    return valid;
}


/* it is us who were answered so, or the network between */

static ngx_uint_t
ngx_smtp_verify_store_is_ours(ngx_smtp_verify_result_t *result)
{
    return sv_reason_info(result->found)->status == SV_UNKNOWN
           && result->found != SV_UNVERIFIABLE_PROVIDER;
}


/* the budget that a probe without an answer ran out of, else 0 */

static ngx_msec_t
ngx_smtp_verify_store_cut(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result)
{
    return result->status == SV_UNKNOWN && result->elapsed >= conf->timeout
           ? conf->timeout : 0;
}
