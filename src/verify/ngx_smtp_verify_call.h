
/*
 * Shared by the files that answer lookups:
 *
 *   lookup.c   the interface, and answers from the cache
 *   alone.c    lookups whose probe is shared with nobody
 *   wait.c     lookups that wait for a question, asked by any worker
 *   call.c     the questions of this worker
 *   call_fetch.c  what the store behind the cache tells them
 *   store.c    puts results into the cache
 */


#ifndef _NGX_SMTP_VERIFY_CALL_H_INCLUDED_
#define _NGX_SMTP_VERIFY_CALL_H_INCLUDED_


#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_lookup.h"
#include "ngx_smtp_verify_packed.h"


/* Added to the variant of a result that is kept only for other workers which
   wait for it. */

#define NGX_SMTP_VERIFY_HANDOVER  0x68616e64

#define ngx_smtp_verify_lookup_cache(conf)                                    \
    ((ngx_smtp_verify_cache_t *) (conf)->cache->data)


/* A question under way in this worker.  It works for the lookups that wait for
   its claim. */

struct ngx_smtp_verify_call_s {
    ngx_smtp_verify_claim_t     claim;
    u_char                      key[SV_STORE_KEY];
    uint32_t                    variant;
    uint64_t                    since;      /* of the lookup that asked first */
    ngx_smtp_verify_conf_t     *conf;
    ngx_smtp_verify_probe_t    *probe;      /* NULL: not begun yet */
    ngx_smtp_verify_fetch_t    *fetch;      /* under way, or NULL */
    ngx_smtp_verify_admission_t      admission;
    ngx_smtp_verify_client_t    client;     /* who asked first */
    ngx_event_t                 poll;       /* checks whether other workers
                                               wait */

    unsigned                    detached:1; /* goes on if nobody waits */
    unsigned                    job:1;      /* see lookup.h */
    unsigned                    claimed:1;  /* in the store behind the cache,
                                               too */
    unsigned                    late:1;     /* it asks although the fetch may
                                               be answered yet */
};


/* _key() also parses the address.  It has to be called directly before
   _cached() and _read(). */
ngx_int_t ngx_smtp_verify_lookup_key(ngx_smtp_verify_lookup_t *l);
uint32_t ngx_smtp_verify_lookup_variant(ngx_smtp_verify_lookup_t *l);
ngx_int_t ngx_smtp_verify_lookup_cached(ngx_smtp_verify_lookup_t *l,
    uint32_t variant);
ngx_int_t ngx_smtp_verify_lookup_read(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_cache_item_t *item);
void ngx_smtp_verify_lookup_told(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_result_t *result);
/* a probe has ended */
void ngx_smtp_verify_lookup_count(ngx_smtp_verify_result_t *result);
/* Answers with this reason or what is known.  "other" is the probe that it
   waited for, if that has not ended, or NULL. */
void ngx_smtp_verify_lookup_refuse(ngx_smtp_verify_lookup_t *l,
    sv_reason_e reason, ngx_smtp_verify_probe_t *other);
ngx_smtp_verify_probe_t *ngx_smtp_verify_lookup_probe(
    ngx_smtp_verify_lookup_t *l, ngx_smtp_verify_probe_handler_pt handler,
    void *data);
/* 1: the lookup may not have a probe; 0: there is a place for its probe now */
ngx_uint_t ngx_smtp_verify_lookup_is_busy(ngx_smtp_verify_lookup_t *l);

/* Asks with a probe that is shared with nobody.  Returns the same as
   ngx_smtp_verify_lookup_start(). */
ngx_int_t ngx_smtp_verify_lookup_alone(ngx_smtp_verify_lookup_t *l);

/* claims the key of the lookup's address, for the lookup or for its call */
ngx_int_t ngx_smtp_verify_call_claim(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_claim_t *claim);

/* _join() and _begin() return the same as ngx_smtp_verify_lookup_start().
   _begin() is for the owner of the claim, who has to ask.  _again() tells a
   lookup that had waited what that returned. */
ngx_int_t ngx_smtp_verify_lookup_join(ngx_smtp_verify_lookup_t *l);
ngx_int_t ngx_smtp_verify_call_begin(ngx_smtp_verify_lookup_t *l);
void ngx_smtp_verify_lookup_again(ngx_smtp_verify_lookup_t *l, ngx_int_t rc);

/* Puts the lookup among those that wait.  "joined": for another lookup's
   call. */
void ngx_smtp_verify_lookup_add(ngx_smtp_verify_lookup_t *l,
    ngx_uint_t joined);

/* Should a lookup ask by itself?  _has_time(): yes, if the probe ran out of the
   shorter time of the lookup that asked first.  _has_own(): yes, if the place
   that was given up belonged to another client. */
ngx_uint_t ngx_smtp_verify_lookup_has_time(ngx_smtp_verify_lookup_t *l,
    ngx_msec_t cut);
ngx_uint_t ngx_smtp_verify_lookup_has_own(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_call_t *call);

/* Ends the waiting.  Returns the call, which may be needed by nobody now, or
   NULL. */
ngx_smtp_verify_call_t *ngx_smtp_verify_lookup_take(
    ngx_smtp_verify_lookup_t *l);

/* Sets the timer to this timeout or the lookup's budget, whichever ends first;
   0: no timeout. */
void ngx_smtp_verify_lookup_deadline(ngx_smtp_verify_lookup_t *l,
    ngx_msec_t timeout);

void ngx_smtp_verify_call_leave(ngx_smtp_verify_call_t *call);

/* There is a place for the probe of the call now. */
void ngx_smtp_verify_call_admitted(void *data);
/* Ends the call, and its probe. */
void ngx_smtp_verify_call_free(ngx_smtp_verify_call_t *call);

/* call_fetch.c.  _call_fetch() asks the store for the call, and returns the
   same as ngx_smtp_verify_lookup_fetch().  _lookup_fetched(): did the store
   have a result for this lookup? */
ngx_int_t ngx_smtp_verify_call_fetch(ngx_smtp_verify_call_t *call,
    ngx_smtp_verify_lookup_t *l);
ngx_uint_t ngx_smtp_verify_lookup_fetched(ngx_smtp_verify_lookup_t *l);

void ngx_smtp_verify_store(ngx_smtp_verify_conf_t *conf, u_char *key,
    uint32_t variant, uint64_t since, ngx_smtp_verify_cache_claim_t *claim,
    ngx_smtp_verify_result_t *result, ngx_log_t *log);
ngx_msec_t ngx_smtp_verify_store_cut(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result);


/* Is time left for a probe?  A bulk lookup's time begins here. */

static inline ngx_uint_t
ngx_smtp_verify_lookup_in_time(ngx_smtp_verify_lookup_t *l)
{
    if (l->bulk) {
        l->start = ngx_current_msec;
    }

    return ngx_current_msec - l->start < l->conf->timeout;
}


static inline void
ngx_smtp_verify_lookup_probe_destroy(ngx_smtp_verify_probe_t *p)
{
    ngx_smtp_verify_gauge(PROBES, -1);
    ngx_smtp_verify_probe_destroy(p);
}


#endif /* _NGX_SMTP_VERIFY_CALL_H_INCLUDED_ */
