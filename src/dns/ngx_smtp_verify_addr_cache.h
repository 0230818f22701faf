
/*
 * Addresses of hosts that were asked for lately, in this worker: many domains
 * have their mail at few hosts.
 */


#ifndef _NGX_SMTP_VERIFY_ADDR_CACHE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ADDR_CACHE_H_INCLUDED_


#include "ngx_smtp_verify_addr.h"


typedef struct {
    ngx_str_node_t      sn;
    ngx_queue_t         lru;
    time_t              expires;
    ngx_uint_t          authenticated;
    ngx_uint_t          naddrs[NGX_SMTP_VERIFY_ADDR_FAMILIES];
    u_char              addrs[NGX_SMTP_VERIFY_ADDR_FAMILIES][SV_ADDR_MAX]
                             [NS_IN6ADDRSZ];
    u_char              key[1];
} ngx_smtp_verify_addr_entry_t;


/* addr.c: does the resolver ask for IPv4 (0), IPv6 (1)? */
ngx_uint_t ngx_smtp_verify_addr_asks(ngx_resolver_t *r, ngx_uint_t i);

/* NULL: not known */
ngx_smtp_verify_addr_entry_t *ngx_smtp_verify_addr_cache_get(
    ngx_resolver_t *r, ngx_str_t *name);

/* its addresses are for the caller to fill in; partial: one family is not
   known, and is asked for again soon.  NULL: not to be kept */
ngx_smtp_verify_addr_entry_t *ngx_smtp_verify_addr_cache_add(
    ngx_resolver_t *r, ngx_str_t *name, time_t ttl, ngx_uint_t partial);

/* for the module's exit_process */
void ngx_smtp_verify_addr_cache_exit(void);


#endif /* _NGX_SMTP_VERIFY_ADDR_CACHE_H_INCLUDED_ */
