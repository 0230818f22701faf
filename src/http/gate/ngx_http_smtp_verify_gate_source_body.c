
#include "ngx_http_smtp_verify_gate_source.h"
#include "sv_wipe.h"


static ngx_uint_t ngx_http_smtp_verify_source_is_odd(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_source_copy(ngx_http_request_t *r,
    u_char *p);
static ngx_int_t ngx_http_smtp_verify_source_field(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, sv_source_media_t *media,
    ngx_str_t *body, ngx_str_t *address, const char **error);


ngx_int_t
ngx_http_smtp_verify_source_body_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error)
{
    u_char                           *copy;
    ngx_int_t                         rc;
    ngx_str_t                         body;
    sv_source_type_e                  type;
    sv_source_media_t                 media;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    if (!ngx_http_smtp_verify_source_has_body(r)) {
        return NGX_DECLINED;
    }

    type = ngx_http_smtp_verify_source_media(r, &media);

    if (type == SV_SOURCE_TYPE_ODD) {
        *error = media.error;
        return NGX_ABORT;
    }

    if (type != ngx_http_smtp_verify_source_type(source)) {
        return NGX_DECLINED;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (r->headers_in.content_length_n > (off_t) slcf->gate_body_max) {
        return NGX_BUSY;
    }

    /* an application that decodes it may find another address */

    if (ngx_http_smtp_verify_body_encoded(r)) {
        *error = "Send the body without a Content-Encoding.";
        return NGX_ABORT;
    }

    if (r->request_body == NULL) {
        return NGX_AGAIN;
    }

    rc = ngx_http_smtp_verify_source_body(r, &body, &copy);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_smtp_verify_source_field(r, source, &media, &body, address,
                                           error);

    if (copy) {
        ngx_free(copy);
    }

    return rc;
}


ngx_uint_t
ngx_http_smtp_verify_source_has_body(ngx_http_request_t *r)
{
    return r->headers_in.content_length_n > 0 || r->headers_in.chunked
           || (r->request_body && r->request_body->bufs);
}


sv_source_type_e
ngx_http_smtp_verify_source_media(ngx_http_request_t *r,
    sv_source_media_t *media)
{
    sv_str_t    type;
    ngx_str_t   value;

    ngx_memzero(media, sizeof(sv_source_media_t));

    if (ngx_http_smtp_verify_source_is_odd(r)) {
        media->error = "Give Content-Type, Content-Length, Content-Encoding "
                       "and Transfer-Encoding once, with a \"-\" in their "
                       "names.";
        return SV_SOURCE_TYPE_ODD;
    }

    if (r->headers_in.content_type == NULL) {
        return SV_SOURCE_TYPE_OTHER;
    }

    value = r->headers_in.content_type->value;

    type.data = value.data;
    type.len = value.len;

    return sv_source_type(&type, media);
}


/*
 * If there are two types, an application may take the other one.  For
 * gateways, Content_Type and Content.Type are the same as Content-Type.
 */

static ngx_uint_t
ngx_http_smtp_verify_source_is_odd(ngx_http_request_t *r)
{
    ngx_str_t   *name;
    ngx_uint_t   i, n, odd;

    static ngx_str_t  names[] = {
        ngx_string("content_type"),
        ngx_string("content_length"),
        ngx_string("content_encoding"),
        ngx_string("transfer_encoding")
    };

    static const char  *known[] = {
        "content-type", "content-length", "content-encoding",
        "transfer-encoding"
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        name = &names[i];
        n = ngx_http_smtp_verify_source_headers(r, name, &odd);

        if (n > 1 || odd
            || (n && ngx_http_smtp_verify_header_in(r, known[i]) == NULL))
        {
            return 1;
        }
    }

    return 0;
}


sv_source_type_e
ngx_http_smtp_verify_source_type(ngx_http_smtp_verify_source_t *source)
{
    switch (source->kind) {

    case ngx_http_smtp_verify_source_form:
        return SV_SOURCE_TYPE_FORM;

    case ngx_http_smtp_verify_source_multipart:
        return SV_SOURCE_TYPE_MULTIPART;

    case ngx_http_smtp_verify_source_json:
        return SV_SOURCE_TYPE_JSON;

    default: /* ngx_http_smtp_verify_source_value */
        return SV_SOURCE_TYPE_ODD;
    }
}


/* A body in one buffer in memory is not copied. */

ngx_int_t
ngx_http_smtp_verify_source_body(ngx_http_request_t *r, ngx_str_t *body,
    u_char **copy)
{
    off_t                             len;
    ngx_chain_t                      *cl;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    *copy = NULL;
    ngx_str_null(body);

    cl = r->request_body->bufs;

    if (cl == NULL) {
        return NGX_OK;
    }

    if (cl->next == NULL && ngx_buf_in_memory(cl->buf)) {
        body->data = cl->buf->pos;
        body->len = cl->buf->last - cl->buf->pos;

        return body->len > slcf->gate_body_max ? NGX_BUSY : NGX_OK;
    }

    len = 0;

    for ( /* void */ ; cl; cl = cl->next) {
        len += ngx_buf_size(cl->buf);
    }

    if (len > (off_t) slcf->gate_body_max) {
        return NGX_BUSY;
    }

    if (len == 0) {
        return NGX_OK;
    }

    *copy = ngx_alloc((size_t) len, r->connection->log);
    if (*copy == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_smtp_verify_source_copy(r, *copy) != NGX_OK) {
        ngx_free(*copy);
        return NGX_ERROR;
    }

    body->data = *copy;
    body->len = (size_t) len;

    return NGX_OK;
}


/* What did not fit client_body_buffer_size is in a file that was written just
   now, so that reading it hardly blocks. */

static ngx_int_t
ngx_http_smtp_verify_source_copy(ngx_http_request_t *r, u_char *p)
{
    size_t        size;
    ngx_chain_t  *cl;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        size = (size_t) ngx_buf_size(cl->buf);

        if (ngx_http_smtp_verify_body_get(cl->buf, 0, p, size) != NGX_OK) {
            return NGX_ERROR;
        }

        p += size;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_source_field(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, sv_source_media_t *media,
    ngx_str_t *body, ngx_str_t *address, const char **error)
{
    size_t                               i;
    sv_str_t                             name, type;
    sv_source_status_e                   status;
    static sv_scratch sv_source_value_t  value;

    if (body->len == 0) {
        return NGX_DECLINED;
    }

    name.data = source->name.data;
    name.len = source->name.len;

    switch (source->kind) {

    case ngx_http_smtp_verify_source_form:
        status = sv_source_form(body->data, body->len, &name, &value);
        break;

    case ngx_http_smtp_verify_source_multipart:
        type.data = r->headers_in.content_type->value.data;
        type.len = r->headers_in.content_type->value.len;

        status = sv_source_multipart(body->data, body->len, &type, &name,
                                     &value);
        break;

    default: /* ngx_http_smtp_verify_source_json */
        status = sv_source_json(body->data, body->len, &name, &value);
    }

    if (status == SV_SOURCE_NONE) {
        return NGX_DECLINED;
    }

    if (status != SV_SOURCE_OK) {
        *error = value.error;
        return NGX_ABORT;
    }

    for (i = 0; media->ascii && i < value.len; i++) {
        if (value.data[i] >= 0x80) {
            *error = "An e-mail address that is not ASCII has to be sent in "
                     "UTF-8, with no other charset.";
            return NGX_ABORT;
        }
    }

    return ngx_http_smtp_verify_source_told(r, &value, address);
}
