
/* Tells whether the server lives, is ready, and what the self-audit found. */


#ifndef _NGX_HTTP_SMTP_VERIFY_HEALTH_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_HEALTH_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


char *ngx_http_smtp_verify_health(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_SMTP_VERIFY_HEALTH_H_INCLUDED_ */
