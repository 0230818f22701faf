
#include <stdarg.h>
#include <stdio.h>

#include "sv_jobs_query.h"
#include "sv_job.h"
#include "sv_params_set.h"
#include "sv_utf8.h"
#include "sv_verdict.h"


#define SV_JOBS_QUERY_NAME  20


typedef sv_params_status_e (*sv_jobs_query_set_pt)(sv_jobs_query_t *query,
    const sv_str_t *value);


typedef struct {
    const char            *name;
    sv_jobs_query_set_pt   set;
} sv_jobs_query_param_t;


static sv_params_status_e sv_jobs_set_name(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_retention(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_wait(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_webhook(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_events(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_sample(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_smtp(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_state(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_status(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_reason(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_order(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_format(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_limit(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_cursor(sv_jobs_query_t *query,
    const sv_str_t *value);
static sv_params_status_e sv_jobs_set_email(sv_jobs_query_t *query,
    const sv_str_t *value);
static int sv_jobs_number(const sv_str_t *value, uint64_t max, uint64_t *n);
static int sv_jobs_seconds(const sv_str_t *value, int64_t max, int64_t *n);
static int sv_jobs_text(const sv_str_t *value, char *dst, size_t size);
static int sv_jobs_is(const sv_str_t *value, const char *word);
static sv_params_status_e sv_jobs_wrong(sv_jobs_query_t *query,
    const char *error);
static sv_params_status_e sv_jobs_twice(sv_jobs_query_t *query,
    const char *name);


static const sv_jobs_query_param_t  sv_jobs_query_params[] = {
    { "name", sv_jobs_set_name },
    { "retention", sv_jobs_set_retention },
    { "wait", sv_jobs_set_wait },
    { "webhook", sv_jobs_set_webhook },
    { "webhook_events", sv_jobs_set_events },
    { "sample", sv_jobs_set_sample },
    { "smtp", sv_jobs_set_smtp },
    { "state", sv_jobs_set_state },
    { "status", sv_jobs_set_status },
    { "reason", sv_jobs_set_reason },
    { "order", sv_jobs_set_order },
    { "format", sv_jobs_set_format },
    { "limit", sv_jobs_set_limit },
    { "cursor", sv_jobs_set_cursor },
    { "email", sv_jobs_set_email },
    { NULL, NULL }
};


static const char  *sv_job_states[] = {
    "uploading", "queued", "running", "paused", "completed", "cancelled",
    "failed"
};


sv_params_status_e
sv_jobs_query(const unsigned char *data, size_t len, sv_jobs_query_t *query)
{
    int                   plus;
    sv_str_t              name, value, key, text;
    const unsigned char  *p;
    sv_params_status_e    status;
    unsigned char         key_buf[SV_JOBS_QUERY_NAME];
    unsigned char         text_buf[SV_CATALOG_URL];

    p = data;

    while (sv_params_next(&p, data + len, &name, &value)) {

        key.data = key_buf;
        key.len = sizeof(key_buf);
        text.data = text_buf;
        text.len = sizeof(text_buf);

        if (!sv_params_decode(&name, ' ', key.data, &key.len)) {
            goto broken;
        }

        /* people who type an address into a query string mean a "+" */

        plus = sv_jobs_is(&key, "email") ? '+' : ' ';

        if (!sv_params_decode(&value, plus, text.data, &text.len)) {
            goto broken;
        }

        status = sv_jobs_query_set(query, &key, &text);
        if (status != SV_PARAMS_OK) {
            return status;
        }
    }

    return SV_PARAMS_OK;

broken:

    (void) snprintf(query->error, sizeof(query->error),
                    "A %% must be followed by two hexadecimal digits; %%25 "
                    "stands for the %% itself.");

    return SV_PARAMS_MALFORMED;
}


sv_params_status_e
sv_jobs_query_set(sv_jobs_query_t *query, const sv_str_t *name,
    const sv_str_t *value)
{
    const sv_jobs_query_param_t  *param;

    for (param = sv_jobs_query_params; param->name; param++) {
        if (sv_jobs_is(name, param->name)) {
            return param->set(query, value);
        }
    }

    return SV_PARAMS_OK;
}


static sv_params_status_e
sv_jobs_set_name(sv_jobs_query_t *query, const sv_str_t *value)
{
    if (query->has_name) {
        return sv_jobs_twice(query, "name");
    }

    query->has_name = 1;

    return sv_jobs_text(value, query->name, sizeof(query->name))
           ? SV_PARAMS_OK
           : sv_jobs_wrong(query, "\"name\" must be UTF-8 text of at most 255 "
                           "bytes, without control characters.");
}


static sv_params_status_e
sv_jobs_set_retention(sv_jobs_query_t *query, const sv_str_t *value)
{
    if (query->has_retention) {
        return sv_jobs_twice(query, "retention");
    }

    query->has_retention = 1;

    return sv_jobs_seconds(value, SV_JOBS_RETENTION_MAX, &query->retention)
           && query->retention
           ? SV_PARAMS_OK
           : sv_jobs_wrong(query, "\"retention\" must be a time from 1s to "
                           "366d, such as 86400, 36h or 7d.");
}


static sv_params_status_e
sv_jobs_set_wait(sv_jobs_query_t *query, const sv_str_t *value)
{
    if (query->has_wait) {
        return sv_jobs_twice(query, "wait");
    }

    query->has_wait = 1;

    return sv_jobs_seconds(value, SV_JOBS_WAIT_MAX, &query->wait)
           ? SV_PARAMS_OK
           : sv_jobs_wrong(query, "\"wait\" must be a time of at most 30d, "
                           "such as 86400, 36h or 2d.");
}


static sv_params_status_e
sv_jobs_set_webhook(sv_jobs_query_t *query, const sv_str_t *value)
{
    sv_hook_url_t  url;

    if (query->has_webhook) {
        return sv_jobs_twice(query, "webhook");
    }

    query->has_webhook = 1;

    if (sv_jobs_text(value, query->webhook, sizeof(query->webhook))
        && (value->len == 0 || sv_hook_url(value, &url) == 0))
    {
        return SV_PARAMS_OK;
    }

    return sv_jobs_wrong(query, "\"webhook\" must be an http or https URL of "
                         "at most 2047 bytes in ASCII, without user and "
                         "fragment, and with a port of 80, 443, or 1024 and "
                         "above.");
}


static sv_params_status_e
sv_jobs_set_events(sv_jobs_query_t *query, const sv_str_t *value)
{
    size_t    i;
    unsigned  event;
    sv_str_t  word;

    if (query->has_events) {
        return sv_jobs_twice(query, "webhook_events");
    }

    query->has_events = 1;

    word.data = value->data;

    for (i = 0; i <= value->len; i++) {

        if (i < value->len && value->data[i] != ',') {
            continue;
        }

        word.len = value->data + i - word.data;

        event = sv_hook_event(&word);

        if (event == 0) {
            return sv_jobs_wrong(query, "\"webhook_events\" must be a list of "
                                 "completed, failed, cancelled, expires and "
                                 "progress, with commas.");
        }

        query->events |= event;
        word.data = value->data + i + 1;
    }

    return SV_PARAMS_OK;
}


static sv_params_status_e
sv_jobs_set_sample(sv_jobs_query_t *query, const sv_str_t *value)
{
    if (query->has_sample) {
        return sv_jobs_twice(query, "sample");
    }

    query->has_sample = 1;

    return sv_jobs_number(value, SV_JOBS_SAMPLE_MAX, &query->sample)
           ? SV_PARAMS_OK
           : sv_jobs_wrong(query, "\"sample\" must be a number of records, at "
                           "most 1000000.");
}


static sv_params_status_e
sv_jobs_set_smtp(sv_jobs_query_t *query, const sv_str_t *value)
{
    int  flag;

    if (query->has_smtp) {
        return sv_jobs_twice(query, "smtp");
    }

    query->has_smtp = 1;

    flag = sv_params_flag(value->data, value->len);

    if (flag == -1) {
        return sv_jobs_wrong(query, "\"smtp\" must be true or false (or 1, "
                             "0).");
    }

    query->smtp = flag;

    return SV_PARAMS_OK;
}


static sv_params_status_e
sv_jobs_set_state(sv_jobs_query_t *query, const sv_str_t *value)
{
    unsigned  i;

    if (query->has_state) {
        return sv_jobs_twice(query, "state");
    }

    query->has_state = 1;

    for (i = 0; i < SV_JOB_PURGING; i++) {
        if (sv_jobs_is(value, sv_job_states[i])) {
            query->state = i;
            return SV_PARAMS_OK;
        }
    }

    return sv_jobs_wrong(query, "\"state\" must be uploading, queued, running, "
                         "paused, completed, cancelled or failed.");
}


static sv_params_status_e
sv_jobs_set_status(sv_jobs_query_t *query, const sv_str_t *value)
{
    unsigned  i;

    if (query->has_status) {
        return sv_jobs_twice(query, "status");
    }

    query->has_status = 1;

    for (i = 0; i <= SV_UNDELIVERABLE; i++) {
        if (sv_jobs_is(value, sv_status_name(i))) {
            query->status = i;
            return SV_PARAMS_OK;
        }
    }

    return sv_jobs_wrong(query, "\"status\" must be deliverable, "
                         "undeliverable, risky or unknown.");
}


static sv_params_status_e
sv_jobs_set_reason(sv_jobs_query_t *query, const sv_str_t *value)
{
    if (query->has_reason) {
        return sv_jobs_twice(query, "reason");
    }

    query->has_reason = 1;

    if (sv_jobs_is(value, "error")) {
        query->reason = SV_JOB_ERROR;
        return SV_PARAMS_OK;
    }

    query->reason = sv_reason_by_name((char *) value->data, value->len);

    return query->reason != SV_REASON_NONE
           ? SV_PARAMS_OK
           : sv_jobs_wrong(query, "\"reason\" must be the reason of a result, "
                           "such as mailbox_not_found, or error.");
}


static sv_params_status_e
sv_jobs_set_order(sv_jobs_query_t *query, const sv_str_t *value)
{
    if (query->has_order) {
        return sv_jobs_twice(query, "order");
    }

    query->has_order = 1;
    query->order = sv_jobs_is(value, "done");

    return query->order || sv_jobs_is(value, "input")
           ? SV_PARAMS_OK
           : sv_jobs_wrong(query, "\"order\" must be input or done.");
}


static sv_params_status_e
sv_jobs_set_format(sv_jobs_query_t *query, const sv_str_t *value)
{
    if (query->has_format) {
        return sv_jobs_twice(query, "format");
    }

    query->has_format = 1;

    if (sv_jobs_is(value, "ndjson")) {
        query->format = SV_JOBS_NDJSON;

    } else if (sv_jobs_is(value, "csv")) {
        query->format = SV_JOBS_CSV;

    } else if (sv_jobs_is(value, "json")) {
        query->format = SV_JOBS_JSON;

    } else {
        return sv_jobs_wrong(query, "\"format\" must be ndjson, csv or json.");
    }

    return SV_PARAMS_OK;
}


static sv_params_status_e
sv_jobs_set_limit(sv_jobs_query_t *query, const sv_str_t *value)
{
    if (query->has_limit) {
        return sv_jobs_twice(query, "limit");
    }

    query->has_limit = 1;

    return sv_jobs_number(value, UINT32_MAX, &query->limit) && query->limit
           ? SV_PARAMS_OK
           : sv_jobs_wrong(query, "\"limit\" must be a number from 1 on.");
}


/* The cursor of jobs is the id of one; that of results begins with its
   order. */

static sv_params_status_e
sv_jobs_set_cursor(sv_jobs_query_t *query, const sv_str_t *value)
{
    sv_str_t  number;

    if (query->has_cursor) {
        return sv_jobs_twice(query, "cursor");
    }

    query->has_cursor = 1;

    if (sv_jobs_query_is_id(value->data, value->len)) {
        memcpy(query->after, value->data, SV_JOBS_ID_LEN);
        query->after[SV_JOBS_ID_LEN] = '\0';
        return SV_PARAMS_OK;
    }

    if (value->len >= 2 && (value->data[0] == 'i' || value->data[0] == 'd')) {

        number.data = value->data + 1;
        number.len = value->len - 1;

        if (sv_jobs_number(&number, INT64_MAX, &query->cursor)) {
            query->after[0] = (char) value->data[0];
            return SV_PARAMS_OK;
        }
    }

    return sv_jobs_wrong(query, "\"cursor\" must be what \"next\" of the last "
                         "answer said.");
}


static sv_params_status_e
sv_jobs_set_email(sv_jobs_query_t *query, const sv_str_t *value)
{
    if (query->has_email) {
        return sv_jobs_twice(query, "email");
    }

    query->has_email = 1;

    if (value->len == 0 || value->len > SV_PARAMS_EMAIL_MAX
        || memchr(value->data, '\0', value->len)
        || !sv_utf8_valid(value->data, value->len))
    {
        return sv_jobs_wrong(query, "\"email\" must be an address of at most "
                             "1024 bytes in UTF-8.");
    }

    memcpy(query->email, value->data, value->len);
    query->email_len = value->len;

    return SV_PARAMS_OK;
}


static int
sv_jobs_number(const sv_str_t *value, uint64_t max, uint64_t *n)
{
    size_t    i;
    unsigned  digit;

    *n = 0;

    for (i = 0; i < value->len; i++) {

        if (!sv_is_digit(value->data[i])) {
            return 0;
        }

        digit = value->data[i] - '0';

        if (*n > (max - digit) / 10) {
            return 0;
        }

        *n = *n * 10 + digit;
    }

    return value->len != 0;
}


/* a number of seconds, or one with a unit behind it */

static int
sv_jobs_seconds(const sv_str_t *value, int64_t max, int64_t *n)
{
    uint64_t  unit, number;
    sv_str_t  digits;

    if (value->len == 0) {
        return 0;
    }

    digits = *value;
    unit = 1;

    switch (value->data[value->len - 1]) {

    case 'd':
        unit = 86400;
        break;

    case 'h':
        unit = 3600;
        break;

    case 'm':
        unit = 60;
        break;

    case 's':
        break;

    default:
        digits.len++;
    }

    digits.len--;

    if (!sv_jobs_number(&digits, (uint64_t) max / unit, &number)) {
        return 0;
    }

    *n = (int64_t) (number * unit);

    return 1;
}


/* copies text that may be shown, with a NUL behind it */

static int
sv_jobs_text(const sv_str_t *value, char *dst, size_t size)
{
    size_t  i;

    if (value->len >= size || !sv_utf8_valid(value->data, value->len)) {
        return 0;
    }

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < ' ' || value->data[i] == 0x7f) {
            return 0;
        }
    }

    memcpy(dst, value->data, value->len);
    dst[value->len] = '\0';

    return 1;
}


static int
sv_jobs_is(const sv_str_t *value, const char *word)
{
    return value->len == strlen(word)
           && memcmp(value->data, word, value->len) == 0;
}


static sv_params_status_e
sv_jobs_wrong(sv_jobs_query_t *query, const char *error)
{
    (void) snprintf(query->error, sizeof(query->error), "%s", error);

    return SV_PARAMS_INVALID;
}


static sv_params_status_e
sv_jobs_twice(sv_jobs_query_t *query, const char *name)
{
    (void) snprintf(query->error, sizeof(query->error),
                    "\"%s\" is given twice.", name);

    return SV_PARAMS_MALFORMED;
}


const char *
sv_job_state_name(sv_job_state_e state)
{
    return state < SV_JOB_PURGING ? sv_job_states[state] : "purging";
}


int
sv_jobs_query_is_id(const unsigned char *data, size_t len)
{
    size_t  i;

    if (len != SV_JOBS_ID_LEN) {
        return 0;
    }

    for (i = 0; i < len; i++) {
        if (!sv_is_digit(data[i]) && (data[i] < 'a' || data[i] > 'z')) {
            return 0;
        }
    }

    return 1;
}


void
sv_jobs_cursor(char *text, unsigned order, uint64_t cursor)
{
    (void) snprintf(text, SV_JOBS_CURSOR_LEN, "%c%llu", order ? 'd' : 'i',
                    (unsigned long long) cursor);
}
