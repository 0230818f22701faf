
/*
 * Makes the texts of mail servers comparable.  Punctuation separates words.
 * Host names and URLs stay one word each, so that the "spam" of
 * spam.example.com is not the word "spam".  Addresses become {addr}, because a
 * local part may be any word.
 */


#include <utf8proc.h>

#include "sv_fold_class.h"
#include "sv_rules.h"
#include "sv_utf8.h"


#define SV_FOLD_STOP   0x3002   /* the full stop of Chinese and Japanese */
#define SV_FOLD_CODES  4        /* code points a character is decomposed into */


typedef struct {
    unsigned char     *data;
    size_t             len;
    size_t             size;
    const sv_reply_t  *reply;       /* or NULL */
} sv_out_t;


static size_t sv_fold_words(const sv_reply_t *reply,
    const unsigned char *src, size_t len, unsigned char *dst, size_t size);
static void sv_fold_chunk(sv_out_t *out, const unsigned char *p,
    const unsigned char *end, unsigned class);
static int sv_fold_is_tag(const unsigned char *p, const unsigned char *end);
static int sv_fold_is_short(const unsigned char *p,
    const unsigned char *end);
static int sv_fold_is_quote(const unsigned char *p, const unsigned char *end);
static unsigned char sv_fold_local(const sv_reply_t *reply,
    const unsigned char **local, const unsigned char *at,
    const unsigned char *end);
static int sv_fold_address(sv_out_t *out, const unsigned char *p,
    const unsigned char *end);
static void sv_fold_plain(sv_out_t *out, const unsigned char *p,
    const unsigned char *end);
static void sv_fold_wide(sv_out_t *out, const unsigned char *p,
    const unsigned char *end, unsigned class);
static void sv_fold_run(sv_out_t *out, const unsigned char *p,
    const unsigned char *end, unsigned class);
static void sv_fold_url(sv_out_t *out, const unsigned char *p,
    const unsigned char *end);
static const unsigned char *sv_find_url(const unsigned char *p,
    const unsigned char *end);
static void sv_put_char(sv_out_t *out, const unsigned char **p,
    const unsigned char *end);
static void sv_put_code(sv_out_t *out, uint32_t ch);
static int sv_fold_code(uint32_t ch, utf8proc_int32_t *folded);
static void sv_put_end(sv_out_t *out, int asked);
static void sv_put(sv_out_t *out, unsigned char ch);
static void sv_put_space(sv_out_t *out);
static void sv_put_word(sv_out_t *out, unsigned char ch);


size_t
sv_fold(const unsigned char *src, size_t len, unsigned char *dst, size_t size)
{
    return sv_fold_words(NULL, src, len, dst, size);
}


static size_t
sv_fold_words(const sv_reply_t *reply, const unsigned char *src, size_t len,
    unsigned char *dst, size_t size)
{
    unsigned              class;
    sv_out_t              out;
    const unsigned char  *p, *end, *last;

    out.data = dst;
    out.size = size;
    out.len = 0;
    out.reply = reply;
    sv_put(&out, ' ');

    if (len == 0) {
        return out.len;
    }

    p = src;
    end = src + len;

    /* at most a character, an end and spaces are written at once */

    while (p < end && out.len + 16 < out.size) {
        class = 0;

        for (last = p;
             last < end && !(sv_fold_class[*last] & SV_FOLD_END);
             last++)
        {
            class |= sv_fold_class[*last];
        }

        if (last > p
            && (p == src || last == end || !sv_fold_is_tag(p, last)))
        {
            sv_fold_chunk(&out, p, last, class);
        }

        sv_put_space(&out);
        p = last + 1;
    }

    return out.len;
}


size_t
sv_fold_text(const sv_reply_t *reply, const unsigned char *src, size_t len,
    unsigned char *dst, size_t size)
{
    len = sv_fold_words(reply, src, len, dst, size - 3);

    if (dst[len - 1] != ' ') {
        dst[len++] = ' ';
    }

    if (len > 2 && dst[len - 2] == SV_WORD_END) {
        len -= 2;
    }

    dst[len++] = SV_WORD_LAST;
    dst[len++] = ' ';

    return len;
}


static void
sv_fold_chunk(sv_out_t *out, const unsigned char *p, const unsigned char *end,
    unsigned class)
{
    const unsigned char  *dots, *url;

    for (dots = end; dots > p && dots[-1] == '.'; dots--) {
        /* void */
    }

    url = (class & SV_FOLD_URL) ? sv_find_url(p, end) : NULL;

    if (url != NULL) {
        sv_fold_plain(out, p, url);
        sv_fold_url(out, url, end);

    } else if ((class & SV_FOLD_COLON) && sv_is_ipv6(p, end)) {
        sv_put_word(out, SV_WORD_IP);

    } else if (!(class & SV_FOLD_AT) || !sv_fold_address(out, p, end)) {
        sv_fold_plain(out, p, end);
    }

    /* what stands alone between two languages: "no such user / brak konta" */

    if (((end - dots == 1 && !sv_fold_is_short(p, dots))
         || end[-1] == '!' || end[-1] == '?' || (end - p == 1 && *p == '/'))
        && out->len > 1 && out->data[out->len - 2] != SV_WORD_END)
    {
        sv_put_end(out, end[-1] == '?');
    }
}


/*
 * Returns 1 for a tag such as "{mx-us011}", which names the host that replies:
 * its "mx" is not a word.  The brackets are around p and end.
 */

static int
sv_fold_is_tag(const unsigned char *p, const unsigned char *end)
{
    int  digit, dash;

    if (!sv_is_alpha(*p) || p[-1] == '\0' || strchr("{[(", p[-1]) == NULL
        || *end == '\0' || strchr("}])", *end) == NULL)
    {
        return 0;
    }

    digit = 0;
    dash = 0;

    for ( /* void */ ; p < end; p++) {

        if (sv_is_digit(*p)) {
            digit = 1;

        } else if (*p == '-' || *p == '_') {
            dash = 1;

        } else if (!sv_is_alpha(*p)) {
            return 0;
        }
    }

    return digit && dash;
}


/* An abbreviation ends with a dot, but the sentence does not end there. */

static int
sv_fold_is_short(const unsigned char *p, const unsigned char *end)
{
    size_t                    n;
    static const char *const  words[] = {
        "destin", "dest", "recip", "rcpt", "addr", "acct", "adr", "empf",
        "usr", "utiliz", "odb", "nr"
    };

    for (n = 0; n < sizeof(words) / sizeof(words[0]); n++) {
        if (sv_is_word(p, end - p, words[n])) {
            return 1;
        }
    }

    return 0;
}


/* Returns 1 for a typographic quote. */

static int
sv_fold_is_quote(const unsigned char *p, const unsigned char *end)
{
    if (end - p < 2) {
        return 0;
    }

    if (*p == 0xc2) {
        return p[1] == 0xab || p[1] == 0xbb;
    }

    return end - p > 2 && (*p == 0xe2 || *p == 0xe3) && p[1] == 0x80;
}


/* A quote may stand in front of an address, or the name of a field, as in
   "user=jdoe@example.com".  Moves *local to the beginning of the local part,
   but only if this is the recipient's or ours then.  Returns the word for the
   address. */

static unsigned char
sv_fold_local(const sv_reply_t *reply, const unsigned char **local,
    const unsigned char *at, const unsigned char *end)
{
    size_t                len;
    const unsigned char  *p;

    if (reply == NULL || !sv_is_other(reply, *local, at, end)) {
        return SV_WORD_ADDRESS;
    }

    for (p = *local; p < at; p += len) {
        len = 1;

        if (sv_fold_is_quote(p, at)) {
            len = *p == 0xc2 ? 2 : 3;

        } else if (*p != '\'' && *p != '=') {
            continue;
        }

        if (!sv_is_other(reply, p + len, at, end)) {
            *local = p + len;
            return SV_WORD_ADDRESS;
        }
    }

    return SV_WORD_OTHER;
}


static int
sv_fold_address(sv_out_t *out, const unsigned char *p,
    const unsigned char *end)
{
    unsigned char         word;
    const unsigned char  *at, *local, *domain;

    at = memchr(p, '@', end - p);
    if (at == NULL) {
        return 0;
    }

    for (local = at; local > p; local--) {
        if (!sv_is_alnum(local[-1]) && local[-1] < 0x80
            && strchr("._+-*%~='", local[-1]) == NULL)
        {
            break;
        }
    }

    for (domain = at + 1; domain < end; domain++) {
        if ((!sv_is_alnum(*domain) && *domain < 0x80
             && strchr(".-*", *domain) == NULL)
            || sv_fold_is_quote(domain, end))
        {
            break;
        }
    }

    if (domain == at + 1) {
        return 0;
    }

    word = sv_fold_local(out->reply, &local, at, domain);

    sv_fold_plain(out, p, local);
    sv_put_word(out, word);
    sv_fold_plain(out, domain, end);

    return 1;
}


static void
sv_fold_plain(sv_out_t *out, const unsigned char *p, const unsigned char *end)
{
    unsigned              class;
    const unsigned char  *run;

    while (p < end) {
        class = 0;

        for (run = p; p < end && (sv_fold_class[*p] & SV_FOLD_RUN); p++) {
            class |= sv_fold_class[*p];
        }

        if (class & SV_FOLD_WIDE) {
            sv_fold_wide(out, run, p, class);

        } else if (p > run) {
            sv_fold_run(out, run, p, class);

        } else {
            sv_put_space(out);
            p++;
        }
    }
}


/* Chinese and Japanese text may touch a host name without a blank. */

static void
sv_fold_wide(sv_out_t *out, const unsigned char *p, const unsigned char *end,
    unsigned class)
{
    const unsigned char  *run, *host;

    run = p;

    while (p < end) {

        if (*p >= 0x80) {
            p++;
            continue;
        }

        host = p;

        while (p < end && *p < 0x80) {
            p++;
        }

        if (memchr(host, '.', p - host) == NULL) {
            continue;
        }

        if (host > run) {
            sv_fold_run(out, run, host, class);
        }

        sv_fold_run(out, host, p, class);
        run = p;
    }

    if (p > run) {
        sv_fold_run(out, run, p, class);
    }
}


static void
sv_fold_run(sv_out_t *out, const unsigned char *p, const unsigned char *end,
    unsigned class)
{
    int            host;
    unsigned char  word;

    while (p < end && (*p == '.' || *p == '-' || *p == '_')) {
        p++;
    }

    while (p < end && (end[-1] == '.' || end[-1] == '-' || end[-1] == '_')) {
        end--;
    }

    sv_put_space(out);

    host = 0;

    if (class & SV_FOLD_DOT) {

        if (sv_is_ipv4(p, end)) {
            sv_put_word(out, SV_WORD_IP);
            return;
        }

        host = sv_is_host(p, end);
        word = (host && out->reply) ? sv_host_word(out->reply, p, end - p) : 0;

        if (word) {
            sv_put_word(out, word);
            return;
        }
    }

    while (p < end && out->len + 16 < out->size) {

        if (!(sv_fold_class[*p] & SV_FOLD_OTHER)) {
            out->data[out->len++] = sv_lower(*p);
            p++;
            continue;
        }

        if (*p != '.' && *p != '-' && *p != '_') {
            sv_put_char(out, &p, end);
            continue;
        }

        if (*p != '_' && host) {
            sv_put(out, *p);

        } else if (*p == '.' && (p[-1] | 0x20) == p[-1] && sv_is_alpha(p[-1])
                   && sv_is_alpha(p[1]) && (p[1] | 0x20) != p[1])
        {
            /* a sentence ends here: "unknown.Please" */
            sv_put_word(out, SV_WORD_END);

        } else if (*p != '-' || out->len < 2 || out->data[out->len - 1] != 'e'
                   || out->data[out->len - 2] != ' ' || (p[1] | 0x20) != 'm')
        {
            /* the hyphen of "e-mail" is removed, others are spaces */
            sv_put_space(out);
        }

        p++;
    }

    sv_put_space(out);
}


static void
sv_fold_url(sv_out_t *out, const unsigned char *p, const unsigned char *end)
{
    sv_put_space(out);

    for ( /* void */ ; p < end && out->len + 16 < out->size; p++) {

        if (sv_is_alnum(*p)) {
            sv_put(out, sv_lower(*p));

        } else if (out->data[out->len - 1] != '.'
                   && out->data[out->len - 1] != ' ')
        {
            sv_put(out, '.');
        }
    }

    while (out->data[out->len - 1] == '.') {
        out->len--;
    }

    sv_put_space(out);
}


static const unsigned char *
sv_find_url(const unsigned char *p, const unsigned char *end)
{
    const unsigned char  *start;

    for (start = p; p < end; p++) {

        if (*p == ':' && end - p > 3 && p[1] == '/' && p[2] == '/') {
            while (p > start && sv_is_alpha(p[-1])) {
                p--;
            }

            return p;
        }

        if (end - p > 4 && (p == start || !sv_is_alnum(p[-1]))
            && (p[0] | 0x20) == 'w' && (p[1] | 0x20) == 'w'
            && (p[2] | 0x20) == 'w' && p[3] == '.')
        {
            return p;
        }

        if (*p == '@') {
            return NULL;
        }
    }

    return NULL;
}


static void
sv_put_char(sv_out_t *out, const unsigned char **p, const unsigned char *end)
{
    int                   i, n;
    uint32_t              ch;
    utf8proc_int32_t      folded[SV_FOLD_CODES];
    const unsigned char  *start;

    start = *p;

    if (*start < 0x80) {
        sv_put(out, sv_lower(*start));
        (*p)++;
        return;
    }

    ch = sv_utf8_decode(p, end);

    if (ch == SV_UTF8_BAD) {
        /* probably Latin-1 */
        ch = *start;
        *p = start + 1;
    }

    n = sv_fold_code(ch, folded);

    for (i = 0; i < n; i++) {
        sv_put_code(out, (uint32_t) folded[i]);
    }
}


static void
sv_put_code(sv_out_t *out, uint32_t ch)
{
    size_t         i, len;
    unsigned char  bytes[4];

    if (ch < 0x80) {
        if (sv_is_alnum(ch)) {
            sv_put(out, sv_lower(ch));

        } else if (ch == '?') {
            sv_put_end(out, 1);

        } else {
            sv_put_space(out);
        }

        return;
    }

    if (ch == SV_FOLD_STOP) {
        sv_put_end(out, 0);
        return;
    }

    if (ch < 0xc0 || (ch >= 0x2000 && ch < 0x2070)
        || (ch >= 0x3000 && ch < 0x3020))
    {
        /* spaces, dashes, quotation marks */
        sv_put_space(out);
        return;
    }

    if (ch >= 0x300 && ch < 0x370) {
        /* combining accents */
        return;
    }

    len = sv_utf8_encode(bytes, ch);

    for (i = 0; i < len; i++) {
        sv_put(out, bytes[i]);
    }
}


/*
 * Folds a character to letters without case and width, followed by its accents,
 * by the tables of Unicode.  Returns the number of code points.  Letters with a
 * stroke are not decomposed by Unicode, but people often write them without it.
 */

static int
sv_fold_code(uint32_t ch, utf8proc_int32_t *folded)
{
    int     n, class;
    size_t  i;

    static const struct {
        utf8proc_int32_t  letter;
        unsigned char     plain;
    }  letters[] = {
        { 0xd7, ' ' }, { 0xe6, 'a' }, { 0xf0, 'd' }, { 0xf7, ' ' },
        { 0xf8, 'o' }, { 0xfe, 't' }, { 0x111, 'd' }, { 0x127, 'h' },
        { 0x131, 'i' }, { 0x138, 'k' }, { 0x142, 'l' }, { 0x14b, 'n' },
        { 0x153, 'o' }, { 0x167, 't' }
    };

    folded[0] = (utf8proc_int32_t) ch;

    /* fast path: small Russian letters except U+0439, and Chinese, Japanese and
       Korean, have neither case nor accents */

    if (ch < 0xc0 || (ch >= 0x430 && ch < 0x450 && ch != 0x439)
        || (ch >= 0x2000 && ch < 0xa640) || (ch >= 0xac00 && ch < 0xf900))
    {
        return 1;
    }

    class = 0;
    n = (int) utf8proc_decompose_char((utf8proc_int32_t) ch, folded,
                                      SV_FOLD_CODES, UTF8PROC_DECOMPOSE
                                      |UTF8PROC_COMPAT|UTF8PROC_CASEFOLD,
                                      &class);

    if (n < 1 || n > SV_FOLD_CODES) {
        folded[0] = (utf8proc_int32_t) ch;
        return 1;
    }

    for (i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        if (letters[i].letter == folded[0]) {
            folded[0] = letters[i].plain;
            break;
        }
    }

    return n;
}


static void
sv_put_end(sv_out_t *out, int asked)
{
    if (asked) {
        sv_put_word(out, SV_WORD_ASKED);
    }

    sv_put_word(out, SV_WORD_END);
}


static void
sv_put(sv_out_t *out, unsigned char ch)
{
    if (out->len < out->size) {
        out->data[out->len++] = ch;
    }
}


static void
sv_put_space(sv_out_t *out)
{
    if (out->data[out->len - 1] != ' ') {
        sv_put(out, ' ');
    }
}


static void
sv_put_word(sv_out_t *out, unsigned char ch)
{
    sv_put_space(out);
    sv_put(out, ch);
    sv_put(out, ' ');
}
