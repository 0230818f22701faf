
#include "ngx_http_smtp_verify_throttle.h"
#include "ngx_http_smtp_verify_zone.h"


/* what a careful sender keeps to where nobody has said otherwise */

#define NGX_HTTP_SMTP_VERIFY_THROTTLE_CONNS    5
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_RATE     10      /* a second */
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_BURST    10
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_REJECTS  200     /* an hour */
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_QUEUE    1000
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_WAIT     10000
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_TOTAL    500
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_PAUSE    30000
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_MAX      1800000
#define NGX_HTTP_SMTP_VERIFY_THROTTLE_SUSPEND  20

#define NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST     1000000


static void ngx_http_smtp_verify_throttle_defaults(
    ngx_smtp_verify_limits_t *limits);
static ngx_int_t ngx_http_smtp_verify_throttle_param(ngx_conf_t *cf,
    ngx_smtp_verify_limits_t *limits, ngx_str_t *param);
static ngx_int_t ngx_http_smtp_verify_throttle_number(ngx_str_t *param,
    const char *name, ngx_uint_t min, ngx_uint_t *n);
static ngx_int_t ngx_http_smtp_verify_throttle_rejects(ngx_str_t *param,
    ngx_uint_t *rejects);
static ngx_int_t ngx_http_smtp_verify_throttle_rate(ngx_str_t *param,
    uint64_t *rate);
static ngx_int_t ngx_http_smtp_verify_throttle_time(ngx_str_t *param,
    const char *name, ngx_msec_t *msec);
static ngx_int_t ngx_http_smtp_verify_throttle_is(ngx_str_t *param,
    const char *name, ngx_str_t *value);


char *
ngx_http_smtp_verify_throttle_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    size_t      size;
    ngx_str_t  *value, name;

    value = cf->args->elts;

    if (ngx_http_smtp_verify_zone(cf, &value[1], &name, &size) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_smtp_verify_throttle_add(cf, &name, size,
                                        &ngx_http_smtp_verify_module)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_smtp_verify_throttle(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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

        if (ngx_http_smtp_verify_throttle_is(&value[i], "zone=", &name)
            == NGX_OK)
        {
            slcf->verify.throttle = ngx_smtp_verify_throttle_add(cf, &name, 0,
                                                &ngx_http_smtp_verify_module);
            if (slcf->verify.throttle == NULL) {
                return NGX_CONF_ERROR;
            }

            continue;
        }

        if (ngx_http_smtp_verify_throttle_param(cf, limits, &value[i])
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
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


static void
ngx_http_smtp_verify_throttle_defaults(ngx_smtp_verify_limits_t *limits)
{
    limits->conns = NGX_HTTP_SMTP_VERIFY_THROTTLE_CONNS;
    limits->ip_conns = NGX_CONF_UNSET_UINT;
    limits->rate = sv_bucket_per_second(NGX_HTTP_SMTP_VERIFY_THROTTLE_RATE);
    limits->burst = NGX_HTTP_SMTP_VERIFY_THROTTLE_BURST;
    limits->rejects = NGX_HTTP_SMTP_VERIFY_THROTTLE_REJECTS;
    limits->queue = NGX_HTTP_SMTP_VERIFY_THROTTLE_QUEUE;
    limits->wait = NGX_HTTP_SMTP_VERIFY_THROTTLE_WAIT;
    limits->total = NGX_HTTP_SMTP_VERIFY_THROTTLE_TOTAL;
    limits->suspend = NGX_HTTP_SMTP_VERIFY_THROTTLE_SUSPEND;
    limits->breaker.pause = NGX_HTTP_SMTP_VERIFY_THROTTLE_PAUSE;
    limits->breaker.max_pause = NGX_HTTP_SMTP_VERIFY_THROTTLE_MAX;
}


static ngx_int_t
ngx_http_smtp_verify_throttle_param(ngx_conf_t *cf,
    ngx_smtp_verify_limits_t *limits, ngx_str_t *param)
{
    ngx_msec_t  msec;

    if (ngx_http_smtp_verify_throttle_time(param, "pause=", &msec)
        == NGX_OK)
    {
        limits->breaker.pause = (uint32_t) msec;
        return NGX_OK;
    }

    if (ngx_http_smtp_verify_throttle_time(param, "max_pause=", &msec)
        == NGX_OK)
    {
        limits->breaker.max_pause = (uint32_t) msec;
        return NGX_OK;
    }

    if (ngx_strcmp(param->data, "breaker=off") == 0) {
        limits->breaker.pause = 0;
        return NGX_OK;
    }

    if (ngx_http_smtp_verify_throttle_rate(param, &limits->rate) == NGX_OK
        || ngx_http_smtp_verify_throttle_rejects(param, &limits->rejects)
           == NGX_OK
        || ngx_http_smtp_verify_throttle_time(param, "wait=", &limits->wait)
           == NGX_OK
        || ngx_http_smtp_verify_throttle_number(param, "conns=", 1,
                                                &limits->conns)
           == NGX_OK
        || ngx_http_smtp_verify_throttle_number(param, "ip_conns=", 1,
                                                &limits->ip_conns)
           == NGX_OK
        || ngx_http_smtp_verify_throttle_number(param, "total=", 1,
                                                &limits->total)
           == NGX_OK
        || ngx_http_smtp_verify_throttle_number(param, "burst=", 0,
                                                &limits->burst)
           == NGX_OK
        || ngx_http_smtp_verify_throttle_number(param, "queue=", 0,
                                                &limits->queue)
           == NGX_OK
        || ngx_http_smtp_verify_throttle_number(param, "suspend=", 0,
                                                &limits->suspend)
           == NGX_OK)
    {
        return NGX_OK;
    }

    return NGX_ERROR;
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

    for (i = 2; i < cf->args->nelts; i++) {

        if (ngx_http_smtp_verify_throttle_number(&value[i], "conns=", 1,
                                                 &given->conns)
            == NGX_OK
            || ngx_http_smtp_verify_throttle_number(&value[i], "messages=", 1,
                                                    &given->messages)
               == NGX_OK
            || ngx_http_smtp_verify_throttle_number(&value[i], "burst=", 0,
                                                    &given->burst)
               == NGX_OK
            || ngx_http_smtp_verify_throttle_rate(&value[i], &given->rate)
               == NGX_OK)
        {
            continue;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           &value[i]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_throttle_number(ngx_str_t *param, const char *name,
    ngx_uint_t min, ngx_uint_t *n)
{
    ngx_int_t  number;
    ngx_str_t  value;

    if (ngx_http_smtp_verify_throttle_is(param, name, &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    number = ngx_atoi(value.data, value.len);

    if (number == NGX_ERROR || number < (ngx_int_t) min
        || number > NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST)
    {
        return NGX_ERROR;
    }

    *n = number;

    return NGX_OK;
}


/* of an hour */

static ngx_int_t
ngx_http_smtp_verify_throttle_rejects(ngx_str_t *param, ngx_uint_t *rejects)
{
    ngx_str_t  s;

    s.data = param->data;
    s.len = param->len - 2;

    if (param->len < 2 || ngx_strncmp(s.data + s.len, "/h", 2) != 0) {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_throttle_number(&s, "rejects=", 1, rejects);
}


static ngx_int_t
ngx_http_smtp_verify_throttle_rate(ngx_str_t *param, uint64_t *rate)
{
    ngx_int_t  number;
    ngx_str_t  value;

    if (ngx_http_smtp_verify_throttle_is(param, "rate=", &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (value.len < 3 || value.data[value.len - 2] != '/') {
        return NGX_ERROR;
    }

    number = ngx_atoi(value.data, value.len - 2);

    if (number <= 0 || number > NGX_HTTP_SMTP_VERIFY_THROTTLE_MOST) {
        return NGX_ERROR;
    }

    switch (value.data[value.len - 1]) {

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


static ngx_int_t
ngx_http_smtp_verify_throttle_time(ngx_str_t *param, const char *name,
    ngx_msec_t *msec)
{
    ngx_int_t  time;
    ngx_str_t  value;

    if (ngx_http_smtp_verify_throttle_is(param, name, &value) != NGX_OK) {
        return NGX_DECLINED;
    }

    time = ngx_parse_time(&value, 0);

    if (time == NGX_ERROR || time == 0 || time > 86400 * 1000) {
        return NGX_ERROR;
    }

    *msec = time;

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_throttle_is(ngx_str_t *param, const char *name,
    ngx_str_t *value)
{
    size_t  len;

    len = ngx_strlen(name);

    if (param->len < len || ngx_strncmp(param->data, name, len) != 0) {
        return NGX_DECLINED;
    }

    value->data = param->data + len;
    value->len = param->len - len;

    return NGX_OK;
}


void
ngx_http_smtp_verify_throttle_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    if (conf->verify.throttle == NGX_CONF_UNSET_PTR) {
        conf->verify.throttle = prev->verify.throttle;
        conf->verify.limits = prev->verify.limits;
    }

    ngx_conf_init_ptr_value(conf->verify.throttle, NULL);
}
