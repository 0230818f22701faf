
#include "ngx_smtp_verify_session.h"
#include "ngx_smtp_verify_transport.h"
#include "ngx_smtp_verify_tls.h"
#include "ngx_smtp_verify_tls_dane.h"
#include "ngx_smtp_verify_tls_guard.h"


/* Size of the table of TLS sessions, by host.  If another host takes an entry,
   the first one needs a full handshake the next time. */

#define NGX_SMTP_VERIFY_TLS_SESSIONS  256


typedef struct {
    SSL_CTX      *ctx;
    uint32_t      hash;
    SSL_SESSION  *session;
    u_char        host[256];
} ngx_smtp_verify_tls_session_t;


static ngx_uint_t ngx_smtp_verify_tls_is_address(ngx_str_t *host);
static void ngx_smtp_verify_tls_event(ngx_event_t *ev);
static void ngx_smtp_verify_tls_step(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_tls_handler(ngx_connection_t *c);
static ngx_uint_t ngx_smtp_verify_tls_spoke(ngx_smtp_verify_session_t *s);
static const char *ngx_smtp_verify_tls_check(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_tls_resume(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_tls_save(ngx_smtp_verify_session_t *s);
static void ngx_smtp_verify_tls_forget(ngx_smtp_verify_session_t *s);
static ngx_smtp_verify_tls_session_t *ngx_smtp_verify_tls_entry(
    ngx_smtp_verify_session_t *s, uint32_t *hash);
static ngx_uint_t ngx_smtp_verify_tls_is(ngx_smtp_verify_tls_session_t *entry,
    ngx_smtp_verify_session_t *s, uint32_t hash);


static ngx_smtp_verify_tls_session_t
    ngx_smtp_verify_tls_sessions[NGX_SMTP_VERIFY_TLS_SESSIONS];


void
ngx_smtp_verify_tls_handshake(ngx_smtp_verify_session_t *s)
{
    ngx_str_t         *name;
    ngx_connection_t  *c;

    c = s->connection;

    s->log.action = "in TLS handshake with mail server";

    if (ngx_ssl_create_connection(s->conf->ssl, c, NGX_SSL_CLIENT) != NGX_OK
        || ngx_smtp_verify_tls_guard(s) != NGX_OK
        || ngx_smtp_verify_tls_dane_start(s) != NGX_OK)
    {
        ngx_smtp_verify_session_secured(s, "no memory");
        return;
    }

    /* RFC 6066: SNI only takes names, but a route may lead to an address */

    name = ngx_smtp_verify_tls_dane_name(s);

    if (!ngx_smtp_verify_tls_is_address(name)
        && SSL_set_tlsext_host_name(c->ssl->connection, (char *) name->data)
           == 0)
    {
        ngx_smtp_verify_session_secured(s, "SNI failed");
        return;
    }

    /* the certificate of a resumed session would not be checked again */

    if (!s->dane) {
        ngx_smtp_verify_tls_resume(s);
    }

    ngx_add_timer(c->read, s->conf->read_timeout);

    ngx_smtp_verify_tls_step(s);
}


static ngx_uint_t
ngx_smtp_verify_tls_is_address(ngx_str_t *host)
{
    return ngx_inet_addr(host->data, host->len) != INADDR_NONE
           || ngx_strlchr(host->data, host->data + host->len, ':') != NULL;
}


static void
ngx_smtp_verify_tls_event(ngx_event_t *ev)
{
    ngx_connection_t           *c;
    ngx_smtp_verify_session_t  *s;

    c = ev->data;
    s = c->data;

    if (ngx_smtp_verify_transport_begin(s, ev) != NGX_OK) {
        return;
    }

    s->busy = 1;

    if (c->close) {
        ngx_smtp_verify_session_fail(s, SV_INTERRUPTED);

    } else if (ev->timedout) {
        ngx_smtp_verify_tls_handler(c);

    } else {
        ngx_smtp_verify_tls_step(s);
    }

    ngx_smtp_verify_transport_done(s);
    ngx_smtp_verify_slice_end();
}


static void
ngx_smtp_verify_tls_step(ngx_smtp_verify_session_t *s)
{
    ngx_int_t          rc;
    ngx_uint_t         level;
    ngx_connection_t  *c;

    c = s->connection;

    level = ngx_smtp_verify_transport_hush(s);

    rc = ngx_ssl_handshake(c);

    ngx_smtp_verify_transport_unhush(s, level);

    if (rc != NGX_AGAIN || s->flood) {
        ngx_smtp_verify_tls_handler(c);
        return;
    }

    c->read->handler = ngx_smtp_verify_tls_event;
    c->write->handler = ngx_smtp_verify_tls_event;

    if (s->left == 0) {
        ngx_smtp_verify_slice_again(&s->slice[0], c->read);
    }
}


static void
ngx_smtp_verify_tls_handler(ngx_connection_t *c)
{
    const char                 *error;
    ngx_smtp_verify_session_t  *s;

    s = c->data;

    s->log.action = "talking to mail server";

    c->read->handler = ngx_smtp_verify_transport_read;
    c->write->handler = ngx_smtp_verify_transport_write;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    error = ngx_smtp_verify_tls_check(s);

    if (error) {
        ngx_log_error(NGX_LOG_INFO, &s->log, 0, "TLS with mail server: %s",
                      error);

    } else if (ngx_smtp_verify_tls_spoke(s)) {
        ngx_smtp_verify_session_distrust(s, ngx_smtp_verify_trust_none);
    }

    ngx_smtp_verify_session_secured(s, error);

    if (!ngx_smtp_verify_session_is_closed(s) && c->read->ready) {
        ngx_post_event(c->read, &ngx_posted_events);
    }
}


/* Did the server write something together with the end of the handshake? */

static ngx_uint_t
ngx_smtp_verify_tls_spoke(ngx_smtp_verify_session_t *s)
{
    int                n;
    u_char             ch;
    ngx_uint_t         level;
    ngx_connection_t  *c;

    c = s->connection;

    if (!c->read->ready) {
        return 0;
    }

    level = ngx_smtp_verify_transport_hush(s);

    n = SSL_peek(c->ssl->connection, &ch, 1);

    ngx_smtp_verify_transport_unhush(s, level);

    return n > 0;
}


/* Returns NULL and sets s->tls if the handshake succeeded, else why it
   failed. */

static const char *
ngx_smtp_verify_tls_check(ngx_smtp_verify_session_t *s)
{
    X509              *cert;
    const char        *error;
    ngx_connection_t  *c;

    c = s->connection;

    if (c->read->timedout) {
        return "handshake timed out";
    }

    if (!c->ssl->handshaked) {
        ngx_smtp_verify_tls_forget(s);
        return s->flood ? s->flood : "handshake failed";
    }

    s->tls.protocol = SSL_get_version(c->ssl->connection);
    s->tls.cipher = SSL_get_cipher_name(c->ssl->connection);

    cert = SSL_get_peer_certificate(c->ssl->connection);

    if (cert) {
        s->tls.verified = (SSL_get_verify_result(c->ssl->connection)
                           == X509_V_OK
                           && ngx_ssl_check_host(c, &s->host) == NGX_OK);
        X509_free(cert);
    }

    error = ngx_smtp_verify_tls_dane_check(s);

    if (error == NULL && s->conf->ssl_verify && !s->tls.verified) {
        error = "certificate was not verified";
    }

    if (error) {
        s->tls.protocol = NULL;
        s->tls.cipher = NULL;
    }

    return error;
}


void
ngx_smtp_verify_tls_close(ngx_smtp_verify_session_t *s)
{
    ngx_uint_t         level;
    ngx_connection_t  *c;

    c = s->connection;

    /* now, as tickets of TLS 1.3 come together with the replies */

    if (c->ssl->handshaked && s->tls.protocol && !s->dane) {
        ngx_smtp_verify_tls_save(s);
    }

    c->ssl->no_wait_shutdown = 1;
    c->error |= (s->flood != NULL);

    level = ngx_smtp_verify_transport_hush(s);

    (void) ngx_ssl_shutdown(c);

    s->log.log_level = level;

    ERR_clear_error();
}


static void
ngx_smtp_verify_tls_resume(ngx_smtp_verify_session_t *s)
{
    uint32_t                        hash;
    ngx_smtp_verify_tls_session_t  *entry;

    entry = ngx_smtp_verify_tls_entry(s, &hash);

    if (ngx_smtp_verify_tls_is(entry, s, hash)) {
        (void) ngx_ssl_set_session(s->connection, entry->session);
    }
}


static void
ngx_smtp_verify_tls_save(ngx_smtp_verify_session_t *s)
{
    uint32_t                        hash;
    SSL_SESSION                    *session;
    ngx_smtp_verify_tls_session_t  *entry;

    if (s->host.len >= sizeof(entry->host)) {
        return;
    }

    session = SSL_get1_session(s->connection->ssl->connection);

    if (session == NULL) {
        return;
    }

    entry = ngx_smtp_verify_tls_entry(s, &hash);

    if (!SSL_SESSION_is_resumable(session) || session == entry->session
        || !ngx_smtp_verify_tls_guard_small(s, session))
    {
        SSL_SESSION_free(session);
        return;
    }

    if (entry->session) {
        SSL_SESSION_free(entry->session);
    }

    entry->ctx = s->conf->ssl->ctx;
    entry->hash = hash;
    entry->session = session;

    ngx_memcpy(entry->host, s->host.data, s->host.len);
    entry->host[s->host.len] = '\0';
}


static void
ngx_smtp_verify_tls_forget(ngx_smtp_verify_session_t *s)
{
    uint32_t                        hash;
    ngx_smtp_verify_tls_session_t  *entry;

    entry = ngx_smtp_verify_tls_entry(s, &hash);

    if (ngx_smtp_verify_tls_is(entry, s, hash)) {
        SSL_SESSION_free(entry->session);
        entry->session = NULL;
    }
}


static ngx_smtp_verify_tls_session_t *
ngx_smtp_verify_tls_entry(ngx_smtp_verify_session_t *s, uint32_t *hash)
{
    *hash = ngx_murmur_hash2(s->host.data, s->host.len);

    return &ngx_smtp_verify_tls_sessions[*hash % NGX_SMTP_VERIFY_TLS_SESSIONS];
}


static ngx_uint_t
ngx_smtp_verify_tls_is(ngx_smtp_verify_tls_session_t *entry,
    ngx_smtp_verify_session_t *s, uint32_t hash)
{
    return entry->session && entry->hash == hash
           && entry->ctx == s->conf->ssl->ctx
           && ngx_strcmp(entry->host, s->host.data) == 0;
}
