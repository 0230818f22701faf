
/*
 * Directives of the egress: a local address of each family, or a pool of
 * identities.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_EGRESS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_EGRESS_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


char *ngx_http_smtp_verify_bind(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_egress_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_conf_egress(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

ngx_int_t ngx_http_smtp_verify_egress_merge(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);

/* writes the address as it is sent in MAIL FROM, with A-labels */
ngx_int_t ngx_http_smtp_verify_wire_address(ngx_pool_t *pool, ngx_str_t *dst,
    sv_address_t *addr);


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_EGRESS_H_INCLUDED_ */
