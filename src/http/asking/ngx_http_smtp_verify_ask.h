
/*
 * How a request asks a question, whichever way it came in:
 *
 *   _asker()          who asks, but for the identity, which costs something
 *   ngx_smtp_verify_question_init(), ngx_smtp_verify_lookup()
 *   _ask()            where that returned NGX_DECLINED
 *   _ask_refuse()     the answer where _ask() did not work
 *   _ask_refresh()    after an answer that is to be asked for anew
 *
 * A list, which asks many, calls _ask_as() once instead.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_ASK_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_ASK_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


typedef struct {
    ngx_uint_t   status;
    const char  *code;
    const char  *detail;
} ngx_http_smtp_verify_error_t;


/* by what the location says; nobody pays until the caller says who */
void ngx_http_smtp_verify_asker(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker);

/* NGX_OK; NGX_ABORT: the HELO name or MAIL FROM is not valid */
ngx_int_t ngx_http_smtp_verify_ask_as(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker);

/* the question of ctx, which ends with the request: as
   ngx_smtp_verify_question_start() and _ask_as() */
ngx_int_t ngx_http_smtp_verify_ask(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
void ngx_http_smtp_verify_ask_refresh(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);

/* NULL: an error without a name, such as that there is no memory */
const ngx_http_smtp_verify_error_t *ngx_http_smtp_verify_ask_error(
    ngx_int_t rc);
ngx_int_t ngx_http_smtp_verify_ask_refuse(ngx_http_request_t *r,
    ngx_int_t rc);

/* is the cache not to be asked? */
ngx_uint_t ngx_http_smtp_verify_bypass(ngx_http_request_t *r);


#endif /* _NGX_HTTP_SMTP_VERIFY_ASK_H_INCLUDED_ */
