
/*
 * How many connections this worker may have, and how many of them are free:
 * worker_connections promises some, but each takes a descriptor, and the
 * system may grant fewer of these.
 */


#ifndef _NGX_SMTP_VERIFY_CONNECTIONS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_CONNECTIONS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* once for each worker, when its limits are set; the first one warns */
void ngx_smtp_verify_connections_init(ngx_cycle_t *cycle);

ngx_uint_t ngx_smtp_verify_connections(void);
ngx_uint_t ngx_smtp_verify_connections_free(void);


#endif /* _NGX_SMTP_VERIFY_CONNECTIONS_H_INCLUDED_ */
