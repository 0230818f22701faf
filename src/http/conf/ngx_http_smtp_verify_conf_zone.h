
/* Names of shared memory zones in the configuration. */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_ZONE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_ZONE_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


/* Adds the zone that "zone=NAME:SIZE" describes: cmd->post says of which
   kind. */
char *ngx_http_smtp_verify_zone_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

typedef struct {
    ngx_shm_zone_t *(*add)(ngx_conf_t *cf, ngx_str_t *name, size_t size,
                           void *tag);
} ngx_http_smtp_verify_zone_post_t;

/* checks that the zones a location names are defined and of the right kind */
ngx_int_t ngx_http_smtp_verify_zones(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_ZONE_H_INCLUDED_ */
