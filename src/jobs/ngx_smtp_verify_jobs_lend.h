
/*
 * Blocks of jobs that other machines work off, and blocks of theirs that this
 * one works off.  Between machines they are carried by a carrier, of which the
 * jobs only know what is said here.
 *
 *   jobs_lend.c    the owner: offers blocks, and takes their results
 *   jobs_leave.c   the owner's worker shuts down, and gets them back before
 *   jobs_borrow.c  the others: a run for a block of somebody else
 *
 * Of each job one worker lends, the lender.  A block that is lent belongs to
 * its run, as one that it works off itself: its records stay in memory, and
 * results that come go into the sink as if it had asked.  What the other
 * machine did not find out, the run asks itself.  Nothing of this is on the
 * disk: if the lender dies, its blocks are open again.
 *
 * A carrier calls nothing from within its functions.
 */


#ifndef _NGX_SMTP_VERIFY_JOBS_LEND_H_INCLUDED_
#define _NGX_SMTP_VERIFY_JOBS_LEND_H_INCLUDED_


#include "ngx_smtp_verify_jobs.h"
#include "sv_lend.h"


#define NGX_SMTP_VERIFY_JOBS_LOANS      64      /* blocks of a run that are
                                                   lent */
#define NGX_SMTP_VERIFY_JOBS_LOAN_TIME  120000  /* ms, then it is taken back */
#define NGX_SMTP_VERIFY_JOBS_BORROWED   4       /* blocks in a worker */
#define NGX_SMTP_VERIFY_JOBS_ENTRY      48      /* octets of a name */


/* a name that the carrier gives to what it carries */

typedef struct {
    size_t                       len;
    u_char                       data[NGX_SMTP_VERIFY_JOBS_ENTRY];
} ngx_smtp_verify_jobs_entry_t;


typedef enum {
    ngx_smtp_verify_jobs_loan_sent = 0,     /* whether others see it, is not
                                               known */
    ngx_smtp_verify_jobs_loan_offered,
    ngx_smtp_verify_jobs_loan_gone          /* nobody works at it */
} ngx_smtp_verify_jobs_loan_e;


/* A block that was offered.  It is the carrier's; the block points to it until
   it calls withdraw(). */

typedef struct {
    ngx_queue_t                  queue;
    ngx_smtp_verify_jobs_loan_e  state;
    ngx_smtp_verify_jobs_entry_t  entry;
    ngx_msec_t                   since;
    void                        *block;     /* NULL: it was withdrawn */
    void                        *desk;
    void                        *carrier;   /* the carrier's own */
} ngx_smtp_verify_jobs_loan_t;


/* Where the results of a job come in, at its lender. */

typedef struct {
    ngx_queue_t                  queue;
    u_char                       job[SV_JOBS_ID_LEN + 1];
    void                        *run;
    ngx_smtp_verify_jobs_entry_t  last;     /* that was read */
    uint64_t                     number;
    ngx_msec_t                   again;     /* others were left out: all is
                                               read again then; or 0 */
    ngx_uint_t                   reads;     /* one after the other */
    unsigned                     asking:1;
    unsigned                     recalled:1;
} ngx_smtp_verify_jobs_desk_t;


/* a block of somebody else that this worker works off */

typedef struct {
    ngx_queue_t                  queue;
    ngx_smtp_verify_jobs_entry_t  entry;
    u_char                       job[SV_JOBS_ID_LEN + 1];
    void                        *run;       /* NULL: it has ended */
} ngx_smtp_verify_jobs_borrowed_t;


struct ngx_smtp_verify_jobs_carrier_s {
    ngx_smtp_verify_jobs_t      *jobs;

    /* set by the carrier: so many blocks are wanted by other machines; whoever
       is about to offer one takes one off */
    ngx_uint_t                   wanted;

    /* set by the carrier: it carries nothing since then; or 0 */
    ngx_msec_t                   down;

    /* of the lender.  offer() returns NULL if it cannot; withdraw() after the
       end, too, for whatever end. */
    ngx_smtp_verify_jobs_loan_t *(*offer)
        (ngx_smtp_verify_jobs_carrier_t *c,
         ngx_smtp_verify_jobs_desk_t *desk, sv_lend_text_t *text,
         void *block);
    void                       (*withdraw)(ngx_smtp_verify_jobs_carrier_t *c,
                                   ngx_smtp_verify_jobs_loan_t *loan);
    void                       (*open)(ngx_smtp_verify_jobs_carrier_t *c,
                                   ngx_smtp_verify_jobs_desk_t *desk);
    void                       (*close)(ngx_smtp_verify_jobs_carrier_t *c,
                                   ngx_smtp_verify_jobs_desk_t *desk);
    /* Those who work at blocks of this desk are to come to an end: they begin
       nothing any more, and hand in what is under way. */
    void                       (*recall)(ngx_smtp_verify_jobs_carrier_t *c,
                                   ngx_smtp_verify_jobs_desk_t *desk);
    /* answers that are in the store of the jobs now */
    void                       (*settle)(ngx_smtp_verify_jobs_carrier_t *c,
                                   u_char *job,
                                   ngx_smtp_verify_jobs_entry_t *entries,
                                   ngx_uint_t n);
    /* no answer about this job is wanted; gone: now and later */
    void                       (*forget)(ngx_smtp_verify_jobs_carrier_t *c,
                                   u_char *job, ngx_uint_t gone);

    /* Of the borrower.  The text is an answer.  With the last one the borrowed
       block is the carrier's. */
    void                       (*hand)(ngx_smtp_verify_jobs_carrier_t *c,
                                   ngx_smtp_verify_jobs_borrowed_t *borrowed,
                                   sv_lend_text_t *text, ngx_uint_t last);

    void                        *data;
};


/* ---- what a carrier calls: lend.c */

/* The answer to a loan.  Returns NGX_OK if it was taken, and will be settled;
   NGX_AGAIN if it has to come again soon; NGX_DECLINED if another worker has
   the block; NGX_DONE if nobody needs it. */
ngx_int_t ngx_smtp_verify_jobs_lend_answer(ngx_smtp_verify_jobs_desk_t *desk,
    ngx_smtp_verify_jobs_entry_t *entry, sv_lend_answer_t *answer);

/* Nobody works at it any more, and all answers were read since: the run asks
   the rest itself.  The loan is withdrawn. */
void ngx_smtp_verify_jobs_lend_gone(ngx_smtp_verify_jobs_loan_t *loan);


/* ---- borrow.c */

/* How many blocks of others could this worker use now? */
ngx_uint_t ngx_smtp_verify_jobs_borrow_room(ngx_smtp_verify_jobs_t *jobs);

/* Begins to work at a block.  The rows are taken over, whatever is returned.
   Returns NULL if it cannot. */
ngx_smtp_verify_jobs_borrowed_t *ngx_smtp_verify_jobs_borrow(
    ngx_smtp_verify_jobs_t *jobs, ngx_smtp_verify_jobs_entry_t *entry,
    sv_lend_offer_t *offer, sv_job_rows_t *rows);

/* The owner does not want it any more. */
void ngx_smtp_verify_jobs_borrow_drop(
    ngx_smtp_verify_jobs_borrowed_t *borrowed);

/* The owner wants it back soon: nothing is begun any more. */
void ngx_smtp_verify_jobs_borrow_recall(
    ngx_smtp_verify_jobs_borrowed_t *borrowed);


#endif /* _NGX_SMTP_VERIFY_JOBS_LEND_H_INCLUDED_ */
