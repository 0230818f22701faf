
#include "ngx_http_smtp_verify_batch_handler.h"


#define NGX_HTTP_SMTP_VERIFY_CSV_FIXED  1024


static u_char *ngx_http_smtp_verify_csv_str(u_char *p, ngx_str_t *text);
static u_char *ngx_http_smtp_verify_csv_word(u_char *p, const char *word);
static u_char *ngx_http_smtp_verify_csv_int(u_char *p, ngx_int_t n);
static u_char *ngx_http_smtp_verify_csv_tri(u_char *p, ngx_int_t tri);


/* as _csv_result() writes them; error and detail are the last two */

static const char  ngx_http_smtp_verify_csv_columns[] =
    "index,email,status,reason,verification_level,score,blame,did_you_mean,"
    "retry_after,normalized,root,is_catch_all,disposable,free_provider,"
    "role_account,smtp_provider,mx_host,response_code,enhanced_code,response,"
    "cached,error,detail";

#define NGX_HTTP_SMTP_VERIFY_CSV_COLUMNS  23


void
ngx_http_smtp_verify_csv_init(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    hb->records.taken = ngx_http_smtp_verify_csv_columns;
}


void
ngx_http_smtp_verify_csv_names(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    size_t   n, size;
    u_char  *p;

    ngx_smtp_verify_batch_emit(&hb->batch, -1,
                               (u_char *) ngx_http_smtp_verify_csv_columns,
                               sizeof(ngx_http_smtp_verify_csv_columns) - 1);

    /* a quotation mark becomes two; a missing name is a short one */

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

    ngx_free(p);
}


/* columns of the input's own */

ngx_uint_t
ngx_http_smtp_verify_csv_more(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    switch (hb->records.format) {

    case SV_RECORDS_CSV:
        return hb->records.ncolumns;

    case SV_RECORDS_LINES:
        return 0;

    default:
        return 1;
    }
}


size_t
ngx_http_smtp_verify_csv_size(ngx_smtp_verify_result_t *result)
{
    size_t                       len;
    ngx_smtp_verify_evidence_t  *ev;

    ev = &result->evidence;

    len = result->email.len + result->normalized.len + result->root.len
          + result->did_you_mean.len + ev->mx_host.len + ev->enhanced.len
          + ev->text.len;

    if (result->provider) {
        len += result->provider->name.len;
    }

    return NGX_HTTP_SMTP_VERIFY_CSV_FIXED + 2 * len;
}


u_char *
ngx_http_smtp_verify_csv_result(u_char *p, uint64_t index, ngx_str_t *input,
    ngx_smtp_verify_result_t *result)
{
    ngx_str_t                    provider;
    ngx_smtp_verify_evidence_t  *ev;

    ev = &result->evidence;

    ngx_str_null(&provider);

    if (result->provider) {
        provider.data = result->provider->name.data;
        provider.len = result->provider->name.len;
    }

    p = ngx_sprintf(p, "%uL", index);
    p = ngx_http_smtp_verify_csv_str(p, &result->email);
    p = ngx_http_smtp_verify_csv_word(p, sv_status_name(result->status));
    p = ngx_http_smtp_verify_csv_word(p,
                                      sv_reason_info(result->reason)->name);
    p = ngx_http_smtp_verify_csv_word(p, result->estimated ? "estimated"
                                                           : "confirmed");
    p = ngx_http_smtp_verify_csv_int(p, result->score);
    p = ngx_http_smtp_verify_csv_word(p, sv_blame_name(result->blame));
    p = ngx_http_smtp_verify_csv_str(p, &result->did_you_mean);
    p = ngx_http_smtp_verify_csv_int(p, result->retry_after
                                        ? (ngx_int_t) result->retry_after
                                        : -1);
    p = ngx_http_smtp_verify_csv_str(p, &result->normalized);
    p = ngx_http_smtp_verify_csv_str(p, &result->root);
    p = ngx_http_smtp_verify_csv_tri(p, result->is_catch_all);
    p = ngx_http_smtp_verify_csv_tri(p, result->disposable);
    p = ngx_http_smtp_verify_csv_tri(p, result->free_provider);
    p = ngx_http_smtp_verify_csv_tri(p, result->role_account);
    p = ngx_http_smtp_verify_csv_str(p, &provider);
    p = ngx_http_smtp_verify_csv_str(p, &ev->mx_host);
    p = ngx_http_smtp_verify_csv_int(p, ev->code ? (ngx_int_t) ev->code : -1);
    p = ngx_http_smtp_verify_csv_str(p, &ev->enhanced);
    p = ngx_http_smtp_verify_csv_str(p, &ev->text);
    p = ngx_http_smtp_verify_csv_tri(p, result->untold ? -1
                                                       : result->cached);

    p = ngx_cpymem(p, ",,", 2);
    p = ngx_cpymem(p, input->data, input->len);
    *p++ = '\n';

    return p;
}


/* a line that is no verdict: as many columns, of which the last two count */

u_char *
ngx_http_smtp_verify_csv_note(u_char *p, u_char *last, ngx_str_t *name,
    const char *error, u_char *detail, size_t len, ngx_uint_t columns)
{
    size_t      n;
    ngx_uint_t  i;

    p = ngx_cpymem(p, name->data, name->len);

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_CSV_COLUMNS - 2; i++) {
        *p++ = ',';
    }

    if (error) {
        p = ngx_cpymem(p, error, ngx_strlen(error));
    }

    *p++ = ',';

    n = sv_records_csv_value(p, last - p - columns - 1, detail, len, 1);

    if (n <= (size_t) (last - p) - columns - 1) {
        p += n;
    }

    while (columns--) {
        *p++ = ',';
    }

    *p++ = '\n';

    return p;
}


/* all of this is others' text, and none of it is to become a formula */

static u_char *
ngx_http_smtp_verify_csv_str(u_char *p, ngx_str_t *text)
{
    *p++ = ',';

    return p + sv_records_csv_value(p, text->len * 2 + 3, text->data,
                                    text->len, 1);
}


static u_char *
ngx_http_smtp_verify_csv_word(u_char *p, const char *word)
{
    *p++ = ',';

    return word ? ngx_cpymem(p, word, ngx_strlen(word)) : p;
}


static u_char *
ngx_http_smtp_verify_csv_int(u_char *p, ngx_int_t n)
{
    *p++ = ',';

    return n < 0 ? p : ngx_sprintf(p, "%i", n);
}


static u_char *
ngx_http_smtp_verify_csv_tri(u_char *p, ngx_int_t tri)
{
    return ngx_http_smtp_verify_csv_word(p, tri < 0 ? NULL
                                            : tri ? "true" : "false");
}
