
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <limits.h>
#include <cmocka.h>

#include "sv_share.h"


static void
test_share_fifth(void **state)
{
    unsigned  n;

    (void) state;

    for (n = 0; n < 1000; n++) {
        assert_int_equal(sv_share(n, 0), n);
    }

    assert_int_equal(sv_share(0, 1), 0);
    assert_int_equal(sv_share(1, 1), 1);
    assert_int_equal(sv_share(2, 1), 1);
    assert_int_equal(sv_share(5, 1), 4);
    assert_int_equal(sv_share(6, 1), 4);
    assert_int_equal(sv_share(500, 1), 400);

    for (n = 2; n < 1000; n++) {
        assert_true(sv_share(n, 1) >= 1);
        assert_true(5 * (n - sv_share(n, 1)) >= n);
    }

    assert_true(sv_share(UINT_MAX, 1) < UINT_MAX);
}


static void
test_share_ahead(void **state)
{
    (void) state;

    /* nobody waits */
    assert_false(sv_share_ahead(0, 0, 0, 0));
    assert_false(sv_share_ahead(0, 0, 0, 1));

    /* one who comes: behind his like; only bulk is overtaken */
    assert_true(sv_share_ahead(1, 0, 0, 0));
    assert_false(sv_share_ahead(3, 3, 0, 0));
    assert_true(sv_share_ahead(3, 3, 0, 1));
    assert_true(sv_share_ahead(3, 2, 0, 1));

    /* one who waits: bulk lets all others go first */
    assert_false(sv_share_ahead(3, 1, 1, 0));
    assert_true(sv_share_ahead(3, 2, 1, 1));
    assert_false(sv_share_ahead(3, 3, 1, 1));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_share_fifth),
        cmocka_unit_test(test_share_ahead)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
