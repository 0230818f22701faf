
#include "ngx_http_smtp_verify_jobs_results.h"


#define NGX_HTTP_SMTP_VERIFY_RESULTS_PAGE   256     /* rows that are read */
#define NGX_HTTP_SMTP_VERIFY_RESULTS_BYTES  (256 * 1024)
#define NGX_HTTP_SMTP_VERIFY_RESULTS_TURN   64      /* rows in a turn */
#define NGX_HTTP_SMTP_VERIFY_RESULTS_HOLD   10000   /* ms */


static ngx_int_t ngx_http_smtp_verify_results_args(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_results_job(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_results_read(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_results_page(
    ngx_smtp_verify_jobs_task_t *task);
static ngx_int_t ngx_http_smtp_verify_results_got(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_results_turn(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_results_soon(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_results_end(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_results_header(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_results_work(ngx_event_t *ev);
static void ngx_http_smtp_verify_results_writer(ngx_http_request_t *r);


ngx_int_t
ngx_http_smtp_verify_jobs_results(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t                            rc;
    ngx_http_smtp_verify_jobs_results_t  *res;

    res = ngx_pcalloc(hj->request->pool,
                      sizeof(ngx_http_smtp_verify_jobs_results_t));
    if (res == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hj->results = res;

    res->output.request = hj->request;
    res->untold = !ngx_http_smtp_verify_client_may(hj->request,
                                                   SV_TOKENS_ADMIN);

    hj->work.handler = ngx_http_smtp_verify_results_work;
    hj->work.data = hj;
    hj->work.log = hj->request->connection->log;

    rc = ngx_http_smtp_verify_results_args(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_memcpy(hj->call->job.id, hj->id.data, SV_JOBS_ID_LEN);

    return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                          ngx_http_smtp_verify_jobs_get,
                                          ngx_http_smtp_verify_results_job);
}


static ngx_int_t
ngx_http_smtp_verify_results_args(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    sv_job_page_t                        *rows;
    sv_jobs_query_t                      *query;
    ngx_http_request_t                   *r;
    ngx_http_smtp_verify_jobs_results_t  *res;

    r = hj->request;
    res = hj->results;
    query = &hj->query;
    rows = &hj->call->rows_page;

    if (query->has_format) {
        res->format = query->format;

    } else if (ngx_http_smtp_verify_list_accepts(r, "text/csv")) {
        res->format = SV_JOBS_CSV;
    }

    rows->order = SV_JOB_BY_DONE;

    if (query->has_order && query->order == 0) {
        rows->order = SV_JOB_BY_INPUT;
    }

    if (query->has_cursor) {

        if ((query->after[0] != 'i' && query->after[0] != 'd')
            || query->after[1] != '\0'
            || (query->has_order
                && (query->after[0] == 'd') != (query->order == 1)))
        {
            return ngx_http_smtp_verify_problem(r, 422, "invalid_parameter",
                                            "\"cursor\" must be what \"next\" "
                                            "of the last answer said, with "
                                            "the same order.");
        }

        rows->order = (query->after[0] == 'd') ? SV_JOB_BY_DONE
                                               : SV_JOB_BY_INPUT;
        rows->cursor = query->cursor;
    }

    rows->status = query->has_status ? (int) query->status : -1;
    rows->reason = query->has_reason ? (int) query->reason : -1;

    res->left = query->has_limit ? query->limit : (uint64_t) -1;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_smtp_verify_results_job(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t  rc;

    rc = ngx_http_smtp_verify_jobs_owned(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (hj->call->job.state == SV_JOB_UPLOADING) {
        hj->call->task.status = SV_JOBS_CONFLICT;
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    return ngx_http_smtp_verify_results_read(hj);
}


static ngx_int_t
ngx_http_smtp_verify_results_read(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    sv_job_page_t                     *rows;
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;
    rows = &call->rows_page;

    rows->limit = (size_t) ngx_min(hj->results->left,
                                   NGX_HTTP_SMTP_VERIFY_RESULTS_PAGE);
    rows->bytes = NGX_HTTP_SMTP_VERIFY_RESULTS_BYTES;

    return ngx_http_smtp_verify_jobs_call(hj, call->job.id,
                                          ngx_http_smtp_verify_results_page,
                                          ngx_http_smtp_verify_results_got);
}


static void
ngx_http_smtp_verify_results_page(ngx_smtp_verify_jobs_task_t *task)
{
    sv_jobs_e                          status;
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    if (!call->asked) {
        call->asked = 1;

        status = sv_job_get(task->job, "columns", &call->columns);

        if (status != SV_JOBS_OK && status != SV_JOBS_NOT_FOUND
            && status != SV_JOBS_DONE)
        {
            task->status = status;
            return;
        }
    }

    /* A cancelled job may still get results.  The counts are read before the
       page: if they say that all results are there, the page has all. */

    if (call->job.state == SV_JOB_CANCELLED) {
        task->status = sv_job_totals(task->job, &call->totals);

        if (task->status != SV_JOBS_OK) {
            return;
        }
    }

    task->status = sv_job_results(task->job, &call->rows_page, &call->rows);
}


static ngx_int_t
ngx_http_smtp_verify_results_got(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t                             rc;
    ngx_http_smtp_verify_jobs_results_t  *res;

    res = hj->results;

    if (hj->call->task.status != SV_JOBS_OK) {

        /* After the header no error can be sent.  The connection is closed, and
           the client sees that the last line is missing. */

        return res->header ? NGX_ERROR : ngx_http_smtp_verify_jobs_refuse(hj);
    }

    res->row = 0;

    if (!res->header) {
        rc = ngx_http_smtp_verify_results_header(hj);

        if (rc != NGX_OK || hj->request->header_only) {
            return rc;
        }
    }

    return ngx_http_smtp_verify_results_turn(hj);
}


/* Returns NGX_AGAIN if there is more to do, or what a content handler
   returns. */

static ngx_int_t
ngx_http_smtp_verify_results_turn(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_uint_t                            n;
    ngx_http_smtp_verify_jobs_call_t     *call;
    ngx_http_smtp_verify_jobs_results_t  *res;

    call = hj->call;
    res = hj->results;

    for (n = 0; n < NGX_HTTP_SMTP_VERIFY_RESULTS_TURN; n++) {

        if (res->row == call->rows.n
            || ngx_http_smtp_verify_output_blocked(&res->output))
        {
            break;
        }

        if (ngx_http_smtp_verify_results_row(hj,
                                             &call->rows.results[res->row])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        res->row++;
        res->count++;
        res->left--;
    }

    if (res->row == call->rows.n) {

        sv_job_rows_free(&call->rows);
        ngx_memzero(&call->rows, sizeof(sv_job_rows_t));
        res->row = 0;

        if (res->left == 0 || !call->rows_page.more) {
            return ngx_http_smtp_verify_results_end(hj);
        }
    }

    if (res->output.busy == NULL && res->output.out
        && ngx_http_smtp_verify_output_send(&res->output) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* else the writer goes on */

    if (!ngx_http_smtp_verify_output_blocked(&res->output)) {
        ngx_http_smtp_verify_results_soon(hj);
    }

    return NGX_AGAIN;
}


/* A worker that leaves stays for a timer, but not for a posted event. */

static void
ngx_http_smtp_verify_results_soon(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_post_event(&hj->work, &ngx_posted_next_events);
    ngx_add_timer(&hj->work, NGX_HTTP_SMTP_VERIFY_RESULTS_HOLD);
}


static ngx_int_t
ngx_http_smtp_verify_results_end(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_request_t  *r;

    r = hj->request;

    if (ngx_http_smtp_verify_results_last(hj) != NGX_OK
        || ngx_http_smtp_verify_output_send(&hj->results->output) != NGX_OK)
    {
        return NGX_ERROR;
    }

    hj->results->done = 1;

    return ngx_http_send_special(r, NGX_HTTP_LAST);
}


static ngx_int_t
ngx_http_smtp_verify_results_header(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_request_t                   *r;
    ngx_http_smtp_verify_jobs_results_t  *res;

    r = hj->request;
    res = hj->results;

    res->header = 1;

    if (res->format == SV_JOBS_CSV) {
        ngx_str_set(&r->headers_out.content_type, "text/csv");
        ngx_str_set(&r->headers_out.charset, "utf-8");

    } else if (res->format == SV_JOBS_JSON) {
        ngx_str_set(&r->headers_out.content_type, "application/json");

    } else {
        ngx_str_set(&r->headers_out.content_type, "application/x-ndjson");
    }

    if (ngx_http_smtp_verify_output_header(r, hj->request_id,
                                       ngx_http_smtp_verify_results_writer)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return r->header_only ? NGX_OK : ngx_http_smtp_verify_results_first(hj);
}


static void
ngx_http_smtp_verify_results_work(ngx_event_t *ev)
{
    ngx_http_smtp_verify_jobs_ctx_t  *hj;

    hj = ev->data;

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    if (hj->call->busy || !ngx_http_smtp_verify_jobs_is_here(hj)) {
        return;
    }

    /* there are no rows left of the page: the next one is read */

    ngx_http_smtp_verify_jobs_continue(hj, hj->call->rows.n
                                     ? ngx_http_smtp_verify_results_turn(hj)
                                     : ngx_http_smtp_verify_results_read(hj));
}


static void
ngx_http_smtp_verify_results_writer(ngx_http_request_t *r)
{
    ngx_event_t                          *wev;
    ngx_http_core_loc_conf_t             *clcf;
    ngx_http_smtp_verify_ctx_t           *ctx;
    ngx_http_smtp_verify_jobs_ctx_t      *hj;
    ngx_http_smtp_verify_jobs_results_t  *res;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    hj = ctx->jobs;
    res = hj->results;
    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                      "client timed out");
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (wev->delayed) {

        if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
            ngx_http_finalize_request(r, NGX_ERROR);
        }

        return;
    }

    if (res->output.busy
        && ngx_http_smtp_verify_output_send(&res->output) != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    if (!hj->call->busy
        && !ngx_http_smtp_verify_output_blocked(&res->output))
    {
        ngx_http_smtp_verify_results_soon(hj);
    }
}
