
#include "ngx_smtp_verify_spool.h"


#define NGX_SMTP_VERIFY_SPOOL_SIZE  65536


static ngx_int_t ngx_smtp_verify_spool_init(
    ngx_smtp_verify_spool_t *s);
static ngx_int_t ngx_smtp_verify_spool_write(
    ngx_smtp_verify_spool_t *s, u_char *data, size_t len);
static void ngx_smtp_verify_spool_compact(
    ngx_smtp_verify_spool_t *s);


ngx_int_t
ngx_smtp_verify_spool_add(ngx_smtp_verify_spool_t *s, u_char *data,
    size_t len)
{
    if (ngx_smtp_verify_spool_init(s) != NGX_OK) {
        return NGX_ERROR;
    }

    if (s->file && s->read < s->file->offset) {
        return ngx_smtp_verify_spool_write(s, data, len);
    }

    if ((size_t) (s->end - s->last) < len) {
        ngx_smtp_verify_spool_compact(s);
    }

    if ((size_t) (s->end - s->last) < len) {
        return ngx_smtp_verify_spool_write(s, data, len);
    }

    s->last = ngx_cpymem(s->last, data, len);

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_spool_init(ngx_smtp_verify_spool_t *s)
{
    if (s->start) {
        return NGX_OK;
    }

    s->start = ngx_palloc(s->pool, NGX_SMTP_VERIFY_SPOOL_SIZE);
    if (s->start == NULL) {
        return NGX_ERROR;
    }

    s->pos = s->start;
    s->last = s->start;
    s->end = s->start + NGX_SMTP_VERIFY_SPOOL_SIZE;

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_spool_write(ngx_smtp_verify_spool_t *s, u_char *data,
    size_t len)
{
    ssize_t           n;
    ngx_buf_t         buf;
    ngx_chain_t       cl;
    ngx_temp_file_t  *tf;

    tf = s->file;

    if (tf == NULL) {
        tf = ngx_pcalloc(s->pool, sizeof(ngx_temp_file_t));
        if (tf == NULL) {
            return NGX_ERROR;
        }

        tf->file.fd = NGX_INVALID_FILE;
        tf->file.log = s->log;
        tf->path = s->path;
        tf->pool = s->pool;

        s->file = tf;
    }

    /* all was read: the file is used from its beginning again */

    if (s->read == tf->offset) {
        s->read = 0;
        tf->offset = 0;
    }

    ngx_memzero(&buf, sizeof(ngx_buf_t));

    buf.pos = data;
    buf.last = data + len;
    buf.memory = 1;

    cl.buf = &buf;
    cl.next = NULL;

    n = ngx_write_chain_to_temp_file(tf, &cl);

    if (n == NGX_ERROR || (size_t) n != len) {
        return NGX_ERROR;
    }

    tf->offset += n;

    return NGX_OK;
}


ngx_int_t
ngx_smtp_verify_spool_fill(ngx_smtp_verify_spool_t *s)
{
    off_t    left;
    size_t   size;
    ssize_t  n;

    if (s->file == NULL || s->read == s->file->offset) {
        return NGX_DECLINED;
    }

    left = s->file->offset - s->read;
    size = ngx_smtp_verify_spool_room(s);
    size = (size_t) ngx_min((off_t) size, left);

    if (size == 0) {
        return NGX_DECLINED;
    }

    n = ngx_read_file(&s->file->file, s->last, size, s->read);

    if (n <= 0) {
        return NGX_ERROR;
    }

    s->last += n;
    s->read += n;

    return NGX_OK;
}


size_t
ngx_smtp_verify_spool_room(ngx_smtp_verify_spool_t *s)
{
    if (ngx_smtp_verify_spool_init(s) != NGX_OK) {
        return 0;
    }

    ngx_smtp_verify_spool_compact(s);

    return s->end - s->last;
}


static void
ngx_smtp_verify_spool_compact(ngx_smtp_verify_spool_t *s)
{
    size_t  len;

    len = s->last - s->pos;

    if (s->pos != s->start) {
        ngx_memmove(s->start, s->pos, len);
        s->pos = s->start;
        s->last = s->start + len;
    }
}
