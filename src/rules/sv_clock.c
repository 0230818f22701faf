
#include "sv_clock.h"


#ifndef CLOCK_BOOTTIME
#define CLOCK_BOOTTIME  CLOCK_MONOTONIC
#endif


uint64_t
sv_clock_usec(void)
{
    struct timespec  ts;

    if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0) {
        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    }

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}
