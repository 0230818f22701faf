
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>

#include "sv_siphash.h"


#define SV_ROTL(x, b)  (((x) << (b)) | ((x) >> (64 - (b))))


typedef struct {
    uint64_t  v0;
    uint64_t  v1;
    uint64_t  v2;
    uint64_t  v3;
} sv_siphash_state_t;


static inline void sv_siphash_init(sv_siphash_state_t *s, uint64_t k0,
    uint64_t k1);
static inline void sv_siphash_absorb(sv_siphash_state_t *s,
    const unsigned char *p, size_t len, unsigned rounds);
static inline void sv_siphash_word(sv_siphash_state_t *s, uint64_t m,
    unsigned rounds);
static inline uint64_t sv_siphash_squeeze(sv_siphash_state_t *s,
    unsigned rounds);
static inline void sv_siphash_rounds(sv_siphash_state_t *s, unsigned n);
static inline uint64_t sv_siphash_load(const unsigned char *p);
static inline uint64_t sv_siphash_rest(const unsigned char *p, size_t n);
static void sv_siphash_store(unsigned char *p, uint64_t v);


sv_siphash_name_t  sv_siphash_names[SV_SIPHASH_NAMES];


void
sv_siphash(const unsigned char key[16], const void *data, size_t len,
    unsigned char hash[SV_SIPHASH_LEN])
{
    sv_siphash_state_t  s;

    sv_siphash_init(&s, sv_siphash_load(key), sv_siphash_load(key + 8));

    s.v1 ^= 0xee;
    sv_siphash_absorb(&s, data, len, 2);

    s.v2 ^= 0xee;
    sv_siphash_store(hash, sv_siphash_squeeze(&s, 4));

    s.v1 ^= 0xdd;
    sv_siphash_store(hash + 8, sv_siphash_squeeze(&s, 4));
}


uint64_t
sv_siphash_short(const uint64_t key[2], const void *data, size_t len)
{
    sv_siphash_state_t  s;

    sv_siphash_init(&s, key[0], key[1]);
    sv_siphash_absorb(&s, data, len, 1);

    s.v2 ^= 0xff;

    return sv_siphash_squeeze(&s, 3);
}


static inline void
sv_siphash_init(sv_siphash_state_t *s, uint64_t k0, uint64_t k1)
{
    s->v0 = k0 ^ 0x736f6d6570736575ULL;
    s->v1 = k1 ^ 0x646f72616e646f6dULL;
    s->v2 = k0 ^ 0x6c7967656e657261ULL;
    s->v3 = k1 ^ 0x7465646279746573ULL;
}


static inline void
sv_siphash_absorb(sv_siphash_state_t *s, const unsigned char *p, size_t len,
    unsigned rounds)
{
    const unsigned char  *end;

    end = p + (len & ~(size_t) 7);

    for ( /* void */ ; p < end; p += 8) {
        sv_siphash_word(s, sv_siphash_load(p), rounds);
    }

    sv_siphash_word(s, (uint64_t) (len & 0xff) << 56
                       | sv_siphash_rest(p, len & 7), rounds);
}


static inline void
sv_siphash_word(sv_siphash_state_t *s, uint64_t m, unsigned rounds)
{
    s->v3 ^= m;
    sv_siphash_rounds(s, rounds);
    s->v0 ^= m;
}


static inline uint64_t
sv_siphash_squeeze(sv_siphash_state_t *s, unsigned rounds)
{
    sv_siphash_rounds(s, rounds);

    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}


static inline void
sv_siphash_rounds(sv_siphash_state_t *s, unsigned n)
{
    while (n--) {
        s->v0 += s->v1;
        s->v1 = SV_ROTL(s->v1, 13) ^ s->v0;
        s->v0 = SV_ROTL(s->v0, 32);

        s->v2 += s->v3;
        s->v3 = SV_ROTL(s->v3, 16) ^ s->v2;

        s->v0 += s->v3;
        s->v3 = SV_ROTL(s->v3, 21) ^ s->v0;

        s->v2 += s->v1;
        s->v1 = SV_ROTL(s->v1, 17) ^ s->v2;
        s->v2 = SV_ROTL(s->v2, 32);
    }
}


static inline uint64_t
sv_siphash_load(const unsigned char *p)
{
    return (uint64_t) p[0] | (uint64_t) p[1] << 8 | (uint64_t) p[2] << 16
           | (uint64_t) p[3] << 24 | (uint64_t) p[4] << 32
           | (uint64_t) p[5] << 40 | (uint64_t) p[6] << 48
           | (uint64_t) p[7] << 56;
}


static inline uint64_t
sv_siphash_rest(const unsigned char *p, size_t n)
{
    uint64_t  v;

    v = 0;

    while (n--) {
        v = v << 8 | p[n];
    }

    return v;
}


/* The compiler makes a single store of it, but not of a loop. */

static void
sv_siphash_store(unsigned char *p, uint64_t v)
{
    p[0] = (unsigned char) v;
    p[1] = (unsigned char) (v >> 8);
    p[2] = (unsigned char) (v >> 16);
    p[3] = (unsigned char) (v >> 24);
    p[4] = (unsigned char) (v >> 32);
    p[5] = (unsigned char) (v >> 40);
    p[6] = (unsigned char) (v >> 48);
    p[7] = (unsigned char) (v >> 56);
}


void
sv_siphash_learn(sv_siphash_name_t *s, const unsigned char key[16],
    const void *name, size_t len)
{
    sv_siphash(key, name, len, s->hash);

    if (len <= SV_SIPHASH_NAME) {
        memcpy(s->key, key, 16);
        memcpy(s->name, name, len);
        s->len = (unsigned char) len;

    } else {
        s->len = 0;
    }
}


void
sv_siphash_random(uint64_t key[2])
{
    struct timespec  ts;

    if (getrandom(key, 2 * sizeof(uint64_t), GRND_NONBLOCK)
        == (ssize_t) (2 * sizeof(uint64_t)))
    {
        return;
    }

    /* early at boot; this is good enough, as the operator chooses the
       entries */

    clock_gettime(CLOCK_MONOTONIC, &ts);

    key[0] = ((uint64_t) ts.tv_sec << 32) ^ ts.tv_nsec;
    key[1] = ((uint64_t) getpid() << 32) ^ (uintptr_t) key;
}
