
/* What the block of a fleet says of TLS. */


#include "ngx_http_smtp_verify_conf_fleet.h"


static ngx_int_t ngx_http_smtp_verify_fleet_plain(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);


ngx_int_t
ngx_http_smtp_verify_fleet_secure(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    if (fcf->tls != 1) {
        return ngx_http_smtp_verify_fleet_plain(cf, fcf);
    }

    if ((fcf->cert.len == 0) != (fcf->cert_key.len == 0)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"certificate\" and "
                           "\"certificate_key\" need each other in fleet "
                           "\"%V\"", &fcf->fleet.name);
        return NGX_ERROR;
    }

    if (fcf->ca.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"tls on\" needs \"ca\" in "
                           "fleet \"%V\"", &fcf->fleet.name);
        return NGX_ERROR;
    }

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (ssl == NULL || cln == NULL) {
        return NGX_ERROR;
    }

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL) != NGX_OK)
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    fcf->fleet.ssl = ssl;

    if (fcf->cert.len
        && ngx_ssl_certificate(cf, ssl, &fcf->cert, &fcf->cert_key, NULL)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_ssl_trusted_certificate(cf, ssl, &fcf->ca, 4);
}


/* What is for TLS makes no sense without. */

static ngx_int_t
ngx_http_smtp_verify_fleet_plain(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    const char  *name;

    if (fcf->ca.len) {
        name = "ca";

    } else if (fcf->cert.len) {
        name = "certificate";

    } else if (fcf->cert_key.len) {
        name = "certificate_key";

    } else {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%s\" needs \"tls on\" in "
                       "fleet \"%V\"", name, &fcf->fleet.name);

    return NGX_ERROR;
}
