
#include "ngx_http_smtp_verify_jobs_upload.h"
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_wipe.h"


#define NGX_HTTP_SMTP_VERIFY_UPLOAD_HOLD  10000     /* ms */


static ngx_int_t ngx_http_smtp_verify_jobs_upload_thread(
    ngx_http_smtp_verify_jobs_upload_t *up,
    sv_jobs_e (*run)(ngx_http_smtp_verify_jobs_upload_t *up),
    void (*done)(ngx_http_smtp_verify_jobs_upload_t *up));
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
static void ngx_http_smtp_verify_jobs_upload_free(
    ngx_http_smtp_verify_jobs_upload_t *up);


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

        /* a worker that shuts down waits for timers, not for threads */

        ngx_add_timer(&up->thread.event, NGX_HTTP_SMTP_VERIFY_UPLOAD_HOLD);

        return NGX_AGAIN;
    }

#endif

    return NGX_HTTP_SERVICE_UNAVAILABLE;
}


void
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

    sv_wipe_stack();
}


void
ngx_http_smtp_verify_jobs_upload_worked(ngx_event_t *ev)
{
    ngx_http_smtp_verify_jobs_upload_t  *up;

    up = ev->data;

    if (ev->timedout) {
        ev->timedout = 0;
        ngx_add_timer(ev, NGX_HTTP_SMTP_VERIFY_UPLOAD_HOLD);
        return;
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }

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

        sv_wipe_free(columns.data);
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
    sv_catalog_limit_t                  *limit;
    ngx_http_smtp_verify_jobs_call_t    *call;
    ngx_http_smtp_verify_jobs_upload_t  *up;

    call = task->data;
    up = call->upload;
    limit = &up->limit;

    /* what was announced is in the catalogue already */

    limit->counted.jobs = 1;
    limit->counted.bytes = up->announced;
    limit->more.jobs = 1;
    limit->more.records = call->job.records;
    limit->more.bytes = call->job.bytes;

    task->status = sv_catalog_added(task->catalog, &call->job,
                                    up->md ? up->hash : NULL, limit);
    call->usage = limit->usage;

    if (task->status == SV_JOBS_OK && !limit->over) {
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

    if (up->held != -1) {
        (void) close(up->held);

        /* if something is left of it the keeper purges that */

        if (up->made && !up->complete) {
            ngx_smtp_verify_jobs_notify(call->jobs, (u_char *) call->job.id);
        }
    }

    if (up->md) {
        EVP_MD_CTX_free(up->md);
    }

    call->upload = NULL;
    ngx_http_smtp_verify_jobs_call_free(call);

    ngx_smtp_verify_wipe_pool(up->pool);
}
