
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_smtp_verify_lookup.h"


#define NGX_HTTP_SMTP_VERIFY_ERASE_PAGE  50     /* jobs that are listed at
                                                   once */
#define NGX_HTTP_SMTP_VERIFY_ERASE_SHOWN 500    /* jobs in the answer */


struct ngx_http_smtp_verify_jobs_erase_s {
    size_t       job;           /* of the page */
    ngx_uint_t   cached;
    ngx_uint_t   more;          /* pages */
    uint64_t     n;             /* records of one job */
    uint64_t     records;
    uint64_t     other_jobs;    /* of other clients */
    uint64_t     other_records;
    uint64_t     failed;        /* jobs that could not be searched */
    ngx_array_t  jobs;
};


typedef struct {
    char         id[SV_JOBS_ID_LEN + 1];
    uint64_t     n;
} ngx_http_smtp_verify_jobs_erased_t;


static void ngx_http_smtp_verify_jobs_erase_read(ngx_http_request_t *r,
    ngx_int_t rc);
static ngx_int_t ngx_http_smtp_verify_jobs_erase_begin(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_uint_t ngx_http_smtp_verify_jobs_erase_cached(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_erase_list(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_erase_listed(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_erase_next(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_jobs_erase_run(
    ngx_smtp_verify_jobs_task_t *task);
static ngx_int_t ngx_http_smtp_verify_jobs_erase_done(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_erase_missed(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_jobs_erase_failed(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_catalog_job_t *job);
static ngx_int_t ngx_http_smtp_verify_jobs_erase_add(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_catalog_job_t *job);
static ngx_int_t ngx_http_smtp_verify_jobs_erase_send(
    ngx_http_smtp_verify_jobs_ctx_t *hj);


/*
 * Erases an address wherever it is kept: in the cache, and in the jobs of all
 * clients.  The address is in the body, or in the query string, which servers
 * write into logs.
 */

ngx_int_t
ngx_http_smtp_verify_jobs_addresses(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = hj->request;

    if (!ngx_http_smtp_verify_client_may(r, SV_TOKENS_ERASE)) {
        return ngx_http_smtp_verify_client_refuse(r);
    }

    rc = ngx_http_smtp_verify_body_refuse(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_http_smtp_verify_jobs_wipe_body(hj);

    return ngx_http_smtp_verify_read_body(r,
                                        ngx_http_smtp_verify_jobs_erase_read);
}


static void
ngx_http_smtp_verify_jobs_erase_read(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_jobs_ctx_t  *hj;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    hj = ctx->jobs;

    if (rc == NGX_OK) {
        rc = (ctx->body->pos == ctx->body->last)
             ? NGX_DECLINED : ngx_http_smtp_verify_jobs_body(hj);
    }

    if (rc == NGX_DECLINED && !hj->query.has_email) {
        rc = ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                          "missing_email",
                                          "Name the address to erase in "
                                          "\"email\".");
    }

    if (rc == NGX_DECLINED) {
        rc = ngx_http_smtp_verify_jobs_erase_begin(hj);
    }

    ngx_http_smtp_verify_jobs_body_end(r, rc);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_erase_begin(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_pool_t                         *pool;
    ngx_http_smtp_verify_jobs_erase_t  *erase;

    pool = hj->request->pool;

    erase = ngx_pcalloc(pool, sizeof(ngx_http_smtp_verify_jobs_erase_t));

    if (erase == NULL
        || ngx_array_init(&erase->jobs, pool, 4,
                          sizeof(ngx_http_smtp_verify_jobs_erased_t))
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    hj->erase = erase;

    /* the thread may outlive the request */

    hj->call->email.data = hj->call->email_buf;
    hj->call->email.len = hj->query.email_len;
    ngx_memcpy(hj->call->email_buf, hj->query.email, hj->query.email_len);

    erase->cached = ngx_http_smtp_verify_jobs_erase_cached(hj);

    return ngx_http_smtp_verify_jobs_erase_list(hj);
}


static ngx_uint_t
ngx_http_smtp_verify_jobs_erase_cached(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_str_t                         email;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(hj->request,
                                        ngx_http_smtp_verify_module);

    email.data = hj->call->email_buf;
    email.len = hj->query.email_len;

    return ngx_smtp_verify_lookup_erase(&slcf->verify, &email) == NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_jobs_erase_list(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    call->page.client = NULL;
    call->page.state = -1;
    call->page.limit = NGX_HTTP_SMTP_VERIFY_ERASE_PAGE;

    if (call->list == NULL) {
        call->list = ngx_alloc(NGX_HTTP_SMTP_VERIFY_ERASE_PAGE
                               * sizeof(sv_catalog_job_t),
                               hj->request->connection->log);
        if (call->list == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                      ngx_http_smtp_verify_jobs_page,
                                      ngx_http_smtp_verify_jobs_erase_listed);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_erase_listed(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    if (call->task.status != SV_JOBS_OK && call->task.status != SV_JOBS_DONE) {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    hj->erase->job = 0;
    hj->erase->more = (call->n == NGX_HTTP_SMTP_VERIFY_ERASE_PAGE);

    if (call->n) {
        ngx_memcpy(call->page.after, call->list[call->n - 1].id,
                   SV_JOBS_ID_LEN + 1);
    }

    return ngx_http_smtp_verify_jobs_erase_next(hj);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_erase_next(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_smtp_verify_jobs_call_t   *call;
    ngx_http_smtp_verify_jobs_erase_t  *erase;

    call = hj->call;
    erase = hj->erase;

    while (erase->job < call->n
           && call->list[erase->job].state == SV_JOB_PURGING)
    {
        erase->job++;
    }

    if (erase->job < call->n) {
        return ngx_http_smtp_verify_jobs_call(hj, call->list[erase->job].id,
                                        ngx_http_smtp_verify_jobs_erase_run,
                                        ngx_http_smtp_verify_jobs_erase_done);
    }

    return erase->more ? ngx_http_smtp_verify_jobs_erase_list(hj)
                       : ngx_http_smtp_verify_jobs_erase_send(hj);
}


static void
ngx_http_smtp_verify_jobs_erase_run(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    call->erased = 0;
    task->status = sv_job_erase(task->job, &call->email, &call->erased);
}


/* A list that is being taken in is searched as far as it is stored: what is
   not stored yet cannot be erased. */

static ngx_int_t
ngx_http_smtp_verify_jobs_erase_done(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    sv_catalog_job_t                   *job;
    ngx_http_smtp_verify_jobs_call_t   *call;
    ngx_http_smtp_verify_jobs_erase_t  *erase;

    call = hj->call;
    erase = hj->erase;
    job = &call->list[erase->job++];

    /* it was purged meanwhile, or its files are away and may come back */

    if (call->task.status == SV_JOBS_NOT_FOUND) {
        ngx_memcpy(call->job.id, job->id, SV_JOBS_ID_LEN + 1);

        return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                      ngx_http_smtp_verify_jobs_get,
                                      ngx_http_smtp_verify_jobs_erase_missed);
    }

    if (call->task.status != SV_JOBS_OK || job->state == SV_JOB_UPLOADING) {
        ngx_http_smtp_verify_jobs_erase_failed(hj, job);
    }

    if (call->task.status != SV_JOBS_OK || call->erased == 0) {
        return ngx_http_smtp_verify_jobs_erase_next(hj);
    }

    ngx_smtp_verify_jobs_erased(call->jobs, (u_char *) job->id);

    if (ngx_http_smtp_verify_jobs_erase_add(hj, job) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_jobs_erase_next(hj);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_erase_missed(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    if (call->task.status != SV_JOBS_NOT_FOUND
        && (call->task.status != SV_JOBS_OK
            || call->job.state != SV_JOB_PURGING))
    {
        ngx_http_smtp_verify_jobs_erase_failed(hj, &call->job);
    }

    return ngx_http_smtp_verify_jobs_erase_next(hj);
}


static void
ngx_http_smtp_verify_jobs_erase_failed(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_catalog_job_t *job)
{
    sv_jobs_why_t  *why;

    why = &hj->call->task.why;

    ngx_log_error(NGX_LOG_WARN, hj->request->connection->log, why->error,
                  "an address could not be erased from job %s: %s", job->id,
                  why->note[0] ? why->note
                               : job->state == SV_JOB_UPLOADING
                                 ? "its list is still being read"
                                 : "its files are not there");

    hj->erase->failed++;
}


static ngx_int_t
ngx_http_smtp_verify_jobs_erase_add(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_catalog_job_t *job)
{
    ngx_http_smtp_verify_jobs_call_t    *call;
    ngx_http_smtp_verify_jobs_erase_t   *erase;
    ngx_http_smtp_verify_jobs_erased_t  *erased;

    call = hj->call;
    erase = hj->erase;

    if (ngx_strcmp(job->client, call->client) != 0) {
        erase->other_jobs++;
        erase->other_records += call->erased;

        return NGX_OK;
    }

    erase->records += call->erased;

    if (erase->jobs.nelts < NGX_HTTP_SMTP_VERIFY_ERASE_SHOWN) {

        erased = ngx_array_push(&erase->jobs);
        if (erased == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(erased->id, job->id, SV_JOBS_ID_LEN + 1);
        erased->n = call->erased;
    }

    return NGX_OK;
}


/* A job may have asked for the address until it was erased there. */

static ngx_int_t
ngx_http_smtp_verify_jobs_erase_send(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_buf_t                           *b;
    ngx_uint_t                           i;
    ngx_str_t                            type = ngx_string("application/json");
    ngx_http_smtp_verify_jobs_erase_t   *erase;
    ngx_http_smtp_verify_jobs_erased_t  *erased;

    erase = hj->erase;
    erased = erase->jobs.elts;

    if (erase->records || erase->other_records || erase->failed) {
        erase->cached |= ngx_http_smtp_verify_jobs_erase_cached(hj);
    }

    b = ngx_create_temp_buf(hj->request->pool,
                            512 + erase->jobs.nelts * 128);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"cache\":%s,\"records\":%uL,\"jobs\":[",
                          erase->cached ? "true" : "false", erase->records);

    for (i = 0; i < erase->jobs.nelts; i++) {
        b->last = ngx_sprintf(b->last, "%s{\"id\":\"%s\",\"records\":%uL}",
                              i ? "," : "", erased[i].id, erased[i].n);
    }

    b->last = ngx_sprintf(b->last, "],\"others\":{\"jobs\":%uL,\"records\":"
                          "%uL},\"not_searched\":%uL}\n", erase->other_jobs,
                          erase->other_records, erase->failed);

    return ngx_http_smtp_verify_send(hj->request, NGX_HTTP_OK, &type, b);
}
