
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_jobs_run.h"
#include "ngx_smtp_verify_packed.h"


#define NGX_SMTP_VERIFY_JOBS_OFFER    300       /* s, an offer is good for */
#define NGX_SMTP_VERIFY_JOBS_ENTRIES  64        /* answers about a block */


static ngx_int_t ngx_smtp_verify_jobs_lend_open(
    ngx_smtp_verify_jobs_run_t *run);
static ngx_smtp_verify_jobs_loan_t *ngx_smtp_verify_jobs_lend_offer(
    ngx_smtp_verify_jobs_block_t *block);
static ngx_int_t ngx_smtp_verify_jobs_lend_pay(
    ngx_smtp_verify_jobs_block_t *block);
static void ngx_smtp_verify_jobs_lend_unpay(
    ngx_smtp_verify_jobs_block_t *block, ngx_uint_t n);
static ngx_smtp_verify_jobs_block_t *ngx_smtp_verify_jobs_lend_find(
    ngx_smtp_verify_jobs_run_t *run, uint32_t id);
static ngx_int_t ngx_smtp_verify_jobs_lend_late(
    ngx_smtp_verify_jobs_run_t *run, uint32_t id);
static void ngx_smtp_verify_jobs_lend_result(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block, sv_lend_result_t *answer);
static ngx_smtp_verify_result_t *ngx_smtp_verify_jobs_lend_unpack(
    ngx_smtp_verify_jobs_run_t *run, ngx_str_t *email,
    sv_lend_result_t *answer);
static ngx_int_t ngx_smtp_verify_jobs_lend_note(
    ngx_smtp_verify_jobs_block_t *block, ngx_smtp_verify_jobs_entry_t *entry);
static void ngx_smtp_verify_jobs_lend_back(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block);
static void ngx_smtp_verify_jobs_lend_parted(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block);


/* Called in each turn.  A block is lent only if other machines want some, and
   if this worker has enough for itself. */

void
ngx_smtp_verify_jobs_lend(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_smtp_verify_jobs_carrier_t  *carrier;

    carrier = run->worker->jobs->carrier;

    if (carrier == NULL || run->borrowed || run->batch.asker.sandbox
        || !ngx_smtp_verify_jobs_run_may(run))
    {
        return;
    }

    if (run->desk == NULL && ngx_smtp_verify_jobs_lend_open(run) != NGX_OK) {
        return;
    }

    while (carrier->wanted && run->nlent < NGX_SMTP_VERIFY_JOBS_LOANS
           && ngx_smtp_verify_jobs_is_fed(run))
    {
        if (ngx_smtp_verify_jobs_block_lease(run,
                                             ngx_smtp_verify_jobs_lease_lend,
                                             0)
            != NGX_OK)
        {
            return;
        }

        carrier->wanted--;
    }
}


/* Becomes the lender of the job, unless another worker is it. */

static ngx_int_t
ngx_smtp_verify_jobs_lend_open(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_uint_t                       lender;
    ngx_smtp_verify_jobs_desk_t     *desk;
    ngx_smtp_verify_jobs_worker_t   *w;

    w = run->worker;

    if (run->job->lender && run->job->lender != w->place) {
        return NGX_DECLINED;
    }

    desk = ngx_pcalloc(run->pool, sizeof(ngx_smtp_verify_jobs_desk_t));
    if (desk == NULL) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_jobs_lock(w);

    if (run->job->lender == 0) {
        run->job->lender = w->place;
    }

    lender = run->job->lender;

    ngx_smtp_verify_jobs_unlock(w);

    if (lender != w->place) {
        return NGX_DECLINED;
    }

    desk->run = run;
    ngx_memcpy(desk->job, run->id, NGX_SMTP_VERIFY_JOBS_ID);

    run->desk = desk;
    w->jobs->carrier->open(w->jobs->carrier, desk);

    return NGX_OK;
}


void
ngx_smtp_verify_jobs_lend_close(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_uint_t                       ends, done;
    ngx_smtp_verify_jobs_job_t      *job;
    ngx_smtp_verify_jobs_worker_t   *w;
    ngx_smtp_verify_jobs_carrier_t  *carrier;

    if (run->desk == NULL) {
        return;
    }

    w = run->worker;
    job = run->job;
    carrier = w->jobs->carrier;

    ngx_smtp_verify_jobs_lock(w);

    if (job->lender == w->place) {
        job->lender = 0;
        job->lent = 0;
    }

    ends = (job->will == ngx_smtp_verify_jobs_ends);
    done = (job->blocks->nfree == 0 && job->blocks->nleased == 0
            && job->due == 0);

    ngx_smtp_verify_jobs_unlock(w);

    carrier->close(carrier, run->desk);
    run->desk = NULL;

    if (ends || done) {
        carrier->forget(carrier, run->id, ends);
    }
}


void
ngx_smtp_verify_jobs_lend_forget(ngx_smtp_verify_jobs_worker_t *w, u_char *id)
{
    ngx_smtp_verify_jobs_carrier_t  *carrier;

    carrier = w->jobs->carrier;

    if (carrier) {
        carrier->forget(carrier, id, 1);
    }
}


void
ngx_smtp_verify_jobs_lend_read(ngx_smtp_verify_jobs_block_t *block)
{
    ngx_smtp_verify_jobs_run_t  *run;

    run = block->run;
    run->away += block->end;

    block->loan = ngx_smtp_verify_jobs_lend_offer(block);

    if (block->loan == NULL) {
        ngx_smtp_verify_jobs_lend_back(run, block);
        return;
    }

    ngx_smtp_verify_jobs_leave_start(run);

    ngx_smtp_verify_count(JOBS_LENT);

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: block %uD is offered to others, one of "
                   "%ui", block->id, run->nlent);
}


static ngx_smtp_verify_jobs_loan_t *
ngx_smtp_verify_jobs_lend_offer(ngx_smtp_verify_jobs_block_t *block)
{
    sv_lend_text_t                   text;
    sv_lend_offer_t                  offer;
    ngx_smtp_verify_jobs_run_t      *run;
    ngx_smtp_verify_jobs_loan_t     *loan;
    ngx_smtp_verify_jobs_carrier_t  *carrier;
    static u_char                    data[SV_LEND_MAX];

    run = block->run;
    carrier = run->worker->jobs->carrier;

    if (run->desk == NULL || run->client.len >= sizeof(offer.client)
        || !ngx_smtp_verify_jobs_run_may(run))
    {
        return NULL;
    }

    ngx_memzero(&offer, sizeof(sv_lend_offer_t));

    ngx_memcpy(offer.job, run->id, NGX_SMTP_VERIFY_JOBS_ID);
    ngx_memcpy(offer.client, run->client.data, run->client.len);

    offer.block = block->id;
    offer.expires = ngx_time() + NGX_SMTP_VERIFY_JOBS_OFFER;
    offer.smtp = run->batch.asker.smtp;

    text.data = data;

    if (sv_lend_offer_write(&text, &offer, block->rows.records, block->end)
        == -1
        || ngx_smtp_verify_jobs_lend_pay(block) != NGX_OK)
    {
        return NULL;
    }

    loan = carrier->offer(carrier, run->desk, &text, block);

    ngx_explicit_memzero(data, text.len);

    return loan;
}


/* The quota of the client pays here for each record, before others ask.  What
   costs nothing in the end is given back. */

static ngx_int_t
ngx_smtp_verify_jobs_lend_pay(ngx_smtp_verify_jobs_block_t *block)
{
    ngx_uint_t                  n, day;
    ngx_smtp_verify_account_t  *account;

    account = block->run->batch.asker.account;

    if (account == NULL) {
        return NGX_OK;
    }

    block->paid = 1;

    for (n = 0; n < block->end; n++) {

        if (ngx_smtp_verify_quota_take(account->zone, account->client,
                                       &account->state, &day)
            != NGX_OK)
        {
            ngx_smtp_verify_jobs_lend_unpay(block, n);
            block->paid = 0;
            return NGX_DECLINED;
        }

        block->day = day;
    }

    return NGX_OK;
}


static void
ngx_smtp_verify_jobs_lend_unpay(ngx_smtp_verify_jobs_block_t *block,
    ngx_uint_t n)
{
    ngx_smtp_verify_account_t  *account;

    account = block->run->batch.asker.account;

    while (block->paid && n--) {
        ngx_smtp_verify_quota_give_back(account->zone, account->client,
                                        &account->state, block->day);
    }
}


ngx_int_t
ngx_smtp_verify_jobs_lend_answer(ngx_smtp_verify_jobs_desk_t *desk,
    ngx_smtp_verify_jobs_entry_t *entry, sv_lend_answer_t *answer)
{
    size_t                         i;
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_block_t  *block;

    run = desk->run;

    if (ngx_strcmp(answer->job, run->id) != 0) {
        return NGX_DONE;
    }

    /* nothing more is taken in than the store of the jobs bears */

    if (!run->begun || run->dropped
        || ngx_smtp_verify_jobs_sink.blocked(&run->batch))
    {
        return NGX_AGAIN;
    }

    block = ngx_smtp_verify_jobs_lend_find(run, answer->block);

    if (block == NULL) {
        return ngx_smtp_verify_jobs_lend_late(run, answer->block);
    }

    if (!block->read
        || ngx_smtp_verify_jobs_lend_note(block, entry) != NGX_OK)
    {
        return NGX_AGAIN;
    }

    for (i = 0; i < answer->n; i++) {
        ngx_smtp_verify_jobs_lend_result(run, block, &answer->results[i]);
    }

    /* The carrier says when nobody works at a block any more.  This may be the
       end of an earlier loan of it, which another worker has read before. */

    ngx_smtp_verify_jobs_block_expect(block, answer->last);

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: others have %uz results of block %uD, "
                   "last:%ud", answer->n, block->id, answer->last);

    ngx_smtp_verify_batch_wake(&run->batch);

    return NGX_OK;
}


static ngx_smtp_verify_jobs_block_t *
ngx_smtp_verify_jobs_lend_find(ngx_smtp_verify_jobs_run_t *run, uint32_t id)
{
    ngx_queue_t                   *q;
    ngx_smtp_verify_jobs_block_t  *block;

    for (q = ngx_queue_head(&run->blocks);
         q != ngx_queue_sentinel(&run->blocks);
         q = ngx_queue_next(q))
    {
        block = ngx_queue_data(q, ngx_smtp_verify_jobs_block_t, queue);

        if (block->id == id) {
            return block;
        }
    }

    return NULL;
}


/* The block was lent by somebody who is gone, such as this machine before a
   restart.  If nobody works at it, it is read, and the answer comes again. */

static ngx_int_t
ngx_smtp_verify_jobs_lend_late(ngx_smtp_verify_jobs_run_t *run, uint32_t id)
{
    ngx_uint_t  closed;

    if (id >= run->job->blocks->n) {
        return NGX_DONE;
    }

    ngx_smtp_verify_jobs_lock(run->worker);

    closed = (run->job->blocks->owners[id] == SV_LEASE_CLOSED);

    ngx_smtp_verify_jobs_unlock(run->worker);

    if (closed) {
        return NGX_DONE;
    }

    if (run->nblocks - run->nlent >= NGX_SMTP_VERIFY_JOBS_BLOCKS
        || !ngx_smtp_verify_jobs_run_may(run))
    {
        return NGX_AGAIN;
    }

    return ngx_smtp_verify_jobs_block_lease(run,
                                            ngx_smtp_verify_jobs_lease_late,
                                            id)
           == NGX_OK ? NGX_AGAIN : NGX_DECLINED;
}


/* What this machine asks itself already, or has a result, or was erased, is
   left out. */

static void
ngx_smtp_verify_jobs_lend_result(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block, sv_lend_result_t *answer)
{
    ngx_uint_t                       i;
    sv_job_record_t                 *record;
    ngx_smtp_verify_result_t        *result;
    ngx_smtp_verify_batch_record_t   rec;

    record = block->rows.records;

    for (i = block->next; i < block->end; i++) {

        if (record[i].pos % SV_JOBS_BLOCK == answer->place) {
            break;
        }
    }

    if (i == block->end || ngx_smtp_verify_jobs_lend_has(block, i)) {
        return;
    }

    ngx_memzero(&rec, sizeof(ngx_smtp_verify_batch_record_t));

    rec.place.index = record[i].idx;
    rec.place.offset = record[i].pos;
    rec.email.data = (u_char *) record[i].email.data;
    rec.email.len = record[i].email.len;
    rec.input.data = (u_char *) record[i].input.data;
    rec.input.len = record[i].input.len;

    result = ngx_smtp_verify_jobs_lend_unpack(run, &rec.email, answer);

    if (result == NULL) {
        return;
    }

    block->done[i / 64] |= (uint64_t) 1 << i % 64;

    if (block->lent) {
        run->away--;

    } else {
        run->unread--;
    }

    if (!answer->costs) {
        ngx_smtp_verify_jobs_lend_unpay(block, 1);
    }

    ngx_smtp_verify_count(JOBS_RETURNED);

    ngx_smtp_verify_jobs_sink.result(&run->batch, &rec, result);
}


ngx_uint_t
ngx_smtp_verify_jobs_lend_has(ngx_smtp_verify_jobs_block_t *block,
    ngx_uint_t i)
{
    return (block->done[i / 64] >> i % 64) & 1;
}


/* A packed result is read as one of the cache is.  Only what holds for
   everybody is taken from others. */

static ngx_smtp_verify_result_t *
ngx_smtp_verify_jobs_lend_unpack(ngx_smtp_verify_jobs_run_t *run,
    ngx_str_t *email, sv_lend_result_t *answer)
{
    sv_address_t                     *addr;
    ngx_smtp_verify_conf_t           *conf;
    static sv_address_t               none;
    static ngx_smtp_verify_packed_t   packed;

    conf = run->batch.asker.conf;

    if (ngx_smtp_verify_parse(email, &addr) != SV_ADDRESS_OK) {
        addr = &none;
    }

    if (ngx_smtp_verify_packed_read(&packed, (u_char *) answer->packed.data,
                                    answer->packed.len, addr, conf->lists)
        != NGX_OK
        || packed.version != conf->version
        || packed.result.sandbox
        || !ngx_smtp_verify_jobs_borrow_holds(&packed.result))
    {
        return NULL;
    }

    packed.result.email = *email;

    return &packed.result;
}


/* Remembers an answer, to settle it when it is in the store.  One that is not
   remembered comes again when all is read again, and is settled then. */

static ngx_int_t
ngx_smtp_verify_jobs_lend_note(ngx_smtp_verify_jobs_block_t *block,
    ngx_smtp_verify_jobs_entry_t *entry)
{
    ngx_uint_t  i;

    if (block->entries == NULL) {
        block->entries = ngx_alloc(NGX_SMTP_VERIFY_JOBS_ENTRIES
                                   * sizeof(ngx_smtp_verify_jobs_entry_t),
                                   &block->run->log);
        if (block->entries == NULL) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < block->nentries; i++) {

        if (block->entries[i].len == entry->len
            && ngx_memcmp(block->entries[i].data, entry->data, entry->len)
               == 0)
        {
            return NGX_OK;
        }
    }

    if (block->nentries < NGX_SMTP_VERIFY_JOBS_ENTRIES) {
        block->entries[block->nentries++] = *entry;
    }

    return NGX_OK;
}


void
ngx_smtp_verify_jobs_lend_gone(ngx_smtp_verify_jobs_loan_t *loan)
{
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_smtp_verify_jobs_block_t  *block;

    block = loan->block;
    run = block->run;

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: nobody else works at block %uD any more",
                   block->id);

    ngx_smtp_verify_jobs_lend_back(run, block);

    if (run->begun) {
        ngx_smtp_verify_batch_wake(&run->batch);
    }
}


/* From now on it is a block like others, of the records without an answer. */

static void
ngx_smtp_verify_jobs_lend_back(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block)
{
    ngx_uint_t        i, n;
    sv_job_record_t  *records;

    ngx_smtp_verify_jobs_lend_parted(run, block);

    records = block->rows.records;

    for (i = 0, n = 0; i < block->end; i++) {

        if (!ngx_smtp_verify_jobs_lend_has(block, i)) {
            records[n++] = records[i];
        }
    }

    ngx_memzero(block->done, sizeof(block->done));

    block->rows.n = n;
    block->end = (uint32_t) n;
    block->next = 0;
    block->paid = 0;

    run->unread += n;
    run->busy = ngx_current_msec;
}


/* Others have an address in memory that was erased here.  They ask for nobody
   of such a block any more, long before the probes of this worker are over. */

void
ngx_smtp_verify_jobs_lend_withdraw_all(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_queue_t                   *q;
    ngx_smtp_verify_jobs_block_t  *block;

    for (q = ngx_queue_head(&run->blocks);
         q != ngx_queue_sentinel(&run->blocks);
         q = ngx_queue_next(q))
    {
        block = ngx_queue_data(q, ngx_smtp_verify_jobs_block_t, queue);

        if (block->lent && block->read) {
            ngx_smtp_verify_jobs_lend_back(run, block);
        }
    }
}


static void
ngx_smtp_verify_jobs_lend_parted(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block)
{
    ngx_uint_t                       n;
    ngx_smtp_verify_jobs_carrier_t  *carrier;

    carrier = run->worker->jobs->carrier;

    n = ngx_smtp_verify_jobs_block_undone(block);

    if (block->read) {
        run->away -= n;
        ngx_smtp_verify_jobs_lend_unpay(block, n);
    }

    if (block->loan) {
        block->loan->block = NULL;
        carrier->withdraw(carrier, block->loan);
        block->loan = NULL;
    }

    block->lent = 0;
    run->nlent--;
}


/* A worker that exits leaves its loans as they are.  Their results come to the
   next lender, and before they should nobody else asks. */

uint32_t
ngx_smtp_verify_jobs_lend_end(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block, ngx_uint_t closed, uint32_t then)
{
    ngx_smtp_verify_jobs_loan_t     *loan;
    ngx_smtp_verify_jobs_carrier_t  *carrier;

    carrier = run->worker->jobs->carrier;

    if (closed && block->nentries) {
        carrier->settle(carrier, run->id, block->entries, block->nentries);
    }

    if (!block->lent) {
        return then;
    }

    loan = block->loan;

    if (loan && loan->state == ngx_smtp_verify_jobs_loan_offered && ngx_exiting
        && !closed && run->job->will == ngx_smtp_verify_jobs_works)
    {
        loan->block = NULL;
        block->loan = NULL;
        then = (uint32_t) (ngx_time()
                           + NGX_SMTP_VERIFY_JOBS_LOAN_TIME / 1000);
    }

    ngx_smtp_verify_jobs_lend_parted(run, block);

    return then;
}
