
/*
 * The gate lets a request pass, or denies it, by the verdict on an address in
 * the request.  A source says where in the request the address is.
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
    ngx_str_t                      name;        /* of the field, or a JSON
                                                   pointer */
    ngx_str_t                      field;       /* what it is called in a
                                                   form */
    ngx_str_t                      pointer;     /* what it is called in JSON */
    ngx_uint_t                     header;      /* the value is one header */
    ngx_uint_t                     escaped;     /* the value is one argument,
                                                   percent-encoded ... */
    ngx_int_t                      index;       /* ... and this is the index of
                                                   its variable */
} ngx_http_smtp_verify_source_t;


struct ngx_http_smtp_verify_gate_s {
    ngx_http_smtp_verify_source_t  source;
    uint64_t                       deny;        /* one bit for each reason */
    ngx_uint_t                     status;
    ngx_msec_t                     budget;
    unsigned                       required:1;
    unsigned                       deny_faults:1;
    unsigned                       dry_run:1;
};


/* reasons that come from lists, without a probe */

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
 * gate_known.c: _listed() looks the address up in the lists, and returns the
 * reason of a list that the gate denies, or SV_REASON_NONE; _list() does so if
 * it is known which lists have it.  _holds() returns 1 if the result of
 * another location is also valid here.
 */
sv_reason_e ngx_http_smtp_verify_gate_listed(
    ngx_http_smtp_verify_loc_conf_t *slcf, ngx_str_t *address);
sv_reason_e ngx_http_smtp_verify_gate_list(ngx_http_smtp_verify_gate_t *gate,
    ngx_int_t spam_trap, ngx_int_t disposable, ngx_int_t role_account);
ngx_uint_t ngx_http_smtp_verify_gate_holds(ngx_http_request_t *r,
    ngx_http_smtp_verify_ctx_t *ctx);

/*
 * gate_answer.c: these return what the phase handler returns.  _verdict()
 * decides by ctx->result.  _fault() is called for errors that no client can
 * cause, so "on_error" may let the request pass.  _refuse() shows an
 * error_page, or a problem with these members; members is NULL if there is no
 * result.
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
 * gate_headers.c: _strip() is a phase handler that removes the gate's headers
 * which the client sent; _headers() replaces them by those of the result.
 */
ngx_int_t ngx_http_smtp_verify_gate_strip(ngx_http_request_t *r);
ngx_int_t ngx_http_smtp_verify_gate_headers(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result);

/*
 * gate_source.c: finds the address.  _get() returns NGX_OK with the address,
 * which is empty if the value cannot be an address; NGX_DECLINED if there is
 * none; NGX_AGAIN if the body has to be read first; NGX_ABORT if applications
 * may find another address (*error says why); NGX_BUSY if the body is too
 * large; NGX_ERROR.
 */
ngx_int_t ngx_http_smtp_verify_source_parse(ngx_conf_t *cf, ngx_str_t *value,
    ngx_http_smtp_verify_source_t *source);
ngx_int_t ngx_http_smtp_verify_source_get(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error);

/* gate_source_beside.c: the same as _get(), but also returns NGX_ABORT if the
   field is in another place of the request, too */
ngx_int_t ngx_http_smtp_verify_source_only(ngx_http_request_t *r,
    ngx_http_smtp_verify_source_t *source, ngx_str_t *address,
    const char **error);

/* variables.c */
ngx_int_t ngx_http_smtp_verify_variables(ngx_conf_t *cf);
ngx_int_t ngx_http_smtp_verify_variables_init(ngx_conf_t *cf);

/* known.c: _known() returns the context whose result variables show, or NULL.
   _known_address() finds the address that smtp_verify_address names. */
ngx_int_t ngx_http_smtp_verify_known_init(ngx_conf_t *cf);
ngx_http_smtp_verify_ctx_t *ngx_http_smtp_verify_known(ngx_http_request_t *r);
ngx_int_t ngx_http_smtp_verify_known_address(ngx_http_request_t *r,
    ngx_str_t *address);


#endif /* _NGX_HTTP_SMTP_VERIFY_GATE_H_INCLUDED_ */
