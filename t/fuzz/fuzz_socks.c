
/*
 * A proxy says anything, cut anywhere: the same comes out of it, and nothing
 * of what the target says is read.  The first byte: bit 0 authentication,
 * bit 1 IPv6, the rest the length of pieces.
 */

#include <assert.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

#include "sv_socks.h"


#define HANDSHAKE_MAX  (2 + 2 + 4 + 1 + 255 + 2)


static sv_socks_status_e run(const uint8_t *data, size_t size, uint8_t how,
    size_t piece, size_t *taken);
static void start(sv_socks_t *s, uint8_t how);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t             one, many;
    sv_socks_status_e  a, b;

    if (size == 0) {
        return 0;
    }

    a = run(data + 1, size - 1, data[0], 1, &one);
    b = run(data + 1, size - 1, data[0], (data[0] >> 2) + 1, &many);

    assert(one <= HANDSHAKE_MAX);

    /* who speaks out of turn is only found out where it comes at once */

    if (b == SV_SOCKS_ERROR && (a != b || one != many)) {
        assert(many < HANDSHAKE_MAX);
        return 0;
    }

    assert(a == b);
    assert(one == many);

    return 0;
}


static sv_socks_status_e
run(const uint8_t *data, size_t size, uint8_t how, size_t piece,
    size_t *taken)
{
    size_t                len, n;
    unsigned              turns;
    sv_socks_t            s;
    const uint8_t        *pos, *end, *start_of;
    sv_socks_status_e     status;
    static unsigned char  buf[SV_SOCKS_SAY_MAX];

    start(&s, how);

    status = SV_SOCKS_AGAIN;
    turns = 0;
    pos = data;

    while (pos < data + size) {

        n = (size_t) (data + size - pos);
        end = pos + (n < piece ? n : piece);
        start_of = pos;

        status = sv_socks_parse(&s, &pos, end);

        assert(pos > start_of && pos <= end);

        if (status == SV_SOCKS_AGAIN) {
            assert(pos == end);
            continue;
        }

        if (status == SV_SOCKS_SAY) {
            assert(pos == end);
            assert(++turns <= 2);

            len = sv_socks_say(&s, buf);
            assert(len > 2 && len <= sizeof(buf));
            continue;
        }

        assert((s.error == NULL) == (status == SV_SOCKS_DONE));
        assert(status == SV_SOCKS_ERROR || sv_socks_requested(&s));
        break;
    }

    *taken = pos - data;

    return status;
}


static void
start(sv_socks_t *s, uint8_t how)
{
    static unsigned char        user[] = "user", password[] = "password";
    static struct sockaddr_in   ipv4;
    static struct sockaddr_in6  ipv6;

    ipv4.sin_family = AF_INET;
    ipv6.sin6_family = AF_INET6;

    memset(s, 0, sizeof(sv_socks_t));

    s->target = (how & 2) ? (struct sockaddr *) &ipv6
                          : (struct sockaddr *) &ipv4;

    if (how & 1) {
        s->user.data = user;
        s->user.len = 4;
        s->password.data = password;
        s->password.len = 8;
    }

    sv_socks_init(s);
}
