
#include "sv_portion.h"


#define SV_PORTION_MOMENT   20000       /* us */
#define SV_PORTION_LONGEST  3600000000u     /* us */


static void sv_portion_advance(sv_portion_t *p, uint64_t now);


int
sv_portion_read_fleet(const long long *v, sv_portion_fleet_t *fleet)
{
    if (v[0] < 1 || v[0] > SV_PORTION_MACHINES || v[1] < 1 || v[1] > v[0]
        || v[2] < 0 || v[2] >= v[0] || v[3] < 0 || v[3] > 1 || v[4] < 0)
    {
        return -1;
    }

    fleet->machines = (uint32_t) v[0];
    fleet->alive = (uint32_t) v[1];
    fleet->rank = (uint32_t) v[2];
    fleet->learning = (uint32_t) v[3];
    fleet->since = (uint64_t) v[4];

    return 0;
}


int
sv_portion_read(const long long *v, uint32_t slots, uint32_t tokens,
    uint32_t spacing, sv_portion_grant_t *grant)
{
    if (v[0] < 0 || v[0] > (long long) slots
        || v[1] < 0 || v[1] > (long long) tokens
        || v[2] < 0 || v[2] > (long long) tokens - v[1]
        || v[3] < 0 || v[4] < 0)
    {
        return -1;
    }

    grant->slots = (uint32_t) v[0];
    grant->tokens = (uint32_t) v[1];
    grant->later = (uint32_t) v[2];
    grant->delay = (uint32_t) (v[3] < SV_PORTION_LONGEST
                               ? v[3] : SV_PORTION_LONGEST);
    grant->spacing = (uint32_t) (v[4] < SV_PORTION_LONGEST
                                 ? v[4] : SV_PORTION_LONGEST);

    if (grant->spacing < spacing) {
        grant->spacing = spacing;
    }

    return 0;
}


void
sv_portion_grant(sv_portion_t *p, const sv_portion_grant_t *grant,
    uint64_t asked, uint64_t now)
{
    if (asked != p->asked) {
        return;
    }

    sv_portion_advance(p, now);

    p->asked = 0;
    p->answered = asked;
    p->until = asked + SV_PORTION_VALID;
    p->slots = grant->slots;
    p->used = 0;

    /* with those that are left they are void, too */

    if (p->tokens + p->later == 0) {
        p->stale = asked + SV_PORTION_TOKENS;
    }

    if (p->later == 0) {
        p->ready = now + grant->delay;
    }

    p->tokens += grant->tokens;
    p->later += grant->later;
    p->spacing = grant->spacing;
}


uint32_t
sv_portion_slots(const sv_portion_t *p, uint64_t now)
{
    return now < p->until ? p->slots : 0;
}


uint64_t
sv_portion_wait(sv_portion_t *p, uint32_t n, uint64_t now)
{
    sv_portion_advance(p, now);

    if (p->tokens >= n) {
        return 0;
    }

    if (p->tokens + p->later < n) {
        return SV_PORTION_MOMENT;
    }

    return p->ready - now + (uint64_t) p->spacing * (n - p->tokens - 1);
}


/* Tokens of later become tokens of now. */

static void
sv_portion_advance(sv_portion_t *p, uint64_t now)
{
    if (now / 1000 >= p->stale) {
        p->unused += p->tokens + p->later;
        p->tokens = 0;
        p->later = 0;
        return;
    }

    while (p->later && p->ready <= now) {
        p->later--;
        p->tokens++;
        p->ready += p->spacing;
    }
}


void
sv_portion_use(sv_portion_t *p, uint32_t n)
{
    p->tokens -= (n < p->tokens ? n : p->tokens);
    p->used += n;
}


uint32_t
sv_portion_back(sv_portion_t *p, uint64_t now)
{
    uint32_t  n;

    sv_portion_advance(p, now);

    n = p->unused;
    p->unused = 0;

    return n;
}


/* Where there are more machines than half of the slots, the first of them have
   one each. */

uint32_t
sv_portion_safe(uint32_t slots, uint32_t machines, uint32_t rank)
{
    uint32_t  n;

    if (machines == 0) {
        return 0;
    }

    n = slots / 2 / machines;

    return n ? n : (rank < slots / 2);
}


uint64_t
sv_portion_safe_rate(uint64_t rate, uint32_t machines)
{
    uint64_t  safe;

    safe = machines ? rate / (2 * (uint64_t) machines) : 0;

    return safe ? safe : 1;
}
