
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "sv_gibberish.h"


static int
gibberish(const char *local)
{
    return sv_gibberish((const unsigned char *) local, strlen(local));
}


static void
check(int expected, const char **list)
{
    for ( /* void */ ; *list; list++) {
        if (gibberish(*list) != expected) {
            fail_msg("%s: %d", *list, gibberish(*list));
        }
    }
}


/* as people write them who have such names */

static void
people(void **state)
{
    const char  *list[] = {
        "john.smith", "jsmith", "smithj", "jwschmidt", "mkrzywicki",
        "szczesny", "grzegorz.brzeczyszczykiewicz", "krzysztof1987",
        "wlodzimierz", "przybylski", "strzelczyk", "wojciechowski",
        "nguyenvanthanh", "phuongthao92", "tranthihuong", "nguyen.thuy.trang",
        "hamalainen", "yrjo.vaananen", "jyrki.kaariainen", "pirkkoliisa",
        "zhangwei", "xuzhenghuang", "qiangzh", "huangxiuying", "xiexuefeng",
        "wangzhixiong", "tsengkwan", "ouyangxiu", "takahashi", "tsutsumi",
        "hwangseokjin", "kimhyunjoong", "chukwuemeka", "oluwaseun",
        "ngozichukwu", "thandiwe", "mthembu", "sibusiso", "venkataraman",
        "krishnamurthy", "balasubramanian", "jayawardena", "mohammed.alfassi",
        "abdulrahman", "vytautas", "kazlauskas", "berzins", "kristjansson",
        "thorsteinsdottir", "bjornstjerne", "hjalmarsson", "vandenbroeck",
        "schwarzschild", "kuehnle", "zsigmondy", "szentgyorgyi", "nagyzsolt",
        "hrvoje.horvat", "petrovic", "dzeko", "zhivkov", "shcherbakov",
        "yevgeniya", "khrushchev", "papadopoulos", "xanthopoulou",
        "csordas", "llewellyn", "rhydderch", "oconnell", "mcdonagh",
        "dsouza", "goncalves", "echeverria", "ibarretxe", "etxeberria",
        "giuseppe.dellacqua",
        NULL
    };

    check(0, list);
}


static void
usual(void **state)
{
    const char  *list[] = {
        "", "a", "xy", "jd", "jrr", "hjk", "xzq", "bcdf", "jkl123", "tjh",
        "rms", "djb", "esr42", "qwx", "zxw99", "j.r.r.tolkien", "info",
        "noreply", "newsletter", "webmaster", "customerservice",
        "accounts-payable", "no-reply+4711", "123456789", "4915112345678",
        "+491511234567", "2024", "john1985", "1985john", "j0hn", "mp3player",
        "web2print", "team+pkg-rrdtool", "john+xkqzjvwp", "s1234567",
        "ab12345", "e.g", "photography", "rhythm", "strengths", "birthday",
        "sunshine", "blueberry77", "thecatinthehat", "skywalker",
        NULL
    };

    check(0, list);
}


static void
strings(void **state)
{
    const char  *list[] = {
        "xkqzjvwp", "qwrtzpsdfg", "zxqvbnkj", "jhgkfdskjh", "hvhmtnsk",
        "txqwzkp", "vlkngzr", "dkjfhgksjd", "XKQZJVWP", "xkqz.jvwp",
        "a3f9c2e1b7", "7d1e9a4c", "x9k2m4p7q1", "d41d8cd98f00b204",
        "550e8400-e29b-41d4-a716-446655440000", "q7w2z9x4", "zzxqjkvw12",
        "xkqzjvwp+john",
        NULL
    };

    check(1, list);
}


static void
other_letters(void **state)
{
    const char  *list[] = {
        "j\xc3\xb6rg", "\xe7\x94\xa8\xe6\x88\xb7",
        "\xd0\xb8\xd0\xb2\xd0\xb0\xd0\xbd", "xkqzjvwp\xc3\xa9",
        NULL
    };

    check(-1, list);
}


/* of 10,000 strings drawn at random; the rates are those in docs/checks.md */

static void
drawn(void **state)
{
    int            i, n, found;
    char           text[16];
    uint32_t       seed;
    unsigned       k;

    static const struct {
        const char  *symbols;
        int          len;
        int          least;     /* percent */
    } kinds[] = {
        { "abcdefghijklmnopqrstuvwxyz", 8, 58 },
        { "abcdefghijklmnopqrstuvwxyz", 12, 85 },
        { "abcdefghijklmnopqrstuvwxyz0123456789", 8, 65 },
        { "abcdefghijklmnopqrstuvwxyz0123456789", 12, 92 },
        { "0123456789abcdef", 12, 80 }
    };

    seed = 1;

    for (k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        found = 0;

        for (i = 0; i < 10000; i++) {
            for (n = 0; n < kinds[k].len; n++) {
                seed = seed * 1664525 + 1013904223;
                text[n] = kinds[k].symbols[(seed >> 8)
                                           % strlen(kinds[k].symbols)];
            }

            found += sv_gibberish((unsigned char *) text, kinds[k].len);
        }

        if (found < kinds[k].least * 100) {
            fail_msg("%d of \"%s\": %d of 10000", kinds[k].len,
                     kinds[k].symbols, found);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(people),
        cmocka_unit_test(usual),
        cmocka_unit_test(strings),
        cmocka_unit_test(other_letters),
        cmocka_unit_test(drawn)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
