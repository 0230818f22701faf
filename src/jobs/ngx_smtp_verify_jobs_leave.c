
#include "ngx_smtp_verify_jobs_run.h"


#define NGX_SMTP_VERIFY_JOBS_LEAVE_TICK  500    /* ms */
#define NGX_SMTP_VERIFY_JOBS_LEAVE       30000  /* ms */


/*
 * A worker that shuts down, as for a reload or an upgrade, wants the blocks
 * back that it has lent.  The others hand in what is under way, and the worker
 * waits for that, as it does for conversations of its own.  So nobody is asked
 * again by the workers that follow.
 */

static void ngx_smtp_verify_jobs_leave_timer(ngx_event_t *ev);


/* The timer is not cancelable: it keeps a worker that shuts down alive. */

void
ngx_smtp_verify_jobs_leave_start(ngx_smtp_verify_jobs_run_t *run)
{
    run->leave.handler = ngx_smtp_verify_jobs_leave_timer;
    run->leave.data = run;
    run->leave.log = &run->log;

    if (!run->leave.timer_set) {
        ngx_add_timer(&run->leave, NGX_SMTP_VERIFY_JOBS_LEAVE_TICK);
    }
}


static void
ngx_smtp_verify_jobs_leave_timer(ngx_event_t *ev)
{
    ngx_smtp_verify_jobs_run_t      *run;
    ngx_smtp_verify_jobs_carrier_t  *carrier;

    run = ev->data;

    if (run->nlent == 0 || run->desk == NULL) {
        return;
    }

    ngx_add_timer(ev, NGX_SMTP_VERIFY_JOBS_LEAVE_TICK);

    if (!ngx_exiting) {
        return;
    }

    if (run->leaves == 0) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                       "smtp verify jobs: %ui blocks are wanted back, this "
                       "worker shuts down", run->nlent);

        run->leaves = ngx_current_msec + NGX_SMTP_VERIFY_JOBS_LEAVE;

        carrier = run->worker->jobs->carrier;
        carrier->recall(carrier, run->desk);
    }

    /* this timer may be freed then */

    if (run->begun) {
        ngx_smtp_verify_batch_wake(&run->batch);
    }
}


ngx_uint_t
ngx_smtp_verify_jobs_leave_now(ngx_smtp_verify_jobs_run_t *run)
{
    return !run->leave.timer_set
           || (run->leaves
               && (ngx_msec_int_t) (run->leaves - ngx_current_msec) <= 0);
}
