
/*
 * TLS under a conversation: the handshake after STARTTLS (RFC 3207), and
 * sessions of it that are resumed with the next connection to the same host.
 */


#ifndef _NGX_SMTP_VERIFY_TLS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TLS_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* ends in ngx_smtp_verify_session_secured() */
void ngx_smtp_verify_tls_handshake(ngx_smtp_verify_session_t *s);

void ngx_smtp_verify_tls_close(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_TLS_H_INCLUDED_ */
