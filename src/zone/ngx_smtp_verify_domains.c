
#include "ngx_smtp_verify_domains.h"

#include "sv_clock.h"


#define NGX_SMTP_VERIFY_MX_HEADER  2
#define NGX_SMTP_VERIFY_MX_RECORD  3

/* in the octet of the status */
#define NGX_SMTP_VERIFY_MX_MORE    0x80


static ngx_smtp_verify_cache_item_t *ngx_smtp_verify_domain_item(
    ngx_smtp_verify_domains_t *ds, ngx_str_t *name, ngx_uint_t kind,
    ngx_uint_t fact);
static ngx_int_t ngx_smtp_verify_domain_get(ngx_smtp_verify_domains_t *ds,
    ngx_smtp_verify_cache_item_t *item);
static void ngx_smtp_verify_domain_put(ngx_smtp_verify_domains_t *ds,
    ngx_smtp_verify_cache_item_t *item, u_char *last, time_t ttl);


ngx_int_t
ngx_smtp_verify_domain_mx(ngx_smtp_verify_domains_t *ds, ngx_str_t *domain,
    ngx_smtp_verify_domain_mxs_t *mxs)
{
    u_char                        *p, *end;
    ngx_uint_t                     i;
    ngx_smtp_verify_domain_mx_t   *mx;
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_domain_item(ds, domain, NGX_SMTP_VERIFY_CACHE_MX,
                                       0);

    if (ngx_smtp_verify_domain_get(ds, item) != NGX_OK
        || item->len < NGX_SMTP_VERIFY_MX_HEADER)
    {
        return NGX_DECLINED;
    }

    p = item->data;
    end = p + item->len;

    mxs->status = *p & ~NGX_SMTP_VERIFY_MX_MORE;
    mxs->more = *p++ & NGX_SMTP_VERIFY_MX_MORE;
    mxs->nrecords = *p++;

    if (mxs->nrecords > NGX_SMTP_VERIFY_DOMAIN_MX_MAX) {
        return NGX_DECLINED;
    }

    for (i = 0; i < mxs->nrecords; i++) {

        if (end - p < NGX_SMTP_VERIFY_MX_RECORD
            || end - p - NGX_SMTP_VERIFY_MX_RECORD < p[2])
        {
            return NGX_DECLINED;
        }

        mx = &mxs->records[i];

        mx->preference = p[0] << 8 | p[1];
        mx->host.len = p[2];
        mx->host.data = p + NGX_SMTP_VERIFY_MX_RECORD;

        p += NGX_SMTP_VERIFY_MX_RECORD + mx->host.len;
    }

    return NGX_OK;
}


/* where not all records fit, that is remembered */

void
ngx_smtp_verify_domain_set_mx(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, ngx_smtp_verify_domain_mxs_t *mxs, time_t ttl)
{
    u_char                        *p, *end;
    ngx_uint_t                     i;
    ngx_smtp_verify_domain_mx_t   *mx;
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_domain_item(ds, domain, NGX_SMTP_VERIFY_CACHE_MX,
                                       0);
    p = item->data;
    end = p + SV_STORE_MAX;

    p += NGX_SMTP_VERIFY_MX_HEADER;

    for (i = 0; i < mxs->nrecords; i++) {

        mx = &mxs->records[i];

        if (mx->host.len > 255
            || (size_t) (end - p) < NGX_SMTP_VERIFY_MX_RECORD + mx->host.len)
        {
            break;
        }

        *p++ = (u_char) (mx->preference >> 8);
        *p++ = (u_char) mx->preference;
        *p++ = (u_char) mx->host.len;
        p = ngx_cpymem(p, mx->host.data, mx->host.len);
    }

    item->data[0] = (u_char) mxs->status;
    item->data[1] = (u_char) i;

    if (mxs->more || i < mxs->nrecords) {
        item->data[0] |= NGX_SMTP_VERIFY_MX_MORE;
    }

    ngx_smtp_verify_domain_put(ds, item, p, ttl);
}


ngx_int_t
ngx_smtp_verify_domain_catch_all(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_domain_item(ds, domain,
                                       NGX_SMTP_VERIFY_CACHE_CATCH_ALL, 0);

    if (ngx_smtp_verify_domain_get(ds, item) != NGX_OK || item->len != 1) {
        return -1;
    }

    return item->data[0] > 1 ? -2 : item->data[0];
}


void
ngx_smtp_verify_domain_set_catch_all(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, ngx_int_t state, time_t ttl, uint32_t flight)
{
    u_char                        *p;
    ngx_smtp_verify_cache_item_t  *item;

    /* no answer takes nothing away from what was learned meanwhile */

    if (state < 0 && ngx_smtp_verify_domain_catch_all(ds, domain) >= 0) {
        return;
    }

    item = ngx_smtp_verify_domain_item(ds, domain,
                                       NGX_SMTP_VERIFY_CACHE_CATCH_ALL, 0);
    item->tag = flight;

    p = item->data;
    *p++ = (u_char) state;

    ngx_smtp_verify_domain_put(ds, item, p, ttl);
}


ngx_uint_t
ngx_smtp_verify_domain_told(ngx_smtp_verify_domains_t *ds, ngx_str_t *domain,
    uint32_t flight)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_domain_item(ds, domain,
                                       NGX_SMTP_VERIFY_CACHE_CATCH_ALL, 0);

    return ngx_smtp_verify_cache_get(ds->cache, item) == NGX_OK
           && (item->tag == flight || item->expires > sv_clock_sec());
}


ngx_uint_t
ngx_smtp_verify_domain_host_is(ngx_smtp_verify_domains_t *ds, ngx_str_t *host,
    ngx_smtp_verify_host_fact_e fact)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_domain_item(ds, host, NGX_SMTP_VERIFY_CACHE_HOST,
                                       fact);

    return ngx_smtp_verify_domain_get(ds, item) == NGX_OK;
}


void
ngx_smtp_verify_domain_set_host(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e fact, time_t ttl)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_domain_item(ds, host, NGX_SMTP_VERIFY_CACHE_HOST,
                                       fact);

    ngx_smtp_verify_domain_put(ds, item, item->data, ttl);
}


ngx_int_t
ngx_smtp_verify_domain_registered(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, uint32_t *day)
{
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_domain_item(ds, domain, NGX_SMTP_VERIFY_CACHE_AGE,
                                       0);

    if (ngx_smtp_verify_domain_get(ds, item) != NGX_OK
        || item->len != sizeof(uint32_t))
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(day, item->data, sizeof(uint32_t));

    return NGX_OK;
}


void
ngx_smtp_verify_domain_set_registered(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, uint32_t day, time_t ttl)
{
    u_char                        *p;
    ngx_smtp_verify_cache_item_t  *item;

    item = ngx_smtp_verify_domain_item(ds, domain, NGX_SMTP_VERIFY_CACHE_AGE,
                                       0);

    p = ngx_cpymem(item->data, &day, sizeof(uint32_t));

    ngx_smtp_verify_domain_put(ds, item, p, ttl);
}


static ngx_smtp_verify_cache_item_t *
ngx_smtp_verify_domain_item(ngx_smtp_verify_domains_t *ds, ngx_str_t *name,
    ngx_uint_t kind, ngx_uint_t fact)
{
    static ngx_smtp_verify_cache_item_t  item;

    item.kind = kind;
    item.variant = ds->scope ^ (uint32_t) fact << 24;
    item.tag = 0;

    ngx_smtp_verify_cache_key(ds->cache, name->data, name->len, item.key);

    return &item;
}


static ngx_int_t
ngx_smtp_verify_domain_get(ngx_smtp_verify_domains_t *ds,
    ngx_smtp_verify_cache_item_t *item)
{
    if (ngx_smtp_verify_cache_get(ds->cache, item) != NGX_OK
        || item->expires <= sv_clock_sec())
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static void
ngx_smtp_verify_domain_put(ngx_smtp_verify_domains_t *ds,
    ngx_smtp_verify_cache_item_t *item, u_char *last, time_t ttl)
{
    item->created = sv_clock_sec();
    item->expires = item->created + ttl;
    item->later = 0;
    item->len = last - item->data;

    (void) ngx_smtp_verify_cache_put(ds->cache, item, ds->log);
}
