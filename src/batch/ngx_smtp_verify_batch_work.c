
#include "ngx_smtp_verify_batch.h"
#include "ngx_smtp_verify_wipe.h"


#define NGX_SMTP_VERIFY_BATCH_ITEM_POOL  1024
#define NGX_SMTP_VERIFY_BATCH_TURN       128    /* records in one turn */


static ngx_int_t ngx_smtp_verify_batch_work_next(ngx_smtp_verify_batch_t *b);
static ngx_int_t ngx_smtp_verify_batch_work_read(ngx_smtp_verify_batch_t *b);
static void ngx_smtp_verify_batch_work_question(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_question_t *q, ngx_smtp_verify_batch_record_t *rec);
static void ngx_smtp_verify_batch_work_record(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec);
static void ngx_smtp_verify_batch_work_start(
    ngx_smtp_verify_batch_item_t *item);
static void ngx_smtp_verify_batch_work_done(ngx_smtp_verify_lookup_t *l);
static void ngx_smtp_verify_batch_work_answer(
    ngx_smtp_verify_batch_item_t *item, ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_batch_work_told(
    ngx_smtp_verify_batch_item_t *item, ngx_smtp_verify_result_t *result);
static void ngx_smtp_verify_batch_work_back(
    ngx_smtp_verify_batch_item_t *item);
static void ngx_smtp_verify_batch_work_free(
    ngx_smtp_verify_batch_item_t *item);
static void ngx_smtp_verify_batch_work_unfollow(ngx_smtp_verify_batch_t *b,
    sv_reason_e reason);


ngx_int_t
ngx_smtp_verify_batch_work(ngx_smtp_verify_batch_t *b)
{
    ngx_int_t   rc;
    ngx_uint_t  n;

    for  (n = 0; n < NGX_SMTP_VERIFY_BATCH_TURN; n++) {

        rc = ngx_smtp_verify_batch_work_next(b);

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


/* Begins one record.  NGX_AGAIN: none can begin now; NGX_DONE: none is left. */

static ngx_int_t
ngx_smtp_verify_batch_work_next(ngx_smtp_verify_batch_t *b)
{
    ngx_int_t                      rc;
    ngx_smtp_verify_batch_item_t  *item;

    if (!b->hurry && b->sink->blocked(b)) {
        return NGX_AGAIN;
    }

    if (!b->stopped) {

        if (b->full || b->active >= b->limits.probes) {
            return NGX_AGAIN;
        }

        item = ngx_smtp_verify_batch_domain_next(b);

        if (item) {
            ngx_smtp_verify_batch_work_start(item);
            return NGX_OK;
        }

        if (b->held >= b->limits.window) {
            return NGX_AGAIN;
        }
    }

    if (!b->parsed) {

        if (b->ordered && b->next.index - b->emit >= b->limits.window) {
            return NGX_AGAIN;
        }

        if (ngx_smtp_verify_batch_work_read(b) == NGX_OK) {
            return NGX_OK;
        }
    }

    rc = ngx_smtp_verify_batch_again_next(b);

    return (rc == NGX_DONE && !b->parsed) ? NGX_AGAIN : rc;
}


/* Reads one record and begins it; returns as the function above. */

static ngx_int_t
ngx_smtp_verify_batch_work_read(ngx_smtp_verify_batch_t *b)
{
    ngx_int_t                       rc;
    ngx_smtp_verify_batch_record_t  rec;

    ngx_memzero(&rec, sizeof(ngx_smtp_verify_batch_record_t));

    rc = b->source(b, &rec);

    switch (rc) {

    case NGX_OK:
        ngx_smtp_verify_batch_work_record(b, &rec);
        return NGX_OK;

    case NGX_DECLINED:
        return NGX_OK;

    case NGX_DONE:

        if (b->error) {
            ngx_smtp_verify_batch_resume(b, &b->next);
        }

        b->parsed = 1;

        /* fall through */

    default: /* NGX_AGAIN */
        return rc;
    }
}


/* The record is copied only if it cannot be answered at once. */

static void
ngx_smtp_verify_batch_work_record(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec)
{
    ngx_smtp_verify_result_t      *result;
    ngx_smtp_verify_question_t     q;
    ngx_smtp_verify_batch_item_t  *item, *first;

    if (rec->error) {
        ngx_smtp_verify_batch_wrong(b, rec->place.index, rec->error,
                                    rec->detail);
        return;
    }

    first = NULL;

    if (!b->unique
        && ngx_smtp_verify_batch_seen_find(b, &rec->email, &result, &first)
           == NGX_OK)
    {
        b->duplicates++;
        ngx_smtp_verify_batch_result(b, rec, result);
        return;
    }

    ngx_smtp_verify_batch_work_question(b, &q, rec);

    if (first == NULL && ngx_smtp_verify_lookup(&q.lookup) == NGX_OK) {
        ngx_smtp_verify_batch_result(b, rec, q.lookup.result);
        return;
    }

    item = ngx_smtp_verify_batch_item(b, rec);

    if (item == NULL) {
        ngx_smtp_verify_batch_wrong(b, rec->place.index, "internal_error",
                                    "There is no memory.");
        return;
    }

    if (first) {
        b->duplicates++;
        b->held++;
        item->follows = 1;
        ngx_queue_insert_tail(&first->followers, &item->queue);
        return;
    }

    if (!b->unique) {
        ngx_smtp_verify_batch_seen_add(item);
    }

    item->question = q;
    item->question.lookup.email = item->rec.email;

    ngx_smtp_verify_batch_dispatch(item);
}


static void
ngx_smtp_verify_batch_work_question(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_question_t *q, ngx_smtp_verify_batch_record_t *rec)
{
    ngx_smtp_verify_question_init(q, &b->asker, &rec->email);

    if (rec->canary) {
        q->lookup.bypass = 1;
        q->lookup.canary = 1;
    }
}


ngx_smtp_verify_batch_item_t *
ngx_smtp_verify_batch_item(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec)
{
    u_char                        *p;
    ngx_pool_t                    *pool;
    ngx_smtp_verify_batch_item_t  *item;

    pool = ngx_create_pool(NGX_SMTP_VERIFY_BATCH_ITEM_POOL, b->log);
    if (pool == NULL) {
        return NULL;
    }

    item = ngx_pcalloc(pool, sizeof(ngx_smtp_verify_batch_item_t));
    if (item == NULL) {
        goto failed;
    }

    item->pool = pool;
    item->batch = b;
    item->rec = *rec;
    item->tries = rec->tries;

    p = ngx_pnalloc(pool, rec->email.len + rec->input.len + 1);
    if (p == NULL) {
        goto failed;
    }

    item->rec.email.data = p;
    item->rec.input.data = ngx_cpymem(p, rec->email.data, rec->email.len);

    if (rec->input.len) {
        ngx_memcpy(item->rec.input.data, rec->input.data, rec->input.len);
    }

    if (ngx_smtp_verify_batch_domain_add(item) != NGX_OK) {
        goto failed;
    }

    ngx_queue_init(&item->followers);
    ngx_queue_insert_tail(&b->items, &item->all);

    return item;

failed:

    ngx_smtp_verify_wipe_pool(pool);

    return NULL;
}


void
ngx_smtp_verify_batch_dispatch(ngx_smtp_verify_batch_item_t *item)
{
    ngx_smtp_verify_lookup_t  *l;

    l = &item->question.lookup;

    if (l->conf == NULL) {
        ngx_smtp_verify_batch_work_question(item->batch, &item->question,
                                            &item->rec);

        if (ngx_smtp_verify_lookup(l) == NGX_OK) {
            ngx_smtp_verify_batch_work_answer(item, l->result);
            return;
        }
    }

    if (ngx_smtp_verify_batch_domain_free(item)) {
        ngx_smtp_verify_batch_work_start(item);
        return;
    }

    ngx_smtp_verify_batch_domain_hold(item, 0);
}


static void
ngx_smtp_verify_batch_work_start(ngx_smtp_verify_batch_item_t *item)
{
    ngx_smtp_verify_lookup_t  *l;
    ngx_smtp_verify_batch_t   *b;

    b = item->batch;
    l = &item->question.lookup;

    l->handler = ngx_smtp_verify_batch_work_done;
    l->data = item;

    if (b->asking) {
        b->asking(b, &item->rec.email);
    }

    /* a retry does not count against the quota: the first try did */

    item->question.paid = item->tries || item->rec.canary;

    switch (ngx_smtp_verify_question_start(&item->question, &b->asker)) {

    case NGX_OK:
        ngx_smtp_verify_batch_work_answer(item, l->result);
        return;

    case NGX_AGAIN:
        ngx_smtp_verify_batch_domain_start(item);
        return;

    case NGX_BUSY:
        b->full = 1;
        ngx_smtp_verify_batch_domain_hold(item, 1);
        return;

    case NGX_DECLINED:
        b->full = 1;
        ngx_smtp_verify_batch_domain_hold(item, 1);
        ngx_smtp_verify_batch_error(b, "quota_exceeded",
                                    "The quota of today is used up.");
        ngx_smtp_verify_batch_stop(b, SV_REASON_NONE);
        return;

    default: /* NGX_ERROR */
        ngx_smtp_verify_batch_work_answer(item, NULL);
    }
}


/* It only posts an event: functions of this batch may be on the stack. */

static void
ngx_smtp_verify_batch_work_done(ngx_smtp_verify_lookup_t *l)
{
    ngx_smtp_verify_batch_item_t  *item;
    ngx_smtp_verify_batch_t       *b;

    item = l->data;
    b = item->batch;

    ngx_smtp_verify_batch_domain_end(item);

    if (l->result && l->result->displaced && !b->stopped && !ngx_exiting) {
        ngx_smtp_verify_batch_work_back(item);
        return;
    }

    b->full = 0;

    ngx_smtp_verify_batch_work_answer(item, l->result);

    ngx_smtp_verify_batch_wake(b);
}


/* Another client needed the place of this probe: the record begins anew as
   soon as there is a place. */

static void
ngx_smtp_verify_batch_work_back(ngx_smtp_verify_batch_item_t *item)
{
    item->batch->full = 1;

    ngx_smtp_verify_question_withdraw(&item->question);
    ngx_smtp_verify_batch_domain_hold(item, 1);
}


static void
ngx_smtp_verify_batch_work_answer(ngx_smtp_verify_batch_item_t *item,
    ngx_smtp_verify_result_t *result)
{
    ngx_queue_t                   *q;
    ngx_smtp_verify_batch_item_t  *follower;
    ngx_smtp_verify_batch_t       *b;

    b = item->batch;

    while (!ngx_queue_empty(&item->followers)) {

        q = ngx_queue_head(&item->followers);
        follower = ngx_queue_data(q, ngx_smtp_verify_batch_item_t, queue);

        ngx_queue_remove(q);
        b->held--;
        follower->follows = 0;

        ngx_smtp_verify_batch_work_told(follower, result);
        ngx_smtp_verify_batch_work_free(follower);
    }

    ngx_smtp_verify_batch_work_told(item, result);
    ngx_smtp_verify_batch_work_free(item);
}


static void
ngx_smtp_verify_batch_work_told(ngx_smtp_verify_batch_item_t *item,
    ngx_smtp_verify_result_t *result)
{
    ngx_smtp_verify_batch_t  *b;

    b = item->batch;

    if (result == NULL) {
        ngx_smtp_verify_batch_wrong(b, item->rec.place.index, "internal_error",
                                    "There is no memory.");
        return;
    }

    result->email = item->rec.email;

    if (ngx_smtp_verify_batch_again_add(item, result) == NGX_OK) {
        return;
    }

    ngx_smtp_verify_batch_seen_keep(item, result);

    ngx_smtp_verify_batch_result(b, &item->rec, result);
}


static void
ngx_smtp_verify_batch_work_free(ngx_smtp_verify_batch_item_t *item)
{
    ngx_smtp_verify_question_end(&item->question);

    ngx_smtp_verify_batch_seen_drop(item);
    ngx_smtp_verify_batch_domain_leave(item);

    ngx_queue_remove(&item->all);
    ngx_smtp_verify_wipe_pool(item->pool);
}


/* No record is begun any more; those that have not begun get this reason as
   their result. */

void
ngx_smtp_verify_batch_stop(ngx_smtp_verify_batch_t *b, sv_reason_e reason)
{
    ngx_queue_t                   *q;
    ngx_smtp_verify_batch_item_t  *item;

    b->stopped = 1;
    b->hurry = (reason == SV_INTERRUPTED);

    if (!b->parsed) {
        b->parsed = 1;

        ngx_smtp_verify_batch_resume(b, &b->next);
    }

    ngx_smtp_verify_batch_work_unfollow(b, reason);

    q = ngx_queue_head(&b->items);

    while (q != ngx_queue_sentinel(&b->items)) {

        item = ngx_queue_data(q, ngx_smtp_verify_batch_item_t, all);
        q = ngx_queue_next(q);

        if (item->follows || (item->active && reason != SV_INTERRUPTED)) {
            continue;
        }

        if (item->active) {
            ngx_smtp_verify_batch_domain_end(item);
        }

        if (item->held) {
            ngx_smtp_verify_batch_domain_take(item);
        }

        if (reason == SV_REASON_NONE) {
            ngx_smtp_verify_batch_resume(b, &item->rec.place);

        } else {
            ngx_smtp_verify_batch_reason(b, &item->rec, reason);
        }

        ngx_smtp_verify_batch_work_free(item);
    }
}


/* Duplicates of records that are still being verified get the reason, too. */

static void
ngx_smtp_verify_batch_work_unfollow(ngx_smtp_verify_batch_t *b,
    sv_reason_e reason)
{
    ngx_queue_t                   *q, *qf, *next;
    ngx_smtp_verify_batch_item_t  *item, *follower;

    for (q = ngx_queue_head(&b->items);
         q != ngx_queue_sentinel(&b->items);
         q = ngx_queue_next(q))
    {
        item = ngx_queue_data(q, ngx_smtp_verify_batch_item_t, all);

        if (item->active && reason != SV_INTERRUPTED) {
            continue;
        }

        for (qf = ngx_queue_head(&item->followers);
             qf != ngx_queue_sentinel(&item->followers);
             qf = next)
        {
            next = ngx_queue_next(qf);
            follower = ngx_queue_data(qf, ngx_smtp_verify_batch_item_t, queue);

            follower->follows = 0;
            b->held--;
        }

        ngx_queue_init(&item->followers);
    }
}


/* Ends all probes without a result. */

void
ngx_smtp_verify_batch_cancel(ngx_smtp_verify_batch_t *b)
{
    ngx_queue_t                   *q;
    ngx_smtp_verify_batch_item_t  *item;

    while (!ngx_queue_empty(&b->items)) {

        q = ngx_queue_head(&b->items);
        item = ngx_queue_data(q, ngx_smtp_verify_batch_item_t, all);

        ngx_smtp_verify_batch_work_free(item);
    }
}
