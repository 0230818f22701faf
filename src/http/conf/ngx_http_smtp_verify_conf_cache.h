
/* Directives of the cache. */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_CACHE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_CACHE_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


char *ngx_http_smtp_verify_conf_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_cache_valid(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_cache_refresh(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* _check() is called after all merges, for a location that verifies */
void ngx_http_smtp_verify_cache_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);
void ngx_http_smtp_verify_cache_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_CACHE_H_INCLUDED_ */
