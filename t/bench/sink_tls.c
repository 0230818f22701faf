
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include "sink_tls.h"
#include "util.h"


static X509 *sink_tls_cert(EVP_PKEY *key);
static ssize_t sink_tls_result(SSL *ssl, int n);


static SSL_CTX  *sink_tls_ctx;
static int       sink_tls_max;


void
sink_tls_init(int bits)
{
    X509      *cert;
    EVP_PKEY  *key;

    if (sink_tls_ctx) {
        return;
    }

    key = bits == 256 ? EVP_EC_gen("P-256")
                      : EVP_RSA_gen((unsigned int) bits);

    sink_tls_ctx = SSL_CTX_new(TLS_server_method());

    if (key == NULL || sink_tls_ctx == NULL) {
        bench_die("OpenSSL: no key");
    }

    cert = sink_tls_cert(key);

    if (SSL_CTX_use_certificate(sink_tls_ctx, cert) != 1
        || SSL_CTX_use_PrivateKey(sink_tls_ctx, key) != 1)
    {
        bench_die("OpenSSL: no certificate");
    }

    SSL_CTX_set_session_id_context(sink_tls_ctx, (unsigned char *) "sink", 4);
    SSL_CTX_set_session_cache_mode(sink_tls_ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_proto_version(sink_tls_ctx, sink_tls_max);
    SSL_CTX_set_mode(sink_tls_ctx, SSL_MODE_RELEASE_BUFFERS);

    X509_free(cert);
    EVP_PKEY_free(key);
}


static X509 *
sink_tls_cert(EVP_PKEY *key)
{
    X509       *cert;
    X509_NAME  *name;

    cert = X509_new();
    if (cert == NULL) {
        bench_die("OpenSSL: no certificate");
    }

    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 30 * 86400);
    X509_set_pubkey(cert, key);

    name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (unsigned char *) "mx.bench.test", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_sign(cert, key, EVP_sha256());

    return cert;
}


void
sink_tls_version(const char *version)
{
    sink_tls_max = strcmp(version, "1.2") == 0 ? TLS1_2_VERSION : 0;

    if (sink_tls_ctx) {
        SSL_CTX_set_max_proto_version(sink_tls_ctx, sink_tls_max);
    }
}


void *
sink_tls_new(int fd)
{
    SSL  *ssl;

    ssl = SSL_new(sink_tls_ctx);

    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        bench_die("OpenSSL: no memory");
    }

    SSL_set_accept_state(ssl);

    return ssl;
}


void
sink_tls_free(void *ssl)
{
    SSL_set_quiet_shutdown(ssl, 1);
    SSL_free(ssl);
}


int
sink_tls_accept(void *ssl)
{
    ERR_clear_error();

    return (int) sink_tls_result(ssl, SSL_accept(ssl));
}


int
sink_tls_resumed(void *ssl)
{
    return SSL_session_reused(ssl);
}


ssize_t
sink_tls_recv(void *ssl, char *data, size_t len)
{
    ERR_clear_error();

    return sink_tls_result(ssl, SSL_read(ssl, data, (int) len));
}


ssize_t
sink_tls_send(void *ssl, const char *data, size_t len)
{
    ERR_clear_error();

    return sink_tls_result(ssl, SSL_write(ssl, data, (int) len));
}


/* what is sent fits the socket's buffer, always */

static ssize_t
sink_tls_result(SSL *ssl, int n)
{
    if (n > 0) {
        return n;
    }

    return SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ ? 0 : -1;
}
