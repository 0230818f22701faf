
#include "ngx_http_smtp_verify_conf_fleet.h"
#include "ngx_http_smtp_verify_param.h"
#include "ngx_smtp_verify_fleet_limits.h"
#include "ngx_smtp_verify_zone.h"


#define NGX_HTTP_SMTP_VERIFY_FLEET_PORT     6379
#define NGX_HTTP_SMTP_VERIFY_FLEET_TIMEOUT  20      /* ms */
#define NGX_HTTP_SMTP_VERIFY_FLEET_SERVERS  16
#define NGX_HTTP_SMTP_VERIFY_FLEET_WHY      160     /* octets */


/* a fleet while its block is read */

typedef struct {
    ngx_smtp_verify_fleet_t   fleet;
    ngx_array_t               zones;        /* names; none: all caches */
    ngx_str_t                 ca;
    ngx_str_t                 cert;         /* of this machine, and its key */
    ngx_str_t                 cert_key;
    ngx_flag_t                tls;
    ngx_uint_t                keyed;
} ngx_http_smtp_verify_fleet_conf_t;


typedef struct {
    ngx_str_t                 name;
    char                   *(*set)(ngx_conf_t *cf,
                                   ngx_http_smtp_verify_fleet_conf_t *fcf);
    ngx_uint_t                min;          /* values */
    ngx_uint_t                max;
} ngx_http_smtp_verify_fleet_command_t;


static char *ngx_http_smtp_verify_fleet_line(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_smtp_verify_fleet_server(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_user(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_password(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_tls(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_ca(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_cert(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_cert_key(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_keyfile(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_prefix(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_timeout(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_parts(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_zones(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static char *ngx_http_smtp_verify_fleet_string(ngx_conf_t *cf,
    ngx_str_t *value);
static ngx_int_t ngx_http_smtp_verify_fleet_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static ngx_int_t ngx_http_smtp_verify_fleet_secure(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static ngx_int_t ngx_http_smtp_verify_fleet_plain(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static ngx_int_t ngx_http_smtp_verify_fleet_bind(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);
static ngx_uint_t ngx_http_smtp_verify_fleet_wants(
    ngx_http_smtp_verify_fleet_conf_t *fcf, ngx_str_t *zone);


static ngx_http_smtp_verify_fleet_command_t
    ngx_http_smtp_verify_fleet_commands[] =
{
    { ngx_string("server"), ngx_http_smtp_verify_fleet_server, 1, 16 },
    { ngx_string("user"), ngx_http_smtp_verify_fleet_user, 1, 1 },
    { ngx_string("password"), ngx_http_smtp_verify_fleet_password, 1, 1 },
    { ngx_string("tls"), ngx_http_smtp_verify_fleet_tls, 1, 1 },
    { ngx_string("ca"), ngx_http_smtp_verify_fleet_ca, 1, 1 },
    { ngx_string("certificate"), ngx_http_smtp_verify_fleet_cert, 1, 1 },
    { ngx_string("certificate_key"), ngx_http_smtp_verify_fleet_cert_key, 1,
      1 },
    { ngx_string("key"), ngx_http_smtp_verify_fleet_keyfile, 1, 1 },
    { ngx_string("prefix"), ngx_http_smtp_verify_fleet_prefix, 1, 1 },
    { ngx_string("timeout"), ngx_http_smtp_verify_fleet_timeout, 1, 1 },
    { ngx_string("parts"), ngx_http_smtp_verify_fleet_parts, 1, 3 },
    { ngx_string("zones"), ngx_http_smtp_verify_fleet_zones, 1, 16 },
    { ngx_null_string, NULL, 0, 0 }
};


static ngx_conf_bitmask_t  ngx_http_smtp_verify_fleet_words[] = {
    { ngx_string("cache"), NGX_SMTP_VERIFY_FLEET_CACHE },
    { ngx_string("throttle"), NGX_SMTP_VERIFY_FLEET_THROTTLE },
    { ngx_string("jobs"), NGX_SMTP_VERIFY_FLEET_JOBS },
    { ngx_null_string, 0 }
};


char *
ngx_http_smtp_verify_conf_fleet(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_main_conf_t *smcf = conf;

    char                                *rv;
    ngx_str_t                           *value;
    ngx_uint_t                           i;
    ngx_conf_t                           save;
    ngx_http_smtp_verify_fleet_conf_t   *fcf, **fleets;

    value = cf->args->elts;
    fleets = smcf->fleets.elts;

    for (i = 0; i < smcf->fleets.nelts; i++) {
        if (fleets[i]->fleet.name.len == value[1].len
            && ngx_strcmp(fleets[i]->fleet.name.data, value[1].data) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate fleet \"%V\"", &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    fcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_fleet_conf_t));
    fleets = ngx_array_push(&smcf->fleets);

    if (fcf == NULL || fleets == NULL
        || ngx_array_init(&fcf->zones, cf->pool, 2, sizeof(ngx_str_t))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    *fleets = fcf;

    fcf->tls = NGX_CONF_UNSET;
    fcf->fleet.name = value[1];
    fcf->fleet.timeout = NGX_CONF_UNSET_MSEC;

    fcf->fleet.servers = ngx_array_create(cf->pool, 2,
                                     sizeof(ngx_smtp_verify_fleet_server_t));
    fcf->fleet.caches = ngx_array_create(cf->pool, 2, sizeof(void *));
    fcf->fleet.throttles = ngx_array_create(cf->pool, 2, sizeof(void *));
    fcf->fleet.limits = ngx_array_create(cf->pool, 2, sizeof(void *));

    if (fcf->fleet.servers == NULL || fcf->fleet.caches == NULL
        || fcf->fleet.throttles == NULL || fcf->fleet.limits == NULL)
    {
        return NGX_CONF_ERROR;
    }

    save = *cf;
    cf->handler = ngx_http_smtp_verify_fleet_line;
    cf->handler_conf = (void *) fcf;

    rv = ngx_conf_parse(cf, NULL);

    *cf = save;

    if (rv != NGX_CONF_OK) {
        return rv;
    }

    return ngx_http_smtp_verify_fleet_check(cf, fcf) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static char *
ngx_http_smtp_verify_fleet_line(ngx_conf_t *cf, ngx_command_t *dummy,
    void *conf)
{
    char                                  *rv;
    ngx_str_t                             *value;
    ngx_uint_t                             n;
    ngx_http_smtp_verify_fleet_command_t  *command;

    value = cf->args->elts;
    n = cf->args->nelts - 1;

    for (command = ngx_http_smtp_verify_fleet_commands;
         command->name.len;
         command++)
    {
        if (command->name.len != value[0].len
            || ngx_strcmp(command->name.data, value[0].data) != 0)
        {
            continue;
        }

        if (n < command->min || n > command->max) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid number of "
                               "arguments in \"%V\" of a fleet", &value[0]);
            return NGX_CONF_ERROR;
        }

        rv = command->set(cf, conf);

        if (rv == NGX_CONF_OK || rv == NGX_CONF_ERROR) {
            return rv;
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" of a fleet %s",
                           &value[0], rv);
        return NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "unknown parameter \"%V\" of a fleet", &value[0]);

    return NGX_CONF_ERROR;
}


/* A name with several addresses is several servers. */

static char *
ngx_http_smtp_verify_fleet_server(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_url_t                        u;
    ngx_str_t                       *value;
    ngx_uint_t                       i, k;
    ngx_smtp_verify_fleet_server_t  *server;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        ngx_memzero(&u, sizeof(ngx_url_t));

        u.url = value[i];
        u.default_port = NGX_HTTP_SMTP_VERIFY_FLEET_PORT;

        if (ngx_parse_url(cf->pool, &u) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in server \"%V\"",
                               u.err ? u.err : "error", &u.url);
            return NGX_CONF_ERROR;
        }

        for (k = 0; k < u.naddrs; k++) {

            if (fcf->fleet.servers->nelts
                == NGX_HTTP_SMTP_VERIFY_FLEET_SERVERS)
            {
                return "has too many addresses";
            }

            server = ngx_array_push(fcf->fleet.servers);
            if (server == NULL) {
                return NGX_CONF_ERROR;
            }

            server->addr = u.addrs[k];
            server->host.len = u.host.len;
            server->host.data = ngx_pnalloc(cf->pool, u.host.len + 1);

            if (server->host.data == NULL) {
                return NGX_CONF_ERROR;
            }

            (void) ngx_cpystrn(server->host.data, u.host.data,
                               u.host.len + 1);
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_smtp_verify_fleet_user(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    return ngx_http_smtp_verify_fleet_string(cf, &fcf->fleet.user);
}


static char *
ngx_http_smtp_verify_fleet_password(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    return ngx_http_smtp_verify_fleet_string(cf, &fcf->fleet.password);
}


static char *
ngx_http_smtp_verify_fleet_string(ngx_conf_t *cf, ngx_str_t *value)
{
    ngx_str_t  *args;

    args = cf->args->elts;

    if (value->len) {
        return "is duplicate";
    }

    if (args[1].len == 0) {
        return "is empty";
    }

    *value = args[1];

    return NGX_CONF_OK;
}


static char *
ngx_http_smtp_verify_fleet_tls(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_str_t  *value;

    value = cf->args->elts;

    if (fcf->tls != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "on") == 0) {
        fcf->tls = 1;

    } else if (ngx_strcmp(value[1].data, "off") == 0) {
        fcf->tls = 0;

    } else {
        return "has to be \"on\" or \"off\"";
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_smtp_verify_fleet_ca(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    return ngx_http_smtp_verify_fleet_string(cf, &fcf->ca);
}


static char *
ngx_http_smtp_verify_fleet_cert(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    return ngx_http_smtp_verify_fleet_string(cf, &fcf->cert);
}


static char *
ngx_http_smtp_verify_fleet_cert_key(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    return ngx_http_smtp_verify_fleet_string(cf, &fcf->cert_key);
}


static char *
ngx_http_smtp_verify_fleet_keyfile(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_str_t   *value;
    const char  *why;

    value = cf->args->elts;

    if (fcf->keyed) {
        return "is duplicate";
    }

    if (ngx_conf_full_name(cf->cycle, &value[1], 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    why = sv_fleet_keys_read(&fcf->fleet.keys, (char *) value[1].data);

    if (why) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "key \"%V\" of fleet "
                           "\"%V\": %s", &value[1], &fcf->fleet.name, why);
        return NGX_CONF_ERROR;
    }

    fcf->keyed = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_smtp_verify_fleet_prefix(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    return ngx_http_smtp_verify_fleet_string(cf, &fcf->fleet.prefix);
}


static char *
ngx_http_smtp_verify_fleet_timeout(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_int_t   ms;
    ngx_str_t  *value;

    value = cf->args->elts;

    if (fcf->fleet.timeout != NGX_CONF_UNSET_MSEC) {
        return "is duplicate";
    }

    ms = ngx_parse_time(&value[1], 0);

    if (ms == NGX_ERROR || ms == 0 || ms > 1000) {
        return "has to be a time from 1ms to 1s";
    }

    fcf->fleet.timeout = ms;

    return NGX_CONF_OK;
}


static char *
ngx_http_smtp_verify_fleet_parts(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_str_t           *value;
    ngx_uint_t           i;
    ngx_conf_bitmask_t  *word;

    value = cf->args->elts;

    if (fcf->fleet.parts) {
        return "is duplicate";
    }

    for (i = 1; i < cf->args->nelts; i++) {

        for (word = ngx_http_smtp_verify_fleet_words; word->name.len; word++) {
            if (word->name.len == value[i].len
                && ngx_strcmp(word->name.data, value[i].data) == 0)
            {
                break;
            }
        }

        if (word->name.len == 0) {
            return "may have \"cache\", \"throttle\" and \"jobs\"";
        }

        if (fcf->fleet.parts & word->mask) {
            return "names a part twice";
        }

        fcf->fleet.parts |= word->mask;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_smtp_verify_fleet_zones(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_str_t   *value, *zone;
    ngx_uint_t   i;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        zone = ngx_array_push(&fcf->zones);
        if (zone == NULL) {
            return NGX_CONF_ERROR;
        }

        *zone = value[i];
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_fleet_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    u_char                   *p;
    ngx_smtp_verify_fleet_t  *fleet;

    fleet = &fcf->fleet;

    if (fleet->servers->nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"server\" in fleet \"%V\"", &fleet->name);
        return NGX_ERROR;
    }

    if (!fcf->keyed) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "no \"key\" in fleet "
                           "\"%V\", without one anybody who can read the "
                           "store could test addresses", &fleet->name);
        return NGX_ERROR;
    }

    if (fleet->user.len && fleet->password.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"user\" needs "
                           "\"password\" in fleet \"%V\"", &fleet->name);
        return NGX_ERROR;
    }

    ngx_conf_init_msec_value(fleet->timeout,
                             NGX_HTTP_SMTP_VERIFY_FLEET_TIMEOUT);

    if (fleet->parts == 0) {
        fleet->parts = NGX_SMTP_VERIFY_FLEET_CACHE;
    }

    if (fleet->prefix.len == 0) {

        /* the braces keep all keys of a fleet in one slot of a cluster */

        p = ngx_pnalloc(cf->pool, sizeof("smtp-verify:{}") - 1
                                  + fleet->name.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        fleet->prefix.data = p;
        fleet->prefix.len = ngx_sprintf(p, "smtp-verify:{%V}", &fleet->name)
                            - p;
    }

    /* keys are written into buffers that have room for such a prefix */

    if (fleet->prefix.len > NGX_SMTP_VERIFY_FLEET_PREFIX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "the prefix of fleet \"%V\" "
                           "has more than %d octets", &fleet->name,
                           NGX_SMTP_VERIFY_FLEET_PREFIX);
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_fleet_secure(cf, fcf);
}


static ngx_int_t
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


/* The zones may be defined after the fleet. */

ngx_int_t
ngx_http_smtp_verify_fleet_init(ngx_conf_t *cf)
{
    ngx_uint_t                           i;
    ngx_http_smtp_verify_main_conf_t    *smcf;
    ngx_http_smtp_verify_fleet_conf_t  **fleets;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    fleets = smcf->fleets.elts;

    for (i = 0; i < smcf->fleets.nelts; i++) {
        if (ngx_http_smtp_verify_fleet_bind(cf, fleets[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_fleet_bind(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf)
{
    ngx_int_t                 rc;
    ngx_uint_t                parts, caches, throttles;
    ngx_shm_zone_t           *shm_zone;
    ngx_smtp_verify_zones_t   zones;

    parts = fcf->fleet.parts;
    caches = 0;
    throttles = 0;

    ngx_smtp_verify_zones_init(&zones, cf->cycle);

    while ((shm_zone = ngx_smtp_verify_zones_next(&zones)) != NULL) {

        if (!ngx_http_smtp_verify_fleet_wants(fcf, &shm_zone->shm.name)) {
            continue;
        }

        if ((parts & NGX_SMTP_VERIFY_FLEET_CACHE)
            && ngx_smtp_verify_cache_is(shm_zone))
        {
            rc = ngx_smtp_verify_fleet_cache(cf, &fcf->fleet, shm_zone);
            caches++;

        } else if ((parts & NGX_SMTP_VERIFY_FLEET_THROTTLE)
                   && ngx_smtp_verify_throttle_is(shm_zone))
        {
            rc = ngx_smtp_verify_fleet_throttle(cf, &fcf->fleet, shm_zone);

            if (rc == NGX_OK) {
                rc = ngx_smtp_verify_fleet_limits(cf, &fcf->fleet, shm_zone);
            }

            throttles++;

        } else {
            continue;
        }

        if (rc == NGX_DECLINED) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "zone \"%V\" of fleet "
                               "\"%V\" already has a store behind it",
                               &shm_zone->shm.name, &fcf->fleet.name);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if ((parts & NGX_SMTP_VERIFY_FLEET_THROTTLE) && throttles == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "fleet \"%V\" lacks a "
                           "throttle zone, which "
                           "\"smtp_verify_throttle_zone\" defines",
                           &fcf->fleet.name);
        return NGX_ERROR;
    }

    if ((parts & NGX_SMTP_VERIFY_FLEET_CACHE)
        && (caches == 0 || caches + throttles < fcf->zones.nelts))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "fleet \"%V\" lacks a cache "
                           "zone, which \"smtp_verify_cache_zone\" defines",
                           &fcf->fleet.name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_smtp_verify_fleet_wants(ngx_http_smtp_verify_fleet_conf_t *fcf,
    ngx_str_t *zone)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    name = fcf->zones.elts;

    for (i = 0; i < fcf->zones.nelts; i++) {
        if (name[i].len == zone->len
            && ngx_strncmp(name[i].data, zone->data, zone->len) == 0)
        {
            return 1;
        }
    }

    return fcf->zones.nelts == 0;
}


ngx_smtp_verify_fleet_t *
ngx_http_smtp_verify_fleet_get(ngx_http_smtp_verify_main_conf_t *smcf,
    ngx_uint_t i)
{
    ngx_http_smtp_verify_fleet_conf_t  **fleets;

    fleets = smcf->fleets.elts;

    return &fleets[i]->fleet;
}


ngx_uint_t
ngx_http_smtp_verify_fleet_is_well(ngx_smtp_verify_fleet_t *fleet)
{
    u_char  why[NGX_HTTP_SMTP_VERIFY_FLEET_WHY];

    return ngx_smtp_verify_fleet_is_up(fleet)
           && !ngx_smtp_verify_fleet_limits_alone(fleet)
           && !ngx_smtp_verify_fleet_is_skewed(fleet)
           && ngx_smtp_verify_fleet_describe(fleet, why, why + sizeof(why))
              == why;
}


ngx_int_t
ngx_http_smtp_verify_fleet_is_alone(ngx_smtp_verify_fleet_t *fleet)
{
    return fleet->limits->nelts
           ? (ngx_int_t) ngx_smtp_verify_fleet_limits_alone(fleet) : -1;
}


u_char *
ngx_http_smtp_verify_fleet_seen(ngx_smtp_verify_fleet_t *fleet, u_char *p,
    u_char *last)
{
    u_char       buf[NGX_HTTP_SMTP_VERIFY_FLEET_WHY];
    ngx_str_t    why;
    const char  *how, *then;

    then = "";

    why.data = buf;
    why.len = ngx_smtp_verify_fleet_describe(fleet, buf, buf + sizeof(buf))
              - buf;

    if (!ngx_smtp_verify_fleet_is_up(fleet)) {
        how = "is away";
        then = ngx_smtp_verify_fleet_limits_alone(fleet)
               ? ": this machine goes on by itself, with its safe share of "
                 "shared limits"
               : ": this machine goes on by itself";

    } else if (why.len) {
        how = "refuses something";

    } else if (ngx_smtp_verify_fleet_limits_alone(fleet)) {
        how = "does not share out limits";
        then = ": this machine keeps to its safe share";

    } else if (ngx_smtp_verify_fleet_is_skewed(fleet)) {
        how = "answers";
        then = ", but its clock and that of this machine are more than a "
               "minute apart";

    } else {
        how = "answers";
    }

    return ngx_slprintf(p, last, "The store of the fleet %V %s%s%V%s%s.",
                        &fleet->name, how, why.len ? " (" : "", &why,
                        why.len ? ")" : "", then);
}


ngx_int_t
ngx_http_smtp_verify_fleet_process(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                           i;
    ngx_http_smtp_verify_fleet_conf_t  **fleets;

    fleets = smcf->fleets.elts;

    for (i = 0; i < smcf->fleets.nelts; i++) {
        if (ngx_smtp_verify_fleet_start(cycle, &fleets[i]->fleet) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


void
ngx_http_smtp_verify_fleet_end(ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                           i;
    ngx_http_smtp_verify_fleet_conf_t  **fleets;

    fleets = smcf->fleets.elts;

    for (i = 0; i < smcf->fleets.nelts; i++) {
        ngx_smtp_verify_fleet_exit(&fleets[i]->fleet);
    }
}
