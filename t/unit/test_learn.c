
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


static unsigned
proved(uint64_t key, uint32_t asked, uint32_t refused)
{
    return sv_learn_proved(sv_learn_find(&learn, key, 1000), asked, refused);
}


static unsigned
worth(uint64_t key, uint32_t asked, uint32_t refused)
{
    return sv_learn_worth(sv_learn_find(&learn, key, 1000), asked, refused);
}


/* what is believed behind one is believed of any server, more once it accepted
   somebody behind as many recipients, and as many refused ones */

static void
test_learn_proved(void **state)
{
    (void) state;

    memset(&learn, 0, sizeof(learn));

    assert_true(proved(7, 1, 1));
    assert_false(proved(7, 2, 1));
    assert_false(proved(7, 2, 2));
    assert_true(worth(7, 2, 2));

    /* of no news */

    sv_learn_accepted(&learn, 7, 1, 1, 1000);
    assert_null(sv_learn_find(&learn, 7, 1000));

    /* n3 n4 john: it says nothing of what comes behind john */

    sv_learn_accepted(&learn, 7, 2, 2, 1000);
    assert_true(proved(7, 2, 2));
    assert_false(proved(7, 3, 2));
    assert_false(proved(7, 3, 3));

    /* many that were accepted prove nothing of refused ones */

    sv_learn_accepted(&learn, 8, 6, 0, 1000);
    assert_true(proved(8, 6, 1));
    assert_false(proved(8, 6, 2));
    assert_false(proved(8, 7, 0));

    /* each of them may be proved by itself */

    sv_learn_accepted(&learn, 8, 3, 3, 1000);
    assert_true(proved(8, 6, 3));
    assert_false(proved(8, 6, 4));

    /* of others nothing was learned, and all is forgotten */

    assert_false(proved(7 + SV_LEARN_SIZE, 2, 2));
    assert_false(sv_learn_proved(sv_learn_find(&learn, 8,
                                               1000 + SV_LEARN_TIME), 2, 2));
}


/* a few more than that are tried, and four that are accepted earn a try */

static void
test_learn_tries(void **state)
{
    unsigned  i;

    (void) state;

    memset(&learn, 0, sizeof(learn));

    for (i = 0; i < SV_LEARN_TRIES; i++) {
        assert_true(worth(7, 2, 2));
        sv_learn_doubted(&learn, 7, 2, 2, 1000);
    }

    assert_false(worth(7, 2, 2));
    assert_false(worth(7, 2, 0));
    assert_true(worth(7, 1, 1));
    sv_learn_doubted(&learn, 7, 2, 2, 1000);

    for (i = 0; i < SV_LEARN_GOOD; i++) {
        assert_false(worth(7, 2, 2));
        sv_learn_accepted(&learn, 7, 0, 0, 1000);
    }

    assert_true(worth(7, 2, 2));
    assert_false(proved(7, 2, 2));
    sv_learn_doubted(&learn, 7, 2, 2, 1000);
    assert_false(worth(7, 2, 2));

    /* what it was doubted for otherwise is no try */

    for (i = 0; i < SV_LEARN_TRIES; i++) {
        sv_learn_doubted(&learn, 8, 1, 1, 1000);
    }

    assert_true(worth(8, 2, 2));
}


/* a server may change: one proof is good for so many refusals */

static void
test_learn_trust(void **state)
{
    unsigned  i;

    (void) state;

    memset(&learn, 0, sizeof(learn));

    sv_learn_accepted(&learn, 7, 5, 4, 1000);

    for (i = 0; i < SV_LEARN_TRUST; i++) {
        assert_true(proved(7, 3, 3));
        sv_learn_trusted(&learn, 7, 3, 3, 1000);
        sv_learn_trusted(&learn, 7, 1, 1, 1000);    /* needs no proof */
    }

    assert_false(proved(7, 3, 3));
    assert_true(proved(7, 1, 1));
    assert_true(worth(7, 3, 3));

    /* not by one that was accepted behind fewer */

    sv_learn_accepted(&learn, 7, 4, 4, 1000);
    assert_false(proved(7, 3, 3));

    sv_learn_accepted(&learn, 7, 5, 4, 1000);
    assert_true(proved(7, 3, 3));

    for (i = 0; i < SV_LEARN_TRUST; i++) {
        sv_learn_trusted(&learn, 7, 3, 3, 1000);
    }

    assert_false(proved(7, 3, 3));
    sv_learn_agreed(&learn, 7, 1000);
    assert_true(proved(7, 3, 3));
}


static void
test_learn_lied(void **state)
{
    (void) state;

    memset(&learn, 0, sizeof(learn));

    sv_learn_accepted(&learn, 7, 5, 4, 1000);
    sv_learn_lied(&learn, 7, 3, 2, 1000);

    assert_true(proved(7, 2, 1));
    assert_false(proved(7, 3, 1));
    assert_false(proved(7, 2, 2));
    assert_false(worth(7, 3, 2));
    assert_true(worth(7, 3, 1));
    assert_true(worth(7, 2, 2));

    /* whoever is accepted behind as many was lucky */

    sv_learn_accepted(&learn, 7, 5, 4, 1000);
    assert_false(proved(7, 3, 2));
    assert_false(worth(7, 3, 2));

    /* it was for those that were refused; one may be innocent, not both */

    sv_learn_accepted(&learn, 7, 6, 1, 1000);
    assert_true(proved(7, 6, 1));
    sv_learn_accepted(&learn, 7, 2, 2, 1000);
    assert_false(proved(7, 2, 2));
    assert_false(proved(7, 6, 2));

    /* nobody had been refused: it was for the number of recipients */

    memset(&learn, 0, sizeof(learn));

    sv_learn_lied(&learn, 7, 2, 0, 1000);
    assert_true(proved(7, 1, 1));
    assert_false(worth(7, 2, 0));
    sv_learn_accepted(&learn, 7, 3, 0, 1000);
    assert_false(proved(7, 2, 0));

    /* the second of a session */

    sv_learn_lied(&learn, 7, 1, 1, 1000);
    assert_false(proved(7, 1, 0));
    assert_false(worth(7, 1, 1));
    assert_true(proved(7, 0, 0));

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


/* a refusal that was in doubt, and was none: nothing was tried in vain */

static void
test_learn_cleared(void **state)
{
    int  i;

    (void) state;

    memset(&learn, 0, sizeof(learn));

    for (i = 0; i < 2 * SV_LEARN_TRIES; i++) {
        sv_learn_doubted(&learn, 7, 3, 1, 1000);
        sv_learn_cleared(&learn, 7, 1000);
    }

    assert_true(worth(7, 3, 1));

    /* no more than the one */

    for (i = 0; i < SV_LEARN_TRIES; i++) {
        assert_true(worth(7, 3, 1));
        sv_learn_doubted(&learn, 7, 3, 1, 1000);
    }

    assert_false(worth(7, 3, 1));

    sv_learn_cleared(&learn, 7, 1000);
    assert_true(worth(7, 3, 1));

    sv_learn_cleared(&learn, 8, 1000);
    assert_true(worth(8, 3, 1));
    assert_false(proved(8, 2, 1));
}


/* the servers of a long list, by keys that are random: hardly any is forgotten
   before it is asked again */

static void
test_learn_many(void **state)
{
    unsigned  i, found;
    uint64_t  key;

    (void) state;

    memset(&learn, 0, sizeof(learn));

    found = 0;

    for (i = 0, key = 1; i < 2000; i++) {
        key = key * 6364136223846793005ull + 1442695040888963407ull;
        sv_learn_accepted(&learn, key >> 16, 2, 2, 1000 + i);
    }

    for (i = 0, key = 1; i < 2000; i++) {
        key = key * 6364136223846793005ull + 1442695040888963407ull;
        found += (sv_learn_find(&learn, key >> 16, 4000) != NULL);
    }

    assert_true(found > 1950);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_learn_less),
        cmocka_unit_test(test_learn_forgets),
        cmocka_unit_test(test_learn_proved),
        cmocka_unit_test(test_learn_tries),
        cmocka_unit_test(test_learn_trust),
        cmocka_unit_test(test_learn_lied),
        cmocka_unit_test(test_learn_bounds),
        cmocka_unit_test(test_learn_cleared),
        cmocka_unit_test(test_learn_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
