
#include "ngx_http_smtp_verify_module.h"
#include "sv_utf8.h"


/* all names and fixed words of the object; values are counted apart */

#define NGX_HTTP_SMTP_VERIFY_JSON_FIXED  2048


/* a writer that stops at its end, which its owner has put far enough */

typedef struct {
    u_char      *pos;
    u_char      *end;
    ngx_uint_t   comma;
} ngx_http_smtp_verify_json_t;


static size_t ngx_http_smtp_verify_json_size(
    ngx_smtp_verify_result_t *result, ngx_str_t *request_id);
static void ngx_http_smtp_verify_json_checks(ngx_http_smtp_verify_json_t *w,
    ngx_smtp_verify_result_t *result);
static void ngx_http_smtp_verify_json_smtp(ngx_http_smtp_verify_json_t *w,
    ngx_smtp_verify_result_t *result);
static void ngx_http_smtp_verify_json_tls(ngx_http_smtp_verify_json_t *w,
    ngx_smtp_verify_tls_t *tls);
static void ngx_http_smtp_verify_json_transcript(
    ngx_http_smtp_verify_json_t *w, ngx_array_t *transcript);
static void ngx_http_smtp_verify_json_raw(ngx_http_smtp_verify_json_t *w,
    const char *data, size_t len);
static void ngx_http_smtp_verify_json_open(ngx_http_smtp_verify_json_t *w,
    const char *name, const char *bracket);
static void ngx_http_smtp_verify_json_close(ngx_http_smtp_verify_json_t *w,
    const char *bracket);
static void ngx_http_smtp_verify_json_name(ngx_http_smtp_verify_json_t *w,
    const char *name);
static void ngx_http_smtp_verify_json_str(ngx_http_smtp_verify_json_t *w,
    const char *name, ngx_str_t *value);
static void ngx_http_smtp_verify_json_word(ngx_http_smtp_verify_json_t *w,
    const char *name, const char *value);
static void ngx_http_smtp_verify_json_int(ngx_http_smtp_verify_json_t *w,
    const char *name, ngx_int_t value);
static void ngx_http_smtp_verify_json_bool(ngx_http_smtp_verify_json_t *w,
    const char *name, ngx_int_t value);


ngx_buf_t *
ngx_http_smtp_verify_json(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result, ngx_str_t *request_id)
{
    ngx_buf_t                    *b;
    ngx_http_smtp_verify_json_t   w;

    b = ngx_create_temp_buf(r->pool,
                            ngx_http_smtp_verify_json_size(result,
                                                           request_id));
    if (b == NULL) {
        return NULL;
    }

    w.pos = b->pos;
    w.end = b->end;
    w.comma = 0;

    ngx_http_smtp_verify_json_open(&w, NULL, "{");

    ngx_http_smtp_verify_json_str(&w, "email", &result->email);
    ngx_http_smtp_verify_json_str(&w, "normalized", &result->normalized);
    ngx_http_smtp_verify_json_str(&w, "root", &result->root);
    ngx_http_smtp_verify_json_word(&w, "status",
                                   sv_status_name(result->status));
    ngx_http_smtp_verify_json_word(&w, "reason",
                                   sv_reason_info(result->reason)->name);
    ngx_http_smtp_verify_json_word(&w, "verification_level",
                                   result->estimated ? "estimated"
                                                     : "confirmed");
    ngx_http_smtp_verify_json_int(&w, "score", result->score);
    ngx_http_smtp_verify_json_word(&w, "blame",
                                   sv_blame_name(result->blame));
    ngx_http_smtp_verify_json_str(&w, "did_you_mean", &result->did_you_mean);
    ngx_http_smtp_verify_json_int(&w, "retry_after",
                                  result->retry_after
                                  ? (ngx_int_t) result->retry_after : -1);

    ngx_http_smtp_verify_json_checks(&w, result);

    ngx_http_smtp_verify_json_bool(&w, "cached", result->cached);
    ngx_http_smtp_verify_json_int(&w, "age", (ngx_int_t) result->age);
    ngx_http_smtp_verify_json_str(&w, "request_id", request_id);
    ngx_http_smtp_verify_json_int(&w, "response_time_ms",
                                  (ngx_int_t) result->elapsed);

    if (result->transcript) {
        ngx_http_smtp_verify_json_transcript(&w, result->transcript);
    }

    ngx_http_smtp_verify_json_close(&w, "}");
    ngx_http_smtp_verify_json_raw(&w, "\n", 1);

    b->last = w.pos;

    return b;
}


/* an upper bound: a byte may become six */

static size_t
ngx_http_smtp_verify_json_size(ngx_smtp_verify_result_t *result,
    ngx_str_t *request_id)
{
    size_t                       len;
    ngx_uint_t                   i;
    ngx_smtp_verify_line_t      *line;
    ngx_smtp_verify_evidence_t  *ev;

    ev = &result->evidence;

    len = result->email.len + result->normalized.len + result->root.len
          + result->did_you_mean.len + request_id->len
          + ev->enhanced.len + ev->text.len + ev->mx_host.len
          + ev->mx_ip.len;

    if (result->provider) {
        len += result->provider->name.len;
    }

    if (result->transcript) {
        line = result->transcript->elts;

        /* U+FFFD is three bytes */

        for (i = 0; i < result->transcript->nelts; i++) {
            len += 16 + line[i].text.len * 3;
        }
    }

    return NGX_HTTP_SMTP_VERIFY_JSON_FIXED + len * 6;
}


static void
ngx_http_smtp_verify_json_checks(ngx_http_smtp_verify_json_t *w,
    ngx_smtp_verify_result_t *result)
{
    ngx_http_smtp_verify_json_open(w, "checks", "{");

    ngx_http_smtp_verify_json_bool(w, "syntax", result->syntax);
    ngx_http_smtp_verify_json_bool(w, "domain", result->domain);
    ngx_http_smtp_verify_json_bool(w, "mx_record", result->mx_record);

    ngx_http_smtp_verify_json_smtp(w, result);

    ngx_http_smtp_verify_json_bool(w, "disposable", result->disposable);
    ngx_http_smtp_verify_json_bool(w, "catch_all", result->is_catch_all);
    ngx_http_smtp_verify_json_bool(w, "role_account", result->role_account);
    ngx_http_smtp_verify_json_bool(w, "free_provider", result->free_provider);
    ngx_http_smtp_verify_json_bool(w, "alias_service", result->alias_service);
    ngx_http_smtp_verify_json_bool(w, "gibberish", result->gibberish);
    ngx_http_smtp_verify_json_bool(w, "spam_trap", result->spam_trap);
    ngx_http_smtp_verify_json_bool(w, "abuse", result->abuse);
    ngx_http_smtp_verify_json_bool(w, "typo", result->typo);
    ngx_http_smtp_verify_json_int(w, "domain_age_days",
                                  ngx_smtp_verify_domain_age(result));

    ngx_http_smtp_verify_json_close(w, "}");
}


static void
ngx_http_smtp_verify_json_smtp(ngx_http_smtp_verify_json_t *w,
    ngx_smtp_verify_result_t *result)
{
    ngx_str_t                    provider;
    ngx_smtp_verify_evidence_t  *ev;

    ev = &result->evidence;

    ngx_str_null(&provider);

    if (result->provider) {
        provider.len = result->provider->name.len;
        provider.data = result->provider->name.data;
    }

    ngx_http_smtp_verify_json_open(w, "smtp", "{");

    ngx_http_smtp_verify_json_bool(w, "connected", result->connected);
    ngx_http_smtp_verify_json_bool(w, "mailbox_exists",
                                   result->mailbox_exists);
    ngx_http_smtp_verify_json_bool(w, "is_catch_all", result->is_catch_all);
    ngx_http_smtp_verify_json_str(w, "smtp_provider", &provider);
    ngx_http_smtp_verify_json_str(w, "mx_host", &ev->mx_host);
    ngx_http_smtp_verify_json_str(w, "mx_ip", &ev->mx_ip);
    ngx_http_smtp_verify_json_word(w, "stage", sv_stage_name(ev->stage));
    ngx_http_smtp_verify_json_int(w, "response_code",
                                  ev->code ? (ngx_int_t) ev->code : -1);
    ngx_http_smtp_verify_json_str(w, "enhanced_code", &ev->enhanced);
    ngx_http_smtp_verify_json_str(w, "response", &ev->text);
    ngx_http_smtp_verify_json_tls(w, &ev->tls);
    ngx_http_smtp_verify_json_int(w, "attempts", result->attempts);
    ngx_http_smtp_verify_json_word(w, "rule", ev->rule);

    ngx_http_smtp_verify_json_close(w, "}");
}


static void
ngx_http_smtp_verify_json_tls(ngx_http_smtp_verify_json_t *w,
    ngx_smtp_verify_tls_t *tls)
{
    if (tls->protocol == NULL) {
        ngx_http_smtp_verify_json_word(w, "tls", NULL);

    } else {
        ngx_http_smtp_verify_json_open(w, "tls", "{");
        ngx_http_smtp_verify_json_word(w, "protocol", tls->protocol);
        ngx_http_smtp_verify_json_word(w, "cipher", tls->cipher);
        ngx_http_smtp_verify_json_bool(w, "verified", tls->verified);
        ngx_http_smtp_verify_json_close(w, "}");
    }

    ngx_http_smtp_verify_json_word(w, "tls_error", tls->error);
}


static void
ngx_http_smtp_verify_json_transcript(ngx_http_smtp_verify_json_t *w,
    ngx_array_t *transcript)
{
    ngx_str_t                text;
    ngx_uint_t               i;
    ngx_smtp_verify_line_t  *line;
    u_char                   buf[SV_REPLY_TEXT_MAX * 3];

    line = transcript->elts;

    ngx_http_smtp_verify_json_open(w, "transcript", "[");

    for (i = 0; i < transcript->nelts; i++) {

        text.data = buf;
        text.len = sv_utf8_clean(buf, sizeof(buf), line[i].text.data,
                                 line[i].text.len);

        ngx_http_smtp_verify_json_open(w, NULL, "{");
        ngx_http_smtp_verify_json_int(w, "at_ms", (ngx_int_t) line[i].at);
        ngx_http_smtp_verify_json_word(w, "from",
                                       line[i].sent ? "client" : "server");
        ngx_http_smtp_verify_json_str(w, "text", &text);
        ngx_http_smtp_verify_json_close(w, "}");
    }

    ngx_http_smtp_verify_json_close(w, "]");
}


static void
ngx_http_smtp_verify_json_raw(ngx_http_smtp_verify_json_t *w,
    const char *data, size_t len)
{
    len = ngx_min(len, (size_t) (w->end - w->pos));

    w->pos = ngx_cpymem(w->pos, data, len);
}


static void
ngx_http_smtp_verify_json_open(ngx_http_smtp_verify_json_t *w,
    const char *name, const char *bracket)
{
    ngx_http_smtp_verify_json_name(w, name);
    ngx_http_smtp_verify_json_raw(w, bracket, 1);

    w->comma = 0;
}


static void
ngx_http_smtp_verify_json_close(ngx_http_smtp_verify_json_t *w,
    const char *bracket)
{
    ngx_http_smtp_verify_json_raw(w, bracket, 1);

    w->comma = 1;
}


static void
ngx_http_smtp_verify_json_name(ngx_http_smtp_verify_json_t *w,
    const char *name)
{
    if (w->comma) {
        ngx_http_smtp_verify_json_raw(w, ",", 1);
    }

    w->comma = 1;

    if (name) {
        ngx_http_smtp_verify_json_raw(w, "\"", 1);
        ngx_http_smtp_verify_json_raw(w, name, ngx_strlen(name));
        ngx_http_smtp_verify_json_raw(w, "\":", 2);
    }
}


/* UTF-8 is expected; an empty string is null */

static void
ngx_http_smtp_verify_json_str(ngx_http_smtp_verify_json_t *w,
    const char *name, ngx_str_t *value)
{
    size_t  len;

    if (value->len == 0) {
        ngx_http_smtp_verify_json_word(w, name, NULL);
        return;
    }

    ngx_http_smtp_verify_json_name(w, name);
    ngx_http_smtp_verify_json_raw(w, "\"", 1);

    len = value->len + ngx_escape_json(NULL, value->data, value->len);

    if (len <= (size_t) (w->end - w->pos)) {
        w->pos = (u_char *) ngx_escape_json(w->pos, value->data, value->len);
    }

    ngx_http_smtp_verify_json_raw(w, "\"", 1);
}


/* words of ours, which need no escaping; NULL: null */

static void
ngx_http_smtp_verify_json_word(ngx_http_smtp_verify_json_t *w,
    const char *name, const char *value)
{
    ngx_http_smtp_verify_json_name(w, name);

    if (value == NULL) {
        ngx_http_smtp_verify_json_raw(w, "null", 4);
        return;
    }

    ngx_http_smtp_verify_json_raw(w, "\"", 1);
    ngx_http_smtp_verify_json_raw(w, value, ngx_strlen(value));
    ngx_http_smtp_verify_json_raw(w, "\"", 1);
}


/* a negative value is null */

static void
ngx_http_smtp_verify_json_int(ngx_http_smtp_verify_json_t *w,
    const char *name, ngx_int_t value)
{
    u_char  *last, buf[NGX_INT_T_LEN];

    if (value < 0) {
        ngx_http_smtp_verify_json_word(w, name, NULL);
        return;
    }

    last = ngx_sprintf(buf, "%i", value);

    ngx_http_smtp_verify_json_name(w, name);
    ngx_http_smtp_verify_json_raw(w, (char *) buf, last - buf);
}


static void
ngx_http_smtp_verify_json_bool(ngx_http_smtp_verify_json_t *w,
    const char *name, ngx_int_t value)
{
    ngx_http_smtp_verify_json_name(w, name);

    if (value < 0) {
        ngx_http_smtp_verify_json_raw(w, "null", 4);

    } else if (value) {
        ngx_http_smtp_verify_json_raw(w, "true", 4);

    } else {
        ngx_http_smtp_verify_json_raw(w, "false", 5);
    }
}
