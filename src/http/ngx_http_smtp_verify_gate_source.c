
#include "ngx_http_smtp_verify_gate_source.h"
#include "sv_utf8.h"


static ngx_int_t ngx_http_smtp_verify_source_kind(ngx_conf_t *cf,
    ngx_str_t *value, ngx_http_smtp_verify_source_t *source);
static ngx_int_t ngx_http_smtp_verify_source_variable(ngx_conf_t *cf,
    ngx_str_t *value, ngx_http_smtp_verify_source_t *source);
static ngx_uint_t ngx_http_smtp_verify_source_is(ngx_str_t *value,
    const char *prefix, ngx_str_t *name);
static ngx_int_t ngx_http_smtp_verify_source_value_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address);
static ngx_int_t ngx_http_smtp_verify_source_unescape(ngx_http_request_t *r,
    ngx_str_t *address);
static ngx_int_t ngx_http_smtp_verify_source_once(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address);
static ngx_uint_t ngx_http_smtp_verify_source_is_header(ngx_table_elt_t *h,
    ngx_str_t *name);
static ngx_uint_t ngx_http_smtp_verify_source_headers(ngx_http_request_t *r,
    ngx_str_t *name);


ngx_int_t
ngx_http_smtp_verify_source_parse(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_smtp_verify_source_t *source)
{
    ngx_int_t                         rc;
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(source, sizeof(ngx_http_smtp_verify_source_t));

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

    return ngx_http_smtp_verify_source_variable(cf, value, source);
}


/* a single argument or header, of which there may be several */

static ngx_int_t
ngx_http_smtp_verify_source_variable(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_smtp_verify_source_t *source)
{
    ngx_str_t  name;

    if (ngx_http_smtp_verify_source_is(value, "arg_", &name)) {
        source->escaped = 1;
        source->name.data = name.data + 4;
        source->name.len = name.len - 4;

        source->index = ngx_http_get_variable_index(cf, &name);

        return source->index == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    if (ngx_http_smtp_verify_source_is(value, "http_", &name)) {
        source->header = 1;
        source->name.len = name.len - 5;
        source->name.data = ngx_pnalloc(cf->pool, source->name.len);

        if (source->name.data == NULL) {
            return NGX_ERROR;
        }

        ngx_strlow(source->name.data, name.data + 5, source->name.len);
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


/* $prefix_name or ${prefix_name}, and nothing else; the name without $ */

static ngx_uint_t
ngx_http_smtp_verify_source_is(ngx_str_t *value, const char *prefix,
    ngx_str_t *name)
{
    size_t   len;
    u_char  *p, *end;

    len = ngx_strlen(prefix);
    p = value->data + 1;
    end = value->data + value->len;

    if (value->len < 2 || value->data[0] != '$') {
        return 0;
    }

    if (*p == '{' && end[-1] == '}') {
        p++;
        end--;
    }

    name->data = p;
    name->len = end - p;

    if (name->len <= len || ngx_strncmp(p, prefix, len) != 0) {
        return 0;
    }

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

    if (source->header
        && ngx_http_smtp_verify_source_headers(r, &source->name) > 1)
    {
        return NGX_ABORT;
    }

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


/* how many there are of that name, as $http_ has it: nginx takes the first
   one, or all of them, whoever comes later perhaps the last one */

static ngx_uint_t
ngx_http_smtp_verify_source_headers(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        for (i = 0; i < part->nelts; i++) {
            n += ngx_http_smtp_verify_source_is_header(
                                  (ngx_table_elt_t *) part->elts + i, name);
        }
    }

    return n;
}


static ngx_uint_t
ngx_http_smtp_verify_source_is_header(ngx_table_elt_t *h, ngx_str_t *name)
{
    u_char  c;
    size_t  i;

    if (h->key.len != name->len) {
        return 0;
    }

    for (i = 0; i < name->len; i++) {
        c = h->key.data[i];

        if ((c == '-' ? '_' : ngx_tolower(c)) != name->data[i]) {
            return 0;
        }
    }

    return 1;
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
