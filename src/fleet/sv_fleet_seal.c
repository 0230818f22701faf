
#include "sv_fleet_seal.h"
#include "sv_version.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


/* What is stored has the layout of this version of the module on this kind of
   machine.  Another one does not accept it. */

#define SV_FLEET_LAYOUT  "smtp-verify " SV_VERSION


static const char *sv_fleet_keys_derive(sv_fleet_keys_t *keys,
    const unsigned char *secret, int len);
static size_t sv_fleet_aad(sv_fleet_entry_t *e, const unsigned char *head,
    unsigned char *aad);
static int sv_fleet_encrypt(EVP_CIPHER_CTX *ctx, sv_fleet_keys_t *keys,
    sv_fleet_entry_t *e, unsigned char *value);
static int sv_fleet_decrypt(EVP_CIPHER_CTX *ctx, sv_fleet_keys_t *keys,
    sv_fleet_entry_t *e, const unsigned char *value, size_t len);
static int sv_fleet_head(sv_fleet_entry_t *e, const unsigned char *head);
static time_t sv_fleet_number(const unsigned char *p, int n);


const char *
sv_fleet_keys_read(sv_fleet_keys_t *keys, const char *file)
{
    int            fd;
    ssize_t        n;
    struct stat    st;
    const char    *why;
    unsigned char  secret[SV_FLEET_KEY_MAX];

    fd = open(file, O_RDONLY|O_CLOEXEC|O_NONBLOCK);
    if (fd == -1) {
        return "the file could not be opened";
    }

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        (void) close(fd);
        return "this is not a regular file";
    }

    n = read(fd, secret, sizeof(secret));
    (void) close(fd);

    if (n < SV_FLEET_KEY_MIN) {
        why = "the file needs 32 random octets or more";

    } else if (st.st_size > SV_FLEET_KEY_MAX) {
        why = "the file has more than 4096 octets";

    } else if (st.st_mode & (S_IRWXO|S_IWGRP)) {
        why = "others than its owner and group may read or write the file";

    } else {
        why = sv_fleet_keys_derive(keys, secret, (int) n);
    }

    OPENSSL_cleanse(secret, sizeof(secret));

    return why;
}


/* RFC 5869 in its shortest form: the file is the pseudorandom key, and the use
   is the info. */

static const char *
sv_fleet_keys_derive(sv_fleet_keys_t *keys, const unsigned char *secret,
    int len)
{
    unsigned int   n;
    unsigned char  md[EVP_MAX_MD_SIZE];

    static const unsigned char  names[] = "smtp-verify fleet names\1";
    static const unsigned char  values[] = "smtp-verify fleet values\1";

    if (HMAC(EVP_sha256(), secret, len, names, sizeof(names) - 1, md, &n)
        == NULL)
    {
        return "no key could be derived";
    }

    memcpy(keys->names, md, SV_SIPHASH_LEN);

    if (HMAC(EVP_sha256(), secret, len, values, sizeof(values) - 1, md, &n)
        == NULL)
    {
        return "no key could be derived";
    }

    memcpy(keys->values, md, sizeof(keys->values));
    OPENSSL_cleanse(md, sizeof(md));

    return NULL;
}


size_t
sv_fleet_seal(sv_fleet_keys_t *keys, sv_fleet_entry_t *e,
    unsigned char *value)
{
    int              rc;
    char             head[SV_FLEET_HEAD + 1];
    EVP_CIPHER_CTX  *ctx;

    if (e->len > SV_STORE_MAX || e->rank > 9
        || e->created < 0 || e->expires < 0)
    {
        return 0;
    }

    if (snprintf(head, sizeof(head), "%u %010lu %010lu ", e->rank,
                 (unsigned long) e->expires, (unsigned long) e->created)
        != SV_FLEET_HEAD)
    {
        return 0;
    }

    memcpy(value, head, SV_FLEET_HEAD);

    if (RAND_bytes(value + SV_FLEET_HEAD, SV_FLEET_NONCE) != 1) {
        return 0;
    }

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return 0;
    }

    rc = sv_fleet_encrypt(ctx, keys, e, value);

    EVP_CIPHER_CTX_free(ctx);

    return rc == 0 ? SV_FLEET_OVERHEAD + e->len : 0;
}


static int
sv_fleet_encrypt(EVP_CIPHER_CTX *ctx, sv_fleet_keys_t *keys,
    sv_fleet_entry_t *e, unsigned char *value)
{
    int             n;
    size_t          len;
    unsigned char  *p, *nonce;
    unsigned char   aad[256], body[SV_FLEET_BODY];

    len = sv_fleet_aad(e, value, aad);

    nonce = value + SV_FLEET_HEAD;
    p = nonce + SV_FLEET_NONCE;

    memset(body, 0, sizeof(body));
    memcpy(body, &e->later, sizeof(uint32_t));
    body[4] = (unsigned char) !!e->unasked;

    if (EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, keys->values, nonce)
        != 1
        || EVP_EncryptUpdate(ctx, NULL, &n, aad, (int) len) != 1
        || EVP_EncryptUpdate(ctx, p, &n, body, SV_FLEET_BODY) != 1
        || EVP_EncryptUpdate(ctx, p + SV_FLEET_BODY, &n, e->data,
                             (int) e->len)
           != 1)
    {
        return -1;
    }

    p += SV_FLEET_BODY + e->len;

    if (EVP_EncryptFinal_ex(ctx, p, &n) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SV_FLEET_TAG, p)
           != 1)
    {
        return -1;
    }

    return 0;
}


int
sv_fleet_open(sv_fleet_keys_t *keys, sv_fleet_entry_t *e,
    const unsigned char *value, size_t len)
{
    int              rc;
    EVP_CIPHER_CTX  *ctx;

    if (len < SV_FLEET_OVERHEAD
        || len > SV_FLEET_VALUE
        || sv_fleet_head(e, value) != 0)
    {
        return -1;
    }

    e->len = len - SV_FLEET_OVERHEAD;

    ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL) {
        return -1;
    }

    rc = sv_fleet_decrypt(ctx, keys, e, value, len);

    EVP_CIPHER_CTX_free(ctx);

    return rc;
}


static int
sv_fleet_decrypt(EVP_CIPHER_CTX *ctx, sv_fleet_keys_t *keys,
    sv_fleet_entry_t *e, const unsigned char *value, size_t len)
{
    int                   n;
    size_t                aad_len;
    unsigned char         tag[SV_FLEET_TAG], aad[256], body[SV_FLEET_BODY];
    const unsigned char  *p, *nonce;

    aad_len = sv_fleet_aad(e, value, aad);

    nonce = value + SV_FLEET_HEAD;
    p = nonce + SV_FLEET_NONCE;

    memcpy(tag, value + len - SV_FLEET_TAG, SV_FLEET_TAG);

    if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, keys->values, nonce)
        != 1
        || EVP_DecryptUpdate(ctx, NULL, &n, aad, (int) aad_len) != 1
        || EVP_DecryptUpdate(ctx, body, &n, p, SV_FLEET_BODY) != 1
        || EVP_DecryptUpdate(ctx, e->data, &n, p + SV_FLEET_BODY,
                             (int) e->len)
           != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SV_FLEET_TAG, tag)
           != 1
        || EVP_DecryptFinal_ex(ctx, tag, &n) != 1)
    {
        return -1;
    }

    memcpy(&e->later, body, sizeof(uint32_t));
    e->unasked = body[4];

    return 0;
}


int
sv_fleet_age(const sv_fleet_entry_t *e, time_t now, time_t *age, time_t *left)
{
    if (e->created > now + SV_FLEET_SKEW || e->expires <= now
        || e->expires <= e->created)
    {
        return -1;
    }

    *age = (e->created < now) ? now - e->created : 0;
    *left = e->expires - ((e->created < now) ? now : e->created);

    return 0;
}


uint32_t
sv_fleet_variant(uint32_t variant)
{
    uint32_t     hash;
    const char  *p;

    hash = 2166136261u ^ (uint32_t) sizeof(void *);

    for (p = SV_FLEET_LAYOUT; *p; p++) {
        hash = (hash ^ (unsigned char) *p) * 16777619u;
    }

    return variant ^ hash;
}


static int
sv_fleet_head(sv_fleet_entry_t *e, const unsigned char *head)
{
    time_t  rank;

    rank = sv_fleet_number(head, 1);
    e->expires = sv_fleet_number(head + 2, 10);
    e->created = sv_fleet_number(head + 13, 10);

    if (rank < 0 || e->expires < 0 || e->created < 0
        || head[1] != ' ' || head[12] != ' ' || head[23] != ' ')
    {
        return -1;
    }

    e->rank = (unsigned) rank;

    return 0;
}


static time_t
sv_fleet_number(const unsigned char *p, int n)
{
    time_t  value;

    value = 0;

    while (n--) {
        if (*p < '0' || *p > '9') {
            return -1;
        }

        value = value * 10 + (*p++ - '0');
    }

    return value;
}


/* Writes what is authenticated beside the data: at most 256 octets. */

static size_t
sv_fleet_aad(sv_fleet_entry_t *e, const unsigned char *head,
    unsigned char *aad)
{
    size_t          size;
    uint32_t        kind;
    unsigned char  *p;

    size = sizeof(void *);
    kind = e->kind;

    p = aad;

    memcpy(p, SV_FLEET_LAYOUT, sizeof(SV_FLEET_LAYOUT));
    p += sizeof(SV_FLEET_LAYOUT);
    memcpy(p, &size, sizeof(size_t));
    p += sizeof(size_t);
    memcpy(p, &kind, sizeof(uint32_t));
    p += sizeof(uint32_t);
    memcpy(p, &e->variant, sizeof(uint32_t));
    p += sizeof(uint32_t);
    memcpy(p, e->key, SV_STORE_KEY);
    p += SV_STORE_KEY;
    memcpy(p, head, SV_FLEET_HEAD);
    p += SV_FLEET_HEAD;

    return p - aad;
}
