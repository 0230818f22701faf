
/*
 * How a request asks a question:
 *
 *   _asker()          fills in who asks, without the identity, which has to be
 *                     evaluated and is only needed for a probe
 *   ngx_smtp_verify_question_init(), ngx_smtp_verify_lookup()
 *   _ask()            if the lookup returned NGX_DECLINED
 *   _ask_refuse()     answers the request if _ask() failed
 *   _ask_refresh()    after a cached result that should be refreshed
 *
 * A batch asks many questions, and calls _ask_as() once instead of _ask().
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_ASK_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_ASK_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


typedef struct {
    ngx_uint_t   status;
    const char  *code;
    const char  *detail;
} ngx_http_smtp_verify_error_t;


/* takes the settings of the location; asker->account stays NULL, so no client
   pays */
void ngx_http_smtp_verify_asker(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker);

/* Sets the identity and the client.  Returns NGX_OK, or NGX_ABORT if the HELO
   name or MAIL FROM is not valid. */
ngx_int_t ngx_http_smtp_verify_ask_as(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker);

/* Starts the question of ctx, which ends with the request.  The asker is not
   needed after that.  Returns what _ask_as() or
   ngx_smtp_verify_question_start() returns. */
ngx_int_t ngx_http_smtp_verify_ask(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_smtp_verify_asker_t *asker);
void ngx_http_smtp_verify_ask_refresh(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);

/* returns NULL for an error without a code, such as no memory */
const ngx_http_smtp_verify_error_t *ngx_http_smtp_verify_ask_error(
    ngx_int_t rc);
ngx_int_t ngx_http_smtp_verify_ask_refuse(ngx_http_request_t *r,
    ngx_int_t rc);

/* whether smtp_verify_cache_bypass applies to the request */
ngx_uint_t ngx_http_smtp_verify_bypass(ngx_http_request_t *r);


#endif /* _NGX_HTTP_SMTP_VERIFY_ASK_H_INCLUDED_ */
