
#include <sys/types.h>
#include <sys/socket.h>
#include <arpa/inet.h>

#include "sv_address.h"
#include "sv_idn.h"
#include "sv_utf8.h"


#define SV_LABEL_MAX    63
#define SV_INPUT_MAX    (SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX)


static const char *sv_address_scan(const unsigned char *data, size_t len);
static int sv_address_is_noncharacter(uint32_t ch);
static size_t sv_address_dot_string(sv_address_t *addr,
    const unsigned char *data, size_t len);
static const char *sv_address_not_atext(unsigned char c);
static size_t sv_address_quoted(sv_address_t *addr, const unsigned char *data,
    size_t len);
static void sv_address_requote(sv_address_t *addr, const unsigned char *text,
    size_t len);
static int sv_address_is_dot_string(const unsigned char *data, size_t len);
static int sv_address_is_atext(unsigned char c);
static const char *sv_address_local_utf8(sv_address_t *addr);
static int sv_address_is_invisible(uint32_t ch);
static int sv_address_is_space(uint32_t ch);
static const char *sv_address_domain(sv_address_t *addr,
    const unsigned char *data, size_t len);
static const char *sv_address_ascii_domain(sv_address_t *addr,
    const unsigned char *data, size_t len);
static const char *sv_address_check_domain(const unsigned char *data,
    size_t len);
static const char *sv_address_check_label(const unsigned char *data,
    size_t len);
static const char *sv_address_not_ldh(unsigned char c);
static const char *sv_address_literal(sv_address_t *addr,
    const unsigned char *data, size_t len);
static int sv_address_is_ipv6_tag(const unsigned char *data);
static int sv_address_is_ipv4(const unsigned char *data, size_t len);
static int sv_address_is_ipv6(const unsigned char *data, size_t len);
static int sv_address_is_general(const unsigned char *data, size_t len);


sv_address_status_e
sv_address_parse(const unsigned char *data, size_t len, sv_address_t *addr)
{
    size_t               n;
    sv_address_status_e  status;

    addr->local.data = addr->local_buf;
    addr->local.len = 0;
    addr->domain.data = addr->domain_buf;
    addr->domain.len = 0;
    addr->udomain.data = addr->udomain_buf;
    addr->udomain.len = 0;
    addr->quoted = 0;
    addr->utf8 = 0;

    status = SV_ADDRESS_OK;

    addr->error = sv_address_scan(data, len);
    if (addr->error) {
        goto invalid;
    }

    n = (data[0] == '"') ? sv_address_quoted(addr, data, len)
                         : sv_address_dot_string(addr, data, len);

    if (n == 0) {
        goto invalid;
    }

    addr->error = sv_address_local_utf8(addr);
    if (addr->error) {
        goto invalid;
    }

    /* data[n] is the "@" */

    data += n + 1;
    len -= n + 1;

    if (len && data[0] == '[') {
        status = SV_ADDRESS_LITERAL;
        addr->error = sv_address_literal(addr, data, len);

    } else {
        addr->error = sv_address_domain(addr, data, len);
    }

    if (addr->error) {
        goto invalid;
    }

    if (addr->local.len + 1 + addr->domain.len > SV_ADDRESS_MAX) {
        addr->error = "The address is longer than 254 characters.";
        goto invalid;
    }

    return status;

invalid:

    addr->local.len = 0;
    addr->domain.len = 0;
    addr->udomain.len = 0;

    return SV_ADDRESS_INVALID;
}


/* nothing that passes here can end a line or hide in one */

static const char *
sv_address_scan(const unsigned char *data, size_t len)
{
    uint32_t              ch;
    const unsigned char  *p, *end;

    if (len == 0) {
        return "The address is empty.";
    }

    if (len > SV_INPUT_MAX) {
        return "The address is longer than 254 characters.";
    }

    p = data;
    end = data + len;

    while (p < end) {

        if (*p >= ' ' && *p < 0x7f) {
            p++;
            continue;
        }

        ch = sv_utf8_decode(&p, end);

        if (ch == SV_UTF8_BAD) {
            return "The address is not valid UTF-8 text.";
        }

        if (ch == '\r' || ch == '\n') {
            return "There is a line break in the address.";
        }

        if (sv_utf8_is_control(ch) || sv_address_is_noncharacter(ch)) {
            return "There is a control character in the address.";
        }
    }

    return NULL;
}


static int
sv_address_is_noncharacter(uint32_t ch)
{
    return (ch >= 0xfdd0 && ch <= 0xfdef) || (ch & 0xfffe) == 0xfffe;
}


/* both forms of a local part: its length as typed, or 0 with addr->error */

static size_t
sv_address_dot_string(sv_address_t *addr, const unsigned char *data,
    size_t len)
{
    size_t                i, n;
    const unsigned char  *at;

    at = memchr(data, '@', len);

    if (at == NULL) {
        addr->error = "There is no @ in the address.";
        return 0;
    }

    n = at - data;

    if (n == 0) {
        addr->error = "There is nothing before the @.";
        return 0;
    }

    for (i = 0; i < n; i++) {

        if (data[i] == '.') {

            if (i == 0) {
                addr->error = "The address begins with a dot.";
                return 0;
            }

            if (data[i + 1] == '@') {
                addr->error = "There is a dot right before the @.";
                return 0;
            }

            if (data[i + 1] == '.') {
                addr->error = "There are two dots in a row before the @.";
                return 0;
            }

            continue;
        }

        if (!sv_address_is_atext(data[i])) {
            addr->error = sv_address_not_atext(data[i]);
            return 0;
        }
    }

    if (n > SV_LOCAL_MAX) {
        addr->error = "The part before the @ is longer than 64 bytes.";
        return 0;
    }

    memcpy(addr->local_buf, data, n);
    addr->local.len = n;

    return n;
}


static const char *
sv_address_not_atext(unsigned char c)
{
    switch (c) {

    case ' ':
        return "There is a space before the @.";

    case '<':
    case '>':
        return "Give the address alone, without a name and angle brackets.";

    case '(':
    case ')':
        return "Comments in parentheses are not a part of an address.";

    case ',':
    case ';':
        return "There is a comma or semicolon before the @: give one address.";

    case ':':
        return "There is a colon before the @: give the address without "
               "\"mailto:\" or the like.";

    case '"':
        return "A quotation mark may only enclose the whole part before "
               "the @.";

    default:
        return "The part before the @ has a character that is only allowed "
               "in quotation marks.";
    }
}


static size_t
sv_address_quoted(sv_address_t *addr, const unsigned char *data, size_t len)
{
    size_t         i, n;
    unsigned char  text[SV_LOCAL_MAX];

    n = 0;

    for (i = 1; i < len && data[i] != '"'; i++) {

        if (data[i] == '\\') {
            i++;

            /* RFC 6531 lets no quoted-pair hold UTF-8 */

            if (i == len || data[i] >= 0x80) {
                addr->error = "A backslash must stand before the character "
                              "that it quotes.";
                return 0;
            }
        }

        if (n < SV_LOCAL_MAX) {
            text[n++] = data[i];
        }
    }

    if (i >= len) {
        addr->error = "The closing quotation mark is missing.";
        return 0;
    }

    i++;

    if (i == len || data[i] != '@') {
        addr->error = "There must be an @ right after the closing quotation "
                      "mark.";
        return 0;
    }

    if (i > SV_LOCAL_MAX) {
        addr->error = "The part before the @ is longer than 64 bytes.";
        return 0;
    }

    sv_address_requote(addr, text, n);

    return i;
}


/* fits: what was typed had the quotes, and at least these backslashes */

static void
sv_address_requote(sv_address_t *addr, const unsigned char *text, size_t len)
{
    size_t          i;
    unsigned char  *p;

    p = addr->local_buf;

    if (sv_address_is_dot_string(text, len)) {
        memcpy(p, text, len);
        addr->local.len = len;
        return;
    }

    *p++ = '"';

    for (i = 0; i < len; i++) {

        if (text[i] == '"' || text[i] == '\\') {
            *p++ = '\\';
        }

        *p++ = text[i];
    }

    *p++ = '"';

    addr->local.len = p - addr->local_buf;
    addr->quoted = 1;
}


static int
sv_address_is_dot_string(const unsigned char *data, size_t len)
{
    size_t         i;
    unsigned char  last;

    last = '.';

    for (i = 0; i < len; i++) {

        if (data[i] == '.') {
            if (last == '.') {
                return 0;
            }

        } else if (!sv_address_is_atext(data[i])) {
            return 0;
        }

        last = data[i];
    }

    return last != '.';
}


static int
sv_address_is_atext(unsigned char c)
{
    return sv_is_alnum(c) || c >= 0x80
           || (c && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}


/*
 * RFC 6531 takes any UTF-8, and the text goes out as given.  What nobody can
 * see or type on purpose came with a copy and is named instead.
 */

static const char *
sv_address_local_utf8(sv_address_t *addr)
{
    uint32_t              ch;
    const unsigned char  *p, *end;

    p = addr->local.data;
    end = p + addr->local.len;

    while (p < end) {
        ch = sv_utf8_decode(&p, end);

        if (ch < 0x80) {
            continue;
        }

        if (sv_address_is_invisible(ch)) {
            return "There is an invisible character before the @.";
        }

        if (sv_address_is_space(ch)) {
            return "There is a space before the @.";
        }

        addr->utf8 = 1;
    }

    return NULL;
}


/* joiners (U+200C, U+200D) do change what is read in some scripts */

static int
sv_address_is_invisible(uint32_t ch)
{
    return ch == 0xad || ch == 0x200b || ch == 0x200e || ch == 0x200f
           || (ch >= 0x2060 && ch <= 0x206f) || ch == 0xfeff
           || (ch >= 0xfff9 && ch <= 0xfffb)
           || (ch >= 0xe0000 && ch <= 0xe007f);
}


static int
sv_address_is_space(uint32_t ch)
{
    return ch == 0xa0 || ch == 0x1680 || (ch >= 0x2000 && ch <= 0x200a)
           || ch == 0x202f || ch == 0x205f || ch == 0x3000;
}


static const char *
sv_address_domain(sv_address_t *addr, const unsigned char *data, size_t len)
{
    size_t       i, n;
    const char  *error;

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


/* data may be domain_buf itself, with what the mapping of an IDN made */

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


/* RFC 5321 section 4.1.3 */

static const char *
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


/* not inet_pton(): Snum may have leading zeros, as in 192.000.002.001 */

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


/* General-address-literal: a tag that may come to be registered */

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
    int            digits, dots;
    size_t         i, n;
    unsigned char  c;

    if (len == 0 || len > SV_DOMAIN_MAX) {
        return 0;
    }

    n = 0;
    dots = 0;
    digits = 1;

    for (i = 0; i < len; i++) {
        c = data[i];

        if (c == '.') {

            if (n == 0 || data[i - 1] == '-') {
                return 0;
            }

            n = 0;
            dots = 1;
            digits = 1;

            continue;
        }

        if (!sv_is_alnum(c) && c != '-' && !(lax && c == '_')) {
            return 0;
        }

        if ((c == '-' && n == 0) || ++n > SV_LABEL_MAX) {
            return 0;
        }

        if (!sv_is_digit(c)) {
            digits = 0;
        }
    }

    /* a last label of digits alone would be an IPv4 address or a part of it */

    return dots && n && !digits && data[len - 1] != '-';
}
