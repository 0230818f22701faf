
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sv_permits.h"


static void
what_was_used_meanwhile_is_not_granted_again(void **state)
{
    sv_permits_t        p;
    sv_permits_grant_t  g;

    (void) state;

    memset(&p, 0, sizeof(p));

    g.n = 5;
    g.elsewhere = 0;
    g.delay = 0;

    sv_permits_grant(&p, &g, 2, 1000);
    assert_int_equal(p.n, 3);
    assert_int_equal(p.full, 0);

    sv_permits_use(&p);
    assert_int_equal(p.n, 2);

    g.delay = 300;
    sv_permits_grant(&p, &g, 6, 1000);
    assert_int_equal(p.n, 0);
    assert_int_equal(p.full, 1300);

    /* one that was taken away while it was needed */

    sv_permits_use(&p);
    assert_int_equal(p.n, 0);
}


static void
replies_are_checked(void **state)
{
    size_t              i;
    sv_permits_grant_t  g;
    long long           good[] = { 4, 7, 5000, 99, 6 };
    long long           large[] = { 0, INT64_MAX, INT64_MAX, UINT32_MAX,
                                    INT64_MAX };
    static long long    bad[][SV_PERMITS_NUMBERS] = {
        { -1 }, { 5 }, { 0, -1 }, { 0, 0, -1 }, { 0, 0, 0, -1 },
        { 0, 0, 0, 1LL << 32 }, { 0, 0, 0, 0, -1 }, { 1LL << 32 },
        { INT64_MIN }
    };

    (void) state;

    assert_int_equal(sv_permits_read(good, 4, &g), 0);
    assert_int_equal(g.n, 4);
    assert_int_equal(g.elsewhere, 7);
    assert_int_equal(g.delay, 5000);
    assert_int_equal(g.party, 99);
    assert_int_equal(g.there, 6);

    /* what is too large must not take other limits with it */

    assert_int_equal(sv_permits_read(large, 4, &g), 0);
    assert_int_equal(g.elsewhere, 1000000000);
    assert_int_equal(g.delay, SV_PERMITS_HOUR);
    assert_int_equal(g.party, UINT32_MAX);
    assert_int_equal(g.there, 1000000000);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(sv_permits_read(bad[i], 4, &g), -1);
    }
}


static void
few_are_wanted_ahead(void **state)
{
    uint32_t  budget, due, waiting, n;

    (void) state;

    assert_int_equal(sv_permits_wanted(20, 0, 0, 0), 0);
    assert_int_equal(sv_permits_wanted(20, 0, 1, 0), 2);
    assert_int_equal(sv_permits_wanted(200, 3, 1000, 0), 3 + 16);

    /* a reserve, for a store that goes away */

    assert_int_equal(sv_permits_wanted(200, 0, 1, 4), 25);

    for (budget = 0; budget < 50; budget++) {
        for (due = 0; due < 60; due++) {
            for (waiting = 0; waiting < 60; waiting++) {
                n = sv_permits_wanted(budget, due, waiting, 1 + due % 4);
                assert_true(n <= budget && (due > budget || n >= due));
            }
        }
    }
}


/* All together have a tenth, and after an hour half, beside what they were
   granted before. */

static void
machines_on_their_own(void **state)
{
    uint32_t      budget, machines, rank, tenth, half;
    sv_permits_t  p;

    (void) state;

    memset(&p, 0, sizeof(p));

    for (budget = 0; budget < 120; budget++) {
        for (machines = 1; machines < 20; machines++) {

            tenth = 0;
            half = 0;

            for (rank = 0; rank < machines; rank++) {
                tenth += sv_permits_alone(&p, budget, 0, machines, rank, 0);
                half += sv_permits_alone(&p, budget, 0, machines, rank,
                                         SV_PERMITS_HOUR);
            }

            assert_true(tenth <= budget / 10);
            assert_true(half <= budget / 2);
            assert_true(tenth || budget < 10);
        }
    }

    /* what was refused in the hour counts, and permits last */

    assert_int_equal(sv_permits_alone(&p, 80, 0, 4, 0, 0), 2);
    assert_int_equal(sv_permits_alone(&p, 80, 1, 4, 0, 0), 1);
    assert_int_equal(sv_permits_alone(&p, 80, 9, 4, 0, 0), 0);
    assert_int_equal(sv_permits_alone(&p, 80, 9, 4, 0, SV_PERMITS_HOUR), 1);

    p.n = 6;
    assert_int_equal(sv_permits_alone(&p, 80, 9, 4, 0, SV_PERMITS_HOUR - 1),
                     6);
    assert_int_equal(sv_permits_alone(&p, 80, 9, 4, 0, SV_PERMITS_HOUR), 1);

    /* nobody knows how many machines there are */

    p.n = 0;
    assert_int_equal(sv_permits_alone(&p, 80, 0, 0, 0, 0), 0);
    assert_int_equal(sv_permits_alone(&p, 80, 0, 0, 0, SV_PERMITS_HOUR), 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(what_was_used_meanwhile_is_not_granted_again),
        cmocka_unit_test(replies_are_checked),
        cmocka_unit_test(few_are_wanted_ahead),
        cmocka_unit_test(machines_on_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
