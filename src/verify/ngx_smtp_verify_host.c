
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_probe.h"
#include "sv_target.h"


static ngx_int_t ngx_smtp_verify_host_ask(ngx_smtp_verify_probe_t *p,
    ngx_str_t *name);
static void ngx_smtp_verify_host_given(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_addr_query_t *q);
static void ngx_smtp_verify_host_query(ngx_smtp_verify_probe_t *p,
    ngx_str_t *name, ngx_smtp_verify_addr_query_t *q);
static void ngx_smtp_verify_host_resolved(ngx_smtp_verify_addr_query_t *q);
static void ngx_smtp_verify_host_settle(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_addr_query_t *q);
static void ngx_smtp_verify_host_addrs(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_host_t *host, ngx_smtp_verify_addr_query_t *q);
static void ngx_smtp_verify_host_forget(ngx_smtp_verify_probe_t *p);
static ngx_uint_t ngx_smtp_verify_host_allowed(ngx_smtp_verify_probe_t *p,
    struct sockaddr *sockaddr);
static ngx_uint_t ngx_smtp_verify_host_literal(ngx_str_t *host);


ngx_int_t
ngx_smtp_verify_host_resolve(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t                            *name;
    static ngx_smtp_verify_addr_query_t   known;

    name = &p->mx.records[p->imx].host;

    /* the provider is only believed when the host is found */

    p->provider = NULL;

    if (!ngx_smtp_verify_is_implicit(p)) {
        p->hosts[p->imx].provider = sv_provider_by_mx(p->conf->providers,
                                                      name->data, name->len);
    }

    if (p->route && p->route->family) {
        ngx_smtp_verify_host_given(p, &known);
        ngx_smtp_verify_host_settle(p, &known);
        return NGX_OK;
    }

    if (ngx_smtp_verify_host_literal(name)) {
        p->hosts[p->imx].state = ngx_smtp_verify_host_asked;
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_FORBIDDEN_TARGET);
        return NGX_OK;
    }

    if (ngx_smtp_verify_sts_enforces(p) && !ngx_smtp_verify_sts_names(p)) {
        /* its addresses were not asked for, so only the MX records count */
        p->hosts[p->imx].state = ngx_smtp_verify_host_asked;
        p->hosts[p->imx].authenticated = 1;
        ngx_smtp_verify_evidence_policy(p);
        return NGX_OK;
    }

    ngx_smtp_verify_host_query(p, name, &known);

    if (ngx_smtp_verify_addr_recall(&known) == NGX_OK) {
        ngx_smtp_verify_host_settle(p, &known);
        return NGX_OK;
    }

    return ngx_smtp_verify_host_ask(p, name);
}


/* A query is large, and a probe with a known answer does not need it. */

static ngx_int_t
ngx_smtp_verify_host_ask(ngx_smtp_verify_probe_t *p, ngx_str_t *name)
{
    ngx_smtp_verify_addr_query_t  *q;

    q = ngx_pmemalign(p->pool, sizeof(ngx_smtp_verify_addr_query_t),
                      NGX_ALIGNMENT);
    if (q == NULL) {
        p->hosts[p->imx].state = ngx_smtp_verify_host_asked;
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_THROTTLED);
        return NGX_OK;
    }

    ngx_smtp_verify_host_query(p, name, q);
    p->addr = q;
    p->since = ngx_current_msec;

    if (ngx_smtp_verify_addr_resolve(q) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_smtp_verify_host_settle(p, q);
    ngx_smtp_verify_host_forget(p);

    return NGX_OK;
}


/* the address that a route names */

static void
ngx_smtp_verify_host_given(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_addr_query_t *q)
{
    ngx_addr_t      *addr;
    ngx_sockaddr_t  *sa;

    q->status = NGX_SMTP_VERIFY_ADDR_NO_MEMORY;
    q->authenticated = 0;
    ngx_str_null(&q->alias);

    addr = ngx_palloc(p->pool, sizeof(ngx_addr_t));
    sa = ngx_pcalloc(p->pool, sizeof(ngx_sockaddr_t));

    if (addr == NULL || sa == NULL) {
        return;
    }

    addr->sockaddr = &sa->sockaddr;
    addr->socklen = ngx_smtp_verify_route_sockaddr(p->route, sa);
    ngx_str_null(&addr->name);

    q->addrs = addr;
    q->naddrs = 1;
    q->status = NGX_SMTP_VERIFY_ADDR_OK;
}


socklen_t
ngx_smtp_verify_route_sockaddr(const sv_route_t *route, ngx_sockaddr_t *sa)
{
    ngx_memzero(sa, sizeof(ngx_sockaddr_t));

#if (NGX_HAVE_INET6)
    if (route->family == AF_INET6) {
        sa->sockaddr_in6.sin6_family = AF_INET6;
        ngx_memcpy(&sa->sockaddr_in6.sin6_addr, route->addr, 16);
        return sizeof(struct sockaddr_in6);
    }
#endif

    sa->sockaddr_in.sin_family = AF_INET;
    ngx_memcpy(&sa->sockaddr_in.sin_addr, route->addr, 4);

    return sizeof(struct sockaddr_in);
}


static void
ngx_smtp_verify_host_query(ngx_smtp_verify_probe_t *p, ngx_str_t *name,
    ngx_smtp_verify_addr_query_t *q)
{
    q->resolver = p->conf->resolver;
    q->name = *name;
    q->timeout = p->conf->resolver_timeout;
    q->pool = p->pool;
    q->log = &p->log;
    q->handler = ngx_smtp_verify_host_resolved;
    q->data = p;
}


static void
ngx_smtp_verify_host_resolved(ngx_smtp_verify_addr_query_t *q)
{
    ngx_smtp_verify_probe_t  *p;

    p = q->data;

    ngx_smtp_verify_count_stage(SV_STAGE_DNS, ngx_current_msec - p->since);

    ngx_smtp_verify_host_settle(p, q);
    ngx_smtp_verify_host_forget(p);

    ngx_smtp_verify_route_go(p);
}


/* If a family that was not asked for may have addresses, we cannot conclude
   that there are none, and it is our fault. */

static void
ngx_smtp_verify_host_settle(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_addr_query_t *q)
{
    ngx_smtp_verify_host_t  *host;

    host = &p->hosts[p->imx];
    host->state = ngx_smtp_verify_host_asked;
    host->authenticated = q->authenticated;
    host->alias = q->alias;

    switch (q->status) {

    case NGX_SMTP_VERIFY_ADDR_OK:
        ngx_smtp_verify_host_addrs(p, host, q);

        if (host->naddrs == 0) {
            ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS,
                                           SV_FORBIDDEN_TARGET);
        }

        return;

    case NGX_SMTP_VERIFY_ADDR_NONE:
        host->state = ngx_smtp_verify_host_absent;

        /* a missing target of a route says nothing about the domain */

        if (p->route) {
            ngx_smtp_verify_evidence_egress(p);
            return;
        }

        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_NO_MAIL_SERVER);
        return;

    case NGX_SMTP_VERIFY_ADDR_UNASKED:
        ngx_smtp_verify_evidence_egress(p);
        return;

    case NGX_SMTP_VERIFY_ADDR_NO_MEMORY:
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_THROTTLED);
        return;

    default: /* NGX_SMTP_VERIFY_ADDR_ERROR */
        ngx_smtp_verify_host_count(p);
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_DNS_ERROR);
        return;
    }
}


/* keeps the addresses that may be connected to */

static void
ngx_smtp_verify_host_addrs(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_host_t *host, ngx_smtp_verify_addr_query_t *q)
{
    in_port_t    port;
    ngx_uint_t   i;
    ngx_addr_t  *addrs;

    addrs = q->addrs;
    port = (p->route && p->route->port) ? (in_port_t) p->route->port
                                        : p->conf->port;

    host->addrs = addrs;

    for (i = 0; i < q->naddrs; i++) {

        if (!ngx_smtp_verify_host_allowed(p, addrs[i].sockaddr)) {
            continue;
        }

        ngx_inet_set_port(addrs[i].sockaddr, port);

        addrs[host->naddrs++] = addrs[i];

        if (host->naddrs == NGX_SMTP_VERIFY_MAX_ADDRS) {
            break;
        }
    }
}


/* Trying a host costs time, so at most smtp_verify_max_mx of them are tried. */

void
ngx_smtp_verify_host_count(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_host_t  *host;

    host = &p->hosts[p->imx];

    if (host->state != ngx_smtp_verify_host_counted) {
        host->state = ngx_smtp_verify_host_counted;
        p->ncounted++;
    }
}


void
ngx_smtp_verify_host_stop(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_addr_cancel(p->addr);
    ngx_smtp_verify_host_forget(p);
}


/* the query is over */

static void
ngx_smtp_verify_host_forget(ngx_smtp_verify_probe_t *p)
{
    ngx_pfree(p->pool, p->addr);
    p->addr = NULL;
}


/* Names that the DNS should not be asked for, or that lead to this machine. */

static ngx_uint_t
ngx_smtp_verify_host_literal(ngx_str_t *host)
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


static ngx_uint_t
ngx_smtp_verify_host_allowed(ngx_smtp_verify_probe_t *p,
    struct sockaddr *sockaddr)
{
    ngx_array_t  *allow;

    allow = p->conf->target_allow;

    if (allow && ngx_cidr_match(sockaddr, allow) == NGX_OK) {
        return 1;
    }

    return sv_target_is_public(sockaddr);
}
