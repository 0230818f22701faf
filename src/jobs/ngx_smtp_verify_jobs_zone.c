
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_jobs_worker.h"

#include <openssl/rand.h>


#define NGX_SMTP_VERIFY_JOBS_LAYOUT  5
#define NGX_SMTP_VERIFY_JOBS_RATE    10         /* s */


static void ngx_smtp_verify_jobs_reap_place(
    ngx_smtp_verify_jobs_shared_t *sh, ngx_uint_t place);
static ngx_smtp_verify_jobs_job_t *ngx_smtp_verify_jobs_alloc(
    ngx_smtp_verify_jobs_worker_t *w, uint32_t blocks);
static uint64_t ngx_smtp_verify_jobs_rate(ngx_smtp_verify_jobs_job_t *job);


ngx_int_t
ngx_smtp_verify_jobs_zone_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t                *shpool;
    ngx_smtp_verify_jobs_shared_t  *sh;

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    sh = ngx_smtp_verify_zone_kept(zone, data);

    if (sh && sh->layout == NGX_SMTP_VERIFY_JOBS_LAYOUT) {
        shpool->log_nomem = 0;
        zone->data = sh;
        return NGX_OK;
    }

    if (sh) {
        ngx_smtp_verify_zone_other_layout(zone);
    }

    shpool->log_nomem = 0;

    sh = ngx_slab_calloc(shpool, sizeof(ngx_smtp_verify_jobs_shared_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    if (RAND_bytes(sh->zone, sizeof(sh->zone)) != 1) {
        ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                      "no random number for zone \"%V\"", &zone->shm.name);
        return NGX_ERROR;
    }

    sh->layout = NGX_SMTP_VERIFY_JOBS_LAYOUT;
    ngx_queue_init(&sh->jobs);

    shpool->data = sh;
    zone->data = sh;

    return NGX_OK;
}


int64_t
ngx_smtp_verify_jobs_time(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}


ngx_int_t
ngx_smtp_verify_jobs_enter(ngx_smtp_verify_jobs_worker_t *w)
{
    uint32_t                        self;
    ngx_uint_t                      i;
    ngx_smtp_verify_jobs_shared_t  *sh;

    ngx_smtp_verify_jobs_reap(w);

    sh = w->shared;
    self = ngx_smtp_verify_zone_owner();

    ngx_smtp_verify_jobs_lock(w);

    for (i = 0; i < NGX_SMTP_VERIFY_JOBS_PLACES; i++) {

        if (sh->places[i] == 0) {
            sh->places[i] = self;
            w->place = i + 1;
            break;
        }
    }

    ngx_smtp_verify_jobs_unlock(w);

    return w->place ? NGX_OK : NGX_DECLINED;
}


void
ngx_smtp_verify_jobs_leave(ngx_smtp_verify_jobs_worker_t *w)
{
    if (w->place == 0) {
        return;
    }

    ngx_smtp_verify_jobs_lock(w);

    ngx_smtp_verify_jobs_reap_place(w->shared, w->place - 1);

    ngx_smtp_verify_jobs_unlock(w);

    w->place = 0;
}


void
ngx_smtp_verify_jobs_reap(ngx_smtp_verify_jobs_worker_t *w)
{
    uint32_t                        self, owner;
    ngx_uint_t                      i;
    ngx_smtp_verify_jobs_shared_t  *sh;

    sh = w->shared;
    self = ngx_smtp_verify_zone_owner();

    for (i = 0; i < NGX_SMTP_VERIFY_JOBS_PLACES; i++) {

        owner = sh->places[i];

        if (owner == 0 || sv_owner_is_alive(owner, self)) {
            continue;
        }

        ngx_smtp_verify_jobs_lock(w);

        if (sh->places[i] == owner) {
            ngx_smtp_verify_jobs_reap_place(sh, i);

            /* let the keeper look at all jobs: it purges the lists that this
               worker was taking in */

            sh->nchanges += NGX_SMTP_VERIFY_JOBS_CHANGES + 1;
        }

        ngx_smtp_verify_jobs_unlock(w);

        ngx_log_error(NGX_LOG_NOTICE, w->jobs->log, 0,
                      "smtp verify jobs: worker process %P has left its "
                      "records to the others", sv_owner_pid(owner));
    }
}


/* It may be called twice: a process may have died in the middle of it. */

static void
ngx_smtp_verify_jobs_reap_place(ngx_smtp_verify_jobs_shared_t *sh,
    ngx_uint_t place)
{
    ngx_queue_t                 *q;
    ngx_smtp_verify_jobs_job_t  *job;

    for (q = ngx_queue_head(&sh->jobs);
         q != ngx_queue_sentinel(&sh->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        (void) sv_lease_reap(job->blocks, place + 1);

        /* the records that waited in its memory are in the database, too */

        if (job->waiter == place + 1) {
            job->waiter = 0;
            job->due = 1;
        }

        if (job->lender == place + 1) {
            job->lender = 0;
            job->lent = 0;
        }

        job->flight[place] = 0;
        job->users &= ~((uint64_t) 1 << place);
        job->checks = 1;
    }

    if (sh->keeper == place + 1) {
        sh->keeper = 0;
    }

    sh->places[place] = 0;

    /* it may have changed the catalogue, and not have told it any more: the
       keeper looks at all jobs */

    sh->nchanges += NGX_SMTP_VERIFY_JOBS_CHANGES + 1;
}


ngx_uint_t
ngx_smtp_verify_jobs_is_busy(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_uint_t                   busy;
    ngx_queue_t                 *q;
    ngx_smtp_verify_jobs_job_t  *job;

    busy = w->nruns;

    ngx_smtp_verify_jobs_lock(w);

    for (q = ngx_queue_head(&w->shared->jobs);
         q != ngx_queue_sentinel(&w->shared->jobs) && !busy;
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        busy = (job->users || job->checks);
    }

    ngx_smtp_verify_jobs_unlock(w);

    return busy;
}


ngx_uint_t
ngx_smtp_verify_jobs_is_keeper(ngx_smtp_verify_jobs_worker_t *w)
{
    ngx_smtp_verify_jobs_shared_t  *sh;

    sh = w->shared;

    if (sh->keeper == 0 && !ngx_exiting) {

        ngx_smtp_verify_jobs_lock(w);

        if (sh->keeper == 0) {
            sh->keeper = w->place;
        }

        ngx_smtp_verify_jobs_unlock(w);
    }

    return sh->keeper == w->place;
}


void
ngx_smtp_verify_jobs_notify(ngx_smtp_verify_jobs_t *jobs, u_char *id)
{
    ngx_smtp_verify_jobs_shared_t  *sh;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = jobs->worker;

    if (w == NULL) {
        return;
    }

    sh = w->shared;

    ngx_smtp_verify_jobs_lock(w);

    ngx_cpystrn(sh->changes[sh->nchanges % NGX_SMTP_VERIFY_JOBS_CHANGES], id,
                NGX_SMTP_VERIFY_JOBS_ID);
    sh->nchanges++;

    ngx_smtp_verify_jobs_unlock(w);

    /* this worker may be the keeper, so its next tick comes soon */

    if (w->place && !ngx_exiting) {
        ngx_add_timer(&w->tick, 1);
    }
}


ngx_int_t
ngx_smtp_verify_jobs_change(ngx_smtp_verify_jobs_worker_t *w, u_char *id)
{
    ngx_int_t                       rc;
    ngx_smtp_verify_jobs_shared_t  *sh;

    sh = w->shared;
    rc = NGX_OK;

    ngx_smtp_verify_jobs_lock(w);

    if (w->seen == sh->nchanges) {
        rc = NGX_DECLINED;

    } else if (sh->nchanges - w->seen > NGX_SMTP_VERIFY_JOBS_CHANGES) {
        w->seen = sh->nchanges;
        rc = NGX_ABORT;

    } else {
        ngx_memcpy(id, sh->changes[w->seen % NGX_SMTP_VERIFY_JOBS_CHANGES],
                   NGX_SMTP_VERIFY_JOBS_ID);
        w->seen++;
    }

    ngx_smtp_verify_jobs_unlock(w);

    return rc;
}


ngx_smtp_verify_jobs_job_t *
ngx_smtp_verify_jobs_find(ngx_smtp_verify_jobs_worker_t *w, u_char *id)
{
    ngx_queue_t                 *q;
    ngx_smtp_verify_jobs_job_t  *job;

    for (q = ngx_queue_head(&w->shared->jobs);
         q != ngx_queue_sentinel(&w->shared->jobs);
         q = ngx_queue_next(q))
    {
        job = ngx_queue_data(q, ngx_smtp_verify_jobs_job_t, queue);

        if (ngx_strcmp(job->id, id) == 0) {
            return job;
        }
    }

    return NULL;
}


ngx_int_t
ngx_smtp_verify_jobs_load(ngx_smtp_verify_jobs_worker_t *w,
    sv_catalog_job_t *cj, sv_job_totals_t *totals, uint64_t *open, size_t n)
{
    size_t                       i;
    uint32_t                     blocks;
    ngx_smtp_verify_jobs_job_t  *job;

    blocks = n ? (uint32_t) open[n - 1] + 1 : 0;

    ngx_smtp_verify_jobs_lock(w);

    job = ngx_smtp_verify_jobs_alloc(w, blocks);

    if (job == NULL) {
        w->shared->full = 1;
        ngx_smtp_verify_jobs_unlock(w);
        return NGX_DECLINED;
    }

    ngx_cpystrn(job->id, (u_char *) cj->id, NGX_SMTP_VERIFY_JOBS_ID);

    job->client = ngx_hash_key((u_char *) cj->client, ngx_strlen(cj->client));
    job->checks = 1;
    job->due = totals->waiting ? ngx_max(totals->due, 1) : 0;

    for (i = 0; i < n; i++) {
        sv_lease_open(job->blocks, (uint32_t) open[i]);
    }

    job->sample = cj->sample;
    job->records = cj->records;

    if (cj->sample <= totals->sampled) {
        job->sampled = sv_lease_turns(job->blocks);
    }

    ngx_queue_insert_tail(&w->shared->jobs, &job->queue);
    w->shared->njobs++;

    ngx_smtp_verify_jobs_unlock(w);

    return NGX_OK;
}


static ngx_smtp_verify_jobs_job_t *
ngx_smtp_verify_jobs_alloc(ngx_smtp_verify_jobs_worker_t *w, uint32_t blocks)
{
    void                        *mem;
    ngx_smtp_verify_jobs_job_t  *job;

    job = ngx_slab_calloc_locked(w->shpool,
                                 sizeof(ngx_smtp_verify_jobs_job_t));
    if (job == NULL) {
        return NULL;
    }

    mem = ngx_slab_alloc_locked(w->shpool, sv_lease_size(blocks));

    if (mem == NULL) {
        ngx_slab_free_locked(w->shpool, job);
        return NULL;
    }

    job->blocks = sv_lease_init(mem, blocks);

    return job;
}


void
ngx_smtp_verify_jobs_withdraw(ngx_smtp_verify_jobs_t *jobs, u_char *id)
{
    if (jobs->worker) {
        ngx_smtp_verify_jobs_will(jobs->worker, id, ngx_smtp_verify_jobs_ends);
        ngx_smtp_verify_jobs_notify(jobs, id);
    }
}


void
ngx_smtp_verify_jobs_will(ngx_smtp_verify_jobs_worker_t *w, u_char *id,
    ngx_smtp_verify_jobs_will_e will)
{
    ngx_smtp_verify_jobs_job_t  *job;

    ngx_smtp_verify_jobs_lock(w);

    job = ngx_smtp_verify_jobs_find(w, id);

    if (job) {
        job->will = will;
        job->rest = 0;
        job->quota = 0;
        job->checks = 1;
    }

    ngx_smtp_verify_jobs_unlock(w);
}


void
ngx_smtp_verify_jobs_erased(ngx_smtp_verify_jobs_t *jobs, u_char *id)
{
    ngx_smtp_verify_jobs_job_t     *job;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = jobs->worker;

    if (w == NULL) {
        return;
    }

    ngx_smtp_verify_jobs_lock(w);

    job = ngx_smtp_verify_jobs_find(w, id);

    if (job) {
        job->erasures++;
    }

    ngx_smtp_verify_jobs_unlock(w);
}


ngx_int_t
ngx_smtp_verify_jobs_unload(ngx_smtp_verify_jobs_worker_t *w, u_char *id)
{
    ngx_int_t                    rc;
    ngx_smtp_verify_jobs_job_t  *job;

    rc = NGX_OK;

    ngx_smtp_verify_jobs_lock(w);

    job = ngx_smtp_verify_jobs_find(w, id);

    if (job) {
        job->will = ngx_smtp_verify_jobs_ends;

        if (job->users) {
            rc = NGX_AGAIN;

        } else {
            ngx_queue_remove(&job->queue);
            w->shared->njobs--;

            ngx_slab_free_locked(w->shpool, job->blocks);
            ngx_slab_free_locked(w->shpool, job);
        }
    }

    ngx_smtp_verify_jobs_unlock(w);

    return rc;
}


void
ngx_smtp_verify_jobs_count(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_job_t *job, ngx_uint_t n)
{
    int64_t  now, i;

    ngx_smtp_verify_count_more(JOB_RESULTS, n);

    now = ngx_time() / NGX_SMTP_VERIFY_JOBS_RATE;

    ngx_smtp_verify_jobs_lock(w);

    if (now - job->rated > NGX_SMTP_VERIFY_JOBS_RATES || now < job->rated) {
        ngx_memzero(job->rates, sizeof(job->rates));
        job->rated = now;
    }

    for (i = job->rated + 1; i <= now; i++) {
        job->rates[i % NGX_SMTP_VERIFY_JOBS_RATES] = 0;
    }

    job->rated = now;
    job->rates[now % NGX_SMTP_VERIFY_JOBS_RATES] += (uint32_t) n;

    ngx_smtp_verify_jobs_unlock(w);
}


void
ngx_smtp_verify_jobs_progress(ngx_smtp_verify_jobs_t *jobs, u_char *id,
    ngx_smtp_verify_jobs_progress_t *progress)
{
    int64_t                         due;
    ngx_uint_t                      i;
    ngx_smtp_verify_jobs_job_t     *job;
    ngx_smtp_verify_jobs_worker_t  *w;

    ngx_memzero(progress, sizeof(ngx_smtp_verify_jobs_progress_t));

    w = jobs->worker;

    if (w == NULL) {
        return;
    }

    ngx_smtp_verify_jobs_lock(w);

    job = ngx_smtp_verify_jobs_find(w, id);

    if (job == NULL) {
        progress->no_room = w->shared->full + (w->shared->full
                                               && w->shared->njobs == 0);
    }

    if (job) {
        progress->loaded = 1;
        ngx_cpystrn(progress->detail, job->detail,
                    NGX_SMTP_VERIFY_JOBS_DETAIL);

        if (job->quota && job->rest > ngx_smtp_verify_jobs_time()) {
            progress->quota = (time_t) (job->rest / 1000);
        }

        for (i = 0; i < NGX_SMTP_VERIFY_JOBS_PLACES; i++) {
            progress->in_flight += job->flight[i];
        }

        progress->rate = ngx_smtp_verify_jobs_rate(job);

        due = ngx_max(job->due, job->rest);

        if (progress->in_flight == 0 && job->blocks->nleased == 0
            && (job->blocks->nfree == 0 || job->rest > 0)
            && due > ngx_smtp_verify_jobs_time()
            && job->will == ngx_smtp_verify_jobs_works)
        {
            progress->next = (time_t) (due / 1000);
        }
    }

    ngx_smtp_verify_jobs_unlock(w);
}


/* results an hour, by those of the last six whole intervals */

static uint64_t
ngx_smtp_verify_jobs_rate(ngx_smtp_verify_jobs_job_t *job)
{
    int64_t   now, i;
    uint64_t  sum;

    now = ngx_time() / NGX_SMTP_VERIFY_JOBS_RATE;
    sum = 0;

    for (i = now - 6; i < now; i++) {

        if (i <= job->rated && i > job->rated - NGX_SMTP_VERIFY_JOBS_RATES) {
            sum += job->rates[i % NGX_SMTP_VERIFY_JOBS_RATES];
        }
    }

    return sum * 60;
}
