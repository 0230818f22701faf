
#include "sv_source_part.h"


#define SV_SOURCE_HEADERS                                                     \
    "A part of a multipart body has headers of one line each, as clients "    \
    "write them: Content-Disposition once, and Content-Type, "                \
    "Content-Length (the right one) and Content-Transfer-Encoding at most."

#define SV_SOURCE_DISPOSITION                                                 \
    "Write 'Content-Disposition: form-data; name=\"...\"' in each part, "     \
    "behind it 'filename=\"...\"' and \"filename*=UTF-8''...\" at most; a "   \
    "name has no quotation mark and no backslash in it."


static int sv_source_part_header(const unsigned char *p,
    const unsigned char *end, sv_source_part_t *part,
    sv_source_value_t *error);
static sv_source_alike_e sv_source_word_alike(const sv_str_t *text,
    const sv_str_t *field);
static int sv_source_base64(unsigned char c);
static int sv_source_part_is_text(const sv_source_part_t *part, int *ascii);
static int sv_source_disposition(const unsigned char *p,
    const unsigned char *end, sv_source_part_t *part);
static const unsigned char *sv_source_part_name(const unsigned char *p,
    const unsigned char *end, sv_str_t *name);
static const unsigned char *sv_source_filename(const unsigned char *p,
    const unsigned char *end);
static int sv_source_filename_is_clear(const unsigned char *p,
    const unsigned char *end, int escaped);
static const unsigned char *sv_source_filename_ext(const unsigned char *p,
    const unsigned char *end);
static const unsigned char *sv_source_behind(const unsigned char *p,
    const unsigned char *end, const char *word);
static int sv_source_header_is(const sv_str_t *key, const char *word);
static int sv_source_has(const sv_str_t *s, const char *word);


/* Reads up to the beginning of the data. */

int
sv_source_part_read(const unsigned char **pos, const unsigned char *end,
    sv_source_part_t *part, sv_source_value_t *value)
{
    size_t                size;
    const unsigned char  *p, *start, *last;

    memset(part, 0, sizeof(sv_source_part_t));

    start = *pos;
    p = start;

    for ( ;; ) {

        size = end - p;

        if (size > SV_SOURCE_PART_MAX - (size_t) (p - start)) {
            size = SV_SOURCE_PART_MAX - (size_t) (p - start);
        }

        last = size ? memchr(p, '\n', size) : NULL;

        if (last == NULL || last == p || last[-1] != '\r') {
            value->error = SV_SOURCE_FRAMING;
            return 0;
        }

        if (last - 1 == p) {
            break;
        }

        if (!sv_source_part_header(p, last - 1, part, value)) {
            return 0;
        }

        p = last + 1;
    }

    *pos = last + 1;
    value->error = SV_SOURCE_DISPOSITION;

    return part->disposition;
}


/* Reads a header "Name: value" in the form that clients write; parsers disagree
   about all other forms. */

static int
sv_source_part_header(const unsigned char *p, const unsigned char *end,
    sv_source_part_t *part, sv_source_value_t *error)
{
    sv_str_t              key, value, *known;
    const unsigned char  *c;

    error->error = SV_SOURCE_HEADERS;

    for (c = p; c < end; c++) {
        if (*c < ' ' || *c == 0x7f) {
            return 0;
        }
    }

    c = memchr(p, ':', end - p);

    if (c == NULL || end - c < 3 || c[1] != ' ' || c[2] == ' '
        || end[-1] == ' ')
    {
        return 0;
    }

    key.data = (unsigned char *) p;
    key.len = c - p;

    value.data = (unsigned char *) c + 2;
    value.len = end - value.data;

    if (sv_source_header_is(&key, "content-disposition")) {

        error->error = SV_SOURCE_DISPOSITION;

        if (part->disposition) {
            return 0;
        }

        part->disposition = 1;

        return sv_source_disposition(value.data, end, part);
    }

    if (sv_source_header_is(&key, "content-type")) {
        known = &part->type;

    } else if (sv_source_header_is(&key, "content-length")) {
        known = &part->length;

    } else if (sv_source_header_is(&key, "content-transfer-encoding")) {
        known = &part->encoding;

    } else {
        return 0;
    }

    if (known->len) {
        return 0;
    }

    for (c = value.data; c < end; c++) {
        if (*c >= 0x80) {
            return 0;
        }
    }

    *known = value;

    return 1;
}


/*
 * Some parsers read as much as the Content-Length says, and some look into a
 * part that is a multipart body itself.
 */

int
sv_source_part_is_sound(const sv_source_part_t *part, const sv_str_t *data,
    sv_source_value_t *value)
{
    size_t  i, n;

    value->error = SV_SOURCE_HEADERS;

    if (sv_source_has(&part->type, "multipart")
        || sv_source_has(&part->type, "message/")
        || sv_source_has(&part->type, "boundary")
        || sv_source_has(&part->type, "name="))
    {
        return 0;
    }

    if (part->length.len > 9
        || (part->length.len > 1 && part->length.data[0] == '0'))
    {
        return 0;
    }

    n = 0;

    for (i = 0; i < part->length.len; i++) {

        if (!sv_is_digit(part->length.data[i])) {
            return 0;
        }

        n = n * 10 + (part->length.data[i] - '0');
    }

    if (part->length.len && n != data->len) {
        return 0;
    }

    /* browsers set it, and some parsers decode all further parts by it */

    return part->name.len != sizeof("_charset_") - 1
           || memcmp(part->name.data, "_charset_", part->name.len) != 0
           || (data->len == 5 && sv_source_has(data, "utf-8"));
}


/* Returns 1 if the part is text that all parsers read as it is. */

int
sv_source_part_is_plain(const sv_source_part_t *part, const sv_str_t *data,
    int ascii)
{
    size_t  i;

    if (part->file) {
        return 0;
    }

    if (part->encoding.len
        && !sv_source_header_is(&part->encoding, "7bit")
        && !sv_source_header_is(&part->encoding, "8bit")
        && !sv_source_header_is(&part->encoding, "binary"))
    {
        return 0;
    }

    if (part->type.len && !sv_source_part_is_text(part, &ascii)) {
        return 0;
    }

    for (i = 0; ascii && i < data->len; i++) {
        if (data->data[i] >= 0x80) {
            return 0;
        }
    }

    return 1;
}


static int
sv_source_part_is_text(const sv_source_part_t *part, int *ascii)
{
    sv_str_t           type;
    sv_source_media_t  media;

    (void) sv_source_type(&part->type, &media);

    *ascii |= media.ascii;

    type = part->type;
    type.len = sizeof("text/plain") - 1;

    return !media.bad
           && part->type.len >= type.len
           && sv_source_header_is(&type, "text/plain")
           && (part->type.len == type.len || type.data[type.len] == ';');
}


/*
 * Compares the name of a part, also as it looks to parsers that remove the
 * highest bit of each byte or, as aiohttp does, slashes before the name.
 */

sv_source_alike_e
sv_source_part_alike(const sv_source_part_t *part, const sv_str_t *field)
{
    size_t             i;
    sv_str_t           text;
    unsigned char      c, data[SV_SOURCE_PART_MAX];
    const sv_str_t    *name;
    sv_source_alike_e  alike;

    name = &part->name;

    alike = sv_source_alike(name->data, name->len, field);

    if (alike != SV_SOURCE_OTHER) {
        return alike;
    }

    text.data = data;
    text.len = 0;

    for (i = 0; i < name->len; i++) {

        c = name->data[i] & 0x7f;

        if (text.len || (c != '/' && c != '\\')) {
            data[text.len++] = c;
        }
    }

    if (sv_source_has(&text, "=?")) {
        return sv_source_word_alike(&text, field);
    }

    return sv_source_alike(data, text.len, field) == SV_SOURCE_OTHER
           ? SV_SOURCE_OTHER : SV_SOURCE_LIKE;
}


/*
 * Tomcat and Python's email package decode the encoded words of RFC 2047, each
 * in its own way.  The client of .NET writes a non-ASCII name as one word in
 * base64; this is accepted unless it decodes to the field.
 */

static sv_source_alike_e
sv_source_word_alike(const sv_str_t *text, const sv_str_t *field)
{
    int                   digit;
    size_t                i, n;
    sv_str_t              head;
    unsigned              bits;
    unsigned char         name[SV_SOURCE_PART_MAX];
    const unsigned char  *p;

    head.data = text->data;
    head.len = sizeof("=?utf-8?b?") - 1;

    if (text->len < head.len + 6 || !sv_source_has(&head, "=?utf-8?b?")
        || memcmp(text->data + text->len - 2, "?=", 2) != 0
        || (text->len - head.len - 2) % 4)
    {
        return SV_SOURCE_LIKE;
    }

    p = text->data + head.len;
    n = text->len - head.len - 2;

    for (i = 0; i < 2 && p[n - 1] == '='; i++) {
        n--;
    }

    bits = 0;

    for (i = 0; i < n; i++) {

        digit = sv_source_base64(p[i]);

        if (digit < 0) {
            return SV_SOURCE_LIKE;
        }

        bits = bits << 6 | (unsigned) digit;

        /* every digit but the first of four completes an octet */

        if (i % 4) {
            name[i - i / 4 - 1] = (unsigned char) (bits >> (6 - 2 * (i % 4)));
        }
    }

    return sv_source_alike(name, n * 3 / 4, field) == SV_SOURCE_OTHER
           ? SV_SOURCE_OTHER : SV_SOURCE_LIKE;
}


/* Returns the value of a base64 digit; -1 if it is not one. */

static int
sv_source_base64(unsigned char c)
{
    const char  *p;

    static const char  digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";

    p = c ? strchr(digits, c) : NULL;

    return p ? (int) (p - digits) : -1;
}


/* Reads: form-data; name="..."; filename="..."; filename*=UTF-8''... */

static int
sv_source_disposition(const unsigned char *p, const unsigned char *end,
    sv_source_part_t *part)
{
    unsigned              file, ext;
    const unsigned char  *value;

    p = sv_source_behind(p, end, "form-data; name=");
    if (p == NULL) {
        return 0;
    }

    p = sv_source_part_name(p, end, &part->name);

    file = 0;
    ext = 0;

    while (p && p < end) {

        value = sv_source_behind(p, end, "; filename=");

        if (value && !file) {
            file = 1;
            p = sv_source_filename(value, end);
            continue;
        }

        value = sv_source_behind(p, end, "; filename*=");

        if (value == NULL || ext) {
            return 0;
        }

        ext = 1;
        p = sv_source_filename_ext(value, end);
    }

    part->file = file || ext;

    return p != NULL;
}


/* Reads a quoted name.  Some clients omit the quotes of a plain word. */

static const unsigned char *
sv_source_part_name(const unsigned char *p, const unsigned char *end,
    sv_str_t *name)
{
    unsigned  quoted;

    quoted = (p < end && *p == '"');
    p += quoted;

    name->data = (unsigned char *) p;

    while (p < end && *p != '"' && *p != '\\'
           && (quoted || sv_is_alnum(*p) || *p == '_' || *p == '-'))
    {
        p++;
    }

    name->len = p - name->data;

    if (!quoted) {
        return name->len ? p : NULL;
    }

    return (p < end && *p == '"') ? p + 1 : NULL;
}


/*
 * Reads a quoted filename or a plain word.  Parsers disagree whether a
 * backslash escapes the following quotation mark.  So if there is a backslash,
 * nothing in the name may look like a parameter, and it must not be the last
 * character.
 */

static const unsigned char *
sv_source_filename(const unsigned char *p, const unsigned char *end)
{
    int                   escaped;
    sv_str_t              word;
    const unsigned char  *start;

    if (p == end || *p != '"') {
        p = sv_source_part_name(p, end, &word);

        while (p && p < end && *p == '.') {
            p = sv_source_part_name(p + 1, end, &word);
        }

        return p;
    }

    escaped = 0;

    for (start = ++p; p < end && *p != '"'; p++) {

        if (*p == '\\') {
            escaped = 1;
            p++;
        }
    }

    if (p >= end || (p > start && p[-1] == '\\')
        || !sv_source_filename_is_clear(start, p, escaped))
    {
        return NULL;
    }

    return p + 1;
}


/*
 * Some parsers take the last "name=" of the header, wherever it is, and some
 * remove the highest bit of each byte.
 */

static int
sv_source_filename_is_clear(const unsigned char *p, const unsigned char *end,
    int escaped)
{
    size_t                i;
    const unsigned char  *q;

    for ( /* void */ ; p < end; p++) {

        if (escaped && (*p == ';' || *p == '=')) {
            return 0;
        }

        for (i = 0; i < 4 && p + i < end; i++) {
            if (((p[i] & 0x7f) | 0x20) != (unsigned char) "name"[i]) {
                break;
            }
        }

        if (i < 4) {
            continue;
        }

        for (q = p + 4; q < end && (*q & 0x7f) == ' '; q++) {
            /* void */
        }

        if (q < end && ((*q & 0x7f) == '=' || (*q & 0x7f) == '*')) {
            return 0;
        }
    }

    return 1;
}


/* Reads an extended value (RFC 5987). */

static const unsigned char *
sv_source_filename_ext(const unsigned char *p, const unsigned char *end)
{
    sv_str_t  charset;

    charset.data = (unsigned char *) p;
    charset.len = 5;

    if (end - p < 8 || !sv_source_has(&charset, "utf-8")
        || memcmp(p + 5, "''", 2) != 0)
    {
        return NULL;
    }

    for (p += 7; p < end && *p != ';'; p++) {

        if (*p == '%') {

            if (end - p < 3 || sv_hex(p[1]) < 0 || sv_hex(p[2]) < 0) {
                return NULL;
            }

            p += 2;

        } else if (!sv_is_alnum(*p) && strchr("!#$&+-.^_`|~", *p) == NULL) {
            return NULL;
        }
    }

    return p;
}


static const unsigned char *
sv_source_behind(const unsigned char *p, const unsigned char *end,
    const char *word)
{
    size_t  n;

    n = strlen(word);

    return (size_t) (end - p) >= n && memcmp(p, word, n) == 0 ? p + n : NULL;
}


/*
 * Accepts Content-Disposition or content-disposition: some parsers find no
 * other spelling.
 */

static int
sv_source_header_is(const sv_str_t *key, const char *word)
{
    size_t  i;

    for (i = 0; i < key->len; i++) {

        if (word[i] == '\0') {
            return 0;
        }

        if (key->data[i] != (unsigned char) word[i]
            && (sv_lower(key->data[i]) != (unsigned char) word[i]
                || (i && word[i - 1] != '-')))
        {
            return 0;
        }
    }

    return word[i] == '\0';
}


/* Returns 1 if the word is in the string, ignoring case. */

static int
sv_source_has(const sv_str_t *s, const char *word)
{
    size_t  i, n;

    n = strlen(word);

    for (i = 0; i + n <= s->len; i++) {
        if (sv_is_same(s->data + i, word, n)) {
            return 1;
        }
    }

    return 0;
}
