
/*
 * A list file of any kind: the first octet says which.  What is taken is
 * sorted, each once, and found again; what is not leaves the list as it was.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_lists.h"


static void check_set(const sv_lists_t *lists, unsigned kind);
static void check_known(const sv_lists_t *lists);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned            kind;
    sv_list_set_t       was;
    sv_rules_error_t    error;

    static sv_lists_t  *lists;

    if (lists == NULL) {
        lists = sv_lists_default();
        assert(lists != NULL);
        check_known(lists);
    }

    if (size == 0) {
        return 0;
    }

    kind = data[0] % SV_LIST_MAX;
    was = lists->sets[kind];

    if (sv_lists_load(lists, (sv_list_e) kind, (const char *) data + 1,
                      size - 1, &error)
        != 0)
    {
        assert(error.line > 0 && error.line <= size);
        assert(memchr(error.message, '\0', sizeof(error.message)));
        assert(memcmp(&was, &lists->sets[kind], sizeof(was)) == 0);
        return 0;
    }

    assert(lists->sets[kind].loaded && lists->sets[kind].own);
    check_set(lists, kind);

    return 0;
}


static void
check_set(const sv_lists_t *lists, unsigned kind)
{
    size_t                i;
    const sv_list_set_t  *set;

    set = &lists->sets[kind];

    for (i = 0; i < set->n; i++) {
        assert(i == 0 || set->entries[i - 1] < set->entries[i]);
        assert(sv_lists_has_hash(lists, kind, set->entries[i]));
    }
}


static void
check_known(const sv_lists_t *lists)
{
    size_t  i;

    for (i = 0; i < lists->nknown; i++) {
        assert(sv_lists_has_hash(lists, SV_LIST_KNOWN,
                                 sv_lists_hash(lists,
                                               lists->known[i].domain.data,
                                               lists->known[i].domain.len)));
    }
}
