
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_keeper.h"
#include "ngx_smtp_verify_probe.h"
#include "ngx_smtp_verify_transcript.h"


static ngx_smtp_verify_session_t *ngx_smtp_verify_dialog_session(
    ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_dialog_anew(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_handler(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_dialog_ready(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_no_utf8(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_failed(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_broke(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_fault(ngx_smtp_verify_probe_t *p);
static const char *ngx_smtp_verify_dialog_broke_tls(
    ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_clear(ngx_smtp_verify_probe_t *p,
    const char *error);
static void ngx_smtp_verify_dialog_blame_tls(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_dialog_refused(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_answered(ngx_smtp_verify_probe_t *p);


static const char  ngx_smtp_verify_dialog_behind[] =
    "session failed after the handshake";


ngx_int_t
ngx_smtp_verify_dialog_start(ngx_smtp_verify_probe_t *p,
    ngx_msec_t connect_timeout)
{
    ngx_int_t                   rc;
    ngx_str_t                  *host;
    ngx_smtp_verify_session_t  *s;

    host = &p->mx.records[p->imx].host;

    s = ngx_smtp_verify_dialog_session(p);
    if (s == NULL) {
        return NGX_ERROR;
    }

    s->handler = ngx_smtp_verify_dialog_handler;
    s->data = p;
    s->connect_timeout = connect_timeout;
    s->rcpt[NGX_SMTP_VERIFY_RCPT_ADDRESS] = p->rcpt;
    s->utf8 = p->utf8;
    s->starttls = ngx_smtp_verify_dane_starttls(p);
    s->stepwise = p->stepwise
                  || ngx_smtp_verify_facts_host_is(p->conf, host,
                                               ngx_smtp_verify_host_stepwise);
    s->transcript = p->result.transcript;
    s->start = p->start;

    p->session = s;
    p->provider = p->hosts[p->imx].provider;

    ngx_smtp_verify_transcript_note(s, NULL);

    ngx_smtp_verify_slot_attach(p, s);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify session: \"%V\" at %V, kept:%d, asked %ui "
                   "before", host, &s->addr_text,
                   ngx_smtp_verify_session_is_reused(s), s->transactions);

    if (ngx_smtp_verify_session_is_reused(s)) {
        ngx_smtp_verify_count(SESSIONS_REUSED);
        p->result.connected = 1;
        ngx_smtp_verify_dialog_ready(p);
        return NGX_OK;
    }

    if (p->result.connected < 0) {
        p->result.connected = 0;
    }

    ngx_smtp_verify_count(SESSIONS_OPENED);

    rc = ngx_smtp_verify_session_connect(s);

    if (rc == NGX_DECLINED && s->way != ngx_smtp_verify_way_no_egress) {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_CONNECT,
                                       SV_CONNECT_FAILED);
    }

    return rc;
}


/* one that was kept, or a new one */

static ngx_smtp_verify_session_t *
ngx_smtp_verify_dialog_session(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t                  *host;
    ngx_addr_t                 *addr;
    ngx_smtp_verify_session_t  *s;

    host = &p->mx.records[p->imx].host;
    addr = &p->addrs[p->iaddr];

    s = p->kept;

    if (s) {
        p->kept = NULL;
        return s;
    }

    if (p->conf->throttle == NULL) {

        s = ngx_smtp_verify_slot_find(p);

        if (s) {
            ngx_smtp_verify_keeper_take(s);
            return s;
        }
    }

    s = ngx_smtp_verify_session_create(host, addr->sockaddr, addr->socklen,
                                       &p->log);
    if (s == NULL) {
        return NULL;
    }

    s->conf = &p->conf->session;
    s->egress = p->egress;
    s->most = p->conf->keep.transactions;
    s->helo = p->helo;
    s->from = p->from;

    if (ngx_smtp_verify_dane_session(p, s) != NGX_OK) {
        ngx_smtp_verify_session_close(s);
        return NULL;
    }

    return s;
}


void
ngx_smtp_verify_dialog_stop(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    if (p->pause.timer_set) {
        ngx_del_timer(&p->pause);
    }

    /* it is this session that was asked for both, or was to prove itself */

    p->eager = 0;
    p->proving = 0;

    s = p->session;

    if (s) {
        p->session = NULL;
        ngx_smtp_verify_keeper(p->conf, s);
    }
}


/*
 * A session that was kept may fail for what was said in it before: what it
 * answered then is asked anew.
 */

static ngx_uint_t
ngx_smtp_verify_dialog_anew(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (!ngx_smtp_verify_session_is_reused(s) || p->fresh || p->accepted) {
        return 0;
    }

    if (s->wait != ngx_smtp_verify_wait_pace) {
        ngx_smtp_verify_dialog_learn(p);
    }

    p->fresh = 1;

    ngx_smtp_verify_route_retry(p);

    return 1;
}


/* was that for what was said before, in the session?  A close, 421, or a reply
   that speaks of the session */

void
ngx_smtp_verify_dialog_learn(ngx_smtp_verify_probe_t *p)
{
    sv_class_t                  class;
    ngx_uint_t                  enough, closed;
    ngx_smtp_verify_session_t  *s;

    s = p->session;
    closed = 1;

    if (s->fault) {
        enough = (s->fault != SV_TIMEOUT
                  && s->trust != ngx_smtp_verify_trust_none);

    } else if (s->code == 421) {
        enough = 1;

    } else {
        (void) ngx_smtp_verify_evidence_classify(p, &class);

        enough = class.session;
        closed = 0;
    }

    if (enough) {
        ngx_smtp_verify_keeper_learn(s, closed);
    }
}


static void
ngx_smtp_verify_dialog_handler(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_probe_t  *p;

    p = s->data;

    if (p->pause.timer_set) {
        ngx_del_timer(&p->pause);
    }

    if (ngx_smtp_verify_session_is_connected(s)) {
        p->result.connected = 1;
    }

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify session: event %d at %s, code %ui, fault %s",
                   s->event, sv_stage_name(s->stage), s->code,
                   sv_reason_info(s->fault)->name);

    ngx_smtp_verify_slot_event(p);

    switch (s->event) {

    case ngx_smtp_verify_session_ready:
        ngx_smtp_verify_dialog_ready(p);
        break;

    case ngx_smtp_verify_session_answered:

        if (p->proving) {
            ngx_smtp_verify_random_proved(p);

        } else if (s->answered_rcpt == NGX_SMTP_VERIFY_RCPT_ADDRESS) {
            ngx_smtp_verify_dialog_answered(p);

        } else {
            ngx_smtp_verify_random_answered(p);
        }

        break;

    case ngx_smtp_verify_session_unanswered:
        ngx_smtp_verify_random_unrefused(p);
        break;

    default: /* failed */
        ngx_smtp_verify_dialog_failed(p);
        break;
    }
}


static void
ngx_smtp_verify_dialog_ready(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t                  messages;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (!ngx_smtp_verify_session_is_reused(s)) {
        s->provider = sv_provider_by_banner(p->conf->providers,
                                            s->banner.data, s->banner.len);
    }

    if (p->provider == NULL) {
        p->provider = s->provider;
    }

    messages = ngx_smtp_verify_limits(p)->messages;

    if (messages) {
        s->most = ngx_min(s->most, messages);
    }

    if (p->random_only) {
        ngx_smtp_verify_random_ask(p);
        return;
    }

    if (p->utf8 && !s->cap_smtputf8) {
        ngx_smtp_verify_dialog_no_utf8(p);
        return;
    }

    p->eager = ngx_smtp_verify_random_eager(p);

    ngx_smtp_verify_session_ask(s, NGX_SMTP_VERIFY_RCPT_ADDRESS,
                                p->eager ? 2 : 1);
}


/* some offer it within TLS alone: in clear it is not known to be absent */

static void
ngx_smtp_verify_dialog_no_utf8(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (!s->cap_starttls || s->peer.connection->ssl) {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_EHLO,
                                       SV_SMTPUTF8_UNSUPPORTED);

    } else if (p->conf->session.starttls == NGX_SMTP_VERIFY_STARTTLS_OFF) {
        ngx_smtp_verify_evidence_egress(p);

    } else {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_STARTTLS, SV_TLS_FAILED);
    }

    ngx_smtp_verify_route_next(p);
}


static void
ngx_smtp_verify_dialog_failed(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s->fault == SV_INTERRUPTED || s->fault == SV_THROTTLED) {
        ngx_smtp_verify_probe_finish(p, s->fault);
        return;
    }

    if (p->proving) {
        ngx_smtp_verify_random_unproved(p);
        return;
    }

    if (ngx_smtp_verify_dialog_anew(p)) {
        return;
    }

    /*
     * A flight that lacks a reply, on a connection that still stands: who
     * knows which?  What a server said before it closed stands.
     */

    if (p->accepted && p->eager && ngx_smtp_verify_session_pipelines(s)
        && s->fault == SV_TIMEOUT)
    {
        p->accepted = 0;
    }

    if (!p->accepted || s->trust == ngx_smtp_verify_trust_none) {
        p->accepted = 0;
        ngx_smtp_verify_dialog_broke(p);
        return;
    }

    if (p->claim.queued) {

        /* another probe asks for the domain; its answer will do */

        ngx_smtp_verify_dialog_stop(p);
        return;
    }

    ngx_smtp_verify_random_unrefused(p);
}


/* a session that failed before the address was accepted: whose fault is it? */

static void
ngx_smtp_verify_dialog_broke(ngx_smtp_verify_probe_t *p)
{
    const char                 *error;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    /* it was us who kept it waiting */

    if (s->wait == ngx_smtp_verify_wait_pace
        && s->trust != ngx_smtp_verify_trust_none)
    {
        ngx_smtp_verify_slot_throttled(p);
        return;
    }

    if (s->way == ngx_smtp_verify_way_no_egress) {
        ngx_smtp_verify_route_other_egress(p);
        return;
    }

    if (s->way == ngx_smtp_verify_way_proxy_refused) {
        ngx_smtp_verify_evidence_egress(p);
        ngx_smtp_verify_route_next(p);
        return;
    }

    if (s->fault == SV_REASON_NONE) {
        ngx_smtp_verify_dialog_refused(p);
        return;
    }

    error = ngx_smtp_verify_dialog_broke_tls(p);

    if (error) {
        ngx_smtp_verify_dialog_clear(p, error);
        return;
    }

    ngx_smtp_verify_dialog_fault(p);
}


/* a fault of the server: it is asked in steps, or another one is asked */

static void
ngx_smtp_verify_dialog_fault(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (ngx_smtp_verify_session_pipelines(s) && s->stage >= SV_STAGE_MAIL
        && s->trust != ngx_smtp_verify_trust_none && !p->stepwise)
    {
        p->stepwise = 1;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    if (s->stage == SV_STAGE_CONNECT && s->fault == SV_TIMEOUT) {
        p->timed_out = 1;
    }

    if (s->starttls == NGX_SMTP_VERIFY_STARTTLS_REQUIRED) {
        ngx_smtp_verify_dialog_blame_tls(s);
    }

    ngx_smtp_verify_evidence_fault(p, s->stage, s->fault);
    ngx_smtp_verify_route_next(p);
}


/*
 * TLS is opportunistic: where it does not work, or the session that it is for
 * does not survive it, the address is asked in clear, once.  Says why, or NULL.
 */

static const char *
ngx_smtp_verify_dialog_broke_tls(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (p->no_tls || s->starttls == NGX_SMTP_VERIFY_STARTTLS_REQUIRED) {
        return NULL;
    }

    if (s->fault == SV_TLS_FAILED) {
        return s->tls.error;
    }

    if (s->fault && s->stage == SV_STAGE_STARTTLS) {
        return s->fault == SV_TIMEOUT ? "STARTTLS was not answered"
                                      : "connection was closed";
    }

    if (s->tls.protocol == NULL) {
        return NULL;
    }

    /* a flight may have been too much: in steps first, and still in TLS */

    if (s->stage == SV_STAGE_EHLO
        || (s->stage == SV_STAGE_MAIL && s->fault
            && s->trust != ngx_smtp_verify_trust_none
            && (p->stepwise || !ngx_smtp_verify_session_pipelines(s))))
    {
        return ngx_smtp_verify_dialog_behind;
    }

    return NULL;
}


static void
ngx_smtp_verify_dialog_clear(ngx_smtp_verify_probe_t *p, const char *error)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify in clear: %s", error);

    p->no_tls = 1;
    p->tls_error = error;

    ngx_smtp_verify_route_retry(p);
}


/* in TLS 1.3 a server may reject our part of the handshake behind its end */

static void
ngx_smtp_verify_dialog_blame_tls(ngx_smtp_verify_session_t *s)
{
    if (s->tls.protocol && s->stage == SV_STAGE_EHLO
        && s->fault == SV_PROTOCOL_ERROR)
    {
        s->fault = SV_TLS_FAILED;
        s->stage = SV_STAGE_STARTTLS;
        s->tls.error = ngx_smtp_verify_dialog_behind;
    }
}


/*
 * The server complains of the order of commands that came in one flight: it
 * offers PIPELINING, and cannot do it.
 */

ngx_uint_t
ngx_smtp_verify_dialog_in_steps(ngx_smtp_verify_probe_t *p, sv_class_t *class)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    return class->session && class->reason != SV_RATE_LIMITED
           && ngx_smtp_verify_session_pipelines(s)
           && s->stage >= SV_STAGE_MAIL
           && s->trust != ngx_smtp_verify_trust_none
           && !p->stepwise;
}


/*
 * A reply before RCPT.  At banner and EHLO another host may do better (RFC
 * 5321 section 5.1), unless it says that it is us who are refused: all of
 * theirs would say the same.
 */

static void
ngx_smtp_verify_dialog_refused(ngx_smtp_verify_probe_t *p)
{
    sv_class_t                  class;
    ngx_uint_t                  ours;
    const char                 *error;
    ngx_smtp_verify_evidence_t  ev;

    (void) ngx_smtp_verify_evidence_classify(p, &class);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify reply: %ui at %s is %s by rule \"%s\"",
                   p->session->code, sv_stage_name(p->session->stage),
                   sv_reason_info(class.reason)->name, class.rule);

    if (ngx_smtp_verify_dialog_in_steps(p, &class)) {
        p->stepwise = 1;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    ngx_smtp_verify_evidence_reply(p, &class, &ev);

    ours = sv_reason_is(ev.reason, SV_IS_OF_SENDER) && class.words;

    if (ours || ev.stage >= SV_STAGE_MAIL) {
        p->result.evidence = ev;
        ngx_smtp_verify_probe_finish(p, ev.reason);
        return;
    }

    ngx_smtp_verify_evidence_save(p, &ev);

    error = (ev.reason == SV_RATE_LIMITED)
            ? NULL : ngx_smtp_verify_dialog_broke_tls(p);

    if (error) {
        ngx_smtp_verify_dialog_clear(p, error);
        return;
    }

    ngx_smtp_verify_route_next(p);
}


static void
ngx_smtp_verify_dialog_answered(ngx_smtp_verify_probe_t *p)
{
    sv_class_t            class;
    sv_reason_e           reason;
    const sv_provider_t  *provider;

    if (ngx_smtp_verify_doubt(p) && ngx_smtp_verify_dialog_anew(p)) {
        return;
    }

    (void) ngx_smtp_verify_evidence_classify(p, &class);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify reply: %ui at %s is %s by rule \"%s\"",
                   p->session->code, sv_stage_name(p->session->stage),
                   sv_reason_info(class.reason)->name, class.rule);

    if (ngx_smtp_verify_dialog_in_steps(p, &class)) {
        p->stepwise = 1;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    if (ngx_smtp_verify_doubt_order(p, &class)) {
        p->fresh = 1;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    ngx_smtp_verify_evidence_reply(p, &class, &p->result.evidence);

    reason = p->result.evidence.reason;
    provider = p->provider;

    if (p->stepwise && !class.session) {
        ngx_smtp_verify_facts_set_host(p->conf, &p->mx.records[p->imx].host,
                                       ngx_smtp_verify_host_stepwise);
    }

    if (reason == SV_ACCEPTED) {
        ngx_smtp_verify_random_accepted(p);
        return;
    }

    if (provider && provider->worth == SV_WORTH_REFUSES_ALL
        && p->session->code / 100 == 5)
    {
        ngx_smtp_verify_probe_finish(p, SV_UNVERIFIABLE_PROVIDER);
        return;
    }

    if (reason == SV_MAILBOX_NOT_FOUND) {
        p->result.is_catch_all = 0;

        if (!ngx_smtp_verify_route_is_backup(p)) {

            if (p->claim.owner) {
                ngx_smtp_verify_facts_settle(p->conf, &p->domain, &p->claim,
                                             NGX_SMTP_VERIFY_NO, 0);

            } else {
                ngx_smtp_verify_facts_not_catch_all(p->conf, &p->domain);
            }
        }
    }

    ngx_smtp_verify_probe_finish(p, reason);
}
