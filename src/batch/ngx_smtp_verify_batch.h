
/*
 * The engine of lists: records come from a source, are asked about for an
 * asker, and their results go to a sink.  It needs no request.
 *
 *   batch.c        a batch's life: its beginning, its beat, its end
 *   batch_work.c   a record becomes a question, and that a result
 *   batch_domain.c domains take turns
 *   batch_seen.c   duplicates, and what the cache does not keep
 *   batch_again.c  those that are asked again, such as greylisted ones
 *   batch_order.c  output in the order of the records
 *   spool.c        bytes that wait: in memory, then in a temporary file
 *
 * An owner zeroes the structure, fills in what is given, and calls _init(),
 * then _start().  From then on its handler is called for each turn; it calls
 * _run(), which asks the source for records while there is room and tells the
 * sink what was found, and looks at "done" and "failed".  Nothing else calls
 * the source or the sink, but for results that come in between.  At the end,
 * or whenever it wishes, the owner calls _free().
 */


#ifndef _NGX_SMTP_VERIFY_BATCH_H_INCLUDED_
#define _NGX_SMTP_VERIFY_BATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_smtp_verify_question.h"
#include "ngx_smtp_verify_spool.h"


#define NGX_SMTP_VERIFY_BATCH_DOMAINS  256      /* buckets of hashes */
#define NGX_SMTP_VERIFY_BATCH_SEEN     1024
#define NGX_SMTP_VERIFY_BATCH_NONE     ((uint64_t) -1)


typedef struct ngx_smtp_verify_batch_s       ngx_smtp_verify_batch_t;
typedef struct ngx_smtp_verify_batch_item_s  ngx_smtp_verify_batch_item_t;
typedef struct ngx_smtp_verify_batch_seen_s  ngx_smtp_verify_batch_seen_t;


/* of a record in the list */

typedef struct {
    uint64_t                       index;
    uint64_t                       offset;      /* in bytes, or whatever the
                                                   source finds it by */
} ngx_smtp_verify_batch_place_t;


typedef struct {
    ngx_smtp_verify_batch_place_t  place;
    ngx_str_t                      email;
    ngx_str_t                      input;       /* what came with it, for the
                                                   sink alone */
    const char                    *error;       /* a word: it has no address
                                                   to be asked about; or NULL */
    const char                    *detail;
} ngx_smtp_verify_batch_record_t;


/*
 * NGX_OK: a record, valid until the next call; NGX_DECLINED: none yet, call
 * again; NGX_AGAIN: none now, _wake() tells when; NGX_DONE: there are no more,
 * with _error() before it where they are not all.  It keeps b->next up to
 * date.
 */
typedef ngx_int_t (*ngx_smtp_verify_batch_source_pt)
    (ngx_smtp_verify_batch_t *b, ngx_smtp_verify_batch_record_t *rec);


typedef struct {
    /* the result is valid until the function returns */
    void                         (*result)(ngx_smtp_verify_batch_t *b,
                                       ngx_smtp_verify_batch_record_t *rec,
                                       ngx_smtp_verify_result_t *result);
    void                         (*error)(ngx_smtp_verify_batch_t *b,
                                       uint64_t index, const char *error,
                                       const char *detail);
    /* it takes no more for now: nothing new is begun, _wake() tells when */
    ngx_uint_t                   (*blocked)(ngx_smtp_verify_batch_t *b);
    /* of _emit(); NULL where it is not used */
    void                         (*write)(ngx_smtp_verify_batch_t *b,
                                       u_char *data, size_t len);
} ngx_smtp_verify_batch_sink_t;


typedef struct {
    ngx_uint_t                     probes;
    ngx_uint_t                     domain_probes;
    ngx_uint_t                     window;      /* records that wait */
} ngx_smtp_verify_batch_limits_t;


/* records of one domain */

typedef struct {
    ngx_queue_t                    queue;       /* of the bucket */
    ngx_queue_t                    ready;       /* has one that may begin */
    ngx_queue_t                    held;        /* items */
    uint32_t                       hash;
    ngx_uint_t                     active;
    ngx_uint_t                     items;
    unsigned                       is_ready:1;
} ngx_smtp_verify_batch_domain_t;


/* a record that has to wait for something */

struct ngx_smtp_verify_batch_item_s {
    ngx_queue_t                    queue;       /* held, or of the first of
                                                   its address */
    ngx_queue_t                    all;
    ngx_queue_t                    followers;   /* of the same address */
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
    ngx_msec_t                     wait;        /* for those asked again, when
                                                   all were asked once */
    ngx_msec_t                     start;       /* set by _init() */
    ngx_msec_t                     deadline;

    /* what comes: the source's */
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

    /* what is asked again: this time, and next time */
    ngx_smtp_verify_spool_t        again[2];
    ngx_uint_t                     pass;
    ngx_msec_t                     due;
    ngx_msec_t                     ended;       /* all were asked once */

    /* ordered: by index */
    ngx_str_t                     *window;
    uint64_t                       emit;        /* the next one */

    /* told */
    const char                    *error;       /* why it is not complete */
    const char                    *detail;
    uint64_t                       answered;
    uint64_t                       errors;
    uint64_t                       duplicates;
    uint64_t                       retried;
    uint64_t                       waiting;     /* to be asked again */
    ngx_smtp_verify_batch_place_t  resume;      /* index _BATCH_NONE: nothing
                                                   is left to be resumed */
    uint64_t                       statuses[SV_UNDELIVERABLE + 1];
    uint64_t                       reasons[SV_REASON_MAX];

    unsigned                       ordered:1;   /* given */
    unsigned                       parsed:1;    /* nothing more comes */
    unsigned                       asked:1;     /* all of it, once */
    unsigned                       stopped:1;   /* nothing more is asked */
    unsigned                       hurry:1;     /* … nor waited for */
    unsigned                       full:1;      /* too many probes, not ours */
    unsigned                       done:1;      /* all is told */
    unsigned                       failed:1;    /* nothing more can be told */
};


/* batch.c */
ngx_int_t ngx_smtp_verify_batch_init(ngx_smtp_verify_batch_t *b);
void ngx_smtp_verify_batch_start(ngx_smtp_verify_batch_t *b);
void ngx_smtp_verify_batch_free(ngx_smtp_verify_batch_t *b);
void ngx_smtp_verify_batch_wake(ngx_smtp_verify_batch_t *b);
void ngx_smtp_verify_batch_run(ngx_smtp_verify_batch_t *b);
/* no more turns: what it counted stays */
void ngx_smtp_verify_batch_end(ngx_smtp_verify_batch_t *b);
/* the first error counts; what was read before it is still worked off */
void ngx_smtp_verify_batch_error(ngx_smtp_verify_batch_t *b,
    const char *error, const char *detail);
/* whoever sends the list again has to begin here, if not before */
void ngx_smtp_verify_batch_resume(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_place_t *place);
/* what comes is told to the sink, and counted */
void ngx_smtp_verify_batch_result(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result);
void ngx_smtp_verify_batch_reason(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec, sv_reason_e reason);
void ngx_smtp_verify_batch_wrong(ngx_smtp_verify_batch_t *b, uint64_t index,
    const char *error, const char *detail);

/*
 * batch_work.c.  _work(): NGX_AGAIN: there is more to do, after others had
 * their turn; else whatever happens next will wake it
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

/* batch_seen.c: NGX_OK: the result; NGX_AGAIN: *item asks it, too;
   NGX_DECLINED: neither, and it is noted that this item asks */
ngx_int_t ngx_smtp_verify_batch_seen_find(ngx_smtp_verify_batch_t *b,
    ngx_str_t *email, ngx_smtp_verify_result_t **result,
    ngx_smtp_verify_batch_item_t **item);
void ngx_smtp_verify_batch_seen_add(ngx_smtp_verify_batch_item_t *item);
void ngx_smtp_verify_batch_seen_keep(ngx_smtp_verify_batch_item_t *item,
    ngx_smtp_verify_result_t *result);
void ngx_smtp_verify_batch_seen_drop(ngx_smtp_verify_batch_item_t *item);
void ngx_smtp_verify_batch_seen_free(ngx_smtp_verify_batch_t *b);

/* batch_again.c: NGX_OK: it will be asked again */
ngx_int_t ngx_smtp_verify_batch_again_add(ngx_smtp_verify_batch_item_t *item,
    ngx_smtp_verify_result_t *result);
/* NGX_OK: one was dealt with; NGX_AGAIN: later; NGX_DONE: there are none */
ngx_int_t ngx_smtp_verify_batch_again_next(ngx_smtp_verify_batch_t *b);

/* batch_order.c: the sink's bytes for a record are written in the order of
   the records where that is wished; index: -1: of no record */
void ngx_smtp_verify_batch_emit(ngx_smtp_verify_batch_t *b, int64_t index,
    u_char *data, size_t len);
void ngx_smtp_verify_batch_order_free(ngx_smtp_verify_batch_t *b);


#endif /* _NGX_SMTP_VERIFY_BATCH_H_INCLUDED_ */
