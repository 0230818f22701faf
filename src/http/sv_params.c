
#include <stdarg.h>
#include <stdio.h>
#include <cjson/cJSON.h>

#include "sv_params.h"
#include "sv_str.h"
#include "sv_utf8.h"


#define SV_PARAMS_WAIT_MAX    86400
#define SV_PARAMS_NAME_MAX    16
#define SV_PARAMS_VALUE_MAX   16

/* cJSON recurses by depth and takes 64 bytes or more for each value */
#define SV_PARAMS_DEPTH_MAX   32
#define SV_PARAMS_VALUES_MAX  1024


static sv_params_status_e sv_params_pair(sv_params_t *params,
    const sv_str_t *name, const sv_str_t *value);
static sv_params_status_e sv_params_form_email(sv_params_t *params,
    const sv_str_t *value);
static int sv_params_decode(const sv_str_t *src, unsigned char plus,
    unsigned char *dst, size_t *len);
static int sv_params_hex(unsigned char c);
static int sv_params_flag(const unsigned char *data, size_t len);
static int sv_params_seconds(const unsigned char *data, size_t len,
    unsigned *seconds);
static int sv_params_is(const unsigned char *data, size_t len,
    const char *word);
static sv_params_status_e sv_params_json_scan(sv_params_t *params,
    const unsigned char *data, size_t len);
static const unsigned char *sv_params_json_string(const unsigned char *p,
    const unsigned char *end, const char **error);
static const unsigned char *sv_params_json_number(const unsigned char *p,
    const unsigned char *end, const char **error);
static size_t sv_params_json_digits(const unsigned char **pos,
    const unsigned char *end);
static int sv_params_is_space(unsigned char c);
static sv_params_status_e sv_params_json_object(sv_params_t *params,
    const cJSON *object);
static int sv_params_json_flag(const cJSON *item);
static sv_params_status_e sv_params_set_email(sv_params_t *params,
    const unsigned char *data, size_t len);
static sv_params_status_e sv_params_set_smtp(sv_params_t *params, int flag);
static sv_params_status_e sv_params_set_transcript(sv_params_t *params,
    int flag);
static sv_params_status_e sv_params_set_wait(sv_params_t *params, int valid,
    unsigned wait);
static sv_params_status_e sv_params_twice(sv_params_t *params,
    const char *name);
static sv_params_status_e sv_params_not_flag(sv_params_t *params,
    const char *name);
static sv_params_status_e sv_params_error(sv_params_t *params,
    sv_params_status_e status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));


sv_params_status_e
sv_params_form(const unsigned char *data, size_t len, sv_params_t *params)
{
    sv_str_t              name, value;
    const unsigned char  *p, *end, *last, *eq;
    sv_params_status_e    status;

    if (len == 0) {
        return SV_PARAMS_OK;
    }

    p = data;
    end = data + len;

    for ( ;; ) {

        last = memchr(p, '&', end - p);
        if (last == NULL) {
            last = end;
        }

        eq = memchr(p, '=', last - p);
        if (eq == NULL) {
            eq = last;
        }

        name.data = (unsigned char *) p;
        name.len = eq - p;

        value.data = (unsigned char *) (eq < last ? eq + 1 : last);
        value.len = last - value.data;

        status = sv_params_pair(params, &name, &value);
        if (status != SV_PARAMS_OK) {
            return status;
        }

        if (last == end) {
            return SV_PARAMS_OK;
        }

        p = last + 1;
    }
}


static sv_params_status_e
sv_params_pair(sv_params_t *params, const sv_str_t *name,
    const sv_str_t *value)
{
    int            valid;
    size_t         n, m;
    unsigned       wait;
    unsigned char  key[SV_PARAMS_NAME_MAX], text[SV_PARAMS_VALUE_MAX];

    n = sizeof(key);

    if (!sv_params_decode(name, ' ', key, &n)) {
        goto broken;
    }

    if (sv_params_is(key, n, "email")) {
        return sv_params_form_email(params, value);
    }

    if (!sv_params_is(key, n, "smtp")
        && !sv_params_is(key, n, "transcript")
        && !sv_params_is(key, n, "wait"))
    {
        return SV_PARAMS_OK;
    }

    m = sizeof(text);

    if (!sv_params_decode(value, ' ', text, &m)) {
        goto broken;
    }

    switch (key[0]) {

    case 's':
        return sv_params_set_smtp(params, sv_params_flag(text, m));

    case 't':
        return sv_params_set_transcript(params, sv_params_flag(text, m));

    default:
        valid = sv_params_seconds(text, m, &wait);
        return sv_params_set_wait(params, valid, wait);
    }

broken:

    return sv_params_error(params, SV_PARAMS_MALFORMED,
                           "A %% must be followed by two hexadecimal digits; "
                           "%%25 stands for the %% itself.");
}


/*
 * A form writes a space as "+", and who types john+news@example.com into a
 * query string means the "+".  A space is in no address but within quotes,
 * so only there a "+" is taken for one; %2B and %20 are always what they say.
 */

static sv_params_status_e
sv_params_form_email(sv_params_t *params, const sv_str_t *value)
{
    int            quoted;
    size_t         n;
    unsigned char  email[SV_PARAMS_EMAIL_MAX + 1];

    quoted = (value->len >= 1 && value->data[0] == '"')
             || (value->len >= 3 && memcmp(value->data, "%22", 3) == 0);

    n = sizeof(email);

    if (!sv_params_decode(value, quoted ? ' ' : '+', email, &n)) {
        return sv_params_error(params, SV_PARAMS_MALFORMED,
                               "A %% in \"email\" must be followed by two "
                               "hexadecimal digits; %%25 stands for the %% "
                               "itself.");
    }

    return sv_params_set_email(params, email, n);
}


/*
 * *len is the size of dst, then the length of what it got: where there is no
 * room for all of it, dst is full.  0: a broken escape.
 */

static int
sv_params_decode(const sv_str_t *src, unsigned char plus, unsigned char *dst,
    size_t *len)
{
    int            high, low;
    size_t         i, n;
    unsigned char  c;

    n = 0;

    for (i = 0; i < src->len; i++) {
        c = src->data[i];

        if (c == '+') {
            c = plus;

        } else if (c == '%') {

            if (src->len - i < 3) {
                return 0;
            }

            high = sv_params_hex(src->data[i + 1]);
            low = sv_params_hex(src->data[i + 2]);

            if (high < 0 || low < 0) {
                return 0;
            }

            c = (unsigned char) (high << 4 | low);
            i += 2;
        }

        if (n < *len) {
            dst[n++] = c;
        }
    }

    *len = n;

    return 1;
}


static int
sv_params_hex(unsigned char c)
{
    if (sv_is_digit(c)) {
        return c - '0';
    }

    c = sv_lower(c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


static int
sv_params_flag(const unsigned char *data, size_t len)
{
    size_t         i;
    unsigned char  word[SV_PARAMS_VALUE_MAX];

    if (len > sizeof(word)) {
        return -1;
    }

    for (i = 0; i < len; i++) {
        word[i] = sv_lower(data[i]);
    }

    if (sv_params_is(word, len, "1")
        || sv_params_is(word, len, "true")
        || sv_params_is(word, len, "on"))
    {
        return 1;
    }

    if (sv_params_is(word, len, "0")
        || sv_params_is(word, len, "false")
        || sv_params_is(word, len, "off"))
    {
        return 0;
    }

    return -1;
}


static int
sv_params_seconds(const unsigned char *data, size_t len, unsigned *seconds)
{
    size_t  i;

    *seconds = 0;

    for (i = 0; i < len; i++) {

        if (!sv_is_digit(data[i])) {
            return 0;
        }

        *seconds = *seconds * 10 + (data[i] - '0');

        if (*seconds > SV_PARAMS_WAIT_MAX) {
            return 0;
        }
    }

    /* a full buffer is a value that was cut */

    return len && len < SV_PARAMS_VALUE_MAX;
}


static int
sv_params_is(const unsigned char *data, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(data, word, len) == 0;
}


sv_params_status_e
sv_params_json(const unsigned char *data, size_t len, sv_params_t *params)
{
    cJSON                *root;
    const char           *end;
    sv_params_status_e    status;
    const unsigned char  *start;

    start = data;

    /* a byte order mark is not JSON, but what some editors and shells send */

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }

    while (len && sv_params_is_space(data[0])) {
        data++;
        len--;
    }

    while (len && sv_params_is_space(data[len - 1])) {
        len--;
    }

    status = sv_params_json_scan(params, data, len);
    if (status != SV_PARAMS_OK) {
        return status;
    }

    end = (const char *) data;
    root = cJSON_ParseWithLengthOpts(end, len, &end, 0);

    if (root && end == (const char *) data + len) {
        status = sv_params_json_object(params, root);

    } else {
        status = sv_params_error(params, SV_PARAMS_MALFORMED,
                                 "The body is not valid JSON, see byte %zu.",
                                 (size_t) (end - (const char *) start) + 1);
    }

    cJSON_Delete(root);

    return status;
}


/*
 * What cJSON would let pass or could not bear.  The "}" at the end also keeps
 * cJSON before 1.7.18 from reading a byte behind what it was given.
 */

static sv_params_status_e
sv_params_json_scan(sv_params_t *params, const unsigned char *data, size_t len)
{
    unsigned              depth, values;
    const char           *error;
    const unsigned char  *p, *end;

    if (len < 2 || data[0] != '{' || data[len - 1] != '}') {
        return sv_params_error(params, SV_PARAMS_MALFORMED,
                               "The body must be one JSON object, such as "
                               "{\"email\": \"user@example.com\"}.");
    }

    if (!sv_utf8_valid(data, len)) {
        return sv_params_error(params, SV_PARAMS_MALFORMED,
                               "The body is not valid UTF-8 text.");
    }

    error = NULL;
    depth = 0;
    values = 0;

    p = data;
    end = data + len;

    while (error == NULL && p < end) {

        switch (*p) {

        case '"':
            p = sv_params_json_string(p + 1, end, &error);
            continue;

        case '{':
        case '[':
            depth++;
            /* fall through */

        case ',':
            values++;
            break;

        case '}':
        case ']':
            if (depth) {
                depth--;
            }
            break;

        default:
            if (sv_is_digit(*p) || *p == '-') {
                p = sv_params_json_number(p, end, &error);
                continue;
            }

            if (*p < ' ' && !sv_params_is_space(*p)) {
                error = "There is a control character in the JSON body.";
            }
        }

        if (depth > SV_PARAMS_DEPTH_MAX) {
            error = "The JSON body is nested more than 32 levels deep.";
        }

        if (values > SV_PARAMS_VALUES_MAX) {
            error = "The JSON body has more than 1024 values.";
        }

        p++;
    }

    if (error) {
        return sv_params_error(params, SV_PARAMS_MALFORMED, "%s", error);
    }

    return SV_PARAMS_OK;
}


/* from behind the opening quote to behind the closing one */

static const unsigned char *
sv_params_json_string(const unsigned char *p, const unsigned char *end,
    const char **error)
{
    for ( /* void */ ; p < end; p++) {

        if (*p < ' ') {
            *error = "There is a control character in a JSON string.";
            return end;
        }

        if (*p == '"') {
            return p + 1;
        }

        if (*p != '\\') {
            continue;
        }

        if (end - p >= 6 && memcmp(p + 1, "u0000", 5) == 0) {
            *error = "There is a NUL character (\\u0000) in a JSON string.";
            return end;
        }

        p++;
    }

    return end;
}


/* RFC 8259 section 6; cJSON takes whatever strtod() does */

static const unsigned char *
sv_params_json_number(const unsigned char *p, const unsigned char *end,
    const char **error)
{
    if (*p == '-') {
        p++;
    }

    if (p < end && *p == '0') {
        p++;

    } else if (sv_params_json_digits(&p, end) == 0) {
        goto failed;
    }

    if (p < end && *p == '.') {
        p++;

        if (sv_params_json_digits(&p, end) == 0) {
            goto failed;
        }
    }

    if (p < end && (*p | 0x20) == 'e') {
        p++;

        if (p < end && (*p == '+' || *p == '-')) {
            p++;
        }

        if (sv_params_json_digits(&p, end) == 0) {
            goto failed;
        }
    }

    if (p == end || sv_params_is_space(*p) || *p == ',' || *p == '}'
        || *p == ']')
    {
        return p;
    }

failed:

    *error = "There is a number in the body that JSON does not know.";

    return end;
}


static size_t
sv_params_json_digits(const unsigned char **pos, const unsigned char *end)
{
    const unsigned char  *p;

    for (p = *pos; p < end && sv_is_digit(*p); p++) { /* void */ }

    end = *pos;
    *pos = p;

    return p - end;
}


static int
sv_params_is_space(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}


static sv_params_status_e
sv_params_json_object(sv_params_t *params, const cJSON *object)
{
    int                  valid;
    double               wait;
    const char          *text;
    const cJSON         *item;
    sv_params_status_e   status;

    for (item = object->child; item; item = item->next) {

        if (strcmp(item->string, "email") == 0) {

            if (!cJSON_IsString(item)) {
                return sv_params_error(params, SV_PARAMS_INVALID,
                                       "\"email\" must be a string.");
            }

            text = item->valuestring;
            status = sv_params_set_email(params, (const unsigned char *) text,
                                         strlen(text));

        } else if (strcmp(item->string, "smtp") == 0) {
            status = sv_params_set_smtp(params, sv_params_json_flag(item));

        } else if (strcmp(item->string, "transcript") == 0) {
            status = sv_params_set_transcript(params,
                                              sv_params_json_flag(item));

        } else if (strcmp(item->string, "wait") == 0) {
            wait = item->valuedouble;
            valid = cJSON_IsNumber(item) && wait >= 0
                    && wait <= SV_PARAMS_WAIT_MAX
                    && wait == (unsigned) wait;

            status = sv_params_set_wait(params, valid,
                                        valid ? (unsigned) wait : 0);

        } else {
            continue;
        }

        if (status != SV_PARAMS_OK) {
            return status;
        }
    }

    return SV_PARAMS_OK;
}


static int
sv_params_json_flag(const cJSON *item)
{
    if (cJSON_IsBool(item)) {
        return cJSON_IsTrue(item);
    }

    if (cJSON_IsNumber(item)
        && (item->valuedouble == 0 || item->valuedouble == 1))
    {
        return item->valuedouble == 1;
    }

    return -1;
}


static sv_params_status_e
sv_params_set_email(sv_params_t *params, const unsigned char *data, size_t len)
{
    const char  *error;

    if (params->has_email) {
        return sv_params_twice(params, "email");
    }

    if (len > SV_PARAMS_EMAIL_MAX) {
        error = "\"email\" is longer than 1024 bytes.";

    } else if (memchr(data, '\0', len)) {
        error = "There is a NUL character in \"email\".";

    } else if (!sv_utf8_valid(data, len)) {
        error = "\"email\" is not valid UTF-8 text.";

    } else {
        memcpy(params->email, data, len);
        params->email_len = len;
        params->has_email = 1;

        return SV_PARAMS_OK;
    }

    return sv_params_error(params, SV_PARAMS_MALFORMED, "%s", error);
}


/* flag: -1 is not valid */

static sv_params_status_e
sv_params_set_smtp(sv_params_t *params, int flag)
{
    if (params->has_smtp) {
        return sv_params_twice(params, "smtp");
    }

    if (flag == -1) {
        return sv_params_not_flag(params, "smtp");
    }

    params->has_smtp = 1;
    params->smtp = flag;

    return SV_PARAMS_OK;
}


static sv_params_status_e
sv_params_set_transcript(sv_params_t *params, int flag)
{
    if (params->has_transcript) {
        return sv_params_twice(params, "transcript");
    }

    if (flag == -1) {
        return sv_params_not_flag(params, "transcript");
    }

    params->has_transcript = 1;
    params->transcript = flag;

    return SV_PARAMS_OK;
}


static sv_params_status_e
sv_params_set_wait(sv_params_t *params, int valid, unsigned wait)
{
    if (params->has_wait) {
        return sv_params_twice(params, "wait");
    }

    if (!valid) {
        return sv_params_error(params, SV_PARAMS_INVALID,
                               "\"wait\" must be a whole number of seconds, "
                               "0 to %d.", SV_PARAMS_WAIT_MAX);
    }

    params->has_wait = 1;
    params->wait = wait;

    return SV_PARAMS_OK;
}


static sv_params_status_e
sv_params_twice(sv_params_t *params, const char *name)
{
    return sv_params_error(params, SV_PARAMS_MALFORMED,
                           "\"%s\" is given twice.", name);
}


static sv_params_status_e
sv_params_not_flag(sv_params_t *params, const char *name)
{
    return sv_params_error(params, SV_PARAMS_INVALID,
                           "\"%s\" must be true or false (or 1, 0).", name);
}


static sv_params_status_e
sv_params_error(sv_params_t *params, sv_params_status_e status,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(params->error, sizeof(params->error), fmt, args);
    va_end(args);

    return status;
}
