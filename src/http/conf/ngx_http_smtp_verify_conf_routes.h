
/* Directive smtp_verify_route: where questions about a domain are sent. */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_ROUTES_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_ROUTES_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


char *ngx_http_smtp_verify_routes(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

void ngx_http_smtp_verify_routes_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);

/* to be called after smtp_verify_target_allow was merged */
ngx_int_t ngx_http_smtp_verify_routes_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_ROUTES_H_INCLUDED_ */
