
/*
 * What another machine of a fleet has told: no pause, budget or time is beyond
 * its bounds.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_told.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t       now;
    sv_told_t      told;
    unsigned char  again[SV_TOLD_SIZE];

    if (size < sizeof(now)) {
        return 0;
    }

    memcpy(&now, data, sizeof(now));
    now >>= 16;

    memset(&told, 0, sizeof(told));

    if (sv_told_read(&told, data + sizeof(now), size - sizeof(now), now)
        != 0)
    {
        return 0;
    }

    assert(size - sizeof(now) == SV_TOLD_SIZE);
    assert(told.what >= SV_TOLD_OPEN && told.what <= SV_TOLD_FALLEN);
    assert(told.why < 32);
    assert(told.sent <= now + SV_TOLD_SKEW);
    assert(told.pause <= SV_TOLD_PAUSE);
    assert(told.left <= SV_TOLD_BUDGET);
    assert(told.what != SV_TOLD_OPEN || told.left <= SV_TOLD_PAUSE);
    assert(told.what != SV_TOLD_FALLEN || told.level > 0);

    sv_told_write(&told, again);

    return 0;
}
