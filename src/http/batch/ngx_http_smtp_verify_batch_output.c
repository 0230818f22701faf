
#include "ngx_http_smtp_verify_batch_handler.h"


#define NGX_HTTP_SMTP_VERIFY_BATCH_BUF      16384
#define NGX_HTTP_SMTP_VERIFY_BATCH_PENDING  65536


static ngx_buf_t *ngx_http_smtp_verify_batch_buf(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static ngx_int_t ngx_http_smtp_verify_batch_send(
    ngx_http_smtp_verify_batch_ctx_t *hb);


/* Buffers are reused.  If the client stops reading, _blocked() stops the
   batch, so only the results of what is under way need further buffers. */

void
ngx_http_smtp_verify_batch_write(ngx_smtp_verify_batch_t *b, u_char *data,
    size_t len)
{
    size_t                             n;
    ngx_buf_t                         *buf;
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    hb = b->data;
    hb->sent = ngx_current_msec;

    while (len) {
        buf = ngx_http_smtp_verify_batch_buf(hb);

        if (buf == NULL) {
            hb->batch.failed = 1;
            return;
        }

        n = ngx_min(len, (size_t) (buf->end - buf->last));

        buf->last = ngx_cpymem(buf->last, data, n);
        hb->pending += n;

        data += n;
        len -= n;
    }
}


static ngx_buf_t *
ngx_http_smtp_verify_batch_buf(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    ngx_buf_t    *buf;
    ngx_chain_t  *cl;

    if (hb->out && hb->last_out->buf->last < hb->last_out->buf->end) {
        return hb->last_out->buf;
    }

    cl = ngx_chain_get_free_buf(hb->request->pool, &hb->free);
    if (cl == NULL) {
        return NULL;
    }

    buf = cl->buf;

    if (buf->start == NULL) {
        buf->start = ngx_palloc(hb->request->pool,
                                NGX_HTTP_SMTP_VERIFY_BATCH_BUF);
        if (buf->start == NULL) {
            return NULL;
        }

        buf->end = buf->start + NGX_HTTP_SMTP_VERIFY_BATCH_BUF;
        buf->temporary = 1;
        buf->tag = (ngx_buf_tag_t) &ngx_http_smtp_verify_module;
    }

    buf->pos = buf->start;
    buf->last = buf->start;
    buf->flush = 0;

    if (hb->out) {
        hb->last_out->next = cl;

    } else {
        hb->out = cl;
    }

    hb->last_out = cl;

    return buf;
}


ngx_uint_t
ngx_http_smtp_verify_batch_blocked(ngx_smtp_verify_batch_t *b)
{
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    hb = b->data;

    return hb->pending >= NGX_HTTP_SMTP_VERIFY_BATCH_PENDING;
}


/* What the client does not take waits here, because otherwise the chains of
   the filters would become longer and longer. */

ngx_int_t
ngx_http_smtp_verify_batch_flush(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    if (hb->batch.failed) {
        return NGX_ERROR;
    }

    if (hb->out == NULL || (hb->busy && !hb->batch.done)) {
        return NGX_OK;
    }

    return ngx_http_smtp_verify_batch_send(hb);
}


static ngx_int_t
ngx_http_smtp_verify_batch_send(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    ngx_int_t                  rc;
    ngx_chain_t               *out, *cl;
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = hb->request;
    wev = r->connection->write;

    if (!hb->header && ngx_http_smtp_verify_batch_send_header(hb) != NGX_OK) {
        return NGX_ERROR;
    }

    out = hb->out;

    if (out) {
        hb->last_out->buf->flush = 1;
    }

    hb->out = NULL;

    rc = ngx_http_output_filter(r, out);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_chain_update_chains(r->pool, &hb->free, &hb->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_smtp_verify_module);

    hb->pending = 0;

    for  (cl = hb->busy; cl; cl = cl->next) {
        hb->pending += ngx_buf_size(cl->buf);
    }

    if (hb->busy == NULL) {

        if (wev->timer_set && !wev->delayed) {
            ngx_del_timer(wev);
        }

        return NGX_OK;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
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

    if (hb->busy && ngx_http_smtp_verify_batch_send(hb) != NGX_OK) {
        hb->batch.failed = 1;
    }

    ngx_smtp_verify_batch_wake(&hb->batch);
}
