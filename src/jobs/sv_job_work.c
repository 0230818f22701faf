
#include <stdlib.h>
#include <string.h>

#include "sv_job_sh.h"


/* What a result takes on the disk, about, beside its strings. */

#define SV_JOB_WORK_ROW   96


static sv_jobs_e sv_job_block_done(sv_job_t *job, uint64_t block,
    unsigned char *done);
static sv_jobs_e sv_job_block_records(sv_job_t *job, uint64_t block,
    const unsigned char *done, sqlite3_stmt *stmt, sv_job_rows_t *rows);
static sv_jobs_e sv_job_due_row(sv_job_t *job, sqlite3_stmt *stmt,
    sv_job_arena_t *arena, sv_job_result_t *r);


sv_jobs_e
sv_job_open_blocks(sv_job_t *job, uint64_t from, uint64_t *ids, size_t *n)
{
    size_t         room;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    room = *n;
    *n = 0;

    rc = sv_jobs_db_begin(&job->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_job_stmt(job, SV_JOB_Q_OPEN_BLOCKS,
                       "SELECT id FROM open WHERE id >= ?1 ORDER BY id");
    if (stmt == NULL) {
        return sv_jobs_db_end(&job->db, sv_job_failed(job));
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) from);

    while (*n < room) {
        rc = sv_jobs_db_step(&job->db, stmt);
        if (rc != SV_JOBS_OK) {
            break;
        }

        ids[(*n)++] = (uint64_t) sqlite3_column_int64(stmt, 0);
    }

    return sv_jobs_db_end(&job->db, rc == SV_JOBS_DONE ? SV_JOBS_OK : rc);
}


sv_jobs_e
sv_job_block(sv_job_t *job, uint64_t block, sv_job_rows_t *rows)
{
    sv_jobs_e  rc;

    memset(rows, 0, sizeof(sv_job_rows_t));

    rc = sv_jobs_db_begin(&job->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_job_block_read(job, block, rows);
    rc = sv_jobs_db_end(&job->db, rc);

    if (rc != SV_JOBS_OK) {
        sv_job_rows_free(rows);
    }

    return rc;
}


sv_jobs_e
sv_job_block_read(sv_job_t *job, uint64_t block, sv_job_rows_t *rows)
{
    sv_jobs_e       rc;
    sqlite3_stmt   *stmt;
    unsigned char   done[SV_JOBS_BLOCK];

    stmt = sv_job_stmt(job, SV_JOB_Q_BLOCK,
                       "SELECT block.n, data FROM block"
                       " JOIN open USING (id) WHERE id = ?1");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) block);
    rc = sv_jobs_db_step(&job->db, stmt);

    /* all of it is done, or no such block: nothing is left to do */

    if (rc != SV_JOBS_OK) {
        return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
    }

    rc = sv_job_block_done(job, block, done);

    if (rc == SV_JOBS_OK) {
        rc = sv_job_block_records(job, block, done, stmt, rows);
    }

    return rc;
}


static sv_jobs_e
sv_job_block_done(sv_job_t *job, uint64_t block, unsigned char *done)
{
    uint64_t       pos, first;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    memset(done, 0, SV_JOBS_BLOCK);
    first = block * SV_JOBS_BLOCK;

    stmt = sv_job_stmt(job, SV_JOB_Q_BLOCK_DONE,
                       "SELECT pos FROM result WHERE pos BETWEEN ?1 AND ?2"
                       " UNION ALL"
                       " SELECT pos FROM waiting WHERE pos BETWEEN ?1 AND ?2");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) first);
    (void) sqlite3_bind_int64(stmt, 2,
                              (sqlite3_int64) (first + SV_JOBS_BLOCK - 1));

    for ( ;; ) {
        rc = sv_jobs_db_step(&job->db, stmt);
        if (rc != SV_JOBS_OK) {
            return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
        }

        pos = (uint64_t) sqlite3_column_int64(stmt, 0) - first;

        if (pos < SV_JOBS_BLOCK) {
            done[pos] = 1;
        }
    }
}


static sv_jobs_e
sv_job_block_records(sv_job_t *job, uint64_t block, const unsigned char *done,
    sqlite3_stmt *stmt, sv_job_rows_t *rows)
{
    int               rc;
    size_t            len, i;
    sv_job_walk_t     walk;
    unsigned char    *text;
    sv_job_record_t  *r;

    len = (size_t) sqlite3_column_bytes(stmt, 1);

    rows->mem = malloc(len + 1);
    rows->records = calloc(SV_JOBS_BLOCK, sizeof(sv_job_record_t));

    if (rows->mem == NULL || rows->records == NULL) {
        return sv_jobs_why(&job->db.why, SV_JOBS_NO_MEMORY, 0, "no memory");
    }

    rc = sv_job_walk_begin(&walk, sqlite3_column_blob(stmt, 1), len);

    for (i = 0; rc == 0 && i < SV_JOBS_BLOCK; i++) {
        rc = sv_job_walk_next(&walk);

        if (rc != 1) {
            break;
        }

        rc = 0;

        if (done[i]) {
            continue;
        }

        r = &rows->records[rows->n];
        r->pos = block * SV_JOBS_BLOCK + i;
        text = rows->mem + rows->size;

        rc = sv_job_unseal(&job->seal, SV_JOB_SEAL_RECORD, r->pos, walk.nonce,
                           walk.data, walk.len, text);

        rows->size += walk.len - SV_JOB_TAG;

        if (rc == 0) {
            rc = sv_job_record_read(text, walk.len - SV_JOB_TAG, r);
            rows->n++;
        }
    }

    if (rc == -1 || i != (size_t) sqlite3_column_int(stmt, 0)) {
        return sv_jobs_why(&job->db.why, SV_JOBS_DAMAGED, 0,
                           "a parcel of the job could not be unsealed");
    }

    return SV_JOBS_OK;
}


sv_jobs_e
sv_job_put(sv_job_t *job, const sv_job_result_t *results, size_t n,
    const sv_job_result_t *waits, size_t nwaits)
{
    size_t           i;
    uint64_t         bytes;
    sv_jobs_e        rc;
    sv_job_change_t  ch;

    bytes = 0;

    for (i = 0; i < n; i++) {
        bytes += sv_job_result_len(&results[i]) + SV_JOB_WORK_ROW;
    }

    for (i = 0; i < nwaits; i++) {
        bytes += sv_job_result_len(&waits[i]) + SV_JOB_WORK_ROW;
    }

    rc = sv_job_space(job, bytes, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_jobs_db_begin(&job->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_job_change_begin(&ch, job);

    for (i = 0; rc == SV_JOBS_OK && i < n; i++) {
        rc = sv_job_result_add(&ch, &results[i]);

        if (rc == SV_JOBS_DONE) {
            rc = SV_JOBS_OK;
        }
    }

    for (i = 0; rc == SV_JOBS_OK && i < nwaits; i++) {
        rc = sv_job_result_wait(&ch, &waits[i]);
    }

    rc = sv_job_change_end(&ch, rc);

    return sv_jobs_db_end(&job->db, rc);
}


sv_jobs_e
sv_job_due(sv_job_t *job, int64_t now, size_t limit, sv_job_rows_t *rows)
{
    sv_jobs_e       rc;
    sqlite3_stmt   *stmt;
    sv_job_arena_t  arena;

    memset(rows, 0, sizeof(sv_job_rows_t));
    memset(&arena, 0, sizeof(sv_job_arena_t));

    rows->results = calloc(limit + 1, sizeof(sv_job_result_t));
    if (rows->results == NULL) {
        return sv_jobs_why(&job->db.why, SV_JOBS_NO_MEMORY, 0, "no memory");
    }

    rc = sv_jobs_db_begin(&job->db, 0);
    if (rc != SV_JOBS_OK) {
        sv_job_rows_free(rows);
        return rc;
    }

    stmt = sv_job_stmt(job, SV_JOB_Q_DUE,
                       "SELECT pos, idx, status, reason, due, since, tries,"
                       " dest, data FROM waiting WHERE due <= ?1"
                       " ORDER BY due LIMIT ?2");

    if (stmt) {
        (void) sqlite3_bind_int64(stmt, 1, now);
        (void) sqlite3_bind_int64(stmt, 2, (sqlite3_int64) limit);
        rc = sv_jobs_db_step(&job->db, stmt);

    } else {
        rc = sv_job_failed(job);
    }

    while (rc == SV_JOBS_OK) {
        rc = sv_job_due_row(job, stmt, &arena, &rows->results[rows->n]);

        if (rc == SV_JOBS_OK) {
            rows->n++;
            rc = sv_jobs_db_step(&job->db, stmt);
        }
    }

    rc = sv_jobs_db_end(&job->db, rc == SV_JOBS_DONE ? SV_JOBS_OK : rc);

    sv_job_rows_take(rows, &arena);

    if (rc != SV_JOBS_OK) {
        sv_job_rows_free(rows);
    }

    return rc;
}


static sv_jobs_e
sv_job_due_row(sv_job_t *job, sqlite3_stmt *stmt, sv_job_arena_t *arena,
    sv_job_result_t *r)
{
    r->pos = (uint64_t) sqlite3_column_int64(stmt, 0);
    r->idx = (uint64_t) sqlite3_column_int64(stmt, 1);
    r->of = r->idx;
    r->status = (unsigned) sqlite3_column_int(stmt, 2);
    r->reason = (unsigned) sqlite3_column_int(stmt, 3);
    r->due = sqlite3_column_int64(stmt, 4);
    r->since = sqlite3_column_int64(stmt, 5);
    r->tries = (unsigned) sqlite3_column_int(stmt, 6);
    r->dest = (uint64_t) sqlite3_column_int64(stmt, 7);

    return sv_job_result_column(job, stmt, 8, SV_JOB_SEAL_RESULT, arena, r);
}


sv_jobs_e
sv_job_postpone(sv_job_t *job, uint64_t dest, int64_t due)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    rc = sv_jobs_db_begin(&job->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_job_stmt(job, SV_JOB_Q_POSTPONE,
                       "UPDATE waiting SET due = ?2"
                       " WHERE dest = ?1 AND due < ?2");
    if (stmt) {
        (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) dest);
        (void) sqlite3_bind_int64(stmt, 2, due);
    }

    return sv_jobs_db_end(&job->db, sv_jobs_db_run(&job->db, stmt));
}
