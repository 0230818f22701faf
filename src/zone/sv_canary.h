
/*
 * How many recipients a mail server has refused, and whether it still refuses
 * any.  A server that is being harvested may begin to accept everybody: from
 * then on no answer of it tells the two apart.  So after a number of refused
 * recipients an accepted one is believed only once a random recipient, a
 * canary, was refused again.
 *
 * A server that turns does so after a refusal, and refuses nobody any more.
 * After the first canary the next one is therefore due, too, as soon as many
 * more recipients in a row were accepted than between two refusals so far.
 * Plain C with the clock given.
 */


#ifndef _SV_CANARY_H_INCLUDED_
#define _SV_CANARY_H_INCLUDED_


#include <stdint.h>


#define SV_CANARY_TIME  3600000     /* ms: forgotten after the last refusal */
#define SV_CANARY_RUN   3           /* times the mean between two refusals */


/* all zero: nothing is known */

typedef struct {
    uint64_t    at;         /* ms, of the last refusal */
    uint32_t    since;      /* refused since the last canary */
    uint32_t    refused;    /* of all … */
    uint32_t    asked;      /* … that were asked before the run */
    uint32_t    run;        /* accepted since the last refusal */
    uint32_t    watched;    /* there was a canary, or one is due */
} sv_canary_t;


typedef enum {
    SV_CANARY_DUE = 0,      /* nothing happened: is one due? */
    SV_CANARY_REFUSED,      /* a recipient, be it the canary */
    SV_CANARY_ACCEPTED,     /* a recipient, and that was believed */
    SV_CANARY_PROVED,       /* the canary was refused */
    SV_CANARY_TURNED        /* the canary was accepted */
} sv_canary_seen_e;


/* 1: a canary is due now; limit: refused recipients until then, 0: never */
unsigned sv_canary(sv_canary_t *c, sv_canary_seen_e seen, uint32_t limit,
    uint64_t now);


#endif /* _SV_CANARY_H_INCLUDED_ */
