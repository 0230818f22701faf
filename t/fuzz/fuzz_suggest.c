
/* A suggestion is a valid address, and leaves a valid local part alone. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_suggest.h"


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t              n;
    sv_address_t        addr;
    unsigned char       dst[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];
    static sv_lists_t  *lists;

    if (lists == NULL) {
        lists = sv_lists_default();
        assert(lists);
    }

    if (sv_address_parse(data, size, &addr) != SV_ADDRESS_INVALID) {
        return 0;
    }

    n = sv_suggest(lists, data, size, dst);

    if (n) {
        assert(n <= sizeof(dst));
        assert(sv_address_parse(dst, n, &addr) == SV_ADDRESS_OK);
        assert(n != size || memcmp(dst, data, n) != 0);
    }

    return 0;
}
