
/* What the status consists of. */


#ifndef _NGX_HTTP_SMTP_VERIFY_STATUS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_STATUS_H_INCLUDED_


#include "ngx_http_smtp_verify_tokens.h"
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_throttle_view.h"


#define NGX_HTTP_SMTP_VERIFY_STATUS_LIMIT    20     /* rows of a page */
#define NGX_HTTP_SMTP_VERIFY_STATUS_LIMITS   1000
#define NGX_HTTP_SMTP_VERIFY_STATUS_CLIENTS  100
#define NGX_HTTP_SMTP_VERIFY_STATUS_FOUND    65536  /* rows that are sorted */


/* what the query string asks for */

typedef struct {
    ngx_smtp_verify_view_query_t  query;
    ngx_uint_t                    offset;
    ngx_uint_t                    limit;
} ngx_http_smtp_verify_page_t;


/* status.c: an argument, decoded; empty if there is none */
ngx_int_t ngx_http_smtp_verify_status_arg(ngx_http_request_t *r,
    const char *name, ngx_str_t *value);
ngx_int_t ngx_http_smtp_verify_status_number(ngx_http_request_t *r,
    const char *name, ngx_uint_t most, ngx_uint_t *n);
ngx_int_t ngx_http_smtp_verify_status_invalid(ngx_http_request_t *r,
    const char *detail);

/* overview.c: _page() returns NGX_DECLINED, or what the handler returns; the
   others write members of the object, each with a comma before it */
ngx_int_t ngx_http_smtp_verify_page(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page);
size_t ngx_http_smtp_verify_overview_size(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page);
u_char *ngx_http_smtp_verify_overview(ngx_http_request_t *r,
    ngx_http_smtp_verify_page_t *page, ngx_smtp_verify_counters_t *sum,
    u_char *p, u_char *last);

/* status_jobs.c: the jobs of all stores */
size_t ngx_http_smtp_verify_status_jobs_size(ngx_http_request_t *r);
u_char *ngx_http_smtp_verify_status_jobs(ngx_http_request_t *r, u_char *p,
    u_char *last);

/* actions.c: what an administrator does */
ngx_int_t ngx_http_smtp_verify_act(ngx_http_request_t *r);


#endif /* _NGX_HTTP_SMTP_VERIFY_STATUS_H_INCLUDED_ */
