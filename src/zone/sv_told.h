
/*
 * What one machine of a fleet tells the others about a destination.  Plain C.
 */


#ifndef _SV_TOLD_H_INCLUDED_
#define _SV_TOLD_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "sv_siphash.h"


#define SV_TOLD_ID       8          /* octets of a machine's name */
#define SV_TOLD_SIZE     56         /* octets of what is told */
#define SV_TOLD_PAUSE    3600000    /* ms: no pause is longer */
#define SV_TOLD_BUDGET   86400000   /* ms: nor is any other time */
#define SV_TOLD_FRESH    5000       /* ms: a success is not older */
#define SV_TOLD_SKEW     60000      /* ms that clocks may differ */
#define SV_TOLD_RATE     100        /* a second ... */
#define SV_TOLD_MILD     20         /* ... that are mild */


typedef enum {
    SV_TOLD_OPEN = 1,       /* a breaker was opened */
    SV_TOLD_CLOSED,         /* a trial has closed it */
    SV_TOLD_FALLEN          /* a budget of refused recipients has fallen */
} sv_told_e;


typedef struct {
    sv_told_e      what;
    unsigned       why;         /* what has opened it; below 32 */
    uint64_t       sent;        /* ms since 1970 */
    uint32_t       left;        /* ms that the pause, or the level, lasts */
    uint32_t       pause;       /* ms, of the whole pause */
    uint32_t       level;       /* refused recipients an hour ... */
    uint32_t       party;       /* ... of this party; 0: of all */
    unsigned char  id[SV_TOLD_ID];      /* who tells */
    unsigned char  host[SV_SIPHASH_LEN];    /* name of the destination for all
                                           egresses; all zero: none */

    /* not sent with it */
    unsigned char  key[SV_SIPHASH_LEN];     /* name of the entry */
    unsigned       mild;    /* a host cannot be reached, as any machine soon
                               finds out for itself */
} sv_told_t;


/* what was told within a second */

typedef struct {
    uint64_t       since;   /* ms */
    unsigned       mild;
    unsigned       other;
} sv_told_rate_t;


void sv_told_write(const sv_told_t *told, unsigned char *data);

/*
 * Reads what was written, "now" ms since 1970.  "left" is what is left of it
 * now.  Returns -1 if this is nothing that is told, or if it is over.
 */
int sv_told_read(sv_told_t *told, const unsigned char *data, size_t len,
    uint64_t now);

/*
 * Whoever asks for many dead hosts causes as much that is mild.  It must not
 * crowd out blocks, be it on the way to the store, or in the store's log.
 *
 * _place() returns where one more belongs in a list of n that has room for
 * "most": at the end, or instead of one that is mild; -1 if nowhere.
 * _may() returns 1 if one more may be told now (ms), and counts it.
 */
int sv_told_place(const sv_told_t *list, size_t n, size_t most,
    const sv_told_t *told);
int sv_told_may(sv_told_rate_t *rate, const sv_told_t *told, uint64_t now);


#endif /* _SV_TOLD_H_INCLUDED_ */
