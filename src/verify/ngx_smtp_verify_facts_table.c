
#include "ngx_smtp_verify_fact.h"


#define NGX_SMTP_VERIFY_FACTS_MAX      8192


static ngx_smtp_verify_fact_t *ngx_smtp_verify_facts_lookup(ngx_str_t *name);
static void ngx_smtp_verify_facts_evict(void);


static ngx_rbtree_t       ngx_smtp_verify_facts_tree;
static ngx_rbtree_node_t  ngx_smtp_verify_facts_sentinel;
static ngx_queue_t        ngx_smtp_verify_facts_lru;
static ngx_uint_t         ngx_smtp_verify_facts_n;
static ngx_uint_t         ngx_smtp_verify_facts_ready;


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


ngx_smtp_verify_fact_t *
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
