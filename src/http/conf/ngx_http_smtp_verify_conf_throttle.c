
#include "ngx_http_smtp_verify_param.h"
#include "ngx_http_smtp_verify_conf_throttle.h"
#include "ngx_smtp_verify_zone.h"


/* defaults, which are those of a careful sender */

#define NGX_HTTP_SMTP_VERIFY_THROTTLE_CONNS    5
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_RATE     10      /* per second */
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_BURST    10
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_REJECTS  20      /* per hour, at first */
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_BORNE    200     /* per hour, at most */
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_QUEUE    1000
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_WAIT     10000
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_TOTAL    500
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_PAUSE    30000
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_MAX      1800000
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_SUSPEND  20

#define NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST     1000000
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_LONGEST  86400000


typedef struct {
    const char  *name;
    ngx_int_t    min;
    size_t       offset;
} ngx_http_smtp_verify_throttle_num_t;


static const char *ngx_http_smtp_verify_throttle_hint(ngx_str_t *param);
static void ngx_http_smtp_verify_throttle_defaults(
    ngx_smtp_verify_limits_t *limits);
static ngx_int_t ngx_http_smtp_verify_throttle_param(
    ngx_smtp_verify_limits_t *limits, ngx_str_t *param);
static ngx_int_t ngx_http_smtp_verify_conf_rejects(ngx_str_t *param,
    sv_budget_conf_t *rejects);
static ngx_int_t ngx_http_smtp_verify_conf_rate(ngx_str_t *param,
    uint64_t *rate);


static ngx_http_smtp_verify_throttle_num_t
    ngx_http_smtp_verify_throttle_nums[] = {
    { "conns=", 1, offsetof(ngx_smtp_verify_limits_t, conns) },
    { "ip_conns=", 1, offsetof(ngx_smtp_verify_limits_t, ip_conns) },
    { "total=", 1, offsetof(ngx_smtp_verify_limits_t, total) },
    { "burst=", 0, offsetof(ngx_smtp_verify_limits_t, burst) },
    { "queue=", 0, offsetof(ngx_smtp_verify_limits_t, queue) },
    { "suspend=", 0, offsetof(ngx_smtp_verify_limits_t, suspend) },
    { NULL, 0, 0 }
};


char *
ngx_http_smtp_verify_conf_throttle(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t                 *value, name;
    ngx_uint_t                 i;
    ngx_smtp_verify_limits_t  *limits;

    if (slcf->verify.throttle != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        slcf->verify.throttle = NULL;
        return NGX_CONF_OK;
    }

    limits = &slcf->verify.limits;

    ngx_http_smtp_verify_throttle_defaults(limits);

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_smtp_verify_param(&value[i], "zone=", &name)) {
            slcf->verify.throttle = ngx_smtp_verify_throttle_add(cf, &name, 0,
                                                &ngx_http_smtp_verify_module);
            if (slcf->verify.throttle == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_smtp_verify_param(&value[i], "shared=", &limits->shared))
        {
            continue;
        }

        if (ngx_http_smtp_verify_throttle_param(limits, &value[i])
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"%s", &value[i],
                               ngx_http_smtp_verify_throttle_hint(&value[i]));
            return NGX_CONF_ERROR;
        }
    }

    if (slcf->verify.throttle == NGX_CONF_UNSET_PTR) {
        return "needs a zone";
    }

    if (limits->ip_conns == NGX_CONF_UNSET_UINT) {
        limits->ip_conns = limits->conns;
    }

    limits->breaker.max_pause = ngx_max(limits->breaker.max_pause,
                                        limits->breaker.pause);

    return NGX_CONF_OK;
}


/* A hint at what was probably meant. */

static const char *
ngx_http_smtp_verify_throttle_hint(ngx_str_t *param)
{
    if (ngx_strchr(param->data, '=') == NULL) {
        return ", a zone is named as in \"zone=name\"";
    }

    if (ngx_strncmp(param->data, "rate=", 5) == 0) {
        return ", a rate is written as in \"rate=10/s\" or \"rate=300/m\"";
    }

    if (ngx_strncmp(param->data, "rejects=", 8) == 0) {
        return ", a number an hour is needed, as in \"rejects=200/h\" or "
               "\"rejects=20-200/h\"";
    }

    return " in \"smtp_verify_throttle\" directive";
}


static void
ngx_http_smtp_verify_throttle_defaults(ngx_smtp_verify_limits_t *limits)
{
    limits->conns = NGX_HTTP_SMTP_VERIFY_THROTTLE_CONNS;
    limits->ip_conns = NGX_CONF_UNSET_UINT;
    limits->rate = sv_bucket_per_second(NGX_HTTP_SMTP_VERIFY_THROTTLE_RATE);
    limits->burst = NGX_HTTP_SMTP_VERIFY_THROTTLE_BURST;
    limits->rejects.start = NGX_HTTP_SMTP_VERIFY_THROTTLE_REJECTS;
    limits->rejects.most = NGX_HTTP_SMTP_VERIFY_THROTTLE_BORNE;
    limits->queue = NGX_HTTP_SMTP_VERIFY_THROTTLE_QUEUE;
    limits->wait = NGX_HTTP_SMTP_VERIFY_THROTTLE_WAIT;
    limits->total = NGX_HTTP_SMTP_VERIFY_THROTTLE_TOTAL;
    limits->suspend = NGX_HTTP_SMTP_VERIFY_THROTTLE_SUSPEND;
    limits->breaker.pause = NGX_HTTP_SMTP_VERIFY_THROTTLE_PAUSE;
    limits->breaker.max_pause = NGX_HTTP_SMTP_VERIFY_THROTTLE_MAX;
}


static ngx_int_t
ngx_http_smtp_verify_throttle_param(ngx_smtp_verify_limits_t *limits,
    ngx_str_t *param)
{
    ngx_int_t                             rc;
    ngx_msec_t                            msec;
    ngx_http_smtp_verify_throttle_num_t  *num;

    if (ngx_strcmp(param->data, "breaker=off") == 0) {
        limits->breaker.pause = 0;
        return NGX_OK;
    }

    for (num = ngx_http_smtp_verify_throttle_nums; num->name; num++) {

        rc = ngx_http_smtp_verify_param_number(param, num->name, num->min,
                                    NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST,
                                    (ngx_uint_t *) ((u_char *) limits
                                                    + num->offset));
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    rc = ngx_http_smtp_verify_param_time(param, "pause=",
                                         NGX_HTTP_SMTP_VERIFY_THROTTLE_LONGEST,
                                         &msec);
    if (rc == NGX_OK) {
        limits->breaker.pause = (uint32_t) msec;
        return NGX_OK;
    }

    rc = ngx_http_smtp_verify_param_time(param, "max_pause=",
                                         NGX_HTTP_SMTP_VERIFY_THROTTLE_LONGEST,
                                         &msec);
    if (rc == NGX_OK) {
        limits->breaker.max_pause = (uint32_t) msec;
        return NGX_OK;
    }

    if (ngx_http_smtp_verify_conf_rate(param, &limits->rate) == NGX_OK) {
        return NGX_OK;
    }

    if (ngx_http_smtp_verify_conf_rejects(param, &limits->rejects)
        == NGX_OK)
    {
        limits->rejects_given = 1;
        return NGX_OK;
    }

    return ngx_http_smtp_verify_param_time(param, "wait=",
                                         NGX_HTTP_SMTP_VERIFY_THROTTLE_LONGEST,
                                         &limits->wait);
}


char *
ngx_http_smtp_verify_throttle_provider(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_main_conf_t *smcf = conf;

    ngx_str_t                          *value;
    ngx_uint_t                          i;
    ngx_smtp_verify_provider_limits_t  *given;

    if (smcf->limits == NULL) {
        smcf->limits = ngx_array_create(cf->pool, 4,
                                   sizeof(ngx_smtp_verify_provider_limits_t));
        if (smcf->limits == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    given = ngx_array_push(smcf->limits);
    if (given == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    given->id = value[1];
    given->conns = NGX_CONF_UNSET_UINT;
    given->messages = NGX_CONF_UNSET_UINT;
    given->rate = (uint64_t) -1;
    given->burst = NGX_CONF_UNSET_UINT;
    given->rejects.start = 0;

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_smtp_verify_param_number(&value[i], "conns=", 1,
                                         NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST,
                                         &given->conns)
            == NGX_OK
            || ngx_http_smtp_verify_param_number(&value[i], "messages=", 1,
                                         NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST,
                                         &given->messages)
               == NGX_OK
            || ngx_http_smtp_verify_param_number(&value[i], "burst=", 0,
                                         NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST,
                                         &given->burst)
               == NGX_OK
            || ngx_http_smtp_verify_conf_rate(&value[i], &given->rate)
               == NGX_OK
            || ngx_http_smtp_verify_conf_rejects(&value[i], &given->rejects)
               == NGX_OK)
        {
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"%V\" directive",
                           &value[i], &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Parses "rejects=200/h", or "rejects=20-200/h" for a number that is
   learned. */

static ngx_int_t
ngx_http_smtp_verify_conf_rejects(ngx_str_t *param, sv_budget_conf_t *rejects)
{
    u_char     *dash, *last;
    ngx_int_t   start, most;
    ngx_str_t   value;

    if (!ngx_http_smtp_verify_param(param, "rejects=", &value)
        || value.len < 3
        || ngx_strncmp(value.data + value.len - 2, "/h", 2) != 0)
    {
        return NGX_ERROR;
    }

    last = value.data + value.len - 2;
    dash = ngx_strlchr(value.data, last, '-');

    start = ngx_atoi(value.data, (dash ? dash : last) - value.data);
    most = dash ? ngx_atoi(dash + 1, last - dash - 1) : 0;

    if (start < 1 || start > NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST
        || (dash && most < start) || most > NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST)
    {
        return NGX_ERROR;
    }

    rejects->start = (uint32_t) start;
    rejects->most = (uint32_t) most;

    return NGX_OK;
}


/* Parses "10/s" or "10/m"; also "10r/s", as in limit_req_zone. */

static ngx_int_t
ngx_http_smtp_verify_conf_rate(ngx_str_t *param, uint64_t *rate)
{
    u_char     unit;
    ngx_int_t  number;
    ngx_str_t  value;

    if (!ngx_http_smtp_verify_param(param, "rate=", &value)) {
        return NGX_DECLINED;
    }

    if (value.len < 3 || value.data[value.len - 2] != '/') {
        return NGX_ERROR;
    }

    unit = value.data[value.len - 1];
    value.len -= 2;

    if (value.data[value.len - 1] == 'r') {
        value.len--;
    }

    number = ngx_atoi(value.data, value.len);

    if (number <= 0 || number > NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST) {
        return NGX_ERROR;
    }

    switch (unit) {

    case 's':
        *rate = sv_bucket_per_second(number);
        return NGX_OK;

    case 'm':
        *rate = sv_bucket_per_minute(number);
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


void
ngx_http_smtp_verify_throttle_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    if (conf->verify.throttle == NGX_CONF_UNSET_PTR) {

        /* there is neither a throttle nor "off" */

        conf->unthrottled = (prev->unthrottled
                             || prev->verify.throttle == NGX_CONF_UNSET_PTR);

        conf->verify.throttle = prev->verify.throttle;
        conf->verify.limits = prev->verify.limits;
    }

    ngx_conf_init_ptr_value(conf->verify.throttle, NULL);
}


/* Warns once for all locations. */

void
ngx_http_smtp_verify_throttle_missing(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    if (!conf->unthrottled || smcf->warned) {
        return;
    }

    smcf->warned = 1;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                       "no \"smtp_verify_throttle\" limits how often location "
                       "\"%V\" asks the same mail server, which may block "
                       "your address for that; define one, or say "
                       "\"smtp_verify_throttle off\"", &clcf->name);
}


void
ngx_http_smtp_verify_throttle_check(ngx_cycle_t *cycle)
{
    ngx_uint_t                workers;
    ngx_shm_zone_t           *zone;
    ngx_core_conf_t          *ccf;
    ngx_smtp_verify_zones_t   zones;

    ccf = (ngx_core_conf_t *) ngx_get_conf(cycle->conf_ctx, ngx_core_module);
    workers = ngx_max(ccf->worker_processes, 1);

    ngx_smtp_verify_zones_init(&zones, cycle);

    while ((zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {

        if (!ngx_smtp_verify_throttle_is(zone)
            || ngx_smtp_verify_throttle_workers(zone) >= workers)
        {
            continue;
        }

        /* the log that is configured may leave out warnings */

        if (ngx_test_config) {
            ngx_log_stderr(0, "[warn] zone \"%V\" is too small for %ui "
                           "workers, some of which may not verify at times: "
                           "enlarge it",
                           &zone->shm.name, workers);
            continue;
        }

        ngx_log_error(NGX_LOG_WARN, cycle->log, 0,
                      "zone \"%V\" is too small for %ui workers, some of "
                      "which may not verify at times: enlarge it",
                      &zone->shm.name, workers);
    }
}
