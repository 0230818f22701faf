
/*
 * What is settled before a list is read: whether it may come, whose it is, the
 * first use of its Idempotency-Key, and a place in the catalogue.
 */


#include "ngx_http_smtp_verify_jobs_upload.h"
#include "ngx_http_smtp_verify_jobs_results.h"
#include "ngx_smtp_verify_wipe.h"


static ngx_int_t ngx_http_smtp_verify_jobs_upload_check(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_upload_create(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_records_t *records,
    ngx_str_t *key);
static void ngx_http_smtp_verify_jobs_upload_facts(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_upload_hash(
    ngx_http_smtp_verify_jobs_upload_t *up);
static void ngx_http_smtp_verify_jobs_reserve(
    ngx_smtp_verify_jobs_task_t *task);
static ngx_int_t ngx_http_smtp_verify_jobs_reserved(
    ngx_http_smtp_verify_jobs_ctx_t *hj);


ngx_int_t
ngx_http_smtp_verify_jobs_post_list(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_int_t      rc;
    ngx_str_t      key;
    sv_records_t  *records;

    rc = ngx_http_smtp_verify_jobs_upload_check(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_smtp_verify_jobs_key(hj, &key);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_smtp_verify_jobs_uploads_check(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    records = ngx_pcalloc(hj->request->pool, sizeof(sv_records_t));
    if (records == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_smtp_verify_list_input(hj->request, records);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_http_smtp_verify_jobs_upload_create(hj, records, &key) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_smtp_verify_jobs_upload_facts(hj);

    return ngx_http_smtp_verify_jobs_call(hj, NULL,
                                          ngx_http_smtp_verify_jobs_reserve,
                                          ngx_http_smtp_verify_jobs_reserved);
}


/* Refuses what can be refused without reading the list. */

static ngx_int_t
ngx_http_smtp_verify_jobs_upload_check(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    off_t                len;
    ngx_int_t            rc;
    sv_catalog_usage_t   usage;
    ngx_http_request_t  *r;

    r = hj->request;
    len = r->headers_in.content_length_n;

    rc = ngx_http_smtp_verify_body_refuse(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_smtp_verify_jobs_webhook_check(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (len < 0 && !r->headers_in.chunked) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_LENGTH_REQUIRED,
                                            "length_required",
                                            "Send a body, with its length or "
                                            "in chunks.");
    }

    ngx_memzero(&usage, sizeof(sv_catalog_usage_t));

    return ngx_http_smtp_verify_jobs_room(hj, &usage, 0,
                                          len > 0 ? (uint64_t) len : 0);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_upload_create(ngx_http_smtp_verify_jobs_ctx_t *hj,
    sv_records_t *records, ngx_str_t *key)
{
    ngx_log_t                           *log;
    ngx_pool_t                          *pool;
    ngx_http_smtp_verify_loc_conf_t     *slcf;
    ngx_http_smtp_verify_jobs_upload_t  *up;

    /* it may live longer than the connection and its log */

    log = hj->store->jobs.log;
    slcf = ngx_http_get_module_loc_conf(hj->request,
                                        ngx_http_smtp_verify_module);

    pool = ngx_create_pool(4096, log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    up = ngx_pcalloc(pool, sizeof(ngx_http_smtp_verify_jobs_upload_t));
    if (up == NULL) {
        ngx_smtp_verify_wipe_pool(pool);
        return NGX_ERROR;
    }

    up->held = -1;
    up->pool = pool;
    up->call = hj->call;
    up->thread.ctx = up;
    up->thread.handler = ngx_http_smtp_verify_jobs_upload_work;
    up->thread.event.data = up;
    up->thread.event.handler = ngx_http_smtp_verify_jobs_upload_worked;
    up->thread.event.log = log;

    up->line = slcf->batch.line;
    up->records = *records;
    up->records.size = up->line;
    up->records.buf = ngx_palloc(pool, SV_RECORDS_MEM(up->line));
    up->input = ngx_palloc(pool, 4 * up->line);
    up->taken = (char *) ngx_http_smtp_verify_results_names()->data;

    hj->call->upload = up;
    ngx_http_smtp_verify_jobs_uploads_add(up);

    if (up->records.buf == NULL || up->input == NULL) {
        return NGX_ERROR;
    }

    if (key->len == 0) {
        return NGX_OK;
    }

    ngx_memcpy(up->key, key->data, key->len);

    return ngx_http_smtp_verify_jobs_upload_hash(up);
}


/* The hash is of all that makes the job: the parameters, the type and the
   body. */

static ngx_int_t
ngx_http_smtp_verify_jobs_upload_hash(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_str_t            type;
    ngx_http_request_t  *r;

    r = up->call->hj->request;

    if (ngx_http_smtp_verify_content_type(r, &type) != NGX_OK) {
        ngx_str_null(&type);
    }

    up->md = EVP_MD_CTX_new();

    if (up->md == NULL
        || EVP_DigestInit_ex(up->md, EVP_sha256(), NULL) != 1
        || EVP_DigestUpdate(up->md, r->args.data, r->args.len) != 1
        || EVP_DigestUpdate(up->md, "\n", 1) != 1
        || EVP_DigestUpdate(up->md, type.data, type.len) != 1
        || EVP_DigestUpdate(up->md, "\n", 1) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* What the catalogue keeps of the request. */

static void
ngx_http_smtp_verify_jobs_upload_facts(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    sv_jobs_query_t                     *query;
    sv_catalog_job_t                    *job;
    ngx_http_smtp_verify_loc_conf_t     *slcf;
    ngx_http_smtp_verify_jobs_upload_t  *up;

    up = hj->call->upload;

    if (hj->request->headers_in.content_length_n > 0) {
        up->announced = (uint64_t) hj->request->headers_in.content_length_n;
    }

    ngx_http_smtp_verify_jobs_limits(hj, &up->limit.max);
    up->limit.more.jobs = 1;
    up->limit.more.bytes = up->announced;

    query = &hj->query;
    job = &hj->call->job;
    slcf = ngx_http_get_module_loc_conf(hj->request,
                                        ngx_http_smtp_verify_module);

    ngx_memcpy(job->client, hj->call->client, SV_CATALOG_NAME);
    ngx_memcpy(job->name, query->name, SV_CATALOG_NAME);
    ngx_memcpy(job->webhook, query->webhook, SV_CATALOG_URL);

    ngx_cpystrn((u_char *) job->request_id, hj->request_id->data,
                ngx_min(hj->request_id->len + 1, SV_CATALOG_NAME));

    /* lists that are taken in at the same time count */

    job->bytes = up->announced;
    job->state = SV_JOB_UPLOADING;
    job->created = (int64_t) ngx_timeofday()->sec * 1000
                   + (int64_t) ngx_timeofday()->msec;
    job->sample = query->sample;
    job->smtp = slcf->smtp && (!query->has_smtp || query->smtp);

    job->retention = query->has_retention
                     ? query->retention * 1000
                     : (int64_t) hj->store->jobs.retention;
    job->wait = query->has_wait ? query->wait * 1000
                                : (int64_t) hj->store->jobs.wait;

    ngx_http_smtp_verify_jobs_trace(hj, job->traceparent);

    if (query->has_webhook) {
        job->webhook_events = query->has_events ? query->events
                                                : SV_HOOK_DEFAULT;
    }
}


/* In a thread: reserves a place in the catalogue, and makes the job's
   database. */

static void
ngx_http_smtp_verify_jobs_reserve(ngx_smtp_verify_jobs_task_t *task)
{
    sv_catalog_job_t                    *job;
    ngx_http_smtp_verify_jobs_call_t    *call;
    ngx_http_smtp_verify_jobs_upload_t  *up;

    call = task->data;
    up = call->upload;
    job = &call->job;

    sv_catalog_id(job->id);

    up->held = sv_jobs_hold(task->conf->path, job->id, &task->why);

    if (up->held == -1) {
        task->status = SV_JOBS_FAILED;
        return;
    }

    task->status = sv_catalog_add(task->catalog, job,
                                  up->key[0] ? up->key : NULL, up->first,
                                  &up->limit);
    call->usage = up->limit.usage;

    if (task->status == SV_JOBS_DONE) {
        task->status = SV_JOBS_OK;
        up->known = 1;
        return;
    }

    if (task->status != SV_JOBS_OK || up->limit.over) {
        return;
    }

    up->made = 1;

    task->status = sv_job_create(task->conf, job->id, &up->job, &task->why);

    if (task->status != SV_JOBS_OK) {
        return;
    }

    up->in = sv_job_input_create(up->job);

    if (up->in == NULL) {
        task->status = SV_JOBS_NO_MEMORY;
    }
}


static ngx_int_t
ngx_http_smtp_verify_jobs_reserved(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    off_t                                len;
    ngx_int_t                            rc;
    ngx_http_smtp_verify_jobs_call_t    *call;
    ngx_http_smtp_verify_jobs_upload_t  *up;
    static unsigned char                 none[32];

    call = hj->call;
    up = call->upload;

    if (call->task.status != SV_JOBS_OK) {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    if (up->known) {

        if (ngx_memcmp(up->first, none, sizeof(none)) == 0) {
            return ngx_http_smtp_verify_problem(hj->request, NGX_HTTP_CONFLICT,
                                            "still_uploading",
                                            "The first request with this "
                                            "Idempotency-Key is still being "
                                            "read.");
        }

        /* nothing is added to what the client has */

        ngx_memzero(&call->usage, sizeof(sv_catalog_usage_t));

        return ngx_http_smtp_verify_jobs_read(up);
    }

    len = hj->request->headers_in.content_length_n;

    rc = ngx_http_smtp_verify_jobs_room(hj, &call->usage, 0,
                                        len > 0 ? (uint64_t) len : 0);

    return rc == NGX_DECLINED ? ngx_http_smtp_verify_jobs_read(up) : rc;
}
