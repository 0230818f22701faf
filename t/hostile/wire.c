
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"


#define WIRE_OUT      65536
#define WIRE_TIMEOUT  4000      /* ms, to send */


typedef struct {
    unsigned char  secret[32];
    unsigned char  key[16];
    unsigned char  iv[12];
    uint64_t       seq;
} wire_keys_t;


static void wire_die(const char *what);
static EVP_PKEY *wire_rsa(int bits, int exponent);
static EVP_PKEY *wire_dh(int bits);
static EVP_PKEY *wire_ec(int explicit);
static X509 *wire_cert(EVP_PKEY *key, EVP_PKEY *signer);
static void wire_keylog(const SSL *ssl, const char *line);
static void wire_expand(const unsigned char *secret, const char *label,
    unsigned char *out, size_t len);
static void wire_keys13(wire_keys_t *keys);
static void wire_keys12(wire_keys_t *keys);
static void wire_handshake_out(void);
static void wire_handshake_record(unsigned char *record, size_t len);
static size_t wire_open(wire_keys_t *keys, unsigned char *record, size_t len,
    unsigned char *out);
static void wire_seal(wire_keys_t *keys, int type, const void *data,
    size_t len, int damage);
static int wire_wait(int events, int ms);


int  wire_fd;
int  wire_secure;
int  wire_errors;

static const wire_tls_t  *wire_conf;
static SSL_CTX           *wire_ctx;
static SSL               *wire_ssl;
static wire_keys_t        wire_app;         /* ours, behind the handshake */
static wire_keys_t        wire_hs;          /* ours, in that of TLS 1.3 */
static wire_keys_t        wire_hs_openssl;  /* likewise, to undo */
static unsigned char      wire_master[48];
static unsigned char      wire_out[WIRE_OUT];
static size_t             wire_out_len;
static char               wire_in[4096];
static size_t             wire_in_len;
static int                wire_closed;


static void
wire_die(const char *what)
{
    fprintf(stderr, "hostile: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}


void
wire_setup(const wire_tls_t *conf)
{
    int        i;
    X509      *cert;
    EVP_PKEY  *key, *signer;

    wire_conf = conf;

    wire_ctx = SSL_CTX_new(TLS_server_method());
    signer = EVP_EC_gen("P-256");

    if (conf->dh) {
        key = EVP_RSA_gen(2048);
        SSL_CTX_set_security_level(wire_ctx, 0);

        if (SSL_CTX_set0_tmp_dh_pkey(wire_ctx, wire_dh(conf->dh)) != 1) {
            wire_die("no such DH parameters");
        }

    } else if (conf->rsa) {
        key = wire_rsa(conf->rsa, conf->exponent);

    } else {
        key = wire_ec(conf->explicit);
    }

    if (wire_ctx == NULL || key == NULL || signer == NULL) {
        wire_die("no key");
    }

    SSL_CTX_set_security_level(wire_ctx, 0);

    cert = wire_cert(key, signer);

    if (conf->cert) {
        if (SSL_CTX_use_certificate_chain_file(wire_ctx, conf->cert) != 1
            || SSL_CTX_use_PrivateKey_file(wire_ctx, conf->key,
                                           SSL_FILETYPE_PEM) != 1)
        {
            wire_die("no certificate");
        }

    } else if (SSL_CTX_use_certificate(wire_ctx, cert) != 1
               || SSL_CTX_use_PrivateKey(wire_ctx, key) != 1)
    {
        wire_die("no certificate");
    }

    cert = wire_cert(signer, signer);

    for (i = 0; i < conf->chain; i++) {
        X509_up_ref(cert);
        SSL_CTX_add0_chain_cert(wire_ctx, cert);
    }

    i = conf->version == 12 ? TLS1_2_VERSION : TLS1_3_VERSION;

    SSL_CTX_set_min_proto_version(wire_ctx, i);
    SSL_CTX_set_max_proto_version(wire_ctx, i);
    SSL_CTX_set_num_tickets(wire_ctx, 0);
    SSL_CTX_set_session_cache_mode(wire_ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(wire_ctx, SSL_OP_NO_TICKET
                                  | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_keylog_callback(wire_ctx, wire_keylog);
    SSL_CTX_set_ciphersuites(wire_ctx, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set_cipher_list(wire_ctx, conf->dh
                                 ? "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"
                                 : "ECDHE+AES128+AESGCM:@SECLEVEL=0");

    if (conf->group && SSL_CTX_set1_groups_list(wire_ctx, conf->group) != 1) {
        wire_die("no such group");
    }
}


/* a number that may have small factors, and a private exponent of 3 */

static EVP_PKEY *
wire_rsa(int bits, int exponent)
{
    BIGNUM          *n, *e, *d;
    EVP_PKEY        *key;
    EVP_PKEY_CTX    *ctx;
    OSSL_PARAM_BLD  *params;

    n = BN_new();
    e = BN_new();
    d = BN_new();
    key = NULL;

    BN_rand(n, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
    BN_rand(e, exponent ? exponent : 17, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
    BN_set_word(d, 3);

    params = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_N, n);
    OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_E, e);
    OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_RSA_D, d);

    ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);

    if (EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR,
                             OSSL_PARAM_BLD_to_param(params)) != 1)
    {
        wire_die("no such RSA key");
    }

    return key;
}


static EVP_PKEY *
wire_dh(int bits)
{
    BIGNUM          *p, *g;
    EVP_PKEY        *key;
    EVP_PKEY_CTX    *ctx;
    OSSL_PARAM_BLD  *params;

    p = BN_new();
    g = BN_new();
    key = NULL;

    BN_rand(p, bits, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
    BN_set_word(g, 2);

    params = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_FFC_P, p);
    OSSL_PARAM_BLD_push_BN(params, OSSL_PKEY_PARAM_FFC_G, g);
    OSSL_PARAM_BLD_push_int(params, OSSL_PKEY_PARAM_DH_PRIV_LEN, 225);

    ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);

    if (EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS,
                             OSSL_PARAM_BLD_to_param(params)) != 1)
    {
        wire_die("no such DH parameters");
    }

    return key;
}


static EVP_PKEY *
wire_ec(int explicit)
{
    EVP_PKEY      *key;
    OSSL_PARAM     params[3];
    EVP_PKEY_CTX  *ctx;

    key = NULL;
    ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME,
                                                 (char *) "P-256", 0);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_EC_ENCODING,
                    (char *) (explicit ? "explicit" : "named_curve"), 0);
    params[2] = OSSL_PARAM_construct_end();

    if (EVP_PKEY_keygen_init(ctx) != 1
        || EVP_PKEY_CTX_set_params(ctx, params) != 1
        || EVP_PKEY_keygen(ctx, &key) != 1)
    {
        wire_die("no such EC key");
    }

    return key;
}


static X509 *
wire_cert(EVP_PKEY *key, EVP_PKEY *signer)
{
    X509       *cert;
    X509_NAME  *name;

    cert = X509_new();

    X509_set_version(cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
    X509_gmtime_adj(X509_getm_notAfter(cert), 30 * 86400);
    X509_set_pubkey(cert, key);

    name = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               (unsigned char *) "mx", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_sign(cert, signer, EVP_sha256());

    return cert;
}


/* ---- keys */

static void
wire_keylog(const SSL *ssl, const char *line)
{
    int             i, len;
    const char     *p;
    unsigned        octet;
    unsigned char  *to;

    (void) ssl;

    len = 32;

    if (strncmp(line, "SERVER_HANDSHAKE_TRAFFIC_SECRET ", 32) == 0) {
        to = wire_hs.secret;

    } else if (strncmp(line, "SERVER_TRAFFIC_SECRET_0 ", 24) == 0) {
        to = wire_app.secret;

    } else if (strncmp(line, "CLIENT_RANDOM ", 14) == 0) {
        to = wire_master;
        len = 48;

    } else {
        return;
    }

    p = strrchr(line, ' ') + 1;

    for (i = 0; i < len && sscanf(p + 2 * i, "%2x", &octet) == 1; i++) {
        to[i] = octet;
    }

    if (to == wire_hs.secret) {
        wire_keys13(&wire_hs);
        wire_hs_openssl = wire_hs;
    }
}


static void
wire_expand(const unsigned char *secret, const char *label, unsigned char *out,
    size_t len)
{
    int             mode;
    size_t          n;
    EVP_KDF        *kdf;
    OSSL_PARAM      params[5];
    EVP_KDF_CTX    *ctx;
    unsigned char   info[64];

    n = strlen(label);
    info[0] = 0;
    info[1] = len;
    info[2] = 6 + n;
    memcpy(info + 3, "tls13 ", 6);
    memcpy(info + 9, label, n);
    info[9 + n] = 0;

    mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;

    params[0] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                                  (void *) secret, 32);
    params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info,
                                                  10 + n);
    params[4] = OSSL_PARAM_construct_end();

    kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    ctx = EVP_KDF_CTX_new(kdf);

    if (EVP_KDF_derive(ctx, out, len, params) != 1) {
        wire_die("no HKDF");
    }

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}


static void
wire_keys13(wire_keys_t *keys)
{
    wire_expand(keys->secret, "key", keys->key, 16);
    wire_expand(keys->secret, "iv", keys->iv, 12);
    keys->seq = 0;
}


static void
wire_keys12(wire_keys_t *keys)
{
    EVP_KDF        *kdf;
    OSSL_PARAM      params[4];
    EVP_KDF_CTX    *ctx;
    unsigned char   seed[13 + 64], block[40];

    memcpy(seed, "key expansion", 13);
    SSL_get_server_random(wire_ssl, seed + 13, 32);
    SSL_get_client_random(wire_ssl, seed + 45, 32);

    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                                 (char *) "SHA256", 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET,
                                                  wire_master, 48);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed,
                                                  sizeof(seed));
    params[3] = OSSL_PARAM_construct_end();

    kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
    ctx = EVP_KDF_CTX_new(kdf);

    if (EVP_KDF_derive(ctx, block, sizeof(block), params) != 1) {
        wire_die("no PRF");
    }

    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);

    memcpy(keys->key, block + 16, 16);
    memcpy(keys->iv, block + 36, 4);
    keys->seq = 1;      /* Finished was the first */
}


void
wire_update(void)
{
    unsigned char  secret[32];

    wire_expand(wire_app.secret, "traffic upd", secret, 32);
    memcpy(wire_app.secret, secret, 32);
    wire_keys13(&wire_app);
}


/* ---- the handshake */

int
wire_accept(void (*before)(void))
{
    int   n, hello;
    BIO  *in, *out;

    wire_flush();

    wire_ssl = SSL_new(wire_ctx);
    in = BIO_new_socket(wire_fd, BIO_NOCLOSE);
    out = BIO_new(BIO_s_mem());
    SSL_set_bio(wire_ssl, in, out);
    SSL_set_accept_state(wire_ssl);

    for (hello = 0; /* void */ ; hello = 1) {

        if (!wire_wait(POLLIN, 3000)) {
            return 0;
        }

        if (!hello && before) {
            before();
        }

        ERR_clear_error();
        n = SSL_accept(wire_ssl);

        wire_handshake_out();

        if (n == 1) {
            break;
        }

        if (SSL_get_error(wire_ssl, n) != SSL_ERROR_WANT_READ) {
            return 0;
        }
    }

    if (wire_conf->version == 12) {
        wire_keys12(&wire_app);

    } else {
        wire_keys13(&wire_app);
    }

    wire_secure = 1;

    return 1;
}


static void
wire_handshake_out(void)
{
    long            left;
    size_t          len;
    unsigned char  *data;

    left = BIO_get_mem_data(SSL_get_wbio(wire_ssl), &data);

    while (left > 5) {
        len = 5 + (data[3] << 8 | data[4]);
        wire_handshake_record(data, len);
        data += len;
        left -= len;
    }

    (void) BIO_reset(SSL_get_wbio(wire_ssl));

    wire_flush();
}


/* in fragments, if that is wished; Finished of TLS 1.2 is sealed, too */

static void
wire_handshake_record(unsigned char *record, size_t len)
{
    size_t         n, i, left;
    unsigned char  plain[20000], head[5];

    n = wire_conf->fragment;

    if (n == 0 || (wire_conf->version == 12 && wire_hs.seq)) {
        wire_raw(record, len);
        return;
    }

    if (record[0] == WIRE_CCS) {
        wire_hs.seq += (wire_conf->version == 12);
        wire_raw(record, len);
        return;
    }

    if (record[0] == WIRE_DATA) {
        left = wire_open(&wire_hs_openssl, record, len, plain);

        /* an alert, with other keys: the handshake has failed */

        if (left == 0) {
            wire_raw(record, len);
            return;
        }

        len = left;

        for (i = 0; i < len; i += n) {
            left = len - i < n ? len - i : n;
            wire_seal(&wire_hs, WIRE_HANDSHAKE, plain + i, left, 0);
        }

        return;
    }

    for (i = 5; i < len; i += n) {
        left = len - i < n ? len - i : n;

        memcpy(head, record, 3);
        head[3] = left >> 8;
        head[4] = left;

        wire_raw(head, 5);
        wire_raw(record + i, left);
    }
}


/* ---- records */

static void
wire_nonce(wire_keys_t *keys, unsigned char *nonce)
{
    int  i;

    memcpy(nonce, keys->iv, 12);

    for (i = 0; i < 8; i++) {
        nonce[11 - i] ^= keys->seq >> (8 * i);
    }
}


static size_t
wire_open(wire_keys_t *keys, unsigned char *record, size_t len,
    unsigned char *out)
{
    int              n, last;
    unsigned char    nonce[12];
    EVP_CIPHER_CTX  *ctx;

    wire_nonce(keys, nonce);
    keys->seq++;

    ctx = EVP_CIPHER_CTX_new();

    EVP_DecryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->key, nonce);
    EVP_DecryptUpdate(ctx, NULL, &n, record, 5);
    EVP_DecryptUpdate(ctx, out, &n, record + 5, len - 5 - 16);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, record + len - 16);

    if (EVP_DecryptFinal_ex(ctx, out + n, &last) != 1) {
        n = 1;
    }

    EVP_CIPHER_CTX_free(ctx);

    while (n > 1 && out[n - 1] == 0) {
        n--;
    }

    return n - 1;
}


static void
wire_seal(wire_keys_t *keys, int type, const void *data, size_t len,
    int damage)
{
    int              i, n;
    size_t           total, extra;
    unsigned char    head[13], nonce[12], *p;
    EVP_CIPHER_CTX  *ctx;
    static unsigned char  record[40000];

    extra = wire_conf->version == 12 ? 8 : 1;
    total = len + 16 + extra;
    p = record;

    *p++ = wire_conf->version == 12 ? type : WIRE_DATA;
    *p++ = 3;
    *p++ = 3;
    *p++ = total >> 8;
    *p++ = total;

    ctx = EVP_CIPHER_CTX_new();

    if (wire_conf->version == 12) {
        for (i = 0; i < 8; i++) {
            head[7 - i] = keys->seq >> (8 * i);
        }

        memcpy(p, head, 8);
        memcpy(nonce, keys->iv, 4);
        memcpy(nonce + 4, head, 8);
        p += 8;

        head[8] = type;
        head[9] = 3;
        head[10] = 3;
        head[11] = len >> 8;
        head[12] = len;

        EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->key, nonce);
        EVP_EncryptUpdate(ctx, NULL, &n, head, 13);

    } else {
        wire_nonce(keys, nonce);

        EVP_EncryptInit_ex(ctx, EVP_aes_128_gcm(), NULL, keys->key, nonce);
        EVP_EncryptUpdate(ctx, NULL, &n, record, 5);
    }

    n = 0;

    if (len) {
        EVP_EncryptUpdate(ctx, p, &n, data, len);
        p += n;
    }

    if (wire_conf->version != 12) {
        head[0] = type;
        EVP_EncryptUpdate(ctx, p, &n, head, 1);
        p += n;
    }

    EVP_EncryptFinal_ex(ctx, p, &n);
    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, p);
    EVP_CIPHER_CTX_free(ctx);
    p += 16;

    keys->seq++;

    if (damage) {
        record[5 + (total - 1) / 2] ^= 1;
    }

    wire_raw(record, p - record);
}


void
wire_record(int type, const void *data, size_t len)
{
    unsigned char  head[5];

    if (wire_secure) {
        wire_seal(&wire_app, type, data, len, 0);
        return;
    }

    /* before a handshake, or in one */

    if (wire_ssl) {
        head[0] = type;
        head[1] = 3;
        head[2] = 3;
        head[3] = len >> 8;
        head[4] = len;

        wire_raw(head, 5);
    }

    wire_raw(data, len);
}


void
wire_damaged(int type, const void *data, size_t len)
{
    if (wire_secure) {
        wire_seal(&wire_app, type, data, len, 1);

    } else {
        wire_raw("\x16\x03\x03\x00\x01\xff", 6);
    }
}


/* ---- octets */

void
wire_raw(const void *data, size_t len)
{
    size_t  n;

    while (len) {
        if (wire_out_len == WIRE_OUT) {
            wire_flush();
        }

        n = WIRE_OUT - wire_out_len;
        n = n < len ? n : len;

        memcpy(wire_out + wire_out_len, data, n);
        wire_out_len += n;
        data = (const char *) data + n;
        len -= n;
    }
}


void
wire_flush(void)
{
    size_t   at;
    ssize_t  n;

    for (at = 0; at < wire_out_len && !wire_closed; at += n) {
        n = send(wire_fd, wire_out + at, wire_out_len - at,
                 MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n == -1) {
            n = 0;

            if (errno != EAGAIN || !wire_wait(POLLOUT, WIRE_TIMEOUT)) {
                wire_closed = 1;
            }
        }
    }

    wire_out_len = 0;

    if (wire_closed && !wire_errors) {
        _exit(0);
    }
}


static int
wire_wait(int events, int ms)
{
    struct pollfd  p;

    p.fd = wire_fd;
    p.events = events;
    p.revents = 0;

    return poll(&p, 1, ms) == 1 && !(events & POLLOUT && p.revents & POLLERR);
}


int
wire_line(char *buf, size_t size, int ms)
{
    int     n;
    char   *end;
    size_t  len;

    wire_flush();

    while ((end = memchr(wire_in, '\n', wire_in_len)) == NULL) {

        if (wire_in_len == sizeof(wire_in)) {
            return -1;
        }

        if ((wire_ssl == NULL || SSL_pending(wire_ssl) == 0)
            && !wire_wait(POLLIN, ms))
        {
            return -1;
        }

        if (wire_ssl) {
            ERR_clear_error();
            n = SSL_read(wire_ssl, wire_in + wire_in_len,
                         sizeof(wire_in) - wire_in_len);

            (void) BIO_reset(SSL_get_wbio(wire_ssl));

            if (n <= 0 && SSL_get_error(wire_ssl, n) == SSL_ERROR_WANT_READ) {
                continue;
            }

        } else {
            n = recv(wire_fd, wire_in + wire_in_len,
                     sizeof(wire_in) - wire_in_len, 0);
        }

        if (n == -1 && errno == EAGAIN) {
            continue;
        }

        if (n <= 0) {
            return -1;
        }

        wire_in_len += n;
    }

    len = end - wire_in;

    snprintf(buf, size, "%.*s", (int) (len && end[-1] == '\r' ? len - 1 : len),
             wire_in);

    wire_in_len -= len + 1;
    memmove(wire_in, end + 1, wire_in_len);

    return 0;
}


void
wire_close(int reset)
{
    struct linger  linger = { 1, 0 };

    wire_flush();

    if (reset) {
        setsockopt(wire_fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }

    close(wire_fd);
    _exit(0);
}
