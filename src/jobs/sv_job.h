
/*
 * The database of one job: its records, their results, and those that wait to
 * be retried.  Each call is one transaction, under the lock of the job, and is
 * on the disk when it returns.  What names a person is sealed.
 *
 *   sv_job.c          creates, opens, closes and purges; notes
 *   sv_job_write.c    takes records in while the list is uploaded
 *   sv_job_work.c     blocks, results, and records that wait
 *   sv_job_read.c     pages of results, counts
 *   sv_job_erase.c    erases one address
 */


#ifndef _SV_JOB_H_INCLUDED_
#define _SV_JOB_H_INCLUDED_


#include "sv_jobs.h"


#define SV_JOB_SAMPLED  16      /* added to the status in the counts of the
                                   records of a sample */
#define SV_JOB_ERROR  0xffff    /* instead of a reason: the record was wrong, or
                                   could not be asked; see the detail */


typedef struct sv_job_s        sv_job_t;
typedef struct sv_job_input_s  sv_job_input_t;


/* A record.  The strings are in clear here, sealed on the disk. */

typedef struct {
    uint64_t            pos;        /* where it is stored */
    uint64_t            idx;        /* its number in the input, from 0 */
    sv_str_t            email;
    sv_str_t            input;      /* what came with it, as a JSON object; or
                                       empty */
} sv_job_record_t;


/* A result, or the last one so far of a record that waits. */

typedef struct {
    uint64_t            pos;
    uint64_t            idx;
    uint64_t            seq;        /* set when it is read: order of arrival,
                                       from 1 */
    uint64_t            of;         /* set when it is read: the idx of the
                                       record that it repeats, or own idx */
    unsigned            status;     /* sv_status_e */
    unsigned            reason;     /* sv_reason_e or SV_JOB_ERROR */
    sv_str_t            email;
    sv_str_t            input;
    sv_str_t            packed;     /* packed result; of SV_JOB_ERROR:
                                       "word\0sentence" */
    int                 sampled;    /* set to write it: the record belongs to
                                       the sample */
    int                 costs;      /* of a job of another machine: somebody
                                       was asked */

    /* of records that wait */
    int64_t             due;        /* Unix time in ms */
    int64_t             since;      /* when it was asked first */
    unsigned            tries;
    uint64_t            dest;       /* sv_job_dest() */
} sv_job_result_t;


/* Rows that were read.  The strings are in "mem"; _free() frees all. */

typedef struct {
    sv_job_record_t    *records;
    sv_job_result_t    *results;
    size_t              n;
    unsigned char      *mem;
    size_t              size;       /* octets in use of mem */
} sv_job_rows_t;


typedef struct {
    unsigned            status;
    unsigned            reason;
    uint64_t            n;
} sv_job_count_t;


typedef struct {
    unsigned            reason;
    uint64_t            n;
    int64_t             due;        /* of the first one */
} sv_job_why_t;


typedef struct {
    uint64_t            records;
    uint64_t            results;    /* of all kinds; equal to records at the
                                       end */
    uint64_t            errors;
    uint64_t            duplicates;
    uint64_t            waiting;
    uint64_t            sampled;    /* results of the sample; their counts have
                                       a status with SV_JOB_SAMPLED */
    int64_t             due;        /* of the first one that waits; 0: none */
    uint64_t            blocks;     /* ids of blocks are below it */
    uint64_t            bytes;      /* on the disk */
    size_t              ncounts;
    sv_job_count_t      counts[256];
    size_t              nwaits;     /* set by sv_job_waits(): why they wait */
    sv_job_why_t        waits[32];
} sv_job_totals_t;


typedef enum { SV_JOB_BY_INPUT = 0, SV_JOB_BY_DONE } sv_job_order_e;


/* A page of results. */

typedef struct {
    sv_job_order_e      order;
    uint64_t            cursor;     /* in: 0, or where the last page ended;
                                       out: for the next page */
    int                 status;     /* -1: all */
    int                 reason;     /* -1: all */
    size_t              limit;      /* rows at most; 1000 at most */
    size_t              bytes;      /* stop after so many octets of strings */
    int                 more;       /* out: more rows may follow at once (a page
                                       may be empty and have more) */
} sv_job_page_t;


/* sv_job.c */
sv_jobs_e sv_job_create(sv_jobs_conf_t *conf, const char *id, sv_job_t **job,
    sv_jobs_why_t *why);
sv_jobs_e sv_job_open(sv_jobs_conf_t *conf, const char *id, sv_job_t **job,
    sv_jobs_why_t *why);
void sv_job_close(sv_job_t *job);
/* Overwrites the key, then removes the files; may be called again after it was
   cut short.  No handle is needed; those of others fail from then on. */
sv_jobs_e sv_job_purge(sv_jobs_conf_t *conf, const char *id,
    sv_jobs_why_t *why);
const sv_jobs_why_t *sv_job_why(sv_job_t *job);
void sv_job_rows_free(sv_job_rows_t *rows);
/* a keyed hash of a domain, never 0 */
uint64_t sv_job_dest(sv_job_t *job, const sv_str_t *domain);
/* notes about the job, sealed: the asker's identity, names of columns.  The
   value that _get() returns is freed by free(). */
sv_jobs_e sv_job_set(sv_job_t *job, const char *name, const sv_str_t *value);
sv_jobs_e sv_job_get(sv_job_t *job, const char *name, sv_str_t *value);

/*
 * sv_job_write.c.  _add() only copies into memory until a chunk is full:
 * sv_job_input_full() tells so, then _write() has to be called, in a thread.
 * _add(), _wrong() and _full() do not block and may be called in the event
 * loop while no _write() runs.  _finish() writes what is left and makes all of
 * it durable.  Records whose address was in the list before become duplicates.
 */
sv_job_input_t *sv_job_input_create(sv_job_t *job);
void sv_job_input_free(sv_job_input_t *in);
sv_jobs_e sv_job_input_add(sv_job_input_t *in, uint64_t idx,
    const sv_str_t *email, const sv_str_t *domain, const sv_str_t *input);
/* a record that is wrong: it gets a result of SV_JOB_ERROR */
sv_jobs_e sv_job_input_wrong(sv_job_input_t *in, uint64_t idx,
    const char *word, const char *sentence);
int sv_job_input_full(sv_job_input_t *in);
sv_jobs_e sv_job_input_write(sv_job_input_t *in);
sv_jobs_e sv_job_input_finish(sv_job_input_t *in, sv_job_totals_t *totals);

/* sv_job_work.c */
/* ids of blocks with records that have neither result nor wait, ascending, from
   "from" on; *n: room in, number out */
sv_jobs_e sv_job_open_blocks(sv_job_t *job, uint64_t from, uint64_t *ids,
    size_t *n);
/* the records of a block that have neither result nor wait */
sv_jobs_e sv_job_block(sv_job_t *job, uint64_t block, sv_job_rows_t *rows);
/* Results, and records that wait from now on (waits: due is set): one
   transaction, with the counts.  A record that has a result keeps it.  A
   result also ends a wait, and gives the record's duplicates theirs. */
sv_jobs_e sv_job_put(sv_job_t *job, const sv_job_result_t *results, size_t n,
    const sv_job_result_t *waits, size_t nwaits);
/* those whose time has come, the longest waiting first */
sv_jobs_e sv_job_due(sv_job_t *job, int64_t now, size_t limit,
    sv_job_rows_t *rows);
/* all that wait for dest and are due before "due" are due then */
sv_jobs_e sv_job_postpone(sv_job_t *job, uint64_t dest, int64_t due);
/* the end: those that wait get their last result; if "all", records without
   any get one of this status and reason.  At most "limit" records in a call;
   SV_JOBS_DONE if none is left. */
sv_jobs_e sv_job_settle(sv_job_t *job, int64_t since, int all, unsigned status,
    unsigned reason, size_t limit);

/* sv_job_read.c */
/* *due: of the first one that waits for longer than "now"; 0: none */
sv_jobs_e sv_job_next_due(sv_job_t *job, int64_t now, int64_t *due);
sv_jobs_e sv_job_totals(sv_job_t *job, sv_job_totals_t *totals);
/* reasons of the first thousand records that wait, the most frequent first */
sv_jobs_e sv_job_waits(sv_job_t *job, sv_job_totals_t *totals);
sv_jobs_e sv_job_results(sv_job_t *job, sv_job_page_t *page,
    sv_job_rows_t *rows);

/* sv_job_erase.c: records, results and waits of an address, in whatever case
   and form.  The records keep their place; a result of the reason SV_JOB_ERROR,
   word "erased", takes the place of the result.  *n: how many.  What others'
   columns say is not searched.  It goes through the whole job, in several
   transactions; if it was cut short it is called again. */
sv_jobs_e sv_job_erase(sv_job_t *job, const sv_str_t *email, uint64_t *n);


#endif /* _SV_JOB_H_INCLUDED_ */
