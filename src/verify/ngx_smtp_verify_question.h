
/*
 * A question is a lookup on behalf of an asker, and pays for its probe.
 *
 *   _question_init()     fills in what the asker has in common for all of its
 *                        questions; ngx_smtp_verify_lookup() comes next
 *   _question_start()    where that returned NGX_DECLINED
 *   _question_settle()   when the result is there: a unit that was taken is
 *                        given back if nobody was asked
 *   _question_end()      at the end, whatever happened
 *
 * An asker needs no request: who verifies without one fills it in.
 */


#ifndef _NGX_SMTP_VERIFY_QUESTION_H_INCLUDED_
#define _NGX_SMTP_VERIFY_QUESTION_H_INCLUDED_


#include "ngx_smtp_verify_lookup.h"
#include "ngx_smtp_verify_quota.h"


/* a client whose quota pays, one unit for each address that is probed */

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
    ngx_smtp_verify_client_t         client;    /* whose share it takes */
    ngx_smtp_verify_account_t       *account;   /* NULL: nobody pays */
    unsigned                         smtp:1;    /* mail servers are asked */
    unsigned                         bypass:1;  /* the cache is not asked */
    unsigned                         bulk:1;    /* others go first */
} ngx_smtp_verify_asker_t;


typedef struct {
    ngx_smtp_verify_lookup_t         lookup;
    ngx_smtp_verify_account_t       *account;   /* a unit of its is taken */
    ngx_uint_t                       day;       /* of the unit */
    ngx_uint_t                       paid;      /* given: costs nothing more */
} ngx_smtp_verify_question_t;


/* the handler and its data are still to be set */
void ngx_smtp_verify_question_init(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker, ngx_str_t *email);

/* as ngx_smtp_verify_lookup_start(), and NGX_DECLINED: it would take a probe,
   and the quota is used up */
ngx_int_t ngx_smtp_verify_question_start(ngx_smtp_verify_question_t *q,
    ngx_smtp_verify_asker_t *asker);

void ngx_smtp_verify_question_settle(ngx_smtp_verify_question_t *q);
void ngx_smtp_verify_question_end(ngx_smtp_verify_question_t *q);

/* it is given up without a result and costs nothing; it may begin anew */
void ngx_smtp_verify_question_withdraw(ngx_smtp_verify_question_t *q);


#endif /* _NGX_SMTP_VERIFY_QUESTION_H_INCLUDED_ */
