
/*
 * Which of our identities asks: one of a pool, by destination, so that who
 * greylists us is asked again by the same one; the next one where a
 * destination blocks it, or where it does not work.
 */


#ifndef _NGX_SMTP_VERIFY_EGRESS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_EGRESS_H_INCLUDED_


#include "ngx_smtp_verify.h"


/* key and hash by what was given, and the name, but for that of a proxy */
ngx_int_t ngx_smtp_verify_egress_init(ngx_smtp_verify_egress_t *egress,
    ngx_pool_t *pool);

/* when all are there */
void ngx_smtp_verify_pool_init(ngx_smtp_verify_pool_t *pool);

/* NGX_DECLINED: there is none for the family of the current address */
ngx_int_t ngx_smtp_verify_egress_choose(ngx_smtp_verify_probe_t *p);

/* the current one does not work; NGX_DECLINED: there is none that might */
ngx_int_t ngx_smtp_verify_egress_other(ngx_smtp_verify_probe_t *p);

/*
 * The current one was shut out by the destination while the probe waited;
 * NGX_DECLINED: so are all, or the probe has asked already.
 */
ngx_int_t ngx_smtp_verify_egress_open(ngx_smtp_verify_probe_t *p);

/* has the pool another one for the server of the session? */
ngx_uint_t ngx_smtp_verify_egress_has_other(ngx_smtp_verify_probe_t *p);

/* is another one taken for a destination that blocks one? */
ngx_uint_t ngx_smtp_verify_egress_rotates(ngx_smtp_verify_conf_t *conf);


#endif /* _NGX_SMTP_VERIFY_EGRESS_H_INCLUDED_ */
