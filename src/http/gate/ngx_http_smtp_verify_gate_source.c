
#include "ngx_http_smtp_verify_gate_source.h"
#include "sv_utf8.h"
#include "sv_wipe.h"


static ngx_int_t ngx_http_smtp_verify_source_kind(ngx_conf_t *cf,
    ngx_str_t *value, ngx_http_smtp_verify_source_t *source);
static ngx_int_t ngx_http_smtp_verify_source_variable(ngx_conf_t *cf,
    ngx_str_t *value, ngx_http_smtp_verify_source_t *source);
static ngx_uint_t ngx_http_smtp_verify_source_is(ngx_str_t *value,
    const char *prefix, ngx_str_t *name);
static ngx_int_t ngx_http_smtp_verify_source_names(ngx_conf_t *cf,
    ngx_http_smtp_verify_source_t *source);
static ngx_int_t ngx_http_smtp_verify_source_value_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error);
static ngx_int_t ngx_http_smtp_verify_source_arg(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error);
static ngx_uint_t ngx_http_smtp_verify_source_is_header(ngx_table_elt_t *h,
    ngx_str_t *name, ngx_uint_t *odd);


ngx_int_t
ngx_http_smtp_verify_source_parse(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_smtp_verify_source_t *source)
{
    ngx_int_t                         rc;
    ngx_http_compile_complex_value_t  ccv;

    ngx_memzero(source, sizeof(ngx_http_smtp_verify_source_t));

    rc = ngx_http_smtp_verify_source_kind(cf, value, source);

    if (rc == NGX_OK) {
        return ngx_http_smtp_verify_source_names(cf, source);
    }

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


/* Recognizes a single argument or header: a request may have several of it. */

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

        return source->index == NGX_ERROR
               ? NGX_ERROR : ngx_http_smtp_verify_source_names(cf, source);
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


/* Finds out what the field would be called in bodies of other types. */

static ngx_int_t
ngx_http_smtp_verify_source_names(ngx_conf_t *cf,
    ngx_http_smtp_verify_source_t *source)
{
    size_t     size;
    u_char    *p;
    sv_str_t   name;

    name.data = source->name.data;
    name.len = source->name.len;

    source->field = source->name;
    source->pointer = source->name;

    size = 2 * name.len + 3;

    p = ngx_pnalloc(cf->pool, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (source->kind == ngx_http_smtp_verify_source_json) {
        source->field.data = p;
        source->field.len = sv_source_field_of(&name, p, size);

    } else {
        source->pointer.data = p;
        source->pointer.len = sv_source_pointer_of(&name, p, size);
    }

    return NGX_OK;
}


/* Recognizes a source in the body; returns NGX_DECLINED if it is another
   one. */

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


/* Recognizes $prefix_name or ${prefix_name}. *name is without the "$". */

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
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error)
{
    ngx_int_t  rc;

    rc = (source->kind == ngx_http_smtp_verify_source_value)
         ? ngx_http_smtp_verify_source_value_get(r, source, address, error)
         : ngx_http_smtp_verify_source_body_get(r, source, address, error);

    if (rc != NGX_OK) {
        return rc;
    }

    /* applications remove white space, too */

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
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error)
{
    ngx_uint_t  odd;

    if (source->escaped) {
        return ngx_http_smtp_verify_source_arg(r, source, address, error);
    }

    if (source->header
        && (ngx_http_smtp_verify_source_headers(r, &source->name, &odd) > 1
            || odd))
    {
        *error = "The header of the e-mail address is given twice, or with "
                 "another character in the place of a \"-\" in its name; "
                 "give it once.";
        return NGX_ABORT;
    }

    return ngx_http_complex_value(r, &source->value, address);
}


/*
 * If an argument is given several times, nginx takes the first one, undecoded
 * and in any case of its name; an application may take another one.
 */

static ngx_int_t
ngx_http_smtp_verify_source_arg(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error)
{
    sv_str_t                             name;
    ngx_http_variable_value_t           *vv;
    static sv_scratch sv_source_value_t  value;

    if (ngx_http_smtp_verify_source_has_fragment(r)) {
        *error = NGX_HTTP_SMTP_VERIFY_FRAGMENT;
        return NGX_ABORT;
    }

    name.data = source->name.data;
    name.len = source->name.len;

    switch (sv_source_form(r->args.data, r->args.len, &name, &value)) {

    case SV_SOURCE_OK:
        break;

    case SV_SOURCE_NONE:
        return NGX_DECLINED;

    default:
        *error = value.error;
        return NGX_ABORT;
    }

    vv = ngx_http_get_flushed_variable(r, source->index);

    if (vv == NULL) {
        return NGX_ERROR;
    }

    if (vv->not_found) {
        *error = "The name of the argument of the e-mail address is "
                 "percent-encoded; write it as it is.";
        return NGX_ABORT;
    }

    if (ngx_strlchr(vv->data, vv->data + vv->len, '=')) {
        *error = "Write a \"=\" in the e-mail address as %3D: some "
                 "applications end an argument there.";
        return NGX_ABORT;
    }

    return ngx_http_smtp_verify_source_told(r, &value, address);
}


/* nginx ends the arguments at a "#", but passes on what follows it. */

ngx_uint_t
ngx_http_smtp_verify_source_has_fragment(ngx_http_request_t *r)
{
    return ngx_strlchr(r->unparsed_uri.data,
                       r->unparsed_uri.data + r->unparsed_uri.len, '#')
           != NULL;
}


/*
 * If a header is given several times, nginx takes the first or all of them, an
 * application perhaps the last one.  CGI, WSGI and other gateways do not
 * distinguish "X-Email", "X_Email" and "X.Email".
 */

ngx_uint_t
ngx_http_smtp_verify_source_headers(ngx_http_request_t *r, ngx_str_t *name,
    ngx_uint_t *odd)
{
    ngx_uint_t        i, n;
    ngx_list_part_t  *part;

    n = 0;
    *odd = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        for (i = 0; i < part->nelts; i++) {
            n += ngx_http_smtp_verify_source_is_header(
                             (ngx_table_elt_t *) part->elts + i, name, odd);
        }
    }

    return n;
}


static ngx_uint_t
ngx_http_smtp_verify_source_is_header(ngx_table_elt_t *h, ngx_str_t *name,
    ngx_uint_t *odd)
{
    u_char      c;
    size_t      i;
    ngx_uint_t  other;

    if (h->key.len != name->len) {
        return 0;
    }

    other = 0;

    for (i = 0; i < name->len; i++) {
        c = h->key.data[i];

        if (!sv_is_alnum(c)) {
            other |= (c != '-' && c != '_');
            c = '_';
        }

        if (ngx_tolower(c) != name->data[i]) {
            return 0;
        }
    }

    *odd |= other;

    return 1;
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

    /* it was cut: another octet makes it too long for an address */

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
