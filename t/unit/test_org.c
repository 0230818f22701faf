
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "sv_org.h"


static void
test_org(void **state)
{
    size_t      i, n;
    const char  *name;
    static const char  *names[][2] = {
        { "ok.test", "ok.test" },
        { "a.ok.test", "ok.test" },
        { "a.b.c.d.ok.test", "ok.test" },
        { "example.co.uk", "example.co.uk" },
        { "a.b.example.co.uk", "example.co.uk" },
        { "example.com.au", "example.com.au" },
        { "co.uk", "co.uk" },
        { "co.test", "co.test" },
        { "a.co.test", "co.test" },
        { "x.com", "x.com" },
        { "a.x.com", "x.com" },
        { "a.b.uk", "b.uk" },
        { "test", "test" },
        { "", "" },
        { ".", "." },
        { "..", "." },
        { "xn--p1ai.xn--p1ai", "xn--p1ai.xn--p1ai" }
    };

    (void) state;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        name = names[i][0];
        n = sv_org_domain((const unsigned char *) name, strlen(name));

        assert_string_equal(name + n, names[i][1]);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_org),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
