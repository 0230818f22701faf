/*
 * Preloaded into nginx: errors that an ICMP message, or a router on the way,
 * makes of a connection, by the last octet of the address it is made to:
 *
 *   11  it is not made, ENOPROTOOPT
 *   12  it is, and cannot be read, EPROTO
 *   13  likewise, once TLS reads it
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>


static int
network_errors_host(int fd)
{
    socklen_t           len;
    struct sockaddr_in  sin;

    len = sizeof(sin);

    if (getpeername(fd, (struct sockaddr *) &sin, &len) != 0
        || sin.sin_family != AF_INET)
    {
        return -1;
    }

    return ntohl(sin.sin_addr.s_addr) & 0xff;
}


int
getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    int          rc;
    static int (*real)(int, int, int, void *, socklen_t *);

    if (real == NULL) {
        real = dlsym(RTLD_NEXT, "getsockopt");
    }

    rc = real(fd, level, name, value, len);

    if (rc == 0 && level == SOL_SOCKET && name == SO_ERROR
        && network_errors_host(fd) == 11)
    {
        *(int *) value = ENOPROTOOPT;
    }

    return rc;
}


ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
    static ssize_t (*real)(int, void *, size_t, int);

    if (real == NULL) {
        real = dlsym(RTLD_NEXT, "recv");
    }

    if (network_errors_host(fd) == 12) {
        errno = EPROTO;
        return -1;
    }

    return real(fd, buf, len, flags);
}


ssize_t
read(int fd, void *buf, size_t len)
{
    static ssize_t (*real)(int, void *, size_t);

    if (real == NULL) {
        real = dlsym(RTLD_NEXT, "read");
    }

    if (network_errors_host(fd) == 13) {
        errno = EPROTO;
        return -1;
    }

    return real(fd, buf, len);
}
