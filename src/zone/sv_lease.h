
/*
 * Leases of the blocks of a job.  A block is free, leased by a worker, or
 * closed: all of its records are done.  The structure lies in shared memory;
 * its owner holds a lock when it calls these functions.
 *
 * Blocks are given out with a stride, so that several that are leased at the
 * same time are likely to belong to different domains: the records of a chunk
 * of 256 blocks are sorted by domain.
 */


#ifndef _SV_LEASE_H_INCLUDED_
#define _SV_LEASE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_LEASE_CHUNK   256            /* blocks in a chunk */
#define SV_LEASE_FREE    0
#define SV_LEASE_CLOSED  255


typedef struct {
    uint32_t        n;                  /* blocks */
    uint32_t        nfree;
    uint32_t        nleased;
    uint32_t        at;                 /* where the next search begins */
    uint32_t        soonest;            /* lower bound of the times of free
                                           blocks */
    uint32_t       *times;              /* when a free block may be leased; in
                                           seconds */
    unsigned char  *owners;             /* 1 to 254, or as above */
} sv_lease_t;


/* octets that a table for n blocks needs */
#define sv_lease_size(n)                                                      \
    (sizeof(sv_lease_t) + (size_t) (n) * (sizeof(uint32_t) + 1))

/* Makes a table in "mem": all blocks are closed. */
sv_lease_t *sv_lease_init(void *mem, uint32_t n);

/* The block has records to be asked. */
void sv_lease_open(sv_lease_t *l, uint32_t block);

/* Leases a block.  Returns 0 if none is free now. */
int sv_lease_take(sv_lease_t *l, unsigned owner, uint32_t now,
    uint32_t *block);

/* Leases that block, if it is free now. */
int sv_lease_take_it(sv_lease_t *l, unsigned owner, uint32_t now,
    uint32_t block);

/* The i-th block in the order in which they are given out; i is less than
   sv_lease_turns().  A block may be beyond the table. */
uint32_t sv_lease_turn(uint32_t i);
uint32_t sv_lease_turns(const sv_lease_t *l);

/* Ends a lease: the block is closed, or free from the time "then" on.  Returns
   0 if the lease was lost. */
int sv_lease_close(sv_lease_t *l, unsigned owner, uint32_t block);
int sv_lease_give(sv_lease_t *l, unsigned owner, uint32_t block,
    uint32_t then);

/* Ends all leases of an owner; returns how many. */
uint32_t sv_lease_reap(sv_lease_t *l, unsigned owner);


#endif /* _SV_LEASE_H_INCLUDED_ */
