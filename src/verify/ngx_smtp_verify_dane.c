
#include "ngx_smtp_verify_probe.h"


#define NGX_SMTP_VERIFY_DANE_MIN_TTL     10
#define NGX_SMTP_VERIFY_DANE_MAX_TTL     86400
#define NGX_SMTP_VERIFY_DANE_NO_TTL      60         /* if the answer has no
                                                       TTL */
#define NGX_SMTP_VERIFY_DANE_MAX_NO_TTL  3600

/* longest prefix: "_65535._tcp." */
#define NGX_SMTP_VERIFY_DANE_PREFIX      (sizeof("_65535._tcp.") - 1)


static ngx_int_t ngx_smtp_verify_dane_ask(ngx_smtp_verify_probe_t *p);
static ngx_int_t ngx_smtp_verify_dane_recall(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dane_handler(ngx_smtp_verify_rr_query_t *q);
static void ngx_smtp_verify_dane_settle(ngx_smtp_verify_probe_t *p);
static void ngx_smtp_verify_dane_keep(ngx_smtp_verify_probe_t *p,
    ngx_str_t *found, ngx_uint_t present);
static void ngx_smtp_verify_dane_found(ngx_smtp_verify_probe_t *p,
    ngx_str_t *found, ngx_uint_t present);


/*
 * RFC 7672 section 2.2: TLSA records are only looked for if MX and address
 * records are authenticated.  Otherwise somebody who forges these could name a
 * host without TLSA records.  Section 2.2.2: if the host is an alias, they may
 * belong to the name that it leads to, and else to its own.
 */

ngx_int_t
ngx_smtp_verify_dane_resolve(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_host_t  *host;

    host = &p->hosts[p->imx];

    if (!p->smtp || p->route || !p->mx.authenticated || !host->authenticated)
    {
        return NGX_OK;
    }

    while (!host->tlsa_asked) {

        if (host->alias.len && host->base.len == 0) {
            host->base = host->alias;

        } else {
            host->base = p->mx.records[p->imx].host;
            host->tlsa_asked = 1;
        }

        if (ngx_smtp_verify_dane_ask(p) == NGX_AGAIN) {
            return NGX_AGAIN;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_dane_ask(ngx_smtp_verify_probe_t *p)
{
    u_char                      *name;
    ngx_str_t                   *host;
    ngx_smtp_verify_rr_query_t  *q;

    host = &p->hosts[p->imx].base;

    if (host->len > SV_DNS_NAME_MAX - NGX_SMTP_VERIFY_DANE_PREFIX
        || ngx_smtp_verify_dane_recall(p) == NGX_OK)
    {
        return NGX_OK;
    }

    q = ngx_pcalloc(p->pool, sizeof(ngx_smtp_verify_rr_query_t));
    name = ngx_pnalloc(p->pool, NGX_SMTP_VERIFY_DANE_PREFIX + host->len);

    if (q == NULL || name == NULL) {
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_THROTTLED);
        p->hosts[p->imx].naddrs = 0;
        p->hosts[p->imx].tlsa_asked = 1;
        return NGX_OK;
    }

    q->resolver = p->conf->resolver;
    q->name.data = name;
    q->name.len = ngx_sprintf(name, "_%ui._tcp.%V",
                              (ngx_uint_t) p->conf->port, host)
                  - name;
    q->type = ns_t_tlsa;
    q->timeout = p->conf->resolver_timeout;
    q->pool = p->pool;
    q->log = &p->log;
    q->handler = ngx_smtp_verify_dane_handler;
    q->data = p;

    p->rr = q;

    if (ngx_smtp_verify_rr_resolve(q) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_smtp_verify_dane_settle(p);

    return NGX_OK;
}


/* The first octet says whether there are records, usable or not. */

static ngx_int_t
ngx_smtp_verify_dane_recall(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t  kept, found;

    if (ngx_smtp_verify_facts_recall(p->conf, &p->hosts[p->imx].base,
                                     NGX_SMTP_VERIFY_CACHE_TLSA, &kept)
        != NGX_OK
        || kept.len == 0)
    {
        return NGX_DECLINED;
    }

    found.len = kept.len - 1;
    found.data = ngx_pnalloc(p->pool, found.len);

    if (found.data == NULL) {
        return NGX_DECLINED;
    }

    ngx_memcpy(found.data, kept.data + 1, found.len);

    ngx_smtp_verify_dane_found(p, &found, kept.data[0]);

    return NGX_OK;
}


static void
ngx_smtp_verify_dane_handler(ngx_smtp_verify_rr_query_t *q)
{
    ngx_smtp_verify_probe_t  *p;

    p = q->data;

    ngx_smtp_verify_dane_settle(p);

    ngx_smtp_verify_route_go(p);
}


/*
 * A query that fails may have been made to fail.  The host is not asked then,
 * as nobody could tell who answers.
 */

static void
ngx_smtp_verify_dane_settle(ngx_smtp_verify_probe_t *p)
{
    ngx_uint_t                   present;
    ngx_smtp_verify_rr_query_t  *q;

    q = p->rr;

    if (q->status == SV_ANSWER_ERROR) {
        p->hosts[p->imx].naddrs = 0;
        p->hosts[p->imx].tlsa_asked = 1;
        ngx_smtp_verify_host_count(p);
        ngx_smtp_verify_evidence_fault(p, SV_STAGE_DNS, SV_DNS_ERROR);

    } else {
        present = (q->status == SV_ANSWER_OK && q->authenticated);

        if (!present) {
            q->found.len = 0;
        }

        ngx_smtp_verify_dane_keep(p, &q->found, present);
        ngx_smtp_verify_dane_found(p, &q->found, present);
    }

    ngx_smtp_verify_dane_stop(p);
}


static void
ngx_smtp_verify_dane_keep(ngx_smtp_verify_probe_t *p, ngx_str_t *found,
    ngx_uint_t present)
{
    time_t     ttl;
    ngx_str_t  data;
    u_char     buf[1 + SV_RR_MAX];

    ttl = present ? ngx_min(p->rr->ttl, NGX_SMTP_VERIFY_DANE_MAX_TTL)
                  : p->rr->ttl ? ngx_min(p->rr->ttl,
                                         NGX_SMTP_VERIFY_DANE_MAX_NO_TTL)
                               : NGX_SMTP_VERIFY_DANE_NO_TTL;

    buf[0] = (u_char) present;
    ngx_memcpy(buf + 1, found->data, found->len);

    data.data = buf;
    data.len = 1 + found->len;

    ngx_smtp_verify_facts_keep(p->conf, &p->hosts[p->imx].base,
                               NGX_SMTP_VERIFY_CACHE_TLSA, &data,
                               ngx_max(ttl, NGX_SMTP_VERIFY_DANE_MIN_TTL));
}


static void
ngx_smtp_verify_dane_found(ngx_smtp_verify_probe_t *p, ngx_str_t *found,
    ngx_uint_t present)
{
    ngx_smtp_verify_host_t  *host;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, &p->log, 0,
                   "smtp verify dane: \"%V\" has TLSA records:%ui, "
                   "%uz octets of use", &p->hosts[p->imx].base, present,
                   found->len);

    host = &p->hosts[p->imx];
    host->tlsa_asked |= present;
    host->tlsa = *found;
    host->need = !present ? ngx_smtp_verify_tls_opportunistic
                          : found->len ? ngx_smtp_verify_tls_dane
                                       : ngx_smtp_verify_tls_encrypted;
}


/* RFC 7672 section 3.2.2: a certificate under a trust anchor may also name the
   domain itself, whose MX records are authenticated. */

ngx_int_t
ngx_smtp_verify_dane_session(ngx_smtp_verify_probe_t *p,
    ngx_smtp_verify_session_t *s)
{
    u_char                  *data;
    ngx_str_t               *records, *base;
    ngx_smtp_verify_tlsa_t  *tlsa;

    records = &p->hosts[p->imx].tlsa;
    base = &p->hosts[p->imx].base;

    tlsa = ngx_palloc(s->pool, sizeof(ngx_smtp_verify_tlsa_t));
    data = ngx_pnalloc(s->pool,
                       records->len + p->domain.len + 1 + base->len + 1);

    if (tlsa == NULL || data == NULL) {
        return NGX_ERROR;
    }

    tlsa->records.len = records->len;
    tlsa->records.data = data;
    data = ngx_cpymem(data, records->data, records->len);

    tlsa->domain.len = p->domain.len;
    tlsa->domain.data = data;
    data = ngx_cpymem(data, p->domain.data, p->domain.len);
    *data++ = '\0';

    tlsa->base.len = base->len;
    tlsa->base.data = data;
    *ngx_cpymem(data, base->data, base->len) = '\0';

    s->tlsa = tlsa;

    return NGX_OK;
}
