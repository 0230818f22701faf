
/*
 * The keeper's part: it sees that what the catalogue says about a job is done.
 *
 *   keep.c   reads the catalogue, and begins what is to be done
 *   care.c   what is done with one job: load, end, settle, purge
 *   survey.c how full the store is, for operators
 */


#ifndef _NGX_SMTP_VERIFY_JOBS_KEEP_H_INCLUDED_
#define _NGX_SMTP_VERIFY_JOBS_KEEP_H_INCLUDED_


#include "ngx_smtp_verify_jobs_worker.h"


#define NGX_SMTP_VERIFY_JOBS_PAGE   16
#define NGX_SMTP_VERIFY_JOBS_CARES  64
#define NGX_SMTP_VERIFY_JOBS_SURVEY  10000      /* ms */
#define NGX_SMTP_VERIFY_JOBS_SURVEY_SOON  1000


typedef enum {
    ngx_smtp_verify_jobs_look = 0,      /* what does the catalogue say? */
    ngx_smtp_verify_jobs_load_it,
    ngx_smtp_verify_jobs_complete,      /* is it? */
    ngx_smtp_verify_jobs_settle,        /* it was cancelled */
    ngx_smtp_verify_jobs_purge,
    ngx_smtp_verify_jobs_unload_it
} ngx_smtp_verify_jobs_care_e;


/* what is to be done with a job */

typedef struct {
    ngx_smtp_verify_jobs_task_t  task;
    ngx_queue_t                  queue;
    ngx_smtp_verify_jobs_keep_t *keep;
    ngx_smtp_verify_jobs_care_e  what;
    u_char                       id[NGX_SMTP_VERIFY_JOBS_ID];
    sv_catalog_job_t             job;
    sv_job_totals_t              totals;
    uint64_t                    *open;          /* blocks */
    size_t                       n;
    int64_t                      now;
    unsigned                     posted:1;
    unsigned                     doomed:1;      /* the catalogue says so */
    unsigned                     purged:1;      /* its files are gone */
} ngx_smtp_verify_jobs_care_t;


struct ngx_smtp_verify_jobs_keep_s {
    ngx_smtp_verify_jobs_task_t  task;          /* lists jobs */
    ngx_smtp_verify_jobs_worker_t  *worker;
    sv_catalog_page_t            page;
    sv_catalog_job_t             jobs[NGX_SMTP_VERIFY_JOBS_PAGE];
    size_t                       n;
    ngx_queue_t                  cares;
    ngx_uint_t                   ncares;
    ngx_uint_t                   tasks;
    int64_t                      expires;       /* the first job does; 0: none
                                                   does */
    int64_t                      now;
    ngx_msec_t                   retry;         /* not before */
    ngx_smtp_verify_jobs_task_t  look;          /* at the whole store */
    sv_catalog_survey_t          survey;
    ngx_msec_t                   looked;

    unsigned                     listing:1;     /* a page is read */
    unsigned                     paging:1;      /* there is another one */
    unsigned                     expiring:1;    /* ... of expired jobs */
    unsigned                     found:1;       /* some, by this list */
    unsigned                     relist:1;      /* all jobs have to be seen */
    unsigned                     looking:1;
    unsigned                     changed:1;     /* something has, since it
                                                   looked */
    unsigned                     gone:1;        /* this worker is not the keeper
                                                   any more */
};


/* keep.c: goes on with the list of jobs, if there is room for what it finds */
void ngx_smtp_verify_jobs_keep_on(ngx_smtp_verify_jobs_keep_t *keep);
/* what the catalogue says about the job is to be done */
void ngx_smtp_verify_jobs_keep_look(ngx_smtp_verify_jobs_keep_t *keep,
    sv_catalog_job_t *cj);

/* survey.c: looks at the whole store, if it is time */
void ngx_smtp_verify_jobs_keep_survey(ngx_smtp_verify_jobs_keep_t *keep);

/* care.c: adds something to be done; it is begun in _cares() */
void ngx_smtp_verify_jobs_care(ngx_smtp_verify_jobs_keep_t *keep,
    ngx_smtp_verify_jobs_care_e what, u_char *id, sv_catalog_job_t *job);
void ngx_smtp_verify_jobs_cares(ngx_smtp_verify_jobs_keep_t *keep);
void ngx_smtp_verify_jobs_cares_free(ngx_smtp_verify_jobs_keep_t *keep);


#endif /* _NGX_SMTP_VERIFY_JOBS_KEEP_H_INCLUDED_ */
