
/*
 * What is made of a DNS message for the resolver library, and which messages
 * are not to be concluded from.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sv_dns_stub.h"


#define QUESTION  18                    /* octets of example.test MX IN */
#define MX        "\xc0\x0c\x00\x0f\x00\x01\x00\x00\x00\x3c"
#define A         "\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c"
#define AAAA      "\xc0\x0c\x00\x1c\x00\x01\x00\x00\x00\x3c"
#define CNAME     "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x3c"
#define SOA       "\xc0\x0c\x00\x06\x00\x01\x00\x00\x00\x3c"
#define TXT_CH    "\xc0\x0c\x00\x0f\x00\x03\x00\x00\x00\x3c"
#define OPT       "\x00\x00\x29\x04\xd0\x00\x00\x00\x00"

#define NUMBERS   "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"

#define TC        0x0200


static unsigned char  msg[70000];
static size_t         len;
static sv_dns_stub_t  stub;


static void
put(const char *data, size_t n)
{
    memcpy(msg + len, data, n);
    len += n;
}


#define PUT(s)  put(s, sizeof(s) - 1)


/* a header, and a question for MX of example.test */

static void
start(unsigned flags, int answers, int authorities, int additional)
{
    len = 0;
    PUT("\x12\x34");
    msg[len++] = (unsigned char) (0x81 | flags >> 8);
    msg[len++] = (unsigned char) (0x80 | flags);
    PUT("\0\1\0");
    msg[len++] = (unsigned char) answers;
    msg[len++] = 0;
    msg[len++] = (unsigned char) authorities;
    msg[len++] = 0;
    msg[len++] = (unsigned char) additional;
    PUT("\7Example\4test\0\0\x0f\0\1");
}


static int
read_stub(void)
{
    int             rc;
    unsigned char  *copy;

    /* so that a sanitizer sees what is read beyond it */
    copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, msg, len);

    memset(&stub, 0xa5, sizeof(stub));
    rc = sv_dns_stub(copy, len, &stub);
    free(copy);

    return rc;
}


/* the one record is this, whole with those octets only */

static void
one_record(const char *head, const char *rdata, size_t n, int usable)
{
    start(0, 1, 0, 0);
    put(head, 10);
    msg[len++] = (unsigned char) (n >> 8);
    msg[len++] = (unsigned char) n;
    put(rdata, n);

    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, usable);
    assert_int_equal(stub.data[3] & 0x0f, usable ? 0 : ns_r_servfail);
}

#define RECORD(head, rdata, usable)                                           \
    one_record(head, rdata, sizeof(rdata) - 1, usable)


static void
test_stub(void **state)
{
    start(0, 1, 0, 1);
    PUT(MX "\0\7" "\0\12" "\2mx\xc0\x0c");
    PUT(OPT "\0\0");

    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 1);
    assert_int_equal(stub.len, NS_HFIXEDSZ + QUESTION + 11);
    assert_memory_equal(stub.data, "\x12\x34\x81\x80\0\1\0\0\0\0\0\1", 12);
    assert_memory_equal(stub.data + 12, msg + 12, QUESTION);
    assert_memory_equal(stub.data + stub.len - 11, OPT "\0\0", 11);

    start(ns_r_nxdomain, 0, 0, 0);
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 1);
    assert_memory_equal(stub.data, "\x12\x34\x81\x83\0\1\0\0\0\0\0\0", 12);
}


static void
test_question(void **state)
{
    size_t  n;

    start(0, 0, 0, 0);

    for (n = len - 1; n > 0; n--) {
        len = n;
        assert_int_equal(read_stub(), 0);
    }

    len = 0;
    assert_int_equal(read_stub(), 0);

    start(0, 0, 0, 0);
    msg[5] = 0;
    assert_int_equal(read_stub(), 0);
    msg[5] = 2;
    assert_int_equal(read_stub(), 0);

    /* a pointer, to itself and elsewhere; a reserved kind of label */
    start(0, 0, 0, 0);
    msg[12] = 0xc0;
    msg[13] = 0x0c;
    assert_int_equal(read_stub(), 0);
    msg[13] = 0;
    assert_int_equal(read_stub(), 0);
    msg[12] = 0x40;
    assert_int_equal(read_stub(), 0);

    /* 255 octets are a name, 256 are not */
    for (n = 62; n < 64; n++) {
        start(0, 0, 0, 0);
        len = 12;
        memset(msg + len, 'a', 300);
        msg[len] = 63;
        msg[len + 64] = 63;
        msg[len + 128] = 63;
        msg[len + 192] = (unsigned char) (n - 1);
        msg[len + 192 + n] = 0;
        len += 192 + n + 1;
        PUT("\0\x0f\0\1");
        assert_int_equal(read_stub(), n == 62);
    }

    len = 65536;
    assert_int_equal(read_stub(), 0);
}


static void
test_rdata(void **state)
{
    RECORD(MX, "\0\12\2mx\0", 1);
    RECORD(MX, "\0\12\2mx\xc0\x0c", 1);
    RECORD(MX, "\0\0\0", 1);
    RECORD(MX, "", 0);
    RECORD(MX, "\0", 0);
    RECORD(MX, "\0\12", 0);
    RECORD(MX, "\0\12\2mx", 0);
    RECORD(MX, "\0\12\3mx\0", 0);
    RECORD(MX, "\0\12\2mx\0\0\0", 0);
    RECORD(MX, "\0\12\xc0\x2c", 0);             /* itself */
    RECORD(MX, "\0\12\1a\xc0\x2c", 0);
    RECORD(MX, "\0\12\xff\xff", 0);
    RECORD(MX, "\0\12\x80\0", 0);

    RECORD(A, "\x7f\0\0\1", 1);
    RECORD(A, "\x7f\0\0", 0);
    RECORD(A, "\x7f\0\0\1\0", 0);
    RECORD(AAAA, "0123456789abcdef", 1);
    RECORD(AAAA, "0123456789abcde", 0);
    RECORD(AAAA, "0123456789abcdef0", 0);
    RECORD(AAAA, "\x7f\0\0\1", 0);

    RECORD(CNAME, "\1a\xc0\x0c", 1);
    RECORD(CNAME, "\1a\xc0\x0c\0", 0);
    RECORD(CNAME, "\1a", 0);

    RECORD(SOA, "\xc0\x0c\0" NUMBERS, 1);
    RECORD(SOA, "\xc0\x0c\0" NUMBERS "\0", 0);
    RECORD(SOA, "\xc0\x0c" NUMBERS, 0);
    RECORD(SOA, "\0", 0);

    /* of another class, it is not read as MX */
    RECORD(TXT_CH, "any octets", 1);
}


/* as many records as are told, nothing behind them */

static void
test_counts(void **state)
{
    int  section;

    for (section = 6; section < 12; section += 2) {
        start(0, 0, 0, 0);
        msg[section + 1] = 1;
        assert_int_equal(read_stub(), 1);
        assert_int_equal(stub.usable, 0);

        msg[section] = 0xff;
        assert_int_equal(read_stub(), 1);
        assert_int_equal(stub.usable, 0);
        assert_int_equal(stub.data[3] & 0x0f, ns_r_servfail);
    }

    start(0, 1, 0, 0);
    PUT(MX "\0\3\0\0\0");
    PUT(MX "\0\3\0\0\0");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);

    msg[7] = 2;
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 1);

    len--;
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);
}


static void
test_rcode(void **state)
{
    int  rcode;

    /* errors stay what they are, so that EDNS is done without where a server
       copies our count of records */

    for (rcode = 0; rcode < 16; rcode++) {
        start((unsigned) rcode, 0, 0, 1);
        assert_int_equal(read_stub(), 1);
        assert_int_equal(stub.usable, 0);
        assert_int_equal(stub.data[11], 0);
        assert_int_equal(stub.data[3] & 0x0f,
                         rcode == 0 || rcode == 3 ? ns_r_servfail : rcode);
    }

    /* a truncated one is asked for again, wherever it was cut */

    start(TC, 1, 0, 0);
    PUT(MX "\0");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.data[2] & 0x02, 0x02);
    assert_int_equal(stub.data[3] & 0x0f, 0);

    /* our own question, sent back */

    start(0, 0, 0, 0);
    msg[2] = 0x01;
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);
    assert_int_equal(stub.data[2], 0x81);
    assert_int_equal(stub.data[3] & 0x0f, ns_r_servfail);

    /* a notification */

    start(0, 0, 0, 0);
    msg[2] |= 0x20;
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);
    assert_int_equal(stub.data[2], 0x81);
}


static void
test_opt(void **state)
{
    /* BADVERS, whose lower half is success */

    start(0, 0, 0, 1);
    PUT("\0\0\x29\x04\xd0\1\0\x80\0\0\0");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);
    assert_int_equal(stub.data[3] & 0x0f, ns_r_servfail);
    assert_memory_equal(stub.data + stub.len - 11,
                        "\0\0\x29\x04\xd0\0\0\x80\0\0\0", 11);

    /* BADCOOKIE, with its cookie, behind another option */

    start(7, 0, 0, 1);
    PUT("\0\0\x29\x04\xd0\1\0\0\0\0\x16\0\3\0\2ab\0\12\0\x0c" "0123456789ab");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);
    assert_int_equal(stub.data[3] & 0x0f, 7);
    assert_memory_equal(stub.data + stub.len - 27,
        "\0\0\x29\x04\xd0\1\0\0\0\0\x10\0\12\0\x0c" "0123456789ab", 27);

    /* a broken answer keeps its cookie, too */

    start(0, 1, 0, 1);
    PUT(A "\0\3abc");
    PUT(OPT "\0\x0c\0\12\0\x08" "01234567");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);
    assert_int_equal(stub.data[3] & 0x0f, ns_r_servfail);
    assert_int_equal(stub.data[11], 1);
    assert_memory_equal(stub.data + stub.len - 8, "01234567", 8);

    /* two, one that is not of the root, options of other sizes than told */

    start(0, 0, 0, 2);
    PUT(OPT "\0\0" OPT "\0\0");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);

    start(0, 0, 0, 1);
    PUT("\xc0\x0c" "\x00\x29\x04\xd0\x00\x00\x00\x00\0\0");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);

    start(0, 1, 0, 0);
    PUT(OPT "\0\0");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);

    start(0, 0, 0, 1);
    PUT(OPT "\0\3\0\12\0");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);

    start(0, 0, 0, 1);
    PUT(OPT "\0\5\0\12\0\2a");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);

    start(0, 0, 0, 1);
    PUT(OPT "\0\x2d\0\12\0\x29" "01234567890123456789012345678901234567890");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 0);
}


/* more records than anybody needs take time to read, and are not read */

static void
test_many(void **state)
{
    int  i;

    (void) state;

    for (i = 3 * SV_DNS_RECORDS_MAX; i <= 3 * SV_DNS_RECORDS_MAX + 1; i++) {
        start(0, 0, 0, 0);
        msg[6] = (unsigned char) (i >> 8);
        msg[7] = (unsigned char) i;

        while (len < QUESTION + 12 + (size_t) i * 16) {
            PUT(A "\0\4\x7f\0\0\1");
        }

        assert_int_equal(read_stub(), 1);
        assert_int_equal(stub.usable, i == 3 * SV_DNS_RECORDS_MAX);
    }
}


/* the longest that a stub can be */

static void
test_longest(void **state)
{
    start(0, 0, 0, 1);
    len = 12;
    memset(msg + len, 'a', 300);
    msg[len] = 63;
    msg[len + 64] = 63;
    msg[len + 128] = 63;
    msg[len + 192] = 61;
    msg[len + 254] = 0;
    len += 255;
    PUT("\0\x0f\0\1");
    PUT(OPT "\0\x2c\0\12\0\x28" "0123456789012345678901234567890123456789");
    assert_int_equal(read_stub(), 1);
    assert_int_equal(stub.usable, 1);
    assert_int_equal(stub.len, SV_DNS_STUB_MAX);
    assert_memory_equal(stub.data, msg, stub.len);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_stub),
        cmocka_unit_test(test_question),
        cmocka_unit_test(test_rdata),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_rcode),
        cmocka_unit_test(test_opt),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_longest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
