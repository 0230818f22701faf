
#include "ngx_smtp_verify_jobs_run.h"


#define NGX_SMTP_VERIFY_JOBS_BEGIN  8           /* runs in a tick */


static ngx_uint_t ngx_smtp_verify_jobs_order_wants(
    ngx_smtp_verify_jobs_worker_t *w, ngx_smtp_verify_jobs_job_t *job,
    int64_t now);
static void ngx_smtp_verify_jobs_order_sums(ngx_smtp_verify_jobs_shared_t *sh);
static void ngx_smtp_verify_jobs_order_room(ngx_smtp_verify_jobs_worker_t *w);
static ngx_uint_t ngx_smtp_verify_jobs_order_of_client(
    ngx_smtp_verify_jobs_worker_t *w, uint64_t client);
static ngx_smtp_verify_jobs_job_t *ngx_smtp_verify_jobs_order_next(
    ngx_smtp_verify_jobs_worker_t *w);
static ngx_uint_t ngx_smtp_verify_jobs_order_is_hungry(
    ngx_smtp_verify_jobs_run_t *run);
static ngx_uint_t ngx_smtp_verify_jobs_order_left(
    ngx_smtp_verify_jobs_worker_t *w, ngx_smtp_verify_jobs_run_t *run,
    ngx_uint_t left);
static ngx_uint_t ngx_smtp_verify_jobs_order_share(
    ngx_smtp_verify_jobs_worker_t *w, ngx_smtp_verify_jobs_run_t *run,
    ngx_uint_t share);
static ngx_uint_t ngx_smtp_verify_jobs_order_runs(
    ngx_smtp_verify_jobs_worker_t *w, ngx_smtp_verify_jobs_run_t *run,
    ngx_uint_t *place);


void
ngx_smtp_verify_jobs_order(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_uint_t                   n;
    ngx_smtp_verify_jobs_job_t  *job;

    for (n = 0; n < NGX_SMTP_VERIFY_JOBS_BEGIN; n++) {

        if (w->nruns == NGX_SMTP_VERIFY_JOBS_RUNS) {
            ngx_smtp_verify_jobs_order_room(w);
            return;
        }

        ngx_smtp_verify_jobs_lock(w);

        job = ngx_smtp_verify_jobs_order_next(w);

        ngx_smtp_verify_jobs_unlock(w);

        if (job == NULL) {
            return;
        }

        ngx_smtp_verify_jobs_run_create(w, job);
    }
}


/* All runs are taken, and a run may last for hours.  If a client that has fewer
   of them waits, one of the client that has most comes to its end: what is
   under way is completed, and the job goes on in another run. */

static void
ngx_smtp_verify_jobs_order_room(ngx_smtp_verify_jobs_worker_t *w)
{
    int64_t                      now;
    ngx_uint_t                   n, least, most;
    ngx_queue_t                 *q;
    ngx_smtp_verify_jobs_job_t  *job;
    ngx_smtp_verify_jobs_run_t  *run, *last;

    last = NULL;
    most = 0;

    for (q = ngx_queue_head(&w->runs);
         q != ngx_queue_sentinel(&w->runs);
         q = ngx_queue_next(q))
    {
        run = ngx_queue_data(q, ngx_smtp_verify_jobs_run_t, queue);

        if (run->over || !run->begun) {
            return;
        }

        n = ngx_smtp_verify_jobs_order_of_client(w, run->job->client);

        if (n >= most) {
            most = n;
            last = run;
        }
    }

    least = most;
    now = ngx_smtp_verify_jobs_time();

    ngx_smtp_verify_jobs_lock(w);

    for (q = ngx_queue_head(&w->shared->jobs);
         q != ngx_queue_sentinel(&w->shared->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        if (ngx_smtp_verify_jobs_order_wants(w, job, now)) {
            n = ngx_smtp_verify_jobs_order_of_client(w, job->client);
            least = ngx_min(least, n);
        }
    }

    ngx_smtp_verify_jobs_unlock(w);

    if (least + 1 < most) {
        last->over = 1;
        ngx_smtp_verify_batch_wake(&last->batch);
    }
}


static ngx_uint_t
ngx_smtp_verify_jobs_order_of_client(ngx_smtp_verify_jobs_worker_t *w,
    uint64_t client)
{
    ngx_uint_t                   n;
    ngx_queue_t                 *q;
    ngx_smtp_verify_jobs_run_t  *run;

    n = 0;

    for (q = ngx_queue_head(&w->runs);
         q != ngx_queue_sentinel(&w->runs);
         q = ngx_queue_next(q))
    {
        run = ngx_queue_data(q, ngx_smtp_verify_jobs_run_t, queue);
        n += (run->job->client == client);
    }

    return n;
}


static ngx_smtp_verify_jobs_job_t *
ngx_smtp_verify_jobs_order_next(ngx_smtp_verify_jobs_worker_t *w)
{
    int64_t                        now;
    ngx_queue_t                   *q;
    ngx_smtp_verify_jobs_job_t    *job, *best;
    ngx_smtp_verify_jobs_shared_t  *sh;

    sh = w->shared;
    now = ngx_smtp_verify_jobs_time();
    best = NULL;

    for (q = ngx_queue_head(&sh->jobs);
         q != ngx_queue_sentinel(&sh->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        if (!ngx_smtp_verify_jobs_order_wants(w, job, now)) {
            continue;
        }

        if (best == NULL) {
            ngx_smtp_verify_jobs_order_sums(sh);
            best = job;
            continue;
        }

        if (job->of_client < best->of_client
            || (job->of_client == best->of_client && job->sum < best->sum))
        {
            best = job;
        }
    }

    if (best) {
        best->users |= ngx_smtp_verify_jobs_bit(w);
    }

    return best;
}


static ngx_uint_t
ngx_smtp_verify_jobs_order_wants(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_job_t *job, int64_t now)
{
    if (job->will != ngx_smtp_verify_jobs_works || job->rest > now
        || (job->users & ngx_smtp_verify_jobs_bit(w)))
    {
        return 0;
    }

    return (job->blocks->nfree
            && job->blocks->soonest <= (uint32_t) (now / 1000))
           || (job->due && job->due <= now && job->waiter == 0);
}


/* Records in flight of each job, and of all jobs of its client. */

static void
ngx_smtp_verify_jobs_order_sums(ngx_smtp_verify_jobs_shared_t *sh)
{
    ngx_uint_t                   i;
    ngx_queue_t                 *q, *qo;
    ngx_smtp_verify_jobs_job_t  *job, *other;

    for (q = ngx_queue_head(&sh->jobs);
         q != ngx_queue_sentinel(&sh->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        job->sum = 0;
        job->of_client = 0;

        for (i = 0; i < NGX_SMTP_VERIFY_JOBS_PLACES; i++) {

            /* a run that has just begun counts, too */

            job->sum += job->flight[i] + ((job->users >> i) & 1);
        }
    }

    for (q = ngx_queue_head(&sh->jobs);
         q != ngx_queue_sentinel(&sh->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        if (job->sum == 0) {
            continue;
        }

        for (qo = ngx_queue_head(&sh->jobs);
             qo != ngx_queue_sentinel(&sh->jobs);
             qo = ngx_queue_next(qo))
        {
            other = ngx_queue_data(qo, ngx_smtp_verify_jobs_job_t, queue);

            if (other->client == job->client) {
                other->of_client += job->sum;
            }
        }
    }
}


/*
 * The probes of this worker are divided by clients, then by the jobs of a
 * client.  Jobs take turns in having what is left over, or anything if there
 * are more of them than probes.  A run that cannot use its share, because its
 * domains are limited or it waits, leaves the rest to the others.
 */

void
ngx_smtp_verify_jobs_shares(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_uint_t                   total, clients, place, window;
    ngx_queue_t                 *q;
    ngx_smtp_verify_jobs_run_t  *run;

    total = w->jobs->limits.probes;
    clients = 0;

    for (q = ngx_queue_head(&w->runs);
         q != ngx_queue_sentinel(&w->runs);
         q = ngx_queue_next(q))
    {
        run = ngx_queue_data(q, ngx_smtp_verify_jobs_run_t, queue);

        run->hungry = ngx_smtp_verify_jobs_order_is_hungry(run);

        if (!run->hungry && run->borrowed == NULL) {
            total -= ngx_min(total, run->batch.active);
        }
    }

    for (q = ngx_queue_head(&w->runs);
         q != ngx_queue_sentinel(&w->runs);
         q = ngx_queue_next(q))
    {
        run = ngx_queue_data(q, ngx_smtp_verify_jobs_run_t, queue);

        (void) ngx_smtp_verify_jobs_order_runs(w, run, &place);
        clients += (run->hungry && place == 0 && run->borrowed == NULL);
    }

    window = ngx_max(w->jobs->limits.window / ngx_max(w->nruns, 1), 64);
    w->turn++;

    for (q = ngx_queue_head(&w->runs);
         q != ngx_queue_sentinel(&w->runs);
         q = ngx_queue_next(q))
    {
        run = ngx_queue_data(q, ngx_smtp_verify_jobs_run_t, queue);

        run->batch.limits.window = window;

        if (run->borrowed) {
            run->batch.limits.probes = ngx_smtp_verify_jobs_order_left(w, run,
                                                   clients ? 0 : total);
            continue;
        }

        run->batch.limits.probes = ngx_smtp_verify_jobs_order_share(w, run,
                                              total / ngx_max(clients, 1));
    }
}


/* What the jobs of this machine leave over is divided by the blocks of others
   that can use it.  All records of a block may be of one domain, which may not
   be asked more at a time. */

static ngx_uint_t
ngx_smtp_verify_jobs_order_left(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_run_t *run, ngx_uint_t left)
{
    ngx_uint_t                   n;
    ngx_queue_t                 *q;
    ngx_smtp_verify_jobs_run_t  *other;

    n = 0;

    for (q = ngx_queue_head(&w->runs);
         q != ngx_queue_sentinel(&w->runs);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_smtp_verify_jobs_run_t, queue);

        if (other->borrowed == NULL) {
            continue;
        }

        if (other->hungry) {
            n++;

        } else {
            left -= ngx_min(left, other->batch.active);
        }
    }

    if (run->hungry) {
        return (left + n - 1) / n;
    }

    return ngx_max(run->batch.active, left / (n + 1));
}


/* The share of one run of the job.  A run without work may begin a few probes
   all the same: if it finds records, it counts as hungry from then on. */

static ngx_uint_t
ngx_smtp_verify_jobs_order_share(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_run_t *run, ngx_uint_t share)
{
    ngx_uint_t  n, place, most;

    n = ngx_smtp_verify_jobs_order_runs(w, run, &place);
    share = ngx_max(share, 1);

    if (!run->hungry) {
        most = share / (n + 1);
        return ngx_max(most, 1);
    }

    return share / n + ((place + w->turn) % n < share % n);
}


static ngx_uint_t
ngx_smtp_verify_jobs_order_is_hungry(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_uint_t                late;
    ngx_smtp_verify_batch_t  *b;

    b = &run->batch;

    if (!run->begun || run->over) {
        return 0;
    }

    return !ngx_queue_empty(&b->ready)
           || (b->held < b->limits.window
               && ngx_smtp_verify_jobs_unread(run, &late));
}


/* The number of hungry runs of the run's client, and its place among them. */

static ngx_uint_t
ngx_smtp_verify_jobs_order_runs(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_run_t *run, ngx_uint_t *place)
{
    ngx_uint_t                   n;
    ngx_queue_t                 *q;
    ngx_smtp_verify_jobs_run_t  *other;

    n = 0;
    *place = 0;

    for (q = ngx_queue_head(&w->runs);
         q != ngx_queue_sentinel(&w->runs);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_smtp_verify_jobs_run_t, queue);

        if (other == run) {
            *place = n;
        }

        if (other->hungry && other->borrowed == NULL
            && other->job->client == run->job->client)
        {
            n++;
        }
    }

    return n;
}
