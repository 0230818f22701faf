
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
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


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(words),
        cmocka_unit_test(numbers),
        cmocka_unit_test(escapes),
        cmocka_unit_test(half_a_pair),
        cmocka_unit_test(encode_all)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
