
#include "sv_clock.h"


uint64_t
sv_clock_usec(void)
{
    int              rc;
    struct timespec  ts;

    rc = -1;

#ifdef CLOCK_BOOTTIME
    rc = clock_gettime(CLOCK_BOOTTIME, &ts);
#endif

    if (rc != 0) {
        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    }

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}
