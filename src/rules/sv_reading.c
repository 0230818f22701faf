
/*
 * A reply may be read in more than one way.  A local part that stands alone
 * looks like a reason ("greylisted: unknown user" is said of
 * greylisted@example.com), and what stands in quotes is said of somebody else
 * more often than not.  Both are blanked for a second reading.
 */


#include "sv_rules.h"


#define SV_READING_LOCAL_MIN  2
#define SV_READING_GAP        3     /* octets between "user" and his name */
#define SV_READING_QUOTE      256   /* octets of a quotation */


static int sv_reading_is_name(const unsigned char *text, size_t len,
    size_t from, size_t to);
static int sv_reading_is_whole(const unsigned char *text, size_t len,
    size_t from, size_t to);
static int sv_reading_is_first(const unsigned char *text, size_t from);
static int sv_reading_is_named(const unsigned char *text, size_t from);
static int sv_reading_is_word(const unsigned char *p, size_t len,
    const char *const *words);
static size_t sv_reading_quote(const unsigned char *p, size_t len,
    size_t *end);


/* said of whoever was asked for: no reason looks like one of these */

static const char *const  sv_reading_common[] = {
    "user", "username", "mailbox", "account", "recipient", "address", "alias",
    "email", "mail", "inbox", "no", "not", "such", "is", "in", "of", "the",
    "this", "that", NULL
};


/* a name follows */

static const char *const  sv_reading_before[] = {
    "user", "username", "mailbox", "account", "recipient", "address", "alias",
    "addressee", "rcpt", "named", "called", NULL
};


/* those that begin a quotation, and those that end it */

static const struct {
    const char  *open;
    const char  *close;
}  sv_reading_quotes[] = {
    { "\"", "\"" },
    { "\342\200\234", "\342\200\235" },
    { "\342\200\236", "\342\200\234" },
    { "\302\253", "\302\273" }
};


size_t
sv_reading_local(const sv_reply_t *reply, unsigned char *dst, size_t len)
{
    size_t                i, k, n, found;
    const unsigned char  *at, *local, *text;

    if (reply->rcpt.len == 0) {
        return 0;
    }

    at = memchr(reply->rcpt.data, '@', reply->rcpt.len);

    if (at == NULL) {
        return 0;
    }

    local = reply->rcpt.data;
    n = at - local;
    text = reply->text.data;

    if (n < SV_READING_LOCAL_MIN || *local == '"'
        || sv_reading_is_word(local, n, sv_reading_common))
    {
        return 0;
    }

    found = 0;

    for (i = 0; i + n <= len; i++) {

        for (k = 0; k < n; k++) {
            if (sv_lower(text[i + k]) != sv_lower(local[k])) {
                break;
            }
        }

        if (k < n || !sv_reading_is_name(text, len, i, i + n)) {
            continue;
        }

        if (!found) {
            memcpy(dst, text, len);
            found = 1;
        }

        memset(dst + i, ' ', n);
        i += n - 1;
    }

    return found ? len : 0;
}


/* at the beginning, in quotes or brackets, behind "user", before "..." */

static int
sv_reading_is_name(const unsigned char *text, size_t len, size_t from,
    size_t to)
{
    if (!sv_reading_is_whole(text, len, from, to)) {
        return 0;
    }

    if (from != 0 && to != len
        && strchr("<([\"'`", text[from - 1]) != NULL
        && strchr(">)]\"'`", text[to]) != NULL)
    {
        return 1;
    }

    if (len - to >= 3 && memcmp(text + to, "...", 3) == 0) {
        return 1;
    }

    return sv_reading_is_first(text, from)
           || sv_reading_is_named(text, from);
}


static int
sv_reading_is_whole(const unsigned char *text, size_t len, size_t from,
    size_t to)
{
    static const char  more[] = "@.-_+=/&%~*!#$^{}|?";

    if (from != 0
        && (sv_is_alnum(text[from - 1]) || text[from - 1] >= 0x80
            || text[from - 1] == '\0'
            || strchr(more, text[from - 1]) != NULL))
    {
        return 0;
    }

    if (to == len) {
        return 1;
    }

    if (text[to] == '.') {
        /* the end of a sentence */
        return to + 1 == len || text[to + 1] == ' ' || text[to + 1] == '.';
    }

    return !sv_is_alnum(text[to]) && text[to] < 0x80 && text[to] != '\0'
           && strchr(more, text[to]) == NULL;
}


/* but for a code */

static int
sv_reading_is_first(const unsigned char *text, size_t from)
{
    size_t  i;

    for (i = 0; i < from; i++) {
        if (!sv_is_digit(text[i]) && text[i] != '.' && text[i] != ' '
            && text[i] != '#')
        {
            return 0;
        }
    }

    return 1;
}


static int
sv_reading_is_named(const unsigned char *text, size_t from)
{
    size_t  end, start;

    for (end = from; end > 0 && from - end < SV_READING_GAP; end--) {
        if (strchr(" :=<\"'", text[end - 1]) == NULL
            || text[end - 1] == '\0')
        {
            break;
        }
    }

    if (end == from) {
        return 0;
    }

    for (start = end; start > 0 && sv_is_alpha(text[start - 1]); start--) {
        /* void */
    }

    return sv_reading_is_word(text + start, end - start, sv_reading_before);
}


static int
sv_reading_is_word(const unsigned char *p, size_t len,
    const char *const *words)
{
    size_t  i;

    for ( /* void */ ; *words != NULL; words++) {

        if (strlen(*words) != len) {
            continue;
        }

        for (i = 0; i < len; i++) {
            if (sv_lower(p[i]) != (unsigned char) (*words)[i]) {
                break;
            }
        }

        if (i == len) {
            return 1;
        }
    }

    return 0;
}


size_t
sv_reading_unquoted(const sv_reply_t *reply, unsigned char *dst, size_t len)
{
    size_t                i, n, end, found;
    const unsigned char  *text;

    text = reply->text.data;
    found = 0;

    for (i = 0; i < len; i++) {
        n = sv_reading_quote(text + i, len - i, &end);

        if (n == 0) {
            continue;
        }

        /* one word in quotes is a name, or stressed */

        if (memchr(text + i + n, ' ', end - n) != NULL) {

            if (!found) {
                memcpy(dst, text, len);
                found = 1;
            }

            memset(dst + i, ' ', end);
        }

        i += end;
    }

    return found ? len : 0;
}


/* the length of the quotation mark at p, 0: no quotation begins there */

static size_t
sv_reading_quote(const unsigned char *p, size_t len, size_t *end)
{
    size_t       i, k, n;
    const char  *open, *close;

    for (k = 0;
         k < sizeof(sv_reading_quotes) / sizeof(sv_reading_quotes[0]);
         k++)
    {
        open = sv_reading_quotes[k].open;
        close = sv_reading_quotes[k].close;
        n = strlen(open);

        if (len < n || memcmp(p, open, n) != 0) {
            continue;
        }

        /* a bound, as each octet may begin one that does not end */

        len = len < SV_READING_QUOTE ? len : SV_READING_QUOTE;
        n = strlen(close);

        for (i = strlen(open); i + n <= len; i++) {
            if (memcmp(p + i, close, n) == 0) {
                *end = i;
                return strlen(open);
            }
        }
    }

    return 0;
}


int
sv_reading_names(const sv_reply_t *reply, const sv_str_t *address)
{
    size_t  i, k, len;

    len = reply->text.len < SV_TEXT_MAX ? reply->text.len : SV_TEXT_MAX;

    if (address->len == 0) {
        return 0;
    }

    for (i = 0; i + address->len <= len; i++) {

        for (k = 0; k < address->len; k++) {
            if (sv_lower(reply->text.data[i + k])
                != sv_lower(address->data[k]))
            {
                break;
            }
        }

        if (k == address->len) {
            return 1;
        }
    }

    return 0;
}
