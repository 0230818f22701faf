
/*
 * Loaded into an nginx whose module was compiled with -finstrument-functions:
 * the address of each function of the module that a worker enters goes to the
 * file TRACE.PID, as an offset.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


void __cyg_profile_func_enter(void *function, void *from)
    __attribute__ ((no_instrument_function));
void __cyg_profile_func_exit(void *function, void *from)
    __attribute__ ((no_instrument_function));


void
__cyg_profile_func_enter(void *function, void *from)
{
    char          name[512];
    Dl_info       info;
    uint64_t      offset;
    const char   *trace;
    static int    fd = -1;
    static pid_t  pid, master;

    (void) from;

    if (master == 0) {
        master = getpid();
    }

    trace = getenv("TRACE");

    if (getpid() == master || trace == NULL || dladdr(function, &info) == 0) {
        return;
    }

    if (pid != getpid()) {
        pid = getpid();
        snprintf(name, sizeof(name), "%s.%d", trace, (int) pid);
        fd = open(name, O_WRONLY|O_CREAT|O_APPEND, 0644);
    }

    offset = (uint64_t) ((char *) function - (char *) info.dli_fbase);

    if (write(fd, &offset, sizeof(offset)) != sizeof(offset)) {
        abort();
    }
}


void
__cyg_profile_func_exit(void *function, void *from)
{
    (void) function;
    (void) from;
}
