
/*
 * What concerns all probes of a worker at once: it is about to exit, or it
 * stood still.
 *
 * When worker_shutdown_timeout expires, nginx closes the clients' connections
 * together with all others, so probes are answered shortly before.
 *
 * A process that was stopped, or whose machine was, finds its timers expired
 * when it goes on, and nginx looks at them before it reads what the servers
 * have said meanwhile.  So the timers of probes are put off by that time: no
 * server is blamed for a pause of ours, and no budget counts it.  A process
 * that is slow all the time was not stopped.
 */

#include "ngx_smtp_verify_probe.h"


#define NGX_SMTP_VERIFY_WATCH_INTERVAL   100        /* ms */
#define NGX_SMTP_VERIFY_WATCH_LATE       1000       /* ms */
#define NGX_SMTP_VERIFY_WATCH_SLOW       30000      /* ms, between two pauses */


#if (NGX_DEBUG)
static void ngx_smtp_verify_watch_check(ngx_smtp_verify_probe_t *p);
#endif
static void ngx_smtp_verify_watch_timer(void);
static void ngx_smtp_verify_watch_handler(ngx_event_t *ev);
static void ngx_smtp_verify_watch_interrupt(void);
static void ngx_smtp_verify_watch_paused(ngx_msec_t time);
static void ngx_smtp_verify_watch_push(ngx_event_t *ev, ngx_msec_t time,
    ngx_msec_t longest);


static struct {
    ngx_queue_t  queue;
    ngx_uint_t   n;
    ngx_event_t  timer;
    ngx_msec_t   due;        /* when the timer expires */
    ngx_msec_t   paused;     /* when this process went on */
    ngx_msec_t   exiting;    /* when it began */
}  ngx_smtp_verify_probes;


void
ngx_smtp_verify_watch_begin(ngx_smtp_verify_probe_t *p)
{
    ngx_event_t  *ev;

    ev = &ngx_smtp_verify_probes.timer;

    if (ev->handler == NULL) {
        ngx_queue_init(&ngx_smtp_verify_probes.queue);
        ngx_smtp_verify_probes.paused = ngx_current_msec
                                        - NGX_SMTP_VERIFY_WATCH_SLOW;
        ev->handler = ngx_smtp_verify_watch_handler;
        ev->log = ngx_cycle->log;
        ev->cancelable = 1;
        ev->data = ev;
    }

    ngx_queue_insert_tail(&ngx_smtp_verify_probes.queue, &p->queue);
    ngx_smtp_verify_probes.n++;

    if (!ev->timer_set) {
        ngx_smtp_verify_watch_timer();
    }
}


void
ngx_smtp_verify_watch_end(ngx_smtp_verify_probe_t *p)
{
#if (NGX_DEBUG)
    ngx_smtp_verify_watch_check(p);
#endif

    ngx_queue_remove(&p->queue);
    ngx_smtp_verify_probes.n--;
}


#if (NGX_DEBUG)

/* A probe that is over has stopped.  Whatever it still had would be used after
   its pool is gone. */

static void
ngx_smtp_verify_watch_check(ngx_smtp_verify_probe_t *p)
{
    const char  *what;

    if (p->budget.timer_set) {
        what = "its budget";

    } else if (p->session || p->kept) {
        what = "a session";

    } else if (p->fetch) {
        what = "a fetch";

    } else if (p->addr || p->rr) {
        what = "a query";

    } else if (p->claim.work || p->claim.queued) {
        what = "a claim";

    } else if (p->slotted || (p->permit && p->permit->ticket.waiting)) {
        what = "a ticket";

    } else if (p->permit && p->permit->pause.timer_set) {
        what = "a pause";

    } else {
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, &p->log, 0,
                  "smtp verify: a probe ends that still has %s", what);
}

#endif


/* The key of a timer that has expired says nothing any more. */

static void
ngx_smtp_verify_watch_timer(void)
{
    ngx_smtp_verify_probes.due = ngx_current_msec
                                 + NGX_SMTP_VERIFY_WATCH_INTERVAL;

    ngx_add_timer(&ngx_smtp_verify_probes.timer,
                  NGX_SMTP_VERIFY_WATCH_INTERVAL);
}


static void
ngx_smtp_verify_watch_handler(ngx_event_t *ev)
{
    ngx_msec_t  late;

    if (ngx_queue_empty(&ngx_smtp_verify_probes.queue)) {
        return;
    }

    late = ngx_current_msec - ngx_smtp_verify_probes.due;

    ngx_smtp_verify_watch_timer();

    if (late > NGX_SMTP_VERIFY_WATCH_LATE) {
        ngx_smtp_verify_watch_paused(late);
    }

    if (ngx_smtp_verify_exit_is_near()) {
        ngx_smtp_verify_watch_interrupt();

    } else {
        ngx_smtp_verify_share_watch();
    }
}


/* The end of one probe may end others, which waited for it. */

static void
ngx_smtp_verify_watch_interrupt(void)
{
    ngx_uint_t                n;
    ngx_queue_t              *q;
    ngx_smtp_verify_probe_t  *p;

    for (n = ngx_smtp_verify_probes.n; n; n--) {

        if (ngx_queue_empty(&ngx_smtp_verify_probes.queue)) {
            break;
        }

        q = ngx_queue_head(&ngx_smtp_verify_probes.queue);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&ngx_smtp_verify_probes.queue, q);

        p = ngx_queue_data(q, ngx_smtp_verify_probe_t, queue);

        ngx_smtp_verify_probe_finish(p, SV_INTERRUPTED);
    }
}


/*
 * No timer then is longer than the whole budget of a probe, as some may have
 * been set since the process goes on.  Those of the DNS are not ours, so its
 * answers are read at once.
 */

static void
ngx_smtp_verify_watch_paused(ngx_msec_t time)
{
    ngx_queue_t              *q;
    ngx_connection_t         *c;
    ngx_smtp_verify_probe_t  *p;

    if (ngx_current_msec - ngx_smtp_verify_probes.paused
        < NGX_SMTP_VERIFY_WATCH_SLOW)
    {
        return;
    }

    ngx_smtp_verify_probes.paused = ngx_current_msec;

    ngx_log_error(NGX_LOG_INFO, ngx_cycle->log, 0,
                  "smtp verify: this process stood still for %M ms", time);

    for (q = ngx_queue_head(&ngx_smtp_verify_probes.queue);
         q != ngx_queue_sentinel(&ngx_smtp_verify_probes.queue);
         q = ngx_queue_next(q))
    {
        p = ngx_queue_data(q, ngx_smtp_verify_probe_t, queue);

        if (p->life != ngx_smtp_verify_life_waiting) {
            ngx_smtp_verify_watch_push(&p->budget, time, p->conf->timeout);
        }

        c = p->session ? p->session->connection : NULL;

        if (c) {
            ngx_smtp_verify_watch_push(c->read, time, p->conf->timeout);
            ngx_smtp_verify_watch_push(c->write, time, p->conf->timeout);
        }
    }

    (void) ngx_process_events((ngx_cycle_t *) ngx_cycle, 0, NGX_UPDATE_TIME);
}


static void
ngx_smtp_verify_watch_push(ngx_event_t *ev, ngx_msec_t time,
    ngx_msec_t longest)
{
    ngx_msec_int_t  left;

    if (!ev->timer_set) {
        return;
    }

    left = (ngx_msec_int_t) (ev->timer.key + time - ngx_current_msec);
    left = ngx_max(left, 1);

    ngx_add_timer(ev, ngx_min((ngx_msec_t) left, longest));
}


ngx_uint_t
ngx_smtp_verify_exit_is_near(void)
{
    ngx_msec_t        left;
    ngx_core_conf_t  *ccf;

    if (!ngx_exiting) {
        return 0;
    }

    if (ngx_smtp_verify_probes.exiting == 0) {
        ngx_smtp_verify_probes.exiting = ngx_current_msec;
    }

    ccf = (ngx_core_conf_t *) ngx_get_conf(ngx_cycle->conf_ctx,
                                           ngx_core_module);
    if (ccf->shutdown_timeout == 0) {
        return 0;
    }

    left = ccf->shutdown_timeout;

    if (left > 3 * NGX_SMTP_VERIFY_WATCH_INTERVAL) {
        left -= 3 * NGX_SMTP_VERIFY_WATCH_INTERVAL;
    }

    return ngx_current_msec - ngx_smtp_verify_probes.exiting >= left;
}
