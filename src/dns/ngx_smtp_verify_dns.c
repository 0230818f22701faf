
/*
 * Queries with the same question share one look-up.  c-ares cannot cancel a
 * single query, so a look-up lives until its answer, even if nobody waits for
 * it any more.
 */


#include "ngx_smtp_verify_dns.h"
#include "ngx_smtp_verify_ares.h"
#include "sv_mx_parse.h"


/* ms; an older look-up may be about to time out, so nobody joins it */
#define NGX_SMTP_VERIFY_DNS_JOIN  5000


typedef struct {
    ngx_queue_t      waiters;
    ngx_rbtree_t    *tree;              /* NULL: nobody can join */
    ngx_msec_t       start;
    ngx_str_node_t   sn;                /* type and name */
    u_char           key[1 + SV_MX_NAME_MAX + 1];
} ngx_smtp_verify_dns_lookup_t;


static ngx_int_t ngx_smtp_verify_dns_key(ngx_smtp_verify_dns_query_t *q,
    ngx_str_t *key);
static ngx_smtp_verify_dns_lookup_t *ngx_smtp_verify_dns_find(
    ngx_rbtree_t *tree, ngx_str_t *key, uint32_t hash);
static ngx_smtp_verify_dns_lookup_t *ngx_smtp_verify_dns_create(
    ngx_rbtree_t *tree, ngx_str_t *key, uint32_t hash);
static void ngx_smtp_verify_dns_wait(ngx_smtp_verify_dns_query_t *q,
    ngx_smtp_verify_dns_lookup_t *l);
static void ngx_smtp_verify_dns_close(ngx_smtp_verify_dns_lookup_t *l);
static void ngx_smtp_verify_dns_answer(void *data, ngx_int_t rc, u_char *msg,
    size_t len);
static void ngx_smtp_verify_dns_timer_handler(ngx_event_t *ev);
static void ngx_smtp_verify_dns_ready_handler(ngx_event_t *ev);


/* queries that were answered, whose handlers have still to be called */
static struct {
    ngx_queue_t  queue;
    ngx_event_t  event;
}  ngx_smtp_verify_dns_ready;


ngx_int_t
ngx_smtp_verify_dns_ask(ngx_smtp_verify_dns_query_t *q)
{
    uint32_t                       hash;
    ngx_int_t                      rc;
    ngx_str_t                      key;
    ngx_rbtree_t                  *tree;
    ngx_smtp_verify_ares_t        *ares;
    ngx_smtp_verify_dns_lookup_t  *l;

    u_char                         buf[1 + SV_MX_NAME_MAX];

    key.data = buf;

    if (ngx_smtp_verify_dns_key(q, &key) != NGX_OK) {
        q->read(q, NGX_ERROR, NULL, 0);
        return NGX_OK;
    }

    ares = ngx_smtp_verify_ares_get(q->resolver);
    if (ares == NULL) {
        return NGX_ERROR;
    }

    tree = ngx_smtp_verify_ares_tree(ares);

    if (ngx_smtp_verify_dns_ready.event.handler == NULL) {
        ngx_queue_init(&ngx_smtp_verify_dns_ready.queue);
        ngx_smtp_verify_dns_ready.event.handler =
                                            ngx_smtp_verify_dns_ready_handler;
    }

    ngx_smtp_verify_dns_ready.event.log = ngx_cycle->log;

    hash = ngx_crc32_short(key.data, key.len);
    l = ngx_smtp_verify_dns_find(tree, &key, hash);

    q->asked = (l == NULL);

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, q->log, 0,
                   "smtp verify dns: \"%V\" type %ui%s",
                   &q->name, q->type, l ? ", joined" : "");

    if (l) {
        ngx_smtp_verify_dns_wait(q, l);
        return NGX_AGAIN;
    }

    l = ngx_smtp_verify_dns_create(tree, &key, hash);
    if (l == NULL) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_dns_wait(q, l);

    rc = ngx_smtp_verify_ares_query(ares, (char *) l->key + 1, (int) q->type,
                                    ngx_smtp_verify_dns_answer, l);

    if (rc == NGX_ERROR) {
        ngx_smtp_verify_dns_cancel(q);
        ngx_smtp_verify_dns_close(l);
        ngx_free(l);
        return NGX_ERROR;
    }

    if (q->lookup) {
        return NGX_AGAIN;
    }

    /* it was answered at once */

    ngx_smtp_verify_dns_cancel(q);

    return rc == NGX_BUSY ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_dns_key(ngx_smtp_verify_dns_query_t *q, ngx_str_t *key)
{
    if (!sv_mx_name_valid(q->name.data, q->name.len)) {
        return NGX_DECLINED;
    }

    key->data[0] = (u_char) q->type;
    ngx_strlow(key->data + 1, q->name.data, q->name.len);
    key->len = 1 + q->name.len;

    return NGX_OK;
}


static ngx_smtp_verify_dns_lookup_t *
ngx_smtp_verify_dns_find(ngx_rbtree_t *tree, ngx_str_t *key, uint32_t hash)
{
    ngx_str_node_t                *sn;
    ngx_smtp_verify_dns_lookup_t  *l;

    sn = ngx_str_rbtree_lookup(tree, key, hash);
    if (sn == NULL) {
        return NULL;
    }

    l = (ngx_smtp_verify_dns_lookup_t *)
               ((u_char *) sn - offsetof(ngx_smtp_verify_dns_lookup_t, sn));

    if (ngx_current_msec - l->start >= NGX_SMTP_VERIFY_DNS_JOIN) {
        ngx_smtp_verify_dns_close(l);
        return NULL;
    }

    return l;
}


static ngx_smtp_verify_dns_lookup_t *
ngx_smtp_verify_dns_create(ngx_rbtree_t *tree, ngx_str_t *key, uint32_t hash)
{
    ngx_smtp_verify_dns_lookup_t  *l;

    l = ngx_calloc(sizeof(ngx_smtp_verify_dns_lookup_t), ngx_cycle->log);
    if (l == NULL) {
        return NULL;
    }

    ngx_queue_init(&l->waiters);

    l->start = ngx_current_msec;

    ngx_memcpy(l->key, key->data, key->len);

    l->sn.str.len = key->len;
    l->sn.str.data = l->key;
    l->sn.node.key = hash;

    ngx_rbtree_insert(tree, &l->sn.node);
    l->tree = tree;

    return l;
}


static void
ngx_smtp_verify_dns_wait(ngx_smtp_verify_dns_query_t *q,
    ngx_smtp_verify_dns_lookup_t *l)
{
    ngx_event_t  *ev;

    ngx_queue_insert_tail(&l->waiters, &q->queue);

    q->lookup = l;
    q->pending = 1;

    ev = &q->timer;

    ngx_memzero(ev, sizeof(ngx_event_t));

    ev->handler = ngx_smtp_verify_dns_timer_handler;
    ev->data = q;
    ev->log = q->log;

    ngx_add_timer(ev, q->timeout);
}


void
ngx_smtp_verify_dns_cancel(ngx_smtp_verify_dns_query_t *q)
{
    if (!q->pending) {
        return;
    }

    q->pending = 0;
    q->lookup = NULL;

    ngx_queue_remove(&q->queue);

    if (q->timer.timer_set) {
        ngx_del_timer(&q->timer);
    }
}


void
ngx_smtp_verify_dns_exit(void)
{
    ngx_smtp_verify_ares_exit();

    if (ngx_smtp_verify_dns_ready.event.posted) {
        ngx_delete_posted_event(&ngx_smtp_verify_dns_ready.event);
    }
}


/* After this no query can join the look-up. */

static void
ngx_smtp_verify_dns_close(ngx_smtp_verify_dns_lookup_t *l)
{
    if (l->tree) {
        ngx_rbtree_delete(l->tree, &l->sn.node);
        l->tree = NULL;
    }
}


static void
ngx_smtp_verify_dns_answer(void *data, ngx_int_t rc, u_char *msg, size_t len)
{
    ngx_smtp_verify_dns_lookup_t *l = data;

    ngx_queue_t                  *head;
    ngx_smtp_verify_dns_query_t  *q;

    ngx_smtp_verify_dns_close(l);

    while (!ngx_queue_empty(&l->waiters)) {
        head = ngx_queue_head(&l->waiters);
        ngx_queue_remove(head);
        ngx_queue_insert_tail(&ngx_smtp_verify_dns_ready.queue, head);

        q = ngx_queue_data(head, ngx_smtp_verify_dns_query_t, queue);

        q->lookup = NULL;

        if (q->timer.timer_set) {
            ngx_del_timer(&q->timer);
        }

        q->read(q, rc, msg, len);

        /* handlers are called later, because c-ares is still at work */
        ngx_post_event(&ngx_smtp_verify_dns_ready.event, &ngx_posted_events);
    }

    ngx_free(l);
}


/* The look-up goes on in c-ares, and is freed when its answer comes. */

static void
ngx_smtp_verify_dns_timer_handler(ngx_event_t *ev)
{
    ngx_smtp_verify_dns_query_t *q = ev->data;

    ngx_smtp_verify_dns_cancel(q);

    q->read(q, NGX_ETIMEDOUT, NULL, 0);
    q->handler(q);
}


static void
ngx_smtp_verify_dns_ready_handler(ngx_event_t *ev)
{
    ngx_queue_t                  *head;
    ngx_smtp_verify_dns_query_t  *q;

    (void) ev;

    while (!ngx_queue_empty(&ngx_smtp_verify_dns_ready.queue)) {
        head = ngx_queue_head(&ngx_smtp_verify_dns_ready.queue);

        q = ngx_queue_data(head, ngx_smtp_verify_dns_query_t, queue);

        ngx_smtp_verify_dns_cancel(q);

        q->handler(q);
    }
}
