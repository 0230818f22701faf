
/*
 * A list that is taken in.  It has a handle of its own of the job's database,
 * which nobody else uses yet, and memory of its own: if the request ends early
 * the job is purged after that.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_JOBS_UPLOAD_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_JOBS_UPLOAD_H_INCLUDED_


#include "ngx_http_smtp_verify_jobs_handler.h"
#include "sv_records.h"

#include <openssl/evp.h>


struct ngx_http_smtp_verify_jobs_upload_s {
    ngx_queue_t                        queue;       /* of the worker's */
    ngx_http_smtp_verify_jobs_call_t  *call;
    ngx_pool_t                        *pool;
    ngx_thread_task_t                  thread;
    sv_jobs_e                        (*run)(
                                    ngx_http_smtp_verify_jobs_upload_t *up);
    void                             (*done)(
                                    ngx_http_smtp_verify_jobs_upload_t *up);
    sv_jobs_e                          status;
    sv_jobs_why_t                      why;

    sv_job_t                          *job;
    sv_job_input_t                    *in;
    EVP_MD_CTX                        *md;          /* of the body; NULL: there
                                                       is no key */
    int                                held;        /* see sv_jobs_hold(); or
                                                       -1 */
    sv_catalog_limit_t                 limit;
    unsigned char                      first[32];   /* hash of the first body
                                                       with this key */
    unsigned char                      hash[32];
    char                               key[SV_CATALOG_KEY];

    sv_records_t                       records;
    const char                        *taken;       /* names of our columns */
    size_t                             line;        /* octets */
    u_char                            *input;       /* of 4 * line */
    u_char                            *piece;       /* of a file */
    off_t                              given;       /* octets of a buffer that
                                                       were read from a file */
    uint64_t                           received;    /* octets */
    ngx_int_t                          rc;          /* of a request that ends
                                                       while it is read */
    uint64_t                           announced;   /* octets; or 0 */

    unsigned                           known:1;     /* the key was used */
    unsigned                           made:1;      /* the job is on the disk */
    unsigned                           complete:1;  /* and stays there */
    unsigned                           removing:1;
};


/* _uploads.c: which uploads a worker has.  _check() returns NGX_DECLINED if one
   more may begin, otherwise what a content handler returns. */
ngx_int_t ngx_http_smtp_verify_jobs_uploads_check(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
void ngx_http_smtp_verify_jobs_uploads_add(
    ngx_http_smtp_verify_jobs_upload_t *up);
void ngx_http_smtp_verify_jobs_uploads_remove(
    ngx_http_smtp_verify_jobs_upload_t *up);

/* _read.c: reads the body, and calls _upload_write() and _upload_end() */
ngx_int_t ngx_http_smtp_verify_jobs_read(
    ngx_http_smtp_verify_jobs_upload_t *up);
void ngx_http_smtp_verify_jobs_read_on(
    ngx_http_smtp_verify_jobs_upload_t *up);

/* _upload.c: what a thread does for the upload, and what follows it */
void ngx_http_smtp_verify_jobs_upload_work(void *data, ngx_log_t *log);
void ngx_http_smtp_verify_jobs_upload_worked(ngx_event_t *ev);
/* these return NGX_AGAIN, or what a content handler returns */
ngx_int_t ngx_http_smtp_verify_jobs_upload_write(
    ngx_http_smtp_verify_jobs_upload_t *up);
ngx_int_t ngx_http_smtp_verify_jobs_upload_end(
    ngx_http_smtp_verify_jobs_upload_t *up);


#endif /* _NGX_HTTP_SMTP_VERIFY_JOBS_UPLOAD_H_INCLUDED_ */
