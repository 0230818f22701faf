
#include <string.h>

#include "sv_utf8.h"


static unsigned sv_utf8_head(unsigned char c, unsigned char *low,
    unsigned char *high);
static int sv_utf8_is_space(uint32_t ch);


uint32_t
sv_utf8_decode(const unsigned char **p, const unsigned char *end)
{
    unsigned              n;
    uint32_t              ch;
    unsigned char         c, low, high;
    const unsigned char  *s;

    s = *p;
    c = *s++;
    *p = s;

    if (c < 0x80) {
        return c;
    }

    n = sv_utf8_head(c, &low, &high);

    if (n == 0) {
        return SV_UTF8_BAD;
    }

    ch = c & (0x3f >> n);

    while (n--) {

        if (s == end || *s < low || *s > high) {
            *p = s;
            return SV_UTF8_BAD;
        }

        ch = (ch << 6) | (*s++ & 0x3f);

        low = 0x80;
        high = 0xbf;
    }

    *p = s;

    return ch;
}


/*
 * Returns how many octets follow a lead byte, or 0 if it is not one.  The range
 * of the first of them excludes overlong forms and surrogates.
 */

static unsigned
sv_utf8_head(unsigned char c, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;

    if (c < 0xc2) {
        return 0;
    }

    if (c < 0xe0) {
        return 1;
    }

    if (c < 0xf0) {

        if (c == 0xe0) {
            *low = 0xa0;

        } else if (c == 0xed) {
            *high = 0x9f;
        }

        return 2;
    }

    if (c < 0xf5) {

        if (c == 0xf0) {
            *low = 0x90;

        } else if (c == 0xf4) {
            *high = 0x8f;
        }

        return 3;
    }

    return 0;
}


size_t
sv_utf8_encode(unsigned char *dst, uint32_t ch)
{
    if (ch < 0x80) {
        dst[0] = (unsigned char) ch;
        return 1;
    }

    if (ch < 0x800) {
        dst[0] = (unsigned char) (0xc0 | ch >> 6);
        dst[1] = (unsigned char) (0x80 | (ch & 0x3f));
        return 2;
    }

    if (ch >= 0xd800 && ch <= 0xdfff) {
        dst[0] = 0xff;
        return 1;
    }

    if (ch < 0x10000) {
        dst[0] = (unsigned char) (0xe0 | ch >> 12);
        dst[1] = (unsigned char) (0x80 | (ch >> 6 & 0x3f));
        dst[2] = (unsigned char) (0x80 | (ch & 0x3f));
        return 3;
    }

    dst[0] = (unsigned char) (0xf0 | ch >> 18);
    dst[1] = (unsigned char) (0x80 | (ch >> 12 & 0x3f));
    dst[2] = (unsigned char) (0x80 | (ch >> 6 & 0x3f));
    dst[3] = (unsigned char) (0x80 | (ch & 0x3f));

    return 4;
}


int
sv_utf8_valid(const unsigned char *data, size_t len)
{
    const unsigned char  *p, *end;

    if (len == 0) {
        return 1;
    }

    p = data;
    end = data + len;

    while (p < end) {

        if (*p < 0x80) {
            p++;

        } else if (sv_utf8_decode(&p, end) == SV_UTF8_BAD) {
            return 0;
        }
    }

    return 1;
}


int
sv_utf8_is_control(uint32_t ch)
{
    return ch < 0x20
           || (ch >= 0x7f && ch <= 0x9f)
           || (ch >= 0x2028 && ch <= 0x202e)
           || (ch >= 0x2066 && ch <= 0x2069);
}


size_t
sv_utf8_clean(unsigned char *dst, size_t dst_size, const unsigned char *src,
    size_t len)
{
    size_t                n, size;
    uint32_t              ch;
    const unsigned char  *p, *end, *start;

    if (len == 0) {
        return 0;
    }

    n = 0;
    p = src;
    end = src + len;

    while (p < end) {

        if (*p >= 0x20 && *p < 0x7f && n < dst_size) {
            dst[n++] = *p++;
            continue;
        }

        start = p;
        ch = sv_utf8_decode(&p, end);
        size = p - start;

        if (ch == SV_UTF8_BAD) {
            start = (const unsigned char *) "\xef\xbf\xbd";
            size = 3;

        } else if (sv_utf8_is_control(ch)) {
            start = (const unsigned char *) " ";
            size = 1;
        }

        if (size > dst_size - n) {
            break;
        }

        memcpy(dst + n, start, size);
        n += size;
    }

    return n;
}


void
sv_utf8_trim(const unsigned char **data, size_t *len)
{
    const unsigned char  *p, *start, *end;

    start = *data;
    end = start + *len;

    while (start < end) {
        p = start;

        if (!sv_utf8_is_space(sv_utf8_decode(&p, end))) {
            break;
        }

        start = p;
    }

    while (start < end) {
        p = end - 1;

        while (p > start && end - p < 4 && (*p & 0xc0) == 0x80) {
            p--;
        }

        *data = p;

        if (!sv_utf8_is_space(sv_utf8_decode(data, end)) || *data != end) {
            break;
        }

        end = p;
    }

    *data = start;
    *len = end - start;
}


static int
sv_utf8_is_space(uint32_t ch)
{
    if (ch <= 0x20) {
        return ch == ' ' || (ch >= '\t' && ch <= '\r');
    }

    switch (ch) {

    case 0x85:                  /* next line */
    case 0xa0:                  /* no-break space */
    case 0x1680:
    case 0x2028:                /* line and paragraph separators */
    case 0x2029:
    case 0x202f:
    case 0x205f:
    case 0x2060:                /* word joiner */
    case 0x3000:                /* ideographic space */
    case 0xfeff:                /* byte order mark */
        return 1;

    default:
        return ch >= 0x2000 && ch <= 0x200b;
    }
}
