
/*
 * Finds the enhanced code of a reply (RFC 3463).  Half of the servers put it
 * into the middle of the text, as in "(#5.1.1)", where IP addresses, versions,
 * dates and codes of other servers look similar.
 */


#include "sv_rules.h"


static size_t sv_enhanced_parse(const unsigned char *p,
    const unsigned char *end, unsigned code[3]);
static size_t sv_enhanced_number(const unsigned char *p,
    const unsigned char *end, unsigned *number);
static int sv_enhanced_in_text(const sv_reply_t *reply, unsigned code[3]);
static int sv_is_version(const unsigned char *start, const unsigned char *p);
static int sv_is_quoted(const unsigned char *start, const unsigned char *p,
    const unsigned char *next, const unsigned char *end);


int
sv_enhanced_find(const sv_reply_t *reply, unsigned code[3])
{
    unsigned  found[3];
    sv_str_t  given;

    given = reply->enhanced;

    if (given.len != 0
        && sv_enhanced_parse(given.data, given.data + given.len, code)
           == given.len
        && code[0] == reply->code / 100)
    {
        /* X.0.0 says nothing, so the text may have a better one */

        if (code[1] == 0 && code[2] == 0 && sv_enhanced_in_text(reply, found))
        {
            memcpy(code, found, sizeof(found));
        }

        return 1;
    }

    return sv_enhanced_in_text(reply, code);
}


/* Returns the length of a code at p; 0 if there is none. */

static size_t
sv_enhanced_parse(const unsigned char *p, const unsigned char *end,
    unsigned code[3])
{
    size_t                n;
    const unsigned char  *start;

    start = p;

    if (end - p < 5 || (*p != '2' && *p != '4' && *p != '5') || p[1] != '.') {
        return 0;
    }

    code[0] = *p - '0';
    p += 2;

    n = sv_enhanced_number(p, end, &code[1]);
    p += n;

    if (n == 0 || code[1] > 7 || p == end || *p++ != '.') {
        return 0;
    }

    n = sv_enhanced_number(p, end, &code[2]);
    p += n;

    return n ? (size_t) (p - start) : 0;
}


static size_t
sv_enhanced_number(const unsigned char *p, const unsigned char *end,
    unsigned *number)
{
    size_t  n;

    *number = 0;

    for (n = 0; p + n < end && sv_is_digit(p[n]); n++) {

        if (n == 3) {
            return 0;
        }

        *number = *number * 10 + (p[n] - '0');
    }

    return n;
}


static int
sv_enhanced_in_text(const sv_reply_t *reply, unsigned code[3])
{
    size_t                n;
    const unsigned char  *p, *start, *end;

    if (reply->text.len == 0) {
        return 0;
    }

    start = reply->text.data;
    end = start + (reply->text.len < SV_TEXT_MAX ? reply->text.len
                                                 : SV_TEXT_MAX);

    for (p = start; p < end; p++) {

        if (*p != '0' + reply->code / 100) {
            continue;
        }

        if (p > start && (sv_is_alnum(p[-1]) || p[-1] == '.' || p[-1] == '_'
                          || p[-1] == '/' || p[-1] == '='))
        {
            continue;
        }

        n = sv_enhanced_parse(p, end, code);

        if (n == 0 || sv_is_version(start, p)
            || sv_is_quoted(start, p, p + n, end))
        {
            continue;
        }

        /* "5.1.1.9" and "5.1.1-beta" are not codes, "5.1.1." is one */

        if (p + n < end
            && (sv_is_alnum(p[n]) || p[n] == '-' || p[n] == '/'
                || (p[n] == '.' && p + n + 1 < end
                    && sv_is_digit(p[n + 1]))))
        {
            continue;
        }

        return 1;
    }

    return 0;
}


/* Recognizes "version 5.0.1", "v 5.0.1" or "release 5.0.1". */

static int
sv_is_version(const unsigned char *start, const unsigned char *p)
{
    size_t                i, n;
    static const char    *words[] = { "version", "ver", "v", "release",
                                      "build", "rev", "exim", "mdaemon" };
    const unsigned char  *end;

    while (p > start && (p[-1] == ' ' || p[-1] == '.' || p[-1] == ':')) {
        p--;
    }

    end = p;

    while (p > start && sv_is_alpha(p[-1])) {
        p--;
    }

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {

        if (strlen(words[i]) != (size_t) (end - p)) {
            continue;
        }

        for (n = 0; p + n < end; n++) {
            if (sv_lower(p[n]) != (unsigned char) words[i][n]) {
                break;
            }
        }

        if (p + n == end) {
            return 1;
        }
    }

    return 0;
}


/*
 * Recognizes a code that stands alone in quotes, with words before it, as in
 * "do not take this for "5.1.1"".  Where a server puts its whole answer in
 * quotes, or the code of another with its words, they are believed as ever.
 */

static int
sv_is_quoted(const unsigned char *start, const unsigned char *p,
    const unsigned char *next, const unsigned char *end)
{
    const unsigned char  *q;

    if (p == start || p[-1] != '"' || next == end || *next != '"') {
        return 0;
    }

    for (q = start; q < p - 1; q++) {
        if (sv_is_alpha(*q)) {
            return 1;
        }
    }

    return 0;
}


void
sv_enhanced_write(char dst[SV_ENHANCED_LEN], const unsigned code[3])
{
    unsigned  i, n;

    for (i = 0; i < 3; i++) {

        if (i) {
            *dst++ = '.';
        }

        n = code[i];

        if (n >= 100) {
            *dst++ = (char) ('0' + n / 100 % 10);
        }

        if (n >= 10) {
            *dst++ = (char) ('0' + n / 10 % 10);
        }

        *dst++ = (char) ('0' + n % 10);
    }

    *dst = '\0';
}
