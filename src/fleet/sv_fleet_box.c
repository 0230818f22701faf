
#include "sv_fleet_box.h"
#include "sv_version.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <string.h>


#define SV_FLEET_BOX_LAYOUT  "smtp-verify box " SV_VERSION


static int sv_fleet_box_key(const sv_fleet_keys_t *keys, unsigned char *key);
static int sv_fleet_box_do(EVP_CIPHER_CTX *ctx, int seals,
    const unsigned char *key, const sv_str_t *name,
    const unsigned char *nonce, const unsigned char *data, size_t len,
    unsigned char *out, unsigned char *tag);


size_t
sv_fleet_box_seal(const sv_fleet_keys_t *keys, const sv_str_t *name,
    const unsigned char *data, size_t len, unsigned char *out)
{
    int              rc;
    unsigned char    key[EVP_MAX_MD_SIZE];
    EVP_CIPHER_CTX  *ctx;

    if (RAND_bytes(out, SV_FLEET_NONCE) != 1
        || sv_fleet_box_key(keys, key) != 0)
    {
        return 0;
    }

    ctx = EVP_CIPHER_CTX_new();

    rc = ctx ? sv_fleet_box_do(ctx, 1, key, name, out, data, len,
                               out + SV_FLEET_NONCE,
                               out + SV_FLEET_NONCE + len)
             : -1;

    EVP_CIPHER_CTX_free(ctx);
    OPENSSL_cleanse(key, sizeof(key));

    return rc == 0 ? len + SV_FLEET_BOX : 0;
}


int
sv_fleet_box_open(const sv_fleet_keys_t *keys, const sv_str_t *name,
    const unsigned char *data, size_t len, unsigned char *out, size_t *n)
{
    int              rc;
    unsigned char    key[EVP_MAX_MD_SIZE], tag[SV_FLEET_TAG];
    EVP_CIPHER_CTX  *ctx;

    if (len < SV_FLEET_BOX || sv_fleet_box_key(keys, key) != 0) {
        return -1;
    }

    *n = len - SV_FLEET_BOX;
    memcpy(tag, data + SV_FLEET_NONCE + *n, SV_FLEET_TAG);

    ctx = EVP_CIPHER_CTX_new();

    rc = ctx ? sv_fleet_box_do(ctx, 0, key, name, data,
                               data + SV_FLEET_NONCE, *n, out, tag)
             : -1;

    EVP_CIPHER_CTX_free(ctx);
    OPENSSL_cleanse(key, sizeof(key));

    return rc;
}


static int
sv_fleet_box_key(const sv_fleet_keys_t *keys, unsigned char *key)
{
    unsigned int  n;

    static const unsigned char  info[] = "smtp-verify fleet boxes\1";

    return HMAC(EVP_sha256(), keys->values, sizeof(keys->values), info,
                sizeof(info) - 1, key, &n)
           ? 0 : -1;
}


static int
sv_fleet_box_do(EVP_CIPHER_CTX *ctx, int seals, const unsigned char *key,
    const sv_str_t *name, const unsigned char *nonce,
    const unsigned char *data, size_t len, unsigned char *out,
    unsigned char *tag)
{
    int            n;
    size_t         size;
    unsigned char  aad[sizeof(SV_FLEET_BOX_LAYOUT) + sizeof(uint32_t)
                       + SV_FLEET_BOX_NAME];

    if (name->len > SV_FLEET_BOX_NAME) {
        return -1;
    }

    /* what is in the message has the layout of this kind of machine */

    size = sizeof(SV_FLEET_BOX_LAYOUT);
    memcpy(aad, SV_FLEET_BOX_LAYOUT, size);
    n = (int) sizeof(void *);
    memcpy(aad + size, &n, sizeof(uint32_t));
    size += sizeof(uint32_t);
    memcpy(aad + size, name->data, name->len);
    size += name->len;

    if (EVP_CipherInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce, seals) != 1
        || EVP_CipherUpdate(ctx, NULL, &n, aad, (int) size) != 1
        || EVP_CipherUpdate(ctx, out, &n, data, (int) len) != 1
        || (!seals && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG,
                                          SV_FLEET_TAG, tag)
                      != 1)
        || EVP_CipherFinal_ex(ctx, out + n, &n) != 1
        || (seals && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG,
                                         SV_FLEET_TAG, tag)
                     != 1))
    {
        return -1;
    }

    return 0;
}


void
sv_fleet_alias(const sv_fleet_keys_t *keys, const char *what,
    unsigned char *alias)
{
    size_t         i;
    unsigned char  hash[SV_SIPHASH_LEN];

    static const char  hex[] = "0123456789abcdef";

    sv_siphash(keys->names, what, strlen(what), hash);

    for (i = 0; i < SV_SIPHASH_LEN; i++) {
        *alias++ = (unsigned char) hex[hash[i] >> 4];
        *alias++ = (unsigned char) hex[hash[i] & 0xf];
    }
}
