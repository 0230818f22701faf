
/* Replies of Valkey and Redis, also of one that is hostile. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_resp.h"


static sv_resp_t        *resp;
static sv_resp_value_t  *value;


static int
setup(void **state)
{
    (void) state;

    resp = sv_resp_create();
    value = NULL;

    return resp == NULL;
}


static int
teardown(void **state)
{
    (void) state;

    sv_resp_value_free(value);
    sv_resp_free(resp);

    return 0;
}


/* 1: there is a reply; 0: it is not complete; -1: the connection is closed */

static int
feed(const char *text)
{
    sv_resp_value_free(value);
    value = NULL;

    if (sv_resp_feed(resp, text, strlen(text)) != 0
        || sv_resp_next(resp, &value) != 0)
    {
        return -1;
    }

    return value != NULL;
}


static void
types(void **state)
{
    (void) state;

    assert_int_equal(feed("+OK\r\n"), 1);
    assert_int_equal(value->type, sv_resp_status);
    assert_string_equal(value->str, "OK");

    assert_int_equal(feed("-NOSCRIPT No matching script\r\n"), 1);
    assert_int_equal(value->type, sv_resp_error);
    assert_string_equal(value->str, "NOSCRIPT No matching script");

    assert_int_equal(feed(":-42\r\n"), 1);
    assert_int_equal(value->type, sv_resp_integer);
    assert_int_equal(value->integer, -42);

    assert_int_equal(feed("$-1\r\n"), 1);
    assert_int_equal(value->type, sv_resp_nil);

    assert_int_equal(feed("$3\r\na\rb\r\n"), 1);
    assert_int_equal(value->type, sv_resp_string);
    assert_int_equal(value->len, 3);
    assert_memory_equal(value->str, "a\rb", 4);

    assert_int_equal(feed("*0\r\n"), 1);
    assert_int_equal(value->type, sv_resp_array);
    assert_int_equal(value->len, 0);
}


static void
elements(void **state)
{
    (void) state;

    assert_int_equal(feed("*4\r\n:2\r\n$-1\r\n$1\r\nx\r\n*1\r\n$1\r\ny\r\n"),
                     1);

    assert_int_equal(sv_resp_element(value, 0, sv_resp_integer)->integer, 2);
    assert_null(sv_resp_element(value, 0, sv_resp_string));
    assert_null(sv_resp_element(value, 1, sv_resp_string));
    assert_string_equal(sv_resp_element(value, 2, sv_resp_string)->str, "x");
    assert_string_equal(sv_resp_element(sv_resp_element(value, 3,
                                                        sv_resp_array),
                                        0, sv_resp_string)->str, "y");
    assert_null(sv_resp_element(value, 4, sv_resp_string));
    assert_null(sv_resp_element(NULL, 0, sv_resp_string));
}


static void
octet_by_octet(void **state)
{
    size_t             i;
    static const char  text[] = "*2\r\n$5\r\nhello\r\n:7\r\n+next\r\n";

    (void) state;

    for (i = 0; i < sizeof(text) - 1; i++) {
        assert_int_equal(sv_resp_feed(resp, text + i, 1), 0);
        assert_int_equal(sv_resp_next(resp, &value), 0);

        if (i == 18) {
            assert_non_null(value);
            assert_int_equal(value->len, 2);
            sv_resp_value_free(value);
            value = NULL;

        } else if (i < sizeof(text) - 2) {
            assert_null(value);
        }
    }

    assert_non_null(value);
    assert_string_equal(value->str, "next");
}


static void
two_at_once(void **state)
{
    (void) state;

    assert_int_equal(feed("+a\r\n+b\r\n"), 1);
    assert_string_equal(value->str, "a");

    sv_resp_value_free(value);

    assert_int_equal(sv_resp_next(resp, &value), 0);
    assert_string_equal(value->str, "b");
}


static void
what_is_no_reply(void **state)
{
    size_t             i;
    static const char *texts[] = {
        "HTTP/1.1 400 Bad Request\r\n",
        "$x\r\n",
        "*-2\r\n",
        "$-2\r\n",
        ":9223372036854775808000\r\n",
        ":1x\r\n",
        "\r\n",
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(feed(texts[i]), -1);

        teardown(NULL);
        setup(NULL);
    }
}


/* RESP3 was not asked for */

static void
other_types(void **state)
{
    size_t             i;
    static const char *texts[] = {
        ",1.5\r\n", "#t\r\n", "_\r\n", "%1\r\n+a\r\n+b\r\n", "~1\r\n+a\r\n",
        ">1\r\n+a\r\n", "=5\r\ntxt:a\r\n", "(123456789012345678901234\r\n",
    };

    (void) state;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {

        /* newer readers take "_" for nil, which is as good */

        if (feed(texts[i]) == 1) {
            assert_int_equal(value->type, sv_resp_nil);
        }

        teardown(NULL);
        setup(NULL);
    }
}


static void
too_many_elements(void **state)
{
    (void) state;

    assert_int_equal(feed("*2147483647\r\n"), -1);
}


static void
too_many_values(void **state)
{
    int  i, rc;

    (void) state;

    /* many arrays of many, of which none is too large alone */

    rc = feed("*4000\r\n");

    for (i = 0; i < 4000 && rc == 0; i++) {
        rc = feed("*4\r\n:1\r\n:1\r\n:1\r\n:1\r\n");
    }

    assert_int_equal(rc, -1);
}


/* Returns the result of a value within n arrays. */

static int
nested(int n)
{
    int  i, rc;

    sv_resp_free(resp);
    resp = sv_resp_create();
    assert_non_null(resp);

    rc = 0;

    for (i = 0; i < n && rc == 0; i++) {
        rc = feed("*1\r\n");
    }

    if (rc == 0) {
        rc = feed(":1\r\n");
    }

    return rc;
}


static void
too_deep(void **state)
{
    (void) state;

    assert_int_equal(nested(SV_RESP_DEPTH - 1), 1);
    assert_int_equal(nested(SV_RESP_DEPTH), 1);
    assert_int_equal(nested(SV_RESP_DEPTH + 1), -1);
    assert_int_equal(nested(SV_RESP_VALUES / 2), -1);
}


/* A string of 2 GB is not waited for. */

static void
too_long_a_string(void **state)
{
    int          rc;
    size_t       n;
    static char  chunk[16384];

    (void) state;

    rc = feed("$2000000000\r\n");

    memset(chunk, 'x', sizeof(chunk) - 1);

    for (n = 0; rc == 0 && n < 1000; n++) {
        rc = feed(chunk);
    }

    assert_int_equal(rc, -1);
    assert_true(n * sizeof(chunk) <= 3 * SV_RESP_SIZE);
}


static void
too_long_together(void **state)
{
    int          rc;
    size_t       n;
    static char  chunk[8200];

    (void) state;

    rc = feed("*1000\r\n");

    memset(chunk, 'x', sizeof(chunk) - 1);
    memcpy(chunk, "$8190\r\n", 7);
    memcpy(chunk + 7 + 8190, "\r\n", 3);

    for (n = 0; rc == 0 && n < 1000; n++) {
        rc = feed(chunk);
    }

    assert_int_equal(rc, -1);
    assert_true(n < 40);
}


static const char *
trouble(const char *error, int *fatal)
{
    sv_resp_value_t  v;

    v.type = sv_resp_error;
    v.str = (char *) error;
    v.len = strlen(error);

    return sv_resp_trouble(&v, fatal);
}


static void
troubles(void **state)
{
    int  fatal;

    (void) state;

    assert_string_equal(trouble("READONLY You can't write against a read only "
                                "replica. script: a32970", &fatal),
                        "it is a replica");
    assert_int_equal(fatal, 1);

    assert_string_equal(trouble("MASTERDOWN Link with MASTER is down", &fatal),
                        "it is a replica without its primary");
    assert_string_equal(trouble("LOADING Redis is loading the dataset",
                                &fatal),
                        "it is still loading its data");
    assert_string_equal(trouble("MOVED 3999 127.0.0.1:6381", &fatal),
                        "it is a node of a cluster that lacks the fleet's "
                        "slot");
    assert_int_equal(fatal, 1);

    assert_string_equal(trouble("WRONGPASS invalid username-password pair or "
                                "user is disabled.", &fatal),
                        "it refuses the user or password");
    assert_int_equal(fatal, 1);
    assert_string_equal(trouble("ERR AUTH <password> called without any "
                                "password configured for the default user. "
                                "Are you sure your configuration is correct?",
                                &fatal),
                        "it has no password for the default user");
    assert_int_equal(fatal, 1);
    assert_string_equal(trouble("ERR max number of clients reached", &fatal),
                        "it has too many clients");
    assert_int_equal(fatal, 1);
    assert_string_equal(trouble("DENIED Redis is running in protected mode",
                                &fatal),
                        "it is in protected mode");
    assert_int_equal(fatal, 1);

    /* as Redis 7.0, 8.0 and Valkey 8.1 say it */

    assert_string_equal(trouble("ERR The user executing the script can't run "
                                "this command or subcommand", &fatal),
                        "the user may not do all that is needed");
    assert_int_equal(fatal, 0);
    assert_string_equal(trouble("ERR ACL failure in script: User edge has no "
                                "permissions to run the 'hset' command",
                                &fatal),
                        "the user may not do all that is needed");
    assert_string_equal(trouble("NOPERM No permissions to access a key",
                                &fatal),
                        "the user may not do all that is needed");

    /* which is dealt with by those who asked */

    assert_null(trouble("OOM command not allowed", &fatal));
    assert_null(trouble("BUSYGROUP Consumer Group name exists", &fatal));
    assert_null(trouble("WRONGTYPE Operation against a key", &fatal));
    assert_null(trouble("", &fatal));
    assert_int_equal(fatal, 0);
}


static void
commands(void **state)
{
    long           n;
    char          *command;
    const char    *argv[] = { "SET", "a b", "\0\r\n" };
    const size_t   len[] = { 3, 3, 3 };

    (void) state;

    n = sv_resp_format(&command, 3, argv, len);

    assert_int_equal(n, 4 + 9 + 9 + 9);
    assert_memory_equal(command, "*3\r\n$3\r\nSET\r\n$3\r\na b\r\n"
                        "$3\r\n\0\r\n\r\n", 31);

    sv_resp_format_free(command);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup_teardown(types, setup, teardown),
        cmocka_unit_test_setup_teardown(elements, setup, teardown),
        cmocka_unit_test_setup_teardown(octet_by_octet, setup, teardown),
        cmocka_unit_test_setup_teardown(two_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_reply, setup, teardown),
        cmocka_unit_test_setup_teardown(other_types, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_elements, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many_values, setup, teardown),
        cmocka_unit_test_setup_teardown(too_deep, setup, teardown),
        cmocka_unit_test_setup_teardown(too_long_a_string, setup, teardown),
        cmocka_unit_test_setup_teardown(too_long_together, setup, teardown),
        cmocka_unit_test(troubles),
        cmocka_unit_test(commands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
