
/* An RDAP server's answer. */

#include <assert.h>
#include <stdint.h>

#include "sv_rdap.h"


#define NOW  1700000000


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int  age;

    age = sv_rdap_age((const char *) data, size, NOW);

    assert(age >= -1 && age <= NOW / 86400);
    assert(age == -1 || size > 40);

    return 0;
}
