
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "sv_egress.h"


#define DESTINATIONS  20000


static unsigned
first(uint64_t destination, const unsigned *weights, unsigned n)
{
    unsigned  i, best;
    uint64_t  rank, least;

    best = 0;
    least = 0;

    for (i = 0; i < n; i++) {

        if (weights[i] == 0) {
            continue;
        }

        rank = sv_egress_rank(destination, i + 1, weights[i]);

        if (least == 0 || rank < least) {
            best = i;
            least = rank;
        }
    }

    return best;
}


static void
shares(const unsigned *weights, unsigned n)
{
    double    expected;
    unsigned  i, sum, got[8];

    memset(got, 0, sizeof(got));
    sum = 0;

    for (i = 0; i < DESTINATIONS; i++) {
        got[first(i * 7919, weights, n)]++;
    }

    for (i = 0; i < n; i++) {
        sum += weights[i];
    }

    /* within a twentieth of all */

    for (i = 0; i < n; i++) {
        expected = (double) DESTINATIONS * weights[i] / sum;

        if (got[i] < expected - DESTINATIONS / 20
            || got[i] > expected + DESTINATIONS / 20)
        {
            fail_msg("identity %u: %u instead of %.0f", i, got[i], expected);
        }
    }
}


static void
by_weight(void **state)
{
    shares((unsigned[]) { 1, 1 }, 2);
    shares((unsigned[]) { 1, 3 }, 2);
    shares((unsigned[]) { 5, 1, 1, 1 }, 4);
    shares((unsigned[]) { 1000, 10, 500 }, 3);
}


/* who leaves hands over what was its own, and nothing else moves */

static void
one_less(void **state)
{
    uint64_t        i;
    unsigned        before, after;
    const unsigned  all[] = { 2, 1, 3, 1 }, less[] = { 2, 1, 0, 1 };

    for (i = 0; i < DESTINATIONS; i++) {

        before = first(i * 7919, all, 4);
        after = first(i * 7919, less, 4);

        if (before == 2) {
            assert_int_not_equal(after, 2);

        } else {
            assert_int_equal(after, before);
        }
    }
}


static void
bounds(void **state)
{
    assert_true(sv_egress_rank(0, 0, 1) > 0);
    assert_true(sv_egress_rank(~0ull, ~0ull, SV_EGRESS_WEIGHT_MAX) > 0);
    assert_true(sv_egress_rank(1, 2, 1) > sv_egress_rank(1, 2, 2));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(by_weight),
        cmocka_unit_test(one_less),
        cmocka_unit_test(bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
