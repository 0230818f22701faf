
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/crypto.h>

#include "sv_job_sh.h"
#include "sv_jobs_key.h"
#include "sv_siphash.h"


static sv_jobs_e sv_job_handle(sv_jobs_conf_t *conf, const char *id, int create,
    sv_job_t **out, sv_jobs_why_t *why);
static sv_jobs_e sv_job_path(sv_jobs_conf_t *conf, const char *id, char *dir,
    size_t size, sv_jobs_why_t *why);
static sv_jobs_e sv_job_directory(sv_job_t *job, const char *dir, int create);
static sv_jobs_e sv_job_begin_new(sv_job_t *job, const char *dir);
static uint64_t sv_job_note_number(const char *name);


static const sv_jobs_layout_t  sv_job_layout = {
    "job.db", "lock", 0x73764a31, 1,

    "CREATE TABLE note (name TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;"

    "CREATE TABLE total (id INTEGER PRIMARY KEY, records INTEGER,"
        " duplicates INTEGER, waiting INTEGER, blocks INTEGER, seq INTEGER);"
    "INSERT INTO total VALUES (1, 0, 0, 0, 0, 0);"

    "CREATE TABLE count (status INTEGER, reason INTEGER, n INTEGER,"
        " PRIMARY KEY (status, reason)) WITHOUT ROWID;"

    /* first: number of its first record, of all that were added; map: their
       places, in the order of the input */
    "CREATE TABLE chunk (id INTEGER PRIMARY KEY, first INTEGER, n INTEGER,"
        " map BLOB);"
    "CREATE INDEX chunk_first ON chunk (first);"

    "CREATE TABLE block (id INTEGER PRIMARY KEY, n INTEGER, data BLOB);"

    /* n: how many of its records have neither result nor wait; never 0 */
    "CREATE TABLE open (id INTEGER PRIMARY KEY, n INTEGER);"

    "CREATE TABLE result (pos INTEGER PRIMARY KEY, seq INTEGER, idx INTEGER,"
        " of INTEGER, status INTEGER, reason INTEGER, data BLOB);"
    "CREATE UNIQUE INDEX result_seq ON result (seq);"

    "CREATE TABLE waiting (pos INTEGER PRIMARY KEY, idx INTEGER,"
        " status INTEGER, reason INTEGER, due INTEGER, since INTEGER,"
        " tries INTEGER, dest INTEGER, data BLOB);"
    "CREATE INDEX waiting_due ON waiting (due);"
    "CREATE INDEX waiting_dest ON waiting (dest, due);"

    "CREATE TABLE duplicate (pos INTEGER PRIMARY KEY, idx INTEGER,"
        " of INTEGER, data BLOB);"
    "CREATE INDEX duplicate_of ON duplicate (of);",

    NULL
};


sv_jobs_e
sv_job_create(sv_jobs_conf_t *conf, const char *id, sv_job_t **job,
    sv_jobs_why_t *why)
{
    return sv_job_handle(conf, id, 1, job, why);
}


sv_jobs_e
sv_job_open(sv_jobs_conf_t *conf, const char *id, sv_job_t **job,
    sv_jobs_why_t *why)
{
    return sv_job_handle(conf, id, 0, job, why);
}


static sv_jobs_e
sv_job_handle(sv_jobs_conf_t *conf, const char *id, int create,
    sv_job_t **out, sv_jobs_why_t *why)
{
    char           dir[SV_JOBS_PATH], file[SV_JOBS_PATH + 8];
    sv_job_t      *job;
    sv_jobs_e      rc;
    sv_jobs_why_t  ignored;
    unsigned char  key[SV_JOBS_KEY_LEN];

    *out = NULL;
    why->error = 0;

    rc = sv_job_path(conf, id, dir, sizeof(dir), why);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    job = calloc(1, sizeof(sv_job_t));
    if (job == NULL) {
        return sv_jobs_why(why, SV_JOBS_NO_MEMORY, ENOMEM, "no memory");
    }

    job->db.lock = -1;
    job->size = conf->size;
    memcpy(job->id, id, SV_JOBS_ID_LEN + 1);
    (void) snprintf(file, sizeof(file), "%s/key", dir);

    job->path = strdup(conf->path);

    rc = job->path ? sv_job_directory(job, dir, create) : SV_JOBS_NO_MEMORY;

    if (rc == SV_JOBS_OK) {
        rc = create ? sv_jobs_key_create(conf, file, id, key, &job->db.why)
                    : sv_jobs_key_read(conf, file, id, key, &job->db.why);
    }

    if (rc == SV_JOBS_OK && sv_job_seal_init(&job->seal, key) == -1) {
        rc = sv_jobs_why(&job->db.why, SV_JOBS_FAILED, 0,
                         "OpenSSL has no AES-256-GCM");
    }

    OPENSSL_cleanse(key, sizeof(key));

    if (rc == SV_JOBS_OK) {
        rc = sv_jobs_db_open(&job->db, dir, &sv_job_layout, create);
    }

    if (rc == SV_JOBS_OK && create) {
        rc = sv_job_begin_new(job, dir);
    }

    if (rc != SV_JOBS_OK) {
        *why = job->db.why;
        sv_job_close(job);

        if (create && rc != SV_JOBS_CONFLICT) {
            (void) sv_job_purge(conf, id, &ignored);
        }

        return rc;
    }

    *out = job;

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_job_path(sv_jobs_conf_t *conf, const char *id, char *dir, size_t size,
    sv_jobs_why_t *why)
{
    if (!sv_jobs_is_id(id)) {
        return sv_jobs_why(why, SV_JOBS_NOT_FOUND, 0, "this is not a job's id");
    }

    if (snprintf(dir, size, "%s/%s", conf->path, id) >= (int) size) {
        return sv_jobs_why(why, SV_JOBS_FAILED, ENAMETOOLONG,
                           "the path of the store is too long");
    }

    return SV_JOBS_OK;
}


/* A job of which a purge has left no more than its directory is not found. */

static sv_jobs_e
sv_job_directory(sv_job_t *job, const char *dir, int create)
{
    int          err;
    char         lock[SV_JOBS_PATH + 8];
    struct stat  st;

    if (create && mkdir(dir, 0700) == -1) {
        err = errno;
        return sv_jobs_why(&job->db.why, err == EEXIST ? SV_JOBS_CONFLICT
                                                       : sv_jobs_errno(err),
                           err, "\"%s\" could not be created", dir);
    }

    if (lstat(dir, &st) == -1) {
        err = errno;
        return sv_jobs_why(&job->db.why, sv_jobs_errno(err), err,
                           "\"%s\" could not be found", dir);
    }

    if (!S_ISDIR(st.st_mode)) {
        return sv_jobs_why(&job->db.why, SV_JOBS_DAMAGED, 0,
                           "\"%s\" is not a directory", dir);
    }

    if (st.st_uid != geteuid()) {
        return sv_jobs_why(&job->db.why, SV_JOBS_DENIED, 0,
                           "\"%s\" belongs to another user", dir);
    }

    if (create) {
        return SV_JOBS_OK;
    }

    (void) snprintf(lock, sizeof(lock), "%s/lock", dir);

    if (lstat(lock, &st) == 0 && st.st_size == 0) {
        return SV_JOBS_OK;
    }

    return sv_jobs_why(&job->db.why, SV_JOBS_NOT_FOUND, 0,
                       "\"%s\" was purged", dir);
}


static sv_jobs_e
sv_job_begin_new(sv_job_t *job, const char *dir)
{
    int  err;

    if (sv_jobs_sync_dir(dir) == -1 || sv_jobs_sync_dir(job->path) == -1) {
        err = errno;
        return sv_jobs_why(&job->db.why, sv_jobs_errno(err), err,
                           "\"%s\" could not be synced", dir);
    }

    return sv_jobs_db_loose(&job->db);
}


void
sv_job_close(sv_job_t *job)
{
    if (job == NULL) {
        return;
    }

    sv_jobs_db_close(&job->db);
    sv_job_seal_free(&job->seal);

    if (job->buf) {
        OPENSSL_cleanse(job->buf, job->room);
        free(job->buf);
    }

    free(job->path);
    free(job);
}


const sv_jobs_why_t *
sv_job_why(sv_job_t *job)
{
    return &job->db.why;
}


sv_jobs_e
sv_job_purge(sv_jobs_conf_t *conf, const char *id, sv_jobs_why_t *why)
{
    static const char  *names[] = {
        "job.db", "job.db-journal", "key", "lock"
    };

    int        fd, err;
    char       dir[SV_JOBS_PATH], file[SV_JOBS_PATH + 16];
    size_t     i;
    sv_jobs_e  rc;

    why->error = 0;

    rc = sv_job_path(conf, id, dir, sizeof(dir), why);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    /* Those who have the job open learn of it by the lock, whose holder is
       waited for. */

    (void) snprintf(file, sizeof(file), "%s/lock", dir);
    fd = open(file, O_RDWR|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK);

    if (fd == -1 && errno != ENOENT) {
        err = errno;
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "\"%s\" could not be opened", file);
    }

    if (fd != -1 && sv_jobs_lock(fd, F_WRLCK) == 0) {
        (void) !pwrite(fd, "purged\n", 7, 0);
    }

    /* from here on nothing of the job can be read any more */

    (void) snprintf(file, sizeof(file), "%s/key", dir);
    rc = sv_jobs_key_destroy(file, why);

    for (i = 0; rc == SV_JOBS_OK && i < sizeof(names) / sizeof(names[0]); i++) {
        (void) snprintf(file, sizeof(file), "%s/%s", dir, names[i]);

        if (unlink(file) == -1 && errno != ENOENT && errno != ENOTDIR) {
            err = errno;
            rc = sv_jobs_why(why, sv_jobs_errno(err), err,
                             "\"%s\" could not be removed", file);
        }
    }

    if (fd != -1) {
        (void) close(fd);
    }

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    if (rmdir(dir) == -1 && errno != ENOENT) {
        err = errno;
        return sv_jobs_why(why, sv_jobs_errno(err), err,
                           "\"%s\" could not be removed", dir);
    }

    (void) sv_jobs_sync_dir(conf->path);

    return SV_JOBS_OK;
}


void
sv_job_rows_free(sv_job_rows_t *rows)
{
    if (rows->mem) {
        OPENSSL_cleanse(rows->mem, rows->size);
    }

    free(rows->mem);
    free(rows->records);
    free(rows->results);

    memset(rows, 0, sizeof(sv_job_rows_t));
}


uint64_t
sv_job_dest(sv_job_t *job, const sv_str_t *domain)
{
    uint64_t       dest;
    unsigned char  hash[SV_SIPHASH_LEN];

    sv_siphash(job->seal.dest, domain->data, domain->len, hash);
    memcpy(&dest, hash, sizeof(dest));

    /* SQLite has signed numbers only */

    dest &= INT64_MAX;

    return dest ? dest : 1;
}


static uint64_t
sv_job_note_number(const char *name)
{
    uint64_t                    n;
    unsigned char               hash[SV_SIPHASH_LEN];
    static const unsigned char  key[16];

    sv_siphash(key, name, strlen(name), hash);
    memcpy(&n, hash, sizeof(n));

    return n;
}


sv_jobs_e
sv_job_set(sv_job_t *job, const char *name, const sv_str_t *value)
{
    sv_jobs_e       rc;
    sqlite3_stmt   *stmt;
    unsigned char  *data;

    data = malloc(SV_JOB_NONCE + value->len + SV_JOB_TAG);

    if (data == NULL || sv_job_seal_nonces(&job->seal, 1, data) == -1
        || sv_job_seal(&job->seal, SV_JOB_SEAL_NOTE, sv_job_note_number(name),
                       data, value->data, value->len, data + SV_JOB_NONCE)
           == -1)
    {
        free(data);
        return sv_jobs_why(&job->db.why, SV_JOBS_NO_MEMORY, 0,
                           "a note could not be sealed");
    }

    rc = sv_jobs_db_begin(&job->db, 1);

    if (rc != SV_JOBS_OK) {
        free(data);
        return rc;
    }

    stmt = sv_job_stmt(job, SV_JOB_Q_NOTE_SET,
                       "INSERT OR REPLACE INTO note VALUES (?1, ?2)");

    if (stmt) {
        (void) sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
        (void) sqlite3_bind_blob64(stmt, 2, data,
                                   SV_JOB_NONCE + value->len + SV_JOB_TAG,
                                   SQLITE_STATIC);
    }

    rc = sv_jobs_db_run(&job->db, stmt);
    rc = sv_jobs_db_end(&job->db, rc);

    free(data);

    return rc;
}


sv_jobs_e
sv_job_get(sv_job_t *job, const char *name, sv_str_t *value)
{
    size_t                len;
    sv_jobs_e             rc;
    sqlite3_stmt         *stmt;
    const unsigned char  *data;

    value->data = NULL;
    value->len = 0;

    rc = sv_jobs_db_begin(&job->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_job_stmt(job, SV_JOB_Q_NOTE_GET,
                       "SELECT data FROM note WHERE name = ?1");

    if (stmt == NULL) {
        return sv_jobs_db_end(&job->db, sv_job_failed(job));
    }

    (void) sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
    rc = sv_jobs_db_step(&job->db, stmt);

    if (rc == SV_JOBS_OK) {
        data = sqlite3_column_blob(stmt, 0);
        len = (size_t) sqlite3_column_bytes(stmt, 0);

        value->data = malloc(len + 1);

        if (value->data == NULL || data == NULL
            || len < SV_JOB_NONCE + SV_JOB_TAG
            || sv_job_unseal(&job->seal, SV_JOB_SEAL_NOTE,
                             sv_job_note_number(name), data,
                             data + SV_JOB_NONCE, len - SV_JOB_NONCE,
                             value->data)
               == -1)
        {
            free(value->data);
            value->data = NULL;
            rc = sv_jobs_why(&job->db.why, SV_JOBS_DAMAGED, 0,
                             "a note of the job could not be unsealed");

        } else {
            value->len = len - SV_JOB_NONCE - SV_JOB_TAG;
            value->data[value->len] = '\0';
        }

    } else if (rc == SV_JOBS_DONE) {
        rc = sv_jobs_why(&job->db.why, SV_JOBS_NOT_FOUND, 0,
                         "the job has no such note");
    }

    return sv_jobs_db_end(&job->db, rc);
}
