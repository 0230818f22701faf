
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
    has(form("email=x&y=%zz&z=100%&a%=b"), "x");
    has(form("email="), "");
    has(form("&&email"), "");
    has(form("email=a%00b"), "a\0b");
    has(form_of("user[email]", "user%5Bemail%5D=x"), "x");

    none(form(""));
    none(form("mail=x&emails=y&e=z&mail.email=w"));
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
    has(json("{\"a\\u00e9\\u003c\":1,\"email\":\"\\u0078\"}"), "x");
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
    none(json("{\"emai\":\"x\",\"email2\":\"y\",\"e-mail\":\"z\"}"));
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
    twice(json("{\"email\":\"a\",\"\\u0065mai\":\"b\"}"));
    twice(json("{\"\\u005fx\":\"b\",\"email\":\"a\"}"));
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
    has(multipart(PART("name=\"a\"", "1") PART("name=email", "x") "--B--"),
        "x");
    has(multipart("--B\r\ncontent-disposition: form-data; name=\"email\"\r\n"
                  "Content-Type: text/plain\r\n"
                  "Content-Transfer-Encoding: 8bit\r\n\r\nx\r\n" END), "x");
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


/* as clients write them: OkHttp, HttpClient, Spring, .NET, aiohttp, requests */

static void
test_multipart_clients(void **state)
{
    has(multipart(PART("name=\"email\"\r\nContent-Length: 7", "x@y.org")
                  END), "x@y.org");
    has(multipart(PART("name=\"email\"\r\n"
                       "Content-Type: text/plain; charset=ISO-8859-1\r\n"
                       "Content-Transfer-Encoding: 8bit", "x") END), "x");
    has(multipart("--B\r\nContent-Type: text/plain;charset=UTF-8\r\n"
                  "Content-Disposition: form-data; name=email\r\n\r\nx\r\n"
                  END), "x");
    has(multipart(PART("name=\"f\"; filename=\"a.txt\"; "
                       "filename*=UTF-8''a%C3%A4.txt", "1")
                  PART("name=\"g\"; filename*=utf-8''b\r\n"
                       "Content-Type: image/svg+xml", "2")
                  PART("name=\"h\"; filename=c.txt\r\n"
                       "Content-Type: application/octet-stream\r\n"
                       "Content-Transfer-Encoding: binary", "3")
                  PART("name=\"i\"; filename=\"\"", "")
                  PART("name=\"j\"; filename=\"C:\\tmp\\x y.txt\"", "")
                  PART("name=\"k\"; filename=\"a; b=c (1).txt\"", "")
                  PART("name=\"email\"", "x") END), "x");
    has(multipart(PART("name=\"_charset_\"", "UTF-8")
                  PART("name=\"a%22b\"", "") PART("name=\"gr\xc3\xb6\"", "")
                  PART("name=\"email\"", "j\xc3\xb6@x") END),
        "j\xc3\xb6@x");

    type = "multipart/form-data;boundary=\"B\"";
    has(multipart(PART("name=\"email\"", "x") END), "x");

    type = "multipart/form-data; boundary=B; charset=UTF-8";
    has(multipart(PART("name=\"email\"", "x") END "\r\n"), "x");

    type = "multipart/form-data; charset=ISO-8859-1; boundary=B";
    has(multipart(PART("name=\"email\"", "x") END), "x");
    broken(multipart(PART("name=\"email\"", "j\xf6@x") END));

    type = "multipart/form-data; boundary=B";
}


/* what parsers in use take for a delimiter, and what they skip */

static void
test_multipart_framing(void **state)
{
    static const char  evil[] = "\r\nContent-Disposition: form-data; "
                                "name=\"email\"\r\n\r\nevil\r\n--B--\r\n";
    static const char  *data[] = {
        "x\n--B", "x\r--B", "x--B", "--B", "x\r\n--Bx", "x\r\n --B",
        "x\r\n--B \t", "x\r\n--B-", "x\r\n--B--x", "ZoeB", "x\r\n-B",
        "x\r\nB", "x\r\n---B"
    };

    char    text[512];
    size_t  i;

    for (i = 0; i < sizeof(data) / sizeof(data[0]); i++) {

        snprintf(text, sizeof(text), PART("name=\"email\"", "x")
                 "--B\r\nContent-Disposition: form-data; name=\"a\""
                 "\r\n\r\n%s%s", data[i], evil);

        broken(ask(by_parts, "email", text, strlen(text)));

        snprintf(text, sizeof(text), "%s%s", data[i], evil);

        if (i != 3) {
            broken(ask(by_parts, "email", text, strlen(text)));
        }
    }

    broken(multipart(PART("name=\"a\"; filename=\"--B\"", "x")
                     PART("name=\"email\"", "x") END));
    broken(multipart(PART("name=\"--B--\"", "x") PART("name=\"email\"", "x")
                     END));
    broken(multipart(PART("name=\"a\"\r\nContent-Type: a/--B", "x")
                     PART("name=\"email\"", "x") END));
    broken(multipart("--B\r\n--B: x\r\n" PART("name=\"email\"", "x") END));

    broken(multipart("preamble\r\n" PART("name=\"email\"", "x") END));
    broken(multipart("\r\n" PART("name=\"email\"", "x") END));
    broken(multipart(" " PART("name=\"email\"", "x") END));
    broken(multipart("\n" PART("name=\"email\"", "x") END));

    broken(multipart(PART("name=\"email\"", "x") END "\n"));
    broken(multipart(PART("name=\"email\"", "x") END "\r\n\r\n"));
    broken(multipart(PART("name=\"email\"", "x") END " "));
    broken(multipart(PART("name=\"email\"", "x") "--B--\n"));
    broken(multipart(PART("name=\"email\"", "x") "--B---"));
    broken(multipart(PART("name=\"email\"", "x") "--B--x\r\n"));
    broken(multipart(PART("name=\"email\"", "x") END
                     PART("name=\"email\"", "y") END));
    broken(multipart("--B--" PART("name=\"email\"", "y") END));

    broken(multipart("--B \t\r\nContent-Disposition: form-data; "
                     "name=\"email\"\r\n\r\nx\r\n" END));
    broken(multipart("--B\r\nContent-Disposition: form-data; "
                     "name=\"email\"\r\n\r\n--B--"));
    broken(multipart("--B\r\n\r\n--B--"));
}


/* bytes within the boundary that some parser leaves out of it */

static void
test_multipart_left_out(void **state)
{
    static const char  *within[] = {
        "A\rBC", "A\nBC", "AB\rC", "A\rB\nC", "A\r\nBC", "A\n\n\n\rB\nC",
        "A\tBC", "A\1BC", "A\x7f" "BC", "A BC", "A\xc2\xad" "BC",
        "\xc1" "BC", "A\xc2" "C", "\xc1\r\xc2\xc3", "AA\rBC", "ABAB\nC",
        "-\rABC", "\rABC"
    };
    static const char  *apart[] = {
        "AC", "A\rC", "AbC", "A-BC", "\xc1" "b", "AB", "AB\r\n-", "ACB",
        "BC\r\n-A", "\xe4\xb8\xad"
    };

    char    text[512];
    size_t  i, n;

    type = "multipart/form-data; boundary=ABC";

    for (i = 0; i < sizeof(within) / sizeof(within[0]); i++) {

        snprintf(text, sizeof(text),
                 "--ABC\r\nContent-Disposition: form-data; name=\"email\""
                 "\r\n\r\nx\r\n"
                 "--ABC\r\nContent-Disposition: form-data; name=\"a\""
                 "\r\n\r\nx\r\n--%s\r\n"
                 "Content-Disposition: form-data; name=\"email\""
                 "\r\n\r\nevil\r\n--ABC--\r\n", within[i]);

        if (ask(by_parts, "email", text, strlen(text))
            != SV_SOURCE_MALFORMED)
        {
            fail_msg("%zu: %s", i, within[i]);
        }
    }

    for (i = 0; i < sizeof(apart) / sizeof(apart[0]); i++) {

        n = snprintf(text, sizeof(text),
                     "--ABC\r\nContent-Disposition: form-data; name=\"a\""
                     "\r\n\r\n%s\r\n"
                     "--ABC\r\nContent-Disposition: form-data; "
                     "name=\"email\"\r\n\r\nx\r\n--ABC--\r\n", apart[i]);

        if (ask(by_parts, "email", text, n) != SV_SOURCE_OK) {
            fail_msg("%zu: %s", i, apart[i]);
        }
    }

    broken(multipart("--ABC\r\nContent-Disposition: form-data; "
                     "name=\"email\"\r\n\r\n--A\0BC\r\n--ABC--"));

    /* of a boundary that goes on as it begins */

    type = "multipart/form-data; boundary=--AA-AAB";

    has(multipart("----AA-AAB\r\nContent-Disposition: form-data; "
                  "name=\"email\"\r\n\r\n--AA-AA-AAA\r\n--"
                  "\r\n----AA-AAB--"), "--AA-AA-AAA\r\n--");
    broken(multipart("----AA-AAB\r\nContent-Disposition: form-data; "
                     "name=\"email\"\r\n\r\n---AA---AA-A\rAB\r\n"
                     "----AA-AAB--"));

    type = "multipart/form-data; boundary=B";
}


/* a header of a part that parsers read in several ways */

static void
test_multipart_headers(void **state)
{
    static const char  *bad[] = {
        "Content-Disposition: form-data; name='email'",
        "Content-Disposition: form-data; name=\"email \"",
        "Content-Disposition: form-data; name=email,x",
        "Content-Disposition: form-data; name=email x",
        "Content-Disposition: form-data; x=\"; y=\"; name=email; z=\"",
        "Content-Disposition: form-data; -name=\"a\"; name=\"email\"",
        "Content-Disposition: form-data; name*0=em; name*1=ail",
        "Content-Disposition: form-data; name=\"a\"; name*=UTF-8''email",
        "Content-Disposition: form-data; name=\"a\"; NAME=\"email\"",
        "Content-Disposition: form-data; NAME=\"email\"",
        "Content-Disposition: form-data;name=\"email\"",
        "Content-Disposition: form-data;  name=\"email\"",
        "Content-Disposition: form-data; name=\"email\";",
        "Content-Disposition: form-data; name =\"email\"",
        "Content-Disposition: Form-Data; name=\"email\"",
        "Content-Disposition:form-data; name=\"email\"",
        "Content-Disposition:  form-data; name=\"email\"",
        "Content-Disposition: form-data; name=\"email\" ",
        "Content-Disposition : form-data; name=\"email\"",
        "CONTENT-DISPOSITION: form-data; name=\"email\"",
        "Content-Disposition: form-data; name=\"a\"; filename=\"x\"; "
            "name=\"email\"",
        "Content-Disposition: form-data; filename=\"x\"; name=\"email\"",
        "Content-Disposition: form-data; name=\"a\"; "
            "filename=\"; name=email\"",
        "Content-Disposition: form-data; name=\"a\"; "
            "filename=\"; Name = email\"",
        "Content-Disposition: form-data; name=\"a\"; "
            "filename=\"x\\\"; n=\\\"email\"",
        "Content-Disposition: form-data; name=\"a\"; filename=\"x\\\\\"",
        "Content-Disposition: form-data; name=\"\xe5\xed\xe1\xe9\xec\"",
        "Content-Disposition: form-data; name=\"a\"; "
            "filename=\"\xa2; nam\xe5\xbd" "email\"",
        "Content-Disposition: form-data; name=\"a\"\r\n"
            "Content-Type: text/plain; nam\xe5=email",
        "Content-Disposition: form-data; name=\"a\"; filename=\"x\"y\"",
        "Content-Disposition: form-data; name=\"a\"; filename*=UTF-16''x",
        "Content-Disposition: form-data; name=\"a\"; filename*=UTF-8''x y",
        "Content-Disposition: form-data; name=\"a\"; filename*0=x",
        "Content-Disposition: form-data; name=\"a\"\r\nX: y",
        "X-Content-Disposition: form-data; name=\"email\"\r\n"
            "Content-Disposition: form-data; name=\"a\"",
        "Content-Disposition: form-data; name=\"a\"\r\n"
            "Content-Type: multipart/mixed; boundary=C",
        "Content-Disposition: form-data; name=\"a\"\r\n"
            "Content-Type: text/plain; name=\"email\"",
        "Content-Disposition: form-data; name=\"a\"\r\n"
            "Content-Type: text/plain\r\nContent-Type: text/plain",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Length: 2",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Length: 01",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Length: +1",
        "Content-Disposition: form-data; name=\"email\"\r\n"
            "Content-Length: 99",
        "Content-Disposition: form-data; name=\"_charset_\"",
        "Content-Disposition: form-data;\r\n name=\"email\"",
        "Content-Disposition: form-data; name=\"a\"\rX: y",
        "Content-Disposition: form-data; name=\"a\"\nX: y",
        "Content-Disposition: form-data; name=\"a\tb\"",
        "Content-Disposition: form-data; name=\"email\"\r\n"
            "Content-Type: text/plain; charset=utf-7",
        "Content-Disposition: form-data; name=\"email\"\r\n"
            "Content-Type: text/plain; charset=utf-16",
        "Content-Disposition: form-data; name=\"email\"\r\n"
            "Content-Type: application/octet-stream",
        "Content-Disposition: form-data; name=\"email\"\r\n"
            "Content-Type: text/plainx",
        "Content-Disposition: form-data; name=\"email\"\r\n"
            "Content-Transfer-Encoding: quoted-printable"
    };

    char    text[512];
    size_t  i;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {

        snprintf(text, sizeof(text), "--B\r\n%s\r\n\r\nx\r\n" END, bad[i]);

        if (ask(by_parts, "email", text, strlen(text)) != SV_SOURCE_MALFORMED)
        {
            fail_msg("%s", bad[i]);
        }

        assert_non_null(value.error);
    }

    broken(multipart(PART("name=\"email\"\r\nContent-Type: text/plain; "
                          "charset=iso-8859-1", "j\xf6@x") END));
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
        "7890123456789012345678901234567890",
        "multipart/form-data; Boundary=B",
        "multipart/form-data; boundary=B; Boundary=B",
        "multipart/form-data; boundary*=UTF-8''B",
        "multipart/form-data; boundary=B; boundary*=UTF-8''A",
        "multipart/form-data; boundary*0=B",
        "multipart/form-data; boundary=B; boundary*0=A",
        "multipart/form-data; xboundary=A; boundary=B",
        "multipart/form-data; x=boundary; boundary=B",
        "multipart/form-data; boundary=B; x=y",
        "multipart/form-data; boundary=--", "multipart/form-data; boundary=-",
        "multipart/form-data; boundary=._+-",
        "multipart/form-data; boundary=B,C",
        "multipart/form-data; boundary=B C",
        "multipart/form-data; boundary=B;",
        "multipart/form-data; boundary=B ",
        "multipart/form-data;  boundary=B",
        "multipart/form-data; boundary =B",
        "multipart/form-data; boundary= B",
        "multipart/form-data; boundary='B'",
        "multipart/form-data; boundary=\"B;C\"",
        "multipart/form-data; boundary=\"B\\C\"",
        "multipart/form-data; boundary=\"B\"C",
        "multipart/form-data, boundary=B",
        "multipart/form-data boundary=B",
        "multipart/form-data; boundary=B; charset=utf-7",
        "multipart/form-data; boundary=B; charset=cp037",
        "multipart/form-data; boundary=B; charset=utf-8; charset=utf-16",
        "Multipart/form-data; boundary=B",
        "multipart/mixed; boundary=B"
    };

    size_t  i;

    type = "multipart/form-data; charset=utf-8; boundary=\"B\"";
    has(multipart(PART("name=\"email\"", "x") END), "x");

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        type = bad[i];

        if (multipart(PART("name=\"email\"", "x") END)
            != SV_SOURCE_MALFORMED)
        {
            fail_msg("%s", bad[i]);
        }
    }

    type = "multipart/form-data; boundary=B";
}


static void
test_type(void **state)
{
    static const struct {
        const char        *text;
        sv_source_type_e   type;
    } types[] = {
        { "application/x-www-form-urlencoded", SV_SOURCE_TYPE_FORM },
        { "application/x-www-form-urlencoded;charset=UTF-8",
          SV_SOURCE_TYPE_FORM },
        { "application/x-www-form-urlencoded; charset=ISO-8859-1",
          SV_SOURCE_TYPE_FORM },
        { "application/x-www-form-urlencoded; charset=\"utf-8\"",
          SV_SOURCE_TYPE_FORM },
        { "multipart/form-data; boundary=----WebKitFormBoundaryAb12",
          SV_SOURCE_TYPE_MULTIPART },
        { "application/json", SV_SOURCE_TYPE_JSON },
        { "Application/JSON; charset=utf-8", SV_SOURCE_TYPE_JSON },
        { "application/json;", SV_SOURCE_TYPE_JSON },
        { "application/json; odata=verbose", SV_SOURCE_TYPE_JSON },
        { "application/problem+json;charset=utf8", SV_SOURCE_TYPE_JSON },
        { "text/plain", SV_SOURCE_TYPE_OTHER },
        { "text/plain; charset=utf-16", SV_SOURCE_TYPE_OTHER },
        { "multipart/mixed; boundary=B", SV_SOURCE_TYPE_OTHER },
        { "application/x-ndjson", SV_SOURCE_TYPE_OTHER },
        { "application/+json", SV_SOURCE_TYPE_OTHER },
        { "", SV_SOURCE_TYPE_OTHER },
        { "application/x-www-form-urlencoded; charset=cp037",
          SV_SOURCE_TYPE_ODD },
        { "application/x-www-form-urlencoded; charset=utf-7",
          SV_SOURCE_TYPE_ODD },
        { "application/x-www-form-urlencoded; charset=utf-16le",
          SV_SOURCE_TYPE_ODD },
        { "application/x-www-form-urlencoded; charset=utf-8; charset=cp037",
          SV_SOURCE_TYPE_ODD },
        { "application/x-www-form-urlencoded; x=multipart; boundary=B",
          SV_SOURCE_TYPE_ODD },
        { "application/x-www-form-urlencoded; boundary=B",
          SV_SOURCE_TYPE_ODD },
        { "application/x-www-form-urlencoded;", SV_SOURCE_TYPE_ODD },
        { "application/x-www-form-urlencoded,text/plain",
          SV_SOURCE_TYPE_ODD },
        { "application/x-www-form-urlencoded\ttext/plain",
          SV_SOURCE_TYPE_ODD },
        { "Application/x-www-form-urlencoded", SV_SOURCE_TYPE_ODD },
        { "text/plain; x=application/x-www-form-urlencoded",
          SV_SOURCE_TYPE_ODD },
        { "text/plain, multipart/form-data; boundary=B",
          SV_SOURCE_TYPE_ODD },
        { "xmultipart/form-data; boundary=B", SV_SOURCE_TYPE_ODD },
        { "multipart/form\"ata; boundary=B", SV_SOURCE_TYPE_ODD },
        { "multipart/form\xa0-data; boundary=B", SV_SOURCE_TYPE_ODD },
        { "multipart/; boundary=B", SV_SOURCE_TYPE_ODD },
        { "multipart/a/b; boundary=B", SV_SOURCE_TYPE_ODD },
        { "application/json; charset=utf-7", SV_SOURCE_TYPE_ODD },
        { "application/json; charset=utf-16", SV_SOURCE_TYPE_ODD },
        { "application/json; charset=iso-8859-1", SV_SOURCE_TYPE_ODD },
        { "application/json; charset=utf-8; charset=utf-7",
          SV_SOURCE_TYPE_ODD },
        { "application/json; x=multipart; boundary=B", SV_SOURCE_TYPE_ODD },
        { "application/json, text/plain", SV_SOURCE_TYPE_ODD }
    };

    size_t             i;
    sv_str_t           text;
    sv_source_media_t  media;

    for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {

        text.data = (unsigned char *) types[i].text;
        text.len = strlen(types[i].text);

        if (sv_source_type(&text, &media) != types[i].type) {
            fail_msg("%s", types[i].text);
        }

        assert_true((media.error != NULL)
                    == (types[i].type == SV_SOURCE_TYPE_ODD));
    }
}


static sv_source_alike_e
alike_of(const char *field, const char *name, size_t len)
{
    sv_str_t  f;

    f.data = (unsigned char *) field;
    f.len = strlen(field);

    return sv_source_alike((const unsigned char *) name, len, &f);
}


#define alike(field, name)  alike_of(field, name, sizeof(name) - 1)


static void
test_names(void **state)
{
    static const char  *likes[][2] = {
        { "email", "Email" }, { "email", "EMAIL" }, { "email", " email" },
        { "email", "email " }, { "email", "\temail\r\n" },
        { "email", "email[]" }, { "email", "email[0]" },
        { "email", "email[x][y]" }, { "email", "[email]" },
        { "email", "]email" }, { "email", "email]" }, { "email", "email[" },
        { "email", "email.0" }, { "email", ".email" }, { "email", "!email" },
        { "email", "?email" }, { "email", "'email'" },
        { "email", "\"email\"" }, { "email", "email(1i)" },
        { "email", "e%6dail" }, { "email", "email%00x" },
        { "email", "\xef\xbb\xbf" "email" },
        { "email", "em\xe2\x80\x8b" "ail" },
        { "email", "ema\xc4\xb1l" }, { "email", "EMA\xc4\xb0L" },
        { "email", "\xef\xbd\x85mail" },
        { "email", "\xf0\x9d\x90\x9e\xf0\x9d\x90\xa6" "ail" },
        { "email", "\xc1\xa5mail" }, { "email", "\xe0\x81\xa5mail" },
        { "email", "\xff" "email" }, { "email", "__proto__[email]" },
        { "user", "u\xc5\xbf" "er" }, { "token", "to\xe2\x84\xaa" "en" },
        { "office", "o\xef\xac\x83" "ce" },
        { "user_email", "user.email" }, { "user_email", "user email" },
        { "user_email", "user[email" }, { "user_email", "user[email]" },
        { "user_email", "userEmail" }, { "user_email", "user-email" },
        { "user_email", "user+email" }, { "userEmail", "user_email" },
        { "user[email]", "user.email" }, { "user[email]", "user[email" },
        { "user[email]", "user[ email]" }, { "user[email]", "user[email][]" },
        { "user[email]", "user[email]x" }, { "user[email]", "User[Email]" },
        { "\xd0\xbf\xd0\xbe", "\xd0\x9f\xd0\x9e" }
    };

    static const char  *others[][2] = {
        { "email", "mail" }, { "email", "emails" }, { "email", "e-mail" },
        { "email", "email2" }, { "email", "email_confirm" },
        { "email", "email-confirm" }, { "email", "emailConfirm" },
        { "email", "_email" }, { "email", "user[email]" },
        { "email", "billing.email" }, { "email", "" }, { "email", "[]" },
        { "email", "\xc3\xa9mail" }, { "email", "e_mail" },
        { "email", "\xe9\x82\xae\xe7\xae\xb1" },
        { "user_email", "user_mail" }, { "user_email", "user_email_2" },
        { "user_email", "user" }, { "user_email", "email" },
        { "user[email]", "user[name]" }, { "user[email]", "user[emails]" },
        { "user[email]", "user" }, { "user[email]", "users[email]" }
    };

    size_t  i;

    assert_int_equal(alike("email", "email"), SV_SOURCE_SAME);
    assert_int_equal(alike("user[email]", "user[email]"), SV_SOURCE_SAME);
    assert_int_equal(alike("email", "email\0"), SV_SOURCE_LIKE);
    assert_int_equal(alike("email", "email\0x"), SV_SOURCE_LIKE);

    for (i = 0; i < sizeof(likes) / sizeof(likes[0]); i++) {
        if (alike_of(likes[i][0], likes[i][1], strlen(likes[i][1]))
            != SV_SOURCE_LIKE)
        {
            fail_msg("%s is not like %s", likes[i][1], likes[i][0]);
        }
    }

    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (alike_of(others[i][0], others[i][1], strlen(others[i][1]))
            != SV_SOURCE_OTHER)
        {
            fail_msg("%s is like %s", others[i][1], others[i][0]);
        }
    }
}


static void
test_form_names(void **state)
{
    static char  text[4096];

    broken(form("Email=x"));
    broken(form("email[]=x"));
    broken(form("email%5B0%5D=x"));
    broken(form("+email=x"));
    broken(form("%C5%BFemail=x&e=y&%EF%BB%BFemail=z"));
    broken(form("%u0065mail=x"));
    broken(form("e%U006dail=x"));
    broken(form("%C1%A5mail=x"));
    broken(form("?email=x"));
    twice(form("email=x&email[]=y"));
    twice(form("email=x&EMAIL=y"));
    twice(form("email%5b%5d=y&email=x"));
    broken(form_of("user_email", "user.email=x"));
    broken(form_of("user_email", "user+email=x"));
    broken(form_of("user_email", "user%5Bemail=x"));
    none(form_of("user_email", "user%ZZemail=x"));

    /* a % that escapes nothing is left out */

    broken(form("ema%il=x"));
    broken(form("e%mail=x"));
    broken(form("em%ai%l=x"));
    broken(form("%E%m%61%i%%l=x"));
    broken(form("emai%l%5B%5D=x"));
    broken(form_of("uface", "%uface=x"));
    broken(form_of("user_email", "user_e%mail=x"));
    broken(form("a=1;ema%il=x"));
    twice(form("email=x&ema%il=y"));
    twice(form("ema%il=y&email=x"));
    none(form("e%-mail=x&emails%=y&%=z&100%%=w"));

    /* brackets that are left out */

    broken(form("e[]mail=x"));
    broken(form("e%5B%5Dmai%5B%5Dl=x"));
    broken(form("ema[][]il[0]=x"));
    broken(form("ema]il=x"));
    broken(form_of("user[email]", "user[em[]ail]=x"));
    broken(form_of("user[email]", "user[ema]il=x"));
    broken(multipart(PART("name=\"e[]mail\"", "x") END));

    twice(form("email=x&e[]mail=y"));
    none(form("e[m]ail=x&e[]=y&mail[]e=z&e[][mail]=w"));
    none(form_of("username", "user[name]=x"));

    /* NULs and other control characters before a name, which Java trims */

    broken(form("%00email=x"));
    broken(ask(by_form, "email", "\0email=x", 8));
    broken(ask(by_form, "email", "a=1&\0\x1f\0Email[]=x", 17));
    twice(ask(by_form, "email", "email=x&\0email=y", 16));
    none(ask(by_form, "email", "\0mail=x&\0=y&a\0email=z", 22));

    /* "=" before a name */

    broken(form("=email=x"));
    broken(form("a=1&==email=x"));
    broken(form("=Email"));
    broken(form("a=1;=email=x"));
    broken(form("\xbd" "email=x"));
    broken(form("%3Demail=x"));
    twice(form("email=x&=email=y"));
    twice(form("=email[]=y&email=x"));
    none(form("=&==&=a=email&a==email=x&=emails=y"));
    has(form("=a=b&email==x"), "=x");

    /* separators of some parsers only */

    broken(form("a=1;email=x"));
    broken(form("a;email"));
    broken(form("a=1&amp;email=x"));
    broken(form("a=1;;;Email=x"));
    twice(form("email=x&a=1;email=y"));
    twice(form("email=x;email=y"));
    broken(form("email=x;y"));
    has(form("email=x&text=a;b&c=d;e=f"), "x");

    /* escapes of the address itself */

    broken(form("email=100%"));
    broken(form("email=%zz"));
    broken(form("email=a%4"));
    broken(form("email=%u0040"));

    memset(text, '+', 3000);
    memcpy(text + 3000, "email=x", 7);
    broken(ask(by_form, "email", text, 3007));

    memset(text, 'a', 3000);
    none(ask(by_form, "email", text, 3007));
}


static void
test_part_names(void **state)
{
    /* slashes before the name of a part */

    broken(multipart(PART("name=\"/email\"", "x") END));
    broken(multipart(PART("name=\"//email\"", "x") END));
    broken(multipart(PART("name=\"\xaf" "email\"", "x") END));
    broken(multipart(PART("name=\"/ email[]\"", "x") END));
    twice(multipart(PART("name=\"email\"", "x") PART("name=\"/email\"", "y")
                    END));
    none(multipart(PART("name=\"a/email\"", "x") END));

    /* what Netty takes for blanks */

    broken(multipart(PART("name=\"email:\"", "x") END));
    broken(multipart(PART("name=\":email\"", "x") END));
    broken(multipart(PART("name=\"=email;\"", "x") END));
    twice(multipart(PART("name=\"email\"", "x") PART("name=\"email:,\"", "y")
                    END));
    none(multipart(PART("name=\"form:email\"", "x") END));

    /* encoded words of RFC 2047 */

    broken(multipart(PART("name=\"=?UTF-8?Q?email?=\"", "x") END));
    broken(multipart(PART("name=\"=?utf-8?q?=65mail?=\"", "x") END));
    broken(multipart(PART("name=\"=?utf-8?b?ZW1haWw=?=\"", "x") END));
    broken(multipart(PART("name=\"=?utf-8?b?ZW1haWxbXQ==?=\"", "x") END));
    broken(multipart(PART("name=\"em=?utf-8?Q?ail?=\"", "x") END));
    broken(multipart(PART("name=\"=?utf-8?b?ZW1h?= =?utf-8?b?aWw=?=\"", "x")
                     END));
    broken(multipart(PART("name=\"=?utf-8?b?ZW1haWw=\"", "x") END));
    broken(multipart(PART("name=\"\xbd?utf-8?Q?email?=\"", "x") END));
    twice(multipart(PART("name=\"email\"", "x")
                    PART("name=\"=?UTF-8?b?RW1haWw=?=\"", "y") END));
    none(multipart(PART("name=\"=?utf-8?b?w6k=?=\"", "x") END));
    none(multipart(PART("name=\"=?utf-8?b?R3LDtsOfZQ==?=\"", "x") END));
    none(multipart(PART("name=\"=?utf-8?b?w7xiZXI/?=\"", "x") END));
    none(multipart(PART("name=\"a?=b\"", "x") END));
    has(multipart(PART("name=\"=?utf-8?b?5ZCN5YmN?=\"", "y")
                  PART("name=\"email\"", "x") END), "x");
}


/* bytes that are not ASCII, which some read without their highest bit */

static void
test_form_bytes(void **state)
{
    has(form("name=J\xc3\xb6rg&email=x&gr\xc3\xb6=1"), "x");
    has(form("email=j%C3%B6rg@x"), "j\xc3\xb6rg@x");
    none(form("name=J\xc3\xb6rg"));

    broken(form("email=g\xc4\xb1@x"));
    broken(form("\xe5\xed\xe1\xe9\xec=x"));
    broken(form("email=x&\xe5mail=y"));
    broken(form("email=x&a=\xc3\xa6" "email=y"));
    broken(form("email=x&a=1\xbb" "email=y"));
    broken(form("email=x&email\xbdy"));
    broken(form("a=\xa6" "email\xdb\xdd=y"));
}


static void
test_json_names(void **state)
{
    broken(json("{\"\\u0065mail\":\"x\"}"));
    broken(json("{\"Email\":\"x\"}"));
    broken(json("{\"ema\\u0131l\":\"x\"}"));
    broken(json("{\"email\\u0000\":\"x\"}"));
    broken(json("{\"__proto__\":{\"email\":\"x\"}}"));
    broken(json("{\"email[]\":\"x\"}"));
    broken(json("{\"email\\ud800\":\"x\"}"));
    broken(json_at("/user/email", "{\"u\\u017fer\":{\"email\":\"x\"}}"));
    broken(json_at("/user/email", "{\"user\":{\"eMail\":\"x\"}}"));
    broken(json_at("/user/email", "{\"user.email\":\"x\"}"));
    broken(json_at("/userEmail", "{\"user_email\":\"x\"}"));
    twice(json_at("/user/email", "{\"user\":{\"email\":\"x\"},"
                  "\"u\xc5\xbf" "er\":{\"email\":\"y\"}}"));
    twice(json_at("/user/email", "{\"user\":{\"email\":\"x\"},"
                  "\"USER\":{}}"));
    twice(json_at("/0/e", "[{\"e\":\"x\",\"E\":\"y\"}]"));

    has(json("{\"email\":\"x\",\"user\":{\"Email\":\"y\"}}"), "x");
    has(json("{\"email\":\"x\",\"emails\":1,\"e-mail\":2,"
             "\"email_ok\":true}"), "x");

    /* no UTF-8 */

    broken(json("{\"email\":\"x\",\"a\":\"\xff\"}"));
    broken(json("{\"email\":\"x\",\"a\":\"\xc0\xa2\"}"));
    broken(json("{\"email\":\"x\",\"a\":\"\xed\xa0\x80\"}"));
    broken(json("\xff\xfe{\0\"\0e\0\"\0:\0\"\0x\0\"\0}\0"));
    broken(json("+AHsAIg-email+ACIAOgAi-x+ACIAfQ-"));
}


#define scan(text)  scanned("user[email]", text, sizeof(text) - 1)


static int
scanned(const char *name, const char *text, size_t len)
{
    int             found;
    sv_str_t        n;
    unsigned char  *copy;

    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text, len);

    n.data = (unsigned char *) name;
    n.len = strlen(name);

    found = sv_source_scan(copy, len, &n, &value);

    free(copy);

    return found;
}


/* a body of another type */

/* each byte as one of so many */

static size_t
widen(char *dst, const char *text, size_t size, size_t place)
{
    size_t  n;

    for (n = 0; *text; n += size) {
        memset(dst + n, 0, size);
        dst[n + place] = *text++;
    }

    return n;
}


static void
test_scan(void **state)
{
    static const char  *wide[] = {
        "{\"email\":\"x\"}", "{ \"Email\" : 1}", "{\"\\u0065mail\":1}",
        "{\"user\":{\"email\":1}}", "<a><n:email>x", "<email a='b'/>"
    };

    char    text[256];
    size_t  i;

    assert_true(scan("user[email]=x"));
    assert_true(scan("a&user.email=x"));
    assert_true(scan("{\"user\":{\"email\":1}}"));
    assert_true(scan("{\"\\u0065mail\" : 1}"));
    assert_true(scan("{'Email':1}"));
    assert_true(scan("--B\r\nContent-Disposition: x; name=\"email\""));
    assert_true(scan("--B\r\nContent-Disposition: form-data; name=email\r\n"));
    assert_true(scan("--B\r\ncontent-DISPOSITION: x;\r\n Name = e"));
    assert_true(scan("Content-Disposition: a; filename=b; name*=UTF-8''x"));
    assert_true(scan("Content-Disposition: a\nX: y\nX: ;name=z;"));
    assert_true(scan("<email>x"));
    assert_true(scan("<a><n:Email b='c'>x"));
    assert_true(scan("<email/>"));
    assert_true(scanned("tags[email][0]", "{\"email\":[1]}", 13));

    /* UTF-16 and UTF-32 */

    for (i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        assert_true(scanned("user[email]", text, widen(text, wide[i], 2, 0)));
        assert_true(scanned("user[email]", text, widen(text, wide[i], 2, 1)));
        assert_true(scanned("user[email]", text, widen(text, wide[i], 4, 0)));
        assert_true(scanned("user[email]", text, widen(text, wide[i], 4, 3)));
    }

    assert_false(scanned("email", text, widen(text, "{\"a\":1}", 2, 0)));

    assert_false(scan(""));
    assert_false(scan("my email is \"email\", <emails> & email = no"));
    assert_false(scan("\"name\",\"email\",\"x\"\n"));
    assert_false(scan("{\"a\":\"email\"}"));
    assert_false(scan("https://x/?email=1"));
    assert_false(scan("Content-Disposition: attachment; filename=\"a.txt\""));
    assert_false(scan("Content-Disposition: inline\r\n\r\n; name=\"a\""));
    assert_false(scan("Content-Disposition: inline\n\n; name=\"a\""));
    assert_false(scan("disposition; name"));
    assert_false(scan("\"email"));
    assert_false(scan("<email"));
}


static void
test_pointers(void **state)
{
    static const char  *pairs[][2] = {
        { "email", "/email" }, { "user[email]", "/user/email" },
        { "a[b][0]", "/a/b/0" }, { "a/b[c~d]", "/a~1b/c~0d" },
        { "", "" }
    };

    size_t         i, n;
    sv_str_t       s;
    unsigned char  text[32];

    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {

        s.data = (unsigned char *) pairs[i][0];
        s.len = strlen(pairs[i][0]);

        n = sv_source_pointer_of(&s, text, sizeof(text));
        assert_int_equal(n, strlen(pairs[i][1]));
        assert_memory_equal(text, pairs[i][1], n);

        s.data = (unsigned char *) pairs[i][1];
        s.len = strlen(pairs[i][1]);

        n = sv_source_field_of(&s, text, sizeof(text));
        assert_int_equal(n, strlen(pairs[i][0]));
        assert_memory_equal(text, pairs[i][0], n);
    }

    s.data = (unsigned char *) "user[email]";
    s.len = 11;
    assert_int_equal(sv_source_pointer_of(&s, text, 8), 0);

    s.data = (unsigned char *) "/user/email";
    assert_int_equal(sv_source_field_of(&s, text, 8), 0);
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
        cmocka_unit_test(test_multipart_clients),
        cmocka_unit_test(test_multipart_framing),
        cmocka_unit_test(test_multipart_left_out),
        cmocka_unit_test(test_multipart_headers),
        cmocka_unit_test(test_boundary),
        cmocka_unit_test(test_type),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_form_names),
        cmocka_unit_test(test_part_names),
        cmocka_unit_test(test_form_bytes),
        cmocka_unit_test(test_json_names),
        cmocka_unit_test(test_scan),
        cmocka_unit_test(test_pointers)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
