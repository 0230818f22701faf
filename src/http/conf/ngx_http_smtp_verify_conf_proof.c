
#include "ngx_http_smtp_verify_conf_proof.h"
#include "ngx_smtp_verify_tls_dane.h"


static ngx_int_t ngx_http_smtp_verify_proof_sts(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);


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
    ngx_conf_merge_str_value(conf->mta_sts, prev->mta_sts, "");
}


/* MTA-STS needs TLS, and certificates to verify mail hosts with. */

static ngx_int_t
ngx_http_smtp_verify_proof_sts(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    if (conf->ssl_trusted_certificate.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"smtp_verify_ssl_trusted_certificate\" is "
                           "defined for \"smtp_verify_mta_sts\"");
        return NGX_ERROR;
    }

    if (conf->verify.session.starttls == NGX_SMTP_VERIFY_STARTTLS_OFF) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"smtp_verify_mta_sts\" needs TLS, and "
                           "\"smtp_verify_starttls\" is \"off\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_proof_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    if (conf->mta_sts.len
        && ngx_http_smtp_verify_proof_sts(cf, conf) != NGX_OK)
    {
        return NGX_ERROR;
    }

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
