
/*
 * Facts of domains and mail hosts in the cache zone, each an entry with a
 * time of its own.  A fact holds for a scope: what of a configuration it
 * depends on (the port that is asked, the name servers …).
 */


#ifndef _NGX_SMTP_VERIFY_DOMAINS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_DOMAINS_H_INCLUDED_


#include "ngx_smtp_verify_cache.h"


#define NGX_SMTP_VERIFY_DOMAIN_MX_MAX   32


typedef struct {
    ngx_smtp_verify_cache_t     *cache;
    uint32_t                     scope;
    ngx_log_t                   *log;
} ngx_smtp_verify_domains_t;


typedef struct {
    ngx_uint_t                   preference;
    ngx_str_t                    host;
} ngx_smtp_verify_domain_mx_t;


/* status: the caller's, a small number; more: there are more records */

typedef struct {
    ngx_uint_t                   status;
    ngx_uint_t                   more;
    ngx_uint_t                   nrecords;
    ngx_smtp_verify_domain_mx_t  records[NGX_SMTP_VERIFY_DOMAIN_MX_MAX];
} ngx_smtp_verify_domain_mxs_t;


typedef enum {
    ngx_smtp_verify_host_stepwise = 0,
    ngx_smtp_verify_host_greylists,
    ngx_smtp_verify_host_says
} ngx_smtp_verify_host_fact_e;


/* NGX_OK, or NGX_DECLINED: not known; the hosts are valid until the next
   call of any of these */
ngx_int_t ngx_smtp_verify_domain_mx(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, ngx_smtp_verify_domain_mxs_t *mxs);
void ngx_smtp_verify_domain_set_mx(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, ngx_smtp_verify_domain_mxs_t *mxs, time_t ttl);

/* 1: accepts any local part, 0: does not, -1: not known, -2: likewise, and it
   was asked in vain lately */
ngx_int_t ngx_smtp_verify_domain_catch_all(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain);

/* state: also -1, it did not tell; flight: found out by it, else 0: what it
   found is told to those who waited for it even where ttl is 0 */
void ngx_smtp_verify_domain_set_catch_all(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, ngx_int_t state, time_t ttl, uint32_t flight);

/* has that flight of another process found out, or found that the domain does
   not tell?  If not, it was given up */
ngx_uint_t ngx_smtp_verify_domain_told(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, uint32_t flight);

ngx_uint_t ngx_smtp_verify_domain_host_is(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e fact);
void ngx_smtp_verify_domain_set_host(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *host, ngx_smtp_verify_host_fact_e fact, time_t ttl);

/* the day of a domain's registration, since the epoch: NGX_OK, with 0 where
   somebody was asked and has not told it; NGX_DECLINED: nobody was asked */
ngx_int_t ngx_smtp_verify_domain_registered(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, uint32_t *day);
void ngx_smtp_verify_domain_set_registered(ngx_smtp_verify_domains_t *ds,
    ngx_str_t *domain, uint32_t day, time_t ttl);


#endif /* _NGX_SMTP_VERIFY_DOMAINS_H_INCLUDED_ */
