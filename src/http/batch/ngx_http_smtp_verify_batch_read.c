
#include "ngx_http_smtp_verify_batch_handler.h"


#define NGX_HTTP_SMTP_VERIFY_BATCH_READS  16    /* in one turn */


static ngx_int_t ngx_http_smtp_verify_batch_thrown_away(
    ngx_http_request_t *r);
static void ngx_http_smtp_verify_batch_begun(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_batch_given(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static void ngx_http_smtp_verify_batch_more(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_batch_take(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static ngx_uint_t ngx_http_smtp_verify_batch_too_large(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static void ngx_http_smtp_verify_batch_read_end(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static void ngx_http_smtp_verify_batch_read_error(
    ngx_http_smtp_verify_batch_ctx_t *hb, ngx_int_t rc);


/*
 * The body is read as fast as it comes.  Otherwise a client that sends
 * everything before it reads anything would wait for us, and we for it.
 */

ngx_int_t
ngx_http_smtp_verify_batch_read(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r->discard_body) {
        return ngx_http_smtp_verify_batch_thrown_away(r);
    }

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r,
                                           ngx_http_smtp_verify_batch_begun);

    if (rc == NGX_HTTP_BAD_REQUEST && !r->connection->error) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "malformed_request",
                                            "The body cannot be read.");
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* The body was too large, and this is the error_page for that. */

static ngx_int_t
ngx_http_smtp_verify_batch_thrown_away(ngx_http_request_t *r)
{
    return ngx_http_smtp_verify_problem(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                        "body_too_large",
                                        "The body was refused before it came "
                                        "to the list.");
}


static void
ngx_http_smtp_verify_batch_begun(ngx_http_request_t *r)
{
    ngx_int_t                          rc;
    ngx_http_smtp_verify_ctx_t        *ctx;
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    hb = ctx->batch;

    hb->reading = 1;

    r->read_event_handler = ngx_http_smtp_verify_batch_more;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_smtp_verify_batch_start(&hb->batch);

    if (r->reading_body) {
        ngx_http_smtp_verify_batch_more(r);
        return;
    }

    ngx_smtp_verify_batch_wake(&hb->batch);

    rc = ngx_http_smtp_verify_batch_given(hb);

    if (rc == NGX_OK) {
        ngx_http_smtp_verify_batch_read_end(hb);

    } else {
        ngx_http_smtp_verify_batch_read_error(hb, rc);
    }
}


/* All of the body was read already.  If another handler has read it, it may be
   in a file. */

static ngx_int_t
ngx_http_smtp_verify_batch_given(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    ngx_chain_t  *cl;

    for  (cl = hb->request->request_body->bufs; cl; cl = cl->next) {
        hb->received += ngx_buf_size(cl->buf);
    }

    if (ngx_http_smtp_verify_batch_too_large(hb)) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    hb->given = hb->request->request_body->bufs;

    return NGX_OK;
}


static void
ngx_http_smtp_verify_batch_more(ngx_http_request_t *r)
{
    ngx_int_t                          rc;
    ngx_uint_t                         n;
    ngx_connection_t                  *c;
    ngx_http_smtp_verify_ctx_t        *ctx;
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    hb = ctx->batch;
    c = r->connection;

    ngx_smtp_verify_batch_wake(&hb->batch);

    for (n = 0; /* void */; n++) {

        rc = ngx_http_smtp_verify_batch_take(hb);

        if (rc != NGX_OK) {
            break;
        }

        if (!r->reading_body) {
            ngx_http_smtp_verify_batch_read_end(hb);
            return;
        }

        if (n == NGX_HTTP_SMTP_VERIFY_BATCH_READS) {
            ngx_post_event(c->read, &ngx_posted_next_events);
            return;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            break;
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return;
        }
    }

    ngx_http_smtp_verify_batch_read_error(hb, rc);
}


static ngx_int_t
ngx_http_smtp_verify_batch_take(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    ngx_buf_t           *buf;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = hb->request;

    while (r->request_body->bufs) {

        cl = r->request_body->bufs;
        buf = cl->buf;

        hb->received += buf->last - buf->pos;

        if (ngx_http_smtp_verify_batch_too_large(hb)) {
            return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
        }

        if (buf->pos != buf->last
            && ngx_smtp_verify_spool_add(&hb->body, buf->pos,
                                         buf->last - buf->pos)
               != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        buf->pos = buf->last;
        r->request_body->bufs = cl->next;
        ngx_free_chain(r->pool, cl);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_smtp_verify_batch_too_large(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    return hb->limits->max_body && hb->received > hb->limits->max_body;
}


/* From now on the request ends if the client closes the connection.  This may
   have happened already, so the event is posted. */

static void
ngx_http_smtp_verify_batch_read_end(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    ngx_http_request_t  *r;

    r = hb->request;

    hb->reading = 0;

    if (!ngx_http_smtp_verify_body_is_whole(r, hb->received)) {
        ngx_http_smtp_verify_batch_fail(hb, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                        "body_too_large",
                                        "The body was refused before it came "
                                        "to the list.");
    }

    r->read_event_handler = ngx_http_test_reading;

    if (r->connection->read->ready) {
        ngx_post_event(r->connection->read, &ngx_posted_events);
    }
}


static void
ngx_http_smtp_verify_batch_read_error(ngx_http_smtp_verify_batch_ctx_t *hb,
    ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = hb->request;

    hb->reading = 0;

    r->read_event_handler = ngx_http_test_reading;

    if (r->connection->read->timer_set) {
        ngx_del_timer(r->connection->read);
    }

    if (r->connection->error) {
        hb->batch.failed = 1;
        return;
    }

    switch (rc) {

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        ngx_http_smtp_verify_batch_fail(hb, rc, "body_too_large",
                                        "The body is larger than "
                                        "client_max_body_size allows.");
        break;

    case NGX_HTTP_REQUEST_TIME_OUT:
        ngx_http_smtp_verify_batch_fail(hb, rc, "body_timeout",
                                        "The body came too slowly.");
        break;

    case NGX_HTTP_BAD_REQUEST:
        ngx_http_smtp_verify_batch_fail(hb, rc, "malformed_request",
                                        "The body cannot be read.");
        break;

    default:
        ngx_http_smtp_verify_batch_fail(hb, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                        "internal_error",
                                        "The body could not be kept.");
    }
}
