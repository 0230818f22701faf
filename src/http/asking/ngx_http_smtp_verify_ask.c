
#include "ngx_http_smtp_verify_ask.h"
#include "ngx_http_smtp_verify_conf_egress.h"
#include "ngx_http_smtp_verify_client_share.h"
#include "ngx_http_smtp_verify_tokens.h"


static void ngx_http_smtp_verify_ask_cleanup(void *data);
static ngx_int_t ngx_http_smtp_verify_ask_identity(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker);
static ngx_int_t ngx_http_smtp_verify_ask_from(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker);


void
ngx_http_smtp_verify_asker(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    ngx_memzero(asker, sizeof(ngx_smtp_verify_asker_t));

    asker->conf = &slcf->verify;
    asker->log = r->connection->log;
    asker->smtp = slcf->smtp;
    asker->bypass = ngx_http_smtp_verify_bypass(r);
}


ngx_uint_t
ngx_http_smtp_verify_bypass(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    return slcf->verify.cache
           && ngx_http_test_predicates(r, slcf->cache_bypass) == NGX_DECLINED;
}


ngx_int_t
ngx_http_smtp_verify_ask(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_smtp_verify_asker_t *asker)
{
    ngx_int_t            rc;
    ngx_http_cleanup_t  *cln;

    if (!ctx->cleanup) {
        cln = ngx_http_cleanup_add(r, 0);
        if (cln == NULL) {
            return NGX_ERROR;
        }

        cln->handler = ngx_http_smtp_verify_ask_cleanup;
        cln->data = ctx;
        ctx->cleanup = 1;
    }

    rc = ngx_http_smtp_verify_ask_as(r, asker);

    return rc == NGX_OK ? ngx_smtp_verify_question_start(&ctx->question, asker)
                        : rc;
}


static void
ngx_http_smtp_verify_ask_cleanup(void *data)
{
    ngx_http_smtp_verify_ctx_t *ctx = data;

    if (ctx->question.open) {
        ngx_smtp_verify_question_end(&ctx->question);
    }
}


void
ngx_http_smtp_verify_ask_refresh(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_smtp_verify_asker_t    asker;
    ngx_smtp_verify_lookup_t  *l;

    l = &ctx->question.lookup;

    ngx_http_smtp_verify_asker(r, &asker);
    asker.smtp = l->smtp;

    if (ngx_http_smtp_verify_ask_as(r, &asker) == NGX_OK) {
        l->helo = asker.helo;
        l->from = asker.from;
        l->client = asker.client;

        ngx_smtp_verify_lookup_refresh(l);
    }
}


const ngx_http_smtp_verify_error_t *
ngx_http_smtp_verify_ask_error(ngx_int_t rc)
{
    static const ngx_http_smtp_verify_error_t  identity = {
        NGX_HTTP_INTERNAL_SERVER_ERROR, "bad_identity",
        "The HELO name or the MAIL FROM address of this location is not "
        "valid for this request."
    };

    static const ngx_http_smtp_verify_error_t  quota = {
        NGX_HTTP_TOO_MANY_REQUESTS, "quota_exceeded",
        "The quota of today is used up; see Retry-After."
    };

    static const ngx_http_smtp_verify_error_t  busy = {
        NGX_HTTP_SERVICE_UNAVAILABLE, "too_many_probes",
        "Too many verifications are under way; try again in a moment."
    };

    switch (rc) {

    case NGX_ABORT:
        return &identity;

    case NGX_DECLINED:
        return &quota;

    case NGX_BUSY:
        return &busy;

    default: /* NGX_ERROR */
        return NULL;
    }
}


ngx_int_t
ngx_http_smtp_verify_ask_refuse(ngx_http_request_t *r, ngx_int_t rc)
{
    const ngx_http_smtp_verify_error_t  *error;

    error = ngx_http_smtp_verify_ask_error(rc);

    if (error == NULL
        || (rc == NGX_DECLINED
            && ngx_http_smtp_verify_client_spent(r) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_problem(r, error->status, error->code,
                                        error->detail);
}


ngx_int_t
ngx_http_smtp_verify_ask_as(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker)
{
    if (asker->smtp && ngx_http_smtp_verify_ask_identity(r, asker) != NGX_OK) {
        return NGX_ABORT;
    }

    ngx_http_smtp_verify_share_client(r, &asker->client);

    return NGX_OK;
}


/* Values with variables can only be checked now, not at configuration time. */

static ngx_int_t
ngx_http_smtp_verify_ask_identity(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->verify.pool) {

        if (!slcf->verify.pool->wants_from) {
            return NGX_OK;
        }

        return ngx_http_smtp_verify_ask_from(r, asker);
    }

    if (slcf->helo == NULL) {
        asker->helo = ngx_cycle->hostname;

    } else if (ngx_http_complex_value(r, slcf->helo, &asker->helo) != NGX_OK) {
        return NGX_ERROR;
    }

    if ((slcf->helo == NULL || slcf->helo->lengths)
        && !sv_host_name_valid(asker->helo.data, asker->helo.len, 0))
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "invalid \"smtp_verify_helo\" \"%V\"", &asker->helo);
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_ask_from(r, asker);
}


static ngx_int_t
ngx_http_smtp_verify_ask_from(ngx_http_request_t *r,
    ngx_smtp_verify_asker_t *asker)
{
    sv_address_t                      addr;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (ngx_http_complex_value(r, slcf->from, &asker->from) != NGX_OK) {
        return NGX_ERROR;
    }

    if (slcf->from->lengths == NULL) {
        return NGX_OK;
    }

    if (asker->from.len == 2 && ngx_strncmp(asker->from.data, "<>", 2) == 0) {
        asker->from.len = 0;
        return NGX_OK;
    }

    if (sv_address_parse(asker->from.data, asker->from.len, &addr)
        != SV_ADDRESS_OK
        || addr.utf8)
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "invalid \"smtp_verify_from\"");
        return NGX_ERROR;
    }

    /* as it is sent, with A-labels */

    return ngx_http_smtp_verify_wire_address(r->pool, &asker->from, &addr);
}
