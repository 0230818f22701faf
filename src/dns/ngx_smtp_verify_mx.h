
/* Looks up MX records, which nginx's own resolver does not support. */


#ifndef _NGX_SMTP_VERIFY_MX_H_INCLUDED_
#define _NGX_SMTP_VERIFY_MX_H_INCLUDED_


#include "ngx_smtp_verify_dns.h"


typedef enum {
    NGX_SMTP_VERIFY_MX_OK = 0,      /* at least one record */
    NGX_SMTP_VERIFY_MX_NODATA,      /* the name exists, but has no MX */
    NGX_SMTP_VERIFY_MX_NXDOMAIN,
    NGX_SMTP_VERIFY_MX_ERROR,       /* SERVFAIL, REFUSED, a malformed answer */
    NGX_SMTP_VERIFY_MX_TIMEOUT
} ngx_smtp_verify_mx_status_e;


/* host: lower case, no trailing dot, a valid host name; empty for a null MX */

typedef struct {
    ngx_uint_t                         preference;
    ngx_str_t                          host;
} ngx_smtp_verify_mx_record_t;


typedef struct ngx_smtp_verify_mx_query_s  ngx_smtp_verify_mx_query_t;

typedef void (*ngx_smtp_verify_mx_handler_pt)(ngx_smtp_verify_mx_query_t *q);

struct ngx_smtp_verify_mx_query_s {
    /* set by the caller */
    ngx_resolver_t                    *resolver;
    ngx_str_t                          name;        /* A-labels, no trailing
                                                       dot */
    ngx_uint_t                         max;         /* number of records to
                                                       keep */
    ngx_msec_t                         timeout;
    ngx_pool_t                        *pool;        /* for the records */
    ngx_log_t                         *log;
    ngx_smtp_verify_mx_handler_pt      handler;
    void                              *data;

    /* results: sorted by preference, and in a random order within equal
       preferences; without duplicate hosts and without names that are no host
       names */
    ngx_smtp_verify_mx_status_e        status;
    unsigned                           more:1;      /* some records were left
                                                       out */
    unsigned                           asked:1;     /* the question was sent
                                                       for this query, which
                                                       joined no other one */
    unsigned                           authenticated:1; /* AD was set */
    ngx_smtp_verify_mx_record_t       *records;
    ngx_uint_t                         nrecords;
    time_t                             ttl;         /* s; the least of the
                                                       answer, of a negative
                                                       answer that of its SOA;
                                                       0 if unknown */

    /* internal */
    ngx_smtp_verify_dns_query_t       *dns;         /* while the query is
                                                       pending */
};


/*
 * Returns NGX_AGAIN if the handler will be called once, never from within this
 * call; NGX_OK if the results are already there and the handler will not be
 * called; NGX_ERROR if there is no memory or there are no sockets.  The query
 * must stay valid until the handler is called or the query is cancelled.
 *
 * A null MX (RFC 7505) is returned as one record with an empty host.  It is
 * ignored if there are other records.  Records whose target is no host name
 * are left out; if none remains, the status is NGX_SMTP_VERIFY_MX_OK with
 * nrecords == 0.
 */
ngx_int_t ngx_smtp_verify_mx_resolve(ngx_smtp_verify_mx_query_t *q);

/* after this the handler is not called */
void ngx_smtp_verify_mx_cancel(ngx_smtp_verify_mx_query_t *q);

/*
 * Random numbers for orders that mail servers can see.  They come from another
 * generator than random(), from which nginx's resolver takes its query IDs:
 * the state of that one must not leak.
 */
long ngx_smtp_verify_mx_random(void);

#endif /* _NGX_SMTP_VERIFY_MX_H_INCLUDED_ */
