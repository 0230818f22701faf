
#include "sv_json.h"
#include "sv_source.h"
#include "sv_utf8.h"


#define SV_SOURCE_SCAN_MAX  512


static void sv_source_last_word(const sv_str_t *field, sv_str_t *word);
static int sv_source_scan_quoted(const unsigned char *data,
    const unsigned char *p, const unsigned char *end, const sv_str_t *word);
static size_t sv_source_scan_text(const unsigned char *p,
    const unsigned char *end, unsigned char *text);
static int sv_source_scan_part(const unsigned char *p,
    const unsigned char *end);
static int sv_source_scan_starts(const unsigned char *p,
    const unsigned char *end, const char *word);
static int sv_source_scan_element(const unsigned char *p,
    const unsigned char *end, const sv_str_t *word);


/*
 * Returns 1 if a body of another type has the field: as a pair of a form, which
 * some parsers find in any body, as a member of JSON, as a part of a multipart
 * body, or as an element of XML.
 */

int
sv_source_scan(const unsigned char *data, size_t len, const sv_str_t *field,
    sv_source_value_t *value)
{
    sv_str_t              word;
    const unsigned char  *p, *end;

    if (sv_source_form(data, len, field, value) != SV_SOURCE_NONE) {
        return 1;
    }

    sv_source_last_word(field, &word);

    if (word.len == 0) {
        return 0;
    }

    end = data + len;

    for (p = data; p < end; p++) {

        if (*p == '<' && sv_source_scan_element(p + 1, end, &word)) {
            return 1;
        }

        if ((*p == 'd' || *p == 'D') && sv_source_scan_part(p, end)) {
            return 1;
        }

        if ((*p == '"' || *p == '\'')
            && sv_source_scan_quoted(data, p, end, &word))
        {
            return 1;
        }
    }

    return 0;
}


/* Returns the last word of a field's name: "email" of user[email][0]. */

static void
sv_source_last_word(const sv_str_t *field, sv_str_t *word)
{
    size_t    i;
    unsigned  named;

    word->data = field->data;
    word->len = 0;
    named = 0;

    for (i = field->len; i > 0; i--) {

        if (field->data[i - 1] == '[' || field->data[i - 1] == ']') {

            if (named) {
                break;
            }

            word->len = 0;
            continue;
        }

        word->data = field->data + i - 1;
        word->len++;
        named |= !sv_is_digit(field->data[i - 1]);
    }
}


/* Finds "email": or name="email". */

static int
sv_source_scan_quoted(const unsigned char *data, const unsigned char *p,
    const unsigned char *end, const sv_str_t *word)
{
    unsigned char         text[SV_SOURCE_SCAN_MAX];
    const unsigned char  *q;

    if (end - p > SV_SOURCE_SCAN_MAX) {
        end = p + SV_SOURCE_SCAN_MAX;
    }

    q = memchr(p + 1, *p, end - p - 1);

    if (q == NULL
        || sv_source_alike(text, sv_source_scan_text(p + 1, q, text), word)
           == SV_SOURCE_OTHER)
    {
        return 0;
    }

    while (p > data && (p[-1] == ' ' || p[-1] == '\t' || p[-1] == '\0')) {
        p--;
    }

    for (q++; q < end && *q <= ' '; q++) {
        /* void */
    }

    return (p > data && p[-1] == '=') || (q < end && *q == ':');
}


/*
 * Finds a header such as "Disposition: form-data; name=email".  Many parsers
 * read all multipart types alike.  Only parts of forms have names, so any name
 * is suspicious.
 */

static int
sv_source_scan_part(const unsigned char *p, const unsigned char *end)
{
    const unsigned char  *q;

    if (!sv_source_scan_starts(p, end, "disposition")) {
        return 0;
    }

    if (end - p > SV_SOURCE_SCAN_MAX) {
        end = p + SV_SOURCE_SCAN_MAX;
    }

    /* up to the blank line after the headers */

    for (p += sizeof("disposition") - 1; end - p > 5; p++) {

        if ((p[0] == '\n' || p[0] == '\r')
            && (p[1] == p[0] || memcmp(p, "\n\r\n", 3) == 0))
        {
            return 0;
        }

        if (sv_is_alnum(p[0]) || !sv_source_scan_starts(p + 1, end, "name")) {
            continue;
        }

        for (q = p + 5; q < end && (*q == ' ' || *q == '\t'); q++) {
            /* void */
        }

        if (q < end && (*q == '=' || *q == '*')) {
            return 1;
        }
    }

    return 0;
}


/* ignores case */

static int
sv_source_scan_starts(const unsigned char *p, const unsigned char *end,
    const char *word)
{
    size_t  len;

    len = strlen(word);

    return (size_t) (end - p) >= len && sv_is_same(p, word, len);
}


/*
 * Copies a text without the escapes of JSON, and without NULs: some parsers
 * detect UTF-16 and UTF-32, in which ASCII has NULs around it.
 */

static size_t
sv_source_scan_text(const unsigned char *p, const unsigned char *end,
    unsigned char *text)
{
    size_t                n;
    uint32_t              ch;
    unsigned char         raw[SV_SOURCE_SCAN_MAX];
    const unsigned char  *next;

    for (n = 0; p < end; p++) {
        if (*p != '\0') {
            raw[n++] = *p;
        }
    }

    p = raw;
    end = raw + n;
    n = 0;

    while (p < end) {

        next = (*p == '\\') ? sv_json_escape(p, end, &ch) : NULL;

        if (next == NULL) {
            text[n++] = *p++;
            continue;
        }

        n += sv_utf8_encode(text + n, ch);
        p = next;
    }

    return n;
}


/* Finds <email> or <x:email a="b"/>. */

static int
sv_source_scan_element(const unsigned char *p, const unsigned char *end,
    const sv_str_t *word)
{
    size_t         n;
    unsigned char  text[SV_SOURCE_SCAN_MAX];

    if (end - p > SV_SOURCE_SCAN_MAX) {
        end = p + SV_SOURCE_SCAN_MAX;
    }

    for (n = 0; p < end; p++) {

        if (*p == ':') {
            n = 0;

        } else if (*p == '\0') {
            continue;

        } else if (*p <= ' ' || *p == '>' || *p == '/' || *p == '<') {
            break;

        } else {
            text[n++] = *p;
        }
    }

    return p < end && *p != '<' && n
           && sv_source_alike(text, n, word) != SV_SOURCE_OTHER;
}


/* Converts user[email] to /user/email. */

size_t
sv_source_pointer_of(const sv_str_t *field, unsigned char *dst, size_t size)
{
    size_t         i, n;
    unsigned char  c;

    n = 0;
    c = '[';

    for (i = 0; i < field->len; i++) {

        if (n + 3 > size) {
            return 0;
        }

        if (c == '[') {
            dst[n++] = '/';
        }

        c = field->data[i];

        switch (c) {

        case '[':
        case ']':
            break;

        case '~':
        case '/':
            dst[n++] = '~';
            dst[n++] = (c == '~') ? '0' : '1';
            break;

        default:
            dst[n++] = c;
        }
    }

    return n;
}


/* Converts /user/email to user[email]. */

size_t
sv_source_field_of(const sv_str_t *pointer, unsigned char *dst, size_t size)
{
    size_t         i, n;
    unsigned       open;
    unsigned char  c;

    n = 0;
    open = 0;

    for (i = 1; i < pointer->len; i++) {

        if (n + 3 > size) {
            return 0;
        }

        c = pointer->data[i];

        if (c == '/') {

            if (open) {
                dst[n++] = ']';
            }

            dst[n++] = '[';
            open = 1;
            continue;
        }

        if (c == '~' && i + 1 < pointer->len) {
            i++;
            c = (pointer->data[i] == '0') ? '~' : '/';
        }

        dst[n++] = c;
    }

    if (open) {
        dst[n++] = ']';
    }

    return n;
}
