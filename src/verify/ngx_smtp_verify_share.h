
/*
 * Shares the probes of this worker among clients.  A single client may have all
 * of them.  When they are used up, the client that has most gives one up to a
 * client that has fewer, so that nobody is refused because of another client.
 *
 * Probes that only wait, for a slot of the throttle or to ask once more, are
 * not counted among those that ask.  They have places of their own, as many.
 */


#ifndef _NGX_SMTP_VERIFY_SHARE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SHARE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_smtp_verify_throttle.h"


typedef enum {
    NGX_SMTP_VERIFY_SHARE_ASKS = 0,
    NGX_SMTP_VERIFY_SHARE_BEGINS,       /* waits for a turn of the event loop */
    NGX_SMTP_VERIFY_SHARE_WAITS,        /* waits for a slot */
    NGX_SMTP_VERIFY_SHARE_LATER,        /* waits to ask once more */
    NGX_SMTP_VERIFY_SHARE_GONE          /* it has given up its place */
} ngx_smtp_verify_share_e;


#define NGX_SMTP_VERIFY_SHARES  4


typedef struct ngx_smtp_verify_sharer_s  ngx_smtp_verify_sharer_t;


/* Part of a probe, or of something that will become one.  Zeroed by the
   caller. */

typedef struct {
    ngx_queue_t                  queue;     /* by age, of its client and kind;
                                               or of those that are gone */
    ngx_smtp_verify_sharer_t    *sharer;    /* NULL: it has no place */
    ngx_smtp_verify_share_e      kind;
    uint32_t                     destination;   /* of one that asks once more */
} ngx_smtp_verify_share_t;


/* limits of a location; 0: depends on the worker's connections */

typedef struct {
    ngx_uint_t                   probes;
    ngx_uint_t                   percent;   /* of the probes, for one client; 0:
                                               no limit */
} ngx_smtp_verify_share_conf_t;


/* Returns NGX_OK if there is a place for one more probe, or will be in this
   turn of the event loop; NGX_BUSY if there is none for this client. */
ngx_int_t ngx_smtp_verify_share_ask(ngx_smtp_verify_share_conf_t *conf,
    ngx_smtp_verify_client_t *client, ngx_uint_t bulk);

/* like _ask(), but no other client gives one up */
ngx_int_t ngx_smtp_verify_share_free(ngx_smtp_verify_share_conf_t *conf);

/* Kind _BEGINS is for what is no probe yet; it never has to give up its place.
   The other kinds are for probes. */
void ngx_smtp_verify_share_enter(ngx_smtp_verify_share_t *share,
    ngx_smtp_verify_client_t *client, ngx_smtp_verify_share_e kind);
void ngx_smtp_verify_share_move(ngx_smtp_verify_share_t *share,
    ngx_smtp_verify_share_e kind);
void ngx_smtp_verify_share_leave(ngx_smtp_verify_share_t *share);

/* _press(): if the client with the largest part of the throttle's total has a
   session in this worker, it gives up one.  _watch() does that if somebody
   waits for a session, in any worker. */
void ngx_smtp_verify_share_press(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t bulk);
void ngx_smtp_verify_share_watch(void);

/* NGX_OK: the probe may wait to ask once more, as there is a place, and not too
   many wait for the same destination. */
ngx_int_t ngx_smtp_verify_share_put_off(ngx_smtp_verify_share_conf_t *conf,
    ngx_smtp_verify_share_t *share, uint32_t destination);


#endif /* _NGX_SMTP_VERIFY_SHARE_H_INCLUDED_ */
