
/*
 * A DNS server for the benchmark: answers for any number of domains by a
 * pattern, over UDP and TCP, and fails on demand.
 *
 *   <letters><N>.own.DOMAIN     MX mx<N>.own.DOMAIN, an address of its own
 *   <letters><N>.shared.DOMAIN  MX mx0.shared.DOMAIN, the first address
 *   <letters><N>.oneip.DOMAIN   MX mx<N>.oneip.DOMAIN, the first address
 *
 * Addresses are those of a range, again from the first on where N is beyond.
 */


#define _GNU_SOURCE

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"


#define DNSD_MSG_MAX    512
#define DNSD_NAME_MAX   256

#define DNSD_A          1
#define DNSD_SOA        6
#define DNSD_MX         15

#define DNSD_NOERROR    0
#define DNSD_SERVFAIL   2
#define DNSD_NXDOMAIN   3
#define DNSD_REFUSED    5


typedef enum {
    dnsd_ok = 0,
    dnsd_dead,
    dnsd_servfail,
    dnsd_refused,
    dnsd_slow,
    dnsd_trunc,
    dnsd_modes
} dnsd_mode_e;


/* a query and what becomes of it */

typedef struct {
    unsigned char    *msg;
    size_t            len;              /* of the query, then of the answer */
    size_t            question;         /* its end */
    unsigned          type;
    char              name[DNSD_NAME_MAX];
} dnsd_query_t;


typedef struct {
    bench_event_t     event;
    size_t            len;
    unsigned char     buf[2 + DNSD_MSG_MAX];
} dnsd_tcp_t;


typedef struct {
    bench_timer_t       timer;
    struct sockaddr_in  sin;
    size_t              len;
    unsigned char       msg[DNSD_MSG_MAX];
} dnsd_late_t;


static void dnsd_options(int argc, char **argv);
static void dnsd_command(char *line, FILE *out);
static void dnsd_set(char *line, FILE *out);
static void dnsd_stats(FILE *out);
static void dnsd_udp(bench_event_t *ev, uint32_t events);
static void dnsd_late(bench_timer_t *timer);
static void dnsd_accept(bench_event_t *ev, uint32_t events);
static void dnsd_tcp(bench_event_t *ev, uint32_t events);
static dnsd_mode_e dnsd_mode(void);
static int dnsd_answer(dnsd_query_t *q, dnsd_mode_e mode, int tcp);
static int dnsd_parse(dnsd_query_t *q);
static void dnsd_header(dnsd_query_t *q, unsigned rcode, unsigned answers,
    unsigned authorities);
static long dnsd_name(dnsd_query_t *q, char **variant);
static void dnsd_mx(dnsd_query_t *q, long n, const char *variant);
static void dnsd_a(dnsd_query_t *q, long n, const char *variant);
static void dnsd_negative(dnsd_query_t *q, unsigned rcode);
static unsigned char *dnsd_rr(dnsd_query_t *q, unsigned type);


static const char     *dnsd_mode_names[] = {
    "ok", "dead", "servfail", "refused", "slow", "trunc"
};

static const char     *dnsd_domain = "bench.test";
static const char     *dnsd_listen = "127.1.255.53:5353";
static const char     *dnsd_path;
static bench_range_t   dnsd_range;
static long            dnsd_names = 1000000;
static unsigned        dnsd_ttl = 3600;
static unsigned        dnsd_seconds = 3600;

/* how many of 100 queries fare how; the rest is dnsd_ok */
static unsigned        dnsd_mix[dnsd_modes];
static unsigned        dnsd_delay = 1000;

static bench_event_t   dnsd_udp_event;
static bench_event_t   dnsd_tcp_event;

static struct {
    uint64_t           mx;
    uint64_t           a;
    uint64_t           other;
    uint64_t           tcp;
    uint64_t           bad;
    uint64_t           modes[dnsd_modes];
} dnsd_count;


int
main(int argc, char **argv)
{
    struct sockaddr_in  sin;

    dnsd_range = bench_range("127.1.0.1+1000");
    dnsd_options(argc, argv);
    bench_init(dnsd_seconds);

    bench_host_port(dnsd_listen, &sin);

    dnsd_udp_event.fd = bench_socket(SOCK_DGRAM);
    dnsd_udp_event.handler = dnsd_udp;

    if (bind(dnsd_udp_event.fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        bench_die("bind() to %s", dnsd_listen);
    }

    dnsd_tcp_event.fd = bench_listen(ntohl(sin.sin_addr.s_addr),
                                     ntohs(sin.sin_port));
    dnsd_tcp_event.handler = dnsd_accept;

    bench_add(&dnsd_udp_event, EPOLLIN);
    bench_add(&dnsd_tcp_event, EPOLLIN);

    if (dnsd_path) {
        bench_control(dnsd_path, dnsd_command);
    }

    while (!bench_stop) {
        bench_round(1000);

        if (bench_dump) {
            bench_dump = 0;
            dnsd_stats(stderr);
        }
    }

    return 0;
}


static void
dnsd_options(int argc, char **argv)
{
    int  ch;

    while ((ch = getopt(argc, argv, "l:a:d:n:t:c:T:")) != -1) {

        switch (ch) {

        case 'l':
            dnsd_listen = optarg;
            break;

        case 'a':
            dnsd_range = bench_range(optarg);
            break;

        case 'd':
            dnsd_domain = optarg;
            break;

        case 'n':
            dnsd_names = bench_number(optarg, 1, 100000000);
            break;

        case 't':
            dnsd_ttl = (unsigned) bench_number(optarg, 0, 86400);
            break;

        case 'c':
            dnsd_path = optarg;
            break;

        case 'T':
            dnsd_seconds = (unsigned) bench_number(optarg, 1, 86400);
            break;

        default:
            fprintf(stderr, "usage: %s [-l address:port] [-a range] "
                    "[-d domain] [-n names] [-t ttl] [-c control socket] "
                    "[-T seconds]\n", argv[0]);
            exit(2);
        }
    }
}


static void
dnsd_command(char *line, FILE *out)
{
    if (strncmp(line, "set ", 4) == 0) {
        dnsd_set(line + 4, out);
        return;
    }

    if (strcmp(line, "reset") == 0) {
        memset(&dnsd_count, 0, sizeof(dnsd_count));
    }

    dnsd_stats(out);
}


/* "set dead=20 slow=10 delay=500": shares of a hundred; what is not named is
   not done any more */

static void
dnsd_set(char *line, FILE *out)
{
    int        i;
    char      *name, *value;
    unsigned   n;

    memset(dnsd_mix, 0, sizeof(dnsd_mix));

    while ((name = bench_option(&line, &value)) != NULL) {

        n = (unsigned) strtoul(value, NULL, 10);

        if (strcmp(name, "delay") == 0) {
            dnsd_delay = n;
            continue;
        }

        for (i = 0; i < dnsd_modes; i++) {
            if (strcmp(name, dnsd_mode_names[i]) == 0) {
                dnsd_mix[i] = n;
                break;
            }
        }

        if (i == dnsd_modes) {
            fprintf(out, "{\"error\":\"%s\"}\n", name);
            return;
        }
    }

    fprintf(out, "{}\n");
}


static void
dnsd_stats(FILE *out)
{
    int  i;

    fprintf(out, "{\"mx\":%llu,\"a\":%llu,\"other\":%llu,\"tcp\":%llu,"
            "\"bad\":%llu",
            (unsigned long long) dnsd_count.mx,
            (unsigned long long) dnsd_count.a,
            (unsigned long long) dnsd_count.other,
            (unsigned long long) dnsd_count.tcp,
            (unsigned long long) dnsd_count.bad);

    for (i = 0; i < dnsd_modes; i++) {
        fprintf(out, ",\"%s\":%llu", dnsd_mode_names[i],
                (unsigned long long) dnsd_count.modes[i]);
    }

    fprintf(out, "}\n");
}


static void
dnsd_udp(bench_event_t *ev, uint32_t events)
{
    int                  i;
    ssize_t              n;
    socklen_t            len;
    dnsd_mode_e          mode;
    dnsd_late_t         *late;
    dnsd_query_t         q;
    struct sockaddr_in   sin;
    unsigned char        msg[DNSD_MSG_MAX];

    (void) events;

    for (i = 0; i < 256; i++) {

        len = sizeof(sin);
        n = recvfrom(ev->fd, msg, sizeof(msg), 0, (struct sockaddr *) &sin,
                     &len);
        if (n <= 0) {
            return;
        }

        mode = dnsd_mode();
        dnsd_count.modes[mode]++;

        q.msg = msg;
        q.len = (size_t) n;

        if (mode == dnsd_dead || dnsd_answer(&q, mode, 0) != 0) {
            continue;
        }

        if (mode != dnsd_slow) {
            (void) sendto(ev->fd, msg, q.len, 0, (struct sockaddr *) &sin,
                          len);
            continue;
        }

        late = bench_alloc(sizeof(dnsd_late_t));
        late->sin = sin;
        late->len = q.len;
        memcpy(late->msg, msg, q.len);

        late->timer.handler = dnsd_late;
        late->timer.data = late;

        bench_timer_set(&late->timer, dnsd_delay);
    }
}


static void
dnsd_late(bench_timer_t *timer)
{
    dnsd_late_t  *late;

    late = timer->data;

    (void) sendto(dnsd_udp_event.fd, late->msg, late->len, 0,
                  (struct sockaddr *) &late->sin, sizeof(late->sin));
    free(late);
}


static void
dnsd_accept(bench_event_t *ev, uint32_t events)
{
    int          fd;
    dnsd_tcp_t  *tcp;

    (void) events;

    fd = accept4(ev->fd, NULL, NULL, SOCK_NONBLOCK|SOCK_CLOEXEC);
    if (fd == -1) {
        return;
    }

    tcp = bench_alloc(sizeof(dnsd_tcp_t));
    tcp->event.fd = fd;
    tcp->event.handler = dnsd_tcp;

    bench_add(&tcp->event, EPOLLIN);
}


/* what is late over UDP is answered at once here */

static void
dnsd_tcp(bench_event_t *ev, uint32_t events)
{
    size_t        len;
    ssize_t       n;
    dnsd_tcp_t   *tcp;
    dnsd_mode_e   mode;
    dnsd_query_t  q;

    (void) events;

    tcp = (dnsd_tcp_t *) ev;

    n = recv(ev->fd, tcp->buf + tcp->len, sizeof(tcp->buf) - tcp->len, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        goto done;
    }

    tcp->len += (size_t) n;

    if (tcp->len < 2) {
        return;
    }

    len = (size_t) tcp->buf[0] << 8 | tcp->buf[1];

    if (len > DNSD_MSG_MAX) {
        goto done;
    }

    if (tcp->len < 2 + len) {
        return;
    }

    mode = dnsd_mode();
    dnsd_count.modes[mode]++;
    dnsd_count.tcp++;

    q.msg = tcp->buf + 2;
    q.len = len;

    if (mode == dnsd_dead || tcp->len > 2 + len
        || dnsd_answer(&q, mode, 1) != 0)
    {
        goto done;
    }

    tcp->buf[0] = (unsigned char) (q.len >> 8);
    tcp->buf[1] = (unsigned char) q.len;
    tcp->len = 0;

    if (send(ev->fd, tcp->buf, 2 + q.len, 0) > 0) {
        return;
    }

done:

    close(ev->fd);
    free(tcp);
}


static dnsd_mode_e
dnsd_mode(void)
{
    int       i;
    unsigned  n;

    n = (unsigned) (bench_random() % 100);

    for (i = 1; i < dnsd_modes; i++) {

        if (n < dnsd_mix[i]) {
            return (dnsd_mode_e) i;
        }

        n -= dnsd_mix[i];
    }

    return dnsd_ok;
}


static int
dnsd_answer(dnsd_query_t *q, dnsd_mode_e mode, int tcp)
{
    long   n;
    char  *variant;

    if (dnsd_parse(q) != 0) {
        dnsd_count.bad++;
        return -1;
    }

    if (mode == dnsd_servfail || mode == dnsd_refused) {
        dnsd_header(q, mode == dnsd_servfail ? DNSD_SERVFAIL : DNSD_REFUSED,
                    0, 0);
        return 0;
    }

    if (mode == dnsd_trunc && !tcp) {
        dnsd_header(q, DNSD_NOERROR, 0, 0);
        q->msg[2] |= 0x02;
        return 0;
    }

    n = dnsd_name(q, &variant);

    if (n < 0) {
        dnsd_negative(q, DNSD_NXDOMAIN);

    } else if (q->type == DNSD_MX) {
        dnsd_count.mx++;
        dnsd_mx(q, n, variant);

    } else if (q->type == DNSD_A && strncmp(q->name, "mx", 2) == 0) {
        dnsd_count.a++;
        dnsd_a(q, n, variant);

    } else {
        dnsd_count.other++;
        dnsd_negative(q, DNSD_NOERROR);
    }

    return 0;
}


static int
dnsd_parse(dnsd_query_t *q)
{
    size_t    i, len;
    unsigned  n;

    if (q->len < 12 || (q->msg[2] & 0x80) || q->msg[4] || q->msg[5] != 1) {
        return -1;
    }

    len = 0;

    for (i = 12; i < q->len && q->msg[i]; i += n) {

        n = q->msg[i++];

        if (n > 63 || i + n >= q->len || len + n + 2 > DNSD_NAME_MAX) {
            return -1;
        }

        if (len) {
            q->name[len++] = '.';
        }

        memcpy(q->name + len, q->msg + i, n);
        len += n;
    }

    if (i + 5 > q->len) {
        return -1;
    }

    q->name[len] = '\0';
    q->type = (unsigned) q->msg[i + 1] << 8 | q->msg[i + 2];
    q->question = i + 5;

    for (i = 0; i < len; i++) {
        q->name[i] = (char) tolower((unsigned char) q->name[i]);
    }

    return 0;
}


/* what is left of the query behind its question (EDNS) goes */

static void
dnsd_header(dnsd_query_t *q, unsigned rcode, unsigned answers,
    unsigned authorities)
{
    q->msg[2] = 0x84 | (q->msg[2] & 0x01);
    q->msg[3] = (unsigned char) (0x80 | rcode);

    memset(q->msg + 6, 0, 6);
    q->msg[7] = (unsigned char) answers;
    q->msg[9] = (unsigned char) authorities;

    q->len = q->question;
}


/* the number in "d17.own.bench.test", and "own"; -1: no such name */

static long
dnsd_name(dnsd_query_t *q, char **variant)
{
    long   n;
    char  *p, *end;

    for (p = q->name; isalpha((unsigned char) *p); p++) { /* void */ }

    if (p == q->name || !isdigit((unsigned char) *p)) {
        return -1;
    }

    n = strtol(p, &end, 10);

    if (*end != '.' || n >= dnsd_names) {
        return -1;
    }

    *variant = end + 1;
    p = strchr(*variant, '.');

    if (p == NULL || strcmp(p + 1, dnsd_domain) != 0) {
        return -1;
    }

    *p = '\0';

    if (strcmp(*variant, "own") != 0 && strcmp(*variant, "shared") != 0
        && strcmp(*variant, "oneip") != 0)
    {
        return -1;
    }

    return n;
}


/* the exchange is a label before the variant in the question's name */

static void
dnsd_mx(dnsd_query_t *q, long n, const char *variant)
{
    int             len;
    char            label[32];
    size_t          at;
    unsigned char  *p;

    if (strcmp(variant, "shared") == 0) {
        n = 0;
    }

    len = snprintf(label, sizeof(label), "mx%ld", n);
    at = 12 + 1 + q->msg[12];

    dnsd_header(q, DNSD_NOERROR, 1, 0);

    p = dnsd_rr(q, DNSD_MX);

    *p++ = 0;
    *p++ = (unsigned char) (2 + 1 + len + 2);
    *p++ = 0;
    *p++ = 10;
    *p++ = (unsigned char) len;

    memcpy(p, label, (size_t) len);
    p += len;

    *p++ = (unsigned char) (0xc0 | at >> 8);
    *p++ = (unsigned char) at;

    q->len = (size_t) (p - q->msg);
}


static void
dnsd_a(dnsd_query_t *q, long n, const char *variant)
{
    uint32_t        addr;
    unsigned char  *p;

    addr = dnsd_range.first;

    if (strcmp(variant, "own") == 0) {
        addr += (uint32_t) (n % dnsd_range.n);
    }

    addr = htonl(addr);

    dnsd_header(q, DNSD_NOERROR, 1, 0);

    p = dnsd_rr(q, DNSD_A);

    *p++ = 0;
    *p++ = 4;
    memcpy(p, &addr, 4);

    q->len = (size_t) (p + 4 - q->msg);
}


static void
dnsd_negative(dnsd_query_t *q, unsigned rcode)
{
    unsigned char  *p;

    dnsd_header(q, rcode, 0, 1);

    p = dnsd_rr(q, DNSD_SOA);

    *p++ = 0;
    *p++ = 22;
    memset(p, 0, 22);

    p[5] = 1;           /* serial */
    p[9] = 60;          /* refresh */
    p[13] = 60;         /* retry */
    p[17] = 60;         /* expire */
    p[21] = 60;         /* minimum */

    q->len = (size_t) (p + 22 - q->msg);
}


/* owner, type, class and TTL of a record; the room is there: a question of
   255 + 4 octets and a header leave 241 */

static unsigned char *
dnsd_rr(dnsd_query_t *q, unsigned type)
{
    unsigned char  *p;

    p = q->msg + q->len;

    *p++ = 0xc0;
    *p++ = 12;
    *p++ = (unsigned char) (type >> 8);
    *p++ = (unsigned char) type;
    *p++ = 0;
    *p++ = 1;
    *p++ = (unsigned char) (dnsd_ttl >> 24);
    *p++ = (unsigned char) (dnsd_ttl >> 16);
    *p++ = (unsigned char) (dnsd_ttl >> 8);
    *p++ = (unsigned char) dnsd_ttl;

    return p;
}
