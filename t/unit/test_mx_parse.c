
/*
 * DNS answers to a question for MX: what is an answer, what is an error, and
 * which records are left.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dns_message.h"
#include "sv_mx_parse.h"


static sv_mx_answer_t  answer;


static void
start(unsigned flags)
{
    start_as("Example.test", RA | flags, MX);
}


static sv_mx_status_e
parse_as(const char *name)
{
    sv_str_t         s;
    unsigned char   *copy;
    sv_mx_status_e   status;

    s.len = strlen(name);
    s.data = (unsigned char *) name;

    /* so that a sanitizer sees what is read beyond it */
    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, msg, len);

    memset(&answer, 0xa5, offsetof(sv_mx_answer_t, text));
    status = sv_mx_parse(copy, len, &s, &answer);

    free(copy);

    if (status == SV_MX_ERROR) {
        assert_int_equal(answer.nrecords, 0);
        assert_int_equal(answer.ttl, 0);
    }

    return status;
}


static sv_mx_status_e
parse(void)
{
    return parse_as("example.test");
}


static void
assert_record(size_t i, unsigned preference, const char *host)
{
    sv_mx_record_t  *r;

    assert_true(i < answer.nrecords);

    r = &answer.records[i];
    assert_int_equal(r->preference, preference);
    assert_int_equal(r->host.len, strlen(host));
    assert_memory_equal(r->host.data, host, r->host.len);
}


static long
no_order(void)
{
    return 0;
}


static long
descending(void)
{
    static long  n = 1000;

    return n--;
}


static void
test_records(void **state)
{
    (void) state;

    start(0);
    put_mx("@", 600, 20, "MX2.Example.test");
    put_mx("example.TEST", 300, 10, "mx1.example.test");
    put_mx("@", 900, 10, "mx_0.example.test");

    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, 3);
    assert_int_equal(answer.ttl, 300);
    assert_record(0, 20, "mx2.example.test");

    sv_mx_sort(&answer, no_order);
    assert_int_equal(answer.records[0].preference, 10);
    assert_int_equal(answer.records[1].preference, 10);
    assert_record(2, 20, "mx2.example.test");

    assert_int_equal(parse_as("EXAMPLE.test"), SV_MX_OK);
}


static void
test_shuffle(void **state)
{
    (void) state;

    start(0);
    put_mx("@", 60, 10, "a.test");
    put_mx("@", 60, 10, "b.test");
    put_mx("@", 60, 5, "c.test");

    assert_int_equal(parse(), SV_MX_OK);

    sv_mx_sort(&answer, descending);
    assert_record(0, 5, "c.test");
    assert_record(1, 10, "b.test");
    assert_record(2, 10, "a.test");
}


static void
test_duplicates(void **state)
{
    (void) state;

    start(0);
    put_mx("@", 60, 30, "a.test");
    put_mx("@", 60, 20, "b.test");
    put_mx("@", 60, 10, "A.test");
    put_mx("@", 60, 40, "b.test");

    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, 2);
    assert_record(0, 10, "a.test");
    assert_record(1, 20, "b.test");
}


static void
test_null_mx(void **state)
{
    (void) state;

    start(0);
    put_mx("@", 60, 0, "");
    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, 1);
    assert_record(0, 0, "");

    put_mx("@", 60, 0, "");
    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, 1);
    assert_record(0, 0, "");

    put_mx("@", 60, 10, "mx.test");
    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, 1);
    assert_record(0, 10, "mx.test");

    /* others that are no host names: it is not alone either */

    start(0);
    put_mx("@", 60, 0, "");
    put_mx("@", 60, 10, "192.0.2.1");
    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, 0);
}


static void
test_hosts(void **state)
{
    size_t  i;
    char    name[300];

    static const char *const  bad[] = {
        "192.0.2.1", "mx.1", "-mx.test", "mx-.test", "mx.-test", "a b.test",
        "mx\r\nDATA.test", "mx\xc3\xbc.test", "a\\b.test", "*.test",
        "a;b.test"
    };

    static const char *const  good[] = {
        "mx", "localhost", "a_b.test", "_mx.test", "1.test", "xn--mx-yka.test",
        "1-2.test", "192.0.2.1a"
    };

    (void) state;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        start(0);
        put_mx("@", 60, 10, bad[i]);
        assert_int_equal(parse(), SV_MX_OK);
        assert_int_equal(answer.nrecords, 0);
    }

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        start(0);
        put_mx("@", 60, 10, good[i]);
        assert_int_equal(parse(), SV_MX_OK);
        assert_int_equal(answer.nrecords, 1);
        assert_record(0, 10, good[i]);
    }

    /* a dot within a label is no separator, a NUL no end */

    start(0);
    i = start_rr(ANSWER, "@", MX, 60);
    put16(10);
    memcpy(msg + len, "\5mx.ab\4test", 12);
    len += 12;
    end_rr(i);
    i = start_rr(ANSWER, "@", MX, 60);
    put16(10);
    memcpy(msg + len, "\4mx\0b\4test", 11);
    len += 11;
    end_rr(i);
    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, 0);

    /* the longest name there is: 253 octets with its dots */

    memset(name, 'a', sizeof(name));
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    start(0);
    put_mx("@", 60, 10, name);
    assert_int_equal(parse(), SV_MX_OK);
    assert_record(0, 10, name);

    name[253] = 'a';
    name[254] = '\0';
    start(0);
    put_mx("@", 60, 10, name);
    assert_int_equal(parse(), SV_MX_ERROR);
}


static void
test_names(void **state)
{
    (void) state;

#define valid(f, s)  f((const unsigned char *) s, sizeof(s) - 1)

    assert_true(valid(sv_mx_name_valid, "example.test"));
    assert_true(valid(sv_mx_name_valid, "-a_.123"));
    assert_false(valid(sv_mx_host_valid, "-a_.123"));
    assert_false(valid(sv_mx_name_valid, ""));
    assert_false(valid(sv_mx_name_valid, "."));
    assert_false(valid(sv_mx_name_valid, "a."));
    assert_false(valid(sv_mx_name_valid, ".a"));
    assert_false(valid(sv_mx_name_valid, "a..b"));
    assert_false(valid(sv_mx_name_valid, "a\0b"));
    assert_false(valid(sv_mx_name_valid, "a\\.b"));
    assert_false(valid(sv_mx_name_valid, "[192.0.2.1]"));
    assert_false(valid(sv_mx_host_valid, "a."));
    assert_false(valid(sv_mx_host_valid, "a-"));
    assert_false(valid(sv_mx_host_valid, ""));
}


static void
test_negative(void **state)
{
    (void) state;

    start(0);
    put_soa(900, 300);
    assert_int_equal(parse(), SV_MX_NODATA);
    assert_int_equal(answer.ttl, 300);

    start(3);
    put_soa(60, 300);
    assert_int_equal(parse(), SV_MX_NXDOMAIN);
    assert_int_equal(answer.ttl, 60);

    /* the SOA may come after others */

    start(0);
    put_ns(AUTHORITY);
    put_soa(900, 30);
    assert_int_equal(parse(), SV_MX_NODATA);
    assert_int_equal(answer.ttl, 30);

    /* none: a stub resolver stripped it */

    start(0);
    assert_int_equal(parse(), SV_MX_NODATA);
    assert_int_equal(answer.ttl, 0);

    start(3);
    assert_int_equal(parse(), SV_MX_NXDOMAIN);
    assert_int_equal(answer.ttl, 0);

    /* records of another kind, or of another name */

    start(0);
    (void) start_rr(ANSWER, "other.test", A, 60);
    put_mx("other.test", 60, 10, "mx.test");
    put_soa(900, 300);
    assert_int_equal(parse(), SV_MX_NODATA);
}


static void
test_referral(void **state)
{
    (void) state;

    start(0);
    put_ns(AUTHORITY);
    assert_int_equal(parse(), SV_MX_ERROR);

    /* name servers in another section refer to nothing */

    start(0);
    put_ns(ADDITIONAL);
    assert_int_equal(parse(), SV_MX_NODATA);

    /* an alias left open */

    start_as("example.test", 0, MX);
    put_alias("@", 60, "other.test");
    assert_int_equal(parse(), SV_MX_ERROR);

    start_as("example.test", RA, MX);
    put_alias("@", 60, "other.test");
    assert_int_equal(parse(), SV_MX_NODATA);
}


static void
test_alias(void **state)
{
    int   i;
    char  from[32], to[32];

    (void) state;

    start(0);
    put_mx("Three.test", 300, 10, "mx.test");
    put_alias("two.test", 200, "three.test");
    put_alias("@", 100, "TWO.test");
    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.ttl, 100);
    assert_int_equal(answer.nrecords, 1);
    assert_record(0, 10, "mx.test");

    /* the end of the chain says it */

    start(0);
    put_alias("@", 10, "two.test");
    put_soa(900, 300);
    assert_int_equal(parse(), SV_MX_NODATA);
    assert_int_equal(answer.ttl, 10);

    start(3);
    put_alias("@", 10, "two.test");
    put_soa(900, 300);
    assert_int_equal(parse(), SV_MX_NXDOMAIN);

    /* loops, and a chain without end */

    start(0);
    put_alias("@", 10, "@");
    assert_int_equal(parse(), SV_MX_ERROR);

    start(0);
    put_alias("@", 10, "two.test");
    put_alias("two.test", 10, "@");
    assert_int_equal(parse(), SV_MX_ERROR);

    start(0);
    put_alias("@", 10, "n0.test");

    for (i = 0; i < 40; i++) {
        snprintf(from, sizeof(from), "n%d.test", i);
        snprintf(to, sizeof(to), "n%d.test", i + 1);
        put_alias(from, 10, to);
    }

    put_mx("n40.test", 300, 10, "mx.test");
    assert_int_equal(parse(), SV_MX_ERROR);
}


static void
test_rcodes(void **state)
{
    unsigned  rcode;

    (void) state;

    for (rcode = 1; rcode < 16; rcode++) {
        start(rcode);
        put_mx("@", 60, 10, "mx.test");
        assert_int_equal(parse(),
                         rcode == 3 ? SV_MX_NXDOMAIN : SV_MX_ERROR);
        assert_int_equal(answer.nrecords, 0);
    }
}


static void
test_other_question(void **state)
{
    (void) state;

    start_as("example.test", RA, A);
    put_mx("@", 60, 10, "mx.test");
    assert_int_equal(parse(), SV_MX_ERROR);

    start(0);
    put_mx("@", 60, 10, "mx.test");
    assert_int_equal(parse_as("example.tes"), SV_MX_ERROR);
    assert_int_equal(parse_as("example.test.x"), SV_MX_ERROR);
    assert_int_equal(parse_as(""), SV_MX_ERROR);

    /* a query, another opcode, no question, truncated */

    msg[2] &= 0x7f;
    assert_int_equal(parse(), SV_MX_ERROR);

    msg[2] |= 0x80 | 0x10;
    assert_int_equal(parse(), SV_MX_ERROR);

    len = 0;
    put16(0x1234);
    put16(0x8180);
    put32(0);
    put32(0);
    assert_int_equal(parse(), SV_MX_ERROR);

    start(TC);
    put_mx("@", 60, 10, "mx.test");
    assert_int_equal(parse(), SV_MX_ERROR);
}


static void
test_ttl(void **state)
{
    (void) state;

    start(0);
    put_mx("@", 0x80000001, 10, "mx.test");
    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.ttl, 0);

    start(0);
    put_mx("@", 0x7fffffff, 10, "mx.test");
    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.ttl, 0x7fffffff);
}


static void
test_broken(void **state)
{
    size_t  rdata, full;

    (void) state;

    /* cut anywhere */

    start(0);
    put_mx("@", 60, 10, "mx.test");
    put_soa(60, 60);
    full = len;

    for (len = 0; len < full; len++) {
        assert_int_equal(parse(), SV_MX_ERROR);
    }

    assert_int_equal(parse(), SV_MX_OK);

    /* junk behind it */

    len++;
    assert_int_equal(parse(), SV_MX_ERROR);

    /* rdata too short or too long for its name */

    start(0);
    rdata = start_rr(ANSWER, "@", MX, 60);
    put16(10);
    end_rr(rdata);
    assert_int_equal(parse(), SV_MX_ERROR);

    start(0);
    rdata = start_rr(ANSWER, "@", MX, 60);
    end_rr(rdata);
    assert_int_equal(parse(), SV_MX_ERROR);

    start(0);
    rdata = start_rr(ANSWER, "@", MX, 60);
    put16(10);
    put_name("mx.test");
    put16(0);
    end_rr(rdata);
    assert_int_equal(parse(), SV_MX_ERROR);

    /* a name that points at itself, and out of the message */

    start(0);
    rdata = start_rr(ANSWER, "@", MX, 60);
    put16(10);
    put16(0xc000 | (unsigned) len);
    end_rr(rdata);
    assert_int_equal(parse(), SV_MX_ERROR);

    start(0);
    rdata = start_rr(ANSWER, "@", MX, 60);
    put16(10);
    put16(0xffff);
    end_rr(rdata);
    assert_int_equal(parse(), SV_MX_ERROR);

    /* more records than there are */

    start(0);
    put_mx("@", 60, 10, "mx.test");
    msg[ANSWER] = 0xff;
    assert_int_equal(parse(), SV_MX_ERROR);
}


static void
test_many(void **state)
{
    int     i;
    char    host[300];
    size_t  rdata, suffix;

    (void) state;

    start(0);

    for (i = 0; i < 40; i++) {
        snprintf(host, sizeof(host), "mx%d.example.test", i);
        put_mx("@", 60, (unsigned) (40 - i), host);
    }

    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, 40);
    sv_mx_sort(&answer, no_order);
    assert_record(0, 1, "mx39.example.test");
    assert_record(39, 40, "mx0.example.test");

    /* as long as they can be, as many as are kept */

    start(0);
    memset(host, 'a', sizeof(host));
    host[63] = host[127] = host[191] = '.';
    host[249] = '\0';
    put_mx("@", 60, 10, host);
    suffix = len - 251;

    for (i = 0; i < 260; i++) {
        rdata = start_rr(ANSWER, "@", MX, 60);
        put16(10);
        msg[len++] = 3;
        msg[len++] = (unsigned char) ('0' + i / 100);
        msg[len++] = (unsigned char) ('0' + i / 10 % 10);
        msg[len++] = (unsigned char) ('0' + i % 10);
        put16(0xc000 | (unsigned) suffix);
        end_rr(rdata);
    }

    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, SV_MX_RECORDS_MAX);
    assert_record(0, 10, host);
    assert_int_equal(answer.records[1].host.len, SV_MX_NAME_MAX);
    assert_memory_equal(answer.records[255].host.data, "254.aaa", 7);
    assert_memory_equal(answer.records[255].host.data + 4, host, 249);

    /* more than are looked at */

    start(0);

    for (i = 0; i < 3000; i++) {
        snprintf(host, sizeof(host), "m%d", i);
        put_mx("@", 60, (unsigned) (3000 - i), host);
    }

    assert_true(len < 65535);
    assert_int_equal(parse(), SV_MX_OK);
    assert_int_equal(answer.nrecords, SV_MX_RECORDS_MAX);
}


static void
test_authenticated(void **state)
{
    (void) state;

    start(AD);
    put_mx("@", 300, 10, "mx.example.test");
    assert_int_equal(parse_as("example.test"), SV_MX_OK);
    assert_true(answer.authenticated);

    start(0);
    put_mx("@", 300, 10, "mx.example.test");
    assert_int_equal(parse_as("example.test"), SV_MX_OK);
    assert_false(answer.authenticated);

    start(AD | 3);
    assert_int_equal(parse_as("example.test"), SV_MX_NXDOMAIN);
    assert_true(answer.authenticated);

    start(AD | 2);
    assert_int_equal(parse_as("example.test"), SV_MX_ERROR);
    assert_false(answer.authenticated);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_authenticated),
        cmocka_unit_test(test_shuffle),
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_null_mx),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_negative),
        cmocka_unit_test(test_referral),
        cmocka_unit_test(test_alias),
        cmocka_unit_test(test_rcodes),
        cmocka_unit_test(test_other_question),
        cmocka_unit_test(test_ttl),
        cmocka_unit_test(test_broken),
        cmocka_unit_test(test_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
