
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_jobs_run.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_JOBS_BORROW  60000      /* ms, then what is left is
                                                   given back */


static ngx_uint_t ngx_smtp_verify_jobs_borrow_may(
    ngx_smtp_verify_jobs_worker_t *w);
static ngx_int_t ngx_smtp_verify_jobs_borrow_block(
    ngx_smtp_verify_jobs_run_t *run, uint32_t id, sv_job_rows_t *rows);
static ngx_smtp_verify_jobs_job_t *ngx_smtp_verify_jobs_borrow_job(
    ngx_smtp_verify_jobs_worker_t *w, sv_lend_offer_t *offer);
static void ngx_smtp_verify_jobs_borrow_rows(ngx_smtp_verify_jobs_run_t *run,
    ngx_array_t *rows);


/* Own work comes first: nothing is borrowed while a job of this machine has a
   block that could be begun, or half of the probes of this worker are in
   use. */

ngx_uint_t
ngx_smtp_verify_jobs_borrow_room(ngx_smtp_verify_jobs_t *jobs)
{
    ngx_uint_t                      n, active, waiting, most;
    ngx_queue_t                    *q;
    ngx_smtp_verify_jobs_run_t     *run;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = jobs->worker;

    if (w == NULL || w->place == 0 || ngx_exiting
        || w->nruns >= NGX_SMTP_VERIFY_JOBS_RUNS / 2)
    {
        return 0;
    }

    n = active = waiting = 0;

    for (q = ngx_queue_head(&w->runs);
         q != ngx_queue_sentinel(&w->runs);
         q = ngx_queue_next(q))
    {
        run = ngx_queue_data(q, ngx_smtp_verify_jobs_run_t, queue);

        if (run->borrowed == NULL) {
            active += run->batch.active;
            continue;
        }

        n++;

        /* records whose domain is asked already are no work for more probes */

        if (run->hungry || !run->begun) {
            waiting += run->unread + run->batch.held;
        }
    }

    /* the next block is there before the last one is used up */

    most = jobs->limits.probes + SV_JOBS_BLOCK / 2;

    if (n >= NGX_SMTP_VERIFY_JOBS_BORROWED || waiting >= most
        || active * 2 >= ngx_max(jobs->limits.probes, 1)
        || !ngx_smtp_verify_jobs_borrow_may(w))
    {
        return 0;
    }

    return ngx_min(NGX_SMTP_VERIFY_JOBS_BORROWED - n,
                   1 + (most - waiting) / SV_JOBS_BLOCK);
}


static ngx_uint_t
ngx_smtp_verify_jobs_borrow_may(ngx_smtp_verify_jobs_worker_t *w)
{
    int64_t                      now;
    ngx_uint_t                   may;
    ngx_queue_t                 *q;
    ngx_smtp_verify_jobs_job_t  *job;

    if (ngx_smtp_verify_share_free(&w->jobs->verify->share) != NGX_OK) {
        return 0;
    }

    may = 1;
    now = ngx_smtp_verify_jobs_time();

    ngx_smtp_verify_jobs_lock(w);

    for (q = ngx_queue_head(&w->shared->jobs);
         q != ngx_queue_sentinel(&w->shared->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        if (job->will == ngx_smtp_verify_jobs_works && job->rest <= now
            && job->blocks->nfree
            && job->blocks->soonest <= (uint32_t) (now / 1000))
        {
            may = 0;
            break;
        }
    }

    ngx_smtp_verify_jobs_unlock(w);

    return may;
}


ngx_smtp_verify_jobs_borrowed_t *
ngx_smtp_verify_jobs_borrow(ngx_smtp_verify_jobs_t *jobs,
    ngx_smtp_verify_jobs_entry_t *entry, sv_lend_offer_t *offer,
    sv_job_rows_t *rows)
{
    ngx_int_t                        rc;
    ngx_smtp_verify_jobs_job_t      *job;
    ngx_smtp_verify_jobs_run_t      *run;
    ngx_smtp_verify_jobs_worker_t   *w;
    ngx_smtp_verify_jobs_borrowed_t  *borrowed;
    static sv_catalog_job_t          cj;

    w = jobs->worker;

    borrowed = ngx_calloc(sizeof(ngx_smtp_verify_jobs_borrowed_t), jobs->log);
    job = ngx_smtp_verify_jobs_borrow_job(w, offer);
    run = (borrowed && job) ? ngx_smtp_verify_jobs_run_alloc(w, job) : NULL;

    if (run == NULL) {
        goto failed;
    }

    borrowed->entry = *entry;
    borrowed->run = run;
    ngx_memcpy(borrowed->job, offer->job, NGX_SMTP_VERIFY_JOBS_ID);

    run->borrowed = borrowed;
    run->until = ngx_current_msec + NGX_SMTP_VERIFY_JOBS_BORROW;

    rc = ngx_smtp_verify_jobs_borrow_block(run, offer->block, rows);

    if (rc == NGX_OK) {
        ngx_memzero(&cj, sizeof(sv_catalog_job_t));
        ngx_memcpy(cj.client, offer->client, sizeof(cj.client));
        cj.smtp = offer->smtp;

        rc = ngx_smtp_verify_jobs_run_begin(run, &cj);
    }

    if (rc != NGX_OK) {
        borrowed->run = NULL;
        ngx_smtp_verify_jobs_run_free(run);
        sv_job_rows_free(rows);
        ngx_free(borrowed);
        return NULL;
    }

    ngx_smtp_verify_count(JOBS_BORROWED);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: block %uD is of another machine, %uD "
                   "records", offer->block, run->unread);

    return borrowed;

failed:

    if (borrowed) {
        ngx_free(borrowed);
    }

    if (job) {
        ngx_free(job);
    }

    sv_job_rows_free(rows);

    return NULL;
}


/* Makes the job that the run works at.  It stands for the job of the other
   machine, and has no other blocks. */

static ngx_smtp_verify_jobs_job_t *
ngx_smtp_verify_jobs_borrow_job(ngx_smtp_verify_jobs_worker_t *w,
    sv_lend_offer_t *offer)
{
    ngx_smtp_verify_jobs_job_t  *job;

    job = ngx_calloc(sizeof(ngx_smtp_verify_jobs_job_t) + sv_lease_size(0),
                     w->jobs->log);

    if (job) {
        job->blocks = sv_lease_init(&job[1], 0);
        job->client = ngx_hash_key((u_char *) offer->client,
                                   ngx_strlen(offer->client));
        ngx_memcpy(job->id, offer->job, NGX_SMTP_VERIFY_JOBS_ID);
    }

    return job;
}


static ngx_int_t
ngx_smtp_verify_jobs_borrow_block(ngx_smtp_verify_jobs_run_t *run, uint32_t id,
    sv_job_rows_t *rows)
{
    ngx_smtp_verify_jobs_block_t  *block;

    block = ngx_calloc(sizeof(ngx_smtp_verify_jobs_block_t), &run->log);
    if (block == NULL) {
        return NGX_ERROR;
    }

    block->run = run;
    block->id = id;
    block->rows = *rows;
    block->end = (uint32_t) rows->n;
    block->left = block->end;
    block->read = 1;

    ngx_memzero(rows, sizeof(sv_job_rows_t));

    ngx_queue_insert_tail(&run->blocks, &block->queue);
    run->nblocks++;
    run->unread = block->end;
    run->given = id;

    return NGX_OK;
}


void
ngx_smtp_verify_jobs_borrow_drop(ngx_smtp_verify_jobs_borrowed_t *borrowed)
{
    ngx_smtp_verify_jobs_run_t  *run;

    run = borrowed->run;

    if (run == NULL) {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: a block of job %s is not wanted any more",
                   run->id);

    run->job->will = ngx_smtp_verify_jobs_ends;

    if (run->begun) {
        ngx_smtp_verify_batch_wake(&run->batch);
    }
}


void
ngx_smtp_verify_jobs_borrow_recall(ngx_smtp_verify_jobs_borrowed_t *borrowed)
{
    ngx_smtp_verify_jobs_run_t  *run;

    run = borrowed->run;

    if (run == NULL || run->over) {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: a block of job %s is wanted back",
                   run->id);

    run->until = ngx_current_msec;

    if (run->begun) {
        ngx_smtp_verify_batch_wake(&run->batch);
    }
}


/*
 * Returns 1 if the result holds for the owner, too.  One that comes from our
 * own limits, or from what servers think of this machine, does not: the owner
 * asks itself.  Nor does "greylisted": whoever has asked has to ask again, and
 * that is the owner.
 */

ngx_uint_t
ngx_smtp_verify_jobs_borrow_holds(ngx_smtp_verify_result_t *result)
{
    if (result->found == SV_UNVERIFIABLE_PROVIDER) {
        return 1;
    }

    switch (result->blame) {

    case SV_BLAME_LOCAL:
        return result->found == SV_UNSUPPORTED_ADDRESS;

    case SV_BLAME_SENDER:
    case SV_BLAME_POLICY:
        return 0;

    default:
        return sv_reason_info(result->found)->again != SV_AGAIN_LATER;
    }
}


/* A domain whose limit was met is left alone here, too. */

void
ngx_smtp_verify_jobs_borrow_leave(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result)
{
    if (sv_reason_info(result->found)->again == SV_AGAIN_LATER
        && !run->unasked)
    {
        ngx_smtp_verify_jobs_rest(run, &rec->email, result->found,
                                  ngx_smtp_verify_jobs_time()
                                  + ngx_max(result->retry_after, 1) * 1000);
    }

    ngx_smtp_verify_jobs_block_stored(run, rec->place.offset);
}


ngx_uint_t
ngx_smtp_verify_jobs_borrow_is_free(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_result_t *result)
{
    return result->cached
           || !ngx_smtp_verify_question_charge(result, run->batch.asker.smtp);
}


/* Hands results to the owner.  Records that wait for a canary, and had no
   answer, are asked by the owner. */

void
ngx_smtp_verify_jobs_borrow_flush(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_flush_t *flush)
{
    uint32_t                         block;
    ngx_uint_t                       i;
    sv_lend_text_t                   text;
    sv_job_result_t                 *rows;
    sv_lend_result_t                 result;
    ngx_smtp_verify_jobs_carrier_t  *carrier;
    static sv_scratch u_char         data[SV_LEND_MAX];

    carrier = run->worker->jobs->carrier;
    rows = flush->results.elts;
    text.data = data;

    for (i = 0; i < flush->results.nelts; i++) {

        block = (uint32_t) (rows[i].pos / SV_JOBS_BLOCK);

        if (i == 0) {
            sv_lend_answer_begin(&text, (char *) run->id, block, 0);
        }

        result.place = (unsigned) (rows[i].pos % SV_JOBS_BLOCK);
        result.costs = (unsigned) rows[i].costs;
        result.packed = rows[i].packed;

        if (sv_lend_answer_add(&text, &result) == -1) {
            carrier->hand(carrier, run->borrowed, &text, 0);

            sv_lend_answer_begin(&text, (char *) run->id, block, 0);
            (void) sv_lend_answer_add(&text, &result);
        }
    }

    if (flush->results.nelts) {
        carrier->hand(carrier, run->borrowed, &text, 0);
    }

    ngx_explicit_memzero(data, sizeof(data));

    ngx_smtp_verify_jobs_borrow_rows(run, &flush->results);
    ngx_smtp_verify_jobs_borrow_rows(run, &flush->waits);
}


static void
ngx_smtp_verify_jobs_borrow_rows(ngx_smtp_verify_jobs_run_t *run,
    ngx_array_t *rows)
{
    ngx_uint_t        i;
    sv_job_result_t  *row;

    row = rows->elts;

    for (i = 0; i < rows->nelts; i++) {
        ngx_smtp_verify_jobs_block_stored(run, row[i].pos);
    }
}


/* The run ends: the owner gets the block back, with whatever is left of it. */

void
ngx_smtp_verify_jobs_borrow_end(ngx_smtp_verify_jobs_run_t *run)
{
    u_char                            data[64];
    sv_lend_text_t                    text;
    ngx_smtp_verify_jobs_carrier_t   *carrier;
    ngx_smtp_verify_jobs_borrowed_t  *borrowed;

    borrowed = run->borrowed;
    carrier = run->worker->jobs->carrier;

    /* without a run it did not begin, and the carrier does not know of it */

    if (borrowed->run) {
        borrowed->run = NULL;
        text.data = data;

        sv_lend_answer_begin(&text, (char *) run->id, run->given, 1);
        carrier->hand(carrier, borrowed, &text, 1);
    }

    ngx_free(run->job);
}
