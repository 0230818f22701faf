/*
 * A hostile mail server: hostile ADDRESS:PORT[,ADDRESS:PORT...] [ARGUMENT...]
 *
 *   tls=12|13           offers STARTTLS, of that version
 *   chain=N explicit rsa=BITS exponent=BITS dh=BITS group=NAME fragment=N
 *   cert=FILE key=FILE  see wire.h
 *   pipelining          is offered
 *   mail=TEXT rcpt=TEXT what is answered to these, instead of 250 and 451
 *   @POINT ACTION;...   done before the reply to banner, ehlo, starttls,
 *                       clienthello, ehlo2, mail, rcpt, quit; after: behind
 *                       the one to RCPT
 *   seed=N              instead of all that: anything, by that seed
 *   only=N              the same as with the Nth connection of that seed
 *   log=FILE            the time in ms and the number of each connection
 *
 * An action is "NAME [N [M]]": N times, M octets; the names are below.
 * A process serves a connection.  It ends with its parent.
 */


#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wire.h"


#define HOSTILE_SOCKETS   64
#define HOSTILE_CHILDREN  400
#define HOSTILE_SECONDS   20
#define HOSTILE_WAIT      3000      /* ms, for a command */
#define HOSTILE_SCRIPT    512
#define HOSTILE_POINTS    9


typedef struct {
    const char  *name;
    void       (*act)(long n, long size);
    int          tls;       /* only within; 12 or 13: of that version */
} hostile_action_t;


static void hostile_act_keyupdate(long n, long size);
static void hostile_act_keyupdate_asking(long n, long size);
static void hostile_act_tickets(long n, long size);
static void hostile_act_coalesced(long n, long size);
static void hostile_act_hello(long n, long size);
static void hostile_act_message(long n, long size);
static void hostile_act_empty(long n, long size);
static void hostile_act_warn(long n, long size);
static void hostile_act_alert(long n, long size);
static void hostile_act_ccs(long n, long size);
static void hostile_act_damaged(long n, long size);
static void hostile_act_type(long n, long size);
static void hostile_act_large(long n, long size);
static void hostile_act_raw(long n, long size);
static void hostile_act_lines(long n, long size);
static void hostile_act_line(long n, long size);
static void hostile_act_long(long n, long size);
static void hostile_act_dribble(long n, long size);
static void hostile_act_segments(long n, long size);
static void hostile_act_unasked(long n, long size);
static void hostile_act_junk(long n, long size);
static void hostile_act_wait(long n, long size);
static void hostile_act_close(long n, long size);
static void hostile_act_reset(long n, long size);
static void hostile_act_hang(long n, long size);
static void hostile_act_silent(long n, long size);


static const hostile_action_t  hostile_actions[] = {
    { "keyupdate", hostile_act_keyupdate, 13 },
    { "keyupdate-asking", hostile_act_keyupdate_asking, 13 },
    { "tickets", hostile_act_tickets, 13 },
    { "coalesced", hostile_act_coalesced, 13 },
    { "hello", hostile_act_hello, 1 },
    { "message", hostile_act_message, 1 },
    { "empty", hostile_act_empty, 1 },
    { "warn", hostile_act_warn, 1 },
    { "alert", hostile_act_alert, 1 },
    { "ccs", hostile_act_ccs, 1 },
    { "damaged", hostile_act_damaged, 1 },
    { "type", hostile_act_type, 1 },
    { "large", hostile_act_large, 1 },
    { "raw", hostile_act_raw, 0 },
    { "lines", hostile_act_lines, 0 },
    { "line", hostile_act_line, 0 },
    { "long", hostile_act_long, 0 },
    { "dribble", hostile_act_dribble, 0 },
    { "segments", hostile_act_segments, 0 },
    { "unasked", hostile_act_unasked, 0 },
    { "junk", hostile_act_junk, 0 },
    { "wait", hostile_act_wait, 0 },
    { "close", hostile_act_close, 0 },
    { "reset", hostile_act_reset, 0 },
    { "hang", hostile_act_hang, 0 },
    { "silent", hostile_act_silent, 0 }
};

#define HOSTILE_ACTIONS  \
    ((int) (sizeof(hostile_actions) / sizeof(hostile_actions[0])))

static const char  *hostile_points[HOSTILE_POINTS] = {
    "banner", "ehlo", "starttls", "clienthello", "ehlo2", "mail", "rcpt",
    "after", "quit"
};

static wire_tls_t   hostile_tls;
static int          hostile_pipelining;
static const char  *hostile_mail = "250 2.1.0 Ok";
static const char  *hostile_rcpt = "451 4.3.0 Later";
static char         hostile_script[HOSTILE_POINTS][HOSTILE_SCRIPT];
static long         hostile_seed;
static long         hostile_only;
static FILE        *hostile_log;
static int          hostile_quiet;      /* the reply is left out */
static char         hostile_code[4];    /* of the reply */
static uint64_t     hostile_state;


/* ---- chance */

static uint64_t
hostile_random(uint64_t n)
{
    hostile_state ^= hostile_state >> 12;
    hostile_state ^= hostile_state << 25;
    hostile_state ^= hostile_state >> 27;

    return (hostile_state * 2685821657736338717ULL >> 11) % n;
}


static void
hostile_fill(unsigned char *p, size_t n)
{
    while (n--) {
        *p++ = hostile_random(256);
    }
}


/* mostly little, sometimes much */

static long
hostile_number(void)
{
    switch (hostile_random(6)) {

    case 0:
        return 1;

    case 1:
        return 1 + hostile_random(4);

    case 2:
        return 1 + hostile_random(40);

    case 3:
        return 1 + hostile_random(1000);

    case 4:
        return 1 + hostile_random(20000);

    default:
        return 1000000;
    }
}


/* ---- actions */

static void
hostile_act_keyupdate(long n, long size)
{
    (void) size;

    while (n--) {
        wire_record(WIRE_HANDSHAKE, "\x18\0\0\1\0", 5);
        wire_update();
    }
}


static void
hostile_act_keyupdate_asking(long n, long size)
{
    (void) size;

    while (n--) {
        wire_record(WIRE_HANDSHAKE, "\x18\0\0\1\1", 5);
        wire_update();
    }
}


static size_t
hostile_ticket(unsigned char *p, long size)
{
    size = size > 0 && size < 16000 ? size : 32;

    memset(p, 0, 17);

    p[0] = 4;
    p[2] = (size + 13) >> 8;
    p[3] = size + 13;
    p[6] = 28;              /* lifetime */
    p[13] = size >> 8;
    p[14] = size;
    hostile_fill(p + 15, size);
    p[15 + size] = 0;
    p[16 + size] = 0;

    return size + 17;
}


static void
hostile_act_tickets(long n, long size)
{
    unsigned char  buf[16384];

    while (n--) {
        wire_record(WIRE_HANDSHAKE, buf, hostile_ticket(buf, size));
    }
}


/* as many in a record as fit */

static void
hostile_act_coalesced(long n, long size)
{
    size_t         len;
    unsigned char  buf[16384];

    (void) size;

    while (n > 0) {
        for (len = 0; n > 0 && len < sizeof(buf) - 100; n--) {
            len += hostile_ticket(buf + len, 1);
        }

        wire_record(WIRE_HANDSHAKE, buf, len);
    }
}


static void
hostile_act_hello(long n, long size)
{
    (void) size;

    while (n--) {
        wire_record(WIRE_HANDSHAKE, "\0\0\0\0", 4);
    }
}


static void
hostile_act_message(long n, long size)
{
    unsigned char  buf[16384];

    size = size > 3 && size < 16384 ? size : 64;

    while (n--) {
        hostile_fill(buf, size);
        buf[0] = hostile_random(26);
        buf[1] = 0;
        buf[2] = (size - 4) >> 8;
        buf[3] = size - 4;
        wire_record(WIRE_HANDSHAKE, buf, size);
    }
}


static void
hostile_act_empty(long n, long size)
{
    long  i;

    (void) size;

    /* a run of them ends a connection: an octet that is text, between */

    for (i = 1; i <= n; i++) {
        wire_record(WIRE_DATA, "2", i % 32 == 0);
    }
}


static void
hostile_act_warn(long n, long size)
{
    (void) size;

    while (n--) {
        wire_record(WIRE_ALERT, "\x01\x5a", 2);
    }
}


static void
hostile_act_alert(long n, long size)
{
    unsigned char  alert[2];

    while (n--) {
        alert[0] = 2;
        alert[1] = size ? (unsigned long) size : hostile_random(128);
        wire_record(WIRE_ALERT, alert, 2);
    }
}


static void
hostile_act_ccs(long n, long size)
{
    (void) size;

    while (n--) {
        if (hostile_tls.version == 12) {
            wire_record(WIRE_CCS, "\1", 1);

        } else {
            wire_raw("\x14\x03\x03\x00\x01\x01", 6);
        }
    }
}


static void
hostile_act_damaged(long n, long size)
{
    (void) size;

    while (n--) {
        wire_damaged(WIRE_DATA, "451 4.3.0 Later\r\n", 17);
    }
}


static void
hostile_act_type(long n, long size)
{
    while (n--) {
        wire_record(size ? (int) size : (int) hostile_random(256),
                    "451 4.3.0 Later\r\n", 17);
    }
}


/* larger than a record may be */

static void
hostile_act_large(long n, long size)
{
    static unsigned char  buf[20000];

    (void) size;
    memset(buf, 'x', sizeof(buf));

    while (n--) {
        wire_record(WIRE_DATA, buf, sizeof(buf));
    }
}


static void
hostile_act_raw(long n, long size)
{
    unsigned char  buf[1024];

    size = size > 0 && size < 1024 ? size : 64;

    while (n--) {
        hostile_fill(buf, size);
        wire_raw(buf, size);
    }
}


/* a line of the reply, which goes on */

static char *
hostile_text(void)
{
    static char  text[18];

    snprintf(text, sizeof(text), "%.3s-And more so\r\n", hostile_code);

    return text;
}


static void
hostile_act_lines(long n, long size)
{
    (void) size;

    while (n--) {
        wire_record(WIRE_DATA, hostile_text(), 17);
    }
}


static void
hostile_act_line(long n, long size)
{
    static char  buf[1024];

    (void) size;
    memset(buf, 'x', sizeof(buf));
    wire_record(WIRE_DATA, hostile_text(), 4);

    for ( /* void */ ; n > 0; n -= sizeof(buf)) {
        wire_record(WIRE_DATA, buf, sizeof(buf));
    }
}


/* lines of so many octets */

static void
hostile_act_long(long n, long size)
{
    static char  buf[8192];

    size = size > 6 && size < (long) sizeof(buf) ? size : 512;

    memset(buf, 'x', size - 2);
    memcpy(buf, hostile_text(), 4);
    memcpy(buf + size - 2, "\r\n", 2);

    while (n--) {
        wire_record(WIRE_DATA, buf, size);
    }
}


/* an octet in a record */

static void
hostile_act_dribble(long n, long size)
{
    long   i;
    char  *text;

    (void) size;

    text = hostile_text();

    for (i = 0; i < n; i++) {
        wire_record(WIRE_DATA, &text[i % 17], 1);
    }

    if (n % 17) {
        wire_record(WIRE_DATA, text + n % 17, 17 - n % 17);
    }
}


/* and in a segment */

static void
hostile_act_segments(long n, long size)
{
    long   i;
    char  *text;

    text = hostile_text();

    for (i = 0; i < n; i++) {
        wire_record(WIRE_DATA, &text[i % 17], 1);
        wire_flush();

        if (size) {
            poll(NULL, 0, size);
        }
    }

    if (n % 17) {
        wire_record(WIRE_DATA, text + n % 17, 17 - n % 17);
    }
}


static void
hostile_act_unasked(long n, long size)
{
    (void) size;

    while (n--) {
        wire_record(WIRE_DATA, "451 4.3.0 Later\r\n", 17);
    }
}


static void
hostile_act_junk(long n, long size)
{
    unsigned char  buf[1024];

    size = size > 0 && size < 1024 ? size : 64;

    while (n--) {
        hostile_fill(buf, size);
        wire_record(WIRE_DATA, buf, size);
    }
}


static void
hostile_act_wait(long n, long size)
{
    (void) size;
    wire_flush();
    poll(NULL, 0, n < 1000 ? n : 1000);
}


static void
hostile_act_close(long n, long size)
{
    (void) n;
    (void) size;
    wire_close(0);
}


static void
hostile_act_reset(long n, long size)
{
    (void) n;
    (void) size;
    wire_close(1);
}


static void
hostile_act_hang(long n, long size)
{
    char  line[512];

    (void) n;
    (void) size;

    while (wire_line(line, sizeof(line), HOSTILE_WAIT) == 0) { /* void */ }

    wire_close(0);
}


static void
hostile_act_silent(long n, long size)
{
    (void) n;
    (void) size;
    hostile_quiet = 1;
}


/* ---- a conversation */

static void
hostile_point(const char *name, const char *reply)
{
    int    i, k;
    long   n, size;
    char   script[HOSTILE_SCRIPT], word[32], *p, *next;

    hostile_quiet = 0;
    memcpy(hostile_code, reply, 3);

    for (i = 0; strcmp(hostile_points[i], name) != 0; i++) { /* void */ }

    memcpy(script, hostile_script[i], HOSTILE_SCRIPT);

    for (p = strtok_r(script, ";", &next); p; p = strtok_r(NULL, ";", &next)) {

        n = 1;
        size = 0;

        if (sscanf(p, "%31s %ld %ld", word, &n, &size) < 1) {
            continue;
        }

        for (k = 0; k < HOSTILE_ACTIONS; k++) {
            if (strcmp(hostile_actions[k].name, word) == 0) {
                hostile_actions[k].act(n, size);
                break;
            }
        }

        if (k == HOSTILE_ACTIONS) {
            fprintf(stderr, "hostile: no action %s\n", word);
            _exit(1);
        }
    }
}


static void
hostile_say(const char *text)
{
    char  line[1024];

    if (!hostile_quiet) {
        wire_record(WIRE_DATA, line,
                    snprintf(line, sizeof(line), "%s\r\n", text));
    }

    wire_flush();
}


static void
hostile_clienthello(void)
{
    hostile_point("clienthello", "220");
    wire_flush();
}


static void
hostile_ehlo(void)
{
    char  text[128];

    hostile_point(wire_secure ? "ehlo2" : "ehlo", "250");

    snprintf(text, sizeof(text), "250-mx%s%s\r\n250 8BITMIME",
             hostile_pipelining ? "\r\n250-PIPELINING" : "",
             hostile_tls.version && !wire_secure ? "\r\n250-STARTTLS" : "");
    hostile_say(text);
}


static void
hostile_starttls(void)
{
    hostile_point("starttls", "220");
    hostile_say("220 2.0.0 Ready");

    if (!wire_accept(hostile_clienthello)) {
        wire_close(0);
    }
}


static void
hostile_serve(void)
{
    char  line[1024];

    hostile_point("banner", "220");
    hostile_say("220 mx ESMTP");

    while (wire_line(line, sizeof(line), HOSTILE_WAIT) == 0) {

        if (strncasecmp(line, "EHLO", 4) == 0) {
            hostile_ehlo();

        } else if (strncasecmp(line, "STARTTLS", 8) == 0) {
            hostile_starttls();

        } else if (strncasecmp(line, "MAIL", 4) == 0) {
            hostile_point("mail", hostile_mail);
            hostile_say(hostile_mail);

        } else if (strncasecmp(line, "RCPT", 4) == 0) {
            hostile_point("rcpt", hostile_rcpt);
            hostile_say(hostile_rcpt);
            hostile_point("after", hostile_rcpt);
            wire_flush();

        } else if (strncasecmp(line, "QUIT", 4) == 0) {
            hostile_point("quit", "221");
            hostile_say("221 2.0.0 Bye");
            wire_close(0);

        } else {
            hostile_say("250 2.0.0 Ok");
        }
    }

    wire_close(0);
}


/* ---- anything */

static void
hostile_anything(void)
{
    int                      i, n, len;
    char                    *script;
    const hostile_action_t  *action;
    static const char       *groups[] = { "P-384", "X448", "ffdhe8192",
                                          "ffdhe2048", "P-521", "X25519" };

    hostile_tls.version = hostile_random(4) == 0 ? 0
                          : hostile_random(5) < 2 ? 12 : 13;
    hostile_pipelining = hostile_random(2);

    if (hostile_random(5) == 0) {
        hostile_tls.fragment = 1 + hostile_random(30);
    }

    if (hostile_random(4) == 0) {
        hostile_tls.chain = hostile_random(90);
    }

    switch (hostile_random(12)) {

    case 0:
        hostile_tls.rsa = 1024 << hostile_random(5);
        hostile_tls.exponent = 17 + hostile_random(47);
        break;

    case 1:
        hostile_tls.explicit = 1;
        break;

    case 2:
        hostile_tls.group = groups[hostile_random(6)];
        break;

    default:
        break;
    }

    for (n = 1 + hostile_random(4); n; n--) {

        i = hostile_random(HOSTILE_POINTS);
        script = hostile_script[i];

        if (hostile_tls.version && hostile_random(2)) {
            script = hostile_script[3 + hostile_random(HOSTILE_POINTS - 3)];
        }

        action = &hostile_actions[hostile_random(HOSTILE_ACTIONS)];
        len = strlen(script);

        if ((action->tls && !hostile_tls.version)
            || (action->tls > 1 && action->tls != hostile_tls.version)
            || len > HOSTILE_SCRIPT - 64)
        {
            continue;
        }

        snprintf(script + len, HOSTILE_SCRIPT - len, "%s %ld %ld;",
                 action->name, hostile_number(),
                 (long) hostile_random(2) ? hostile_number() : 0);
    }
}


static void
hostile_show(void)
{
    int  i;

    fprintf(stderr, "tls=%d chain=%d explicit=%d rsa=%d exponent=%d group=%s "
            "fragment=%d pipelining=%d", hostile_tls.version, hostile_tls.chain,
            hostile_tls.explicit, hostile_tls.rsa, hostile_tls.exponent,
            hostile_tls.group ? hostile_tls.group : "", hostile_tls.fragment,
            hostile_pipelining);

    for (i = 0; i < HOSTILE_POINTS; i++) {
        if (hostile_script[i][0]) {
            fprintf(stderr, " '@%s %s'", hostile_points[i], hostile_script[i]);
        }
    }

    fprintf(stderr, "\n");
}


static void
hostile_argument(char *arg)
{
    int    i;
    char  *value;

    value = strchr(arg, '=');
    value = value ? value + 1 : arg;

    if (arg[0] == '@') {
        value = strchr(arg, ' ');

        for (i = 0; value && i < HOSTILE_POINTS; i++) {
            if (strlen(hostile_points[i]) == (size_t) (value - arg - 1)
                && strncmp(arg + 1, hostile_points[i], value - arg - 1) == 0)
            {
                snprintf(hostile_script[i], HOSTILE_SCRIPT, "%s", value);
                return;
            }
        }
    }

    if (strncmp(arg, "tls=", 4) == 0) {
        hostile_tls.version = atoi(value);
    } else if (strncmp(arg, "chain=", 6) == 0) {
        hostile_tls.chain = atoi(value);
    } else if (strncmp(arg, "rsa=", 4) == 0) {
        hostile_tls.rsa = atoi(value);
    } else if (strncmp(arg, "exponent=", 9) == 0) {
        hostile_tls.exponent = atoi(value);
    } else if (strncmp(arg, "dh=", 3) == 0) {
        hostile_tls.dh = atoi(value);
    } else if (strncmp(arg, "group=", 6) == 0) {
        hostile_tls.group = value;
    } else if (strncmp(arg, "fragment=", 9) == 0) {
        hostile_tls.fragment = atoi(value);
    } else if (strncmp(arg, "cert=", 5) == 0) {
        hostile_tls.cert = value;
    } else if (strncmp(arg, "key=", 4) == 0) {
        hostile_tls.key = value;
    } else if (strncmp(arg, "mail=", 5) == 0) {
        hostile_mail = value;
    } else if (strncmp(arg, "rcpt=", 5) == 0) {
        hostile_rcpt = value;
    } else if (strncmp(arg, "seed=", 5) == 0) {
        hostile_seed = atol(value);
    } else if (strncmp(arg, "only=", 5) == 0) {
        hostile_only = atol(value);
    } else if (strncmp(arg, "log=", 4) == 0) {
        hostile_log = fopen(value, "w");
    } else if (strcmp(arg, "explicit") == 0) {
        hostile_tls.explicit = 1;
    } else if (strcmp(arg, "pipelining") == 0) {
        hostile_pipelining = 1;
    } else {
        fprintf(stderr, "hostile: bad argument %s\n", arg);
        exit(1);
    }
}


static int
hostile_listen(char *where)
{
    int                 fd, on;
    char               *port;
    struct sockaddr_in  sin;

    on = 1;
    port = strchr(where, ':');
    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;

    if (port) {
        *port++ = '\0';
        sin.sin_port = htons(atoi(port));
    }

    fd = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    if (port == NULL || inet_pton(AF_INET, where, &sin.sin_addr) != 1
        || bind(fd, (struct sockaddr *) &sin, sizeof(sin)) != 0
        || listen(fd, 511) != 0)
    {
        fprintf(stderr, "hostile: cannot listen on %s\n", where);
        exit(1);
    }

    return fd;
}


static void
hostile_child(int fd, long number)
{
    int  on;

    on = 1;
    wire_fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    fcntl(fd, F_SETFL, O_NONBLOCK);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(HOSTILE_SECONDS);

    number = hostile_only ? hostile_only : number;
    hostile_state = (hostile_seed * 1000003ULL + number) * 0x9e3779b97f4a7c15ULL
                    + 1;

    if (hostile_seed) {
        hostile_anything();

        if (hostile_only) {
            hostile_show();
        }

        if (hostile_tls.version) {
            wire_setup(&hostile_tls);
        }
    }

    hostile_serve();
}


int
main(int argc, char **argv)
{
    int              i, n, fd, children;
    char            *p, *next;
    long             number;
    struct pollfd    set[HOSTILE_SOCKETS];
    struct timespec  ts;

    if (argc < 2) {
        fprintf(stderr, "usage: hostile ADDRESS:PORT,... [ARGUMENT...]\n");
        return 1;
    }

    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL);

    for (i = 2; i < argc; i++) {
        hostile_argument(argv[i]);
    }

    if (hostile_tls.version && !hostile_seed) {
        wire_setup(&hostile_tls);
    }

    n = 0;

    for (p = strtok_r(argv[1], ",", &next); p && n < HOSTILE_SOCKETS;
         p = strtok_r(NULL, ",", &next))
    {
        set[n].fd = hostile_listen(p);
        set[n++].events = POLLIN;
    }

    children = 0;
    number = 0;

    for ( ;; ) {
        while (children
               && waitpid(-1, NULL, children < HOSTILE_CHILDREN ? WNOHANG
                                                               : 0) > 0)
        {
            children--;
        }

        if (poll(set, n, 100) <= 0) {
            continue;
        }

        for (i = 0; i < n; i++) {
            if (!(set[i].revents & POLLIN)
                || (fd = accept(set[i].fd, NULL, NULL)) == -1)
            {
                continue;
            }

            number++;

            if (hostile_log) {
                clock_gettime(CLOCK_MONOTONIC, &ts);
                fprintf(hostile_log, "%ld %ld\n",
                        ts.tv_sec * 1000 + ts.tv_nsec / 1000000, number);
                fflush(hostile_log);
            }

            if (fork() == 0) {
                hostile_child(fd, number);
            }

            children++;
            close(fd);
        }
    }
}
