
#include "ngx_http_smtp_verify_gate.h"


static void ngx_http_smtp_verify_ctx_cleanup(void *data);
static ngx_smtp_verify_result_t *ngx_http_smtp_verify_save_copy(u_char *p,
    ngx_smtp_verify_result_t *result);
static size_t ngx_http_smtp_verify_save_size(
    ngx_smtp_verify_result_t *result);
static u_char *ngx_http_smtp_verify_save_str(u_char *p, ngx_str_t *s);
static u_char *ngx_http_smtp_verify_save_word(u_char *p, const char **word);


/* An internal redirect clears the contexts of modules, but not the cleanups of
   the pool: the context is found there again. */

ngx_http_smtp_verify_ctx_t *
ngx_http_smtp_verify_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    if (ctx || r != r->main || !(r->internal || r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_smtp_verify_ctx_cleanup) {
            continue;
        }

        ctx = cln->data;

        if (ctx->request != r) {
            continue;
        }

        ctx->step = ngx_http_smtp_verify_step_start;
        ngx_smtp_verify_question_end(&ctx->question);

        ngx_smtp_verify_fetch_free(ctx->fetch);
        ctx->fetch = NULL;

        ngx_http_set_ctx(r, ctx, ngx_http_smtp_verify_module);

        return ctx;
    }

    return NULL;
}


ngx_http_smtp_verify_ctx_t *
ngx_http_smtp_verify_ctx_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_smtp_verify_ctx_t  *ctx;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_smtp_verify_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;

    ngx_memzero(ctx, sizeof(ngx_http_smtp_verify_ctx_t));

    ctx->request = r;
    cln->handler = ngx_http_smtp_verify_ctx_cleanup;

    ngx_http_set_ctx(r, ctx, ngx_http_smtp_verify_module);

    return ctx;
}


/* Its address marks the context in the list of cleanups. */

static void
ngx_http_smtp_verify_ctx_cleanup(void *data)
{
    ngx_http_smtp_verify_ctx_t *ctx = data;

    ctx->request = NULL;
}


ngx_int_t
ngx_http_smtp_verify_save_result(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_smtp_verify_result_t *result)
{
    u_char  *p;

    p = ngx_palloc(r->pool, ngx_http_smtp_verify_save_size(result));
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->result = ngx_http_smtp_verify_save_copy(p, result);
    ctx->address = ctx->result->email;
    ctx->peeked = 0;
    ctx->json.len = 0;

    ngx_http_smtp_verify_forget(r);

    return NGX_OK;
}


/* p must have room for ngx_http_smtp_verify_save_size() octets */

static ngx_smtp_verify_result_t *
ngx_http_smtp_verify_save_copy(u_char *p, ngx_smtp_verify_result_t *result)
{
    sv_provider_t               *provider;
    ngx_smtp_verify_result_t    *kept;
    ngx_smtp_verify_evidence_t  *ev;

    kept = (ngx_smtp_verify_result_t *) p;
    p += sizeof(ngx_smtp_verify_result_t);

    *kept = *result;
    kept->transcript = NULL;

    if (kept->provider) {
        provider = (sv_provider_t *) p;
        p += sizeof(sv_provider_t);

        *provider = *result->provider;
        provider->id.len = 0;
        kept->provider = provider;

        p = ngx_http_smtp_verify_save_str(p, (ngx_str_t *) &provider->name);
    }

    ev = &kept->evidence;

    p = ngx_http_smtp_verify_save_str(p, &kept->email);
    p = ngx_http_smtp_verify_save_str(p, &kept->normalized);
    p = ngx_http_smtp_verify_save_str(p, &kept->root);
    p = ngx_http_smtp_verify_save_str(p, &kept->did_you_mean);
    p = ngx_http_smtp_verify_save_str(p, &ev->enhanced);
    p = ngx_http_smtp_verify_save_str(p, &ev->text);
    p = ngx_http_smtp_verify_save_str(p, &ev->mx_host);
    p = ngx_http_smtp_verify_save_str(p, &ev->mx_ip);
    p = ngx_http_smtp_verify_save_word(p, &ev->rule);
    p = ngx_http_smtp_verify_save_word(p, &ev->tls.protocol);
    p = ngx_http_smtp_verify_save_word(p, &ev->tls.cipher);
    (void) ngx_http_smtp_verify_save_word(p, &ev->tls.error);

    return kept;
}


/* Variables that were evaluated before the verdict are evaluated again. */

void
ngx_http_smtp_verify_forget(ngx_http_request_t *r)
{
    ngx_uint_t                         i, *index;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);

    index = smcf->variables.elts;

    for (i = 0; i < smcf->variables.nelts; i++) {
        r->variables[index[i]].valid = 0;
        r->variables[index[i]].not_found = 0;
    }
}


static size_t
ngx_http_smtp_verify_save_size(ngx_smtp_verify_result_t *result)
{
    size_t                       len;
    ngx_uint_t                   i;
    const char                  *words[4];
    ngx_smtp_verify_evidence_t  *ev;

    ev = &result->evidence;

    len = sizeof(ngx_smtp_verify_result_t) + result->email.len
          + result->normalized.len + result->root.len
          + result->did_you_mean.len + ev->enhanced.len + ev->text.len
          + ev->mx_host.len + ev->mx_ip.len;

    if (result->provider) {
        len += sizeof(sv_provider_t) + result->provider->name.len;
    }

    words[0] = ev->rule;
    words[1] = ev->tls.protocol;
    words[2] = ev->tls.cipher;
    words[3] = ev->tls.error;

    for (i = 0; i < 4; i++) {
        if (words[i]) {
            len += ngx_strlen(words[i]) + 1;
        }
    }

    return len;
}


static u_char *
ngx_http_smtp_verify_save_str(u_char *p, ngx_str_t *s)
{
    if (s->len) {
        ngx_memcpy(p, s->data, s->len);
        s->data = p;
        p += s->len;
    }

    return p;
}


static u_char *
ngx_http_smtp_verify_save_word(u_char *p, const char **word)
{
    size_t  len;

    if (*word == NULL) {
        return p;
    }

    len = ngx_strlen(*word) + 1;

    ngx_memcpy(p, *word, len);
    *word = (const char *) p;

    return p + len;
}
