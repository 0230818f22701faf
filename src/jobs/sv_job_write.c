
#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>

#include "sv_job_sh.h"
#include "sv_job_seen.h"
#include "sv_siphash.h"


#define SV_JOB_INPUT_BYTES    (8 << 20)     /* of a chunk */


typedef enum {
    SV_JOB_INPUT_ASK = 0,
    SV_JOB_INPUT_DUPLICATE,
    SV_JOB_INPUT_WRONG
} sv_job_input_e;


/* A record of the chunk, in the order of the input.  Its strings follow each
   other in memory: e-mail and input, or word and sentence. */

typedef struct {
    uint64_t            domain;     /* a hash */
    uint64_t            idx;
    uint32_t            at;
    uint32_t            email;      /* lengths */
    uint32_t            input;
    uint32_t            of;
    uint32_t            kind;
} sv_job_input_record_t;


struct sv_job_input_s {
    sv_job_t               *job;
    uint64_t                key[2];
    uint64_t                chunk;
    uint64_t                first;      /* number of its first record */
    sv_job_input_record_t  *records;
    uint32_t               *order;      /* places -> records */
    size_t                  n;
    size_t                  room;
    sv_job_arena_t          text;
    sv_job_arena_t          block;
    sv_job_seen_t           seen;
};


static sv_job_input_record_t *sv_job_input_next(sv_job_input_t *in,
    size_t len);
static uint64_t sv_job_input_hash(sv_job_input_t *in, const sv_str_t *email,
    const sv_str_t *domain, uint64_t *domain_hash);
static size_t sv_job_input_sort(sv_job_input_t *in);
static int sv_job_input_compare(const void *one, const void *two, void *in);
static sv_jobs_e sv_job_input_chunk(sv_job_input_t *in, sv_job_change_t *ch);
static sv_jobs_e sv_job_input_blocks(sv_job_input_t *in, size_t asked);
static sv_jobs_e sv_job_input_block(sv_job_input_t *in, size_t place,
    size_t n);
static sv_jobs_e sv_job_input_seal(sv_job_input_t *in, size_t place, size_t n);
static sv_jobs_e sv_job_input_others(sv_job_input_t *in, sv_job_change_t *ch,
    size_t place);
static sv_jobs_e sv_job_input_repeat(sv_job_input_t *in, uint64_t pos,
    const sv_job_input_record_t *r);
static sv_jobs_e sv_job_input_map(sv_job_input_t *in);
static void sv_job_input_reset(sv_job_input_t *in);


sv_job_input_t *
sv_job_input_create(sv_job_t *job)
{
    sv_job_input_t  *in;

    in = calloc(1, sizeof(sv_job_input_t));

    if (in) {
        in->job = job;
        sv_siphash_random(in->key);
    }

    return in;
}


void
sv_job_input_free(sv_job_input_t *in)
{
    if (in == NULL) {
        return;
    }

    sv_job_arena_free(&in->text);
    sv_job_arena_free(&in->block);
    sv_job_seen_free(&in->seen);
    free(in->records);
    free(in->order);
    free(in);
}


int
sv_job_input_full(sv_job_input_t *in)
{
    return in->n == SV_JOBS_CHUNK || in->text.len >= SV_JOB_INPUT_BYTES;
}


sv_jobs_e
sv_job_input_add(sv_job_input_t *in, uint64_t idx, const sv_str_t *email,
    const sv_str_t *domain, const sv_str_t *input)
{
    int                     rc;
    uint32_t                of;
    uint64_t                hash;
    unsigned char          *p;
    sv_job_input_record_t  *r;

    if (idx >= UINT32_MAX) {
        return sv_jobs_why(&in->job->db.why, SV_JOBS_FULL, 0,
                           "a job cannot have so many records");
    }

    r = sv_job_input_next(in, email->len + input->len);

    if (r == NULL) {
        return sv_jobs_why(&in->job->db.why, SV_JOBS_NO_MEMORY, 0,
                           "no memory for a record, or it is too long");
    }

    hash = sv_job_input_hash(in, email, domain, &r->domain);
    of = (uint32_t) idx;
    rc = sv_job_seen(&in->seen, hash, &of);

    if (rc == -1) {
        in->n--;
        return sv_jobs_why(&in->job->db.why, SV_JOBS_NO_MEMORY, 0,
                           "no memory for the addresses of a list");
    }

    r->kind = rc ? SV_JOB_INPUT_DUPLICATE : SV_JOB_INPUT_ASK;
    r->idx = idx;
    r->of = of;
    r->email = (uint32_t) email->len;
    r->input = (uint32_t) input->len;

    p = in->text.mem + in->text.len;

    if (email->len) {
        memcpy(p, email->data, email->len);
    }

    if (input->len) {
        memcpy(p + email->len, input->data, input->len);
    }

    in->text.len += email->len + input->len;

    return SV_JOBS_OK;
}


sv_jobs_e
sv_job_input_wrong(sv_job_input_t *in, uint64_t idx, const char *word,
    const char *sentence)
{
    size_t                  n, m;
    sv_job_input_record_t  *r;

    n = strlen(word) + 1;
    m = strlen(sentence);

    r = sv_job_input_next(in, n + m);

    if (r == NULL) {
        return sv_jobs_why(&in->job->db.why, SV_JOBS_NO_MEMORY, 0,
                           "no memory for a record, or it is too long");
    }

    r->kind = SV_JOB_INPUT_WRONG;
    r->idx = idx;
    r->email = (uint32_t) n;
    r->input = (uint32_t) m;

    memcpy(in->text.mem + in->text.len, word, n);
    memcpy(in->text.mem + in->text.len + n, sentence, m);
    in->text.len += n + m;

    return SV_JOBS_OK;
}


static sv_job_input_record_t *
sv_job_input_next(sv_job_input_t *in, size_t len)
{
    size_t                  room;
    sv_job_input_record_t  *records;

    if (len > SV_JOBS_DATA_MAX || sv_job_input_full(in)) {
        return NULL;
    }

    if (in->n == in->room) {
        room = in->room ? in->room * 2 : 256;
        records = realloc(in->records, room * sizeof(sv_job_input_record_t));

        if (records == NULL) {
            return NULL;
        }

        in->records = records;
        in->room = room;
    }

    if (sv_job_arena_room(&in->text, len) == NULL) {
        return NULL;
    }

    memset(&in->records[in->n], 0, sizeof(sv_job_input_record_t));
    in->records[in->n].at = (uint32_t) in->text.len;

    return &in->records[in->n++];
}


/* The local part as it is, the domain in the form that the caller gives. */

static uint64_t
sv_job_input_hash(sv_job_input_t *in, const sv_str_t *email,
    const sv_str_t *domain, uint64_t *domain_hash)
{
    size_t    n;
    uint64_t  key[2];

    *domain_hash = 0;
    n = email->len;

    if (domain->len) {
        *domain_hash = sv_siphash_short(in->key, domain->data, domain->len);

        while (n > 0 && email->data[n - 1] != '@') {
            n--;
        }

        if (n == 0) {
            n = email->len;
        }
    }

    key[0] = in->key[0] ^ *domain_hash;
    key[1] = in->key[1];

    return sv_siphash_short(key, email->data, n);
}


sv_jobs_e
sv_job_input_write(sv_job_input_t *in)
{
    sv_jobs_e        rc;
    sv_job_change_t  ch;

    if (in->n == 0) {
        return SV_JOBS_OK;
    }

    rc = sv_job_space(in->job, in->text.len + in->n * 64, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_jobs_db_begin(&in->job->db, 1);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    rc = sv_job_change_begin(&ch, in->job);

    if (rc == SV_JOBS_OK) {
        rc = sv_job_input_chunk(in, &ch);
        rc = sv_job_change_end(&ch, rc);
    }

    rc = sv_jobs_db_end(&in->job->db, rc);

    if (rc == SV_JOBS_OK) {
        sv_job_input_reset(in);
    }

    return rc;
}


static sv_jobs_e
sv_job_input_chunk(sv_job_input_t *in, sv_job_change_t *ch)
{
    size_t     asked;
    sv_jobs_e  rc;

    in->order = malloc(in->n * sizeof(uint32_t));

    if (in->order == NULL) {
        return sv_jobs_why(&in->job->db.why, SV_JOBS_NO_MEMORY, 0, "no memory");
    }

    asked = sv_job_input_sort(in);

    rc = sv_job_input_blocks(in, asked);

    if (rc == SV_JOBS_OK) {
        rc = sv_job_input_others(in, ch, asked);
    }

    if (rc == SV_JOBS_OK) {
        rc = sv_job_input_map(in);
    }

    free(in->order);
    in->order = NULL;

    ch->records += (int64_t) in->n;

    if (asked) {
        ch->blocks = (in->chunk * SV_JOBS_CHUNK + asked - 1) / SV_JOBS_BLOCK
                     + 1;
    }

    return rc;
}


/* First those that are asked, by domain; then the others.  Returns how many are
   asked. */

static size_t
sv_job_input_sort(sv_job_input_t *in)
{
    size_t  i, asked;

    asked = 0;

    for (i = 0; i < in->n; i++) {
        in->order[i] = (uint32_t) i;
        asked += in->records[i].kind == SV_JOB_INPUT_ASK;
    }

    qsort_r(in->order, in->n, sizeof(uint32_t), sv_job_input_compare, in);

    return asked;
}


static int
sv_job_input_compare(const void *one, const void *two, void *data)
{
    uint32_t                      i, k;
    sv_job_input_t               *in;
    const sv_job_input_record_t  *a, *b;

    in = data;
    i = *(const uint32_t *) one;
    k = *(const uint32_t *) two;
    a = &in->records[i];
    b = &in->records[k];

    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }

    if (a->domain != b->domain) {
        return a->domain < b->domain ? -1 : 1;
    }

    return i < k ? -1 : 1;
}


static sv_jobs_e
sv_job_input_blocks(sv_job_input_t *in, size_t asked)
{
    size_t     place, n;
    sv_jobs_e  rc;

    for (place = 0; place < asked; place += n) {
        n = asked - place < SV_JOBS_BLOCK ? asked - place : SV_JOBS_BLOCK;

        rc = sv_job_input_block(in, place, n);
        if (rc != SV_JOBS_OK) {
            return rc;
        }
    }

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_job_input_block(sv_job_input_t *in, size_t place, size_t n)
{
    sv_jobs_e       rc;
    sqlite3_int64   id;
    sqlite3_stmt   *stmt;

    rc = sv_job_input_seal(in, place, n);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    id = (sqlite3_int64) ((in->chunk * SV_JOBS_CHUNK + place) / SV_JOBS_BLOCK);

    stmt = sv_job_stmt(in->job, SV_JOB_Q_ADD_BLOCK,
                       "INSERT INTO block VALUES (?1, ?2, ?3)");
    if (stmt) {
        (void) sqlite3_bind_int64(stmt, 1, id);
        (void) sqlite3_bind_int64(stmt, 2, (sqlite3_int64) n);
        (void) sqlite3_bind_blob64(stmt, 3, in->block.mem, in->block.len,
                                   SQLITE_STATIC);
    }

    rc = sv_jobs_db_run(&in->job->db, stmt);
    if (rc != SV_JOBS_OK) {
        return rc;
    }

    stmt = sv_job_stmt(in->job, SV_JOB_Q_ADD_OPEN,
                       "INSERT INTO open VALUES (?1, ?2)");
    if (stmt) {
        (void) sqlite3_bind_int64(stmt, 1, id);
        (void) sqlite3_bind_int64(stmt, 2, (sqlite3_int64) n);
    }

    return sv_jobs_db_run(&in->job->db, stmt);
}


static sv_jobs_e
sv_job_input_seal(sv_job_input_t *in, size_t place, size_t n)
{
    size_t                        i, len;
    uint64_t                      pos;
    unsigned char                *p, nonce[SV_JOB_NONCE];
    sv_job_record_t               record;
    const sv_job_input_record_t  *r;

    in->block.len = 0;
    p = sv_job_arena_room(&in->block, SV_JOB_BLOCK_HEAD);

    if (p == NULL || sv_job_seal_nonces(&in->job->seal, n, nonce) == -1) {
        return sv_jobs_why(&in->job->db.why, SV_JOBS_NO_MEMORY, 0, "no memory");
    }

    memcpy(p, nonce, SV_JOB_NONCE);
    in->block.len = SV_JOB_BLOCK_HEAD;
    pos = in->chunk * SV_JOBS_CHUNK + place;

    for (i = 0; i < n; i++) {
        r = &in->records[in->order[place + i]];

        record.idx = r->idx;
        record.email.data = in->text.mem + r->at;
        record.email.len = r->email;
        record.input.data = record.email.data + r->email;
        record.input.len = r->input;

        len = sv_job_record_len(&record);
        p = sv_job_arena_room(&in->block, SV_JOB_BLOCK_LEN + len + SV_JOB_TAG);

        if (p == NULL) {
            return sv_jobs_why(&in->job->db.why, SV_JOBS_NO_MEMORY, 0,
                               "no memory");
        }

        p = sv_job_walk_write(p, len + SV_JOB_TAG);
        sv_job_record_write(&record, p);

        if (sv_job_seal(&in->job->seal, SV_JOB_SEAL_RECORD, pos + i, nonce, p,
                        len, p)
            == -1)
        {
            return sv_jobs_why(&in->job->db.why, SV_JOBS_FAILED, 0,
                               "OpenSSL could not seal a record");
        }

        in->block.len += SV_JOB_BLOCK_LEN + len + SV_JOB_TAG;
        sv_job_seal_next(nonce);
    }

    return SV_JOBS_OK;
}


/* those that are not asked: duplicates, and records that are wrong */

static sv_jobs_e
sv_job_input_others(sv_job_input_t *in, sv_job_change_t *ch, size_t place)
{
    uint64_t                      pos;
    sv_jobs_e                     rc;
    sv_job_result_t               result;
    const sv_job_input_record_t  *r;

    for ( /* void */ ; place < in->n; place++) {
        pos = in->chunk * SV_JOBS_CHUNK + place;
        r = &in->records[in->order[place]];

        if (r->kind == SV_JOB_INPUT_DUPLICATE) {
            ch->duplicates++;
            rc = sv_job_input_repeat(in, pos, r);

        } else {
            memset(&result, 0, sizeof(sv_job_result_t));
            result.pos = pos;
            result.idx = r->idx;
            result.of = r->idx;
            result.reason = SV_JOB_ERROR;
            result.packed.data = in->text.mem + r->at;
            result.packed.len = r->email + r->input;

            rc = sv_job_result_insert(ch, &result);
        }

        if (rc != SV_JOBS_OK) {
            return rc;
        }
    }

    return SV_JOBS_OK;
}


static sv_jobs_e
sv_job_input_repeat(sv_job_input_t *in, uint64_t pos,
    const sv_job_input_record_t *r)
{
    sv_jobs_e        rc;
    sqlite3_stmt    *stmt;
    sv_job_result_t  result;

    memset(&result, 0, sizeof(sv_job_result_t));
    result.pos = pos;
    result.email.data = in->text.mem + r->at;
    result.email.len = r->email;
    result.input.data = result.email.data + r->email;
    result.input.len = r->input;

    stmt = sv_job_stmt(in->job, SV_JOB_Q_ADD_DUPLICATE,
                       "INSERT INTO duplicate VALUES (?1, ?2, ?3, ?4)");

    if (stmt == NULL) {
        return sv_job_failed(in->job);
    }

    rc = sv_job_result_bind(in->job, stmt, 4, SV_JOB_SEAL_DUPLICATE, &result);

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) pos);
    (void) sqlite3_bind_int64(stmt, 2, (sqlite3_int64) r->idx);
    (void) sqlite3_bind_int64(stmt, 3, (sqlite3_int64) r->of);

    return sv_jobs_db_run(&in->job->db, stmt);
}


/* A reader by the order of the input goes from here to the places. */

static sv_jobs_e
sv_job_input_map(sv_job_input_t *in)
{
    size_t          i;
    sv_jobs_e       rc;
    sqlite3_stmt   *stmt;
    unsigned char  *map;

    map = malloc(in->n * 2);
    if (map == NULL) {
        return sv_jobs_why(&in->job->db.why, SV_JOBS_NO_MEMORY, 0, "no memory");
    }

    for (i = 0; i < in->n; i++) {
        map[in->order[i] * 2] = (unsigned char) i;
        map[in->order[i] * 2 + 1] = (unsigned char) (i >> 8);
    }

    stmt = sv_job_stmt(in->job, SV_JOB_Q_ADD_CHUNK,
                       "INSERT INTO chunk VALUES (?1, ?2, ?3, ?4)");
    if (stmt) {
        (void) sqlite3_bind_int64(stmt, 1, (sqlite3_int64) in->chunk);
        (void) sqlite3_bind_int64(stmt, 2, (sqlite3_int64) in->first);
        (void) sqlite3_bind_int64(stmt, 3, (sqlite3_int64) in->n);
        (void) sqlite3_bind_blob64(stmt, 4, map, in->n * 2, SQLITE_STATIC);
    }

    rc = sv_jobs_db_run(&in->job->db, stmt);
    free(map);

    return rc;
}


static void
sv_job_input_reset(sv_job_input_t *in)
{
    in->chunk++;
    in->first += in->n;
    in->n = 0;

    if (in->text.mem) {
        OPENSSL_cleanse(in->text.mem, in->text.len);
        in->text.len = 0;
    }
}


sv_jobs_e
sv_job_input_finish(sv_job_input_t *in, sv_job_totals_t *totals)
{
    int        err;
    char       dir[SV_JOBS_PATH];
    sv_jobs_e  rc;

    rc = sv_job_input_write(in);

    if (rc == SV_JOBS_OK) {
        rc = sv_jobs_db_solid(&in->job->db);
    }

    if (rc != SV_JOBS_OK) {
        return rc;
    }

    (void) snprintf(dir, sizeof(dir), "%s/%s", in->job->path, in->job->id);

    if (sv_jobs_sync_dir(dir) == -1) {
        err = errno;
        return sv_jobs_why(&in->job->db.why, sv_jobs_errno(err), err,
                           "\"%s\" could not be synced", dir);
    }

    return sv_job_totals(in->job, totals);
}
