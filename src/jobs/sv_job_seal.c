
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "sv_job_seal.h"


#define SV_JOB_SEAL_AAD  9


static int sv_job_seal_subkey(const unsigned char *key, const char *name,
    unsigned char *subkey);
static void sv_job_seal_aad(sv_job_seal_e kind, uint64_t pos,
    unsigned char *aad);


int
sv_job_seal_init(sv_job_seal_t *seal, const unsigned char *key)
{
    int            rc;
    unsigned char  subkey[32];

    memset(seal, 0, sizeof(sv_job_seal_t));

    rc = -1;

    if (sv_job_seal_subkey(key, "dest", subkey) == -1) {
        return -1;
    }

    memcpy(seal->dest, subkey, sizeof(seal->dest));

    seal->enc = EVP_CIPHER_CTX_new();
    seal->dec = EVP_CIPHER_CTX_new();

    /* the schedule of the key is made once, here */

    if (seal->enc && seal->dec
        && sv_job_seal_subkey(key, "seal", subkey) == 0
        && RAND_bytes(seal->prefix, sizeof(seal->prefix)) == 1
        && EVP_EncryptInit_ex(seal->enc, EVP_aes_256_gcm(), NULL, subkey, NULL)
        && EVP_DecryptInit_ex(seal->dec, EVP_aes_256_gcm(), NULL, subkey, NULL))
    {
        rc = 0;
    }

    OPENSSL_cleanse(subkey, sizeof(subkey));

    if (rc == -1) {
        sv_job_seal_free(seal);
    }

    return rc;
}


void
sv_job_seal_free(sv_job_seal_t *seal)
{
    EVP_CIPHER_CTX_free(seal->enc);
    EVP_CIPHER_CTX_free(seal->dec);
    OPENSSL_cleanse(seal, sizeof(sv_job_seal_t));
}


static int
sv_job_seal_subkey(const unsigned char *key, const char *name,
    unsigned char *subkey)
{
    unsigned  len;

    return HMAC(EVP_sha256(), key, SV_JOBS_KEY_LEN,
                (const unsigned char *) name, strlen(name), subkey, &len)
           ? 0 : -1;
}


int
sv_job_seal_nonces(sv_job_seal_t *seal, unsigned n, unsigned char *nonce)
{
    uint32_t  counter;

    if (seal->counter > UINT32_MAX - n) {
        if (RAND_bytes(seal->prefix, sizeof(seal->prefix)) != 1) {
            return -1;
        }

        seal->counter = 0;
    }

    counter = seal->counter;
    seal->counter += n;

    memcpy(nonce, seal->prefix, 8);
    nonce[8] = (unsigned char) (counter >> 24);
    nonce[9] = (unsigned char) (counter >> 16);
    nonce[10] = (unsigned char) (counter >> 8);
    nonce[11] = (unsigned char) counter;

    return 0;
}


void
sv_job_seal_next(unsigned char *nonce)
{
    unsigned  i;

    for (i = SV_JOB_NONCE; i-- > 8; /* void */ ) {
        if (++nonce[i]) {
            break;
        }
    }
}


static void
sv_job_seal_aad(sv_job_seal_e kind, uint64_t pos, unsigned char *aad)
{
    unsigned  i;

    aad[0] = (unsigned char) kind;

    for (i = 1; i < SV_JOB_SEAL_AAD; i++) {
        aad[i] = (unsigned char) pos;
        pos >>= 8;
    }
}


int
sv_job_seal(sv_job_seal_t *seal, sv_job_seal_e kind, uint64_t pos,
    const unsigned char *nonce, const unsigned char *text, size_t len,
    unsigned char *out)
{
    int            n;
    unsigned char  aad[SV_JOB_SEAL_AAD];

    sv_job_seal_aad(kind, pos, aad);

    if (EVP_EncryptInit_ex(seal->enc, NULL, NULL, NULL, nonce) != 1
        || EVP_EncryptUpdate(seal->enc, NULL, &n, aad, sizeof(aad)) != 1
        || EVP_EncryptUpdate(seal->enc, out, &n, text, (int) len) != 1
        || EVP_EncryptFinal_ex(seal->enc, out + len, &n) != 1
        || EVP_CIPHER_CTX_ctrl(seal->enc, EVP_CTRL_AEAD_GET_TAG, SV_JOB_TAG,
                               out + len)
           != 1)
    {
        return -1;
    }

    return 0;
}


int
sv_job_unseal(sv_job_seal_t *seal, sv_job_seal_e kind, uint64_t pos,
    const unsigned char *nonce, const unsigned char *data, size_t len,
    unsigned char *out)
{
    int            n;
    unsigned char  aad[SV_JOB_SEAL_AAD];

    if (len < SV_JOB_TAG) {
        return -1;
    }

    len -= SV_JOB_TAG;
    sv_job_seal_aad(kind, pos, aad);

    if (EVP_DecryptInit_ex(seal->dec, NULL, NULL, NULL, nonce) != 1
        || EVP_DecryptUpdate(seal->dec, NULL, &n, aad, sizeof(aad)) != 1
        || EVP_DecryptUpdate(seal->dec, out, &n, data, (int) len) != 1
        || EVP_CIPHER_CTX_ctrl(seal->dec, EVP_CTRL_AEAD_SET_TAG, SV_JOB_TAG,
                               (void *) (data + len))
           != 1
        || EVP_DecryptFinal_ex(seal->dec, out + len, &n) != 1)
    {
        OPENSSL_cleanse(out, len);
        return -1;
    }

    return 0;
}
