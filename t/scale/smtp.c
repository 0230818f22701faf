
/*
 * The mail servers.  A line of the world's file:
 *
 *   receiver NAME key=value ...     see receiver_t
 *
 * A mailbox exists if its local part is "v" and a number.  One whose local part
 * is "g" and a number is always greylisted.  What a limit says is taken from
 * replies of real servers.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world.h"


#define SMTP_SLOTS   60             /* of an hour */
#define SMTP_CONNS   16384
#define SMTP_SITES   (1 << 18)
#define SMTP_BLOCKS  256


/* what a site knows of one address of ours */

typedef struct {
    uint32_t     site;
    uint32_t     addr;              /* 0: free */
    unsigned     open;
    unsigned     known;
    uint64_t     banned;            /* us, until then */
    uint64_t     slot;
    uint64_t     minute;
    unsigned     in_minute;
    uint16_t     refused[SMTP_SLOTS];
} site_t;

typedef struct {
    int          fd;
    uint32_t     addr;
    receiver_t  *receiver;
    site_t      *site;
    uint64_t     due;               /* us, of what is to be sent */
    int          place;             /* in the heap; -1: none */
    unsigned     messages;
    unsigned     refused;
    unsigned     closing;
    size_t       in;
    size_t       out;
    char         input[2048];
    char         output[4096];
} conn_t;


static void world_smtp_accept(void *data);
static void world_smtp_read(void *data);
static void world_smtp_command(conn_t *c, char *line);
static void world_smtp_rcpt(conn_t *c, const char *line);
static int world_smtp_limited(conn_t *c);
static int world_smtp_is_grey(conn_t *c, const char *rcpt, size_t len);
static int world_smtp_local(const char *rcpt, char letter);
static void world_smtp_refuse(conn_t *c);
static unsigned world_smtp_hour(site_t *s);
static void world_smtp_say(conn_t *c, unsigned ms, const char *text);
static void world_smtp_flush(conn_t *c);
static void world_smtp_close(conn_t *c);
static site_t *world_smtp_site(uint32_t id, uint32_t addr);
static void world_heap_set(conn_t *c);
static void world_heap_move(unsigned i);
static void world_heap_remove(conn_t *c);


static int        fd;
static site_t    *sites;
static conn_t    *heap[SMTP_CONNS];
static unsigned   nheap;
static uint32_t   blocked[SMTP_BLOCKS];
static unsigned   nblocked;

static uint64_t  *greys;            /* a hash, and a time in s */
static size_t     ngreys, greys_size;


int
world_smtp_line(const char *line)
{
    size_t       i, len;
    receiver_t  *r;
    const char  *value;

    static const struct { const char *name; size_t offset; }  keys[] = {
        { "each", offsetof(receiver_t, each) },
        { "conns", offsetof(receiver_t, conns) },
        { "messages", offsetof(receiver_t, messages) },
        { "hard", offsetof(receiver_t, hard) },
        { "rejects", offsetof(receiver_t, rejects) },
        { "ban", offsetof(receiver_t, ban) },
        { "rate", offsetof(receiver_t, rate) },
        { "grey", offsetof(receiver_t, grey) },
        { "known", offsetof(receiver_t, known) },
        { "rtt", offsetof(receiver_t, rtt) },
        { "greets", offsetof(receiver_t, greets) },
        { "tarpit", offsetof(receiver_t, tarpit) },
        { "catchall", offsetof(receiver_t, catchall) }
    };

    if (strncmp(line, "receiver ", 9) != 0
        || world_nreceivers == WORLD_RECEIVERS)
    {
        return -1;
    }

    line += 9;
    len = strcspn(line, " ");
    r = &world_receivers[world_nreceivers];

    if (len == 0 || len >= sizeof(r->name)) {
        return -1;
    }

    memcpy(r->name, line, len);

    for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {

        value = world_value(line, keys[i].name);

        if (value) {
            *(unsigned *) ((char *) r + keys[i].offset) = atoi(value);
        }
    }

    world_nreceivers++;

    return 0;
}


void
world_smtp_start(void)
{
    int                  on;
    const char          *port;
    struct sockaddr_in   sin;

    port = world_setting("SCALE_SMTP");
    sites = calloc(SMTP_SITES, sizeof(site_t));
    greys_size = 1 << 16;
    greys = calloc(greys_size, 2 * sizeof(uint64_t));

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port ? atoi(port) : 0);

    fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0);
    on = 1;
    (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

    if (sites == NULL || greys == NULL
        || bind(fd, (struct sockaddr *) &sin, sizeof(sin)) != 0
        || listen(fd, 4096) != 0)
    {
        abort();
    }

    world_add_fd(fd, world_smtp_accept, NULL);
}


void
world_smtp_block(uint32_t addr, int on)
{
    unsigned  i;

    for (i = 0; i < nblocked; i++) {
        if (blocked[i] == addr) {
            blocked[i] = blocked[--nblocked];
            break;
        }
    }

    if (on && nblocked < SMTP_BLOCKS) {
        blocked[nblocked++] = addr;
    }
}


static void
world_smtp_accept(void *data)
{
    int                  s;
    conn_t              *c;
    uint32_t             id;
    unsigned             i;
    socklen_t            len;
    receiver_t          *r;
    struct sockaddr_in   peer, local;

    (void) data;

    for ( ;; ) {

        len = sizeof(peer);
        s = accept4(fd, (struct sockaddr *) &peer, &len,
                    SOCK_NONBLOCK|SOCK_CLOEXEC);
        if (s == -1) {
            return;
        }

        len = sizeof(local);
        (void) getsockname(s, (struct sockaddr *) &local, &len);

        r = world_dns_receiver(local.sin_addr.s_addr, &id);
        c = calloc(1, sizeof(conn_t));

        if (r == NULL || c == NULL) {
            abort();
        }

        c->fd = s;
        c->place = -1;
        c->addr = peer.sin_addr.s_addr;
        c->receiver = r;
        c->site = world_smtp_site(id, c->addr);

        world_add_fd(s, world_smtp_read, c);

        c->site->open++;
        r->open++;
        r->sessions++;
        r->most = c->site->open > r->most ? c->site->open : r->most;

        for (i = 0; i < nblocked && blocked[i] != c->addr; i++) { /* void */ }

        if (i < nblocked) {
            r->turned++;
            c->closing = 1;
            world_smtp_say(c, 2 * r->rtt,
                           "554 5.7.1 Service unavailable; Client host "
                           "blocked using zen.spamhaus.org\r\n");

        } else if (c->site->banned > world_now()) {
            r->turned++;
            c->closing = 1;
            world_smtp_say(c, 2 * r->rtt,
                           "421 4.7.0 Too many invalid recipients from your "
                           "host, try again later\r\n");

        } else if (r->conns && c->site->open > r->conns) {
            r->turned++;
            c->closing = 1;
            world_smtp_say(c, 2 * r->rtt,
                           "421 4.7.0 Too many concurrent SMTP connections "
                           "from this IP address\r\n");

        } else {
            world_smtp_say(c, 2 * r->rtt + r->greets, "220 mx ESMTP\r\n");
        }
    }
}


static void
world_smtp_read(void *data)
{
    char     *end, *line;
    conn_t   *c;
    ssize_t   n;

    c = data;

    n = recv(c->fd, c->input + c->in, sizeof(c->input) - 1 - c->in, 0);

    if (n < 0 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        world_smtp_close(c);
        return;
    }

    c->in += n;
    c->input[c->in] = '\0';
    line = c->input;

    while ((end = strstr(line, "\r\n")) != NULL) {
        *end = '\0';

        if (!c->closing) {
            world_smtp_command(c, line);
        }

        line = end + 2;
    }

    c->in -= line - c->input;
    memmove(c->input, line, c->in);
}


static void
world_smtp_command(conn_t *c, char *line)
{
    receiver_t  *r;

    r = c->receiver;

    if (strncasecmp(line, "EHLO ", 5) == 0) {
        world_smtp_say(c, r->rtt, "250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n"
                                  "250 ENHANCEDSTATUSCODES\r\n");

    } else if (strncasecmp(line, "MAIL ", 5) == 0) {

        if (r->messages && ++c->messages > r->messages) {
            r->cut++;
            c->closing = 1;
            world_smtp_say(c, r->rtt, "421 4.7.0 Too many messages in this "
                                      "session\r\n");
            return;
        }

        world_smtp_say(c, r->rtt, "250 2.1.0 Ok\r\n");

    } else if (strncasecmp(line, "RCPT ", 5) == 0) {
        world_smtp_rcpt(c, line);

    } else if (strcasecmp(line, "RSET") == 0) {
        world_smtp_say(c, r->rtt, "250 2.0.0 Ok\r\n");

    } else if (strcasecmp(line, "QUIT") == 0) {
        c->closing = 1;
        world_smtp_say(c, r->rtt, "221 2.0.0 Bye\r\n");

    } else {
        world_smtp_say(c, r->rtt, "502 5.5.2 Error: command not "
                                  "recognized\r\n");
    }
}


static void
world_smtp_rcpt(conn_t *c, const char *line)
{
    size_t       len;
    receiver_t  *r;
    const char  *rcpt;

    r = c->receiver;
    r->rcpts++;

    rcpt = strchr(line, '<');
    rcpt = rcpt ? rcpt + 1 : "";
    len = strcspn(rcpt, ">");

    if (world_smtp_limited(c)) {
        return;
    }

    if (world_smtp_local(rcpt, 'g') || world_smtp_is_grey(c, rcpt, len)) {
        r->deferred++;
        world_smtp_say(c, r->rtt, "451 4.7.1 Greylisted, please try again "
                                  "later\r\n");
        return;
    }

    if (r->catchall || world_smtp_local(rcpt, 'v')) {
        r->accepted++;
        world_smtp_say(c, r->rtt, "250 2.1.5 Ok\r\n");
        return;
    }

    world_smtp_refuse(c);
}


static int
world_smtp_local(const char *rcpt, char letter)
{
    return rcpt[0] == letter
           && rcpt[1 + strspn(rcpt + 1, "0123456789")] == '@';
}


/* Is there a limit that this recipient exceeds, whoever it is? */

static int
world_smtp_limited(conn_t *c)
{
    site_t      *s;
    uint64_t     minute;
    receiver_t  *r;

    r = c->receiver;
    s = c->site;

    if (r->rate == 0) {
        return 0;
    }

    minute = world_now() / (60 * WORLD_SECOND);

    if (s->minute != minute) {
        s->minute = minute;
        s->in_minute = 0;
    }

    if (s->in_minute++ < r->rate) {
        return 0;
    }

    r->deferred++;
    world_smtp_say(c, r->rtt, "450 4.7.1 Error: too much mail from your "
                              "host\r\n");

    return 1;
}


static void
world_smtp_refuse(conn_t *c)
{
    site_t      *s;
    unsigned     n;
    receiver_t  *r;

    r = c->receiver;
    s = c->site;

    r->refused++;
    c->refused++;

    n = world_smtp_hour(s);
    s->refused[s->slot % SMTP_SLOTS]++;
    n++;

    r->hour = n > r->hour ? n : r->hour;

    if (r->rejects && n > r->rejects) {
        r->bans++;
        s->banned = world_now() + r->ban * WORLD_SECOND;
        c->closing = 1;
        world_smtp_say(c, r->rtt + r->tarpit,
                       "421 4.7.0 Too many invalid recipients from your host, "
                       "try again later\r\n");
        return;
    }

    if (r->hard && c->refused > r->hard) {
        r->cut++;
        c->closing = 1;
        world_smtp_say(c, r->rtt + r->tarpit,
                       "421 4.7.0 Error: too many errors\r\n");
        return;
    }

    world_smtp_say(c, r->rtt + r->tarpit,
                   "550 5.1.1 User unknown in local recipient table\r\n");
}


/* Refused in the last 60 minutes.  Afterwards the current slot may be used. */

static unsigned
world_smtp_hour(site_t *s)
{
    unsigned  i, n;
    uint64_t  slot;

    slot = world_now() / (60 * WORLD_SECOND);

    for (i = 0; s->slot < slot && i < SMTP_SLOTS; i++) {
        s->refused[++s->slot % SMTP_SLOTS] = 0;
    }

    s->slot = slot;

    /* more than an hour ago: everything was cleared, whatever slot that was */

    for (i = 0, n = 0; i < SMTP_SLOTS; i++) {
        n += s->refused[i];
    }

    return n;
}


/* A pair of an address of ours and a recipient is accepted if it was first seen
   long enough ago.  Whoever has come back often enough is known. */

static int
world_smtp_is_grey(conn_t *c, const char *rcpt, size_t len)
{
    size_t       i, k;
    uint64_t     hash, now, *old;
    receiver_t  *r;

    r = c->receiver;

    if (r->grey == 0 || (r->known && c->site->known >= r->known)) {
        return 0;
    }

    hash = 0xcbf29ce484222325u ^ c->addr;

    for (i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char) rcpt[i]) * 0x100000001b3u;
    }

    hash |= 1;
    now = world_now() / WORLD_SECOND;

    if (ngreys * 2 > greys_size) {

        old = greys;
        greys = calloc(greys_size * 2, 2 * sizeof(uint64_t));

        if (greys == NULL) {
            abort();
        }

        greys_size *= 2;

        for (k = 0; k < greys_size / 2; k++) {

            if (old[2 * k] == 0) {
                continue;
            }

            for (i = old[2 * k] % greys_size; greys[2 * i];
                 i = (i + 1) % greys_size)
            {
                /* void */
            }

            greys[2 * i] = old[2 * k];
            greys[2 * i + 1] = old[2 * k + 1];
        }

        free(old);
    }

    for (i = hash % greys_size; greys[2 * i]; i = (i + 1) % greys_size) {

        if (greys[2 * i] == hash) {

            if (now - greys[2 * i + 1] < r->grey) {
                return 1;
            }

            c->site->known++;
            return 0;
        }
    }

    greys[2 * i] = hash;
    greys[2 * i + 1] = now;
    ngreys++;

    return 1;
}


/* ---- sessions */

static void
world_smtp_say(conn_t *c, unsigned ms, const char *text)
{
    size_t    len;
    uint64_t  due;

    len = strlen(text);

    if (c->out + len > sizeof(c->output)) {
        abort();
    }

    memcpy(c->output + c->out, text, len);
    c->out += len;

    due = world_now() + ms * 1000ull;

    if (due > c->due) {
        c->due = due;
    }

    world_heap_set(c);
}


static void
world_smtp_flush(conn_t *c)
{
    (void) send(c->fd, c->output, c->out, MSG_NOSIGNAL);

    c->out = 0;

    if (c->closing) {
        world_smtp_close(c);
    }
}


static void
world_smtp_close(conn_t *c)
{
    world_heap_remove(c);
    world_del_fd(c->fd);

    c->site->open--;
    c->receiver->open--;

    free(c);
}


static site_t *
world_smtp_site(uint32_t id, uint32_t addr)
{
    size_t  i, n;

    i = (id * 2654435761u ^ addr * 2246822519u) % SMTP_SITES;

    for (n = 0; n < SMTP_SITES; n++, i = (i + 1) % SMTP_SITES) {

        if (sites[i].addr == 0) {
            sites[i].site = id;
            sites[i].addr = addr;
        }

        if (sites[i].site == id && sites[i].addr == addr) {
            return &sites[i];
        }
    }

    abort();
}


/* ---- timers: a heap */

uint64_t
world_smtp_next(void)
{
    return nheap ? heap[0]->due : WORLD_NEVER;
}


unsigned
world_smtp_expire(void)
{
    conn_t    *c;
    unsigned   n;

    for (n = 0; nheap && heap[0]->due <= world_now(); n++) {
        c = heap[0];
        world_heap_remove(c);
        world_smtp_flush(c);
    }

    return n;
}


static void
world_heap_set(conn_t *c)
{
    if (c->place == -1) {

        if (nheap == SMTP_CONNS) {
            abort();
        }

        c->place = nheap;
        heap[nheap++] = c;
    }

    world_heap_move(c->place);
}


static void
world_heap_remove(conn_t *c)
{
    unsigned  i;

    if (c->place == -1) {
        return;
    }

    i = c->place;
    c->place = -1;
    c->due = 0;

    if (i == --nheap) {
        return;
    }

    heap[i] = heap[nheap];
    heap[i]->place = i;

    world_heap_move(i);
}


static void
world_heap_move(unsigned i)
{
    conn_t    *c;
    unsigned   k;

    c = heap[i];

    while (i && c->due < heap[(i - 1) / 2]->due) {
        heap[i] = heap[(i - 1) / 2];
        heap[i]->place = i;
        i = (i - 1) / 2;
    }

    for ( ;; ) {
        k = 2 * i + 1;

        if (k >= nheap) {
            break;
        }

        if (k + 1 < nheap && heap[k + 1]->due < heap[k]->due) {
            k++;
        }

        if (c->due <= heap[k]->due) {
            break;
        }

        heap[i] = heap[k];
        heap[i]->place = i;
        i = k;
    }

    heap[i] = c;
    c->place = i;
}
