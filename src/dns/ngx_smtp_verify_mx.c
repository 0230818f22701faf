
#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "ngx_smtp_verify_mx.h"
#include "sv_dns.h"
#include "sv_mx_parse.h"


#define NGX_SMTP_VERIFY_MX_RANDOM  64


static void ngx_smtp_verify_mx_read(ngx_smtp_verify_dns_query_t *dns,
    ngx_int_t rc, u_char *msg, size_t len);
static ngx_smtp_verify_mx_status_e ngx_smtp_verify_mx_status(
    ngx_smtp_verify_mx_query_t *q, ngx_int_t rc, u_char *msg, size_t len,
    sv_mx_answer_t *answer);
static void ngx_smtp_verify_mx_done(ngx_smtp_verify_dns_query_t *dns);
static ngx_int_t ngx_smtp_verify_mx_fill(ngx_smtp_verify_mx_query_t *q,
    sv_mx_answer_t *answer);


ngx_int_t
ngx_smtp_verify_mx_resolve(ngx_smtp_verify_mx_query_t *q)
{
    ngx_int_t                     rc;
    ngx_smtp_verify_dns_query_t  *dns;

    q->status = NGX_SMTP_VERIFY_MX_ERROR;
    q->records = NULL;
    q->nrecords = 0;
    q->ttl = 0;
    q->more = 0;
    q->authenticated = 0;

    dns = ngx_pmemalign(q->pool, sizeof(ngx_smtp_verify_dns_query_t),
                        NGX_ALIGNMENT);
    if (dns == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(dns, sizeof(ngx_smtp_verify_dns_query_t));

    dns->resolver = q->resolver;
    dns->name = q->name;
    dns->type = ns_t_mx;
    dns->timeout = q->timeout;
    dns->log = q->log;
    dns->read = ngx_smtp_verify_mx_read;
    dns->handler = ngx_smtp_verify_mx_done;
    dns->data = q;

    q->dns = dns;

    rc = ngx_smtp_verify_dns_ask(dns);

    q->asked = dns->asked;

    if (rc != NGX_AGAIN) {
        ngx_smtp_verify_mx_cancel(q);
    }

    return rc;
}


void
ngx_smtp_verify_mx_cancel(ngx_smtp_verify_mx_query_t *q)
{
    if (q->dns->pending) {
        ngx_smtp_verify_dns_cancel(q->dns);
    }

    ngx_pfree(q->pool, q->dns);
    q->dns = NULL;
}


static void
ngx_smtp_verify_mx_read(ngx_smtp_verify_dns_query_t *dns, ngx_int_t rc,
    u_char *msg, size_t len)
{
    ngx_smtp_verify_mx_query_t  *q;
    static sv_mx_answer_t        answer;

    q = dns->data;

    answer.nrecords = 0;
    answer.more = 0;
    answer.authenticated = 0;
    answer.ttl = 0;

    q->status = ngx_smtp_verify_mx_status(q, rc, msg, len, &answer);

    if (ngx_smtp_verify_mx_fill(q, &answer) != NGX_OK) {
        q->status = NGX_SMTP_VERIFY_MX_ERROR;
    }
}


static ngx_smtp_verify_mx_status_e
ngx_smtp_verify_mx_status(ngx_smtp_verify_mx_query_t *q, ngx_int_t rc,
    u_char *msg, size_t len, sv_mx_answer_t *answer)
{
    sv_str_t  name;

    switch (rc) {

    case NGX_OK:
        break;

    case NGX_ETIMEDOUT:
        return NGX_SMTP_VERIFY_MX_TIMEOUT;

    case NGX_DECLINED:
        return NGX_SMTP_VERIFY_MX_NXDOMAIN;

    default:
        return NGX_SMTP_VERIFY_MX_ERROR;
    }

    name.len = q->name.len;
    name.data = q->name.data;

    switch (sv_mx_parse(msg, len, &name, answer)) {

    case SV_MX_OK:
        return NGX_SMTP_VERIFY_MX_OK;

    case SV_MX_NODATA:
        return NGX_SMTP_VERIFY_MX_NODATA;

    case SV_MX_NXDOMAIN:
        return NGX_SMTP_VERIFY_MX_NXDOMAIN;

    default: /* SV_MX_ERROR */
        return NGX_SMTP_VERIFY_MX_ERROR;
    }
}


static void
ngx_smtp_verify_mx_done(ngx_smtp_verify_dns_query_t *dns)
{
    ngx_smtp_verify_mx_query_t *q = dns->data;

    ngx_smtp_verify_mx_cancel(q);

    q->handler(q);
}


static ngx_int_t
ngx_smtp_verify_mx_fill(ngx_smtp_verify_mx_query_t *q, sv_mx_answer_t *answer)
{
    u_char                       *p;
    size_t                        size;
    ngx_uint_t                    i, n;
    sv_mx_record_t               *from;
    ngx_smtp_verify_mx_record_t  *to;

    q->ttl = (time_t) answer->ttl;
    q->authenticated = (answer->authenticated != 0);

    /* each query sorts for itself, so that queries that share an answer
       distribute the load over hosts of equal preference, too */
    if (answer->nrecords > 1) {
        sv_mx_sort(answer, ngx_smtp_verify_mx_random);
    }

    from = answer->records;
    n = ngx_min(answer->nrecords, q->max);

    q->more = (answer->more || n < answer->nrecords);

    if (n == 0) {
        return NGX_OK;
    }

    size = n * sizeof(ngx_smtp_verify_mx_record_t);

    for (i = 0; i < n; i++) {
        size += from[i].host.len;
    }

    to = ngx_palloc(q->pool, size);
    if (to == NULL) {
        return NGX_ERROR;
    }

    p = (u_char *) &to[n];

    for (i = 0; i < n; i++) {
        to[i].preference = from[i].preference;
        to[i].host.len = from[i].host.len;
        to[i].host.data = p;
        p = ngx_cpymem(p, from[i].host.data, from[i].host.len);
    }

    q->records = to;
    q->nrecords = n;

    return NGX_OK;
}


/* Draws many numbers at once, because a call of RAND_bytes() takes 1 or 2
   us. */

long
ngx_smtp_verify_mx_random(void)
{
    static uint32_t    numbers[NGX_SMTP_VERIFY_MX_RANDOM];
    static ngx_uint_t  left;

    if (left == 0) {

        if (RAND_bytes((u_char *) numbers, sizeof(numbers)) != 1) {
            ERR_clear_error();
            return 0;
        }

        left = NGX_SMTP_VERIFY_MX_RANDOM;
    }

    return (long) (numbers[--left] & 0x7fffffff);
}
