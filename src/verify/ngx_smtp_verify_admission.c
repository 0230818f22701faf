
#include <ngx_event.h>
#include "ngx_smtp_verify_admission.h"


#define NGX_SMTP_VERIFY_ADMISSION_MAX   8
#define NGX_SMTP_VERIFY_ADMISSION_BULK  2        /* of them, while somebody
                                                   waits for an answer */
#define NGX_SMTP_VERIFY_ADMISSION_QUIET 1000     /* ms without an interactive
                                                   question */
#define NGX_SMTP_VERIFY_ADMISSION_HOLD  1000     /* ms */
#define NGX_SMTP_VERIFY_ADMISSION_TURNS 4        /* one of them for jobs */


static void ngx_smtp_verify_admission_next(ngx_event_t *ev);
static ngx_uint_t ngx_smtp_verify_admission_bulk(void);
static void ngx_smtp_verify_admission_begin(ngx_smtp_verify_fair_t *queue,
    ngx_uint_t max);


static struct {
    ngx_event_t             event;
    ngx_smtp_verify_fair_t  queues[3];      /* interactive, lists, jobs */
    ngx_uint_t              turns;
    ngx_uint_t              begun;
    ngx_uint_t              waiting;
    ngx_msec_t              asked;          /* the last interactive one */
    unsigned                busy:1;         /* there was one */
}  ngx_smtp_verify_admission;


ngx_int_t
ngx_smtp_verify_admission_enter(ngx_smtp_verify_admission_t *admission,
    ngx_smtp_verify_admission_handler_pt handler, void *data,
    ngx_smtp_verify_client_t *client, ngx_uint_t kind)
{
    ngx_uint_t    i;
    ngx_event_t  *ev;

    ev = &ngx_smtp_verify_admission.event;

    if (ev->handler == NULL) {
        for (i = 0; i < 3; i++) {
            ngx_smtp_verify_fair_init(&ngx_smtp_verify_admission.queues[i]);
        }

        ev->handler = ngx_smtp_verify_admission_next;
        ev->log = ngx_cycle->log;
        ev->data = ev;
    }

    if (!ev->posted) {
        ngx_post_event(ev, &ngx_posted_events);
    }

    if (kind == 0) {
        ngx_smtp_verify_admission.asked = ngx_current_msec;
        ngx_smtp_verify_admission.busy = 1;
    }

    if (ngx_smtp_verify_admission.begun
        < (kind ? ngx_smtp_verify_admission_bulk()
                : NGX_SMTP_VERIFY_ADMISSION_MAX))
    {
        ngx_smtp_verify_admission.begun++;
        return NGX_OK;
    }

    admission->handler = handler;
    admission->data = data;
    admission->waits = 1;

    ngx_smtp_verify_fair_add(&ngx_smtp_verify_admission.queues[kind],
                             &admission->item, client);
    ngx_smtp_verify_share_enter(&admission->share, client,
                                NGX_SMTP_VERIFY_SHARE_BEGINS);
    ngx_smtp_verify_admission.waiting++;

    return NGX_AGAIN;
}


void
ngx_smtp_verify_admission_leave(ngx_smtp_verify_admission_t *admission)
{
    if (admission->waits) {
        admission->waits = 0;
        ngx_smtp_verify_fair_leave(&admission->item);
        ngx_smtp_verify_share_leave(&admission->share);
        ngx_smtp_verify_admission.waiting--;
    }
}


/*
 * While others wait, newcomers find the turn used up, and wait behind them.
 * The last place of a turn is for bulk.  Lists go before jobs, except for one
 * turn in four, so that jobs go on, too.  The timer is not cancelable: as long
 * as it is set, a worker that shuts down stays.
 */

static void
ngx_smtp_verify_admission_next(ngx_event_t *ev)
{
    ngx_uint_t               bulk;
    ngx_smtp_verify_fair_t  *queues;

    ngx_smtp_verify_admission.begun = 0;

    queues = ngx_smtp_verify_admission.queues;

    ngx_smtp_verify_admission_begin(&queues[0],
                                    NGX_SMTP_VERIFY_ADMISSION_MAX - 1);

    if (++ngx_smtp_verify_admission.turns
        % NGX_SMTP_VERIFY_ADMISSION_TURNS == 0)
    {
        ngx_smtp_verify_admission_begin(&queues[2],
                                        ngx_smtp_verify_admission.begun + 1);
    }

    bulk = ngx_max(ngx_smtp_verify_admission_bulk(),
                   ngx_smtp_verify_admission.begun + 1);

    ngx_smtp_verify_admission_begin(&queues[1], bulk);
    ngx_smtp_verify_admission_begin(&queues[2], bulk);
    ngx_smtp_verify_admission_begin(&queues[0], NGX_SMTP_VERIFY_ADMISSION_MAX);

    if (ngx_smtp_verify_admission.waiting == 0) {
        ngx_smtp_verify_admission.begun = 0;

        if (ev->timer_set) {
            ngx_del_timer(ev);
        }

        return;
    }

    ngx_smtp_verify_admission.begun = NGX_SMTP_VERIFY_ADMISSION_MAX;

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_ADMISSION_HOLD);
    }

    ngx_post_event(ev, &ngx_posted_next_events);
}


/* A turn in which bulk begins a lot is a long one, and an interactive question
   goes through several of them. */

static ngx_uint_t
ngx_smtp_verify_admission_bulk(void)
{
    if (ngx_smtp_verify_admission.busy
        && ngx_current_msec - ngx_smtp_verify_admission.asked
           < NGX_SMTP_VERIFY_ADMISSION_QUIET)
    {
        return NGX_SMTP_VERIFY_ADMISSION_BULK;
    }

    return NGX_SMTP_VERIFY_ADMISSION_MAX;
}


static void
ngx_smtp_verify_admission_begin(ngx_smtp_verify_fair_t *queue, ngx_uint_t max)
{
    ngx_smtp_verify_admission_t  *admission;

    while (ngx_smtp_verify_admission.begun < max
           && !ngx_smtp_verify_fair_empty(queue))
    {
        admission = ngx_smtp_verify_fair_first(queue,
                                               ngx_smtp_verify_admission_t,
                                               item);

        ngx_smtp_verify_fair_taken(queue, &admission->item);

        ngx_smtp_verify_admission_leave(admission);
        ngx_smtp_verify_admission.begun++;

        admission->handler(admission->data);
    }
}


ngx_uint_t
ngx_smtp_verify_admission_waiting(void)
{
    return ngx_smtp_verify_admission.waiting;
}
