
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "util.h"


#define BENCH_EVENTS  512


static void bench_signal(int signo);
static void bench_timers(void);
static void bench_timer_up(size_t i);
static void bench_timer_down(size_t i);
static void bench_control_accept(bench_event_t *ev, uint32_t events);


volatile sig_atomic_t   bench_stop;
volatile sig_atomic_t   bench_dump;
int                     bench_busy;

static int              bench_epoll;
static uint64_t         bench_now;

static bench_timer_t  **bench_heap;
static size_t           bench_heap_n;
static size_t           bench_heap_size;

static bench_event_t    bench_control_event;
static void           (*bench_control_handler)(char *line, FILE *out);


void
bench_init(unsigned seconds)
{
    struct rlimit     limit;
    struct sigaction  sa;

    memset(&sa, 0, sizeof(struct sigaction));
    sa.sa_handler = bench_signal;

    sigaction(SIGTERM, &sa, NULL);
    sigaction(SIGINT, &sa, NULL);
    sigaction(SIGALRM, &sa, NULL);
    sigaction(SIGUSR1, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    alarm(seconds);

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }

    bench_epoll = epoll_create1(EPOLL_CLOEXEC);
    if (bench_epoll == -1) {
        bench_die("epoll_create1()");
    }

    bench_now = bench_ns() / 1000000;
}


static void
bench_signal(int signo)
{
    if (signo == SIGUSR1) {
        bench_dump = 1;
        return;
    }

    bench_stop = 1;
}


void
bench_die(const char *fmt, ...)
{
    int      err;
    va_list  args;

    err = errno;

    va_start(args, fmt);
    vfprintf(stderr, fmt, args);
    va_end(args);

    fprintf(stderr, err ? ": %s\n" : "\n", strerror(err));

    exit(1);
}


void *
bench_alloc(size_t size)
{
    void  *p;

    p = calloc(1, size);
    if (p == NULL) {
        bench_die("no memory");
    }

    return p;
}


long
bench_number(const char *text, long min, long max)
{
    long   n;
    char  *end;

    errno = 0;
    n = strtol(text, &end, 10);

    if (end == text || *end != '\0' || errno || n < min || n > max) {
        errno = 0;
        bench_die("\"%s\" is no number of %ld to %ld", text, min, max);
    }

    return n;
}


uint64_t
bench_ns(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
}


uint64_t
bench_ms(void)
{
    return bench_now;
}


/* xorshift64*: the same run asks the same again */

uint64_t
bench_random(void)
{
    static uint64_t  x = 88172645463325252ull;

    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;

    return (x * 2685821657736338717ull) >> 16;
}


void
bench_add(bench_event_t *ev, uint32_t events)
{
    struct epoll_event  ee;

    ee.events = events;
    ee.data.ptr = ev;

    if (epoll_ctl(bench_epoll, EPOLL_CTL_ADD, ev->fd, &ee) == -1) {
        bench_die("epoll_ctl()");
    }
}


void
bench_mod(bench_event_t *ev, uint32_t events)
{
    struct epoll_event  ee;

    ee.events = events;
    ee.data.ptr = ev;

    if (epoll_ctl(bench_epoll, EPOLL_CTL_MOD, ev->fd, &ee) == -1) {
        bench_die("epoll_ctl()");
    }
}


void
bench_round(int ms)
{
    int                 i, n, nlate;
    uint64_t            due;
    bench_event_t      *ev;
    struct epoll_event  events[BENCH_EVENTS];

    if (bench_heap_n) {
        due = bench_heap[1]->due;
        due = due > bench_now ? due - bench_now : 0;
        ms = (uint64_t) ms < due ? ms : (int) due;
    }

    n = epoll_wait(bench_epoll, events, BENCH_EVENTS, bench_busy ? 0 : ms);

    if (n == 0 && bench_busy) {
        sched_yield();
    }

    if (n == -1 && errno != EINTR) {
        bench_die("epoll_wait()");
    }

    bench_now = bench_ns() / 1000000;

    nlate = 0;

    for (i = 0; i < n; i++) {
        ev = events[i].data.ptr;

        if (ev->late) {
            events[nlate++] = events[i];
            continue;
        }

        ev->handler(ev, events[i].events);
    }

    for (i = 0; i < nlate; i++) {
        ev = events[i].data.ptr;
        ev->handler(ev, events[i].events);
    }

    bench_timers();
}


static void
bench_timers(void)
{
    bench_timer_t  *timer;

    while (bench_heap_n && bench_heap[1]->due <= bench_now) {
        timer = bench_heap[1];
        bench_timer_del(timer);
        timer->handler(timer);
    }
}


void
bench_timer_set(bench_timer_t *timer, unsigned ms)
{
    bench_timer_del(timer);

    if (bench_heap_n + 2 > bench_heap_size) {
        bench_heap_size = bench_heap_size * 2 + 64;
        bench_heap = realloc(bench_heap,
                             bench_heap_size * sizeof(bench_timer_t *));
        if (bench_heap == NULL) {
            bench_die("no memory");
        }
    }

    timer->due = bench_now + (ms ? ms : 1);
    timer->index = ++bench_heap_n;
    bench_heap[timer->index] = timer;

    bench_timer_up(timer->index);
}


void
bench_timer_del(bench_timer_t *timer)
{
    size_t          i;
    bench_timer_t  *last;

    i = timer->index;

    if (i == 0) {
        return;
    }

    timer->index = 0;
    last = bench_heap[bench_heap_n--];

    if (last != timer) {
        bench_heap[i] = last;
        last->index = i;
        bench_timer_up(i);
        bench_timer_down(last->index);
    }
}


static void
bench_timer_up(size_t i)
{
    bench_timer_t  *timer;

    timer = bench_heap[i];

    while (i > 1 && bench_heap[i / 2]->due > timer->due) {
        bench_heap[i] = bench_heap[i / 2];
        bench_heap[i]->index = i;
        i /= 2;
    }

    bench_heap[i] = timer;
    timer->index = i;
}


static void
bench_timer_down(size_t i)
{
    size_t          n;
    bench_timer_t  *timer;

    timer = bench_heap[i];

    for (n = i * 2; n <= bench_heap_n; n = i * 2) {

        if (n < bench_heap_n
            && bench_heap[n + 1]->due < bench_heap[n]->due)
        {
            n++;
        }

        if (bench_heap[n]->due >= timer->due) {
            break;
        }

        bench_heap[i] = bench_heap[n];
        bench_heap[i]->index = i;
        i = n;
    }

    bench_heap[i] = timer;
    timer->index = i;
}


bench_range_t
bench_range(const char *text)
{
    char           *plus, buf[64];
    bench_range_t   range;
    struct in_addr  in;

    errno = 0;

    if (strlen(text) >= sizeof(buf)) {
        bench_die("\"%s\" is no range of addresses", text);
    }

    strcpy(buf, text);
    plus = strchr(buf, '+');
    range.n = 1;

    if (plus) {
        *plus = '\0';
        range.n = (unsigned) bench_number(plus + 1, 1, 60000);
    }

    if (inet_pton(AF_INET, buf, &in) != 1) {
        bench_die("\"%s\" is no address", buf);
    }

    range.first = ntohl(in.s_addr);

    if (range.first >> 24 != 127
        || (range.first + range.n) >> 24 != 127)
    {
        bench_die("\"%s\" is not of 127/8", text);
    }

    return range;
}


void
bench_addr(struct sockaddr_in *sin, uint32_t addr, unsigned port)
{
    memset(sin, 0, sizeof(struct sockaddr_in));

    sin->sin_family = AF_INET;
    sin->sin_addr.s_addr = htonl(addr);
    sin->sin_port = htons((uint16_t) port);
}


void
bench_host_port(const char *text, struct sockaddr_in *sin)
{
    char  *colon, buf[64];

    errno = 0;

    if (strlen(text) >= sizeof(buf) || strchr(text, ':') == NULL) {
        bench_die("\"%s\" is no address:port", text);
    }

    strcpy(buf, text);
    colon = strchr(buf, ':');
    *colon = '\0';

    bench_addr(sin, bench_range(buf).first,
               (unsigned) bench_number(colon + 1, 1, 65535));
}


int
bench_socket(int type)
{
    int  fd;

    fd = socket(AF_INET, type|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (fd == -1) {
        bench_die("socket()");
    }

    return fd;
}


int
bench_listen(uint32_t addr, unsigned port)
{
    int                 fd, one;
    struct sockaddr_in  sin;

    fd = bench_socket(SOCK_STREAM);
    one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(int));
    bench_addr(&sin, addr, port);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        || listen(fd, 8192) == -1)
    {
        bench_die("bind() to %s:%u", inet_ntoa(sin.sin_addr), port);
    }

    return fd;
}


void
bench_nodelay(int fd)
{
    int  one;

    one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(int));
}


void
bench_control(const char *path, void (*handler)(char *line, FILE *out))
{
    int                 fd;
    struct sockaddr_un  sun;

    errno = 0;
    memset(&sun, 0, sizeof(struct sockaddr_un));

    if (strlen(path) >= sizeof(sun.sun_path)) {
        bench_die("\"%s\" is too long a path", path);
    }

    sun.sun_family = AF_UNIX;
    strcpy(sun.sun_path, path);
    unlink(path);

    fd = socket(AF_UNIX, SOCK_STREAM|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);

    if (fd == -1 || bind(fd, (struct sockaddr *) &sun, sizeof(sun)) == -1
        || listen(fd, 16) == -1)
    {
        bench_die("bind() to %s", path);
    }

    bench_control_event.fd = fd;
    bench_control_event.handler = bench_control_accept;
    bench_control_event.late = 1;
    bench_control_handler = handler;

    bench_add(&bench_control_event, EPOLLIN);
}


/* the other side is a script of ours: it may be waited for, for a second */

static void
bench_control_accept(bench_event_t *ev, uint32_t events)
{
    int             fd;
    char           *text, line[1024];
    FILE           *out;
    size_t          len;
    ssize_t         n;
    struct timeval  tv = { 1, 0 };

    (void) events;

    fd = accept4(ev->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd == -1) {
        return;
    }

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));

    n = recv(fd, line, sizeof(line) - 1, 0);

    if (n > 0) {
        line[n] = '\0';
        line[strcspn(line, "\r\n")] = '\0';

        text = NULL;
        out = open_memstream(&text, &len);

        if (out) {
            bench_control_handler(line, out);
            fclose(out);

            n = send(fd, text, len, 0);
            free(text);
        }
    }

    close(fd);
}


char *
bench_option(char **line, char **value)
{
    char  *name;

    name = strsep(line, " ");

    while (name && *name == '\0') {
        name = strsep(line, " ");
    }

    if (name == NULL) {
        return NULL;
    }

    *value = strchr(name, '=');

    if (*value) {
        *(*value)++ = '\0';

    } else {
        *value = "";
    }

    return name;
}


/* exact below 32, then 32 steps for each power of two */

void
bench_hist_add(bench_hist_t *hist, uint64_t value)
{
    unsigned  i, shift;

    i = (unsigned) value;

    if (value >= BENCH_HIST_SUB) {
        shift = 58 - (unsigned) __builtin_clzll(value);
        i = (unsigned) (value >> shift) + shift * BENCH_HIST_SUB;
    }

    if (i >= BENCH_HIST_SIZE) {
        i = BENCH_HIST_SIZE - 1;
    }

    hist->count[i]++;
    hist->n++;

    if (value > hist->max) {
        hist->max = value;
    }
}


uint64_t
bench_hist_at(bench_hist_t *hist, double share)
{
    unsigned  i;
    uint64_t  n;

    if (hist->n == 0) {
        return 0;
    }

    n = (uint64_t) (share * (double) hist->n);

    for (i = 0; i < BENCH_HIST_SIZE; i++) {

        if (hist->count[i] > n) {
            break;
        }

        n -= hist->count[i];
    }

    if (i < BENCH_HIST_SUB) {
        return i;
    }

    return (uint64_t) (i % BENCH_HIST_SUB + BENCH_HIST_SUB)
           << (i / BENCH_HIST_SUB - 1);
}


/* nanoseconds, where /proc/PID/stat has ticks of 10 ms */

uint64_t
bench_cpu(int pid)
{
    char                path[64];
    FILE               *f;
    struct timespec     ts;
    unsigned long long  ns;

    if (pid == 0) {
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
        return (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;
    }

    snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);

    f = fopen(path, "r");
    if (f == NULL) {
        return 0;
    }

    if (fscanf(f, "%llu", &ns) != 1) {
        ns = 0;
    }

    fclose(f);

    return ns;
}
