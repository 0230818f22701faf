
#include "ngx_http_smtp_verify_ask.h"
#include "ngx_http_smtp_verify_batch.h"


#define NGX_HTTP_SMTP_VERIFY_BATCH_TICK  100        /* ms */


static ngx_int_t ngx_http_smtp_verify_batch_refuse(ngx_http_request_t *r);
static ngx_http_smtp_verify_batch_t *ngx_http_smtp_verify_batch_create_ctx(
    ngx_http_request_t *r, ngx_http_smtp_verify_ctx_t *ctx);
static ngx_int_t ngx_http_smtp_verify_batch_init(
    ngx_http_smtp_verify_batch_t *b);
static void ngx_http_smtp_verify_batch_cleanup(void *data);
static void ngx_http_smtp_verify_batch_tick(ngx_event_t *ev);
static void ngx_http_smtp_verify_batch_event(ngx_event_t *ev);
static void ngx_http_smtp_verify_batch_time(ngx_http_smtp_verify_batch_t *b);
static void ngx_http_smtp_verify_batch_end(ngx_http_smtp_verify_batch_t *b);


ngx_int_t
ngx_http_smtp_verify_batch_handler(ngx_http_request_t *r)
{
    ngx_int_t                      rc;
    ngx_http_smtp_verify_ctx_t    *ctx;
    ngx_http_smtp_verify_batch_t  *b;

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

    b = ngx_http_smtp_verify_batch_create_ctx(r, ctx);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_smtp_verify_batch_args(b);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_smtp_verify_batch_init(b);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    return ngx_http_smtp_verify_batch_read(r);
}


/* what can be told without a look at the list */

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


static ngx_http_smtp_verify_batch_t *
ngx_http_smtp_verify_batch_create_ctx(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_uint_t                     i;
    ngx_http_smtp_verify_batch_t  *b;

    b = ngx_pcalloc(r->pool, sizeof(ngx_http_smtp_verify_batch_t));
    if (b == NULL) {
        return NULL;
    }

    ctx->batch = b;

    b->request = r;
    b->conf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);
    b->limits = &b->conf->batch;
    b->request_id = &ctx->request_id;
    b->untold = !ngx_http_smtp_verify_client_may(r, SV_TOKENS_ADMIN);

    ngx_http_smtp_verify_asker(r, &b->asker);
    b->asker.bulk = 1;

    b->start = ngx_current_msec;
    b->sent = ngx_current_msec;
    b->deadline = b->start + b->limits->timeout;

    b->work.handler = ngx_http_smtp_verify_batch_event;
    b->work.data = b;
    b->work.log = r->connection->log;

    /* not cancelable: a worker on its way out lives until all is told */

    b->tick.handler = ngx_http_smtp_verify_batch_tick;
    b->tick.data = b;
    b->tick.log = r->connection->log;

    b->body.request = r;
    b->again[0].request = r;
    b->again[1].request = r;

    b->resume = (uint64_t) -1;

    ngx_queue_init(&b->items);
    ngx_queue_init(&b->ready);
    ngx_queue_init(&b->recent);

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_BATCH_DOMAINS; i++) {
        ngx_queue_init(&b->domains[i]);
    }

    return b;
}


static ngx_int_t
ngx_http_smtp_verify_batch_init(ngx_http_smtp_verify_batch_t *b)
{
    ngx_int_t            rc;
    ngx_uint_t           i;
    ngx_http_request_t  *r;
    ngx_http_cleanup_t  *cln;

    r = b->request;

    rc = ngx_http_smtp_verify_ask_as(r, &b->asker);

    if (rc == NGX_OK) {
        rc = ngx_http_smtp_verify_client_account(r, &b->asker.account);
    }

    if (rc != NGX_OK) {
        return ngx_http_smtp_verify_ask_refuse(r, rc);
    }

    b->records.size = b->limits->line;
    b->records.buf = ngx_palloc(r->pool, SV_RECORDS_MEM(b->limits->line));
    b->input = ngx_palloc(r->pool, 4 * b->limits->line);

    if (b->records.buf == NULL || b->input == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->seen = ngx_palloc(r->pool,
                         NGX_HTTP_SMTP_VERIFY_BATCH_SEEN * sizeof(ngx_queue_t));
    if (b->seen == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_BATCH_SEEN; i++) {
        ngx_queue_init(&b->seen[i]);
    }

    if (b->ordered) {
        b->window = ngx_pcalloc(r->pool,
                                b->limits->window * sizeof(ngx_str_t));
        if (b->window == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_smtp_verify_batch_cleanup;
    cln->data = b;

    return NGX_DECLINED;
}


static void
ngx_http_smtp_verify_batch_cleanup(void *data)
{
    ngx_http_smtp_verify_batch_t *b = data;

    ngx_uint_t  i;

    if (b->tick.timer_set) {
        ngx_del_timer(&b->tick);
    }

    if (b->work.posted) {
        ngx_delete_posted_event(&b->work);
    }

    ngx_http_smtp_verify_batch_cancel(b);
    ngx_http_smtp_verify_seen_free(b);

    for (i = 0; b->window && i < b->limits->window; i++) {
        if (b->window[i].data) {
            ngx_free(b->window[i].data);
            b->window[i].data = NULL;
        }
    }
}


void
ngx_http_smtp_verify_batch_wake(ngx_http_smtp_verify_batch_t *b)
{
    ngx_post_event(&b->work, &ngx_posted_events);
}


/* the first error counts; what was read before it is still worked off */

void
ngx_http_smtp_verify_batch_error(ngx_http_smtp_verify_batch_t *b,
    ngx_uint_t status, const char *error, const char *detail)
{
    if (b->error) {
        return;
    }

    b->status = status;
    b->error = error;
    b->detail = detail;
}


static void
ngx_http_smtp_verify_batch_tick(ngx_event_t *ev)
{
    ngx_http_smtp_verify_batch_t  *b;

    b = ev->data;

    b->full = 0;

    ngx_add_timer(ev, NGX_HTTP_SMTP_VERIFY_BATCH_TICK);

    ngx_http_smtp_verify_batch_wake(b);
}


static void
ngx_http_smtp_verify_batch_event(ngx_event_t *ev)
{
    ngx_uint_t                     blocked;
    ngx_connection_t              *c;
    ngx_http_request_t            *r;
    ngx_http_smtp_verify_ctx_t    *ctx;
    ngx_http_smtp_verify_batch_t  *b;

    b = ev->data;
    r = b->request;
    c = r->connection;

    /* as ngx_http_smtp_verify_is_here() */

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    if (ctx == NULL || ctx->batch != b) {
        ngx_http_smtp_verify_batch_cleanup(b);
        return;
    }

    ngx_http_set_log_request(c->log, r);

    if (b->failed) {
        ngx_http_finalize_request(r, NGX_ERROR);
        ngx_http_run_posted_requests(c);
        return;
    }

    ngx_http_smtp_verify_batch_time(b);

    if (ngx_http_smtp_verify_batch_work(b) != NGX_OK) {
        ngx_post_event(&b->work, &ngx_posted_next_events);
    }

    blocked = ngx_http_smtp_verify_batch_blocked(b);

    if (b->done) {
        ngx_http_smtp_verify_batch_end(b);

    } else if (ngx_http_smtp_verify_batch_flush(b) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);

    } else if (blocked && !ngx_http_smtp_verify_batch_blocked(b)) {

        /* the client took it all: nothing else would go on with it */

        ngx_post_event(&b->work, &ngx_posted_next_events);
    }

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_smtp_verify_batch_time(ngx_http_smtp_verify_batch_t *b)
{
    if (ngx_current_msec - b->sent >= b->limits->heartbeat
        && !ngx_http_smtp_verify_batch_blocked(b))
    {
        ngx_http_smtp_verify_line_heartbeat(b);
    }

    if (b->stopped) {
        return;
    }

    if (ngx_smtp_verify_exit_is_near()) {
        ngx_http_smtp_verify_batch_error(b, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "interrupted",
                                         "The server is being stopped.");
        ngx_http_smtp_verify_batch_stop(b, SV_INTERRUPTED);

    } else if ((ngx_msec_int_t) (ngx_current_msec - b->deadline) >= 0) {
        ngx_http_smtp_verify_batch_error(b, NGX_HTTP_SERVICE_UNAVAILABLE,
                                         "timeout",
                                         "The time of a list is over.");
        ngx_http_smtp_verify_batch_stop(b, SV_THROTTLED);
    }
}


ngx_int_t
ngx_http_smtp_verify_batch_send_header(ngx_http_smtp_verify_batch_t *b)
{
    ngx_int_t            rc;
    ngx_str_t            no_store = ngx_string("no-store");
    ngx_str_t            no = ngx_string("no");
    ngx_http_request_t  *r;

    r = b->request;

    b->header = 1;

    if (!b->reading) {
        ngx_http_smtp_verify_body_close(r);
    }

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = -1;

    if (b->csv) {
        ngx_str_set(&r->headers_out.content_type, "text/csv");
        ngx_str_set(&r->headers_out.charset, "utf-8");

    } else {
        ngx_str_set(&r->headers_out.content_type, "application/x-ndjson");
    }

    r->headers_out.content_type_len = r->headers_out.content_type.len;

    /* a proxy before us is not to collect lines */

    if (ngx_http_smtp_verify_header(r, "Cache-Control", &no_store) != NGX_OK
        || ngx_http_smtp_verify_header(r, "X-Request-ID", b->request_id)
           != NGX_OK
        || ngx_http_smtp_verify_header(r, "X-Accel-Buffering", &no) != NGX_OK
        || ngx_http_smtp_verify_client_headers(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->write_event_handler = ngx_http_smtp_verify_batch_writer;

    rc = ngx_http_send_header(r);

    return (rc == NGX_ERROR || rc > NGX_OK) ? NGX_ERROR : NGX_OK;
}


/* an error before the first record is one of HTTP, else of the last line */

static void
ngx_http_smtp_verify_batch_end(ngx_http_smtp_verify_batch_t *b)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = b->request;

    /* it ends once */

    ngx_del_timer(&b->tick);

    if (b->work.posted) {
        ngx_delete_posted_event(&b->work);
    }

    if (b->error && !b->header && b->records.next == 0) {
        rc = ngx_http_smtp_verify_problem(r, b->status, b->error, b->detail);
        ngx_http_finalize_request(r, rc);
        return;
    }

    ngx_http_smtp_verify_line_summary(b);

    if (ngx_http_smtp_verify_batch_flush(b) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    ngx_http_finalize_request(r, ngx_http_send_special(r, NGX_HTTP_LAST));
}
