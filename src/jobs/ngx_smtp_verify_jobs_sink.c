
#include "ngx_smtp_verify_jobs_run.h"
#include "ngx_smtp_verify_packed.h"
#include "ngx_smtp_verify_wipe.h"
#include "sv_job_sample.h"


#define NGX_SMTP_VERIFY_JOBS_SOON     200       /* ms */
#define NGX_SMTP_VERIFY_JOBS_HAND     1000      /* ms, to another machine */
#define NGX_SMTP_VERIFY_JOBS_AGAIN    1000      /* ms, after an error */
#define NGX_SMTP_VERIFY_JOBS_SIZE     (1 << 20) /* octets of a transaction */
#define NGX_SMTP_VERIFY_JOBS_FLUSHES  2         /* on their way at a time */


static void ngx_smtp_verify_jobs_sink_result(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_jobs_sink_error(ngx_smtp_verify_batch_t *b,
    uint64_t index, const char *error, const char *detail);
static ngx_uint_t ngx_smtp_verify_jobs_sink_blocked(
    ngx_smtp_verify_batch_t *b);
static void ngx_smtp_verify_jobs_sink_wait(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result,
    sv_job_result_t *row, int64_t due, int64_t now);
static void ngx_smtp_verify_jobs_sink_room(ngx_smtp_verify_jobs_run_t *run);
static sv_job_result_t *ngx_smtp_verify_jobs_sink_row(
    ngx_smtp_verify_jobs_run_t *run, ngx_smtp_verify_batch_record_t *rec,
    ngx_smtp_verify_result_t *result, ngx_uint_t waits);
static ngx_int_t ngx_smtp_verify_jobs_sink_copy(
    ngx_smtp_verify_jobs_flush_t *flush, sv_str_t *dst, u_char *data,
    size_t len);
static ngx_smtp_verify_jobs_flush_t *ngx_smtp_verify_jobs_flush_create(
    ngx_smtp_verify_jobs_run_t *run);
static void ngx_smtp_verify_jobs_flush_timer(ngx_event_t *ev);
static void ngx_smtp_verify_jobs_flush_post(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_flush_t *flush);
static void ngx_smtp_verify_jobs_flush_later(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_flush_t *flush);
static void ngx_smtp_verify_jobs_flush_done(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_flush_gone(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_flush_stored(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_flush_t *flush);
static void ngx_smtp_verify_jobs_flush_rows(ngx_smtp_verify_jobs_run_t *run,
    ngx_array_t *array);


ngx_smtp_verify_batch_sink_t  ngx_smtp_verify_jobs_sink = {
    ngx_smtp_verify_jobs_sink_result,
    ngx_smtp_verify_jobs_sink_error,
    ngx_smtp_verify_jobs_sink_blocked,
    NULL
};


/* A record that was interrupted gets no result: it is asked by another process,
   or after a restart. */

static void
ngx_smtp_verify_jobs_sink_result(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result)
{
    int64_t                       due, now;
    sv_job_due_t                  d;
    sv_job_result_t              *row;
    ngx_smtp_verify_jobs_run_t   *run;
    ngx_smtp_verify_jobs_wait_t  *wait;

    run = b->data;

    if (result->found == SV_INTERRUPTED || run->dropped
        || ngx_smtp_verify_jobs_holds(run, rec, result))
    {
        return;
    }

    if (run->borrowed && !ngx_smtp_verify_jobs_borrow_holds(result)) {
        ngx_smtp_verify_jobs_borrow_leave(run, rec, result);
        return;
    }

    now = ngx_smtp_verify_jobs_time();
    wait = ngx_smtp_verify_jobs_wait_find(run, rec->place.offset);

    d.found = result->found;
    d.status = result->status;
    d.retry_after = (unsigned) result->retry_after;
    d.wait = run->wait;
    d.since = wait ? wait->since : run->unasked ? run->started : now;
    d.tries = wait ? (unsigned) wait->tries : 0;

    /* An answer of the sandbox never changes, so it is not asked again.  For a
       borrowed block its owner decides when to ask again. */

    due = (result->sandbox || run->borrowed) ? 0 : sv_job_due_time(&d, now);

    row = ngx_smtp_verify_jobs_sink_row(run, rec, result, due != 0);
    if (row == NULL) {
        ngx_smtp_verify_jobs_sink_lost(run, rec->place.index);
        return;
    }

    row->costs = run->borrowed
                 && !ngx_smtp_verify_jobs_borrow_is_free(run, result);

    if (due) {
        row->since = d.since;
        row->tries = d.tries;
        ngx_smtp_verify_jobs_sink_wait(run, rec, result, row, due, now);
    }

    ngx_smtp_verify_jobs_sink_room(run);
}


/* Flushes if there is no room for the next row. */

static void
ngx_smtp_verify_jobs_sink_room(ngx_smtp_verify_jobs_run_t *run)
{
    if (run->collect->results.nelts + run->collect->waits.nelts
        >= NGX_SMTP_VERIFY_JOBS_FLUSH
        || run->collect->size >= NGX_SMTP_VERIFY_JOBS_SIZE)
    {
        ngx_smtp_verify_jobs_flush(run);
    }
}


static void
ngx_smtp_verify_jobs_sink_wait(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result,
    sv_job_result_t *row, int64_t due, int64_t now)
{
    row->due = due;
    run->collect->detail = result->detail;

    ngx_log_debug4(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: record %uL waits %L ms: %s, try %ud",
                   rec->place.offset, due - now,
                   sv_reason_info(result->found)->name, row->tries);

    if (sv_reason_info(result->found)->again == SV_AGAIN_LATER
        && result->found != SV_PENDING)
    {
        ngx_smtp_verify_jobs_rest(run, &rec->email, result->found, due);
    }
}


/* There was no memory for a result.  The records of this run are asked by the
   next one. */

static void
ngx_smtp_verify_jobs_sink_error(ngx_smtp_verify_batch_t *b, uint64_t index,
    const char *error, const char *detail)
{
    ngx_smtp_verify_jobs_run_t  *run;

    run = b->data;
    run->over = 1;

    ngx_log_error(NGX_LOG_ERR, &run->log, 0,
                  "smtp verify jobs: record %uL has no result: %s", index,
                  detail);
}


void
ngx_smtp_verify_jobs_sink_lost(ngx_smtp_verify_jobs_run_t *run, uint64_t index)
{
    ngx_smtp_verify_jobs_sink_error(&run->batch, index, "internal_error",
                                    "There is no memory.");
}


static ngx_uint_t
ngx_smtp_verify_jobs_sink_blocked(ngx_smtp_verify_batch_t *b)
{
    ngx_smtp_verify_jobs_run_t  *run;

    run = b->data;

    return run->nfailed
           || run->flushing >= NGX_SMTP_VERIFY_JOBS_FLUSHES;
}


/* Returns a copy of the result in the rows that are collected. */

static sv_job_result_t *
ngx_smtp_verify_jobs_sink_row(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result,
    ngx_uint_t waits)
{
    size_t                         len;
    ngx_array_t                   *rows;
    sv_address_t                  *addr;
    sv_job_result_t               *row;
    ngx_smtp_verify_jobs_flush_t  *flush;
    static sv_address_t            none;
    static sv_scratch u_char       packed[NGX_SMTP_VERIFY_PACKED_MAX];

    flush = ngx_smtp_verify_jobs_flush_create(run);
    if (flush == NULL) {
        return NULL;
    }

    /* The packed result leaves out what follows from the address.  One that
       cannot be parsed has nothing of that kind. */

    if (ngx_smtp_verify_parse(&rec->email, &addr) != SV_ADDRESS_OK) {
        addr = &none;
    }

    len = ngx_smtp_verify_packed_write(packed, result, addr,
                                       run->batch.asker.conf->version);

    rows = waits ? &flush->waits : &flush->results;

    row = ngx_array_push(rows);
    if (row == NULL) {
        return NULL;
    }

    ngx_memzero(row, sizeof(sv_job_result_t));

    row->pos = rec->place.offset;
    row->idx = rec->place.index;
    row->status = result->status;
    row->reason = result->reason;

    if (ngx_smtp_verify_jobs_sink_copy(flush, &row->email, rec->email.data,
                                       rec->email.len)
        != NGX_OK
        || ngx_smtp_verify_jobs_sink_copy(flush, &row->input, rec->input.data,
                                          rec->input.len)
           != NGX_OK
        || ngx_smtp_verify_jobs_sink_copy(flush, &row->packed, packed, len)
           != NGX_OK)
    {
        rows->nelts--;
        return NULL;
    }

    return row;
}


ngx_int_t
ngx_smtp_verify_jobs_sink_last(ngx_smtp_verify_jobs_run_t *run,
    sv_job_result_t *last)
{
    ngx_array_t                   *rows;
    sv_job_result_t               *row;
    ngx_smtp_verify_jobs_flush_t  *flush;

    flush = ngx_smtp_verify_jobs_flush_create(run);
    if (flush == NULL) {
        return NGX_ERROR;
    }

    rows = last->due ? &flush->waits : &flush->results;

    row = ngx_array_push(rows);
    if (row == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(row, sizeof(sv_job_result_t));

    row->pos = last->pos;
    row->idx = last->idx;
    row->status = last->status;
    row->reason = last->reason;
    row->due = last->due;
    row->since = last->since;
    row->tries = last->tries;
    row->costs = (run->borrowed != NULL);

    if (ngx_smtp_verify_jobs_sink_copy(flush, &row->email, last->email.data,
                                       last->email.len)
        != NGX_OK
        || ngx_smtp_verify_jobs_sink_copy(flush, &row->input,
                                          last->input.data, last->input.len)
           != NGX_OK
        || ngx_smtp_verify_jobs_sink_copy(flush, &row->packed,
                                          last->packed.data, last->packed.len)
           != NGX_OK)
    {
        rows->nelts--;
        return NGX_ERROR;
    }

    ngx_smtp_verify_jobs_sink_room(run);

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_jobs_sink_copy(ngx_smtp_verify_jobs_flush_t *flush,
    sv_str_t *dst, u_char *data, size_t len)
{
    if (len == 0) {
        return NGX_OK;
    }

    dst->data = ngx_pnalloc(flush->pool, len);
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, data, len);
    dst->len = len;
    flush->size += len;

    return NGX_OK;
}


static ngx_smtp_verify_jobs_flush_t *
ngx_smtp_verify_jobs_flush_create(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_pool_t                    *pool;
    ngx_smtp_verify_jobs_flush_t  *flush;

    if (run->collect) {
        return run->collect;
    }

    pool = ngx_create_pool(16384, run->worker->jobs->log);
    if (pool == NULL) {
        return NULL;
    }

    flush = ngx_pcalloc(pool, sizeof(ngx_smtp_verify_jobs_flush_t));

    if (flush == NULL
        || ngx_array_init(&flush->results, pool, 16, sizeof(sv_job_result_t))
           != NGX_OK
        || ngx_array_init(&flush->waits, pool, 16, sizeof(sv_job_result_t))
           != NGX_OK)
    {
        ngx_smtp_verify_wipe_pool(pool);
        return NULL;
    }

    flush->pool = pool;
    flush->run = run;

    flush->task.run = ngx_smtp_verify_jobs_flush_write;
    flush->task.done = ngx_smtp_verify_jobs_flush_done;
    flush->task.gone = ngx_smtp_verify_jobs_flush_gone;
    flush->task.last = 1;
    flush->task.data = flush;
    ngx_memcpy(flush->task.id, run->id, NGX_SMTP_VERIFY_JOBS_ID);

    run->collect = flush;
    run->timer.handler = ngx_smtp_verify_jobs_flush_timer;
    run->timer.data = run;
    run->timer.log = &run->log;

    if (!run->timer.timer_set) {
        ngx_add_timer(&run->timer, run->borrowed ? NGX_SMTP_VERIFY_JOBS_HAND
                                                 : NGX_SMTP_VERIFY_JOBS_SOON);
    }

    return flush;
}


void
ngx_smtp_verify_jobs_flush_free(ngx_smtp_verify_jobs_flush_t *flush)
{
    ngx_smtp_verify_wipe_pool(flush->pool);
}


static void
ngx_smtp_verify_jobs_flush_timer(ngx_event_t *ev)
{
    ngx_uint_t                     n;
    ngx_queue_t                   *q;
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_flush_t  *flush;

    run = ev->data;

    ngx_smtp_verify_jobs_flush(run);

    for (n = run->nfailed; n; n--) {
        q = ngx_queue_head(&run->failed);
        flush = ngx_queue_data(q, ngx_smtp_verify_jobs_flush_t, queue);

        ngx_queue_remove(q);
        run->nfailed--;
        ngx_smtp_verify_jobs_flush_post(run, flush);
    }

    ngx_smtp_verify_jobs_run_check(run);
}


void
ngx_smtp_verify_jobs_flush(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_smtp_verify_jobs_flush_t  *flush;

    flush = run->collect;

    if (flush) {
        run->collect = NULL;
        ngx_smtp_verify_jobs_flush_post(run, flush);
    }
}


static void
ngx_smtp_verify_jobs_flush_post(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_flush_t *flush)
{
    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: stores %ui results, %ui that wait, "
                   "%ui domains are postponed", flush->results.nelts,
                   flush->waits.nelts, flush->npostpones);

    if (run->borrowed) {
        ngx_smtp_verify_jobs_borrow_flush(run, flush);
        ngx_smtp_verify_jobs_flush_free(flush);
        return;
    }

    if (ngx_smtp_verify_jobs_post(run->worker->jobs, &flush->task) == NGX_OK) {
        run->tasks++;
        run->flushing++;
        run->postponing += flush->npostpones;
        return;
    }

    ngx_smtp_verify_jobs_flush_later(run, flush);
}


/* The store did not take it.  Nothing is begun until it does. */

static void
ngx_smtp_verify_jobs_flush_later(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_flush_t *flush)
{
    ngx_queue_insert_tail(&run->failed, &flush->queue);
    run->nfailed++;

    ngx_add_timer(&run->timer,
                  (ngx_msec_t) NGX_SMTP_VERIFY_JOBS_AGAIN
                  << 2 * ngx_min(run->failures, 4));
}


/* runs in a thread */

void
ngx_smtp_verify_jobs_flush_write(ngx_smtp_verify_jobs_task_t *task)
{
    uint64_t                          dest;
    sv_str_t                          domain;
    ngx_str_t                         s;
    ngx_uint_t                        i;
    sv_job_result_t                  *waits, *results;
    ngx_smtp_verify_jobs_flush_t     *flush;
    ngx_smtp_verify_jobs_postpone_t  *postpone;

    flush = task->data;
    waits = flush->waits.elts;

    for (i = 0; i < flush->waits.nelts; i++) {
        s = ngx_smtp_verify_jobs_domain(waits[i].email.data,
                                        waits[i].email.len);
        domain.data = s.data;
        domain.len = s.len;
        waits[i].dest = sv_job_dest(task->job, &domain);
    }

    results = flush->results.elts;

    for (i = 0; i < flush->results.nelts && flush->run->sample; i++) {
        results[i].sampled = sv_job_sample_has(results[i].pos,
                                               flush->run->sample,
                                               flush->run->records);
    }

    task->status = sv_job_put(task->job, flush->results.elts,
                              flush->results.nelts, waits,
                              flush->waits.nelts);

    for (i = 0; i < flush->npostpones && task->status == SV_JOBS_OK; i++) {
        postpone = &flush->postpones[i];
        domain.data = postpone->domain.data;
        domain.len = postpone->domain.len;
        dest = sv_job_dest(task->job, &domain);

        task->status = sv_job_postpone(task->job, dest, postpone->due);
    }
}


static void
ngx_smtp_verify_jobs_flush_done(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_flush_t  *flush;

    flush = task->data;
    run = flush->run;

    run->tasks--;
    run->flushing--;
    run->postponing -= flush->npostpones;

    if (run->dropped) {
        ngx_smtp_verify_jobs_flush_free(flush);
        ngx_smtp_verify_jobs_run_check(run);
        return;
    }

    if (task->status == SV_JOBS_OK) {
        run->failures = 0;
        ngx_smtp_verify_jobs_flush_stored(run, flush);
        ngx_smtp_verify_jobs_flush_free(flush);

    } else {
        ngx_smtp_verify_jobs_run_failed(run, task);

        if (run->dropped) {
            ngx_smtp_verify_jobs_flush_free(flush);

        } else {
            ngx_smtp_verify_jobs_flush_later(run, flush);
        }
    }

    if (run->begun) {
        ngx_smtp_verify_batch_wake(&run->batch);
    }

    ngx_smtp_verify_jobs_run_check(run);
}


static void
ngx_smtp_verify_jobs_flush_stored(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_flush_t *flush)
{
    int64_t           due;
    ngx_uint_t        i;
    sv_job_result_t  *waits;

    due = 0;
    waits = flush->waits.elts;

    for (i = 0; i < flush->waits.nelts; i++) {

        if (due == 0 || waits[i].due < due) {
            due = waits[i].due;
        }
    }

    if (due) {
        ngx_smtp_verify_jobs_wait_until(run, due);

        ngx_smtp_verify_jobs_lock(run->worker);

        ngx_cpystrn(run->job->detail,
                    (u_char *) (flush->detail ? flush->detail : ""),
                    NGX_SMTP_VERIFY_JOBS_DETAIL);

        ngx_smtp_verify_jobs_unlock(run->worker);
    }

    ngx_smtp_verify_jobs_flush_rows(run, &flush->results);
    ngx_smtp_verify_jobs_flush_rows(run, &flush->waits);

    ngx_smtp_verify_jobs_count(run->worker, run->job, flush->results.nelts);
}


static void
ngx_smtp_verify_jobs_flush_rows(ngx_smtp_verify_jobs_run_t *run,
    ngx_array_t *array)
{
    ngx_uint_t                    i;
    sv_job_result_t              *rows;
    ngx_smtp_verify_jobs_wait_t  *wait;

    rows = array->elts;

    for (i = 0; i < array->nelts; i++) {

        wait = ngx_smtp_verify_jobs_wait_find(run, rows[i].pos);

        if (wait) {
            ngx_smtp_verify_jobs_wait_free(run, wait);

        } else {
            ngx_smtp_verify_jobs_block_stored(run, rows[i].pos);
        }
    }
}


static void
ngx_smtp_verify_jobs_flush_gone(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_flush_t  *flush;

    flush = task->data;
    run = flush->run;

    ngx_smtp_verify_jobs_flush_free(flush);
    ngx_smtp_verify_jobs_run_gone(run);
}
