
/*
 * A queue of bytes: in memory, and in a temporary file when it grows.  The
 * bytes to be read next are between pos and last; the reader moves pos.
 */


#ifndef _NGX_SMTP_VERIFY_SPOOL_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SPOOL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    /* set by the owner */
    ngx_pool_t                    *pool;
    ngx_log_t                     *log;
    ngx_path_t                    *path;        /* for temporary files */

    u_char                        *pos;
    u_char                        *last;

    /* private */
    ngx_temp_file_t               *file;        /* bytes after those in
                                                   memory */
    off_t                          read;
    u_char                        *start;
    u_char                        *end;
} ngx_smtp_verify_spool_t;


ngx_int_t ngx_smtp_verify_spool_add(ngx_smtp_verify_spool_t *s, u_char *data,
    size_t len);

/* Reads from the file into memory.  NGX_DECLINED: nothing is left, or there is
   no room. */
ngx_int_t ngx_smtp_verify_spool_fill(ngx_smtp_verify_spool_t *s);

/* How many bytes may be written directly at last; 0: none, or no memory. */
size_t ngx_smtp_verify_spool_room(ngx_smtp_verify_spool_t *s);


#endif /* _NGX_SMTP_VERIFY_SPOOL_H_INCLUDED_ */
