
/*
 * Metrics for Prometheus, in its text format 0.0.4, or in OpenMetrics 1.0 for
 * clients that accept it.  Labels have few values, which come from the source
 * or the configuration: never a domain, an address or a client.
 */


#include "ngx_http_smtp_verify_metrics.h"
#include "sv_version.h"


#define NGX_HTTP_SMTP_VERIFY_METRICS_SIZE      65536
#define NGX_HTTP_SMTP_VERIFY_METRICS_PROVIDER  3072     /* octets of a
                                                           provider */


static ngx_int_t ngx_http_smtp_verify_metrics_handler(ngx_http_request_t *r);
static ngx_uint_t ngx_http_smtp_verify_metrics_open(ngx_http_request_t *r);
static void ngx_http_smtp_verify_metrics_write(
    ngx_http_smtp_verify_metrics_t *m, ngx_smtp_verify_counters_t *sum,
    ngx_http_smtp_verify_metrics_zones_t *zones,
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_pool_t *pool);
static void ngx_http_smtp_verify_metrics_counters(
    ngx_http_smtp_verify_metrics_t *m, ngx_smtp_verify_counters_t *sum);
static void ngx_http_smtp_verify_metrics_verdicts(
    ngx_http_smtp_verify_metrics_t *m, ngx_smtp_verify_counters_t *sum);
static void ngx_http_smtp_verify_metrics_providers(
    ngx_http_smtp_verify_metrics_t *m, ngx_shm_zone_t *zone);
static ngx_uint_t ngx_http_smtp_verify_metrics_occurs(sv_status_e status,
    sv_blame_e blame);
static void ngx_http_smtp_verify_metrics_opinions(
    ngx_http_smtp_verify_metrics_t *m, ngx_smtp_verify_counters_t *sum);
static void ngx_http_smtp_verify_metrics_latencies(
    ngx_http_smtp_verify_metrics_t *m, ngx_smtp_verify_counters_t *sum);
static void ngx_http_smtp_verify_metrics_latency(
    ngx_http_smtp_verify_metrics_t *m, const char *name, const char *stage,
    ngx_smtp_verify_latency_t *latency);


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
    ngx_uint_t                         n;
    ngx_smtp_verify_counters_t         sum;
    ngx_http_smtp_verify_metrics_t     m;
    ngx_http_smtp_verify_main_conf_t  *smcf;
    ngx_http_smtp_verify_metrics_zones_t  zones;

    rc = ngx_http_smtp_verify_counters_begin(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (!ngx_http_smtp_verify_client_may(r, SV_TOKENS_ADMIN)) {
        return ngx_http_smtp_verify_client_refuse(r);
    }

    if (ngx_http_smtp_verify_metrics_zones_read(r->pool, &zones) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);

    (void) ngx_smtp_verify_counters_providers(smcf->counters, &n);

    size = NGX_HTTP_SMTP_VERIFY_METRICS_SIZE + zones.size
           + n * NGX_HTTP_SMTP_VERIFY_METRICS_PROVIDER
           + ngx_http_smtp_verify_metrics_health_size(smcf);

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    m.p = b->last;
    m.last = b->end;
    m.open = ngx_http_smtp_verify_metrics_open(r);

    ngx_smtp_verify_counters_sum(smcf->counters, &sum);

    ngx_http_smtp_verify_metrics_write(&m, &sum, &zones, smcf, r->pool);

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
    ngx_smtp_verify_counters_t *sum,
    ngx_http_smtp_verify_metrics_zones_t *zones,
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_pool_t *pool)
{
    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_GAUGE,
                                      "", "build_info",
                                      "The version of the module.");
    m->p = ngx_snprintf(m->p, m->last - m->p,
                        "nginx_smtp_verify_build_info{version=\"%s\"} 1\n",
                        SV_VERSION);

    ngx_http_smtp_verify_metrics_counters(m, sum);
    ngx_http_smtp_verify_metrics_verdicts(m, sum);
    ngx_http_smtp_verify_metrics_providers(m, smcf->counters);
    ngx_http_smtp_verify_metrics_opinions(m, sum);
    ngx_http_smtp_verify_metrics_latencies(m, sum);
    ngx_http_smtp_verify_metrics_zones(m, zones);
    ngx_http_smtp_verify_metrics_health(m, smcf, pool);

    if (m->open) {
        m->p = ngx_snprintf(m->p, m->last - m->p, "# EOF\n");
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


/* Those that were asked since the start, and all others as one. */

static void
ngx_http_smtp_verify_metrics_providers(ngx_http_smtp_verify_metrics_t *m,
    ngx_shm_zone_t *zone)
{
    const char                           *blame;
    ngx_str_t                             name;
    ngx_uint_t                            i, n, k, b;
    ngx_smtp_verify_counters_provider_t  *provider;

    ngx_http_smtp_verify_metrics_head(m, NGX_HTTP_SMTP_VERIFY_METRIC_COUNTER,
                                      "", "provider_probes",
                                      "Probes by mail provider, status and "
                                      "blame.");

    provider = ngx_smtp_verify_counters_providers(zone, &n);

    for (i = 0; i < n; i++) {
        name.len = provider[i].len;
        name.data = provider[i].name;

        for (k = 0; k < NGX_SMTP_VERIFY_STATUSES; k++) {
            for (b = 0; b < NGX_SMTP_VERIFY_BLAMES; b++) {

                if (!ngx_http_smtp_verify_metrics_occurs(k, b)) {
                    continue;
                }

                blame = sv_blame_name(b);

                m->p = ngx_snprintf(m->p, m->last - m->p,
                                    "nginx_smtp_verify_provider_probes_total"
                                    "{provider=\"%V\",status=\"%s\","
                                    "blame=\"%s\"} %uA\n", &name,
                                    sv_status_name(k), blame ? blame : "none",
                                    provider[i].n[k][b]);
            }
        }
    }
}


/* What an egress of ours fails at is local, whatever the reason. */

static ngx_uint_t
ngx_http_smtp_verify_metrics_occurs(sv_status_e status, sv_blame_e blame)
{
    ngx_uint_t               i;
    const sv_reason_info_t  *info;

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {
        info = sv_reason_info(i);

        if (info->status == status && info->blame == blame) {
            return 1;
        }
    }

    return status == SV_UNKNOWN && blame == SV_BLAME_LOCAL;
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


static void
ngx_http_smtp_verify_metrics_latencies(ngx_http_smtp_verify_metrics_t *m,
    ngx_smtp_verify_counters_t *sum)
{
    ngx_uint_t  i;

    ngx_http_smtp_verify_metrics_head(m,
                                      NGX_HTTP_SMTP_VERIFY_METRIC_HISTOGRAM,
                                      "", "answer_seconds",
                                      "Time until an answer.");
    ngx_http_smtp_verify_metrics_latency(m, "answer_seconds", NULL,
                                         &sum->answers);

    ngx_http_smtp_verify_metrics_head(m,
                                      NGX_HTTP_SMTP_VERIFY_METRIC_HISTOGRAM,
                                      "", "probe_seconds",
                                      "Time of a probe, with all its "
                                      "stages.");
    ngx_http_smtp_verify_metrics_latency(m, "probe_seconds", NULL,
                                         &sum->probes);

    ngx_http_smtp_verify_metrics_head(m,
                                      NGX_HTTP_SMTP_VERIFY_METRIC_HISTOGRAM,
                                      "", "stage_seconds",
                                      "Time of a stage of a probe, whether "
                                      "it succeeded or failed.");

    for (i = SV_STAGE_DNS; i < NGX_SMTP_VERIFY_STAGES; i++) {
        ngx_http_smtp_verify_metrics_latency(m, "stage_seconds",
                                             sv_stage_name(i),
                                             &sum->stages[i]);
    }
}


/* Classes are in ms.  A bucket includes those below it. */

static void
ngx_http_smtp_verify_metrics_latency(ngx_http_smtp_verify_metrics_t *m,
    const char *name, const char *stage, ngx_smtp_verify_latency_t *latency)
{
    u_char       label[64], *last;
    uint64_t     n;
    ngx_str_t    first, only;
    ngx_uint_t   i;
    ngx_msec_t   ms;

    /* as the first of two labels, and as the only one */

    ngx_str_set(&first, "");
    ngx_str_set(&only, "");

    if (stage) {
        last = ngx_snprintf(label, sizeof(label), "{stage=\"%s\"},", stage);

        only.data = label;
        only.len = last - label - 1;

        first.data = label + 1;
        first.len = only.len - 2;
    }

    n = 0;

    for (i = 0; (ms = ngx_smtp_verify_latency_class(i)) != 0; i++) {
        n += latency->classes[i];
        m->p = ngx_snprintf(m->p, m->last - m->p,
                            "nginx_smtp_verify_%s_bucket{%V%sle=\"%M.%03M\"} "
                            "%uL\n", name, &first, stage ? "," : "",
                            ms / 1000, ms % 1000, n);
    }

    n += latency->classes[i];

    m->p = ngx_snprintf(m->p, m->last - m->p,
                        "nginx_smtp_verify_%s_bucket{%V%sle=\"+Inf\"} %uL\n"
                        "nginx_smtp_verify_%s_sum%V %uL.%03uL\n"
                        "nginx_smtp_verify_%s_count%V %uL\n", name, &first,
                        stage ? "," : "", n, name, &only, latency->sum / 1000,
                        latency->sum % 1000, name, &only, n);
}


/* The name of a counter ends with "_total"; in OpenMetrics the lines HELP and
   TYPE have it without that. */

void
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


/* Prometheus refuses all metrics if one label is no UTF-8. */

ngx_int_t
ngx_http_smtp_verify_metrics_label(ngx_pool_t *pool, ngx_str_t *label,
    ngx_str_t *text)
{
    u_char      *p;
    ngx_uint_t   i;

    p = ngx_pnalloc(pool, 2 * text->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    label->data = p;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] == '"' || text->data[i] == '\\') {
            *p++ = '\\';
        }

        *p++ = (text->data[i] >= 0x20 && text->data[i] < 0x7f) ? text->data[i]
                                                               : '_';
    }

    label->len = p - label->data;

    return NGX_OK;
}
