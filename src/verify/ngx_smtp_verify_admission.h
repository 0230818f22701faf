
/*
 * Limits how many questions begin in a turn of the event loop.  A busy worker
 * continues its conversations before it begins new ones.  However many
 * questions arrive at once, few sessions are open that wait for the worker
 * instead of for their server, few questions at a time are sent to the
 * resolver, and the data of a conversation is still in the CPU's cache when its
 * server answers.  An idle worker has enough turns for all questions.
 */


#ifndef _NGX_SMTP_VERIFY_ADMISSION_H_INCLUDED_
#define _NGX_SMTP_VERIFY_ADMISSION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_smtp_verify_share.h"


typedef void (*ngx_smtp_verify_admission_handler_pt)(void *data);


/* zeroed by the caller */

typedef struct {
    ngx_smtp_verify_fair_item_t      item;
    ngx_smtp_verify_share_t          share;
    ngx_smtp_verify_admission_handler_pt  handler;
    void                            *data;
    unsigned                         waits:1;
} ngx_smtp_verify_admission_t;


/*
 * Returns NGX_OK if the caller may begin at once; NGX_AGAIN if the handler will
 * be called.  kind: 0 interactive, 1 bulk of lists, 2 of jobs.  Bulk
 * questions let others go first, except for one in each turn.  *client has to
 * stay valid until then.
 */
ngx_int_t ngx_smtp_verify_admission_enter(
    ngx_smtp_verify_admission_t *admission,
    ngx_smtp_verify_admission_handler_pt handler, void *data,
    ngx_smtp_verify_client_t *client, ngx_uint_t kind);

/* the handler is not called any more; may be called if nothing waits, too */
void ngx_smtp_verify_admission_leave(ngx_smtp_verify_admission_t *admission);

/* number of questions that wait in this worker */
ngx_uint_t ngx_smtp_verify_admission_waiting(void);


#endif /* _NGX_SMTP_VERIFY_ADMISSION_H_INCLUDED_ */
