
#include "ngx_http_smtp_verify_jobs_results.h"


#define NGX_HTTP_SMTP_VERIFY_EVENTS_STREAMS  64     /* of a worker */
#define NGX_HTTP_SMTP_VERIFY_EVENTS_CLIENT   16     /* of a client with a
                                                       token */
#define NGX_HTTP_SMTP_VERIFY_EVENTS_EACH     1000   /* ms */
#define NGX_HTTP_SMTP_VERIFY_EVENTS_BEAT     15000  /* ms */


static ngx_uint_t ngx_http_smtp_verify_events_may(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_events_cleanup(void *data);
static ngx_int_t ngx_http_smtp_verify_events_read(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_events_job(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_events_totals(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_events_header(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_uint_t ngx_http_smtp_verify_events_changed(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_events_write(
    ngx_http_smtp_verify_jobs_ctx_t *hj, const char *name);
static ngx_int_t ngx_http_smtp_verify_events_end(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_events_tick(ngx_event_t *ev);
static void ngx_http_smtp_verify_events_writer(ngx_http_request_t *r);


static ngx_queue_t  ngx_http_smtp_verify_events_queue = {
    &ngx_http_smtp_verify_events_queue, &ngx_http_smtp_verify_events_queue
};


/* Server-sent events: the job, each second in which something has changed.  The
   last event has the name of the state that the job has ended in. */

ngx_int_t
ngx_http_smtp_verify_jobs_events(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_request_t  *r;
    ngx_http_cleanup_t  *cln;

    r = hj->request;

    if (!ngx_http_smtp_verify_events_may(hj)) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "too_many_streams",
                                            "Too many clients follow jobs; "
                                            "ask for the job itself.");
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hj->results = ngx_pcalloc(r->pool,
                              sizeof(ngx_http_smtp_verify_jobs_results_t));
    if (hj->results == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_smtp_verify_events_cleanup;
    cln->data = hj;

    ngx_queue_insert_tail(&ngx_http_smtp_verify_events_queue,
                          &hj->results->queue);

    hj->results->output.request = r;
    hj->results->client = hj->call->client;

    hj->work.handler = ngx_http_smtp_verify_events_tick;
    hj->work.data = hj;
    hj->work.log = r->connection->log;

    ngx_memcpy(hj->call->job.id, hj->id.data, SV_JOBS_ID_LEN);

    return ngx_http_smtp_verify_events_read(hj);
}


/* The streams of a worker are few.  One client must not have all of them. */

static ngx_uint_t
ngx_http_smtp_verify_events_may(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    char                                 *name;
    ngx_uint_t                            all, own;
    ngx_queue_t                          *q;
    ngx_http_smtp_verify_jobs_results_t  *res;

    all = 0;
    own = 0;
    name = hj->call->client;

    for (q = ngx_queue_head(&ngx_http_smtp_verify_events_queue);
         q != ngx_queue_sentinel(&ngx_http_smtp_verify_events_queue);
         q = ngx_queue_next(q))
    {
        res = ngx_queue_data(q, ngx_http_smtp_verify_jobs_results_t, queue);

        all++;
        own += (ngx_strcmp(res->client, name) == 0);
    }

    if (name[0] && own >= NGX_HTTP_SMTP_VERIFY_EVENTS_CLIENT) {
        return 0;
    }

    return all < NGX_HTTP_SMTP_VERIFY_EVENTS_STREAMS;
}


static void
ngx_http_smtp_verify_events_cleanup(void *data)
{
    ngx_http_smtp_verify_jobs_ctx_t *hj = data;

    ngx_queue_remove(&hj->results->queue);
}


static ngx_int_t
ngx_http_smtp_verify_events_read(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                          ngx_http_smtp_verify_jobs_get,
                                          ngx_http_smtp_verify_events_job);
}


/* a job that is gone ends the stream */

static ngx_int_t
ngx_http_smtp_verify_events_job(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t  rc;

    if (!hj->results->header) {

        rc = ngx_http_smtp_verify_jobs_owned(hj);
        if (rc != NGX_DECLINED) {
            return rc;
        }

    } else if (hj->call->task.status != SV_JOBS_OK
               || hj->call->job.state == SV_JOB_PURGING)
    {
        return ngx_http_smtp_verify_events_end(hj);
    }

    if (hj->call->job.state == SV_JOB_UPLOADING) {
        ngx_memzero(&hj->call->totals, sizeof(sv_job_totals_t));
        return ngx_http_smtp_verify_events_totals(hj);
    }

    return ngx_http_smtp_verify_jobs_call(hj, hj->call->job.id,
                                          ngx_http_smtp_verify_jobs_totals,
                                          ngx_http_smtp_verify_events_totals);
}


static ngx_int_t
ngx_http_smtp_verify_events_totals(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t                             rc;
    sv_job_state_e                        state;
    ngx_http_smtp_verify_jobs_results_t  *res;

    res = hj->results;
    state = hj->call->job.state;

    if (hj->call->task.status != SV_JOBS_OK) {
        return res->header ? ngx_http_smtp_verify_events_end(hj)
                           : ngx_http_smtp_verify_jobs_refuse(hj);
    }

    if (!res->header) {
        rc = ngx_http_smtp_verify_events_header(hj);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_http_smtp_verify_jobs_is_over(hj)) {
        rc = ngx_http_smtp_verify_events_write(hj, sv_job_state_name(state));

        return rc == NGX_OK ? ngx_http_smtp_verify_events_end(hj) : NGX_ERROR;
    }

    rc = NGX_OK;

    if (ngx_http_smtp_verify_events_changed(hj)) {
        rc = ngx_http_smtp_verify_events_write(hj, "progress");

    } else if (ngx_current_msec - res->sent
               >= NGX_HTTP_SMTP_VERIFY_EVENTS_BEAT)
    {
        res->sent = ngx_current_msec;
        rc = ngx_http_smtp_verify_output_write(&res->output, (u_char *) ":\n\n",
                                               3);
    }

    if (rc != NGX_OK
        || (res->output.out && res->output.busy == NULL
            && ngx_http_smtp_verify_output_send(&res->output) != NGX_OK))
    {
        return NGX_ERROR;
    }

    ngx_add_timer(&hj->work, NGX_HTTP_SMTP_VERIFY_EVENTS_EACH);

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_smtp_verify_events_header(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_request_t  *r;

    r = hj->request;

    hj->results->header = 1;
    hj->results->sent = ngx_current_msec;

    ngx_str_set(&r->headers_out.content_type, "text/event-stream");

    return ngx_http_smtp_verify_output_header(r, hj->request_id,
                                         ngx_http_smtp_verify_events_writer);
}


/* If the client does not read, it gets the next event when it does. */

static ngx_uint_t
ngx_http_smtp_verify_events_changed(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_smtp_verify_jobs_call_t     *call;
    ngx_http_smtp_verify_jobs_results_t  *res;

    call = hj->call;
    res = hj->results;

    if (res->output.busy
        || (res->count == call->totals.results
            && res->waiting == call->totals.waiting
            && res->state == call->job.state + 1))
    {
        return 0;
    }

    return 1;
}


static ngx_int_t
ngx_http_smtp_verify_events_write(ngx_http_smtp_verify_jobs_ctx_t *hj,
    const char *name)
{
    u_char                               *p, *buf;
    ngx_int_t                             rc;
    ngx_http_smtp_verify_jobs_call_t     *call;
    ngx_http_smtp_verify_jobs_results_t  *res;

    call = hj->call;
    res = hj->results;

    res->count = call->totals.results;
    res->waiting = call->totals.waiting;
    res->state = call->job.state + 1;
    res->sent = ngx_current_msec;

    buf = ngx_alloc(NGX_HTTP_SMTP_VERIFY_JOBS_JSON_MAX + 256,
                    hj->request->connection->log);
    if (buf == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(buf, "id: %uL\nevent: %s\ndata: ", res->count, name);
    p = ngx_http_smtp_verify_jobs_json(p, hj->store, &call->job,
                                       &call->totals);
    p = ngx_cpymem(p, "\n\n", 2);

    rc = ngx_http_smtp_verify_output_write(&res->output, buf, p - buf);

    ngx_free(buf);

    return rc;
}


static ngx_int_t
ngx_http_smtp_verify_events_end(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    if (hj->results->output.out
        && ngx_http_smtp_verify_output_send(&hj->results->output) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_send_special(hj->request, NGX_HTTP_LAST);
}


/* A worker that shuts down ends its streams: clients connect again. */

static void
ngx_http_smtp_verify_events_tick(ngx_event_t *ev)
{
    ngx_http_smtp_verify_jobs_ctx_t  *hj;

    hj = ev->data;

    if (!ngx_http_smtp_verify_jobs_is_here(hj)) {
        return;
    }

    ngx_http_smtp_verify_jobs_continue(hj, (ngx_exiting || ngx_terminate)
                                       ? ngx_http_smtp_verify_events_end(hj)
                                       : ngx_http_smtp_verify_events_read(hj));
}


static void
ngx_http_smtp_verify_events_writer(ngx_http_request_t *r)
{
    ngx_event_t                 *wev;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    wev = r->connection->write;

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                      "client timed out");
        r->connection->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (ctx->jobs->results->output.busy && !wev->delayed
        && ngx_http_smtp_verify_output_send(&ctx->jobs->results->output)
           != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}
