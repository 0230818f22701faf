
#include "ngx_http_smtp_verify_webhook.h"


static ngx_int_t ngx_http_smtp_verify_webhook_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);


/* The URL with the address in it; the host for a header, and its name for TLS;
   the URL as it was given. */

static ngx_http_variable_t  ngx_http_smtp_verify_webhook_vars[] = {

    { ngx_string("smtp_verify_webhook_url"), NULL,
      ngx_http_smtp_verify_webhook_variable,
      offsetof(ngx_http_smtp_verify_webhook_t, pinned), 0, 0 },

    { ngx_string("smtp_verify_webhook_host"), NULL,
      ngx_http_smtp_verify_webhook_variable,
      offsetof(ngx_http_smtp_verify_webhook_t, host), 0, 0 },

    { ngx_string("smtp_verify_webhook_name"), NULL,
      ngx_http_smtp_verify_webhook_variable,
      offsetof(ngx_http_smtp_verify_webhook_t, name), 0, 0 },

    { ngx_string("smtp_verify_webhook_given"), NULL,
      ngx_http_smtp_verify_webhook_variable,
      offsetof(ngx_http_smtp_verify_webhook_t, given), 0, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_smtp_verify_webhook_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *v, *var;

    for (v = ngx_http_smtp_verify_webhook_vars; v->name.len; v++) {

        var = ngx_http_add_variable(cf, &v->name, 0);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/* found in the location of the webhook only, and where that one leads to */

static ngx_int_t
ngx_http_smtp_verify_webhook_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                       *value;
    ngx_http_smtp_verify_webhook_t  *wh;

    wh = ngx_http_smtp_verify_webhook_of(r);

    if (wh == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    value = (ngx_str_t *) ((u_char *) wh + data);

    v->data = value->data;
    v->len = value->len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}
