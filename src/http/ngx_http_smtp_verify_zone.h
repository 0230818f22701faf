
/*
 * Zones of shared memory: how they are named in the configuration, and which
 * there are of a kind.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_ZONE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_ZONE_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


typedef ngx_uint_t (*ngx_http_smtp_verify_zone_is_pt)
    (ngx_shm_zone_t *shm_zone);
typedef u_char *(*ngx_http_smtp_verify_zone_counters_pt)
    (ngx_shm_zone_t *shm_zone, u_char *p, u_char *last);


/* "zone=NAME:SIZE" */
ngx_int_t ngx_http_smtp_verify_zone(ngx_conf_t *cf, ngx_str_t *param,
    ngx_str_t *name, size_t *size);

/* "title":{"NAME":{…},…} */
u_char *ngx_http_smtp_verify_zones(u_char *p, u_char *last,
    const char *title, ngx_http_smtp_verify_zone_is_pt is,
    ngx_http_smtp_verify_zone_counters_pt counters);


#endif /* _NGX_HTTP_SMTP_VERIFY_ZONE_H_INCLUDED_ */
