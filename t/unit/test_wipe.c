
/* Memory that had an address is wiped: all scratch memory at once. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_wipe.h"


#define SIZE  10000


static sv_scratch unsigned char  one[SIZE];
static sv_scratch unsigned char  two[3];
static unsigned char             kept[SIZE];


static unsigned
sum(const unsigned char *data, size_t len)
{
    size_t    i;
    unsigned  n;

    for (i = 0, n = 0; i < len; i++) {
        n += data[i];
    }

    return n;
}


static void
scratch(void **state)
{
    memset(kept, 'k', SIZE);

    /* one octet, at any place of a page */

    for (size_t i = 0; i < SIZE; i += 511) {
        one[i] = 'a';
        two[i % 3] = 'b';

        sv_wipe_scratch();

        assert_int_equal(sum(one, SIZE), 0);
        assert_int_equal(sum(two, 3), 0);
    }

    assert_int_equal(sum(kept, SIZE), SIZE * 'k');
}


static void
pieces(void **state)
{
    unsigned char  text[] = "jane@example.com";

    sv_wipe(text, 4);
    assert_memory_equal(text, "\0\0\0\0@example.com", sizeof(text));

    sv_wipe(text, 0);
    sv_wipe(NULL, 0);
    assert_int_equal(text[4], '@');

    sv_wipe_free(NULL);
    sv_wipe_free(malloc(1));
    sv_wipe_free(calloc(1, 100000));

    sv_wipe_stack();
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scratch),
        cmocka_unit_test(pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
