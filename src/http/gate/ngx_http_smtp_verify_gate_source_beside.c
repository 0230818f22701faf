
#include "ngx_http_smtp_verify_gate_source.h"
#include "sv_wipe.h"


#define NGX_HTTP_SMTP_VERIFY_BESIDE_QUERY                                     \
    "The e-mail address is taken from the body here; the query string must "  \
    "not have a field of its name."

#define NGX_HTTP_SMTP_VERIFY_BESIDE_BODY                                      \
    "The e-mail address is not taken from a body of this type here; the body "\
    "must not have a field of its name."


static ngx_int_t ngx_http_smtp_verify_beside_query(ngx_http_request_t *r,
    sv_str_t *field, const char **error);
static ngx_int_t ngx_http_smtp_verify_beside_body(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, sv_source_type_e type,
    const char **error);
static ngx_uint_t ngx_http_smtp_verify_beside_is_read(ngx_http_request_t *r,
    sv_source_type_e type);
static ngx_int_t ngx_http_smtp_verify_beside_field(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, sv_source_type_e type,
    ngx_str_t *body, const char **error);


/*
 * Many applications look for a field in the query string and in bodies of
 * several types.  The gate looks in one place, so the field must not be in
 * another one.
 */

ngx_int_t
ngx_http_smtp_verify_source_only(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error)
{
    ngx_int_t                         rc, beside;
    sv_str_t                          field;
    sv_source_type_e                  type;
    sv_source_media_t                 media;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    rc = ngx_http_smtp_verify_source_get(r, source, address, error);

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        return rc;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    /* a header can be in no other place; without an address, "required" denies
       the request anyway */

    if (source->field.len == 0
        || (rc == NGX_DECLINED && slcf->gate->required))
    {
        return rc;
    }

    field.data = source->field.data;
    field.len = source->field.len;

    if (source->kind != ngx_http_smtp_verify_source_value
        && ngx_http_smtp_verify_beside_query(r, &field, error) != NGX_OK)
    {
        return NGX_ABORT;
    }

    if (!ngx_http_smtp_verify_source_has_body(r)) {
        return rc;
    }

    type = ngx_http_smtp_verify_source_media(r, &media);

    if (type == SV_SOURCE_TYPE_ODD) {
        *error = media.error;
        return NGX_ABORT;
    }

    if (type == ngx_http_smtp_verify_source_type(source)) {
        return rc;
    }

    beside = ngx_http_smtp_verify_beside_body(r, source, type, error);

    return beside == NGX_OK ? rc : beside;
}


/* A page that is only fetched may get values for its form in the query
   string. */

static ngx_int_t
ngx_http_smtp_verify_beside_query(ngx_http_request_t *r, sv_str_t *field,
    const char **error)
{
    static sv_scratch sv_source_value_t  value;

    if ((r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        && !ngx_http_smtp_verify_source_has_body(r))
    {
        return NGX_OK;
    }

    if (ngx_http_smtp_verify_source_has_fragment(r)) {
        *error = NGX_HTTP_SMTP_VERIFY_FRAGMENT;
        return NGX_ABORT;
    }

    if (sv_source_form(r->args.data, r->args.len, field, &value)
        == SV_SOURCE_NONE)
    {
        return NGX_OK;
    }

    *error = NGX_HTTP_SMTP_VERIFY_BESIDE_QUERY;

    return NGX_ABORT;
}


static ngx_int_t
ngx_http_smtp_verify_beside_body(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, sv_source_type_e type,
    const char **error)
{
    u_char                           *copy;
    ngx_int_t                         rc;
    ngx_str_t                         body;
    ngx_uint_t                        parsed;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    /* types that applications parse have to be read */

    parsed = (type != SV_SOURCE_TYPE_OTHER
              || r->headers_in.content_type == NULL
              || r->headers_in.content_type->value.len == 0);

    if (r->headers_in.content_length_n > (off_t) slcf->gate_body_max) {
        return parsed ? NGX_BUSY : NGX_OK;
    }

    if (ngx_http_smtp_verify_body_encoded(r)) {

        if (!parsed) {
            return NGX_OK;
        }

        *error = "Send the body without a Content-Encoding.";
        return NGX_ABORT;
    }

    if (!ngx_http_smtp_verify_beside_is_read(r, type)) {
        return NGX_OK;
    }

    if (r->request_body == NULL) {
        return NGX_AGAIN;
    }

    rc = ngx_http_smtp_verify_source_body(r, &body, &copy);

    if (rc == NGX_BUSY && !parsed) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_smtp_verify_beside_field(r, source, type, &body, error);

    if (copy) {
        ngx_free(copy);
    }

    return rc;
}


/* Returns 0 for bodies that are discarded, and for gRPC streams, which may not
   end. */

static ngx_uint_t
ngx_http_smtp_verify_beside_is_read(ngx_http_request_t *r,
    sv_source_type_e type)
{
    ngx_str_t  *value;

    static ngx_str_t  grpc = ngx_string("application/grpc");

    if (r->request_body == NULL && r->discard_body) {
        return 0;
    }

    if (type != SV_SOURCE_TYPE_OTHER || r->headers_in.content_type == NULL) {
        return 1;
    }

    value = &r->headers_in.content_type->value;

    return value->len < grpc.len
           || ngx_strncasecmp(value->data, grpc.data, grpc.len) != 0;
}


static ngx_int_t
ngx_http_smtp_verify_beside_field(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, sv_source_type_e type,
    ngx_str_t *body, const char **error)
{
    sv_str_t                             field, pointer, media;
    ngx_uint_t                           found;
    static sv_scratch sv_source_value_t  value;

    if (body->len == 0) {
        return NGX_OK;
    }

    field.data = source->field.data;
    field.len = source->field.len;

    switch (type) {

    case SV_SOURCE_TYPE_MULTIPART:
        media.data = r->headers_in.content_type->value.data;
        media.len = r->headers_in.content_type->value.len;

        found = sv_source_multipart(body->data, body->len, &media, &field,
                                    &value)
                != SV_SOURCE_NONE;
        break;

    case SV_SOURCE_TYPE_JSON:
        pointer.data = source->pointer.data;
        pointer.len = source->pointer.len;

        /* some applications parse it as a form, in spite of its type */

        found = sv_source_json(body->data, body->len, &pointer, &value)
                != SV_SOURCE_NONE
                || sv_source_form(body->data, body->len, &field, &value)
                   != SV_SOURCE_NONE;
        break;

    case SV_SOURCE_TYPE_FORM:
        found = sv_source_form(body->data, body->len, &field, &value)
                != SV_SOURCE_NONE;
        break;

    default: /* SV_SOURCE_TYPE_OTHER */
        found = sv_source_scan(body->data, body->len, &field, &value);
    }

    if (!found) {
        return NGX_OK;
    }

    *error = NGX_HTTP_SMTP_VERIFY_BESIDE_BODY;

    return NGX_ABORT;
}
