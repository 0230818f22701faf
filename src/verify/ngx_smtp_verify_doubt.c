
/*
 * Is the answer of a kept session believed?  A server may refuse an address
 * because of what the session was asked before: too many recipients, or too
 * many mailboxes that do not exist.  If there is doubt, the address is asked
 * again in a fresh session, and that answer counts.
 *
 *   - A reply that speaks of the session is always in doubt.
 *   - A temporary failure, and a refusal that is not about the mailbox, is in
 *     doubt until the destination has given the same answer at the beginning
 *     of a session.  A refusal of us is not in doubt: to ask again would only
 *     make it worse.
 *   - A refusal of the mailbox is in doubt if it differs from the first one of
 *     its session, until it was given at the beginning of a session, too.  It
 *     is also in doubt for the third recipient of a session and all later
 *     ones, until the server was seen to accept somebody after as many
 *     recipients, and as many refused ones.  The session is kept nevertheless:
 *     if it accepts the next recipient, that proves more than a fresh session
 *     can prove.
 *   - A refusal of the random recipient is in doubt in the same way.  The next
 *     recipient is the address then, which was accepted before.
 */

#include "ngx_smtp_verify_keeper.h"
#include "ngx_smtp_verify_probe.h"


static ngx_int_t ngx_smtp_verify_doubt_kept(ngx_smtp_verify_probe_t *p,
    sv_class_t *class);
static void ngx_smtp_verify_doubt_fresh(ngx_smtp_verify_probe_t *p,
    sv_class_t *class);
static void ngx_smtp_verify_doubt_note(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_doubt_says(ngx_smtp_verify_probe_t *p,
    uint32_t kind);
static void ngx_smtp_verify_doubt_what(ngx_smtp_verify_probe_t *p,
    uint32_t kind, ngx_str_t *what);
static uint32_t ngx_smtp_verify_doubt_kind(ngx_smtp_verify_session_t *s,
    sv_class_t *class);


ngx_uint_t
ngx_smtp_verify_doubt(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t                   rc;
    sv_class_t                 *class;
    ngx_smtp_verify_session_t  *s;

    s = p->session;
    class = &p->class;

    if (p->conf->keep.transactions == 0) {
        return 0;
    }

    if (s->code < 400) {
        ngx_smtp_verify_doubt_settle(p);
        return 0;
    }

    if (class->session) {
        ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_spent);
    }

    if (!ngx_smtp_verify_session_is_reused(s)) {
        ngx_smtp_verify_doubt_fresh(p, class);
        return 0;
    }

    rc = ngx_smtp_verify_doubt_kept(p, class);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify kept session: %ui by rule %s, recipient:%ui "
                   "rc:%i", s->code, class->rule, s->asked, rc);

    p->doubted = 0;

    if (rc == NGX_OK) {
        return 0;
    }

    ngx_smtp_verify_doubt_note(p);

    if (rc == NGX_DECLINED) {
        ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_spent);
    }

    return 1;
}


/* NGX_DECLINED: in doubt; NGX_AGAIN: in doubt, but the session may go on */

static ngx_int_t
ngx_smtp_verify_doubt_kept(ngx_smtp_verify_probe_t *p, sv_class_t *class)
{
    uint32_t                    kind;
    ngx_uint_t                  mailbox;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (class->session || s->code == 421) {
        return NGX_DECLINED;
    }

    if (class->reason == SV_SENDER_BLOCKED) {
        return NGX_OK;
    }

    kind = ngx_smtp_verify_doubt_kind(s, class);

    if (s->code < 500) {
        return ngx_smtp_verify_doubt_says(p, kind) ? NGX_OK : NGX_DECLINED;
    }

    /* a refusal by such a provider never proves anything */

    if (p->provider && p->provider->worth == SV_WORTH_REFUSES_ALL) {
        return NGX_OK;
    }

    mailbox = sv_reason_is(class->reason, SV_IS_MAILBOX);

    if (!ngx_smtp_verify_keeper_believes(s)) {
        return mailbox ? NGX_AGAIN : NGX_DECLINED;
    }

    if (mailbox && s->refusal == 0) {
        s->refusal = kind;
    }

    if (mailbox && s->refusal == kind) {
        return NGX_OK;
    }

    return ngx_smtp_verify_doubt_says(p, kind) ? NGX_OK : NGX_DECLINED;
}


/* The first answer of a session does not depend on the session. */

static void
ngx_smtp_verify_doubt_fresh(ngx_smtp_verify_probe_t *p, sv_class_t *class)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    ngx_smtp_verify_doubt_settle(p);

    if (s->code >= 500 && !class->session) {
        s->refusal = ngx_smtp_verify_doubt_kind(s, class);
    }
}


ngx_uint_t
ngx_smtp_verify_doubt_is_first(ngx_smtp_verify_probe_t *p, ngx_str_t *what)
{
    sv_class_t                 *class;
    ngx_smtp_verify_session_t  *s;

    s = p->session;
    class = &p->class;

    if (p->conf->keep.transactions == 0 || s->code < 400 || s->code == 421
        || class->session || ngx_smtp_verify_session_is_reused(s))
    {
        return 0;
    }

    ngx_smtp_verify_doubt_what(p, ngx_smtp_verify_doubt_kind(s, class), what);

    return 1;
}


/*
 * A fresh session complains of the order of commands, although it was right:
 * the next session may not complain.  A limit that the first recipient of a
 * session meets is not a limit of the session, but of all that we ask, so
 * asking again at once would not help.
 */

ngx_uint_t
ngx_smtp_verify_doubt_order(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    return p->class.reason == SV_REJECTED
           && s->code >= 500
           && !ngx_smtp_verify_session_is_reused(s)
           && s->trust != ngx_smtp_verify_trust_none
           && p->pass == ngx_smtp_verify_pass_any;
}


static void
ngx_smtp_verify_doubt_note(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s->code >= 500) {
        p->doubted = s->asked - 1;
        p->doubted_refused = s->refused - 1;
        p->doubted_key = ngx_smtp_verify_keeper_key(s);
    }
}


/* A random recipient that was refused proves that the domain is not catch-all,
   unless the session may refuse everybody by now. */

ngx_uint_t
ngx_smtp_verify_doubt_random(ngx_smtp_verify_probe_t *p)
{
    if (p->conf->keep.transactions == 0) {
        return 0;
    }

    if (!ngx_smtp_verify_session_is_reused(p->session)) {
        ngx_smtp_verify_doubt_settle(p);
        return 0;
    }

    if (ngx_smtp_verify_keeper_believes(p->session)) {
        return 0;
    }

    ngx_smtp_verify_doubt_note(p);

    return 1;
}


ngx_uint_t
ngx_smtp_verify_doubt_proved(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    p->doubted = 0;

    if (s->code / 100 == 2) {
        ngx_smtp_verify_keeper_proved(s);
        return 1;
    }

    ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_spent);

    if (s->code >= 500) {
        ngx_smtp_verify_keeper_lied(s, s->asked - 1, s->refused - 1);
    }

    return 0;
}


/* Compares the answer of the fresh session with the doubted one. */

void
ngx_smtp_verify_doubt_settle(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (p->conf->keep.transactions == 0) {
        return;
    }

    /* another server, or the same one with another identity, says nothing about
       the doubted session */

    if (p->doubted && p->doubted_key != ngx_smtp_verify_keeper_key(s)) {
        p->doubted = 0;
    }

    if (p->doubted && s->code < 400) {
        ngx_smtp_verify_keeper_lied(s, p->doubted, p->doubted_refused);

    } else if (p->doubted && s->code >= 500) {
        ngx_smtp_verify_keeper_agreed(s);
    }

    p->doubted = 0;

    if (s->code < 400) {
        ngx_smtp_verify_keeper_accepted(s);
    }
}


void
ngx_smtp_verify_doubt_refused(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (s->refusal == 0) {
        s->refusal = ngx_smtp_verify_doubt_kind(s, &p->class);
    }
}


static ngx_uint_t
ngx_smtp_verify_doubt_says(ngx_smtp_verify_probe_t *p, uint32_t kind)
{
    u_char     buf[NGX_SMTP_VERIFY_DOUBT_MAX];
    ngx_str_t  what;

    what.data = buf;
    ngx_smtp_verify_doubt_what(p, kind, &what);

    return ngx_smtp_verify_facts_host_is(p->conf, &what,
                                         ngx_smtp_verify_host_says);
}


/* the name of the fact: it depends on the identity that asks */

static void
ngx_smtp_verify_doubt_what(ngx_smtp_verify_probe_t *p, uint32_t kind,
    ngx_str_t *what)
{
    uint32_t   egress;
    ngx_str_t  destination;

    ngx_smtp_verify_slot_destination(p, &destination);

    egress = p->egress ? ngx_crc32_long(p->egress->key.data,
                                        p->egress->key.len)
                       : 0;

    what->len = ngx_snprintf(what->data, NGX_SMTP_VERIFY_DOUBT_MAX,
                             "%08xD.%08xD.%V", kind, egress, &destination)
                - what->data;
}


/* hash of the reply, without what depends on the recipient */

static uint32_t
ngx_smtp_verify_doubt_kind(ngx_smtp_verify_session_t *s, sv_class_t *class)
{
    u_char  *last, buf[NGX_SMTP_VERIFY_DOUBT_MAX];

    last = ngx_snprintf(buf, sizeof(buf), "%ui %s %s", s->code,
                        class->enhanced, class->rule);

    return ngx_crc32_long(buf, last - buf) | 1;
}
