
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>

#include "sv_lists.h"
#include "sv_root.h"
#include "sv_siphash.h"


#define SV_LINE_MAX  1024
#define SV_KEY_MAX   (SV_LOCAL_MAX + 1 + SV_DOMAIN_MAX)
#define SV_LISTS_STEP  32


typedef struct {
    const char     *name;       /* of smtp_verify_list */
    const char     *data;       /* compiled in; NULL: the operator's own */
    const size_t   *len;
} sv_list_kind_t;


extern const char    sv_data_list_disposable[];
extern const size_t  sv_data_list_disposable_len;
extern const char    sv_data_list_free[];
extern const size_t  sv_data_list_free_len;
extern const char    sv_data_list_alias[];
extern const size_t  sv_data_list_alias_len;
extern const char    sv_data_list_role[];
extern const size_t  sv_data_list_role_len;
extern const char    sv_data_known_domains[];
extern const size_t  sv_data_known_domains_len;
extern const char    sv_data_tlds[];
extern const size_t  sv_data_tlds_len;


static const sv_list_kind_t  sv_list_kinds[SV_LIST_ALL] = {

    [SV_LIST_DISPOSABLE] = { "disposable", sv_data_list_disposable,
                             &sv_data_list_disposable_len },
    [SV_LIST_FREE] =       { "free", sv_data_list_free,
                             &sv_data_list_free_len },
    [SV_LIST_ALIAS] =      { "alias", sv_data_list_alias,
                             &sv_data_list_alias_len },
    [SV_LIST_ROLE] =       { "role", sv_data_list_role,
                             &sv_data_list_role_len },
    [SV_LIST_SPAM_TRAP] =  { "spam_trap", NULL, NULL },
    [SV_LIST_ABUSE] =      { "abuse", NULL, NULL },
    [SV_LIST_KNOWN] =      { NULL, sv_data_known_domains,
                             &sv_data_known_domains_len },
    [SV_LIST_TLDS] =       { NULL, sv_data_tlds, &sv_data_tlds_len }
};


static int sv_lists_parse(sv_lists_t *lists, unsigned kind, const char *text,
    size_t len, sv_list_set_t *set, sv_rules_error_t *error);
static sv_str_t sv_lists_line(const char *text, size_t len, size_t *pos);
static const char *sv_lists_entry(const sv_lists_t *lists, unsigned kind,
    sv_str_t *line, uint64_t *hash);
static size_t sv_lists_domain_key(const unsigned char *data, size_t len,
    unsigned char *dst);
static size_t sv_lists_address_key(const sv_lists_t *lists,
    const unsigned char *data, size_t len, unsigned char *dst);
static int sv_lists_known(sv_lists_t *lists);
static void sv_lists_name_id(sv_lists_t *lists, sv_known_t *known);
static int sv_lists_compare(const void *one, const void *two);
static void sv_lists_random(uint64_t key[2]);
static int sv_lists_error(sv_rules_error_t *error, unsigned line,
    const char *message);


sv_lists_t *
sv_lists_default(void)
{
    unsigned               kind;
    sv_lists_t            *lists;
    sv_rules_error_t       error;
    const sv_list_kind_t  *k;

    lists = calloc(1, sizeof(sv_lists_t));
    if (lists == NULL) {
        return NULL;
    }

    sv_lists_random(lists->key);

    for (kind = 0; kind < SV_LIST_ALL; kind++) {
        k = &sv_list_kinds[kind];

        if (k->data == NULL) {
            continue;
        }

        if (sv_lists_parse(lists, kind, k->data, *k->len, &lists->sets[kind],
                           &error)
            != 0)
        {
            sv_lists_free(lists);
            return NULL;
        }
    }

    lists->memos = calloc(SV_MEMOS, sizeof(sv_memo_t));

    if (lists->memos == NULL || sv_lists_known(lists) != 0) {
        sv_lists_free(lists);
        return NULL;
    }

    return lists;
}


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

    return 0;
}


sv_list_e
sv_list_by_name(const char *name, size_t len)
{
    unsigned  kind;

    for (kind = 0; kind < SV_LIST_MAX; kind++) {
        if (strlen(sv_list_kinds[kind].name) == len
            && memcmp(sv_list_kinds[kind].name, name, len) == 0)
        {
            return (sv_list_e) kind;
        }
    }

    return SV_LIST_MAX;
}


size_t
sv_lists_count(const sv_lists_t *lists, sv_list_e kind)
{
    return lists->sets[kind].n;
}


void
sv_lists_free(sv_lists_t *lists)
{
    unsigned  kind;

    if (lists == NULL) {
        return;
    }

    for (kind = 0; kind < SV_LIST_ALL; kind++) {
        free(lists->sets[kind].entries);
    }

    free(lists->known);
    free(lists->letters);
    free(lists->memos);
    free(lists);
}


static int
sv_lists_parse(sv_lists_t *lists, unsigned kind, const char *text, size_t len,
    sv_list_set_t *set, sv_rules_error_t *error)
{
    size_t       pos, max, n;
    unsigned     number;
    uint64_t    *entries, *fit;
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

    entries = malloc(max * sizeof(uint64_t));
    if (entries == NULL) {
        return sv_lists_error(error, 0, "no memory");
    }

    n = 0;

    for (pos = 0, number = 1; pos < len; number++) {
        line = sv_lists_line(text, len, &pos);

        if (line.len == 0) {
            continue;
        }

        wrong = sv_lists_entry(lists, kind, &line, &entries[n]);
        if (wrong != NULL) {
            free(entries);
            return sv_lists_error(error, number, wrong);
        }

        n++;
    }

    qsort(entries, n, sizeof(uint64_t), sv_lists_compare);

    for (max = 0, pos = 0; pos < n; pos++) {
        if (max == 0 || entries[pos] != entries[max - 1]) {
            entries[max++] = entries[pos];
        }
    }

    fit = realloc(entries, (max ? max : 1) * sizeof(uint64_t));

    set->entries = (fit != NULL) ? fit : entries;
    set->n = max;
    set->loaded = 1;

    return 0;
}


/* the next line's entry, without white space and comment */

static sv_str_t
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

    /* a '#' is an octet of a local part, too: "a#b@example.com" */

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
    uint64_t *hash)
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
        *hash = sv_lists_hash(lists, data, len);
        return NULL;

    case SV_LIST_ROLE:
        wrong = "not a local part";
        len = sv_lists_role_key(data, len, key);
        break;

    case SV_LIST_SPAM_TRAP:
    case SV_LIST_ABUSE:

        if (memchr(data + 1, '@', len - 1) != NULL) {
            wrong = "not an address";
            len = sv_lists_address_key(lists, data, len, key);
            break;
        }

        /* fall through */

    default:
        wrong = "not a domain";
        len = sv_lists_domain_key(data, len, key);
    }

    if (len == 0) {
        return wrong;
    }

    *hash = sv_lists_hash(lists, key, len);

    return NULL;
}


/* "example.com", and what other lists make of it: "*.example.com" ... */

static size_t
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

    for (i = 0; i < len && data[i] < 0x80; i++) { /* void */ }

    if (i < len) {
        memcpy(buf, "a@", 2);
        memcpy(buf + 2, data, len);

        if (sv_address_parse(buf, len + 2, &addr) != SV_ADDRESS_OK) {
            return 0;
        }

        memcpy(dst, addr.domain.data, addr.domain.len);

        return addr.domain.len;
    }

    if (len > SV_DOMAIN_MAX || !sv_host_name_valid(data, len, 1)) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        dst[i] = sv_lower(data[i]);
    }

    return len;
}


/*
 * An address without a tag stands for its mailbox, however that is written;
 * one with a tag only for itself.  Case is folded on both sides.
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

    /* "no-reply" is "noreply", but "h.r" are somebody's initials */

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
sv_lists_known(sv_lists_t *lists)
{
    size_t       i, pos, len, n;
    sv_str_t     line;
    sv_known_t  *known;
    const char  *text, *space;

    text = sv_data_known_domains;
    len = sv_data_known_domains_len;

    n = lists->sets[SV_LIST_KNOWN].n;

    lists->known = calloc(n ? n : 1, sizeof(sv_known_t));
    lists->letters = calloc(n ? n : 1, sizeof(sv_letters_t));

    if (lists->known == NULL || lists->letters == NULL) {
        return -1;
    }

    for (pos = 0; pos < len; /* void */) {
        line = sv_lists_line(text, len, &pos);

        if (line.len == 0 || line.data[0] == '-' || lists->nknown == n) {
            continue;
        }

        known = &lists->known[lists->nknown++];
        known->domain = line;

        space = memchr(line.data, ' ', line.len);
        if (space != NULL) {
            known->slips = 1;
            known->brand = (space[1] == 'b');
            known->domain.len = space - (char *) line.data;
        }

        for (i = 0; i < known->domain.len && line.data[i] != '.'; i++) {
            /* void */
        }

        known->name_len = i;

        lists->letters[lists->nknown - 1].name = sv_letters(line.data, i);
        lists->letters[lists->nknown - 1].all =
                known->slips ? sv_letters(line.data, known->domain.len) : 0;

        sv_lists_name_id(lists, known);
    }

    return 0;
}


/* "gmail" of gmail.com and gmail.de has one number */

static void
sv_lists_name_id(sv_lists_t *lists, sv_known_t *known)
{
    const sv_known_t  *other;

    for (other = lists->known; other < known; other++) {

        if (other->name_len == known->name_len
            && memcmp(other->domain.data, known->domain.data, known->name_len)
               == 0)
        {
            known->name_id = other->name_id;
            return;
        }
    }

    known->name_id = lists->nnames++;
}


uint32_t
sv_letters(const unsigned char *data, size_t len)
{
    size_t    i;
    uint32_t  letters;

    letters = 0;

    for (i = 0; i < len; i++) {
        if (data[i] != '.') {
            letters |= (uint32_t) 1 << (data[i] & 31);
        }
    }

    return letters;
}


int
sv_lists_has(const sv_lists_t *lists, unsigned kind,
    const unsigned char *data, size_t len)
{
    return sv_lists_has_hash(lists, kind, sv_lists_hash(lists, data, len));
}


/* fingerprints are spread evenly, so that one lies near where it should */

int
sv_lists_has_hash(const sv_lists_t *lists, unsigned kind, uint64_t hash)
{
    size_t           low, high, mid, step;
    const uint64_t  *entries;

    entries = lists->sets[kind].entries;

    low = 0;
    high = lists->sets[kind].n;

    if (high == 0) {
        return 0;
    }

    mid = (size_t) (((hash >> 32) * (uint64_t) high) >> 32);

    for (step = SV_LISTS_STEP; low < high; step *= 2) {

        if (entries[mid] == hash) {
            return 1;
        }

        if (entries[mid] < hash) {
            low = mid + 1;
            mid = (high - low > step) ? low + step : low + (high - low) / 2;

        } else {
            high = mid;
            mid = (high - low > step) ? high - step : low + (high - low) / 2;
        }
    }

    return 0;
}


void
sv_lists_suffixes(const sv_lists_t *lists, const unsigned char *domain,
    size_t len, sv_suffixes_t *suffixes)
{
    size_t    i, start[SV_SUFFIXES];
    unsigned  n;

    /* from the right: of a long name the parents count, not its labels */

    n = 0;

    for (i = len; i > 0 && n < SV_SUFFIXES - 1; i--) {
        if (domain[i - 1] == '.') {
            start[n++] = i;
        }
    }

    start[n++] = 0;

    for (suffixes->n = 0; suffixes->n < n; suffixes->n++) {
        i = start[n - 1 - suffixes->n];
        suffixes->hashes[suffixes->n] = sv_lists_hash(lists, domain + i,
                                                      len - i);
    }
}


uint64_t
sv_lists_hash(const sv_lists_t *lists, const unsigned char *data, size_t len)
{
    return sv_siphash_short(lists->key, data, len);
}


static int
sv_lists_compare(const void *one, const void *two)
{
    uint64_t  a, b;

    a = *(const uint64_t *) one;
    b = *(const uint64_t *) two;

    return (a > b) - (a < b);
}


static void
sv_lists_random(uint64_t key[2])
{
    struct timespec  ts;

    if (getrandom(key, 2 * sizeof(uint64_t), GRND_NONBLOCK)
        == (ssize_t) (2 * sizeof(uint64_t)))
    {
        return;
    }

    /* early at boot; the entries are the operator's, not a stranger's */

    clock_gettime(CLOCK_MONOTONIC, &ts);

    key[0] = ((uint64_t) ts.tv_sec << 32) ^ ts.tv_nsec;
    key[1] = ((uint64_t) getpid() << 32) ^ (uintptr_t) key;
}


static int
sv_lists_error(sv_rules_error_t *error, unsigned line, const char *message)
{
    error->line = line;
    snprintf(error->message, sizeof(error->message), "%s", message);

    return -1;
}
