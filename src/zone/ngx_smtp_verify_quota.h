
/*
 * Counts, in shared memory and by name, what clients have used: probes and
 * requests of this day (UTC), all requests, and their rate.  All workers share
 * the counts, which survive reloads.
 *
 * A unit of the quota is taken before a probe, and given back if no probe was
 * made.  So two workers never take the same unit, and a worker that is killed
 * loses no more than the units of its probes.
 */


#ifndef _NGX_SMTP_VERIFY_QUOTA_H_INCLUDED_
#define _NGX_SMTP_VERIFY_QUOTA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_bucket.h"


#define NGX_SMTP_VERIFY_QUOTA_NAME     64
#define NGX_SMTP_VERIFY_QUOTA_CLIENTS  4096     /* in a configuration */
#define NGX_SMTP_VERIFY_QUOTA_NONE     ((uint64_t) -1)
#define NGX_SMTP_VERIFY_QUOTA_DAY      86400


typedef struct {
    ngx_str_t                      name;    /* up to _QUOTA_NAME octets */
    uint64_t                       rate;    /* in the unit of sv_bucket.h; 0: no
                                               limit */
    ngx_uint_t                     burst;   /* requests at once, at least 1 */
    uint64_t                       quota;   /* probes a day, or _QUOTA_NONE */
    ngx_uint_t                     hint;    /* internal */
} ngx_smtp_verify_quota_client_t;


typedef struct {
    uint64_t                       left;    /* units of the quota left */
    ngx_uint_t                     reset;   /* s until the quota is renewed */
    ngx_uint_t                     room;    /* requests allowed now */
    ngx_uint_t                     wait;    /* s until one more is allowed */
    uint64_t                       requests;    /* all so far */
    uint64_t                       today;       /* requests of this day */
    uint64_t                       used;        /* units of this day */
    ngx_msec_t                     at;
} ngx_smtp_verify_quota_state_t;


/* Adds the zone, which has a fixed size; a configuration has one. */
ngx_shm_zone_t *ngx_smtp_verify_quota_add(ngx_conf_t *cf, void *tag);

/* Counts a request.  Returns NGX_OK, or NGX_BUSY if the rate is exceeded;
   *state says for how long. */
ngx_int_t ngx_smtp_verify_quota_request(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state);

/* Takes a unit of the quota.  Returns NGX_OK and the day it belongs to, or
   NGX_BUSY if none is left. */
ngx_int_t ngx_smtp_verify_quota_take(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state, ngx_uint_t *day);

void ngx_smtp_verify_quota_give_back(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state, ngx_uint_t day);

void ngx_smtp_verify_quota_look(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state);


#endif /* _NGX_SMTP_VERIFY_QUOTA_H_INCLUDED_ */
