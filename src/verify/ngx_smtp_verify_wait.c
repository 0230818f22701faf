
#include "ngx_smtp_verify_call.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_FLIGHT_GRACE  2000      /* ms */


static void ngx_smtp_verify_lookup_unwait(ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_lookup_over(ngx_smtp_verify_claim_t *claim);
static ngx_int_t ngx_smtp_verify_lookup_handed(ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_lookup_timeout(ngx_event_t *ev);
static ngx_smtp_verify_call_t *ngx_smtp_verify_lookup_call(
    ngx_smtp_verify_lookup_t *l);


ngx_int_t
ngx_smtp_verify_lookup_join(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t                rc;
    ngx_smtp_verify_call_t  *call;

    l->claim.handler = ngx_smtp_verify_lookup_over;
    l->claim.data = l;

    rc = ngx_smtp_verify_call_claim(l, &l->claim);

    if (rc == NGX_OK) {
        return ngx_smtp_verify_call_begin(l);
    }

    if (rc == NGX_AGAIN) {

        call = ngx_smtp_verify_lookup_call(l);

        if (call && call->probe && !l->job) {
            ngx_smtp_verify_probe_promote(call->probe, l->bulk);
        }

        ngx_smtp_verify_lookup_add(l, 1);
    }

    return rc;
}


/* A lookup that waits for the end of greylisting has a claim of its own. */

ngx_int_t
ngx_smtp_verify_call_claim(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_claim_t *claim)
{
    return ngx_smtp_verify_claim(claim, ngx_smtp_verify_lookup_cache(l->conf),
                                 NGX_SMTP_VERIFY_CACHE_RESULT, l->key,
                                 l->variant ^ (l->wait != 0),
                                 l->conf->timeout + l->wait * 1000
                                 + NGX_SMTP_VERIFY_FLIGHT_GRACE);
}


/* A lookup that joined has a deadline of its own.  The deadline of the first
   one is the budget of its probe. */

void
ngx_smtp_verify_lookup_add(ngx_smtp_verify_lookup_t *l, ngx_uint_t joined)
{
    l->waits = 1;

    ngx_smtp_verify_gauge(WAITING, 1);

    if (!joined) {

        /* what it had waited for has failed */

        if (l->status == ngx_smtp_verify_lookup_coalesced) {
            l->status = ngx_smtp_verify_lookup_miss;
        }

        ngx_smtp_verify_lookup_deadline(l, 0);
        return;
    }

    l->status = ngx_smtp_verify_lookup_coalesced;

    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, l->log, 0,
                   "smtp verify share: joins the probe of another question");

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


ngx_smtp_verify_call_t *
ngx_smtp_verify_lookup_take(ngx_smtp_verify_lookup_t *l)
{
    ngx_smtp_verify_call_t  *call;

    call = ngx_smtp_verify_lookup_call(l);

    ngx_smtp_verify_claim_leave(&l->claim);
    ngx_smtp_verify_lookup_unwait(l);

    return call;
}


static void
ngx_smtp_verify_lookup_unwait(ngx_smtp_verify_lookup_t *l)
{
    l->waits = 0;

    ngx_smtp_verify_gauge(WAITING, -1);

    if (l->timer.timer_set) {
        ngx_del_timer(&l->timer);
    }
}


/* The call that it waits for; NULL: none, or one of another process. */

static ngx_smtp_verify_call_t *
ngx_smtp_verify_lookup_call(ngx_smtp_verify_lookup_t *l)
{
    ngx_smtp_verify_claim_t  *owner;

    owner = ngx_smtp_verify_claim_owner(&l->claim);

    return owner && owner != &l->claim ? owner->data : NULL;
}


/*
 * The probe goes on, so that whoever asks again finds the result.  A probe that
 * is not shared is ended.
 */

static void
ngx_smtp_verify_lookup_timeout(ngx_event_t *ev)
{
    ngx_smtp_verify_call_t    *call;
    ngx_smtp_verify_probe_t   *p;
    ngx_smtp_verify_lookup_t  *l;

    l = ev->data;
    p = l->probe;

    call = l->waits ? ngx_smtp_verify_lookup_take(l) : NULL;

    if (call) {
        p = call->probe;
        call->detached = (p != NULL);
        ngx_smtp_verify_call_leave(call);
    }

    ngx_smtp_verify_lookup_refuse(l, SV_PENDING, p);
}


/* another process has asked, or has given up */

static void
ngx_smtp_verify_lookup_over(ngx_smtp_verify_claim_t *claim)
{
    ngx_smtp_verify_lookup_t  *l;

    l = claim->data;

    if (claim->owner) {
        ngx_smtp_verify_lookup_unwait(l);
        ngx_smtp_verify_lookup_again(l, ngx_smtp_verify_call_begin(l));
        return;
    }

    (void) ngx_smtp_verify_lookup_take(l);

    if (claim->rc == NGX_ABORT) {
        ngx_smtp_verify_lookup_refuse(l, SV_INTERRUPTED, NULL);
        return;
    }

    if (ngx_smtp_verify_lookup_handed(l) != NGX_OK) {
        ngx_smtp_verify_lookup_again(l, ngx_smtp_verify_lookup_join(l));
        return;
    }

    l->result->age = 0;
    ngx_smtp_verify_lookup_told(l, l->result);

    l->handler(l);
}


/* Reads what the other process left: a fact, a handover, or a result for those
   who ask in the same way. */

static ngx_int_t
ngx_smtp_verify_lookup_handed(ngx_smtp_verify_lookup_t *l)
{
    uint32_t                                        variants[3];
    ngx_uint_t                                      i;
    ngx_smtp_verify_cache_t                        *cache;
    static sv_scratch ngx_smtp_verify_cache_item_t  item;

    cache = ngx_smtp_verify_lookup_cache(l->conf);

    variants[0] = l->variant ^ NGX_SMTP_VERIFY_HANDOVER;
    variants[1] = l->conf->scope;
    variants[2] = l->variant;

    item.kind = NGX_SMTP_VERIFY_CACHE_RESULT;
    ngx_memcpy(item.key, l->key, SV_STORE_KEY);

    for (i = 0; i < 3; i++) {

        item.variant = variants[i];

        if (ngx_smtp_verify_cache_get(cache, &item) == NGX_OK
            && item.tag == l->claim.id)
        {
            break;
        }
    }

    if (i == 3
        || (item.variant != l->conf->scope
            && ngx_smtp_verify_lookup_has_time(l, item.later))
        || ngx_smtp_verify_lookup_key(l) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_smtp_verify_lookup_read(l, &item);
}


/* what it waited for has failed, and it has started again */

void
ngx_smtp_verify_lookup_again(ngx_smtp_verify_lookup_t *l, ngx_int_t rc)
{
    if (rc == NGX_OK) {
        l->handler(l);

    } else if (rc != NGX_AGAIN) {
        ngx_smtp_verify_lookup_refuse(l, SV_THROTTLED, NULL);
    }
}


/* the lookup that asked first had less time, which is over now */

ngx_uint_t
ngx_smtp_verify_lookup_has_time(ngx_smtp_verify_lookup_t *l, ngx_msec_t cut)
{
    return cut && l->conf->timeout > cut
           && ngx_current_msec - l->start < l->conf->timeout
           && !ngx_exiting;
}


/* the place that was given up belonged to another client */

ngx_uint_t
ngx_smtp_verify_lookup_has_own(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_call_t *call)
{
    return !ngx_smtp_verify_client_is(&l->client, &call->client)
           && ngx_current_msec - l->start < l->conf->timeout
           && !ngx_exiting;
}
