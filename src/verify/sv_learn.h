
/*
 * What servers were seen to do to sessions that were kept: after how long they
 * close an idle one, after how many transactions they take no more, and behind
 * how many recipients they still accept somebody.  A table of fixed size; what
 * was learned is forgotten after a while, so that an accident is not held
 * against a server, and a good day not in its favour.  Plain C with the clock
 * given.
 *
 * The key is the caller's: it has to be one that an outsider cannot foretell,
 * or he would find an address of his own with the key of another server.
 */


#ifndef _SV_LEARN_H_INCLUDED_
#define _SV_LEARN_H_INCLUDED_


#include <stdint.h>


#define SV_LEARN_SIZE  8192
#define SV_LEARN_WAYS  4
#define SV_LEARN_TIME  3600000      /* ms */

#define SV_LEARN_BEHIND    1        /* recipients, of any server */
#define SV_LEARN_TRIES     3        /* how often one more is tried in vain */
#define SV_LEARN_GOOD      4        /* accepted ones that earn another try */
#define SV_LEARN_TRUST     16       /* refusals that one proof is good for */


typedef struct {
    uint64_t      until;        /* ms; 0: free */
    uint64_t      key;
    uint32_t      idle;         /* ms to keep one for; 0: not known */
    uint32_t      most;         /* transactions; 0: not known */

    /* somebody was accepted in a session behind so many recipients, and
       behind so many that were refused */

    uint32_t      asked;
    uint32_t      refused;

    uint32_t      trusted;      /* refusals believed since that was seen */
    uint32_t      tries;        /* refusals behind more, in doubt */
    uint32_t      good;         /* accepted, of those that earn a try */

    /* somebody was refused behind so many, and accepted in a fresh session:
       as many of both are not asked again; 0: nobody was */

    uint32_t      lied_asked;
    uint32_t      lied_refused;
} sv_learnt_t;


/* all zero: nothing is known */

typedef struct {
    sv_learnt_t   hosts[SV_LEARN_SIZE];
} sv_learn_t;


/* NULL: nothing is known */
const sv_learnt_t *sv_learn_find(const sv_learn_t *learn, uint64_t key,
    uint64_t now);

/* it closed one that had been idle for so long: it is kept for less */
void sv_learn_idle(sv_learn_t *learn, uint64_t key, uint64_t idle,
    uint64_t now);

/* it took that many, and no more; less than one says nothing */
void sv_learn_most(sv_learn_t *learn, uint64_t key, uint32_t most,
    uint64_t now);


/*
 * Some servers refuse everybody behind a number of recipients of a session, or
 * of refused ones, in the words that they have for a mailbox that is missing.
 * So a refusal is believed where the server was seen to accept somebody behind
 * as many of both: a session that turns would have turned by then.  "asked" and
 * "refused" are those of the session before the recipient that is spoken of.
 */
unsigned sv_learn_proved(const sv_learnt_t *host, uint32_t asked,
    uint32_t refused);

/* may a session be asked again?  A refusal would prove nothing, but a few are
   tried: if one of them is accepted, that proves as many */
unsigned sv_learn_worth(const sv_learnt_t *host, uint32_t asked,
    uint32_t refused);

/* it accepted somebody */
void sv_learn_accepted(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now);

/* a refusal was believed that a new server's would not be */
void sv_learn_trusted(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now);

/* a refusal was not believed; agreed: a fresh session says the same */
void sv_learn_doubted(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now);
void sv_learn_agreed(sv_learn_t *learn, uint64_t key, uint64_t now);

/* what was not believed turned out to be true in the same session: nothing was
   tried in vain */
void sv_learn_cleared(sv_learn_t *learn, uint64_t key, uint64_t now);

/* it refused somebody whom it accepts in a fresh session */
void sv_learn_lied(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now);


#endif /* _SV_LEARN_H_INCLUDED_ */
