
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sv_lists.h"


static sv_lists_t  *lists;


static void
load(sv_list_e kind, const char *text)
{
    sv_rules_error_t  error;

    if (sv_lists_load(lists, kind, text, strlen(text), &error) != 0) {
        fail_msg("line %u: %s", error.line, error.message);
    }
}


static void
refused(sv_list_e kind, const char *text, unsigned line)
{
    size_t            n;
    sv_rules_error_t  error;

    memset(&error, 0xa5, sizeof(error));
    n = sv_lists_count(lists, kind);

    if (sv_lists_load(lists, kind, text, strlen(text), &error) == 0) {
        fail_msg("accepted: %s", text);
    }

    assert_int_equal(error.line, line);
    assert_non_null(memchr(error.message, '\0', sizeof(error.message)));
    assert_int_not_equal(error.message[0], '\0');

    assert_int_equal(sv_lists_count(lists, kind), n);
}


static void
run(const char *address, sv_checks_t *checks)
{
    sv_address_t  addr;

    if (sv_address_parse((unsigned char *) address, strlen(address), &addr)
        == SV_ADDRESS_INVALID)
    {
        fail_msg("%s: %s", address, addr.error);
    }

    sv_checks_run(lists, &addr, checks);
}


static signed char
trap(const char *address)
{
    sv_checks_t  checks;

    run(address, &checks);

    return checks.spam_trap;
}


static signed char
disposable(const char *address)
{
    sv_checks_t  checks;

    run(address, &checks);

    return checks.disposable;
}


static void
compiled_in(void **state)
{
    assert_true(sv_lists_count(lists, SV_LIST_DISPOSABLE) > 5000);
    assert_true(sv_lists_count(lists, SV_LIST_FREE) > 1000);
    assert_true(sv_lists_count(lists, SV_LIST_ALIAS) > 10);
    assert_true(sv_lists_count(lists, SV_LIST_ROLE) > 200);
    assert_int_equal(sv_lists_count(lists, SV_LIST_SPAM_TRAP), 0);
    assert_int_equal(sv_lists_count(lists, SV_LIST_ABUSE), 0);
}


static void
names(void **state)
{
    assert_int_equal(sv_list_by_name("disposable", 10), SV_LIST_DISPOSABLE);
    assert_int_equal(sv_list_by_name("free", 4), SV_LIST_FREE);
    assert_int_equal(sv_list_by_name("alias", 5), SV_LIST_ALIAS);
    assert_int_equal(sv_list_by_name("role", 4), SV_LIST_ROLE);
    assert_int_equal(sv_list_by_name("spam_trap", 9), SV_LIST_SPAM_TRAP);
    assert_int_equal(sv_list_by_name("abuse", 5), SV_LIST_ABUSE);
    assert_int_equal(sv_list_by_name("abuse", 4), SV_LIST_MAX);
    assert_int_equal(sv_list_by_name("", 0), SV_LIST_MAX);
}


static void
format(void **state)
{
    load(SV_LIST_DISPOSABLE,
         "\xef\xbb\xbf# a comment\r\n"
         "\r\n"
         "  Throw.Example  \t# why\r\n"
         "*.stars.example\n"
         ".dots.example\n"
         "@at.example\n"
         "last.example.\n"
         "throw.example\n"
         "m\xc3\xbcll.example\n"
         "end.example");

    assert_int_equal(sv_lists_count(lists, SV_LIST_DISPOSABLE), 7);

    assert_int_equal(disposable("a@throw.example"), 1);
    assert_int_equal(disposable("a@THROW.example"), 1);
    assert_int_equal(disposable("a@sub.sub.throw.example"), 1);
    assert_int_equal(disposable("a@nothrow.example"), 0);
    assert_int_equal(disposable("a@stars.example"), 1);
    assert_int_equal(disposable("a@x.stars.example"), 1);
    assert_int_equal(disposable("a@dots.example"), 1);
    assert_int_equal(disposable("a@at.example"), 1);
    assert_int_equal(disposable("a@last.example"), 1);
    assert_int_equal(disposable("a@m\xc3\xbcll.example"), 1);
    assert_int_equal(disposable("a@xn--mll-hoa.example"), 1);
    assert_int_equal(disposable("a@end.example"), 1);
    assert_int_equal(disposable("a@example"
                                ".com"), 0);

    /* the file is instead of what is compiled in, and what it says holds */

    assert_int_equal(disposable("a@mailinator.com"), 0);

    load(SV_LIST_DISPOSABLE, "gmail.com\n");
    assert_int_equal(disposable("a@gmail.com"), 1);

    load(SV_LIST_DISPOSABLE, "");
    assert_int_equal(sv_lists_count(lists, SV_LIST_DISPOSABLE), 0);
    assert_int_equal(disposable("a@gmail.com"), 0);
}


static void
mistakes(void **state)
{
    char  line[2048];

    refused(SV_LIST_DISPOSABLE, "a.example\nnot a domain\n", 2);
    refused(SV_LIST_DISPOSABLE, "a.example\n\n# x\njohn@a.example\n", 4);
    refused(SV_LIST_DISPOSABLE, "localhost\n", 1);
    refused(SV_LIST_FREE, "a..example\n", 1);
    refused(SV_LIST_FREE, "*\n", 1);
    refused(SV_LIST_FREE, "@\n", 1);
    refused(SV_LIST_FREE, ".\n", 1);
    refused(SV_LIST_ALIAS, "-\n", 1);
    refused(SV_LIST_ALIAS, "\xff.example\n", 1);
    refused(SV_LIST_ROLE, "ok\nno@example.com\n", 2);
    refused(SV_LIST_ROLE, "two words\n", 1);
    refused(SV_LIST_ROLE, "ok\n...\n", 2);
    refused(SV_LIST_SPAM_TRAP, "john@\n", 1);
    refused(SV_LIST_SPAM_TRAP, "a@b@c.example\n", 1);
    refused(SV_LIST_SPAM_TRAP, "@@c.example\n", 1);
    refused(SV_LIST_ABUSE, "x@[192.0.2.1]\n", 1);
    refused(SV_LIST_MAX, "a.example\n", 0);

    memset(line, 'a', sizeof(line));
    line[sizeof(line) - 1] = '\0';

    refused(SV_LIST_DISPOSABLE, line, 1);
    refused(SV_LIST_ROLE, line, 1);
    refused(SV_LIST_ABUSE, line, 1);
}


static void
roles(void **state)
{
    sv_checks_t  checks;

    load(SV_LIST_ROLE, "Front-Desk\nit\nqueue7\n");

    run("frontdesk@example.com", &checks);
    assert_int_equal(checks.role_account, 1);
    run("FRONT_DESK2+x@example.com", &checks);
    assert_int_equal(checks.role_account, 1);
    run("it@example.com", &checks);
    assert_int_equal(checks.role_account, 1);
    run("i.t@example.com", &checks);
    assert_int_equal(checks.role_account, 0);
    run("queue@example.com", &checks);
    assert_int_equal(checks.role_account, 1);
    run("info@example.com", &checks);
    assert_int_equal(checks.role_account, 0);
}


static void
traps(void **state)
{
    assert_int_equal(trap("trap@example.com"), -1);

    load(SV_LIST_SPAM_TRAP,
         "Trap@Example.com # pristine\n"
         "tagged+x@example.com\n"
         "j.doe@googlemail.com\n"
         "a#b@example.com\n"
         "#c@example.com\n"
         "@all.example\n"
         "more.example\n"
         "\"q t\"@example.com\n");

    assert_int_equal(sv_lists_count(lists, SV_LIST_SPAM_TRAP), 7);

    assert_int_equal(trap("trap@example.com"), 1);
    assert_int_equal(trap("TRAP@example.com"), 1);
    assert_int_equal(trap("trap+tag@example.com"), 1);
    assert_int_equal(trap("tra.p@example.com"), 0);
    assert_int_equal(trap("trap@sub.example.com"), 0);
    assert_int_equal(trap("atrap@example.com"), 0);

    assert_int_equal(trap("tagged+x@example.com"), 1);
    assert_int_equal(trap("tagged@example.com"), 0);
    assert_int_equal(trap("tagged+y@example.com"), 0);

    assert_int_equal(trap("jdoe@gmail.com"), 1);
    assert_int_equal(trap("J.D.O.E+x@gmail.com"), 1);
    assert_int_equal(trap("j.doe@googlemail.com"), 1);

    assert_int_equal(trap("a#b@example.com"), 1);
    assert_int_equal(trap("c@example.com"), 0);
    assert_int_equal(trap("x@all.example"), 1);
    assert_int_equal(trap("x@more.example"), 1);
    assert_int_equal(trap("x@mx.more.example"), 1);
    assert_int_equal(trap("\"q t\"@example.com"), 1);
}


static void
abuse(void **state)
{
    sv_checks_t  checks;

    run("john@example.com", &checks);
    assert_int_equal(checks.abuse, -1);
    run("asdfgh@example.com", &checks);
    assert_int_equal(checks.abuse, 1);

    load(SV_LIST_ABUSE, "john@example.com\n");

    run("john@example.com", &checks);
    assert_int_equal(checks.abuse, 1);
    assert_int_equal(checks.abuse_patterns, 0);
    run("jane@example.com", &checks);
    assert_int_equal(checks.abuse, 0);
    run("asdfgh@example.com", &checks);
    assert_int_equal(checks.abuse, 1);
}


static void
many_labels(void **state)
{
    int            i;
    char           text[SV_ADDRESS_MAX + 1];
    sv_suffixes_t  suffixes;

    strcpy(text, "x@");

    for (i = 0; i < 110; i++) {
        strcat(text, "a.");
    }

    strcat(text, "mailinator.com");

    assert_int_equal(disposable(text), 1);

    sv_lists_suffixes(lists, (unsigned char *) text + 2, strlen(text) - 2,
                      &suffixes);
    assert_int_equal(suffixes.n, SV_SUFFIXES);
    assert_true(suffixes.hashes[0]
                == sv_lists_hash(lists, (unsigned char *) text + 2,
                                 strlen(text) - 2));
    assert_true(suffixes.hashes[SV_SUFFIXES - 1]
                == sv_lists_hash(lists, (unsigned char *) "com", 3));
}


/* SipHash-1-3, checked against another implementation */

static void
hash(void **state)
{
    unsigned       i;
    unsigned char  data[64];

    static const struct {
        size_t    len;
        uint64_t  hash;
    } vectors[] = {
        { 0, 0xabac0158050fc4dcULL },
        { 7, 0xd3927d989bb11140ULL },
        { 8, 0x369095118d299a8eULL },
        { 15, 0xd320d86d2a519956ULL },
        { 63, 0x9d199062b7bbb3a8ULL }
    };

    for (i = 0; i < sizeof(data); i++) {
        data[i] = (unsigned char) i;
    }

    lists->key[0] = 0x0706050403020100ULL;
    lists->key[1] = 0x0f0e0d0c0b0a0908ULL;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        assert_true(sv_lists_hash(lists, data, vectors[i].len)
                    == vectors[i].hash);
    }
}


/* an operator's list of a million: loaded at once, 8 bytes an entry */

static void
million(void **state)
{
    char     *text, *p;
    size_t    i, n;

    n = 1000000;
    text = malloc(n * 32);
    assert_non_null(text);

    for (p = text, i = 0; i < n; i++) {
        p += sprintf(p, "trap%zu@host%zu.example\n", i, i % 1009);
    }

    load(SV_LIST_SPAM_TRAP, text);
    free(text);

    assert_int_equal(sv_lists_count(lists, SV_LIST_SPAM_TRAP), n);
    assert_int_equal(sizeof(lists->sets[0].entries[0]), 8);

    assert_int_equal(trap("trap0@host0.example"), 1);
    assert_int_equal(trap("trap999999@host80.example"), 1);
    assert_int_equal(trap("trap999999@host81.example"), 0);
    assert_int_equal(trap("trap1000000@host81.example"), 0);
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


#define unit(f)  cmocka_unit_test_setup_teardown(f, setup, teardown)


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        unit(compiled_in),
        unit(names),
        unit(format),
        unit(mistakes),
        unit(roles),
        unit(traps),
        unit(abuse),
        unit(many_labels),
        unit(hash),
        unit(million)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
