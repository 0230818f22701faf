
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_breaker.h"
#include "sv_owed.h"


#define NOW  1000000


static void
test_order(void **state)
{
    uint64_t  i, rank[6];

    rank[0] = 0;                                            /* free */
    rank[1] = sv_owed_rank(NOW - 9, 0, 0, NOW);
    rank[2] = sv_owed_rank(NOW, 0, NOW, NOW);
    rank[3] = sv_owed_rank(NOW - 99999, NOW - 99999, 0, NOW);
    rank[4] = sv_owed_rank(1, 0, NOW + 1, NOW);
    rank[5] = sv_owed_rank(NOW, NOW, NOW + SV_OWED_LONG, NOW);

    for (i = 1; i < 6; i++) {
        assert_true(rank[i - 1] < rank[i]);
        assert_true(rank[i] != SV_OWED_KEEP);
    }

    assert_true(sv_owed_rank(1, 0, NOW + SV_OWED_LONG + 1, NOW)
                == SV_OWED_KEEP);
}


static void
test_breaker(void **state)
{
    sv_breaker_t       b;
    sv_breaker_conf_t  conf = { 30000, 600000 };

    memset(&b, 0, sizeof(b));

    assert_true(sv_breaker_owed(&b, NOW) == 0);

    (void) sv_breaker_fault(&b, &conf, 0, 20, 0, NOW);
    assert_true(sv_breaker_owed(&b, NOW) > NOW);
    assert_true(sv_breaker_owed(&b, NOW + SV_BREAKER_HALF_LIFE) == 0);

    /* open, then half-open for as long */

    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 100, 0, NOW), 1);
    assert_true(sv_breaker_owed(&b, NOW) == NOW + 60000);
    assert_true(sv_breaker_owed(&b, NOW + 45000) == NOW + 60000);
    assert_true(sv_breaker_owed(&b, NOW + 60000) == 0);
}


/*
 * A table of sets, as the throttle has it: somebody owes 100 refused
 * recipients of an hour's 200, others come by the ten thousand, and owe as
 * much as they like, but less.
 */

#define WAYS  8

typedef struct {
    unsigned  who;              /* 0: free */
    uint64_t  seen;
    uint64_t  connected;
    uint64_t  owed;
} entry_t;


static unsigned
flood(unsigned n, uint64_t each, unsigned *refused)
{
    unsigned   i, k, found, victim;
    entry_t    set[WAYS];
    uint64_t   now, rank, best;

    memset(set, 0, sizeof(set));

    now = NOW;
    set[3] = (entry_t) { 1, now, now, now + 1800000 };
    *refused = 0;

    for (i = 0; i < n; i++) {
        now += 100;
        found = WAYS;
        best = SV_OWED_KEEP;

        for (k = 0; k < WAYS; k++) {
            rank = set[k].who ? sv_owed_rank(set[k].seen, set[k].connected,
                                             set[k].owed, now) : 0;
            if (rank < best) {
                best = rank;
                found = k;
            }
        }

        if (found == WAYS) {
            (*refused)++;
            continue;
        }

        set[found] = (entry_t) { i + 2, now, now, each ? now + each : 0 };
    }

    for (k = 0, victim = 0; k < WAYS; k++) {
        victim += (set[k].who == 1);
    }

    return victim;
}


static void
test_flood(void **state)
{
    unsigned  refused;

    assert_int_equal(flood(10000, 0, &refused), 1);
    assert_int_equal(refused, 0);

    assert_int_equal(flood(10000, 18000, &refused), 1);
    assert_int_equal(refused, 0);

    /* who owes for long himself gets no more room: nothing is forgotten */

    assert_int_equal(flood(10000, 1800000, &refused), 1);
    assert_true(refused > 9000);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_breaker),
        cmocka_unit_test(test_flood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
