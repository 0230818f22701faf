
#include <string.h>

#include "sv_catalog_sh.h"


#define SV_CATALOG_EVENT                                                      \
    "id, job, type, created, due, tries, status, seen"


static void sv_catalog_event_bind(sqlite3_stmt *stmt,
    const sv_catalog_event_t *event);
static void sv_catalog_event_row(sqlite3_stmt *stmt,
    sv_catalog_event_t *event);
static sv_jobs_e sv_catalog_event_next(sv_catalog_t *catalog, int64_t now,
    int64_t *next);


sv_jobs_e
sv_catalog_event_insert(sv_catalog_t *catalog, const sv_catalog_event_t *event)
{
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_ADD,
                           "INSERT INTO event (" SV_CATALOG_EVENT ")"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)");
    if (stmt) {
        sv_catalog_event_bind(stmt, event);
    }

    return sv_jobs_db_run(&catalog->db, stmt);
}


static void
sv_catalog_event_bind(sqlite3_stmt *stmt, const sv_catalog_event_t *event)
{
    (void) sqlite3_bind_text(stmt, 1, event->event, -1, SQLITE_STATIC);
    (void) sqlite3_bind_text(stmt, 2, event->job, -1, SQLITE_STATIC);
    (void) sqlite3_bind_int64(stmt, 3, event->type);
    (void) sqlite3_bind_int64(stmt, 4, event->created);
    (void) sqlite3_bind_int64(stmt, 5, event->due);
    (void) sqlite3_bind_int64(stmt, 6, event->tries);
    (void) sqlite3_bind_int64(stmt, 7, event->status);
    (void) sqlite3_bind_int64(stmt, 8, (sqlite3_int64) event->seen);
}


static void
sv_catalog_event_row(sqlite3_stmt *stmt, sv_catalog_event_t *event)
{
    memset(event, 0, sizeof(sv_catalog_event_t));

    sv_catalog_text(stmt, 0, event->event, sizeof(event->event));
    sv_catalog_text(stmt, 1, event->job, sizeof(event->job));
    event->type = (unsigned) sqlite3_column_int(stmt, 2);
    event->created = sqlite3_column_int64(stmt, 3);
    event->due = sqlite3_column_int64(stmt, 4);
    event->tries = (unsigned) sqlite3_column_int64(stmt, 5);
    event->status = (unsigned) sqlite3_column_int64(stmt, 6);
    event->seen = (uint64_t) sqlite3_column_int64(stmt, 7);
    sv_catalog_text(stmt, 8, event->client, sizeof(event->client));
}


/* First one event of each client, then a second one, and so on. */

sv_jobs_e
sv_catalog_event_due(sv_catalog_t *catalog, int64_t now,
    sv_catalog_event_t *events, size_t *n, int64_t *next)
{
    size_t         room;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    room = *n;
    *n = 0;
    *next = 0;

    rc = sv_jobs_db_begin(&catalog->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_DUE,
                           "SELECT " SV_CATALOG_EVENT ", client FROM"
                           " (SELECT event.*, job.client AS client,"
                           " row_number() OVER (PARTITION BY job.client"
                           " ORDER BY event.due) AS turn FROM event"
                           " JOIN job ON job.id = event.job"
                           " WHERE event.due <= ?1)"
                           " ORDER BY turn, due LIMIT ?2");
    if (stmt == NULL) {
        return sv_jobs_db_end(&catalog->db, sv_catalog_failed(catalog));
    }

    (void) sqlite3_bind_int64(stmt, 1, now);
    (void) sqlite3_bind_int64(stmt, 2, (sqlite3_int64) room);

    rc = SV_JOBS_OK;

    while (*n < room) {
        rc = sv_jobs_db_step(&catalog->db, stmt);
        if (rc != SV_JOBS_OK) {
            break;
        }

        sv_catalog_event_row(stmt, &events[(*n)++]);
    }

    if (rc == SV_JOBS_OK || rc == SV_JOBS_DONE) {
        rc = sv_catalog_event_next(catalog, now, next);
    }

    rc = sv_jobs_db_end(&catalog->db, rc);

    return rc == SV_JOBS_OK && *n == 0 ? SV_JOBS_DONE : rc;
}


static sv_jobs_e
sv_catalog_event_next(sv_catalog_t *catalog, int64_t now, int64_t *next)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_NEXT,
                           "SELECT due FROM event WHERE due > ?1"
                           " ORDER BY due LIMIT 1");
    if (stmt == NULL) {
        return sv_catalog_failed(catalog);
    }

    (void) sqlite3_bind_int64(stmt, 1, now);

    rc = sv_jobs_db_step(&catalog->db, stmt);

    if (rc == SV_JOBS_OK) {
        *next = sqlite3_column_int64(stmt, 0);
    }

    return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
}


sv_jobs_e
sv_catalog_event_find(sv_catalog_t *catalog, const char *id,
    sv_catalog_event_t *event)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_GET,
                           "SELECT " SV_CATALOG_EVENT ", '' FROM event"
                           " WHERE id = ?1");
    if (stmt == NULL) {
        return sv_catalog_failed(catalog);
    }

    (void) sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);

    rc = sv_jobs_db_step(&catalog->db, stmt);

    if (rc == SV_JOBS_OK) {
        sv_catalog_event_row(stmt, event);
        (void) sqlite3_reset(stmt);
    }

    if (rc == SV_JOBS_DONE) {
        rc = sv_jobs_why(&catalog->db.why, SV_JOBS_NOT_FOUND, 0,
                         "there is no such event");
    }

    return rc;
}


sv_jobs_e
sv_catalog_event_update(sv_catalog_t *catalog, const sv_catalog_event_t *event)
{
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_SET,
                           "UPDATE event SET job = ?2, type = ?3, created = ?4,"
                           " due = ?5, tries = ?6, status = ?7, seen = ?8"
                           " WHERE id = ?1");
    if (stmt) {
        sv_catalog_event_bind(stmt, event);
    }

    return sv_jobs_db_run(&catalog->db, stmt);
}


sv_jobs_e
sv_catalog_event_delete(sv_catalog_t *catalog, const char *id)
{
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_DROP,
                           "DELETE FROM event WHERE id = ?1");
    if (stmt) {
        (void) sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
    }

    return sv_jobs_db_run(&catalog->db, stmt);
}
