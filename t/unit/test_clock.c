
/*
 * The clock, and what is kept by it, across 49.7 days: the machine's clock is
 * the one below.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "sv_breaker.h"
#include "sv_bucket.h"
#include "sv_clock.h"
#include "sv_claims.h"
#include "sv_learn.h"


#define DAYS     ((uint64_t) 1 << 32)       /* ms */


static uint64_t   now;                      /* ms */
static clockid_t  missing;


int
clock_gettime(clockid_t id, struct timespec *ts)
{
    if (id == missing) {
        return -1;
    }

    ts->tv_sec = now / 1000;
    ts->tv_nsec = now % 1000 * 1000000 + 999;

    return 0;
}


static int
setup(void **state)
{
    now = DAYS - 1000;
    missing = (clockid_t) -1;

    return 0;
}


static void
units(void **state)
{
    now = DAYS + 1234;

    assert_true(sv_clock_usec() == (DAYS + 1234) * 1000);
    assert_true(sv_clock_msec() == DAYS + 1234);
    assert_true(sv_clock_sec() == (time_t) (DAYS / 1000) + 1);

    assert_int_equal(sizeof(sv_clock_msec()), 8);
    assert_int_equal(sizeof(sv_clock_usec()), 8);
}


/* of a kernel that has not the one which goes on in sleep */

static void
another_clock(void **state)
{
    missing = CLOCK_BOOTTIME;

    assert_true(sv_clock_msec() == DAYS - 1000);
}


static void
a_breaker_is_tried_again(void **state)
{
    sv_breaker_t             b = { 0 };
    const sv_breaker_conf_t  conf = { .pause = 5000, .max_pause = 60000 };

    assert_int_equal(sv_breaker_fault(&b, &conf, 0, SV_BREAKER_THRESHOLD, 0,
                                      sv_clock_msec()), 1);

    now += 4999;
    assert_int_equal(sv_breaker_state(&b, sv_clock_msec()), SV_BREAKER_OPEN);
    assert_true(sv_breaker_left(&b, sv_clock_msec()) == 1);

    now += 1;
    assert_int_equal(sv_breaker_state(&b, sv_clock_msec()),
                     SV_BREAKER_HALF_OPEN);
}


static void
a_bucket_drains(void **state)
{
    sv_bucket_t  b = { 0, 0 };

    sv_bucket_add(&b, sv_bucket_per_minute(1), 0, sv_clock_usec());

    now += 59999;
    assert_true(sv_bucket_wait(&b, sv_bucket_per_minute(1), 0, 1,
                               sv_clock_usec()) == 1000);

    now += 1;
    assert_true(sv_bucket_wait(&b, sv_bucket_per_minute(1), 0, 1,
                               sv_clock_usec()) == 0);
}


static void
a_flight_ends(void **state)
{
    uint64_t              id;
    sv_claims_t          f;
    static unsigned char  mem[4096], key[SV_CLAIM_KEY] = "one";

    assert_int_equal(sv_claims_create(&f, mem, sizeof(mem)), 0);

    sv_claims_claim(&f, key, getpid(), sv_clock_msec(),
                    sv_clock_msec() + 5000, &id);

    now += 4999;
    assert_int_equal(sv_claims_wait(&f, key, id, sv_clock_msec()), 1);
    assert_int_equal(sv_claims_wanted(&f, key, id, sv_clock_msec(), 500), 1);

    now += 1;
    assert_int_equal(sv_claims_wait(&f, key, id, sv_clock_msec()), 0);
}


static void
what_was_learned_is_forgotten(void **state)
{
    static sv_learn_t  learn;

    sv_learn_most(&learn, 1, 2, sv_clock_msec());

    now += SV_LEARN_TIME - 1;
    assert_non_null(sv_learn_find(&learn, 1, sv_clock_msec()));

    now += 1;
    assert_null(sv_learn_find(&learn, 1, sv_clock_msec()));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(units, setup),
        cmocka_unit_test_setup(another_clock, setup),
        cmocka_unit_test_setup(a_breaker_is_tried_again, setup),
        cmocka_unit_test_setup(a_bucket_drains, setup),
        cmocka_unit_test_setup(a_flight_ends, setup),
        cmocka_unit_test_setup(what_was_learned_is_forgotten, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
