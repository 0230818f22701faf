
/*
 * What the tools of the benchmark share: one epoll loop with timers, a
 * control socket, loopback addresses, times.  One thread, one loop.
 */


#ifndef _BENCH_UTIL_H_INCLUDED_
#define _BENCH_UTIL_H_INCLUDED_


#include <netinet/in.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>


/* the first member of whatever is waited for */

typedef struct bench_event_s  bench_event_t;

struct bench_event_s {
    void          (*handler)(bench_event_t *ev, uint32_t events);
    int             fd;
    unsigned        late:1;     /* handled behind the others of a round */
};


typedef struct bench_timer_s  bench_timer_t;

struct bench_timer_s {
    void          (*handler)(bench_timer_t *timer);
    void           *data;
    uint64_t        due;
    size_t          index;      /* in the heap, from 1 on; 0: not set */
};


/* consecutive addresses of 127/8, "127.1.0.1" or "127.1.0.1+1000" */

typedef struct {
    uint32_t        first;      /* in host order */
    unsigned        n;
} bench_range_t;


#define BENCH_HIST_SUB   32
#define BENCH_HIST_SIZE  (BENCH_HIST_SUB * 40)

typedef struct {
    uint64_t        n;
    uint64_t        max;
    uint32_t        count[BENCH_HIST_SIZE];
} bench_hist_t;


extern volatile sig_atomic_t  bench_stop;   /* SIGTERM, SIGINT, the end of the
                                               seconds of _init() */
extern volatile sig_atomic_t  bench_dump;   /* SIGUSR1 */


extern int  bench_busy;

/* nobody of us outlives the parent, nor the given seconds */
void bench_init(unsigned seconds);

void bench_die(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));
void *bench_alloc(size_t size);
long bench_number(const char *text, long min, long max);

uint64_t bench_ns(void);
uint64_t bench_ms(void);            /* of the loop's round */
uint64_t bench_random(void);

void bench_add(bench_event_t *ev, uint32_t events);
void bench_mod(bench_event_t *ev, uint32_t events);
void bench_timer_set(bench_timer_t *timer, unsigned ms);
void bench_timer_del(bench_timer_t *timer);

/*
 * One round, no longer than that.  Where bench_busy is set it does not sleep:
 * to wake a process on another CPU costs the one that wakes it as much as a
 * tenth of a conversation, and who is measured should not pay for how busy
 * the other end is.
 */
void bench_round(int ms);

bench_range_t bench_range(const char *text);
void bench_addr(struct sockaddr_in *sin, uint32_t addr, unsigned port);
void bench_host_port(const char *text, struct sockaddr_in *sin);
int bench_socket(int type);
int bench_listen(uint32_t addr, unsigned port);
void bench_nodelay(int fd);

/* a line is a command; what is written to out is the answer */
void bench_control(const char *path, void (*handler)(char *line, FILE *out));

/* "name=value name=value": the next one, or NULL */
char *bench_option(char **line, char **value);

void bench_hist_add(bench_hist_t *hist, uint64_t value);
uint64_t bench_hist_at(bench_hist_t *hist, double share);

/* CPU time of a process or of ourselves in ns; 0: it is gone */
uint64_t bench_cpu(int pid);


#endif /* _BENCH_UTIL_H_INCLUDED_ */
