
/*
 * A question is a lookup on behalf of an asker, whose quota pays for the probe.
 *
 *   _question_init()     sets what all questions of the asker have in common;
 *                        ngx_smtp_verify_lookup() comes next
 *   _question_start()    call this if that returned NGX_DECLINED
 *   _question_end()      call this at the end, whatever happened: if nobody
 *                        was asked, the unit of the quota is given back
 *
 * An asker needs no HTTP request: other callers fill it in themselves.
 */


#ifndef _NGX_SMTP_VERIFY_QUESTION_H_INCLUDED_
#define _NGX_SMTP_VERIFY_QUESTION_H_INCLUDED_


#include "ngx_smtp_verify_lookup.h"
#include "ngx_smtp_verify_quota.h"


/* The account of a client: each address that is probed takes one unit of its
   quota. */

typedef struct {
    ngx_shm_zone_t                  *zone;
    ngx_smtp_verify_quota_client_t  *client;
    ngx_smtp_verify_quota_state_t    state;
} ngx_smtp_verify_account_t;


typedef struct {
    ngx_smtp_verify_conf_t          *conf;
    ngx_log_t                       *log;
    ngx_str_t                        helo;
    ngx_str_t                        from;      /* without <> */
    ngx_smtp_verify_client_t         client;    /* whose share of probes it
                                                   uses */
    ngx_smtp_verify_account_t       *account;   /* NULL: no quota */
    unsigned                         smtp:1;    /* ask mail servers */
    unsigned                         bypass:1;  /* do not read the cache */
    unsigned                         bulk:1;    /* others go first */
    unsigned                         sandbox:1; /* gets fixed answers */
    unsigned                         job:1;     /* with bulk: other bulk goes
                                                   first; it holds results that
                                                   are unproved */
} ngx_smtp_verify_asker_t;


typedef struct {
    ngx_smtp_verify_lookup_t         lookup;
    ngx_smtp_verify_account_t       *account;   /* a unit was taken from it */
    ngx_uint_t                       day;       /* of the unit */
    unsigned                         paid:1;    /* set by the caller: no unit is
                                                   taken */
    unsigned                         open:1;    /* started, and not ended */
} ngx_smtp_verify_question_t;


/* the caller still has to set the handler and its data */
void ngx_smtp_verify_question_init(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker, ngx_str_t *email);

/* Returns the same as ngx_smtp_verify_lookup_start(), and NGX_DECLINED if it
   needs a probe and the quota is used up. */
ngx_int_t ngx_smtp_verify_question_start(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker);

void ngx_smtp_verify_question_end(ngx_smtp_verify_question_t *q);

/* Does an answer cost, of somebody who asks mail servers (smtp) or not? */
ngx_uint_t ngx_smtp_verify_question_charge(ngx_smtp_verify_result_t *result,
    ngx_uint_t smtp);

/* Gives the question up without a result and without costs.  It may be started
   again. */
void ngx_smtp_verify_question_withdraw(ngx_smtp_verify_question_t *q);


#endif /* _NGX_SMTP_VERIFY_QUESTION_H_INCLUDED_ */
