
/*
 * One byte for the kind, then a line with the name, the pointer or the
 * Content-Type, then the body.
 *
 * Where there is a value the body is read once more, as parsers do that are
 * careless in one way or another: they must not find another one.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_source.h"
#include "sv_utf8.h"


static sv_str_t  email = sv_string("email");


/* where it is in the text, without regard to case; NULL: nowhere */

static const uint8_t *
find(const uint8_t *p, const uint8_t *end, const char *word, size_t n)
{
    size_t  i;

    for ( /* void */ ; (size_t) (end - p) >= n; p++) {

        for (i = 0; i < n && sv_lower(p[i]) == sv_lower(word[i]); i++) {
            /* void */
        }

        if (i == n) {
            return p;
        }
    }

    return NULL;
}


/*
 * Pairs end at "&" or ";", names are of one case, bytes have seven bits, and
 * a % that escapes nothing is left out.
 */

static unsigned
careless_pairs(const uint8_t *p, const uint8_t *end, uint8_t mask, int skip)
{
    size_t    n;
    uint8_t   name[6], c;
    unsigned  found;

    for (found = 0; p < end; p++) {

        for (n = 0; p < end; p++) {

            c = *p & mask;

            if (c == '&' || c == ';' || c == '=') {
                break;
            }

            if (c == '%' && end - p >= 3 && sv_hex(p[1]) >= 0
                && sv_hex(p[2]) >= 0)
            {
                c = (uint8_t) (sv_hex(p[1]) << 4 | sv_hex(p[2]));
                p += 2;

            } else if (c == '%' && skip) {
                continue;
            }

            /* blanks before it are left out, and what is behind a bracket */

            if (n == 0 && (c == ' ' || c == '+')) {
                continue;
            }

            if (n < sizeof(name)) {
                name[n++] = (c == '[' || c == '\0') ? '\0' : sv_lower(c);
            }
        }

        found += (n >= 5 && memcmp(name, "email", 5) == 0
                  && (n == 5 || name[5] == '\0'));

        while (p < end && (*p & mask) != '&' && (*p & mask) != ';') {
            p++;
        }
    }

    return found;
}


static void
check_form(const uint8_t *body, size_t size, sv_source_status_e status)
{
    unsigned  found;

    if (status == SV_SOURCE_OK || status == SV_SOURCE_NONE) {
        found = (status == SV_SOURCE_OK);

        assert(careless_pairs(body, body + size, 0xff, 0) == found);
        assert(careless_pairs(body, body + size, 0x7f, 0) == found);
        assert(careless_pairs(body, body + size, 0xff, 1) == found);
    }
}


/* how many boundaries a parser sees that has only the bytes of boundaries */

static unsigned
careless_boundaries(const uint8_t *body, size_t size, const sv_str_t *bound,
    uint8_t mask)
{
    size_t     i, n;
    uint8_t   *text;
    unsigned   found;

    text = malloc(size);
    assert(text);

    for (n = 0, i = 0; i < size; i++) {

        if (sv_source_is_bound(body[i] & mask)) {
            text[n++] = body[i] & mask;
        }
    }

    for (found = 0, i = 0; i + bound->len <= n; i++) {

        if (memcmp(text + i, bound->data, bound->len) == 0) {
            found++;
            i += bound->len - 1;
        }
    }

    free(text);

    return found;
}


/* each boundary is a delimiter, and each "name=" the only one of its part */

static void
check_multipart(const uint8_t *body, size_t size, const sv_str_t *type,
    sv_source_status_e status)
{
    size_t              n;
    unsigned            found, bounds;
    const uint8_t      *p, *end, *next, *head;
    sv_source_media_t   media;

    if (status != SV_SOURCE_OK && status != SV_SOURCE_NONE) {
        return;
    }

    assert(sv_source_type(type, &media) == SV_SOURCE_TYPE_MULTIPART);

    n = media.boundary.len;
    end = body + size;
    found = 0;
    bounds = 0;

    assert(size >= n + 4);
    assert(memcmp(body + 2, media.boundary.data, n) == 0);

    /* the boundary is nowhere else */

    for (p = body; p; p = next) {

        assert(p == body || memcmp(p - 2, "\r\n", 2) == 0);

        p += 2 + n;
        bounds++;

        assert(end - p >= 2);

        if (memcmp(p, "--", 2) == 0) {
            assert(end - p <= 6);
            break;
        }

        assert(memcmp(p, "\r\n", 2) == 0);

        for (next = p; next + n <= end; next++) {
            if (memcmp(next, media.boundary.data, n) == 0) {
                break;
            }
        }

        assert(next + n <= end);
        next -= 2;
        assert(memcmp(next, "--", 2) == 0);

        head = find(p, next, "\r\n\r\n", 4);
        assert(head);

        p = find(p, head, "; name=", 7);
        assert(p);
        assert(find(p + 7, head, " name=", 6) == NULL);

        found += (head - p >= 14 && memcmp(p + 7, "\"email\"", 7) == 0);
        found += (head - p >= 12 && memcmp(p + 7, "email", 5) == 0);
    }

    assert(found == (status == SV_SOURCE_OK));

    assert(careless_boundaries(body, size, &media.boundary, 0xff) == bounds);
    assert(careless_boundaries(body, size, &media.boundary, 0x7f) == bounds);
}


static void
check_names(const sv_str_t *field)
{
    size_t         n;
    unsigned char  text[2 * SV_SOURCE_NAME_MAX + 3];
    unsigned char  back[2 * SV_SOURCE_NAME_MAX + 3];
    sv_str_t       pointer;

    assert(sv_source_alike(field->data, field->len, field)
           == SV_SOURCE_SAME);

    n = sv_source_pointer_of(field, text, sizeof(text));
    assert(n <= sizeof(text));

    pointer.data = text;
    pointer.len = n;

    assert(n == 0 || n > SV_SOURCE_NAME_MAX
           || sv_source_pointer_valid(text, n));

    n = sv_source_field_of(&pointer, back, sizeof(back));
    assert(n <= sizeof(back));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sv_str_t             line;
    const uint8_t       *body;
    sv_source_value_t    value;
    sv_source_media_t    media;
    sv_source_status_e   status;

    body = size ? memchr(data, '\n', size) : NULL;

    if (body == NULL || body == data) {
        return 0;
    }

    line.data = (unsigned char *) data + 1;
    line.len = body - line.data;

    body++;
    size -= body - data;

    value.error = NULL;

    switch (data[0]) {

    case 'j':
        if (!sv_source_pointer_valid(line.data, line.len)) {
            return 0;
        }

        status = sv_source_json(body, size, &line, &value);
        assert(status == SV_SOURCE_MALFORMED || sv_utf8_valid(body, size));
        break;

    case 'm':
        status = sv_source_multipart(body, size, &line, &email, &value);
        check_multipart(body, size, &line, status);
        break;

    case 's':
        (void) sv_source_scan(body, size, &line, &value);
        return 0;

    case 't':
        status = (sv_source_type(&line, &media) == SV_SOURCE_TYPE_ODD)
                 ? SV_SOURCE_MALFORMED : SV_SOURCE_NONE;
        value.error = media.error;
        break;

    case 'n':
        if (line.len == 0 || line.len > SV_SOURCE_NAME_MAX) {
            return 0;
        }

        check_names(&line);
        (void) sv_source_alike(body, size, &line);
        return 0;

    default:
        status = sv_source_form(body, size, &email, &value);
        check_form(body, size, status);
    }

    if (status == SV_SOURCE_OK) {
        assert(value.len <= SV_SOURCE_VALUE_MAX);
        assert(!value.cut || value.len == SV_SOURCE_VALUE_MAX);
    }

    if (status == SV_SOURCE_TWICE || status == SV_SOURCE_MALFORMED) {
        assert(value.error);
    }

    return 0;
}
