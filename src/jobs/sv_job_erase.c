
#define _GNU_SOURCE

#include <stdlib.h>
#include <string.h>

#include "sv_job_sh.h"
#include "sv_address.h"


/* How much is looked at, or changed, in one transaction: others go on in
   between.  A record keeps its place, so they cannot make it be missed. */

#define SV_JOB_ERASE_BLOCKS   256
#define SV_JOB_ERASE_ROWS     65536
#define SV_JOB_ERASE_CHANGES  256


#define SV_JOB_ERASED  "erased\0The address was erased on demand."


typedef struct {
    sv_job_t           *job;
    const sv_str_t     *email;
    sv_address_t        addr;
    unsigned            valid;
    uint64_t           *pos;        /* duplicates first, then the others */
    size_t              n;
    size_t              room;
    sv_job_arena_t      text;
} sv_job_erase_t;


static sv_jobs_e sv_job_erase_find(sv_job_erase_t *er);
static sv_jobs_e sv_job_erase_rows(sv_job_erase_t *er, unsigned query,
    const char *sql, sv_job_seal_e kind);
static sv_jobs_e sv_job_erase_row(sv_job_erase_t *er, sqlite3_stmt *stmt,
    sv_job_seal_e kind);
static sv_jobs_e sv_job_erase_blocks(sv_job_erase_t *er);
static sv_jobs_e sv_job_erase_block(sv_job_erase_t *er, sqlite3_stmt *stmt);
static int sv_job_erase_match(sv_job_erase_t *er, const sv_str_t *email);
static int sv_job_erase_same(const sv_str_t *one, const sv_str_t *two);
static int sv_job_erase_empty(const unsigned char *data, size_t len);
static sv_jobs_e sv_job_erase_note(sv_job_erase_t *er, uint64_t pos);
static sv_jobs_e sv_job_erase_change(sv_job_erase_t *er, size_t from,
    size_t n);
static sv_jobs_e sv_job_erase_record(sv_job_change_t *ch, uint64_t pos);
static sv_jobs_e sv_job_erase_result(sv_job_change_t *ch, sv_job_result_t *r);
static sv_jobs_e sv_job_erase_duplicate(sv_job_change_t *ch,
    sv_job_result_t *r);
static sv_jobs_e sv_job_erase_sealed(sv_job_t *job, uint64_t pos,
    uint64_t *idx);
static sv_jobs_e sv_job_erase_zero(sv_job_t *job, uint64_t block, size_t at,
    size_t len);


sv_jobs_e
sv_job_erase(sv_job_t *job, const sv_str_t *email, uint64_t *n)
{
    size_t          i;
    sv_jobs_e       rc;
    sv_job_erase_t  er;

    *n = 0;

    memset(&er, 0, sizeof(sv_job_erase_t));
    er.job = job;
    er.email = email;
    er.valid = sv_address_parse(email->data, email->len, &er.addr)
               == SV_ADDRESS_OK;

    rc = sv_job_erase_find(&er);

    for (i = 0; rc == SV_JOBS_OK && i < er.n; i += SV_JOB_ERASE_CHANGES) {
        rc = sv_job_erase_change(&er, i, er.n - i < SV_JOB_ERASE_CHANGES
                                         ? er.n - i : SV_JOB_ERASE_CHANGES);
    }

    if (rc == SV_JOBS_OK) {
        *n = er.n;
    }

    sv_job_arena_free(&er.text);
    free(er.pos);

    return rc;
}


/* A duplicate is a row of its own first, then a result: one that becomes a
   result meanwhile is found as such, too. */

static sv_jobs_e
sv_job_erase_find(sv_job_erase_t *er)
{
    sv_jobs_e  rc;

    rc = sv_job_erase_rows(er, SV_JOB_Q_ERASE_DUPLICATES,
                           "SELECT pos, data FROM duplicate"
                           " WHERE pos >= ?1 ORDER BY pos LIMIT ?2",
                           SV_JOB_SEAL_DUPLICATE);

    if (rc == SV_JOBS_OK) {
        rc = sv_job_erase_rows(er, SV_JOB_Q_ERASE_RESULTS,
                               "SELECT pos, CASE WHEN of != idx THEN data END"
                               " FROM result WHERE pos >= ?1 ORDER BY pos"
                               " LIMIT ?2", SV_JOB_SEAL_RESULT);
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_job_erase_blocks(er);
    }

    return rc;
}


static sv_jobs_e
sv_job_erase_rows(sv_job_erase_t *er, unsigned query, const char *sql,
    sv_job_seal_e kind)
{
    size_t         n;
    uint64_t       pos;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    pos = 0;

    do {
        rc = sv_jobs_db_begin(&er->job->db, 0);
        if (rc != SV_JOBS_OK) {
            return rc;
        }

        stmt = sv_job_stmt(er->job, query, sql);
        if (stmt == NULL) {
            return sv_jobs_db_end(&er->job->db, sv_job_failed(er->job));
        }

        (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) pos);
        (void) sqlite3_bind_int64(stmt, 2, SV_JOB_ERASE_ROWS);

        for (n = 0; /* void */ ; n++) {
            rc = sv_jobs_db_step(&er->job->db, stmt);
            if (rc != SV_JOBS_OK) {
                break;
            }

            pos = (uint64_t) sqlite3_column_int64(stmt, 0) + 1;

            rc = sv_job_erase_row(er, stmt, kind);
            if (rc != SV_JOBS_OK) {
                break;
            }
        }

        rc = sv_jobs_db_end(&er->job->db, rc == SV_JOBS_DONE ? SV_JOBS_OK : rc);

    } while (rc == SV_JOBS_OK && n == SV_JOB_ERASE_ROWS);

    return rc;
}


static sv_jobs_e
sv_job_erase_row(sv_job_erase_t *er, sqlite3_stmt *stmt, sv_job_seal_e kind)
{
    sv_str_t         email;
    sv_jobs_e        rc;
    sv_job_result_t  r;

    if (sqlite3_column_type(stmt, 1) == SQLITE_NULL) {
        return SV_JOBS_OK;
    }

    memset(&r, 0, sizeof(sv_job_result_t));
    r.pos = (uint64_t) sqlite3_column_int64(stmt, 0);
    er->text.len = 0;

    rc = sv_job_result_column(er->job, stmt, 1, kind, &er->text, &r);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    email.data = sv_job_at(&er->text, r.email.data);
    email.len = r.email.len;

    return sv_job_erase_match(er, &email) ? sv_job_erase_note(er, r.pos)
                                          : SV_JOBS_OK;
}


static sv_jobs_e
sv_job_erase_blocks(sv_job_erase_t *er)
{
    size_t         n;
    uint64_t       id;
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    id = 0;

    do {
        rc = sv_jobs_db_begin(&er->job->db, 0);
        if (rc != SV_JOBS_OK) {
            return rc;
        }

        stmt = sv_job_stmt(er->job, SV_JOB_Q_ERASE_BLOCKS,
                           "SELECT id, data FROM block WHERE id >= ?1"
                           " ORDER BY id LIMIT ?2");
        if (stmt == NULL) {
            return sv_jobs_db_end(&er->job->db, sv_job_failed(er->job));
        }

        (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) id);
        (void) sqlite3_bind_int64(stmt, 2, SV_JOB_ERASE_BLOCKS);

        for (n = 0; /* void */ ; n++) {
            rc = sv_jobs_db_step(&er->job->db, stmt);
            if (rc != SV_JOBS_OK) {
                break;
            }

            id = (uint64_t) sqlite3_column_int64(stmt, 0) + 1;

            rc = sv_job_erase_block(er, stmt);
            if (rc != SV_JOBS_OK) {
                break;
            }
        }

        rc = sv_jobs_db_end(&er->job->db, rc == SV_JOBS_DONE ? SV_JOBS_OK : rc);

    } while (rc == SV_JOBS_OK && n == SV_JOB_ERASE_BLOCKS);

    return rc;
}


static sv_jobs_e
sv_job_erase_block(sv_job_erase_t *er, sqlite3_stmt *stmt)
{
    int              more;
    uint64_t         pos;
    sv_jobs_e        rc;
    unsigned char   *text;
    sv_job_walk_t    walk;
    sv_job_record_t  r;

    pos = (uint64_t) sqlite3_column_int64(stmt, 0) * SV_JOBS_BLOCK;

    more = sv_job_walk_begin(&walk, sqlite3_column_blob(stmt, 1),
                             (size_t) sqlite3_column_bytes(stmt, 1));

    while (more == 0 && (more = sv_job_walk_next(&walk)) == 1) {
        more = 0;

        if (sv_job_erase_empty(walk.data, walk.len)) {
            pos++;
            continue;
        }

        er->text.len = 0;
        text = sv_job_arena_room(&er->text, walk.len);

        if (text == NULL) {
            return sv_jobs_why(&er->job->db.why, SV_JOBS_NO_MEMORY, 0,
                               "no memory");
        }

        if (sv_job_unseal(&er->job->seal, SV_JOB_SEAL_RECORD, pos, walk.nonce,
                          walk.data, walk.len, text)
            == -1
            || sv_job_record_read(text, walk.len - SV_JOB_TAG, &r) == -1)
        {
            more = -1;
            break;
        }

        er->text.len = walk.len - SV_JOB_TAG;

        if (sv_job_erase_match(er, &r.email)) {
            rc = sv_job_erase_note(er, pos);
            if (rc != SV_JOBS_OK) {
                return rc;
            }
        }

        pos++;
    }

    if (more == -1) {
        return sv_jobs_why(&er->job->db.why, SV_JOBS_DAMAGED, 0,
                           "a parcel of the job could not be unsealed");
    }

    return SV_JOBS_OK;
}


/* A person is the same in upper case, and under each name of the domain. */

static int
sv_job_erase_match(sv_job_erase_t *er, const sv_str_t *email)
{
    sv_address_t  addr;

    if (sv_job_erase_same(email, er->email)) {
        return 1;
    }

    /* most addresses are told from it by the first octet */

    if (!er->valid || email->len == 0
        || (sv_lower(email->data[0]) != sv_lower(er->addr.local.data[0])
            && email->data[0] != '"' && er->addr.local.data[0] != '"'))
    {
        return 0;
    }

    if (sv_address_parse(email->data, email->len, &addr) != SV_ADDRESS_OK) {
        return 0;
    }

    return sv_job_erase_same(&addr.local, &er->addr.local)
           && sv_job_erase_same(&addr.domain, &er->addr.domain);
}


static int
sv_job_erase_same(const sv_str_t *one, const sv_str_t *two)
{
    return one->len == two->len
           && sv_is_same(one->data, two->data, one->len);
}


/* What was erased from a block are zeros, which nothing sealed is. */

static int
sv_job_erase_empty(const unsigned char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (data[i]) {
            return 0;
        }
    }

    return 1;
}


static sv_jobs_e
sv_job_erase_note(sv_job_erase_t *er, uint64_t pos)
{
    size_t     room;
    uint64_t  *list;

    if (er->n == er->room) {
        room = er->room ? er->room * 2 : 64;
        list = realloc(er->pos, room * sizeof(uint64_t));

        if (list == NULL) {
            return sv_jobs_why(&er->job->db.why, SV_JOBS_NO_MEMORY, 0,
                               "no memory");
        }

        er->pos = list;
        er->room = room;
    }

    er->pos[er->n++] = pos;

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_job_erase_change(sv_job_erase_t *er, size_t from, size_t n)
{
    size_t           i;
    sv_jobs_e        rc;
    sv_job_change_t  ch;

    rc = sv_jobs_db_begin(&er->job->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_job_change_begin(&ch, er->job);

    for (i = 0; rc == SV_JOBS_OK && i < n; i++) {
        rc = sv_job_erase_record(&ch, er->pos[from + i]);
    }

    rc = sv_job_change_end(&ch, rc);

    return sv_jobs_db_end(&er->job->db, rc);
}


static sv_jobs_e
sv_job_erase_record(sv_job_change_t *ch, uint64_t pos)
{
    uint64_t         idx;
    sv_jobs_e        rc;
    sv_job_result_t  r;

    memset(&r, 0, sizeof(sv_job_result_t));
    r.pos = pos;
    r.reason = SV_JOB_ERROR;
    r.packed.data = (unsigned char *) SV_JOB_ERASED;
    r.packed.len = sizeof(SV_JOB_ERASED) - 1;

    /* SV_JOBS_DONE: it is not there */

    rc = sv_job_erase_sealed(ch->job, pos, &idx);

    if (rc != SV_JOBS_OK && rc != SV_JOBS_DONE) {
        return rc;
    }

    r.idx = idx;

    if (rc == SV_JOBS_DONE) {
        rc = sv_job_erase_duplicate(ch, &r);

        if (rc == SV_JOBS_DONE) {
            rc = sv_job_erase_result(ch, &r);
        }

    } else {
        rc = sv_job_erase_result(ch, &r);

        /* it waits, or has not been asked */

        if (rc == SV_JOBS_DONE) {
            rc = sv_job_result_add(ch, &r);
        }
    }

    return rc == SV_JOBS_DONE ? SV_JOBS_OK : rc;
}


static sv_jobs_e
sv_job_erase_result(sv_job_change_t *ch, sv_job_result_t *r)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_ERASE_RESULT,
                       "SELECT status, reason FROM result WHERE pos = ?1");
    if (stmt == NULL) {
        return sv_job_failed(ch->job);
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) r->pos);
    rc = sv_jobs_db_step(&ch->job->db, stmt);

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_job_change_count(ch, (unsigned) sqlite3_column_int(stmt, 0),
                             (unsigned) sqlite3_column_int(stmt, 1), -1);
    (void) sqlite3_reset(stmt);

    if (rc == SV_JOBS_OK) {
        rc = sv_job_change_count(ch, r->status, r->reason, 1);
    }

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_ERASE_SET,
                       "UPDATE result SET status = ?2, reason = ?3, data = ?4"
                       " WHERE pos = ?1");
    if (stmt == NULL) {
        return sv_job_failed(ch->job);
    }

    rc = sv_job_result_bind(ch->job, stmt, 4, SV_JOB_SEAL_RESULT, r);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) r->pos);
    (void) sqlite3_bind_int64(stmt, 2, r->status);
    (void) sqlite3_bind_int64(stmt, 3, r->reason);

    return sv_jobs_db_run(&ch->job->db, stmt);
}


static sv_jobs_e
sv_job_erase_duplicate(sv_job_change_t *ch, sv_job_result_t *r)
{
    sv_jobs_e      rc;
    sqlite3_stmt  *stmt;

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_ERASE_DUPLICATE,
                       "SELECT idx, of FROM duplicate WHERE pos = ?1");
    if (stmt == NULL) {
        return sv_job_failed(ch->job);
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) r->pos);
    rc = sv_jobs_db_step(&ch->job->db, stmt);

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    r->idx = (uint64_t) sqlite3_column_int64(stmt, 0);
    r->of = (uint64_t) sqlite3_column_int64(stmt, 1);
    (void) sqlite3_reset(stmt);

    stmt = sv_job_stmt(ch->job, SV_JOB_Q_ERASE_DROP,
                       "DELETE FROM duplicate WHERE pos = ?1");
    if (stmt) {
        (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) r->pos);
    }

    rc = sv_jobs_db_run(&ch->job->db, stmt);

    return rc == SV_JOBS_OK ? sv_job_result_insert(ch, r) : rc;
}


/* The record in its block.  SV_JOBS_DONE: there is none of it. */

static sv_jobs_e
sv_job_erase_sealed(sv_job_t *job, uint64_t pos, uint64_t *idx)
{
    int                   more;
    size_t                i;
    uint64_t              block;
    sv_jobs_e             rc;
    sqlite3_stmt         *stmt;
    sv_job_walk_t         walk;
    sv_job_record_t       r;
    sv_job_arena_t        text;
    const unsigned char  *data;

    *idx = 0;
    block = pos / SV_JOBS_BLOCK;

    stmt = sv_job_stmt(job, SV_JOB_Q_ERASE_BLOCK,
                       "SELECT data FROM block WHERE id = ?1");
    if (stmt == NULL) {
        return sv_job_failed(job);
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) block);
    rc = sv_jobs_db_step(&job->db, stmt);

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    data = sqlite3_column_blob(stmt, 0);
    more = sv_job_walk_begin(&walk, data,
                             (size_t) sqlite3_column_bytes(stmt, 0));

    for (i = 0; more == 0; i++) {
        more = sv_job_walk_next(&walk);

        if (more != 1 || i == pos % SV_JOBS_BLOCK) {
            break;
        }

        more = 0;
    }

    /* a duplicate lies behind the last record of the block; another call may
       have erased it before */

    if (more == 0 || (more == 1 && sv_job_erase_empty(walk.data, walk.len))) {
        (void) sqlite3_reset(stmt);
        return SV_JOBS_DONE;
    }

    memset(&text, 0, sizeof(sv_job_arena_t));

    if (more == -1 || sv_job_arena_room(&text, walk.len) == NULL
        || sv_job_unseal(&job->seal, SV_JOB_SEAL_RECORD, pos, walk.nonce,
                         walk.data, walk.len, text.mem)
           == -1
        || sv_job_record_read(text.mem, walk.len - SV_JOB_TAG, &r) == -1)
    {
        sv_job_arena_free(&text);
        return sv_jobs_why(&job->db.why, SV_JOBS_DAMAGED, 0,
                           "a parcel of the job could not be unsealed");
    }

    *idx = r.idx;
    text.len = walk.len - SV_JOB_TAG;
    sv_job_arena_free(&text);

    i = (size_t) (walk.data - data);
    (void) sqlite3_reset(stmt);

    return sv_job_erase_zero(job, block, i, walk.len);
}


static sv_jobs_e
sv_job_erase_zero(sv_job_t *job, uint64_t block, size_t at, size_t len)
{
    int             rc;
    sv_jobs_e       failed;
    sqlite3_blob   *blob;
    unsigned char  *zeros;

    zeros = calloc(1, len);
    if (zeros == NULL) {
        return sv_jobs_why(&job->db.why, SV_JOBS_NO_MEMORY, 0, "no memory");
    }

    rc = sqlite3_blob_open(job->db.db, "main", "block", "data",
                           (sqlite3_int64) block, 1, &blob);

    if (rc == SQLITE_OK) {
        rc = sqlite3_blob_write(blob, zeros, (int) len, (int) at);
    }

    free(zeros);

    if (rc == SQLITE_OK) {
        return sqlite3_blob_close(blob) == SQLITE_OK ? SV_JOBS_OK
                                                     : sv_job_failed(job);
    }

    failed = sv_job_failed(job);
    (void) sqlite3_blob_close(blob);

    return failed;
}
