
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_params.h"


/* a text may hold NUL; the copies let sanitizers see a read past their ends */
#define form(text)      first(sv_params_form, text, sizeof(text) - 1)
#define json(text)      first(sv_params_json, text, sizeof(text) - 1)
#define then_form(text) feed(sv_params_form, text, sizeof(text) - 1)
#define then_json(text) feed(sv_params_json, text, sizeof(text) - 1)

#define form_email(text, email)                                               \
    assert_int_equal(form(text), SV_PARAMS_OK);                               \
    check_email(email, sizeof(email) - 1)
#define json_email(text, email)                                               \
    assert_int_equal(json(text), SV_PARAMS_OK);                               \
    check_email(email, sizeof(email) - 1)

#define form_bad(status, text, word)                                          \
    check_error(status, form(text), text, word)
#define json_bad(status, text, word)                                          \
    check_error(status, json(text), text, word)


typedef sv_params_status_e (*parse_pt)(const unsigned char *data, size_t len,
    sv_params_t *params);


static sv_params_t  params;


static sv_params_status_e
feed(parse_pt parse, const char *text, size_t len)
{
    unsigned char       *copy;
    sv_params_status_e   status;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    status = parse(copy, len, &params);

    free(copy);

    return status;
}


static sv_params_status_e
first(parse_pt parse, const char *text, size_t len)
{
    memset(&params, 0, sizeof(sv_params_t));

    return feed(parse, text, len);
}


static void
check_email(const char *email, size_t len)
{
    assert_true(params.has_email);
    assert_int_equal(params.email_len, len);
    assert_memory_equal(params.email, email, len);
}


static void
check_error(sv_params_status_e expected, sv_params_status_e status,
    const char *text, const char *word)
{
    const char  *p;

    if (status != expected) {
        fail_msg("%s: %d %s", text, status, params.error);
    }

    if (strstr(params.error, word) == NULL) {
        fail_msg("%s: \"%s\" has no \"%s\"", text, params.error, word);
    }

    /* whole sentences, in ASCII */

    assert_true(strlen(params.error) < sizeof(params.error) - 1);
    assert_int_equal(params.error[strlen(params.error) - 1], '.');

    for (p = params.error; *p; p++) {
        assert_in_range(*p, ' ', '~');
    }
}


static void
form_values(void **state)
{
    assert_int_equal(sv_params_form(NULL, 0, &params), SV_PARAMS_OK);
    assert_int_equal(form(""), SV_PARAMS_OK);
    assert_int_equal(params.has_email, 0);

    form_email("email=user@example.com", "user@example.com");
    assert_int_equal(params.has_smtp, 0);
    assert_int_equal(params.has_transcript, 0);
    assert_int_equal(params.has_wait, 0);

    form_email("email=user%40example.com", "user@example.com");
    form_email("email=b%C3%bccher", "b\xc3\xbc" "cher");
    form_email("email=b\xc3\xbc" "cher", "b\xc3\xbc" "cher");
    form_email("%65mail=x", "x");
    form_email("email=a=b", "a=b");
    form_email("email=", "");
    form_email("email", "");
    form_email("&&email=x&&", "x");
    form_email("x&=y&email=x", "x");

    form_email("email=x&smtp=0&transcript=on&wait=86400", "x");
    assert_int_equal(params.has_smtp, 1);
    assert_int_equal(params.smtp, 0);
    assert_int_equal(params.has_transcript, 1);
    assert_int_equal(params.transcript, 1);
    assert_int_equal(params.has_wait, 1);
    assert_int_equal(params.wait, 86400);

    form_email("email=x&timeout=3", "x");
    assert_int_equal(params.has_timeout, 1);
    assert_int_equal(params.timeout, 3);
    assert_int_equal(params.has_wait, 0);
    assert_int_equal(params.has_transcript, 0);

    assert_int_equal(form("smtp=TRUE&transcript=oFF&wait=007"), SV_PARAMS_OK);
    assert_int_equal(params.has_email, 0);
    assert_int_equal(params.smtp, 1);
    assert_int_equal(params.transcript, 0);
    assert_int_equal(params.wait, 7);

    /* another's names, also those that only begin as ours, or are broken */

    form_email("emails=y&EMAIL=z&email=x&utm=%zz&smtp_=9&aaaaaaaaaaaaaaaaaaa=1",
               "x");
    assert_int_equal(params.has_smtp, 0);
}


static void
form_plus(void **state)
{
    form_email("email=john+news@example.com", "john+news@example.com");
    form_email("email=john%2Bnews@example.com", "john+news@example.com");
    form_email("email=john%20news", "john news");
    form_email("email=%22john+news%22@example.com",
               "\"john news\"@example.com");
    form_email("email=\"john+news\"@example.com", "\"john news\"@example.com");
    form_email("email=\"john%2bnews\"@example.com",
               "\"john+news\"@example.com");

    form_bad(SV_PARAMS_INVALID, "wait=+1", "wait");
}


/* white space around an address, also such as nobody sees */

static void
white_space(void **state)
{
    form_email("email=%20john@example.com%20", "john@example.com");
    form_email("email=%09john@example.com%0d%0a", "john@example.com");
    form_email("email=%c2%a0john@example.com%e2%80%8b", "john@example.com");
    form_email("email=%e3%80%80john@example.com%ef%bb%bf",
               "john@example.com");
    form_email("email=%20%c2%a0%20", " \xc2\xa0 ");
    form_email("email=%20", " ");
    form_email("email=+john@example.com+", "+john@example.com+");
    form_email("email=john%c2%a0doe", "john\xc2\xa0" "doe");
    form_email("email=j%c3%a0", "j\xc3\xa0");
    form_email("email=%20\"%20a\"@b%20", "\" a\"@b");
    json_email("{\"email\": \" \\tjohn@example.com\\n\"}",
               "john@example.com");
    json_email("{\"email\": \"\\u00a0john@example.com\\u200b\"}",
               "john@example.com");
}


static void
form_errors(void **state)
{
    form_bad(SV_PARAMS_INVALID, "timeout=0", "timeout");
    form_bad(SV_PARAMS_INVALID, "timeout=", "timeout");
    form_bad(SV_PARAMS_INVALID, "timeout=1.5", "timeout");
    form_bad(SV_PARAMS_INVALID, "timeout=-1", "timeout");
    form_bad(SV_PARAMS_INVALID, "timeout=86401", "timeout");
    form_bad(SV_PARAMS_MALFORMED, "timeout=1&timeout=1", "twice");
    json_bad(SV_PARAMS_INVALID, "{\"timeout\": 0}", "timeout");
    json_bad(SV_PARAMS_INVALID, "{\"timeout\": 1.5}", "timeout");
    json_bad(SV_PARAMS_INVALID, "{\"timeout\": -1}", "timeout");
    json_bad(SV_PARAMS_INVALID, "{\"timeout\": \"1\"}", "timeout");
    json_bad(SV_PARAMS_INVALID, "{\"timeout\": 1e99}", "timeout");
    json_bad(SV_PARAMS_MALFORMED, "{\"timeout\": 1, \"timeout\": 1}",
             "twice");

    form_bad(SV_PARAMS_MALFORMED, "email=%", "hexadecimal");
    form_bad(SV_PARAMS_MALFORMED, "email=%4", "hexadecimal");
    form_bad(SV_PARAMS_MALFORMED, "email=%4&x=0", "hexadecimal");
    form_bad(SV_PARAMS_MALFORMED, "email=%4g", "hexadecimal");
    form_bad(SV_PARAMS_MALFORMED, "email=% 40", "hexadecimal");
    form_bad(SV_PARAMS_MALFORMED, "em%ail=x", "hexadecimal");
    form_bad(SV_PARAMS_MALFORMED, "smtp=%1", "hexadecimal");
    form_bad(SV_PARAMS_MALFORMED, "email=a%00b", "NUL");
    form_bad(SV_PARAMS_MALFORMED, "email=a\0b", "NUL");
    form_bad(SV_PARAMS_MALFORMED, "email=a%ffb", "UTF-8");
    form_bad(SV_PARAMS_MALFORMED, "email=a\xc0\xaf", "UTF-8");
    form_bad(SV_PARAMS_MALFORMED, "email=%ed%a0%80", "UTF-8");

    form_bad(SV_PARAMS_MALFORMED, "email=x&email=x", "twice");
    form_bad(SV_PARAMS_MALFORMED, "email&email", "twice");
    form_bad(SV_PARAMS_MALFORMED, "email=x&%65mail=x", "twice");
    form_bad(SV_PARAMS_MALFORMED, "smtp=0&smtp=0", "twice");
    form_bad(SV_PARAMS_MALFORMED, "transcript=0&transcript=1", "twice");
    form_bad(SV_PARAMS_MALFORMED, "wait=0&wait=0", "twice");

    form_bad(SV_PARAMS_INVALID, "smtp=", "smtp");
    form_bad(SV_PARAMS_INVALID, "smtp", "smtp");
    form_bad(SV_PARAMS_INVALID, "smtp=2", "smtp");
    form_bad(SV_PARAMS_INVALID, "smtp=1%00", "smtp");
    form_bad(SV_PARAMS_INVALID, "smtp=truetruetruetruetrue", "smtp");
    form_bad(SV_PARAMS_INVALID, "transcript=yes", "transcript");
    form_bad(SV_PARAMS_INVALID, "wait=", "wait");
    form_bad(SV_PARAMS_INVALID, "wait=86401", "wait");
    form_bad(SV_PARAMS_INVALID, "wait=-1", "wait");
    form_bad(SV_PARAMS_INVALID, "wait=1.5", "wait");
    form_bad(SV_PARAMS_INVALID, "wait=1s", "wait");
    form_bad(SV_PARAMS_INVALID, "wait=4294967297", "wait");
    form_bad(SV_PARAMS_INVALID, "wait=18446744073709551617", "wait");
    form_bad(SV_PARAMS_INVALID, "wait=000000000000000000000001x", "wait");
}


static void
email_length(void **state)
{
    char  text[8192];

    memset(text, 'a', sizeof(text));
    memcpy(text, "email=", 6);

    assert_int_equal(first(sv_params_form, text, 6 + SV_PARAMS_EMAIL_MAX),
                     SV_PARAMS_OK);
    assert_int_equal(params.email_len, SV_PARAMS_EMAIL_MAX);

    check_error(SV_PARAMS_MALFORMED,
                first(sv_params_form, text, 7 + SV_PARAMS_EMAIL_MAX),
                "email", "1024 bytes");
    check_error(SV_PARAMS_MALFORMED,
                first(sv_params_form, text, sizeof(text)),
                "email", "1024 bytes");

    memset(text, 'a', sizeof(text));
    memcpy(text, "{\"email\":\"", 10);
    memcpy(text + 10 + SV_PARAMS_EMAIL_MAX, "\"}", 2);

    assert_int_equal(first(sv_params_json, text, 12 + SV_PARAMS_EMAIL_MAX),
                     SV_PARAMS_OK);
    assert_int_equal(params.email_len, SV_PARAMS_EMAIL_MAX);

    memcpy(text + 10 + SV_PARAMS_EMAIL_MAX, "a\"}", 3);
    check_error(SV_PARAMS_MALFORMED,
                first(sv_params_json, text, 13 + SV_PARAMS_EMAIL_MAX),
                "email", "1024 bytes");
}


static void
json_values(void **state)
{
    json_email("{\"email\": \"user@example.com\"}", "user@example.com");
    assert_int_equal(params.has_smtp, 0);
    assert_int_equal(params.has_transcript, 0);
    assert_int_equal(params.has_wait, 0);

    json_email(" \t\r\n{\"email\":\"x\"} \t\r\n", "x");
    json_email("\xef\xbb\xbf{\"email\":\"x\"}", "x");
    json_email("{\"email\":\"\"}", "");
    json_email("{\"\\u0065mail\":\"j\\u00f6rg\\ud83d\\ude00\"}",
               "j\xc3\xb6rg\xf0\x9f\x98\x80");
    json_email("{\"email\":\"\\\"a\\\\u0000\\/\\\"\\r\\nz\"}",
               "\"a\\u0000/\"\r\nz");
    json_email("{\"email\":\"a+b@c\"}", "a+b@c");

    json_email("{\"email\":\"x\",\"smtp\":false,\"transcript\":true,"
               "\"wait\":30}", "x");
    assert_int_equal(params.has_smtp, 1);
    assert_int_equal(params.smtp, 0);
    assert_int_equal(params.has_transcript, 1);
    assert_int_equal(params.transcript, 1);
    assert_int_equal(params.has_wait, 1);
    assert_int_equal(params.wait, 30);

    assert_int_equal(json("{\"smtp\":1,\"transcript\":0,\"wait\":86400}"),
                     SV_PARAMS_OK);
    assert_int_equal(params.has_email, 0);
    assert_int_equal(params.smtp, 1);
    assert_int_equal(params.transcript, 0);
    assert_int_equal(params.wait, 86400);

    assert_int_equal(json("{\"wait\":6e1}"), SV_PARAMS_OK);
    assert_int_equal(params.wait, 60);

    assert_int_equal(json("{}"), SV_PARAMS_OK);
    assert_int_equal(params.has_email, 0);

    /* names have a case, and belong to the object at the top only */

    json_email("{\"Email\":\"y\",\"EMAIL\":1,\"x\":{\"email\":\"z\","
               "\"email\":[]},\"email\":\"x\",\"x\":null,\"Smtp\":2}", "x");
    assert_int_equal(params.has_smtp, 0);
}


static void
json_broken(void **state)
{
    json_bad(SV_PARAMS_MALFORMED, "", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, " ", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "\xef\xbb\xbf", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "{", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "}", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "[]", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "[{\"email\":\"x\"}]", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "\"x\"", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "null", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "email=x", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"x\"", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"x\"} x", "JSON object");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"x\"}\0", "JSON object");

    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"x\"}{}", "byte 14.");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"x\"}}", "byte 14.");
    json_bad(SV_PARAMS_MALFORMED, " {\"email\":\"x\",}", "byte 15.");
    json_bad(SV_PARAMS_MALFORMED, "\xef\xbb\xbf{\"email\":x}", "byte 13.");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\"}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{email:\"x\"}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{'email':'x'}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"x}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"\\}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"\\u}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"\\u12\"}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"\\x41\"}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"x\" \"a\":1}", "not valid");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":[}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{\"a\":tru}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{\"a\":NaN}", "not valid JSON");
    json_bad(SV_PARAMS_MALFORMED, "{/**/}", "not valid JSON");

    /* UTF-8, surrogates, controls */

    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"\xff\"}", "UTF-8");
    json_bad(SV_PARAMS_MALFORMED, "{\"x\":\"\xc0\x80\"}", "UTF-8");
    json_bad(SV_PARAMS_MALFORMED, "{\"x\":\"\xed\xa0\x80\"}", "UTF-8");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"\\ud83d\"}", "not valid");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"\\ude00\"}", "not valid");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"\\ud83d\\u0041\"}",
             "not valid");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"\\ud83dx\"}", "not valid");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"a\\u0000b\"}", "NUL");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\\u0000\":\"a\"}", "NUL");
    json_bad(SV_PARAMS_MALFORMED, "{\"x\":\"\\\\\\u0000\"}", "NUL");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"a\0b\"}", "control");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"a\nb\"}", "control");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\0\"a\"}", "control");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\v\"a\"}", "control");
}


static void
json_wrong(void **state)
{
    json_bad(SV_PARAMS_INVALID, "{\"email\":null}", "string");
    json_bad(SV_PARAMS_INVALID, "{\"email\":1}", "string");
    json_bad(SV_PARAMS_INVALID, "{\"email\":[\"x\"]}", "string");
    json_bad(SV_PARAMS_INVALID, "{\"smtp\":\"true\"}", "smtp");
    json_bad(SV_PARAMS_INVALID, "{\"smtp\":null}", "smtp");
    json_bad(SV_PARAMS_INVALID, "{\"smtp\":2}", "smtp");
    json_bad(SV_PARAMS_INVALID, "{\"smtp\":0.5}", "smtp");
    json_bad(SV_PARAMS_INVALID, "{\"transcript\":{}}", "transcript");
    json_bad(SV_PARAMS_INVALID, "{\"wait\":\"1\"}", "wait");
    json_bad(SV_PARAMS_INVALID, "{\"wait\":true}", "wait");
    json_bad(SV_PARAMS_INVALID, "{\"wait\":null}", "wait");
    json_bad(SV_PARAMS_INVALID, "{\"wait\":-1}", "wait");
    json_bad(SV_PARAMS_INVALID, "{\"wait\":86401}", "wait");
    json_bad(SV_PARAMS_INVALID, "{\"wait\":1.5}", "wait");
    json_bad(SV_PARAMS_INVALID, "{\"wait\":1e999}", "wait");
    json_bad(SV_PARAMS_INVALID, "{\"wait\":-1e999}", "wait");

    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"x\",\"email\":\"x\"}", "twice");
    json_bad(SV_PARAMS_MALFORMED, "{\"email\":\"x\",\"\\u0065mail\":\"y\"}",
             "twice");
    json_bad(SV_PARAMS_MALFORMED, "{\"smtp\":true,\"smtp\":true}", "twice");
    json_bad(SV_PARAMS_MALFORMED, "{\"wait\":1,\"wait\":2}", "twice");
}


/* those of RFC 8259, and no others that strtod() takes */

static void
json_numbers(void **state)
{
    size_t  i;
    char    text[128];

    static const char  *good[] = {
        "0", "-0", "7", "-12", "10", "0.5", "-0.25", "1e3", "1E+3", "1e-3",
        "12.50e07", "1e999", "123456789012345678901234567890"
    };

    static const char  *bad[] = {
        "-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e3", "1e", "1e+",
        "1e-", "e3", "0x10", "0X1", "1_000", "1 000", "1,000.", "Infinity",
        "-Infinity", "NaN", "nan", "inf", "--1", "-+1", "1-2", "1.2.3",
        "1e3.5", "1e3e3", "1f", "0b1", "0o7"
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        snprintf(text, sizeof(text), "{\"x\":%s}", good[i]);
        assert_int_equal(first(sv_params_json, text, strlen(text)),
                         SV_PARAMS_OK);

        snprintf(text, sizeof(text), "{\"x\":[ %s ,%s\n]}", good[i], good[i]);
        assert_int_equal(first(sv_params_json, text, strlen(text)),
                         SV_PARAMS_OK);
    }

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), "{\"x\":%s}", bad[i]);
        assert_int_equal(first(sv_params_json, text, strlen(text)),
                         SV_PARAMS_MALFORMED);

        snprintf(text, sizeof(text), "{\"x\":%s", bad[i]);
        assert_int_equal(first(sv_params_json, text, strlen(text)),
                         SV_PARAMS_MALFORMED);
    }

    assert_int_equal(json("{\"wait\":1e2}"), SV_PARAMS_OK);
    assert_int_equal(params.wait, 100);
    assert_int_equal(json("{\"wait\":-0}"), SV_PARAMS_OK);
    assert_int_equal(params.wait, 0);
}


static size_t
nest(char *text, unsigned depth)
{
    size_t  n;

    n = 0;
    memcpy(text, "{\"x\":", 5);
    n = 5;

    memset(text + n, '[', depth - 1);
    n += depth - 1;

    memset(text + n, ']', depth - 1);
    n += depth - 1;

    text[n++] = '}';

    return n;
}


static void
json_bounds(void **state)
{
    char    text[65536];
    size_t  n;

    n = nest(text, 32);
    assert_int_equal(first(sv_params_json, text, n), SV_PARAMS_OK);

    n = nest(text, 33);
    check_error(SV_PARAMS_MALFORMED, first(sv_params_json, text, n),
                "33 levels", "32 levels");

    n = nest(text, 30000);
    check_error(SV_PARAMS_MALFORMED, first(sv_params_json, text, n),
                "30000 levels", "32 levels");

    memset(text, '[', sizeof(text));
    text[0] = '{';
    text[sizeof(text) - 1] = '}';
    check_error(SV_PARAMS_MALFORMED,
                first(sv_params_json, text, sizeof(text)),
                "never closed", "32 levels");

    memset(text, ',', sizeof(text));
    text[0] = '{';
    text[sizeof(text) - 1] = '}';
    check_error(SV_PARAMS_MALFORMED,
                first(sv_params_json, text, sizeof(text)),
                "many", "1024 values");

    /* neither counts in a string */

    memset(text, '[', sizeof(text));
    memcpy(text, "{\"x\":\"", 6);
    memcpy(text + 60000, "\",\"email\":\"x\"}", 14);
    assert_int_equal(first(sv_params_json, text, 60014), SV_PARAMS_OK);
    check_email("x", 1);
}


static void
two_sources(void **state)
{
    assert_int_equal(form("smtp=0"), SV_PARAMS_OK);
    assert_int_equal(then_json("{\"email\":\"x\",\"wait\":1}"), SV_PARAMS_OK);
    check_email("x", 1);
    assert_int_equal(params.has_smtp, 1);
    assert_int_equal(params.smtp, 0);
    assert_int_equal(params.wait, 1);

    assert_int_equal(form("email=x"), SV_PARAMS_OK);
    check_error(SV_PARAMS_MALFORMED, then_json("{\"email\":\"x\"}"), "email",
                "twice");

    assert_int_equal(form("wait=1"), SV_PARAMS_OK);
    check_error(SV_PARAMS_MALFORMED, then_form("wait=1"), "wait", "twice");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(form_values),
        cmocka_unit_test(form_plus),
        cmocka_unit_test(white_space),
        cmocka_unit_test(form_errors),
        cmocka_unit_test(email_length),
        cmocka_unit_test(json_values),
        cmocka_unit_test(json_broken),
        cmocka_unit_test(json_wrong),
        cmocka_unit_test(json_numbers),
        cmocka_unit_test(json_bounds),
        cmocka_unit_test(two_sources)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
