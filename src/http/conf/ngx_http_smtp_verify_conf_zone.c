
#include "ngx_http_smtp_verify_param.h"
#include "ngx_http_smtp_verify_conf_zone.h"


static ngx_int_t ngx_http_smtp_verify_conf_zone(ngx_conf_t *cf,
    ngx_str_t *param, ngx_str_t *name, size_t *size);
static ngx_int_t ngx_http_smtp_verify_zone_undefined(ngx_conf_t *cf,
    ngx_shm_zone_t *zone, const char *directive);


char *
ngx_http_smtp_verify_zone_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_zone_post_t *post = cmd->post;

    size_t      size;
    ngx_str_t  *value, name;

    value = cf->args->elts;

    if (ngx_http_smtp_verify_conf_zone(cf, &value[1], &name, &size) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return post->add(cf, &name, size, &ngx_http_smtp_verify_module)
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* parses "zone=NAME:SIZE" */

static ngx_int_t
ngx_http_smtp_verify_conf_zone(ngx_conf_t *cf, ngx_str_t *param,
    ngx_str_t *name, size_t *size)
{
    u_char     *p;
    ssize_t     n;
    ngx_str_t   s;

    if (!ngx_http_smtp_verify_param(param, "zone=", name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\", "
                           "\"zone=name:size\" is needed", param);
        return NGX_ERROR;
    }

    n = NGX_ERROR;
    p = (u_char *) ngx_strchr(name->data, ':');

    if (p && p != name->data) {
        name->len = p - name->data;

        s.data = p + 1;
        s.len = param->data + param->len - s.data;

        n = ngx_parse_size(&s);
    }

    /* the name is written into JSON and metrics without escaping */

    for (p = name->data; p < name->data + name->len; p++) {
        if (*p < 0x20 || *p == '"' || *p == '\\') {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid zone name \"%V\"", name);
            return NGX_ERROR;
        }
    }

    if (n == NGX_ERROR || n == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid zone size \"%V\", "
                           "\"zone=name:size\" is needed", param);
        return NGX_ERROR;
    }

    *size = n;

    return NGX_OK;
}


/* nginx itself would only report a zone of size zero. */

ngx_int_t
ngx_http_smtp_verify_zones(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_shm_zone_t  *cache, *throttle;

    cache = conf->verify.cache;
    throttle = conf->verify.throttle;

    if (cache && !ngx_smtp_verify_cache_is(cache)) {
        return ngx_http_smtp_verify_zone_undefined(cf, cache,
                                                   "smtp_verify_cache");
    }

    if (throttle && !ngx_smtp_verify_throttle_is(throttle)) {
        return ngx_http_smtp_verify_zone_undefined(cf, throttle,
                                                   "smtp_verify_throttle");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_zone_undefined(ngx_conf_t *cf, ngx_shm_zone_t *zone,
    const char *directive)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "no zone \"%V\" for \"%s\", "
                       "it has to be defined by \"%s_zone\"",
                       &zone->shm.name, directive, directive);

    return NGX_ERROR;
}
