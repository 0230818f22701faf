
#include "ngx_http_smtp_verify_list.h"
#include "ngx_http_smtp_verify_result_fields.h"


#define NGX_HTTP_SMTP_VERIFY_CSV_FIXED  1024


/* columns of the record, before and after those of the result's fields */

#define NGX_HTTP_SMTP_VERIFY_CSV_BEFORE   "index"
#define NGX_HTTP_SMTP_VERIFY_CSV_BEHIND   ",error,detail"
#define NGX_HTTP_SMTP_VERIFY_CSV_COLUMNS  (NGX_HTTP_SMTP_VERIFY_COLUMNS + 3)


/* The line of names, without its end. */

ngx_str_t *
ngx_http_smtp_verify_csv_head(void)
{
    u_char            *p;
    ngx_str_t         *key;
    ngx_uint_t         i, field;
    static u_char      buf[NGX_HTTP_SMTP_VERIFY_CSV_FIXED];
    static ngx_str_t   head;

    if (head.len) {
        return &head;
    }

    p = ngx_cpymem(buf, NGX_HTTP_SMTP_VERIFY_CSV_BEFORE,
                   sizeof(NGX_HTTP_SMTP_VERIFY_CSV_BEFORE) - 1);

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_COLUMNS; i++) {
        field = ngx_http_smtp_verify_columns[i];
        key = &ngx_http_smtp_verify_result_fields[field].key;

        *p++ = ',';
        p = ngx_cpymem(p, key->data, key->len);
    }

    /* it also ends with a NUL */

    p = ngx_cpymem(p, NGX_HTTP_SMTP_VERIFY_CSV_BEHIND,
                   sizeof(NGX_HTTP_SMTP_VERIFY_CSV_BEHIND));

    head.data = buf;
    head.len = p - buf - 1;

    return &head;
}


ngx_uint_t
ngx_http_smtp_verify_csv_more(sv_records_t *records)
{
    switch (records->format) {

    case SV_RECORDS_CSV:
        return records->ncolumns;

    case SV_RECORDS_LINES:
        return 0;

    default:
        return 1;
    }
}


size_t
ngx_http_smtp_verify_csv_size(ngx_smtp_verify_result_t *result)
{
    return NGX_HTTP_SMTP_VERIFY_CSV_FIXED
           + 2 * ngx_http_smtp_verify_fields_len(result);
}


/* Text that comes from others must not become a formula in a spreadsheet. */

u_char *
ngx_http_smtp_verify_csv_result(u_char *p, uint64_t index, ngx_str_t *input,
    ngx_smtp_verify_result_t *result)
{
    ngx_str_t   text;
    ngx_uint_t  i;
    u_char      buf[NGX_HTTP_SMTP_VERIFY_NUMBER_LEN];

    p = ngx_sprintf(p, "%uL", index);

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_COLUMNS; i++) {
        *p++ = ',';
        text.data = buf;

        if (ngx_http_smtp_verify_field(result, ngx_http_smtp_verify_columns[i],
                                       &text))
        {
            p += sv_records_csv_value(p, text.len * 2 + 3, text.data, text.len,
                                      1);

        } else if (text.len) {
            p = ngx_cpymem(p, text.data, text.len);
        }
    }

    p = ngx_cpymem(p, ",,", 2);
    p = ngx_cpymem(p, input->data, input->len);
    *p++ = '\n';

    return p;
}


/* A line without a verdict has as many columns.  Only the first one, "error"
   and "detail" are not empty. */

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
