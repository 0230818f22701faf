
#include "ngx_http_smtp_verify_gate.h"


static ngx_uint_t ngx_http_smtp_verify_gate_denies(
    ngx_http_smtp_verify_gate_t *gate, ngx_smtp_verify_result_t *result);
static ngx_int_t ngx_http_smtp_verify_gate_members(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result, sv_reason_e reason, ngx_str_t *members);
static ngx_uint_t ngx_http_smtp_verify_gate_has_page(ngx_http_request_t *r,
    ngx_uint_t status);


ngx_int_t
ngx_http_smtp_verify_gate_verdict(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_str_t                         members;
    sv_reason_e                       reason;
    ngx_smtp_verify_result_t         *result;
    ngx_http_smtp_verify_gate_t      *gate;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    gate = slcf->gate;
    result = ctx->result;

    if (result == NULL) {
        return ngx_http_smtp_verify_gate_fault(r, ctx);
    }

    /* lists count even if the probe failed, because the owner of the domain
       can make it fail */

    if (result->decided == SV_DECIDED_ALLOW) {
        reason = SV_REASON_NONE;

    } else if (ngx_http_smtp_verify_gate_denies(gate, result)) {
        reason = result->reason;

    } else {
        reason = ngx_http_smtp_verify_gate_list(gate, result->spam_trap,
                                                result->disposable,
                                                result->role_account);
    }

    if (reason == SV_REASON_NONE) {
        ctx->gate_status = ngx_http_smtp_verify_gate_passed;
        return ngx_http_smtp_verify_gate_pass(r, result);
    }

    if (ngx_http_smtp_verify_gate_members(r, result, reason, &members)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_gate_refuse(r, ctx, gate->status,
                                       "address_denied",
                                       sv_reason_info(reason)->status
                                       == SV_UNDELIVERABLE
                                       ? "This e-mail address cannot receive "
                                         "mail."
                                       : "This e-mail address is not accepted "
                                         "here.", &members);
}


static ngx_uint_t
ngx_http_smtp_verify_gate_denies(ngx_http_smtp_verify_gate_t *gate,
    ngx_smtp_verify_result_t *result)
{
    if (result->decided == SV_DECIDED_DENY) {
        return 1;
    }

    if (result->status == SV_UNDELIVERABLE && result->estimated) {
        return 0;
    }

    return (gate->deny & (uint64_t) 1 << result->reason) != 0;
}


ngx_int_t
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


ngx_int_t
ngx_http_smtp_verify_gate_fault(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx)
{
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "smtp_verify_gate could not verify");

    if (slcf->gate->deny_faults) {
        return ngx_http_smtp_verify_gate_refuse(r, ctx,
                                       NGX_HTTP_SERVICE_UNAVAILABLE,
                                       "not_verified",
                                       "The e-mail address could not be "
                                       "verified; try again in a moment.",
                                       NULL);
    }

    ctx->result = NULL;
    ctx->address.len = 0;
    ctx->gate_status = ngx_http_smtp_verify_gate_faulty;

    return ngx_http_smtp_verify_gate_pass(r, NULL);
}


ngx_int_t
ngx_http_smtp_verify_gate_refuse(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_uint_t status, const char *code,
    const char *detail, ngx_str_t *members)
{
    ngx_str_t                         none = ngx_null_string;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (members == NULL) {
        ctx->result = NULL;
        ctx->address.len = 0;
    }

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

    /* a client that waits for "100 Continue" may now send its body or not, so
       the next request cannot be found */

    if (r->headers_in.expect && !r->expect_tested) {
        r->expect_tested = 1;
        r->keepalive = 0;
    }

    ngx_http_finalize_request(r,
               ngx_http_smtp_verify_problem_with(r, status, code, detail,
                                                 members ? members : &none));

    return NGX_DONE;
}


static ngx_int_t
ngx_http_smtp_verify_gate_members(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result, sv_reason_e reason, ngx_str_t *members)
{
    size_t       len;
    u_char      *p;
    ngx_str_t   *suggestion;
    const char  *name, *status;

    suggestion = &result->did_you_mean;
    name = sv_reason_info(reason)->name;
    status = sv_status_name(sv_reason_info(reason)->status);

    len = sizeof(",\"reason\":\"\",\"verification_status\":\"\","
                 "\"verification_level\":\"confirmed\","
                 "\"did_you_mean\":null\"\"")
          + ngx_strlen(name) + ngx_strlen(status) + suggestion->len
          + ngx_escape_json(NULL, suggestion->data, suggestion->len);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    members->data = p;

    p = ngx_sprintf(p, ",\"reason\":\"%s\",\"verification_status\":\"%s\","
                    "\"verification_level\":\"%s\",\"did_you_mean\":", name,
                    status, result->estimated || reason != result->reason
                            ? "estimated" : "confirmed");

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


/* Finds the error_page as ngx_http_special_response_handler() does. */

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
