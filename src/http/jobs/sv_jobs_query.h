
/*
 * The parameters of requests for jobs: of a query string, and of the JSON
 * object that changes a job.  Plain C over bytes, so that it can be unit-tested
 * and fuzzed alone.
 */


#ifndef _SV_JOBS_QUERY_H_INCLUDED_
#define _SV_JOBS_QUERY_H_INCLUDED_


#include <stdint.h>

#include "sv_catalog.h"
#include "sv_hook.h"
#include "sv_params.h"


#define SV_JOBS_RETENTION_MAX  (366 * 86400)    /* s */
#define SV_JOBS_WAIT_MAX       (30 * 86400)     /* s */
#define SV_JOBS_SAMPLE_MAX     1000000
#define SV_JOBS_PAGE_MAX       200              /* jobs in a page of the list */


typedef enum {
    SV_JOBS_NDJSON = 0,
    SV_JOBS_CSV,
    SV_JOBS_JSON,
    SV_JOBS_FORMATS
} sv_jobs_format_e;


typedef struct {
    /* of a new job, or of its change */
    unsigned        has_name:1;
    unsigned        has_retention:1;
    unsigned        has_wait:1;
    unsigned        has_webhook:1;
    unsigned        has_events:1;
    unsigned        has_sample:1;
    unsigned        has_smtp:1;
    unsigned        smtp:1;
    char            name[SV_CATALOG_NAME];
    char            webhook[SV_CATALOG_URL];
    unsigned        events;
    int64_t         retention;          /* s */
    int64_t         wait;               /* s */
    uint64_t        sample;

    /* of what is to be shown, or of the change */
    unsigned        has_state:1;
    unsigned        has_status:1;
    unsigned        has_reason:1;
    unsigned        has_order:1;
    unsigned        has_format:1;
    unsigned        has_limit:1;
    unsigned        has_cursor:1;
    unsigned        has_email:1;
    sv_job_state_e  state;
    unsigned        status;
    unsigned        reason;             /* 0xffff: errors */
    unsigned        order;              /* 0: input, 1: done */
    sv_jobs_format_e  format;
    uint64_t        limit;
    uint64_t        cursor;             /* of results */
    char            after[SV_JOBS_ID_LEN + 1];  /* cursor of jobs */
    size_t          email_len;
    unsigned char   email[SV_PARAMS_EMAIL_MAX];

    char            error[160];         /* a sentence for people, ASCII */
} sv_jobs_query_t;


/* *query must be zeroed before the first call.  Unknown names are ignored, and
   a name that is given twice is an error, in either function. */
sv_params_status_e sv_jobs_query(const unsigned char *data, size_t len,
    sv_jobs_query_t *query);
sv_params_status_e sv_jobs_patch(const unsigned char *data, size_t len,
    sv_jobs_query_t *query);

/* sets one parameter, and the error if it is wrong; SV_PARAMS_OK for a name
   that is unknown */
sv_params_status_e sv_jobs_query_set(sv_jobs_query_t *query,
    const sv_str_t *name, const sv_str_t *value);

const char *sv_job_state_name(sv_job_state_e state);
int sv_jobs_query_is_id(const unsigned char *data, size_t len);

/* Writes a cursor of results as text, which ends with a NUL. */
#define SV_JOBS_CURSOR_LEN  24
void sv_jobs_cursor(char *text, unsigned order, uint64_t cursor);


#endif /* _SV_JOBS_QUERY_H_INCLUDED_ */
