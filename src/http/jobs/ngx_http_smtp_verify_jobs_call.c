
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "sv_wipe.h"


static void ngx_http_smtp_verify_jobs_call_cleanup(void *data);
static void ngx_http_smtp_verify_jobs_call_done(
    ngx_smtp_verify_jobs_task_t *task);
static void ngx_http_smtp_verify_jobs_call_gone(
    ngx_smtp_verify_jobs_task_t *task);


ngx_http_smtp_verify_jobs_call_t *
ngx_http_smtp_verify_jobs_call_create(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_str_t                         *client;
    ngx_http_cleanup_t                *cln;
    ngx_http_smtp_verify_jobs_call_t  *call;

    cln = ngx_http_cleanup_add(hj->request, 0);
    if (cln == NULL) {
        return NULL;
    }

    call = ngx_calloc(sizeof(ngx_http_smtp_verify_jobs_call_t),
                      hj->request->connection->log);
    if (call == NULL) {
        return NULL;
    }

    call->task.data = call;
    call->task.done = ngx_http_smtp_verify_jobs_call_done;
    call->task.gone = ngx_http_smtp_verify_jobs_call_gone;
    call->hj = hj;
    call->jobs = &hj->store->jobs;
    call->now = (int64_t) ngx_timeofday()->sec * 1000
                + (int64_t) ngx_timeofday()->msec;

    /* without tokens all have the same empty name */

    client = ngx_http_smtp_verify_client_name(hj->request);

    if (client) {
        ngx_cpystrn((u_char *) call->client, client->data,
                    ngx_min(client->len + 1, SV_CATALOG_NAME));
    }

    hj->call = call;

    cln->handler = ngx_http_smtp_verify_jobs_call_cleanup;
    cln->data = call;

    return call;
}


static void
ngx_http_smtp_verify_jobs_call_cleanup(void *data)
{
    ngx_http_smtp_verify_jobs_call_t *call = data;

    if (call->hj->work.posted) {
        ngx_delete_posted_event(&call->hj->work);
    }

    if (call->hj->work.timer_set) {
        ngx_del_timer(&call->hj->work);
    }

    call->hj = NULL;

    if (call->busy) {
        return;
    }

    if (call->upload) {
        ngx_http_smtp_verify_jobs_upload_gone(call);
        return;
    }

    ngx_http_smtp_verify_jobs_call_free(call);
}


void
ngx_http_smtp_verify_jobs_call_free(ngx_http_smtp_verify_jobs_call_t *call)
{
    if (call->list) {
        ngx_free(call->list);
    }

    if (call->columns.data) {
        sv_wipe_free(call->columns.data);
    }

    sv_job_rows_free(&call->rows);

    sv_wipe_free(call);
}


ngx_int_t
ngx_http_smtp_verify_jobs_call(ngx_http_smtp_verify_jobs_ctx_t *hj,
    const char *id, void (*run)(ngx_smtp_verify_jobs_task_t *task),
    ngx_http_smtp_verify_jobs_next_pt next)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    ngx_memzero(call->task.id, sizeof(call->task.id));

    if (id) {
        ngx_memcpy(call->task.id, id, SV_JOBS_ID_LEN);
    }

    call->task.run = run;
    call->next = next;

    if (ngx_smtp_verify_jobs_post(call->jobs, &call->task) != NGX_OK) {
        return ngx_http_smtp_verify_problem(hj->request,
                                            NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "store_busy",
                                            "The store has too much to do; "
                                            "try again in a moment.");
    }

    call->busy = 1;

    return NGX_AGAIN;
}


static void
ngx_http_smtp_verify_jobs_call_done(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_ctx_t   *hj;
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;
    hj = call->hj;

    call->busy = 0;

    if (hj == NULL) {

        if (call->upload) {
            ngx_http_smtp_verify_jobs_upload_gone(call);

        } else {
            ngx_http_smtp_verify_jobs_call_free(call);
        }

        return;
    }

    if (ngx_http_smtp_verify_jobs_is_here(hj)) {
        ngx_http_smtp_verify_jobs_continue(hj, call->next(hj));
    }
}


/* A request that is still open ends with the process, as an upload does. */

static void
ngx_http_smtp_verify_jobs_call_gone(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t *call = task->data;

    if (call->hj == NULL && call->upload == NULL) {
        ngx_http_smtp_verify_jobs_call_free(call);
    }
}


/* After the client has closed the connection, post_action uses the request for
   something else: then nobody wants the answer any more. */

ngx_uint_t
ngx_http_smtp_verify_jobs_is_here(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_request_t          *r;
    ngx_http_smtp_verify_ctx_t  *ctx;

    r = hj->request;
    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    if (ctx == NULL || ctx->jobs != hj) {
        return 0;
    }

    ngx_http_set_log_request(r->connection->log, r);

    return 1;
}


void
ngx_http_smtp_verify_jobs_continue(ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = hj->request->connection;

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(hj->request, rc);
    }

    ngx_http_run_posted_requests(c);
}


void
ngx_http_smtp_verify_jobs_get(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    task->status = sv_catalog_get(task->catalog, call->job.id, &call->job);
}


void
ngx_http_smtp_verify_jobs_remove(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    task->status = sv_catalog_remove(task->catalog, call->job.id);
}


/* A job of another client is answered like one that does not exist, and so is
   one that is being purged. */

ngx_int_t
ngx_http_smtp_verify_jobs_owned(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    if (call->task.status == SV_JOBS_OK
        && ngx_strcmp(call->job.client, call->client) == 0
        && call->job.state != SV_JOB_PURGING)
    {
        return NGX_DECLINED;
    }

    if (call->task.status == SV_JOBS_OK) {
        call->task.status = SV_JOBS_NOT_FOUND;
    }

    return ngx_http_smtp_verify_jobs_refuse(hj);
}


ngx_int_t
ngx_http_smtp_verify_jobs_refuse(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    return ngx_http_smtp_verify_jobs_problem(hj, hj->call->task.status,
                                             &hj->call->task.why);
}


/* The operator gets the note of the store; the client learns what kind of
   trouble it is. */

ngx_int_t
ngx_http_smtp_verify_jobs_problem(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_jobs_e status, sv_jobs_why_t *why)
{
    const char          *detail;
    ngx_http_request_t  *r;

    r = hj->request;

    switch (status) {

    case SV_JOBS_NOT_FOUND:
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_FOUND,
                                            "job_not_found",
                                            "There is no such job, or not any "
                                            "more.");

    case SV_JOBS_CONFLICT:
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_CONFLICT,
                                            "wrong_state",
                                            "The state of the job does not "
                                            "allow this.");

    case SV_JOBS_NO_MEMORY:
        return NGX_HTTP_INTERNAL_SERVER_ERROR;

    default:
        break;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, why->error,
                  "the store of jobs \"%V\" failed: %s",
                  &hj->store->jobs.path, why->note);

    switch (status) {

    case SV_JOBS_FULL:
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_INSUFFICIENT_STORAGE,
                                            "store_full",
                                            "The store is full: nothing of "
                                            "the list was kept.");

    case SV_JOBS_DENIED:
        detail = "The store is read-only, or belongs to somebody else.";
        break;

    case SV_JOBS_DAMAGED:
        detail = "A file of the store is damaged, or is not one of ours.";
        break;

    case SV_JOBS_NEWER:
        detail = "The store was written by a newer version.";
        break;

    case SV_JOBS_NO_KEY:
        detail = "The key of the store is missing, or is another one.";
        break;

    default:
        detail = "The store cannot be used.";
    }

    return ngx_http_smtp_verify_problem(r, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                        "store_failed", detail);
}
