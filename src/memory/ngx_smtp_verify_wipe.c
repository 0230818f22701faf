
#include "ngx_smtp_verify_wipe.h"


#define NGX_SMTP_VERIFY_WIPE_INTERVAL  1000     /* ms */


static void ngx_smtp_verify_wipe_blocks(void *data);
static void ngx_smtp_verify_wipe_later(void *data);
static void ngx_smtp_verify_wipe_last(ngx_pool_t *pool,
    ngx_pool_cleanup_t *cln);
static void ngx_smtp_verify_wipe_now(ngx_event_t *ev);


/* A cleanup handler whose entry is not in its pool: nginx reads the entry when
   the handler has returned. */

typedef struct ngx_smtp_verify_wipe_later_s  ngx_smtp_verify_wipe_later_t;

struct ngx_smtp_verify_wipe_later_s {
    ngx_pool_cleanup_t             cln;
    ngx_pool_t                    *pool;
    ngx_smtp_verify_wipe_later_t  *next;
};


static struct {
    ngx_event_t                    timer;
    ngx_connection_t               none;        /* of the timer */
    ngx_smtp_verify_wiper_t       *wipers;
    ngx_smtp_verify_wipe_later_t  *free;
    ngx_uint_t                     on;
}  ngx_smtp_verify_wipe;


void
ngx_smtp_verify_wipe_init(void)
{
    ngx_smtp_verify_wipe.on = 1;
}


void
ngx_smtp_verify_wipe_pool(ngx_pool_t *pool)
{
    ngx_pool_cleanup_t  cln;

    if (!ngx_smtp_verify_wipe.on) {
        ngx_destroy_pool(pool);
        return;
    }

    cln.handler = ngx_smtp_verify_wipe_blocks;
    cln.data = pool;
    ngx_smtp_verify_wipe_last(pool, &cln);

    ngx_destroy_pool(pool);

    ngx_smtp_verify_wipe_soon();
}


ngx_int_t
ngx_smtp_verify_wipe_pool_later(ngx_pool_t *pool)
{
    ngx_smtp_verify_wipe_later_t  *later;

    later = ngx_smtp_verify_wipe.free;

    if (later) {
        ngx_smtp_verify_wipe.free = later->next;

    } else {
        later = ngx_alloc(sizeof(ngx_smtp_verify_wipe_later_t), pool->log);
        if (later == NULL) {
            return NGX_ERROR;
        }
    }

    later->pool = pool;
    later->cln.handler = ngx_smtp_verify_wipe_later;
    later->cln.data = later;

    ngx_smtp_verify_wipe_last(pool, &later->cln);

    return NGX_OK;
}


static void
ngx_smtp_verify_wipe_later(void *data)
{
    ngx_smtp_verify_wipe_later_t *later = data;

    ngx_smtp_verify_wipe_blocks(later->pool);

    later->next = ngx_smtp_verify_wipe.free;
    ngx_smtp_verify_wipe.free = later;

    ngx_smtp_verify_wipe_soon();
}


/* Handlers are called from the last one that was added to the first. */

static void
ngx_smtp_verify_wipe_last(ngx_pool_t *pool, ngx_pool_cleanup_t *cln)
{
    ngx_pool_cleanup_t  **last;

    for (last = &pool->cleanup; *last; last = &(*last)->next) { /* void */ }

    cln->next = NULL;
    *last = cln;
}


/* The last cleanup handler of a pool.  What lists its large allocations is in
   its blocks, so these are freed first.  The log may be in the pool as well,
   and nginx logs what it frees when the handler has returned. */

static void
ngx_smtp_verify_wipe_blocks(void *data)
{
    ngx_pool_t *pool = data;

    u_char            *start;
    ngx_pool_t        *p;
    ngx_pool_large_t  *l;

    pool->log = ngx_cycle->log;

    for (l = pool->large; l; l = l->next) {
        sv_wipe_free(l->alloc);
    }

    pool->large = NULL;

    for (p = pool; p; p = p->d.next) {
        start = (u_char *) p + (p == pool ? sizeof(ngx_pool_t)
                                          : sizeof(ngx_pool_data_t));
        sv_wipe(start, p->d.last - start);
    }
}


void
ngx_smtp_verify_wipe_pfree(ngx_pool_t *pool, void *data, size_t len)
{
    sv_wipe(data, len);
    (void) ngx_pfree(pool, data);
}


void
ngx_smtp_verify_wipe_soon(void)
{
    ngx_event_t  *timer;

    timer = &ngx_smtp_verify_wipe.timer;

    if (timer->timer_set || !ngx_smtp_verify_wipe.on) {
        return;
    }

    ngx_smtp_verify_wipe.none.fd = (ngx_socket_t) -1;

    timer->handler = ngx_smtp_verify_wipe_now;
    timer->data = &ngx_smtp_verify_wipe.none;
    timer->log = ngx_cycle->log;
    timer->cancelable = 1;

    ngx_add_timer(timer, NGX_SMTP_VERIFY_WIPE_INTERVAL);
}


void
ngx_smtp_verify_wipe_add(ngx_smtp_verify_wiper_t *wiper)
{
    wiper->waits = 1;
    wiper->next = ngx_smtp_verify_wipe.wipers;
    ngx_smtp_verify_wipe.wipers = wiper;

    ngx_smtp_verify_wipe_soon();
}


/* A timer is called between turns: no function that uses scratch memory is on
   the stack. */

static void
ngx_smtp_verify_wipe_now(ngx_event_t *ev)
{
    ngx_smtp_verify_wiper_t  *wiper;

    while (ngx_smtp_verify_wipe.wipers) {
        wiper = ngx_smtp_verify_wipe.wipers;
        ngx_smtp_verify_wipe.wipers = wiper->next;
        wiper->waits = 0;
        wiper->handler(wiper->data);
    }

    sv_wipe_scratch();
    sv_wipe_stack();
}
