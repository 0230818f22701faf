
#define _GNU_SOURCE

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sv_catalog_sh.h"


/* enough for a journal of the pages that a job's row and indexes lie on */

#define SV_CATALOG_RESERVE  (256 * 1024)


void
sv_catalog_reserve(sv_catalog_t *catalog)
{
    int          fd;
    struct stat  st;

    fd = open(catalog->reserve, O_RDWR|O_CREAT|O_CLOEXEC|O_NOFOLLOW, 0600);
    if (fd == -1) {
        return;
    }

    /* a part of it is better than nothing */

    if (fstat(fd, &st) == 0 && st.st_size < SV_CATALOG_RESERVE) {
        (void) posix_fallocate(fd, 0, SV_CATALOG_RESERVE);
    }

    (void) close(fd);
}


int
sv_catalog_give_up_reserve(sv_catalog_t *catalog)
{
    return unlink(catalog->reserve);
}
