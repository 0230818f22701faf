/*
 * What a machine reads that another one has sealed: blocks that it offers, and
 * their results.  What is read keeps to its bounds; what was read is written,
 * and read the same.  Nothing opens that was not sealed.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sv_fleet_box.h"
#include "sv_lend.h"


static void offer(const uint8_t *data, size_t size);
static void answer(const uint8_t *data, size_t size);
static void box(const uint8_t *data, size_t size);


static unsigned char   mem[SV_LEND_MAX];
static sv_lend_text_t  text = { mem, 0 };


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t  *copy;

    /* of exactly this size, so that the sanitizer sees the end */

    copy = malloc(size + 1);
    memcpy(copy, data, size);
    copy = realloc(copy, size ? size : 1);

    offer(copy, size);
    answer(copy, size);
    box(copy, size);

    free(copy);

    return 0;
}


static void
offer(const uint8_t *data, size_t size)
{
    size_t           i;
    sv_job_rows_t    rows, again;
    sv_lend_offer_t  o, same;

    if (sv_lend_offer_read(data, size, &o, &rows) == -1) {
        assert(rows.mem == NULL && rows.records == NULL);
        return;
    }

    assert(rows.n >= 1 && rows.n <= SV_JOBS_BLOCK);

    /* a client with a zero in its name ends there */

    assert(sv_lend_offer_write(&text, &o, rows.records, rows.n) == 0);
    assert(sv_lend_offer_read(mem, text.len, &same, &again) == 0);
    assert(strcmp(o.client, same.client) == 0);
    assert(strcmp(o.job, same.job) == 0);
    assert(o.block == same.block && o.expires == same.expires
           && o.smtp == same.smtp);
    assert(again.n == rows.n);

    for (i = 0; i < rows.n; i++) {
        assert(rows.records[i].pos / SV_JOBS_BLOCK == o.block);
        assert(rows.records[i].email.len <= SV_LEND_EMAIL);
        assert(again.records[i].pos == rows.records[i].pos);
        assert(again.records[i].email.len == rows.records[i].email.len);
        assert(memcmp(again.records[i].email.data, rows.records[i].email.data,
                      rows.records[i].email.len)
               == 0);
    }

    sv_job_rows_free(&rows);
    sv_job_rows_free(&again);
}


static void
answer(const uint8_t *data, size_t size)
{
    size_t                   i;
    static sv_lend_answer_t  a, same;

    if (sv_lend_answer_read(data, size, &a) == -1) {
        return;
    }

    assert(a.n <= SV_JOBS_BLOCK);

    sv_lend_answer_begin(&text, a.job, a.block, a.last);

    for (i = 0; i < a.n; i++) {
        assert(a.results[i].packed.data >= data);
        assert(a.results[i].packed.data + a.results[i].packed.len
               <= data + size);

        /* the writer wants some octets of room more than it needs */

        if (sv_lend_answer_add(&text, &a.results[i]) == -1) {
            assert(size > SV_LEND_MAX / 2);
            return;
        }
    }

    assert(sv_lend_answer_read(mem, text.len, &same) == 0);
    assert(same.n == a.n && same.last == a.last && same.block == a.block);
}


static void
box(const uint8_t *data, size_t size)
{
    size_t           n;
    sv_str_t         name;
    unsigned char   *out;
    sv_fleet_keys_t  keys;

    memset(&keys, 'k', sizeof(keys));
    name.data = (unsigned char *) "name";
    name.len = 4;

    out = malloc(size + 1);
    assert(sv_fleet_box_open(&keys, &name, data, size, out, &n) == -1);
    free(out);
}
