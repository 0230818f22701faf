
/*
 * Addresses are broken by typing, copying and exporting in few ways: there is
 * something around them, blanks or invisible characters in them, a dot or @ is
 * doubled, or a comma is in place of a dot.  Each of these is undone.  The
 * outcome must be a valid address; if two are possible, none is suggested.
 */


#include "sv_suggest.h"
#include "sv_typo.h"
#include "sv_utf8.h"


#define SV_SUGGEST_MAX   512    /* octets; longer input is not a typo */
#define SV_SUGGEST_GAPS  1      /* blanks in a local part */


typedef struct {
    unsigned char   buf[SV_SUGGEST_MAX];
    sv_str_t        text;       /* in buf */
    sv_str_t        local;
    sv_str_t        domain;
} sv_suggest_t;


static int sv_suggest_plain(sv_suggest_t *s, const unsigned char *data,
    size_t len);
static uint32_t sv_suggest_char(uint32_t ch);
static void sv_suggest_unwrap(sv_suggest_t *s);
static void sv_suggest_label(sv_str_t *text);
static void sv_suggest_angle(sv_str_t *text);
static int sv_suggest_ends(sv_str_t *text);
static int sv_suggest_quote(sv_str_t *text);
static int sv_suggest_split(sv_suggest_t *s);
static int sv_suggest_local_is_valid(const sv_str_t *local);
static int sv_suggest_local(sv_str_t *local);
static void sv_suggest_domain(sv_str_t *domain);
static void sv_suggest_dots(sv_str_t *text);
static size_t sv_suggest_write(const sv_lists_t *lists, sv_suggest_t *s,
    unsigned char *dst);
static void sv_suggest_cut(sv_str_t *text, size_t first, size_t last);


size_t
sv_suggest(const sv_lists_t *lists, const unsigned char *data, size_t len,
    unsigned char *dst)
{
    sv_suggest_t  s;

    if (len == 0 || len > SV_SUGGEST_MAX
        || sv_suggest_plain(&s, data, len) != 0)
    {
        return 0;
    }

    sv_suggest_unwrap(&s);

    if (sv_suggest_split(&s) != 0) {
        return 0;
    }

    if (!sv_suggest_local_is_valid(&s.local)
        && sv_suggest_local(&s.local) != 0)
    {
        return 0;
    }

    sv_suggest_domain(&s.domain);

    return sv_suggest_write(lists, &s, dst);
}


/*
 * Copies the text with each kind of blank as a space, and without invisible
 * characters.  Joiners stay, as they change the text in some scripts.
 */

static int
sv_suggest_plain(sv_suggest_t *s, const unsigned char *data, size_t len)
{
    size_t                n;
    uint32_t              ch;
    const unsigned char  *p, *end, *start;

    n = 0;
    p = data;
    end = data + len;

    while (p < end) {
        start = p;
        ch = sv_utf8_decode(&p, end);

        if (ch == SV_UTF8_BAD || ch == 0) {
            return -1;
        }

        ch = sv_suggest_char(ch);

        if (ch == 0) {
            continue;
        }

        if (ch < 0x80) {
            s->buf[n++] = (unsigned char) ch;
            continue;
        }

        memmove(s->buf + n, start, p - start);
        n += p - start;
    }

    s->text.data = s->buf;
    s->text.len = n;

    return 0;
}


/* Returns 0 if the character is removed. */

static uint32_t
sv_suggest_char(uint32_t ch)
{
    if (ch == '\t' || ch == '\r' || ch == '\n' || ch == 0x85 || ch == 0xa0
        || ch == 0x1680 || (ch >= 0x2000 && ch <= 0x200a) || ch == 0x2028
        || ch == 0x2029 || ch == 0x202f || ch == 0x205f || ch == 0x3000)
    {
        return ' ';
    }

    if (ch == 0xad || ch == 0x180e || ch == 0x200b || ch == 0x200e
        || ch == 0x200f || (ch >= 0x202a && ch <= 0x202e)
        || (ch >= 0x2060 && ch <= 0x206f) || ch == 0xfeff)
    {
        return 0;
    }

    if (ch == 0xff20 || ch == 0xfe6b) {
        return '@';
    }

    return ch;
}


/* Removes what is around an address: a name, brackets, quotes, "mailto:". */

static void
sv_suggest_unwrap(sv_suggest_t *s)
{
    sv_suggest_angle(&s->text);

    while (sv_suggest_ends(&s->text) || sv_suggest_quote(&s->text)) {
        /* void */
    }

    sv_suggest_label(&s->text);

    while (sv_suggest_ends(&s->text) || sv_suggest_quote(&s->text)) {
        /* void */
    }
}


/* Removes "mailto:" and other labels that exports put before an address. */

static void
sv_suggest_label(sv_str_t *text)
{
    size_t    i, n;
    unsigned  k;

    static const char  *labels[] = {
        "mailto:", "smtp:", "email:", "e-mail:", "mail:"
    };

    for (k = 0; k < sizeof(labels) / sizeof(labels[0]); k++) {
        n = strlen(labels[k]);

        if (text->len > n && sv_is_same(text->data, labels[k], n)) {
            break;
        }
    }

    if (k == sizeof(labels) / sizeof(labels[0])) {
        return;
    }

    sv_suggest_cut(text, n, text->len);

    /* "?subject=..." belongs to the link; before the @ it is part of the
       address */

    for (i = 0; i < text->len && text->data[i] != '@'; i++) { /* void */ }

    for ( /* void */ ; i < text->len; i++) {
        if (text->data[i] == '?') {
            text->len = i;
        }
    }
}


/* Takes the text in the last pair of angle brackets, as in "Alice
   <alice@example.com>", unless there is an @ outside of it. */

static void
sv_suggest_angle(sv_str_t *text)
{
    size_t  i, n, first, last;

    first = 0;
    last = text->len;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] == '<') {
            first = i + 1;
            last = text->len;

        } else if (text->data[i] == '>' && last == text->len) {
            last = i;
        }
    }

    if (first == 0 || first > last) {
        return;
    }

    n = 0;

    for (i = 0; i < text->len; i++) {
        n += (text->data[i] == '@' && (i < first || i >= last));
    }

    if (n == 0) {
        sv_suggest_cut(text, first, last);
    }
}


/* Removes blanks and punctuation.  Returns 1 if there were any. */

static int
sv_suggest_ends(sv_str_t *text)
{
    size_t  first, last;

    first = 0;
    last = text->len;

    while (first < last && strchr(" <([,;:", text->data[first]) != NULL) {
        first++;
    }

    while (last > first && strchr(" >)],;:.!?", text->data[last - 1]) != NULL)
    {
        last--;
    }

    if (first == 0 && last == text->len) {
        return 0;
    }

    sv_suggest_cut(text, first, last);

    return 1;
}


/*
 * Removes quotation marks.  Apostrophes and grave accents may belong to a local
 * part, so they are removed only as a pair.  A quotation mark at only one end
 * is left from a pair, as a quoted local part has both.
 */

static int
sv_suggest_quote(sv_str_t *text)
{
    size_t                n;
    unsigned              i;
    const unsigned char  *p, *last;

    static const char  *marks[][2] = {
        { "'", "'" }, { "`", "'" }, { "`", "`" },
        { "\xe2\x80\x98", "\xe2\x80\x99" },     /* U+2018, U+2019 */
        { "\xe2\x80\x99", "\xe2\x80\x99" },
        { "\xe2\x80\x9c", "\xe2\x80\x9d" },     /* U+201C, U+201D */
        { "\xe2\x80\x9d", "\xe2\x80\x9d" },
        { "\xe2\x80\x9e", "\xe2\x80\x9c" },     /* U+201E, U+201C */
        { "\xe2\x80\x9e", "\xe2\x80\x9d" },
        { "\xc2\xab", "\xc2\xbb" },             /* U+00AB, U+00BB */
        { "\xc2\xbb", "\xc2\xab" },
        { "\xe2\x80\xb9", "\xe2\x80\xba" }      /* U+2039, U+203A */
    };

    for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        n = strlen(marks[i][0]);

        if (text->len >= 2 * n && strlen(marks[i][1]) == n
            && memcmp(text->data, marks[i][0], n) == 0
            && memcmp(text->data + text->len - n, marks[i][1], n) == 0)
        {
            sv_suggest_cut(text, n, text->len - n);
            return 1;
        }
    }

    p = text->data;
    n = text->len;

    if (n == 0) {
        return 0;
    }

    last = p + n - 1;

    if (*last == '"') {
        sv_suggest_cut(text, n > 1 && *p == '"' && memchr(p + 1, '"', n - 2)
                             == NULL, n - 1);
        return 1;
    }

    if (*p == '"' && memchr(p + 1, '"', n - 1) == NULL) {
        sv_suggest_cut(text, 1, n);
        return 1;
    }

    return 0;
}


/* Splits the text at its only @, or its only run of them. */

static int
sv_suggest_split(sv_suggest_t *s)
{
    size_t          n;
    unsigned char  *at, *behind, *end;

    end = s->text.data + s->text.len;
    at = s->text.data;

    /* skip an @ in a quoted local part */

    if (s->text.len && *at == '"') {
        do {
            at += (*at == '\\') + 1;
        } while (at < end && *at != '"');

        if (at >= end) {
            return -1;
        }
    }

    at = memchr(at, '@', end - at);

    if (at == NULL) {
        return -1;
    }

    n = at - s->text.data;

    for (behind = at; behind < end && (*behind == '@' || *behind == ' ');
         behind++)
    {
        /* void */
    }

    if (memchr(behind, '@', end - behind) != NULL) {
        return -1;
    }

    s->local.data = s->text.data;
    s->local.len = n;
    s->domain.data = behind;
    s->domain.len = end - behind;

    return 0;
}


static int
sv_suggest_local_is_valid(const sv_str_t *local)
{
    size_t         len;
    sv_address_t   addr;
    unsigned char  buf[SV_LOCAL_MAX + sizeof("@a.example")];

    if (local->len == 0 || local->len > SV_LOCAL_MAX) {
        return 0;
    }

    len = local->len;

    memcpy(buf, local->data, len);
    memcpy(buf + len, "@a.example", sizeof("@a.example") - 1);
    len += sizeof("@a.example") - 1;

    return sv_address_parse(buf, len, &addr) == SV_ADDRESS_OK;
}


/*
 * Repairs a local part.  Returns -1 if it is not clear what was meant.  A blank
 * may be superfluous, stand for a dot, or separate a name from the address.
 * One blank inside is removed; if there are more, nothing is suggested.
 */

static int
sv_suggest_local(sv_str_t *local)
{
    size_t    i, n;
    unsigned  gaps;

    while (local->len && local->data[local->len - 1] == ' ') {
        local->len--;
    }

    n = 0;
    gaps = 0;

    for (i = 0; i < local->len; i++) {

        if (local->data[i] == ' ') {

            if (n && local->data[n - 1] != '.' && local->data[i + 1] != ' '
                && local->data[i + 1] != '.' && ++gaps > SV_SUGGEST_GAPS)
            {
                return -1;
            }

            continue;
        }

        /* "Doe, John" is a name */

        if (local->data[i] == ',' && i + 1 < local->len
            && local->data[i + 1] == ' ')
        {
            return -1;
        }

        local->data[n++] = (local->data[i] == ',') ? '.' : local->data[i];
    }

    local->len = n;

    sv_suggest_dots(local);

    return 0;
}


static void
sv_suggest_domain(sv_str_t *domain)
{
    size_t          i, n;
    unsigned char  *p;

    p = domain->data;
    n = 0;

    for (i = 0; i < domain->len; i++) {

        if (p[i] != ' ') {
            p[n++] = (p[i] == ',' || p[i] == ';') ? '.' : p[i];
        }
    }

    while (n && (p[n - 1] == '/' || p[n - 1] == '-' || p[n - 1] == '\\')) {
        n--;
    }

    domain->len = n;

    sv_suggest_dots(domain);
}


/* Removes dots at both ends, and repeated dots. */

static void
sv_suggest_dots(sv_str_t *text)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] != '.' || (n && text->data[n - 1] != '.')) {
            text->data[n++] = text->data[i];
        }
    }

    while (n && text->data[n - 1] == '.') {
        n--;
    }

    text->len = n;
}


/* Writes the suggestion.  A domain of one label is not a mail domain, unless it
   is a known one without its dot. */

static size_t
sv_suggest_write(const sv_lists_t *lists, sv_suggest_t *s, unsigned char *dst)
{
    size_t          len;
    sv_str_t        domain;
    sv_address_t    addr;
    sv_suffixes_t   suffixes;
    unsigned char   buf[SV_SUGGEST_MAX + 1], meant[SV_DOMAIN_MAX];

    len = s->local.len;

    memcpy(buf, s->local.data, len);
    buf[len++] = '@';
    memcpy(buf + len, s->domain.data, s->domain.len);

    if (sv_address_parse(buf, len + s->domain.len, &addr) != SV_ADDRESS_OK) {
        return 0;
    }

    sv_lists_suffixes(lists, addr.domain.data, addr.domain.len, &suffixes);

    domain.data = meant;
    domain.len = sv_typo_domain(lists, &addr.domain, &suffixes, meant);

    if (domain.len == 0) {

        if (memchr(addr.domain.data, '.', addr.domain.len) == NULL) {
            return 0;
        }

        domain = addr.udomain;

    } else if (len + domain.len > SV_ADDRESS_MAX) {
        return 0;
    }

    memcpy(dst, buf, len);
    memcpy(dst + len, domain.data, domain.len);

    return len + domain.len;
}


static void
sv_suggest_cut(sv_str_t *text, size_t first, size_t last)
{
    text->data += first;
    text->len = last - first;
}
