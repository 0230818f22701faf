
#include "ngx_http_smtp_verify_batch_handler.h"
#include "sv_params.h"


#define NGX_HTTP_SMTP_VERIFY_ARG_NONE  ((ngx_uint_t) -1)


typedef struct {
    ngx_str_t   name;
    ngx_uint_t  value;
} ngx_http_smtp_verify_word_t;


typedef struct {
    const char                   *name;
    ngx_http_smtp_verify_word_t  *words;
    const char                   *error;
} ngx_http_smtp_verify_option_t;


static ngx_int_t ngx_http_smtp_verify_batch_options(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static ngx_int_t ngx_http_smtp_verify_batch_invalid(ngx_http_request_t *r,
    const char *detail);
static ngx_uint_t ngx_http_smtp_verify_batch_arg(ngx_http_request_t *r,
    const char *name, ngx_http_smtp_verify_word_t *words, ngx_uint_t missing);
static ngx_int_t ngx_http_smtp_verify_batch_column(
    ngx_http_smtp_verify_batch_ctx_t *hb);
static ngx_uint_t ngx_http_smtp_verify_batch_type(ngx_http_request_t *r);
static ngx_uint_t ngx_http_smtp_verify_batch_accepts_csv(
    ngx_http_request_t *r);


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


static ngx_http_smtp_verify_word_t  ngx_http_smtp_verify_formats[] = {
    { ngx_string("ndjson"), 0 },
    { ngx_string("csv"), 1 },
    { ngx_null_string, 0 }
};


static ngx_http_smtp_verify_word_t  ngx_http_smtp_verify_flags[] = {
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


static ngx_http_smtp_verify_option_t  ngx_http_smtp_verify_options[] = {
    { "format", ngx_http_smtp_verify_formats,
      "\"format\" must be ndjson or csv." },
    { "ordered", ngx_http_smtp_verify_flags,
      "\"ordered\" must be true or false (or 1, 0)." },
    { "summary", ngx_http_smtp_verify_flags,
      "\"summary\" must be true or false (or 1, 0)." },
    { "delimiter", ngx_http_smtp_verify_delimiters,
      "\"delimiter\" must be comma, semicolon, tab or pipe." }
};


ngx_int_t
ngx_http_smtp_verify_batch_args(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    ngx_uint_t                      i, value[4];
    ngx_http_request_t             *r;
    ngx_http_smtp_verify_option_t  *option;

    r = hb->request;

    value[0] = ngx_http_smtp_verify_batch_arg(r, "input",
                                           ngx_http_smtp_verify_inputs,
                                           ngx_http_smtp_verify_batch_type(r));

    if (value[0] == NGX_HTTP_SMTP_VERIFY_ARG_NONE) {
        return ngx_http_smtp_verify_problem(r,
                                       NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       "unsupported_media_type",
                                       "Send application/json, application/"
                                       "x-ndjson, text/csv or text/plain, or "
                                       "say input=json, ndjson, csv or "
                                       "lines.");
    }

    hb->records.format = value[0];

    value[0] = ngx_http_smtp_verify_batch_accepts_csv(r);
    value[1] = 0;
    value[2] = 1;
    value[3] = 0;

    for (i = 0; i < 4; i++) {
        option = &ngx_http_smtp_verify_options[i];

        value[i] = ngx_http_smtp_verify_batch_arg(r, option->name,
                                                  option->words, value[i]);

        if (value[i] == NGX_HTTP_SMTP_VERIFY_ARG_NONE) {
            return ngx_http_smtp_verify_batch_invalid(r, option->error);
        }
    }

    hb->csv = value[0];
    hb->batch.ordered = value[1];
    hb->summary = value[2];
    hb->records.delimiter = (u_char) value[3];

    if (hb->csv) {
        ngx_http_smtp_verify_csv_init(hb);
    }

    if (ngx_http_smtp_verify_batch_column(hb) != NGX_OK) {
        return ngx_http_smtp_verify_batch_invalid(r, "\"column\" must be a "
                                       "name of at most 64 bytes, or a number "
                                       "from 1 on.");
    }

    return ngx_http_smtp_verify_batch_options(hb);
}


/* Parameters that a request for a single address has, too. */

static ngx_int_t
ngx_http_smtp_verify_batch_options(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    sv_params_t               params;
    sv_params_status_e        status;
    ngx_http_request_t       *r;
    ngx_smtp_verify_batch_t  *b;

    b = &hb->batch;
    r = hb->request;

    ngx_memzero(&params, offsetof(sv_params_t, email));

    status = sv_params_form(r->args.data, r->args.len, &params);

    if (status == SV_PARAMS_INVALID) {
        return ngx_http_smtp_verify_batch_invalid(r, params.error);
    }

    if (status != SV_PARAMS_OK) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "malformed_request",
                                            params.error);
    }

    b->asker.smtp = b->asker.smtp && (!params.has_smtp || params.smtp);

    b->wait = b->timeout;

    if (params.has_wait) {
        b->wait = ngx_min(b->wait, (ngx_msec_t) params.wait * 1000);
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_smtp_verify_batch_invalid(ngx_http_request_t *r, const char *detail)
{
    return ngx_http_smtp_verify_problem(r, 422, "invalid_parameter", detail);
}


static ngx_uint_t
ngx_http_smtp_verify_batch_arg(ngx_http_request_t *r, const char *name,
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
ngx_http_smtp_verify_batch_column(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    size_t               i;
    u_char              *src, *dst;
    ngx_str_t            value;
    ngx_http_request_t  *r;

    r = hb->request;

    if (ngx_http_arg(r, (u_char *) "column", 6, &value) != NGX_OK) {
        return NGX_OK;
    }

    dst = ngx_pnalloc(r->pool, value.len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    hb->records.column.data = dst;

    /* the value is a part of the request line, which must not change */

    for (i = 0; i < value.len; i++) {
        dst[i] = (value.data[i] == '+') ? ' ' : value.data[i];
    }

    src = dst;
    ngx_unescape_uri(&dst, &src, value.len, 0);

    hb->records.column.len = dst - hb->records.column.data;

    return hb->records.column.len
           && hb->records.column.len <= SV_RECORDS_NAME_MAX
           ? NGX_OK : NGX_ERROR;
}


static ngx_uint_t
ngx_http_smtp_verify_batch_type(ngx_http_request_t *r)
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


/* Weights (q=) are ignored: a client that names text/csv wants it. */

static ngx_uint_t
ngx_http_smtp_verify_batch_accepts_csv(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_http_smtp_verify_header_in(r, "accept");

    return h && ngx_strlcasestrn(h->value.data, h->value.data + h->value.len,
                                 (u_char *) "text/csv", 8 - 1)
                != NULL;
}
