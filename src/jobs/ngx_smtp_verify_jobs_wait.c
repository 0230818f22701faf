
#include "ngx_smtp_verify_jobs_run.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_JOBS_AT_ONCE  256       /* records */
#define NGX_SMTP_VERIFY_JOBS_GRACE    60000     /* ms */


typedef struct {
    ngx_smtp_verify_jobs_task_t   task;
    ngx_smtp_verify_jobs_run_t   *run;
    sv_job_rows_t                 rows;
    size_t                        limit;
    int64_t                       now;
    int64_t                       next;         /* due of the first one that is
                                                   not due yet; or 0 */
} ngx_smtp_verify_jobs_fetch_t;


static ngx_uint_t ngx_smtp_verify_jobs_fetch_wanted(
    ngx_smtp_verify_jobs_run_t *run);
static ngx_int_t ngx_smtp_verify_jobs_fetch_lease(
    ngx_smtp_verify_jobs_run_t *run);
static void ngx_smtp_verify_jobs_fetch_release(
    ngx_smtp_verify_jobs_run_t *run);
static void ngx_smtp_verify_jobs_fetch_run(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_fetch_done(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_fetch_gone(ngx_smtp_verify_jobs_task_t *task);
static ngx_uint_t ngx_smtp_verify_jobs_fetch_rows(
    ngx_smtp_verify_jobs_run_t *run, sv_job_rows_t *rows);
static ngx_int_t ngx_smtp_verify_jobs_wait_add(
    ngx_smtp_verify_jobs_run_t *run, sv_job_result_t *row);
static void ngx_smtp_verify_jobs_wait_over(ngx_smtp_verify_jobs_run_t *run,
    sv_job_result_t *row);


/*
 * One worker at a time retries the records of a job that wait.  Those that it
 * has in memory are still in the store, with a time that has come; so it reads
 * that many more, and leaves them out.
 */

void
ngx_smtp_verify_jobs_fetch(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_smtp_verify_jobs_fetch_t  *fetch;

    if (!ngx_smtp_verify_jobs_fetch_wanted(run)) {
        ngx_smtp_verify_jobs_fetch_release(run);
        return;
    }

    if (ngx_smtp_verify_jobs_fetch_lease(run) != NGX_OK) {
        return;
    }

    fetch = ngx_calloc(sizeof(ngx_smtp_verify_jobs_fetch_t), &run->log);
    if (fetch == NULL) {
        ngx_smtp_verify_jobs_wait_until(run, ngx_smtp_verify_jobs_time()
                                             + 1000);
        return;
    }

    fetch->run = run;
    fetch->now = ngx_smtp_verify_jobs_time();
    fetch->limit = run->nwaits + NGX_SMTP_VERIFY_JOBS_AT_ONCE;

    fetch->task.run = ngx_smtp_verify_jobs_fetch_run;
    fetch->task.done = ngx_smtp_verify_jobs_fetch_done;
    fetch->task.gone = ngx_smtp_verify_jobs_fetch_gone;
    fetch->task.data = fetch;
    ngx_memcpy(fetch->task.id, run->id, NGX_SMTP_VERIFY_JOBS_ID);

    if (ngx_smtp_verify_jobs_post(run->worker->jobs, &fetch->task) != NGX_OK) {
        ngx_free(fetch);
        ngx_smtp_verify_jobs_wait_until(run, ngx_smtp_verify_jobs_time()
                                             + 1000);
        return;
    }

    run->fetching = 1;
    run->tasks++;
}


static ngx_uint_t
ngx_smtp_verify_jobs_fetch_wanted(ngx_smtp_verify_jobs_run_t *run)
{
    int64_t  due;

    due = run->job->due;

    return due && due <= ngx_smtp_verify_jobs_time() && !run->fetching
           && run->borrowed == NULL
           && run->nwaits < NGX_SMTP_VERIFY_JOBS_AT_ONCE
           && run->postponing == 0
           && (run->collect == NULL || run->collect->npostpones == 0)
           && ngx_smtp_verify_jobs_run_may(run);
}


/* Clears the time at which records of the job are due.  Whoever makes a record
   wait from now on sets it again; the time of those in the store is added when
   they have been read. */

static ngx_int_t
ngx_smtp_verify_jobs_fetch_lease(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_int_t                       rc;
    ngx_smtp_verify_jobs_job_t     *job;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = run->worker;
    job = run->job;
    rc = NGX_DECLINED;

    ngx_smtp_verify_jobs_lock(w);

    if (job->waiter == 0 || job->waiter == w->place) {
        job->waiter = w->place;
        job->due = 0;
        rc = NGX_OK;
    }

    ngx_smtp_verify_jobs_unlock(w);

    return rc;
}


static void
ngx_smtp_verify_jobs_fetch_release(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_smtp_verify_jobs_job_t     *job;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = run->worker;
    job = run->job;

    if (job->waiter != w->place || run->nwaits || run->fetching
        || (job->due && job->due <= ngx_smtp_verify_jobs_time()))
    {
        return;
    }

    ngx_smtp_verify_jobs_lock(w);

    job->waiter = 0;
    job->checks = 1;

    ngx_smtp_verify_jobs_unlock(w);
}


/* runs in a thread */

static void
ngx_smtp_verify_jobs_fetch_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_fetch_t  *fetch;

    fetch = task->data;

    task->status = sv_job_due(task->job, fetch->now, fetch->limit,
                              &fetch->rows);

    if (task->status != SV_JOBS_OK || fetch->rows.n == fetch->limit) {
        return;
    }

    /* all that are due were read: when is the next one? */

    task->status = sv_job_next_due(task->job, fetch->now, &fetch->next);
}


static void
ngx_smtp_verify_jobs_fetch_done(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_uint_t                     n;
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_fetch_t  *fetch;

    fetch = task->data;
    run = fetch->run;

    run->tasks--;
    run->fetching = 0;

    if (task->status != SV_JOBS_OK) {
        ngx_smtp_verify_jobs_wait_until(run, 1);
        ngx_smtp_verify_jobs_run_failed(run, task);

    } else {
        n = ngx_smtp_verify_jobs_fetch_rows(run, &fetch->rows);

        ngx_log_debug3(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                       "smtp verify jobs: %ui records are due, the next one "
                       "in %L ms, limit %uz", n,
                       fetch->next ? fetch->next - fetch->now : -1,
                       fetch->limit);

        if (fetch->rows.n == fetch->limit) {
            ngx_smtp_verify_jobs_wait_until(run, fetch->now);

        } else if (fetch->next) {
            ngx_smtp_verify_jobs_wait_until(run, fetch->next);
        }
    }

    sv_job_rows_free(&fetch->rows);
    ngx_free(fetch);

    if (run->begun && !run->dropped) {
        ngx_smtp_verify_batch_wake(&run->batch);
    }

    ngx_smtp_verify_jobs_run_check(run);
}


static ngx_uint_t
ngx_smtp_verify_jobs_fetch_rows(ngx_smtp_verify_jobs_run_t *run,
    sv_job_rows_t *rows)
{
    size_t      i;
    int64_t     now;
    ngx_uint_t  n;

    n = 0;
    now = ngx_smtp_verify_jobs_time();

    for (i = 0; i < rows->n; i++) {

        if (ngx_smtp_verify_jobs_wait_find(run, rows->results[i].pos)) {
            continue;
        }

        if (run->nwaits == NGX_SMTP_VERIFY_JOBS_WAITS
            || ngx_smtp_verify_jobs_wait_add(run, &rows->results[i]) != NGX_OK)
        {
            ngx_smtp_verify_jobs_wait_until(run, ngx_smtp_verify_jobs_time());
            break;
        }

        n++;

        /* it has been postponed again and again, and its time is over */

        if (now - rows->results[i].since
            > run->wait + ngx_min(NGX_SMTP_VERIFY_JOBS_GRACE, run->wait))
        {
            ngx_smtp_verify_jobs_wait_over(run, &rows->results[i]);
        }
    }

    if (n) {
        run->busy = ngx_current_msec;
    }

    return n;
}


static ngx_int_t
ngx_smtp_verify_jobs_wait_add(ngx_smtp_verify_jobs_run_t *run,
    sv_job_result_t *row)
{
    u_char                       *p;
    ngx_queue_t                  *bucket;
    ngx_smtp_verify_jobs_wait_t  *wait;

    wait = ngx_alloc(sizeof(ngx_smtp_verify_jobs_wait_t) + row->email.len
                     + row->input.len, &run->log);
    if (wait == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(wait, sizeof(ngx_smtp_verify_jobs_wait_t));

    wait->pos = row->pos;
    wait->idx = row->idx;
    wait->since = row->since;
    wait->tries = row->tries;

    p = (u_char *) &wait[1];

    wait->email.data = p;
    wait->email.len = row->email.len;
    p = ngx_cpymem(p, row->email.data, row->email.len);

    wait->input.data = p;
    wait->input.len = row->input.len;

    if (row->input.len) {
        ngx_memcpy(p, row->input.data, row->input.len);
    }

    bucket = &run->waits[wait->pos % NGX_SMTP_VERIFY_JOBS_BUCKETS];

    ngx_queue_insert_tail(bucket, &wait->queue);
    ngx_queue_insert_tail(&run->ready, &wait->ready);
    run->nwaits++;

    return NGX_OK;
}


/* The record gets the last result that it has.  Without memory for it, it is
   asked once more. */

static void
ngx_smtp_verify_jobs_wait_over(ngx_smtp_verify_jobs_run_t *run,
    sv_job_result_t *row)
{
    ngx_smtp_verify_jobs_wait_t  *wait;

    wait = ngx_smtp_verify_jobs_wait_find(run, row->pos);
    row->due = 0;

    if (wait && ngx_smtp_verify_jobs_sink_last(run, row) == NGX_OK) {
        ngx_queue_remove(&wait->ready);
        wait->asked = 1;
    }
}


ngx_smtp_verify_jobs_wait_t *
ngx_smtp_verify_jobs_wait_find(ngx_smtp_verify_jobs_run_t *run, uint64_t pos)
{
    ngx_queue_t                  *q, *bucket;
    ngx_smtp_verify_jobs_wait_t  *wait;

    if (run->nwaits == 0) {
        return NULL;
    }

    bucket = &run->waits[pos % NGX_SMTP_VERIFY_JOBS_BUCKETS];

    for (q = ngx_queue_head(bucket); q != bucket; q = ngx_queue_next(q)) {
        wait = ngx_queue_data(q, ngx_smtp_verify_jobs_wait_t, queue);

        if (wait->pos == pos) {
            return wait;
        }
    }

    return NULL;
}


void
ngx_smtp_verify_jobs_wait_free(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_wait_t *wait)
{
    if (!wait->asked) {
        ngx_queue_remove(&wait->ready);
    }

    ngx_queue_remove(&wait->queue);
    run->nwaits--;

    sv_wipe_free(wait);
}


void
ngx_smtp_verify_jobs_wait_until(ngx_smtp_verify_jobs_run_t *run, int64_t due)
{
    ngx_smtp_verify_jobs_job_t  *job;

    job = run->job;

    ngx_smtp_verify_jobs_lock(run->worker);

    if (job->due == 0 || due < job->due) {
        job->due = due;
    }

    ngx_smtp_verify_jobs_unlock(run->worker);
}


void
ngx_smtp_verify_jobs_waits_free(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_uint_t                      i, n;
    ngx_queue_t                    *q;
    ngx_smtp_verify_jobs_wait_t    *wait;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = run->worker;
    n = run->nwaits;

    for (i = 0; i < NGX_SMTP_VERIFY_JOBS_BUCKETS; i++) {

        while (!ngx_queue_empty(&run->waits[i])) {

            q = ngx_queue_head(&run->waits[i]);
            wait = ngx_queue_data(q, ngx_smtp_verify_jobs_wait_t, queue);
            ngx_smtp_verify_jobs_wait_free(run, wait);
        }
    }

    ngx_smtp_verify_jobs_lock(w);

    if (run->job->waiter == w->place) {
        run->job->waiter = 0;

        if (n) {
            run->job->due = 1;
        }
    }

    ngx_smtp_verify_jobs_unlock(w);
}


static void
ngx_smtp_verify_jobs_fetch_gone(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_fetch_t  *fetch;

    fetch = task->data;
    run = fetch->run;

    sv_job_rows_free(&fetch->rows);
    ngx_free(fetch);
    ngx_smtp_verify_jobs_run_gone(run);
}
