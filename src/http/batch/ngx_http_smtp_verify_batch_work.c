
#include "ngx_http_smtp_verify_batch.h"
#include "ngx_http_smtp_verify_rdap.h"


#define NGX_HTTP_SMTP_VERIFY_ITEM_POOL  1024


static ngx_int_t ngx_http_smtp_verify_work_next(
    ngx_http_smtp_verify_batch_t *b);
static ngx_int_t ngx_http_smtp_verify_work_read(
    ngx_http_smtp_verify_batch_t *b);
static void ngx_http_smtp_verify_work_record(ngx_http_smtp_verify_batch_t *b);
static void ngx_http_smtp_verify_work_address(ngx_http_smtp_verify_batch_t *b,
    ngx_str_t *input);
static void ngx_http_smtp_verify_work_start(ngx_http_smtp_verify_item_t *item);
static void ngx_http_smtp_verify_work_done(ngx_smtp_verify_lookup_t *l);
static void ngx_http_smtp_verify_work_answer(
    ngx_http_smtp_verify_item_t *item, ngx_smtp_verify_result_t *result);
static void ngx_http_smtp_verify_work_told(ngx_http_smtp_verify_item_t *item,
    ngx_smtp_verify_result_t *result);
static void ngx_http_smtp_verify_work_back(ngx_http_smtp_verify_item_t *item);
static void ngx_http_smtp_verify_work_free(ngx_http_smtp_verify_item_t *item);
static void ngx_http_smtp_verify_work_unfollow(
    ngx_http_smtp_verify_batch_t *b, sv_reason_e reason);


/*
 * NGX_AGAIN: there is more to do, after others had their turn; else whatever
 * happens next will say so.
 */

ngx_int_t
ngx_http_smtp_verify_batch_work(ngx_http_smtp_verify_batch_t *b)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    for (n = 0; n < NGX_HTTP_SMTP_VERIFY_BATCH_TURN; n++) {

        rc = ngx_http_smtp_verify_work_next(b);

        if (rc == NGX_OK) {
            continue;
        }

        if (rc == NGX_DONE && b->active == 0 && b->held == 0) {
            b->done = 1;
        }

        return NGX_OK;
    }

    return NGX_AGAIN;
}


/* NGX_OK: a step; NGX_AGAIN: not now; NGX_DONE: nothing is left to begin */

static ngx_int_t
ngx_http_smtp_verify_work_next(ngx_http_smtp_verify_batch_t *b)
{
    ngx_int_t                     rc;
    ngx_http_smtp_verify_item_t  *item;

    if (!b->hurry && ngx_http_smtp_verify_batch_blocked(b)) {
        return NGX_AGAIN;
    }

    if (!b->stopped) {

        if (b->full || b->active >= b->limits->probes) {
            return NGX_AGAIN;
        }

        item = ngx_http_smtp_verify_domain_next(b);

        if (item) {
            ngx_http_smtp_verify_work_start(item);
            return NGX_OK;
        }

        if (b->held >= b->limits->window) {
            return NGX_AGAIN;
        }
    }

    if (!b->parsed) {

        if (b->ordered && b->records.next - b->emit >= b->limits->window) {
            return NGX_AGAIN;
        }

        if (ngx_http_smtp_verify_work_read(b) == NGX_OK) {
            return NGX_OK;
        }
    }

    rc = ngx_http_smtp_verify_again_next(b);

    return (rc == NGX_DONE && !b->parsed) ? NGX_AGAIN : rc;
}


/* as above; of a body that was cut short the last piece is no record */

static ngx_int_t
ngx_http_smtp_verify_work_read(ngx_http_smtp_verify_batch_t *b)
{
    ngx_int_t              rc;
    ngx_uint_t             eof;
    const u_char          *p;
    sv_records_status_e    status;

    eof = 0;

    for ( ;; ) {
        p = b->body.pos;

        status = sv_records_next(&b->records, &p, b->body.last, eof);

        b->body.pos = (u_char *) p;

        if (status == SV_RECORDS_OK) {
            ngx_http_smtp_verify_work_record(b);
            return NGX_OK;
        }

        if (status == SV_RECORDS_BROKEN) {
            ngx_http_smtp_verify_batch_error(b, NGX_HTTP_BAD_REQUEST,
                                             "malformed_request",
                                             b->records.error);
            break;
        }

        if (status == SV_RECORDS_DONE) {
            break;
        }

        rc = ngx_http_smtp_verify_spool_fill(&b->body);

        if (rc == NGX_OK) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_http_smtp_verify_batch_error(b, NGX_HTTP_INTERNAL_SERVER_ERROR,
                                             "internal_error",
                                             "The body could not be kept.");
            break;
        }

        if (b->reading) {
            return NGX_AGAIN;
        }

        if (b->error) {
            break;
        }

        eof = 1;
    }

    b->parsed = 1;

    if (b->error && b->resume > b->records.next) {
        b->resume = b->records.next;
        b->resume_offset = b->records.start;
    }

    return NGX_DONE;
}


static void
ngx_http_smtp_verify_work_record(ngx_http_smtp_verify_batch_t *b)
{
    size_t        size;
    ngx_str_t     input;
    sv_record_t  *rec;

    rec = &b->records.rec;

    if (rec->index >= b->limits->lines) {
        ngx_http_smtp_verify_batch_error(b, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                         "too_many_lines",
                                         "The list is longer than "
                                         "smtp_verify_batch_lines allows.");
        b->parsed = 1;
        b->records.next--;
        b->resume = rec->index;
        b->resume_offset = rec->offset;
        return;
    }

    if (rec->error) {
        ngx_http_smtp_verify_line_error(b, rec->index, rec->error,
                                        rec->detail);
        return;
    }

    size = 4 * b->limits->line;

    input.data = b->input;
    input.len = b->csv ? sv_records_input_csv(&b->records, b->input, size)
                       : sv_records_input_json(&b->records, b->input, size);

    if (input.len > size) {
        ngx_http_smtp_verify_line_error(b, rec->index, "line_too_long",
                                        "What came with the address is too "
                                        "long to be repeated.");
        return;
    }

    ngx_http_smtp_verify_work_address(b, &input);
}


/* nothing is copied where it can be answered at once */

static void
ngx_http_smtp_verify_work_address(ngx_http_smtp_verify_batch_t *b,
    ngx_str_t *input)
{
    ngx_str_t                     email;
    sv_record_t                  *rec;
    ngx_smtp_verify_result_t     *result;
    ngx_smtp_verify_question_t    q;
    ngx_http_smtp_verify_item_t  *item, *first;

    rec = &b->records.rec;

    email.data = rec->email.data;
    email.len = rec->email.len;

    first = NULL;

    if (ngx_http_smtp_verify_seen_find(b, &email, &result, &first) == NGX_OK) {
        b->duplicates++;
        ngx_http_smtp_verify_line_result(b, rec->index, rec->offset, input,
                                         result);
        return;
    }

    ngx_smtp_verify_question_init(&q, &b->asker, &email);

    if (first == NULL && ngx_smtp_verify_lookup(&q.lookup) == NGX_OK) {
        ngx_http_smtp_verify_line_result(b, rec->index, rec->offset, input,
                                         q.lookup.result);
        return;
    }

    item = ngx_http_smtp_verify_batch_item(b, &email, input);

    if (item == NULL) {
        ngx_http_smtp_verify_line_error(b, rec->index, "internal_error",
                                        "There is no memory.");
        return;
    }

    item->index = rec->index;
    item->offset = rec->offset;

    if (first) {
        b->duplicates++;
        b->held++;
        item->follows = 1;
        ngx_queue_insert_tail(&first->followers, &item->queue);
        return;
    }

    ngx_http_smtp_verify_seen_add(item);

    item->question = q;
    item->question.lookup.email = item->email;

    ngx_http_smtp_verify_batch_dispatch(item);
}


ngx_http_smtp_verify_item_t *
ngx_http_smtp_verify_batch_item(ngx_http_smtp_verify_batch_t *b,
    ngx_str_t *email, ngx_str_t *input)
{
    ngx_pool_t                   *pool;
    ngx_http_smtp_verify_item_t  *item;

    pool = ngx_create_pool(NGX_HTTP_SMTP_VERIFY_ITEM_POOL,
                           b->request->connection->log);
    if (pool == NULL) {
        return NULL;
    }

    item = ngx_pcalloc(pool, sizeof(ngx_http_smtp_verify_item_t));
    if (item == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    item->pool = pool;
    item->batch = b;

    item->email.data = ngx_pnalloc(pool, email->len + input->len + 1);

    if (item->email.data == NULL
        || (item->input.data = ngx_cpymem(item->email.data, email->data,
                                          email->len)) == NULL)
    {
        ngx_destroy_pool(pool);
        return NULL;
    }

    item->email.len = email->len;

    ngx_memcpy(item->input.data, input->data, input->len);
    item->input.len = input->len;

    if (ngx_http_smtp_verify_domain_add(item) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ngx_queue_init(&item->followers);
    ngx_queue_insert_tail(&b->items, &item->all);

    return item;
}


void
ngx_http_smtp_verify_batch_dispatch(ngx_http_smtp_verify_item_t *item)
{
    ngx_smtp_verify_lookup_t  *l;

    l = &item->question.lookup;

    if (l->conf == NULL) {
        ngx_smtp_verify_question_init(&item->question, &item->batch->asker,
                                      &item->email);

        if (ngx_smtp_verify_lookup(l) == NGX_OK) {
            ngx_http_smtp_verify_work_answer(item, l->result);
            return;
        }
    }

    if (ngx_http_smtp_verify_domain_free(item)) {
        ngx_http_smtp_verify_work_start(item);
        return;
    }

    ngx_http_smtp_verify_domain_hold(item, 0);
}


static void
ngx_http_smtp_verify_work_start(ngx_http_smtp_verify_item_t *item)
{
    ngx_smtp_verify_lookup_t      *l;
    ngx_http_smtp_verify_batch_t  *b;

    b = item->batch;
    l = &item->question.lookup;

    l->handler = ngx_http_smtp_verify_work_done;
    l->data = item;

    ngx_http_smtp_verify_rdap_start(b->request, &item->email);

    /* one that is asked again has paid already */

    item->question.paid = item->tries;

    switch (ngx_smtp_verify_question_start(&item->question, &b->asker)) {

    case NGX_OK:
        ngx_http_smtp_verify_work_answer(item, l->result);
        return;

    case NGX_AGAIN:
        ngx_http_smtp_verify_domain_start(item);
        return;

    case NGX_BUSY:
        b->full = 1;
        ngx_http_smtp_verify_domain_hold(item, 1);
        return;

    case NGX_DECLINED:
        b->full = 1;
        ngx_http_smtp_verify_domain_hold(item, 1);
        ngx_http_smtp_verify_batch_error(b, NGX_HTTP_TOO_MANY_REQUESTS,
                                         "quota_exceeded",
                                         "The addresses of today are used "
                                         "up.");
        ngx_http_smtp_verify_batch_stop(b, SV_THROTTLED);
        return;

    default: /* NGX_ERROR */
        ngx_http_smtp_verify_work_answer(item, NULL);
    }
}


/* only noted: this may be called from within whatever */

static void
ngx_http_smtp_verify_work_done(ngx_smtp_verify_lookup_t *l)
{
    ngx_http_smtp_verify_item_t   *item;
    ngx_http_smtp_verify_batch_t  *b;

    item = l->data;
    b = item->batch;

    ngx_http_smtp_verify_domain_end(item);

    if (l->result && l->result->displaced && !b->stopped && !ngx_exiting) {
        ngx_http_smtp_verify_work_back(item);
        return;
    }

    b->full = 0;

    ngx_http_smtp_verify_work_answer(item, l->result);

    ngx_http_smtp_verify_batch_wake(b);
}


/* another client needed its place: it begins anew when there is one again */

static void
ngx_http_smtp_verify_work_back(ngx_http_smtp_verify_item_t *item)
{
    item->batch->full = 1;

    ngx_smtp_verify_question_withdraw(&item->question);
    ngx_http_smtp_verify_domain_hold(item, 1);
}


static void
ngx_http_smtp_verify_work_answer(ngx_http_smtp_verify_item_t *item,
    ngx_smtp_verify_result_t *result)
{
    ngx_queue_t                   *q;
    ngx_http_smtp_verify_item_t   *follower;
    ngx_http_smtp_verify_batch_t  *b;

    b = item->batch;

    while (!ngx_queue_empty(&item->followers)) {

        q = ngx_queue_head(&item->followers);
        follower = ngx_queue_data(q, ngx_http_smtp_verify_item_t, queue);

        ngx_queue_remove(q);
        b->held--;
        follower->follows = 0;

        ngx_http_smtp_verify_work_told(follower, result);
        ngx_http_smtp_verify_work_free(follower);
    }

    ngx_http_smtp_verify_work_told(item, result);
    ngx_http_smtp_verify_work_free(item);
}


static void
ngx_http_smtp_verify_work_told(ngx_http_smtp_verify_item_t *item,
    ngx_smtp_verify_result_t *result)
{
    ngx_http_smtp_verify_batch_t  *b;

    b = item->batch;

    if (result == NULL) {
        ngx_http_smtp_verify_line_error(b, item->index, "internal_error",
                                        "There is no memory.");
        return;
    }

    result->email = item->email;

    if (ngx_http_smtp_verify_again_add(item, result) == NGX_OK) {
        return;
    }

    ngx_http_smtp_verify_seen_keep(item, result);

    ngx_http_smtp_verify_line_result(b, item->index, item->offset,
                                     &item->input, result);
}


static void
ngx_http_smtp_verify_work_free(ngx_http_smtp_verify_item_t *item)
{
    ngx_smtp_verify_question_end(&item->question);

    ngx_http_smtp_verify_seen_drop(item);
    ngx_http_smtp_verify_domain_leave(item);

    ngx_queue_remove(&item->all);
    ngx_destroy_pool(item->pool);
}


/* nothing more is asked; why, those are told that have not begun */

void
ngx_http_smtp_verify_batch_stop(ngx_http_smtp_verify_batch_t *b,
    sv_reason_e reason)
{
    ngx_queue_t                  *q;
    ngx_http_smtp_verify_item_t  *item;

    b->stopped = 1;
    b->hurry = (reason == SV_INTERRUPTED);

    if (!b->parsed) {
        b->parsed = 1;

        if (b->resume > b->records.next) {
            b->resume = b->records.next;
            b->resume_offset = b->records.start;
        }
    }

    ngx_http_smtp_verify_work_unfollow(b, reason);

    q = ngx_queue_head(&b->items);

    while (q != ngx_queue_sentinel(&b->items)) {

        item = ngx_queue_data(q, ngx_http_smtp_verify_item_t, all);
        q = ngx_queue_next(q);

        if (item->follows || (item->active && reason != SV_INTERRUPTED)) {
            continue;
        }

        if (item->active) {
            ngx_http_smtp_verify_domain_end(item);
        }

        if (item->held) {
            ngx_http_smtp_verify_domain_take(item);
        }

        ngx_http_smtp_verify_line_reason(b, item, reason);
        ngx_http_smtp_verify_work_free(item);
    }
}


/* of those that are to be stopped: each is on its own then */

static void
ngx_http_smtp_verify_work_unfollow(ngx_http_smtp_verify_batch_t *b,
    sv_reason_e reason)
{
    ngx_queue_t                  *q, *qf, *next;
    ngx_http_smtp_verify_item_t  *item, *follower;

    for (q = ngx_queue_head(&b->items);
         q != ngx_queue_sentinel(&b->items);
         q = ngx_queue_next(q))
    {
        item = ngx_queue_data(q, ngx_http_smtp_verify_item_t, all);

        if (item->active && reason != SV_INTERRUPTED) {
            continue;
        }

        for (qf = ngx_queue_head(&item->followers);
             qf != ngx_queue_sentinel(&item->followers);
             qf = next)
        {
            next = ngx_queue_next(qf);
            follower = ngx_queue_data(qf, ngx_http_smtp_verify_item_t, queue);

            follower->follows = 0;
            b->held--;
        }

        ngx_queue_init(&item->followers);
    }
}


/* the end, with or without an answer; what links them goes with them */

void
ngx_http_smtp_verify_batch_cancel(ngx_http_smtp_verify_batch_t *b)
{
    ngx_queue_t                  *q;
    ngx_http_smtp_verify_item_t  *item;

    while (!ngx_queue_empty(&b->items)) {

        q = ngx_queue_head(&b->items);
        item = ngx_queue_data(q, ngx_http_smtp_verify_item_t, all);

        ngx_http_smtp_verify_work_free(item);
    }
}
