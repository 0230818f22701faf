
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


/* one for each event of a connection; zeroed by the caller */

typedef struct {
    ngx_queue_t                      queue;
    ngx_event_t                     *ev;
    unsigned                         waits:1;
} ngx_smtp_verify_slice_t;


/*
 * Returns NGX_OK if the caller may handle the event now, and has to call _end()
 * after that; NGX_AGAIN if the event's handler will be called again.  An urgent
 * event never waits.
 */
ngx_int_t ngx_smtp_verify_slice_begin(ngx_smtp_verify_slice_t *slice,
    ngx_event_t *ev, ngx_uint_t urgent);
void ngx_smtp_verify_slice_end(void);

/* there is more to do: the event's handler will be called again */
void ngx_smtp_verify_slice_again(ngx_smtp_verify_slice_t *slice,
    ngx_event_t *ev);

/* the event does not wait any more */
void ngx_smtp_verify_slice_leave(ngx_smtp_verify_slice_t *slice);


#endif /* _NGX_SMTP_VERIFY_SLICE_H_INCLUDED_ */
