
#include "sv_source.h"


#define SV_SOURCE_BOUNDARY_MAX  70      /* RFC 2046 */
#define SV_SOURCE_HEADERS_MAX   8192    /* of one part */


/* what the headers of a part say */

typedef struct {
    unsigned        disposition:1;
    unsigned        named:1;    /* it is the field that is asked for */
    unsigned        file:1;
    unsigned        encoded:1;
} sv_source_part_t;


static int sv_source_boundary(const sv_str_t *type, sv_str_t *boundary);
static const unsigned char *sv_source_delimiter(const unsigned char *p,
    const unsigned char *end, const sv_str_t *boundary,
    const unsigned char *start);
static const unsigned char *sv_source_part(const unsigned char *p,
    const unsigned char *end, const sv_str_t *name, sv_source_part_t *part);
static int sv_source_part_header(const unsigned char *p,
    const unsigned char *end, const sv_str_t *name, sv_source_part_t *part);
static int sv_source_disposition(const unsigned char *p,
    const unsigned char *end, const sv_str_t *name, sv_source_part_t *part);
static const unsigned char *sv_source_param(const unsigned char *p,
    const unsigned char *end, sv_str_t *key, sv_str_t *value);
static const unsigned char *sv_source_quoted(const unsigned char *p,
    const unsigned char *end, const sv_str_t *key, sv_str_t *value);
static const unsigned char *sv_source_spaces(const unsigned char *p,
    const unsigned char *end);
static int sv_source_is_token(unsigned char c);
static int sv_source_is(const sv_str_t *s, const char *word);


sv_source_status_e
sv_source_multipart(const unsigned char *data, size_t len,
    const sv_str_t *type, const sv_str_t *name, sv_source_value_t *value)
{
    int                   found;
    sv_str_t              boundary;
    sv_source_part_t      part;
    const unsigned char  *p, *end, *last;

    if (!sv_source_boundary(type, &boundary)) {
        return SV_SOURCE_MALFORMED;
    }

    end = data + len;
    found = 0;

    p = sv_source_delimiter(data, end, &boundary, data);

    for ( ;; ) {

        if (p == NULL) {
            return SV_SOURCE_MALFORMED;
        }

        /* behind a delimiter: the end, or the next part */

        p += (*p == '\r') ? 4 + boundary.len : 2 + boundary.len;

        if (end - p >= 2 && memcmp(p, "--", 2) == 0) {
            return found ? SV_SOURCE_OK : SV_SOURCE_NONE;
        }

        p = sv_source_spaces(p, end);

        if (end - p < 2 || memcmp(p, "\r\n", 2) != 0) {
            return SV_SOURCE_MALFORMED;
        }

        p = sv_source_part(p + 2, end, name, &part);

        if (p == NULL) {
            return SV_SOURCE_MALFORMED;
        }

        /* the line break that ends the headers may begin the delimiter */

        last = sv_source_delimiter(p - 2, end, &boundary, data);

        if (last == NULL) {
            return SV_SOURCE_MALFORMED;
        }

        if (part.named) {

            if (found) {
                return SV_SOURCE_TWICE;
            }

            if (part.file || part.encoded) {
                return SV_SOURCE_MALFORMED;
            }

            found = 1;
            value->len = 0;
            value->cut = 0;

            while (p < last && !value->cut) {
                sv_source_put(value, *p++);
            }
        }

        p = last;
    }
}


/* RFC 2046: of bcharsnospace, or quoted; at most 70 of them */

static int
sv_source_boundary(const sv_str_t *type, sv_str_t *boundary)
{
    sv_str_t              key, value;
    const unsigned char  *p, *end;

    p = type->data;
    end = p + type->len;
    boundary->data = NULL;
    boundary->len = 0;

    while (p < end && *p != ';') {
        p++;
    }

    while (p < end) {

        p = sv_source_param(p, end, &key, &value);
        if (p == NULL) {
            return 0;
        }

        if (!sv_source_is(&key, "boundary")) {
            continue;
        }

        if (boundary->len != 0
            || value.len == 0 || value.len > SV_SOURCE_BOUNDARY_MAX)
        {
            return 0;
        }

        *boundary = value;
    }

    return boundary->len != 0;
}


/* CR LF "--" boundary; at the start of the body without the line break */

static const unsigned char *
sv_source_delimiter(const unsigned char *p, const unsigned char *end,
    const sv_str_t *boundary, const unsigned char *start)
{
    if (p == start
        && (size_t) (end - p) >= 2 + boundary->len
        && memcmp(p, "--", 2) == 0
        && memcmp(p + 2, boundary->data, boundary->len) == 0)
    {
        return p;
    }

    for ( ;; ) {

        p = memchr(p, '\r', end - p);

        if (p == NULL || (size_t) (end - p) < 4 + boundary->len) {
            return NULL;
        }

        if (memcmp(p, "\r\n--", 4) == 0
            && memcmp(p + 4, boundary->data, boundary->len) == 0)
        {
            return p;
        }

        p++;
    }
}


/* the headers of a part; returns where its value begins */

static const unsigned char *
sv_source_part(const unsigned char *p, const unsigned char *end,
    const sv_str_t *name, sv_source_part_t *part)
{
    const unsigned char  *last;

    memset(part, 0, sizeof(sv_source_part_t));

    if (end - p > SV_SOURCE_HEADERS_MAX) {
        end = p + SV_SOURCE_HEADERS_MAX;
    }

    for ( ;; ) {

        last = memchr(p, '\n', end - p);

        /* a line ends with CR LF, and is not continued */

        if (last == NULL || last == p || last[-1] != '\r') {
            return NULL;
        }

        if (last - 1 == p) {
            return part->disposition ? last + 1 : NULL;
        }

        if (!sv_source_part_header(p, last - 1, name, part)) {
            return NULL;
        }

        p = last + 1;
    }
}


static int
sv_source_part_header(const unsigned char *p, const unsigned char *end,
    const sv_str_t *name, sv_source_part_t *part)
{
    sv_str_t              key;
    const unsigned char  *colon;

    colon = memchr(p, ':', end - p);

    if (colon == NULL || colon == p || memchr(p, '\r', end - p)
        || memchr(p, '\0', end - p))
    {
        return 0;
    }

    key.data = (unsigned char *) p;
    key.len = colon - p;

    for (p = key.data; p < colon; p++) {
        if (!sv_source_is_token(*p)) {
            return 0;
        }
    }

    p = sv_source_spaces(colon + 1, end);

    if (sv_source_is(&key, "content-disposition")) {
        return sv_source_disposition(p, end, name, part);
    }

    if (sv_source_is(&key, "content-transfer-encoding")) {

        while (end > p && (end[-1] == ' ' || end[-1] == '\t')) {
            end--;
        }

        key.data = (unsigned char *) p;
        key.len = end - p;

        part->encoded = !sv_source_is(&key, "7bit")
                        && !sv_source_is(&key, "8bit")
                        && !sv_source_is(&key, "binary");
    }

    return 1;
}


static int
sv_source_disposition(const unsigned char *p, const unsigned char *end,
    const sv_str_t *name, sv_source_part_t *part)
{
    int       named;
    sv_str_t  key, value;

    if (part->disposition) {
        return 0;
    }

    part->disposition = 1;
    named = 0;

    key.data = (unsigned char *) p;

    while (p < end && sv_source_is_token(*p)) {
        p++;
    }

    key.len = p - key.data;

    if (!sv_source_is(&key, "form-data")) {
        return 0;
    }

    while (p < end) {

        p = sv_source_param(p, end, &key, &value);
        if (p == NULL) {
            return 0;
        }

        if (sv_source_is(&key, "name")) {

            if (named) {
                return 0;
            }

            named = 1;

            while (value.len && value.data[0] == ' ') {
                value.data++;
                value.len--;
            }

            part->named = (value.len == name->len
                           && memcmp(value.data, name->data, name->len) == 0);

        } else if (sv_source_is(&key, "name*")) {
            return 0;

        } else if (sv_source_is(&key, "filename")
                   || sv_source_is(&key, "filename*"))
        {
            part->file = 1;
        }
    }

    return named;
}


/*
 * ; key=value, from the semicolon on.  Browsers write %22 for a quotation
 * mark, others \", and who reads it does this or that: a backslash in a name
 * is not taken.  (In the path of a file it is.)
 */

static const unsigned char *
sv_source_param(const unsigned char *p, const unsigned char *end,
    sv_str_t *key, sv_str_t *value)
{
    p = sv_source_spaces(p, end);

    key->data = (unsigned char *) p;
    key->len = 0;
    value->data = key->data;
    value->len = 0;

    if (p == end) {
        return p;
    }

    if (*p != ';') {
        return NULL;
    }

    p = sv_source_spaces(p + 1, end);

    if (p == end) {
        return p;
    }

    key->data = (unsigned char *) p;

    while (p < end && sv_source_is_token(*p)) {
        p++;
    }

    key->len = p - key->data;

    if (key->len == 0 || p == end || *p != '=') {
        return NULL;
    }

    p++;

    if (p == end || *p != '"') {
        value->data = (unsigned char *) p;

        while (p < end && *p != ';' && *p != ' ' && *p != '\t' && *p != '"')
        {
            p++;
        }

        value->len = p - value->data;

        return (p < end && *p == '"') ? NULL : p;
    }

    return sv_source_quoted(p + 1, end, key, value);
}


static const unsigned char *
sv_source_quoted(const unsigned char *p, const unsigned char *end,
    const sv_str_t *key, sv_str_t *value)
{
    value->data = (unsigned char *) p;

    while (p < end && *p != '"') {

        if (*p == '\\') {

            if (sv_source_is(key, "name") || sv_source_is(key, "boundary")) {
                return NULL;
            }

            p++;
        }

        p++;
    }

    if (p >= end) {
        return NULL;
    }

    value->len = p - value->data;

    return p + 1;
}


static const unsigned char *
sv_source_spaces(const unsigned char *p, const unsigned char *end)
{
    while (p < end && (*p == ' ' || *p == '\t')) {
        p++;
    }

    return p;
}


static int
sv_source_is_token(unsigned char c)
{
    return sv_is_alnum(c) || c == '-' || c == '_' || c == '*' || c == '.'
           || c == '!' || c == '#' || c == '$' || c == '%' || c == '&'
           || c == '\'' || c == '+' || c == '^' || c == '`' || c == '|'
           || c == '~';
}


/* without regard to case */

static int
sv_source_is(const sv_str_t *s, const char *word)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (word[i] == '\0'
            || sv_lower(s->data[i]) != (unsigned char) word[i])
        {
            return 0;
        }
    }

    return word[i] == '\0';
}
