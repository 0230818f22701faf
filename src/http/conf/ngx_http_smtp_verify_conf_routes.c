
#include "ngx_http_smtp_verify_conf_routes.h"
#include "sv_target.h"


static void ngx_http_smtp_verify_routes_cleanup(void *data);
static char *ngx_http_smtp_verify_routes_add(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *slcf, ngx_str_t *text, ngx_str_t *file);
static ngx_uint_t ngx_http_smtp_verify_routes_allowed(
    ngx_http_smtp_verify_loc_conf_t *slcf, const sv_route_t *route);


/* Takes the name of a file of routes, or one route. */

char *
ngx_http_smtp_verify_routes(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    char                *rv;
    ngx_str_t           *value, text;
    sv_routes_t         *routes;
    ngx_pool_cleanup_t  *cln;

    value = cf->args->elts;

    if (slcf->verify.routes == NULL) {
        return "is off here";
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {

        if (slcf->verify.routes != NGX_CONF_UNSET_PTR) {
            return "is off, and there are routes here";
        }

        slcf->verify.routes = NULL;
        return NGX_CONF_OK;
    }

    if (slcf->verify.routes == NGX_CONF_UNSET_PTR) {

        cln = ngx_pool_cleanup_add(cf->pool, 0);
        if (cln == NULL) {
            return NGX_CONF_ERROR;
        }

        routes = sv_routes_create();
        if (routes == NULL) {
            return NGX_CONF_ERROR;
        }

        cln->handler = ngx_http_smtp_verify_routes_cleanup;
        cln->data = routes;

        slcf->verify.routes = routes;
    }

    if (cf->args->nelts == 2) {

        if (ngx_http_smtp_verify_load(cf, &value[1], &text) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        rv = ngx_http_smtp_verify_routes_add(cf, slcf, &text, &value[1]);

        ngx_free(text.data);

        return rv;
    }

    text.len = value[1].len + 1 + value[2].len;
    text.data = ngx_pnalloc(cf->temp_pool, text.len);

    if (text.data == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_sprintf(text.data, "%V %V", &value[1], &value[2]);

    return ngx_http_smtp_verify_routes_add(cf, slcf, &text, NULL);
}


static char *
ngx_http_smtp_verify_routes_add(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *slcf, ngx_str_t *text, ngx_str_t *file)
{
    sv_routes_t       *routes;
    sv_rules_error_t   error;

    routes = slcf->verify.routes;

    /* part of the scope of cached results */

    slcf->routes_version = slcf->routes_version * 31
                           + ngx_crc32_long(text->data, text->len);

    if (sv_routes_add(routes, (char *) text->data, text->len, &error) == 0
        && sv_routes_ready(routes, &error) == 0)
    {
        return NGX_CONF_OK;
    }

    if (file) {
        return ngx_http_smtp_verify_mistake(cf, file, &error);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "%s in \"smtp_verify_route\" directive", error.message);

    return NGX_CONF_ERROR;
}


static void
ngx_http_smtp_verify_routes_cleanup(void *data)
{
    sv_routes_free(data);
}


void
ngx_http_smtp_verify_routes_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    if (conf->verify.routes == NGX_CONF_UNSET_PTR) {
        conf->verify.routes = (prev->verify.routes == NGX_CONF_UNSET_PTR)
                              ? NULL : prev->verify.routes;
        conf->routes_version = prev->routes_version;
    }
}


/* Refuses routes to addresses to which no connection is allowed. */

ngx_int_t
ngx_http_smtp_verify_routes_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    size_t             i;
    ngx_str_t          host;
    const sv_route_t  *route;

    if (conf->verify.routes == NULL) {
        return NGX_OK;
    }

    for (i = 0; (route = sv_routes_target(conf->verify.routes, i)); i++) {

        if (ngx_http_smtp_verify_routes_allowed(conf, route)) {
            continue;
        }

        host.data = route->host.data;
        host.len = route->host.len;

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the target \"%V\" of \"smtp_verify_route\" is not "
                           "public, and \"smtp_verify_target_allow\" does not "
                           "allow it", &host);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_smtp_verify_routes_allowed(ngx_http_smtp_verify_loc_conf_t *slcf,
    const sv_route_t *route)
{
    ngx_array_t     *allow;
    ngx_sockaddr_t   sa;

    if (route->family == 0) {
        return 1;
    }

    ngx_smtp_verify_route_sockaddr(route, &sa);

    allow = slcf->verify.target_allow;

    return sv_target_is_public(&sa.sockaddr)
           || (allow && ngx_cidr_match(&sa.sockaddr, allow) == NGX_OK);
}
