
#include "ngx_smtp_verify_age.h"


#define NGX_SMTP_VERIFY_AGE_MAX   8192
#define NGX_SMTP_VERIFY_AGE_TTL   86400     /* s */
#define NGX_SMTP_VERIFY_AGE_FAIL  3600


typedef struct {
    ngx_str_node_t  node;
    ngx_queue_t     lru;
    time_t          expires;
    ngx_uint_t      day;        /* 0: nobody could tell, or will soon */
    u_char          name[1];
} ngx_smtp_verify_age_t;


static ngx_smtp_verify_age_t *ngx_smtp_verify_age_lookup(ngx_str_t *domain);
static ngx_smtp_verify_age_t *ngx_smtp_verify_age_add(ngx_str_t *domain);
static void ngx_smtp_verify_age_evict(void);


static ngx_rbtree_t       ngx_smtp_verify_age_tree;
static ngx_rbtree_node_t  ngx_smtp_verify_age_sentinel;
static ngx_queue_t        ngx_smtp_verify_age_lru;
static ngx_uint_t         ngx_smtp_verify_age_n;


ngx_uint_t
ngx_smtp_verify_age(ngx_str_t *domain)
{
    ngx_smtp_verify_age_t  *age;

    age = ngx_smtp_verify_age_lookup(domain);

    return (age && age->expires > ngx_time()) ? age->day : 0;
}


ngx_int_t
ngx_smtp_verify_age_claim(ngx_str_t *domain)
{
    ngx_smtp_verify_age_t  *age;

    age = ngx_smtp_verify_age_lookup(domain);

    if (age && age->expires > ngx_time()) {
        return NGX_DECLINED;
    }

    if (age == NULL) {
        age = ngx_smtp_verify_age_add(domain);

        if (age == NULL) {
            return NGX_DECLINED;
        }
    }

    age->day = 0;
    age->expires = ngx_time() + NGX_SMTP_VERIFY_AGE_FAIL;

    return NGX_OK;
}


void
ngx_smtp_verify_age_set(ngx_str_t *domain, ngx_uint_t day)
{
    ngx_smtp_verify_age_t  *age;

    age = ngx_smtp_verify_age_lookup(domain);

    if (age == NULL) {
        age = ngx_smtp_verify_age_add(domain);
    }

    if (age) {
        age->day = day;
        age->expires = ngx_time() + NGX_SMTP_VERIFY_AGE_TTL;
    }
}


static ngx_smtp_verify_age_t *
ngx_smtp_verify_age_lookup(ngx_str_t *domain)
{
    uint32_t                hash;
    ngx_str_node_t         *node;
    ngx_smtp_verify_age_t  *age;

    if (ngx_smtp_verify_age_tree.root == NULL) {
        ngx_rbtree_init(&ngx_smtp_verify_age_tree,
                        &ngx_smtp_verify_age_sentinel,
                        ngx_str_rbtree_insert_value);
        ngx_queue_init(&ngx_smtp_verify_age_lru);
    }

    hash = ngx_crc32_long(domain->data, domain->len);

    node = ngx_str_rbtree_lookup(&ngx_smtp_verify_age_tree, domain, hash);
    if (node == NULL) {
        return NULL;
    }

    age = (ngx_smtp_verify_age_t *) node;

    ngx_queue_remove(&age->lru);
    ngx_queue_insert_head(&ngx_smtp_verify_age_lru, &age->lru);

    return age;
}


static ngx_smtp_verify_age_t *
ngx_smtp_verify_age_add(ngx_str_t *domain)
{
    ngx_smtp_verify_age_t  *age;

    if (ngx_smtp_verify_age_n >= NGX_SMTP_VERIFY_AGE_MAX) {
        ngx_smtp_verify_age_evict();
    }

    age = ngx_alloc(offsetof(ngx_smtp_verify_age_t, name) + domain->len,
                    ngx_cycle->log);
    if (age == NULL) {
        return NULL;
    }

    ngx_memcpy(age->name, domain->data, domain->len);

    age->node.str.data = age->name;
    age->node.str.len = domain->len;
    age->node.node.key = ngx_crc32_long(domain->data, domain->len);

    ngx_rbtree_insert(&ngx_smtp_verify_age_tree, &age->node.node);
    ngx_queue_insert_head(&ngx_smtp_verify_age_lru, &age->lru);
    ngx_smtp_verify_age_n++;

    return age;
}


static void
ngx_smtp_verify_age_evict(void)
{
    ngx_queue_t            *q;
    ngx_smtp_verify_age_t  *age;

    q = ngx_queue_last(&ngx_smtp_verify_age_lru);
    age = ngx_queue_data(q, ngx_smtp_verify_age_t, lru);

    ngx_queue_remove(q);
    ngx_rbtree_delete(&ngx_smtp_verify_age_tree, &age->node.node);
    ngx_smtp_verify_age_n--;

    ngx_free(age);
}
