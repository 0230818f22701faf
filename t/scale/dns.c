
/*
 * The name server.  Lines of the world's file:
 *
 *   zone SUFFIX MX [MX ...]     each name below SUFFIX, and SUFFIX, has these
 *                               MX hosts; "*" in one stands for the name
 *   host SUFFIX ADDRESS [N]     a host name; with N, each name below SUFFIX has
 *                               one of N addresses from this one on
 *   at ADDRESS N RECEIVER       who listens there
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "world.h"


#define DNS_LINES  256
#define DNS_A      1
#define DNS_MX     15


typedef struct {
    char         suffix[128];
    char         hosts[4][128];
    unsigned     nhosts;
    uint32_t     addr;          /* in the order of this machine */
    unsigned     naddrs;
    receiver_t  *receiver;
} line_t;


static void world_dns_read(void *data);
static line_t *world_dns_find(line_t *lines, unsigned n, const char *name);
static unsigned char *world_dns_name(unsigned char *p, const char *name);
static unsigned char *world_dns_record(unsigned char *p, unsigned type,
    size_t len);
static unsigned char *world_dns_mx(unsigned char *p, line_t *zone,
    const char *name, unsigned *n);
static unsigned char *world_dns_a(unsigned char *p, line_t *host,
    const char *name);
static uint32_t world_dns_hash(const char *name);


static int     fd;
static line_t  zones[DNS_LINES], hosts[DNS_LINES], ats[DNS_LINES];
static unsigned  nzones, nhosts, nats;


int
world_dns_line(const char *line)
{
    int              n;
    char             name[32], addr[32];
    line_t          *l;
    unsigned         count;
    struct in_addr   in;

    l = (line[0] == 'z') ? &zones[nzones] : (line[0] == 'h') ? &hosts[nhosts]
                                          : &ats[nats];

    if (nzones == DNS_LINES || nhosts == DNS_LINES || nats == DNS_LINES) {
        return -1;
    }

    n = sscanf(line, "zone %127s %127s %127s %127s %127s", l->suffix,
               l->hosts[0], l->hosts[1], l->hosts[2], l->hosts[3]);

    if (n >= 2) {
        l->nhosts = n - 1;
        nzones++;
        return 0;
    }

    count = 1;
    n = sscanf(line, "host %127s %31s %u", l->suffix, addr, &count);

    if (n >= 2 && inet_pton(AF_INET, addr, &in) == 1) {
        l->addr = ntohl(in.s_addr);
        l->naddrs = count;
        nhosts++;
        return 0;
    }

    if (sscanf(line, "at %31s %u %31s", addr, &count, name) == 3
        && inet_pton(AF_INET, addr, &in) == 1)
    {
        l->addr = ntohl(in.s_addr);
        l->naddrs = count;
        l->receiver = world_receiver(name, strlen(name));
        nats++;

        return l->receiver ? 0 : -1;
    }

    return -1;
}


void
world_dns_start(void)
{
    const char          *listen;
    struct sockaddr_in   sin;

    listen = world_setting("SCALE_DNS");

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(listen ? atoi(listen) : 0);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, 0);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) != 0) {
        abort();
    }

    world_add_fd(fd, world_dns_read, NULL);
}


receiver_t *
world_dns_receiver(uint32_t addr, uint32_t *site)
{
    unsigned  i;

    addr = ntohl(addr);

    for (i = 0; i < nats; i++) {
        if (addr - ats[i].addr < ats[i].naddrs) {
            *site = ats[i].receiver->each
                    ? addr : (uint32_t) (ats[i].receiver - world_receivers);
            return ats[i].receiver;
        }
    }

    return NULL;
}


static void
world_dns_read(void *data)
{
    char                 name[256];
    size_t               len;
    ssize_t              n;
    line_t              *zone, *host;
    unsigned             type, count;
    socklen_t            slen;
    unsigned char        m[2048], *p, *last, *end;
    struct sockaddr_in   sin;

    (void) data;

    slen = sizeof(sin);
    n = recvfrom(fd, m, 512, 0, (struct sockaddr *) &sin, &slen);

    if (n < 17) {
        return;
    }

    name[0] = '\0';
    last = m + n;

    for (p = m + 12; p < last && *p; p += len + 1) {
        len = *p;

        if (p + len >= last || strlen(name) + len + 2 > sizeof(name)) {
            return;
        }

        if (name[0]) {
            strcat(name, ".");
        }

        strncat(name, (char *) p + 1, len);
    }

    if (p + 5 > last) {
        return;
    }

    for (len = 0; name[len]; len++) {
        name[len] |= (name[len] >= 'A' && name[len] <= 'Z') ? 0x20 : 0;
    }

    type = p[1] << 8 | p[2];
    end = p + 5;
    count = 0;

    zone = world_dns_find(zones, nzones, name);
    host = world_dns_find(hosts, nhosts, name);

    if (type == DNS_MX && zone) {
        end = world_dns_mx(end, zone, name, &count);

    } else if (type == DNS_A && host) {
        end = world_dns_a(end, host, name);
        count = 1;
    }

    m[2] = 0x84 | (m[2] & 1);
    m[3] = 0x80 | (zone || host ? 0 : 3);
    memset(m + 6, 0, 6);
    m[7] = count;

    (void) sendto(fd, m, end - m, 0, (struct sockaddr *) &sin, slen);
}


/* The longest suffix that the name has. */

static line_t *
world_dns_find(line_t *lines, unsigned n, const char *name)
{
    size_t    len, slen;
    line_t   *best;
    unsigned  i;

    best = NULL;
    len = strlen(name);

    for (i = 0; i < n; i++) {

        slen = strlen(lines[i].suffix);

        if (slen <= len && strcmp(name + len - slen, lines[i].suffix) == 0
            && (slen == len || name[len - slen - 1] == '.')
            && (best == NULL || slen > strlen(best->suffix)))
        {
            best = &lines[i];
        }
    }

    return best;
}


static unsigned char *
world_dns_name(unsigned char *p, const char *name)
{
    size_t  len;

    while (*name) {
        len = strcspn(name, ".");
        *p++ = len;
        memcpy(p, name, len);
        p += len;
        name += len + (name[len] == '.');
    }

    *p++ = 0;

    return p;
}


/* the name is that of the question; a day */

static unsigned char *
world_dns_record(unsigned char *p, unsigned type, size_t len)
{
    unsigned char  head[] = { 0xc0, 12, 0, type, 0, 1, 0, 1, 0x51, 0x80,
                              len >> 8, len };

    memcpy(p, head, sizeof(head));

    return p + sizeof(head);
}


static unsigned char *
world_dns_mx(unsigned char *p, line_t *zone, const char *name, unsigned *n)
{
    char            host[512];
    const char     *star;
    unsigned char  *last, data[512];

    for (*n = 0; *n < zone->nhosts; ++*n) {

        star = strchr(zone->hosts[*n], '*');

        if (star) {
            snprintf(host, sizeof(host), "%.*s%s%s",
                     (int) (star - zone->hosts[*n]), zone->hosts[*n], name,
                     star + 1);
        } else {
            snprintf(host, sizeof(host), "%s", zone->hosts[*n]);
        }

        data[0] = 0;
        data[1] = 10 * (*n + 1);
        last = world_dns_name(data + 2, host);

        p = world_dns_record(p, DNS_MX, last - data);
        memcpy(p, data, last - data);
        p += last - data;
    }

    return p;
}


static unsigned char *
world_dns_a(unsigned char *p, line_t *host, const char *name)
{
    uint32_t  addr;

    addr = htonl(host->addr + world_dns_hash(name) % host->naddrs);

    p = world_dns_record(p, DNS_A, 4);
    memcpy(p, &addr, 4);

    return p + 4;
}


/* The name has a label, or the end of one, like d1, d2 ...: each of these has
   an address of its own. */

static uint32_t
world_dns_hash(const char *name)
{
    char        *end;
    uint32_t     hash;
    const char  *p;

    for (p = strchr(name, 'd'); p; p = strchr(p + 1, 'd')) {
        if (p[1] >= '0' && p[1] <= '9') {

            hash = strtoul(p + 1, &end, 10);

            if (*end == '.') {
                return hash;
            }
        }
    }

    for (hash = 5381; *name; name++) {
        hash = hash * 33 ^ (unsigned char) *name;
    }

    return hash;
}
