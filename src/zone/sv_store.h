
/*
 * A store in shared memory for entries of any length: a ring buffer and an
 * index by hashed keys.
 *
 * New entries are written at the head of the ring.  Entries at the tail make
 * room; one that was used since the ring last passed it is written again at the
 * head and stays.  This is nearly LRU, but without lists.  Sizes are not
 * rounded up to those of an allocator, and nothing is fragmented.
 *
 * All functions are called under one lock of the caller.  Its holder may be
 * killed at any instruction, and the store is consistent in every state: an
 * entry is written where nobody reads and then published by one 32-bit store,
 * and it leaves the index before its room is reused.  A kill in between leaves
 * room that the ring passes later.  What is read is never trusted: links and
 * sizes must lie in the ring and chains must end, or else the store is emptied.
 */


#ifndef _SV_STORE_H_INCLUDED_
#define _SV_STORE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_STORE_KEY      16
#define SV_STORE_MAX      4000      /* octets of data */
#define SV_STORE_MIN_MEM  16384
#define SV_STORE_VARIANTS 16


/* The header of an entry, 48 octets, before its data.  Times are in seconds. */

typedef struct {
    uint32_t        next;       /* in the chain; 0: none */
    uint16_t        units;      /* length in the ring */
    uint8_t         kind;       /* set by the caller, at least 1; 0: erased */
    uint8_t         used;       /* since the ring last passed it */
    unsigned char   key[SV_STORE_KEY];
    uint32_t        variant;
    uint32_t        created;
    uint32_t        expires;
    uint32_t        later;      /* "later" and "tag" are for the caller */
    uint32_t        tag;
    uint16_t        len;        /* of the data, in octets */
    uint16_t        spare;
} sv_store_entry_t;


#define sv_store_data(e)  ((unsigned char *) (e) + sizeof(sv_store_entry_t))


typedef struct {
    uint32_t        layout;
    uint32_t        mask;       /* number of chains - 1 */
    uint32_t        units;      /* size of the ring */
    uint32_t        head;
    uint32_t        tail;
    uint32_t        spare;

    uint64_t        entries;    /* in the index */
    uint64_t        puts;
    uint64_t        evicted;    /* before they expired */
    uint64_t        renewed;    /* kept because they were used */
    uint64_t        resets;     /* times the store was emptied, being broken */
} sv_store_head_t;


typedef struct {
    sv_store_head_t  *head;
    uint32_t         *chains;
    unsigned char    *ring;
} sv_store_t;


/* mem must be aligned to 16 octets.  Returns 0, or -1 if size is too small. */
int sv_store_create(sv_store_t *st, void *mem, size_t size);

/* Returns 0, or -1 if the memory has another layout. */
int sv_store_attach(sv_store_t *st, void *mem, size_t size);

/* Returns the newest entry of that name, even if it has expired; NULL if there
   is none. */
sv_store_entry_t *sv_store_get(sv_store_t *st, unsigned kind,
    const unsigned char *key, uint32_t variant);

/*
 * Puts an entry.  The caller sets kind, key, variant, the times, its own fields
 * and len of *e.  It replaces the entry of the same name; if the data is the
 * same, only the times and fields are updated.  At most SV_STORE_VARIANTS
 * variants of a kind and key are kept.  Returns -1 if the data is too long.
 */
int sv_store_put(sv_store_t *st, const sv_store_entry_t *e, const void *data,
    uint32_t now);

/* Erases one variant.  Returns the number of entries erased. */
unsigned sv_store_drop(sv_store_t *st, unsigned kind,
    const unsigned char *key, uint32_t variant);

/* Erases all variants.  Returns the number of entries erased. */
unsigned sv_store_erase(sv_store_t *st, unsigned kind,
    const unsigned char *key);

/* Octets of the ring that are in use, and its size in octets. */
size_t sv_store_used(const sv_store_t *st);
size_t sv_store_size(const sv_store_t *st);


#endif /* _SV_STORE_H_INCLUDED_ */
