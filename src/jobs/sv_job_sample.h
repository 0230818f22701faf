
/*
 * A sample of a job: records that are spread over the list and asked first.
 * What they say about the whole is an estimate.  Nothing here blocks.
 */


#ifndef _SV_JOB_SAMPLE_H_INCLUDED_
#define _SV_JOB_SAMPLE_H_INCLUDED_


#include <stdint.h>


/* How many records of a block belong to a sample of n out of "records", and
   whether the record at pos does.  This depends on nothing else, so that each
   worker, also after a restart, has the same sample. */
unsigned sv_job_sample_of(uint64_t block, uint64_t n, uint64_t records);
int sv_job_sample_has(uint64_t pos, uint64_t n, uint64_t records);


typedef struct {
    uint64_t    n;                      /* the most likely number */
    uint64_t    low;                    /* the true one is in between, 19 times
                                           out of 20 */
    uint64_t    high;
} sv_job_estimate_t;


/* Of "asked" records x are of a kind.  How many of all "records" are? */
void sv_job_estimate(sv_job_estimate_t *e, uint64_t x, uint64_t asked,
    uint64_t records);


#endif /* _SV_JOB_SAMPLE_H_INCLUDED_ */
