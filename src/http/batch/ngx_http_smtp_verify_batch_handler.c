
#include "ngx_http_smtp_verify_ask.h"
#include "ngx_http_smtp_verify_batch_handler.h"
#include "ngx_http_smtp_verify_rdap.h"


static ngx_int_t ngx_http_smtp_verify_batch_refuse(ngx_http_request_t *r);
static ngx_http_smtp_verify_batch_ctx_t *ngx_http_smtp_verify_batch_create_ctx(
    ngx_http_request_t *r, ngx_http_smtp_verify_ctx_t *ctx);
static ngx_int_t ngx_http_smtp_verify_batch_prepare(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static void ngx_http_smtp_verify_batch_cleanup(void *data);
static void ngx_http_smtp_verify_batch_asking(ngx_smtp_verify_batch_t *hb,
    ngx_str_t *email);
static void ngx_http_smtp_verify_batch_turn(ngx_smtp_verify_batch_t *hb);
static void ngx_http_smtp_verify_batch_finish(
    ngx_http_smtp_verify_batch_ctx_t *hb);


static ngx_smtp_verify_batch_sink_t  ngx_http_smtp_verify_batch_sink = {
    ngx_http_smtp_verify_batch_line_result,
    ngx_http_smtp_verify_batch_line_error,
    ngx_http_smtp_verify_batch_blocked,
    ngx_http_smtp_verify_batch_write
};


ngx_int_t
ngx_http_smtp_verify_batch_handler(ngx_http_request_t *r)
{
    ngx_int_t                          rc;
    ngx_http_smtp_verify_ctx_t        *ctx;
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    rc = ngx_http_smtp_verify_begin(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_smtp_verify_batch_refuse(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    hb = ngx_http_smtp_verify_batch_create_ctx(r, ctx);
    if (hb == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_smtp_verify_batch_args(hb);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_smtp_verify_batch_prepare(hb);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_smtp_verify_batch_read(r);
}


/* Refuses what can be refused without reading the list. */

static ngx_int_t
ngx_http_smtp_verify_batch_refuse(ngx_http_request_t *r)
{
    off_t                             max;
    ngx_int_t                         rc;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (r->method != NGX_HTTP_POST) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_ALLOWED,
                                            "method_not_allowed",
                                            "Use POST.");
    }

    rc = ngx_http_smtp_verify_body_refuse(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (r->headers_in.content_length_n < 0 && !r->headers_in.chunked) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_LENGTH_REQUIRED,
                                            "length_required",
                                            "Send a body, with its length or "
                                            "in chunks.");
    }

    max = slcf->batch.max_body;

    if (max && r->headers_in.content_length_n > max) {
        return ngx_http_smtp_verify_problem(r,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "body_too_large",
                                       "The body is larger than "
                                       "client_max_body_size allows.");
    }

    return NGX_DECLINED;
}


static ngx_http_smtp_verify_batch_ctx_t *
ngx_http_smtp_verify_batch_create_ctx(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_smtp_verify_batch_t           *b;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_smtp_verify_loc_conf_t   *slcf;
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    hb = ngx_pcalloc(r->pool, sizeof(ngx_http_smtp_verify_batch_ctx_t));
    if (hb == NULL) {
        return NULL;
    }

    ctx->batch = hb;

    hb->request = r;
    hb->output.request = r;
    hb->limits = &slcf->batch;
    hb->request_id = &ctx->request_id;
    hb->untold = !ngx_http_smtp_verify_client_may(r, SV_TOKENS_ADMIN);
    hb->sent = ngx_current_msec;

    hb->body.pool = r->pool;
    hb->body.log = r->connection->log;
    hb->body.path = clcf->client_body_temp_path;

    b = &hb->batch;

    b->data = hb;
    b->handler = ngx_http_smtp_verify_batch_turn;
    b->asking = ngx_http_smtp_verify_batch_asking;
    b->source = ngx_http_smtp_verify_batch_source;
    b->sink = &ngx_http_smtp_verify_batch_sink;
    b->limits = slcf->batch.limits;
    b->pool = r->pool;
    b->log = r->connection->log;
    b->temp_path = clcf->client_body_temp_path;
    b->timeout = slcf->batch.timeout;

    ngx_http_smtp_verify_asker(r, &b->asker);
    b->asker.bulk = 1;
    b->asker.sandbox = ngx_http_smtp_verify_client_sandbox(r);

    return hb;
}


static ngx_int_t
ngx_http_smtp_verify_batch_prepare(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    size_t               line;
    ngx_int_t            rc;
    ngx_http_request_t  *r;
    ngx_http_cleanup_t  *cln;

    r = hb->request;

    rc = ngx_http_smtp_verify_ask_as(r, &hb->batch.asker);

    if (rc == NGX_OK) {
        rc = ngx_http_smtp_verify_client_account(r, &hb->batch.asker.account);
    }

    if (rc != NGX_OK) {
        return ngx_http_smtp_verify_ask_refuse(r, rc);
    }

    line = hb->limits->line;

    hb->records.size = line;
    hb->records.buf = ngx_palloc(r->pool, SV_RECORDS_MEM(line));
    hb->input = ngx_palloc(r->pool, 4 * line);

    if (hb->records.buf == NULL || hb->input == NULL
        || ngx_smtp_verify_batch_init(&hb->batch) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_smtp_verify_batch_cleanup;
    cln->data = hb;

    return NGX_DECLINED;
}


static void
ngx_http_smtp_verify_batch_cleanup(void *data)
{
    ngx_http_smtp_verify_batch_ctx_t *hb = data;

    ngx_smtp_verify_batch_free(&hb->batch);
}


static void
ngx_http_smtp_verify_batch_asking(ngx_smtp_verify_batch_t *b, ngx_str_t *email)
{
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    hb = b->data;

    ngx_http_smtp_verify_rdap_start(hb->request, email);
}


/* Only the first error is kept, and its status. */

void
ngx_http_smtp_verify_batch_fail(ngx_http_smtp_verify_batch_ctx_t *hb,
    ngx_uint_t status, const char *error, const char *detail)
{
    if (hb->batch.error == NULL) {
        hb->status = status;
        ngx_smtp_verify_batch_error(&hb->batch, error, detail);
    }
}


static void
ngx_http_smtp_verify_batch_turn(ngx_smtp_verify_batch_t *b)
{
    ngx_uint_t                         blocked;
    ngx_connection_t                  *c;
    ngx_http_request_t                *r;
    ngx_http_smtp_verify_ctx_t        *ctx;
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    hb = b->data;
    r = hb->request;
    c = r->connection;

    /* the same check as in ngx_http_smtp_verify_is_here() */

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    if (ctx == NULL || ctx->batch != hb) {
        ngx_smtp_verify_batch_free(b);
        return;
    }

    ngx_http_set_log_request(c->log, r);

    if (b->failed) {
        ngx_http_finalize_request(r, NGX_ERROR);
        ngx_http_run_posted_requests(c);
        return;
    }

    if (ngx_current_msec - hb->sent >= hb->limits->heartbeat
        && !ngx_http_smtp_verify_batch_blocked(b))
    {
        ngx_http_smtp_verify_batch_line_heartbeat(b);
    }

    ngx_smtp_verify_batch_run(b);

    blocked = ngx_http_smtp_verify_batch_blocked(b);

    if (b->done) {
        ngx_http_smtp_verify_batch_finish(hb);

    } else if (ngx_http_smtp_verify_batch_flush(hb) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);

    } else if (blocked && !ngx_http_smtp_verify_batch_blocked(b)) {

        /* the client has taken all of it, so no other event will wake the
           batch */

        ngx_post_event(&b->work, &ngx_posted_next_events);
    }

    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_smtp_verify_batch_send_header(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    ngx_http_request_t  *r;

    r = hb->request;

    hb->header = 1;

    if (!hb->reading) {
        ngx_http_smtp_verify_body_close(r);
    }

    if (hb->csv) {
        ngx_str_set(&r->headers_out.content_type, "text/csv");
        ngx_str_set(&r->headers_out.charset, "utf-8");

    } else {
        ngx_str_set(&r->headers_out.content_type, "application/x-ndjson");
    }

    return ngx_http_smtp_verify_output_header(r, hb->request_id,
                                          ngx_http_smtp_verify_batch_writer);
}


/* An error before the first record is an HTTP error; a later one is reported
   in the summary. */

static void
ngx_http_smtp_verify_batch_finish(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    ngx_int_t                 rc;
    ngx_uint_t                status;
    ngx_http_request_t       *r;
    ngx_smtp_verify_batch_t  *b;

    r = hb->request;
    b = &hb->batch;

    ngx_smtp_verify_batch_end(b);

    if (b->error && !hb->header && b->next.index == 0) {

        /* errors of the engine have no HTTP status */

        status = hb->status ? hb->status : NGX_HTTP_SERVICE_UNAVAILABLE;

        rc = ngx_http_smtp_verify_problem(r, status, b->error, b->detail);
        ngx_http_finalize_request(r, rc);
        return;
    }

    ngx_http_smtp_verify_batch_line_summary(b);

    if (ngx_http_smtp_verify_batch_flush(hb) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
}
