
#include <string.h>

#include "sv_canary.h"


#define SV_CANARY_ASKED  1024       /* recipients; beyond that, both counts are
                                       halved */


static void sv_canary_refused(sv_canary_t *c, uint32_t limit, uint64_t now);
static unsigned sv_canary_is_due(const sv_canary_t *c, uint32_t limit);


unsigned
sv_canary(sv_canary_t *c, sv_canary_seen_e seen, uint32_t limit, uint64_t now)
{
    if (limit == 0) {
        return 0;
    }

    if (c->at && now > c->at + SV_CANARY_TIME) {
        memset(c, 0, sizeof(sv_canary_t));
    }

    switch (seen) {

    case SV_CANARY_REFUSED:
        sv_canary_refused(c, limit, now);
        break;

    case SV_CANARY_ACCEPTED:
        c->run += (c->run < UINT32_MAX);
        break;

    case SV_CANARY_PROVED:
        c->since = 0;
        break;

    case SV_CANARY_TURNED:
        c->since = c->since < limit ? limit : c->since;
        c->watched = 1;
        c->at = now;
        break;

    case SV_CANARY_MANY:
        return c->refused >= SV_CANARY_LEAST
               && c->refused >= limit / SV_CANARY_PART;

    default: /* SV_CANARY_DUE */
        break;
    }

    return sv_canary_is_due(c, limit);
}


static void
sv_canary_refused(sv_canary_t *c, uint32_t limit, uint64_t now)
{
    uint32_t  run;

    run = c->run < SV_CANARY_ASKED ? c->run : SV_CANARY_ASKED;

    c->at = now;
    c->run = 0;
    c->since += (c->since < UINT32_MAX);
    c->refused++;
    c->asked += run + 1;

    if (c->asked > SV_CANARY_ASKED) {
        c->asked /= 2;
        c->refused = (c->refused + 1) / 2;
    }

    if (c->since >= limit) {
        c->watched = 1;
    }
}


static unsigned
sv_canary_is_due(const sv_canary_t *c, uint32_t limit)
{
    if (c->since >= limit) {
        return 1;
    }

    return c->watched && c->refused
           && (uint64_t) c->run * c->refused
              > (uint64_t) SV_CANARY_RUN * c->asked;
}
