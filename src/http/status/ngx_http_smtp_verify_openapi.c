
/* The description of the API, docs/openapi.json, as it was compiled in. */


#include "ngx_http_smtp_verify_cors.h"


static ngx_int_t ngx_http_smtp_verify_openapi_handler(ngx_http_request_t *r);


extern const char    sv_data_openapi[];
extern const size_t  sv_data_openapi_len;


char *
ngx_http_smtp_verify_openapi(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_smtp_verify_set_handler(cf, conf,
                                        ngx_http_smtp_verify_openapi_handler);
}


/* It tells nothing about the server, so no token is needed. */

static ngx_int_t
ngx_http_smtp_verify_openapi_handler(ngx_http_request_t *r)
{
    ngx_int_t   rc;
    ngx_buf_t  *b;
    ngx_str_t   json = ngx_string("application/json");

    rc = ngx_http_smtp_verify_cors(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_ALLOWED,
                                            "method_not_allowed",
                                            "Use GET or HEAD.");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->pos = (u_char *) sv_data_openapi;
    b->last = b->pos + sv_data_openapi_len;
    b->memory = 1;

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &json, b);
}
