
#include "ngx_http_smtp_verify_cache.h"
#include "ngx_http_smtp_verify_egress.h"
#include "ngx_http_smtp_verify_gate.h"
#include "ngx_http_smtp_verify_module.h"
#include "ngx_http_smtp_verify_rdap.h"
#include "ngx_http_smtp_verify_tokens.h"
#include "sv_params.h"

#include <openssl/rand.h>


/* connections that one probe may take: a session, one that quits, the DNS */

#define NGX_HTTP_SMTP_VERIFY_PROBE_CONNECTIONS  3
#define NGX_HTTP_SMTP_VERIFY_REQUEST_ID_MAX     128
#define NGX_HTTP_SMTP_VERIFY_ID_LEN             16


static ngx_int_t ngx_http_smtp_verify_new_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *vv);
static ngx_int_t ngx_http_smtp_verify_body_type(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_start(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_params(ngx_http_request_t *r,
    sv_params_t *params);
static ngx_int_t ngx_http_smtp_verify_lookup(ngx_http_request_t *r,
    sv_params_t *params);
static ngx_int_t ngx_http_smtp_verify_identity_from(ngx_http_request_t *r,
    ngx_smtp_verify_lookup_t *l);
static void ngx_http_smtp_verify_done(ngx_smtp_verify_lookup_t *l);
static ngx_int_t ngx_http_smtp_verify_result(ngx_http_request_t *r);
static void ngx_http_smtp_verify_cleanup(void *data);


enum {
    ngx_http_smtp_verify_other = 0,
    ngx_http_smtp_verify_is_json,
    ngx_http_smtp_verify_is_form
};


ngx_int_t
ngx_http_smtp_verify_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_smtp_verify_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->request = r;

    ngx_http_set_ctx(r, ctx, ngx_http_smtp_verify_module);

    if (ngx_http_smtp_verify_request_id(r, &ctx->request_id) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_smtp_verify_guard(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (r->method == NGX_HTTP_POST) {

        if (ngx_http_smtp_verify_body_type(r) == ngx_http_smtp_verify_other) {
            return ngx_http_smtp_verify_problem(r,
                                       NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       "unsupported_media_type",
                                       "Send application/json or application/"
                                       "x-www-form-urlencoded.");
        }

        rc = ngx_http_smtp_verify_body_refuse(r);
        if (rc != NGX_DECLINED) {
            return rc;
        }

        return ngx_http_smtp_verify_read_body(r);
    }

    if (r->method != NGX_HTTP_GET
        && (r->method != NGX_HTTP_DELETE || slcf->verify.cache == NULL))
    {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_ALLOWED,
                                            "method_not_allowed",
                                            slcf->verify.cache
                                            ? "Use GET, POST or DELETE."
                                            : "Use GET or POST.");
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_smtp_verify_start(r);

    if (rc == NGX_DONE) {
        r->main->count++;
        ngx_http_smtp_verify_wait(r);
    }

    return rc;
}


void
ngx_http_smtp_verify_body_done(ngx_http_request_t *r, ngx_int_t rc)
{
    if (rc == NGX_OK) {
        rc = ngx_http_smtp_verify_start(r);

    } else if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        rc = ngx_http_smtp_verify_problem(r, rc, "body_too_large",
                                      "The body is larger than 16384 bytes.");
    }

    if (rc == NGX_DONE) {
        ngx_http_smtp_verify_wait(r);
        return;
    }

    ngx_http_finalize_request(r, rc);
}


/* the first of that name, or NULL; nginx itself does not look for it */

ngx_table_elt_t *
ngx_http_smtp_verify_header_in(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return &h[i];
        }
    }
}


/* that of the client if it can be repeated safely, else our own */

ngx_int_t
ngx_http_smtp_verify_request_id(ngx_http_request_t *r, ngx_str_t *id)
{
    size_t                             n;
    ngx_table_elt_t                   *h;
    ngx_http_variable_value_t         *vv;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    h = ngx_http_smtp_verify_header_in(r, "x-request-id");

    if (h && h->value.len
        && h->value.len <= NGX_HTTP_SMTP_VERIFY_REQUEST_ID_MAX)
    {
        for (n = 0; n < h->value.len; n++) {
            if (h->value.data[n] <= ' ' || h->value.data[n] >= 0x7f) {
                break;
            }
        }

        if (n == h->value.len) {
            *id = h->value;
            return NGX_OK;
        }
    }

    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);

    vv = &r->variables[smcf->request_id];

    if (!vv->valid && ngx_http_smtp_verify_new_id(r, vv) != NGX_OK) {
        return NGX_ERROR;
    }

    id->len = vv->len;
    id->data = vv->data;

    return NGX_OK;
}


/* $request_id as nginx would make it, but of many random octets at once */

static ngx_int_t
ngx_http_smtp_verify_new_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *vv)
{
    static u_char   octets[NGX_HTTP_SMTP_VERIFY_ID_LEN * 64];
    static u_char  *next = octets + sizeof(octets);

    if (next == octets + sizeof(octets)) {

        if (RAND_bytes(octets, sizeof(octets)) != 1) {
            ngx_ssl_error(NGX_LOG_ERR, r->connection->log, 0,
                          "RAND_bytes() failed");
            return NGX_ERROR;
        }

        next = octets;
    }

    vv->data = ngx_pnalloc(r->pool, NGX_HTTP_SMTP_VERIFY_ID_LEN * 2);
    if (vv->data == NULL) {
        return NGX_ERROR;
    }

    vv->len = NGX_HTTP_SMTP_VERIFY_ID_LEN * 2;
    vv->valid = 1;
    vv->no_cacheable = 0;
    vv->not_found = 0;

    (void) ngx_hex_dump(vv->data, next, NGX_HTTP_SMTP_VERIFY_ID_LEN);

    next += NGX_HTTP_SMTP_VERIFY_ID_LEN;

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_body_type(ngx_http_request_t *r)
{
    size_t            len;
    u_char           *p;
    ngx_str_t        *type;
    static ngx_str_t  json = ngx_string("application/json");
    static ngx_str_t  form = ngx_string("application/x-www-form-urlencoded");

    if (r->headers_in.content_type == NULL) {
        return ngx_http_smtp_verify_other;
    }

    type = &r->headers_in.content_type->value;

    p = ngx_strlchr(type->data, type->data + type->len, ';');
    len = p ? (size_t) (p - type->data) : type->len;

    while (len && (type->data[len - 1] == ' ' || type->data[len - 1] == '\t'))
    {
        len--;
    }

    if (len == json.len && ngx_strncasecmp(type->data, json.data, len) == 0) {
        return ngx_http_smtp_verify_is_json;
    }

    if (len == form.len && ngx_strncasecmp(type->data, form.data, len) == 0) {
        return ngx_http_smtp_verify_is_form;
    }

    return ngx_http_smtp_verify_other;
}


/* NGX_DONE: a probe is under way; else what the request ends with */

static ngx_int_t
ngx_http_smtp_verify_start(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    sv_params_t                       params;
    ngx_smtp_verify_lookup_t         *l;
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    rc = ngx_http_smtp_verify_params(r, &params);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    l = &ctx->lookup;

    l->email.data = params.email;
    l->email.len = params.email_len;

    if (r->method == NGX_HTTP_DELETE) {
        return ngx_http_smtp_verify_erase(r, &l->email);
    }

    ngx_http_smtp_verify_rdap_start(r, &l->email);

    l->conf = &slcf->verify;
    l->handler = ngx_http_smtp_verify_done;
    l->data = ctx;
    l->log = r->connection->log;
    l->smtp = slcf->smtp && (!params.has_smtp || params.smtp);
    l->wait = ngx_min((time_t) params.wait, slcf->max_wait);
    l->transcript = slcf->transcript && params.transcript;
    l->bypass = (slcf->verify.cache
                 && ngx_http_test_predicates(r, slcf->cache_bypass)
                    == NGX_DECLINED);

    if (ngx_smtp_verify_lookup(l) == NGX_OK) {
        return ngx_http_smtp_verify_result(r);
    }

    return ngx_http_smtp_verify_lookup(r, &params);
}


/* it is not in the cache */

static ngx_int_t
ngx_http_smtp_verify_lookup(ngx_http_request_t *r, sv_params_t *params)
{
    ngx_uint_t                        spent;
    ngx_http_cleanup_t               *cln;
    ngx_smtp_verify_lookup_t         *l;
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);
    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    cln = ngx_http_cleanup_add(r, 0);
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_smtp_verify_cleanup;
    cln->data = ctx;

    l = &ctx->lookup;

    l->email.data = ngx_pnalloc(r->pool, params->email_len);
    if (l->email.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memcpy(l->email.data, params->email, params->email_len);

    if (l->smtp && ngx_http_smtp_verify_identity(r, l) != NGX_OK) {
        return ngx_http_smtp_verify_problem(r,
                                            NGX_HTTP_INTERNAL_SERVER_ERROR,
                                            "bad_identity",
                                            "The HELO name or the MAIL FROM "
                                            "address of this location is not "
                                            "valid for this request.");
    }

    spent = (ngx_http_smtp_verify_client_take(r, l, &ctx->unit) != NGX_OK);

    l->busy = spent || ngx_http_smtp_verify_busy(slcf);

    switch (ngx_smtp_verify_lookup_start(l)) {

    case NGX_OK:
        return ngx_http_smtp_verify_result(r);

    case NGX_AGAIN:
        return NGX_DONE;

    case NGX_BUSY:
        ngx_http_smtp_verify_client_give_back(&ctx->unit);

        if (spent) {
            return ngx_http_smtp_verify_quota_exceeded(r);
        }

        return ngx_http_smtp_verify_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "too_many_probes",
                                            "Too many verifications are under "
                                            "way; try again in a moment.");

    default: /* NGX_ERROR */
        ngx_http_smtp_verify_client_give_back(&ctx->unit);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
}


/* NGX_DECLINED: all is well; else a problem was sent */

static ngx_int_t
ngx_http_smtp_verify_params(ngx_http_request_t *r, sv_params_t *params)
{
    size_t                       len;
    sv_params_status_e           status;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    ngx_memzero(params, offsetof(sv_params_t, email));

    status = sv_params_form(r->args.data, r->args.len, params);

    if (status == SV_PARAMS_OK && ctx->body) {
        len = ctx->body->last - ctx->body->pos;

        status = (ngx_http_smtp_verify_body_type(r)
                  == ngx_http_smtp_verify_is_json)
                 ? sv_params_json(ctx->body->pos, len, params)
                 : sv_params_form(ctx->body->pos, len, params);
    }

    if (status == SV_PARAMS_INVALID) {
        return ngx_http_smtp_verify_problem(r, 422, "invalid_parameter",
                                            params->error);
    }

    if (status != SV_PARAMS_OK) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "malformed_request",
                                            params->error);
    }

    if (!params->has_email) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "missing_email",
                                            "Name the address to verify in "
                                            "\"email\".");
    }

    return NGX_DECLINED;
}


/* values with variables are only known, and checked, now */

ngx_int_t
ngx_http_smtp_verify_identity(ngx_http_request_t *r,
    ngx_smtp_verify_lookup_t *l)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->verify.pool) {

        if (!slcf->verify.pool->wants_from) {
            return NGX_OK;
        }

        return ngx_http_smtp_verify_identity_from(r, l);
    }

    if (slcf->helo == NULL) {
        l->helo = ngx_cycle->hostname;

    } else if (ngx_http_complex_value(r, slcf->helo, &l->helo) != NGX_OK) {
        return NGX_ERROR;
    }

    if ((slcf->helo == NULL || slcf->helo->lengths)
        && !sv_host_name_valid(l->helo.data, l->helo.len, 0))
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "invalid \"smtp_verify_helo\" \"%V\"", &l->helo);
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_identity_from(r, l);
}


static ngx_int_t
ngx_http_smtp_verify_identity_from(ngx_http_request_t *r,
    ngx_smtp_verify_lookup_t *l)
{
    sv_address_t                      addr;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (ngx_http_complex_value(r, slcf->from, &l->from) != NGX_OK) {
        return NGX_ERROR;
    }

    if (slcf->from->lengths == NULL) {
        return NGX_OK;
    }

    if (l->from.len == 2 && ngx_strncmp(l->from.data, "<>", 2) == 0) {
        l->from.len = 0;
        return NGX_OK;
    }

    if (sv_address_parse(l->from.data, l->from.len, &addr)
        != SV_ADDRESS_OK
        || addr.utf8)
    {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "invalid \"smtp_verify_from\"");
        return NGX_ERROR;
    }

    /* as the wire has it, A-labels */

    return ngx_http_smtp_verify_wire_address(r->pool, &l->from, &addr);
}


/* below 1/16 of free connections nginx drops idle clients: stop before */

ngx_uint_t
ngx_http_smtp_verify_busy(ngx_http_smtp_verify_loc_conf_t *slcf)
{
    ngx_uint_t  max, n;

    n = ngx_cycle->connection_n;
    max = slcf->max_probes ? slcf->max_probes : n / 4;

    return ngx_smtp_verify_probes() >= max
           || ngx_cycle->free_connection_n
              < n / 16 + NGX_HTTP_SMTP_VERIFY_PROBE_CONNECTIONS;
}


/* a client that goes away ends the probe; a FIN may be there already */

void
ngx_http_smtp_verify_wait(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->ignore_client_abort) {
        r->read_event_handler = ngx_http_block_reading;
        return;
    }

    r->read_event_handler = ngx_http_test_reading;

    if (r->connection->read->ready) {
        ngx_post_event(r->connection->read, &ngx_posted_events);
    }
}


static void
ngx_http_smtp_verify_done(ngx_smtp_verify_lookup_t *l)
{
    ngx_int_t                    rc;
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = l->data;
    r = ctx->request;
    c = r->connection;

    if (!ngx_http_smtp_verify_is_here(ctx)) {
        ngx_http_smtp_verify_cleanup(ctx);
        return;
    }

    rc = ngx_http_smtp_verify_result(r);

    ngx_http_finalize_request(r, rc);

    ngx_http_run_posted_requests(c);
}


static ngx_int_t
ngx_http_smtp_verify_result(ngx_http_request_t *r)
{
    ngx_buf_t                   *b;
    ngx_str_t                    type = ngx_string("application/json");
    ngx_smtp_verify_lookup_t    *l;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);
    l = &ctx->lookup;

    if (l->result == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_smtp_verify_client_settle(l, &ctx->unit);

    b = ngx_http_smtp_verify_json(r, l->result, &ctx->request_id);

    if (ngx_http_smtp_verify_keep(r, ctx, l->result) != NGX_OK) {
        b = NULL;
    }

    if (l->refresh && ngx_http_smtp_verify_identity(r, l) == NGX_OK) {
        ngx_smtp_verify_lookup_refresh(l);
    }

    ngx_http_smtp_verify_cleanup(ctx);

    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &type, b);
}


static void
ngx_http_smtp_verify_cleanup(void *data)
{
    ngx_http_smtp_verify_ctx_t *ctx = data;

    ngx_http_smtp_verify_client_settle(&ctx->lookup, &ctx->unit);
    ngx_smtp_verify_lookup_cancel(&ctx->lookup);
}
