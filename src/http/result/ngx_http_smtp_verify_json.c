
#include "ngx_http_smtp_verify_module.h"
#include "sv_utf8.h"


/*
 * An upper bound is reserved, the object written, and what it takes copied.
 * Cached answers are little more than this writing: names are copied as
 * literals, which the compiler turns into moves.
 */

#define NGX_HTTP_SMTP_VERIFY_JSON_FIXED  4096       /* names, words, numbers */
#define NGX_HTTP_SMTP_VERIFY_JSON_WORD   128
#define NGX_HTTP_SMTP_VERIFY_JSON_BUF    16384


#define ngx_http_smtp_verify_lit(p, s)                                        \
    ngx_cpymem(p, s, sizeof(s) - 1)
#define ngx_http_smtp_verify_name(p, name)                                    \
    ngx_http_smtp_verify_lit(p, ",\"" name "\":")


static u_char *ngx_http_smtp_verify_json_checks(u_char *p,
    ngx_smtp_verify_result_t *result);
static u_char *ngx_http_smtp_verify_json_smtp(u_char *p,
    ngx_smtp_verify_result_t *result);
static u_char *ngx_http_smtp_verify_json_tls(u_char *p,
    ngx_smtp_verify_tls_t *tls);
static u_char *ngx_http_smtp_verify_json_transcript(u_char *p,
    ngx_array_t *transcript);
static u_char *ngx_http_smtp_verify_json_str(u_char *p, u_char *data,
    size_t len);
static u_char *ngx_http_smtp_verify_json_escape(u_char *p, u_char *data,
    size_t len);
static ngx_uint_t ngx_http_smtp_verify_json_plain(uint64_t v);
static u_char *ngx_http_smtp_verify_json_word(u_char *p, const char *word);
static u_char *ngx_http_smtp_verify_json_int(u_char *p, ngx_int_t n);
static u_char *ngx_http_smtp_verify_json_tri(u_char *p, ngx_int_t tri);


ngx_buf_t *
ngx_http_smtp_verify_json(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result, ngx_str_t *request_id)
{
    size_t         size;
    u_char        *p, *last;
    ngx_buf_t     *b;
    static u_char  buf[NGX_HTTP_SMTP_VERIFY_JSON_BUF];

    size = ngx_http_smtp_verify_json_size(result, request_id);

    p = buf;

    if (size > sizeof(buf)) {
        p = ngx_pnalloc(r->pool, size);
        if (p == NULL) {
            return NULL;
        }
    }

    last = ngx_http_smtp_verify_json_result(p, result, request_id);

    b = ngx_create_temp_buf(r->pool, last - p);
    if (b == NULL) {
        return NULL;
    }

    b->last = ngx_cpymem(b->last, p, last - p);

    return b;
}


/* a byte may become six */

size_t
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


u_char *
ngx_http_smtp_verify_json_result(u_char *p, ngx_smtp_verify_result_t *result,
    ngx_str_t *request_id)
{
    p = ngx_http_smtp_verify_lit(p, "{\"email\":");
    p = ngx_http_smtp_verify_json_str(p, result->email.data,
                                      result->email.len);

    p = ngx_http_smtp_verify_name(p, "normalized");
    p = ngx_http_smtp_verify_json_str(p, result->normalized.data,
                                      result->normalized.len);

    p = ngx_http_smtp_verify_name(p, "root");
    p = ngx_http_smtp_verify_json_str(p, result->root.data,
                                      result->root.len);

    p = ngx_http_smtp_verify_name(p, "status");
    p = ngx_http_smtp_verify_json_word(p, sv_status_name(result->status));

    p = ngx_http_smtp_verify_name(p, "reason");
    p = ngx_http_smtp_verify_json_word(p,
                                       sv_reason_info(result->reason)->name);

    p = ngx_http_smtp_verify_name(p, "verification_level");

    if (result->estimated) {
        p = ngx_http_smtp_verify_lit(p, "\"estimated\"");

    } else {
        p = ngx_http_smtp_verify_lit(p, "\"confirmed\"");
    }

    p = ngx_http_smtp_verify_name(p, "score");
    p = ngx_http_smtp_verify_json_int(p, result->score);

    p = ngx_http_smtp_verify_name(p, "blame");
    p = ngx_http_smtp_verify_json_word(p, sv_blame_name(result->blame));

    p = ngx_http_smtp_verify_name(p, "did_you_mean");
    p = ngx_http_smtp_verify_json_str(p, result->did_you_mean.data,
                                      result->did_you_mean.len);

    p = ngx_http_smtp_verify_name(p, "retry_after");
    p = ngx_http_smtp_verify_json_int(p, result->retry_after
                                         ? (ngx_int_t) result->retry_after
                                         : -1);

    p = ngx_http_smtp_verify_json_checks(p, result);

    p = ngx_http_smtp_verify_name(p, "cached");
    p = ngx_http_smtp_verify_json_tri(p, result->untold ? -1
                                                        : result->cached);

    p = ngx_http_smtp_verify_name(p, "age");
    p = ngx_http_smtp_verify_json_int(p, result->untold
                                         ? -1 : (ngx_int_t) result->age);

    p = ngx_http_smtp_verify_name(p, "request_id");
    p = ngx_http_smtp_verify_json_str(p, request_id->data, request_id->len);

    p = ngx_http_smtp_verify_name(p, "response_time_ms");
    p = ngx_http_smtp_verify_json_int(p, (ngx_int_t) result->elapsed);

    if (result->transcript) {
        p = ngx_http_smtp_verify_json_transcript(p, result->transcript);
    }

    return ngx_http_smtp_verify_lit(p, "}\n");
}


static u_char *
ngx_http_smtp_verify_json_checks(u_char *p, ngx_smtp_verify_result_t *result)
{
    p = ngx_http_smtp_verify_lit(p, ",\"checks\":{\"syntax\":");
    p = ngx_http_smtp_verify_json_tri(p, result->syntax);

    p = ngx_http_smtp_verify_name(p, "domain");
    p = ngx_http_smtp_verify_json_tri(p, result->domain);

    p = ngx_http_smtp_verify_name(p, "mx_record");
    p = ngx_http_smtp_verify_json_tri(p, result->mx_record);

    p = ngx_http_smtp_verify_json_smtp(p, result);

    p = ngx_http_smtp_verify_name(p, "disposable");
    p = ngx_http_smtp_verify_json_tri(p, result->disposable);

    p = ngx_http_smtp_verify_name(p, "catch_all");
    p = ngx_http_smtp_verify_json_tri(p, result->is_catch_all);

    p = ngx_http_smtp_verify_name(p, "role_account");
    p = ngx_http_smtp_verify_json_tri(p, result->role_account);

    p = ngx_http_smtp_verify_name(p, "free_provider");
    p = ngx_http_smtp_verify_json_tri(p, result->free_provider);

    p = ngx_http_smtp_verify_name(p, "alias_service");
    p = ngx_http_smtp_verify_json_tri(p, result->alias_service);

    p = ngx_http_smtp_verify_name(p, "gibberish");
    p = ngx_http_smtp_verify_json_tri(p, result->gibberish);

    p = ngx_http_smtp_verify_name(p, "spam_trap");
    p = ngx_http_smtp_verify_json_tri(p, result->spam_trap);

    p = ngx_http_smtp_verify_name(p, "abuse");
    p = ngx_http_smtp_verify_json_tri(p, result->abuse);

    p = ngx_http_smtp_verify_name(p, "typo");
    p = ngx_http_smtp_verify_json_tri(p, result->typo);

    p = ngx_http_smtp_verify_name(p, "domain_age_days");
    p = ngx_http_smtp_verify_json_int(p, ngx_smtp_verify_domain_age(result));

    return ngx_http_smtp_verify_lit(p, "}");
}


static u_char *
ngx_http_smtp_verify_json_smtp(u_char *p, ngx_smtp_verify_result_t *result)
{
    sv_str_t                     provider = sv_null_string;
    ngx_smtp_verify_evidence_t  *ev;

    ev = &result->evidence;

    if (result->provider) {
        provider = result->provider->name;
    }

    p = ngx_http_smtp_verify_lit(p, ",\"smtp\":{\"connected\":");
    p = ngx_http_smtp_verify_json_tri(p, result->connected);

    p = ngx_http_smtp_verify_name(p, "mailbox_exists");
    p = ngx_http_smtp_verify_json_tri(p, result->mailbox_exists);

    p = ngx_http_smtp_verify_name(p, "is_catch_all");
    p = ngx_http_smtp_verify_json_tri(p, result->is_catch_all);

    p = ngx_http_smtp_verify_name(p, "smtp_provider");
    p = ngx_http_smtp_verify_json_str(p, provider.data, provider.len);

    p = ngx_http_smtp_verify_name(p, "mx_host");
    p = ngx_http_smtp_verify_json_str(p, ev->mx_host.data, ev->mx_host.len);

    p = ngx_http_smtp_verify_name(p, "mx_ip");
    p = ngx_http_smtp_verify_json_str(p, ev->mx_ip.data, ev->mx_ip.len);

    p = ngx_http_smtp_verify_name(p, "stage");
    p = ngx_http_smtp_verify_json_word(p, sv_stage_name(ev->stage));

    p = ngx_http_smtp_verify_name(p, "response_code");
    p = ngx_http_smtp_verify_json_int(p, ev->code ? (ngx_int_t) ev->code
                                                  : -1);

    p = ngx_http_smtp_verify_name(p, "enhanced_code");
    p = ngx_http_smtp_verify_json_str(p, ev->enhanced.data,
                                      ev->enhanced.len);

    p = ngx_http_smtp_verify_name(p, "response");
    p = ngx_http_smtp_verify_json_str(p, ev->text.data, ev->text.len);

    p = ngx_http_smtp_verify_json_tls(p, &ev->tls);

    p = ngx_http_smtp_verify_name(p, "attempts");
    p = ngx_http_smtp_verify_json_int(p, (ngx_int_t) result->attempts);

    p = ngx_http_smtp_verify_name(p, "rule");
    p = ngx_http_smtp_verify_json_word(p, ev->rule);

    return ngx_http_smtp_verify_lit(p, "}");
}


static u_char *
ngx_http_smtp_verify_json_tls(u_char *p, ngx_smtp_verify_tls_t *tls)
{
    if (tls->protocol == NULL) {
        p = ngx_http_smtp_verify_lit(p, ",\"tls\":null");

    } else {
        p = ngx_http_smtp_verify_lit(p, ",\"tls\":{\"protocol\":");
        p = ngx_http_smtp_verify_json_word(p, tls->protocol);

        p = ngx_http_smtp_verify_name(p, "cipher");
        p = ngx_http_smtp_verify_json_word(p, tls->cipher);

        p = ngx_http_smtp_verify_name(p, "verified");
        p = ngx_http_smtp_verify_json_tri(p, tls->verified);

        p = ngx_http_smtp_verify_lit(p, "}");
    }

    p = ngx_http_smtp_verify_name(p, "tls_error");

    return ngx_http_smtp_verify_json_word(p, tls->error);
}


static u_char *
ngx_http_smtp_verify_json_transcript(u_char *p, ngx_array_t *transcript)
{
    size_t                   len;
    ngx_uint_t               i;
    ngx_smtp_verify_line_t  *line;
    u_char                   buf[SV_REPLY_TEXT_MAX * 3];

    line = transcript->elts;

    p = ngx_http_smtp_verify_lit(p, ",\"transcript\":[");

    for (i = 0; i < transcript->nelts; i++) {

        if (i) {
            *p++ = ',';
        }

        len = sv_utf8_clean(buf, sizeof(buf), line[i].text.data,
                            line[i].text.len);

        p = ngx_http_smtp_verify_lit(p, "{\"at_ms\":");
        p = ngx_http_smtp_verify_json_int(p, (ngx_int_t) line[i].at);

        switch (line[i].from) {

        case ngx_smtp_verify_line_sent:
            p = ngx_http_smtp_verify_lit(p, ",\"from\":\"client\"");
            break;

        case ngx_smtp_verify_line_egress:
            p = ngx_http_smtp_verify_lit(p, ",\"from\":\"egress\"");
            break;

        default: /* received */
            p = ngx_http_smtp_verify_lit(p, ",\"from\":\"server\"");
        }

        p = ngx_http_smtp_verify_name(p, "text");
        p = ngx_http_smtp_verify_json_str(p, buf, len);
        *p++ = '}';
    }

    *p++ = ']';

    return p;
}


/* UTF-8 is expected; an empty string is null */

static u_char *
ngx_http_smtp_verify_json_str(u_char *p, u_char *data, size_t len)
{
    if (len == 0) {
        return ngx_http_smtp_verify_lit(p, "null");
    }

    *p++ = '"';
    p = ngx_http_smtp_verify_json_escape(p, data, len);
    *p++ = '"';

    return p;
}


/* eight bytes at a time: almost never is there anything to be escaped */

static u_char *
ngx_http_smtp_verify_json_escape(u_char *p, u_char *data, size_t len)
{
    u_char    c;
    uint64_t  v;

    for ( ;; ) {

        while (len >= 8) {
            ngx_memcpy(&v, data, 8);

            if (!ngx_http_smtp_verify_json_plain(v)) {
                break;
            }

            ngx_memcpy(p, &v, 8);
            p += 8;
            data += 8;
            len -= 8;
        }

        if (len == 0) {
            return p;
        }

        c = *data;

        if (c >= ' ' && c != '"' && c != '\\') {
            *p++ = c;

        } else {
            p = (u_char *) ngx_escape_json(p, data, 1);
        }

        data++;
        len--;
    }
}


/* none of the bytes is a control character, a quotation mark, a backslash */

static ngx_uint_t
ngx_http_smtp_verify_json_plain(uint64_t v)
{
    uint64_t        control, quote, slash;
    const uint64_t  ones = 0x0101010101010101ULL;

    control = v - ones * ' ';
    quote = v ^ ones * '"';
    slash = v ^ ones * '\\';

    return (((control | (quote - ones) | (slash - ones)) & ~v)
            & (ones << 7)) == 0;
}


/* words of ours, which need no escaping; NULL: null */

static u_char *
ngx_http_smtp_verify_json_word(u_char *p, const char *word)
{
    size_t  len;

    if (word == NULL) {
        return ngx_http_smtp_verify_lit(p, "null");
    }

    len = ngx_strlen(word);

    *p++ = '"';
    p = ngx_cpymem(p, word, ngx_min(len, NGX_HTTP_SMTP_VERIFY_JSON_WORD));
    *p++ = '"';

    return p;
}


/* a negative value is null */

static u_char *
ngx_http_smtp_verify_json_int(u_char *p, ngx_int_t n)
{
    u_char  *digit, buf[NGX_INT_T_LEN];

    if (n < 0) {
        return ngx_http_smtp_verify_lit(p, "null");
    }

    digit = buf + sizeof(buf);

    do {
        *--digit = (u_char) (n % 10 + '0');
        n /= 10;
    } while (n);

    return ngx_cpymem(p, digit, buf + sizeof(buf) - digit);
}


static u_char *
ngx_http_smtp_verify_json_tri(u_char *p, ngx_int_t tri)
{
    if (tri < 0) {
        return ngx_http_smtp_verify_lit(p, "null");
    }

    if (tri) {
        return ngx_http_smtp_verify_lit(p, "true");
    }

    return ngx_http_smtp_verify_lit(p, "false");
}
