
/*
 * The destination of a domain, for those who sort questions before anybody is
 * asked, such as a balancer.  What a probe uses is the host that it connects
 * to, see slot.c: that one is never taken from here.
 */

#include "ngx_smtp_verify_facts.h"


static ngx_int_t ngx_smtp_verify_destination_host(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *domain, ngx_pool_t *pool,
    ngx_str_t *host);
static ngx_uint_t ngx_smtp_verify_destination_before(
    ngx_smtp_verify_mx_record_t *one, ngx_smtp_verify_mx_record_t *two);


ngx_int_t
ngx_smtp_verify_facts_destination(ngx_smtp_verify_conf_t *conf,
    sv_providers_t *providers, ngx_str_t *domain, ngx_pool_t *pool,
    ngx_str_t *name)
{
    ngx_int_t             rc;
    const sv_provider_t  *provider;

    rc = conf ? ngx_smtp_verify_destination_host(conf, domain, pool, name)
              : NGX_DECLINED;

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    provider = NULL;

    if (rc == NGX_DECLINED) {
        *name = *domain;

        if (providers) {
            provider = sv_provider_by_domain(providers, domain->data,
                                             domain->len);
        }

    } else if (providers) {
        provider = sv_provider_by_mx(providers, name->data, name->len);
    }

    if (provider) {
        name->data = (u_char *) provider->id.data;
        name->len = provider->id.len;
    }

    return NGX_OK;
}


/* NGX_DECLINED: neither a route nor the MX records are known. */

static ngx_int_t
ngx_smtp_verify_destination_host(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_pool_t *pool, ngx_str_t *host)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i, best;
    const sv_route_t             *route;
    ngx_smtp_verify_mx_query_t    q;

    *host = *domain;
    route = NULL;

    if (conf->routes) {
        route = sv_routes_find(conf->routes, domain->data, domain->len);
    }

    if (route) {
        host->data = (u_char *) route->host.data;
        host->len = route->host.len;

        if (!route->mx) {
            return NGX_OK;
        }
    }

    ngx_memzero(&q, sizeof(ngx_smtp_verify_mx_query_t));

    q.name = *host;
    q.pool = pool;

    rc = ngx_smtp_verify_facts_mx_known(conf, &q);

    if (rc != NGX_OK
        || q.status != NGX_SMTP_VERIFY_MX_OK
        || q.nrecords == 0)
    {
        return rc == NGX_ERROR ? NGX_ERROR : route ? NGX_OK : NGX_DECLINED;
    }

    best = 0;

    for (i = 1; i < q.nrecords; i++) {
        if (ngx_smtp_verify_destination_before(&q.records[i],
                                               &q.records[best]))
        {
            best = i;
        }
    }

    /* a null MX is no host */

    if (q.records[best].host.len) {
        *host = q.records[best].host;
        return NGX_OK;
    }

    return route ? NGX_OK : NGX_DECLINED;
}


/* Of equally good hosts it is always the same one, whatever their order. */

static ngx_uint_t
ngx_smtp_verify_destination_before(ngx_smtp_verify_mx_record_t *one,
    ngx_smtp_verify_mx_record_t *two)
{
    if (one->preference != two->preference) {
        return one->preference < two->preference;
    }

    return ngx_memn2cmp(one->host.data, two->host.data, one->host.len,
                        two->host.len)
           < 0;
}
