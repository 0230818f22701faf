
#include "ngx_http_smtp_verify_module.h"


static void ngx_http_smtp_verify_body_handler(ngx_http_request_t *r);
static void ngx_http_smtp_verify_body_read(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_body_append(ngx_http_request_t *r);


/*
 * Reads without nginx's buffering, which would write a body that is larger
 * than client_body_buffer_size to a file.
 */

ngx_int_t
ngx_http_smtp_verify_read_body(ngx_http_request_t *r,
    ngx_http_smtp_verify_body_handler_pt handler)
{
    off_t                        len;
    ngx_int_t                    rc;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    ctx->body_handler = handler;

    len = r->headers_in.content_length_n;

    if (len > NGX_HTTP_SMTP_VERIFY_BODY_MAX) {
        return ngx_http_smtp_verify_problem(r,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "body_too_large",
                                       "The body is larger than 16384 bytes.");
    }

    if (len < 0) {
        len = NGX_HTTP_SMTP_VERIFY_BODY_MAX;
    }

    ctx->body = ngx_create_temp_buf(r->pool, (size_t) len + 1);
    if (ctx->body == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_smtp_verify_body_handler);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


static void
ngx_http_smtp_verify_body_handler(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_http_smtp_verify_body_read;

    ngx_http_smtp_verify_body_read(r);
}


static void
ngx_http_smtp_verify_body_read(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_smtp_verify_ctx_t  *ctx;

    for ( ;; ) {

        rc = ngx_http_smtp_verify_body_append(r);

        if (rc != NGX_OK) {
            break;
        }

        if (!r->reading_body) {
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            break;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    r->read_event_handler = ngx_http_block_reading;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    /* not whole if this is the error_page for a body that was too large; a
       subrequest uses the body of its parent */

    if (rc == NGX_OK && r == r->main
        && !ngx_http_smtp_verify_body_is_whole(r, ctx->body->last
                                                  - ctx->body->pos))
    {
        rc = NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    ctx->body_handler(r, rc);
}


static ngx_int_t
ngx_http_smtp_verify_body_append(ngx_http_request_t *r)
{
    off_t                        size;
    ngx_buf_t                   *b;
    ngx_chain_t                 *cl;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    /* a subrequest whose parent has not read the body */

    if (r->request_body == NULL) {
        return NGX_OK;
    }

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        b = cl->buf;
        size = ngx_buf_size(b);

        if (size > (off_t) (ctx->body->end - ctx->body->last)) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        if (ngx_http_smtp_verify_body_get(b, 0, ctx->body->last,
                                          (size_t) size)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        ctx->body->last += size;

        /* otherwise others may still need the buffer */

        if (r->reading_body) {
            b->pos = b->last;
        }
    }

    if (r->reading_body) {
        r->request_body->bufs = NULL;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_body_get(ngx_buf_t *b, off_t skip, u_char *p,
    size_t size)
{
    if (size == 0) {
        return NGX_OK;
    }

    if (ngx_buf_in_memory(b)) {
        ngx_memcpy(p, b->pos + skip, size);
        return NGX_OK;
    }

    /* an upstream module closes the file after it has sent the body */

    if (!b->in_file || b->file->fd == NGX_INVALID_FILE) {
        return NGX_ERROR;
    }

    return ngx_read_file(b->file, p, size, b->file_pos + skip)
           == (ssize_t) size ? NGX_OK : NGX_ERROR;
}


/* Whoever handled the request before may have cut or discarded the body. */

ngx_uint_t
ngx_http_smtp_verify_body_is_whole(ngx_http_request_t *r, off_t received)
{
    ngx_table_elt_t  *h;

    h = r->headers_in.content_length;

    return !r->discard_body
           && (r->request_body == NULL || r->request_body->rest <= 0)
           && (h == NULL
               || ngx_atoof(h->value.data, h->value.len) == received);
}


/*
 * nginx can discard a body only before reading has begun.  If reading is given
 * up later, the start of the next request is unknown: the connection is
 * closed, and the answer says so.
 */

void
ngx_http_smtp_verify_body_close(ngx_http_request_t *r)
{
    if (r->request_body == NULL || r->discard_body
        || (!r->headers_in.chunked && r->headers_in.content_length_n <= 0)
        || (!r->reading_body && r->request_body->rest == 0))
    {
        return;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "smtp verify: the body is not read to its end, %O left",
                   r->request_body->rest);

    r->main->keepalive = 0;
    r->main->lingering_close = 1;
}


ngx_int_t
ngx_http_smtp_verify_body_refuse(ngx_http_request_t *r)
{
    if (!ngx_http_smtp_verify_body_encoded(r)) {
        return NGX_DECLINED;
    }

    return ngx_http_smtp_verify_problem(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                        "unsupported_media_type",
                                        "Send the body without a "
                                        "Content-Encoding.");
}


ngx_uint_t
ngx_http_smtp_verify_body_encoded(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_http_smtp_verify_header_in(r, "content-encoding");

    while (h) {

        if (ngx_strcasecmp(h->value.data, (u_char *) "identity") != 0) {
            return 1;
        }

        h = ngx_http_smtp_verify_header_after(r, "content-encoding", h);
    }

    return 0;
}
