
/*
 * How many refused recipients a mail server may be asked for in an hour.
 * Receivers ban those who ask for many mailboxes that do not exist, and few of
 * them say how many that is.  So a budget begins low, rises by what the server
 * was seen to bear, and falls at the first complaint.  Plain C with the clock
 * given.
 *
 *   - It is a sum over slots of five minutes: in no hour more than the level
 *     are let through, whenever the receiver's hour begins.
 *   - An hour in which it was mostly used, without a complaint, raises the
 *     level by a half; after the first complaint by an eighth.
 *   - A complaint halves it, and it stays below what was complained of: for a
 *     day, and twice as long after each further complaint.
 *
 * Whoever has a domain can make its server say what they like, and many
 * domains share a server.  So what is said in answer to RCPT is said of a
 * party, the recipient's organizational domain:
 *
 *   - The level that the refused recipients of a single party have led to is
 *     its own.  All others have the shared level, which two parties together
 *     raise, or two complaints of different parties lower, or one of the
 *     server itself.
 *   - While a level is being learned the party with the most refused
 *     recipients has three quarters of it, so that something is left for
 *     others.
 */


#ifndef _SV_BUDGET_H_INCLUDED_
#define _SV_BUDGET_H_INCLUDED_


#include <stdint.h>


#define SV_BUDGET_SLOT   300        /* s */
#define SV_BUDGET_SLOTS  13         /* an hour, and the slot that is now */
#define SV_BUDGET_HOUR   3600       /* s */
#define SV_BUDGET_DAY    86400      /* s */
#define SV_BUDGET_LEAST  4          /* an hour, unless less was configured */


/* an hour.  start 0: no limit; most 0: start is the limit, nothing is
   learned; most = start: it falls, and never rises above that */

typedef struct {
    uint32_t             start;
    uint32_t             most;
} sv_budget_conf_t;


typedef struct {
    uint32_t             level;     /* 0: as configured */
    uint32_t             ceiling;   /* it stays below that, 0: none … */
    uint32_t             until;     /* … until then, s */
    uint32_t             since;     /* s: the hour that is looked at */
    uint16_t             borne;     /* in it */
    uint8_t              full;      /* that was enough to rise */
    uint8_t              falls;
} sv_budget_level_t;


/* all zero: nothing was refused yet */

typedef struct {
    uint32_t             slot;      /* the last one, counted from 0 */
    uint16_t             all[SV_BUDGET_SLOTS];
    uint16_t             big[SV_BUDGET_SLOTS];
    uint32_t             big_party; /* has most of all, or so */
    uint32_t             own_party; /* whose level is "own" */
    uint32_t             seen;      /* s: its last refused recipient */
    uint32_t             unblamed;  /* refused since the last complaint */
    uint32_t             complainer;
    uint32_t             complained;    /* s */
    uint32_t             start;     /* as configured last */
    sv_budget_level_t    own;
    sv_budget_level_t    shared;
} sv_budget_t;


/* party: a hash, never 0; times in ms */

/* how many more recipients may be refused now */
unsigned sv_budget_room(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now);

/* ms until there is room for one; 0: there is */
uint64_t sv_budget_wait(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now);

/* a recipient was refused; 1: the level has risen by this */
int sv_budget_refused(sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now);

/* of whom the server complained, 0: it did so before RCPT; 1: the level has
   fallen by this */
int sv_budget_complaint(sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party, uint64_t now);

/* an hour, for that party */
uint32_t sv_budget_level(const sv_budget_t *b, const sv_budget_conf_t *conf,
    uint32_t party);

/* refused in the last hour */
unsigned sv_budget_used(const sv_budget_t *b, uint64_t now);

/* what was learned: -1: it has fallen, 1: it has risen, 0: neither */
int sv_budget_learned(const sv_budget_t *b);


#endif /* _SV_BUDGET_H_INCLUDED_ */
