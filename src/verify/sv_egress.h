
/*
 * Which identity asks which destination: a destination ranks all identities, by
 * a weighted rendezvous hash.  It needs no memory, is the same in all workers
 * and after a reload, and if an identity is added or removed, only its own
 * share of destinations moves.
 */


#ifndef _SV_EGRESS_H_INCLUDED_
#define _SV_EGRESS_H_INCLUDED_


#include <stdint.h>


#define SV_EGRESS_WEIGHT_MAX  1000


/* The identity with the least rank asks.  Both values are hashes; the weight is
   at least 1. */
uint64_t sv_egress_rank(uint64_t destination, uint64_t identity,
    unsigned weight);


#endif /* _SV_EGRESS_H_INCLUDED_ */
