
/*
 * The budget of refused recipients: how many recipients a mail server may
 * refuse in an hour before it is asked no more.  Receivers ban clients that ask
 * for many mailboxes that do not exist, but few publish their limit.  So a
 * budget starts low, rises as long as the server does not complain, and falls
 * at the first complaint.  Plain C; the caller passes the time.
 *
 * - Refused recipients are counted in slots of five minutes, so that no hour
 *   exceeds the level, whenever the receiver's own hour begins.
 * - An hour in which most of the budget was used, without a complaint, raises
 *   the level by a half; after the first complaint only by an eighth.
 * - A complaint halves the level.  It then stays below the number that led to
 *   the complaint: for a day, and twice as long after each further complaint.
 *
 * The owner of a domain can make its server reply anything, and many domains
 * share a server.  So replies to RCPT count for a party, the recipient's
 * organizational domain:
 *
 * - One party has a level of its own, learned from its own refused recipients.
 *   All others have the shared level.  It takes two parties to raise that one.
 *   It is lowered by complaints of two parties, or one of the server itself.
 * - While a level is being learned, the party with the most refused recipients
 *   may use three quarters of it, so that others can use the rest.  Where
 *   others share the budget, this also holds for the party that has most there,
 *   and what was refused to it there counts for it.
 */


#ifndef _SV_BUDGET_H_INCLUDED_
#define _SV_BUDGET_H_INCLUDED_


#include <stdint.h>


#define SV_BUDGET_SLOT   300        /* s */
#define SV_BUDGET_SLOTS  13         /* an hour, and the current slot */
#define SV_BUDGET_HOUR   3600       /* s */
#define SV_BUDGET_DAY    86400      /* s */
#define SV_BUDGET_LEAST  4          /* per hour, unless less is configured */


/* Limits per hour.  start 0: no limit.  most 0: start is the limit, and nothing
   is learned.  most equal to start: the level falls, and rises to start at
   most. */

typedef struct {
    uint32_t             start;
    uint32_t             most;
} sv_budget_conf_t;


typedef struct {
    uint32_t             level;     /* 0: as configured */
    uint32_t             ceiling;   /* the level stays below; 0: none */
    uint32_t             until;     /* s, end of the ceiling */
    uint32_t             since;     /* s, start of the hour that is counted */
    uint16_t             borne;     /* refused in this hour */
    uint8_t              full;      /* enough of them to rise */
    uint8_t              falls;
} sv_budget_level_t;


/* All zero: nothing was refused yet. */

typedef struct {
    uint32_t             slot;      /* the last one, counted from 0 */
    uint16_t             all[SV_BUDGET_SLOTS];
    uint16_t             big[SV_BUDGET_SLOTS];
    uint32_t             big_party; /* the one with most of "all", about */
    uint32_t             own_party; /* the one with the level "own" */
    uint32_t             seen;      /* s, its last refused recipient */
    uint32_t             unblamed;  /* refused since the last complaint */
    uint32_t             blamed;    /* "elsewhere" at the last complaint */
    uint32_t             complainer;
    uint32_t             complained;    /* s */
    uint32_t             start;     /* as last configured */
    uint32_t             elsewhere; /* refused to others who share the
                                       budget ... */
    uint32_t             there_party;   /* the one with most of them ... */
    uint32_t             there;     /* has so many */
    sv_budget_level_t    own;
    sv_budget_level_t    shared;
} sv_budget_t;


/* party is a hash, never 0.  Times are in ms. */

/* Returns how many more recipients may be refused now. */
unsigned sv_budget_room(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now);

/* Returns the ms until one more may be refused; 0 if now. */
uint64_t sv_budget_wait(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now);

/* Counts a refused recipient.  Returns 1 if this has raised the level. */
int sv_budget_refused(sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now);

/* Counts a complaint of the server.  party is 0 if it came before RCPT.
   Returns 1 if this has lowered a level. */
int sv_budget_complaint(sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now);

/* Returns the level of that party, per hour. */
uint32_t sv_budget_level(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party);

/* Returns how many were refused in the last hour; _big(): to big_party. */
unsigned sv_budget_used(const sv_budget_t *b, uint64_t now);
unsigned sv_budget_big(const sv_budget_t *b, uint64_t now);

/* Notes what was refused elsewhere, of which "there" to there_party. */
void sv_budget_elsewhere(sv_budget_t *b, uint32_t elsewhere,
    uint32_t there_party, uint32_t there);

/* Returns -1 if the learned level is below the start, 1 if above, 0 if
   equal. */
int sv_budget_learned(const sv_budget_t *b);


#endif /* _SV_BUDGET_H_INCLUDED_ */
