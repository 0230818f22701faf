
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_job_due.h"


#define NOW     ((int64_t) 1700000000000)
#define MINUTE  ((int64_t) 60 * 1000)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)


/* Retries a record that always gets the same result; writes the delays, and
   returns how many. */

static unsigned
delays(sv_reason_e reason, unsigned retry, int64_t wait, int64_t *delay,
    unsigned most)
{
    int64_t       now, due;
    unsigned      n;
    sv_job_due_t  d = { reason, sv_reason_info(reason)->status, retry, wait,
                        NOW, 0 };

    now = NOW;

    for (n = 0; n < most; n++) {
        due = sv_job_due_time(&d, now);

        if (due == 0) {
            break;
        }

        assert_true(due > now);
        assert_true(due <= NOW + wait);

        delay[n] = due - now;
        now = due;
    }

    return n;
}


static void
greylisting(void **state)
{
    int64_t   d[64];
    unsigned  i, n;

    n = delays(SV_GREYLISTED, 300, DAY, d, 64);

    assert_true(n >= 8 && n <= 16);
    assert_int_equal(d[0], 5 * MINUTE);
    assert_int_equal(d[1], 10 * MINUTE);

    for (i = 1; i < n - 1; i++) {
        assert_true(d[i] >= d[i - 1]);
        assert_true(d[i] <= 4 * HOUR);
    }

    /* the last one is asked when the wait is over */

    for (i = 1; i < n; i++) {
        d[0] += d[i];
    }

    assert_int_equal(d[0], DAY);

    /* the server's own time, however long it is */

    assert_true(delays(SV_GREYLISTED, 6 * 3600, DAY, d, 64) >= 4);
    assert_int_equal(d[0], 6 * HOUR);
    assert_int_equal(d[1], 6 * HOUR);
}


static void
limits_have_their_own_time(void **state)
{
    int64_t   d[64];
    unsigned  i, j;

    static const sv_reason_e  reasons[] = { SV_THROTTLED, SV_CIRCUIT_OPEN,
                                            SV_RATE_LIMITED };

    for (i = 0; i < 3; i++) {

        assert_int_equal(delays(reasons[i], 60, DAY, d, 64), 64);

        for (j = 0; j < 64; j++) {
            assert_int_equal(d[j], MINUTE);
        }
    }
}


static void
faults_of_the_network(void **state)
{
    int64_t   d[64];
    unsigned  i;

    static const sv_reason_e  reasons[] = { SV_CONNECT_FAILED, SV_TIMEOUT,
                                            SV_PROTOCOL_ERROR, SV_DNS_ERROR };

    for (i = 0; i < 4; i++) {
        assert_int_equal(delays(reasons[i], 900, DAY, d, 64), 2);
        assert_int_equal(d[0], 2 * HOUR);
        assert_int_equal(d[1], 4 * HOUR);
    }

    /* sooner where the job waits for less than a day */

    assert_int_equal(delays(SV_TIMEOUT, 900, HOUR, d, 64), 2);
    assert_int_equal(d[0], 15 * MINUTE);
    assert_int_equal(d[1], 30 * MINUTE);

    assert_int_equal(delays(SV_TIMEOUT, 900, 2000, d, 64), 2);
    assert_int_equal(d[0], 1000);
    assert_int_equal(d[1], 1000);
}


static void
final_results(void **state)
{
    int64_t      d[64];
    sv_reason_e  i;

    /* no wait, or nothing that a retry would change */

    assert_int_equal(delays(SV_GREYLISTED, 300, 0, d, 64), 0);
    assert_int_equal(delays(SV_GREYLISTED, 0, DAY, d, 64), 0);

    for (i = 0; i < SV_REASON_MAX; i++) {

        if (sv_reason_info(i)->status != SV_UNKNOWN) {
            assert_int_equal(delays(i, 300, DAY, d, 64), 0);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(greylisting),
        cmocka_unit_test(limits_have_their_own_time),
        cmocka_unit_test(faults_of_the_network),
        cmocka_unit_test(final_results),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
