
#include "ngx_smtp_verify_probe.h"

#include <openssl/err.h>
#include <openssl/rand.h>


#define NGX_SMTP_VERIFY_RANDOM_LEN  20


static void ngx_smtp_verify_random_claim(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_random_claimed(ngx_smtp_verify_claim_t *claim);
static ngx_uint_t ngx_smtp_verify_random_room(ngx_smtp_verify_probe_t *p);
static ngx_int_t ngx_smtp_verify_random_address(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_random_again(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_random_prove(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_random_afresh(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_random_conclude(ngx_smtp_verify_probe_t *p,
    ngx_int_t catch_all);


/* Is the random recipient asked in the same flight as the address? */

ngx_uint_t
ngx_smtp_verify_random_eager(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t  rc;

    if (ngx_smtp_verify_random_known(p) != NGX_SMTP_VERIFY_UNKNOWN
        || (p->provider && !p->provider->second_rcpt)
        || !ngx_smtp_verify_random_room(p)
        || ngx_smtp_verify_random_address(p) != NGX_OK)
    {
        return 0;
    }

    if (ngx_smtp_verify_is_backup(p) || p->claim.work) {
        return ngx_smtp_verify_slot_more(p, 1) == NGX_OK;
    }

    rc = ngx_smtp_verify_facts_claim(p->conf, &p->domain, &p->claim,
                                     &p->seen);

    if (rc == NGX_DECLINED) {
        return 0;
    }

    /* if somebody asks it now, wait only after the address is accepted */

    if (rc == NGX_AGAIN || ngx_smtp_verify_slot_more(p, 1) != NGX_OK) {
        ngx_smtp_verify_claim_leave(&p->claim);
        return 0;
    }

    return 1;
}


void
ngx_smtp_verify_random_accepted(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t             known;
    const sv_provider_t  *provider;

    provider = p->provider;

    if (provider && provider->worth == SV_WORTH_ACCEPTS_ALL) {
        ngx_smtp_verify_probe_finish(p, SV_UNVERIFIABLE_PROVIDER);
        return;
    }

    p->canary = 0;

    ngx_smtp_verify_canary_address(p);

    if (p->asks == ngx_smtp_verify_asks_both) {
        p->asks = ngx_smtp_verify_asks_rest;
        return;
    }

    p->asks = ngx_smtp_verify_asks_domain;

    known = ngx_smtp_verify_random_known(p);

    p->canary = ngx_smtp_verify_canary_due(p, known);

    if (known != NGX_SMTP_VERIFY_UNKNOWN && !p->canary) {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                       "smtp verify catch-all: \"%V\" is known, %i",
                       &p->domain, known);

        ngx_smtp_verify_random_conclude(p, known);
        return;
    }

    if (p->conf->catch_all == NGX_SMTP_VERIFY_CATCH_ALL_OFF
        || (provider && !provider->second_rcpt && !p->canary))
    {
        ngx_smtp_verify_random_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);
        return;
    }

    /* a backup has to be asked itself, and says nothing about the domain */

    if (ngx_smtp_verify_is_backup(p) || p->claim.work) {
        ngx_smtp_verify_random_ask(p);
        return;
    }

    ngx_smtp_verify_random_claim(p);
}


static void
ngx_smtp_verify_random_claim(ngx_smtp_verify_probe_t *p)
{
    p->claim.handler = ngx_smtp_verify_random_claimed;
    p->claim.data = p;

    switch (ngx_smtp_verify_facts_claim(p->conf, &p->domain, &p->claim,
                                        p->canary ? NULL : &p->seen))
    {

    case NGX_AGAIN:
        return;

    case NGX_DECLINED:
        ngx_smtp_verify_random_conclude(p, ngx_smtp_verify_random_known(p));
        return;

    default: /* NGX_OK, NGX_ERROR */
        ngx_smtp_verify_random_ask(p);
        return;
    }
}


/* What is known of the domain or its provider, and need not be asked. */

ngx_int_t
ngx_smtp_verify_random_known(ngx_smtp_verify_probe_t *p)
{
    if (ngx_smtp_verify_is_backup(p)) {
        return NGX_SMTP_VERIFY_UNKNOWN;
    }

    if (p->provider && p->provider->worth == SV_WORTH_DEFINITIVE) {
        return NGX_SMTP_VERIFY_NO;
    }

    return ngx_smtp_verify_facts_catch_all(p->conf, &p->domain, &p->seen);
}


/* Another probe asked the random recipient.  It has an answer, or gave up. */

static void
ngx_smtp_verify_random_claimed(ngx_smtp_verify_claim_t *claim)
{
    ngx_smtp_verify_probe_t  *p;

    p = claim->data;

    if (claim->owner) {
        ngx_smtp_verify_random_ask(p);
        return;
    }

    if (claim->rc == NGX_DECLINED
        && !ngx_smtp_verify_facts_told(p->conf, &p->domain, claim, p->canary))
    {
        ngx_smtp_verify_random_claim(p);
        return;
    }

    /* it was asked after this address was accepted, or about that time */

    p->result.unproved = 0;

    if (p->canary) {
        p->seen.state = 0;
        ngx_smtp_verify_random_conclude(p,
                                        ngx_smtp_verify_facts_catch_all(p->conf,
                                                      &p->domain, &p->seen));
        return;
    }

    ngx_smtp_verify_random_conclude(p, ngx_smtp_verify_random_known(p));
}


void
ngx_smtp_verify_random_ask(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t  alone;

    /* a session of its own has waited for its limits already */

    alone = (p->asks == ngx_smtp_verify_asks_alone);

    if (p->session == NULL || (!alone && !ngx_smtp_verify_random_room(p)))
    {
        ngx_smtp_verify_random_afresh(p);
        return;
    }

    if (ngx_smtp_verify_random_address(p) != NGX_OK
        || (!alone && ngx_smtp_verify_slot_more(p, 0) != NGX_OK))
    {
        ngx_smtp_verify_random_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify catch-all: \"%V\" is asked", &p->domain);

    if (!alone) {
        p->asks = ngx_smtp_verify_asks_random;
    }

    ngx_smtp_verify_session_ask(p->session, NGX_SMTP_VERIFY_RCPT_RANDOM, 1);
}


/* Does the session allow one more transaction than the current one? */

static ngx_uint_t
ngx_smtp_verify_random_room(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t                  messages, asked;
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (p->provider && !p->provider->second_rcpt) {
        return 0;
    }

    asked = s->transactions + !ngx_smtp_verify_is_accepted(p);
    messages = ngx_smtp_verify_limits(p)->messages;

    return (messages == 0 || asked < messages)
           && (!ngx_smtp_verify_session_is_reused(s) || asked < s->most);
}


/*
 * A local part that nobody has.  It begins with a letter, and has no characters
 * that are confused with others.  A server that could predict it would refuse
 * it, and accept all others, so it comes from OpenSSL's random generator.
 */

static ngx_int_t
ngx_smtp_verify_random_address(ngx_smtp_verify_probe_t *p)
{
    u_char        *last;
    ngx_str_t     *rcpt;
    ngx_uint_t     i;
    u_char         octets[NGX_SMTP_VERIFY_RANDOM_LEN];
    static u_char  chars[] = "abcdefghijkmnpqrstuvwxyz23456789";

    if (RAND_bytes(octets, NGX_SMTP_VERIFY_RANDOM_LEN) != 1) {
        ERR_clear_error();
        ngx_log_error(NGX_LOG_ALERT, &p->log, 0, "RAND_bytes() failed");
        return NGX_ERROR;
    }

    rcpt = &p->session->rcpt[NGX_SMTP_VERIFY_RCPT_RANDOM];

    rcpt->len = NGX_SMTP_VERIFY_RANDOM_LEN + 1 + p->domain.len;
    rcpt->data = ngx_pnalloc(p->pool, rcpt->len);
    if (rcpt->data == NULL) {
        return NGX_ERROR;
    }

    last = rcpt->data;

    for (i = 0; i < NGX_SMTP_VERIFY_RANDOM_LEN; i++) {
        *last++ = chars[octets[i] % (i == 0 ? 24 : 32)];
    }

    *last++ = '@';
    ngx_memcpy(last, p->domain.data, p->domain.len);

    return NGX_OK;
}


void
ngx_smtp_verify_random_answered(ngx_smtp_verify_probe_t *p)
{
    switch (p->class.reason) {

    case SV_ACCEPTED:
        ngx_smtp_verify_doubt_settle(p);
        ngx_smtp_verify_random_conclude(p, ngx_smtp_verify_canary_accepted(p)
                                           ? NGX_SMTP_VERIFY_UNKNOWN
                                           : NGX_SMTP_VERIFY_YES);
        return;

    case SV_MAILBOX_NOT_FOUND:
    case SV_MAILBOX_DISABLED:
        if (p->asks != ngx_smtp_verify_asks_alone
            && ngx_smtp_verify_doubt_random(p))
        {
            ngx_smtp_verify_random_prove(p);
            return;
        }

        ngx_smtp_verify_doubt_refused(p);
        ngx_smtp_verify_canary_refused(p);
        ngx_smtp_verify_random_conclude(p, NGX_SMTP_VERIFY_NO);
        return;

    default:
        ngx_smtp_verify_random_unrefused(p);
        return;
    }
}


/*
 * A session that refuses the random recipient may refuse everybody by now.  It
 * has just accepted the address: if it does so again, it still accepts people.
 * A fresh session would take longer, and would have to ask for one more
 * recipient that does not exist.
 */

static void
ngx_smtp_verify_random_prove(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_session_t  *s;

    s = p->session;

    if (!ngx_smtp_verify_session_reusable(s)
        || !ngx_smtp_verify_random_room(p)
        || ngx_smtp_verify_slot_more(p, 0) != NGX_OK)
    {
        ngx_smtp_verify_random_afresh(p);
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify kept session: does it still accept the "
                   "address, as recipient %ui?", s->asked + 1);

    p->asks = ngx_smtp_verify_asks_proof;

    ngx_smtp_verify_session_ask(s, NGX_SMTP_VERIFY_RCPT_ADDRESS, 1);
}


void
ngx_smtp_verify_random_proved(ngx_smtp_verify_probe_t *p)
{
    if (ngx_smtp_verify_doubt_proved(p)) {
        ngx_smtp_verify_canary_refused(p);
        ngx_smtp_verify_random_conclude(p, NGX_SMTP_VERIFY_NO);
        return;
    }

    ngx_smtp_verify_random_afresh(p);
}


void
ngx_smtp_verify_random_unproved(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_dialog_learn(p);
    ngx_smtp_verify_random_afresh(p);
}


/* Asks only the random recipient, in a session of its own. */

static void
ngx_smtp_verify_random_afresh(ngx_smtp_verify_probe_t *p)
{
    p->asks = ngx_smtp_verify_asks_alone;

    ngx_smtp_verify_route_retry(p);
}


/* The session for the random recipient failed at once: the address is still
   accepted. */

ngx_int_t
ngx_smtp_verify_random_stands(ngx_smtp_verify_probe_t *p)
{
    if (!ngx_smtp_verify_is_accepted(p)) {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_random_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);

    return NGX_OK;
}


/*
 * It was neither accepted nor refused as unknown.  A server that allows one
 * recipient in a session may be asked in another one.
 */

void
ngx_smtp_verify_random_unrefused(ngx_smtp_verify_probe_t *p)
{
    if (ngx_smtp_verify_random_again(p)) {
        ngx_smtp_verify_dialog_learn(p);
        ngx_smtp_verify_random_afresh(p);
        return;
    }

    ngx_smtp_verify_random_conclude(p, NGX_SMTP_VERIFY_UNKNOWN);
}


/*
 * Should the random recipient be asked again in a session of its own?  RFC 5321
 * uses 452 for too many recipients, and X.5.3 means the same; Exim says 421
 * after too many messages in a session.  Other replies about the session may be
 * caused by earlier recipients, at least by the address.  A server that
 * complains of unknown recipients does not get another one.
 */

static ngx_uint_t
ngx_smtp_verify_random_again(ngx_smtp_verify_probe_t *p)
{
    sv_class_t                 *class;
    ngx_smtp_verify_session_t  *s;

    s = p->session;
    class = &p->class;

    if (p->asks == ngx_smtp_verify_asks_alone
        || s == NULL || s->fault || s->code < 400)
    {
        return 0;
    }

    if (class->session && ngx_smtp_verify_dialog_in_steps(p)) {
        p->pass = ngx_smtp_verify_pass_stepwise;
        return 1;
    }

    if (class->reason == SV_MAILBOX_FULL) {
        return 0;
    }

    return s->code == 452
           || (class->session
               && (ngx_smtp_verify_session_is_reused(s)
                   || ngx_strcmp(class->rule, "too-many-unknown-recipients")))
           || (s->code == 421 && class->reason == SV_RATE_LIMITED)
           || ngx_strcmp(class->enhanced + 1, ".5.3") == 0;
}


/*
 * The address was accepted.  If a backup accepted it, this counts only if it
 * refuses others; otherwise the failure of the better MX is the result.
 */

static void
ngx_smtp_verify_random_conclude(ngx_smtp_verify_probe_t *p,
    ngx_int_t catch_all)
{
    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify catch-all: \"%V\" concluded, %i",
                   &p->domain, catch_all);

    if (ngx_smtp_verify_is_backup(p)) {

        if (catch_all != NGX_SMTP_VERIFY_NO) {
            ngx_smtp_verify_route_unproved(p);
            return;
        }

    } else {
        ngx_smtp_verify_feed_domain(p, catch_all);
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
