
/*
 * The addresses of a list that is uploaded, as hashes of 64 bits with a random
 * key: of two in 10 million one is taken for another with a chance of 3 to a
 * million.  An address takes about 18 octets.
 */


#ifndef _SV_JOB_SEEN_H_INCLUDED_
#define _SV_JOB_SEEN_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_JOB_SEEN_PARTS  256      /* each grows alone: none is long copied */


typedef struct {
    uint64_t           *hash;       /* 0: empty */
    uint32_t           *n;
    uint32_t            used;
    uint32_t            size;       /* a power of two, or 0 */
} sv_job_seen_part_t;


typedef struct {
    sv_job_seen_part_t  parts[SV_JOB_SEEN_PARTS];
} sv_job_seen_t;


/* Returns 0: it is new, and has number n from now on; 1: it was seen, *n is its
   number; -1: no memory. */
int sv_job_seen(sv_job_seen_t *seen, uint64_t hash, uint32_t *n);
void sv_job_seen_free(sv_job_seen_t *seen);


#endif /* _SV_JOB_SEEN_H_INCLUDED_ */
