
/*
 * What a store says of limits that machines share, whatever it is: nobody gets
 * more than he has asked for, and nothing for longer than it is valid.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_portion.h"


#define SLOTS   50
#define TOKENS  80
#define PERMITS 30


static void ask(sv_portion_t *p, const long long *v, uint64_t now);
static void permits(sv_permits_t *p, const long long *v, uint64_t now);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t              n;
    uint64_t            now;
    long long           v[SV_PORTION_GRANT];
    sv_portion_t        p;
    sv_permits_t        q;
    sv_portion_fleet_t  fleet;

    memset(&p, 0, sizeof(p));
    memset(&q, 0, sizeof(q));
    now = 1000000;

    for (n = 0; n + sizeof(v) < size; n += sizeof(v) + 1) {

        memcpy(v, data + n, sizeof(v));

        if (sv_portion_read_fleet(v, &fleet) == 0) {
            assert(fleet.rank < fleet.machines);
            assert(fleet.alive <= fleet.machines);
            assert(sv_portion_safe(SLOTS, fleet.machines, fleet.rank)
                   <= SLOTS / 2);
        }

        ask(&p, v, now);
        permits(&q, v + SV_PORTION_LIMITS, now / 1000);

        now += ((uint64_t) data[n + sizeof(v)] + 1) * 10000;
    }

    return 0;
}


static void
ask(sv_portion_t *p, const long long *v, uint64_t now)
{
    uint32_t            had;
    sv_portion_grant_t  grant;

    p->asked = now / 1000;
    (void) sv_portion_back(p, now);

    had = p->tokens + p->later;

    if (sv_portion_read(v, SLOTS, TOKENS, 1000, &grant) == 0) {
        sv_portion_grant(p, &grant, now / 1000, now);

        assert(p->asked == 0);
        assert(p->tokens + p->later <= had + TOKENS);
    }

    assert(sv_portion_slots(p, now / 1000) <= SLOTS);
    assert(sv_portion_slots(p, now / 1000 + SV_PORTION_VALID) == 0);

    /* tokens that are granted again and again are not kept */

    assert(p->tokens + p->later
           <= TOKENS * (SV_PORTION_TOKENS / 10 + 2));

    if (sv_portion_wait(p, 1, now) == 0) {
        assert(p->tokens > 0);
        sv_portion_use(p, 1);
    }
}


static void
permits(sv_permits_t *p, const long long *v, uint64_t now)
{
    sv_permits_grant_t  grant;

    if (sv_permits_read(v, PERMITS, &grant) == 0) {
        sv_permits_grant(p, &grant, 1, now);
        assert(p->full <= now + SV_PERMITS_HOUR);
    }

    assert(p->n < PERMITS);

    sv_permits_use(p);
    assert(sv_permits_alone(p, PERMITS, 0, 2, 0, 0) < PERMITS);
}
