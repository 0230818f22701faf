
/*
 * The memory of a request that had addresses is wiped when it is freed: the
 * body of a list, the lines of results.  Some of it is in buffers of the
 * connection, which may live on.
 */

#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_smtp_verify_wipe.h"

#if (NGX_HTTP_V2)
#include <ngx_http_v2_module.h>
#endif


struct ngx_http_smtp_verify_wiped_s {
    ngx_http_request_t  *request;
    u_char              *preread;   /* of HTTP/2; or NULL */
};


static void ngx_http_smtp_verify_jobs_wiped(void *data);

#if (NGX_HTTP_V2)

static u_char *ngx_http_smtp_verify_jobs_preread(ngx_http_request_t *r);
static void ngx_http_smtp_verify_jobs_wipe_v2(ngx_http_request_t *r);
static void ngx_http_smtp_verify_jobs_wiped_v2(void *data);


static ngx_smtp_verify_wiper_t  ngx_http_smtp_verify_jobs_wiper_v2 = {
    ngx_http_smtp_verify_jobs_wiped_v2, NULL, NULL, 0
};

#endif


/* In a worker that has jobs.  The first octets of a list are read before its
   request is known, so that OpenSSL has to wipe its buffers in all servers. */

void
ngx_http_smtp_verify_jobs_wipe_init(ngx_cycle_t *cycle)
{
#if (NGX_HTTP_SSL && defined SSL_OP_CLEANSE_PLAINTEXT)

    ngx_uint_t                   i;
    ngx_http_ssl_srv_conf_t     *sscf;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);
    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {

        sscf = cscfp[i]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];

        if (sscf->ssl.ctx) {
            (void) SSL_CTX_set_options(sscf->ssl.ctx,
                                       SSL_OP_CLEANSE_PLAINTEXT);
        }
    }

#endif
}


ngx_int_t
ngx_http_smtp_verify_jobs_wipe(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_pool_cleanup_t            *cln;
    ngx_http_request_t            *r;
    ngx_http_smtp_verify_wiped_t  *wiped;

    r = hj->request;
    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_smtp_verify_wiped_t));

    if (cln == NULL || ngx_smtp_verify_wipe_pool_later(r->pool) != NGX_OK) {
        return NGX_ERROR;
    }

    wiped = cln->data;
    cln->handler = ngx_http_smtp_verify_jobs_wiped;

    wiped->request = r;
    wiped->preread = NULL;
    hj->wiped = wiped;

    return NGX_OK;
}


/* Before the body is read. */

void
ngx_http_smtp_verify_jobs_wipe_body(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
#if (NGX_HTTP_V2)

    ngx_http_request_t  *r;

    r = hj->request;

    if (r->stream && r->stream->preread && hj->wiped->preread == NULL) {
        hj->wiped->preread = ngx_http_smtp_verify_jobs_preread(r);
    }

#endif
}


/* Before the pool is freed.  What is still to be sent, or belongs to another
   request of the connection, has to stay. */

static void
ngx_http_smtp_verify_jobs_wiped(void *data)
{
    ngx_http_smtp_verify_wiped_t *wiped = data;

    ngx_buf_t           *b;
    ngx_http_request_t  *r;

    r = wiped->request;
    b = r->header_in;

    sv_wipe_free(wiped->preread);

    if (b) {
        sv_wipe(b->start, b->pos - b->start);
    }

#if (NGX_HTTP_SSL)

    if (r->connection->ssl) {
        b = r->connection->ssl->buf;

        if (b && b->start) {
            sv_wipe(b->start, b->pos - b->start);
            sv_wipe(b->last, b->end - b->last);
        }
    }

#endif

#if (NGX_HTTP_V2)

    if (r->stream) {
        ngx_http_smtp_verify_jobs_wipe_v2(r);
    }

#endif
}


#if (NGX_HTTP_V2)

/* What HTTP/2 has read of the body before somebody wanted it is freed by nginx
   as soon as it was copied.  It is taken from the pool, and freed by us. */

static u_char *
ngx_http_smtp_verify_jobs_preread(ngx_http_request_t *r)
{
    ngx_pool_large_t  *l;

    for (l = r->pool->large; l; l = l->next) {

        if (l->alloc == r->stream->preread->start) {
            l->alloc = NULL;
            return r->stream->preread->start;
        }
    }

    return NULL;
}


/* HTTP/2 reads all connections of a worker into one buffer.  Between two turns
   nothing in it is needed. */

static void
ngx_http_smtp_verify_jobs_wipe_v2(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_jobs_wiper_v2.data =
                          ngx_http_get_module_main_conf(r, ngx_http_v2_module);

    ngx_smtp_verify_wipe_also(&ngx_http_smtp_verify_jobs_wiper_v2);
}


static void
ngx_http_smtp_verify_jobs_wiped_v2(void *data)
{
    ngx_http_v2_main_conf_t *h2mcf = data;

    if (h2mcf->recv_buffer) {
        sv_wipe(h2mcf->recv_buffer, h2mcf->recv_buffer_size);
    }
}

#endif
