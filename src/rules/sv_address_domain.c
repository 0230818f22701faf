
#include <sys/types.h>
#include <sys/socket.h>
#include <arpa/inet.h>

#include "sv_address_domain.h"
#include "sv_idn.h"


#define SV_LABEL_MAX    63

#define SV_OCTET_DIGIT  0x01
#define SV_OCTET_LETTER 0x02
#define SV_OCTET_UPPER  0x20    /* the bit that a small letter has */


static const char *sv_address_ascii_domain(sv_address_t *addr,
    const unsigned char *data, size_t len);
static const char *sv_address_check_domain(const unsigned char *data,
    size_t len);
static const char *sv_address_check_label(const unsigned char *data,
    size_t len);
static const char *sv_address_not_ldh(unsigned char c);
static int sv_address_is_ipv6_tag(const unsigned char *data);
static int sv_address_is_ipv4(const unsigned char *data, size_t len);
static int sv_address_is_ipv6(const unsigned char *data, size_t len);
static int sv_address_is_general(const unsigned char *data, size_t len);


/* Each octet of a name is looked at several times on the way of a question. */

static const unsigned char  sv_domain_octets[256] = {
    ['0' ... '9'] = SV_OCTET_DIGIT,
    ['a' ... 'z'] = SV_OCTET_LETTER,
    ['A' ... 'Z'] = SV_OCTET_LETTER|SV_OCTET_UPPER
};


const char *
sv_address_domain(sv_address_t *addr, const unsigned char *data, size_t len)
{
    size_t       i, n;
    const char  *error;

    if (sv_address_plain_domain(addr, data, len)) {
        return NULL;
    }

    for (i = 0; i < len; i++) {
        if (data[i] >= 0x80) {
            break;
        }
    }

    if (i < len) {
        n = sv_idn_to_ascii(addr->domain_buf, sizeof(addr->domain_buf), data,
                            len, &error);
        if (error) {
            return error;
        }

        data = addr->domain_buf;
        len = n;
    }

    return sv_address_ascii_domain(addr, data, len);
}


int
sv_address_plain_domain(sv_address_t *addr, const unsigned char *data,
    size_t len)
{
    size_t         i, start;
    unsigned char  c, is;

    if (len == 0 || len > SV_DOMAIN_MAX) {
        return 0;
    }

    start = 0;

    for (i = 0; i < len; i++) {
        c = data[i];
        is = sv_domain_octets[c];
        addr->domain_buf[i] = c | (is & SV_OCTET_UPPER);

        if (is) {
            continue;
        }

        /* two hyphens may begin an A-label */

        if ((c != '.' && c != '-') || i == start || data[i - 1] == '-') {
            return 0;
        }

        if (c == '.') {

            if (i - start > SV_LABEL_MAX) {
                return 0;
            }

            start = i + 1;
        }
    }

    if (i == start || i - start > SV_LABEL_MAX || data[i - 1] == '-') {
        return 0;
    }

    memcpy(addr->udomain_buf, addr->domain_buf, len);

    addr->domain.len = len;
    addr->udomain.len = len;

    return 1;
}


/* data may be domain_buf itself, with the result of the IDN mapping */

static const char *
sv_address_ascii_domain(sv_address_t *addr, const unsigned char *data,
    size_t len)
{
    int          alabels;
    size_t       i, start;
    const char  *error;

    error = sv_address_check_domain(data, len);
    if (error) {
        return error;
    }

    start = 0;
    alabels = 0;

    for (i = 0; i < len; i++) {
        addr->domain_buf[i] = sv_lower(data[i]);

        if (data[i] == '.') {
            start = i + 1;

        } else if (i == start + 3
                   && memcmp(&addr->domain_buf[start], "xn--", 4) == 0)
        {
            alabels = 1;
        }
    }

    addr->domain.len = len;

    if (alabels) {
        error = sv_idn_check(addr->domain.data, len);
        if (error) {
            return error;
        }

        addr->udomain.len = sv_idn_to_unicode(addr->udomain_buf,
                                              sizeof(addr->udomain_buf),
                                              addr->domain.data, len);
    }

    if (addr->udomain.len == 0) {
        memcpy(addr->udomain_buf, addr->domain_buf, len);
        addr->udomain.len = len;
    }

    return NULL;
}


static const char *
sv_address_check_domain(const unsigned char *data, size_t len)
{
    size_t       i, start;
    const char  *error;

    if (len == 0) {
        return "There is nothing after the @.";
    }

    start = 0;

    for (i = 0; i <= len; i++) {

        if (i < len && data[i] != '.') {
            continue;
        }

        if (i == start) {

            if (start == 0) {
                return "There is a dot right after the @.";
            }

            if (i == len) {
                return "The address ends with a dot.";
            }

            return "There are two dots in a row in the domain.";
        }

        error = sv_address_check_label(&data[start], i - start);
        if (error) {
            return error;
        }

        start = i + 1;
    }

    if (len > SV_DOMAIN_MAX) {
        return "The domain is longer than 253 characters.";
    }

    return NULL;
}


static const char *
sv_address_check_label(const unsigned char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (!sv_is_alnum(data[i]) && data[i] != '-') {
            return sv_address_not_ldh(data[i]);
        }
    }

    if (data[0] == '-' || data[len - 1] == '-') {
        return "A part of the domain begins or ends with a hyphen.";
    }

    if (len > SV_LABEL_MAX) {
        return "A part of the domain is longer than 63 characters.";
    }

    return NULL;
}


static const char *
sv_address_not_ldh(unsigned char c)
{
    switch (c) {

    case '@':
        return "There is more than one @ in the address.";

    case ' ':
        return "There is a space after the @.";

    case '_':
        return "There is an underscore after the @, which mail domains "
               "do not have.";

    case '>':
    case '<':
        return "Give the address alone, without a name and angle brackets.";

    case '(':
    case ')':
        return "Comments in parentheses are not a part of an address.";

    case ',':
    case ';':
        return "There is a comma or semicolon after the @: give one address.";

    case '[':
    case ']':
        return "An IP address must stand alone in brackets after the @.";

    default:
        return "The domain has a character that domain names do not allow.";
    }
}


/* Parses a domain literal, RFC 5321 section 4.1.3. */

const char *
sv_address_literal(sv_address_t *addr, const unsigned char *data, size_t len)
{
    size_t                n;
    const unsigned char  *p;

    if (len > SV_DOMAIN_MAX) {
        return "The domain is longer than 253 characters.";
    }

    if (data[len - 1] != ']') {
        return "An IP address must stand alone in brackets after the @.";
    }

    p = data + 1;
    n = len - 2;

    if (n >= sizeof("IPv6:") - 1 && sv_address_is_ipv6_tag(p)) {

        if (!sv_address_is_ipv6(p + 5, n - 5)) {
            return "There is no valid IPv6 address in the brackets.";
        }

    } else if (sv_address_is_ipv6(p, n)) {
        return "An IPv6 address in brackets needs \"IPv6:\" before it.";

    } else if (!sv_address_is_ipv4(p, n) && !sv_address_is_general(p, n)) {
        return "There is no valid IP address in the brackets.";
    }

    memcpy(addr->domain_buf, data, len);
    addr->domain.len = len;

    memcpy(addr->udomain_buf, data, len);
    addr->udomain.len = len;

    return NULL;
}


static int
sv_address_is_ipv6_tag(const unsigned char *data)
{
    return sv_lower(data[0]) == 'i' && sv_lower(data[1]) == 'p'
           && sv_lower(data[2]) == 'v' && data[3] == '6' && data[4] == ':';
}


/* inet_pton() cannot be used: an Snum may have leading zeros, as in
   192.000.002.001. */

static int
sv_address_is_ipv4(const unsigned char *data, size_t len)
{
    size_t    i;
    unsigned  value, digits, parts;

    value = 0;
    digits = 0;
    parts = 0;

    for (i = 0; i < len; i++) {

        if (data[i] == '.') {

            if (digits == 0) {
                return 0;
            }

            parts++;
            value = 0;
            digits = 0;

            continue;
        }

        if (!sv_is_digit(data[i])) {
            return 0;
        }

        value = value * 10 + (data[i] - '0');

        if (++digits > 3 || value > 255) {
            return 0;
        }
    }

    return parts == 3 && digits;
}


static int
sv_address_is_ipv6(const unsigned char *data, size_t len)
{
    char             text[INET6_ADDRSTRLEN];
    struct in6_addr  in6;

    if (len >= sizeof(text) || memchr(data, '\0', len)) {
        return 0;
    }

    memcpy(text, data, len);
    text[len] = '\0';

    return inet_pton(AF_INET6, text, &in6) == 1;
}


/* General-address-literal: any tag, as others may be registered later. */

static int
sv_address_is_general(const unsigned char *data, size_t len)
{
    size_t                i, n;
    const unsigned char  *colon;

    colon = memchr(data, ':', len);

    if (colon == NULL) {
        return 0;
    }

    n = colon - data;

    if (n == 0 || n + 1 == len || sv_address_check_label(data, n)) {
        return 0;
    }

    for (i = n + 1; i < len; i++) {
        if (data[i] < 33 || data[i] > 126 || data[i] == '['
            || data[i] == '\\' || data[i] == ']')
        {
            return 0;
        }
    }

    return 1;
}


int
sv_host_name_valid(const unsigned char *data, size_t len, int lax)
{
    int            dots, letters;
    size_t         i, start;
    unsigned char  c, is;

    if (len == 0 || len > SV_DOMAIN_MAX) {
        return 0;
    }

    start = 0;
    dots = 0;
    letters = 0;

    for (i = 0; i < len; i++) {
        c = data[i];
        is = sv_domain_octets[c];

        if (is) {
            letters |= is & SV_OCTET_LETTER;
            continue;
        }

        if (c == '.') {

            if (i == start || data[i - 1] == '-' || i - start > SV_LABEL_MAX) {
                return 0;
            }

            start = i + 1;
            dots = 1;
            letters = 0;

            continue;
        }

        if ((c != '-' || i == start) && !(lax && c == '_')) {
            return 0;
        }

        letters = 1;
    }

    /* if the last label is only digits, this is an IPv4 address, or a part of
       it */

    return dots && letters && i > start && i - start <= SV_LABEL_MAX
           && data[len - 1] != '-';
}
