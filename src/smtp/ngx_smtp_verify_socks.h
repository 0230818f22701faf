
/*
 * The way to a mail server through a SOCKS 5 proxy, within the time that there
 * is to connect.
 */


#ifndef _NGX_SMTP_VERIFY_SOCKS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SOCKS_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


#define ngx_smtp_verify_through_proxy(s)                                      \
    ((s)->egress && (s)->egress->proxy)


/* the connection to the proxy stands; unless NGX_OK, the session failed */
ngx_int_t ngx_smtp_verify_socks_start(ngx_smtp_verify_session_t *s);

/* reads on from *pos; ends in ngx_smtp_verify_transport_connected(), or the
   session failed */
void ngx_smtp_verify_socks_read(ngx_smtp_verify_session_t *s,
    const u_char **pos, const u_char *end);

/* the session failed: the time is over, the proxy closed */
void ngx_smtp_verify_socks_timeout(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_socks_lost(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_SOCKS_H_INCLUDED_ */
