
/*
 * MX look-ups.  Whoever asks for a name that is being asked for joins in;
 * the look-up outlives those who wait for it, as c-ares cannot take a single
 * query back.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "ngx_smtp_verify_mx.h"
#include "ngx_smtp_verify_ares.h"
#include "sv_mx_parse.h"


#define NGX_SMTP_VERIFY_MX_TIMEOUT_MS  5000


typedef struct {
    ngx_queue_t                    waiters;
    ngx_rbtree_t                  *tree;      /* NULL: it was given up */

    /* event ident must be after 3 pointers as in ngx_connection_t */
    ngx_int_t                      ident;

    ngx_event_t                    timer;
    ngx_str_node_t                 sn;
    u_char                         name[SV_MX_NAME_MAX + 1];
} ngx_smtp_verify_mx_lookup_t;


typedef struct {
    ngx_queue_t                    queue;
    ngx_smtp_verify_mx_query_t    *query;
    ngx_smtp_verify_mx_lookup_t   *lookup;    /* NULL: the answer is there */
} ngx_smtp_verify_mx_waiter_t;


static ngx_int_t ngx_smtp_verify_mx_ask(ngx_smtp_verify_ares_t *ares,
    ngx_str_t *name, ngx_smtp_verify_mx_waiter_t *w);
static ngx_smtp_verify_mx_lookup_t *ngx_smtp_verify_mx_find(
    ngx_rbtree_t *tree, ngx_str_t *name, uint32_t hash);
static ngx_smtp_verify_mx_lookup_t *ngx_smtp_verify_mx_create(
    ngx_rbtree_t *tree, ngx_str_t *name, uint32_t hash);
static void ngx_smtp_verify_mx_close(ngx_smtp_verify_mx_lookup_t *l);
static void ngx_smtp_verify_mx_answer(void *data, ngx_int_t rc, u_char *msg,
    size_t len);
static void ngx_smtp_verify_mx_timer_handler(ngx_event_t *ev);
static void ngx_smtp_verify_mx_done(ngx_smtp_verify_mx_lookup_t *l,
    ngx_smtp_verify_mx_status_e status, sv_mx_answer_t *answer);
static ngx_int_t ngx_smtp_verify_mx_fill(ngx_smtp_verify_mx_query_t *q,
    sv_mx_answer_t *answer);
static void ngx_smtp_verify_mx_ready_handler(ngx_event_t *ev);


/* those whose answer is there and whose handler is still to be called */
static ngx_queue_t     ngx_smtp_verify_mx_ready;
static ngx_event_t     ngx_smtp_verify_mx_ready_event;

static sv_mx_answer_t  ngx_smtp_verify_mx_parsed;


ngx_int_t
ngx_smtp_verify_mx_resolve(ngx_smtp_verify_mx_query_t *q)
{
    ngx_str_t                     name;
    ngx_smtp_verify_ares_t       *ares;
    ngx_smtp_verify_mx_waiter_t  *w;

    u_char                        buf[SV_MX_NAME_MAX];

    q->status = NGX_SMTP_VERIFY_MX_ERROR;
    q->records = NULL;
    q->nrecords = 0;
    q->ttl = 0;
    q->ctx = NULL;

    if (!sv_mx_name_valid(q->name.data, q->name.len)) {
        return NGX_OK;
    }

    name.len = q->name.len;
    name.data = buf;
    ngx_strlow(buf, q->name.data, q->name.len);

    if (ngx_smtp_verify_mx_ready_event.handler == NULL) {
        ngx_queue_init(&ngx_smtp_verify_mx_ready);
        ngx_smtp_verify_mx_ready_event.handler =
                                             ngx_smtp_verify_mx_ready_handler;
    }

    ngx_smtp_verify_mx_ready_event.log = ngx_cycle->log;

    ares = ngx_smtp_verify_ares_get(q->resolver);
    if (ares == NULL) {
        return NGX_ERROR;
    }

    w = ngx_palloc(q->pool, sizeof(ngx_smtp_verify_mx_waiter_t));
    if (w == NULL) {
        return NGX_ERROR;
    }

    w->query = q;

    return ngx_smtp_verify_mx_ask(ares, &name, w);
}


static ngx_int_t
ngx_smtp_verify_mx_ask(ngx_smtp_verify_ares_t *ares, ngx_str_t *name,
    ngx_smtp_verify_mx_waiter_t *w)
{
    uint32_t                      hash;
    ngx_int_t                     rc;
    ngx_rbtree_t                 *tree;
    ngx_smtp_verify_mx_lookup_t  *l;

    hash = ngx_crc32_short(name->data, name->len);
    tree = ngx_smtp_verify_ares_tree(ares);

    l = ngx_smtp_verify_mx_find(tree, name, hash);
    rc = NGX_AGAIN;

    if (l == NULL) {
        l = ngx_smtp_verify_mx_create(tree, name, hash);
        if (l == NULL) {
            return NGX_ERROR;
        }

        rc = NGX_OK;
    }

    ngx_queue_insert_tail(&l->waiters, &w->queue);
    w->lookup = l;
    w->query->ctx = w;
    l->timer.cancelable = 0;

    ngx_log_debug3(NGX_LOG_DEBUG_CORE, w->query->log, 0,
                   "smtp verify mx: \"%V\" %p%s",
                   name, l, rc == NGX_AGAIN ? " joined" : "");

    if (rc == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    rc = ngx_smtp_verify_ares_query(ares, (char *) l->name,
                                    ngx_smtp_verify_mx_answer, l);

    if (rc == NGX_ERROR) {
        w->query->ctx = NULL;
        ngx_smtp_verify_mx_close(l);
        ngx_free(l);
        return NGX_ERROR;
    }

    if (w->lookup != NULL) {
        return NGX_AGAIN;
    }

    ngx_queue_remove(&w->queue);
    w->query->ctx = NULL;

    return rc == NGX_BUSY ? NGX_ERROR : NGX_OK;
}


void
ngx_smtp_verify_mx_cancel(ngx_smtp_verify_mx_query_t *q)
{
    ngx_smtp_verify_mx_lookup_t  *l;
    ngx_smtp_verify_mx_waiter_t  *w;

    w = q->ctx;

    if (w == NULL) {
        return;
    }

    q->ctx = NULL;
    ngx_queue_remove(&w->queue);

    l = w->lookup;

    if (l != NULL && ngx_queue_empty(&l->waiters)) {
        /* others may still join in, but a worker need not stay for it */
        l->timer.cancelable = 1;
    }
}


void
ngx_smtp_verify_mx_exit(void)
{
    ngx_smtp_verify_ares_exit();

    if (ngx_smtp_verify_mx_ready_event.posted) {
        ngx_delete_posted_event(&ngx_smtp_verify_mx_ready_event);
    }
}


static ngx_smtp_verify_mx_lookup_t *
ngx_smtp_verify_mx_find(ngx_rbtree_t *tree, ngx_str_t *name, uint32_t hash)
{
    ngx_str_node_t  *sn;

    sn = ngx_str_rbtree_lookup(tree, name, hash);
    if (sn == NULL) {
        return NULL;
    }

    return (ngx_smtp_verify_mx_lookup_t *)
               ((u_char *) sn - offsetof(ngx_smtp_verify_mx_lookup_t, sn));
}


static ngx_smtp_verify_mx_lookup_t *
ngx_smtp_verify_mx_create(ngx_rbtree_t *tree, ngx_str_t *name, uint32_t hash)
{
    ngx_smtp_verify_mx_lookup_t  *l;

    l = ngx_calloc(sizeof(ngx_smtp_verify_mx_lookup_t), ngx_cycle->log);
    if (l == NULL) {
        return NULL;
    }

    ngx_queue_init(&l->waiters);
    l->ident = -1;

    ngx_memcpy(l->name, name->data, name->len);

    l->sn.str.len = name->len;
    l->sn.str.data = l->name;
    l->sn.node.key = hash;

    ngx_rbtree_insert(tree, &l->sn.node);
    l->tree = tree;

    l->timer.handler = ngx_smtp_verify_mx_timer_handler;
    l->timer.data = l;
    l->timer.log = ngx_cycle->log;

    ngx_add_timer(&l->timer, NGX_SMTP_VERIFY_MX_TIMEOUT_MS);

    return l;
}


/* nobody can join in any more */

static void
ngx_smtp_verify_mx_close(ngx_smtp_verify_mx_lookup_t *l)
{
    if (l->tree) {
        ngx_rbtree_delete(l->tree, &l->sn.node);
        l->tree = NULL;
    }

    if (l->timer.timer_set) {
        ngx_del_timer(&l->timer);
    }
}


static void
ngx_smtp_verify_mx_answer(void *data, ngx_int_t rc, u_char *msg, size_t len)
{
    ngx_smtp_verify_mx_lookup_t *l = data;

    sv_str_t                      name;
    sv_mx_answer_t               *answer;
    ngx_smtp_verify_mx_status_e   status;

    answer = NULL;
    status = NGX_SMTP_VERIFY_MX_ERROR;

    if (rc == NGX_ETIMEDOUT) {
        status = NGX_SMTP_VERIFY_MX_TIMEOUT;

    } else if (rc == NGX_DECLINED) {
        status = NGX_SMTP_VERIFY_MX_NXDOMAIN;

    } else if (rc == NGX_OK && !ngx_queue_empty(&l->waiters)) {
        name.len = l->sn.str.len;
        name.data = l->sn.str.data;

        answer = &ngx_smtp_verify_mx_parsed;

        switch (sv_mx_parse(msg, len, &name, answer)) {

        case SV_MX_OK:
            status = NGX_SMTP_VERIFY_MX_OK;
            break;

        case SV_MX_NODATA:
            status = NGX_SMTP_VERIFY_MX_NODATA;
            break;

        case SV_MX_NXDOMAIN:
            status = NGX_SMTP_VERIFY_MX_NXDOMAIN;
            break;

        default: /* SV_MX_ERROR */
            break;
        }
    }

    ngx_smtp_verify_mx_done(l, status, answer);

    ngx_free(l);
}


/* c-ares goes on, and frees the look-up by its answer */

static void
ngx_smtp_verify_mx_timer_handler(ngx_event_t *ev)
{
    ngx_smtp_verify_mx_done(ev->data, NGX_SMTP_VERIFY_MX_TIMEOUT, NULL);
}


static void
ngx_smtp_verify_mx_done(ngx_smtp_verify_mx_lookup_t *l,
    ngx_smtp_verify_mx_status_e status, sv_mx_answer_t *answer)
{
    ngx_queue_t                  *head;
    ngx_smtp_verify_mx_query_t   *q;
    ngx_smtp_verify_mx_waiter_t  *w;

    ngx_smtp_verify_mx_close(l);

    while (!ngx_queue_empty(&l->waiters)) {
        head = ngx_queue_head(&l->waiters);
        ngx_queue_remove(head);
        ngx_queue_insert_tail(&ngx_smtp_verify_mx_ready, head);

        w = ngx_queue_data(head, ngx_smtp_verify_mx_waiter_t, queue);
        w->lookup = NULL;

        q = w->query;
        q->status = status;

        if (answer != NULL && ngx_smtp_verify_mx_fill(q, answer) != NGX_OK) {
            q->status = NGX_SMTP_VERIFY_MX_ERROR;
        }

        /* not from here: c-ares is in the midst of its work */
        ngx_post_event(&ngx_smtp_verify_mx_ready_event, &ngx_posted_events);
    }
}


static ngx_int_t
ngx_smtp_verify_mx_fill(ngx_smtp_verify_mx_query_t *q, sv_mx_answer_t *answer)
{
    u_char                       *p;
    size_t                        size;
    ngx_uint_t                    i, n;
    sv_mx_record_t               *from;
    ngx_smtp_verify_mx_record_t  *to;

    q->ttl = (time_t) answer->ttl;

    /* each in an order of its own, that those who share an answer share the
       load of equal preferences, too */
    sv_mx_sort(answer, ngx_smtp_verify_mx_random);

    from = answer->records;
    n = ngx_min(answer->nrecords, q->max);

    if (n == 0) {
        return NGX_OK;
    }

    size = n * sizeof(ngx_smtp_verify_mx_record_t);

    for (i = 0; i < n; i++) {
        size += from[i].host.len;
    }

    to = ngx_palloc(q->pool, size);
    if (to == NULL) {
        return NGX_ERROR;
    }

    p = (u_char *) &to[n];

    for (i = 0; i < n; i++) {
        to[i].preference = from[i].preference;
        to[i].host.len = from[i].host.len;
        to[i].host.data = p;
        p = ngx_cpymem(p, from[i].host.data, from[i].host.len);
    }

    q->records = to;
    q->nrecords = n;

    return NGX_OK;
}


static void
ngx_smtp_verify_mx_ready_handler(ngx_event_t *ev)
{
    ngx_queue_t                  *head;
    ngx_smtp_verify_mx_query_t   *q;
    ngx_smtp_verify_mx_waiter_t  *w;

    (void) ev;

    while (!ngx_queue_empty(&ngx_smtp_verify_mx_ready)) {
        head = ngx_queue_head(&ngx_smtp_verify_mx_ready);
        ngx_queue_remove(head);

        w = ngx_queue_data(head, ngx_smtp_verify_mx_waiter_t, queue);

        q = w->query;
        q->ctx = NULL;
        q->handler(q);
    }
}


long
ngx_smtp_verify_mx_random(void)
{
    uint32_t  n;

    if (RAND_bytes((u_char *) &n, sizeof(n)) != 1) {
        ERR_clear_error();
        return 0;
    }

    return (long) (n & 0x7fffffff);
}
