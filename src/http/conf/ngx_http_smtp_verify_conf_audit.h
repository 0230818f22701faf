
/* The identities of all locations, for the self-audit. */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_AUDIT_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_AUDIT_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


/* the directive smtp_verify_audit */
char *ngx_http_smtp_verify_conf_audit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

ngx_int_t ngx_http_smtp_verify_audit_create(ngx_conf_t *cf,
    ngx_http_smtp_verify_main_conf_t *smcf);

/* adds the identities of a location that asks mail servers */
ngx_int_t ngx_http_smtp_verify_audit_identities(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);

/* warns of what can be known before a worker starts */
void ngx_http_smtp_verify_audit_check(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf);

/* called when the zones exist */
void ngx_http_smtp_verify_audit_place(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf);


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_AUDIT_H_INCLUDED_ */
