
#include "ngx_smtp_verify_throttle_sh.h"


#define NGX_SMTP_VERIFY_THROTTLE_LAYOUT  24
#define NGX_SMTP_VERIFY_THROTTLE_PAGES   8
#define NGX_SMTP_VERIFY_THROTTLE_SHARED  512    /* portions, at most */

/* A zone that a fleet shares has room for portions: another layout. */

#define ngx_smtp_verify_throttle_layout(throttle)                             \
    (2 * NGX_SMTP_VERIFY_THROTTLE_LAYOUT + ((throttle)->behind != NULL))


static ngx_int_t ngx_smtp_verify_throttle_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_int_t ngx_smtp_verify_throttle_format(ngx_shm_zone_t *shm_zone,
    size_t size);
static void ngx_smtp_verify_throttle_rekey(
    ngx_smtp_verify_throttle_t *throttle);
static ngx_int_t ngx_smtp_verify_throttle_view(ngx_shm_zone_t *shm_zone);


ngx_shm_zone_t *
ngx_smtp_verify_throttle_add(ngx_conf_t *cf, ngx_str_t *name, size_t size,
    void *tag)
{
    ngx_shm_zone_t              *shm_zone;
    ngx_smtp_verify_throttle_t  *throttle;

    shm_zone = ngx_smtp_verify_zone_add(cf, name, size,
                                        NGX_SMTP_VERIFY_THROTTLE_PAGES, tag);

    if (shm_zone == NULL || size == 0) {
        return shm_zone;
    }

    throttle = ngx_pcalloc(cf->pool, sizeof(ngx_smtp_verify_throttle_t));
    if (throttle == NULL) {
        return NULL;
    }

    shm_zone->init = ngx_smtp_verify_throttle_init;
    shm_zone->data = throttle;

    return shm_zone;
}


ngx_uint_t
ngx_smtp_verify_throttle_is(ngx_shm_zone_t *shm_zone)
{
    return shm_zone->init == ngx_smtp_verify_throttle_init;
}


ngx_int_t
ngx_smtp_verify_portions_add(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_portions_t *portions)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = ngx_smtp_verify_throttle_is(shm_zone) ? shm_zone->data : NULL;

    if (throttle == NULL || throttle->behind) {
        return NGX_DECLINED;
    }

    throttle->behind = portions;

    return NGX_OK;
}


static ngx_int_t
ngx_smtp_verify_throttle_init(ngx_shm_zone_t *shm_zone, void *data)
{
    size_t                       size;
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = shm_zone->data;

    throttle->shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;
    throttle->sh = ngx_smtp_verify_zone_kept(shm_zone, data);

    if (throttle->sh) {

        if (throttle->sh->layout == ngx_smtp_verify_throttle_layout(throttle))
        {
            ngx_smtp_verify_throttle_rekey(throttle);
            return ngx_smtp_verify_throttle_view(shm_zone);
        }

        ngx_smtp_verify_zone_other_layout(shm_zone);

        return ngx_smtp_verify_throttle_format(shm_zone, throttle->sh->size);
    }

    throttle->sh = ngx_smtp_verify_zone_take(shm_zone, &size);
    if (throttle->sh == NULL) {
        return NGX_ERROR;
    }

    return ngx_smtp_verify_throttle_format(shm_zone, size);
}


static ngx_int_t
ngx_smtp_verify_throttle_format(ngx_shm_zone_t *shm_zone, size_t size)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = shm_zone->data;

    ngx_memzero(throttle->sh, size);

    throttle->sh->layout = ngx_smtp_verify_throttle_layout(throttle);
    throttle->sh->size = size;
    throttle->sh->began = sv_clock_msec();

    if (ngx_smtp_verify_zone_key(shm_zone, throttle->sh->key) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memcpy(throttle->sh->id, throttle->sh->key, sizeof(throttle->sh->id));

    if (ngx_smtp_verify_zone_key(shm_zone, throttle->sh->key) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_smtp_verify_throttle_rekey(throttle);

    return ngx_smtp_verify_throttle_view(shm_zone);
}


/* Machines that share the zone name its entries by one key.  Entries that were
   named by another key are not found again. */

static void
ngx_smtp_verify_throttle_rekey(ngx_smtp_verify_throttle_t *throttle)
{
    if (throttle->shared) {
        ngx_memcpy(throttle->sh->key, throttle->shared_key, SV_SIPHASH_LEN);
    }
}


/* One eighth of the zone is for slots, and an eighth of the rest for portions,
   if there are any, beside the workers that ask for them.  Entry 0 stands for
   "no entry". */

static ngx_int_t
ngx_smtp_verify_throttle_view(ngx_shm_zone_t *shm_zone)
{
    u_char                      *p;
    size_t                       left, chunk;
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = shm_zone->data;

    p = (u_char *) throttle->sh;
    left = throttle->sh->size;

    left -= ngx_align(sizeof(ngx_smtp_verify_throttle_sh_t),
                      NGX_CPU_CACHE_LINE);
    p += ngx_align(sizeof(ngx_smtp_verify_throttle_sh_t),
                   NGX_CPU_CACHE_LINE);

    chunk = NGX_SMTP_VERIFY_THROTTLE_CHUNK * sizeof(ngx_smtp_verify_slot_sh_t);

    throttle->nchunks = ngx_max(left / 8 / chunk, 2);
    throttle->slots = (ngx_smtp_verify_slot_sh_t *) p;

    p += throttle->nchunks * chunk;
    left -= throttle->nchunks * chunk;

    throttle->owners = (uint32_t *) p;

    chunk = ngx_align(throttle->nchunks * sizeof(uint32_t),
                      NGX_CPU_CACHE_LINE);
    p += chunk;
    left -= chunk;

    if (throttle->behind) {
        throttle->workers = (uint32_t *) p;

        p += SV_OWNER_PLACES * sizeof(uint32_t);
        left -= SV_OWNER_PLACES * sizeof(uint32_t);

        throttle->portions = (ngx_smtp_verify_throttle_portion_t *) p;
        throttle->nportions = ngx_min(left / 8
                                  / sizeof(ngx_smtp_verify_throttle_portion_t),
                                  NGX_SMTP_VERIFY_THROTTLE_SHARED);

        chunk = ngx_align(throttle->nportions
                          * sizeof(ngx_smtp_verify_throttle_portion_t),
                          NGX_CPU_CACHE_LINE);
        p += chunk;
        left -= chunk;
    }

    throttle->entries = (ngx_smtp_verify_throttle_entry_t *) p;
    throttle->nsets = (left / sizeof(ngx_smtp_verify_throttle_entry_t) - 1)
                      / NGX_SMTP_VERIFY_THROTTLE_WAYS;

    ngx_rbtree_init(&throttle->tree, &throttle->sentinel,
                    ngx_rbtree_insert_value);
    ngx_queue_init(&throttle->queues);
    ngx_queue_init(&throttle->urgent);
    throttle->interval = NGX_SMTP_VERIFY_THROTTLE_POLL;

    /* not the log of ngx_cycle, which still is the old cycle and will be
       freed */

    throttle->poll.handler = ngx_smtp_verify_throttle_poll;
    throttle->poll.data = throttle;
    throttle->poll.log = shm_zone->shm.log;

    throttle->wake.handler = ngx_smtp_verify_throttle_wake;
    throttle->wake.data = throttle;
    throttle->wake.log = shm_zone->shm.log;

    return NGX_OK;
}


void
ngx_smtp_verify_throttle_process(ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_throttle_t  *throttle;

    if (!ngx_smtp_verify_throttle_is(shm_zone)) {
        return;
    }

    throttle = shm_zone->data;

    ngx_shmtx_lock(&throttle->shpool->mutex);
    ngx_smtp_verify_throttle_succeed(throttle);
    ngx_shmtx_unlock(&throttle->shpool->mutex);
}


void
ngx_smtp_verify_throttle_exit(ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_throttle_t  *throttle;

    if (!ngx_smtp_verify_throttle_is(shm_zone)) {
        return;
    }

    throttle = shm_zone->data;

    ngx_shmtx_lock(&throttle->shpool->mutex);
    ngx_smtp_verify_throttle_desert(throttle);
    ngx_shmtx_unlock(&throttle->shpool->mutex);
}


/* Each worker may hold up to two chunks that it does not need, and so may one
   that is shutting down. */

ngx_uint_t
ngx_smtp_verify_throttle_workers(ngx_shm_zone_t *shm_zone)
{
    ngx_smtp_verify_throttle_t  *throttle;

    throttle = shm_zone->data;

    return throttle->nchunks / 4;
}


void
ngx_smtp_verify_throttle_stats(ngx_smtp_verify_throttle_t *throttle,
    ngx_smtp_verify_throttle_stats_t *stats)
{
    ngx_uint_t                         i, n;
    ngx_smtp_verify_throttle_entry_t  *e;

    ngx_memzero(stats, sizeof(ngx_smtp_verify_throttle_stats_t));

    ngx_shmtx_lock(&throttle->shpool->mutex);

    ngx_smtp_verify_throttle_sweep(throttle, sv_clock_msec());

    stats->counts = throttle->sh->counts;
    stats->sessions = throttle->sh->sessions;

    stats->waiting = throttle->sh->waiting;

    ngx_shmtx_unlock(&throttle->shpool->mutex);

    /* read without the lock: a number may be off by one */

    n = throttle->nsets * NGX_SMTP_VERIFY_THROTTLE_WAYS;

    for (i = 1; i <= n; i++) {

        e = &throttle->entries[i];

        stats->entries += (e->seen != 0);
        stats->risen += (e->seen && sv_budget_learned(&e->rejects) > 0);
        stats->fallen += (e->seen && sv_budget_learned(&e->rejects) < 0);

        if (e->breaker.until) {
            stats->open += (e->voided == 0 && !e->address);
            stats->suspended += (e->voided != 0);
        }
    }
}
