
#define _GNU_SOURCE

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "jobs_dir.h"


#define is(string, text)                                                      \
    (assert_int_equal((string).len, strlen(text)),                            \
     assert_memory_equal((string).data, text, strlen(text)))


static sv_job_rows_t
page_of(sv_job_t *job, sv_job_page_t *page)
{
    sv_job_rows_t  rows;

    ok(sv_job_results(job, page, &rows));

    return rows;
}


/* Finds a record that is still open. */

static sv_job_result_t
open_record(sv_job_t *job, uint64_t idx, sv_job_rows_t *rows)
{
    size_t    i, n;
    uint64_t  id;

    for (id = 0; /* void */ ; id++) {
        n = 1;
        ok(sv_job_open_blocks(job, id, &id, &n));
        assert_int_equal(n, 1);
        ok(sv_job_block(job, id, rows));

        for (i = 0; i < rows->n; i++) {
            if (rows->records[i].idx == idx) {
                return result_of(&rows->records[i], 1, 2);
            }
        }

        sv_job_rows_free(rows);
    }
}


static void
test_upload_and_work(void **state)
{
    char             email[64];
    size_t           i, n, done;
    store_t         *s = *state;
    uint64_t         ids[64];
    sv_job_t        *job;
    sv_job_page_t    page;
    sv_job_rows_t    rows;
    sv_job_totals_t  totals;

    sv_job_close(upload(s, 1000));

    ok(sv_job_open(&s->conf, s->id, &job, &s->why));

    n = 64;
    ok(sv_job_open_blocks(job, 0, ids, &n));
    assert_int_equal(n, 4);
    n = 64;
    ok(sv_job_open_blocks(job, 2, ids, &n));
    assert_int_equal(n, 2);

    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.blocks, 4);
    assert_int_equal(totals.results, 0);
    assert_true(totals.bytes > 0);

    assert_int_equal(work(job, 1, 2), 1000);
    assert_int_equal(consistent(job), 1000);

    memset(&page, 0, sizeof(page));
    page.status = page.reason = -1;
    page.limit = 300;

    for (done = 0, page.more = 1; page.more; /* void */ ) {
        rows = page_of(job, &page);

        for (i = 0; i < rows.n; i++, done++) {
            snprintf(email, sizeof(email), "user%u@d%u.example",
                     (unsigned) done, (unsigned) done % 7);
            assert_int_equal(rows.results[i].idx, done);
            assert_int_equal(rows.results[i].of, done);
            is(rows.results[i].email, email);
            is(rows.results[i].input, "{\"n\":1}");
            is(rows.results[i].packed, email);
        }

        sv_job_rows_free(&rows);
    }

    assert_int_equal(done, 1000);

    sv_job_close(job);
}


/* A block has neighbours of one domain; its records are those of the list. */

static void
test_sorted_by_domain(void **state)
{
    size_t           i, n, changes;
    store_t         *s = *state;
    uint64_t         id;
    sv_job_t        *job;
    sv_job_rows_t    rows;

    job = upload(s, 2000);

    for (id = 0, changes = 0; id < 8; id++) {
        n = 1;
        ok(sv_job_open_blocks(job, id, &id, &n));
        ok(sv_job_block(job, id, &rows));
        assert_true(rows.n > 0);

        for (i = 1; i < rows.n; i++) {
            assert_int_equal(rows.records[i].pos, rows.records[i - 1].pos + 1);
            changes += rows.records[i].idx % 7 != rows.records[i - 1].idx % 7;
        }

        sv_job_rows_free(&rows);
    }

    assert_true(changes <= 6);
    sv_job_close(job);
}


/* Two chunks, as the first one has too many octets. */

static void
test_chunks(void **state)
{
    char            *input;
    size_t           i, writes;
    store_t         *s = *state;
    sv_job_t        *job;
    sv_job_page_t    page;
    sv_job_rows_t    rows;
    sv_job_input_t  *in;
    sv_job_totals_t  totals;
    char             email[64];

    ok(sv_job_create(&s->conf, s->id, &job, &s->why));
    in = sv_job_input_create(job);

    input = malloc(100001);
    memset(input, 'x', 100000);
    input[100000] = '\0';

    for (i = 0, writes = 0; i < 100; i++) {
        snprintf(email, sizeof(email), "u%u@d%u.example", (unsigned) i,
                 (unsigned) i % 3);
        add(in, i, email, input);

        if (sv_job_input_full(in)) {
            ok(sv_job_input_write(in));
            writes++;
        }
    }

    assert_int_equal(writes, 1);
    ok(sv_job_input_finish(in, &totals));
    sv_job_input_free(in);
    free(input);

    assert_int_equal(totals.records, 100);
    assert_int_equal(work(job, 1, 2), 100);
    assert_int_equal(consistent(job), 100);

    /* a page ends when it has enough octets */

    memset(&page, 0, sizeof(page));
    page.status = page.reason = -1;
    page.bytes = 250000;

    rows = page_of(job, &page);
    assert_int_equal(rows.n, 3);
    assert_int_equal(page.more, 1);
    assert_int_equal(rows.results[2].idx, 2);
    sv_job_rows_free(&rows);

    page.cursor = 99;
    rows = page_of(job, &page);
    assert_int_equal(rows.n, 1);
    assert_int_equal(rows.results[0].idx, 99);
    sv_job_rows_free(&rows);

    sv_job_close(job);
}


static void
test_too_long(void **state)
{
    char            *input;
    store_t         *s = *state;
    sv_str_t         e, d, i;
    sv_job_t        *job;
    sv_job_input_t  *in;

    ok(sv_job_create(&s->conf, s->id, &job, &s->why));
    in = sv_job_input_create(job);

    input = calloc(1, SV_JOBS_DATA_MAX + 1);
    e = str("a@d.example");
    d = str("d.example");
    i.data = (unsigned char *) input;
    i.len = SV_JOBS_DATA_MAX + 1;

    assert_int_not_equal(sv_job_input_add(in, 0, &e, &d, &i), SV_JOBS_OK);
    assert_null(strstr(sv_job_why(job)->note, "a@d"));

    i.len = SV_JOBS_DATA_MAX - e.len;
    ok(sv_job_input_add(in, 0, &e, &d, &i));

    free(input);
    sv_job_input_free(in);
    sv_job_close(job);
}


static void
test_duplicates(void **state)
{
    size_t           i;
    store_t         *s = *state;
    sv_job_t        *job;
    sv_job_page_t    page;
    sv_job_rows_t    rows;
    sv_job_input_t  *in;
    sv_job_totals_t  totals;

    ok(sv_job_create(&s->conf, s->id, &job, &s->why));
    in = sv_job_input_create(job);

    add(in, 0, "ann@d.example", "");
    add(in, 1, "bob@d.example", "{\"first\":1}");
    add(in, 2, "ann@d.example", "{\"second\":1}");
    add(in, 3, "Ann@d.example", "");
    add(in, 4, "ann@e.example", "");
    ok(sv_job_input_write(in));
    add(in, 5, "ann@d.example", "");
    ok(sv_job_input_wrong(in, 6, "no_email", "The column is missing."));
    ok(sv_job_input_finish(in, &totals));
    sv_job_input_free(in);

    assert_int_equal(totals.records, 7);
    assert_int_equal(totals.duplicates, 2);
    assert_int_equal(totals.results, 1);
    assert_int_equal(totals.errors, 1);

    assert_int_equal(work(job, 1, 2), 4);
    assert_int_equal(consistent(job), 7);
    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.results, 7);
    assert_int_equal(totals.duplicates, 2);

    memset(&page, 0, sizeof(page));
    page.status = page.reason = -1;

    rows = page_of(job, &page);
    assert_int_equal(rows.n, 7);
    assert_int_equal(page.more, 0);

    for (i = 0; i < 7; i++) {
        assert_int_equal(rows.results[i].idx, i);
        assert_int_equal(rows.results[i].of, i == 2 || i == 5 ? 0 : i);
    }

    is(rows.results[2].input, "{\"second\":1}");
    is(rows.results[2].packed, "ann@d.example");
    assert_int_equal(rows.results[6].reason, SV_JOB_ERROR);
    assert_int_equal(rows.results[6].packed.len,
                     sizeof("no_email\0The column is missing.") - 1);
    assert_memory_equal(rows.results[6].packed.data,
                        "no_email\0The column is missing.",
                        rows.results[6].packed.len);
    sv_job_rows_free(&rows);

    /* an error has no status */

    page.cursor = 0;
    page.status = 0;
    rows = page_of(job, &page);
    assert_int_equal(rows.n, 0);
    sv_job_rows_free(&rows);

    page.cursor = 0;
    page.status = -1;
    page.reason = SV_JOB_ERROR;
    rows = page_of(job, &page);
    assert_int_equal(rows.n, 1);
    sv_job_rows_free(&rows);

    sv_job_close(job);
}


static void
test_waits(void **state)
{
    store_t         *s = *state;
    int64_t          next;
    uint64_t         dest;
    sv_str_t         domain;
    sv_job_t        *job;
    sv_job_rows_t    rows, due;
    sv_job_result_t  r;
    sv_job_totals_t  totals;

    job = upload(s, 10);

    domain = str("d3.example");
    dest = sv_job_dest(job, &domain);
    assert_int_not_equal(dest, 0);

    r = open_record(job, 3, &rows);
    r.due = 5000;
    r.since = 1000;
    r.tries = 1;
    r.dest = dest;
    r.packed = str("greylisted");
    ok(sv_job_put(job, NULL, 0, &r, 1));
    sv_job_rows_free(&rows);

    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.waiting, 1);
    assert_int_equal(totals.due, 5000);
    assert_int_equal(totals.results, 0);

    ok(sv_job_next_due(job, 4999, &next));
    assert_int_equal(next, 5000);
    ok(sv_job_next_due(job, 5000, &next));
    assert_int_equal(next, 0);

    /* it is not in its block meanwhile */

    ok(sv_job_block(job, 0, &rows));
    assert_int_equal(rows.n, 9);
    sv_job_rows_free(&rows);

    ok(sv_job_due(job, 4999, 10, &due));
    assert_int_equal(due.n, 0);
    sv_job_rows_free(&due);

    ok(sv_job_postpone(job, dest + 1, 9000));
    ok(sv_job_postpone(job, dest, 6000));
    ok(sv_job_postpone(job, dest, 4000));
    ok(sv_job_due(job, 5999, 10, &due));
    assert_int_equal(due.n, 0);
    sv_job_rows_free(&due);

    ok(sv_job_due(job, 6000, 10, &due));
    assert_int_equal(due.n, 1);
    assert_int_equal(due.results[0].idx, 3);
    assert_int_equal(due.results[0].tries, 1);
    assert_int_equal(due.results[0].since, 1000);
    assert_true(due.results[0].dest == dest);
    is(due.results[0].packed, "greylisted");
    is(due.results[0].email, "user3@d3.example");

    /* once more */

    due.results[0].tries = 2;
    due.results[0].due = 7000;
    ok(sv_job_put(job, NULL, 0, due.results, 1));
    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.waiting, 1);
    assert_int_equal(totals.due, 7000);

    ok(sv_job_put(job, due.results, 1, NULL, 0));
    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.waiting, 0);
    assert_int_equal(totals.due, 0);
    assert_int_equal(totals.results, 1);

    /* who has a result does not wait again */

    ok(sv_job_put(job, NULL, 0, due.results, 1));
    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.waiting, 0);
    sv_job_rows_free(&due);

    assert_int_equal(work(job, 1, 2), 9);
    assert_int_equal(consistent(job), 10);

    sv_job_close(job);
}


/* The longest waiting is first, whatever the order in which they came. */

static void
test_due_order(void **state)
{
    size_t           i;
    store_t         *s = *state;
    sv_job_t        *job;
    sv_job_rows_t    rows, due;
    sv_job_result_t  waits[10];

    job = upload(s, 10);
    ok(sv_job_block(job, 0, &rows));

    for (i = 0; i < 10; i++) {
        waits[i] = result_of(&rows.records[i], 0, 1);
        waits[i].due = (int64_t) (1000 + rows.records[i].idx * 7 % 10);
        waits[i].dest = 1;
    }

    ok(sv_job_put(job, NULL, 0, waits, 10));
    sv_job_rows_free(&rows);

    ok(sv_job_due(job, 1008, 5, &due));
    assert_int_equal(due.n, 5);

    for (i = 0; i < 5; i++) {
        assert_int_equal(due.results[i].due, 1000 + i);
    }

    sv_job_rows_free(&due);

    ok(sv_job_due(job, 1008, 50, &due));
    assert_int_equal(due.n, 9);
    sv_job_rows_free(&due);

    sv_job_close(job);
}


static void
test_settle(void **state)
{
    size_t           calls;
    store_t         *s = *state;
    sv_job_t        *job;
    sv_jobs_e        rc;
    sv_job_page_t    page;
    sv_job_rows_t    rows, one, two;
    sv_job_input_t  *in;
    sv_job_result_t  waits[2];
    sv_job_totals_t  totals;

    ok(sv_job_create(&s->conf, s->id, &job, &s->why));
    in = sv_job_input_create(job);
    add(in, 0, "a@d.example", "");
    add(in, 1, "b@d.example", "");
    add(in, 2, "c@d.example", "");
    add(in, 3, "a@d.example", "");
    add(in, 4, "c@d.example", "");
    ok(sv_job_input_finish(in, &totals));
    sv_job_input_free(in);

    waits[0] = open_record(job, 0, &one);
    waits[0].since = 1000;
    waits[0].status = 2;
    waits[0].reason = 30;
    waits[1] = open_record(job, 1, &two);
    waits[1].since = 2000;
    waits[1].status = 2;
    waits[1].reason = 31;
    waits[0].due = waits[1].due = 9000;
    ok(sv_job_put(job, NULL, 0, waits, 2));
    sv_job_rows_free(&one);
    sv_job_rows_free(&two);

    /* those whose time is over, with their duplicates; nobody else */

    assert_int_equal(sv_job_settle(job, 1500, 0, 0, 0, 100), SV_JOBS_DONE);
    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.results, 2);
    assert_int_equal(totals.waiting, 1);
    assert_int_equal(consistent(job), 2);

    /* the end, one in a call */

    for (calls = 0; /* void */ ; calls++) {
        rc = sv_job_settle(job, INT64_MAX, 1, 0, 99, 1);

        if (rc == SV_JOBS_DONE) {
            break;
        }

        ok(rc);
        assert_true(calls < 10);
    }

    assert_int_equal(calls, 2);
    assert_int_equal(consistent(job), 5);

    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.results, 5);
    assert_int_equal(totals.waiting, 0);

    memset(&page, 0, sizeof(page));
    page.status = page.reason = -1;
    rows = page_of(job, &page);
    assert_int_equal(rows.results[0].reason, 30);
    assert_int_equal(rows.results[3].reason, 30);
    is(rows.results[0].packed, "a@d.example");
    is(rows.results[3].packed, "a@d.example");
    assert_int_equal(rows.results[1].reason, 31);
    assert_int_equal(rows.results[2].reason, 99);
    assert_int_equal(rows.results[4].reason, 99);
    is(rows.results[2].email, "c@d.example");
    sv_job_rows_free(&rows);

    sv_job_close(job);
}


static void
test_erase(void **state)
{
    size_t           n, i;
    store_t         *s = *state;
    sv_str_t         email;
    uint64_t         erased;
    sv_job_t        *job;
    sv_job_page_t    page;
    sv_job_rows_t    rows, waits;
    sv_job_input_t  *in;
    sv_job_result_t  r;
    sv_job_totals_t  totals;

    ok(sv_job_create(&s->conf, s->id, &job, &s->why));
    in = sv_job_input_create(job);
    add(in, 0, "ann@d.example", "");
    add(in, 1, "bob@d.example", "");
    add(in, 2, "ann@d.example", "");
    add(in, 3, "Ann@D.example", "");        /* has a result */
    add(in, 4, "\"ann\"@d.example", "");    /* waits */
    add(in, 5, "cid@d.example", "");
    add(in, 6, "bob@d.example", "");
    ok(sv_job_input_finish(in, &totals));
    sv_job_input_free(in);

    r = open_record(job, 3, &rows);
    ok(sv_job_put(job, &r, 1, NULL, 0));
    sv_job_rows_free(&rows);

    r = open_record(job, 4, &rows);
    r.due = 1;
    ok(sv_job_put(job, NULL, 0, &r, 1));
    sv_job_rows_free(&rows);

    email = str("nobody@d.example");
    ok(sv_job_erase(job, &email, &erased));
    assert_int_equal(erased, 0);

    email = str("ann@d.example");
    ok(sv_job_erase(job, &email, &erased));
    assert_int_equal(erased, 4);
    ok(sv_job_erase(job, &email, &erased));
    assert_int_equal(erased, 0);

    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.results, 4);
    assert_int_equal(totals.errors, 4);
    assert_int_equal(totals.waiting, 0);
    assert_int_equal(consistent(job), 4);

    ok(sv_job_due(job, 100, 10, &waits));
    assert_int_equal(waits.n, 0);
    sv_job_rows_free(&waits);

    assert_int_equal(work(job, 1, 2), 2);
    assert_int_equal(consistent(job), 7);

    /* results of duplicates are found, too */

    email = str("BOB@d.example");
    ok(sv_job_erase(job, &email, &erased));
    assert_int_equal(erased, 2);

    memset(&page, 0, sizeof(page));
    page.status = page.reason = -1;
    rows = page_of(job, &page);
    assert_int_equal(rows.n, 7);

    for (i = 0, n = 0; i < 7; i++) {
        if (rows.results[i].reason == SV_JOB_ERROR) {
            n++;
            assert_int_equal(rows.results[i].email.len, 0);
            assert_string_equal((char *) rows.results[i].packed.data,
                                "erased");
        }
    }

    assert_int_equal(n, 6);
    is(rows.results[5].email, "cid@d.example");
    sv_job_rows_free(&rows);

    assert_int_equal(consistent(job), 7);
    sv_job_close(job);
}


static void
test_notes(void **state)
{
    store_t   *s = *state;
    sv_str_t   value, got;
    sv_job_t  *job;

    sv_job_close(upload(s, 1));
    ok(sv_job_open(&s->conf, s->id, &job, &s->why));

    value = str("mail.example.org");
    ok(sv_job_set(job, "helo", &value));
    value = str("");
    ok(sv_job_set(job, "empty", &value));
    value = str("mx.example.org");
    ok(sv_job_set(job, "helo", &value));

    ok(sv_job_get(job, "helo", &got));
    is(got, "mx.example.org");
    free(got.data);

    ok(sv_job_get(job, "empty", &got));
    assert_int_equal(got.len, 0);
    free(got.data);

    assert_int_equal(sv_job_get(job, "none", &got), SV_JOBS_NOT_FOUND);

    sv_job_close(job);
}


static void
test_pages_by_done(void **state)
{
    size_t           i, n, pages;
    store_t         *s = *state;
    sv_job_t        *job;
    sv_job_page_t    page;
    sv_job_rows_t    rows;
    sv_job_result_t  results[SV_JOBS_BLOCK];

    job = upload(s, 256);
    ok(sv_job_block(job, 0, &rows));

    for (i = 0; i < 256; i++) {
        results[i] = result_of(&rows.records[255 - i], i % 4, i % 8);
    }

    ok(sv_job_put(job, results, 100, NULL, 0));

    memset(&page, 0, sizeof(page));
    page.order = SV_JOB_BY_DONE;
    page.status = 3;
    page.reason = -1;
    page.limit = 10;
    page.more = 1;

    for (n = 0, pages = 0; page.more; pages++) {
        sv_job_rows_t  got = page_of(job, &page);

        for (i = 0; i < got.n; i++, n++) {
            assert_int_equal(got.results[i].seq, 4 * n + 4);
            assert_int_equal(got.results[i].status, 3);
        }

        sv_job_rows_free(&got);
    }

    assert_int_equal(n, 25);
    assert_int_equal(pages, 3);

    /* the cursor goes on when more have come */

    ok(sv_job_put(job, results + 90, 166, NULL, 0));
    sv_job_rows_free(&rows);

    page.limit = 1000;
    rows = page_of(job, &page);
    assert_int_equal(rows.n, 39);
    assert_int_equal(page.more, 0);
    sv_job_rows_free(&rows);

    page.cursor = 0;
    page.status = 1;
    page.reason = 5;
    rows = page_of(job, &page);
    assert_int_equal(rows.n, 32);
    sv_job_rows_free(&rows);

    page.cursor = UINT64_MAX;
    rows = page_of(job, &page);
    assert_int_equal(rows.n, 0);
    sv_job_rows_free(&rows);

    page.order = SV_JOB_BY_INPUT;
    page.cursor = UINT64_MAX;
    rows = page_of(job, &page);
    assert_int_equal(rows.n, 0);
    assert_int_equal(page.more, 0);
    sv_job_rows_free(&rows);

    sv_job_close(job);
}


/* Its name is made durable once: it must never be removed and made anew. */

static void
test_journal_stays(void **state)
{
    char          path[600];
    store_t      *s = *state;
    sv_job_t     *job;
    struct stat   first, now;

    job = upload(s, 300);
    snprintf(path, sizeof(path), "%s/%s/job.db-journal", s->path, s->id);
    assert_int_equal(stat(path, &first), 0);
    assert_int_equal(first.st_size, 0);

    assert_int_equal(work(job, 1, 2), 300);
    sv_job_close(job);
    ok(sv_job_open(&s->conf, s->id, &job, &s->why));
    assert_int_equal(consistent(job), 300);
    sv_job_close(job);

    assert_int_equal(stat(path, &now), 0);
    assert_int_equal(now.st_ino, first.st_ino);
    assert_int_equal(now.st_size, 0);
}


/* What is no record of the job is not counted. */

static void
test_foreign_result(void **state)
{
    store_t         *s = *state;
    sv_job_t        *job;
    sv_job_rows_t    rows;
    sv_job_result_t  results[2];

    job = upload(s, 10);
    results[0] = open_record(job, 1, &rows);
    results[1] = results[0];
    results[1].pos = 70000;

    assert_int_equal(sv_job_put(job, results, 2, NULL, 0), SV_JOBS_DAMAGED);
    sv_job_rows_free(&rows);

    assert_int_equal(consistent(job), 0);
    assert_int_equal(work(job, 1, 2), 10);

    sv_job_close(job);
}


static void
test_purge(void **state)
{
    char             path[600];
    store_t         *s = *state;
    sv_job_t        *job, *again;
    sv_job_totals_t  totals;

    job = upload(s, 10);

    ok(sv_job_purge(&s->conf, s->id, &s->why));

    snprintf(path, sizeof(path), "%s/%s", s->path, s->id);
    assert_int_equal(access(path, F_OK), -1);

    /* whoever has it open learns of it, in clear words */

    assert_int_equal(sv_job_totals(job, &totals), SV_JOBS_NOT_FOUND);
    assert_non_null(strstr(sv_job_why(job)->note, "removed"));
    assert_int_equal(sv_job_open(&s->conf, s->id, &again, &s->why),
                     SV_JOBS_NOT_FOUND);
    assert_null(again);
    sv_job_close(job);

    ok(sv_job_purge(&s->conf, s->id, &s->why));
    assert_int_equal(sv_job_purge(&s->conf, "../../etc", &s->why),
                     SV_JOBS_NOT_FOUND);
}


/* A purge that was cut short after each step is finished by the next one, and
   the job cannot be opened in between. */

static void
test_purge_cut_short(void **state)
{
    static const char  *names[] = { "job.db", "job.db-journal", "key", "lock" };

    char       path[600];
    FILE      *fp;
    size_t     i, k;
    store_t   *s = *state;
    sv_job_t  *job;

    for (i = 0; i <= 4; i++) {
        sv_catalog_id(s->id);
        sv_job_close(upload(s, 10));

        snprintf(path, sizeof(path), "%s/%s/lock", s->path, s->id);
        fp = fopen(path, "w");
        fputs("purged\n", fp);
        fclose(fp);

        for (k = 0; k < i; k++) {
            snprintf(path, sizeof(path), "%s/%s/%s", s->path, s->id, names[k]);
            unlink(path);
        }

        assert_int_equal(sv_job_open(&s->conf, s->id, &job, &s->why),
                         SV_JOBS_NOT_FOUND);
        ok(sv_job_purge(&s->conf, s->id, &s->why));

        snprintf(path, sizeof(path), "%s/%s", s->path, s->id);
        assert_int_equal(access(path, F_OK), -1);
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
#define t(name)                                                               \
        cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
        t(test_upload_and_work),
        t(test_sorted_by_domain),
        t(test_chunks),
        t(test_too_long),
        t(test_duplicates),
        t(test_waits),
        t(test_due_order),
        t(test_settle),
        t(test_erase),
        t(test_notes),
        t(test_pages_by_done),
        t(test_journal_stays),
        t(test_foreign_result),
        t(test_purge),
        t(test_purge_cut_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
