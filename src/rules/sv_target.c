
#include <stdint.h>
#include <string.h>
#include <netinet/in.h>

#include "sv_target.h"


typedef struct {
    uint32_t        addr;
    unsigned        bits;
} sv_target_net4_t;


typedef struct {
    unsigned char   addr[6];
    unsigned        bits;       /* 1 to 48 */
} sv_target_net6_t;


static const unsigned char *sv_target_inner(const unsigned char *addr);
static int sv_target_public4(uint32_t addr);
static int sv_target_public6(const unsigned char *addr);
static int sv_target_in6(const unsigned char *addr,
    const sv_target_net6_t *net);
static uint32_t sv_target_inner4(const unsigned char *p);


/* IANA IPv4 special-purpose and multicast registries */

static const sv_target_net4_t  sv_target_special4[] = {
    { 0x00000000, 8 },          /* 0.0.0.0/8, this network */
    { 0x0a000000, 8 },          /* 10.0.0.0/8, private */
    { 0x64400000, 10 },         /* 100.64.0.0/10, carrier-grade NAT */
    { 0x7f000000, 8 },          /* 127.0.0.0/8, loopback */
    { 0xa83f8110, 32 },         /* 168.63.129.16, Azure's own metadata */
    { 0xa9fe0000, 16 },         /* 169.254.0.0/16, link-local, metadata */
    { 0xac100000, 12 },         /* 172.16.0.0/12, private */
    { 0xc0000000, 24 },         /* 192.0.0.0/24, protocol assignments */
    { 0xc0000200, 24 },         /* 192.0.2.0/24, TEST-NET-1 */
    { 0xc0586300, 24 },         /* 192.88.99.0/24, 6to4 relays */
    { 0xc0a80000, 16 },         /* 192.168.0.0/16, private */
    { 0xc6120000, 15 },         /* 198.18.0.0/15, benchmarks */
    { 0xc6336400, 24 },         /* 198.51.100.0/24, TEST-NET-2 */
    { 0xcb007100, 24 },         /* 203.0.113.0/24, TEST-NET-3 */
    { 0xe0000000, 3 }           /* multicast, reserved, broadcast */
};


/* within 2000::/3, IANA IPv6 special-purpose registry */

static const sv_target_net6_t  sv_target_special6[] = {
    { { 0x20, 0x01, 0x00, 0x00, 0x00, 0x00 }, 23 },     /* protocols, Teredo,
                                                           ORCHID, benchmark */
    { { 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x00 }, 32 },     /* documentation */
    { { 0x3f, 0xff, 0x00, 0x00, 0x00, 0x00 }, 20 }      /* documentation */
};


static const sv_target_net6_t  sv_target_global =
    { { 0x20, 0x00, 0x00, 0x00, 0x00, 0x00 }, 3 };

static const sv_target_net6_t  sv_target_6to4 =
    { { 0x20, 0x02, 0x00, 0x00, 0x00, 0x00 }, 16 };

static const sv_target_net6_t  sv_target_teredo =
    { { 0x20, 0x01, 0x00, 0x00, 0x00, 0x00 }, 32 };

static const unsigned char  sv_target_nat64[12] = {
    0x00, 0x64, 0xff, 0x9b
};

/* NAT64 within a network, RFC 8215 */

static const sv_target_net6_t  sv_target_local64 =
    { { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 }, 48 };

static const unsigned char  sv_target_mapped[12] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};


int
sv_target_is_public(const struct sockaddr *sa)
{
    struct sockaddr_in   sin;
    struct sockaddr_in6  sin6;

    switch (sa->sa_family) {

    case AF_INET:
        memcpy(&sin, sa, sizeof(struct sockaddr_in));

        return sv_target_public4(ntohl(sin.sin_addr.s_addr));

    case AF_INET6:
        memcpy(&sin6, sa, sizeof(struct sockaddr_in6));

        return sv_target_public6(sin6.sin6_addr.s6_addr);

    default:
        return 0;
    }
}


size_t
sv_target_network(const struct sockaddr *sa, unsigned char *buf)
{
    size_t                i;
    const unsigned char  *inner;
    struct sockaddr_in    sin;
    struct sockaddr_in6   sin6;

    switch (sa->sa_family) {

    case AF_INET:
        memcpy(&sin, sa, sizeof(struct sockaddr_in));
        memcpy(buf, &sin.sin_addr, 4);
        return 4;

    case AF_INET6:
        memcpy(&sin6, sa, sizeof(struct sockaddr_in6));
        inner = sv_target_inner(sin6.sin6_addr.s6_addr);

        if (inner == NULL) {
            memcpy(buf, sin6.sin6_addr.s6_addr, 8);
            return 8;
        }

        memcpy(buf, inner, 4);

        if (sv_target_in6(sin6.sin6_addr.s6_addr, &sv_target_teredo)) {
            for (i = 0; i < 4; i++) {
                buf[i] ^= 0xff;
            }
        }

        return 4;

    default:
        return 0;
    }
}


/* Returns the IPv4 address inside an IPv6 address, or NULL.  In Teredo
   addresses its bits are inverted. */

static const unsigned char *
sv_target_inner(const unsigned char *addr)
{
    if (sv_target_in6(addr, &sv_target_6to4)) {
        return addr + 2;
    }

    if (memcmp(addr, sv_target_nat64, sizeof(sv_target_nat64)) == 0
        || memcmp(addr, sv_target_mapped, sizeof(sv_target_mapped)) == 0
        || sv_target_in6(addr, &sv_target_local64)
        || sv_target_in6(addr, &sv_target_teredo))
    {
        return addr + 12;
    }

    return NULL;
}


static int
sv_target_public4(uint32_t addr)
{
    size_t                   i;
    const sv_target_net4_t  *net;

    for (i = 0;
         i < sizeof(sv_target_special4) / sizeof(sv_target_net4_t);
         i++)
    {
        net = &sv_target_special4[i];

        if ((addr ^ net->addr) >> (32 - net->bits) == 0) {
            return 0;
        }
    }

    return 1;
}


/*
 * Mapped, compatible and Teredo addresses are forbidden, whatever they contain:
 * a mail server with an IPv4 address has an A record, too.  Behind NAT64 the
 * whole IPv4 Internet is in 64:ff9b::/96, so the inner address decides.
 */

static int
sv_target_public6(const unsigned char *addr)
{
    size_t  i;

    if (memcmp(addr, sv_target_nat64, sizeof(sv_target_nat64)) == 0) {
        return sv_target_public4(sv_target_inner4(addr + 12));
    }

    if (!sv_target_in6(addr, &sv_target_global)) {
        return 0;
    }

    for (i = 0;
         i < sizeof(sv_target_special6) / sizeof(sv_target_net6_t);
         i++)
    {
        if (sv_target_in6(addr, &sv_target_special6[i])) {
            return 0;
        }
    }

    if (sv_target_in6(addr, &sv_target_6to4)) {
        return sv_target_public4(sv_target_inner4(addr + 2));
    }

    return 1;
}


static int
sv_target_in6(const unsigned char *addr, const sv_target_net6_t *net)
{
    unsigned  i, rest;

    for (i = 0; i < net->bits / 8; i++) {
        if (addr[i] != net->addr[i]) {
            return 0;
        }
    }

    rest = net->bits % 8;

    return rest == 0 || (addr[i] ^ net->addr[i]) >> (8 - rest) == 0;
}


static uint32_t
sv_target_inner4(const unsigned char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}
