
#include <stdint.h>

#include "sv_siphash.h"


#define SV_ROTL(x, b)  (((x) << (b)) | ((x) >> (64 - (b))))


typedef struct {
    uint64_t  v0;
    uint64_t  v1;
    uint64_t  v2;
    uint64_t  v3;
} sv_siphash_state_t;


static uint64_t sv_siphash_load(const unsigned char *p);
static uint64_t sv_siphash_rest(const unsigned char *p, size_t n);
static void sv_siphash_store(unsigned char *p, uint64_t v);
static inline void sv_siphash_round(sv_siphash_state_t *s);


void
sv_siphash(const unsigned char key[16], const void *data, size_t len,
    unsigned char hash[SV_SIPHASH_LEN])
{
    unsigned              i;
    uint64_t              k0, k1, m;
    const unsigned char  *p, *end;
    sv_siphash_state_t    s;

    k0 = sv_siphash_load(key);
    k1 = sv_siphash_load(key + 8);

    s.v0 = k0 ^ 0x736f6d6570736575ULL;
    s.v1 = k1 ^ 0x646f72616e646f6dULL ^ 0xee;
    s.v2 = k0 ^ 0x6c7967656e657261ULL;
    s.v3 = k1 ^ 0x7465646279746573ULL;

    p = data;
    end = p + (len & ~(size_t) 7);

    for ( /* void */ ; p < end; p += 8) {
        m = sv_siphash_load(p);

        s.v3 ^= m;
        sv_siphash_round(&s);
        sv_siphash_round(&s);
        s.v0 ^= m;
    }

    m = (uint64_t) (len & 0xff) << 56 | sv_siphash_rest(p, len & 7);

    s.v3 ^= m;
    sv_siphash_round(&s);
    sv_siphash_round(&s);
    s.v0 ^= m;

    s.v2 ^= 0xee;

    for (i = 0; i < 4; i++) {
        sv_siphash_round(&s);
    }

    sv_siphash_store(hash, s.v0 ^ s.v1 ^ s.v2 ^ s.v3);

    s.v1 ^= 0xdd;

    for (i = 0; i < 4; i++) {
        sv_siphash_round(&s);
    }

    sv_siphash_store(hash + 8, s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
}


static uint64_t
sv_siphash_load(const unsigned char *p)
{
    return (uint64_t) p[0] | (uint64_t) p[1] << 8 | (uint64_t) p[2] << 16
           | (uint64_t) p[3] << 24 | (uint64_t) p[4] << 32
           | (uint64_t) p[5] << 40 | (uint64_t) p[6] << 48
           | (uint64_t) p[7] << 56;
}


static uint64_t
sv_siphash_rest(const unsigned char *p, size_t n)
{
    uint64_t  v;

    v = 0;

    while (n--) {
        v = v << 8 | p[n];
    }

    return v;
}


static void
sv_siphash_store(unsigned char *p, uint64_t v)
{
    size_t  i;

    for (i = 0; i < 8; i++) {
        p[i] = (unsigned char) (v >> (8 * i));
    }
}


static inline void
sv_siphash_round(sv_siphash_state_t *s)
{
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
