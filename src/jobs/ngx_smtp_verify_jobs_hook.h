
/*
 * Events of jobs on their way to webhooks.  The keeper of a store takes those
 * that are due from the catalogue, a few of each client at a time; how an event
 * is sent is up to the way in.
 */


#ifndef _NGX_SMTP_VERIFY_JOBS_HOOK_H_INCLUDED_
#define _NGX_SMTP_VERIFY_JOBS_HOOK_H_INCLUDED_


#include "ngx_smtp_verify_jobs.h"
#include "sv_hook.h"


#define NGX_SMTP_VERIFY_JOBS_HOOKS         32   /* under way at a time */
#define NGX_SMTP_VERIFY_JOBS_CLIENT_HOOKS  4    /* ... of one client */


typedef enum {
    ngx_smtp_verify_jobs_hook_failed = 0,       /* to be sent again */
    ngx_smtp_verify_jobs_hook_delivered,
    ngx_smtp_verify_jobs_hook_unwanted,         /* the receiver wants none */
    ngx_smtp_verify_jobs_hook_stopped           /* it was not tried to its
                                                   end */
} ngx_smtp_verify_jobs_sent_e;


typedef struct ngx_smtp_verify_jobs_hook_s   ngx_smtp_verify_jobs_hook_t;
typedef struct ngx_smtp_verify_jobs_hooks_s  ngx_smtp_verify_jobs_hooks_t;


/* an event that is being sent */

struct ngx_smtp_verify_jobs_hook_s {
    ngx_smtp_verify_jobs_task_t    task;
    ngx_queue_t                    queue;
    ngx_smtp_verify_jobs_hooks_t  *hooks;
    sv_catalog_event_t             event;
    sv_catalog_job_t               job;
    sv_job_totals_t                totals;
    int64_t                        now;
    sv_catalog_event_e             what;
    char                           state[SV_HOOK_STATE_LEN];

    unsigned                       counted:1;   /* totals are known */
    unsigned                       posted:1;    /* a task is under way */
    unsigned                       told:1;      /* the state is new */

    /* set before _sent() */
    ngx_smtp_verify_jobs_sent_e    sent;
    ngx_uint_t                     status;      /* of HTTP; 0: no answer */
    time_t                         retry_after; /* s, as the receiver says;
                                                   0: it does not */
    const char                    *error;       /* a word, or NULL */

    /* of the way in */
    void                          *data;
};


/* how events are sent: see smtp_verify_jobs_webhook */

struct ngx_smtp_verify_jobs_hook_conf_s {
    /* NGX_OK: _sent() is called later; otherwise it is tried again soon */
    ngx_int_t                    (*send)(ngx_smtp_verify_jobs_hook_t *hook);
    /* the process exits: _sent() is not called any more */
    void                         (*cancel)(ngx_smtp_verify_jobs_hook_t *hook);
    ngx_msec_t                     timeout;     /* of a try */
    ngx_msec_t                     retry;       /* until the second try */
    ngx_msec_t                     give_up;     /* after the event */
    ngx_msec_t                     progress;    /* between events */
    void                          *data;
};


void ngx_smtp_verify_jobs_hook_sent(ngx_smtp_verify_jobs_hook_t *hook);


#endif /* _NGX_SMTP_VERIFY_JOBS_HOOK_H_INCLUDED_ */
