
/* Parses parameters of directives: "NAME=value", and reasons by their
   names. */


#ifndef _NGX_HTTP_SMTP_VERIFY_PARAM_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_PARAM_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


/* "name" ends with "="; returns 0 if the parameter has another name */
ngx_uint_t ngx_http_smtp_verify_param(ngx_str_t *param, const char *name,
    ngx_str_t *value);

/* Returns NGX_DECLINED if the parameter has another name; NGX_ERROR if its
   value is not a number from min to max. */
ngx_int_t ngx_http_smtp_verify_param_number(ngx_str_t *param,
    const char *name, ngx_int_t min, ngx_int_t max, ngx_uint_t *n);

/* Returns NGX_DECLINED if the parameter has another name; NGX_ERROR if its
   value is not a time of 1 to max ms. */
ngx_int_t ngx_http_smtp_verify_param_time(ngx_str_t *param, const char *name,
    ngx_int_t max, ngx_msec_t *msec);

/* Checks the URI of a location, of which cmd->post is an example. */
ngx_int_t ngx_http_smtp_verify_param_location(ngx_conf_t *cf,
    ngx_command_t *cmd, ngx_str_t *uri);

/* Sets an ngx_str_t to such a URI, or to an empty one by "off". */
char *ngx_http_smtp_verify_location_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Returns the bit of a reason, or the bits of all reasons with a status; 0 if
   the word is neither. */
uint64_t ngx_http_smtp_verify_param_reasons(u_char *data, size_t len);


#endif /* _NGX_HTTP_SMTP_VERIFY_PARAM_H_INCLUDED_ */
