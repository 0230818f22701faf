
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "sv_abuse.h"
#include "sv_lists.h"


typedef struct {
    const char   *address;
    signed char   disposable;
    signed char   free_provider;
    signed char   alias_service;
    signed char   role_account;
    signed char   gibberish;
    const char   *did_you_mean;
} expected_t;


static sv_lists_t  *lists;


static void
run(const char *address, sv_checks_t *checks)
{
    sv_address_t  addr;

    if (sv_address_parse((unsigned char *) address, strlen(address), &addr)
        == SV_ADDRESS_INVALID)
    {
        fail_msg("%s: %s", address, addr.error);
    }

    memset(checks, 0xa5, sizeof(sv_checks_t));
    sv_checks_run(lists, &addr, checks);
}


static void
same(const char *address, const char *what, int got, int expected)
{
    if (got != expected) {
        fail_msg("%s: %s %d instead of %d", address, what, got, expected);
    }
}


static void
addresses(void **state)
{
    sv_checks_t        checks;
    const expected_t  *e;

    static const expected_t  list[] = {
        { "john@example.com", 0, 0, 0, 0, 0, "" },
        { "john@gmail.com", 0, 1, 0, 0, 0, "" },
        { "john@gmx.de", 0, 1, 0, 0, 0, "" },
        { "john@icloud.com", 0, 1, 0, 0, 0, "" },
        { "john@yahoo.co.uk", 0, 1, 0, 0, 0, "" },

        { "john@mailinator.com", 1, 0, 0, 0, 0, "" },
        { "john@x.mailinator.com", 1, 0, 0, 0, 0, "" },
        { "john@notmailinator.example", 0, 0, 0, 0, 0, "" },
        { "john@yopmail.com", 1, 0, 0, 0, 0, "" },
        { "info@guerrillamail.com", 1, 0, 0, 1, 0, "" },

        { "john@duck.com", 0, 0, 1, 0, 0, "" },
        { "xkqzjvwp@duck.com", 0, 0, 1, 0, 0, "" },
        { "x.abc123@simplelogin.com", 0, 0, 1, 0, 0, "" },
        { "shop@john.anonaddy.com", 0, 0, 1, 0, 0, "" },
        { "a1b2c3d4e5@mozmail.com", 0, 0, 1, 0, 0, "" },
        { "d6xw7rqk2v@privaterelay.appleid.com", 0, 0, 1, 0, 0, "" },
        { "john@appleid.com", 0, 0, 0, 0, 0, "" },

        { "postmaster@example.com", 0, 0, 0, 1, 0, "" },
        { "Abuse@example.com", 0, 0, 0, 1, 0, "" },
        { "no-reply@example.com", 0, 0, 0, 1, 0, "" },
        { "NoReply+bounce@example.com", 0, 0, 0, 1, 0, "" },
        { "sales2@example.com", 0, 0, 0, 1, 0, "" },
        { "kontakt@example.com", 0, 0, 0, 1, 0, "" },
        { "h.r@example.com", 0, 0, 0, 0, 0, "" },
        { "paris@example.com", 0, 0, 0, 0, 0, "" },
        { "per@example.com", 0, 0, 0, 0, 0, "" },
        { "john.sales@example.com", 0, 0, 0, 0, 0, "" },
        { "\"info\"@example.com", 0, 0, 0, 1, 0, "" },

        { "xkqzjvwp@example.com", 0, 0, 0, 0, 1, "" },
        { "j\xc3\xb6rg@example.com", 0, 0, 0, 0, -1, "" },
        { "\"a b\"@example.com", 0, 0, 0, 0, -1, "" },

        { "John+x@gmial.com", 0, 0, 0, 0, 0, "John+x@gmail.com" },
        { "john@hotmial.fr", 0, 0, 0, 0, 0, "john@hotmail.fr" },
        { "\"a b\"@gmail.con", 0, 0, 0, 0, -1, "\"a b\"@gmail.com" },
        { "john@[192.0.2.1]", 0, 0, 0, 0, 0, "" },
        { NULL, 0, 0, 0, 0, 0, NULL }
    };

    for (e = list; e->address; e++) {
        run(e->address, &checks);

        same(e->address, "disposable", checks.disposable, e->disposable);
        same(e->address, "free", checks.free_provider, e->free_provider);
        same(e->address, "alias", checks.alias_service, e->alias_service);
        same(e->address, "role", checks.role_account, e->role_account);
        same(e->address, "gibberish", checks.gibberish, e->gibberish);
        same(e->address, "spam trap", checks.spam_trap, -1);
        same(e->address, "typo", checks.typo, *e->did_you_mean != '\0');

        if (checks.did_you_mean.len != strlen(e->did_you_mean)
            || memcmp(checks.did_you_mean.data, e->did_you_mean,
                      checks.did_you_mean.len) != 0)
        {
            fail_msg("%s: \"%.*s\"", e->address, (int) checks.did_you_mean.len,
                     (char *) checks.did_you_mean.data);
        }
    }
}


/* no entry of one list is contradicted by another */

static void
consistent(void **state)
{
    size_t  i;

    for (i = 0; i < lists->sets[SV_LIST_DISPOSABLE].n; i++) {
        uint64_t  h = lists->sets[SV_LIST_DISPOSABLE].entries[i];

        assert_false(sv_lists_has_hash(lists, SV_LIST_FREE, h));
        assert_false(sv_lists_has_hash(lists, SV_LIST_ALIAS, h));
        assert_false(sv_lists_has_hash(lists, SV_LIST_KNOWN, h));
    }
}


static void
patterns(void **state)
{
    sv_checks_t  checks;
    unsigned     i;

    static const struct {
        const char  *address;
        unsigned     patterns;
        int          abuse;
    } list[] = {
        { "john@example.com", 0, -1 },
        { "john.doe1985@example.com", 0, -1 },
        { "john12@example.com", 0, -1 },
        { "john1234@example.com", 0, -1 },
        { "john+news@example.com", 0, -1 },
        { "john+a+b@example.com", 0, -1 },
        { "a+b+c+d@example.com", SV_ABUSE_MANY_TAGS, 1 },
        { "+a+b+c@example.com", 0, -1 },

        { "john+17@example.com", SV_ABUSE_COUNTED_TAG, -1 },
        { "john+a17@example.com", 0, -1 },
        { "john48213@example.com", SV_ABUSE_COUNTED_DIGITS, -1 },
        { "john48213+17@example.com",
          SV_ABUSE_COUNTED_DIGITS|SV_ABUSE_COUNTED_TAG, 1 },
        { "john150885@example.com", 0, -1 },
        { "john19850815@example.com", 0, -1 },
        { "john15081985@example.com", 0, -1 },
        { "john99887766@example.com", SV_ABUSE_COUNTED_DIGITS, -1 },
        { "715508213@example.com", 0, -1 },
        { "+4915117738205@example.com", 0, -1 },

        { "j.o.h.n.d@gmail.com", SV_ABUSE_MANY_DOTS, 1 },
        { "j.o.h.n.d@example.com", 0, -1 },
        { "j.r.r.tolkien@gmail.com", 0, -1 },
        { "anna.maria.von.der.leyen@gmail.com", 0, -1 },

        { "asdf@example.com", SV_ABUSE_KEYBOARD_RUN, 1 },
        { "asdfgh@example.com", SV_ABUSE_KEYBOARD_RUN, 1 },
        { "QWERTY@example.com", SV_ABUSE_KEYBOARD_RUN, 1 },
        { "qwertz1@example.com", SV_ABUSE_KEYBOARD_RUN, 1 },
        { "lkjhg@example.com", SV_ABUSE_KEYBOARD_RUN, 1 },
        { "1q2w3e4r@example.com", SV_ABUSE_KEYBOARD_RUN, 1 },
        { "123456@example.com", SV_ABUSE_KEYBOARD_RUN, 1 },
        { "abcdef@example.com", SV_ABUSE_KEYBOARD_RUN, 1 },
        { "trew@example.com", 0, -1 },
        { "werther@example.com", 0, -1 },
        { "qwertykeyboards@example.com", 0, -1 },
        { "1234@example.com", 0, -1 },
        { "abc@example.com", 0, -1 },
        { "deflorian@example.com", 0, -1 },
        { "yteri@example.com", 0, -1 },

        { "aaaaaa@example.com", SV_ABUSE_REPEATS, 1 },
        { "a.a.a.a.a@example.com", SV_ABUSE_REPEATS, 1 },
        { "aaa@example.com", 0, -1 },
        { "johnxxxxx@example.com", SV_ABUSE_REPEATS, 1 },
        { "johnnyxxxxx@example.com", 0, -1 },
        { "\"asdfgh\"@example.com", SV_ABUSE_KEYBOARD_RUN, 1 },
        { "\"asdf gh\"@example.com", 0, -1 }
    };

    for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
        run(list[i].address, &checks);

        same(list[i].address, "patterns", (int) checks.abuse_patterns,
             (int) list[i].patterns);
        same(list[i].address, "abuse", checks.abuse, list[i].abuse);
    }
}


static void
enough(void **state)
{
    assert_false(sv_abuse_enough(0));
    assert_false(sv_abuse_enough(SV_ABUSE_COUNTED_TAG));
    assert_false(sv_abuse_enough(SV_ABUSE_COUNTED_DIGITS));
    assert_true(sv_abuse_enough(SV_ABUSE_COUNTED_DIGITS
                                |SV_ABUSE_COUNTED_TAG));
    assert_true(sv_abuse_enough(SV_ABUSE_REPEATS));
    assert_true(sv_abuse_enough(SV_ABUSE_MANY_DOTS|SV_ABUSE_COUNTED_TAG));
}


static int
setup(void **state)
{
    lists = sv_lists_default();

    return lists == NULL;
}


static int
teardown(void **state)
{
    sv_lists_free(lists);

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(consistent),
        cmocka_unit_test(patterns),
        cmocka_unit_test(enough)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
