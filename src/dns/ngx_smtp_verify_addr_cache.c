
#include "ngx_smtp_verify_addr_cache.h"


#define NGX_SMTP_VERIFY_ADDR_CACHE_MAX      4096        /* hosts */
#define NGX_SMTP_VERIFY_ADDR_CACHE_PARTIAL  30          /* s */


static void ngx_smtp_verify_addr_cache_init(void);
static ngx_int_t ngx_smtp_verify_addr_cache_key(ngx_resolver_t *r,
    ngx_str_t *name, ngx_str_t *key, uint32_t *hash);
static void ngx_smtp_verify_addr_cache_drop(
    ngx_smtp_verify_addr_entry_t *entry);


static struct {
    ngx_rbtree_t       tree;
    ngx_rbtree_node_t  sentinel;
    ngx_queue_t        lru;
    ngx_uint_t         n;
    ngx_uint_t         ready;
}  ngx_smtp_verify_addr_cache;


ngx_smtp_verify_addr_entry_t *
ngx_smtp_verify_addr_cache_get(ngx_resolver_t *r, ngx_str_t *name)
{
    uint32_t                       hash;
    ngx_str_t                      key;
    ngx_str_node_t                *sn;
    ngx_smtp_verify_addr_entry_t  *entry;

    u_char                         buf[sizeof(uint32_t) + SV_DNS_NAME_MAX];

    key.data = buf;

    if (ngx_smtp_verify_addr_cache_key(r, name, &key, &hash) != NGX_OK) {
        return NULL;
    }

    ngx_smtp_verify_addr_cache_init();

    sn = ngx_str_rbtree_lookup(&ngx_smtp_verify_addr_cache.tree, &key, hash);
    if (sn == NULL) {
        return NULL;
    }

    entry = (ngx_smtp_verify_addr_entry_t *) sn;

    if (entry->expires < ngx_time()) {
        ngx_smtp_verify_addr_cache_drop(entry);
        return NULL;
    }

    ngx_queue_remove(&entry->lru);
    ngx_queue_insert_head(&ngx_smtp_verify_addr_cache.lru, &entry->lru);

    return entry;
}


ngx_smtp_verify_addr_entry_t *
ngx_smtp_verify_addr_cache_add(ngx_resolver_t *r, ngx_str_t *name,
    time_t ttl, ngx_uint_t partial)
{
    uint32_t                       hash;
    ngx_str_t                      key;
    ngx_queue_t                   *q;
    ngx_smtp_verify_addr_entry_t  *entry;

    u_char                         buf[sizeof(uint32_t) + SV_DNS_NAME_MAX];

    key.data = buf;

    if (ngx_smtp_verify_addr_cache_key(r, name, &key, &hash) != NGX_OK) {
        return NULL;
    }

    entry = ngx_smtp_verify_addr_cache_get(r, name);

    if (entry == NULL) {

        if (ngx_smtp_verify_addr_cache.n >= NGX_SMTP_VERIFY_ADDR_CACHE_MAX) {
            q = ngx_queue_last(&ngx_smtp_verify_addr_cache.lru);
            ngx_smtp_verify_addr_cache_drop(
                       ngx_queue_data(q, ngx_smtp_verify_addr_entry_t, lru));
        }

        entry = ngx_alloc(sizeof(ngx_smtp_verify_addr_entry_t) + key.len,
                          ngx_cycle->log);
        if (entry == NULL) {
            return NULL;
        }

        ngx_str_null(&entry->alias);
        ngx_memcpy(entry->key, key.data, key.len);

        entry->sn.node.key = hash;
        entry->sn.str.data = entry->key;
        entry->sn.str.len = key.len;

        ngx_rbtree_insert(&ngx_smtp_verify_addr_cache.tree, &entry->sn.node);
        ngx_queue_insert_head(&ngx_smtp_verify_addr_cache.lru, &entry->lru);
        ngx_smtp_verify_addr_cache.n++;
    }

    /* "valid" of the resolver overrides the TTL, as in nginx's own cache */

    if (r->valid) {
        ttl = r->valid;
    }

    if (partial) {
        ttl = ngx_min(ttl, NGX_SMTP_VERIFY_ADDR_CACHE_PARTIAL);
    }

    entry->expires = ngx_time() + ttl;

    return entry;
}


static void
ngx_smtp_verify_addr_cache_init(void)
{
    if (ngx_smtp_verify_addr_cache.ready) {
        return;
    }

    ngx_rbtree_init(&ngx_smtp_verify_addr_cache.tree,
                    &ngx_smtp_verify_addr_cache.sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&ngx_smtp_verify_addr_cache.lru);

    ngx_smtp_verify_addr_cache.ready = 1;
}


/* The key is a CRC-32 of the name servers and of the families that are asked
   for, then the name in lower case. */

static ngx_int_t
ngx_smtp_verify_addr_cache_key(ngx_resolver_t *r, ngx_str_t *name,
    ngx_str_t *key, uint32_t *hash)
{
    uint32_t                    crc;
    ngx_uint_t                  i;
    ngx_resolver_connection_t  *rec;

    if (name->len > SV_DNS_NAME_MAX) {
        return NGX_DECLINED;
    }

    ngx_crc32_init(crc);

    rec = r->connections.elts;

    for (i = 0; i < r->connections.nelts; i++) {
        ngx_crc32_update(&crc, (u_char *) rec[i].sockaddr, rec[i].socklen);
    }

    for (i = 0; i < NGX_SMTP_VERIFY_ADDR_FAMILIES; i++) {
        crc = crc << 1 | ngx_smtp_verify_addr_asks(r, i);
    }

    ngx_memcpy(key->data, &crc, sizeof(uint32_t));

    key->len = sizeof(uint32_t) + name->len;

    *hash = crc ^ (uint32_t) ngx_hash_strlow(key->data + sizeof(uint32_t),
                                             name->data, name->len);

    return NGX_OK;
}


static void
ngx_smtp_verify_addr_cache_drop(ngx_smtp_verify_addr_entry_t *entry)
{
    ngx_rbtree_delete(&ngx_smtp_verify_addr_cache.tree, &entry->sn.node);
    ngx_queue_remove(&entry->lru);
    ngx_smtp_verify_addr_cache.n--;

    if (entry->alias.data) {
        ngx_free(entry->alias.data);
    }

    ngx_free(entry);
}


void
ngx_smtp_verify_addr_cache_alias(ngx_smtp_verify_addr_entry_t *entry,
    ngx_str_t *alias)
{
    if (entry->alias.data) {
        ngx_free(entry->alias.data);
        ngx_str_null(&entry->alias);
    }

    if (alias->len == 0) {
        return;
    }

    entry->alias.data = ngx_alloc(alias->len, ngx_cycle->log);

    if (entry->alias.data) {
        entry->alias.len = alias->len;
        ngx_memcpy(entry->alias.data, alias->data, alias->len);
    }
}


void
ngx_smtp_verify_addr_cache_exit(void)
{
    ngx_queue_t  *q;

    if (!ngx_smtp_verify_addr_cache.ready) {
        return;
    }

    while (!ngx_queue_empty(&ngx_smtp_verify_addr_cache.lru)) {
        q = ngx_queue_head(&ngx_smtp_verify_addr_cache.lru);
        ngx_smtp_verify_addr_cache_drop(
                       ngx_queue_data(q, ngx_smtp_verify_addr_entry_t, lru));
    }
}
