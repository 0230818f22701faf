
/*
 * MTA-STS policies (RFC 8461) of domains: which one a domain has now is asked
 * of the DNS; the policy comes from the cache, or from whoever can fetch it,
 * which takes HTTP.
 */


#ifndef _NGX_SMTP_VERIFY_STS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_STS_H_INCLUDED_


#include "ngx_smtp_verify.h"
#include "sv_mta_sts.h"


typedef struct ngx_smtp_verify_sts_wait_s  ngx_smtp_verify_sts_wait_t;

struct ngx_smtp_verify_sts_wait_s {
    ngx_queue_t               queue;    /* of those who wait for the same */
    void                    (*handler)(ngx_smtp_verify_sts_wait_t *w);
    void                     *data;
    sv_mta_sts_t             *policy;   /* within the handler; NULL: none */
};


/*
 * How a location fetches the policy of a domain.  NGX_AGAIN: the handler will
 * be called once, never from within this call, unless w is taken out of its
 * queue before; else there is no way to fetch it now.  What is fetched is
 * given to ngx_smtp_verify_sts_keep() as well, whoever still waits for it.
 */

struct ngx_smtp_verify_sts_conf_s {
    ngx_int_t               (*fetch)(ngx_smtp_verify_conf_t *conf,
                                     ngx_str_t *domain, ngx_str_t *id,
                                     ngx_smtp_verify_sts_wait_t *w);
    void                     *data;
};


/* NULL: it could not be fetched, which is not tried again for a while */
void ngx_smtp_verify_sts_keep(ngx_smtp_verify_conf_t *conf, ngx_str_t *domain,
    ngx_str_t *id, sv_mta_sts_t *policy);


#endif /* _NGX_SMTP_VERIFY_STS_H_INCLUDED_ */
