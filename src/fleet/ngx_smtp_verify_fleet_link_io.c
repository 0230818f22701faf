
#include "ngx_smtp_verify_fleet_link.h"

#include <ngx_event_connect.h>


#define NGX_SMTP_VERIFY_LINK_READS  16      /* in one turn of the event loop */


static void ngx_smtp_verify_link_read_handler(ngx_event_t *rev);
static void ngx_smtp_verify_link_write_handler(ngx_event_t *wev);
static void ngx_smtp_verify_link_ready(ngx_smtp_verify_link_t *link);
static void ngx_smtp_verify_link_read(ngx_smtp_verify_link_t *link);
static ngx_int_t ngx_smtp_verify_link_test(ngx_connection_t *c);

#if (NGX_SSL)

static void ngx_smtp_verify_link_secure(ngx_smtp_verify_link_t *link);
static void ngx_smtp_verify_link_secured(ngx_connection_t *c);
static void ngx_smtp_verify_link_distrust(ngx_smtp_verify_link_t *link,
    const char *why);
static ngx_int_t ngx_smtp_verify_link_check(ngx_connection_t *c,
    ngx_str_t *host);

#endif


ngx_int_t
ngx_smtp_verify_link_connect(ngx_smtp_verify_link_t *link)
{
    ngx_int_t                        rc;
    ngx_connection_t                *c;
    ngx_peer_connection_t            peer;
    ngx_smtp_verify_fleet_server_t  *server;

    link->pool = ngx_create_pool(1024, &link->log);
    if (link->pool == NULL) {
        return NGX_ERROR;
    }

    server = link->fleet->servers->elts;
    server += link->server;

    ngx_memzero(&peer, sizeof(ngx_peer_connection_t));

    peer.sockaddr = server->addr.sockaddr;
    peer.socklen = server->addr.socklen;
    peer.name = &server->addr.name;
    peer.get = ngx_event_get_peer;
    peer.log = &link->log;
    peer.log_error = NGX_ERROR_INFO;

    rc = ngx_event_connect_peer(&peer);

    if (rc != NGX_OK && rc != NGX_AGAIN) {
        return NGX_ERROR;
    }

    c = peer.connection;

    link->connection = c;

    c->data = link;
    c->pool = link->pool;
    c->log = &link->log;
    c->read->log = &link->log;
    c->write->log = &link->log;
    c->read->handler = ngx_smtp_verify_link_read_handler;
    c->write->handler = ngx_smtp_verify_link_write_handler;
    c->sendfile = 0;

    if (rc == NGX_OK) {
        ngx_post_event(c->write, &ngx_posted_events);
    }

    return NGX_OK;
}


void
ngx_smtp_verify_link_close(ngx_smtp_verify_link_t *link)
{
    ngx_connection_t  *c;

    c = link->connection;

    if (c) {

#if (NGX_SSL)

        if (c->ssl) {
            c->ssl->no_wait_shutdown = 1;
            c->ssl->no_send_shutdown = 1;
            (void) ngx_ssl_shutdown(c);
        }

#endif

        ngx_close_connection(c);
        link->connection = NULL;
    }

    if (link->pool) {
        ngx_destroy_pool(link->pool);
        link->pool = NULL;
    }
}


static void
ngx_smtp_verify_link_read_handler(ngx_event_t *rev)
{
    ngx_connection_t        *c;
    ngx_smtp_verify_link_t  *link;

    c = rev->data;
    link = c->data;

    if (link->state >= ngx_smtp_verify_link_opening) {
        ngx_smtp_verify_link_read(link);
        ngx_smtp_verify_link_settle(link);
    }
}


/* A server that has too many clients says so at once, and closes.  The event of
   that has passed. */

static void
ngx_smtp_verify_link_ready(ngx_smtp_verify_link_t *link)
{
    ngx_smtp_verify_link_connected(link);

    if (link->connection->read->ready) {
        ngx_smtp_verify_link_read(link);
    }
}


static void
ngx_smtp_verify_link_read(ngx_smtp_verify_link_t *link)
{
    ssize_t            n;
    ngx_uint_t         i;
    ngx_connection_t  *c;
    static u_char      buf[16384];

    c = link->connection;
    link->reading = 1;

    for (i = 0; link->broken == NULL; i++) {

        if (i == NGX_SMTP_VERIFY_LINK_READS) {
            ngx_post_event(c->read, &ngx_posted_next_events);
            break;
        }

        n = c->recv(c, buf, sizeof(buf));

        if (n == NGX_AGAIN) {
            if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
                ngx_smtp_verify_link_fail(link, "its event failed");
            }

            break;
        }

        if (n <= 0) {
            ngx_smtp_verify_link_fail(link,
                                      link->state == ngx_smtp_verify_link_up
                                      ? "it closed the connection"
                                      : "it closed the new connection");
            break;
        }

        ngx_smtp_verify_link_received(link, buf, n);
    }

    link->reading = 0;
}


static void
ngx_smtp_verify_link_write_handler(ngx_event_t *wev)
{
    ngx_connection_t        *c;
    ngx_smtp_verify_link_t  *link;

    c = wev->data;
    link = c->data;

    if (link->state == ngx_smtp_verify_link_connecting) {

        if (ngx_smtp_verify_link_test(c) != NGX_OK) {
            ngx_smtp_verify_link_fail(link, "connect() failed");

#if (NGX_SSL)

        } else if (link->fleet->ssl) {

            if (c->ssl == NULL) {
                ngx_smtp_verify_link_secure(link);
            }

#endif

        } else {
            ngx_smtp_verify_link_ready(link);
        }

    } else {
        ngx_smtp_verify_link_write(link);
    }

    ngx_smtp_verify_link_settle(link);
}


static ngx_int_t
ngx_smtp_verify_link_test(ngx_connection_t *c)
{
    int        err;
    socklen_t  len;

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        return NGX_ERROR;
    }

    return err ? NGX_ERROR : NGX_OK;
}


void
ngx_smtp_verify_link_write(ngx_smtp_verify_link_t *link)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = link->connection;

    if (c == NULL || link->broken
        || link->state < ngx_smtp_verify_link_opening)
    {
        return;
    }

    while (link->out_pos < link->out_len) {

        n = c->send(c, link->out + link->out_pos,
                    link->out_len - link->out_pos);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n <= 0) {
            ngx_smtp_verify_link_fail(link, "it cannot be written to");
            return;
        }

        link->out_pos += n;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_smtp_verify_link_fail(link, "its event failed");
    }
}


#if (NGX_SSL)

static void
ngx_smtp_verify_link_secure(ngx_smtp_verify_link_t *link)
{
    ngx_int_t                        rc;
    ngx_connection_t                *c;
    ngx_smtp_verify_fleet_server_t  *server;

    c = link->connection;

    server = link->fleet->servers->elts;
    server += link->server;

    if (ngx_ssl_create_connection(link->fleet->ssl, c, NGX_SSL_CLIENT)
        != NGX_OK)
    {
        ngx_smtp_verify_link_fail(link, "no memory for TLS");
        return;
    }

    (void) SSL_set_tlsext_host_name(c->ssl->connection,
                                    (char *) server->host.data);

    rc = ngx_ssl_handshake(c);

    if (rc == NGX_AGAIN) {
        c->ssl->handler = ngx_smtp_verify_link_secured;
        return;
    }

    ngx_smtp_verify_link_secured(c);
}


static void
ngx_smtp_verify_link_secured(ngx_connection_t *c)
{
    ngx_smtp_verify_link_t          *link;
    ngx_smtp_verify_fleet_server_t  *server;

    link = c->data;

    server = link->fleet->servers->elts;
    server += link->server;

    c->read->handler = ngx_smtp_verify_link_read_handler;
    c->write->handler = ngx_smtp_verify_link_write_handler;

    if (!c->ssl->handshaked) {
        ngx_smtp_verify_link_fail(link, "the TLS handshake failed");

    } else if (SSL_get_verify_result(c->ssl->connection) != X509_V_OK) {
        ngx_smtp_verify_link_distrust(link,
              X509_verify_cert_error_string(
                                  SSL_get_verify_result(c->ssl->connection)));

    } else if (ngx_smtp_verify_link_check(c, &server->host) != NGX_OK) {
        ngx_smtp_verify_link_distrust(link, "it is for another name");

    } else {
        ngx_smtp_verify_link_ready(link);
        ngx_smtp_verify_link_write(link);
    }

    ngx_smtp_verify_link_settle(link);
}


static void
ngx_smtp_verify_link_distrust(ngx_smtp_verify_link_t *link, const char *why)
{
    u_char  *p;

    p = ngx_slprintf(link->text, link->text + sizeof(link->text) - 1,
                     "its certificate is not trusted: %s", why);
    *p = '\0';

    ngx_smtp_verify_link_fail(link, (char *) link->text);
}


/* Is the certificate for the host that is configured, be it a name or an
   address? */

static ngx_int_t
ngx_smtp_verify_link_check(ngx_connection_t *c, ngx_str_t *host)
{
    int    rc;
    X509  *cert;

    if (ngx_inet_addr(host->data, host->len) == INADDR_NONE
        && ngx_strchr(host->data, ':') == NULL)
    {
        return ngx_ssl_check_host(c, host);
    }

    cert = SSL_get_peer_certificate(c->ssl->connection);
    if (cert == NULL) {
        return NGX_ERROR;
    }

    rc = X509_check_ip_asc(cert, (char *) host->data, 0);

    X509_free(cert);

    return rc == 1 ? NGX_OK : NGX_ERROR;
}

#endif
