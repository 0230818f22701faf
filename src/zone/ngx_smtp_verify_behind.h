
/*
 * A store behind a cache zone: one that answers later, such as a store that
 * several machines share.
 *
 * Between the claim of a key and the work for it, the store is asked for what
 * the zone does not have.  It is waited for no longer than its budget.  What
 * it has goes into the zone, where all is read as ever.  What is put into the
 * zone, or erased there, is told to the store, and nobody waits for that.
 *
 * To add such a store, fill in the first struct and give it to
 * ngx_smtp_verify_behind_add() while the configuration is read.  It is asked
 * in each worker.  Times of entries are those of sv_clock_sec(): they have to
 * be converted for another machine.
 */


#ifndef _NGX_SMTP_VERIFY_BEHIND_H_INCLUDED_
#define _NGX_SMTP_VERIFY_BEHIND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_smtp_verify_cache.h"


#define NGX_SMTP_VERIFY_FETCH_MAX  4


typedef struct ngx_smtp_verify_fetch_s  ngx_smtp_verify_fetch_t;

typedef void (*ngx_smtp_verify_fetch_handler_pt)
    (ngx_smtp_verify_fetch_t *fetch);


struct ngx_smtp_verify_behind_s {
    ngx_msec_t                        budget;

    /* names are hashes under this key: zones before one store have the same */
    u_char                            key[SV_SIPHASH_LEN];

    /*
     * The store calls ngx_smtp_verify_fetch_found() for each entry that it
     * has of those in fetch->names.  NGX_OK: it has done so; NGX_AGAIN: it
     * will do so later, and then call ngx_smtp_verify_fetch_done(), unless
     * cancel() is called before.
     */
    ngx_int_t                       (*get)(ngx_smtp_verify_behind_t *behind,
                                           ngx_smtp_verify_fetch_t *fetch);
    void                            (*cancel)(
                                           ngx_smtp_verify_behind_t *behind,
                                           ngx_smtp_verify_fetch_t *fetch);

    /* the item is valid only until put() returns */
    void                            (*put)(ngx_smtp_verify_behind_t *behind,
                                           ngx_smtp_verify_cache_item_t *item);

    /* all variants */
    void                            (*erase)(
                                           ngx_smtp_verify_behind_t *behind,
                                           ngx_uint_t kind, u_char *key);
    void                             *data;         /* the store's */
};


typedef struct {
    ngx_uint_t                        kind;
    u_char                            key[SV_STORE_KEY];
    uint32_t                          variant;
} ngx_smtp_verify_name_t;


/* one question to the store */

struct ngx_smtp_verify_fetch_s {
    ngx_uint_t                        n;
    ngx_smtp_verify_name_t            names[NGX_SMTP_VERIFY_FETCH_MAX];
    ngx_uint_t                        found;
    void                             *ctx;          /* the store's */

    /* private */
    ngx_smtp_verify_cache_t          *cache;
    ngx_smtp_verify_fetch_handler_pt  handler;
    void                             *data;
    ngx_event_t                       timer;
    uint64_t                          erased;
    unsigned                          pending:1;
};


/*
 * NGX_DECLINED: the zone is none of a cache, or is not defined before, or has
 * a store behind it already.  The struct has to live as long as the zone.
 */
ngx_int_t ngx_smtp_verify_behind_add(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_behind_t *behind);

/* for the store: see get() */
void ngx_smtp_verify_fetch_found(ngx_smtp_verify_fetch_t *fetch,
    ngx_smtp_verify_cache_item_t *item);
void ngx_smtp_verify_fetch_done(ngx_smtp_verify_fetch_t *fetch);


/* for the cache: the store is told of what it may be asked for */
void ngx_smtp_verify_behind_put(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_cache_item_t *item);


/* NULL: there is no store behind the cache, or no memory */
ngx_smtp_verify_fetch_t *ngx_smtp_verify_fetch_create(
    ngx_smtp_verify_cache_t *cache, ngx_smtp_verify_fetch_handler_pt handler,
    void *data);

/* of an entry that is wanted */
void ngx_smtp_verify_fetch_name(ngx_smtp_verify_fetch_t *fetch,
    ngx_uint_t kind, u_char *key, uint32_t variant);

/* NGX_OK: what there is is in the cache; NGX_AGAIN: the handler will be
   called, once and never from within this call, after the timeout at the
   latest */
ngx_int_t ngx_smtp_verify_fetch_start(ngx_smtp_verify_fetch_t *fetch,
    ngx_msec_t timeout);

/* also NULL; the handler is not called any more */
void ngx_smtp_verify_fetch_free(ngx_smtp_verify_fetch_t *fetch);


#endif /* _NGX_SMTP_VERIFY_BEHIND_H_INCLUDED_ */
