
/* What the history of an egress says about port 25. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "sv_audit.h"


#define MINUTE  60000


static void
fail_n(sv_audit_history_t *h, uint64_t n, uint64_t from, uint64_t now)
{
    uint64_t  i;

    for (i = 0; i < n; i++) {
        sv_audit_unreached(h, from + i, 1, 0, now + i);
    }
}


static void
test_new(void **state)
{
    sv_audit_history_t  h;

    (void) state;

    memset(&h, 0, sizeof(h));
    assert_int_equal(sv_audit_port(&h, 1000), SV_AUDIT_UNKNOWN);

    sv_audit_unreached(&h, 1, 1, 0, 1000);
    assert_int_equal(sv_audit_port(&h, 1000), SV_AUDIT_WARN);

    sv_audit_unreached(&h, 1, 1, 0, 2000);
    assert_int_equal(h.n, 1);
    assert_int_equal(sv_audit_port(&h, 2000), SV_AUDIT_WARN);

    sv_audit_unreached(&h, 2, 1, 1, 3000);
    assert_int_equal(sv_audit_port(&h, 3000), SV_AUDIT_FAIL);
    assert_int_equal(h.refused, 1);
    assert_int_equal(h.first, 1000);

    sv_audit_reached(&h, 1, 4000);
    assert_int_equal(sv_audit_port(&h, 4000), SV_AUDIT_PASS);
    assert_int_equal(h.n, 0);
}


static void
test_lost(void **state)
{
    sv_audit_history_t  h;

    (void) state;

    memset(&h, 0, sizeof(h));
    sv_audit_reached(&h, 1, 1000);

    fail_n(&h, SV_AUDIT_MANY - 1, 1, 2000);
    assert_int_equal(sv_audit_port(&h, 5 * MINUTE), SV_AUDIT_PASS);

    fail_n(&h, 1, 100, 3000);
    assert_int_equal(h.n, SV_AUDIT_MANY);

    /* it worked less than a minute ago */

    assert_int_equal(sv_audit_port(&h, 1000 + SV_AUDIT_QUIET - 1),
                     SV_AUDIT_PASS);
    assert_int_equal(sv_audit_port(&h, 1000 + SV_AUDIT_QUIET), SV_AUDIT_FAIL);
}


static void
test_old(void **state)
{
    uint64_t            now;
    sv_audit_history_t  h;

    (void) state;

    memset(&h, 0, sizeof(h));
    fail_n(&h, 3, 1, 1000);
    now = h.failed + SV_AUDIT_RECENT;

    assert_int_equal(sv_audit_port(&h, now), SV_AUDIT_FAIL);
    assert_int_equal(sv_audit_port(&h, now + 1), SV_AUDIT_UNKNOWN);

    sv_audit_unreached(&h, 9, 1, 0, now + 1);
    assert_int_equal(h.n, 1);
    assert_int_equal(h.first, now + 1);
    assert_int_equal(sv_audit_port(&h, now + 1), SV_AUDIT_WARN);
}


/* what happens in our own network does not tell whether the way out is open */

static void
test_inside(void **state)
{
    sv_audit_history_t  h;

    (void) state;

    memset(&h, 0, sizeof(h));

    /* they count while there is nothing else */

    sv_audit_unreached(&h, 1, 0, 0, 1000);
    sv_audit_unreached(&h, 2, 0, 0, 1000);
    assert_int_equal(sv_audit_port(&h, 1000), SV_AUDIT_FAIL);
    assert_int_equal(sv_audit_reached(&h, 0, 2000), 1);
    assert_int_equal(sv_audit_port(&h, 2000), SV_AUDIT_PASS);
    assert_int_equal(h.outside, 0);

    /* a public one fails: nothing outside was ever reached */

    sv_audit_unreached(&h, 3, 1, 0, 3000);
    assert_int_equal(h.n, 1);
    assert_int_equal(h.reached, 0);
    assert_int_equal(sv_audit_port(&h, 3000), SV_AUDIT_WARN);

    assert_int_equal(sv_audit_reached(&h, 0, 4000), 0);
    sv_audit_unreached(&h, 4, 0, 0, 4000);
    assert_int_equal(h.n, 1);

    sv_audit_unreached(&h, 5, 1, 0, 5000);
    assert_int_equal(sv_audit_port(&h, 5000), SV_AUDIT_FAIL);

    assert_int_equal(sv_audit_reached(&h, 1, 6000), 1);
    assert_int_equal(sv_audit_port(&h, 6000), SV_AUDIT_PASS);
    assert_int_equal(h.outside, 1);

    sv_audit_unreached(&h, 6, 0, 0, 7000);
    assert_int_equal(h.n, 0);
}


static void
test_bound(void **state)
{
    sv_audit_history_t  h;

    (void) state;

    memset(&h, 0, sizeof(h));
    fail_n(&h, 1000, 1, 1000);

    assert_int_equal(h.n, SV_AUDIT_HOSTS);
    assert_int_equal(sv_audit_port(&h, 3000), SV_AUDIT_FAIL);
}


static void
test_down(void **state)
{
    sv_audit_history_t  h;

    (void) state;

    /* dead domains of a client, soon after the start */

    memset(&h, 0, sizeof(h));
    fail_n(&h, SV_AUDIT_MANY - 1, 1, 1000);
    assert_int_equal(sv_audit_port(&h, 2000), SV_AUDIT_FAIL);
    assert_int_equal(sv_audit_down(&h, 2000), 0);

    fail_n(&h, 1, 100, 2000);
    assert_int_equal(sv_audit_down(&h, 2000), 1);

    /* the same later on, however many they are */

    sv_audit_reached(&h, 1, 3000);
    fail_n(&h, 100, 1, 4000);
    assert_int_equal(sv_audit_port(&h, 3000 + SV_AUDIT_QUIET), SV_AUDIT_FAIL);
    assert_int_equal(sv_audit_down(&h, 3000 + SV_AUDIT_QUIET), 0);

    sv_audit_confirm(&h);
    assert_int_equal(sv_audit_down(&h, 3000 + SV_AUDIT_QUIET), 1);

    sv_audit_reached(&h, 1, 200000);
    assert_int_equal(sv_audit_down(&h, 200000), 0);

    /* a confirmation is forgotten together with the failures */

    fail_n(&h, SV_AUDIT_MANY, 1, 200000);
    sv_audit_confirm(&h);
    fail_n(&h, SV_AUDIT_MANY, 1, 200010 + SV_AUDIT_RECENT);
    assert_int_equal(sv_audit_port(&h, 200020 + SV_AUDIT_RECENT),
                     SV_AUDIT_FAIL);
    assert_int_equal(sv_audit_down(&h, 200020 + SV_AUDIT_RECENT), 0);
}


static void
test_names(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < SV_AUDIT_CHECKS; i++) {
        assert_non_null(sv_audit_name(i));
        assert_non_null(sv_audit_remedy(i));
        assert_true(strlen(sv_audit_remedy(i)) < 128);
    }

    assert_string_equal(sv_audit_name(SV_AUDIT_PORT), "port_25");
    assert_string_equal(sv_audit_name(SV_AUDIT_FILES), "files");
    assert_null(sv_audit_status_name(SV_AUDIT_UNKNOWN));
    assert_string_equal(sv_audit_status_name(SV_AUDIT_FAIL), "fail");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_old),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_down),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
