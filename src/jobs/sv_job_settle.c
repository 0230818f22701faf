
#include <string.h>

#include "sv_job_sh.h"


static sv_jobs_e sv_job_settle_waiting(sv_job_t *job, sv_job_change_t *ch,
    int64_t since, size_t *limit);
static sv_jobs_e sv_job_settle_open(sv_job_t *job, sv_job_change_t *ch,
    unsigned status, unsigned reason, size_t *limit);
static sv_jobs_e sv_job_settle_block(sv_job_change_t *ch,
    const sv_job_rows_t *rows, unsigned status, unsigned reason,
    size_t *limit);


sv_jobs_e
sv_job_settle(sv_job_t *job, int64_t since, int all, unsigned status,
    unsigned reason, size_t limit)
{
    size_t           left;
    sv_jobs_e        rc;
    sv_job_change_t  ch;

    left = limit;

    rc = sv_jobs_db_begin(&job->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_job_change_begin(&ch, job);

    if (rc == SV_JOBS_OK) {
        rc = sv_job_settle_waiting(job, &ch, since, &left);
    }

    if (rc == SV_JOBS_OK && all) {
        rc = sv_job_settle_open(job, &ch, status, reason, &left);
    }

    /* less than was allowed: there were no more */

    if (rc == SV_JOBS_OK && left > 0) {
        rc = SV_JOBS_DONE;
    }

    rc = sv_job_change_end(&ch, rc);

    return sv_jobs_db_end(&job->db, rc);
}


static sv_jobs_e
sv_job_settle_waiting(sv_job_t *job, sv_job_change_t *ch, int64_t since,
    size_t *limit)
{
    uint64_t         pos;
    sv_jobs_e        rc;
    sqlite3_stmt    *stmt;
    sv_job_arena_t   arena;
    sv_job_result_t  r;

    stmt = sv_job_stmt(job, SV_JOB_Q_SETTLE,
                       "SELECT pos, idx, status, reason, data FROM waiting"
                       " WHERE since <= ?1 AND pos >= ?2"
                       " ORDER BY pos LIMIT 1");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    memset(&arena, 0, sizeof(sv_job_arena_t));

    for (rc = SV_JOBS_OK, pos = 0; rc == SV_JOBS_OK && *limit; (*limit)--) {

        (void) sqlite3_reset(stmt);
        (void) sqlite3_bind_int64(stmt, 1, since);
        (void) sqlite3_bind_int64(stmt, 2, (sqlite3_int64) pos);

        rc = sv_jobs_db_step(&job->db, stmt);
        if (rc != SV_JOBS_OK) {
            break;
        }

        arena.len = 0;
        memset(&r, 0, sizeof(sv_job_result_t));
        r.pos = (uint64_t) sqlite3_column_int64(stmt, 0);
        pos = r.pos + 1;
        r.idx = (uint64_t) sqlite3_column_int64(stmt, 1);
        r.status = (unsigned) sqlite3_column_int(stmt, 2);
        r.reason = (unsigned) sqlite3_column_int(stmt, 3);

        rc = sv_job_result_column(job, stmt, 4, SV_JOB_SEAL_RESULT, &arena, &r);
        (void) sqlite3_reset(stmt);

        if (rc == SV_JOBS_OK) {
            r.email.data = sv_job_at(&arena, r.email.data);
            r.input.data = sv_job_at(&arena, r.input.data);
            r.packed.data = sv_job_at(&arena, r.packed.data);

            rc = sv_job_result_add(ch, &r);
        }
    }

    (void) sqlite3_reset(stmt);
    sv_job_arena_free(&arena);

    return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
}


static sv_jobs_e
sv_job_settle_open(sv_job_t *job, sv_job_change_t *ch, unsigned status,
    unsigned reason, size_t *limit)
{
    uint64_t        block;
    sv_jobs_e       rc;
    sqlite3_stmt   *stmt;
    sv_job_rows_t   rows;

    stmt = sv_job_stmt(job, SV_JOB_Q_SETTLE_OPEN,
                       "SELECT id FROM open WHERE id >= ?1"
                       " ORDER BY id LIMIT 1");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    for (block = 0; *limit; block++) {

        (void) sqlite3_reset(stmt);
        (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) block);

        rc = sv_jobs_db_step(&job->db, stmt);
        if (rc != SV_JOBS_OK) {
            return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
        }

        block = (uint64_t) sqlite3_column_int64(stmt, 0);
        (void) sqlite3_reset(stmt);

        memset(&rows, 0, sizeof(sv_job_rows_t));
        rc = sv_job_block_read(job, block, &rows);

        if (rc == SV_JOBS_OK) {
            rc = sv_job_settle_block(ch, &rows, status, reason, limit);
        }

        sv_job_rows_free(&rows);

        if (rc != SV_JOBS_OK) {
            return rc;
        }
    }

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_job_settle_block(sv_job_change_t *ch, const sv_job_rows_t *rows,
    unsigned status, unsigned reason, size_t *limit)
{
    size_t           i;
    sv_jobs_e        rc;
    sv_job_result_t  r;

    for (i = 0; i < rows->n && *limit; i++, (*limit)--) {
        memset(&r, 0, sizeof(sv_job_result_t));

        r.pos = rows->records[i].pos;
        r.idx = rows->records[i].idx;
        r.email = rows->records[i].email;
        r.input = rows->records[i].input;
        r.status = status;
        r.reason = reason;

        rc = sv_job_result_add(ch, &r);

        if (rc != SV_JOBS_OK && rc != SV_JOBS_DONE) {
            return rc;
        }
    }

    return SV_JOBS_OK;
}
