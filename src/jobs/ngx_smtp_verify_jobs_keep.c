
#include "ngx_smtp_verify_jobs_keep.h"


#define NGX_SMTP_VERIFY_JOBS_HELD   60000       /* ms, to look whether uploads
                                                   are held */
#define NGX_SMTP_VERIFY_JOBS_RETRY  10000       /* ms, after an error */


static ngx_smtp_verify_jobs_keep_t *ngx_smtp_verify_jobs_keep_create(
    ngx_smtp_verify_jobs_worker_t *w);
static void ngx_smtp_verify_jobs_keep_changes(
    ngx_smtp_verify_jobs_keep_t *keep);
static void ngx_smtp_verify_jobs_keep_list(ngx_smtp_verify_jobs_keep_t *keep,
    ngx_uint_t expired);
static void ngx_smtp_verify_jobs_keep_post(ngx_smtp_verify_jobs_keep_t *keep);
static void ngx_smtp_verify_jobs_keep_listed(
    ngx_smtp_verify_jobs_keep_t *keep);
static void ngx_smtp_verify_jobs_keep_run(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_keep_done(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_keep_expires(
    ngx_smtp_verify_jobs_keep_t *keep, sv_catalog_job_t *cj);
static void ngx_smtp_verify_jobs_keep_checks(
    ngx_smtp_verify_jobs_keep_t *keep);


/* Called again and again while this worker is the keeper.  As long as nothing
   changes it only looks at shared memory, and at the size of the store. */

void
ngx_smtp_verify_jobs_keep(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_smtp_verify_jobs_keep_t  *keep;

    keep = w->keep;

    if (keep == NULL) {
        keep = ngx_smtp_verify_jobs_keep_create(w);
        if (keep == NULL) {
            return;
        }
    }

    ngx_smtp_verify_jobs_keep_changes(keep);
    ngx_smtp_verify_jobs_keep_checks(keep);
    ngx_smtp_verify_jobs_cares(keep);
    ngx_smtp_verify_jobs_keep_on(keep);
    ngx_smtp_verify_jobs_keep_survey(keep);
}


/* Reads the next page of a list, or begins a new list.  It waits while there is
   much to do already: whatever there is no room for would have to be found
   again. */

void
ngx_smtp_verify_jobs_keep_on(ngx_smtp_verify_jobs_keep_t *keep)
{
    if (keep->listing || keep->ncares >= NGX_SMTP_VERIFY_JOBS_CARES / 2) {
        return;
    }

    if (keep->paging) {
        ngx_smtp_verify_jobs_keep_post(keep);
        return;
    }

    if ((ngx_msec_int_t) (keep->retry - ngx_current_msec) > 0) {
        return;
    }

    if (keep->relist) {
        ngx_smtp_verify_jobs_keep_list(keep, 0);
        return;
    }

    if (keep->expires && keep->expires <= ngx_smtp_verify_jobs_time()) {
        ngx_smtp_verify_jobs_keep_list(keep, 1);
    }
}


static ngx_smtp_verify_jobs_keep_t *
ngx_smtp_verify_jobs_keep_create(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_smtp_verify_jobs_keep_t  *keep;

    keep = ngx_calloc(sizeof(ngx_smtp_verify_jobs_keep_t), w->jobs->log);
    if (keep == NULL) {
        return NULL;
    }

    keep->worker = w;
    keep->relist = 1;
    keep->retry = ngx_current_msec;
    keep->looked = ngx_current_msec - NGX_SMTP_VERIFY_JOBS_SURVEY;
    ngx_queue_init(&keep->cares);

    keep->task.run = ngx_smtp_verify_jobs_keep_run;
    keep->task.done = ngx_smtp_verify_jobs_keep_done;
    keep->task.gone = ngx_smtp_verify_jobs_keep_done;
    keep->task.data = keep;

    /* changes that were told before now are in the list of all jobs */

    w->seen = w->shared->nchanges;
    w->keep = keep;

    ngx_log_error(NGX_LOG_INFO, w->jobs->log, 0,
                  "smtp verify jobs: this worker keeps the store \"%V\"",
                  &w->jobs->path);

    return keep;
}


void
ngx_smtp_verify_jobs_keep_free(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_smtp_verify_jobs_keep_t  *keep;

    keep = w->keep;

    if (keep == NULL) {
        return;
    }

    w->keep = NULL;
    keep->gone = 1;

    ngx_smtp_verify_jobs_cares_free(keep);

    if (keep->tasks == 0) {
        ngx_free(keep);
    }
}


static void
ngx_smtp_verify_jobs_keep_changes(ngx_smtp_verify_jobs_keep_t *keep)
{
    u_char  id[NGX_SMTP_VERIFY_JOBS_ID];

    while (keep->ncares < NGX_SMTP_VERIFY_JOBS_CARES / 2) {

        switch (ngx_smtp_verify_jobs_change(keep->worker, id)) {

        case NGX_OK:
            keep->changed = 1;
            ngx_smtp_verify_jobs_care(keep, ngx_smtp_verify_jobs_look, id,
                                      NULL);
            break;

        case NGX_ABORT:
            keep->relist = 1;
            return;

        default:
            return;
        }
    }
}


/* Begins to read the catalogue, page by page. */

static void
ngx_smtp_verify_jobs_keep_list(ngx_smtp_verify_jobs_keep_t *keep,
    ngx_uint_t expired)
{
    ngx_memzero(&keep->page, sizeof(sv_catalog_page_t));

    keep->page.state = -1;
    keep->page.limit = NGX_SMTP_VERIFY_JOBS_PAGE;
    keep->expiring = expired;
    keep->found = 0;

    if (!expired) {
        keep->relist = 0;
        keep->expires = 0;
    }

    ngx_smtp_verify_jobs_keep_post(keep);
}


static void
ngx_smtp_verify_jobs_keep_post(ngx_smtp_verify_jobs_keep_t *keep)
{
    keep->now = ngx_smtp_verify_jobs_time();
    keep->paging = 0;

    if (ngx_smtp_verify_jobs_post(keep->worker->jobs, &keep->task) != NGX_OK) {
        keep->relist = 1;
        keep->retry = ngx_current_msec + NGX_SMTP_VERIFY_JOBS_RETRY;
        return;
    }

    keep->listing = 1;
    keep->tasks++;
}


static void
ngx_smtp_verify_jobs_keep_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_keep_t *keep = task->data;

    keep->n = NGX_SMTP_VERIFY_JOBS_PAGE;

    if (keep->expiring) {
        task->status = sv_catalog_expired(task->catalog, keep->now,
                                          keep->page.after, keep->jobs,
                                          &keep->n);

    } else {
        task->status = sv_catalog_list(task->catalog, &keep->page, keep->jobs,
                                       &keep->n);
    }

    if (task->status == SV_JOBS_DONE) {
        task->status = SV_JOBS_OK;
    }
}


static void
ngx_smtp_verify_jobs_keep_done(ngx_smtp_verify_jobs_task_t *task)
{
    size_t                        i;
    ngx_smtp_verify_jobs_keep_t  *keep;

    keep = task->data;

    keep->tasks--;
    keep->listing = 0;

    if (keep->gone) {

        if (keep->tasks == 0) {
            ngx_free(keep);
        }

        return;
    }

    if (task->status != SV_JOBS_OK) {
        ngx_log_error(NGX_LOG_ERR, keep->worker->jobs->log, task->why.error,
                      "smtp verify jobs: the catalogue cannot be read: %s",
                      task->why.note);

        keep->relist = 1;
        keep->retry = ngx_current_msec + NGX_SMTP_VERIFY_JOBS_RETRY;
        return;
    }

    for (i = 0; i < keep->n; i++) {

        if (keep->expiring) {
            ngx_smtp_verify_jobs_care(keep, ngx_smtp_verify_jobs_purge,
                                      (u_char *) keep->jobs[i].id, NULL);

        } else {
            ngx_smtp_verify_jobs_keep_look(keep, &keep->jobs[i]);
        }
    }

    ngx_smtp_verify_jobs_keep_listed(keep);

    ngx_smtp_verify_jobs_cares(keep);
    ngx_smtp_verify_jobs_keep_on(keep);
}


/* The list of all jobs leaves out those whose purge was cut short.  So that of
   expired ones, which has them, follows it.  Both are read to their end: jobs
   whose purge fails again and again do not hide others. */

static void
ngx_smtp_verify_jobs_keep_listed(ngx_smtp_verify_jobs_keep_t *keep)
{
    if (keep->n) {
        keep->found = 1;
    }

    if (keep->n == NGX_SMTP_VERIFY_JOBS_PAGE) {
        ngx_memcpy(keep->page.after, keep->jobs[keep->n - 1].id,
                   NGX_SMTP_VERIFY_JOBS_ID);
        keep->paging = 1;
        return;
    }

    if (!keep->expiring) {
        ngx_smtp_verify_jobs_keep_list(keep, 1);
        return;
    }

    if (!keep->found && (keep->expires == 0 || keep->expires > keep->now)) {
        return;
    }

    /* A new list says when the next job expires.  It begins a little later, so
       that it does not name the jobs that are being purged now. */

    keep->expires = 0;
    keep->relist = 1;
    keep->retry = ngx_current_msec + 1000;
}


void
ngx_smtp_verify_jobs_keep_look(ngx_smtp_verify_jobs_keep_t *keep,
    sv_catalog_job_t *cj)
{
    u_char                         *id;
    ngx_uint_t                      loaded;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = keep->worker;
    id = (u_char *) cj->id;
    loaded = (ngx_smtp_verify_jobs_find(w, id) != NULL);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, w->jobs->log, 0,
                   "smtp verify jobs: job %s has the state %d, loaded: %ui",
                   id, cj->state, loaded);

    ngx_smtp_verify_jobs_keep_expires(keep, cj);

    if (cj->webhook[0]) {
        ngx_smtp_verify_jobs_hooks_wake(w);
    }

    switch (cj->state) {

    case SV_JOB_QUEUED:
    case SV_JOB_RUNNING:

        if (loaded) {
            ngx_smtp_verify_jobs_will(w, id, ngx_smtp_verify_jobs_works);

        } else {
            ngx_smtp_verify_jobs_care(keep, ngx_smtp_verify_jobs_load_it, id,
                                      cj);
        }

        break;

    case SV_JOB_PAUSED:
        ngx_smtp_verify_jobs_will(w, id, ngx_smtp_verify_jobs_pauses);
        break;

    case SV_JOB_CANCELLED:
        ngx_smtp_verify_jobs_will(w, id, ngx_smtp_verify_jobs_ends);
        ngx_smtp_verify_jobs_care(keep, ngx_smtp_verify_jobs_settle, id, cj);
        break;

    case SV_JOB_PURGING:
        ngx_smtp_verify_jobs_will(w, id, ngx_smtp_verify_jobs_ends);
        ngx_smtp_verify_jobs_care(keep, ngx_smtp_verify_jobs_purge, id, cj);
        break;

    default: /* completed, failed, uploading */

        if (loaded) {
            ngx_smtp_verify_jobs_will(w, id, ngx_smtp_verify_jobs_ends);
            ngx_smtp_verify_jobs_care(keep, ngx_smtp_verify_jobs_unload_it, id,
                                      cj);
        }
    }
}


static void
ngx_smtp_verify_jobs_keep_expires(ngx_smtp_verify_jobs_keep_t *keep,
    sv_catalog_job_t *cj)
{
    int64_t  expires;

    expires = cj->expires;

    if (cj->state == SV_JOB_UPLOADING) {
        expires = ngx_smtp_verify_jobs_time() + NGX_SMTP_VERIFY_JOBS_HELD;
    }

    if (expires && (keep->expires == 0 || expires < keep->expires)) {
        keep->expires = expires;
    }
}


/* Looks for jobs whose blocks are all done, and whose records do not wait. */

static void
ngx_smtp_verify_jobs_keep_checks(ngx_smtp_verify_jobs_keep_t *keep)
{
    ngx_queue_t                    *q;
    ngx_smtp_verify_jobs_job_t     *job;
    ngx_smtp_verify_jobs_shared_t  *sh;

    sh = keep->worker->shared;

    for (q = ngx_queue_head(&sh->jobs);
         q != ngx_queue_sentinel(&sh->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        if (!job->checks || job->users
            || job->will == ngx_smtp_verify_jobs_ends)
        {
            continue;
        }

        job->checks = 0;

        if (job->blocks->nfree == 0 && job->blocks->nleased == 0
            && job->due == 0)
        {
            ngx_smtp_verify_jobs_care(keep, ngx_smtp_verify_jobs_complete,
                                      job->id, NULL);
        }
    }
}
