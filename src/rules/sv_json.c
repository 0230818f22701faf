
#include <string.h>

#include "sv_json.h"
#include "sv_str.h"
#include "sv_utf8.h"


/* what may follow */

enum {
    sv_json_value = 0,
    sv_json_first_value,        /* or the end of an array */
    sv_json_key,
    sv_json_first_key,          /* or the end of an object */
    sv_json_after               /* a comma or an end */
};


static sv_json_token_e sv_json_begin(sv_json_t *js);
static sv_json_token_e sv_json_open(sv_json_t *js, int object);
static sv_json_token_e sv_json_close(sv_json_t *js);
static sv_json_token_e sv_json_name(sv_json_t *js);
static int sv_json_string(sv_json_t *js);
static sv_json_token_e sv_json_broken(sv_json_t *js, sv_json_error_e error);
static const unsigned char *sv_json_digits(const unsigned char *p,
    const unsigned char *end);
static const unsigned char *sv_json_hex(const unsigned char *p,
    const unsigned char *end, uint32_t *ch);


sv_json_token_e
sv_json_next(sv_json_t *js)
{
    js->p = sv_json_space(js->p, js->end);

    if (js->state == sv_json_after) {

        if (js->depth == 0) {
            return js->p == js->end ? SV_JSON_END
                                    : sv_json_broken(js, SV_JSON_NOT_JSON);
        }

        if (js->p == js->end || *js->p != ',') {
            return sv_json_close(js);
        }

        js->p = sv_json_space(js->p + 1, js->end);
        js->state = js->objects[js->depth] ? sv_json_key : sv_json_value;

    } else if ((js->state == sv_json_first_key
                || js->state == sv_json_first_value)
               && js->p < js->end && (*js->p == '}' || *js->p == ']'))
    {
        return sv_json_close(js);
    }

    js->start = js->p;

    if (js->p == js->end) {
        return sv_json_broken(js, SV_JSON_NOT_JSON);
    }

    return (js->state == sv_json_key || js->state == sv_json_first_key)
           ? sv_json_name(js) : sv_json_begin(js);
}


/* Reads a value, or the beginning of one. */

static sv_json_token_e
sv_json_begin(sv_json_t *js)
{
    int                   number;
    const unsigned char  *p;

    switch (*js->p) {

    case '{':
    case '[':
        return sv_json_open(js, *js->p == '{');

    case '"':
        js->state = sv_json_after;
        return sv_json_string(js) ? SV_JSON_STRING : SV_JSON_BROKEN;

    default:
        break;
    }

    number = (*js->p == '-' || sv_is_digit(*js->p));

    p = number ? sv_json_number(js->p, js->end) : sv_json_word(js->p, js->end);

    if (p == NULL
        || (p < js->end && !sv_json_is_space(*p) && *p != ',' && *p != '}'
            && *p != ']'))
    {
        return sv_json_broken(js, SV_JSON_NOT_JSON);
    }

    js->p = p;
    js->state = sv_json_after;

    return number ? SV_JSON_NUMBER : SV_JSON_WORD;
}


static sv_json_token_e
sv_json_open(sv_json_t *js, int object)
{
    if (js->depth == js->max) {
        return sv_json_broken(js, SV_JSON_TOO_DEEP);
    }

    js->p++;
    js->depth++;
    js->objects[js->depth] = object;
    js->state = object ? sv_json_first_key : sv_json_first_value;

    return object ? SV_JSON_OBJECT : SV_JSON_ARRAY;
}


static sv_json_token_e
sv_json_close(sv_json_t *js)
{
    js->start = js->p;

    if (js->p == js->end || *js->p != (js->objects[js->depth] ? '}' : ']')) {
        return sv_json_broken(js, SV_JSON_NOT_JSON);
    }

    js->p++;
    js->depth--;
    js->state = sv_json_after;

    return SV_JSON_CLOSE;
}


static sv_json_token_e
sv_json_name(sv_json_t *js)
{
    if (*js->p != '"') {
        return sv_json_broken(js, SV_JSON_NOT_JSON);
    }

    if (!sv_json_string(js)) {
        return SV_JSON_BROKEN;
    }

    js->key_end = js->p;
    js->p = sv_json_space(js->p, js->end);

    if (js->p == js->end || *js->p != ':') {
        return sv_json_broken(js, SV_JSON_NOT_JSON);
    }

    js->p++;
    js->state = sv_json_value;

    return SV_JSON_KEY;
}


static int
sv_json_string(sv_json_t *js)
{
    uint32_t              ch;
    const unsigned char  *p;

    for (p = js->p + 1; p && p < js->end; /* void */) {

        js->p = p;

        if (*p == '"') {
            js->p++;
            return 1;
        }

        if (*p < ' ') {
            (void) sv_json_broken(js, SV_JSON_CONTROL);
            return 0;
        }

        p = (*p == '\\') ? sv_json_escape(p, js->end, &ch) : p + 1;
    }

    if (p) {
        js->p = p;
    }

    (void) sv_json_broken(js, SV_JSON_NOT_JSON);

    return 0;
}


static sv_json_token_e
sv_json_broken(sv_json_t *js, sv_json_error_e error)
{
    js->error = error;

    return SV_JSON_BROKEN;
}


void
sv_json_text(const unsigned char *p, const unsigned char *end,
    unsigned char *dst, size_t size, sv_json_text_t *text)
{
    size_t         i, n;
    uint32_t       ch;
    unsigned char  utf8[4];

    memset(text, 0, sizeof(sv_json_text_t));

    for (p++; p < end - 1; /* void */) {

        if (*p != '\\') {
            utf8[0] = *p++;
            n = 1;

        } else {
            p = sv_json_escape(p, end, &ch);

            if (p == NULL) {
                return;
            }

            text->half |= (ch >= 0xd800 && ch <= 0xdfff);
            n = sv_utf8_encode(utf8, ch);
        }

        for (i = 0; i < n; i++, text->len++) {
            if (text->len < size) {
                dst[text->len] = utf8[i];
            }
        }
    }
}


int
sv_json_is(const unsigned char *p, const unsigned char *end, const char *word)
{
    size_t          len;
    sv_json_text_t  text;
    unsigned char   buf[32];

    len = strlen(word);

    sv_json_text(p, end, buf, sizeof(buf), &text);

    return text.len == len && memcmp(buf, word, len) == 0;
}


const unsigned char *
sv_json_space(const unsigned char *p, const unsigned char *end)
{
    while (p < end && sv_json_is_space(*p)) {
        p++;
    }

    return p;
}


const unsigned char *
sv_json_word(const unsigned char *p, const unsigned char *end)
{
    size_t              i, len;
    static const char  *words[] = { "true", "false", "null" };

    for (i = 0; i < 3; i++) {
        len = strlen(words[i]);

        if ((size_t) (end - p) >= len && memcmp(p, words[i], len) == 0) {
            return p + len;
        }
    }

    return NULL;
}


const unsigned char *
sv_json_number(const unsigned char *p, const unsigned char *end)
{
    if (p < end && *p == '-') {
        p++;
    }

    if (p < end && *p == '0') {
        p++;

    } else {
        p = sv_json_digits(p, end);
    }

    if (p && p < end && *p == '.') {
        p = sv_json_digits(p + 1, end);
    }

    if (p && p < end && (*p == 'e' || *p == 'E')) {
        p++;

        if (p < end && (*p == '+' || *p == '-')) {
            p++;
        }

        p = sv_json_digits(p, end);
    }

    return p;
}


static const unsigned char *
sv_json_digits(const unsigned char *p, const unsigned char *end)
{
    if (p == end || !sv_is_digit(*p)) {
        return NULL;
    }

    while (p < end && sv_is_digit(*p)) {
        p++;
    }

    return p;
}


const unsigned char *
sv_json_escape(const unsigned char *p, const unsigned char *end, uint32_t *ch)
{
    uint32_t              low;
    const char           *at;
    const unsigned char  *next;
    static const char     from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";

    if (++p == end) {
        return NULL;
    }

    if (*p != 'u') {

        at = *p ? strchr(from, *p) : NULL;
        if (at == NULL) {
            return NULL;
        }

        *ch = (unsigned char) to[at - from];

        return p + 1;
    }

    p = sv_json_hex(p + 1, end, ch);

    if (p == NULL || *ch < 0xd800 || *ch > 0xdbff
        || end - p < 2 || p[0] != '\\' || p[1] != 'u')
    {
        return p;
    }

    next = sv_json_hex(p + 2, end, &low);

    if (next == NULL || low < 0xdc00 || low > 0xdfff) {
        return p;
    }

    *ch = 0x10000 + ((*ch - 0xd800) << 10) + (low - 0xdc00);

    return next;
}


static const unsigned char *
sv_json_hex(const unsigned char *p, const unsigned char *end, uint32_t *ch)
{
    int  i, digit;

    if (end - p < 4) {
        return NULL;
    }

    *ch = 0;

    for (i = 0; i < 4; i++) {

        digit = sv_hex(*p++);
        if (digit < 0) {
            return NULL;
        }

        *ch = *ch << 4 | (uint32_t) digit;
    }

    return p;
}
