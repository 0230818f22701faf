
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sv_jobs.h"
#include "sv_job_sample.h"


/* so many records as were asked for, about as many in any part of the list as
   in another one of the same size */

static void
spread(uint64_t n, uint64_t records)
{
    uint64_t  pos, have, room, parts[4];

    memset(parts, 0, sizeof(parts));
    have = 0;

    for (pos = 0; pos < records; pos++) {
        if (sv_job_sample_has(pos, n, records)) {
            have++;
            parts[pos * 4 / records]++;
        }
    }

    assert_int_equal(have, n);
    room = 2 + n * SV_JOBS_BLOCK / records;

    for (pos = 0; pos < 4 && records > 8 * SV_JOBS_BLOCK; pos++) {
        assert_in_range(parts[pos], n / 4 > room ? n / 4 - room : 0,
                        n / 4 + room);
    }
}


static void
test_sample_spread(void **state)
{
    (void) state;

    spread(1, 1024);
    spread(4, 1024);
    spread(12, 1024);
    spread(100, 65536 * 4);
    spread(1000, 65536 * 4);
    spread(3000, 65536 * 4);
    spread(512, 1024);
    spread(1024, 1024);
    spread(60, 900);
    spread(60, 100);
    spread(777, 65536 + 12345);
}


/* a pattern in the list is not a pattern in the sample */

static void
test_sample_pattern(void **state)
{
    uint64_t  pos, every, x;

    (void) state;

    for (every = 2; every <= 64; every++) {

        for (pos = 0, x = 0; pos < 65536; pos++) {
            x += (pos % every == 0 && sv_job_sample_has(pos, 4096, 65536));
        }

        assert_in_range(x, 4096 / every * 2 / 3, 4096 / every * 3 / 2 + 10);
    }
}


static void
test_sample_odd(void **state)
{
    unsigned  n;
    uint64_t  pos, have;

    (void) state;

    assert_int_equal(sv_job_sample_of(0, 0, 1000), 0);
    assert_int_equal(sv_job_sample_of(0, 10, 0), 0);
    assert_false(sv_job_sample_has(0, 0, 1000));

    /* more than there are */

    for (pos = 0; pos < 100; pos++) {
        assert_true(sv_job_sample_has(pos, 1000, 100));
    }

    /* what the two functions say agrees, also beyond the blocks that the number
       of records needs */

    for (pos = 0, have = 0; pos < 40 * SV_JOBS_BLOCK; pos++) {

        if (pos % SV_JOBS_BLOCK == 0) {
            have = 0;
        }

        have += (uint64_t) sv_job_sample_has(pos, 77, 30 * SV_JOBS_BLOCK);

        if (pos % SV_JOBS_BLOCK == SV_JOBS_BLOCK - 1) {
            n = sv_job_sample_of(pos / SV_JOBS_BLOCK, 77, 30 * SV_JOBS_BLOCK);
            assert_int_equal(have, n);
        }
    }
}


/* compared with the formula, computed by a program of statistics */

static void
test_sample_estimate(void **state)
{
    sv_job_estimate_t  e;

    (void) state;

    sv_job_estimate(&e, 300, 1000, 1000000);
    assert_int_equal(e.n, 300000);
    assert_in_range(e.low, 272300, 272700);
    assert_in_range(e.high, 328900, 329300);

    /* none was seen: there may be a few */

    sv_job_estimate(&e, 0, 100, 10000);
    assert_int_equal(e.n, 0);
    assert_int_equal(e.low, 0);
    assert_in_range(e.high, 350, 380);

    sv_job_estimate(&e, 100, 100, 10000);
    assert_int_equal(e.n, 10000);
    assert_in_range(e.low, 9620, 9650);
    assert_int_equal(e.high, 10000);

    /* nearly all were asked */

    sv_job_estimate(&e, 500, 999, 1000);
    assert_in_range(e.low, 500, 501);
    assert_in_range(e.high, 500, 501);

    sv_job_estimate(&e, 500, 1000, 1000);
    assert_int_equal(e.low, 500);
    assert_int_equal(e.high, 500);

    /* nothing is known */

    sv_job_estimate(&e, 0, 0, 1000);
    assert_int_equal(e.low, 0);
    assert_int_equal(e.high, 1000);
}


/* How often is the true number within the interval?  Samples are drawn from
   lists whose share is known. */

static void
test_sample_covers(void **state)
{
    uint64_t           seed;
    unsigned           i, j, x, hits, share;
    sv_job_estimate_t  e;

    (void) state;

    seed = 42;

    for (share = 50; share <= 500; share += 150) {

        for (i = 0, hits = 0; i < 2000; i++) {

            for (j = 0, x = 0; j < 400; j++) {
                seed = seed * 6364136223846793005u + 1442695040888963407u;
                x += (seed >> 33) % 1000 < share;
            }

            sv_job_estimate(&e, x, 400, 1000000);
            hits += (e.low <= share * 1000 && share * 1000 <= e.high);
        }

        assert_in_range(hits, 1870, 1940);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_sample_spread),
        cmocka_unit_test(test_sample_pattern),
        cmocka_unit_test(test_sample_odd),
        cmocka_unit_test(test_sample_estimate),
        cmocka_unit_test(test_sample_covers)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
