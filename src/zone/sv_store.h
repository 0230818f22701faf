
/*
 * A store in shared memory, for entries of any length: a ring that is written
 * round and round, and an index by hashed keys.
 *
 * New entries go to the ring's head.  What lies at its tail makes room; an
 * entry that was asked for since the ring passed is written anew at the head
 * and stays: nearly LRU, without lists.  Nothing is rounded up to the sizes
 * of an allocator, and nothing is fragmented.
 *
 * All calls are made under one lock of the caller's.  Its holder may be
 * killed at any instruction: there is no state in which the next one finds
 * the store inconsistent.  Entries are written where nobody looks and then
 * published by one store of 32 bits; they leave the index before their room
 * is given away; what a kill in between leaves behind is room that the ring
 * passes later.  Nothing that is read is trusted: links and sizes have to
 * lie in the ring, chains have an end, or the store starts empty.
 *
 * Plain C over memory, so that it is tested alone.
 */


#ifndef _SV_STORE_H_INCLUDED_
#define _SV_STORE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_STORE_KEY      16
#define SV_STORE_MAX      4000      /* of an entry's data */
#define SV_STORE_MIN_MEM  16384
#define SV_STORE_VARIANTS 16


/* 48 bytes before the data; times in seconds */

typedef struct {
    uint32_t        next;       /* in the chain; 0: the last one */
    uint16_t        units;      /* of the ring */
    uint8_t         kind;       /* the caller's, from 1 on; 0: nothing */
    uint8_t         used;       /* was asked for since the ring passed */
    unsigned char   key[SV_STORE_KEY];
    uint32_t        variant;
    uint32_t        created;
    uint32_t        expires;
    uint32_t        later;      /* this and the tag are the caller's */
    uint32_t        tag;
    uint16_t        len;        /* of the data */
    uint16_t        spare;
} sv_store_entry_t;


#define sv_store_data(e)  ((unsigned char *) (e) + sizeof(sv_store_entry_t))


typedef struct {
    uint32_t        layout;
    uint32_t        mask;       /* of the number of chains */
    uint32_t        units;      /* of the ring */
    uint32_t        head;
    uint32_t        tail;
    uint32_t        spare;

    uint64_t        entries;    /* put, less those taken away */
    uint64_t        puts;
    uint64_t        evicted;    /* before their time */
    uint64_t        renewed;    /* kept by being asked for */
    uint64_t        resets;     /* started empty, being broken */
} sv_store_head_t;


typedef struct {
    sv_store_head_t  *head;
    uint32_t         *chains;
    unsigned char    *ring;
} sv_store_t;


/* mem: aligned to 16.  0, or -1: there is too little of it */
int sv_store_create(sv_store_t *st, void *mem, size_t size);

/* 0, or -1: what is there was laid out in another way */
int sv_store_attach(sv_store_t *st, void *mem, size_t size);

/* the newest of that name, expired or not; NULL: none */
sv_store_entry_t *sv_store_get(sv_store_t *st, unsigned kind,
    const unsigned char *key, uint32_t variant);

/*
 * *e, of which kind, key, variant, the times, the caller's fields and len are
 * given, takes with the data the place of what is there by that name; where
 * the data is the same it is that one, with its times and fields anew.  Of one
 * kind and key SV_STORE_VARIANTS are kept.  -1: too long.
 */
int sv_store_put(sv_store_t *st, const sv_store_entry_t *e, const void *data,
    uint32_t now);

/* that one, wiped; returns how many there were */
unsigned sv_store_drop(sv_store_t *st, unsigned kind,
    const unsigned char *key, uint32_t variant);

/* all variants, likewise */
unsigned sv_store_erase(sv_store_t *st, unsigned kind,
    const unsigned char *key);

/* bytes of the ring in use */
size_t sv_store_used(const sv_store_t *st);
size_t sv_store_size(const sv_store_t *st);


#endif /* _SV_STORE_H_INCLUDED_ */
