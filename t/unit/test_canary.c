
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sv_canary.h"


#define LIMIT  20


static unsigned
refused(sv_canary_t *c, unsigned n, uint64_t now)
{
    unsigned  due;

    due = 0;

    while (n--) {
        due = sv_canary(c, SV_CANARY_REFUSED, LIMIT, now);
    }

    return due;
}


static unsigned
accepted(sv_canary_t *c, unsigned n, uint64_t now)
{
    unsigned  due;

    due = 0;

    while (n-- && !due) {
        due = sv_canary(c, SV_CANARY_ACCEPTED, LIMIT, now);
    }

    return due;
}


static void
test_canary_turns(void **state)
{
    sv_canary_t  c;

    (void) state;

    memset(&c, 0, sizeof(c));

    assert_int_equal(sv_canary(&c, SV_CANARY_MANY, LIMIT, 1000), 0);
    (void) refused(&c, LIMIT / SV_CANARY_PART - 1, 1000);
    assert_int_equal(sv_canary(&c, SV_CANARY_MANY, LIMIT, 1000), 0);
    (void) refused(&c, 1, 1000);
    assert_int_equal(sv_canary(&c, SV_CANARY_MANY, LIMIT, 1000), 1);

    /* a canary that was refused may have been the last one */

    (void) sv_canary(&c, SV_CANARY_PROVED, LIMIT, 1000);
    assert_int_equal(sv_canary(&c, SV_CANARY_MANY, LIMIT, 1000), 1);
    assert_int_equal(sv_canary(&c, SV_CANARY_MANY, 0, 1000), 0);

    /* it does not count as one who was accepted */

    assert_int_equal(c.run, 0);
    assert_int_equal(sv_canary(&c, SV_CANARY_MANY, LIMIT,
                               1001 + SV_CANARY_TIME), 0);

    /* one recipient, the random one of a domain, is not many */

    (void) refused(&c, 1, 1000);
    assert_int_equal(sv_canary(&c, SV_CANARY_MANY, 1, 1000), 0);
    (void) refused(&c, 1, 1000);
    assert_int_equal(sv_canary(&c, SV_CANARY_MANY, 1, 1000), 1);
}


static void
test_canary_due(void **state)
{
    sv_canary_t  c;

    (void) state;

    memset(&c, 0, sizeof(c));

    assert_int_equal(accepted(&c, 1000, 1000), 0);
    assert_int_equal(refused(&c, LIMIT - 1, 1000), 0);
    assert_int_equal(accepted(&c, 1000, 1000), 0);
    assert_int_equal(refused(&c, 1, 1000), 1);
    assert_int_equal(sv_canary(&c, SV_CANARY_ACCEPTED, LIMIT, 1000), 1);

    /* the canary is a refused recipient, too */

    assert_int_equal(sv_canary(&c, SV_CANARY_REFUSED, LIMIT, 1000), 1);
    assert_int_equal(sv_canary(&c, SV_CANARY_PROVED, LIMIT, 1000), 0);

    assert_int_equal(refused(&c, LIMIT - 1, 1000), 0);
    assert_int_equal(refused(&c, 1, 1000), 1);
}


static void
test_canary_never(void **state)
{
    sv_canary_t  c;

    (void) state;

    memset(&c, 0, sizeof(c));

    assert_int_equal(sv_canary(&c, SV_CANARY_REFUSED, 0, 1000), 0);
    assert_int_equal(sv_canary(&c, SV_CANARY_TURNED, 0, 1000), 0);
    assert_int_equal(c.at, 0);
}


/* it turns behind the canary, and refuses nobody any more */

static void
test_canary_run(void **state)
{
    sv_canary_t  c;

    (void) state;

    memset(&c, 0, sizeof(c));

    (void) refused(&c, LIMIT + 1, 1000);
    (void) sv_canary(&c, SV_CANARY_PROVED, LIMIT, 1000);

    assert_int_equal(accepted(&c, SV_CANARY_RUN, 1000), 0);
    assert_int_equal(accepted(&c, 1, 1000), 1);

    (void) sv_canary(&c, SV_CANARY_TURNED, LIMIT, 1000);

    assert_int_equal(sv_canary(&c, SV_CANARY_DUE, LIMIT, 1000), 1);

    /* refused again, later: it is as before */

    (void) refused(&c, 1, 2000);
    assert_int_equal(sv_canary(&c, SV_CANARY_PROVED, LIMIT, 2000), 0);
}


/* where one in ten is refused, ten in a row are nothing unusual */

static void
test_canary_mean(void **state)
{
    unsigned     i;
    sv_canary_t  c;

    (void) state;

    memset(&c, 0, sizeof(c));

    for (i = 0; i < LIMIT; i++) {
        (void) accepted(&c, 9, 1000);
        (void) refused(&c, 1, 1000);
    }

    (void) refused(&c, 1, 1000);
    (void) sv_canary(&c, SV_CANARY_PROVED, LIMIT, 1000);

    assert_int_equal(accepted(&c, 28, 1000), 0);
    assert_int_equal(accepted(&c, 2, 1000), 1);
}


static void
test_canary_forgotten(void **state)
{
    sv_canary_t  c;

    (void) state;

    memset(&c, 0, sizeof(c));

    (void) refused(&c, LIMIT, 1000);

    assert_int_equal(sv_canary(&c, SV_CANARY_DUE, LIMIT,
                               1000 + SV_CANARY_TIME), 1);
    assert_int_equal(sv_canary(&c, SV_CANARY_DUE, LIMIT,
                               1001 + SV_CANARY_TIME), 0);
    assert_int_equal(refused(&c, LIMIT - 1, 1001 + SV_CANARY_TIME), 0);
}


/* long lists: sums are halved, and stay what they mean */

static void
test_canary_many(void **state)
{
    unsigned     i;
    sv_canary_t  c;

    (void) state;

    memset(&c, 0, sizeof(c));

    for (i = 0; i < 100000; i++) {

        if (i % 10) {
            (void) sv_canary(&c, SV_CANARY_ACCEPTED, LIMIT, 1000 + i);

        } else if (refused(&c, 1, 1000 + i)) {
            (void) refused(&c, 1, 1000 + i);
            assert_int_equal(sv_canary(&c, SV_CANARY_PROVED, LIMIT, 1000 + i),
                             0);
        }
    }

    assert_true(c.asked <= 1024 && c.asked >= 9 * c.refused
                && c.asked <= 11 * c.refused);
    assert_int_equal(accepted(&c, 10, 100000), 0);
    assert_int_equal(accepted(&c, 40, 100000), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_canary_turns),
        cmocka_unit_test(test_canary_due),
        cmocka_unit_test(test_canary_never),
        cmocka_unit_test(test_canary_run),
        cmocka_unit_test(test_canary_mean),
        cmocka_unit_test(test_canary_forgotten),
        cmocka_unit_test(test_canary_many)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
