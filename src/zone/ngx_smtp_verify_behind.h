
/*
 * A second store behind a cache zone that answers asynchronously, such as a
 * store that several machines share.
 *
 * After a worker has claimed a key, and before it begins to work for it, the
 * store is asked for the entries that the zone does not have.  The worker waits
 * no longer than the store's budget.  Entries that are found are written to the
 * zone and read from there.  Whatever is put into the zone, or erased from it,
 * is also passed to the store, without waiting.
 *
 * To add such a store, fill in ngx_smtp_verify_behind_t and pass it to
 * ngx_smtp_verify_behind_add() while the configuration is read.  Its functions
 * are called in each worker.  Times of entries are those of sv_clock_sec(), and
 * have to be converted for another machine.
 */


#ifndef _NGX_SMTP_VERIFY_BEHIND_H_INCLUDED_
#define _NGX_SMTP_VERIFY_BEHIND_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_smtp_verify_cache.h"


#define NGX_SMTP_VERIFY_FETCH_MAX  4


typedef struct ngx_smtp_verify_fetch_s  ngx_smtp_verify_fetch_t;


typedef struct {
    ngx_uint_t                        kind;
    u_char                            key[SV_STORE_KEY];
    uint32_t                          variant;
} ngx_smtp_verify_name_t;


typedef void (*ngx_smtp_verify_fetch_handler_pt)
    (ngx_smtp_verify_fetch_t *fetch);


struct ngx_smtp_verify_behind_s {
    ngx_msec_t                        budget;

    /* The key of the hashes by which entries are named.  Zones that share one
       store must use the same key. */
    u_char                            key[SV_SIPHASH_LEN];

    /*
     * Calls ngx_smtp_verify_fetch_found() for each entry of fetch->names that
     * the store has.  Returns NGX_OK if that is done, or NGX_AGAIN if it will
     * be done later: then the store calls ngx_smtp_verify_fetch_done() at the
     * end, unless cancel() is called before.
     */
    ngx_int_t                       (*get)(ngx_smtp_verify_behind_t *behind,
                                           ngx_smtp_verify_fetch_t *fetch);
    void                            (*cancel)(
                                           ngx_smtp_verify_behind_t *behind,
                                           ngx_smtp_verify_fetch_t *fetch);

    /*
     * The answer takes too long, and the caller works by itself now.  Returns
     * NGX_AGAIN if it may come yet: then the store goes on as after get().  If
     * the claim may come with it, the store sets "claimed".  Otherwise cancel()
     * is called.  NULL: the store has no late answers.
     */
    ngx_int_t                       (*late)(ngx_smtp_verify_behind_t *behind,
                                           ngx_smtp_verify_fetch_t *fetch);

    /* stores an entry; the item is valid only until put() returns */
    void                            (*put)(ngx_smtp_verify_behind_t *behind,
                                           ngx_smtp_verify_cache_item_t *item);

    /* erases all variants of an entry */
    void                            (*erase)(
                                           ngx_smtp_verify_behind_t *behind,
                                           ngx_uint_t kind, u_char *key);

    /* Ends a claim that a fetch got.  What was put before is stored before.
       NULL: the store has no claims. */
    void                            (*release)(
                                           ngx_smtp_verify_behind_t *behind,
                                           ngx_smtp_verify_name_t *name);
    void                             *data;         /* private to the store */
};


/* one request to the store */

struct ngx_smtp_verify_fetch_s {
    ngx_uint_t                        n;
    ngx_smtp_verify_name_t            names[NGX_SMTP_VERIFY_FETCH_MAX];
    ngx_uint_t                        found;
    void                             *ctx;          /* private to the store */

    /* The caller works for the first name if the store has nothing: the store
       lets one machine work at a time.  patience (ms): the caller waits so long
       for another machine. */
    ngx_msec_t                        patience;
    unsigned                          claims:1;
    unsigned                          claimed:1;    /* the caller has to end
                                                       the claim */

    /* internal */
    ngx_smtp_verify_cache_t          *cache;
    ngx_smtp_verify_fetch_handler_pt  handler;
    void                             *data;
    ngx_event_t                       timer;
    uint64_t                          erased;
    unsigned                          pending:1;    /* it will be answered */
    unsigned                          waits:1;      /* for another machine */
    unsigned                          late:1;       /* it ran out of its time */
};


/*
 * Adds a store to a cache zone.  Returns NGX_DECLINED if the zone is not a
 * cache, is not defined yet, or already has such a store.  *behind must live as
 * long as the zone.
 */
ngx_int_t ngx_smtp_verify_behind_add(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_behind_t *behind);

/* called by the store, see get() */
void ngx_smtp_verify_fetch_found(ngx_smtp_verify_fetch_t *fetch,
    ngx_smtp_verify_cache_item_t *item);
void ngx_smtp_verify_fetch_done(ngx_smtp_verify_fetch_t *fetch);
/* The store is asked again: what is erased from now on must not come back. */
void ngx_smtp_verify_fetch_asked(ngx_smtp_verify_fetch_t *fetch);
/* Another machine works for the first name.  Returns NGX_OK if the fetch now
   waits for that, or NGX_DECLINED if it does not. */
ngx_int_t ngx_smtp_verify_fetch_busy(ngx_smtp_verify_fetch_t *fetch);


/* Called by the cache: passes an entry to the store, if it is of a kind that
   the store is asked for. */
void ngx_smtp_verify_behind_put(ngx_smtp_verify_behind_t *behind,
    ngx_smtp_verify_cache_item_t *item);


/* Adds the name of an entry that is wanted.  Names beyond
   NGX_SMTP_VERIFY_FETCH_MAX are not asked for. */
void ngx_smtp_verify_fetch_name(ngx_smtp_verify_fetch_t *fetch,
    ngx_uint_t kind, u_char *key, uint32_t variant);

/* Returns NGX_OK if the entries that the store has are now in the cache.
   Returns NGX_AGAIN if the handler will be called, never from within this call,
   at the latest after the timeout (ms).  If the fetch is still pending then, it
   is called once more when a late answer has come or will not come, unless the
   fetch is freed before. */
ngx_int_t ngx_smtp_verify_fetch_start(ngx_smtp_verify_fetch_t *fetch,
    ngx_msec_t timeout);

/* Ends the claim that a fetch for these names got. */
void ngx_smtp_verify_fetch_release(ngx_smtp_verify_cache_t *cache,
    ngx_uint_t kind, u_char *key, uint32_t variant);

ngx_smtp_verify_fetch_t *ngx_smtp_verify_fetch_new(
    ngx_smtp_verify_cache_t *cache, ngx_smtp_verify_fetch_handler_pt handler,
    void *data);

/* After this the handler is not called.  fetch may be NULL.  A claim that the
   fetch got has to be ended by the caller. */
void ngx_smtp_verify_fetch_free(ngx_smtp_verify_fetch_t *fetch);


/* Returns NULL if there is no store behind the cache, or no memory. */

static inline ngx_smtp_verify_fetch_t *
ngx_smtp_verify_fetch_create(ngx_smtp_verify_cache_t *cache,
    ngx_smtp_verify_fetch_handler_pt handler, void *data)
{
    return cache->behind ? ngx_smtp_verify_fetch_new(cache, handler, data)
                         : NULL;
}


#endif /* _NGX_SMTP_VERIFY_BEHIND_H_INCLUDED_ */
