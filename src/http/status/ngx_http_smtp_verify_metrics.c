
/*
 * Metrics for Prometheus, in its text format 0.0.4, or in OpenMetrics 1.0 for
 * clients that accept it.  Labels have few values, which come from the source
 * or the configuration: never a domain, an address or a client.
 */


#include "ngx_http_smtp_verify_tokens.h"
#include "ngx_smtp_verify_counters.h"
#include "ngx_smtp_verify_zone.h"
#include "sv_version.h"


#define NGX_HTTP_SMTP_VERIFY_METRICS_SIZE  32768
#define NGX_HTTP_SMTP_VERIFY_METRICS_ZONE  4096     /* octets more for each
                                                       zone */
#define NGX_HTTP_SMTP_VERIFY_METRICS_AUDIT  4096    /* and for each identity */


typedef enum {
    NGX_HTTP_SMTP_VERIFY_METRIC_COUNTER = 0,
    NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE,
    NGX_HTTP_SMTP_VERIFY_METRIC_HISTOGRAM
} ngx_http_smtp_verify_metric_e;


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


typedef struct {
    u_char                           *p;
    u_char                           *last;
    unsigned                          open:1;   /* OpenMetrics */
} ngx_http_smtp_verify_metrics_t;


static ngx_int_t ngx_http_smtp_verify_metrics_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_smtp_verify_metrics_open(ngx_http_request_t *r);
static void ngx_http_smtp_verify_metrics_write(
    ngx_http_smtp_verify_metrics_t *m, ngx_smtp_verify_counters_t *sum,
    ngx_array_t *caches, ngx_array_t *throttles,
    ngx_http_smtp_verify_main_conf_t *smcf);
static void ngx_http_smtp_verify_metrics_audit(
    ngx_http_smtp_verify_metrics_t *m, ngx_http_smtp_verify_main_conf_t *smcf);
static void ngx_http_smtp_verify_metrics_counters(
    ngx_http_smtp_verify_metrics_t *m, ngx_smtp_verify_counters_t *sum);
static void ngx_http_smtp_verify_metrics_verdicts(
    ngx_http_smtp_verify_metrics_t *m, ngx_smtp_verify_counters_t *sum);
static void ngx_http_smtp_verify_metrics_opinions(
    ngx_http_smtp_verify_metrics_t *m, ngx_smtp_verify_counters_t *sum);
static void ngx_http_smtp_verify_metrics_latency(
    ngx_http_smtp_verify_metrics_t *m, const char *name, const char *help,
    ngx_smtp_verify_latency_t *latency);
static void ngx_http_smtp_verify_metrics_zones(
    ngx_http_smtp_verify_metrics_t *m, const char *prefix,
    const ngx_http_smtp_verify_metric_t *metric, ngx_array_t *zones);
static uint64_t ngx_http_smtp_verify_metrics_number(void *stats,
    const ngx_http_smtp_verify_metric_t *metric);
static void ngx_http_smtp_verify_metrics_head(
    ngx_http_smtp_verify_metrics_t *m, ngx_http_smtp_verify_metric_e type,
    const char *prefix, const char *name, const char *help);
static ngx_array_t *ngx_http_smtp_verify_metrics_find(ngx_pool_t *pool,
    ngx_uint_t (*is)(ngx_shm_zone_t *shm_zone));


#define NGX_HTTP_SMTP_VERIFY_COUNTER_METRIC(id, name, help)                   \
    { name, help },
#define NGX_HTTP_SMTP_VERIFY_GAUGE_METRIC(id, name, metric, help)             \
    { metric, help },

static const char *const  ngx_http_smtp_verify_metric_counters[][2] = {
    NGX_SMTP_VERIFY_COUNTER_ROWS(NGX_HTTP_SMTP_VERIFY_COUNTER_METRIC)
};

static const char *const  ngx_http_smtp_verify_metric_gauges[][2] = {
    NGX_SMTP_VERIFY_GAUGE_ROWS(NGX_HTTP_SMTP_VERIFY_GAUGE_METRIC)
};


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


char *
ngx_http_smtp_verify_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_smtp_verify_set_handler(cf, conf,
                                        ngx_http_smtp_verify_metrics_handler);
}


static ngx_int_t
ngx_http_smtp_verify_metrics_handler(ngx_http_request_t *r)
{
    size_t                             size;
    ngx_int_t                          rc;
    ngx_buf_t                         *b;
    ngx_str_t                          type;
    ngx_array_t                       *caches, *throttles;
    ngx_smtp_verify_counters_t         sum;
    ngx_http_smtp_verify_metrics_t     m;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    rc = ngx_http_smtp_verify_counters_begin(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (!ngx_http_smtp_verify_client_may(r, SV_TOKENS_ADMIN)) {
        return ngx_http_smtp_verify_client_refuse(r);
    }

    caches = ngx_http_smtp_verify_metrics_find(r->pool,
                                               ngx_smtp_verify_cache_is);
    throttles = ngx_http_smtp_verify_metrics_find(r->pool,
                                               ngx_smtp_verify_throttle_is);

    if (caches == NULL || throttles == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);

    size = NGX_HTTP_SMTP_VERIFY_METRICS_SIZE
           + (caches->nelts + throttles->nelts)
             * NGX_HTTP_SMTP_VERIFY_METRICS_ZONE
           + ngx_min(smcf->identities.nelts, NGX_SMTP_VERIFY_AUDIT_IDENTITIES)
             * NGX_HTTP_SMTP_VERIFY_METRICS_AUDIT;

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    m.p = b->last;
    m.last = b->end;
    m.open = ngx_http_smtp_verify_metrics_open(r);

    ngx_smtp_verify_counters_sum(smcf->counters, &sum);

    ngx_http_smtp_verify_metrics_write(&m, &sum, caches, throttles, smcf);

    b->last = m.p;

    if (m.open) {
        ngx_str_set(&type, "application/openmetrics-text; version=1.0.0; "
                           "charset=utf-8");
    } else {
        ngx_str_set(&type, "text/plain; version=0.0.4; charset=utf-8");
    }

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &type, b);
}


/* OpenMetrics is sent to clients that accept it by name, as Prometheus
   does. */

static ngx_uint_t
ngx_http_smtp_verify_metrics_open(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_http_smtp_verify_header_in(r, "accept");

    return h && ngx_strlcasestrn(h->value.data, h->value.data + h->value.len,
                                 (u_char *) "application/openmetrics-text",
                                 sizeof("application/openmetrics-text") - 2)
                != NULL;
}


static void
ngx_http_smtp_verify_metrics_write(ngx_http_smtp_verify_metrics_t *m,
    ngx_smtp_verify_counters_t *sum, ngx_array_t *caches,
    ngx_array_t *throttles, ngx_http_smtp_verify_main_conf_t *smcf)
{
    const ngx_http_smtp_verify_metric_t  *metric;

    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE,
                                      "", "build_info",
                                      "The version of the module.");
    m->p = ngx_snprintf(m->p, m->last - m->p,
                        "nginx_smtp_verify_build_info{version=\"%s\"} 1\n",
                        SV_VERSION);

    ngx_http_smtp_verify_metrics_counters(m, sum);
    ngx_http_smtp_verify_metrics_verdicts(m, sum);
    ngx_http_smtp_verify_metrics_opinions(m, sum);
    ngx_http_smtp_verify_metrics_latency(m, "answer_seconds",
                                         "Time until an answer.",
                                         &sum->answers);
    ngx_http_smtp_verify_metrics_latency(m, "probe_seconds",
                                         "Time of a probe.", &sum->probes);

    for (metric = ngx_http_smtp_verify_metric_cache; metric->name; metric++) {
        ngx_http_smtp_verify_metrics_zones(m, "cache_zone_", metric, caches);
    }

    for (metric = ngx_http_smtp_verify_metric_throttle; metric->name;
         metric++)
    {
        ngx_http_smtp_verify_metrics_zones(m, "throttle_zone_", metric,
                                           throttles);
    }

    ngx_http_smtp_verify_metrics_audit(m, smcf);

    if (m->open) {
        m->p = ngx_snprintf(m->p, m->last - m->p, "# EOF\n");
    }
}


/* The number of an identity tells apart two that differ only in MAIL FROM. */

static void
ngx_http_smtp_verify_metrics_audit(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                      i, k;
    ngx_smtp_verify_audit_entry_t   entry;
    ngx_smtp_verify_identity_t    **identities;

    if (smcf->audit == NULL) {
        return;
    }

    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE,
                                      "", "audit_status",
                                      "Result of a check of an identity: "
                                      "0 not known, 1 pass, 2 warn, 3 fail.");

    identities = smcf->identities.elts;

    for (i = 0; i < smcf->identities.nelts; i++) {

        if (ngx_smtp_verify_audit_get(smcf->audit, identities[i], &entry)
            != NGX_OK)
        {
            continue;
        }

        ngx_smtp_verify_audit_port(&entry.history,
                                   &entry.checks[SV_AUDIT_PORT]);

        for (k = 0; k < SV_AUDIT_EGRESS_CHECKS; k++) {

            if (entry.checks[k].checked == 0) {
                continue;
            }

            m->p = ngx_snprintf(m->p, m->last - m->p,
                                "nginx_smtp_verify_audit_status{"
                                "identity=\"%ui\",egress=\"%V\","
                                "helo=\"%V\",check=\"%s\"} %uD\n",
                                i, &identities[i]->name,
                                &identities[i]->helo, sv_audit_name(k),
                                entry.checks[k].status);
        }
    }
}


static void
ngx_http_smtp_verify_metrics_counters(ngx_http_smtp_verify_metrics_t *m,
    ngx_smtp_verify_counters_t *sum)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_SMTP_VERIFY_N_MAX; i++) {
        ngx_http_smtp_verify_metrics_head(m,
                                   NGX_HTTP_SMTP_VERIFY_METRIC_COUNTER, "",
                                   ngx_http_smtp_verify_metric_counters[i][0],
                                   ngx_http_smtp_verify_metric_counters[i][1]);
        m->p = ngx_snprintf(m->p, m->last - m->p,
                            "nginx_smtp_verify_%s_total %uL\n",
                            ngx_http_smtp_verify_metric_counters[i][0],
                            sum->n[i]);
    }

    for (i = 0; i < NGX_SMTP_VERIFY_G_MAX; i++) {
        ngx_http_smtp_verify_metrics_head(m,
                                   NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE, "",
                                   ngx_http_smtp_verify_metric_gauges[i][0],
                                   ngx_http_smtp_verify_metric_gauges[i][1]);
        m->p = ngx_snprintf(m->p, m->last - m->p,
                            "nginx_smtp_verify_%s %L\n",
                            ngx_http_smtp_verify_metric_gauges[i][0],
                            sum->gauges[i]);
    }
}


/* All reasons are listed from the start, because a rate needs a first value of
   0. */

static void
ngx_http_smtp_verify_metrics_verdicts(ngx_http_smtp_verify_metrics_t *m,
    ngx_smtp_verify_counters_t *sum)
{
    ngx_uint_t               i;
    const sv_reason_info_t  *info;

    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_COUNTER,
                                      "", "verdicts",
                                      "Results by status and reason.");

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {
        info = sv_reason_info(i);

        m->p = ngx_snprintf(m->p, m->last - m->p,
                            "nginx_smtp_verify_verdicts_total"
                            "{status=\"%s\",reason=\"%s\"} %uL\n",
                            sv_status_name(info->status), info->name,
                            sum->verdicts[i]);
    }
}


static void
ngx_http_smtp_verify_metrics_opinions(ngx_http_smtp_verify_metrics_t *m,
    ngx_smtp_verify_counters_t *sum)
{
    ngx_uint_t  i, k;

    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_COUNTER,
                                      "", "second_opinions",
                                      "Results by the status that the first "
                                      "and the second egress got.");

    for (i = SV_UNKNOWN + 1; i < NGX_SMTP_VERIFY_STATUSES; i++) {
        for (k = SV_UNKNOWN + 1; k < NGX_SMTP_VERIFY_STATUSES; k++) {
            m->p = ngx_snprintf(m->p, m->last - m->p,
                                "nginx_smtp_verify_second_opinions_total"
                                "{first=\"%s\",second=\"%s\"} %uL\n",
                                sv_status_name(i), sv_status_name(k),
                                sum->opinions[i][k]);
        }
    }
}


/* Classes are in ms.  A bucket includes those below it. */

static void
ngx_http_smtp_verify_metrics_latency(ngx_http_smtp_verify_metrics_t *m,
    const char *name, const char *help, ngx_smtp_verify_latency_t *latency)
{
    uint64_t    n;
    ngx_uint_t  i;
    ngx_msec_t  ms;

    ngx_http_smtp_verify_metrics_head(m,
                                      NGX_HTTP_SMTP_VERIFY_METRIC_HISTOGRAM,
                                      "", name, help);
    n = 0;

    for (i = 0; (ms = ngx_smtp_verify_latency_class(i)) != 0; i++) {
        n += latency->classes[i];
        m->p = ngx_snprintf(m->p, m->last - m->p,
                            "nginx_smtp_verify_%s_bucket{le=\"%M.%03M\"} "
                            "%uL\n", name, ms / 1000, ms % 1000, n);
    }

    n += latency->classes[i];

    m->p = ngx_snprintf(m->p, m->last - m->p,
                        "nginx_smtp_verify_%s_bucket{le=\"+Inf\"} %uL\n"
                        "nginx_smtp_verify_%s_sum %uL.%03uL\n"
                        "nginx_smtp_verify_%s_count %uL\n", name, n, name,
                        latency->sum / 1000, latency->sum % 1000, name, n);
}


static void
ngx_http_smtp_verify_metrics_zones(ngx_http_smtp_verify_metrics_t *m,
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


/* The name of a counter ends with "_total"; in OpenMetrics the lines HELP and
   TYPE have it without that. */

static void
ngx_http_smtp_verify_metrics_head(ngx_http_smtp_verify_metrics_t *m,
    ngx_http_smtp_verify_metric_e type, const char *prefix, const char *name,
    const char *help)
{
    const char                *total;
    static const char *const   types[] = { "counter", "gauge", "histogram" };

    total = (type == NGX_HTTP_SMTP_VERIFY_METRIC_COUNTER && !m->open)
            ? "_total" : "";

    m->p = ngx_snprintf(m->p, m->last - m->p,
                        "# HELP nginx_smtp_verify_%s%s%s %s\n"
                        "# TYPE nginx_smtp_verify_%s%s%s %s\n",
                        prefix, name, total, help, prefix, name, total,
                        types[type]);
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
