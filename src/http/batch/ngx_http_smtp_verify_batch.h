
/*
 * A list in, verdicts out, as they come.
 *
 *   batch.c    a request's life: its beginning, its beat, its end
 *   _args.c    what it asks for
 *   _conf.c    directives
 *   _read.c    the body
 *   _spool.c   bytes that wait: in memory, then in a temporary file
 *   _work.c    a record becomes a lookup, and that a line
 *   _domain.c  destinations take turns
 *   _seen.c    duplicates, and what the cache does not keep
 *   _again.c   those that are to be asked once more
 *   _line.c    what a line looks like
 *   _csv.c     and in CSV
 *   _output.c  lines on their way to the client
 *
 * Events of a batch only post "work", which does all that may end it.
 */


#ifndef _NGX_HTTP_SMTP_VERIFY_BATCH_H_INCLUDED_
#define _NGX_HTTP_SMTP_VERIFY_BATCH_H_INCLUDED_


#include "ngx_http_smtp_verify_module.h"
#include "ngx_http_smtp_verify_tokens.h"
#include "sv_records.h"


#define NGX_HTTP_SMTP_VERIFY_BATCH_DOMAINS  256     /* buckets of hashes */
#define NGX_HTTP_SMTP_VERIFY_BATCH_SEEN     1024
#define NGX_HTTP_SMTP_VERIFY_BATCH_TURN     128     /* records, then others */

typedef struct ngx_http_smtp_verify_item_s    ngx_http_smtp_verify_item_t;
typedef struct ngx_http_smtp_verify_seen_s    ngx_http_smtp_verify_seen_t;


typedef struct {
    ngx_http_request_t            *request;
    ngx_temp_file_t               *file;        /* behind what is in memory */
    off_t                          read;
    ngx_chain_t                   *given;       /* others', in its place */
    off_t                          skip;        /* of the first of these */
    u_char                        *start;
    u_char                        *pos;
    u_char                        *last;
    u_char                        *end;
} ngx_http_smtp_verify_spool_t;


/* records of one domain */

typedef struct {
    ngx_queue_t                    queue;       /* of the bucket */
    ngx_queue_t                    ready;       /* has one that may begin */
    ngx_queue_t                    held;        /* items */
    uint32_t                       hash;
    ngx_uint_t                     active;
    ngx_uint_t                     items;
    unsigned                       is_ready:1;
} ngx_http_smtp_verify_domain_t;


/* a record that has to wait for something */

struct ngx_http_smtp_verify_item_s {
    ngx_queue_t                    queue;       /* held, or of the first of
                                                   its address */
    ngx_queue_t                    all;
    ngx_queue_t                    followers;   /* of the same address */
    ngx_pool_t                    *pool;
    ngx_http_smtp_verify_batch_t  *batch;
    ngx_http_smtp_verify_domain_t *domain;
    ngx_http_smtp_verify_seen_t   *seen;
    uint64_t                       index;
    uint64_t                       offset;
    ngx_str_t                      email;
    ngx_str_t                      input;       /* as it will be written */
    ngx_uint_t                     tries;
    ngx_smtp_verify_question_t     question;

    unsigned                       active:1;
    unsigned                       held:1;      /* by its domain */
    unsigned                       follows:1;
};


struct ngx_http_smtp_verify_batch_s {
    ngx_http_request_t            *request;
    ngx_http_smtp_verify_loc_conf_t   *conf;
    ngx_http_smtp_verify_batch_conf_t *limits;
    ngx_str_t                     *request_id;
    ngx_uint_t                     untold;      /* what was cached */
    ngx_event_t                    work;
    ngx_event_t                    tick;
    ngx_msec_t                     start;
    ngx_msec_t                     deadline;

    /* asked for */
    ngx_smtp_verify_asker_t        asker;
    ngx_msec_t                     wait;        /* for those asked again */

    /* what comes */
    ngx_http_smtp_verify_spool_t   body;
    off_t                          received;
    sv_records_t                   records;

    /* what is under way */
    ngx_queue_t                    items;
    ngx_queue_t                    ready;       /* domains */
    ngx_uint_t                     active;
    ngx_uint_t                     held;
    ngx_queue_t                    domains[NGX_HTTP_SMTP_VERIFY_BATCH_DOMAINS];
    ngx_queue_t                   *seen;
    ngx_queue_t                    recent;
    ngx_uint_t                     nseen;

    /* what is asked again: this time, and next time */
    ngx_http_smtp_verify_spool_t   again[2];
    ngx_uint_t                     pass;
    ngx_msec_t                     due;
    ngx_msec_t                     ended;       /* all were asked once */

    /* what goes out */
    u_char                        *input;
    ngx_chain_t                   *out;
    ngx_chain_t                   *last_out;
    ngx_chain_t                   *busy;
    ngx_chain_t                   *free;
    size_t                         pending;
    ngx_str_t                     *window;      /* ordered: by index */
    uint64_t                       emit;        /* the next one */
    ngx_msec_t                     sent;

    /* what is told at the end */
    const char                    *error;
    const char                    *detail;
    ngx_uint_t                     status;      /* of HTTP, if it can be */
    uint64_t                       answered;
    uint64_t                       errors;
    uint64_t                       duplicates;
    uint64_t                       retried;
    uint64_t                       waiting;     /* to be asked again */
    uint64_t                       resume;
    uint64_t                       resume_offset;
    uint64_t                       statuses[SV_UNDELIVERABLE + 1];
    uint64_t                       reasons[SV_REASON_MAX];

    unsigned                       csv:1;
    unsigned                       ordered:1;
    unsigned                       summary:1;   /* is wanted */
    unsigned                       reading:1;   /* the body */
    unsigned                       parsed:1;    /* all of it, or it is given
                                                   up */
    unsigned                       asked:1;     /* all of it, once */
    unsigned                       stopped:1;   /* nothing more is asked */
    unsigned                       hurry:1;     /* … nor waited for */
    unsigned                       full:1;      /* too many probes, not ours */
    unsigned                       header:1;    /* was sent */
    unsigned                       first:1;     /* line was */
    unsigned                       done:1;
    unsigned                       failed:1;    /* the client is gone */
};


/* batch.c */
ngx_int_t ngx_http_smtp_verify_batch_handler(ngx_http_request_t *r);
void ngx_http_smtp_verify_batch_wake(ngx_http_smtp_verify_batch_t *b);
void ngx_http_smtp_verify_batch_error(ngx_http_smtp_verify_batch_t *b,
    ngx_uint_t status, const char *error, const char *detail);
ngx_int_t ngx_http_smtp_verify_batch_send_header(
    ngx_http_smtp_verify_batch_t *b);

/* _conf.c */
char *ngx_http_smtp_verify_batch_set(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_smtp_verify_batch_create(ngx_http_smtp_verify_loc_conf_t *conf);
void ngx_http_smtp_verify_batch_merge(ngx_conf_t *cf,
    ngx_http_smtp_verify_loc_conf_t *prev,
    ngx_http_smtp_verify_loc_conf_t *conf);

/* _args.c: NGX_DECLINED: all is well; else what the request ends with */
ngx_int_t ngx_http_smtp_verify_batch_args(ngx_http_smtp_verify_batch_t *b);

/* _read.c: what a content handler returns */
ngx_int_t ngx_http_smtp_verify_batch_read(ngx_http_request_t *r);

/* _spool.c */
ngx_int_t ngx_http_smtp_verify_spool_add(ngx_http_smtp_verify_spool_t *s,
    u_char *data, size_t len);
/* what somebody else has, in memory or in a file, and keeps */
ngx_int_t ngx_http_smtp_verify_spool_give(ngx_http_smtp_verify_spool_t *s,
    ngx_chain_t *chain);
/* more into memory: NGX_OK; NGX_DECLINED: there is none; or no room */
ngx_int_t ngx_http_smtp_verify_spool_fill(ngx_http_smtp_verify_spool_t *s);

/* _work.c */
ngx_int_t ngx_http_smtp_verify_batch_work(ngx_http_smtp_verify_batch_t *b);
ngx_http_smtp_verify_item_t *ngx_http_smtp_verify_batch_item(
    ngx_http_smtp_verify_batch_t *b, ngx_str_t *email, ngx_str_t *input);
void ngx_http_smtp_verify_batch_dispatch(ngx_http_smtp_verify_item_t *item);
void ngx_http_smtp_verify_batch_stop(ngx_http_smtp_verify_batch_t *b,
    sv_reason_e reason);
void ngx_http_smtp_verify_batch_cancel(ngx_http_smtp_verify_batch_t *b);

/* _domain.c */
ngx_int_t ngx_http_smtp_verify_domain_add(ngx_http_smtp_verify_item_t *item);
ngx_uint_t ngx_http_smtp_verify_domain_free(ngx_http_smtp_verify_item_t *item);
void ngx_http_smtp_verify_domain_hold(ngx_http_smtp_verify_item_t *item,
    ngx_uint_t first);
void ngx_http_smtp_verify_domain_take(ngx_http_smtp_verify_item_t *item);
void ngx_http_smtp_verify_domain_start(ngx_http_smtp_verify_item_t *item);
void ngx_http_smtp_verify_domain_end(ngx_http_smtp_verify_item_t *item);
void ngx_http_smtp_verify_domain_leave(ngx_http_smtp_verify_item_t *item);
ngx_http_smtp_verify_item_t *ngx_http_smtp_verify_domain_next(
    ngx_http_smtp_verify_batch_t *b);

/* _seen.c: NGX_OK: the result; NGX_AGAIN: *item asks it, too; NGX_DECLINED:
   neither, and it is noted that this item asks */
ngx_int_t ngx_http_smtp_verify_seen_find(ngx_http_smtp_verify_batch_t *b,
    ngx_str_t *email, ngx_smtp_verify_result_t **result,
    ngx_http_smtp_verify_item_t **item);
void ngx_http_smtp_verify_seen_add(ngx_http_smtp_verify_item_t *item);
void ngx_http_smtp_verify_seen_keep(ngx_http_smtp_verify_item_t *item,
    ngx_smtp_verify_result_t *result);
void ngx_http_smtp_verify_seen_drop(ngx_http_smtp_verify_item_t *item);
void ngx_http_smtp_verify_seen_free(ngx_http_smtp_verify_batch_t *b);

/* _again.c: NGX_OK: it will be asked again */
ngx_int_t ngx_http_smtp_verify_again_add(ngx_http_smtp_verify_item_t *item,
    ngx_smtp_verify_result_t *result);
/* NGX_OK: one was dealt with; NGX_AGAIN: later; NGX_DONE: there are none */
ngx_int_t ngx_http_smtp_verify_again_next(ngx_http_smtp_verify_batch_t *b);

/* _line.c */
void ngx_http_smtp_verify_line_result(ngx_http_smtp_verify_batch_t *b,
    uint64_t index, uint64_t offset, ngx_str_t *input,
    ngx_smtp_verify_result_t *result);
void ngx_http_smtp_verify_line_reason(ngx_http_smtp_verify_batch_t *b,
    ngx_http_smtp_verify_item_t *item, sv_reason_e reason);
void ngx_http_smtp_verify_line_error(ngx_http_smtp_verify_batch_t *b,
    uint64_t index, const char *error, const char *detail);
void ngx_http_smtp_verify_line_heartbeat(ngx_http_smtp_verify_batch_t *b);
void ngx_http_smtp_verify_line_summary(ngx_http_smtp_verify_batch_t *b);

/* _csv.c: with the end of the line */
size_t ngx_http_smtp_verify_csv_size(ngx_smtp_verify_result_t *result);
u_char *ngx_http_smtp_verify_csv_result(u_char *p, uint64_t index,
    ngx_str_t *input, ngx_smtp_verify_result_t *result);
u_char *ngx_http_smtp_verify_csv_note(u_char *p, u_char *last, ngx_str_t *name,
    const char *error, u_char *detail, size_t len, ngx_uint_t columns);
ngx_uint_t ngx_http_smtp_verify_csv_more(ngx_http_smtp_verify_batch_t *b);
/* before the first record: names of ours that no other column may have */
void ngx_http_smtp_verify_csv_init(ngx_http_smtp_verify_batch_t *b);
void ngx_http_smtp_verify_csv_names(ngx_http_smtp_verify_batch_t *b);

/* _output.c: index: -1: of no record */
void ngx_http_smtp_verify_batch_emit(ngx_http_smtp_verify_batch_t *b,
    int64_t index, u_char *data, size_t len);
ngx_int_t ngx_http_smtp_verify_batch_flush(ngx_http_smtp_verify_batch_t *b);
void ngx_http_smtp_verify_batch_writer(ngx_http_request_t *r);
ngx_uint_t ngx_http_smtp_verify_batch_blocked(
    ngx_http_smtp_verify_batch_t *b);


#endif /* _NGX_HTTP_SMTP_VERIFY_BATCH_H_INCLUDED_ */
