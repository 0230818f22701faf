
#include "ngx_http_smtp_verify_param.h"
#include "ngx_http_smtp_verify_client_share.h"
#include "ngx_http_smtp_verify_tokens.h"
#include "sv_siphash.h"
#include "sv_target.h"

#include <openssl/rand.h>


static ngx_int_t ngx_http_smtp_verify_share_key(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *slcf, ngx_str_t *value);
static ngx_int_t ngx_http_smtp_verify_share_percent(ngx_str_t *value,
    ngx_uint_t *percent);
static void ngx_http_smtp_verify_share_hash(u_char kind, u_char *data,
    size_t len, ngx_smtp_verify_client_t *client);


/* kept as long as the master process lives, so that the workers of an old and
   a new configuration agree */

static u_char      ngx_http_smtp_verify_share_secret[SV_SIPHASH_LEN];
static ngx_uint_t  ngx_http_smtp_verify_share_secret_set;


char *
ngx_http_smtp_verify_conf_share(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t   *value, key;
    ngx_uint_t   i, *percent;

    percent = &slcf->verify.share.percent;

    if (*percent != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        *percent = 0;
        return NGX_CONF_OK;
    }

    *percent = 100;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_smtp_verify_param(&value[i], "key=", &key)
            && slcf->share_key == NULL
            && ngx_http_smtp_verify_share_key(cf, slcf, &key) == NGX_OK)
        {
            continue;
        }

        if (i > 1
            || ngx_http_smtp_verify_share_percent(&value[i], percent)
               != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\" in \"%V\" "
                               "directive, which takes \"1%%\" to \"100%%\", "
                               "then \"key=value\"", &value[i], &cmd->name);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_share_key(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *slcf, ngx_str_t *value)
{
    ngx_http_compile_complex_value_t  ccv;

    if (value->len == 0) {
        return NGX_ERROR;
    }

    slcf->share_key = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (slcf->share_key == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = slcf->share_key;

    return ngx_http_compile_complex_value(&ccv);
}


static ngx_int_t
ngx_http_smtp_verify_share_percent(ngx_str_t *value, ngx_uint_t *percent)
{
    ngx_int_t  n;

    if (value->len < 2 || value->data[value->len - 1] != '%') {
        return NGX_ERROR;
    }

    n = ngx_atoi(value->data, value->len - 1);

    if (n < 1 || n > 100) {
        return NGX_ERROR;
    }

    *percent = n;

    return NGX_OK;
}


ngx_int_t
ngx_http_smtp_verify_share_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    if (conf->verify.share.percent == NGX_CONF_UNSET_UINT) {
        conf->verify.share.percent = prev->verify.share.percent;
        conf->share_key = prev->share_key;
    }

    ngx_conf_init_uint_value(conf->verify.share.percent, 100);
    ngx_conf_merge_uint_value(conf->verify.share.probes,
                              prev->verify.share.probes, 0);

    if (ngx_http_smtp_verify_share_secret_set) {
        return NGX_OK;
    }

    if (RAND_bytes(ngx_http_smtp_verify_share_secret, SV_SIPHASH_LEN) != 1) {
        return NGX_ERROR;
    }

    ngx_http_smtp_verify_share_secret_set = 1;

    return NGX_OK;
}


void
ngx_http_smtp_verify_share_client(ngx_http_request_t *r,
    ngx_smtp_verify_client_t *client)
{
    size_t                            len;
    ngx_str_t                        *name, value;
    ngx_http_smtp_verify_loc_conf_t  *slcf;
    u_char                            addr[SV_TARGET_NETWORK_MAX];

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    ngx_memzero(client, sizeof(ngx_smtp_verify_client_t));

    if (slcf->verify.share.percent == 0) {
        return;
    }

    /* a location with a gate asks for no tokens */

    name = slcf->enable ? ngx_http_smtp_verify_client_name(r) : NULL;

    if (name) {
        ngx_http_smtp_verify_share_hash('t', name->data, name->len, client);
        return;
    }

    if (slcf->share_key
        && ngx_http_complex_value(r, slcf->share_key, &value) == NGX_OK
        && value.len)
    {
        ngx_http_smtp_verify_share_hash('k', value.data, value.len, client);
        return;
    }

    /* the first 64 bits of an IPv6 address; an IPv4 address, also one that is
       mapped into IPv6 */

    len = sv_target_network(r->connection->sockaddr, addr);

    ngx_http_smtp_verify_share_hash('a', addr, len, client);
}


void
ngx_http_smtp_verify_share_named(ngx_smtp_verify_conf_t *conf,
    ngx_str_t *name, ngx_smtp_verify_client_t *client)
{
    ngx_memzero(client, sizeof(ngx_smtp_verify_client_t));

    if (conf->share.percent) {
        ngx_http_smtp_verify_share_hash('t', name->data, name->len, client);
    }
}


static void
ngx_http_smtp_verify_share_hash(u_char kind, u_char *data, size_t len,
    ngx_smtp_verify_client_t *client)
{
    u_char  key[SV_SIPHASH_LEN];

    /* keys of different kinds must not be the same */

    ngx_memcpy(key, ngx_http_smtp_verify_share_secret, SV_SIPHASH_LEN);
    key[0] ^= kind;

    /* addresses of clients and their keys stay nowhere in clear */

    sv_siphash(key, data, len, client->key);
}
