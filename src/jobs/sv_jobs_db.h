
/*
 * A database of the store, used under a lock of ours.
 *
 * Each transaction is made under an OFD lock on a file beside the database.
 * The kernel frees it when a process dies, it wakes the one who waits next, and
 * it holds between the threads of a process, too.  SQLite's own locks, for
 * which one waits by trying again, are always free then.
 *
 * The lock file also tells those who have the database open that it was purged:
 * it is empty as long as the database may be used.
 */


#ifndef _SV_JOBS_DB_H_INCLUDED_
#define _SV_JOBS_DB_H_INCLUDED_


#include <sqlite3.h>

#include "sv_jobs.h"


#define SV_JOBS_PATH        1024
#define SV_JOBS_STATEMENTS  48


typedef struct {
    const char         *name;       /* of the file */
    const char         *lock;       /* of the file that is locked */
    int                 app;        /* application_id */
    int                 version;    /* user_version */
    const char         *schema;     /* of version 1 */
    const char         *upgrade;    /* from there to this version; or NULL */
} sv_jobs_layout_t;


typedef struct {
    sqlite3            *db;
    sqlite3_stmt       *stmt[SV_JOBS_STATEMENTS];
    int                 lock;       /* its descriptor, or -1 */
    unsigned            locked;     /* a transaction is open */
    sv_jobs_why_t       why;
    char                path[SV_JOBS_PATH];
    char                journal[SV_JOBS_PATH + sizeof("-journal")];
} sv_jobs_db_t;


/* Opens the database in directory "dir", if "create" a new one if need be. */
sv_jobs_e sv_jobs_db_open(sv_jobs_db_t *db, const char *dir,
    const sv_jobs_layout_t *layout, int create);
void sv_jobs_db_close(sv_jobs_db_t *db);

/* From here until sv_jobs_db_solid() a crash leaves the database unusable: for
   one that is thrown away in that case. */
sv_jobs_e sv_jobs_db_loose(sv_jobs_db_t *db);
sv_jobs_e sv_jobs_db_solid(sv_jobs_db_t *db);

/* Each _begin() that returned SV_JOBS_OK is followed by an _end(), which
   commits if rc is SV_JOBS_OK or SV_JOBS_DONE. */
sv_jobs_e sv_jobs_db_begin(sv_jobs_db_t *db, int write);
sv_jobs_e sv_jobs_db_end(sv_jobs_db_t *db, sv_jobs_e rc);

/* The statement number n of this kind of database, ready for values; NULL: see
   sv_jobs_db_error(). */
sqlite3_stmt *sv_jobs_db_stmt(sv_jobs_db_t *db, unsigned n, const char *sql);
/* SV_JOBS_OK: there is a row; SV_JOBS_DONE: there is none (any more) */
sv_jobs_e sv_jobs_db_step(sv_jobs_db_t *db, sqlite3_stmt *stmt);
/* runs a statement that has no rows */
sv_jobs_e sv_jobs_db_run(sv_jobs_db_t *db, sqlite3_stmt *stmt);
/* what SQLite's last error means */
sv_jobs_e sv_jobs_db_error(sv_jobs_db_t *db);

/* sv_jobs_vfs.c: the system's files, but a journal that is there stays: its
   directory is synced when the database is made, and need not be synced again
   in each transaction.  Returns its name. */
const char *sv_jobs_vfs(void);

/* sv_jobs_why.c: sets why, and returns rc */
sv_jobs_e sv_jobs_why(sv_jobs_why_t *why, sv_jobs_e rc, int error,
    const char *fmt, ...) __attribute__ ((format (printf, 4, 5)));
/* what an errno means */
sv_jobs_e sv_jobs_errno(int error);

/* sv_jobs_file.c: locks the whole of a file; waits for it */
int sv_jobs_lock(int fd, int type);
/* Makes the names in a directory durable. */
int sv_jobs_sync_dir(const char *dir);
/* Is it the id of a job?  Anything else is never made a part of a path. */
int sv_jobs_is_id(const char *id);


#endif /* _SV_JOBS_DB_H_INCLUDED_ */
