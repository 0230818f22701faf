
#include <stdlib.h>
#include <utf8proc.h>

#include "sv_address.h"
#include "sv_emoji.h"
#include "sv_idn.h"
#include "sv_utf8.h"


#define SV_EMOJI_LABEL  63

/* RFC 3492 */

#define SV_PUNY_BASE    36
#define SV_PUNY_TMIN    1
#define SV_PUNY_TMAX    26
#define SV_PUNY_SKEW    38
#define SV_PUNY_DAMP    700
#define SV_PUNY_BIAS    72
#define SV_PUNY_FIRST   0x80


static int sv_emoji_may_map(const unsigned char *data, size_t len);
static size_t sv_emoji_domain(unsigned char *dst, size_t size,
    const unsigned char *data, size_t len);
static size_t sv_emoji_label(unsigned char *dst, size_t size,
    const unsigned char *data, size_t len);
static size_t sv_emoji_split(const unsigned char *data, size_t len,
    uint32_t *label, unsigned char *rest, size_t *nrest);
static int sv_emoji_is(uint32_t ch);
static size_t sv_puny_encode(unsigned char *dst, size_t size,
    const uint32_t *label, size_t len);
static size_t sv_puny_number(unsigned char *dst, size_t size, uint32_t delta,
    uint32_t bias);
static uint32_t sv_puny_adapt(uint32_t delta, uint32_t n, int first);


size_t
sv_emoji_to_ascii(unsigned char *dst, size_t dst_size,
    const unsigned char *data, size_t len)
{
    size_t            n;
    utf8proc_ssize_t  mapped;
    utf8proc_uint8_t  *text;

    if (!sv_emoji_may_map(data, len)) {
        return 0;
    }

    /* the mapping of UTS #46, which also removes variation selectors */

    mapped = utf8proc_map(data, (utf8proc_ssize_t) len, &text,
                          UTF8PROC_STABLE|UTF8PROC_COMPOSE|UTF8PROC_COMPAT
                          |UTF8PROC_CASEFOLD|UTF8PROC_IGNORE);

    if (mapped < 0) {
        return 0;
    }

    n = sv_emoji_domain(dst, dst_size, text, (size_t) mapped);

    free(text);

    return n;
}


/*
 * Returns 0 for what UTS #46 does not map as case folding does: it keeps sharp
 * s and final sigma, joiners make another name, and tags are not allowed.
 */

static int
sv_emoji_may_map(const unsigned char *data, size_t len)
{
    uint32_t              ch;
    const unsigned char  *p, *end;

    for (p = data, end = data + len; p < end; /* void */ ) {
        ch = sv_utf8_decode(&p, end);

        if (ch == SV_UTF8_BAD || ch == 0xdf || ch == 0x1e9e || ch == 0x3c2
            || ch == 0x200c || ch == 0x200d || (ch >= 0xe0000 && ch < 0xe0080))
        {
            return 0;
        }
    }

    return 1;
}


static size_t
sv_emoji_domain(unsigned char *dst, size_t size, const unsigned char *data,
    size_t len)
{
    size_t                n, label;
    uint32_t              ch;
    const unsigned char  *p, *end, *start, *last;

    n = 0;
    p = data;
    end = data + len;

    for ( ;; ) {
        start = p;
        last = end;
        ch = 0;

        while (p < end) {
            last = p;
            ch = sv_utf8_decode(&p, end);

            if (ch == '.' || ch == 0x3002) {
                break;
            }

            last = end;
        }

        label = sv_emoji_label(dst + n, size - n, start, last - start);

        if (label == 0) {
            return 0;
        }

        n += label;

        if (last == end) {
            return n;
        }

        if (n == size) {
            return 0;
        }

        dst[n++] = '.';
    }
}


/* Converts a label.  Without its emoji it has to be valid by itself. */

static size_t
sv_emoji_label(unsigned char *dst, size_t size, const unsigned char *data,
    size_t len)
{
    int            error;
    size_t         n, nrest;
    uint32_t       label[SV_EMOJI_LABEL];
    unsigned char  rest[SV_EMOJI_LABEL * 4], ascii[SV_DOMAIN_MAX + 1];

    if (len == 0 || len > sizeof(rest) || data[0] == '-'
        || data[len - 1] == '-')
    {
        return 0;
    }

    n = sv_emoji_split(data, len, label, rest, &nrest);

    if (n == 0) {
        return sv_idn_plain(dst, size, data, len, &error);
    }

    if (nrest && sv_idn_plain(ascii, sizeof(ascii), rest, nrest, &error) == 0)
    {
        return 0;
    }

    return sv_puny_encode(dst, size, label, n);
}


/* Splits a label into code points, and returns their number; 0 if it has no
   emoji, or is too long. */

static size_t
sv_emoji_split(const unsigned char *data, size_t len, uint32_t *label,
    unsigned char *rest, size_t *nrest)
{
    int                   emoji;
    size_t                n;
    const unsigned char  *p, *end, *start;

    n = 0;
    *nrest = 0;
    emoji = 0;

    for (p = data, end = data + len; p < end; n++) {

        if (n == SV_EMOJI_LABEL) {
            return 0;
        }

        start = p;
        label[n] = sv_utf8_decode(&p, end);

        if (sv_emoji_is(label[n])) {
            emoji = 1;

        } else if (label[n] != '-') {
            memcpy(rest + *nrest, start, p - start);
            *nrest += p - start;
        }
    }

    return emoji ? n : 0;
}


static int
sv_emoji_is(uint32_t ch)
{
    int  class;

    if (ch < 0x80) {
        return 0;
    }

    class = utf8proc_get_property((utf8proc_int32_t) ch)->boundclass;

    return class == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC
           || class == UTF8PROC_BOUNDCLASS_REGIONAL_INDICATOR
           || (ch >= 0x1f3fb && ch <= 0x1f3ff)  /* skin tones */
           || ch == 0x20e3;                     /* keycap */
}


static size_t
sv_puny_encode(unsigned char *dst, size_t size, const uint32_t *label,
    size_t len)
{
    size_t    i, n, digits;
    uint32_t  ch, next, delta, bias, done;

    if (size < SV_EMOJI_LABEL) {
        return 0;
    }

    memcpy(dst, "xn--", 4);
    n = 4;

    for (done = 0, i = 0; i < len; i++) {
        if (label[i] < 0x80 && n < SV_EMOJI_LABEL) {
            dst[n++] = (unsigned char) label[i];
            done++;
        }
    }

    digits = done;

    if (done && n < SV_EMOJI_LABEL) {
        dst[n++] = '-';
    }

    ch = SV_PUNY_FIRST;
    bias = SV_PUNY_BIAS;

    for (delta = 0; done < len; delta++, ch++) {

        for (next = 0x110000, i = 0; i < len; i++) {
            if (label[i] >= ch && label[i] < next) {
                next = label[i];
            }
        }

        /* no overflow: at most 63 code points below 0x110000 */

        delta += (next - ch) * (done + 1);
        ch = next;

        for (i = 0; i < len; i++) {

            delta += (label[i] < ch);

            if (label[i] != ch) {
                continue;
            }

            next = (uint32_t) sv_puny_number(dst + n, SV_EMOJI_LABEL - n,
                                             delta, bias);
            if (next == 0) {
                return 0;
            }

            n += next;
            bias = sv_puny_adapt(delta, done + 1, done == digits);
            delta = 0;
            done++;
        }
    }

    return n;
}


/* Writes a variable-length integer.  Returns 0 if there is no room. */

static size_t
sv_puny_number(unsigned char *dst, size_t size, uint32_t delta, uint32_t bias)
{
    size_t    n;
    uint32_t  k, t, digit;

    for (n = 0, k = SV_PUNY_BASE; n < size; k += SV_PUNY_BASE) {

        t = (k <= bias) ? SV_PUNY_TMIN
                        : (k >= bias + SV_PUNY_TMAX) ? SV_PUNY_TMAX : k - bias;

        digit = (delta < t) ? delta : t + (delta - t) % (SV_PUNY_BASE - t);

        dst[n++] = (unsigned char) (digit < 26 ? 'a' + digit
                                               : '0' + digit - 26);
        if (delta < t) {
            return n;
        }

        delta = (delta - t) / (SV_PUNY_BASE - t);
    }

    return 0;
}


static uint32_t
sv_puny_adapt(uint32_t delta, uint32_t n, int first)
{
    uint32_t  k;

    delta = first ? delta / SV_PUNY_DAMP : delta / 2;
    delta += delta / n;

    for (k = 0;
         delta > ((SV_PUNY_BASE - SV_PUNY_TMIN) * SV_PUNY_TMAX) / 2;
         k += SV_PUNY_BASE)
    {
        delta /= SV_PUNY_BASE - SV_PUNY_TMIN;
    }

    return k + (SV_PUNY_BASE - SV_PUNY_TMIN + 1) * delta
               / (delta + SV_PUNY_SKEW);
}
