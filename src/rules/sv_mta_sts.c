
#include <string.h>

#include "sv_mta_sts.h"


#define SV_MTA_STS_NAME  253


typedef struct {
    unsigned   version:1;
    unsigned   mode:1;
    unsigned   max_age:1;
} sv_mta_sts_seen_t;


static int sv_mta_sts_record(sv_str_t *txt, sv_str_t *id);
static int sv_mta_sts_is(const sv_str_t *s, const char *word);
static void sv_mta_sts_trim(sv_str_t *s);
static int sv_mta_sts_split(sv_str_t *rest, int separator, sv_str_t *part);
static int sv_mta_sts_line(sv_mta_sts_t *policy, sv_mta_sts_seen_t *seen,
    sv_str_t *key, sv_str_t *value);
static int sv_mta_sts_mode(sv_mta_sts_t *policy, sv_str_t *value);
static int sv_mta_sts_max_age(sv_mta_sts_t *policy, sv_str_t *value);
static int sv_mta_sts_host(sv_mta_sts_t *policy, sv_str_t *value);


/* Section 3.1: there is a policy only if there is exactly one record. */

int
sv_mta_sts_id(const unsigned char *txt, size_t len, sv_str_t *id)
{
    int       n;
    size_t    pos;
    sv_str_t  record;

    n = 0;

    for (pos = 0; pos < len; pos += record.len) {

        record.len = txt[pos++];
        record.data = (unsigned char *) txt + pos;

        if (record.len > len - pos) {
            return 0;
        }

        if (record.len >= 7 && memcmp(record.data, "v=STSv1", 7) == 0) {
            n++;

            if (!sv_mta_sts_record(&record, id)) {
                return 0;
            }
        }
    }

    return n == 1;
}


static int
sv_mta_sts_record(sv_str_t *txt, sv_str_t *id)
{
    size_t    i;
    sv_str_t  rest, field;

    rest = *txt;
    id->len = 0;

    (void) sv_mta_sts_split(&rest, ';', &field);

    if (!sv_mta_sts_is(&field, "v=STSv1")) {
        return 0;
    }

    while (sv_mta_sts_split(&rest, ';', &field)) {

        if (field.len > 3 && memcmp(field.data, "id=", 3) == 0) {
            id->data = field.data + 3;
            id->len = field.len - 3;
            break;
        }
    }

    if (id->len == 0 || id->len > SV_MTA_STS_ID) {
        return 0;
    }

    for (i = 0; i < id->len; i++) {
        if (!sv_is_alnum(id->data[i])) {
            return 0;
        }
    }

    return 1;
}


static int
sv_mta_sts_is(const sv_str_t *s, const char *word)
{
    return s->len == strlen(word) && memcmp(s->data, word, s->len) == 0;
}


static void
sv_mta_sts_trim(sv_str_t *s)
{
    while (s->len && (s->data[0] == ' ' || s->data[0] == '\t')) {
        s->data++;
        s->len--;
    }

    while (s->len && (s->data[s->len - 1] == ' '
                      || s->data[s->len - 1] == '\t'
                      || s->data[s->len - 1] == '\r'))
    {
        s->len--;
    }
}


/* Returns the part before the next separator, without white space; 0 at the
   end. */

static int
sv_mta_sts_split(sv_str_t *rest, int separator, sv_str_t *part)
{
    unsigned char  *p;

    if (rest->len == 0) {
        return 0;
    }

    p = memchr(rest->data, separator, rest->len);

    part->data = rest->data;
    part->len = p ? (size_t) (p - rest->data) : rest->len;

    rest->data += part->len + (p != NULL);
    rest->len -= part->len + (p != NULL);

    sv_mta_sts_trim(part);

    return 1;
}


/* Section 3.2: if a key occurs twice, the first one counts, except mx.  Unknown
   keys are ignored. */

int
sv_mta_sts_parse(const unsigned char *text, size_t len, sv_mta_sts_t *policy)
{
    sv_str_t           rest, line, key;
    sv_mta_sts_seen_t  seen;

    memset(&seen, 0, sizeof(sv_mta_sts_seen_t));

    policy->mode = SV_MTA_STS_NONE;
    policy->max_age = 0;
    policy->len = 0;

    if (len > SV_MTA_STS_TEXT || memchr(text, '\0', len)) {
        return 0;
    }

    rest.data = (unsigned char *) text;
    rest.len = len;

    while (sv_mta_sts_split(&rest, '\n', &line)) {

        if (line.len == 0) {
            continue;
        }

        if (memchr(line.data, ':', line.len) == NULL) {
            return 0;
        }

        (void) sv_mta_sts_split(&line, ':', &key);
        sv_mta_sts_trim(&line);

        if (!sv_mta_sts_line(policy, &seen, &key, &line)) {
            return 0;
        }
    }

    return seen.version && seen.mode && seen.max_age
           && (policy->len || policy->mode == SV_MTA_STS_NONE);
}


static int
sv_mta_sts_line(sv_mta_sts_t *policy, sv_mta_sts_seen_t *seen, sv_str_t *key,
    sv_str_t *value)
{
    if (sv_mta_sts_is(key, "version")) {

        if (seen->version) {
            return 1;
        }

        seen->version = 1;
        return sv_mta_sts_is(value, "STSv1");
    }

    if (sv_mta_sts_is(key, "mode")) {

        if (seen->mode) {
            return 1;
        }

        seen->mode = 1;
        return sv_mta_sts_mode(policy, value);
    }

    if (sv_mta_sts_is(key, "max_age")) {

        if (seen->max_age) {
            return 1;
        }

        seen->max_age = 1;
        return sv_mta_sts_max_age(policy, value);
    }

    if (sv_mta_sts_is(key, "mx")) {
        return sv_mta_sts_host(policy, value);
    }

    return 1;
}


static int
sv_mta_sts_mode(sv_mta_sts_t *policy, sv_str_t *value)
{
    if (sv_mta_sts_is(value, "enforce")) {
        policy->mode = SV_MTA_STS_ENFORCE;

    } else if (sv_mta_sts_is(value, "testing")) {
        policy->mode = SV_MTA_STS_TESTING;

    } else if (!sv_mta_sts_is(value, "none")) {
        return 0;
    }

    return 1;
}


static int
sv_mta_sts_max_age(sv_mta_sts_t *policy, sv_str_t *value)
{
    size_t         i;
    unsigned long  age;

    if (value->len == 0 || value->len > 10) {
        return 0;
    }

    age = 0;

    for (i = 0; i < value->len; i++) {

        if (!sv_is_digit(value->data[i])) {
            return 0;
        }

        age = age * 10 + (unsigned long) (value->data[i] - '0');

        if (age > SV_MTA_STS_MAX_AGE) {
            age = SV_MTA_STS_MAX_AGE;
        }
    }

    policy->max_age = age;

    return 1;
}


/* Adds a host name, whose first label may be "*". */

static int
sv_mta_sts_host(sv_mta_sts_t *policy, sv_str_t *value)
{
    size_t          i, first;
    unsigned char  *p, c;

    first = (value->len > 2 && memcmp(value->data, "*.", 2) == 0) ? 2 : 0;

    if (value->len <= first || value->len > SV_MTA_STS_NAME
        || SV_MTA_STS_HOSTS - policy->len < 1 + value->len)
    {
        return 0;
    }

    p = policy->hosts + policy->len;
    *p++ = (unsigned char) value->len;

    for (i = 0; i < value->len; i++) {

        c = value->data[i];

        if (i >= first && !sv_is_alnum(c) && c != '-' && c != '_' && c != '.')
        {
            return 0;
        }

        *p++ = sv_lower(c);
    }

    policy->len += 1 + value->len;

    return 1;
}


/* Section 4.1: "*" stands for exactly one label. */

int
sv_mta_sts_names(const unsigned char *hosts, size_t len,
    const unsigned char *host, size_t host_len)
{
    size_t                n, pos, label;
    const unsigned char  *p;

    p = memchr(host, '.', host_len);
    label = p ? (size_t) (p - host) : host_len;

    for (pos = 0; pos < len; pos += n) {

        n = hosts[pos++];
        p = hosts + pos;

        if (n > len - pos) {
            return 0;
        }

        if (n == host_len && memcmp(p, host, n) == 0) {
            return 1;
        }

        if (n > 2 && p[0] == '*' && label && n - 1 == host_len - label
            && memcmp(p + 1, host + label, n - 1) == 0)
        {
            return 1;
        }
    }

    return 0;
}
