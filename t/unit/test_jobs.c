
#define _GNU_SOURCE

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "jobs_dir.h"


#define ok(call)  assert_int_equal(call, SV_JOBS_OK)


static sv_str_t
str(const char *text)
{
    sv_str_t  s;

    s.data = (unsigned char *) text;
    s.len = strlen(text);

    return s;
}


static void
add(sv_job_input_t *in, uint64_t idx, const char *email, const char *input)
{
    sv_str_t     e, d, i;
    const char  *at;

    at = strrchr(email, '@');
    e = str(email);
    d = str(at ? at + 1 : "");
    i = str(input);

    ok(sv_job_input_add(in, idx, &e, &d, &i));
}


/* n records user0@d0.example, user1@d1.example, ... of 7 domains */

static sv_job_t *
upload(store_t *s, unsigned n)
{
    char             email[64];
    unsigned         i;
    sv_job_t        *job;
    sv_job_input_t  *in;
    sv_job_totals_t  totals;

    ok(sv_job_create(&s->conf, s->id, &job, &s->why));

    in = sv_job_input_create(job);

    for (i = 0; i < n; i++) {
        snprintf(email, sizeof(email), "user%u@d%u.example", i, i % 7);
        add(in, i, email, "{\"n\":1}");

        if (sv_job_input_full(in)) {
            ok(sv_job_input_write(in));
        }
    }

    ok(sv_job_input_finish(in, &totals));
    assert_int_equal(totals.records, n);

    sv_job_input_free(in);

    return job;
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
    sv_job_result_t  results[SV_JOBS_BLOCK];

    sv_job_close(upload(s, 1000));

    ok(sv_job_open(&s->conf, s->id, &job, &s->why));

    n = 64;
    ok(sv_job_open_blocks(job, 0, ids, &n));
    assert_int_equal(n, 4);

    for (done = 0; n--; /* void */ ) {
        ok(sv_job_block(job, ids[n], &rows));

        memset(results, 0, sizeof(results));

        for (i = 0; i < rows.n; i++) {
            results[i].pos = rows.records[i].pos;
            results[i].idx = rows.records[i].idx;
            results[i].email = rows.records[i].email;
            results[i].input = rows.records[i].input;
            results[i].packed = str("packed");
            results[i].status = 1;
            results[i].reason = 2;
        }

        ok(sv_job_put(job, results, rows.n, NULL, 0));
        ok(sv_job_put(job, results, rows.n, NULL, 0));
        done += rows.n;
        sv_job_rows_free(&rows);
    }

    assert_int_equal(done, 1000);

    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.results, 1000);
    assert_int_equal(totals.ncounts, 1);

    n = 64;
    ok(sv_job_open_blocks(job, 0, ids, &n));
    assert_int_equal(n, 0);

    memset(&page, 0, sizeof(page));
    page.status = page.reason = -1;
    page.limit = 300;

    for (done = 0, page.more = 1; page.more; /* void */ ) {
        ok(sv_job_results(job, &page, &rows));

        for (i = 0; i < rows.n; i++, done++) {
            snprintf(email, sizeof(email), "user%u@d%u.example",
                     (unsigned) done, (unsigned) done % 7);
            assert_int_equal(rows.results[i].idx, done);
            assert_int_equal(rows.results[i].email.len, strlen(email));
            assert_memory_equal(rows.results[i].email.data, email,
                                strlen(email));
            assert_memory_equal(rows.results[i].packed.data, "packed", 6);
        }

        sv_job_rows_free(&rows);
    }

    assert_int_equal(done, 1000);

    sv_job_close(job);
}


static void
test_catalog(void **state)
{
    size_t             n;
    store_t           *s = *state;
    sv_catalog_t      *c;
    sv_catalog_job_t   job, jobs[4];
    sv_catalog_page_t  page;

    ok(sv_catalog_open(&s->conf, &c, &s->why));

    memset(&job, 0, sizeof(job));
    strcpy(job.id, s->id);
    strcpy(job.client, "shop");
    job.created = 1000;
    job.retention = 50;

    ok(sv_catalog_add(c, &job, NULL, NULL));

    job.records = 7;
    ok(sv_catalog_added(c, &job, NULL));
    assert_int_equal(job.state, SV_JOB_QUEUED);

    assert_int_equal(sv_catalog_move(c, s->id, 1 << SV_JOB_RUNNING,
                                     SV_JOB_PAUSED, 2000, NULL, &job),
                     SV_JOBS_CONFLICT);
    ok(sv_catalog_move(c, s->id, 1 << SV_JOB_QUEUED, SV_JOB_RUNNING, 2000,
                       NULL, &job));
    ok(sv_catalog_move(c, s->id, 1 << SV_JOB_RUNNING, SV_JOB_COMPLETED, 3000,
                       NULL, &job));

    ok(sv_catalog_get(c, s->id, &job));
    assert_int_equal(job.started, 2000);
    assert_int_equal(job.finished, 3000);
    assert_int_equal(job.expires, 3050);
    assert_int_equal(job.records, 7);

    memset(&page, 0, sizeof(page));
    page.state = -1;
    page.client = "shop";
    n = 4;
    ok(sv_catalog_list(c, &page, jobs, &n));
    assert_int_equal(n, 1);

    page.client = "other";
    n = 4;
    ok(sv_catalog_list(c, &page, jobs, &n));
    assert_int_equal(n, 0);

    sv_catalog_close(c);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_upload_and_work, store_setup,
                                        store_teardown),
        cmocka_unit_test_setup_teardown(test_catalog, store_setup,
                                        store_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
