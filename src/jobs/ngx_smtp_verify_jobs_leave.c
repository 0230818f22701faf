
#include "ngx_smtp_verify_jobs_run.h"


#define NGX_SMTP_VERIFY_JOBS_LEAVE_TICK  100    /* ms */
#define NGX_SMTP_VERIFY_JOBS_LEAVE       30000
#define NGX_SMTP_VERIFY_JOBS_LEAVE_DOWN  3000   /* ms, without a carrier */


/*
 * A worker that shuts down, as for a reload or an upgrade, wants the blocks
 * back that it has lent.  The others hand in what is under way, and the worker
 * waits for that, as it does for conversations of its own.  So nobody is asked
 * again by the workers that follow.  It waits no longer than
 * worker_shutdown_timeout, and not for a carrier that is down.
 */

static void ngx_smtp_verify_jobs_leave_timer(ngx_event_t *ev);


/* The timer is not cancelable: it keeps a worker that shuts down alive. */

void
ngx_smtp_verify_jobs_leave_start(ngx_smtp_verify_jobs_run_t *run)
{
    run->leave_timer.handler = ngx_smtp_verify_jobs_leave_timer;
    run->leave_timer.data = run;
    run->leave_timer.log = &run->log;

    if (!run->leave_timer.timer_set) {
        ngx_add_timer(&run->leave_timer, NGX_SMTP_VERIFY_JOBS_LEAVE_TICK);
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

    if (run->leave_until == 0) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, &run->log, 0,
                       "smtp verify jobs: %ui blocks are wanted back, this "
                       "worker shuts down", run->nlent);

        run->leave_until = ngx_current_msec + NGX_SMTP_VERIFY_JOBS_LEAVE;

        carrier = run->worker->jobs->carrier;
        carrier->recall(carrier, run->desk);
    }

    if (run->begun) {
        ngx_smtp_verify_batch_wake(&run->batch);
    }
}


ngx_uint_t
ngx_smtp_verify_jobs_leave_now(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_smtp_verify_jobs_carrier_t  *carrier;

    /* the timer runs while blocks are lent; without it nothing would wake this
       run again */

    if (!run->leave_timer.timer_set || ngx_smtp_verify_exit_is_near()) {
        return 1;
    }

    carrier = run->worker->jobs->carrier;

    if (carrier->down
        && ngx_current_msec - carrier->down >= NGX_SMTP_VERIFY_JOBS_LEAVE_DOWN)
    {
        return 1;
    }

    return run->leave_until
           && (ngx_msec_int_t) (run->leave_until - ngx_current_msec) <= 0;
}


void
ngx_smtp_verify_jobs_leave_blocks(ngx_smtp_verify_jobs_run_t *run)
{
    ngx_uint_t                     n;
    ngx_queue_t                   *q, *next;
    ngx_smtp_verify_jobs_block_t  *block;

    if (run->borrowed) {
        return;
    }

    for (q = ngx_queue_head(&run->blocks);
         q != ngx_queue_sentinel(&run->blocks);
         q = next)
    {
        next = ngx_queue_next(q);
        block = ngx_queue_data(q, ngx_smtp_verify_jobs_block_t, queue);

        if (!block->read || block->lent) {
            continue;
        }

        n = ngx_smtp_verify_jobs_block_undone(block);

        if (n == block->left) {
            run->unread -= n;
            ngx_smtp_verify_jobs_block_end(run, block, 0);
        }
    }
}
