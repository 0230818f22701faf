
#include "ngx_http_smtp_verify_jobs_handler.h"


#define NGX_HTTP_SMTP_VERIFY_PATCH_LIVE                                       \
    (1 << SV_JOB_QUEUED | 1 << SV_JOB_RUNNING | 1 << SV_JOB_PAUSED)


static void ngx_http_smtp_verify_jobs_patch_read(ngx_http_request_t *r,
    ngx_int_t rc);
static ngx_int_t ngx_http_smtp_verify_jobs_patch_check(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_uint_t ngx_http_smtp_verify_jobs_own(
    ngx_smtp_verify_jobs_task_t *task);
static void ngx_http_smtp_verify_jobs_patch_run(
    ngx_smtp_verify_jobs_task_t *task);
static sv_jobs_e ngx_http_smtp_verify_jobs_patch_fields(
    ngx_http_smtp_verify_jobs_call_t *call, sv_catalog_t *catalog);
static sv_jobs_e ngx_http_smtp_verify_jobs_patch_state(
    ngx_http_smtp_verify_jobs_call_t *call, sv_catalog_t *catalog);
static ngx_int_t ngx_http_smtp_verify_jobs_patched(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_patch_send(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_jobs_doom(ngx_smtp_verify_jobs_task_t *task);
static ngx_int_t ngx_http_smtp_verify_jobs_doomed(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_jobs_delete_run(
    ngx_smtp_verify_jobs_task_t *task);
static ngx_int_t ngx_http_smtp_verify_jobs_purged(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_deleted(
    ngx_http_smtp_verify_jobs_ctx_t *hj);


ngx_int_t
ngx_http_smtp_verify_jobs_patch(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t  rc;

    rc = ngx_http_smtp_verify_body_refuse(hj->request);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_smtp_verify_read_body(hj->request,
                                        ngx_http_smtp_verify_jobs_patch_read);
}


static void
ngx_http_smtp_verify_jobs_patch_read(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    if (rc == NGX_OK) {
        rc = ngx_http_smtp_verify_jobs_body(ctx->jobs);
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_smtp_verify_jobs_patch_check(ctx->jobs);
    }

    if (rc == NGX_DECLINED) {
        ctx->jobs->call->query = ctx->jobs->query;

        ngx_memcpy(ctx->jobs->call->job.id, ctx->jobs->id.data,
                   SV_JOBS_ID_LEN);

        rc = ngx_http_smtp_verify_jobs_call(ctx->jobs, NULL,
                                        ngx_http_smtp_verify_jobs_patch_run,
                                        ngx_http_smtp_verify_jobs_patched);
    }

    ngx_http_smtp_verify_jobs_body_end(r, rc);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_patch_check(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    sv_jobs_query_t     *query;
    ngx_http_request_t  *r;

    r = hj->request;
    query = &hj->query;

    if (query->has_sample || query->has_smtp || query->has_wait) {
        return ngx_http_smtp_verify_problem(r, 422, "invalid_parameter",
                                            "\"sample\", \"smtp\" and "
                                            "\"wait\" cannot be changed.");
    }

    if (!query->has_state && !query->has_name && !query->has_retention
        && !query->has_webhook && !query->has_events)
    {
        return ngx_http_smtp_verify_problem(r, 422, "invalid_parameter",
                                            "Say what to change: state, "
                                            "retention, name or webhook.");
    }

    return ngx_http_smtp_verify_jobs_webhook_check(hj);
}


/* in a thread: reads the job; returns 1 if it is the client's, and is kept */

static ngx_uint_t
ngx_http_smtp_verify_jobs_own(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    task->status = sv_catalog_get(task->catalog, call->job.id, &call->job);

    return task->status == SV_JOBS_OK
           && ngx_strcmp(call->job.client, call->client) == 0
           && call->job.state != SV_JOB_PURGING;
}


/* in a thread */

static void
ngx_http_smtp_verify_jobs_patch_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    if (!ngx_http_smtp_verify_jobs_own(task)) {
        return;
    }

    /* first what may be refused */

    if (call->query.has_state) {
        task->status = ngx_http_smtp_verify_jobs_patch_state(call,
                                                             task->catalog);
    }

    if (task->status == SV_JOBS_OK) {
        task->status = ngx_http_smtp_verify_jobs_patch_fields(call,
                                                              task->catalog);
    }
}


static sv_jobs_e
ngx_http_smtp_verify_jobs_patch_fields(ngx_http_smtp_verify_jobs_call_t *call,
    sv_catalog_t *catalog)
{
    sv_jobs_query_t   *query;
    sv_catalog_job_t  *job;

    job = &call->job;
    query = &call->query;

    if (!query->has_name && !query->has_retention && !query->has_webhook
        && !query->has_events)
    {
        return SV_JOBS_OK;
    }

    if (query->has_name) {
        ngx_memcpy(job->name, query->name, SV_CATALOG_NAME);
    }

    if (query->has_retention) {
        job->retention = query->retention * 1000;
    }

    if (query->has_webhook) {
        ngx_memcpy(job->webhook, query->webhook, SV_CATALOG_URL);
        job->webhook_state[0] = '\0';

        if (job->webhook_events == 0) {
            job->webhook_events = SV_HOOK_DEFAULT;
        }
    }

    job->webhook_kept = !query->has_webhook;

    if (query->has_events) {
        job->webhook_events = query->events;
    }

    return sv_catalog_change(catalog, job);
}


/* A state that the job has already is no error: the request may have been sent
   twice. */

static sv_jobs_e
ngx_http_smtp_verify_jobs_patch_state(ngx_http_smtp_verify_jobs_call_t *call,
    sv_catalog_t *catalog)
{
    unsigned           from;
    sv_job_state_e     to;
    sv_catalog_job_t  *job;

    job = &call->job;
    to = call->query.state;

    if (job->state == to
        || (to == SV_JOB_RUNNING && job->state == SV_JOB_QUEUED))
    {
        return SV_JOBS_OK;
    }

    switch (to) {

    case SV_JOB_RUNNING:
        from = 1 << SV_JOB_PAUSED;
        to = job->started ? SV_JOB_RUNNING : SV_JOB_QUEUED;
        break;

    case SV_JOB_PAUSED:
        from = 1 << SV_JOB_QUEUED | 1 << SV_JOB_RUNNING;
        break;

    default: /* SV_JOB_CANCELLED */
        from = NGX_HTTP_SMTP_VERIFY_PATCH_LIVE;
    }

    return sv_catalog_move(catalog, job->id, from, to, call->now, NULL, job);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_patched(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t                          rc;
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    if (call->task.status == SV_JOBS_CONFLICT) {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    rc = ngx_http_smtp_verify_jobs_owned(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_smtp_verify_jobs_notify(call->jobs, (u_char *) call->job.id);

    if (call->job.state == SV_JOB_UPLOADING) {
        return ngx_http_smtp_verify_jobs_send(hj, NGX_HTTP_OK);
    }

    return ngx_http_smtp_verify_jobs_call(hj, call->job.id,
                                        ngx_http_smtp_verify_jobs_totals,
                                        ngx_http_smtp_verify_jobs_patch_send);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_patch_send(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    if (hj->call->task.status != SV_JOBS_OK) {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    return ngx_http_smtp_verify_jobs_send(hj, NGX_HTTP_OK);
}


/* A job is deleted in three steps: the workers learn that it ends, then its key
   is overwritten and its files are removed, then the catalogue forgets it.  If
   this is cut short it is completed later: the catalogue says that the job is
   to be purged. */

ngx_int_t
ngx_http_smtp_verify_jobs_delete(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t  rc;

    rc = ngx_http_discard_request_body(hj->request);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memcpy(hj->call->job.id, hj->id.data, SV_JOBS_ID_LEN);

    return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                          ngx_http_smtp_verify_jobs_doom,
                                          ngx_http_smtp_verify_jobs_doomed);
}


/* in a thread */

static void
ngx_http_smtp_verify_jobs_doom(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    if (!ngx_http_smtp_verify_jobs_own(task)) {
        return;
    }

    task->status = sv_catalog_move(task->catalog, call->job.id,
                                   (1 << SV_JOB_PURGING) - 1, SV_JOB_PURGING,
                                   call->now, NULL, NULL);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_doomed(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t  rc;

    rc = ngx_http_smtp_verify_jobs_owned(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_smtp_verify_jobs_withdraw(hj->call->jobs,
                                  (u_char *) hj->call->job.id);

    hj->call->task.closed = 1;

    return ngx_http_smtp_verify_jobs_call(hj, hj->call->job.id,
                                        ngx_http_smtp_verify_jobs_delete_run,
                                        ngx_http_smtp_verify_jobs_purged);
}


/* in a thread */

static void
ngx_http_smtp_verify_jobs_delete_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    task->status = sv_job_purge(task->conf, call->job.id, &task->why);
}


/* another worker may have done it */

static ngx_int_t
ngx_http_smtp_verify_jobs_purged(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;
    call->task.closed = 0;

    if (call->task.status != SV_JOBS_OK
        && call->task.status != SV_JOBS_NOT_FOUND)
    {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                          ngx_http_smtp_verify_jobs_remove,
                                          ngx_http_smtp_verify_jobs_deleted);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_deleted(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_buf_t  *b;
    ngx_str_t   type = ngx_null_string;

    if (hj->call->task.status != SV_JOBS_OK) {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    b = ngx_create_temp_buf(hj->request->pool, 1);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hj->request->header_only = 1;

    return ngx_http_smtp_verify_send(hj->request, NGX_HTTP_NO_CONTENT, &type,
                                     b);
}
