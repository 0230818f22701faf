
#include "ngx_http_smtp_verify_batch_handler.h"


static ngx_int_t ngx_http_smtp_verify_batch_send(
    ngx_http_smtp_verify_batch_ctx_t *hb);


void
ngx_http_smtp_verify_batch_write(ngx_smtp_verify_batch_t *b, u_char *data,
    size_t len)
{
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    hb = b->data;
    hb->sent = ngx_current_msec;

    if (ngx_http_smtp_verify_output_write(&hb->output, data, len) != NGX_OK) {
        hb->batch.failed = 1;
    }
}


ngx_uint_t
ngx_http_smtp_verify_batch_blocked(ngx_smtp_verify_batch_t *b)
{
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    hb = b->data;

    return ngx_http_smtp_verify_output_blocked(&hb->output);
}


ngx_int_t
ngx_http_smtp_verify_batch_flush(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    if (hb->batch.failed) {
        return NGX_ERROR;
    }

    /* a list without a line and without a summary has an answer, too */

    if (hb->batch.done && !hb->header && hb->output.out == NULL) {
        return ngx_http_smtp_verify_batch_send_header(hb);
    }

    if (hb->output.out == NULL || (hb->output.busy && !hb->batch.done)) {
        return NGX_OK;
    }

    return ngx_http_smtp_verify_batch_send(hb);
}


static ngx_int_t
ngx_http_smtp_verify_batch_send(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    if (!hb->header && ngx_http_smtp_verify_batch_send_header(hb) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_output_send(&hb->output);
}


void
ngx_http_smtp_verify_batch_writer(ngx_http_request_t *r)
{
    ngx_event_t                       *wev;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_smtp_verify_ctx_t        *ctx;
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    hb = ctx->batch;
    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (wev->timedout) {

        /* a client that still sends the list need not read yet */

        if (!hb->reading) {
            ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                          "client timed out");
            r->connection->timedout = 1;
            hb->batch.failed = 1;
            ngx_smtp_verify_batch_wake(&hb->batch);
            return;
        }

        wev->timedout = 0;
        ngx_add_timer(wev, clcf->send_timeout);
        return;
    }

    if (wev->delayed) {

        if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
            hb->batch.failed = 1;
            ngx_smtp_verify_batch_wake(&hb->batch);
        }

        return;
    }

    if (hb->output.busy && ngx_http_smtp_verify_batch_send(hb) != NGX_OK) {
        hb->batch.failed = 1;
    }

    ngx_smtp_verify_batch_wake(&hb->batch);
}
