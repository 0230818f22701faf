
/*
 * A mail server for the benchmark, on any number of loopback addresses: takes
 * recipients, refuses others, misbehaves on demand, and counts what each
 * address sees: sessions at once, how many a second.
 *
 * "user-…" exists, all else does not, but at domains that begin with "ca".
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "sink_tls.h"
#include "util.h"


#define SINK_IN_MAX     1024
#define SINK_OUT_MAX    4096
#define SINK_REPLY_MAX  1024        /* room that one command may need */
#define SINK_SOURCES    8


/* what a session does; all but the first is trouble */

typedef enum {
    sink_normal = 0,
    sink_silent,            /* no banner, ever */
    sink_busy,              /* 421 for a banner */
    sink_block,             /* 554 for a banner */
    sink_defer,             /* 451 for a recipient */
    sink_policy,            /* 550 5.7.1 for a recipient */
    sink_shut,              /* 421 for a recipient */
    sink_hang,              /* these from a random step on */
    sink_drop,
    sink_reset,
    sink_garbage,
    sink_modes
} sink_mode_e;


/* the steps where the last of them may happen: banner, EHLO, MAIL, RCPT */

#define SINK_STEPS      4


/* of a destination, of a source, of a pair of them, of all */

typedef struct {
    unsigned            now;
    unsigned            max;            /* at once */
    uint64_t            sessions;
    uint64_t            rcpts;
    uint64_t            refused;

    uint64_t            second;
    unsigned            in_second;
    unsigned            max_in_second;

    /* sessions, recipients beyond "rate": what a bucket of that rate would
       have had to hold */
    double              level[2];
    double              max_level[2];
    uint64_t            last[2];        /* ns */
} sink_count_t;


typedef struct sink_conn_s  sink_conn_t;


typedef struct {
    bench_event_t       event;
    uint32_t            addr;
    sink_conn_t        *conns;
    sink_count_t        count;
    sink_count_t        by_source[SINK_SOURCES];

    /* when recipients came, ns */
    uint64_t           *came;
    size_t              ncame;
    size_t              max_came;
} sink_addr_t;


struct sink_conn_s {
    bench_event_t       event;
    bench_timer_t       timer;
    sink_addr_t        *addr;
    sink_conn_t        *prev;
    sink_conn_t        *next;
    unsigned            source;

    void               *ssl;

    unsigned            mode:8;
    unsigned            step:8;         /* of the trouble */
    unsigned            steps:8;        /* taken */
    unsigned            greeted:1;
    unsigned            waiting:1;      /* a reply is being delayed */
    unsigned            closing:1;
    unsigned            reset:1;
    unsigned            hanging:1;
    unsigned            mail:1;
    unsigned            starttls:1;
    unsigned            secure:1;

    unsigned            transactions;
    unsigned            refused;
    uint64_t            came;           /* the last of the input, ns */

    size_t              in_len;
    size_t              out_len;
    char                in[SINK_IN_MAX];
    char                out[SINK_OUT_MAX];
};


static void sink_options(int argc, char **argv);
static void sink_open(void);
static void sink_shut_down(void);
static void sink_recycle(void);

static void sink_accept(bench_event_t *ev, uint32_t events);
static void sink_greet(bench_timer_t *timer);
static void sink_read(bench_event_t *ev, uint32_t events);
static ssize_t sink_recv(sink_conn_t *c);
static ssize_t sink_recv_stamped(sink_conn_t *c, size_t room);
static void sink_work(sink_conn_t *c);
static void sink_flush(sink_conn_t *c);
static void sink_late(bench_timer_t *timer);
static void sink_close(sink_conn_t *c);

static void sink_line(sink_conn_t *c, char *line);
static int sink_trouble(sink_conn_t *c);
static void sink_ehlo(sink_conn_t *c);
static void sink_rcpt(sink_conn_t *c, char *line);
static int sink_exists(const char *address);
static void sink_rset(sink_conn_t *c);
static void sink_say(sink_conn_t *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static unsigned sink_source(uint32_t addr);
static void sink_count_open(sink_conn_t *c);
static void sink_count_session(sink_count_t *count, uint64_t now);
static void sink_count_rcpt(sink_conn_t *c, int refused);
static void sink_count_level(sink_count_t *count, unsigned i, uint64_t now);
static void sink_came(sink_conn_t *c);
static int sink_before(const void *one, const void *two);
static double sink_came_burst(sink_addr_t *addr);
static void sink_reap(sink_addr_t *addr);

static void sink_command(char *line, FILE *out);
static void sink_set(char *line, FILE *out);
static void sink_stamp(void);
static void sink_reset_counts(void);
static void sink_stats(FILE *out);
static void sink_stats_of(FILE *out, const char *name, sink_count_t **counts,
    unsigned n);


static const char     *sink_mode_names[] = {
    "normal", "silent", "busy", "block", "defer", "policy", "shut", "hang",
    "drop", "reset", "garbage"
};

static bench_range_t   sink_range;
static unsigned        sink_port = 2525;
static unsigned        sink_seconds = 3600;
static const char     *sink_path;
static int             sink_bits = 2048;

static sink_addr_t    *sink_addrs;
static sink_conn_t    *sink_dead;       /* of this round */
static sink_conn_t    *sink_free;
static uint32_t        sink_sources[SINK_SOURCES];
static sink_count_t    sink_source_count[SINK_SOURCES];
static sink_count_t    sink_all;
static unsigned        sink_hanging;

static struct {
    unsigned           banner_delay;
    unsigned           banner_spread;       /* up to so much more */
    unsigned           reply_delay;
    unsigned           pipelining;
    unsigned           starttls;
    unsigned           catch_all;
    unsigned           max_transactions;    /* of a session, then 421 */
    unsigned           max_refused;
    unsigned           listen;
    unsigned           stamps;      /* the kernel says when bytes came */
    unsigned           step;        /* of trouble, from 1 on; 0: any */
    double             rate;
    unsigned           mix[sink_modes];     /* of a hundred */
} sink_conf = {
    .pipelining = 1,
    .listen = 1,
    .rate = 10
};

static struct {
    uint64_t           closed;
    uint64_t           commands;
    uint64_t           flights;     /* replies, those of a flight as one */
    uint64_t           mails;
    uint64_t           rsets;
    uint64_t           quits;
    uint64_t           handshakes;
    uint64_t           resumed;
    uint64_t           tls_errors;
    uint64_t           unasked;     /* commands in a flight where no flight
                                       may be, or before the banner */
    uint64_t           invalid;     /* unknown commands, wrong order */
    uint64_t           errors;      /* of sockets */
    uint64_t           limited;     /* ended by max_… */
    unsigned           most_transactions;
    unsigned           most_refused;
    uint64_t           modes[sink_modes];
} sink_total;


int
main(int argc, char **argv)
{
    sink_range = bench_range("127.1.0.1+1000");
    sink_options(argc, argv);
    bench_init(sink_seconds);
    sink_open();

    if (sink_path) {
        bench_control(sink_path, sink_command);
    }

    while (!bench_stop) {
        bench_round(1000);
        sink_recycle();

        if (bench_dump) {
            bench_dump = 0;
            sink_stats(stderr);
        }
    }

    sink_stats(stdout);

    return 0;
}


static void
sink_options(int argc, char **argv)
{
    int  ch;

    while ((ch = getopt(argc, argv, "a:p:c:k:T:b")) != -1) {

        switch (ch) {

        case 'a':
            sink_range = bench_range(optarg);
            break;

        case 'p':
            sink_port = (unsigned) bench_number(optarg, 1, 65535);
            break;

        case 'c':
            sink_path = optarg;
            break;

        case 'k':
            sink_bits = (int) bench_number(optarg, 256, 8192);
            break;

        case 'b':
            bench_busy = 1;
            break;

        case 'T':
            sink_seconds = (unsigned) bench_number(optarg, 1, 86400);
            break;

        default:
            fprintf(stderr, "usage: %s [-a range] [-p port] "
                    "[-c control socket] [-k bits of the key; 256: EC] "
                    "[-T seconds] [-b: do not sleep]\n", argv[0]);
            exit(2);
        }
    }
}


static void
sink_open(void)
{
    unsigned      i;
    sink_addr_t  *addr;

    if (sink_addrs == NULL) {
        sink_addrs = bench_alloc(sink_range.n * sizeof(sink_addr_t));
    }

    for (i = 0; i < sink_range.n; i++) {
        addr = &sink_addrs[i];

        addr->addr = sink_range.first + i;
        addr->event.fd = bench_listen(addr->addr, sink_port);
        addr->event.handler = sink_accept;
        addr->event.late = 1;

        bench_add(&addr->event, EPOLLIN);
    }
}


/* connections are refused from now on; those that are there go on */

static void
sink_shut_down(void)
{
    unsigned  i;

    for (i = 0; i < sink_range.n; i++) {
        close(sink_addrs[i].event.fd);
        sink_addrs[i].event.fd = -1;
    }
}


static void
sink_recycle(void)
{
    sink_conn_t  *c;

    while (sink_dead) {
        c = sink_dead;
        sink_dead = c->next;
        c->next = sink_free;
        sink_free = c;
    }
}


static void
sink_accept(bench_event_t *ev, uint32_t events)
{
    int                  fd, i, n;
    unsigned             delay;
    socklen_t            len;
    sink_addr_t         *addr;
    sink_conn_t         *c;
    struct sockaddr_in   sin;

    (void) events;

    addr = (sink_addr_t *) ev;

    for (n = 0; n < 64 && ev->fd != -1; n++) {

        len = sizeof(sin);
        fd = accept4(ev->fd, (struct sockaddr *) &sin, &len,
                     SOCK_NONBLOCK|SOCK_CLOEXEC);
        if (fd == -1) {

            if (errno != EAGAIN) {
                sink_total.errors++;
            }

            return;
        }

        c = sink_free;

        if (c) {
            sink_free = c->next;
            memset(c, 0, offsetof(sink_conn_t, in));

        } else {
            c = bench_alloc(sizeof(sink_conn_t));
        }

        c->event.fd = fd;
        c->event.handler = sink_read;
        c->timer.data = c;
        c->addr = addr;
        c->source = sink_source(ntohl(sin.sin_addr.s_addr));

        i = (int) (bench_random() % 100);
        c->mode = sink_modes;

        do {
            c->mode--;
            i -= (int) sink_conf.mix[c->mode];
        } while (c->mode && i >= 0);

        c->step = sink_conf.step ? sink_conf.step - 1
                                 : bench_random() % SINK_STEPS;

        sink_total.modes[c->mode]++;
        sink_count_open(c);

        c->next = addr->conns;
        addr->conns = c;

        if (c->next) {
            c->next->prev = c;
        }

        bench_add(&c->event, EPOLLIN|EPOLLRDHUP);

        if (c->mode == sink_silent) {
            continue;
        }

        delay = sink_conf.banner_delay;

        if (sink_conf.banner_spread) {
            delay += (unsigned) (bench_random() % sink_conf.banner_spread);
        }

        if (delay) {
            c->timer.handler = sink_greet;
            bench_timer_set(&c->timer, delay);

        } else {
            sink_greet(&c->timer);
        }
    }
}


static void
sink_greet(bench_timer_t *timer)
{
    sink_conn_t  *c;

    c = timer->data;
    c->greeted = 1;

    if (sink_trouble(c)) {
        sink_flush(c);
        return;
    }

    switch (c->mode) {

    case sink_busy:
        sink_say(c, "421 4.3.2 mx.bench.test Service not available, too many "
                 "connections");
        c->closing = 1;
        break;

    case sink_block:
        sink_say(c, "554 5.7.1 mx.bench.test Your address is listed");
        c->closing = 1;
        break;

    default:
        sink_say(c, "220 mx.bench.test ESMTP sink");
        break;
    }

    sink_flush(c);
}


static void
sink_read(bench_event_t *ev, uint32_t events)
{
    ssize_t       n;
    sink_conn_t  *c;

    (void) events;

    c = (sink_conn_t *) ev;

    while (c->event.fd != -1) {

        n = sink_recv(c);

        if (n == 0) {
            return;
        }

        if (n < 0) {
            sink_close(c);
            return;
        }

        if (c->hanging || c->mode == sink_silent) {
            c->in_len = 0;
            continue;
        }

        if (!c->greeted) {
            sink_total.unasked++;
        }

        if (!c->waiting && c->greeted) {
            sink_work(c);
        }

        if (!c->secure) {
            return;
        }
    }
}


/* 0: no more now; negative: the end */

static ssize_t
sink_recv(sink_conn_t *c)
{
    int      rc;
    ssize_t  n;
    size_t   room;

    if (c->ssl && !c->secure) {

        rc = sink_tls_accept(c->ssl);

        if (rc == 0) {
            return 0;
        }

        if (rc < 0) {
            sink_total.tls_errors++;
            return -1;
        }

        c->secure = 1;
        sink_total.handshakes++;
        sink_total.resumed += sink_tls_resumed(c->ssl);
    }

    room = SINK_IN_MAX - c->in_len;

    if (room == 0) {
        sink_total.invalid++;
        return -1;
    }

    if (c->secure) {
        n = sink_tls_recv(c->ssl, c->in + c->in_len, room);

    } else {
        n = sink_conf.stamps ? sink_recv_stamped(c, room)
                             : recv(c->event.fd, c->in + c->in_len, room, 0);

        if (n == -1) {
            return errno == EAGAIN ? 0 : -1;
        }

        n = n ? n : -1;
    }

    if (n > 0) {
        c->in_len += (size_t) n;
    }

    return n;
}


/* with the time at which they came, not that at which we see to them */

static ssize_t
sink_recv_stamped(sink_conn_t *c, size_t room)
{
    ssize_t          n;
    struct iovec     iov;
    struct msghdr    msg;
    struct cmsghdr  *cmsg;
    struct timespec  ts;
    char             control[256];

    memset(&msg, 0, sizeof(msg));

    iov.iov_base = c->in + c->in_len;
    iov.iov_len = room;

    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = control;
    msg.msg_controllen = sizeof(control);

    n = recvmsg(c->event.fd, &msg, 0);

    if (n <= 0) {
        return n;
    }

    clock_gettime(CLOCK_REALTIME, &ts);

    for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
        if (cmsg->cmsg_level == SOL_SOCKET
            && cmsg->cmsg_type == SCM_TIMESTAMPNS)
        {
            memcpy(&ts, CMSG_DATA(cmsg), sizeof(ts));
        }
    }

    c->came = (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;

    return n;
}


/* all lines that are there are answered together */

static void
sink_work(sink_conn_t *c)
{
    char      *lf, *pos, *end;
    unsigned   alone;

    pos = c->in;
    end = c->in + c->in_len;
    alone = !sink_conf.pipelining;

    while (!c->closing && !c->hanging && pos < end
           && SINK_OUT_MAX - c->out_len >= SINK_REPLY_MAX)
    {
        lf = memchr(pos, '\n', (size_t) (end - pos));
        if (lf == NULL) {
            break;
        }

        if (alone && pos > c->in) {
            sink_total.unasked++;
        }

        *lf = '\0';

        if (lf > pos && lf[-1] == '\r') {
            lf[-1] = '\0';
        }

        alone |= (strncasecmp(pos, "EHLO", 4) == 0
                  || strcasecmp(pos, "STARTTLS") == 0);

        sink_line(c, pos);
        pos = lf + 1;
    }

    c->in_len = (size_t) (end - pos);
    memmove(c->in, pos, c->in_len);

    if (c->out_len == 0 && !c->closing) {
        return;
    }

    if (sink_conf.reply_delay) {
        c->waiting = 1;
        c->timer.handler = sink_late;
        bench_timer_set(&c->timer, sink_conf.reply_delay);
        return;
    }

    sink_flush(c);
}


static void
sink_late(bench_timer_t *timer)
{
    sink_conn_t  *c;

    c = timer->data;
    c->waiting = 0;

    sink_flush(c);

    if (c->event.fd != -1 && c->in_len) {
        sink_work(c);
    }
}


static void
sink_flush(sink_conn_t *c)
{
    ssize_t  n;

    if (c->out_len) {
        sink_total.flights++;

        n = c->secure ? sink_tls_send(c->ssl, c->out, c->out_len)
                      : send(c->event.fd, c->out, c->out_len, 0);

        if (n != (ssize_t) c->out_len) {
            sink_total.errors++;
            c->closing = 1;
        }

        c->out_len = 0;
    }

    if (c->closing) {
        sink_close(c);
        return;
    }

    if (c->starttls && c->ssl == NULL) {
        c->ssl = sink_tls_new(c->event.fd);
        c->in_len = 0;
    }
}


/* its memory stays until the round is over */

static void
sink_close(sink_conn_t *c)
{
    struct linger  linger = { 1, 0 };

    if (c->event.fd == -1) {
        return;
    }

    if (c->reset) {
        setsockopt(c->event.fd, SOL_SOCKET, SO_LINGER, &linger,
                   sizeof(linger));
    }

    if (c->ssl) {
        sink_tls_free(c->ssl);
    }

    close(c->event.fd);
    c->event.fd = -1;
    bench_timer_del(&c->timer);

    if (c->next) {
        c->next->prev = c->prev;
    }

    if (c->prev) {
        c->prev->next = c->next;

    } else {
        c->addr->conns = c->next;
    }

    c->addr->count.now--;
    c->addr->by_source[c->source].now--;
    sink_source_count[c->source].now--;
    sink_all.now--;
    sink_hanging -= c->hanging;
    sink_total.closed++;

    if (c->transactions > sink_total.most_transactions) {
        sink_total.most_transactions = c->transactions;
    }

    if (c->refused > sink_total.most_refused) {
        sink_total.most_refused = c->refused;
    }

    c->next = sink_dead;
    sink_dead = c;
}


static void
sink_line(sink_conn_t *c, char *line)
{
    sink_total.commands++;

    if (strncasecmp(line, "RCPT TO:<", 9) == 0) {
        sink_rcpt(c, line + 9);

    } else if (strncasecmp(line, "MAIL FROM:<", 11) == 0) {

        if (sink_trouble(c)) {
            return;
        }

        if (c->mail) {
            sink_total.invalid++;
            sink_say(c, "503 5.5.1 Error: nested MAIL command");
            return;
        }

        c->mail = 1;
        c->transactions++;
        sink_total.mails++;
        sink_say(c, "250 2.1.0 Ok");

    } else if (strncasecmp(line, "EHLO ", 5) == 0) {

        if (!sink_trouble(c)) {
            sink_ehlo(c);
        }

    } else if (strncasecmp(line, "HELO ", 5) == 0) {
        sink_say(c, "250 mx.bench.test");

    } else if (strcasecmp(line, "RSET") == 0) {
        sink_rset(c);

    } else if (strcasecmp(line, "QUIT") == 0) {
        sink_total.quits++;
        sink_say(c, "221 2.0.0 Bye");
        c->closing = 1;

    } else if (strcasecmp(line, "STARTTLS") == 0 && sink_conf.starttls
               && !c->starttls)
    {
        sink_say(c, "220 2.0.0 Ready to start TLS");
        c->starttls = 1;

    } else {
        sink_total.invalid++;
        sink_say(c, "500 5.5.2 Error: command not recognized");
    }
}


/* does the session misbehave at this step? */

static int
sink_trouble(sink_conn_t *c)
{
    if (c->mode < sink_hang || c->steps++ != c->step) {
        return 0;
    }

    switch (c->mode) {

    case sink_hang:
        c->hanging = 1;
        sink_hanging++;
        return 1;

    case sink_garbage:
        sink_say(c, "\1\2 2\3hello 550%c%c", 0x80, 0xff);
        return 1;

    case sink_reset:
        c->reset = 1;
        break;

    default:
        break;
    }

    c->closing = 1;

    return 1;
}


static void
sink_ehlo(sink_conn_t *c)
{
    sink_say(c, "250-mx.bench.test");

    if (sink_conf.pipelining) {
        sink_say(c, "250-PIPELINING");
    }

    sink_say(c, "250-SIZE 10240000");
    sink_say(c, "250-VRFY");
    sink_say(c, "250-ETRN");

    if (sink_conf.starttls && !c->secure) {
        sink_say(c, "250-STARTTLS");
    }

    sink_say(c, "250-ENHANCEDSTATUSCODES");
    sink_say(c, "250-8BITMIME");
    sink_say(c, "250-DSN");
    sink_say(c, "250-SMTPUTF8");
    sink_say(c, "250 CHUNKING");
}


static void
sink_rcpt(sink_conn_t *c, char *line)
{
    int   exists;
    char *end;

    if (sink_trouble(c)) {
        return;
    }

    end = strrchr(line, '>');

    if (!c->mail || end == NULL || end - line > 320) {
        sink_total.invalid++;
        sink_say(c, "503 5.5.1 Error: need MAIL command");
        return;
    }

    *end = '\0';

    exists = sink_exists(line);
    sink_count_rcpt(c, !exists);

    switch (c->mode) {

    case sink_defer:
        sink_say(c, "451 4.7.1 <%s>: Recipient address rejected: Greylisted, "
                 "see the postmaster", line);
        return;

    case sink_policy:
        sink_say(c, "550 5.7.1 Service unavailable; client host blocked");
        return;

    case sink_shut:
        sink_say(c, "421 4.7.0 mx.bench.test Error: too much mail");
        c->closing = 1;
        return;

    default:
        break;
    }

    if (exists) {
        sink_say(c, "250 2.1.5 Ok");
        return;
    }

    c->refused++;

    if (sink_conf.max_refused && c->refused > sink_conf.max_refused) {
        sink_total.limited++;
        sink_say(c, "421 4.7.0 mx.bench.test Error: too many errors");
        c->closing = 1;
        return;
    }

    sink_say(c, "550 5.1.1 <%s>: Recipient address rejected: User unknown in "
             "virtual mailbox table", line);
}


static int
sink_exists(const char *address)
{
    const char  *at;

    at = strrchr(address, '@');

    return sink_conf.catch_all || strncmp(address, "user-", 5) == 0
           || (at && strncmp(at + 1, "ca", 2) == 0);
}


static void
sink_rset(sink_conn_t *c)
{
    c->mail = 0;
    sink_total.rsets++;

    if (sink_conf.max_transactions
        && c->transactions >= sink_conf.max_transactions)
    {
        sink_total.limited++;
        sink_say(c, "421 4.7.0 mx.bench.test Error: too many transactions");
        c->closing = 1;
        return;
    }

    sink_say(c, "250 2.0.0 Ok");
}


static void
sink_say(sink_conn_t *c, const char *fmt, ...)
{
    int      n;
    size_t   room;
    va_list  args;

    room = SINK_OUT_MAX - c->out_len;

    va_start(args, fmt);
    n = vsnprintf(c->out + c->out_len, room - 2, fmt, args);
    va_end(args);

    if (n < 0 || (size_t) n >= room - 2) {
        bench_die("reply does not fit");
    }

    c->out_len += (size_t) n;
    c->out[c->out_len++] = '\r';
    c->out[c->out_len++] = '\n';
}


/* those beyond the table share its last place */

static unsigned
sink_source(uint32_t addr)
{
    unsigned  i;

    for (i = 0; i < SINK_SOURCES - 1; i++) {

        if (sink_sources[i] == 0) {
            sink_sources[i] = addr;
        }

        if (sink_sources[i] == addr) {
            break;
        }
    }

    return i;
}


static void
sink_count_open(sink_conn_t *c)
{
    uint64_t       now;
    sink_addr_t   *addr;
    sink_count_t  *pair;

    addr = c->addr;
    pair = &addr->by_source[c->source];
    now = bench_ns();

    if (addr->count.now >= addr->count.max) {
        sink_reap(addr);
    }

    sink_count_session(&addr->count, now);
    sink_count_session(pair, now);
    sink_count_session(&sink_source_count[c->source], now);
    sink_count_session(&sink_all, now);
}


static void
sink_count_session(sink_count_t *count, uint64_t now)
{
    count->sessions++;
    count->now++;

    if (count->now > count->max) {
        count->max = count->now;
    }

    if (count->second != now / 1000000000) {
        count->second = now / 1000000000;
        count->in_second = 0;
    }

    count->in_second++;

    if (count->in_second > count->max_in_second) {
        count->max_in_second = count->in_second;
    }

    sink_count_level(count, 0, now);
}


static void
sink_count_rcpt(sink_conn_t *c, int refused)
{
    unsigned       i;
    uint64_t       now;
    sink_count_t  *counts[4];

    now = bench_ns();

    sink_came(c);

    counts[0] = &c->addr->count;
    counts[1] = &c->addr->by_source[c->source];
    counts[2] = &sink_source_count[c->source];
    counts[3] = &sink_all;

    for (i = 0; i < 4; i++) {
        counts[i]->rcpts++;
        counts[i]->refused += (unsigned) refused;
        sink_count_level(counts[i], 1, now);
    }
}


static void
sink_count_level(sink_count_t *count, unsigned i, uint64_t now)
{
    double  level;

    level = count->level[i]
            - (double) (now - count->last[i]) / 1e9 * sink_conf.rate;

    count->level[i] = (level > 0 ? level : 0) + 1;
    count->last[i] = now;

    if (count->level[i] > count->max_level[i]) {
        count->max_level[i] = count->level[i];
    }
}


static void
sink_came(sink_conn_t *c)
{
    uint64_t     *came;
    sink_addr_t  *addr;

    addr = c->addr;

    if (c->came == 0) {
        return;
    }

    if (addr->ncame == addr->max_came) {
        came = bench_alloc((addr->max_came * 2 + 16) * sizeof(uint64_t));

        if (addr->ncame) {
            memcpy(came, addr->came, addr->ncame * sizeof(uint64_t));
        }

        free(addr->came);
        addr->came = came;
        addr->max_came = addr->max_came * 2 + 16;
    }

    addr->came[addr->ncame++] = c->came;
}


static int
sink_before(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return (a > b) - (a < b);
}


/* what has come later may have been seen earlier, on another connection */

static double
sink_came_burst(sink_addr_t *addr)
{
    size_t        i;
    sink_count_t  count;

    if (addr->ncame == 0) {
        return 0;
    }

    qsort(addr->came, addr->ncame, sizeof(uint64_t), sink_before);

    memset(&count, 0, sizeof(count));

    for (i = 0; i < addr->ncame; i++) {
        sink_count_level(&count, 1, addr->came[i]);
    }

    return count.max_level[1];
}


/*
 * A session that the other side has closed may not have been seen to end yet:
 * it must not count beside the one that has come in its place.
 */

static void
sink_reap(sink_addr_t *addr)
{
    socklen_t         len;
    sink_conn_t      *c, *next;
    struct tcp_info   info;

    for (c = addr->conns; c; c = next) {
        next = c->next;
        len = sizeof(info);

        if (getsockopt(c->event.fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0
            && (info.tcpi_state == TCP_CLOSE_WAIT
                || info.tcpi_state == TCP_CLOSE))
        {
            sink_close(c);
        }
    }
}


static void
sink_command(char *line, FILE *out)
{
    if (strncmp(line, "set ", 4) == 0) {
        sink_set(line + 4, out);
        return;
    }

    sink_stats(out);

    if (strcmp(line, "reset") == 0) {
        sink_reset_counts();
    }
}


/* "set reply_delay=20 hang=5": what is not named stays, but "normal=100" ends
   all trouble */

static void
sink_set(char *line, FILE *out)
{
    int       i;
    char     *name, *value;
    unsigned  n, listen;

    static struct {
        const char  *name;
        unsigned    *value;
    } names[] = {
        { "banner_delay", &sink_conf.banner_delay },
        { "banner_spread", &sink_conf.banner_spread },
        { "reply_delay", &sink_conf.reply_delay },
        { "pipelining", &sink_conf.pipelining },
        { "starttls", &sink_conf.starttls },
        { "catch_all", &sink_conf.catch_all },
        { "max_transactions", &sink_conf.max_transactions },
        { "max_refused", &sink_conf.max_refused },
        { "listen", &sink_conf.listen },
        { "stamps", &sink_conf.stamps },
        { "step", &sink_conf.step },
        { NULL, NULL }
    };

    listen = sink_conf.listen;

    while ((name = bench_option(&line, &value)) != NULL) {

        n = (unsigned) strtoul(value, NULL, 10);

        if (strcmp(name, "rate") == 0) {
            sink_conf.rate = strtod(value, NULL);
            continue;
        }

        if (strcmp(name, "tls") == 0) {
            sink_tls_version(value);
            continue;
        }

        for (i = 0; names[i].name; i++) {
            if (strcmp(name, names[i].name) == 0) {
                *names[i].value = n;
                break;
            }
        }

        if (names[i].name) {
            continue;
        }

        for (i = 0; i < sink_modes; i++) {
            if (strcmp(name, sink_mode_names[i]) == 0) {
                sink_conf.mix[i] = n;
                break;
            }
        }

        if (i == sink_normal) {
            memset(sink_conf.mix, 0, sizeof(sink_conf.mix));
        }

        if (i == sink_modes) {
            fprintf(out, "{\"error\":\"%s\"}\n", name);
            return;
        }
    }

    if (sink_conf.starttls) {
        sink_tls_init(sink_bits);
    }

    if (listen && !sink_conf.listen) {
        sink_shut_down();

    } else if (!listen && sink_conf.listen) {
        sink_open();
    }

    sink_stamp();

    fprintf(out, "{}\n");
}


/* connections have it from the socket that listens */

static void
sink_stamp(void)
{
    int       on;
    unsigned  i;

    on = (int) sink_conf.stamps;

    for (i = 0; i < sink_range.n && sink_addrs[i].event.fd != -1; i++) {
        setsockopt(sink_addrs[i].event.fd, SOL_SOCKET, SO_TIMESTAMPNS, &on,
                   sizeof(on));
    }
}


static void
sink_clear(sink_count_t *count)
{
    unsigned  now;

    now = count->now;
    memset(count, 0, sizeof(sink_count_t));
    count->now = now;
    count->max = now;
}


static void
sink_reset_counts(void)
{
    unsigned  i, n;

    for (i = 0; i < sink_range.n; i++) {

        sink_clear(&sink_addrs[i].count);
        sink_addrs[i].ncame = 0;

        for (n = 0; n < SINK_SOURCES; n++) {
            sink_clear(&sink_addrs[i].by_source[n]);
        }
    }

    for (n = 0; n < SINK_SOURCES; n++) {
        sink_clear(&sink_source_count[n]);
    }

    sink_clear(&sink_all);
    memset(&sink_total, 0, sizeof(sink_total));
}


static void
sink_stats(FILE *out)
{
    double          burst, most;
    unsigned        i, j, n;
    sink_count_t  **counts;

    n = sink_range.n;
    counts = bench_alloc(n * SINK_SOURCES * sizeof(sink_count_t *));

    fprintf(out, "{\"closed\":%llu,\"commands\":%llu,\"flights\":%llu,"
            "\"mails\":%llu,\"rsets\":%llu,\"quits\":%llu,\"hanging\":%u",
            (unsigned long long) sink_total.closed,
            (unsigned long long) sink_total.commands,
            (unsigned long long) sink_total.flights,
            (unsigned long long) sink_total.mails,
            (unsigned long long) sink_total.rsets,
            (unsigned long long) sink_total.quits, sink_hanging);

    fprintf(out, ",\"handshakes\":%llu,\"resumed\":%llu,\"tls_errors\":%llu,"
            "\"unasked\":%llu,\"invalid\":%llu,\"errors\":%llu,"
            "\"limited\":%llu,\"most_transactions\":%u,\"most_refused\":%u",
            (unsigned long long) sink_total.handshakes,
            (unsigned long long) sink_total.resumed,
            (unsigned long long) sink_total.tls_errors,
            (unsigned long long) sink_total.unasked,
            (unsigned long long) sink_total.invalid,
            (unsigned long long) sink_total.errors,
            (unsigned long long) sink_total.limited,
            sink_total.most_transactions, sink_total.most_refused);

    for (i = 0; i < sink_modes; i++) {
        fprintf(out, ",\"%s\":%llu", sink_mode_names[i],
                (unsigned long long) sink_total.modes[i]);
    }

    counts[0] = &sink_all;
    sink_stats_of(out, "all", counts, 1);

    for (i = 0, most = 0; i < n; i++) {
        counts[i] = &sink_addrs[i].count;
        burst = sink_came_burst(&sink_addrs[i]);
        most = burst > most ? burst : most;
    }

    fprintf(out, ",\"came_burst\":%.2f", most);

    sink_stats_of(out, "address", counts, n);

    for (i = 0; i < n; i++) {
        for (j = 0; j < SINK_SOURCES; j++) {
            counts[i * SINK_SOURCES + j] = &sink_addrs[i].by_source[j];
        }
    }

    sink_stats_of(out, "pair", counts, n * SINK_SOURCES);

    for (j = 0; j < SINK_SOURCES; j++) {
        counts[j] = &sink_source_count[j];
    }

    sink_stats_of(out, "source", counts, SINK_SOURCES);

    fprintf(out, "}\n");
    free(counts);
}


/* the most that any one of them has seen */

static void
sink_stats_of(FILE *out, const char *name, sink_count_t **counts, unsigned n)
{
    unsigned       i, used;
    sink_count_t   most, *c;

    memset(&most, 0, sizeof(most));
    used = 0;

    for (i = 0; i < n; i++) {
        c = counts[i];

        used += (c->sessions != 0);

#define sink_most(field)                                                      \
        if (c->field > most.field) {                                          \
            most.field = c->field;                                            \
        }

        sink_most(now)
        sink_most(max)
        sink_most(sessions)
        sink_most(rcpts)
        sink_most(refused)
        sink_most(max_in_second)
        sink_most(max_level[0])
        sink_most(max_level[1])
    }

    fprintf(out, ",\"%s\":{\"used\":%u,\"now\":%u,\"max\":%u,"
            "\"sessions\":%llu,\"rcpts\":%llu,\"refused\":%llu,"
            "\"max_in_second\":%u,\"burst\":%.2f,\"rcpt_burst\":%.2f}",
            name, used, most.now, most.max,
            (unsigned long long) most.sessions,
            (unsigned long long) most.rcpts,
            (unsigned long long) most.refused, most.max_in_second,
            most.max_level[0], most.max_level[1]);
}
