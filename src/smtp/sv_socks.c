
#include <netinet/in.h>
#include <string.h>

#include "sv_socks.h"


#define SV_SOCKS_VERSION       5
#define SV_SOCKS_AUTH_VERSION  1
#define SV_SOCKS_CONNECT       1

#define SV_SOCKS_NO_AUTH       0x00
#define SV_SOCKS_PASSWORD      0x02
#define SV_SOCKS_NO_METHOD     0xff

#define SV_SOCKS_IPV4          1
#define SV_SOCKS_NAME          3
#define SV_SOCKS_IPV6          4


static sv_socks_status_e sv_socks_method(sv_socks_t *s, unsigned char ch);
static sv_socks_status_e sv_socks_credentials(sv_socks_t *s,
    unsigned char ch);
static sv_socks_status_e sv_socks_reply(sv_socks_t *s, unsigned char ch);
static sv_socks_status_e sv_socks_refusal(sv_socks_t *s, unsigned char ch);
static sv_socks_status_e sv_socks_next(sv_socks_t *s, sv_socks_step_e step);
static sv_socks_status_e sv_socks_error(sv_socks_t *s, const char *error);
static size_t sv_socks_say_request(const sv_socks_t *s, unsigned char *buf);


/* by the code of RFC 1928, section 6; the status says who is to blame */

static const struct {
    sv_socks_status_e   status;
    const char         *error;
} sv_socks_replies[] = {
    { SV_SOCKS_DONE, NULL },
    { SV_SOCKS_REFUSED, "general failure" },
    { SV_SOCKS_REFUSED, "not allowed by ruleset" },
    { SV_SOCKS_UNREACHABLE, "network unreachable" },
    { SV_SOCKS_UNREACHABLE, "host unreachable" },
    { SV_SOCKS_UNREACHABLE, "connection refused" },
    { SV_SOCKS_UNREACHABLE, "TTL expired" },
    { SV_SOCKS_REFUSED, "command not supported" },
    { SV_SOCKS_REFUSED, "address type not supported" }
};


void
sv_socks_init(sv_socks_t *s)
{
    s->error = NULL;
    s->step = SV_SOCKS_METHOD;
    s->n = 0;
    s->left = 0;
}


size_t
sv_socks_say(const sv_socks_t *s, unsigned char *buf)
{
    unsigned char  *p;

    p = buf;

    switch (s->step) {

    case SV_SOCKS_METHOD:
        *p++ = SV_SOCKS_VERSION;
        *p++ = s->user.len ? 2 : 1;
        *p++ = SV_SOCKS_NO_AUTH;

        if (s->user.len) {
            *p++ = SV_SOCKS_PASSWORD;
        }

        return p - buf;

    case SV_SOCKS_CREDENTIALS:
        *p++ = SV_SOCKS_AUTH_VERSION;

        *p++ = (unsigned char) s->user.len;
        memcpy(p, s->user.data, s->user.len);
        p += s->user.len;

        *p++ = (unsigned char) s->password.len;
        memcpy(p, s->password.data, s->password.len);
        p += s->password.len;

        return p - buf;

    default: /* SV_SOCKS_REQUEST */
        return sv_socks_say_request(s, buf);
    }
}


static size_t
sv_socks_say_request(const sv_socks_t *s, unsigned char *buf)
{
    unsigned char              *p;
    const struct sockaddr_in   *sin;
    const struct sockaddr_in6  *sin6;

    p = buf;

    *p++ = SV_SOCKS_VERSION;
    *p++ = SV_SOCKS_CONNECT;
    *p++ = 0;

    switch (s->target->sa_family) {

    case AF_INET:
        sin = (const struct sockaddr_in *) s->target;

        *p++ = SV_SOCKS_IPV4;
        memcpy(p, &sin->sin_addr, 4);
        memcpy(p + 4, &sin->sin_port, 2);
        return p + 6 - buf;

    case AF_INET6:
        sin6 = (const struct sockaddr_in6 *) s->target;

        *p++ = SV_SOCKS_IPV6;
        memcpy(p, &sin6->sin6_addr, 16);
        memcpy(p + 16, &sin6->sin6_port, 2);
        return p + 18 - buf;

    default:
        return 0;
    }
}


sv_socks_status_e
sv_socks_parse(sv_socks_t *s, const unsigned char **pos,
    const unsigned char *end)
{
    unsigned char      ch;
    sv_socks_status_e  status;

    while (*pos < end) {

        ch = *(*pos)++;

        switch (s->step) {

        case SV_SOCKS_METHOD:
            status = sv_socks_method(s, ch);
            break;

        case SV_SOCKS_CREDENTIALS:
            status = sv_socks_credentials(s, ch);
            break;

        default: /* SV_SOCKS_REQUEST */
            status = sv_socks_reply(s, ch);
            break;
        }

        if (status == SV_SOCKS_AGAIN) {
            s->n++;
            continue;
        }

        if (status == SV_SOCKS_SAY && *pos < end) {
            return sv_socks_error(s, "it spoke out of turn");
        }

        return status;
    }

    return SV_SOCKS_AGAIN;
}


int
sv_socks_requested(const sv_socks_t *s)
{
    return s->step == SV_SOCKS_REQUEST;
}


static sv_socks_status_e
sv_socks_method(sv_socks_t *s, unsigned char ch)
{
    if (s->n == 0) {
        return ch == SV_SOCKS_VERSION ? SV_SOCKS_AGAIN
                                      : sv_socks_error(s, "it is no SOCKS 5");
    }

    if (ch == SV_SOCKS_NO_AUTH) {
        return sv_socks_next(s, SV_SOCKS_REQUEST);
    }

    if (ch == SV_SOCKS_PASSWORD && s->user.len) {
        return sv_socks_next(s, SV_SOCKS_CREDENTIALS);
    }

    if (ch == SV_SOCKS_NO_METHOD) {
        return sv_socks_error(s, s->user.len
                                 ? "no method of authentication is accepted"
                                 : "it wants authentication");
    }

    return sv_socks_error(s, "it chose a method that was not offered");
}


/* The version is not checked, as some proxies send 5 here. */

static sv_socks_status_e
sv_socks_credentials(sv_socks_t *s, unsigned char ch)
{
    if (s->n == 0) {
        return SV_SOCKS_AGAIN;
    }

    if (ch != 0) {
        return sv_socks_error(s, "authentication was refused");
    }

    return sv_socks_next(s, SV_SOCKS_REQUEST);
}


static sv_socks_status_e
sv_socks_reply(sv_socks_t *s, unsigned char ch)
{
    switch (s->n) {

    case 0:
        return ch == SV_SOCKS_VERSION ? SV_SOCKS_AGAIN
                                      : sv_socks_error(s, "it is no SOCKS 5");

    case 1:
        return ch == 0 ? SV_SOCKS_AGAIN : sv_socks_refusal(s, ch);

    case 2: /* reserved */
        return SV_SOCKS_AGAIN;

    case 3:
        switch (ch) {

        case SV_SOCKS_IPV4:
            s->left = 4 + 2;
            return SV_SOCKS_AGAIN;

        case SV_SOCKS_IPV6:
            s->left = 16 + 2;
            return SV_SOCKS_AGAIN;

        case SV_SOCKS_NAME:
            s->left = 0;
            return SV_SOCKS_AGAIN;

        default:
            return sv_socks_error(s, "an unknown type of address was sent");
        }

    default:
        if (s->left == 0) {
            s->left = ch + 2u;
            return SV_SOCKS_AGAIN;
        }

        return --s->left ? SV_SOCKS_AGAIN : SV_SOCKS_DONE;
    }
}


/* The rest of such a reply is not read. */

static sv_socks_status_e
sv_socks_refusal(sv_socks_t *s, unsigned char ch)
{
    if (ch >= sizeof(sv_socks_replies) / sizeof(sv_socks_replies[0])) {
        s->error = "an unknown failure";
        return SV_SOCKS_REFUSED;
    }

    s->error = sv_socks_replies[ch].error;

    return sv_socks_replies[ch].status;
}


static sv_socks_status_e
sv_socks_next(sv_socks_t *s, sv_socks_step_e step)
{
    s->step = step;
    s->n = 0;

    return SV_SOCKS_SAY;
}


static sv_socks_status_e
sv_socks_error(sv_socks_t *s, const char *error)
{
    s->error = error;

    return SV_SOCKS_ERROR;
}
