
/*
 * Alternative readings of a reply.  A local part in the text looks like a
 * reason ("greylisted: unknown user" is about greylisted@example.com), and a
 * text in quotes is usually about somebody else.  Both are blanked, and the
 * rest is read again.
 */


#include "sv_rules.h"
#include "sv_words.h"


#define SV_READING_LOCAL_MIN  2
#define SV_READING_GAP        3     /* octets between "user" and the name */
#define SV_READING_QUOTE      256   /* octets of a quoted text */


static sv_name_e sv_reading_is_name(const sv_reply_t *reply, size_t len,
    size_t from, size_t to);
static int sv_reading_is_adjective(const unsigned char *text, size_t len,
    size_t to);
static int sv_reading_is_whole(const unsigned char *text, size_t len,
    size_t from, size_t to);
static int sv_reading_is_first(const unsigned char *text, size_t from);
static int sv_reading_is_named(const unsigned char *text, size_t from,
    const char *const *words);
static int sv_reading_is_script(const unsigned char *p, size_t len);
static size_t sv_reading_quote(const unsigned char *p, size_t len,
    size_t *end);
static size_t sv_reading_single(const unsigned char *text, size_t from,
    size_t len, size_t *end);
static int sv_reading_find(const sv_reply_t *reply, const sv_str_t *address,
    int apart);


/* words for any recipient, which are never taken for a name */

static const char *const  sv_reading_common[] = {
    "user", "username", "mailbox", "account", "recipient", "address", "alias",
    "email", "mail", "inbox", "no", "not", "such", "is", "in", "of", "the",
    "this", "that", NULL
};


/* a name follows these words */

static const char *const  sv_reading_before[] = {
    "user", "username", "mailbox", "account", "recipient", "address", "alias",
    "addressee", "rcpt", NULL
};


static const char *const  sv_reading_named[] = {
    "named", "called", NULL
};


static const char *const  sv_reading_name_of[] = {
    "name of ", NULL
};


/* before these words, "unknown" or "invalid" is an adjective, not a name */

static const char *const  sv_reading_nouns[] = {
    "user", "recipient", "address", NULL
};


/* words that say nothing about a name: "user ... in relay recipient table" */

static const char *const  sv_reading_nothing[] = {
    "user", "users", "username", "mailbox", "account", "recipient",
    "recipients", "address", "alias", "email", "mail", "inbox", "is", "in",
    "the", "this", "that", "here", "a", "local", "virtual", "relay", "table",
    NULL
};


static const char *const  sv_reading_denials[] = {
    "denied", "not", "permitted", "allowed", NULL
};


/* opening and closing quotation marks */

static const struct {
    const char  *open;
    const char  *close;
}  sv_reading_quotes[] = {
    { "\"", "\"" },
    { "\342\200\234", "\342\200\235" },
    { "\342\200\236", "\342\200\234" },
    { "\302\253", "\302\273" },
    { "\302\273", "\302\253" },
    { "\343\200\214", "\343\200\215" }
};


size_t
sv_reading_local(const sv_reply_t *reply, unsigned char *dst, size_t len,
    sv_name_e sure, sv_name_e *least)
{
    size_t                i, n, found, word;
    sv_name_e             name;
    unsigned char         first;
    const unsigned char  *at, *local, *text;

    *least = SV_NAME_SURE;

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
        || sv_word_is_one(local, n, sv_reading_common))
    {
        return 0;
    }

    found = 0;

    for (word = 0; word < n && sv_is_alpha(local[word]); word++) {
        /* void */
    }

    first = sv_lower(*local);

    for (i = 0; i + n <= len; i++) {

        if (sv_lower(text[i]) != first || !sv_is_same(text + i, local, n)) {
            continue;
        }

        name = sv_reading_is_name(reply, len, i, i + n);

        /* a local part such as "no-such-user" is not a word of a server */

        if (name != SV_NAME_NONE && word < n) {
            name = SV_NAME_SURE;
        }

        if (name == SV_NAME_NONE || name < sure) {
            continue;
        }

        if (name < *least) {
            *least = name;
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


/*
 * Returns how sure it is that a text is the recipient's name.  It is sure in
 * quotes or brackets, before "..." or a colon, and after "named".  As the first
 * word, or after "user", it may be a word of the server.
 */

static sv_name_e
sv_reading_is_name(const sv_reply_t *reply, size_t len, size_t from,
    size_t to)
{
    const unsigned char  *text;

    text = reply->text.data;

    if (!sv_reading_is_whole(text, len, from, to)) {
        return SV_NAME_NONE;
    }

    if (from != 0 && to != len
        && strchr("<([\"'`", text[from - 1]) != NULL
        && strchr(">)]\"'`", text[to]) != NULL)
    {
        return SV_NAME_SURE;
    }

    if (len - to >= 3 && memcmp(text + to, "...", 3) == 0) {
        return SV_NAME_SURE;
    }

    if (sv_reading_is_named(text, from, sv_reading_named)
        || (from >= 8 && sv_word_is_one(text + from - 8, 8,
                                        sv_reading_name_of)))
    {
        return SV_NAME_SURE;
    }

    if (sv_reading_is_named(text, from, sv_reading_before)) {
        return SV_NAME_BEHIND;
    }

    if (!sv_reading_is_first(text, from)) {
        return SV_NAME_NONE;
    }

    if (to != len && text[to] == ':') {
        return SV_NAME_SURE;
    }

    /* "Server busy": in a 4xx, which never says that a mailbox is missing, it
       can only be a word */

    if (reply->code < 500 || sv_reading_is_adjective(text, len, to)) {
        return SV_NAME_NONE;
    }

    return SV_NAME_FIRST;
}


/* Returns 1 before a noun, as in "unknown user". */

static int
sv_reading_is_adjective(const unsigned char *text, size_t len, size_t to)
{
    size_t  end;

    if (to == len || text[to] != ' ') {
        return 0;
    }

    for (end = to + 1; end < len && sv_is_alpha(text[end]); end++) {
        /* void */
    }

    return sv_word_is_one(text + to + 1, end - to - 1, sv_reading_nouns);
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


/* Returns 1 if only a code is before it. */

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
sv_reading_is_named(const unsigned char *text, size_t from,
    const char *const *words)
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

    return sv_word_is_one(text + start, end - start, words);
}


int
sv_reading_is_empty(const unsigned char *text, size_t len, int denials)
{
    size_t  i, start, words;

    for (i = len; i > 1; i--) {
        if ((text[i - 2] == ':' || text[i - 2] == '.')
            && text[i - 1] == ' ' && (text[i - 2] == ':' || i > 4)
            && (text[i - 2] == ':' || memcmp(&text[i - 4], "...", 3) == 0))
        {
            text += i;
            len -= i;
            break;
        }
    }

    words = 0;

    for (i = 0; i < len; i++) {

        if (!sv_is_alpha(text[i])) {

            if (text[i] >= 0x80 || text[i] == '@') {
                return 0;
            }

            continue;
        }

        start = i;

        while (i < len && sv_is_alpha(text[i])) {
            i++;
        }

        if (!sv_word_is_one(text + start, i - start, sv_reading_nothing)
            && !(denials && sv_word_is_one(text + start, i - start,
                                           sv_reading_denials)))
        {
            return 0;
        }

        words++;
        i--;
    }

    return words != 0;
}


size_t
sv_reading_unquoted(const sv_reply_t *reply, unsigned char *dst, size_t len)
{
    size_t                i, n, end, found;
    const unsigned char  *text;

    text = reply->text.data;
    found = 0;

    for (i = 0; i < len; i++) {
        n = (text[i] == '\'') ? sv_reading_single(text, i, len, &end)
                             : sv_reading_quote(text + i, len - i, &end);

        if (n == 0) {
            continue;
        }

        /* a single word in quotes is a name, or emphasized */

        if (memchr(text + i + n, ' ', end - n) != NULL
            || sv_reading_is_script(text + i + n, end - n))
        {

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


/* Recognizes Chinese, Japanese and Korean, whose sentences have no blanks. */

static int
sv_reading_is_script(const unsigned char *p, size_t len)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < len; i++) {
        if (p[i] >= 0xe3 && p[i] <= 0xed) {
            n++;
        }
    }

    return n > 3;
}


int
sv_reading_is_sentence(const unsigned char *text, size_t len)
{
    size_t  i, letters, words;

    letters = 0;
    words = 0;

    for (i = 0; i < len; i++) {

        if (text[i] == '@' || text[i] == '<') {

            /* an address is not a word */

            while (i < len && text[i] != ' ' && text[i] != '>') {
                i++;
            }

            letters = 0;
            continue;
        }

        if (!sv_is_alpha(text[i]) && text[i] < 0x80) {
            letters = 0;
            continue;
        }

        /* scripts without blanks: so many octets count as a word */

        if (++letters == 3 || (letters == 12 && text[i] >= 0x80)) {
            words++;
        }
    }

    return words > 1;
}


/* Returns the length of the opening quotation mark at p; 0 if no quoted text
   begins there. */

static size_t
sv_reading_quote(const unsigned char *p, size_t len, size_t *end)
{
    size_t       i, k, n;
    const char  *open, *close;

    if (*p < 0x80 && *p != '"') {
        return 0;
    }

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

        /* limited, as each octet may open a quotation that is never closed */

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


/* Single quotes are also in "isn't"; they only count outside of words. */

static size_t
sv_reading_single(const unsigned char *text, size_t from, size_t len,
    size_t *end)
{
    size_t  i, to;

    if (from != 0 && text[from - 1] != ' ' && text[from - 1] != '('
        && text[from - 1] != ':')
    {
        return 0;
    }

    to = len - from < SV_READING_QUOTE ? len : from + SV_READING_QUOTE;

    for (i = from + 1; i < to; i++) {
        if (text[i] == '\'' && text[i - 1] != ' '
            && (i + 1 == len
                || (!sv_is_alnum(text[i + 1]) && text[i + 1] < 0x80)))
        {
            *end = i - from;
            return 1;
        }
    }

    return 0;
}


int
sv_reading_names(const sv_reply_t *reply, const sv_str_t *address)
{
    return sv_reading_find(reply, address, 0);
}


int
sv_reading_states(const sv_reply_t *reply, const sv_str_t *address)
{
    return sv_reading_find(reply, address, 1);
}


static int
sv_reading_find(const sv_reply_t *reply, const sv_str_t *address, int apart)
{
    size_t                i, k, len;
    unsigned              depth;
    const unsigned char  *text;

    text = reply->text.data;
    len = reply->text.len < SV_TEXT_MAX ? reply->text.len : SV_TEXT_MAX;
    depth = 0;

    if (address->len == 0) {
        return 0;
    }

    for (i = 0; i + address->len <= len; i++) {

        if (text[i] == '(') {
            depth++;

        } else if (text[i] == ')' && depth) {
            depth--;
        }

        if (depth && apart) {
            continue;
        }

        for (k = 0; k < address->len; k++) {
            if (sv_lower(text[i + k]) != sv_lower(address->data[k])) {
                break;
            }
        }

        if (k == address->len) {
            return 1;
        }
    }

    return 0;
}
