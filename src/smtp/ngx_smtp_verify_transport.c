
#include "ngx_smtp_verify_session.h"
#include "ngx_smtp_verify_socks.h"
#include "ngx_smtp_verify_transport.h"
#include "ngx_smtp_verify_tls.h"


#define NGX_SMTP_VERIFY_READ_SIZE    4096

/* octets in a slice; in all, and for each transaction besides */
#define NGX_SMTP_VERIFY_SLICE_SIZE   4096
#define NGX_SMTP_VERIFY_OCTETS_MAX   262144
#define NGX_SMTP_VERIFY_OCTETS_MORE  32768

/* the least that a segment or a record counts */
#define NGX_SMTP_VERIFY_OCTETS_LEAST 64


static ngx_int_t ngx_smtp_verify_transport_test_connect(ngx_connection_t *c);
static ngx_int_t ngx_smtp_verify_transport_opened(
    ngx_smtp_verify_session_t *s);
static ssize_t ngx_smtp_verify_transport_take(ngx_smtp_verify_session_t *s,
    u_char *buf, size_t size);
static ngx_int_t ngx_smtp_verify_transport_recv(ngx_smtp_verify_session_t *s);
static ssize_t ngx_smtp_verify_transport_write_to(
    ngx_smtp_verify_session_t *s, u_char *data, size_t len);
static void ngx_smtp_verify_transport_flush(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_transport_lost(ngx_smtp_verify_session_t *s);
static ngx_int_t ngx_smtp_verify_transport_connect(
    ngx_smtp_verify_session_t *s);
static u_char *ngx_smtp_verify_log_error(ngx_log_t *log, u_char *buf,
    size_t size);


ngx_int_t
ngx_smtp_verify_session_connect(ngx_smtp_verify_session_t *s)
{
    ngx_int_t  rc;

    s->log.handler = ngx_smtp_verify_log_error;
    s->log.data = s;
    s->log.action = "connecting to mail server";
    s->pool->log = &s->log;

    s->stage = SV_STAGE_CONNECT;

    s->peer.sockaddr = s->sockaddr;
    s->peer.socklen = s->socklen;
    s->peer.name = &s->addr_text;
    s->peer.get = ngx_event_get_peer;
    s->peer.log = &s->log;
    s->peer.log_error = NGX_ERROR_INFO;

    if (ngx_smtp_verify_through_proxy(s)) {
        ngx_smtp_verify_socks_peer(s, s->egress->iaddr);

    } else if (s->egress) {
        s->peer.local = &s->egress->addr;
    }

    rc = ngx_smtp_verify_transport_open(s);

    if (rc == NGX_DECLINED && ngx_smtp_verify_through_proxy(s)) {
        rc = ngx_smtp_verify_socks_next(s, "no connection to it");
    }

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_INFO, &s->log, 0,
                      "connect() to mail server failed");
    }

    return rc;
}


ngx_int_t
ngx_smtp_verify_transport_open(ngx_smtp_verify_session_t *s)
{
    ngx_int_t          rc;
    ngx_connection_t  *c;

    rc = ngx_smtp_verify_transport_connect(s);

    if (rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        return NGX_ERROR;
    }

    c = s->peer.connection;

    c->data = s;
    c->pool = s->pool;
    c->log = &s->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_smtp_verify_transport_read;
    c->write->handler = ngx_smtp_verify_transport_write;
    c->sendfile = 0;

    ngx_add_timer(c->write, s->connect_timeout);

    if (rc == NGX_OK) {
        ngx_post_event(c->write, &ngx_posted_events);
    }

    return NGX_OK;
}


/*
 * A mail server that is down is no error of ours.  A local address that we
 * do not have is, and of that egress alone.
 */

static ngx_int_t
ngx_smtp_verify_transport_connect(ngx_smtp_verify_session_t *s)
{
    ngx_int_t   rc;
    ngx_uint_t  level;

    level = s->log.log_level;
    s->log.log_level = ngx_min(level, NGX_LOG_CRIT);

    /* nor is a family that the machine lacks, while there is another one */

    if (ngx_smtp_verify_socks_has_next(s)) {
        s->log.log_level = ngx_min(level, NGX_LOG_EMERG);
    }

    ngx_set_socket_errno(0);

    rc = ngx_event_connect_peer(&s->peer);

    s->conn_refused = (rc == NGX_DECLINED
                       && ngx_socket_errno == NGX_ECONNREFUSED);

    if (rc == NGX_ERROR && s->peer.local
        && ngx_socket_errno == EADDRNOTAVAIL)
    {
        s->egress_failed = 1;
        rc = NGX_DECLINED;
    }

    if (rc == NGX_ERROR && ngx_smtp_verify_through_proxy(s)
        && ngx_socket_errno == EAFNOSUPPORT)
    {
        rc = NGX_DECLINED;
    }

    if (rc == NGX_DECLINED && ngx_smtp_verify_through_proxy(s)) {
        s->egress_failed = 1;
    }

    s->log.log_level = level;

    return rc;
}


void
ngx_smtp_verify_transport_write(ngx_event_t *wev)
{
    ngx_connection_t           *c;
    ngx_smtp_verify_session_t  *s;

    c = wev->data;
    s = c->data;

    /* what can be read is told together with that more can be written */

    if (s->connected && s->out == NULL && !c->close && !wev->timedout) {
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
            ngx_smtp_verify_session_fail(s, SV_TIMEOUT);
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

    if (rev->timedout) {

        /* that of a session that is kept, or taken leave of, harms nobody */

        if (!c->idle && !s->quitting) {
            ngx_log_error(NGX_LOG_INFO, &s->log, NGX_ETIMEDOUT,
                          "mail server timed out");
        }

        ngx_smtp_verify_session_fail(s, SV_TIMEOUT);
        goto done;
    }

    if (ngx_smtp_verify_transport_opened(s) != NGX_OK) {
        goto done;
    }

    rc = ngx_smtp_verify_transport_recv(s);

    if (s->closed || rc == NGX_DONE) {
        goto done;
    }

    if (rc == NGX_BUSY) {
        ngx_smtp_verify_slice_again(&s->slice[0], rev);
        goto done;
    }

    ngx_smtp_verify_session_drained(s);

    if (s->closed) {
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

    if (s->tls_wanted) {
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

    c = s->peer.connection;

    rc = ngx_smtp_verify_slice_begin(&s->slice[ev->write], ev, c->close);

    if (rc != NGX_OK) {
        ngx_log_debug1(NGX_LOG_DEBUG_EVENT, &s->log, 0,
                       "smtp verify: %s event waits for another turn",
                       ev->write ? "write" : "read");
        return rc;
    }

    s->left = NGX_SMTP_VERIFY_SLICE_SIZE;
    s->more = 0;

    return NGX_OK;
}


void
ngx_smtp_verify_transport_leave(ngx_smtp_verify_session_t *s)
{
    ngx_smtp_verify_slice_leave(&s->slice[0]);
    ngx_smtp_verify_slice_leave(&s->slice[1]);
}


/* NGX_OK once the connection stands, be it to a proxy */

static ngx_int_t
ngx_smtp_verify_transport_opened(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    if (s->connected || s->socks) {
        return NGX_OK;
    }

    c = s->peer.connection;

    if (ngx_smtp_verify_transport_test_connect(c) != NGX_OK) {

        if (ngx_smtp_verify_through_proxy(s)) {
            ngx_smtp_verify_socks_refused(s);

        } else {
            ngx_smtp_verify_session_fail(s, SV_CONNECT_FAILED);
        }

        return NGX_ERROR;
    }

    if (ngx_smtp_verify_through_proxy(s)) {
        return ngx_smtp_verify_socks_start(s);
    }

    ngx_smtp_verify_transport_connected(s);

    return NGX_OK;
}


void
ngx_smtp_verify_transport_connected(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    c = s->peer.connection;

    s->connected = 1;

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    ngx_smtp_verify_session_connected(s);
}


static ngx_int_t
ngx_smtp_verify_transport_test_connect(ngx_connection_t *c)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_log_error(NGX_LOG_INFO, c->log, err,
                      "connect() to mail server failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* reads the socket empty; NGX_ERROR: it is at its end, NGX_DONE: it is gone,
   and another one in its place, NGX_BUSY: the slice is used up */

static ngx_int_t
ngx_smtp_verify_transport_recv(ngx_smtp_verify_session_t *s)
{
    ssize_t        n;
    const u_char  *pos;
    static u_char  buf[NGX_SMTP_VERIFY_READ_SIZE];

    for ( ;; ) {

        if (s->left == 0 && s->peer.connection->ssl == NULL) {
            return NGX_BUSY;
        }

        n = ngx_smtp_verify_transport_take(s, buf, sizeof(buf));

        if (n == NGX_AGAIN && !s->flood) {
            return s->more ? NGX_BUSY : NGX_OK;
        }

        if (n <= 0 || s->flood) {
            return NGX_ERROR;
        }

        pos = buf;

        if (!s->connected) {
            ngx_smtp_verify_socks_read(s, &pos, buf + n);

            if (ngx_smtp_verify_socks_is_over(s)) {
                return NGX_DONE;
            }
        }

        if (pos < buf + n && !s->closed) {
            ngx_smtp_verify_session_read(s, pos, buf + n);
        }

        if (s->closed) {
            return NGX_OK;
        }
    }
}


/* as c->recv(), and what was read in clear is charged to the slice */

static ssize_t
ngx_smtp_verify_transport_take(ngx_smtp_verify_session_t *s, u_char *buf,
    size_t size)
{
    ssize_t            n;
    ngx_uint_t         level;
    ngx_connection_t  *c;

    c = s->peer.connection;

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


static void
ngx_smtp_verify_transport_lost(ngx_smtp_verify_session_t *s)
{
    if (!s->connected) {
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

    if (s->tls_wanted) {
        s->tls_wanted = 0;
        ngx_smtp_verify_session_secured(s, s->flood ? s->flood
                                                 : "connection was closed");
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

    c = s->peer.connection;

    level = ngx_smtp_verify_transport_hush(s);

    n = c->send(c, data, len);

    ngx_smtp_verify_transport_unhush(s, level);

    return n;
}


/*
 * An alert that a mail server sends over TLS, a record that was damaged on its
 * way, an error that an ICMP message made of a connection: nginx logs some of
 * these at [crit] or [alert].  What came of it is logged by the session.
 */

ngx_uint_t
ngx_smtp_verify_transport_hush(ngx_smtp_verify_session_t *s)
{
    ngx_uint_t  level;

    level = s->log.log_level;

    s->log.log_level = ngx_min(level, NGX_LOG_EMERG);

    return level;
}


/* an error that is left behind would be logged with another's connection */

void
ngx_smtp_verify_transport_unhush(ngx_smtp_verify_session_t *s,
    ngx_uint_t level)
{
    s->log.log_level = level;

    if (s->peer.connection->ssl) {
        ERR_clear_error();
    }
}


void
ngx_smtp_verify_transport_send(ngx_smtp_verify_session_t *s, u_char *data,
    size_t len)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = s->peer.connection;

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

    /* what the server has said until then is still read */

    c->read->ready = 1;
    c->read->available = -1;
    ngx_post_event(c->read, &ngx_posted_events);
}


static void
ngx_smtp_verify_transport_flush(ngx_smtp_verify_session_t *s)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = s->peer.connection;

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
    s->closed = 1;

    ngx_smtp_verify_session_leave(s);

    if (!s->busy) {
        ngx_smtp_verify_transport_done(s);
    }
}


/* ends what may have been closed while it was at work */

void
ngx_smtp_verify_transport_done(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    s->busy = 0;

    if (!s->closed) {
        return;
    }

    c = s->peer.connection;

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

    ngx_destroy_pool(s->pool);
}


/* never an address: the log is no place for personal data */

static u_char *
ngx_smtp_verify_log_error(ngx_log_t *log, u_char *buf, size_t size)
{
    size_t                      len;
    u_char                     *p;
    ngx_smtp_verify_session_t  *s;

    s = log->data;
    p = buf;
    len = size;

    if (log->action) {
        p = ngx_snprintf(buf, len, " while %s", log->action);
        len = buf + size - p;
    }

    if (s->egress) {
        p = ngx_snprintf(p, len, ", egress: %V", &s->egress->name);
        len = buf + size - p;
    }

    return ngx_snprintf(p, len, ", mx: %V, server: %V", &s->host,
                        &s->addr_text);
}
