
/*
 * Checks whether TLS with a mail server is as secure as needed: DANE (RFC 7672)
 * with OpenSSL's own functions, or the weaker needs.
 */


#ifndef _NGX_SMTP_VERIFY_TLS_DANE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TLS_DANE_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* for contexts whose sessions may have TLSA records; NGX_DECLINED: OpenSSL has
   no DANE */
ngx_int_t ngx_smtp_verify_tls_dane_context(ngx_ssl_t *ssl);

/* the name of the server in SNI; NUL-terminated */
ngx_str_t *ngx_smtp_verify_tls_dane_name(ngx_smtp_verify_session_t *s);

/* called before the handshake of a session; NGX_ERROR: no memory */
ngx_int_t ngx_smtp_verify_tls_dane_start(ngx_smtp_verify_session_t *s);

/* Called after the handshake, when s->tls.verified is set by PKIX.  Returns
   NULL, or why TLS is not good enough. */
const char *ngx_smtp_verify_tls_dane_check(ngx_smtp_verify_session_t *s);

/* Does an open session have the TLS that is needed? */
ngx_uint_t ngx_smtp_verify_tls_dane_has(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_tls_need_e need);


#endif /* _NGX_SMTP_VERIFY_TLS_DANE_H_INCLUDED_ */
