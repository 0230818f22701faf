
#include "ngx_smtp_verify_socks.h"
#include "ngx_smtp_verify_transport.h"


static ngx_int_t ngx_smtp_verify_transport_connect(
    ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_transport_peer(ngx_smtp_verify_session_t *s,
    ngx_peer_connection_t *peer);
static ngx_int_t ngx_smtp_verify_transport_test_connect(ngx_connection_t *c);
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
    s->began = ngx_current_msec;

    if (ngx_smtp_verify_through_proxy(s)) {
        s->iproxy = s->egress->iaddr;
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

    c = s->connection;

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
 * A mail server that is down is not our error, and is logged at a low level.  A
 * local address that we do not have is our error, but only of this egress.
 */

static ngx_int_t
ngx_smtp_verify_transport_connect(ngx_smtp_verify_session_t *s)
{
    ngx_int_t               rc;
    ngx_uint_t              level;
    ngx_peer_connection_t   peer;

    ngx_smtp_verify_transport_peer(s, &peer);

    level = s->log.log_level;
    s->log.log_level = ngx_min(level, NGX_LOG_CRIT);

    /* nor is an address family that the machine lacks, if there is another
       one */

    if (ngx_smtp_verify_socks_has_next(s)) {
        s->log.log_level = ngx_min(level, NGX_LOG_EMERG);
    }

    ngx_set_socket_errno(0);

    rc = ngx_event_connect_peer(&peer);

    s->connection = peer.connection;

    s->way = (rc == NGX_DECLINED && ngx_socket_errno == NGX_ECONNREFUSED)
             ? ngx_smtp_verify_way_refused : ngx_smtp_verify_way_open;

    if (rc == NGX_ERROR && peer.local
        && ngx_socket_errno == EADDRNOTAVAIL)
    {
        s->way = ngx_smtp_verify_way_no_egress;
        rc = NGX_DECLINED;
    }

    if (rc == NGX_ERROR && ngx_smtp_verify_through_proxy(s)
        && ngx_socket_errno == EAFNOSUPPORT)
    {
        rc = NGX_DECLINED;
    }

    if (rc == NGX_DECLINED && ngx_smtp_verify_through_proxy(s)) {
        s->way = ngx_smtp_verify_way_no_egress;
    }

    s->log.log_level = level;

    return rc;
}


/* whom to connect to: the server, or a proxy */

static void
ngx_smtp_verify_transport_peer(ngx_smtp_verify_session_t *s,
    ngx_peer_connection_t *peer)
{
    ngx_addr_t  *proxy;

    ngx_memzero(peer, sizeof(ngx_peer_connection_t));

    peer->sockaddr = s->sockaddr;
    peer->socklen = s->socklen;
    peer->name = &s->addr_text;
    peer->get = ngx_event_get_peer;
    peer->log = &s->log;
    peer->log_error = NGX_ERROR_INFO;

    if (ngx_smtp_verify_through_proxy(s)) {
        proxy = ngx_smtp_verify_socks_addr(s);

        peer->sockaddr = proxy->sockaddr;
        peer->socklen = proxy->socklen;
        peer->name = &proxy->name;

    } else if (s->egress) {
        peer->local = &s->egress->addr;
    }
}


ngx_int_t
ngx_smtp_verify_transport_answered(ngx_smtp_verify_session_t *s)
{
    ngx_connection_t  *c;

    c = s->connection;

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

    c = s->connection;

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


/* The log must not contain addresses, which are personal data. */

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
