
#include "ngx_smtp_verify_session.h"
#include "ngx_smtp_verify_tls_guard.h"
#include "ngx_smtp_verify_transport.h"

#include <openssl/core_names.h>


/* octets of a chain; decoding a key takes 0.3 ms, however short it is */
#define NGX_SMTP_VERIFY_TLS_CHAIN      20480
#define NGX_SMTP_VERIFY_TLS_CERTS      16

/* bits */
#define NGX_SMTP_VERIFY_TLS_RSA        8192
#define NGX_SMTP_VERIFY_TLS_EXPONENT   64
#define NGX_SMTP_VERIFY_TLS_DH         3072

/* a handshake has ten messages, and a few tickets follow */
#define NGX_SMTP_VERIFY_TLS_MESSAGES   32

/* octets of a TLS session that is kept to be resumed */
#define NGX_SMTP_VERIFY_TLS_TICKET     4096
#define NGX_SMTP_VERIFY_TLS_KEPT       12288

/* numbers of the groups of RFC 7919, from ffdhe4096 on */
#define NGX_SMTP_VERIFY_TLS_FFDHE4096  0x0102
#define NGX_SMTP_VERIFY_TLS_FFDHE_LAST 0x01ff


static int ngx_smtp_verify_tls_guard_allows(const SSL *ssl,
    const SSL_CTX *ctx, int op, int bits, int nid, void *other, void *data);
static int ngx_smtp_verify_tls_guard_certs(X509_STORE_CTX *ctx, void *trusted);
static int ngx_smtp_verify_tls_guard_verified(int ok, X509_STORE_CTX *ctx);
static const char *ngx_smtp_verify_tls_guard_chain(STACK_OF(X509) *certs);
static ngx_uint_t ngx_smtp_verify_tls_guard_key(EVP_PKEY *key);
static BIO_METHOD *ngx_smtp_verify_tls_guard_method(void);
static int ngx_smtp_verify_tls_guard_read(BIO *bio, char *buf, int len);
static long ngx_smtp_verify_tls_guard_ctrl(BIO *bio, int cmd, long num,
    void *ptr);
static void ngx_smtp_verify_tls_guard_message(int sent, int version, int type,
    const void *buf, size_t len, SSL *ssl, void *data);


static int  (*ngx_smtp_verify_tls_guard_default)(const SSL *, const SSL_CTX *,
    int, int, int, void *, void *);


ngx_int_t
ngx_smtp_verify_tls_guard_context(ngx_ssl_t *ssl, ngx_uint_t trusted)
{
    uint64_t   options;
    SSL_CTX   *ctx;

    ctx = ssl->ctx;
    options = SSL_OP_NO_RENEGOTIATION;

#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
    options |= SSL_OP_NO_RX_CERTIFICATE_COMPRESSION;
#endif

    /* what was received does not stay in the buffer of OpenSSL */

#ifdef SSL_OP_CLEANSE_PLAINTEXT
    options |= SSL_OP_CLEANSE_PLAINTEXT;
#endif

    SSL_CTX_set_options(ctx, options);
    SSL_CTX_set_max_cert_list(ctx, NGX_SMTP_VERIFY_TLS_CHAIN);

    ngx_smtp_verify_tls_guard_default = SSL_CTX_get_security_callback(ctx);
    SSL_CTX_set_security_callback(ctx, ngx_smtp_verify_tls_guard_allows);

    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER,
                       ngx_smtp_verify_tls_guard_verified);
    SSL_CTX_set_cert_verify_callback(ctx, ngx_smtp_verify_tls_guard_certs,
                                     trusted ? ctx : NULL);

    return ngx_smtp_verify_tls_guard_method() ? NGX_OK : NGX_ERROR;
}


/*
 * Groups that are too large are not offered.  DH parameters that are too large
 * end the handshake: in TLS 1.2 a server chooses its own, and a prime of 10,000
 * bits takes more than a second.
 */

static int
ngx_smtp_verify_tls_guard_allows(const SSL *ssl, const SSL_CTX *ctx, int op,
    int bits, int nid, void *other, void *data)
{
    u_char      *id;
    ngx_uint_t   group;

    if (op == SSL_SECOP_TMP_DH && other
        && EVP_PKEY_get_bits(other) > NGX_SMTP_VERIFY_TLS_DH)
    {
        return 0;
    }

    if ((op & SSL_SECOP_OTHER_TYPE) == SSL_SECOP_OTHER_CURVE && other) {
        id = other;
        group = id[0] << 8 | id[1];

        if (group >= NGX_SMTP_VERIFY_TLS_FFDHE4096
            && group <= NGX_SMTP_VERIFY_TLS_FFDHE_LAST)
        {
            return 0;
        }
    }

    return ngx_smtp_verify_tls_guard_default(ssl, ctx, op, bits, nid, other,
                                             data);
}


/*
 * Called with the server's certificates, before a signature is checked.  A
 * chain that cannot be verified does not end the handshake: whether it has to
 * be verified depends on the configuration, and is checked after the handshake.
 */

static int
ngx_smtp_verify_tls_guard_certs(X509_STORE_CTX *ctx, void *trusted)
{
    SSL                        *ssl;
    ngx_connection_t           *c;
    ngx_smtp_verify_session_t  *s;

    ssl = X509_STORE_CTX_get_ex_data(ctx,
                                     SSL_get_ex_data_X509_STORE_CTX_idx());
    c = ngx_ssl_get_connection(ssl);
    s = c->data;

    s->flood = ngx_smtp_verify_tls_guard_chain(
                                        X509_STORE_CTX_get0_untrusted(ctx));

    if (s->flood) {
        X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_REJECTED);
        return 0;
    }

    if (trusted == NULL && !s->dane) {
        X509_STORE_CTX_set_error(ctx,
                                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY);
        return 1;
    }

    if (X509_verify_cert(ctx) <= 0
        && X509_STORE_CTX_get_error(ctx) == X509_V_OK)
    {
        X509_STORE_CTX_set_error(ctx, X509_V_ERR_UNSPECIFIED);
    }

    return 1;
}


/* Stops at the first error, so that the rest need not be computed. */

static int
ngx_smtp_verify_tls_guard_verified(int ok, X509_STORE_CTX *ctx)
{
    return ok;
}


/* Returns NULL, or what there is too much of. */

static const char *
ngx_smtp_verify_tls_guard_chain(STACK_OF(X509) *certs)
{
    int  i, n;

    n = certs ? sk_X509_num(certs) : 0;

    if (n > NGX_SMTP_VERIFY_TLS_CERTS) {
        return "too many certificates";
    }

    for (i = 0; i < n; i++) {
        if (!ngx_smtp_verify_tls_guard_key(
                                     X509_get0_pubkey(sk_X509_value(certs, i))))
        {
            return "a certificate with a key that costs too much";
        }
    }

    return NULL;
}


/* A key that cannot be decoded is useless, but costs nothing. */

static ngx_uint_t
ngx_smtp_verify_tls_guard_key(EVP_PKEY *key)
{
    int      n;
    BIGNUM  *e;

    if (key == NULL) {
        return 1;
    }

    switch (EVP_PKEY_get_base_id(key)) {

    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        e = NULL;

        if (EVP_PKEY_get_bits(key) > NGX_SMTP_VERIFY_TLS_RSA
            || EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        {
            return 0;
        }

        n = BN_num_bits(e);
        BN_free(e);

        return n <= NGX_SMTP_VERIFY_TLS_EXPONENT;

    case EVP_PKEY_EC:
        n = 0;

        /* explicit parameters: a curve that the server invented */

        (void) EVP_PKEY_get_int_param(key,
                             OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                             &n);
        return n == 0;

    case EVP_PKEY_DH:
    case EVP_PKEY_DHX:
    case EVP_PKEY_DSA:
        return EVP_PKEY_get_bits(key) <= NGX_SMTP_VERIFY_TLS_DH;

    default:
        return 1;
    }
}


ngx_int_t
ngx_smtp_verify_tls_guard(ngx_smtp_verify_session_t *s)
{
    BIO  *bio, *socket;
    SSL  *ssl;

    ssl = s->connection->ssl->connection;

    bio = BIO_new(ngx_smtp_verify_tls_guard_method());
    if (bio == NULL) {
        ERR_clear_error();
        return NGX_ERROR;
    }

    BIO_set_data(bio, s);
    BIO_set_init(bio, 1);

    socket = SSL_get_rbio(ssl);

    BIO_up_ref(socket);
    BIO_push(bio, socket);
    SSL_set0_rbio(ssl, bio);

    SSL_set_msg_callback(ssl, ngx_smtp_verify_tls_guard_message);
    SSL_set_msg_callback_arg(ssl, s);

    return NGX_OK;
}


static BIO_METHOD *
ngx_smtp_verify_tls_guard_method(void)
{
    static BIO_METHOD  *method;

    if (method) {
        return method;
    }

    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER,
                          "mail server's octets");

    if (method == NULL
        || !BIO_meth_set_read(method, ngx_smtp_verify_tls_guard_read)
        || !BIO_meth_set_ctrl(method, ngx_smtp_verify_tls_guard_ctrl))
    {
        BIO_meth_free(method);
        method = NULL;
    }

    return method;
}


/*
 * When a slice is used up, OpenSSL is told that the socket is empty.  When the
 * server has sent too much, it is told that the connection has ended.
 */

static int
ngx_smtp_verify_tls_guard_read(BIO *bio, char *buf, int len)
{
    int                         n;
    ngx_smtp_verify_session_t  *s;

    s = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);

    if (s->flood) {
        ngx_set_socket_errno(0);
        return -1;
    }

    if (s->left == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }

    n = BIO_read(BIO_next(bio), buf, ngx_min((size_t) len, s->left));

    BIO_copy_next_retry(bio);

    if (n > 0) {
        s->left -= n;
        ngx_smtp_verify_transport_charge(s, n);

    } else if (n == 0) {
        ngx_set_socket_errno(0);
    }

    return n;
}


/* Kernel TLS is not allowed, as it would read records by itself. */

static long
ngx_smtp_verify_tls_guard_ctrl(BIO *bio, int cmd, long num, void *ptr)
{
    switch (cmd) {

    case BIO_CTRL_EOF:
    case BIO_CTRL_PENDING:
    case BIO_CTRL_WPENDING:
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_GET_CLOSE:
    case BIO_C_GET_FD:
        return BIO_ctrl(BIO_next(bio), cmd, num, ptr);

    case BIO_CTRL_DUP:
    case BIO_CTRL_PUSH:
    case BIO_CTRL_POP:
        return 1;

    default:
        return 0;
    }
}


/*
 * Each record counts as at least some octets, so that many short ones are
 * expensive, too.  OpenSSL does not limit messages, and goes on until all that
 * it has read is used: it stops at once if the server seems to have shut down.
 */

static void
ngx_smtp_verify_tls_guard_message(int sent, int version, int type,
    const void *buf, size_t len, SSL *ssl, void *data)
{
    const u_char               *message;
    ngx_smtp_verify_session_t  *s;

    if (sent) {
        return;
    }

    s = data;
    message = buf;

    switch (type) {

    case SSL3_RT_HEADER:
        ngx_smtp_verify_transport_charge(s, 0);
        break;

    case SSL3_RT_HANDSHAKE:
        if (len && message[0] == SSL3_MT_CERTIFICATE) {
            s->tls_chain = len;
        }

        /* fall through */

    case SSL3_RT_ALERT:
    case SSL3_RT_CHANGE_CIPHER_SPEC:
        if (++s->tls_messages > NGX_SMTP_VERIFY_TLS_MESSAGES) {
            s->flood = "too many TLS messages";
        }

        break;

    default:
        break;
    }

    if (s->flood) {
        SSL_set_shutdown(ssl, SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
    }
}


ngx_uint_t
ngx_smtp_verify_tls_guard_small(ngx_smtp_verify_session_t *s,
    SSL_SESSION *session)
{
    size_t                len;
    const unsigned char  *ticket;

    SSL_SESSION_get0_ticket(session, &ticket, &len);

    return len <= NGX_SMTP_VERIFY_TLS_TICKET
           && s->tls_chain <= NGX_SMTP_VERIFY_TLS_KEPT;
}
