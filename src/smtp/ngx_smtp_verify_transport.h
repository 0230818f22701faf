
/*
 * Under the conversation: bytes, TLS, timers, the end of a connection.
 */


#ifndef _NGX_SMTP_VERIFY_TRANSPORT_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TRANSPORT_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* to the transport; a failure to send shows as a failure to read, later */
void ngx_smtp_verify_transport_send(ngx_smtp_verify_session_t *s,
    u_char *data, size_t len);

/* handlers of the connection; _done() ends what was closed while at work */
void ngx_smtp_verify_transport_read(ngx_event_t *rev);
void ngx_smtp_verify_transport_write(ngx_event_t *wev);
void ngx_smtp_verify_transport_done(ngx_smtp_verify_session_t *s);


/* connects to where the session's peer says; as _session_connect() */
ngx_int_t ngx_smtp_verify_transport_open(ngx_smtp_verify_session_t *s);

/* NGX_OK once the connection stands, be it to a proxy */
ngx_int_t ngx_smtp_verify_transport_opened(ngx_smtp_verify_session_t *s);

/* the connection stands, and is the server's */
void ngx_smtp_verify_transport_connected(ngx_smtp_verify_session_t *s);


/* an event is to be handled now, in a new slice; as _slice_begin() */
ngx_int_t ngx_smtp_verify_transport_begin(ngx_smtp_verify_session_t *s,
    ngx_event_t *ev);

/* its connection goes: no event of it waits any more */
void ngx_smtp_verify_transport_leave(ngx_smtp_verify_session_t *s);

/* octets that were read, or something else that counts as so many */
void ngx_smtp_verify_transport_charge(ngx_smtp_verify_session_t *s,
    size_t n);

/* around calls whose errors are a mail server's doing, and none of ours */
ngx_uint_t ngx_smtp_verify_transport_hush(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_transport_unhush(ngx_smtp_verify_session_t *s,
    ngx_uint_t level);


/* from the transport */
void ngx_smtp_verify_session_connected(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_session_read(ngx_smtp_verify_session_t *s,
    const u_char *pos, const u_char *end);
void ngx_smtp_verify_session_drained(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_session_hung_up(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_session_secured(ngx_smtp_verify_session_t *s,
    const char *error);
void ngx_smtp_verify_session_fail(ngx_smtp_verify_session_t *s,
    sv_reason_e fault);


#endif /* _NGX_SMTP_VERIFY_TRANSPORT_H_INCLUDED_ */
