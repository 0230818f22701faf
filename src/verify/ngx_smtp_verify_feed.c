
/*
 * What a probe has learned about its domain and mail hosts is written here, and
 * by nobody else.  _facts.h has the facts themselves.
 */

#include "ngx_smtp_verify_probe.h"
#include "ngx_smtp_verify_replies.h"
#include "sv_redact.h"
#include "sv_utf8.h"
#include "sv_wipe.h"


static void ngx_smtp_verify_feed_refusal(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_feed_is_refusal(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_feed_host(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_host_fact_e fact);


/* the DNS has answered, or failed to */

void
ngx_smtp_verify_feed_mx(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_facts_mx_settle(p->conf, &p->mx, &p->claim);
}


/* Any reply, whoever was asked for.  Greylisting that was only concluded from
   memory does not make the memory last longer. */

void
ngx_smtp_verify_feed_reply(ngx_smtp_verify_probe_t *p)
{
    if (p->session->stage == SV_STAGE_RCPT
        && p->class.reason == SV_GREYLISTED
        && ngx_strcmp(p->class.rule, NGX_SMTP_VERIFY_GREYLIST_MEMORY) != 0)
    {
        ngx_smtp_verify_feed_host(p, ngx_smtp_verify_host_greylists);
    }

    if (ngx_smtp_verify_feed_is_refusal(p)) {
        ngx_smtp_verify_feed_refusal(p);
    }
}


/* We were refused, not the recipient; and somebody may want to see it. */

static ngx_uint_t
ngx_smtp_verify_feed_is_refusal(ngx_smtp_verify_probe_t *p)
{
    sv_blame_e  blame;

    if (p->session->code < 400 || p->conf->throttle == NULL) {
        return 0;
    }

    blame = sv_reason_info(p->class.reason)->blame;

    return (p->session->stage < SV_STAGE_RCPT
            || blame == SV_BLAME_SENDER || blame == SV_BLAME_POLICY)
           && ngx_smtp_verify_replies_kept();
}


/* The text is kept without the address, and without any other one. */

static void
ngx_smtp_verify_feed_refusal(ngx_smtp_verify_probe_t *p)
{
    size_t                      len;
    sv_str_t                    local;
    ngx_str_t                  *rcpt;
    ngx_smtp_verify_reply_t     reply;
    ngx_smtp_verify_session_t  *s;
    ngx_smtp_verify_reply_of_t  of;
    static sv_scratch u_char    clean[SV_REPLY_TEXT_MAX * 3];
    static sv_scratch u_char    text[SV_REPLY_TEXT_MAX * 3];

    s = p->session;
    rcpt = &s->rcpt[s->stage == SV_STAGE_RCPT ? s->answered_rcpt
                                              : NGX_SMTP_VERIFY_RCPT_ADDRESS];

    local.data = rcpt->data;
    local.len = 0;

    for (len = 0; len < rcpt->len; len++) {
        if (rcpt->data[len] == '@') {
            local.len = len;
        }
    }

    ngx_memzero(&reply, sizeof(ngx_smtp_verify_reply_t));

    reply.stage = s->stage;
    reply.reason = p->class.reason;
    reply.code = (uint32_t) s->code;

    ngx_cpystrn(reply.enhanced, (u_char *) p->class.enhanced,
                NGX_SMTP_VERIFY_REPLIES_ENHANCED + 1);

    /* all of it, as an address that is cut is not recognized */

    len = sv_utf8_clean(clean, sizeof(clean), s->text.data, s->text.len);
    len = sv_redact_all(text, clean, len, &local);

    if (len > NGX_SMTP_VERIFY_REPLIES_TEXT) {
        len = NGX_SMTP_VERIFY_REPLIES_TEXT;

        while (len && (text[len] & 0xc0) == 0x80) {
            len--;
        }
    }

    ngx_memcpy(reply.text, text, len);
    reply.len = (uint8_t) len;

    of.zone = &p->conf->throttle->shm.name;
    ngx_smtp_verify_slot_destination(p, &of.destination);

    ngx_str_null(&of.egress);

    if (p->egress) {
        of.egress = p->egress->key;
    }

    ngx_smtp_verify_replies_put(&of, &reply);
}


/* the answer about the address, which counts */

void
ngx_smtp_verify_feed_answer(ngx_smtp_verify_probe_t *p)
{
    u_char     buf[NGX_SMTP_VERIFY_DOUBT_MAX];
    ngx_str_t  what;

    if (p->pass == ngx_smtp_verify_pass_stepwise && !p->class.session) {
        ngx_smtp_verify_feed_host(p, ngx_smtp_verify_host_stepwise);
    }

    what.data = buf;

    if (ngx_smtp_verify_doubt_is_first(p, &what)
        && !ngx_smtp_verify_facts_host_is(p->conf, &what,
                                          ngx_smtp_verify_host_says))
    {
        ngx_smtp_verify_facts_set_host(p->conf, &what,
                                       ngx_smtp_verify_host_says);
    }

    /* somebody is refused, so the domain is not catch-all */

    if (p->class.reason != SV_MAILBOX_NOT_FOUND
        || (p->provider && p->provider->worth == SV_WORTH_REFUSES_ALL))
    {
        return;
    }

    ngx_smtp_verify_canary_proves(p);

    if (ngx_smtp_verify_is_backup(p)) {
        return;
    }

    if (p->claim.owner) {
        ngx_smtp_verify_feed_domain(p, NGX_SMTP_VERIFY_NO);
        return;
    }

    ngx_smtp_verify_facts_not_catch_all(p->conf, &p->domain);
}


static void
ngx_smtp_verify_feed_host(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_host_fact_e fact)
{
    ngx_smtp_verify_facts_set_host(p->conf, &p->mx.records[p->imx].host,
                                   fact);
}


/*
 * Is the domain catch-all?  If so many recipients were refused before that it
 * may be so only for us by now, that is kept for a short time.  If a canary had
 * no answer, what was known before is forgotten.
 */

void
ngx_smtp_verify_feed_domain(ngx_smtp_verify_probe_t *p, ngx_int_t catch_all)
{
    ngx_uint_t  soon;

    if (p->canary && catch_all == NGX_SMTP_VERIFY_UNKNOWN) {
        ngx_smtp_verify_facts_retract(p->conf, &p->domain, &p->claim);
        return;
    }

    soon = (p->claim.owner && catch_all == NGX_SMTP_VERIFY_YES
            && ngx_smtp_verify_canary_suspects(p));

    ngx_smtp_verify_facts_settle(p->conf, &p->domain, &p->claim, catch_all,
                                 soon);
}
