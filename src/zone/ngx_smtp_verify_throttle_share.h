
/*
 * A throttle zone that several machines share: what one of them has learned
 * about a destination the others know, too.  The zone tells what it has seen,
 * and is told what others have seen; it does not know by which way.
 *
 * Names of entries are hashes under a key that all machines have.  What another
 * machine has told makes this one more careful, for no longer than it is
 * configured, and never bolder than what it has seen itself.
 */


#ifndef _NGX_SMTP_VERIFY_THROTTLE_SHARE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_THROTTLE_SHARE_H_INCLUDED_


#include "ngx_smtp_verify_throttle.h"
#include "sv_told.h"


#define NGX_SMTP_VERIFY_TOLD  32    /* in one turn of the event loop */


typedef struct {
    /* called from an event of its own, without the lock */
    void       (*tell)(void *data, ngx_smtp_verify_throttle_t *throttle,
                       sv_told_t *told);
    /* asks whether this machine may make a trial; answered by _permit() */
    void       (*ask)(void *data, ngx_smtp_verify_throttle_t *throttle,
                      u_char *key);

    /* called with the lock held: can others be reached? */
    ngx_uint_t (*is_up)(void *data);

    void        *data;
} ngx_smtp_verify_peers_t;


/* Called while the configuration is read: other machines share the zone, and
   its names are hashes under this key. */
void ngx_smtp_verify_throttle_share(ngx_shm_zone_t *shm_zone, u_char *key);
ngx_uint_t ngx_smtp_verify_throttle_is_shared(ngx_shm_zone_t *shm_zone);

/* Called when a worker starts. */
void ngx_smtp_verify_throttle_peers(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_peers_t *peers);

/* Another machine has told this. */
void ngx_smtp_verify_throttle_told(ngx_smtp_verify_throttle_t *throttle,
    sv_told_t *told);

/* May this machine make the trial?  "held": it holds the claim, and those who
   asked before may have died. */
void ngx_smtp_verify_throttle_permit(ngx_smtp_verify_throttle_t *throttle,
    u_char *key, ngx_uint_t permitted);

/* Is the trial still under way? */
ngx_uint_t ngx_smtp_verify_throttle_tries(
    ngx_smtp_verify_throttle_t *throttle, u_char *key);

/* A name of this machine, of 8 octets. */
u_char *ngx_smtp_verify_throttle_id(ngx_smtp_verify_throttle_t *throttle);


#endif /* _NGX_SMTP_VERIFY_THROTTLE_SHARE_H_INCLUDED_ */
