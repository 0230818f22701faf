
#include "ngx_http_smtp_verify_conf_cache.h"
#include "ngx_http_smtp_verify_gate.h"
#include "ngx_http_smtp_verify_param.h"


#define NGX_HTTP_SMTP_VERIFY_GATE_STATUS    422
#define NGX_HTTP_SMTP_VERIFY_GATE_BODY_MAX  (1024 * 1024)


static ngx_int_t ngx_http_smtp_verify_gate_param(ngx_conf_t *cf,
    ngx_http_smtp_verify_gate_t *gate, ngx_str_t *value);
static ngx_int_t ngx_http_smtp_verify_gate_deny(
    ngx_http_smtp_verify_gate_t *gate, ngx_str_t *list);


char *
ngx_http_smtp_verify_gate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t                    *value;
    ngx_uint_t                    i;
    ngx_http_smtp_verify_gate_t  *gate;

    if (slcf->gate != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        slcf->gate = NULL;
        return NGX_CONF_OK;
    }

    gate = ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_gate_t));
    if (gate == NULL) {
        return NGX_CONF_ERROR;
    }

    gate->status = NGX_HTTP_SMTP_VERIFY_GATE_STATUS;
    slcf->gate = gate;

    if (ngx_http_smtp_verify_source_parse(cf, &value[1], &gate->source)
        != NGX_OK
        || ngx_http_smtp_verify_add_counters(cf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_smtp_verify_gate_param(cf, gate, &value[i]) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"%s", &value[i],
                               ngx_strncmp(value[i].data, "deny=", 5) == 0
                               ? ", statuses and reasons are needed, with "
                                 "commas and no blanks between"
                               : " in \"smtp_verify_gate\" directive");
            return NGX_CONF_ERROR;
        }
    }

    if (gate->deny == 0) {
        gate->deny = ngx_http_smtp_verify_param_reasons(
                             (u_char *) "undeliverable",
                             sizeof("undeliverable") - 1);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_gate_param(ngx_conf_t *cf,
    ngx_http_smtp_verify_gate_t *gate, ngx_str_t *value)
{
    ngx_int_t  rc;
    ngx_str_t  list;

    if (ngx_http_smtp_verify_param(value, "deny=", &list)) {
        return ngx_http_smtp_verify_gate_deny(gate, &list);
    }

    rc = ngx_http_smtp_verify_param_number(value, "status=", 400, 599,
                                           &gate->status);
    if (rc != NGX_DECLINED) {

        /* 444 closes the connection; nginx uses 494 to 499 itself */

        return rc != NGX_OK || gate->status == NGX_HTTP_CLOSE
               || (gate->status >= 494 && gate->status <= 499)
               ? NGX_ERROR : NGX_OK;
    }

    rc = ngx_http_smtp_verify_param_time(value, "budget=",
                                         NGX_MAX_INT_T_VALUE, &gate->budget);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (ngx_strcmp(value->data, "on_error=deny") == 0) {
        gate->deny_faults = 1;
        return NGX_OK;
    }

    if (ngx_strcmp(value->data, "on_error=pass") == 0) {
        gate->deny_faults = 0;
        return NGX_OK;
    }

    if (ngx_strcmp(value->data, "required") == 0) {
        gate->required = 1;
        return NGX_OK;
    }

    if (ngx_strcmp(value->data, "dry_run") == 0) {
        gate->dry_run = 1;
        return NGX_OK;
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_smtp_verify_gate_deny(ngx_http_smtp_verify_gate_t *gate,
    ngx_str_t *list)
{
    u_char    *p, *end, *last;
    uint64_t   reasons;

    p = list->data;
    end = p + list->len;

    for ( ;; ) {

        last = ngx_strlchr(p, end, ',');
        if (last == NULL) {
            last = end;
        }

        reasons = ngx_http_smtp_verify_param_reasons(p, last - p);

        if (reasons == 0) {
            return NGX_ERROR;
        }

        gate->deny |= reasons;

        if (last == end) {
            return NGX_OK;
        }

        p = last + 1;
    }
}


char *
ngx_http_smtp_verify_conf_address(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t                      *value;
    ngx_uint_t                      i;
    ngx_http_smtp_verify_source_t  *source;

    if (slcf->addresses != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        slcf->addresses = NULL;
        return NGX_CONF_OK;
    }

    slcf->addresses = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                       sizeof(ngx_http_smtp_verify_source_t));
    if (slcf->addresses == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        source = ngx_array_push(slcf->addresses);
        if (source == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(source, sizeof(ngx_http_smtp_verify_source_t));

        if (ngx_http_smtp_verify_source_parse(cf, &value[i], source)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


void
ngx_http_smtp_verify_gate_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->gate, prev->gate, NULL);
    ngx_conf_merge_value(conf->gate_headers, prev->gate_headers, 0);
    ngx_conf_merge_size_value(conf->gate_body_max, prev->gate_body_max,
                              NGX_HTTP_SMTP_VERIFY_GATE_BODY_MAX);
    ngx_conf_merge_ptr_value(conf->addresses, prev->addresses, NULL);
}
