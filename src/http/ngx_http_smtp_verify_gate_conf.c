
#include "ngx_http_smtp_verify_cache.h"
#include "ngx_http_smtp_verify_gate.h"


#define NGX_HTTP_SMTP_VERIFY_GATE_STATUS    422
#define NGX_HTTP_SMTP_VERIFY_GATE_BODY_MAX  (1024 * 1024)


static ngx_int_t ngx_http_smtp_verify_gate_param(ngx_conf_t *cf,
    ngx_http_smtp_verify_gate_t *gate, ngx_str_t *value);
static ngx_int_t ngx_http_smtp_verify_gate_deny(
    ngx_http_smtp_verify_gate_t *gate,
    ngx_str_t *list);
static uint64_t ngx_http_smtp_verify_gate_reasons(u_char *data, size_t len);


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
        || ngx_http_smtp_verify_counters_add(cf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_smtp_verify_gate_param(cf, gate, &value[i]) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (gate->deny == 0) {
        gate->deny = ngx_http_smtp_verify_gate_reasons(
                             (u_char *) "undeliverable",
                             sizeof("undeliverable") - 1);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_gate_param(ngx_conf_t *cf,
    ngx_http_smtp_verify_gate_t *gate, ngx_str_t *value)
{
    ngx_int_t  n;
    ngx_str_t  s;

    if (ngx_strncmp(value->data, "deny=", 5) == 0) {
        s.data = value->data + 5;
        s.len = value->len - 5;

        return ngx_http_smtp_verify_gate_deny(gate, &s);
    }

    if (ngx_strncmp(value->data, "status=", 7) == 0) {
        n = ngx_atoi(value->data + 7, value->len - 7);

        /* some are no answers, or nginx's own */

        if (n < 400 || n > 599 || n == NGX_HTTP_CLOSE
            || (n >= 494 && n <= 499))
        {
            return NGX_ERROR;
        }

        gate->status = n;
        return NGX_OK;
    }

    if (ngx_strncmp(value->data, "budget=", 7) == 0) {
        s.data = value->data + 7;
        s.len = value->len - 7;

        gate->budget = ngx_parse_time(&s, 0);

        return (gate->budget == (ngx_msec_t) NGX_ERROR || gate->budget == 0)
               ? NGX_ERROR : NGX_OK;
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

        reasons = ngx_http_smtp_verify_gate_reasons(p, last - p);

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


/* that of a name, or all of a status; 0: it is neither */

static uint64_t
ngx_http_smtp_verify_gate_reasons(u_char *data, size_t len)
{
    uint64_t     reasons;
    ngx_uint_t   i;
    const char  *status;
    sv_reason_e  reason;

    reason = sv_reason_by_name((char *) data, len);

    if (reason != SV_REASON_NONE) {
        return (uint64_t) 1 << reason;
    }

    reasons = 0;

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {

        status = sv_status_name(sv_reason_info(i)->status);

        if (ngx_strlen(status) == len && ngx_strncmp(status, data, len) == 0)
        {
            reasons |= (uint64_t) 1 << i;
        }
    }

    return reasons;
}


char *
ngx_http_smtp_verify_address(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
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
