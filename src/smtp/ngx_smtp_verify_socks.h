
/*
 * Connects to a mail server through a SOCKS 5 proxy, within the time for
 * connecting.
 */


#ifndef _NGX_SMTP_VERIFY_SOCKS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SOCKS_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


#define ngx_smtp_verify_through_proxy(s)                                      \
    ((s)->egress && (s)->egress->naddrs)


/* Is there an address of the proxy that the session has not tried? */
#define ngx_smtp_verify_socks_has_next(s)                                     \
    (ngx_smtp_verify_through_proxy(s)                                         \
     && (s)->nproxies + 1 < (s)->egress->naddrs)

/* Has the handshake failed, so that its connection is closed? */
#define ngx_smtp_verify_socks_is_over(s)                                      \
    (!ngx_smtp_verify_session_is_connected(s) && (s)->socks == NULL)


/* the address of the proxy that the session uses */
#define ngx_smtp_verify_socks_addr(s)                                         \
    (&(s)->egress->addrs[(s)->iproxy])

/*
 * The address of the proxy does not work: tries the next ones.  Returns the
 * same as _session_connect(); NGX_DECLINED: none is left.
 */
ngx_int_t ngx_smtp_verify_socks_next(ngx_smtp_verify_session_t *s,
    const char *error);

/* The proxy is connected to.  Unless NGX_OK is returned, the session failed. */
ngx_int_t ngx_smtp_verify_socks_start(ngx_smtp_verify_session_t *s);

/* Reads the handshake from *pos on.  It ends with a call of
   ngx_smtp_verify_transport_connected(), or the session fails, or _is_over() is
   true, as the proxy's next address is tried. */
void ngx_smtp_verify_socks_read(ngx_smtp_verify_session_t *s,
    const u_char **pos, const u_char *end);

/* The connection was refused, timed out, or was closed by the proxy.  The
   session fails unless the proxy has another address. */
void ngx_smtp_verify_socks_refused(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_socks_timeout(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_socks_lost(ngx_smtp_verify_session_t *s);


#endif /* _NGX_SMTP_VERIFY_SOCKS_H_INCLUDED_ */
