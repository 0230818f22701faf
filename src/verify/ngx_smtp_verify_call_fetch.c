
/* What the store behind the cache tells a call, in time or late. */


#include "ngx_smtp_verify_call.h"


static void ngx_smtp_verify_call_fetched(ngx_smtp_verify_fetch_t *fetch);
static void ngx_smtp_verify_call_ask(ngx_smtp_verify_call_t *call);
static void ngx_smtp_verify_call_late(ngx_smtp_verify_call_t *call,
    ngx_uint_t found);
static void ngx_smtp_verify_call_answer(ngx_smtp_verify_call_t *call);


/* Asks the store behind the cache.  Meanwhile the call has a place for its
   probe. */

ngx_int_t
ngx_smtp_verify_call_fetch(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t  rc;

    if (l->bypass || l->fetched || !ngx_smtp_verify_lookup_in_time(l)) {
        return NGX_DECLINED;
    }

    l->fetched = 1;

    rc = ngx_smtp_verify_lookup_fetch(l, &call->fetch,
                                      ngx_smtp_verify_call_fetched, call, 1);

    if (rc == NGX_AGAIN) {
        ngx_smtp_verify_share_enter(&call->admission.share, &call->client,
                                    NGX_SMTP_VERIFY_SHARE_BEGINS);
    }

    return rc;
}


ngx_int_t
ngx_smtp_verify_lookup_fetch(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_fetch_t **fetch, ngx_smtp_verify_fetch_handler_pt handler,
    void *data, ngx_uint_t claims)
{
    ngx_int_t                 rc;
    ngx_msec_t                spent, left;
    ngx_smtp_verify_fetch_t  *f;

    f = ngx_smtp_verify_fetch_create(ngx_smtp_verify_lookup_cache(l->conf),
                                     handler, data);
    if (f == NULL) {
        return NGX_DECLINED;
    }

    spent = ngx_current_msec - l->start;
    left = spent < l->conf->timeout ? l->conf->timeout - spent : 0;

    f->claims = claims;
    f->patience = left / 2;

    ngx_smtp_verify_fetch_name(f, NGX_SMTP_VERIFY_CACHE_RESULT, l->key,
                               l->conf->scope);

    if (l->variant && !l->wait) {
        ngx_smtp_verify_fetch_name(f, NGX_SMTP_VERIFY_CACHE_RESULT, l->key,
                                   l->variant);
    }

    rc = ngx_smtp_verify_fetch_start(f, left);

    if (rc == NGX_AGAIN) {
        *fetch = f;
        return NGX_AGAIN;
    }

    rc = f->found ? NGX_OK : NGX_DECLINED;

    ngx_smtp_verify_fetch_free(f);

    return rc;
}


/* If the answer took too long, the call asks by itself.  It is told of an
   answer that comes later, too. */

static void
ngx_smtp_verify_call_fetched(ngx_smtp_verify_fetch_t *fetch)
{
    ngx_uint_t               found;
    ngx_smtp_verify_call_t  *call;

    call = fetch->data;
    found = fetch->found;
    call->claimed = fetch->claimed;

    if (call->late) {
        ngx_smtp_verify_call_late(call, found);
        return;
    }

    if (fetch->pending) {
        call->late = 1;

    } else {
        ngx_smtp_verify_fetch_free(fetch);
        call->fetch = NULL;
    }

    ngx_smtp_verify_share_leave(&call->admission.share);

    if (found || ngx_smtp_verify_claim_first(&call->claim) == NULL) {
        ngx_smtp_verify_call_answer(call);

    } else {
        ngx_smtp_verify_call_ask(call);
    }
}


static void
ngx_smtp_verify_call_ask(ngx_smtp_verify_call_t *call)
{
    ngx_smtp_verify_lookup_t  *l;

    l = ngx_smtp_verify_claim_first(&call->claim)->data;

    if (ngx_smtp_verify_admission_enter(&call->admission,
                                        ngx_smtp_verify_call_admitted, call,
                                        &call->client, l->bulk + l->job)
        == NGX_OK)
    {
        ngx_smtp_verify_call_admitted(call);
    }
}


/* A conversation that is under way goes on.  A probe that asks nobody just now,
   before its first server or between two of them, is not needed any more. */

static void
ngx_smtp_verify_call_late(ngx_smtp_verify_call_t *call, ngx_uint_t found)
{
    ngx_smtp_verify_fetch_free(call->fetch);
    call->fetch = NULL;

    if (!found
        || (call->probe && ngx_smtp_verify_probe_is_heard(call->probe)))
    {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "smtp verify: a late answer ends the call, probe:%d",
                   call->probe != NULL);

    ngx_smtp_verify_call_answer(call);
}


/* The cache has what the store had: those who wait find it there. */

static void
ngx_smtp_verify_call_answer(ngx_smtp_verify_call_t *call)
{
    ngx_queue_t               *q, waiting;
    ngx_smtp_verify_claim_t   *claim;
    ngx_smtp_verify_lookup_t  *l;

    ngx_smtp_verify_claim_end(&call->claim, &waiting);
    ngx_smtp_verify_call_free(call);

    while (!ngx_queue_empty(&waiting)) {
        q = ngx_queue_head(&waiting);
        claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);
        l = claim->data;

        (void) ngx_smtp_verify_lookup_take(l);

        ngx_smtp_verify_lookup_again(l, ngx_smtp_verify_lookup_fetched(l)
                                        ? NGX_OK
                                        : ngx_smtp_verify_lookup_join(l));
    }
}


/* Did the store behind the cache have a result for this lookup? */

ngx_uint_t
ngx_smtp_verify_lookup_fetched(ngx_smtp_verify_lookup_t *l)
{
    return !l->bypass
           && ngx_smtp_verify_lookup_key(l) == NGX_OK
           && (ngx_smtp_verify_lookup_cached(l, l->conf->scope) == NGX_OK
               || (!l->wait
                   && ngx_smtp_verify_lookup_cached(l, l->variant) == NGX_OK));
}
