
#include "sv_json.h"
#include "sv_records.h"
#include "sv_utf8.h"


/* the member "email" of the object, and where its value is */

typedef struct {
    const unsigned char  *start;
    const unsigned char  *value;
    const unsigned char  *end;
} sv_records_member_t;


static const char *sv_records_json_check(sv_json_t *js,
    sv_records_member_t *member);
static int sv_records_json_twice(sv_json_t *js, sv_records_member_t *member);
static const char *sv_records_json_error(sv_json_t *js);
static void sv_records_json_email(sv_records_t *rs, const unsigned char *p,
    const unsigned char *end);
static void sv_records_json_members(sv_records_t *rs, unsigned char *text,
    const unsigned char *end, sv_records_member_t *member);


void
sv_records_json_value(sv_records_t *rs, unsigned char *text, size_t len)
{
    sv_json_t             js;
    const char           *error;
    sv_records_member_t   member;

    if (!sv_utf8_valid(text, len)) {
        sv_records_wrong(rs, "malformed_line", sv_records_not_utf8);
        return;
    }

    memset(&js, 0, sizeof(sv_json_t));
    memset(&member, 0, sizeof(sv_records_member_t));

    js.p = text;
    js.end = text + len;
    js.max = SV_RECORDS_DEPTH_MAX;

    error = sv_records_json_check(&js, &member);

    if (error) {
        sv_records_wrong(rs, "malformed_line", error);
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

    if (member.value == NULL || member.end == NULL || *member.value != '"') {
        sv_records_wrong(rs, "missing_email",
                         "The object has no string \"email\".");
        return;
    }

    sv_records_json_email(rs, member.value, member.end);

    if (rs->rec.error == NULL) {
        sv_records_json_members(rs, text, js.end, &member);
    }
}


/* Returns NULL, or what is wrong. */

static const char *
sv_records_json_check(sv_json_t *js, sv_records_member_t *member)
{
    sv_json_token_e  token;

    while ((token = sv_json_next(js)) > SV_JSON_END) {

        if (token == SV_JSON_KEY) {
            if (sv_records_json_twice(js, member)) {
                return "\"email\" is given twice.";
            }

            continue;
        }

        if (member->start && member->value == NULL) {
            member->value = js->start;
        }

        /* the value ends when only the object itself is open */

        if (member->value && member->end == NULL && js->depth == 1) {
            member->end = js->p;
        }
    }

    return token == SV_JSON_END ? NULL : sv_records_json_error(js);
}


static int
sv_records_json_twice(sv_json_t *js, sv_records_member_t *member)
{
    if (js->depth != 1 || !sv_json_is(js->start, js->key_end, "email")) {
        return 0;
    }

    if (member->start) {
        return 1;
    }

    member->start = js->start;

    return 0;
}


static const char *
sv_records_json_error(sv_json_t *js)
{
    switch (js->error) {

    case SV_JSON_CONTROL:
        return "There is a control character in a JSON string.";

    case SV_JSON_TOO_DEEP:
        return "The JSON is nested more than 32 levels deep.";

    default: /* SV_JSON_NOT_JSON */
        return "The line is not valid JSON.";
    }
}


/* Decodes a string, with its quotation marks, as the address. */

static void
sv_records_json_email(sv_records_t *rs, const unsigned char *p,
    const unsigned char *end)
{
    sv_json_text_t  text;
    unsigned char   email[SV_RECORDS_EMAIL_MAX + 1];

    sv_json_text(p, end, email, sizeof(email), &text);

    if (text.half) {
        sv_records_wrong(rs, "malformed_line",
                         "There is half a surrogate pair in the address.");
        return;
    }

    sv_records_email(rs, email, text.len < sizeof(email) ? text.len
                                                         : sizeof(email));
}


/* Removes "email" and all white space from the object, in place. */

static void
sv_records_json_members(sv_records_t *rs, unsigned char *text,
    const unsigned char *end, sv_records_member_t *member)
{
    int                   quoted;
    unsigned char        *dst;
    const unsigned char  *p;

    dst = text;
    quoted = 0;

    for (p = text; p < end; p++) {

        if (p == member->start) {
            p = member->end - 1;
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

        /* remove a comma next to the member */

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
