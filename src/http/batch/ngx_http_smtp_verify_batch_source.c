
#include "ngx_http_smtp_verify_batch_handler.h"


static ngx_int_t ngx_http_smtp_verify_batch_record(
    ngx_http_smtp_verify_batch_ctx_t *hb, ngx_smtp_verify_batch_record_t *rec);
static ngx_int_t ngx_http_smtp_verify_batch_fill(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static ngx_int_t ngx_http_smtp_verify_batch_fill_given(
    ngx_http_smtp_verify_batch_ctx_t *hb);


/* If the body was cut short, its last piece is not a record. */

ngx_int_t
ngx_http_smtp_verify_batch_source(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec)
{
    ngx_int_t                          rc;
    const u_char                      *p;
    sv_records_t                      *records;
    sv_records_status_e                status;
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    hb = b->data;
    records = &hb->records;

    p = hb->body.pos;

    status = sv_records_next(records, &p, hb->body.last, hb->eof);

    hb->body.pos = (u_char *) p;

    b->next.index = records->next;
    b->next.offset = records->start;

    switch (status) {

    case SV_RECORDS_OK:
        return ngx_http_smtp_verify_batch_record(hb, rec);

    case SV_RECORDS_BROKEN:
        ngx_http_smtp_verify_batch_fail(hb, NGX_HTTP_BAD_REQUEST,
                                        "malformed_request", records->error);
        return NGX_DONE;

    case SV_RECORDS_DONE:
        return NGX_DONE;

    default: /* SV_RECORDS_AGAIN */
        break;
    }

    rc = ngx_http_smtp_verify_batch_fill(hb);

    if (rc == NGX_OK) {
        return NGX_DECLINED;
    }

    if (rc == NGX_ERROR) {
        ngx_http_smtp_verify_batch_fail(hb, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                        "internal_error",
                                        "The body could not be kept.");
        return NGX_DONE;
    }

    if (hb->reading) {
        return NGX_AGAIN;
    }

    if (b->error) {
        return NGX_DONE;
    }

    hb->eof = 1;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_smtp_verify_batch_record(ngx_http_smtp_verify_batch_ctx_t *hb,
    ngx_smtp_verify_batch_record_t *rec)
{
    size_t         size;
    sv_record_t   *read;
    sv_records_t  *records;

    records = &hb->records;
    read = &records->rec;

    rec->place.index = read->index;
    rec->place.offset = read->offset;

    if (read->index >= hb->limits->lines) {
        ngx_http_smtp_verify_batch_fail(hb, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                        "too_many_lines",
                                        "The list is longer than "
                                        "smtp_verify_batch_lines allows.");
        hb->batch.next = rec->place;
        return NGX_DONE;
    }

    rec->error = read->error;
    rec->detail = read->detail;

    if (rec->error) {
        return NGX_OK;
    }

    rec->email.data = read->email.data;
    rec->email.len = read->email.len;

    size = 4 * hb->limits->line;

    rec->input.data = hb->input;
    rec->input.len = hb->csv ? sv_records_input_csv(records, hb->input, size)
                             : sv_records_input_json(records, hb->input, size);

    if (rec->input.len > size) {
        rec->error = "line_too_long";
        rec->detail = "What came with the address is too long to be repeated.";
    }

    return NGX_OK;
}


/* Returns NGX_OK if more data is in memory now, NGX_DECLINED if there is
   none. */

static ngx_int_t
ngx_http_smtp_verify_batch_fill(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    while (hb->given && hb->skip == ngx_buf_size(hb->given->buf)) {
        hb->given = hb->given->next;
        hb->skip = 0;
    }

    return hb->given ? ngx_http_smtp_verify_batch_fill_given(hb)
                     : ngx_smtp_verify_spool_fill(&hb->body);
}


/* The body was read by another handler, in whose buffers it stays. */

static ngx_int_t
ngx_http_smtp_verify_batch_fill_given(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    off_t       left;
    size_t      size;
    ngx_buf_t  *b;

    b = hb->given->buf;
    left = ngx_buf_size(b) - hb->skip;
    size = ngx_smtp_verify_spool_room(&hb->body);
    size = (size_t) ngx_min((off_t) size, left);

    if (size == 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_smtp_verify_body_get(b, hb->skip, hb->body.last, size)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    hb->body.last += size;
    hb->skip += size;

    return NGX_OK;
}
