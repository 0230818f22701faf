
#define _GNU_SOURCE

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "jobs_dir.h"


static sv_catalog_t *
catalog_of(store_t *s)
{
    sv_catalog_t  *c;

    ok(sv_catalog_open(&s->conf, &c, &s->why));

    return c;
}


static sv_catalog_job_t
job_of(const char *client)
{
    sv_catalog_job_t  job;

    memset(&job, 0, sizeof(job));
    sv_catalog_id(job.id);
    strcpy(job.client, client);
    strcpy(job.webhook, "https://hook.example/in");
    job.created = 1000;

    return job;
}


static sv_jobs_e
event_due(sv_catalog_t *c, int64_t now, sv_catalog_event_t *event,
    int64_t *next)
{
    size_t  n = 1;

    return sv_catalog_event_due(c, now, event, &n, next);
}


/* a job with a webhook that is told of these events, in state "running" */

static sv_catalog_job_t
hooked(sv_catalog_t *c, const char *client, unsigned events)
{
    sv_catalog_job_t  job;

    job = job_of(client);
    job.webhook_events = events;
    job.retention = 7200 * 1000 * 2;
    strcpy(job.traceparent,
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    ok(sv_catalog_add(c, &job, NULL, NULL, NULL));
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_RUNNING, 1000, NULL, &job));

    return job;
}


/* the types of what is due by then, in their order, as digits in hexadecimal */

static const char *
due_types(sv_catalog_t *c, int64_t now)
{
    size_t              i, n = 16;
    int64_t             next;
    static char         text[64];
    sv_catalog_event_t  events[16];

    (void) sv_catalog_event_due(c, now, events, &n, &next);

    for (i = 0; i < n; i++) {
        sprintf(text + 3 * i, "%02x ", events[i].type);
    }

    text[n ? 3 * n - 1 : 0] = '\0';

    return text;
}


#define HOUR  (3600 * 1000)


static void
test_hook_events(void **state)
{
    store_t           *s = *state;
    sv_catalog_t      *c;
    sv_catalog_job_t   job;

    c = catalog_of(s);

    /* progress from its start on, then its end, and that it expires, an hour
       before */

    job = hooked(c, "shop", 0x1f);
    assert_string_equal(job.traceparent,
              "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_string_equal(due_types(c, 1000), "08");
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_PAUSED, 1500, NULL, &job));
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_RUNNING, 1600, NULL, &job));
    assert_string_equal(due_types(c, 2000), "08");
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_COMPLETED, 2000, NULL, &job));
    assert_string_equal(due_types(c, 1999), "");
    assert_string_equal(due_types(c, 2000), "01");
    assert_string_equal(due_types(c, job.expires - HOUR - 1), "01");
    assert_string_equal(due_types(c, job.expires - HOUR), "01 04");

    /* another retention is another time; a name is not */

    strcpy(job.name, "other");
    ok(sv_catalog_change(c, &job));
    assert_string_equal(due_types(c, INT64_MAX), "01 04");
    job.retention = HOUR;
    ok(sv_catalog_change(c, &job));
    assert_string_equal(due_types(c, 2000 + HOUR / 2 - 1), "01");
    assert_string_equal(due_types(c, 2000 + HOUR / 2), "01 04");

    job.webhook_events = 0x01;
    ok(sv_catalog_change(c, &job));
    assert_string_equal(due_types(c, INT64_MAX), "01");
    job.webhook_events = 0x04;
    ok(sv_catalog_change(c, &job));
    assert_string_equal(due_types(c, INT64_MAX), "04");
    job.webhook[0] = '\0';
    ok(sv_catalog_change(c, &job));
    assert_string_equal(due_types(c, INT64_MAX), "");
    ok(sv_catalog_remove(c, job.id));

    /* what is not wanted */

    job = hooked(c, "shop", 0x01);
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_FAILED, 2000, "x", &job));
    assert_string_equal(due_types(c, INT64_MAX), "");
    job = hooked(c, "shop", 0x12);
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_FAILED, 2000, "x", &job));
    assert_string_equal(due_types(c, INT64_MAX), "02");
    job = hooked(c, "shop", 0x14);
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_CANCELLED, 3000, NULL, &job));
    assert_string_equal(due_types(c, 3000), "02 10");

    sv_catalog_close(c);
}


static void
test_hook_tries(void **state)
{
    store_t            *s = *state;
    int64_t             next;
    sv_catalog_t       *c;
    sv_catalog_job_t    job, got;
    sv_catalog_event_t  event, same;

    c = catalog_of(s);
    job = hooked(c, "shop", 0x09);
    ok(event_due(c, 1000, &event, &next));
    assert_string_equal(event.client, "shop");

    /* while it is sent nobody else takes it; after a crash it is due again */

    same = event;
    ok(sv_catalog_hook_begin(c, &event, 5000, &got));
    assert_string_equal(got.webhook, "https://hook.example/in");
    assert_int_equal(event.tries, 1);
    assert_int_equal(sv_catalog_hook_begin(c, &same, 5000, &got),
                     SV_JOBS_NOT_FOUND);
    assert_int_equal(event_due(c, 4999, &same, &next), SV_JOBS_DONE);
    assert_int_equal(next, 5000);
    ok(event_due(c, 5000, &same, &next));
    assert_int_equal(same.tries, 1);

    /* another event follows */

    event.due = 9000;
    event.seen = 77;
    ok(sv_catalog_hook_end(c, &event, SV_CATALOG_EVENT_NEXT, &got, "one"));
    assert_string_not_equal(event.event, same.event);
    ok(event_due(c, 9000, &same, &next));
    assert_string_equal(same.event, event.event);
    assert_int_equal(same.tries, 0);
    assert_int_equal(same.seen, 77);
    ok(sv_catalog_get(c, job.id, &got));
    assert_string_equal(got.webhook_state, "one");

    /* ... but not if the job has ended meanwhile */

    ok(sv_catalog_hook_begin(c, &event, 20000, &got));
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_COMPLETED, 10000, NULL, &job));
    ok(sv_catalog_hook_end(c, &event, SV_CATALOG_EVENT_NEXT, &got, "two"));
    assert_string_equal(due_types(c, INT64_MAX), "01");

    sv_catalog_close(c);
}


static void
test_hook_moved(void **state)
{
    size_t              n;
    store_t            *s = *state;
    int64_t             next;
    sv_catalog_t       *c;
    sv_catalog_job_t    job, got;
    sv_catalog_event_t  event, same;

    c = catalog_of(s);
    job = hooked(c, "shop", 0x01);
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_COMPLETED, 10000, NULL, &job));

    /* later; by another webhook at once; a change keeps the state */

    ok(event_due(c, 10000, &event, &next));
    ok(sv_catalog_hook_begin(c, &event, 20000, &got));
    event.due = 30000;
    ok(sv_catalog_hook_end(c, &event, SV_CATALOG_EVENT_LATER, &got, "three"));
    assert_int_equal(event_due(c, 29999, &same, &next), SV_JOBS_DONE);
    ok(sv_catalog_hook_begin(c, &event, 40000, &got));

    job = got;
    strcpy(job.webhook, "https://other.example/");
    job.webhook_state[0] = '\0';
    ok(sv_catalog_change(c, &job));
    ok(sv_catalog_hook_end(c, &event, SV_CATALOG_EVENT_LAST, &got, "four"));
    ok(event_due(c, 10000, &event, &next));
    assert_int_equal(event.tries, 0);
    ok(sv_catalog_get(c, job.id, &got));
    assert_string_equal(got.webhook_state, "");

    ok(sv_catalog_hook_begin(c, &event, 40000, &got));
    event.due = 41000;
    ok(sv_catalog_hook_end(c, &event, SV_CATALOG_EVENT_LATER, &got, "five"));
    job = got;
    strcpy(job.webhook_state, "stale");
    job.webhook_kept = 1;
    ok(sv_catalog_change(c, &job));
    assert_string_equal(job.webhook_state, "five");

    /* the last one: none follows, and none is made, until the webhook is set
       anew */

    ok(event_due(c, 41000, &event, &next));
    ok(sv_catalog_hook_begin(c, &event, 50000, &got));
    ok(sv_catalog_hook_end(c, &event, SV_CATALOG_EVENT_LAST, &got,
                           "4 1 1 410 1 0 0 gone"));
    assert_string_equal(due_types(c, INT64_MAX), "");

    ok(sv_catalog_get(c, job.id, &job));
    job.webhook_events = 0x05;
    ok(sv_catalog_change(c, &job));
    assert_string_equal(due_types(c, INT64_MAX), "");
    job.webhook_state[0] = '\0';
    job.retention += 1;
    ok(sv_catalog_change(c, &job));
    assert_string_equal(due_types(c, INT64_MAX), "04");

    /* a job that is purged tells nothing */

    n = 1;
    ok(sv_catalog_event_due(c, INT64_MAX, &event, &n, &next));
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_PURGING, 60000, NULL, NULL));
    assert_int_equal(sv_catalog_hook_begin(c, &event, 70000, &got),
                     SV_JOBS_NOT_FOUND);
    ok(sv_catalog_remove(c, job.id));
    assert_int_equal(sv_catalog_hook_begin(c, &event, 70000, &got),
                     SV_JOBS_NOT_FOUND);
    assert_int_equal(sv_catalog_hook_end(c, &event, SV_CATALOG_EVENT_DONE,
                                         &got, "x"), SV_JOBS_NOT_FOUND);

    sv_catalog_close(c);
}


/* Many events of one client leave room for one of another. */

static void
test_hook_turns(void **state)
{
    size_t              i, n;
    store_t            *s = *state;
    int64_t             next;
    sv_catalog_t       *c;
    sv_catalog_job_t    job;
    sv_catalog_event_t  events[4];

    c = catalog_of(s);

    for (i = 0; i < 20; i++) {
        job = hooked(c, "shop", 0x01);
        ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_COMPLETED,
                           2000 + (int64_t) i, NULL, NULL));
    }

    job = hooked(c, "crm", 0x01);
    ok(sv_catalog_move(c, job.id, ~0u, SV_JOB_COMPLETED, 5000, NULL, NULL));

    n = 4;
    ok(sv_catalog_event_due(c, 5000, events, &n, &next));
    assert_int_equal(n, 4);
    assert_string_equal(events[0].client, "shop");
    assert_string_equal(events[1].client, "crm");
    assert_string_equal(events[2].client, "shop");
    assert_true(events[2].due < events[3].due);

    sv_catalog_close(c);
}


/* A catalogue that was made before there were webhooks is taken over. */

static void
test_upgrade(void **state)
{
    char               path[600];
    store_t           *s = *state;
    sqlite3           *db;
    sv_catalog_t      *c;
    sv_catalog_job_t   job, got;

    c = catalog_of(s);
    job = job_of("shop");
    ok(sv_catalog_add(c, &job, NULL, NULL, NULL));
    sv_catalog_close(c);

    snprintf(path, sizeof(path), "%s/catalog.db", s->path);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "ALTER TABLE job DROP COLUMN traceparent;"
                                  "ALTER TABLE event DROP COLUMN seen;"
                                  "PRAGMA user_version=1", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);

    c = catalog_of(s);
    ok(sv_catalog_get(c, job.id, &got));
    assert_string_equal(got.webhook, job.webhook);
    assert_string_equal(got.traceparent, "");
    job = hooked(c, "shop", 0x08);
    assert_string_equal(due_types(c, 1000), "08");
    sv_catalog_close(c);

    sv_catalog_close(catalog_of(s));
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
#define t(name)                                                               \
        cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
        t(test_hook_events),
        t(test_hook_tries),
        t(test_hook_moved),
        t(test_hook_turns),
        t(test_upgrade)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
