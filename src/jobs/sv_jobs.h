
/*
 * What the files of the jobs' store have in common.
 *
 *   sv_jobs_key.c     the key of the configuration, and those of jobs
 *   sv_jobs_db.c      a database under a lock of ours
 *   sv_job_seal.c     what is sealed with a job's key
 *   sv_job_*.c        the database of one job, see sv_job.h
 *   sv_catalog_*.c    the database of all jobs, see sv_catalog.h
 *
 * All functions of the store block: they are only called from a thread pool.
 * A handle may be used by one thread after the other, never by two at once, and
 * must not be carried over a fork().
 */


#ifndef _SV_JOBS_H_INCLUDED_
#define _SV_JOBS_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>

#include "sv_str.h"


#define SV_JOBS_ID_LEN       26
#define SV_JOBS_CHUNK        65536      /* records in a chunk at most */
#define SV_JOBS_BLOCK        256        /* records in a block */
#define SV_JOBS_DATA_MAX     (1 << 20)  /* octets of a record, at most */
#define SV_JOBS_NOTE         256
#define SV_JOBS_KEY_LEN      32


typedef enum {
    SV_JOBS_OK = 0,
    SV_JOBS_DONE,               /* there is no more */
    SV_JOBS_NOT_FOUND,
    SV_JOBS_CONFLICT,           /* the state does not allow it */
    SV_JOBS_FULL,               /* the disk, or the store's size */
    SV_JOBS_DENIED,             /* read-only, or another owner's */
    SV_JOBS_DAMAGED,            /* or no file of ours */
    SV_JOBS_NEWER,              /* written by a newer version */
    SV_JOBS_NO_KEY,             /* a key is missing, or is another one */
    SV_JOBS_NO_MEMORY,
    SV_JOBS_FAILED              /* any other error of the system */
} sv_jobs_e;


typedef enum {
    SV_JOB_UPLOADING = 0,
    SV_JOB_QUEUED,
    SV_JOB_RUNNING,
    SV_JOB_PAUSED,
    SV_JOB_COMPLETED,
    SV_JOB_CANCELLED,
    SV_JOB_FAILED,
    SV_JOB_PURGING,             /* never shown */
    SV_JOB_STATES
} sv_job_state_e;


/* the store, as it was configured */

typedef struct {
    const char            *path;        /* the directory */
    const unsigned char   *key;         /* of SV_JOBS_KEY_LEN: wraps the keys of
                                           jobs; or NULL */
    uint64_t               size;        /* octets that all jobs may use */
} sv_jobs_conf_t;


/* Why the last call failed: a sentence for logs and for the operator. */

typedef struct {
    int                 error;          /* errno, or 0 */
    char                note[SV_JOBS_NOTE];
} sv_jobs_why_t;


/* Reads the key that wraps those of jobs from a file of 32 to 4096 octets.  It
   is called where the configuration is read: workers may not be allowed to read
   the file. */
sv_jobs_e sv_jobs_key(const char *file, unsigned char *key,
    sv_jobs_why_t *why);

/* sv_jobs_hold.c: an upload is held by who takes it in, from before its row is
   in the catalogue on.  _hold() returns a descriptor, which ends that when it
   is closed, also by the end of the process; or -1. */
int sv_jobs_hold(const char *store, const char *id, sv_jobs_why_t *why);
int sv_jobs_is_held(const char *store, const char *id);


#endif /* _SV_JOBS_H_INCLUDED_ */
