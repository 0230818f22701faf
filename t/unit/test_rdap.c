
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "sv_rdap.h"


#define NOW  1700000000     /* 2023-11-14T22:13:20Z */
#define DAY  86400

#define DOMAIN(events)                                                        \
    "{\"objectClassName\":\"domain\",\"ldhName\":\"example.com\","            \
    "\"events\":[" events "]}"

#define EVENT(action, date)                                                   \
    "{\"eventAction\":\"" action "\",\"eventDate\":\"" date "\"}"


static void
check(const char *json, int expected)
{
    int  age;

    age = sv_rdap_age(json, strlen(json), NOW);

    if (age != expected) {
        fail_msg("%s: %d instead of %d", json, age, expected);
    }
}


static void
ages(void **state)
{
    check(DOMAIN(EVENT("registration", "2023-11-14T22:13:20Z")), 0);
    check(DOMAIN(EVENT("registration", "2023-11-14T22:13:19Z")), 0);
    check(DOMAIN(EVENT("registration", "2023-11-13T22:13:21Z")), 0);
    check(DOMAIN(EVENT("registration", "2023-11-13T22:13:20Z")), 1);
    check(DOMAIN(EVENT("registration", "2022-11-14T00:00:00Z")), 365);
    check(DOMAIN(EVENT("registration", "1970-01-01T00:00:00Z")), NOW / DAY);
    check(DOMAIN(EVENT("registration", "2000-02-29T00:00:00Z")), 8659);
    check(DOMAIN(EVENT("Registration", "2022-11-14T00:00:00z")), 365);

    check(" \r\n\t" DOMAIN(EVENT("registration", "2022-11-14T00:00:00Z"))
          "\n\n", 365);
}


static void
dates(void **state)
{
    check(DOMAIN(EVENT("registration", "2022-11-14")), 365);
    check(DOMAIN(EVENT("registration", "2022-11-14 10:00:00")), 365);
    check(DOMAIN(EVENT("registration", "2022-11-14t10:00:00.123456Z")), 365);
    check(DOMAIN(EVENT("registration", "2022-11-14T10:00:00")), 365);
    check(DOMAIN(EVENT("registration", "2022-11-15T00:13:21+02:00")), 364);
    check(DOMAIN(EVENT("registration", "2022-11-15T00:13:20+02:00")), 365);
    check(DOMAIN(EVENT("registration", "2022-11-14T20:13:21-02:00")), 364);
    check(DOMAIN(EVENT("registration", "2022-11-14T20:13:20-02:00")), 365);
    check(DOMAIN(EVENT("registration", "2022-12-31T23:59:60Z")), 317);

    check(DOMAIN(EVENT("registration", "")), -1);
    check(DOMAIN(EVENT("registration", "2022")), -1);
    check(DOMAIN(EVENT("registration", "2022-13-01")), -1);
    check(DOMAIN(EVENT("registration", "2022-00-01")), -1);
    check(DOMAIN(EVENT("registration", "2022-02-29")), -1);
    check(DOMAIN(EVENT("registration", "1900-01-01")), -1);
    check(DOMAIN(EVENT("registration", "2022-11-00")), -1);
    check(DOMAIN(EVENT("registration", "2022-11-14T")), -1);
    check(DOMAIN(EVENT("registration", "2022-11-14T24:00:00Z")), -1);
    check(DOMAIN(EVENT("registration", "2022-11-14T10:60:00Z")), -1);
    check(DOMAIN(EVENT("registration", "2022-11-14T10:00:00Zx")), -1);
    check(DOMAIN(EVENT("registration", "2022-11-14T10:00:00+2")), -1);
    check(DOMAIN(EVENT("registration", "2022-11-14T10:00:00+02:00x")), -1);
    check(DOMAIN(EVENT("registration", "2022-11-14T10:00:00+24:00")), -1);
    check(DOMAIN(EVENT("registration", "2022-11-14X10:00:00Z")), -1);
    check(DOMAIN(EVENT("registration", "22022-11-14")), -1);

    /* a clock may be off, by a day at most */
    check(DOMAIN(EVENT("registration", "2023-11-15T10:00:00Z")), 0);
    check(DOMAIN(EVENT("registration", "2023-11-16T10:00:00Z")), -1);
    check(DOMAIN(EVENT("registration", "9999-12-31T10:00:00Z")), -1);
}


static void
events(void **state)
{
    check(DOMAIN(""), -1);
    check(DOMAIN(EVENT("expiration", "2022-11-14")), -1);
    check(DOMAIN(EVENT("last changed", "2023-01-01") ","
                 EVENT("registration", "2022-11-14") ","
                 EVENT("expiration", "2030-01-01")), 365);
    check(DOMAIN(EVENT("registration", "2000-01-01") ","
                 EVENT("reregistration", "2022-11-14")), 365);
    check(DOMAIN(EVENT("registration", "nonsense") ","
                 EVENT("registration", "2022-11-14")), 365);
    check(DOMAIN("1,null,\"x\",[],{}," EVENT("registration", "2022-11-14")),
          365);
    check(DOMAIN("{\"eventAction\":\"registration\"},"
                 "{\"eventAction\":1,\"eventDate\":\"2022-11-14\"},"
                 "{\"eventAction\":\"registration\",\"eventDate\":1}"), -1);
    check(DOMAIN(EVENT("registration\\u0000x", "2022-11-14")), 365);

    /* those of its registrar are not its own */
    check("{\"objectClassName\":\"domain\",\"entities\":[{"
          "\"objectClassName\":\"entity\",\"events\":["
          EVENT("registration", "2022-11-14") "]}]}", -1);
    check("{\"objectClassName\":\"entity\",\"events\":["
          EVENT("registration", "2022-11-14") "]}", -1);
    check("{\"errorCode\":404,\"title\":\"Not Found\"}", -1);
    check("{\"objectclassname\":\"domain\",\"events\":["
          EVENT("registration", "2022-11-14") "]}", -1);
    check("{\"objectClassName\":\"domain\",\"events\":{}}", -1);
}


static void
hostile(void **state)
{
    char    *json;
    size_t   i, n;

    const char  *list[] = {
        "", " ", "{", "}", "[", "]", "\"", "\\", "null", "1", "{}", "[]",
        "{}{}", "<html></html>", "{\"a\":\"\\", "{\"a\":\"\\\"}",
        NULL
    };

    for (i = 0; list[i]; i++) {
        check(list[i], -1);
    }

    check(DOMAIN(EVENT("registration", "2022-11-14")) "x", -1);
    check(DOMAIN(EVENT("registration", "2022-11-14")) "{}", -1);

    n = SV_RDAP_MAX + 1;
    json = malloc(n);
    assert_non_null(json);

    memset(json, '[', n);
    assert_int_equal(sv_rdap_age(json, n - 1, NOW), -1);
    assert_int_equal(sv_rdap_age(json, n, NOW), -1);
    assert_int_equal(sv_rdap_age(json, SV_RDAP_DEPTH + 1, NOW), -1);

    /* the same, only longer: to the limit it is read */

    memset(json, ' ', n);
    memcpy(json, DOMAIN(EVENT("registration", "2022-11-14")),
           strlen(DOMAIN(EVENT("registration", "2022-11-14"))));
    assert_int_equal(sv_rdap_age(json, n - 1, NOW), 365);
    assert_int_equal(sv_rdap_age(json, n, NOW), -1);

    free(json);

    /* without an end */

    n = strlen(DOMAIN(EVENT("registration", "2022-11-14")));

    for (i = 0; i < n; i++) {
        json = malloc(i + 1);
        assert_non_null(json);
        memcpy(json, DOMAIN(EVENT("registration", "2022-11-14")), i);
        assert_int_equal(sv_rdap_age(json, i, NOW), -1);
        free(json);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(ages),
        cmocka_unit_test(dates),
        cmocka_unit_test(events),
        cmocka_unit_test(hostile)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
