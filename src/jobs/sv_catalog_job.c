
#include <string.h>

#include "sv_catalog_sh.h"


#define SV_CATALOG_FINISHED                                                   \
    (1 << SV_JOB_COMPLETED | 1 << SV_JOB_CANCELLED | 1 << SV_JOB_FAILED)

#define SV_CATALOG_HASH  32


static sv_jobs_e sv_catalog_key_known(sv_catalog_t *catalog,
    sv_catalog_job_t *job, const char *key, unsigned char *hash);
static sv_jobs_e sv_catalog_key_add(sv_catalog_t *catalog,
    sv_catalog_job_t *job, const char *key);
static sv_jobs_e sv_catalog_insert(sv_catalog_t *catalog,
    sv_catalog_job_t *job);
static sv_jobs_e sv_catalog_move_once(sv_catalog_t *catalog, const char *id,
    unsigned from, sv_job_state_e to, int64_t now, const char *error,
    sv_catalog_job_t *job);
static sv_jobs_e sv_catalog_rows(sv_catalog_t *catalog, sqlite3_stmt *stmt,
    sv_catalog_job_t *jobs, size_t *n, size_t room);
static sv_jobs_e sv_catalog_remove_once(sv_catalog_t *catalog, const char *id);
static sv_jobs_e sv_catalog_write(sv_catalog_t *catalog,
    const sv_catalog_job_t *job);


sv_jobs_e
sv_catalog_add(sv_catalog_t *catalog, sv_catalog_job_t *job, const char *key,
    unsigned char *hash, sv_catalog_limit_t *limit)
{
    sv_jobs_e  rc;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    if (key && key[0]) {
        rc = sv_catalog_key_known(catalog, job, key, hash);

        if (rc == SV_JOBS_OK) {
            return sv_jobs_db_end(&catalog->db, SV_JOBS_DONE);
        }

        rc = rc == SV_JOBS_NOT_FOUND ? SV_JOBS_OK : rc;
    }

    job->state = SV_JOB_UPLOADING;

    if (rc == SV_JOBS_OK) {
        rc = sv_catalog_check_limit(catalog, job->client, limit);
    }

    if (rc != SV_JOBS_OK || (limit && limit->over)) {
        return sv_jobs_db_end(&catalog->db, rc);
    }

    rc = sv_catalog_insert(catalog, job);

    if (rc == SV_JOBS_OK && key && key[0]) {
        rc = sv_catalog_key_add(catalog, job, key);
    }

    return sv_jobs_db_end(&catalog->db, rc);
}


/* SV_JOBS_OK: *job is that of the key.  One that is purged, or whose upload was
   broken off by the end of its process, does not count. */

static sv_jobs_e
sv_catalog_key_known(sv_catalog_t *catalog, sv_catalog_job_t *job,
    const char *key, unsigned char *hash)
{
    char              id[SV_JOBS_ID_LEN + 1];
    sv_jobs_e         rc;
    sqlite3_stmt     *stmt;
    sv_catalog_job_t  first;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_KEY_GET,
                           "SELECT job, hash FROM idempotency"
                           " WHERE client = ?1 AND key = ?2");
    if (stmt == NULL) {
        return sv_catalog_failed(catalog);
    }

    (void) sqlite3_bind_text(stmt, 1, job->client, -1, SQLITE_STATIC);
    (void) sqlite3_bind_text(stmt, 2, key, -1, SQLITE_STATIC);

    rc = sv_jobs_db_step(&catalog->db, stmt);

    if (rc != SV_JOBS_OK) {
        return rc == SV_JOBS_DONE ? SV_JOBS_NOT_FOUND : rc;
    }

    memset(hash, 0, SV_CATALOG_HASH);

    if (sqlite3_column_bytes(stmt, 1) == SV_CATALOG_HASH) {
        memcpy(hash, sqlite3_column_blob(stmt, 1), SV_CATALOG_HASH);
    }

    sv_catalog_text(stmt, 0, id, sizeof(id));
    (void) sqlite3_reset(stmt);

    rc = sv_catalog_find(catalog, id, &first);

    if (rc == SV_JOBS_OK
        && (first.state == SV_JOB_PURGING
            || (first.state == SV_JOB_UPLOADING
                && !sv_jobs_is_held(catalog->path, id))))
    {
        rc = SV_JOBS_NOT_FOUND;
    }

    if (rc == SV_JOBS_OK) {
        *job = first;
    }

    return rc;
}


static sv_jobs_e
sv_catalog_key_add(sv_catalog_t *catalog, sv_catalog_job_t *job,
    const char *key)
{
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_KEY_ADD,
                           "INSERT OR REPLACE INTO idempotency"
                           " VALUES (?1, ?2, ?3, NULL)");
    if (stmt) {
        (void) sqlite3_bind_text(stmt, 1, job->client, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 2, key, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 3, job->id, -1, SQLITE_STATIC);
    }

    return sv_jobs_db_run(&catalog->db, stmt);
}


static sv_jobs_e
sv_catalog_insert(sv_catalog_t *catalog, sv_catalog_job_t *job)
{
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_ADD,
                           "INSERT INTO job (" SV_CATALOG_COLUMNS ")"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
                           " ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19,"
                           " ?20)");
    if (stmt) {
        (void) sqlite3_bind_text(stmt, 1, job->id, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 2, job->client, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 3, job->name, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int(stmt, 4, (int) job->state);
        (void) sqlite3_bind_int64(stmt, 5, job->created);
        (void) sqlite3_bind_int64(stmt, 6, job->started);
        (void) sqlite3_bind_int64(stmt, 7, job->finished);
        (void) sqlite3_bind_int64(stmt, 8, job->expires);
        (void) sqlite3_bind_int64(stmt, 9, job->retention);
        (void) sqlite3_bind_int64(stmt, 10, job->wait);
        (void) sqlite3_bind_int64(stmt, 11, (sqlite3_int64) job->records);
        (void) sqlite3_bind_int64(stmt, 12, (sqlite3_int64) job->bytes);
        (void) sqlite3_bind_int64(stmt, 13, (sqlite3_int64) job->sample);
        (void) sqlite3_bind_int(stmt, 14, (int) job->smtp);
        (void) sqlite3_bind_text(stmt, 15, job->error, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 16, job->request_id, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 17, job->webhook, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int(stmt, 18, (int) job->webhook_events);
        (void) sqlite3_bind_text(stmt, 19, job->webhook_state, -1,
                                 SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 20, job->traceparent, -1,
                                 SQLITE_STATIC);
    }

    return sv_jobs_db_run(&catalog->db, stmt);
}


sv_jobs_e
sv_catalog_added(sv_catalog_t *catalog, sv_catalog_job_t *job,
    const unsigned char *hash, sv_catalog_limit_t *limit)
{
    sv_jobs_e         rc;
    sqlite3_stmt     *stmt;
    sv_catalog_job_t  row;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_catalog_find(catalog, job->id, &row);

    if (rc == SV_JOBS_OK && row.state != SV_JOB_UPLOADING) {
        rc = sv_jobs_why(&catalog->db.why, SV_JOBS_CONFLICT, 0,
                         "the job is not uploading");
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_catalog_check_limit(catalog, row.client, limit);
    }

    if (rc != SV_JOBS_OK || (limit && limit->over)) {
        return sv_jobs_db_end(&catalog->db, rc);
    }

    row.state = SV_JOB_QUEUED;
    row.records = job->records;
    row.bytes = job->bytes;

    rc = sv_catalog_write(catalog, &row);

    if (rc == SV_JOBS_OK && hash) {
        stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_KEY_HASH,
                               "UPDATE idempotency SET hash = ?2"
                               " WHERE job = ?1");
        if (stmt) {
            (void) sqlite3_bind_text(stmt, 1, row.id, -1, SQLITE_STATIC);
            (void) sqlite3_bind_blob(stmt, 2, hash, SV_CATALOG_HASH,
                                     SQLITE_STATIC);
        }

        rc = sv_jobs_db_run(&catalog->db, stmt);
    }

    rc = sv_jobs_db_end(&catalog->db, rc);

    if (rc == SV_JOBS_OK) {
        *job = row;
    }

    return rc;
}


sv_jobs_e
sv_catalog_get(sv_catalog_t *catalog, const char *id, sv_catalog_job_t *job)
{
    sv_jobs_e         rc;
    sv_catalog_job_t  row;

    rc = sv_jobs_db_begin(&catalog->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_catalog_find(catalog, id, &row);

    if (rc == SV_JOBS_OK && row.state == SV_JOB_PURGING) {
        rc = sv_jobs_why(&catalog->db.why, SV_JOBS_NOT_FOUND, 0,
                         "there is no such job");
    }

    rc = sv_jobs_db_end(&catalog->db, rc);

    if (rc == SV_JOBS_OK) {
        *job = row;
    }

    return rc;
}


sv_jobs_e
sv_catalog_list(sv_catalog_t *catalog, sv_catalog_page_t *page,
    sv_catalog_job_t *jobs, size_t *n)
{
    size_t         room;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    room = *n;
    *n = 0;

    if (page->limit && page->limit < room) {
        room = page->limit;
    }

    rc = sv_jobs_db_begin(&catalog->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_LIST,
                           "SELECT " SV_CATALOG_COLUMNS " FROM job"
                           " WHERE (?1 IS NULL OR client = ?1)"
                           " AND (?2 < 0 OR state = ?2)"
                           " AND (?3 = '' OR id < ?3) AND state != ?4"
                           " ORDER BY id DESC LIMIT ?5");
    if (stmt == NULL) {
        return sv_jobs_db_end(&catalog->db, sv_catalog_failed(catalog));
    }

    (void) sqlite3_bind_text(stmt, 1, page->client, -1, SQLITE_STATIC);
    (void) sqlite3_bind_int(stmt, 2, page->state);
    (void) sqlite3_bind_text(stmt, 3, page->after, -1, SQLITE_STATIC);
    (void) sqlite3_bind_int(stmt, 4, SV_JOB_PURGING);
    (void) sqlite3_bind_int64(stmt, 5, (sqlite3_int64) room);

    return sv_catalog_rows(catalog, stmt, jobs, n, room);
}


/* Reads the rows that there is room for, and ends the transaction. */

static sv_jobs_e
sv_catalog_rows(sv_catalog_t *catalog, sqlite3_stmt *stmt,
    sv_catalog_job_t *jobs, size_t *n, size_t room)
{
    sv_jobs_e  rc;

    rc = SV_JOBS_OK;

    while (*n < room) {
        rc = sv_jobs_db_step(&catalog->db, stmt);
        if (rc != SV_JOBS_OK) {
            break;
        }

        sv_catalog_row(stmt, &jobs[(*n)++]);
    }

    return sv_jobs_db_end(&catalog->db, rc == SV_JOBS_DONE ? SV_JOBS_OK : rc);
}


/* On a full disk a job can still be purged or ended. */

sv_jobs_e
sv_catalog_move(sv_catalog_t *catalog, const char *id, unsigned from,
    sv_job_state_e to, int64_t now, const char *error, sv_catalog_job_t *job)
{
    sv_jobs_e  rc;

    rc = sv_catalog_move_once(catalog, id, from, to, now, error, job);

    if (rc == SV_JOBS_FULL && to >= SV_JOB_PAUSED
        && sv_catalog_give_up_reserve(catalog) == 0)
    {
        rc = sv_catalog_move_once(catalog, id, from, to, now, error, job);
    }

    return rc;
}


static sv_jobs_e
sv_catalog_move_once(sv_catalog_t *catalog, const char *id, unsigned from,
    sv_job_state_e to, int64_t now, const char *error, sv_catalog_job_t *job)
{
    sv_jobs_e         rc;
    sv_catalog_job_t  row, old;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_catalog_find(catalog, id, &row);

    if (rc == SV_JOBS_OK && job) {
        *job = row;
    }

    if (rc == SV_JOBS_OK && !(from & 1u << row.state)) {
        rc = sv_jobs_why(&catalog->db.why, SV_JOBS_CONFLICT, 0,
                         "the state of the job does not allow it");
    }

    if (rc != SV_JOBS_OK) {
        return sv_jobs_db_end(&catalog->db, rc);
    }

    old = row;
    row.state = to;

    if (to == SV_JOB_RUNNING && row.started == 0) {
        row.started = now;
    }

    if ((SV_CATALOG_FINISHED & 1u << to) && row.finished == 0) {
        row.finished = now;
        row.expires = now + row.retention;
    }

    /* a job that nobody resumes is not kept for ever */

    if (row.finished == 0) {
        row.expires = (to == SV_JOB_PAUSED) ? now + row.retention : 0;
    }

    if (error) {
        sv_catalog_set(row.error, sizeof(row.error), error);
    }

    rc = sv_catalog_write(catalog, &row);

    if (rc == SV_JOBS_OK) {
        rc = sv_catalog_hook_moved(catalog, &row, &old, now);
    }

    rc = sv_jobs_db_end(&catalog->db, rc);

    if (rc == SV_JOBS_OK && job) {
        *job = row;
    }

    return rc;
}


static sv_jobs_e
sv_catalog_write(sv_catalog_t *catalog, const sv_catalog_job_t *job)
{
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_CHANGE,
                           "UPDATE job SET name = ?2, state = ?3, started = ?4,"
                           " finished = ?5, expires = ?6, retention = ?7,"
                           " records = ?8, bytes = ?9, error = ?10,"
                           " webhook = ?11, webhook_events = ?12,"
                           " webhook_state = ?13 WHERE id = ?1");
    if (stmt) {
        (void) sqlite3_bind_text(stmt, 1, job->id, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 2, job->name, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int(stmt, 3, (int) job->state);
        (void) sqlite3_bind_int64(stmt, 4, job->started);
        (void) sqlite3_bind_int64(stmt, 5, job->finished);
        (void) sqlite3_bind_int64(stmt, 6, job->expires);
        (void) sqlite3_bind_int64(stmt, 7, job->retention);
        (void) sqlite3_bind_int64(stmt, 8, (sqlite3_int64) job->records);
        (void) sqlite3_bind_int64(stmt, 9, (sqlite3_int64) job->bytes);
        (void) sqlite3_bind_text(stmt, 10, job->error, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(stmt, 11, job->webhook, -1, SQLITE_STATIC);
        (void) sqlite3_bind_int(stmt, 12, (int) job->webhook_events);
        (void) sqlite3_bind_text(stmt, 13, job->webhook_state, -1,
                                 SQLITE_STATIC);
    }

    return sv_jobs_db_run(&catalog->db, stmt);
}


sv_jobs_e
sv_catalog_change(sv_catalog_t *catalog, sv_catalog_job_t *job)
{
    sv_jobs_e         rc;
    sv_catalog_job_t  row, old;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_catalog_find(catalog, job->id, &row);

    if (rc == SV_JOBS_OK && row.state == SV_JOB_PURGING) {
        rc = sv_jobs_why(&catalog->db.why, SV_JOBS_NOT_FOUND, 0,
                         "there is no such job");
    }

    if (rc == SV_JOBS_OK) {
        old = row;
        memcpy(row.name, job->name, sizeof(row.name));
        memcpy(row.webhook, job->webhook, sizeof(row.webhook));

        if (!job->webhook_kept) {
            memcpy(row.webhook_state, job->webhook_state,
                   sizeof(row.webhook_state));
        }

        row.webhook_events = job->webhook_events;

        if (row.expires) {
            row.expires += job->retention - row.retention;
        }

        row.retention = job->retention;

        rc = sv_catalog_write(catalog, &row);
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_catalog_hook_changed(catalog, &row, &old);
    }

    rc = sv_jobs_db_end(&catalog->db, rc);

    if (rc == SV_JOBS_OK) {
        *job = row;
    }

    return rc;
}


sv_jobs_e
sv_catalog_remove(sv_catalog_t *catalog, const char *id)
{
    sv_jobs_e  rc;

    rc = sv_catalog_remove_once(catalog, id);

    if (rc == SV_JOBS_FULL && sv_catalog_give_up_reserve(catalog) == 0) {
        rc = sv_catalog_remove_once(catalog, id);
    }

    if (rc == SV_JOBS_OK) {
        sv_catalog_reserve(catalog);
    }

    return rc;
}


static sv_jobs_e
sv_catalog_remove_once(sv_catalog_t *catalog, const char *id)
{
    static const struct {
        unsigned     n;
        const char  *sql;
    } from[] = {
        { SV_CATALOG_Q_EVENTS_GONE, "DELETE FROM event WHERE job = ?1" },
        { SV_CATALOG_Q_KEY_GONE, "DELETE FROM idempotency WHERE job = ?1" },
        { SV_CATALOG_Q_REMOVE, "DELETE FROM job WHERE id = ?1" }
    };

    size_t         i;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    for (i = 0; rc == SV_JOBS_OK && i < sizeof(from) / sizeof(from[0]); i++) {
        stmt = sv_catalog_stmt(catalog, from[i].n, from[i].sql);

        if (stmt) {
            (void) sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
        }

        rc = sv_jobs_db_run(&catalog->db, stmt);
    }

    return sv_jobs_db_end(&catalog->db, rc);
}


sv_jobs_e
sv_catalog_expired(sv_catalog_t *catalog, int64_t now, const char *after,
    sv_catalog_job_t *jobs, size_t *n)
{
    size_t             room;
    sv_jobs_e          rc;
    sqlite3_stmt      *stmt;
    sv_catalog_job_t  *job;

    room = *n;
    *n = 0;

    rc = sv_jobs_db_begin(&catalog->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EXPIRED,
                           "SELECT " SV_CATALOG_COLUMNS " FROM job"
                           " WHERE id > ?1 AND (state = ?2 OR state = ?3"
                           " OR (expires > 0 AND expires <= ?4))"
                           " ORDER BY id");
    if (stmt == NULL) {
        return sv_jobs_db_end(&catalog->db, sv_catalog_failed(catalog));
    }

    (void) sqlite3_bind_text(stmt, 1, after, -1, SQLITE_STATIC);
    (void) sqlite3_bind_int(stmt, 2, SV_JOB_PURGING);
    (void) sqlite3_bind_int(stmt, 3, SV_JOB_UPLOADING);
    (void) sqlite3_bind_int64(stmt, 4, now);

    while (*n < room) {
        rc = sv_jobs_db_step(&catalog->db, stmt);
        if (rc != SV_JOBS_OK) {
            break;
        }

        job = &jobs[*n];
        sv_catalog_row(stmt, job);

        if (job->state != SV_JOB_UPLOADING
            || !sv_jobs_is_held(catalog->path, job->id))
        {
            (*n)++;
        }
    }

    return sv_jobs_db_end(&catalog->db, rc == SV_JOBS_DONE ? SV_JOBS_OK : rc);
}
