
/*
 * The way to a mail server through a SOCKS 5 proxy, within the time that there
 * is to connect.
 */


#ifndef _NGX_SMTP_VERIFY_SOCKS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SOCKS_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


#define ngx_smtp_verify_through_proxy(s)                                      \
    ((s)->egress && (s)->egress->naddrs)


/* is there an address of the proxy that the session has not tried? */
#define ngx_smtp_verify_socks_has_next(s)                                     \
    (ngx_smtp_verify_through_proxy(s)                                         \
     && (s)->nproxies + 1 < (s)->egress->naddrs)

/* the handshake has failed, and its connection is closed */
#define ngx_smtp_verify_socks_is_over(s)                                      \
    (!ngx_smtp_verify_session_is_connected(s) && (s)->socks == NULL)


/* the session goes by the proxy's address of that index */
void ngx_smtp_verify_socks_peer(ngx_smtp_verify_session_t *s,
    ngx_uint_t index);

/*
 * That address does not work: goes on to the others, one after the other, as
 * _session_connect(); NGX_DECLINED: none is left.
 */
ngx_int_t ngx_smtp_verify_socks_next(ngx_smtp_verify_session_t *s,
    const char *error);

/* the connection to the proxy stands; unless NGX_OK, the session failed */
ngx_int_t ngx_smtp_verify_socks_start(ngx_smtp_verify_session_t *s);

/* reads on from *pos; ends in ngx_smtp_verify_transport_connected(), or is
   over, or the session failed */
void ngx_smtp_verify_socks_read(ngx_smtp_verify_session_t *s,
    const u_char **pos, const u_char *end);

/* no connection, the time is over, the proxy closed: the session failed,
   unless the proxy has another address */
void ngx_smtp_verify_socks_refused(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_socks_timeout(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_socks_lost(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_SOCKS_H_INCLUDED_ */
