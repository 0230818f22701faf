
#include "sv_json.h"
#include "sv_source.h"
#include "sv_utf8.h"


/* A document that is being read.  Functions return 0 if it is broken. */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    sv_source_value_t    *value;
    unsigned              depth;
    unsigned              found:1;
    unsigned              twice:1;
    unsigned              like:1;       /* there is a name that may be taken for
                                           it */
    unsigned              ascii:1;      /* a letter or digit was escaped */
    unsigned              other:1;      /* found, but it is not a string */
} sv_source_json_t;


static int sv_source_json_value(sv_source_json_t *j, const sv_str_t *rest);
static int sv_source_json_found(sv_source_json_t *j);
static int sv_source_json_object(sv_source_json_t *j, const sv_str_t *rest);
static int sv_source_json_name(sv_source_json_t *j, const sv_str_t *wanted,
    sv_source_alike_e *alike);
static sv_source_alike_e sv_source_json_alike(const unsigned char *name,
    size_t len, const sv_str_t *wanted);
static int sv_source_json_array(sv_source_json_t *j, const sv_str_t *rest);
static int sv_source_json_more(sv_source_json_t *j, unsigned char close);
static int sv_source_json_string(sv_source_json_t *j, unsigned char *dst,
    size_t size, size_t *len);
static int sv_source_json_behind(sv_source_json_t *j, const unsigned char *p);
static void sv_source_json_space(sv_source_json_t *j);
static size_t sv_source_token(const sv_str_t *rest, unsigned char *token,
    sv_str_t *next);
static int sv_source_token_index(const unsigned char *token, size_t len,
    size_t *index);


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

    /* a byte order mark is not JSON, but some editors send it */

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }

    j.p = data;
    j.end = data + len;
    j.value = value;

    if (!sv_utf8_valid(data, len) || !sv_source_json_value(&j, pointer)
        || j.p != j.end)
    {
        return sv_source_error(value, SV_SOURCE_MALFORMED,
                               "The body is not JSON of UTF-8, or nested more "
                               "than 128 levels deep.");
    }

    if (j.twice) {
        return sv_source_error(value, SV_SOURCE_TWICE,
                               "A name that leads to the e-mail address is "
                               "given twice, or beside another writing of it; "
                               "give it once.");
    }

    if (j.like) {
        return sv_source_error(value, SV_SOURCE_MALFORMED,
                               "A name may be taken for one that leads to the "
                               "e-mail address; write the exact names, also "
                               "their letter case, and letters unescaped.");
    }

    if (j.other) {
        return sv_source_error(value, SV_SOURCE_MALFORMED,
                               "The e-mail address has to be a string.");
    }

    return j.found ? SV_SOURCE_OK : SV_SOURCE_NONE;
}


/* Reads a value.  rest: the rest of the pointer; NULL: the field is not in
   here. */

static int
sv_source_json_value(sv_source_json_t *j, const sv_str_t *rest)
{
    int  rc;

    sv_source_json_space(j);

    if (j->p == j->end) {
        return 0;
    }

    if (rest && rest->len == 0) {

        if (*j->p == '"') {
            rc = sv_source_json_found(j);
            sv_source_json_space(j);
            return rc;
        }

        /* null counts as no field; any other value is skipped */

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
    case 'f':
    case 'n':
        rc = sv_source_json_behind(j, sv_json_word(j->p, j->end));
        break;

    default:
        rc = sv_source_json_behind(j, sv_json_number(j->p, j->end));
    }

    sv_source_json_space(j);

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
 * Reads an object.  If a name occurs twice, some parsers take the first and
 * some the last; and some accept a name that is written in another way.
 */

static int
sv_source_json_object(sv_source_json_t *j, const sv_str_t *rest)
{
    int                more;
    unsigned           same, like;
    sv_str_t           next, wanted;
    unsigned char      token[SV_SOURCE_NAME_MAX];
    sv_source_alike_e  alike;

    if (++j->depth > SV_SOURCE_DEPTH_MAX) {
        return 0;
    }

    wanted.data = token;
    wanted.len = rest ? sv_source_token(rest, token, &next) : 0;
    same = 0;
    like = 0;

    j->p++;
    sv_source_json_space(j);

    if (j->p < j->end && *j->p == '}') {
        j->p++;
        j->depth--;
        return 1;
    }

    do {
        if (!sv_source_json_name(j, rest ? &wanted : NULL, &alike)) {
            return 0;
        }

        same += (alike == SV_SOURCE_SAME);
        like += (alike == SV_SOURCE_LIKE);

        if (!sv_source_json_value(j, alike == SV_SOURCE_SAME ? &next : NULL)) {
            return 0;
        }

        more = sv_source_json_more(j, '}');

    } while (more > 0);

    if (same && same + like > 1) {
        j->twice = 1;
    }

    if (like) {
        j->like = 1;
    }

    j->depth--;

    return more == 0;
}


/* Reads a name and the colon behind it, and compares it with the one that is
   wanted, if any. */

static int
sv_source_json_name(sv_source_json_t *j, const sv_str_t *wanted,
    sv_source_alike_e *alike)
{
    size_t         n;
    unsigned char  name[SV_SOURCE_NAME_MAX];

    sv_source_json_space(j);

    j->ascii = 0;

    if (j->p == j->end || *j->p != '"'
        || !sv_source_json_string(j, name, sizeof(name), &n))
    {
        return 0;
    }

    sv_source_json_space(j);

    if (j->p == j->end || *j->p++ != ':') {
        return 0;
    }

    if (wanted == NULL) {
        *alike = SV_SOURCE_OTHER;

    } else if (j->ascii) {
        /* clients do not escape letters, and not every parser undoes that */
        *alike = SV_SOURCE_LIKE;

    } else {
        *alike = sv_source_json_alike(name, n, wanted);
    }

    return 1;
}


/* Compares a name.  Only the first octets of a long name are known. */

static sv_source_alike_e
sv_source_json_alike(const unsigned char *name, size_t len,
    const sv_str_t *wanted)
{
    sv_source_alike_e  alike;

    if (len <= SV_SOURCE_NAME_MAX) {
        return sv_source_alike(name, len, wanted);
    }

    alike = sv_source_alike(name, SV_SOURCE_NAME_MAX, wanted);

    return alike == SV_SOURCE_SAME ? SV_SOURCE_LIKE : alike;
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
    sv_source_json_space(j);

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


/* Returns 1 after a comma, 0 after the end, -1 if the document is broken. */

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


/* Reads a string.  *len may exceed size; then the string was cut. */

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

            if (!sv_source_json_behind(j, sv_json_escape(j->p, j->end, &ch))) {
                return 0;
            }

            if (ch < 0x80 && (sv_is_alnum(ch) || ch == '_' || ch == '-')) {
                j->ascii = 1;
            }

            /* half a surrogate pair is not UTF-8, and so not an address */

            m = sv_utf8_encode(utf8, ch);
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
sv_source_json_behind(sv_source_json_t *j, const unsigned char *p)
{
    if (p == NULL) {
        return 0;
    }

    j->p = p;

    return 1;
}


static void
sv_source_json_space(sv_source_json_t *j)
{
    j->p = sv_json_space(j->p, j->end);
}


/* Copies the first token of a pointer that is not empty, unescaped. */

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


/* Reads an index: no leading zero, at most nine digits. */

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
