
#include "sv_records.h"
#include "sv_utf8.h"


/* a value that is checked; what is said of it is for its author */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    const char           *error;

    /* of the object: "email" with its value, and where that begins */
    const unsigned char  *member;
    const unsigned char  *value;
    const unsigned char  *member_end;

    uint32_t              objects;      /* a bit a level: is it one? */
    unsigned              depth;
} sv_records_json_t;


static const char  sv_records_not_json[] = "The line is not valid JSON.";


static int sv_records_json_check(sv_records_json_t *js);
static int sv_records_json_begin(sv_records_json_t *js);
static int sv_records_json_end(sv_records_json_t *js);
static int sv_records_json_key(sv_records_json_t *js);
static int sv_records_json_scalar(sv_records_json_t *js);
static int sv_records_json_number(sv_records_json_t *js);
static int sv_records_json_digits(sv_records_json_t *js);
static int sv_records_json_string(sv_records_json_t *js);
static int sv_records_json_error(sv_records_json_t *js, const char *error);
static void sv_records_json_space(sv_records_json_t *js);
static void sv_records_json_email(sv_records_t *rs, const unsigned char *p,
    const unsigned char *end);
static int sv_records_json_decode(const unsigned char *p,
    const unsigned char *end, unsigned char *dst, size_t *len);
static int sv_records_json_escape(const unsigned char **pos,
    const unsigned char *end, uint32_t *ch);
static int sv_records_json_hex(const unsigned char *p,
    const unsigned char *end, uint32_t *ch);
static size_t sv_records_json_utf8(unsigned char *dst, uint32_t ch);
static void sv_records_json_members(sv_records_t *rs, unsigned char *text,
    sv_records_json_t *js);


#define SV_RECORDS_NESTED  "The JSON is nested more than 32 levels deep."


void
sv_records_json_value(sv_records_t *rs, unsigned char *text, size_t len)
{
    sv_records_json_t  js;

    memset(&js, 0, sizeof(sv_records_json_t));

    js.p = text;
    js.end = text + len;

    if (!sv_utf8_valid(text, len)) {
        sv_records_wrong(rs, "malformed_line",
                         "The line is not valid UTF-8 text.");
        return;
    }

    if (!sv_records_json_check(&js)) {
        sv_records_wrong(rs, "malformed_line", js.error);
        return;
    }

    if (text[0] == '"') {
        sv_records_json_email(rs, text, js.end);
        return;
    }

    if (text[0] != '{') {
        sv_records_wrong(rs, "malformed_line",
                         "The line is neither a string nor an object.");
        return;
    }

    if (js.member == NULL || *js.value != '"') {
        sv_records_wrong(rs, "missing_email",
                         "The object has no string \"email\".");
        return;
    }

    sv_records_json_email(rs, js.value, js.member_end);

    if (rs->rec.error == NULL) {
        sv_records_json_members(rs, text, &js);
    }
}


/* RFC 8259, without recursion */

static int
sv_records_json_check(sv_records_json_t *js)
{
    int  rc;

    for ( ;; ) {
        sv_records_json_space(js);

        if (js->p == js->end) {
            return sv_records_json_error(js, sv_records_not_json);
        }

        rc = sv_records_json_begin(js);

        if (rc < 0) {
            return 0;
        }

        if (rc > 0) {
            continue;
        }

        /* a value has ended, and so may what it is in */

        rc = sv_records_json_end(js);

        if (rc <= 0) {
            return rc == 0;
        }
    }
}


/* 1: another value follows; 0: this one is complete; -1: error */

static int
sv_records_json_begin(sv_records_json_t *js)
{
    unsigned char  c;

    c = *js->p;

    if (c != '{' && c != '[') {
        return sv_records_json_scalar(js) ? 0 : -1;
    }

    if (js->depth == SV_RECORDS_DEPTH_MAX) {
        (void) sv_records_json_error(js, SV_RECORDS_NESTED);
        return -1;
    }

    js->p++;
    js->depth++;
    js->objects = (js->objects << 1) | (c == '{');

    sv_records_json_space(js);

    if (js->p < js->end && *js->p == (c == '{' ? '}' : ']')) {
        return 0;
    }

    if (c == '{') {
        return sv_records_json_key(js) ? 1 : -1;
    }

    return 1;
}


/* as above, and 0: all is complete */

static int
sv_records_json_end(sv_records_json_t *js)
{
    unsigned char  c;

    for ( ;; ) {

        if (js->depth == 1 && js->value && js->member_end == NULL) {
            js->member_end = js->p;
        }

        sv_records_json_space(js);

        if (js->depth == 0) {
            if (js->p == js->end) {
                return 0;
            }

            break;
        }

        if (js->p == js->end) {
            break;
        }

        c = *js->p++;

        if (c == ',') {
            if (js->objects & 1) {
                sv_records_json_space(js);
                return sv_records_json_key(js) ? 1 : -1;
            }

            return 1;
        }

        if (c != (js->objects & 1 ? '}' : ']')) {
            break;
        }

        js->depth--;
        js->objects >>= 1;
    }

    (void) sv_records_json_error(js, sv_records_not_json);

    return -1;
}


static int
sv_records_json_key(sv_records_json_t *js)
{
    size_t                len;
    unsigned char         key[8];
    const unsigned char  *start;

    start = js->p;

    if (js->p == js->end || *js->p != '"' || !sv_records_json_string(js)) {
        return sv_records_json_error(js, sv_records_not_json);
    }

    len = sizeof(key);

    if (js->depth == 1
        && sv_records_json_decode(start, js->p, key, &len)
        && len == 5 && memcmp(key, "email", 5) == 0)
    {
        if (js->member) {
            return sv_records_json_error(js, "\"email\" is given twice.");
        }

        js->member = start;
    }

    sv_records_json_space(js);

    if (js->p == js->end || *js->p++ != ':') {
        return sv_records_json_error(js, sv_records_not_json);
    }

    sv_records_json_space(js);

    if (js->member == start) {
        js->value = js->p;
    }

    return 1;
}


static int
sv_records_json_scalar(sv_records_json_t *js)
{
    size_t                i, len;
    static const char    *words[] = { "true", "false", "null" };

    if (*js->p == '"') {
        return sv_records_json_string(js);
    }

    if (*js->p == '-' || sv_is_digit(*js->p)) {
        return sv_records_json_number(js);
    }

    for (i = 0; i < 3; i++) {
        len = strlen(words[i]);

        if ((size_t) (js->end - js->p) >= len
            && memcmp(js->p, words[i], len) == 0)
        {
            js->p += len;
            return 1;
        }
    }

    return sv_records_json_error(js, sv_records_not_json);
}


static int
sv_records_json_number(sv_records_json_t *js)
{
    if (*js->p == '-') {
        js->p++;
    }

    if (js->p < js->end && *js->p == '0') {
        js->p++;

    } else if (!sv_records_json_digits(js)) {
        return 0;
    }

    if (js->p < js->end && *js->p == '.') {
        js->p++;

        if (!sv_records_json_digits(js)) {
            return 0;
        }
    }

    if (js->p < js->end && (*js->p == 'e' || *js->p == 'E')) {
        js->p++;

        if (js->p < js->end && (*js->p == '+' || *js->p == '-')) {
            js->p++;
        }

        return sv_records_json_digits(js);
    }

    return 1;
}


static int
sv_records_json_digits(sv_records_json_t *js)
{
    if (js->p == js->end || !sv_is_digit(*js->p)) {
        return sv_records_json_error(js, sv_records_not_json);
    }

    while (js->p < js->end && sv_is_digit(*js->p)) {
        js->p++;
    }

    return 1;
}


static int
sv_records_json_string(sv_records_json_t *js)
{
    uint32_t       ch;
    unsigned char  c;

    for (js->p++; js->p < js->end; /* void */) {
        c = *js->p++;

        if (c == '"') {
            return 1;
        }

        if (c < ' ') {
            return sv_records_json_error(js, "There is a control character "
                                         "in a JSON string.");
        }

        if (c != '\\') {
            continue;
        }

        if (js->p == js->end) {
            break;
        }

        c = *js->p++;

        if (c == 'u') {

            if (!sv_records_json_hex(js->p, js->end, &ch)) {
                break;
            }

            js->p += 4;

        } else if (c == '\0' || strchr("\"\\/bfnrt", c) == NULL) {
            break;
        }
    }

    return sv_records_json_error(js, sv_records_not_json);
}


static int
sv_records_json_error(sv_records_json_t *js, const char *error)
{
    if (js->error == NULL) {
        js->error = error;
    }

    return 0;
}


static void
sv_records_json_space(sv_records_json_t *js)
{
    while (js->p < js->end
           && (*js->p == ' ' || *js->p == '\t'
               || *js->p == '\n' || *js->p == '\r'))
    {
        js->p++;
    }
}


/* a string, with its quotation marks */

static void
sv_records_json_email(sv_records_t *rs, const unsigned char *p,
    const unsigned char *end)
{
    size_t         len;
    unsigned char  email[SV_RECORDS_EMAIL_MAX + 1];

    len = sizeof(email);

    if (!sv_records_json_decode(p, end, email, &len)) {
        sv_records_wrong(rs, "malformed_line",
                         "There is half a surrogate pair in the address.");
        return;
    }

    sv_records_email(rs, email, len);
}


/* *len is the size of dst, which is full where there was no room for all */

static int
sv_records_json_decode(const unsigned char *p, const unsigned char *end,
    unsigned char *dst, size_t *len)
{
    size_t         i, n, left;
    uint32_t       ch;
    unsigned char  buf[4];

    left = *len;
    *len = 0;

    for (p++; p < end - 1; /* void */) {

        if (*p != '\\') {
            buf[0] = *p++;
            n = 1;

        } else {
            if (!sv_records_json_escape(&p, end, &ch)) {
                return 0;
            }

            n = sv_records_json_utf8(buf, ch);
        }

        for (i = 0; i < n && left; i++, left--) {
            dst[(*len)++] = buf[i];
        }
    }

    return 1;
}


static int
sv_records_json_escape(const unsigned char **pos, const unsigned char *end,
    uint32_t *ch)
{
    uint32_t              low;
    const unsigned char  *p;
    static const char     from[] = "bfnrt", to[] = "\b\f\n\r\t";

    p = *pos + 1;

    if (*p != 'u') {
        *ch = strchr(from, *p) ? (uint32_t) to[strchr(from, *p) - from] : *p;
        *pos = p + 1;
        return 1;
    }

    if (!sv_records_json_hex(p + 1, end, ch)) {
        return 0;
    }

    p += 5;

    if (*ch >= 0xd800 && *ch <= 0xdfff) {

        if (*ch >= 0xdc00 || end - p < 6 || p[0] != '\\' || p[1] != 'u'
            || !sv_records_json_hex(p + 2, end, &low)
            || low < 0xdc00 || low > 0xdfff)
        {
            return 0;
        }

        *ch = 0x10000 + ((*ch - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
    }

    *pos = p;

    return 1;
}


static int
sv_records_json_hex(const unsigned char *p, const unsigned char *end,
    uint32_t *ch)
{
    int            i;
    unsigned char  c;

    if (end - p < 4) {
        return 0;
    }

    *ch = 0;

    for (i = 0; i < 4; i++) {
        c = sv_lower(p[i]);

        if (sv_is_digit(c)) {
            *ch = *ch * 16 + (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            *ch = *ch * 16 + (c - 'a' + 10);

        } else {
            return 0;
        }
    }

    return 1;
}


static size_t
sv_records_json_utf8(unsigned char *dst, uint32_t ch)
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


/* the object without "email" and without white space, in its place */

static void
sv_records_json_members(sv_records_t *rs, unsigned char *text,
    sv_records_json_t *js)
{
    int                   quoted;
    unsigned char        *dst;
    const unsigned char  *p;

    dst = text;
    quoted = 0;

    for (p = text; p < js->end; p++) {

        if (p == js->member) {
            p = js->member_end - 1;
            continue;
        }

        if (quoted) {
            *dst++ = *p;

            if (*p == '\\') {
                *dst++ = *++p;

            } else if (*p == '"') {
                quoted = 0;
            }

            continue;
        }

        if (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') {
            continue;
        }

        /* a comma that was beside it */

        if (*p == ',' && dst[-1] == '{') {
            continue;
        }

        if ((*p == ',' || *p == '}') && dst[-1] == ',') {
            dst--;
        }

        quoted = (*p == '"');
        *dst++ = *p;
    }

    rs->rec.members.data = text;
    rs->rec.members.len = dst - text;

    if (rs->rec.members.len == 2) {
        rs->rec.members.len = 0;
    }
}
