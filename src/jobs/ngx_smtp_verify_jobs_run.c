
#include "ngx_smtp_verify_jobs_run.h"
#include "ngx_smtp_verify_wipe.h"


#define NGX_SMTP_VERIFY_JOBS_LINGER    1000     /* ms */
#define NGX_SMTP_VERIFY_JOBS_DEADLINE  (60 * 60 * 1000)
#define NGX_SMTP_VERIFY_JOBS_FAILURES  3        /* that may pass, in a row */
#define NGX_SMTP_VERIFY_JOBS_PAUSE     10000    /* ms */
#define NGX_SMTP_VERIFY_JOBS_DAY       86400000
#define NGX_SMTP_VERIFY_JOBS_LENT      2000     /* ms */


typedef struct {
    ngx_smtp_verify_jobs_task_t   task;
    ngx_smtp_verify_jobs_run_t   *run;
    sv_catalog_job_t              job;
} ngx_smtp_verify_jobs_start_t;


static void ngx_smtp_verify_jobs_start_run(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_start_done(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_start_gone(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_run_turn(ngx_smtp_verify_batch_t *b);
static void ngx_smtp_verify_jobs_run_stop(ngx_smtp_verify_jobs_run_t *run);
static void ngx_smtp_verify_jobs_run_quota(ngx_smtp_verify_jobs_run_t *run);
static ngx_uint_t ngx_smtp_verify_jobs_run_is_idle(
    ngx_smtp_verify_jobs_run_t *run);
static void ngx_smtp_verify_jobs_run_drop(ngx_smtp_verify_jobs_run_t *run);


void
ngx_smtp_verify_jobs_run_create(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_job_t *job)
{
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_start_t  *start;

    run = ngx_smtp_verify_jobs_run_alloc(w, job);

    if (run == NULL) {
        ngx_smtp_verify_jobs_lock(w);
        job->users &= ~ngx_smtp_verify_jobs_bit(w);
        ngx_smtp_verify_jobs_unlock(w);
        return;
    }

    start = ngx_pcalloc(run->pool, sizeof(ngx_smtp_verify_jobs_start_t));
    if (start == NULL) {
        ngx_smtp_verify_jobs_run_free(run);
        return;
    }

    start->run = run;
    start->task.run = ngx_smtp_verify_jobs_start_run;
    start->task.done = ngx_smtp_verify_jobs_start_done;
    start->task.gone = ngx_smtp_verify_jobs_start_gone;
    start->task.data = start;

    if (ngx_smtp_verify_jobs_post(w->jobs, &start->task) != NGX_OK) {
        ngx_smtp_verify_jobs_run_free(run);
        return;
    }

    run->tasks++;
}


ngx_smtp_verify_jobs_run_t *
ngx_smtp_verify_jobs_run_alloc(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_job_t *job)
{
    ngx_uint_t                   i;
    ngx_pool_t                  *pool;
    ngx_smtp_verify_jobs_run_t  *run;

    pool = ngx_create_pool(4096, w->jobs->log);
    if (pool == NULL) {
        return NULL;
    }

    run = ngx_pcalloc(pool, sizeof(ngx_smtp_verify_jobs_run_t));
    if (run == NULL) {
        ngx_smtp_verify_wipe_pool(pool);
        return NULL;
    }

    run->pool = pool;
    run->worker = w;
    run->job = job;
    run->busy = ngx_current_msec;
    run->erasures = job->erasures;
    run->log = *w->jobs->log;
    run->log.handler = NULL;
    ngx_memcpy(run->id, job->id, NGX_SMTP_VERIFY_JOBS_ID);

    ngx_queue_init(&run->blocks);
    ngx_queue_init(&run->ready);
    ngx_queue_init(&run->failed);
    ngx_queue_init(&run->holds);

    for (i = 0; i < NGX_SMTP_VERIFY_JOBS_BUCKETS; i++) {
        ngx_queue_init(&run->waits[i]);
        ngx_queue_init(&run->held[i]);
    }

    ngx_queue_insert_tail(&w->runs, &run->queue);
    w->nruns++;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: begins to work at job %s", run->id);

    return run;
}


static void
ngx_smtp_verify_jobs_start_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_start_t *start = task->data;

    task->status = sv_catalog_get(task->catalog, (char *) start->run->id,
                                  &start->job);
}


static void
ngx_smtp_verify_jobs_start_done(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_int_t                      rc;
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_start_t  *start;

    start = task->data;
    run = start->run;

    run->tasks--;

    if (run->dropped || ngx_exiting || task->status != SV_JOBS_OK
        || (start->job.state != SV_JOB_QUEUED
            && start->job.state != SV_JOB_RUNNING))
    {
        ngx_smtp_verify_jobs_run_free(run);
        return;
    }

    rc = ngx_smtp_verify_jobs_run_begin(run, &start->job);

    if (rc == NGX_OK) {
        return;
    }

    if (rc == NGX_DECLINED) {
        ngx_smtp_verify_jobs_move(run->worker->jobs, run->id,
                                  1 << SV_JOB_QUEUED | 1 << SV_JOB_RUNNING,
                                  SV_JOB_FAILED,
                                  "The client of the job does not exist any "
                                  "more.");
    }

    ngx_smtp_verify_jobs_run_free(run);
}


ngx_int_t
ngx_smtp_verify_jobs_run_begin(ngx_smtp_verify_jobs_run_t *run,
    sv_catalog_job_t *cj)
{
    ngx_int_t                 rc;
    ngx_smtp_verify_batch_t  *b;
    ngx_smtp_verify_jobs_t   *jobs;

    b = &run->batch;
    jobs = run->worker->jobs;

    run->wait = cj->wait;
    run->sample = cj->sample;
    run->records = cj->records;
    run->started = cj->started ? cj->started : ngx_smtp_verify_jobs_time();

    b->data = run;
    b->handler = ngx_smtp_verify_jobs_run_turn;
    b->source = ngx_smtp_verify_jobs_source;
    b->sink = &ngx_smtp_verify_jobs_sink;
    b->limits = jobs->limits;
    b->pool = run->pool;
    b->log = &run->log;
    b->timeout = NGX_SMTP_VERIFY_JOBS_DEADLINE;
    b->unique = 1;

    b->asker.conf = jobs->verify;
    b->asker.smtp = cj->smtp;

    rc = jobs->asker(jobs, cj, &b->asker, run->pool);

    /* the client of another machine's job need not be known here, and is
       charged there */

    if (rc != NGX_OK && (rc != NGX_DECLINED || run->borrowed == NULL)) {
        return rc;
    }

    if (run->borrowed) {
        b->asker.account = NULL;
        b->asker.sandbox = 0;
    }

    run->client.len = ngx_strlen(cj->client);
    run->client.data = ngx_pnalloc(run->pool, run->client.len + 1);

    if (run->client.data == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_cpystrn(run->client.data, (u_char *) cj->client,
                       run->client.len + 1);

    b->asker.log = &run->log;
    b->asker.bulk = 1;
    b->asker.job = 1;

    if (ngx_smtp_verify_batch_init(b) != NGX_OK) {
        return NGX_ERROR;
    }

    run->begun = 1;

    ngx_smtp_verify_jobs_shares(run->worker);
    ngx_smtp_verify_jobs_feed(run);
    ngx_smtp_verify_jobs_fetch(run);
    ngx_smtp_verify_batch_start(b);

    return NGX_OK;
}


ngx_uint_t
ngx_smtp_verify_jobs_run_may(ngx_smtp_verify_jobs_run_t *run)
{
    return run->job->will == ngx_smtp_verify_jobs_works && !run->over
           && run->erasures == run->job->erasures
           && !run->dropped && !ngx_exiting && run->nfailed == 0
           && run->job->rest <= ngx_smtp_verify_jobs_time();
}


/* A turn of the event loop.  The run may be freed in it. */

static void
ngx_smtp_verify_jobs_run_turn(ngx_smtp_verify_batch_t *b)
{
    ngx_smtp_verify_jobs_run_t  *run;

    run = b->data;

    if (run->job->will == ngx_smtp_verify_jobs_ends) {

        /* what is known of a job that was cancelled is kept */

        ngx_smtp_verify_jobs_holds_end(run);
        ngx_smtp_verify_jobs_flush(run);
        ngx_smtp_verify_jobs_run_drop(run);
        ngx_smtp_verify_jobs_run_check(run);
        return;
    }

    ngx_smtp_verify_jobs_run_stop(run);

    /* a job has no deadline */

    b->deadline = ngx_current_msec + NGX_SMTP_VERIFY_JOBS_DEADLINE;

    ngx_smtp_verify_jobs_fetch(run);
    ngx_smtp_verify_jobs_feed(run);
    ngx_smtp_verify_jobs_lend(run);

    ngx_smtp_verify_batch_run(b);

    ngx_smtp_verify_jobs_run_quota(run);

    if (run->over) {
        ngx_smtp_verify_jobs_leave_blocks(run);
    }

    run->job->flight[run->worker->place - 1] = (uint32_t) (b->active
                                                           + run->nholds
                                                           + run->away);

    if (run->desk) {
        run->job->lent = run->nlent;
    }

    if (b->active || b->held || run->unread || run->nholds) {
        run->busy = ngx_current_msec;
    }

    ngx_smtp_verify_jobs_run_check(run);
}


/* Records that were not begun stay in the store as they are.  This run may have
   read an address before it was erased there; the next run has not. */

static void
ngx_smtp_verify_jobs_run_stop(ngx_smtp_verify_jobs_run_t *run)
{
    if (run->batch.stopped) {
        return;
    }

    if (run->borrowed
        && (ngx_msec_int_t) (run->until - ngx_current_msec) <= 0)
    {
        run->over = 1;
    }

    if (run->job->will == ngx_smtp_verify_jobs_works && !run->over
        && run->erasures == run->job->erasures && !ngx_exiting)
    {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: nothing is begun any more, %ui records "
                   "are under way", run->batch.active);

    run->over = 1;

    if (run->erasures != run->job->erasures) {
        ngx_smtp_verify_jobs_lend_withdraw_all(run);
    }

    ngx_smtp_verify_batch_stop(&run->batch, SV_REASON_NONE);
}


/* The client's addresses of today are used up: the job goes on tomorrow. */

static void
ngx_smtp_verify_jobs_run_quota(ngx_smtp_verify_jobs_run_t *run)
{
    int64_t                         now;
    ngx_uint_t                      lent;
    ngx_smtp_verify_jobs_worker_t  *w;

    if (!run->batch.stopped || run->over) {
        return;
    }

    run->over = 1;

    if (ngx_exiting) {
        return;
    }

    w = run->worker;
    now = ngx_smtp_verify_jobs_time();

    ngx_smtp_verify_jobs_lock(w);

    /* The quota was charged for all records of the blocks that are lent.  What
       did not cost anything comes back with them, so try again then. */

    lent = run->job->lent;

    run->job->rest = lent ? now + NGX_SMTP_VERIFY_JOBS_LENT
                          : now - now % NGX_SMTP_VERIFY_JOBS_DAY
                            + NGX_SMTP_VERIFY_JOBS_DAY;
    run->job->quota = !lent;

    ngx_smtp_verify_jobs_unlock(w);

    if (lent) {
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, &run->log, 0,
                  "smtp verify jobs: the quota of the client of job %s is used "
                  "up, it goes on tomorrow", run->id);
}


/* Frees the run if it has nothing to do any more. */

void
ngx_smtp_verify_jobs_run_check(ngx_smtp_verify_jobs_run_t *run)
{
    if (run->dropped) {

        if (run->tasks == 0) {
            ngx_smtp_verify_jobs_run_free(run);
        }

        return;
    }

    if (!ngx_smtp_verify_jobs_run_is_idle(run)) {
        return;
    }

    if (run->collect) {
        ngx_smtp_verify_jobs_flush(run);
    }

    if (run->tasks == 0 && run->collect == NULL) {
        ngx_smtp_verify_jobs_run_free(run);
    }
}


static ngx_uint_t
ngx_smtp_verify_jobs_run_is_idle(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_smtp_verify_batch_t  *b;

    b = &run->batch;

    if (!run->begun || b->active || b->held) {
        return 0;
    }

    /* if the job is to go on, wait for the blocks that are lent */

    if (run->over) {
        return run->nlent == 0
               || (ngx_exiting && ngx_smtp_verify_jobs_leave_now(run))
               || run->job->will != ngx_smtp_verify_jobs_works;
    }

    if (run->unread || run->nholds || run->nfailed || run->nlent
        || !ngx_queue_empty(&run->ready))
    {
        return 0;
    }

    /* no record is left that might be begun soon */

    if (run->job->blocks->nfree == 0 && run->job->due == 0) {
        return 1;
    }

    return run->tasks == 0
           && ngx_current_msec - run->busy >= NGX_SMTP_VERIFY_JOBS_LINGER;
}


void
ngx_smtp_verify_jobs_run_failed(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_task_t *task)
{
    ngx_uint_t                passes;
    ngx_smtp_verify_jobs_t   *jobs;

    jobs = run->worker->jobs;
    passes = ngx_smtp_verify_jobs_may_pass(task->status);

    /* the job was purged while this run worked at it */

    if (run->job->will == ngx_smtp_verify_jobs_ends) {
        ngx_smtp_verify_jobs_run_drop(run);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, &run->log, task->why.error,
                  "smtp verify jobs: job %s: %s: %s", run->id,
                  ngx_smtp_verify_jobs_says(task->status), task->why.note);

    if (passes && ++run->failures < NGX_SMTP_VERIFY_JOBS_FAILURES) {
        return;
    }

    /* should the catalogue fail, too, there is a pause before the next try */

    ngx_smtp_verify_jobs_lock(run->worker);

    run->job->rest = ngx_smtp_verify_jobs_time() + NGX_SMTP_VERIFY_JOBS_PAUSE;

    ngx_smtp_verify_jobs_unlock(run->worker);

    if (!run->over) {
        ngx_smtp_verify_jobs_move(jobs, run->id,
                                  1 << SV_JOB_QUEUED | 1 << SV_JOB_RUNNING,
                                  ngx_smtp_verify_jobs_is_lost(task->status)
                                  ? SV_JOB_FAILED : SV_JOB_PAUSED,
                                  ngx_smtp_verify_jobs_says(task->status));
    }

    ngx_smtp_verify_jobs_run_drop(run);
}


/* Gives everything up: what is under way is not stored any more. */

static void
ngx_smtp_verify_jobs_run_drop(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_queue_t                   *q;
    ngx_smtp_verify_jobs_flush_t  *flush;

    if (run->dropped) {
        return;
    }

    run->dropped = 1;
    run->over = 1;

    if (run->begun) {
        ngx_smtp_verify_batch_free(&run->batch);
        run->begun = 0;
    }

    if (run->timer.timer_set) {
        ngx_del_timer(&run->timer);
    }

    if (run->leave_timer.timer_set) {
        ngx_del_timer(&run->leave_timer);
    }

    if (run->collect) {
        ngx_smtp_verify_jobs_flush_free(run->collect);
        run->collect = NULL;
    }

    while (!ngx_queue_empty(&run->failed)) {
        q = ngx_queue_head(&run->failed);
        flush = ngx_queue_data(q, ngx_smtp_verify_jobs_flush_t, queue);

        ngx_queue_remove(q);
        ngx_smtp_verify_jobs_flush_free(flush);
    }

    run->nfailed = 0;
}


void
ngx_smtp_verify_jobs_run_free(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_pool_t                     *pool;
    ngx_smtp_verify_jobs_job_t     *job;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = run->worker;
    job = run->job;

    ngx_smtp_verify_jobs_run_drop(run);
    ngx_smtp_verify_jobs_holds_free(run);

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: works no more at job %s", run->id);

    ngx_smtp_verify_jobs_blocks_free(run);

    if (run->borrowed) {
        ngx_smtp_verify_jobs_borrow_end(run);
        goto done;
    }

    ngx_smtp_verify_jobs_waits_free(run);
    ngx_smtp_verify_jobs_lend_close(run);

    ngx_smtp_verify_jobs_lock(w);

    job->flight[w->place - 1] = 0;
    job->users &= ~ngx_smtp_verify_jobs_bit(w);
    job->checks = 1;

    ngx_smtp_verify_jobs_unlock(w);

done:

    ngx_queue_remove(&run->queue);
    w->nruns--;

    if (!ngx_exiting) {
        ngx_add_timer(&w->tick, 1);
    }

    pool = run->pool;
    ngx_smtp_verify_wipe_pool(pool);
}


/* The threads have ended, and with them the tasks that they had begun.  What
   was collected since then is stored now. */

void
ngx_smtp_verify_jobs_run_exit(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_smtp_verify_jobs_flush_t  *flush;

    flush = run->collect;

    if (flush && run->borrowed == NULL) {
        ngx_smtp_verify_jobs_tasks_now(run->worker->jobs, &flush->task);
    }
}


static void
ngx_smtp_verify_jobs_start_gone(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_start_t *start = task->data;

    ngx_smtp_verify_jobs_run_gone(start->run);
}


/* The process exits, and with it a task of the run.  A batch that has begun
   ends with the process. */

void
ngx_smtp_verify_jobs_run_gone(ngx_smtp_verify_jobs_run_t *run)
{
    if (--run->tasks == 0 && !run->begun) {
        ngx_smtp_verify_jobs_run_free(run);
    }
}
