
#define _GNU_SOURCE

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "jobs_dir.h"


static sv_catalog_job_t
job_of(const char *client)
{
    sv_catalog_job_t  job;

    memset(&job, 0, sizeof(job));
    sv_catalog_id(job.id);
    strcpy(job.client, client);
    strcpy(job.name, "customers");
    strcpy(job.request_id, "4711");
    strcpy(job.webhook, "https://hook.example/in");
    job.webhook_events = 5;
    job.created = 1000;
    job.retention = 50;
    job.wait = 70;
    job.sample = 9;
    job.smtp = 1;

    return job;
}


static sv_catalog_t *
catalog_of(store_t *s)
{
    sv_catalog_t  *c;

    ok(sv_catalog_open(&s->conf, &c, &s->why));

    return c;
}


static void
test_ids(void **state)
{
    char    id[3][SV_JOBS_ID_LEN + 1];
    size_t  i;

    for (i = 0; i < 3; i++) {
        sv_catalog_id(id[i]);
        assert_int_equal(strlen(id[i]), SV_JOBS_ID_LEN);
        usleep(2000);
    }

    assert_true(strcmp(id[0], id[1]) < 0);
    assert_true(strcmp(id[1], id[2]) < 0);
}


static void
test_life(void **state)
{
    store_t           *s = *state;
    sv_catalog_t      *c;
    sv_catalog_job_t   job, got;

    c = catalog_of(s);
    job = job_of("shop");
    ok(sv_catalog_add(c, &job, NULL, NULL, NULL));
    assert_int_equal(job.state, SV_JOB_UPLOADING);

    job.records = 7;
    job.bytes = 700;
    ok(sv_catalog_added(c, &job, NULL, NULL));
    assert_int_equal(job.state, SV_JOB_QUEUED);
    assert_int_equal(sv_catalog_added(c, &job, NULL, NULL), SV_JOBS_CONFLICT);

    assert_int_equal(sv_catalog_move(c, job.id, 1 << SV_JOB_RUNNING,
                                     SV_JOB_PAUSED, 2000, NULL, &got),
                     SV_JOBS_CONFLICT);
    assert_int_equal(got.state, SV_JOB_QUEUED);

    ok(sv_catalog_move(c, job.id, 1 << SV_JOB_QUEUED, SV_JOB_RUNNING, 2000,
                       NULL, &got));
    ok(sv_catalog_move(c, job.id, 1 << SV_JOB_RUNNING, SV_JOB_PAUSED, 2500,
                       NULL, &got));
    ok(sv_catalog_move(c, job.id, 1 << SV_JOB_PAUSED, SV_JOB_RUNNING, 2600,
                       NULL, &got));
    ok(sv_catalog_move(c, job.id, 1 << SV_JOB_RUNNING, SV_JOB_FAILED, 3000,
                       "The disk is full.", &got));
    sv_catalog_close(c);

    /* it is there for whoever opens the catalogue next */

    c = catalog_of(s);
    ok(sv_catalog_get(c, job.id, &got));
    assert_int_equal(got.state, SV_JOB_FAILED);
    assert_int_equal(got.created, 1000);
    assert_int_equal(got.started, 2000);
    assert_int_equal(got.finished, 3000);
    assert_int_equal(got.expires, 3050);
    assert_int_equal(got.records, 7);
    assert_int_equal(got.bytes, 700);
    assert_int_equal(got.wait, 70);
    assert_int_equal(got.sample, 9);
    assert_int_equal(got.smtp, 1);
    assert_int_equal(got.webhook_events, 5);
    assert_string_equal(got.client, "shop");
    assert_string_equal(got.name, "customers");
    assert_string_equal(got.request_id, "4711");
    assert_string_equal(got.webhook, "https://hook.example/in");
    assert_string_equal(got.error, "The disk is full.");

    /* retention counts from the end */

    strcpy(got.name, "other");
    strcpy(got.webhook_state, "410");
    got.retention = 500;
    got.state = SV_JOB_QUEUED;
    ok(sv_catalog_change(c, &got));
    assert_int_equal(got.expires, 3500);
    ok(sv_catalog_get(c, job.id, &got));
    assert_int_equal(got.state, SV_JOB_FAILED);
    assert_string_equal(got.name, "other");
    assert_string_equal(got.webhook_state, "410");

    ok(sv_catalog_remove(c, job.id));
    assert_int_equal(sv_catalog_get(c, job.id, &got), SV_JOBS_NOT_FOUND);
    assert_int_equal(sv_catalog_change(c, &got), SV_JOBS_NOT_FOUND);
    sv_catalog_close(c);
}


static void
test_list(void **state)
{
    size_t             i, n, got;
    store_t           *s = *state;
    sv_catalog_t      *c;
    sv_catalog_job_t   job, jobs[4];
    sv_catalog_page_t  page;

    c = catalog_of(s);

    for (i = 0; i < 10; i++) {
        job = job_of(i % 2 ? "shop" : "crm");
        job.records = i;
        job.bytes = 10 * i;
        ok(sv_catalog_add(c, &job, NULL, NULL, NULL));
        usleep(2000);
    }

    /* the newest first; the last one is being purged */

    ok(sv_catalog_move(c, job.id, 1 << SV_JOB_UPLOADING, SV_JOB_PURGING, 0,
                       NULL, NULL));

    memset(&page, 0, sizeof(page));
    page.state = -1;
    page.limit = 2;

    for (got = 0; /* void */ ; got += n) {
        n = 4;
        ok(sv_catalog_list(c, &page, jobs, &n));

        if (n == 0) {
            break;
        }

        for (i = 0; i < n; i++) {
            assert_int_equal(jobs[i].records, 8 - got - i);
        }

        strcpy(page.after, jobs[n - 1].id);
    }

    assert_int_equal(got, 9);

    page.client = "shop";
    page.limit = 0;
    page.after[0] = '\0';
    n = 4;
    ok(sv_catalog_list(c, &page, jobs, &n));
    assert_int_equal(n, 4);
    assert_int_equal(jobs[0].records, 7);
    assert_int_equal(jobs[3].records, 1);

    page.state = SV_JOB_RUNNING;
    n = 4;
    ok(sv_catalog_list(c, &page, jobs, &n));
    assert_int_equal(n, 0);

    sv_catalog_close(c);
}


static void
test_usage(void **state)
{
    size_t              i;
    store_t            *s = *state;
    sv_catalog_t       *c;
    sv_catalog_job_t    job;
    sv_catalog_limit_t  limit;

    memset(&limit, 0, sizeof(limit));
    c = catalog_of(s);

    ok(alone(c, 0, sv_catalog_check_limit(c, "shop", &limit)));
    assert_int_equal(limit.usage.jobs, 0);

    for (i = 1; i <= 4; i++) {
        job = job_of(i == 4 ? "crm" : "shop");
        job.records = i;
        job.bytes = 10 * i;
        ok(sv_catalog_add(c, &job, NULL, NULL, NULL));
    }

    ok(alone(c, 0, sv_catalog_check_limit(c, "shop", &limit)));
    assert_int_equal(limit.usage.jobs, 3);
    assert_int_equal(limit.usage.records, 6);
    assert_int_equal(limit.usage.bytes, 60);

    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_PURGING, 0, NULL, NULL));
    ok(alone(c, 0, sv_catalog_check_limit(c, "crm", &limit)));
    assert_int_equal(limit.usage.jobs, 0);

    sv_catalog_close(c);
}


static void
test_idempotency(void **state)
{
    int                held, last;
    store_t           *s = *state;
    sv_catalog_t      *c;
    unsigned char      hash[32], got[32], zeros[32];
    sv_catalog_job_t   one, two, three;

    memset(zeros, 0, 32);
    memset(hash, 7, 32);

    c = catalog_of(s);
    one = job_of("shop");
    held = sv_jobs_hold(s->path, one.id, &s->why);
    assert_int_not_equal(held, -1);
    ok(sv_catalog_add(c, &one, "key-1", got, NULL));

    /* still uploading */

    two = job_of("shop");
    assert_int_equal(sv_catalog_add(c, &two, "key-1", got, NULL), SV_JOBS_DONE);
    assert_string_equal(two.id, one.id);
    assert_memory_equal(got, zeros, 32);

    ok(sv_catalog_added(c, &one, hash, NULL));
    close(held);

    two = job_of("shop");
    assert_int_equal(sv_catalog_add(c, &two, "key-1", got, NULL), SV_JOBS_DONE);
    assert_string_equal(two.id, one.id);
    assert_int_equal(two.state, SV_JOB_QUEUED);
    assert_memory_equal(got, hash, 32);

    /* another client's key, another key, none */

    two = job_of("crm");
    ok(sv_catalog_add(c, &two, "key-1", got, NULL));
    two = job_of("shop");
    ok(sv_catalog_add(c, &two, "key-2", got, NULL));
    two = job_of("shop");
    ok(sv_catalog_add(c, &two, "", got, NULL));
    two = job_of("shop");
    ok(sv_catalog_add(c, &two, NULL, NULL, NULL));

    /* a key is free again when its job is purged */

    ok(sv_catalog_move(c, one.id, ~0u, SV_JOB_PURGING, 0, NULL, NULL));
    three = job_of("shop");
    last = sv_jobs_hold(s->path, three.id, &s->why);
    ok(sv_catalog_add(c, &three, "key-1", got, NULL));
    ok(sv_catalog_remove(c, one.id));
    two = job_of("shop");
    assert_int_equal(sv_catalog_add(c, &two, "key-1", got, NULL), SV_JOBS_DONE);
    assert_string_equal(two.id, three.id);
    ok(sv_catalog_remove(c, three.id));
    two = job_of("shop");
    ok(sv_catalog_add(c, &two, "key-1", got, NULL));
    close(last);

    sv_catalog_close(c);
}


/* The process that took the list in is gone: its key is free at once, and what
   is left of it does not take the key from the next one. */

static void
test_key_of_the_dead(void **state)
{
    int               held;
    pid_t             pid;
    store_t          *s = *state;
    sv_catalog_t     *c;
    unsigned char     hash[32], got[32];
    sv_catalog_job_t  dead, two, three;

    c = catalog_of(s);
    dead = job_of("shop");

    pid = fork();

    if (pid == 0) {
        (void) sv_jobs_hold(s->path, dead.id, &s->why);
        pause();
        _exit(0);
    }

    while (!sv_jobs_is_held(s->path, dead.id)) {
        usleep(1000);
    }

    ok(sv_catalog_add(c, &dead, "key", got, NULL));
    two = job_of("shop");
    assert_int_equal(sv_catalog_add(c, &two, "key", got, NULL), SV_JOBS_DONE);

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);

    two = job_of("shop");
    held = sv_jobs_hold(s->path, two.id, &s->why);
    ok(sv_catalog_add(c, &two, "key", got, NULL));
    assert_string_not_equal(two.id, dead.id);
    ok(sv_catalog_remove(c, dead.id));

    memset(hash, 7, 32);
    ok(sv_catalog_added(c, &two, hash, NULL));
    close(held);

    three = job_of("shop");
    assert_int_equal(sv_catalog_add(c, &three, "key", got, NULL),
                     SV_JOBS_DONE);
    assert_string_equal(three.id, two.id);

    sv_catalog_close(c);
}


/* A limit is checked where the job is added, so that two processes cannot pass
   it together. */

static void
test_limit(void **state)
{
    pid_t               pid[4];
    size_t              i;
    store_t            *s = *state;
    unsigned            k, jobs;
    sv_catalog_t       *c;
    sv_catalog_job_t    job;
    sv_catalog_limit_t  limit;

    sv_catalog_close(catalog_of(s));

    memset(&limit, 0, sizeof(limit));
    limit.max.jobs = 10;
    limit.max.records = 1000;
    limit.max.bytes = 1000;
    limit.more.jobs = 1;
    limit.more.bytes = 10;

    for (i = 0; i < 4; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            c = catalog_of(s);

            for (k = jobs = 0; k < 20; k++) {
                job = job_of("shop");
                job.bytes = 10;
                ok(sv_catalog_add(c, &job, NULL, NULL, &limit));
                jobs += !limit.over;
            }

            _exit((int) jobs);
        }
    }

    for (i = jobs = 0; i < 4; i++) {
        int  rc;

        waitpid(pid[i], &rc, 0);
        assert_true(WIFEXITED(rc));
        jobs += (unsigned) WEXITSTATUS(rc);
    }

    assert_int_equal(jobs, 10);

    c = catalog_of(s);
    ok(alone(c, 0, sv_catalog_check_limit(c, "shop", &limit)));
    assert_int_equal(limit.usage.jobs, 10);
    assert_int_equal(limit.usage.bytes, 100);

    /* at the end of an upload what was announced is not counted twice */

    job = job_of("crm");
    job.bytes = 10;
    ok(sv_catalog_add(c, &job, NULL, NULL, &limit));
    assert_false(limit.over);

    limit.counted.jobs = 1;
    limit.counted.bytes = 10;
    limit.more.jobs = 0;
    limit.more.records = 1001;
    limit.more.bytes = 1000;
    job.records = 1001;
    job.bytes = 1000;
    ok(sv_catalog_added(c, &job, NULL, &limit));
    assert_true(limit.over);

    limit.more.records = 1000;
    job.records = 1000;
    ok(sv_catalog_added(c, &job, NULL, &limit));
    assert_false(limit.over);
    assert_int_equal(job.state, SV_JOB_QUEUED);

    sv_catalog_close(c);
}


static void
test_expired(void **state)
{
    int               held;
    size_t            n;
    store_t          *s = *state;
    sv_catalog_t     *c;
    sv_catalog_job_t  purging, stale, over, fresh, jobs[8];

    c = catalog_of(s);

    purging = job_of("shop");
    ok(sv_catalog_add(c, &purging, NULL, NULL, NULL));
    ok(sv_catalog_move(c, purging.id, ~0u, SV_JOB_PURGING, 0, NULL, NULL));

    stale = job_of("shop");
    ok(sv_catalog_add(c, &stale, NULL, NULL, NULL));

    fresh = job_of("shop");
    held = sv_jobs_hold(s->path, fresh.id, &s->why);
    ok(sv_catalog_add(c, &fresh, NULL, NULL, NULL));

    over = job_of("shop");
    ok(sv_catalog_add(c, &over, NULL, NULL, NULL));
    ok(sv_catalog_move(c, over.id, ~0u, SV_JOB_COMPLETED, 1000, NULL, NULL));

    n = 8;
    ok(sv_catalog_expired(c, 1049, "", jobs, &n));
    assert_int_equal(n, 2);
    n = 8;
    ok(sv_catalog_expired(c, 1050, "", jobs, &n));
    assert_int_equal(n, 3);

    /* page by page */

    n = 1;
    ok(sv_catalog_expired(c, 1050, "", jobs, &n));
    assert_int_equal(n, 1);
    assert_string_equal(jobs[0].id, purging.id);
    n = 2;
    ok(sv_catalog_expired(c, 1050, jobs[0].id, jobs, &n));
    assert_int_equal(n, 2);
    assert_string_equal(jobs[0].id, stale.id);
    assert_string_equal(jobs[1].id, over.id);
    n = 8;
    ok(sv_catalog_expired(c, 1050, over.id, jobs, &n));
    assert_int_equal(n, 0);

    close(held);
    n = 8;
    ok(sv_catalog_expired(c, 1050, "", jobs, &n));
    assert_int_equal(n, 4);

    sv_catalog_close(c);
}


static sv_jobs_e
event_due(sv_catalog_t *c, int64_t now, sv_catalog_event_t *event,
    int64_t *next)
{
    size_t  n = 1;

    return sv_catalog_event_due(c, now, event, &n, next);
}


static void
test_events(void **state)
{
    store_t            *s = *state;
    int64_t             next;
    sv_catalog_t       *c;
    sv_catalog_job_t    job;
    sv_catalog_event_t  one, two, got;

    c = catalog_of(s);
    job = job_of("shop");
    ok(sv_catalog_add(c, &job, NULL, NULL, NULL));

    assert_int_equal(event_due(c, 100, &got, &next), SV_JOBS_DONE);
    assert_int_equal(next, 0);

    memset(&one, 0, sizeof(one));
    sv_catalog_id(one.event);
    strcpy(one.job, job.id);
    one.type = 3;
    one.created = 50;
    one.due = 200;
    two = one;
    sv_catalog_id(two.event);
    two.due = 300;
    ok(event_add(c, &two));
    ok(event_add(c, &one));

    assert_int_equal(event_due(c, 199, &got, &next), SV_JOBS_DONE);
    assert_int_equal(next, 200);
    ok(event_due(c, 200, &got, &next));
    assert_string_equal(got.event, one.event);
    assert_string_equal(got.job, job.id);
    assert_int_equal(got.type, 3);
    assert_int_equal(got.created, 50);

    got.tries = 1;
    got.status = 503;
    got.due = 900;
    ok(alone(c, 1, sv_catalog_event_update(c, &got)));
    ok(event_due(c, 500, &got, &next));
    assert_string_equal(got.event, two.event);
    ok(alone(c, 1, sv_catalog_event_delete(c, got.event)));
    ok(event_due(c, 1000, &got, &next));
    assert_int_equal(got.tries, 1);
    assert_int_equal(got.status, 503);

    /* they go with their job */

    ok(sv_catalog_remove(c, job.id));
    assert_int_equal(event_due(c, 1000, &got, &next), SV_JOBS_DONE);
    assert_int_equal(next, 0);

    sv_catalog_close(c);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
#define t(name)                                                               \
        cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
        t(test_ids),
        t(test_life),
        t(test_list),
        t(test_usage),
        t(test_idempotency),
        t(test_key_of_the_dead),
        t(test_limit),
        t(test_expired),
        t(test_events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
