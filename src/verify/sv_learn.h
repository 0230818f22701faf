
/*
 * What servers were seen to do to sessions that were kept: after how long they
 * close an idle one, after how many transactions they take no more, and behind
 * how many refused recipients they still accept somebody.  A table of fixed
 * size; what was learned is forgotten after a while, so that an accident is
 * not held against a server.  Plain C with the clock given.
 */


#ifndef _SV_LEARN_H_INCLUDED_
#define _SV_LEARN_H_INCLUDED_


#include <stdint.h>


#define SV_LEARN_SIZE  512
#define SV_LEARN_WAYS  4
#define SV_LEARN_TIME  3600000      /* ms */

#define SV_LEARN_REFUSALS  2        /* that are believed of any server */
#define SV_LEARN_TRIES     3        /* how often one more is tried in vain */


typedef struct {
    uint64_t      until;        /* ms; 0: free */
    uint32_t      key;
    uint32_t      idle;         /* ms to keep one for; 0: not known */
    uint32_t      most;         /* transactions; 0: not known */
    uint32_t      refusals;     /* of a session that are believed; 0: not
                                   known */
    uint32_t      tries;        /* one more was said, and is in doubt */
} sv_learnt_t;


/* all zero: nothing is known */

typedef struct {
    sv_learnt_t   hosts[SV_LEARN_SIZE];
} sv_learn_t;


/* NULL: nothing is known */
const sv_learnt_t *sv_learn_find(const sv_learn_t *learn, uint32_t key,
    uint64_t now);

/* it closed one that had been idle for so long: it is kept for less */
void sv_learn_idle(sv_learn_t *learn, uint32_t key, uint64_t idle,
    uint64_t now);

/* it took that many, and no more; less than one says nothing */
void sv_learn_most(sv_learn_t *learn, uint32_t key, uint32_t most,
    uint64_t now);


/*
 * Some servers refuse everybody behind a few refused recipients.  How many
 * refusals of one session are to be believed: a further one is in doubt.
 */
unsigned sv_learn_believed(const sv_learnt_t *host);

/* how many refused recipients a session may have and be asked again */
unsigned sv_learn_refusals(const sv_learnt_t *host);

/* it accepted somebody in a session with that many refused recipients */
void sv_learn_accepted(sv_learn_t *learn, uint32_t key, uint32_t refused,
    uint64_t now);

/* it refused one more than is believed */
void sv_learn_doubted(sv_learn_t *learn, uint32_t key, uint64_t now);

/* it refused the last of that many, and accepted it in a fresh session */
void sv_learn_lied(sv_learn_t *learn, uint32_t key, uint32_t refused,
    uint64_t now);


#endif /* _SV_LEARN_H_INCLUDED_ */
