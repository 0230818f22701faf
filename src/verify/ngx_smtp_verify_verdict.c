
#include "ngx_smtp_verify_probe.h"
#include "sv_suggest.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_DAY  86400


static void ngx_smtp_verify_verdict_disposable(ngx_smtp_verify_probe_t *p);
static sv_reason_e ngx_smtp_verify_verdict_lists(
    ngx_smtp_verify_result_t *result, sv_reason_e reason);
static ngx_int_t ngx_smtp_verify_verdict_score(ngx_smtp_verify_probe_t *p,
    sv_reason_e reason);
static void ngx_smtp_verify_verdict_copy(ngx_smtp_verify_probe_t *p,
    ngx_str_t *dst, sv_str_t *src, ngx_str_t *like);


void
ngx_smtp_verify_verdict(ngx_smtp_verify_probe_t *p, sv_reason_e reason)
{
    sv_reason_e                reason_shown;
    const sv_reason_info_t    *info;
    ngx_smtp_verify_result_t  *result;

    result = &p->result;

    if (sv_reason_info(reason)->exists >= 0) {
        result->mailbox_exists = sv_reason_info(reason)->exists;
    }

    ngx_smtp_verify_verdict_disposable(p);

    reason_shown = ngx_smtp_verify_verdict_lists(result, reason);

    info = sv_reason_info(reason_shown);

    result->reason = reason_shown;
    result->found = reason;
    result->status = info->status;
    result->blame = result->evidence.ours ? SV_BLAME_LOCAL : info->blame;
    result->estimated = info->estimated || sv_reason_info(reason)->estimated;

    if (result->detail == NULL && info->status == SV_UNKNOWN) {
        result->detail = ngx_smtp_verify_reach_detail(p, reason);
    }

    if (p->conf->domain_age && result->registered == 0 && p->domain.len) {
        result->registered = ngx_smtp_verify_facts_age(p->conf, &p->domain);
    }

    result->score = ngx_smtp_verify_verdict_score(p, reason);

    if (info->retry_after) {
        result->retry_after = result->evidence.retry_after
                              ? result->evidence.retry_after
                              : info->retry_after;
    }
}


/* A domain is disposable by its own name, or by that of its mail host. */

static void
ngx_smtp_verify_verdict_disposable(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t                 *host;
    ngx_smtp_verify_result_t  *result;

    result = &p->result;
    host = &result->evidence.mx_host;

    result->disposable_by = (result->disposable > 0) ? "domain" : NULL;

    if (result->disposable == 0
        && sv_lists_disposable_mx(p->conf->lists, host->data, host->len))
    {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                       "smtp verify disposable: by its mail host \"%V\"",
                       host);

        result->disposable = 1;
        result->disposable_by = "mail_host";
    }
}


/*
 * Will the same question get another answer soon?  Yes for a host that
 * greylists; for others, if the reply or its rule names a time.
 */

ngx_uint_t
ngx_smtp_verify_passes(sv_reason_e reason, ngx_smtp_verify_evidence_t *ev)
{
    switch (sv_reason_info(reason)->again) {

    case SV_AGAIN_SOON:
        return 1;

    case SV_AGAIN_TOLD:
        return ev->retry_after != 0;

    default:
        return 0;
    }
}


/*
 * The order if several apply: refusal or network > full > spam_trap >
 * disposable > catch_all > accepted_untested > role_account > accepted.
 */

static sv_reason_e
ngx_smtp_verify_verdict_lists(ngx_smtp_verify_result_t *result,
    sv_reason_e reason)
{
    if (!sv_reason_is(reason, SV_IS_OVERRULED)) {
        return reason;
    }

    if (result->spam_trap > 0) {
        return SV_SPAM_TRAP;
    }

    if (result->disposable > 0) {
        return SV_DISPOSABLE;
    }

    if (result->role_account > 0 && reason == SV_ACCEPTED) {
        return SV_ROLE_ACCOUNT;
    }

    return reason;
}


static ngx_int_t
ngx_smtp_verify_verdict_score(ngx_smtp_verify_probe_t *p, sv_reason_e reason)
{
    sv_score_input_t           input;
    ngx_smtp_verify_tls_t     *tls;
    ngx_smtp_verify_result_t  *result;

    result = &p->result;
    tls = &result->evidence.tls;

    input.reason = reason;
    input.catch_all = result->is_catch_all;
    input.disposable = result->disposable;
    input.spam_trap = result->spam_trap;
    input.role_account = result->role_account;
    input.abuse = result->abuse;
    input.gibberish = result->gibberish;
    input.typo = result->typo;
    input.alias_service = result->alias_service;
    input.free_provider = result->free_provider;
    input.tls = -1;
    input.worth = result->provider ? result->provider->worth
                                   : SV_WORTH_LEARNED;
    input.domain_age = ngx_smtp_verify_domain_age(result);

    if (result->connected > 0) {
        input.tls = !tls->protocol ? 0
                    : ngx_smtp_verify_proof_is_by_domain(tls)
                      ? 3 : 1 + tls->verified;
    }

    return sv_score(p->conf->weights, &input);
}


ngx_int_t
ngx_smtp_verify_domain_age(ngx_smtp_verify_result_t *result)
{
    ngx_int_t  days;

    if (result->registered == 0) {
        return -1;
    }

    days = ngx_time() / NGX_SMTP_VERIFY_DAY - (ngx_int_t) result->registered;

    return ngx_max(days, 0);
}


void
ngx_smtp_verify_verdict_anew(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result, sv_address_t *addr, ngx_pool_t *pool)
{
    ngx_str_t                                 *host;
    ngx_uint_t                                 retry_after;
    const sv_provider_t                       *provider;
    static sv_scratch ngx_smtp_verify_probe_t  p;

    host = &result->evidence.mx_host;
    provider = NULL;

    /* the provider is only believed if the host was found */

    if (result->provider || result->evidence.mx_ip.len) {
        provider = sv_provider_by_mx(conf->providers, host->data, host->len);
    }

    if (provider) {
        result->provider = provider;
    }

    retry_after = result->retry_after;

    p.conf = conf;
    p.pool = pool;
    p.domain.data = (u_char *) addr->domain.data;
    p.domain.len = addr->domain.len;
    p.result = *result;

    ngx_str_null(&p.result.did_you_mean);

    ngx_smtp_verify_verdict_checks(&p, addr);
    ngx_smtp_verify_verdict(&p, p.result.found);

    *result = p.result;
    result->retry_after = retry_after;
}


/* what the address alone tells */

void
ngx_smtp_verify_verdict_checks(ngx_smtp_verify_probe_t *p, sv_address_t *addr)
{
    ngx_smtp_verify_result_t      *result;
    static sv_scratch sv_checks_t  checks;

    sv_checks_run(p->conf->lists, addr, &checks);

    result = &p->result;

    result->disposable = checks.disposable;
    result->free_provider = checks.free_provider;
    result->alias_service = checks.alias_service;
    result->role_account = checks.role_account;
    result->spam_trap = checks.spam_trap;
    result->abuse = checks.abuse;
    result->gibberish = checks.gibberish;
    result->typo = checks.typo;

    ngx_smtp_verify_verdict_copy(p, &result->normalized, &checks.normalized,
                                 &result->email);
    ngx_smtp_verify_verdict_copy(p, &result->root, &checks.root,
                                 &result->normalized);
    ngx_smtp_verify_verdict_copy(p, &result->did_you_mean,
                                 &checks.did_you_mean, &result->email);
}


/*
 * If the operator has decided about an address, nobody is asked.  A denied
 * address is refused by a policy of ours.
 */

sv_reason_e
ngx_smtp_verify_verdict_decided(ngx_smtp_verify_probe_t *p,
    sv_address_t *addr)
{
    ngx_smtp_verify_result_t  *result;

    result = &p->result;
    result->decided = sv_lists_decide(p->conf->lists, addr);

    switch (result->decided) {

    case SV_DECIDED_ALLOW:
        result->evidence.rule = "list-allow";
        return SV_NOT_PROBED;

    case SV_DECIDED_DENY:
        result->evidence.rule = "list-deny";
        result->evidence.ours = 1;
        return SV_POLICY_REJECTED;

    default:
        return SV_REASON_NONE;
    }
}


/* The address is not valid.  Is there one that was meant? */

void
ngx_smtp_verify_verdict_meant(ngx_smtp_verify_probe_t *p)
{
    sv_str_t        meant;
    ngx_str_t      *email;
    unsigned char   buf[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];

    email = &p->result.email;

    meant.data = buf;
    meant.len = sv_suggest(p->conf->lists, email->data, email->len, buf);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify syntax: wrong, suggestion:%d", meant.len != 0);

    if (meant.len) {
        p->result.typo = 1;
        ngx_smtp_verify_verdict_copy(p, &p->result.did_you_mean, &meant,
                                     email);
    }
}


static void
ngx_smtp_verify_verdict_copy(ngx_smtp_verify_probe_t *p, ngx_str_t *dst,
    sv_str_t *src, ngx_str_t *like)
{
    if (src->len == 0 || ngx_smtp_verify_probe_shares(dst, src, like)) {
        return;
    }

    dst->data = ngx_pnalloc(p->pool, src->len);

    if (dst->data) {
        dst->len = src->len;
        ngx_memcpy(dst->data, src->data, src->len);
    }
}
