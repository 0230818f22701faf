
#include "ngx_smtp_verify_fair.h"


void
ngx_smtp_verify_fair_init(ngx_smtp_verify_fair_t *fair)
{
    ngx_queue_init(&fair->queue);
    fair->round = 0;
}


/*
 * The queue is in the order of rounds.  A client that floods it finds its own
 * last item at the end at once.  Other clients walk along the queue, the length
 * of which is limited.
 */

void
ngx_smtp_verify_fair_add(ngx_smtp_verify_fair_t *fair,
    ngx_smtp_verify_fair_item_t *item, ngx_smtp_verify_client_t *client)
{
    ngx_queue_t                  *q;
    ngx_smtp_verify_fair_item_t  *other;

    item->client = client;
    item->round = fair->round + 1;

    for (q = ngx_queue_last(&fair->queue);
         q != ngx_queue_sentinel(&fair->queue);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_smtp_verify_fair_item_t, queue);

        if (ngx_smtp_verify_client_is(other->client, client)) {
            item->round = other->round + 1;
            break;
        }
    }

    for (q = ngx_queue_last(&fair->queue);
         q != ngx_queue_sentinel(&fair->queue);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_smtp_verify_fair_item_t, queue);

        if ((int32_t) (other->round - item->round) <= 0) {
            break;
        }
    }

    /* this is ngx_queue_insert_after(), a name that nginx 1.22 does not have */

    ngx_queue_insert_head(q, &item->queue);
}


void
ngx_smtp_verify_fair_leave(ngx_smtp_verify_fair_item_t *item)
{
    ngx_queue_remove(&item->queue);
}
