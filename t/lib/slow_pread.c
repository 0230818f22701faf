
/*
 * A file system that is slow: LD_PRELOAD has each pread() of a file whose name
 * ends with "slow.json" take SLOW_PREAD seconds.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


ssize_t
pread64(int fd, void *buf, size_t size, off64_t offset)
{
    char            path[64], name[512];
    ssize_t         n;
    static ssize_t  (*next)(int, void *, size_t, off64_t);
    const char     *seconds, *end = "slow.json";

    if (next == NULL) {
        *(void **) &next = dlsym(RTLD_NEXT, "pread64");
    }

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

    n = readlink(path, name, sizeof(name));
    seconds = getenv("SLOW_PREAD");

    if (seconds && n > (ssize_t) strlen(end) && n < (ssize_t) sizeof(name)
        && memcmp(name + n - strlen(end), end, strlen(end)) == 0)
    {
        sleep(atoi(seconds));
    }

    return next(fd, buf, size, offset);
}
