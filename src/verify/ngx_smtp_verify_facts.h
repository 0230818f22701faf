
/*
 * What is known of domains and mail hosts.  Each fact is an entry that expires
 * by itself: in the cache zone, or in memory of this worker if a location has
 * no cache.  Both follow the same rules.  A fact holds for a scope: the
 * settings that it depends on, such as the port or the name servers.
 */


#ifndef _NGX_SMTP_VERIFY_FACTS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_FACTS_H_INCLUDED_


#include "ngx_smtp_verify.h"
#include "ngx_smtp_verify_behind.h"
#include "ngx_smtp_verify_claim.h"
#include "ngx_smtp_verify_mx.h"


/* Is a domain catch-all? */

#define NGX_SMTP_VERIFY_UNKNOWN     -1
#define NGX_SMTP_VERIFY_NO          0
#define NGX_SMTP_VERIFY_YES         1


typedef enum {
    /* it offers PIPELINING, but cannot handle it */
    ngx_smtp_verify_host_stepwise = 0,

    /* it was seen to greylist, so its 450 and 451 without a reason mean that,
       too */
    ngx_smtp_verify_host_greylists,

    /* it gives a certain reply at the beginning of a session, too; here the
       "name" describes host and reply */
    ngx_smtp_verify_host_says
} ngx_smtp_verify_host_fact_e;


/* What a probe has read of its domain, so that it is not looked up again.
   Zeroed by the caller. */

typedef struct {
    uint64_t        state;      /* of the cache; 0: nothing was read yet */
    ngx_int_t       catch_all;
} ngx_smtp_verify_facts_seen_t;


/* Asks the store behind the cache for facts of the domain that are not known.
   Returns NGX_AGAIN if the handler of *fetch will be called; NGX_DECLINED if
   there is nothing to wait for: *fetch is NULL then. */
ngx_int_t ngx_smtp_verify_facts_fetch(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_fetch_t **fetch,
    ngx_smtp_verify_fetch_handler_pt handler, void *data);

/* Would the DNS be asked for MX records of the domain? */
ngx_uint_t ngx_smtp_verify_facts_mx_asked(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);

/* Reads known MX records.  Returns NGX_OK; NGX_DECLINED if none are known;
   NGX_ERROR if there is no memory. */
ngx_int_t ngx_smtp_verify_facts_mx_known(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q);

/*
 * Where mail for the domain goes, as far as it is known without a question: the
 * id of a provider, else the host of its known MX records that comes first,
 * else the domain itself.  conf: NULL if it has no facts.  What *name points to
 * is as old as the pool.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_smtp_verify_facts_destination(ngx_smtp_verify_conf_t *conf,
    sv_providers_t *providers, ngx_str_t *domain, ngx_pool_t *pool,
    ngx_str_t *name);

/*
 * Claims to ask the DNS for MX records.  Returns NGX_OK if the caller has to
 * ask; NGX_AGAIN if somebody asks now, and the claim's handler will be called;
 * NGX_DECLINED if they became known, and were read; NGX_ERROR if there is no
 * memory.  In the last two cases nothing is claimed.  state: what _facts_now()
 * was before no records were known.
 */
ngx_int_t ngx_smtp_verify_facts_mx_claim(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q, ngx_smtp_verify_claim_t *claim,
    uint64_t state);

/* Reads what the one who asked was told.  NGX_DECLINED: he has left no
   answer. */
ngx_int_t ngx_smtp_verify_facts_mx_told(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q, ngx_smtp_verify_claim_t *claim);

/* Keeps the answer of a query, and tells it to those who wait if the claim is
   the owner. */
void ngx_smtp_verify_facts_mx_settle(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_mx_query_t *q, ngx_smtp_verify_claim_t *claim);

ngx_int_t ngx_smtp_verify_facts_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_facts_seen_t *seen);

/* An address of the domain was refused as unknown.  This needs no claim. */
void ngx_smtp_verify_facts_not_catch_all(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);

/*
 * Claims to ask the random recipient.  Returns NGX_OK if the caller has to ask
 * it; NGX_AGAIN if somebody asks it now, and the claim's handler will be
 * called; NGX_DECLINED if it need not be asked, because _catch_all() knows the
 * answer, or there was no answer recently; NGX_ERROR if there is no memory.  In
 * the last two cases nothing is claimed.  If "seen" is NULL, it is asked
 * whatever is known.
 */
ngx_int_t ngx_smtp_verify_facts_claim(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_facts_seen_t *seen);

/* Another process asked the random recipient.  Returns 1 if it has finished,
   with or without an answer, and 0 if it gave up.  "anew": what was known
   before does not count. */
ngx_uint_t ngx_smtp_verify_facts_told(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_claim_t *claim, ngx_uint_t anew);

/* The owner of a claim has an answer.  UNKNOWN: the domain gave none, and those
   who wait should not ask again.  "soon": the answer is kept for a short time.
   Does nothing if nothing was claimed. */
void ngx_smtp_verify_facts_settle(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_claim_t *claim, ngx_int_t state,
    ngx_uint_t soon);

/* like _settle() with UNKNOWN, but what was known before is forgotten */
void ngx_smtp_verify_facts_retract(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_smtp_verify_claim_t *claim);

/* Other facts, by name; each kind is separate.  *data is valid until the next
   fact is asked for.  NGX_DECLINED: nothing is known. */
ngx_int_t ngx_smtp_verify_facts_recall(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *name, ngx_uint_t kind, ngx_str_t *data);
void ngx_smtp_verify_facts_keep(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *name, ngx_uint_t kind, ngx_str_t *data, time_t ttl);

ngx_uint_t ngx_smtp_verify_facts_host_is(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e fact);
void ngx_smtp_verify_facts_set_host(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e fact);

/*
 * The day on which a domain was registered, in days since the epoch; 0: not
 * known.  Other code asks for it by RDAP, as that needs HTTP.  _age_claim()
 * returns NGX_OK if nothing is known and nobody asks: then the caller has to
 * ask.  If it sets nothing, nobody asks again for an hour.
 */
ngx_uint_t ngx_smtp_verify_facts_age(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);
ngx_int_t ngx_smtp_verify_facts_age_claim(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain);
void ngx_smtp_verify_facts_set_age(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *domain, ngx_uint_t day);


/* The entries of facts, for facts.c and facts_mx.c. */

#define NGX_SMTP_VERIFY_FACTS_GRACE  2000       /* ms */

/* An item with the name of a fact, or with the fact if it is known; NULL: no
   memory, or not known.  It is valid until the next call of any of these. */
ngx_smtp_verify_cache_item_t *ngx_smtp_verify_facts_item(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *name, ngx_uint_t kind,
    ngx_uint_t fact);
ngx_smtp_verify_cache_item_t *ngx_smtp_verify_facts_get(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *name, ngx_uint_t kind,
    ngx_uint_t fact);

/* The fact that the owner of a claim has left to those who wait.  For them it
   holds even if it is not valid for any time.  "anew": what was known before
   does not count. */
ngx_smtp_verify_cache_item_t *ngx_smtp_verify_facts_left(
    ngx_smtp_verify_conf_t *conf, ngx_str_t *name, ngx_uint_t kind,
    ngx_smtp_verify_claim_t *claim, ngx_uint_t anew);

/* "last": the end of the item's data */
void ngx_smtp_verify_facts_put(ngx_smtp_verify_conf_t *conf,
    ngx_smtp_verify_cache_item_t *item, u_char *last, time_t ttl);


/* The cache zone, or memory of this worker, with the same keys and rules.
   NULL: no memory. */

static inline ngx_smtp_verify_cache_t *
ngx_smtp_verify_facts_cache(ngx_smtp_verify_conf_t *conf)
{
    return conf->cache ? conf->cache->data
                       : ngx_smtp_verify_cache_private(ngx_cycle->log);
}


/* Is there a store behind the cache? */

static inline ngx_uint_t
ngx_smtp_verify_facts_elsewhere(ngx_smtp_verify_conf_t *conf)
{
    ngx_smtp_verify_cache_t  *cache;

    cache = ngx_smtp_verify_facts_cache(conf);

    return cache && cache->behind;
}


/* Returns the state of the cache: while it is the same, what was not known is
   not known.  0: no memory. */

static inline uint64_t
ngx_smtp_verify_facts_now(ngx_smtp_verify_conf_t *conf)
{
    ngx_smtp_verify_cache_t  *cache;

    cache = ngx_smtp_verify_facts_cache(conf);

    return cache ? ngx_smtp_verify_cache_state(cache) : 0;
}


#endif /* _NGX_SMTP_VERIFY_FACTS_H_INCLUDED_ */
