
#include "ngx_http_smtp_verify_tokens.h"


static ngx_http_smtp_verify_tokens_t *ngx_http_smtp_verify_tokens_file(
    ngx_conf_t *cf, ngx_str_t *name);
static ngx_int_t ngx_http_smtp_verify_tokens_load(ngx_conf_t *cf,
    ngx_http_smtp_verify_tokens_t *tokens);
static void ngx_http_smtp_verify_tokens_cleanup(void *data);
static ngx_int_t ngx_http_smtp_verify_tokens_limits(ngx_conf_t *cf,
    ngx_http_smtp_verify_tokens_t *tokens);
static ngx_int_t ngx_http_smtp_verify_tokens_policy(ngx_conf_t *cf,
    ngx_http_smtp_verify_limited_t *limited);


char *
ngx_http_smtp_verify_tokens(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t  *value;

    if (slcf->tokens != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        slcf->tokens = NULL;
        return NGX_CONF_OK;
    }

    slcf->tokens = ngx_http_smtp_verify_tokens_file(cf, &value[1]);

    return slcf->tokens ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* A file that is named several times is read once. */

static ngx_http_smtp_verify_tokens_t *
ngx_http_smtp_verify_tokens_file(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_uint_t                          i;
    ngx_http_smtp_verify_tokens_t      *tokens, **known;
    ngx_http_smtp_verify_main_conf_t   *smcf;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NULL;
    }

    known = smcf->tokens.elts;

    for (i = 0; i < smcf->tokens.nelts; i++) {
        if (known[i]->file.len == name->len
            && ngx_strncmp(known[i]->file.data, name->data, name->len) == 0)
        {
            return known[i];
        }
    }

    if (smcf->tokens.elts == NULL
        && ngx_array_init(&smcf->tokens, cf->pool, 2, sizeof(void *))
           != NGX_OK)
    {
        return NULL;
    }

    tokens = ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_tokens_t));
    if (tokens == NULL) {
        return NULL;
    }

    tokens->file = *name;

    if (ngx_http_smtp_verify_tokens_load(cf, tokens) != NGX_OK
        || ngx_http_smtp_verify_tokens_limits(cf, tokens) != NGX_OK)
    {
        return NULL;
    }

    known = ngx_array_push(&smcf->tokens);
    if (known == NULL) {
        return NULL;
    }

    *known = tokens;

    return tokens;
}


static ngx_int_t
ngx_http_smtp_verify_tokens_load(ngx_conf_t *cf,
    ngx_http_smtp_verify_tokens_t *tokens)
{
    ngx_str_t            text;
    sv_rules_error_t     error;
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_smtp_verify_load(cf, &tokens->file, &text) != NGX_OK) {
        return NGX_ERROR;
    }

    tokens->list = sv_tokens_parse((char *) text.data, text.len, &error);

    ngx_free(text.data);

    if (tokens->list == NULL) {
        (void) ngx_http_smtp_verify_mistake(cf, &tokens->file, &error);
        return NGX_ERROR;
    }

    cln->handler = ngx_http_smtp_verify_tokens_cleanup;
    cln->data = tokens->list;

    return NGX_OK;
}


static void
ngx_http_smtp_verify_tokens_cleanup(void *data)
{
    sv_tokens_free(data);
}


static ngx_int_t
ngx_http_smtp_verify_tokens_limits(ngx_conf_t *cf,
    ngx_http_smtp_verify_tokens_t *tokens)
{
    ngx_uint_t                         i, n;
    sv_token_client_t                 *client;
    ngx_http_smtp_verify_limited_t    *limited;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    n = tokens->list->nclients;

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);
    smcf->nclients += n;

    if (smcf->nclients > NGX_SMTP_VERIFY_QUOTA_CLIENTS) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "more than %d clients in "
                           "all files of tokens",
                           NGX_SMTP_VERIFY_QUOTA_CLIENTS);
        return NGX_ERROR;
    }

    tokens->zone = ngx_smtp_verify_quota_add(cf,
                                             &ngx_http_smtp_verify_module);
    if (tokens->zone == NULL) {
        return NGX_ERROR;
    }

    tokens->clients = ngx_pcalloc(cf->pool, (n + 1)
                                  * sizeof(ngx_http_smtp_verify_limited_t));
    if (tokens->clients == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {

        client = &tokens->list->clients[i];
        limited = &tokens->clients[i];

        limited->quota.name.len = client->name.len;
        limited->quota.name.data = client->name.data;
        limited->quota.rate = client->rate;
        limited->quota.burst = client->burst;
        limited->quota.quota = client->quota;
        limited->rights = client->rights;

        if (ngx_http_smtp_verify_tokens_policy(cf, limited) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Writes RateLimit-Policy.  The rate is described as a bucket: "q" requests at
   once, and the bucket is full again after "w" seconds. */

static ngx_int_t
ngx_http_smtp_verify_tokens_policy(ngx_conf_t *cf,
    ngx_http_smtp_verify_limited_t *limited)
{
    u_char                          *p;
    uint64_t                         window;
    ngx_smtp_verify_quota_client_t  *client;

    client = &limited->quota;

    if (client->rate == 0 && client->quota == NGX_SMTP_VERIFY_QUOTA_NONE) {
        return NGX_OK;
    }

    p = ngx_pnalloc(cf->pool, sizeof("\"rate\";q=;w=, \"quota\";q=;w=86400")
                              - 1 + NGX_INT64_LEN * 3);
    if (p == NULL) {
        return NGX_ERROR;
    }

    limited->policy.data = p;

    if (client->rate) {
        window = client->burst * (uint64_t) SV_BUCKET_TOKEN / client->rate;
        window = ngx_max((window + 999999) / 1000000, 1);

        p = ngx_sprintf(p, "\"rate\";q=%ui;w=%uL", client->burst, window);
    }

    if (client->quota != NGX_SMTP_VERIFY_QUOTA_NONE) {
        p = ngx_sprintf(p, "%s\"quota\";q=%uL;w=%d",
                        client->rate ? ", " : "", client->quota,
                        NGX_SMTP_VERIFY_QUOTA_DAY);
    }

    limited->policy.len = p - limited->policy.data;

    return NGX_OK;
}
