
/*
 * DNS answers to questions for TLSA and TXT: which records are kept, and what
 * says nothing.
 */


#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dns_message.h"
#include "sv_rr_parse.h"


#define TLSA  52
#define TXT   16
#define NAME  "_25._tcp.mx.example.test"

#define SHA256  "0123456789abcdef0123456789abcdef"
#define SHA512  SHA256 SHA256


static sv_rr_answer_t  answer;


static void
start(unsigned flags, unsigned type)
{
    start_as("_25._tcp.MX.example.test", RA | flags, type);
}


static void
put_tlsa(const char *name, unsigned long ttl, unsigned usage,
    unsigned selector, unsigned matching, const char *data)
{
    size_t  rdata;

    rdata = start_rr(ANSWER, name, TLSA, ttl);
    msg[len++] = (unsigned char) usage;
    msg[len++] = (unsigned char) selector;
    msg[len++] = (unsigned char) matching;
    memcpy(msg + len, data, strlen(data));
    len += strlen(data);
    end_rr(rdata);
}


static void
put_txt(const char *name, const char *one, const char *two)
{
    size_t  rdata;

    rdata = start_rr(ANSWER, name, TXT, 60);
    msg[len++] = (unsigned char) strlen(one);
    memcpy(msg + len, one, strlen(one));
    len += strlen(one);

    if (two) {
        msg[len++] = (unsigned char) strlen(two);
        memcpy(msg + len, two, strlen(two));
        len += strlen(two);
    }

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
    status = sv_rr_parse(copy, len, NAME, type, &answer);

    free(copy);

    if (status != SV_ANSWER_OK) {
        assert_int_equal(answer.nrecords, 0);
        assert_int_equal(answer.len, 0);
    }

    if (status == SV_ANSWER_ERROR) {
        assert_int_equal(answer.ttl, 0);
        assert_false(answer.authenticated);
    }

    return status;
}


/* how many are kept; the last one is in *tlsa */

static int
kept(sv_tlsa_t *tlsa)
{
    int                   n;
    const unsigned char  *pos;

    pos = answer.data;

    for (n = 0; sv_tlsa_read(tlsa, &pos, answer.data + answer.len); n++) {
        /* void */
    }

    assert_ptr_equal(pos, answer.data + answer.len);

    return n;
}


static void
test_tlsa(void **state)
{
    sv_tlsa_t  tlsa;

    (void) state;

    start(AD, TLSA);
    put_tlsa("@", 600, 2, 0, 2, SHA512);
    put_tlsa("other.test", 5, 3, 1, 1, SHA256);
    put_tlsa("@", 300, 3, 1, 1, SHA256);

    assert_int_equal(parse(TLSA), SV_ANSWER_OK);
    assert_true(answer.authenticated);
    assert_int_equal(answer.ttl, 300);
    assert_int_equal(answer.nrecords, 2);
    assert_int_equal(kept(&tlsa), 2);
    assert_int_equal(tlsa.usage, 3);
    assert_int_equal(tlsa.selector, 1);
    assert_int_equal(tlsa.matching, 1);
    assert_int_equal(tlsa.len, 32);
    assert_memory_equal(tlsa.data, SHA256, 32);
}


/* RFC 7672 section 3.1.3: PKIX-TA and PKIX-EE are of no use to SMTP */

static void
test_tlsa_unusable(void **state)
{
    sv_tlsa_t  tlsa;

    (void) state;

    start(AD, TLSA);
    put_tlsa("@", 60, 0, 1, 1, SHA256);
    put_tlsa("@", 60, 1, 1, 1, SHA256);
    put_tlsa("@", 60, 4, 1, 1, SHA256);
    put_tlsa("@", 60, 3, 2, 1, SHA256);
    put_tlsa("@", 60, 3, 1, 3, SHA256);
    put_tlsa("@", 60, 3, 1, 1, "short");
    put_tlsa("@", 60, 3, 1, 2, SHA256);
    put_tlsa("@", 60, 3, 1, 0, "");

    assert_int_equal(parse(TLSA), SV_ANSWER_OK);
    assert_int_equal(answer.nrecords, 8);
    assert_int_equal(kept(&tlsa), 0);
}


static void
test_tlsa_broken(void **state)
{
    int     i;
    size_t  rdata;

    (void) state;

    start(AD, TLSA);
    rdata = start_rr(ANSWER, "@", TLSA, 60);
    put16(0x0301);
    end_rr(rdata);

    assert_int_equal(parse(TLSA), SV_ANSWER_ERROR);

    /* more than is kept: half of them might be the wrong half */

    start(AD, TLSA);

    for (i = 0; i < 60; i++) {
        put_tlsa("@", 60, 3, 1, 2, SHA512);
    }

    assert_int_equal(parse(TLSA), SV_ANSWER_ERROR);
}


static void
test_tlsa_alias(void **state)
{
    sv_tlsa_t  tlsa;

    (void) state;

    start(AD, TLSA);
    put_alias("@", 50, "dane.test");
    put_tlsa("dane.test", 60, 3, 1, 1, SHA256);

    assert_int_equal(parse(TLSA), SV_ANSWER_OK);
    assert_int_equal(answer.ttl, 50);
    assert_int_equal(kept(&tlsa), 1);

    start(AD, TLSA);
    put_alias("@", 50, "a.test");
    put_alias("a.test", 50, "@");

    assert_int_equal(parse(TLSA), SV_ANSWER_ERROR);
}


static void
test_txt(void **state)
{
    (void) state;

    start_as(NAME, RA, TXT);
    put_txt("@", "v=STSv1; ", "id=1;");
    put_txt("@", "other", NULL);

    assert_int_equal(parse(TXT), SV_ANSWER_OK);
    assert_int_equal(answer.nrecords, 2);
    assert_int_equal(answer.len, 1 + 14 + 1 + 5);
    assert_memory_equal(answer.data, "\x0ev=STSv1; id=1;\x05other", 21);
}


static void
test_txt_broken(void **state)
{
    size_t  rdata;

    (void) state;

    start_as(NAME, RA, TXT);
    rdata = start_rr(ANSWER, "@", TXT, 60);
    end_rr(rdata);

    assert_int_equal(parse(TXT), SV_ANSWER_ERROR);

    /* a string that ends behind its record */

    start_as(NAME, RA, TXT);
    rdata = start_rr(ANSWER, "@", TXT, 60);
    msg[len++] = 9;
    msg[len++] = 'v';
    end_rr(rdata);

    assert_int_equal(parse(TXT), SV_ANSWER_ERROR);
}


/* what is behind the length that is kept is left out */

static void
test_txt_long(void **state)
{
    int     i;
    size_t  rdata;

    (void) state;

    start_as(NAME, RA, TXT);
    rdata = start_rr(ANSWER, "@", TXT, 60);

    for (i = 0; i < 3; i++) {
        msg[len++] = 200;
        memset(msg + len, 'a' + i, 200);
        len += 200;
    }

    end_rr(rdata);

    assert_int_equal(parse(TXT), SV_ANSWER_OK);
    assert_int_equal(answer.len, 1 + SV_RR_TEXT_MAX);
    assert_int_equal(answer.data[0], SV_RR_TEXT_MAX);
    assert_int_equal(answer.data[255], 'b');
}


static void
test_absence(void **state)
{
    (void) state;

    start(AD, TLSA);
    put_soa(70, 30);

    assert_int_equal(parse(TLSA), SV_ANSWER_NODATA);
    assert_int_equal(answer.ttl, 30);
    assert_true(answer.authenticated);

    start(AD | 3, TLSA);
    put_soa(20, 30);

    assert_int_equal(parse(TLSA), SV_ANSWER_NXDOMAIN);
    assert_int_equal(answer.ttl, 20);

    start(2, TLSA);
    assert_int_equal(parse(TLSA), SV_ANSWER_ERROR);

    /* the answer to another question */

    start_as("other.test", RA | AD, TLSA);
    put_tlsa("@", 60, 3, 1, 1, SHA256);
    assert_int_equal(parse(TLSA), SV_ANSWER_ERROR);

    start(AD, TXT);
    assert_int_equal(parse(TLSA), SV_ANSWER_ERROR);
}


/* cut at each octet */

static void
test_truncated(void **state)
{
    size_t  n;

    (void) state;

    start(AD, TLSA);
    put_tlsa("@", 60, 3, 1, 1, SHA256);

    for (n = len; len > 0; len--) {
        assert_int_equal(parse(TLSA),
                         len == n ? SV_ANSWER_OK : SV_ANSWER_ERROR);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_tlsa),
        cmocka_unit_test(test_tlsa_unusable),
        cmocka_unit_test(test_tlsa_broken),
        cmocka_unit_test(test_tlsa_alias),
        cmocka_unit_test(test_txt),
        cmocka_unit_test(test_txt_broken),
        cmocka_unit_test(test_txt_long),
        cmocka_unit_test(test_absence),
        cmocka_unit_test(test_truncated),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
