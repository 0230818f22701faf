/*
 * Preloaded into nginx: there is no memory once.  A request for /signup with
 * the header "X-No-Memory: N" says that the Nth allocation behind it fails.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>


extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);


static int  no_memory_left;


static int
no_memory(void)
{
    if (no_memory_left == 0 || --no_memory_left > 0) {
        return 0;
    }

    errno = ENOMEM;
    return 1;
}


void *
malloc(size_t size)
{
    return no_memory() ? NULL : __libc_malloc(size);
}


void *
calloc(size_t n, size_t size)
{
    return no_memory() ? NULL : __libc_calloc(n, size);
}


void *
realloc(void *p, size_t size)
{
    return no_memory() ? NULL : __libc_realloc(p, size);
}


int
posix_memalign(void **p, size_t alignment, size_t size)
{
    if (no_memory()) {
        return ENOMEM;
    }

    *p = __libc_memalign(alignment, size);

    return *p == NULL ? ENOMEM : 0;
}


ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
    char            *p;
    ssize_t          n;
    static ssize_t (*real)(int, void *, size_t, int);

    if (real == NULL) {
        real = (ssize_t (*)(int, void *, size_t, int)) dlsym(RTLD_NEXT, "recv");
    }

    n = real(fd, buf, len, flags);

    if (n > 12 && memcmp(buf, "GET /signup?", 12) == 0) {
        p = memmem(buf, n, "X-No-Memory: ", sizeof("X-No-Memory: ") - 1);

        no_memory_left = p ? atoi(p + sizeof("X-No-Memory: ") - 1) : 0;
    }

    return n;
}
