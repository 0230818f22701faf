
#include "sv_egress.h"


#define SV_EGRESS_BITS  24


static uint64_t sv_egress_mix(uint64_t x);
static uint64_t sv_egress_log2(uint64_t x);


/*
 * The rank is -log(u) / weight, with u evenly distributed between 0 and 1.  So
 * an identity has the least rank in proportion to its weight.
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


/* Computed by squaring, one bit at a time, so that it is the same on all
   machines. */

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
