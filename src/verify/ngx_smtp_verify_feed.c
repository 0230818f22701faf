
/*
 * What a probe has learned about its domain and mail hosts is written here, and
 * by nobody else.  _facts.h has the facts themselves.
 */

#include "ngx_smtp_verify_probe.h"


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

    if (ngx_smtp_verify_route_is_backup(p)) {
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
