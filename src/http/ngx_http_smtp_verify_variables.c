
#include "ngx_http_smtp_verify_ask.h"
#include "ngx_http_smtp_verify_result_fields.h"
#include "ngx_http_smtp_verify_gate.h"
#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_smtp_verify_facts.h"
#include "sv_wipe.h"


static ngx_uint_t ngx_http_smtp_verify_variable_changes(ngx_str_t *name);
static ngx_int_t ngx_http_smtp_verify_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_smtp_verify_variable_domain(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_smtp_verify_variable_destination(
    ngx_http_request_t *r, ngx_str_t *domain);
static ngx_int_t ngx_http_smtp_verify_variable_cache_status(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_smtp_verify_variable_gate_status(
    ngx_http_request_t *r, ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_smtp_verify_variable_trace(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_smtp_verify_variable_json(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_str_t *text);
static ngx_int_t ngx_http_smtp_verify_variable_add(ngx_conf_t *cf,
    ngx_str_t *name, ngx_http_get_variable_pt handler, uintptr_t data);
static void ngx_http_smtp_verify_tell(ngx_http_variable_value_t *v,
    ngx_str_t *text);


/* variables that are not a field of the result */

static ngx_http_variable_t  ngx_http_smtp_verify_vars[] = {

    { ngx_string("smtp_verify_result"), NULL, ngx_http_smtp_verify_variable,
      NGX_HTTP_SMTP_VERIFY_FIELDS, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("smtp_verify_domain"), NULL,
      ngx_http_smtp_verify_variable_domain, 0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("smtp_verify_destination"), NULL,
      ngx_http_smtp_verify_variable_domain, 1, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("smtp_verify_cache_status"), NULL,
      ngx_http_smtp_verify_variable_cache_status, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("smtp_verify_gate_status"), NULL,
      ngx_http_smtp_verify_variable_gate_status, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


/* variables of the trace, by the offset of a member of sv_trace_t */

static ngx_http_variable_t  ngx_http_smtp_verify_trace_vars[] = {

    { ngx_string("smtp_verify_traceparent"), NULL,
      ngx_http_smtp_verify_variable_trace, offsetof(sv_trace_t, parent), 0,
      0 },

    { ngx_string("smtp_verify_trace_id"), NULL,
      ngx_http_smtp_verify_variable_trace, offsetof(sv_trace_t, id), 0, 0 },

    { ngx_string("smtp_verify_parent_id"), NULL,
      ngx_http_smtp_verify_variable_trace, offsetof(sv_trace_t, span), 0, 0 },

      ngx_http_null_variable
};


static ngx_str_t  ngx_http_smtp_verify_cache_statuses[] = {
    ngx_null_string,
    ngx_string("MISS"),
    ngx_string("BYPASS"),
    ngx_string("EXPIRED"),
    ngx_string("COALESCED"),
    ngx_string("HIT"),
    ngx_string("STALE")
};


/* in the order of ngx_http_smtp_verify_gate_status_e */

static ngx_str_t  ngx_http_smtp_verify_gate_statuses[] = {
    ngx_null_string,
    ngx_string("PASSED"),
    ngx_string("DENIED"),
    ngx_string("DENIED_DRY_RUN"),
    ngx_string("UNVERIFIED"),
    ngx_string("FAULT")
};


ngx_int_t
ngx_http_smtp_verify_variables(ngx_conf_t *cf)
{
    ngx_str_t            *name;
    ngx_uint_t            i;
    ngx_http_variable_t  *v;

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_FIELDS; i++) {

        name = &ngx_http_smtp_verify_result_fields[i].variable;

        if (name->len
            && ngx_http_smtp_verify_variable_add(cf, name,
                                             ngx_http_smtp_verify_variable, i)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (v = ngx_http_smtp_verify_vars; v->name.len; v++) {
        if (ngx_http_smtp_verify_variable_add(cf, &v->name, v->get_handler,
                                              v->data)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (v = ngx_http_smtp_verify_trace_vars; v->name.len; v++) {
        if (ngx_http_smtp_verify_variable_add(cf, &v->name, v->get_handler,
                                              v->data)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_http_smtp_verify_webhook_variables(cf);
}


static ngx_int_t
ngx_http_smtp_verify_variable_add(ngx_conf_t *cf, ngx_str_t *name,
    ngx_http_get_variable_pt handler, uintptr_t data)
{
    ngx_http_variable_t  *var;

    var = ngx_http_add_variable(cf, name, NGX_HTTP_VAR_NOCACHEABLE);
    if (var == NULL) {
        return NGX_ERROR;
    }

    var->get_handler = handler;
    var->data = data;

    return NGX_OK;
}


/* Lists the variables in use whose values a verdict changes, so that
   ngx_http_smtp_verify_forget() can reset them. */

ngx_int_t
ngx_http_smtp_verify_variables_init(ngx_conf_t *cf)
{
    ngx_uint_t                         i, *index;
    ngx_http_variable_t               *used;
    ngx_http_core_main_conf_t         *cmcf;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    smcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_smtp_verify_module);

    if (ngx_array_init(&smcf->variables, cf->pool, 4, sizeof(ngx_uint_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    used = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {

        if (!ngx_http_smtp_verify_variable_changes(&used[i].name)) {
            continue;
        }

        if (ngx_strncmp(used[i].name.data, "smtp_verify_destination",
                        used[i].name.len)
            == 0
            && ngx_http_smtp_verify_need_providers(cf, smcf) != NGX_OK)
        {
            return NGX_ERROR;
        }

        index = ngx_array_push(&smcf->variables);
        if (index == NULL) {
            return NGX_ERROR;
        }

        *index = i;
    }

    return NGX_OK;
}


/* Returns 1 for variables of this module and for $http_... of the gate's
   headers. */

static ngx_uint_t
ngx_http_smtp_verify_variable_changes(ngx_str_t *name)
{
    ngx_str_t            *own;
    ngx_uint_t            i;
    ngx_http_variable_t  *v;

    for (i = 0; i < NGX_HTTP_SMTP_VERIFY_FIELDS; i++) {

        own = &ngx_http_smtp_verify_result_fields[i].variable;

        if (name->len == own->len
            && ngx_strncmp(name->data, own->data, own->len) == 0)
        {
            return name->len != 0;
        }
    }

    for (v = ngx_http_smtp_verify_vars; v->name.len; v++) {
        if (name->len == v->name.len
            && ngx_strncmp(name->data, v->name.data, name->len) == 0)
        {
            return 1;
        }
    }

    return name->len > sizeof("http_x_email_verify") - 1
           && ngx_strncmp(name->data, "http_x_email_verify",
                          sizeof("http_x_email_verify") - 1)
              == 0;
}


static ngx_int_t
ngx_http_smtp_verify_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_int_t                    rc;
    ngx_str_t                    text;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_smtp_verify_known(r);

    if (ctx == NULL || ctx->result == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    rc = (data == NGX_HTTP_SMTP_VERIFY_FIELDS)
         ? ngx_http_smtp_verify_variable_json(r, ctx, &text)
         : ngx_http_smtp_verify_field_text(r->pool, ctx->result, data, &text);

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_smtp_verify_tell(v, &text);

    return NGX_OK;
}


/* The result as JSON in one line. */

static ngx_int_t
ngx_http_smtp_verify_variable_json(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_str_t *text)
{
    ngx_buf_t  *b;

    if (ctx->json.len == 0) {

        if (ctx->request_id.len == 0
            && ngx_http_smtp_verify_request_id(r, &ctx->request_id) != NGX_OK)
        {
            return NGX_ERROR;
        }

        b = ngx_http_smtp_verify_json(r, ctx->result, &ctx->request_id);
        if (b == NULL) {
            return NGX_ERROR;
        }

        ctx->json.data = b->pos;
        ctx->json.len = b->last - b->pos;

        while (ctx->json.len && ctx->json.data[ctx->json.len - 1] == '\n') {
            ctx->json.len--;
        }
    }

    *text = ctx->json;

    return NGX_OK;
}


/* They are known in any request. */

static ngx_int_t
ngx_http_smtp_verify_variable_trace(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    sv_str_t    *member;
    ngx_str_t    text;
    sv_trace_t   trace;

    if (ngx_http_smtp_verify_trace(r, &trace) != NGX_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    member = (sv_str_t *) ((u_char *) &trace + data);

    if (member->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    text.data = member->data;
    text.len = member->len;

    ngx_http_smtp_verify_tell(v, &text);

    return NGX_OK;
}


/* $smtp_verify_domain needs only an address, neither a gate nor a cache, and
   so does $smtp_verify_destination (data is 1). */

static ngx_int_t
ngx_http_smtp_verify_variable_domain(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                       address, domain;
    ngx_http_smtp_verify_ctx_t     *ctx;
    static sv_scratch sv_address_t  addr;

    ctx = ngx_http_smtp_verify_ctx(r);

    if (ctx && ctx->address.len) {
        address = ctx->address;

    } else if (ngx_http_smtp_verify_known_address(r, &address) != NGX_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (sv_address_parse(address.data, address.len, &addr) != SV_ADDRESS_OK) {
        v->not_found = 1;
        return NGX_OK;
    }

    domain.len = addr.domain.len;
    domain.data = ngx_pnalloc(r->pool, domain.len);

    if (domain.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(domain.data, addr.domain.data, domain.len);

    if (data
        && ngx_http_smtp_verify_variable_destination(r, &domain) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_smtp_verify_tell(v, &domain);

    return NGX_OK;
}


/* A location that neither verifies nor reads a cache has no facts: a balancer
   knows the names of providers' domains, but nothing of other domains. */

static ngx_int_t
ngx_http_smtp_verify_variable_destination(ngx_http_request_t *r,
    ngx_str_t *domain)
{
    ngx_str_t                          name;
    ngx_http_smtp_verify_loc_conf_t   *slcf;
    ngx_http_smtp_verify_main_conf_t  *smcf;

    smcf = ngx_http_get_module_main_conf(r, ngx_http_smtp_verify_module);
    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (ngx_smtp_verify_facts_destination(slcf->verify.providers
                                          ? &slcf->verify : NULL,
                                          smcf->providers, domain, r->pool,
                                          &name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "smtp verify destination of \"%V\": \"%V\"", domain,
                   &name);

    *domain = name;

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_variable_cache_status(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_uint_t                   i;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_smtp_verify_known(r);
    i = ctx ? ctx->question.lookup.status : ngx_smtp_verify_lookup_none;

    if (i == ngx_smtp_verify_lookup_none) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_smtp_verify_tell(v, &ngx_http_smtp_verify_cache_statuses[i]);

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_variable_gate_status(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_smtp_verify_ctx(r);

    if (ctx == NULL && r != r->main) {
        ctx = ngx_http_smtp_verify_ctx(r->main);
    }

    if (ctx == NULL || ctx->gate_status == ngx_http_smtp_verify_gate_none) {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_smtp_verify_tell(v,
                       &ngx_http_smtp_verify_gate_statuses[ctx->gate_status]);

    return NGX_OK;
}


static void
ngx_http_smtp_verify_tell(ngx_http_variable_value_t *v, ngx_str_t *text)
{
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = (unsigned) text->len;
    v->data = text->data;
}
