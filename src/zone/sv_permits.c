
#include "sv_permits.h"
#include "sv_portion.h"


#define SV_PERMITS_MOST  1000000000     /* refused recipients */

#define sv_permits_most(v, most)                                              \
    ((uint32_t) ((v) < (most) ? (v) : (most)))


int
sv_permits_read(const long long *v, uint32_t wanted,
    sv_permits_grant_t *grant)
{
    if (v[0] < 0 || v[0] > (long long) wanted || v[1] < 0 || v[2] < 0
        || v[3] < 0 || v[3] > (long long) UINT32_MAX || v[4] < 0)
    {
        return -1;
    }

    grant->n = (uint32_t) v[0];
    grant->elsewhere = sv_permits_most(v[1], SV_PERMITS_MOST);
    grant->delay = sv_permits_most(v[2], SV_PERMITS_HOUR);
    grant->party = (uint32_t) v[3];
    grant->there = sv_permits_most(v[4], SV_PERMITS_MOST);

    return 0;
}


void
sv_permits_grant(sv_permits_t *p, const sv_permits_grant_t *grant,
    uint32_t used, uint64_t now)
{
    p->n = grant->n > used ? grant->n - used : 0;
    p->full = grant->delay ? now + grant->delay : 0;
}


void
sv_permits_use(sv_permits_t *p)
{
    p->n -= (p->n != 0);
}


/* A probe may ask for two recipients at once.  Whoever waits gets a few, since
   nobody else has them if this machine dies.  Whoever is busy has the safe
   share in reserve. */

uint32_t
sv_permits_wanted(uint32_t budget, uint32_t due, uint32_t waiting,
    uint32_t machines)
{
    uint32_t  want, safe, ahead;

    ahead = budget / 8 > 2 ? budget / 8 : 2;
    ahead = ahead < SV_PERMITS_AHEAD ? ahead : SV_PERMITS_AHEAD;
    ahead = waiting < ahead / 2 ? 2 * waiting : ahead;

    want = due < budget ? due + ahead : budget;

    safe = machines ? budget / 2 / machines : 0;
    want = want > safe ? want : safe;

    return want < budget ? want : budget;
}


uint32_t
sv_permits_alone(const sv_permits_t *p, uint32_t budget, uint32_t used,
    uint32_t machines, uint32_t rank, uint64_t since)
{
    uint32_t  n;

    if (since >= SV_PERMITS_HOUR) {
        n = sv_portion_safe(budget, machines, rank);
        return n > used ? n - used : 0;
    }

    n = sv_portion_safe(2 * (budget / 10), machines, rank);
    n = n > used ? n - used : 0;

    return p->n > n ? p->n : n;
}
