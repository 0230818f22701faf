
/*
 * The layer below the conversation: bytes, TLS, timers, and the end of a
 * connection.
 */


#ifndef _NGX_SMTP_VERIFY_TRANSPORT_H_INCLUDED_
#define _NGX_SMTP_VERIFY_TRANSPORT_H_INCLUDED_


#include "ngx_smtp_verify_session.h"


/* A failure to send is reported later, as a failure to read. */
void ngx_smtp_verify_transport_send(ngx_smtp_verify_session_t *s,
    u_char *data, size_t len);

/* Handlers of the connection.  _done() frees a session that was closed during
   its event. */
void ngx_smtp_verify_transport_read(ngx_event_t *rev);
void ngx_smtp_verify_transport_write(ngx_event_t *wev);
void ngx_smtp_verify_transport_done(ngx_smtp_verify_session_t *s);


/* Connects to the session's peer.  Returns the same as _session_connect(). */
ngx_int_t ngx_smtp_verify_transport_open(ngx_smtp_verify_session_t *s);

/* connect() has ended: NGX_OK if there is a connection */
ngx_int_t ngx_smtp_verify_transport_answered(ngx_smtp_verify_session_t *s);

/* there is a connection to the server */
void ngx_smtp_verify_transport_connected(ngx_smtp_verify_session_t *s);


/* Begins a new slice for this event.  Returns the same as _slice_begin(). */
ngx_int_t ngx_smtp_verify_transport_begin(ngx_smtp_verify_session_t *s,
    ngx_event_t *ev);

/* the connection will be closed: none of its events waits any more */
void ngx_smtp_verify_transport_leave(ngx_smtp_verify_session_t *s);

/* counts octets that were read, or something that costs as much */
void ngx_smtp_verify_transport_charge(ngx_smtp_verify_session_t *s,
    size_t n);

/* Suppress log messages of calls whose errors are caused by a mail server.
   _hush() returns the log level to be restored. */
ngx_uint_t ngx_smtp_verify_transport_hush(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_transport_unhush(ngx_smtp_verify_session_t *s,
    ngx_uint_t level);


/* called by the transport */
void ngx_smtp_verify_session_connected(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_session_read(ngx_smtp_verify_session_t *s,
    const u_char *pos, const u_char *end);
void ngx_smtp_verify_session_drained(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_session_hung_up(ngx_smtp_verify_session_t *s);
void ngx_smtp_verify_session_secured(ngx_smtp_verify_session_t *s,
    const char *error);
void ngx_smtp_verify_session_fail(ngx_smtp_verify_session_t *s,
    sv_reason_e fault);
/* a stage has ended, and the next one begins */
void ngx_smtp_verify_session_took(ngx_smtp_verify_session_t *s,
    sv_stage_e stage);


/* NGX_OK: there is a connection, to the server or to a proxy */

static inline ngx_int_t
ngx_smtp_verify_transport_opened(ngx_smtp_verify_session_t *s)
{
    return ngx_smtp_verify_session_is_connected(s) || s->socks
           ? NGX_OK : ngx_smtp_verify_transport_answered(s);
}


#endif /* _NGX_SMTP_VERIFY_TRANSPORT_H_INCLUDED_ */
