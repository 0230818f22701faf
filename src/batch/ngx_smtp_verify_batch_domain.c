
#include "ngx_smtp_verify_batch.h"


static void ngx_smtp_verify_batch_domain_ready(
    ngx_smtp_verify_batch_t *b, ngx_smtp_verify_batch_domain_t *d);


/*
 * Domains are told apart by a hash of what follows the "@".  If two domains
 * have the same hash they only share their turn.
 */

ngx_int_t
ngx_smtp_verify_batch_domain_add(ngx_smtp_verify_batch_item_t *item)
{
    size_t                           len;
    u_char                          *p, *last;
    uint32_t                         hash;
    ngx_queue_t                     *q, *bucket;
    ngx_smtp_verify_batch_t         *b;
    ngx_smtp_verify_batch_domain_t  *d;

    b = item->batch;

    last = item->rec.email.data + item->rec.email.len;

    for (p = last; p > item->rec.email.data && p[-1] != '@'; p--) { /* void */ }

    len = last - p;
    hash = 0;

    while (len--) {
        hash = hash * 31 + ngx_tolower(*p);
        p++;
    }

    hash ^= hash >> 15;

    bucket = &b->domains[hash % NGX_SMTP_VERIFY_BATCH_DOMAINS];

    for (q = ngx_queue_head(bucket); q != bucket; q = ngx_queue_next(q)) {
        d = ngx_queue_data(q, ngx_smtp_verify_batch_domain_t, queue);

        if (d->hash == hash) {
            d->items++;
            item->domain = d;
            return NGX_OK;
        }
    }

    d = ngx_calloc(sizeof(ngx_smtp_verify_batch_domain_t),
                   b->log);
    if (d == NULL) {
        return NGX_ERROR;
    }

    d->hash = hash;
    d->items = 1;

    ngx_queue_init(&d->held);
    ngx_queue_insert_tail(bucket, &d->queue);

    item->domain = d;

    return NGX_OK;
}


ngx_uint_t
ngx_smtp_verify_batch_domain_free(ngx_smtp_verify_batch_item_t *item)
{
    return item->domain->active < item->batch->limits.domain_probes
           && ngx_queue_empty(&item->domain->held);
}


void
ngx_smtp_verify_batch_domain_hold(ngx_smtp_verify_batch_item_t *item,
    ngx_uint_t first)
{
    ngx_smtp_verify_batch_domain_t  *d;

    d = item->domain;

    if (first) {
        ngx_queue_insert_head(&d->held, &item->queue);

    } else {
        ngx_queue_insert_tail(&d->held, &item->queue);
    }

    item->held = 1;
    item->batch->held++;

    ngx_smtp_verify_batch_domain_ready(item->batch, d);
}


void
ngx_smtp_verify_batch_domain_take(ngx_smtp_verify_batch_item_t *item)
{
    ngx_queue_remove(&item->queue);

    item->held = 0;
    item->batch->held--;

    ngx_smtp_verify_batch_domain_ready(item->batch, item->domain);
}


void
ngx_smtp_verify_batch_domain_start(ngx_smtp_verify_batch_item_t *item)
{
    item->active = 1;
    item->batch->active++;
    item->domain->active++;

    ngx_smtp_verify_batch_domain_ready(item->batch, item->domain);
}


void
ngx_smtp_verify_batch_domain_end(ngx_smtp_verify_batch_item_t *item)
{
    item->active = 0;
    item->batch->active--;
    item->domain->active--;

    ngx_smtp_verify_batch_domain_ready(item->batch, item->domain);
}


void
ngx_smtp_verify_batch_domain_leave(ngx_smtp_verify_batch_item_t *item)
{
    ngx_smtp_verify_batch_domain_t  *d;

    d = item->domain;

    if (d == NULL || --d->items) {
        return;
    }

    if (d->is_ready) {
        ngx_queue_remove(&d->ready);
    }

    ngx_queue_remove(&d->queue);
    ngx_free(d);
}


/* The next record to begin: domains take turns. */

ngx_smtp_verify_batch_item_t *
ngx_smtp_verify_batch_domain_next(ngx_smtp_verify_batch_t *b)
{
    ngx_queue_t                     *q;
    ngx_smtp_verify_batch_item_t    *item;
    ngx_smtp_verify_batch_domain_t  *d;

    if (ngx_queue_empty(&b->ready)) {
        return NULL;
    }

    q = ngx_queue_head(&b->ready);
    d = ngx_queue_data(q, ngx_smtp_verify_batch_domain_t, ready);

    ngx_queue_remove(q);
    ngx_queue_insert_tail(&b->ready, q);

    q = ngx_queue_head(&d->held);
    item = ngx_queue_data(q, ngx_smtp_verify_batch_item_t, queue);

    ngx_smtp_verify_batch_domain_take(item);

    return item;
}


static void
ngx_smtp_verify_batch_domain_ready(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_domain_t *d)
{
    ngx_uint_t  ready;

    ready = d->active < b->limits.domain_probes
            && !ngx_queue_empty(&d->held);

    if (ready && !d->is_ready) {
        ngx_queue_insert_tail(&b->ready, &d->ready);

    } else if (!ready && d->is_ready) {
        ngx_queue_remove(&d->ready);
    }

    d->is_ready = ready;
}
