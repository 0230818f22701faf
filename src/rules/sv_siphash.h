
/*
 * SipHash (Aumasson and Bernstein, "SipHash: a fast short-input PRF").  Without
 * the key, nobody can find two inputs with one hash, or the input of a hash.
 */


#ifndef _SV_SIPHASH_H_INCLUDED_
#define _SV_SIPHASH_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <string.h>


#define SV_SIPHASH_LEN    16

#define SV_SIPHASH_NAMES  256
#define SV_SIPHASH_NAME   63    /* octets; longer names are not remembered */


typedef struct {
    unsigned char  key[16];
    unsigned char  hash[SV_SIPHASH_LEN];
    unsigned char  len;         /* 0: empty */
    unsigned char  name[SV_SIPHASH_NAME];
} sv_siphash_name_t;


extern sv_siphash_name_t  sv_siphash_names[];


/* SipHash-2-4 with a hash of 128 bits */
void sv_siphash(const unsigned char key[16], const void *data, size_t len,
    unsigned char hash[SV_SIPHASH_LEN]);

/* for sv_siphash_name() alone */
void sv_siphash_learn(sv_siphash_name_t *s, const unsigned char key[16],
    const void *name, size_t len);

/* SipHash-1-3 with a hash of 64 bits, where nobody can try out inputs */
uint64_t sv_siphash_short(const uint64_t key[2], const void *data,
    size_t len);

/* Sets a random key for sv_siphash_short(). */
void sv_siphash_random(uint64_t key[2]);


/* A fast hash of 16 bits that is not SipHash, for tables in which it does no
   harm if somebody makes inputs collide. */

static inline unsigned
sv_place(const void *data, size_t len)
{
    uint64_t              h, word;
    const unsigned char  *p;

    h = len;

    for (p = data; len >= 8; p += 8, len -= 8) {
        memcpy(&word, p, 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }

    word = 0;
    memcpy(&word, p, len);
    h = (h ^ word) * 0x9e3779b97f4a7c15ULL;

    return (unsigned) (h >> 48);
}


/*
 * sv_siphash() with a memory, which keeps the names in clear: only for those of
 * domains, mail hosts and our own identities, which are hashed again and again,
 * not for anything about people or clients.  Somebody who makes names collide
 * only makes them be hashed again.  Not thread-safe.
 */

static inline void
sv_siphash_name(const unsigned char key[16], const void *name, size_t len,
    unsigned char hash[SV_SIPHASH_LEN])
{
    sv_siphash_name_t  *s;

    s = &sv_siphash_names[sv_place(name, len) % SV_SIPHASH_NAMES];

    if (s->len == 0 || s->len != len || memcmp(s->key, key, 16) != 0
        || memcmp(s->name, name, len) != 0)
    {
        sv_siphash_learn(s, key, name, len);
    }

    memcpy(hash, s->hash, SV_SIPHASH_LEN);
}


#endif /* _SV_SIPHASH_H_INCLUDED_ */
