
#include "sv_source.h"
#include "sv_utf8.h"


#define SV_SOURCE_SKELETON_MAX  512


/* elements of a skeleton that are not characters */

#define SV_SOURCE_BLANK  0xffffff01     /* separates words: . [ ] and so on */
#define SV_SOURCE_LINK   0xffffff02     /* joins words: _ - */
#define SV_SOURCE_SOME   0xffffff03     /* stands for 1 to 4 characters */
#define SV_SOURCE_LEFT   0xffffff04     /* ignored, also invalid UTF-8 */


/*
 * The skeleton of a field's name, as a tolerant parser may see it: in lower
 * case, with one element for everything that separates two words.
 */

typedef struct {
    size_t          len;
    uint32_t        data[SV_SOURCE_SKELETON_MAX];
} sv_source_skeleton_t;


/* reads a name element by element */

typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
    unsigned              begun:1;
    unsigned              joint:1;      /* the last element was a joint */
    unsigned              flat:1;       /* "[]" and "]" are ignored */
} sv_source_reader_t;


typedef struct {
    uint32_t        first;
    uint32_t        last;
    uint32_t        element;
} sv_source_fold_t;


static int sv_source_is_far(const unsigned char *p, const unsigned char *end,
    const sv_str_t *field);
static void sv_source_skeleton(const sv_str_t *field,
    sv_source_skeleton_t *s);
static uint32_t sv_source_next(sv_source_reader_t *reader);
static uint32_t sv_source_element(const unsigned char **pos,
    const unsigned char *end);
static uint32_t sv_source_overlong(const unsigned char *p,
    const unsigned char **pos, const unsigned char *end);
static uint32_t sv_source_ascii(unsigned char c);
static uint32_t sv_source_fold(uint32_t ch);
static int sv_source_match(const unsigned char *p, const unsigned char *end,
    const sv_source_skeleton_t *field, unsigned flat);
static int sv_source_step(uint32_t e, const sv_source_skeleton_t *field,
    unsigned char *on);
static int sv_source_is_element(uint32_t e, uint32_t wanted);
static int sv_source_is_joint(uint32_t e);


/*
 * Characters that some parser turns into an ASCII letter or digit: by their
 * case, as Go and Java do (U+017F, U+212A), or by their compatibility form
 * (NFKC).  Only blocks that hardly ever occur in names are listed.  Sorted.
 */

static const sv_source_fold_t  sv_source_folds[] = {
    { 0x0080, 0x00a0, SV_SOURCE_BLANK },
    { 0x00aa, 0x00aa, SV_SOURCE_SOME },
    { 0x00ad, 0x00ad, SV_SOURCE_LEFT },
    { 0x00b2, 0x00b3, SV_SOURCE_SOME },
    { 0x00b9, 0x00ba, SV_SOURCE_SOME },
    { 0x0130, 0x0133, SV_SOURCE_SOME },
    { 0x017f, 0x017f, SV_SOURCE_SOME },
    { 0x01c7, 0x01cc, SV_SOURCE_SOME },
    { 0x01f1, 0x01f3, SV_SOURCE_SOME },
    { 0x02b0, 0x02ff, SV_SOURCE_SOME },
    { 0x0300, 0x036f, SV_SOURCE_LEFT },
    { 0x1d00, 0x1dbf, SV_SOURCE_SOME },
    { 0x2000, 0x200a, SV_SOURCE_BLANK },
    { 0x200b, 0x200f, SV_SOURCE_LEFT },
    { 0x2010, 0x2015, SV_SOURCE_LINK },
    { 0x2028, 0x2029, SV_SOURCE_BLANK },
    { 0x202a, 0x202e, SV_SOURCE_LEFT },
    { 0x202f, 0x202f, SV_SOURCE_BLANK },
    { 0x205f, 0x205f, SV_SOURCE_BLANK },
    { 0x2060, 0x206f, SV_SOURCE_LEFT },
    { 0x2070, 0x209f, SV_SOURCE_SOME },
    { 0x2100, 0x218f, SV_SOURCE_SOME },
    { 0x2460, 0x24ff, SV_SOURCE_SOME },
    { 0x2c7c, 0x2c7d, SV_SOURCE_SOME },
    { 0x3000, 0x3000, SV_SOURCE_BLANK },
    { 0x3250, 0x325f, SV_SOURCE_SOME },
    { 0x32b1, 0x32cf, SV_SOURCE_SOME },
    { 0x3371, 0x33df, SV_SOURCE_SOME },
    { 0xa7f2, 0xa7f4, SV_SOURCE_SOME },
    { 0xfb00, 0xfb06, SV_SOURCE_SOME },
    { 0xfe00, 0xfe0f, SV_SOURCE_LEFT },
    { 0xfeff, 0xfeff, SV_SOURCE_LEFT },
    { 0xff01, 0xff5e, SV_SOURCE_SOME },
    { 0x10780, 0x107bf, SV_SOURCE_SOME },
    { 0x1d400, 0x1d7ff, SV_SOURCE_SOME },
    { 0x1f100, 0x1f1ff, SV_SOURCE_SOME },
    { 0x1fbf0, 0x1fbf9, SV_SOURCE_SOME },
    { 0xe0000, 0xe0fff, SV_SOURCE_LEFT }
};


sv_source_alike_e
sv_source_alike(const unsigned char *data, size_t len, const sv_str_t *field)
{
    sv_source_skeleton_t  wanted;

    if (len == field->len
        && (len == 0 || memcmp(data, field->data, len) == 0))
    {
        return SV_SOURCE_SAME;
    }

    /* JavaScript objects inherit members that they do not have from it */

    if (len >= 9 && memcmp(data, "__proto__", 9) == 0) {
        return SV_SOURCE_LIKE;
    }

    if (sv_source_is_far(data, data + len, field)) {
        return SV_SOURCE_OTHER;
    }

    sv_source_skeleton(field, &wanted);

    if (wanted.len == 0) {
        return SV_SOURCE_OTHER;
    }

    /* Fiber reads user[email] as user.email, and so e[]mail as email */

    return (sv_source_match(data, data + len, &wanted, 0)
            || (memchr(data, ']', len)
                && sv_source_match(data, data + len, &wanted, 1)))
           ? SV_SOURCE_LIKE : SV_SOURCE_OTHER;
}


/* A fast path for most names: they differ in letters or digits that no parser
   changes. */

static int
sv_source_is_far(const unsigned char *p, const unsigned char *end,
    const sv_str_t *field)
{
    size_t  i;

    while (p < end && sv_source_is_blank(*p) && *p != '%') {
        p++;
    }

    for (i = 0; i < field->len && sv_is_alnum(field->data[i]); i++) {

        if (p == end) {
            return 1;
        }

        if (!sv_is_alnum(*p)) {
            return 0;
        }

        if (sv_lower(*p) != sv_lower(field->data[i])) {
            return 1;
        }

        p++;
    }

    return i == field->len && p < end && sv_is_alnum(*p);
}


/* Characters that parsers remove before a name: PHP a space, Java a NUL, others
   a "?". */

int
sv_source_is_blank(unsigned char c)
{
    return c == '\0' || (c < 0x80 && sv_source_ascii(c) == SV_SOURCE_BLANK);
}


/* Makes a skeleton.  userEmail is two words, as libraries that convert between
   naming styles read it. */

static void
sv_source_skeleton(const sv_str_t *field, sv_source_skeleton_t *s)
{
    uint32_t             e;
    unsigned             upper, low;
    sv_source_reader_t   reader;

    memset(&reader, 0, sizeof(sv_source_reader_t));

    reader.p = field->data;
    reader.end = field->data + field->len;

    s->len = 0;
    low = 0;

    while (s->len < SV_SOURCE_SKELETON_MAX - 1) {

        upper = (reader.p < reader.end
                 && *reader.p >= 'A' && *reader.p <= 'Z');

        e = sv_source_next(&reader);

        if (e == 0) {
            break;
        }

        if (upper && low) {
            s->data[s->len++] = SV_SOURCE_LINK;
        }

        low = !upper && !sv_source_is_joint(e);
        s->data[s->len++] = e;
    }

    while (s->len && s->data[s->len - 1] == SV_SOURCE_BLANK) {
        s->len--;
    }
}


/*
 * Returns the next element, or 0 at the end.  A NUL ends the name, as in C,
 * except before the first word, where Java removes it.  Consecutive joints
 * count as one, and only "_" counts before the first word.
 */

static uint32_t
sv_source_next(sv_source_reader_t *reader)
{
    uint32_t  e;
    unsigned  joint;

    while (reader->p < reader->end) {

        if (reader->flat
            && (*reader->p == ']'
                || (*reader->p == '[' && reader->end - reader->p >= 2
                    && reader->p[1] == ']')))
        {
            reader->p++;
            continue;
        }

        e = sv_source_element(&reader->p, reader->end);

        if (e == SV_SOURCE_LEFT || (e == 0 && !reader->begun)) {
            continue;
        }

        joint = sv_source_is_joint(e);

        if (joint && (reader->begun ? reader->joint : e == SV_SOURCE_BLANK)) {
            continue;
        }

        reader->begun = 1;
        reader->joint = joint;

        return e;
    }

    return 0;
}


/* Reads one element; 0 is an escaped NUL. */

static uint32_t
sv_source_element(const unsigned char **pos, const unsigned char *end)
{
    int                   high, low;
    uint32_t              ch;
    const unsigned char  *p;

    p = *pos;

    /* for applications that decode percent-encoding twice */

    if (*p == '%' && end - p >= 3) {
        high = sv_hex(p[1]);
        low = sv_hex(p[2]);

        if (high >= 0 && low >= 0) {
            *pos = p + 3;
            ch = (uint32_t) (high << 4 | low);

            return ch < 0x80 ? sv_source_ascii((unsigned char) ch)
                             : SV_SOURCE_LEFT;
        }
    }

    if (*p < 0x80) {
        *pos = p + 1;
        return sv_source_ascii(*p);
    }

    ch = sv_utf8_decode(pos, end);

    return ch == SV_UTF8_BAD ? sv_source_overlong(p, pos, end)
                             : sv_source_fold(ch);
}


/* Decodes ASCII in more octets than necessary, which some decoders accept. */

static uint32_t
sv_source_overlong(const unsigned char *p, const unsigned char **pos,
    const unsigned char *end)
{
    size_t  n;

    n = ((*p & 0xfe) == 0xc0) ? 2 : (*p == 0xe0) ? 3 : (*p == 0xf0) ? 4 : 0;

    if (n == 0 || (size_t) (end - p) < n || (p[n - 1] & 0xc0) != 0x80
        || (n > 2 && (p[n - 2] & 0xfe) != 0x80)
        || (n > 3 && p[1] != 0x80))
    {
        return SV_SOURCE_LEFT;
    }

    *pos = p + n;

    return sv_source_ascii((p[n - 2] & 0x01) << 6 | (p[n - 1] & 0x3f));
}


static uint32_t
sv_source_ascii(unsigned char c)
{
    if (sv_is_alnum(c)) {
        return sv_lower(c);
    }

    switch (c) {

    case '\0':
        return 0;

    case '_':
    case '-':
        return SV_SOURCE_LINK;

    case '$':
    case '#':
    case '@':
    case '*':
    case '/':
    case '|':
    case '~':
    case '^':
        return c;

    default:
        return SV_SOURCE_BLANK;
    }
}


static uint32_t
sv_source_fold(uint32_t ch)
{
    size_t  low, high, middle;

    low = 0;
    high = sizeof(sv_source_folds) / sizeof(sv_source_folds[0]);

    while (low < high) {
        middle = (low + high) / 2;

        if (ch > sv_source_folds[middle].last) {
            low = middle + 1;

        } else if (ch < sv_source_folds[middle].first) {
            high = middle;

        } else {
            return sv_source_folds[middle].element;
        }
    }

    /* upper case of Latin-1, Greek and Cyrillic */

    if ((ch >= 0xc0 && ch <= 0xde) || (ch >= 0x391 && ch <= 0x3a9)
        || (ch >= 0x410 && ch <= 0x42f))
    {
        return ch + 0x20;
    }

    return (ch >= 0x400 && ch <= 0x40f) ? ch + 0x50 : ch;
}


/*
 * Returns 1 if a parser may take the name for the field.  What follows does not
 * matter after a separator, as in email[0] or email.x.  on[j] says whether the
 * name so far may be the first j elements of the field; so the time stays
 * short, even if a name can be read in many ways.
 */

static int
sv_source_match(const unsigned char *p, const unsigned char *end,
    const sv_source_skeleton_t *field, unsigned flat)
{
    uint32_t             e;
    unsigned char        on[SV_SOURCE_SKELETON_MAX + 1];
    sv_source_reader_t   reader;

    memset(on, 0, field->len + 1);
    on[0] = 1;

    memset(&reader, 0, sizeof(sv_source_reader_t));

    reader.p = p;
    reader.end = end;
    reader.flat = flat;

    for ( ;; ) {

        e = sv_source_next(&reader);

        if (e == 0 || (e == SV_SOURCE_BLANK && on[field->len])) {
            return on[field->len];
        }

        if (!sv_source_step(e, field, on)) {
            return 0;
        }
    }
}


/* Returns 0 if the name cannot be the field any more. */

static int
sv_source_step(uint32_t e, const sv_source_skeleton_t *field,
    unsigned char *on)
{
    int     any;
    size_t  j, k, most;

    any = 0;
    most = (e == SV_SOURCE_SOME) ? 4 : 1;

    /* backwards, as on[j] depends on those before it */

    for (j = field->len + 1; j-- > 0; /* void */) {

        if (most == 1 && j && !sv_source_is_element(e, field->data[j - 1])) {
            on[j] = 0;
            continue;
        }

        for (k = 1; k <= most && k <= j && !on[j - k]; k++) {
            /* void */
        }

        on[j] = (k <= most && k <= j);
    }

    /* a joint may be missing: useremail, userEmail */

    for (j = 1; j < field->len; j++) {
        if (on[j] && sv_source_is_joint(field->data[j])) {
            on[j + 1] = 1;
        }
    }

    for (j = 0; j <= field->len; j++) {
        any |= on[j];
    }

    return any;
}


static int
sv_source_is_element(uint32_t e, uint32_t wanted)
{
    return e == wanted || (sv_source_is_joint(e)
                           && sv_source_is_joint(wanted));
}


static int
sv_source_is_joint(uint32_t e)
{
    return e == SV_SOURCE_BLANK || e == SV_SOURCE_LINK;
}
