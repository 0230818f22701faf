
#include "ngx_http_smtp_verify_ask.h"
#include "ngx_http_smtp_verify_gate.h"
#include "ngx_http_smtp_verify_rdap.h"


static ngx_int_t ngx_http_smtp_verify_gate_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_gate_read(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
static void ngx_http_smtp_verify_gate_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_gate_start(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
static ngx_int_t ngx_http_smtp_verify_gate_lookup(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_str_t *address);
static ngx_int_t ngx_http_smtp_verify_gate_probe(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_smtp_verify_asker_t *asker);
static ngx_int_t ngx_http_smtp_verify_gate_unasked(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, sv_reason_e reason);
static void ngx_http_smtp_verify_gate_done(ngx_smtp_verify_lookup_t *l);
static ngx_int_t ngx_http_smtp_verify_gate_told(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);


/*
 * The gate runs after all access control: "satisfy any" must not take a pass
 * for a permission, and requests that are denied there must cause no probe.
 * In a phase, handlers that were added last run first: this one runs before
 * those of try_files and mirror.
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

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_smtp_verify_gate_strip;

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

    /* content handlers of this module check the token first, and ask by
       themselves */

    if (slcf->enable || slcf->batch.enable) {
        return NGX_DECLINED;
    }

    if (slcf->gate == NULL) {
        return slcf->gate_headers ? ngx_http_smtp_verify_gate_pass(r, NULL)
                                  : NGX_DECLINED;
    }

    ctx = ngx_http_smtp_verify_ctx(r);

    /* the verdict of smtp_verify depends on the client's parameters, so it
       does not count here */

    if (ctx == NULL || ctx->direct) {
        ctx = ngx_http_smtp_verify_ctx_create(r);
        if (ctx == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    /* this is the error_page of a denied request */

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


/* Counts references to the request as the mirror module does. */

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

    /* the body may be read again after an internal redirect */

    r->preserve_body = 1;

    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


/* Returns NGX_AGAIN if the body has to be read; otherwise what the phase
   handler returns. */

static ngx_int_t
ngx_http_smtp_verify_gate_start(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_int_t                         rc;
    ngx_str_t                         address;
    const char                       *error;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    rc = ngx_http_smtp_verify_source_only(r, &slcf->gate->source, &address,
                                          &error);

    switch (rc) {

    case NGX_OK:
        return ngx_http_smtp_verify_gate_lookup(r, ctx, &address);

    case NGX_AGAIN:

        if (ctx->step == ngx_http_smtp_verify_step_start) {
            return NGX_AGAIN;
        }

        /* fall through */

    case NGX_DECLINED:

        if (slcf->gate->required) {
            return ngx_http_smtp_verify_gate_refuse(r, ctx,
                                       slcf->gate->status, "missing_email",
                                       "An e-mail address is required.",
                                       NULL);
        }

        ctx->result = NULL;
        ctx->address.len = 0;
        ctx->gate_status = ngx_http_smtp_verify_gate_unverified;

        return ngx_http_smtp_verify_gate_pass(r, NULL);

    case NGX_ABORT:
        return ngx_http_smtp_verify_gate_refuse(r, ctx, NGX_HTTP_BAD_REQUEST,
                                       "malformed_request", error, NULL);

    case NGX_BUSY:

        /* no fault that "on_error" may let pass: the client causes it, and the
           application may find an address in the body */

        return ngx_http_smtp_verify_gate_refuse(r, ctx,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                       "body_too_large",
                                       "The body is too large for the e-mail "
                                       "address in it to be verified.", NULL);

    default: /* NGX_ERROR */
        return ngx_http_smtp_verify_gate_fault(r, ctx);
    }
}


static ngx_int_t
ngx_http_smtp_verify_gate_lookup(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_str_t *address)
{
    ngx_smtp_verify_asker_t           asker;
    ngx_smtp_verify_lookup_t         *l;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    /* after an internal redirect the same address is not asked for again */

    if (ctx->result
        && ctx->address.len == address->len
        && ngx_memcmp(ctx->address.data, address->data, address->len) == 0
        && ngx_http_smtp_verify_gate_holds(r, ctx))
    {
        return ngx_http_smtp_verify_gate_verdict(r, ctx);
    }

    ngx_http_smtp_verify_rdap_start(r, address);

    ngx_http_smtp_verify_asker(r, &asker);
    ngx_smtp_verify_question_init(&ctx->question, &asker, address);

    l = &ctx->question.lookup;

    l->handler = ngx_http_smtp_verify_gate_done;
    l->data = ctx;
    l->budget = slcf->gate->budget;

    if (ngx_smtp_verify_lookup(l) != NGX_OK) {
        return ngx_http_smtp_verify_gate_probe(r, ctx, &asker);
    }

    if (ngx_http_smtp_verify_gate_told(r, ctx) == NGX_OK && l->refresh) {
        ngx_http_smtp_verify_ask_refresh(r, ctx);
    }

    return ngx_http_smtp_verify_gate_verdict(r, ctx);
}


/* The cache has no result.  Starts a probe, unless the address alone
   decides. */

static ngx_int_t
ngx_http_smtp_verify_gate_probe(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_smtp_verify_asker_t *asker)
{
    ngx_int_t                            rc;
    ngx_str_t                           *email;
    sv_reason_e                          listed;
    sv_address_t                        *addr;
    ngx_http_smtp_verify_loc_conf_t     *slcf;
    const ngx_http_smtp_verify_error_t  *error;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    email = &ctx->question.lookup.email;

    if (ngx_smtp_verify_parse(email, &addr) != SV_ADDRESS_OK
        || sv_lists_decide(slcf->verify.lists, addr) != SV_DECIDED_NOT)
    {
        return ngx_http_smtp_verify_gate_unasked(r, ctx, SV_PENDING);
    }

    listed = ngx_http_smtp_verify_gate_listed(slcf, email);

    if (listed != SV_REASON_NONE) {
        return ngx_http_smtp_verify_gate_unasked(r, ctx, listed);
    }

    rc = ngx_http_smtp_verify_ask(r, ctx, asker);

    switch (rc) {

    case NGX_OK:
        (void) ngx_http_smtp_verify_gate_told(r, ctx);
        return ngx_http_smtp_verify_gate_verdict(r, ctx);

    case NGX_AGAIN:
        break;

    case NGX_ABORT:
        error = ngx_http_smtp_verify_ask_error(rc);

        return ngx_http_smtp_verify_gate_refuse(r, ctx, error->status,
                                                error->code, error->detail,
                                                NULL);

    case NGX_BUSY:

        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "smtp_verify_gate: too many probes are under way");

        return ngx_http_smtp_verify_gate_unasked(r, ctx, SV_PENDING);

    default: /* NGX_ERROR */
        ctx->result = NULL;
        return ngx_http_smtp_verify_gate_verdict(r, ctx);
    }

    ctx->step = ngx_http_smtp_verify_step_waiting;

    if (ngx_handle_read_event(r->connection->read, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->write_event_handler = ngx_http_request_empty_handler;

    ngx_http_smtp_verify_watch_client(r);

    return NGX_DONE;
}


/*
 * Decides without a probe, because of the syntax, a list, or too many probes:
 * by what is known from the address alone.
 */

static ngx_int_t
ngx_http_smtp_verify_gate_unasked(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, sv_reason_e reason)
{
    ngx_log_debug1(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "smtp verify: the gate asks nobody: %s",
                   sv_reason_info(reason)->name);

    (void) ngx_smtp_verify_lookup_known(&ctx->question.lookup,
                                        reason == SV_PENDING ? reason
                                                             : SV_NOT_PROBED);
    (void) ngx_http_smtp_verify_gate_told(r, ctx);

    return ngx_http_smtp_verify_gate_verdict(r, ctx);
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

    if (!ngx_http_smtp_verify_is_here(ctx)) {
        ngx_smtp_verify_lookup_cancel(l);
        return;
    }

    (void) ngx_http_smtp_verify_gate_told(r, ctx);

    ctx->step = ngx_http_smtp_verify_step_told;

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);

    ngx_http_run_posted_requests(c);
}


/* Copies the result, which is only valid now. */

static ngx_int_t
ngx_http_smtp_verify_gate_told(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_smtp_verify_lookup_t  *l;

    l = &ctx->question.lookup;

    ctx->result = NULL;
    ctx->found_by = ngx_http_get_module_loc_conf(r,
                                                 ngx_http_smtp_verify_module);

    rc = l->result ? ngx_http_smtp_verify_save_result(r, ctx, l->result)
                   : NGX_ERROR;

    l->result = NULL;

    ngx_smtp_verify_lookup_cancel(l);

    return rc;
}
