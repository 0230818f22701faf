
#include "ngx_smtp_verify_facts.h"

#include "ngx_smtp_verify_domains.h"


#define NGX_SMTP_VERIFY_HOST_TTL       86400
#define NGX_SMTP_VERIFY_SAYS_TTL       3600
#define NGX_SMTP_VERIFY_MX_MIN_TTL     10           /* answers of a burst */
#define NGX_SMTP_VERIFY_MX_MAX_TTL     86400
#define NGX_SMTP_VERIFY_MX_NO_TTL      60           /* where none is told */
#define NGX_SMTP_VERIFY_MX_MAX_NO_TTL  3600
#define NGX_SMTP_VERIFY_UNTOLD_TTL     600
#define NGX_SMTP_VERIFY_AGE_TTL        86400
#define NGX_SMTP_VERIFY_AGE_FAIL_TTL   3600
#define NGX_SMTP_VERIFY_FACTS_GRACE    2000         /* ms */

/* besides those of the header: it was asked in vain lately */
#define NGX_SMTP_VERIFY_UNTOLD         -2


static ngx_int_t ngx_smtp_verify_facts_domains(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_domains_t *ds);
static void ngx_smtp_verify_facts_see(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, ngx_smtp_verify_facts_seen_t *seen);
static ngx_int_t ngx_smtp_verify_facts_ages(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_domains_t *ds);
static void ngx_smtp_verify_facts_shuffle(ngx_smtp_verify_mx_query_t *q);
static ngx_uint_t ngx_smtp_verify_facts_host_is(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e what);
static void ngx_smtp_verify_facts_set_host(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e what, time_t ttl);


/* in the zone, else in memory of this worker: by the same keys and rules;
   NGX_ERROR: no memory */

static ngx_int_t
ngx_smtp_verify_facts_domains(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_domains_t *ds)
{
    ds->log = ngx_cycle->log;
    ds->scope = conf->scope;
    ds->cache = conf->cache ? conf->cache->data
                            : ngx_smtp_verify_cache_private(ds->log);

    return ds->cache ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_smtp_verify_facts_mx(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q)
{
    ngx_int_t  rc;

    rc = ngx_smtp_verify_facts_mx_known(conf, q);

    return rc == NGX_DECLINED ? ngx_smtp_verify_mx_resolve(q) : rc;
}


ngx_int_t
ngx_smtp_verify_facts_fetch(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_fetch_t **fetch, ngx_smtp_verify_fetch_handler_pt handler,
    void *data)
{
    ngx_smtp_verify_domains_t  ds;
    u_char                     key[SV_STORE_KEY];

    if (ngx_smtp_verify_facts_domains(conf, &ds) != NGX_OK) {
        return NGX_DECLINED;
    }

    *fetch = ngx_smtp_verify_fetch_create(ds.cache, handler, data);
    if (*fetch == NULL) {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_cache_key(ds.cache, domain->data, domain->len, key);

    if (ngx_smtp_verify_facts_mx_asked(conf, domain)) {
        ngx_smtp_verify_fetch_name(*fetch, NGX_SMTP_VERIFY_CACHE_MX, key,
                                   ds.scope);
    }

    if (ngx_smtp_verify_domain_catch_all(&ds, domain)
        == NGX_SMTP_VERIFY_UNKNOWN)
    {
        ngx_smtp_verify_fetch_name(*fetch, NGX_SMTP_VERIFY_CACHE_CATCH_ALL,
                                   key, ds.scope);
    }

    if ((*fetch)->n == 0
        || ngx_smtp_verify_fetch_start(*fetch, conf->timeout) != NGX_AGAIN)
    {
        ngx_smtp_verify_fetch_free(*fetch);
        *fetch = NULL;
        return NGX_DECLINED;
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_smtp_verify_facts_mx_known(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q)
{
    u_char                               *p;
    ngx_uint_t                            i;
    ngx_smtp_verify_domains_t             ds;
    static ngx_smtp_verify_domain_mxs_t   mxs;

    if (ngx_smtp_verify_facts_domains(conf, &ds) != NGX_OK
        || ngx_smtp_verify_domain_mx(&ds, &q->name, &mxs) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    q->status = mxs.status;
    q->nrecords = mxs.nrecords;
    q->more = (mxs.more != 0);

    q->records = ngx_palloc(q->pool, sizeof(ngx_smtp_verify_mx_record_t)
                                     * ngx_max(mxs.nrecords, 1));
    if (q->records == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < mxs.nrecords; i++) {

        p = ngx_pstrdup(q->pool, &mxs.records[i].host);
        if (p == NULL) {
            return NGX_ERROR;
        }

        q->records[i].preference = mxs.records[i].preference;
        q->records[i].host.data = p;
        q->records[i].host.len = mxs.records[i].host.len;
    }

    ngx_smtp_verify_facts_shuffle(q);

    return NGX_OK;
}


ngx_uint_t
ngx_smtp_verify_facts_mx_asked(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    ngx_smtp_verify_domains_t             ds;
    static ngx_smtp_verify_domain_mxs_t   mxs;

    return ngx_smtp_verify_facts_domains(conf, &ds) != NGX_OK
           || ngx_smtp_verify_domain_mx(&ds, domain, &mxs) != NGX_OK;
}


/* equal preferences share the load */

static void
ngx_smtp_verify_facts_shuffle(ngx_smtp_verify_mx_query_t *q)
{
    ngx_uint_t                    i, k, first;
    ngx_smtp_verify_mx_record_t   mx;

    first = 0;

    for (i = 1; i < q->nrecords; i++) {

        if (q->records[i].preference != q->records[first].preference) {
            first = i;
            continue;
        }

        k = first + (ngx_uint_t) ngx_smtp_verify_mx_random() % (i - first + 1);

        mx = q->records[i];
        q->records[i] = q->records[k];
        q->records[k] = mx;
    }
}


void
ngx_smtp_verify_facts_set_mx(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q)
{
    time_t                                ttl;
    ngx_uint_t                            i;
    ngx_smtp_verify_domains_t             ds;
    static ngx_smtp_verify_domain_mxs_t   mxs;

    if (ngx_smtp_verify_facts_domains(conf, &ds) != NGX_OK) {
        return;
    }

    switch (q->status) {

    case NGX_SMTP_VERIFY_MX_OK:
        ttl = ngx_min(q->ttl, NGX_SMTP_VERIFY_MX_MAX_TTL);
        break;

    case NGX_SMTP_VERIFY_MX_NODATA:
    case NGX_SMTP_VERIFY_MX_NXDOMAIN:
        ttl = q->ttl ? ngx_min(q->ttl, NGX_SMTP_VERIFY_MX_MAX_NO_TTL)
                     : NGX_SMTP_VERIFY_MX_NO_TTL;
        break;

    default:
        return;
    }

    mxs.status = q->status;
    mxs.nrecords = ngx_min(q->nrecords, NGX_SMTP_VERIFY_DOMAIN_MX_MAX);
    mxs.more = (q->more || mxs.nrecords < q->nrecords);

    for (i = 0; i < mxs.nrecords; i++) {
        mxs.records[i].preference = q->records[i].preference;
        mxs.records[i].host = q->records[i].host;
    }

    ngx_smtp_verify_domain_set_mx(&ds, &q->name, &mxs,
                                  ngx_max(ttl, NGX_SMTP_VERIFY_MX_MIN_TTL));
}


ngx_int_t
ngx_smtp_verify_facts_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_facts_seen_t *seen)
{
    ngx_smtp_verify_domains_t  ds;

    if (ngx_smtp_verify_facts_domains(conf, &ds) != NGX_OK) {
        return NGX_SMTP_VERIFY_UNKNOWN;
    }

    ngx_smtp_verify_facts_see(&ds, domain, seen);

    return ngx_max(seen->catch_all, NGX_SMTP_VERIFY_UNKNOWN);
}


static void
ngx_smtp_verify_facts_see(ngx_smtp_verify_domains_t *ds, ngx_str_t *domain,
    ngx_smtp_verify_facts_seen_t *seen)
{
    uint64_t  state;

    state = ngx_smtp_verify_cache_state(ds->cache);

    if (seen->state != state) {
        seen->state = state;
        seen->catch_all = ngx_smtp_verify_domain_catch_all(ds, domain);
    }
}


void
ngx_smtp_verify_facts_not_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    ngx_smtp_verify_domains_t  ds;

    if (ngx_smtp_verify_facts_domains(conf, &ds) == NGX_OK) {
        ngx_smtp_verify_domain_set_catch_all(&ds, domain, NGX_SMTP_VERIFY_NO,
                                             conf->valid[SV_CATCH_ALL], 0);
    }
}


ngx_int_t
ngx_smtp_verify_facts_claim(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim, ngx_smtp_verify_facts_seen_t *seen)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_domains_t  ds;
    u_char                     key[SV_STORE_KEY];

    if (ngx_smtp_verify_facts_domains(conf, &ds) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_cache_key(ds.cache, domain->data, domain->len, key);

    rc = ngx_smtp_verify_claim(claim, ds.cache,
                               NGX_SMTP_VERIFY_CACHE_CATCH_ALL, key, ds.scope,
                               conf->timeout + NGX_SMTP_VERIFY_FACTS_GRACE);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_smtp_verify_facts_see(&ds, domain, seen);

    if (seen->catch_all != NGX_SMTP_VERIFY_UNKNOWN) {
        ngx_smtp_verify_claim_leave(claim);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


ngx_uint_t
ngx_smtp_verify_facts_told(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim)
{
    ngx_smtp_verify_domains_t  ds;

    return ngx_smtp_verify_facts_domains(conf, &ds) == NGX_OK
           && ngx_smtp_verify_domain_told(&ds, domain, claim->id);
}


void
ngx_smtp_verify_facts_settle(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_smtp_verify_claim_t *claim, ngx_int_t state)
{
    time_t                     ttl;
    ngx_smtp_verify_domains_t  ds;

    if (!claim->owner || ngx_smtp_verify_facts_domains(conf, &ds) != NGX_OK) {
        return;
    }

    ttl = conf->valid[SV_CATCH_ALL];

    if (state == NGX_SMTP_VERIFY_UNKNOWN) {
        ttl = ngx_min(conf->valid[SV_ACCEPTED_UNTESTED],
                      NGX_SMTP_VERIFY_UNTOLD_TTL);
    }

    ngx_smtp_verify_domain_set_catch_all(&ds, domain, state, ttl, claim->id);
    ngx_smtp_verify_claim_settle(claim);
}


ngx_uint_t
ngx_smtp_verify_facts_stepwise(ngx_smtp_verify_conf_t *conf, ngx_str_t *host)
{
    return ngx_smtp_verify_facts_host_is(conf, host,
                                         ngx_smtp_verify_host_stepwise);
}


void
ngx_smtp_verify_facts_set_stepwise(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host)
{
    ngx_smtp_verify_facts_set_host(conf, host, ngx_smtp_verify_host_stepwise,
                                   NGX_SMTP_VERIFY_HOST_TTL);
}


ngx_uint_t
ngx_smtp_verify_facts_greylists(ngx_smtp_verify_conf_t *conf, ngx_str_t *host)
{
    return ngx_smtp_verify_facts_host_is(conf, host,
                                         ngx_smtp_verify_host_greylists);
}


void
ngx_smtp_verify_facts_set_greylists(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host)
{
    ngx_smtp_verify_facts_set_host(conf, host, ngx_smtp_verify_host_greylists,
                                   NGX_SMTP_VERIFY_HOST_TTL);
}


ngx_uint_t
ngx_smtp_verify_facts_says(ngx_smtp_verify_conf_t *conf, ngx_str_t *what)
{
    return ngx_smtp_verify_facts_host_is(conf, what,
                                         ngx_smtp_verify_host_says);
}


void
ngx_smtp_verify_facts_set_says(ngx_smtp_verify_conf_t *conf, ngx_str_t *what)
{
    ngx_smtp_verify_facts_set_host(conf, what, ngx_smtp_verify_host_says,
                                   NGX_SMTP_VERIFY_SAYS_TTL);
}


static ngx_uint_t
ngx_smtp_verify_facts_host_is(ngx_smtp_verify_conf_t *conf, ngx_str_t *host,
    ngx_smtp_verify_host_fact_e what)
{
    ngx_smtp_verify_domains_t  ds;

    return ngx_smtp_verify_facts_domains(conf, &ds) == NGX_OK
           && ngx_smtp_verify_domain_host_is(&ds, host, what);
}


static void
ngx_smtp_verify_facts_set_host(ngx_smtp_verify_conf_t *conf, ngx_str_t *host,
    ngx_smtp_verify_host_fact_e what, time_t ttl)
{
    ngx_smtp_verify_domains_t  ds;

    if (ngx_smtp_verify_facts_domains(conf, &ds) == NGX_OK) {
        ngx_smtp_verify_domain_set_host(&ds, host, what, ttl);
    }
}


/* a registration is the same whatever a location asks, and whom */

static ngx_int_t
ngx_smtp_verify_facts_ages(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_domains_t *ds)
{
    ngx_int_t  rc;

    rc = ngx_smtp_verify_facts_domains(conf, ds);

    ds->scope = 0;

    return rc;
}


ngx_uint_t
ngx_smtp_verify_facts_age(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain)
{
    uint32_t                   day;
    ngx_smtp_verify_domains_t  ds;

    if (ngx_smtp_verify_facts_ages(conf, &ds) != NGX_OK
        || ngx_smtp_verify_domain_registered(&ds, domain, &day) != NGX_OK)
    {
        return 0;
    }

    return day;
}


ngx_int_t
ngx_smtp_verify_facts_age_claim(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    uint32_t                   day;
    ngx_smtp_verify_domains_t  ds;

    if (ngx_smtp_verify_facts_ages(conf, &ds) != NGX_OK
        || ngx_smtp_verify_domain_registered(&ds, domain, &day) == NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_smtp_verify_domain_set_registered(&ds, domain, 0,
                                          NGX_SMTP_VERIFY_AGE_FAIL_TTL);

    return NGX_OK;
}


void
ngx_smtp_verify_facts_set_age(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_uint_t day)
{
    ngx_smtp_verify_domains_t  ds;

    if (ngx_smtp_verify_facts_ages(conf, &ds) == NGX_OK) {
        ngx_smtp_verify_domain_set_registered(&ds, domain, (uint32_t) day,
                                              NGX_SMTP_VERIFY_AGE_TTL);
    }
}
