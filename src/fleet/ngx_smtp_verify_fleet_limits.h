
/*
 * Limits that the machines of a fleet share, see ngx_smtp_verify_portions.h:
 * the store behind a throttle zone.
 */


#ifndef _NGX_SMTP_VERIFY_FLEET_LIMITS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FLEET_LIMITS_H_INCLUDED_


#include "ngx_smtp_verify_fleet.h"
#include "ngx_smtp_verify_portions.h"


#define NGX_SMTP_VERIFY_FLEET_MACHINE  16       /* hex digits of its name */


/* behind one throttle zone */

struct ngx_smtp_verify_fleet_limits_s {
    ngx_smtp_verify_portions_t       portions;
    ngx_smtp_verify_fleet_t         *fleet;
    ngx_smtp_verify_throttle_t      *throttle;
    u_char                           machine[NGX_SMTP_VERIFY_FLEET_MACHINE];
    u_char                           other[NGX_SMTP_VERIFY_FLEET_MACHINE];
                                                /* its name if another machine
                                                   has the first one */
    uint32_t                         crc;       /* of the zone's name */
    ngx_str_t                        machines;  /* key: who there is */
    ngx_event_t                      timer;
    ngx_event_t                      soon;
    ngx_msec_t                       beat;      /* this worker last asked */
    unsigned                         reported:1;    /* it makes no sense */
};


/* Adds the fleet behind a throttle zone.  Returns the same as
   ngx_smtp_verify_portions_add(), or NGX_ERROR if there is no memory. */
ngx_int_t ngx_smtp_verify_fleet_limits(ngx_conf_t *cf,
    ngx_smtp_verify_fleet_t *fleet, ngx_shm_zone_t *shm_zone);

/* Called in each worker. */
void ngx_smtp_verify_fleet_limits_start(ngx_smtp_verify_fleet_t *fleet);
void ngx_smtp_verify_fleet_limits_exit(ngx_smtp_verify_fleet_t *fleet);

/* Returns 1 if this machine keeps to its safe share. */
ngx_uint_t ngx_smtp_verify_fleet_limits_alone(
    ngx_smtp_verify_fleet_t *fleet);

/* Called by the last worker: gives back what permits the machine has, of as
   many limits as a socket takes at once.  Others count as used. */
void ngx_smtp_verify_fleet_limits_return(ngx_smtp_verify_fleet_limits_t *ft);


/* limits_name.c */

#define NGX_SMTP_VERIFY_FLEET_WHO  (NGX_SMTP_VERIFY_FLEET_PREFIX + 64)

ngx_int_t ngx_smtp_verify_fleet_limits_names(ngx_conf_t *cf,
    ngx_smtp_verify_fleet_limits_t *ft);
/* in each worker: makes the name that is taken if another machine has the first
   one */
void ngx_smtp_verify_fleet_limits_other(ngx_smtp_verify_fleet_limits_t *ft);
u_char *ngx_smtp_verify_fleet_limits_name(ngx_smtp_verify_fleet_limits_t *ft);
/* Writes the key that says who has the name, at most _FLEET_WHO octets; returns
   its end. */
u_char *ngx_smtp_verify_fleet_limits_who(u_char *p,
    ngx_smtp_verify_fleet_limits_t *ft);
/* The store has said that another machine has the name. */
void ngx_smtp_verify_fleet_limits_namesake(ngx_smtp_verify_fleet_limits_t *ft,
    ngx_smtp_verify_portion_ask_t *asks, ngx_uint_t n);
void ngx_smtp_verify_fleet_limits_leave(ngx_smtp_verify_fleet_limits_t *ft);


extern const char  ngx_smtp_verify_fleet_limits_text[];


#endif /* _NGX_SMTP_VERIFY_FLEET_LIMITS_H_INCLUDED_ */
