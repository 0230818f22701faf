
/*
 * Calls in any order, against a model that knows of each record whether it is
 * open, waits or has a result.
 */

#define _GNU_SOURCE

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "jobs_dir.h"


#define RECORDS  1200
#define PEOPLE   900        /* the other records repeat some of them */
#define CALLS    600


typedef enum { OPEN = 0, WAITS, DONE } state_e;


typedef struct {
    state_e     state;
    unsigned    status;
    unsigned    reason;
    int64_t     due;
    unsigned    person;
    unsigned    first;      /* the record that it repeats, or itself */
} model_t;


static model_t   model[RECORDS];
static unsigned  seed;


static unsigned
any(unsigned n)
{
    return (unsigned) rand_r(&seed) % n;
}


static void
email_of(unsigned person, char *email)
{
    sprintf(email, "person%u@d%u.example", person, person % 11);
}


static void
done(unsigned idx, unsigned status, unsigned reason)
{
    unsigned  i;

    for (i = 0; i < RECORDS; i++) {
        if (model[i].first == idx && model[i].state != DONE) {
            model[i].state = DONE;
            model[i].status = status;
            model[i].reason = reason;
        }
    }
}


static void
upload_people(sv_job_t *job)
{
    char             email[64];
    unsigned         i, k;
    sv_job_input_t  *in;
    sv_job_totals_t  totals;

    memset(model, 0, sizeof(model));
    in = sv_job_input_create(job);

    for (i = 0; i < RECORDS; i++) {
        model[i].person = any(PEOPLE);
        model[i].first = i;

        for (k = 0; k < i; k++) {
            if (model[k].person == model[i].person) {
                model[i].first = k;
                break;
            }
        }

        email_of(model[i].person, email);
        add(in, i, email, i % 3 ? "" : "{\"a\":\"b\"}");

        /* several chunks */

        if (any(200) == 0) {
            ok(sv_job_input_write(in));
        }
    }

    ok(sv_job_input_finish(in, &totals));
    sv_job_input_free(in);
}


static void
some_results(sv_job_t *job)
{
    size_t           i, n, m, k;
    uint64_t         ids[64];
    sv_job_rows_t    rows;
    sv_job_result_t  r[SV_JOBS_BLOCK], w[SV_JOBS_BLOCK];

    k = 64;
    ok(sv_job_open_blocks(job, 0, ids, &k));

    if (k == 0) {
        return;
    }

    ok(sv_job_block(job, ids[any((unsigned) k)], &rows));
    assert_true(rows.n > 0);

    for (i = 0, n = 0, m = 0; i < rows.n; i++) {
        unsigned  idx = (unsigned) rows.records[i].idx;

        assert_int_equal(model[idx].state, OPEN);
        assert_int_equal(model[idx].first, idx);

        switch (any(8)) {

        case 0:
            r[n] = result_of(&rows.records[i], any(3) + 1, any(5));
            done(idx, r[n].status, r[n].reason);
            n++;
            break;

        case 1:
            w[m] = result_of(&rows.records[i], 0, any(5));
            w[m].due = any(1000);
            w[m].since = any(1000);
            w[m].dest = any(4) + 1;
            model[idx].state = WAITS;
            model[idx].status = w[m].status;
            model[idx].reason = w[m].reason;
            model[idx].due = w[m].due;
            m++;
        }
    }

    ok(sv_job_put(job, r, n, w, m));

    /* the same once more, as after a crash: nothing changes */

    if (any(4) == 0) {
        ok(sv_job_put(job, r, n, w, m));
    }

    sv_job_rows_free(&rows);
}


static void
some_due(sv_job_t *job)
{
    size_t           i, n;
    int64_t          now;
    sv_job_rows_t    rows;
    sv_job_result_t *r;

    now = any(1500);
    ok(sv_job_due(job, now, any(20) + 1, &rows));

    for (i = 0, n = 0; i < rows.n; i++) {
        r = &rows.results[i];
        assert_true(r->due <= now);
        assert_int_equal(model[r->idx].state, WAITS);
        assert_int_equal(model[r->idx].due, r->due);
        assert_int_equal(model[r->idx].reason, r->reason);
    }

    n = any((unsigned) rows.n + 1);

    for (i = 0; i < rows.n; i++) {
        r = &rows.results[i];
        r->reason = any(5);

        if (i < n) {
            r->status = any(3) + 1;
            done((unsigned) r->idx, r->status, r->reason);

        } else {
            r->due += any(300);
            model[r->idx].due = r->due;
            model[r->idx].reason = r->reason;
        }
    }

    ok(sv_job_put(job, rows.results, n, rows.results + n, rows.n - n));
    sv_job_rows_free(&rows);
}


static void
some_erasure(sv_job_t *job)
{
    char       email[64];
    unsigned   i, person, n;
    uint64_t   erased;
    sv_str_t   address;

    person = any(PEOPLE);
    email_of(person, email);
    address = str(email);
    ok(sv_job_erase(job, &address, &erased));

    for (i = 0, n = 0; i < RECORDS; i++) {
        if (model[i].person == person) {
            model[i].person = PEOPLE;
            model[i].state = DONE;
            model[i].status = 0;
            model[i].reason = SV_JOB_ERROR;
            n++;
        }
    }

    assert_int_equal(erased, n);
}


static void
compare(sv_job_t *job)
{
    char             email[64];
    size_t           i, n;
    unsigned         results, waiting;
    sv_job_page_t    page;
    sv_job_rows_t    rows;
    sv_job_totals_t  totals;

    for (i = 0, results = 0, waiting = 0; i < RECORDS; i++) {
        results += model[i].state == DONE;
        waiting += model[i].state == WAITS;
    }

    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.records, RECORDS);
    assert_int_equal(totals.results, results);
    assert_int_equal(totals.waiting, waiting);

    memset(&page, 0, sizeof(page));
    page.status = page.reason = -1;
    page.limit = any(400) + 1;
    n = 0;

    do {
        ok(sv_job_results(job, &page, &rows));

        for (i = 0; i < rows.n; i++, n++) {
            while (model[n].state != DONE) {
                n++;
            }

            assert_int_equal(rows.results[i].idx, n);
            assert_int_equal(rows.results[i].status, model[n].status);
            assert_int_equal(rows.results[i].reason, model[n].reason);

            if (model[n].person == PEOPLE) {
                assert_int_equal(rows.results[i].email.len, 0);
                continue;
            }

            assert_int_equal(rows.results[i].of, model[n].first);
            email_of(model[n].person, email);
            assert_int_equal(rows.results[i].email.len, strlen(email));
            assert_memory_equal(rows.results[i].email.data, email,
                                strlen(email));
        }

        sv_job_rows_free(&rows);
    } while (page.more);
}


static void
test_model(void **state)
{
    int        i, k;
    store_t   *s = *state;
    int64_t    due;
    unsigned   dest;
    sv_job_t  *job;
    sv_jobs_e  rc;

    for (seed = 1; seed < 4; /* void */ ) {
        unsigned  round = seed;

        sv_catalog_id(s->id);
        ok(sv_job_create(&s->conf, s->id, &job, &s->why));
        upload_people(job);

        for (i = 0; i < CALLS; i++) {
            switch (any(12)) {

            case 0:
                some_erasure(job);
                break;

            case 1:
            case 2:
            case 3:
                some_due(job);
                break;

            case 4:
                /* those that wait are told by what _due() says of them */
                dest = any(4) + 1;
                due = any(1000);
                ok(sv_job_postpone(job, dest, due));

                {
                    size_t         n;
                    sv_job_rows_t  rows;

                    ok(sv_job_due(job, INT64_MAX, RECORDS, &rows));

                    for (n = 0; n < rows.n; n++) {
                        if (rows.results[n].dest == dest
                            && model[rows.results[n].idx].due < due)
                        {
                            model[rows.results[n].idx].due = due;
                        }

                        assert_int_equal(model[rows.results[n].idx].due,
                                         rows.results[n].due);
                    }

                    sv_job_rows_free(&rows);
                }
                break;

            case 5:
                sv_job_close(job);
                ok(sv_job_open(&s->conf, s->id, &job, &s->why));
                break;

            default:
                some_results(job);
            }

            if (i % 50 == 0) {
                compare(job);
            }
        }

        compare(job);
        (void) consistent(job);

        /* the end */

        do {
            rc = sv_job_settle(job, INT64_MAX, 1, 3, 7, 100);
        } while (rc == SV_JOBS_OK);

        assert_int_equal(rc, SV_JOBS_DONE);

        for (k = 0; k < RECORDS; k++) {
            if (model[k].state == WAITS) {
                done((unsigned) k, model[k].status, model[k].reason);
            }
        }

        for (k = 0; k < RECORDS; k++) {
            if (model[k].state == OPEN) {
                done(model[k].first, 3, 7);
            }
        }

        compare(job);
        assert_int_equal(consistent(job), RECORDS);
        sv_job_close(job);
        seed = round + 1;
    }
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model, store_setup_memory,
                                        store_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
