
/*
 * A fleet: machines that share results and facts of domains by a Valkey or
 * Redis server, so that each address is asked once.  The server is optional at
 * any moment: while it is away, slow or wrong, each machine goes on by itself.
 */


#ifndef _NGX_SMTP_VERIFY_FLEET_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FLEET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "sv_fleet_seal.h"


#define NGX_SMTP_VERIFY_FLEET_PREFIX  128       /* octets, at most */

/* parts: what the machines share */

#define NGX_SMTP_VERIFY_FLEET_CACHE     1
#define NGX_SMTP_VERIFY_FLEET_THROTTLE  2
#define NGX_SMTP_VERIFY_FLEET_JOBS      4


typedef struct ngx_smtp_verify_fleet_worker_s  ngx_smtp_verify_fleet_worker_t;
typedef struct ngx_smtp_verify_fleet_limits_s  ngx_smtp_verify_fleet_limits_t;


typedef struct {
    ngx_addr_t                       addr;
    ngx_str_t                        host;      /* as it was configured, ends
                                                   with a zero */
} ngx_smtp_verify_fleet_server_t;


/* set by the configuration; it lives as long as the cycle */

typedef struct {
    ngx_str_t                        name;
    ngx_str_t                        user;
    ngx_str_t                        password;
    ngx_str_t                        prefix;    /* of all keys and channels */
    ngx_array_t                     *servers;   /* of
                                              ngx_smtp_verify_fleet_server_t */
    ngx_msec_t                       timeout;   /* that a question may cost */
    ngx_uint_t                       parts;     /* a mask; never 0 */
    sv_fleet_keys_t                  keys;

#if (NGX_SSL)
    ngx_ssl_t                       *ssl;       /* NULL: without TLS */
#endif

    /* internal */
    ngx_array_t                     *caches;    /* of
                                            ngx_smtp_verify_fleet_cache_t * */
    ngx_array_t                     *throttles; /* of
                                            ngx_smtp_verify_fleet_zone_t * */
    ngx_array_t                     *limits;    /* of
                                            ngx_smtp_verify_fleet_limits_t * */
    ngx_smtp_verify_fleet_worker_t  *worker;    /* of this process */
} ngx_smtp_verify_fleet_t;


/* Adds the fleet behind a cache zone.  Returns the same as
   ngx_smtp_verify_behind_add(), or NGX_ERROR if there is no memory. */
ngx_int_t ngx_smtp_verify_fleet_cache(ngx_conf_t *cf,
    ngx_smtp_verify_fleet_t *fleet, ngx_shm_zone_t *shm_zone);

/* Shares a throttle zone.  Returns NGX_DECLINED if it is shared already. */
ngx_int_t ngx_smtp_verify_fleet_throttle(ngx_conf_t *cf,
    ngx_smtp_verify_fleet_t *fleet, ngx_shm_zone_t *shm_zone);

/* Called in each worker, at its start and its end. */
ngx_int_t ngx_smtp_verify_fleet_start(ngx_cycle_t *cycle,
    ngx_smtp_verify_fleet_t *fleet);
void ngx_smtp_verify_fleet_exit(ngx_smtp_verify_fleet_t *fleet);

/* Returns 1 if this worker can use the fleet's store at the moment. */
ngx_uint_t ngx_smtp_verify_fleet_is_up(ngx_smtp_verify_fleet_t *fleet);

/* Returns 1 if the store's clock and that of this machine are too far apart. */
ngx_uint_t ngx_smtp_verify_fleet_is_skewed(ngx_smtp_verify_fleet_t *fleet);

/* Writes why it cannot use it, or what the store refuses; nothing if all is
   well.  Returns the end. */
u_char *ngx_smtp_verify_fleet_describe(ngx_smtp_verify_fleet_t *fleet,
    u_char *p, u_char *last);


#endif /* _NGX_SMTP_VERIFY_FLEET_H_INCLUDED_ */
