
#include "sv_json.h"
#include "sv_records.h"
#include "sv_utf8.h"


#define SV_RECORDS_NESTED  "The JSON is nested more than 32 levels deep."


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
static int sv_records_json_string(sv_records_json_t *js);
static int sv_records_json_error(sv_records_json_t *js, const char *error);
static void sv_records_json_space(sv_records_json_t *js);
static void sv_records_json_email(sv_records_t *rs, const unsigned char *p,
    const unsigned char *end);
static int sv_records_json_decode(const unsigned char *p,
    const unsigned char *end, unsigned char *dst, size_t *len);
static void sv_records_json_members(sv_records_t *rs, unsigned char *text,
    sv_records_json_t *js);


void
sv_records_json_value(sv_records_t *rs, unsigned char *text, size_t len)
{
    sv_records_json_t  js;

    memset(&js, 0, sizeof(sv_records_json_t));

    js.p = text;
    js.end = text + len;

    if (!sv_utf8_valid(text, len)) {
        sv_records_wrong(rs, "malformed_line", sv_records_not_utf8);
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
    const unsigned char  *p;

    if (*js->p == '"') {
        return sv_records_json_string(js);
    }

    p = (*js->p == '-' || sv_is_digit(*js->p)) ? sv_json_number(js->p, js->end)
                                               : sv_json_word(js->p, js->end);
    if (p == NULL) {
        return sv_records_json_error(js, sv_records_not_json);
    }

    js->p = p;

    return 1;
}


static int
sv_records_json_string(sv_records_json_t *js)
{
    uint32_t              ch;
    const unsigned char  *p;

    for (p = js->p + 1; p && p < js->end; /* void */) {

        if (*p == '"') {
            js->p = p + 1;
            return 1;
        }

        if (*p < ' ') {
            return sv_records_json_error(js, "There is a control character "
                                         "in a JSON string.");
        }

        p = (*p == '\\') ? sv_json_escape(p, js->end, &ch) : p + 1;
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
    js->p = sv_json_space(js->p, js->end);
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
            p = sv_json_escape(p, end, &ch);

            if (p == NULL || (ch >= 0xd800 && ch <= 0xdfff)) {
                return 0;
            }

            n = sv_utf8_encode(buf, ch);
        }

        for (i = 0; i < n && left; i++, left--) {
            dst[(*len)++] = buf[i];
        }
    }

    return 1;
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

        if (sv_json_is_space(*p)) {
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
