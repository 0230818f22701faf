
#include "ngx_smtp_verify_keep.h"
#include "ngx_smtp_verify_probe.h"


static void ngx_smtp_verify_slot_subject(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_ticket_t *t, ngx_smtp_verify_egress_t *egress);
static ngx_uint_t ngx_smtp_verify_slot_is_foreign(ngx_smtp_verify_probe_t *p,
    ngx_str_t *destination);
static ngx_uint_t ngx_smtp_verify_slot_kept(ngx_smtp_verify_ticket_t *t);
static void ngx_smtp_verify_slot_handler(ngx_smtp_verify_ticket_t *t,
    ngx_int_t rc);
static void ngx_smtp_verify_slot_refused(ngx_smtp_verify_probe_t *p,
    ngx_int_t rc);
static ngx_msec_t ngx_smtp_verify_slot_left(ngx_smtp_verify_probe_t *p);
static ngx_int_t ngx_smtp_verify_slot_pace(ngx_smtp_verify_session_t *s,
    ngx_uint_t n);
static void ngx_smtp_verify_slot_paused(ngx_event_t *ev);
static void ngx_smtp_verify_slot_release(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_slot_reply(ngx_smtp_verify_probe_t *p);
static uint32_t ngx_smtp_verify_slot_whose(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_seen_e seen);
static void ngx_smtp_verify_slot_tell(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_seen_e seen);


/* NGX_OK: the current address may be asked now; else it goes on, or has
   ended, by itself */

ngx_int_t
ngx_smtp_verify_slot_ask(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_ticket_t  *t;

    if (p->conf->throttle == NULL || p->slotted || p->kept) {
        return NGX_OK;
    }

    t = &p->ticket;

    ngx_smtp_verify_slot_subject(p, t, p->egress);

    t->handler = ngx_smtp_verify_slot_handler;
    t->reuse = ngx_smtp_verify_slot_kept;
    t->data = p;
    t->log = &p->log;
    t->bulk = p->bulk;

    if (ngx_smtp_verify_slot_kept(t)) {
        return NGX_OK;
    }

    rc = ngx_smtp_verify_throttle_take(t);

    if (rc == NGX_OK) {
        p->slotted = 1;
        return NGX_OK;
    }

    if (rc != NGX_AGAIN) {
        ngx_smtp_verify_slot_refused(p, rc);
        return NGX_DONE;
    }

    return NGX_AGAIN;
}


/* what is limited: who asks whom, and where */

static void
ngx_smtp_verify_slot_subject(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_ticket_t *t, ngx_smtp_verify_egress_t *egress)
{
    t->throttle = p->conf->throttle->data;
    t->limits = ngx_smtp_verify_limits(p);
    t->sockaddr = p->addrs[p->iaddr].sockaddr;

    ngx_smtp_verify_slot_destination(p, &t->destination);
    t->foreign = ngx_smtp_verify_slot_is_foreign(p, &t->destination);

    t->egress.len = 0;

    if (egress) {
        t->egress = egress->key;
    }
}


/* ms that the destination is closed to the egress for, or the egress to all */

ngx_msec_t
ngx_smtp_verify_slot_shut(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_egress_t *egress)
{
    ngx_smtp_verify_ticket_t  t;

    if (p->conf->throttle == NULL) {
        return 0;
    }

    ngx_smtp_verify_slot_subject(p, &t, egress);

    return ngx_smtp_verify_throttle_shut(&t);
}


/* the provider, by its MX and not by what a banner says; else the first of
   the best MX hosts by name */

void
ngx_smtp_verify_slot_destination(ngx_smtp_verify_probe_t *p, ngx_str_t *name)
{
    ngx_str_t                    *host;
    ngx_uint_t                    i;
    ngx_smtp_verify_mx_record_t  *records;

    if (p->provider) {
        name->data = (u_char *) p->provider->id.data;
        name->len = p->provider->id.len;
        return;
    }

    records = p->mx.records;
    *name = records[0].host;

    for (i = 1; i < p->mx.nrecords; i++) {

        if (records[i].preference != records[0].preference) {
            break;
        }

        host = &records[i].host;

        if (ngx_memn2cmp(host->data, name->data, host->len, name->len) < 0) {
            *name = *host;
        }
    }
}


/* is the current host another one than those that the destination is for? */

static ngx_uint_t
ngx_smtp_verify_slot_is_foreign(ngx_smtp_verify_probe_t *p,
    ngx_str_t *destination)
{
    ngx_str_t  *host;

    host = &p->mx.records[p->imx].host;

    if (p->provider) {
        return sv_provider_by_mx(p->conf->providers, host->data, host->len)
               != p->provider;
    }

    return host->len != destination->len
           || ngx_memcmp(host->data, destination->data, host->len) != 0;
}


/* a session that is kept has a slot already */

static ngx_uint_t
ngx_smtp_verify_slot_kept(ngx_smtp_verify_ticket_t *t)
{
    ngx_smtp_verify_probe_t    *p;
    ngx_smtp_verify_session_t  *s;

    p = t->data;

    s = ngx_smtp_verify_slot_find(p);

    if (s == NULL
        || !ngx_smtp_verify_throttle_reuse(s->throttle, s->slot, s->limits))
    {
        return 0;
    }

    ngx_smtp_verify_keep_take(s);
    p->kept = s;

    return 1;
}


/* with room for the random recipient, where that may have to be asked */

ngx_smtp_verify_session_t *
ngx_smtp_verify_slot_find(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t  n;

    if (p->conf->keep.transactions == 0
        || p->fresh || p->random_only || p->stepwise || p->no_tls)
    {
        return NULL;
    }

    n = (p->conf->catch_all != NGX_SMTP_VERIFY_CATCH_ALL_OFF
         && ngx_smtp_verify_random_known(p) == NGX_SMTP_VERIFY_UNKNOWN)
        ? 2 : 1;

    return ngx_smtp_verify_keep_find(p->conf, &p->addrs[p->iaddr], p->egress,
                                     &p->mx.records[p->imx].host, &p->helo,
                                     &p->from, n);
}


static void
ngx_smtp_verify_slot_handler(ngx_smtp_verify_ticket_t *t, ngx_int_t rc)
{
    ngx_smtp_verify_probe_t  *p;

    p = t->data;

    if (rc == NGX_OK) {
        p->slotted = 1;

    } else if (rc != NGX_DONE) {
        ngx_smtp_verify_slot_refused(p, rc);
        return;
    }

    ngx_smtp_verify_route_connect(p);
}


/* what was found out before stands */

static void
ngx_smtp_verify_slot_refused(ngx_smtp_verify_probe_t *p, ngx_int_t rc)
{
    ngx_smtp_verify_evidence_t  *ev;

    if (rc == NGX_DECLINED && ngx_smtp_verify_egress_open(p) == NGX_OK) {
        ngx_smtp_verify_route_connect(p);
        return;
    }

    if (p->accepted && !ngx_smtp_verify_route_is_backup(p)) {
        ngx_smtp_verify_probe_finish(p, SV_ACCEPTED_UNTESTED);
        return;
    }

    ev = &p->result.evidence;

    ngx_memzero(ev, sizeof(ngx_smtp_verify_evidence_t));

    ev->stage = p->session ? p->session->stage : SV_STAGE_CONNECT;
    ev->mx_host = p->mx.records[p->imx].host;
    ev->retry_after = p->ticket.retry_after;
    ev->reason = (rc == NGX_DECLINED) ? SV_CIRCUIT_OPEN : SV_THROTTLED;

    ngx_smtp_verify_probe_finish(p, ev->reason);
}


/* the session has the slot from now on; one that was kept has one */

void
ngx_smtp_verify_slot_attach(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_session_t *s)
{
    if (!p->slotted) {
        return;
    }

    p->slotted = 0;

    if (s->release) {
        ngx_smtp_verify_throttle_release(p->ticket.throttle, p->ticket.slot);
        return;
    }

    s->release = ngx_smtp_verify_slot_release;
    s->pace = ngx_smtp_verify_slot_pace;
    s->throttle = p->ticket.throttle;
    s->limits = p->ticket.limits;
    s->slot = p->ticket.slot;
}


/* one more recipient on the session, together with the address, or behind it:
   as ngx_smtp_verify_throttle_more() */

ngx_int_t
ngx_smtp_verify_slot_more(ngx_smtp_verify_probe_t *p, ngx_uint_t together)
{
    ngx_smtp_verify_limits_t   *limits;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s->release == NULL) {
        return NGX_OK;
    }

    limits = s->limits;

    if (together && limits->rate && limits->burst == 0) {
        return NGX_DECLINED;
    }

    return ngx_smtp_verify_throttle_more(s->throttle, s->slot, limits,
                                         together
                                         ? 0 : ngx_smtp_verify_slot_left(p));
}


static ngx_msec_t
ngx_smtp_verify_slot_left(ngx_smtp_verify_probe_t *p)
{
    ngx_msec_int_t  left;

    left = (ngx_msec_int_t) (p->budget.timer.key - ngx_current_msec);

    return ngx_max(left, 0);
}


/* its recipients are about to be sent: it waits, or has ended */

static ngx_int_t
ngx_smtp_verify_slot_pace(ngx_smtp_verify_session_t *s, ngx_uint_t n)
{
    ngx_int_t                 rc;
    ngx_msec_t                wait;
    ngx_smtp_verify_probe_t  *p;

    p = s->data;
    wait = ngx_smtp_verify_slot_left(p);

    rc = ngx_smtp_verify_throttle_send(s->throttle, s->slot, s->limits, n,
                                       &wait);
    if (rc == NGX_OK) {
        return NGX_OK;
    }

    p->ticket.retry_after = wait / 1000 + 1;

    if (rc == NGX_BUSY) {
        ngx_smtp_verify_slot_throttled(p);
        return NGX_DONE;
    }

    p->pause.handler = ngx_smtp_verify_slot_paused;
    p->pause.data = p;
    p->pause.log = &p->log;

    ngx_add_timer(&p->pause, wait);

    return NGX_AGAIN;
}


static void
ngx_smtp_verify_slot_paused(ngx_event_t *ev)
{
    ngx_smtp_verify_probe_t  *p;

    p = ev->data;

    ngx_smtp_verify_session_resume(p->session);
}


/* by a limit of ours */

void
ngx_smtp_verify_slot_throttled(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_slot_refused(p, NGX_BUSY);
}


void
ngx_smtp_verify_slot_stop(ngx_smtp_verify_probe_t *p)
{
    if (p->kept) {
        ngx_smtp_verify_session_quit(p->kept);
        p->kept = NULL;
    }

    if (p->slotted) {
        p->slotted = 0;
        ngx_smtp_verify_throttle_release(p->ticket.throttle, p->ticket.slot);
        return;
    }

    ngx_smtp_verify_throttle_leave(&p->ticket);
}


static void
ngx_smtp_verify_slot_release(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_throttle_release(s->throttle, s->slot);
}


/* the budget is over: NGX_OK where it was over in a line of ours */

ngx_int_t
ngx_smtp_verify_slot_timeout(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (p->ticket.waiting || (s && s->paced)) {
        ngx_smtp_verify_slot_throttled(p);
        return NGX_OK;
    }

    if (s && s->release && s->nanswered < s->nsent) {
        ngx_smtp_verify_slot_tell(s, ngx_smtp_verify_seen_timeout);
    }

    return NGX_DECLINED;
}


/* of an event of the session: what it says of the destination */

void
ngx_smtp_verify_slot_event(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s->release == NULL) {
        return;
    }

    if (s->connected && !s->counted) {
        s->counted = 1;
        ngx_smtp_verify_slot_tell(s, ngx_smtp_verify_seen_connected);
    }

    switch (s->event) {

    case ngx_smtp_verify_session_ready:
        return;

    case ngx_smtp_verify_session_answered:

        if (s->code >= 500 && !s->unanswered) {
            ngx_smtp_verify_slot_tell(s, ngx_smtp_verify_seen_reject);
        }

        ngx_smtp_verify_slot_reply(p);
        return;

    default: /* failed */
        break;
    }

    if (s->fault == SV_REASON_NONE) {
        ngx_smtp_verify_slot_reply(p);
        return;
    }

    if (s->reused) {
        return;
    }

    if (s->egress_refused) {
        return;
    }

    if (s->egress_failed) {
        ngx_smtp_verify_slot_tell(s, ngx_smtp_verify_seen_egress_failed);
        return;
    }

    if (!s->connected
        && (s->fault == SV_CONNECT_FAILED || s->fault == SV_TIMEOUT))
    {
        ngx_smtp_verify_slot_tell(s, ngx_smtp_verify_seen_connect_failed);

    } else if (s->fault == SV_TIMEOUT) {
        ngx_smtp_verify_slot_tell(s, ngx_smtp_verify_seen_timeout);
    }
}


/* a connection that failed at once */

void
ngx_smtp_verify_slot_failed(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s && s->release) {
        ngx_smtp_verify_slot_tell(s, s->egress_failed
                                     ? ngx_smtp_verify_seen_egress_failed
                                     : ngx_smtp_verify_seen_connect_failed);
    }
}


static void
ngx_smtp_verify_slot_reply(ngx_smtp_verify_probe_t *p)
{
    sv_class_t                  class;
    ngx_smtp_verify_seen_e      seen;
    ngx_smtp_verify_session_t  *s;

    s = p->session;
    seen = ngx_smtp_verify_seen_answer;

    if (s->code >= 400) {

        switch (ngx_smtp_verify_evidence_classify(p, &class)) {

        case SV_RATE_LIMITED:
            seen = ngx_smtp_verify_seen_rate_limit;
            break;

        case SV_SENDER_BLOCKED:
            seen = ngx_smtp_verify_egress_has_other(p)
                   ? ngx_smtp_verify_seen_quarantine
                   : ngx_smtp_verify_seen_block;
            break;

        default:
            if (s->code == 421) {
                seen = ngx_smtp_verify_seen_closing;
            }
        }
    }

    ngx_smtp_verify_throttle_seen(s->throttle, s->slot, s->limits, seen,
                                  ngx_smtp_verify_slot_whose(p, seen),
                                  &s->log);
}


/* a customer of a provider's may block us from its own domain alone: that
   counts once, until another one's does */

static uint32_t
ngx_smtp_verify_slot_whose(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_seen_e seen)
{
    if ((seen != ngx_smtp_verify_seen_block
         && seen != ngx_smtp_verify_seen_quarantine)
        || p->provider == NULL || p->session->stage != SV_STAGE_RCPT)
    {
        return 0;
    }

    return ngx_crc32_long(p->domain.data, p->domain.len) | 1;
}


static void
ngx_smtp_verify_slot_tell(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_seen_e seen)
{
    ngx_smtp_verify_throttle_seen(s->throttle, s->slot, s->limits, seen, 0,
                                  &s->log);
}
