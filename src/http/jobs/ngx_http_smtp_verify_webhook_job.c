
#include "ngx_http_smtp_verify_webhook.h"


#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_TESTS   16     /* at once, in a worker */
#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_TESTED  2      /* ... of a client */


static void ngx_http_smtp_verify_webhook_told(
    ngx_http_smtp_verify_webhook_t *wh);
static ngx_int_t ngx_http_smtp_verify_webhook_test_job(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_webhook_test(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_webhook_test_left(void *data);
static void ngx_http_smtp_verify_webhook_tested(
    ngx_http_smtp_verify_webhook_t *wh);
static ngx_int_t ngx_http_smtp_verify_webhook_test_send(
    ngx_http_smtp_verify_jobs_ctx_t *hj, ngx_http_smtp_verify_webhook_t *wh);


/* For the engine of the jobs, which tells what is due. */

ngx_int_t
ngx_http_smtp_verify_webhook_engine(ngx_smtp_verify_jobs_hook_t *hook)
{
    ngx_http_smtp_verify_webhook_t       *wh;
    ngx_http_smtp_verify_webhook_conf_t  *conf;

    conf = hook->task.jobs->hook->data;

    wh = ngx_http_smtp_verify_webhook_create(conf, hook->job.webhook);
    if (wh == NULL) {
        return NGX_ERROR;
    }

    wh->handler = ngx_http_smtp_verify_webhook_told;
    wh->data = hook;

    if (ngx_http_smtp_verify_webhook_event(wh, &hook->job, hook->event.event,
                                           hook->event.type,
                                           hook->event.created,
                                           hook->counted ? &hook->totals
                                                         : NULL)
        != NGX_OK
        || ngx_http_smtp_verify_webhook_send(wh) != NGX_OK)
    {
        ngx_http_smtp_verify_webhook_free(wh);
        return NGX_ERROR;
    }

    hook->data = wh;

    return NGX_OK;
}


static void
ngx_http_smtp_verify_webhook_told(ngx_http_smtp_verify_webhook_t *wh)
{
    ngx_smtp_verify_jobs_hook_t  *hook;

    hook = wh->data;

    hook->sent = wh->sent;
    hook->status = wh->status;
    hook->retry_after = wh->retry_after;
    hook->error = wh->error;
    hook->data = NULL;

    ngx_http_smtp_verify_webhook_free(wh);
    ngx_smtp_verify_jobs_hook_sent(hook);
}


void
ngx_http_smtp_verify_webhook_cancel(ngx_smtp_verify_jobs_hook_t *hook)
{
    if (hook->data) {
        ngx_http_smtp_verify_webhook_free(hook->data);
        hook->data = NULL;
    }
}


/* May this client have webhooks, and this one? */

ngx_int_t
ngx_http_smtp_verify_jobs_webhook_check(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    sv_str_t                              text;
    socklen_t                             len;
    sv_hook_key_t                        *keys[
                                            NGX_HTTP_SMTP_VERIFY_WEBHOOK_KEYS];
    sv_hook_url_t                         url;
    ngx_sockaddr_t                        sa;
    ngx_http_smtp_verify_webhook_conf_t  *conf;

    if (!hj->query.has_webhook || hj->query.webhook[0] == '\0') {
        return NGX_DECLINED;
    }

    conf = hj->limits->webhook;

    if (conf == NULL) {
        return ngx_http_smtp_verify_problem(hj->request, 422,
                                            "invalid_parameter",
                                            "\"webhook\" cannot be used: this "
                                            "server sends no webhooks.");
    }

    if (ngx_http_smtp_verify_webhook_keys(conf, hj->call->client, keys) == 0) {
        return ngx_http_smtp_verify_problem(hj->request, 422,
                                            "invalid_parameter",
                                            "\"webhook\" cannot be used: the "
                                            "operator has not set a secret for "
                                            "this client.");
    }

    text.data = (unsigned char *) hj->query.webhook;
    text.len = ngx_strlen(hj->query.webhook);

    if (sv_hook_url(&text, &url) == 0 && url.family) {

        ngx_http_smtp_verify_webhook_literal(&url, &sa, &len);

        if (!ngx_http_smtp_verify_webhook_allowed(conf, &sa.sockaddr)) {
            return ngx_http_smtp_verify_problem(hj->request, 422,
                                                "invalid_parameter",
                                                "\"webhook\" must not have a "
                                                "private address.");
        }
    }

    return NGX_DECLINED;
}


/* POST sends a test, and answers with what came of it. */

ngx_int_t
ngx_http_smtp_verify_jobs_webhook(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    char       *client;
    ngx_int_t   rc;

    rc = ngx_http_discard_request_body(hj->request);
    if (rc != NGX_OK) {
        return rc;
    }

    client = hj->call->client;

    if (ngx_http_smtp_verify_webhook_tests(NULL)
        >= NGX_HTTP_SMTP_VERIFY_WEBHOOK_TESTS
        || ngx_http_smtp_verify_webhook_tests(client)
           >= NGX_HTTP_SMTP_VERIFY_WEBHOOK_TESTED)
    {
        return ngx_http_smtp_verify_problem(hj->request,
                                            NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "too_many_tests",
                                            "Too many webhooks are being "
                                            "tested; try again in a moment.");
    }

    ngx_memcpy(hj->call->job.id, hj->id.data, SV_JOBS_ID_LEN);

    return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                       ngx_http_smtp_verify_jobs_get,
                                       ngx_http_smtp_verify_webhook_test_job);
}


static ngx_int_t
ngx_http_smtp_verify_webhook_test_job(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t                          rc;
    ngx_http_smtp_verify_jobs_call_t  *call;

    rc = ngx_http_smtp_verify_jobs_owned(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    call = hj->call;

    if (call->job.webhook[0] == '\0' || hj->limits->webhook == NULL) {
        return ngx_http_smtp_verify_problem(hj->request, NGX_HTTP_CONFLICT,
                                            "no_webhook",
                                            "The job has no webhook, or this "
                                            "server sends none.");
    }

    if (call->job.state == SV_JOB_UPLOADING) {
        call->task.status = SV_JOBS_NOT_FOUND;
        return ngx_http_smtp_verify_webhook_test(hj);
    }

    return ngx_http_smtp_verify_jobs_call(hj, call->job.id,
                                          ngx_http_smtp_verify_jobs_totals,
                                          ngx_http_smtp_verify_webhook_test);
}


static ngx_int_t
ngx_http_smtp_verify_webhook_test(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    int64_t                            now;
    char                               id[SV_JOBS_ID_LEN + 1];
    ngx_http_cleanup_t                *cln;
    ngx_http_smtp_verify_webhook_t    *wh;
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;
    now = (int64_t) ngx_time() * 1000;

    cln = ngx_http_cleanup_add(hj->request, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    wh = ngx_http_smtp_verify_webhook_create(hj->limits->webhook,
                                             call->job.webhook);
    if (wh == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    wh->handler = ngx_http_smtp_verify_webhook_tested;
    wh->data = hj;
    wh->client = call->client;

    sv_catalog_id(id);

    if (ngx_http_smtp_verify_webhook_event(wh, &call->job, id, 0, now,
                                           call->task.status == SV_JOBS_OK
                                           ? &call->totals : NULL)
        != NGX_OK
        || ngx_http_smtp_verify_webhook_send(wh) != NGX_OK)
    {
        ngx_http_smtp_verify_webhook_free(wh);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_smtp_verify_webhook_test_left;
    cln->data = wh;
    wh->cleanup = cln;

    return NGX_AGAIN;
}


static void
ngx_http_smtp_verify_webhook_test_left(void *data)
{
    ngx_http_smtp_verify_webhook_free(data);
}


static void
ngx_http_smtp_verify_webhook_tested(ngx_http_smtp_verify_webhook_t *wh)
{
    ngx_int_t                         rc;
    ngx_http_smtp_verify_jobs_ctx_t  *hj;

    hj = wh->data;
    wh->cleanup->handler = NULL;

    if (!ngx_http_smtp_verify_jobs_is_here(hj)) {
        ngx_http_smtp_verify_webhook_free(wh);
        return;
    }

    rc = ngx_http_smtp_verify_webhook_test_send(hj, wh);

    ngx_http_smtp_verify_webhook_free(wh);
    ngx_http_smtp_verify_jobs_continue(hj, rc);
}


static ngx_int_t
ngx_http_smtp_verify_webhook_test_send(ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_http_smtp_verify_webhook_t *wh)
{
    ngx_buf_t  *b;
    ngx_str_t  *id;

    static ngx_str_t  type = ngx_string("application/json");

    id = &wh->headers[0].value;

    b = ngx_create_temp_buf(hj->request->pool, 256);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"id\":\"%V\",\"delivered\":%s,"
                          "\"status\":", id,
                          wh->sent == ngx_smtp_verify_jobs_hook_delivered
                          ? "true" : "false");

    b->last = wh->status ? ngx_sprintf(b->last, "%ui", wh->status)
                         : ngx_cpymem(b->last, "null", 4);

    b->last = wh->error ? ngx_sprintf(b->last, ",\"error\":\"%s\"", wh->error)
                        : ngx_cpymem(b->last, ",\"error\":null", 13);

    b->last = ngx_sprintf(b->last, ",\"response_time_ms\":%M}\n", wh->took);

    return ngx_http_smtp_verify_send(hj->request, NGX_HTTP_OK, &type, b);
}
