
/* fetches MTA-STS policies by a location of the operator's */


#ifndef _NGX_HTTP_SMTP_VERIFY_MTA_STS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_MTA_STS_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


char *ngx_http_smtp_verify_mta_sts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* of a location that asks mail servers; NGX_ERROR: no memory */
ngx_int_t ngx_http_smtp_verify_mta_sts_init(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);


#endif /* _NGX_HTTP_SMTP_VERIFY_MTA_STS_H_INCLUDED_ */
