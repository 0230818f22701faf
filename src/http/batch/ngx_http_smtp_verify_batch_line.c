
#include "ngx_http_smtp_verify_batch.h"


#define NGX_HTTP_SMTP_VERIFY_LINE_BUF    32768
#define NGX_HTTP_SMTP_VERIFY_LINE_FIXED  128


static void ngx_http_smtp_verify_line_first(ngx_http_smtp_verify_batch_t *b);
static void ngx_http_smtp_verify_line_note(ngx_http_smtp_verify_batch_t *b,
    uint64_t index, const char *error, const char *detail);
static u_char *ngx_http_smtp_verify_line_comment(
    ngx_http_smtp_verify_batch_t *b, u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_line_word(u_char *p, u_char *last,
    u_char *data, size_t len);
static u_char *ngx_http_smtp_verify_line_totals(
    ngx_http_smtp_verify_batch_t *b, u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_line_counts(
    ngx_http_smtp_verify_batch_t *b, u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_line_resume(
    ngx_http_smtp_verify_batch_t *b, u_char *p, u_char *last);


/* of the line that is being written, where it is not too long for that */

static u_char  ngx_http_smtp_verify_line_buf[NGX_HTTP_SMTP_VERIFY_LINE_BUF];


void
ngx_http_smtp_verify_line_result(ngx_http_smtp_verify_batch_t *b,
    uint64_t index, uint64_t offset, ngx_str_t *input,
    ngx_smtp_verify_result_t *result)
{
    size_t                     size;
    u_char                    *p, *line, *last;
    ngx_smtp_verify_result_t   view;

    ngx_http_smtp_verify_line_first(b);

    if (b->untold) {
        ngx_http_smtp_verify_client_view(&view, result);
        result = &view;
    }

    b->answered++;
    b->statuses[result->status]++;
    b->reasons[result->reason]++;

    if (result->reason == SV_INTERRUPTED && b->resume > index) {
        b->resume = index;
        b->resume_offset = offset;
    }

    size = NGX_HTTP_SMTP_VERIFY_LINE_FIXED + input->len
           + (b->csv ? ngx_http_smtp_verify_csv_size(result)
                     : ngx_http_smtp_verify_json_size(result, b->request_id));

    line = ngx_http_smtp_verify_line_buf;

    if (size > NGX_HTTP_SMTP_VERIFY_LINE_BUF) {
        line = ngx_alloc(size, b->request->connection->log);
        if (line == NULL) {
            b->failed = 1;
            return;
        }
    }

    if (b->csv) {
        last = ngx_http_smtp_verify_csv_result(line, index, input, result);

    } else {
        p = ngx_sprintf(line, "{\"index\":%uL,\"input\":", index);

        if (input->len) {
            p = ngx_cpymem(p, input->data, input->len);

        } else {
            p = ngx_cpymem(p, "null", 4);
        }

        /* the object's { makes room for a comma */

        last = ngx_http_smtp_verify_json_result(p, result, b->request_id);
        *p = ',';
    }

    ngx_http_smtp_verify_batch_emit(b, (int64_t) index, line, last - line);

    if (line != ngx_http_smtp_verify_line_buf) {
        ngx_free(line);
    }
}


/* one that was not asked, by no fault of its own */

void
ngx_http_smtp_verify_line_reason(ngx_http_smtp_verify_batch_t *b,
    ngx_http_smtp_verify_item_t *item, sv_reason_e reason)
{
    const sv_reason_info_t    *info;
    ngx_smtp_verify_result_t   result;

    ngx_memzero(&result, sizeof(ngx_smtp_verify_result_t));

    info = sv_reason_info(reason);

    result.email = item->email;
    result.reason = reason;
    result.found = reason;
    result.status = info->status;
    result.blame = info->blame;
    result.estimated = 1;
    result.retry_after = info->retry_after;
    result.score = -1;
    result.syntax = -1;
    result.domain = -1;
    result.mx_record = -1;
    result.connected = -1;
    result.mailbox_exists = -1;
    result.is_catch_all = -1;
    result.disposable = -1;
    result.free_provider = -1;
    result.alias_service = -1;
    result.role_account = -1;
    result.spam_trap = -1;
    result.abuse = -1;
    result.gibberish = -1;
    result.typo = -1;

    if (b->resume > item->index) {
        b->resume = item->index;
        b->resume_offset = item->offset;
    }

    ngx_http_smtp_verify_line_result(b, item->index, item->offset,
                                     &item->input, &result);
}


void
ngx_http_smtp_verify_line_error(ngx_http_smtp_verify_batch_t *b,
    uint64_t index, const char *error, const char *detail)
{
    ngx_http_smtp_verify_line_first(b);

    b->answered++;
    b->errors++;

    ngx_http_smtp_verify_line_note(b, index, error, detail);
}


static void
ngx_http_smtp_verify_line_note(ngx_http_smtp_verify_batch_t *b,
    uint64_t index, const char *error, const char *detail)
{
    u_char     *p, *last, buf[1024];
    ngx_str_t   name;
    u_char      number[NGX_INT64_LEN];

    if (b->csv) {
        name.data = number;
        name.len = ngx_sprintf(number, "%uL", index) - number;

        p = ngx_http_smtp_verify_line_buf;
        last = p + NGX_HTTP_SMTP_VERIFY_LINE_BUF;

        p = ngx_http_smtp_verify_csv_note(p, last, &name, error,
                                          (u_char *) detail,
                                          ngx_strlen(detail),
                                          ngx_http_smtp_verify_csv_more(b));

        ngx_http_smtp_verify_batch_emit(b, (int64_t) index,
                                        ngx_http_smtp_verify_line_buf,
                                        p - ngx_http_smtp_verify_line_buf);
        return;
    }

    p = ngx_snprintf(buf, sizeof(buf), "{\"index\":%uL,\"input\":null,"
                     "\"email\":null,\"status\":null,\"reason\":null,"
                     "\"error\":\"%s\",\"detail\":\"", index, error);
    p = (u_char *) ngx_escape_json(p, (u_char *) detail, ngx_strlen(detail));
    p = ngx_cpymem(p, "\"}\n", 3);

    ngx_http_smtp_verify_batch_emit(b, (int64_t) index, buf, p - buf);
}


/* the names of the columns, before the first line of CSV */

static void
ngx_http_smtp_verify_line_first(ngx_http_smtp_verify_batch_t *b)
{
    if (b->csv && !b->first) {
        ngx_http_smtp_verify_csv_names(b);
    }

    b->first = 1;
}


/* an empty line in CSV: most readers skip it */

void
ngx_http_smtp_verify_line_heartbeat(ngx_http_smtp_verify_batch_t *b)
{
    u_char  *p, buf[512];

    if (b->csv) {

        /* not before the names, which may not be known yet */

        if (b->first) {
            ngx_http_smtp_verify_batch_emit(b, -1, (u_char *) "\n", 1);

        } else {
            b->sent = ngx_current_msec;
        }

        return;
    }

    p = ngx_snprintf(buf, sizeof(buf), "{\"heartbeat\":true,");
    p = ngx_http_smtp_verify_line_totals(b, p, buf + sizeof(buf));
    p = ngx_cpymem(p, "}\n", 2);

    ngx_http_smtp_verify_batch_emit(b, -1, buf, p - buf);
}


void
ngx_http_smtp_verify_line_summary(ngx_http_smtp_verify_batch_t *b)
{
    u_char         *p, *last;
    static u_char   buf[8192];

    ngx_http_smtp_verify_line_first(b);

    if (!b->summary) {
        return;
    }

    last = buf + sizeof(buf);

    if (b->csv) {
        p = ngx_http_smtp_verify_line_comment(b, buf, last);
        ngx_http_smtp_verify_batch_emit(b, -1, buf, p - buf);
        return;
    }

    p = ngx_snprintf(buf, last - buf, "{\"summary\":true,");
    p = ngx_http_smtp_verify_line_totals(b, p, last);
    p = ngx_http_smtp_verify_line_counts(b, p, last);
    p = ngx_http_smtp_verify_line_resume(b, p, last);
    p = ngx_snprintf(p, last - p, ",\"request_id\":\"");
    p = (u_char *) ngx_escape_json(p, b->request_id->data,
                                   b->request_id->len);
    p = ngx_snprintf(p, last - p, "\"}\n");

    ngx_http_smtp_verify_batch_emit(b, -1, buf, p - buf);
}


/*
 * The summary of CSV.  It has one field whatever separates fields, so that
 * a reader that knows no comments takes it for no customer's line.
 */

static u_char *
ngx_http_smtp_verify_line_comment(ngx_http_smtp_verify_batch_t *b, u_char *p,
    u_char *last)
{
    ngx_uint_t  i;

    p = ngx_snprintf(p, last - p, "# summary complete=%s lines=%uL "
                     "answered=%uL errors=%uL duplicates=%uL waiting=%uL "
                     "retried=%uL elapsed_ms=%M",
                     b->error ? "false" : "true", b->records.next,
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
    p = ngx_http_smtp_verify_line_word(p, last, b->request_id->data,
                                       b->request_id->len);

    if (b->error == NULL) {
        return ngx_snprintf(p, last - p, "\n");
    }

    if (b->resume != (uint64_t) -1) {
        p = ngx_snprintf(p, last - p, " resume.index=%uL resume.offset=%uL",
                         b->resume, b->resume_offset);
    }

    p = ngx_snprintf(p, last - p, " error=%s detail=", b->error);
    p = ngx_http_smtp_verify_line_word(p, last - 1, (u_char *) b->detail,
                                       ngx_strlen(b->detail));
    *p++ = '\n';

    return p;
}


/* without what would part it, or hide its end */

static u_char *
ngx_http_smtp_verify_line_word(u_char *p, u_char *last, u_char *data,
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
ngx_http_smtp_verify_line_totals(ngx_http_smtp_verify_batch_t *b, u_char *p,
    u_char *last)
{
    return ngx_snprintf(p, last - p, "\"lines\":%uL,\"answered\":%uL,"
                        "\"errors\":%uL,\"duplicates\":%uL,\"waiting\":%uL,"
                        "\"retried\":%uL,\"elapsed_ms\":%M",
                        b->records.next, b->answered, b->errors,
                        b->duplicates, b->waiting, b->retried,
                        ngx_current_msec - b->start);
}


static u_char *
ngx_http_smtp_verify_line_counts(ngx_http_smtp_verify_batch_t *b, u_char *p,
    u_char *last)
{
    ngx_uint_t  i, n;

    static sv_status_e  order[] = { SV_DELIVERABLE, SV_UNDELIVERABLE,
                                    SV_RISKY, SV_UNKNOWN };

    p = ngx_snprintf(p, last - p, ",\"status\":{");

    for (i = 0; i < 4; i++) {
        p = ngx_snprintf(p, last - p, "%s\"%s\":%uL", i ? "," : "",
                         sv_status_name(order[i]), b->statuses[order[i]]);
    }

    p = ngx_snprintf(p, last - p, "},\"reason\":{");

    for (i = 0, n = 0; i < SV_REASON_MAX; i++) {
        if (b->reasons[i]) {
            p = ngx_snprintf(p, last - p, "%s\"%s\":%uL", n++ ? "," : "",
                             sv_reason_info(i)->name, b->reasons[i]);
        }
    }

    return ngx_snprintf(p, last - p, "}");
}


static u_char *
ngx_http_smtp_verify_line_resume(ngx_http_smtp_verify_batch_t *b, u_char *p,
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

    if (b->resume == (uint64_t) -1) {
        return ngx_snprintf(p, last - p, "\",\"resume\":null");
    }

    return ngx_snprintf(p, last - p, "\",\"resume\":{\"index\":%uL,"
                        "\"offset\":%uL}", b->resume, b->resume_offset);
}
