
/* What machines tell each other about destinations: bounded, and only as long
   as it lasts. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_told.h"


#define NOW  1700000000000ULL


static sv_told_t      told, back;
static unsigned char  data[SV_TOLD_SIZE];


static int
setup(void **state)
{
    (void) state;

    memset(&told, 0, sizeof(told));
    memset(&back, 0xff, sizeof(back));

    told.what = SV_TOLD_OPEN;
    told.why = 7;
    told.sent = NOW;
    told.left = 30000;
    told.pause = 60000;
    memset(told.id, 'i', SV_TOLD_ID);
    memset(told.host, 'h', SV_SIPHASH_LEN);

    return 0;
}


static int
reads(uint64_t now)
{
    sv_told_write(&told, data);

    return sv_told_read(&back, data, sizeof(data), now);
}


static void
as_it_was(void **state)
{
    (void) state;

    assert_int_equal(reads(NOW), 0);
    assert_int_equal(back.what, SV_TOLD_OPEN);
    assert_int_equal(back.why, 7);
    assert_true(back.sent == NOW);
    assert_int_equal(back.left, 30000);
    assert_int_equal(back.pause, 60000);
    assert_memory_equal(back.id, told.id, SV_TOLD_ID);
    assert_memory_equal(back.host, told.host, SV_SIPHASH_LEN);

    assert_int_equal(sv_told_read(&back, data, sizeof(data) - 1, NOW), -1);
    assert_int_equal(sv_told_read(&back, data, 0, NOW), -1);
}


/* time goes on, whatever the way takes; clocks may differ a little */

static void
with_time(void **state)
{
    (void) state;

    assert_int_equal(reads(NOW + 10000), 0);
    assert_int_equal(back.left, 20000);

    assert_int_equal(reads(NOW + 29999), 0);
    assert_int_equal(back.left, 1);

    assert_int_equal(reads(NOW + 30000), -1);

    assert_int_equal(reads(NOW - 2000), 0);
    assert_int_equal(back.left, 30000);

    assert_int_equal(reads(NOW - SV_TOLD_SKEW - 1), -1);

    /* the age of a success is looked at where it is used */

    told.what = SV_TOLD_CLOSED;
    told.left = 0;
    assert_int_equal(reads(NOW + 30000), 0);
}


static void
bounds(void **state)
{
    (void) state;

    told.left = told.pause = UINT32_MAX;
    assert_int_equal(reads(NOW), 0);
    assert_int_equal(back.left, SV_TOLD_PAUSE);
    assert_int_equal(back.pause, SV_TOLD_PAUSE);

    told.what = SV_TOLD_FALLEN;
    told.level = 4;
    assert_int_equal(reads(NOW), 0);
    assert_int_equal(back.left, SV_TOLD_BUDGET);

    /* no budget is 0, which would mean that there is none */

    told.level = 0;
    assert_int_equal(reads(NOW), -1);

    setup(NULL);
    told.why = 32;
    assert_int_equal(reads(NOW), -1);

    setup(NULL);
    told.what = 0;
    assert_int_equal(reads(NOW), -1);

    told.what = SV_TOLD_FALLEN + 1;
    assert_int_equal(reads(NOW), -1);
}


/* What is mild crowds out nothing. */

static void
crowds(void **state)
{
    int             n;
    sv_told_t       list[3], mild;
    sv_told_rate_t  rate;

    (void) state;

    mild = told;
    mild.mild = 1;
    memset(list, 0, sizeof(list));

    assert_int_equal(sv_told_place(list, 0, 3, &mild), 0);
    assert_int_equal(sv_told_place(list, 2, 3, &told), 2);
    assert_int_equal(sv_told_place(list, 3, 3, &told), -1);
    list[1].mild = 1;
    assert_int_equal(sv_told_place(list, 3, 3, &told), 1);
    assert_int_equal(sv_told_place(list, 3, 3, &mild), -1);

    memset(&rate, 0, sizeof(rate));

    for (n = 0; n < 1000; n++) {
        assert_int_equal(sv_told_may(&rate, &mild, NOW), n < SV_TOLD_MILD);
    }

    for (n = 0; n < 1000; n++) {
        assert_int_equal(sv_told_may(&rate, &told, NOW), n < SV_TOLD_RATE);
    }

    assert_int_equal(sv_told_may(&rate, &told, NOW + 1000), 0);
    assert_int_equal(sv_told_may(&rate, &told, NOW + 1001), 1);
    assert_int_equal(sv_told_may(&rate, &mild, NOW + 1001), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(as_it_was, setup),
        cmocka_unit_test_setup(with_time, setup),
        cmocka_unit_test_setup(bounds, setup),
        cmocka_unit_test_setup(crowds, setup)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
