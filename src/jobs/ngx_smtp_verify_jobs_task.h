
/*
 * The part of jobs_task.c that only this folder sees: the databases that a
 * worker has open.
 */


#ifndef _NGX_SMTP_VERIFY_JOBS_TASK_H_INCLUDED_
#define _NGX_SMTP_VERIFY_JOBS_TASK_H_INCLUDED_


#include "ngx_smtp_verify_jobs.h"


typedef struct {
    ngx_queue_t                databases;       /* used lately come first */
    ngx_uint_t                 open;            /* of them */
    ngx_uint_t                 pending;         /* tasks */
    ngx_event_t                hold;            /* a worker that exits waits
                                                   for its tasks */
    ngx_event_t                idle;            /* closes what is not used */
} ngx_smtp_verify_jobs_tasks_t;


void ngx_smtp_verify_jobs_tasks_init(ngx_smtp_verify_jobs_tasks_t *tasks,
    ngx_log_t *log);

/* Called when the process exits: the threads have ended, so that nothing is
   in use.  _now() runs a task in this thread; _exit() frees all tasks and
   closes all databases. */
void ngx_smtp_verify_jobs_tasks_now(ngx_smtp_verify_jobs_t *jobs,
    ngx_smtp_verify_jobs_task_t *task);
void ngx_smtp_verify_jobs_tasks_exit(ngx_smtp_verify_jobs_tasks_t *tasks);


#endif /* _NGX_SMTP_VERIFY_JOBS_TASK_H_INCLUDED_ */
