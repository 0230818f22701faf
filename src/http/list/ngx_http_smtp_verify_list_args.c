
#include "ngx_http_smtp_verify_list.h"


static ngx_int_t ngx_http_smtp_verify_list_column(ngx_http_request_t *r,
    sv_records_t *records);
static ngx_uint_t ngx_http_smtp_verify_list_type(ngx_http_request_t *r);


static ngx_http_smtp_verify_word_t  ngx_http_smtp_verify_inputs[] = {
    { ngx_string("json"), SV_RECORDS_JSON },
    { ngx_string("ndjson"), SV_RECORDS_NDJSON },
    { ngx_string("csv"), SV_RECORDS_CSV },
    { ngx_string("lines"), SV_RECORDS_LINES },
    { ngx_null_string, 0 }
};


static ngx_http_smtp_verify_word_t  ngx_http_smtp_verify_types[] = {
    { ngx_string("application/json"), SV_RECORDS_JSON },
    { ngx_string("application/x-ndjson"), SV_RECORDS_NDJSON },
    { ngx_string("application/ndjson"), SV_RECORDS_NDJSON },
    { ngx_string("application/jsonl"), SV_RECORDS_NDJSON },
    { ngx_string("application/x-jsonlines"), SV_RECORDS_NDJSON },
    { ngx_string("application/jsonlines"), SV_RECORDS_NDJSON },
    { ngx_string("text/csv"), SV_RECORDS_CSV },
    { ngx_string("text/plain"), SV_RECORDS_LINES },
    { ngx_null_string, 0 }
};


ngx_http_smtp_verify_word_t  ngx_http_smtp_verify_flags[] = {
    { ngx_string("0"), 0 },
    { ngx_string("1"), 1 },
    { ngx_string("off"), 0 },
    { ngx_string("on"), 1 },
    { ngx_string("false"), 0 },
    { ngx_string("true"), 1 },
    { ngx_null_string, 0 }
};


static ngx_http_smtp_verify_word_t  ngx_http_smtp_verify_delimiters[] = {
    { ngx_string("comma"), ',' },
    { ngx_string("semicolon"), ';' },
    { ngx_string("tab"), '\t' },
    { ngx_string("pipe"), '|' },
    { ngx_string(","), ',' },
    { ngx_string(";"), ';' },
    { ngx_string("|"), '|' },
    { ngx_string("%2C"), ',' },
    { ngx_string("%3B"), ';' },
    { ngx_string("%09"), '\t' },
    { ngx_string("%7C"), '|' },
    { ngx_null_string, 0 }
};


ngx_int_t
ngx_http_smtp_verify_list_input(ngx_http_request_t *r, sv_records_t *records)
{
    ngx_uint_t  value;

    value = ngx_http_smtp_verify_list_arg(r, "input",
                                          ngx_http_smtp_verify_inputs,
                                          ngx_http_smtp_verify_list_type(r));

    if (value == NGX_HTTP_SMTP_VERIFY_ARG_NONE) {
        return ngx_http_smtp_verify_problem(r,
                                       NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       "unsupported_media_type",
                                       "Send application/json, application/"
                                       "x-ndjson, text/csv or text/plain, or "
                                       "say input=json, ndjson, csv or "
                                       "lines.");
    }

    records->format = value;

    value = ngx_http_smtp_verify_list_arg(r, "delimiter",
                                          ngx_http_smtp_verify_delimiters, 0);

    if (value == NGX_HTTP_SMTP_VERIFY_ARG_NONE) {
        return ngx_http_smtp_verify_list_invalid(r, "\"delimiter\" must be "
                                       "comma, semicolon, tab or pipe.");
    }

    records->delimiter = (u_char) value;

    if (ngx_http_smtp_verify_list_column(r, records) != NGX_OK) {
        return ngx_http_smtp_verify_list_invalid(r, "\"column\" must be a "
                                       "name of at most 64 bytes, or a number "
                                       "from 1 on.");
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_smtp_verify_list_invalid(ngx_http_request_t *r, const char *detail)
{
    return ngx_http_smtp_verify_problem(r, 422, "invalid_parameter", detail);
}


ngx_uint_t
ngx_http_smtp_verify_list_arg(ngx_http_request_t *r, const char *name,
    ngx_http_smtp_verify_word_t *words, ngx_uint_t missing)
{
    ngx_str_t  value;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &value) != NGX_OK) {
        return missing;
    }

    for ( /* void */ ; words->name.len; words++) {

        if (words->name.len == value.len
            && ngx_strncasecmp(words->name.data, value.data, value.len) == 0)
        {
            return words->value;
        }
    }

    return NGX_HTTP_SMTP_VERIFY_ARG_NONE;
}


static ngx_int_t
ngx_http_smtp_verify_list_column(ngx_http_request_t *r, sv_records_t *records)
{
    size_t      i;
    u_char     *src, *dst;
    ngx_str_t   value;

    if (ngx_http_arg(r, (u_char *) "column", 6, &value) != NGX_OK) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, value.len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    records->column.data = dst;

    /* the value is a part of the request line, which must not change */

    for (i = 0; i < value.len; i++) {
        dst[i] = (value.data[i] == '+') ? ' ' : value.data[i];
    }

    src = dst;
    ngx_unescape_uri(&dst, &src, value.len, 0);

    records->column.len = dst - records->column.data;

    return records->column.len
           && records->column.len <= SV_RECORDS_NAME_MAX
           ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
ngx_http_smtp_verify_list_type(ngx_http_request_t *r)
{
    ngx_str_t                     type;
    ngx_http_smtp_verify_word_t  *word;

    if (ngx_http_smtp_verify_content_type(r, &type) != NGX_OK) {
        return NGX_HTTP_SMTP_VERIFY_ARG_NONE;
    }

    for (word = ngx_http_smtp_verify_types; word->name.len; word++) {

        if (word->name.len == type.len
            && ngx_strncasecmp(word->name.data, type.data, type.len) == 0)
        {
            return word->value;
        }
    }

    return NGX_HTTP_SMTP_VERIFY_ARG_NONE;
}


/* Weights (q=) are ignored: a client that names a type wants it. */

ngx_uint_t
ngx_http_smtp_verify_list_accepts(ngx_http_request_t *r, const char *type)
{
    ngx_table_elt_t  *h;

    h = ngx_http_smtp_verify_header_in(r, "accept");

    return h && ngx_strlcasestrn(h->value.data, h->value.data + h->value.len,
                                 (u_char *) type, ngx_strlen(type) - 1)
                != NULL;
}
