
#include "ngx_http_smtp_verify_jobs_upload.h"


/* Each upload may hold a chunk of records in memory. */

#define NGX_HTTP_SMTP_VERIFY_UPLOADS         32     /* of a worker */
#define NGX_HTTP_SMTP_VERIFY_UPLOADS_CLIENT  8      /* of a client with a
                                                       token */


static ngx_queue_t  ngx_http_smtp_verify_uploads_queue = {
    &ngx_http_smtp_verify_uploads_queue, &ngx_http_smtp_verify_uploads_queue
};


ngx_int_t
ngx_http_smtp_verify_jobs_uploads_check(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    char                                *name;
    ngx_uint_t                           all, own;
    ngx_queue_t                         *q;
    ngx_http_smtp_verify_jobs_upload_t  *up;

    all = 0;
    own = 0;
    name = hj->call->client;

    for (q = ngx_queue_head(&ngx_http_smtp_verify_uploads_queue);
         q != ngx_queue_sentinel(&ngx_http_smtp_verify_uploads_queue);
         q = ngx_queue_next(q))
    {
        up = ngx_queue_data(q, ngx_http_smtp_verify_jobs_upload_t, queue);

        all++;
        own += (ngx_strcmp(up->call->client, name) == 0);
    }

    if (all < NGX_HTTP_SMTP_VERIFY_UPLOADS
        && (name[0] == '\0' || own < NGX_HTTP_SMTP_VERIFY_UPLOADS_CLIENT))
    {
        return NGX_DECLINED;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, hj->request->connection->log, 0,
                   "smtp verify jobs: %ui uploads, %ui of this client",
                   all, own);

    return ngx_http_smtp_verify_problem(hj->request,
                                        NGX_HTTP_SERVICE_UNAVAILABLE,
                                        "too_many_uploads",
                                        "Too many lists are being sent at the "
                                        "same time; try again in a moment.");
}


void
ngx_http_smtp_verify_jobs_uploads_add(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_queue_insert_tail(&ngx_http_smtp_verify_uploads_queue, &up->queue);
}


void
ngx_http_smtp_verify_jobs_uploads_remove(
    ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_queue_remove(&up->queue);
}
