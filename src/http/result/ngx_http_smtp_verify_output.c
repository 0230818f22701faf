
#include "ngx_http_smtp_verify_cors.h"
#include "ngx_http_smtp_verify_tokens.h"
#include "sv_version.h"


static ngx_int_t ngx_http_smtp_verify_problem_headers(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_str_t *ngx_http_smtp_verify_title(ngx_uint_t status);


static struct {
    ngx_uint_t  status;
    ngx_str_t   title;
} ngx_http_smtp_verify_titles[] = {
    { 400, ngx_string("Bad Request") },
    { 401, ngx_string("Unauthorized") },
    { 403, ngx_string("Forbidden") },
    { 404, ngx_string("Not Found") },
    { 405, ngx_string("Method Not Allowed") },
    { 406, ngx_string("Not Acceptable") },
    { 409, ngx_string("Conflict") },
    { 408, ngx_string("Request Timeout") },
    { 411, ngx_string("Length Required") },
    { 413, ngx_string("Content Too Large") },
    { 415, ngx_string("Unsupported Media Type") },
    { 422, ngx_string("Unprocessable Content") },
    { 429, ngx_string("Too Many Requests") },
    { 500, ngx_string("Internal Server Error") },
    { 503, ngx_string("Service Unavailable") },
    { 507, ngx_string("Insufficient Storage") },
    { 0, ngx_null_string }
};


ngx_int_t
ngx_http_smtp_verify_send(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_buf_t *b)
{
    ngx_int_t                    rc;
    ngx_str_t                    no_store = ngx_string("no-store");
    ngx_chain_t                  out;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    r->headers_out.status = status;
    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_length_n = b->last - b->pos;

    if (ngx_http_smtp_verify_header(r, "Cache-Control", &no_store) != NGX_OK
        || ngx_http_smtp_verify_version(r) != NGX_OK
        || ngx_http_smtp_verify_client_headers(r) != NGX_OK
        || ngx_http_smtp_verify_cors_headers(r) != NGX_OK
        || (ctx && ctx->request_id.len
            && ngx_http_smtp_verify_header(r, "X-Request-ID",
                                           &ctx->request_id)
               != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b->last_buf = (r == r->main) ? 1 : 0;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


/* RFC 9457.  "code" is for programs, "detail" for people. */

ngx_int_t
ngx_http_smtp_verify_problem(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *detail)
{
    ngx_str_t  members = ngx_null_string;

    return ngx_http_smtp_verify_problem_with(r, status, code, detail,
                                             &members);
}


/* members: further members as JSON, each with a comma before it. */

ngx_int_t
ngx_http_smtp_verify_problem_with(ngx_http_request_t *r, ngx_uint_t status,
    const char *code, const char *detail, ngx_str_t *members)
{
    size_t      len;
    ngx_int_t   rc;
    uintptr_t   escape;
    ngx_buf_t  *b;
    ngx_str_t  *title;
    ngx_str_t   type = ngx_string("application/problem+json");

    /* the rest of the body must not be taken for the next request */

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_smtp_verify_body_close(r);

    if (ngx_http_smtp_verify_problem_headers(r, status) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    title = ngx_http_smtp_verify_title(status);

    len = ngx_strlen(detail);
    escape = ngx_escape_json(NULL, (u_char *) detail, len);

    b = ngx_create_temp_buf(r->pool, sizeof("{\"type\":\"about:blank\","
                            "\"title\":\"\",\"status\":,\"detail\":\"\","
                            "\"code\":\"\"}\n") - 1 + title->len
                            + NGX_INT_T_LEN + len + escape
                            + ngx_strlen(code) + members->len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"type\":\"about:blank\",\"title\":"
                          "\"%V\",\"status\":%ui,\"detail\":\"", title,
                          status);
    b->last = (u_char *) ngx_escape_json(b->last, (u_char *) detail, len);
    b->last = ngx_sprintf(b->last, "\",\"code\":\"%s\"%V}\n", code,
                          members);

    return ngx_http_smtp_verify_send(r, status, &type, b);
}


static ngx_int_t
ngx_http_smtp_verify_problem_headers(ngx_http_request_t *r,
    ngx_uint_t status)
{
    ngx_str_t  value;

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE) {
        ngx_str_set(&value, "1");
        return ngx_http_smtp_verify_header(r, "Retry-After", &value);
    }

    if (status != NGX_HTTP_NOT_ALLOWED) {
        return NGX_OK;
    }

    ngx_http_smtp_verify_methods(r, &value);

    return ngx_http_smtp_verify_header(r, "Allow", &value);
}


void
ngx_http_smtp_verify_methods(ngx_http_request_t *r, ngx_str_t *methods)
{
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    if (ctx && ctx->methods.len) {
        *methods = ctx->methods;

    } else if (slcf->jobs.enable) {
        ngx_str_set(methods, "GET, HEAD, POST, PATCH, DELETE");

    } else if (slcf->batch.enable) {
        ngx_str_set(methods, "POST");

    } else if (slcf->actions) {
        ngx_str_set(methods, "GET, HEAD, POST");

    } else if (!slcf->enable) {
        ngx_str_set(methods, "GET, HEAD");

    } else if (slcf->verify.cache) {
        ngx_str_set(methods, "GET, HEAD, POST, DELETE");

    } else {
        ngx_str_set(methods, "GET, HEAD, POST");
    }
}


static ngx_str_t *
ngx_http_smtp_verify_title(ngx_uint_t status)
{
    ngx_uint_t  i;

    for (i = 0; ngx_http_smtp_verify_titles[i].status; i++) {
        if (ngx_http_smtp_verify_titles[i].status == status) {
            break;
        }
    }

    return &ngx_http_smtp_verify_titles[i].title;
}


ngx_int_t
ngx_http_smtp_verify_header(ngx_http_request_t *r, const char *key,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) key;
    h->key.len = ngx_strlen(key);
    h->value = *value;

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_version(ngx_http_request_t *r)
{
    ngx_str_t                         version = ngx_string(SV_VERSION);
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    return slcf->version ? ngx_http_smtp_verify_header(r,
                                                       "X-SMTP-Verify-Version",
                                                       &version)
                         : NGX_OK;
}
