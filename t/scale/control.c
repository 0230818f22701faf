
/*
 * The script writes a file with the mail servers and domains, and then commands
 * to a socket, one a datagram, each of which has an answer:
 *
 *   go MS          lets the clock go on for so long; the answer comes then
 *   stats          the counters so far, as JSON
 *   block IP       our address is on the blocklist that all of them use
 *   unblock IP
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "world.h"


static void world_control_read(void *data);
static void world_control_answer(const char *text);
static void world_control_stats(void);
static void world_file(const char *name);


receiver_t  world_receivers[WORLD_RECEIVERS];
unsigned    world_nreceivers;

static int                 fd;
static int                 waits;       /* the script, for the time */
static struct sockaddr_un  script;
static socklen_t           script_len;


void
world_control_start(void)
{
    const char          *path;
    struct sockaddr_un   sun;

    path = world_setting("SCALE_SOCKET");

    if (path == NULL || strlen(path) >= sizeof(sun.sun_path)
        || world_setting("SCALE_WORLD") == NULL)
    {
        abort();
    }

    world_file(world_setting("SCALE_WORLD"));

    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;
    strcpy(sun.sun_path, path);
    (void) unlink(path);

    fd = socket(AF_UNIX, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0);

    if (bind(fd, (struct sockaddr *) &sun, sizeof(sun)) != 0) {
        abort();
    }

    world_add_fd(fd, world_control_read, NULL);
}


static void
world_file(const char *name)
{
    FILE  *f;
    char   line[512];

    f = fopen(name, "r");

    if (f == NULL) {
        abort();
    }

    while (fgets(line, sizeof(line), f)) {

        line[strcspn(line, "\n")] = '\0';

        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }

        if (world_smtp_line(line) != 0 && world_dns_line(line) != 0) {
            fprintf(stderr, "world: \"%s\"?\n", line);
            abort();
        }
    }

    (void) fclose(f);
}


/* Returns what follows "name=" in a line; NULL if it is not there. */

const char *
world_value(const char *line, const char *name)
{
    size_t       len;
    const char  *p;

    len = strlen(name);

    for (p = strchr(line, ' '); p; p = strchr(p + 1, ' ')) {
        if (strncmp(p + 1, name, len) == 0 && p[1 + len] == '=') {
            return p + 1 + len + 1;
        }
    }

    return NULL;
}


receiver_t *
world_receiver(const char *name, size_t len)
{
    unsigned  i;

    for (i = 0; i < world_nreceivers; i++) {
        if (strlen(world_receivers[i].name) == len
            && memcmp(world_receivers[i].name, name, len) == 0)
        {
            return &world_receivers[i];
        }
    }

    return NULL;
}


static void
world_control_read(void *data)
{
    char            text[128];
    ssize_t         n;
    struct in_addr  addr;

    (void) data;

    script_len = sizeof(script);

    n = recvfrom(fd, text, sizeof(text) - 1, 0,
                 (struct sockaddr *) &script, &script_len);
    if (n <= 0) {
        return;
    }

    text[n] = '\0';

    if (strncmp(text, "go ", 3) == 0) {
        world_go(strtoull(text + 3, NULL, 10) * 1000);
        waits = 1;
        return;
    }

    if (strcmp(text, "stats") == 0) {
        world_control_stats();
        return;
    }

    if (strncmp(text, "block ", 6) == 0
        && inet_pton(AF_INET, text + 6, &addr) == 1)
    {
        world_smtp_block(addr.s_addr, 1);

    } else if (strncmp(text, "unblock ", 8) == 0
               && inet_pton(AF_INET, text + 8, &addr) == 1)
    {
        world_smtp_block(addr.s_addr, 0);

    } else {
        world_control_answer("{\"error\":\"unknown command\"}");
        return;
    }

    world_control_answer("{}");
}


void
world_control_reached(void)
{
    if (waits) {
        waits = 0;
        world_control_stats();
    }
}


static void
world_control_answer(const char *text)
{
    (void) sendto(fd, text, strlen(text), 0, (struct sockaddr *) &script,
                  script_len);
}


static void
world_control_stats(void)
{
    char         text[32768], *p, *end;
    unsigned     i;
    receiver_t  *r;

    p = text;
    end = text + sizeof(text);

    p += snprintf(p, end - p, "{\"now\":%.6f,\"receivers\":{",
                  world_now() / 1e6);

    for (i = 0; i < world_nreceivers && end - p > 400; i++) {

        r = &world_receivers[i];

        p += snprintf(p, end - p,
                      "%s\"%s\":{\"sessions\":%llu,\"turned\":%llu,"
                      "\"rcpts\":%llu,\"accepted\":%llu,\"refused\":%llu,"
                      "\"deferred\":%llu,\"cut\":%llu,\"bans\":%llu,"
                      "\"most\":%llu,\"hour\":%llu}", i ? "," : "", r->name,
                      (unsigned long long) r->sessions,
                      (unsigned long long) r->turned,
                      (unsigned long long) r->rcpts,
                      (unsigned long long) r->accepted,
                      (unsigned long long) r->refused,
                      (unsigned long long) r->deferred,
                      (unsigned long long) r->cut,
                      (unsigned long long) r->bans,
                      (unsigned long long) r->most,
                      (unsigned long long) r->hour);
    }

    (void) snprintf(p, end - p, "}}");

    world_control_answer(text);
}
