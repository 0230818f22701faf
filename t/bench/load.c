
/*
 * Asks a verifier: a number of connections are kept alive, each with one
 * request under way, for addresses that nobody asked for before, spread over
 * the domains of the DNS server beside us.  Judges every verdict by what the
 * sink is known to do: never undeliverable for "user-…", never anything but
 * undeliverable or unknown for "none-…".
 */


#define _GNU_SOURCE

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"


#define LOAD_BUF_MAX    16384
#define LOAD_WORDS      64
#define LOAD_RETRY      20          /* ms until a new connection is tried */


typedef struct {
    bench_event_t   event;
    bench_timer_t   timer;
    uint64_t        start;          /* ns */
    unsigned        exists:1;
    unsigned        counted:1;      /* behind the warm-up */
    unsigned        leave:1;        /* goes away without the answer */
    unsigned        last:1;         /* "Connection: close" */
    unsigned        paused:1;       /* the next request is not due yet */
    size_t          len;            /* of a part of an answer */
    char           *part;
} load_conn_t;


typedef struct {
    char            name[32];
    uint64_t        n;
} load_word_t;


static void load_options(int argc, char **argv);
static void load_run(void);
static void load_connect(load_conn_t *c);
static void load_retry(bench_timer_t *timer);
static void load_leave(bench_timer_t *timer);
static void load_resume(bench_timer_t *timer);
static void load_next(load_conn_t *c);
static int load_request(load_conn_t *c, char *buf, size_t size);
static void load_handler(bench_event_t *ev, uint32_t events);
static void load_lost(load_conn_t *c);
static void load_keep(load_conn_t *c);
static int load_response(load_conn_t *c);
static void load_judge(load_conn_t *c, const char *body);
static void load_word(load_word_t *words, const char *body, const char *name,
    char *word, size_t size);
static void load_count(load_word_t *words, const char *name);
static void load_mark(void);
static void load_stats(char *line, FILE *out);
static void load_report(FILE *out);
static void load_report_words(FILE *out, const char *name,
    load_word_t *words);


static const char     *load_host = "127.0.0.1:8080";
static const char     *load_path = "/verify";
static const char     *load_uri;        /* always this one */
static const char     *load_variant = "own";
static const char     *load_control;
static unsigned        load_inflight = 50;
static unsigned        load_total = 20000;
static unsigned        load_warm = 1000;
static unsigned        load_seconds = 60;
static unsigned        load_domains = 1000;
static unsigned        load_same;       /* addresses, 0: ever new ones */
static unsigned        load_first;      /* the first address's number */
static unsigned        load_unknown;    /* percent */
static unsigned        load_leaving;    /* of a thousand */
static unsigned        load_pause;      /* ms from an answer to a request */
static int             load_pid;
static int             load_catch_all;
static int             load_keep_going; /* over lost connections */

static struct sockaddr_in  load_sin;
static load_conn_t    *load_conns;
static char            load_buf[LOAD_BUF_MAX];  /* one for all: what the load
                                                   touches, nginx loses from
                                                   the caches that they share */
static unsigned        load_started;
static unsigned        load_finished;
static unsigned        load_counted;
static unsigned        load_left;
static unsigned        load_dropped;
static unsigned        load_wrong;
static unsigned        load_cached;
static uint64_t        load_ns;
static uint64_t        load_cpu;
static uint64_t        load_end_ns;
static uint64_t        load_end_cpu;
static uint64_t        load_bytes;
static bench_hist_t    load_hist;
static load_word_t     load_codes[LOAD_WORDS];
static load_word_t     load_statuses[LOAD_WORDS];
static load_word_t     load_reasons[LOAD_WORDS];
static char            load_example[1024];


int
main(int argc, char **argv)
{
    load_options(argc, argv);
    bench_init(load_seconds);
    bench_host_port(load_host, &load_sin);

    if (load_control) {
        bench_control(load_control, load_stats);
    }

    load_run();
    load_report(stdout);

    if (load_example[0]) {
        fprintf(stderr, "a wrong verdict: %s\n", load_example);
    }

    return load_wrong != 0;
}


static void
load_options(int argc, char **argv)
{
    int  ch;

    while ((ch = getopt(argc, argv, "h:l:u:v:n:w:c:d:s:f:x:a:P:S:T:i:Ckb"))
           != -1)
    {
        switch (ch) {

        case 'h':
            load_host = optarg;
            break;

        case 'l':
            load_path = optarg;
            break;

        case 'u':
            load_uri = optarg;
            break;

        case 'v':
            load_variant = optarg;
            break;

        case 'n':
            load_total = (unsigned) bench_number(optarg, 1, 1000000000);
            break;

        case 'w':
            load_warm = (unsigned) bench_number(optarg, 0, 100000000);
            break;

        case 'c':
            load_inflight = (unsigned) bench_number(optarg, 1, 60000);
            break;

        case 'd':
            load_domains = (unsigned) bench_number(optarg, 1, 1000000);
            break;

        case 's':
            load_same = (unsigned) bench_number(optarg, 0, 100000000);
            break;

        case 'f':
            load_first = (unsigned) bench_number(optarg, 0, 2000000000);
            break;

        case 'x':
            load_unknown = (unsigned) bench_number(optarg, 0, 100);
            break;

        case 'a':
            load_leaving = (unsigned) bench_number(optarg, 0, 1000);
            break;

        case 'P':
            load_pid = (int) bench_number(optarg, 1, 1 << 30);
            break;

        case 'S':
            load_control = optarg;
            break;

        case 'T':
            load_seconds = (unsigned) bench_number(optarg, 1, 3600);
            break;

        case 'i':
            load_pause = (unsigned) bench_number(optarg, 1, 60000);
            break;

        case 'C':
            load_catch_all = 1;
            break;

        case 'b':
            bench_busy = 1;
            break;

        case 'k':
            load_keep_going = 1;
            break;

        default:
            fprintf(stderr, "usage: %s [-h address:port] [-l path | -u uri] "
                    "[-v variant] [-d domains] [-n requests] "
                    "[-w requests before that] [-c connections] "
                    "[-s addresses in turn] [-f first] [-x percent unknown] "
                    "[-a per mille that go away] [-P pid to take CPU time of] "
                    "[-S control socket] [-T seconds] "
                    "[-i ms between an answer and the next request] "
                    "[-C: catch-all] [-k: keep going] [-b: do not sleep]\n",
                    argv[0]);
            exit(2);
        }
    }
}


static void
load_run(void)
{
    unsigned  i;

    load_total += load_warm;
    load_conns = bench_alloc(load_inflight * sizeof(load_conn_t));

    if (load_warm == 0) {
        load_mark();
    }

    for (i = 0; i < load_inflight && i < load_total; i++) {
        load_conns[i].event.handler = load_handler;
        load_conns[i].timer.data = &load_conns[i];
        load_connect(&load_conns[i]);

        /* not all at once: the queue of those to be accepted is bounded */

        if (i % 64 == 63) {
            bench_round(0);
        }
    }

    while (!bench_stop && load_finished < load_total) {
        bench_round(1000);
    }

    load_end_ns = bench_ns();
    load_end_cpu = load_pid ? bench_cpu(load_pid) : 0;
}


static void
load_connect(load_conn_t *c)
{
    c->event.fd = bench_socket(SOCK_STREAM);
    bench_nodelay(c->event.fd);

    if (connect(c->event.fd, (struct sockaddr *) &load_sin, sizeof(load_sin))
        == -1
        && errno != EINPROGRESS)
    {
        load_lost(c);
        return;
    }

    c->start = 0;
    c->len = 0;

    bench_add(&c->event, EPOLLIN|EPOLLOUT|EPOLLRDHUP|EPOLLET);
}


static void
load_retry(bench_timer_t *timer)
{
    load_connect(timer->data);
}


static void
load_leave(bench_timer_t *timer)
{
    load_conn_t  *c;

    c = timer->data;

    close(c->event.fd);
    load_left++;
    load_finished++;

    load_connect(c);
}


static void
load_resume(bench_timer_t *timer)
{
    load_conn_t  *c;

    c = timer->data;
    c->paused = 0;

    load_next(c);
}


static void
load_next(load_conn_t *c)
{
    int   len;
    char  buf[1024];

    if (load_started == load_total) {
        c->start = 0;
        return;
    }

    if (load_started == load_warm && load_warm) {
        load_mark();
    }

    c->counted = load_started >= load_warm;

    len = load_request(c, buf, sizeof(buf));
    load_started++;

    c->start = bench_ns();
    c->len = 0;
    c->leave = bench_random() % 1000 < load_leaving;

    if (c->leave) {
        c->timer.handler = load_leave;
        bench_timer_set(&c->timer, (unsigned) (bench_random() % 200));
    }

    if (send(c->event.fd, buf, (size_t) len, 0) != len) {
        load_lost(c);
    }
}


static int
load_request(load_conn_t *c, char *buf, size_t size)
{
    unsigned  n, domain;

    if (load_uri) {
        return snprintf(buf, size, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n",
                        load_uri);
    }

    n = load_same ? load_started % load_same : load_started;
    n += load_first;

    c->exists = load_catch_all || n * 2654435761u % 100 >= load_unknown;
    domain = n * 2654435761u / 7 % load_domains;

    return snprintf(buf, size, "GET %s?email=%s-%u@%s%u.%s.bench.test "
                    "HTTP/1.1\r\nHost: bench\r\n\r\n", load_path,
                    c->exists ? "user" : "none", n,
                    load_catch_all ? "ca" : "d", domain, load_variant);
}


static void
load_handler(bench_event_t *ev, uint32_t events)
{
    ssize_t       n;
    load_conn_t  *c;

    c = (load_conn_t *) ev;

    if (c->start == 0 && !(events & (EPOLLIN|EPOLLERR|EPOLLHUP))) {
        if (!c->paused) {
            load_next(c);
        }

        return;
    }

    if (c->len) {
        memcpy(load_buf, c->part, c->len);
    }

    n = recv(ev->fd, load_buf + c->len, LOAD_BUF_MAX - 1 - c->len, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0 || c->start == 0) {
        load_lost(c);
        return;
    }

    c->len += (size_t) n;
    load_bytes += (uint64_t) n;

    if (!load_response(c)) {

        load_keep(c);

        if (events & EPOLLRDHUP) {
            load_lost(c);
        }

        return;
    }

    if (c->last) {
        close(ev->fd);
        load_connect(c);
        return;
    }

    if (load_pause) {
        c->paused = 1;
        c->start = 0;
        c->timer.handler = load_resume;
        bench_timer_set(&c->timer, load_pause);
        return;
    }

    load_next(c);
}


static void
load_lost(load_conn_t *c)
{
    close(c->event.fd);
    bench_timer_del(&c->timer);
    c->paused = 0;

    if (c->start) {
        load_dropped++;
        load_finished++;
        c->start = 0;
    }

    if (load_started < load_total && load_keep_going) {
        c->timer.handler = load_retry;
        bench_timer_set(&c->timer, LOAD_RETRY);
        return;
    }

    if (!load_keep_going) {
        errno = 0;
        bench_die("connection lost behind %u of %u requests", load_finished,
                  load_total);
    }
}


/* 1: it is there and was looked at */

/* the rest of the answer is still to come */

static void
load_keep(load_conn_t *c)
{
    c->part = realloc(c->part, c->len);

    if (c->part == NULL) {
        bench_die("realloc()");
    }

    memcpy(c->part, load_buf, c->len);
}


static int
load_response(load_conn_t *c)
{
    char    *body, *length, code[4];
    size_t   len;

    load_buf[c->len] = '\0';

    body = strstr(load_buf, "\r\n\r\n");
    if (body == NULL) {
        return 0;
    }

    body += 4;
    length = strstr(load_buf, "\r\nContent-Length: ");

    if (length == NULL || length > body || c->len < 16) {
        errno = 0;
        bench_die("not a response: %s", load_buf);
    }

    len = strtoul(length + 18, NULL, 10);

    if (load_buf + c->len < body + len) {
        return 0;
    }

    if (load_buf + c->len > body + len) {
        errno = 0;
        bench_die("more than a response: %s", load_buf);
    }

    bench_timer_del(&c->timer);
    load_finished++;

    length = strstr(load_buf, "\r\nConnection: close\r\n");
    c->last = (length && length < body);

    memcpy(code, load_buf + 9, 3);
    code[3] = '\0';
    load_count(load_codes, code);

    if (c->counted) {
        load_counted++;
        bench_hist_add(&load_hist, (bench_ns() - c->start) / 1000);
    }

    if (load_uri == NULL && code[0] == '2') {
        load_judge(c, body);
    }

    return 1;
}


static void
load_judge(load_conn_t *c, const char *body)
{
    int   wrong;
    char  status[32], reason[32];

    load_word(load_statuses, body, "\"status\":\"", status, sizeof(status));
    load_word(load_reasons, body, "\"reason\":\"", reason, sizeof(reason));

    load_cached += strstr(body, "\"cached\":true") != NULL;

    if (strcmp(status, "unknown") == 0) {
        return;
    }

    if (c->exists) {
        wrong = strcmp(status, load_catch_all ? "risky" : "deliverable") != 0
                && strcmp(reason, "accepted_untested") != 0;

    } else {
        wrong = strcmp(reason, "mailbox_not_found") != 0;
    }

    if (wrong && load_wrong++ == 0) {
        snprintf(load_example, sizeof(load_example), "%s", body);
    }
}


static void
load_word(load_word_t *words, const char *body, const char *name, char *word,
    size_t size)
{
    size_t       len;
    const char  *p;

    word[0] = '\0';
    p = strstr(body, name);

    if (p) {
        p += strlen(name);
        len = strcspn(p, "\"");

        if (len < size) {
            memcpy(word, p, len);
            word[len] = '\0';
        }
    }

    load_count(words, word);
}


static void
load_count(load_word_t *words, const char *name)
{
    unsigned  i;

    for (i = 0; i < LOAD_WORDS - 1; i++) {

        if (words[i].n == 0) {
            snprintf(words[i].name, sizeof(words[i].name), "%s", name);
        }

        if (strcmp(words[i].name, name) == 0) {
            break;
        }
    }

    words[i].n++;
}


/* the warm-up is over */

static void
load_mark(void)
{
    load_ns = bench_ns();
    load_cpu = load_pid ? bench_cpu(load_pid) : 0;
    load_bytes = 0;
}


static void
load_stats(char *line, FILE *out)
{
    (void) line;

    load_end_ns = bench_ns();
    load_end_cpu = load_pid ? bench_cpu(load_pid) : 0;

    load_report(out);
}


static void
load_report(FILE *out)
{
    double  n, seconds;

    n = load_counted ? load_counted : 1;
    seconds = (double) (load_end_ns - load_ns) / 1e9;

    fprintf(out, "{\"requests\":%u,\"started\":%u,\"finished\":%u,"
            "\"seconds\":%.3f,\"per_second\":%.0f,\"cpu_us\":%.2f,"
            "\"size\":%.0f",
            load_counted, load_started, load_finished, seconds, n / seconds,
            (double) (load_end_cpu - load_cpu) / 1e3 / n,
            (double) load_bytes / n);

    fprintf(out, ",\"p50_us\":%llu,\"p90_us\":%llu,\"p99_us\":%llu,"
            "\"max_us\":%llu",
            (unsigned long long) bench_hist_at(&load_hist, 0.5),
            (unsigned long long) bench_hist_at(&load_hist, 0.9),
            (unsigned long long) bench_hist_at(&load_hist, 0.99),
            (unsigned long long) load_hist.max);

    fprintf(out, ",\"wrong\":%u,\"cached\":%u,\"dropped\":%u,\"left\":%u",
            load_wrong, load_cached, load_dropped, load_left);

    load_report_words(out, "codes", load_codes);
    load_report_words(out, "statuses", load_statuses);
    load_report_words(out, "reasons", load_reasons);

    fprintf(out, "}\n");
}


static void
load_report_words(FILE *out, const char *name, load_word_t *words)
{
    unsigned  i;

    fprintf(out, ",\"%s\":{", name);

    for (i = 0; i < LOAD_WORDS && words[i].n; i++) {
        fprintf(out, "%s\"%s\":%llu", i ? "," : "", words[i].name,
                (unsigned long long) words[i].n);
    }

    fprintf(out, "}");
}
