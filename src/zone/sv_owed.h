
/*
 * Whose entry makes room in a table that is full: who is not known well, then
 * who was not seen for longest, then who owes least.  What is owed is told by
 * the time until when it has to be remembered: a refused recipient counts
 * until an hour's budget has room for it again, a breaker until it has closed.
 * So whoever wants something forgotten has to owe as much in as many places
 * himself, and what is owed for long is not forgotten at all.
 */


#ifndef _SV_OWED_H_INCLUDED_
#define _SV_OWED_H_INCLUDED_


#include <stdint.h>


#define SV_OWED_LONG  300000    /* ms */
#define SV_OWED_KEEP  UINT64_MAX


/* the least one makes room, unless it is SV_OWED_KEEP; times in ms, 0: never.
   owed: until then */
uint64_t sv_owed_rank(uint64_t seen, uint64_t connected, uint64_t owed,
    uint64_t now);


#endif /* _SV_OWED_H_INCLUDED_ */
