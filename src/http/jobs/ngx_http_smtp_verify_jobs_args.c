
#include "ngx_http_smtp_verify_jobs_handler.h"


#define NGX_HTTP_SMTP_VERIFY_JOBS_JOBS     100
#define NGX_HTTP_SMTP_VERIFY_JOBS_RECORDS  10000000
#define NGX_HTTP_SMTP_VERIFY_JOBS_BYTES    ((uint64_t) 2 << 30)


static ngx_uint_t ngx_http_smtp_verify_jobs_type(ngx_str_t *type,
    const char *name);
static ngx_int_t ngx_http_smtp_verify_jobs_params(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_params_status_e status);
static ngx_int_t ngx_http_smtp_verify_jobs_over(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_catalog_usage_t *usage,
    ngx_uint_t status, const char *detail);


ngx_int_t
ngx_http_smtp_verify_jobs_query(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_str_t  *args;

    args = &hj->request->args;

    return ngx_http_smtp_verify_jobs_params(hj,
                                            sv_jobs_query(args->data,
                                                          args->len,
                                                          &hj->query));
}


/* The parameters of a body that was read: a JSON object, or a form. */

ngx_int_t
ngx_http_smtp_verify_jobs_body(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    size_t                       len;
    ngx_str_t                    type;
    ngx_http_request_t          *r;
    ngx_http_smtp_verify_ctx_t  *ctx;

    r = hj->request;
    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    len = ctx->body->last - ctx->body->pos;

    if (ngx_http_smtp_verify_content_type(r, &type) != NGX_OK) {
        ngx_str_null(&type);
    }

    if (ngx_http_smtp_verify_jobs_type(&type, "application/json")
        || ngx_http_smtp_verify_jobs_type(&type,
                                          "application/merge-patch+json"))
    {
        return ngx_http_smtp_verify_jobs_params(hj,
                                           sv_jobs_patch(ctx->body->pos, len,
                                                         &hj->query));
    }

    if (ngx_http_smtp_verify_jobs_type(&type,
                                       "application/x-www-form-urlencoded"))
    {
        return ngx_http_smtp_verify_jobs_params(hj,
                                           sv_jobs_query(ctx->body->pos, len,
                                                         &hj->query));
    }

    return ngx_http_smtp_verify_problem(r, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                        "unsupported_media_type",
                                        "Send application/json or "
                                        "application/x-www-form-urlencoded.");
}


void
ngx_http_smtp_verify_jobs_body_end(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        rc = ngx_http_smtp_verify_problem(r, rc, "body_too_large",
                                      "The body is larger than is allowed.");
    }

    if (rc != NGX_AGAIN) {
        ngx_http_finalize_request(r, rc);
    }
}


static ngx_uint_t
ngx_http_smtp_verify_jobs_type(ngx_str_t *type, const char *name)
{
    return type->len == ngx_strlen(name)
           && ngx_strncasecmp(type->data, (u_char *) name, type->len) == 0;
}


static ngx_int_t
ngx_http_smtp_verify_jobs_params(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_params_status_e status)
{
    ngx_http_request_t  *r;

    r = hj->request;

    if (status == SV_PARAMS_OK) {
        return NGX_DECLINED;
    }

    if (status == SV_PARAMS_INVALID) {
        return ngx_http_smtp_verify_problem(r, 422, "invalid_parameter",
                                            hj->query.error);
    }

    return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                        "malformed_request",
                                        hj->query.error);
}


/* The key is a string of a structured header (RFC 8941); without its quotation
   marks it is taken as well. */

ngx_int_t
ngx_http_smtp_verify_jobs_key(ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_str_t *key)
{
    size_t            i;
    ngx_table_elt_t  *h;

    ngx_str_null(key);

    h = ngx_http_smtp_verify_header_in(hj->request, "idempotency-key");
    if (h == NULL) {
        return NGX_DECLINED;
    }

    *key = h->value;

    if (key->len >= 2 && key->data[0] == '"'
        && key->data[key->len - 1] == '"')
    {
        key->data++;
        key->len -= 2;
    }

    if (key->len == 0 || key->len >= SV_CATALOG_KEY
        || ngx_http_smtp_verify_header_after(hj->request, "idempotency-key",
                                             h))
    {
        goto invalid;
    }

    for (i = 0; i < key->len; i++) {
        if (key->data[i] <= ' ' || key->data[i] >= 0x7f
            || key->data[i] == '"' || key->data[i] == '\\')
        {
            goto invalid;
        }
    }

    return NGX_DECLINED;

invalid:

    return ngx_http_smtp_verify_problem(hj->request, NGX_HTTP_BAD_REQUEST,
                                        "malformed_request",
                                        "\"Idempotency-Key\" must be one "
                                        "value of at most 255 visible ASCII "
                                        "characters.");
}


/* W3C Trace Context: "00-", 32 and 16 hexadecimal digits, and flags; what has
   another form is not passed on. */

void
ngx_http_smtp_verify_jobs_trace(ngx_http_smtp_verify_jobs_ctx_t *hj,
    char *traceparent)
{
    size_t            i;
    u_char           *p;
    ngx_table_elt_t  *h;

    h = ngx_http_smtp_verify_header_in(hj->request, "traceparent");

    if (h == NULL || h->value.len != SV_CATALOG_TRACE - 1) {
        return;
    }

    p = h->value.data;

    for (i = 0; i < h->value.len; i++) {

        if (i == 2 || i == 35 || i == 52) {
            if (p[i] != '-') {
                return;
            }

        } else if (!sv_is_digit(p[i]) && (p[i] < 'a' || p[i] > 'f')) {
            return;
        }
    }

    (void) ngx_cpystrn((u_char *) traceparent, p, SV_CATALOG_TRACE);
}


void
ngx_http_smtp_verify_jobs_limits(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_catalog_usage_t *max)
{
    ngx_http_smtp_verify_jobs_conf_t  *limits;

    limits = hj->limits;

    max->jobs = limits->max_jobs;
    max->records = limits->max_records;
    max->bytes = limits->max_bytes;

    if (max->jobs == NGX_HTTP_SMTP_VERIFY_JOBS_UNSET) {
        max->jobs = NGX_HTTP_SMTP_VERIFY_JOBS_JOBS;
    }

    if (max->records == NGX_HTTP_SMTP_VERIFY_JOBS_UNSET) {
        max->records = NGX_HTTP_SMTP_VERIFY_JOBS_RECORDS;
    }

    if (max->bytes == NGX_HTTP_SMTP_VERIFY_JOBS_UNSET) {
        max->bytes = NGX_HTTP_SMTP_VERIFY_JOBS_BYTES;
    }
}


/* Is there room for a list of this size beside what the client has?  A list
   that would never fit is too large; another one may be sent again later. */

ngx_int_t
ngx_http_smtp_verify_jobs_room(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_catalog_usage_t *usage, uint64_t records, uint64_t bytes)
{
    off_t               body;
    sv_catalog_usage_t  max;

    body = hj->limits->max_body;

    ngx_http_smtp_verify_jobs_limits(hj, &max);

    if (body && bytes > (uint64_t) body) {
        return ngx_http_smtp_verify_problem(hj->request,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "body_too_large",
                                       "The body is larger than "
                                       "client_max_body_size allows.");
    }

    if (records > max.records) {
        return ngx_http_smtp_verify_jobs_over(hj, usage,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "The list has more records than a "
                                       "client may have in its jobs.");
    }

    if (bytes > max.bytes) {
        return ngx_http_smtp_verify_jobs_over(hj, usage,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "The list has more bytes than a client "
                                       "may have in its jobs.");
    }

    if (usage->jobs >= max.jobs || records + usage->records > max.records
        || bytes + usage->bytes > max.bytes)
    {
        return ngx_http_smtp_verify_jobs_over(hj, usage,
                                       NGX_HTTP_TOO_MANY_REQUESTS,
                                       "The client has as much in its jobs as "
                                       "it may have: delete jobs that are not "
                                       "needed any more.");
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_smtp_verify_jobs_over(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_catalog_usage_t *usage, ngx_uint_t status, const char *detail)
{
    ngx_str_t           members;
    sv_catalog_usage_t  max;

    ngx_http_smtp_verify_jobs_limits(hj, &max);

    members.data = ngx_pnalloc(hj->request->pool,
                               sizeof(",\"allowed\":{\"jobs\":,\"records\":,"
                                      "\"bytes\":},\"used\":{\"jobs\":,"
                                      "\"records\":,\"bytes\":}") - 1
                               + 6 * NGX_INT64_LEN);
    if (members.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    members.len = ngx_sprintf(members.data, ",\"allowed\":{\"jobs\":%uL,"
                              "\"records\":%uL,\"bytes\":%uL},\"used\":{"
                              "\"jobs\":%uL,\"records\":%uL,\"bytes\":%uL}",
                              max.jobs, max.records, max.bytes, usage->jobs,
                              usage->records, usage->bytes)
                  - members.data;

    return ngx_http_smtp_verify_problem_with(hj->request, status,
                                             "jobs_limit", detail, &members);
}
