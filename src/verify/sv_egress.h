
/*
 * Which identity asks which destination: each ranks them all, by a weighted
 * rendezvous hash.  It needs no memory, is the same in all workers and after
 * a reload, and an identity that comes or goes moves only its own share.
 */


#ifndef _SV_EGRESS_H_INCLUDED_
#define _SV_EGRESS_H_INCLUDED_


#include <stdint.h>


#define SV_EGRESS_WEIGHT_MAX  1000


/* the least is the first; both are hashes, the weight is 1 at least */
uint64_t sv_egress_rank(uint64_t destination, uint64_t identity,
    unsigned weight);


#endif /* _SV_EGRESS_H_INCLUDED_ */
