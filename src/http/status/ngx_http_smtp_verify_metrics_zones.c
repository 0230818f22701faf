
/* Metrics of the zones of caches and throttles. */


#include "ngx_http_smtp_verify_metrics.h"
#include "ngx_smtp_verify_zone.h"


#define NGX_HTTP_SMTP_VERIFY_METRICS_ZONE  4096     /* octets of a zone */


/* a metric of a zone; offset and size are those of a member of its stats */

typedef struct {
    const char                       *name;
    const char                       *help;
    ngx_http_smtp_verify_metric_e     type;
    size_t                            offset;
    size_t                            size;
} ngx_http_smtp_verify_metric_t;


/* a zone and its stats */

typedef struct {
    ngx_str_t                        *name;
    union {
        ngx_smtp_verify_cache_stats_t     cache;
        ngx_smtp_verify_throttle_stats_t  throttle;
    } stats;
} ngx_http_smtp_verify_metric_zone_t;


static ngx_array_t *ngx_http_smtp_verify_metrics_find(ngx_pool_t *pool,
    ngx_uint_t (*is)(ngx_shm_zone_t *shm_zone));
static void ngx_http_smtp_verify_metrics_zone(
    ngx_http_smtp_verify_metrics_t *m, const char *prefix,
    const ngx_http_smtp_verify_metric_t *metric, ngx_array_t *zones);
static uint64_t ngx_http_smtp_verify_metrics_number(void *stats,
    const ngx_http_smtp_verify_metric_t *metric);


#define ngx_http_smtp_verify_metric(name, type, stats, field, help)           \
    { name, help, NGX_HTTP_SMTP_VERIFY_METRIC_##type,                         \
      offsetof(ngx_smtp_verify_##stats##_stats_t, field),                     \
      sizeof(((ngx_smtp_verify_##stats##_stats_t *) 0)->field) }

static const ngx_http_smtp_verify_metric_t
    ngx_http_smtp_verify_metric_cache[] =
{
    ngx_http_smtp_verify_metric("size_bytes", GAUGE, cache, size,
                                "Memory of the zone for entries."),
    ngx_http_smtp_verify_metric("used_bytes", GAUGE, cache, used,
                                "Memory of the zone that entries use."),
    ngx_http_smtp_verify_metric("entries", GAUGE, cache, entries,
                                "Results and facts in the zone."),
    ngx_http_smtp_verify_metric("claims", GAUGE, cache, claims,
                                "Keys that a worker works for."),
    ngx_http_smtp_verify_metric("puts", COUNTER, cache, puts,
                                "Entries that were written."),
    ngx_http_smtp_verify_metric("evicted", COUNTER, cache, evicted,
                                "Entries that were dropped before their "
                                "time."),
    ngx_http_smtp_verify_metric("renewed", COUNTER, cache, renewed,
                                "Entries that were kept because they are in "
                                "use."),
    ngx_http_smtp_verify_metric("resets", COUNTER, cache, resets,
                                "Restarts of the zone after damage."),
    { NULL, NULL, 0, 0, 0 }
};

static const ngx_http_smtp_verify_metric_t
    ngx_http_smtp_verify_metric_throttle[] =
{
    ngx_http_smtp_verify_metric("sessions", GAUGE, throttle, sessions,
                                "SMTP sessions that are open."),
    ngx_http_smtp_verify_metric("waiting", GAUGE, throttle, waiting,
                                "Probes that wait for a slot."),
    ngx_http_smtp_verify_metric("entries", GAUGE, throttle, entries,
                                "Destinations that the zone knows."),
    ngx_http_smtp_verify_metric("open_breakers", GAUGE, throttle, open,
                                "Breakers that are open."),
    ngx_http_smtp_verify_metric("suspended_egresses", GAUGE, throttle,
                                suspended,
                                "Egresses that only try whether the network "
                                "works again."),
    ngx_http_smtp_verify_metric("granted", COUNTER, throttle, counts.granted,
                                "Slots that were given."),
    ngx_http_smtp_verify_metric("reused", COUNTER, throttle, counts.reused,
                                "Kept sessions that were used again."),
    ngx_http_smtp_verify_metric("waited", COUNTER, throttle, counts.waited,
                                "Probes that had to wait for a slot."),
    ngx_http_smtp_verify_metric("delayed", COUNTER, throttle, counts.delayed,
                                "Recipients that had to wait in a session."),
    ngx_http_smtp_verify_metric("throttled", COUNTER, throttle,
                                counts.throttled,
                                "Probes that a limit refused."),
    ngx_http_smtp_verify_metric("refused", COUNTER, throttle, counts.refused,
                                "Probes that a breaker refused."),
    ngx_http_smtp_verify_metric("breakers_opened", COUNTER, throttle,
                                counts.opened, "Breakers that opened."),
    ngx_http_smtp_verify_metric("suspensions", COUNTER, throttle,
                                counts.suspended,
                                "Egresses that were suspended."),
    ngx_http_smtp_verify_metric("evicted", COUNTER, throttle, counts.evicted,
                                "Destinations that were forgotten."),
    ngx_http_smtp_verify_metric("recounts", COUNTER, throttle,
                                counts.recounts,
                                "Sums that were counted anew after a worker "
                                "died."),
    ngx_http_smtp_verify_metric("crowded", COUNTER, throttle, counts.crowded,
                                "Probes that found no room in the zone."),
    ngx_http_smtp_verify_metric("rejects", COUNTER, throttle, counts.rejects,
                                "Recipients that were refused."),
    ngx_http_smtp_verify_metric("exhausted", COUNTER, throttle,
                                counts.exhausted,
                                "Probes that found the budget of refused "
                                "recipients used up."),
    ngx_http_smtp_verify_metric("budget_rises", COUNTER, throttle,
                                counts.rises, "Budgets that rose."),
    ngx_http_smtp_verify_metric("budget_falls", COUNTER, throttle,
                                counts.falls, "Budgets that fell."),
    ngx_http_smtp_verify_metric("budgets_risen", GAUGE, throttle, risen,
                                "Budgets above what they began with."),
    ngx_http_smtp_verify_metric("budgets_fallen", GAUGE, throttle, fallen,
                                "Budgets below what they began with."),
    { NULL, NULL, 0, 0, 0 }
};


ngx_int_t
ngx_http_smtp_verify_metrics_zones_read(ngx_pool_t *pool,
    ngx_http_smtp_verify_metrics_zones_t *zones)
{
    zones->caches = ngx_http_smtp_verify_metrics_find(pool,
                                               ngx_smtp_verify_cache_is);
    zones->throttles = ngx_http_smtp_verify_metrics_find(pool,
                                               ngx_smtp_verify_throttle_is);

    if (zones->caches == NULL || zones->throttles == NULL) {
        return NGX_ERROR;
    }

    zones->size = (zones->caches->nelts + zones->throttles->nelts)
                  * NGX_HTTP_SMTP_VERIFY_METRICS_ZONE;

    return NGX_OK;
}


/* Finds all zones of a kind, and reads their stats. */

static ngx_array_t *
ngx_http_smtp_verify_metrics_find(ngx_pool_t *pool,
    ngx_uint_t (*is)(ngx_shm_zone_t *shm_zone))
{
    ngx_array_t                         *stats;
    ngx_shm_zone_t                      *shm_zone;
    ngx_smtp_verify_zones_t              zones;
    ngx_http_smtp_verify_metric_zone_t  *zone;

    stats = ngx_array_create(pool, 4,
                             sizeof(ngx_http_smtp_verify_metric_zone_t));
    if (stats == NULL) {
        return NULL;
    }

    ngx_smtp_verify_zones_init(&zones, ngx_cycle);

    while ((shm_zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {

        if (!is(shm_zone)) {
            continue;
        }

        zone = ngx_array_push(stats);
        if (zone == NULL) {
            return NULL;
        }

        zone->name = &shm_zone->shm.name;

        if (is == ngx_smtp_verify_cache_is) {
            ngx_smtp_verify_cache_stats(shm_zone->data, &zone->stats.cache);

        } else {
            ngx_smtp_verify_throttle_stats(shm_zone->data,
                                           &zone->stats.throttle);
        }
    }

    return stats;
}


void
ngx_http_smtp_verify_metrics_zones(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_metrics_zones_t *zones)
{
    const ngx_http_smtp_verify_metric_t  *metric;

    for (metric = ngx_http_smtp_verify_metric_cache; metric->name; metric++) {
        ngx_http_smtp_verify_metrics_zone(m, "cache_zone_", metric,
                                          zones->caches);
    }

    for (metric = ngx_http_smtp_verify_metric_throttle; metric->name;
         metric++)
    {
        ngx_http_smtp_verify_metrics_zone(m, "throttle_zone_", metric,
                                          zones->throttles);
    }
}


static void
ngx_http_smtp_verify_metrics_zone(ngx_http_smtp_verify_metrics_t *m,
    const char *prefix, const ngx_http_smtp_verify_metric_t *metric,
    ngx_array_t *zones)
{
    ngx_uint_t                           i;
    ngx_http_smtp_verify_metric_zone_t  *zone;

    if (zones->nelts == 0) {
        return;
    }

    ngx_http_smtp_verify_metrics_head(m, metric->type, prefix, metric->name,
                                      metric->help);

    zone = zones->elts;

    for (i = 0; i < zones->nelts; i++) {
        m->p = ngx_snprintf(m->p, m->last - m->p,
                            "nginx_smtp_verify_%s%s%s{zone=\"%V\"} %uL\n",
                            prefix, metric->name,
                            metric->type == NGX_HTTP_SMTP_VERIFY_METRIC_COUNTER
                            ? "_total" : "", zone[i].name,
                            ngx_http_smtp_verify_metrics_number(&zone[i].stats,
                                                                metric));
    }
}


static uint64_t
ngx_http_smtp_verify_metrics_number(void *stats,
    const ngx_http_smtp_verify_metric_t *metric)
{
    u_char  *p;

    p = (u_char *) stats + metric->offset;

    return metric->size == sizeof(uint64_t) ? *(uint64_t *) p
                                            : *(uint32_t *) p;
}
