
#include "ngx_smtp_verify_facts.h"


#define NGX_SMTP_VERIFY_FACTS_MAX      8192
#define NGX_SMTP_VERIFY_CATCH_ALL_TTL  21600        /* s */
#define NGX_SMTP_VERIFY_STEPWISE_TTL   86400
#define NGX_SMTP_VERIFY_GREYLISTS_TTL  86400


typedef struct {
    ngx_str_node_t            node;
    ngx_queue_t               lru;
    ngx_queue_t               waiting;
    ngx_smtp_verify_claim_t  *owner;
    ngx_int_t                 catch_all;
    time_t                    catch_all_expires;
    time_t                    stepwise_expires;
    time_t                    greylists_expires;
    u_char                    name[1];
} ngx_smtp_verify_fact_t;


static ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_lookup(ngx_str_t *name);
static ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_add(ngx_str_t *name);
static void ngx_smtp_verify_facts_evict(void);
static void ngx_smtp_verify_facts_wake(ngx_smtp_verify_fact_t *fact);


static ngx_rbtree_t       ngx_smtp_verify_facts_tree;
static ngx_rbtree_node_t  ngx_smtp_verify_facts_sentinel;
static ngx_queue_t        ngx_smtp_verify_facts_lru;
static ngx_uint_t         ngx_smtp_verify_facts_n;
static ngx_uint_t         ngx_smtp_verify_facts_ready;


ngx_int_t
ngx_smtp_verify_facts_catch_all(ngx_str_t *domain)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_lookup(domain);

    if (fact == NULL || fact->catch_all_expires <= ngx_time()) {
        return NGX_SMTP_VERIFY_UNKNOWN;
    }

    return fact->catch_all;
}


void
ngx_smtp_verify_facts_not_catch_all(ngx_str_t *domain)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_add(domain);

    if (fact) {
        fact->catch_all = NGX_SMTP_VERIFY_NO;
        fact->catch_all_expires = ngx_time() + NGX_SMTP_VERIFY_CATCH_ALL_TTL;
    }
}


ngx_int_t
ngx_smtp_verify_facts_claim(ngx_str_t *domain, ngx_smtp_verify_claim_t *claim)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_add(domain);
    if (fact == NULL) {
        return NGX_ERROR;
    }

    claim->fact = fact;

    if (fact->owner == NULL) {
        fact->owner = claim;
        claim->owner = 1;
        return NGX_OK;
    }

    claim->owner = 0;
    ngx_queue_insert_tail(&fact->waiting, &claim->queue);

    return NGX_AGAIN;
}


void
ngx_smtp_verify_facts_settle(ngx_smtp_verify_claim_t *claim, ngx_int_t state)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = claim->fact;

    if (fact == NULL || !claim->owner) {
        return;
    }

    claim->fact = NULL;
    fact->owner = NULL;

    if (state != NGX_SMTP_VERIFY_UNKNOWN) {
        fact->catch_all = state;
        fact->catch_all_expires = ngx_time() + NGX_SMTP_VERIFY_CATCH_ALL_TTL;
    }

    ngx_smtp_verify_facts_wake(fact);
}


/* takes them off first: a handler may claim anew, or end another one's wait */

static void
ngx_smtp_verify_facts_wake(ngx_smtp_verify_fact_t *fact)
{
    ngx_queue_t              *q, woken;
    ngx_smtp_verify_claim_t  *claim;

    if (ngx_queue_empty(&fact->waiting)) {
        return;
    }

    ngx_queue_init(&woken);
    ngx_queue_add(&woken, &fact->waiting);
    ngx_queue_init(&fact->waiting);

    while (!ngx_queue_empty(&woken)) {
        q = ngx_queue_head(&woken);
        ngx_queue_remove(q);

        claim = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);
        claim->fact = NULL;
        claim->handler(claim);
    }
}


void
ngx_smtp_verify_facts_abandon(ngx_smtp_verify_claim_t *claim)
{
    ngx_queue_t              *q;
    ngx_smtp_verify_fact_t   *fact;
    ngx_smtp_verify_claim_t  *next;

    fact = claim->fact;

    if (fact == NULL) {
        return;
    }

    claim->fact = NULL;

    if (!claim->owner) {
        ngx_queue_remove(&claim->queue);
        return;
    }

    claim->owner = 0;
    fact->owner = NULL;

    if (ngx_queue_empty(&fact->waiting)) {
        return;
    }

    q = ngx_queue_head(&fact->waiting);
    ngx_queue_remove(q);

    next = ngx_queue_data(q, ngx_smtp_verify_claim_t, queue);
    next->owner = 1;
    fact->owner = next;

    next->handler(next);
}


ngx_uint_t
ngx_smtp_verify_facts_stepwise(ngx_str_t *host)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_lookup(host);

    return fact && fact->stepwise_expires > ngx_time();
}


void
ngx_smtp_verify_facts_set_stepwise(ngx_str_t *host)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_add(host);

    if (fact) {
        fact->stepwise_expires = ngx_time() + NGX_SMTP_VERIFY_STEPWISE_TTL;
    }
}


ngx_uint_t
ngx_smtp_verify_facts_greylists(ngx_str_t *host)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_lookup(host);

    return fact && fact->greylists_expires > ngx_time();
}


void
ngx_smtp_verify_facts_set_greylists(ngx_str_t *host)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_add(host);

    if (fact) {
        fact->greylists_expires = ngx_time() + NGX_SMTP_VERIFY_GREYLISTS_TTL;
    }
}


static ngx_smtp_verify_fact_t *
ngx_smtp_verify_facts_lookup(ngx_str_t *name)
{
    ngx_str_node_t          *node;
    ngx_smtp_verify_fact_t  *fact;

    if (!ngx_smtp_verify_facts_ready) {
        ngx_rbtree_init(&ngx_smtp_verify_facts_tree,
                        &ngx_smtp_verify_facts_sentinel,
                        ngx_str_rbtree_insert_value);
        ngx_queue_init(&ngx_smtp_verify_facts_lru);
        ngx_smtp_verify_facts_ready = 1;
    }

    node = ngx_str_rbtree_lookup(&ngx_smtp_verify_facts_tree, name,
                                 ngx_crc32_long(name->data, name->len));
    if (node == NULL) {
        return NULL;
    }

    fact = (ngx_smtp_verify_fact_t *) node;

    ngx_queue_remove(&fact->lru);
    ngx_queue_insert_head(&ngx_smtp_verify_facts_lru, &fact->lru);

    return fact;
}


static ngx_smtp_verify_fact_t *
ngx_smtp_verify_facts_add(ngx_str_t *name)
{
    ngx_smtp_verify_fact_t  *fact;

    fact = ngx_smtp_verify_facts_lookup(name);
    if (fact) {
        return fact;
    }

    if (ngx_smtp_verify_facts_n >= NGX_SMTP_VERIFY_FACTS_MAX) {
        ngx_smtp_verify_facts_evict();
    }

    fact = ngx_calloc(offsetof(ngx_smtp_verify_fact_t, name) + name->len,
                      ngx_cycle->log);
    if (fact == NULL) {
        return NULL;
    }

    ngx_memcpy(fact->name, name->data, name->len);
    fact->node.str.data = fact->name;
    fact->node.str.len = name->len;
    fact->node.node.key = ngx_crc32_long(name->data, name->len);
    fact->catch_all = NGX_SMTP_VERIFY_UNKNOWN;

    ngx_queue_init(&fact->waiting);
    ngx_rbtree_insert(&ngx_smtp_verify_facts_tree, &fact->node.node);
    ngx_queue_insert_head(&ngx_smtp_verify_facts_lru, &fact->lru);
    ngx_smtp_verify_facts_n++;

    return fact;
}


/* the oldest that nobody works on; beyond a few steps the table may grow */

static void
ngx_smtp_verify_facts_evict(void)
{
    ngx_uint_t               i;
    ngx_queue_t             *q;
    ngx_smtp_verify_fact_t  *fact;

    q = ngx_queue_last(&ngx_smtp_verify_facts_lru);

    for (i = 0; i < 8 && q != &ngx_smtp_verify_facts_lru; i++) {

        fact = ngx_queue_data(q, ngx_smtp_verify_fact_t, lru);
        q = ngx_queue_prev(q);

        if (fact->owner == NULL && ngx_queue_empty(&fact->waiting)) {
            ngx_queue_remove(&fact->lru);
            ngx_rbtree_delete(&ngx_smtp_verify_facts_tree, &fact->node.node);
            ngx_free(fact);
            ngx_smtp_verify_facts_n--;
        }
    }
}
