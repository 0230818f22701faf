
/*
 * When a record of a job is to be retried.  Nothing here blocks.
 */


#ifndef _SV_JOB_DUE_H_INCLUDED_
#define _SV_JOB_DUE_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "sv_verdict.h"


/* Times are Unix times in ms, or ms. */

typedef struct {
    sv_reason_e   found;                /* of the result, without lists */
    sv_status_e   status;
    unsigned      retry_after;          /* s; 0: there is none */
    int64_t       wait;                 /* the job's, for retries */
    int64_t       since;                /* when the record was asked first */
    unsigned      tries;                /* before this one that count */
} sv_job_due_t;


/* Returns when the record is to be retried, and counts the try; 0: the result
   is final. */
int64_t sv_job_due_time(sv_job_due_t *d, int64_t now);


#endif /* _SV_JOB_DUE_H_INCLUDED_ */
