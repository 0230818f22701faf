
/*
 * What is known of a domain and of a mail host, each fact an entry with its
 * own time: in the cache zone, or in memory of this worker where a location
 * has none.  Either is kept and forgotten by the same rules.  A fact holds for
 * a scope: what of the configuration it depends on, such as the port that is
 * asked, or the name servers.
 */


#ifndef _NGX_SMTP_VERIFY_FACTS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FACTS_H_INCLUDED_


#include "ngx_smtp_verify.h"
#include "ngx_smtp_verify_behind.h"
#include "ngx_smtp_verify_claim.h"
#include "ngx_smtp_verify_mx.h"


/* is a domain catch-all? */

#define NGX_SMTP_VERIFY_UNKNOWN     -1
#define NGX_SMTP_VERIFY_NO          0
#define NGX_SMTP_VERIFY_YES         1


typedef enum {
    /* it offers PIPELINING and breaks it */
    ngx_smtp_verify_host_stepwise = 0,

    /* it was seen to greylist: its bare 450 and 451 mean that, too */
    ngx_smtp_verify_host_greylists,

    /* it gives an answer at the beginning of a session, too: the name is the
       caller's, for both */
    ngx_smtp_verify_host_says
} ngx_smtp_verify_host_fact_e;


/* what a probe has read of its domain, so that it is not looked up again;
   zeroed at first */

typedef struct {
    uint64_t        state;      /* of the store; 0: nothing was read */
    ngx_int_t       catch_all;
} ngx_smtp_verify_facts_seen_t;


/* as ngx_smtp_verify_mx_resolve(); what is known is told at once */
ngx_int_t ngx_smtp_verify_facts_mx(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q);

/* asks the store behind the cache for what is not known of the domain:
   NGX_AGAIN: the handler of *fetch will be called; NGX_DECLINED: there is no
   need to wait, and *fetch is NULL */
ngx_int_t ngx_smtp_verify_facts_fetch(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_fetch_t **fetch,
    ngx_smtp_verify_fetch_handler_pt handler, void *data);

/* would its MX records be asked for? */
ngx_uint_t ngx_smtp_verify_facts_mx_asked(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);

/* what is known: NGX_OK, NGX_DECLINED: nothing, NGX_ERROR: no memory */
ngx_int_t ngx_smtp_verify_facts_mx_known(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q);

/* what was resolved */
void ngx_smtp_verify_facts_set_mx(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q);

ngx_int_t ngx_smtp_verify_facts_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_facts_seen_t *seen);

/* learned without a claim: an address of it was refused as unknown */
void ngx_smtp_verify_facts_not_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);

/*
 * NGX_OK: the random recipient is the caller's to ask; NGX_AGAIN: somebody
 * asks it now, the claim's handler will be called; NGX_DECLINED: it need not
 * be asked, as _catch_all() knows the answer, or as there was none lately;
 * NGX_ERROR: no memory.  In the last two cases nothing is claimed.  seen NULL:
 * it is to be asked whatever is known.
 */
ngx_int_t ngx_smtp_verify_facts_claim(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_facts_seen_t *seen);

/* another process asked the random recipient: did it end with an answer, or
   with none, rather than give up?  anew: what was known before is none */
ngx_uint_t ngx_smtp_verify_facts_told(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_claim_t *claim, ngx_uint_t anew);

/* the owner of a claim has an answer; unknown: the domain gave none, do not
   ask again for those who wait.  soon: it is not kept for long.  Where nothing
   was claimed: nothing */
void ngx_smtp_verify_facts_settle(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_claim_t *claim, ngx_int_t state,
    ngx_uint_t soon);

/* likewise, and what was known before is not known any more */
void ngx_smtp_verify_facts_retract(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_claim_t *claim);

/* what else is kept by a name, each a kind of its own: valid until the next
   fact is asked for; NGX_DECLINED: nothing is known */
ngx_int_t ngx_smtp_verify_facts_recall(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *name, ngx_uint_t kind, ngx_str_t *data);
void ngx_smtp_verify_facts_keep(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *name, ngx_uint_t kind, ngx_str_t *data, time_t ttl);

ngx_uint_t ngx_smtp_verify_facts_host_is(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e fact);
void ngx_smtp_verify_facts_set_host(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e fact);

/*
 * The day on which a domain was registered, in days since the epoch; 0: it is
 * not known.  It is found out elsewhere, as RDAP takes HTTP: _age_claim()
 * tells with NGX_OK that nothing is known and that nobody asks, and that the
 * caller does from now on; a caller that sets nothing has failed, and nobody
 * asks again for an hour.
 */
ngx_uint_t ngx_smtp_verify_facts_age(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);
ngx_int_t ngx_smtp_verify_facts_age_claim(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);
void ngx_smtp_verify_facts_set_age(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_uint_t day);


#endif /* _NGX_SMTP_VERIFY_FACTS_H_INCLUDED_ */
