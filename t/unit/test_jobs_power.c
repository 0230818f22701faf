
/*
 * Power cuts.  SQLite writes to files in memory here, which know what was
 * synced.  At each write, truncation and sync of a run of calls the power is
 * cut once: what was not synced is lost, or is there in part, in any order.
 * Afterwards the database is as it was before the call that was cut short, or
 * as after it; what the calls before it have done is there.
 */

#define _GNU_SOURCE

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "jobs_dir.h"


#define FILES     8
#define SECTOR    512
#define RECORDS   40


typedef struct {
    unsigned char  *data;
    size_t          len;
    int             exists;
} bytes_t;


typedef struct change_s  change_t;

struct change_s {
    change_t       *next;
    size_t          at;
    size_t          len;        /* 0: cut the file off here */
    unsigned char   data[SECTOR];
};


typedef struct {
    char            path[600];
    bytes_t         now;
    bytes_t         synced;
    change_t       *changes;    /* since it was synced, the last one first */
    bytes_t         saved;
} disk_t;


typedef struct {
    sqlite3_file    base;
    disk_t         *disk;
} open_t;


static disk_t        disks[FILES];
static unsigned      operations;
static unsigned      cut_at;        /* 0: never */
static int           power = 1;
static sqlite3_vfs  *real;


static void
resize(bytes_t *b, size_t len)
{
    if (len > b->len) {
        b->data = realloc(b->data, len);
        memset(b->data + b->len, 0, len - b->len);
    }

    b->len = len;
}


static void
copy(bytes_t *to, const bytes_t *from)
{
    to->data = realloc(to->data, from->len + 1);

    if (from->len) {
        memcpy(to->data, from->data, from->len);
    }

    to->len = from->len;
    to->exists = from->exists;
}


static void
apply(bytes_t *b, const change_t *c)
{
    if (c->len == 0) {
        resize(b, c->at);
        return;
    }

    if (c->at + c->len > b->len) {
        resize(b, c->at + c->len);
    }

    memcpy(b->data + c->at, c->data, c->len);
}


static void
change(disk_t *d, size_t at, const unsigned char *data, size_t len)
{
    change_t  *c;

    c = calloc(1, sizeof(change_t));
    c->at = at;
    c->len = len;

    if (len) {
        memcpy(c->data, data, len);
    }

    c->next = d->changes;
    d->changes = c;
    apply(&d->now, c);
}


static void
forget(disk_t *d)
{
    change_t  *c;

    while ((c = d->changes)) {
        d->changes = c->next;
        free(c);
    }
}


/* Returns 0 while there is power. */

static int
step(void)
{
    if (power && ++operations == cut_at) {
        power = 0;
    }

    return power ? 0 : SQLITE_IOERR;
}


static disk_t *
disk_of(const char *path, int make)
{
    size_t  i;

    for (i = 0; i < FILES; i++) {
        if (strcmp(disks[i].path, path) == 0) {
            return &disks[i];
        }
    }

    for (i = 0; make && i < FILES; i++) {
        if (disks[i].path[0] == '\0') {
            snprintf(disks[i].path, sizeof(disks[i].path), "%s", path);
            return &disks[i];
        }
    }

    return NULL;
}


static int
file_close(sqlite3_file *file)
{
    return SQLITE_OK;
}


static int
file_read(sqlite3_file *file, void *buf, int len, sqlite3_int64 at)
{
    size_t   n;
    disk_t  *d = ((open_t *) file)->disk;

    memset(buf, 0, (size_t) len);

    n = (size_t) at < d->now.len ? d->now.len - (size_t) at : 0;
    n = n < (size_t) len ? n : (size_t) len;

    if (n) {
        memcpy(buf, d->now.data + at, n);
    }

    return n == (size_t) len ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}


static int
file_write(sqlite3_file *file, const void *buf, int len, sqlite3_int64 at)
{
    size_t                n, left;
    disk_t               *d = ((open_t *) file)->disk;
    const unsigned char  *p = buf;

    /* the write under way is torn when the power goes */

    for (left = (size_t) len; left; left -= n) {
        if (!power) {
            return SQLITE_IOERR_WRITE;
        }

        n = SECTOR - (size_t) at % SECTOR;
        n = n < left ? n : left;
        change(d, (size_t) at, p, n);
        p += n;
        at += (sqlite3_int64) n;
    }

    return step();
}


static int
file_truncate(sqlite3_file *file, sqlite3_int64 len)
{
    if (!power) {
        return SQLITE_IOERR_TRUNCATE;
    }

    change(((open_t *) file)->disk, (size_t) len, NULL, 0);

    return step();
}


static int
file_sync(sqlite3_file *file, int flags)
{
    disk_t  *d = ((open_t *) file)->disk;

    if (step()) {
        return SQLITE_IOERR_FSYNC;
    }

    copy(&d->synced, &d->now);
    forget(d);

    return SQLITE_OK;
}


static int
file_size(sqlite3_file *file, sqlite3_int64 *size)
{
    *size = (sqlite3_int64) ((open_t *) file)->disk->now.len;
    return SQLITE_OK;
}


static int
file_lock(sqlite3_file *file, int level)
{
    return SQLITE_OK;
}


static int
file_reserved(sqlite3_file *file, int *reserved)
{
    *reserved = 0;
    return SQLITE_OK;
}


static int
file_control(sqlite3_file *file, int op, void *arg)
{
    return SQLITE_NOTFOUND;
}


static int
file_sector(sqlite3_file *file)
{
    return 4096;
}


static int
file_device(sqlite3_file *file)
{
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}


static const sqlite3_io_methods  methods = {
    1, file_close, file_read, file_write, file_truncate, file_sync, file_size,
    file_lock, file_lock, file_reserved, file_control, file_sector, file_device,
    NULL, NULL, NULL, NULL, NULL, NULL
};


static int
vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
    int *out)
{
    disk_t  *d;

    file->pMethods = NULL;

    /* a temporary file would be one that no purge knows of */

    assert_non_null(path);

    d = disk_of(path, 1);

    if (!d->now.exists && !(flags & SQLITE_OPEN_CREATE)) {
        return SQLITE_CANTOPEN;
    }

    d->now.exists = 1;
    ((open_t *) file)->disk = d;
    file->pMethods = &methods;

    if (out) {
        *out = flags;
    }

    return SQLITE_OK;
}


static int
vfs_delete(sqlite3_vfs *vfs, const char *path, int sync)
{
    disk_t  *d = disk_of(path, 0);

    if (d) {
        forget(d);
        d->now.exists = d->synced.exists = 0;
        d->now.len = d->synced.len = 0;
    }

    return SQLITE_OK;
}


static int
vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    disk_t  *d = disk_of(path, 0);

    *out = d && d->now.exists && (flags != SQLITE_ACCESS_EXISTS || d->now.len);

    return SQLITE_OK;
}


static int
vfs_full(sqlite3_vfs *vfs, const char *path, int len, char *out)
{
    return real->xFullPathname(real, path, len, out);
}


static int
vfs_random(sqlite3_vfs *vfs, int len, char *out)
{
    return real->xRandomness(real, len, out);
}


static int
vfs_sleep(sqlite3_vfs *vfs, int us)
{
    return us;
}


static int
vfs_time(sqlite3_vfs *vfs, double *now)
{
    return real->xCurrentTime(real, now);
}


static int
vfs_error(sqlite3_vfs *vfs, int len, char *out)
{
    return 0;
}


static sqlite3_vfs  vfs = {
    1, sizeof(open_t), 512, NULL, "power", NULL, vfs_open, vfs_delete,
    vfs_access, vfs_full, NULL, NULL, NULL, NULL, vfs_random, vfs_sleep,
    vfs_time, vfs_error, NULL, NULL, NULL, NULL
};


/* The machine starts again.  Of the changes that were not synced some are
   there, in an order of their own. */

static void
reboot(unsigned *seed)
{
    size_t     i, k, n, x;
    disk_t    *d;
    change_t  *c, *list[4096];

    for (i = 0; i < FILES; i++) {
        d = &disks[i];

        for (n = 0, c = d->changes; c && n < 4096; c = c->next) {
            list[n++] = c;
        }

        for (k = n; k > 1; k--) {
            x = (size_t) rand_r(seed) % k;
            c = list[k - 1];
            list[k - 1] = list[x];
            list[x] = c;
        }

        /* none, all, or some */

        x = (size_t) rand_r(seed) % 4;

        for (k = 0; k < n && x; k++) {
            if (x == 1 || rand_r(seed) % 2) {
                apply(&d->synced, list[k]);
            }
        }

        /* the name of a file that was never synced may be gone */

        if (!d->synced.exists && d->now.exists) {
            d->synced.exists = rand_r(seed) % 2;

            if (!d->synced.exists) {
                d->synced.len = 0;
            }
        }

        copy(&d->now, &d->synced);
        forget(d);
    }

    power = 1;
    cut_at = 0;
}


static void
save(void)
{
    size_t  i;

    for (i = 0; i < FILES; i++) {
        copy(&disks[i].saved, &disks[i].now);
    }
}


static void
restore(void)
{
    size_t  i;

    for (i = 0; i < FILES; i++) {
        copy(&disks[i].now, &disks[i].saved);
        copy(&disks[i].synced, &disks[i].saved);
        forget(&disks[i]);
    }

    operations = 0;
    power = 1;
}


static void
format(void)
{
    size_t  i;

    for (i = 0; i < FILES; i++) {
        forget(&disks[i]);
        free(disks[i].now.data);
        free(disks[i].synced.data);
        free(disks[i].saved.data);
    }

    memset(disks, 0, sizeof(disks));
    cut_at = 0;
    power = 1;
}


/* all that a job says, as a text */

static char *
job_state(sv_job_t *job)
{
    char            *text;
    FILE            *out;
    size_t           i, n, size;
    uint64_t         ids[8];
    sv_job_rows_t    rows;
    sv_job_page_t    page;
    sv_job_totals_t  t;

    consistent(job);

    out = open_memstream(&text, &size);
    ok(sv_job_totals(job, &t));
    fprintf(out, "records %u results %u waiting %u due %d\n",
            (unsigned) t.records, (unsigned) t.results, (unsigned) t.waiting,
            (int) t.due);

    memset(&page, 0, sizeof(page));
    page.status = page.reason = -1;
    ok(sv_job_results(job, &page, &rows));

    for (i = 0; i < rows.n; i++) {
        fprintf(out, "result %u %u %u %u %.*s\n",
                (unsigned) rows.results[i].idx, (unsigned) rows.results[i].seq,
                rows.results[i].status, rows.results[i].reason,
                (int) rows.results[i].email.len, rows.results[i].email.data);
    }

    sv_job_rows_free(&rows);
    ok(sv_job_due(job, INT64_MAX, 100, &rows));

    for (i = 0; i < rows.n; i++) {
        fprintf(out, "waits %u %d\n", (unsigned) rows.results[i].idx,
                (int) rows.results[i].due);
    }

    sv_job_rows_free(&rows);
    n = 8;
    ok(sv_job_open_blocks(job, 0, ids, &n));

    for (i = 0; i < n; i++) {
        ok(sv_job_block(job, ids[i], &rows));
        fprintf(out, "block %u %u\n", (unsigned) ids[i], (unsigned) rows.n);
        sv_job_rows_free(&rows);
    }

    fclose(out);

    return text;
}


#define JOB_CALLS  6


static sv_jobs_e
job_call(sv_job_t *job, unsigned n)
{
    size_t           i;
    uint64_t         erased;
    sv_str_t         email;
    sv_jobs_e        rc;
    sv_job_rows_t    rows;
    sv_job_result_t  r[RECORDS];

    switch (n) {

    case 0:
    case 1:
        rc = sv_job_block(job, 0, &rows);

        if (rc != SV_JOBS_OK) {
            return rc;
        }

        for (i = 0; i < rows.n; i++) {
            r[i] = result_of(&rows.records[i], n + 1, i % 3);
            r[i].due = 1000 + (int64_t) i;
            r[i].dest = i % 2 + 1;
        }

        rc = sv_job_put(job, r, rows.n / 3, r + rows.n / 3, rows.n / 4);
        sv_job_rows_free(&rows);
        return rc;

    case 2:
        return sv_job_postpone(job, 1, 5000);

    case 3:
        rc = sv_job_due(job, 4000, 5, &rows);

        if (rc == SV_JOBS_OK) {
            rc = sv_job_put(job, rows.results, rows.n, NULL, 0);
            sv_job_rows_free(&rows);
        }

        return rc;

    case 4:
        email = str("user3@d3.example");
        return sv_job_erase(job, &email, &erased);

    default:
        rc = sv_job_settle(job, INT64_MAX, 1, 0, 9, 1000);
        return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
    }
}


static void
test_job(void **state)
{
    char       *states[JOB_CALLS + 1], *now;
    store_t    *s = *state;
    unsigned    k, n, seed, cuts, old, new;
    sv_job_t   *job;
    sv_jobs_e   rc;

    sv_job_close(upload(s, RECORDS));
    save();

    /* undisturbed */

    ok(sv_job_open(&s->conf, s->id, &job, &s->why));

    for (n = 0; n < JOB_CALLS; n++) {
        states[n] = job_state(job);
        ok(job_call(job, n));
    }

    states[n] = job_state(job);
    sv_job_close(job);

    cuts = old = new = 0;

    for (k = 1, seed = 1; /* void */ ; k++) {
        restore();
        cut_at = k;
        rc = sv_job_open(&s->conf, s->id, &job, &s->why);

        for (n = 0; rc == SV_JOBS_OK && n < JOB_CALLS; n++) {
            rc = job_call(job, n);
        }

        if (power) {
            sv_job_close(job);
            break;
        }

        /* the call that was cut short, if it did not end in spite of it */

        n -= rc != SV_JOBS_OK && n > 0;
        sv_job_close(job);
        reboot(&seed);
        cuts++;

        ok(sv_job_open(&s->conf, s->id, &job, &s->why));
        now = job_state(job);

        if (strcmp(now, states[n]) == 0) {
            old++;

        } else if (n < JOB_CALLS && strcmp(now, states[n + 1]) == 0) {
            new++;

        } else {
            fail_msg("cut at %u, in call %u: neither old nor new:\n%s"
                     "-- old:\n%s", k, n, now, states[n]);
        }

        free(now);

        /* and it can go on */

        for ( /* void */ ; n < JOB_CALLS; n++) {
            ok(job_call(job, n));
        }

        assert_int_equal(consistent(job), RECORDS);
        sv_job_close(job);
    }

    print_message("job: %u cuts, %u old, %u new\n", cuts, old, new);
    assert_true(cuts > 50);
    assert_true(old > 0 && new > 0);

    for (n = 0; n <= JOB_CALLS; n++) {
        free(states[n]);
    }
}


/* What was uploaded is there as soon as _finish() has returned. */

static void
test_upload(void **state)
{
    store_t    *s = *state;
    unsigned    i, seed;
    sv_job_t   *job;

    for (i = 0, seed = 1; i < 8; i++) {
        sv_catalog_id(s->id);
        job = upload(s, 600);

        power = 0;
        sv_job_close(job);
        reboot(&seed);

        ok(sv_job_open(&s->conf, s->id, &job, &s->why));
        assert_int_equal(work(job, 1, 2), 600);
        assert_int_equal(consistent(job), 600);
        sv_job_close(job);
        format();
    }
}


static char *
catalog_state(sv_catalog_t *c)
{
    char                *text;
    FILE                *out;
    size_t               i, n, size;
    int64_t              next;
    sv_jobs_e            rc;
    sv_catalog_job_t     jobs[8];
    sv_catalog_page_t    page;
    sv_catalog_event_t   events[8];

    out = open_memstream(&text, &size);
    memset(&page, 0, sizeof(page));
    page.state = -1;
    n = 8;
    ok(sv_catalog_list(c, &page, jobs, &n));

    for (i = 0; i < n; i++) {
        fprintf(out, "%s %u %d %s\n", jobs[i].id, jobs[i].state,
                (int) jobs[i].finished, jobs[i].name);
    }

    n = 8;
    rc = sv_catalog_event_due(c, 100, events, &n, &next);
    fprintf(out, "events %d %zu\n", rc, n);
    fclose(out);

    return text;
}


#define CATALOG_CALLS  6


static sv_jobs_e
catalog_call(sv_catalog_t *c, const char *id, unsigned n)
{
    unsigned char        hash[32];
    sv_catalog_job_t     job;
    sv_catalog_event_t   event;

    memset(&job, 0, sizeof(job));
    strcpy(job.id, id);

    memset(hash, 1, sizeof(hash));
    memset(&event, 0, sizeof(event));
    strcpy(event.event, id);
    strcpy(event.job, id);

    switch (n) {

    case 0:
        strcpy(job.webhook, "https://hook.example/");
        job.webhook_events = 1;
        return sv_catalog_add(c, &job, "key", hash, NULL);

    case 1:
        return sv_catalog_added(c, &job, hash, NULL);

    case 2:
        return sv_catalog_move(c, id, ~0u, SV_JOB_COMPLETED, 7, NULL, &job);

    case 3:
        return event_add(c, &event);

    case 4:
        strcpy(job.name, "other");
        return sv_catalog_change(c, &job);

    default:
        return sv_catalog_remove(c, id);
    }
}


static void
test_catalog(void **state)
{
    char          *states[CATALOG_CALLS + 1], *now;
    store_t       *s = *state;
    unsigned       k, n, seed, cuts, old, new;
    sv_jobs_e      rc;
    sv_catalog_t  *c;

    ok(sv_catalog_open(&s->conf, &c, &s->why));
    save();

    for (n = 0; n < CATALOG_CALLS; n++) {
        states[n] = catalog_state(c);
        ok(catalog_call(c, s->id, n));
    }

    states[n] = catalog_state(c);
    sv_catalog_close(c);

    cuts = old = new = 0;

    for (k = 1, seed = 1; /* void */ ; k++) {
        restore();
        cut_at = k;
        rc = sv_catalog_open(&s->conf, &c, &s->why);

        for (n = 0; rc == SV_JOBS_OK && n < CATALOG_CALLS; n++) {
            rc = catalog_call(c, s->id, n);
        }

        sv_catalog_close(c);

        if (power) {
            break;
        }

        n -= rc != SV_JOBS_OK && n > 0;
        reboot(&seed);
        cuts++;

        ok(sv_catalog_open(&s->conf, &c, &s->why));
        now = catalog_state(c);

        if (strcmp(now, states[n]) == 0) {
            old++;

        } else if (n < CATALOG_CALLS && strcmp(now, states[n + 1]) == 0) {
            new++;

        } else {
            fail_msg("cut at %u, in call %u: neither old nor new:\n%s", k, n,
                     now);
        }

        free(now);
        sv_catalog_close(c);
    }

    print_message("catalogue: %u cuts, %u old, %u new\n", cuts, old, new);
    assert_true(cuts > 30);
    assert_true(old > 0 && new > 0);

    for (n = 0; n <= CATALOG_CALLS; n++) {
        free(states[n]);
    }
}


/* a catalogue that is created, at each moment of it */

static void
test_create(void **state)
{
    store_t       *s = *state;
    unsigned       k, seed;
    sv_jobs_e      rc;
    sv_catalog_t  *c;

    for (k = 1, seed = 1; /* void */ ; k++) {
        format();
        operations = 0;
        cut_at = k;
        rc = sv_catalog_open(&s->conf, &c, &s->why);
        sv_catalog_close(c);

        if (power) {
            ok(rc);
            break;
        }

        reboot(&seed);

        ok(sv_catalog_open(&s->conf, &c, &s->why));
        ok(catalog_call(c, s->id, 0));
        sv_catalog_close(c);
    }

    assert_true(k > 5);
}


static int
power_teardown(void **state)
{
    format();

    return store_teardown(state);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
#define t(name)                                                               \
        cmocka_unit_test_setup_teardown(name, store_setup, power_teardown)
        t(test_job),
        t(test_upload),
        t(test_catalog),
        t(test_create),
    };

    real = sqlite3_vfs_find(NULL);
    (void) sqlite3_vfs_register(&vfs, 1);

    return cmocka_run_group_tests(tests, NULL, NULL);
}
