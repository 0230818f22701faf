
/*
 * What is under way, and in which process: slots in shared memory, each with
 * an owner and a deadline, so that one question is asked once.
 *
 * A slot is free once its owner is dead or its deadline has passed: nobody
 * has to tidy up after a process that was killed.  Slots are found by their
 * key alone, in the few places where it may lie, and are written so that its
 * identity comes last: all calls are made under one lock of the caller's,
 * whose holder may be killed at any instruction.
 */


#ifndef _SV_FLIGHTS_H_INCLUDED_
#define _SV_FLIGHTS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "sv_owner.h"


#define SV_FLIGHT_KEY   16
#define SV_FLIGHT_WAYS  8       /* places where a key may lie */
#define SV_FLIGHT_TRUST 500     /* ms until an owner is looked at again */


/* times in ms of a clock that all processes share */

typedef struct {
    unsigned char   key[SV_FLIGHT_KEY];
    uint64_t        id;         /* 0: free */
    uint64_t        deadline;
    uint64_t        wanted;     /* when another process last waited */
    uint64_t        checked;    /* when its owner was last seen alive */
    uint32_t        owner;
    uint32_t        spare;
} sv_flight_t;


typedef struct {
    uint64_t        last;       /* id given */
    uint64_t        sets;
} sv_flights_head_t;


typedef struct {
    sv_flights_head_t  *head;
    sv_flight_t        *slots;
    uint32_t            self;   /* this process, once it has claimed one */
} sv_flights_t;


typedef enum {
    SV_FLIGHT_MINE = 0,         /* to be released */
    SV_FLIGHT_OTHERS,           /* somebody else works on it */
    SV_FLIGHT_NO_ROOM           /* work on it, but nobody knows */
} sv_flight_state_e;


/* mem: aligned to 8; what it holds of before is forgotten */
int sv_flights_create(sv_flights_t *f, void *mem, size_t size);
void sv_flights_attach(sv_flights_t *f, void *mem);

/* *id: of the flight, mine or others' */
sv_flight_state_e sv_flights_claim(sv_flights_t *f, const unsigned char *key,
    uint32_t owner, uint64_t now, uint64_t deadline, uint64_t *id);

/* is it still under way?  Its owner is told that somebody waits for it; that
   it was killed may be seen a moment late */
int sv_flights_wait(sv_flights_t *f, const unsigned char *key, uint64_t id,
    uint64_t now);

/* does another process wait for it, and did within the last ms? */
int sv_flights_wanted(sv_flights_t *f, const unsigned char *key, uint64_t id,
    uint64_t now, uint64_t ms);

void sv_flights_release(sv_flights_t *f, const unsigned char *key,
    uint64_t id);

/* a process begins: what is left by those who had its place before it is
   nobody's */
void sv_flights_disown(sv_flights_t *f, uint32_t owner);

/* under way now, by whoever lives */
size_t sv_flights_count(sv_flights_t *f, uint64_t now);


#endif /* _SV_FLIGHTS_H_INCLUDED_ */
