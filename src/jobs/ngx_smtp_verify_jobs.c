
#include "ngx_smtp_verify_jobs_run.h"
#include "ngx_smtp_verify_wipe.h"

#if (NGX_LINUX)
#include <dirent.h>
#endif


#define NGX_SMTP_VERIFY_JOBS_TICK  100          /* ms, while there is work */
#define NGX_SMTP_VERIFY_JOBS_IDLE  500
#define NGX_SMTP_VERIFY_JOBS_END   200          /* ms, for threads to end */


static void ngx_smtp_verify_jobs_tick(ngx_event_t *ev);
static void ngx_smtp_verify_jobs_retire(ngx_smtp_verify_jobs_worker_t *w);
static void ngx_smtp_verify_jobs_work(ngx_smtp_verify_jobs_worker_t *w);
#if (NGX_LINUX)
static ngx_uint_t ngx_smtp_verify_jobs_threads(void);
#endif


ngx_int_t
ngx_smtp_verify_jobs_start(ngx_smtp_verify_jobs_t *jobs, ngx_cycle_t *cycle)
{
    ngx_smtp_verify_jobs_worker_t  *w;

    w = ngx_pcalloc(cycle->pool, sizeof(ngx_smtp_verify_jobs_worker_t));
    if (w == NULL) {
        return NGX_ERROR;
    }

    jobs->log = cycle->log;
    jobs->worker = w;

    w->jobs = jobs;
    w->shared = jobs->zone->data;
    w->shpool = (ngx_slab_pool_t *) jobs->zone->shm.addr;
    w->lock = -1;
    w->tried = ngx_current_msec - NGX_SMTP_VERIFY_JOBS_IDLE * 10;

    ngx_queue_init(&w->runs);
    ngx_smtp_verify_jobs_tasks_init(&w->tasks, cycle->log);
    ngx_smtp_verify_wipe_init();

    w->tick.handler = ngx_smtp_verify_jobs_tick;
    w->tick.data = w;
    w->tick.log = cycle->log;
    w->tick.cancelable = 1;

    ngx_add_timer(&w->tick, 1);

    return NGX_OK;
}


/* Looks at shared memory only, and not at the store, for as long as nothing has
   changed and nothing is due. */

static void
ngx_smtp_verify_jobs_tick(ngx_event_t *ev)
{
    ngx_smtp_verify_jobs_worker_t  *w;

    w = ev->data;

    if (ngx_exiting) {
        ngx_smtp_verify_jobs_retire(w);

    } else if (ngx_smtp_verify_jobs_may_work(w)) {
        ngx_smtp_verify_jobs_work(w);
    }

    if (!ev->timer_set) {
        ngx_add_timer(ev, ngx_smtp_verify_jobs_is_busy(w)
                          ? NGX_SMTP_VERIFY_JOBS_TICK
                          : NGX_SMTP_VERIFY_JOBS_IDLE);
    }
}


/* A worker that shuts down may stay for long because of its connections.  It
   makes room for others as soon as it works at no job. */

static void
ngx_smtp_verify_jobs_retire(ngx_smtp_verify_jobs_worker_t *w)
{
    if (w->place && w->shared->keeper == w->place) {
        ngx_smtp_verify_jobs_lock(w);
        w->shared->keeper = 0;
        ngx_smtp_verify_jobs_unlock(w);
    }

    ngx_smtp_verify_jobs_keep_free(w);

    if (w->nruns || w->locking || w->tasks.pending) {
        return;
    }

    ngx_smtp_verify_jobs_leave(w);

    if (w->lock != -1) {
        (void) close(w->lock);
        w->lock = -1;
        w->locked = 0;
    }
}


static void
ngx_smtp_verify_jobs_work(ngx_smtp_verify_jobs_worker_t *w)
{
    if (w->place == 0) {

        if (ngx_smtp_verify_jobs_enter(w) != NGX_OK) {

            if (!w->told) {
                w->told = 1;
                ngx_log_error(NGX_LOG_WARN, w->jobs->log, 0,
                              "smtp verify jobs: there are more than %d "
                              "worker processes, this one works at no job",
                              NGX_SMTP_VERIFY_JOBS_PLACES);
            }

            return;
        }
    }

    ngx_smtp_verify_jobs_reap(w);

    if (ngx_smtp_verify_jobs_is_keeper(w)) {
        ngx_smtp_verify_jobs_keep(w);
        ngx_smtp_verify_jobs_hooks(w);
    }

    ngx_smtp_verify_jobs_order(w);
    ngx_smtp_verify_jobs_shares(w);
}


/* The thread pools have ended before: what they had begun is done. */

void
ngx_smtp_verify_jobs_stop(ngx_smtp_verify_jobs_t *jobs)
{
    ngx_queue_t                    *q;
    ngx_smtp_verify_jobs_run_t     *run;
    ngx_smtp_verify_jobs_worker_t  *w;

    w = jobs->worker;

    if (w == NULL) {
        return;
    }

    for (q = ngx_queue_head(&w->runs);
         q != ngx_queue_sentinel(&w->runs);
         q = ngx_queue_next(q))
    {
        run = ngx_queue_data(q, ngx_smtp_verify_jobs_run_t, queue);
        ngx_smtp_verify_jobs_run_exit(run);
    }

    ngx_smtp_verify_jobs_keep_free(w);
    ngx_smtp_verify_jobs_hooks_exit(w);
    ngx_smtp_verify_jobs_tasks_exit(&w->tasks);
    ngx_smtp_verify_jobs_hooks_free(w);
    ngx_smtp_verify_jobs_leave(w);

    if (w->lock != -1) {
        (void) close(w->lock);
    }

    jobs->worker = NULL;
}


/* nginx does not wait until the threads of a pool are gone, only until they
   are about to go.  What OpenSSL keeps for a thread is freed by that thread,
   at its very end, and must not meet what exit() frees. */

void
ngx_smtp_verify_jobs_threads_end(ngx_log_t *log)
{
#if (NGX_LINUX)

    ngx_uint_t  i, n;

    for (i = 0, n = 0; i < NGX_SMTP_VERIFY_JOBS_END; i++) {

        n = ngx_smtp_verify_jobs_threads();

        if (n <= 1) {
            break;
        }

        ngx_msleep(1);
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, log, 0,
                   "smtp verify jobs: %ui threads at the end, after %ui rounds",
                   n, i);

#endif
}


#if (NGX_LINUX)

/* of this process; 0 if that cannot be known */

static ngx_uint_t
ngx_smtp_verify_jobs_threads(void)
{
    DIR            *dir;
    ngx_uint_t      n;
    struct dirent  *entry;

    dir = opendir("/proc/self/task");
    if (dir == NULL) {
        return 0;
    }

    n = 0;

    while ((entry = readdir(dir)) != NULL) {
        n += (entry->d_name[0] != '.');
    }

    (void) closedir(dir);

    return n;
}

#endif


/* A job does not fail because the system is short of something: memory, disk,
   descriptors, threads. */

ngx_uint_t
ngx_smtp_verify_jobs_may_pass(sv_jobs_e status)
{
    return status == SV_JOBS_FULL || status == SV_JOBS_NO_MEMORY
           || status == SV_JOBS_FAILED;
}


/* What is left of the files is of no use.  Anything else can be mended by the
   operator, and then the job goes on. */

ngx_uint_t
ngx_smtp_verify_jobs_is_lost(sv_jobs_e status)
{
    return status == SV_JOBS_DAMAGED || status == SV_JOBS_NOT_FOUND;
}


const char *
ngx_smtp_verify_jobs_says(sv_jobs_e status)
{
    switch (status) {

    case SV_JOBS_FULL:
        return "The store is full.";

    case SV_JOBS_DENIED:
        return "The files of the job cannot be written.";

    case SV_JOBS_NOT_FOUND:
        return "The files of the job are missing.";

    case SV_JOBS_DAMAGED:
        return "The files of the job are damaged.";

    case SV_JOBS_NEWER:
        return "The files of the job were written by a newer version.";

    case SV_JOBS_NO_KEY:
        return "The key of the job is missing.";

    case SV_JOBS_NO_MEMORY:
        return "There is no memory.";

    default:
        return "The store has failed.";
    }
}


const char *
ngx_smtp_verify_jobs_state(sv_job_state_e state)
{
    static const char  *names[] = {
        "uploading", "queued", "running", "paused", "completed", "cancelled",
        "failed", "purged"
    };

    return names[state];
}
