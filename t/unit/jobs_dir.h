
/* A store of its own for each test, in a directory that is removed. */


#ifndef _JOBS_DIR_H_INCLUDED_
#define _JOBS_DIR_H_INCLUDED_


#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sv_catalog_sh.h"
#include "sv_job.h"


typedef struct {
    char            path[256];
    char            id[SV_JOBS_ID_LEN + 1];
    sv_jobs_conf_t  conf;
    sv_jobs_why_t   why;
} store_t;


static inline void
remove_all(const char *path)
{
    DIR            *dir;
    char            name[4096];
    struct stat     st;
    struct dirent  *entry;

    if (lstat(path, &st) == -1) {
        return;
    }

    dir = S_ISDIR(st.st_mode) ? opendir(path) : NULL;

    while (dir && (entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) {
            if (snprintf(name, sizeof(name), "%s/%s", path, entry->d_name)
                < (int) sizeof(name))
            {
                remove_all(name);
            }
        }
    }

    if (dir) {
        closedir(dir);
        rmdir(path);

    } else {
        unlink(path);
    }
}


static inline int
store_make(void **state, const char *in)
{
    store_t  *s;

    s = calloc(1, sizeof(store_t));
    snprintf(s->path, sizeof(s->path), "%s/sv-jobs-XXXXXX", in);

    if (mkdtemp(s->path) == NULL) {
        return -1;
    }

    s->conf.path = s->path;
    s->conf.size = 1 << 30;
    sv_catalog_id(s->id);
    *state = s;

    return 0;
}


static inline int
store_setup(void **state)
{
    return store_make(state, "/tmp");
}


/* in memory where it can be: a kill does not ask for a disk */

static inline int
store_setup_memory(void **state)
{
    return store_make(state, access("/dev/shm", W_OK) == 0 ? "/dev/shm"
                                                            : "/tmp");
}


static inline int
store_teardown(void **state)
{
    store_t  *s = *state;

    remove_all(s->path);
    free(s);

    return 0;
}


#define ok(call)  assert_int_equal(call, SV_JOBS_OK)


/* what each does in a transaction of its own */

#define alone(c, write, call)                                                 \
    (sv_jobs_db_begin(&(c)->db, write) == SV_JOBS_OK                          \
     ? sv_jobs_db_end(&(c)->db, call) : SV_JOBS_FAILED)

#define event_add(c, event)  alone(c, 1, sv_catalog_event_insert(c, event))


static inline sv_str_t
str(const char *text)
{
    sv_str_t  s;

    s.data = (unsigned char *) text;
    s.len = strlen(text);

    return s;
}


static inline void
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

static inline sv_job_t *
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


/* a result of a record, packed as its address */

static inline sv_job_result_t
result_of(const sv_job_record_t *r, unsigned status, unsigned reason)
{
    sv_job_result_t  result;

    memset(&result, 0, sizeof(result));
    result.pos = r->pos;
    result.idx = r->idx;
    result.email = r->email;
    result.input = r->input;
    result.packed = r->email;
    result.status = status;
    result.reason = reason;

    return result;
}


/* all that has no result gets one, in blocks; returns how many */

static inline unsigned
work(sv_job_t *job, unsigned status, unsigned reason)
{
    size_t           i, n;
    unsigned         done;
    uint64_t         id, from;
    sv_job_rows_t    rows;
    sv_job_result_t  results[SV_JOBS_BLOCK];

    for (from = 0, done = 0; /* void */ ; from = id + 1) {
        n = 1;
        ok(sv_job_open_blocks(job, from, &id, &n));

        if (n == 0) {
            return done;
        }

        ok(sv_job_block(job, id, &rows));

        for (i = 0; i < rows.n; i++) {
            results[i] = result_of(&rows.records[i], status, reason);
        }

        ok(sv_job_put(job, results, rows.n, NULL, 0));
        done += rows.n;
        sv_job_rows_free(&rows);
    }
}


/* Totals and results say the same, and each record has one result at most.
   Returns the number of results. */

static inline unsigned
consistent(sv_job_t *job)
{
    size_t            i, k;
    unsigned          n;
    unsigned char    *seen;
    sv_job_page_t     page;
    sv_job_rows_t     rows;
    sv_job_totals_t   totals;
    uint64_t          counts[256];

    ok(sv_job_totals(job, &totals));

    memset(counts, 0, sizeof(counts));
    memset(&page, 0, sizeof(page));
    page.order = SV_JOB_BY_DONE;
    page.status = page.reason = -1;

    seen = calloc(1, totals.records + 1);
    n = 0;

    do {
        ok(sv_job_results(job, &page, &rows));

        for (i = 0; i < rows.n; i++, n++) {
            assert_true(rows.results[i].idx < totals.records);
            assert_int_equal(seen[rows.results[i].idx]++, 0);
            assert_int_equal(rows.results[i].seq, n + 1);

            for (k = 0; k < totals.ncounts; k++) {
                if (totals.counts[k].status == rows.results[i].status
                    && totals.counts[k].reason == rows.results[i].reason)
                {
                    counts[k]++;
                }
            }
        }

        sv_job_rows_free(&rows);
    } while (page.more);

    free(seen);

    assert_int_equal(n, totals.results);

    for (k = 0; k < totals.ncounts; k++) {
        assert_int_equal(counts[k], totals.counts[k].n);
    }

    return n;
}


#endif /* _JOBS_DIR_H_INCLUDED_ */
