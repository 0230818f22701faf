
/*
 * One who asks for an address: the answer comes from the cache, from the
 * probe of another one who asks the same, in whatever worker, or from a
 * probe.  A probe belongs to all who wait for it.
 *
 *   _lookup()          zero the struct, fill in what is given
 *   NGX_DECLINED       not in the cache: add helo and from, see that the
 *   _lookup_start()    strings stay, go on
 *   _lookup_cancel()   at the end, whatever happened
 */


#ifndef _NGX_SMTP_VERIFY_LOOKUP_H_INCLUDED_
#define _NGX_SMTP_VERIFY_LOOKUP_H_INCLUDED_


#include "ngx_smtp_verify.h"
#include "ngx_smtp_verify_behind.h"
#include "ngx_smtp_verify_claim.h"
#include "ngx_smtp_verify_admission.h"


typedef enum {
    ngx_smtp_verify_lookup_none = 0,    /* no cache, or nothing to cache */
    ngx_smtp_verify_lookup_miss,
    ngx_smtp_verify_lookup_bypass,
    ngx_smtp_verify_lookup_expired,
    ngx_smtp_verify_lookup_coalesced,
    ngx_smtp_verify_lookup_hit,
    ngx_smtp_verify_lookup_stale        /* refreshed behind */
} ngx_smtp_verify_lookup_status_e;


typedef struct ngx_smtp_verify_call_s  ngx_smtp_verify_call_t;
typedef struct ngx_smtp_verify_lookup_s  ngx_smtp_verify_lookup_t;

typedef void (*ngx_smtp_verify_lookup_handler_pt)
    (ngx_smtp_verify_lookup_t *l);


struct ngx_smtp_verify_lookup_s {
    /* given */
    ngx_smtp_verify_conf_t            *conf;
    ngx_smtp_verify_lookup_handler_pt  handler;
    void                              *data;
    ngx_log_t                         *log;
    ngx_str_t                          email;
    ngx_str_t                          helo;
    ngx_str_t                          from;        /* without <> */
    ngx_smtp_verify_client_t           client;      /* who asks */
    time_t                             wait;        /* s, for greylisting */
    ngx_msec_t                         budget;      /* then it is pending, and
                                                       the probe goes on for
                                                       the cache; 0: none */

    /* told; the result is valid within the handler, or until the caller of
       a function that returned NGX_OK returns; NULL: no memory */
    ngx_smtp_verify_result_t          *result;
    ngx_smtp_verify_lookup_status_e    status;

    /* private */
    ngx_smtp_verify_claim_t            claim;
    ngx_smtp_verify_probe_t           *probe;       /* nobody else's */
    ngx_smtp_verify_admission_t             admission;
    ngx_event_t                        timer;
    ngx_msec_t                         start;
    uint64_t                           seen;        /* the cache's state when
                                                       it had no result */
    uint32_t                           variant;
    u_char                             key[SV_STORE_KEY];

    /* given */
    unsigned                           smtp:1;      /* ask a mail server */
    unsigned                           transcript:1;
    unsigned                           bypass:1;
    unsigned                           busy:1;      /* no probe, whatever
                                                       there is room for */
    unsigned                           peek:1;      /* only what is cached:
                                                       no question to count */
    unsigned                           bulk:1;      /* others go first; its
                                                       time begins with
                                                       _start() */

    /* told with NGX_OK: _refresh() should be called */
    unsigned                           refresh:1;

    unsigned                           erase:1;     /* only the key matters */
    unsigned                           keyed:1;
    unsigned                           fetched:1;   /* the store behind was
                                                       asked */
    unsigned                           waits:1;     /* for another's call, or
                                                       for that it began */
};


/* NGX_OK: answered; NGX_DECLINED: to be started */
ngx_int_t ngx_smtp_verify_lookup(ngx_smtp_verify_lookup_t *l);

/* likewise, what only this helo and from are told; _start() looks there, too */
ngx_int_t ngx_smtp_verify_lookup_own(ngx_smtp_verify_lookup_t *l);

/*
 * For those who ask only what is known: the store behind the cache is asked
 * for what _lookup() and _own() did not find, as _start() does by itself.
 * NGX_AGAIN: the handler of *fetch will be called; NGX_OK: it had something
 * that they find now; NGX_DECLINED: it had nothing, or there is none.
 */
ngx_int_t ngx_smtp_verify_lookup_fetch(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_fetch_t **fetch, ngx_smtp_verify_fetch_handler_pt handler,
    void *data);

/*
 * NGX_OK: answered; NGX_AGAIN: the handler will be called, once; NGX_BUSY: it
 * would take a probe, and may have none; NGX_ERROR: no memory.
 */
ngx_int_t ngx_smtp_verify_lookup_start(ngx_smtp_verify_lookup_t *l);

/*
 * In place of _start(), and answered at once: nobody is asked.  What is known
 * decides, else it is this reason.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_smtp_verify_lookup_known(ngx_smtp_verify_lookup_t *l,
    sv_reason_e reason);

/* asks anew behind the answer that was given */
void ngx_smtp_verify_lookup_refresh(ngx_smtp_verify_lookup_t *l);

/* the handler is not called any more; a probe that others wait for goes on */
void ngx_smtp_verify_lookup_cancel(ngx_smtp_verify_lookup_t *l);

/* NGX_OK: it is gone; NGX_DECLINED: it was not there */
ngx_int_t ngx_smtp_verify_lookup_erase(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *email);


#endif /* _NGX_SMTP_VERIFY_LOOKUP_H_INCLUDED_ */
