
/* A store of jobs, and the location that it belongs to. */


#ifndef _NGX_HTTP_SMTP_VERIFY_CONF_STORE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_CONF_STORE_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"
#include "ngx_smtp_verify_jobs.h"


struct ngx_http_smtp_verify_store_s {
    ngx_smtp_verify_jobs_t             jobs;
    ngx_str_t                          location;
    ngx_str_t                          prefix;      /* without a slash at its
                                                       end */
};


#endif /* _NGX_HTTP_SMTP_VERIFY_CONF_STORE_H_INCLUDED_ */
