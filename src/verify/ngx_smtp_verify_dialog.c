
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_keeper.h"
#include "ngx_smtp_verify_probe.h"
#include "ngx_smtp_verify_transcript.h"


static ngx_uint_t ngx_smtp_verify_dialog_needs_utf8(ngx_str_t *rcpt);
static ngx_smtp_verify_session_t *ngx_smtp_verify_dialog_session(
    ngx_smtp_verify_probe_t *p);
static ngx_smtp_verify_session_t *ngx_smtp_verify_dialog_part(
    ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_dialog_anew(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_handler(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_dialog_ready(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_ready_alone(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_greeted(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_failed(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_failed_rest(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_failed_random(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_failed_idle(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_never(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_answered(ngx_smtp_verify_probe_t *p);


/*
 * The conversation.  What was asked (row) and the event of the session (column:
 * it failed; it is ready; it was answered; the random recipient could not be
 * asked) determine what follows.  Whatever follows sets p->asks.
 */

typedef void (*ngx_smtp_verify_dialog_pt)(ngx_smtp_verify_probe_t *p);

static const ngx_smtp_verify_dialog_pt  ngx_smtp_verify_dialog_table[][4] = {

    /* address */
    { ngx_smtp_verify_dialog_failed,
      ngx_smtp_verify_dialog_ready,
      ngx_smtp_verify_dialog_answered,
      ngx_smtp_verify_dialog_never },

    /* both */
    { ngx_smtp_verify_dialog_failed,
      ngx_smtp_verify_dialog_never,
      ngx_smtp_verify_dialog_answered,
      ngx_smtp_verify_dialog_never },

    /* rest */
    { ngx_smtp_verify_dialog_failed_rest,
      ngx_smtp_verify_dialog_never,
      ngx_smtp_verify_random_answered,
      ngx_smtp_verify_random_unrefused },

    /* domain */
    { ngx_smtp_verify_dialog_failed_idle,
      ngx_smtp_verify_dialog_never,
      ngx_smtp_verify_dialog_never,
      ngx_smtp_verify_dialog_never },

    /* random */
    { ngx_smtp_verify_dialog_failed_random,
      ngx_smtp_verify_dialog_never,
      ngx_smtp_verify_random_answered,
      ngx_smtp_verify_random_unrefused },

    /* proof */
    { ngx_smtp_verify_random_unproved,
      ngx_smtp_verify_dialog_never,
      ngx_smtp_verify_random_proved,
      ngx_smtp_verify_dialog_never },

    /* alone */
    { ngx_smtp_verify_dialog_failed_random,
      ngx_smtp_verify_dialog_ready_alone,
      ngx_smtp_verify_random_answered,
      ngx_smtp_verify_random_unrefused }
};


ngx_int_t
ngx_smtp_verify_dialog_start(ngx_smtp_verify_probe_t *p,
    ngx_msec_t connect_timeout)
{
    ngx_int_t                   rc;
    ngx_uint_t                  utf8;
    ngx_smtp_verify_session_t  *s;

    utf8 = ngx_smtp_verify_dialog_needs_utf8(&p->rcpt);

    s = ngx_smtp_verify_dialog_session(p);
    if (s == NULL) {
        return NGX_ERROR;
    }

    s->handler = ngx_smtp_verify_dialog_handler;
    s->data = p;
    s->connect_timeout = connect_timeout;
    s->rcpt[NGX_SMTP_VERIFY_RCPT_ADDRESS] = p->rcpt;
    s->utf8 = utf8;
    s->starttls = ngx_smtp_verify_dane_starttls(p);
    s->transcript = p->result.transcript;
    s->start = p->start;

    p->session = s;
    p->provider = p->hosts[p->imx].provider;

    if (s->transcript) {
        ngx_smtp_verify_transcript_note(s, NULL);
    }

    ngx_smtp_verify_slot_attach(p, s);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify session: \"%V\" at %V, kept:%d, asked %ui "
                   "before", &p->mx.records[p->imx].host, &s->addr_text,
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


/* RFC 6531: needed if the local part is not ASCII; the domain is in A-labels */

static ngx_uint_t
ngx_smtp_verify_dialog_needs_utf8(ngx_str_t *rcpt)
{
    size_t  i;
    u_char  bits;

    bits = 0;

    for (i = 0; i < rcpt->len; i++) {
        bits |= rcpt->data[i];
    }

    return bits >> 7;
}


/* takes the kept session, or creates one */

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
    s->took = ngx_smtp_verify_count_stage;
    s->egress = p->egress;
    s->most = p->conf->keep.transactions;
    s->helo = p->helo;
    s->from = p->from;

    s->need = ngx_smtp_verify_dane_need(p);

    if (s->need == ngx_smtp_verify_tls_dane
        && ngx_smtp_verify_dane_session(p, s) != NGX_OK)
    {
        ngx_smtp_verify_session_close(s);
        return NULL;
    }

    return s;
}


void
ngx_smtp_verify_dialog_stop(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = ngx_smtp_verify_dialog_part(p);

    if (s) {
        ngx_smtp_verify_keeper(p->conf, s);
    }
}


void
ngx_smtp_verify_dialog_abandon(ngx_smtp_verify_probe_t *p)
{
    if (p->session && ngx_smtp_verify_session_outstanding(p->session)) {
        ngx_smtp_verify_session_close(ngx_smtp_verify_dialog_part(p));
    }
}


/* the session that the probe had; the caller has to keep or close it */

static ngx_smtp_verify_session_t *
ngx_smtp_verify_dialog_part(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;
    p->session = NULL;

    ngx_smtp_verify_slot_go_on(p);

    /* what was asked, but not answered, has to be asked again */

    if (!ngx_smtp_verify_is_accepted(p)) {
        p->asks = ngx_smtp_verify_asks_address;

    } else if (p->asks != ngx_smtp_verify_asks_alone) {
        p->asks = ngx_smtp_verify_asks_domain;
    }

    return s;
}


/*
 * A kept session may fail because of what was asked in it before.  The current
 * address is asked again in a fresh session.
 */

static ngx_uint_t
ngx_smtp_verify_dialog_anew(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (!ngx_smtp_verify_session_is_reused(s)
        || ngx_smtp_verify_is_accepted(p))
    {
        return 0;
    }

    if (s->wait != ngx_smtp_verify_wait_pace) {
        ngx_smtp_verify_dialog_learn(p);
    }

    p->pass = ngx_smtp_verify_pass_fresh;

    ngx_smtp_verify_route_retry(p);

    return 1;
}


/* If the session failed because of what was asked in it before, the keeper
   learns from it.  Signs of that are a close, 421, or a reply about the
   session. */

void
ngx_smtp_verify_dialog_learn(ngx_smtp_verify_probe_t *p)
{
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
        enough = p->class.session;
        closed = 0;
    }

    if (enough) {
        ngx_smtp_verify_keeper_learn(s, closed);
    }
}


/*
 * All events of a session arrive here.  The reply is classified, the throttle
 * is told of it, and the table says what follows.
 */

static void
ngx_smtp_verify_dialog_handler(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_probe_t  *p;

    p = s->data;

    ngx_smtp_verify_slot_go_on(p);

    if (ngx_smtp_verify_session_is_connected(s)) {
        p->result.connected = 1;
    }

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify session: event %d at %s, code %ui, fault %s",
                   s->event, sv_stage_name(s->stage), s->code,
                   sv_reason_info(s->fault)->name);

    if (s->event != ngx_smtp_verify_session_ready
        && s->fault == SV_REASON_NONE)
    {
        ngx_smtp_verify_evidence_classify(p);
        ngx_smtp_verify_feed_reply(p);
    }

    /* the first event, before anything is asked */

    if (s->transactions == 0) {
        ngx_smtp_verify_reach_event(p);
    }

    ngx_smtp_verify_slot_event(p);

    if (s->fault == SV_INTERRUPTED || s->fault == SV_THROTTLED) {
        ngx_smtp_verify_probe_finish(p, s->fault);
        return;
    }

    ngx_smtp_verify_dialog_table[p->asks][s->event](p);
}


static void
ngx_smtp_verify_dialog_ready(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_dialog_greeted(p);

    if (p->session->utf8 && !p->session->cap_smtputf8) {
        ngx_smtp_verify_dialog_no_utf8(p);
        return;
    }

    if (p->conf->catch_all == NGX_SMTP_VERIFY_CATCH_ALL_EAGER
        && ngx_smtp_verify_random_eager(p))
    {
        p->asks = ngx_smtp_verify_asks_both;
        ngx_smtp_verify_session_ask(p->session, NGX_SMTP_VERIFY_RCPT_ADDRESS,
                                    2);
        return;
    }

    ngx_smtp_verify_session_ask(p->session, NGX_SMTP_VERIFY_RCPT_ADDRESS, 1);
}


static void
ngx_smtp_verify_dialog_ready_alone(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_dialog_greeted(p);
    ngx_smtp_verify_random_ask(p);
}


/* If the host's name does not tell the provider, its banner does. */

static void
ngx_smtp_verify_dialog_greeted(ngx_smtp_verify_probe_t *p)
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

    if (s->pipelining != ngx_smtp_verify_pipelining_none) {
        s->pipelining = (p->pass == ngx_smtp_verify_pass_stepwise
                         || ngx_smtp_verify_facts_host_is(p->conf,
                                               &p->mx.records[p->imx].host,
                                               ngx_smtp_verify_host_stepwise))
                        ? ngx_smtp_verify_pipelining_unused
                        : ngx_smtp_verify_pipelining_used;
    }

    messages = ngx_smtp_verify_limits(p)->messages;

    if (messages) {
        s->most = ngx_min(s->most, messages);
    }
}


/* the address is not answered yet */

static void
ngx_smtp_verify_dialog_failed(ngx_smtp_verify_probe_t *p)
{
    if (!ngx_smtp_verify_dialog_anew(p)) {
        ngx_smtp_verify_dialog_broke(p);
    }
}


/*
 * The address was accepted, and what a server says before it closes the
 * connection is true.  But if a flight lacks a reply on a connection that is
 * still open, nobody knows which reply is missing, so none is believed.
 */

static void
ngx_smtp_verify_dialog_failed_rest(ngx_smtp_verify_probe_t *p)
{
    if (p->session->fault == SV_TIMEOUT
        && ngx_smtp_verify_session_pipelines(p->session))
    {
        p->asks = ngx_smtp_verify_asks_address;
        ngx_smtp_verify_dialog_broke(p);
        return;
    }

    ngx_smtp_verify_dialog_failed_random(p);
}


/* After more replies than commands none is believed, not even the one to the
   address. */

static void
ngx_smtp_verify_dialog_failed_random(ngx_smtp_verify_probe_t *p)
{
    if (p->session->trust == ngx_smtp_verify_trust_none) {
        p->asks = ngx_smtp_verify_asks_address;
        ngx_smtp_verify_dialog_broke(p);
        return;
    }

    ngx_smtp_verify_random_unrefused(p);
}


/* Another probe asks the random recipient; its answer is sufficient. */

static void
ngx_smtp_verify_dialog_failed_idle(ngx_smtp_verify_probe_t *p)
{
    if (p->session->trust == ngx_smtp_verify_trust_none) {
        ngx_smtp_verify_claim_leave(&p->claim);
        ngx_smtp_verify_dialog_failed_random(p);
        return;
    }

    ngx_smtp_verify_dialog_stop(p);
}


/* no session has this event */

static void
ngx_smtp_verify_dialog_never(ngx_smtp_verify_probe_t *p)
{
    ngx_log_error(NGX_LOG_ALERT, &p->log, 0,
                  "session told event %d while %d was asked",
                  p->session->event, p->asks);

    ngx_smtp_verify_probe_finish(p, SV_PROTOCOL_ERROR);
}


static void
ngx_smtp_verify_dialog_answered(ngx_smtp_verify_probe_t *p)
{
    sv_reason_e           reason;
    const sv_provider_t  *provider;

    if (ngx_smtp_verify_doubt(p) && ngx_smtp_verify_dialog_anew(p)) {
        return;
    }

    if (p->class.session && ngx_smtp_verify_dialog_in_steps(p)) {
        p->pass = ngx_smtp_verify_pass_stepwise;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    if (p->class.session && ngx_smtp_verify_doubt_order(p)) {
        p->pass = ngx_smtp_verify_pass_fresh;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    ngx_smtp_verify_evidence_reply(p, &p->result.evidence);

    reason = p->result.evidence.reason;
    provider = p->provider;

    ngx_smtp_verify_feed_answer(p);

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
    }

    ngx_smtp_verify_probe_finish(p, reason);
}
