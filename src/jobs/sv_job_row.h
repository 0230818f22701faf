
/*
 * How records and results look before they are sealed, and how blocks hold
 * sealed records.  What is read back is never trusted, although it was sealed.
 *
 *   record       idx, length of the e-mail, e-mail, input
 *   result       lengths of e-mail and input, e-mail, input, packed result
 *   block        nonce of the first record; of each: length, sealed record
 *
 * Numbers have 7 bits in an octet, the lowest first.
 */


#ifndef _SV_JOB_ROW_H_INCLUDED_
#define _SV_JOB_ROW_H_INCLUDED_


#include "sv_job.h"
#include "sv_job_seal.h"


#define SV_JOB_BLOCK_HEAD   SV_JOB_NONCE
#define SV_JOB_BLOCK_LEN    4


/* Memory for the strings of rows, which moves while it grows: until all are
   there they hold their offset in it. */

typedef struct {
    unsigned char      *mem;
    size_t              len;
    size_t              room;
} sv_job_arena_t;


#define sv_job_offset(arena, p)                                               \
    (unsigned char *) (uintptr_t) ((p) - (arena)->mem)
#define sv_job_at(arena, offset)                                              \
    ((arena)->mem + (uintptr_t) (offset))


/* Walks over a block. */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    unsigned char         nonce[SV_JOB_NONCE];  /* of *data */
    const unsigned char  *data;                 /* sealed, with the tag */
    size_t                len;
} sv_job_walk_t;


size_t sv_job_record_len(const sv_job_record_t *r);
void sv_job_record_write(const sv_job_record_t *r, unsigned char *out);
/* The strings point into text.  Return 0, or -1. */
int sv_job_record_read(const unsigned char *text, size_t len,
    sv_job_record_t *r);

size_t sv_job_result_len(const sv_job_result_t *r);
void sv_job_result_write(const sv_job_result_t *r, unsigned char *out);
int sv_job_result_read(const unsigned char *text, size_t len,
    sv_job_result_t *r);

/* writes the length of a sealed record; returns where it goes */
unsigned char *sv_job_walk_write(unsigned char *p, size_t len);
/* Returns 0, or -1 if it has no head. */
int sv_job_walk_begin(sv_job_walk_t *walk, const unsigned char *block,
    size_t len);
/* Returns 1 with a record, 0 at the end, -1 if the block is broken. */
int sv_job_walk_next(sv_job_walk_t *walk);

/* Room for len octets more, or NULL. */
unsigned char *sv_job_arena_room(sv_job_arena_t *arena, size_t len);
void sv_job_arena_free(sv_job_arena_t *arena);


#endif /* _SV_JOB_ROW_H_INCLUDED_ */
