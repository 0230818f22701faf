
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_str.h"
#include "sv_utf8.h"


#define valid(s)    sv_utf8_valid((const unsigned char *) s, sizeof(s) - 1)
#define check_clean(size, src, dst)                                           \
    check_clean_(size, sizeof(src) - 1, src, sizeof(dst) - 1, dst)


static void
check_clean_(size_t size, size_t src_len, const char *src, size_t dst_len,
    const char *dst)
{
    size_t         n;
    unsigned char  buf[64];

    memset(buf, '#', sizeof(buf));

    n = sv_utf8_clean(buf, size, (const unsigned char *) src, src_len);

    assert_int_equal(n, dst_len);
    assert_memory_equal(buf, dst, dst_len);
    assert_int_equal(buf[n], '#');
}


static void
valid_text(void **state)
{
    assert_true(valid(""));
    assert_true(sv_utf8_valid(NULL, 0));
    assert_true(valid("plain"));
    assert_true(valid("\0"));
    assert_true(valid("\xc2\x80\xdf\xbf"));
    assert_true(valid("\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf"));
    assert_true(valid("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
}


static void
invalid_text(void **state)
{
    assert_false(valid("\x80"));
    assert_false(valid("a\xff"));
    assert_false(valid("\xc0\xaf"));                /* overlong "/" */
    assert_false(valid("\xc1\xbf"));
    assert_false(valid("\xe0\x9f\xbf"));
    assert_false(valid("\xf0\x8f\xbf\xbf"));
    assert_false(valid("\xed\xa0\x80"));            /* surrogates */
    assert_false(valid("\xed\xbf\xbf"));
    assert_false(valid("\xf4\x90\x80\x80"));        /* U+110000 */
    assert_false(valid("\xf5\x80\x80\x80"));
    assert_false(valid("\xc3"));                    /* cut */
    assert_false(valid("\xe2\x82"));
    assert_false(valid("\xf0\x9f\x98"));
    assert_false(valid("\xe2\x82z"));
}


/* every code point, encoded by other means, comes back */

static void
decode_all(void **state)
{
    size_t                n;
    uint32_t              ch;
    unsigned char         buf[4];
    const unsigned char  *p;

    for (ch = 0; ch < 0x110000; ch++) {

        if (ch < 0x80) {
            buf[0] = ch;
            n = 1;

        } else if (ch < 0x800) {
            buf[0] = 0xc0 + ch / 64;
            buf[1] = 0x80 + ch % 64;
            n = 2;

        } else if (ch < 0x10000) {
            buf[0] = 0xe0 + ch / 4096;
            buf[1] = 0x80 + ch / 64 % 64;
            buf[2] = 0x80 + ch % 64;
            n = 3;

        } else {
            buf[0] = 0xf0 + ch / 262144;
            buf[1] = 0x80 + ch / 4096 % 64;
            buf[2] = 0x80 + ch / 64 % 64;
            buf[3] = 0x80 + ch % 64;
            n = 4;
        }

        p = buf;

        if (ch >= 0xd800 && ch <= 0xdfff) {
            assert_int_equal(sv_utf8_decode(&p, buf + n), SV_UTF8_BAD);
            continue;
        }

        assert_int_equal(sv_utf8_decode(&p, buf + n), ch);
        assert_ptr_equal(p, buf + n);
    }
}


/* as the Unicode Standard, section 3.9, has it in its table 3-8 */

static void
decode_bad_parts(void **state)
{
    check_clean(64, "\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64",
                "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" "b\xef\xbf\xbd"
                "c\xef\xbf\xbd\xef\xbf\xbd" "d");
    check_clean(64, "\xed\xa0\x80",
                "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    check_clean(64, "caf\xe9", "caf\xef\xbf\xbd");
}


static void
clean_controls(void **state)
{
    check_clean(64, "", "");
    check_clean(64, "5.1.1 unknown\r\n", "5.1.1 unknown  ");
    check_clean(64, "a\0b\tc\x1b[31m\x7f", "a b c [31m ");
    check_clean(64, "a\xc2\x85" "b\xc2\x9b" "c", "a b c");
    check_clean(64, "a\xe2\x80\xa8" "b\xe2\x80\xae" "c\xe2\x81\xa7", "a b c ");
    check_clean(64, "\xe2\x80\x8d\xc3\xa9\xf0\x9f\x98\x80",
                "\xe2\x80\x8d\xc3\xa9\xf0\x9f\x98\x80");
}


static void
clean_never_cuts(void **state)
{
    check_clean(0, "a", "");
    check_clean(3, "abcdef", "abc");
    check_clean(3, "ab\xc3\xa9", "ab");
    check_clean(4, "ab\xc3\xa9", "ab\xc3\xa9");
    check_clean(2, "\xffz", "");
    check_clean(3, "\xffz", "\xef\xbf\xbd");
    check_clean(3, "\xf0\x9f\x98\x80z", "");
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(valid_text),
        cmocka_unit_test(invalid_text),
        cmocka_unit_test(decode_all),
        cmocka_unit_test(decode_bad_parts),
        cmocka_unit_test(clean_controls),
        cmocka_unit_test(clean_never_cuts)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
