
/*
 * Which clients, and which web pages, may use a location, and how much.  A
 * content handler begins with
 *
 *     rc = ngx_http_smtp_verify_guard(r);
 *     if (rc != NGX_DECLINED) {
 *         return rc;
 *     }
 *
 * The access phase would not do: with "satisfy any" an allowed IP address
 * would be enough there, without a token.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_TOKENS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_TOKENS_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"
#include "sv_tokens.h"


typedef struct {
    ngx_smtp_verify_quota_client_t   quota;
    ngx_str_t                        policy;    /* of a header; empty if
                                                   none */
    ngx_uint_t                       rights;    /* SV_TOKENS_* */
} ngx_http_smtp_verify_limited_t;


struct ngx_http_smtp_verify_tokens_s {
    ngx_str_t                        file;
    sv_tokens_t                     *list;
    ngx_http_smtp_verify_limited_t  *clients;
    ngx_shm_zone_t                  *zone;
};


/* tokens.c: reads the file */
char *ngx_http_smtp_verify_tokens(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* client.c: finds the client of a request */
ngx_int_t ngx_http_smtp_verify_tokens_variables(ngx_conf_t *cf);

/* returns NGX_DECLINED to go on; otherwise what the handler returns */
ngx_int_t ngx_http_smtp_verify_guard(ngx_http_request_t *r);

/* the name of the client; NULL if the location needs no token, or if the token
   is not valid */
ngx_str_t *ngx_http_smtp_verify_client_name(ngx_http_request_t *r);

/* the client's limits, and what it has used; NULL as with _client_name() */
ngx_http_smtp_verify_limited_t *ngx_http_smtp_verify_client_limits(
    ngx_http_request_t *r, ngx_smtp_verify_quota_state_t *state);

/*
 * Whether the client has the right.  If the location needs no token every
 * client has, because the operator controls access by other means.
 * _client_refuse() answers if not.
 */
ngx_uint_t ngx_http_smtp_verify_client_may(ngx_http_request_t *r,
    ngx_uint_t right);
ngx_int_t ngx_http_smtp_verify_client_refuse(ngx_http_request_t *r);

/* whether the token of the client is one for the sandbox */
ngx_uint_t ngx_http_smtp_verify_client_sandbox(ngx_http_request_t *r);

/* Makes a copy for clients without SV_TOKENS_ADMIN.  It does not tell whether
   the result was cached, because that shows that somebody asked before. */
void ngx_http_smtp_verify_client_view(ngx_smtp_verify_result_t *view,
    ngx_smtp_verify_result_t *result);

/* The account that pays for the client's probes; *account is NULL if they cost
   nothing.  Returns NGX_ERROR if there is no memory, or if the token is not
   valid. */
ngx_int_t ngx_http_smtp_verify_client_account(ngx_http_request_t *r,
    ngx_smtp_verify_account_t **account);

/* sets Retry-After, for a client whose quota is used up */
ngx_int_t ngx_http_smtp_verify_client_spent(ngx_http_request_t *r);

/* sets RateLimit and RateLimit-Policy; called by
   ngx_http_smtp_verify_send() */
ngx_int_t ngx_http_smtp_verify_client_headers(ngx_http_request_t *r);


#endif /* _NGX_HTTP_SMTP_VERIFY_TOKENS_H_INCLUDED_ */
