
/* Whether this server should get requests. */


#ifndef _NGX_HTTP_SMTP_VERIFY_READY_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_READY_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


/* Returns why requests should go elsewhere, or NULL.  store: 1 if a full store
   of jobs is a reason, too. */
const char *ngx_http_smtp_verify_unready(
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_uint_t store);


#endif /* _NGX_HTTP_SMTP_VERIFY_READY_H_INCLUDED_ */
