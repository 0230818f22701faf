
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#include "sv_job_sh.h"


static sv_jobs_e sv_job_result_duplicates(sv_job_change_t *ch,
    const sv_job_result_t *r);
static sv_jobs_e sv_job_result_unwait(sv_job_change_t *ch, uint64_t pos,
    int *waited);
static sv_jobs_e sv_job_result_known(sv_job_change_t *ch, uint64_t pos,
    int *known);


sv_jobs_e
sv_job_result_add(sv_job_change_t *ch, const sv_job_result_t *r)
{
    int              waited;
    sv_jobs_e        rc;
    sv_job_result_t  result;

    result = *r;
    result.of = r->idx;

    rc = sv_job_result_insert(ch, &result);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_job_result_unwait(ch, r->pos, &waited);

    if (rc == SV_JOBS_OK && !waited) {
        rc = sv_job_change_close(ch, r->pos);
    }

    if (rc == SV_JOBS_OK && r->sampled) {
        rc = sv_job_change_count(ch, r->status + SV_JOB_SAMPLED, r->reason, 1);
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_job_result_duplicates(ch, r);
    }

    return rc;
}


sv_jobs_e
sv_job_result_insert(sv_job_change_t *ch, const sv_job_result_t *r)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_RESULT,
                       "INSERT OR IGNORE INTO result"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    if (stmt == NULL) {
        return sv_job_failed(ch->job);
    }

    rc = sv_job_result_bind(ch->job, stmt, 7, SV_JOB_SEAL_RESULT, r);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) r->pos);
    (void) sqlite3_bind_int64(stmt, 2, (sqlite3_int64) ch->seq + 1);
    (void) sqlite3_bind_int64(stmt, 3, (sqlite3_int64) r->idx);
    (void) sqlite3_bind_int64(stmt, 4, (sqlite3_int64) r->of);
    (void) sqlite3_bind_int64(stmt, 5, r->status);
    (void) sqlite3_bind_int64(stmt, 6, r->reason);

    rc = sv_jobs_db_run(&ch->job->db, stmt);

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    if (sqlite3_changes(ch->job->db.db) == 0) {
        return SV_JOBS_DONE;
    }

    ch->seq++;

    return sv_job_change_count(ch, r->status, r->reason, 1);
}


/* The addresses of duplicates may be written in another way. */

static sv_jobs_e
sv_job_result_duplicates(sv_job_change_t *ch, const sv_job_result_t *r)
{
    size_t           n;
    sv_jobs_e        rc;
    sqlite3_stmt    *stmt, *end;
    sv_job_arena_t   arena;
    sv_job_result_t  result;

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_DUPLICATES,
                       "SELECT pos, idx, data FROM duplicate WHERE of = ?1"
                       " ORDER BY pos");
    if (stmt == NULL) {
        return sv_job_failed(ch->job);
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) r->idx);
    memset(&arena, 0, sizeof(sv_job_arena_t));

    for (n = 0; /* void */ ; n++) {
        rc = sv_jobs_db_step(&ch->job->db, stmt);

        if (rc != SV_JOBS_OK) {
            break;
        }

        arena.len = 0;
        memset(&result, 0, sizeof(sv_job_result_t));
        result.pos = (uint64_t) sqlite3_column_int64(stmt, 0);
        result.idx = (uint64_t) sqlite3_column_int64(stmt, 1);

        rc = sv_job_result_column(ch->job, stmt, 2, SV_JOB_SEAL_DUPLICATE,
                                  &arena, &result);
        if (rc != SV_JOBS_OK) {
            break;
        }

        result.email.data = sv_job_at(&arena, result.email.data);
        result.input.data = sv_job_at(&arena, result.input.data);
        result.packed = r->packed;
        result.of = r->idx;
        result.status = r->status;
        result.reason = r->reason;

        rc = sv_job_result_insert(ch, &result);

        if (rc != SV_JOBS_OK && rc != SV_JOBS_DONE) {
            break;
        }
    }

    (void) sqlite3_reset(stmt);
    sv_job_arena_free(&arena);

    if (rc != SV_JOBS_DONE || n == 0) {
        return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
    }

    end = sv_job_stmt(ch->job, SV_JOB_Q_DUPLICATE_END,
                      "DELETE FROM duplicate WHERE of = ?1");

    if (end) {
        (void) sqlite3_bind_int64(end, 1, (sqlite3_int64) r->idx);
    }

    return sv_jobs_db_run(&ch->job->db, end);
}


sv_jobs_e
sv_job_result_wait(sv_job_change_t *ch, const sv_job_result_t *r)
{
    int            known, waited;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    known = 0;
    rc = sv_job_result_known(ch, r->pos, &known);

    if (rc != SV_JOBS_OK || known) {
        return rc;
    }

    rc = sv_job_result_unwait(ch, r->pos, &waited);

    if (rc == SV_JOBS_OK && !waited) {
        rc = sv_job_change_close(ch, r->pos);
    }

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_WAIT,
                       "INSERT INTO waiting"
                       " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    if (stmt == NULL) {
        return sv_job_failed(ch->job);
    }

    rc = sv_job_result_bind(ch->job, stmt, 9, SV_JOB_SEAL_RESULT, r);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) r->pos);
    (void) sqlite3_bind_int64(stmt, 2, (sqlite3_int64) r->idx);
    (void) sqlite3_bind_int64(stmt, 3, r->status);
    (void) sqlite3_bind_int64(stmt, 4, r->reason);
    (void) sqlite3_bind_int64(stmt, 5, r->due);
    (void) sqlite3_bind_int64(stmt, 6, r->since);
    (void) sqlite3_bind_int64(stmt, 7, r->tries);
    (void) sqlite3_bind_int64(stmt, 8, (sqlite3_int64) r->dest);

    ch->waiting++;

    return sv_jobs_db_run(&ch->job->db, stmt);
}


static sv_jobs_e
sv_job_result_unwait(sv_job_change_t *ch, uint64_t pos, int *waited)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_WAIT_END,
                       "DELETE FROM waiting WHERE pos = ?1");

    if (stmt) {
        (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) pos);
    }

    rc = sv_jobs_db_run(&ch->job->db, stmt);

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    *waited = sqlite3_changes(ch->job->db.db) == 1;
    ch->waiting -= *waited;

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_job_result_known(sv_job_change_t *ch, uint64_t pos, int *known)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_HAS_RESULT,
                       "SELECT 1 FROM result WHERE pos = ?1");
    if (stmt == NULL) {
        return sv_job_failed(ch->job);
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) pos);

    rc = sv_jobs_db_step(&ch->job->db, stmt);
    *known = rc == SV_JOBS_OK;
    (void) sqlite3_reset(stmt);

    return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
}


sv_jobs_e
sv_job_result_bind(sv_job_t *job, sqlite3_stmt *stmt, int column,
    sv_job_seal_e kind, const sv_job_result_t *r)
{
    size_t          len, size, room;
    unsigned char  *buf, *text;

    len = sv_job_result_len(r);
    size = SV_JOB_NONCE + len + SV_JOB_TAG;

    if (len > 4 * SV_JOBS_DATA_MAX) {
        return sv_jobs_why(&job->db.why, SV_JOBS_FAILED, 0,
                           "a result is too long");
    }

    if (size > job->room) {
        room = size < 4096 ? 4096 : size * 2;
        buf = malloc(room);

        if (buf == NULL) {
            return sv_jobs_why(&job->db.why, SV_JOBS_NO_MEMORY, 0, "no memory");
        }

        if (job->buf) {
            OPENSSL_cleanse(job->buf, job->room);
            free(job->buf);
        }

        job->buf = buf;
        job->room = room;
    }

    text = job->buf + SV_JOB_NONCE;
    sv_job_result_write(r, text);

    if (sv_job_seal_nonces(&job->seal, 1, job->buf) == -1
        || sv_job_seal(&job->seal, kind, r->pos, job->buf, text, len, text)
           == -1)
    {
        return sv_jobs_why(&job->db.why, SV_JOBS_FAILED, 0,
                           "OpenSSL could not seal a result");
    }

    (void) sqlite3_bind_blob(stmt, column, job->buf, (int) size,
                             SQLITE_STATIC);

    return SV_JOBS_OK;
}


/* The strings are offsets in the arena until it has all rows. */

sv_jobs_e
sv_job_result_column(sv_job_t *job, sqlite3_stmt *stmt, int column,
    sv_job_seal_e kind, sv_job_arena_t *arena, sv_job_result_t *r)
{
    size_t                len;
    unsigned char        *text;
    const unsigned char  *data;

    data = sqlite3_column_blob(stmt, column);
    len = (size_t) sqlite3_column_bytes(stmt, column);

    if (data == NULL || len < SV_JOB_NONCE + SV_JOB_TAG) {
        return sv_jobs_why(&job->db.why, SV_JOBS_DAMAGED, 0,
                           "a result of the job is damaged");
    }

    text = sv_job_arena_room(arena, len);
    if (text == NULL) {
        return sv_jobs_why(&job->db.why, SV_JOBS_NO_MEMORY, 0, "no memory");
    }

    if (sv_job_unseal(&job->seal, kind, r->pos, data, data + SV_JOB_NONCE,
                      len - SV_JOB_NONCE, text)
        == -1
        || sv_job_result_read(text, len - SV_JOB_NONCE - SV_JOB_TAG, r) == -1)
    {
        return sv_jobs_why(&job->db.why, SV_JOBS_DAMAGED, 0,
                           "a result of the job could not be unsealed");
    }

    arena->len += len - SV_JOB_NONCE - SV_JOB_TAG;

    r->email.data = sv_job_offset(arena, r->email.data);
    r->input.data = sv_job_offset(arena, r->input.data);
    r->packed.data = sv_job_offset(arena, r->packed.data);

    return SV_JOBS_OK;
}


void
sv_job_rows_take(sv_job_rows_t *rows, sv_job_arena_t *arena)
{
    size_t            i;
    sv_job_result_t  *r;

    rows->mem = arena->mem;
    rows->size = arena->len;

    for (i = 0; i < rows->n; i++) {
        r = &rows->results[i];
        r->email.data = sv_job_at(arena, r->email.data);
        r->input.data = sv_job_at(arena, r->input.data);
        r->packed.data = sv_job_at(arena, r->packed.data);
    }
}
