
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sv_tokens.h"


#define A  "sha256:00000000000000000000000000000000"                          \
           "0000000000000000000000000000000a"
#define B  "sha256:00000000000000000000000000000000"                          \
           "0000000000000000000000000000000b"
#define C  "sha256:00000000000000000000000000000000"                          \
           "0000000000000000000000000000000C"


static sv_rules_error_t  error;


static sv_tokens_t *
parse(const char *text)
{
    error.line = 0;
    error.message[0] = '\0';

    return sv_tokens_parse(text, strlen(text), &error);
}


static void
refused(const char *text, unsigned line, const char *message)
{
    sv_tokens_t  *t;

    t = parse(text);

    if (t || error.line != line || strstr(error.message, message) == NULL) {
        fail_msg("%s: line %u: %s", text, error.line, error.message);
    }

    /* what stands there may be a token */

    if (strstr(error.message, "SECRET") || strstr(error.message, "00000000")) {
        fail_msg("told: %s", error.message);
    }
}


/* as limit_req_zone has it */

static void
rates(void **state)
{
    sv_tokens_t  *t;

    t = parse("alice " A " rate=10r/s burst=20\nbob " B " rate=90r/m\n");

    assert_non_null(t);
    assert_true(t->clients[0].rate == sv_bucket_per_second(10));
    assert_int_equal(t->clients[0].burst, 20);
    assert_true(t->clients[1].rate == sv_bucket_per_minute(90));
    assert_int_equal(t->clients[1].burst, 90);

    sv_tokens_free(t);
}


static void
clients(void **state)
{
    sv_tokens_t  *t;

    t = parse("# of the API\n\n"
              "alice " A " rate=10/s burst=20 quota=10000\n"
              "  bob-2_x.y\t" B " " C "  # two, for a while\r\n"
              "carol sha256:"
              "FFEEDDCCBBAA99887766554433221100"
              "ffeeddccbbaa99887766554433221100 quota=0 rate=90/m");

    assert_non_null(t);
    assert_int_equal(t->nclients, 3);
    assert_int_equal(t->ntokens, 4);

    assert_string_equal((char *) t->clients[0].name.data, "alice");
    assert_int_equal(t->clients[0].name.len, 5);
    assert_true(t->clients[0].rate == sv_bucket_per_second(10));
    assert_int_equal(t->clients[0].burst, 20);
    assert_true(t->clients[0].quota == 10000);
    assert_int_equal(t->clients[0].line, 3);

    assert_string_equal((char *) t->clients[1].name.data, "bob-2_x.y");
    assert_true(t->clients[1].rate == 0);
    assert_int_equal(t->clients[1].burst, 0);
    assert_true(t->clients[1].quota == SV_TOKENS_NO_QUOTA);

    assert_true(t->clients[2].rate == sv_bucket_per_minute(90));
    assert_int_equal(t->clients[2].burst, 90);
    assert_true(t->clients[2].quota == 0);

    assert_int_equal(t->tokens[0].client, 0);
    assert_int_equal(t->tokens[1].client, 1);
    assert_int_equal(t->tokens[2].client, 1);
    assert_int_equal(t->tokens[3].client, 2);
    assert_int_equal(t->tokens[0].hash[31], 0x0a);
    assert_int_equal(t->tokens[2].hash[31], 0x0c);
    assert_int_equal(t->tokens[3].hash[0], 0xff);
    assert_int_equal(t->tokens[3].hash[16], 0xff);
    assert_int_equal(t->tokens[3].hash[31], 0x00);

    sv_tokens_free(t);
}


static void
rights(void **state)
{
    sv_tokens_t  *t;

    t = parse("alice " A "\nops admin " B "\ncrm " C " erase quota=1 admin\n");

    assert_non_null(t);
    assert_int_equal(t->clients[0].rights, 0);
    assert_int_equal(t->clients[1].rights, SV_TOKENS_ADMIN);
    assert_int_equal(t->clients[2].rights, SV_TOKENS_ADMIN | SV_TOKENS_ERASE);

    sv_tokens_free(t);

    refused("a " A " admin admin", 1, "a right is given twice");
    refused("a " A " erase admin erase", 1, "a right is given twice");
    refused("a " A " Admin", 1, "a word other than");
    refused("a " A " admin=1", 1, "a word other than");
    refused("a " A " erases", 1, "a word other than");
    refused("a admin", 1, "no token");
}


static void
nobody(void **state)
{
    sv_tokens_t  *t;

    t = parse("\n# all are gone\n");

    assert_non_null(t);
    assert_int_equal(t->nclients, 0);
    assert_int_equal(t->ntokens, 0);

    sv_tokens_free(t);
    sv_tokens_free(NULL);
}


static void
mistakes(void **state)
{
    refused("\nalice\n", 2, "no token");
    refused("alice rate=1/s", 1, "no token");
    refused("alice SECRET", 1, "a word other than");
    refused("SECRET/! " A, 1, "no name");
    refused("\"\" " A, 1, "no name");
    refused("alice \"SECRET", 1, "not closed");
    refused("alice sha256:SECRET", 1, "other than 64 digits");
    refused("alice " A "0", 1, "other than 64 digits");
    refused("alice sha256:0000000000000000000000000000000g"
            "00000000000000000000000000000000", 1, "hexadecimal");
    refused("alice SHA256:00", 1, "a word other than");
    refused("alice " A " " A, 1, "the token is that of line 1");
    refused("alice " A "\nbob " A, 2, "the token is that of line 1");
    refused("bob " A "\nx " C "\nalice " A " " B, 3,
            "the token is that of line 1");
    refused("alice " A "\n\nalice " B, 3, "the name is that of line 1");
    refused("alice " A "\xff", 1, "UTF-8");
    refused("alice " A "\x01", 1, "control");
    refused("alice\n" A, 1, "no token");
}


static void
limits(void **state)
{
    refused("a " A " rate=", 1, "a rate");
    refused("a " A " rate=10", 1, "a rate");
    refused("a " A " rate=/s", 1, "a rate");
    refused("a " A " rate=r/s", 1, "a rate");
    refused("a " A " rate=1rr/s", 1, "a rate");
    refused("a " A " rate=1r/h", 1, "a rate");
    refused("a " A " rate=1r", 1, "a rate");
    refused("a " A " rate=0/s", 1, "a rate");
    refused("a " A " rate=1/h", 1, "a rate");
    refused("a " A " rate=1.5/s", 1, "a rate");
    refused("a " A " rate=-1/s", 1, "a rate");
    refused("a " A " rate=1000001/s", 1, "a rate");
    refused("a " A " rate=18446744073709551617/s", 1, "a rate");
    refused("a " A " rate=1/s rate=1/s", 1, "a rate");
    refused("a " A " rate=1/s burst=0", 1, "a burst");
    refused("a " A " rate=1/s burst=1000001", 1, "a burst");
    refused("a " A " rate=1/s burst=1 burst=1", 1, "a burst");
    refused("a " A " burst=1", 1, "without a rate");
    refused("a " A " quota=", 1, "a quota");
    refused("a " A " quota=1000000000000", 1, "a quota");
    refused("a " A " quota=1 quota=1", 1, "a quota");
    refused("a " A " quota=1k", 1, "a quota");
    refused("a " A " quota", 1, "a word other than");
}


static void
bounds(void **state)
{
    char         *text, *p;
    unsigned      i;
    sv_tokens_t  *t;
    char          name[SV_TOKENS_NAME + 2];

    text = malloc(SV_TOKENS_FILE + 2);
    assert_non_null(text);

    p = text;

    for (i = 0; i <= SV_TOKENS_MAX; i++) {
        p += sprintf(p, "client-%u sha256:%064x\n", i, i);
    }

    refused(text, SV_TOKENS_MAX + 1, "more than 4096 clients");

    *strstr(text, "client-4096") = '\0';
    t = parse(text);
    assert_non_null(t);
    assert_int_equal(t->nclients, SV_TOKENS_MAX);
    sv_tokens_free(t);

    memset(text, '#', SV_TOKENS_FILE + 1);
    text[SV_TOKENS_FILE + 1] = '\0';
    refused(text, 0, "larger than");

    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    sprintf(text, "%s " A, name);
    refused(text, 1, "no name");
    t = parse(text + 1);
    assert_non_null(t);
    sv_tokens_free(t);

    refused("a " A " " B " " C
            " sha256:00000000000000000000000000000000"
            "0000000000000000000000000000000d"
            " sha256:00000000000000000000000000000000"
            "0000000000000000000000000000000e", 1, "more than 4 tokens");

    free(text);
}


static void
bearer(const char *value, int expected, const char *token)
{
    int       rc;
    sv_str_t  t;

    rc = sv_tokens_bearer((unsigned char *) value, strlen(value), &t);

    if (rc != expected
        || (rc == 1 && (t.len != strlen(token)
                        || memcmp(t.data, token, t.len) != 0)))
    {
        fail_msg("%s: %d", value, rc);
    }
}


static void
bearers(void **state)
{
    char  value[1024];

    bearer("Bearer abc", 1, "abc");
    bearer("bEARER   abc-._~+/09AZ==", 1, "abc-._~+/09AZ==");

    bearer("", 0, NULL);
    bearer("Bear", 0, NULL);
    bearer("Bearer", 0, NULL);
    bearer("Bearer  ", 0, NULL);
    bearer("Bearerabc", 0, NULL);
    bearer("Bearer\tabc", 0, NULL);
    bearer("Basic YTpi", 0, NULL);
    bearer("Bearers abc", 0, NULL);

    bearer("Bearer abc def", -1, NULL);
    bearer("Bearer abc,def", -1, NULL);
    bearer("Bearer \"abc\"", -1, NULL);
    bearer("Bearer ab=c", -1, NULL);
    bearer("Bearer =", -1, NULL);
    bearer("Bearer \xc3\xa4", -1, NULL);

    memset(value, 'a', sizeof(value));
    memcpy(value, "Bearer ", 7);
    value[7 + 512] = '\0';
    bearer(value, 1, value + 7);
    value[7 + 512] = 'a';
    value[7 + 513] = '\0';
    bearer(value, -1, NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(clients),
        cmocka_unit_test(rates),
        cmocka_unit_test(rights),
        cmocka_unit_test(nobody),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(limits),
        cmocka_unit_test(bounds),
        cmocka_unit_test(bearers)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
