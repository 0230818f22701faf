
#include "ngx_smtp_verify_rr_list.h"


static void ngx_smtp_verify_rr_list_read(ngx_smtp_verify_dns_query_t *dns,
    ngx_int_t rc, u_char *msg, size_t len);
static void ngx_smtp_verify_rr_list_done(ngx_smtp_verify_dns_query_t *dns);


ngx_int_t
ngx_smtp_verify_rr_list(ngx_smtp_verify_rr_list_t *q)
{
    ngx_int_t                     rc;
    ngx_smtp_verify_dns_query_t  *dns;

    q->status = SV_ANSWER_ERROR;
    q->list.n = 0;
    q->list.len = 0;
    q->timedout = 0;

    dns = &q->dns;

    ngx_memzero(dns, sizeof(ngx_smtp_verify_dns_query_t));

    dns->resolver = q->resolver;
    dns->name = q->name;
    dns->type = q->type;
    dns->timeout = q->timeout;
    dns->log = q->log;
    dns->read = ngx_smtp_verify_rr_list_read;
    dns->handler = ngx_smtp_verify_rr_list_done;
    dns->data = q;

    rc = ngx_smtp_verify_dns_ask(dns);

    return rc == NGX_AGAIN ? NGX_AGAIN : NGX_OK;
}


void
ngx_smtp_verify_rr_list_cancel(ngx_smtp_verify_rr_list_t *q)
{
    ngx_smtp_verify_dns_cancel(&q->dns);
}


static void
ngx_smtp_verify_rr_list_read(ngx_smtp_verify_dns_query_t *dns, ngx_int_t rc,
    u_char *msg, size_t len)
{
    u_char                      name[SV_DNS_NAME_MAX + 1];
    ngx_smtp_verify_rr_list_t  *q;

    q = dns->data;

    if (rc != NGX_OK || q->name.len > SV_DNS_NAME_MAX) {
        q->status = (rc == NGX_DECLINED) ? SV_ANSWER_NXDOMAIN
                                         : SV_ANSWER_ERROR;
        q->timedout = (rc == NGX_ETIMEDOUT);
        return;
    }

    *ngx_cpymem(name, q->name.data, q->name.len) = '\0';

    q->status = sv_rr_list(msg, len, (char *) name, (int) q->type, &q->list);
}


static void
ngx_smtp_verify_rr_list_done(ngx_smtp_verify_dns_query_t *dns)
{
    ngx_smtp_verify_rr_list_t *q = dns->data;

    q->handler(q);
}
