
/* MX look-ups, which nginx's own resolver does not know */


#ifndef _NGX_SMTP_VERIFY_MX_H_INCLUDED_
#define _NGX_SMTP_VERIFY_MX_H_INCLUDED_


#include "ngx_smtp_verify_dns.h"


typedef enum {
    NGX_SMTP_VERIFY_MX_OK = 0,      /* at least one record */
    NGX_SMTP_VERIFY_MX_NODATA,      /* the name exists, it has no MX */
    NGX_SMTP_VERIFY_MX_NXDOMAIN,
    NGX_SMTP_VERIFY_MX_ERROR,       /* SERVFAIL, REFUSED, a broken answer */
    NGX_SMTP_VERIFY_MX_TIMEOUT
} ngx_smtp_verify_mx_status_e;


/* host: lower case, no last dot, a valid host name; empty for "." */

typedef struct {
    ngx_uint_t                         preference;
    ngx_str_t                          host;
} ngx_smtp_verify_mx_record_t;


typedef struct ngx_smtp_verify_mx_query_s  ngx_smtp_verify_mx_query_t;

typedef void (*ngx_smtp_verify_mx_handler_pt)(ngx_smtp_verify_mx_query_t *q);

struct ngx_smtp_verify_mx_query_s {
    /* in */
    ngx_resolver_t                    *resolver;
    ngx_str_t                          name;        /* A-labels, no last dot */
    ngx_uint_t                         max;         /* records to keep */
    ngx_msec_t                         timeout;
    ngx_pool_t                        *pool;        /* of the records */
    ngx_log_t                         *log;
    ngx_smtp_verify_mx_handler_pt      handler;
    void                              *data;

    /* out: sorted by preference, equal ones shuffled; duplicates of a host
       and names that are no host names dropped */
    ngx_smtp_verify_mx_status_e        status;
    ngx_smtp_verify_mx_record_t       *records;
    ngx_uint_t                         nrecords;
    time_t                             ttl;         /* least of the answer's;
                                                       of a negative one: SOA,
                                                       0 where unknown */
    unsigned                           more:1;      /* records than these */
    unsigned                           asked:1;     /* and not joined in */
    unsigned                           authenticated:1; /* so the name server
                                                       says */

    /* private */
    ngx_smtp_verify_dns_query_t       *dns;         /* while it is asked */
};


/*
 * NGX_AGAIN: the handler will be called once, never from within this call;
 * NGX_OK: the answer is there already, the handler will not be called;
 * NGX_ERROR: no memory or no sockets.
 * The query must stay until the handler was called or it was cancelled.
 * A null MX (RFC 7505) is one record with an empty host; beside other
 * records it is ignored, as is a record whose target is no host name
 * (where no other is left: NGX_SMTP_VERIFY_MX_OK with nrecords == 0).
 */
ngx_int_t ngx_smtp_verify_mx_resolve(ngx_smtp_verify_mx_query_t *q);

/* the handler will not be called any more */
void ngx_smtp_verify_mx_cancel(ngx_smtp_verify_mx_query_t *q);

/*
 * For orders that mail servers get to see.  They must tell nothing of the
 * state of random(), from which nginx's resolver takes its query IDs.
 */
long ngx_smtp_verify_mx_random(void);

#endif /* _NGX_SMTP_VERIFY_MX_H_INCLUDED_ */
