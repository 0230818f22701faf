
/*
 * How many connections this worker may have, and how many of them are free.
 * Each connection needs a descriptor, and the system may allow fewer of these
 * than worker_connections.
 */


#ifndef _NGX_SMTP_VERIFY_CONNECTIONS_H_INCLUDED_
#define _NGX_SMTP_VERIFY_CONNECTIONS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* connections for which there is no descriptor */
extern ngx_uint_t  ngx_smtp_verify_connections_lost;


/* Called once in each worker, when its limits are set.  The first worker logs a
   warning if there are too few descriptors. */
void ngx_smtp_verify_connections_init(ngx_cycle_t *cycle);


/* Returns how many connections this worker may have. */

static inline ngx_uint_t
ngx_smtp_verify_connections(void)
{
    return ngx_cycle->connection_n - ngx_min(ngx_smtp_verify_connections_lost,
                                             ngx_cycle->connection_n);
}


/* Returns how many of them are free. */

static inline ngx_uint_t
ngx_smtp_verify_connections_free(void)
{
    ngx_uint_t  n;

    n = ngx_cycle->free_connection_n;

    if (n <= ngx_smtp_verify_connections_lost) {
        return 0;
    }

    return n - ngx_smtp_verify_connections_lost;
}


/* Returns 1 if so few are free that what can be done later, or be left out,
   should not take one. */

static inline ngx_uint_t
ngx_smtp_verify_connections_few(void)
{
    return ngx_smtp_verify_connections_free()
           < ngx_smtp_verify_connections() / 8;
}


#endif /* _NGX_SMTP_VERIFY_CONNECTIONS_H_INCLUDED_ */
