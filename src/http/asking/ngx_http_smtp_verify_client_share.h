
/*
 * Which client a request counts for when clients share probes and slots: the
 * owner of its token, a key that the operator defines, or its IP address.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_CLIENT_SHARE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CLIENT_SHARE_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


char *ngx_http_smtp_verify_conf_share(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
ngx_int_t ngx_http_smtp_verify_share_merge(
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);

/* to be called before a probe may be started for the client */
void ngx_http_smtp_verify_share_client(ngx_http_request_t *r,
    ngx_smtp_verify_client_t *client);

/* the same without a request, for the client of a token; an empty name stands
   for all who need none */
void ngx_http_smtp_verify_share_named(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *name, ngx_smtp_verify_client_t *client);


#endif /* _NGX_HTTP_SMTP_VERIFY_CLIENT_SHARE_H_INCLUDED_ */
