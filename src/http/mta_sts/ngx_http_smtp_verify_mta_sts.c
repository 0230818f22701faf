
#include "ngx_http_smtp_verify_mta_sts.h"
#include "ngx_http_smtp_verify_subrequest.h"
#include "ngx_smtp_verify_connections.h"
#include "ngx_smtp_verify_sts.h"


#define NGX_HTTP_SMTP_VERIFY_MTA_STS_MAX      32        /* at once, in a
                                                           worker */
#define NGX_HTTP_SMTP_VERIFY_MTA_STS_TIMEOUT  5000      /* ms */


/* configuration of a location */

typedef struct {
    ngx_smtp_verify_sts_conf_t          sts;
    ngx_str_t                           uri;
    ngx_http_core_srv_conf_t           *server;
    ngx_http_addr_conf_t                addr_conf;      /* has no listener */
} ngx_http_smtp_verify_mta_sts_conf_t;


typedef struct {
    ngx_http_smtp_verify_subrequest_t   sr;
    ngx_queue_t                         queue;      /* of all fetches of the
                                                       worker */
    ngx_queue_t                         waiters;
    ngx_smtp_verify_conf_t             *conf;
    ngx_str_t                           domain;
    ngx_str_t                           id;
    ngx_uint_t                          usable;     /* the policy is valid */
    sv_mta_sts_t                        policy;
    u_char                              names[SV_DOMAIN_MAX + SV_MTA_STS_ID];
} ngx_http_smtp_verify_mta_sts_t;


static ngx_int_t ngx_http_smtp_verify_mta_sts_fetch(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *domain, ngx_str_t *id,
    ngx_smtp_verify_sts_wait_t *w);
static ngx_http_smtp_verify_mta_sts_t *ngx_http_smtp_verify_mta_sts_find(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *domain);
static ngx_http_smtp_verify_mta_sts_t *ngx_http_smtp_verify_mta_sts_create(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *domain, ngx_str_t *id);
static ngx_int_t ngx_http_smtp_verify_mta_sts_ask(
    ngx_http_smtp_verify_mta_sts_t *sts);
static void ngx_http_smtp_verify_mta_sts_read(
    ngx_http_smtp_verify_subrequest_t *sr, ngx_http_request_t *r, u_char *pos,
    size_t len);
static void ngx_http_smtp_verify_mta_sts_handler(
    ngx_http_smtp_verify_subrequest_t *sr);
static void ngx_http_smtp_verify_mta_sts_free(
    ngx_http_smtp_verify_mta_sts_t *sts);


/* fetches under way in this worker */

static ngx_queue_t  ngx_http_smtp_verify_mta_sts_all;
static ngx_uint_t   ngx_http_smtp_verify_mta_sts_count;


ngx_int_t
ngx_http_smtp_verify_mta_sts_init(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_http_smtp_verify_mta_sts_conf_t  *mscf;

    if (conf->mta_sts.len == 0) {
        return NGX_OK;
    }

    mscf = ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_mta_sts_conf_t));
    if (mscf == NULL) {
        return NGX_ERROR;
    }

    mscf->server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    mscf->addr_conf.default_server = mscf->server;
    mscf->uri = conf->mta_sts;
    mscf->sts.fetch = ngx_http_smtp_verify_mta_sts_fetch;
    mscf->sts.data = mscf;

    conf->verify.sts = &mscf->sts;

    return NGX_OK;
}


/* Questions about the same domain share one fetch. */

static ngx_int_t
ngx_http_smtp_verify_mta_sts_fetch(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_str_t *id, ngx_smtp_verify_sts_wait_t *w)
{
    ngx_http_smtp_verify_mta_sts_t  *sts;

    if (ngx_http_smtp_verify_mta_sts_all.next == NULL) {
        ngx_queue_init(&ngx_http_smtp_verify_mta_sts_all);
    }

    sts = ngx_http_smtp_verify_mta_sts_find(conf, domain);

    if (sts) {
        ngx_queue_insert_tail(&sts->waiters, &w->queue);
        return NGX_AGAIN;
    }

    if (ngx_exiting
        || ngx_http_smtp_verify_mta_sts_count
           >= NGX_HTTP_SMTP_VERIFY_MTA_STS_MAX
        || ngx_smtp_verify_connections_few()
        || domain->len > SV_DOMAIN_MAX || id->len > SV_MTA_STS_ID)
    {
        return NGX_BUSY;
    }

    sts = ngx_http_smtp_verify_mta_sts_create(conf, domain, id);
    if (sts == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_smtp_verify_mta_sts_ask(sts) != NGX_OK) {
        ngx_http_smtp_verify_mta_sts_free(sts);
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&sts->waiters, &w->queue);

    return NGX_AGAIN;
}


/* Only questions of the same location share a fetch, because another location
   may get another answer. */

static ngx_http_smtp_verify_mta_sts_t *
ngx_http_smtp_verify_mta_sts_find(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain)
{
    ngx_queue_t                     *q;
    ngx_http_smtp_verify_mta_sts_t  *sts;

    for (q = ngx_queue_head(&ngx_http_smtp_verify_mta_sts_all);
         q != ngx_queue_sentinel(&ngx_http_smtp_verify_mta_sts_all);
         q = ngx_queue_next(q))
    {
        sts = ngx_queue_data(q, ngx_http_smtp_verify_mta_sts_t, queue);

        if (sts->conf == conf && sts->domain.len == domain->len
            && ngx_memcmp(sts->domain.data, domain->data, domain->len) == 0)
        {
            return sts;
        }
    }

    return NULL;
}


static ngx_http_smtp_verify_mta_sts_t *
ngx_http_smtp_verify_mta_sts_create(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_str_t *id)
{
    u_char                               *p;
    ngx_http_smtp_verify_mta_sts_t       *sts;
    ngx_http_smtp_verify_subrequest_t    *sr;
    ngx_http_smtp_verify_mta_sts_conf_t  *mscf;

    sts = ngx_calloc(sizeof(ngx_http_smtp_verify_mta_sts_t), ngx_cycle->log);
    if (sts == NULL) {
        return NULL;
    }

    mscf = conf->sts->data;

    p = sts->names;

    sts->conf = conf;
    sts->domain.data = p;
    sts->domain.len = domain->len;
    p = ngx_cpymem(p, domain->data, domain->len);

    sts->id.data = p;
    sts->id.len = id->len;
    ngx_memcpy(p, id->data, id->len);

    ngx_queue_init(&sts->waiters);

    sr = &sts->sr;

    sr->uri = mscf->uri;
    ngx_str_set(&sr->accept, "text/plain");
    sr->purpose = "an MTA-STS policy";
    sr->timeout = NGX_HTTP_SMTP_VERIFY_MTA_STS_TIMEOUT;
    sr->data = sts;
    sr->read = ngx_http_smtp_verify_mta_sts_read;
    sr->handler = ngx_http_smtp_verify_mta_sts_handler;

    ngx_queue_insert_tail(&ngx_http_smtp_verify_mta_sts_all, &sts->queue);
    ngx_http_smtp_verify_mta_sts_count++;

    return sts;
}


static ngx_int_t
ngx_http_smtp_verify_mta_sts_ask(ngx_http_smtp_verify_mta_sts_t *sts)
{
    u_char                               *p;
    ngx_str_t                             args;
    ngx_http_smtp_verify_mta_sts_conf_t  *mscf;

    mscf = sts->conf->sts->data;

    if (ngx_http_smtp_verify_subrequest_open(&sts->sr, mscf->server,
                                             &mscf->addr_conf, ngx_cycle->log)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    args.len = sizeof("domain=") - 1 + sts->domain.len;
    args.data = ngx_pnalloc(sts->sr.pool, args.len);

    if (args.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(args.data, "domain=", sizeof("domain=") - 1);
    ngx_memcpy(p, sts->domain.data, sts->domain.len);

    return ngx_http_smtp_verify_subrequest_ask(&sts->sr, &args);
}


/* RFC 8461, section 3.2: the type must be text/plain, so that files which
   users may upload to the host are not taken for a policy. */

static void
ngx_http_smtp_verify_mta_sts_read(ngx_http_smtp_verify_subrequest_t *sr,
    ngx_http_request_t *r, u_char *pos, size_t len)
{
    ngx_str_t                       *type;
    ngx_http_smtp_verify_mta_sts_t  *sts;

    static ngx_str_t  plain = ngx_string("text/plain");

    sts = sr->data;
    type = &r->headers_out.content_type;

    if (type->len < plain.len
        || ngx_strncasecmp(type->data, plain.data, plain.len) != 0)
    {
        return;
    }

    sts->usable = sv_mta_sts_parse(pos, len, &sts->policy);
}


static void
ngx_http_smtp_verify_mta_sts_handler(ngx_http_smtp_verify_subrequest_t *sr)
{
    ngx_queue_t                     *q;
    ngx_smtp_verify_sts_wait_t      *w;
    ngx_http_smtp_verify_mta_sts_t  *sts;

    sts = sr->data;

    if (!sts->usable) {
        ngx_log_error(NGX_LOG_INFO, &sr->log, 0,
                      "no policy was told, status %ui", sr->status);
    }

    ngx_smtp_verify_sts_keep(sts->conf, &sts->domain, &sts->id,
                             sts->usable ? &sts->policy : NULL);

    /* nobody can join from now on */

    ngx_queue_remove(&sts->queue);
    ngx_queue_init(&sts->queue);

    while (!ngx_queue_empty(&sts->waiters)) {
        q = ngx_queue_head(&sts->waiters);
        ngx_queue_remove(q);

        w = ngx_queue_data(q, ngx_smtp_verify_sts_wait_t, queue);
        w->policy = sts->usable ? &sts->policy : NULL;
        w->handler(w);
    }

    ngx_http_smtp_verify_mta_sts_free(sts);
}


static void
ngx_http_smtp_verify_mta_sts_free(ngx_http_smtp_verify_mta_sts_t *sts)
{
    ngx_queue_remove(&sts->queue);
    ngx_http_smtp_verify_mta_sts_count--;

    ngx_http_smtp_verify_subrequest_close(&sts->sr);

    ngx_free(sts);
}
