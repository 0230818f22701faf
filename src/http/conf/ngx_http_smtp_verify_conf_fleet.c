
/* The block "smtp_verify_fleet". */


#include "ngx_http_smtp_verify_conf_fleet.h"


#define NGX_HTTP_SMTP_VERIFY_FLEET_PORT     6379
#define NGX_HTTP_SMTP_VERIFY_FLEET_TIMEOUT  20      /* ms */
#define NGX_HTTP_SMTP_VERIFY_FLEET_LONGEST  1000    /* ms */
#define NGX_HTTP_SMTP_VERIFY_FLEET_SERVERS  16


static char *ngx_http_smtp_verify_fleet_line(ngx_conf_t *cf,
    ngx_command_t *dummy, void *conf);
static char *ngx_http_smtp_verify_fleet_server(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_smtp_verify_fleet_keyfile(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_smtp_verify_fleet_parts(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_smtp_verify_fleet_zones(ngx_conf_t *cf,
    ngx_command_t *cmd, void *conf);
static char *ngx_http_smtp_verify_fleet_string(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_http_smtp_verify_fleet_timeout(ngx_conf_t *cf, void *post,
    void *data);
static ngx_int_t ngx_http_smtp_verify_fleet_check(ngx_conf_t *cf,
    ngx_http_smtp_verify_fleet_conf_t *fcf);


static ngx_conf_post_t  ngx_http_smtp_verify_fleet_string_post =
    { ngx_http_smtp_verify_fleet_string };

static ngx_conf_post_t  ngx_http_smtp_verify_fleet_timeout_post =
    { ngx_http_smtp_verify_fleet_timeout };


static ngx_command_t  ngx_http_smtp_verify_fleet_commands[] = {

    { ngx_string("server"),
      NGX_CONF_1MORE,
      ngx_http_smtp_verify_fleet_server,
      0,
      0,
      NULL },

    { ngx_string("user"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_smtp_verify_fleet_conf_t, fleet.user),
      &ngx_http_smtp_verify_fleet_string_post },

    { ngx_string("password"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_smtp_verify_fleet_conf_t, fleet.password),
      &ngx_http_smtp_verify_fleet_string_post },

    { ngx_string("tls"),
      NGX_CONF_TAKE1,
      ngx_conf_set_flag_slot,
      0,
      offsetof(ngx_http_smtp_verify_fleet_conf_t, tls),
      NULL },

    { ngx_string("ca"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_smtp_verify_fleet_conf_t, ca),
      &ngx_http_smtp_verify_fleet_string_post },

    { ngx_string("certificate"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_smtp_verify_fleet_conf_t, cert),
      &ngx_http_smtp_verify_fleet_string_post },

    { ngx_string("certificate_key"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_smtp_verify_fleet_conf_t, cert_key),
      &ngx_http_smtp_verify_fleet_string_post },

    { ngx_string("key"),
      NGX_CONF_TAKE1,
      ngx_http_smtp_verify_fleet_keyfile,
      0,
      0,
      NULL },

    { ngx_string("prefix"),
      NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      0,
      offsetof(ngx_http_smtp_verify_fleet_conf_t, fleet.prefix),
      &ngx_http_smtp_verify_fleet_string_post },

    { ngx_string("timeout"),
      NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      0,
      offsetof(ngx_http_smtp_verify_fleet_conf_t, fleet.timeout),
      &ngx_http_smtp_verify_fleet_timeout_post },

    { ngx_string("parts"),
      NGX_CONF_TAKE123,
      ngx_http_smtp_verify_fleet_parts,
      0,
      0,
      NULL },

    { ngx_string("zones"),
      NGX_CONF_1MORE,
      ngx_http_smtp_verify_fleet_zones,
      0,
      0,
      NULL },

      ngx_null_command
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
    char           *rv;
    ngx_str_t      *value;
    ngx_uint_t      n;
    ngx_command_t  *cmd;

    value = cf->args->elts;
    n = cf->args->nelts - 1;

    for (cmd = ngx_http_smtp_verify_fleet_commands; cmd->name.len; cmd++) {

        if (cmd->name.len != value[0].len
            || ngx_strcmp(cmd->name.data, value[0].data) != 0)
        {
            continue;
        }

        if (n == 0
            || (!(cmd->type & NGX_CONF_1MORE)
                && (n >= NGX_CONF_MAX_ARGS
                    || !(cmd->type & (NGX_CONF_NOARGS << n)))))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid number of "
                               "arguments in \"%V\" of a fleet", &value[0]);
            return NGX_CONF_ERROR;
        }

        rv = cmd->set(cf, cmd, conf);

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
ngx_http_smtp_verify_fleet_server(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_fleet_conf_t *fcf = conf;

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
ngx_http_smtp_verify_fleet_keyfile(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_fleet_conf_t *fcf = conf;

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
ngx_http_smtp_verify_fleet_parts(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_fleet_conf_t *fcf = conf;

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
ngx_http_smtp_verify_fleet_zones(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_fleet_conf_t *fcf = conf;

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


static char *
ngx_http_smtp_verify_fleet_string(ngx_conf_t *cf, void *post, void *data)
{
    ngx_str_t  *value = data;

    return value->len ? NGX_CONF_OK : "is empty";
}


static char *
ngx_http_smtp_verify_fleet_timeout(ngx_conf_t *cf, void *post, void *data)
{
    ngx_msec_t  *time = data;

    if (*time == 0 || *time > NGX_HTTP_SMTP_VERIFY_FLEET_LONGEST) {
        return "has to be a time from 1ms to 1s";
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
