
/*
 * Permits: how many recipients a mail server may refuse to this machine, where
 * several machines have one budget of refused recipients an hour.  A store that
 * they share grants them.  Plain C; the caller passes the time.
 *
 * - Whoever asks for a recipient needs a permit, and has used it if that one is
 *   refused.  What is not needed is given back.
 * - Permits do not end with the lease of sessions: the store takes those of a
 *   machine that it does not hear any more for used, and learns later how many
 *   were.
 * - A machine on its own may use the permits that it has left, or its part of
 *   the tenth of the budget that the store grants to nobody.  After an hour,
 *   when all that the others had used is too old to count, it has the safe
 *   share.
 */


#ifndef _SV_PERMITS_H_INCLUDED_
#define _SV_PERMITS_H_INCLUDED_


#include <stdint.h>


#define SV_PERMITS_NUMBERS  5           /* of a reply */
#define SV_PERMITS_HOUR     3900000     /* ms that a refused recipient counts */
#define SV_PERMITS_AHEAD    16          /* for those who wait, at most */


typedef struct {
    uint32_t  n;            /* those of this machine */
    uint32_t  lent;         /* the store has to be told */
    uint64_t  full;         /* ms: until when it has none to grant */
} sv_permits_t;


/* what the store said */

typedef struct {
    uint32_t  n;
    uint32_t  elsewhere;    /* refused recipients of other machines */
    uint32_t  party;        /* the one that has most of them; 0: not known */
    uint32_t  there;        /* those of that one */
    uint32_t  delay;        /* ms until it has some; 0: it has */
} sv_permits_grant_t;


/* Reads numbers of a reply.  Returns -1 if the store cannot have meant them. */
int sv_permits_read(const long long *v, uint32_t wanted,
    sv_permits_grant_t *grant);

/* Takes what was granted.  used: permits that were used after the question was
   sent. */
void sv_permits_grant(sv_permits_t *p, const sv_permits_grant_t *grant,
    uint32_t used, uint64_t now);

void sv_permits_use(sv_permits_t *p);

/* Returns how many are wanted of a budget.  due: recipients that are being
   asked.  waiting: those that wait. */
uint32_t sv_permits_wanted(uint32_t budget, uint32_t due, uint32_t waiting,
    uint32_t machines);

/* Returns those of a machine on its own since so many ms.  used: its refused
   recipients of the last hour.  machines 0: it is not known how many there
   are. */
uint32_t sv_permits_alone(const sv_permits_t *p, uint32_t budget,
    uint32_t used, uint32_t machines, uint32_t rank, uint64_t since);


#endif /* _SV_PERMITS_H_INCLUDED_ */
