
/*
 * How many questions begin in a turn of the event loop.  A busy worker goes
 * on with the conversations it has before it begins more: however many are
 * asked for at once, few sessions are open that wait for the worker and not
 * for their server, few questions at a time are sent to the resolver, and
 * what a conversation needs is still in the CPU's cache when its server
 * answers.  An idle worker has turns to spare, whatever its servers take.
 */


#ifndef _NGX_SMTP_VERIFY_ADMISSION_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ADMISSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_smtp_verify_share.h"


typedef void (*ngx_smtp_verify_admission_handler_pt)(void *data);


/* zeroed at first */

typedef struct {
    ngx_smtp_verify_fair_item_t      item;
    ngx_smtp_verify_share_t          share;
    ngx_smtp_verify_admission_handler_pt  handler;
    void                            *data;
    unsigned                         waits:1;
} ngx_smtp_verify_admission_t;


/*
 * NGX_OK: begin at once; NGX_AGAIN: the handler will be called.  What is
 * bulk lets others go first, but for one a turn.  The client stays there.
 */
ngx_int_t ngx_smtp_verify_admission_enter(
    ngx_smtp_verify_admission_t *admission,
    ngx_smtp_verify_admission_handler_pt handler, void *data,
    ngx_smtp_verify_client_t *client, ngx_uint_t bulk);

/* the handler is not called any more; it need not wait */
void ngx_smtp_verify_admission_leave(ngx_smtp_verify_admission_t *admission);

/* how many wait in this worker */
ngx_uint_t ngx_smtp_verify_admission_waiting(void);


#endif /* _NGX_SMTP_VERIFY_ADMISSION_H_INCLUDED_ */
