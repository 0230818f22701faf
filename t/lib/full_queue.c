/*
 * Preloaded into nginx: while the file TEST_FULL_QUEUE is there, no command
 * that ends a claim can be sent to the store of a fleet, as when too many wait.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


/* an int before hiredis 1.0, whose callers look at the lower half only */

typedef long long (*full_queue_pt)(char **target, int argc, const char **argv,
    const size_t *len);


long long
redisFormatCommandArgv(char **target, int argc, const char **argv,
    const size_t *len)
{
    int            i;
    const char    *file;
    full_queue_pt  format;

    file = getenv("TEST_FULL_QUEUE");

    for (i = 0; file && i < argc; i++) {

        if (len[i] == 3 && memcmp(argv[i], "end", 3) == 0
            && access(file, F_OK) == 0)
        {
            return -1;
        }
    }

    format = (full_queue_pt) dlsym(RTLD_NEXT, "redisFormatCommandArgv");

    return format(target, argc, argv, len);
}
