
#include "ngx_smtp_verify_probe.h"
#include "sv_target.h"


static void ngx_smtp_verify_route_mx_handler(ngx_smtp_verify_mx_query_t *q);
static void ngx_smtp_verify_route_mx_done(ngx_smtp_verify_probe_t *p);
static sv_reason_e ngx_smtp_verify_route_mx_tells(ngx_smtp_verify_probe_t *p);
static sv_reason_e ngx_smtp_verify_route_known(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_learn(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_probe_t *other);
static void ngx_smtp_verify_route_resolve(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_lookup(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_route_resolved(ngx_resolver_ctx_t *ctx);
static void ngx_smtp_verify_route_told(ngx_event_t *ev);
static ngx_int_t ngx_smtp_verify_route_addrs(ngx_smtp_verify_probe_t *p,
    ngx_resolver_ctx_t *ctx);
static ngx_uint_t ngx_smtp_verify_route_allowed(ngx_smtp_verify_probe_t *p,
    struct sockaddr *sockaddr);
static ngx_uint_t ngx_smtp_verify_route_literal(ngx_str_t *host);
static void ngx_smtp_verify_route_next_host(ngx_smtp_verify_probe_t *p);


/* who asks for a name just now, and may be answered at once */

static ngx_smtp_verify_probe_t  *ngx_smtp_verify_route_asks;


void
ngx_smtp_verify_route_start(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t                    rc;
    ngx_smtp_verify_mx_query_t  *q;

    q = &p->mx;

    q->resolver = p->conf->resolver;
    q->name = p->domain;
    q->max = p->conf->max_mx;
    q->pool = p->pool;
    q->log = &p->log;
    q->handler = ngx_smtp_verify_route_mx_handler;
    q->data = p;

    p->result.probed = 1;

    rc = ngx_smtp_verify_facts_mx(p->conf, q);

    if (rc == NGX_AGAIN) {
        return;
    }

    if (rc != NGX_OK) {
        q->status = NGX_SMTP_VERIFY_MX_ERROR;
    }

    ngx_smtp_verify_route_mx_done(p);
}


static void
ngx_smtp_verify_route_mx_handler(ngx_smtp_verify_mx_query_t *q)
{
    ngx_smtp_verify_probe_t  *p;

    p = q->data;

    ngx_smtp_verify_facts_set_mx(p->conf, q);
    ngx_smtp_verify_route_mx_done(p);
}


static void
ngx_smtp_verify_route_mx_done(ngx_smtp_verify_probe_t *p)
{
    sv_reason_e  reason;

    reason = ngx_smtp_verify_route_mx_tells(p);

    if (reason != SV_REASON_NONE) {
        ngx_smtp_verify_probe_finish(p, reason);
        return;
    }

    ngx_smtp_verify_route_resolve(p);
}


/* none: its hosts have to be asked */

static sv_reason_e
ngx_smtp_verify_route_mx_tells(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_mx_query_t  *q;

    q = &p->mx;

    switch (q->status) {

    case NGX_SMTP_VERIFY_MX_OK:
        p->result.domain = 1;
        break;

    case NGX_SMTP_VERIFY_MX_NODATA:
        p->result.domain = 1;
        p->result.mx_record = 0;

        p->is_implicit = 1;
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
        return SV_NO_MAIL_SERVER;
    }

    return ngx_smtp_verify_route_known(p);
}


/* the MX hosts are known: is a server to be asked at all? */

static sv_reason_e
ngx_smtp_verify_route_known(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t  *host;

    host = &p->mx.records[0].host;

    p->provider = sv_provider_by_mx(p->conf->providers, host->data, host->len);
    p->result.provider = p->provider;

    if (!p->smtp || (p->result.provider && !p->result.provider->probe)) {
        p->result.evidence.mx_host = *host;
        return SV_NOT_PROBED;
    }

    if (p->conf->catch_all != NGX_SMTP_VERIFY_CATCH_ALL_OFF
        && ngx_smtp_verify_facts_catch_all(p->conf, &p->domain)
           == NGX_SMTP_VERIFY_YES)
    {
        p->result.evidence.mx_host = *host;
        p->result.evidence.rule = "catch-all-memory";
        p->result.is_catch_all = 1;
        return SV_CATCH_ALL;
    }

    return SV_REASON_NONE;
}


sv_reason_e
ngx_smtp_verify_route_recall(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_probe_t *other)
{
    sv_reason_e  reason;

    p->mx.name = p->domain;
    p->mx.pool = p->pool;

    if (ngx_smtp_verify_facts_mx_known(p->conf, &p->mx) == NGX_OK) {

        reason = ngx_smtp_verify_route_mx_tells(p);

        if (reason != SV_REASON_NONE) {
            return reason;
        }

        p->result.evidence.mx_host = p->mx.records[0].host;
    }

    if (ngx_smtp_verify_facts_catch_all(p->conf, &p->domain)
        == NGX_SMTP_VERIFY_NO)
    {
        p->result.is_catch_all = 0;
    }

    if (other && other->result.domain >= 0) {
        ngx_smtp_verify_route_learn(p, other);
    }

    return SV_REASON_NONE;
}


/* what another probe has found so far: it decides nothing, or that one would
   have ended */

static void
ngx_smtp_verify_route_learn(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_probe_t *other)
{
    ngx_str_t                 *host;
    ngx_smtp_verify_result_t  *result;

    result = &other->result;

    p->result.domain = result->domain;
    p->result.mx_record = result->mx_record;
    p->result.provider = result->provider;
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


/* the addresses of the current host */

static void
ngx_smtp_verify_route_resolve(ngx_smtp_verify_probe_t *p)
{
    p->naddrs = 0;
    p->iaddr = 0;
    p->resolves = 0;

    if (ngx_smtp_verify_route_literal(&p->mx.records[p->imx].host)) {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_FORBIDDEN_TARGET);
        ngx_smtp_verify_route_next_host(p);
        return;
    }

    ngx_smtp_verify_route_lookup(p);
}


static void
ngx_smtp_verify_route_lookup(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t            rc;
    ngx_resolver_ctx_t  *ctx;

    ctx = ngx_resolve_start(p->conf->resolver, NULL);

    if (ctx == NULL || ctx == NGX_NO_RESOLVER) {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_DNS_ERROR);
        ngx_smtp_verify_route_next_host(p);
        return;
    }

    ctx->name = p->mx.records[p->imx].host;
    ctx->handler = ngx_smtp_verify_route_resolved;
    ctx->data = p;
    ctx->timeout = p->conf->resolver_timeout;

    p->resolving = ctx;

    /* may call back at once, and end the probe */

    ngx_smtp_verify_route_asks = p;

    rc = ngx_resolve_name(ctx);

    ngx_smtp_verify_route_asks = NULL;

    if (rc != NGX_OK) {
        p->resolving = NULL;
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_DNS_ERROR);
        ngx_smtp_verify_route_next_host(p);
    }
}


/* names that the DNS should not be asked for, or that lead to ourselves */

static ngx_uint_t
ngx_smtp_verify_route_literal(ngx_str_t *host)
{
    static ngx_str_t  localhost = ngx_string("localhost");

    if (ngx_inet_addr(host->data, host->len) != INADDR_NONE) {
        return 1;
    }

    if (host->len < localhost.len
        || ngx_strncasecmp(host->data + host->len - localhost.len,
                           localhost.data, localhost.len)
           != 0)
    {
        return 0;
    }

    return host->len == localhost.len
           || host->data[host->len - localhost.len - 1] == '.';
}


/*
 * When an answer comes nginx's resolver goes through all who wait for it, and
 * must not lose one of them by what the one before it does: that is done
 * behind.
 */

static void
ngx_smtp_verify_route_resolved(ngx_resolver_ctx_t *ctx)
{
    ngx_int_t                 rc;
    ngx_event_t              *ev;
    ngx_smtp_verify_probe_t  *p;

    p = ctx->data;
    p->resolving = NULL;
    p->resolved_state = ctx->state;

    if (ctx->state == NGX_OK) {
        rc = ngx_smtp_verify_route_addrs(p, ctx);
        p->resolved_reason = (rc == NGX_OK) ? SV_REASON_NONE
                                            : SV_FORBIDDEN_TARGET;

    } else if (ctx->state == NGX_RESOLVE_NXDOMAIN) {
        p->resolved_reason = SV_NO_MAIL_SERVER;

    } else {
        p->resolved_reason = SV_DNS_ERROR;
    }

    ngx_resolve_name_done(ctx);

    ev = &p->resolved;

    ev->handler = ngx_smtp_verify_route_told;
    ev->data = p;
    ev->log = &p->log;

    if (ngx_smtp_verify_route_asks != p) {
        ngx_post_event(ev, &ngx_posted_events);
        return;
    }

    ngx_smtp_verify_route_asks = NULL;

    ngx_smtp_verify_route_told(ev);
}


static void
ngx_smtp_verify_route_told(ngx_event_t *ev)
{
    sv_reason_e               reason;
    ngx_smtp_verify_probe_t  *p;

    p = ev->data;
    reason = p->resolved_reason;

    /* nginx's resolver asks its next server with the next question only */

    if (reason == SV_DNS_ERROR && p->resolved_state != NGX_RESOLVE_TIMEDOUT
        && ++p->resolves < NGX_SMTP_VERIFY_MAX_RESOLVES)
    {
        ngx_smtp_verify_route_lookup(p);
        return;
    }

    if (reason != SV_REASON_NONE) {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, reason);
        ngx_smtp_verify_route_next_host(p);
        return;
    }

    if (!p->smtp) {
        p->result.evidence.mx_host = p->domain;
        ngx_smtp_verify_probe_finish(p, SV_NOT_PROBED);
        return;
    }

    ngx_smtp_verify_route_connect(p);
}


/* NGX_DECLINED: the host has addresses, none of which may be connected to */

static ngx_int_t
ngx_smtp_verify_route_addrs(ngx_smtp_verify_probe_t *p,
    ngx_resolver_ctx_t *ctx)
{
    ngx_uint_t   i, n;
    ngx_addr_t  *addr;

    n = ngx_min(ctx->naddrs, NGX_SMTP_VERIFY_MAX_ADDRS);

    p->addrs = ngx_pcalloc(p->pool, n * sizeof(ngx_addr_t));
    if (p->addrs == NULL) {
        return NGX_DECLINED;
    }

    for (i = 0; i < ctx->naddrs && p->naddrs < n; i++) {

        if (!ngx_smtp_verify_route_allowed(p, ctx->addrs[i].sockaddr)) {
            continue;
        }

        addr = &p->addrs[p->naddrs];

        addr->socklen = ctx->addrs[i].socklen;
        addr->sockaddr = ngx_palloc(p->pool, addr->socklen);
        if (addr->sockaddr == NULL) {
            break;
        }

        ngx_memcpy(addr->sockaddr, ctx->addrs[i].sockaddr, addr->socklen);
        ngx_inet_set_port(addr->sockaddr, p->conf->port);

        p->naddrs++;
    }

    return p->naddrs ? NGX_OK : NGX_DECLINED;
}


static ngx_uint_t
ngx_smtp_verify_route_allowed(ngx_smtp_verify_probe_t *p,
    struct sockaddr *sockaddr)
{
    ngx_array_t  *allow;

    allow = p->conf->target_allow;

    if (allow && ngx_cidr_match(sockaddr, allow) == NGX_OK) {
        return 1;
    }

    return sv_target_is_public(sockaddr);
}


/*
 * Connects to the current address, or the next one: those of a family that we
 * have no egress for are passed over.
 */

void
ngx_smtp_verify_route_connect(ngx_smtp_verify_probe_t *p)
{
    ngx_int_t    rc;
    ngx_uint_t   n;
    ngx_msec_t  *timeouts;

    while (ngx_smtp_verify_egress_choose(p) != NGX_OK) {

        ngx_smtp_verify_evidence_egress(p);

        if (++p->iaddr == p->naddrs) {
            ngx_smtp_verify_route_next_host(p);
            return;
        }
    }

    if (ngx_smtp_verify_slot_ask(p) != NGX_OK) {
        return;
    }

    n = ngx_min(p->connects, p->conf->connect_timeouts->nelts - 1);
    timeouts = p->conf->connect_timeouts->elts;

    p->result.attempts++;

    rc = ngx_smtp_verify_dialog_start(p, timeouts[n]);

    if (rc == NGX_DECLINED) {
        ngx_smtp_verify_slot_failed(p);

        if (ngx_smtp_verify_random_stands(p) == NGX_OK) {
            return;
        }

        if (p->session->egress_failed) {
            ngx_smtp_verify_route_other_egress(p);
            return;
        }

        ngx_smtp_verify_route_next(p);

    } else if (rc != NGX_OK) {
        ngx_smtp_verify_probe_finish(p, SV_THROTTLED);
    }
}


/* the current address from another identity of ours; no server was asked */

void
ngx_smtp_verify_route_other_egress(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_evidence_egress(p);
    ngx_smtp_verify_dialog_stop(p);

    if (ngx_smtp_verify_egress_other(p) == NGX_OK) {
        ngx_smtp_verify_route_connect(p);
        return;
    }

    p->result.evidence = p->failure;
    ngx_smtp_verify_probe_finish(p, p->failure.reason);
}


/* all over again, from the best MX on; the DNS has been asked */

void
ngx_smtp_verify_route_anew(ngx_smtp_verify_probe_t *p)
{
    p->imx = 0;
    p->connects = 0;
    p->timed_out = 0;
    p->no_tls = 0;
    p->tls_error = NULL;
    p->fresh = 0;
    p->stepwise = 0;

    ngx_smtp_verify_route_resolve(p);
}


/* the current address once more, in another way */

void
ngx_smtp_verify_route_retry(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_dialog_stop(p);
    ngx_smtp_verify_route_connect(p);
}


void
ngx_smtp_verify_route_next(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_dialog_stop(p);

    p->no_tls = 0;
    p->tls_error = NULL;
    p->fresh = 0;
    p->stepwise = 0;
    p->connects++;

    if (++p->iaddr < p->naddrs) {
        ngx_smtp_verify_route_connect(p);
        return;
    }

    ngx_smtp_verify_route_next_host(p);
}


static void
ngx_smtp_verify_route_next_host(ngx_smtp_verify_probe_t *p)
{
    if (++p->imx < p->mx.nrecords) {
        ngx_smtp_verify_route_resolve(p);
        return;
    }

    /* a SYN may have been lost: the same again, with more patience */

    if (p->timed_out && p->connects < p->conf->connect_timeouts->nelts) {
        p->timed_out = 0;
        p->imx = 0;
        ngx_smtp_verify_route_resolve(p);
        return;
    }

    p->result.evidence = p->failure;
    ngx_smtp_verify_probe_finish(p, p->failure.reason);
}


/* a better MX has failed: a backup often accepts whatever it is given */

ngx_uint_t
ngx_smtp_verify_route_is_backup(ngx_smtp_verify_probe_t *p)
{
    return p->mx.records[p->imx].preference > p->mx.records[0].preference;
}


void
ngx_smtp_verify_route_stop(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_mx_cancel(&p->mx);

    if (p->resolved.posted) {
        ngx_delete_posted_event(&p->resolved);
    }

    if (p->resolving) {
        ngx_resolve_name_done(p->resolving);
        p->resolving = NULL;
    }
}
