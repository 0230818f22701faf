
/*
 * Budgets of refused recipients.  The property: against a receiver with any
 * hidden limit and window, and any demand, the budget brings us to it a bounded
 * number of times, and settles at a good part of what the receiver bears.
 * BUDGET_SEED=n runs that receiver alone, BUDGET_RUNS=n so many.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sv_budget.h"


#define MIN   ((uint64_t) 60000)
#define HOUR  (60 * MIN)
#define DAY   (24 * HOUR)


static const sv_budget_conf_t  learns = { 20, 200 };
static const sv_budget_conf_t  fixed = { 20, 0 };
static const sv_budget_conf_t  falls = { 200, 200 };

static uint32_t  seed;


static uint32_t
dice(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;

    return (uint32_t) (((uint64_t) seed * n) >> 32);
}


/* as many as are let through now */

static unsigned
drain(sv_budget_t *b, const sv_budget_conf_t *conf, uint32_t party,
    uint64_t now)
{
    unsigned  n;

    for (n = 0; sv_budget_wait(b, conf, party, now) == 0; n++) {
        assert_true(sv_budget_room(b, conf, party, now) > 0);
        (void) sv_budget_refused(b, conf, party, now);
        assert_true(n < 1000000);
    }

    return n;
}


static void
an_hour(void **state)
{
    unsigned     n, k;
    uint64_t     now, wait, sent[4000];
    sv_budget_t  b;

    memset(&b, 0, sizeof(b));

    /* in no hour more than the limit, wherever it begins */

    now = DAY;
    n = 0;

    assert_int_equal(drain(&b, &fixed, 1, now), 20);
    wait = sv_budget_wait(&b, &fixed, 1, now);
    assert_true(wait >= HOUR && wait <= HOUR + 5 * MIN);
    assert_int_equal(sv_budget_wait(&b, &fixed, 1, now + wait), 0);
    assert_true(sv_budget_wait(&b, &fixed, 1, now + wait - 1) > 0);
    assert_int_equal(sv_budget_used(&b, now), 20);
    assert_int_equal(sv_budget_used(&b, now + 2 * HOUR), 0);

    memset(&b, 0, sizeof(b));
    seed = 4711;

    for (now = DAY; n < 4000; now += dice(4 * MIN)) {
        if (sv_budget_room(&b, &fixed, 1, now)) {
            (void) sv_budget_refused(&b, &fixed, 1, now);
            sent[n++] = now;
        }
    }

    for (k = 20; k < n; k++) {
        assert_true(sent[k] - sent[k - 20] > HOUR);
    }

    /* and in a day nearly as many as are allowed */

    assert_true((double) n / ((now - DAY) / HOUR) > 20 * 0.9);

    /* no limit at all, and a clock that goes back */

    now = DAY;
    memset(&b, 0, sizeof(b));
    (void) sv_budget_refused(&b, &fixed, 1, now);
    assert_int_equal(sv_budget_room(&b, &fixed, 1, now - HOUR), 19);
    (void) sv_budget_refused(&b, &fixed, 1, now - HOUR);
    assert_int_equal(sv_budget_room(&b, &fixed, 1, now), 18);
}


/* what is used up hour by hour without a complaint rises up to the most */

static void
rises(void **state)
{
    unsigned     n, before, hours;
    uint64_t     now;
    sv_budget_t  b;

    memset(&b, 0, sizeof(b));
    before = 0;

    for (now = DAY, hours = 0; hours < 24; now += 66 * MIN, hours++) {
        n = drain(&b, &learns, 1, now);
        assert_true(n >= before);
        before = n;

        if (hours == 0) {
            assert_int_equal(n, 15);
            assert_int_equal(sv_budget_learned(&b), 0);
        }
    }

    assert_int_equal(sv_budget_level(&b, &learns, 1), 200);
    assert_int_equal(sv_budget_learned(&b), 1);
    assert_int_equal(before, 150);

    /* and what is used a little never does */

    memset(&b, 0, sizeof(b));

    for (now = DAY; now < 4 * DAY; now += 10 * MIN) {
        (void) sv_budget_refused(&b, &learns, 1, now);
    }

    assert_int_equal(sv_budget_level(&b, &learns, 1), 20);

    /* nor one that is fixed */

    memset(&b, 0, sizeof(b));

    for (now = DAY, hours = 0; hours < 24; now += 66 * MIN, hours++) {
        assert_int_equal(drain(&b, &fixed, 1, now), 20);
    }

    assert_int_equal(sv_budget_complaint(&b, &fixed, 0, now), 0);
    assert_int_equal(sv_budget_level(&b, &fixed, 1), 20);
}


static void
complaints(void **state)
{
    unsigned     i;
    uint64_t     now;
    sv_budget_t  b;

    memset(&b, 0, sizeof(b));
    now = DAY;

    /* nothing was refused: it is not for that */

    assert_int_equal(sv_budget_complaint(&b, &learns, 0, now), 0);

    drain(&b, &learns, 1, now);
    assert_int_equal(sv_budget_complaint(&b, &learns, 0, now), 1);
    assert_int_equal(sv_budget_level(&b, &learns, 1), 7);
    assert_int_equal(sv_budget_level(&b, &learns, 2), 7);
    assert_int_equal(sv_budget_learned(&b), -1);

    /* one that is repeated says nothing new */

    for (i = 0; i < 100; i++) {
        assert_int_equal(sv_budget_complaint(&b, &learns, 0, now += MIN), 0);
    }

    /* whatever is complained of, something is left */

    for (i = 0; i < 50; i++) {
        now += DAY;
        (void) sv_budget_refused(&b, &learns, 1, now);
        assert_int_equal(sv_budget_complaint(&b, &learns, 0, now), 1);
    }

    assert_int_equal(sv_budget_level(&b, &learns, 1), 4);
    assert_true(drain(&b, &learns, 1, now + DAY) >= 3);

    /* a known provider begins with the most, falls, and comes back to it */

    memset(&b, 0, sizeof(b));
    now = DAY;
    assert_int_equal(drain(&b, &falls, 1, now), 200);
    assert_int_equal(sv_budget_complaint(&b, &falls, 1, now), 1);
    assert_int_equal(sv_budget_level(&b, &falls, 1), 100);

    for (i = 0; i < 24 * 30; i++) {
        (void) drain(&b, &falls, 1, now += 66 * MIN);
    }

    assert_int_equal(sv_budget_level(&b, &falls, 1), 200);
}


/* of one who has a domain, or ever so many names below it, at a host that
   others share */

static void
outsiders(void **state)
{
    unsigned     i, n;
    uint64_t     now;
    sv_budget_t  b;

    /* he uses up what he may: something is left for others, be he first … */

    memset(&b, 0, sizeof(b));
    now = DAY;
    assert_int_equal(drain(&b, &learns, 666, now), 15);
    assert_int_equal(drain(&b, &learns, 1, now), 5);
    assert_int_equal(sv_budget_used(&b, now), 20);

    /* … or not */

    memset(&b, 0, sizeof(b));
    (void) sv_budget_refused(&b, &learns, 1, now);
    n = drain(&b, &learns, 666, now);
    assert_true(n <= 15);
    assert_true(drain(&b, &learns, 1, now) >= 4);
    assert_true(sv_budget_used(&b, now) <= 20);

    /* what he has shown to be borne is his own */

    memset(&b, 0, sizeof(b));

    for (i = 0; i < 48; i++) {
        (void) drain(&b, &learns, 666, now += 66 * MIN);
    }

    assert_int_equal(sv_budget_level(&b, &learns, 666), 200);
    assert_int_equal(sv_budget_level(&b, &learns, 1), 20);
    assert_int_equal(drain(&b, &learns, 1, now), 5);

    /* until another one bears it out */

    for (i = 0; i < 48; i++) {
        now += 66 * MIN;
        (void) drain(&b, &learns, 666, now);
        (void) drain(&b, &learns, 1, now);
    }

    assert_int_equal(sv_budget_level(&b, &learns, 1), 200);

    /* what he has the server complain of is his own, too */

    for (i = 0; i < 48; i++) {
        now += DAY;
        (void) drain(&b, &learns, 666, now);
        (void) sv_budget_complaint(&b, &learns, 666, now);
    }

    assert_int_equal(sv_budget_level(&b, &learns, 666), 4);
    assert_int_equal(sv_budget_level(&b, &learns, 1), 200);

    /* he comes after somebody whose server has been learned */

    memset(&b, 0, sizeof(b));

    for (i = 0; i < 48; i++) {
        (void) drain(&b, &learns, 1, now += 66 * MIN);
    }

    for (i = 0; i < 48; i++) {
        now += 66 * MIN;
        (void) drain(&b, &learns, 666, now);
        (void) sv_budget_complaint(&b, &learns, 666, now);
    }

    assert_int_equal(sv_budget_level(&b, &learns, 1), 200);

    /* two of them, or the server itself, are heard */

    (void) sv_budget_refused(&b, &learns, 1, now);
    assert_int_equal(sv_budget_complaint(&b, &learns, 1, now), 1);
    assert_true(sv_budget_level(&b, &learns, 1) < 200);
    assert_true(sv_budget_level(&b, &learns, 666) < 20);
}


/* many parties with one each are no more than one with many */

static void
crowd(void **state)
{
    unsigned     i, n;
    sv_budget_t  b;

    memset(&b, 0, sizeof(b));

    for (i = 1, n = 0; i < 100; i++) {
        if (sv_budget_room(&b, &learns, i, DAY)) {
            (void) sv_budget_refused(&b, &learns, i, DAY);
            n++;
        }
    }

    assert_int_equal(n, 20);
}


/* whatever the parties do, no hour has more than the highest level */

static void
sums(void **state)
{
    unsigned     i, k, n, most;
    uint32_t     party;
    uint64_t     now;
    sv_budget_t  b;

    for (i = 1; i < 300; i++) {
        seed = i;
        memset(&b, 0, sizeof(b));
        n = 1 + dice(6);
        now = DAY;

        for (k = 0; k < 3000; k++) {
            now += dice(dice(10) ? MIN : 20 * MIN);
            party = 1 + dice(n);

            if (sv_budget_room(&b, &learns, party, now)) {
                (void) sv_budget_refused(&b, &learns, party, now);
            }

            if (dice(1000) == 0) {
                (void) sv_budget_complaint(&b, &learns, dice(2) * party, now);
                continue;
            }

            most = sv_budget_level(&b, &learns, b.own_party);

            if (most < sv_budget_level(&b, &learns, b.own_party + 1)) {
                most = sv_budget_level(&b, &learns, b.own_party + 1);
            }

            assert_in_range(most, 4, 200);
            assert_true(b.own.falls || b.shared.falls
                        || sv_budget_used(&b, now) <= most);
        }
    }
}


/*
 * A receiver counts refused recipients in windows, one after the other or
 * sliding by a tenth, and beyond its limit complains and refuses to talk until
 * the window is over.  We have something to ask with some probability, of some
 * domains, for sixty days.
 */

typedef struct {
    unsigned    limit;
    unsigned    parties;
    unsigned    busy;       /* of 100: minutes in which we ask at will */
    unsigned    own;        /* it complains before RCPT */
    uint64_t    window;

    unsigned    complaints;
    unsigned    late;       /* of these, in the second half */
    unsigned    refused;    /* in the last ten days */
} receiver_t;


static void
receive(receiver_t *r)
{
    unsigned     i, n[10], sum, k;
    uint32_t     party;
    uint64_t     now, part, at, until;
    sv_budget_t  b;

    memset(&b, 0, sizeof(b));
    memset(n, 0, sizeof(n));
    r->complaints = 0;
    r->late = 0;
    r->refused = 0;
    at = 0;
    until = 0;

    for (now = DAY; now < 61 * DAY; now += MIN) {

        part = now / (r->window / 10);

        for ( /* void */ ; at < part; at++) {
            n[(at + 1) % 10] = 0;

            if (part - at > 20) {
                at = part - 20;
            }
        }

        if (dice(100) >= r->busy) {
            continue;
        }

        for (k = 0; k < 10; k++) {

            party = 1 + dice(r->parties);

            if (sv_budget_room(&b, &learns, party, now) == 0) {
                continue;
            }

            sum = 0;

            for (i = 0; i < 10; i++) {
                sum += n[i];
            }

            if (now < until) {
                (void) sv_budget_complaint(&b, &learns, r->own ? 0 : party,
                                           now);
                break;
            }

            if (sum >= r->limit) {
                until = now + r->window;
                r->complaints++;
                r->late += (now > 31 * DAY);
                (void) sv_budget_complaint(&b, &learns, r->own ? 0 : party,
                                           now);
                break;
            }

            n[part % 10]++;
            r->refused += (now > 51 * DAY);
            (void) sv_budget_refused(&b, &learns, party, now);
        }
    }
}


static void
receivers(void **state)
{
    char        *value;
    double       used, worst, mean, could;
    unsigned     i, runs, first, n, most, late;
    receiver_t   r;

    value = getenv("BUDGET_SEED");
    first = value ? (unsigned) atoi(value) : 1;
    runs = value ? 1 : 60;

    value = getenv("BUDGET_RUNS");
    runs = value ? (unsigned) atoi(value) : runs;

    worst = 1;
    mean = 0;
    n = 0;
    most = 0;
    late = 0;

    for (i = first; i < first + runs; i++) {

        seed = i * 2654435761u;

        r.limit = 10 + dice(dice(2) ? 40 : 600);
        r.window = (10 + dice(dice(2) ? 60 : 360)) * MIN;
        r.parties = 1 + dice(4);
        r.busy = dice(2) ? 100 : 5 + dice(95);
        r.own = dice(2);

        receive(&r);

        /* what could be asked: the limit in each window, 200 an hour */

        could = (double) r.limit * 240 * HOUR / r.window;
        could = could < 200 * 240 ? could : 200 * 240;
        used = r.refused / could;

        /* who bears less than the least is complained of in each window */

        if (r.limit * HOUR >= (SV_BUDGET_LEAST + 1) * r.window) {

            if (r.complaints > (r.own || r.parties == 1 ? 12 : 48)
                || r.late > (r.own || r.parties == 1 ? 4 : 16))
            {
                fail_msg("BUDGET_SEED=%u: %u complaints, %u of them late", i,
                         r.complaints, r.late);
            }

            most = r.complaints > most ? r.complaints : most;
            late = r.late > late ? r.late : late;
        }

        if (getenv("BUDGET_SEED") || getenv("BUDGET_SHOW")) {
            print_message("%u: limit %u in %u min, %u parties, busy %u%%, "
                          "%s: %u complaints, %u late, used %.2f\n", i,
                          r.limit, (unsigned) (r.window / MIN), r.parties,
                          r.busy, r.own ? "own" : "RCPT", r.complaints,
                          r.late, used);
        }

        if (r.window >= 50 * MIN && r.window <= 70 * MIN && r.busy == 100) {
            worst = used < worst ? used : worst;
            mean += used;
            n++;
        }
    }

    print_message("complaints in 60 days: %u at most, %u in the second half; "
                  "of an hour's limit used: %.2f at least, %.2f in the mean\n",
                  most, late, worst, n ? mean / n : 0);

    assert_true(worst >= 0.25);
    assert_true(runs < 60 || mean / n >= 0.6);
}


/* What was refused elsewhere counts for the party that has most of it there,
   and for nobody else. */

static void
elsewhere(void **state)
{
    uint64_t     now;
    sv_budget_t  b;

    (void) state;

    memset(&b, 0, sizeof(b));
    now = 100 * HOUR;

    sv_budget_elsewhere(&b, 12, 3, 12);

    assert_int_equal(sv_budget_room(&b, &learns, 3, now), 3);
    assert_int_equal(drain(&b, &learns, 3, now), 3);

    /* others have what is left */

    assert_true(sv_budget_room(&b, &learns, 5, now) >= 5);

    /* it takes nothing from others where it was not asked itself */

    memset(&b, 0, sizeof(b));
    sv_budget_elsewhere(&b, 15, 3, 15);

    assert_int_equal(sv_budget_room(&b, &learns, 3, now), 0);
    assert_true(sv_budget_room(&b, &learns, 5, now) >= 5);
    assert_true(sv_budget_room(&b, &learns, 1, now) >= 5);

    /* nobody knows when that is too old to count */

    assert_in_range(sv_budget_wait(&b, &learns, 3, now), 1,
                    SV_BUDGET_SLOT * 1000);
    assert_int_equal(sv_budget_wait(&b, &learns, 5, now), 0);

    /* nor has it more where another party has most */

    assert_int_equal(sv_budget_refused(&b, &learns, 5, now), 0);
    assert_int_equal(sv_budget_big(&b, now), 1);
    assert_int_equal(sv_budget_room(&b, &learns, 3, now), 0);
    assert_true(sv_budget_room(&b, &learns, 5, now) >= 5);

    /* it is not known to whom */

    sv_budget_elsewhere(&b, 15, 0, 0);
    assert_true(sv_budget_room(&b, &learns, 3, now) >= 5);
}


static void
complaints_of_elsewhere(void **state)
{
    uint64_t     now;
    sv_budget_t  b;

    (void) state;

    /* the server may complain here of what was refused there, once */

    memset(&b, 0, sizeof(b));
    now = 100 * HOUR;
    sv_budget_elsewhere(&b, 15, 3, 15);

    assert_int_equal(sv_budget_complaint(&b, &learns, 0, now), 1);
    assert_int_equal(sv_budget_level(&b, &learns, 3), 7);
    assert_int_equal(sv_budget_complaint(&b, &learns, 0, now), 0);

    sv_budget_elsewhere(&b, 16, 3, 16);
    assert_int_equal(sv_budget_complaint(&b, &learns, 0, now), 1);

    /* also when all that has become too old to count, and new ones came */

    sv_budget_elsewhere(&b, 2, 3, 2);
    assert_int_equal(sv_budget_complaint(&b, &learns, 0, now), 0);
    sv_budget_elsewhere(&b, 3, 3, 3);
    assert_int_equal(sv_budget_complaint(&b, &learns, 0, now), 1);

    /* and it complains of all that was refused */

    memset(&b, 0, sizeof(b));
    sv_budget_elsewhere(&b, 12, 3, 12);

    assert_int_equal(drain(&b, &learns, 3, now), 3);
    assert_int_equal(sv_budget_complaint(&b, &learns, 0, now), 1);
    assert_int_equal(b.shared.ceiling, 15);

    /* a fixed budget has no such rule */

    memset(&b, 0, sizeof(b));
    sv_budget_elsewhere(&b, 12, 3, 12);

    assert_int_equal(sv_budget_room(&b, &fixed, 3, now), 20);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(an_hour),
        cmocka_unit_test(rises),
        cmocka_unit_test(complaints),
        cmocka_unit_test(outsiders),
        cmocka_unit_test(crowd),
        cmocka_unit_test(sums),
        cmocka_unit_test(elsewhere),
        cmocka_unit_test(complaints_of_elsewhere),
        cmocka_unit_test(receivers)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
