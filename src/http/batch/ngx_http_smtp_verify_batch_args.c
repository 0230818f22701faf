
#include "ngx_http_smtp_verify_batch_handler.h"
#include "sv_params.h"


typedef struct {
    const char                   *name;
    ngx_http_smtp_verify_word_t  *words;
    const char                   *error;
} ngx_http_smtp_verify_option_t;


static ngx_int_t ngx_http_smtp_verify_batch_options(
    ngx_http_smtp_verify_batch_ctx_t *hb);


static ngx_http_smtp_verify_word_t  ngx_http_smtp_verify_formats[] = {
    { ngx_string("ndjson"), 0 },
    { ngx_string("csv"), 1 },
    { ngx_null_string, 0 }
};


static ngx_http_smtp_verify_option_t  ngx_http_smtp_verify_options[] = {
    { "format", ngx_http_smtp_verify_formats,
      "\"format\" must be ndjson or csv." },
    { "ordered", ngx_http_smtp_verify_flags,
      "\"ordered\" must be true or false (or 1, 0)." },
    { "summary", ngx_http_smtp_verify_flags,
      "\"summary\" must be true or false (or 1, 0)." }
};


ngx_int_t
ngx_http_smtp_verify_batch_args(ngx_http_smtp_verify_batch_ctx_t *hb)
{
    ngx_int_t                       rc;
    ngx_uint_t                      i, value[3];
    ngx_http_request_t             *r;
    ngx_http_smtp_verify_option_t  *option;

    r = hb->request;

    rc = ngx_http_smtp_verify_list_input(r, &hb->records);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    value[0] = ngx_http_smtp_verify_list_accepts(r, "text/csv");
    value[1] = 0;
    value[2] = 1;

    for (i = 0; i < 3; i++) {
        option = &ngx_http_smtp_verify_options[i];

        value[i] = ngx_http_smtp_verify_list_arg(r, option->name,
                                                 option->words, value[i]);

        if (value[i] == NGX_HTTP_SMTP_VERIFY_ARG_NONE) {
            return ngx_http_smtp_verify_list_invalid(r, option->error);
        }
    }

    hb->csv = value[0];
    hb->batch.ordered = value[1];
    hb->summary = value[2];

    /* the names of our columns are reserved */

    if (hb->csv) {
        hb->records.taken = (char *) ngx_http_smtp_verify_csv_head()->data;
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
        return ngx_http_smtp_verify_list_invalid(r, params.error);
    }

    if (status != SV_PARAMS_OK) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "malformed_request",
                                            params.error);
    }

    b->asker.smtp = b->asker.smtp && (!params.has_smtp || params.smtp);

    if (params.has_timeout) {
        b->timeout = ngx_min(b->timeout, (ngx_msec_t) params.timeout * 1000);
    }

    b->wait = b->timeout;

    if (params.has_wait) {
        b->wait = ngx_min(b->wait, (ngx_msec_t) params.wait * 1000);
    }

    return NGX_DECLINED;
}
