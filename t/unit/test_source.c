
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_source.h"


#define form(text)             ask(by_form, "email", text, sizeof(text) - 1)
#define form_of(name, text)    ask(by_form, name, text, sizeof(text) - 1)
#define json(text)             json_at("/email", text)
#define json_at(pointer, text) ask(by_json, pointer, text, sizeof(text) - 1)
#define multipart(text)        ask(by_parts, "email", text, sizeof(text) - 1)

#define has(status, text)                                                     \
    assert_int_equal(status, SV_SOURCE_OK);                                   \
    assert_int_equal(value.len, sizeof(text) - 1);                            \
    assert_memory_equal(value.data, text, sizeof(text) - 1)
#define none(status)       assert_int_equal(status, SV_SOURCE_NONE)
#define twice(status)      assert_int_equal(status, SV_SOURCE_TWICE)
#define broken(status)     assert_int_equal(status, SV_SOURCE_MALFORMED)

#define PART(head, body)                                                      \
    "--B\r\nContent-Disposition: form-data; " head "\r\n\r\n" body "\r\n"
#define END  "--B--\r\n"


typedef enum { by_form, by_json, by_parts } how_e;

static const char         *type = "multipart/form-data; boundary=B";
static sv_source_value_t   value;


/* the copy lets sanitizers see a read past its end */

static sv_source_status_e
ask(how_e how, const char *name, const char *text, size_t len)
{
    sv_str_t             n, t;
    unsigned char       *copy;
    sv_source_status_e   status;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    n.data = (unsigned char *) name;
    n.len = strlen(name);
    t.data = (unsigned char *) type;
    t.len = strlen(type);

    memset(&value, 0, sizeof(value));

    switch (how) {

    case by_form:
        status = sv_source_form(copy, len, &n, &value);
        break;

    case by_json:
        assert_true(sv_source_pointer_valid(n.data, n.len));
        status = sv_source_json(copy, len, &n, &value);
        break;

    default:
        status = sv_source_multipart(copy, len, &t, &n, &value);
    }

    free(copy);

    return status;
}


static void
test_form(void **state)
{
    has(form("email=john@example.com"), "john@example.com");
    has(form("a=1&email=john%40example.com&b=2"), "john@example.com");
    has(form("email=john%2Bnews@example.com"), "john+news@example.com");
    has(form("email=john+news@example.com"), "john news@example.com");
    has(form("e%6Dail=x"), "x");
    has(form("email=a=b"), "a=b");
    has(form("email=100%&x=%zz"), "100%");
    has(form("email="), "");
    has(form("&&email"), "");
    has(form("email=a%00b"), "a\0b");
    has(form_of("user[email]", "user%5Bemail%5D=x"), "x");

    none(form(""));
    none(form("mail=x&emails=y&e=z&Email=w"));
    none(form("x=email=y"));
}


static void
test_form_twice(void **state)
{
    twice(form("email=a&email=b"));
    twice(form("email=a&email=a"));
    twice(form("email=a&e%6d%61il=b"));
    twice(form("email=a&+email=b"));
    twice(form("email=a&%20+email=b"));
    twice(form("email=a&email%00x=b"));
    twice(form("email&email"));
}


static void
test_form_long(void **state)
{
    char  text[6 + SV_SOURCE_VALUE_MAX + 2];

    memset(text, 'a', sizeof(text));
    memcpy(text, "email=", 6);

    assert_int_equal(ask(by_form, "email", text, sizeof(text) - 2),
                     SV_SOURCE_OK);
    assert_int_equal(value.len, SV_SOURCE_VALUE_MAX);
    assert_false(value.cut);

    assert_int_equal(ask(by_form, "email", text, sizeof(text) - 1),
                     SV_SOURCE_OK);
    assert_int_equal(value.len, SV_SOURCE_VALUE_MAX);
    assert_true(value.cut);
}


static void
test_json(void **state)
{
    has(json("{\"email\":\"john@example.com\"}"), "john@example.com");
    has(json("\xef\xbb\xbf { \"a\" : [1,-2.5e+3,true,{}] ,"
             " \"email\" : \"x\" }\r\n"), "x");
    has(json("{\"\\u0065mail\":\"x\"}"), "x");
    has(json("{\"email\":\"\\u006a\\u00f6\\u20AC\\ud83d\\ude00\\n\\/\"}"),
        "j\xc3\xb6\xe2\x82\xac\xf0\x9f\x98\x80\n/");
    has(json("{\"email\":\"a\\u0000b\"}"), "a\0b");
    has(json("{\"email\":\"\\ud83dx\\ud83d\\u0041\"}"), "\xffx\xff" "A");
    has(json("{\"email\":\"\"}"), "");

    none(json("{}"));
    none(json("[]"));
    none(json("\"email\""));
    none(json("12"));
    none(json("{\"email\":null}"));
    none(json("{\"emai\":\"x\",\"email2\":\"y\",\"Email\":\"z\"}"));
    none(json("{\"user\":{\"email\":\"x\"}}"));
}


static void
test_json_pointer(void **state)
{
    has(json_at("", "\"x\""), "x");
    has(json_at("/user/email", "{\"user\":{\"email\":\"x\"}}"), "x");
    has(json_at("/1/0/e", "[{\"e\":\"w\"},[{\"e\":\"x\"},{\"e\":\"y\"}]]"),
        "x");
    has(json_at("/a~1b/c~0d", "{\"a/b\":{\"c~d\":\"x\"}}"), "x");
    has(json_at("/", "{\"\":\"x\"}"), "x");
    has(json_at("/0", "{\"0\":\"x\"}"), "x");

    none(json_at("/01", "[\"a\",\"b\"]"));
    none(json_at("/-", "[\"a\"]"));
    none(json_at("/5", "[\"a\"]"));
    none(json_at("/user/email", "{\"user\":\"email\"}"));

    assert_true(sv_source_pointer_valid((unsigned char *) "/a~0~1", 6));
    assert_false(sv_source_pointer_valid((unsigned char *) "a", 1));
    assert_false(sv_source_pointer_valid((unsigned char *) "/a~", 3));
    assert_false(sv_source_pointer_valid((unsigned char *) "/a~2", 4));
}


static void
test_json_twice(void **state)
{
    twice(json("{\"email\":\"a\",\"email\":\"b\"}"));
    twice(json("{\"email\":\"a\",\"e\\u006dail\":\"b\"}"));
    twice(json("{\"email\":\"a\",\"Email\":\"b\"}"));
    twice(json("{\"EMAIL\":5,\"email\":\"b\"}"));
    twice(json("{\"email\":null,\"email\":\"b\"}"));
    twice(json_at("/u/e", "{\"u\":{\"e\":\"a\"},\"u\":{}}"));
}


static void
test_json_broken(void **state)
{
    broken(json(""));
    broken(json(" "));
    broken(json("{"));
    broken(json("{\"email\":\"x\""));
    broken(json("{\"email\":\"x\"} x"));
    broken(json("{\"email\":\"x\",}"));
    broken(json("{\"email\" \"x\"}"));
    broken(json("{email:\"x\"}"));
    broken(json("{\"email\":'x'}"));
    broken(json("{\"email\":\"x}"));
    broken(json("{\"email\":\"x\n\"}"));
    broken(json("{\"email\":\"\\x\"}"));
    broken(json("{\"email\":\"\\\0\"}"));
    broken(json("{\"email\":\"\\u12\"}"));
    broken(json("{\"email\":\"\\"));
    broken(json("{\"email\":\"x\"]"));
    broken(json("[\"x\"}"));
    broken(json("{\"email\":01}"));
    broken(json("{\"a\":1.}"));
    broken(json("{\"a\":-}"));
    broken(json("{\"a\":1e}"));
    broken(json("{\"a\":nul}"));

    /* no string */

    broken(json("{\"email\":5}"));
    broken(json("{\"email\":true}"));
    broken(json("{\"email\":[\"x\"]}"));
    broken(json("{\"email\":{\"email\":\"x\"}}"));
}


static void
test_json_deep(void **state)
{
    char    *text;
    size_t   n;

    n = 1000000;
    text = malloc(n * 2);
    assert_non_null(text);

    memset(text, '[', n);
    memset(text + n, ']', n);

    broken(ask(by_json, "/0", text, n * 2));
    broken(ask(by_json, "/0", text, n));

    none(ask(by_json, "/x", text + n - SV_SOURCE_DEPTH_MAX,
             SV_SOURCE_DEPTH_MAX * 2));
    broken(ask(by_json, "/x", text + n - SV_SOURCE_DEPTH_MAX - 1,
               SV_SOURCE_DEPTH_MAX * 2 + 2));

    memset(text, '{', n);
    broken(ask(by_json, "/0", text, n));

    free(text);
}


static void
test_multipart(void **state)
{
    has(multipart(PART("name=\"email\"", "john@example.com") END),
        "john@example.com");
    has(multipart("preamble\r\n" PART("name=\"a\"", "1")
                  PART("name=email", "x") "--B--"), "x");
    has(multipart("--B \t\r\ncontent-disposition:form-data; NAME=\"email\"\r\n"
                  "Content-Type: text/plain\r\n"
                  "Content-Transfer-Encoding: 8bit \r\n\r\nx\r\n" END), "x");
    has(multipart(PART("name=\"email\"", "a\r\nb\r\n-\r\n--A") END),
        "a\r\nb\r\n-\r\n--A");
    has(multipart(PART("name=\"email\"", "") END), "");
    has(multipart(PART("name=\"f\"; filename=\"a\\\"b\"", "\r\r\n\n\r")
                  PART("name=\"email\"", "x") END), "x");

    none(multipart(PART("name=\"a\"", "email") END));
    none(multipart("--B--"));
    twice(multipart(PART("name=\"email\"", "x") PART("name=\"email\"", "y")
                    END));
    twice(multipart(PART("name=\"email\"", "x") PART("name=\" email\"", "y")
                    END));
}


static void
test_multipart_broken(void **state)
{
    broken(multipart(""));
    broken(multipart("--B"));
    broken(multipart(PART("name=\"email\"", "x")));
    broken(multipart(PART("name=\"email\"", "x") "--B"));
    broken(multipart(PART("name=\"email\"", "x") "--B-"));
    broken(multipart(PART("name=\"email\"", "x") "--Bx--"));
    broken(multipart("--B\r\n\r\nx\r\n" END));
    broken(multipart("--B\r\nContent-Type: a/b\r\n\r\nx\r\n" END));
    broken(multipart("--B\nContent-Disposition: form-data; name=email\n\nx\r\n"
                     END));
    broken(multipart(PART("name=\"email\"\r\n x: y", "x") END));
    broken(multipart(PART("name=\"email", "x") END));
    broken(multipart(PART("name=\"e\\mail\"", "x") END));
    broken(multipart(PART("name=\"email\"; name=\"a\"", "x") END));
    broken(multipart(PART("name*=UTF-8''email", "x") END));
    broken(multipart(PART("filename=\"email\"", "x") END));
    broken(multipart(PART("name=\"email\"; filename=\"x\"", "x") END));
    broken(multipart(PART("name=\"email\"\r\n"
                          "Content-Disposition: form-data; name=a", "x") END));
    broken(multipart(PART("name=\"email\"\r\n"
                          "Content-Transfer-Encoding: base64", "eA==") END));
    broken(multipart("--B\r\nContent-Disposition: file; name=a\r\n\r\n\r\n"
                     END));
}


static void
test_boundary(void **state)
{
    static const char  *bad[] = {
        "multipart/form-data", "multipart/form-data;",
        "multipart/form-data; boundary=", "multipart/form-data; boundary",
        "multipart/form-data; boundary=\"B",
        "multipart/form-data; boundary=B; boundary=C",
        "multipart/form-data; boundary=0123456789012345678901234567890123456"
        "7890123456789012345678901234567890"
    };

    size_t  i;

    type = "multipart/form-data; charset=utf-8; Boundary=\"B\"";
    has(multipart(PART("name=\"email\"", "x") END), "x");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        type = bad[i];
        broken(multipart(PART("name=\"email\"", "x") END));
    }

    type = "multipart/form-data; boundary=B";
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_form_twice),
        cmocka_unit_test(test_form_long),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_pointer),
        cmocka_unit_test(test_json_twice),
        cmocka_unit_test(test_json_broken),
        cmocka_unit_test(test_json_deep),
        cmocka_unit_test(test_multipart),
        cmocka_unit_test(test_multipart_broken),
        cmocka_unit_test(test_boundary)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
