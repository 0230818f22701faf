
#include "ngx_http_smtp_verify_param.h"
#include "ngx_http_smtp_verify_zone.h"


ngx_int_t
ngx_http_smtp_verify_zone(ngx_conf_t *cf, ngx_str_t *param, ngx_str_t *name,
    size_t *size)
{
    u_char     *p;
    ssize_t     n;
    ngx_str_t   s;

    if (!ngx_http_smtp_verify_param(param, "zone=", name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           param);
        return NGX_ERROR;
    }

    n = NGX_ERROR;
    p = (u_char *) ngx_strchr(name->data, ':');

    if (p && p != name->data) {
        name->len = p - name->data;

        s.data = p + 1;
        s.len = param->data + param->len - s.data;

        n = ngx_parse_size(&s);
    }

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid zone size \"%V\"",
                           param);
        return NGX_ERROR;
    }

    *size = n;

    return NGX_OK;
}
