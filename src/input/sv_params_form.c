
#include "sv_params_set.h"
#include "sv_str.h"


#define SV_PARAMS_NAME_MAX    16
#define SV_PARAMS_VALUE_MAX   16


static sv_params_status_e sv_params_pair(sv_params_t *params,
    const sv_str_t *name, const sv_str_t *value);
static sv_params_status_e sv_params_form_email(sv_params_t *params,
    const sv_str_t *value);
static int sv_params_seconds(const unsigned char *data, size_t len,
    unsigned *seconds);
static int sv_params_is(const unsigned char *data, size_t len,
    const char *word);


sv_params_status_e
sv_params_form(const unsigned char *data, size_t len, sv_params_t *params)
{
    sv_str_t              name, value;
    const unsigned char  *p;
    sv_params_status_e    status;

    p = data;

    while (sv_params_next(&p, data + len, &name, &value)) {

        status = sv_params_pair(params, &name, &value);
        if (status != SV_PARAMS_OK) {
            return status;
        }
    }

    return SV_PARAMS_OK;
}


int
sv_params_next(const unsigned char **pos, const unsigned char *end,
    sv_str_t *name, sv_str_t *value)
{
    const unsigned char  *p, *last, *eq;

    p = *pos;

    if (p >= end) {
        return 0;
    }

    last = memchr(p, '&', end - p);
    if (last == NULL) {
        last = end;
    }

    eq = memchr(p, '=', last - p);
    if (eq == NULL) {
        eq = last;
    }

    name->data = (unsigned char *) p;
    name->len = eq - p;

    value->data = (unsigned char *) (eq < last ? eq + 1 : last);
    value->len = last - value->data;

    *pos = (last == end) ? end : last + 1;

    return 1;
}


static sv_params_status_e
sv_params_pair(sv_params_t *params, const sv_str_t *name,
    const sv_str_t *value)
{
    int            valid;
    size_t         n, m;
    unsigned       seconds;
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
        && !sv_params_is(key, n, "wait")
        && !sv_params_is(key, n, "timeout"))
    {
        return SV_PARAMS_OK;
    }

    m = sizeof(text);

    if (!sv_params_decode(value, ' ', text, &m)) {
        goto broken;
    }

    switch (key[1]) {

    case 'm':
        return sv_params_set_smtp(params, sv_params_flag(text, m));

    case 'r':
        return sv_params_set_transcript(params, sv_params_flag(text, m));

    case 'i':
        valid = sv_params_seconds(text, m, &seconds);
        return sv_params_set_timeout(params, valid, seconds);

    default: /* 'a' */
        valid = sv_params_seconds(text, m, &seconds);
        return sv_params_set_wait(params, valid, seconds);
    }

broken:

    return sv_params_error(params, SV_PARAMS_MALFORMED,
                           "A %% must be followed by two hexadecimal digits; "
                           "%%25 stands for the %% itself.");
}


/*
 * Decodes "email".  Forms write a space as "+", but people who type
 * john+news@example.com into a query string mean a "+".  An address has a space
 * only within quotes, so only there "+" is decoded as a space.  %2B and %20
 * always mean what they say.
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


int
sv_params_decode(const sv_str_t *src, unsigned char plus, unsigned char *dst,
    size_t *len)
{
    int            high, low;
    size_t         i, n;
    unsigned char  c;

    n = 0;

    for (i = 0; i < src->len; i++) {
        c = src->data[i];

        /* "%" and "+" sort below nearly all other characters */

        if (c > '+' && n < *len) {
            dst[n++] = c;
            continue;
        }

        if (c == '+') {
            c = plus;

        } else if (c == '%') {

            if (src->len - i < 3) {
                return 0;
            }

            high = sv_hex(src->data[i + 1]);
            low = sv_hex(src->data[i + 2]);

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


int
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

    /* if the buffer is full, the value was cut */

    return len && len < SV_PARAMS_VALUE_MAX;
}


static int
sv_params_is(const unsigned char *data, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(data, word, len) == 0;
}
