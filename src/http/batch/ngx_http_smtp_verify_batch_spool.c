
#include "ngx_http_smtp_verify_batch.h"


#define NGX_HTTP_SMTP_VERIFY_SPOOL_SIZE  65536


static ngx_int_t ngx_http_smtp_verify_spool_init(
    ngx_http_smtp_verify_spool_t *s);
static ngx_int_t ngx_http_smtp_verify_spool_write(
    ngx_http_smtp_verify_spool_t *s, u_char *data, size_t len);
static ngx_int_t ngx_http_smtp_verify_spool_fill_given(
    ngx_http_smtp_verify_spool_t *s);
static void ngx_http_smtp_verify_spool_compact(
    ngx_http_smtp_verify_spool_t *s);


ngx_int_t
ngx_http_smtp_verify_spool_add(ngx_http_smtp_verify_spool_t *s, u_char *data,
    size_t len)
{
    if (ngx_http_smtp_verify_spool_init(s) != NGX_OK) {
        return NGX_ERROR;
    }

    if (s->file && s->read < s->file->offset) {
        return ngx_http_smtp_verify_spool_write(s, data, len);
    }

    if ((size_t) (s->end - s->last) < len) {
        ngx_http_smtp_verify_spool_compact(s);
    }

    if ((size_t) (s->end - s->last) < len) {
        return ngx_http_smtp_verify_spool_write(s, data, len);
    }

    s->last = ngx_cpymem(s->last, data, len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_spool_init(ngx_http_smtp_verify_spool_t *s)
{
    if (s->start) {
        return NGX_OK;
    }

    s->start = ngx_palloc(s->request->pool, NGX_HTTP_SMTP_VERIFY_SPOOL_SIZE);
    if (s->start == NULL) {
        return NGX_ERROR;
    }

    s->pos = s->start;
    s->last = s->start;
    s->end = s->start + NGX_HTTP_SMTP_VERIFY_SPOOL_SIZE;

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_spool_give(ngx_http_smtp_verify_spool_t *s,
    ngx_chain_t *chain)
{
    s->given = chain;
    s->skip = 0;

    return ngx_http_smtp_verify_spool_init(s);
}


static ngx_int_t
ngx_http_smtp_verify_spool_write(ngx_http_smtp_verify_spool_t *s, u_char *data,
    size_t len)
{
    ssize_t                    n;
    ngx_buf_t                  buf;
    ngx_chain_t                cl;
    ngx_temp_file_t           *tf;
    ngx_http_core_loc_conf_t  *clcf;

    tf = s->file;

    if (tf == NULL) {
        clcf = ngx_http_get_module_loc_conf(s->request, ngx_http_core_module);

        tf = ngx_pcalloc(s->request->pool, sizeof(ngx_temp_file_t));
        if (tf == NULL) {
            return NGX_ERROR;
        }

        tf->file.fd = NGX_INVALID_FILE;
        tf->file.log = s->request->connection->log;
        tf->path = clcf->client_body_temp_path;
        tf->pool = s->request->pool;

        s->file = tf;
    }

    /* all was read: from the beginning again */

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
ngx_http_smtp_verify_spool_fill(ngx_http_smtp_verify_spool_t *s)
{
    off_t    left;
    size_t   size;
    ssize_t  n;

    if (s->given) {
        return ngx_http_smtp_verify_spool_fill_given(s);
    }

    if (s->file == NULL || s->read == s->file->offset) {
        return NGX_DECLINED;
    }

    ngx_http_smtp_verify_spool_compact(s);

    left = s->file->offset - s->read;
    size = s->end - s->last;
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


static ngx_int_t
ngx_http_smtp_verify_spool_fill_given(ngx_http_smtp_verify_spool_t *s)
{
    off_t       left;
    size_t      size;
    ngx_buf_t  *b;

    while (s->given && s->skip == ngx_buf_size(s->given->buf)) {
        s->given = s->given->next;
        s->skip = 0;
    }

    if (s->given == NULL) {
        return NGX_DECLINED;
    }

    ngx_http_smtp_verify_spool_compact(s);

    b = s->given->buf;
    left = ngx_buf_size(b) - s->skip;
    size = s->end - s->last;
    size = (size_t) ngx_min((off_t) size, left);

    if (size == 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_smtp_verify_body_get(b, s->skip, s->last, size) != NGX_OK) {
        return NGX_ERROR;
    }

    s->last += size;
    s->skip += size;

    return NGX_OK;
}


static void
ngx_http_smtp_verify_spool_compact(ngx_http_smtp_verify_spool_t *s)
{
    size_t  len;

    len = s->last - s->pos;

    if (s->pos != s->start) {
        ngx_memmove(s->start, s->pos, len);
        s->pos = s->start;
        s->last = s->start + len;
    }
}
