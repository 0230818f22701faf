
#include <stdio.h>
#include <stdlib.h>

#include "sv_lists_file.h"
#include "sv_root.h"


#define SV_LINE_MAX  1024
#define SV_KEY_MAX   (SV_LOCAL_MAX + 1 + SV_DOMAIN_MAX)

#define SV_LISTS_FORMS   2      /* entries that one line may add */


static const char *sv_lists_entry(const sv_lists_t *lists, unsigned kind,
    sv_str_t *line, sv_list_set_t *set);
static const char *sv_lists_special(const sv_lists_t *lists, unsigned kind,
    sv_str_t *line, sv_list_set_t *set);
static const char *sv_lists_sha256(const sv_lists_t *lists,
    const unsigned char *hex, size_t len, sv_list_set_t *set);
static const char *sv_lists_decision(const sv_lists_t *lists, sv_str_t *line,
    sv_list_set_t *set);
static size_t sv_lists_address_key(const sv_lists_t *lists,
    const unsigned char *data, size_t len, unsigned char *dst);
static int sv_lists_compare(const void *one, const void *two);
static int sv_lists_error(sv_rules_error_t *error, unsigned line,
    const char *message);


int
sv_lists_load(sv_lists_t *lists, sv_list_e kind, const char *text, size_t len,
    sv_rules_error_t *error)
{
    sv_list_set_t  set;

    if ((unsigned) kind >= SV_LIST_MAX) {
        return sv_lists_error(error, 0, "no such kind of list");
    }

    if (sv_lists_parse(lists, kind, text, len, &set, error) != 0) {
        return -1;
    }

    set.own = 1;

    free(lists->sets[kind].entries);
    lists->sets[kind] = set;
    memset(lists->memos, 0, SV_MEMOS * sizeof(sv_memo_t));
    memset(lists->mx_memos, 0, SV_MX_MEMOS * sizeof(uint64_t));

    return 0;
}


int
sv_lists_parse(sv_lists_t *lists, unsigned kind, const char *text, size_t len,
    sv_list_set_t *set, sv_rules_error_t *error)
{
    size_t       pos, max;
    unsigned     number;
    uint64_t    *entries;
    sv_str_t     line;
    const char  *p, *wrong;

    memset(set, 0, sizeof(sv_list_set_t));

    for (max = 1, p = text; len != 0; max++) {
        p = memchr(p, '\n', text + len - p);
        if (p == NULL) {
            break;
        }

        p++;
    }

    if (kind == SV_LIST_ALLOW || kind == SV_LIST_DENY) {
        max *= SV_LISTS_FORMS;
    }

    set->entries = malloc(max * sizeof(uint64_t));
    if (set->entries == NULL) {
        return sv_lists_error(error, 0, "no memory");
    }

    for (pos = 0, number = 1; pos < len; number++) {
        line = sv_lists_line(text, len, &pos);

        if (line.len == 0) {
            continue;
        }

        wrong = sv_lists_entry(lists, kind, &line, set);
        if (wrong != NULL) {
            free(set->entries);
            return sv_lists_error(error, number, wrong);
        }
    }

    entries = set->entries;

    qsort(entries, set->n, sizeof(uint64_t), sv_lists_compare);

    for (max = 0, pos = 0; pos < set->n; pos++) {
        if (max == 0 || entries[pos] != entries[max - 1]) {
            entries[max++] = entries[pos];
        }
    }

    entries = realloc(entries, (max ? max : 1) * sizeof(uint64_t));

    if (entries != NULL) {
        set->entries = entries;
    }

    set->n = max;
    set->loaded = 1;

    return 0;
}


/* Returns the entry of the next line, without white space and comment. */

sv_str_t
sv_lists_line(const char *text, size_t len, size_t *pos)
{
    size_t       i;
    sv_str_t     line;
    const char  *p, *last, *end;

    p = text + *pos;
    end = memchr(p, '\n', len - *pos);

    if (end == NULL) {
        end = text + len;
        *pos = len;

    } else {
        *pos = end + 1 - text;
    }

    if (p == text && end - p >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    while (p < end && (*p == ' ' || *p == '\t' || *p == '\r')) {
        p++;
    }

    /* a '#' may also be in a local part, as in "a#b@example.com" */

    last = p;

    for (i = 0; i < (size_t) (end - p); i++) {

        if (p[i] == '#' && (i == 0 || p[i - 1] == ' ' || p[i - 1] == '\t')) {
            break;
        }

        if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r') {
            last = p + i + 1;
        }
    }

    line.data = (unsigned char *) p;
    line.len = last - p;

    return line;
}


static const char *
sv_lists_entry(const sv_lists_t *lists, unsigned kind, sv_str_t *line,
    sv_list_set_t *set)
{
    size_t          len;
    const char     *wrong;
    unsigned char  *data, *end, key[SV_KEY_MAX];

    data = line->data;
    len = line->len;

    if (len > SV_LINE_MAX) {
        return "line too long";
    }

    if (kind == SV_LIST_KNOWN) {
        end = memchr(data, ' ', len);
        len = (end != NULL) ? (size_t) (end - data) : len;

        if (*data == '-') {
            data++;
            len--;
        }
    }

    switch (kind) {

    case SV_LIST_TLDS:
        set->entries[set->n++] = sv_lists_hash(lists, data, len);
        return NULL;

    case SV_LIST_ROLE:
        wrong = "not a local part";
        len = sv_lists_role_key(data, len, key);
        break;

    case SV_LIST_SPAM_TRAP:
    case SV_LIST_ABUSE:
    case SV_LIST_ALLOW:
    case SV_LIST_DENY:
        return sv_lists_special(lists, kind, line, set);

    default:
        wrong = "not a domain";
        len = sv_lists_domain_key(data, len, key);
    }

    if (len == 0) {
        return wrong;
    }

    set->entries[set->n++] = sv_lists_hash(lists, key, len);

    return NULL;
}


/* Reads an address, its SHA-256, or a domain. */

static const char *
sv_lists_special(const sv_lists_t *lists, unsigned kind, sv_str_t *line,
    sv_list_set_t *set)
{
    size_t          len;
    unsigned char  *data, key[SV_KEY_MAX];

    data = line->data;
    len = line->len;

    if (len > 7 && memcmp(data, "sha256:", 7) == 0) {
        return sv_lists_sha256(lists, data + 7, len - 7, set);
    }

    if (memchr(data + 1, '@', len - 1) != NULL) {

        /* an address like any other, of nobody: it would never be found */

        if (data[0] == '*' && data[1] == '@'
            && (kind == SV_LIST_ALLOW || kind == SV_LIST_DENY))
        {
            return "no \"*@\" belongs before a domain";
        }

        len = sv_lists_address_key(lists, data, len, key);

        if (len == 0) {
            return "not an address";
        }

        set->addresses = 1;

    } else if (kind == SV_LIST_ALLOW || kind == SV_LIST_DENY) {
        return sv_lists_decision(lists, line, set);

    } else {
        len = sv_lists_domain_key(data, len, key);

        if (len == 0) {
            return "not a domain";
        }
    }

    set->entries[set->n++] = sv_lists_hash(lists, key, len);

    return NULL;
}


static const char *
sv_lists_sha256(const sv_lists_t *lists, const unsigned char *hex, size_t len,
    sv_list_set_t *set)
{
    int            high, low;
    size_t         i;
    unsigned char  digest[SV_LISTS_DIGEST];

    if (len != 2 * SV_LISTS_DIGEST) {
        return "not a SHA-256";
    }

    for (i = 0; i < SV_LISTS_DIGEST; i++) {
        high = sv_hex(hex[2 * i]);
        low = sv_hex(hex[2 * i + 1]);

        if (high < 0 || low < 0) {
            return "not a SHA-256";
        }

        digest[i] = (unsigned char) (high << 4 | low);
    }

    set->entries[set->n++] = sv_lists_digest(lists, digest);
    set->digests = 1;

    return NULL;
}


/*
 * Reads a domain in the syntax of nginx's server_name: "example.com", or
 * "*.example.com" for the names below it, or ".example.com" for both.  An entry
 * for the names below is stored with its dot in front.
 */

static const char *
sv_lists_decision(const sv_lists_t *lists, sv_str_t *line, sv_list_set_t *set)
{
    size_t          len;
    unsigned char  *data, key[1 + SV_KEY_MAX];

    data = line->data;
    len = sv_lists_domain_key(data, line->len, key + 1);

    if (len == 0) {
        return "not a domain";
    }

    key[0] = '.';

    if (*data == '.' || *data == '*') {
        set->entries[set->n++] = sv_lists_hash(lists, key, len + 1);
    }

    if (*data != '*') {
        set->entries[set->n++] = sv_lists_hash(lists, key + 1, len);
    }

    return NULL;
}


/* Reads "example.com", also in the forms of other lists, such as
   "*.example.com". */

size_t
sv_lists_domain_key(const unsigned char *data, size_t len, unsigned char *dst)
{
    size_t         i;
    sv_address_t   addr;
    unsigned char  buf[2 + SV_LINE_MAX];

    if (len > 2 && data[0] == '*' && data[1] == '.') {
        data += 2;
        len -= 2;

    } else if (len > 1 && (data[0] == '.' || data[0] == '@')) {
        data++;
        len--;
    }

    if (len > 1 && data[len - 1] == '.') {
        len--;
    }

    if (sv_host_name_valid(data, len, 1)) {

        for (i = 0; i < len; i++) {
            dst[i] = sv_lower(data[i]);
        }

        return len;
    }

    for (i = 0; i < len && data[i] < 0x80; i++) { /* void */ }

    if (i == len) {
        return 0;
    }

    memcpy(buf, "a@", 2);
    memcpy(buf + 2, data, len);

    if (sv_address_parse(buf, len + 2, &addr) != SV_ADDRESS_OK) {
        return 0;
    }

    memcpy(dst, addr.domain.data, addr.domain.len);

    return addr.domain.len;
}


/*
 * An address without a tag stands for its mailbox, however that is written.
 * One with a tag stands only for itself.  Case is ignored.
 */

static size_t
sv_lists_address_key(const sv_lists_t *lists, const unsigned char *data,
    size_t len, unsigned char *dst)
{
    size_t         i;
    unsigned       flags;
    sv_str_t       main, local;
    sv_address_t   addr;
    unsigned char  buf[SV_LOCAL_MAX];

    if (sv_address_parse(data, len, &addr) != SV_ADDRESS_OK) {
        return 0;
    }

    local = addr.local;
    main = addr.domain;

    if (!addr.quoted) {
        flags = sv_root_provider(lists, &addr.domain, &main);
        i = sv_root_local(&addr.local, flags, buf, &local);

        if (i < addr.local.len) {
            local = addr.local;
            main = addr.domain;
        }
    }

    for (i = 0; i < local.len; i++) {
        dst[i] = sv_lower(local.data[i]);
    }

    dst[i] = '@';
    memcpy(dst + i + 1, main.data, main.len);

    return i + 1 + main.len;
}


size_t
sv_lists_role_key(const unsigned char *data, size_t len, unsigned char *dst)
{
    size_t  i, n, piece, pieces, shortest;

    for (i = 1; i < len && data[i] != '+'; i++) { /* void */ }

    len = (len != 0) ? i : 0;

    if (len == 0 || len > SV_LOCAL_MAX) {
        return 0;
    }

    n = 0;
    piece = 0;
    pieces = 1;
    shortest = SV_LOCAL_MAX;

    for (i = 0; i < len; i++) {

        if (data[i] == '@' || data[i] <= ' ') {
            return 0;
        }

        if (data[i] == '.' || data[i] == '-' || data[i] == '_') {
            shortest = (piece < shortest) ? piece : shortest;
            piece = 0;
            pieces++;
            continue;
        }

        dst[n++] = sv_lower(data[i]);
        piece++;
    }

    shortest = (piece < shortest) ? piece : shortest;

    if (n == 0) {
        return 0;
    }

    /* "no-reply" equals "noreply", but "h.r" may be initials */

    if (pieces > 1 && shortest < 2) {
        for (n = 0; n < len; n++) {
            dst[n] = sv_lower(data[n]);
        }
    }

    for (i = 0; i < 2 && n > 3 && sv_is_digit(dst[n - 1]); i++) {
        n--;
    }

    return n;
}


static int
sv_lists_compare(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return (a > b) - (a < b);
}


static int
sv_lists_error(sv_rules_error_t *error, unsigned line, const char *message)
{
    error->line = line;
    snprintf(error->message, sizeof(error->message), "%s", message);

    return -1;
}
