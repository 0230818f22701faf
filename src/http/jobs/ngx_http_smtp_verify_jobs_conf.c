
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_http_smtp_verify_conf_cache.h"
#include "ngx_http_smtp_verify_param.h"
#include "ngx_smtp_verify_zone.h"


#define NGX_HTTP_SMTP_VERIFY_STORE_DAY    (24 * 60 * 60 * 1000)
#define NGX_HTTP_SMTP_VERIFY_STORE_TIMES                                      \
    ((ngx_int_t) 366 * NGX_HTTP_SMTP_VERIFY_STORE_DAY)
#define NGX_HTTP_SMTP_VERIFY_STORE_ZONE   (16 * 1024 * 1024)
#define NGX_HTTP_SMTP_VERIFY_STORE_PAGES  16


/* what the parameters of a store say */

typedef struct {
    ngx_str_t   key;
    ngx_str_t   threads;
    size_t      zone;
    ngx_uint_t  size;           /* in MB */
} ngx_http_smtp_verify_store_args_t;


static ngx_http_smtp_verify_store_t *ngx_http_smtp_verify_store_find(
    ngx_http_smtp_verify_main_conf_t *smcf, ngx_str_t *path);
static ngx_int_t ngx_http_smtp_verify_store_arg(ngx_conf_t *cf,
    ngx_str_t *arg, ngx_http_smtp_verify_store_t *store,
    ngx_http_smtp_verify_store_args_t *args);
static ngx_int_t ngx_http_smtp_verify_store_path(ngx_conf_t *cf,
    ngx_str_t *path);
static ngx_int_t ngx_http_smtp_verify_store_key(ngx_conf_t *cf,
    ngx_http_smtp_verify_store_t *store, ngx_str_t *file);
static ngx_int_t ngx_http_smtp_verify_store_make(ngx_conf_t *cf,
    ngx_http_smtp_verify_store_t *store,
    ngx_http_smtp_verify_store_args_t *args);
static ngx_int_t ngx_http_smtp_verify_jobs_size(ngx_str_t *arg,
    const char *name, uint64_t *size);
static void ngx_http_smtp_verify_jobs_merge_max(uint64_t *max, uint64_t prev);
static ngx_int_t ngx_http_smtp_verify_jobs_bind(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf);


char *
ngx_http_smtp_verify_jobs_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t                          *value, path;
    ngx_uint_t                          i;
    ngx_http_smtp_verify_store_t       *store, **slot;
    ngx_http_smtp_verify_main_conf_t   *smcf;
    ngx_http_smtp_verify_store_args_t   args;

    if (slcf->jobs.store != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;
    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    path = value[1];

    if (ngx_http_smtp_verify_store_path(cf, &path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_smtp_verify_store_find(smcf, &path)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the store \"%V\" is defined twice", &path);
        return NGX_CONF_ERROR;
    }

    store = ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_store_t));
    if (store == NULL) {
        return NGX_CONF_ERROR;
    }

    store->jobs.path = path;
    store->jobs.retention = NGX_HTTP_SMTP_VERIFY_STORE_DAY;
    store->jobs.wait = NGX_HTTP_SMTP_VERIFY_STORE_DAY;
    store->jobs.conf.size = (uint64_t) 10 << 30;

    ngx_memzero(&args, sizeof(ngx_http_smtp_verify_store_args_t));
    args.zone = NGX_HTTP_SMTP_VERIFY_STORE_ZONE;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_smtp_verify_store_arg(cf, &value[i], store, &args)
            != NGX_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (ngx_http_smtp_verify_store_make(cf, store, &args) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (smcf->stores.elts == NULL
        && ngx_array_init(&smcf->stores, cf->pool, 1, sizeof(void *))
           != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    slot = ngx_array_push(&smcf->stores);
    if (slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = store;
    slcf->jobs.store = store;

    return NGX_CONF_OK;
}


static ngx_http_smtp_verify_store_t *
ngx_http_smtp_verify_store_find(ngx_http_smtp_verify_main_conf_t *smcf,
    ngx_str_t *path)
{
    ngx_uint_t                      i;
    ngx_http_smtp_verify_store_t  **stores;

    stores = smcf->stores.elts;

    for (i = 0; i < smcf->stores.nelts; i++) {
        if (stores[i]->jobs.path.len == path->len
            && ngx_strncmp(stores[i]->jobs.path.data, path->data, path->len)
               == 0)
        {
            return stores[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_smtp_verify_store_arg(ngx_conf_t *cf, ngx_str_t *arg,
    ngx_http_smtp_verify_store_t *store,
    ngx_http_smtp_verify_store_args_t *args)
{
    ngx_int_t  rc;
    ngx_str_t  value;
    uint64_t   zone;

    zone = 0;

    if (ngx_http_smtp_verify_param(arg, "key=", &args->key)) {
        return args->key.len ? ngx_conf_full_name(cf->cycle, &args->key, 1)
                             : NGX_ERROR;
    }

    if (ngx_http_smtp_verify_param(arg, "threads=", &value)) {
        args->threads = value;
        return value.len ? NGX_OK : NGX_ERROR;
    }

    rc = ngx_http_smtp_verify_jobs_size(arg, "size=", &store->jobs.conf.size);

    if (rc != NGX_DECLINED) {
        return store->jobs.conf.size >= 1024 * 1024 ? rc : NGX_ERROR;
    }

    rc = ngx_http_smtp_verify_jobs_size(arg, "zone=", &zone);

    if (rc != NGX_DECLINED) {
        args->zone = (size_t) zone;
        return rc;
    }

    rc = ngx_http_smtp_verify_param_time(arg, "retention=",
                                         NGX_HTTP_SMTP_VERIFY_STORE_TIMES,
                                         &store->jobs.retention);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_smtp_verify_param_time(arg, "wait=",
                                         NGX_HTTP_SMTP_VERIFY_STORE_TIMES,
                                         &store->jobs.wait);

    return rc == NGX_DECLINED ? NGX_ERROR : rc;
}


/* Two ways to write a path must not make two stores of it.  The master makes
   the directory, and gives it to the user of the workers. */

static ngx_int_t
ngx_http_smtp_verify_store_path(ngx_conf_t *cf, ngx_str_t *path)
{
    ngx_path_t  *dir;

    while (path->len > 1 && path->data[path->len - 1] == '/') {
        path->len--;
    }

    path->data[path->len] = '\0';

    if (ngx_conf_full_name(cf->cycle, path, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    dir = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (dir == NULL) {
        return NGX_ERROR;
    }

    dir->name = *path;
    dir->conf_file = cf->conf_file->file.name.data;
    dir->line = cf->conf_file->line;

    return ngx_add_path(cf, &dir);
}


static ngx_int_t
ngx_http_smtp_verify_store_make(ngx_conf_t *cf,
    ngx_http_smtp_verify_store_t *store,
    ngx_http_smtp_verify_store_args_t *args)
{
    ngx_str_t               name;
    ngx_smtp_verify_jobs_t  *jobs;

    jobs = &store->jobs;

    if (ngx_http_smtp_verify_store_key(cf, store, &args->key) != NGX_OK) {
        return NGX_ERROR;
    }

    jobs->conf.path = (char *) jobs->path.data;
    jobs->log = &cf->cycle->new_log;

    name.len = sizeof("smtp_verify_jobs:") - 1 + jobs->path.len;
    name.data = ngx_pnalloc(cf->pool, name.len);

    if (name.data == NULL) {
        return NGX_ERROR;
    }

    ngx_sprintf(name.data, "smtp_verify_jobs:%V", &jobs->path);

    jobs->zone = ngx_smtp_verify_zone_add(cf, &name, args->zone,
                                         NGX_HTTP_SMTP_VERIFY_STORE_PAGES,
                                         &ngx_http_smtp_verify_module);
    if (jobs->zone == NULL) {
        return NGX_ERROR;
    }

    jobs->zone->init = ngx_smtp_verify_jobs_zone_init;
    jobs->zone->data = jobs;

#if (NGX_THREADS)

    jobs->pool = ngx_thread_pool_add(cf, args->threads.len ? &args->threads
                                                           : NULL);

    return jobs->pool ? NGX_OK : NGX_ERROR;

#else

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"smtp_verify_jobs_store\" needs "
                       "an nginx that was built with \"--with-threads\"");
    return NGX_ERROR;

#endif
}


static ngx_int_t
ngx_http_smtp_verify_store_key(ngx_conf_t *cf,
    ngx_http_smtp_verify_store_t *store, ngx_str_t *file)
{
    u_char         *key;
    sv_jobs_why_t   why;

    if (file->len == 0) {
        return NGX_OK;
    }

    key = ngx_palloc(cf->pool, SV_JOBS_KEY_LEN);
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (sv_jobs_key((char *) file->data, key, &why) != SV_JOBS_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, why.error,
                           "the key \"%V\" of the store cannot be used: %s",
                           file, why.note);
        return NGX_ERROR;
    }

    store->jobs.conf.key = key;

    return NGX_OK;
}


char *
ngx_http_smtp_verify_jobs_set(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->exact_match || clcf->named || clcf->noname || clcf->lmt_excpt
#if (NGX_PCRE)
        || clcf->regex
#endif
        || clcf->name.len == 0)
    {
        return "needs a location with a prefix, such as \"location /jobs\"";
    }

    slcf->enable = 1;
    slcf->jobs.enable = 1;

    return ngx_http_smtp_verify_set_handler(cf, slcf,
                                          ngx_http_smtp_verify_jobs_handler);
}


/* jobs=100 records=10000000 bytes=2g; "off" instead of a number */

char *
ngx_http_smtp_verify_jobs_limit(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_int_t                          rc;
    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_smtp_verify_jobs_conf_t  *jobs;

    jobs = &slcf->jobs;
    value = cf->args->elts;

    if (jobs->limited) {
        return "is duplicate";
    }

    jobs->limited = 1;

    for (i = 1; i < cf->args->nelts; i++) {

        rc = ngx_http_smtp_verify_jobs_size(&value[i], "bytes=",
                                            &jobs->max_bytes);

        if (rc == NGX_DECLINED) {
            rc = ngx_http_smtp_verify_jobs_size(&value[i], "jobs=",
                                                &jobs->max_jobs);
        }

        if (rc == NGX_DECLINED) {
            rc = ngx_http_smtp_verify_jobs_size(&value[i], "records=",
                                                &jobs->max_records);
        }

        if (rc != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_jobs_size(ngx_str_t *arg, const char *name,
    uint64_t *size)
{
    off_t      n;
    ngx_str_t  value;

    if (!ngx_http_smtp_verify_param(arg, name, &value)) {
        return NGX_DECLINED;
    }

    n = ngx_parse_offset(&value);

    if (n == NGX_ERROR || n == 0) {
        return NGX_ERROR;
    }

    *size = (uint64_t) n;

    return NGX_OK;
}


void
ngx_http_smtp_verify_jobs_create(ngx_http_smtp_verify_loc_conf_t *conf)
{
    conf->jobs.store = NGX_CONF_UNSET_PTR;
    conf->jobs.webhook = NGX_CONF_UNSET_PTR;
    conf->jobs.max_jobs = NGX_HTTP_SMTP_VERIFY_JOBS_UNSET;
    conf->jobs.max_records = NGX_HTTP_SMTP_VERIFY_JOBS_UNSET;
    conf->jobs.max_bytes = NGX_HTTP_SMTP_VERIFY_JOBS_UNSET;
}


ngx_int_t
ngx_http_smtp_verify_jobs_merge(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_smtp_verify_jobs_conf_t  *jobs;

    jobs = &conf->jobs;

    ngx_conf_merge_ptr_value(jobs->store, prev->jobs.store, NULL);
    ngx_conf_merge_ptr_value(jobs->webhook, prev->jobs.webhook, NULL);

    ngx_http_smtp_verify_jobs_merge_max(&jobs->max_jobs, prev->jobs.max_jobs);
    ngx_http_smtp_verify_jobs_merge_max(&jobs->max_records,
                                        prev->jobs.max_records);
    ngx_http_smtp_verify_jobs_merge_max(&jobs->max_bytes,
                                        prev->jobs.max_bytes);

    if (!jobs->enable) {
        return NGX_OK;
    }

    if (jobs->store == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no \"smtp_verify_jobs_store\" is defined for "
                           "\"smtp_verify_jobs\"");
        return NGX_ERROR;
    }

    /* the jobs check the size themselves, as a batch does */

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    jobs->max_body = clcf->client_max_body_size;
    clcf->client_max_body_size = 0;

    return clcf->noname ? NGX_OK
                        : ngx_http_smtp_verify_jobs_bind(cf, conf, clcf);
}


static void
ngx_http_smtp_verify_jobs_merge_max(uint64_t *max, uint64_t prev)
{
    if (*max == NGX_HTTP_SMTP_VERIFY_JOBS_UNSET) {
        *max = prev;
    }
}


/* Gives the store to this location. */

static ngx_int_t
ngx_http_smtp_verify_jobs_bind(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *conf, ngx_http_core_loc_conf_t *clcf)
{
    ngx_http_smtp_verify_store_t  *store;

    store = conf->jobs.store;

    /* a job is worked off without a request, also after a restart */

    if ((conf->helo && conf->helo->lengths)
        || (conf->from && conf->from->lengths))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"smtp_verify_helo\" and \"smtp_verify_from\" "
                           "must not have variables for "
                           "\"smtp_verify_jobs\"");
        return NGX_ERROR;
    }

    if (store->jobs.data) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the store \"%V\" belongs to the location \"%V\" "
                           "already: a store has one location",
                           &store->jobs.path, &store->location);
        return NGX_ERROR;
    }

    store->location = clcf->name;
    store->prefix = clcf->name;

    while (store->prefix.len
           && store->prefix.data[store->prefix.len - 1] == '/')
    {
        store->prefix.len--;
    }

    store->jobs.verify = &conf->verify;
    store->jobs.limits = conf->batch.limits;
    store->jobs.asker = ngx_http_smtp_verify_jobs_asker;
    store->jobs.data = conf;

    return ngx_http_smtp_verify_webhook_merge(cf, conf);
}


ngx_int_t
ngx_http_smtp_verify_jobs_init(ngx_cycle_t *cycle,
    ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                      i;
    ngx_http_smtp_verify_store_t  **stores;

    stores = smcf->stores.elts;

    for (i = 0; i < smcf->stores.nelts; i++) {

        /* a store without a location has nobody who works for it */

        if (stores[i]->jobs.data
            && ngx_smtp_verify_jobs_start(&stores[i]->jobs, cycle) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (smcf->stores.nelts) {
        ngx_http_smtp_verify_jobs_wipe_init(cycle);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_http_smtp_verify_jobs_exit(ngx_http_smtp_verify_main_conf_t *smcf)
{
    ngx_uint_t                      i, n;
    ngx_http_smtp_verify_store_t  **stores;

    stores = smcf->stores.elts;

    for (i = 0, n = 0; i < smcf->stores.nelts; i++) {
        if (stores[i]->jobs.worker) {
            ngx_smtp_verify_jobs_stop(&stores[i]->jobs);
            n++;
        }
    }

    return n;
}
