
#include "ngx_smtp_verify_order.h"
#include "ngx_smtp_verify_session.h"
#include "ngx_smtp_verify_socks.h"
#include "ngx_smtp_verify_transport.h"
#include "ngx_smtp_verify_tls.h"
#include "ngx_smtp_verify_wipe.h"


#define NGX_SMTP_VERIFY_READ_SIZE    4096

/* octets of a slice; of a session; and in addition for each transaction */
#define NGX_SMTP_VERIFY_SLICE_SIZE   4096
#define NGX_SMTP_VERIFY_OCTETS_MAX   262144
#define NGX_SMTP_VERIFY_OCTETS_MORE  32768

/* a segment or record counts as at least so many octets */
#define NGX_SMTP_VERIFY_OCTETS_LEAST 64


static ssize_t ngx_smtp_verify_transport_take(ngx_smtp_verify_session_t *s,
    u_char *buf, size_t size);
static ngx_int_t ngx_smtp_verify_transport_recv(ngx_smtp_verify_session_t *s);
static ssize_t ngx_smtp_verify_transport_write_to(
    ngx_smtp_verify_session_t *s, u_char *data, size_t len);
static void ngx_smtp_verify_transport_flush(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_transport_timed_out(
    ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_transport_lost(ngx_smtp_verify_session_t *s);


void
ngx_smtp_verify_transport_write(ngx_event_t *wev)
{
    ngx_connection_t           *c;
    ngx_smtp_verify_session_t  *s;

    c = wev->data;
    s = c->data;

    /* nothing to write: write events are also reported together with read
       events */

    if (ngx_smtp_verify_session_is_connected(s) && s->out == NULL && !c->close
        && !wev->timedout)
    {
        return;
    }

    if (ngx_smtp_verify_transport_begin(s, wev) != NGX_OK) {
        return;
    }

    s->busy = 1;

    if (c->close) {
        ngx_smtp_verify_session_fail(s, SV_INTERRUPTED);

    } else if (wev->timedout) {

        if (ngx_smtp_verify_through_proxy(s)) {
            ngx_smtp_verify_socks_timeout(s);

        } else {
            ngx_smtp_verify_transport_timed_out(s);
        }

    } else if (ngx_smtp_verify_transport_opened(s) == NGX_OK && s->out) {
        ngx_smtp_verify_transport_flush(s);
    }

    ngx_smtp_verify_transport_done(s);
    ngx_smtp_verify_slice_end();
}


void
ngx_smtp_verify_transport_read(ngx_event_t *rev)
{
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_smtp_verify_session_t  *s;

    c = rev->data;
    s = c->data;

    if (ngx_smtp_verify_transport_begin(s, rev) != NGX_OK) {
        return;
    }

    s->busy = 1;

    if (c->close) {
        ngx_smtp_verify_session_fail(s, SV_INTERRUPTED);
        goto done;
    }

    if (rev->timedout && s->wait == ngx_smtp_verify_wait_quiet) {
        rev->timedout = 0;

    } else if (rev->timedout) {
        ngx_smtp_verify_transport_timed_out(s);
        goto done;
    }

    if (ngx_smtp_verify_transport_opened(s) != NGX_OK) {
        goto done;
    }

    rc = ngx_smtp_verify_transport_recv(s);

    if (ngx_smtp_verify_session_is_closed(s) || rc == NGX_DONE) {
        goto done;
    }

    if (rc == NGX_BUSY) {
        ngx_smtp_verify_slice_again(&s->slice[0], rev);
        goto done;
    }

    ngx_smtp_verify_session_drained(s);

    if (ngx_smtp_verify_session_is_closed(s)) {
        goto done;
    }

    if (rc != NGX_OK) {
        ngx_smtp_verify_transport_lost(s);
        goto done;
    }

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_smtp_verify_session_fail(s, SV_THROTTLED);
        goto done;
    }

    if (s->phase == ngx_smtp_verify_phase_securing) {
        ngx_smtp_verify_tls_handshake(s);
    }

done:

    ngx_smtp_verify_transport_done(s);
    ngx_smtp_verify_slice_end();
}


ngx_int_t
ngx_smtp_verify_transport_begin(ngx_smtp_verify_session_t *s, ngx_event_t *ev)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    c = s->connection;

    rc = ngx_smtp_verify_slice_begin(&s->slice[ev->write], ev, c->close);

    if (rc != NGX_OK) {
        ngx_log_debug1(NGX_LOG_DEBUG_EVENT, &s->log, 0,
                       "smtp verify: %s event waits for another turn",
                       ev->write ? "write" : "read");
        return rc;
    }

    s->left = NGX_SMTP_VERIFY_SLICE_SIZE;

    return NGX_OK;
}


void
ngx_smtp_verify_transport_leave(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_slice_leave(&s->slice[0]);
    ngx_smtp_verify_slice_leave(&s->slice[1]);
}


/* Reads the socket empty, which nginx knows after a short read.  Returns
   NGX_ERROR at the end of the connection; NGX_DONE if the connection is gone or
   was replaced by another one; NGX_BUSY if the slice is used up. */

static ngx_int_t
ngx_smtp_verify_transport_recv(ngx_smtp_verify_session_t *s)
{
    ssize_t                   n;
    const u_char             *pos;
    static sv_scratch u_char  buf[NGX_SMTP_VERIFY_READ_SIZE];

    for ( ;; ) {

        if (s->left == 0 && s->connection->ssl == NULL) {
            return NGX_BUSY;
        }

        n = s->connection->read->ready
            ? ngx_smtp_verify_transport_take(s, buf, sizeof(buf)) : NGX_AGAIN;

        if (n == NGX_AGAIN && !s->flood) {
            return s->left ? NGX_OK : NGX_BUSY;
        }

        if (n <= 0 || s->flood) {
            return NGX_ERROR;
        }

        pos = buf;

        if (!ngx_smtp_verify_session_is_connected(s)) {
            ngx_smtp_verify_socks_read(s, &pos, buf + n);

            if (ngx_smtp_verify_socks_is_over(s)) {
                return NGX_DONE;
            }
        }

        if (pos < buf + n && !ngx_smtp_verify_session_is_closed(s)) {
            ngx_smtp_verify_session_read(s, pos, buf + n);
        }

        if (ngx_smtp_verify_session_is_closed(s)) {
            return NGX_OK;
        }
    }
}


/* like c->recv(); what is read without TLS is charged to the slice */

static ssize_t
ngx_smtp_verify_transport_take(ngx_smtp_verify_session_t *s, u_char *buf,
    size_t size)
{
    ssize_t            n;
    ngx_uint_t         level;
    ngx_connection_t  *c;

    c = s->connection;

    level = ngx_smtp_verify_transport_hush(s);

    n = c->recv(c, buf, c->ssl ? size : ngx_min(s->left, size));

    ngx_smtp_verify_transport_unhush(s, level);

    if (c->ssl == NULL && n > 0) {
        s->left -= n;
        ngx_smtp_verify_transport_charge(s, n);
    }

    return n;
}


void
ngx_smtp_verify_transport_charge(ngx_smtp_verify_session_t *s, size_t n)
{
    s->octets += ngx_max(n, NGX_SMTP_VERIFY_OCTETS_LEAST);

    if (s->flood == NULL
        && s->octets > NGX_SMTP_VERIFY_OCTETS_MAX
                       + s->transactions * NGX_SMTP_VERIFY_OCTETS_MORE)
    {
        s->flood = "too many octets";

        ngx_log_debug1(NGX_LOG_DEBUG_EVENT, &s->log, 0,
                       "smtp verify: %uz octets are too many", s->octets);
    }
}


/* A timeout of a session that is kept or quits is normal. */

static void
ngx_smtp_verify_transport_timed_out(ngx_smtp_verify_session_t *s)
{
    if (s->phase != ngx_smtp_verify_phase_idle
        && s->phase != ngx_smtp_verify_phase_quitting)
    {
        ngx_log_error(NGX_LOG_INFO, &s->log, NGX_ETIMEDOUT,
                      "mail server timed out");
    }

    ngx_smtp_verify_session_fail(s, SV_TIMEOUT);
}


static void
ngx_smtp_verify_transport_lost(ngx_smtp_verify_session_t *s)
{
    if (!ngx_smtp_verify_session_is_connected(s)) {
        ngx_smtp_verify_socks_lost(s);
        return;
    }

    if (s->flood) {
        ngx_log_error(NGX_LOG_INFO, &s->log, 0, "mail server sent %s",
                      s->flood);

    } else {
        ngx_log_error(NGX_LOG_INFO, &s->log, 0,
                      "mail server closed the connection");
    }

    if (s->phase == ngx_smtp_verify_phase_securing) {
        ngx_smtp_verify_session_secured(s, s->flood ? s->flood
                                                 : "connection was closed");
        return;
    }

    if (ngx_smtp_verify_order_closed(s) == NGX_OK) {
        return;
    }

    ngx_smtp_verify_session_fail(s, SV_PROTOCOL_ERROR);
}


static ssize_t
ngx_smtp_verify_transport_write_to(ngx_smtp_verify_session_t *s, u_char *data,
    size_t len)
{
    ssize_t            n;
    ngx_uint_t         level;
    ngx_connection_t  *c;

    c = s->connection;

    level = ngx_smtp_verify_transport_hush(s);

    n = c->send(c, data, len);

    ngx_smtp_verify_transport_unhush(s, level);

    return n;
}


/*
 * nginx logs some errors that mail servers or the network cause at [crit] or
 * [alert]: a TLS alert, a damaged record, an ICMP error.  The session logs what
 * they lead to.
 */

ngx_uint_t
ngx_smtp_verify_transport_hush(ngx_smtp_verify_session_t *s)
{
    ngx_uint_t  level;

    level = s->log.log_level;

    s->log.log_level = ngx_min(level, NGX_LOG_EMERG);

    return level;
}


/* An error that is left in the queue would be logged for another connection. */

void
ngx_smtp_verify_transport_unhush(ngx_smtp_verify_session_t *s,
    ngx_uint_t level)
{
    s->log.log_level = level;

    if (s->connection->ssl) {
        ERR_clear_error();
    }
}


void
ngx_smtp_verify_transport_send(ngx_smtp_verify_session_t *s, u_char *data,
    size_t len)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = s->connection;

    n = s->out ? NGX_ERROR : ngx_smtp_verify_transport_write_to(s, data, len);

    if (n == (ssize_t) len) {
        return;
    }

    if (n != NGX_ERROR) {
        n = (n == NGX_AGAIN) ? 0 : n;

        s->out_len = len - n;
        s->out = ngx_pnalloc(s->pool, s->out_len);

        if (s->out) {
            ngx_memcpy(s->out, data + n, s->out_len);

            if (ngx_handle_write_event(c->write, 0) == NGX_OK) {
                return;
            }
        }
    }

    /* what the server has sent before is still read */

    c->read->ready = 1;
    c->read->available = -1;
    ngx_post_event(c->read, &ngx_posted_events);
}


static void
ngx_smtp_verify_transport_flush(ngx_smtp_verify_session_t *s)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = s->connection;

    while (s->out_len) {

        n = ngx_smtp_verify_transport_write_to(s, s->out, s->out_len);

        if (n == NGX_ERROR) {
            ngx_smtp_verify_transport_lost(s);
            return;
        }

        if (n == NGX_AGAIN) {
            break;
        }

        s->out += n;
        s->out_len -= n;
    }

    if (s->out_len == 0) {
        s->out = NULL;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_smtp_verify_session_fail(s, SV_THROTTLED);
    }
}


void
ngx_smtp_verify_session_close(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_session_leave(s, ngx_smtp_verify_phase_closed);

    if (!s->busy) {
        ngx_smtp_verify_transport_done(s);
    }
}


/* Frees the session if it was closed during its event. */

void
ngx_smtp_verify_transport_done(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    s->busy = 0;

    if (!ngx_smtp_verify_session_is_closed(s)) {
        return;
    }

    c = s->connection;

    ngx_smtp_verify_transport_leave(s);

    if (c) {
        if (c->ssl) {
            ngx_smtp_verify_tls_close(s);
        }

        ngx_close_connection(c);
    }

    ngx_smtp_verify_session_hung_up(s);

    if (s->release) {
        s->release(s);
    }

    ngx_smtp_verify_wipe_pool(s->pool);
}
