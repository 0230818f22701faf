
#include "sv_address_domain.h"
#include "sv_utf8.h"


#define SV_INPUT_MAX    (SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX)

#define sv_address_is_ascii_atext(c)                                          \
    ((c) < 0x80 && (sv_address_atext[(c) >> 5] >> ((c) & 0x1f) & 1))


static int sv_address_plain(sv_address_t *addr, const unsigned char *data,
    size_t len);
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


/* atext of RFC 5322, one bit for each ASCII character */

static const uint32_t  sv_address_atext[] = {
    0x00000000,

                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0xa3ffacfa, /* 1010 0011 1111 1111  1010 1100 1111 1010 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0xc7fffffe, /* 1100 0111 1111 1111  1111 1111 1111 1110 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x7fffffff  /* 0111 1111 1111 1111  1111 1111 1111 1111 */
};


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

    addr->error = NULL;

    if (sv_address_plain(addr, data, len)) {
        return SV_ADDRESS_OK;
    }

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


/*
 * Parses nearly all addresses, which are a dot-string in ASCII and a plain
 * domain, in one pass.  Returns 0 for all others, also for invalid ones.
 */

static int
sv_address_plain(sv_address_t *addr, const unsigned char *data, size_t len)
{
    size_t         i;
    unsigned char  c, last;

    last = '.';

    for (i = 0; i < len && data[i] != '@'; i++) {
        c = data[i];

        if (i == SV_LOCAL_MAX || (c == '.' && last == '.')
            || (c != '.' && !sv_address_is_ascii_atext(c)))
        {
            return 0;
        }

        addr->local_buf[i] = c;
        last = c;
    }

    if (last == '.' || i == len || len > SV_ADDRESS_MAX
        || !sv_address_plain_domain(addr, data + i + 1, len - i - 1))
    {
        return 0;
    }

    addr->local.len = i;

    return 1;
}


/* Checks that nothing in the address can end a line of the conversation, or be
   hidden in one. */

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


/* Parses a dot-string.  Returns the length of the local part as typed; 0 with
   addr->error set. */

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

            /* RFC 6531 does not allow UTF-8 in a quoted-pair */

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


/* Writes the local part, quoted only if necessary.  It always fits: the input
   had the quotes, and at least as many backslashes. */

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
    return c >= 0x80 || sv_address_is_ascii_atext(c);
}


/*
 * RFC 6531 allows any UTF-8, and it is sent as given.  But a character that
 * nobody can see, or would type on purpose, was copied by mistake, and is an
 * error.
 */

static const char *
sv_address_local_utf8(sv_address_t *addr)
{
    uint32_t              ch;
    const unsigned char  *p, *end;

    p = addr->local.data;
    end = p + addr->local.len;

    while (p < end) {

        if (*p < 0x80) {
            p++;
            continue;
        }

        ch = sv_utf8_decode(&p, end);

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


/* Joiners (U+200C, U+200D) do change the text in some scripts. */

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
