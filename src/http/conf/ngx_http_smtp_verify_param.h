
/* Parameters of directives: "NAME=value", and reasons by their names. */


#ifndef _NGX_HTTP_SMTP_VERIFY_PARAM_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_PARAM_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


/* 0: it is another one */
ngx_uint_t ngx_http_smtp_verify_param(ngx_str_t *param, const char *name,
    ngx_str_t *value);

/* NGX_DECLINED: it is another one; NGX_ERROR: it is out of bounds */
ngx_int_t ngx_http_smtp_verify_param_number(ngx_str_t *param,
    const char *name, ngx_int_t min, ngx_int_t max, ngx_uint_t *n);

/* likewise; more than no time at all */
ngx_int_t ngx_http_smtp_verify_param_time(ngx_str_t *param, const char *name,
    ngx_int_t max, ngx_msec_t *msec);

/* a bit for that of a name, or for all of a status; 0: it is neither */
uint64_t ngx_http_smtp_verify_param_reasons(u_char *data, size_t len);


#endif /* _NGX_HTTP_SMTP_VERIFY_PARAM_H_INCLUDED_ */
