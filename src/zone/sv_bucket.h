
/*
 * A leaky bucket with whole numbers alone: a token is 3,600,000 units, so
 * that N an hour leak N units a millisecond, and no time is ever rounded
 * away.  Plain C with the clock given, so that it is tested alone.
 */


#ifndef _SV_BUCKET_H_INCLUDED_
#define _SV_BUCKET_H_INCLUDED_


#include <stdint.h>


#define SV_BUCKET_TOKEN   3600000u

#define sv_bucket_per_second(n)  ((uint64_t) (n) * 3600)
#define sv_bucket_per_minute(n)  ((uint64_t) (n) * 60)
#define sv_bucket_per_hour(n)    ((uint64_t) (n))


/* all zero: empty */

typedef struct {
    uint64_t    excess;     /* units in it … */
    uint64_t    last;       /* … at that time, ms */
} sv_bucket_t;


/* ms until one more token fits in; 0: it does.  rate 0: always */
uint64_t sv_bucket_wait(const sv_bucket_t *b, uint64_t rate, unsigned burst,
    uint64_t now);

/* how many more fit in */
unsigned sv_bucket_room(const sv_bucket_t *b, uint64_t rate, unsigned burst,
    uint64_t now);

/* puts a token in, whether it fits or not */
void sv_bucket_add(sv_bucket_t *b, uint64_t rate, unsigned burst,
    uint64_t now);


#endif /* _SV_BUCKET_H_INCLUDED_ */
