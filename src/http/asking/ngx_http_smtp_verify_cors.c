
#include "ngx_http_smtp_verify_cors.h"


#define NGX_HTTP_SMTP_VERIFY_CORS_ORIGIN  512   /* octets */


static ngx_uint_t ngx_http_smtp_verify_cors_valid(ngx_str_t *origin);
static ngx_str_t *ngx_http_smtp_verify_cors_find(ngx_http_request_t *r,
    ngx_table_elt_t *origin);
static ngx_uint_t ngx_http_smtp_verify_cors_same(ngx_http_request_t *r,
    ngx_str_t *origin);
static ngx_int_t ngx_http_smtp_verify_cors_options(ngx_http_request_t *r);


static ngx_str_t  ngx_http_smtp_verify_cors_any = ngx_string("*");


/* Takes "off", or origins as browsers send them; "*" stands for all. */

char *
ngx_http_smtp_verify_conf_cors(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t   *value, *origin;
    ngx_uint_t   i;

    value = cf->args->elts;

    if (slcf->cors != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        slcf->cors = NULL;
        return NGX_CONF_OK;
    }

    slcf->cors = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                  sizeof(ngx_str_t));
    if (slcf->cors == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (!ngx_http_smtp_verify_cors_valid(&value[i])) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid origin \"%V\" in \"%V\" directive, "
                               "one such as \"https://www.example.com\" is "
                               "needed, or \"*\"", &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }

        origin = ngx_array_push(slcf->cors);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        *origin = value[i];
        ngx_strlow(origin->data, origin->data, origin->len);
    }

    return NGX_CONF_OK;
}


/* SCHEME://HOST or SCHEME://HOST:PORT, without a path */

static ngx_uint_t
ngx_http_smtp_verify_cors_valid(ngx_str_t *origin)
{
    u_char      *p, *last;
    ngx_uint_t   slashes;

    if (origin->len == 1 && origin->data[0] == '*') {
        return 1;
    }

    slashes = 0;
    last = origin->data + origin->len;

    for (p = origin->data; p < last; p++) {

        if (*p <= ' ' || *p >= 0x7f || ngx_strchr("\"'*,;<>?#@\\", *p)) {
            return 0;
        }

        slashes += (*p == '/');
    }

    p = ngx_strlchr(origin->data, last, ':');

    return slashes == 2 && p && p > origin->data && last - p > 3
           && p[1] == '/' && p[2] == '/'
           && origin->len <= NGX_HTTP_SMTP_VERIFY_CORS_ORIGIN;
}


ngx_int_t
ngx_http_smtp_verify_cors(ngx_http_request_t *r)
{
    ngx_table_elt_t                  *origin;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->cors == NULL || r != r->main) {
        return NGX_DECLINED;
    }

    origin = ngx_http_smtp_verify_header_in(r, "origin");

    if (origin && ngx_http_smtp_verify_cors_find(r, origin) == NULL
        && !ngx_http_smtp_verify_cors_same(r, &origin->value))
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "a page of another origin than those of "
                      "\"smtp_verify_cors\" has sent the request");

        return ngx_http_smtp_verify_problem(r, NGX_HTTP_FORBIDDEN,
                                            "origin_denied",
                                            "Pages of this origin may not use "
                                            "the API.");
    }

    return r->method == NGX_HTTP_OPTIONS
           ? ngx_http_smtp_verify_cors_options(r) : NGX_DECLINED;
}


/* Returns what is to be sent as Access-Control-Allow-Origin, or NULL. */

static ngx_str_t *
ngx_http_smtp_verify_cors_find(ngx_http_request_t *r, ngx_table_elt_t *origin)
{
    ngx_str_t                        *allowed;
    ngx_uint_t                        i;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (ngx_http_smtp_verify_header_after(r, "origin", origin)) {
        return NULL;
    }

    allowed = slcf->cors->elts;

    for (i = 0; i < slcf->cors->nelts; i++) {

        if (allowed[i].len == 1) {
            return &ngx_http_smtp_verify_cors_any;
        }

        if (allowed[i].len == origin->value.len
            && ngx_strncasecmp(allowed[i].data, origin->value.data,
                               allowed[i].len)
               == 0)
        {
            return &origin->value;
        }
    }

    return NULL;
}


/* Browsers send the origin of our own pages, too, if the method is POST. */

static ngx_uint_t
ngx_http_smtp_verify_cors_same(ngx_http_request_t *r, ngx_str_t *origin)
{
    u_char     *p;
    size_t      len;
    ngx_str_t  *host;

    if (r->headers_in.host == NULL) {
        return 0;
    }

    host = &r->headers_in.host->value;
    p = ngx_strnstr(origin->data, "://", origin->len);

    if (p == NULL) {
        return 0;
    }

    p += 3;
    len = origin->data + origin->len - p;

    return len == host->len && ngx_strncasecmp(p, host->data, len) == 0;
}


static ngx_int_t
ngx_http_smtp_verify_cors_options(ngx_http_request_t *r)
{
    ngx_int_t   rc;
    ngx_str_t   methods, headers, seconds;
    ngx_str_t   type = ngx_null_string;
    ngx_buf_t  *b;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_smtp_verify_methods(r, &methods);
    ngx_str_set(&headers, "Authorization, Content-Type, Idempotency-Key, "
                          "X-Api-Key, X-Request-ID");
    ngx_str_set(&seconds, "7200");

    b = ngx_create_temp_buf(r->pool, 1);

    if (b == NULL
        || ngx_http_smtp_verify_header(r, "Allow", &methods) != NGX_OK
        || ngx_http_smtp_verify_header(r, "Access-Control-Allow-Methods",
                                       &methods)
           != NGX_OK
        || ngx_http_smtp_verify_header(r, "Access-Control-Allow-Headers",
                                       &headers)
           != NGX_OK
        || ngx_http_smtp_verify_header(r, "Access-Control-Max-Age", &seconds)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->header_only = 1;

    return ngx_http_smtp_verify_send(r, NGX_HTTP_NO_CONTENT, &type, b);
}


ngx_int_t
ngx_http_smtp_verify_cors_headers(ngx_http_request_t *r)
{
    ngx_str_t                         vary, expose, *allowed;
    ngx_table_elt_t                  *origin;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->cors == NULL || r != r->main) {
        return NGX_OK;
    }

    ngx_str_set(&vary, "Origin");
    ngx_str_set(&expose, "Location, RateLimit, RateLimit-Policy, "
                         "Retry-After, X-Request-ID");

    if (ngx_http_smtp_verify_header(r, "Vary", &vary) != NGX_OK) {
        return NGX_ERROR;
    }

    origin = ngx_http_smtp_verify_header_in(r, "origin");
    allowed = origin ? ngx_http_smtp_verify_cors_find(r, origin) : NULL;

    if (allowed == NULL) {
        return NGX_OK;
    }

    if (ngx_http_smtp_verify_header(r, "Access-Control-Allow-Origin", allowed)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_header(r, "Access-Control-Expose-Headers",
                                       &expose);
}
