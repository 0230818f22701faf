
/*
 * MTA-STS policies of domains (RFC 8461).  The DNS says which policy a domain
 * has now.  The policy comes from the cache, or is fetched by HTTPS, which the
 * caller provides.
 */


#ifndef _NGX_SMTP_VERIFY_STS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_STS_H_INCLUDED_


#include "ngx_smtp_verify.h"
#include "sv_mta_sts.h"


typedef struct ngx_smtp_verify_sts_wait_s  ngx_smtp_verify_sts_wait_t;

struct ngx_smtp_verify_sts_wait_s {
    ngx_queue_t               queue;    /* of those who wait for this policy */
    void                    (*handler)(ngx_smtp_verify_sts_wait_t *w);
    void                     *data;
    sv_mta_sts_t             *policy;   /* valid within the handler; NULL:
                                           none */
};


/*
 * How a location fetches the policy of a domain.  fetch() returns NGX_AGAIN if
 * the handler will be called once, never from within this call, unless w is
 * removed from its queue before.  Any other value means that it cannot be
 * fetched now.  A policy that was fetched is also given to
 * ngx_smtp_verify_sts_keep(), whether somebody still waits or not.
 */

struct ngx_smtp_verify_sts_conf_s {
    ngx_int_t               (*fetch)(ngx_smtp_verify_conf_t *conf,
                                     ngx_str_t *domain, ngx_str_t *id,
                                     ngx_smtp_verify_sts_wait_t *w);
    void                     *data;
};


/* policy NULL: it could not be fetched, and is not tried again for a while */
void ngx_smtp_verify_sts_keep(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_str_t *id, sv_mta_sts_t *policy);


#endif /* _NGX_SMTP_VERIFY_STS_H_INCLUDED_ */
