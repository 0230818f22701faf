
#include <stdlib.h>
#include <string.h>

#include "sv_lend.h"


#define SV_LEND_OFFER   'o'
#define SV_LEND_ANSWER  'a'
#define SV_LEND_NUMBER  10              /* octets of a number, at most */


typedef struct {
    const unsigned char  *p;
    const unsigned char  *end;
} sv_lend_reader_t;


static void sv_lend_head(sv_lend_text_t *text, int kind, const char *job,
    uint32_t block);
static void sv_lend_put(sv_lend_text_t *text, uint64_t n);
static void sv_lend_put_str(sv_lend_text_t *text, const void *data,
    size_t len);
static int sv_lend_read_head(sv_lend_reader_t *r, int kind, char *job,
    uint32_t *block);
static int sv_lend_get(sv_lend_reader_t *r, uint64_t most, uint64_t *n);
static int sv_lend_get_str(sv_lend_reader_t *r, size_t most, sv_str_t *s);
static int sv_lend_read_records(sv_lend_reader_t *r, sv_lend_offer_t *offer,
    sv_job_rows_t *rows);


int
sv_lend_offer_write(sv_lend_text_t *text, const sv_lend_offer_t *offer,
    const sv_job_record_t *records, size_t n)
{
    size_t                  i;
    const sv_job_record_t  *r;

    if (n == 0 || n > SV_JOBS_BLOCK) {
        return -1;
    }

    sv_lend_head(text, SV_LEND_OFFER, offer->job, offer->block);
    sv_lend_put(text, (uint64_t) offer->expires);
    sv_lend_put(text, !!offer->smtp);
    sv_lend_put_str(text, offer->client, strlen(offer->client));
    sv_lend_put(text, n);

    for (i = 0; i < n; i++) {
        r = &records[i];

        if (r->email.len == 0 || r->email.len > SV_LEND_EMAIL
            || r->pos / SV_JOBS_BLOCK != offer->block
            || SV_LEND_MAX - text->len < 2 * SV_LEND_NUMBER + r->email.len)
        {
            return -1;
        }

        sv_lend_put(text, r->pos % SV_JOBS_BLOCK);
        sv_lend_put_str(text, r->email.data, r->email.len);
    }

    return 0;
}


int
sv_lend_offer_read(const unsigned char *data, size_t len,
    sv_lend_offer_t *offer, sv_job_rows_t *rows)
{
    uint64_t           n;
    sv_str_t           client;
    sv_lend_reader_t   r;

    memset(offer, 0, sizeof(sv_lend_offer_t));
    memset(rows, 0, sizeof(sv_job_rows_t));

    if (len > SV_LEND_MAX) {
        return -1;
    }

    r.p = data;
    r.end = data + len;

    if (sv_lend_read_head(&r, SV_LEND_OFFER, offer->job, &offer->block) == -1
        || sv_lend_get(&r, INT64_MAX, &n) == -1)
    {
        return -1;
    }

    offer->expires = (int64_t) n;

    if (sv_lend_get(&r, 1, &n) == -1
        || sv_lend_get_str(&r, SV_LEND_CLIENT - 1, &client) == -1)
    {
        return -1;
    }

    offer->smtp = (unsigned) n;

    if (client.len) {
        memcpy(offer->client, client.data, client.len);
    }

    return sv_lend_read_records(&r, offer, rows);
}


static int
sv_lend_read_records(sv_lend_reader_t *r, sv_lend_offer_t *offer,
    sv_job_rows_t *rows)
{
    size_t            size;
    uint64_t          n, i, place, next;
    sv_str_t          email;
    sv_lend_reader_t  copy;
    sv_job_record_t  *record;

    if (sv_lend_get(r, SV_JOBS_BLOCK, &n) == -1 || n == 0) {
        return -1;
    }

    size = (size_t) (r->end - r->p);

    rows->mem = malloc(size + 1);
    rows->records = calloc((size_t) n, sizeof(sv_job_record_t));

    if (rows->mem == NULL || rows->records == NULL) {
        goto failed;
    }

    memcpy(rows->mem, r->p, size);
    rows->size = size;

    copy.p = rows->mem;
    copy.end = rows->mem + size;

    next = 0;

    for (i = 0; i < n; i++) {

        if (sv_lend_get(&copy, SV_JOBS_BLOCK - 1, &place) == -1
            || place < next
            || sv_lend_get_str(&copy, SV_LEND_EMAIL, &email) == -1
            || email.len == 0)
        {
            goto failed;
        }

        next = place + 1;

        record = &rows->records[i];
        record->pos = (uint64_t) offer->block * SV_JOBS_BLOCK + place;
        record->idx = record->pos;
        record->email = email;
    }

    if (copy.p != copy.end) {
        goto failed;
    }

    rows->n = (size_t) n;

    return 0;

failed:

    sv_job_rows_free(rows);

    return -1;
}


void
sv_lend_answer_begin(sv_lend_text_t *text, const char *job, uint32_t block,
    unsigned last)
{
    sv_lend_head(text, SV_LEND_ANSWER, job, block);
    sv_lend_put(text, !!last);
}


int
sv_lend_answer_add(sv_lend_text_t *text, const sv_lend_result_t *result)
{
    if (result->packed.len == 0 || result->packed.len > SV_LEND_PACKED
        || result->place >= SV_JOBS_BLOCK
        || SV_LEND_MAX - text->len < 3 * SV_LEND_NUMBER + result->packed.len)
    {
        return -1;
    }

    sv_lend_put(text, result->place);
    sv_lend_put(text, !!result->costs);
    sv_lend_put_str(text, result->packed.data, result->packed.len);

    return 0;
}


/* A place has one result at most. */

int
sv_lend_answer_read(const unsigned char *data, size_t len,
    sv_lend_answer_t *answer)
{
    uint64_t           n;
    sv_lend_reader_t   r;
    sv_lend_result_t  *result;
    unsigned char      seen[SV_JOBS_BLOCK];

    memset(seen, 0, sizeof(seen));
    answer->n = 0;

    if (len > SV_LEND_MAX) {
        return -1;
    }

    r.p = data;
    r.end = data + len;

    if (sv_lend_read_head(&r, SV_LEND_ANSWER, answer->job, &answer->block)
        == -1
        || sv_lend_get(&r, 1, &n) == -1)
    {
        return -1;
    }

    answer->last = (unsigned) n;

    while (r.p != r.end) {

        if (sv_lend_get(&r, SV_JOBS_BLOCK - 1, &n) == -1 || seen[n]) {
            return -1;
        }

        seen[n] = 1;

        result = &answer->results[answer->n++];
        result->place = (unsigned) n;

        if (sv_lend_get(&r, 1, &n) == -1
            || sv_lend_get_str(&r, SV_LEND_PACKED, &result->packed) == -1
            || result->packed.len == 0)
        {
            return -1;
        }

        result->costs = (unsigned) n;
    }

    return 0;
}


static void
sv_lend_head(sv_lend_text_t *text, int kind, const char *job, uint32_t block)
{
    text->data[0] = (unsigned char) kind;
    memcpy(text->data + 1, job, SV_JOBS_ID_LEN);
    text->len = 1 + SV_JOBS_ID_LEN;

    sv_lend_put(text, block);
}


static int
sv_lend_read_head(sv_lend_reader_t *r, int kind, char *job, uint32_t *block)
{
    int       i;
    uint64_t  n;

    if (r->end - r->p < 1 + SV_JOBS_ID_LEN || *r->p++ != kind) {
        return -1;
    }

    for (i = 0; i < SV_JOBS_ID_LEN; i++) {

        if ((*r->p < '0' || *r->p > '9') && (*r->p < 'a' || *r->p > 'z')) {
            return -1;
        }

        job[i] = (char) *r->p++;
    }

    job[i] = '\0';

    if (sv_lend_get(r, UINT32_MAX / SV_JOBS_BLOCK, &n) == -1) {
        return -1;
    }

    *block = (uint32_t) n;

    return 0;
}


static void
sv_lend_put(sv_lend_text_t *text, uint64_t n)
{
    while (n > 0x7f) {
        text->data[text->len++] = (unsigned char) (n | 0x80);
        n >>= 7;
    }

    text->data[text->len++] = (unsigned char) n;
}


static void
sv_lend_put_str(sv_lend_text_t *text, const void *data, size_t len)
{
    sv_lend_put(text, len);

    if (len) {
        memcpy(text->data + text->len, data, len);
        text->len += len;
    }
}


static int
sv_lend_get(sv_lend_reader_t *r, uint64_t most, uint64_t *n)
{
    unsigned  shift;

    *n = 0;

    for (shift = 0; r->p < r->end && shift < 63; shift += 7) {
        *n |= (uint64_t) (*r->p & 0x7f) << shift;

        if (*r->p++ < 0x80) {
            return *n <= most ? 0 : -1;
        }
    }

    return -1;
}


static int
sv_lend_get_str(sv_lend_reader_t *r, size_t most, sv_str_t *s)
{
    uint64_t  len;

    if (sv_lend_get(r, most, &len) == -1
        || len > (size_t) (r->end - r->p))
    {
        return -1;
    }

    s->data = (unsigned char *) r->p;
    s->len = (size_t) len;
    r->p += len;

    return 0;
}
