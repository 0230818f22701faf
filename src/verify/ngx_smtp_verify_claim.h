
/*
 * One claim works for a key, and the others wait for the outcome, in this
 * worker or in another one.  The key is that of an entry of the cache.  The
 * owner of the work puts the entry there before its claim ends.
 *
 * A claim for a key for which nobody works becomes the owner, until it is
 * settled or left.  Claims that wait are told of the end by their handler.
 * It looks at "owner" and "rc":
 *
 *   owner        the previous owner has left, and this claim has to do the
 *                work now
 *   NGX_OK       the work was settled in this worker
 *   NGX_DECLINED the work has ended in another process: either there is an
 *                entry now, whose tag is the claim's id, or that process
 *                has given up, and the key may be claimed again
 *   NGX_ABORT    this worker is about to exit and does not wait any longer
 */


#ifndef _NGX_SMTP_VERIFY_CLAIM_H_INCLUDED_
#define _NGX_SMTP_VERIFY_CLAIM_H_INCLUDED_


#include "ngx_smtp_verify_cache.h"


typedef struct ngx_smtp_verify_work_s   ngx_smtp_verify_work_t;
typedef struct ngx_smtp_verify_claim_s  ngx_smtp_verify_claim_t;

typedef void (*ngx_smtp_verify_claim_handler_pt)
    (ngx_smtp_verify_claim_t *claim);


/* zeroed by the caller, except for the handler and its data */

struct ngx_smtp_verify_claim_s {
    ngx_queue_t                        queue;
    ngx_smtp_verify_work_t            *work;    /* NULL: neither works nor
                                                   waits */
    ngx_smtp_verify_claim_handler_pt   handler; /* called once, never from
                                                   within these functions */
    void                              *data;
    ngx_int_t                          rc;
    uint32_t                           id;
    unsigned                           owner:1;
    unsigned                           queued:1;
};


/* Returns NGX_OK if the caller has to work; NGX_AGAIN if it waits; NGX_ERROR if
   there is no memory.  Other processes wait for at most "timeout" ms. */
ngx_int_t ngx_smtp_verify_claim(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_cache_t *cache, ngx_uint_t kind, u_char *key,
    uint32_t variant, ngx_msec_t timeout);

/* the owner that this claim waits for; NULL: it is in another process */
ngx_smtp_verify_claim_t *ngx_smtp_verify_claim_owner(
    ngx_smtp_verify_claim_t *claim);

/* for an owner: its claim in the cache zone, which other processes see */
ngx_smtp_verify_cache_claim_t *ngx_smtp_verify_claim_shared(
    ngx_smtp_verify_claim_t *claim);

/* for an owner: does another process wait for it? */
ngx_uint_t ngx_smtp_verify_claim_is_wanted(ngx_smtp_verify_claim_t *claim);

/* for an owner: the claim that has waited longest in this worker, or NULL */
ngx_smtp_verify_claim_t *ngx_smtp_verify_claim_first(
    ngx_smtp_verify_claim_t *claim);

/* moves the ownership to the other claim */
void ngx_smtp_verify_claim_pass(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_claim_t *to);

/* lets the claim wait for this owner */
void ngx_smtp_verify_claim_join(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_claim_t *owner);

/* For an owner: the work is done.  _settle() tells those who wait.  _end() puts
   them into *waiting: the caller has to take them out by _leave(), and to tell
   them. */
void ngx_smtp_verify_claim_settle(ngx_smtp_verify_claim_t *claim);
void ngx_smtp_verify_claim_end(ngx_smtp_verify_claim_t *claim,
    ngx_queue_t *waiting);

/* A claim that waits is not told any more.  If an owner leaves, the first claim
   that waits takes over. */
void ngx_smtp_verify_claim_leave(ngx_smtp_verify_claim_t *claim);


#endif /* _NGX_SMTP_VERIFY_CLAIM_H_INCLUDED_ */
