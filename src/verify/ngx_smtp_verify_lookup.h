
/*
 * A lookup asks for one address.  The answer comes from the cache, from a
 * probe for the same address that is under way in any worker, or from its own
 * probe.  A probe belongs to all lookups that wait for it.
 *
 *   _lookup()         zero the structure, set the fields of the caller, and
 *                     call this first
 *   NGX_DECLINED      it is not in the cache: set helo and from, take care
 *                     that the strings stay valid, and call _start()
 *   _lookup_start()   asks
 *   _lookup_cancel()  call this at the end, whatever happened
 */


#ifndef _NGX_SMTP_VERIFY_LOOKUP_H_INCLUDED_
#define _NGX_SMTP_VERIFY_LOOKUP_H_INCLUDED_


#include "ngx_smtp_verify.h"
#include "ngx_smtp_verify_behind.h"
#include "ngx_smtp_verify_claim.h"
#include "ngx_smtp_verify_admission.h"


typedef enum {
    ngx_smtp_verify_lookup_none = 0,    /* no cache, or nothing to be cached */
    ngx_smtp_verify_lookup_miss,
    ngx_smtp_verify_lookup_bypass,
    ngx_smtp_verify_lookup_expired,
    ngx_smtp_verify_lookup_coalesced,
    ngx_smtp_verify_lookup_hit,
    ngx_smtp_verify_lookup_stale        /* a refresh is to follow */
} ngx_smtp_verify_lookup_status_e;


typedef struct ngx_smtp_verify_call_s  ngx_smtp_verify_call_t;
typedef struct ngx_smtp_verify_lookup_s  ngx_smtp_verify_lookup_t;

typedef void (*ngx_smtp_verify_lookup_handler_pt)
    (ngx_smtp_verify_lookup_t *l);


struct ngx_smtp_verify_lookup_s {
    /* set by the caller */
    ngx_smtp_verify_conf_t            *conf;
    ngx_smtp_verify_lookup_handler_pt  handler;
    void                              *data;
    ngx_log_t                         *log;
    ngx_str_t                          email;
    ngx_str_t                          helo;
    ngx_str_t                          from;        /* without <> */
    ngx_smtp_verify_client_t           client;      /* who asks */
    time_t                             wait;        /* in seconds, for
                                                       greylisting */
    ngx_msec_t                         budget;      /* in ms; then the answer is
                                                       "pending", and the probe
                                                       goes on; 0: none */

    /* Results.  *result is valid within the handler, or until the caller of a
       function that returned NGX_OK returns; NULL: no memory. */
    ngx_smtp_verify_result_t          *result;
    ngx_smtp_verify_lookup_status_e    status;

    /* private */
    ngx_smtp_verify_claim_t            claim;
    ngx_smtp_verify_probe_t           *probe;       /* shared with nobody */
    ngx_smtp_verify_admission_t             admission;
    ngx_event_t                        timer;
    ngx_msec_t                         start;
    uint64_t                           seen;        /* state of the cache when
                                                       it had no result */
    uint64_t                           since;       /* erasures of the cache
                                                       when it had the key */
    uint32_t                           variant;
    u_char                             key[SV_STORE_KEY];

    /* set by the caller */
    unsigned                           smtp:1;      /* ask a mail server */
    unsigned                           transcript:1;
    unsigned                           bypass:1;
    unsigned                           busy:1;      /* no probe, even if there
                                                       is room */
    unsigned                           peek:1;      /* only the cache is
                                                       read; not counted as a
                                                       question */
    unsigned                           sandbox:1;   /* answers for the caller */
    unsigned                           bulk:1;      /* others go first; its time
                                                       begins with _start() */
    unsigned                           job:1;       /* other bulk goes first;
                                                       what is unproved is not
                                                       cached: the caller calls
                                                       _store_proved() */
    unsigned                           canary:1;    /* asks one, if the address
                                                       is accepted */

    /* result: the caller should call _refresh() */
    unsigned                           refresh:1;

    unsigned                           erase:1;     /* only the key is needed */
    unsigned                           keyed:1;
    unsigned                           fetched:1;   /* the store behind the
                                                       cache was asked */
    unsigned                           waits:1;     /* for its own or another's
                                                       call */
};


/* NGX_OK: answered; NGX_DECLINED: the caller has to call _start() */
ngx_int_t ngx_smtp_verify_lookup(ngx_smtp_verify_lookup_t *l);

/* Like _lookup(), for results that only this helo and from get.  _start() looks
   there, too. */
ngx_int_t ngx_smtp_verify_lookup_own(ngx_smtp_verify_lookup_t *l);

/*
 * For callers that only ask what is known.  Asks the store behind the cache for
 * what _lookup() and _own() did not find; _start() does that by itself.
 * Returns NGX_AGAIN if the handler of *fetch will be called; NGX_OK if the
 * store had something that they find now; NGX_DECLINED if it had nothing, or if
 * there is no store.  claims: 1 if the caller will ask the mail server if the
 * store has nothing, see ngx_smtp_verify_behind.h.
 */
ngx_int_t ngx_smtp_verify_lookup_fetch(ngx_smtp_verify_lookup_t *l,
    ngx_smtp_verify_fetch_t **fetch, ngx_smtp_verify_fetch_handler_pt handler,
    void *data, ngx_uint_t claims);

/*
 * Returns NGX_OK if it is answered; NGX_AGAIN if the handler will be called,
 * once; NGX_BUSY if it needs a probe, and may have none; NGX_ERROR if there is
 * no memory.
 */
ngx_int_t ngx_smtp_verify_lookup_start(ngx_smtp_verify_lookup_t *l);

/*
 * Answers at once, without asking anybody; is called instead of _start().  The
 * answer is what facts say; otherwise it has this reason.  NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_smtp_verify_lookup_known(ngx_smtp_verify_lookup_t *l,
    sv_reason_e reason);

/* asks again, after the cached answer was given */
void ngx_smtp_verify_lookup_refresh(ngx_smtp_verify_lookup_t *l);

/* The handler is not called any more.  A probe that others wait for goes on. */
void ngx_smtp_verify_lookup_cancel(ngx_smtp_verify_lookup_t *l);

/* A result that was held is proved now.  "since" is what _store_since() said
   when it came. */
uint64_t ngx_smtp_verify_store_since(ngx_smtp_verify_conf_t *conf);
void ngx_smtp_verify_store_proved(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_result_t *result, uint64_t since, ngx_log_t *log);

/* NGX_OK: erased; NGX_DECLINED: it was not in the cache */
ngx_int_t ngx_smtp_verify_lookup_erase(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *email);


#endif /* _NGX_SMTP_VERIFY_LOOKUP_H_INCLUDED_ */
