
#include "sv_source.h"
#include "sv_utf8.h"


#define SV_SOURCE_FORM_NAME_MAX  1024


/* a form that is being read */

typedef struct {
    const sv_str_t     *name;
    sv_source_value_t  *value;
    unsigned            same;       /* fields with exactly that name */
    unsigned            like;
    const char         *error;      /* error of the field itself */
} sv_source_form_t;


static int sv_source_form_is_one(const unsigned char *data, size_t len,
    const sv_str_t *name);
static sv_source_status_e sv_source_form_pairs(const unsigned char *data,
    size_t len, const sv_str_t *name, sv_source_value_t *value);
static void sv_source_form_pair(sv_source_form_t *form,
    const unsigned char *p, const unsigned char *end);
static sv_source_alike_e sv_source_form_key(const unsigned char *p,
    const unsigned char *end, const sv_str_t *name,
    const unsigned char **eq);
static void sv_source_form_value(sv_source_form_t *form,
    const unsigned char *p, const unsigned char *end);
static sv_source_alike_e sv_source_form_alike(const unsigned char *p,
    const unsigned char *end, const sv_str_t *name);
static sv_source_alike_e sv_source_form_name(const unsigned char *p,
    const unsigned char *end, const sv_str_t *name, int skip, int *broken);
static int sv_source_form_is_plain(const unsigned char *data, size_t len,
    const sv_str_t *name, unsigned same);
static size_t sv_source_unescape_u(const unsigned char **pos,
    unsigned char *dst, int *exact);
static int sv_source_unescape(const unsigned char **pos,
    const unsigned char *end, int *exact);


sv_source_status_e
sv_source_form(const unsigned char *data, size_t len, const sv_str_t *name,
    sv_source_value_t *value)
{
    if (sv_source_form_is_one(data, len, name)) {
        sv_source_decode(data + name->len + 1, len - name->len - 1, value);
        return SV_SOURCE_OK;
    }

    return sv_source_form_pairs(data, len, name, value);
}


/*
 * The usual query string: only this field, and only characters that every
 * parser reads alike.
 */

static int
sv_source_form_is_one(const unsigned char *data, size_t len,
    const sv_str_t *name)
{
    unsigned char         c;
    const unsigned char  *p, *end;

    if (len <= name->len || data[name->len] != '='
        || memcmp(data, name->data, name->len) != 0)
    {
        return 0;
    }

    end = data + len;

    for (p = data + name->len + 1; p < end; p++) {

        c = *p | 0x20;

        if ((c >= 'a' && c <= 'z') || (*p >= '0' && *p <= '9')
            || *p == '@' || *p == '.' || *p == '-' || *p == '_')
        {
            continue;
        }

        if (end - p < 3 || memcmp(p, "%40", 3) != 0) {
            return 0;
        }

        p += 2;
    }

    return 1;
}


static sv_source_status_e
sv_source_form_pairs(const unsigned char *data, size_t len,
    const sv_str_t *name, sv_source_value_t *value)
{
    sv_source_form_t      form;
    const unsigned char  *p, *end, *last;

    memset(&form, 0, sizeof(sv_source_form_t));

    form.name = name;
    form.value = value;

    p = data;
    end = data + len;

    while (p < end) {

        last = memchr(p, '&', end - p);
        if (last == NULL) {
            last = end;
        }

        sv_source_form_pair(&form, p, last);

        p = last + 1;
    }

    if (form.same && form.same + form.like > 1) {
        return sv_source_error(value, SV_SOURCE_TWICE,
                               "The field of the e-mail address is given "
                               "twice, or beside a name that applications "
                               "take for its own; give it once.");
    }

    if (form.like) {
        return sv_source_error(value, SV_SOURCE_MALFORMED,
                               "A name may be taken for the field of the "
                               "e-mail address; write the exact name of the "
                               "field, without brackets, blanks, \";\" or "
                               "broken percent-encoding.");
    }

    if (form.error) {
        return sv_source_error(value, SV_SOURCE_MALFORMED, form.error);
    }

    if (!sv_source_form_is_plain(data, len, name, form.same)) {
        return sv_source_error(value, SV_SOURCE_MALFORMED,
                               "Write characters that are not ASCII "
                               "percent-encoded; some applications take what "
                               "stands here for the field of the e-mail "
                               "address.");
    }

    return form.same ? SV_SOURCE_OK : SV_SOURCE_NONE;
}


/*
 * Reads a pair between two "&".  Some parsers also end a pair at ";", so names
 * after a ";" count, and the value must not have one.
 */

static void
sv_source_form_pair(sv_source_form_t *form, const unsigned char *p,
    const unsigned char *end)
{
    const unsigned char  *eq, *last;

    switch (sv_source_form_key(p, end, form->name, &eq)) {

    case SV_SOURCE_SAME:
        form->same++;
        sv_source_form_value(form, eq ? eq + 1 : end, end);
        break;

    case SV_SOURCE_LIKE:
        form->like++;
        break;

    default:
        break;
    }

    for (last = memchr(p, ';', end - p); last; /* void */) {

        p = last + 1;
        last = memchr(p, ';', end - p);

        if (sv_source_form_key(p, last ? last : end, form->name, &eq)
            != SV_SOURCE_OTHER)
        {
            form->like++;
        }
    }
}


/* Compares the name of a pair.  h3 removes every "=" before it. */

static sv_source_alike_e
sv_source_form_key(const unsigned char *p, const unsigned char *end,
    const sv_str_t *name, const unsigned char **eq)
{
    sv_source_alike_e     alike;
    const unsigned char  *start;

    for (start = p; start < end && *start == '='; start++) {
        /* void */
    }

    *eq = (start < end) ? memchr(start, '=', end - start) : NULL;
    alike = sv_source_form_alike(start, *eq ? *eq : end, name);

    return (alike == SV_SOURCE_SAME && start > p) ? SV_SOURCE_LIKE : alike;
}


static void
sv_source_form_value(sv_source_form_t *form, const unsigned char *p,
    const unsigned char *end)
{
    int  exact;

    sv_source_decode(p, end - p, form->value);

    if (memchr(p, ';', end - p)) {
        form->error = "Write a \";\" in the e-mail address as %3B: some "
                      "applications end the value there.";
    }

    exact = 1;

    while (p < end) {

        if (*p >= 0x80) {
            form->error = "Write characters of the e-mail address that are "
                          "not ASCII percent-encoded.";
        }

        (void) sv_source_unescape(&p, end, &exact);
    }

    if (!exact) {
        form->error = "A % in the e-mail address must be followed by two "
                      "hexadecimal digits; %25 stands for the % itself.";
    }
}


/*
 * Some parsers remove the highest bit of each byte before they look for
 * separators.  Returns 1 if there are as many pairs with the field's name, or
 * one like it, when read that way.
 */

static int
sv_source_form_is_plain(const unsigned char *data, size_t len,
    const sv_str_t *name, unsigned same)
{
    size_t         i, n;
    unsigned       found, value;
    unsigned char  c, text[SV_SOURCE_FORM_NAME_MAX];

    for (i = 0; i < len && data[i] < 0x80; i++) {
        /* void */
    }

    if (i == len) {
        return 1;
    }

    found = 0;
    value = 0;
    n = 0;

    for (i = 0; i <= len; i++) {

        c = (i == len) ? '&' : data[i] & 0x7f;

        if (c == '&' || c == ';') {

            found += (sv_source_form_alike(text, text + n, name)
                      != SV_SOURCE_OTHER);
            n = 0;
            value = 0;

        } else if (c == '=') {
            value = (n > 0);

        } else if (!value && n < sizeof(text)) {
            text[n++] = c;
        }
    }

    return found == same;
}


/* Some parsers remove a "%" that is not an escape from the name. */

static sv_source_alike_e
sv_source_form_alike(const unsigned char *p, const unsigned char *end,
    const sv_str_t *name)
{
    int                broken;
    sv_source_alike_e  alike;

    alike = sv_source_form_name(p, end, name, 0, &broken);

    if (alike != SV_SOURCE_OTHER || !broken) {
        return alike;
    }

    return sv_source_form_name(p, end, name, 1, &broken) == SV_SOURCE_OTHER
           ? SV_SOURCE_OTHER : SV_SOURCE_LIKE;
}


/*
 * Compares a name.  skip: remove a broken "%".  Some parsers read %u0065 as
 * "e".  Blanks before the name do not count, however many there are.
 */

static sv_source_alike_e
sv_source_form_name(const unsigned char *p, const unsigned char *end,
    const sv_str_t *name, int skip, int *broken)
{
    int                exact, escape;
    size_t             n;
    unsigned char      text[SV_SOURCE_FORM_NAME_MAX + 4];
    sv_source_alike_e  alike;

    n = 0;
    exact = 1;
    *broken = 0;

    while (p < end && n < SV_SOURCE_FORM_NAME_MAX) {

        escape = (end - p >= 3 && sv_hex(p[1]) >= 0 && sv_hex(p[2]) >= 0);

        if (*p == '%' && !escape) {
            *broken = 1;

            if (skip) {
                p++;
                continue;
            }
        }

        if (end - p >= 6 && p[0] == '%' && (p[1] | 0x20) == 'u') {
            n += sv_source_unescape_u(&p, text + n, &exact);
            continue;
        }

        text[n] = (unsigned char) sv_source_unescape(&p, end, &exact);

        if (n == 0 && sv_source_is_blank(text[0])) {
            exact = 0;
            continue;
        }

        n++;
    }

    alike = sv_source_alike(text, n, name);

    return (alike == SV_SOURCE_SAME && (!exact || p < end)) ? SV_SOURCE_LIKE
                                                            : alike;
}


/* Decodes %uXXXX.  Returns the number of octets of UTF-8. */

static size_t
sv_source_unescape_u(const unsigned char **pos, unsigned char *dst,
    int *exact)
{
    int       digit;
    size_t    i;
    uint32_t  ch;

    ch = 0;
    *exact = 0;

    for (i = 2; i < 6; i++) {

        digit = sv_hex((*pos)[i]);

        if (digit < 0) {
            *pos += 1;
            *dst = '%';
            return 1;
        }

        ch = ch << 4 | (uint32_t) digit;
    }

    *pos += 6;

    return sv_utf8_encode(dst, ch);
}


void
sv_source_decode(const unsigned char *data, size_t len,
    sv_source_value_t *value)
{
    int                   exact;
    const unsigned char  *end;

    value->len = 0;
    value->cut = 0;

    end = data + len;

    while (data < end) {
        sv_source_put(value, (unsigned char) sv_source_unescape(&data, end,
                                                            &exact));
    }
}


/* Decodes one character and moves *pos.  A "%" that is not an escape is a
   "%". */

static int
sv_source_unescape(const unsigned char **pos, const unsigned char *end,
    int *exact)
{
    int                   high, low;
    const unsigned char  *p;

    p = *pos;
    *pos = p + 1;

    if (*p == '+') {
        return ' ';
    }

    if (*p != '%') {
        return *p;
    }

    high = (end - p < 3) ? -1 : sv_hex(p[1]);
    low = (end - p < 3) ? -1 : sv_hex(p[2]);

    if (high < 0 || low < 0) {
        *exact = 0;
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


sv_source_status_e
sv_source_error(sv_source_value_t *value, sv_source_status_e status,
    const char *error)
{
    value->error = error;

    return status;
}
