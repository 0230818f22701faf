
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_redact.h"


#define SAME   "\xff"
#define LOWER  "\xfe"
#define UPPER  "\xfd"


static void
redacted(const char *name, const char *text, const char *expected)
{
    size_t         len;
    char           buf[512];
    sv_str_t       local;

    local.data = (unsigned char *) name;
    local.len = strlen(name);

    len = sv_redact((unsigned char *) buf, (unsigned char *) text,
                    strlen(text), &local);

    buf[len] = '\0';

    assert_string_equal(buf, expected);
}


/* and back again */

static void
kept(const char *name, const char *text, const char *expected)
{
    size_t    len;
    char      buf[512], back[512];
    sv_str_t  local;

    redacted(name, text, expected);

    local.data = (unsigned char *) name;
    local.len = strlen(name);

    len = sv_redact((unsigned char *) buf, (unsigned char *) text,
                    strlen(text), &local);
    len = sv_redact_undo((unsigned char *) back, sizeof(back) - 1,
                         (unsigned char *) buf, len, &local);
    back[len] = '\0';

    assert_string_equal(back, text);
}


static void
the_address(void **state)
{
    kept("john", "", "");
    kept("john", "2.1.5 Ok", "2.1.5 Ok");
    kept("john", "<john@ok.test>: Recipient address rejected: User unknown",
         "<" SAME "@ok.test>: Recipient address rejected: User unknown");
    kept("john.doe", "john.doe... User unknown", SAME "... User unknown");
    kept("John.Doe", "<john.doe@ok.test> <JOHN.DOE> <John.Doe>",
         "<" LOWER "@ok.test> <" UPPER "> <" SAME ">");
    kept("john+news", "no john+news here", "no " SAME " here");
    kept("john", "mailbox john does not exist, john",
         "mailbox " SAME " does not exist, " SAME);
    kept("john", "https://x.test/?e=john%40ok.test",
         "https://x.test/?e=" SAME "%40ok.test");
}


static void
a_word_only(void **state)
{
    kept("a", "this is a test of a", "this is " SAME " test of " SAME);
    kept("john", "johnny johns xjohn j", "johnny johns xjohn j");
    kept("ok", "ok okay ok.", SAME " okay " SAME ".");
    kept("-x-", "a-x-b", "a" SAME "b");
}


static void
quoted(void **state)
{
    kept("\"john doe\"", "<\"john doe\"@ok.test> unknown: john doe",
         "<\"" SAME "\"@ok.test> unknown: " SAME);
    kept("\"a\\\"b\"", "what a\"b is", "what " SAME " is");
    kept("\"\"", "<\"\"@ok.test>", "<\"\"@ok.test>");
}


static void
utf8(void **state)
{
    kept("j\xc3\xb6rg", "<j\xc3\xb6rg@ok.test>: unbekannt",
         "<" SAME "@ok.test>: unbekannt");
    kept("j", "j\xc3\xb6rg j", "j\xc3\xb6rg " SAME);
}


static void
encoded(void **state)
{
    redacted("john+news", "?e=john%2Bnews%40ok.test", "?e=" SAME
             "%40ok.test");
    redacted("john+news", "rfc822;john+2Bnews", "rfc822;" SAME);
    redacted("a+2bc", "a+2bc a%2B2bc", SAME " " SAME);
    redacted("john", "J%4FHN", SAME);
    redacted("jOhn", "JOhn", SAME);                 /* its case is lost */
}


static void
others(void **state)
{
    redacted("john", "<johnny@real.test>: unknown", "<*@real.test>: unknown");
    redacted("john", "x john.doe@a.test y", "x *@a.test y");
    redacted("john", "SRS0=x=a.test=johnny@b.test", "SRS0=x=a.test=*@b.test");
    redacted("john", "old-john@a.test", "*@a.test");
    redacted("john", "ask postmaster@a.test, a%40b.test",
             "ask *@a.test, *%40b.test");
    redacted("john", "<\"some one\"@a.test>", "<\"*\"@a.test>");
    redacted("john", "@ at the start, @@", "@ at the start, @@");
    redacted("john", "one\" quote\"@x", "one\"*\"@x");
}


static void
cut(void **state)
{
    size_t          len;
    sv_str_t        local = sv_string("john");
    unsigned char   buf[8];
    const unsigned char  *text = (unsigned char *) "to " SAME " x";

    len = sv_redact_undo(buf, 6, text, 6, &local);
    assert_int_equal(len, 3);

    len = sv_redact_undo(buf, 8, text, 6, &local);
    assert_int_equal(len, 8);
    assert_memory_equal(buf, "to john ", 8);
}


/* for good: neither address nor domain is left */

static void
gone(const char *name, const char *text, const char *expected)
{
    size_t    len;
    char      buf[512];
    sv_str_t  local;

    local.data = (unsigned char *) name;
    local.len = strlen(name);

    len = sv_redact_all((unsigned char *) buf, (unsigned char *) text,
                        strlen(text), &local);
    buf[len] = '\0';

    assert_string_equal(buf, expected);
}


static void
for_good(void **state)
{
    (void) state;

    gone("john", "5.7.1 <john@ok.test>: blocked", "5.7.1 <*>: blocked");
    gone("john", "JOHN is blocked, john", "* is blocked, *");
    gone("john", "from jane.doe@other.test to john@ok.test", "from * to *");
    gone("john", "https://x.test/?e=john%40ok.test&c=1",
         "https://x.test/?e=*&c=1");
    gone("john", "\"john doe\"@ok.test refused", "\"*\" refused");
    gone("john", "see http://johnson.test/ @ 10:00",
         "see http://johnson.test/ @ 10:00");
    gone("j\303\266rg", "j\303\266rg@\303\266k.test no", "* no");
    gone("john", "@", "@");
    gone("john", "a@b@c.test", "*@*");
    gone("", "no such user", "no such user");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(for_good),
        cmocka_unit_test(the_address),
        cmocka_unit_test(a_word_only),
        cmocka_unit_test(quoted),
        cmocka_unit_test(utf8),
        cmocka_unit_test(encoded),
        cmocka_unit_test(others),
        cmocka_unit_test(cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
