
#include "sv_source.h"


/* the parameters of a type */

typedef struct {
    unsigned        charset:1;
    unsigned        ascii:1;    /* a charset that is ASCII where it overlaps,
                                   not UTF-8 */
    unsigned        bad:1;      /* another charset, or two */
    unsigned        boundary:1;
    unsigned        other:1;
    sv_str_t        bounds;
} sv_source_params_t;


static sv_source_type_e sv_source_type_kind(const unsigned char *p,
    size_t len);
static const char *sv_source_type_wrong(const sv_str_t *type, size_t n,
    sv_source_type_e kind, const sv_source_params_t *params);
static int sv_source_type_is_sound(const unsigned char *p, size_t len);
static int sv_source_type_params(const unsigned char *p,
    const unsigned char *end, sv_source_params_t *params);
static const unsigned char *sv_source_type_value(const unsigned char *p,
    const unsigned char *end, sv_str_t *value);
static void sv_source_type_param(const sv_str_t *key, const sv_str_t *value,
    sv_source_params_t *params);
static void sv_source_type_charset(const sv_str_t *value,
    sv_source_params_t *params);
static int sv_source_type_boundary(const sv_str_t *value);
static int sv_source_type_has(const sv_str_t *type, const char *word);
static int sv_source_type_token(unsigned char c);


static const char  sv_source_form_type[] = "application/x-www-form-urlencoded";
static const char  sv_source_multipart_type[] = "multipart/form-data";


/*
 * Parsers look for these types and for "boundary" in many ways, also by
 * patterns within the whole header.  So a type is accepted in the form that
 * clients write, in lower case and with its usual parameters; what only
 * resembles it is refused.
 */

sv_source_type_e
sv_source_type(const sv_str_t *type, sv_source_media_t *media)
{
    size_t              n;
    sv_source_type_e    kind;
    sv_source_params_t  params;

    for (n = 0; n < type->len; n++) {
        if (type->data[n] == ';' || type->data[n] == ','
            || type->data[n] <= ' ')
        {
            break;
        }
    }

    memset(media, 0, sizeof(sv_source_media_t));
    memset(&params, 0, sizeof(sv_source_params_t));

    kind = sv_source_type_kind(type->data, n);

    if (!sv_source_type_params(type->data + n, type->data + type->len,
                               &params))
    {
        params.bad = 1;
    }

    media->ascii = params.ascii;
    media->bad = params.bad || params.boundary || params.other;
    media->boundary = params.bounds;

    media->error = sv_source_type_wrong(type, n, kind, &params);

    return media->error ? SV_SOURCE_TYPE_ODD : kind;
}


/* Returns what is wrong about a type, or NULL. */

static const char *
sv_source_type_wrong(const sv_str_t *type, size_t n, sv_source_type_e kind,
    const sv_source_params_t *params)
{
    if (kind == SV_SOURCE_TYPE_FORM
        && (params->bad || params->boundary || params->other))
    {
        return "Send a form with \"Content-Type: "
               "application/x-www-form-urlencoded\", in lower case, and no "
               "parameter but charset=utf-8.";
    }

    if (kind == SV_SOURCE_TYPE_MULTIPART
        && (params->bad || !params->boundary || params->other))
    {
        return "Send a multipart body with \"Content-Type: "
               "multipart/form-data; boundary=\", in lower case; the "
               "boundary of at most 70 letters, digits and \"-\", \"_\", "
               "\".\", \"+\"; and no other parameter but charset=utf-8.";
    }

    if (kind == SV_SOURCE_TYPE_JSON
        && (params->bad || params->ascii || params->boundary
            || sv_source_type_has(type, "multipart")))
    {
        return "Send JSON with \"Content-Type: application/json\", and no "
               "charset but utf-8.";
    }

    if ((kind != SV_SOURCE_TYPE_FORM
         && sv_source_type_has(type, "urlencoded"))
        || (kind == SV_SOURCE_TYPE_OTHER
            && sv_source_type_has(type, "multipart")
            && !sv_source_type_is_sound(type->data, n))
        || (kind != SV_SOURCE_TYPE_MULTIPART
            && sv_source_type_has(type, "form-data")))
    {
        return "The Content-Type resembles that of a form; send "
               "\"application/x-www-form-urlencoded\" or "
               "\"multipart/form-data; boundary=\", in lower case.";
    }

    return NULL;
}


/* A JSON type may be in upper case, as no parser takes it for another type. */

static sv_source_type_e
sv_source_type_kind(const unsigned char *p, size_t len)
{
    size_t    i;
    sv_str_t  type;

    if (len == sizeof(sv_source_form_type) - 1
        && memcmp(p, sv_source_form_type, len) == 0)
    {
        return SV_SOURCE_TYPE_FORM;
    }

    if (len == sizeof(sv_source_multipart_type) - 1
        && memcmp(p, sv_source_multipart_type, len) == 0)
    {
        return SV_SOURCE_TYPE_MULTIPART;
    }

    type.data = (unsigned char *) p;
    type.len = len;

    if (sv_is_word(type.data, type.len, "application/json")) {
        return SV_SOURCE_TYPE_JSON;
    }

    for (i = 12; i < len; i++) {
        if (!sv_source_type_token(p[i])) {
            return SV_SOURCE_TYPE_OTHER;
        }
    }

    if (len <= sizeof("application/+json") - 1) {
        return SV_SOURCE_TYPE_OTHER;
    }

    type.len = 12;

    if (!sv_is_word(type.data, type.len, "application/")) {
        return SV_SOURCE_TYPE_OTHER;
    }

    type.data = (unsigned char *) p + len - 5;
    type.len = 5;

    return sv_is_word(type.data, type.len, "+json")
           ? SV_SOURCE_TYPE_JSON : SV_SOURCE_TYPE_OTHER;
}


/* Returns 1 for a token "/" token. */

static int
sv_source_type_is_sound(const unsigned char *p, size_t len)
{
    size_t    i;
    unsigned  slashes;

    slashes = 0;

    for (i = 0; i < len; i++) {

        if (p[i] == '/' && i && i + 1 < len) {
            slashes++;

        } else if (!sv_source_type_token(p[i])) {
            return 0;
        }
    }

    return slashes == 1;
}


/* Reads parameters: ";", at most one blank, key=value.  Returns 0 for anything
   else.  A ";" at the end counts as one more parameter. */

static int
sv_source_type_params(const unsigned char *p, const unsigned char *end,
    sv_source_params_t *params)
{
    sv_str_t  key, value;

    while (p < end) {

        if (*p++ != ';') {
            return 0;
        }

        if (p < end && *p == ' ') {
            p++;
        }

        if (p == end) {
            params->other = 1;
            return 1;
        }

        key.data = (unsigned char *) p;

        while (p < end && sv_source_type_token(*p)) {
            p++;
        }

        key.len = p - key.data;

        if (key.len == 0 || p == end || *p != '=') {
            return 0;
        }

        p = sv_source_type_value(p + 1, end, &value);

        if (p == NULL) {
            return 0;
        }

        sv_source_type_param(&key, &value, params);
    }

    return 1;
}


/* Reads a token, or one in quotes, as some clients write every boundary. */

static const unsigned char *
sv_source_type_value(const unsigned char *p, const unsigned char *end,
    sv_str_t *value)
{
    int  quoted;

    quoted = (p < end && *p == '"');

    p += quoted;
    value->data = (unsigned char *) p;

    while (p < end
           && (sv_source_type_token(*p)
               || (quoted && (*p == '/' || *p == ':' || *p == '=' || *p == ' '
                              || *p == '?'))))
    {
        p++;
    }

    value->len = p - value->data;

    if (value->len == 0) {
        return NULL;
    }

    if (!quoted) {
        return p;
    }

    return (p < end && *p == '"') ? p + 1 : NULL;
}


static void
sv_source_type_param(const sv_str_t *key, const sv_str_t *value,
    sv_source_params_t *params)
{
    if (sv_is_word(key->data, key->len, "boundary")) {

        /* the key must be in lower case, and occur once */

        if (params->boundary || key->data[0] != 'b'
            || memcmp(key->data, "boundary", 8) != 0
            || !sv_source_type_boundary(value))
        {
            params->bad = 1;
        }

        params->boundary = 1;
        params->bounds = *value;

        return;
    }

    if (sv_is_word(key->data, key->len, "charset")) {
        sv_source_type_charset(value, params);
        return;
    }

    params->other = 1;

    /* such as boundary*0= or xboundary= */

    if (sv_source_type_has(key, "boundary")
        || sv_source_type_has(key, "charset"))
    {
        params->bad = 1;
    }
}


/* Some Java clients say ISO-8859-1, whatever they send. */

static void
sv_source_type_charset(const sv_str_t *value, sv_source_params_t *params)
{
    if (params->charset) {
        params->bad = 1;
    }

    params->charset = 1;

    if (sv_is_word(value->data, value->len, "us-ascii")
        || sv_is_word(value->data, value->len, "iso-8859-1"))
    {
        params->ascii = 1;

    } else if (!sv_is_word(value->data, value->len, "utf-8")
               && !sv_is_word(value->data, value->len, "utf8"))
    {
        params->bad = 1;
    }
}


/* A boundary of dashes alone cannot be told from the dashes before it. */

static int
sv_source_type_boundary(const sv_str_t *value)
{
    size_t    i;
    unsigned  words;

    words = 0;

    for (i = 0; i < value->len; i++) {

        if (!sv_source_is_bound(value->data[i])) {
            return 0;
        }

        words |= sv_is_alnum(value->data[i]);
    }

    return words && value->len <= SV_SOURCE_BOUNDARY_MAX;
}


/* The characters that a boundary may have. */

int
sv_source_is_bound(unsigned char c)
{
    return sv_is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '+';
}


static int
sv_source_type_has(const sv_str_t *type, const char *word)
{
    size_t    i;
    sv_str_t  part;

    part.len = strlen(word);

    for (i = 0; i + part.len <= type->len; i++) {

        part.data = type->data + i;

        if (sv_is_word(part.data, part.len, word)) {
            return 1;
        }
    }

    return 0;
}


static int
sv_source_type_token(unsigned char c)
{
    return sv_is_alnum(c) || c == '-' || c == '_' || c == '*' || c == '.'
           || c == '!' || c == '#' || c == '$' || c == '%' || c == '&'
           || c == '\'' || c == '+' || c == '^' || c == '`' || c == '|'
           || c == '~';
}
