
/*
 * What clients have used of what they may: probed addresses of this day
 * (UTC), requests, and the rate of these.  Counted in shared memory by their
 * names, for all workers, over reloads.
 *
 * A unit is taken before a probe and given back if there was none: no two
 * workers ever give out the same one, and a worker that is killed keeps no
 * more than those of its probes.
 */


#ifndef _NGX_SMTP_VERIFY_QUOTA_H_INCLUDED_
#define _NGX_SMTP_VERIFY_QUOTA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "sv_bucket.h"


#define NGX_SMTP_VERIFY_QUOTA_NAME     64
#define NGX_SMTP_VERIFY_QUOTA_CLIENTS  4096     /* of a configuration */
#define NGX_SMTP_VERIFY_QUOTA_NONE     ((uint64_t) -1)
#define NGX_SMTP_VERIFY_QUOTA_DAY      86400


typedef struct {
    ngx_str_t                      name;    /* up to _QUOTA_NAME octets */
    uint64_t                       rate;    /* as of sv_bucket.h; 0: any */
    ngx_uint_t                     burst;   /* at once, from 1 on */
    uint64_t                       quota;   /* a day, or _QUOTA_NONE */
    ngx_uint_t                     hint;    /* private */
} ngx_smtp_verify_quota_client_t;


typedef struct {
    uint64_t                       left;    /* of the quota … */
    ngx_uint_t                     reset;   /* … until then, s */
    ngx_uint_t                     room;    /* of the rate … */
    ngx_uint_t                     wait;    /* … and until there is more, s */
    uint64_t                       requests;    /* so far */
    ngx_msec_t                     at;
} ngx_smtp_verify_quota_state_t;


/* the one zone of a configuration, of a fixed size */
ngx_shm_zone_t *ngx_smtp_verify_quota_add(ngx_conf_t *cf, void *tag);

/* NGX_OK: the request is counted; NGX_BUSY: too many, see state */
ngx_int_t ngx_smtp_verify_quota_request(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_quota_client_t *client,
    ngx_smtp_verify_quota_state_t *state);

/* NGX_OK: a unit of that day is the caller's; NGX_BUSY: there is none */
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
