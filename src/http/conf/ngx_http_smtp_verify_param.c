
#include "ngx_http_smtp_verify_param.h"


ngx_uint_t
ngx_http_smtp_verify_param(ngx_str_t *param, const char *name,
    ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (param->len < len || ngx_strncmp(param->data, name, len) != 0) {
        return 0;
    }

    value->data = param->data + len;
    value->len = param->len - len;

    return 1;
}


ngx_int_t
ngx_http_smtp_verify_param_number(ngx_str_t *param, const char *name,
    ngx_int_t min, ngx_int_t max, ngx_uint_t *n)
{
    ngx_int_t  number;
    ngx_str_t  value;

    if (!ngx_http_smtp_verify_param(param, name, &value)) {
        return NGX_DECLINED;
    }

    number = ngx_atoi(value.data, value.len);

    if (number == NGX_ERROR || number < min || number > max) {
        return NGX_ERROR;
    }

    *n = number;

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_param_time(ngx_str_t *param, const char *name,
    ngx_int_t max, ngx_msec_t *msec)
{
    ngx_int_t  time;
    ngx_str_t  value;

    if (!ngx_http_smtp_verify_param(param, name, &value)) {
        return NGX_DECLINED;
    }

    time = ngx_parse_time(&value, 0);

    if (time == NGX_ERROR || time == 0 || time > max) {
        return NGX_ERROR;
    }

    *msec = time;

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_param_location(ngx_conf_t *cf, ngx_command_t *cmd,
    ngx_str_t *uri)
{
    if (uri->data[0] == '/'
        && ngx_strlchr(uri->data, uri->data + uri->len, '?') == NULL)
    {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid URI \"%V\" in \"%V\" directive, a "
                       "location of this server is needed, such as \"%s\"",
                       uri, &cmd->name, cmd->post);

    return NGX_ERROR;
}


char *
ngx_http_smtp_verify_location_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t  *uri, *value;

    uri = (ngx_str_t *) ((u_char *) conf + cmd->offset);
    value = cf->args->elts;

    if (uri->data) {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        ngx_str_set(uri, "");
        return NGX_CONF_OK;
    }

    if (ngx_http_smtp_verify_param_location(cf, cmd, &value[1]) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    *uri = value[1];

    return NGX_CONF_OK;
}


uint64_t
ngx_http_smtp_verify_param_reasons(u_char *data, size_t len)
{
    uint64_t     reasons;
    ngx_uint_t   i;
    const char  *status;
    sv_reason_e  reason;

    reason = sv_reason_by_name((char *) data, len);

    if (reason != SV_REASON_NONE) {
        return (uint64_t) 1 << reason;
    }

    reasons = 0;

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {

        status = sv_status_name(sv_reason_info(i)->status);

        if (ngx_strlen(status) == len && ngx_strncmp(status, data, len) == 0)
        {
            reasons |= (uint64_t) 1 << i;
        }
    }

    return reasons;
}
