
/* Jobs: what their commands share. */


#ifndef _SMTP_VERIFY_JOB_H_INCLUDED_
#define _SMTP_VERIFY_JOB_H_INCLUDED_


#include <cjson/cJSON.h>

#include "smtp_verify.h"


#define SV_CLIENT_JOB_ID     64
#define SV_CLIENT_JOB_WORDS  64


/* what the server says of a job */

typedef struct {
    char                    id[SV_CLIENT_JOB_ID];
    char                    state[SV_CLIENT_JOB_WORDS];
    char                    error[SV_CLIENT_DETAIL];
    uint64_t                records;
    uint64_t                waiting;
    int64_t                 waiting_until;      /* 0: it is not known */
} sv_client_job_t;


int sv_client_job_submit(const sv_client_options_t *options,
    const char *name);
int sv_client_job_watch(const sv_client_options_t *options, const char *id);
int sv_client_job_results(const sv_client_options_t *options,
    const char *id);

/* The id of a job, or of its URL, which is changed; NULL: it is none. */
const char *sv_client_job_id(char *word);
/* URL/jobs/ID/name?, to be freed; id, name: or NULL */
char *sv_client_job_url(const sv_client_options_t *options, const char *id,
    const char *name);

/* One request, whose answer is JSON.  -1: *root is to be freed; else an exit
   code, and a message was printed.  sv_client_job_ask() asks again if the
   server does not answer, and clears the line of the progress before it says
   something. */
int sv_client_job_call(const sv_client_options_t *options,
    sv_client_request_t *req, cJSON **root);
int sv_client_job_ask(const sv_client_options_t *options,
    sv_client_request_t *req, sv_client_progress_t *p, cJSON **root);

/* -1: that is no job; p: or NULL */
int sv_client_job_read(sv_client_job_t *job, const cJSON *root,
    sv_client_progress_t *p);
/* what is asked of the job; an exit code, -1: *job is there */
int sv_client_job_get(const sv_client_options_t *options, const char *id,
    sv_client_job_t *job, sv_client_progress_t *p);

/* an exit code; -1: the job has not ended */
int sv_client_job_end(const sv_client_job_t *job);
/* printable, "" if it is not there */
const char *sv_client_job_text(const cJSON *root, const char *name);
uint64_t sv_client_job_number(const cJSON *root, const char *name);
/* s since 1970; 0: there is none */
int64_t sv_client_job_time(const cJSON *root, const char *name);


#endif /* _SMTP_VERIFY_JOB_H_INCLUDED_ */
