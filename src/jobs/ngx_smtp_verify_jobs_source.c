
#include "ngx_smtp_verify_jobs_run.h"
#include "sv_job_sample.h"


#define NGX_SMTP_VERIFY_JOBS_EXPECTS  3000      /* ms, from one answer to the
                                                   next */


static ngx_int_t ngx_smtp_verify_jobs_source_wait(
    ngx_smtp_verify_jobs_run_t *run, ngx_smtp_verify_batch_record_t *rec);
static ngx_int_t ngx_smtp_verify_jobs_source_block(
    ngx_smtp_verify_jobs_run_t *run, ngx_smtp_verify_batch_record_t *rec);
static ngx_int_t ngx_smtp_verify_jobs_source_rests(
    ngx_smtp_verify_jobs_run_t *run, ngx_smtp_verify_jobs_block_t *block,
    ngx_smtp_verify_batch_record_t *rec);
static ngx_uint_t ngx_smtp_verify_jobs_block_is_one(
    ngx_smtp_verify_jobs_block_t *block);
static ngx_uint_t ngx_smtp_verify_jobs_block_expects(
    ngx_smtp_verify_jobs_block_t *block);
static ngx_uint_t ngx_smtp_verify_jobs_block_take(
    ngx_smtp_verify_jobs_run_t *run, ngx_smtp_verify_jobs_block_t *block,
    ngx_smtp_verify_jobs_lease_e how);
static ngx_uint_t ngx_smtp_verify_jobs_block_sample(
    ngx_smtp_verify_jobs_worker_t *w, ngx_smtp_verify_jobs_job_t *job,
    uint32_t *id);
static void ngx_smtp_verify_jobs_block_run(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_block_part(
    ngx_smtp_verify_jobs_block_t *block);
static void ngx_smtp_verify_jobs_block_done(ngx_smtp_verify_jobs_task_t *task);
static void ngx_smtp_verify_jobs_block_gone(ngx_smtp_verify_jobs_task_t *task);


ngx_int_t
ngx_smtp_verify_jobs_source(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec)
{
    ngx_int_t                    rc;
    ngx_smtp_verify_jobs_run_t  *run;

    run = b->data;

    if (!ngx_smtp_verify_jobs_run_may(run)) {
        return NGX_AGAIN;
    }

    rc = ngx_smtp_verify_jobs_hold_next(run, rec);

    if (rc == NGX_DONE) {
        rc = ngx_smtp_verify_jobs_source_wait(run, rec);

    } else if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (rc == NGX_AGAIN) {
        rc = ngx_smtp_verify_jobs_source_block(run, rec);
    }

    if (rc == NGX_OK) {
        b->next.index++;
    }

    return rc;
}


/* Records of a domain that rests leave the memory.  In the store most of them
   have a later time already; the others are read again then. */

static ngx_int_t
ngx_smtp_verify_jobs_source_wait(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec)
{
    ngx_queue_t                  *q;
    ngx_smtp_verify_jobs_rest_t  *rest;
    ngx_smtp_verify_jobs_wait_t  *wait;

    if (ngx_queue_empty(&run->ready)) {
        return NGX_AGAIN;
    }

    q = ngx_queue_head(&run->ready);
    wait = ngx_queue_data(q, ngx_smtp_verify_jobs_wait_t, ready);
    rest = ngx_smtp_verify_jobs_rests(run, wait->email.data, wait->email.len);

    if (rest) {
        ngx_smtp_verify_jobs_wait_until(run, rest->until);
        ngx_smtp_verify_jobs_wait_free(run, wait);
        return NGX_DECLINED;
    }

    ngx_queue_remove(q);
    wait->asked = 1;

    rec->place.index = wait->idx;
    rec->place.offset = wait->pos;
    rec->email = wait->email;
    rec->input = wait->input;
    rec->tries = wait->tries;

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_jobs_source_block(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec)
{
    ngx_queue_t                   *q;
    sv_job_record_t               *record;
    ngx_smtp_verify_jobs_block_t  *block;

    block = NULL;

    for (q = ngx_queue_head(&run->blocks);
         q != ngx_queue_sentinel(&run->blocks);
         q = ngx_queue_next(q))
    {
        block = ngx_queue_data(q, ngx_smtp_verify_jobs_block_t, queue);

        if (block->read && !block->lent && block->next < block->end
            && !ngx_smtp_verify_jobs_block_expects(block))
        {
            break;
        }

        block = NULL;
    }

    if (block == NULL) {
        return NGX_AGAIN;
    }

    if (ngx_smtp_verify_jobs_lend_has(block, block->next)) {
        block->next++;
        return NGX_DECLINED;
    }

    record = &block->rows.records[block->next];

    rec->place.index = record->idx;
    rec->place.offset = record->pos;
    rec->email.data = (u_char *) record->email.data;
    rec->email.len = record->email.len;
    rec->input.data = (u_char *) record->input.data;
    rec->input.len = record->input.len;

    if (ngx_smtp_verify_jobs_source_rests(run, block, rec) != NGX_DECLINED) {
        return NGX_DECLINED;
    }

    block->next++;
    run->unread--;

    return NGX_OK;
}


/*
 * A domain that rests is not asked.  A block of nothing else is given back
 * until then, and costs no more.  A record among others becomes one that waits.
 * The wait of records that were not asked began with the job: it would have no
 * end otherwise where a destination allows a few an hour.
 */

static ngx_int_t
ngx_smtp_verify_jobs_source_rests(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block, ngx_smtp_verify_batch_record_t *rec)
{
    const sv_reason_info_t       *info;
    ngx_smtp_verify_result_t      result;
    ngx_smtp_verify_jobs_rest_t  *rest;

    rest = ngx_smtp_verify_jobs_rests(run, rec->email.data, rec->email.len);

    if (rest == NULL) {
        return NGX_DECLINED;
    }

    if (block->next == 0 && block->nentries == 0 && !run->borrowed
        && rest->until < run->started + run->wait
        && ngx_smtp_verify_jobs_block_is_one(block))
    {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                       "smtp verify jobs: block %uD rests for %L ms",
                       block->id, rest->until - ngx_smtp_verify_jobs_time());

        run->unread -= block->end;
        ngx_smtp_verify_jobs_block_end(run, block,
                                       (uint32_t) (rest->until / 1000 + 1));
        return NGX_OK;
    }

    block->next++;
    run->unread--;

    info = sv_reason_info(rest->reason);

    ngx_smtp_verify_result_init(&result);

    result.email = rec->email;
    result.reason = rest->reason;
    result.found = rest->reason;
    result.status = info->status;
    result.blame = info->blame;
    result.estimated = 1;
    result.retry_after = (ngx_uint_t) ngx_max(rest->until
                                         - ngx_smtp_verify_jobs_time(), 1000)
                         / 1000;

    run->unasked = 1;
    ngx_smtp_verify_jobs_sink.result(&run->batch, rec, &result);
    run->unasked = 0;

    return NGX_OK;
}


/* Are all records of one domain?  They are sorted by it. */

static ngx_uint_t
ngx_smtp_verify_jobs_block_is_one(ngx_smtp_verify_jobs_block_t *block)
{
    ngx_str_t         first, last;
    sv_job_record_t  *record;

    if (block->sample) {
        return 0;
    }

    record = &block->rows.records[0];
    first = ngx_smtp_verify_jobs_domain((u_char *) record->email.data,
                                        record->email.len);

    record = &block->rows.records[block->rows.n - 1];
    last = ngx_smtp_verify_jobs_domain((u_char *) record->email.data,
                                       record->email.len);

    return first.len == last.len
           && ngx_strncasecmp(first.data, last.data, first.len) == 0;
}


/* A block is read after the results that are on their way to the same database,
   and must be there before those in memory are used up. */

void
ngx_smtp_verify_jobs_feed(ngx_smtp_verify_jobs_run_t *run)
{
    while (ngx_smtp_verify_jobs_run_may(run)
           && !ngx_smtp_verify_jobs_is_fed(run))
    {
        if (ngx_smtp_verify_jobs_block_lease(run,
                                             ngx_smtp_verify_jobs_lease_next, 0)
            != NGX_OK)
        {
            return;
        }
    }
}


ngx_uint_t
ngx_smtp_verify_jobs_is_fed(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_uint_t  n, late;

    n = ngx_smtp_verify_jobs_unread(run, &late);

    return run->batch.held >= run->batch.limits.window
           || n + run->reading * SV_JOBS_BLOCK >= run->batch.limits.window
           || run->nblocks - run->nlent - late >= NGX_SMTP_VERIFY_JOBS_BLOCKS;
}


ngx_uint_t
ngx_smtp_verify_jobs_unread(ngx_smtp_verify_jobs_run_t *run,
    ngx_uint_t *blocks)
{
    ngx_uint_t                     n;
    ngx_queue_t                   *q;
    ngx_smtp_verify_jobs_block_t  *block;

    n = run->unread;
    *blocks = 0;

    for (q = ngx_queue_head(&run->blocks);
         q != ngx_queue_sentinel(&run->blocks);
         q = ngx_queue_next(q))
    {
        block = ngx_queue_data(q, ngx_smtp_verify_jobs_block_t, queue);

        if (block->read && !block->lent
            && ngx_smtp_verify_jobs_block_expects(block))
        {
            n -= ngx_min(n, ngx_smtp_verify_jobs_block_undone(block));
            (*blocks)++;
        }
    }

    return n;
}


static ngx_uint_t
ngx_smtp_verify_jobs_block_expects(ngx_smtp_verify_jobs_block_t *block)
{
    return block->expects
           && (ngx_msec_int_t) (block->expects - ngx_current_msec) > 0;
}


ngx_uint_t
ngx_smtp_verify_jobs_block_undone(ngx_smtp_verify_jobs_block_t *block)
{
    ngx_uint_t  i, n;

    for (i = block->next, n = 0; i < block->end; i++) {
        n += !ngx_smtp_verify_jobs_lend_has(block, i);
    }

    return n;
}


ngx_int_t
ngx_smtp_verify_jobs_block_lease(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_lease_e how, uint32_t id)
{
    ngx_smtp_verify_jobs_block_t   *block;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = run->worker;

    if (run->job->blocks->nfree == 0) {
        return NGX_DECLINED;
    }

    block = ngx_calloc(sizeof(ngx_smtp_verify_jobs_block_t), &run->log);
    if (block == NULL) {
        return NGX_ERROR;
    }

    block->run = run;
    block->id = id;

    if (!ngx_smtp_verify_jobs_block_take(run, block, how)) {
        ngx_free(block);
        return NGX_DECLINED;
    }

    block->task.run = ngx_smtp_verify_jobs_block_run;
    block->task.done = ngx_smtp_verify_jobs_block_done;
    block->task.gone = ngx_smtp_verify_jobs_block_gone;
    block->task.data = block;
    ngx_memcpy(block->task.id, run->id, NGX_SMTP_VERIFY_JOBS_ID);

    ngx_queue_insert_tail(&run->blocks, &block->queue);
    run->nblocks++;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: block %uD is leased, sample:%d",
                   block->id, block->sample);

    if (block->lent) {
        run->nlent++;

    } else {
        run->reading++;
    }

    if (ngx_smtp_verify_jobs_post(w->jobs, &block->task) != NGX_OK) {
        run->reading -= !block->lent;
        ngx_smtp_verify_jobs_block_end(run, block, (uint32_t) ngx_time() + 1);
        return NGX_ERROR;
    }

    run->tasks++;

    return NGX_OK;
}


/* Answers about a block count although it is not to be asked before a time.  It
   is asked after the time of a loan, also if its domain rests for longer. */

static ngx_uint_t
ngx_smtp_verify_jobs_block_take(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block, ngx_smtp_verify_jobs_lease_e how)
{
    int                             taken;
    int64_t                         left;
    ngx_smtp_verify_jobs_job_t     *job;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = run->worker;
    job = run->job;

    ngx_smtp_verify_jobs_lock(w);

    switch (how) {

    case ngx_smtp_verify_jobs_lease_late:
        taken = sv_lease_take_it(job->blocks, w->place, UINT32_MAX, block->id);
        left = (int64_t) job->blocks->times[block->id] - ngx_time();
        left = ngx_min(ngx_max(left, 0) * 1000,
                       NGX_SMTP_VERIFY_JOBS_LOAN_TIME);
        block->expects = ngx_current_msec + (ngx_msec_t) left;
        ngx_smtp_verify_jobs_block_expect(block, 0);
        break;

    case ngx_smtp_verify_jobs_lease_lend:
        taken = (job->sample == 0
                 || job->sampled >= sv_lease_turns(job->blocks))
                && sv_lease_take(job->blocks, w->place, (uint32_t) ngx_time(),
                                 &block->id);
        block->lent = 1;
        break;

    default: /* ngx_smtp_verify_jobs_lease_next */
        block->sample = ngx_smtp_verify_jobs_block_sample(w, job, &block->id);
        taken = block->sample
                || sv_lease_take(job->blocks, w->place, (uint32_t) ngx_time(),
                                 &block->id);
    }

    ngx_smtp_verify_jobs_unlock(w);

    return taken;
}


/* Whoever has sent an answer about a block, but not the last one, is likely to
   be at it still. */

void
ngx_smtp_verify_jobs_block_expect(ngx_smtp_verify_jobs_block_t *block,
    ngx_uint_t last)
{
    ngx_msec_t  until;

    until = ngx_current_msec + NGX_SMTP_VERIFY_JOBS_EXPECTS;

    if (last || block->expects == 0) {
        block->expects = 0;

    } else if ((ngx_msec_int_t) (until - block->expects) > 0) {
        block->expects = until;
    }
}


/* The sample is leased first: of each block its part, in one round through all
   blocks. */

static ngx_uint_t
ngx_smtp_verify_jobs_block_sample(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_job_t *job, uint32_t *id)
{
    if (job->sample == 0) {
        return 0;
    }

    while (job->sampled < sv_lease_turns(job->blocks)) {

        *id = sv_lease_turn(job->sampled++);

        if (sv_job_sample_of(*id, job->sample, job->records)
            && sv_lease_take_it(job->blocks, w->place, (uint32_t) ngx_time(),
                                *id))
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_smtp_verify_jobs_block_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_block_t *block = task->data;

    task->status = sv_job_block(task->job, block->id, &block->rows);

    if (task->status == SV_JOBS_OK || task->status == SV_JOBS_DONE) {
        block->end = (uint32_t) block->rows.n;
        ngx_smtp_verify_jobs_block_part(block);
    }
}


/* The records of the sample come to the front. */

static void
ngx_smtp_verify_jobs_block_part(ngx_smtp_verify_jobs_block_t *block)
{
    size_t                       i;
    uint32_t                     n;
    ngx_smtp_verify_jobs_run_t  *run;

    if (!block->sample) {
        return;
    }

    run = block->run;

    for (i = 0, n = 0; i < block->rows.n; i++) {

        if (sv_job_sample_has(block->rows.records[i].pos, run->sample,
                              run->records))
        {
            block->rows.records[n++] = block->rows.records[i];
        }
    }

    block->end = n;
    block->partly = (n < block->rows.n);
}


static void
ngx_smtp_verify_jobs_block_done(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_block_t  *block;

    block = task->data;
    run = block->run;

    run->tasks--;
    run->reading -= !block->lent;

    if (task->status != SV_JOBS_OK && task->status != SV_JOBS_DONE) {
        ngx_smtp_verify_jobs_run_failed(run, task);
        ngx_smtp_verify_jobs_block_end(run, block, 0);
        ngx_smtp_verify_jobs_run_check(run);
        return;
    }

    block->left = block->end;
    block->read = 1;

    if (block->left == 0) {
        ngx_smtp_verify_jobs_block_end(run, block, 0);

    } else if (block->lent && !run->dropped) {
        ngx_smtp_verify_jobs_lend_read(block);
        run->busy = ngx_current_msec;

    } else {
        run->nlent -= block->lent;
        block->lent = 0;
        run->unread += block->end;
        run->busy = ngx_current_msec;
    }

    if (run->begun && !run->dropped) {
        ngx_smtp_verify_batch_wake(&run->batch);
    }

    ngx_smtp_verify_jobs_run_check(run);
}


void
ngx_smtp_verify_jobs_block_stored(ngx_smtp_verify_jobs_run_t *run,
    uint64_t pos)
{
    ngx_queue_t                   *q;
    ngx_smtp_verify_jobs_block_t  *block;

    for (q = ngx_queue_head(&run->blocks);
         q != ngx_queue_sentinel(&run->blocks);
         q = ngx_queue_next(q))
    {
        block = ngx_queue_data(q, ngx_smtp_verify_jobs_block_t, queue);

        if (block->id != pos / SV_JOBS_BLOCK) {
            continue;
        }

        if (block->left && --block->left == 0) {
            ngx_smtp_verify_jobs_block_end(run, block, 0);
        }

        return;
    }
}


void
ngx_smtp_verify_jobs_block_end(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block, uint32_t then)
{
    ngx_uint_t                      closed;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = run->worker;
    closed = (block->read && block->left == 0 && !block->partly);

    if (run->borrowed) {
        goto done;
    }

    then = ngx_smtp_verify_jobs_lend_end(run, block, closed, then);

    ngx_smtp_verify_jobs_lock(w);

    if (closed) {
        (void) sv_lease_close(run->job->blocks, w->place, block->id);

    } else {
        (void) sv_lease_give(run->job->blocks, w->place, block->id, then);
    }

    run->job->checks = 1;

    ngx_smtp_verify_jobs_unlock(w);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: block %uD %s", block->id,
                   closed ? "is done" : "is given back");

done:

    ngx_queue_remove(&block->queue);
    run->nblocks--;

    sv_job_rows_free(&block->rows);

    if (block->entries) {
        ngx_free(block->entries);
    }

    ngx_free(block);
}


void
ngx_smtp_verify_jobs_blocks_free(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_queue_t                   *q;
    ngx_smtp_verify_jobs_block_t  *block;

    while (!ngx_queue_empty(&run->blocks)) {

        q = ngx_queue_head(&run->blocks);
        block = ngx_queue_data(q, ngx_smtp_verify_jobs_block_t, queue);

        ngx_smtp_verify_jobs_block_end(run, block, 0);
    }

    run->unread = 0;
}


static void
ngx_smtp_verify_jobs_block_gone(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_smtp_verify_jobs_block_t *block = task->data;

    ngx_smtp_verify_jobs_run_gone(block->run);
}
