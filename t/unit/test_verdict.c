
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "sv_verdict.h"


static void
reasons_round_trip(void **state)
{
    int                      i;
    const sv_reason_info_t  *info;

    for (i = SV_REASON_NONE; i < SV_REASON_MAX; i++) {
        info = sv_reason_info(i);

        assert_non_null(info);
        assert_non_null(info->name);
        assert_true(strspn(info->name, "abcdefghijklmnopqrstuvwxyz_0123456789")
                    == strlen(info->name));

        assert_int_equal(sv_reason_by_name(info->name, strlen(info->name)), i);
    }

    assert_int_equal(sv_reason_by_name("", 0), SV_REASON_NONE);
    assert_int_equal(sv_reason_by_name("accept", 6), SV_REASON_NONE);
    assert_int_equal(sv_reason_by_name("accepted_", 9), SV_REASON_NONE);
    assert_int_equal(sv_reason_by_name("Accepted", 8), SV_REASON_NONE);

    /* the length counts, not a NUL */
    assert_int_equal(sv_reason_by_name("acceptedX", 8), SV_ACCEPTED);
    assert_int_equal(sv_reason_by_name("accepted_untested", 17),
                     SV_ACCEPTED_UNTESTED);
}


static void
names_are_unique(void **state)
{
    int  i, j;

    for (i = SV_REASON_NONE; i < SV_REASON_MAX; i++) {
        for (j = i + 1; j < SV_REASON_MAX; j++) {
            assert_string_not_equal(sv_reason_info(i)->name,
                                    sv_reason_info(j)->name);
        }
    }
}


/* the rules that hold of every verdict, whatever is added */

static void
verdicts_are_consistent(void **state)
{
    int                      i;
    const sv_reason_info_t  *info;

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {
        info = sv_reason_info(i);

        /* not known is never confirmed, and the other way round */
        assert_int_equal(info->estimated, info->status == SV_UNKNOWN);

        /* to ask again later makes sense only where nothing was found out */
        if (info->retry_after) {
            assert_int_equal(info->status, SV_UNKNOWN);
        }

        if (info->status == SV_UNDELIVERABLE) {
            assert_true(info->blame == SV_BLAME_MAILBOX
                        || info->blame == SV_BLAME_DOMAIN);
        }

        if (info->blame == SV_BLAME_SENDER || info->blame == SV_BLAME_NETWORK
            || info->blame == SV_BLAME_LOCAL)
        {
            assert_int_equal(info->status, SV_UNKNOWN);
        }

        if (info->status == SV_DELIVERABLE) {
            assert_int_equal(i, SV_ACCEPTED);
        }
    }
}


static void
statuses_of_the_design(void **state)
{
    assert_int_equal(sv_reason_info(SV_MAILBOX_NOT_FOUND)->status,
                     SV_UNDELIVERABLE);
    assert_int_equal(sv_reason_info(SV_MAILBOX_FULL)->status, SV_RISKY);
    assert_int_equal(sv_reason_info(SV_CATCH_ALL)->status, SV_RISKY);
    assert_int_equal(sv_reason_info(SV_REJECTED)->status, SV_UNKNOWN);
    assert_int_equal(sv_reason_info(SV_DNS_ERROR)->status, SV_UNKNOWN);
    assert_int_equal(sv_reason_info(SV_NULL_MX)->status, SV_UNDELIVERABLE);
    assert_int_equal(sv_reason_info(SV_UNSUPPORTED_ADDRESS)->status,
                     SV_UNKNOWN);

    assert_true(sv_reason_info(SV_GREYLISTED)->retry_after > 0);
    assert_true(sv_reason_info(SV_PENDING)->retry_after > 0);
    assert_int_equal(sv_reason_info(SV_SENDER_BLOCKED)->blame,
                     SV_BLAME_SENDER);
}


/* what the columns of a row may say together, whatever is added */

static void
rows_are_consistent(void **state)
{
    int                      i;
    const sv_reason_info_t  *info;

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {
        info = sv_reason_info(i);

        assert_true(strlen(info->help) > 5);
        assert_int_not_equal(info->help[strlen(info->help) - 1], '.');

        /* no 4xx, and no 2xx, makes an address undeliverable */
        if (info->codes && info->status == SV_UNDELIVERABLE) {
            assert_string_equal(info->codes, "5");
        }

        /* only a reply to RCPT tells of the mailbox, and it tells nothing of
           the host */
        if (sv_reason_is(i, SV_IS_MAILBOX)) {
            assert_non_null(info->codes);
            assert_int_equal(info->host, SV_HOST_NOTHING);
            assert_int_equal(info->blame, SV_BLAME_MAILBOX);
        }

        if (info->host != SV_HOST_CODE
            || sv_reason_is(i, SV_IS_TIMED|SV_IS_OF_SENDER))
        {
            assert_non_null(info->codes);
        }

        /* our own limits are no result */
        if (info->blame == SV_BLAME_LOCAL) {
            assert_int_equal(info->cache, SV_CACHE_NEVER);
        }

        /* a result is not cached for longer than the time that it names */
        if (info->retry_after) {
            assert_true(info->cache <= (int) info->retry_after);
        }

        /* whoever is to ask again is told when */
        if (info->again != SV_AGAIN_NEVER) {
            assert_true(info->retry_after > 0);
        }

        if (info->charge == SV_CHARGE_NEVER) {
            assert_int_equal(info->cache, SV_CACHE_NEVER);
        }

        if (info->status == SV_UNDELIVERABLE) {
            assert_int_equal(info->score, 0);

        } else if (info->score == SV_SCORE_NONE) {
            assert_true(sv_reason_is(i, SV_IS_ACCEPTED));

        } else {
            assert_true(info->score > 0 && info->score <= 100);
        }
    }
}


/* what follows from a reason, where one might take one for another */

static void
rows_of_the_design(void **state)
{
    assert_int_equal(sv_reason_info(SV_ACCEPTED)->exists, 1);
    assert_int_equal(sv_reason_info(SV_MAILBOX_FULL)->exists, 1);
    assert_int_equal(sv_reason_info(SV_MAILBOX_NOT_FOUND)->exists, 0);
    assert_int_equal(sv_reason_info(SV_MAILBOX_DISABLED)->exists, -1);
    assert_int_equal(sv_reason_info(SV_CATCH_ALL)->exists, -1);

    assert_int_equal(sv_reason_info(SV_INTERRUPTED)->charge, SV_CHARGE_NEVER);
    assert_int_equal(sv_reason_info(SV_PENDING)->charge, SV_CHARGE_PROBE);
    assert_int_equal(sv_reason_info(SV_NOT_PROBED)->charge, SV_CHARGE_DNS);

    assert_int_equal(sv_reason_info(SV_GREYLISTED)->again, SV_AGAIN_SOON);
    assert_int_equal(sv_reason_info(SV_SERVER_ERROR)->again, SV_AGAIN_TOLD);
    assert_int_equal(sv_reason_info(SV_PENDING)->again, SV_AGAIN_LATER);
    assert_int_equal(sv_reason_info(SV_TIMEOUT)->again, SV_AGAIN_NEVER);

    assert_true(sv_reason_is(SV_NOT_PROBED, SV_IS_OVERRULED));
    assert_false(sv_reason_is(SV_ROLE_ACCOUNT, SV_IS_OVERRULED));
    assert_true(sv_reason_is(SV_MAILBOX_FULL, SV_IS_TIMED));
    assert_false(sv_reason_is(SV_REJECTED, SV_IS_OF_SENDER));
}


static void
words(void **state)
{
    int          i;
    const char  *name;

    assert_string_equal(sv_status_name(SV_UNKNOWN), "unknown");
    assert_string_equal(sv_status_name(SV_DELIVERABLE), "deliverable");
    assert_string_equal(sv_status_name(SV_RISKY), "risky");
    assert_string_equal(sv_status_name(SV_UNDELIVERABLE), "undeliverable");

    assert_null(sv_blame_name(SV_BLAME_NONE));
    assert_string_equal(sv_blame_name(SV_BLAME_MAILBOX), "mailbox");
    assert_string_equal(sv_blame_name(SV_BLAME_DOMAIN), "domain");
    assert_string_equal(sv_blame_name(SV_BLAME_SENDER), "sender");
    assert_string_equal(sv_blame_name(SV_BLAME_POLICY), "policy");
    assert_string_equal(sv_blame_name(SV_BLAME_NETWORK), "network");
    assert_string_equal(sv_blame_name(SV_BLAME_LOCAL), "local");

    assert_null(sv_stage_name(SV_STAGE_NONE));

    for (i = SV_STAGE_DNS; i <= SV_STAGE_RCPT; i++) {
        name = sv_stage_name(i);
        assert_int_equal(sv_stage_by_name(name, strlen(name)), i);
    }

    assert_int_equal(sv_stage_by_name("data", 4), SV_STAGE_NONE);
    assert_int_equal(sv_stage_by_name("", 0), SV_STAGE_NONE);
    assert_string_equal(sv_stage_name(SV_STAGE_RCPT), "rcpt");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(reasons_round_trip),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(verdicts_are_consistent),
        cmocka_unit_test(statuses_of_the_design),
        cmocka_unit_test(rows_are_consistent),
        cmocka_unit_test(rows_of_the_design),
        cmocka_unit_test(words)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
