
/*
 * The gate: a request goes on, or not, by the verdict on an address that it
 * carries.  And where an address may be found.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_GATE_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_GATE_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


typedef enum {
    ngx_http_smtp_verify_source_value = 0,
    ngx_http_smtp_verify_source_form,
    ngx_http_smtp_verify_source_multipart,
    ngx_http_smtp_verify_source_json
} ngx_http_smtp_verify_source_e;


typedef struct {
    ngx_http_smtp_verify_source_e  kind;
    ngx_http_complex_value_t       value;
    ngx_str_t                      name;        /* of a field, a pointer */
    ngx_str_t                      field;       /* the name in a form */
    ngx_str_t                      pointer;     /* that in JSON */
    ngx_uint_t                     header;      /* one of the request's */
    ngx_uint_t                     escaped;     /* one argument, as it is in
                                                   a query string … */
    ngx_int_t                      index;       /* … the variable then */
} ngx_http_smtp_verify_source_t;


struct ngx_http_smtp_verify_gate_s {
    ngx_http_smtp_verify_source_t  source;
    uint64_t                       deny;        /* a bit for each reason */
    ngx_uint_t                     status;
    ngx_msec_t                     budget;
    unsigned                       required:1;
    unsigned                       deny_faults:1;
    unsigned                       dry_run:1;
};


/* reasons that lists give, without a probe */

#define NGX_HTTP_SMTP_VERIFY_GATE_LISTS                                       \
    ((uint64_t) 1 << SV_SPAM_TRAP | (uint64_t) 1 << SV_DISPOSABLE             \
     | (uint64_t) 1 << SV_ROLE_ACCOUNT)


/* gate_conf.c */
char *ngx_http_smtp_verify_gate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_smtp_verify_conf_address(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_smtp_verify_gate_merge(ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);

/* gate.c */
ngx_int_t ngx_http_smtp_verify_gate_init(ngx_conf_t *cf);

/*
 * gate_known.c.  _listed(), _list(): the reason of a list that is denied, or
 * none; _holds(): would this location have found the result, too?
 */
sv_reason_e ngx_http_smtp_verify_gate_listed(
    ngx_http_smtp_verify_loc_conf_t *slcf, ngx_str_t *address);
sv_reason_e ngx_http_smtp_verify_gate_list(ngx_http_smtp_verify_gate_t *gate,
    ngx_int_t spam_trap, ngx_int_t disposable, ngx_int_t role_account);
ngx_uint_t ngx_http_smtp_verify_gate_holds(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);

/*
 * gate_answer.c: what the phase handler returns.  _verdict(): by ctx->result;
 * _fault(): nobody can cause it from outside, which is why on_error may let
 * the request pass; _refuse(): a page of error_page, else a problem with
 * these members, NULL: there is no result.
 */
ngx_int_t ngx_http_smtp_verify_gate_verdict(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
ngx_int_t ngx_http_smtp_verify_gate_pass(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result);
ngx_int_t ngx_http_smtp_verify_gate_fault(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);
ngx_int_t ngx_http_smtp_verify_gate_refuse(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx, ngx_uint_t status, const char *code,
    const char *detail, ngx_str_t *members);

/*
 * gate_headers.c.  _strip(): a phase handler, none of these names from the
 * client; _headers(): those of the result, and no other ones.
 */
ngx_int_t ngx_http_smtp_verify_gate_strip(ngx_http_request_t *r);
ngx_int_t ngx_http_smtp_verify_gate_headers(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result);

/*
 * gate_source.c.  NGX_OK: there it is, empty: something that cannot be an
 * address; NGX_DECLINED: there is none; NGX_AGAIN: the body has to be read;
 * NGX_ABORT: applications may find another one, *error says why; NGX_BUSY:
 * the body is too large; NGX_ERROR.
 */
ngx_int_t ngx_http_smtp_verify_source_parse(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_smtp_verify_source_t *source);
ngx_int_t ngx_http_smtp_verify_source_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error);

/* gate_source_beside.c: likewise, and the request has no other one beside */
ngx_int_t ngx_http_smtp_verify_source_only(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error);

/* variables.c */
ngx_int_t ngx_http_smtp_verify_variables(ngx_conf_t *cf);
ngx_int_t ngx_http_smtp_verify_variables_init(ngx_conf_t *cf);

/* known.c: what variables tell, NULL: nothing; the address of the location */
ngx_int_t ngx_http_smtp_verify_known_init(ngx_conf_t *cf);
ngx_http_smtp_verify_ctx_t *ngx_http_smtp_verify_known(ngx_http_request_t *r);
ngx_int_t ngx_http_smtp_verify_known_address(ngx_http_request_t *r,
    ngx_str_t *address);


#endif /* _NGX_HTTP_SMTP_VERIFY_GATE_H_INCLUDED_ */
