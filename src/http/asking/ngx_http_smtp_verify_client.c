
#include "ngx_http_smtp_verify_cors.h"
#include "ngx_http_smtp_verify_tokens.h"

#include <openssl/sha.h>


#define NGX_HTTP_SMTP_VERIFY_REALM  "Bearer realm=\"smtp_verify\""


typedef enum {
    ngx_http_smtp_verify_token_none = 0,
    ngx_http_smtp_verify_token_invalid,
    ngx_http_smtp_verify_token_ambiguous,
    ngx_http_smtp_verify_token_known
} ngx_http_smtp_verify_token_e;


/* The client of a request.  It is found in the list of the pool's cleanups,
   because an internal redirect clears the contexts of modules. */

struct ngx_http_smtp_verify_caller_s {
    ngx_http_smtp_verify_tokens_t   *tokens;
    ngx_table_elt_t                 *header;
    ngx_http_smtp_verify_token_e     status;
    ngx_http_smtp_verify_limited_t  *limited;
    ngx_smtp_verify_account_t        account;
};


static ngx_uint_t ngx_http_smtp_verify_in_query(ngx_http_request_t *r);
static ngx_int_t ngx_http_smtp_verify_unauthorized(ngx_http_request_t *r,
    ngx_http_smtp_verify_caller_t *client);
static ngx_http_smtp_verify_caller_t *ngx_http_smtp_verify_client(
    ngx_http_request_t *r);
static void ngx_http_smtp_verify_client_cleanup(void *data);
static void ngx_http_smtp_verify_authenticate(ngx_http_request_t *r,
    ngx_http_smtp_verify_caller_t *client);
static ngx_http_smtp_verify_token_e ngx_http_smtp_verify_token(
    ngx_http_request_t *r, sv_str_t *token);
static uint32_t ngx_http_smtp_verify_same(const u_char *one,
    const u_char *two);
static ngx_int_t ngx_http_smtp_verify_client_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_smtp_verify_challenge(ngx_http_request_t *r,
    const char *challenge);
static ngx_int_t ngx_http_smtp_verify_retry_after(ngx_http_request_t *r,
    ngx_uint_t seconds);


ngx_int_t
ngx_http_smtp_verify_guard(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_smtp_verify_account_t        *account;
    ngx_http_smtp_verify_caller_t    *client;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    /* browsers send no token when they ask what they may send */

    rc = ngx_http_smtp_verify_cors(r);

    if (rc != NGX_DECLINED || slcf->tokens == NULL) {
        return rc;
    }

    client = ngx_http_smtp_verify_client(r);
    if (client == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (client->status != ngx_http_smtp_verify_token_known
        || ngx_http_smtp_verify_in_query(r))
    {
        return ngx_http_smtp_verify_unauthorized(r, client);
    }

    account = &client->account;

    if (ngx_smtp_verify_quota_request(account->zone, account->client,
                                      &account->state)
        == NGX_OK)
    {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "client \"%V\" is beyond its rate", &account->client->name);

    if (ngx_http_smtp_verify_retry_after(r, account->state.wait) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_smtp_verify_problem(r, NGX_HTTP_TOO_MANY_REQUESTS,
                                        "rate_exceeded",
                                        "Too many requests at once; see "
                                        "Retry-After.");
}


/* A token in the query string (RFC 6750, section 2.3) is refused, because
   query strings are logged. */

static ngx_uint_t
ngx_http_smtp_verify_in_query(ngx_http_request_t *r)
{
    ngx_str_t  value;

    return r->args.len
           && ngx_http_arg(r, (u_char *) "access_token", 12, &value)
              == NGX_OK;
}


/* RFC 6750, section 3.1: an error code is sent only if there was a token. */

static ngx_int_t
ngx_http_smtp_verify_unauthorized(ngx_http_request_t *r,
    ngx_http_smtp_verify_caller_t *client)
{
    ngx_uint_t   ambiguous;
    const char  *challenge;

    ambiguous = client->status == ngx_http_smtp_verify_token_ambiguous
                || ngx_http_smtp_verify_in_query(r);

    if (client->status == ngx_http_smtp_verify_token_none) {
        challenge = NGX_HTTP_SMTP_VERIFY_REALM;

    } else if (ambiguous) {
        challenge = NGX_HTTP_SMTP_VERIFY_REALM ", error=\"invalid_request\"";

    } else {
        challenge = NGX_HTTP_SMTP_VERIFY_REALM ", error=\"invalid_token\"";
    }

    if (ngx_http_smtp_verify_challenge(r, challenge) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (client->status == ngx_http_smtp_verify_token_none) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_UNAUTHORIZED,
                                            "missing_token",
                                            "Send your token in the header "
                                            "\"Authorization: Bearer TOKEN\" "
                                            "or \"X-Api-Key: TOKEN\"; it is "
                                            "not taken from the query "
                                            "string.");
    }

    if (ambiguous) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_BAD_REQUEST,
                                            "ambiguous_token",
                                            "Send one token, in one header "
                                            "alone.");
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "the token of the client is not known");

    return ngx_http_smtp_verify_problem(r, NGX_HTTP_UNAUTHORIZED,
                                        "invalid_token",
                                        "The token is not known, or not any "
                                        "more.");
}


/* Retry-After says when the quota is renewed. */

ngx_int_t
ngx_http_smtp_verify_client_spent(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_caller_t  *client;

    client = ngx_http_smtp_verify_client(r);

    if (client == NULL || client->limited == NULL) {
        return NGX_ERROR;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "client \"%V\" has used its quota",
                  &client->limited->quota.name);

    return ngx_http_smtp_verify_retry_after(r, client->account.state.reset);
}


/* Finds or makes the client, for this request and the tokens of its
   location. */

static ngx_http_smtp_verify_caller_t *
ngx_http_smtp_verify_client(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t               *cln;
    ngx_http_smtp_verify_caller_t    *client;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_smtp_verify_client_cleanup) {
            continue;
        }

        client = cln->data;

        if (client->tokens == slcf->tokens
            && client->header == r->headers_in.authorization)
        {
            return client;
        }
    }

    cln = ngx_pool_cleanup_add(r->pool,
                               sizeof(ngx_http_smtp_verify_caller_t));
    if (cln == NULL) {
        return NULL;
    }

    client = cln->data;

    ngx_memzero(client, sizeof(ngx_http_smtp_verify_caller_t));

    client->tokens = slcf->tokens;
    client->header = r->headers_in.authorization;

    ngx_http_smtp_verify_authenticate(r, client);

    cln->handler = ngx_http_smtp_verify_client_cleanup;

    return client;
}


ngx_int_t
ngx_http_smtp_verify_client_account(ngx_http_request_t *r,
    ngx_smtp_verify_account_t **account)
{
    ngx_http_smtp_verify_caller_t    *client;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    *account = NULL;

    if (slcf->tokens == NULL) {
        return NGX_OK;
    }

    client = ngx_http_smtp_verify_client(r);

    if (client == NULL || client->limited == NULL) {
        return NGX_ERROR;
    }

    if (client->limited->quota.quota != NGX_SMTP_VERIFY_QUOTA_NONE) {
        *account = &client->account;
    }

    return NGX_OK;
}


ngx_str_t *
ngx_http_smtp_verify_client_name(ngx_http_request_t *r)
{
    ngx_http_smtp_verify_limited_t  *limited;

    limited = ngx_http_smtp_verify_client_limits(r, NULL);

    return limited ? &limited->quota.name : NULL;
}


ngx_http_smtp_verify_limited_t *
ngx_http_smtp_verify_client_limits(ngx_http_request_t *r,
    ngx_smtp_verify_quota_state_t *state)
{
    ngx_http_smtp_verify_caller_t    *client;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->tokens == NULL) {
        return NULL;
    }

    client = ngx_http_smtp_verify_client(r);

    if (client == NULL || client->limited == NULL) {
        return NULL;
    }

    if (state) {
        *state = client->account.state;
    }

    return client->limited;
}


/* The pool frees the memory.  The handler's address marks the client in the
   list of cleanups. */

static void
ngx_http_smtp_verify_client_cleanup(void *data)
{
    ngx_http_smtp_verify_caller_t  *client = data;

    client->tokens = NULL;
}


/*
 * All hashes are compared: the time that this takes tells neither which client
 * it is nor how much of a token is right.
 */

static void
ngx_http_smtp_verify_authenticate(ngx_http_request_t *r,
    ngx_http_smtp_verify_caller_t *client)
{
    size_t        i;
    uint32_t      found, equal;
    sv_str_t      token;
    sv_tokens_t  *list;
    u_char        hash[SHA256_DIGEST_LENGTH];

    client->status = ngx_http_smtp_verify_token(r, &token);

    if (client->status != ngx_http_smtp_verify_token_known) {
        return;
    }

    SHA256(token.data, token.len, hash);

    found = 0;
    list = client->tokens->list;

    for (i = 0; i < list->ntokens; i++) {

        equal = ngx_http_smtp_verify_same(list->tokens[i].hash, hash);
        found |= (0 - equal) & (list->tokens[i].client + 1);
    }

    if (found == 0) {
        client->status = ngx_http_smtp_verify_token_invalid;
        return;
    }

    client->status = ngx_http_smtp_verify_token_known;
    client->limited = &client->tokens->clients[found - 1];

    client->account.zone = client->tokens->zone;
    client->account.client = &client->limited->quota;
}


/* Finds the token, in Authorization or in X-Api-Key.  Returns
   ngx_http_smtp_verify_token_known if it is well-formed. */

static ngx_http_smtp_verify_token_e
ngx_http_smtp_verify_token(ngx_http_request_t *r, sv_str_t *token)
{
    int               rc;
    ngx_table_elt_t  *h, *key;

    rc = 0;
    h = r->headers_in.authorization;

    if (h) {
        rc = sv_tokens_bearer(h->value.data, h->value.len, token);
    }

    key = ngx_http_smtp_verify_header_in(r, "x-api-key");

    if (key == NULL) {
        return rc == 0 ? ngx_http_smtp_verify_token_none
               : rc == 1 ? ngx_http_smtp_verify_token_known
                         : ngx_http_smtp_verify_token_invalid;
    }

    if (rc != 0 || ngx_http_smtp_verify_header_after(r, "x-api-key", key)) {
        return ngx_http_smtp_verify_token_ambiguous;
    }

    token->data = key->value.data;
    token->len = key->value.len;

    return token->len ? ngx_http_smtp_verify_token_known
                      : ngx_http_smtp_verify_token_none;
}


/* Returns 1 if both hashes are the same, else 0, without a branch.  It
   compares words, because a file may have thousands of hashes. */

static uint32_t
ngx_http_smtp_verify_same(const u_char *one, const u_char *two)
{
    uint64_t    diff, a, b;
    ngx_uint_t  i;

    diff = 0;

    for (i = 0; i < SHA256_DIGEST_LENGTH; i += sizeof(uint64_t)) {
        ngx_memcpy(&a, one + i, sizeof(uint64_t));
        ngx_memcpy(&b, two + i, sizeof(uint64_t));
        diff |= a ^ b;
    }

    return (uint32_t) (((diff | (0 - diff)) >> 63) ^ 1);
}


ngx_int_t
ngx_http_smtp_verify_client_headers(ngx_http_request_t *r)
{
    u_char                           *p;
    ngx_str_t                         value;
    ngx_smtp_verify_quota_state_t    *state;
    ngx_http_smtp_verify_caller_t    *client;
    ngx_smtp_verify_quota_client_t   *quota;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->tokens == NULL || r != r->main) {
        return NGX_OK;
    }

    client = ngx_http_smtp_verify_client(r);
    if (client == NULL) {
        return NGX_ERROR;
    }

    if (client->limited == NULL || client->limited->policy.len == 0) {
        return NGX_OK;
    }

    quota = &client->limited->quota;
    state = &client->account.state;

    if (state->at != ngx_current_msec) {
        ngx_smtp_verify_quota_look(client->tokens->zone, quota, state);
    }

    value.data = ngx_pnalloc(r->pool, sizeof("\"rate\";r=;t=, \"quota\";"
                                             "r=;t=") - 1
                                      + NGX_INT64_LEN * 4);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = value.data;

    if (quota->rate) {
        p = ngx_sprintf(p, "\"rate\";r=%ui;t=%ui", state->room, state->wait);
    }

    if (quota->quota != NGX_SMTP_VERIFY_QUOTA_NONE) {
        p = ngx_sprintf(p, "%s\"quota\";r=%uL;t=%ui", quota->rate ? ", " : "",
                        state->left, state->reset);
    }

    value.len = p - value.data;

    if (ngx_http_smtp_verify_header(r, "RateLimit-Policy",
                                    &client->limited->policy)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_smtp_verify_header(r, "RateLimit", &value);
}


ngx_int_t
ngx_http_smtp_verify_tokens_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var;
    ngx_str_t             name = ngx_string("smtp_verify_client");

    /* not cacheable, because another location may have other tokens */

    var = ngx_http_add_variable(cf, &name, NGX_HTTP_VAR_NOCACHEABLE);
    if (var == NULL) {
        return NGX_ERROR;
    }

    var->get_handler = ngx_http_smtp_verify_client_variable;

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_client_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_smtp_verify_caller_t    *client;
    ngx_http_smtp_verify_loc_conf_t  *slcf;

    slcf = ngx_http_get_module_loc_conf(r, ngx_http_smtp_verify_module);

    if (slcf->tokens == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    client = ngx_http_smtp_verify_client(r);
    if (client == NULL) {
        return NGX_ERROR;
    }

    if (client->limited == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = (unsigned) client->limited->quota.name.len;
    v->data = client->limited->quota.name.data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_smtp_verify_challenge(ngx_http_request_t *r, const char *challenge)
{
    ngx_str_t  value;

    value.len = ngx_strlen(challenge);
    value.data = (u_char *) challenge;

    return ngx_http_smtp_verify_header(r, "WWW-Authenticate", &value);
}


static ngx_int_t
ngx_http_smtp_verify_retry_after(ngx_http_request_t *r, ngx_uint_t seconds)
{
    ngx_str_t  value;

    value.data = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    value.len = ngx_sprintf(value.data, "%ui", seconds) - value.data;

    return ngx_http_smtp_verify_header(r, "Retry-After", &value);
}
