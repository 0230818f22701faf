
/*
 * Jobs: lists that are stored, and worked off in the background.  This is the
 * part in nginx's event loop; it does not know of HTTP.
 *
 *   jobs.c         the store of a worker: start, exit, what is configured
 *   jobs_task.c    calls of the store, in a thread pool, one after the other
 *                  for each database
 *   jobs_zone.c    shared memory: jobs that are under way, leases of blocks
 *   jobs_order.c   which block is next: fair between clients, then jobs
 *   jobs_run.c     a batch that works off a job in this worker
 *   jobs_source.c  its source, jobs_sink.c its sink
 *   jobs_wait.c    records that wait to be retried
 *   jobs_hold.c    accepted addresses that wait for a canary
 *   jobs_rest.c    domains that are left alone for a while
 *   jobs_lend.c    blocks that other machines work off, jobs_borrow.c blocks of
 *                  theirs
 *   jobs_keep.c    the keeper of a store, jobs_care.c what it does: jobs begin,
 *                  end and are purged
 *   jobs_hook.c    tells webhooks what becomes of jobs
 *   jobs_survey.c  how full the store is
 */


#ifndef _NGX_SMTP_VERIFY_JOBS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_JOBS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include "ngx_smtp_verify_batch.h"
#include "sv_catalog.h"
#include "sv_job.h"


typedef struct ngx_smtp_verify_jobs_s       ngx_smtp_verify_jobs_t;
typedef struct ngx_smtp_verify_jobs_task_s  ngx_smtp_verify_jobs_task_t;
typedef struct ngx_smtp_verify_jobs_hook_conf_s
    ngx_smtp_verify_jobs_hook_conf_t;
typedef struct ngx_smtp_verify_jobs_carrier_s
    ngx_smtp_verify_jobs_carrier_t;


/*
 * A call of the store.  The owner allocates it, sets the fields marked as
 * given, and posts it.  It must stay until "done" was called: an owner that
 * goes away before that sets "done" to a function that only frees.
 */

struct ngx_smtp_verify_jobs_task_s {
    /* given */
    void                     (*run)(ngx_smtp_verify_jobs_task_t *task);
                                                /* in a thread: no nginx
                                                   function but ngx_alloc() */
    void                     (*done)(ngx_smtp_verify_jobs_task_t *task);
                                                /* in the event loop */
    void                     (*gone)(ngx_smtp_verify_jobs_task_t *task);
                                                /* instead of done() when the
                                                   process exits: it only
                                                   frees; may be NULL */
    void                      *data;
    u_char                     id[SV_JOBS_ID_LEN + 1];  /* of the job whose
                                                   database it needs; empty:
                                                   the catalogue */
    unsigned                   last:1;          /* it runs although the process
                                                   exits */
    unsigned                   closed:1;        /* the database of "id" is
                                                   closed for run(), which works
                                                   with its files */

    /* valid in run() */
    sv_jobs_conf_t            *conf;
    sv_catalog_t              *catalog;         /* if id is empty */
    sv_job_t                  *job;             /* else, if it is not closed */

    /* set by run(), or before it if the database could not be opened (run() is
       not called then) */
    sv_jobs_e                  status;
    sv_jobs_why_t              why;

    /* private */
    ngx_queue_t                queue;
    ngx_smtp_verify_jobs_t    *jobs;
    ngx_thread_task_t         *thread;
};


/* Given by the configuration, once for each store. */

struct ngx_smtp_verify_jobs_s {
    sv_jobs_conf_t             conf;
    ngx_str_t                  path;
    ngx_thread_pool_t         *pool;
    ngx_shm_zone_t            *zone;
    ngx_log_t                 *log;
    ngx_smtp_verify_conf_t    *verify;          /* of the location */
    ngx_smtp_verify_batch_limits_t  limits;
    ngx_msec_t                 retention;
    ngx_msec_t                 wait;

    /* Called in a worker before a job is run: fills in the asker (conf,
       quota's account) for a client; "who" is what _asked_as() of the upload
       kept.  NGX_DECLINED: the client does not exist any more. */
    ngx_int_t                (*asker)(ngx_smtp_verify_jobs_t *jobs,
                                       sv_catalog_job_t *job,
                                       ngx_smtp_verify_asker_t *asker,
                                       ngx_pool_t *pool);
    ngx_smtp_verify_jobs_hook_conf_t  *hook;    /* NULL: there are no
                                                   webhooks */
    ngx_smtp_verify_jobs_carrier_t  *carrier;   /* of blocks that are lent;
                                                   NULL: none is */
    void                      *data;            /* the location's */

    void                      *worker;          /* this worker's state */
};


/* jobs.c: in each worker, from init_process and exit_process */
ngx_int_t ngx_smtp_verify_jobs_start(ngx_smtp_verify_jobs_t *jobs,
    ngx_cycle_t *cycle);
void ngx_smtp_verify_jobs_stop(ngx_smtp_verify_jobs_t *jobs);
/* at the end of exit_process, if there is a store: waits for threads */
void ngx_smtp_verify_jobs_threads_end(ngx_log_t *log);

/* Tells all workers that the job has changed in the catalogue: it is new, was
   paused, resumed, cancelled, or is to be purged. */
void ngx_smtp_verify_jobs_notify(ngx_smtp_verify_jobs_t *jobs, u_char *id);

/* The job is about to be purged: tells the workers before its files go, so that
   none of them takes that for a fault. */
void ngx_smtp_verify_jobs_withdraw(ngx_smtp_verify_jobs_t *jobs, u_char *id);

/* jobs_task.c: NGX_ERROR if it cannot be posted; then done() is not called */
ngx_int_t ngx_smtp_verify_jobs_post(ngx_smtp_verify_jobs_t *jobs,
    ngx_smtp_verify_jobs_task_t *task);

#define NGX_SMTP_VERIFY_JOBS_DETAIL  256

/* jobs_zone.c: what GET of a job shows beside the catalogue and totals */
typedef struct {
    ngx_uint_t                 loaded;          /* in shared memory */
    uint64_t                   in_flight;       /* records that are asked */
    uint64_t                   rate;            /* results an hour, in the last
                                                   minute */
    time_t                     next;            /* when it will go on, if it
                                                   only waits; or 0 */
    time_t                     quota;           /* when it has a quota again; 0:
                                                   now */
    ngx_uint_t                 no_room;         /* for it in shared memory; 2:
                                                   nor without the others */
    u_char                     detail[NGX_SMTP_VERIFY_JOBS_DETAIL];
                                                /* why records wait; or
                                                   empty */
} ngx_smtp_verify_jobs_progress_t;

void ngx_smtp_verify_jobs_progress(ngx_smtp_verify_jobs_t *jobs, u_char *id,
    ngx_smtp_verify_jobs_progress_t *progress);

/* An address was erased from the records of the job: whatever workers have read
   of them before is not asked any more. */
void ngx_smtp_verify_jobs_erased(ngx_smtp_verify_jobs_t *jobs, u_char *id);

/* jobs_survey.c: what the keeper found when it last looked at the whole store,
   a few seconds ago */
typedef enum {
    ngx_smtp_verify_jobs_room_enough = 0,
    ngx_smtp_verify_jobs_room_short,            /* new lists are refused */
    ngx_smtp_verify_jobs_room_none              /* results have no room */
} ngx_smtp_verify_jobs_room_e;

typedef struct {
    time_t                     at;              /* 0: not yet */
    sv_catalog_survey_t        store;
    uint64_t                   size;            /* octets that jobs may use */
    ngx_smtp_verify_jobs_room_e  room;
    ngx_uint_t                 loaded;          /* jobs in shared memory */
    uint64_t                   in_flight;       /* records that are asked */
} ngx_smtp_verify_jobs_survey_t;

void ngx_smtp_verify_jobs_survey(ngx_smtp_verify_jobs_t *jobs,
    ngx_smtp_verify_jobs_survey_t *survey);

/* a word */
const char *ngx_smtp_verify_jobs_state(sv_job_state_e state);

/* the zone's init callback is set by the configuration */
ngx_int_t ngx_smtp_verify_jobs_zone_init(ngx_shm_zone_t *zone, void *data);


#endif /* _NGX_SMTP_VERIFY_JOBS_H_INCLUDED_ */
