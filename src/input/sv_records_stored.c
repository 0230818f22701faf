
#include <stdio.h>

#include "sv_records.h"


#define SV_RECORDS_STORED_HEAD  48


static int sv_records_stored_number(const unsigned char **pos,
    const unsigned char *end, unsigned *n);
static int sv_records_stored_skip(unsigned char **pos, unsigned char *end);
static int sv_records_stored_value(unsigned char **pos, unsigned char *end,
    sv_str_t *value);
static unsigned char sv_records_stored_escape(unsigned char **pos,
    unsigned char *end);
static unsigned sv_records_stored_hex(unsigned char c);


/* What has to be known of a list of CSV: the number of its columns, the one of
   the address, the delimiter, and the names. */

size_t
sv_records_stored_put(sv_records_t *rs, unsigned char *dst, size_t size)
{
    size_t  len, n;
    char    head[SV_RECORDS_STORED_HEAD];

    len = snprintf(head, sizeof(head), "%u %u %u ", rs->ncolumns, rs->icolumn,
                   (unsigned) rs->delimiter);

    if (len > size) {
        return size + 1;
    }

    memcpy(dst, head, len);
    n = sv_records_names_csv(rs, dst + len, size - len);

    return n > size - len ? size + 1 : len + n;
}


int
sv_records_stored_get(sv_records_stored_t *st, const sv_str_t *note)
{
    unsigned              delimiter;
    const unsigned char  *p, *end;

    p = note->data;
    end = p + note->len;

    if (note->len == 0
        || !sv_records_stored_number(&p, end, &st->ncolumns)
        || !sv_records_stored_number(&p, end, &st->icolumn)
        || !sv_records_stored_number(&p, end, &delimiter)
        || st->ncolumns > SV_RECORDS_FIELDS_MAX
        || st->icolumn >= st->ncolumns)
    {
        st->ncolumns = 0;
        return 0;
    }

    st->safe = (delimiter == ',') ? SV_RECORDS_AS_IT_IS
                                  : SV_RECORDS_SAFE_INSIDE;
    st->names.data = note->data + (p - note->data);
    st->names.len = end - p;

    return 1;
}


/*
 * The members of the object are the fields of the line, without the address and
 * in their order.  A line that was short has fewer of them.  The strings are
 * decoded where they are.
 */

size_t
sv_records_stored_csv(const sv_records_stored_t *st, const sv_str_t *email,
    sv_str_t *input, unsigned char *dst, size_t size)
{
    size_t             n, len;
    unsigned           i;
    sv_str_t           value;
    unsigned char     *p, *end;
    sv_records_safe_e  safe;

    p = input->data;
    end = p + input->len;
    len = 0;

    for (i = 0; i < st->ncolumns; i++) {

        if (i == st->icolumn) {
            value = *email;
            safe = SV_RECORDS_SAFE;

        } else {
            safe = st->safe;

            if (!sv_records_stored_value(&p, end, &value)) {
                p = end;
                value.len = 0;
            }
        }

        if (len == size) {
            return size + 1;
        }

        dst[len++] = ',';

        if (value.len == 0) {
            continue;
        }

        n = sv_records_csv_value(dst + len, size - len, value.data, value.len,
                                 safe);
        if (n > size - len) {
            return size + 1;
        }

        len += n;
    }

    return len;
}


static int
sv_records_stored_number(const unsigned char **pos, const unsigned char *end,
    unsigned *n)
{
    const unsigned char  *p;

    p = *pos;

    for (*n = 0; p < end && *p >= '0' && *p <= '9' && *n < 1000; p++) {
        *n = *n * 10 + (*p - '0');
    }

    if (p == *pos || p == end || *p != ' ') {
        return 0;
    }

    *pos = p + 1;

    return 1;
}


/* Reads the next member, of which the name is not needed. */

static int
sv_records_stored_value(unsigned char **pos, unsigned char *end,
    sv_str_t *value)
{
    unsigned char  *p, *to;

    p = *pos;

    if (p == end || (*p != '{' && *p != ',')) {
        return 0;
    }

    p++;

    if (!sv_records_stored_skip(&p, end)
        || end - p < 2 || p[0] != ':' || p[1] != '"')
    {
        return 0;
    }

    p += 2;
    to = p;
    value->data = p;

    while (p < end && *p != '"') {
        *to++ = (*p == '\\') ? sv_records_stored_escape(&p, end) : *p++;
    }

    if (p == end) {
        return 0;
    }

    value->len = to - value->data;
    *pos = p + 1;

    return 1;
}


static int
sv_records_stored_skip(unsigned char **pos, unsigned char *end)
{
    unsigned char  *p;

    p = *pos;

    if (p == end || *p != '"') {
        return 0;
    }

    for (p++; p < end && *p != '"'; p++) {
        if (*p == '\\' && ++p == end) {
            return 0;
        }
    }

    if (p == end) {
        return 0;
    }

    *pos = p + 1;

    return 1;
}


/* We write no other escapes than \", \\ and \u00XX of control characters. */

static unsigned char
sv_records_stored_escape(unsigned char **pos, unsigned char *end)
{
    unsigned char  *p, c;

    p = *pos + 1;

    if (p == end) {
        *pos = end;
        return '?';
    }

    if (*p != 'u') {
        *pos = p + 1;
        return *p;
    }

    if (end - p < 5) {
        *pos = end;
        return '?';
    }

    c = (unsigned char) (sv_records_stored_hex(p[3]) * 16
                         + sv_records_stored_hex(p[4]));
    *pos = p + 5;

    return c;
}


static unsigned
sv_records_stored_hex(unsigned char c)
{
    return c <= '9' ? (c - '0') & 15 : ((c | 0x20) - 'a' + 10) & 15;
}
