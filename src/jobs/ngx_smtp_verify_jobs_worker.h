
/*
 * What the files of the jobs' engine have in common: the state of a worker, its
 * runs, and what lies in shared memory.
 *
 * One worker at a time is the keeper of a store: it reads the catalogue, loads
 * jobs into shared memory, ends them there, and purges what has expired.  All
 * workers take blocks of the jobs that are loaded.
 */


#ifndef _NGX_SMTP_VERIFY_JOBS_WORKER_H_INCLUDED_
#define _NGX_SMTP_VERIFY_JOBS_WORKER_H_INCLUDED_


#include "ngx_smtp_verify_jobs.h"
#include "ngx_smtp_verify_jobs_hook.h"
#include "ngx_smtp_verify_jobs_task.h"
#include "ngx_smtp_verify_zone.h"
#include "sv_lease.h"


#define NGX_SMTP_VERIFY_JOBS_PLACES   64        /* workers of a zone */
#define NGX_SMTP_VERIFY_JOBS_CHANGES  64
#define NGX_SMTP_VERIFY_JOBS_RATES    8         /* of 10 s each */
#define NGX_SMTP_VERIFY_JOBS_RUNS     64        /* jobs of a worker at a time */
#define NGX_SMTP_VERIFY_JOBS_FLUSH    1000      /* results of a transaction */
#define NGX_SMTP_VERIFY_JOBS_RESTS    64        /* domains that rest */
#define NGX_SMTP_VERIFY_JOBS_ID       (SV_JOBS_ID_LEN + 1)


/* ---- in shared memory */

typedef enum {
    ngx_smtp_verify_jobs_works = 0,
    ngx_smtp_verify_jobs_pauses,        /* nothing is begun */
    ngx_smtp_verify_jobs_ends           /* all that is under way is given up */
} ngx_smtp_verify_jobs_will_e;


typedef struct {
    ngx_queue_t                  queue;
    u_char                       id[NGX_SMTP_VERIFY_JOBS_ID];
    uint64_t                     client;        /* hash of its name */
    ngx_smtp_verify_jobs_will_e  will;
    sv_lease_t                  *blocks;
    uint32_t                     sum;           /* records in flight */
    uint32_t                     of_client;     /* of all jobs of its client */
    uint64_t                     users;         /* bits of the places that
                                                   have a run */
    ngx_uint_t                   waiter;        /* place + 1 that retries
                                                   records; 0: nobody does */
    ngx_uint_t                   lender;        /* place + 1 that lends blocks
                                                   to other machines; or 0 */
    ngx_uint_t                   lent;          /* blocks that are lent now */
    int64_t                      due;           /* when the first record may be
                                                   retried; 0: none waits */
    int64_t                      rest;          /* nothing is begun before */
    ngx_uint_t                   erasures;      /* of addresses: what was read
                                                   before has to be read anew */
    ngx_uint_t                   quota;         /* ... as that of the client is
                                                   used up */
    u_char                       detail[NGX_SMTP_VERIFY_JOBS_DETAIL];
                                                /* of the record that was the
                                                   last to begin to wait */
    ngx_uint_t                   checks;        /* the keeper looks whether it
                                                   is complete */
    uint64_t                     sample;        /* records that are asked first
                                                   ... */
    uint64_t                     records;       /* ... of so many */
    uint32_t                     sampled;       /* turns of blocks whose part of
                                                   the sample was leased */
    uint32_t                     flight[NGX_SMTP_VERIFY_JOBS_PLACES];
    uint32_t                     rates[NGX_SMTP_VERIFY_JOBS_RATES];
    int64_t                      rated;         /* the interval of the last
                                                   result */
} ngx_smtp_verify_jobs_job_t;


typedef struct {
    uint32_t                     layout;
    u_char                       zone[16];      /* random: processes that share
                                                   it share this zone */
    ngx_queue_t                  jobs;
    ngx_uint_t                   njobs;
    uint32_t                     places[NGX_SMTP_VERIFY_JOBS_PLACES];
                                                /* see sv_owner.h */
    ngx_uint_t                   keeper;        /* place + 1; or 0 */
    ngx_uint_t                   full;          /* a job did not fit in */
    sv_catalog_survey_t          survey;
    time_t                       surveyed;      /* 0: not yet */
    uint64_t                     nchanges;
    u_char                       changes[NGX_SMTP_VERIFY_JOBS_CHANGES]
                                        [NGX_SMTP_VERIFY_JOBS_ID];
} ngx_smtp_verify_jobs_shared_t;


/* ---- a worker */

typedef struct ngx_smtp_verify_jobs_keep_s  ngx_smtp_verify_jobs_keep_t;


typedef struct {
    ngx_smtp_verify_jobs_t      *jobs;
    ngx_smtp_verify_jobs_tasks_t  tasks;
    ngx_smtp_verify_jobs_shared_t  *shared;
    ngx_slab_pool_t             *shpool;
    ngx_smtp_verify_jobs_keep_t *keep;          /* of the keeper; or NULL */
    ngx_smtp_verify_jobs_hooks_t *hooks;        /* likewise */
    ngx_queue_t                  runs;
    ngx_uint_t                   nruns;
    ngx_uint_t                   turn;          /* of the runs of a client */
    ngx_event_t                  tick;
    uint64_t                     seen;          /* changes */
    ngx_uint_t                   place;         /* + 1; 0: it has none, and
                                                   works at nothing */
    int                          lock;          /* a file; -1: not open */
    ngx_msec_t                   tried;         /* to get the lock */

    unsigned                     locked:1;
    unsigned                     locking:1;
    unsigned                     told:1;        /* that others have the lock */
} ngx_smtp_verify_jobs_worker_t;


#define ngx_smtp_verify_jobs_tasks(jobs)                                      \
    (&((ngx_smtp_verify_jobs_worker_t *) (jobs)->worker)->tasks)

#define ngx_smtp_verify_jobs_lock(w)    ngx_shmtx_lock(&(w)->shpool->mutex)
#define ngx_smtp_verify_jobs_unlock(w)  ngx_shmtx_unlock(&(w)->shpool->mutex)

#define ngx_smtp_verify_jobs_bit(w)     ((uint64_t) 1 << ((w)->place - 1))


/* Unix time in ms */
int64_t ngx_smtp_verify_jobs_time(void);

/* may the same work later? */
ngx_uint_t ngx_smtp_verify_jobs_may_pass(sv_jobs_e status);
ngx_uint_t ngx_smtp_verify_jobs_is_lost(sv_jobs_e status);

/* a sentence for the client */
const char *ngx_smtp_verify_jobs_says(sv_jobs_e status);


/* ---- lock.c: is this worker one of those that may work at the store?  If not,
   it tries to become one. */
ngx_uint_t ngx_smtp_verify_jobs_may_work(ngx_smtp_verify_jobs_worker_t *w);


/* ---- zone.c: all functions take the lock themselves */

/* Takes a place for this worker; NGX_DECLINED: none is free. */
ngx_int_t ngx_smtp_verify_jobs_enter(ngx_smtp_verify_jobs_worker_t *w);
void ngx_smtp_verify_jobs_leave(ngx_smtp_verify_jobs_worker_t *w);

/* Ends all leases of workers that have died. */
void ngx_smtp_verify_jobs_reap(ngx_smtp_verify_jobs_worker_t *w);

/* Is some worker at work, or something to be looked at by the keeper? */
ngx_uint_t ngx_smtp_verify_jobs_is_busy(ngx_smtp_verify_jobs_worker_t *w);

/* Is this worker the keeper, or has it become the keeper now? */
ngx_uint_t ngx_smtp_verify_jobs_is_keeper(ngx_smtp_verify_jobs_worker_t *w);

/* Copies the id of the next job that has changed.  NGX_DECLINED: there is
   none; NGX_ABORT: some were lost, so that all have to be looked at. */
ngx_int_t ngx_smtp_verify_jobs_change(ngx_smtp_verify_jobs_worker_t *w,
    u_char *id);

/* Loads a job.  NGX_DECLINED: the zone is full. */
ngx_int_t ngx_smtp_verify_jobs_load(ngx_smtp_verify_jobs_worker_t *w,
    sv_catalog_job_t *job, sv_job_totals_t *totals, uint64_t *open, size_t n);
ngx_smtp_verify_jobs_job_t *ngx_smtp_verify_jobs_find(
    ngx_smtp_verify_jobs_worker_t *w, u_char *id);

/* Sets what is to be done with the job, if it is loaded. */
void ngx_smtp_verify_jobs_will(ngx_smtp_verify_jobs_worker_t *w, u_char *id,
    ngx_smtp_verify_jobs_will_e will);

/* n results were stored */
void ngx_smtp_verify_jobs_count(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_job_t *job, ngx_uint_t n);

/* NGX_OK: it is not loaded any more; NGX_AGAIN: some worker still has a run */
ngx_int_t ngx_smtp_verify_jobs_unload(ngx_smtp_verify_jobs_worker_t *w,
    u_char *id);


/* ---- order.c */

/* Begins runs of jobs in which there is work, the client with the least
   records in flight first. */
void ngx_smtp_verify_jobs_order(ngx_smtp_verify_jobs_worker_t *w);

/* Divides the probes of this worker among its runs. */
void ngx_smtp_verify_jobs_shares(ngx_smtp_verify_jobs_worker_t *w);


/* ---- keep.c, care.c */

void ngx_smtp_verify_jobs_keep(ngx_smtp_verify_jobs_worker_t *w);
void ngx_smtp_verify_jobs_keep_free(ngx_smtp_verify_jobs_worker_t *w);

/* ---- hook.c: sends events to webhooks; _wake(): there may be new ones;
   _exit() before the tasks are freed, and _free() after that */

void ngx_smtp_verify_jobs_hooks(ngx_smtp_verify_jobs_worker_t *w);
void ngx_smtp_verify_jobs_hooks_wake(ngx_smtp_verify_jobs_worker_t *w);
void ngx_smtp_verify_jobs_hooks_exit(ngx_smtp_verify_jobs_worker_t *w);
void ngx_smtp_verify_jobs_hooks_free(ngx_smtp_verify_jobs_worker_t *w);


/* ---- lend.c: answers of other machines about this job are not wanted any
   more */

void ngx_smtp_verify_jobs_lend_forget(ngx_smtp_verify_jobs_worker_t *w,
    u_char *id);


/* Moves a job in the catalogue, and tells everybody. */
void ngx_smtp_verify_jobs_move(ngx_smtp_verify_jobs_t *jobs, u_char *id,
    unsigned from, sv_job_state_e to, const char *error);


#endif /* _NGX_SMTP_VERIFY_JOBS_WORKER_H_INCLUDED_ */
