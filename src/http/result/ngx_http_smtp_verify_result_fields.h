
/* The fields of a result as text, for CSV, headers and variables. */


#ifndef _NGX_HTTP_SMTP_VERIFY_RESULT_FIELDS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_RESULT_FIELDS_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"


/* length of a number as text */

#define NGX_HTTP_SMTP_VERIFY_NUMBER_LEN  (NGX_INT_T_LEN + sizeof(".000") - 1)


typedef enum {
#define FIELD(id, ...)  ngx_http_smtp_verify_field_##id,
#include "ngx_smtp_verify_fields.h"
    NGX_HTTP_SMTP_VERIFY_FIELDS
} ngx_http_smtp_verify_field_e;


enum {
    NGX_HTTP_SMTP_VERIFY_COLUMNS = 0
#define FIELD(id, key, type, value, stored, csv, header, name, label)         \
        + (csv > 0)
#include "ngx_smtp_verify_fields.h"
    ,

    NGX_HTTP_SMTP_VERIFY_HEADERS = 0
#define FIELD(id, key, type, value, stored, csv, header, name, label)         \
        + (header > 0)
#include "ngx_smtp_verify_fields.h"
};


typedef struct {
    ngx_str_t   key;
    ngx_str_t   variable;       /* empty if the field has none; so are the
                                   other names */
    ngx_str_t   header;
    ngx_str_t   lowcase;
} ngx_http_smtp_verify_field_t;


extern ngx_http_smtp_verify_field_t  ngx_http_smtp_verify_result_fields[];

/* the fields that are columns of CSV, and headers, in the order of these */
extern const u_char  ngx_http_smtp_verify_columns[];
extern const u_char  ngx_http_smtp_verify_headers[];

/*
 * Sets *text to the field, or to an empty string if it is null.  The caller
 * sets text->data to a buffer of NGX_HTTP_SMTP_VERIFY_NUMBER_LEN octets, which
 * is used for numbers.  Returns 1 if the text may come from others.
 */
ngx_uint_t ngx_http_smtp_verify_field(ngx_smtp_verify_result_t *result,
    ngx_uint_t field, ngx_str_t *text);

/* the same, but allocates memory for a number from the pool */
ngx_int_t ngx_http_smtp_verify_field_text(ngx_pool_t *pool,
    ngx_smtp_verify_result_t *result, ngx_uint_t field, ngx_str_t *text);

/* the total length of the fields whose text may come from others */
size_t ngx_http_smtp_verify_fields_len(ngx_smtp_verify_result_t *result);


#endif /* _NGX_HTTP_SMTP_VERIFY_RESULT_FIELDS_H_INCLUDED_ */
