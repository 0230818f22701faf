
#include "ngx_http_smtp_verify_rdap.h"
#include "ngx_http_smtp_verify_subrequest.h"
#include "ngx_smtp_verify_connections.h"
#include "ngx_smtp_verify_facts.h"
#include "sv_rdap.h"
#include "ngx_smtp_verify_sandbox.h"


#define NGX_HTTP_SMTP_VERIFY_RDAP_MAX      32       /* at once, in a worker */
#define NGX_HTTP_SMTP_VERIFY_RDAP_TRIES    3        /* names tried for a
                                                       domain */
#define NGX_HTTP_SMTP_VERIFY_RDAP_TIMEOUT  10000    /* ms */

#define NGX_HTTP_SMTP_VERIFY_RDAP_DAY      86400


typedef struct {
    ngx_http_smtp_verify_subrequest_t  sr;
    ngx_smtp_verify_conf_t            *conf;
    ngx_uint_t                         tries;
    ngx_uint_t                         day;
    ngx_str_t                          domain;
    ngx_str_t                          name;    /* that is being asked for */
    ngx_keyval_t                       header;
    u_char                             trace[SV_TRACE_LEN];
} ngx_http_smtp_verify_rdap_t;


static ngx_http_smtp_verify_rdap_t *ngx_http_smtp_verify_rdap_create(
    ngx_str_t *uri, sv_str_t *domain);
static ngx_int_t ngx_http_smtp_verify_rdap_open(
    ngx_http_smtp_verify_rdap_t *rdap, ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_rdap_ask(
    ngx_http_smtp_verify_rdap_t *rdap);
static void ngx_http_smtp_verify_rdap_read(
    ngx_http_smtp_verify_subrequest_t *sr, ngx_http_request_t *r, u_char *pos,
    size_t len);
static void ngx_http_smtp_verify_rdap_handler(
    ngx_http_smtp_verify_subrequest_t *sr);
static ngx_int_t ngx_http_smtp_verify_rdap_above(
    ngx_http_smtp_verify_rdap_t *rdap);
static void ngx_http_smtp_verify_rdap_free(ngx_http_smtp_verify_rdap_t *rdap);


static ngx_uint_t  ngx_http_smtp_verify_rdap_count;


void
ngx_http_smtp_verify_rdap_start(ngx_http_request_t *r, ngx_str_t *email)
{
    ngx_str_t                         domain;
    sv_address_t                     *addr;
    ngx_http_smtp_verify_rdap_t      *rdap;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->rdap.len == 0
        || ngx_exiting
        || ngx_http_smtp_verify_rdap_count >= NGX_HTTP_SMTP_VERIFY_RDAP_MAX
        || ngx_smtp_verify_connections_few()
        || ngx_smtp_verify_sandbox_is(&slcf->verify, 0, email)
        || ngx_smtp_verify_parse(email, &addr) != SV_ADDRESS_OK)
    {
        return;
    }

    domain.data = (u_char *) addr->domain.data;
    domain.len = addr->domain.len;

    if (ngx_smtp_verify_facts_age_claim(&slcf->verify, &domain) != NGX_OK) {
        return;
    }

    rdap = ngx_http_smtp_verify_rdap_create(&slcf->rdap, &addr->domain);
    if (rdap == NULL) {
        return;
    }

    rdap->conf = &slcf->verify;
    ngx_http_smtp_verify_rdap_count++;

    if (ngx_http_smtp_verify_rdap_open(rdap, r) != NGX_OK
        || ngx_http_smtp_verify_rdap_ask(rdap) != NGX_OK)
    {
        ngx_http_smtp_verify_rdap_free(rdap);
    }
}


static ngx_http_smtp_verify_rdap_t *
ngx_http_smtp_verify_rdap_create(ngx_str_t *uri, sv_str_t *domain)
{
    u_char                             *p;
    ngx_http_smtp_verify_rdap_t        *rdap;
    ngx_http_smtp_verify_subrequest_t  *sr;

    rdap = ngx_calloc(sizeof(ngx_http_smtp_verify_rdap_t) + domain->len,
                      ngx_cycle->log);
    if (rdap == NULL) {
        return NULL;
    }

    p = (u_char *) rdap + sizeof(ngx_http_smtp_verify_rdap_t);
    ngx_memcpy(p, domain->data, domain->len);

    rdap->domain.data = p;
    rdap->domain.len = domain->len;
    rdap->name = rdap->domain;

    sr = &rdap->sr;

    sr->uri = *uri;
    ngx_str_set(&sr->accept, "application/rdap+json, application/json");
    sr->purpose = "the age of a domain";
    sr->timeout = NGX_HTTP_SMTP_VERIFY_RDAP_TIMEOUT;
    sr->data = rdap;
    sr->read = ngx_http_smtp_verify_rdap_read;
    sr->handler = ngx_http_smtp_verify_rdap_handler;

    return rdap;
}


/* Takes the server of r, and the listening address of its main request,
   because a subrequest has none. */

static ngx_int_t
ngx_http_smtp_verify_rdap_open(ngx_http_smtp_verify_rdap_t *rdap,
    ngx_http_request_t *r)
{
    sv_trace_t                 trace;
    ngx_http_core_srv_conf_t  *cscf;

    cscf = ngx_http_get_module_srv_conf(r, ngx_http_core_module);

    if (ngx_http_smtp_verify_trace(r, &trace) == NGX_OK && trace.parent.len) {
        ngx_memcpy(rdap->trace, trace.parent.data, SV_TRACE_LEN);

        ngx_str_set(&rdap->header.key, "traceparent");
        rdap->header.value.data = rdap->trace;
        rdap->header.value.len = SV_TRACE_LEN;

        rdap->sr.headers = &rdap->header;
        rdap->sr.nheaders = 1;
    }

    return ngx_http_smtp_verify_subrequest_open(&rdap->sr, cscf,
                                     r->main->http_connection->addr_conf,
                                     r->connection->log);
}


static ngx_int_t
ngx_http_smtp_verify_rdap_ask(ngx_http_smtp_verify_rdap_t *rdap)
{
    u_char     *p;
    ngx_str_t   args;

    args.len = sizeof("domain=") - 1 + rdap->name.len;
    args.data = ngx_pnalloc(rdap->sr.pool, args.len);

    if (args.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(args.data, "domain=", sizeof("domain=") - 1);
    ngx_memcpy(p, rdap->name.data, rdap->name.len);

    rdap->tries++;

    return ngx_http_smtp_verify_subrequest_ask(&rdap->sr, &args);
}


static void
ngx_http_smtp_verify_rdap_read(ngx_http_smtp_verify_subrequest_t *sr,
    ngx_http_request_t *r, u_char *pos, size_t len)
{
    int                           age;
    ngx_http_smtp_verify_rdap_t  *rdap;

    rdap = sr->data;
    age = sv_rdap_age((char *) pos, len, ngx_time());

    if (age >= 0) {
        rdap->day = ngx_time() / NGX_HTTP_SMTP_VERIFY_RDAP_DAY - age;
    }
}


static void
ngx_http_smtp_verify_rdap_handler(ngx_http_smtp_verify_subrequest_t *sr)
{
    ngx_http_smtp_verify_rdap_t  *rdap;

    rdap = sr->data;

    if (rdap->day) {
        ngx_smtp_verify_facts_set_age(rdap->conf, &rdap->domain, rdap->day);
        ngx_http_smtp_verify_rdap_free(rdap);
        return;
    }

    if (ngx_http_smtp_verify_rdap_above(rdap) == NGX_OK) {
        return;
    }

    if (sr->status) {
        ngx_log_error(NGX_LOG_INFO, &sr->log, 0,
                      "no age was told, status %ui", sr->status);
    }

    ngx_http_smtp_verify_rdap_free(rdap);
}


/* Asks for the next name above: one of them is the registered domain, but it
   is not known which one. */

static ngx_int_t
ngx_http_smtp_verify_rdap_above(ngx_http_smtp_verify_rdap_t *rdap)
{
    u_char     *p, *last;
    ngx_str_t   rest;

    last = rdap->name.data + rdap->name.len;
    p = ngx_strlchr(rdap->name.data, last, '.');

    if (p == NULL || rdap->sr.status != NGX_HTTP_NOT_FOUND
        || rdap->tries >= NGX_HTTP_SMTP_VERIFY_RDAP_TRIES)
    {
        return NGX_DECLINED;
    }

    rest.data = p + 1;
    rest.len = last - rest.data;

    if (ngx_strlchr(rest.data, last, '.') == NULL) {
        return NGX_DECLINED;
    }

    rdap->name = rest;

    return ngx_http_smtp_verify_rdap_ask(rdap);
}


static void
ngx_http_smtp_verify_rdap_free(ngx_http_smtp_verify_rdap_t *rdap)
{
    ngx_http_smtp_verify_subrequest_close(&rdap->sr);

    ngx_http_smtp_verify_rdap_count--;

    ngx_free(rdap);
}
