
#include "ngx_http_smtp_verify_webhook.h"
#include "ngx_http_smtp_verify_param.h"


#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_TIMEOUT   10000
#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_RETRY     5000
#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_GIVE_UP   (3 * 24 * 60 * 60 * 1000)
#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_PROGRESS  60000

#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_MINUTES   (10 * 60 * 1000)
#define NGX_HTTP_SMTP_VERIFY_WEBHOOK_DAYS      (20 * 24 * 60 * 60 * 1000)


static ngx_int_t ngx_http_smtp_verify_webhook_arg(ngx_conf_t *cf,
    ngx_str_t *arg, ngx_http_smtp_verify_webhook_conf_t *conf);
static ngx_int_t ngx_http_smtp_verify_webhook_allow(ngx_conf_t *cf,
    ngx_str_t *value, ngx_http_smtp_verify_webhook_conf_t *conf);
static ngx_int_t ngx_http_smtp_verify_webhook_secrets(ngx_conf_t *cf,
    ngx_http_smtp_verify_webhook_conf_t *conf);
static ngx_int_t ngx_http_smtp_verify_webhook_lines(ngx_conf_t *cf,
    ngx_http_smtp_verify_webhook_conf_t *conf, ngx_str_t *text);
static ngx_int_t ngx_http_smtp_verify_webhook_add(ngx_conf_t *cf,
    ngx_http_smtp_verify_webhook_conf_t *conf, sv_hook_secret_t *secret);
static void ngx_http_smtp_verify_webhook_mode(ngx_conf_t *cf,
    ngx_str_t *file);


/* URI secret=FILE [allow=CIDR]... [links=URL] [timeout=10s] [retry=5s]
   [give_up=3d] [progress=1m], or "off" */

char *
ngx_http_smtp_verify_jobs_webhook_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t                            *value;
    ngx_uint_t                            i;
    ngx_http_smtp_verify_webhook_conf_t  *whcf;

    if (slcf->jobs.webhook != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        slcf->jobs.webhook = NULL;
        return NGX_CONF_OK;
    }

    if (ngx_http_smtp_verify_param_location(cf, cmd, &value[1]) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    whcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_webhook_conf_t));
    if (whcf == NULL) {
        return NGX_CONF_ERROR;
    }

    whcf->uri = value[1];
    whcf->hook.send = ngx_http_smtp_verify_webhook_engine;
    whcf->hook.cancel = ngx_http_smtp_verify_webhook_cancel;
    whcf->hook.timeout = NGX_HTTP_SMTP_VERIFY_WEBHOOK_TIMEOUT;
    whcf->hook.retry = NGX_HTTP_SMTP_VERIFY_WEBHOOK_RETRY;
    whcf->hook.give_up = NGX_HTTP_SMTP_VERIFY_WEBHOOK_GIVE_UP;
    whcf->hook.progress = NGX_HTTP_SMTP_VERIFY_WEBHOOK_PROGRESS;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_smtp_verify_webhook_arg(cf, &value[i], whcf) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_smtp_verify_webhook_secrets(cf, whcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    slcf->jobs.webhook = whcf;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_webhook_arg(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_smtp_verify_webhook_conf_t *conf)
{
    ngx_int_t   rc;
    ngx_str_t   value;
    ngx_uint_t  i;

    struct {
        const char  *name;
        ngx_int_t    max;
        ngx_msec_t  *msec;
    } times[] = {
        { "timeout=", NGX_HTTP_SMTP_VERIFY_WEBHOOK_MINUTES,
          &conf->hook.timeout },
        { "retry=", NGX_HTTP_SMTP_VERIFY_WEBHOOK_MINUTES, &conf->hook.retry },
        { "give_up=", NGX_HTTP_SMTP_VERIFY_WEBHOOK_DAYS,
          &conf->hook.give_up },
        { "progress=", NGX_HTTP_SMTP_VERIFY_WEBHOOK_DAYS,
          &conf->hook.progress }
    };

    if (ngx_http_smtp_verify_param(arg, "secret=", &value)) {
        conf->file = value;
        return value.len ? ngx_conf_full_name(cf->cycle, &conf->file, 1)
                         : NGX_ERROR;
    }

    if (ngx_http_smtp_verify_param(arg, "allow=", &value)) {
        return ngx_http_smtp_verify_webhook_allow(cf, &value, conf);
    }

    if (ngx_http_smtp_verify_param(arg, "links=", &value)) {

        while (value.len && value.data[value.len - 1] == '/') {
            value.len--;
        }

        conf->links = value;

        return value.len > 8 && ngx_strncmp(value.data, "http", 4) == 0
               && ngx_strlchr(value.data, value.data + value.len, '"') == NULL
               && ngx_strlchr(value.data, value.data + value.len, '\\') == NULL
               && value.len < 1024
               ? NGX_OK : NGX_ERROR;
    }

    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {

        rc = ngx_http_smtp_verify_param_time(arg, times[i].name, times[i].max,
                                             times[i].msec);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_smtp_verify_webhook_allow(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_smtp_verify_webhook_conf_t *conf)
{
    ngx_int_t    rc;
    ngx_cidr_t  *cidr;

    if (conf->allow == NULL) {
        conf->allow = ngx_array_create(cf->pool, 2, sizeof(ngx_cidr_t));
        if (conf->allow == NULL) {
            return NGX_ERROR;
        }
    }

    cidr = ngx_array_push(conf->allow);
    if (cidr == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_ptocidr(value, cidr);

    if (rc == NGX_DONE) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "low address bits of %V are meaningless", value);
        rc = NGX_OK;
    }

    return rc;
}


/* The master reads the file: workers need not be allowed to. */

static ngx_int_t
ngx_http_smtp_verify_webhook_secrets(ngx_conf_t *cf,
    ngx_http_smtp_verify_webhook_conf_t *conf)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    if (conf->file.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"secret=FILE\" is given, with which webhooks "
                           "are signed");
        return NGX_ERROR;
    }

    if (ngx_array_init(&conf->secrets, cf->pool, 2, sizeof(sv_hook_secret_t))
        != NGX_OK
        || ngx_http_smtp_verify_load(cf, &conf->file, &text) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_smtp_verify_webhook_mode(cf, &conf->file);

    rc = ngx_http_smtp_verify_webhook_lines(cf, conf, &text);

    ngx_explicit_memzero(text.data, text.len);
    ngx_free(text.data);

    if (rc == NGX_OK && conf->secrets.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" has no secret",
                           &conf->file);
        return NGX_ERROR;
    }

    return rc;
}


/* The messages repeat nothing of a line. */

static ngx_int_t
ngx_http_smtp_verify_webhook_lines(ngx_conf_t *cf,
    ngx_http_smtp_verify_webhook_conf_t *conf, ngx_str_t *text)
{
    int                rc;
    u_char            *p, *end, *last;
    sv_str_t           line;
    ngx_uint_t         n;
    sv_hook_secret_t   secret;

    last = text->data + text->len;

    for (p = text->data, n = 1; p < last; p = end + 1, n++) {

        end = ngx_strlchr(p, last, '\n');

        if (end == NULL) {
            end = last;
        }

        line.data = p;
        line.len = end - p;

        rc = sv_hook_secret(&line, &secret);

        if (rc == -1) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\", line %ui: \"whsec_\" and 24 to 64 "
                               "octets in base64 are needed, behind the name "
                               "of a client or alone", &conf->file, n);
            return NGX_ERROR;
        }

        if (rc == 1
            && ngx_http_smtp_verify_webhook_add(cf, conf, &secret) != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\", line %ui: a client has %d secrets at "
                               "most", &conf->file, n,
                               NGX_HTTP_SMTP_VERIFY_WEBHOOK_KEYS);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_webhook_add(ngx_conf_t *cf,
    ngx_http_smtp_verify_webhook_conf_t *conf, sv_hook_secret_t *secret)
{
    u_char            *name;
    ngx_uint_t         i, n;
    sv_hook_secret_t  *known;

    known = conf->secrets.elts;

    for (i = 0, n = 0; i < conf->secrets.nelts; i++) {
        n += known[i].client.len == secret->client.len
             && ngx_strncmp(known[i].client.data, secret->client.data,
                            secret->client.len) == 0;
    }

    if (n == NGX_HTTP_SMTP_VERIFY_WEBHOOK_KEYS) {
        return NGX_ERROR;
    }

    name = ngx_pnalloc(cf->pool, secret->client.len + 1);
    known = ngx_array_push(&conf->secrets);

    if (name == NULL || known == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(name, secret->client.data, secret->client.len);

    *known = *secret;
    known->client.data = name;

    return NGX_OK;
}


static void
ngx_http_smtp_verify_webhook_mode(ngx_conf_t *cf, ngx_str_t *file)
{
    ngx_file_info_t  fi;

    if (ngx_file_info(file->data, &fi) != NGX_FILE_ERROR
        && (ngx_file_access(&fi) & 077))
    {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"%V\" can be read by other users than its owner: "
                           "it should have the mode 0600", file);
    }
}


/* A client that has none gets those without a name.  Without tokens there is
   one client, without a name. */

ngx_uint_t
ngx_http_smtp_verify_webhook_keys(ngx_http_smtp_verify_webhook_conf_t *conf,
    const char *client, sv_hook_key_t **keys)
{
    size_t             len;
    ngx_uint_t         i, n;
    sv_hook_secret_t  *secret;

    secret = conf->secrets.elts;
    len = ngx_strlen(client);
    n = 0;

    for ( ;; ) {

        for (i = 0; i < conf->secrets.nelts; i++) {
            if (secret[i].client.len == len
                && ngx_strncmp(secret[i].client.data, client, len) == 0)
            {
                keys[n++] = &secret[i].key;
            }
        }

        if (n || len == 0) {
            return n;
        }

        len = 0;
    }
}


/* called when the location of the store is known */

ngx_int_t
ngx_http_smtp_verify_webhook_merge(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *slcf)
{
    ngx_http_core_loc_conf_t             *clcf;
    ngx_http_smtp_verify_webhook_conf_t  *conf, *inherited;

    inherited = slcf->jobs.webhook;

    if (inherited == NULL) {
        return NGX_OK;
    }

    /* other locations may have inherited the same, with other stores */

    conf = ngx_palloc(cf->pool, sizeof(ngx_http_smtp_verify_webhook_conf_t));
    if (conf == NULL) {
        return NGX_ERROR;
    }

    *conf = *inherited;
    slcf->jobs.webhook = conf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->resolver == NULL || clcf->resolver->connections.nelts == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "no \"resolver\" is defined "
                           "for \"smtp_verify_jobs_webhook\"");
        return NGX_ERROR;
    }

    conf->resolver = clcf->resolver;
    conf->resolver_timeout = clcf->resolver_timeout;
    conf->server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    conf->addr_conf.default_server = conf->server;
    conf->store = slcf->jobs.store;
    conf->hook.data = conf;
    conf->store->jobs.hook = &conf->hook;

    return NGX_OK;
}
