
/*
 * Bytes that wait to be read: in memory, then in a temporary file.  What is
 * read is between pos and last, where the reader moves pos.
 */


#ifndef _NGX_SMTP_VERIFY_SPOOL_H_INCLUDED_
#define _NGX_SMTP_VERIFY_SPOOL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    /* given */
    ngx_pool_t                    *pool;
    ngx_log_t                     *log;
    ngx_path_t                    *path;        /* of temporary files */

    u_char                        *pos;
    u_char                        *last;

    /* private */
    ngx_temp_file_t               *file;        /* behind what is in memory */
    off_t                          read;
    u_char                        *start;
    u_char                        *end;
} ngx_smtp_verify_spool_t;


ngx_int_t ngx_smtp_verify_spool_add(ngx_smtp_verify_spool_t *s, u_char *data,
    size_t len);

/* more from the file into memory; NGX_DECLINED: there is none, or no room */
ngx_int_t ngx_smtp_verify_spool_fill(ngx_smtp_verify_spool_t *s);

/* room behind last for what is somewhere else; 0: none, or no memory */
size_t ngx_smtp_verify_spool_room(ngx_smtp_verify_spool_t *s);


#endif /* _NGX_SMTP_VERIFY_SPOOL_H_INCLUDED_ */
