
/*
 * Fleets:
 *
 *   conf_fleet.c      the block "smtp_verify_fleet"
 *   conf_fleet_tls.c  its TLS
 *   fleets.c          what becomes of it: zones, workers, health
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_FLEET_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_FLEET_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"
#include "ngx_smtp_verify_fleet.h"


/* a fleet, and what its block says of it */

typedef struct {
    ngx_smtp_verify_fleet_t   fleet;
    ngx_array_t               zones;        /* names; none: all caches */
    ngx_str_t                 ca;
    ngx_str_t                 cert;         /* of this machine, and its key */
    ngx_str_t                 cert_key;
    ngx_flag_t                tls;
    ngx_uint_t                keyed;
} ngx_http_smtp_verify_fleet_conf_t;


char *ngx_http_smtp_verify_conf_fleet(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* conf_fleet_tls.c: the block was read. */
ngx_int_t ngx_http_smtp_verify_fleet_secure(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);

/* Called when the configuration was read: puts each fleet behind its zones. */
ngx_int_t ngx_http_smtp_verify_fleet_init(ngx_conf_t *cf);

/* the fleet of this number, below smcf->fleets.nelts */
ngx_smtp_verify_fleet_t *ngx_http_smtp_verify_fleet_get(
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_uint_t i);

/* Returns 0 if this worker goes on without the store, without its share of
   limits, or without something that the store refuses. */
ngx_uint_t ngx_http_smtp_verify_fleet_is_well(ngx_smtp_verify_fleet_t *fleet);

/* Are limits that machines share the safe share of this one?  -1: it shares
   none. */
ngx_int_t ngx_http_smtp_verify_fleet_is_alone(ngx_smtp_verify_fleet_t *fleet);

/* Says in a sentence how it is.  Returns the end. */
u_char *ngx_http_smtp_verify_fleet_seen(ngx_smtp_verify_fleet_t *fleet,
    u_char *p, u_char *last);

ngx_int_t ngx_http_smtp_verify_fleet_process(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf);
void ngx_http_smtp_verify_fleet_end(ngx_http_smtp_verify_main_conf_t *smcf);


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_FLEET_H_INCLUDED_ */
