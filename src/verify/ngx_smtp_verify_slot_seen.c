
#include "ngx_smtp_verify_probe.h"


static ngx_uint_t ngx_smtp_verify_slot_is_silent(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_reached(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_unreached(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_slot_is_reject(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_count(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_reply(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_slot_tell(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_seen_e seen);


/* The budget is over.  NGX_OK: it was spent in one of our own queues. */

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
 * Other hosts of a domain may have used nearly all of the budget.  A server
 * that had only the rest of it to answer has not failed.
 */

static ngx_uint_t
ngx_smtp_verify_slot_is_silent(ngx_smtp_verify_probe_t *p)
{
    ngx_msec_t         timeout, enough;
    ngx_msec_int_t     left;
    ngx_connection_t  *c;

    c = p->session->connection;

    if (c == NULL || !c->read->timer_set) {
        return 0;
    }

    timeout = p->session->conf->read_timeout;
    enough = ngx_min(p->conf->timeout, timeout) / 4 * 3;
    left = (ngx_msec_int_t) (c->read->timer.key - ngx_current_msec);

    return (ngx_msec_int_t) timeout - left >= (ngx_msec_int_t) enough;
}


/* tells the throttle what an event of the session says about the destination */

void
ngx_smtp_verify_slot_event(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s->release == NULL) {
        ngx_smtp_verify_slot_count(p);
        return;
    }

    /* the first event after connecting, before anything is asked */

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

    default: /* session_failed */
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


/* a connection failed at once */

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


/* The next address of the host needs the breaker's permission again. */

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


/* A host with many addresses fails once, however many of them fail. */

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


/* Is it a refused recipient that receivers count?  They count unknown
   mailboxes, but not full ones.  If the server refused us or the session, it
   has not looked for the mailbox. */

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


/* counts what is counted without a throttle zone, too */

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

            /* the refusal of the random recipient, whose reply is not
               awaited */

            if (p->asks == ngx_smtp_verify_asks_both
                && s->answered_rcpt == NGX_SMTP_VERIFY_RCPT_ADDRESS)
            {
                ngx_smtp_verify_slot_tell(p, ngx_smtp_verify_seen_reject);
            }
        }

        switch (sv_reason_info(p->class.reason)->host) {

        case SV_HOST_LIMIT:

            /* a mailbox that gets too much mail does not close its host to
               others */

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

            /* nor does a full mailbox, whatever the code */

            break;

        default: /* SV_HOST_CODE */
            if (s->code == 421) {
                seen = ngx_smtp_verify_seen_closing;
            }
        }
    }

    /* others may be the cause of what a reused session is told; if it is about
       us, a fresh session will be told, too */

    if (ngx_smtp_verify_session_is_reused(s) && s->stage < SV_STAGE_RCPT
        && (seen == ngx_smtp_verify_seen_closing
            || seen == ngx_smtp_verify_seen_rate_limit))
    {
        return;
    }

    ngx_smtp_verify_slot_tell(p, seen);
}


/* A reply to RCPT, and a failure to connect, only concern the domain, which may
   lead anywhere.  Any reply before RCPT concerns all who ask the host. */

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
