
/*
 * What servers did to kept sessions: after which idle time they close one,
 * after how many transactions they take no more, and after how many recipients
 * they still accept somebody.  A table of fixed size.  Entries are forgotten
 * after a while, so that neither an accident nor a good day counts for ever.
 * Plain C; the caller passes the time.
 *
 * The caller chooses the key.  Outsiders must not be able to predict it:
 * otherwise somebody could find an address of his own that has the key of
 * another server.
 */


#ifndef _SV_LEARN_H_INCLUDED_
#define _SV_LEARN_H_INCLUDED_


#include <stdint.h>


#define SV_LEARN_SIZE  8192
#define SV_LEARN_WAYS  4
#define SV_LEARN_TIME  3600000      /* ms */

#define SV_LEARN_BEHIND    1        /* recipients, of a server that is not
                                       known */
#define SV_LEARN_TRIES     3        /* unsuccessful attempts to go further */
#define SV_LEARN_GOOD      4        /* accepted recipients for another
                                       attempt */
#define SV_LEARN_TRUST     16       /* refusals that one proof is good for */


typedef struct {
    uint64_t      until;        /* ms; 0: the entry is free */
    uint64_t      key;
    uint32_t      idle;         /* ms to keep a session; 0: not known */
    uint32_t      most;         /* transactions; 0: not known */

    /* somebody was accepted in a session after so many recipients, and after so
       many refused ones */

    uint32_t      asked;
    uint32_t      refused;

    uint32_t      trusted;      /* refusals believed since then */
    uint32_t      tries;        /* doubted refusals after more recipients */
    uint32_t      good;         /* accepted ones, towards another attempt */

    /* somebody was refused after so many, and accepted in a fresh session:
       sessions with as many of both are not used; 0: this was not seen */

    uint32_t      lied_asked;
    uint32_t      lied_refused;
} sv_learnt_t;


/* zeroed by the caller */

typedef struct {
    sv_learnt_t   hosts[SV_LEARN_SIZE];
} sv_learn_t;


/* NULL: nothing is known */
const sv_learnt_t *sv_learn_find(const sv_learn_t *learn, uint64_t key,
    uint64_t now);

/* it closed a session after so much idle time, so they are kept for less */
void sv_learn_idle(sv_learn_t *learn, uint64_t key, uint64_t idle,
    uint64_t now);

/* it took so many transactions and no more; 0 says nothing */
void sv_learn_most(sv_learn_t *learn, uint64_t key, uint32_t most,
    uint64_t now);


/*
 * Some servers refuse everybody after a number of recipients in a session, or
 * of refused ones, with the same words as for a mailbox that does not exist.
 * So a refusal is believed if the server was seen to accept somebody after as
 * many of both: it would have begun to refuse by then.  "asked" and "refused"
 * count the recipients of the session before the current one.
 */
unsigned sv_learn_proved(const sv_learnt_t *host, uint32_t asked,
    uint32_t refused);

/* May a session be asked again?  Beyond what is proved, a refusal proves
   nothing, but a few attempts are made: if one of them is accepted, that proves
   as many. */
unsigned sv_learn_worth(const sv_learnt_t *host, uint32_t asked,
    uint32_t refused);

/* a recipient was accepted */
void sv_learn_accepted(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now);

/* a refusal was believed that would not be believed of an unknown server */
void sv_learn_trusted(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now);

/* _doubted(): a refusal was not believed; _agreed(): a fresh session confirmed
   it */
void sv_learn_doubted(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now);
void sv_learn_agreed(sv_learn_t *learn, uint64_t key, uint64_t now);

/* What was doubted turned out to be true in the same session, so the attempt
   was not in vain. */
void sv_learn_cleared(sv_learn_t *learn, uint64_t key, uint64_t now);

/* it refused a recipient that it accepts in a fresh session */
void sv_learn_lied(sv_learn_t *learn, uint64_t key, uint32_t asked,
    uint32_t refused, uint64_t now);


#endif /* _SV_LEARN_H_INCLUDED_ */
