
#include "ngx_http_smtp_verify_ask.h"
#include "ngx_http_smtp_verify_conf_cache.h"
#include "ngx_http_smtp_verify_module.h"
#include "ngx_http_smtp_verify_rdap.h"
#include "ngx_http_smtp_verify_tokens.h"
#include "sv_params.h"


static void ngx_http_smtp_verify_body_done(ngx_http_request_t *r,
    ngx_int_t rc);
static ngx_int_t ngx_http_smtp_verify_body_type(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_start(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_params(ngx_http_request_t *r,
    sv_params_t *params);
static ngx_uint_t ngx_http_smtp_verify_is_json_form(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_start_probe(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker);
static ngx_int_t ngx_http_smtp_verify_erase(ngx_http_request_t *r,
    ngx_str_t *email);
static void ngx_http_smtp_verify_done(ngx_smtp_verify_lookup_t *l);
static ngx_int_t ngx_http_smtp_verify_result(ngx_http_request_t *r);


enum {
    ngx_http_smtp_verify_other = 0,
    ngx_http_smtp_verify_is_json,
    ngx_http_smtp_verify_is_form
};


ngx_int_t
ngx_http_smtp_verify_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    rc = ngx_http_smtp_verify_begin(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (r->method == NGX_HTTP_POST) {

        if (ngx_http_smtp_verify_body_type(r) == ngx_http_smtp_verify_other) {
            return ngx_http_smtp_verify_problem(r,
                                       NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       "unsupported_media_type",
                                       "Send application/json or application/"
                                       "x-www-form-urlencoded.");
        }

        rc = ngx_http_smtp_verify_body_refuse(r);
        if (rc != NGX_DECLINED) {
            return rc;
        }

        return ngx_http_smtp_verify_read_body(r,
                                              ngx_http_smtp_verify_body_done);
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        && (r->method != NGX_HTTP_DELETE || slcf->verify.cache == NULL))
    {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_ALLOWED,
                                            "method_not_allowed",
                                            slcf->verify.cache
                                            ? "Use GET, HEAD, POST or DELETE."
                                            : "Use GET, HEAD or POST.");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_smtp_verify_start(r);

    if (rc == NGX_DONE) {
        r->main->count++;
        ngx_http_smtp_verify_watch_client(r);
    }

    return rc;
}


static void
ngx_http_smtp_verify_body_done(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc == NGX_OK) {
        rc = ngx_http_smtp_verify_start(r);

    } else if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        rc = ngx_http_smtp_verify_problem(r, rc, "body_too_large",
                                      "The body is larger than is allowed.");
    }

    if (rc == NGX_DONE) {
        ngx_http_smtp_verify_watch_client(r);
        return;
    }

    ngx_http_finalize_request(r, rc);
}


static ngx_int_t
ngx_http_smtp_verify_body_type(ngx_http_request_t *r)
{
    ngx_str_t         type;
    static ngx_str_t  json = ngx_string("application/json");
    static ngx_str_t  form = ngx_string("application/x-www-form-urlencoded");

    if (ngx_http_smtp_verify_content_type(r, &type) != NGX_OK) {
        return ngx_http_smtp_verify_other;
    }

    if (type.len == json.len
        && ngx_strncasecmp(type.data, json.data, type.len) == 0)
    {
        return ngx_http_smtp_verify_is_json;
    }

    if (type.len == form.len
        && ngx_strncasecmp(type.data, form.data, type.len) == 0)
    {
        return ngx_http_smtp_verify_is_form;
    }

    return ngx_http_smtp_verify_other;
}


/* Returns NGX_DONE if a probe was started; otherwise what the handler
   returns. */

static ngx_int_t
ngx_http_smtp_verify_start(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_str_t                         email;
    sv_params_t                       params;
    ngx_smtp_verify_lookup_t         *l;
    ngx_smtp_verify_asker_t           asker;
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    rc = ngx_http_smtp_verify_params(r, &params);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    email.data = params.email;
    email.len = params.email_len;

    if (r->method == NGX_HTTP_DELETE) {
        return ngx_http_smtp_verify_erase(r, &email);
    }

    ngx_http_smtp_verify_asker(r, &asker);
    asker.sandbox = ngx_http_smtp_verify_client_sandbox(r);

    if (!asker.sandbox) {
        ngx_http_smtp_verify_rdap_start(r, &email);
    }

    asker.smtp = asker.smtp && (!params.has_smtp || params.smtp);

    ngx_smtp_verify_question_init(&ctx->question, &asker, &email);

    l = &ctx->question.lookup;

    l->handler = ngx_http_smtp_verify_done;
    l->data = ctx;
    l->wait = ngx_min((time_t) params.wait, slcf->max_wait);
    l->transcript = slcf->transcript && params.transcript;

    if (params.has_timeout) {
        l->budget = ngx_min((ngx_msec_t) params.timeout * 1000,
                            slcf->verify.timeout);
    }

    if (ngx_smtp_verify_lookup(l) == NGX_OK) {
        return ngx_http_smtp_verify_result(r);
    }

    return ngx_http_smtp_verify_start_probe(r, &asker);
}


/* Called if the cache has no result. */

static ngx_int_t
ngx_http_smtp_verify_start_probe(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker)
{
    u_char                      *p;
    ngx_int_t                    rc;
    ngx_str_t                   *email;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    email = &ctx->question.lookup.email;

    p = ngx_pstrdup(r->pool, email);

    if (p == NULL
        || ngx_http_smtp_verify_client_account(r, &asker->account) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    email->data = p;

    rc = ngx_http_smtp_verify_ask(r, ctx, asker);

    if (rc == NGX_OK) {
        return ngx_http_smtp_verify_result(r);
    }

    return rc == NGX_AGAIN ? NGX_DONE : ngx_http_smtp_verify_ask_refuse(r, rc);
}


/* Returns NGX_DECLINED if the parameters are valid; otherwise a problem was
   sent. */

static ngx_int_t
ngx_http_smtp_verify_params(ngx_http_request_t *r, sv_params_t *params)
{
    size_t                       len;
    sv_params_status_e           status;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    ngx_memzero(params, offsetof(sv_params_t, email));

    status = sv_params_form(r->args.data, r->args.len, params);

    if (status == SV_PARAMS_OK && ctx->body) {
        len = ctx->body->last - ctx->body->pos;

        status = (ngx_http_smtp_verify_body_type(r)
                  == ngx_http_smtp_verify_is_json)
                 ? sv_params_json(ctx->body->pos, len, params)
                 : sv_params_form(ctx->body->pos, len, params);
    }

    if (status == SV_PARAMS_INVALID) {
        return ngx_http_smtp_verify_problem(r, 422, "invalid_parameter",
                                            params->error);
    }

    if (status != SV_PARAMS_OK) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "malformed_request",
                                            params->error);
    }

    if (!params->has_email) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "missing_email",
                                            ngx_http_smtp_verify_is_json_form(r)
                                            ? "The body looks like JSON, but "
                                              "was sent as a form: send "
                                              "\"Content-Type: "
                                              "application/json\"."
                                            : "Name the address to verify in "
                                              "\"email\".");
    }

    return NGX_DECLINED;
}


/* "curl -d" sends everything as a form. */

static ngx_uint_t
ngx_http_smtp_verify_is_json_form(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    return ctx->body && ctx->body->pos < ctx->body->last
           && *ctx->body->pos == '{'
           && ngx_http_smtp_verify_body_type(r)
              != ngx_http_smtp_verify_is_json;
}


/* DELETE erases the cached result of one address. */

static ngx_int_t
ngx_http_smtp_verify_erase(ngx_http_request_t *r, ngx_str_t *email)
{
    ngx_buf_t                        *b;
    ngx_str_t                         type = ngx_null_string;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (!ngx_http_smtp_verify_client_may(r, SV_TOKENS_ERASE)) {
        return ngx_http_smtp_verify_client_refuse(r);
    }

    if (ngx_smtp_verify_lookup_erase(&slcf->verify, email) != NGX_OK) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_FOUND,
                                            "not_cached",
                                            "No result is kept for this "
                                            "address.");
    }

    b = ngx_create_temp_buf(r->pool, 1);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->header_only = 1;

    return ngx_http_smtp_verify_send(r, NGX_HTTP_NO_CONTENT, &type, b);
}


static void
ngx_http_smtp_verify_done(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t                    rc;
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = l->data;
    r = ctx->request;
    c = r->connection;

    if (!ngx_http_smtp_verify_is_here(ctx)) {
        ngx_smtp_verify_question_end(&ctx->question);
        return;
    }

    rc = ngx_http_smtp_verify_result(r);

    ngx_http_finalize_request(r, rc);

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_smtp_verify_result(ngx_http_request_t *r)
{
    ngx_buf_t                   *b;
    ngx_str_t                    type = ngx_string("application/json");
    ngx_smtp_verify_result_t    *result, view;
    ngx_smtp_verify_lookup_t    *l;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    l = &ctx->question.lookup;

    if (l->result == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    result = l->result;

    if (!ngx_http_smtp_verify_client_may(r, SV_TOKENS_ADMIN)) {
        ngx_http_smtp_verify_client_view(&view, result);
        result = &view;
    }

    b = ngx_http_smtp_verify_json(r, result, &ctx->request_id);

    if (ngx_http_smtp_verify_save_result(r, ctx, l->result) != NGX_OK) {
        b = NULL;
    }

    if (l->refresh) {
        ngx_http_smtp_verify_ask_refresh(r, ctx);
    }

    ngx_smtp_verify_question_end(&ctx->question);

    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &type, b);
}
