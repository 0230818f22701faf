
#include "ngx_http_smtp_verify_gate_source.h"


static ngx_uint_t ngx_http_smtp_verify_source_is_type(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source);
static ngx_uint_t ngx_http_smtp_verify_source_typed_twice(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_source_body(ngx_http_request_t *r,
    ngx_str_t *body, u_char **copy);
static ngx_int_t ngx_http_smtp_verify_source_copy(ngx_http_request_t *r,
    u_char *p);
static ngx_int_t ngx_http_smtp_verify_source_field(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *body,
    ngx_str_t *address);


ngx_int_t
ngx_http_smtp_verify_source_body_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address)
{
    size_t                            max;
    u_char                           *copy;
    ngx_int_t                         rc;
    ngx_str_t                         body;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    if (r->headers_in.content_type == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_http_smtp_verify_source_typed_twice(r)) {
        return NGX_ABORT;
    }

    if (!ngx_http_smtp_verify_source_is_type(r, source)) {
        return NGX_DECLINED;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    max = slcf->gate_body_max;

    if (r->headers_in.content_length_n > (off_t) max) {
        return NGX_BUSY;
    }

    /* who undoes the encoding would see what we do not */

    if (ngx_http_smtp_verify_body_encoded(r)) {
        return NGX_ABORT;
    }

    if (r->request_body == NULL) {
        return NGX_AGAIN;
    }

    rc = ngx_http_smtp_verify_source_body(r, &body, &copy);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_smtp_verify_source_field(r, source, &body, address);

    if (copy) {
        ngx_free(copy);
    }

    return rc;
}


/* application/json, also application/anything+json */

static ngx_uint_t
ngx_http_smtp_verify_source_is_type(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source)
{
    size_t      i;
    u_char     *p;
    ngx_str_t   type;

    type = r->headers_in.content_type->value;

    ngx_http_smtp_verify_source_trim(&type);

    /* PHP takes a comma and a space for the end of it, too */

    for (i = 0; i < type.len; i++) {
        if (type.data[i] == ';' || type.data[i] == ',' || type.data[i] == ' '
            || type.data[i] == '\t')
        {
            type.len = i;
        }
    }

    switch (source->kind) {

    case ngx_http_smtp_verify_source_form:
        return type.len == sizeof("application/x-www-form-urlencoded") - 1
               && ngx_strncasecmp(type.data, (u_char *)
                                  "application/x-www-form-urlencoded",
                                  type.len)
                  == 0;

    case ngx_http_smtp_verify_source_multipart:
        return type.len == sizeof("multipart/form-data") - 1
               && ngx_strncasecmp(type.data, (u_char *) "multipart/form-data",
                                  type.len)
                  == 0;

    default: /* ngx_http_smtp_verify_source_json */

        if (type.len < sizeof("application/json") - 1
            || ngx_strncasecmp(type.data, (u_char *) "application/", 12) != 0)
        {
            return 0;
        }

        p = type.data + type.len;

        return type.len == sizeof("application/json") - 1
               ? ngx_strncasecmp(p - 4, (u_char *) "json", 4) == 0
               : ngx_strncasecmp(p - 5, (u_char *) "+json", 5) == 0;
    }
}


/* who takes another one of two types would see what we do not */

static ngx_uint_t
ngx_http_smtp_verify_source_typed_twice(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_http_smtp_verify_header_in(r, "content-type");

    return h && ngx_http_smtp_verify_header_after(r, "content-type", h);
}


/* one buffer in memory as it is, else a copy, which is to be freed */

static ngx_int_t
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


/* what did not fit client_body_buffer_size was written just now */

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
    ngx_http_smtp_verify_source_t *source, ngx_str_t *body,
    ngx_str_t *address)
{
    sv_str_t                  name, type;
    sv_source_status_e        status;
    static sv_source_value_t  value;

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

    switch (status) {

    case SV_SOURCE_OK:
        return ngx_http_smtp_verify_source_told(r, &value, address);

    case SV_SOURCE_NONE:
        return NGX_DECLINED;

    default:
        return NGX_ABORT;
    }
}
