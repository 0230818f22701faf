
/*
 * How many connections this worker may have, and how many of them are free.
 * Each connection needs a descriptor, and the system may allow fewer of these
 * than worker_connections.
 */


#ifndef _NGX_SMTP_VERIFY_CONNECTIONS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_CONNECTIONS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* Called once in each worker, when its limits are set.  The first worker logs a
   warning if there are too few descriptors. */
void ngx_smtp_verify_connections_init(ngx_cycle_t *cycle);

ngx_uint_t ngx_smtp_verify_connections(void);
ngx_uint_t ngx_smtp_verify_connections_free(void);


#endif /* _NGX_SMTP_VERIFY_CONNECTIONS_H_INCLUDED_ */
