
/*
 * A session failed, or is of no use, before the address was accepted.  Whose
 * fault is it, and is the address asked in another way or elsewhere?
 */

#include "ngx_smtp_verify_probe.h"


static void ngx_smtp_verify_dialog_fault(ngx_smtp_verify_probe_t *p);
static const char *ngx_smtp_verify_dialog_broke_tls(
    ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dialog_clear(ngx_smtp_verify_probe_t *p,
    const char *error);
static void ngx_smtp_verify_dialog_blame_tls(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_dialog_refused(ngx_smtp_verify_probe_t *p);


static const char  ngx_smtp_verify_dialog_behind[] =
    "session failed after the handshake";


/* Some servers offer SMTPUTF8 only over TLS.  So if TLS was possible and not
   used, it is not known that SMTPUTF8 is missing. */

void
ngx_smtp_verify_dialog_no_utf8(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (!s->cap_starttls || s->connection->ssl) {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_EHLO,
                                       SV_SMTPUTF8_UNSUPPORTED);

    } else if (p->conf->session.starttls == NGX_SMTP_VERIFY_STARTTLS_OFF) {
        ngx_smtp_verify_evidence_egress(p);

    } else {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_STARTTLS, SV_TLS_FAILED);
    }

    ngx_smtp_verify_route_next(p);
}


/* A session failed before the address was accepted: whose fault is it? */

void
ngx_smtp_verify_dialog_broke(ngx_smtp_verify_probe_t *p)
{
    const char                 *error;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    /* we kept the server waiting */

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


/* The server is at fault: it is asked without PIPELINING, or another one is
   asked. */

static void
ngx_smtp_verify_dialog_fault(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (ngx_smtp_verify_session_pipelines(s) && s->stage >= SV_STAGE_MAIL
        && s->trust != ngx_smtp_verify_trust_none
        && p->pass != ngx_smtp_verify_pass_stepwise)
    {
        p->pass = ngx_smtp_verify_pass_stepwise;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    if (s->starttls == NGX_SMTP_VERIFY_STARTTLS_REQUIRED) {
        ngx_smtp_verify_dialog_blame_tls(s);
    }

    ngx_smtp_verify_evidence_fault(p, s->stage, s->fault);
    ngx_smtp_verify_route_next(p);
}


/*
 * TLS is opportunistic: if it fails, or if the session fails after it, the
 * address is asked without TLS, once.  Returns why, or NULL.
 */

static const char *
ngx_smtp_verify_dialog_broke_tls(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (p->tls_error || s->starttls == NGX_SMTP_VERIFY_STARTTLS_REQUIRED) {
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

    /* pipelining may have been the cause, so that is tried first, still with
       TLS */

    if (s->stage == SV_STAGE_EHLO
        || (s->stage == SV_STAGE_MAIL && s->fault
            && s->trust != ngx_smtp_verify_trust_none
            && !ngx_smtp_verify_session_pipelines(s)))
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

    p->tls_error = error;

    ngx_smtp_verify_route_retry(p);
}


/* In TLS 1.3 a server may reject our part of the handshake after its end. */

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
 * offers PIPELINING, but cannot handle it.
 */

ngx_uint_t
ngx_smtp_verify_dialog_in_steps(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    return p->class.reason != SV_RATE_LIMITED
           && ngx_smtp_verify_session_pipelines(s)
           && s->stage >= SV_STAGE_MAIL
           && s->trust != ngx_smtp_verify_trust_none
           && p->pass != ngx_smtp_verify_pass_stepwise;
}


/*
 * A reply before RCPT.  If it came at banner or EHLO, another host may do
 * better (RFC 5321 section 5.1), unless the server says that it refuses us:
 * other hosts would say the same.
 */

static void
ngx_smtp_verify_dialog_refused(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t                  ours;
    const char                 *error;
    ngx_smtp_verify_evidence_t  ev;

    if (p->class.session && ngx_smtp_verify_dialog_in_steps(p)) {
        p->pass = ngx_smtp_verify_pass_stepwise;
        ngx_smtp_verify_route_retry(p);
        return;
    }

    ngx_smtp_verify_evidence_reply(p, &ev);

    ours = sv_reason_is(ev.reason, SV_IS_OF_SENDER) && p->class.words;

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
