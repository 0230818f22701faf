
#include "ngx_smtp_verify_probe.h"
#include "ngx_smtp_verify_sts.h"


#define NGX_SMTP_VERIFY_STS_PREFIX      "_mta-sts."

/* s: of the TXT record, and of a policy that could not be fetched */
#define NGX_SMTP_VERIFY_STS_MIN_TTL     60
#define NGX_SMTP_VERIFY_STS_MAX_TTL     86400
#define NGX_SMTP_VERIFY_STS_FAIL_TTL    300

/* s, of a policy; less than a year, so that old policies do not fill the
   cache */
#define NGX_SMTP_VERIFY_STS_MIN_AGE     60
#define NGX_SMTP_VERIFY_STS_MAX_AGE     2592000

/* The format of a policy: its mode, the length of its id in an octet, the id,
   and the hosts. */
#define NGX_SMTP_VERIFY_STS_HEAD        2


struct ngx_smtp_verify_sts_s {
    ngx_smtp_verify_probe_t     *probe;
    ngx_smtp_verify_rr_query_t   txt;
    ngx_smtp_verify_sts_wait_t   wait;
    ngx_str_t                    id;        /* empty: the domain has none */
    sv_mta_sts_mode_e            mode;
    ngx_str_t                    hosts;
    unsigned                     waits:1;
    unsigned                     known:1;   /* mode and hosts are set */
    unsigned                     failed:1;  /* it could not be fetched
                                               recently */
};


static ngx_int_t ngx_smtp_verify_sts_ask(ngx_smtp_verify_sts_t *sts);
static void ngx_smtp_verify_sts_txt_handler(ngx_smtp_verify_rr_query_t *q);
static void ngx_smtp_verify_sts_told(ngx_smtp_verify_sts_t *sts);
static ngx_int_t ngx_smtp_verify_sts_recall_id(ngx_smtp_verify_sts_t *sts);
static void ngx_smtp_verify_sts_keep_id(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_str_t *id, ngx_uint_t failed, time_t ttl);
static ngx_int_t ngx_smtp_verify_sts_policy(ngx_smtp_verify_sts_t *sts);
static ngx_uint_t ngx_smtp_verify_sts_recall(ngx_smtp_verify_sts_t *sts);
static void ngx_smtp_verify_sts_fetched(ngx_smtp_verify_sts_wait_t *w);
static void ngx_smtp_verify_sts_set(ngx_smtp_verify_sts_t *sts,
    sv_mta_sts_mode_e mode, u_char *hosts, size_t len);


ngx_int_t
ngx_smtp_verify_sts_start(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_sts_t  *sts;

    /* the operator's routes overrule the domain's policy */

    if (!p->smtp || p->route || p->sts) {
        return NGX_OK;
    }

    sts = ngx_pcalloc(p->pool, sizeof(ngx_smtp_verify_sts_t));
    if (sts == NULL) {
        return NGX_OK;
    }

    sts->probe = p;
    p->sts = sts;

    if (ngx_smtp_verify_sts_recall_id(sts) == NGX_OK) {
        return ngx_smtp_verify_sts_policy(sts);
    }

    return ngx_smtp_verify_sts_ask(sts);
}


static ngx_int_t
ngx_smtp_verify_sts_ask(ngx_smtp_verify_sts_t *sts)
{
    u_char                      *name;
    ngx_smtp_verify_probe_t     *p;
    ngx_smtp_verify_rr_query_t  *q;

    p = sts->probe;
    q = &sts->txt;

    name = ngx_pnalloc(p->pool, sizeof(NGX_SMTP_VERIFY_STS_PREFIX) - 1
                                + p->domain.len);
    if (name == NULL) {
        return NGX_OK;
    }

    q->resolver = p->conf->resolver;
    q->name.data = name;
    q->name.len = ngx_sprintf(name, NGX_SMTP_VERIFY_STS_PREFIX "%V",
                              &p->domain)
                  - name;
    q->type = ns_t_txt;
    q->timeout = p->conf->resolver_timeout;
    q->pool = p->pool;
    q->log = &p->log;
    q->handler = ngx_smtp_verify_sts_txt_handler;
    q->data = sts;

    if (ngx_smtp_verify_rr_resolve(q) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    ngx_smtp_verify_sts_told(sts);

    return ngx_smtp_verify_sts_policy(sts);
}


static void
ngx_smtp_verify_sts_txt_handler(ngx_smtp_verify_rr_query_t *q)
{
    ngx_smtp_verify_sts_t  *sts;

    sts = q->data;

    ngx_smtp_verify_sts_told(sts);

    if (ngx_smtp_verify_sts_policy(sts) != NGX_AGAIN) {
        ngx_smtp_verify_route_hosts(sts->probe);
    }
}


/* A failed answer is asked again soon.  Meanwhile a cached policy is valid. */

static void
ngx_smtp_verify_sts_told(ngx_smtp_verify_sts_t *sts)
{
    time_t                       ttl;
    sv_str_t                     id;
    ngx_smtp_verify_rr_query_t  *q;

    q = &sts->txt;
    ttl = ngx_min(q->ttl, NGX_SMTP_VERIFY_STS_MAX_TTL);

    if (sv_mta_sts_id(q->found.data, q->found.len, &id)) {
        sts->id.data = id.data;
        sts->id.len = id.len;
    }

    ngx_smtp_verify_sts_keep_id(sts->probe->conf, &sts->probe->domain,
                                &sts->id, 0,
                                ngx_max(ttl, NGX_SMTP_VERIFY_STS_MIN_TTL));
}


/* The first octet says whether the policy could not be fetched. */

static ngx_int_t
ngx_smtp_verify_sts_recall_id(ngx_smtp_verify_sts_t *sts)
{
    ngx_str_t                 kept;
    ngx_smtp_verify_probe_t  *p;

    p = sts->probe;

    if (ngx_smtp_verify_facts_recall(p->conf, &p->domain,
                                     NGX_SMTP_VERIFY_CACHE_STS_ID, &kept)
        != NGX_OK
        || kept.len == 0 || kept.len - 1 > SV_MTA_STS_ID)
    {
        return NGX_DECLINED;
    }

    sts->id.data = ngx_pnalloc(p->pool, kept.len);
    if (sts->id.data == NULL) {
        return NGX_DECLINED;
    }

    sts->id.len = kept.len - 1;
    ngx_memcpy(sts->id.data, kept.data + 1, sts->id.len);
    sts->failed = (kept.data[0] != 0);

    return NGX_OK;
}


static void
ngx_smtp_verify_sts_keep_id(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_str_t *id, ngx_uint_t failed, time_t ttl)
{
    ngx_str_t  data;
    u_char     buf[1 + SV_MTA_STS_ID];

    buf[0] = (u_char) failed;
    data.data = buf;
    data.len = ngx_cpymem(buf + 1, id->data, ngx_min(id->len, SV_MTA_STS_ID))
               - buf;

    ngx_smtp_verify_facts_keep(conf, domain, NGX_SMTP_VERIFY_CACHE_STS_ID,
                               &data, ttl);
}


/*
 * RFC 8461 section 5.1: a cached policy is valid until it expires, unless a
 * newer one can be fetched.
 */

static ngx_int_t
ngx_smtp_verify_sts_policy(ngx_smtp_verify_sts_t *sts)
{
    ngx_uint_t                current;
    ngx_smtp_verify_probe_t  *p;

    p = sts->probe;
    current = ngx_smtp_verify_sts_recall(sts);

    if (current || sts->id.len == 0 || sts->failed) {
        return NGX_OK;
    }

    sts->wait.handler = ngx_smtp_verify_sts_fetched;
    sts->wait.data = sts;

    if (p->conf->sts->fetch(p->conf, &p->domain, &sts->id, &sts->wait)
        != NGX_AGAIN)
    {
        return NGX_OK;
    }

    sts->waits = 1;

    return NGX_AGAIN;
}


/* 1: the cached policy is the one that the domain has now */

static ngx_uint_t
ngx_smtp_verify_sts_recall(ngx_smtp_verify_sts_t *sts)
{
    u_char                   *p, *end;
    size_t                    len;
    ngx_str_t                 kept;
    ngx_smtp_verify_probe_t  *probe;

    probe = sts->probe;

    if (ngx_smtp_verify_facts_recall(probe->conf, &probe->domain,
                                     NGX_SMTP_VERIFY_CACHE_STS, &kept)
        != NGX_OK
        || kept.len < NGX_SMTP_VERIFY_STS_HEAD)
    {
        return 0;
    }

    p = kept.data + NGX_SMTP_VERIFY_STS_HEAD;
    end = kept.data + kept.len;
    len = kept.data[1];

    if (len > (size_t) (end - p) || kept.data[0] > SV_MTA_STS_ENFORCE) {
        return 0;
    }

    ngx_smtp_verify_sts_set(sts, kept.data[0], p + len, end - p - len);

    return sts->known && sts->id.len == len
           && ngx_memcmp(sts->id.data, p, len) == 0;
}


static void
ngx_smtp_verify_sts_fetched(ngx_smtp_verify_sts_wait_t *w)
{
    ngx_smtp_verify_sts_t  *sts;

    sts = w->data;
    sts->waits = 0;

    if (w->policy) {
        ngx_smtp_verify_sts_set(sts, w->policy->mode, w->policy->hosts,
                                w->policy->len);
    }

    ngx_smtp_verify_route_hosts(sts->probe);
}


static void
ngx_smtp_verify_sts_set(ngx_smtp_verify_sts_t *sts, sv_mta_sts_mode_e mode,
    u_char *hosts, size_t len)
{
    u_char  *p;

    p = ngx_pnalloc(sts->probe->pool, len);
    if (p == NULL) {
        return;
    }

    ngx_memcpy(p, hosts, len);

    sts->hosts.data = p;
    sts->hosts.len = len;
    sts->mode = mode;
    sts->known = 1;

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, &sts->probe->log, 0,
                   "smtp verify mta-sts: \"%V\" has a policy, mode %d, "
                   "%uz octets of hosts", &sts->probe->domain, (int) mode,
                   len);
}


void
ngx_smtp_verify_sts_keep(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_str_t *id, sv_mta_sts_t *policy)
{
    u_char     *p;
    time_t      ttl;
    ngx_str_t   data;
    u_char      buf[NGX_SMTP_VERIFY_STS_HEAD + SV_MTA_STS_ID
                    + SV_MTA_STS_HOSTS];

    if (policy == NULL) {
        ngx_smtp_verify_sts_keep_id(conf, domain, id, 1,
                                    NGX_SMTP_VERIFY_STS_FAIL_TTL);
        return;
    }

    ttl = ngx_min(policy->max_age, NGX_SMTP_VERIFY_STS_MAX_AGE);

    p = buf;
    *p++ = (u_char) policy->mode;
    *p++ = (u_char) id->len;
    p = ngx_cpymem(p, id->data, id->len);
    p = ngx_cpymem(p, policy->hosts, policy->len);

    data.data = buf;
    data.len = p - buf;

    ngx_smtp_verify_facts_keep(conf, domain, NGX_SMTP_VERIFY_CACHE_STS, &data,
                               ngx_max(ttl, NGX_SMTP_VERIFY_STS_MIN_AGE));
}


void
ngx_smtp_verify_sts_stop(ngx_smtp_verify_sts_t *sts)
{
    ngx_smtp_verify_rr_cancel(&sts->txt);

    if (sts->waits) {
        sts->waits = 0;
        ngx_queue_remove(&sts->wait.queue);
    }
}


ngx_uint_t
ngx_smtp_verify_sts_names(ngx_smtp_verify_probe_t *p)
{
    ngx_str_t              *host;
    ngx_smtp_verify_sts_t  *sts;

    sts = p->sts;

    if (sts == NULL || !sts->known || sts->mode == SV_MTA_STS_NONE) {
        return 0;
    }

    host = &p->mx.records[p->imx].host;

    return sv_mta_sts_names(sts->hosts.data, sts->hosts.len, host->data,
                            host->len);
}


ngx_uint_t
ngx_smtp_verify_sts_is_enforced(ngx_smtp_verify_sts_t *sts)
{
    return sts->known && sts->mode == SV_MTA_STS_ENFORCE;
}
