
/* Zones of shared memory: how they are named in the configuration. */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_ZONE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_ZONE_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


/* "zone=NAME:SIZE" */
ngx_int_t ngx_http_smtp_verify_conf_zone(ngx_conf_t *cf, ngx_str_t *param,
    ngx_str_t *name, size_t *size);

/* are those that a location names defined, and of the right kind? */
ngx_int_t ngx_http_smtp_verify_zones(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_ZONE_H_INCLUDED_ */
