
#include "ngx_smtp_verify_probe.h"


static ngx_uint_t ngx_smtp_verify_slot_is_silent(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_reached(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_unreached(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_slot_is_reject(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_count(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_reply(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_tell(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_seen_e seen);


/* the budget is over: NGX_OK where it was over in a line of ours */

ngx_int_t
ngx_smtp_verify_slot_timeout(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if ((p->permit && p->permit->ticket.waiting)
        || (s && s->wait == ngx_smtp_verify_wait_pace))
    {
        ngx_smtp_verify_slot_throttled(p);
        return NGX_OK;
    }

    if (s && s->release && ngx_smtp_verify_session_outstanding(s)
        && ngx_smtp_verify_slot_is_silent(p))
    {
        ngx_smtp_verify_slot_tell(p, ngx_smtp_verify_seen_timeout);
    }

    return NGX_DECLINED;
}


/*
 * Other hosts of a domain's list may leave next to nothing of the budget: who
 * had that alone to answer in has not failed.
 */

static ngx_uint_t
ngx_smtp_verify_slot_is_silent(ngx_smtp_verify_probe_t *p)
{
    ngx_msec_t         timeout, enough;
    ngx_msec_int_t     left;
    ngx_connection_t  *c;

    c = p->session->peer.connection;

    if (c == NULL || !c->read->timer_set) {
        return 0;
    }

    timeout = p->session->conf->read_timeout;
    enough = ngx_min(p->conf->timeout, timeout) / 4 * 3;
    left = (ngx_msec_int_t) (c->read->timer.key - ngx_current_msec);

    return (ngx_msec_int_t) timeout - left >= (ngx_msec_int_t) enough;
}


/* of an event of the session: what it says of the destination */

void
ngx_smtp_verify_slot_event(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s->release == NULL) {
        ngx_smtp_verify_slot_count(p);
        return;
    }

    /* the first that is told of a connection, before anything is asked */

    if (ngx_smtp_verify_session_is_connected(s) && s->transactions == 0) {
        ngx_smtp_verify_slot_reached(p);
        ngx_smtp_verify_slot_tell(p, ngx_smtp_verify_seen_connected);
    }

    switch (s->event) {

    case ngx_smtp_verify_session_ready:
        return;

    case ngx_smtp_verify_session_answered:
    case ngx_smtp_verify_session_unanswered:
        ngx_smtp_verify_slot_reply(p);
        return;

    default: /* failed */
        break;
    }

    if (s->fault == SV_REASON_NONE) {
        ngx_smtp_verify_slot_reply(p);
        return;
    }

    if (ngx_smtp_verify_session_is_reused(s)
        || s->way == ngx_smtp_verify_way_proxy_refused)
    {
        return;
    }

    if (s->way == ngx_smtp_verify_way_no_egress) {
        ngx_smtp_verify_slot_tell(p, ngx_smtp_verify_seen_egress_failed);
        return;
    }

    if (!ngx_smtp_verify_session_is_connected(s)
        && (s->fault == SV_CONNECT_FAILED || s->fault == SV_TIMEOUT))
    {
        ngx_smtp_verify_slot_unreached(p);

    } else if (s->fault == SV_TIMEOUT) {
        ngx_smtp_verify_slot_tell(p, ngx_smtp_verify_seen_timeout);
    }
}


/* a connection that failed at once */

void
ngx_smtp_verify_slot_failed(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s == NULL || s->release == NULL) {
        return;
    }

    if (s->way == ngx_smtp_verify_way_no_egress) {
        ngx_smtp_verify_slot_tell(p, ngx_smtp_verify_seen_egress_failed);
        return;
    }

    ngx_smtp_verify_slot_unreached(p);
}


/* the next address of the host needs its breaker's leave again */

static void
ngx_smtp_verify_slot_reached(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t            i;
    const sv_provider_t  *provider;

    p->hosts[p->imx].admitted = 0;

    provider = p->hosts[p->imx].provider;

    for (i = 0; provider && i < p->mx.nrecords; i++) {
        if (p->hosts[i].provider == provider) {
            p->hosts[i].admitted = 0;
        }
    }
}


/* a host of many addresses fails once, however many of them do */

static void
ngx_smtp_verify_slot_unreached(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_host_t  *host;

    host = &p->hosts[p->imx];

    ngx_smtp_verify_slot_tell(p, host->failed
                              ? ngx_smtp_verify_seen_address_failed
                              : ngx_smtp_verify_seen_connect_failed);

    host->failed = 1;
}


/* receivers count those whom they do not have, and not those who have too much
   mail; nor was anybody looked for where it is us, or the session, who were
   refused */

static ngx_uint_t
ngx_smtp_verify_slot_is_reject(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    return s->event == ngx_smtp_verify_session_answered && s->code >= 500
           && !p->class.recipient && !p->class.session
           && p->class.reason != SV_MAILBOX_FULL
           && sv_reason_info(p->class.reason)->host != SV_HOST_BLOCK
           && sv_reason_info(p->class.reason)->host != SV_HOST_LIMIT;
}


/* what is counted without a throttle zone, too */

static void
ngx_smtp_verify_slot_count(ngx_smtp_verify_probe_t *p)
{
    if (ngx_smtp_verify_slot_is_reject(p)) {
        ngx_smtp_verify_canary_reject(p);
    }
}


void
ngx_smtp_verify_slot_turned(ngx_smtp_verify_probe_t *p)
{
    if (p->session->release) {
        ngx_smtp_verify_slot_tell(p, ngx_smtp_verify_seen_turned);
    }
}


static void
ngx_smtp_verify_slot_reply(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_seen_e      seen;
    ngx_smtp_verify_session_t  *s;

    s = p->session;
    seen = ngx_smtp_verify_seen_answer;

    if (s->code >= 400) {

        if (ngx_smtp_verify_slot_is_reject(p)) {
            ngx_smtp_verify_slot_tell(p, ngx_smtp_verify_seen_reject);
            ngx_smtp_verify_canary_reject(p);

            /* the random recipient's refusal, which nobody waits for */

            if (p->asks == ngx_smtp_verify_asks_both
                && s->answered_rcpt == NGX_SMTP_VERIFY_RCPT_ADDRESS)
            {
                ngx_smtp_verify_slot_tell(p, ngx_smtp_verify_seen_reject);
            }
        }

        switch (sv_reason_info(p->class.reason)->host) {

        case SV_HOST_LIMIT:

            /* a mailbox that gets too much closes its host to no other one */

            if (!p->class.recipient) {
                seen = ngx_smtp_verify_seen_rate_limit;
            }

            break;

        case SV_HOST_BLOCK:
            seen = ngx_smtp_verify_egress_has_other(p)
                   ? ngx_smtp_verify_seen_quarantine
                   : ngx_smtp_verify_seen_block;
            break;

        case SV_HOST_NOTHING:

            /* nor does one that is full, whatever the code */

            break;

        default: /* SV_HOST_CODE */
            if (s->code == 421) {
                seen = ngx_smtp_verify_seen_closing;
            }
        }
    }

    /* what a session has been asked for before may have been of others: if it
       is said of us a fresh session is told, too */

    if (ngx_smtp_verify_session_is_reused(s) && s->stage < SV_STAGE_RCPT
        && (seen == ngx_smtp_verify_seen_closing
            || seen == ngx_smtp_verify_seen_rate_limit))
    {
        return;
    }

    ngx_smtp_verify_slot_tell(p, seen);
}


/* in answer to RCPT it is said of one domain, and anything before that of all
   who ask the host; what is not connected to is where a domain leads */

static void
ngx_smtp_verify_slot_tell(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_seen_e seen)
{
    ngx_uint_t                  domain;
    ngx_smtp_verify_session_t  *s;

    s = p->session;
    domain = (s->stage == SV_STAGE_RCPT
              || !ngx_smtp_verify_session_is_connected(s));

    ngx_smtp_verify_throttle_seen(s->throttle, s->slot, s->limits, seen,
                                  domain ? &p->domain : NULL, &s->log);
}
