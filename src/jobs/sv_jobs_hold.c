
/*
 * Who takes a list in holds a lock for as long as that lasts: on one octet of
 * a file that all share, at an offset made of the job's id.  The kernel frees
 * it when the process dies, and so others know that nobody continues the
 * upload.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sv_jobs_db.h"


#define SV_JOBS_HOLD_FILE  "uploads"


static int sv_jobs_hold_path(const char *store, char *path);
static void sv_jobs_hold_lock(const char *id, struct flock *fl);


int
sv_jobs_hold(const char *store, const char *id, sv_jobs_why_t *why)
{
    int           fd, err;
    char          path[SV_JOBS_PATH];
    struct flock  fl;

    fd = -1;
    err = ENAMETOOLONG;

    if (sv_jobs_hold_path(store, path) == 0) {
        fd = open(path, O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);
        err = errno;
    }

    if (fd != -1) {
        sv_jobs_hold_lock(id, &fl);

        if (fcntl(fd, F_OFD_SETLK, &fl) == 0) {
            return fd;
        }

        err = errno;
        (void) close(fd);
    }

    (void) sv_jobs_why(why, sv_jobs_errno(err), err,
                       "\"%s\" could not be locked", path);

    return -1;
}


/* Without the file nobody holds anything; after another error somebody may. */

int
sv_jobs_is_held(const char *store, const char *id)
{
    int           fd, rc;
    char          path[SV_JOBS_PATH];
    struct flock  fl;

    if (sv_jobs_hold_path(store, path) == -1) {
        return 1;
    }

    fd = open(path, O_RDWR|O_CLOEXEC|O_NOFOLLOW);

    if (fd == -1) {
        return errno != ENOENT;
    }

    sv_jobs_hold_lock(id, &fl);

    rc = fcntl(fd, F_OFD_GETLK, &fl);
    (void) close(fd);

    return rc == -1 || fl.l_type != F_UNLCK;
}


static int
sv_jobs_hold_path(const char *store, char *path)
{
    return snprintf(path, SV_JOBS_PATH, "%s/" SV_JOBS_HOLD_FILE, store)
           < SV_JOBS_PATH ? 0 : -1;
}


/* FNV-1a: if two ids have the same offset, which never happens, one of them is
   thought to be held for longer. */

static void
sv_jobs_hold_lock(const char *id, struct flock *fl)
{
    uint64_t  hash;

    hash = 0xcbf29ce484222325;

    for ( /* void */ ; *id; id++) {
        hash = (hash ^ (unsigned char) *id) * 0x100000001b3;
    }

    memset(fl, 0, sizeof(struct flock));

    fl->l_type = F_WRLCK;
    fl->l_whence = SEEK_SET;
    fl->l_start = (off_t) (hash >> 2);
    fl->l_len = 1;
}
