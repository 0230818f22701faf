
#include "ngx_smtp_verify_counters.h"

#include "ngx_smtp_verify_zone.h"


#define NGX_SMTP_VERIFY_COUNTERS_PARTS  128


/* Aligned, so that no two workers write to the same cache line. */

typedef struct {
    ngx_atomic_t                  owner;    /* 0: never used */
    ngx_smtp_verify_counters_t    counters;
} __attribute__((aligned(NGX_CPU_CACHE_LINE)))
                                  ngx_smtp_verify_counters_part_t;


typedef struct {
    size_t                            size;
    ngx_smtp_verify_counters_part_t  *parts;
    ngx_atomic_t                      nproviders;
    ngx_smtp_verify_counters_provider_t
                                      providers[NGX_SMTP_VERIFY_PROVIDERS];
} ngx_smtp_verify_counters_sh_t;


static ngx_int_t ngx_smtp_verify_counters_init(ngx_shm_zone_t *shm_zone,
    void *data);
static ngx_smtp_verify_counters_provider_t *ngx_smtp_verify_counters_place(
    ngx_smtp_verify_counters_sh_t *sh, u_char *name, size_t len);
static ngx_smtp_verify_counters_provider_t *ngx_smtp_verify_counters_find(
    ngx_smtp_verify_counters_sh_t *sh, u_char *name, size_t len);
static ngx_uint_t ngx_smtp_verify_counters_take(
    ngx_smtp_verify_counters_part_t *part, uint32_t owner, uint32_t self);


static ngx_smtp_verify_counters_t  ngx_smtp_verify_counters_local;

ngx_smtp_verify_counters_t  *ngx_smtp_verify_counters =
    &ngx_smtp_verify_counters_local;

/* the zone of this process, or NULL */

static ngx_shm_zone_t  *ngx_smtp_verify_counters_zone;

const ngx_msec_t  ngx_smtp_verify_latencies[] =
    NGX_SMTP_VERIFY_LATENCIES;


ngx_shm_zone_t *
ngx_smtp_verify_counters_add(ngx_conf_t *cf, void *tag)
{
    size_t           size;
    ngx_shm_zone_t  *shm_zone;
    ngx_str_t        name = ngx_string("smtp_verify_counters");

    size = sizeof(ngx_smtp_verify_counters_part_t)
           * NGX_SMTP_VERIFY_COUNTERS_PARTS;

    shm_zone = ngx_shared_memory_add(cf, &name,
                                     ngx_align(size, ngx_pagesize)
                                     + ngx_align(
                                         sizeof(ngx_smtp_verify_counters_sh_t),
                                         ngx_pagesize)
                                     + 8 * ngx_pagesize, tag);
    if (shm_zone) {
        shm_zone->init = ngx_smtp_verify_counters_init;
    }

    return shm_zone;
}


static ngx_int_t
ngx_smtp_verify_counters_init(ngx_shm_zone_t *shm_zone, void *data)
{
    size_t                          size;
    ngx_slab_pool_t                *shpool;
    ngx_smtp_verify_counters_sh_t  *sh;

    shpool = (ngx_slab_pool_t *) shm_zone->shm.addr;

    size = sizeof(ngx_smtp_verify_counters_part_t)
           * NGX_SMTP_VERIFY_COUNTERS_PARTS;

    sh = ngx_smtp_verify_zone_kept(shm_zone, data);

    if (sh && sh->size == size) {
        shm_zone->data = sh;
        return NGX_OK;
    }

    sh = ngx_slab_calloc(shpool, sizeof(ngx_smtp_verify_counters_sh_t));
    if (sh == NULL) {
        return NGX_ERROR;
    }

    sh->size = size;
    sh->providers[0].len = sizeof("other") - 1;
    ngx_memcpy(sh->providers[0].name, "other", sizeof("other") - 1);
    sh->nproviders = 1;
    sh->parts = ngx_slab_calloc(shpool, size);

    if (sh->parts == NULL) {
        return NGX_ERROR;
    }

    shpool->data = sh;
    shm_zone->data = sh;

    return NGX_OK;
}


/*
 * Takes the part of the process that had this process's place before, or else
 * any free one.  If there are more workers than parts, the last workers count
 * only for themselves.
 */

void
ngx_smtp_verify_counters_process(ngx_shm_zone_t *shm_zone)
{
    uint32_t                        owner, self;
    ngx_uint_t                      i;
    ngx_smtp_verify_counters_sh_t  *sh;

    sh = shm_zone->data;
    self = ngx_smtp_verify_zone_owner();

    ngx_smtp_verify_counters_zone = shm_zone;

    for (i = 0; i < NGX_SMTP_VERIFY_COUNTERS_PARTS; i++) {

        owner = (uint32_t) sh->parts[i].owner;

        if (sv_owner_pid(owner)
            && sv_owner_place(owner) == sv_owner_place(self)
            && ngx_smtp_verify_counters_take(&sh->parts[i], owner, self))
        {
            return;
        }
    }

    for (i = 0; i < NGX_SMTP_VERIFY_COUNTERS_PARTS; i++) {

        owner = (uint32_t) sh->parts[i].owner;

        if (!sv_owner_is_alive(owner, self)
            && ngx_smtp_verify_counters_take(&sh->parts[i], owner, self))
        {
            return;
        }
    }
}


static ngx_uint_t
ngx_smtp_verify_counters_take(ngx_smtp_verify_counters_part_t *part,
    uint32_t owner, uint32_t self)
{
    if (!ngx_atomic_cmp_set(&part->owner, owner, self)) {
        return 0;
    }

    ngx_memzero(part->counters.gauges, sizeof(part->counters.gauges));
    ngx_smtp_verify_counters = &part->counters;

    return 1;
}


void
ngx_smtp_verify_counters_exit(ngx_shm_zone_t *shm_zone)
{
    uint32_t                        self;
    ngx_uint_t                      i;
    ngx_smtp_verify_counters_sh_t  *sh;

    sh = shm_zone->data;
    self = ngx_smtp_verify_zone_owner();

    ngx_smtp_verify_counters = &ngx_smtp_verify_counters_local;

    for (i = 0; i < NGX_SMTP_VERIFY_COUNTERS_PARTS; i++) {
        (void) ngx_atomic_cmp_set(&sh->parts[i].owner, self, SV_OWNER_GONE);
    }
}


void
ngx_smtp_verify_counters_sum(ngx_shm_zone_t *shm_zone,
    ngx_smtp_verify_counters_t *sum)
{
    uint32_t                          self;
    uint64_t                         *from, *to;
    ngx_uint_t                        i, k;
    ngx_smtp_verify_counters_sh_t    *sh;
    ngx_smtp_verify_counters_part_t  *part;

    sh = shm_zone->data;

    ngx_memzero(sum, sizeof(ngx_smtp_verify_counters_t));

    to = (uint64_t *) sum;
    self = ngx_smtp_verify_zone_owner();

    for (i = 0; i < NGX_SMTP_VERIFY_COUNTERS_PARTS; i++) {

        part = &sh->parts[i];

        if (part->owner == 0) {
            continue;
        }

        from = (uint64_t *) &part->counters;

        for (k = 0;
             k < offsetof(ngx_smtp_verify_counters_t, gauges) / 8;
             k++)
        {
            to[k] += from[k];
        }

        if (!sv_owner_is_alive((uint32_t) part->owner, self)) {
            continue;
        }

        for (k = 0; k < NGX_SMTP_VERIFY_G_MAX; k++) {
            sum->gauges[k] += part->counters.gauges[k];
        }
    }
}


void
ngx_smtp_verify_count_probe(ngx_msec_t ms, u_char *provider, size_t len,
    sv_status_e status, sv_blame_e blame)
{
    ngx_smtp_verify_counters_sh_t        *sh;
    ngx_smtp_verify_counters_provider_t  *place;

    ngx_smtp_verify_count_latency(&ngx_smtp_verify_counters->probes, ms);

    if (ngx_smtp_verify_counters_zone == NULL) {
        return;
    }

    sh = ngx_smtp_verify_counters_zone->data;
    place = &sh->providers[0];

    if (len) {
        place = ngx_smtp_verify_counters_find(sh, provider, len);

        if (place == NULL) {
            place = ngx_smtp_verify_counters_place(sh, provider, len);
        }
    }

    (void) ngx_atomic_fetch_add(&place->n[status][blame], 1);
}


/* Places are never given back, so they are found without the lock. */

static ngx_smtp_verify_counters_provider_t *
ngx_smtp_verify_counters_find(ngx_smtp_verify_counters_sh_t *sh, u_char *name,
    size_t len)
{
    ngx_uint_t                            i, n;
    ngx_smtp_verify_counters_provider_t  *place;

    n = ngx_min(sh->nproviders, NGX_SMTP_VERIFY_PROVIDERS);

    for (i = 0; i < n; i++) {
        place = &sh->providers[i];

        if (place->len == len && ngx_memcmp(place->name, name, len) == 0) {
            return place;
        }
    }

    return NULL;
}


/* The name is there before it counts, in case this worker is killed. */

static ngx_smtp_verify_counters_provider_t *
ngx_smtp_verify_counters_place(ngx_smtp_verify_counters_sh_t *sh,
    u_char *name, size_t len)
{
    ngx_slab_pool_t                      *shpool;
    ngx_smtp_verify_counters_provider_t  *place;

    if (len > NGX_SMTP_VERIFY_PROVIDER_NAME
        || sh->nproviders >= NGX_SMTP_VERIFY_PROVIDERS)
    {
        return &sh->providers[0];
    }

    shpool = (ngx_slab_pool_t *) ngx_smtp_verify_counters_zone->shm.addr;

    ngx_shmtx_lock(&shpool->mutex);

    place = ngx_smtp_verify_counters_find(sh, name, len);

    if (place == NULL) {
        place = &sh->providers[0];

        if (sh->nproviders < NGX_SMTP_VERIFY_PROVIDERS) {
            place = &sh->providers[sh->nproviders];
            place->len = len;
            ngx_memcpy(place->name, name, len);

            ngx_memory_barrier();

            sh->nproviders++;
        }
    }

    ngx_shmtx_unlock(&shpool->mutex);

    return place;
}


ngx_smtp_verify_counters_provider_t *
ngx_smtp_verify_counters_providers(ngx_shm_zone_t *shm_zone, ngx_uint_t *n)
{
    ngx_smtp_verify_counters_sh_t  *sh;

    sh = shm_zone->data;
    *n = ngx_min(sh->nproviders, NGX_SMTP_VERIFY_PROVIDERS);

    return sh->providers;
}


ngx_msec_t
ngx_smtp_verify_latency_class(ngx_uint_t i)
{
    return i < NGX_SMTP_VERIFY_N_LATENCIES - 1 ? ngx_smtp_verify_latencies[i]
                                               : 0;
}
