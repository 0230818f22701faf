
/* What a client has used today, and what its limits leave it. */


#include "ngx_http_smtp_verify_tokens.h"


static ngx_int_t ngx_http_smtp_verify_usage_handler(ngx_http_request_t *r);
static u_char *ngx_http_smtp_verify_usage_json(u_char *p, u_char *last,
    ngx_http_smtp_verify_limited_t *limited,
    ngx_smtp_verify_quota_state_t *state);


char *
ngx_http_smtp_verify_usage(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_smtp_verify_set_handler(cf, conf,
                                          ngx_http_smtp_verify_usage_handler);
}


static ngx_int_t
ngx_http_smtp_verify_usage_handler(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_buf_t                       *b;
    ngx_str_t                        json = ngx_string("application/json");
    ngx_smtp_verify_quota_state_t    state;
    ngx_http_smtp_verify_limited_t  *limited;

    rc = ngx_http_smtp_verify_counters_begin(r);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    limited = ngx_http_smtp_verify_client_limits(r, &state);

    if (limited == NULL) {
        return ngx_http_smtp_verify_problem(r, NGX_HTTP_NOT_FOUND,
                                            "no_client",
                                            "This location needs no token, so "
                                            "it has no usage of a client.");
    }

    b = ngx_create_temp_buf(r->pool, 1024);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_http_smtp_verify_usage_json(b->last, b->end, limited,
                                              &state);

    return ngx_http_smtp_verify_send(r, NGX_HTTP_OK, &json, b);
}


/* A client without a quota does not see its probes, because their number shows
   what was cached. */

static u_char *
ngx_http_smtp_verify_usage_json(u_char *p, u_char *last,
    ngx_http_smtp_verify_limited_t *limited,
    ngx_smtp_verify_quota_state_t *state)
{
    ngx_tm_t                         tm;
    ngx_smtp_verify_quota_client_t  *quota;

    quota = &limited->quota;

    ngx_gmtime(ngx_time(), &tm);

    p = ngx_snprintf(p, last - p, "{\"client\":\"%V\","
                     "\"day\":\"%4d-%02d-%02d\","
                     "\"requests\":{\"today\":%uL,\"total\":%uL},",
                     &quota->name, tm.ngx_tm_year, tm.ngx_tm_mon,
                     tm.ngx_tm_mday, state->today, state->requests);

    if (quota->quota == NGX_SMTP_VERIFY_QUOTA_NONE) {
        p = ngx_snprintf(p, last - p, "\"probes\":null,\"quota\":null,");

    } else {
        p = ngx_snprintf(p, last - p, "\"probes\":{\"today\":%uL},"
                         "\"quota\":{\"limit\":%uL,\"left\":%uL,"
                         "\"reset\":%ui},", state->used, quota->quota,
                         state->left, state->reset);
    }

    if (quota->rate == 0) {
        p = ngx_snprintf(p, last - p, "\"rate\":null,");

    } else {
        p = ngx_snprintf(p, last - p, "\"rate\":{\"limit\":%ui,"
                         "\"left\":%ui,\"reset\":%ui},", quota->burst,
                         state->room, state->wait);
    }

    return ngx_snprintf(p, last - p, "\"erase\":%s,\"admin\":%s,"
                        "\"sandbox\":%s}\n",
                        limited->rights & (SV_TOKENS_ERASE|SV_TOKENS_ADMIN)
                        ? "true" : "false",
                        limited->rights & SV_TOKENS_ADMIN ? "true" : "false",
                        limited->rights & SV_TOKENS_SANDBOX ? "true"
                                                            : "false");
}
