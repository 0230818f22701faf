
/*
 * The age of a domain, by RDAP (RFC 9083) through an internal location, which
 * knows the servers.  The subrequest belongs to a request of its own, without
 * a client: whoever asks for an address neither waits for it nor ends it, and
 * nothing that the client sent goes there.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_RDAP_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_RDAP_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


char *ngx_http_smtp_verify_rdap(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* asks, if the location has it so and it is not known; never fails */
void ngx_http_smtp_verify_rdap_start(ngx_http_request_t *r, ngx_str_t *email);


#endif /* _NGX_HTTP_SMTP_VERIFY_RDAP_H_INCLUDED_ */
