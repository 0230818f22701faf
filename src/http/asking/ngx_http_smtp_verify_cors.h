
/*
 * Requests of web pages of other origins (CORS).  Where smtp_verify_cors is
 * set, pages of other origins than these are refused: a page may make its
 * visitors' browsers send requests, even if it cannot read the answers.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_CORS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CORS_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


char *ngx_http_smtp_verify_conf_cors(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Returns NGX_DECLINED to go on.  Otherwise the request was answered: it asked
   what is allowed, or its page is refused. */
ngx_int_t ngx_http_smtp_verify_cors(ngx_http_request_t *r);

/* adds the headers of an answer */
ngx_int_t ngx_http_smtp_verify_cors_headers(ngx_http_request_t *r);


#endif /* _NGX_HTTP_SMTP_VERIFY_CORS_H_INCLUDED_ */
