
/*
 * TLS: the handshake after STARTTLS (RFC 3207), and TLS sessions that are
 * resumed in the next connection to the same host.
 */


#ifndef _NGX_SMTP_VERIFY_TLS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TLS_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* calls ngx_smtp_verify_session_secured() at the end */
void ngx_smtp_verify_tls_handshake(ngx_smtp_verify_session_t *s);

void ngx_smtp_verify_tls_close(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_TLS_H_INCLUDED_ */
