
/*
 * Finds out the age of a domain by RDAP (RFC 9083), through an internal
 * location that knows the servers.  The subrequest has a parent without a
 * client: the request that asked for the address does not wait for it, does
 * not end it, and passes nothing that its client sent, except for a valid
 * "traceparent".
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_RDAP_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_RDAP_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


/* asks if smtp_verify_rdap is on and the age is not known; errors are
   ignored */
void ngx_http_smtp_verify_rdap_start(ngx_http_request_t *r, ngx_str_t *email);


#endif /* _NGX_HTTP_SMTP_VERIFY_RDAP_H_INCLUDED_ */
