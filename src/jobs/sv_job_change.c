
#include <stdlib.h>
#include <string.h>

#include "sv_job_sh.h"


static sv_jobs_e sv_job_change_write(sv_job_change_t *ch);
static sv_jobs_e sv_job_change_counts(sv_job_change_t *ch);
static sv_jobs_e sv_job_change_blocks(sv_job_change_t *ch);


sv_jobs_e
sv_job_change_begin(sv_job_change_t *ch, sv_job_t *job)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    memset(ch, 0, sizeof(sv_job_change_t));
    ch->job = job;

    stmt = sv_job_stmt(job, SV_JOB_Q_SEQ, "SELECT seq FROM total");

    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    rc = sv_jobs_db_step(&job->db, stmt);

    if (rc == SV_JOBS_OK) {
        ch->seq = (uint64_t) sqlite3_column_int64(stmt, 0);
        (void) sqlite3_reset(stmt);
    }

    return rc;
}


sv_jobs_e
sv_job_change_count(sv_job_change_t *ch, unsigned status, unsigned reason,
    int n)
{
    size_t     i;
    sv_jobs_e  rc;

    for (i = ch->ncounts; i-- > 0; /* void */ ) {
        if (ch->counts[i].status == status && ch->counts[i].reason == reason) {
            ch->counts[i].n += n;
            return SV_JOBS_OK;
        }
    }

    if (ch->ncounts == sizeof(ch->counts) / sizeof(ch->counts[0])) {
        rc = sv_job_change_counts(ch);
        if (rc != SV_JOBS_OK) {
            return rc;
        }
    }

    ch->counts[ch->ncounts].status = status;
    ch->counts[ch->ncounts].reason = reason;
    ch->counts[ch->ncounts++].n = n;

    return SV_JOBS_OK;
}


/* The records of a call are of few blocks, mostly in a row. */

sv_jobs_e
sv_job_change_close(sv_job_change_t *ch, uint64_t pos)
{
    size_t            i, room;
    uint64_t          block;
    sv_job_closed_t  *closed;

    block = pos / SV_JOBS_BLOCK;

    for (i = ch->nclosed; i-- > 0; /* void */ ) {
        if (ch->closed[i].block == block) {
            ch->closed[i].n++;
            return SV_JOBS_OK;
        }
    }

    if (ch->nclosed == ch->room) {
        room = ch->room ? ch->room * 2 : 64;
        closed = realloc(ch->closed, room * sizeof(sv_job_closed_t));

        if (closed == NULL) {
            return sv_jobs_why(&ch->job->db.why, SV_JOBS_NO_MEMORY, 0,
                               "no memory");
        }

        ch->closed = closed;
        ch->room = room;
    }

    ch->closed[ch->nclosed].block = block;
    ch->closed[ch->nclosed++].n = 1;

    return SV_JOBS_OK;
}


sv_jobs_e
sv_job_change_end(sv_job_change_t *ch, sv_jobs_e rc)
{
    sv_jobs_e  end;

    if (rc == SV_JOBS_OK || rc == SV_JOBS_DONE) {
        end = sv_job_change_write(ch);

        if (end != SV_JOBS_OK) {
            rc = end;
        }
    }

    free(ch->closed);
    ch->closed = NULL;

    return rc;
}


static sv_jobs_e
sv_job_change_write(sv_job_change_t *ch)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    rc = sv_job_change_counts(ch);

    if (rc == SV_JOBS_OK) {
        rc = sv_job_change_blocks(ch);
    }

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_ADD_TOTAL,
                       "UPDATE total SET records = records + ?1,"
                       " duplicates = duplicates + ?2, waiting = waiting + ?3,"
                       " seq = ?4, blocks = max(blocks, ?5)");

    if (stmt) {
        (void) sqlite3_bind_int64(stmt, 1, ch->records);
        (void) sqlite3_bind_int64(stmt, 2, ch->duplicates);
        (void) sqlite3_bind_int64(stmt, 3, ch->waiting);
        (void) sqlite3_bind_int64(stmt, 4, (sqlite3_int64) ch->seq);
        (void) sqlite3_bind_int64(stmt, 5, (sqlite3_int64) ch->blocks);
    }

    return sv_jobs_db_run(&ch->job->db, stmt);
}


static sv_jobs_e
sv_job_change_counts(sv_job_change_t *ch)
{
    size_t         i;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    for (i = 0; i < ch->ncounts; i++) {
        stmt = sv_job_stmt(ch->job, SV_JOB_Q_COUNT,
                           "INSERT INTO count VALUES (?1, ?2, ?3)"
                           " ON CONFLICT (status, reason)"
                           " DO UPDATE SET n = n + ?3");

        if (stmt) {
            (void) sqlite3_bind_int64(stmt, 1, ch->counts[i].status);
            (void) sqlite3_bind_int64(stmt, 2, ch->counts[i].reason);
            (void) sqlite3_bind_int64(stmt, 3, ch->counts[i].n);
        }

        rc = sv_jobs_db_run(&ch->job->db, stmt);
        if (rc != SV_JOBS_OK) {
            return rc;
        }
    }

    ch->ncounts = 0;

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_job_change_blocks(sv_job_change_t *ch)
{
    size_t         i;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    for (i = 0; i < ch->nclosed; i++) {
        stmt = sv_job_stmt(ch->job, SV_JOB_Q_CLOSE,
                           "UPDATE open SET n = n - ?2"
                           " WHERE id = ?1 AND n >= ?2");

        if (stmt) {
            (void) sqlite3_bind_int64(stmt, 1,
                                      (sqlite3_int64) ch->closed[i].block);
            (void) sqlite3_bind_int64(stmt, 2,
                                      (sqlite3_int64) ch->closed[i].n);
        }

        rc = sv_jobs_db_run(&ch->job->db, stmt);
        if (rc != SV_JOBS_OK) {
            return rc;
        }

        if (sqlite3_changes(ch->job->db.db) != 1) {
            return sv_jobs_why(&ch->job->db.why, SV_JOBS_DAMAGED, 0,
                               "a result is of no record of the job");
        }
    }

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_BLOCK_DROP,
                       "DELETE FROM open WHERE n = 0 AND id = ?1");

    for (i = 0; i < ch->nclosed; i++) {
        if (stmt) {
            (void) sqlite3_reset(stmt);
            (void) sqlite3_bind_int64(stmt, 1,
                                      (sqlite3_int64) ch->closed[i].block);
        }

        rc = sv_jobs_db_run(&ch->job->db, stmt);
        if (rc != SV_JOBS_OK) {
            return rc;
        }
    }

    return SV_JOBS_OK;
}
