
#include "sv_gibberish.h"


int
sv_gibberish(const unsigned char *local, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (local[i] >= 0x80) {
            return -1;
        }
    }

    return 0;
}
