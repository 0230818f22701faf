
#include "ngx_smtp_verify_batch.h"
#include "ngx_smtp_verify_packed.h"
#include "sv_wipe.h"


#define NGX_SMTP_VERIFY_BATCH_SEEN_MAX  4096


/* an address that is being verified, or was verified lately */

struct ngx_smtp_verify_batch_seen_s {
    ngx_queue_t                   queue;        /* of the bucket */
    ngx_queue_t                   recent;       /* of all with a result */
    ngx_smtp_verify_batch_item_t *item;         /* verifies it; or NULL */
    uint32_t                      hash;
    size_t                        len;
    size_t                        key_len;
    u_char                       *data;         /* the packed result */
    u_char                        key[1];
};


static ngx_smtp_verify_batch_seen_t *ngx_smtp_verify_batch_seen_lookup(
    ngx_smtp_verify_batch_t *b);
static void ngx_smtp_verify_batch_seen_delete(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_seen_t *seen);


/* The address that is looked for at the moment, and its result: too large for
   the stack, and only one is looked for at a time. */

static sv_scratch struct {
    u_char                    key[SV_LOCAL_MAX + 1 + SV_DOMAIN_MAX];
    size_t                    key_len;
    uint32_t                  hash;
    ngx_smtp_verify_packed_t  record;
}  ngx_smtp_verify_batch_sought;


ngx_int_t
ngx_smtp_verify_batch_seen_find(ngx_smtp_verify_batch_t *b,
    ngx_str_t *email, ngx_smtp_verify_result_t **result,
    ngx_smtp_verify_batch_item_t **item)
{
    u_char                        *p;
    sv_address_t                  *addr;
    ngx_smtp_verify_batch_seen_t  *seen;

    ngx_smtp_verify_batch_sought.key_len = 0;

    if (ngx_smtp_verify_parse(email, &addr) != SV_ADDRESS_OK) {
        return NGX_DECLINED;
    }

    p = ngx_smtp_verify_batch_sought.key;
    p = ngx_cpymem(p, addr->local.data, addr->local.len);
    *p++ = '@';
    p = ngx_cpymem(p, addr->domain.data, addr->domain.len);

    ngx_smtp_verify_batch_sought.key_len = p - ngx_smtp_verify_batch_sought.key;
    ngx_smtp_verify_batch_sought.hash =
                          ngx_murmur_hash2(ngx_smtp_verify_batch_sought.key,
                                         ngx_smtp_verify_batch_sought.key_len);

    seen = ngx_smtp_verify_batch_seen_lookup(b);

    if (seen == NULL) {
        return NGX_DECLINED;
    }

    if (seen->item) {
        *item = seen->item;
        return NGX_AGAIN;
    }

    if (ngx_smtp_verify_packed_read(&ngx_smtp_verify_batch_sought.record,
                                    seen->data, seen->len, addr,
                                    b->asker.conf->lists)
        != NGX_OK)
    {
        ngx_smtp_verify_batch_seen_delete(b, seen);
        return NGX_DECLINED;
    }

    ngx_queue_remove(&seen->recent);
    ngx_queue_insert_head(&b->recent, &seen->recent);

    *result = &ngx_smtp_verify_batch_sought.record.result;

    (*result)->email = *email;
    (*result)->elapsed = 0;
    (*result)->cached = 1;

    return NGX_OK;
}


/* Must be called directly after _seen_find() returned NGX_DECLINED. */

void
ngx_smtp_verify_batch_seen_add(ngx_smtp_verify_batch_item_t *item)
{
    ngx_queue_t                   *q;
    ngx_smtp_verify_batch_seen_t  *seen;
    ngx_smtp_verify_batch_t       *b;

    b = item->batch;

    if (ngx_smtp_verify_batch_sought.key_len == 0) {
        return;
    }

    if (b->nseen >= NGX_SMTP_VERIFY_BATCH_SEEN_MAX
        && !ngx_queue_empty(&b->recent))
    {
        q = ngx_queue_last(&b->recent);
        seen = ngx_queue_data(q, ngx_smtp_verify_batch_seen_t, recent);
        ngx_smtp_verify_batch_seen_delete(b, seen);
    }

    seen = ngx_calloc(sizeof(ngx_smtp_verify_batch_seen_t)
                      + ngx_smtp_verify_batch_sought.key_len,
                      b->log);
    if (seen == NULL) {
        return;
    }

    seen->item = item;
    seen->hash = ngx_smtp_verify_batch_sought.hash;
    seen->key_len = ngx_smtp_verify_batch_sought.key_len;
    ngx_memcpy(seen->key, ngx_smtp_verify_batch_sought.key, seen->key_len);

    ngx_queue_insert_head(&b->seen[seen->hash
                                   % NGX_SMTP_VERIFY_BATCH_SEEN],
                          &seen->queue);
    b->nseen++;

    item->seen = seen;
}


void
ngx_smtp_verify_batch_seen_keep(ngx_smtp_verify_batch_item_t *item,
    ngx_smtp_verify_result_t *result)
{
    size_t                         len;
    sv_address_t                  *addr;
    ngx_smtp_verify_batch_seen_t  *seen;
    ngx_smtp_verify_batch_t       *b;
    static sv_scratch u_char       data[NGX_SMTP_VERIFY_PACKED_MAX];

    b = item->batch;
    seen = item->seen;

    if (seen == NULL) {
        return;
    }

    if (ngx_smtp_verify_parse(&item->rec.email, &addr) != SV_ADDRESS_OK) {
        ngx_smtp_verify_batch_seen_drop(item);
        return;
    }

    len = ngx_smtp_verify_packed_write(data, result, addr,
                                       b->asker.conf->version);

    seen->data = ngx_alloc(len, b->log);
    if (seen->data == NULL) {
        ngx_smtp_verify_batch_seen_drop(item);
        return;
    }

    ngx_memcpy(seen->data, data, len);
    seen->len = len;
    seen->item = NULL;

    ngx_queue_insert_head(&b->recent, &seen->recent);

    item->seen = NULL;
}


void
ngx_smtp_verify_batch_seen_drop(ngx_smtp_verify_batch_item_t *item)
{
    if (item->seen) {
        ngx_smtp_verify_batch_seen_delete(item->batch, item->seen);
        item->seen = NULL;
    }
}


void
ngx_smtp_verify_batch_seen_free(ngx_smtp_verify_batch_t *b)
{
    ngx_queue_t                   *q, *next;
    ngx_smtp_verify_batch_seen_t  *seen;

    for (q = ngx_queue_head(&b->recent);
         q != ngx_queue_sentinel(&b->recent);
         q = next)
    {
        next = ngx_queue_next(q);
        seen = ngx_queue_data(q, ngx_smtp_verify_batch_seen_t, recent);

        sv_wipe_free(seen->data);
        sv_wipe_free(seen);
    }

    ngx_queue_init(&b->recent);
}


static ngx_smtp_verify_batch_seen_t *
ngx_smtp_verify_batch_seen_lookup(ngx_smtp_verify_batch_t *b)
{
    ngx_queue_t                   *q, *bucket;
    ngx_smtp_verify_batch_seen_t  *seen;

    bucket = &b->seen[ngx_smtp_verify_batch_sought.hash
                      % NGX_SMTP_VERIFY_BATCH_SEEN];

    for (q = ngx_queue_head(bucket); q != bucket; q = ngx_queue_next(q)) {
        seen = ngx_queue_data(q, ngx_smtp_verify_batch_seen_t, queue);

        if (seen->hash == ngx_smtp_verify_batch_sought.hash
            && seen->key_len == ngx_smtp_verify_batch_sought.key_len
            && ngx_memcmp(seen->key, ngx_smtp_verify_batch_sought.key,
                          seen->key_len)
               == 0)
        {
            return seen;
        }
    }

    return NULL;
}


static void
ngx_smtp_verify_batch_seen_delete(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_seen_t *seen)
{
    if (seen->item == NULL) {
        ngx_queue_remove(&seen->recent);
        sv_wipe_free(seen->data);
    }

    ngx_queue_remove(&seen->queue);
    sv_wipe_free(seen);

    b->nseen--;
}
