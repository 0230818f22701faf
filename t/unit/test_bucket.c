
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sv_breaker.h"
#include "sv_bucket.h"


static void
test_bucket_burst(void **state)
{
    int          i;
    uint64_t     rate;
    sv_bucket_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));
    rate = sv_bucket_per_second(10);

    for (i = 0; i < 4; i++) {
        assert_int_equal(sv_bucket_wait(&b, rate, 3, 1, 1000), 0);
        sv_bucket_add(&b, rate, 3, 1000);
    }

    assert_int_equal(sv_bucket_wait(&b, rate, 3, 1, 1000), 100000);
    assert_int_equal(sv_bucket_wait(&b, rate, 3, 1, 100999), 1);
    assert_int_equal(sv_bucket_wait(&b, rate, 3, 1, 101000), 0);
}


static void
test_bucket_no_rounding(void **state)
{
    unsigned     n;
    uint64_t     now, rate;
    sv_bucket_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));
    rate = sv_bucket_per_hour(7);

    for (now = 1, n = 0; now <= sv_bucket_ms(3600000); now += 1000) {
        if (sv_bucket_wait(&b, rate, 0, 1, now) == 0) {
            sv_bucket_add(&b, rate, 0, now);
            n++;
        }
    }

    assert_int_equal(n, 7);
}


static void
test_bucket_bounds(void **state)
{
    int          i;
    sv_bucket_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));

    for (i = 0; i < 1000; i++) {
        assert_int_equal(sv_bucket_wait(&b, 0, 0, 1, 5), 0);
        sv_bucket_add(&b, sv_bucket_per_second(1), 4, 5);
    }

    assert_true(sv_bucket_wait(&b, sv_bucket_per_second(1), 4, 1, 5)
                <= sv_bucket_ms(6000));

    /* back in time, and far beyond */
    assert_true(sv_bucket_wait(&b, sv_bucket_per_second(1), 4, 1, 1)
                <= sv_bucket_ms(6000));
    assert_int_equal(sv_bucket_wait(&b, sv_bucket_per_second(1), 4, 1,
                                    UINT64_MAX), 0);
}


static void
test_bucket_room(void **state)
{
    int          i;
    sv_bucket_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));

    for (i = 5; i > 0; i--) {
        assert_int_equal(sv_bucket_room(&b, sv_bucket_per_second(2), 4, 100),
                         i);
        assert_int_equal(sv_bucket_wait(&b, sv_bucket_per_second(2), 4, 1,
                                        100),
                         0);
        sv_bucket_add(&b, sv_bucket_per_second(2), 4, 100);
    }

    assert_int_equal(sv_bucket_room(&b, sv_bucket_per_second(2), 4, 100), 0);
    assert_int_equal(sv_bucket_room(&b, sv_bucket_per_second(2), 4, 500099),
                     0);
    assert_int_equal(sv_bucket_room(&b, sv_bucket_per_second(2), 4, 500100),
                     1);
    assert_int_equal(sv_bucket_room(&b, sv_bucket_per_second(2), 4, 9999999),
                     5);
}


/* several together: with those who wait, in the order they came */

static void
test_bucket_several(void **state)
{
    unsigned     n;
    uint64_t     rate;
    sv_bucket_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));
    rate = sv_bucket_per_second(10);

    assert_int_equal(sv_bucket_wait(&b, rate, 2, 3, 7), 0);
    assert_int_equal(sv_bucket_wait(&b, rate, 2, 4, 7), 100000);

    sv_bucket_add(&b, rate, 2, 7);
    sv_bucket_add(&b, rate, 2, 7);

    for (n = 1; n < 20; n++) {
        assert_int_equal(sv_bucket_wait(&b, rate, 2, n, 7),
                         (n - 1) * 100000);
    }

    assert_int_equal(sv_bucket_wait(&b, rate, 2, 2, 100007), 0);
    assert_int_equal(sv_bucket_wait(&b, rate, 2, 3, 200007), 0);

    /* more than ever fit in */
    assert_true(sv_bucket_wait(&b, rate, 0, 2, UINT64_MAX) > 0);
}


/*
 * What is let go at a rate, and arrives late by whatever time: the second
 * bucket lets no window have more than it may, and the rate is kept up.
 */

#define PACED  3000

static void
test_bucket_paces(void **state)
{
    unsigned     i, k, n, waiting, seed;
    uint64_t     rate, now, sent[PACED], ready[PACED];
    sv_bucket_t  go, send;

    (void) state;

    memset(&go, 0, sizeof(go));
    memset(&send, 0, sizeof(send));

    rate = sv_bucket_per_second(300);
    seed = 1;
    waiting = 0;
    n = 0;

    for (now = 1, i = 0; n < PACED; now += 250) {

        while (i < PACED && sv_bucket_wait(&go, rate, 30, 1, now) == 0) {
            sv_bucket_add(&go, rate, 30, now);
            seed = seed * 1103515245 + 12345;
            ready[i++] = now + (seed >> 8) % 2000000;
        }

        for (k = 0, waiting = 0; k < i; k++) {
            waiting += (ready[k] <= now);
        }

        while (waiting > n
               && sv_bucket_wait(&send, rate, 30, 1, now) == 0)
        {
            sv_bucket_add(&send, rate, 30, now);
            sent[n++] = now;
        }
    }

    for (i = 0; i < PACED; i++) {
        for (k = i; k < PACED; k++) {
            assert_true((k - i) * 1e6
                        <= 30e6 + (double) (sent[k] - sent[i]) * 300);
        }
    }

    /* ten seconds at that rate, and what the last ones took */
    assert_true(sent[PACED - 1] < 12000000);
}


static sv_breaker_conf_t  conf = { 1000, 5000 };


static void
test_breaker_opens(void **state)
{
    sv_breaker_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));

    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 40, 0, 10), 0);
    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 40, 0, 20), 0);
    assert_int_equal(sv_breaker_state(&b, 20), SV_BREAKER_CLOSED);
    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 40, 0, 30), 1);
    assert_int_equal(sv_breaker_state(&b, 30), SV_BREAKER_OPEN);
    assert_int_equal(sv_breaker_left(&b, 30), 1000);

    /* what began before: neither opens nor closes */
    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 100, 0, 40), 0);
    assert_int_equal(sv_breaker_success(&b, 0, 40), 0);
    assert_int_equal(sv_breaker_left(&b, 40), 990);
    assert_int_equal(sv_breaker_state(&b, 1030), SV_BREAKER_HALF_OPEN);
}


static void
test_breaker_pauses(void **state)
{
    int           i;
    uint64_t      now;
    sv_breaker_t  b;
    unsigned      pauses[] = { 1000, 2000, 4000, 5000, 5000 };

    (void) state;

    memset(&b, 0, sizeof(b));
    now = 10;

    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 500, 0, now), 1);

    for (i = 0; i < 5; i++) {
        assert_int_equal(sv_breaker_left(&b, now), pauses[i]);
        now += pauses[i];
        assert_int_equal(sv_breaker_state(&b, now), SV_BREAKER_HALF_OPEN);
        assert_int_equal(sv_breaker_fault(&b, &conf, 0, 10, 1, now), 1);
    }

    now += 5000;
    assert_int_equal(sv_breaker_success(&b, 1, now), 1);
    assert_int_equal(sv_breaker_state(&b, now), SV_BREAKER_CLOSED);

    /* half way to the next time */
    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 50, 0, now), 1);
    assert_int_equal(sv_breaker_left(&b, now), 5000);
}


static void
test_breaker_decays(void **state)
{
    int           i;
    sv_breaker_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));

    for (i = 1; i < 100; i++) {
        assert_int_equal(sv_breaker_fault(&b, &conf, 0, 40, 0,
                                      (uint64_t) i * SV_BREAKER_HALF_LIFE),
                         0);
    }

    memset(&b, 0, sizeof(b));

    for (i = 1; i < 100; i++) {
        assert_int_equal(sv_breaker_fault(&b, &conf, 0, 40, 0, 7), 0);
        assert_int_equal(sv_breaker_success(&b, 0, 7), 0);
    }
}


/* a party weighs its heaviest fault, and opens nothing alone */

static void
test_breaker_party(void **state)
{
    int           i;
    uint64_t      now;
    sv_breaker_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));

    for (i = 0, now = 1; i < 10000; i++, now += 977) {
        assert_int_equal(sv_breaker_fault(&b, &conf, 7, 20 + i % 31, 0, now),
                         0);
        assert_true(b.weight <= 50);
    }

    assert_int_equal(sv_breaker_fault(&b, &conf, 7, 50, 0, now), 0);
    assert_int_equal(sv_breaker_fault(&b, &conf, 8, 50, 0, now), 1);
    assert_int_equal(sv_breaker_left(&b, now), 1000);
}


static void
test_breaker_party_and_host(void **state)
{
    sv_breaker_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));

    assert_int_equal(sv_breaker_fault(&b, &conf, 7, 50, 0, 1), 0);
    assert_int_equal(sv_breaker_fault(&b, &conf, 7, 50, 0, 2), 0);
    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 25, 0, 3), 0);
    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 25, 0, 4), 1);
}


static void
test_breaker_party_trial(void **state)
{
    int           i;
    sv_breaker_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));

    assert_int_equal(sv_breaker_fault(&b, &conf, 0, 100, 0, 1), 1);

    for (i = 0; i < 1000; i++) {
        assert_int_equal(sv_breaker_fault(&b, &conf, 7, 50, 1, 1001 + i), 0);
        assert_int_equal(sv_breaker_state(&b, 1001 + i), SV_BREAKER_HALF_OPEN);
    }

    assert_int_equal(sv_breaker_fault(&b, &conf, 8, 20, 1, 2001), 1);
    assert_int_equal(sv_breaker_left(&b, 2001), 2000);

    /* nor does it alone open what was closed by a trial */

    assert_int_equal(sv_breaker_success(&b, 1, 4001), 1);
    assert_int_equal(sv_breaker_fault(&b, &conf, 7, 50, 0, 4002), 0);
    assert_int_equal(sv_breaker_fault(&b, &conf, 7, 50, 0, 4003), 0);
    assert_int_equal(sv_breaker_fault(&b, &conf, 9, 20, 0, 4004), 1);
}


static void
test_breaker_many_parties(void **state)
{
    uint32_t      who;
    sv_breaker_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));

    for (who = 1; who < 5; who++) {
        assert_int_equal(sv_breaker_fault(&b, &conf, who, 20, 0, 5), 0);
    }

    assert_int_equal(sv_breaker_fault(&b, &conf, who, 20, 0, 5), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_bucket_burst),
        cmocka_unit_test(test_bucket_no_rounding),
        cmocka_unit_test(test_bucket_bounds),
        cmocka_unit_test(test_bucket_room),
        cmocka_unit_test(test_bucket_several),
        cmocka_unit_test(test_bucket_paces),
        cmocka_unit_test(test_breaker_opens),
        cmocka_unit_test(test_breaker_pauses),
        cmocka_unit_test(test_breaker_decays),
        cmocka_unit_test(test_breaker_party),
        cmocka_unit_test(test_breaker_party_and_host),
        cmocka_unit_test(test_breaker_party_trial),
        cmocka_unit_test(test_breaker_many_parties)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
