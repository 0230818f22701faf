
/* Directives of the throttle. */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_THROTTLE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_THROTTLE_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


char *ngx_http_smtp_verify_conf_throttle(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_throttle_provider(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);

/* warns about zones that are too small for the number of workers */
void ngx_http_smtp_verify_throttle_check(ngx_cycle_t *cycle);

/* warns, once, if a location asks mail servers without any limit */
void ngx_http_smtp_verify_throttle_missing(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);

void ngx_http_smtp_verify_throttle_merge(
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_THROTTLE_H_INCLUDED_ */
