
#include "ngx_smtp_verify_claim.h"

#include "ngx_smtp_verify.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_CLAIM_POLL  25      /* ms */


/* a key for which somebody works */

struct ngx_smtp_verify_work_s {
    ngx_rbtree_node_t         node;
    ngx_smtp_verify_cache_t  *cache;
    ngx_smtp_verify_cache_claim_t  shared;       /* by which other processes
                                                    wait */
    ngx_msec_t                timeout;
    ngx_smtp_verify_claim_t  *owner;        /* NULL: it is in another process */
    ngx_queue_t               waiting;
    ngx_event_t               poll;         /* looks at the other process */
};


static ngx_smtp_verify_work_t *ngx_smtp_verify_work_find(
    ngx_smtp_verify_cache_t *cache, u_char *key);
static ngx_smtp_verify_work_t *ngx_smtp_verify_work_create(
    ngx_smtp_verify_cache_t *cache, u_char *key);
static ngx_int_t ngx_smtp_verify_work_start(ngx_smtp_verify_work_t *work,
    ngx_smtp_verify_claim_t *claim);
static void ngx_smtp_verify_work_next(ngx_smtp_verify_work_t *work);
static void ngx_smtp_verify_work_poll(ngx_event_t *ev);
static void ngx_smtp_verify_work_end(ngx_smtp_verify_work_t *work,
    uint64_t id, ngx_queue_t *waiting);
static void ngx_smtp_verify_claim_wait(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_work_t *work);
static void ngx_smtp_verify_claim_unqueue(ngx_smtp_verify_claim_t *claim);
static void ngx_smtp_verify_claim_tell(ngx_queue_t *waiting, ngx_int_t rc);
static void ngx_smtp_verify_claim_post(ngx_smtp_verify_claim_t *claim,
    ngx_int_t rc);
static void ngx_smtp_verify_claim_told(ngx_event_t *ev);


static struct {
    ngx_rbtree_t       works;
    ngx_rbtree_node_t  sentinel;
    ngx_queue_t        told;        /* claims whose handler is about to be
                                       called */
    ngx_event_t        event;
}  ngx_smtp_verify_claims;


ngx_int_t
ngx_smtp_verify_claim(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_cache_t *cache, ngx_uint_t kind, u_char *key,
    uint32_t variant, ngx_msec_t timeout)
{
    ngx_smtp_verify_work_t    *work;
    ngx_smtp_verify_cache_claim_t   shared;

    ngx_smtp_verify_cache_claim_key(&shared, kind, key, variant);

    work = ngx_smtp_verify_work_find(cache, shared.key);

    if (work) {
        ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                       "smtp verify claim: waits for another, kind %ui", kind);

        ngx_smtp_verify_claim_wait(claim, work);
        return NGX_AGAIN;
    }

    work = ngx_smtp_verify_work_create(cache, shared.key);
    if (work == NULL) {
        return NGX_ERROR;
    }

    work->timeout = timeout;

    if (ngx_smtp_verify_work_start(work, claim) == NGX_OK) {
        return NGX_OK;
    }

    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, ngx_cycle->log, 0,
                   "smtp verify claim: another process works, kind %ui",
                   kind);

    ngx_smtp_verify_claim_wait(claim, work);

    return NGX_AGAIN;
}


ngx_smtp_verify_claim_t *
ngx_smtp_verify_claim_owner(ngx_smtp_verify_claim_t *claim)
{
    return claim->work ? claim->work->owner : NULL;
}


ngx_smtp_verify_cache_claim_t *
ngx_smtp_verify_claim_shared(ngx_smtp_verify_claim_t *claim)
{
    return &claim->work->shared;
}


ngx_uint_t
ngx_smtp_verify_claim_is_wanted(ngx_smtp_verify_claim_t *claim)
{
    return ngx_smtp_verify_cache_claim_wanted(claim->work->cache,
                                              &claim->work->shared);
}


ngx_smtp_verify_claim_t *
ngx_smtp_verify_claim_first(ngx_smtp_verify_claim_t *claim)
{
    ngx_queue_t  *waiting;

    waiting = &claim->work->waiting;

    return ngx_queue_empty(waiting) ? NULL
           : ngx_queue_data(ngx_queue_head(waiting), ngx_smtp_verify_claim_t,
                            queue);
}


void
ngx_smtp_verify_claim_pass(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_claim_t *to)
{
    to->work = claim->work;
    to->id = claim->id;
    to->owner = 1;
    to->work->owner = to;

    claim->work = NULL;
    claim->owner = 0;
}


void
ngx_smtp_verify_claim_join(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_claim_t *owner)
{
    ngx_smtp_verify_claim_wait(claim, owner->work);
}


void
ngx_smtp_verify_claim_settle(ngx_smtp_verify_claim_t *claim)
{
    ngx_queue_t  waiting;

    ngx_smtp_verify_claim_end(claim, &waiting);
    ngx_smtp_verify_claim_tell(&waiting, NGX_OK);
}


void
ngx_smtp_verify_claim_end(ngx_smtp_verify_claim_t *claim,
    ngx_queue_t *waiting)
{
    uint64_t                 id;
    ngx_smtp_verify_work_t  *work;

    work = claim->work;

    ngx_smtp_verify_claim_unqueue(claim);

    claim->work = NULL;
    claim->owner = 0;

    id = work->shared.id;

    ngx_smtp_verify_cache_claim_end(work->cache, &work->shared);
    ngx_smtp_verify_work_end(work, id, waiting);
}


void
ngx_smtp_verify_claim_leave(ngx_smtp_verify_claim_t *claim)
{
    ngx_queue_t              none;
    ngx_smtp_verify_work_t  *work;

    work = claim->work;

    ngx_smtp_verify_claim_unqueue(claim);

    if (work == NULL) {
        return;
    }

    claim->work = NULL;

    if (claim->owner) {
        claim->owner = 0;
        work->owner = NULL;
        ngx_smtp_verify_cache_claim_end(work->cache, &work->shared);

        if (!ngx_queue_empty(&work->waiting)) {
            ngx_smtp_verify_work_next(work);
            return;
        }
    }

    if (work->owner == NULL && ngx_queue_empty(&work->waiting)) {
        ngx_smtp_verify_work_end(work, 0, &none);
    }
}


static ngx_smtp_verify_work_t *
ngx_smtp_verify_work_find(ngx_smtp_verify_cache_t *cache, u_char *key)
{
    ngx_rbtree_key_t         hash;
    ngx_rbtree_node_t       *node;
    ngx_smtp_verify_work_t  *work;

    if (ngx_smtp_verify_claims.works.root == NULL) {
        ngx_rbtree_init(&ngx_smtp_verify_claims.works,
                        &ngx_smtp_verify_claims.sentinel,
                        ngx_rbtree_insert_value);
    }

    ngx_memcpy(&hash, key, sizeof(ngx_rbtree_key_t));

    node = ngx_smtp_verify_claims.works.root;

    while (node != &ngx_smtp_verify_claims.sentinel) {

        if (hash != node->key) {
            node = (hash < node->key) ? node->left : node->right;
            continue;
        }

        work = (ngx_smtp_verify_work_t *) node;

        if (work->cache == cache
            && ngx_memcmp(work->shared.key, key, SV_STORE_KEY) == 0)
        {
            return work;
        }

        node = node->right;
    }

    return NULL;
}


static ngx_smtp_verify_work_t *
ngx_smtp_verify_work_create(ngx_smtp_verify_cache_t *cache, u_char *key)
{
    ngx_smtp_verify_work_t  *work;

    work = ngx_calloc(sizeof(ngx_smtp_verify_work_t), ngx_cycle->log);
    if (work == NULL) {
        return NULL;
    }

    work->cache = cache;

    ngx_memcpy(work->shared.key, key, SV_STORE_KEY);
    ngx_memcpy(&work->node.key, key, sizeof(ngx_rbtree_key_t));

    ngx_queue_init(&work->waiting);

    work->poll.handler = ngx_smtp_verify_work_poll;
    work->poll.data = work;
    work->poll.log = ngx_cycle->log;
    work->poll.cancelable = 1;

    ngx_rbtree_insert(&ngx_smtp_verify_claims.works, &work->node);

    return work;
}


/* NGX_BUSY: another process works for the key, and is waited for */

static ngx_int_t
ngx_smtp_verify_work_start(ngx_smtp_verify_work_t *work,
    ngx_smtp_verify_claim_t *claim)
{
    if (ngx_smtp_verify_cache_claim_start(work->cache, &work->shared,
                                          work->timeout)
        == NGX_BUSY)
    {
        ngx_add_timer(&work->poll, NGX_SMTP_VERIFY_CLAIM_POLL);
        return NGX_BUSY;
    }

    work->owner = claim;

    claim->work = work;
    claim->owner = 1;
    claim->id = (uint32_t) work->shared.id;

    return NGX_OK;
}


/* The first claim that waits takes over, unless another process has done so. */

static void
ngx_smtp_verify_work_next(ngx_smtp_verify_work_t *work)
{
    ngx_queue_t              *q;
    ngx_smtp_verify_claim_t  *claim;

    q = ngx_queue_head(&work->waiting);
    claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);

    if (ngx_smtp_verify_work_start(work, claim) == NGX_OK) {
        ngx_smtp_verify_claim_unqueue(claim);
        ngx_smtp_verify_claim_post(claim, NGX_OK);
    }
}


/* Does the other process still work? */

static void
ngx_smtp_verify_work_poll(ngx_event_t *ev)
{
    ngx_int_t                rc;
    ngx_queue_t              waiting;
    ngx_smtp_verify_work_t  *work;

    work = ev->data;

    rc = ngx_smtp_verify_exit_is_near() ? NGX_ABORT : NGX_DECLINED;

    if (rc == NGX_DECLINED
        && ngx_smtp_verify_cache_claim_wait(work->cache, &work->shared))
    {
        ngx_add_timer(ev, NGX_SMTP_VERIFY_CLAIM_POLL);
        return;
    }

    ngx_smtp_verify_work_end(work, work->shared.id, &waiting);
    ngx_smtp_verify_claim_tell(&waiting, rc);
}


/* Moves those who waited to *waiting; the id is that of the claim that they
   waited for. */

static void
ngx_smtp_verify_work_end(ngx_smtp_verify_work_t *work, uint64_t id,
    ngx_queue_t *waiting)
{
    ngx_queue_t              *q;
    ngx_smtp_verify_claim_t  *claim;

    ngx_queue_init(waiting);

    if (!ngx_queue_empty(&work->waiting)) {
        ngx_queue_add(waiting, &work->waiting);
    }

    for (q = ngx_queue_head(waiting);
         q != ngx_queue_sentinel(waiting);
         q = ngx_queue_next(q))
    {
        claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);

        claim->work = NULL;
        claim->id = (uint32_t) id;
    }

    if (work->poll.timer_set) {
        ngx_del_timer(&work->poll);
    }

    ngx_rbtree_delete(&ngx_smtp_verify_claims.works, &work->node);
    sv_wipe_free(work);
}


static void
ngx_smtp_verify_claim_wait(ngx_smtp_verify_claim_t *claim,
    ngx_smtp_verify_work_t *work)
{
    claim->work = work;
    claim->owner = 0;
    claim->queued = 1;

    ngx_queue_insert_tail(&work->waiting, &claim->queue);
}


static void
ngx_smtp_verify_claim_unqueue(ngx_smtp_verify_claim_t *claim)
{
    if (claim->queued) {
        claim->queued = 0;
        ngx_queue_remove(&claim->queue);
    }
}


static void
ngx_smtp_verify_claim_tell(ngx_queue_t *waiting, ngx_int_t rc)
{
    ngx_queue_t              *q;
    ngx_smtp_verify_claim_t  *claim;

    while (!ngx_queue_empty(waiting)) {
        q = ngx_queue_head(waiting);
        claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);

        ngx_smtp_verify_claim_unqueue(claim);
        ngx_smtp_verify_claim_post(claim, rc);
    }
}


/*
 * Handlers are not called from here, as they may end the caller, which is still
 * in the middle of settling or leaving.
 */

static void
ngx_smtp_verify_claim_post(ngx_smtp_verify_claim_t *claim, ngx_int_t rc)
{
    ngx_event_t  *ev;

    ev = &ngx_smtp_verify_claims.event;

    if (ev->handler == NULL) {
        ngx_queue_init(&ngx_smtp_verify_claims.told);
        ev->handler = ngx_smtp_verify_claim_told;
    }

    ev->log = ngx_cycle->log;

    claim->rc = rc;
    claim->queued = 1;
    ngx_queue_insert_tail(&ngx_smtp_verify_claims.told, &claim->queue);

    ngx_post_event(ev, &ngx_posted_events);
}


static void
ngx_smtp_verify_claim_told(ngx_event_t *ev)
{
    ngx_queue_t              *q;
    ngx_smtp_verify_claim_t  *claim;

    (void) ev;

    while (!ngx_queue_empty(&ngx_smtp_verify_claims.told)) {
        q = ngx_queue_head(&ngx_smtp_verify_claims.told);
        claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);

        ngx_smtp_verify_claim_unqueue(claim);
        claim->handler(claim);
    }
}
