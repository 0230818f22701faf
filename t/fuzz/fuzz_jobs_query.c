
/*
 * The parameters of jobs: a query string, a zero byte, then the JSON object of
 * a PATCH.  A cursor that was accepted is written and read again.
 */

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "sv_job.h"
#include "sv_jobs_query.h"
#include "sv_utf8.h"
#include "sv_verdict.h"


static void check_query(const sv_jobs_query_t *query,
    sv_params_status_e status);
static void check_text(const char *text, size_t size);
static void check_cursor(const sv_jobs_query_t *query);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                   n;
    const uint8_t           *body;
    sv_params_status_e       status;
    static sv_jobs_query_t   query;

    memset(&query, 0, sizeof(sv_jobs_query_t));

    body = memchr(data, 0, size);
    n = body ? (size_t) (body - data) : size;

    status = sv_jobs_query(data, n, &query);
    check_query(&query, status);

    if (body == NULL || status != SV_PARAMS_OK) {
        return 0;
    }

    body++;

    status = sv_jobs_patch(body, data + size - body, &query);
    check_query(&query, status);

    /* a name given twice is one that was not there before */

    if (status == SV_PARAMS_OK && query.has_limit) {
        status = sv_jobs_query((const uint8_t *) "limit=1", 7, &query);
        assert(status == SV_PARAMS_MALFORMED);
    }

    return 0;
}


static void
check_query(const sv_jobs_query_t *query, sv_params_status_e status)
{
    if (status != SV_PARAMS_OK) {
        assert(query->error[0] != '\0');
        check_text(query->error, sizeof(query->error));
        return;
    }

    check_text(query->name, sizeof(query->name));
    check_text(query->webhook, sizeof(query->webhook));

    assert(query->retention >= 0
           && query->retention <= SV_JOBS_RETENTION_MAX);
    assert(!query->has_retention || query->retention > 0);
    assert(query->wait >= 0 && query->wait <= SV_JOBS_WAIT_MAX);
    assert(query->sample <= SV_JOBS_SAMPLE_MAX);
    assert(!query->has_limit || query->limit > 0);
    assert(query->state < SV_JOB_PURGING);
    assert(query->status <= SV_UNDELIVERABLE);
    assert(query->reason == SV_JOB_ERROR || query->reason < SV_REASON_MAX);
    assert(query->format < SV_JOBS_FORMATS);
    assert(query->order <= 1);
    assert(query->events <= 0x0f);
    assert(query->email_len <= SV_PARAMS_EMAIL_MAX);
    assert(sv_utf8_valid(query->email, query->email_len));

    if (query->has_cursor) {
        check_cursor(query);
    }
}


static void
check_text(const char *text, size_t size)
{
    size_t  i, len;

    len = strnlen(text, size);
    assert(len < size);
    assert(sv_utf8_valid((const unsigned char *) text, len));

    for (i = 0; i < len; i++) {
        assert((unsigned char) text[i] >= ' ');
    }
}


static void
check_cursor(const sv_jobs_query_t *query)
{
    char                     text[8 + SV_JOBS_CURSOR_LEN];
    static sv_jobs_query_t   again;

    if (sv_jobs_query_is_id((const unsigned char *) query->after,
                            strlen(query->after)))
    {
        return;
    }

    assert(query->cursor <= INT64_MAX);

    memcpy(text, "cursor=", 7);
    sv_jobs_cursor(text + 7, query->after[0] == 'd', query->cursor);

    memset(&again, 0, sizeof(sv_jobs_query_t));

    assert(sv_jobs_query((unsigned char *) text, strlen(text), &again)
           == SV_PARAMS_OK);
    assert(again.cursor == query->cursor
           && again.after[0] == query->after[0]);
}
