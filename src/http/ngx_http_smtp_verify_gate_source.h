
/* Inside of the sources of an address: of a value, and of a body. */


#ifndef _NGX_HTTP_SMTP_VERIFY_GATE_SOURCE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_GATE_SOURCE_H_INCLUDED_


#include "ngx_http_smtp_verify_gate.h"
#include "sv_source.h"


/* gate_source_body.c; as ngx_http_smtp_verify_source_get() */
ngx_int_t ngx_http_smtp_verify_source_body_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address);

/* gate_source.c: a copy of what was found; without white space around it */
ngx_int_t ngx_http_smtp_verify_source_told(ngx_http_request_t *r,
    sv_source_value_t *value, ngx_str_t *address);
void ngx_http_smtp_verify_source_trim(ngx_str_t *address);


#endif /* _NGX_HTTP_SMTP_VERIFY_GATE_SOURCE_H_INCLUDED_ */
