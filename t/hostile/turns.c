/*
 * Preloaded into nginx: how long the turns of its event loop take, from one
 * epoll_wait() to the next, by the CPU time of the process, which others on
 * the machine do not prolong.  Kept in the file that TURNS names, which whoever
 * starts nginx reads.
 */


#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>


#define TURNS_LAST  64


typedef struct {
    uint64_t  n;
    uint64_t  longest;          /* us of CPU time */
    uint64_t  wall;             /* us of that turn by the clock */
    uint64_t  over[4];          /* 10, 20, 50, 100 ms */
    uint64_t  at[TURNS_LAST];   /* ms, when those over 20 ms ended */
    uint64_t  took[TURNS_LAST];
} turns_t;


static void turns_init(void) __attribute__((constructor));


static turns_t  *turns;
static int     (*turns_epoll_wait)(int, struct epoll_event *, int, int);


static uint64_t
turns_now(clockid_t clock)
{
    struct timespec  ts;

    clock_gettime(clock, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static void
turns_init(void)
{
    int          fd;
    void        *p;
    const char  *name;

    turns_epoll_wait = dlsym(RTLD_NEXT, "epoll_wait");

    name = getenv("TURNS");
    if (name == NULL) {
        return;
    }

    fd = open(name, O_RDWR | O_CREAT, 0666);

    if (fd != -1 && ftruncate(fd, sizeof(turns_t)) == 0) {
        p = mmap(NULL, sizeof(turns_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                 0);
        turns = (p == MAP_FAILED) ? NULL : p;
    }

    close(fd);
}


static void
turns_count(uint64_t cpu, uint64_t wall)
{
    int                    i;
    static const uint64_t  over[4] = { 10000, 20000, 50000, 100000 };

    turns->n++;

    if (cpu > turns->longest) {
        turns->longest = cpu;
        turns->wall = wall;
    }

    for (i = 0; i < 4; i++) {
        turns->over[i] += cpu > over[i];
    }

    if (cpu > over[1]) {
        i = (turns->over[1] - 1) % TURNS_LAST;
        turns->at[i] = turns_now(CLOCK_MONOTONIC) / 1000;
        turns->took[i] = cpu;
    }
}


int
epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
    int              n;
    static pid_t     pid;
    static uint64_t  cpu, wall;

    if (turns == NULL) {
        return turns_epoll_wait(epfd, events, max, timeout);
    }

    if (pid == getpid()) {
        turns_count(turns_now(CLOCK_PROCESS_CPUTIME_ID) - cpu,
                    turns_now(CLOCK_MONOTONIC) - wall);
    }

    n = turns_epoll_wait(epfd, events, max, timeout);

    pid = getpid();
    cpu = turns_now(CLOCK_PROCESS_CPUTIME_ID);
    wall = turns_now(CLOCK_MONOTONIC);

    return n;
}
