
/*
 * Two processes work off one job, and are killed at any moment, while a handle
 * of a third one stays open.
 */

#define _GNU_SOURCE

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <signal.h>
#include <time.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "jobs_dir.h"


#define RECORDS   1500
#define WORKERS   2
#define KILLS     80


static void
hold(long us)
{
    struct timespec  t;

    t.tv_sec = 0;
    t.tv_nsec = us * 1000;
    nanosleep(&t, NULL);
}


/* A worker of its own process; its errors are those of the test. */

static void
worker(store_t *s, unsigned seed)
{
    size_t            i, n, m;
    uint64_t          ids[16];
    sv_job_t         *job;
    sv_job_rows_t     rows;
    sv_job_result_t   r[16], w[16];
    sv_job_totals_t   totals;

    if (sv_job_open(&s->conf, s->id, &job, &s->why) != SV_JOBS_OK) {
        _exit(2);
    }

    for ( ;; ) {
        if (sv_job_due(job, INT64_MAX, 8, &rows) != SV_JOBS_OK
            || sv_job_put(job, rows.results, rows.n, NULL, 0) != SV_JOBS_OK)
        {
            _exit(3);
        }

        sv_job_rows_free(&rows);

        n = 16;
        if (sv_job_open_blocks(job, 0, ids, &n) != SV_JOBS_OK) {
            _exit(4);
        }

        if (n == 0) {
            if (sv_job_totals(job, &totals) != SV_JOBS_OK) {
                _exit(5);
            }

            if (totals.results == RECORDS) {
                sv_job_close(job);
                _exit(0);
            }

            continue;
        }

        /* the others may take the same one: each result counts once */

        if (sv_job_block(job, ids[(size_t) rand_r(&seed) % n], &rows)
            != SV_JOBS_OK)
        {
            _exit(6);
        }

        for (i = 0, n = 0, m = 0; i < rows.n && i < 4; i++) {
            if (rand_r(&seed) % 4) {
                r[n] = result_of(&rows.records[i],
                                 (unsigned) rows.records[i].idx % 3,
                                 (unsigned) rows.records[i].idx % 5);
                n++;

            } else {
                w[m] = result_of(&rows.records[i],
                                 (unsigned) rows.records[i].idx % 3,
                                 (unsigned) rows.records[i].idx % 5);
                w[m].due = 1;
                m++;
            }
        }

        if (sv_job_put(job, r, n, w, m) != SV_JOBS_OK) {
            _exit(7);
        }

        sv_job_rows_free(&rows);
    }
}


/* A worker that the kernel kills after so many microseconds; 0: never. */

static pid_t
start(store_t *s, unsigned seed, long us)
{
    pid_t              pid;
    timer_t            timer;
    struct sigevent    event;
    struct itimerspec  when;

    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        memset(&event, 0, sizeof(event));
        event.sigev_notify = SIGEV_SIGNAL;
        event.sigev_signo = SIGKILL;
        memset(&when, 0, sizeof(when));
        when.it_value.tv_nsec = us * 1000;

        if (us && (timer_create(CLOCK_MONOTONIC, &event, &timer) == -1
                   || timer_settime(timer, 0, &when, NULL) == -1))
        {
            _exit(8);
        }

        worker(s, seed);
    }

    return pid;
}


static void
test_kill(void **state)
{
    int              i, status, left;
    pid_t            pid;
    store_t         *s = *state;
    unsigned         seed, kills;
    sv_job_t        *job;
    sv_job_page_t    page;
    sv_job_rows_t    rows;
    sv_job_totals_t  before, totals;

    sv_job_close(upload(s, RECORDS));

    for (i = 0, seed = 1; i < WORKERS; i++) {
        (void) start(s, seed++, 1000);
    }

    ok(sv_job_open(&s->conf, s->id, &job, &s->why));
    ok(sv_job_totals(job, &before));

    for (left = WORKERS, kills = 0; left; /* void */ ) {
        pid = waitpid(-1, &status, 0);
        assert_int_not_equal(pid, -1);

        ok(sv_job_totals(job, &totals));
        assert_true(totals.results >= before.results);
        before = totals;

        if (WIFSIGNALED(status)) {
            assert_int_equal(WTERMSIG(status), SIGKILL);
            kills++;

            (void) start(s, seed++, kills < KILLS ? 100 + rand_r(&seed) % 4000
                                                  : 0);
            continue;
        }

        assert_int_equal(WEXITSTATUS(status), 0);
        left--;
    }

    print_message("%u kills\n", kills);
    assert_true(kills > 10);
    assert_int_equal(consistent(job), RECORDS);
    ok(sv_job_totals(job, &totals));
    assert_int_equal(totals.waiting, 0);

    /* the verdicts are those of a run without disturbance */

    memset(&page, 0, sizeof(page));
    page.status = page.reason = -1;

    do {
        ok(sv_job_results(job, &page, &rows));

        for (i = 0; i < (int) rows.n; i++) {
            assert_int_equal(rows.results[i].status, rows.results[i].idx % 3);
            assert_int_equal(rows.results[i].reason, rows.results[i].idx % 5);
        }

        sv_job_rows_free(&rows);
    } while (page.more);

    sv_job_close(job);
}


/* A purge comes while others work: they are told so, or have ended before. */

static void
test_purge_meanwhile(void **state)
{
    int        i, status;
    pid_t      pids[WORKERS];
    char       path[600];
    store_t   *s = *state;

    sv_job_close(upload(s, RECORDS));

    for (i = 0; i < WORKERS; i++) {
        pids[i] = start(s, (unsigned) i, 0);
    }

    hold(8000);
    ok(sv_job_purge(&s->conf, s->id, &s->why));

    for (i = 0; i < WORKERS; i++) {
        waitpid(pids[i], &status, 0);
        assert_true(WIFEXITED(status));
        assert_in_range(WEXITSTATUS(status), 0, 7);
    }

    snprintf(path, sizeof(path), "%s/%s", s->path, s->id);
    assert_int_equal(access(path, F_OK), -1);
}


/* Purges that are killed, too: the next one ends it. */

static void
test_kill_purge(void **state)
{
    int         i, status;
    char        path[600];
    pid_t       pid;
    store_t    *s = *state;
    unsigned    seed;
    sv_job_t   *job;
    sv_jobs_e   rc;

    for (i = 0, seed = 7; i < 20; i++) {
        sv_catalog_id(s->id);
        sv_job_close(upload(s, 10));

        pid = fork();

        if (pid == 0) {
            (void) sv_job_purge(&s->conf, s->id, &s->why);
            _exit(0);
        }

        hold(rand_r(&seed) % 600);
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);

        rc = sv_job_open(&s->conf, s->id, &job, &s->why);
        assert_true(rc == SV_JOBS_OK || rc == SV_JOBS_NOT_FOUND);
        sv_job_close(job);

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
        cmocka_unit_test_setup_teardown(name, store_setup_memory,             \
                                        store_teardown)
        t(test_kill),
        t(test_purge_meanwhile),
        t(test_kill_purge),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
