
/*
 * A cache of host addresses, one for each worker.  It saves look-ups, as many
 * domains use the same few mail hosts.
 */


#ifndef _NGX_SMTP_VERIFY_ADDR_CACHE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ADDR_CACHE_H_INCLUDED_


#include "ngx_smtp_verify_addr.h"


typedef struct {
    ngx_str_node_t      sn;
    ngx_queue_t         lru;
    time_t              expires;
    ngx_str_t           alias;      /* of its own memory; empty if there is
                                       none */
    ngx_uint_t          authenticated;
    ngx_uint_t          naddrs[NGX_SMTP_VERIFY_ADDR_FAMILIES];
    u_char              addrs[NGX_SMTP_VERIFY_ADDR_FAMILIES][SV_ADDR_MAX]
                             [NS_IN6ADDRSZ];
    u_char              key[1];
} ngx_smtp_verify_addr_entry_t;


/* returns NULL if the host is not cached or its entry has expired */
ngx_smtp_verify_addr_entry_t *ngx_smtp_verify_addr_cache_get(
    ngx_resolver_t *r, ngx_str_t *name);

/* Adds an entry, into which the caller writes the addresses.  partial: the
   look-up of one family failed, so the entry expires soon.  Returns NULL if
   nothing can be cached. */
ngx_smtp_verify_addr_entry_t *ngx_smtp_verify_addr_cache_add(
    ngx_resolver_t *r, ngx_str_t *name, time_t ttl, ngx_uint_t partial);

/* Replaces the name that CNAMEs lead to. */
void ngx_smtp_verify_addr_cache_alias(ngx_smtp_verify_addr_entry_t *entry,
    ngx_str_t *alias);

/* called by the module's exit_process */
void ngx_smtp_verify_addr_cache_exit(void);


/* Whether the resolver asks for IPv4 (i is 0) or IPv6 (i is 1). */

static inline ngx_uint_t
ngx_smtp_verify_addr_asks(ngx_resolver_t *r, ngx_uint_t i)
{
#if (NGX_HAVE_INET6)
    if (i == 1) {
        return r->ipv6;
    }
#endif

#if (nginx_version >= 1023001)
    return i == 0 && r->ipv4;
#else
    return i == 0;
#endif
}


#endif /* _NGX_SMTP_VERIFY_ADDR_CACHE_H_INCLUDED_ */
