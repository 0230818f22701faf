
#include <string.h>

#include "sv_lease.h"


#define SV_LEASE_STRIDE  89             /* odd: each block has its turn */


sv_lease_t *
sv_lease_init(void *mem, uint32_t n)
{
    sv_lease_t  *l = mem;

    memset(l, 0, sizeof(sv_lease_t));

    l->n = n;
    l->times = (uint32_t *) (l + 1);
    l->owners = (unsigned char *) (l->times + n);

    memset(l->times, 0, n * sizeof(uint32_t));
    memset(l->owners, SV_LEASE_CLOSED, n);

    return l;
}


void
sv_lease_open(sv_lease_t *l, uint32_t block)
{
    if (block < l->n && l->owners[block] == SV_LEASE_CLOSED) {
        l->owners[block] = SV_LEASE_FREE;
        l->times[block] = 0;
        l->soonest = 0;
        l->nfree++;
    }
}


int
sv_lease_take(sv_lease_t *l, unsigned owner, uint32_t now, uint32_t *block)
{
    uint32_t  i, b, last, soonest;

    if (l->nfree == 0 || l->soonest > now) {
        return 0;
    }

    soonest = UINT32_MAX;

    last = sv_lease_turns(l);

    for (i = 0; i < last; i++) {

        b = sv_lease_turn(l->at);
        l->at = (l->at + 1) % last;

        if (b >= l->n || l->owners[b] != SV_LEASE_FREE) {
            continue;
        }

        if (l->times[b] > now) {
            soonest = l->times[b] < soonest ? l->times[b] : soonest;
            continue;
        }

        *block = b;

        return sv_lease_take_it(l, owner, now, b);
    }

    /* all were seen, and none may be leased now */

    l->soonest = soonest;

    return 0;
}


int
sv_lease_take_it(sv_lease_t *l, unsigned owner, uint32_t now, uint32_t block)
{
    if (block >= l->n || l->owners[block] != SV_LEASE_FREE
        || l->times[block] > now)
    {
        return 0;
    }

    l->owners[block] = (unsigned char) owner;
    l->nfree--;
    l->nleased++;

    return 1;
}


/* The last chunk may be a part of one. */

uint32_t
sv_lease_turns(const sv_lease_t *l)
{
    return (l->n + SV_LEASE_CHUNK - 1) / SV_LEASE_CHUNK * SV_LEASE_CHUNK;
}


uint32_t
sv_lease_turn(uint32_t i)
{
    return i / SV_LEASE_CHUNK * SV_LEASE_CHUNK
           + i % SV_LEASE_CHUNK * SV_LEASE_STRIDE % SV_LEASE_CHUNK;
}


int
sv_lease_close(sv_lease_t *l, unsigned owner, uint32_t block)
{
    if (block >= l->n || l->owners[block] != owner) {
        return 0;
    }

    l->owners[block] = SV_LEASE_CLOSED;
    l->nleased--;

    return 1;
}


int
sv_lease_give(sv_lease_t *l, unsigned owner, uint32_t block, uint32_t then)
{
    if (block >= l->n || l->owners[block] != owner) {
        return 0;
    }

    l->owners[block] = SV_LEASE_FREE;
    l->times[block] = then;
    l->nleased--;
    l->nfree++;

    if (then < l->soonest) {
        l->soonest = then;
    }

    return 1;
}


uint32_t
sv_lease_reap(sv_lease_t *l, unsigned owner)
{
    uint32_t  b, n;

    n = 0;

    for (b = 0; l->nleased && b < l->n; b++) {

        if (l->owners[b] == owner) {
            n += (uint32_t) sv_lease_give(l, owner, b, 0);
        }
    }

    return n;
}
