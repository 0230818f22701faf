
#include "ngx_http_smtp_verify_jobs_upload.h"
#include "ngx_http_smtp_verify_jobs_results.h"
#include "ngx_smtp_verify_counters.h"


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
static ngx_int_t ngx_http_smtp_verify_jobs_upload_thread(
    ngx_http_smtp_verify_jobs_upload_t *up,
    sv_jobs_e (*run)(ngx_http_smtp_verify_jobs_upload_t *up),
    void (*done)(ngx_http_smtp_verify_jobs_upload_t *up));
static void ngx_http_smtp_verify_jobs_upload_work(void *data, ngx_log_t *log);
static void ngx_http_smtp_verify_jobs_upload_worked(ngx_event_t *ev);
static sv_jobs_e ngx_http_smtp_verify_jobs_write(
    ngx_http_smtp_verify_jobs_upload_t *up);
static void ngx_http_smtp_verify_jobs_written(
    ngx_http_smtp_verify_jobs_upload_t *up);
static sv_jobs_e ngx_http_smtp_verify_jobs_finish(
    ngx_http_smtp_verify_jobs_upload_t *up);
static void ngx_http_smtp_verify_jobs_finished(
    ngx_http_smtp_verify_jobs_upload_t *up);
static void ngx_http_smtp_verify_jobs_add(ngx_smtp_verify_jobs_task_t *task);
static ngx_int_t ngx_http_smtp_verify_jobs_added(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_upload_again(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static ngx_int_t ngx_http_smtp_verify_jobs_accepted(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
static void ngx_http_smtp_verify_jobs_upload_close(
    ngx_http_smtp_verify_jobs_upload_t *up);
static sv_jobs_e ngx_http_smtp_verify_jobs_upload_purge(
    ngx_http_smtp_verify_jobs_upload_t *up);
static void ngx_http_smtp_verify_jobs_remove(
    ngx_smtp_verify_jobs_task_t *task);
static void ngx_http_smtp_verify_jobs_upload_free(
    ngx_http_smtp_verify_jobs_upload_t *up);


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
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

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
    sv_jobs_query_t                  *query;
    sv_catalog_job_t                 *job;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    ngx_http_smtp_verify_jobs_limits(hj, &hj->call->max);

    if (hj->request->headers_in.content_length_n > 0) {
        hj->call->upload->announced = (uint64_t)
                                     hj->request->headers_in.content_length_n;
    }

    query = &hj->query;
    job = &hj->call->job;
    slcf = ngx_http_get_module_loc_conf(hj->request,
                                        ngx_http_smtp_verify_module);

    ngx_memcpy(job->client, hj->call->client, SV_CATALOG_NAME);
    ngx_memcpy(job->name, query->name, SV_CATALOG_NAME);
    ngx_memcpy(job->webhook, query->webhook, SV_CATALOG_URL);

    ngx_cpystrn((u_char *) job->request_id, hj->request_id->data,
                ngx_min(hj->request_id->len + 1, SV_CATALOG_NAME));

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
    uint64_t                             bytes;
    ngx_uint_t                           over;
    sv_catalog_job_t                    *job;
    ngx_http_smtp_verify_jobs_call_t    *call;
    ngx_http_smtp_verify_jobs_upload_t  *up;

    call = task->data;
    up = call->upload;
    job = &call->job;

    task->status = sv_catalog_usage(task->catalog, call->client, &call->usage,
                                    &bytes);

    if (task->status != SV_JOBS_OK) {
        return;
    }

    over = (call->usage.jobs >= call->max.jobs
            || call->usage.bytes + up->announced > call->max.bytes);

    if (over && up->key[0] == '\0') {
        return;
    }

    sv_catalog_id(job->id);

    /* lists that are taken in at the same time count, but for those that are
       refused */

    job->bytes = over ? 0 : up->announced;

    task->status = sv_catalog_add(task->catalog, job,
                                  up->key[0] ? up->key : NULL, up->first);

    if (task->status == SV_JOBS_DONE) {
        task->status = SV_JOBS_OK;
        up->known = 1;
        return;
    }

    if (task->status != SV_JOBS_OK) {
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


static ngx_int_t
ngx_http_smtp_verify_jobs_upload_thread(
    ngx_http_smtp_verify_jobs_upload_t *up,
    sv_jobs_e (*run)(ngx_http_smtp_verify_jobs_upload_t *up),
    void (*done)(ngx_http_smtp_verify_jobs_upload_t *up))
{
    up->run = run;
    up->done = done;

#if (NGX_THREADS)

    if (ngx_thread_task_post(up->call->jobs->pool, &up->thread) == NGX_OK) {
        up->call->busy = 1;
        return NGX_AGAIN;
    }

#endif

    return NGX_HTTP_SERVICE_UNAVAILABLE;
}


static void
ngx_http_smtp_verify_jobs_upload_work(void *data, ngx_log_t *log)
{
    const sv_jobs_why_t                 *why;
    ngx_http_smtp_verify_jobs_upload_t  *up;

    up = data;

    ngx_memzero(&up->why, sizeof(sv_jobs_why_t));

    up->status = up->run(up);

    if (up->status != SV_JOBS_OK && up->why.note[0] == '\0' && up->job) {
        why = sv_job_why(up->job);

        if (why) {
            up->why = *why;
        }
    }
}


static void
ngx_http_smtp_verify_jobs_upload_worked(ngx_event_t *ev)
{
    ngx_http_smtp_verify_jobs_upload_t  *up;

    up = ev->data;

    up->call->busy = 0;

    if (up->removing) {
        up->done(up);
        return;
    }

    if (up->call->hj == NULL) {
        ngx_http_smtp_verify_jobs_upload_gone(up->call);
        return;
    }

    if (!ngx_http_smtp_verify_jobs_is_here(up->call->hj)) {
        return;
    }

    if (up->status == SV_JOBS_OK) {
        up->done(up);
        return;
    }

    ngx_http_smtp_verify_jobs_continue(up->call->hj,
                              ngx_http_smtp_verify_jobs_problem(up->call->hj,
                                                                up->status,
                                                                &up->why));
}


ngx_int_t
ngx_http_smtp_verify_jobs_upload_write(ngx_http_smtp_verify_jobs_upload_t *up)
{
    return ngx_http_smtp_verify_jobs_upload_thread(up,
                                          ngx_http_smtp_verify_jobs_write,
                                          ngx_http_smtp_verify_jobs_written);
}


static sv_jobs_e
ngx_http_smtp_verify_jobs_write(ngx_http_smtp_verify_jobs_upload_t *up)
{
    return sv_job_input_write(up->in);
}


static void
ngx_http_smtp_verify_jobs_written(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_http_smtp_verify_jobs_read_on(up);
}


/* The body was read to its end. */

ngx_int_t
ngx_http_smtp_verify_jobs_upload_end(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_http_request_t                *r;
    ngx_http_smtp_verify_jobs_ctx_t   *hj;
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = up->call;
    hj = call->hj;
    r = hj->request;

    if (up->md && EVP_DigestFinal_ex(up->md, up->hash, NULL) != 1) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (!up->known) {
        return ngx_http_smtp_verify_jobs_upload_thread(up,
                                          ngx_http_smtp_verify_jobs_finish,
                                          ngx_http_smtp_verify_jobs_finished);
    }

    if (ngx_memcmp(up->hash, up->first, sizeof(up->hash)) != 0) {
        return ngx_http_smtp_verify_problem(r, 422, "key_reused",
                                            "The Idempotency-Key was used for "
                                            "another list, or for other "
                                            "parameters.");
    }

    return ngx_http_smtp_verify_jobs_upload_again(hj);
}


/* In a thread: the columns are needed to write results as CSV.  Their names
   are made unique among those there; in JSON they stay as they are. */

static sv_jobs_e
ngx_http_smtp_verify_jobs_finish(ngx_http_smtp_verify_jobs_upload_t *up)
{
    size_t     n, size;
    sv_str_t   columns;
    sv_jobs_e  status;

    status = SV_JOBS_OK;

    if (up->records.format == SV_RECORDS_CSV && up->records.ncolumns) {

        up->records.taken = up->taken;
        sv_records_number_columns(&up->records);

        size = 2 * up->line + SV_RECORDS_FIELDS_MAX * 32 + 64;
        columns.data = malloc(size);

        if (columns.data == NULL) {
            return SV_JOBS_NO_MEMORY;
        }

        n = sv_records_stored_put(&up->records, columns.data, size);
        columns.len = (n <= size) ? n : 0;

        if (columns.len) {
            status = sv_job_set(up->job, "columns", &columns);
        }

        free(columns.data);
    }

    if (status == SV_JOBS_OK) {
        status = sv_job_input_finish(up->in, &up->call->totals);
    }

    if (status == SV_JOBS_OK) {
        ngx_http_smtp_verify_jobs_upload_close(up);
    }

    return status;
}


static void
ngx_http_smtp_verify_jobs_finished(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_int_t                         rc;
    ngx_http_smtp_verify_jobs_ctx_t  *hj;

    hj = up->call->hj;

    up->call->job.records = up->records.next;
    up->call->job.bytes = up->received;

    rc = ngx_http_smtp_verify_jobs_call(hj, NULL,
                                        ngx_http_smtp_verify_jobs_add,
                                        ngx_http_smtp_verify_jobs_added);
    if (rc != NGX_AGAIN) {
        ngx_http_smtp_verify_jobs_continue(hj, rc);
    }
}


/* In a thread.  Other uploads of the client may have ended meanwhile. */

static void
ngx_http_smtp_verify_jobs_add(ngx_smtp_verify_jobs_task_t *task)
{
    uint64_t                             bytes;
    sv_catalog_usage_t                  *usage;
    ngx_http_smtp_verify_jobs_call_t    *call;
    ngx_http_smtp_verify_jobs_upload_t  *up;

    call = task->data;
    up = call->upload;
    usage = &call->usage;

    task->status = sv_catalog_usage(task->catalog, call->client, usage,
                                    &bytes);

    if (task->status != SV_JOBS_OK) {
        return;
    }

    /* the job itself was counted before */

    usage->jobs = 0;
    usage->bytes -= ngx_min(usage->bytes, up->announced);

    if (usage->records + call->job.records > call->max.records
        || usage->bytes + call->job.bytes > call->max.bytes)
    {
        return;
    }

    task->status = sv_catalog_added(task->catalog, &call->job,
                                    up->md ? up->hash : NULL);

    if (task->status == SV_JOBS_OK) {
        up->complete = 1;
    }
}


static ngx_int_t
ngx_http_smtp_verify_jobs_added(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = hj->call;

    if (call->task.status != SV_JOBS_OK) {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    if (!call->upload->complete) {
        return ngx_http_smtp_verify_jobs_room(hj, &call->usage,
                                              call->job.records,
                                              call->job.bytes);
    }

    ngx_smtp_verify_count(JOBS_ACCEPTED);
    ngx_smtp_verify_count_more(JOB_RECORDS, call->job.records);

    ngx_smtp_verify_jobs_notify(call->jobs, (u_char *) call->job.id);

    return ngx_http_smtp_verify_jobs_accepted(hj);
}


/* The same request once more: the first answer, with what has become of the job
   since. */

static ngx_int_t
ngx_http_smtp_verify_jobs_upload_again(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    return ngx_http_smtp_verify_jobs_call(hj, hj->call->job.id,
                                          ngx_http_smtp_verify_jobs_totals,
                                          ngx_http_smtp_verify_jobs_accepted);
}


static ngx_int_t
ngx_http_smtp_verify_jobs_accepted(ngx_http_smtp_verify_jobs_ctx_t *hj)
{
    ngx_str_t                          value;
    ngx_http_request_t                *r;
    ngx_http_smtp_verify_jobs_call_t  *call;

    r = hj->request;
    call = hj->call;

    if (call->task.status != SV_JOBS_OK) {
        return ngx_http_smtp_verify_jobs_refuse(hj);
    }

    value.len = hj->store->prefix.len + 1 + SV_JOBS_ID_LEN;
    value.data = ngx_pnalloc(r->pool, value.len);

    if (value.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_sprintf(value.data, "%V/%s", &hj->store->prefix, call->job.id);

    if (ngx_http_smtp_verify_header(r, "Location", &value) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_jobs_send(hj, NGX_HTTP_ACCEPTED);
}


/* The request has ended, and no thread uses the upload any more.  Of a list
   that is not complete nothing stays. */

void
ngx_http_smtp_verify_jobs_upload_gone(ngx_http_smtp_verify_jobs_call_t *call)
{
    ngx_http_smtp_verify_jobs_upload_t  *up;

    up = call->upload;

    if (!up->removing && up->made && !up->complete) {
        up->removing = 1;

        if (ngx_http_smtp_verify_jobs_upload_thread(up,
                                       ngx_http_smtp_verify_jobs_upload_purge,
                                       ngx_http_smtp_verify_jobs_upload_free)
            == NGX_AGAIN)
        {
            return;
        }

        /* what is left is purged with uploads that nobody continues: for this
           it stays in the catalogue */

        up->status = SV_JOBS_FAILED;
    }

    ngx_http_smtp_verify_jobs_upload_free(up);
}


static void
ngx_http_smtp_verify_jobs_upload_close(ngx_http_smtp_verify_jobs_upload_t *up)
{
    if (up->in) {
        sv_job_input_free(up->in);
        up->in = NULL;
    }

    if (up->job) {
        sv_job_close(up->job);
        up->job = NULL;
    }
}


static sv_jobs_e
ngx_http_smtp_verify_jobs_upload_purge(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_http_smtp_verify_jobs_upload_close(up);

    return sv_job_purge(&up->call->jobs->conf, up->call->job.id, &up->why);
}


/* in a thread, after the purge */

static void
ngx_http_smtp_verify_jobs_remove(ngx_smtp_verify_jobs_task_t *task)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = task->data;

    task->status = sv_catalog_remove(task->catalog, call->job.id);
}


static void
ngx_http_smtp_verify_jobs_upload_free(ngx_http_smtp_verify_jobs_upload_t *up)
{
    ngx_http_smtp_verify_jobs_call_t  *call;

    call = up->call;

    if (up->removing && up->status == SV_JOBS_OK) {
        up->status = SV_JOBS_DONE;

        ngx_memzero(call->task.id, sizeof(call->task.id));
        call->task.run = ngx_http_smtp_verify_jobs_remove;

        if (ngx_smtp_verify_jobs_post(call->jobs, &call->task) == NGX_OK) {
            call->busy = 1;
            return;
        }
    }

    ngx_http_smtp_verify_jobs_upload_close(up);
    ngx_http_smtp_verify_jobs_uploads_remove(up);

    if (up->md) {
        EVP_MD_CTX_free(up->md);
    }

    call->upload = NULL;
    ngx_http_smtp_verify_jobs_call_free(call);

    ngx_destroy_pool(up->pool);
}
