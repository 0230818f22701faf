
#include "ngx_smtp_verify_rr.h"


static void ngx_smtp_verify_rr_read(ngx_smtp_verify_dns_query_t *dns,
    ngx_int_t rc, u_char *msg, size_t len);
static void ngx_smtp_verify_rr_done(ngx_smtp_verify_dns_query_t *dns);


ngx_int_t
ngx_smtp_verify_rr_resolve(ngx_smtp_verify_rr_query_t *q)
{
    ngx_int_t                     rc;
    ngx_smtp_verify_dns_query_t  *dns;

    q->status = SV_ANSWER_ERROR;
    q->ttl = 0;
    q->authenticated = 0;
    ngx_str_null(&q->found);

    dns = &q->dns;

    ngx_memzero(dns, sizeof(ngx_smtp_verify_dns_query_t));

    dns->resolver = q->resolver;
    dns->name = q->name;
    dns->type = q->type;
    dns->timeout = q->timeout;
    dns->log = q->log;
    dns->read = ngx_smtp_verify_rr_read;
    dns->handler = ngx_smtp_verify_rr_done;
    dns->data = q;

    rc = ngx_smtp_verify_dns_ask(dns);

    return rc == NGX_AGAIN ? NGX_AGAIN : NGX_OK;
}


void
ngx_smtp_verify_rr_cancel(ngx_smtp_verify_rr_query_t *q)
{
    ngx_smtp_verify_dns_cancel(&q->dns);
}


static void
ngx_smtp_verify_rr_read(ngx_smtp_verify_dns_query_t *dns, ngx_int_t rc,
    u_char *msg, size_t len)
{
    u_char                       name[SV_DNS_NAME_MAX + 1];
    ngx_smtp_verify_rr_query_t  *q;
    static sv_rr_answer_t        answer;

    q = dns->data;

    if (rc != NGX_OK || q->name.len > SV_DNS_NAME_MAX) {
        q->status = (rc == NGX_DECLINED) ? SV_ANSWER_NXDOMAIN
                                         : SV_ANSWER_ERROR;
        return;
    }

    *ngx_cpymem(name, q->name.data, q->name.len) = '\0';

    q->status = sv_rr_parse(msg, len, (char *) name, (int) q->type, &answer);

    q->authenticated = (answer.authenticated != 0);
    q->ttl = (time_t) answer.ttl;

    if (answer.len == 0) {
        return;
    }

    q->found.data = ngx_pnalloc(q->pool, answer.len);

    if (q->found.data == NULL) {
        q->status = SV_ANSWER_ERROR;
        return;
    }

    q->found.len = answer.len;
    ngx_memcpy(q->found.data, answer.data, answer.len);
}


static void
ngx_smtp_verify_rr_done(ngx_smtp_verify_dns_query_t *dns)
{
    ngx_smtp_verify_rr_query_t *q = dns->data;

    q->handler(q);
}
