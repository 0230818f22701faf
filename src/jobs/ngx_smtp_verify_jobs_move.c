
/* The state of a job is changed in the catalogue, and all workers learn of
   it. */


#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_jobs_worker.h"


typedef struct {
    ngx_smtp_verify_jobs_task_t   task;
    unsigned                      from;
    sv_job_state_e                to;
    int64_t                       now;
    sv_catalog_job_t              job;
    u_char                        id[NGX_SMTP_VERIFY_JOBS_ID];
    char                          error[SV_CATALOG_ERROR];
} ngx_smtp_verify_jobs_move_t;


static void ngx_smtp_verify_jobs_move_run(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_move_done(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_move_gone(ngx_smtp_verify_jobs_task_t *task);


void
ngx_smtp_verify_jobs_move(ngx_smtp_verify_jobs_t *jobs, u_char *id,
    unsigned from, sv_job_state_e to, const char *error)
{
    ngx_smtp_verify_jobs_move_t  *move;

    move = ngx_calloc(sizeof(ngx_smtp_verify_jobs_move_t), jobs->log);
    if (move == NULL) {
        return;
    }

    move->task.run = ngx_smtp_verify_jobs_move_run;
    move->task.done = ngx_smtp_verify_jobs_move_done;
    move->task.gone = ngx_smtp_verify_jobs_move_gone;
    move->task.data = move;

    move->from = from;
    move->to = to;
    move->now = ngx_smtp_verify_jobs_time();

    ngx_cpystrn(move->id, id, NGX_SMTP_VERIFY_JOBS_ID);
    ngx_cpystrn((u_char *) move->error, (u_char *) (error ? error : ""),
                SV_CATALOG_ERROR);

    if (ngx_smtp_verify_jobs_post(jobs, &move->task) != NGX_OK) {
        ngx_free(move);
    }
}


static void
ngx_smtp_verify_jobs_move_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_move_t *move = task->data;

    task->status = sv_catalog_move(task->catalog, (char *) move->id,
                                   move->from, move->to, move->now,
                                   move->error[0] ? move->error : NULL,
                                   &move->job);
}


static void
ngx_smtp_verify_jobs_move_done(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_t       *jobs;
    ngx_smtp_verify_jobs_move_t  *move;

    move = task->data;
    jobs = task->jobs;

    switch (task->status) {

    case SV_JOBS_OK:
        ngx_log_error(NGX_LOG_NOTICE, jobs->log, 0,
                      "smtp verify jobs: job %s is %s%s%s", move->id,
                      ngx_smtp_verify_jobs_state(move->to),
                      move->error[0] ? ": " : "", move->error);

        if (move->to == SV_JOB_COMPLETED) {
            ngx_smtp_verify_count(JOBS_COMPLETED);

        } else if (move->to == SV_JOB_FAILED) {
            ngx_smtp_verify_count(JOBS_FAILED);
        }

        break;

    case SV_JOBS_CONFLICT:
    case SV_JOBS_NOT_FOUND:
        break;

    default:
        ngx_log_error(NGX_LOG_ERR, jobs->log, task->why.error,
                      "smtp verify jobs: job %s could not be %s: %s",
                      move->id, ngx_smtp_verify_jobs_state(move->to),
                      task->why.note);

        /* the keeper tries it again, but not at once */

        ngx_free(move);
        return;
    }

    ngx_smtp_verify_jobs_notify(jobs, move->id);

    ngx_free(move);
}


/* The next keeper finds out that the job has to be moved. */

static void
ngx_smtp_verify_jobs_move_gone(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_free(task->data);
}
