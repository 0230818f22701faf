
#include "ngx_http_smtp_verify_param.h"
#include "ngx_http_smtp_verify_conf_egress.h"
#include "ngx_smtp_verify_opinion.h"


#define NGX_HTTP_SMTP_VERIFY_MAX_CONNECTS  16


static ngx_int_t ngx_http_smtp_verify_keepalive_param(
    ngx_smtp_verify_keep_conf_t *keep, ngx_str_t *param);


char *
ngx_http_smtp_verify_from(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    char          *rv;
    sv_address_t   addr;
    ngx_str_t     *from;

    rv = ngx_http_set_complex_value_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    from = &slcf->from->value;

    if (slcf->from->lengths) {
        return NGX_CONF_OK;
    }

    if (from->len == 2 && ngx_strncmp(from->data, "<>", 2) == 0) {
        from->len = 0;
        return NGX_CONF_OK;
    }

    if (sv_address_parse(from->data, from->len, &addr) != SV_ADDRESS_OK
        || addr.utf8)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid address \"%V\" in \"%V\" directive",
                           from, &cmd->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_smtp_verify_wire_address(cf->pool, from, &addr) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_smtp_verify_helo(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    char       *rv;
    ngx_str_t  *helo;

    rv = ngx_http_set_complex_value_slot(cf, cmd, conf);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    helo = &slcf->helo->value;

    if (slcf->helo->lengths == NULL
        && !sv_host_name_valid(helo->data, helo->len, 0))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid host name \"%V\" in \"%V\" directive, "
                           "a name with a dot is needed", helo, &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Takes a rate in percent, with up to two decimals, or "off". */

char *
ngx_http_smtp_verify_second_opinion(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_int_t    rate;
    ngx_str_t   *value;

    if (slcf->verify.opinion_rate != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        slcf->verify.opinion_rate = 0;
        return NGX_CONF_OK;
    }

    rate = NGX_ERROR;

    if (value[1].len > 1 && value[1].data[value[1].len - 1] == '%') {
        rate = ngx_atofp(value[1].data, value[1].len - 1, 2);
    }

    if (rate < 1 || rate > NGX_SMTP_VERIFY_OPINION_ALL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid rate \"%V\" in \"%V\" directive",
                           &value[1], &cmd->name);
        return NGX_CONF_ERROR;
    }

    slcf->verify.opinion_rate = rate;

    if (cf->args->nelts == 3
        && ngx_http_smtp_verify_param_time(&value[2], "delay=", 86400000,
                                           &slcf->verify.opinion_delay)
           != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"%V\" directive",
                           &value[2], &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_smtp_verify_catch_all_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    char       *rv;
    ngx_str_t  *value;

    rv = ngx_conf_set_enum_slot(cf, cmd, conf);

    if (rv != NGX_CONF_OK || cf->args->nelts == 2) {
        return rv;
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[2].data, "canary=off") == 0) {
        slcf->verify.canary = 0;
        return NGX_CONF_OK;
    }

    if (ngx_http_smtp_verify_param_number(&value[2], "canary=", 1, 1000000,
                                          &slcf->verify.canary)
        != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" in \"%V\" directive",
                           &value[2], &cmd->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_smtp_verify_connect_timeout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t   *value;
    ngx_msec_t   msec, *timeout;
    ngx_uint_t   i;

    if (slcf->verify.connect_timeouts != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts - 1 > NGX_HTTP_SMTP_VERIFY_MAX_CONNECTS) {
        return "has too many values";
    }

    slcf->verify.connect_timeouts = ngx_array_create(cf->pool,
                                                     cf->args->nelts - 1,
                                                     sizeof(ngx_msec_t));
    if (slcf->verify.connect_timeouts == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        msec = ngx_parse_time(&value[i], 0);

        if (msec == (ngx_msec_t) NGX_ERROR || msec == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\" in \"%V\" directive",
                               &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }

        timeout = ngx_array_push(slcf->verify.connect_timeouts);
        if (timeout == NULL) {
            return NGX_CONF_ERROR;
        }

        *timeout = msec;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_smtp_verify_target_allow(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_int_t    rc;
    ngx_str_t   *value;
    ngx_uint_t   i;
    ngx_cidr_t  *cidr;

    value = cf->args->elts;

    if (slcf->verify.target_allow == NGX_CONF_UNSET_PTR) {
        slcf->verify.target_allow = ngx_array_create(cf->pool, 2,
                                                     sizeof(ngx_cidr_t));
        if (slcf->verify.target_allow == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {

        cidr = ngx_array_push(slcf->verify.target_allow);
        if (cidr == NULL) {
            return NGX_CONF_ERROR;
        }

        rc = ngx_ptocidr(&value[i], cidr);

        if (rc == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter "
                               "\"%V\", a network in CIDR form is needed",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        if (rc == NGX_DONE) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "low address bits of %V are meaningless",
                               &value[i]);
        }
    }

    return NGX_CONF_OK;
}


/* Takes "off", or the transactions of a session, with rejects=N and
   timeout=TIME. */

char *
ngx_http_smtp_verify_keepalive(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_int_t                     rc;
    ngx_str_t                    *value;
    ngx_uint_t                    i;
    ngx_smtp_verify_keep_conf_t  *keep;

    keep = &slcf->verify.keep;

    if (keep->transactions != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        keep->transactions = 0;
        return cf->args->nelts == 2 ? NGX_CONF_OK : "has more than \"off\"";
    }

    for (i = 1; i < cf->args->nelts; i++) {

        rc = (i == 1) ? ngx_http_smtp_verify_param_number(&value[i], "", 1,
                                                          NGX_MAX_INT_T_VALUE,
                                                          &keep->transactions)
                      : ngx_http_smtp_verify_keepalive_param(keep, &value[i]);

        if (rc != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"%V\" "
                               "directive", &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_keepalive_param(ngx_smtp_verify_keep_conf_t *keep,
    ngx_str_t *param)
{
    ngx_int_t  rc;

    rc = ngx_http_smtp_verify_param_number(param, "rejects=", 1,
                                           NGX_MAX_INT_T_VALUE,
                                           &keep->rejects);
    if (rc == NGX_DECLINED) {
        rc = ngx_http_smtp_verify_param_time(param, "timeout=",
                                             NGX_MAX_INT_T_VALUE,
                                             &keep->timeout);
    }

    return rc;
}


/* A timeout of zero would end every probe at once. */

char *
ngx_http_smtp_verify_msec(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t  *msec = data;

    if (*msec == 0) {
        return "must be greater than zero";
    }

    return NGX_CONF_OK;
}


char *
ngx_http_smtp_verify_bounds(ngx_conf_t *cf, void *post, void *data)
{
    ngx_conf_num_bounds_t  *bounds = post;
    ngx_int_t              *np = data;

    static u_char  error[sizeof("must be between  and ") + 2 * NGX_INT_T_LEN];

    if (*np < bounds->low || *np > bounds->high) {
        ngx_sprintf(error, "must be between %i and %i%Z", bounds->low,
                    bounds->high);
        return (char *) error;
    }

    return NGX_CONF_OK;
}


/* Elsewhere 0 means no limit; here it would let all bodies pass unread. */

char *
ngx_http_smtp_verify_size(ngx_conf_t *cf, void *post, void *data)
{
    size_t  *size = data;

    if (*size == 0) {
        return "must be greater than zero";
    }

    return NGX_CONF_OK;
}
