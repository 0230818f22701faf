
#include "ngx_http_smtp_verify_conf_proof.h"
#include "ngx_smtp_verify_tls_dane.h"


void
ngx_http_smtp_verify_proof_create(ngx_http_smtp_verify_loc_conf_t *conf)
{
    conf->verify.dnssec = NGX_CONF_UNSET;
    conf->verify.dane = NGX_CONF_UNSET;
}


void
ngx_http_smtp_verify_proof_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_conf_merge_value(conf->verify.dnssec, prev->verify.dnssec, 0);
    ngx_conf_merge_value(conf->verify.dane, prev->verify.dane, 0);
}


ngx_int_t
ngx_http_smtp_verify_proof_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    if (!conf->verify.dane) {
        return NGX_OK;
    }

    if (!conf->verify.dnssec) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"smtp_verify_dane\" needs \"smtp_verify_dnssec "
                           "on\", and a \"resolver\" that validates");
        return NGX_ERROR;
    }

    if (conf->verify.session.starttls == NGX_SMTP_VERIFY_STARTTLS_OFF) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"smtp_verify_dane\" needs TLS, and "
                           "\"smtp_verify_starttls\" is \"off\"");
        return NGX_ERROR;
    }

    if (ngx_smtp_verify_tls_dane_context(conf->verify.session.ssl) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"smtp_verify_dane\" needs DANE, which the TLS "
                           "library of this nginx does not have");
        return NGX_ERROR;
    }

    return NGX_OK;
}
