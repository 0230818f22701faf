
/*
 * Results of a job as a stream: one page after the other is read in a thread,
 * and its rows are written in the event loop, a few in each turn.
 *
 *   _results.c  reads, sends
 *   _rows.c     writes the rows, and what is before and after them
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_JOBS_RESULTS_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_JOBS_RESULTS_H_INCLUDED_


#include "ngx_http_smtp_verify_jobs_handler.h"
#include "ngx_http_smtp_verify_list.h"


struct ngx_http_smtp_verify_jobs_results_s {
    ngx_http_smtp_verify_output_t  output;
    ngx_queue_t                    queue;       /* of streams of events */
    char                          *client;      /* of such a stream */
    sv_jobs_format_e               format;
    uint64_t                       left;        /* rows that are wanted */
    uint64_t                       count;       /* rows that were written; of
                                                   events: results */
    uint64_t                       waiting;     /* of the last event */
    ngx_uint_t                     state;       /* of the last event, + 1 */
    ngx_msec_t                     sent;
    size_t                         row;         /* of the page */
    sv_records_stored_t            stored;      /* columns of a CSV list */
    unsigned                       header:1;    /* was sent */
    unsigned                       done:1;
    unsigned                       untold:1;    /* hides what was cached */
};


/* the names of our columns in CSV; they end with a NUL */
ngx_str_t *ngx_http_smtp_verify_results_names(void);

ngx_int_t ngx_http_smtp_verify_results_first(
    ngx_http_smtp_verify_jobs_ctx_t *hj);
ngx_int_t ngx_http_smtp_verify_results_row(
    ngx_http_smtp_verify_jobs_ctx_t *hj, sv_job_result_t *row);
ngx_int_t ngx_http_smtp_verify_results_last(
    ngx_http_smtp_verify_jobs_ctx_t *hj);


#endif /* _NGX_HTTP_SMTP_VERIFY_JOBS_RESULTS_H_INCLUDED_ */
