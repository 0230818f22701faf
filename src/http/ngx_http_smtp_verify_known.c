
#include "ngx_http_smtp_verify_ask.h"
#include "ngx_http_smtp_verify_gate.h"


static ngx_int_t ngx_http_smtp_verify_peek(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_str_t *address);
static ngx_int_t ngx_http_smtp_verify_peek_at(ngx_http_request_t *r,
    ngx_str_t *address, ngx_smtp_verify_question_t *q);
static ngx_int_t ngx_http_smtp_verify_known_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_known_fetch(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
static void ngx_http_smtp_verify_known_fetched(
    ngx_smtp_verify_fetch_t *fetch);
static void ngx_http_smtp_verify_known_cleanup(void *data);


/*
 * Returns the context with the verdict of this request, or else of the main
 * request.  If there is none, looks into the cache for the address that
 * smtp_verify_address names.
 */

ngx_http_smtp_verify_ctx_t *
ngx_http_smtp_verify_known(ngx_http_request_t *r)
{
    ngx_str_t                         address;
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    ctx = ngx_http_smtp_verify_ctx(r);

    if (ctx == NULL && r != r->main) {
        ctx = ngx_http_smtp_verify_ctx(r->main);

        if (ctx && ctx->result) {
            return ctx;
        }

        ctx = NULL;
    }

    if (ctx && (ctx->step != ngx_http_smtp_verify_step_start
                || (ctx->result && !ctx->peeked)))
    {
        return ctx;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->addresses == NULL || slcf->verify.cache == NULL
        || ngx_http_smtp_verify_known_address(r, &address) != NGX_OK)
    {
        return ctx;
    }

    if (ctx && ctx->peeked && ctx->address.len == address.len
        && ngx_memcmp(ctx->address.data, address.data, address.len) == 0)
    {
        return ctx;
    }

    if (ctx == NULL) {
        ctx = ngx_http_smtp_verify_ctx_create(r);
        if (ctx == NULL) {
            return NULL;
        }
    }

    return ngx_http_smtp_verify_peek(r, ctx, &address) == NGX_OK ? ctx : NULL;
}


static ngx_int_t
ngx_http_smtp_verify_peek(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_str_t *address)
{
    ngx_int_t                   rc;
    ngx_smtp_verify_question_t  q;

    ctx->result = NULL;
    ctx->json.len = 0;

    rc = ngx_http_smtp_verify_peek_at(r, address, &q);

    if (rc == NGX_OK
        && ngx_http_smtp_verify_save_result(r, ctx, q.lookup.result) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->peeked = 1;
    ctx->address = *address;
    ctx->question.lookup.status = q.lookup.status;

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_peek_at(ngx_http_request_t *r, ngx_str_t *address,
    ngx_smtp_verify_question_t *q)
{
    ngx_smtp_verify_lookup_t         *l;
    ngx_smtp_verify_asker_t           asker;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    ngx_http_smtp_verify_asker(r, &asker);

    asker.smtp = 1;
    asker.bypass = 0;

    ngx_smtp_verify_question_init(q, &asker, address);

    l = &q->lookup;
    l->peek = 1;

    if (ngx_smtp_verify_lookup(l) == NGX_OK) {
        return NGX_OK;
    }

    /* results that belong to the identity of this location */

    if ((slcf->from
         || (slcf->verify.pool && !slcf->verify.pool->wants_from))
        && ngx_http_smtp_verify_ask_as(r, &asker) == NGX_OK)
    {
        l->helo = asker.helo;
        l->from = asker.from;
        return ngx_smtp_verify_lookup_own(l);
    }

    return NGX_DECLINED;
}


/* Takes the first source that has an address. */

ngx_int_t
ngx_http_smtp_verify_known_address(ngx_http_request_t *r, ngx_str_t *address)
{
    ngx_uint_t                        i;
    const char                       *error;
    ngx_http_smtp_verify_source_t    *source;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->addresses == NULL) {
        return NGX_DECLINED;
    }

    source = slcf->addresses->elts;

    for (i = 0; i < slcf->addresses->nelts; i++) {
        if (ngx_http_smtp_verify_source_get(r, &source[i], address, &error)
            == NGX_OK)
        {
            return address->len ? NGX_OK : NGX_DECLINED;
        }
    }

    return NGX_DECLINED;
}


/*
 * A variable cannot wait for the store behind the cache, so a phase handler
 * does, in locations that name an address and ask for no verdict by other
 * means.  It runs in the phase of the gate, after access control, so that
 * denied requests cause no question to the store.
 */

ngx_int_t
ngx_http_smtp_verify_known_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_smtp_verify_known_handler;

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_known_handler(ngx_http_request_t *r)
{
    ngx_smtp_verify_cache_t          *cache;
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->addresses == NULL || slcf->verify.cache == NULL) {
        return NGX_DECLINED;
    }

    cache = slcf->verify.cache->data;

    if (cache->behind == NULL || slcf->enable || slcf->batch.enable
        || slcf->gate || r != r->main)
    {
        return NGX_DECLINED;
    }

    ctx = ngx_http_smtp_verify_known(r);

    if (ctx == NULL || ctx->result || !ctx->peeked) {
        return NGX_DECLINED;
    }

    return ctx->fetch ? NGX_DONE : ngx_http_smtp_verify_known_fetch(r, ctx);
}


/* Asks the store at most once for each request. */

static ngx_int_t
ngx_http_smtp_verify_known_fetch(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_int_t                    rc;
    ngx_http_cleanup_t          *cln;
    ngx_smtp_verify_question_t   q;

    if (ctx->fetched
        || ngx_http_smtp_verify_peek_at(r, &ctx->address, &q) == NGX_OK)
    {
        return NGX_DECLINED;
    }

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_smtp_verify_known_cleanup;
    cln->data = ctx;

    ctx->fetched = 1;

    rc = q.lookup.keyed
         ? ngx_smtp_verify_lookup_fetch(&q.lookup, &ctx->fetch,
                                        ngx_http_smtp_verify_known_fetched,
                                        ctx, 0)
         : NGX_DECLINED;

    if (rc != NGX_AGAIN) {
        ctx->peeked = (rc != NGX_OK);
        return NGX_DECLINED;
    }

    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_smtp_verify_watch_client(r);

    return NGX_DONE;
}


static void
ngx_http_smtp_verify_known_fetched(ngx_smtp_verify_fetch_t *fetch)
{
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = fetch->data;
    r = ctx->request;
    c = r->connection;

    ngx_http_smtp_verify_known_cleanup(ctx);

    if (!ngx_http_smtp_verify_is_here(ctx)) {
        return;
    }

    ctx->peeked = 0;

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


static void
ngx_http_smtp_verify_known_cleanup(void *data)
{
    ngx_http_smtp_verify_ctx_t *ctx = data;

    ngx_smtp_verify_fetch_free(ctx->fetch);
    ctx->fetch = NULL;
}
