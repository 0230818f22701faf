
/*
 * DNS answers to questions for A and AAAA: which addresses are taken, where an
 * alias leads, and what says nothing.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dns_message.h"
#include "sv_addr_parse.h"


#undef  NXDOMAIN
#undef  SERVFAIL
#define NXDOMAIN  3
#define SERVFAIL  2
#define V4(last)  "\xc0\x00\x02" last       /* 192.0.2.x */
#define V6        "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x19"


static sv_addr_answer_t  answer;


static void
put_rdata(const char *name, unsigned type, unsigned long ttl,
    const char *data, size_t n)
{
    size_t  rdata;

    rdata = start_rr(ANSWER, name, type, ttl);
    memcpy(msg + len, data, n);
    len += n;
    end_rr(rdata);
}


static sv_dns_status_e
parse(int type)
{
    unsigned char    *copy;
    sv_dns_status_e   status;

    /* so that a sanitizer sees what is read beyond it */
    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, msg, len);

    memset(&answer, 0xa5, sizeof(answer));
    status = sv_addr_parse(copy, len, "mx.example.test", type, &answer);

    free(copy);

    if (status != SV_ANSWER_OK) {
        assert_int_equal(answer.naddrs, 0);
    }

    if (status == SV_ANSWER_ERROR) {
        assert_int_equal(answer.ttl, 0);
    }

    return status;
}


static void
start(unsigned flags, unsigned type)
{
    start_as("MX.example.test", RA | flags, type);
}


static void
test_addresses(void **state)
{
    (void) state;

    start(0, A);
    put_rdata("@", A, 600, V4("\x01"), 4);
    put_rdata("mx.EXAMPLE.test", A, 300, V4("\x02"), 4);
    put_rdata("other.test", A, 5, V4("\x03"), 4);
    put_rdata("@", AAAA, 7, V6, 16);

    assert_int_equal(parse(A), SV_ANSWER_OK);
    assert_int_equal(answer.naddrs, 2);
    assert_int_equal(answer.ttl, 300);
    assert_memory_equal(answer.addrs[0], V4("\x01"), 4);
    assert_memory_equal(answer.addrs[1], V4("\x02"), 4);

    start(0, AAAA);
    put_rdata("@", AAAA, 60, V6, 16);

    assert_int_equal(parse(AAAA), SV_ANSWER_OK);
    assert_int_equal(answer.naddrs, 1);
    assert_memory_equal(answer.addrs[0], V6, 16);
}


static void
test_more_than_are_kept(void **state)
{
    int  i;

    (void) state;

    start(0, A);

    for (i = 0; i < 3 * SV_ADDR_MAX; i++) {
        put_rdata("@", A, 60, V4("\x01"), 4);
    }

    assert_int_equal(parse(A), SV_ANSWER_OK);
    assert_int_equal(answer.naddrs, SV_ADDR_MAX);
}


/* an address of another length is none, and spoils the others */

static void
test_lengths(void **state)
{
    size_t  n;

    (void) state;

    for (n = 0; n <= 16; n++) {
        start(0, A);
        put_rdata("@", A, 60, V4("\x01"), 4);
        put_rdata("@", A, 60, V6, n);

        assert_int_equal(parse(A), n == 4 ? SV_ANSWER_OK : SV_ANSWER_ERROR);
    }

    start(0, AAAA);
    put_rdata("@", AAAA, 60, V6, 15);

    assert_int_equal(parse(AAAA), SV_ANSWER_ERROR);
}


static void
test_aliases(void **state)
{
    (void) state;

    /* in any order */

    start(0, A);
    put_rdata("b.test", A, 900, V4("\x07"), 4);
    put_alias("a.test", 40, "b.test");
    put_alias("@", 50, "a.test");

    assert_int_equal(parse(A), SV_ANSWER_OK);
    assert_int_equal(answer.naddrs, 1);
    assert_int_equal(answer.ttl, 40);
    assert_string_equal(answer.alias, "b.test");

    start(0, A);
    put_rdata("@", A, 900, V4("\x07"), 4);

    assert_int_equal(parse(A), SV_ANSWER_OK);
    assert_string_equal(answer.alias, "");

    /* out of the answer */

    start(0, A);
    put_alias("@", 50, "a.test");
    put_alias("a.test", 40, "Elsewhere.test");

    assert_int_equal(parse(A), SV_ANSWER_ALIAS);
    assert_string_equal(answer.alias, "Elsewhere.test");
    assert_int_equal(answer.ttl, 40);

    /* to a name of which the zone says that it has none */

    start(0, A);
    put_alias("@", 50, "a.test");
    put_soa(70, 30);

    assert_int_equal(parse(A), SV_ANSWER_NODATA);

    /* to themselves */

    start(0, A);
    put_alias("@", 50, "a.test");
    put_alias("a.test", 50, "mx.example.test");

    assert_int_equal(parse(A), SV_ANSWER_ERROR);

    /* with octets behind the name */

    start(0, A);
    put_rdata("@", CNAME, 50, "\1a\4test\0x", 9);

    assert_int_equal(parse(A), SV_ANSWER_ERROR);
}


static void
test_absence(void **state)
{
    (void) state;

    start(0, AAAA);
    put_soa(70, 30);

    assert_int_equal(parse(AAAA), SV_ANSWER_NODATA);
    assert_int_equal(answer.ttl, 30);

    start(NXDOMAIN, A);
    put_soa(20, 30);

    assert_int_equal(parse(A), SV_ANSWER_NXDOMAIN);
    assert_int_equal(answer.ttl, 20);

    /* a referral is no answer */

    start(0, A);
    put_ns(AUTHORITY);

    assert_int_equal(parse(A), SV_ANSWER_ERROR);

    start(SERVFAIL, A);

    assert_int_equal(parse(A), SV_ANSWER_ERROR);
}


static void
test_no_answer_to_this_question(void **state)
{
    (void) state;

    start_as("other.test", RA, A);
    put_rdata("@", A, 60, V4("\x01"), 4);

    assert_int_equal(parse(A), SV_ANSWER_ERROR);

    start(0, AAAA);
    put_rdata("@", A, 60, V4("\x01"), 4);

    assert_int_equal(parse(A), SV_ANSWER_ERROR);

    start(TC, A);
    put_rdata("@", A, 60, V4("\x01"), 4);

    assert_int_equal(parse(A), SV_ANSWER_ERROR);
}


/* cut at each octet */

static void
test_truncated(void **state)
{
    size_t  n;

    (void) state;

    start(0, A);
    put_alias("@", 50, "a.test");
    put_rdata("a.test", A, 60, V4("\x01"), 4);

    for (n = len; n-- > 0; /* void */ ) {
        len = n;
        assert_int_equal(parse(A), SV_ANSWER_ERROR);
    }
}


static void
test_authenticated(void **state)
{
    (void) state;

    start(AD, A);
    put_rdata("@", A, 600, V4("\x01"), 4);
    assert_int_equal(parse(A), SV_ANSWER_OK);
    assert_true(answer.authenticated);

    start(0, A);
    put_rdata("@", A, 600, V4("\x01"), 4);
    assert_int_equal(parse(A), SV_ANSWER_OK);
    assert_false(answer.authenticated);

    start(AD, A);
    put_soa(300, 60);
    assert_int_equal(parse(A), SV_ANSWER_NODATA);
    assert_true(answer.authenticated);

    start(AD | SERVFAIL, A);
    assert_int_equal(parse(A), SV_ANSWER_ERROR);
    assert_false(answer.authenticated);

    start(AD, AAAA);
    assert_int_equal(parse(A), SV_ANSWER_ERROR);
    assert_false(answer.authenticated);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_more_than_are_kept),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_absence),
        cmocka_unit_test(test_no_answer_to_this_question),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_authenticated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
