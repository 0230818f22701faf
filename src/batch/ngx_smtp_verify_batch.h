
/*
 * The engine that verifies a list.  It reads records from a source, verifies
 * them on behalf of an asker, and hands the results to a sink.  It does not
 * need an HTTP request.
 *
 *   batch.c        starts, runs and ends a batch
 *   batch_work.c   makes a question of a record, and a result of its answer
 *   batch_domain.c lets domains take turns
 *   batch_seen.c   remembers recent addresses, so that duplicates cost nothing
 *   batch_again.c  retries records, such as greylisted ones
 *   batch_order.c  writes results in the order of the records
 *   spool.c        stores bytes: in memory, then in a temporary file
 *
 * The owner zeroes the structure, sets the fields marked as given, and calls
 * _init(), then _start().  From then on the engine calls the owner's handler
 * once in each turn of the event loop in which there is work.  The handler
 * calls _run() and then looks at "done" and "failed".  _run() reads records
 * while there is room for them.  The source is only called from _run(); the
 * sink is also called when a probe ends.  The owner may call _free() at any
 * time, and has to call it at the end.
 */


#ifndef _NGX_SMTP_VERIFY_BATCH_H_INCLUDED_
#define _NGX_SMTP_VERIFY_BATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_smtp_verify_question.h"
#include "ngx_smtp_verify_spool.h"


#define NGX_SMTP_VERIFY_BATCH_DOMAINS  256      /* hash buckets */
#define NGX_SMTP_VERIFY_BATCH_SEEN     1024
#define NGX_SMTP_VERIFY_BATCH_NONE     ((uint64_t) -1)


typedef struct ngx_smtp_verify_batch_s       ngx_smtp_verify_batch_t;
typedef struct ngx_smtp_verify_batch_item_s  ngx_smtp_verify_batch_item_t;
typedef struct ngx_smtp_verify_batch_seen_s  ngx_smtp_verify_batch_seen_t;


/* where a record is in the list */

typedef struct {
    uint64_t                       index;
    uint64_t                       offset;      /* in bytes, or what else the
                                                   source finds it by */
} ngx_smtp_verify_batch_place_t;


typedef struct {
    ngx_smtp_verify_batch_place_t  place;
    ngx_str_t                      email;
    ngx_str_t                      input;       /* other fields of the record,
                                                   which only the sink reads */
    const char                    *error;       /* a word, if the record has no
                                                   valid address; else NULL */
    const char                    *detail;
    ngx_uint_t                     tries;       /* how often it was asked
                                                   before */
    ngx_uint_t                     canary;      /* it is asked to ask a canary:
                                                   it costs nothing, and is not
                                                   answered from the cache */
} ngx_smtp_verify_batch_record_t;


/*
 * Reads the next record and sets b->next.  Returns NGX_OK with a record that is
 * valid until the next call; NGX_DECLINED if it has to be called again;
 * NGX_AGAIN if there is nothing to read now, and the source will call _wake();
 * NGX_DONE if there are no more records.  If some are missing, the source calls
 * _error() before it returns NGX_DONE.
 */
typedef ngx_int_t (*ngx_smtp_verify_batch_source_pt)
    (ngx_smtp_verify_batch_t *b, ngx_smtp_verify_batch_record_t *rec);


typedef struct {
    /* the result is valid until this returns */
    void                         (*result)(ngx_smtp_verify_batch_t *b,
                                       ngx_smtp_verify_batch_record_t *rec,
                                       ngx_smtp_verify_result_t *result);
    void                         (*error)(ngx_smtp_verify_batch_t *b,
                                       uint64_t index, const char *error,
                                       const char *detail);
    /* 1: the sink is full, so no record is begun until it calls _wake() */
    ngx_uint_t                   (*blocked)(ngx_smtp_verify_batch_t *b);
    /* writes what _emit() got; NULL if the sink does not call _emit() */
    void                         (*write)(ngx_smtp_verify_batch_t *b,
                                       u_char *data, size_t len);
} ngx_smtp_verify_batch_sink_t;


typedef struct {
    ngx_uint_t                     probes;
    ngx_uint_t                     domain_probes;
    ngx_uint_t                     window;      /* records in memory at most */
} ngx_smtp_verify_batch_limits_t;


/* records of one domain */

typedef struct {
    ngx_queue_t                    queue;       /* of the bucket */
    ngx_queue_t                    ready;       /* of domains with a record
                                                   that may begin */
    ngx_queue_t                    held;        /* items that wait */
    uint32_t                       hash;
    ngx_uint_t                     active;
    ngx_uint_t                     items;
    unsigned                       is_ready:1;
} ngx_smtp_verify_batch_domain_t;


/* a record that is being verified, or waits */

struct ngx_smtp_verify_batch_item_s {
    ngx_queue_t                    queue;       /* of its domain's held ones,
                                                   or of followers */
    ngx_queue_t                    all;
    ngx_queue_t                    followers;   /* duplicates that wait for
                                                   this one's result */
    ngx_pool_t                    *pool;
    ngx_smtp_verify_batch_t       *batch;
    ngx_smtp_verify_batch_domain_t  *domain;
    ngx_smtp_verify_batch_seen_t  *seen;
    ngx_smtp_verify_batch_record_t  rec;
    ngx_uint_t                     tries;
    ngx_smtp_verify_question_t     question;

    unsigned                       active:1;
    unsigned                       held:1;      /* by its domain */
    unsigned                       follows:1;
};


struct ngx_smtp_verify_batch_s {
    /* given */
    void                          *data;        /* the owner's */
    void                         (*handler)(ngx_smtp_verify_batch_t *b);
    void                         (*asking)(ngx_smtp_verify_batch_t *b,
                                       ngx_str_t *email);   /* or NULL */
    ngx_smtp_verify_batch_source_pt  source;
    ngx_smtp_verify_batch_sink_t  *sink;
    ngx_smtp_verify_asker_t        asker;
    ngx_smtp_verify_batch_limits_t limits;
    ngx_pool_t                    *pool;
    ngx_log_t                     *log;
    ngx_path_t                    *temp_path;
    ngx_msec_t                     timeout;
    ngx_msec_t                     wait;        /* for retries, after every
                                                   record was asked once */
    ngx_msec_t                     start;       /* set by _init() */
    ngx_msec_t                     deadline;

    /* set by the source */
    ngx_smtp_verify_batch_place_t  next;        /* of the next record */

    /* what is under way */
    ngx_event_t                    work;
    ngx_event_t                    tick;
    ngx_queue_t                    items;
    ngx_queue_t                    ready;       /* domains */
    ngx_uint_t                     active;
    ngx_uint_t                     held;
    ngx_queue_t                    domains[NGX_SMTP_VERIFY_BATCH_DOMAINS];
    ngx_queue_t                   *seen;
    ngx_queue_t                    recent;
    ngx_uint_t                     nseen;

    /* records to be retried: in this pass, and in the next one */
    ngx_smtp_verify_spool_t        again[2];
    ngx_uint_t                     pass;
    ngx_msec_t                     due;
    ngx_msec_t                     ended;       /* when every record was
                                                   asked once */

    /* results that wait for an earlier one, if ordered; by index */
    ngx_str_t                     *window;
    uint64_t                       emit;        /* index of the next output */

    /* set for the owner */
    const char                    *error;       /* why it is not complete */
    const char                    *detail;
    uint64_t                       answered;
    uint64_t                       errors;
    uint64_t                       duplicates;
    uint64_t                       retried;
    uint64_t                       waiting;     /* to be retried */
    ngx_smtp_verify_batch_place_t  resume;      /* the first record that was
                                                   not verified; index
                                                   _BATCH_NONE: none */
    uint64_t                       statuses[SV_UNDELIVERABLE + 1];
    uint64_t                       reasons[SV_REASON_MAX];

    unsigned                       ordered:1;   /* set by the owner */
    unsigned                       unique:1;    /* likewise: the source gives no
                                                   address twice */
    unsigned                       parsed:1;    /* the source has ended */
    unsigned                       asked:1;     /* every record, once */
    unsigned                       stopped:1;   /* no record is begun */
    unsigned                       hurry:1;     /* nor waited for */
    unsigned                       full:1;      /* other requests use all
                                                   probes of the worker */
    unsigned                       done:1;      /* the sink has all results */
    unsigned                       failed:1;    /* the sink cannot be used */
};


/* batch.c */
ngx_int_t ngx_smtp_verify_batch_init(ngx_smtp_verify_batch_t *b);
void ngx_smtp_verify_batch_start(ngx_smtp_verify_batch_t *b);
void ngx_smtp_verify_batch_free(ngx_smtp_verify_batch_t *b);
void ngx_smtp_verify_batch_wake(ngx_smtp_verify_batch_t *b);
void ngx_smtp_verify_batch_run(ngx_smtp_verify_batch_t *b);
/* stops the engine; its counters stay valid until _free() */
void ngx_smtp_verify_batch_end(ngx_smtp_verify_batch_t *b);
/* only the first error is kept; records that were read before it are still
   verified */
void ngx_smtp_verify_batch_error(ngx_smtp_verify_batch_t *b,
    const char *error, const char *detail);
/* records from this one on have to be sent again to complete the batch */
void ngx_smtp_verify_batch_resume(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_place_t *place);
/* hand a result, a reason or an error to the sink, and count it */
void ngx_smtp_verify_batch_result(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result);
void ngx_smtp_verify_batch_reason(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, sv_reason_e reason);
void ngx_smtp_verify_batch_wrong(ngx_smtp_verify_batch_t *b, uint64_t index,
    const char *error, const char *detail);

/*
 * batch_work.c.  _work() returns NGX_AGAIN if there is more to do in the next
 * turn of the event loop, else NGX_OK: then the next event will wake the batch.
 */
ngx_int_t ngx_smtp_verify_batch_work(ngx_smtp_verify_batch_t *b);
ngx_smtp_verify_batch_item_t *ngx_smtp_verify_batch_item(
    ngx_smtp_verify_batch_t *b, ngx_smtp_verify_batch_record_t *rec);
void ngx_smtp_verify_batch_dispatch(ngx_smtp_verify_batch_item_t *item);
/* what is left gets that reason; none: it gets no line, and is resumed */
void ngx_smtp_verify_batch_stop(ngx_smtp_verify_batch_t *b,
    sv_reason_e reason);
void ngx_smtp_verify_batch_cancel(ngx_smtp_verify_batch_t *b);

/* batch_domain.c */
ngx_int_t ngx_smtp_verify_batch_domain_add(ngx_smtp_verify_batch_item_t *item);
ngx_uint_t ngx_smtp_verify_batch_domain_free(
    ngx_smtp_verify_batch_item_t *item);
void ngx_smtp_verify_batch_domain_hold(ngx_smtp_verify_batch_item_t *item,
    ngx_uint_t first);
void ngx_smtp_verify_batch_domain_take(ngx_smtp_verify_batch_item_t *item);
void ngx_smtp_verify_batch_domain_start(ngx_smtp_verify_batch_item_t *item);
void ngx_smtp_verify_batch_domain_end(ngx_smtp_verify_batch_item_t *item);
void ngx_smtp_verify_batch_domain_leave(ngx_smtp_verify_batch_item_t *item);
ngx_smtp_verify_batch_item_t *ngx_smtp_verify_batch_domain_next(
    ngx_smtp_verify_batch_t *b);

/* batch_seen.c: NGX_OK: *result is known; NGX_AGAIN: *item verifies the same
   address now; NGX_DECLINED: neither, and the caller has to call _seen_add() */
ngx_int_t ngx_smtp_verify_batch_seen_find(ngx_smtp_verify_batch_t *b,
    ngx_str_t *email, ngx_smtp_verify_result_t **result,
    ngx_smtp_verify_batch_item_t **item);
void ngx_smtp_verify_batch_seen_add(ngx_smtp_verify_batch_item_t *item);
void ngx_smtp_verify_batch_seen_keep(ngx_smtp_verify_batch_item_t *item,
    ngx_smtp_verify_result_t *result);
void ngx_smtp_verify_batch_seen_drop(ngx_smtp_verify_batch_item_t *item);
void ngx_smtp_verify_batch_seen_free(ngx_smtp_verify_batch_t *b);

/* batch_again.c: NGX_OK: the record will be retried */
ngx_int_t ngx_smtp_verify_batch_again_add(ngx_smtp_verify_batch_item_t *item,
    ngx_smtp_verify_result_t *result);
/* begins one retry: NGX_OK; NGX_AGAIN: none is due; NGX_DONE: none is left */
ngx_int_t ngx_smtp_verify_batch_again_next(ngx_smtp_verify_batch_t *b);

/* batch_order.c: writes the sink's bytes for a record, in the order of the
   records if "ordered"; index: -1 if they belong to no record */
void ngx_smtp_verify_batch_emit(ngx_smtp_verify_batch_t *b, int64_t index,
    u_char *data, size_t len);
void ngx_smtp_verify_batch_order_free(ngx_smtp_verify_batch_t *b);


#endif /* _NGX_SMTP_VERIFY_BATCH_H_INCLUDED_ */
