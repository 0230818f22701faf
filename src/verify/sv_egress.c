
#include "sv_egress.h"


#define SV_EGRESS_BITS  24


static uint64_t sv_egress_mix(uint64_t x);
static uint64_t sv_egress_log2(uint64_t x);


/*
 * -log(u) / weight of a u that is even in 0 to 1: the least of all is that of
 * an identity as often as its weight has of the sum.
 */

uint64_t
sv_egress_rank(uint64_t destination, uint64_t identity, unsigned weight)
{
    uint64_t  u;

    u = sv_egress_mix(destination ^ sv_egress_mix(identity));

    return ((((uint64_t) 64 << SV_EGRESS_BITS) - sv_egress_log2(u))
            << SV_EGRESS_BITS) / weight;
}


/* the finalizer of SplitMix64 */

static uint64_t
sv_egress_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;

    return x ^ (x >> 31);
}


/* by squaring, a bit at a time: the same on each machine */

static uint64_t
sv_egress_log2(uint64_t x)
{
    unsigned  i;
    uint64_t  log, m;

    if (x == 0) {
        return 0;
    }

    log = 63;

    while ((x & 0x8000000000000000u) == 0) {
        x <<= 1;
        log--;
    }

    m = x >> 32;

    for (i = 0; i < SV_EGRESS_BITS; i++) {
        m *= m;
        log <<= 1;

        if (m & 0x8000000000000000u) {
            log |= 1;
            m >>= 32;

        } else {
            m >>= 31;
        }
    }

    return log;
}
