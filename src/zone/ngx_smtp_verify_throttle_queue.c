
#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_THROTTLE_QUEUES  256    /* queues served by the timer
                                                   ... */
#define NGX_SMTP_VERIFY_THROTTLE_WAKE    32     /* ... and after a release */
#define NGX_SMTP_VERIFY_THROTTLE_TRIED   8      /* tickets of a queue tried, if
                                                   clients are kept back */


static void ngx_smtp_verify_throttle_ready(
    ngx_smtp_verify_throttle_t *throttle);
static void ngx_smtp_verify_throttle_unqueue(ngx_smtp_verify_ticket_t *t);
static void ngx_smtp_verify_throttle_waited(ngx_event_t *ev);
static ngx_uint_t ngx_smtp_verify_throttle_serve(
    ngx_smtp_verify_throttle_t *throttle, ngx_uint_t max);
static sv_share_kind_e ngx_smtp_verify_throttle_served(
    ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_queue_t *tq);
static ngx_uint_t ngx_smtp_verify_throttle_serve_queue(
    ngx_smtp_verify_throttle_t *throttle, ngx_smtp_verify_throttle_queue_t *tq,
    uint64_t now);
static ngx_int_t ngx_smtp_verify_throttle_serve_ticket(
    ngx_smtp_verify_ticket_t *t, uint64_t now);
static void ngx_smtp_verify_throttle_urge(ngx_smtp_verify_ticket_t *t);


ngx_int_t
ngx_smtp_verify_throttle_wait(ngx_smtp_verify_ticket_t *t)
{
    ngx_uint_t                     i, key;
    sv_share_kind_e                kind;
    ngx_smtp_verify_throttle_t    *throttle;
    ngx_smtp_verify_throttle_queue_t  *tq;

    throttle = t->throttle;
    key = throttle->slots[t->slot].refs[ngx_smtp_verify_ref_destination];

    tq = ngx_smtp_verify_throttle_queue(throttle, key);

    if (tq == NULL) {

        tq = ngx_calloc(sizeof(ngx_smtp_verify_throttle_queue_t),
                        ngx_cycle->log);
        if (tq == NULL) {
            return NGX_ERROR;
        }

        for (i = 0; i < 3; i++) {
            ngx_smtp_verify_fair_init(&tq->tickets[i]);
        }

        tq->node.key = key;
        ngx_rbtree_insert(&throttle->tree, &tq->node);
        ngx_queue_insert_tail(&throttle->queues, &tq->queue);
        throttle->nqueues++;
    }

    kind = ngx_smtp_verify_ticket_kind(t);

    ngx_smtp_verify_fair_add(&tq->tickets[kind], &t->item, t->client);
    tq->n[kind]++;

    t->tq = tq;
    t->waiting = 1;

    ngx_smtp_verify_throttle_urge(t);

    ngx_memzero(&t->event, sizeof(ngx_event_t));

    t->event.handler = ngx_smtp_verify_throttle_waited;
    t->event.data = t;
    t->event.log = t->log;

    ngx_add_timer(&t->event, ngx_max(t->limits->wait, 1));

    ngx_smtp_verify_throttle_ready(throttle);

    return NGX_OK;
}


/* Sets the timer for the next look at the queues. */

static void
ngx_smtp_verify_throttle_ready(ngx_smtp_verify_throttle_t *throttle)
{
    if (throttle->nqueues && !throttle->poll.timer_set) {
        ngx_add_timer(&throttle->poll, throttle->interval);
    }
}


ngx_smtp_verify_throttle_queue_t *
ngx_smtp_verify_throttle_queue(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t key)
{
    ngx_rbtree_node_t  *node, *sentinel;

    node = throttle->tree.root;
    sentinel = throttle->tree.sentinel;

    while (node != sentinel) {

        if (key == node->key) {
            return (ngx_smtp_verify_throttle_queue_t *) node;
        }

        node = (key < node->key) ? node->left : node->right;
    }

    return NULL;
}


static void
ngx_smtp_verify_throttle_unqueue(ngx_smtp_verify_ticket_t *t)
{
    ngx_smtp_verify_throttle_t    *throttle;
    ngx_smtp_verify_throttle_queue_t  *tq;

    throttle = t->throttle;
    tq = t->tq;

    if (t->event.timer_set) {
        ngx_del_timer(&t->event);
    }

    ngx_smtp_verify_fair_leave(&t->item);

    t->waiting = 0;
    t->tq = NULL;

    tq->n[ngx_smtp_verify_ticket_kind(t)]--;

    if (tq->n[0] + tq->n[1] + tq->n[2]) {
        return;
    }

    if (tq->is_urgent) {
        ngx_queue_remove(&tq->urgent);
        throttle->nurgent--;
    }

    ngx_rbtree_delete(&throttle->tree, &tq->node);
    ngx_queue_remove(&tq->queue);
    ngx_free(tq);

    if (--throttle->nqueues == 0 && throttle->poll.timer_set) {
        ngx_del_timer(&throttle->poll);
    }
}


static void
ngx_smtp_verify_throttle_waited(ngx_event_t *ev)
{
    ngx_smtp_verify_ticket_t  *t;

    t = ev->data;

    ngx_smtp_verify_throttle_leave(t);

    ngx_shmtx_lock(&t->throttle->shpool->mutex);
    t->throttle->sh->counts.throttled++;
    ngx_shmtx_unlock(&t->throttle->shpool->mutex);

    t->handler(t, NGX_BUSY);
}


void
ngx_smtp_verify_throttle_promote(ngx_smtp_verify_ticket_t *t, ngx_uint_t bulk)
{
    sv_share_kind_e                kind;
    ngx_smtp_verify_slot_sh_t     *slot;
    ngx_smtp_verify_throttle_t    *throttle;
    ngx_smtp_verify_throttle_queue_t  *tq;

    bulk = (bulk && t->bulk);

    if (!t->waiting) {
        t->bulk = bulk;
        t->job = 0;
        return;
    }

    throttle = t->throttle;
    slot = &throttle->slots[t->slot];
    tq = t->tq;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    ngx_smtp_verify_throttle_state(throttle, slot,
                                   NGX_SMTP_VERIFY_SLOT_JOB
                                   | (bulk ? 0 : NGX_SMTP_VERIFY_SLOT_BULK),
                                   0);

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    ngx_smtp_verify_fair_leave(&t->item);
    tq->n[ngx_smtp_verify_ticket_kind(t)]--;

    t->bulk = bulk;
    t->job = 0;

    kind = ngx_smtp_verify_ticket_kind(t);

    ngx_smtp_verify_fair_add(&tq->tickets[kind], &t->item, t->client);
    tq->n[kind]++;
}


void
ngx_smtp_verify_throttle_leave(ngx_smtp_verify_ticket_t *t)
{
    ngx_uint_t  slot;

    if (!t->waiting) {
        return;
    }

    slot = t->slot;
    t->slot = NGX_SMTP_VERIFY_NO_SLOT;

    ngx_smtp_verify_throttle_unqueue(t);
    ngx_smtp_verify_throttle_release(t->throttle, slot);
}


void
ngx_smtp_verify_throttle_poll(ngx_event_t *ev)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = ev->data;

    if (ngx_smtp_verify_throttle_serve(throttle,
                                       NGX_SMTP_VERIFY_THROTTLE_QUEUES))
    {
        ngx_post_event(&throttle->wake, &ngx_posted_events);
    }

    ngx_smtp_verify_throttle_ready(throttle);
}


void
ngx_smtp_verify_throttle_wake(ngx_event_t *ev)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = ev->data;

    if (ngx_smtp_verify_throttle_serve(throttle,
                                       NGX_SMTP_VERIFY_THROTTLE_WAKE))
    {
        ngx_post_event(&throttle->wake, &ngx_posted_events);
    }
}


/*
 * Serves the first ticket of each queue, urgent queues first.  A handler may
 * end any ticket and any queue, so no pointer is kept across a call.
 */

static ngx_uint_t
ngx_smtp_verify_throttle_serve(ngx_smtp_verify_throttle_t *throttle,
    ngx_uint_t max)
{
    uint64_t                       now;
    ngx_uint_t                     n, served;
    ngx_queue_t                   *q;
    ngx_smtp_verify_throttle_queue_t  *tq;

    served = 0;
    now = sv_clock_msec();

    throttle->interval = NGX_SMTP_VERIFY_THROTTLE_POLL;

    n = ngx_min(throttle->nurgent, NGX_SMTP_VERIFY_THROTTLE_WAKE);

    for ( /* void */ ; n && throttle->nurgent; n--) {

        q = ngx_queue_head(&throttle->urgent);
        tq = ngx_queue_data(q, ngx_smtp_verify_throttle_queue_t, urgent);

        ngx_queue_remove(q);
        tq->is_urgent = 0;
        throttle->nurgent--;

        served += ngx_smtp_verify_throttle_serve_queue(throttle, tq, now);
    }

    for (n = ngx_min(max, throttle->nqueues); n && throttle->nqueues; n--) {

        q = ngx_queue_head(&throttle->queues);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&throttle->queues, q);

        tq = ngx_queue_data(q, ngx_smtp_verify_throttle_queue_t, queue);

        served += ngx_smtp_verify_throttle_serve_queue(throttle, tq, now);
    }

    return served;
}


/* The kind of the ticket that is served next.  The lock is not held: another
   worker may serve one in between. */

static sv_share_kind_e
ngx_smtp_verify_throttle_served(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_queue_t *tq)
{
    if (tq->n[SV_SHARE_INTERACTIVE]) {
        return SV_SHARE_INTERACTIVE;
    }

    if (tq->n[SV_SHARE_LIST]
        && (tq->n[SV_SHARE_JOB] == 0
            || throttle->entries[tq->node.key].turns < SV_SHARE_TURNS))
    {
        return SV_SHARE_LIST;
    }

    return SV_SHARE_JOB;
}


/* If the first ticket is kept back so that other clients get sessions, the next
   ones are tried: they may belong to such clients. */

static ngx_uint_t
ngx_smtp_verify_throttle_serve_queue(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_queue_t *tq, uint64_t now)
{
    ngx_int_t                  rc;
    ngx_uint_t                 n;
    ngx_queue_t               *q;
    ngx_smtp_verify_fair_t    *tickets;
    ngx_smtp_verify_ticket_t  *t;

    tickets = &tq->tickets[ngx_smtp_verify_throttle_served(throttle, tq)];
    q = ngx_queue_head(&tickets->queue);

    for (n = 0; n < NGX_SMTP_VERIFY_THROTTLE_TRIED; n++) {

        t = ngx_queue_data(q, ngx_smtp_verify_ticket_t, item.queue);

        if (t->blocked && now < t->ready) {
            throttle->interval = ngx_min(throttle->interval, t->ready - now);
            return 0;
        }

        rc = ngx_smtp_verify_throttle_serve_ticket(t, now);

        if (rc != NGX_AGAIN) {

            if (rc == NGX_OK || rc == NGX_DONE) {
                ngx_smtp_verify_fair_taken(tickets, &t->item);
            }

            if (rc == NGX_OK) {
                ngx_smtp_verify_throttle_unqueue(t);

            } else {
                ngx_smtp_verify_throttle_leave(t);
            }

            t->handler(t, rc);

            return 1;
        }

        ngx_smtp_verify_throttle_urge(t);

        q = ngx_queue_next(q);

        if (!t->kept_back || q == ngx_queue_sentinel(&tickets->queue)) {
            break;
        }
    }

    return 0;
}


/* Returns NGX_DONE if a kept session serves the ticket, else what _try()
   returns. */

static ngx_int_t
ngx_smtp_verify_throttle_serve_ticket(ngx_smtp_verify_ticket_t *t,
    uint64_t now)
{
    ngx_int_t                    rc;
    ngx_smtp_verify_throttle_t  *throttle;

    if (t->reuse && t->reuse(t)) {
        return NGX_DONE;
    }

    throttle = t->throttle;

    ngx_shmtx_lock(&throttle->shpool->mutex);

    ngx_smtp_verify_throttle_sweep(throttle, now);

    rc = ngx_smtp_verify_throttle_try(t, now);

    ngx_smtp_verify_throttle_denied(throttle, rc);

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    if (rc == NGX_AGAIN && t->short_of_total) {
        t->press(t);
    }

    return rc;
}


static void
ngx_smtp_verify_throttle_urge(ngx_smtp_verify_ticket_t *t)
{
    ngx_smtp_verify_throttle_queue_t  *tq;

    tq = t->tq;

    if (t->short_of_total && !tq->is_urgent) {
        tq->is_urgent = 1;
        t->throttle->nurgent++;
        ngx_queue_insert_tail(&t->throttle->urgent, &tq->urgent);
    }
}
