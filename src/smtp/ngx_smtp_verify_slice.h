
/*
 * Limits how long mail servers keep a worker busy in one turn of the event
 * loop.  Events of sessions are handled at once while there is time left in the
 * turn.  Others wait in one queue, in order of arrival, and are handled in the
 * next turns.  A session whose server sends more than fits into one slice goes
 * to the end of the queue.
 */


#ifndef _NGX_SMTP_VERIFY_SLICE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SLICE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "sv_clock.h"


#define NGX_SMTP_VERIFY_SLICE_TURN  10000   /* us of each turn, for all
                                               sessions */


/* one for each event of a connection; zeroed by the caller */

typedef struct {
    ngx_queue_t                      queue;
    ngx_event_t                     *ev;
    unsigned                         waits:1;
} ngx_smtp_verify_slice_t;


/* the current turn of the event loop, and the queue for the next one */

typedef struct {
    ngx_event_t                      event;
    ngx_queue_t                      line;
    ngx_uint_t                       depth;
    ngx_uint_t                       called;
    ngx_msec_t                       turn;
    uint64_t                         begun;
    uint64_t                         spent;
} ngx_smtp_verify_slices_t;


extern ngx_smtp_verify_slices_t  ngx_smtp_verify_slices;


/* there is more to do: the event's handler will be called again */
void ngx_smtp_verify_slice_again(ngx_smtp_verify_slice_t *slice,
    ngx_event_t *ev);

/* the event does not wait any more */
void ngx_smtp_verify_slice_leave(ngx_smtp_verify_slice_t *slice);


/*
 * Returns NGX_OK if the caller may handle the event now, and has to call _end()
 * after that; NGX_AGAIN if the event's handler will be called again.  An urgent
 * event never waits.
 */

static inline ngx_int_t
ngx_smtp_verify_slice_begin(ngx_smtp_verify_slice_t *slice, ngx_event_t *ev,
    ngx_uint_t urgent)
{
    if (urgent) {
        ngx_smtp_verify_slice_leave(slice);

    } else if (slice->waits) {
        return NGX_AGAIN;
    }

    if (ngx_smtp_verify_slices.depth++ || ngx_smtp_verify_slices.called) {
        return NGX_OK;
    }

    /* turns within the same millisecond are counted as one */

    if (ngx_smtp_verify_slices.turn != ngx_current_msec) {
        ngx_smtp_verify_slices.turn = ngx_current_msec;
        ngx_smtp_verify_slices.spent = 0;
    }

    if (urgent
        || (ngx_smtp_verify_slices.spent < NGX_SMTP_VERIFY_SLICE_TURN
            && (ngx_smtp_verify_slices.event.handler == NULL
                || ngx_queue_empty(&ngx_smtp_verify_slices.line))))
    {
        ngx_smtp_verify_slices.begun = sv_clock_usec();
        return NGX_OK;
    }

    ngx_smtp_verify_slices.depth--;
    ngx_smtp_verify_slice_again(slice, ev);

    return NGX_AGAIN;
}


static inline void
ngx_smtp_verify_slice_end(void)
{
    if (--ngx_smtp_verify_slices.depth == 0 && !ngx_smtp_verify_slices.called) {
        ngx_smtp_verify_slices.spent += sv_clock_usec()
                                       - ngx_smtp_verify_slices.begun;
    }
}


#endif /* _NGX_SMTP_VERIFY_SLICE_H_INCLUDED_ */
