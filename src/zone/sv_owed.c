
#include "sv_owed.h"


#define SV_OWED_REACHED  ((uint64_t) 1 << 61)
#define SV_OWED_OWES     ((uint64_t) 1 << 62)


uint64_t
sv_owed_rank(uint64_t seen, uint64_t connected, uint64_t owed, uint64_t now)
{
    if (owed > now) {
        return owed - now > SV_OWED_LONG ? SV_OWED_KEEP
                                         : SV_OWED_OWES + (owed - now);
    }

    return connected ? SV_OWED_REACHED + seen : seen;
}
