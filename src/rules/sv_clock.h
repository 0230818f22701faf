
/*
 * The clock for all times in shared memory, and for times below a millisecond.
 * All processes share it, nobody sets it, it goes on while the machine sleeps,
 * and it has 64 bits on any machine.  nginx's ngx_current_msec is as wide as a
 * pointer: on 32-bit machines it starts again after 49.7 days, and a breaker
 * that is open then would stay open for that long.
 */


#ifndef _SV_CLOCK_H_INCLUDED_
#define _SV_CLOCK_H_INCLUDED_


#include <stdint.h>
#include <time.h>


#ifndef CLOCK_BOOTTIME
#define CLOCK_BOOTTIME  CLOCK_MONOTONIC
#endif


static inline uint64_t
sv_clock_usec(void)
{
    struct timespec  ts;

    if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0) {
        (void) clock_gettime(CLOCK_MONOTONIC, &ts);
    }

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


#define sv_clock_msec()  (sv_clock_usec() / 1000)
#define sv_clock_sec()   ((time_t) (sv_clock_usec() / 1000000))


#endif /* _SV_CLOCK_H_INCLUDED_ */
