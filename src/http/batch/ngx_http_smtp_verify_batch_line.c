
#include "ngx_http_smtp_verify_batch_handler.h"
#include "sv_wipe.h"


#define NGX_HTTP_SMTP_VERIFY_LINE_BUF  32768


static void ngx_http_smtp_verify_batch_line_first(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static void ngx_http_smtp_verify_batch_line_names(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static u_char *ngx_http_smtp_verify_batch_line_comment(
    ngx_smtp_verify_batch_t *b, u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_batch_line_word(u_char *p, u_char *last,
    u_char *data, size_t len);
static u_char *ngx_http_smtp_verify_batch_line_totals(
    ngx_smtp_verify_batch_t *b, u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_batch_line_resume(
    ngx_smtp_verify_batch_t *b, u_char *p, u_char *last);


/* the line that is being written, unless it is too long */

static u_char
    ngx_http_smtp_verify_batch_line_buf[NGX_HTTP_SMTP_VERIFY_LINE_BUF];


void
ngx_http_smtp_verify_batch_line_result(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result)
{
    size_t                              size;
    u_char                             *line, *last;
    ngx_str_t                          *input;
    ngx_smtp_verify_result_t            view;
    ngx_http_smtp_verify_batch_ctx_t   *hb;

    hb = b->data;
    input = &rec->input;

    ngx_http_smtp_verify_batch_line_first(hb);

    if (hb->untold) {
        ngx_http_smtp_verify_client_view(&view, result);
        result = &view;
    }

    size = NGX_HTTP_SMTP_VERIFY_LINE_FIXED + input->len
           + (hb->csv ? ngx_http_smtp_verify_csv_size(result)
                      : ngx_http_smtp_verify_json_size(result,
                                                       hb->request_id));

    line = ngx_http_smtp_verify_batch_line_buf;

    if (size > NGX_HTTP_SMTP_VERIFY_LINE_BUF) {
        line = ngx_alloc(size, b->log);
        if (line == NULL) {
            b->failed = 1;
            return;
        }
    }

    if (hb->csv) {
        last = ngx_http_smtp_verify_csv_result(line, rec->place.index, input,
                                               result);

    } else {
        last = ngx_http_smtp_verify_line_result(line, rec->place.index, input,
                                                NULL, result, hb->request_id);
    }

    ngx_smtp_verify_batch_emit(b, (int64_t) rec->place.index, line,
                               last - line);

    if (line != ngx_http_smtp_verify_batch_line_buf) {
        sv_wipe_free(line);
    }
}


void
ngx_http_smtp_verify_batch_line_error(ngx_smtp_verify_batch_t *b,
    uint64_t index, const char *error, const char *detail)
{
    u_char                            *p, *last;
    ngx_str_t                          name;
    ngx_http_smtp_verify_batch_ctx_t  *hb;
    u_char                             number[NGX_INT64_LEN];
    u_char                             buf[NGX_HTTP_SMTP_VERIFY_LINE_ERROR];

    hb = b->data;

    ngx_http_smtp_verify_batch_line_first(hb);

    if (hb->csv) {
        name.data = number;
        name.len = ngx_sprintf(number, "%uL", index) - number;

        p = ngx_http_smtp_verify_batch_line_buf;
        last = p + NGX_HTTP_SMTP_VERIFY_LINE_BUF;

        p = ngx_http_smtp_verify_csv_note(p, last, &name, error,
                                          (u_char *) detail,
                                          ngx_strlen(detail),
                                   ngx_http_smtp_verify_csv_more(&hb->records));

        ngx_smtp_verify_batch_emit(b, (int64_t) index,
                                   ngx_http_smtp_verify_batch_line_buf,
                                   p - ngx_http_smtp_verify_batch_line_buf);
        return;
    }

    p = ngx_http_smtp_verify_line_error(buf, index, error, detail);

    ngx_smtp_verify_batch_emit(b, (int64_t) index, buf, p - buf);
}


/* Writes the names of the columns before the first line of CSV. */

static void
ngx_http_smtp_verify_batch_line_first(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    if (hb->csv && !hb->first) {
        ngx_http_smtp_verify_batch_line_names(hb);
    }

    hb->first = 1;
}


static void
ngx_http_smtp_verify_batch_line_names(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    size_t      n, size;
    u_char     *p;
    ngx_str_t  *head;

    head = ngx_http_smtp_verify_csv_head();

    ngx_smtp_verify_batch_emit(&hb->batch, -1, head->data, head->len);

    /* quotation marks are doubled, and columns without a name get a short
       one */

    size = 2 * hb->limits->line + SV_RECORDS_FIELDS_MAX * 32;

    p = ngx_alloc(size, hb->batch.log);
    if (p == NULL) {
        hb->batch.failed = 1;
        return;
    }

    n = sv_records_names_csv(&hb->records, p, size);

    if (n && n <= size) {
        ngx_smtp_verify_batch_emit(&hb->batch, -1, p, n);
    }

    ngx_smtp_verify_batch_emit(&hb->batch, -1, (u_char *) "\n", 1);

    sv_wipe_free(p);
}


/* In CSV a heartbeat is an empty line, which most readers skip. */

void
ngx_http_smtp_verify_batch_line_heartbeat(ngx_smtp_verify_batch_t *b)
{
    u_char                            *p, buf[512];
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    hb = b->data;

    if (hb->csv) {

        /* the names have to come first, and may not be known yet */

        if (hb->first) {
            ngx_smtp_verify_batch_emit(b, -1, (u_char *) "\n", 1);

        } else {
            hb->sent = ngx_current_msec;
        }

        return;
    }

    p = ngx_snprintf(buf, sizeof(buf), "{\"heartbeat\":true,");
    p = ngx_http_smtp_verify_batch_line_totals(b, p, buf + sizeof(buf));
    p = ngx_cpymem(p, "}\n", 2);

    ngx_smtp_verify_batch_emit(b, -1, buf, p - buf);
}


void
ngx_http_smtp_verify_batch_line_summary(ngx_smtp_verify_batch_t *b)
{
    u_char                            *p, *last;
    ngx_http_smtp_verify_batch_ctx_t  *hb;
    static sv_scratch u_char           buf[8192];

    hb = b->data;

    ngx_http_smtp_verify_batch_line_first(hb);

    if (!hb->summary) {
        return;
    }

    last = buf + sizeof(buf);

    if (hb->csv) {
        p = ngx_http_smtp_verify_batch_line_comment(b, buf, last);
        ngx_smtp_verify_batch_emit(b, -1, buf, p - buf);
        return;
    }

    p = ngx_snprintf(buf, last - buf, "{\"summary\":true,");
    p = ngx_http_smtp_verify_batch_line_totals(b, p, last);
    *p++ = ',';
    p = ngx_http_smtp_verify_line_counts(p, last, b->statuses, b->reasons);
    p = ngx_http_smtp_verify_batch_line_resume(b, p, last);
    p = ngx_snprintf(p, last - p, ",\"request_id\":\"");
    p = (u_char *) ngx_escape_json(p, hb->request_id->data,
                                   hb->request_id->len);
    p = ngx_snprintf(p, last - p, "\"}\n");

    ngx_smtp_verify_batch_emit(b, -1, buf, p - buf);
}


/*
 * The summary in CSV is a comment.  It is one field for any delimiter, so that
 * a reader that knows no comments does not take it for a record.
 */

static u_char *
ngx_http_smtp_verify_batch_line_comment(ngx_smtp_verify_batch_t *b, u_char *p,
    u_char *last)
{
    ngx_str_t                         *id;
    ngx_uint_t                         i;
    ngx_http_smtp_verify_batch_ctx_t  *hb;

    hb = b->data;
    id = hb->request_id;

    p = ngx_snprintf(p, last - p, "# summary complete=%s lines=%uL "
                     "answered=%uL errors=%uL duplicates=%uL waiting=%uL "
                     "retried=%uL elapsed_ms=%M",
                     b->error ? "false" : "true", b->next.index,
                     b->answered, b->errors, b->duplicates, b->waiting,
                     b->retried, ngx_current_msec - b->start);

    for (i = 0; i <= SV_UNDELIVERABLE; i++) {
        p = ngx_snprintf(p, last - p, " status.%s=%uL", sv_status_name(i),
                         b->statuses[i]);
    }

    for (i = 0; i < SV_REASON_MAX; i++) {
        if (b->reasons[i]) {
            p = ngx_snprintf(p, last - p, " reason.%s=%uL",
                             sv_reason_info(i)->name, b->reasons[i]);
        }
    }

    p = ngx_snprintf(p, last - p, " request_id=");
    p = ngx_http_smtp_verify_batch_line_word(p, last, id->data, id->len);

    if (b->error == NULL) {
        return ngx_snprintf(p, last - p, "\n");
    }

    if (b->resume.index != NGX_SMTP_VERIFY_BATCH_NONE) {
        p = ngx_snprintf(p, last - p, " resume.index=%uL resume.offset=%uL",
                         b->resume.index, b->resume.offset);
    }

    p = ngx_snprintf(p, last - p, " error=%s detail=", b->error);
    p = ngx_http_smtp_verify_batch_line_word(p, last - 1, (u_char *) b->detail,
                                             ngx_strlen(b->detail));
    *p++ = '\n';

    return p;
}


/* Replaces characters that would divide the field, or hide its end. */

static u_char *
ngx_http_smtp_verify_batch_line_word(u_char *p, u_char *last, u_char *data,
    size_t len)
{
    u_char  c;

    while (len-- && p < last) {
        c = *data++;

        *p++ = (c < ' ' || c == ',' || c == ';' || c == '|' || c == '"')
               ? ' ' : c;
    }

    return p;
}


static u_char *
ngx_http_smtp_verify_batch_line_totals(ngx_smtp_verify_batch_t *b, u_char *p,
    u_char *last)
{
    return ngx_snprintf(p, last - p, "\"lines\":%uL,\"answered\":%uL,"
                        "\"errors\":%uL,\"duplicates\":%uL,\"waiting\":%uL,"
                        "\"retried\":%uL,\"elapsed_ms\":%M",
                        b->next.index, b->answered, b->errors,
                        b->duplicates, b->waiting, b->retried,
                        ngx_current_msec - b->start);
}


static u_char *
ngx_http_smtp_verify_batch_line_resume(ngx_smtp_verify_batch_t *b, u_char *p,
    u_char *last)
{
    if (b->error == NULL) {
        return ngx_snprintf(p, last - p, ",\"complete\":true,\"error\":null,"
                            "\"detail\":null,\"resume\":null");
    }

    p = ngx_snprintf(p, last - p, ",\"complete\":false,\"error\":\"%s\","
                     "\"detail\":\"", b->error);
    p = (u_char *) ngx_escape_json(p, (u_char *) b->detail,
                                   ngx_strlen(b->detail));

    if (b->resume.index == NGX_SMTP_VERIFY_BATCH_NONE) {
        return ngx_snprintf(p, last - p, "\",\"resume\":null");
    }

    return ngx_snprintf(p, last - p, "\",\"resume\":{\"index\":%uL,"
                        "\"offset\":%uL}", b->resume.index, b->resume.offset);
}
