
#include "ngx_http_smtp_verify_result_fields.h"
#include "sv_utf8.h"
#include "sv_wipe.h"


/*
 * The object is written into memory for its largest possible size, and then
 * copied into a buffer of its real size.  Answering from the cache takes
 * little more time than this: the names are literals, which the compiler
 * copies by single moves.
 */

#define NGX_HTTP_SMTP_VERIFY_JSON_FIXED  4096       /* octets of names, words,
                                                       numbers */
#define NGX_HTTP_SMTP_VERIFY_JSON_WORD   192
#define NGX_HTTP_SMTP_VERIFY_JSON_BUF    16384


#define ngx_http_smtp_verify_lit(p, s)                                        \
    ngx_cpymem(p, s, sizeof(s) - 1)
#define ngx_http_smtp_verify_name(p, name)                                    \
    ngx_http_smtp_verify_lit(p, ",\"" name "\":")
#define ngx_http_smtp_verify_json_ms  ngx_http_smtp_verify_json_int


static u_char *ngx_http_smtp_verify_json_transcript(u_char *p,
    ngx_array_t *transcript);
static u_char *ngx_http_smtp_verify_json_str(u_char *p, const u_char *data,
    size_t len);
static u_char *ngx_http_smtp_verify_json_escape(u_char *p, const u_char *data,
    size_t len);
static ngx_uint_t ngx_http_smtp_verify_json_plain(uint64_t v);
static u_char *ngx_http_smtp_verify_json_word(u_char *p, const char *word);
static u_char *ngx_http_smtp_verify_json_tri(u_char *p, ngx_int_t tri);
static u_char *ngx_http_smtp_verify_json_int(u_char *p, ngx_int_t n);


ngx_buf_t *
ngx_http_smtp_verify_json(ngx_http_request_t *r,
    ngx_smtp_verify_result_t *result, ngx_str_t *request_id)
{
    size_t                    size;
    u_char                   *p, *last;
    ngx_buf_t                *b;
    static sv_scratch u_char  buf[NGX_HTTP_SMTP_VERIFY_JSON_BUF];

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


/* An escaped octet may take six. */

size_t
ngx_http_smtp_verify_json_size(ngx_smtp_verify_result_t *result,
    ngx_str_t *request_id)
{
    size_t                   len;
    ngx_uint_t               i;
    ngx_smtp_verify_transcript_line_t  *line;

    len = ngx_http_smtp_verify_fields_len(result) + request_id->len;

    if (result->transcript) {
        line = result->transcript->elts;

        /* an invalid octet becomes U+FFFD, which takes three */

        for (i = 0; i < result->transcript->nelts; i++) {
            len += 16 + line[i].text.len * 3;
        }
    }

    return NGX_HTTP_SMTP_VERIFY_JSON_FIXED + len * 6;
}


/* Each member begins with a comma; a brace then overwrites the first one. */

u_char *
ngx_http_smtp_verify_json_result(u_char *p, ngx_smtp_verify_result_t *result,
    ngx_str_t *request_id)
{
    u_char  *first;

    first = p;

#define FIELD(id, key, type, value, ...)                                      \
    p = ngx_http_smtp_verify_name(p, key);                                    \
    p = SV_WRITE(ngx_http_smtp_verify_json_, p, type, value);

#define GROUP(key, present)                                                   \
    p = ngx_http_smtp_verify_name(p, key);                                    \
                                                                              \
    if (!(present)) {                                                         \
        p = ngx_http_smtp_verify_lit(p, "null");                              \
                                                                              \
    } else {                                                                  \
        u_char  *first = p;

#define END()                                                                 \
        *first = '{';                                                         \
        *p++ = '}';                                                           \
    }

#define REQUEST(key)                                                          \
    p = ngx_http_smtp_verify_name(p, key);                                    \
    p = ngx_http_smtp_verify_json_str(p, request_id->data, request_id->len);

#define LINES(key, value)                                                     \
    if (value) {                                                              \
        p = ngx_http_smtp_verify_name(p, key);                                \
        p = ngx_http_smtp_verify_json_transcript(p, value);                   \
    }

#include "ngx_smtp_verify_fields.h"

    *first = '{';

    return ngx_http_smtp_verify_lit(p, "}\n");
}


static u_char *
ngx_http_smtp_verify_json_transcript(u_char *p, ngx_array_t *transcript)
{
    size_t                   len;
    ngx_uint_t               i;
    ngx_smtp_verify_transcript_line_t  *line;
    u_char                   buf[SV_REPLY_TEXT_MAX * 3];

    line = transcript->elts;

    *p++ = '[';

    for (i = 0; i < transcript->nelts; i++) {

        if (i) {
            *p++ = ',';
        }

        len = sv_utf8_clean(buf, sizeof(buf), line[i].text.data,
                            line[i].text.len);

        p = ngx_http_smtp_verify_lit(p, "{\"at_ms\":");
        p = ngx_http_smtp_verify_json_int(p, (ngx_int_t) line[i].at);

        switch (line[i].from) {

        case ngx_smtp_verify_transcript_line_sent:
            p = ngx_http_smtp_verify_lit(p, ",\"from\":\"client\"");
            break;

        case ngx_smtp_verify_transcript_line_egress:
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


/* Expects UTF-8.  An empty string becomes null. */

static u_char *
ngx_http_smtp_verify_json_str(u_char *p, const u_char *data, size_t len)
{
    if (len == 0) {
        return ngx_http_smtp_verify_lit(p, "null");
    }

    *p++ = '"';
    p = ngx_http_smtp_verify_json_escape(p, data, len);
    *p++ = '"';

    return p;
}


/* Copies eight octets at a time, because there is hardly ever one to
   escape. */

static u_char *
ngx_http_smtp_verify_json_escape(u_char *p, const u_char *data, size_t len)
{
    u_char    c;
    size_t    run;
    uint64_t  v;

    run = 0;                    /* octets before data that were copied
                                   unchanged */

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
            run = 8;
        }

        if (len == 0) {
            return p;
        }

        /* the rest is copied together with octets before it, once more */

        if (run && len < 8) {
            ngx_memcpy(&v, data + len - 8, 8);

            if (ngx_http_smtp_verify_json_plain(v)) {
                ngx_memcpy(p + len - 8, &v, 8);
                return p + len;
            }
        }

        run = 0;
        c = *data;

        if (c >= ' ' && c != '"' && c != '\\') {
            *p++ = c;

        } else {
            p = (u_char *) ngx_escape_json(p, (u_char *) data, 1);
        }

        data++;
        len--;
    }
}


/* Returns 1 if none of the octets is a control character, a quotation mark or
   a backslash. */

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


/* Writes a word of this module, which needs no escaping.  NULL becomes
   null. */

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


/* A negative value becomes null. */

static u_char *
ngx_http_smtp_verify_json_int(u_char *p, ngx_int_t n)
{
    u_char  *digit, buf[NGX_INT_T_LEN];

    if (n < 0) {
        return ngx_http_smtp_verify_lit(p, "null");
    }

    if (n < 10) {
        *p++ = (u_char) (n + '0');
        return p;
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
