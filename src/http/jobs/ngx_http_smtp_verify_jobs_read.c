
#include "ngx_http_smtp_verify_jobs_upload.h"
#include "sv_address.h"
#include "sv_wipe.h"


#define NGX_HTTP_SMTP_VERIFY_JOBS_TURN   512    /* records in a turn */
#define NGX_HTTP_SMTP_VERIFY_JOBS_READS  16     /* buffers in a turn */
#define NGX_HTTP_SMTP_VERIFY_JOBS_PIECE  16384  /* octets of a file */


static void ngx_http_smtp_verify_jobs_read_begun(ngx_http_request_t *r);
static void ngx_http_smtp_verify_jobs_read_more(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_jobs_read_turn(
    ngx_http_smtp_verify_jobs_upload_t *up);
static ngx_int_t ngx_http_smtp_verify_jobs_take(
    ngx_http_smtp_verify_jobs_upload_t *up, ngx_uint_t *n);
static ngx_int_t ngx_http_smtp_verify_jobs_take_file(
    ngx_http_smtp_verify_jobs_upload_t *up, ngx_buf_t *buf, ngx_uint_t *n);
static ngx_int_t ngx_http_smtp_verify_jobs_records(
    ngx_http_smtp_verify_jobs_upload_t *up, const u_char **pos,
    const u_char *last, ngx_uint_t eof, ngx_uint_t *n);
static ngx_int_t ngx_http_smtp_verify_jobs_next(
    ngx_http_smtp_verify_jobs_upload_t *up, const u_char **pos,
    const u_char *last, ngx_uint_t eof, sv_records_status_e *status);
static ngx_int_t ngx_http_smtp_verify_jobs_record(
    ngx_http_smtp_verify_jobs_upload_t *up);
static ngx_int_t ngx_http_smtp_verify_jobs_read_stop(
    ngx_http_smtp_verify_jobs_upload_t *up, ngx_int_t rc);
static sv_jobs_e ngx_http_smtp_verify_jobs_record_add(
    ngx_http_smtp_verify_jobs_upload_t *up);
static ngx_int_t ngx_http_smtp_verify_jobs_whole(
    ngx_http_smtp_verify_jobs_upload_t *up);
static ngx_int_t ngx_http_smtp_verify_jobs_read_error(ngx_http_request_t *r,
    ngx_int_t rc);


/*
 * The body is not kept by nginx, which would write it to a file in clear.  Its
 * records are read out of the buffers of the connection.  When a chunk of them
 * is full nothing is read until it is on the disk.
 */

ngx_int_t
ngx_http_smtp_verify_jobs_read(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = up->call->hj->request;

    if (r->discard_body) {
        return ngx_http_smtp_verify_problem(r,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "body_too_large",
                                       "The body was refused before it came "
                                       "to the list.");
    }

    r->request_body_no_buffering = 1;
    ngx_http_smtp_verify_jobs_wipe_body(up->call->hj);

    rc = ngx_http_read_client_request_body(r,
                                        ngx_http_smtp_verify_jobs_read_begun);

    if (rc == NGX_HTTP_BAD_REQUEST && !r->connection->error) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "malformed_request",
                                            "The body cannot be read.");
    }

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    /* nginx has counted the request for the reading; the call counts already */

    r->main->count--;

    return NGX_AGAIN;
}


static void
ngx_http_smtp_verify_jobs_read_begun(ngx_http_request_t *r)
{
    r->read_event_handler = ngx_http_smtp_verify_jobs_read_more;
    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_post_event(r->connection->read, &ngx_posted_events);
}


static void
ngx_http_smtp_verify_jobs_read_more(ngx_http_request_t *r)
{
    ngx_int_t                    rc;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    rc = ngx_http_smtp_verify_jobs_read_turn(ctx->jobs->call->upload);

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


/* A chunk was written. */

void
ngx_http_smtp_verify_jobs_read_on(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_http_request_t  *r;

    r = up->call->hj->request;

    r->read_event_handler = ngx_http_smtp_verify_jobs_read_more;

    ngx_post_event(r->connection->read, &ngx_posted_events);
}


/* Returns NGX_AGAIN, or what a content handler returns. */

static ngx_int_t
ngx_http_smtp_verify_jobs_read_turn(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i, n;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = up->call->hj->request;
    c = r->connection;
    n = 0;

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_JOBS_READS; i++) {

        rc = ngx_http_smtp_verify_jobs_take(up, &n);

        if (rc == NGX_BUSY) {
            break;
        }

        if (rc != NGX_OK) {
            goto stop;
        }

        if (!r->reading_body) {
            rc = ngx_http_smtp_verify_jobs_whole(up);

            if (rc == NGX_BUSY) {
                break;
            }

            goto stop;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return ngx_http_smtp_verify_jobs_read_error(r, rc);
        }

        if (rc == NGX_AGAIN && r->request_body->bufs == NULL) {
            return NGX_AGAIN;
        }
    }

    ngx_post_event(c->read, &ngx_posted_next_events);

    /* a worker that leaves stays for a timer, but not for a posted event; after
       the end of the body it has none */

    if (!c->read->timer_set) {
        clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
        ngx_add_timer(c->read, clcf->client_body_timeout);
    }

    return NGX_AGAIN;

stop:

    /* a thread works for us now, or the request ends */

    r->read_event_handler = ngx_http_block_reading;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    return rc == NGX_ABORT ? up->rc : rc;
}


/* Returns NGX_OK if all that was read is in records; NGX_BUSY if there is more
   for the next turn; NGX_AGAIN if a thread works for us; NGX_ABORT if the
   request ends, by up->rc. */

static ngx_int_t
ngx_http_smtp_verify_jobs_take(ngx_http_smtp_verify_jobs_upload_t *up,
    ngx_uint_t *n)
{
    ngx_int_t            rc;
    ngx_buf_t           *buf;
    ngx_chain_t         *cl;
    const u_char        *pos;
    ngx_http_request_t  *r;

    r = up->call->hj->request;

    while (r->request_body->bufs) {

        cl = r->request_body->bufs;
        buf = cl->buf;

        if (ngx_buf_in_memory(buf) || ngx_buf_size(buf) == 0) {
            pos = buf->pos;
            rc = ngx_http_smtp_verify_jobs_records(up, &pos, buf->last, 0, n);

            sv_wipe(buf->pos, pos - buf->pos);
            buf->pos = (u_char *) pos;

        } else {
            rc = ngx_http_smtp_verify_jobs_take_file(up, buf, n);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        r->request_body->bufs = cl->next;

        if (r->reading_body) {
            ngx_free_chain(r->pool, cl);
        }
    }

    return NGX_OK;
}


/* Another handler has read the body, and has put it into a file. */

static ngx_int_t
ngx_http_smtp_verify_jobs_take_file(ngx_http_smtp_verify_jobs_upload_t *up,
    ngx_buf_t *buf, ngx_uint_t *n)
{
    size_t         size;
    ngx_int_t      rc;
    const u_char  *pos;

    if (up->piece == NULL) {
        up->piece = ngx_palloc(up->pool, NGX_HTTP_SMTP_VERIFY_JOBS_PIECE);
        if (up->piece == NULL) {
            return ngx_http_smtp_verify_jobs_read_stop(up,
                                              NGX_HTTP_INTERNAL_SERVER_ERROR);
        }
    }

    while (up->given < ngx_buf_size(buf)) {

        size = (size_t) ngx_min((off_t) NGX_HTTP_SMTP_VERIFY_JOBS_PIECE,
                                ngx_buf_size(buf) - up->given);

        if (ngx_http_smtp_verify_body_get(buf, up->given, up->piece, size)
            != NGX_OK)
        {
            return ngx_http_smtp_verify_jobs_read_stop(up,
                                              NGX_HTTP_INTERNAL_SERVER_ERROR);
        }

        pos = up->piece;
        rc = ngx_http_smtp_verify_jobs_records(up, &pos, up->piece + size, 0,
                                               n);
        up->given += pos - up->piece;

        if (rc != NGX_OK) {
            return rc;
        }
    }

    up->given = 0;

    return NGX_OK;
}


/* Returns as _take(); NGX_DONE at the end of the list. */

static ngx_int_t
ngx_http_smtp_verify_jobs_records(ngx_http_smtp_verify_jobs_upload_t *up,
    const u_char **pos, const u_char *last, ngx_uint_t eof, ngx_uint_t *n)
{
    ngx_int_t             rc;
    ngx_http_request_t   *r;
    sv_records_status_e   status;

    r = up->call->hj->request;

    for ( ;; ) {

        if (up->in && sv_job_input_full(up->in)) {
            rc = ngx_http_smtp_verify_jobs_upload_write(up);

            if (rc == NGX_AGAIN) {
                return rc;
            }

            return ngx_http_smtp_verify_jobs_read_stop(up, rc);
        }

        if (*n >= NGX_HTTP_SMTP_VERIFY_JOBS_TURN) {
            return NGX_BUSY;
        }

        if (ngx_http_smtp_verify_jobs_next(up, pos, last, eof, &status)
            != NGX_OK)
        {
            return ngx_http_smtp_verify_jobs_read_stop(up,
                                              NGX_HTTP_INTERNAL_SERVER_ERROR);
        }

        *n += (status == SV_RECORDS_OK || up->known);

        switch (status) {

        case SV_RECORDS_OK:
            rc = ngx_http_smtp_verify_jobs_record(up);

            if (rc != NGX_OK) {
                return rc;
            }

            break;

        case SV_RECORDS_BROKEN:
            rc = ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                              "malformed_request",
                                              up->records.error);

            return ngx_http_smtp_verify_jobs_read_stop(up, rc);

        case SV_RECORDS_DONE:
            return NGX_DONE;

        default: /* SV_RECORDS_AGAIN */

            rc = ngx_http_smtp_verify_jobs_room(up->call->hj,
                                                &up->call->usage,
                                                up->records.next,
                                                up->received);

            if (rc == NGX_DECLINED) {
                return NGX_OK;
            }

            return ngx_http_smtp_verify_jobs_read_stop(up, rc);
        }
    }
}


/* Reads up to the end of a record.  If the idempotency key was used before, the
   list is only hashed. */

static ngx_int_t
ngx_http_smtp_verify_jobs_next(ngx_http_smtp_verify_jobs_upload_t *up,
    const u_char **pos, const u_char *last, ngx_uint_t eof,
    sv_records_status_e *status)
{
    const u_char  *start;

    start = *pos;

    if (up->known) {
        *pos = last;
        *status = eof ? SV_RECORDS_DONE : SV_RECORDS_AGAIN;

    } else {
        *status = sv_records_next(&up->records, pos, last, eof);
    }

    up->received += *pos - start;

    if (up->md && *pos != start
        && EVP_DigestUpdate(up->md, start, *pos - start) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_jobs_record(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_int_t       rc;
    sv_jobs_e       status;
    sv_jobs_why_t   why;

    if (up->records.next > up->limit.max.records) {

        rc = ngx_http_smtp_verify_jobs_room(up->call->hj, &up->call->usage,
                                            up->records.next, up->received);
        if (rc != NGX_DECLINED) {
            return ngx_http_smtp_verify_jobs_read_stop(up, rc);
        }
    }

    status = ngx_http_smtp_verify_jobs_record_add(up);

    if (status == SV_JOBS_OK) {
        return NGX_OK;
    }

    ngx_memzero(&why, sizeof(sv_jobs_why_t));

    rc = ngx_http_smtp_verify_jobs_problem(up->call->hj, status, &why);

    return ngx_http_smtp_verify_jobs_read_stop(up, rc);
}


/* Ends the reading.  The status of the answer goes into up->rc: as a return
   value it might be taken for an NGX_OK of these functions. */

static ngx_int_t
ngx_http_smtp_verify_jobs_read_stop(ngx_http_smtp_verify_jobs_upload_t *up,
    ngx_int_t rc)
{
    up->rc = rc;

    return NGX_ABORT;
}


static sv_jobs_e
ngx_http_smtp_verify_jobs_record_add(ngx_http_smtp_verify_jobs_upload_t *up)
{
    size_t                          size;
    sv_str_t                        input;
    sv_record_t                    *rec;
    static sv_scratch sv_address_t  addr;

    rec = &up->records.rec;

    if (rec->error) {
        return sv_job_input_wrong(up->in, rec->index, rec->error,
                                  rec->detail);
    }

    size = 4 * up->line;

    input.data = up->input;
    input.len = sv_records_input_json(&up->records, up->input, size);

    if (input.len > size || input.len + rec->email.len > SV_JOBS_DATA_MAX) {
        return sv_job_input_wrong(up->in, rec->index, "line_too_long",
                                  "What came with the address is too long to "
                                  "be repeated.");
    }

    /* an address that is wrong gets its verdict later, like all others */

    (void) sv_address_parse(rec->email.data, rec->email.len, &addr);

    return sv_job_input_add(up->in, rec->index, &rec->email, &addr.domain,
                            &input);
}


/* The body has ended: so has its last record. */

static ngx_int_t
ngx_http_smtp_verify_jobs_whole(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_int_t            rc;
    ngx_uint_t           n;
    const u_char        *pos;
    ngx_http_request_t  *r;

    r = up->call->hj->request;

    if (!ngx_http_smtp_verify_body_is_whole(r, (off_t) up->received)) {
        return ngx_http_smtp_verify_problem(r,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "body_too_large",
                                       "The body was refused before it came "
                                       "to the list.");
    }

    n = 0;
    pos = (u_char *) "";

    rc = ngx_http_smtp_verify_jobs_records(up, &pos, pos, 1, &n);

    if (rc != NGX_DONE) {
        return rc;
    }

    if (!up->known && up->records.next == 0) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "empty_list",
                                            "The list has no record.");
    }

    return ngx_http_smtp_verify_jobs_upload_end(up);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_read_error(ngx_http_request_t *r, ngx_int_t rc)
{
    r->read_event_handler = ngx_http_block_reading;

    if (r->connection->read->timer_set) {
        ngx_del_timer(r->connection->read);
    }

    if (r->connection->error) {
        return NGX_ERROR;
    }

    switch (rc) {

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        return ngx_http_smtp_verify_problem(r, rc, "body_too_large",
                                            "The body is larger than "
                                            "client_max_body_size allows.");

    case NGX_HTTP_REQUEST_TIME_OUT:
        return ngx_http_smtp_verify_problem(r, rc, "body_timeout",
                                            "The body came too slowly.");

    case NGX_HTTP_BAD_REQUEST:
        return ngx_http_smtp_verify_problem(r, rc, "malformed_request",
                                            "The body cannot be read.");

    default:
        return rc;
    }
}
