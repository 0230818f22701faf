
/*
 * What is asked of TLS with a mail server, and whether it was given: DANE (RFC
 * 7672) by OpenSSL's own functions, and a policy that is content with less.
 */


#ifndef _NGX_SMTP_VERIFY_TLS_DANE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TLS_DANE_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* for contexts whose sessions may have TLSA records; NGX_DECLINED: this
   OpenSSL has no DANE */
ngx_int_t ngx_smtp_verify_tls_dane_context(ngx_ssl_t *ssl);

/* of a session, before its handshake; NGX_ERROR: no memory */
ngx_int_t ngx_smtp_verify_tls_dane_start(ngx_smtp_verify_session_t *s);

/* behind a handshake, where s->tls.verified is by PKIX: NULL, or why it is
   not enough */
const char *ngx_smtp_verify_tls_dane_check(ngx_smtp_verify_session_t *s);

/* of a session that is open: has it what is needed? */
ngx_uint_t ngx_smtp_verify_tls_dane_has(ngx_smtp_verify_session_t *s,
    ngx_smtp_verify_tls_need_e need);


#endif /* _NGX_SMTP_VERIFY_TLS_DANE_H_INCLUDED_ */
