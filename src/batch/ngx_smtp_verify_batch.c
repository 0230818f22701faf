
#include "ngx_smtp_verify_batch.h"


#define NGX_SMTP_VERIFY_BATCH_TICK  100     /* ms */


static void ngx_smtp_verify_batch_tick(ngx_event_t *ev);
static void ngx_smtp_verify_batch_event(ngx_event_t *ev);


ngx_int_t
ngx_smtp_verify_batch_init(ngx_smtp_verify_batch_t *b)
{
    ngx_uint_t  i;

    b->start = ngx_current_msec;
    b->deadline = b->start + b->timeout;

    b->work.handler = ngx_smtp_verify_batch_event;
    b->work.data = b;
    b->work.log = b->log;

    /* this timer is not cancelable: a worker that shuts down waits until all
       results are written */

    b->tick.handler = ngx_smtp_verify_batch_tick;
    b->tick.data = b;
    b->tick.log = b->log;

    for (i = 0; i < 2; i++) {
        b->again[i].pool = b->pool;
        b->again[i].log = b->log;
        b->again[i].path = b->temp_path;
    }

    b->resume.index = NGX_SMTP_VERIFY_BATCH_NONE;

    ngx_queue_init(&b->items);
    ngx_queue_init(&b->ready);
    ngx_queue_init(&b->recent);

    for (i = 0; i < NGX_SMTP_VERIFY_BATCH_DOMAINS; i++) {
        ngx_queue_init(&b->domains[i]);
    }

    b->seen = ngx_palloc(b->pool,
                         NGX_SMTP_VERIFY_BATCH_SEEN * sizeof(ngx_queue_t));
    if (b->seen == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_SMTP_VERIFY_BATCH_SEEN; i++) {
        ngx_queue_init(&b->seen[i]);
    }

    if (b->ordered) {
        b->window = ngx_pcalloc(b->pool, b->limits.window * sizeof(ngx_str_t));
        if (b->window == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_smtp_verify_batch_start(ngx_smtp_verify_batch_t *b)
{
    ngx_add_timer(&b->tick, 1);
}


void
ngx_smtp_verify_batch_end(ngx_smtp_verify_batch_t *b)
{
    if (b->tick.timer_set) {
        ngx_del_timer(&b->tick);
    }

    if (b->work.posted) {
        ngx_delete_posted_event(&b->work);
    }
}


void
ngx_smtp_verify_batch_free(ngx_smtp_verify_batch_t *b)
{
    ngx_smtp_verify_batch_end(b);
    ngx_smtp_verify_batch_cancel(b);
    ngx_smtp_verify_batch_seen_free(b);
    ngx_smtp_verify_batch_order_free(b);
}


void
ngx_smtp_verify_batch_wake(ngx_smtp_verify_batch_t *b)
{
    ngx_post_event(&b->work, &ngx_posted_events);
}


static void
ngx_smtp_verify_batch_tick(ngx_event_t *ev)
{
    ngx_smtp_verify_batch_t  *b;

    b = ev->data;

    b->full = 0;

    ngx_add_timer(ev, NGX_SMTP_VERIFY_BATCH_TICK);

    ngx_smtp_verify_batch_wake(b);
}


static void
ngx_smtp_verify_batch_event(ngx_event_t *ev)
{
    ngx_smtp_verify_batch_t  *b;

    b = ev->data;

    b->handler(b);
}


void
ngx_smtp_verify_batch_run(ngx_smtp_verify_batch_t *b)
{
    if (b->stopped) {
        /* void */

    } else if (ngx_smtp_verify_exit_is_near()) {
        ngx_smtp_verify_batch_error(b, "interrupted",
                                    "The server is being stopped.");
        ngx_smtp_verify_batch_stop(b, SV_INTERRUPTED);

    } else if ((ngx_msec_int_t) (ngx_current_msec - b->deadline) >= 0) {
        ngx_smtp_verify_batch_error(b, "timeout",
                                    "The time of a list is over.");
        ngx_smtp_verify_batch_stop(b, SV_THROTTLED);
    }

    if (ngx_smtp_verify_batch_work(b) != NGX_OK) {
        ngx_post_event(&b->work, &ngx_posted_next_events);
    }
}


void
ngx_smtp_verify_batch_error(ngx_smtp_verify_batch_t *b, const char *error,
    const char *detail)
{
    if (b->error == NULL) {
        b->error = error;
        b->detail = detail;
    }
}


void
ngx_smtp_verify_batch_resume(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_place_t *place)
{
    if (b->resume.index > place->index) {
        b->resume = *place;
    }
}


void
ngx_smtp_verify_batch_result(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result)
{
    b->answered++;
    b->statuses[result->status]++;
    b->reasons[result->reason]++;

    if (result->reason == SV_INTERRUPTED) {
        ngx_smtp_verify_batch_resume(b, &rec->place);
    }

    b->sink->result(b, rec, result);
}


/* a record that was not verified, and not because of its address */

void
ngx_smtp_verify_batch_reason(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, sv_reason_e reason)
{
    const sv_reason_info_t    *info;
    ngx_smtp_verify_result_t   result;

    ngx_smtp_verify_result_init(&result);

    info = sv_reason_info(reason);

    result.email = rec->email;
    result.reason = reason;
    result.found = reason;
    result.status = info->status;
    result.blame = info->blame;
    result.estimated = 1;
    result.retry_after = info->retry_after;

    ngx_smtp_verify_batch_resume(b, &rec->place);
    ngx_smtp_verify_batch_result(b, rec, &result);
}


void
ngx_smtp_verify_batch_wrong(ngx_smtp_verify_batch_t *b, uint64_t index,
    const char *error, const char *detail)
{
    b->answered++;
    b->errors++;

    b->sink->error(b, index, error, detail);
}
