
/*
 * Jobs over HTTP: lists that are stored, and worked off in the background.
 *
 *   _conf.c     directives, and the stores of a process
 *   _handler.c  finds what a request is for, and its method
 *   _call.c     a request that waits for the store
 *   _args.c     parameters, and limits of a client
 *   _reserve.c  settles what can be before a list is read
 *   _upload.c   takes a list in: what is done in a thread, and in which order
 *   _uploads.c  how many lists are taken in at the same time
 *   _read.c     reads its body
 *   _show.c     one job, the list of jobs
 *   _json.c     a job as a JSON object
 *   _results.c  results as a stream, _rows.c what is written of them
 *   _patch.c    changes and deletes a job
 *   _erase.c    erases an address
 *   _events.c   tells how a job gets on
 *   _asker.c    for whom the mail servers are asked
 *
 *   _webhook*.c: see ngx_http_smtp_verify_webhook.h
 *
 *   sv_jobs_query.c, sv_jobs_patch.c  parse parameters
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_JOBS_HANDLER_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_JOBS_HANDLER_H_INCLUDED_


#include "ngx_http_smtp_verify_conf_store.h"
#include "ngx_http_smtp_verify_tokens.h"
#include "sv_jobs_query.h"


typedef struct ngx_http_smtp_verify_jobs_call_s
    ngx_http_smtp_verify_jobs_call_t;
typedef struct ngx_http_smtp_verify_jobs_upload_s
    ngx_http_smtp_verify_jobs_upload_t;

typedef struct ngx_http_smtp_verify_jobs_results_s
    ngx_http_smtp_verify_jobs_results_t;
typedef struct ngx_http_smtp_verify_jobs_erase_s
    ngx_http_smtp_verify_jobs_erase_t;
typedef struct ngx_http_smtp_verify_wiped_s  ngx_http_smtp_verify_wiped_t;

typedef ngx_int_t (*ngx_http_smtp_verify_jobs_next_pt)(
    ngx_http_smtp_verify_jobs_ctx_t *hj);


/*
 * A call of the store, of which a request has one at a time.  It has memory of
 * its own, because a thread may use it for longer than the request lives.
 */

struct ngx_http_smtp_verify_jobs_call_s {
    ngx_smtp_verify_jobs_task_t        task;
    ngx_http_smtp_verify_jobs_ctx_t   *hj;          /* NULL: the request has
                                                       gone */
    ngx_smtp_verify_jobs_t            *jobs;
    ngx_http_smtp_verify_jobs_next_pt  next;
    ngx_http_smtp_verify_jobs_upload_t  *upload;    /* or NULL */
    unsigned                           busy:1;
    unsigned                           asked:1;     /* for the columns */

    /* arguments and results */
    sv_catalog_job_t                   job;
    sv_catalog_page_t                  page;
    sv_catalog_usage_t                 usage;
    sv_catalog_job_t                  *list;        /* of "n"; ngx_alloc() */
    size_t                             n;
    sv_job_totals_t                    totals;
    sv_job_page_t                      rows_page;
    sv_job_rows_t                      rows;
    sv_str_t                           columns;     /* of free() */
    sv_jobs_query_t                    query;       /* a copy */
    int64_t                            now;
    uint64_t                           erased;      /* records */
    sv_str_t                           email;
    unsigned char                      email_buf[SV_PARAMS_EMAIL_MAX];
    char                               client[SV_CATALOG_NAME];
};


struct ngx_http_smtp_verify_jobs_ctx_s {
    ngx_http_request_t                *request;
    ngx_http_smtp_verify_store_t      *store;
    ngx_http_smtp_verify_jobs_conf_t  *limits;
    ngx_str_t                         *request_id;
    ngx_http_smtp_verify_jobs_call_t  *call;
    sv_jobs_query_t                    query;
    ngx_str_t                          id;
    ngx_http_smtp_verify_jobs_results_t  *results;
    ngx_http_smtp_verify_jobs_erase_t *erase;
    ngx_http_smtp_verify_wiped_t      *wiped;
    ngx_event_t                        work;        /* in the next turn of the
                                                       event loop */
};


/* _conf.c */
char *ngx_http_smtp_verify_jobs_store(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_jobs_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_jobs_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_smtp_verify_jobs_create(ngx_http_smtp_verify_loc_conf_t *conf);
ngx_int_t ngx_http_smtp_verify_jobs_merge(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);
/* jobs_carriers.c: called when the configuration was read, and in each worker
   after the jobs have started and ended */
ngx_int_t ngx_http_smtp_verify_jobs_carriers(ngx_conf_t *cf);
ngx_int_t ngx_http_smtp_verify_jobs_lend_start(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf);
void ngx_http_smtp_verify_jobs_lend_exit(
    ngx_http_smtp_verify_main_conf_t *smcf);

ngx_int_t ngx_http_smtp_verify_jobs_init(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf);
/* returns the number of stores that this worker has worked at */
ngx_uint_t ngx_http_smtp_verify_jobs_exit(
    ngx_http_smtp_verify_main_conf_t *smcf);

/* _handler.c */
ngx_int_t ngx_http_smtp_verify_jobs_handler(ngx_http_request_t *r);

/* _wipe.c: the memory of the request is wiped when it is freed; _body() is
   called before the body is read */
void ngx_http_smtp_verify_jobs_wipe_init(ngx_cycle_t *cycle);
ngx_int_t ngx_http_smtp_verify_jobs_wipe(ngx_http_smtp_verify_jobs_ctx_t *hj);
void ngx_http_smtp_verify_jobs_wipe_body(ngx_http_smtp_verify_jobs_ctx_t *hj);

/*
 * _call.c
 *
 *   _call()      runs a function in a thread, then next() in the event loop,
 *                which returns what a content handler returns, or NGX_AGAIN if
 *                it has called again.  Returns NGX_AGAIN, or what a content
 *                handler returns.  "id" is that of a job, or NULL: the
 *                catalogue
 *   _owned()     for next(): NGX_DECLINED if the catalogue has returned a job
 *                of this client; otherwise a problem was sent
 *   _refuse()    answers with the status of the task, which is not SV_JOBS_OK
 *   _is_here()   whether the request still waits: to be called first by a
 *                handler of an event
 *   _continue()  goes on after next(), or another handler, has returned rc
 *   _get()       run() that reads call->job from the catalogue; _remove() that
 *                removes it there
 *   _free()      frees a call that is not busy
 */
ngx_http_smtp_verify_jobs_call_t *ngx_http_smtp_verify_jobs_call_create(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
ngx_int_t ngx_http_smtp_verify_jobs_call(ngx_http_smtp_verify_jobs_ctx_t *hj,
    const char *id, void (*run)(ngx_smtp_verify_jobs_task_t *task),
    ngx_http_smtp_verify_jobs_next_pt next);
ngx_int_t ngx_http_smtp_verify_jobs_owned(ngx_http_smtp_verify_jobs_ctx_t *hj);
ngx_int_t ngx_http_smtp_verify_jobs_refuse(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
ngx_uint_t ngx_http_smtp_verify_jobs_is_here(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
void ngx_http_smtp_verify_jobs_continue(ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_int_t rc);
void ngx_http_smtp_verify_jobs_get(ngx_smtp_verify_jobs_task_t *task);
void ngx_http_smtp_verify_jobs_remove(ngx_smtp_verify_jobs_task_t *task);
void ngx_http_smtp_verify_jobs_call_free(
    ngx_http_smtp_verify_jobs_call_t *call);
ngx_int_t ngx_http_smtp_verify_jobs_problem(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_jobs_e status,
    sv_jobs_why_t *why);

/* _args.c: ends a request whose body was to be read, unless it goes on */
void ngx_http_smtp_verify_jobs_body_end(ngx_http_request_t *r, ngx_int_t rc);

/* _args.c: these return NGX_DECLINED if all is well; otherwise what the content
   handler returns */
ngx_int_t ngx_http_smtp_verify_jobs_query(ngx_http_smtp_verify_jobs_ctx_t *hj);
ngx_int_t ngx_http_smtp_verify_jobs_body(ngx_http_smtp_verify_jobs_ctx_t *hj);
ngx_int_t ngx_http_smtp_verify_jobs_key(ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_str_t *key);
ngx_int_t ngx_http_smtp_verify_jobs_room(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_catalog_usage_t *usage, uint64_t records, uint64_t bytes);
void ngx_http_smtp_verify_jobs_trace(ngx_http_smtp_verify_jobs_ctx_t *hj,
    char *traceparent);
void ngx_http_smtp_verify_jobs_limits(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_catalog_usage_t *max);

/* _reserve.c */
ngx_int_t ngx_http_smtp_verify_jobs_post_list(
    ngx_http_smtp_verify_jobs_ctx_t *hj);

/* _upload.c; _gone() is called instead of next() if the request has gone */
void ngx_http_smtp_verify_jobs_upload_gone(
    ngx_http_smtp_verify_jobs_call_t *call);

/* _show.c; _page() is a run() that reads call->list as call->page says;
   _totals() is a run(), _send() sends call->job with its totals,
   _is_over(): no result is added to those of call->totals any more */
ngx_uint_t ngx_http_smtp_verify_jobs_is_over(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
ngx_int_t ngx_http_smtp_verify_jobs_list(ngx_http_smtp_verify_jobs_ctx_t *hj);
void ngx_http_smtp_verify_jobs_page(ngx_smtp_verify_jobs_task_t *task);
ngx_int_t ngx_http_smtp_verify_jobs_show(ngx_http_smtp_verify_jobs_ctx_t *hj);
void ngx_http_smtp_verify_jobs_totals(ngx_smtp_verify_jobs_task_t *task);
ngx_int_t ngx_http_smtp_verify_jobs_send(ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_uint_t status);

/* _results.c */
ngx_int_t ngx_http_smtp_verify_jobs_results(
    ngx_http_smtp_verify_jobs_ctx_t *hj);

/* _patch.c */
ngx_int_t ngx_http_smtp_verify_jobs_patch(ngx_http_smtp_verify_jobs_ctx_t *hj);
ngx_int_t ngx_http_smtp_verify_jobs_delete(
    ngx_http_smtp_verify_jobs_ctx_t *hj);

/* _erase.c */
ngx_int_t ngx_http_smtp_verify_jobs_addresses(
    ngx_http_smtp_verify_jobs_ctx_t *hj);

/* _events.c */
ngx_int_t ngx_http_smtp_verify_jobs_events(
    ngx_http_smtp_verify_jobs_ctx_t *hj);

/* _json.c: write up to _JSON_MAX octets; totals: NULL if they are not known */
#define NGX_HTTP_SMTP_VERIFY_JOBS_JSON_MAX  (64 * 1024)
u_char *ngx_http_smtp_verify_jobs_json(u_char *p,
    ngx_http_smtp_verify_store_t *store, sv_catalog_job_t *job,
    sv_job_totals_t *totals);
u_char *ngx_http_smtp_verify_jobs_json_totals(u_char *p,
    ngx_http_smtp_verify_store_t *store, sv_catalog_job_t *job,
    sv_job_totals_t *totals);
u_char *ngx_http_smtp_verify_jobs_json_text(u_char *p, const char *name,
    const char *text);
u_char *ngx_http_smtp_verify_jobs_json_time(u_char *p, const char *name,
    int64_t msec);

/* _waits.c: why the job does not go on, as an array */
u_char *ngx_http_smtp_verify_jobs_waits(u_char *p, sv_catalog_job_t *job,
    sv_job_totals_t *totals, ngx_smtp_verify_jobs_progress_t *progress);

/* _estimate.c: of the whole job, by its sample; an object or null */
u_char *ngx_http_smtp_verify_jobs_estimate(u_char *p, sv_catalog_job_t *job,
    sv_job_totals_t *totals);

/* _webhook_conf.c; _merge() is called for a location that has a store */
char *ngx_http_smtp_verify_jobs_webhook_set(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_smtp_verify_webhook_merge(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);

/* _webhook_vars.c */
ngx_int_t ngx_http_smtp_verify_webhook_variables(ngx_conf_t *cf);

/* _webhook_job.c; _check() returns NGX_DECLINED if the job may have the webhook
   that the request names, or it names none */
ngx_int_t ngx_http_smtp_verify_jobs_webhook(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
ngx_int_t ngx_http_smtp_verify_jobs_webhook_check(
    ngx_http_smtp_verify_jobs_ctx_t *hj);

/* _asker.c */
ngx_int_t ngx_http_smtp_verify_jobs_asker(ngx_smtp_verify_jobs_t *jobs,
    sv_catalog_job_t *job, ngx_smtp_verify_asker_t *asker, ngx_pool_t *pool);


#endif /* _NGX_HTTP_SMTP_VERIFY_JOBS_HANDLER_H_INCLUDED_ */
