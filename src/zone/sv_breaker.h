
/*
 * A circuit breaker.  Faults weigh; their sum halves with time and with each
 * success.  At the threshold it opens for a pause; after that one trial at a
 * time is let through.  A trial that fails doubles the pause, one that goes
 * well closes the breaker.  Plain C with the clock given.
 *
 * A fault is the host's own, or a party's: whoever has the domain that the
 * host was asked about can make it say what it likes.  A party weighs no more
 * than its heaviest fault, however many it has, and never opens the breaker,
 * nor keeps it open, without another party's fault or one of the host's own.
 */


#ifndef _SV_BREAKER_H_INCLUDED_
#define _SV_BREAKER_H_INCLUDED_


#include <stdint.h>


#define SV_BREAKER_THRESHOLD  100
#define SV_BREAKER_HALF_LIFE  60000     /* ms */
#define SV_BREAKER_PARTIES    4         /* remembered */


typedef enum {
    SV_BREAKER_CLOSED = 0,
    SV_BREAKER_OPEN,
    SV_BREAKER_HALF_OPEN
} sv_breaker_state_e;


typedef struct {
    uint32_t    pause;      /* ms, the first one */
    uint32_t    max_pause;
} sv_breaker_conf_t;


typedef struct {
    uint32_t    who;
    uint32_t    weight;     /* its part of the weight, 0: free */
} sv_breaker_party_t;


/* all zero: closed; times in ms */

typedef struct {
    uint64_t            at;         /* of the weights */
    uint64_t            until;      /* 0: closed */
    uint32_t            weight;
    uint32_t            own;        /* the host's part of it */
    uint32_t            pause;      /* the last one */
    sv_breaker_party_t  parties[SV_BREAKER_PARTIES];
} sv_breaker_t;


sv_breaker_state_e sv_breaker_state(const sv_breaker_t *b, uint64_t now);

/* ms to wait where it is open, else 0 */
uint64_t sv_breaker_left(const sv_breaker_t *b, uint64_t now);

/* until when it makes a difference that it is remembered; 0: none */
uint64_t sv_breaker_owed(const sv_breaker_t *b, uint64_t now);

/*
 * who: the party, by a hash; 0: it is the host's own.  1: it has opened by
 * this; faults of what began before it opened add none.
 */
int sv_breaker_fault(sv_breaker_t *b, const sv_breaker_conf_t *conf,
    uint32_t who, unsigned weight, int trial, uint64_t now);

/* 1: it has closed by this; only a trial closes it */
int sv_breaker_success(sv_breaker_t *b, int trial, uint64_t now);


#endif /* _SV_BREAKER_H_INCLUDED_ */
