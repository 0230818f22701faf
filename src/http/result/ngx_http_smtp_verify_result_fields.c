
#include "ngx_http_smtp_verify_result_fields.h"


/* fields without a place in the order are put after its end */

#define NGX_HTTP_SMTP_VERIFY_NOWHERE  NGX_HTTP_SMTP_VERIFY_FIELDS

#define ngx_http_smtp_verify_place(n, id)                                     \
    [(n) ? (n) - 1                                                            \
         : NGX_HTTP_SMTP_VERIFY_NOWHERE + ngx_http_smtp_verify_field_##id]    \
        = ngx_http_smtp_verify_field_##id,

#define ngx_http_smtp_verify_named(name, prefix)                              \
    { sizeof(name) > 1 ? sizeof(prefix name) - 1 : 0, (u_char *) prefix name }


static ngx_uint_t ngx_http_smtp_verify_text_str(ngx_str_t *text,
    const u_char *data, size_t len);
static ngx_uint_t ngx_http_smtp_verify_text_word(ngx_str_t *text,
    const char *word);
static ngx_uint_t ngx_http_smtp_verify_text_tri(ngx_str_t *text,
    ngx_int_t tri);
static ngx_uint_t ngx_http_smtp_verify_text_int(ngx_str_t *text, ngx_int_t n);
static ngx_uint_t ngx_http_smtp_verify_text_ms(ngx_str_t *text, ngx_msec_t ms);


ngx_http_smtp_verify_field_t  ngx_http_smtp_verify_result_fields[] = {
#define FIELD(id, key, type, value, stored, csv, header, name, label)         \
    { ngx_string(key), ngx_http_smtp_verify_named(name, "smtp_verify_"),      \
      ngx_http_smtp_verify_named(label, "X-Email-Verify-"),                   \
      ngx_http_smtp_verify_named(name, "x-email-verify-") },
#define INNER(column, id, key, ...)  FIELD(id, column, __VA_ARGS__)
#include "ngx_smtp_verify_fields.h"
};


const u_char  ngx_http_smtp_verify_columns[] = {
#define FIELD(id, key, type, value, stored, csv, header, name, label)         \
    ngx_http_smtp_verify_place(csv, id)
#include "ngx_smtp_verify_fields.h"
};


const u_char  ngx_http_smtp_verify_headers[] = {
#define FIELD(id, key, type, value, stored, csv, header, name, label)         \
    ngx_http_smtp_verify_place(header, id)
#include "ngx_smtp_verify_fields.h"
};


/* Checks that no place in the order is left out.  The compiler itself reports
   a place that is used twice. */

#define FIELD(id, key, type, value, stored, csv, header, name, label)         \
    typedef char  ngx_http_smtp_verify_##id##_place[                          \
                      csv <= NGX_HTTP_SMTP_VERIFY_COLUMNS                     \
                      && header <= NGX_HTTP_SMTP_VERIFY_HEADERS ? 1 : -1];
#include "ngx_smtp_verify_fields.h"


ngx_uint_t
ngx_http_smtp_verify_field(ngx_smtp_verify_result_t *result, ngx_uint_t field,
    ngx_str_t *text)
{
    switch (field) {

#define FIELD(id, key, type, value, ...)                                      \
    case ngx_http_smtp_verify_field_##id:                                     \
        return SV_WRITE(ngx_http_smtp_verify_text_, text, type, value);
#include "ngx_smtp_verify_fields.h"

    default:
        return ngx_http_smtp_verify_text_str(text, NULL, 0);
    }
}


ngx_int_t
ngx_http_smtp_verify_field_text(ngx_pool_t *pool,
    ngx_smtp_verify_result_t *result, ngx_uint_t field, ngx_str_t *text)
{
    u_char  buf[NGX_HTTP_SMTP_VERIFY_NUMBER_LEN];

    text->data = buf;

    (void) ngx_http_smtp_verify_field(result, field, text);

    if (text->data != buf) {
        return NGX_OK;
    }

    text->data = ngx_pnalloc(pool, text->len);
    if (text->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(text->data, buf, text->len);

    return NGX_OK;
}


size_t
ngx_http_smtp_verify_fields_len(ngx_smtp_verify_result_t *result)
{
    size_t  len;

#define ngx_http_smtp_verify_len_str(p, data, n)  (n)
#define ngx_http_smtp_verify_len_word(p, word)    0
#define ngx_http_smtp_verify_len_tri(p, tri)      0
#define ngx_http_smtp_verify_len_int(p, n)        0
#define ngx_http_smtp_verify_len_ms(p, ms)        0

    len = 0;

#define FIELD(id, key, type, value, ...)                                      \
    len += SV_WRITE(ngx_http_smtp_verify_len_, NULL, type, value);
#include "ngx_smtp_verify_fields.h"

    return len;
}


static ngx_uint_t
ngx_http_smtp_verify_text_str(ngx_str_t *text, const u_char *data, size_t len)
{
    text->data = (u_char *) data;
    text->len = len;

    return 1;
}


static ngx_uint_t
ngx_http_smtp_verify_text_word(ngx_str_t *text, const char *word)
{
    text->data = (u_char *) word;
    text->len = word ? ngx_strlen(word) : 0;

    return 0;
}


static ngx_uint_t
ngx_http_smtp_verify_text_tri(ngx_str_t *text, ngx_int_t tri)
{
    return ngx_http_smtp_verify_text_word(text, tri < 0 ? NULL
                                                : tri ? "true" : "false");
}


static ngx_uint_t
ngx_http_smtp_verify_text_int(ngx_str_t *text, ngx_int_t n)
{
    if (n < 0) {
        return ngx_http_smtp_verify_text_word(text, NULL);
    }

    text->len = ngx_sprintf(text->data, "%i", n) - text->data;

    return 0;
}


/* In seconds, like $request_time. */

static ngx_uint_t
ngx_http_smtp_verify_text_ms(ngx_str_t *text, ngx_msec_t ms)
{
    text->len = ngx_sprintf(text->data, "%M.%03M", ms / 1000, ms % 1000)
                - text->data;

    return 0;
}
