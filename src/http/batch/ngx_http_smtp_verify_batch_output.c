
#include "ngx_http_smtp_verify_batch.h"


#define NGX_HTTP_SMTP_VERIFY_BATCH_BUF      16384
#define NGX_HTTP_SMTP_VERIFY_BATCH_PENDING  65536


static void ngx_http_smtp_verify_batch_append(ngx_http_smtp_verify_batch_t *b,
    u_char *data, size_t len);
static ngx_buf_t *ngx_http_smtp_verify_batch_buf(
    ngx_http_smtp_verify_batch_t *b);
static ngx_int_t ngx_http_smtp_verify_batch_send(
    ngx_http_smtp_verify_batch_t *b);


/* in the order of the records where that is asked for */

void
ngx_http_smtp_verify_batch_emit(ngx_http_smtp_verify_batch_t *b,
    int64_t index, u_char *data, size_t len)
{
    ngx_str_t  *slot;

    if (!b->ordered || index < 0) {
        ngx_http_smtp_verify_batch_append(b, data, len);
        return;
    }

    if ((uint64_t) index != b->emit) {
        slot = &b->window[index % b->limits->window];

        slot->data = ngx_alloc(len, b->request->connection->log);
        if (slot->data == NULL) {
            b->failed = 1;
            return;
        }

        ngx_memcpy(slot->data, data, len);
        slot->len = len;
        return;
    }

    ngx_http_smtp_verify_batch_append(b, data, len);

    for ( ;; ) {
        b->emit++;
        slot = &b->window[b->emit % b->limits->window];

        if (slot->data == NULL) {
            return;
        }

        ngx_http_smtp_verify_batch_append(b, slot->data, slot->len);

        ngx_free(slot->data);
        slot->data = NULL;
    }
}


/* buffers are used again; how many there are is bounded by what may be under
   way when the client stops reading */

static void
ngx_http_smtp_verify_batch_append(ngx_http_smtp_verify_batch_t *b,
    u_char *data, size_t len)
{
    size_t      n;
    ngx_buf_t  *buf;

    b->sent = ngx_current_msec;

    while (len) {
        buf = ngx_http_smtp_verify_batch_buf(b);

        if (buf == NULL) {
            b->failed = 1;
            return;
        }

        n = ngx_min(len, (size_t) (buf->end - buf->last));

        buf->last = ngx_cpymem(buf->last, data, n);
        b->pending += n;

        data += n;
        len -= n;
    }
}


static ngx_buf_t *
ngx_http_smtp_verify_batch_buf(ngx_http_smtp_verify_batch_t *b)
{
    ngx_buf_t    *buf;
    ngx_chain_t  *cl;

    if (b->out && b->last_out->buf->last < b->last_out->buf->end) {
        return b->last_out->buf;
    }

    cl = ngx_chain_get_free_buf(b->request->pool, &b->free);
    if (cl == NULL) {
        return NULL;
    }

    buf = cl->buf;

    if (buf->start == NULL) {
        buf->start = ngx_palloc(b->request->pool,
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

    if (b->out) {
        b->last_out->next = cl;

    } else {
        b->out = cl;
    }

    b->last_out = cl;

    return buf;
}


ngx_uint_t
ngx_http_smtp_verify_batch_blocked(ngx_http_smtp_verify_batch_t *b)
{
    return b->pending >= NGX_HTTP_SMTP_VERIFY_BATCH_PENDING;
}


/* what the client does not take waits here, not in a longer and longer chain
   of filters */

ngx_int_t
ngx_http_smtp_verify_batch_flush(ngx_http_smtp_verify_batch_t *b)
{
    if (b->failed) {
        return NGX_ERROR;
    }

    if (b->out == NULL || (b->busy && !b->done)) {
        return NGX_OK;
    }

    return ngx_http_smtp_verify_batch_send(b);
}


static ngx_int_t
ngx_http_smtp_verify_batch_send(ngx_http_smtp_verify_batch_t *b)
{
    ngx_int_t                  rc;
    ngx_chain_t               *out, *cl;
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = b->request;
    wev = r->connection->write;

    if (!b->header && ngx_http_smtp_verify_batch_send_header(b) != NGX_OK) {
        return NGX_ERROR;
    }

    out = b->out;

    if (out) {
        b->last_out->buf->flush = 1;
    }

    b->out = NULL;

    rc = ngx_http_output_filter(r, out);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_chain_update_chains(r->pool, &b->free, &b->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_smtp_verify_module);

    b->pending = 0;

    for (cl = b->busy; cl; cl = cl->next) {
        b->pending += ngx_buf_size(cl->buf);
    }

    if (b->busy == NULL) {

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
    ngx_event_t                   *wev;
    ngx_http_core_loc_conf_t      *clcf;
    ngx_http_smtp_verify_ctx_t    *ctx;
    ngx_http_smtp_verify_batch_t  *b;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    b = ctx->batch;
    wev = r->connection->write;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (wev->timedout) {

        /* one who is still sending need not read yet */

        if (!b->reading) {
            ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                          "client timed out");
            r->connection->timedout = 1;
            b->failed = 1;
            ngx_http_smtp_verify_batch_wake(b);
            return;
        }

        wev->timedout = 0;
        ngx_add_timer(wev, clcf->send_timeout);
        return;
    }

    if (wev->delayed) {

        if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
            b->failed = 1;
            ngx_http_smtp_verify_batch_wake(b);
        }

        return;
    }

    if (b->busy && ngx_http_smtp_verify_batch_send(b) != NGX_OK) {
        b->failed = 1;
    }

    ngx_http_smtp_verify_batch_wake(b);
}
