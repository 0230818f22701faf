
/*
 * Who has how many of this worker's probes.  One client alone may have all of
 * them.  Where they are used up, the client that has most gives one up to
 * whoever has fewer, so that nobody is refused for what another one asked.
 *
 * A probe that only waits, for a slot of the throttle or to ask once more, is
 * not counted among those that ask; those who wait have places of their own,
 * as many.
 */


#ifndef _NGX_SMTP_VERIFY_SHARE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SHARE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_smtp_verify_throttle.h"


typedef enum {
    NGX_SMTP_VERIFY_SHARE_ASKS = 0,
    NGX_SMTP_VERIFY_SHARE_BEGINS,       /* it waits for a turn of the loop */
    NGX_SMTP_VERIFY_SHARE_WAITS,        /* for a slot */
    NGX_SMTP_VERIFY_SHARE_LATER,        /* to ask once more */
    NGX_SMTP_VERIFY_SHARE_GONE          /* it has given up its place */
} ngx_smtp_verify_share_e;


#define NGX_SMTP_VERIFY_SHARES  4


typedef struct ngx_smtp_verify_sharer_s  ngx_smtp_verify_sharer_t;


/* of a probe, or of what is about to be one; zeroed at first */

typedef struct {
    ngx_queue_t                  queue;     /* its client's of this kind, by
                                               age; or of those gone */
    ngx_smtp_verify_sharer_t    *sharer;    /* NULL: it has no place */
    ngx_smtp_verify_share_e      kind;
    uint32_t                     destination;   /* of who asks later */
} ngx_smtp_verify_share_t;


/* what one may have; 0: as the worker's connections allow */

typedef struct {
    ngx_uint_t                   probes;
    ngx_uint_t                   percent;   /* of these: the most of one
                                               client, 0: they are not told
                                               apart */
} ngx_smtp_verify_share_conf_t;


/* NGX_OK: there is, or will be in this turn of the event loop, a place for
   one more probe; NGX_BUSY: there is none for this client */
ngx_int_t ngx_smtp_verify_share_ask(ngx_smtp_verify_share_conf_t *conf,
    ngx_smtp_verify_client_t *client, ngx_uint_t bulk);

/* likewise, but nobody gives one up for it */
ngx_int_t ngx_smtp_verify_share_free(ngx_smtp_verify_share_conf_t *conf);

/* what is begun is no probe yet, and is not made to give up its place; the
   others are of probes */
void ngx_smtp_verify_share_enter(ngx_smtp_verify_share_t *share,
    ngx_smtp_verify_client_t *client, ngx_smtp_verify_share_e kind);
void ngx_smtp_verify_share_move(ngx_smtp_verify_share_t *share,
    ngx_smtp_verify_share_e kind);
void ngx_smtp_verify_share_leave(ngx_smtp_verify_share_t *share);

/* the client that has most of the throttle's total gives up a session that it
   has here, if any; _watch(): where somebody waits for one, in any worker */
void ngx_smtp_verify_share_press(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t bulk);
void ngx_smtp_verify_share_watch(void);

/* NGX_OK: the probe may wait to ask once more: there is a place, and not
   too many wait for the same destination */
ngx_int_t ngx_smtp_verify_share_put_off(ngx_smtp_verify_share_conf_t *conf,
    ngx_smtp_verify_share_t *share, uint32_t destination);


#endif /* _NGX_SMTP_VERIFY_SHARE_H_INCLUDED_ */
