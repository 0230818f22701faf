
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "sv_json.h"
#include "sv_str.h"
#include "sv_utf8.h"


/* how many bytes the token takes, -1: it is broken */

#define word(s)    taken(sv_json_word, s)
#define number(s)  taken(sv_json_number, s)


static int
taken(const unsigned char *(*token)(const unsigned char *p,
    const unsigned char *end), const char *s)
{
    const unsigned char  *p, *start;

    start = (const unsigned char *) s;
    p = token(start, start + strlen(s));

    return p ? (int) (p - start) : -1;
}


static int
escape(const char *s, uint32_t *ch)
{
    const unsigned char  *p, *start;

    *ch = 0;
    start = (const unsigned char *) s;
    p = sv_json_escape(start, start + strlen(s), ch);

    return p ? (int) (p - start) : -1;
}


static void
words(void **state)
{
    assert_int_equal(word("true,"), 4);
    assert_int_equal(word("false"), 5);
    assert_int_equal(word("null}"), 4);
    assert_int_equal(word("nul"), -1);
    assert_int_equal(word("True"), -1);
    assert_int_equal(word(""), -1);
}


static void
numbers(void **state)
{
    assert_int_equal(number("0"), 1);
    assert_int_equal(number("-0.5e+10]"), 8);
    assert_int_equal(number("12E3,"), 4);
    assert_int_equal(number("012"), 1);
    assert_int_equal(number("1.2.3"), 3);
    assert_int_equal(number("-"), -1);
    assert_int_equal(number("1."), -1);
    assert_int_equal(number(".5"), -1);
    assert_int_equal(number("1e"), -1);
    assert_int_equal(number("1e+"), -1);
    assert_int_equal(number("+1"), -1);
    assert_int_equal(number(""), -1);
}


static void
escapes(void **state)
{
    uint32_t  ch;

    assert_int_equal(escape("\\n", &ch), 2);
    assert_int_equal(ch, '\n');
    assert_int_equal(escape("\\/x", &ch), 2);
    assert_int_equal(ch, '/');
    assert_int_equal(escape("\\u00e9", &ch), 6);
    assert_int_equal(ch, 0xe9);
    assert_int_equal(escape("\\uD83d\\uDe00", &ch), 12);
    assert_int_equal(ch, 0x1f600);

    assert_int_equal(escape("\\", &ch), -1);
    assert_int_equal(escape("\\x", &ch), -1);
    assert_int_equal(escape("\\u12", &ch), -1);
    assert_int_equal(escape("\\u12g4", &ch), -1);
}


/* the next one is told by itself */

static void
half_a_pair(void **state)
{
    uint32_t       ch;
    unsigned char  utf8[4];

    assert_int_equal(escape("\\ud800", &ch), 6);
    assert_int_equal(ch, 0xd800);
    assert_int_equal(escape("\\ud800\\u0041", &ch), 6);
    assert_int_equal(ch, 0xd800);
    assert_int_equal(escape("\\ud800\\u00", &ch), 6);
    assert_int_equal(escape("\\udc00\\ud800", &ch), 6);
    assert_int_equal(ch, 0xdc00);

    assert_int_equal(sv_utf8_encode(utf8, ch), 1);
    assert_int_equal(utf8[0], 0xff);
}


static void
encode_all(void **state)
{
    size_t                n;
    uint32_t              ch;
    unsigned char         utf8[4];
    const unsigned char  *p;

    for (ch = 0; ch < 0x110000; ch++) {

        if (ch == 0xd800) {
            ch = 0xe000;
        }

        n = sv_utf8_encode(utf8, ch);
        p = utf8;

        assert_int_equal(sv_utf8_decode(&p, utf8 + n), ch);
        assert_ptr_equal(p, utf8 + n);
    }
}


/* the tokens, a letter each; "!" and where it is broken */

static void
check(const char *json, const char *expected)
{
    char             told[128];
    size_t           n;
    sv_json_t        js;
    sv_json_token_e  token;

    memset(&js, 0, sizeof(sv_json_t));

    js.p = (const unsigned char *) json;
    js.end = js.p + strlen(json);
    js.max = 3;

    for (n = 0; (token = sv_json_next(&js)) > SV_JSON_END; n++) {
        told[n] = "}:{[snw"[token - SV_JSON_CLOSE];
    }

    told[n] = '\0';

    if (token == SV_JSON_BROKEN) {
        (void) sprintf(told + n, "!%d", (int) (js.p - (unsigned char *) json));
    }

    assert_string_equal(told, expected);
}


static void
documents(void **state)
{
    check(" 1 ", "n");
    check("\"a\"", "s");
    check("[]", "[}");
    check("{}", "{}");
    check("[1, null,\"x\" , {\"a\" : [true] } ]", "[nws{:[w}}}");
    check("[[[1]]]", "[[[n}}}");
    check("{\"\\u0061\":-0.5e+1,\"a\":{}}", "{:n:{}}");

    check("", "!0");
    check("1 2", "n!2");
    check("[1,]", "[n!3");
    check("[,1]", "[!1");
    check("[1}", "[n!2");
    check("{\"a\"}", "{!4");
    check("{\"a\":}", "{:!5");
    check("{\"a\":1,}", "{:n!7");
    check("{a:1}", "{!1");
    check("{1:1}", "{!1");
    check("[\"a]", "[!4");
    check("[\"\\u00{}\"]", "[!2");
    check("[\"\n\"]", "[!2");
    check("[012]", "[!1");
    check("[truex]", "[!1");
    check("[[[[1]]]]", "[[[!3");
    check("[]]", "[}!2");
}


static void
texts(void **state)
{
    sv_json_text_t        text;
    unsigned char         buf[4];
    const char           *s = "\"a\\u0062\\\\\\ud83d\"";
    const unsigned char  *p = (const unsigned char *) s;

    sv_json_text(p, p + strlen(s), buf, sizeof(buf), &text);

    assert_int_equal(text.len, 4);
    assert_memory_equal(buf, "ab\\\xff", 4);
    assert_true(text.half);

    s = "\"12345\\u0000\"";
    p = (const unsigned char *) s;

    sv_json_text(p, p + strlen(s), buf, sizeof(buf), &text);

    assert_int_equal(text.len, 6);
    assert_memory_equal(buf, "1234", 4);
    assert_false(text.half);

    assert_true(sv_json_is(p, p + 7, "12345"));
    assert_false(sv_json_is(p, p + strlen(s), "12345"));
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(numbers),
        cmocka_unit_test(escapes),
        cmocka_unit_test(half_a_pair),
        cmocka_unit_test(encode_all),
        cmocka_unit_test(documents),
        cmocka_unit_test(texts)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
