
/*
 * Claims: which process works for a key.  They are entries in shared memory,
 * each with an owner and a deadline, so that no question is asked twice.
 *
 * A claim is free once its owner is dead or its deadline has passed, so nobody
 * has to clean up after a process that was killed.  A key may lie in only a few
 * places, which are searched.  All functions are called under one lock of the
 * caller.  Its holder may be killed at any instruction; therefore the id of an
 * entry, which makes it valid, is written last.
 */


#ifndef _SV_CLAIMS_H_INCLUDED_
#define _SV_CLAIMS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "sv_owner.h"


#define SV_CLAIM_KEY   16
#define SV_CLAIM_WAYS  8       /* places in which a key may lie */
#define SV_CLAIM_TRUST 500     /* ms between two checks of an owner */


/* Times are in ms of a clock that all processes share. */

typedef struct {
    unsigned char   key[SV_CLAIM_KEY];
    uint64_t        deadline;
    uint64_t        wanted;     /* when another process last waited */
    uint64_t        checked;    /* when its owner was last seen alive */
    uint32_t        owner;
    uint32_t        spare;
} sv_claim_t;


/* The ids have a cache line of their own: nearly always it says that all places
   of a key are free, and they need not be looked at. */

typedef struct {
    uint64_t        ids[SV_CLAIM_WAYS];     /* 0: the place is free */
    sv_claim_t      claims[SV_CLAIM_WAYS];
} sv_claim_set_t;


typedef struct {
    uint64_t        last;       /* the last id that was used */
    uint64_t        sets;
} sv_claims_head_t;


typedef struct {
    sv_claims_head_t  *head;
    sv_claim_set_t    *sets;
    uint32_t           self;    /* this process; 0 before its first claim */
} sv_claims_t;


typedef enum {
    SV_CLAIM_MINE = 0,         /* must be released */
    SV_CLAIM_OTHERS,           /* another process works for it */
    SV_CLAIM_NO_ROOM           /* work for it, without a claim */
} sv_claim_state_e;


/* mem must be aligned to 8 octets.  Its contents are erased. */
int sv_claims_create(sv_claims_t *f, void *mem, size_t size);
void sv_claims_attach(sv_claims_t *f, void *mem);

/* Claims a key.  Sets *id to the id of the claim, ours or that of the
   others. */
sv_claim_state_e sv_claims_claim(sv_claims_t *f, const unsigned char *key,
    uint32_t owner, uint64_t now, uint64_t deadline, uint64_t *id);

/* Returns 1 while the claim is held, and tells its owner that somebody waits.
   It may take up to SV_CLAIM_TRUST ms to notice that an owner was killed. */
int sv_claims_wait(sv_claims_t *f, const unsigned char *key, uint64_t id,
    uint64_t now);

/* Returns 1 if another process has waited for it within the last "ms" ms. */
int sv_claims_wanted(sv_claims_t *f, const unsigned char *key, uint64_t id,
    uint64_t now, uint64_t ms);

void sv_claims_release(sv_claims_t *f, const unsigned char *key,
    uint64_t id);

/* Called when a process starts: frees claims of its predecessors in its
   place. */
void sv_claims_disown(sv_claims_t *f, uint32_t owner);

/* Returns the number of claims whose owners live. */
size_t sv_claims_count(sv_claims_t *f, uint64_t now);


#endif /* _SV_CLAIMS_H_INCLUDED_ */
