
/*
 * What batches and jobs have in common: the parameters that say how a list is
 * to be read, and how a line of the answer is written.
 *
 *   _args.c    parameters of the request
 *   _line.c    formats lines of JSON
 *   _csv.c     formats lines of CSV
 *   _output.c  sends them
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_LIST_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_LIST_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"
#include "sv_records.h"


#define NGX_HTTP_SMTP_VERIFY_ARG_NONE    ((ngx_uint_t) -1)

/* octets of a line beside the result and what came with the address */
#define NGX_HTTP_SMTP_VERIFY_LINE_FIXED  128
#define NGX_HTTP_SMTP_VERIFY_LINE_ERROR  1024


/* a value of a parameter; a list of these ends with an empty name */

typedef struct {
    ngx_str_t   name;
    ngx_uint_t  value;
} ngx_http_smtp_verify_word_t;


/* what is written, and what the client has not taken yet */

typedef struct {
    ngx_http_request_t  *request;       /* set by the owner */
    ngx_chain_t         *out;
    ngx_chain_t         *last_out;
    ngx_chain_t         *busy;
    ngx_chain_t         *free;
    size_t               pending;
} ngx_http_smtp_verify_output_t;


extern ngx_http_smtp_verify_word_t  ngx_http_smtp_verify_flags[];


/* _args.c */

/* Returns the value of a parameter, "missing" if it is not given, _ARG_NONE if
   it is none of the words. */
ngx_uint_t ngx_http_smtp_verify_list_arg(ngx_http_request_t *r,
    const char *name, ngx_http_smtp_verify_word_t *words, ngx_uint_t missing);
/* Sets the format, the column and the delimiter.  Returns NGX_DECLINED if all
   is well, otherwise what the content handler returns. */
ngx_int_t ngx_http_smtp_verify_list_input(ngx_http_request_t *r,
    sv_records_t *records);
/* sends a problem */
ngx_int_t ngx_http_smtp_verify_list_invalid(ngx_http_request_t *r,
    const char *detail);
/* whether the client names this type in its Accept header */
ngx_uint_t ngx_http_smtp_verify_list_accepts(ngx_http_request_t *r,
    const char *type);

/* _line.c: these write whole lines.  *input may be empty; members: further ones
   as JSON, each with a comma before it, or NULL. */
u_char *ngx_http_smtp_verify_line_result(u_char *p, uint64_t index,
    ngx_str_t *input, ngx_str_t *members, ngx_smtp_verify_result_t *result,
    ngx_str_t *request_id);
/* writes up to _LINE_ERROR octets */
u_char *ngx_http_smtp_verify_line_error(u_char *p, uint64_t index,
    const char *error, const char *detail);
/* "status":{...},"reason":{...} */
u_char *ngx_http_smtp_verify_line_counts(u_char *p, u_char *last,
    uint64_t *statuses, uint64_t *reasons);

/* _csv.c: these write whole lines; _head() returns the names of our columns,
   and _more() the number of columns that are copied from the input */
ngx_str_t *ngx_http_smtp_verify_csv_head(void);
ngx_uint_t ngx_http_smtp_verify_csv_more(sv_records_t *records);
size_t ngx_http_smtp_verify_csv_size(ngx_smtp_verify_result_t *result);
u_char *ngx_http_smtp_verify_csv_result(u_char *p, uint64_t index,
    ngx_str_t *input, ngx_smtp_verify_result_t *result);
u_char *ngx_http_smtp_verify_csv_note(u_char *p, u_char *last, ngx_str_t *name,
    const char *error, u_char *detail, size_t len, ngx_uint_t columns);

/* _output.c: _header() sends the header of an answer of unknown length, whose
   type the caller has set; "writer" goes on when the client has taken some.
   Returns NGX_OK or NGX_ERROR. */
ngx_int_t ngx_http_smtp_verify_output_header(ngx_http_request_t *r,
    ngx_str_t *request_id, ngx_http_event_handler_pt writer);
/* _send() is called after the header was sent, and again when the
   client has taken something.  While it is blocked nothing more should be
   written. */
ngx_int_t ngx_http_smtp_verify_output_write(ngx_http_smtp_verify_output_t *o,
    u_char *data, size_t len);
ngx_uint_t ngx_http_smtp_verify_output_blocked(
    ngx_http_smtp_verify_output_t *o);
ngx_int_t ngx_http_smtp_verify_output_send(ngx_http_smtp_verify_output_t *o);


#endif /* _NGX_HTTP_SMTP_VERIFY_LIST_H_INCLUDED_ */
