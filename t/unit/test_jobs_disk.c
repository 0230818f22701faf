
/*
 * What is on the disk, and what may be wrong with it: no address in clear, none
 * at all after a purge; a full disk, files of others, damage, missing keys.
 */

#define _GNU_SOURCE

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <sqlite3.h>

#include "jobs_dir.h"


#define NOBODY  65534


static const unsigned char  one_key[SV_JOBS_KEY_LEN] = "the first key";
static const unsigned char  two_key[SV_JOBS_KEY_LEN] = "another key";


static void
path_of(store_t *s, const char *name, char *path)
{
    snprintf(path, 600, "%s/%s/%s", s->path, s->id, name);
}


/* How often does a file have the text? */

static unsigned
found_in(const char *path, const char *text)
{
    int          fd;
    char        *p, *next, *end;
    unsigned     n;
    struct stat  st;

    fd = open(path, O_RDONLY);
    assert_int_not_equal(fd, -1);
    assert_int_equal(fstat(fd, &st), 0);

    if (st.st_size == 0) {
        close(fd);
        return 0;
    }

    p = mmap(NULL, (size_t) st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_true(p != MAP_FAILED);
    close(fd);

    end = p + st.st_size;

    for (n = 0, next = p; /* void */ ; n++, next++) {
        next = memmem(next, (size_t) (end - next), text, strlen(text));

        if (next == NULL) {
            break;
        }
    }

    munmap(p, (size_t) st.st_size);

    return n;
}


static unsigned
found_below(const char *dir, const char *text)
{
    DIR            *d;
    char            path[4096];
    unsigned        n;
    struct stat     st;
    struct dirent  *entry;

    d = opendir(dir);
    assert_non_null(d);

    for (n = 0; (entry = readdir(d)); /* void */ ) {
        if (entry->d_name[0] == '.'
            || snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name)
               >= (int) sizeof(path)
            || lstat(path, &st) == -1)
        {
            continue;
        }

        n += S_ISDIR(st.st_mode) ? found_below(path, text)
                                 : found_in(path, text);
    }

    closedir(d);

    return n;
}


/* A job in the middle: results, records that wait, duplicates, notes. */

static sv_job_t *
busy_job(store_t *s, unsigned n)
{
    size_t            i, k;
    char              email[64];
    sv_str_t          note;
    uint64_t          ids[4];
    sv_job_t         *job;
    sv_job_rows_t     rows;
    sv_job_input_t   *in;
    sv_job_totals_t   totals;
    sv_job_result_t   r[SV_JOBS_BLOCK];

    ok(sv_job_create(&s->conf, s->id, &job, &s->why));
    note = str("zebra@asker.example");
    ok(sv_job_set(job, "from", &note));

    in = sv_job_input_create(job);

    for (i = 0; i < n; i++) {
        snprintf(email, sizeof(email), "zebra%u@d%u.example",
                 (unsigned) (i % (n - 50)), (unsigned) i % (n - 50) % 7);
        add(in, i, email, "{\"name\":\"zebra\"}");

        if (sv_job_input_full(in)) {
            ok(sv_job_input_write(in));
        }
    }

    ok(sv_job_input_finish(in, &totals));
    assert_int_equal(totals.duplicates, 50);
    sv_job_input_free(in);

    k = 4;
    ok(sv_job_open_blocks(job, 0, ids, &k));

    while (k--) {
        ok(sv_job_block(job, ids[k], &rows));

        for (i = 0; i < rows.n; i++) {
            r[i] = result_of(&rows.records[i], 1, 2);
            r[i].due = 1000;
            r[i].dest = 1;
        }

        ok(sv_job_put(job, r, rows.n / 2, r + rows.n / 2, rows.n / 4));
        sv_job_rows_free(&rows);
    }

    return job;
}


static void
test_no_address_on_disk(void **state)
{
    char       key[600], link_of_key[600], before[128], after[128];
    FILE      *fp;
    size_t     n;
    store_t   *s = *state;
    sv_job_t  *job;

    job = busy_job(s, 3000);

    /* the search finds what is there */

    path_of(s, "control", key);
    fp = fopen(key, "w");
    fputs("a zebra1@d1.example", fp);
    fclose(fp);
    assert_int_equal(found_below(s->path, "zebra"), 1);
    unlink(key);

    assert_int_equal(found_below(s->path, "zebra"), 0);
    assert_int_equal(found_below(s->path, "d1.example"), 0);
    sv_job_close(job);
    assert_int_equal(found_below(s->path, "zebra"), 0);

    /* whoever still has the key's file has other octets in it */

    path_of(s, "key", key);
    snprintf(link_of_key, sizeof(link_of_key), "%s/kept", s->path);
    assert_int_equal(link(key, link_of_key), 0);

    fp = fopen(link_of_key, "r");
    n = fread(before, 1, sizeof(before), fp);
    fclose(fp);
    assert_true(n > 32);

    ok(sv_job_purge(&s->conf, s->id, &s->why));

    fp = fopen(link_of_key, "r");
    assert_int_equal(fread(after, 1, sizeof(after), fp), n);
    fclose(fp);
    assert_memory_not_equal(before, after, 16);
    assert_memory_not_equal(before + 17, after + 17, 32);
    assert_null(memmem(after, n, before + 17, 8));
}


static int
run(const char *command)
{
    int  status = system(command);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}


/* An ext4 file system in a file; its bytes are those of a device. */

static int
mount_image(store_t *s, char *image, char *mounted, unsigned mb)
{
    char  command[2048];

    snprintf(image, 600, "%s.img", s->path);
    snprintf(mounted, 256, "%s", s->path);

    if (geteuid() != 0) {
        print_message("skipped: a loop mount takes root\n");
        return -1;
    }

    snprintf(command, sizeof(command),
             "truncate -s %uM %s && mkfs.ext4 -q -F %s 2> /dev/null"
             " && mount -o loop %s %s 2> /dev/null", mb, image, image, image,
             mounted);

    if (run(command) != 0) {
        print_message("skipped: no ext4 image can be mounted here\n");
        unlink(image);
        return -1;
    }

    return 0;
}


static void
unmount_image(const char *image, const char *mounted)
{
    char  command[2048];

    snprintf(command, sizeof(command), "umount %s || umount -l %s", mounted,
             mounted);
    (void) run(command);
    unlink(image);
}


static void
test_no_address_on_device(void **state)
{
    char       image[600], mounted[256];
    store_t   *s = *state;
    unsigned   before, after;
    sv_job_t  *job;

    if (mount_image(s, image, mounted, 64) == -1) {
        skip();
        return;
    }

    /* failures must not leave the mount behind: they are told after it */

    job = busy_job(s, 20000);
    sync();
    before = found_in(image, "zebra") + found_in(image, "d1.example");
    sv_job_close(job);

    ok(sv_job_purge(&s->conf, s->id, &s->why));
    sync();
    after = found_in(image, "zebra") + found_in(image, "d1.example");
    unmount_image(image, mounted);

    assert_int_equal(before, 0);
    assert_int_equal(after, 0);
}


/* The disk is full in the middle of a job: results are refused, what is there
   can be read, other jobs and a purge go on. */

static void
check_full(store_t *s, sv_job_t *job, sv_job_t *other)
{
    size_t           i, n;
    uint64_t         id;
    unsigned         before, rounds;
    sv_jobs_e        rc;
    sv_job_rows_t    rows;
    sv_job_result_t  r[SV_JOBS_BLOCK];

    before = consistent(job);

    for (rc = SV_JOBS_OK, rounds = 0; rc == SV_JOBS_OK; rounds++) {
        assert_true(rounds < 500);
        n = 1;
        ok(sv_job_open_blocks(job, 0, &id, &n));
        assert_int_equal(n, 1);
        ok(sv_job_block(job, id, &rows));

        for (i = 0; i < rows.n; i++) {
            r[i] = result_of(&rows.records[i], 1, 2);
        }

        rc = sv_job_put(job, r, rows.n, NULL, 0);

        if (rc == SV_JOBS_OK) {
            before += (unsigned) rows.n;
        }

        sv_job_rows_free(&rows);
    }

    assert_non_null(strstr(sv_job_why(job)->note, "job.db"));
    assert_int_equal(rc, SV_JOBS_FULL);
    assert_true(consistent(job) >= before);

    if (other) {
        assert_int_equal(work(other, 1, 2), 10);
    }
}


static void
test_file_too_large(void **state)
{
    char            path[600];
    store_t        *s = *state;
    sv_job_t       *job, *other;
    struct stat     st;
    struct rlimit   limit, none;

    signal(SIGXFSZ, SIG_IGN);

    other = upload(s, 10);
    sv_catalog_id(s->id);
    job = busy_job(s, 20000);

    path_of(s, "job.db", path);
    assert_int_equal(stat(path, &st), 0);
    getrlimit(RLIMIT_FSIZE, &none);
    limit = none;
    limit.rlim_cur = (rlim_t) st.st_size + 200000;
    setrlimit(RLIMIT_FSIZE, &limit);

    check_full(s, job, other);

    setrlimit(RLIMIT_FSIZE, &none);

    assert_true(work(job, 1, 2) > 0);
    ok(sv_job_settle(job, INT64_MAX, 0, 0, 0, 1));
    assert_true(consistent(job) > 19000);

    sv_job_close(job);
    sv_job_close(other);
}


static void
test_disk_full(void **state)
{
    char              image[600], mounted[256], path[600];
    FILE             *fp;
    size_t            i;
    store_t          *s = *state;
    sv_job_t         *job, *more;
    sv_jobs_e         rc, added, moved, purged, removed;
    sv_catalog_t     *c;
    sv_catalog_job_t  row;
    static char       block[65536];

    if (mount_image(s, image, mounted, 24) == -1) {
        skip();
        return;
    }

    ok(sv_catalog_open(&s->conf, &c, &s->why));
    memset(&row, 0, sizeof(row));
    strcpy(row.id, s->id);
    ok(sv_catalog_add(c, &row, NULL, NULL, NULL));
    ok(sv_catalog_added(c, &row, NULL, NULL));

    job = busy_job(s, 20000);

    snprintf(path, sizeof(path), "%s/filler", s->path);
    fp = fopen(path, "w");
    setvbuf(fp, NULL, _IONBF, 0);

    for (i = 0; fwrite(block, 1, 4096, fp) == 4096; i++) {
        /* until nothing is left */
    }

    fclose(fp);
    truncate(path, (off_t) i * 4096 - 300000);

    check_full(s, job, NULL);

    snprintf(path, sizeof(path), "%s/filler2", s->path);
    fp = fopen(path, "w");
    setvbuf(fp, NULL, _IONBF, 0);

    while (fwrite(block, 1, 4096, fp) == 4096) {
        /* until nothing is left */
    }

    fclose(fp);
    sv_job_close(job);

    /* no room for another one; a purge needs none */

    strcpy(path, s->id);
    sv_catalog_id(s->id);
    rc = sv_job_create(&s->conf, s->id, &more, &s->why);
    sv_job_close(more);
    strcpy(row.id, s->id);
    added = sv_catalog_add(c, &row, NULL, NULL, NULL);

    moved = sv_catalog_move(c, path, ~0u, SV_JOB_PURGING, 0, NULL, &row);
    purged = sv_job_purge(&s->conf, path, &s->why);
    removed = sv_catalog_remove(c, path);
    sv_catalog_close(c);

    unmount_image(image, mounted);

    assert_int_equal(rc, SV_JOBS_FULL);
    assert_int_equal(added, SV_JOBS_FULL);
    ok(moved);
    ok(purged);
    ok(removed);
}


/* the store's own size: uploads end first, so that results still fit */

static void
test_size(void **state)
{
    size_t           i;
    char             email[64];
    store_t         *s = *state;
    sv_job_t        *job, *more;
    sv_jobs_e        rc;
    sv_job_input_t  *in;
    sv_job_totals_t  totals;

    s->conf.size = 4 << 20;
    job = upload(s, 10000);

    sv_catalog_id(s->id);
    ok(sv_job_create(&s->conf, s->id, &more, &s->why));
    in = sv_job_input_create(more);

    for (i = 0, rc = SV_JOBS_OK; rc == SV_JOBS_OK; i++) {
        assert_true(i < 100000);
        snprintf(email, sizeof(email), "user%u@d.example", (unsigned) i);
        add(in, i, email, "{\"a\":\"a column that is carried through\"}");

        if (i % 5000 == 4999) {
            rc = sv_job_input_write(in);
        }
    }

    assert_int_equal(rc, SV_JOBS_FULL);
    assert_string_equal(sv_job_why(more)->note,
                        "the store has reached its size");
    assert_int_equal(sv_job_input_finish(in, &totals), SV_JOBS_FULL);
    sv_job_input_free(in);
    sv_job_close(more);
    ok(sv_job_purge(&s->conf, s->id, &s->why));

    assert_int_equal(work(job, 1, 2), 10000);
    sv_job_close(job);
}


static void
sql(const char *path, const char *text)
{
    sqlite3  *db;

    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}


static void
put_file(const char *path, const char *text)
{
    FILE  *fp;

    unlink(path);
    fp = fopen(path, "w");
    fputs(text, fp);
    fclose(fp);
}


static void
opens(store_t *s, sv_jobs_e expected, const char *note)
{
    sv_job_t  *job;

    assert_int_equal(sv_job_open(&s->conf, s->id, &job, &s->why), expected);
    assert_null(job);

    if (strstr(s->why.note, note) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", s->why.note, note);
    }
}


static void
test_wrong_files(void **state)
{
    char            path[600], dir[600];
    store_t        *s = *state;
    sv_job_t       *job;
    sv_job_totals_t totals;

    sv_job_close(upload(s, 1000));
    path_of(s, "job.db", path);

    sql(path, "PRAGMA user_version=2");
    opens(s, SV_JOBS_NEWER, "layout 2");
    sql(path, "PRAGMA user_version=1; PRAGMA application_id=7");
    opens(s, SV_JOBS_DAMAGED, "not a database of this module");

    put_file(path, "This is a file of somebody else, and no database at all.");
    opens(s, SV_JOBS_DAMAGED, "not a database");
    put_file(path, "");
    opens(s, SV_JOBS_DAMAGED, "not a database");
    unlink(path);
    opens(s, SV_JOBS_NOT_FOUND, "job.db");

    snprintf(dir, sizeof(dir), "%s/%s", s->path, s->id);
    mkdir(path, 0700);
    opens(s, SV_JOBS_DAMAGED, "job.db");
    rmdir(path);

    assert_int_equal(symlink("/etc/passwd", path), 0);
    opens(s, SV_JOBS_DAMAGED, "job.db");

    remove_all(dir);
    opens(s, SV_JOBS_NOT_FOUND, "could not be found");
    put_file(dir, "a file");
    opens(s, SV_JOBS_DAMAGED, "not a directory");
    unlink(dir);

    /* tables are missing */

    sv_catalog_id(s->id);
    sv_job_close(upload(s, 10));
    path_of(s, "job.db", path);
    sql(path, "DROP TABLE count");
    ok(sv_job_open(&s->conf, s->id, &job, &s->why));
    assert_int_equal(sv_job_totals(job, &totals), SV_JOBS_DAMAGED);
    sv_job_close(job);

    ok(sv_job_purge(&s->conf, s->id, &s->why));
}


static void
test_wrong_catalogue(void **state)
{
    char           path[600];
    store_t       *s = *state;
    sv_catalog_t  *c;

    ok(sv_catalog_open(&s->conf, &c, &s->why));
    sv_catalog_close(c);

    snprintf(path, sizeof(path), "%s/catalog.db", s->path);
    sql(path, "PRAGMA user_version=9");
    assert_int_equal(sv_catalog_open(&s->conf, &c, &s->why), SV_JOBS_NEWER);
    assert_null(c);

    put_file(path, "another file, which is not a database of any kind, is it");
    assert_int_equal(sv_catalog_open(&s->conf, &c, &s->why), SV_JOBS_DAMAGED);

    /* one whose creation was cut short is made anew */

    put_file(path, "");
    ok(sv_catalog_open(&s->conf, &c, &s->why));
    sv_catalog_close(c);

    put_file(path, "another file, which is not a database of any kind, is it");
    snprintf(path, sizeof(path), "%s/catalog.db/store", s->path);
    s->conf.path = path;
    assert_int_not_equal(sv_catalog_open(&s->conf, &c, &s->why), SV_JOBS_OK);
    assert_non_null(strstr(s->why.note, "catalog.db/store"));
}


/* Octets of the database are changed: there is an error, or nothing of it is
   seen, but never another answer or a crash. */

static void
test_damage(void **state)
{
    int              fd;
    char             path[600];
    size_t           i;
    store_t         *s = *state;
    uint64_t         id, n;
    unsigned         errors, seed;
    sv_job_t        *job;
    sv_jobs_e        rc;
    sv_str_t         email;
    struct stat      st;
    sv_job_page_t    page;
    sv_job_rows_t    rows;
    sv_job_totals_t  totals;
    unsigned char    octet, was;

    sv_job_close(busy_job(s, 800));
    path_of(s, "job.db", path);
    assert_int_equal(stat(path, &st), 0);
    fd = open(path, O_RDWR);

    for (i = 0, errors = 0, seed = 3; i < 600; i++) {
        off_t  at = rand_r(&seed) % st.st_size;

        assert_int_equal(pread(fd, &was, 1, at), 1);
        octet = was ^ (unsigned char) (1 << rand_r(&seed) % 8);
        assert_int_equal(pwrite(fd, &octet, 1, at), 1);

        rc = sv_job_open(&s->conf, s->id, &job, &s->why);
        errors += rc != SV_JOBS_OK;

        if (rc == SV_JOBS_OK) {
            errors += sv_job_totals(job, &totals) != SV_JOBS_OK;

            memset(&page, 0, sizeof(page));
            page.status = page.reason = -1;
            page.order = i % 2 ? SV_JOB_BY_DONE : SV_JOB_BY_INPUT;

            rc = sv_job_results(job, &page, &rows);
            errors += rc != SV_JOBS_OK;

            for (n = 0; rc == SV_JOBS_OK && n < rows.n; n++) {
                assert_memory_equal(rows.results[n].email.data, "zebra", 5);
            }

            sv_job_rows_free(&rows);

            for (id = 0; id < 4; id++) {
                rc = sv_job_block(job, id, &rows);
                errors += rc != SV_JOBS_OK;

                for (n = 0; rc == SV_JOBS_OK && n < rows.n; n++) {
                    assert_memory_equal(rows.records[n].email.data, "zebra",
                                        5);
                }

                sv_job_rows_free(&rows);
            }

            rc = sv_job_due(job, INT64_MAX, 100, &rows);
            errors += rc != SV_JOBS_OK;
            sv_job_rows_free(&rows);

            email = str("nobody@d.example");
            errors += sv_job_erase(job, &email, &n) != SV_JOBS_OK;
            sv_job_close(job);
        }

        assert_int_equal(pwrite(fd, &was, 1, at), 1);
    }

    close(fd);
    assert_true(errors > 50);

    ok(sv_job_open(&s->conf, s->id, &job, &s->why));
    (void) consistent(job);
    sv_job_close(job);
}


/* the same with the catalogue; what is read has its bounds */

static void
test_damaged_catalogue(void **state)
{
    int                 fd;
    char                path[600];
    size_t              i, n;
    store_t            *s = *state;
    int64_t             next;
    unsigned            errors, seed;
    sv_catalog_t       *c;
    struct stat         st;
    unsigned char       octet, was;
    sv_catalog_job_t    job, jobs[20];
    sv_catalog_page_t   page;
    sv_catalog_event_t  event;
    sv_catalog_limit_t  limit;

    memset(&limit, 0, sizeof(limit));
    ok(sv_catalog_open(&s->conf, &c, &s->why));

    for (i = 0; i < 20; i++) {
        memset(&job, 0, sizeof(job));
        sv_catalog_id(job.id);
        memset(job.client, 'c', sizeof(job.client) - 1);
        memset(job.name, 'n', sizeof(job.name) - 1);
        ok(sv_catalog_add(c, &job, NULL, NULL, NULL));
        memset(&event, 0, sizeof(event));
        strcpy(event.event, job.id);
        strcpy(event.job, job.id);
        ok(event_add(c, &event));
    }

    sv_catalog_close(c);

    snprintf(path, sizeof(path), "%s/catalog.db", s->path);
    assert_int_equal(stat(path, &st), 0);
    fd = open(path, O_RDWR);

    for (i = 0, errors = 0, seed = 5; i < 400; i++) {
        off_t  at = rand_r(&seed) % st.st_size;

        assert_int_equal(pread(fd, &was, 1, at), 1);
        octet = was ^ (unsigned char) (1 << rand_r(&seed) % 8);
        assert_int_equal(pwrite(fd, &octet, 1, at), 1);

        if (sv_catalog_open(&s->conf, &c, &s->why) == SV_JOBS_OK) {
            memset(&page, 0, sizeof(page));
            page.state = -1;
            n = 20;
            errors += sv_catalog_list(c, &page, jobs, &n) != SV_JOBS_OK;
            assert_true(n <= 20);
            errors += sv_catalog_get(c, job.id, &job) != SV_JOBS_OK;
            assert_true(job.state < SV_JOB_STATES);
            errors += alone(c, 0, sv_catalog_check_limit(c, "a", &limit))
                      != SV_JOBS_OK;
            n = 1;
            errors += sv_catalog_event_due(c, 1, &event, &n, &next)
                      != SV_JOBS_OK;
            sv_catalog_close(c);

        } else {
            errors++;
        }

        assert_int_equal(pwrite(fd, &was, 1, at), 1);
    }

    close(fd);
    assert_true(errors > 0);

    ok(sv_catalog_open(&s->conf, &c, &s->why));
    sv_catalog_close(c);
}


static void
test_keys(void **state)
{
    int        fd;
    char       path[600], octet;
    store_t   *s = *state;
    sv_job_t  *job;

    /* without key=, then with one: what was not wrapped stays readable */

    sv_job_close(upload(s, 10));
    s->conf.key = one_key;
    ok(sv_job_open(&s->conf, s->id, &job, &s->why));
    assert_int_equal(work(job, 1, 2), 10);
    sv_job_close(job);

    sv_catalog_id(s->id);
    sv_job_close(upload(s, 10));
    ok(sv_job_open(&s->conf, s->id, &job, &s->why));
    assert_int_equal(work(job, 1, 2), 10);
    sv_job_close(job);

    s->conf.key = two_key;
    opens(s, SV_JOBS_NO_KEY, "wrapped by another one");
    s->conf.key = NULL;
    opens(s, SV_JOBS_NO_KEY, "no \"key=\" is configured");

    /* the key of another job does not fit */

    s->conf.key = one_key;
    path_of(s, "key", path);
    fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &octet, 1, 30), 1);
    octet ^= 1;
    assert_int_equal(pwrite(fd, &octet, 1, 30), 1);
    close(fd);
    opens(s, SV_JOBS_NO_KEY, "wrapped by another one");

    put_file(path, "short");
    opens(s, SV_JOBS_NO_KEY, "not a key of a job");
    unlink(path);
    opens(s, SV_JOBS_NO_KEY, "could not be opened");

    ok(sv_job_purge(&s->conf, s->id, &s->why));
}


/* A key that fits its file, but is of another job, unseals nothing. */

static void
test_key_of_another(void **state)
{
    char           key[600], command[2048];
    store_t       *s = *state;
    sv_job_t      *job;
    sv_job_rows_t  rows;

    sv_job_close(upload(s, 10));
    path_of(s, "key", key);
    sv_catalog_id(s->id);
    sv_job_close(upload(s, 10));

    snprintf(command, sizeof(command), "cp %s %s/%s/key", key, s->path, s->id);
    assert_int_equal(run(command), 0);

    ok(sv_job_open(&s->conf, s->id, &job, &s->why));
    assert_int_equal(sv_job_block(job, 0, &rows), SV_JOBS_DAMAGED);
    assert_non_null(strstr(sv_job_why(job)->note, "unsealed"));
    assert_int_equal(rows.n, 0);
    sv_job_close(job);
}


static void
test_key_file(void **state)
{
    char           path[600];
    store_t       *s = *state;
    unsigned char  one[SV_JOBS_KEY_LEN], two[SV_JOBS_KEY_LEN];

    snprintf(path, sizeof(path), "%s/store.key", s->path);
    assert_int_equal(sv_jobs_key(path, one, &s->why), SV_JOBS_NOT_FOUND);
    assert_non_null(strstr(s->why.note, "store.key"));

    put_file(path, "0123456789012345678901234567890");
    assert_int_equal(sv_jobs_key(path, one, &s->why), SV_JOBS_NO_KEY);
    assert_non_null(strstr(s->why.note, "32 to 4096"));

    put_file(path, "01234567890123456789012345678901");
    ok(sv_jobs_key(path, one, &s->why));
    put_file(path, "01234567890123456789012345678901\n");
    ok(sv_jobs_key(path, two, &s->why));
    assert_memory_equal(one, two, sizeof(one));
    put_file(path, "01234567890123456789012345678902\n");
    ok(sv_jobs_key(path, two, &s->why));
    assert_memory_not_equal(one, two, sizeof(one));

    assert_int_not_equal(sv_jobs_key("/dev/zero", one, &s->why), SV_JOBS_OK);
    assert_int_not_equal(sv_jobs_key(s->path, one, &s->why), SV_JOBS_OK);
}


/* Runs it as another user; root may do everything. */

static int
as_nobody(int (*run_it)(store_t *s), store_t *s)
{
    int    status;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        if (setgid(NOBODY) == -1 || setuid(NOBODY) == -1) {
            _exit(99);
        }

        _exit(run_it(s));
    }

    waitpid(pid, &status, 0);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}


/* the code, and 50 if the sentence has not the words expected */

static const char  *expected_note;


static int
open_both(store_t *s)
{
    sv_jobs_e      rc, job_rc;
    sv_job_t      *job;
    sv_catalog_t  *c;

    rc = sv_catalog_open(&s->conf, &c, &s->why);
    sv_catalog_close(c);

    if (rc != SV_JOBS_OK) {
        return strstr(s->why.note, expected_note) ? (int) rc : 50;
    }

    job_rc = sv_job_open(&s->conf, s->id, &job, &s->why);
    sv_job_close(job);

    if (job_rc != SV_JOBS_OK && strstr(s->why.note, expected_note) == NULL) {
        return 51;
    }

    return (int) job_rc;
}


static void
test_wrong_owner(void **state)
{
    char           command[2048];
    store_t       *s = *state;
    sv_catalog_t  *c;

    if (geteuid() != 0) {
        print_message("skipped: it takes root to be two users\n");
        skip();
        return;
    }

    ok(sv_catalog_open(&s->conf, &c, &s->why));
    sv_catalog_close(c);
    sv_job_close(upload(s, 10));

    /* all of it is root's */

    expected_note = "belongs to another user";
    assert_int_equal(as_nobody(open_both, s), SV_JOBS_DENIED);
    assert_int_equal(chmod(s->path, 0777), 0);
    assert_int_equal(as_nobody(open_both, s), SV_JOBS_DENIED);

    /* all of it is the worker's */

    snprintf(command, sizeof(command), "chown -R %d %s", NOBODY, s->path);
    assert_int_equal(run(command), 0);
    assert_int_equal(as_nobody(open_both, s), SV_JOBS_OK);

    /* one job is not */

    snprintf(command, sizeof(command), "chown -R 0 %s/%s", s->path, s->id);
    assert_int_equal(run(command), 0);
    assert_int_equal(as_nobody(open_both, s), SV_JOBS_DENIED);

    snprintf(command, sizeof(command), "chown -R %d %s; chown 0 %s/%s/job.db",
             NOBODY, s->path, s->path, s->id);
    assert_int_equal(run(command), 0);
    assert_int_equal(as_nobody(open_both, s), SV_JOBS_DENIED);

    snprintf(command, sizeof(command), "chown -R %d %s; chmod 500 %s", NOBODY,
             s->path, s->path);
    assert_int_equal(run(command), 0);
    expected_note = "read-only";
    assert_int_equal(as_nobody(open_both, s), SV_JOBS_DENIED);

    snprintf(command, sizeof(command), "chmod 700 %s; chmod 400 %s/%s/job.db",
             s->path, s->path, s->id);
    assert_int_equal(run(command), 0);
    assert_int_equal(as_nobody(open_both, s), SV_JOBS_DENIED);

    snprintf(command, sizeof(command), "chmod 600 %s/%s/job.db;"
             " chmod 0 %s/%s/key", s->path, s->id, s->path, s->id);
    assert_int_equal(run(command), 0);
    expected_note = "could not be opened";
    assert_int_equal(as_nobody(open_both, s), SV_JOBS_DENIED);
}


static void
test_read_only(void **state)
{
    int           rc;
    char          image[600], mounted[256], command[2048];
    store_t      *s = *state;
    sv_catalog_t *c;

    if (mount_image(s, image, mounted, 16) == -1) {
        skip();
        return;
    }

    ok(sv_catalog_open(&s->conf, &c, &s->why));
    sv_catalog_close(c);
    sv_job_close(upload(s, 10));

    snprintf(command, sizeof(command), "mount -o remount,ro %s", mounted);

    rc = run(command);
    expected_note = "read-only";
    rc = rc == 0 ? open_both(s) : -1;

    unmount_image(image, mounted);
    assert_int_equal(rc, SV_JOBS_DENIED);
}


/* A device that answers no more, for a moment maybe: no file is damaged by it,
   and a job must not fail for ever. */

static void
test_device_gone(void **state)
{
    int               fd, rc[4];
    char              image[600], mounted[256];
    size_t            n;
    unsigned          how;
    store_t          *s = *state;
    uint64_t          blocks[4];
    sv_job_t         *job, *other;
    sv_catalog_t     *c;
    sv_job_totals_t   totals;
    sv_catalog_job_t  row;

    if (mount_image(s, image, mounted, 24) == -1) {
        skip();
        return;
    }

    ok(sv_catalog_open(&s->conf, &c, &s->why));
    job = upload(s, 5000);

    /* EXT4_IOC_SHUTDOWN, without a last write */

    how = 2;
    fd = open(mounted, O_RDONLY);
    rc[0] = ioctl(fd, _IOR('X', 125, uint32_t), &how);
    close(fd);

    n = 4;
    rc[1] = sv_job_totals(job, &totals);
    rc[2] = sv_job_open_blocks(job, 0, blocks, &n);
    rc[3] = sv_catalog_get(c, s->id, &row);

    if (sv_job_open(&s->conf, s->id, &other, &s->why) == SV_JOBS_DAMAGED) {
        rc[3] = SV_JOBS_DAMAGED;
    }

    sv_job_close(job);
    sv_catalog_close(c);
    unmount_image(image, mounted);

    if (rc[0] == -1) {
        print_message("skipped: the file system cannot be shut down\n");
        skip();
        return;
    }

    assert_int_equal(rc[1], SV_JOBS_FAILED);
    assert_int_equal(rc[2], SV_JOBS_FAILED);
    assert_int_equal(rc[3], SV_JOBS_FAILED);
}


int
main(void)
{
    const struct CMUnitTest tests[] = {
#define t(name)                                                               \
        cmocka_unit_test_setup_teardown(name, store_setup, store_teardown)
        t(test_no_address_on_disk),
        t(test_no_address_on_device),
        t(test_file_too_large),
        t(test_disk_full),
        t(test_size),
        t(test_wrong_files),
        t(test_wrong_catalogue),
        t(test_damage),
        t(test_damaged_catalogue),
        t(test_keys),
        t(test_key_of_another),
        t(test_key_file),
        t(test_wrong_owner),
        t(test_read_only),
        t(test_device_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
