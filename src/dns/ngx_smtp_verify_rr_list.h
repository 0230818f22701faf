
/* Looks up all records of one type: A, AAAA, MX, PTR or TXT. */


#ifndef _NGX_SMTP_VERIFY_RR_LIST_H_INCLUDED_
#define _NGX_SMTP_VERIFY_RR_LIST_H_INCLUDED_


#include "ngx_smtp_verify_dns.h"
#include "sv_rr_list.h"


typedef struct ngx_smtp_verify_rr_list_s  ngx_smtp_verify_rr_list_t;

struct ngx_smtp_verify_rr_list_s {
    /* set by the caller */
    ngx_resolver_t                    *resolver;
    ngx_str_t                          name;        /* A-labels, no trailing
                                                       dot */
    ngx_uint_t                         type;
    ngx_msec_t                         timeout;
    ngx_log_t                         *log;
    void                             (*handler)(ngx_smtp_verify_rr_list_t *q);
    void                              *data;

    /* results, see sv_rr_list.h */
    sv_dns_status_e                    status;
    sv_rr_list_t                       list;

    unsigned                           timedout:1;

    /* internal */
    ngx_smtp_verify_dns_query_t        dns;
};


/*
 * Returns NGX_AGAIN if the handler will be called once, never from within this
 * call; NGX_OK if the results are already there and the handler will not be
 * called.  The query must stay valid until the handler is called or the query
 * is cancelled.
 */
ngx_int_t ngx_smtp_verify_rr_list(ngx_smtp_verify_rr_list_t *q);

/* after this the handler is not called */
void ngx_smtp_verify_rr_list_cancel(ngx_smtp_verify_rr_list_t *q);


#endif /* _NGX_SMTP_VERIFY_RR_LIST_H_INCLUDED_ */
