
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "sv_jobs_db.h"


int
sv_jobs_lock(int fd, int type)
{
    int           rc;
    struct flock  fl;

    memset(&fl, 0, sizeof(fl));
    fl.l_type = (short) type;
    fl.l_whence = SEEK_SET;

    do {
        rc = fcntl(fd, F_OFD_SETLKW, &fl);
    } while (rc == -1 && errno == EINTR);

    return rc;
}


int
sv_jobs_sync_dir(const char *dir)
{
    int  fd, rc, err;

    fd = open(dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    rc = fsync(fd);
    err = errno;
    (void) close(fd);
    errno = err;

    return rc;
}


int
sv_jobs_is_id(const char *id)
{
    size_t  i;

    for (i = 0; i < SV_JOBS_ID_LEN; i++) {
        if (!((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'z')))
        {
            return 0;
        }
    }

    return id[i] == '\0';
}
