
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "sv_job_seal.h"
#include "sv_jobs_db.h"
#include "sv_jobs_key.h"


#define SV_JOBS_KEY_MIN   32
#define SV_JOBS_KEY_MAX   4096

/* "svk1", how it is wrapped, a nonce, the key, a tag */

#define SV_JOBS_KEY_MAGIC   "svk1"
#define SV_JOBS_KEY_HOW     4
#define SV_JOBS_KEY_NONCE   5
#define SV_JOBS_KEY_TEXT    (SV_JOBS_KEY_NONCE + SV_JOB_NONCE)
#define SV_JOBS_KEY_SIZE    (SV_JOBS_KEY_TEXT + SV_JOBS_KEY_LEN + SV_JOB_TAG)

#define SV_JOBS_KEY_PLAIN    0
#define SV_JOBS_KEY_WRAPPED  1


static ssize_t sv_jobs_key_load(int fd, unsigned char *buf, size_t size);
static int sv_jobs_key_store(int fd, const unsigned char *buf, size_t len);
static int sv_jobs_key_wrap(const unsigned char *with, const char *id,
    const unsigned char *key, unsigned char *buf);
static int sv_jobs_key_unwrap(const unsigned char *with, const char *id,
    const unsigned char *buf, unsigned char *key);


sv_jobs_e
sv_jobs_key(const char *file, unsigned char *key, sv_jobs_why_t *why)
{
    int            fd, err;
    ssize_t        n;
    unsigned       len;
    unsigned char  buf[SV_JOBS_KEY_MAX + 1];

    fd = open(file, O_RDONLY|O_CLOEXEC|O_NONBLOCK);

    if (fd == -1) {
        err = errno;
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "the key file \"%s\" could not be opened", file);
    }

    n = sv_jobs_key_load(fd, buf, sizeof(buf));
    err = errno;
    (void) close(fd);

    if (n == -1) {
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "the key file \"%s\" could not be read", file);
    }

    while (n > SV_JOBS_KEY_MIN && (buf[n - 1] == '\n' || buf[n - 1] == '\r')) {
        n--;
    }

    if (n < SV_JOBS_KEY_MIN || n > SV_JOBS_KEY_MAX) {
        OPENSSL_cleanse(buf, sizeof(buf));
        return sv_jobs_why(why, SV_JOBS_NO_KEY, 0,
                           "the key file \"%s\" must have %d to %d octets",
                           file, SV_JOBS_KEY_MIN, SV_JOBS_KEY_MAX);
    }

    if (HMAC(EVP_sha256(), "smtp_verify_jobs_store key", 26, buf, (size_t) n,
             key, &len)
        == NULL)
    {
        n = -1;
    }

    OPENSSL_cleanse(buf, sizeof(buf));

    return n != -1 ? SV_JOBS_OK
                   : sv_jobs_why(why, SV_JOBS_FAILED, 0, "OpenSSL failed");
}


static ssize_t
sv_jobs_key_load(int fd, unsigned char *buf, size_t size)
{
    size_t   len;
    ssize_t  n;

    len = 0;

    while (len < size) {
        n = read(fd, buf + len, size - len);

        if (n == -1 && errno == EINTR) {
            continue;
        }

        if (n == -1) {
            return -1;
        }

        if (n == 0) {
            break;
        }

        len += (size_t) n;
    }

    return (ssize_t) len;
}


static int
sv_jobs_key_store(int fd, const unsigned char *buf, size_t len)
{
    size_t   done;
    ssize_t  n;

    done = 0;

    while (done < len) {
        n = pwrite(fd, buf + done, len - done, (off_t) done);

        if (n == -1 && errno != EINTR) {
            return -1;
        }

        if (n > 0) {
            done += (size_t) n;
        }
    }

    return fsync(fd);
}


sv_jobs_e
sv_jobs_key_create(sv_jobs_conf_t *conf, const char *file, const char *id,
    unsigned char *key, sv_jobs_why_t *why)
{
    int            fd, rc, err;
    unsigned char  buf[SV_JOBS_KEY_SIZE];

    memset(buf, 0, sizeof(buf));
    memcpy(buf, SV_JOBS_KEY_MAGIC, 4);

    if (RAND_bytes(key, SV_JOBS_KEY_LEN) != 1) {
        return sv_jobs_why(why, SV_JOBS_FAILED, 0,
                           "OpenSSL has no random octets");
    }

    if (conf->key == NULL) {
        buf[SV_JOBS_KEY_HOW] = SV_JOBS_KEY_PLAIN;
        memcpy(buf + SV_JOBS_KEY_TEXT, key, SV_JOBS_KEY_LEN);

    } else if (sv_jobs_key_wrap(conf->key, id, key, buf) == -1) {
        return sv_jobs_why(why, SV_JOBS_FAILED, 0,
                           "OpenSSL could not wrap a key");
    }

    fd = open(file, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC|O_NOFOLLOW, 0600);

    if (fd == -1) {
        err = errno;
        OPENSSL_cleanse(buf, sizeof(buf));
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "\"%s\" could not be created", file);
    }

    rc = sv_jobs_key_store(fd, buf, sizeof(buf));
    err = errno;
    (void) close(fd);
    OPENSSL_cleanse(buf, sizeof(buf));

    if (rc == -1) {
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "\"%s\" could not be written", file);
    }

    return SV_JOBS_OK;
}


sv_jobs_e
sv_jobs_key_read(sv_jobs_conf_t *conf, const char *file, const char *id,
    unsigned char *key, sv_jobs_why_t *why)
{
    int            fd, err;
    ssize_t        n;
    sv_jobs_e      rc;
    unsigned char  buf[SV_JOBS_KEY_SIZE + 1];

    fd = open(file, O_RDONLY|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);

    if (fd == -1) {
        err = errno;
        return sv_jobs_why(why, err == ENOENT ? SV_JOBS_NO_KEY
                                              : sv_jobs_errno(err),
                           err, "the key \"%s\" could not be opened", file);
    }

    n = sv_jobs_key_load(fd, buf, sizeof(buf));
    err = errno;
    (void) close(fd);

    if (n == -1) {
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "the key \"%s\" could not be read", file);
    }

    rc = SV_JOBS_OK;

    if (n != SV_JOBS_KEY_SIZE || memcmp(buf, SV_JOBS_KEY_MAGIC, 4) != 0
        || buf[SV_JOBS_KEY_HOW] > SV_JOBS_KEY_WRAPPED)
    {
        rc = sv_jobs_why(why, SV_JOBS_NO_KEY, 0, "\"%s\" is not a key of a job",
                         file);

    } else if (buf[SV_JOBS_KEY_HOW] == SV_JOBS_KEY_PLAIN) {
        memcpy(key, buf + SV_JOBS_KEY_TEXT, SV_JOBS_KEY_LEN);

    } else if (conf->key == NULL) {
        rc = sv_jobs_why(why, SV_JOBS_NO_KEY, 0,
                         "the key \"%s\" is wrapped, and no \"key=\" is "
                         "configured", file);

    } else if (sv_jobs_key_unwrap(conf->key, id, buf, key) == -1) {
        rc = sv_jobs_why(why, SV_JOBS_NO_KEY, 0,
                         "the key \"%s\" is wrapped by another one than that "
                         "of \"key=\"", file);
    }

    OPENSSL_cleanse(buf, sizeof(buf));

    return rc;
}


static int
sv_jobs_key_wrap(const unsigned char *with, const char *id,
    const unsigned char *key, unsigned char *buf)
{
    int              n, ok;
    unsigned char   *text;
    EVP_CIPHER_CTX  *ctx;

    text = buf + SV_JOBS_KEY_TEXT;
    buf[SV_JOBS_KEY_HOW] = SV_JOBS_KEY_WRAPPED;

    if (RAND_bytes(buf + SV_JOBS_KEY_NONCE, SV_JOB_NONCE) != 1) {
        return -1;
    }

    ctx = EVP_CIPHER_CTX_new();

    ok = ctx
         && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, with,
                               buf + SV_JOBS_KEY_NONCE)
         && EVP_EncryptUpdate(ctx, NULL, &n, (const unsigned char *) id,
                              SV_JOBS_ID_LEN)
         && EVP_EncryptUpdate(ctx, text, &n, key, SV_JOBS_KEY_LEN)
         && EVP_EncryptFinal_ex(ctx, text + n, &n)
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, SV_JOB_TAG,
                                text + SV_JOBS_KEY_LEN);

    EVP_CIPHER_CTX_free(ctx);

    return ok ? 0 : -1;
}


static int
sv_jobs_key_unwrap(const unsigned char *with, const char *id,
    const unsigned char *buf, unsigned char *key)
{
    int                   n, ok;
    EVP_CIPHER_CTX       *ctx;
    const unsigned char  *text;

    text = buf + SV_JOBS_KEY_TEXT;
    ctx = EVP_CIPHER_CTX_new();

    ok = ctx
         && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, with,
                               buf + SV_JOBS_KEY_NONCE)
         && EVP_DecryptUpdate(ctx, NULL, &n, (const unsigned char *) id,
                              SV_JOBS_ID_LEN)
         && EVP_DecryptUpdate(ctx, key, &n, text, SV_JOBS_KEY_LEN)
         && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, SV_JOB_TAG,
                                (void *) (text + SV_JOBS_KEY_LEN))
         && EVP_DecryptFinal_ex(ctx, key + n, &n) == 1;

    EVP_CIPHER_CTX_free(ctx);

    return ok ? 0 : -1;
}


sv_jobs_e
sv_jobs_key_destroy(const char *file, sv_jobs_why_t *why)
{
    int            fd, rc, err;
    struct stat    st;
    unsigned char  buf[SV_JOBS_KEY_SIZE];

    fd = open(file, O_WRONLY|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);

    if (fd == -1 && errno == ENOENT) {
        return SV_JOBS_OK;
    }

    if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
        err = errno;

        if (fd != -1) {
            (void) close(fd);
        }

        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "the key \"%s\" could not be opened", file);
    }

    rc = RAND_bytes(buf, sizeof(buf)) == 1
         ? sv_jobs_key_store(fd, buf, sizeof(buf)) : -1;

    err = errno;
    (void) close(fd);

    if (rc == -1) {
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "the key \"%s\" could not be overwritten", file);
    }

    return SV_JOBS_OK;
}
