
#include "ngx_http_smtp_verify_jobs_handler.h"


typedef struct {
    ngx_str_t                          path;        /* behind the job's id, or
                                                       behind the prefix */
    ngx_uint_t                         of_job;
    ngx_uint_t                         method;
    ngx_http_smtp_verify_jobs_next_pt  handler;
} ngx_http_smtp_verify_route_t;


static ngx_http_smtp_verify_jobs_ctx_t *ngx_http_smtp_verify_jobs_ctx(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_jobs_route(
    ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_http_smtp_verify_route_t **route);
static ngx_int_t ngx_http_smtp_verify_jobs_path(
    ngx_http_smtp_verify_jobs_ctx_t *hj, ngx_str_t *path);
static ngx_int_t ngx_http_smtp_verify_jobs_not_allowed(
    ngx_http_request_t *r, ngx_uint_t methods);


static ngx_http_smtp_verify_route_t  ngx_http_smtp_verify_routes_table[] = {

    { ngx_string(""), 0, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_smtp_verify_jobs_list },

    { ngx_string(""), 0, NGX_HTTP_POST,
      ngx_http_smtp_verify_jobs_post_list },

    { ngx_string(""), 1, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_smtp_verify_jobs_show },

    { ngx_string(""), 1, NGX_HTTP_PATCH,
      ngx_http_smtp_verify_jobs_patch },

    { ngx_string(""), 1, NGX_HTTP_DELETE,
      ngx_http_smtp_verify_jobs_delete },

    { ngx_string("events"), 1, NGX_HTTP_GET,
      ngx_http_smtp_verify_jobs_events },

    { ngx_string("addresses"), 0, NGX_HTTP_DELETE,
      ngx_http_smtp_verify_jobs_addresses },

    { ngx_string("results"), 1, NGX_HTTP_GET|NGX_HTTP_HEAD,
      ngx_http_smtp_verify_jobs_results },

    { ngx_string("webhook"), 1, NGX_HTTP_POST,
      ngx_http_smtp_verify_jobs_webhook },

    { ngx_null_string, 0, 0, NULL }
};


static struct {
    ngx_uint_t  method;
    ngx_str_t   name;
} ngx_http_smtp_verify_jobs_methods[] = {
    { NGX_HTTP_GET, ngx_string("GET") },
    { NGX_HTTP_HEAD, ngx_string("HEAD") },
    { NGX_HTTP_POST, ngx_string("POST") },
    { NGX_HTTP_PATCH, ngx_string("PATCH") },
    { NGX_HTTP_DELETE, ngx_string("DELETE") },
    { 0, ngx_null_string }
};


ngx_int_t
ngx_http_smtp_verify_jobs_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_http_smtp_verify_route_t     *route;
    ngx_http_smtp_verify_jobs_ctx_t  *hj;

    if (r != r->main) {
        return NGX_HTTP_NOT_FOUND;
    }

    rc = ngx_http_smtp_verify_begin(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    hj = ngx_http_smtp_verify_jobs_ctx(r);
    if (hj == NULL || ngx_http_smtp_verify_jobs_wipe(hj) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    route = NULL;

    rc = ngx_http_smtp_verify_jobs_route(hj, &route);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    rc = ngx_http_smtp_verify_jobs_query(hj);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (route->method & (NGX_HTTP_GET|NGX_HTTP_HEAD)) {
        rc = ngx_http_discard_request_body(r);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_http_smtp_verify_jobs_call_create(hj) == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = route->handler(hj);

    if (rc != NGX_AGAIN) {
        return rc;
    }

    r->main->count++;

    /* a body is still to be read; nothing is known of the client until then */

    if (r->method & (NGX_HTTP_POST|NGX_HTTP_PATCH|NGX_HTTP_DELETE)) {
        r->read_event_handler = ngx_http_block_reading;

    } else {
        ngx_http_smtp_verify_watch_client(r);
    }

    return NGX_DONE;
}


static ngx_http_smtp_verify_jobs_ctx_t *
ngx_http_smtp_verify_jobs_ctx(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_jobs_ctx_t  *hj;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    hj = ngx_pcalloc(r->pool, sizeof(ngx_http_smtp_verify_jobs_ctx_t));
    if (hj == NULL) {
        return NULL;
    }

    hj->request = r;
    hj->store = slcf->jobs.store;
    hj->limits = &slcf->jobs;
    hj->request_id = &ctx->request_id;

    ctx->jobs = hj;

    return hj;
}


static ngx_int_t
ngx_http_smtp_verify_jobs_route(ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_http_smtp_verify_route_t **route)
{
    ngx_str_t                      path;
    ngx_uint_t                     methods;
    ngx_http_request_t            *r;
    ngx_http_smtp_verify_route_t  *p;

    r = hj->request;
    methods = 0;

    if (ngx_http_smtp_verify_jobs_path(hj, &path) == NGX_OK) {

        for (p = ngx_http_smtp_verify_routes_table; p->handler; p++) {

            if (p->of_job != (hj->id.len != 0)
                || p->path.len != path.len
                || ngx_strncmp(p->path.data, path.data, path.len) != 0)
            {
                continue;
            }

            if (p->method & r->method) {
                *route = p;
                return NGX_DECLINED;
            }

            methods |= p->method;
        }
    }

    if (methods) {
        return ngx_http_smtp_verify_jobs_not_allowed(r, methods);
    }

    return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_FOUND, "not_found",
                                        "There is nothing of this name.");
}


/* What follows the prefix: nothing, a name, or the id of a job and a name. */

static ngx_int_t
ngx_http_smtp_verify_jobs_path(ngx_http_smtp_verify_jobs_ctx_t *hj,
    ngx_str_t *path)
{
    u_char     *p;
    ngx_str_t  *prefix, id;

    prefix = &hj->store->prefix;
    *path = hj->request->uri;

    if (path->len < prefix->len
        || ngx_strncmp(path->data, prefix->data, prefix->len) != 0)
    {
        return NGX_DECLINED;
    }

    path->data += prefix->len;
    path->len -= prefix->len;

    if (path->len == 0) {
        return NGX_OK;
    }

    if (path->data[0] != '/') {
        return NGX_DECLINED;
    }

    path->data++;
    path->len--;

    p = ngx_strlchr(path->data, path->data + path->len, '/');

    id.data = path->data;
    id.len = p ? (size_t) (p - path->data) : path->len;

    if (!sv_jobs_query_is_id(id.data, id.len)) {
        return NGX_OK;
    }

    hj->id = id;

    if (p) {
        p++;
    }

    path->len = p ? (size_t) (path->data + path->len - p) : 0;
    path->data = p ? p : (u_char *) "";

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_jobs_not_allowed(ngx_http_request_t *r,
    ngx_uint_t methods)
{
    u_char                      *p, *a;
    ngx_uint_t                   i;
    ngx_http_smtp_verify_ctx_t  *ctx;
    static u_char                detail[128];

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    p = ngx_pnalloc(r->pool, sizeof(detail));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->methods.data = p;
    a = ngx_cpymem(detail, "Use ", 4);

    for (i = 0; ngx_http_smtp_verify_jobs_methods[i].method; i++) {

        if (!(methods & ngx_http_smtp_verify_jobs_methods[i].method)) {
            continue;
        }

        if (p != ctx->methods.data) {
            p = ngx_cpymem(p, ", ", 2);
            a = ngx_cpymem(a, " or ", 4);
        }

        p = ngx_sprintf(p, "%V", &ngx_http_smtp_verify_jobs_methods[i].name);
        a = ngx_sprintf(a, "%V", &ngx_http_smtp_verify_jobs_methods[i].name);
    }

    ctx->methods.len = p - ctx->methods.data;
    ngx_memcpy(a, ".", 2);

    return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_ALLOWED,
                                        "method_not_allowed",
                                        (char *) detail);
}
