
/*
 * Time stands still while anybody works.  When nginx waits, and nothing can be
 * read or written, the clock goes to the next timer of nginx or of the mail
 * servers.  So days take seconds, and a run is the same each time: nothing
 * depends on how fast the machine is.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "world.h"


#define WORLD_EPOCH    1800000000ull    /* s, when it begins */
#define WORLD_EVENTS   256
#define WORLD_FDS      65536
#define WORLD_PAUSE    20               /* real ms, while the clock stands */
#define WORLD_SETTINGS 5


typedef struct {
    uint64_t    now;            /* us */
    uint64_t    seed;
    pid_t       owner;          /* the worker that has the world */
} shared_t;

typedef struct {
    void      (*handler)(void *data);
    void       *data;
} fd_t;


int RAND_bytes(unsigned char *buf, int num);

static void world_init(void) __attribute__((constructor));
static void world_start(void);
static int world_poll(void);
static int world_threads_are_idle(void);
static void *world_symbol(const char *name, const char *version);


static const char  *names[WORLD_SETTINGS] = {
    "SCALE_SEED", "SCALE_WORLD", "SCALE_SOCKET", "SCALE_DNS", "SCALE_SMTP"
};

static char      *settings[WORLD_SETTINGS];
static shared_t  *shared;
static uint64_t   until;        /* the clock may go on until then */
static int        world_fd = -1;
static fd_t       fds[WORLD_FDS];

static int      (*real_epoll_wait)(int, struct epoll_event *, int, int);
static int      (*real_clock_gettime)(clockid_t, struct timespec *);
static int      (*real_cond_wait)(pthread_cond_t *, pthread_mutex_t *);
static int      (*real_cond_signal)(pthread_cond_t *);
static int      (*real_create)(pthread_t *, const pthread_attr_t *,
                               void *(*)(void *), void *);

static pthread_mutex_t  threads = PTHREAD_MUTEX_INITIALIZER;
static int              nthreads;
static int              nwaiting;
static int              nwoken;


static void
world_init(void)
{
    int          i;
    const char  *seed, *value;

    real_epoll_wait = world_symbol("epoll_wait", NULL);
    real_clock_gettime = world_symbol("clock_gettime", NULL);
    real_cond_wait = world_symbol("pthread_cond_wait", "GLIBC_2.3.2");
    real_cond_signal = world_symbol("pthread_cond_signal", "GLIBC_2.3.2");
    real_create = world_symbol("pthread_create", NULL);

    /* the master and its workers share one clock */

    shared = mmap(NULL, sizeof(shared_t), PROT_READ|PROT_WRITE,
                  MAP_SHARED|MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        abort();
    }

    /* nginx empties the environment of its workers */

    for (i = 0; i < WORLD_SETTINGS; i++) {
        value = getenv(names[i]);
        settings[i] = value ? strdup(value) : NULL;
    }

    seed = world_setting("SCALE_SEED");

    shared->now = WORLD_EPOCH * WORLD_SECOND;
    shared->seed = seed ? strtoull(seed, NULL, 10) : 1;
    until = shared->now;
}


const char *
world_setting(const char *name)
{
    int  i;

    for (i = 0; i < WORLD_SETTINGS; i++) {
        if (strcmp(names[i], name) == 0) {
            return settings[i];
        }
    }

    return NULL;
}


/* The version that new programs get: old ones have another kind of condition
   variables. */

static void *
world_symbol(const char *name, const char *version)
{
    void  *symbol;

    symbol = version ? dlvsym(RTLD_NEXT, name, version) : NULL;

    if (symbol == NULL) {
        symbol = dlsym(RTLD_NEXT, name);
    }

    if (symbol == NULL) {
        abort();
    }

    return symbol;
}


/* ---- time */

uint64_t
world_now(void)
{
    return shared ? shared->now : WORLD_EPOCH * WORLD_SECOND;
}


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    if (real_clock_gettime
        && (id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID))
    {
        return real_clock_gettime(id, ts);
    }

    ts->tv_sec = world_now() / WORLD_SECOND;
    ts->tv_nsec = world_now() % WORLD_SECOND * 1000;

    return 0;
}


int
gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    (void) tz;

    tv->tv_sec = world_now() / WORLD_SECOND;
    tv->tv_usec = world_now() % WORLD_SECOND;

    return 0;
}


time_t
time(time_t *t)
{
    time_t  now;

    now = world_now() / WORLD_SECOND;

    if (t) {
        *t = now;
    }

    return now;
}


/* ---- the wait of the event loop */

int
epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
    int            n;
    uint64_t       end, next, smtp;
    struct pollfd  both[2];

    if (world_fd == -1) {

        if (shared->owner) {
            return real_epoll_wait(epfd, events, max, timeout);
        }

        world_start();
    }

    end = (timeout < 0) ? WORLD_NEVER
                        : shared->now + (uint64_t) timeout * 1000;

    for ( ;; ) {

        /* what threads have done is seen before anything else: then the order
           of events does not depend on their speed */

        while (!world_threads_are_idle()) {
            (void) usleep(50);
        }

        if (world_poll() > 0) {
            continue;
        }

        n = real_epoll_wait(epfd, events, max, 0);

        if (n != 0) {
            return n;
        }

        if (end <= shared->now) {
            return 0;
        }

        if (shared->now >= until) {
            world_control_reached();

            both[0].fd = epfd;
            both[1].fd = world_fd;
            both[0].events = POLLIN;
            both[1].events = POLLIN;

            (void) poll(both, 2, WORLD_PAUSE);
            continue;
        }

        smtp = world_smtp_next();
        next = (smtp < end) ? smtp : end;
        shared->now = (next < until) ? next : until;
    }
}


void
world_go(uint64_t us)
{
    until = shared->now + us;
}


static void
world_start(void)
{
    world_fd = epoll_create1(EPOLL_CLOEXEC);
    shared->owner = getpid();

    world_control_start();
    world_dns_start();
    world_smtp_start();
}


/* Serves whoever has asked the world.  Returns how many these were. */

static int
world_poll(void)
{
    int                  i, n;
    struct epoll_event   ev[WORLD_EVENTS];

    n = real_epoll_wait(world_fd, ev, WORLD_EVENTS, 0);

    for (i = 0; i < n; i++) {
        if (fds[ev[i].data.fd].handler) {
            fds[ev[i].data.fd].handler(fds[ev[i].data.fd].data);
        }
    }

    return (n > 0 ? n : 0) + world_smtp_expire();
}


void
world_add_fd(int fd, void (*handler)(void *data), void *data)
{
    struct epoll_event  ev;

    if (fd < 0 || fd >= WORLD_FDS) {
        abort();
    }

    fds[fd].handler = handler;
    fds[fd].data = data;

    ev.events = EPOLLIN;
    ev.data.fd = fd;

    if (epoll_ctl(world_fd, EPOLL_CTL_ADD, fd, &ev) != 0) {
        abort();
    }
}


void
world_del_fd(int fd)
{
    fds[fd].handler = NULL;
    (void) close(fd);
}


/* ---- threads: jobs have their files read and written by them */

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr,
    void *(*start)(void *), void *arg)
{
    (void) pthread_mutex_lock(&threads);
    nthreads++;
    (void) pthread_mutex_unlock(&threads);

    return real_create(thread, attr, start, arg);
}


int
pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)
{
    int  rc;

    (void) pthread_mutex_lock(&threads);
    nwaiting++;
    (void) pthread_mutex_unlock(&threads);

    rc = real_cond_wait(cond, mutex);

    (void) pthread_mutex_lock(&threads);
    nwaiting--;
    nwoken -= (nwoken > 0);
    (void) pthread_mutex_unlock(&threads);

    return rc;
}


int
pthread_cond_signal(pthread_cond_t *cond)
{
    (void) pthread_mutex_lock(&threads);
    nwoken += (nwoken < nwaiting);
    (void) pthread_mutex_unlock(&threads);

    return real_cond_signal(cond);
}


static int
world_threads_are_idle(void)
{
    int  idle;

    (void) pthread_mutex_lock(&threads);
    idle = (nwaiting >= nthreads && nwoken == 0);
    (void) pthread_mutex_unlock(&threads);

    return idle;
}


/* ---- what else would make a run differ from the last one, or slow */

uint64_t
world_random(void)
{
    uint64_t  x;

    x = (shared->seed += 0x9e3779b97f4a7c15u);
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;

    return x ^ (x >> 31);
}


long
random(void)
{
    return world_random() >> 33;
}


int
RAND_bytes(unsigned char *buf, int num)
{
    while (num-- > 0) {
        *buf++ = world_random();
    }

    return 1;
}


int
fsync(int fd)
{
    (void) fd;

    return 0;
}


int
fdatasync(int fd)
{
    (void) fd;

    return 0;
}
