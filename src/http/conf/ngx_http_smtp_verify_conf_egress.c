
#include "ngx_http_smtp_verify_conf_egress.h"
#include "ngx_http_smtp_verify_param.h"
#include "ngx_smtp_verify_egress.h"
#include "sv_egress.h"


#define NGX_HTTP_SMTP_VERIFY_SOCKS_PORT  1080


static char *ngx_http_smtp_verify_egress_line(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static ngx_int_t ngx_http_smtp_verify_egress_param(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *param);
static ngx_int_t ngx_http_smtp_verify_egress_from(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *from);
static ngx_int_t ngx_http_smtp_verify_egress_addr(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *text);
static ngx_uint_t ngx_http_smtp_verify_egress_is_twice(
    ngx_smtp_verify_pool_t *pool, ngx_smtp_verify_egress_t *egress);
static ngx_int_t ngx_http_smtp_verify_egress_proxy(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *text);
static ngx_int_t ngx_http_smtp_verify_egress_user(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *text);
static ngx_int_t ngx_http_smtp_verify_egress_unescape(ngx_conf_t *cf,
    sv_str_t *dst, u_char *data, size_t len);
static ngx_int_t ngx_http_smtp_verify_egress_find(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *slcf);
static ngx_smtp_verify_pool_t *ngx_http_smtp_verify_egress_by_name(
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_str_t *name);


char *
ngx_http_smtp_verify_bind(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t                 *value;
    ngx_uint_t                 i;
    ngx_smtp_verify_egress_t  *egress;

    if (slcf->verify.bind != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        slcf->verify.bind = NULL;
        return NGX_CONF_OK;
    }

    slcf->verify.bind = ngx_array_create(cf->pool, 2,
                                         sizeof(ngx_smtp_verify_egress_t));
    if (slcf->verify.bind == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        egress = ngx_array_push(slcf->verify.bind);
        if (egress == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(egress, sizeof(ngx_smtp_verify_egress_t));

        if (ngx_http_smtp_verify_egress_addr(cf, egress, &value[i]) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    egress = slcf->verify.bind->elts;

    if (slcf->verify.bind->nelts == 2
        && egress[0].addr.sockaddr->sa_family
           == egress[1].addr.sockaddr->sa_family)
    {
        return "takes two addresses only of different families";
    }

    return NGX_CONF_OK;
}


char *
ngx_http_smtp_verify_egress_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_main_conf_t *smcf = conf;

    char                     *rv;
    ngx_str_t                *value;
    ngx_conf_t                save;
    ngx_smtp_verify_pool_t   *pool, **pools;

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        return "cannot have the name \"off\"";
    }

    if (ngx_http_smtp_verify_egress_by_name(smcf, &value[1])) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate egress pool \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    pool = ngx_pcalloc(cf->pool, sizeof(ngx_smtp_verify_pool_t));
    pools = ngx_array_push(&smcf->pools);

    if (pool == NULL || pools == NULL
        || ngx_array_init(&pool->egresses, cf->pool, 4,
                          sizeof(ngx_smtp_verify_egress_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *pools = pool;
    pool->name = value[1];

    save = *cf;
    cf->handler = ngx_http_smtp_verify_egress_line;
    cf->handler_conf = (void *) pool;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (pool->egresses.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no identities in egress pool \"%V\"",
                           &pool->name);
        return NGX_CONF_ERROR;
    }

    ngx_smtp_verify_pool_init(pool);

    return NGX_CONF_OK;
}


/* Parses address IP | proxy URL helo=NAME [from=ADDRESS] [weight=NUMBER]
   [shared=NAME]. */

static char *
ngx_http_smtp_verify_egress_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    ngx_smtp_verify_pool_t *pool = conf;

    ngx_int_t                  rc;
    ngx_str_t                 *value;
    ngx_uint_t                 i, proxy;
    ngx_smtp_verify_egress_t  *egress;

    value = cf->args->elts;

    if (ngx_strcmp(value[0].data, "include") == 0 && cf->args->nelts == 2) {
        return ngx_conf_include(cf, dummy, conf);
    }

    proxy = (ngx_strcmp(value[0].data, "proxy") == 0);

    if (!proxy && ngx_strcmp(value[0].data, "address") != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown kind of egress \"%V\", it must be "
                           "\"address\" or \"proxy\"", &value[0]);
        return NGX_CONF_ERROR;
    }

    if (cf->args->nelts < 2) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no value of egress \"%V\"", &value[0]);
        return NGX_CONF_ERROR;
    }

    egress = ngx_array_push(&pool->egresses);
    if (egress == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(egress, sizeof(ngx_smtp_verify_egress_t));
    egress->weight = 1;

    rc = proxy ? ngx_http_smtp_verify_egress_proxy(cf, egress, &value[1])
               : ngx_http_smtp_verify_egress_addr(cf, egress, &value[1]);

    if (rc != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_smtp_verify_egress_param(cf, egress, &value[i])
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (egress->helo.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"helo\" of egress \"%V\"", &egress->name);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_smtp_verify_egress_is_twice(pool, egress)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate egress \"%V\"", &egress->name);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_uint_t
ngx_http_smtp_verify_egress_is_twice(ngx_smtp_verify_pool_t *pool,
    ngx_smtp_verify_egress_t *egress)
{
    ngx_smtp_verify_egress_t  *other;

    for (other = pool->egresses.elts; other < egress; other++) {
        if (other->key.len == egress->key.len
            && ngx_memcmp(other->key.data, egress->key.data, egress->key.len)
               == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_smtp_verify_egress_param(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *param)
{
    ngx_str_t  value;

    if (ngx_http_smtp_verify_param(param, "helo=", &value)) {

        if (!sv_host_name_valid(value.data, value.len, 0)) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid host name \"%V\" of egress \"%V\", "
                               "a name with a dot is needed", &value,
                               &egress->name);
            return NGX_ERROR;
        }

        egress->helo = value;
        return NGX_OK;
    }

    if (ngx_http_smtp_verify_param(param, "shared=", &value)) {
        egress->shared = value;
        return NGX_OK;
    }

    if (ngx_http_smtp_verify_param(param, "from=", &value)) {
        return ngx_http_smtp_verify_egress_from(cf, egress, &value);
    }

    if (ngx_http_smtp_verify_param_number(param, "weight=", 1,
                                          SV_EGRESS_WEIGHT_MAX,
                                          &egress->weight)
        == NGX_OK)
    {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\" of egress \"%V\"", param,
                       &egress->name);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_smtp_verify_egress_from(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *from)
{
    sv_address_t  addr;

    egress->from.data = from->data;

    if (from->len == 2 && ngx_strncmp(from->data, "<>", 2) == 0) {
        return NGX_OK;
    }

    if (sv_address_parse(from->data, from->len, &addr) != SV_ADDRESS_OK
        || addr.utf8)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid address \"%V\" of egress \"%V\"", from,
                           &egress->name);
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_wire_address(cf->pool, &egress->from, &addr);
}


static ngx_int_t
ngx_http_smtp_verify_egress_addr(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *text)
{
    ngx_int_t  rc;

    rc = ngx_parse_addr(cf->pool, &egress->addr, text->data, text->len);

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid address \"%V\"",
                           text);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_smtp_verify_egress_init(egress, cf->pool);
}


/* Parses socks5://[USER:PASSWORD@]HOST[:PORT].  Error messages must not show
   the password. */

static ngx_int_t
ngx_http_smtp_verify_egress_proxy(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *text)
{
    u_char            *p, *at, *last;
    ngx_url_t          u;
    ngx_str_t          user, host;
    static ngx_str_t   scheme = ngx_string("socks5://");

    if (text->len < scheme.len
        || ngx_strncasecmp(text->data, scheme.data, scheme.len) != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid proxy, \"socks5://host:port\" is needed");
        return NGX_ERROR;
    }

    last = text->data + text->len;

    host.data = text->data + scheme.len;
    user = host;
    at = NULL;

    for (p = host.data; p < last; p++) {
        if (*p == '@') {
            at = p;
        }
    }

    if (at) {
        user.len = at - user.data;
        host.data = at + 1;
    }

    host.len = last - host.data;

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = host;
    u.default_port = NGX_HTTP_SMTP_VERIFY_SOCKS_PORT;

    if (host.len == 0 || ngx_parse_url(cf->pool, &u) != NGX_OK
        || u.naddrs == 0 || u.uri.len)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%s in proxy \"socks5://%V\"",
                           u.err ? u.err : "no address", &host);
        return NGX_ERROR;
    }

    p = ngx_pnalloc(cf->pool, scheme.len + host.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    egress->addrs = u.addrs;
    egress->naddrs = u.naddrs;
    egress->name.data = p;
    egress->name.len = scheme.len + host.len;

    p = ngx_cpymem(p, scheme.data, scheme.len);
    ngx_memcpy(p, host.data, host.len);

    if (at && ngx_http_smtp_verify_egress_user(cf, egress, &user) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid user or password of egress \"%V\"",
                           &egress->name);
        return NGX_ERROR;
    }

    return ngx_smtp_verify_egress_init(egress, cf->pool);
}


static ngx_int_t
ngx_http_smtp_verify_egress_user(ngx_conf_t *cf,
    ngx_smtp_verify_egress_t *egress, ngx_str_t *text)
{
    u_char  *p, *last;

    last = text->data + text->len;

    p = ngx_strlchr(text->data, last, ':');

    if (p == NULL
        || ngx_http_smtp_verify_egress_unescape(cf, &egress->user, text->data,
                                                p - text->data)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    p++;

    return ngx_http_smtp_verify_egress_unescape(cf, &egress->password, p,
                                                last - p);
}


static ngx_int_t
ngx_http_smtp_verify_egress_unescape(ngx_conf_t *cf, sv_str_t *dst,
    u_char *data, size_t len)
{
    u_char  *p, *src;

    p = ngx_pnalloc(cf->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    dst->data = p;
    src = data;

    ngx_unescape_uri(&p, &src, len, 0);

    dst->len = p - dst->data;

    return dst->len && dst->len <= SV_SOCKS_CREDENTIAL_MAX ? NGX_OK
                                                           : NGX_ERROR;
}


char *
ngx_http_smtp_verify_conf_egress(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t  *value;

    if (slcf->pool.len || slcf->verify.pool != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        slcf->verify.pool = NULL;
        return NGX_CONF_OK;
    }

    if (value[1].len == 0) {
        return "needs the name of a pool, or \"off\"";
    }

    slcf->pool = value[1];

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_smtp_verify_egress_merge(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    if (ngx_http_smtp_verify_egress_find(cf, prev) != NGX_OK
        || ngx_http_smtp_verify_egress_find(cf, conf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_conf_merge_ptr_value(conf->verify.pool, prev->verify.pool, NULL);

    return NGX_OK;
}


/* Finds a pool by its name, when merging: all pools are known then. */

static ngx_int_t
ngx_http_smtp_verify_egress_find(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *slcf)
{
    ngx_smtp_verify_pool_t            *pool;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    if (slcf->pool.len == 0 || slcf->verify.pool != NGX_CONF_UNSET_PTR) {
        return NGX_OK;
    }

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    pool = ngx_http_smtp_verify_egress_by_name(smcf, &slcf->pool);

    if (pool == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "no egress pool \"%V\" for "
                           "\"smtp_verify_egress\", it has to be defined by "
                           "\"smtp_verify_egress_pool\"", &slcf->pool);
        return NGX_ERROR;
    }

    slcf->verify.pool = pool;

    return NGX_OK;
}


static ngx_smtp_verify_pool_t *
ngx_http_smtp_verify_egress_by_name(ngx_http_smtp_verify_main_conf_t *smcf,
    ngx_str_t *name)
{
    ngx_uint_t                i;
    ngx_smtp_verify_pool_t  **pools;

    pools = smcf->pools.elts;

    for (i = 0; i < smcf->pools.nelts; i++) {
        if (pools[i]->name.len == name->len
            && ngx_strncmp(pools[i]->name.data, name->data, name->len) == 0)
        {
            return pools[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_smtp_verify_wire_address(ngx_pool_t *pool, ngx_str_t *dst,
    sv_address_t *addr)
{
    u_char  *p;

    dst->len = addr->local.len + 1 + addr->domain.len;

    p = ngx_pnalloc(pool, dst->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    dst->data = p;

    p = ngx_cpymem(p, addr->local.data, addr->local.len);
    *p++ = '@';
    ngx_memcpy(p, addr->domain.data, addr->domain.len);

    return NGX_OK;
}
