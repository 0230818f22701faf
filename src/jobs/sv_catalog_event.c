
#include <string.h>

#include "sv_catalog_sh.h"


static void sv_catalog_event_bind(sqlite3_stmt *stmt,
    const sv_catalog_event_t *event);


sv_jobs_e
sv_catalog_event_add(sv_catalog_t *catalog, sv_catalog_event_t *event)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_ADD,
                           "INSERT INTO event"
                           " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
    if (stmt) {
        sv_catalog_event_bind(stmt, event);
    }

    return sv_jobs_db_end(&catalog->db, sv_jobs_db_run(&catalog->db, stmt));
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
}


/* SV_JOBS_DONE: none is due, *next is when the first one will be, or 0 */

sv_jobs_e
sv_catalog_event_due(sv_catalog_t *catalog, int64_t now,
    sv_catalog_event_t *event, int64_t *next)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    *next = 0;

    rc = sv_jobs_db_begin(&catalog->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_DUE,
                           "SELECT id, job, type, created, due, tries, status"
                           " FROM event ORDER BY due LIMIT 1");
    if (stmt == NULL) {
        return sv_jobs_db_end(&catalog->db, sv_catalog_failed(catalog));
    }

    rc = sv_jobs_db_step(&catalog->db, stmt);

    if (rc == SV_JOBS_OK) {
        memset(event, 0, sizeof(sv_catalog_event_t));
        sv_catalog_text(stmt, 0, event->event, sizeof(event->event));
        sv_catalog_text(stmt, 1, event->job, sizeof(event->job));
        event->type = (unsigned) sqlite3_column_int(stmt, 2);
        event->created = sqlite3_column_int64(stmt, 3);
        event->due = sqlite3_column_int64(stmt, 4);
        event->tries = (unsigned) sqlite3_column_int(stmt, 5);
        event->status = (unsigned) sqlite3_column_int(stmt, 6);

        if (event->due > now) {
            *next = event->due;
            rc = SV_JOBS_DONE;
        }
    }

    return sv_jobs_db_end(&catalog->db, rc);
}


sv_jobs_e
sv_catalog_event_set(sv_catalog_t *catalog, sv_catalog_event_t *event)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_SET,
                           "UPDATE event SET job = ?2, type = ?3, created = ?4,"
                           " due = ?5, tries = ?6, status = ?7 WHERE id = ?1");
    if (stmt) {
        sv_catalog_event_bind(stmt, event);
    }

    return sv_jobs_db_end(&catalog->db, sv_jobs_db_run(&catalog->db, stmt));
}


sv_jobs_e
sv_catalog_event_remove(sv_catalog_t *catalog, sv_catalog_event_t *event)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    rc = sv_jobs_db_begin(&catalog->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_EVENT_DROP,
                           "DELETE FROM event WHERE id = ?1");
    if (stmt) {
        (void) sqlite3_bind_text(stmt, 1, event->event, -1, SQLITE_STATIC);
    }

    return sv_jobs_db_end(&catalog->db, sv_jobs_db_run(&catalog->db, stmt));
}
