
/* A list is handed over as a job.  The same list is the same job, so that the
   request can be sent again where the answer did not come. */


#include <stdlib.h>

#include <openssl/evp.h>

#include "smtp_verify_job.h"


#define SV_CLIENT_KEY  80


static char *sv_client_submit_url(const sv_client_options_t *options,
    const sv_client_input_t *in);
static int sv_client_submit_key(const char *url, const char *type,
    const sv_client_input_t *in, char *key);
static int sv_client_submit_send(const sv_client_options_t *options,
    sv_client_request_t *req);
static int sv_client_submit_then(const sv_client_options_t *options,
    const char *id);


int
sv_client_job_submit(const sv_client_options_t *options, const char *name)
{
    int                  rc;
    char                *url, key[SV_CLIENT_KEY];
    sv_client_input_t    in;
    sv_client_request_t  req;

    if (options->output && sv_client_same(options->output, name)) {
        fprintf(stderr, "smtp-verify: the output is the list itself\n");
        return SV_CLIENT_USAGE;
    }

    rc = SV_CLIENT_FAILED;
    url = NULL;

    if (sv_client_input_open(&in, name, options) != 0) {
        goto done;
    }

    memset(&req, 0, sizeof(sv_client_request_t));

    url = sv_client_submit_url(options, &in);

    req.url = url;
    req.type = in.format == SV_RECORDS_JSON ? "application/json" : in.type;
    req.body = in.data;
    req.length = in.len;
    req.key = options->key;

    if (url == NULL
        || (req.key == NULL
            && sv_client_submit_key(url, req.type, &in, key) != 0))
    {
        fprintf(stderr, "smtp-verify: out of memory\n");
        goto done;
    }

    if (req.key == NULL) {
        req.key = key;
    }

    rc = sv_client_submit_send(options, &req);

done:

    free(url);
    sv_client_input_close(&in);

    return rc;
}


static char *
sv_client_submit_url(const sv_client_options_t *options,
    const sv_client_input_t *in)
{
    char  *url;

    url = sv_client_url(options, "jobs", in, NULL);

    if (url == NULL
        || sv_client_url_add(&url, "name", options->name) != 0
        || sv_client_url_add(&url, "retention", options->retention) != 0
        || sv_client_url_add(&url, "sample", options->sample) != 0
        || sv_client_url_add(&url, "webhook", options->webhook) != 0
        || sv_client_url_add(&url, "webhook_events", options->events) != 0)
    {
        return NULL;
    }

    return url;
}


/* of all that makes the job, but not of where the server is */

static int
sv_client_submit_key(const char *url, const char *type,
    const sv_client_input_t *in, char *key)
{
    size_t          i, n;
    unsigned        len;
    EVP_MD_CTX     *md;
    unsigned char   hash[EVP_MAX_MD_SIZE];

    url = strchr(url, '?');
    md = EVP_MD_CTX_new();

    if (url == NULL || md == NULL
        || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1
        || EVP_DigestUpdate(md, url, strlen(url) + 1) != 1
        || EVP_DigestUpdate(md, type, strlen(type) + 1) != 1
        || EVP_DigestUpdate(md, in->data, in->len) != 1
        || EVP_DigestFinal_ex(md, hash, &len) != 1)
    {
        EVP_MD_CTX_free(md);
        return -1;
    }

    EVP_MD_CTX_free(md);

    n = snprintf(key, SV_CLIENT_KEY, "list-");

    for (i = 0; i < len && n + 2 < SV_CLIENT_KEY; i++) {
        n += snprintf(key + n, SV_CLIENT_KEY - n, "%02x", hash[i]);
    }

    return 0;
}


static int
sv_client_submit_send(const sv_client_options_t *options,
    sv_client_request_t *req)
{
    int                    rc;
    cJSON                 *root;
    sv_client_job_t        job;
    sv_client_progress_t   p;

    memset(&p, 0, sizeof(sv_client_progress_t));

    rc = sv_client_job_ask(options, req, &p, &root);

    if (rc != -1) {
        return rc;
    }

    rc = sv_client_job_read(&job, root, &p);
    cJSON_Delete(root);

    if (rc != 0) {
        fprintf(stderr, "smtp-verify: %s does not answer as a location of "
                "jobs\n", req->url);
        return SV_CLIENT_FAILED;
    }

    printf("%s\n", job.id);
    (void) fflush(stdout);

    if (!options->quiet) {
        fprintf(stderr, "%s/jobs/%s is %s, %llu of %llu\n", options->url,
                job.id, job.state, (unsigned long long) p.done,
                (unsigned long long) p.total);
    }

    return options->watch ? sv_client_submit_then(options, job.id) : 0;
}


/* --watch, and the results where there is a file for them */

static int
sv_client_submit_then(const sv_client_options_t *options, const char *id)
{
    int  rc;

    rc = sv_client_job_watch(options, id);

    if (options->output && (rc == 0 || rc == SV_CLIENT_CANCELLED)) {
        rc = sv_client_job_results(options, id);
    }

    return rc;
}
