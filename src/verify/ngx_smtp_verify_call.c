
#include "ngx_smtp_verify_call.h"


#define NGX_SMTP_VERIFY_POLL          25        /* ms */
#define NGX_SMTP_VERIFY_POLL_OWN      500
#define NGX_SMTP_VERIFY_FLIGHT_GRACE  2000


static void ngx_smtp_verify_lookup_add(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_call_t *call, ngx_uint_t joined);
static void ngx_smtp_verify_lookup_timeout(ngx_event_t *ev);
static void ngx_smtp_verify_lookup_again(ngx_smtp_verify_lookup_t *l);
static ngx_uint_t ngx_smtp_verify_lookup_has_time(ngx_smtp_verify_lookup_t *l,
    ngx_msec_t cut);
static ngx_uint_t ngx_smtp_verify_lookup_has_own(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_call_t *call);
static ngx_smtp_verify_call_t *ngx_smtp_verify_call_find(
    ngx_smtp_verify_lookup_t *l);
static ngx_smtp_verify_call_t *ngx_smtp_verify_call_create(
    ngx_smtp_verify_lookup_t *l);
static ngx_int_t ngx_smtp_verify_call_start(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_call_turn(void *data);
static void ngx_smtp_verify_call_probed(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_call_store(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_call_finish(ngx_smtp_verify_call_t *call);
static void ngx_smtp_verify_call_poll_own(ngx_event_t *ev);
static void ngx_smtp_verify_call_poll(ngx_event_t *ev);
static ngx_int_t ngx_smtp_verify_call_result(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_cache_item_t *item);
static void ngx_smtp_verify_call_free(ngx_smtp_verify_call_t *call);


static ngx_rbtree_t       ngx_smtp_verify_calls;
static ngx_rbtree_node_t  ngx_smtp_verify_calls_sentinel;


ngx_int_t
ngx_smtp_verify_lookup_join(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t                rc;
    ngx_smtp_verify_call_t  *call;

    call = ngx_smtp_verify_call_find(l);

    if (call) {

        if (call->probe && !l->bulk) {
            ngx_smtp_verify_probe_promote(call->probe);
        }

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
        && ngx_smtp_verify_lookup_key(l) == NGX_OK
        && ngx_smtp_verify_lookup_cached(l, l->conf->scope) == NGX_OK)
    {
        ngx_smtp_verify_call_free(call);
        return NGX_OK;
    }

    if (ngx_smtp_verify_lookup_is_busy(l)) {
        ngx_smtp_verify_call_free(call);
        return NGX_BUSY;
    }

    rc = ngx_smtp_verify_turn_take(&call->turn, ngx_smtp_verify_call_turn,
                                   call, &call->client, l->bulk);

    if (rc == NGX_OK) {
        rc = ngx_smtp_verify_call_start(call, l);
    }

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
    l->call = call;

    ngx_queue_insert_tail(&call->waiting, &l->queue);
    ngx_smtp_verify_gauge(WAITING, 1);

    if (!joined) {

        /* whom it waited for came to nothing */

        if (l->status == ngx_smtp_verify_lookup_coalesced) {
            l->status = ngx_smtp_verify_lookup_miss;
        }

        ngx_smtp_verify_lookup_deadline(l, 0);
        return;
    }

    l->status = ngx_smtp_verify_lookup_coalesced;

    ngx_smtp_verify_lookup_deadline(l, l->conf->timeout + l->wait * 1000);
}


void
ngx_smtp_verify_lookup_deadline(ngx_smtp_verify_lookup_t *l,
    ngx_msec_t timeout)
{
    ngx_msec_t  elapsed;

    if (l->budget && (timeout == 0 || l->budget < timeout)) {
        timeout = l->budget;
    }

    if (timeout == 0) {
        return;
    }

    elapsed = ngx_current_msec - l->start;

    l->timer.handler = ngx_smtp_verify_lookup_timeout;
    l->timer.data = l;
    l->timer.log = l->log;

    ngx_add_timer(&l->timer, elapsed < timeout ? timeout - elapsed : 1);
}


void
ngx_smtp_verify_lookup_take(ngx_smtp_verify_lookup_t *l)
{
    ngx_queue_remove(&l->queue);
    l->call = NULL;

    ngx_smtp_verify_gauge(WAITING, -1);

    if (l->timer.timer_set) {
        ngx_del_timer(&l->timer);
    }
}


/*
 * The probe goes on: who asks again finds what came of it.  One that is
 * shared with nobody would have nobody to tell.
 */

static void
ngx_smtp_verify_lookup_timeout(ngx_event_t *ev)
{
    ngx_smtp_verify_call_t    *call;
    ngx_smtp_verify_probe_t   *p;
    ngx_smtp_verify_lookup_t  *l;

    l = ev->data;
    call = l->call;
    p = l->probe;

    if (call) {
        p = call->probe;
        ngx_smtp_verify_lookup_take(l);

        call->detached = (call->probe != NULL);
        ngx_smtp_verify_call_leave(call);
    }

    ngx_smtp_verify_lookup_refuse(l, SV_PENDING, p);
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
        ngx_smtp_verify_lookup_refuse(l, SV_THROTTLED, NULL);
    }
}


/* the one who asked first had less time than this one, and it ran out */

static ngx_uint_t
ngx_smtp_verify_lookup_has_time(ngx_smtp_verify_lookup_t *l, ngx_msec_t cut)
{
    return cut && l->conf->timeout > cut
           && ngx_current_msec - l->start < l->conf->timeout
           && !ngx_exiting;
}


/* the place that was given up was another client's */

static ngx_uint_t
ngx_smtp_verify_lookup_has_own(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_call_t *call)
{
    return !ngx_smtp_verify_client_is(&l->client, &call->client)
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
    call->client = l->client;

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
    ngx_int_t  rc;

    call->probe = ngx_smtp_verify_lookup_probe(l, ngx_smtp_verify_call_probed,
                                               call);
    if (call->probe == NULL) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_count(PROBES);

    rc = ngx_smtp_verify_probe_start(call->probe);

    if (rc == NGX_OK) {
        ngx_smtp_verify_call_store(call, call->probe);
    }

    return rc;
}


/* who waited longest asks, if there is time left for it */

static void
ngx_smtp_verify_call_turn(void *data)
{
    ngx_int_t                  rc;
    ngx_queue_t               *q;
    ngx_smtp_verify_call_t    *call;
    ngx_smtp_verify_lookup_t  *l;

    call = data;

    /* the end of one may be the end of others: it stays until it is looked
       at */

    call->detached = 1;

    while (!ngx_queue_empty(&call->waiting)) {

        q = ngx_queue_head(&call->waiting);
        l = ngx_queue_data(q, ngx_smtp_verify_lookup_t, queue);

        rc = NGX_ERROR;

        if (ngx_smtp_verify_lookup_in_time(l)) {
            rc = ngx_smtp_verify_call_start(call, l);
        }

        if (rc == NGX_AGAIN) {
            call->detached = 0;
            ngx_smtp_verify_call_leave(call);
            return;
        }

        if (rc == NGX_OK) {
            ngx_smtp_verify_call_finish(call);
            return;
        }

        ngx_smtp_verify_lookup_take(l);
        ngx_smtp_verify_lookup_refuse(l, SV_THROTTLED, NULL);
    }

    ngx_smtp_verify_call_free(call);
}


static void
ngx_smtp_verify_call_probed(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_call_t  *call;

    call = ngx_smtp_verify_probe_data(p);

    ngx_smtp_verify_call_store(call, p);
    ngx_smtp_verify_call_finish(call);
}


static void
ngx_smtp_verify_call_store(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_result_t  *result;

    result = ngx_smtp_verify_probe_result(p);

    ngx_smtp_verify_count_latency(&ngx_smtp_verify_counters->probes,
                                  result->elapsed);

    /* another process that waits for it asks by itself */

    if (result->displaced) {
        return;
    }

    ngx_smtp_verify_store(call->conf, call->key, call->variant, &call->flight,
                          result, ngx_cycle->log);
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

        if (ngx_smtp_verify_lookup_has_time(l, cut)
            || (result.displaced
                && ngx_smtp_verify_lookup_has_own(l, call)))
        {
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
            ngx_smtp_verify_lookup_refuse(l, SV_INTERRUPTED, NULL);
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

void
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
    ngx_smtp_verify_turn_leave(&call->turn);

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

    if (ngx_exiting || ngx_smtp_verify_turns()
        || ngx_smtp_verify_share_free(&l->conf->share) != NGX_OK)
    {
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
