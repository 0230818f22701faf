
#include "ngx_smtp_verify_jobs_keep.h"


/* Uploads leave an eighth of the store to results.  The last part of it, or a
   disk with less than that, has no room for those of a transaction. */

#define NGX_SMTP_VERIFY_JOBS_RESERVE  8
#define NGX_SMTP_VERIFY_JOBS_LEAST    (1024 * 1024)     /* octets */


static void ngx_smtp_verify_jobs_survey_run(
    ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_survey_done(
    ngx_smtp_verify_jobs_task_t *task);
static ngx_smtp_verify_jobs_room_e ngx_smtp_verify_jobs_survey_room(
    ngx_smtp_verify_jobs_survey_t *survey);


void
ngx_smtp_verify_jobs_keep_survey(ngx_smtp_verify_jobs_keep_t *keep)
{
    ngx_msec_t  interval;

    interval = keep->changed ? NGX_SMTP_VERIFY_JOBS_SURVEY_SOON
                             : NGX_SMTP_VERIFY_JOBS_SURVEY;

    if (keep->looking || ngx_current_msec - keep->looked < interval) {
        return;
    }

    keep->looked = ngx_current_msec;
    keep->changed = 0;

    keep->look.run = ngx_smtp_verify_jobs_survey_run;
    keep->look.done = ngx_smtp_verify_jobs_survey_done;
    keep->look.gone = ngx_smtp_verify_jobs_survey_done;
    keep->look.data = keep;

    if (ngx_smtp_verify_jobs_post(keep->worker->jobs, &keep->look) == NGX_OK) {
        keep->looking = 1;
        keep->tasks++;
    }
}


static void
ngx_smtp_verify_jobs_survey_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_keep_t *keep = task->data;

    task->status = sv_catalog_survey(task->catalog, task->conf,
                                     &keep->survey);
}


/* If the catalogue could not be read, which the keeper logs, what was known
   before stays. */

static void
ngx_smtp_verify_jobs_survey_done(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_keep_t    *keep;
    ngx_smtp_verify_jobs_worker_t  *w;

    keep = task->data;

    keep->tasks--;
    keep->looking = 0;

    if (keep->gone) {

        if (keep->tasks == 0) {
            ngx_free(keep);
        }

        return;
    }

    if (task->status != SV_JOBS_OK) {
        return;
    }

    w = keep->worker;

    ngx_smtp_verify_jobs_lock(w);

    w->shared->survey = keep->survey;
    w->shared->surveyed = ngx_time();

    ngx_smtp_verify_jobs_unlock(w);
}


void
ngx_smtp_verify_jobs_survey(ngx_smtp_verify_jobs_t *jobs,
    ngx_smtp_verify_jobs_survey_t *survey)
{
    ngx_uint_t                      i;
    ngx_queue_t                    *q;
    ngx_smtp_verify_jobs_job_t     *job;
    ngx_smtp_verify_jobs_worker_t  *w;

    ngx_memzero(survey, sizeof(ngx_smtp_verify_jobs_survey_t));

    survey->size = jobs->conf.size;
    w = jobs->worker;

    if (w == NULL) {
        return;
    }

    ngx_smtp_verify_jobs_lock(w);

    survey->at = w->shared->surveyed;
    survey->store = w->shared->survey;
    survey->loaded = w->shared->njobs;

    for (q = ngx_queue_head(&w->shared->jobs);
         q != ngx_queue_sentinel(&w->shared->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        for (i = 0; i < NGX_SMTP_VERIFY_JOBS_PLACES; i++) {
            survey->in_flight += job->flight[i];
        }
    }

    ngx_smtp_verify_jobs_unlock(w);

    survey->room = ngx_smtp_verify_jobs_survey_room(survey);
}


static ngx_smtp_verify_jobs_room_e
ngx_smtp_verify_jobs_survey_room(ngx_smtp_verify_jobs_survey_t *survey)
{
    uint64_t  left, least;

    if (survey->at == 0) {
        return ngx_smtp_verify_jobs_room_enough;
    }

    left = survey->size - ngx_min(survey->store.used, survey->size);
    least = ngx_min(survey->size / NGX_SMTP_VERIFY_JOBS_RESERVE / 2,
                    NGX_SMTP_VERIFY_JOBS_LEAST);

    if (left < least || survey->store.free < NGX_SMTP_VERIFY_JOBS_LEAST) {
        return ngx_smtp_verify_jobs_room_none;
    }

    if (left < survey->size / NGX_SMTP_VERIFY_JOBS_RESERVE) {
        return ngx_smtp_verify_jobs_room_short;
    }

    return ngx_smtp_verify_jobs_room_enough;
}
