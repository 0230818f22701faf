
#include "ngx_http_smtp_verify_status.h"
#include "ngx_smtp_verify_replies.h"
#include "ngx_smtp_verify_zone.h"
#include "sv_version.h"


#define NGX_HTTP_SMTP_VERIFY_COUNTERS_SIZE  16384
#define NGX_HTTP_SMTP_VERIFY_COUNTERS_ZONE  1024    /* octets more for each
                                                       zone, its name aside */


typedef ngx_uint_t (*ngx_http_smtp_verify_counters_is_pt)
    (ngx_shm_zone_t *shm_zone);
typedef u_char *(*ngx_http_smtp_verify_counters_zone_pt)
    (ngx_shm_zone_t *shm_zone, u_char *p, u_char *last);


static ngx_int_t ngx_http_smtp_verify_counters_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_counters_own(ngx_http_request_t *r);
static size_t ngx_http_smtp_verify_counters_zones_size(void);
static u_char *ngx_http_smtp_verify_counters_json(u_char *p, u_char *last,
    ngx_smtp_verify_counters_t *sum);
static u_char *ngx_http_smtp_verify_counters_opinions(u_char *p,
    u_char *last, ngx_smtp_verify_counters_t *sum);
static u_char *ngx_http_smtp_verify_counters_latency(u_char *p,
    const char *name, ngx_smtp_verify_latency_t *latency);
static u_char *ngx_http_smtp_verify_counters_zones(u_char *p, u_char *last,
    const char *title, ngx_http_smtp_verify_counters_is_pt is,
    ngx_http_smtp_verify_counters_zone_pt counters);
static u_char *ngx_http_smtp_verify_counters_cache(ngx_shm_zone_t *shm_zone,
    u_char *p, u_char *last);
static u_char *ngx_http_smtp_verify_counters_throttle(ngx_shm_zone_t *shm_zone,
    u_char *p, u_char *last);


#define NGX_HTTP_SMTP_VERIFY_COUNTER_NAME(id, name, help)  name,
#define NGX_HTTP_SMTP_VERIFY_GAUGE_NAME(id, name, metric, help)  name,

static const char *const  ngx_http_smtp_verify_counter_names[] = {
    NGX_SMTP_VERIFY_COUNTER_ROWS(NGX_HTTP_SMTP_VERIFY_COUNTER_NAME)
};

static const char *const  ngx_http_smtp_verify_gauge_names[] = {
    NGX_SMTP_VERIFY_GAUGE_ROWS(NGX_HTTP_SMTP_VERIFY_GAUGE_NAME)
};


ngx_int_t
ngx_http_smtp_verify_add_counters(ngx_conf_t *cf)
{
    ngx_http_smtp_verify_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    if (smcf->counters == NULL) {
        smcf->counters = ngx_smtp_verify_counters_add(cf,
                                                &ngx_http_smtp_verify_module);
    }

    return smcf->counters ? NGX_OK : NGX_ERROR;
}


char *
ngx_http_smtp_verify_counters_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_http_smtp_verify_main_conf_t  *smcf;

    /* "smtp_verify_counters" only tells */

    slcf->actions = (ngx_strcmp(cmd->name.data, "smtp_verify_status") == 0);

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    if (smcf->replies == NULL) {
        smcf->replies = ngx_smtp_verify_replies_add(cf,
                                                &ngx_http_smtp_verify_module);
        if (smcf->replies == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return ngx_http_smtp_verify_set_handler(cf, slcf,
                                       ngx_http_smtp_verify_counters_handler);
}


ngx_int_t
ngx_http_smtp_verify_counters_begin(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    rc = ngx_http_smtp_verify_guard(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_ALLOWED,
                                            "method_not_allowed",
                                            "Use GET or HEAD.");
    }

    rc = ngx_http_discard_request_body(r);

    return rc == NGX_OK ? NGX_DECLINED : rc;
}


/* The status, which includes the counters, or an action. */

static ngx_int_t
ngx_http_smtp_verify_counters_handler(ngx_http_request_t *r)
{
    size_t                             size;
    ngx_int_t                          rc;
    ngx_buf_t                         *b;
    ngx_str_t                          json = ngx_string("application/json");
    ngx_smtp_verify_counters_t         sum;
    ngx_http_smtp_verify_page_t        page;
    ngx_http_smtp_verify_loc_conf_t   *slcf;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (r->method == NGX_HTTP_POST && slcf->actions) {

        rc = ngx_http_smtp_verify_guard(r);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_discard_request_body(r);
            rc = (rc == NGX_OK) ? ngx_http_smtp_verify_act(r) : rc;
        }

        return rc;
    }

    rc = ngx_http_smtp_verify_counters_begin(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (!ngx_http_smtp_verify_client_may(r, SV_TOKENS_ADMIN)) {
        return ngx_http_smtp_verify_counters_own(r);
    }

    rc = ngx_http_smtp_verify_page(r, &page);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);

    size = NGX_HTTP_SMTP_VERIFY_COUNTERS_SIZE
           + ngx_http_smtp_verify_counters_zones_size()
           + ngx_http_smtp_verify_status_jobs_size(r)
           + ngx_http_smtp_verify_overview_size(r, &page);

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_smtp_verify_counters_sum(smcf->counters, &sum);

    b->last = ngx_http_smtp_verify_counters_json(b->last, b->end, &sum);
    b->last = ngx_http_smtp_verify_status_jobs(r, b->last, b->end);
    b->last = ngx_http_smtp_verify_overview(r, &page, &sum, b->last, b->end);
    b->last = ngx_snprintf(b->last, b->end - b->last, "}\n");

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &json, b);
}


ngx_int_t
ngx_http_smtp_verify_status_arg(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    u_char     *p, *dst, *src;
    ngx_str_t   arg;

    ngx_str_null(value);

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &arg) != NGX_OK) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, arg.len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    dst = p;
    src = arg.data;

    ngx_unescape_uri(&dst, &src, arg.len, 0);

    value->data = p;
    value->len = dst - p;

    return NGX_OK;
}


/* Without the argument *n stays as it is. */

ngx_int_t
ngx_http_smtp_verify_status_number(ngx_http_request_t *r, const char *name,
    ngx_uint_t most, ngx_uint_t *n)
{
    ngx_int_t  number;
    ngx_str_t  value;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &value) != NGX_OK) {
        return NGX_OK;
    }

    number = ngx_atoi(value.data, value.len);

    if (number < 0 || (ngx_uint_t) number > most) {
        return NGX_ERROR;
    }

    *n = number;

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_status_invalid(ngx_http_request_t *r, const char *detail)
{
    return ngx_http_smtp_verify_problem(r, 422, "invalid_parameter", detail);
}


/* A client's own counters, if it has no right to see those of others.  A
   client without a quota does not see its probes, because their number shows
   what was cached. */

static ngx_int_t
ngx_http_smtp_verify_counters_own(ngx_http_request_t *r)
{
    size_t                           size;
    ngx_buf_t                       *b;
    ngx_str_t                        json = ngx_string("application/json");
    ngx_smtp_verify_quota_state_t    state;
    ngx_smtp_verify_quota_client_t  *quota;
    ngx_http_smtp_verify_limited_t  *limited;

    limited = ngx_http_smtp_verify_client_limits(r, &state);
    if (limited == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    quota = &limited->quota;

    size = sizeof("{\"version\":\"\",\"client\":\"\",\"requests\":,"
                  "\"rate\":{\"limit\":,\"left\":,\"reset\":},"
                  "\"quota\":{\"limit\":,\"left\":,\"reset\":}}\n")
           + ngx_strlen(SV_VERSION) + quota->name.len + 7 * NGX_INT64_LEN;

    b = ngx_create_temp_buf(r->pool, size);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_sprintf(b->last, "{\"version\":\"%s\",\"client\":\"%V\","
                          "\"requests\":%uL,\"rate\":", SV_VERSION,
                          &quota->name, state.requests);

    if (quota->rate) {
        b->last = ngx_sprintf(b->last, "{\"limit\":%ui,\"left\":%ui,"
                              "\"reset\":%ui}", quota->burst, state.room,
                              state.wait);

    } else {
        b->last = ngx_cpymem(b->last, "null", 4);
    }

    b->last = ngx_sprintf(b->last, ",\"quota\":");

    if (quota->quota != NGX_SMTP_VERIFY_QUOTA_NONE) {
        b->last = ngx_sprintf(b->last, "{\"limit\":%uL,\"left\":%uL,"
                              "\"reset\":%ui}", quota->quota, state.left,
                              state.reset);

    } else {
        b->last = ngx_cpymem(b->last, "null", 4);
    }

    b->last = ngx_cpymem(b->last, "}\n", 2);

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &json, b);
}


/* The name of a zone is no longer than the configuration allows. */

static size_t
ngx_http_smtp_verify_counters_zones_size(void)
{
    size_t                    size;
    ngx_shm_zone_t           *zone;
    ngx_smtp_verify_zones_t   zones;

    size = 0;

    ngx_smtp_verify_zones_init(&zones, ngx_cycle);

    while ((zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {
        size += NGX_HTTP_SMTP_VERIFY_COUNTERS_ZONE + zone->shm.name.len;
    }

    return size;
}


static u_char *
ngx_http_smtp_verify_counters_json(u_char *p, u_char *last,
    ngx_smtp_verify_counters_t *sum)
{
    ngx_uint_t  i, n;

    p = ngx_snprintf(p, last - p, "{\"version\":\"%s\",", SV_VERSION);

    for (i = 0; i < NGX_SMTP_VERIFY_N_MAX; i++) {
        p = ngx_snprintf(p, last - p, "\"%s\":%uL,",
                         ngx_http_smtp_verify_counter_names[i], sum->n[i]);
    }

    p = ngx_snprintf(p, last - p, "\"now\":{");

    for (i = 0; i < NGX_SMTP_VERIFY_G_MAX; i++) {
        p = ngx_snprintf(p, last - p, "%s\"%s\":%L", i ? "," : "",
                         ngx_http_smtp_verify_gauge_names[i], sum->gauges[i]);
    }

    p = ngx_snprintf(p, last - p, "},\"verdicts\":{");

    for (i = SV_REASON_NONE + 1, n = 0; i < SV_REASON_MAX; i++) {
        if (sum->verdicts[i]) {
            p = ngx_snprintf(p, last - p, "%s\"%s\":%uL", n++ ? "," : "",
                             sv_reason_info(i)->name, sum->verdicts[i]);
        }
    }

    p = ngx_snprintf(p, last - p, "},");
    p = ngx_http_smtp_verify_counters_opinions(p, last, sum);
    p = ngx_http_smtp_verify_counters_latency(p, "answers_ms", &sum->answers);
    p = ngx_http_smtp_verify_counters_latency(p, "probes_ms", &sum->probes);
    p = ngx_snprintf(p, last - p, "\"stages_ms\":{");

    for (i = SV_STAGE_DNS; i < NGX_SMTP_VERIFY_STAGES; i++) {
        p = ngx_http_smtp_verify_counters_latency(p, sv_stage_name(i),
                                                  &sum->stages[i]);
    }

    p[-1] = '}';
    *p++ = ',';

    p = ngx_http_smtp_verify_counters_zones(p, last, "caches",
                                   ngx_smtp_verify_cache_is,
                                   ngx_http_smtp_verify_counters_cache);
    p = ngx_snprintf(p, last - p, ",");
    p = ngx_http_smtp_verify_counters_zones(p, last, "throttles",
                                   ngx_smtp_verify_throttle_is,
                                   ngx_http_smtp_verify_counters_throttle);

    return p;
}


/* Counts by the first and the second status, if both are known. */

static u_char *
ngx_http_smtp_verify_counters_opinions(u_char *p, u_char *last,
    ngx_smtp_verify_counters_t *sum)
{
    uint64_t    agree;
    ngx_uint_t  i, k, n;

    n = 0;
    agree = 0;

    p = ngx_snprintf(p, last - p, "\"second_opinions\":{\"disagree\":{");

    for (i = SV_UNKNOWN + 1; i < NGX_SMTP_VERIFY_STATUSES; i++) {

        agree += sum->opinions[i][i];

        for (k = SV_UNKNOWN + 1; k < NGX_SMTP_VERIFY_STATUSES; k++) {

            if (i == k) {
                continue;
            }

            p = ngx_snprintf(p, last - p, "%s\"%s_%s\":%uL", n++ ? "," : "",
                             sv_status_name(i), sv_status_name(k),
                             sum->opinions[i][k]);
        }
    }

    return ngx_snprintf(p, last - p, "},\"agree\":%uL},", agree);
}


/* The classes are cumulative, as in Prometheus. */

static u_char *
ngx_http_smtp_verify_counters_latency(u_char *p, const char *name,
    ngx_smtp_verify_latency_t *latency)
{
    uint64_t    n;
    ngx_uint_t  i;

    n = 0;
    p = ngx_sprintf(p, "\"%s\":{", name);

    for (i = 0; ngx_smtp_verify_latency_class(i); i++) {
        n += latency->classes[i];
        p = ngx_sprintf(p, "\"%M\":%uL,", ngx_smtp_verify_latency_class(i),
                        n);
    }

    n += latency->classes[i];

    return ngx_sprintf(p, "\"count\":%uL,\"sum\":%uL},", n, latency->sum);
}


static u_char *
ngx_http_smtp_verify_counters_zones(u_char *p, u_char *last, const char *title,
    ngx_http_smtp_verify_counters_is_pt is,
    ngx_http_smtp_verify_counters_zone_pt counters)
{
    ngx_uint_t                n;
    ngx_shm_zone_t           *zone;
    ngx_smtp_verify_zones_t   zones;

    n = 0;
    p = ngx_snprintf(p, last - p, "\"%s\":{", title);

    ngx_smtp_verify_zones_init(&zones, ngx_cycle);

    while ((zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {

        if (is(zone)) {
            p = ngx_snprintf(p, last - p, "%s\"%V\":{", n++ ? "," : "",
                             &zone->shm.name);
            p = counters(zone, p, last);
            p = ngx_snprintf(p, last - p, "}");
        }
    }

    return ngx_snprintf(p, last - p, "}");
}


static u_char *
ngx_http_smtp_verify_counters_cache(ngx_shm_zone_t *shm_zone, u_char *p,
    u_char *last)
{
    ngx_smtp_verify_cache_stats_t  stats;

    ngx_smtp_verify_cache_stats(shm_zone->data, &stats);

    return ngx_snprintf(p, last - p, "\"size\":%uz,\"used\":%uz,"
                        "\"entries\":%uL,\"puts\":%uL,\"evicted\":%uL,"
                        "\"renewed\":%uL,\"resets\":%uL,\"claims\":%ui",
                        stats.size, stats.used, stats.entries, stats.puts,
                        stats.evicted, stats.renewed, stats.resets,
                        stats.claims);
}


static u_char *
ngx_http_smtp_verify_counters_throttle(ngx_shm_zone_t *shm_zone, u_char *p,
    u_char *last)
{
    ngx_smtp_verify_throttle_stats_t  stats;

    ngx_smtp_verify_throttle_stats(shm_zone->data, &stats);

    return ngx_snprintf(p, last - p, "\"sessions\":%ui,\"waiting\":%ui,"
                        "\"entries\":%ui,\"open\":%ui,\"suspended\":%ui,"
                        "\"granted\":%uL,\"reused\":%uL,\"waited\":%uL,"
                        "\"delayed\":%uL,\"throttled\":%uL,\"refused\":%uL,"
                        "\"opened\":%uL,\"suspensions\":%uL,"
                        "\"evicted\":%uL,\"recounts\":%uL,\"crowded\":%uL,"
                        "\"rejects\":%uL,\"exhausted\":%uL,"
                        "\"rises\":%uL,\"falls\":%uL,"
                        "\"risen\":%ui,\"fallen\":%ui",
                        stats.sessions, stats.waiting, stats.entries,
                        stats.open, stats.suspended, stats.counts.granted,
                        stats.counts.reused, stats.counts.waited,
                        stats.counts.delayed, stats.counts.throttled,
                        stats.counts.refused,
                        stats.counts.opened, stats.counts.suspended,
                        stats.counts.evicted, stats.counts.recounts,
                        stats.counts.crowded, stats.counts.rejects,
                        stats.counts.exhausted, stats.counts.rises,
                        stats.counts.falls, stats.risen, stats.fallen);
}
