
#include "ngx_http_smtp_verify_cors.h"
#include "ngx_http_smtp_verify_list.h"
#include "ngx_http_smtp_verify_tokens.h"


#define NGX_HTTP_SMTP_VERIFY_OUTPUT_BUF      16384
#define NGX_HTTP_SMTP_VERIFY_OUTPUT_PENDING  65536


static ngx_buf_t *ngx_http_smtp_verify_output_buf(
    ngx_http_smtp_verify_output_t *o);


ngx_int_t
ngx_http_smtp_verify_output_header(ngx_http_request_t *r,
    ngx_str_t *request_id, ngx_http_event_handler_pt writer)
{
    ngx_int_t  rc;
    ngx_str_t  no_store = ngx_string("no-store");
    ngx_str_t  no = ngx_string("no");

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = -1;
    r->headers_out.content_type_len = r->headers_out.content_type.len;

    /* a proxy in front of nginx must not buffer lines */

    if (ngx_http_smtp_verify_header(r, "Cache-Control", &no_store) != NGX_OK
        || ngx_http_smtp_verify_header(r, "X-Request-ID", request_id)
           != NGX_OK
        || ngx_http_smtp_verify_header(r, "X-Accel-Buffering", &no) != NGX_OK
        || ngx_http_smtp_verify_version(r) != NGX_OK
        || ngx_http_smtp_verify_client_headers(r) != NGX_OK
        || ngx_http_smtp_verify_cors_headers(r) != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->write_event_handler = writer;

    rc = ngx_http_send_header(r);

    return (rc == NGX_ERROR || rc > NGX_OK) ? NGX_ERROR : NGX_OK;
}


/* Buffers are reused.  If the client stops reading, _blocked() stops the
   writer, so only the results of what is under way need further buffers. */

ngx_int_t
ngx_http_smtp_verify_output_write(ngx_http_smtp_verify_output_t *o,
    u_char *data, size_t len)
{
    size_t      n;
    ngx_buf_t  *buf;

    while (len) {
        buf = ngx_http_smtp_verify_output_buf(o);

        if (buf == NULL) {
            return NGX_ERROR;
        }

        n = ngx_min(len, (size_t) (buf->end - buf->last));

        buf->last = ngx_cpymem(buf->last, data, n);
        o->pending += n;

        data += n;
        len -= n;
    }

    return NGX_OK;
}


static ngx_buf_t *
ngx_http_smtp_verify_output_buf(ngx_http_smtp_verify_output_t *o)
{
    ngx_buf_t    *buf;
    ngx_chain_t  *cl;

    if (o->out && o->last_out->buf->last < o->last_out->buf->end) {
        return o->last_out->buf;
    }

    cl = ngx_chain_get_free_buf(o->request->pool, &o->free);
    if (cl == NULL) {
        return NULL;
    }

    buf = cl->buf;

    if (buf->start == NULL) {
        buf->start = ngx_palloc(o->request->pool,
                                NGX_HTTP_SMTP_VERIFY_OUTPUT_BUF);
        if (buf->start == NULL) {
            return NULL;
        }

        buf->end = buf->start + NGX_HTTP_SMTP_VERIFY_OUTPUT_BUF;
        buf->temporary = 1;
        buf->tag = (ngx_buf_tag_t) &ngx_http_smtp_verify_module;
    }

    buf->pos = buf->start;
    buf->last = buf->start;
    buf->flush = 0;

    if (o->out) {
        o->last_out->next = cl;

    } else {
        o->out = cl;
    }

    o->last_out = cl;

    return buf;
}


ngx_uint_t
ngx_http_smtp_verify_output_blocked(ngx_http_smtp_verify_output_t *o)
{
    return o->pending >= NGX_HTTP_SMTP_VERIFY_OUTPUT_PENDING;
}


/* What the client does not take waits here, because otherwise the chains of
   the filters would become longer and longer. */

ngx_int_t
ngx_http_smtp_verify_output_send(ngx_http_smtp_verify_output_t *o)
{
    ngx_int_t                  rc;
    ngx_chain_t               *out, *cl;
    ngx_event_t               *wev;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = o->request;
    wev = r->connection->write;
    out = o->out;

    if (out) {
        o->last_out->buf->flush = 1;
    }

    o->out = NULL;

    rc = ngx_http_output_filter(r, out);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    ngx_chain_update_chains(r->pool, &o->free, &o->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_smtp_verify_module);

    o->pending = 0;

    for  (cl = o->busy; cl; cl = cl->next) {
        o->pending += ngx_buf_size(cl->buf);
    }

    if (o->busy == NULL) {

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
