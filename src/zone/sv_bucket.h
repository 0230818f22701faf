
/*
 * A leaky bucket in integer arithmetic.  A token is 3,600,000,000 units, so
 * that a rate of N per hour leaks N units per microsecond, and no time is lost
 * by rounding.  Plain C; the caller passes the time.
 *
 * Times are in microseconds: with a clock of milliseconds, a rate of one in 3
 * ms could be exceeded by a third.
 */


#ifndef _SV_BUCKET_H_INCLUDED_
#define _SV_BUCKET_H_INCLUDED_


#include <stdint.h>


#define SV_BUCKET_TOKEN   3600000000u

#define sv_bucket_ms(n)          ((uint64_t) (n) * 1000)

#define sv_bucket_per_second(n)  ((uint64_t) (n) * 3600)
#define sv_bucket_per_minute(n)  ((uint64_t) (n) * 60)
#define sv_bucket_per_hour(n)    ((uint64_t) (n))


/* All zero is an empty bucket. */

typedef struct {
    uint64_t    excess;     /* units in the bucket ... */
    uint64_t    last;       /* ... at this time */
} sv_bucket_t;


/* If the clock goes back, nothing leaks. */

static inline uint64_t
sv_bucket_level(const sv_bucket_t *b, uint64_t rate, uint64_t now)
{
    uint64_t  elapsed;

    if (now <= b->last) {
        return b->excess;
    }

    elapsed = now - b->last;

    if (rate != 0 && elapsed >= b->excess / rate + 1) {
        return 0;
    }

    return b->excess - elapsed * rate;
}


/* Returns the microseconds until n more tokens fit in; 0 if they do now, or if
   the rate is 0. */

static inline uint64_t
sv_bucket_wait(const sv_bucket_t *b, uint64_t rate, unsigned burst,
    unsigned n, uint64_t now)
{
    uint64_t  level, room;

    if (rate == 0) {
        return 0;
    }

    level = sv_bucket_level(b, rate, now) + (uint64_t) n * SV_BUCKET_TOKEN;
    room = ((uint64_t) burst + 1) * SV_BUCKET_TOKEN;

    if (level <= room) {
        return 0;
    }

    return (level - room + rate - 1) / rate;
}


/* Returns how many more tokens fit in. */

static inline unsigned
sv_bucket_room(const sv_bucket_t *b, uint64_t rate, unsigned burst,
    uint64_t now)
{
    uint64_t  level, room;

    level = sv_bucket_level(b, rate, now);
    room = (uint64_t) burst * SV_BUCKET_TOKEN;

    return level > room ? 0 : (unsigned) ((room - level) / SV_BUCKET_TOKEN)
                              + 1;
}


/* Puts a token in, even if it does not fit.  What exceeds a second burst is not
   counted, so that nobody waits for ever. */

static inline void
sv_bucket_add(sv_bucket_t *b, uint64_t rate, unsigned burst, uint64_t now)
{
    uint64_t  level, most;

    level = sv_bucket_level(b, rate, now) + SV_BUCKET_TOKEN;
    most = ((uint64_t) burst * 2 + 2) * SV_BUCKET_TOKEN;

    b->excess = level < most ? level : most;

    if (now > b->last) {
        b->last = now;
    }
}


#endif /* _SV_BUCKET_H_INCLUDED_ */
