
#include "sv_json.h"
#include "sv_str.h"


static const unsigned char *sv_json_digits(const unsigned char *p,
    const unsigned char *end);
static const unsigned char *sv_json_hex(const unsigned char *p,
    const unsigned char *end, uint32_t *ch);


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
