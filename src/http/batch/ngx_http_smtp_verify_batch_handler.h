
/*
 * A batch over HTTP: the list is in the request, its results are in the
 * response.  These files are a source and a sink for ngx_smtp_verify_batch.h.
 *
 *   _handler.c  begins and ends the request, and runs the batch
 *   _args.c     parameters of the request
 *   _conf.c     directives
 *   _read.c     reads the body
 *   _source.c   makes records of the body
 *   _line.c     writes results, heartbeats and the summary
 *   _csv.c      formats lines of CSV
 *   _output.c   sends lines to the client
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_BATCH_HANDLER_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_BATCH_HANDLER_H_INCLUDED_


#include "ngx_http_smtp_verify_list.h"
#include "ngx_http_smtp_verify_tokens.h"


struct ngx_http_smtp_verify_batch_ctx_s {
    ngx_smtp_verify_batch_t        batch;
    ngx_http_request_t            *request;
    ngx_http_smtp_verify_batch_conf_t  *limits;
    ngx_str_t                     *request_id;
    ngx_uint_t                     untold;      /* hides what was cached */

    /* the request */
    ngx_smtp_verify_spool_t        body;
    ngx_chain_t                   *given;       /* instead of body, if another
                                                   handler has read it */
    off_t                          skip;        /* octets of the first buffer
                                                   that were used */
    off_t                          received;
    sv_records_t                   records;
    u_char                        *input;

    /* the response */
    ngx_http_smtp_verify_output_t  output;
    ngx_msec_t                     sent;
    ngx_uint_t                     status;      /* HTTP status of the batch's
                                                   error */

    unsigned                       csv:1;
    unsigned                       summary:1;   /* is wanted */
    unsigned                       reading:1;   /* the body comes in */
    unsigned                       eof:1;       /* the body has ended */
    unsigned                       header:1;    /* was sent */
    unsigned                       first:1;     /* a line was written */
};


/* _handler.c */
ngx_int_t ngx_http_smtp_verify_batch_handler(ngx_http_request_t *r);
void ngx_http_smtp_verify_batch_fail(ngx_http_smtp_verify_batch_ctx_t *hb,
    ngx_uint_t status, const char *error, const char *detail);
ngx_int_t ngx_http_smtp_verify_batch_send_header(
    ngx_http_smtp_verify_batch_ctx_t *hb);

/* _conf.c */
char *ngx_http_smtp_verify_batch_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_smtp_verify_batch_create(ngx_http_smtp_verify_loc_conf_t *conf);
void ngx_http_smtp_verify_batch_merge(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);

/* _args.c: returns NGX_DECLINED if all is well; otherwise what the content
   handler returns */
ngx_int_t ngx_http_smtp_verify_batch_args(
    ngx_http_smtp_verify_batch_ctx_t *hb);

/* _read.c: returns what a content handler returns */
ngx_int_t ngx_http_smtp_verify_batch_read(ngx_http_request_t *r);

/* _source.c */
ngx_int_t ngx_http_smtp_verify_batch_source(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec);

/* _line.c */
void ngx_http_smtp_verify_batch_line_result(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result);
void ngx_http_smtp_verify_batch_line_error(ngx_smtp_verify_batch_t *b,
    uint64_t index, const char *error, const char *detail);
void ngx_http_smtp_verify_batch_line_heartbeat(ngx_smtp_verify_batch_t *b);
void ngx_http_smtp_verify_batch_line_summary(ngx_smtp_verify_batch_t *b);

/* _output.c */
void ngx_http_smtp_verify_batch_write(ngx_smtp_verify_batch_t *b,
    u_char *data, size_t len);
ngx_uint_t ngx_http_smtp_verify_batch_blocked(ngx_smtp_verify_batch_t *b);
ngx_int_t ngx_http_smtp_verify_batch_flush(
    ngx_http_smtp_verify_batch_ctx_t *hb);
void ngx_http_smtp_verify_batch_writer(ngx_http_request_t *r);


#endif /* _NGX_HTTP_SMTP_VERIFY_BATCH_HANDLER_H_INCLUDED_ */
