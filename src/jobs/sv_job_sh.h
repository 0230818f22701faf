
/* What the files of a job's database share. */


#ifndef _SV_JOB_SH_H_INCLUDED_
#define _SV_JOB_SH_H_INCLUDED_


#include "sv_job.h"
#include "sv_job_row.h"
#include "sv_job_seal.h"
#include "sv_jobs_db.h"


/* numbers of prepared statements */

enum {
    SV_JOB_Q_NOTE_SET = 0,
    SV_JOB_Q_NOTE_GET,
    SV_JOB_Q_ADD_CHUNK,
    SV_JOB_Q_ADD_BLOCK,
    SV_JOB_Q_ADD_OPEN,
    SV_JOB_Q_ADD_DUPLICATE,
    SV_JOB_Q_ADD_TOTAL,
    SV_JOB_Q_COUNT,
    SV_JOB_Q_RESULT,
    SV_JOB_Q_HAS_RESULT,
    SV_JOB_Q_WAIT,
    SV_JOB_Q_WAIT_END,
    SV_JOB_Q_CLOSE,
    SV_JOB_Q_DUPLICATES,
    SV_JOB_Q_DUPLICATE_END,
    SV_JOB_Q_OPEN_BLOCKS,
    SV_JOB_Q_BLOCK,
    SV_JOB_Q_BLOCK_DONE,
    SV_JOB_Q_BLOCK_DROP,
    SV_JOB_Q_DUE,
    SV_JOB_Q_POSTPONE,
    SV_JOB_Q_SETTLE,
    SV_JOB_Q_SETTLE_OPEN,
    SV_JOB_Q_TOTALS,
    SV_JOB_Q_COUNTS,
    SV_JOB_Q_NEXT_DUE,
    SV_JOB_Q_SEQ,
    SV_JOB_Q_CHUNK,
    SV_JOB_Q_BY_POS,
    SV_JOB_Q_BY_SEQ,
    SV_JOB_Q_ERASE_DUPLICATES,
    SV_JOB_Q_ERASE_RESULTS,
    SV_JOB_Q_ERASE_BLOCKS,
    SV_JOB_Q_ERASE_RESULT,
    SV_JOB_Q_ERASE_SET,
    SV_JOB_Q_ERASE_DUPLICATE,
    SV_JOB_Q_ERASE_DROP,
    SV_JOB_Q_ERASE_BLOCK,
    SV_JOB_Q_WAITS
};


struct sv_job_s {
    sv_jobs_db_t        db;
    sv_job_seal_t       seal;
    char               *path;       /* of the store */
    uint64_t            size;       /* that the store may have */
    uint64_t            others;     /* octets of the other jobs, as of "seen" */
    int64_t             seen;
    unsigned char      *buf;        /* for what is to be sealed */
    size_t              room;
    char                id[SV_JOBS_ID_LEN + 1];
};


/* What a transaction changes in the numbers, written at its end. */

typedef struct {
    uint64_t            block;
    uint64_t            n;          /* records that are no longer open */
} sv_job_closed_t;


typedef struct {
    sv_job_t           *job;
    uint64_t            seq;
    uint64_t            blocks;     /* set if some are added */
    int64_t             waiting;
    int64_t             records;
    int64_t             duplicates;
    size_t              ncounts;
    size_t              nclosed;
    size_t              room;       /* of "closed" */
    sv_job_closed_t    *closed;
    struct {
        unsigned        status;
        unsigned        reason;
        int64_t         n;
    } counts[256];
} sv_job_change_t;


#define sv_job_stmt(job, n, sql)  sv_jobs_db_stmt(&(job)->db, n, sql)
#define sv_job_failed(job)                                                    \
    sv_jobs_db_error(&(job)->db)

/* sv_job_change.c: what a transaction does to numbers */
sv_jobs_e sv_job_change_begin(sv_job_change_t *ch, sv_job_t *job);
sv_jobs_e sv_job_change_count(sv_job_change_t *ch, unsigned status,
    unsigned reason, int n);
sv_jobs_e sv_job_change_close(sv_job_change_t *ch, uint64_t pos);
/* writes them; frees what ch holds in any case */
sv_jobs_e sv_job_change_end(sv_job_change_t *ch, sv_jobs_e rc);

/* sv_job_result.c: one result, with all that follows from it.  SV_JOBS_DONE:
   the record had one before. */
sv_jobs_e sv_job_result_add(sv_job_change_t *ch, const sv_job_result_t *r);
/* it alone: SV_JOBS_DONE as above */
sv_jobs_e sv_job_result_insert(sv_job_change_t *ch, const sv_job_result_t *r);
sv_jobs_e sv_job_result_wait(sv_job_change_t *ch, const sv_job_result_t *r);
/* seals what a result holds, and binds it to a statement */
sv_jobs_e sv_job_result_bind(sv_job_t *job, sqlite3_stmt *stmt, int column,
    sv_job_seal_e kind, const sv_job_result_t *r);
/* unseals a column into rows */
sv_jobs_e sv_job_result_column(sv_job_t *job, sqlite3_stmt *stmt, int column,
    sv_job_seal_e kind, sv_job_arena_t *arena, sv_job_result_t *r);
/* the strings are at their place from now on; rows own them */
void sv_job_rows_take(sv_job_rows_t *rows, sv_job_arena_t *arena);

/* sv_job_work.c: the records of a block, within a transaction */
sv_jobs_e sv_job_block_read(sv_job_t *job, uint64_t block,
    sv_job_rows_t *rows);

/* sv_job_space.c: may the store grow by so many octets? */
sv_jobs_e sv_job_space(sv_job_t *job, uint64_t bytes, int upload);
/* the octets of all jobs but one; -1: the store cannot be read */
int sv_job_space_used(const char *path, const char *but, uint64_t *used);


#endif /* _SV_JOB_SH_H_INCLUDED_ */
