
/*
 * Typing, copying and exporting break addresses in few ways: something
 * stands around them, blanks and invisible characters got in, a dot or an @
 * was typed twice, a comma instead of a dot.  Each of these is undone.  What
 * comes out must be a valid address; where two could be meant, none is told.
 */


#include "sv_suggest.h"
#include "sv_typo.h"
#include "sv_utf8.h"


#define SV_SUGGEST_MAX   512    /* octets; nobody mistypes a longer address */
#define SV_SUGGEST_GAPS  1      /* blanks within a local part */


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
 * The text with each kind of blank as a space, without what nobody sees.
 * Joiners change what is read in some scripts: they stay.
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


/* 0: it is left out */

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


/* what stands around an address: a name, brackets, quotes, "mailto:" */

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


/* "mailto:" and what else says that an address follows, as in exports */

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

        if (text->len <= n) {
            continue;
        }

        for (i = 0; i < n && sv_lower(text->data[i]) == labels[k][i]; i++) {
            /* void */
        }

        if (i == n) {
            break;
        }
    }

    if (k == sizeof(labels) / sizeof(labels[0])) {
        return;
    }

    sv_suggest_cut(text, n, text->len);

    /* "?subject=..." belongs to the link; before the @ it is a letter */

    for (i = 0; i < text->len && text->data[i] != '@'; i++) { /* void */ }

    for ( /* void */ ; i < text->len; i++) {
        if (text->data[i] == '?') {
            text->len = i;
        }
    }
}


/* "Alice <alice@example.com>": the one of the last pair, if it has an @, and
   nothing but that pair has one */

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


/* blanks and punctuation; 1: something was taken off */

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
 * Quotation marks.  An apostrophe and a grave accent are letters of a local
 * part: they go only as a pair.  A quotation mark at one end alone is left of
 * a pair, as a quoted local part has both of its own.
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


/* around the one @, or the one run of them */

static int
sv_suggest_split(sv_suggest_t *s)
{
    size_t          n;
    unsigned char  *at, *behind, *end;

    end = s->text.data + s->text.len;
    at = s->text.data;

    /* the @ of a quoted local part is not that of the address */

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
 * -1: there is no telling.  A blank may be one too many, or stand for a dot,
 * or part a name from its address: one within is taken off, more are not.
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

        /* "Doe, John": a name */

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


/* no dot at the ends, and none beside another */

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


/* a host alone is nobody's mail domain, unless it lacks a known one's dot */

static size_t
sv_suggest_write(const sv_lists_t *lists, sv_suggest_t *s, unsigned char *dst)
{
    size_t          len;
    sv_str_t        domain;
    sv_address_t    addr;
    unsigned char   buf[SV_SUGGEST_MAX + 1], meant[SV_DOMAIN_MAX];

    len = s->local.len;

    memcpy(buf, s->local.data, len);
    buf[len++] = '@';
    memcpy(buf + len, s->domain.data, s->domain.len);

    if (sv_address_parse(buf, len + s->domain.len, &addr) != SV_ADDRESS_OK) {
        return 0;
    }

    domain.data = meant;
    domain.len = sv_typo_domain(lists, &addr.domain, meant);

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
