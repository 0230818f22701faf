
/*
 * What is under way, and in which process: entries in shared memory, each with
 * an owner and a deadline, so that one question is asked once.
 *
 * An entry is free once its owner is dead or its deadline has passed: nobody
 * has to tidy up after a process that was killed.  Entries are found by their
 * key alone, in the few places where it may lie, and are written so that its
 * identity comes last: all calls are made under one lock of the caller's,
 * whose holder may be killed at any instruction.
 */


#ifndef _SV_CLAIMS_H_INCLUDED_
#define _SV_CLAIMS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "sv_owner.h"


#define SV_CLAIM_KEY   16
#define SV_CLAIM_WAYS  8       /* places where a key may lie */
#define SV_CLAIM_TRUST 500     /* ms until an owner is looked at again */


/* times in ms of a clock that all processes share */

typedef struct {
    unsigned char   key[SV_CLAIM_KEY];
    uint64_t        id;         /* 0: free */
    uint64_t        deadline;
    uint64_t        wanted;     /* when another process last waited */
    uint64_t        checked;    /* when its owner was last seen alive */
    uint32_t        owner;
    uint32_t        spare;
} sv_claim_t;


typedef struct {
    uint64_t        last;       /* id given */
    uint64_t        sets;
} sv_claims_head_t;


typedef struct {
    sv_claims_head_t  *head;
    sv_claim_t        *entries;
    uint32_t            self;   /* this process, once it has claimed one */
} sv_claims_t;


typedef enum {
    SV_CLAIM_MINE = 0,         /* to be released */
    SV_CLAIM_OTHERS,           /* somebody else works on it */
    SV_CLAIM_NO_ROOM           /* work on it, but nobody knows */
} sv_claim_state_e;


/* mem: aligned to 8; what it holds of before is forgotten */
int sv_claims_create(sv_claims_t *f, void *mem, size_t size);
void sv_claims_attach(sv_claims_t *f, void *mem);

/* *id: of the claim, mine or others' */
sv_claim_state_e sv_claims_claim(sv_claims_t *f, const unsigned char *key,
    uint32_t owner, uint64_t now, uint64_t deadline, uint64_t *id);

/* is it still under way?  Its owner is told that somebody waits for it; that
   it was killed may be seen a moment late */
int sv_claims_wait(sv_claims_t *f, const unsigned char *key, uint64_t id,
    uint64_t now);

/* does another process wait for it, and did within the last ms? */
int sv_claims_wanted(sv_claims_t *f, const unsigned char *key, uint64_t id,
    uint64_t now, uint64_t ms);

void sv_claims_release(sv_claims_t *f, const unsigned char *key,
    uint64_t id);

/* a process begins: what is left by those who had its place before it is
   nobody's */
void sv_claims_disown(sv_claims_t *f, uint32_t owner);

/* under way now, by whoever lives */
size_t sv_claims_count(sv_claims_t *f, uint64_t now);


#endif /* _SV_CLAIMS_H_INCLUDED_ */
