
#include "ngx_smtp_verify_probe.h"
#include "sv_utf8.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_TEXT_MAX     (SV_REPLY_TEXT_MAX * 3)    /* each octet
                                                                   may become
                                                                   U+FFFD */

/* ranks of failures: see "rank" in sv_reasons.h */
#define NGX_SMTP_VERIFY_RANK_OURS    5
#define NGX_SMTP_VERIFY_RANK_STAGES  12


static ngx_uint_t ngx_smtp_verify_evidence_takes_none(
    ngx_smtp_verify_session_t *s, sv_class_t *class);
static void ngx_smtp_verify_evidence_greylist(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_evidence_place(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_evidence_t *ev);
static ngx_uint_t ngx_smtp_verify_evidence_rank(
    ngx_smtp_verify_evidence_t *ev);
static void ngx_smtp_verify_evidence_dup(ngx_smtp_verify_probe_t *p,
    ngx_str_t *dst, u_char *data, size_t len);


ngx_smtp_verify_evidence_t  ngx_smtp_verify_evidence_none;


/* classifies the reply that the session holds */

void
ngx_smtp_verify_evidence_classify(ngx_smtp_verify_probe_t *p)
{
    sv_class_t                 *class;
    ngx_str_t                  *rcpt;
    sv_reply_t                  reply;
    const sv_provider_t        *provider;
    ngx_smtp_verify_session_t  *s;

    s = p->session;
    class = &p->class;
    provider = p->provider;

    ngx_memzero(&reply, sizeof(sv_reply_t));

    reply.stage = s->stage;
    reply.code = s->code;
    reply.text.data = s->text.data;
    reply.text.len = s->text.len;

    if (provider) {
        reply.provider = provider->id;
    }

    if (s->stage == SV_STAGE_RCPT) {
        rcpt = &s->rcpt[s->answered_rcpt];

        reply.rcpt.data = rcpt->data;
        reply.rcpt.len = rcpt->len;
        reply.from.data = s->from.data;
        reply.from.len = s->from.len;
    }

    sv_classify(p->conf->rules, &reply, class);

    /* RFC 3463: too many recipients */

    if (ngx_strcmp(class->enhanced + 1, ".5.3") == 0) {
        class->session = 1;
    }

    if (ngx_smtp_verify_evidence_takes_none(s, class)) {
        class->reason = SV_NO_MAIL_SERVER;
        class->rule = "rfc7504";
    }

    if (s->stage == SV_STAGE_RCPT) {
        ngx_smtp_verify_evidence_greylist(p);
    }

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify reply: %ui at %s is %s by rule \"%s\"",
                   s->code, sv_stage_name(s->stage),
                   sv_reason_info(class->reason)->name, class->rule);
}


/*
 * RFC 7504: 521 instead of the greeting means that the host takes no mail; 556
 * to RCPT means that the domain takes none.  At other stages, and if they are
 * about us, they are a refusal like any other.
 */

static ngx_uint_t
ngx_smtp_verify_evidence_takes_none(ngx_smtp_verify_session_t *s,
    sv_class_t *class)
{
    if (class->reason != SV_REJECTED
        || ngx_strcmp(class->rule, "host-takes-no-mail") != 0)
    {
        return 0;
    }

    return (s->code == 521 && s->stage < SV_STAGE_MAIL)
           || (s->code == 556 && s->stage == SV_STAGE_RCPT);
}


/* Greylisting by memory: if a host was seen to greylist, its 450 or 451 without
   a reason means that, too.  If it gives a reason, that is believed. */

static void
ngx_smtp_verify_evidence_greylist(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t   *host;
    ngx_uint_t   code;
    sv_class_t  *class;

    class = &p->class;
    host = &p->mx.records[p->imx].host;
    code = p->session->code;

    if (class->bare && class->reason != SV_GREYLISTED
        && (code == 450 || code == 451)
        && ngx_smtp_verify_facts_host_is(p->conf, host,
                                         ngx_smtp_verify_host_greylists))
    {
        class->reason = SV_GREYLISTED;
        class->rule = NGX_SMTP_VERIFY_GREYLIST_MEMORY;
    }
}


/* copies all that the last reply tells, to keep it after the session */

void
ngx_smtp_verify_evidence_reply(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_evidence_t *ev)
{
    u_char                     *text;
    size_t                      len;
    sv_class_t                 *class;
    ngx_smtp_verify_session_t  *s;
    static sv_scratch u_char    buf[NGX_SMTP_VERIFY_TEXT_MAX];

    s = p->session;
    class = &p->class;

    ngx_memzero(ev, sizeof(ngx_smtp_verify_evidence_t));

    ev->reason = class->reason;
    ev->stage = s->stage;
    ev->code = s->code;
    ev->rule = class->rule;
    ev->retry_after = class->retry_after;

    text = buf;
    len = sv_utf8_clean(text, NGX_SMTP_VERIFY_TEXT_MAX, s->text.data,
                        s->text.len);

    ngx_smtp_verify_evidence_dup(p, &ev->text, text, len);
    ngx_smtp_verify_evidence_dup(p, &ev->enhanced,
                                 (u_char *) class->enhanced,
                                 ngx_strlen(class->enhanced));

    ngx_smtp_verify_evidence_place(p, ev);
}


void
ngx_smtp_verify_evidence_fault(ngx_smtp_verify_probe_t *p, sv_stage_e stage,
    sv_reason_e reason)
{
    ngx_smtp_verify_evidence_t  ev;

    ngx_memzero(&ev, sizeof(ngx_smtp_verify_evidence_t));

    ev.reason = reason;
    ev.stage = stage;

    ngx_smtp_verify_evidence_place(p, &ev);
    ngx_smtp_verify_evidence_save(p, &ev);
}


/*
 * The current address is asked again in another way.  What was seen before is
 * kept, and used if a limit does not allow to ask again.  A refusal by a kept
 * session, or its close, is in doubt and not kept.
 */

void
ngx_smtp_verify_evidence_before(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;
    ngx_smtp_verify_evidence_t  ev;

    s = p->session;

    if (s == NULL || ngx_smtp_verify_is_accepted(p)
        || (s->fault == SV_REASON_NONE && s->code < 400))
    {
        return;
    }

    if (ngx_smtp_verify_session_is_reused(s)
        && (s->fault != SV_REASON_NONE
            || (s->stage >= SV_STAGE_RCPT && s->code >= 500)))
    {
        return;
    }

    if (s->fault == SV_REASON_NONE) {
        ngx_smtp_verify_evidence_reply(p, &ev);

    } else {
        ngx_memzero(&ev, sizeof(ngx_smtp_verify_evidence_t));

        ev.reason = s->fault;
        ev.stage = s->stage;

        ngx_smtp_verify_evidence_place(p, &ev);
    }

    if (sv_reason_info(ev.reason)->status != SV_UNKNOWN) {
        p->before = NULL;
        return;
    }

    if (p->before == NULL) {
        p->before = ngx_palloc(p->pool, sizeof(ngx_smtp_verify_evidence_t));
        if (p->before == NULL) {
            return;
        }
    }

    *p->before = ev;
}


void
ngx_smtp_verify_evidence_policy(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_evidence_t  ev;

    ngx_memzero(&ev, sizeof(ngx_smtp_verify_evidence_t));

    ev.reason = SV_TLS_FAILED;
    ev.stage = SV_STAGE_DNS;
    ev.tls.error = "MTA-STS policy does not name the MX host";

    ngx_smtp_verify_evidence_place(p, &ev);
    ngx_smtp_verify_evidence_save(p, &ev);
}


/* It is not the server's fault that it was not asked. */

void
ngx_smtp_verify_evidence_egress(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_evidence_t  ev;

    ngx_memzero(&ev, sizeof(ngx_smtp_verify_evidence_t));

    ev.reason = SV_CONNECT_FAILED;
    ev.stage = SV_STAGE_CONNECT;
    ev.ours = 1;

    ngx_smtp_verify_evidence_place(p, &ev);
    ngx_smtp_verify_evidence_save(p, &ev);
}


static void
ngx_smtp_verify_evidence_place(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_evidence_t *ev)
{
    ngx_smtp_verify_session_t  *s;

    if (p->imx < p->mx.nrecords) {
        ev->mx_host = p->mx.records[p->imx].host;
        ev->provider = p->provider;
    }

    s = p->session;

    if (s) {
        ngx_smtp_verify_evidence_dup(p, &ev->mx_ip, s->addr_text.data,
                                     s->addr_text.len);
        ev->tls = s->tls;
        ev->tls.authenticated = (s->tls.protocol && s->tls.verified)
                                ? ngx_smtp_verify_proof_tls(p) : NULL;

        if (ev->tls.dane && ev->tls.authenticated == NULL) {
            ev->tls.verified = 0;
        }
    }

    if (ev->tls.protocol == NULL && ev->tls.error == NULL) {
        ev->tls.error = p->tls_error;
    }
}


/* Of several failures, the one that got furthest is kept.  An open breaker of a
   host counts for more than hosts that do not exist. */

void
ngx_smtp_verify_evidence_save(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_evidence_t *ev)
{
    ngx_uint_t                   rank, best;
    ngx_smtp_verify_evidence_t  *failure;

    rank = ngx_smtp_verify_evidence_rank(ev);
    best = ngx_smtp_verify_evidence_rank(p->failure);

    if (p->failure->reason == SV_REASON_NONE || rank > best
        || (rank == best && ev->reason == SV_CIRCUIT_OPEN
            && ev->retry_after < p->failure->retry_after))
    {
        if (p->failure == &ngx_smtp_verify_evidence_none) {
            failure = ngx_palloc(p->pool, sizeof(ngx_smtp_verify_evidence_t));

            if (failure == NULL) {
                return;
            }

            p->failure = failure;
        }

        *p->failure = *ev;
    }
}


/* Our own failures, and servers that were never reached, count for less. */

static ngx_uint_t
ngx_smtp_verify_evidence_rank(ngx_smtp_verify_evidence_t *ev)
{
    ngx_uint_t  rank;

    if (ev->ours) {
        return NGX_SMTP_VERIFY_RANK_OURS;
    }

    rank = sv_reason_info(ev->reason)->rank;

    if (rank == 0) {
        return NGX_SMTP_VERIFY_RANK_STAGES + ev->stage;
    }

    return (ev->reason == SV_TIMEOUT && ev->stage == SV_STAGE_CONNECT)
           ? rank - 1 : rank;
}


static void
ngx_smtp_verify_evidence_dup(ngx_smtp_verify_probe_t *p, ngx_str_t *dst,
    u_char *data, size_t len)
{
    dst->len = 0;
    dst->data = ngx_pnalloc(p->pool, len);

    if (dst->data) {
        dst->len = len;
        ngx_memcpy(dst->data, data, len);
    }
}
