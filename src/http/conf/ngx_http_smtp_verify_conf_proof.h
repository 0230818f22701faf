
/* Directives about proof of who a mail host is: DNSSEC, DANE and MTA-STS. */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_PROOF_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_PROOF_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


void ngx_http_smtp_verify_proof_create(ngx_http_smtp_verify_loc_conf_t *conf);
void ngx_http_smtp_verify_proof_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);

/* for a location that asks mail servers; its TLS context must exist */
ngx_int_t ngx_http_smtp_verify_proof_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_PROOF_H_INCLUDED_ */
