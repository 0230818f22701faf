
/* the short way through a query string finds what the long one does */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../../src/input/sv_source.c"


#define FORMS  300000


static unsigned
below(unsigned n)
{
    static uint32_t  state = 2463534242u;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;

    return state % n;
}


static size_t
form(unsigned char *data)
{
    size_t              len, n;
    const char         *piece;
    static const char  *pieces[] = {
        "email=", "email=", "email", "=", "&", ";", "%40", "%4", "%", "+",
        "@", ".", "-", "_", "a", "Z", "7", "[", "]", "{", "`", "~", "^",
        "\\", " ", "\x80", "\xff", "\x01", "%00", "Email=", "mail="
    };

    len = 0;

    for (n = below(8); n; n--) {
        piece = pieces[below(sizeof(pieces) / sizeof(pieces[0]))];
        memcpy(data + len, piece, strlen(piece));
        len += strlen(piece);
    }

    if (below(3)) {
        memmove(data + 6, data, len);
        memcpy(data, "email=", 6);
        len += 6;
    }

    return len;
}


static void
the_short_way(void **state)
{
    size_t                    len;
    unsigned                  i, one;
    sv_str_t                  name;
    unsigned char             data[128];
    sv_source_status_e        status, wanted;
    static sv_source_value_t  value, expected;

    name.data = (unsigned char *) "email";
    name.len = 5;
    one = 0;

    for (i = 0; i < FORMS; i++) {
        len = form(data);

        memset(&value, 0, sizeof(value));
        memset(&expected, 0, sizeof(expected));

        status = sv_source_form(data, len, &name, &value);
        wanted = sv_source_form_pairs(data, len, &name, &expected);

        assert_int_equal(status, wanted);
        assert_memory_equal(&value, &expected, sizeof(value));

        one += sv_source_form_is_one(data, len, &name);
    }

    assert_true(one > FORMS / 20);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_short_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
