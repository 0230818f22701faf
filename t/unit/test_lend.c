/* Blocks that are lent to other machines, and their results: what was written
   is read the same, and nothing else is read; a message opens only under its
   name. */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>

#include "sv_fleet_box.h"
#include "sv_lend.h"


#define JOB  "01m8mn0g546xw2ecjehsqnf3e7"


static unsigned char    mem[SV_LEND_MAX];
static sv_lend_text_t   text = { mem, 0 };
static sv_lend_offer_t  offer;
static sv_job_record_t  records[SV_JOBS_BLOCK + 1];


static int
setup(void **state)
{
    size_t  i;

    (void) state;

    memset(&offer, 0, sizeof(offer));
    memset(records, 0, sizeof(records));

    strcpy(offer.job, JOB);
    strcpy(offer.client, "shop");
    offer.block = 70000;
    offer.expires = 1700000000;
    offer.smtp = 1;

    for (i = 0; i < SV_JOBS_BLOCK; i++) {
        records[i].pos = (uint64_t) offer.block * SV_JOBS_BLOCK + i;
        records[i].email.data = (unsigned char *) "john@example.test";
        records[i].email.len = 17;
    }

    return 0;
}


static void
offers(void **state)
{
    size_t           i;
    sv_job_rows_t    rows;
    sv_lend_offer_t  back;

    (void) state;

    /* the third record has a result already */

    memmove(&records[2], &records[3], 10 * sizeof(sv_job_record_t));

    assert_int_equal(sv_lend_offer_write(&text, &offer, records, 7), 0);
    assert_int_equal(sv_lend_offer_read(mem, text.len, &back, &rows), 0);

    assert_memory_equal(&back, &offer, sizeof(offer));
    assert_int_equal(rows.n, 7);

    for (i = 0; i < 7; i++) {
        assert_int_equal(rows.records[i].pos, records[i].pos);
        assert_int_equal(rows.records[i].email.len, 17);
        assert_memory_equal(rows.records[i].email.data, "john@example.test",
                            17);
        assert_int_equal(rows.records[i].input.len, 0);
    }

    sv_job_rows_free(&rows);

    for (i = 0; i < text.len; i++) {
        assert_int_equal(sv_lend_offer_read(mem, i, &back, &rows), -1);
        assert_null(rows.mem);
    }

    mem[text.len] = 0;
    assert_int_equal(sv_lend_offer_read(mem, text.len + 1, &back, &rows), -1);
}


static void
not_offered(void **state)
{
    static unsigned char  longest[SV_LEND_EMAIL + 1];

    (void) state;

    assert_int_equal(sv_lend_offer_write(&text, &offer, records, 0), -1);
    assert_int_equal(sv_lend_offer_write(&text, &offer, records,
                                         SV_JOBS_BLOCK + 1),
                     -1);

    memset(longest, 'x', sizeof(longest));
    records[3].email.data = longest;
    records[3].email.len = sizeof(longest);
    assert_int_equal(sv_lend_offer_write(&text, &offer, records, 4), -1);

    records[3].email.len--;
    assert_int_equal(sv_lend_offer_write(&text, &offer, records, 4), 0);

    records[3].email.len = 0;
    assert_int_equal(sv_lend_offer_write(&text, &offer, records, 4), -1);

    records[3].email.len = 1;
    records[3].pos += SV_JOBS_BLOCK;
    assert_int_equal(sv_lend_offer_write(&text, &offer, records, 4), -1);
}


static void
too_much(void **state)
{
    size_t                i;
    static unsigned char  longest[SV_LEND_EMAIL];

    (void) state;

    memset(longest, 'x', sizeof(longest));

    for (i = 0; i < SV_JOBS_BLOCK; i++) {
        records[i].email.data = longest;
        records[i].email.len = sizeof(longest);
    }

    assert_int_equal(sv_lend_offer_write(&text, &offer, records,
                                         SV_JOBS_BLOCK),
                     -1);
    assert_in_range(text.len, 1, SV_LEND_MAX);
}


static void
bad_offers(void **state)
{
    size_t           at;
    sv_job_rows_t    rows;
    sv_lend_offer_t  back;

    (void) state;

    assert_int_equal(sv_lend_offer_write(&text, &offer, records, 2), 0);

    /* the place of the second record, which has to come after the first */

    at = text.len - 17 - 2;
    assert_int_equal(mem[at], 1);
    mem[at] = 0;
    assert_int_equal(sv_lend_offer_read(mem, text.len, &back, &rows), -1);
    mem[at] = 1;
    assert_int_equal(sv_lend_offer_read(mem, text.len, &back, &rows), 0);
    sv_job_rows_free(&rows);

    mem[3] = '/';
    assert_int_equal(sv_lend_offer_read(mem, text.len, &back, &rows), -1);
    mem[3] = '1';

    mem[0] = 'a';
    assert_int_equal(sv_lend_offer_read(mem, text.len, &back, &rows), -1);
}


static void
answers(void **state)
{
    size_t                   i;
    sv_lend_result_t         result;
    static sv_lend_answer_t  back;

    (void) state;

    sv_lend_answer_begin(&text, JOB, 7, 1);
    assert_int_equal(sv_lend_answer_read(mem, text.len, &back), 0);
    assert_int_equal(back.n, 0);
    assert_int_equal(back.last, 1);

    sv_lend_answer_begin(&text, JOB, 7, 0);

    for (i = 0; i < 3; i++) {
        result.place = (unsigned) (255 - i * 100);
        result.costs = i == 1;
        result.packed.data = (unsigned char *) "packed";
        result.packed.len = 6 - i;
        assert_int_equal(sv_lend_answer_add(&text, &result), 0);
    }

    assert_int_equal(sv_lend_answer_read(mem, text.len, &back), 0);
    assert_string_equal(back.job, JOB);
    assert_int_equal(back.block, 7);
    assert_int_equal(back.last, 0);
    assert_int_equal(back.n, 3);
    assert_int_equal(back.results[1].place, 155);
    assert_int_equal(back.results[1].costs, 1);
    assert_int_equal(back.results[2].costs, 0);
    assert_int_equal(back.results[2].packed.len, 4);
    assert_memory_equal(back.results[2].packed.data, "pack", 4);

    /* a place has one result */

    result.place = 255;
    assert_int_equal(sv_lend_answer_add(&text, &result), 0);
    assert_int_equal(sv_lend_answer_read(mem, text.len, &back), -1);

    result.place = SV_JOBS_BLOCK;
    assert_int_equal(sv_lend_answer_add(&text, &result), -1);
    result.place = 0;
    result.packed.len = 0;
    assert_int_equal(sv_lend_answer_add(&text, &result), -1);
}


static void
answers_are_bounded(void **state)
{
    int                      n;
    sv_lend_result_t         result;
    static sv_lend_answer_t  back;
    static unsigned char     packed[SV_LEND_PACKED];

    (void) state;

    result.costs = 0;
    result.packed.data = packed;
    result.packed.len = sizeof(packed);

    sv_lend_answer_begin(&text, JOB, 7, 0);

    for (n = 0; n < SV_JOBS_BLOCK; n++) {
        result.place = (unsigned) n;

        if (sv_lend_answer_add(&text, &result) == -1) {
            break;
        }
    }

    assert_in_range(n, 20, 24);
    assert_int_equal(sv_lend_answer_read(mem, text.len, &back), 0);
    assert_int_equal(back.n, n);
}


static void
boxes(void **state)
{
    size_t           i, len, n;
    sv_str_t         name, other;
    sv_fleet_keys_t  keys, others;
    unsigned char    box[64], out[64];

    (void) state;

    memset(&keys, 'k', sizeof(keys));
    others = keys;
    others.values[31] ^= 1;

    name.data = (unsigned char *) "answer x";
    name.len = 8;
    other = name;
    other.len--;

    len = sv_fleet_box_seal(&keys, &name, (unsigned char *) "text", 4, box);
    assert_int_equal(len, 4 + SV_FLEET_BOX);

    assert_int_equal(sv_fleet_box_open(&keys, &name, box, len, out, &n), 0);
    assert_int_equal(n, 4);
    assert_memory_equal(out, "text", 4);

    assert_int_equal(sv_fleet_box_open(&keys, &other, box, len, out, &n), -1);
    assert_int_equal(sv_fleet_box_open(&others, &name, box, len, out, &n), -1);

    for (i = 0; i < len; i++) {
        box[i] ^= 0x10;
        assert_int_equal(sv_fleet_box_open(&keys, &name, box, len, out, &n),
                         -1);
        box[i] ^= 0x10;
        assert_int_equal(sv_fleet_box_open(&keys, &name, box, i, out, &n),
                         -1);
    }

    name.len = SV_FLEET_BOX_NAME + 1;
    assert_int_equal(sv_fleet_box_seal(&keys, &name, box, 4, out), 0);
}


static void
aliases(void **state)
{
    sv_fleet_keys_t  keys;
    unsigned char    one[SV_FLEET_ALIAS], same[SV_FLEET_ALIAS];

    (void) state;

    memset(&keys, 'k', sizeof(keys));

    sv_fleet_alias(&keys, JOB, one);
    sv_fleet_alias(&keys, JOB, same);
    assert_memory_equal(one, same, SV_FLEET_ALIAS);

    sv_fleet_alias(&keys, JOB "x", same);
    assert_memory_not_equal(one, same, SV_FLEET_ALIAS);

    keys.names[0] = 'x';
    sv_fleet_alias(&keys, JOB, same);
    assert_memory_not_equal(one, same, SV_FLEET_ALIAS);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(offers, setup),
        cmocka_unit_test_setup(not_offered, setup),
        cmocka_unit_test_setup(too_much, setup),
        cmocka_unit_test_setup(bad_offers, setup),
        cmocka_unit_test_setup(answers, setup),
        cmocka_unit_test_setup(answers_are_bounded, setup),
        cmocka_unit_test_setup(boxes, setup),
        cmocka_unit_test_setup(aliases, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
