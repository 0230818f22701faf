
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sv_learn.h"


static sv_learn_t  learn;


static void
test_learn_less(void **state)
{
    const sv_learnt_t  *host;

    (void) state;

    memset(&learn, 0, sizeof(learn));

    assert_null(sv_learn_find(&learn, 7, 1000));

    sv_learn_idle(&learn, 7, 2000, 1000);
    host = sv_learn_find(&learn, 7, 1000);
    assert_non_null(host);
    assert_int_equal(host->idle, 1500);
    assert_int_equal(host->most, 0);

    sv_learn_idle(&learn, 7, 4000, 1000);
    assert_int_equal(host->idle, 1500);

    sv_learn_idle(&learn, 7, 0, 1000);
    assert_int_equal(host->idle, 1);

    sv_learn_most(&learn, 7, 0, 1000);
    assert_int_equal(host->most, 0);
    sv_learn_most(&learn, 7, 5, 1000);
    sv_learn_most(&learn, 7, 9, 1000);
    assert_int_equal(host->most, 5);
    sv_learn_most(&learn, 7, 2, 1000);
    assert_int_equal(host->most, 2);

    assert_null(sv_learn_find(&learn, 7 + SV_LEARN_SIZE, 1000));
}


static void
test_learn_forgets(void **state)
{
    (void) state;

    memset(&learn, 0, sizeof(learn));

    sv_learn_most(&learn, 7, 2, 1000);
    assert_non_null(sv_learn_find(&learn, 7, 999 + SV_LEARN_TIME));
    assert_null(sv_learn_find(&learn, 7, 1000 + SV_LEARN_TIME));

    sv_learn_idle(&learn, 7, 400, 1000 + SV_LEARN_TIME);
    assert_int_equal(sv_learn_find(&learn, 7, 1000 + SV_LEARN_TIME)->most, 0);
}


/* two refusals of a session are believed, more where it accepted behind them */

static void
test_learn_refusals(void **state)
{
    unsigned            i;
    const sv_learnt_t  *host;

    (void) state;

    memset(&learn, 0, sizeof(learn));

    assert_int_equal(sv_learn_believed(NULL), 2);
    assert_int_equal(sv_learn_refusals(NULL), 3);

    /* of no news: those are believed anyway */

    sv_learn_accepted(&learn, 7, 1, 1000);
    assert_null(sv_learn_find(&learn, 7, 1000));

    sv_learn_accepted(&learn, 7, 2, 1000);
    host = sv_learn_find(&learn, 7, 1000);
    assert_non_null(host);
    assert_int_equal(sv_learn_believed(host), 3);
    assert_int_equal(sv_learn_refusals(host), 4);

    /* tried in vain */

    for (i = 0; i < SV_LEARN_TRIES; i++) {
        assert_int_equal(sv_learn_refusals(host), 4);
        sv_learn_doubted(&learn, 7, 1000);
    }

    assert_int_equal(sv_learn_refusals(host), 3);
    sv_learn_doubted(&learn, 7, 1000);
    assert_int_equal(sv_learn_refusals(host), 3);

    /* and accepted after all, in a session that was under way */

    sv_learn_accepted(&learn, 7, 4, 1000);
    assert_int_equal(sv_learn_believed(host), 5);
    assert_int_equal(sv_learn_refusals(host), 6);

    /* its third was a lie */

    sv_learn_lied(&learn, 7, 3, 1000);
    assert_int_equal(sv_learn_believed(host), 2);
    assert_int_equal(sv_learn_refusals(host), 2);

    sv_learn_lied(&learn, 7, 1, 1000);
    assert_int_equal(sv_learn_refusals(host), 1);

    assert_null(sv_learn_find(&learn, 7, 1000 + SV_LEARN_TIME));
}


/* however many hosts: the table has its bounds, the newest are known */

static void
test_learn_bounds(void **state)
{
    uint32_t  i;

    (void) state;

    memset(&learn, 0, sizeof(learn));

    for (i = 0; i < 100000; i++) {
        sv_learn_most(&learn, i, 2, 1000 + i);
        assert_non_null(sv_learn_find(&learn, i, 1000 + i));
    }

    assert_null(sv_learn_find(&learn, 0, 1000 + i));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_learn_less),
        cmocka_unit_test(test_learn_forgets),
        cmocka_unit_test(test_learn_refusals),
        cmocka_unit_test(test_learn_bounds)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
