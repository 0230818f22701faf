
/* DNS answers that are read into a list: A, AAAA, MX, PTR, TXT. */

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dns_message.h"
#include "sv_rr_list.h"


#define PTR   12
#define TXT   16
#define NAME  "www.example.test"


static sv_rr_list_t  list;


static void
start(unsigned type)
{
    start_as("www.EXAMPLE.test", RA, type);
}


static void
put_data(const char *name, unsigned type, const void *data, size_t n)
{
    size_t  rdata;

    rdata = start_rr(ANSWER, name, type, 60);
    memcpy(msg + len, data, n);
    len += n;
    end_rr(rdata);
}


static void
put_ptr(const char *name, const char *target)
{
    size_t  rdata;

    rdata = start_rr(ANSWER, name, PTR, 60);
    put_name(target);
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

    memset(&list, 0xa5, sizeof(list));
    status = sv_rr_list(copy, len, NAME, type, &list);

    free(copy);

    if (status != SV_ANSWER_OK) {
        assert_int_equal(list.n, 0);
        assert_int_equal(list.len, 0);
    }

    return status;
}


/* the record with that number, and its length */

static const unsigned char *
record(size_t i, size_t *n)
{
    size_t                pos;
    const unsigned char  *r;

    pos = 0;

    do {
        assert_true(sv_rr_list_next(list.data, list.len, &pos, &r, n));
    } while (i--);

    return r;
}


static void
is(size_t i, const char *text)
{
    size_t                n;
    const unsigned char  *r;

    r = record(i, &n);

    assert_int_equal(n, strlen(text));
    assert_memory_equal(r, text, n);
}


static void
test_addresses(void **state)
{
    size_t                n;
    const unsigned char  *r;

    (void) state;

    start(A);
    put_data("@", A, "\300\000\002\001", 4);
    put_data("@", A, "\300\000\002\002", 4);
    put_data("other.test", A, "\300\000\002\003", 4);
    assert_int_equal(parse(A), SV_ANSWER_OK);
    assert_int_equal(list.n, 2);

    r = record(1, &n);
    assert_int_equal(n, 4);
    assert_memory_equal(r, "\300\000\002\002", 4);

    start(AAAA);
    put_data("@", AAAA, "0123456789abcdef", 16);
    assert_int_equal(parse(AAAA), SV_ANSWER_OK);
    is(0, "0123456789abcdef");
}


static void
test_names(void **state)
{
    (void) state;

    start(PTR);
    put_ptr("@", "host.isp.test");
    put_ptr("@", NAME);
    assert_int_equal(parse(PTR), SV_ANSWER_OK);
    assert_int_equal(list.n, 2);
    is(0, "host.isp.test");
    is(1, NAME);

    start(MX);
    put_mx("@", 60, 10, "mx.example.test");
    assert_int_equal(parse(MX), SV_ANSWER_OK);
    is(0, "mx.example.test");

    start(MX);
    put_mx("@", 60, 0, "");
    assert_int_equal(parse(MX), SV_ANSWER_OK);
    assert_int_equal(list.n, 1);
    is(0, "");
}


static void
test_texts(void **state)
{
    size_t                n;
    const unsigned char  *r;
    char                  text[300];

    (void) state;

    memset(text, 'a', sizeof(text));
    text[0] = (char) 255;
    text[256] = 3;

    start(TXT);
    put_data("@", TXT, text, 256 + 4);
    put_data("@", TXT, "\003v=x\002yz", 7);
    put_data("@", TXT, "\000", 1);
    assert_int_equal(parse(TXT), SV_ANSWER_OK);
    assert_int_equal(list.n, 3);

    r = record(0, &n);
    assert_int_equal(n, 258);
    assert_int_equal(r[0], 'a');
    is(1, "v=xyz");
    is(2, "");

    /* a string that is longer than its record */

    start(TXT);
    put_data("@", TXT, "\005abc", 4);
    assert_int_equal(parse(TXT), SV_ANSWER_ERROR);
}


static void
test_aliases(void **state)
{
    (void) state;

    start(PTR);
    put_alias("@", 60, "25.0-63.example.test");
    put_ptr("25.0-63.example.test", "host.test");
    assert_int_equal(parse(PTR), SV_ANSWER_OK);
    is(0, "host.test");

    start(PTR);
    put_alias("@", 60, "a.test");
    put_alias("a.test", 60, NAME);
    assert_int_equal(parse(PTR), SV_ANSWER_ERROR);
}


static void
test_nothing(void **state)
{
    (void) state;

    start(A);
    put_soa(300, 60);
    assert_int_equal(parse(A), SV_ANSWER_NODATA);

    start_as(NAME, RA | 3, A);
    assert_int_equal(parse(A), SV_ANSWER_NXDOMAIN);

    start_as(NAME, RA | 2, A);
    assert_int_equal(parse(A), SV_ANSWER_ERROR);

    start(A);
    put_ns(AUTHORITY);
    assert_int_equal(parse(A), SV_ANSWER_ERROR);

    start(A);
    put_data("@", A, "\300\000\002", 3);
    assert_int_equal(parse(A), SV_ANSWER_ERROR);

    start(AAAA);
    put_data("@", AAAA, "0123456789abcde", 15);
    assert_int_equal(parse(AAAA), SV_ANSWER_ERROR);

    start(A);
    assert_int_equal(parse(AAAA), SV_ANSWER_ERROR);

    start(A);
    len -= 3;
    assert_int_equal(parse(A), SV_ANSWER_ERROR);
}


static void
test_too_much(void **state)
{
    int   i;
    char  text[256];

    (void) state;

    memset(text, 'a', sizeof(text));
    text[0] = (char) 255;

    start(TXT);

    for (i = 0; i < 31; i++) {
        put_data("@", TXT, text, 256);
    }

    assert_int_equal(parse(TXT), SV_ANSWER_OK);
    assert_int_equal(list.n, 31);

    put_data("@", TXT, text, 256);
    assert_int_equal(parse(TXT), SV_ANSWER_ERROR);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
