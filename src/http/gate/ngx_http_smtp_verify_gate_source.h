
/* Inside of the sources of an address: of a value, and of a body. */


#ifndef _NGX_HTTP_SMTP_VERIFY_GATE_SOURCE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_GATE_SOURCE_H_INCLUDED_


#include "ngx_http_smtp_verify_gate.h"
#include "sv_source.h"


#define NGX_HTTP_SMTP_VERIFY_FRAGMENT                                         \
    "Send no \"#\" in the request line; some applications read on behind it."


/* gate_source_body.c; as ngx_http_smtp_verify_source_get() */
ngx_int_t ngx_http_smtp_verify_source_body_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error);

/* is there a body?  Without a type it is SV_SOURCE_TYPE_OTHER */
ngx_uint_t ngx_http_smtp_verify_source_has_body(ngx_http_request_t *r);
sv_source_type_e ngx_http_smtp_verify_source_media(ngx_http_request_t *r,
    sv_source_media_t *media);

/* the type of a source's body */
sv_source_type_e ngx_http_smtp_verify_source_type(
    ngx_http_smtp_verify_source_t *source);

/* what was read of it; *copy, if it is not NULL, is to be freed.  NGX_BUSY:
   it is larger than smtp_verify_gate_body_max */
ngx_int_t ngx_http_smtp_verify_source_body(ngx_http_request_t *r,
    ngx_str_t *body, u_char **copy);

/*
 * gate_source.c: a copy of what was found; without white space around it;
 * how many headers there are of a name, as $http_ has it, *odd: one of them is
 * written so that only some see it.
 */
ngx_int_t ngx_http_smtp_verify_source_told(ngx_http_request_t *r,
    sv_source_value_t *value, ngx_str_t *address);
void ngx_http_smtp_verify_source_trim(ngx_str_t *address);
ngx_uint_t ngx_http_smtp_verify_source_headers(ngx_http_request_t *r,
    ngx_str_t *name, ngx_uint_t *odd);
ngx_uint_t ngx_http_smtp_verify_source_has_fragment(ngx_http_request_t *r);


#endif /* _NGX_HTTP_SMTP_VERIFY_GATE_SOURCE_H_INCLUDED_ */
