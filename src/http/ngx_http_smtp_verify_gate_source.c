
#include "ngx_http_smtp_verify_gate_source.h"
#include "sv_utf8.h"


static ngx_int_t ngx_http_smtp_verify_source_kind(ngx_conf_t *cf,
    ngx_str_t *value, ngx_http_smtp_verify_source_t *source);
static ngx_uint_t ngx_http_smtp_verify_source_is_arg(ngx_str_t *value,
    ngx_str_t *name);
static ngx_int_t ngx_http_smtp_verify_source_value_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address);
static ngx_int_t ngx_http_smtp_verify_source_unescape(ngx_http_request_t *r,
    ngx_str_t *address);
static ngx_int_t ngx_http_smtp_verify_source_once(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address);


ngx_int_t
ngx_http_smtp_verify_source_parse(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_smtp_verify_source_t *source)
{
    ngx_int_t                         rc;
    ngx_str_t                         name;
    ngx_http_compile_complex_value_t  ccv;

    rc = ngx_http_smtp_verify_source_kind(cf, value, source);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = &source->value;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_ERROR;
    }

    if (source->value.lengths == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid source \"%V\", a value with variables, "
                           "\"form:\", \"multipart:\" or \"json:\" is needed",
                           value);
        return NGX_ERROR;
    }

    source->kind = ngx_http_smtp_verify_source_value;
    source->escaped = ngx_http_smtp_verify_source_is_arg(value, &name);

    if (source->escaped) {
        source->index = ngx_http_get_variable_index(cf, &name);

        source->name.data = name.data + 4;
        source->name.len = name.len - 4;

        return source->index == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    return NGX_OK;
}


/* of the body; NGX_DECLINED: it is a value */

static ngx_int_t
ngx_http_smtp_verify_source_kind(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_smtp_verify_source_t *source)
{
    size_t  n;

    if (ngx_strncmp(value->data, "form:", 5) == 0) {
        source->kind = ngx_http_smtp_verify_source_form;
        n = 5;

    } else if (ngx_strncmp(value->data, "multipart:", 10) == 0) {
        source->kind = ngx_http_smtp_verify_source_multipart;
        n = 10;

    } else if (ngx_strncmp(value->data, "json:", 5) == 0) {
        source->kind = ngx_http_smtp_verify_source_json;
        n = 5;

    } else {
        return NGX_DECLINED;
    }

    source->name.data = value->data + n;
    source->name.len = value->len - n;

    if (source->kind == ngx_http_smtp_verify_source_json) {

        if (sv_source_pointer_valid(source->name.data, source->name.len)) {
            return NGX_OK;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid source \"%V\", a JSON pointer begins "
                           "with \"/\"", value);
        return NGX_ERROR;
    }

    if (source->name.len == 0 || source->name.len > SV_SOURCE_NAME_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid source \"%V\"",
                           value);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* nginx leaves arguments as they stand in the query string */

static ngx_uint_t
ngx_http_smtp_verify_source_is_arg(ngx_str_t *value, ngx_str_t *name)
{
    u_char  *p, *end;

    p = value->data;
    end = p + value->len;

    if (value->len > 7 && ngx_strncmp(p, "${arg_", 6) == 0 && end[-1] == '}')
    {
        p += 2;
        end--;

    } else if (value->len > 5 && ngx_strncmp(p, "$arg_", 5) == 0) {
        p++;

    } else {
        return 0;
    }

    name->data = p;
    name->len = end - p;

    while (p < end) {

        if (!sv_is_alnum(*p) && *p != '_') {
            return 0;
        }

        p++;
    }

    return 1;
}


ngx_int_t
ngx_http_smtp_verify_source_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address)
{
    ngx_int_t  rc;

    rc = (source->kind == ngx_http_smtp_verify_source_value)
         ? ngx_http_smtp_verify_source_value_get(r, source, address)
         : ngx_http_smtp_verify_source_body_get(r, source, address);

    if (rc != NGX_OK) {
        return rc;
    }

    /* applications do so, too */

    ngx_http_smtp_verify_source_trim(address);

    if (address->len == 0) {
        return NGX_DECLINED;
    }

    if (address->len > SV_SOURCE_VALUE_MAX
        || ngx_strlchr(address->data, address->data + address->len, '\0')
        || !sv_utf8_valid(address->data, address->len))
    {
        address->len = 0;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_source_value_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address)
{
    ngx_int_t                   rc;
    ngx_http_variable_value_t  *vv;

    if (!source->escaped) {
        return ngx_http_complex_value(r, &source->value, address);
    }

    vv = ngx_http_get_flushed_variable(r, source->index);

    if (vv == NULL) {
        return NGX_ERROR;
    }

    if (vv->not_found) {
        return NGX_DECLINED;
    }

    address->data = vv->data;
    address->len = vv->len;

    rc = ngx_http_smtp_verify_source_unescape(r, address);

    if (rc != NGX_OK
        || ngx_strlchr(r->args.data, r->args.data + r->args.len, '&') == NULL)
    {
        return rc;
    }

    return ngx_http_smtp_verify_source_once(r, source, address);
}


static ngx_int_t
ngx_http_smtp_verify_source_unescape(ngx_http_request_t *r,
    ngx_str_t *address)
{
    u_char                    *p, *end;
    static sv_source_value_t   value;

    end = address->data + address->len;

    for (p = address->data; p < end; p++) {
        if (*p == '%' || *p == '+') {
            sv_source_decode(address->data, address->len, &value);
            return ngx_http_smtp_verify_source_told(r, &value, address);
        }
    }

    return NGX_OK;
}


/* nginx takes the first one as it stands, whoever comes later another one */

static ngx_int_t
ngx_http_smtp_verify_source_once(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address)
{
    sv_str_t                  name;
    sv_source_status_e        status;
    static sv_source_value_t  value;

    name.data = source->name.data;
    name.len = source->name.len;

    status = sv_source_form(r->args.data, r->args.len, &name, &value);

    /* none: nginx does not care for case */

    if (status == SV_SOURCE_NONE
        || (status == SV_SOURCE_OK && !value.cut
            && value.len == address->len
            && ngx_memcmp(value.data, address->data, value.len) == 0)
        || (status == SV_SOURCE_OK && value.cut
            && address->len > value.len))
    {
        return NGX_OK;
    }

    return NGX_ABORT;
}


ngx_int_t
ngx_http_smtp_verify_source_told(ngx_http_request_t *r,
    sv_source_value_t *value, ngx_str_t *address)
{
    address->len = value->len + value->cut;
    address->data = ngx_pnalloc(r->pool, address->len);

    if (address->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(address->data, value->data, value->len);

    /* longer than an address may be */

    if (value->cut) {
        address->data[value->len] = 'x';
    }

    return NGX_OK;
}


void
ngx_http_smtp_verify_source_trim(ngx_str_t *address)
{
    u_char  *p, *last;

    p = address->data;
    last = p + address->len;

    while (p < last && (*p == ' ' || (*p >= '\t' && *p <= '\r'))) {
        p++;
    }

    while (last > p && (last[-1] == ' '
                        || (last[-1] >= '\t' && last[-1] <= '\r')))
    {
        last--;
    }

    address->data = p;
    address->len = last - p;
}
