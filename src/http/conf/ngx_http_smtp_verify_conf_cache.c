
#include "ngx_http_smtp_verify_conf_cache.h"
#include "ngx_http_smtp_verify_param.h"


static ngx_int_t ngx_http_smtp_verify_cache_set_valid(ngx_conf_t *cf,
    time_t *valid, ngx_str_t *name, time_t time);
static uint32_t ngx_http_smtp_verify_cache_scope(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf);
static void ngx_http_smtp_verify_cache_proof(ngx_conf_t *cf, uint32_t *hash,
    ngx_http_smtp_verify_loc_conf_t *conf);
static void ngx_http_smtp_verify_cache_server(ngx_conf_t *cf, uint32_t *hash);
static void ngx_http_smtp_verify_cache_tls(uint32_t *hash,
    ngx_http_smtp_verify_loc_conf_t *conf);
static void ngx_http_smtp_verify_cache_hash(uint32_t *hash, void *data,
    size_t len);


/*
 * How long results are cached, by reason.  Those about the mailbox or domain
 * are facts.  Those about us are kept while asking again would be of no use,
 * and never longer than the retry_after in the result.
 */

static time_t  ngx_http_smtp_verify_cache_valid_default[SV_REASON_MAX] = {
#define SV_REASON(id, name, status, blame, retry, cache, ...)                 \
    (cache) == SV_CACHE_NEVER ? 0 : (cache),
#include "sv_reasons.h"
#undef SV_REASON
};


char *
ngx_http_smtp_verify_conf_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t  *value, name;

    if (slcf->verify.cache != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        slcf->verify.cache = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_http_smtp_verify_param(&value[1], "zone=", &name)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\", the name of the zone "
                           "alone is needed: \"%V %V\"", &value[1],
                           &cmd->name, &name);
        return NGX_CONF_ERROR;
    }

    slcf->verify.cache = ngx_smtp_verify_cache_add(cf, &value[1], 0,
                                                &ngx_http_smtp_verify_module);

    return slcf->verify.cache ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_smtp_verify_cache_valid(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    time_t       time;
    ngx_str_t   *value;
    ngx_uint_t   i, last;

    value = cf->args->elts;
    last = cf->args->nelts - 1;

    if (slcf->verify.valid == NULL) {

        slcf->verify.valid = ngx_palloc(cf->pool,
                                        sizeof(time_t) * SV_REASON_MAX);
        if (slcf->verify.valid == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memcpy(slcf->verify.valid,
                   ngx_http_smtp_verify_cache_valid_default,
                   sizeof(time_t) * SV_REASON_MAX);
    }

    time = ngx_parse_time(&value[last], 1);

    if (time == (time_t) NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid time value \"%V\"",
                           &value[last]);
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < last; i++) {
        if (ngx_http_smtp_verify_cache_set_valid(cf, slcf->verify.valid,
                                                 &value[i], time)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* The name of a status sets all its reasons, except those that are never
   cached. */

static ngx_int_t
ngx_http_smtp_verify_cache_set_valid(ngx_conf_t *cf, time_t *valid,
    ngx_str_t *name, time_t time)
{
    uint64_t     reasons;
    ngx_uint_t   i;
    sv_reason_e  reason;

    reasons = ngx_http_smtp_verify_param_reasons(name->data, name->len);

    if (reasons == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown reason or status \"%V\"", name);
        return NGX_ERROR;
    }

    reason = sv_reason_by_name((char *) name->data, name->len);

    if (sv_reason_info(reason)->cache == SV_CACHE_NEVER) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" cannot be cached", name);
        return NGX_ERROR;
    }

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {
        if ((reasons & (uint64_t) 1 << i)
            && sv_reason_info(i)->cache != SV_CACHE_NEVER)
        {
            valid[i] = time;
        }
    }

    return NGX_OK;
}


char *
ngx_http_smtp_verify_cache_refresh(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t  *value;

    if (slcf->verify.refresh != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        slcf->verify.refresh = 0;
        return NGX_CONF_OK;
    }

    slcf->verify.refresh = ngx_parse_time(&value[1], 1);

    if (slcf->verify.refresh == (time_t) NGX_ERROR
        || slcf->verify.refresh == 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid time value \"%V\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void
ngx_http_smtp_verify_cache_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->verify.cache, prev->verify.cache, NULL);
    ngx_conf_merge_sec_value(conf->verify.refresh, prev->verify.refresh, 0);
    ngx_conf_merge_ptr_value(conf->cache_bypass, prev->cache_bypass, NULL);

    if (conf->verify.valid == NULL) {
        conf->verify.valid = prev->verify.valid
                             ? prev->verify.valid
                             : ngx_http_smtp_verify_cache_valid_default;
    }
}


void
ngx_http_smtp_verify_cache_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    uint32_t                           version;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    version = smcf->data_version;
    ngx_http_smtp_verify_cache_hash(&version, &smcf->weights,
                                    sizeof(sv_score_weights_t));

    conf->verify.version = version;
    conf->verify.scope = ngx_http_smtp_verify_cache_scope(cf, conf);
}


/*
 * Locations share results only if they would get the same answer: if they ask
 * the same servers in the same way.
 */

static uint32_t
ngx_http_smtp_verify_cache_scope(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    uint32_t                     hash;
    ngx_uint_t                   i, how[9];
    ngx_cidr_t                  *cidr;
    ngx_array_t                 *allow;
    ngx_resolver_t              *resolver;
    ngx_resolver_connection_t   *rec;

    hash = 0;

    how[0] = conf->verify.port;
    how[1] = (conf->verify.catch_all != NGX_SMTP_VERIFY_CATCH_ALL_OFF);
    how[2] = conf->verify.session.starttls;
    how[3] = conf->verify.session.ssl_verify;
    how[4] = conf->verify.max_mx;

    resolver = conf->verify.resolver;

    how[5] = 1;
    how[6] = 1;
    how[7] = conf->verify.unverifiable;
    how[8] = conf->verify.canary;

#if (NGX_HAVE_INET6)
    how[5] = resolver->ipv6;

#if (nginx_version >= 1023001)
    how[6] = resolver->ipv4;
#endif
#endif

    ngx_http_smtp_verify_cache_hash(&hash, how, sizeof(how));

    rec = resolver->connections.elts;

    for (i = 0; i < resolver->connections.nelts; i++) {
        ngx_http_smtp_verify_cache_hash(&hash, rec[i].server.data,
                                        rec[i].server.len);
    }

    allow = conf->verify.target_allow;
    cidr = allow ? allow->elts : NULL;

    for (i = 0; allow && i < allow->nelts; i++) {

#if (NGX_HAVE_INET6)
        if (cidr[i].family == AF_INET6) {
            ngx_http_smtp_verify_cache_hash(&hash, &cidr[i].u.in6,
                                            sizeof(ngx_in6_cidr_t));
            continue;
        }
#endif

        if (cidr[i].family == AF_INET) {
            ngx_http_smtp_verify_cache_hash(&hash, &cidr[i].u.in,
                                            sizeof(ngx_in_cidr_t));
        }
    }

    if (conf->verify.routes) {
        ngx_http_smtp_verify_cache_hash(&hash, &conf->routes_version,
                                        sizeof(uint32_t));
    }

    ngx_http_smtp_verify_cache_proof(cf, &hash, conf);
    ngx_http_smtp_verify_cache_tls(&hash, conf);

    return hash;
}


/* Adds the kinds of proof that are wanted.  If none is, the hash does not
   change.  The URI of policies is that of a location in the same server, and
   another server may have another one there. */

static void
ngx_http_smtp_verify_cache_proof(ngx_conf_t *cf, uint32_t *hash,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    if (conf->verify.dnssec) {
        ngx_http_smtp_verify_cache_hash(hash, "dnssec", sizeof("dnssec") - 1);
    }

    if (conf->verify.dane) {
        ngx_http_smtp_verify_cache_hash(hash, "dane", sizeof("dane") - 1);
    }

    if (conf->mta_sts.len) {
        ngx_http_smtp_verify_cache_hash(hash, conf->mta_sts.data,
                                        conf->mta_sts.len);
        ngx_http_smtp_verify_cache_server(cf, hash);
    }
}


/* Adds the server: its name, and its number among those with the same name.
   Both survive a reload, and are the same on all machines of a fleet. */

static void
ngx_http_smtp_verify_cache_server(ngx_conf_t *cf, uint32_t *hash)
{
    ngx_uint_t                   i, n;
    ngx_http_core_srv_conf_t    *cscf, **servers;
    ngx_http_core_main_conf_t   *cmcf;

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    servers = cmcf->servers.elts;
    n = 0;

    for (i = 0; i < cmcf->servers.nelts && servers[i] != cscf; i++) {
        n += (servers[i]->server_name.len == cscf->server_name.len
              && ngx_memcmp(servers[i]->server_name.data,
                            cscf->server_name.data, cscf->server_name.len)
                 == 0);
    }

    ngx_http_smtp_verify_cache_hash(hash, cscf->server_name.data,
                                    cscf->server_name.len);
    ngx_http_smtp_verify_cache_hash(hash, &n, sizeof(ngx_uint_t));
}


/* Adds the settings of TLS: with other ones a session may fail, or another
   certificate may be trusted. */

static void
ngx_http_smtp_verify_cache_tls(uint32_t *hash,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_uint_t     i;
    ngx_keyval_t  *command;

    if (conf->verify.session.starttls == NGX_SMTP_VERIFY_STARTTLS_OFF) {
        return;
    }

    ngx_http_smtp_verify_cache_hash(hash, &conf->ssl_protocols,
                                    sizeof(ngx_uint_t));
    ngx_http_smtp_verify_cache_hash(hash, conf->ssl_ciphers.data,
                                    conf->ssl_ciphers.len);

    command = conf->ssl_conf_commands ? conf->ssl_conf_commands->elts : NULL;

    for (i = 0; command && i < conf->ssl_conf_commands->nelts; i++) {
        ngx_http_smtp_verify_cache_hash(hash, command[i].key.data,
                                        command[i].key.len);
        ngx_http_smtp_verify_cache_hash(hash, command[i].value.data,
                                        command[i].value.len);
    }

    /* what is not demanded is told nevertheless, and MTA-STS may demand it */

    if (conf->ssl_trusted_certificate.len) {
        ngx_http_smtp_verify_cache_hash(hash, &conf->ssl_verify_depth,
                                        sizeof(ngx_uint_t));
        ngx_http_smtp_verify_cache_hash(hash,
                                        conf->ssl_trusted_certificate.data,
                                        conf->ssl_trusted_certificate.len);
        ngx_http_smtp_verify_cache_hash(hash, conf->ssl_crl.data,
                                        conf->ssl_crl.len);
    }
}


static void
ngx_http_smtp_verify_cache_hash(uint32_t *hash, void *data, size_t len)
{
    *hash = ngx_murmur_hash2(data, len) ^ (*hash << 7 | *hash >> 25);
}
