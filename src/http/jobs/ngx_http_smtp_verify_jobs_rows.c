
#include "ngx_http_smtp_verify_jobs_results.h"
#include "ngx_smtp_verify_packed.h"
#include "sv_root.h"
#include "sv_wipe.h"


#define NGX_HTTP_SMTP_VERIFY_ROW_BUF    32768
#define NGX_HTTP_SMTP_VERIFY_ROW_NAMES  2048

/* of CSV, behind those of a list's answer */
#define NGX_HTTP_SMTP_VERIFY_DUPLICATE  ",duplicate_of"


static void ngx_http_smtp_verify_results_bare(
    ngx_smtp_verify_packed_t *packed, sv_job_result_t *row,
    sv_address_t *addr, sv_lists_t *lists);
static ngx_int_t ngx_http_smtp_verify_results_verdict(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_job_result_t *row,
    ngx_smtp_verify_result_t *result);
static size_t ngx_http_smtp_verify_results_input_size(
    ngx_http_smtp_verify_jobs_results_t *res, sv_job_result_t *row);
static u_char *ngx_http_smtp_verify_results_input(
    ngx_http_smtp_verify_jobs_results_t *res, sv_job_result_t *row, u_char *p);
static ngx_int_t ngx_http_smtp_verify_results_error(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_job_result_t *row);
static ngx_int_t ngx_http_smtp_verify_results_write(
    ngx_http_smtp_verify_jobs_ctx_t *hj, u_char *data, size_t len);


/* the row that is being written, unless it is too long */

static sv_scratch u_char
    ngx_http_smtp_verify_row_buf[NGX_HTTP_SMTP_VERIFY_ROW_BUF];


ngx_str_t *
ngx_http_smtp_verify_results_names(void)
{
    u_char            *p;
    ngx_str_t         *head;
    static u_char      buf[NGX_HTTP_SMTP_VERIFY_ROW_NAMES];
    static ngx_str_t   names;

    if (names.len == 0) {
        head = ngx_http_smtp_verify_csv_head();

        p = ngx_cpymem(buf, head->data, head->len);
        p = ngx_cpymem(p, NGX_HTTP_SMTP_VERIFY_DUPLICATE,
                       sizeof(NGX_HTTP_SMTP_VERIFY_DUPLICATE));

        names.data = buf;
        names.len = p - buf - 1;
    }

    return &names;
}


ngx_int_t
ngx_http_smtp_verify_results_first(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_str_t                            *head;
    ngx_http_smtp_verify_jobs_results_t  *res;

    res = hj->results;

    if (res->format == SV_JOBS_JSON) {
        return ngx_http_smtp_verify_output_write(&res->output,
                                                 (u_char *) "{\"results\":[\n",
                                                 13);
    }

    if (res->format == SV_JOBS_NDJSON) {
        return NGX_OK;
    }

    head = ngx_http_smtp_verify_results_names();

    if (ngx_http_smtp_verify_output_write(&res->output, head->data, head->len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!sv_records_stored_get(&res->stored, &hj->call->columns)) {
        return ngx_http_smtp_verify_output_write(&res->output,
                                                 (u_char *) ",input\n", 7);
    }

    if (ngx_http_smtp_verify_output_write(&res->output, res->stored.names.data,
                                          res->stored.names.len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_output_write(&res->output, (u_char *) "\n", 1);
}


ngx_int_t
ngx_http_smtp_verify_results_row(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_job_result_t *row)
{
    sv_lists_t                                 *lists;
    sv_address_status_e                         parsed;
    ngx_http_smtp_verify_loc_conf_t            *slcf;
    static sv_scratch sv_address_t              addr;
    static sv_scratch ngx_smtp_verify_packed_t  packed;

    if (row->reason == SV_JOB_ERROR) {
        return ngx_http_smtp_verify_results_error(hj, row);
    }

    slcf = ngx_http_get_module_loc_conf(hj->request,
                                        ngx_http_smtp_verify_module);
    lists = slcf->verify.lists;

    parsed = sv_address_parse(row->email.data, row->email.len, &addr);

    if (ngx_smtp_verify_packed_read(&packed, row->packed.data,
                                    row->packed.len, &addr, lists)
        != NGX_OK)
    {
        ngx_http_smtp_verify_results_bare(&packed, row, &addr, lists);
    }

    packed.result.email.data = row->email.data;
    packed.result.email.len = row->email.len;

    if (parsed == SV_ADDRESS_INVALID) {
        ngx_str_null(&packed.result.normalized);
        ngx_str_null(&packed.result.root);
    }

    return ngx_http_smtp_verify_results_verdict(hj, row, &packed.result);
}


/* A record that the job ended without has a status and a reason alone. */

static void
ngx_http_smtp_verify_results_bare(ngx_smtp_verify_packed_t *packed,
    sv_job_result_t *row, sv_address_t *addr, sv_lists_t *lists)
{
    ngx_smtp_verify_result_t  *result;

    result = &packed->result;

    ngx_smtp_verify_result_init(result);

    result->reason = row->reason < SV_REASON_MAX ? row->reason
                                                 : SV_REASON_NONE;
    result->found = result->reason;
    result->status = sv_reason_info(result->reason)->status;
    result->blame = sv_reason_info(result->reason)->blame;
    result->estimated = 1;

    (void) sv_root_normalize(lists, addr, &packed->checks);

    result->normalized.data = packed->checks.normalized.data;
    result->normalized.len = packed->checks.normalized.len;
    result->root.data = packed->checks.root.data;
    result->root.len = packed->checks.root.len;
}


static ngx_int_t
ngx_http_smtp_verify_results_verdict(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_job_result_t *row, ngx_smtp_verify_result_t *result)
{
    size_t                                size;
    u_char                               *p, *line, *last, members[64];
    ngx_int_t                             rc;
    ngx_str_t                             id, input, more;
    ngx_smtp_verify_result_t              view;
    ngx_http_smtp_verify_jobs_results_t  *res;

    res = hj->results;

    if (res->untold) {
        ngx_http_smtp_verify_client_view(&view, result);
        result = &view;
    }

    id.data = (u_char *) hj->call->job.request_id;
    id.len = ngx_strlen(id.data);
    input.data = row->input.data;
    input.len = row->input.len;

    size = NGX_HTTP_SMTP_VERIFY_LINE_FIXED + sizeof(members)
           + ngx_http_smtp_verify_results_input_size(res, row)
           + ngx_max(ngx_http_smtp_verify_csv_size(result),
                     ngx_http_smtp_verify_json_size(result, &id));

    line = ngx_http_smtp_verify_row_buf;

    if (size > NGX_HTTP_SMTP_VERIFY_ROW_BUF) {
        line = ngx_alloc(size, hj->request->connection->log);
        if (line == NULL) {
            return NGX_ERROR;
        }
    }

    if (res->format == SV_JOBS_CSV) {
        input.len = 0;
        last = ngx_http_smtp_verify_csv_result(line, row->idx, &input, result);

        /* more columns take the place of the end of the line */

        last = ngx_http_smtp_verify_results_input(res, row, last - 1);

    } else {
        more.data = members;
        p = (row->of == row->idx)
            ? ngx_sprintf(members, ",\"duplicate_of\":null")
            : ngx_sprintf(members, ",\"duplicate_of\":%uL", row->of);
        more.len = p - members;

        last = ngx_http_smtp_verify_line_result(line, row->idx, &input, &more,
                                                result, &id);
    }

    rc = ngx_http_smtp_verify_results_write(hj, line, last - line);

    if (line != ngx_http_smtp_verify_row_buf) {
        sv_wipe_free(line);
    }

    return rc;
}


/* octets that _results_input() writes at the most */

static size_t
ngx_http_smtp_verify_results_input_size(
    ngx_http_smtp_verify_jobs_results_t *res, sv_job_result_t *row)
{
    return 4 * row->input.len + 2 * row->email.len + 3 * res->stored.ncolumns
           + NGX_INT64_LEN + sizeof(",,\"\"\n");
}


/* Writes the columns behind those of a result: duplicate_of, and what came with
   the address. */

static u_char *
ngx_http_smtp_verify_results_input(ngx_http_smtp_verify_jobs_results_t *res,
    sv_job_result_t *row, u_char *p)
{
    size_t   size;
    u_char  *last;

    last = p + ngx_http_smtp_verify_results_input_size(res, row);

    *p++ = ',';

    if (row->of != row->idx) {
        p = ngx_sprintf(p, "%uL", row->of);
    }

    size = last - p - 1;

    if (res->stored.ncolumns) {
        p += sv_records_stored_csv(&res->stored, &row->email, &row->input, p,
                                   size);

    } else {
        *p++ = ',';
        p += sv_records_csv_value(p, size - 1, row->input.data, row->input.len,
                                  SV_RECORDS_SAFE_JSON);
    }

    *p++ = '\n';

    return p;
}


/* The packed result of a record with an error holds two texts: the code of the
   error and its description. */

static ngx_int_t
ngx_http_smtp_verify_results_error(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_job_result_t *row)
{
    size_t      len;
    u_char     *p, *last;
    ngx_str_t   name;
    ngx_uint_t  more;
    char        word[64], sentence[256];
    u_char      number[NGX_INT64_LEN];

    len = strnlen((char *) row->packed.data, row->packed.len);

    ngx_cpystrn((u_char *) word, row->packed.data,
                ngx_min(len + 1, sizeof(word)));

    sentence[0] = '\0';

    if (len < row->packed.len) {
        ngx_cpystrn((u_char *) sentence, row->packed.data + len + 1,
                    ngx_min(row->packed.len - len, sizeof(sentence)));
    }

    p = ngx_http_smtp_verify_row_buf;

    if (hj->results->format != SV_JOBS_CSV) {
        last = ngx_http_smtp_verify_line_error(p, row->idx, word, sentence);
        return ngx_http_smtp_verify_results_write(hj, p, last - p);
    }

    /* "duplicate_of", and what came with the address */

    more = 1 + ngx_max(hj->results->stored.ncolumns, 1);

    name.data = number;
    name.len = ngx_sprintf(number, "%uL", row->idx) - number;

    last = ngx_http_smtp_verify_csv_note(p, p + NGX_HTTP_SMTP_VERIFY_ROW_BUF,
                                         &name, word, (u_char *) sentence,
                                         ngx_strlen(sentence), more);

    return ngx_http_smtp_verify_results_write(hj, p, last - p);
}


/* in a JSON array there is a comma before each element but the first */

static ngx_int_t
ngx_http_smtp_verify_results_write(ngx_http_smtp_verify_jobs_ctx_t *hj,
    u_char *data, size_t len)
{
    ngx_http_smtp_verify_jobs_results_t  *res;

    res = hj->results;

    if (res->format == SV_JOBS_JSON && res->count
        && ngx_http_smtp_verify_output_write(&res->output, (u_char *) ",", 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_output_write(&res->output, data, len);
}


/* Behind the last row: where to go on.  Without it the answer was cut off. */

ngx_int_t
ngx_http_smtp_verify_results_last(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    u_char                               *p, buf[256];
    ngx_uint_t                            over, more;
    sv_job_page_t                        *rows;
    sv_job_state_e                        state;
    ngx_http_smtp_verify_jobs_results_t  *res;
    char                                  next[SV_JOBS_CURSOR_LEN + 2];

    res = hj->results;
    rows = &hj->call->rows_page;
    state = hj->call->job.state;

    over = ngx_http_smtp_verify_jobs_is_over(hj);

    /* results that come later are behind the cursor only in order of their
       arrival */

    more = rows->more || (!over && rows->order == SV_JOB_BY_DONE);

    sv_jobs_cursor(next, rows->order == SV_JOB_BY_DONE, rows->cursor);

    if (res->format == SV_JOBS_CSV) {
        p = ngx_sprintf(buf, "# page count=%uL complete=%s next=%s\n",
                        res->count, over && !more ? "true" : "false",
                        more ? next : "");

    } else {
        p = ngx_sprintf(buf, "%s\"count\":%uL,\"state\":\"%s\","
                        "\"complete\":%s,\"next\":%s%s%s}\n",
                        res->format == SV_JOBS_JSON ? "]," : "{\"page\":true,",
                        res->count, sv_job_state_name(state),
                        over && !more ? "true" : "false", more ? "\"" : "",
                        more ? next : "null", more ? "\"" : "");
    }

    return ngx_http_smtp_verify_output_write(&res->output, buf, p - buf);
}
