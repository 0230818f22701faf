
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sv_jobs_db.h"


#define SV_JOBS_VFS       "sv-jobs"
#define SV_JOBS_JOURNAL   "-journal"


static void sv_jobs_vfs_init(void);
static int sv_jobs_vfs_open(sqlite3_vfs *vfs, const char *name,
    sqlite3_file *file, int flags, int *out);
static int sv_jobs_vfs_delete(sqlite3_vfs *vfs, const char *name, int sync);
static int sv_jobs_vfs_empty(const char *name);


static pthread_once_t  sv_jobs_vfs_once = PTHREAD_ONCE_INIT;
static sqlite3_vfs    *sv_jobs_vfs_system;
static sqlite3_vfs     sv_jobs_vfs_own;


const char *
sv_jobs_vfs(void)
{
    (void) pthread_once(&sv_jobs_vfs_once, sv_jobs_vfs_init);

    return sv_jobs_vfs_system ? SV_JOBS_VFS : NULL;
}


static void
sv_jobs_vfs_init(void)
{
    sqlite3_vfs  *vfs;

    vfs = sqlite3_vfs_find(NULL);

    if (vfs == NULL) {
        return;
    }

    sv_jobs_vfs_own = *vfs;
    sv_jobs_vfs_own.pNext = NULL;
    sv_jobs_vfs_own.zName = SV_JOBS_VFS;
    sv_jobs_vfs_own.xOpen = sv_jobs_vfs_open;
    sv_jobs_vfs_own.xDelete = sv_jobs_vfs_delete;

    sv_jobs_vfs_system = vfs;

    if (sqlite3_vfs_register(&sv_jobs_vfs_own, 0) != SQLITE_OK) {
        sv_jobs_vfs_system = NULL;
    }
}


/* SQLite syncs the directory of each journal that it might have created.  Ours
   is always there. */

static int
sv_jobs_vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file,
    int flags, int *out)
{
    int  exists;

    (void) vfs;

    if (name && (flags & SQLITE_OPEN_MAIN_JOURNAL)
        && (flags & SQLITE_OPEN_CREATE)
        && sv_jobs_vfs_system->xAccess(sv_jobs_vfs_system, name,
                                       SQLITE_ACCESS_READWRITE, &exists)
           == SQLITE_OK
        && exists)
    {
        flags &= ~SQLITE_OPEN_CREATE;
    }

    return sv_jobs_vfs_system->xOpen(sv_jobs_vfs_system, name, file, flags,
                                     out);
}


static int
sv_jobs_vfs_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    size_t  len;

    (void) vfs;

    len = strlen(name);

    if (len > sizeof(SV_JOBS_JOURNAL) - 1
        && strcmp(name + len - (sizeof(SV_JOBS_JOURNAL) - 1), SV_JOBS_JOURNAL)
           == 0)
    {
        return sv_jobs_vfs_empty(name);
    }

    return sv_jobs_vfs_system->xDelete(sv_jobs_vfs_system, name, sync);
}


/* An empty journal is as good as none. */

static int
sv_jobs_vfs_empty(const char *name)
{
    int            rc, exists;
    sqlite3_file  *file;

    rc = sv_jobs_vfs_system->xAccess(sv_jobs_vfs_system, name,
                                     SQLITE_ACCESS_READWRITE, &exists);

    if (rc != SQLITE_OK || !exists) {
        return rc != SQLITE_OK ? rc : SQLITE_IOERR_DELETE_NOENT;
    }

    file = calloc(1, (size_t) sv_jobs_vfs_system->szOsFile);
    if (file == NULL) {
        return SQLITE_IOERR_NOMEM;
    }

    rc = sv_jobs_vfs_system->xOpen(sv_jobs_vfs_system, name, file,
                                   SQLITE_OPEN_READWRITE
                                   |SQLITE_OPEN_MAIN_JOURNAL, NULL);

    if (rc == SQLITE_OK) {
        rc = file->pMethods->xTruncate(file, 0);

        if (rc == SQLITE_OK) {
            rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
        }
    }

    if (file->pMethods) {
        (void) file->pMethods->xClose(file);
    }

    free(file);

    return rc;
}
