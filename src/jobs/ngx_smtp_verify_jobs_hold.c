
/*
 * A server that has refused many recipients may begin to accept everybody, and
 * what it accepts between its last refusal and the next canary proves nothing
 * (see verify/canary.c).  A single question is answered all the same; a job can
 * wait.  So it holds the accepted addresses of such a server in memory:
 *
 *   - The server refuses somebody who was asked later, the canary of another
 *     address or an address of the list: they are accepted.
 *   - A canary is accepted: those of its domain are accepted_untested.  The
 *     domain rests, as its breaker is open now.
 *   - There is no answer, or a limit was met: they wait, and are asked again.
 *
 * If nobody is refused for long, or nothing else is to be done, one of the held
 * addresses is asked again together with a canary.  What is held is not in the
 * store: after a crash or a reload it is asked again.
 */

#include "ngx_smtp_verify_jobs_run.h"
#include "ngx_smtp_verify_packed.h"
#include "ngx_smtp_verify_wipe.h"


#define NGX_SMTP_VERIFY_JOBS_HOLD        300000 /* ms, at most */
#define NGX_SMTP_VERIFY_JOBS_HOLD_AGAIN  600    /* s, if a canary had no
                                                   answer */


static ngx_int_t ngx_smtp_verify_jobs_hold_add(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_jobs_hold_proved(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_result_t *result);
static ngx_uint_t ngx_smtp_verify_jobs_hold_answered(
    ngx_smtp_verify_jobs_run_t *run, ngx_smtp_verify_batch_record_t *rec,
    ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_jobs_hold_turned(ngx_smtp_verify_jobs_run_t *run,
    uint64_t server, ngx_str_t *email);
static void ngx_smtp_verify_jobs_hold_later(ngx_smtp_verify_jobs_run_t *run,
    uint64_t server, ngx_uint_t after);
static void ngx_smtp_verify_jobs_hold_untested(
    ngx_smtp_verify_jobs_run_t *run, ngx_smtp_verify_jobs_hold_t *hold,
    const char *rule);
static ngx_smtp_verify_result_t *ngx_smtp_verify_jobs_hold_read(
    ngx_smtp_verify_jobs_run_t *run, sv_job_result_t *row,
    sv_address_t **addr);
static void ngx_smtp_verify_jobs_hold_store(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_hold_t *hold);
static ngx_queue_t *ngx_smtp_verify_jobs_hold_bucket(
    ngx_smtp_verify_jobs_run_t *run, uint64_t server);
static void ngx_smtp_verify_jobs_hold_remove(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_hold_t *hold);
static void ngx_smtp_verify_jobs_hold_pick(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_hold_t *hold, ngx_smtp_verify_batch_record_t *rec);
static ngx_uint_t ngx_smtp_verify_jobs_hold_is_asked(
    ngx_smtp_verify_jobs_run_t *run, uint64_t server);
static ngx_uint_t ngx_smtp_verify_jobs_hold_wants(
    ngx_smtp_verify_jobs_run_t *run);


/* a result that is read or written; too large for the stack, and used at
   once */

static sv_scratch ngx_smtp_verify_packed_t
    ngx_smtp_verify_jobs_hold_packed;
static sv_scratch u_char
    ngx_smtp_verify_jobs_hold_data[NGX_SMTP_VERIFY_PACKED_MAX];


ngx_uint_t
ngx_smtp_verify_jobs_holds(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result)
{
    if (result->proves && run->nholds) {
        ngx_smtp_verify_jobs_hold_proved(run, result);

    } else if (result->turned && run->nholds) {
        ngx_smtp_verify_jobs_hold_turned(run, result->server, &rec->email);
    }

    if (rec->canary && ngx_smtp_verify_jobs_hold_answered(run, rec, result)) {
        return 1;
    }

    if (result->found != SV_ACCEPTED || !result->unproved) {
        return 0;
    }

    if (ngx_smtp_verify_jobs_hold_add(run, rec, result) != NGX_OK) {
        ngx_smtp_verify_jobs_sink_lost(run, rec->place.index);
    }

    return 1;
}


static ngx_int_t
ngx_smtp_verify_jobs_hold_add(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result)
{
    u_char                       *p;
    size_t                        len;
    sv_address_t                 *addr;
    sv_job_result_t              *row;
    ngx_smtp_verify_jobs_hold_t  *hold;

    if (ngx_smtp_verify_parse(&rec->email, &addr) != SV_ADDRESS_OK) {
        return NGX_ERROR;
    }

    len = ngx_smtp_verify_packed_write(ngx_smtp_verify_jobs_hold_data, result,
                                       addr, run->batch.asker.conf->version);

    hold = ngx_alloc(sizeof(ngx_smtp_verify_jobs_hold_t) + rec->email.len
                     + rec->input.len + len, &run->log);
    if (hold == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(hold, sizeof(ngx_smtp_verify_jobs_hold_t));

    hold->server = result->server;
    hold->at = ngx_current_msec;
    hold->order = ngx_smtp_verify_probe_order();
    hold->since = ngx_smtp_verify_store_since(run->batch.asker.conf);

    row = &hold->row;
    row->pos = rec->place.offset;
    row->idx = rec->place.index;
    row->status = result->status;
    row->reason = result->reason;

    p = (u_char *) &hold[1];

    row->packed.data = p;
    row->packed.len = len;
    p = ngx_cpymem(p, ngx_smtp_verify_jobs_hold_data, len);

    row->email.data = p;
    row->email.len = rec->email.len;
    p = ngx_cpymem(p, rec->email.data, rec->email.len);

    row->input.data = p;
    row->input.len = rec->input.len;

    if (rec->input.len) {
        ngx_memcpy(p, rec->input.data, rec->input.len);
    }

    ngx_queue_insert_tail(&run->holds, &hold->queue);
    ngx_queue_insert_tail(ngx_smtp_verify_jobs_hold_bucket(run, hold->server),
                          &hold->bucket);
    run->nholds++;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: record %uL is accepted, and held, one "
                   "of %ui", row->pos, run->nholds);

    return NGX_OK;
}


/* The refusal only counts if it was asked for after the address had been
   accepted: a server may take a long time to refuse somebody. */

static void
ngx_smtp_verify_jobs_hold_proved(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_result_t *result)
{
    ngx_queue_t                  *q, *next, *bucket;
    sv_address_t                 *addr;
    ngx_smtp_verify_result_t     *held;
    ngx_smtp_verify_jobs_hold_t  *hold;

    bucket = ngx_smtp_verify_jobs_hold_bucket(run, result->server);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = next)
    {
        next = ngx_queue_next(q);
        hold = ngx_queue_data(q, ngx_smtp_verify_jobs_hold_t, bucket);

        if (hold->server != result->server) {
            continue;
        }

        if (result->began < hold->order) {
            return;
        }

        /* this one is believed from now on */

        held = ngx_smtp_verify_jobs_hold_read(run, &hold->row, &addr);

        if (held) {
            ngx_smtp_verify_store_proved(run->batch.asker.conf, held,
                                         hold->since, &run->log);
        }

        ngx_smtp_verify_jobs_hold_store(run, hold);
    }
}


/* A canary was to be asked with this record.  What has become of it?  Returns 1
   if the record itself still has no proof. */

static ngx_uint_t
ngx_smtp_verify_jobs_hold_answered(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result)
{
    uint64_t    server;
    ngx_uint_t  i, joins;

    for (i = 0; i < run->ncanaries; i++) {

        if (run->canaries[i].pos == rec->place.offset) {
            break;
        }
    }

    if (i == run->ncanaries) {
        return 0;
    }

    server = run->canaries[i].server;
    run->canaries[i] = run->canaries[--run->ncanaries];

    ngx_log_debug3(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: a canary was asked with record %uL: %s, "
                   "refused:%d", rec->place.offset,
                   sv_reason_info(result->found)->name, result->proves);

    if (result->proves || result->turned) {
        return 0;
    }

    if (result->found == SV_CATCH_ALL) {
        ngx_smtp_verify_jobs_hold_turned(run, server, &rec->email);
        return 0;
    }

    joins = (result->found == SV_ACCEPTED
             || result->found == SV_ACCEPTED_UNTESTED);

    if (joins) {
        result->server = server;

        if (ngx_smtp_verify_jobs_hold_add(run, rec, result) != NGX_OK) {
            ngx_smtp_verify_jobs_sink_lost(run, rec->place.index);
        }
    }

    ngx_smtp_verify_jobs_hold_later(run, server,
                                    ngx_max(result->retry_after,
                                            NGX_SMTP_VERIFY_JOBS_HOLD_AGAIN));

    return joins;
}


static void
ngx_smtp_verify_jobs_hold_turned(ngx_smtp_verify_jobs_run_t *run,
    uint64_t server, ngx_str_t *email)
{
    ngx_str_t                     turned, domain;
    ngx_queue_t                  *q, *next, *bucket;
    ngx_smtp_verify_jobs_hold_t  *hold;

    turned = ngx_smtp_verify_jobs_domain(email->data, email->len);

    bucket = ngx_smtp_verify_jobs_hold_bucket(run, server);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = next)
    {
        next = ngx_queue_next(q);
        hold = ngx_queue_data(q, ngx_smtp_verify_jobs_hold_t, bucket);

        domain = ngx_smtp_verify_jobs_domain(hold->row.email.data,
                                             hold->row.email.len);

        if (hold->server == server && domain.len == turned.len
            && ngx_strncasecmp(domain.data, turned.data, turned.len) == 0)
        {
            ngx_smtp_verify_jobs_hold_untested(run, hold, "canary-accepted");
        }
    }
}


/* Lets all held records of the server wait for so many seconds. */

static void
ngx_smtp_verify_jobs_hold_later(ngx_smtp_verify_jobs_run_t *run,
    uint64_t server, ngx_uint_t after)
{
    int64_t                       now;
    ngx_queue_t                  *q, *next, *bucket;
    sv_job_due_t                  d;
    ngx_smtp_verify_jobs_hold_t  *hold;
    ngx_smtp_verify_jobs_wait_t  *wait;

    now = ngx_smtp_verify_jobs_time();

    bucket = ngx_smtp_verify_jobs_hold_bucket(run, server);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = next)
    {
        next = ngx_queue_next(q);
        hold = ngx_queue_data(q, ngx_smtp_verify_jobs_hold_t, bucket);

        if (hold->server != server) {
            continue;
        }

        wait = ngx_smtp_verify_jobs_wait_find(run, hold->row.pos);

        d.found = SV_THROTTLED;
        d.status = SV_UNKNOWN;
        d.retry_after = (unsigned) after;
        d.wait = run->wait;
        d.since = wait ? wait->since : now;
        d.tries = wait ? (unsigned) wait->tries : 0;

        hold->row.due = sv_job_due_time(&d, now);
        hold->row.since = d.since;
        hold->row.tries = d.tries;

        ngx_smtp_verify_jobs_hold_untested(run, hold, NULL);
    }
}


/* The result becomes "accepted_untested". */

static void
ngx_smtp_verify_jobs_hold_untested(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_hold_t *hold, const char *rule)
{
    ngx_pool_t                *pool;
    sv_address_t              *addr;
    ngx_smtp_verify_conf_t    *conf;
    ngx_smtp_verify_result_t  *result;

    conf = run->batch.asker.conf;

    pool = ngx_create_pool(1024, &run->log);
    result = ngx_smtp_verify_jobs_hold_read(run, &hold->row, &addr);

    if (pool == NULL || result == NULL) {
        ngx_smtp_verify_jobs_sink_lost(run, hold->row.idx);
        goto done;
    }

    result->found = SV_ACCEPTED_UNTESTED;
    result->evidence.reason = SV_ACCEPTED_UNTESTED;
    result->is_catch_all = -1;
    result->mailbox_exists = -1;

    if (rule) {
        result->evidence.rule = rule;
    }

    ngx_smtp_verify_verdict_anew(conf, result, addr, pool);

    hold->row.packed.data = ngx_smtp_verify_jobs_hold_data;
    hold->row.packed.len =
              ngx_smtp_verify_packed_write(ngx_smtp_verify_jobs_hold_data,
                                           result, addr, conf->version);
    hold->row.status = result->status;
    hold->row.reason = result->reason;

    ngx_smtp_verify_jobs_hold_store(run, hold);

done:

    if (pool) {
        ngx_smtp_verify_wipe_pool(pool);
    }
}


static ngx_smtp_verify_result_t *
ngx_smtp_verify_jobs_hold_read(ngx_smtp_verify_jobs_run_t *run,
    sv_job_result_t *row, sv_address_t **addr)
{
    ngx_str_t                  email;
    ngx_smtp_verify_packed_t  *packed;

    packed = &ngx_smtp_verify_jobs_hold_packed;

    email.data = (u_char *) row->email.data;
    email.len = row->email.len;

    if (ngx_smtp_verify_parse(&email, addr) != SV_ADDRESS_OK
        || ngx_smtp_verify_packed_read(packed, (u_char *) row->packed.data,
                                       row->packed.len, *addr,
                                       run->batch.asker.conf->lists)
           != NGX_OK)
    {
        return NULL;
    }

    packed->result.email = email;

    return &packed->result;
}


/* Hands the result to the store.  Without memory for it the record is asked by
   the next run. */

static void
ngx_smtp_verify_jobs_hold_store(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_hold_t *hold)
{
    if (ngx_smtp_verify_jobs_sink_last(run, &hold->row) != NGX_OK) {
        ngx_smtp_verify_jobs_sink_lost(run, hold->row.idx);
    }

    ngx_smtp_verify_jobs_hold_remove(run, hold);

    sv_wipe_free(hold);
}


/* There may be a thousand of them, and each answer of a server looks for those
   of this server. */

static ngx_queue_t *
ngx_smtp_verify_jobs_hold_bucket(ngx_smtp_verify_jobs_run_t *run,
    uint64_t server)
{
    server ^= server >> 32;
    server ^= server >> 12;

    return &run->held[server % NGX_SMTP_VERIFY_JOBS_BUCKETS];
}


static void
ngx_smtp_verify_jobs_hold_remove(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_hold_t *hold)
{
    ngx_queue_remove(&hold->queue);
    ngx_queue_remove(&hold->bucket);
    run->nholds--;
}


/* The oldest comes first.  Servers that are asked are left out: their answer
   counts for all that was accepted before. */

ngx_int_t
ngx_smtp_verify_jobs_hold_next(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec)
{
    ngx_uint_t                    all;
    ngx_queue_t                  *q;
    sv_job_result_t              *row;
    ngx_smtp_verify_jobs_hold_t  *hold;
    ngx_smtp_verify_jobs_rest_t  *rest;

    if (run->nholds == 0) {
        return NGX_DONE;
    }

    all = ngx_smtp_verify_jobs_hold_wants(run);

    for (q = ngx_queue_head(&run->holds);
         q != ngx_queue_sentinel(&run->holds);
         q = ngx_queue_next(q))
    {
        hold = ngx_queue_data(q, ngx_smtp_verify_jobs_hold_t, queue);

        if (run->ncanaries == NGX_SMTP_VERIFY_JOBS_CANARIES
            || (!all && ngx_current_msec - hold->at
                        < NGX_SMTP_VERIFY_JOBS_HOLD))
        {
            break;
        }

        if (ngx_smtp_verify_jobs_hold_is_asked(run, hold->server)) {
            continue;
        }

        row = &hold->row;
        rest = ngx_smtp_verify_jobs_rests(run, (u_char *) row->email.data,
                                          row->email.len);

        if (rest) {
            ngx_smtp_verify_jobs_hold_later(run, hold->server,
                                         (ngx_uint_t) (rest->until
                                         - ngx_smtp_verify_jobs_time()) / 1000
                                         + 1);
            return NGX_DECLINED;
        }

        ngx_smtp_verify_jobs_hold_pick(run, hold, rec);
        return NGX_OK;
    }

    return run->nholds >= NGX_SMTP_VERIFY_JOBS_HOLDS ? NGX_AGAIN : NGX_DONE;
}


/* Picks a held record: it is asked again with a canary, and the result that was
   held counts no more. */

static void
ngx_smtp_verify_jobs_hold_pick(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_hold_t *hold, ngx_smtp_verify_batch_record_t *rec)
{
    sv_job_result_t                *row;
    ngx_smtp_verify_jobs_canary_t  *canary;

    row = &hold->row;

    rec->place.index = row->idx;
    rec->place.offset = row->pos;
    rec->email.data = (u_char *) row->email.data;
    rec->email.len = row->email.len;
    rec->input.data = (u_char *) row->input.data;
    rec->input.len = row->input.len;
    rec->canary = 1;

    canary = &run->canaries[run->ncanaries++];
    canary->server = hold->server;
    canary->pos = row->pos;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                   "smtp verify jobs: a canary is asked with record %uL, %ui "
                   "are held", row->pos, run->nholds);

    ngx_smtp_verify_jobs_hold_remove(run, hold);

    /* the record is valid until the next call */

    if (run->picked) {
        sv_wipe_free(run->picked);
    }

    run->picked = hold;
}


static ngx_uint_t
ngx_smtp_verify_jobs_hold_is_asked(ngx_smtp_verify_jobs_run_t *run,
    uint64_t server)
{
    ngx_uint_t  i;

    for (i = 0; i < run->ncanaries; i++) {

        if (run->canaries[i].server == server) {
            return 1;
        }
    }

    return 0;
}


/* Are canaries to be asked of all servers?  Yes, if too much is held, or if
   this run can do nothing else and no other records of the job come soon. */

static ngx_uint_t
ngx_smtp_verify_jobs_hold_wants(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_smtp_verify_jobs_job_t  *job;

    if (run->nholds >= NGX_SMTP_VERIFY_JOBS_HOLDS) {
        return 1;
    }

    if (run->batch.active + run->batch.held > run->ncanaries || run->unread
        || run->reading || run->fetching || !ngx_queue_empty(&run->ready))
    {
        return 0;
    }

    job = run->job;

    return run->nblocks - run->nlent >= NGX_SMTP_VERIFY_JOBS_BLOCKS
           || run->nwaits >= NGX_SMTP_VERIFY_JOBS_WAITS / 2
           || (job->blocks->nfree == 0 && job->due == 0);
}


void
ngx_smtp_verify_jobs_holds_end(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_queue_t                  *q, *next;
    ngx_smtp_verify_jobs_hold_t  *hold;

    for (q = ngx_queue_head(&run->holds);
         q != ngx_queue_sentinel(&run->holds);
         q = next)
    {
        next = ngx_queue_next(q);
        hold = ngx_queue_data(q, ngx_smtp_verify_jobs_hold_t, queue);

        ngx_smtp_verify_jobs_hold_untested(run, hold, NULL);
    }
}


void
ngx_smtp_verify_jobs_holds_free(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_queue_t                  *q;
    ngx_smtp_verify_jobs_hold_t  *hold;

    while (!ngx_queue_empty(&run->holds)) {

        q = ngx_queue_head(&run->holds);
        hold = ngx_queue_data(q, ngx_smtp_verify_jobs_hold_t, queue);

        ngx_smtp_verify_jobs_hold_remove(run, hold);
        sv_wipe_free(hold);
    }

    if (run->picked) {
        sv_wipe_free(run->picked);
        run->picked = NULL;
    }
}
