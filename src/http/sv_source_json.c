
#include <stdint.h>

#include "sv_source.h"


/* of a document that is being read; functions return 0 where it is broken */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    sv_source_value_t    *value;
    unsigned              depth;
    unsigned              found:1;
    unsigned              twice:1;
    unsigned              other:1;      /* found, but it is no string */
} sv_source_json_t;


static int sv_source_json_value(sv_source_json_t *j, const sv_str_t *rest);
static int sv_source_json_found(sv_source_json_t *j);
static int sv_source_json_object(sv_source_json_t *j, const sv_str_t *rest);
static int sv_source_json_array(sv_source_json_t *j, const sv_str_t *rest);
static int sv_source_json_more(sv_source_json_t *j, unsigned char close);
static int sv_source_json_string(sv_source_json_t *j, unsigned char *dst,
    size_t size, size_t *len);
static int sv_source_json_escape(sv_source_json_t *j, uint32_t *ch);
static int sv_source_json_hex(sv_source_json_t *j, uint32_t *ch);
static size_t sv_source_json_utf8(unsigned char *dst, uint32_t ch);
static int sv_source_json_number(sv_source_json_t *j);
static size_t sv_source_json_digits(sv_source_json_t *j);
static int sv_source_json_word(sv_source_json_t *j, const char *word);
static void sv_source_json_spaces(sv_source_json_t *j);
static size_t sv_source_token(const sv_str_t *rest, unsigned char *token,
    sv_str_t *next);
static int sv_source_token_index(const unsigned char *token, size_t len,
    size_t *index);
static int sv_source_token_like(const unsigned char *a,
    const unsigned char *b, size_t len);


int
sv_source_pointer_valid(const unsigned char *data, size_t len)
{
    size_t  i;

    if (len > SV_SOURCE_NAME_MAX || (len && data[0] != '/')) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (data[i] == '~'
            && (i + 1 == len || (data[i + 1] != '0' && data[i + 1] != '1')))
        {
            return 0;
        }
    }

    return 1;
}


sv_source_status_e
sv_source_json(const unsigned char *data, size_t len, const sv_str_t *pointer,
    sv_source_value_t *value)
{
    sv_source_json_t  j;

    memset(&j, 0, sizeof(sv_source_json_t));

    /* a byte order mark is not JSON, but what some editors send */

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }

    j.p = data;
    j.end = data + len;
    j.value = value;

    if (!sv_source_json_value(&j, pointer) || j.p != j.end) {
        return SV_SOURCE_MALFORMED;
    }

    if (j.twice) {
        return SV_SOURCE_TWICE;
    }

    if (j.other) {
        return SV_SOURCE_MALFORMED;
    }

    return j.found ? SV_SOURCE_OK : SV_SOURCE_NONE;
}


/* rest: of the pointer, to what is asked for; NULL: it is not in here */

static int
sv_source_json_value(sv_source_json_t *j, const sv_str_t *rest)
{
    int  rc;

    sv_source_json_spaces(j);

    if (j->p == j->end) {
        return 0;
    }

    if (rest && rest->len == 0) {

        if (*j->p == '"') {
            rc = sv_source_json_found(j);
            sv_source_json_spaces(j);
            return rc;
        }

        /* null is as if it were not there; the rest of it is skipped */

        if (*j->p != 'n') {
            j->other = 1;
        }

        rest = NULL;
    }

    switch (*j->p) {

    case '{':
        rc = sv_source_json_object(j, rest);
        break;

    case '[':
        rc = sv_source_json_array(j, rest);
        break;

    case '"':
        rc = sv_source_json_string(j, NULL, 0, NULL);
        break;

    case 't':
        rc = sv_source_json_word(j, "true");
        break;

    case 'f':
        rc = sv_source_json_word(j, "false");
        break;

    case 'n':
        rc = sv_source_json_word(j, "null");
        break;

    default:
        rc = sv_source_json_number(j);
    }

    sv_source_json_spaces(j);

    return rc;
}


static int
sv_source_json_found(sv_source_json_t *j)
{
    size_t              len;
    sv_source_value_t  *value;

    value = j->value;

    if (!sv_source_json_string(j, value->data, SV_SOURCE_VALUE_MAX, &len)) {
        return 0;
    }

    value->cut = (len > SV_SOURCE_VALUE_MAX);
    value->len = value->cut ? SV_SOURCE_VALUE_MAX : len;

    j->found = 1;

    return 1;
}


/*
 * Of two members of one name some take the first and some the last; and some
 * take a name whose case is another one.
 */

static int
sv_source_json_object(sv_source_json_t *j, const sv_str_t *rest)
{
    int            more;
    size_t         len, n;
    unsigned       same, alike;
    sv_str_t       next, *it;
    unsigned char  name[SV_SOURCE_NAME_MAX], token[SV_SOURCE_NAME_MAX];

    if (++j->depth > SV_SOURCE_DEPTH_MAX) {
        return 0;
    }

    len = rest ? sv_source_token(rest, token, &next) : 0;
    same = 0;
    alike = 0;

    j->p++;
    sv_source_json_spaces(j);

    if (j->p < j->end && *j->p == '}') {
        j->p++;
        j->depth--;
        return 1;
    }

    do {
        sv_source_json_spaces(j);

        if (j->p == j->end || *j->p != '"'
            || !sv_source_json_string(j, name, sizeof(name), &n))
        {
            return 0;
        }

        sv_source_json_spaces(j);

        if (j->p == j->end || *j->p++ != ':') {
            return 0;
        }

        it = NULL;

        if (rest && n == len && sv_source_token_like(name, token, n)) {
            alike++;

            if (memcmp(name, token, n) == 0) {
                same++;
                it = &next;
            }
        }

        if (!sv_source_json_value(j, it)) {
            return 0;
        }

        more = sv_source_json_more(j, '}');

    } while (more > 0);

    if (same && alike > 1) {
        j->twice = 1;
    }

    j->depth--;

    return more == 0;
}


static int
sv_source_json_array(sv_source_json_t *j, const sv_str_t *rest)
{
    int            wanted, more;
    size_t         len, i, index;
    sv_str_t       next;
    unsigned char  token[SV_SOURCE_NAME_MAX];

    if (++j->depth > SV_SOURCE_DEPTH_MAX) {
        return 0;
    }

    wanted = 0;
    index = 0;

    if (rest) {
        len = sv_source_token(rest, token, &next);
        wanted = sv_source_token_index(token, len, &index);
    }

    j->p++;
    sv_source_json_spaces(j);

    if (j->p < j->end && *j->p == ']') {
        j->p++;
        j->depth--;
        return 1;
    }

    i = 0;

    do {
        if (!sv_source_json_value(j, wanted && i == index ? &next : NULL)) {
            return 0;
        }

        i++;
        more = sv_source_json_more(j, ']');

    } while (more > 0);

    j->depth--;

    return more == 0;
}


/* 1: behind a comma; 0: behind the end; -1: it is broken */

static int
sv_source_json_more(sv_source_json_t *j, unsigned char close)
{
    if (j->p == j->end) {
        return -1;
    }

    if (*j->p == ',') {
        j->p++;
        return 1;
    }

    if (*j->p == close) {
        j->p++;
        return 0;
    }

    return -1;
}


/* *len may be more than size: that much is there */

static int
sv_source_json_string(sv_source_json_t *j, unsigned char *dst, size_t size,
    size_t *len)
{
    size_t         i, n, m;
    uint32_t       ch;
    unsigned char  utf8[4];

    n = 0;
    j->p++;

    for ( ;; ) {

        if (j->p == j->end || *j->p < ' ') {
            return 0;
        }

        if (*j->p == '"') {
            break;
        }

        if (*j->p != '\\') {
            utf8[0] = *j->p++;
            m = 1;

        } else {

            if (!sv_source_json_escape(j, &ch)) {
                return 0;
            }

            m = sv_source_json_utf8(utf8, ch);
        }

        if (dst == NULL) {
            continue;
        }

        for (i = 0; i < m; i++, n++) {
            if (n < size) {
                dst[n] = utf8[i];
            }
        }
    }

    j->p++;

    if (len) {
        *len = n;
    }

    return 1;
}


static int
sv_source_json_escape(sv_source_json_t *j, uint32_t *ch)
{
    uint32_t              low;
    const char           *at;
    const unsigned char  *p;
    static const char     from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

    p = ++j->p;

    if (p == j->end) {
        return 0;
    }

    j->p++;

    if (*p != 'u') {

        at = *p ? strchr(from, *p) : NULL;
        if (at == NULL) {
            return 0;
        }

        *ch = (unsigned char) to[at - from];

        return 1;
    }

    if (!sv_source_json_hex(j, ch)) {
        return 0;
    }

    if (*ch < 0xd800 || *ch > 0xdbff || j->end - j->p < 6
        || memcmp(j->p, "\\u", 2) != 0)
    {
        return 1;
    }

    p = j->p;
    j->p += 2;

    if (!sv_source_json_hex(j, &low)) {
        return 0;
    }

    if (low < 0xdc00 || low > 0xdfff) {
        j->p = p;
        return 1;
    }

    *ch = 0x10000 + ((*ch - 0xd800) << 10) + (low - 0xdc00);

    return 1;
}


static int
sv_source_json_hex(sv_source_json_t *j, uint32_t *ch)
{
    int            i;
    unsigned char  c;

    if (j->end - j->p < 4) {
        return 0;
    }

    *ch = 0;

    for (i = 0; i < 4; i++) {
        c = sv_lower(*j->p);
        j->p++;

        if (sv_is_digit(c)) {
            *ch = *ch << 4 | (uint32_t) (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            *ch = *ch << 4 | (uint32_t) (c - 'a' + 10);

        } else {
            return 0;
        }
    }

    return 1;
}


/* half a surrogate pair becomes what is no UTF-8, and no address then */

static size_t
sv_source_json_utf8(unsigned char *dst, uint32_t ch)
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


static int
sv_source_json_number(sv_source_json_t *j)
{
    if (j->p < j->end && *j->p == '-') {
        j->p++;
    }

    if (j->p < j->end && *j->p == '0') {
        j->p++;

    } else if (sv_source_json_digits(j) == 0) {
        return 0;
    }

    if (j->p < j->end && *j->p == '.') {
        j->p++;

        if (sv_source_json_digits(j) == 0) {
            return 0;
        }
    }

    if (j->p < j->end && (*j->p | 0x20) == 'e') {
        j->p++;

        if (j->p < j->end && (*j->p == '+' || *j->p == '-')) {
            j->p++;
        }

        return sv_source_json_digits(j) != 0;
    }

    return 1;
}


static size_t
sv_source_json_digits(sv_source_json_t *j)
{
    const unsigned char  *p;

    for (p = j->p; j->p < j->end && sv_is_digit(*j->p); j->p++) { /* void */ }

    return j->p - p;
}


static int
sv_source_json_word(sv_source_json_t *j, const char *word)
{
    size_t  len;

    len = strlen(word);

    if ((size_t) (j->end - j->p) < len || memcmp(j->p, word, len) != 0) {
        return 0;
    }

    j->p += len;

    return 1;
}


static void
sv_source_json_spaces(sv_source_json_t *j)
{
    while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n'
                             || *j->p == '\r'))
    {
        j->p++;
    }
}


/* the first token of a pointer that is not empty, unescaped */

static size_t
sv_source_token(const sv_str_t *rest, unsigned char *token, sv_str_t *next)
{
    size_t  i, n;

    n = 0;

    for (i = 1; i < rest->len && rest->data[i] != '/'; i++) {

        if (rest->data[i] == '~') {
            i++;
            token[n++] = (rest->data[i] == '0') ? '~' : '/';
            continue;
        }

        token[n++] = rest->data[i];
    }

    next->data = rest->data + i;
    next->len = rest->len - i;

    return n;
}


/* no leading zero, at most nine digits */

static int
sv_source_token_index(const unsigned char *token, size_t len, size_t *index)
{
    size_t  i;

    if (len == 0 || len > 9 || (len > 1 && token[0] == '0')) {
        return 0;
    }

    *index = 0;

    for (i = 0; i < len; i++) {

        if (!sv_is_digit(token[i])) {
            return 0;
        }

        *index = *index * 10 + (token[i] - '0');
    }

    return 1;
}


static int
sv_source_token_like(const unsigned char *a, const unsigned char *b,
    size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (sv_lower(a[i]) != sv_lower(b[i])) {
            return 0;
        }
    }

    return 1;
}
