
/*
 * Decides which entry is replaced if a table is full: first those to which no
 * connection was made, then those that were not used for longest, then those
 * that owe least.  An entry owes until the time when it may be forgotten
 * without harm: refused recipients until the budget of an hour has room for
 * them again, a breaker until it has closed.  So nobody can have an entry
 * forgotten without owing as much in as many places, and entries that owe for
 * long stay.
 */


#ifndef _SV_OWED_H_INCLUDED_
#define _SV_OWED_H_INCLUDED_


#include <stdint.h>


#define SV_OWED_LONG  300000    /* ms */
#define SV_OWED_KEEP  UINT64_MAX


/* Returns the rank of an entry: the lowest one is replaced, unless it is
   SV_OWED_KEEP.  Times are in ms, 0 is never.  owed: until when it owes. */
uint64_t sv_owed_rank(uint64_t seen, uint64_t connected, uint64_t owed,
    uint64_t now);


#endif /* _SV_OWED_H_INCLUDED_ */
