
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_keep.h"
#include "ngx_smtp_verify_probe.h"
#include "ngx_smtp_verify_transcript.h"


#define NGX_SMTP_VERIFY_RANDOM_LEN  20


static ngx_smtp_verify_session_t *ngx_smtp_verify_dialog_session(
    ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_dialog_anew(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_dialog_enough(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_handler(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_dialog_ready(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_dialog_eager(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_failed(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_refused(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_answered(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_accepted(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_unrefused(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_claimed(ngx_smtp_verify_claim_t *claim);
static void ngx_smtp_verify_dialog_ask_random(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_dialog_room(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_paused(ngx_event_t *ev);
static ngx_int_t ngx_smtp_verify_dialog_random(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_random_answered(
    ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_dialog_random_again(
    ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_conclude(ngx_smtp_verify_probe_t *p,
    ngx_int_t catch_all);


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
    s->no_tls = p->no_tls;
    s->stepwise = p->stepwise || ngx_smtp_verify_facts_stepwise(p->conf, host);
    s->transcript = p->result.transcript;
    s->start = p->start;

    p->session = s;

    ngx_smtp_verify_transcript_note(s, NULL);

    ngx_smtp_verify_slot_attach(p, s);

    if (s->reused) {
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

    if (rc == NGX_DECLINED && !s->egress_failed) {
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
            ngx_smtp_verify_keep_take(s);
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

    return s;
}


void
ngx_smtp_verify_dialog_stop(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    if (p->pause.timer_set) {
        ngx_del_timer(&p->pause);
    }

    s = p->session;

    if (s) {
        p->session = NULL;
        ngx_smtp_verify_keep(p->conf, s);
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

    if (!s->reused || p->fresh || p->accepted) {
        return 0;
    }

    if (ngx_smtp_verify_dialog_enough(p)) {
        ngx_smtp_verify_keep_learn(s);
    }

    p->fresh = 1;

    ngx_smtp_verify_route_retry(p);

    return 1;
}


/* was that for what was said before, in the session?  A close, 421, or what
   RFC 3463 has for too many recipients */

static ngx_uint_t
ngx_smtp_verify_dialog_enough(ngx_smtp_verify_probe_t *p)
{
    sv_class_t                  class;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s->fault) {
        return s->fault != SV_TIMEOUT && !s->excess;
    }

    if (s->code == 421) {
        return 1;
    }

    (void) ngx_smtp_verify_evidence_classify(p, &class);

    return ngx_strcmp(class.enhanced + 1, ".5.3") == 0;
}


static void
ngx_smtp_verify_dialog_handler(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_probe_t  *p;

    p = s->data;

    if (p->pause.timer_set) {
        ngx_del_timer(&p->pause);
    }

    if (s->connected) {
        p->result.connected = 1;
    }

    ngx_smtp_verify_slot_event(p);

    switch (s->event) {

    case ngx_smtp_verify_session_ready:
        ngx_smtp_verify_dialog_ready(p);
        break;

    case ngx_smtp_verify_session_answered:

        if (s->answered_rcpt == NGX_SMTP_VERIFY_RCPT_ADDRESS) {
            ngx_smtp_verify_dialog_answered(p);

        } else {
            ngx_smtp_verify_dialog_random_answered(p);
        }

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

    if (p->result.provider == NULL) {

        if (!s->known) {
            s->provider = sv_provider_by_banner(p->conf->providers,
                                                s->banner.data, s->banner.len);
            s->known = 1;
        }

        p->result.provider = s->provider;
    }

    messages = ngx_smtp_verify_slot_messages(p);

    if (messages) {
        s->most = ngx_min(s->most, messages);
    }

    if (p->random_only) {
        ngx_smtp_verify_dialog_ask_random(p);
        return;
    }

    if (p->utf8 && !s->cap_smtputf8) {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_EHLO,
                                       SV_SMTPUTF8_UNSUPPORTED);
        ngx_smtp_verify_route_next(p);
        return;
    }

    p->eager = ngx_smtp_verify_dialog_eager(p);

    ngx_smtp_verify_session_ask(s, NGX_SMTP_VERIFY_RCPT_ADDRESS,
                                p->eager ? 2 : 1);
}


/* is the random recipient to be asked in the address's own flight? */

static ngx_uint_t
ngx_smtp_verify_dialog_eager(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t   rc;
    ngx_msec_t  wait;

    if (p->conf->catch_all != NGX_SMTP_VERIFY_CATCH_ALL_EAGER
        || ngx_smtp_verify_dialog_known(p) != NGX_SMTP_VERIFY_UNKNOWN
        || (p->result.provider && !p->result.provider->second_rcpt)
        || !ngx_smtp_verify_dialog_room(p)
        || ngx_smtp_verify_dialog_random(p) != NGX_OK)
    {
        return 0;
    }

    wait = 0;

    if (ngx_smtp_verify_route_is_backup(p) || p->claim.fact) {
        return ngx_smtp_verify_slot_more(p, &wait) == NGX_OK;
    }

    rc = ngx_smtp_verify_facts_claim(p->conf, &p->domain, &p->claim);

    if (rc == NGX_DECLINED) {
        return 0;
    }

    /* where somebody asks it now, wait only if the address is accepted */

    if (rc == NGX_AGAIN || ngx_smtp_verify_slot_more(p, &wait) != NGX_OK) {
        ngx_smtp_verify_facts_abandon(&p->claim);
        return 0;
    }

    return 1;
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

    if (ngx_smtp_verify_dialog_anew(p)) {
        return;
    }

    /*
     * A flight that lacks a reply, on a connection that still stands: who
     * knows which?  What a server said before it closed stands.
     */

    if (p->accepted && p->eager && s->pipelined && s->fault == SV_TIMEOUT) {
        p->accepted = 0;
    }

    if (p->accepted && !s->excess) {

        if (p->claim.woken || (p->claim.fact && !p->claim.owner)) {

            /* another probe asks for the domain; its answer will do */

            ngx_smtp_verify_dialog_stop(p);
            return;
        }

        ngx_smtp_verify_dialog_unrefused(p);
        return;
    }

    p->accepted = 0;

    if (s->egress_failed) {
        ngx_smtp_verify_route_other_egress(p);
        return;
    }

    if (s->egress_refused) {
        ngx_smtp_verify_evidence_egress(p);
        ngx_smtp_verify_route_next(p);
        return;
    }

    if (s->fault == SV_REASON_NONE) {
        ngx_smtp_verify_dialog_refused(p);
        return;
    }

    if (s->fault == SV_TLS_FAILED && !p->no_tls
        && p->conf->session.starttls != NGX_SMTP_VERIFY_STARTTLS_REQUIRED)
    {
        p->no_tls = 1;
        p->tls_error = s->tls.error;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    if (s->pipelined && s->stage >= SV_STAGE_MAIL && !s->excess
        && !p->stepwise)
    {
        p->stepwise = 1;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    if (s->stage == SV_STAGE_CONNECT && s->fault == SV_TIMEOUT) {
        p->timed_out = 1;
    }

    ngx_smtp_verify_evidence_fault(p, s->stage, s->fault);
    ngx_smtp_verify_route_next(p);
}


/*
 * A reply before RCPT.  At banner and EHLO another host may do better, unless
 * it is us who are refused: all of theirs would say the same.
 */

static void
ngx_smtp_verify_dialog_refused(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_evidence_t  ev;

    ngx_smtp_verify_evidence_reply(p, &ev);

    switch (ev.reason) {

    case SV_SENDER_BLOCKED:
    case SV_POLICY_REJECTED:
    case SV_RELAY_DENIED:
        break;

    default:
        if (ev.stage < SV_STAGE_MAIL) {
            ngx_smtp_verify_evidence_keep(p, &ev);
            ngx_smtp_verify_route_next(p);
            return;
        }
    }

    p->result.evidence = ev;
    ngx_smtp_verify_probe_finish(p, ev.reason);
}


static void
ngx_smtp_verify_dialog_answered(ngx_smtp_verify_probe_t *p)
{
    sv_reason_e           reason;
    const sv_provider_t  *provider;

    if (p->session->code / 100 == 4 && ngx_smtp_verify_dialog_anew(p)) {
        return;
    }

    ngx_smtp_verify_evidence_reply(p, &p->result.evidence);

    reason = p->result.evidence.reason;
    provider = p->result.provider;

    if (p->stepwise) {
        ngx_smtp_verify_facts_set_stepwise(p->conf,
                                           &p->mx.records[p->imx].host);
    }

    if (reason == SV_ACCEPTED) {
        ngx_smtp_verify_dialog_accepted(p);
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

            if (p->claim.fact) {
                ngx_smtp_verify_facts_settle(&p->claim, NGX_SMTP_VERIFY_NO);

            } else {
                ngx_smtp_verify_facts_not_catch_all(p->conf, &p->domain);
            }
        }
    }

    ngx_smtp_verify_probe_finish(p, reason);
}


static void
ngx_smtp_verify_dialog_accepted(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t             rc, known;
    const sv_provider_t  *provider;

    provider = p->result.provider;

    if (provider && provider->worth == SV_WORTH_ACCEPTS_ALL) {
        ngx_smtp_verify_probe_finish(p, SV_UNVERIFIABLE_PROVIDER);
        return;
    }

    p->accepted = 1;

    if (p->eager) {
        return;
    }

    known = ngx_smtp_verify_dialog_known(p);

    if (known != NGX_SMTP_VERIFY_UNKNOWN) {
        ngx_smtp_verify_dialog_conclude(p, known);
        return;
    }

    if (p->conf->catch_all == NGX_SMTP_VERIFY_CATCH_ALL_OFF
        || (provider && !provider->second_rcpt))
    {
        ngx_smtp_verify_dialog_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);
        return;
    }

    /* a backup has to be asked itself, and says nothing of the domain */

    if (!ngx_smtp_verify_route_is_backup(p) && p->claim.fact == NULL) {

        p->claim.handler = ngx_smtp_verify_dialog_claimed;
        p->claim.data = p;

        rc = ngx_smtp_verify_facts_claim(p->conf, &p->domain, &p->claim);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc == NGX_DECLINED) {
            ngx_smtp_verify_dialog_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);
            return;
        }
    }

    ngx_smtp_verify_dialog_ask_random(p);
}


/* what need not be asked: known of the domain, or of its provider */

ngx_int_t
ngx_smtp_verify_dialog_known(ngx_smtp_verify_probe_t *p)
{
    if (ngx_smtp_verify_route_is_backup(p)) {
        return NGX_SMTP_VERIFY_UNKNOWN;
    }

    if (p->result.provider
        && p->result.provider->worth == SV_WORTH_DEFINITIVE)
    {
        return NGX_SMTP_VERIFY_NO;
    }

    return ngx_smtp_verify_facts_catch_all(p->conf, &p->domain);
}


/* another probe asked for the domain, and has an answer, or gave up */

static void
ngx_smtp_verify_dialog_claimed(ngx_smtp_verify_claim_t *claim)
{
    ngx_smtp_verify_probe_t  *p;

    p = claim->data;

    if (claim->owner) {
        ngx_smtp_verify_dialog_ask_random(p);
        return;
    }

    ngx_smtp_verify_dialog_conclude(p,
                        ngx_smtp_verify_facts_catch_all(p->conf, &p->domain));
}


static void
ngx_smtp_verify_dialog_ask_random(ngx_smtp_verify_probe_t *p)
{
    ngx_msec_t  wait;

    if (p->session == NULL
        || (!p->random_retried && !ngx_smtp_verify_dialog_room(p)))
    {
        p->random_retried = 1;
        p->random_only = 1;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    if (ngx_smtp_verify_dialog_random(p) != NGX_OK) {
        ngx_smtp_verify_dialog_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);
        return;
    }

    /* on a session of its own it has been waited for already */

    wait = 0;

    if (!p->random_only) {
        wait = p->budget.timer.key - ngx_current_msec;

        if (ngx_smtp_verify_slot_more(p, &wait) != NGX_OK) {
            ngx_smtp_verify_dialog_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);
            return;
        }
    }

    if (wait) {
        p->pause.handler = ngx_smtp_verify_dialog_paused;
        p->pause.data = p;
        p->pause.log = &p->log;

        ngx_add_timer(&p->pause, wait);
        return;
    }

    ngx_smtp_verify_session_ask(p->session, NGX_SMTP_VERIFY_RCPT_RANDOM, 1);
}


static void
ngx_smtp_verify_dialog_paused(ngx_event_t *ev)
{
    ngx_smtp_verify_probe_t  *p;

    p = ev->data;

    ngx_smtp_verify_session_ask(p->session, NGX_SMTP_VERIFY_RCPT_RANDOM, 1);
}


/* does the session take one more transaction than the one that is due? */

static ngx_uint_t
ngx_smtp_verify_dialog_room(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t                  messages, asked;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    asked = s->transactions + !p->accepted;
    messages = ngx_smtp_verify_slot_messages(p);

    return (messages == 0 || asked < messages)
           && (!s->reused || asked < s->most);
}


/* a local part that nobody has: it begins as names do, and has none of the
   characters that are taken for others */

static ngx_int_t
ngx_smtp_verify_dialog_random(ngx_smtp_verify_probe_t *p)
{
    u_char        *last;
    ngx_str_t     *rcpt;
    ngx_uint_t     i, n;
    static u_char  chars[] = "abcdefghijkmnpqrstuvwxyz23456789";

    rcpt = &p->session->rcpt[NGX_SMTP_VERIFY_RCPT_RANDOM];

    rcpt->len = NGX_SMTP_VERIFY_RANDOM_LEN + 1 + p->domain.len;
    rcpt->data = ngx_pnalloc(p->pool, rcpt->len);
    if (rcpt->data == NULL) {
        return NGX_ERROR;
    }

    last = rcpt->data;

    for (i = 0; i < NGX_SMTP_VERIFY_RANDOM_LEN; i++) {
        n = (ngx_uint_t) ngx_random() >> 8;
        *last++ = (i == 0) ? chars[n % 24] : chars[n % 32];
    }

    *last++ = '@';
    ngx_memcpy(last, p->domain.data, p->domain.len);

    return NGX_OK;
}


static void
ngx_smtp_verify_dialog_random_answered(ngx_smtp_verify_probe_t *p)
{
    sv_class_t  class;

    if (p->session->unanswered) {
        ngx_smtp_verify_dialog_unrefused(p);
        return;
    }

    switch (ngx_smtp_verify_evidence_classify(p, &class)) {

    case SV_ACCEPTED:
        ngx_smtp_verify_dialog_conclude(p, NGX_SMTP_VERIFY_YES);
        return;

    case SV_MAILBOX_NOT_FOUND:
    case SV_MAILBOX_DISABLED:
        ngx_smtp_verify_dialog_conclude(p, NGX_SMTP_VERIFY_NO);
        return;

    default:
        ngx_smtp_verify_dialog_unrefused(p);
        return;
    }
}


/* the session for the random recipient failed at once: the address stands */

ngx_int_t
ngx_smtp_verify_dialog_stands(ngx_smtp_verify_probe_t *p)
{
    if (!p->accepted) {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_dialog_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);

    return NGX_OK;
}


/*
 * Neither accepted nor refused as unknown.  A server that allows one
 * recipient a session may be asked in a later one.
 */

static void
ngx_smtp_verify_dialog_unrefused(ngx_smtp_verify_probe_t *p)
{
    if (ngx_smtp_verify_dialog_random_again(p)) {
        if (ngx_smtp_verify_dialog_enough(p)) {
            ngx_smtp_verify_keep_learn(p->session);
        }

        p->random_retried = 1;
        p->random_only = 1;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    ngx_smtp_verify_dialog_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);
}


/*
 * 452 is what RFC 5321 has for too many recipients, X.5.3 says it, too; Exim
 * says 421 when a session has had its messages.
 */

static ngx_uint_t
ngx_smtp_verify_dialog_random_again(ngx_smtp_verify_probe_t *p)
{
    sv_class_t                  class;
    sv_reason_e                 reason;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (p->random_retried || s == NULL || s->fault || s->code < 400) {
        return 0;
    }

    reason = ngx_smtp_verify_evidence_classify(p, &class);

    if (reason == SV_MAILBOX_FULL) {
        return 0;
    }

    return s->code == 452
           || (s->code == 421 && reason == SV_RATE_LIMITED)
           || ngx_strcmp(class.enhanced + 1, ".5.3") == 0;
}


/*
 * The address was accepted.  At a backup that counts only if it refuses
 * others; the failure of the better MX stands else.
 */

static void
ngx_smtp_verify_dialog_conclude(ngx_smtp_verify_probe_t *p,
    ngx_int_t catch_all)
{
    if (ngx_smtp_verify_route_is_backup(p)) {

        if (catch_all != NGX_SMTP_VERIFY_NO) {
            p->result.evidence = p->failure;
            ngx_smtp_verify_probe_finish(p, p->failure.reason);
            return;
        }

    } else {
        ngx_smtp_verify_facts_settle(&p->claim, catch_all);
    }

    p->result.is_catch_all = catch_all;

    switch (catch_all) {

    case NGX_SMTP_VERIFY_YES:
        ngx_smtp_verify_probe_finish(p, SV_CATCH_ALL);
        return;

    case NGX_SMTP_VERIFY_NO:
        ngx_smtp_verify_probe_finish(p, SV_ACCEPTED);
        return;

    default:
        ngx_smtp_verify_probe_finish(p, SV_ACCEPTED_UNTESTED);
        return;
    }
}
