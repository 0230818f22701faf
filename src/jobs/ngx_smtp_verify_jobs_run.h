
/*
 * A run works off one job in one worker.  It is a batch whose source are blocks
 * that this worker has leased, and records whose time to be retried has come;
 * its sink hands results to the store.
 */


#ifndef _NGX_SMTP_VERIFY_JOBS_RUN_H_INCLUDED_
#define _NGX_SMTP_VERIFY_JOBS_RUN_H_INCLUDED_


#include "ngx_smtp_verify_jobs_lend.h"
#include "ngx_smtp_verify_jobs_worker.h"
#include "sv_job_due.h"


#define NGX_SMTP_VERIFY_JOBS_BLOCKS    32       /* leased by a run */
#define NGX_SMTP_VERIFY_JOBS_WAITS     512      /* waiting records of a run that
                                                   are in memory */
#define NGX_SMTP_VERIFY_JOBS_BUCKETS   64
#define NGX_SMTP_VERIFY_JOBS_POSTPONES 16
#define NGX_SMTP_VERIFY_JOBS_HOLDS     1024     /* results of a run */
#define NGX_SMTP_VERIFY_JOBS_CANARIES  8        /* of a run, at a time */


typedef struct ngx_smtp_verify_jobs_run_s  ngx_smtp_verify_jobs_run_t;


/* a block that is leased */

typedef struct {
    ngx_smtp_verify_jobs_task_t    task;        /* reads it */
    ngx_queue_t                    queue;
    ngx_smtp_verify_jobs_run_t    *run;
    uint32_t                       id;
    uint32_t                       left;        /* records whose result is not
                                                   yet in the store */
    uint32_t                       next;        /* record to be asked */
    uint32_t                       end;         /* records of this lease */
    sv_job_rows_t                  rows;
    ngx_smtp_verify_jobs_loan_t   *loan;        /* or NULL */
    ngx_smtp_verify_jobs_entry_t  *entries;     /* answers that came */
    ngx_uint_t                     nentries;
    ngx_msec_t                     expects;     /* answers, until then; or 0 */
    ngx_uint_t                     day;         /* of the quota that was taken
                                                   for all records */
    uint64_t                       done[SV_JOBS_BLOCK / 64];
                                                /* bits of records with an
                                                   answer of others */
    unsigned                       read:1;
    unsigned                       lent:1;      /* or about to be */
    unsigned                       paid:1;
    unsigned                       sample:1;    /* only records of the sample */
    unsigned                       partly:1;    /* others stay for later */
} ngx_smtp_verify_jobs_block_t;


/* A record that waits, in memory.  Its strings follow it. */

typedef struct {
    ngx_queue_t                    queue;       /* of the bucket */
    ngx_queue_t                    ready;       /* of those not asked yet */
    uint64_t                       pos;
    uint64_t                       idx;
    int64_t                        since;
    ngx_uint_t                     tries;
    ngx_str_t                      email;
    ngx_str_t                      input;
    unsigned                       asked:1;
} ngx_smtp_verify_jobs_wait_t;


/* A result that is held until its server has refused somebody.  Its strings
   follow it. */

typedef struct {
    ngx_queue_t                    queue;
    ngx_queue_t                    bucket;
    uint64_t                       server;
    uint64_t                       order;       /* of probes */
    uint64_t                       since;       /* erasures of the cache */
    ngx_msec_t                     at;
    sv_job_result_t                row;
} ngx_smtp_verify_jobs_hold_t;


/* a canary that is asked */

typedef struct {
    uint64_t                       server;
    uint64_t                       pos;         /* of the record that is asked
                                                   with it */
} ngx_smtp_verify_jobs_canary_t;


/* Results on their way to the store. */

typedef struct {
    ngx_str_t                      domain;
    int64_t                        due;
} ngx_smtp_verify_jobs_postpone_t;


typedef struct {
    ngx_smtp_verify_jobs_task_t    task;
    ngx_queue_t                    queue;       /* of those to be tried again */
    ngx_smtp_verify_jobs_run_t    *run;
    ngx_pool_t                    *pool;
    ngx_array_t                    results;     /* of sv_job_result_t */
    ngx_array_t                    waits;
    ngx_uint_t                     npostpones;
    const char                    *detail;      /* of the last one that waits */
    size_t                         size;
    ngx_smtp_verify_jobs_postpone_t  postpones[NGX_SMTP_VERIFY_JOBS_POSTPONES];
} ngx_smtp_verify_jobs_flush_t;


/* a domain that is not asked before a time */

typedef struct {
    uint32_t                       hash;
    sv_reason_e                    reason;
    int64_t                        until;
} ngx_smtp_verify_jobs_rest_t;


struct ngx_smtp_verify_jobs_run_s {
    ngx_queue_t                    queue;       /* of the worker's */
    ngx_smtp_verify_jobs_worker_t *worker;
    ngx_smtp_verify_jobs_job_t    *job;
    ngx_pool_t                    *pool;
    ngx_log_t                      log;
    int64_t                        wait;        /* for retries, ms */
    uint64_t                       sample;      /* of so many records */
    uint64_t                       records;
    int64_t                        started;     /* the job, in any worker */
    ngx_smtp_verify_batch_t        batch;

    ngx_queue_t                    blocks;
    ngx_uint_t                     nblocks;
    ngx_uint_t                     unread;      /* records of the blocks that
                                                   are in memory */
    ngx_uint_t                     reading;     /* blocks */

    ngx_queue_t                    waits[NGX_SMTP_VERIFY_JOBS_BUCKETS];
    ngx_queue_t                    ready;
    ngx_uint_t                     nwaits;

    ngx_smtp_verify_jobs_flush_t  *collect;
    ngx_queue_t                    failed;      /* flushes to be tried again */
    ngx_uint_t                     nfailed;
    ngx_uint_t                     flushing;
    ngx_uint_t                     postponing;
    ngx_uint_t                     failures;    /* of the store, in a row */
    ngx_event_t                    timer;       /* of the next flush */

    ngx_smtp_verify_jobs_rest_t    rests[NGX_SMTP_VERIFY_JOBS_RESTS];
    ngx_uint_t                     nrests;

    ngx_queue_t                    holds;       /* the oldest first */
    ngx_queue_t                    held[NGX_SMTP_VERIFY_JOBS_BUCKETS];
                                                /* the same, by their server */
    ngx_uint_t                     nholds;
    ngx_smtp_verify_jobs_hold_t   *picked;      /* for a canary, last */
    ngx_smtp_verify_jobs_canary_t  canaries[NGX_SMTP_VERIFY_JOBS_CANARIES];
    ngx_uint_t                     ncanaries;

    ngx_str_t                      client;
    ngx_smtp_verify_jobs_desk_t   *desk;        /* of the lender; or NULL */
    ngx_uint_t                     nlent;       /* blocks of those above */
    ngx_uint_t                     away;        /* records of them */
    ngx_event_t                    leave_timer; /* as long as there are some */
    ngx_msec_t                     leave_until; /* the worker exits, and waits
                                                   for them; or 0 */
    ngx_smtp_verify_jobs_borrowed_t  *borrowed; /* the block is somebody
                                                   else's; or NULL */
    uint32_t                       given;       /* its number */
    ngx_msec_t                     until;       /* it is given back */

    ngx_uint_t                     erasures;    /* of the job, when it began */
    ngx_uint_t                     tasks;       /* in the thread pool */
    ngx_msec_t                     busy;        /* when it had work, last */
    u_char                         id[NGX_SMTP_VERIFY_JOBS_ID];

    unsigned                       begun:1;     /* the batch has started */
    unsigned                       fetching:1;
    unsigned                       unasked:1;   /* the record of the sink's
                                                   result was not asked */
    unsigned                       hungry:1;    /* it could use more probes */
    unsigned                       over:1;      /* nothing is begun any more */
    unsigned                       dropped:1;   /* nothing is stored, too */
};


/* run.c */
ngx_smtp_verify_jobs_run_t *ngx_smtp_verify_jobs_run_alloc(
    ngx_smtp_verify_jobs_worker_t *w, ngx_smtp_verify_jobs_job_t *job);
ngx_int_t ngx_smtp_verify_jobs_run_begin(ngx_smtp_verify_jobs_run_t *run,
    sv_catalog_job_t *cj);
void ngx_smtp_verify_jobs_run_free(ngx_smtp_verify_jobs_run_t *run);
/* the caller has set this worker's bit in the job's users */
void ngx_smtp_verify_jobs_run_create(ngx_smtp_verify_jobs_worker_t *w,
    ngx_smtp_verify_jobs_job_t *job);
/* may records be begun? */
ngx_uint_t ngx_smtp_verify_jobs_run_may(ngx_smtp_verify_jobs_run_t *run);
/* called when a task of the run has ended */
void ngx_smtp_verify_jobs_run_check(ngx_smtp_verify_jobs_run_t *run);
/* the store has failed: the job cannot go on */
void ngx_smtp_verify_jobs_run_failed(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_task_t *task);
/* at the exit of the process: stores what is there */
void ngx_smtp_verify_jobs_run_exit(ngx_smtp_verify_jobs_run_t *run);
void ngx_smtp_verify_jobs_run_gone(ngx_smtp_verify_jobs_run_t *run);

/* source.c */
ngx_int_t ngx_smtp_verify_jobs_source(ngx_smtp_verify_batch_t *b,
    ngx_smtp_verify_batch_record_t *rec);
/* leases and reads blocks before they are needed */
void ngx_smtp_verify_jobs_feed(ngx_smtp_verify_jobs_run_t *run);
/* has the run as many records as it wants to have in memory? */
ngx_uint_t ngx_smtp_verify_jobs_is_fed(ngx_smtp_verify_jobs_run_t *run);
/* records of the block are in the store, with a result or as one that waits */
void ngx_smtp_verify_jobs_block_stored(ngx_smtp_verify_jobs_run_t *run,
    uint64_t pos);

typedef enum {
    ngx_smtp_verify_jobs_lease_next = 0,        /* the sample first */
    ngx_smtp_verify_jobs_lease_lend,            /* no block of the sample */
    ngx_smtp_verify_jobs_lease_late             /* this one, as answers came */
} ngx_smtp_verify_jobs_lease_e;

/* Leases a block, and reads it. */
ngx_int_t ngx_smtp_verify_jobs_block_lease(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_lease_e how, uint32_t id);
/* Closes the block if it has no open records, else gives it back. */
void ngx_smtp_verify_jobs_block_end(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block, uint32_t then);
/* records that this worker has not begun, and of which it has no answer */
ngx_uint_t ngx_smtp_verify_jobs_block_undone(
    ngx_smtp_verify_jobs_block_t *block);
/* Records that may be asked: not those of blocks whose answers are expected.
   *blocks is the number of these. */
ngx_uint_t ngx_smtp_verify_jobs_unread(ngx_smtp_verify_jobs_run_t *run,
    ngx_uint_t *blocks);
/* answers about this block are expected for some time, unless it was the last
   one */
void ngx_smtp_verify_jobs_block_expect(ngx_smtp_verify_jobs_block_t *block,
    ngx_uint_t last);
/* ends all leases */
void ngx_smtp_verify_jobs_blocks_free(ngx_smtp_verify_jobs_run_t *run);

/* sink.c */
extern ngx_smtp_verify_batch_sink_t  ngx_smtp_verify_jobs_sink;

/* stores a result that was read from the store or held, as one that waits if
   it has a time */
ngx_int_t ngx_smtp_verify_jobs_sink_last(ngx_smtp_verify_jobs_run_t *run,
    sv_job_result_t *last);
/* Stores nothing of this run any more: its records are asked by the next
   one. */
void ngx_smtp_verify_jobs_sink_lost(ngx_smtp_verify_jobs_run_t *run,
    uint64_t index);
void ngx_smtp_verify_jobs_flush(ngx_smtp_verify_jobs_run_t *run);
void ngx_smtp_verify_jobs_flush_free(ngx_smtp_verify_jobs_flush_t *flush);
void ngx_smtp_verify_jobs_flush_write(ngx_smtp_verify_jobs_task_t *task);

/* lend.c */
void ngx_smtp_verify_jobs_lend(ngx_smtp_verify_jobs_run_t *run);
/* a block that is to be lent was read */
void ngx_smtp_verify_jobs_lend_read(ngx_smtp_verify_jobs_block_t *block);
/* The block ends; returns from when on it may be leased again. */
uint32_t ngx_smtp_verify_jobs_lend_end(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_block_t *block, ngx_uint_t closed, uint32_t then);
void ngx_smtp_verify_jobs_lend_close(ngx_smtp_verify_jobs_run_t *run);
/* at once: others may hand in nothing more */
void ngx_smtp_verify_jobs_lend_withdraw_all(ngx_smtp_verify_jobs_run_t *run);
ngx_uint_t ngx_smtp_verify_jobs_lend_has(ngx_smtp_verify_jobs_block_t *block,
    ngx_uint_t i);

/* leave.c: as long as blocks are lent, a worker that shuts down waits for them.
   Returns 1 if it has waited for long enough. */
void ngx_smtp_verify_jobs_leave_start(ngx_smtp_verify_jobs_run_t *run);
ngx_uint_t ngx_smtp_verify_jobs_leave_now(ngx_smtp_verify_jobs_run_t *run);
/* A run that begins nothing any more, but waits, gives back blocks of which
   nothing is under way. */
void ngx_smtp_verify_jobs_leave_blocks(ngx_smtp_verify_jobs_run_t *run);

/* borrow.c: does a result hold for everybody, and not for this machine
   alone? */
ngx_uint_t ngx_smtp_verify_jobs_borrow_holds(
    ngx_smtp_verify_result_t *result);
/* the owner asks for this record itself */
void ngx_smtp_verify_jobs_borrow_leave(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result);
ngx_uint_t ngx_smtp_verify_jobs_borrow_is_free(
    ngx_smtp_verify_jobs_run_t *run, ngx_smtp_verify_result_t *result);
void ngx_smtp_verify_jobs_borrow_flush(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_flush_t *flush);
void ngx_smtp_verify_jobs_borrow_end(ngx_smtp_verify_jobs_run_t *run);

/* wait.c */
/* reads records whose time has come */
void ngx_smtp_verify_jobs_fetch(ngx_smtp_verify_jobs_run_t *run);
ngx_smtp_verify_jobs_wait_t *ngx_smtp_verify_jobs_wait_find(
    ngx_smtp_verify_jobs_run_t *run, uint64_t pos);
void ngx_smtp_verify_jobs_wait_free(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_jobs_wait_t *wait);
/* a record waits since now: the job is not done before "due" */
void ngx_smtp_verify_jobs_wait_until(ngx_smtp_verify_jobs_run_t *run,
    int64_t due);
/* gives the waiting records to the next worker that wants them */
void ngx_smtp_verify_jobs_waits_free(ngx_smtp_verify_jobs_run_t *run);

/* hold.c */
/* What does the result prove?  Returns 1 if it is held now. */
ngx_uint_t ngx_smtp_verify_jobs_holds(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec, ngx_smtp_verify_result_t *result);
/* The next record with which a canary is asked.  NGX_AGAIN: nothing else may be
   begun before the canaries are answered; NGX_DONE: no canary is to be
   asked. */
ngx_int_t ngx_smtp_verify_jobs_hold_next(ngx_smtp_verify_jobs_run_t *run,
    ngx_smtp_verify_batch_record_t *rec);
/* All that is held is stored as it is known, without a proof. */
void ngx_smtp_verify_jobs_holds_end(ngx_smtp_verify_jobs_run_t *run);
void ngx_smtp_verify_jobs_holds_free(ngx_smtp_verify_jobs_run_t *run);

/* rest.c */
/* the domain of the address rests until then */
void ngx_smtp_verify_jobs_rest(ngx_smtp_verify_jobs_run_t *run,
    ngx_str_t *email, sv_reason_e reason, int64_t until);
ngx_smtp_verify_jobs_rest_t *ngx_smtp_verify_jobs_rests(
    ngx_smtp_verify_jobs_run_t *run, u_char *email, size_t len);
ngx_str_t ngx_smtp_verify_jobs_domain(u_char *email, size_t len);


#endif /* _NGX_SMTP_VERIFY_JOBS_RUN_H_INCLUDED_ */
