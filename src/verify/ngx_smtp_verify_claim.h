
/*
 * One works for a key, the others wait for what comes of that, in this worker
 * or in another one.  The key is that of an entry of the cache: who works for
 * it puts the entry there before the claim ends.
 *
 * Whoever claims a key for which nobody works, works for it, until the claim
 * is settled or left.  Those who wait are told of it by their handler:
 *
 *   owner              the one who worked for the key has left, and the work
 *                      is now for this claim
 *   NGX_OK             it was settled in this worker
 *   NGX_DECLINED       it has ended in another process: either there is an
 *                      entry now, whose tag is the claim's id, or that one
 *                      has left, and the key may be claimed anew
 *   NGX_ABORT          this worker is about to exit and waits no longer
 */


#ifndef _NGX_SMTP_VERIFY_CLAIM_H_INCLUDED_
#define _NGX_SMTP_VERIFY_CLAIM_H_INCLUDED_


#include "ngx_smtp_verify_cache.h"


typedef struct ngx_smtp_verify_work_s   ngx_smtp_verify_work_t;
typedef struct ngx_smtp_verify_claim_s  ngx_smtp_verify_claim_t;

typedef void (*ngx_smtp_verify_claim_handler_pt)
    (ngx_smtp_verify_claim_t *claim);


/* zeroed at first, but for the handler and its data */

struct ngx_smtp_verify_claim_s {
    ngx_queue_t                        queue;
    ngx_smtp_verify_work_t            *work;    /* NULL: neither works nor
                                                   waits */
    ngx_smtp_verify_claim_handler_pt   handler; /* called once, and never from
                                                   within these functions */
    void                              *data;
    uint32_t                           id;
    ngx_int_t                          rc;
    unsigned                           owner:1;
    unsigned                           queued:1;
};


/* NGX_OK: the caller works; NGX_AGAIN: it waits; NGX_ERROR: no memory.  Other
   processes do not wait for longer than timeout */
ngx_int_t ngx_smtp_verify_claim(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_cache_t *cache, ngx_uint_t kind, u_char *key,
    uint32_t variant, ngx_msec_t timeout);

/* who works for what this claim waits for; NULL: another process */
ngx_smtp_verify_claim_t *ngx_smtp_verify_claim_owner(
    ngx_smtp_verify_claim_t *claim);

/* the flight of an owner's claim */
ngx_smtp_verify_cache_claim_t *ngx_smtp_verify_claim_shared(
    ngx_smtp_verify_claim_t *claim);

/* an owner's: does another process wait for it? */
ngx_uint_t ngx_smtp_verify_claim_is_wanted(ngx_smtp_verify_claim_t *claim);

/* an owner's: who has waited longest in this worker, or NULL */
ngx_smtp_verify_claim_t *ngx_smtp_verify_claim_first(
    ngx_smtp_verify_claim_t *claim);

/* an owner's becomes the other one's */
void ngx_smtp_verify_claim_pass(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_claim_t *to);

/* waits for what an owner works for */
void ngx_smtp_verify_claim_join(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_claim_t *owner);

/* an owner's: those who waited are told; _end(): they are in *waiting, and it
   is for the caller to take them out, by _leave(), and to tell them */
void ngx_smtp_verify_claim_settle(ngx_smtp_verify_claim_t *claim);
void ngx_smtp_verify_claim_end(ngx_smtp_verify_claim_t *claim,
    ngx_queue_t *waiting);

/* waits no more, and is not told; or works no more, and the first of those
   who wait takes over */
void ngx_smtp_verify_claim_leave(ngx_smtp_verify_claim_t *claim);


#endif /* _NGX_SMTP_VERIFY_CLAIM_H_INCLUDED_ */
