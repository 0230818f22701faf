
#include "ngx_http_smtp_verify_cache.h"
#include "ngx_http_smtp_verify_gate.h"


static ngx_int_t ngx_http_smtp_verify_gate_param(ngx_conf_t *cf,
    ngx_http_smtp_verify_gate_t *gate, ngx_str_t *value);
static ngx_int_t ngx_http_smtp_verify_gate_deny(
    ngx_http_smtp_verify_gate_t *gate, ngx_str_t *list);
static uint64_t ngx_http_smtp_verify_gate_reasons(u_char *data, size_t len);

static ngx_int_t ngx_http_smtp_verify_gate_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_gate_read(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
static void ngx_http_smtp_verify_gate_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_gate_start(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
static ngx_int_t ngx_http_smtp_verify_gate_lookup(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_str_t *address);
static ngx_int_t ngx_http_smtp_verify_gate_probe(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
static void ngx_http_smtp_verify_gate_done(ngx_smtp_verify_lookup_t *l);
static ngx_int_t ngx_http_smtp_verify_gate_told(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
static void ngx_http_smtp_verify_gate_cleanup(void *data);

static ngx_int_t ngx_http_smtp_verify_gate_verdict(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
static ngx_int_t ngx_http_smtp_verify_gate_pass(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result);
static ngx_int_t ngx_http_smtp_verify_gate_fault(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_uint_t status, const char *code,
    const char *detail);
static ngx_int_t ngx_http_smtp_verify_gate_refuse(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_uint_t status, const char *code,
    const char *detail, ngx_str_t *members);
static ngx_int_t ngx_http_smtp_verify_gate_members(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result, ngx_str_t *members);
static ngx_uint_t ngx_http_smtp_verify_gate_has_page(ngx_http_request_t *r,
    ngx_uint_t status);


#define NGX_HTTP_SMTP_VERIFY_GATE_STATUS    422
#define NGX_HTTP_SMTP_VERIFY_GATE_BODY_MAX  (1024 * 1024)


char *
ngx_http_smtp_verify_gate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t                    *value;
    ngx_uint_t                    i;
    ngx_http_smtp_verify_gate_t  *gate;

    if (slcf->gate != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        slcf->gate = NULL;
        return NGX_CONF_OK;
    }

    gate = ngx_pcalloc(cf->pool, sizeof(ngx_http_smtp_verify_gate_t));
    if (gate == NULL) {
        return NGX_CONF_ERROR;
    }

    gate->status = NGX_HTTP_SMTP_VERIFY_GATE_STATUS;
    slcf->gate = gate;

    if (ngx_http_smtp_verify_source_parse(cf, &value[1], &gate->source)
        != NGX_OK
        || ngx_http_smtp_verify_counters_add(cf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_smtp_verify_gate_param(cf, gate, &value[i]) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }
    }

    if (gate->deny == 0) {
        gate->deny = ngx_http_smtp_verify_gate_reasons(
                             (u_char *) "undeliverable",
                             sizeof("undeliverable") - 1);
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_smtp_verify_gate_param(ngx_conf_t *cf,
    ngx_http_smtp_verify_gate_t *gate, ngx_str_t *value)
{
    ngx_int_t  n;
    ngx_str_t  s;

    if (ngx_strncmp(value->data, "deny=", 5) == 0) {
        s.data = value->data + 5;
        s.len = value->len - 5;

        return ngx_http_smtp_verify_gate_deny(gate, &s);
    }

    if (ngx_strncmp(value->data, "status=", 7) == 0) {
        n = ngx_atoi(value->data + 7, value->len - 7);

        /* some are no answers, or nginx's own */

        if (n < 400 || n > 599 || n == NGX_HTTP_CLOSE
            || (n >= 494 && n <= 499))
        {
            return NGX_ERROR;
        }

        gate->status = n;
        return NGX_OK;
    }

    if (ngx_strncmp(value->data, "budget=", 7) == 0) {
        s.data = value->data + 7;
        s.len = value->len - 7;

        gate->budget = ngx_parse_time(&s, 0);

        return (gate->budget == (ngx_msec_t) NGX_ERROR || gate->budget == 0)
               ? NGX_ERROR : NGX_OK;
    }

    if (ngx_strcmp(value->data, "on_error=deny") == 0) {
        gate->deny_faults = 1;
        return NGX_OK;
    }

    if (ngx_strcmp(value->data, "on_error=pass") == 0) {
        gate->deny_faults = 0;
        return NGX_OK;
    }

    if (ngx_strcmp(value->data, "required") == 0) {
        gate->required = 1;
        return NGX_OK;
    }

    if (ngx_strcmp(value->data, "dry_run") == 0) {
        gate->dry_run = 1;
        return NGX_OK;
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_smtp_verify_gate_deny(ngx_http_smtp_verify_gate_t *gate,
    ngx_str_t *list)
{
    u_char    *p, *end, *last;
    uint64_t   reasons;

    p = list->data;
    end = p + list->len;

    for ( ;; ) {

        last = ngx_strlchr(p, end, ',');
        if (last == NULL) {
            last = end;
        }

        reasons = ngx_http_smtp_verify_gate_reasons(p, last - p);

        if (reasons == 0) {
            return NGX_ERROR;
        }

        gate->deny |= reasons;

        if (last == end) {
            return NGX_OK;
        }

        p = last + 1;
    }
}


/* that of a name, or all of a status; 0: it is neither */

static uint64_t
ngx_http_smtp_verify_gate_reasons(u_char *data, size_t len)
{
    uint64_t     reasons;
    ngx_uint_t   i;
    const char  *status;
    sv_reason_e  reason;

    reason = sv_reason_by_name((char *) data, len);

    if (reason != SV_REASON_NONE) {
        return (uint64_t) 1 << reason;
    }

    reasons = 0;

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {

        status = sv_status_name(sv_reason_info(i)->status);

        if (ngx_strlen(status) == len && ngx_strncmp(status, data, len) == 0)
        {
            reasons |= (uint64_t) 1 << i;
        }
    }

    return reasons;
}


char *
ngx_http_smtp_verify_address(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_smtp_verify_loc_conf_t *slcf = conf;

    ngx_str_t                      *value;
    ngx_uint_t                      i;
    ngx_http_smtp_verify_source_t  *source;

    if (slcf->addresses != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        slcf->addresses = NULL;
        return NGX_CONF_OK;
    }

    slcf->addresses = ngx_array_create(cf->pool, cf->args->nelts - 1,
                                       sizeof(ngx_http_smtp_verify_source_t));
    if (slcf->addresses == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        source = ngx_array_push(slcf->addresses);
        if (source == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(source, sizeof(ngx_http_smtp_verify_source_t));

        if (ngx_http_smtp_verify_source_parse(cf, &value[i], source)
            != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


void
ngx_http_smtp_verify_gate_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf)
{
    ngx_conf_merge_ptr_value(conf->gate, prev->gate, NULL);
    ngx_conf_merge_value(conf->gate_headers, prev->gate_headers, 0);
    ngx_conf_merge_size_value(conf->gate_body_max, prev->gate_body_max,
                              NGX_HTTP_SMTP_VERIFY_GATE_BODY_MAX);
    ngx_conf_merge_ptr_value(conf->addresses, prev->addresses, NULL);
}


/*
 * After all access control: a pass must not be taken for a grant by "satisfy
 * any", and who is not let in causes no probe.  Handlers that were added last
 * run first: this one before those of try_files and mirror.
 */

ngx_int_t
ngx_http_smtp_verify_gate_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_smtp_verify_gate_handler;

    return ngx_http_smtp_verify_variables_init(cf);
}


static ngx_int_t
ngx_http_smtp_verify_gate_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_http_smtp_verify_ctx_t       *ctx;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    if (r != r->main) {
        return NGX_DECLINED;
    }

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    /* our own handlers ask for a token first, and then by themselves */

    if (slcf->enable || slcf->batch.enable) {
        return NGX_DECLINED;
    }

    if (slcf->gate == NULL) {
        return slcf->gate_headers ? ngx_http_smtp_verify_gate_pass(r, NULL)
                                  : NGX_DECLINED;
    }

    ctx = ngx_http_smtp_verify_ctx(r);

    if (ctx == NULL) {
        ctx = ngx_http_smtp_verify_ctx_create(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    /* this is the page that it was sent to */

    if (ctx->gate_status == ngx_http_smtp_verify_gate_denied) {
        return ngx_http_smtp_verify_gate_pass(r, ctx->result);
    }

    switch (ctx->step) {

    case ngx_http_smtp_verify_step_reading:
    case ngx_http_smtp_verify_step_waiting:
        return NGX_DONE;

    case ngx_http_smtp_verify_step_told:
        return ngx_http_smtp_verify_gate_verdict(r, ctx);

    default:
        break;
    }

    rc = ngx_http_smtp_verify_gate_start(r, ctx);

    if (rc == NGX_AGAIN) {
        return ngx_http_smtp_verify_gate_read(r, ctx);
    }

    return rc;
}


/* counted as the mirror module does it */

static ngx_int_t
ngx_http_smtp_verify_gate_read(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_int_t  rc;

    ctx->step = ngx_http_smtp_verify_step_reading;

    rc = ngx_http_read_client_request_body(r, ngx_http_smtp_verify_gate_body);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);

    return NGX_DONE;
}


static void
ngx_http_smtp_verify_gate_body(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_smtp_verify_module);

    ctx->step = ngx_http_smtp_verify_step_read;

    /* it may be looked at again after an internal redirect */

    r->preserve_body = 1;

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


/* NGX_AGAIN: the body has to be read; else what the phase handler returns */

static ngx_int_t
ngx_http_smtp_verify_gate_start(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_int_t                         rc;
    ngx_str_t                         address;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    rc = ngx_http_smtp_verify_source_get(r, &slcf->gate->source, &address);

    switch (rc) {

    case NGX_OK:
        return ngx_http_smtp_verify_gate_lookup(r, ctx, &address);

    case NGX_AGAIN:

        if (ctx->step == ngx_http_smtp_verify_step_start) {
            return NGX_AGAIN;
        }

        /* fall through */

    case NGX_DECLINED:

        ctx->result = NULL;
        ctx->address.len = 0;

        if (slcf->gate->required) {
            return ngx_http_smtp_verify_gate_refuse(r, ctx,
                                       slcf->gate->status, "missing_email",
                                       "An e-mail address is required.",
                                       NULL);
        }

        ctx->gate_status = ngx_http_smtp_verify_gate_unverified;

        return ngx_http_smtp_verify_gate_pass(r, NULL);

    case NGX_ABORT:
        return ngx_http_smtp_verify_gate_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "malformed_request",
                                       "The body is broken, or the e-mail "
                                       "address in it is given twice.", NULL);

    case NGX_BUSY:
        return ngx_http_smtp_verify_gate_fault(r, ctx,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "body_too_large",
                                       "The body is too large for the e-mail "
                                       "address in it to be verified.");

    default: /* NGX_ERROR */
        return ngx_http_smtp_verify_gate_fault(r, ctx,
                                       NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "not_verified",
                                       "The e-mail address could not be "
                                       "verified; try again in a moment.");
    }
}


static ngx_int_t
ngx_http_smtp_verify_gate_lookup(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_str_t *address)
{
    ngx_smtp_verify_lookup_t         *l;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    /* an internal redirect is not asked for again */

    if (ctx->result && !ctx->peeked
        && ctx->address.len == address->len
        && ngx_memcmp(ctx->address.data, address->data, address->len) == 0)
    {
        return ngx_http_smtp_verify_gate_verdict(r, ctx);
    }

    l = &ctx->lookup;

    ngx_memzero(l, sizeof(ngx_smtp_verify_lookup_t));

    l->conf = &slcf->verify;
    l->handler = ngx_http_smtp_verify_gate_done;
    l->data = ctx;
    l->log = r->connection->log;
    l->email = *address;
    l->smtp = slcf->smtp;
    l->budget = slcf->gate->budget;
    l->bypass = (slcf->verify.cache
                 && ngx_http_test_predicates(r, slcf->cache_bypass)
                    == NGX_DECLINED);

    if (ngx_smtp_verify_lookup(l) != NGX_OK) {
        return ngx_http_smtp_verify_gate_probe(r, ctx);
    }

    if (ngx_http_smtp_verify_gate_told(r, ctx) == NGX_OK && l->refresh
        && ngx_http_smtp_verify_identity(r, l) == NGX_OK)
    {
        l->busy = ngx_http_smtp_verify_busy(slcf);
        ngx_smtp_verify_lookup_refresh(l);
    }

    return ngx_http_smtp_verify_gate_verdict(r, ctx);
}


/* it is not in the cache */

static ngx_int_t
ngx_http_smtp_verify_gate_probe(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_http_cleanup_t               *cln;
    ngx_smtp_verify_lookup_t         *l;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    l = &ctx->lookup;

    if (!ctx->cleanup) {
        cln = ngx_http_cleanup_add(r, 0);
        if (cln == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        cln->handler = ngx_http_smtp_verify_gate_cleanup;
        cln->data = ctx;
        ctx->cleanup = 1;
    }

    if (l->smtp && ngx_http_smtp_verify_identity(r, l) != NGX_OK) {
        return ngx_http_smtp_verify_gate_fault(r, ctx,
                                            NGX_HTTP_INTERNAL_SERVER_ERROR,
                                            "bad_identity",
                                            "The HELO name or the MAIL FROM "
                                            "address of this location is not "
                                            "valid for this request.");
    }

    l->busy = ngx_http_smtp_verify_busy(slcf);

    switch (ngx_smtp_verify_lookup_start(l)) {

    case NGX_OK:
        (void) ngx_http_smtp_verify_gate_told(r, ctx);
        return ngx_http_smtp_verify_gate_verdict(r, ctx);

    case NGX_AGAIN:
        break;

    case NGX_BUSY:
        return ngx_http_smtp_verify_gate_fault(r, ctx,
                                            NGX_HTTP_SERVICE_UNAVAILABLE,
                                            "too_many_probes",
                                            "Too many verifications are under "
                                            "way; try again in a moment.");

    default: /* NGX_ERROR */
        ctx->result = NULL;
        return ngx_http_smtp_verify_gate_verdict(r, ctx);
    }

    ctx->step = ngx_http_smtp_verify_step_waiting;

    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_smtp_verify_wait(r);

    return NGX_DONE;
}


static void
ngx_http_smtp_verify_gate_done(ngx_smtp_verify_lookup_t *l)
{
    ngx_connection_t            *c;
    ngx_http_request_t          *r;
    ngx_http_smtp_verify_ctx_t  *ctx;

    ctx = l->data;
    r = ctx->request;
    c = r->connection;

    (void) ngx_http_smtp_verify_gate_told(r, ctx);

    ctx->step = ngx_http_smtp_verify_step_told;

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


/* the result is only there for now */

static ngx_int_t
ngx_http_smtp_verify_gate_told(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_lookup_t  *l;

    l = &ctx->lookup;

    ctx->result = NULL;

    rc = l->result ? ngx_http_smtp_verify_keep(r, ctx, l->result) : NGX_ERROR;

    l->result = NULL;

    ngx_smtp_verify_lookup_cancel(l);

    return rc;
}


static void
ngx_http_smtp_verify_gate_cleanup(void *data)
{
    ngx_http_smtp_verify_ctx_t *ctx = data;

    ngx_smtp_verify_lookup_cancel(&ctx->lookup);
}


static ngx_int_t
ngx_http_smtp_verify_gate_verdict(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_str_t                         members;
    ngx_smtp_verify_result_t         *result;
    ngx_http_smtp_verify_gate_t      *gate;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    gate = slcf->gate;
    result = ctx->result;

    if (result == NULL) {
        return ngx_http_smtp_verify_gate_fault(r, ctx,
                                       NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "not_verified",
                                       "The e-mail address could not be "
                                       "verified; try again in a moment.");
    }

    if (!(gate->deny & (uint64_t) 1 << result->reason)
        || (result->status == SV_UNDELIVERABLE && result->estimated))
    {
        ctx->gate_status = ngx_http_smtp_verify_gate_passed;
        return ngx_http_smtp_verify_gate_pass(r, result);
    }

    if (ngx_http_smtp_verify_gate_members(r, result, &members) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_gate_refuse(r, ctx, gate->status,
                                       "address_denied",
                                       result->status == SV_UNDELIVERABLE
                                       ? "This e-mail address cannot receive "
                                         "mail."
                                       : "This e-mail address is not accepted "
                                         "here.", &members);
}


static ngx_int_t
ngx_http_smtp_verify_gate_pass(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->gate_headers
        && ngx_http_smtp_verify_gate_headers(r, result) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


/* it is ours, not the client's */

static ngx_int_t
ngx_http_smtp_verify_gate_fault(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_uint_t status, const char *code,
    const char *detail)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "smtp_verify_gate could not verify: %s", code);

    ctx->result = NULL;
    ctx->address.len = 0;

    if (slcf->gate->deny_faults) {
        return ngx_http_smtp_verify_gate_refuse(r, ctx, status, code, detail,
                                                NULL);
    }

    ctx->gate_status = ngx_http_smtp_verify_gate_faulty;

    return ngx_http_smtp_verify_gate_pass(r, NULL);
}


/* a page of error_page, else a problem of RFC 9457 */

static ngx_int_t
ngx_http_smtp_verify_gate_refuse(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_uint_t status, const char *code,
    const char *detail, ngx_str_t *members)
{
    ngx_str_t                         none = ngx_null_string;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->gate->dry_run) {
        ctx->gate_status = ngx_http_smtp_verify_gate_dry_run;
        return ngx_http_smtp_verify_gate_pass(r, ctx->result);
    }

    ctx->gate_status = ngx_http_smtp_verify_gate_denied;

    if (ngx_http_smtp_verify_gate_has_page(r, status)) {
        return status;
    }

    if (ctx->request_id.len == 0
        && ngx_http_smtp_verify_request_id(r, &ctx->request_id) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_finalize_request(r,
               ngx_http_smtp_verify_problem_with(r, status, code, detail,
                                                 members ? members : &none));

    return NGX_DONE;
}


static ngx_int_t
ngx_http_smtp_verify_gate_members(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result, ngx_str_t *members)
{
    size_t       len;
    u_char      *p;
    ngx_str_t   *suggestion;
    const char  *reason, *status;

    suggestion = &result->did_you_mean;
    reason = sv_reason_info(result->reason)->name;
    status = sv_status_name(result->status);

    len = sizeof(",\"reason\":\"\",\"verification_status\":\"\","
                 "\"verification_level\":\"confirmed\","
                 "\"did_you_mean\":null\"\"")
          + ngx_strlen(reason) + ngx_strlen(status) + suggestion->len
          + ngx_escape_json(NULL, suggestion->data, suggestion->len);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    members->data = p;

    p = ngx_sprintf(p, ",\"reason\":\"%s\",\"verification_status\":\"%s\","
                    "\"verification_level\":\"%s\",\"did_you_mean\":", reason,
                    status, result->estimated ? "estimated" : "confirmed");

    if (suggestion->len) {
        *p++ = '"';
        p = (u_char *) ngx_escape_json(p, suggestion->data, suggestion->len);
        *p++ = '"';

    } else {
        p = ngx_cpymem(p, "null", 4);
    }

    members->len = p - members->data;

    return NGX_OK;
}


/* as ngx_http_special_response_handler() looks for it */

static ngx_uint_t
ngx_http_smtp_verify_gate_has_page(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages == NULL || r->error_page || r->uri_changes == 0) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (page[i].status == (ngx_int_t) status) {
            return 1;
        }
    }

    return 0;
}
