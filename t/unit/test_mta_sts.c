
/* MTA-STS: which TXT records announce a policy, and what is one */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sv_mta_sts.h"


static sv_mta_sts_t  policy;


/* the id that the records announce, or "" */

static const char *
id_of(const char *one, const char *two)
{
    size_t         len, n;
    sv_str_t       id;
    static char    text[64];
    unsigned char  *txt;

    n = 1 + strlen(one) + (two ? 1 + strlen(two) : 0);

    /* so that a sanitizer sees what is read beyond it */
    txt = malloc(n);
    assert_non_null(txt);

    len = strlen(one);
    txt[0] = (unsigned char) len;
    memcpy(txt + 1, one, len);

    if (two) {
        txt[1 + len] = (unsigned char) strlen(two);
        memcpy(txt + 2 + len, two, strlen(two));
    }

    text[0] = '\0';

    if (sv_mta_sts_id(txt, n, &id)) {
        memcpy(text, id.data, id.len);
        text[id.len] = '\0';
    }

    free(txt);

    return text;
}


static int
parse(const char *text)
{
    int             rc;
    unsigned char  *copy;

    copy = malloc(strlen(text) + 1);
    assert_non_null(copy);
    memcpy(copy, text, strlen(text));

    memset(&policy, 0xa5, sizeof(policy));
    rc = sv_mta_sts_parse(copy, strlen(text), &policy);

    free(copy);

    return rc;
}


static int
names(const char *host)
{
    return sv_mta_sts_names(policy.hosts, policy.len,
                            (const unsigned char *) host, strlen(host));
}


static void
test_id(void **state)
{
    (void) state;

    assert_string_equal(id_of("v=STSv1; id=20160831085700Z;", NULL),
                        "20160831085700Z");
    assert_string_equal(id_of("v=STSv1;id=1", NULL), "1");
    assert_string_equal(id_of("v=STSv1 ; x=y ; id=Ab9 ;", NULL), "Ab9");
    assert_string_equal(id_of("google-site-verification=1", "v=STSv1; id=7"),
                        "7");
}


static void
test_no_id(void **state)
{
    (void) state;

    assert_string_equal(id_of("", NULL), "");
    assert_string_equal(id_of("v=STSv1", NULL), "");
    assert_string_equal(id_of("v=STSv1; id=", NULL), "");
    assert_string_equal(id_of("v=STSv1; id=a-b", NULL), "");
    assert_string_equal(id_of("v=STSv2; id=1", NULL), "");
    assert_string_equal(id_of("v=STSv12; id=1", NULL), "");
    assert_string_equal(id_of("V=STSv1; id=1", NULL), "");
    assert_string_equal(id_of("id=1; v=STSv1", NULL), "");
    assert_string_equal(id_of("v=STSv1; "
                              "id=123456789012345678901234567890123", NULL),
                        "");

    /* two of them are none */

    assert_string_equal(id_of("v=STSv1; id=1", "v=STSv1; id=2"), "");
    assert_string_equal(id_of("v=STSv1; id=1", "v=STSv1;"), "");
}


static void
test_policy(void **state)
{
    (void) state;

    assert_true(parse("version: STSv1\r\nmode: enforce\r\n"
                      "mx: mail.example.com\r\nmx: *.Example.NET\r\n"
                      "mx: backupmx.example.com\r\nmax_age: 604800\r\n"));
    assert_int_equal(policy.mode, SV_MTA_STS_ENFORCE);
    assert_int_equal(policy.max_age, 604800);

    assert_true(names("mail.example.com"));
    assert_true(names("backupmx.example.com"));
    assert_true(names("mx1.example.net"));

    assert_false(names("example.com"));
    assert_false(names("mx.mail.example.com"));
    assert_false(names("example.net"));
    assert_false(names(".example.net"));
    assert_false(names("a.b.example.net"));
    assert_false(names("mx1.example.net.evil.test"));
    assert_false(names("mail.example.co"));
    assert_false(names("mail.example.comm"));
    assert_false(names(""));
}


static void
test_spelling(void **state)
{
    (void) state;

    assert_true(parse("max_age:86400\nmx:a.test\n\nmode:testing\n"
                      "version:STSv1"));
    assert_int_equal(policy.mode, SV_MTA_STS_TESTING);
    assert_int_equal(policy.max_age, 86400);
    assert_true(names("a.test"));

    /* what others may add; and of two the first one */

    assert_true(parse("version: STSv1\nmode: none\nmode: enforce\n"
                      "future: x: y\nmax_age: 1\nmax_age: 2\n"));
    assert_int_equal(policy.mode, SV_MTA_STS_NONE);
    assert_int_equal(policy.max_age, 1);

    assert_true(parse("version: STSv1\nmode: none\nmax_age: 9999999999\n"));
    assert_int_equal(policy.max_age, SV_MTA_STS_MAX_AGE);
}


static void
test_no_policy(void **state)
{
    (void) state;

    assert_false(parse(""));
    assert_false(parse("mode: enforce\nmx: a.test\nmax_age: 1\n"));
    assert_false(parse("version: STSv2\nmode: enforce\nmx: a.test\n"
                       "max_age: 1\n"));
    assert_false(parse("version: STSv1\nmode: enforce\nmax_age: 1\n"));
    assert_false(parse("version: STSv1\nmode: enforce\nmx: a.test\n"));
    assert_false(parse("version: STSv1\nmode: maybe\nmx: a.test\n"
                       "max_age: 1\n"));
    assert_false(parse("version: STSv1\nmode: enforce\nmx: a.test\n"
                       "max_age: -1\n"));
    assert_false(parse("version: STSv1\nmode: enforce\nmx: a.test\n"
                       "max_age: 12345678901\n"));
    assert_false(parse("version: STSv1\nmode: enforce\nmx: a.*.test\n"
                       "max_age: 1\n"));
    assert_false(parse("version: STSv1\nmode: enforce\nmx: *\n"
                       "max_age: 1\n"));
    assert_false(parse("version: STSv1\nmode: enforce\nmx: *.\n"
                       "max_age: 1\n"));
    assert_false(parse("version: STSv1\nmode: enforce\nmx:\nmax_age: 1\n"));
    assert_false(parse("version: STSv1\nmode: enforce\nmx: a.test\n"
                       "max_age: 1\nnonsense\n"));
    assert_false(parse("<html><body>version: STSv1</body></html>\n"));
}


/* half of a policy would forbid hosts that it names */

static void
test_too_many(void **state)
{
    int          i;
    static char  text[16384];

    (void) state;

    strcpy(text, "version: STSv1\nmode: enforce\nmax_age: 1\n");

    for (i = 0; i < 300; i++) {
        strcat(text, "mx: mail.example.test\n");
    }

    assert_false(parse(text));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_no_id),
        cmocka_unit_test(test_policy),
        cmocka_unit_test(test_spelling),
        cmocka_unit_test(test_no_policy),
        cmocka_unit_test(test_too_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
