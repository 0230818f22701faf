
#include "ngx_smtp_verify_connections.h"

#include <sys/resource.h>


/* other files that nginx opens: request bodies, responses, its cache */

#define NGX_SMTP_VERIFY_ROOM_FILES  16


static ngx_uint_t ngx_smtp_verify_connections_taken(ngx_cycle_t *cycle);


ngx_uint_t  ngx_smtp_verify_connections_lost;


void
ngx_smtp_verify_connections_init(ngx_cycle_t *cycle)
{
    rlim_t         taken, granted;
    ngx_uint_t     level;
    struct rlimit  rlmt;

    ngx_smtp_verify_connections_lost = 0;

    if (getrlimit(RLIMIT_NOFILE, &rlmt) == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_errno,
                      "getrlimit(RLIMIT_NOFILE) failed");
        return;
    }

    if (rlmt.rlim_cur == RLIM_INFINITY) {
        return;
    }

    taken = ngx_smtp_verify_connections_taken(cycle);
    granted = (rlmt.rlim_cur > taken) ? rlmt.rlim_cur - taken : 0;

    if (granted >= cycle->connection_n) {
        return;
    }

    ngx_smtp_verify_connections_lost = cycle->connection_n
                                       - (ngx_uint_t) granted;

    level = (ngx_worker == 0) ? NGX_LOG_WARN : NGX_LOG_INFO;

    ngx_log_error(level, cycle->log, 0,
                  "%ui descriptors are enough for %ui of %ui "
                  "worker_connections, fewer addresses are verified at once; "
                  "raise \"worker_rlimit_nofile\"",
                  (ngx_uint_t) rlmt.rlim_cur, ngx_smtp_verify_connections(),
                  cycle->connection_n);
}


/*
 * Counts descriptors that are not connections.  A new descriptor is the lowest
 * free one, and few are free below the highest one.  A socket to each of the
 * other workers will still be opened.
 */

static ngx_uint_t
ngx_smtp_verify_connections_taken(ngx_cycle_t *cycle)
{
    ngx_fd_t          fd;
    ngx_uint_t        connections, n;
    ngx_core_conf_t  *ccf;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);

    n = NGX_SMTP_VERIFY_ROOM_FILES + ngx_max(ccf->worker_processes, 1);

    fd = ngx_open_file("/dev/null", NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        return n;
    }

    (void) ngx_close_file(fd);

    connections = cycle->connection_n - cycle->free_connection_n;

    return n + ((ngx_uint_t) fd > connections ? fd - connections : 0);
}
