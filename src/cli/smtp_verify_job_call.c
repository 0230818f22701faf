
/* Jobs: requests about one, and what the answers say. */


#include <stdlib.h>
#include <time.h>

#include "smtp_verify_job.h"


static void sv_client_job_counts(const cJSON *root, sv_client_progress_t *p);


const char *
sv_client_job_id(char *word)
{
    char    *p;
    size_t   n;

    p = strrchr(word, '/');
    p = p ? p + 1 : word;

    n = strspn(p, "0123456789abcdefghijklmnopqrstuvwxyz");

    return n && n < SV_CLIENT_JOB_ID && p[n] == '\0' ? p : NULL;
}


char *
sv_client_job_url(const sv_client_options_t *options, const char *id,
    const char *name)
{
    char                 path[128];
    sv_client_options_t  plain;

    snprintf(path, sizeof(path), "jobs%s%s%s%s", id ? "/" : "", id ? id : "",
             name ? "/" : "", name ? name : "");

    memset(&plain, 0, sizeof(sv_client_options_t));
    plain.url = options->url;

    return sv_client_url(&plain, path, NULL, NULL);
}


int
sv_client_job_call(const sv_client_options_t *options,
    sv_client_request_t *req, cJSON **root)
{
    int                  rc;
    sv_client_result_t  *result;

    *root = NULL;

    result = malloc(sizeof(sv_client_result_t));

    if (result == NULL || req->url == NULL) {
        snprintf(req->detail, SV_CLIENT_DETAIL, "out of memory");
        fprintf(stderr, "smtp-verify: %s\n", req->detail);
        free(result);
        return SV_CLIENT_FAILED;
    }

    result->len = 0;

    req->accept = "application/json";
    req->write = sv_client_keep;
    req->data = result;

    if (req->method == NULL && req->type == NULL) {
        req->method = "GET";
    }

    rc = sv_client_request(options, req);

    if (rc != 0 || !sv_client_good(req)) {

        rc = (req->status < 400 || req->status >= 500 || req->status == 408
              || req->status == 429
              || strcmp(req->code, "still_uploading") == 0)
             ? SV_CLIENT_LATER : SV_CLIENT_FAILED;

        goto done;
    }

    result->text[result->len] = '\0';

    *root = result->len ? cJSON_Parse(result->text) : cJSON_CreateNull();

    if (*root) {
        rc = -1;

    } else {
        snprintf(req->detail, SV_CLIENT_DETAIL,
                 "%s does not answer as a location of jobs", req->url);
        rc = SV_CLIENT_FAILED;
    }

done:

    if (rc != -1 && !req->again) {
        fprintf(stderr, "smtp-verify: %s\n", req->detail);
    }

    free(result);

    return rc;
}


int
sv_client_job_ask(const sv_client_options_t *options,
    sv_client_request_t *req, sv_client_progress_t *p, cJSON **root)
{
    int       rc;
    unsigned  tries;

    req->again = 1;

    for (tries = 1; /* void */ ; tries++) {
        rc = sv_client_job_call(options, req, root);

        if (rc == -1) {
            return -1;
        }

        if (req->url == NULL || (sv_client_good(req) && *root == NULL)) {
            sv_client_progress_clear(p);
            fprintf(stderr, "smtp-verify: %s\n", req->detail);
            return rc;
        }

        rc = sv_client_again(req, p, tries);

        if (rc != -1) {
            return rc;
        }
    }
}


int
sv_client_job_get(const sv_client_options_t *options, const char *id,
    sv_client_job_t *job, sv_client_progress_t *p)
{
    int                  rc;
    cJSON               *root;
    sv_client_request_t  req;

    memset(&req, 0, sizeof(sv_client_request_t));

    req.url = sv_client_job_url(options, id, NULL);

    rc = sv_client_job_ask(options, &req, p, &root);

    if (rc == -1 && sv_client_job_read(job, root, p) != 0) {
        sv_client_progress_clear(p);
        fprintf(stderr, "smtp-verify: %s does not answer as a job\n", req.url);
        rc = SV_CLIENT_FAILED;
    }

    cJSON_Delete(root);
    free((char *) req.url);

    return rc;
}


int
sv_client_job_read(sv_client_job_t *job, const cJSON *root,
    sv_client_progress_t *p)
{
    int64_t  end;

    memset(job, 0, sizeof(sv_client_job_t));

    snprintf(job->id, sizeof(job->id), "%s", sv_client_job_text(root, "id"));
    snprintf(job->state, sizeof(job->state), "%s",
             sv_client_job_text(root, "state"));
    snprintf(job->error, sizeof(job->error), "%s",
             sv_client_job_text(root, "error"));

    if (job->state[0] == '\0' || sv_client_job_id(job->id) == NULL) {
        return -1;
    }

    job->records = sv_client_job_number(root, "records");
    job->waiting = sv_client_job_number(root, "waiting");
    job->waiting_until = sv_client_job_time(root, "waiting_until");

    if (p == NULL) {
        return 0;
    }

    sv_client_job_counts(root, p);

    end = sv_client_job_time(root, "estimated_end");

    p->total = job->records;
    p->rate = sv_client_job_number(root, "rate") / 3600.0;
    p->left = end > (int64_t) time(NULL) ? end - (int64_t) time(NULL) : 0;

    return 0;
}


static void
sv_client_job_counts(const cJSON *root, sv_client_progress_t *p)
{
    int           i;
    const cJSON  *counts;

    counts = cJSON_GetObjectItemCaseSensitive(root, "status");

    for (i = 0; i < SV_CLIENT_STATUSES; i++) {
        p->statuses[i] = sv_client_status_name(i)
                         ? sv_client_job_number(counts,
                                                sv_client_status_name(i))
                         : 0;
    }

    p->errors = sv_client_job_number(root, "errors");
    p->done = sv_client_job_number(root, "answered") + p->errors;
}


int
sv_client_job_end(const sv_client_job_t *job)
{
    if (strcmp(job->state, "completed") == 0) {
        return 0;
    }

    if (strcmp(job->state, "cancelled") == 0) {
        return SV_CLIENT_CANCELLED;
    }

    return strcmp(job->state, "failed") == 0 ? SV_CLIENT_FAILED : -1;
}


const char *
sv_client_job_text(const cJSON *root, const char *name)
{
    char  *text;

    text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, name));

    if (text == NULL) {
        return "";
    }

    sv_client_printable(text);

    return text;
}


uint64_t
sv_client_job_number(const cJSON *root, const char *name)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(root, name);

    return cJSON_IsNumber(item) && item->valuedouble > 0
           && item->valuedouble < 9007199254740992.0
           ? (uint64_t) item->valuedouble : 0;
}


int64_t
sv_client_job_time(const cJSON *root, const char *name)
{
    struct tm  tm;

    memset(&tm, 0, sizeof(struct tm));

    if (sscanf(sv_client_job_text(root, name), "%4d-%2d-%2dT%2d:%2d:%2d",
               &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min,
               &tm.tm_sec)
        != 6)
    {
        return 0;
    }

    tm.tm_year -= 1900;
    tm.tm_mon--;

    return (int64_t) timegm(&tm);
}
