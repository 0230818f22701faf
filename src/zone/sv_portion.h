
/*
 * The portion that this machine has of a limit which several machines share:
 * slots, and tokens for recipients.  A store that they share grants it for a
 * moment.  Plain C; the caller passes the times.
 *
 * - Slots may be taken until SV_PORTION_VALID after the question was sent.  The
 *   store counts them for longer, so nobody else gets them before.
 * - Tokens of now may be used at once, those of later one after the other.  All
 *   are void soon, and what was not used is given back with the next question.
 * - A reply to another question than the last one is ignored: the store counts
 *   what the last question said, and takes back the tokens of a reply that did
 *   not arrive.
 * - A machine that has had no reply for SV_PORTION_VALID is on its own.  It has
 *   the safe share: all machines on their own have half of a limit together,
 *   and the store keeps their shares back as long as it remembers them.
 */


#ifndef _SV_PORTION_H_INCLUDED_
#define _SV_PORTION_H_INCLUDED_


#include <stdint.h>

#include "sv_permits.h"


#define SV_PORTION_VALID    2500        /* ms */
#define SV_PORTION_TOKENS   600         /* ms that tokens are valid */
#define SV_PORTION_MACHINES 4096
#define SV_PORTION_MOST     1000        /* tokens of a question */
#define SV_PORTION_HEAD     5           /* numbers of a reply, and those of each
                                           limit: sessions and tokens, refused
                                           recipients */
#define SV_PORTION_LIMITS   5
#define SV_PORTION_GRANT    (SV_PORTION_LIMITS + SV_PERMITS_NUMBERS)


typedef struct {
    uint64_t  asked;        /* ms, the question that is answered; 0: none */
    uint64_t  answered;     /* ms, the last one that was; 0: none */
    uint64_t  until;        /* ms, end of the slots */
    uint64_t  stale;        /* ms, end of the tokens */
    uint64_t  ready;        /* us, the next token of "later" */
    uint32_t  slots;
    uint32_t  tokens;
    uint32_t  later;
    uint32_t  spacing;      /* us */
    uint32_t  used;         /* tokens since the last reply */
    uint32_t  unused;       /* tokens that became void */
} sv_portion_t;


/* what the store said of one limit */

typedef struct {
    uint32_t  slots;
    uint32_t  tokens;
    uint32_t  later;
    uint32_t  delay;        /* us, until the first of "later", or until there
                               may be a token */
    uint32_t  spacing;      /* us, between two of "later" */
    sv_permits_grant_t  permits;
} sv_portion_grant_t;


/* what it said of the machines */

typedef struct {
    uint32_t  machines;
    uint32_t  alive;
    uint32_t  rank;         /* of this machine, from 0 */
    uint32_t  learning;     /* it has forgotten what it granted */
    uint64_t  since;        /* it remembers since then; a time of its own */
} sv_portion_fleet_t;


/* Read numbers of a reply.  Return -1 if the store cannot have meant them: more
   than was asked for.  spacing: us between two tokens, at least. */
int sv_portion_read_fleet(const long long *v, sv_portion_fleet_t *fleet);
int sv_portion_read(const long long *v, uint32_t slots, uint32_t tokens,
    uint32_t spacing, sv_portion_grant_t *grant);

/* Takes what was granted.  asked: when the question was sent, ms.  now: us */
void sv_portion_grant(sv_portion_t *p, const sv_portion_grant_t *grant,
    uint64_t asked, uint64_t now);

/* Returns the slots of this machine.  now: ms */
uint32_t sv_portion_slots(const sv_portion_t *p, uint64_t now);

/* Returns the us until n tokens may be used: 0 if now, and a moment if more of
   them have to be asked for.  now: us */
uint64_t sv_portion_wait(sv_portion_t *p, uint32_t n, uint64_t now);
void sv_portion_use(sv_portion_t *p, uint32_t n);

/* Returns the number of tokens that became void, once. */
uint32_t sv_portion_back(sv_portion_t *p, uint64_t now);

/* The safe share of a machine on its own; machines 0: it is not known how many
   there are, and there is none. */
uint32_t sv_portion_safe(uint32_t slots, uint32_t machines, uint32_t rank);
uint64_t sv_portion_safe_rate(uint64_t rate, uint32_t machines);


#endif /* _SV_PORTION_H_INCLUDED_ */
