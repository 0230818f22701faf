
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "sv_catalog_sh.h"


static sv_jobs_e sv_catalog_directory(sv_jobs_conf_t *conf,
    sv_jobs_why_t *why);


static const sv_jobs_layout_t  sv_catalog_layout = {
    "catalog.db", "lock", 0x73764a63, 2,

    "CREATE TABLE job (id TEXT PRIMARY KEY, client TEXT, name TEXT,"
        " state INTEGER, created INTEGER, started INTEGER, finished INTEGER,"
        " expires INTEGER, retention INTEGER, wait INTEGER, records INTEGER,"
        " bytes INTEGER, sample INTEGER, smtp INTEGER, error TEXT,"
        " request_id TEXT, webhook TEXT, webhook_events INTEGER,"
        " webhook_state TEXT) WITHOUT ROWID;"
    "CREATE INDEX job_client ON job (client, id);"
    "CREATE INDEX job_state ON job (state, id);"

    /* hash: of the body; NULL: still uploading */
    "CREATE TABLE idempotency (client TEXT, key TEXT, job TEXT, hash BLOB,"
        " PRIMARY KEY (client, key)) WITHOUT ROWID;"
    "CREATE INDEX idempotency_job ON idempotency (job);"

    "CREATE TABLE event (id TEXT PRIMARY KEY, job TEXT, type INTEGER,"
        " created INTEGER, due INTEGER, tries INTEGER, status INTEGER)"
        " WITHOUT ROWID;"
    "CREATE INDEX event_due ON event (due);"
    "CREATE INDEX event_job ON event (job);",

    "ALTER TABLE job ADD COLUMN traceparent TEXT;"
    "ALTER TABLE event ADD COLUMN seen INTEGER NOT NULL DEFAULT 0;"
};


sv_jobs_e
sv_catalog_open(sv_jobs_conf_t *conf, sv_catalog_t **catalog,
    sv_jobs_why_t *why)
{
    sv_jobs_e      rc;
    sv_catalog_t  *c;

    *catalog = NULL;
    why->error = 0;

    rc = sv_catalog_directory(conf, why);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    c = calloc(1, sizeof(sv_catalog_t));
    if (c == NULL) {
        return sv_jobs_why(why, SV_JOBS_NO_MEMORY, ENOMEM, "no memory");
    }

    (void) snprintf(c->path, sizeof(c->path), "%s", conf->path);
    (void) snprintf(c->reserve, sizeof(c->reserve), "%s/reserve", conf->path);

    rc = sv_jobs_db_open(&c->db, conf->path, &sv_catalog_layout, 1);

    if (rc == SV_JOBS_OK && sv_jobs_sync_dir(conf->path) == -1) {
        rc = sv_jobs_why(&c->db.why, sv_jobs_errno(errno), errno,
                         "\"%s\" could not be synced", conf->path);
    }

    if (rc != SV_JOBS_OK) {
        *why = c->db.why;
        sv_catalog_close(c);
        return rc;
    }

    sv_catalog_reserve(c);
    *catalog = c;

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_catalog_directory(sv_jobs_conf_t *conf, sv_jobs_why_t *why)
{
    int          err;
    struct stat  st;

    if (mkdir(conf->path, 0700) == -1 && errno != EEXIST) {
        err = errno;
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "the store \"%s\" could not be created",
                           conf->path);
    }

    if (stat(conf->path, &st) == -1) {
        err = errno;
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "the store \"%s\" could not be found", conf->path);
    }

    if (!S_ISDIR(st.st_mode)) {
        return sv_jobs_why(why, SV_JOBS_DAMAGED, 0,
                           "the store \"%s\" is not a directory", conf->path);
    }

    if (st.st_uid != geteuid()) {
        return sv_jobs_why(why, SV_JOBS_DENIED, 0,
                           "the store \"%s\" belongs to another user",
                           conf->path);
    }

    if (access(conf->path, W_OK|X_OK) == -1) {
        err = errno;
        return sv_jobs_why(why, SV_JOBS_DENIED, err,
                           "the store \"%s\" is read-only", conf->path);
    }

    return SV_JOBS_OK;
}


void
sv_catalog_close(sv_catalog_t *catalog)
{
    if (catalog) {
        sv_jobs_db_close(&catalog->db);
        free(catalog);
    }
}


const sv_jobs_why_t *
sv_catalog_why(sv_catalog_t *catalog)
{
    return &catalog->db.why;
}


/* 10 characters of the time in ms, 16 of 80 random bits */

void
sv_catalog_id(char *id)
{
    static const char  digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

    size_t           i;
    uint64_t         ms;
    struct timespec  now;
    unsigned char    random[16];

    (void) clock_gettime(CLOCK_REALTIME, &now);
    ms = (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;

    while (getrandom(random, sizeof(random), 0) != sizeof(random)) {
        /* interrupted before the system has collected any */
    }

    for (i = 10; i-- > 0; /* void */ ) {
        id[i] = digits[ms % 32];
        ms /= 32;
    }

    for (i = 0; i < 16; i++) {
        id[10 + i] = digits[random[i] % 32];
    }

    id[SV_JOBS_ID_LEN] = '\0';
}


void
sv_catalog_text(sqlite3_stmt *stmt, int column, char *buf, size_t size)
{
    const char  *text;

    text = (const char *) sqlite3_column_text(stmt, column);

    sv_catalog_set(buf, size, text ? text : "");
}


void
sv_catalog_set(char *buf, size_t size, const char *text)
{
    size_t  len;

    len = strnlen(text, size - 1);
    memcpy(buf, text, len);
    buf[len] = '\0';
}


void
sv_catalog_row(sqlite3_stmt *stmt, sv_catalog_job_t *job)
{
    int  state;

    memset(job, 0, sizeof(sv_catalog_job_t));

    sv_catalog_text(stmt, 0, job->id, sizeof(job->id));
    sv_catalog_text(stmt, 1, job->client, sizeof(job->client));
    sv_catalog_text(stmt, 2, job->name, sizeof(job->name));

    state = sqlite3_column_int(stmt, 3);
    job->state = state >= 0 && state < SV_JOB_STATES ? (sv_job_state_e) state
                                                     : SV_JOB_FAILED;

    job->created = sqlite3_column_int64(stmt, 4);
    job->started = sqlite3_column_int64(stmt, 5);
    job->finished = sqlite3_column_int64(stmt, 6);
    job->expires = sqlite3_column_int64(stmt, 7);
    job->retention = sqlite3_column_int64(stmt, 8);
    job->wait = sqlite3_column_int64(stmt, 9);
    job->records = (uint64_t) sqlite3_column_int64(stmt, 10);
    job->bytes = (uint64_t) sqlite3_column_int64(stmt, 11);
    job->sample = (uint64_t) sqlite3_column_int64(stmt, 12);
    job->smtp = (unsigned) sqlite3_column_int(stmt, 13);

    sv_catalog_text(stmt, 14, job->error, sizeof(job->error));
    sv_catalog_text(stmt, 15, job->request_id, sizeof(job->request_id));
    sv_catalog_text(stmt, 16, job->webhook, sizeof(job->webhook));
    job->webhook_events = (unsigned) sqlite3_column_int(stmt, 17);
    sv_catalog_text(stmt, 18, job->webhook_state, sizeof(job->webhook_state));
    sv_catalog_text(stmt, 19, job->traceparent, sizeof(job->traceparent));
}


sv_jobs_e
sv_catalog_find(sv_catalog_t *catalog, const char *id, sv_catalog_job_t *job)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_catalog_stmt(catalog, SV_CATALOG_Q_GET,
                           "SELECT " SV_CATALOG_COLUMNS " FROM job"
                           " WHERE id = ?1");
    if (stmt == NULL) {
        return sv_catalog_failed(catalog);
    }

    (void) sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
    rc = sv_jobs_db_step(&catalog->db, stmt);

    if (rc == SV_JOBS_OK) {
        sv_catalog_row(stmt, job);
        (void) sqlite3_reset(stmt);
    }

    if (rc == SV_JOBS_DONE) {
        rc = sv_jobs_why(&catalog->db.why, SV_JOBS_NOT_FOUND, 0,
                         "there is no such job");
    }

    return rc;
}
