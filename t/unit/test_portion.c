
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sv_portion.h"


static sv_portion_t  p;


static void
grant(uint32_t slots, uint32_t tokens, uint32_t later, uint32_t delay,
    uint64_t now)
{
    sv_portion_grant_t  g;

    g.slots = slots;
    g.tokens = tokens;
    g.later = later;
    g.delay = delay;
    g.spacing = 50000;

    p.asked = now / 1000;
    sv_portion_grant(&p, &g, now / 1000, now);
}


static void
slots_end(void **state)
{
    (void) state;

    memset(&p, 0, sizeof(p));

    assert_int_equal(sv_portion_slots(&p, 0), 0);

    grant(3, 0, 0, 0, 1000000);

    assert_int_equal(sv_portion_slots(&p, 1000), 3);
    assert_int_equal(sv_portion_slots(&p, 1000 + SV_PORTION_VALID - 1), 3);
    assert_int_equal(sv_portion_slots(&p, 1000 + SV_PORTION_VALID), 0);
}


static void
tokens_come_one_after_the_other(void **state)
{
    (void) state;

    memset(&p, 0, sizeof(p));

    grant(1, 2, 3, 10000, 1000000);

    assert_int_equal(sv_portion_wait(&p, 2, 1000000), 0);
    assert_int_equal(sv_portion_wait(&p, 3, 1000000), 10000);
    assert_int_equal(sv_portion_wait(&p, 5, 1000000), 110000);

    sv_portion_use(&p, 2);

    assert_int_equal(sv_portion_wait(&p, 1, 1004000), 6000);
    assert_int_equal(sv_portion_wait(&p, 1, 1010000), 0);
    assert_int_equal(sv_portion_wait(&p, 2, 1059999), 1);
    assert_int_equal(sv_portion_wait(&p, 2, 1060000), 0);

    /* more than there are */

    assert_in_range(sv_portion_wait(&p, 4, 1060000), 1, 100000);
}


static void
tokens_end(void **state)
{
    uint64_t  end;

    (void) state;

    memset(&p, 0, sizeof(p));

    end = 1000000 + SV_PORTION_TOKENS * 1000;

    grant(1, 5, 2, 10000, 1000000);
    sv_portion_use(&p, 1);

    assert_int_equal(sv_portion_wait(&p, 4, end - 1), 0);
    assert_int_equal(sv_portion_back(&p, end - 1), 0);
    assert_in_range(sv_portion_wait(&p, 1, end), 1, 100000);

    /* what was not used is given back, once */

    assert_int_equal(sv_portion_back(&p, end), 6);
    assert_int_equal(sv_portion_back(&p, end), 0);
}


/* tokens that are added to others are void with those */

static void
tokens_are_not_kept_for_long(void **state)
{
    uint64_t  now;
    unsigned  most;

    (void) state;

    memset(&p, 0, sizeof(p));
    most = 0;

    for (now = 1000000; now < 10000000; now += 250000) {
        grant(1, 5, 0, 0, now);
        most = p.tokens > most ? p.tokens : most;
    }

    assert_in_range(most, 5, 15);
}


static void
other_replies_are_ignored(void **state)
{
    sv_portion_grant_t  g;

    (void) state;

    memset(&p, 0, sizeof(p));
    memset(&g, 0, sizeof(g));

    g.slots = 7;
    p.asked = 2000;

    sv_portion_grant(&p, &g, 1000, 2100000);

    assert_int_equal(sv_portion_slots(&p, 2100), 0);
    assert_int_equal(p.asked, 2000);
}


static void
replies_are_checked(void **state)
{
    size_t              i;
    sv_portion_grant_t  g;
    sv_portion_fleet_t  f;
    long long           good[] = { 2, 3, 4, 5000, 50 };
    static long long    bad[][5] = {
        { -1, 0, 0, 0, 0 }, { 6, 0, 0, 0, 0 }, { 0, -1, 0, 0, 0 },
        { 0, 11, 0, 0, 0 }, { 0, 3, 8, 0, 0 }, { 0, 0, -2, 0, 0 },
        { 0, 0, 0, -1, 0 }, { 0, 0, 0, 0, -1 },
        { 1LL << 32, 0, 0, 0, 0 }, { 0, 0, INT64_MAX, 0, 0 },
        { INT64_MIN, 0, 0, 0, 0 }
    };
    static long long    strange[][5] = {
        { 0, 0, 0, 0 }, { -1, 1, 0, 0 }, { 2, 3, 0, 0 }, { 2, 0, 0, 0 },
        { 2, 1, 2, 0 }, { 2, 1, -1, 0 }, { 2, 1, 0, 2 }, { 2, 1, 0, -1 },
        { 2, 1, 0, 0, -1 }, { SV_PORTION_MACHINES + 1, 1, 0, 0 }
    };
    long long           fleet[] = { 4, 3, 2, 1, 1LL << 40 };

    (void) state;

    assert_int_equal(sv_portion_read(good, 5, 10, 100, &g), 0);
    assert_int_equal(g.slots, 2);
    assert_int_equal(g.tokens, 3);
    assert_int_equal(g.later, 4);
    assert_int_equal(g.delay, 5000);

    /* tokens never come faster than the limit is */

    assert_int_equal(g.spacing, 100);

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(sv_portion_read(bad[i], 5, 10, 100, &g), -1);
    }

    assert_int_equal(sv_portion_read_fleet(fleet, &f), 0);
    assert_int_equal(f.machines, 4);
    assert_int_equal(f.alive, 3);
    assert_int_equal(f.rank, 2);
    assert_int_equal(f.learning, 1);
    assert_int_equal(f.since, 1LL << 40);

    for (i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
        assert_int_equal(sv_portion_read_fleet(strange[i], &f), -1);
    }
}


/* All together have at most half of a limit, however many there are. */

static void
safe_shares(void **state)
{
    uint32_t  slots, machines, rank, sum;

    (void) state;

    for (slots = 0; slots < 40; slots++) {
        for (machines = 1; machines < 30; machines++) {

            for (rank = 0, sum = 0; rank < machines; rank++) {
                sum += sv_portion_safe(slots, machines, rank);
            }

            assert_true(sum <= slots / 2);
            assert_true(sum > 0 || slots < 2);
        }
    }

    /* as many as nobody knows */

    assert_int_equal(sv_portion_safe(100, 0, 0), 0);

    assert_int_equal(sv_portion_safe_rate(8000, 4), 1000);
    assert_int_equal(sv_portion_safe_rate(1, 4), 1);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(slots_end),
        cmocka_unit_test(tokens_come_one_after_the_other),
        cmocka_unit_test(tokens_end),
        cmocka_unit_test(tokens_are_not_kept_for_long),
        cmocka_unit_test(other_replies_are_ignored),
        cmocka_unit_test(replies_are_checked),
        cmocka_unit_test(safe_shares),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
