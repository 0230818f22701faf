
#include <stdlib.h>

#include "sv_lists_file.h"
#include "sv_siphash.h"


#define SV_LISTS_STEP  32


typedef struct {
    const char     *name;       /* in smtp_verify_list */
    const char     *data;       /* compiled in; NULL: only the operator's */
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
extern const char    sv_data_list_disposable_mx[];
extern const size_t  sv_data_list_disposable_mx_len;
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
    [SV_LIST_DISPOSABLE_MX] =
                           { "disposable_mx", sv_data_list_disposable_mx,
                             &sv_data_list_disposable_mx_len },
    [SV_LIST_ALLOW] =      { "allow", NULL, NULL },
    [SV_LIST_DENY] =       { "deny", NULL, NULL },
    [SV_LIST_KNOWN] =      { NULL, sv_data_known_domains,
                             &sv_data_known_domains_len },
    [SV_LIST_TLDS] =       { NULL, sv_data_tlds, &sv_data_tlds_len }
};


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

    sv_siphash_random(lists->key);

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

    lists->mx_memos = calloc(SV_MX_MEMOS, sizeof(uint64_t));

    if (lists->memos == NULL || lists->mx_memos == NULL
        || sv_lists_known(lists) != 0)
    {
        sv_lists_free(lists);
        return NULL;
    }

    return lists;
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
    free(lists->mx_memos);
    free(lists);
}


/* Fingerprints are distributed evenly, so the search begins near the place
   where this one should be. */

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

    /* from the right, so that of a long name the domains at its end count */

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


signed char
sv_lists_any(const sv_lists_t *lists, unsigned kind,
    const sv_suffixes_t *suffixes)
{
    unsigned  i;

    if (!lists->sets[kind].loaded) {
        return -1;
    }

    for (i = 0; i < suffixes->n; i++) {
        if (sv_lists_has_hash(lists, kind, suffixes->hashes[i])) {
            return 1;
        }
    }

    return 0;
}
