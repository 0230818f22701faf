
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_trace.h"


#define ID    "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN  "00f067aa0ba902b7"


static int
parse(const char *text, sv_trace_t *trace)
{
    return sv_trace_parse((const unsigned char *) text, strlen(text), trace);
}


static void
valid(void **state)
{
    sv_trace_t  trace;

    (void) state;

    assert_true(parse("00-" ID "-" SPAN "-01", &trace));
    assert_memory_equal(trace.id.data, ID, 32);
    assert_int_equal(trace.id.len, 32);
    assert_memory_equal(trace.span.data, SPAN, 16);
    assert_int_equal(trace.span.len, 16);
    assert_int_equal(trace.parent.len, SV_TRACE_LEN);
    assert_true(parse("00-" ID "-" SPAN "-00", &trace));
    assert_true(parse("00-" ID "-" SPAN "-ff", &trace));
}


/* is read as far as it is known, and not passed on */

static void
later_versions(void **state)
{
    sv_trace_t  trace;

    (void) state;

    assert_true(parse("01-" ID "-" SPAN "-01", &trace));
    assert_int_equal(trace.parent.len, 0);
    assert_int_equal(trace.id.len, 32);
    assert_true(parse("cc-" ID "-" SPAN "-01-what-the-future-will-be",
                      &trace));
    assert_false(parse("cc-" ID "-" SPAN "-01.what", &trace));
    assert_false(parse("cc-" ID "-" SPAN "-01a", &trace));
    assert_false(parse("ff-" ID "-" SPAN "-01", &trace));
}


static void
invalid(void **state)
{
    size_t      i;
    char        text[SV_TRACE_LEN + 1];
    sv_trace_t  trace;

    (void) state;

    assert_false(parse("", &trace));
    assert_false(parse("00-" ID "-" SPAN "-01 ", &trace));
    assert_false(parse("00-" ID "-" SPAN "-01-", &trace));
    assert_false(parse("00-" ID "-" SPAN "-1", &trace));
    assert_false(parse("00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
                       &trace));
    assert_false(parse("00-00000000000000000000000000000000-" SPAN "-01",
                       &trace));
    assert_false(parse("00-" ID "-0000000000000000-01", &trace));
    assert_int_equal(trace.id.len, 0);

    /* every octet counts, and no shorter text is read beyond its end */

    for (i = 0; i < SV_TRACE_LEN; i++) {
        memcpy(text, "00-" ID "-" SPAN "-01", SV_TRACE_LEN + 1);
        text[i] = '"';
        assert_false(parse(text, &trace));

        assert_false(sv_trace_parse((unsigned char *) text, i, &trace));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(valid),
        cmocka_unit_test(later_versions),
        cmocka_unit_test(invalid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
