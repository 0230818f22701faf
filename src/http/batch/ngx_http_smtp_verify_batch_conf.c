
#include "ngx_http_smtp_verify_batch_handler.h"
#include "ngx_http_smtp_verify_conf_cache.h"


char *
ngx_http_smtp_verify_batch_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    slcf->enable = 1;
    slcf->batch.enable = 1;

    return ngx_http_smtp_verify_set_handler(cf, slcf,
                                          ngx_http_smtp_verify_batch_handler);
}


void
ngx_http_smtp_verify_batch_create(ngx_http_smtp_verify_loc_conf_t *conf)
{
    conf->batch.line = NGX_CONF_UNSET_SIZE;
    conf->batch.lines = NGX_CONF_UNSET_UINT;
    conf->batch.limits.probes = NGX_CONF_UNSET_UINT;
    conf->batch.limits.domain_probes = NGX_CONF_UNSET_UINT;
    conf->batch.limits.window = NGX_CONF_UNSET_UINT;
    conf->batch.timeout = NGX_CONF_UNSET_MSEC;
    conf->batch.heartbeat = NGX_CONF_UNSET_MSEC;
}


void
ngx_http_smtp_verify_batch_merge(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_size_value(conf->batch.line, prev->batch.line, 4096);
    ngx_conf_merge_uint_value(conf->batch.lines, prev->batch.lines, 1000000);
    ngx_conf_merge_uint_value(conf->batch.limits.probes,
                              prev->batch.limits.probes, 100);
    ngx_conf_merge_uint_value(conf->batch.limits.domain_probes,
                              prev->batch.limits.domain_probes, 5);
    ngx_conf_merge_uint_value(conf->batch.limits.window,
                              prev->batch.limits.window, 1000);
    ngx_conf_merge_msec_value(conf->batch.timeout, prev->batch.timeout,
                              6 * 60 * 60 * 1000);
    ngx_conf_merge_msec_value(conf->batch.heartbeat, prev->batch.heartbeat,
                              15000);

    if (!conf->batch.enable) {
        return;
    }

    /* The batch checks the size itself: it answers in its own way, and logs no
       error that a client can cause.  The core module was merged before. */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    conf->batch.max_body = clcf->client_max_body_size;
    clcf->client_max_body_size = 0;
}
