
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sv_jobs_db.h"


/* Only somebody else, such as a backup, can keep SQLite's own locks. */

#define SV_JOBS_BUSY   5000     /* ms */


static sv_jobs_e sv_jobs_db_lock_file(sv_jobs_db_t *db, const char *dir,
    const sv_jobs_layout_t *layout, int create);
static sv_jobs_e sv_jobs_db_connect(sv_jobs_db_t *db, const char *dir,
    const sv_jobs_layout_t *layout, int create);
static sv_jobs_e sv_jobs_db_check(sv_jobs_db_t *db,
    const sv_jobs_layout_t *layout, int create);
static sv_jobs_e sv_jobs_db_create(sv_jobs_db_t *db,
    const sv_jobs_layout_t *layout);
static sv_jobs_e sv_jobs_db_upgrade(sv_jobs_db_t *db,
    const sv_jobs_layout_t *layout);
static sv_jobs_e sv_jobs_db_make(sv_jobs_db_t *db, const char *first,
    const char *second, const char *third);
static sv_jobs_e sv_jobs_db_lock(sv_jobs_db_t *db, int type);
static void sv_jobs_db_unlock(sv_jobs_db_t *db);
static int sv_jobs_db_hot(sv_jobs_db_t *db);
static int sv_jobs_db_errno(sv_jobs_db_t *db, int err);
static sv_jobs_e sv_jobs_db_ioerr(int code, int err);
static sv_jobs_e sv_jobs_db_exec(sv_jobs_db_t *db, const char *sql);
static sv_jobs_e sv_jobs_db_number(sv_jobs_db_t *db, const char *sql, int *n);


sv_jobs_e
sv_jobs_db_open(sv_jobs_db_t *db, const char *dir,
    const sv_jobs_layout_t *layout, int create)
{
    sv_jobs_e  rc;

    memset(db, 0, sizeof(sv_jobs_db_t));
    db->lock = -1;

    rc = sv_jobs_db_lock_file(db, dir, layout, create);

    if (rc == SV_JOBS_OK) {
        rc = sv_jobs_db_lock(db, F_WRLCK);
    }

    if (rc != SV_JOBS_OK) {
        sv_jobs_db_close(db);
        return rc;
    }

    rc = sv_jobs_db_connect(db, dir, layout, create);

    if (rc == SV_JOBS_OK) {
        rc = sv_jobs_db_check(db, layout, create);
    }

    sv_jobs_db_unlock(db);

    if (rc != SV_JOBS_OK) {
        sv_jobs_db_close(db);
    }

    return rc;
}


static sv_jobs_e
sv_jobs_db_lock_file(sv_jobs_db_t *db, const char *dir,
    const sv_jobs_layout_t *layout, int create)
{
    int          err;
    char         path[SV_JOBS_PATH];
    struct stat  st;

    if (snprintf(path, sizeof(path), "%s/%s", dir, layout->lock)
        >= (int) sizeof(path))
    {
        return sv_jobs_why(&db->why, SV_JOBS_FAILED, ENAMETOOLONG,
                           "the path of the store is too long");
    }

    db->lock = open(path, O_RDWR|O_CLOEXEC|O_NOFOLLOW|(create ? O_CREAT : 0),
                    0600);

    if (db->lock == -1) {
        err = errno;
        return sv_jobs_why(&db->why, sv_jobs_errno(err), err,
                           "\"%s\" could not be opened", path);
    }

    if (fstat(db->lock, &st) == -1 || !S_ISREG(st.st_mode)) {
        return sv_jobs_why(&db->why, SV_JOBS_DAMAGED, 0,
                           "\"%s\" is not a file", path);
    }

    if (st.st_uid != geteuid()) {
        return sv_jobs_why(&db->why, SV_JOBS_DENIED, 0,
                           "\"%s\" belongs to another user", path);
    }

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_jobs_db_connect(sv_jobs_db_t *db, const char *dir,
    const sv_jobs_layout_t *layout, int create)
{
    int          flags;
    struct stat  st;

    if (snprintf(db->path, sizeof(db->path), "%s/%s", dir, layout->name)
        >= (int) sizeof(db->path))
    {
        return sv_jobs_why(&db->why, SV_JOBS_FAILED, ENAMETOOLONG,
                           "the path of the store is too long");
    }

    (void) snprintf(db->journal, sizeof(db->journal), "%s-journal", db->path);

    if (lstat(db->path, &st) == 0 && st.st_uid != geteuid()) {
        return sv_jobs_why(&db->why, SV_JOBS_DENIED, 0,
                           "\"%s\" belongs to another user", db->path);
    }

    flags = SQLITE_OPEN_READWRITE|SQLITE_OPEN_NOMUTEX|SQLITE_OPEN_PRIVATECACHE
            |(create ? SQLITE_OPEN_CREATE : 0);

#ifdef SQLITE_OPEN_NOFOLLOW
    flags |= SQLITE_OPEN_NOFOLLOW;
#endif

    if (sqlite3_open_v2(db->path, &db->db, flags, sv_jobs_vfs()) != SQLITE_OK) {
        return sv_jobs_db_error(db);
    }

    (void) sqlite3_extended_result_codes(db->db, 1);
    (void) sqlite3_busy_timeout(db->db, SV_JOBS_BUSY);
    (void) sqlite3_db_config(db->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);

    /* a file that another user may not write is opened for reading by SQLite,
       and the first write would tell */

    if (sqlite3_db_readonly(db->db, "main") == 1) {
        return sv_jobs_why(&db->why, SV_JOBS_DENIED, 0,
                           "\"%s\" is read-only", db->path);
    }

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_jobs_db_check(sv_jobs_db_t *db, const sv_jobs_layout_t *layout, int create)
{
    int        app, version, pages;
    sv_jobs_e  rc;

    app = version = pages = 0;

    rc = sv_jobs_db_exec(db, "PRAGMA page_size=8192;"
                             "PRAGMA trusted_schema=OFF;"
                             "PRAGMA cell_size_check=ON;"
                             "PRAGMA temp_store=MEMORY;"
                             "PRAGMA mmap_size=0;"
                             "PRAGMA automatic_index=OFF;"
                             "PRAGMA cache_size=-4096;"
                             "PRAGMA secure_delete=ON;"
                             "PRAGMA synchronous=FULL;"
                             "PRAGMA journal_mode=TRUNCATE");

    if (rc == SV_JOBS_OK) {
        rc = sv_jobs_db_number(db, "PRAGMA application_id", &app);
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_jobs_db_number(db, "PRAGMA user_version", &version);
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_jobs_db_number(db, "PRAGMA page_count", &pages);
    }

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    /* one whose creation was cut short is empty */

    if (pages == 0 && create) {
        return sv_jobs_db_create(db, layout);
    }

    if (app != layout->app) {
        return sv_jobs_why(&db->why, SV_JOBS_DAMAGED, 0,
                           "\"%s\" is not a database of this module",
                           db->path);
    }

    if (version > layout->version) {
        return sv_jobs_why(&db->why, SV_JOBS_NEWER, 0,
                           "\"%s\" has layout %d, this version of the module "
                           "knows %d", db->path, version, layout->version);
    }

    if (version < layout->version) {
        return sv_jobs_db_upgrade(db, layout);
    }

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_jobs_db_create(sv_jobs_db_t *db, const sv_jobs_layout_t *layout)
{
    char  sql[128];

    (void) snprintf(sql, sizeof(sql),
                    "PRAGMA application_id=%d; PRAGMA user_version=%d;",
                    layout->app, layout->version);

    return sv_jobs_db_make(db, sql, layout->schema, layout->upgrade);
}


/* An older version of the module cannot use the database afterwards. */

static sv_jobs_e
sv_jobs_db_upgrade(sv_jobs_db_t *db, const sv_jobs_layout_t *layout)
{
    char       sql[64];
    sv_jobs_e  rc;

    (void) snprintf(sql, sizeof(sql), "PRAGMA user_version=%d;",
                    layout->version);

    rc = sv_jobs_db_make(db, sql, layout->upgrade, NULL);

    if (rc != SV_JOBS_OK && !sqlite3_get_autocommit(db->db)) {
        (void) sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
    }

    return rc;
}


static sv_jobs_e
sv_jobs_db_make(sv_jobs_db_t *db, const char *first, const char *second,
    const char *third)
{
    sv_jobs_e  rc;

    rc = sv_jobs_db_exec(db, "BEGIN IMMEDIATE");

    if (rc == SV_JOBS_OK) {
        rc = sv_jobs_db_exec(db, first);
    }

    if (rc == SV_JOBS_OK && second) {
        rc = sv_jobs_db_exec(db, second);
    }

    if (rc == SV_JOBS_OK && third) {
        rc = sv_jobs_db_exec(db, third);
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_jobs_db_exec(db, "COMMIT");
    }

    return rc;
}


void
sv_jobs_db_close(sv_jobs_db_t *db)
{
    unsigned  i;

    for (i = 0; i < SV_JOBS_STATEMENTS; i++) {
        (void) sqlite3_finalize(db->stmt[i]);
        db->stmt[i] = NULL;
    }

    if (db->db) {
        (void) sqlite3_close(db->db);
        db->db = NULL;
    }

    if (db->lock != -1) {
        (void) close(db->lock);
        db->lock = -1;
    }
}


/* New pages need no journal; what is lost is the means to go on after a crash,
   and that what is written in one go is synced once, at its end. */

sv_jobs_e
sv_jobs_db_loose(sv_jobs_db_t *db)
{
    return sv_jobs_db_exec(db, "PRAGMA synchronous=OFF;"
                               "PRAGMA journal_mode=MEMORY");
}


sv_jobs_e
sv_jobs_db_solid(sv_jobs_db_t *db)
{
    int            err;
    sv_jobs_e      rc;
    sqlite3_file  *file;

    file = NULL;

    rc = sv_jobs_db_lock(db, F_WRLCK);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_jobs_db_exec(db, "PRAGMA journal_mode=TRUNCATE;"
                             "PRAGMA synchronous=FULL");

    if (rc == SV_JOBS_OK) {
        err = sqlite3_file_control(db->db, "main", SQLITE_FCNTL_FILE_POINTER,
                                   &file);

        /* SQLite's own descriptor: to close another one would free its locks */

        if (err == SQLITE_OK && file && file->pMethods) {
            err = file->pMethods->xSync(file, SQLITE_SYNC_FULL);
        }

        if (err != SQLITE_OK) {
            rc = sv_jobs_why(&db->why, SV_JOBS_FAILED, errno,
                             "the database could not be synced");
        }
    }

    sv_jobs_db_unlock(db);

    return rc;
}


sv_jobs_e
sv_jobs_db_begin(sv_jobs_db_t *db, int write)
{
    sv_jobs_e  rc;

    rc = sv_jobs_db_lock(db, write ? F_WRLCK : F_RDLCK);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    /* A process died in mid-transaction: SQLite rolls it back now, and for
       this has to be alone. */

    if (!write && sv_jobs_db_hot(db)) {
        sv_jobs_db_unlock(db);

        rc = sv_jobs_db_lock(db, F_WRLCK);
        if (rc != SV_JOBS_OK) {
            return rc;
        }
    }

    rc = sv_jobs_db_exec(db, write ? "BEGIN IMMEDIATE" : "BEGIN");

    if (rc != SV_JOBS_OK) {
        sv_jobs_db_unlock(db);
        return rc;
    }

    db->locked = 1;

    return SV_JOBS_OK;
}


sv_jobs_e
sv_jobs_db_end(sv_jobs_db_t *db, sv_jobs_e rc)
{
    unsigned       i;
    sv_jobs_e      end;
    sv_jobs_why_t  why;

    for (i = 0; i < SV_JOBS_STATEMENTS; i++) {
        if (db->stmt[i]) {
            (void) sqlite3_reset(db->stmt[i]);
            (void) sqlite3_clear_bindings(db->stmt[i]);
        }
    }

    if (rc == SV_JOBS_OK || rc == SV_JOBS_DONE) {
        end = sv_jobs_db_exec(db, "COMMIT");

        if (end != SV_JOBS_OK) {
            rc = end;
        }
    }

    why = db->why;

    if (!sqlite3_get_autocommit(db->db)) {
        (void) sqlite3_exec(db->db, "ROLLBACK", NULL, NULL, NULL);
    }

    db->why = why;
    db->locked = 0;
    sv_jobs_db_unlock(db);

    return rc;
}


static sv_jobs_e
sv_jobs_db_lock(sv_jobs_db_t *db, int type)
{
    int          err;
    struct stat  st;

    if (sv_jobs_lock(db->lock, type) == -1) {
        err = errno;
        return sv_jobs_why(&db->why, SV_JOBS_FAILED, err,
                           "a database could not be locked");
    }

    if (fstat(db->lock, &st) == -1 || st.st_nlink == 0 || st.st_size != 0) {
        sv_jobs_db_unlock(db);
        return sv_jobs_why(&db->why, SV_JOBS_NOT_FOUND, 0,
                           "the database was removed");
    }

    return SV_JOBS_OK;
}


static void
sv_jobs_db_unlock(sv_jobs_db_t *db)
{
    (void) sv_jobs_lock(db->lock, F_UNLCK);
}


static int
sv_jobs_db_hot(sv_jobs_db_t *db)
{
    struct stat  st;

    return stat(db->journal, &st) == 0 && st.st_size > 0;
}


static sv_jobs_e
sv_jobs_db_exec(sv_jobs_db_t *db, const char *sql)
{
    if (sqlite3_exec(db->db, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return sv_jobs_db_error(db);
    }

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_jobs_db_number(sv_jobs_db_t *db, const char *sql, int *n)
{
    int            rc;
    sqlite3_stmt  *stmt;

    if (sqlite3_prepare_v2(db->db, sql, -1, &stmt, NULL) != SQLITE_OK) {
        return sv_jobs_db_error(db);
    }

    rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        *n = sqlite3_column_int(stmt, 0);
    }

    if (sqlite3_finalize(stmt) != SQLITE_OK) {
        return sv_jobs_db_error(db);
    }

    return SV_JOBS_OK;
}


sqlite3_stmt *
sv_jobs_db_stmt(sv_jobs_db_t *db, unsigned n, const char *sql)
{
    if (db->stmt[n]) {
        (void) sqlite3_reset(db->stmt[n]);
        return db->stmt[n];
    }

    if (sqlite3_prepare_v3(db->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                           &db->stmt[n], NULL)
        != SQLITE_OK)
    {
        return NULL;
    }

    return db->stmt[n];
}


sv_jobs_e
sv_jobs_db_step(sv_jobs_db_t *db, sqlite3_stmt *stmt)
{
    switch (sqlite3_step(stmt)) {

    case SQLITE_ROW:
        return SV_JOBS_OK;

    case SQLITE_DONE:
        return SV_JOBS_DONE;

    default:
        return sv_jobs_db_error(db);
    }
}


sv_jobs_e
sv_jobs_db_run(sv_jobs_db_t *db, sqlite3_stmt *stmt)
{
    sv_jobs_e  rc;

    if (stmt == NULL) {
        return sv_jobs_db_error(db);
    }

    rc = sv_jobs_db_step(db, stmt);

    return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
}


/* SQLite's messages name tables and files, and none of the values. */

sv_jobs_e
sv_jobs_db_error(sv_jobs_db_t *db)
{
    int        code, err;
    sv_jobs_e  rc;

    code = db->db ? sqlite3_extended_errcode(db->db) : SQLITE_NOMEM;
    err = db->db ? sqlite3_system_errno(db->db) : 0;

    switch (code & 0xff) {

    case SQLITE_FULL:
        rc = SV_JOBS_FULL;
        break;

    case SQLITE_NOMEM:
        rc = SV_JOBS_NO_MEMORY;
        break;

    case SQLITE_CORRUPT:

        /* SQLite calls a file damaged, too, that a device cannot read; if the
           number is an old one, the next handle tells */

        err = sv_jobs_db_errno(db, 0);
        rc = err ? SV_JOBS_FAILED : SV_JOBS_DAMAGED;
        break;

    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA:
        rc = SV_JOBS_DAMAGED;
        break;

    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        rc = SV_JOBS_DENIED;
        break;

    case SQLITE_ERROR:
        /* a table or a column is missing: the statements are ours */
        rc = SV_JOBS_DAMAGED;
        break;

    case SQLITE_CANTOPEN:
        rc = sv_jobs_errno(err);
        break;

    case SQLITE_IOERR:
        err = sv_jobs_db_errno(db, err);
        rc = sv_jobs_db_ioerr(code, err);
        break;

    default:
        rc = SV_JOBS_FAILED;
    }

    return sv_jobs_why(&db->why, rc, err, "\"%s\": %s", db->path,
                       db->db ? sqlite3_errmsg(db->db) : "no memory");
}


/* What has been done since the error may have changed errno; the file that was
   written last keeps its own. */

static int
sv_jobs_db_errno(sv_jobs_db_t *db, int err)
{
    if (err == 0) {
        (void) sqlite3_file_control(db->db, "main", SQLITE_FCNTL_LAST_ERRNO,
                                    &err);
    }

    return err;
}


static sv_jobs_e
sv_jobs_db_ioerr(int code, int err)
{
    if (code == SQLITE_IOERR_SHORT_READ) {
        return SV_JOBS_DAMAGED;
    }

    /* The journal keeps no errno: it is a quota, or the largest size of a file,
       as SQLite knows of ENOSPC itself. */

    if (code == SQLITE_IOERR_WRITE && err == 0) {
        return SV_JOBS_FULL;
    }

    return sv_jobs_errno(err);
}
