
/*
 * Looks up the A and AAAA records of a host, in two separate questions: if one
 * family fails, the addresses of the other one can still be used.  nginx's own
 * resolver returns one result for both families, and does not tell a name that
 * does not exist from a name without addresses.
 */


#ifndef _NGX_SMTP_VERIFY_ADDR_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ADDR_H_INCLUDED_


#include "ngx_smtp_verify_dns.h"
#include "sv_addr_parse.h"


#define NGX_SMTP_VERIFY_ADDR_FAMILIES  2        /* IPv4, IPv6 */


typedef enum {
    NGX_SMTP_VERIFY_ADDR_OK = 0,    /* at least one address */
    NGX_SMTP_VERIFY_ADDR_NONE,      /* no addresses, or no such name */
    NGX_SMTP_VERIFY_ADDR_UNASKED,   /* no addresses of the one family that the
                                       resolver asks for */
    NGX_SMTP_VERIFY_ADDR_ERROR,
    NGX_SMTP_VERIFY_ADDR_NO_MEMORY
} ngx_smtp_verify_addr_status_e;


typedef struct ngx_smtp_verify_addr_query_s  ngx_smtp_verify_addr_query_t;


/* internal to addr.c */

typedef struct {
    ngx_smtp_verify_addr_query_t      *query;
    ngx_smtp_verify_dns_query_t        dns;
    sv_dns_status_e                    status;
    ngx_uint_t                         aliases;
    ngx_uint_t                         naddrs;
    u_char                             addrs[SV_ADDR_MAX][NS_IN6ADDRSZ];
    unsigned long                      ttl;
    u_char                             name[SV_DNS_NAME_MAX + 1];
    unsigned                           asked:1;
    unsigned                           waiting:1;
    unsigned                           doubtful:1;  /* at least one answer was
                                                       not authenticated */
} ngx_smtp_verify_addr_family_t;


struct ngx_smtp_verify_addr_query_s {
    /* set by the caller */
    ngx_resolver_t                    *resolver;
    ngx_str_t                          name;        /* without a trailing
                                                       dot */
    ngx_msec_t                         timeout;
    ngx_pool_t                        *pool;        /* for the addresses */
    ngx_log_t                         *log;
    void                             (*handler)(
                                           ngx_smtp_verify_addr_query_t *q);
    void                              *data;

    /* results; the families alternate, and the order is random, so that the
       load is shared */
    ngx_smtp_verify_addr_status_e      status;
    ngx_addr_t                        *addrs;       /* without port and name */
    ngx_uint_t                         naddrs;
    ngx_str_t                          alias;       /* the name that CNAMEs lead
                                                       to; empty without any */
    unsigned                           authenticated:1; /* AD was set in all
                                                           answers */

    /* internal */
    ngx_smtp_verify_addr_family_t      family[NGX_SMTP_VERIFY_ADDR_FAMILIES];
    ngx_event_t                        delay;
};


/*
 * Fills in the results from the cache and returns NGX_OK, or returns
 * NGX_DECLINED if the caller has to call _resolve().  The query need not be
 * cancelled after this.
 */
ngx_int_t ngx_smtp_verify_addr_recall(ngx_smtp_verify_addr_query_t *q);

/*
 * Returns NGX_AGAIN if the handler will be called once, never from within this
 * call; NGX_OK if the results are already there and the handler will not be
 * called.  The query must stay valid until the handler is called or the query
 * is cancelled.
 */
ngx_int_t ngx_smtp_verify_addr_resolve(ngx_smtp_verify_addr_query_t *q);

/* after this the handler is not called */
void ngx_smtp_verify_addr_cancel(ngx_smtp_verify_addr_query_t *q);


#endif /* _NGX_SMTP_VERIFY_ADDR_H_INCLUDED_ */
