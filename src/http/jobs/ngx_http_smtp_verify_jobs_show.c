
#include "ngx_http_smtp_verify_jobs_handler.h"


#define NGX_HTTP_SMTP_VERIFY_JOBS_SHOWN  50


static ngx_int_t ngx_http_smtp_verify_jobs_show_job(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_show_totals(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_send_page(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_send_json(ngx_http_request_t *r,
    ngx_uint_t status, u_char *data, u_char *last);


static ngx_str_t  ngx_http_smtp_verify_jobs_type =
    ngx_string("application/json");


ngx_int_t
ngx_http_smtp_verify_jobs_show(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_memcpy(hj->call->job.id, hj->id.data, SV_JOBS_ID_LEN);

    return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                          ngx_http_smtp_verify_jobs_get,
                                          ngx_http_smtp_verify_jobs_show_job);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_show_job(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t                          rc;
    ngx_http_smtp_verify_jobs_call_t  *call;

    rc = ngx_http_smtp_verify_jobs_owned(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    call = hj->call;

    if (call->job.state == SV_JOB_UPLOADING) {
        return ngx_http_smtp_verify_jobs_send(hj, NGX_HTTP_OK);
    }

    return ngx_http_smtp_verify_jobs_call(hj, call->job.id,
                                       ngx_http_smtp_verify_jobs_totals,
                                       ngx_http_smtp_verify_jobs_show_totals);
}


void
ngx_http_smtp_verify_jobs_totals(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    task->status = sv_job_totals(task->job, &call->totals);

    if (task->status == SV_JOBS_OK) {
        task->status = sv_job_waits(task->job, &call->totals);
    }
}


/* Of a job that is cancelled, what was under way is still stored, and the rest
   gets a result without being asked. */

ngx_uint_t
ngx_http_smtp_verify_jobs_is_over(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    switch (call->job.state) {

    case SV_JOB_COMPLETED:
    case SV_JOB_FAILED:
        return 1;

    case SV_JOB_CANCELLED:
        return call->totals.results >= call->totals.records;

    default:
        return 0;
    }
}


static ngx_int_t
ngx_http_smtp_verify_jobs_show_totals(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    if (hj->call->task.status != SV_JOBS_OK) {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    return ngx_http_smtp_verify_jobs_send(hj, NGX_HTTP_OK);
}


ngx_int_t
ngx_http_smtp_verify_jobs_send(ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_uint_t status)
{
    u_char                            *p;
    ngx_int_t                          rc;
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    p = ngx_alloc(NGX_HTTP_SMTP_VERIFY_JOBS_JSON_MAX,
                  hj->request->connection->log);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_smtp_verify_jobs_send_json(hj->request, status, p,
                                  ngx_http_smtp_verify_jobs_json(p, hj->store,
                                                             &call->job,
                                                             &call->totals));
    ngx_free(p);

    return rc;
}


/* copies the object, and adds the end of the line */

static ngx_int_t
ngx_http_smtp_verify_jobs_send_json(ngx_http_request_t *r, ngx_uint_t status,
    u_char *data, u_char *last)
{
    ngx_buf_t  *b;

    b = ngx_create_temp_buf(r->pool, last - data + 1);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, data, last - data);
    *b->last++ = '\n';

    return ngx_http_smtp_verify_send(r, status,
                                     &ngx_http_smtp_verify_jobs_type, b);
}


/* The list of jobs, the newest first.  One more than is shown is read, to know
   whether there are more. */

ngx_int_t
ngx_http_smtp_verify_jobs_list(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    size_t                             limit;
    sv_jobs_query_t                   *query;
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;
    query = &hj->query;

    limit = query->has_limit ? (size_t) ngx_min(query->limit, SV_JOBS_PAGE_MAX)
                             : NGX_HTTP_SMTP_VERIFY_JOBS_SHOWN;

    if (query->has_cursor) {

        if (!sv_jobs_query_is_id((u_char *) query->after,
                           ngx_strlen(query->after)))
        {
            return ngx_http_smtp_verify_problem(hj->request, 422,
                                            "invalid_parameter",
                                            "\"cursor\" must be what \"next\" "
                                            "of the last answer said.");
        }

        ngx_memcpy(call->page.after, query->after, SV_JOBS_ID_LEN);
    }

    call->page.client = call->client;
    call->page.state = query->has_state ? (int) query->state : -1;
    call->page.limit = limit + 1;

    call->list = ngx_alloc((limit + 1) * sizeof(sv_catalog_job_t),
                           hj->request->connection->log);
    if (call->list == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                        ngx_http_smtp_verify_jobs_page,
                                        ngx_http_smtp_verify_jobs_send_page);
}


void
ngx_http_smtp_verify_jobs_page(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    call->n = call->page.limit;
    task->status = sv_catalog_list(task->catalog, &call->page, call->list,
                                   &call->n);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_send_page(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    size_t                             i, n, shown;
    u_char                            *p, *last, *buf;
    ngx_int_t                          rc;
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    if (call->task.status != SV_JOBS_OK && call->task.status != SV_JOBS_DONE) {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    n = ngx_min(call->n, call->page.limit - 1);

    buf = ngx_alloc((n + 1) * NGX_HTTP_SMTP_VERIFY_JOBS_JSON_MAX,
                    hj->request->connection->log);
    if (buf == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_cpymem(buf, "{\"jobs\":[", 9);

    for (i = 0, shown = 0; i < n; i++) {

        if (call->list[i].state == SV_JOB_PURGING) {
            continue;
        }

        if (shown++) {
            *p++ = ',';
        }

        p = ngx_http_smtp_verify_jobs_json(p, hj->store, &call->list[i], NULL);
    }

    if (call->n > n && n) {
        last = ngx_sprintf(p, "],\"next\":\"%s\"}", call->list[n - 1].id);

    } else {
        last = ngx_sprintf(p, "],\"next\":null}");
    }

    rc = ngx_http_smtp_verify_jobs_send_json(hj->request, NGX_HTTP_OK, buf,
                                             last);
    ngx_free(buf);

    return rc;
}
