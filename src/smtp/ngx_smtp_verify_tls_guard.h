
/*
 * Limits what TLS with a mail server can cost.  Octets, records and messages
 * are counted while OpenSSL reads them, and keys and chains are checked before
 * anything is computed with them.
 */


#ifndef _NGX_SMTP_VERIFY_TLS_GUARD_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TLS_GUARD_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/*
 * Sets the limits of a context; called after its ciphers and commands are set.
 * Chains of certificates are only verified if "trusted".
 */
ngx_int_t ngx_smtp_verify_tls_guard_context(ngx_ssl_t *ssl,
    ngx_uint_t trusted);

/* called before the handshake of a session; NGX_ERROR: no memory */
ngx_int_t ngx_smtp_verify_tls_guard(ngx_smtp_verify_session_t *s);

/* Is a TLS session small enough to be kept for later? */
ngx_uint_t ngx_smtp_verify_tls_guard_small(ngx_smtp_verify_session_t *s,
    SSL_SESSION *session);


#endif /* _NGX_SMTP_VERIFY_TLS_GUARD_H_INCLUDED_ */
