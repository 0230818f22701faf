
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_probe.h"


/* Mail hosts to look at.  Hosts that do not exist cost nothing, and do not
   count as tried. */
#define NGX_SMTP_VERIFY_MAX_HOSTS  32


static ngx_uint_t ngx_smtp_verify_route_given(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_fetched(ngx_smtp_verify_fetch_t *fetch);
static void ngx_smtp_verify_route_resolve(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_claimed(ngx_smtp_verify_claim_t *claim);
static void ngx_smtp_verify_route_ask(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_mx_handler(ngx_smtp_verify_mx_query_t *q);
static void ngx_smtp_verify_route_mx_done(ngx_smtp_verify_probe_t *p);
static sv_reason_e ngx_smtp_verify_route_mx_tells(ngx_smtp_verify_probe_t *p);
static sv_reason_e ngx_smtp_verify_route_tells(ngx_smtp_verify_probe_t *p);
static sv_reason_e ngx_smtp_verify_route_known(ngx_smtp_verify_probe_t *p);
static const sv_provider_t *ngx_smtp_verify_route_provider(
    ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_learn(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_probe_t *other);


void
ngx_smtp_verify_route_start(ngx_smtp_verify_probe_t *p)
{
    p->result.probed = 1;

    if (ngx_smtp_verify_route_given(p)) {
        ngx_smtp_verify_route_mx_done(p);
        return;
    }

    if (!ngx_smtp_verify_facts_elsewhere(p->conf)
        || ngx_smtp_verify_facts_fetch(p->conf, &p->domain, &p->fetch,
                                       ngx_smtp_verify_route_fetched, p)
           != NGX_AGAIN)
    {
        ngx_smtp_verify_route_resolve(p);
    }
}


/* 1: a route names the host, so no MX records are needed */

static ngx_uint_t
ngx_smtp_verify_route_given(ngx_smtp_verify_probe_t *p)
{
    const sv_route_t  *route;

    route = NULL;

    if (p->conf->routes) {
        route = sv_routes_find(p->conf->routes, p->domain.data, p->domain.len);
    }

    p->route = route;
    p->result.routed = (route != NULL);

    if (route == NULL) {
        return 0;
    }

    p->implicit.host.data = route->host.data;
    p->implicit.host.len = route->host.len;

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify route: \"%V\" by a route to \"%V\", port %ui, "
                   "mx:%d", &p->domain, &p->implicit.host,
                   (ngx_uint_t) route->port, route->mx);

    if (route->mx) {
        return 0;
    }

    p->mx.status = NGX_SMTP_VERIFY_MX_OK;
    p->mx.records = &p->implicit;
    p->mx.nrecords = 1;

    return 1;
}


static void
ngx_smtp_verify_route_fetched(ngx_smtp_verify_fetch_t *fetch)
{
    ngx_smtp_verify_probe_t  *p;

    p = fetch->data;

    ngx_smtp_verify_fetch_free(fetch);
    p->fetch = NULL;

    ngx_smtp_verify_route_resolve(p);
}


/* If another probe asks the DNS for the records, its answer is awaited. */

static void
ngx_smtp_verify_route_resolve(ngx_smtp_verify_probe_t *p)
{
    uint64_t                     state;
    ngx_int_t                    rc;
    ngx_smtp_verify_mx_query_t  *q;

    q = &p->mx;

    q->resolver = p->conf->resolver;
    q->name = p->route ? p->implicit.host : p->domain;
    q->max = ngx_max(p->conf->max_mx, NGX_SMTP_VERIFY_MAX_HOSTS);
    q->timeout = p->conf->resolver_timeout;
    q->pool = p->pool;
    q->log = &p->log;
    q->handler = ngx_smtp_verify_route_mx_handler;
    q->data = p;

    state = ngx_smtp_verify_facts_now(p->conf);
    rc = ngx_smtp_verify_facts_mx_known(p->conf, q);

    if (rc == NGX_DECLINED) {
        p->claim.handler = ngx_smtp_verify_route_claimed;
        p->claim.data = p;
        p->since = ngx_current_msec;

        rc = ngx_smtp_verify_facts_mx_claim(p->conf, q, &p->claim, state);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc != NGX_DECLINED) {
            ngx_smtp_verify_route_ask(p);
            return;
        }

    } else if (rc != NGX_OK) {
        q->status = NGX_SMTP_VERIFY_MX_ERROR;
    }

    ngx_smtp_verify_route_mx_done(p);
}


/* The probe that asked has an answer, or gave up.  Without an answer each asks
   by itself, as nobody has to wait for others twice. */

static void
ngx_smtp_verify_route_claimed(ngx_smtp_verify_claim_t *claim)
{
    ngx_msec_t                   waited;
    ngx_smtp_verify_probe_t     *p;
    ngx_smtp_verify_mx_query_t  *q;

    p = claim->data;
    q = &p->mx;

    if (!claim->owner
        && ngx_smtp_verify_facts_mx_told(p->conf, q, claim) == NGX_OK)
    {
        ngx_smtp_verify_route_mx_done(p);
        return;
    }

    waited = ngx_current_msec - p->since;

    if (waited >= q->timeout) {
        q->status = NGX_SMTP_VERIFY_MX_TIMEOUT;
        ngx_smtp_verify_claim_leave(claim);
        ngx_smtp_verify_route_mx_done(p);
        return;
    }

    q->timeout -= waited;
    ngx_smtp_verify_route_ask(p);
}


/* asks the DNS; the claim may be its own, or nobody's */

static void
ngx_smtp_verify_route_ask(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t                    rc;
    ngx_smtp_verify_mx_query_t  *q;

    q = &p->mx;
    p->since = ngx_current_msec;

    rc = ngx_smtp_verify_mx_resolve(q);

    p->result.asked = q->asked;

    if (rc == NGX_AGAIN) {
        return;
    }

    if (rc != NGX_OK) {

        /* we lack something, which others may have */

        q->status = NGX_SMTP_VERIFY_MX_ERROR;
        ngx_smtp_verify_claim_leave(&p->claim);
    }

    ngx_smtp_verify_route_mx_handler(q);
}


static void
ngx_smtp_verify_route_mx_handler(ngx_smtp_verify_mx_query_t *q)
{
    ngx_smtp_verify_probe_t  *p;

    p = q->data;

    if (q->asked) {
        ngx_smtp_verify_count_stage(SV_STAGE_DNS,
                                    ngx_current_msec - p->since);
    }

    ngx_smtp_verify_feed_mx(p);
    ngx_smtp_verify_route_mx_done(p);
}


static void
ngx_smtp_verify_route_mx_done(ngx_smtp_verify_probe_t *p)
{
    sv_reason_e  reason;

    reason = ngx_smtp_verify_route_mx_tells(p);

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify mx: \"%V\" has %ui hosts, implicit:%d, "
                   "concluded: %s",
                   &p->domain, p->mx.nrecords, ngx_smtp_verify_is_implicit(p),
                   sv_reason_info(reason)->name);

    if (reason != SV_REASON_NONE) {
        ngx_smtp_verify_probe_finish(p, reason);
        return;
    }

    if (p->conf->sts == NULL || ngx_smtp_verify_sts_start(p) != NGX_AGAIN) {
        ngx_smtp_verify_route_hosts(p);
    }
}


void
ngx_smtp_verify_route_hosts(ngx_smtp_verify_probe_t *p)
{
    p->hosts = ngx_pcalloc(p->pool, p->mx.nrecords
                                    * sizeof(ngx_smtp_verify_host_t));
    if (p->hosts == NULL) {
        ngx_smtp_verify_probe_finish(p, SV_THROTTLED);
        return;
    }

    ngx_smtp_verify_route_go(p);
}


/* SV_REASON_NONE: the hosts have to be asked */

static sv_reason_e
ngx_smtp_verify_route_mx_tells(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_mx_query_t  *q;

    q = &p->mx;

    if (p->route) {
        return ngx_smtp_verify_route_tells(p);
    }

    switch (q->status) {

    case NGX_SMTP_VERIFY_MX_OK:
        p->result.domain = 1;
        break;

    case NGX_SMTP_VERIFY_MX_NODATA:
        p->result.domain = 1;
        p->result.mx_record = 0;

        p->implicit.host = p->domain;
        q->records = &p->implicit;
        q->nrecords = 1;

        return SV_REASON_NONE;

    case NGX_SMTP_VERIFY_MX_NXDOMAIN:
        p->result.domain = 0;
        p->result.mx_record = 0;
        p->result.evidence.stage = SV_STAGE_DNS;
        return SV_DOMAIN_NOT_FOUND;

    default:
        p->result.evidence.stage = SV_STAGE_DNS;
        return SV_DNS_ERROR;
    }

    if (q->nrecords == 1 && q->records[0].host.len == 0) {
        p->result.mx_record = 0;
        p->result.evidence.stage = SV_STAGE_DNS;
        return SV_NULL_MX;
    }

    p->result.mx_record = 1;

    if (q->nrecords == 0) {
        p->result.evidence.stage = SV_STAGE_DNS;

        if (q->more) {
            p->result.evidence.ours = 1;
            return SV_CONNECT_FAILED;
        }

        return SV_NO_MAIL_SERVER;
    }

    return ngx_smtp_verify_route_known(p);
}


/* What the DNS says about a route's target says nothing about the domain.  If
   the target does not exist, that is our fault. */

static sv_reason_e
ngx_smtp_verify_route_tells(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_mx_query_t  *q;

    q = &p->mx;

    switch (q->status) {

    case NGX_SMTP_VERIFY_MX_OK:

        if (q->nrecords && q->records[0].host.len) {
            return ngx_smtp_verify_route_known(p);
        }

        break;

    case NGX_SMTP_VERIFY_MX_NODATA:
        q->records = &p->implicit;
        q->nrecords = 1;

        return ngx_smtp_verify_route_known(p);

    case NGX_SMTP_VERIFY_MX_NXDOMAIN:
        break;

    default:
        p->result.evidence.stage = SV_STAGE_DNS;
        return SV_DNS_ERROR;
    }

    p->result.evidence.stage = SV_STAGE_DNS;
    p->result.evidence.ours = 1;

    return SV_CONNECT_FAILED;
}


/* The MX hosts are known.  Does a server have to be asked at all? */

static sv_reason_e
ngx_smtp_verify_route_known(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t            *host;
    const sv_provider_t  *provider;

    host = &p->mx.records[0].host;
    provider = ngx_smtp_verify_route_provider(p);

    if (!p->smtp || (provider && !provider->probe)) {
        p->result.evidence.mx_host = *host;
        p->result.evidence.provider = provider;
        return SV_NOT_PROBED;
    }

    if (provider && provider->worth == SV_WORTH_ACCEPTS_ALL
        && !p->conf->unverifiable)
    {
        p->result.evidence.mx_host = *host;
        p->result.evidence.provider = provider;
        return SV_UNVERIFIABLE_PROVIDER;
    }

    if (p->conf->catch_all != NGX_SMTP_VERIFY_CATCH_ALL_OFF
        && ngx_smtp_verify_facts_catch_all(p->conf, &p->domain, &p->seen)
           == NGX_SMTP_VERIFY_YES)
    {
        p->result.evidence.mx_host = *host;
        p->result.evidence.provider = provider;
        p->result.evidence.rule = "catch-all-memory";
        p->result.is_catch_all = 1;
        return SV_CATCH_ALL;
    }

    return SV_REASON_NONE;
}


/*
 * The provider that all hosts of the domain belong to, or NULL.  It is only
 * used for display, as everybody can name the hosts of others, and to ask
 * nobody if the provider must not be asked.
 */

static const sv_provider_t *
ngx_smtp_verify_route_provider(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t            *host;
    ngx_uint_t            i;
    const sv_provider_t  *provider, *other;

    provider = NULL;

    if (p->mx.more) {
        return NULL;
    }

    for (i = 0; i < p->mx.nrecords; i++) {

        host = &p->mx.records[i].host;
        other = sv_provider_by_mx(p->conf->providers, host->data, host->len);

        if (other == NULL || (i && other != provider)) {
            return NULL;
        }

        provider = other;
    }

    return provider;
}


sv_reason_e
ngx_smtp_verify_route_recall(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_probe_t *other)
{
    ngx_uint_t   given;
    sv_reason_e  reason;

    given = ngx_smtp_verify_route_given(p);

    p->mx.name = p->route ? p->implicit.host : p->domain;
    p->mx.pool = p->pool;

    if (given
        || ngx_smtp_verify_facts_mx_known(p->conf, &p->mx) == NGX_OK)
    {

        reason = ngx_smtp_verify_route_mx_tells(p);

        if (reason != SV_REASON_NONE) {
            return reason;
        }

        p->result.evidence.mx_host = p->mx.records[0].host;

        if (!ngx_smtp_verify_is_implicit(p)) {
            p->result.evidence.provider = ngx_smtp_verify_route_provider(p);
        }
    }

    if (ngx_smtp_verify_facts_catch_all(p->conf, &p->domain, &p->seen)
        == NGX_SMTP_VERIFY_NO)
    {
        p->result.is_catch_all = 0;
    }

    if (other && other->result.domain >= 0) {
        ngx_smtp_verify_route_learn(p, other);
    }

    return SV_REASON_NONE;
}


/* Copies what another probe has found so far.  It is not enough for a verdict,
   or the other probe would have ended. */

static void
ngx_smtp_verify_route_learn(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_probe_t *other)
{
    ngx_str_t                 *host;
    ngx_smtp_verify_result_t  *result;

    result = &other->result;

    p->result.domain = result->domain;
    p->result.mx_record = result->mx_record;
    p->result.evidence.provider = other->provider;
    p->result.attempts = result->attempts;

    if (result->connected > 0) {
        p->result.connected = 1;
    }

    if (other->imx >= other->mx.nrecords) {
        return;
    }

    host = &p->result.evidence.mx_host;

    host->len = other->mx.records[other->imx].host.len;
    host->data = ngx_pstrdup(p->pool, &other->mx.records[other->imx].host);

    if (host->data == NULL) {
        host->len = 0;
    }
}
