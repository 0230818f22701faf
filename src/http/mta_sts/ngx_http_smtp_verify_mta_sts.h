
/* Fetches MTA-STS policies (RFC 8461) through an internal location that the
   operator defines. */


#ifndef _NGX_HTTP_SMTP_VERIFY_MTA_STS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_MTA_STS_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


/* for a location that asks mail servers; NGX_ERROR if there is no memory */
ngx_int_t ngx_http_smtp_verify_mta_sts_init(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);


#endif /* _NGX_HTTP_SMTP_VERIFY_MTA_STS_H_INCLUDED_ */
