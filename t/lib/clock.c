
/*
 * The time of day as somebody sets it: so many seconds from now as the file
 * says that TEST_CLOCK names.  Clocks that nobody sets are left alone.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>


static char  name[4096];


/* nginx gives its workers no environment */

static void remember(void) __attribute__((constructor));


static void
remember(void)
{
    const char  *value;

    value = getenv("TEST_CLOCK");

    if (value) {
        (void) snprintf(name, sizeof(name), "%s", value);
    }
}


static long
set_by(void)
{
    long   n;
    FILE  *in;

    n = 0;
    in = name[0] ? fopen(name, "r") : NULL;

    if (in) {
        if (fscanf(in, "%ld", &n) != 1) {
            n = 0;
        }

        (void) fclose(in);
    }

    return n;
}


int
gettimeofday(struct timeval *tv, void *tz)
{
    struct timespec  ts;

    (void) tz;

    if (clock_gettime(CLOCK_REALTIME, &ts) != 0) {
        return -1;
    }

    tv->tv_sec = ts.tv_sec + set_by();
    tv->tv_usec = ts.tv_nsec / 1000;

    return 0;
}


time_t
time(time_t *t)
{
    struct timeval  tv;

    (void) gettimeofday(&tv, NULL);

    if (t) {
        *t = tv.tv_sec;
    }

    return tv.tv_sec;
}
