
/*
 * Chooses the identity that asks.  Of a pool, it depends on the destination, so
 * that a server that greylists is asked again by the same identity.  The next
 * identity is taken if a destination blocks the first one, or if that does not
 * work.
 */


#ifndef _NGX_SMTP_VERIFY_EGRESS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_EGRESS_H_INCLUDED_


#include "ngx_smtp_verify.h"


/* Sets the key and the hash, and the name of an identity that is no proxy. */
ngx_int_t ngx_smtp_verify_egress_init(ngx_smtp_verify_egress_t *egress,
    ngx_pool_t *pool);

/* called when all identities of the pool are there */
void ngx_smtp_verify_pool_init(ngx_smtp_verify_pool_t *pool);

/* NGX_DECLINED: none has the family of the current address */
ngx_int_t ngx_smtp_verify_egress_choose(ngx_smtp_verify_probe_t *p);

/* The current identity does not work.  NGX_DECLINED: all others are known to be
   down. */
ngx_int_t ngx_smtp_verify_egress_other(ngx_smtp_verify_probe_t *p);

/*
 * The destination blocked the current identity while the probe waited.  Returns
 * NGX_DECLINED if it blocks all of them, or if the probe has asked already.
 */
ngx_int_t ngx_smtp_verify_egress_open(ngx_smtp_verify_probe_t *p);

/* Has the pool another identity for the server of the session? */
ngx_uint_t ngx_smtp_verify_egress_has_other(ngx_smtp_verify_probe_t *p);

/* Is another identity taken if a destination blocks one? */
ngx_uint_t ngx_smtp_verify_egress_rotates(ngx_smtp_verify_conf_t *conf);


#endif /* _NGX_SMTP_VERIFY_EGRESS_H_INCLUDED_ */
