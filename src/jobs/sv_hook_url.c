
#define _GNU_SOURCE

#include <string.h>
#include <arpa/inet.h>

#include "sv_hook.h"


static int sv_hook_authority(const sv_str_t *text, sv_hook_url_t *url);
static int sv_hook_port(const unsigned char *p, const unsigned char *end,
    sv_hook_url_t *url);
static int sv_hook_host(sv_hook_url_t *url);
static int sv_hook_literal(sv_hook_url_t *url, int family);
static int sv_hook_name(const sv_str_t *host);


int
sv_hook_url(const sv_str_t *text, sv_hook_url_t *url)
{
    size_t                i, skip;
    sv_str_t              authority;
    const unsigned char  *p, *end;

    memset(url, 0, sizeof(sv_hook_url_t));

    for (i = 0; i < text->len; i++) {

        /* characters that readers of URLs do not agree about */

        if (text->data[i] <= ' ' || text->data[i] >= 0x7f
            || strchr("@\\\"#<>^`{|}", text->data[i]))
        {
            return -1;
        }
    }

    if (text->len > 8 && memcmp(text->data, "https://", 8) == 0) {
        skip = 8;
        url->tls = 1;
        url->port = 443;

    } else if (text->len > 7 && memcmp(text->data, "http://", 7) == 0) {
        skip = 7;
        url->port = 80;

    } else {
        return -1;
    }

    p = text->data + skip;
    end = text->data + text->len;

    authority.data = (unsigned char *) p;

    while (p < end && *p != '/' && *p != '?') {
        p++;
    }

    authority.len = (size_t) (p - authority.data);

    url->path.data = (unsigned char *) p;
    url->path.len = (size_t) (end - p);

    return sv_hook_authority(&authority, url);
}


static int
sv_hook_authority(const sv_str_t *text, sv_hook_url_t *url)
{
    const unsigned char  *p, *end;

    p = text->data;
    end = p + text->len;

    if (text->len && *p == '[') {

        url->host.data = (unsigned char *) p + 1;
        p = memchr(p, ']', text->len);

        if (p == NULL) {
            return -1;
        }

        url->host.len = (size_t) (p - url->host.data);

        return sv_hook_port(p + 1, end, url) == 0
               && sv_hook_literal(url, AF_INET6) ? 0 : -1;
    }

    p = memchr(text->data, ':', text->len);

    url->host.data = text->data;
    url->host.len = p ? (size_t) (p - text->data) : text->len;

    if (sv_hook_port(p ? p : end, end, url) != 0) {
        return -1;
    }

    return sv_hook_host(url);
}


/* Below 1024 only the ports of the Web are taken.  Behind others there are mail
   servers and the like: to talk HTTP to them would harm the reputation of our
   addresses. */

static int
sv_hook_port(const unsigned char *p, const unsigned char *end,
    sv_hook_url_t *url)
{
    unsigned  port;

    if (p == end) {
        return 0;
    }

    if (*p++ != ':' || p == end || end - p > 5) {
        return -1;
    }

    for (port = 0; p < end; p++) {

        if (*p < '0' || *p > '9') {
            return -1;
        }

        port = port * 10 + (unsigned) (*p - '0');
    }

    if ((port < 1024 && port != 80 && port != 443) || port > 65535) {
        return -1;
    }

    url->port = port;

    return 0;
}


/* A name whose last label is a number would be taken for an address by some,
   in one of the odd forms of inet_aton(). */

static int
sv_hook_host(sv_hook_url_t *url)
{
    size_t                i;
    const unsigned char  *p;

    if (sv_hook_literal(url, AF_INET)) {
        return 0;
    }

    if (url->host.len && url->host.data[url->host.len - 1] == '.') {
        url->host.len--;
    }

    if (!sv_hook_name(&url->host)) {
        return -1;
    }

    for (i = url->host.len; i && url->host.data[i - 1] != '.'; i--) {
        /* the last label */
    }

    p = url->host.data + i;

    return *p >= '0' && *p <= '9' ? -1 : 0;
}


static int
sv_hook_literal(sv_hook_url_t *url, int family)
{
    char  text[INET6_ADDRSTRLEN];

    if (url->host.len >= sizeof(text)) {
        return 0;
    }

    memcpy(text, url->host.data, url->host.len);
    text[url->host.len] = '\0';

    if (inet_pton(family, text, &url->addr) != 1) {
        return 0;
    }

    url->family = family;

    return 1;
}


static int
sv_hook_name(const sv_str_t *host)
{
    size_t         i, label;
    unsigned char  c;

    if (host->len == 0 || host->len > SV_HOOK_HOST_MAX) {
        return 0;
    }

    for (i = 0, label = 0; i < host->len; i++) {

        c = host->data[i];

        if (c == '.') {
            if (label == 0) {
                return 0;
            }

            label = 0;
            continue;
        }

        if (++label > 63
            || !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
                 || (c >= '0' && c <= '9') || c == '-' || c == '_'))
        {
            return 0;
        }
    }

    return label != 0;
}
