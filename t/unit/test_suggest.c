
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "sv_suggest.h"


static sv_lists_t  *lists;


/* only what is refused is asked about, and only what is valid is told */

static const char *
meant(const char *text)
{
    size_t                len, n;
    sv_address_t          addr;
    unsigned char        *copy;
    static unsigned char  dst[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX + 1];

    len = strlen(text);

    /* sanitizers see a read past its end */

    copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, text, len);

    if (sv_address_parse(copy, len, &addr) != SV_ADDRESS_INVALID) {
        fail_msg("\"%s\" is valid", text);
    }

    n = sv_suggest(lists, copy, len, dst);
    dst[n] = '\0';

    free(copy);

    if (n && sv_address_parse(dst, n, &addr) != SV_ADDRESS_OK) {
        fail_msg("\"%s\" for \"%s\" is not valid", dst, text);
    }

    return (char *) dst;
}


static void
check(const char *(*list)[2])
{
    for ( /* void */ ; (*list)[0]; list++) {
        if (strcmp(meant((*list)[0]), (*list)[1]) != 0) {
            fail_msg("%s: \"%s\" instead of \"%s\"", (*list)[0],
                     meant((*list)[0]), (*list)[1]);
        }
    }
}


static void
none(const char **list)
{
    for ( /* void */ ; *list; list++) {
        if (*meant(*list) != '\0') {
            fail_msg("%s: \"%s\" instead of none", *list, meant(*list));
        }
    }
}


static void
test_dots_and_ats(void **state)
{
    static const char  *list[][2] = {
        { "john..doe@gmail.com", "john.doe@gmail.com" },
        { "john...doe@ok.test", "john.doe@ok.test" },
        { ".john@gmail.com", "john@gmail.com" },
        { "john.@gmail.com", "john@gmail.com" },
        { "john@.gmail.com", "john@gmail.com" },
        { "john@gmail..com", "john@gmail.com" },
        { "john@@gmail.com", "john@gmail.com" },
        { "john@@@ok.test", "john@ok.test" },
        { "john@ @ok.test", "john@ok.test" },
        { "john@gmail,com", "john@gmail.com" },
        { "john@mail.ok,test", "john@mail.ok.test" },
        { "john@gmail;com", "john@gmail.com" },
        { "john,doe@gmail.com", "john.doe@gmail.com" },
        { "john@@gmailcom", "john@gmail.com" },
        { "john@@gmial.com", "john@gmail.com" },
        { "john..doe@gmail,con", "john.doe@gmail.com" },
        { NULL, NULL }
    };

    check(list);
}


static void
test_ends(void **state)
{
    static const char  *list[][2] = {
        { "john@gmail.com.", "john@gmail.com" },
        { "john@gmail.com,", "john@gmail.com" },
        { "john@gmail.com;", "john@gmail.com" },
        { "john@gmail.com:", "john@gmail.com" },
        { "john@gmail.com !", "john@gmail.com" },
        { "john@gmail.com?", "john@gmail.com" },
        { "john@gmail.com)", "john@gmail.com" },
        { "john@gmail.com>", "john@gmail.com" },
        { "john@gmail.com/", "john@gmail.com" },
        { "john@gmail.com-", "john@gmail.com" },
        { ";john@gmail.com", "john@gmail.com" },
        { " john@gmail.com", "john@gmail.com" },
        { "john@gmail.com\t", "john@gmail.com" },
        { "john@gmail.com\r\n", "john@gmail.com" },
        { NULL, NULL }
    };

    check(list);
}


static void
test_wrapped(void **state)
{
    static const char  *list[][2] = {
        { "Alice <alice@x.com>", "alice@x.com" },
        { "\"Liddell, Alice\" <alice@x.com>", "alice@x.com" },
        { "Alice <alice@x.com>,", "alice@x.com" },
        { "Alice <mailto:alice@x.com>", "alice@x.com" },
        { "<alice@x.com>", "alice@x.com" },
        { "<alice@x.com", "alice@x.com" },
        { "(alice@x.com)", "alice@x.com" },
        { "[alice@x.com]", "alice@x.com" },
        { "\"alice@x.com\"", "alice@x.com" },
        { "'alice@x.com'", "alice@x.com" },
        { "`alice@x.com`", "alice@x.com" },
        { "\"alice@x.com", "alice@x.com" },
        { "alice@x.com\"", "alice@x.com" },
        { "\xe2\x80\x9c" "alice@x.com\xe2\x80\x9d", "alice@x.com" },
        { "\xe2\x80\x9e" "alice@x.com\xe2\x80\x9c", "alice@x.com" },
        { "\xe2\x80\x98" "alice@x.com\xe2\x80\x99", "alice@x.com" },
        { "\xc2\xab" "alice@x.com\xc2\xbb", "alice@x.com" },
        { "mailto:alice@x.com", "alice@x.com" },
        { "MAILTO: alice@x.com", "alice@x.com" },
        { "mailto:alice@x.com?subject=Hi", "alice@x.com" },
        { "SMTP:alice@x.com", "alice@x.com" },
        { "E-Mail: alice@x.com", "alice@x.com" },
        { NULL, NULL }
    };

    check(list);
}


static void
test_blanks(void **state)
{
    static const char  *list[][2] = {
        { "john @gmail.com", "john@gmail.com" },
        { "john@ gmail.com", "john@gmail.com" },
        { "john@gmail .com", "john@gmail.com" },
        { "john@gmail. com", "john@gmail.com" },
        { "john@gmail com", "john@gmail.com" },
        { "jo hn@gmail.com", "john@gmail.com" },
        { "john. doe@gmail.com", "john.doe@gmail.com" },
        { "john\xc2\xa0@gmail.com", "john@gmail.com" },
        { "john@gmail.com\xc2\xa0", "john@gmail.com" },
        { "\xe3\x80\x80john@gmail.com", "john@gmail.com" },
        { "jo\xe2\x80\x8bhn@gmail.com", "john@gmail.com" },
        { "\xef\xbb\xbfjohn@gmail.com", "john@gmail.com" },
        { "jo\xc2\xadhn@gmail.com", "john@gmail.com" },
        { "\xe2\x80\xaajohn@gmail.com\xe2\x80\xac", "john@gmail.com" },
        { "john\xef\xbc\xa0gmail.com", "john@gmail.com" },
        { "john\xef\xb9\xabgmail.com", "john@gmail.com" },
        { NULL, NULL }
    };

    check(list);
}


/* what is valid before the @ stays, whatever is wrong behind it */

static void
test_local_stays(void **state)
{
    static const char  *list[][2] = {
        { "\"john doe\"@ok.test.", "\"john doe\"@ok.test" },
        { "\"a@b\"@ok.test,", "\"a@b\"@ok.test" },
        { "\"a..b\"@@ok.test", "\"a..b\"@ok.test" },
        { "John.Doe+News@ok.test,", "John.Doe+News@ok.test" },
        { "'john@ok.test.", "'john@ok.test" },
        { "o'neil@ok..test", "o'neil@ok.test" },
        { "{john}@ok.test;", "{john}@ok.test" },
        { "j\xc3\xb6hn@ok.test,", "j\xc3\xb6hn@ok.test" },
        { "\xef\xbd\x8a@ok.test,", "\xef\xbd\x8a@ok.test" },
        { "\xd9\x86\xe2\x80\x8c\xd9\x87@ok.test.",
          "\xd9\x86\xe2\x80\x8c\xd9\x87@ok.test" },
        { "john@@xn--mller-kva.test", "john@m\xc3\xbcller.test" },
        { NULL, NULL }
    };

    check(list);
}


static void
test_none(void **state)
{
    static const char  *list[] = {
        "john", "john.gmail.com", "@", "@gmail.com", "john@", "@@", "..@..",
        "a@x.com, b@x.com", "a@x.com b@x.com", "<a@x.com> <b@x.com>",
        "a@x.com <b@x.com>", "John Q. Public john@x.com", "Doe, John@x.com",
        "john@example@x.com", "john@-x-.com", "john@my_host.com",
        "john(doe)@x.com", "john\\@x.com", "john@@intranet", "\"a\"b@x.com",
        "\xff\xfe@x.com.", "john\x01@x.com", "<>", "\"\"", "''", "mailto:",
        "john@[192.0.2.1].", " ", "<@>", "\"@\"", NULL
    };

    char  buf[600];

    none(list);

    memset(buf, 'a', sizeof(buf));
    memcpy(buf + sizeof(buf) - 9, "@x.com..", 9);
    assert_string_equal(meant(buf), "");

    /* a local part of 65 octets, and a domain of 254 */

    assert_string_equal(meant(buf + sizeof(buf) - 9 - 65), "");
    assert_string_equal(meant(buf + sizeof(buf) - 9 - 64)
                        + 64, "@x.com");
}


int
main(void)
{
    int  rc;

    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_dots_and_ats),
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_wrapped),
        cmocka_unit_test(test_blanks),
        cmocka_unit_test(test_local_stays),
        cmocka_unit_test(test_none),
    };

    lists = sv_lists_default();

    if (lists == NULL) {
        return 1;
    }

    rc = cmocka_run_group_tests(tests, NULL, NULL);

    sv_lists_free(lists);

    return rc;
}
