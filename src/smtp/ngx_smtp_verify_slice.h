
/*
 * How long mail servers keep a worker busy in one turn of the event loop.
 * The events of sessions are handled at once while there is time left in the
 * turn; the others wait in one line, first come, first served, and go on in
 * the next turns.  A session whose server has more to say than fits in one
 * slice goes to the end of the line.
 */


#ifndef _NGX_SMTP_VERIFY_SLICE_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SLICE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


/* one of a connection, zeroed at first */

typedef struct {
    ngx_queue_t                      queue;
    ngx_event_t                     *ev;
    unsigned                         waits:1;
} ngx_smtp_verify_slice_t;


/*
 * NGX_OK: the event is to be handled now, and _end() to be called behind;
 * NGX_AGAIN: its handler will be called again.  What is urgent never waits.
 */
ngx_int_t ngx_smtp_verify_slice_begin(ngx_smtp_verify_slice_t *slice,
    ngx_event_t *ev, ngx_uint_t urgent);
void ngx_smtp_verify_slice_end(void);

/* there is more to do: the event's handler will be called again */
void ngx_smtp_verify_slice_again(ngx_smtp_verify_slice_t *slice,
    ngx_event_t *ev);

/* the event is gone */
void ngx_smtp_verify_slice_leave(ngx_smtp_verify_slice_t *slice);


#endif /* _NGX_SMTP_VERIFY_SLICE_H_INCLUDED_ */
