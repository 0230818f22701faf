
/*
 * What the files of a lookup share: _lookup.c has what one who asks sees,
 * and the answers from the cache, _wait.c those who wait for a question that
 * is under way, in whatever worker, _call.c the questions of this worker, and
 * _store.c what is kept of a result.
 */


#ifndef _NGX_SMTP_VERIFY_CALL_H_INCLUDED_
#define _NGX_SMTP_VERIFY_CALL_H_INCLUDED_


#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_lookup.h"
#include "ngx_smtp_verify_packed.h"


/* added to the variant of what is kept for those alone who wait for it */

#define NGX_SMTP_VERIFY_HANDOVER  0x68616e64

#define ngx_smtp_verify_lookup_cache(conf)                                    \
    ((ngx_smtp_verify_cache_t *) (conf)->cache->data)


/* a question under way in this worker: it works for those who wait for its
   claim */

struct ngx_smtp_verify_call_s {
    ngx_smtp_verify_claim_t     claim;
    u_char                      key[SV_STORE_KEY];
    uint32_t                    variant;
    ngx_smtp_verify_conf_t     *conf;
    ngx_smtp_verify_probe_t    *probe;      /* NULL: not begun yet */
    ngx_smtp_verify_fetch_t    *fetch;      /* before it begins, or NULL */
    ngx_smtp_verify_admission_t      admission;
    ngx_smtp_verify_client_t    client;     /* who asked first */
    ngx_event_t                 poll;       /* of those who wait elsewhere */

    unsigned                    detached:1; /* goes on when nobody waits */
};


/* parses the address, too: just before each of _cached() and _read() */
ngx_int_t ngx_smtp_verify_lookup_key(ngx_smtp_verify_lookup_t *l);
uint32_t ngx_smtp_verify_lookup_variant(ngx_smtp_verify_lookup_t *l);
ngx_int_t ngx_smtp_verify_lookup_cached(ngx_smtp_verify_lookup_t *l,
    uint32_t variant);
ngx_int_t ngx_smtp_verify_lookup_read(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_cache_item_t *item);
void ngx_smtp_verify_lookup_told(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_result_t *result);
/* other: the probe that it waited for, and that has not ended, or NULL */
void ngx_smtp_verify_lookup_refuse(ngx_smtp_verify_lookup_t *l,
    sv_reason_e reason, ngx_smtp_verify_probe_t *other);
ngx_smtp_verify_probe_t *ngx_smtp_verify_lookup_probe(
    ngx_smtp_verify_lookup_t *l, ngx_smtp_verify_probe_handler_pt handler,
    void *data);
/* may it have no probe?  Where it may, there is a place for it now */
ngx_uint_t ngx_smtp_verify_lookup_is_busy(ngx_smtp_verify_lookup_t *l);
/* its turn has come: is there time left to ask? */
ngx_uint_t ngx_smtp_verify_lookup_in_time(ngx_smtp_verify_lookup_t *l);
void ngx_smtp_verify_lookup_probe_destroy(ngx_smtp_verify_probe_t *p);

/* the claim of the lookup's address, for itself or for its call */
ngx_int_t ngx_smtp_verify_call_claim(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_claim_t *claim);

/* as ngx_smtp_verify_lookup_start(); _begin(): the claim is its own, it is
   for this one to ask; _again(): its answer, where it waited before */
ngx_int_t ngx_smtp_verify_lookup_join(ngx_smtp_verify_lookup_t *l);
ngx_int_t ngx_smtp_verify_call_begin(ngx_smtp_verify_lookup_t *l);
void ngx_smtp_verify_lookup_again(ngx_smtp_verify_lookup_t *l, ngx_int_t rc);

/* it waits; joined: for another one's call */
void ngx_smtp_verify_lookup_add(ngx_smtp_verify_lookup_t *l,
    ngx_uint_t joined);

/* the one who asked first had less time than this one, and it ran out; the
   place that was given up was another client's: is this one to ask itself? */
ngx_uint_t ngx_smtp_verify_lookup_has_time(ngx_smtp_verify_lookup_t *l,
    ngx_msec_t cut);
ngx_uint_t ngx_smtp_verify_lookup_has_own(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_call_t *call);

/* waits no more; returns the call that may be needed by nobody now, or NULL */
ngx_smtp_verify_call_t *ngx_smtp_verify_lookup_take(
    ngx_smtp_verify_lookup_t *l);

/* that, or the lookup's budget, whichever ends first; 0: there is none */
void ngx_smtp_verify_lookup_deadline(ngx_smtp_verify_lookup_t *l,
    ngx_msec_t timeout);

void ngx_smtp_verify_call_leave(ngx_smtp_verify_call_t *call);

void ngx_smtp_verify_store(ngx_smtp_verify_conf_t *conf, u_char *key,
    uint32_t variant, ngx_smtp_verify_cache_claim_t *claim,
    ngx_smtp_verify_result_t *result, ngx_log_t *log);
ngx_msec_t ngx_smtp_verify_store_cut(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result);


#endif /* _NGX_SMTP_VERIFY_CALL_H_INCLUDED_ */
