
#include "ngx_smtp_verify_slice.h"


static void ngx_smtp_verify_slice_next(ngx_event_t *ev);


ngx_smtp_verify_slices_t  ngx_smtp_verify_slices;


void
ngx_smtp_verify_slice_again(ngx_smtp_verify_slice_t *slice, ngx_event_t *ev)
{
    ngx_event_t  *next;

    if (slice->waits) {
        return;
    }

    next = &ngx_smtp_verify_slices.event;

    if (next->handler == NULL) {
        ngx_queue_init(&ngx_smtp_verify_slices.line);
        next->handler = ngx_smtp_verify_slice_next;
        next->log = ngx_cycle->log;
        next->data = next;
    }

    slice->ev = ev;
    slice->waits = 1;
    ngx_queue_insert_tail(&ngx_smtp_verify_slices.line, &slice->queue);

    if (!next->posted) {
        ngx_post_event(next, &ngx_posted_next_events);
    }
}


void
ngx_smtp_verify_slice_leave(ngx_smtp_verify_slice_t *slice)
{
    if (slice->waits) {
        slice->waits = 0;
        ngx_queue_remove(&slice->queue);
    }
}


/* Handles at least one event, whatever the clock says. */

static void
ngx_smtp_verify_slice_next(ngx_event_t *ev)
{
    uint64_t                  begun;
    ngx_event_t              *next;
    ngx_smtp_verify_slice_t  *slice;

    begun = sv_clock_usec();

    ngx_smtp_verify_slices.turn = ngx_current_msec;
    ngx_smtp_verify_slices.spent = 0;

    while (!ngx_queue_empty(&ngx_smtp_verify_slices.line)
           && ngx_smtp_verify_slices.spent < NGX_SMTP_VERIFY_SLICE_TURN)
    {
        slice = ngx_queue_data(ngx_queue_head(&ngx_smtp_verify_slices.line),
                               ngx_smtp_verify_slice_t, queue);

        ngx_smtp_verify_slice_leave(slice);

        next = slice->ev;
        next->ready = 1;
        next->available = -1;

        ngx_smtp_verify_slices.called = 1;
        next->handler(next);
        ngx_smtp_verify_slices.called = 0;

        ngx_smtp_verify_slices.spent = sv_clock_usec() - begun;
    }

    if (!ngx_queue_empty(&ngx_smtp_verify_slices.line) && !ev->posted) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}
