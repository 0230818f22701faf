
/* Internal functions of gate_source*.c, which find an address in a request. */


#ifndef _NGX_HTTP_SMTP_VERIFY_GATE_SOURCE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_GATE_SOURCE_H_INCLUDED_


#include "ngx_http_smtp_verify_gate.h"
#include "sv_source.h"


#define NGX_HTTP_SMTP_VERIFY_FRAGMENT                                         \
    "Send no \"#\" in the request line; some applications read on behind it."


/* gate_source_body.c; returns the same as ngx_http_smtp_verify_source_get() */
ngx_int_t ngx_http_smtp_verify_source_body_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error);

/* _has_body(): whether there is a body.  _media(): its type;
   SV_SOURCE_TYPE_OTHER without a Content-Type, SV_SOURCE_TYPE_ODD with
   media->error if it is ambiguous. */
ngx_uint_t ngx_http_smtp_verify_source_has_body(ngx_http_request_t *r);
sv_source_type_e ngx_http_smtp_verify_source_media(ngx_http_request_t *r,
    sv_source_media_t *media);

/* the type of body that the source is looked for in */
sv_source_type_e ngx_http_smtp_verify_source_type(
    ngx_http_smtp_verify_source_t *source);

/* Returns the body that was read.  The caller frees *copy if it is not NULL.
   NGX_BUSY: the body is larger than smtp_verify_gate_body_max. */
ngx_int_t ngx_http_smtp_verify_source_body(ngx_http_request_t *r,
    ngx_str_t *body, u_char **copy);

/*
 * gate_source.c: _told() copies a value to the request's pool; _trim() removes
 * white space around it; _headers() counts the headers of a name, which is
 * written as in $http_name, and sets *odd if one of them is written in such a
 * way that only some applications recognize it.
 */
ngx_int_t ngx_http_smtp_verify_source_told(ngx_http_request_t *r,
    sv_source_value_t *value, ngx_str_t *address);
void ngx_http_smtp_verify_source_trim(ngx_str_t *address);
ngx_uint_t ngx_http_smtp_verify_source_headers(ngx_http_request_t *r,
    ngx_str_t *name, ngx_uint_t *odd);
ngx_uint_t ngx_http_smtp_verify_source_has_fragment(ngx_http_request_t *r);


#endif /* _NGX_HTTP_SMTP_VERIFY_GATE_SOURCE_H_INCLUDED_ */
