
/*
 * The physical limit: a client that does nothing but to hold the conversation,
 * N at once, in one epoll loop, without DNS, HTTP, timers, or a look at what
 * the replies say beyond their codes.
 */


#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"


#define BARE_BUF_MAX  4096


typedef enum {
    bare_off = 0,           /* MAIL RCPT */
    bare_on,                /* then RSET MAIL RCPT<random> */
    bare_eager              /* all of these at once */
} bare_random_e;


typedef enum {
    bare_banner = 0,
    bare_ehlo,
    bare_rcpt,
    bare_rcpt_random,
    bare_quit
} bare_step_e;


typedef struct {
    bench_event_t   event;
    bare_step_e     step;
    unsigned        replies;        /* outstanding */
    unsigned        column;         /* of the line, up to 4 */
    unsigned        more;           /* a '-' follows its code */
    unsigned        code;
    unsigned        number;         /* of the address */
} bare_conn_t;


static void bare_options(int argc, char **argv);
static void bare_start(bare_conn_t *c);
static void bare_handler(bench_event_t *ev, uint32_t events);
static int bare_replies(bare_conn_t *c, const char *data, size_t len);
static void bare_next(bare_conn_t *c);
static void bare_send(bare_conn_t *c, unsigned replies, const char *data,
    int len);
static void bare_done(bare_conn_t *c, int ok);
static void bare_report(uint64_t ns);


static bench_range_t   bare_range;
static unsigned        bare_port = 2525;
static unsigned        bare_inflight = 50;
static unsigned        bare_total = 20000;
static unsigned        bare_warm = 1000;
static unsigned        bare_seconds = 60;
static bare_random_e   bare_random;
static const char     *bare_helo = "verify.bench.test";
static const char     *bare_from = "postmaster@bench.test";

static bare_conn_t    *bare_conns;
static unsigned        bare_started;
static unsigned        bare_finished;
static unsigned        bare_failed;
static uint64_t        bare_ns;
static uint64_t        bare_cpu;


int
main(int argc, char **argv)
{
    unsigned  i;

    bare_range = bench_range("127.1.0.1+1000");
    bare_options(argc, argv);
    bench_init(bare_seconds);

    bare_conns = bench_alloc(bare_inflight * sizeof(bare_conn_t));
    bare_total += bare_warm;

    for (i = 0; i < bare_inflight && i < bare_total; i++) {
        bare_start(&bare_conns[i]);
    }

    while (!bench_stop && bare_finished < bare_total) {
        bench_round(1000);
    }

    bare_report(bench_ns());

    return bare_failed || bare_finished < bare_total;
}


static void
bare_options(int argc, char **argv)
{
    int  ch;

    while ((ch = getopt(argc, argv, "a:p:n:w:c:r:T:")) != -1) {

        switch (ch) {

        case 'a':
            bare_range = bench_range(optarg);
            break;

        case 'p':
            bare_port = (unsigned) bench_number(optarg, 1, 65535);
            break;

        case 'n':
            bare_total = (unsigned) bench_number(optarg, 1, 100000000);
            break;

        case 'w':
            bare_warm = (unsigned) bench_number(optarg, 0, 1000000);
            break;

        case 'c':
            bare_inflight = (unsigned) bench_number(optarg, 1, 100000);
            break;

        case 'r':
            bare_random = strcmp(optarg, "eager") == 0 ? bare_eager
                          : strcmp(optarg, "on") == 0 ? bare_on
                          : bare_off;
            break;

        case 'T':
            bare_seconds = (unsigned) bench_number(optarg, 1, 3600);
            break;

        default:
            fprintf(stderr, "usage: %s [-a range] [-p port] [-n probes] "
                    "[-w probes before that] [-c in flight] "
                    "[-r off|on|eager] [-T seconds]\n", argv[0]);
            exit(2);
        }
    }
}


static void
bare_start(bare_conn_t *c)
{
    struct sockaddr_in  sin;

    if (bare_started == bare_total) {
        return;
    }

    if (bare_started == bare_warm) {
        bare_ns = bench_ns();
        bare_cpu = bench_cpu(0);
    }

    c->event.fd = bench_socket(SOCK_STREAM);
    c->event.handler = bare_handler;
    c->step = bare_banner;
    c->replies = 1;
    c->column = 0;
    c->number = bare_started++;

    bench_addr(&sin, bare_range.first + c->number % bare_range.n, bare_port);

    if (connect(c->event.fd, (struct sockaddr *) &sin, sizeof(sin)) == -1
        && errno != EINPROGRESS)
    {
        bench_die("connect()");
    }

    /* what a write would wait for is there with the banner */

    bench_add(&c->event, EPOLLIN|EPOLLRDHUP|EPOLLET);
}


static void
bare_handler(bench_event_t *ev, uint32_t events)
{
    int           rc;
    ssize_t       n;
    bare_conn_t  *c;
    char          buf[BARE_BUF_MAX];

    c = (bare_conn_t *) ev;

    for ( ;; ) {

        n = recv(ev->fd, buf, BARE_BUF_MAX, 0);

        if (n == -1 && errno == EAGAIN) {
            return;
        }

        if (n <= 0) {
            bare_done(c, 0);
            return;
        }

        rc = bare_replies(c, buf, (size_t) n);

        if (rc < 0) {
            bare_done(c, 0);
            return;
        }

        if (rc) {

            if (c->step == bare_quit) {
                bare_done(c, 1);
                return;
            }

            bare_next(c);
        }

        /* less than asked for: it is empty, and more makes an event */

        if (n < BARE_BUF_MAX && !(events & EPOLLRDHUP)) {
            return;
        }
    }
}


/* 1: all that were outstanding are there */

static int
bare_replies(bare_conn_t *c, const char *data, size_t len)
{
    const char  *end, *lf;

    end = data + len;

    while (data < end) {

        if (c->column < 3) {

            if (*data < '0' || *data > '9') {
                return -1;
            }

            c->code = (c->column ? c->code * 10 : 0) + (unsigned) *data - '0';
            c->column++;
            data++;
            continue;
        }

        if (c->column == 3) {
            c->more = (*data == '-');
            c->column++;
        }

        lf = memchr(data, '\n', (size_t) (end - data));
        if (lf == NULL) {
            return 0;
        }

        data = lf + 1;
        c->column = 0;

        if (!c->more && --c->replies == 0) {
            return data == end ? 1 : -1;
        }
    }

    return 0;
}


static void
bare_next(bare_conn_t *c)
{
    int       n;
    unsigned  d;
    char      buf[BARE_BUF_MAX];

    d = c->number % bare_range.n;

    switch (c->step) {

    case bare_banner:
        c->step = bare_ehlo;
        n = snprintf(buf, sizeof(buf), "EHLO %s\r\n", bare_helo);
        bare_send(c, 1, buf, n);
        return;

    case bare_ehlo:
        n = snprintf(buf, sizeof(buf), "MAIL FROM:<%s>\r\n"
                     "RCPT TO:<user-%u@d%u.own.bench.test>\r\n",
                     bare_from, c->number, d);

        if (bare_random != bare_eager) {
            c->step = bare_rcpt;
            bare_send(c, 2, buf, n);
            return;
        }

        c->step = bare_rcpt_random;
        n += snprintf(buf + n, sizeof(buf) - (size_t) n,
                      "RSET\r\nMAIL FROM:<%s>\r\n"
                      "RCPT TO:<nobodyhasthat%07u@d%u.own.bench.test>\r\n",
                      bare_from, c->number, d);
        bare_send(c, 5, buf, n);
        return;

    case bare_rcpt:

        if (bare_random == bare_on && c->code == 250) {
            c->step = bare_rcpt_random;
            n = snprintf(buf, sizeof(buf), "RSET\r\nMAIL FROM:<%s>\r\n"
                         "RCPT TO:<nobodyhasthat%07u@d%u.own.bench.test>\r\n",
                         bare_from, c->number, d);
            bare_send(c, 3, buf, n);
            return;
        }

        /* fall through */

    default:
        c->step = bare_quit;
        bare_send(c, 1, "QUIT\r\n", 6);
        return;
    }
}


static void
bare_send(bare_conn_t *c, unsigned replies, const char *data, int len)
{
    c->replies = replies;

    if (send(c->event.fd, data, (size_t) len, 0) != len) {
        bare_failed++;
    }
}


static void
bare_done(bare_conn_t *c, int ok)
{
    close(c->event.fd);

    bare_finished++;
    bare_failed += !ok;

    bare_start(c);
}


static void
bare_report(uint64_t ns)
{
    double         n;
    struct rusage  ru;

    ns -= bare_ns;
    n = (double) bare_finished - bare_warm;
    getrusage(RUSAGE_SELF, &ru);

    printf("{\"requests\":%.0f,\"failed\":%u,\"seconds\":%.3f,"
           "\"per_second\":%.0f,\"cpu_us\":%.2f,\"user\":%.2f}\n",
           n, bare_failed, (double) ns / 1e9, n * 1e9 / (double) ns,
           (double) (bench_cpu(0) - bare_cpu) / 1e3 / n,
           (double) ru.ru_utime.tv_sec + (double) ru.ru_utime.tv_usec / 1e6);
}
