
#include "sv_source.h"


static int sv_source_form_is(const unsigned char *p, const unsigned char *end,
    const sv_str_t *name);
static int sv_source_unescape(const unsigned char **pos,
    const unsigned char *end);


sv_source_status_e
sv_source_form(const unsigned char *data, size_t len, const sv_str_t *name,
    sv_source_value_t *value)
{
    int                   found;
    const unsigned char  *p, *end, *last, *eq;

    p = data;
    end = data + len;
    found = 0;

    while (p < end) {

        last = memchr(p, '&', end - p);
        if (last == NULL) {
            last = end;
        }

        eq = memchr(p, '=', last - p);

        if (sv_source_form_is(p, eq ? eq : last, name)) {

            if (found) {
                return SV_SOURCE_TWICE;
            }

            found = 1;
            p = eq ? eq + 1 : last;

            sv_source_decode(p, last - p, value);
        }

        p = last + 1;
    }

    return found ? SV_SOURCE_OK : SV_SOURCE_NONE;
}


/*
 * PHP takes spaces before a name off and ends it at a NUL: no second value
 * may get past us by that.
 */

static int
sv_source_form_is(const unsigned char *p, const unsigned char *end,
    const sv_str_t *name)
{
    int     c;
    size_t  n;

    while (p < end && (*p == '+' || *p == ' '
                       || (end - p >= 3 && memcmp(p, "%20", 3) == 0)))
    {
        p += (*p == '%') ? 3 : 1;
    }

    for (n = 0; p < end; n++) {
        c = sv_source_unescape(&p, end);

        if (c == '\0') {
            break;
        }

        if (n == name->len || name->data[n] != c) {
            return 0;
        }
    }

    return n == name->len;
}


void
sv_source_decode(const unsigned char *data, size_t len,
    sv_source_value_t *value)
{
    const unsigned char  *end;

    value->len = 0;
    value->cut = 0;

    end = data + len;

    while (data < end) {
        sv_source_put(value, (unsigned char) sv_source_unescape(&data, end));
    }
}


/* a character and how far it goes; a % that escapes nothing is a % */

static int
sv_source_unescape(const unsigned char **pos, const unsigned char *end)
{
    int                   high, low;
    const unsigned char  *p;

    p = *pos;
    *pos = p + 1;

    if (*p == '+') {
        return ' ';
    }

    if (*p != '%' || end - p < 3) {
        return *p;
    }

    high = sv_hex(p[1]);
    low = sv_hex(p[2]);

    if (high < 0 || low < 0) {
        return *p;
    }

    *pos = p + 3;

    return high << 4 | low;
}


void
sv_source_put(sv_source_value_t *value, unsigned char c)
{
    if (value->len == SV_SOURCE_VALUE_MAX) {
        value->cut = 1;
        return;
    }

    value->data[value->len++] = c;
}
