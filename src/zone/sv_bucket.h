
/*
 * A leaky bucket with whole numbers alone: a token is 3,600,000,000 units, so
 * that N an hour leak N units a microsecond, and no time is ever rounded
 * away.  Plain C with the clock given, so that it is tested alone.
 *
 * Times are microseconds: of what is let go each 3 ms, a clock of whole
 * milliseconds would let go a third too early.
 */


#ifndef _SV_BUCKET_H_INCLUDED_
#define _SV_BUCKET_H_INCLUDED_


#include <stdint.h>


#define SV_BUCKET_TOKEN   3600000000u

#define sv_bucket_ms(n)          ((uint64_t) (n) * 1000)

#define sv_bucket_per_second(n)  ((uint64_t) (n) * 3600)
#define sv_bucket_per_minute(n)  ((uint64_t) (n) * 60)
#define sv_bucket_per_hour(n)    ((uint64_t) (n))


/* all zero: empty */

typedef struct {
    uint64_t    excess;     /* units in it … */
    uint64_t    last;       /* … at that time */
} sv_bucket_t;


/* until n more tokens fit in; 0: they do.  rate 0: always */
uint64_t sv_bucket_wait(const sv_bucket_t *b, uint64_t rate, unsigned burst,
    unsigned n, uint64_t now);

/* how many more fit in */
unsigned sv_bucket_room(const sv_bucket_t *b, uint64_t rate, unsigned burst,
    uint64_t now);

/* puts a token in, whether it fits or not */
void sv_bucket_add(sv_bucket_t *b, uint64_t rate, unsigned burst,
    uint64_t now);


#endif /* _SV_BUCKET_H_INCLUDED_ */
