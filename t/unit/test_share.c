
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


static int
ahead(unsigned all, unsigned bulk, unsigned jobs, unsigned turns, int waits,
    sv_share_kind_e kind)
{
    sv_share_waiting_t  w = { all, bulk, jobs, turns };

    return sv_share_ahead(&w, waits, kind);
}


static void
test_share_ahead(void **state)
{
    (void) state;

    /* nobody waits */
    assert_false(ahead(0, 0, 0, 0, 0, SV_SHARE_INTERACTIVE));
    assert_false(ahead(0, 0, 0, 0, 0, SV_SHARE_LIST));
    assert_false(ahead(0, 0, 0, 0, 0, SV_SHARE_JOB));

    /* one who comes: behind his like; only bulk is overtaken */
    assert_true(ahead(1, 0, 0, 0, 0, SV_SHARE_INTERACTIVE));
    assert_false(ahead(3, 3, 0, 0, 0, SV_SHARE_INTERACTIVE));
    assert_true(ahead(3, 3, 0, 0, 0, SV_SHARE_LIST));
    assert_true(ahead(3, 2, 0, 0, 0, SV_SHARE_LIST));

    /* one who waits: bulk lets all others go first */
    assert_false(ahead(3, 1, 0, 0, 1, SV_SHARE_INTERACTIVE));
    assert_true(ahead(3, 2, 0, 0, 1, SV_SHARE_LIST));
    assert_false(ahead(3, 3, 0, 0, 1, SV_SHARE_LIST));
}


static void
test_share_jobs(void **state)
{
    (void) state;

    /* lists overtake jobs, interactive requests both */
    assert_false(ahead(3, 3, 3, 0, 0, SV_SHARE_LIST));
    assert_false(ahead(3, 3, 3, 0, 0, SV_SHARE_INTERACTIVE));
    assert_true(ahead(3, 3, 3, 0, 0, SV_SHARE_JOB));
    assert_true(ahead(3, 3, 0, 0, 0, SV_SHARE_JOB));

    /* those that wait */
    assert_true(ahead(3, 3, 2, 0, 1, SV_SHARE_JOB));
    assert_false(ahead(3, 3, 3, 0, 1, SV_SHARE_JOB));
    assert_false(ahead(3, 3, 2, 0, 1, SV_SHARE_LIST));
    assert_true(ahead(3, 2, 1, 0, 1, SV_SHARE_JOB));

    /* the turn of a job: no list overtakes it, and those that wait do not keep
       it back; interactive requests do */
    assert_true(ahead(3, 3, 3, SV_SHARE_TURNS, 0, SV_SHARE_LIST));
    assert_false(ahead(3, 3, 2, SV_SHARE_TURNS, 1, SV_SHARE_JOB));
    assert_true(ahead(3, 2, 2, SV_SHARE_TURNS, 1, SV_SHARE_JOB));
    assert_false(ahead(3, 3, 2, SV_SHARE_TURNS, 0, SV_SHARE_INTERACTIVE));
    assert_true(ahead(3, 3, 2, SV_SHARE_TURNS - 1, 1, SV_SHARE_JOB));

    /* no job waits any more */
    assert_false(ahead(0, 0, 0, SV_SHARE_TURNS, 0, SV_SHARE_LIST));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_share_fifth),
        cmocka_unit_test(test_share_ahead),
        cmocka_unit_test(test_share_jobs)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
