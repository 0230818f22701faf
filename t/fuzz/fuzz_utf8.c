
/* Whatever a server says, the text for JSON and logs is clean, and bounded. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_utf8.h"


static int check_clean(const unsigned char *p, size_t len);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int             untouched;
    size_t          n, m, room;
    unsigned char  *dst, *again;

    if (size == 0) {
        return 0;
    }

    /* 0xff: room for all of it */

    room = data[0];
    data++;
    size--;

    if (room == 0xff) {
        room = size * 3;
    }

    dst = malloc(room + 1);
    again = malloc(room + 1);
    assert(dst && again);

    n = sv_utf8_clean(dst, room, data, size);

    assert(n <= room);
    assert(sv_utf8_valid(dst, n));
    assert(check_clean(dst, n));

    untouched = sv_utf8_valid(data, size) && check_clean(data, size);

    if (untouched && room >= size) {
        assert(n == size && memcmp(dst, data, n) == 0);
    }

    m = sv_utf8_clean(again, room, dst, n);

    assert(m == n && memcmp(again, dst, n) == 0);

    free(dst);
    free(again);

    return 0;
}


static int
check_clean(const unsigned char *p, size_t len)
{
    const unsigned char  *end;

    for (end = p + len; p < end; /* void */ ) {
        if (sv_utf8_is_control(sv_utf8_decode(&p, end))) {
            return 0;
        }
    }

    return 1;
}
