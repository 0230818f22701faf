
/*
 * What mail servers say, made comparable.  Punctuation parts words; host
 * names and URLs stay one word each, so that the "spam" of spam.example.com
 * is not the word "spam"; addresses become {addr}, for a local part may say
 * anything.
 */


#include "sv_fold_class.h"
#include "sv_rules.h"
#include "sv_utf8.h"


typedef struct {
    unsigned char     *data;
    size_t             len;
    size_t             size;
    const sv_reply_t  *reply;       /* NULL: no reply */
} sv_out_t;


/* U+00C0 .. U+017F without case and accents */

static const char  sv_latin[] =
    "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkklllllll"
    "lllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";


/* U+1E00 .. U+1EFF, of which Vietnamese is written, likewise */

static const char  sv_latin_more[] =
    "aabbbbbbccddddddddddeeeeeeeeeeffgghhhhhhhhhhiiiikkkkkkllllllllmm"
    "mmmmnnnnnnnnoooooooopppprrrrrrrrssssssssssttttttttuuuuuuuuuuvvvv"
    "wwwwwwwwwwxxxxyyzzzzzzhtwyassssdaaaaaaaaaaaaaaaaaaaaaaaaeeeeeeee"
    "eeeeeeeeiiiioooooooooooooooooooooooouuuuuuuuuuuuuuyyyyyyyyllvvyy";


/* U+0386 .. U+03CE likewise: 'A' stands for alpha, '.' for no letter */

static const char  sv_greek[] =
    "A.EGI.O.UYIABCDEFGHIJKLMNOPQ.STUVWXYI"
    "UAEGIUABCDEFGHIJKLMNOPQSSTUVWXYIUOUY";


static size_t sv_fold_words(const sv_reply_t *reply,
    const unsigned char *src, size_t len, unsigned char *dst, size_t size);
static void sv_fold_chunk(sv_out_t *out, const unsigned char *p,
    const unsigned char *end, unsigned class);
static int sv_fold_is_tag(const unsigned char *p, const unsigned char *end);
static int sv_fold_is_short(const unsigned char *p,
    const unsigned char *end);
static int sv_fold_address(sv_out_t *out, const unsigned char *p,
    const unsigned char *end);
static void sv_fold_plain(sv_out_t *out, const unsigned char *p,
    const unsigned char *end);
static void sv_fold_wide(sv_out_t *out, const unsigned char *p,
    const unsigned char *end, unsigned class);
static void sv_fold_run(sv_out_t *out, const unsigned char *p,
    const unsigned char *end, unsigned class);
static int sv_fold_host(sv_out_t *out, const unsigned char *p, size_t len);
static void sv_fold_url(sv_out_t *out, const unsigned char *p,
    const unsigned char *end);
static const unsigned char *sv_find_url(const unsigned char *p,
    const unsigned char *end);
static void sv_put_char(sv_out_t *out, const unsigned char **p,
    const unsigned char *end);
static void sv_put_code(sv_out_t *out, uint32_t ch,
    const unsigned char *bytes, size_t len);
static uint32_t sv_fold_code(uint32_t ch);
static uint32_t sv_fold_cyrillic(uint32_t ch);
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

    /* the longest thing put at once is a character, an end and spaces */

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

    if (((end - dots == 1 && !sv_fold_is_short(p, dots))
         || end[-1] == '!' || end[-1] == '?')
        && out->len > 1 && out->data[out->len - 2] != SV_WORD_END)
    {
        sv_put_word(out, SV_WORD_END);
    }
}


/*
 * "{mx-us011}" names the host that speaks, its "mx" is no word.  The brackets
 * stand around what is looked at.
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


/* what is cut short ends with a dot, and no sentence with it */

static int
sv_fold_is_short(const unsigned char *p, const unsigned char *end)
{
    size_t                    i, n, len;
    static const char *const  words[] = {
        "destin", "dest", "recip", "rcpt", "addr", "acct", "adr", "empf",
        "usr", "utiliz", "odb"
    };

    len = end - p;

    for (n = 0; n < sizeof(words) / sizeof(words[0]); n++) {

        if (strlen(words[n]) != len) {
            continue;
        }

        for (i = 0; i < len; i++) {
            if (sv_lower(p[i]) != (unsigned char) words[n][i]) {
                break;
            }
        }

        if (i == len) {
            return 1;
        }
    }

    return 0;
}


static int
sv_fold_address(sv_out_t *out, const unsigned char *p,
    const unsigned char *end)
{
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
        if (!sv_is_alnum(*domain) && *domain < 0x80
            && strchr(".-*", *domain) == NULL)
        {
            break;
        }
    }

    if (domain == at + 1) {
        return 0;
    }

    sv_fold_plain(out, p, local);
    sv_put_word(out, out->reply && sv_is_other(out->reply, local, at, domain)
                     ? SV_WORD_OTHER : SV_WORD_ADDRESS);
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


/* Chinese and Japanese stand next to a host's name without a blank */

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
    int  host;

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
    }

    if (host && out->reply && sv_fold_host(out, p, end - p)) {
        return;
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
            /* "unknown.Please" */
            sv_put_word(out, SV_WORD_END);

        } else if (*p != '-' || out->len < 2 || out->data[out->len - 1] != 'e'
                   || out->data[out->len - 2] != ' ' || (p[1] | 0x20) != 'm')
        {
            /* the hyphen of "e-mail" goes, others are spaces */
            sv_put_space(out);
        }

        p++;
    }

    sv_put_space(out);
}


/* a name that stands for one side of the session */

static int
sv_fold_host(sv_out_t *out, const unsigned char *p, size_t len)
{
    sv_str_t  domain;

    if (sv_is_ours(out->reply, p, len)) {
        sv_put_word(out, SV_WORD_OURS);
        return 1;
    }

    domain = sv_domain_of(&out->reply->rcpt);

    if (domain.len == 0 || !sv_is_same(&domain, p, len)) {
        return 0;
    }

    sv_put_word(out, SV_WORD_DOMAIN);

    return 1;
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
    uint32_t              ch;
    const unsigned char  *start;

    start = *p;

    if (*start < 0x80) {
        sv_put(out, sv_lower(*start));
        (*p)++;
        return;
    }

    ch = sv_utf8_decode(p, end);

    if (ch == SV_UTF8_BAD) {
        /* Latin-1, still seen */
        ch = *start;
        *p = start + 1;
    }

    sv_put_code(out, ch, start, *p - start);
}


static void
sv_put_code(sv_out_t *out, uint32_t ch, const unsigned char *bytes,
    size_t len)
{
    size_t  i;

    ch = sv_fold_code(ch);

    if (ch < 0x80) {
        if (sv_is_alnum(ch)) {
            sv_put(out, sv_lower(ch));

        } else {
            sv_put_space(out);
        }

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

    if (ch < 0x800) {
        sv_put(out, 0xc0 | (ch >> 6));
        sv_put(out, 0x80 | (ch & 0x3f));
        return;
    }

    for (i = 0; i < len; i++) {
        sv_put(out, bytes[i]);
    }
}


/* a character without width, case and accents */

static uint32_t
sv_fold_code(uint32_t ch)
{
    if (ch >= 0xff01 && ch <= 0xff5e) {
        return ch - 0xfee0;
    }

    if (ch >= 0xc0 && ch < 0xc0 + sizeof(sv_latin) - 1) {
        return sv_latin[ch - 0xc0];
    }

    if (ch >= 0x1e00 && ch < 0x1e00 + sizeof(sv_latin_more) - 1) {
        return sv_latin_more[ch - 0x1e00];
    }

    if (ch >= 0x386 && ch < 0x386 + sizeof(sv_greek) - 1
        && sv_greek[ch - 0x386] != '.')
    {
        return 0x3b1 + (sv_greek[ch - 0x386] - 'A');
    }

    if (ch >= 0x400 && ch < 0x460) {
        return sv_fold_cyrillic(ch);
    }

    switch (ch) {

    case 0x1a0: case 0x1a1:
        return 'o';

    case 0x1af: case 0x1b0:
        return 'u';

    case 0x218: case 0x219:
        return 's';

    case 0x21a: case 0x21b:
        return 't';

    default:
        return ch;
    }
}


static uint32_t
sv_fold_cyrillic(uint32_t ch)
{
    if (ch < 0x410) {
        ch += 0x50;

    } else if (ch < 0x430) {
        ch += 0x20;
    }

    /* io is written ie as often */

    return ch == 0x451 ? 0x435 : ch;
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
