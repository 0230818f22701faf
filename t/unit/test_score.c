
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sv_score.h"


/* the lattice of inputs: in each dimension 0 is the best */

#define FLAGS      8
#define CATCH_ALL  3
#define TLS        3
#define WORTH      3
#define AGES       3

#define POINTS     ((1 << FLAGS) * CATCH_ALL * TLS * WORTH * AGES)


static const signed char  catch_alls[CATCH_ALL] = { 0, -1, 1 };
static const signed char  tlses[TLS] = { 2, 1, 0 };
static const int          ages[AGES] = { SV_DOMAIN_YOUNG, SV_DOMAIN_NEW, 0 };
static const sv_worth_e   worths[WORTH] = {
    SV_WORTH_DEFINITIVE, SV_WORTH_LEARNED, SV_WORTH_ACCEPTS_ALL
};

static unsigned char  scores[SV_REASON_MAX][POINTS];


static void
none(sv_score_input_t *input, sv_reason_e reason)
{
    memset(input, 0xff, sizeof(sv_score_input_t));

    input->reason = reason;
    input->catch_all = 0;
    input->worth = SV_WORTH_LEARNED;
    input->domain_age = -1;
}


static void
point(sv_score_input_t *input, sv_reason_e reason, unsigned i)
{
    input->reason = reason;

    input->disposable = i & 1;
    input->spam_trap = (i >> 1) & 1;
    input->role_account = (i >> 2) & 1;
    input->abuse = (i >> 3) & 1;
    input->gibberish = (i >> 4) & 1;
    input->typo = (i >> 5) & 1;
    input->alias_service = (i >> 6) & 1;
    input->free_provider = (i >> 7) & 1;
    i >>= FLAGS;

    input->catch_all = catch_alls[i % CATCH_ALL];
    i /= CATCH_ALL;
    input->tls = tlses[i % TLS];
    i /= TLS;
    input->worth = worths[i % WORTH];
    i /= WORTH;
    input->domain_age = ages[i % AGES];
}


/* one step worse in each dimension never is better */

static void
check_steps(sv_reason_e reason)
{
    unsigned  i, d, step;

    static const unsigned  sizes[] = { CATCH_ALL, TLS, WORTH, AGES };

    for (i = 0; i < POINTS; i++) {

        for (d = 0; d < FLAGS; d++) {
            if (!(i & (1u << d))) {
                assert_true(scores[reason][i | (1u << d)]
                            <= scores[reason][i]);
            }
        }

        step = 1 << FLAGS;

        for (d = 0; d < 4; d++) {
            if ((i / step) % sizes[d] != sizes[d] - 1) {
                assert_true(scores[reason][i + step] <= scores[reason][i]);
            }

            step *= sizes[d];
        }
    }
}


/* the catch-all state that the reason itself says */

static unsigned
consistent(sv_reason_e reason, unsigned i)
{
    unsigned  now, want;

    now = (i >> FLAGS) % CATCH_ALL;
    want = (reason == SV_ACCEPTED) ? 0 : (reason == SV_CATCH_ALL) ? 2 : 1;

    return i + ((want << FLAGS) - (now << FLAGS));
}


static void
not_worse(sv_reason_e better, sv_reason_e worse)
{
    unsigned  i, a, b;

    for (i = 0; i < POINTS; i++) {
        a = scores[better][consistent(better, i)];
        b = scores[worse][consistent(worse, i)];

        if (a < b) {
            fail_msg("%s %u, %s %u", sv_reason_info(better)->name, a,
                     sv_reason_info(worse)->name, b);
        }
    }
}


static void
check_monotone(const sv_score_weights_t *weights)
{
    int               r;
    unsigned          i;
    sv_score_input_t  input;

    for (r = 1; r < SV_REASON_MAX; r++) {
        for (i = 0; i < POINTS; i++) {
            point(&input, (sv_reason_e) r, i);
            scores[r][i] = sv_score(weights, &input);
            assert_true(scores[r][i] <= SV_SCORE_MAX);
        }

        check_steps((sv_reason_e) r);
    }

    not_worse(SV_ACCEPTED, SV_ACCEPTED_UNTESTED);
    not_worse(SV_ACCEPTED_UNTESTED, SV_CATCH_ALL);
    not_worse(SV_ACCEPTED_UNTESTED, SV_NOT_PROBED);
    not_worse(SV_ACCEPTED_UNTESTED, SV_UNVERIFIABLE_PROVIDER);
    not_worse(SV_CATCH_ALL, SV_MAILBOX_FULL);

    for (r = 1; r < SV_REASON_MAX; r++) {

        if (r == SV_ACCEPTED || r == SV_DISPOSABLE || r == SV_ROLE_ACCOUNT
            || r == SV_SPAM_TRAP)
        {
            continue;
        }

        if (sv_reason_info((sv_reason_e) r)->status == SV_UNDELIVERABLE) {
            for (i = 1; i < SV_REASON_MAX; i++) {
                if (sv_reason_info((sv_reason_e) i)->status
                    != SV_UNDELIVERABLE)
                {
                    not_worse((sv_reason_e) i, (sv_reason_e) r);
                }
            }
        }
    }
}


static void
monotone(void **state)
{
    sv_score_weights_t  weights;

    sv_score_defaults(&weights);
    assert_null(sv_score_check(&weights, NULL, 0));
    check_monotone(&weights);
}


/* whatever the operator chose, if only it passes */

static void
monotone_any(void **state)
{
    int                  i, r, done;
    char                 buf[160];
    unsigned             seed;
    sv_score_weights_t   weights;

    seed = 7;

#define draw(n)  ((seed = seed * 1103515245 + 12345) >> 16) % (n)

    for (done = 0, i = 0; done < 3 && i < 10000; i++) {
        sv_score_defaults(&weights);

        for (r = 1; r < SV_REASON_MAX; r++) {
            weights.reasons[r] = sv_reason_info((sv_reason_e) r)->status
                                 == SV_UNDELIVERABLE ? draw(10)
                                                     : 10 + draw(40);
        }

        weights.reasons[SV_ACCEPTED] = 60 + draw(41);
        weights.reasons[SV_ACCEPTED_UNTESTED] = 40 + draw(41);
        weights.reasons[SV_CATCH_ALL] = 30 + draw(41);
        weights.reasons[SV_UNVERIFIABLE_PROVIDER] = 30 + draw(41);

        for (r = 0; r < SV_SCORE_MAX_FACTORS; r++) {
            weights.factors[r] = draw(101);
        }

        if (sv_score_check(&weights, buf, sizeof(buf)) != NULL) {
            continue;
        }

        check_monotone(&weights);
        done++;
    }

    assert_int_equal(done, 3);
}


/* what is not established counts as little as what is not so */

static void
null_is_no(void **state)
{
    unsigned            r;
    sv_score_input_t    a, b;
    sv_score_weights_t  weights;

    sv_score_defaults(&weights);

    for (r = 1; r < SV_REASON_MAX; r++) {
        point(&a, (sv_reason_e) r, 0);
        none(&b, (sv_reason_e) r);
        b.worth = a.worth;
        b.tls = a.tls;

        assert_int_equal(sv_score(&weights, &a), sv_score(&weights, &b));
    }
}


static void
score_is(sv_score_input_t *input, unsigned expected)
{
    sv_score_weights_t  weights;

    sv_score_defaults(&weights);
    assert_int_equal(sv_score(&weights, input), expected);
}


/* the table of docs/checks.md */

static void
documented(void **state)
{
    unsigned          i;
    sv_score_input_t  in;

    static const struct {
        sv_reason_e  reason;
        unsigned     score;
    } starts[] = {
        { SV_ACCEPTED, 96 }, { SV_ACCEPTED_UNTESTED, 70 },
        { SV_CATCH_ALL, 55 }, { SV_MAILBOX_FULL, 30 },
        { SV_NOT_PROBED, 60 }, { SV_UNVERIFIABLE_PROVIDER, 60 },
        { SV_GREYLISTED, 55 }, { SV_SENDER_BLOCKED, 50 },
        { SV_REJECTED, 25 }, { SV_TIMEOUT, 35 }, { SV_THROTTLED, 50 },
        { SV_MAILBOX_NOT_FOUND, 0 }, { SV_MAILBOX_DISABLED, 0 },
        { SV_NULL_MX, 0 }, { SV_INVALID_SYNTAX, 0 },
        { SV_DOMAIN_NOT_FOUND, 0 }, { SV_SMTPUTF8_UNSUPPORTED, 0 },
        { SV_DISPOSABLE, 36 }, { SV_ROLE_ACCOUNT, 81 }, { SV_SPAM_TRAP, 6 }
    };

    for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        none(&in, starts[i].reason);
        score_is(&in, starts[i].score);
    }

    /* the example of docs/checks.md: accepted, TLS, no mark */
    none(&in, SV_ACCEPTED);
    in.tls = 1;
    score_is(&in, 98);

    in.worth = SV_WORTH_DEFINITIVE;
    in.tls = 2;
    score_is(&in, 100);

    in.role_account = 1;
    score_is(&in, 85);

    in.disposable = 1;
    score_is(&in, 25);

    in.spam_trap = 1;
    score_is(&in, 1);

    none(&in, SV_ACCEPTED);
    in.worth = SV_WORTH_ACCEPTS_ALL;
    score_is(&in, 60);

    none(&in, SV_ACCEPTED);
    in.catch_all = 1;
    score_is(&in, 55);

    in.catch_all = -1;
    score_is(&in, 70);

    none(&in, SV_NOT_PROBED);
    in.typo = 1;
    in.domain_age = 3;
    in.tls = 2;
    score_is(&in, 20);

    in.domain_age = 100;
    score_is(&in, 35);

    none(&in, SV_MAILBOX_NOT_FOUND);
    in.spam_trap = 1;
    in.tls = 2;
    score_is(&in, 0);
}


static int
set(sv_score_weights_t *weights, const char *name, long value)
{
    const char  *error;

    error = NULL;

    if (sv_score_set(weights, name, strlen(name), value, &error) != 0) {
        assert_non_null(error);
        return -1;
    }

    return 0;
}


static void
setter(void **state)
{
    sv_score_weights_t  w;

    sv_score_defaults(&w);

    assert_int_equal(set(&w, "accepted", 90), 0);
    assert_int_equal(w.reasons[SV_ACCEPTED], 90);
    assert_int_equal(set(&w, "greylisted", 0), 0);
    assert_int_equal(w.reasons[SV_GREYLISTED], 0);
    assert_int_equal(set(&w, "disposable", 100), 0);
    assert_int_equal(w.factors[SV_SCORE_DISPOSABLE], 100);
    assert_int_equal(set(&w, "tls", 1), 0);
    assert_int_equal(w.factors[SV_SCORE_TLS], 1);

    assert_int_equal(set(&w, "accepted", -1), -1);
    assert_int_equal(set(&w, "accepted", 101), -1);
    assert_int_equal(set(&w, "", 1), -1);
    assert_int_equal(set(&w, "none", 1), -1);
    assert_int_equal(set(&w, "accept", 1), -1);
    assert_int_equal(set(&w, "ACCEPTED", 1), -1);
    assert_int_equal(w.reasons[SV_ACCEPTED], 90);
}


/* each name once, and each can be set */

static void
named(void **state)
{
    unsigned             i, j, n, value, other;
    const char          *name, *group, *again;
    sv_score_weights_t   w;

    sv_score_defaults(&w);

    for (n = 0; sv_score_weight(&w, n, &value, &group); n++) { /* void */ }

    assert_int_equal(n, SV_REASON_MAX - 4 + SV_SCORE_MAX_FACTORS);

    for (i = 0; i < n; i++) {
        name = sv_score_weight(&w, i, &value, &group);
        assert_true(value <= SV_SCORE_MAX);
        assert_int_equal(set(&w, name, 42), 0);
        assert_string_equal(sv_score_weight(&w, i, &value, &group), name);
        assert_int_equal(value, 42);

        for (j = 0; j < i; j++) {
            again = sv_score_weight(&w, j, &other, &group);
            assert_string_not_equal(name, again);
        }
    }
}


static void
order(void **state)
{
    unsigned             i;
    char                 buf[160];
    sv_score_weights_t   w;

    static const struct {
        const char  *name;
        long         value;
        const char  *other;     /* in the message; NULL: fine */
    } list[] = {
        { "accepted", 69, "accepted_untested" },
        { "accepted_untested", 54, "catch_all" },
        { "accepted_untested", 59, "unverifiable_provider" },
        { "unverifiable_provider", 59, "not_probed" },
        { "catch_all", 29, "mailbox_full" },
        { "greylisted", 97, "accepted" },
        { "mailbox_not_found", 10, NULL },
        { "mailbox_not_found", 11, "forbidden_target" },
        { "mailbox_full", 0, "undeliverable" },
        { "new_domain", 4, "young_domain" },
        { "spam_trap", 0, NULL },
        { "tls", 100, NULL }
    };

    for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        sv_score_defaults(&w);
        assert_int_equal(set(&w, list[i].name, list[i].value), 0);

        if (list[i].other == NULL) {
            assert_null(sv_score_check(&w, buf, sizeof(buf)));
            continue;
        }

        assert_ptr_equal(sv_score_check(&w, buf, sizeof(buf)), buf);
        assert_non_null(strstr(buf, list[i].other));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(documented),
        cmocka_unit_test(monotone),
        cmocka_unit_test(monotone_any),
        cmocka_unit_test(null_is_no),
        cmocka_unit_test(setter),
        cmocka_unit_test(named),
        cmocka_unit_test(order)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
