
#include <stdlib.h>
#include <string.h>

#include "sv_job_sh.h"


#define SV_JOB_PAGE_BYTES   (1 << 20)
#define SV_JOB_PAGE_ROWS    1000

/* records that are looked at for a page, however few of them it has */

#define SV_JOB_PAGE_SCAN    32768


static sv_jobs_e sv_job_totals_numbers(sv_job_t *job, sv_job_totals_t *t);
static sv_jobs_e sv_job_totals_counts(sv_job_t *job, sv_job_totals_t *t);
static sv_jobs_e sv_job_due_after(sv_job_t *job, int64_t now, int64_t *due);
static sv_jobs_e sv_job_page_input(sv_job_t *job, sv_job_page_t *page,
    sv_job_rows_t *rows, sv_job_arena_t *arena);
static sv_jobs_e sv_job_page_chunk(sv_job_t *job, sv_job_page_t *page,
    sqlite3_stmt *chunk, sv_job_rows_t *rows, sv_job_arena_t *arena,
    size_t *scan);
static sv_jobs_e sv_job_page_done(sv_job_t *job, sv_job_page_t *page,
    sv_job_rows_t *rows, sv_job_arena_t *arena);
static sv_jobs_e sv_job_page_row(sv_job_t *job, sv_job_page_t *page,
    sqlite3_stmt *stmt, sv_job_rows_t *rows, sv_job_arena_t *arena);


sv_jobs_e
sv_job_totals(sv_job_t *job, sv_job_totals_t *totals)
{
    sv_jobs_e  rc;

    memset(totals, 0, sizeof(sv_job_totals_t));

    rc = sv_jobs_db_begin(&job->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_job_totals_numbers(job, totals);

    if (rc == SV_JOBS_OK) {
        rc = sv_job_totals_counts(job, totals);
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_job_due_after(job, INT64_MIN, &totals->due);
    }

    return sv_jobs_db_end(&job->db, rc);
}


static sv_jobs_e
sv_job_totals_numbers(sv_job_t *job, sv_job_totals_t *t)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_job_stmt(job, SV_JOB_Q_TOTALS,
                       "SELECT records, duplicates, waiting, blocks,"
                       " (SELECT page_count FROM pragma_page_count)"
                       " * (SELECT page_size FROM pragma_page_size)"
                       " FROM total");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    rc = sv_jobs_db_step(&job->db, stmt);

    if (rc != SV_JOBS_OK) {
        return rc == SV_JOBS_DONE ? sv_jobs_why(&job->db.why, SV_JOBS_DAMAGED,
                                                0, "a job has no totals")
                                  : rc;
    }

    t->records = (uint64_t) sqlite3_column_int64(stmt, 0);
    t->duplicates = (uint64_t) sqlite3_column_int64(stmt, 1);
    t->waiting = (uint64_t) sqlite3_column_int64(stmt, 2);
    t->blocks = (uint64_t) sqlite3_column_int64(stmt, 3);
    t->bytes = (uint64_t) sqlite3_column_int64(stmt, 4);

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_job_totals_counts(sv_job_t *job, sv_job_totals_t *t)
{
    sv_jobs_e        rc;
    sqlite3_stmt    *stmt;
    sv_job_count_t  *count;

    stmt = sv_job_stmt(job, SV_JOB_Q_COUNTS,
                       "SELECT status, reason, n FROM count WHERE n > 0"
                       " ORDER BY status, reason");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    for ( ;; ) {
        rc = sv_jobs_db_step(&job->db, stmt);
        if (rc != SV_JOBS_OK) {
            return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
        }

        if (t->ncounts == sizeof(t->counts) / sizeof(t->counts[0])) {
            return sv_jobs_why(&job->db.why, SV_JOBS_DAMAGED, 0,
                               "a job has more counts than there are reasons");
        }

        count = &t->counts[t->ncounts++];
        count->status = (unsigned) sqlite3_column_int(stmt, 0);
        count->reason = (unsigned) sqlite3_column_int(stmt, 1);
        count->n = (uint64_t) sqlite3_column_int64(stmt, 2);

        if (count->status >= SV_JOB_SAMPLED) {
            t->sampled += count->n;
            continue;
        }

        t->results += count->n;

        if (count->reason == SV_JOB_ERROR) {
            t->errors += count->n;
        }
    }
}


sv_jobs_e
sv_job_waits(sv_job_t *job, sv_job_totals_t *t)
{
    sv_jobs_e      rc;
    sv_job_why_t  *why;
    sqlite3_stmt  *stmt;

    t->nwaits = 0;

    if (t->waiting == 0) {
        return SV_JOBS_OK;
    }

    rc = sv_jobs_db_begin(&job->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_job_stmt(job, SV_JOB_Q_WAITS,
                       "SELECT reason, COUNT(*), MIN(due) FROM"
                       " (SELECT reason, due FROM waiting ORDER BY due"
                       " LIMIT 1000) GROUP BY reason ORDER BY 2 DESC, 1");
    if (stmt == NULL) {
        return sv_jobs_db_end(&job->db, sv_job_failed(job));
    }

    while (t->nwaits < sizeof(t->waits) / sizeof(t->waits[0])) {

        rc = sv_jobs_db_step(&job->db, stmt);
        if (rc != SV_JOBS_OK) {
            break;
        }

        why = &t->waits[t->nwaits++];
        why->reason = (unsigned) sqlite3_column_int(stmt, 0);
        why->n = (uint64_t) sqlite3_column_int64(stmt, 1);
        why->due = sqlite3_column_int64(stmt, 2);
    }

    return sv_jobs_db_end(&job->db, rc == SV_JOBS_DONE ? SV_JOBS_OK : rc);
}


sv_jobs_e
sv_job_next_due(sv_job_t *job, int64_t now, int64_t *due)
{
    sv_jobs_e  rc;

    rc = sv_jobs_db_begin(&job->db, 0);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    return sv_jobs_db_end(&job->db, sv_job_due_after(job, now, due));
}


static sv_jobs_e
sv_job_due_after(sv_job_t *job, int64_t now, int64_t *due)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    *due = 0;

    stmt = sv_job_stmt(job, SV_JOB_Q_NEXT_DUE,
                       "SELECT due FROM waiting WHERE due > ?1"
                       " ORDER BY due LIMIT 1");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    (void) sqlite3_bind_int64(stmt, 1, now);

    rc = sv_jobs_db_step(&job->db, stmt);

    if (rc == SV_JOBS_OK) {
        *due = sqlite3_column_int64(stmt, 0);
    }

    return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
}


sv_jobs_e
sv_job_results(sv_job_t *job, sv_job_page_t *page, sv_job_rows_t *rows)
{
    sv_jobs_e       rc;
    sv_job_arena_t  arena;

    memset(rows, 0, sizeof(sv_job_rows_t));
    memset(&arena, 0, sizeof(sv_job_arena_t));

    page->more = 0;

    if (page->limit == 0 || page->limit > SV_JOB_PAGE_ROWS) {
        page->limit = SV_JOB_PAGE_ROWS;
    }

    if (page->bytes == 0) {
        page->bytes = SV_JOB_PAGE_BYTES;
    }

    if (page->cursor > INT64_MAX) {
        page->cursor = INT64_MAX;
    }

    rows->results = calloc(page->limit, sizeof(sv_job_result_t));
    if (rows->results == NULL) {
        return sv_jobs_why(&job->db.why, SV_JOBS_NO_MEMORY, 0, "no memory");
    }

    rc = sv_jobs_db_begin(&job->db, 0);

    if (rc == SV_JOBS_OK) {
        rc = page->order == SV_JOB_BY_DONE
             ? sv_job_page_done(job, page, rows, &arena)
             : sv_job_page_input(job, page, rows, &arena);

        rc = sv_jobs_db_end(&job->db, rc);
    }

    sv_job_rows_take(rows, &arena);

    if (rc != SV_JOBS_OK) {
        sv_job_rows_free(rows);
    }

    return rc;
}


/* The cursor is the number of the next record, of all that were added. */

static sv_jobs_e
sv_job_page_input(sv_job_t *job, sv_job_page_t *page, sv_job_rows_t *rows,
    sv_job_arena_t *arena)
{
    size_t         scan;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_job_stmt(job, SV_JOB_Q_CHUNK,
                       "SELECT id, first, n, map FROM chunk"
                       " WHERE first <= ?1 ORDER BY first DESC LIMIT 1");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    scan = SV_JOB_PAGE_SCAN;

    while (rows->n < page->limit && arena->len < page->bytes && scan) {

        (void) sqlite3_reset(stmt);
        (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) page->cursor);

        rc = sv_jobs_db_step(&job->db, stmt);

        if (rc == SV_JOBS_OK) {
            rc = sv_job_page_chunk(job, page, stmt, rows, arena, &scan);
        }

        if (rc != SV_JOBS_OK) {
            page->more = 0;
            return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
        }
    }

    page->more = 1;

    return SV_JOBS_OK;
}


/* SV_JOBS_DONE: the cursor is behind the last record */

static sv_jobs_e
sv_job_page_chunk(sv_job_t *job, sv_job_page_t *page, sqlite3_stmt *chunk,
    sv_job_rows_t *rows, sv_job_arena_t *arena, size_t *scan)
{
    uint64_t              pos, place, first, n, i;
    sv_jobs_e             rc;
    sqlite3_stmt         *stmt;
    const unsigned char  *map;

    pos = (uint64_t) sqlite3_column_int64(chunk, 0) * SV_JOBS_CHUNK;
    first = (uint64_t) sqlite3_column_int64(chunk, 1);
    n = (uint64_t) sqlite3_column_int64(chunk, 2);
    map = sqlite3_column_blob(chunk, 3);

    if (map == NULL || first > page->cursor || n > SV_JOBS_CHUNK
        || (uint64_t) sqlite3_column_bytes(chunk, 3) != n * 2)
    {
        return sv_jobs_why(&job->db.why, SV_JOBS_DAMAGED, 0,
                           "a chunk of the job is damaged");
    }

    if (page->cursor >= first + n) {
        return SV_JOBS_DONE;
    }

    stmt = sv_job_stmt(job, SV_JOB_Q_BY_POS,
                       "SELECT pos, seq, idx, of, status, reason, data"
                       " FROM result WHERE pos = ?1");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    while (page->cursor < first + n && rows->n < page->limit
           && arena->len < page->bytes && *scan)
    {
        i = page->cursor - first;

        (void) sqlite3_reset(stmt);
        place = pos + map[i * 2];
        place += (uint64_t) map[i * 2 + 1] << 8;
        (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) place);

        rc = sv_jobs_db_step(&job->db, stmt);

        if (rc == SV_JOBS_OK) {
            rc = sv_job_page_row(job, page, stmt, rows, arena);
        }

        if (rc != SV_JOBS_OK && rc != SV_JOBS_DONE) {
            return rc;
        }

        page->cursor++;
        (*scan)--;
    }

    (void) sqlite3_reset(stmt);

    return SV_JOBS_OK;
}


/* The cursor is the seq of the last row. */

static sv_jobs_e
sv_job_page_done(sv_job_t *job, sv_job_page_t *page, sv_job_rows_t *rows,
    sv_job_arena_t *arena)
{
    size_t         scan;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_job_stmt(job, SV_JOB_Q_BY_SEQ,
                       "SELECT pos, seq, idx, of, status, reason, data"
                       " FROM result INDEXED BY result_seq"
                       " WHERE seq > ?1 ORDER BY seq");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) page->cursor);

    for (scan = SV_JOB_PAGE_SCAN; /* void */ ; scan--) {

        rc = sv_jobs_db_step(&job->db, stmt);

        if (rc != SV_JOBS_OK) {
            return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
        }

        if (rows->n == page->limit || arena->len >= page->bytes || scan == 0) {
            page->more = 1;
            return SV_JOBS_OK;
        }

        rc = sv_job_page_row(job, page, stmt, rows, arena);

        if (rc != SV_JOBS_OK) {
            return rc;
        }

        page->cursor = (uint64_t) sqlite3_column_int64(stmt, 1);
    }
}


static sv_jobs_e
sv_job_page_row(sv_job_t *job, sv_job_page_t *page, sqlite3_stmt *stmt,
    sv_job_rows_t *rows, sv_job_arena_t *arena)
{
    sv_jobs_e         rc;
    sv_job_result_t  *r;

    r = &rows->results[rows->n];

    r->pos = (uint64_t) sqlite3_column_int64(stmt, 0);
    r->seq = (uint64_t) sqlite3_column_int64(stmt, 1);
    r->idx = (uint64_t) sqlite3_column_int64(stmt, 2);
    r->of = (uint64_t) sqlite3_column_int64(stmt, 3);
    r->status = (unsigned) sqlite3_column_int(stmt, 4);
    r->reason = (unsigned) sqlite3_column_int(stmt, 5);

    /* an error has no status */

    if ((page->reason >= 0 && r->reason != (unsigned) page->reason)
        || (page->status >= 0 && (r->status != (unsigned) page->status
                                  || r->reason == SV_JOB_ERROR)))
    {
        return SV_JOBS_OK;
    }

    rc = sv_job_result_column(job, stmt, 6, SV_JOB_SEAL_RESULT, arena, r);

    if (rc == SV_JOBS_OK) {
        rows->n++;
    }

    return rc;
}
