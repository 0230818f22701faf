
/*
 * A circuit breaker.  Faults have weights; their sum is halved with time and
 * with each success.  At the threshold the breaker opens for a pause.  After
 * the pause it lets in one trial at a time.  A trial that fails doubles the
 * pause, one that succeeds closes the breaker.  Plain C; the caller passes the
 * time.
 *
 * A fault is either the host's own, or that of a party: the owner of the domain
 * that the host was asked about, who can make the host reply anything.  A party
 * counts only with its heaviest fault, however many it causes.  One party alone
 * never opens the breaker, nor keeps it open: this takes a fault of another
 * party, or of the host.
 */


#ifndef _SV_BREAKER_H_INCLUDED_
#define _SV_BREAKER_H_INCLUDED_


#include <stdint.h>


#define SV_BREAKER_THRESHOLD  100
#define SV_BREAKER_HALF_LIFE  60000     /* ms */
#define SV_BREAKER_PARTIES    4         /* parties that are remembered */


typedef enum {
    SV_BREAKER_CLOSED = 0,
    SV_BREAKER_OPEN,
    SV_BREAKER_HALF_OPEN
} sv_breaker_state_e;


typedef struct {
    uint32_t    pause;      /* ms, of the first pause */
    uint32_t    max_pause;
} sv_breaker_conf_t;


typedef struct {
    uint32_t    who;
    uint32_t    weight;     /* its part of the sum; 0: free */
} sv_breaker_party_t;


/* All zero is a closed breaker.  Times are in ms. */

typedef struct {
    uint64_t            at;         /* when the weights were computed */
    uint64_t            until;      /* end of the pause; 0: closed */
    uint32_t            weight;
    uint32_t            own;        /* the host's part of the sum */
    uint32_t            pause;      /* the last pause */
    sv_breaker_party_t  parties[SV_BREAKER_PARTIES];
} sv_breaker_t;


/* Returns until when (ms) the breaker must be remembered; 0 if it need not
   be. */
uint64_t sv_breaker_owed(const sv_breaker_t *b, uint64_t now);

/*
 * Counts a fault.  who: a hash of the party, or 0 for a fault of the host
 * itself.  Returns 1 if this has opened the breaker.  While it is open, only
 * faults of trials count.
 */
int sv_breaker_fault(sv_breaker_t *b, const sv_breaker_conf_t *conf,
    uint32_t who, unsigned weight, int trial, uint64_t now);

/* It is closed, and no fault is remembered: a success changes nothing. */
#define sv_breaker_is_calm(b)  ((b)->until == 0 && (b)->weight == 0)

/* Counts a success.  Returns 1 if this has closed the breaker, which only a
   trial does. */
int sv_breaker_success(sv_breaker_t *b, int trial, uint64_t now);


static inline sv_breaker_state_e
sv_breaker_state(const sv_breaker_t *b, uint64_t now)
{
    if (b->until == 0) {
        return SV_BREAKER_CLOSED;
    }

    return now < b->until ? SV_BREAKER_OPEN : SV_BREAKER_HALF_OPEN;
}


/* Returns the ms until the pause ends, or 0. */

static inline uint64_t
sv_breaker_left(const sv_breaker_t *b, uint64_t now)
{
    return now < b->until ? b->until - now : 0;
}


#endif /* _SV_BREAKER_H_INCLUDED_ */
