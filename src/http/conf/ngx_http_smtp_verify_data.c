
#include "ngx_http_smtp_verify_module.h"


#define NGX_HTTP_SMTP_VERIFY_FILE_MAX  (256 * 1024 * 1024)


static ngx_int_t ngx_http_smtp_verify_check_limits(ngx_conf_t *cf,
    ngx_http_smtp_verify_main_conf_t *smcf);
static ngx_int_t ngx_http_smtp_verify_load_data(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *text);
static ngx_int_t ngx_http_smtp_verify_is_file(ngx_conf_t *cf,
    ngx_str_t *name, ngx_file_info_t *fi);
static ngx_int_t ngx_http_smtp_verify_load_fd(ngx_conf_t *cf, ngx_fd_t fd,
    ngx_str_t *name, ngx_str_t *text);
static ngx_int_t ngx_http_smtp_verify_need_lists(
    ngx_http_smtp_verify_main_conf_t *smcf);


void
ngx_http_smtp_verify_data_cleanup(void *data)
{
    ngx_http_smtp_verify_main_conf_t  *smcf = data;

    sv_rules_free(smcf->rules);
    sv_providers_free(smcf->providers);
    sv_lists_free(smcf->lists);
}


ngx_int_t
ngx_http_smtp_verify_data_default(ngx_conf_t *cf,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    char         buf[160];
    const char  *error;

    if (smcf->rules == NULL) {
        smcf->rules = sv_rules_default();
    }

    if (ngx_http_smtp_verify_need_providers(cf, smcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (smcf->rules == NULL || ngx_http_smtp_verify_need_lists(smcf) != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the compiled-in rules cannot be loaded");
        return NGX_ERROR;
    }

    if (smcf->checked) {
        return NGX_OK;
    }

    smcf->checked = 1;

    error = sv_score_check(&smcf->weights, buf, sizeof(buf));

    if (error) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid \"smtp_verify_score\": %s", error);
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_check_limits(cf, smcf);
}


ngx_int_t
ngx_http_smtp_verify_need_providers(ngx_conf_t *cf,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    if (smcf->providers == NULL) {
        smcf->providers = sv_providers_default();
    }

    if (smcf->providers == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the compiled-in providers cannot be loaded");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Limits of an unknown provider would have no effect. */

static ngx_int_t
ngx_http_smtp_verify_check_limits(ngx_conf_t *cf,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                          i, n;
    ngx_smtp_verify_provider_limits_t  *limits;

    limits = smcf->limits ? smcf->limits->elts : NULL;
    n = smcf->limits ? smcf->limits->nelts : 0;

    for (i = 0; i < n; i++) {

        if (sv_provider_by_id(smcf->providers, limits[i].id.data,
                              limits[i].id.len)
            == NULL)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown provider \"%V\" in "
                               "\"smtp_verify_throttle_provider\", the file "
                               "of \"smtp_verify_providers\" has their names",
                               &limits[i].id);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_need_lists(ngx_http_smtp_verify_main_conf_t *smcf)
{
    if (smcf->lists == NULL) {
        smcf->lists = sv_lists_default();
    }

    return smcf->lists ? NGX_OK : NGX_ERROR;
}


char *
ngx_http_smtp_verify_rules(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_main_conf_t *smcf = conf;

    ngx_str_t         *value, text;
    sv_rules_error_t   error;

    if (smcf->rules) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_http_smtp_verify_load_data(cf, &value[1], &text) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    smcf->rules = sv_rules_parse((char *) text.data, text.len, &error);

    ngx_free(text.data);

    if (smcf->rules == NULL) {
        return ngx_http_smtp_verify_mistake(cf, &value[1], &error);
    }

    return NGX_CONF_OK;
}


char *
ngx_http_smtp_verify_providers(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_main_conf_t *smcf = conf;

    ngx_str_t         *value, text;
    sv_rules_error_t   error;

    if (smcf->providers) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_http_smtp_verify_load_data(cf, &value[1], &text) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    smcf->providers = sv_providers_parse((char *) text.data, text.len,
                                         &error);

    ngx_free(text.data);

    if (smcf->providers == NULL) {
        return ngx_http_smtp_verify_mistake(cf, &value[1], &error);
    }

    return NGX_CONF_OK;
}


char *
ngx_http_smtp_verify_list(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_main_conf_t *smcf = conf;

    int                rc;
    ngx_str_t         *value, text;
    sv_list_e          kind;
    sv_rules_error_t   error;

    value = cf->args->elts;

    kind = sv_list_by_name((char *) value[1].data, value[1].len);

    if (kind == SV_LIST_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown kind of list \"%V\", it must be "
                           "\"disposable\", \"free\", \"alias\", "
                           "\"role\", \"spam_trap\", \"abuse\", "
                           "\"disposable_mx\", \"allow\" or \"deny\"",
                           &value[1]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_smtp_verify_need_lists(smcf) != NGX_OK
        || ngx_http_smtp_verify_load_data(cf, &value[2], &text) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    rc = sv_lists_load(smcf->lists, kind, (char *) text.data, text.len,
                       &error);

    ngx_free(text.data);

    if (rc != 0) {
        return ngx_http_smtp_verify_mistake(cf, &value[2], &error);
    }

    return NGX_CONF_OK;
}


char *
ngx_http_smtp_verify_score(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_main_conf_t *smcf = conf;

    ngx_int_t    n;
    ngx_str_t   *value;
    const char  *error;

    value = cf->args->elts;

    n = ngx_atoi(value[2].data, value[2].len);

    if (n == NGX_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\"",
                           &value[2]);
        return NGX_CONF_ERROR;
    }

    if (sv_score_set(&smcf->weights, (char *) value[1].data, value[1].len, n,
                     &error)
        != 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid weight \"%V\": %s", &value[1], error);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* Cached results depend on the contents of the file. */

static ngx_int_t
ngx_http_smtp_verify_load_data(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *text)
{
    ngx_http_smtp_verify_main_conf_t  *smcf;

    if (ngx_http_smtp_verify_load(cf, name, text) != NGX_OK) {
        return NGX_ERROR;
    }

    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    smcf->data_version = smcf->data_version * 31
                         + ngx_crc32_long(text->data, text->len);

    return NGX_OK;
}


/* Checks a file that a library will open: opening a FIFO would block for
   ever. */

ngx_int_t
ngx_http_smtp_verify_check_file(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_file_info_t  fi;

    if (name->len == 0) {
        return NGX_OK;
    }

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_file_info(name->data, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_file_info_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_is_file(cf, name, &fi);
}


static ngx_int_t
ngx_http_smtp_verify_is_file(ngx_conf_t *cf, ngx_str_t *name,
    ngx_file_info_t *fi)
{
    if (!ngx_is_file(fi)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is not a regular file", name);
        return NGX_ERROR;
    }

    if (ngx_file_size(fi) > NGX_HTTP_SMTP_VERIFY_FILE_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is larger than %uzM", name,
                           (size_t) NGX_HTTP_SMTP_VERIFY_FILE_MAX
                           / (1024 * 1024));
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Called at configuration time only.  A FIFO is opened without blocking. */

ngx_int_t
ngx_http_smtp_verify_load(ngx_conf_t *cf, ngx_str_t *name, ngx_str_t *text)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    rc = ngx_http_smtp_verify_load_fd(cf, fd, name, text);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", name);
    }

    return rc;
}


static ngx_int_t
ngx_http_smtp_verify_load_fd(ngx_conf_t *cf, ngx_fd_t fd, ngx_str_t *name,
    ngx_str_t *text)
{
    size_t           size;
    ssize_t          n;
    ngx_file_info_t  fi;

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    if (ngx_http_smtp_verify_is_file(cf, name, &fi) != NGX_OK) {
        return NGX_ERROR;
    }

    size = (size_t) ngx_file_size(&fi);

    text->data = ngx_alloc(size + 1, cf->log);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    for (text->len = 0; text->len < size; text->len += n) {

        n = ngx_read_fd(fd, text->data + text->len, size - text->len);

        if (n <= 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, n < 0 ? ngx_errno : 0,
                               ngx_read_fd_n " \"%V\" failed", name);
            ngx_free(text->data);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


char *
ngx_http_smtp_verify_mistake(ngx_conf_t *cf, ngx_str_t *name,
    sv_rules_error_t *error)
{
    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s in %V:%ui", error->message,
                       name, (ngx_uint_t) error->line);

    return NGX_CONF_ERROR;
}
