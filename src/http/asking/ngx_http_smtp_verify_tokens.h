
/*
 * Who may come in, and how much.  A handler of ours begins with
 *
 *     rc = ngx_http_smtp_verify_guard(r);
 *     if (rc != NGX_DECLINED) {
 *         return rc;
 *     }
 *
 * and not in the access phase, where "satisfy any" would take an address that
 * is allowed for a token.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_TOKENS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_TOKENS_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"
#include "sv_tokens.h"


typedef struct {
    ngx_smtp_verify_quota_client_t   quota;
    ngx_str_t                        policy;    /* a header; empty: none */
    ngx_uint_t                       rights;    /* SV_TOKENS_ADMIN, _ERASE */
} ngx_http_smtp_verify_limited_t;


struct ngx_http_smtp_verify_tokens_s {
    ngx_str_t                        file;
    sv_tokens_t                     *list;
    ngx_http_smtp_verify_limited_t  *clients;
    ngx_shm_zone_t                  *zone;
};


/* tokens.c: the file */
char *ngx_http_smtp_verify_tokens(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* client.c: who asks */
ngx_int_t ngx_http_smtp_verify_tokens_variables(ngx_conf_t *cf);

/* NGX_DECLINED: go on; else the answer, which the handler returns */
ngx_int_t ngx_http_smtp_verify_guard(ngx_http_request_t *r);

/* whose token came with the request; NULL: none is needed, or nobody's */
ngx_str_t *ngx_http_smtp_verify_client_name(ngx_http_request_t *r);

/* who it is and what it has used; NULL: nobody, or no token is needed */
ngx_http_smtp_verify_limited_t *ngx_http_smtp_verify_client_limits(
    ngx_http_request_t *r, ngx_smtp_verify_quota_state_t *state);

/*
 * May this client do it?  Where no token is needed everybody may: what nginx
 * lets in is the operator's matter.  _refuse(): the answer if not.
 */
ngx_uint_t ngx_http_smtp_verify_client_may(ngx_http_request_t *r,
    ngx_uint_t right);
ngx_int_t ngx_http_smtp_verify_client_refuse(ngx_http_request_t *r);

/* what one without SV_TOKENS_ADMIN is told of a result: not whether it was
   kept, which tells that somebody asked before */
void ngx_http_smtp_verify_client_view(ngx_smtp_verify_result_t *view,
    ngx_smtp_verify_result_t *result);

/* what pays for the client's probes; *account is NULL where nothing does.
   NGX_ERROR: no memory, or nobody's token */
ngx_int_t ngx_http_smtp_verify_client_account(ngx_http_request_t *r,
    ngx_smtp_verify_account_t **account);

/* the header of an answer to a request that the quota has no unit for */
ngx_int_t ngx_http_smtp_verify_client_spent(ngx_http_request_t *r);

/* RateLimit and RateLimit-Policy; ngx_http_smtp_verify_send() has them */
ngx_int_t ngx_http_smtp_verify_client_headers(ngx_http_request_t *r);


#endif /* _NGX_HTTP_SMTP_VERIFY_TOKENS_H_INCLUDED_ */
