
/*
 * Counts the recipients that a mail server has refused, and decides when to
 * test whether it still refuses any.  A server that notices many unknown
 * recipients may begin to accept every address; its answers are then useless.
 * So after a number of refused recipients, an accepted one is believed only
 * after the server has refused a canary, which is a random recipient.
 *
 * A server changes its behaviour after a refusal, and from then on refuses
 * nobody.  So after the first canary, the next one is also due when many more
 * recipients in a row were accepted than is usual between two refusals.  Plain
 * C; the caller passes the time.
 */


#ifndef _SV_CANARY_H_INCLUDED_
#define _SV_CANARY_H_INCLUDED_


#include <stdint.h>


#define SV_CANARY_TIME  3600000     /* ms after the last refusal: forget all */
#define SV_CANARY_RUN   3           /* times the mean run between refusals */
#define SV_CANARY_PART  4           /* this part of the limit is many ... */
#define SV_CANARY_LEAST 2           /* ... and at least so many */


/* All zero: nothing is known. */

typedef struct {
    uint64_t    at;         /* ms, last refusal */
    uint32_t    since;      /* refused since the last canary */
    uint32_t    refused;    /* refused in all ... */
    uint32_t    asked;      /* ... of so many asked, without the run */
    uint32_t    run;        /* accepted since the last refusal */
    uint32_t    watched;    /* there was a canary, or one is due */
} sv_canary_t;


typedef enum {
    SV_CANARY_DUE = 0,      /* asks whether a canary is due */
    SV_CANARY_MANY,         /* asks whether so many were refused that the server
                               might turn */
    SV_CANARY_REFUSED,      /* a recipient or canary was refused */
    SV_CANARY_ACCEPTED,     /* a recipient was accepted and believed */
    SV_CANARY_PROVED,       /* the canary was refused */
    SV_CANARY_TURNED        /* the canary was accepted */
} sv_canary_seen_e;


/* Counts what was seen.  Returns 1 if a canary is due now, except for
   SV_CANARY_MANY.  limit: how many refused recipients make one due; 0:
   never. */
unsigned sv_canary(sv_canary_t *c, sv_canary_seen_e seen, uint32_t limit,
    uint64_t now);


#endif /* _SV_CANARY_H_INCLUDED_ */
