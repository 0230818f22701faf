
#include "ngx_smtp_verify_jobs_keep.h"


#define NGX_SMTP_VERIFY_JOBS_SETTLE  5000       /* records of a transaction */
#define NGX_SMTP_VERIFY_JOBS_LATER   10000      /* ms */
#define NGX_SMTP_VERIFY_JOBS_OPENED  4096       /* blocks of a transaction */

#define NGX_SMTP_VERIFY_JOBS_LIVE                                             \
    (1 << SV_JOB_QUEUED | 1 << SV_JOB_RUNNING | 1 << SV_JOB_PAUSED)


static ngx_uint_t ngx_smtp_verify_jobs_care_is_first(
    ngx_smtp_verify_jobs_care_t *care);
static void ngx_smtp_verify_jobs_care_begin(
    ngx_smtp_verify_jobs_care_t *care);
static void ngx_smtp_verify_jobs_care_database(
    ngx_smtp_verify_jobs_care_t *care);
static void ngx_smtp_verify_jobs_care_end(ngx_smtp_verify_jobs_care_t *care);
static void ngx_smtp_verify_jobs_care_run(ngx_smtp_verify_jobs_task_t *task);
static sv_jobs_e ngx_smtp_verify_jobs_care_open(
    ngx_smtp_verify_jobs_care_t *care);
static sv_jobs_e ngx_smtp_verify_jobs_care_settle(
    ngx_smtp_verify_jobs_care_t *care);
static sv_jobs_e ngx_smtp_verify_jobs_care_purge(
    ngx_smtp_verify_jobs_care_t *care);
static void ngx_smtp_verify_jobs_care_done(ngx_smtp_verify_jobs_task_t *task);
static ngx_uint_t ngx_smtp_verify_jobs_care_next(
    ngx_smtp_verify_jobs_care_t *care);
static void ngx_smtp_verify_jobs_care_later(
    ngx_smtp_verify_jobs_keep_t *keep);
static void ngx_smtp_verify_jobs_care_loaded(
    ngx_smtp_verify_jobs_care_t *care);
static ngx_uint_t ngx_smtp_verify_jobs_care_completed(
    ngx_smtp_verify_jobs_care_t *care);
static void ngx_smtp_verify_jobs_care_failed(
    ngx_smtp_verify_jobs_care_t *care);


void
ngx_smtp_verify_jobs_care(ngx_smtp_verify_jobs_keep_t *keep,
    ngx_smtp_verify_jobs_care_e what, u_char *id, sv_catalog_job_t *job)
{
    ngx_queue_t                  *q;
    ngx_smtp_verify_jobs_care_t  *care;

    for (q = ngx_queue_head(&keep->cares);
         q != ngx_queue_sentinel(&keep->cares);
         q = ngx_queue_next(q))
    {
        care = ngx_queue_data(q, ngx_smtp_verify_jobs_care_t, queue);

        if (care->what == what && ngx_strcmp(care->id, id) == 0
            && !care->posted)
        {
            return;
        }
    }

    care = NULL;

    if (keep->ncares < NGX_SMTP_VERIFY_JOBS_CARES) {
        care = ngx_calloc(sizeof(ngx_smtp_verify_jobs_care_t),
                          keep->worker->jobs->log);
    }

    if (care == NULL) {
        keep->relist = 1;
        return;
    }

    care->keep = keep;
    care->what = what;
    ngx_cpystrn(care->id, id, NGX_SMTP_VERIFY_JOBS_ID);

    if (job) {
        care->job = *job;
    }

    ngx_queue_insert_tail(&keep->cares, &care->queue);
    keep->ncares++;
}


/* Begins what can begin.  A job gets one care after the other, in order. */

void
ngx_smtp_verify_jobs_cares(ngx_smtp_verify_jobs_keep_t *keep)
{
    ngx_queue_t                  *q, *next;
    ngx_smtp_verify_jobs_care_t  *care;

    for (q = ngx_queue_head(&keep->cares);
         q != ngx_queue_sentinel(&keep->cares);
         q = next)
    {
        next = ngx_queue_next(q);
        care = ngx_queue_data(q, ngx_smtp_verify_jobs_care_t, queue);

        if (!care->posted && ngx_smtp_verify_jobs_care_is_first(care)) {
            ngx_smtp_verify_jobs_care_begin(care);
        }
    }
}


static ngx_uint_t
ngx_smtp_verify_jobs_care_is_first(ngx_smtp_verify_jobs_care_t *care)
{
    ngx_queue_t                  *q;
    ngx_smtp_verify_jobs_care_t  *other;

    for (q = ngx_queue_head(&care->keep->cares);
         q != &care->queue;
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_smtp_verify_jobs_care_t, queue);

        if (ngx_strcmp(other->id, care->id) == 0) {
            return 0;
        }
    }

    return 1;
}


static void
ngx_smtp_verify_jobs_care_begin(ngx_smtp_verify_jobs_care_t *care)
{
    ngx_smtp_verify_jobs_keep_t    *keep;
    ngx_smtp_verify_jobs_worker_t  *w;

    keep = care->keep;
    w = keep->worker;

    switch (care->what) {

    case ngx_smtp_verify_jobs_settle:
    case ngx_smtp_verify_jobs_purge:
    case ngx_smtp_verify_jobs_unload_it:

        /* first all workers have to let go of the job */

        if (ngx_smtp_verify_jobs_unload(w, care->id) != NGX_OK) {
            return;
        }

        if (w->shared->full) {
            w->shared->full = 0;
            keep->relist = 1;
        }

        if (care->what == ngx_smtp_verify_jobs_unload_it) {
            ngx_smtp_verify_jobs_care_end(care);
            return;
        }

        break;

    default:
        break;
    }

    ngx_smtp_verify_jobs_care_database(care);

    care->task.run = ngx_smtp_verify_jobs_care_run;
    care->task.done = ngx_smtp_verify_jobs_care_done;
    care->task.gone = ngx_smtp_verify_jobs_care_done;
    care->task.data = care;
    care->now = ngx_smtp_verify_jobs_time();

    if (ngx_smtp_verify_jobs_post(w->jobs, &care->task) == NGX_OK) {
        care->posted = 1;
        keep->tasks++;
    }
}


/* Chooses the database of the next step: the catalogue or that of the job.  A
   look needs the catalogue.  A purge needs it before and after it removes the
   files of the job, which may take long, and must not keep the catalogue busy
   meanwhile. */

static void
ngx_smtp_verify_jobs_care_database(ngx_smtp_verify_jobs_care_t *care)
{
    ngx_uint_t  files;

    files = (care->what == ngx_smtp_verify_jobs_purge && care->doomed
             && !care->purged);

    if (care->what == ngx_smtp_verify_jobs_look
        || (care->what == ngx_smtp_verify_jobs_purge && !files))
    {
        ngx_memzero(care->task.id, NGX_SMTP_VERIFY_JOBS_ID);

    } else {
        ngx_memcpy(care->task.id, care->id, NGX_SMTP_VERIFY_JOBS_ID);
    }

    care->task.closed = files;
}


static void
ngx_smtp_verify_jobs_care_end(ngx_smtp_verify_jobs_care_t *care)
{
    ngx_queue_remove(&care->queue);
    care->keep->ncares--;

    free(care->open);
    ngx_free(care);
}


void
ngx_smtp_verify_jobs_cares_free(ngx_smtp_verify_jobs_keep_t *keep)
{
    ngx_queue_t                  *q, *next;
    ngx_smtp_verify_jobs_care_t  *care;

    for (q = ngx_queue_head(&keep->cares);
         q != ngx_queue_sentinel(&keep->cares);
         q = next)
    {
        next = ngx_queue_next(q);
        care = ngx_queue_data(q, ngx_smtp_verify_jobs_care_t, queue);

        if (!care->posted) {
            ngx_smtp_verify_jobs_care_end(care);
        }
    }
}


/* runs in a thread */

static void
ngx_smtp_verify_jobs_care_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_care_t *care = task->data;

    switch (care->what) {

    case ngx_smtp_verify_jobs_look:
        task->status = sv_catalog_get(task->catalog, (char *) care->id,
                                      &care->job);
        break;

    case ngx_smtp_verify_jobs_load_it:
        task->status = sv_job_totals(task->job, &care->totals);

        if (task->status == SV_JOBS_OK) {
            task->status = ngx_smtp_verify_jobs_care_open(care);
        }

        break;

    case ngx_smtp_verify_jobs_complete:
        task->status = sv_job_totals(task->job, &care->totals);
        break;

    case ngx_smtp_verify_jobs_settle:
        task->status = ngx_smtp_verify_jobs_care_settle(care);
        break;

    case ngx_smtp_verify_jobs_purge:
        task->status = ngx_smtp_verify_jobs_care_purge(care);
        break;

    default: /* ngx_smtp_verify_jobs_unload_it */
        break;
    }
}


static sv_jobs_e
ngx_smtp_verify_jobs_care_open(ngx_smtp_verify_jobs_care_t *care)
{
    size_t      n;
    uint64_t   *open, from;
    sv_jobs_e   status;

    from = 0;
    care->n = 0;

    for ( ;; ) {
        open = realloc(care->open, (care->n + NGX_SMTP_VERIFY_JOBS_OPENED)
                                   * sizeof(uint64_t));
        if (open == NULL) {
            return SV_JOBS_NO_MEMORY;
        }

        care->open = open;
        n = NGX_SMTP_VERIFY_JOBS_OPENED;

        status = sv_job_open_blocks(care->task.job, from, open + care->n, &n);

        if (status == SV_JOBS_DONE) {
            return SV_JOBS_OK;
        }

        if (status != SV_JOBS_OK) {
            return status;
        }

        care->n += n;

        if (n < NGX_SMTP_VERIFY_JOBS_OPENED) {
            return SV_JOBS_OK;
        }

        from = open[care->n - 1] + 1;
    }
}


/* Each list of the catalogue names all cancelled jobs, and most of them are
   settled already. */

static sv_jobs_e
ngx_smtp_verify_jobs_care_settle(ngx_smtp_verify_jobs_care_t *care)
{
    sv_jobs_e  status;

    status = sv_job_totals(care->task.job, &care->totals);

    if (status != SV_JOBS_OK) {
        return status;
    }

    if (care->totals.results >= care->totals.records) {
        return SV_JOBS_DONE;
    }

    return sv_job_settle(care->task.job, INT64_MAX, 1, SV_UNKNOWN,
                         SV_NOT_PROBED, NGX_SMTP_VERIFY_JOBS_SETTLE);
}


/* one step of three */

static sv_jobs_e
ngx_smtp_verify_jobs_care_purge(ngx_smtp_verify_jobs_care_t *care)
{
    sv_jobs_e  status;

    if (!care->doomed) {
        return sv_catalog_move(care->task.catalog, (char *) care->id,
                               (1 << SV_JOB_STATES) - 1, SV_JOB_PURGING,
                               care->now, NULL, &care->job);
    }

    if (!care->purged) {
        status = sv_job_purge(care->task.conf, (char *) care->id,
                              &care->task.why);

        return status == SV_JOBS_NOT_FOUND ? SV_JOBS_OK : status;
    }

    return sv_catalog_remove(care->task.catalog, (char *) care->id);
}


static void
ngx_smtp_verify_jobs_care_done(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_care_t  *care;
    ngx_smtp_verify_jobs_keep_t  *keep;

    care = task->data;
    keep = care->keep;

    keep->tasks--;

    if (keep->gone) {
        ngx_smtp_verify_jobs_care_end(care);

        if (keep->tasks == 0) {
            ngx_free(keep);
        }

        return;
    }

    if (ngx_smtp_verify_jobs_care_next(care)) {
        care->posted = 0;

    } else {
        ngx_smtp_verify_jobs_care_end(care);
    }

    ngx_smtp_verify_jobs_cares(keep);
    ngx_smtp_verify_jobs_keep_on(keep);
}


/* Returns 1 if the care needs another step. */

static ngx_uint_t
ngx_smtp_verify_jobs_care_next(ngx_smtp_verify_jobs_care_t *care)
{
    sv_jobs_e                     status;
    ngx_smtp_verify_jobs_keep_t  *keep;

    keep = care->keep;
    status = care->task.status;

    if (status == SV_JOBS_NOT_FOUND
        && (care->what == ngx_smtp_verify_jobs_look
            || care->what == ngx_smtp_verify_jobs_purge))
    {
        ngx_smtp_verify_jobs_care(keep, ngx_smtp_verify_jobs_unload_it,
                                  care->id, NULL);
        ngx_smtp_verify_jobs_care_later(keep);
        ngx_smtp_verify_jobs_lend_forget(keep->worker, care->id);
        return 0;
    }

    if (status != SV_JOBS_OK && status != SV_JOBS_DONE) {
        ngx_smtp_verify_jobs_care_failed(care);
        return 0;
    }

    switch (care->what) {

    case ngx_smtp_verify_jobs_look:
        ngx_smtp_verify_jobs_keep_look(keep, &care->job);
        return 0;

    case ngx_smtp_verify_jobs_load_it:
        ngx_smtp_verify_jobs_care_loaded(care);
        return 0;

    case ngx_smtp_verify_jobs_complete:
        return ngx_smtp_verify_jobs_care_completed(care);

    case ngx_smtp_verify_jobs_settle:
        return status == SV_JOBS_OK;

    case ngx_smtp_verify_jobs_purge:

        if (!care->purged) {
            care->purged = care->doomed;
            care->doomed = 1;
            return 1;
        }

        ngx_smtp_verify_jobs_lend_forget(keep->worker, care->id);

        ngx_log_error(NGX_LOG_NOTICE, keep->worker->jobs->log, 0,
                      "smtp verify jobs: job %s is purged", care->id);
        return 0;

    default: /* ngx_smtp_verify_jobs_unload_it */
        return 0;
    }
}


/* A job that is not found may be one that a request purges.  If that is cut
   short, the purge is completed after a while. */

static void
ngx_smtp_verify_jobs_care_later(ngx_smtp_verify_jobs_keep_t *keep)
{
    int64_t  then;

    then = ngx_smtp_verify_jobs_time() + NGX_SMTP_VERIFY_JOBS_LATER;

    if (keep->expires == 0 || then < keep->expires) {
        keep->expires = then;
    }
}


static void
ngx_smtp_verify_jobs_care_loaded(ngx_smtp_verify_jobs_care_t *care)
{
    ngx_smtp_verify_jobs_t         *jobs;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = care->keep->worker;
    jobs = w->jobs;

    if (care->n == 0 && care->totals.waiting == 0) {
        ngx_smtp_verify_jobs_move(jobs, care->id, NGX_SMTP_VERIFY_JOBS_LIVE,
                                  SV_JOB_COMPLETED, NULL);
        return;
    }

    if (ngx_smtp_verify_jobs_find(w, care->id)) {
        return;
    }

    if (ngx_smtp_verify_jobs_load(w, &care->job, &care->totals, care->open,
                                  care->n)
        != NGX_OK)
    {
        ngx_log_error(NGX_LOG_WARN, jobs->log, 0,
                      "smtp verify jobs: zone \"%V\" has no room for job %s, "
                      "which waits for %s", &jobs->zone->shm.name, care->id,
                      w->shared->njobs ? "others to end" : "a larger one");
        return;
    }

    ngx_log_error(NGX_LOG_INFO, jobs->log, 0,
                  "smtp verify jobs: job %s: %uL records, %uL results, %uL "
                  "wait", care->id, care->totals.records, care->totals.results,
                  care->totals.waiting);

    if (care->job.state == SV_JOB_QUEUED) {
        ngx_smtp_verify_jobs_move(jobs, care->id, 1 << SV_JOB_QUEUED,
                                  SV_JOB_RUNNING, NULL);
    }

    ngx_add_timer(&w->tick, 1);
}


static ngx_uint_t
ngx_smtp_verify_jobs_care_completed(ngx_smtp_verify_jobs_care_t *care)
{
    ngx_smtp_verify_jobs_job_t     *job;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = care->keep->worker;

    if (care->totals.results >= care->totals.records) {
        ngx_smtp_verify_jobs_move(w->jobs, care->id, NGX_SMTP_VERIFY_JOBS_LIVE,
                                  SV_JOB_COMPLETED, NULL);
        return 0;
    }

    if (care->totals.waiting) {

        ngx_smtp_verify_jobs_lock(w);

        job = ngx_smtp_verify_jobs_find(w, care->id);

        if (job && job->due == 0) {
            job->due = ngx_max(care->totals.due, 1);
        }

        ngx_smtp_verify_jobs_unlock(w);

        return 0;
    }

    /* some records have no result, though all blocks are done: read all blocks
       again */

    ngx_log_error(NGX_LOG_WARN, w->jobs->log, 0,
                  "smtp verify jobs: job %s has %uL records, but %uL results",
                  care->id, care->totals.records, care->totals.results);

    ngx_smtp_verify_jobs_care(care->keep, ngx_smtp_verify_jobs_unload_it,
                              care->id, NULL);
    ngx_smtp_verify_jobs_care(care->keep, ngx_smtp_verify_jobs_look, care->id,
                              NULL);

    return 0;
}


static void
ngx_smtp_verify_jobs_care_failed(ngx_smtp_verify_jobs_care_t *care)
{
    ngx_smtp_verify_jobs_t      *jobs;
    ngx_smtp_verify_jobs_job_t  *job;

    jobs = care->keep->worker->jobs;
    job = ngx_smtp_verify_jobs_find(care->keep->worker, care->id);

    /* a request has purged it meanwhile */

    if (care->task.status == SV_JOBS_NOT_FOUND && job
        && job->will == ngx_smtp_verify_jobs_ends)
    {
        return;
    }

    ngx_log_error(NGX_LOG_ERR, jobs->log, care->task.why.error,
                  "smtp verify jobs: job %s: %s: %s", care->id,
                  ngx_smtp_verify_jobs_says(care->task.status),
                  care->task.why.note);

    switch (care->what) {

    case ngx_smtp_verify_jobs_load_it:
    case ngx_smtp_verify_jobs_complete:

        if (ngx_smtp_verify_jobs_may_pass(care->task.status)) {
            break;
        }

        ngx_smtp_verify_jobs_move(jobs, care->id, NGX_SMTP_VERIFY_JOBS_LIVE,
                                  ngx_smtp_verify_jobs_is_lost(
                                                      care->task.status)
                                  ? SV_JOB_FAILED : SV_JOB_PAUSED,
                                  ngx_smtp_verify_jobs_says(
                                                      care->task.status));
        return;

    default:
        break;
    }

    /* a new list of the catalogue will name the job again */

    care->keep->relist = 1;
    care->keep->retry = ngx_current_msec + 60000;
}
