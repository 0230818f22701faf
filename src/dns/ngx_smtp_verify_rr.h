
/* Looks up TLSA and TXT records. */


#ifndef _NGX_SMTP_VERIFY_RR_H_INCLUDED_
#define _NGX_SMTP_VERIFY_RR_H_INCLUDED_


#include "ngx_smtp_verify_dns.h"
#include "sv_rr_parse.h"


typedef struct ngx_smtp_verify_rr_query_s  ngx_smtp_verify_rr_query_t;

typedef void (*ngx_smtp_verify_rr_handler_pt)(ngx_smtp_verify_rr_query_t *q);

struct ngx_smtp_verify_rr_query_s {
    /* set by the caller */
    ngx_resolver_t                    *resolver;
    ngx_str_t                          name;        /* A-labels, no trailing
                                                       dot */
    ngx_uint_t                         type;        /* ns_t_tlsa or ns_t_txt */
    ngx_msec_t                         timeout;
    ngx_pool_t                        *pool;        /* for the data */
    ngx_log_t                         *log;
    ngx_smtp_verify_rr_handler_pt      handler;
    void                              *data;

    /* results, see sv_rr_parse.h */
    sv_dns_status_e                    status;
    time_t                             ttl;
    ngx_str_t                          found;
    unsigned                           authenticated:1;

    /* internal */
    ngx_smtp_verify_dns_query_t        dns;
};


/*
 * Returns NGX_AGAIN if the handler will be called once, never from within this
 * call; NGX_OK if the results are already there and the handler will not be
 * called.  The query must stay valid until the handler is called or the query
 * is cancelled.
 */
ngx_int_t ngx_smtp_verify_rr_resolve(ngx_smtp_verify_rr_query_t *q);

/* after this the handler is not called */
void ngx_smtp_verify_rr_cancel(ngx_smtp_verify_rr_query_t *q);


#endif /* _NGX_SMTP_VERIFY_RR_H_INCLUDED_ */
