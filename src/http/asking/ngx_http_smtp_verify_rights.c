
#include "ngx_http_smtp_verify_tokens.h"


ngx_uint_t
ngx_http_smtp_verify_client_may(ngx_http_request_t *r, ngx_uint_t right)
{
    ngx_http_smtp_verify_limited_t   *limited;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->tokens == NULL) {
        return 1;
    }

    limited = ngx_http_smtp_verify_client_limits(r, NULL);

    return limited && (limited->rights & (right | SV_TOKENS_ADMIN)) != 0;
}


ngx_uint_t
ngx_http_smtp_verify_client_sandbox(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_limited_t  *limited;

    limited = ngx_http_smtp_verify_client_limits(r, NULL);

    return limited && (limited->rights & SV_TOKENS_SANDBOX);
}


/* RFC 6750, section 3.1: insufficient_scope. */

ngx_int_t
ngx_http_smtp_verify_client_refuse(ngx_http_request_t *r)
{
    ngx_str_t                        value;
    ngx_http_smtp_verify_limited_t  *limited;

    limited = ngx_http_smtp_verify_client_limits(r, NULL);

    if (limited) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "client \"%V\" has no right to do this",
                      &limited->quota.name);
    }

    ngx_str_set(&value, "Bearer realm=\"smtp_verify\", "
                        "error=\"insufficient_scope\"");

    if (ngx_http_smtp_verify_header(r, "WWW-Authenticate", &value) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_problem(r, NGX_HTTP_FORBIDDEN,
                                        "missing_right",
                                        "The token is good, but its client "
                                        "has no right to do this.");
}


void
ngx_http_smtp_verify_client_view(ngx_smtp_verify_result_t *view,
    ngx_smtp_verify_result_t *result)
{
    *view = *result;
    view->untold = 1;

    /* Restore the value from the time of the answer: from a smaller one the
       client could tell how old the result is. */

    if (view->retry_after) {
        view->retry_after += (ngx_uint_t) view->age;
    }
}
