
/*
 * The addresses of a host: A and AAAA, each a question of its own, as one
 * family's failure is no failure of the name.  nginx's own resolver tells one
 * result for both, and no difference between a name that does not exist and
 * one without addresses.
 */


#ifndef _NGX_SMTP_VERIFY_ADDR_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ADDR_H_INCLUDED_


#include "ngx_smtp_verify_dns.h"
#include "sv_addr_parse.h"


#define NGX_SMTP_VERIFY_ADDR_FAMILIES  2        /* IPv4, IPv6 */
#define NGX_SMTP_VERIFY_ADDR_MAX                                              \
    (NGX_SMTP_VERIFY_ADDR_FAMILIES * SV_ADDR_MAX)


typedef enum {
    NGX_SMTP_VERIFY_ADDR_OK = 0,    /* at least one address */
    NGX_SMTP_VERIFY_ADDR_NONE,      /* it has none, or does not exist */
    NGX_SMTP_VERIFY_ADDR_UNASKED,   /* none of the one family; the resolver
                                       does not ask for the other one */
    NGX_SMTP_VERIFY_ADDR_ERROR,
    NGX_SMTP_VERIFY_ADDR_NO_MEMORY
} ngx_smtp_verify_addr_status_e;


typedef struct ngx_smtp_verify_addr_query_s  ngx_smtp_verify_addr_query_t;


/* private */

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
    unsigned                           doubtful:1;  /* an answer of these was
                                                       not authenticated */
} ngx_smtp_verify_addr_family_t;


struct ngx_smtp_verify_addr_query_s {
    /* in */
    ngx_resolver_t                    *resolver;
    ngx_str_t                          name;        /* no last dot */
    ngx_msec_t                         timeout;
    ngx_pool_t                        *pool;        /* of the addresses */
    ngx_log_t                         *log;
    void                             (*handler)(
                                           ngx_smtp_verify_addr_query_t *q);
    void                              *data;

    /* out: in an order that shares the load, the families by turns */
    ngx_smtp_verify_addr_status_e      status;
    ngx_addr_t                        *addrs;       /* no port, no name */
    ngx_uint_t                         naddrs;
    unsigned                           authenticated:1; /* so the name server
                                                       says of all answers */

    /* private */
    ngx_smtp_verify_addr_family_t      family[NGX_SMTP_VERIFY_ADDR_FAMILIES];
    ngx_event_t                        delay;
};


/*
 * NGX_OK: the addresses were kept from an answer before; NGX_DECLINED: ask.
 * Nothing of the query is needed behind but what goes out.
 */
ngx_int_t ngx_smtp_verify_addr_recall(ngx_smtp_verify_addr_query_t *q);

/*
 * NGX_AGAIN: the handler will be called once, never from within this call;
 * NGX_OK: the answer is there already, the handler will not be called.  The
 * query must stay until then, or until it was cancelled.
 */
ngx_int_t ngx_smtp_verify_addr_resolve(ngx_smtp_verify_addr_query_t *q);

/* the handler will not be called any more */
void ngx_smtp_verify_addr_cancel(ngx_smtp_verify_addr_query_t *q);


#endif /* _NGX_SMTP_VERIFY_ADDR_H_INCLUDED_ */
