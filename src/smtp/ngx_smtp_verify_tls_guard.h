
/*
 * What a mail server can make TLS cost: octets, records and messages are
 * counted as OpenSSL reads them, and keys and chains are looked at before
 * anything is computed with them.
 */


#ifndef _NGX_SMTP_VERIFY_TLS_GUARD_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TLS_GUARD_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/*
 * Bounds of a context, set when its ciphers and commands are.  A chain of
 * certificates is verified only where there is something to trust.
 */
ngx_int_t ngx_smtp_verify_tls_guard_context(ngx_ssl_t *ssl,
    ngx_uint_t trusted);

/* of a session, before its handshake; NGX_ERROR: no memory */
ngx_int_t ngx_smtp_verify_tls_guard(ngx_smtp_verify_session_t *s);

/* a TLS session is small enough to be kept for later */
ngx_uint_t ngx_smtp_verify_tls_guard_small(ngx_smtp_verify_session_t *s,
    SSL_SESSION *session);


#endif /* _NGX_SMTP_VERIFY_TLS_GUARD_H_INCLUDED_ */
