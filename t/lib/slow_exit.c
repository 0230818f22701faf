/*
 * Threads that take their time at their end, as under load: each pthread_exit()
 * waits.  The log says how many threads had ended when the process did.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


static atomic_int     slow_exit_begun, slow_exit_ended;
static pthread_key_t  slow_exit_key;


static void slow_exit_begin(void) __attribute__((constructor));
static void slow_exit_end(void) __attribute__((destructor));


/* as OpenSSL frees what it keeps for a thread */

static void
slow_exit_last(void *data)
{
    (void) data;

    usleep(20000);
    slow_exit_ended++;
}


static void
slow_exit_begin(void)
{
    (void) pthread_key_create(&slow_exit_key, slow_exit_last);
}


static void
slow_exit_end(void)
{
    if (slow_exit_begun) {
        fprintf(stderr, "%d threads were to end, %d of them had\n",
                slow_exit_begun, slow_exit_ended);
    }
}


void
pthread_exit(void *value)
{
    static void  (*next)(void *) __attribute__((noreturn));

    if (next == NULL) {
        *(void **) &next = dlsym(RTLD_NEXT, "pthread_exit");
    }

    (void) pthread_setspecific(slow_exit_key, &slow_exit_key);
    slow_exit_begun++;

    next(value);
}
