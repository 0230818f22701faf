
#include "ngx_smtp_verify_call.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_POLL_OWN  500       /* ms */


static ngx_int_t ngx_smtp_verify_call_spared(ngx_smtp_verify_lookup_t *l);
static ngx_smtp_verify_call_t *ngx_smtp_verify_call_create(
    ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_call_release(ngx_smtp_verify_call_t *call);
static ngx_int_t ngx_smtp_verify_call_start(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_call_probed(void *data,
    ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_call_store(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_call_finish(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_result_t *known);
static void ngx_smtp_verify_call_poll(ngx_event_t *ev);


/* the claim belongs to the lookup, so it has to ask */

ngx_int_t
ngx_smtp_verify_call_begin(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t                rc;
    ngx_smtp_verify_call_t  *call;

    rc = ngx_smtp_verify_call_spared(l);

    call = (rc == NGX_DECLINED) ? ngx_smtp_verify_call_create(l) : NULL;

    if (call == NULL) {
        ngx_smtp_verify_claim_leave(&l->claim);
        return rc == NGX_DECLINED ? NGX_ERROR : rc;
    }

    ngx_smtp_verify_claim_pass(&l->claim, &call->claim);

    rc = ngx_smtp_verify_call_fetch(call, l);

    if (rc == NGX_OK && ngx_smtp_verify_lookup_fetched(l)) {
        ngx_smtp_verify_call_free(call);
        return NGX_OK;
    }

    if (rc != NGX_AGAIN) {
        rc = ngx_smtp_verify_admission_enter(&call->admission,
                                             ngx_smtp_verify_call_admitted,
                                             call, &call->client,
                                             l->bulk + l->job);
    }

    if (rc == NGX_OK) {
        rc = ngx_smtp_verify_call_start(call, l);
    }

    if (rc == NGX_AGAIN) {
        ngx_smtp_verify_claim_join(&l->claim, &call->claim);
        ngx_smtp_verify_lookup_add(l, 0);
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


/* Returns NGX_OK if another call has just ended and its result answers the
   lookup, NGX_BUSY if there is no room for a call; otherwise NGX_DECLINED. */

static ngx_int_t
ngx_smtp_verify_call_spared(ngx_smtp_verify_lookup_t *l)
{
    if (!l->bypass
        && l->seen != ngx_smtp_verify_cache_state(
                                        ngx_smtp_verify_lookup_cache(l->conf))
        && ngx_smtp_verify_lookup_key(l) == NGX_OK
        && ngx_smtp_verify_lookup_cached(l, l->conf->scope) == NGX_OK)
    {
        return NGX_OK;
    }

    return ngx_smtp_verify_lookup_is_busy(l) ? NGX_BUSY : NGX_DECLINED;
}


static ngx_smtp_verify_call_t *
ngx_smtp_verify_call_create(ngx_smtp_verify_lookup_t *l)
{
    ngx_smtp_verify_call_t  *call;

    call = ngx_calloc(sizeof(ngx_smtp_verify_call_t), l->log);
    if (call == NULL) {
        return NULL;
    }

    call->claim.data = call;
    call->conf = l->conf;
    call->variant = l->variant;
    call->since = l->since;
    call->client = l->client;
    call->job = l->job;

    ngx_memcpy(call->key, l->key, SV_STORE_KEY);

    call->poll.handler = ngx_smtp_verify_call_poll;
    call->poll.data = call;
    call->poll.log = ngx_cycle->log;
    call->poll.cancelable = 1;

    return call;
}


/* Returns the same as ngx_smtp_verify_probe_start(). */

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
        ngx_smtp_verify_call_store(call,
                                   ngx_smtp_verify_probe_result(call->probe));
    }

    return rc;
}


/* The lookup that has waited longest asks, if it has time left. */

void
ngx_smtp_verify_call_admitted(void *data)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_call_t    *call;
    ngx_smtp_verify_claim_t   *first;
    ngx_smtp_verify_lookup_t  *l;

    call = data;

    /* the end of one lookup may end others: keep the call until it is looked at
       again */

    call->detached = 1;

    while ((first = ngx_smtp_verify_claim_first(&call->claim)) != NULL) {

        l = first->data;
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
            ngx_smtp_verify_call_finish(call,
                                   ngx_smtp_verify_probe_result(call->probe));
            return;
        }

        (void) ngx_smtp_verify_lookup_take(l);
        ngx_smtp_verify_lookup_refuse(l, SV_THROTTLED, NULL);
    }

    ngx_smtp_verify_call_free(call);
}


static void
ngx_smtp_verify_call_probed(void *data, ngx_smtp_verify_result_t *result)
{
    ngx_smtp_verify_call_store(data, result);
    ngx_smtp_verify_call_finish(data, result);
}


static void
ngx_smtp_verify_call_store(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_result_t *result)
{
    ngx_smtp_verify_lookup_count(result);

    /* another process that waits for it asks by itself */

    if (result->displaced || (call->job && result->unproved)) {
        return;
    }

    ngx_smtp_verify_store(call->conf, call->key, call->variant, call->since,
                          ngx_smtp_verify_claim_shared(&call->claim), result,
                          ngx_cycle->log);
}


/* A handler may end other lookups that wait, or ask for the same address
   again. */

static void
ngx_smtp_verify_call_finish(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_result_t *known)
{
    ngx_msec_t                 cut;
    ngx_queue_t               *q, waiting, again;
    ngx_smtp_verify_claim_t   *claim;
    ngx_smtp_verify_lookup_t  *l;
    ngx_smtp_verify_result_t   result;

    ngx_smtp_verify_claim_end(&call->claim, &waiting);

    if (call->poll.timer_set) {
        ngx_del_timer(&call->poll);
    }

    cut = ngx_smtp_verify_store_cut(call->conf, known);

    ngx_queue_init(&again);

    while (!ngx_queue_empty(&waiting)) {

        q = ngx_queue_head(&waiting);
        claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);
        l = claim->data;

        result = *known;

        if (ngx_smtp_verify_lookup_has_time(l, cut)
            || (result.displaced
                && ngx_smtp_verify_lookup_has_own(l, call)))
        {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&again, q);
            continue;
        }

        (void) ngx_smtp_verify_lookup_take(l);
        ngx_smtp_verify_lookup_told(l, &result);

        l->handler(l);
    }

    while (!ngx_queue_empty(&again)) {
        q = ngx_queue_head(&again);
        claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);
        l = claim->data;

        (void) ngx_smtp_verify_lookup_take(l);
        ngx_smtp_verify_lookup_again(l, ngx_smtp_verify_lookup_join(l));
    }

    if (call->fetch) {
        ngx_smtp_verify_fetch_free(call->fetch);
    }

    ngx_smtp_verify_call_release(call);
    ngx_smtp_verify_lookup_probe_destroy(call->probe);
    sv_wipe_free(call);
}


/* Other machines that wait for the same address go on. */

static void
ngx_smtp_verify_call_release(ngx_smtp_verify_call_t *call)
{
    if (call->claimed) {
        ngx_smtp_verify_fetch_release(
                                    ngx_smtp_verify_lookup_cache(call->conf),
                                    NGX_SMTP_VERIFY_CACHE_RESULT, call->key,
                                    call->conf->scope);
    }
}


/* Nobody waits in this worker any more.  Does another process? */

static void
ngx_smtp_verify_call_poll(ngx_event_t *ev)
{
    ngx_smtp_verify_call_t  *call;

    call = ev->data;

    ngx_smtp_verify_call_leave(call);
}


/* A lookup that waited has gone. */

void
ngx_smtp_verify_call_leave(ngx_smtp_verify_call_t *call)
{
    if (call->detached || ngx_smtp_verify_claim_first(&call->claim)) {
        return;
    }

    if (ngx_smtp_verify_claim_is_wanted(&call->claim)) {
        ngx_add_timer(&call->poll, NGX_SMTP_VERIFY_POLL_OWN);
        return;
    }

    ngx_smtp_verify_count(ABANDONED);

    ngx_smtp_verify_call_free(call);
}


void
ngx_smtp_verify_call_free(ngx_smtp_verify_call_t *call)
{
    ngx_smtp_verify_admission_leave(&call->admission);
    ngx_smtp_verify_share_leave(&call->admission.share);
    ngx_smtp_verify_fetch_free(call->fetch);

    if (call->poll.timer_set) {
        ngx_del_timer(&call->poll);
    }

    ngx_smtp_verify_claim_leave(&call->claim);
    ngx_smtp_verify_call_release(call);

    if (call->probe) {
        ngx_smtp_verify_lookup_probe_destroy(call->probe);
    }

    sv_wipe_free(call);
}


void
ngx_smtp_verify_lookup_refresh(ngx_smtp_verify_lookup_t *l)
{
    ngx_smtp_verify_call_t  *call;

    if (ngx_exiting || ngx_smtp_verify_admission_waiting()
        || ngx_smtp_verify_share_free(&l->conf->share) != NGX_OK)
    {
        return;
    }

    l->wait = 0;
    l->variant = ngx_smtp_verify_lookup_variant(l);

    call = ngx_smtp_verify_call_create(l);
    if (call == NULL) {
        return;
    }

    call->detached = 1;

    if (ngx_smtp_verify_call_claim(l, &call->claim) != NGX_OK) {
        ngx_smtp_verify_call_free(call);
        return;
    }

    ngx_smtp_verify_count(REFRESHES);

    if (ngx_smtp_verify_call_start(call, l) != NGX_AGAIN) {
        ngx_smtp_verify_call_free(call);
    }
}
