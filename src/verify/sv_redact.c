
#include "sv_address.h"
#include "sv_redact.h"


#define SV_REDACT_SAME   0xff
#define SV_REDACT_LOWER  0xfe
#define SV_REDACT_UPPER  0xfd

#define sv_is_mark(c)    ((c) >= SV_REDACT_UPPER)
#define sv_is_escape(c)  ((c) == '%' || (c) == '+' || (c) == '=')
#define sv_is_word(c)    (sv_is_alnum(c) || (c) >= 0x80)
#define sv_upper(c)                                                           \
    (unsigned char) ((c) >= 'a' && (c) <= 'z' ? ((c) & ~0x20) : (c))


typedef struct {
    size_t          len;
    unsigned char   data[SV_ADDRESS_MAX];
} sv_needle_t;


static void sv_redact_needle(sv_needle_t *needle, const sv_str_t *local);
static size_t sv_redact_match(const unsigned char *p,
    const unsigned char *end, const sv_needle_t *needle, unsigned encoded);
static unsigned char sv_redact_mark(const unsigned char *p, size_t len,
    const sv_needle_t *needle);
static int sv_redact_hex(const unsigned char *p, const unsigned char *end);
static unsigned char *sv_redact_other(unsigned char *dst,
    unsigned char *last);
static int sv_redact_is_atom(unsigned char c);


size_t
sv_redact(unsigned char *dst, const unsigned char *text, size_t len,
    const sv_str_t *local)
{
    size_t                n;
    unsigned char        *last, first;
    sv_needle_t           needle;
    const unsigned char  *p, *end;

    sv_redact_needle(&needle, local);

    p = text;
    end = text + len;
    last = dst;
    first = needle.len ? sv_lower(needle.data[0]) : '@';

    while (p < end) {

        /* most octets begin nothing of interest */

        if (*p != '@' && !sv_is_escape(*p) && sv_lower(*p) != first) {
            *last++ = *p++;
            continue;
        }

        n = 0;

        if (needle.len
            && (p == text || !sv_is_word(p[-1])
                || !sv_is_word(needle.data[0])))
        {
            n = sv_redact_match(p, end, &needle, 0);

            if (n == 0) {
                n = sv_redact_match(p, end, &needle, 1);
            }
        }

        if (n) {
            *last++ = sv_redact_mark(p, n, &needle);
            p += n;
            continue;
        }

        if (*p == '@' || sv_redact_hex(p, end) == '@') {
            last = sv_redact_other(dst, last);
        }

        *last++ = *p++;
    }

    return last - dst;
}


size_t
sv_redact_all(unsigned char *dst, const unsigned char *text, size_t len,
    const sv_str_t *local)
{
    size_t          n;
    unsigned char  *p, *end, *last;

    len = sv_redact(dst, text, len, local);

    end = dst + len;
    last = dst;

    for (p = dst; p < end; /* void */ ) {

        if (sv_is_mark(*p)) {
            *last++ = '*';
            p++;
            continue;
        }

        n = (*p == '@') ? 1 : sv_redact_hex(p, end) == '@' ? 3 : 0;

        if (n == 0 || p + n == end || !sv_is_word(p[n])) {
            *last++ = *p++;
            continue;
        }

        for (p += n; p < end && (sv_is_word(*p) || *p == '.' || *p == '-');
             p++)
        {
            /* its domain */
        }
    }

    return last - dst;
}


size_t
sv_redact_undo(unsigned char *dst, size_t size, const unsigned char *text,
    size_t len, const sv_str_t *local)
{
    size_t                i;
    unsigned char        *last, *room;
    sv_needle_t           needle;
    const unsigned char  *p, *end;

    p = text;
    end = text + len;
    last = dst;
    room = dst + size;
    needle.len = 0;

    for ( /* void */ ; p < end; p++) {

        if (!sv_is_mark(*p)) {
            if (last == room) {
                break;
            }

            *last++ = *p;
            continue;
        }

        if (needle.len == 0) {
            sv_redact_needle(&needle, local);
        }

        if (needle.len > (size_t) (room - last)) {
            break;
        }

        for (i = 0; i < needle.len; i++) {
            *last++ = (*p == SV_REDACT_LOWER) ? sv_lower(needle.data[i])
                      : (*p == SV_REDACT_UPPER) ? sv_upper(needle.data[i])
                      : needle.data[i];
        }
    }

    return last - dst;
}


/* the local part without its quotes, as servers repeat it with and without
   them */

static void
sv_redact_needle(sv_needle_t *needle, const sv_str_t *local)
{
    size_t  i;

    needle->len = 0;

    for (i = 0; i < local->len && needle->len < sizeof(needle->data); i++) {

        if (local->data[0] == '"') {

            if (local->data[i] == '"') {
                continue;
            }

            if (local->data[i] == '\\' && i + 1 < local->len) {
                i++;
            }
        }

        needle->data[needle->len++] = local->data[i];
    }
}


/* The length of the text at p that matches the needle; 0: it does not match. */

static size_t
sv_redact_match(const unsigned char *p, const unsigned char *end,
    const sv_needle_t *needle, unsigned encoded)
{
    int                   ch;
    size_t                i;
    const unsigned char  *start;

    start = p;

    for (i = 0; i < needle->len; i++) {

        if (p == end) {
            return 0;
        }

        ch = encoded ? sv_redact_hex(p, end) : -1;

        if (ch != -1 && sv_lower(ch) == sv_lower(needle->data[i])) {
            p += 3;

        } else if (sv_lower(*p) == sv_lower(needle->data[i])) {
            p++;

        } else {
            return 0;
        }
    }

    if (p < end && sv_is_word(*p) && sv_is_word(needle->data[i - 1])) {
        return 0;
    }

    return p - start;
}


static unsigned char
sv_redact_mark(const unsigned char *p, size_t len, const sv_needle_t *needle)
{
    size_t    i;
    unsigned  same, lower, upper;

    if (len != needle->len) {
        return SV_REDACT_SAME;
    }

    same = 1;
    lower = 1;
    upper = 1;

    for (i = 0; i < len; i++) {
        same &= (p[i] == needle->data[i]);
        lower &= (p[i] == sv_lower(needle->data[i]));
        upper &= (p[i] == sv_upper(needle->data[i]));
    }

    return same ? SV_REDACT_SAME
           : lower ? SV_REDACT_LOWER
           : upper ? SV_REDACT_UPPER : SV_REDACT_SAME;
}


/* The value of "%40", or of "+40" or "=40" as some write it; otherwise -1. */

static int
sv_redact_hex(const unsigned char *p, const unsigned char *end)
{
    int  high, low;

    if (end - p < 3 || !sv_is_escape(*p)) {
        return -1;
    }

    high = sv_hex(p[1]);
    low = sv_hex(p[2]);

    return high < 0 || low < 0 ? -1 : high << 4 | low;
}


/* An "@" follows.  What is before it is the mark, or somebody else's local
   part, which becomes "*". */

static unsigned char *
sv_redact_other(unsigned char *dst, unsigned char *last)
{
    unsigned char  *p;

    p = last;

    if (p > dst && p[-1] == '"') {

        p--;

        while (p > dst && p[-1] != '"') {
            p--;
        }

        if (p == dst || last - p == 1
            || (last - p == 2 && sv_is_mark(*p)))
        {
            return last;
        }

        *p++ = '*';
        *p++ = '"';

        return p;
    }

    while (p > dst && sv_redact_is_atom(p[-1])) {
        p--;
    }

    if (p == last || (last - p == 1 && sv_is_mark(*p))) {
        return last;
    }

    *p++ = '*';

    return p;
}


/* The usual characters of a local part.  Others separate the parts of a URL. */

static int
sv_redact_is_atom(unsigned char c)
{
    return sv_is_word(c)
           || (c != '\0' && strchr("!&'*+-._~^", c) != NULL);
}
