
/* Addresses on the command line: a request each, a line each. */


#include <stdlib.h>

#include <cjson/cJSON.h>

#include "smtp_verify.h"


static int sv_client_address(const sv_client_options_t *options,
    sv_client_request_t *req, sv_client_result_t *result, const char *email);
static int sv_client_print(const char *email, const char *text);
static char *sv_client_string(const cJSON *root, const char *name);
static int sv_client_worse(int one, int other);


int
sv_client_one(const sv_client_options_t *options, char **emails, int n)
{
    int                  i, rc, worst;
    char                *url;
    sv_client_result_t  *result;
    sv_client_request_t  req;

    memset(&req, 0, sizeof(sv_client_request_t));

    url = sv_client_url(options, "verify", NULL, NULL);
    result = malloc(sizeof(sv_client_result_t));

    if (url == NULL || result == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        free(url);
        free(result);
        return SV_CLIENT_FAILED;
    }

    req.url = url;
    req.type = "application/x-www-form-urlencoded";
    req.accept = "application/json";
    req.write = sv_client_keep;
    req.data = result;

    worst = SV_CLIENT_DELIVERABLE;

    for (i = 0; i < n && !sv_client_stopped; i++) {
        rc = sv_client_address(options, &req, result, emails[i]);
        worst = sv_client_worse(worst, rc);
    }

    free(url);
    free(result);

    return i == n ? worst : SV_CLIENT_LATER;
}


static int
sv_client_address(const sv_client_options_t *options,
    sv_client_request_t *req, sv_client_result_t *result, const char *email)
{
    int     rc;
    char   *escaped, *body;
    size_t  len;

    escaped = curl_easy_escape(NULL, email, 0);
    len = escaped ? strlen(escaped) + sizeof("email=") : 0;
    body = escaped ? malloc(len) : NULL;

    if (body == NULL) {
        curl_free(escaped);
        fprintf(stderr, "smtp-verify: out of memory\n");
        return SV_CLIENT_FAILED;
    }

    snprintf(body, len, "email=%s", escaped);
    curl_free(escaped);

    req->body = body;
    result->len = 0;

    rc = sv_client_request(options, req);

    free(body);

    if (rc != 0 || req->status != 200) {
        fprintf(stderr, "%s: %s\n", email, req->detail);

        return (req->status == 0 || req->status == 429 || req->status == 503)
               ? SV_CLIENT_LATER : SV_CLIENT_FAILED;
    }

    result->text[result->len] = '\0';

    if (options->json) {
        printf("%s\n", result->text);
        return sv_client_print(NULL, result->text);
    }

    return sv_client_print(email, result->text);
}


int
sv_client_keep(void *data, const char *buf, size_t len)
{
    sv_client_result_t  *result = data;

    if (len > SV_CLIENT_RESULT - result->len) {
        return -1;
    }

    memcpy(result->text + result->len, buf, len);
    result->len += len;

    return 0;
}


static int
sv_client_print(const char *email, const char *text)
{
    int          status;
    cJSON       *root;
    const char  *word, *meant;

    root = cJSON_Parse(text);
    word = sv_client_string(root, "status");
    status = word ? sv_client_status(word, strlen(word)) : -1;

    if (status == -1) {
        fprintf(stderr, "smtp-verify: the answer is not a result\n");
        cJSON_Delete(root);
        return SV_CLIENT_FAILED;
    }

    if (email) {
        printf("%s: %s", email, word);

        word = sv_client_string(root, "reason");
        if (word) {
            printf(", %s", word);
        }

        meant = sv_client_string(root, "did_you_mean");
        if (meant) {
            printf(" (did you mean %s?)", meant);
        }

        printf("\n");
    }

    cJSON_Delete(root);

    return status;
}


static char *
sv_client_string(const cJSON *root, const char *name)
{
    char  *text;

    text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, name));

    if (text) {
        sv_client_printable(text);
    }

    return text;
}


/* that one could not be asked, then what is worst for who would send */

static int
sv_client_worse(int one, int other)
{
    /* deliverable, risky, unknown, undeliverable, later, failed */

    static const int  order[] = { 0, 3, 0, 1, 2, 5, 4 };

    return order[one] > order[other] ? one : other;
}


int
sv_client_status(const char *name, size_t len)
{
    int          i;
    const char  *word;

    for (i = 0; i <= SV_CLIENT_UNKNOWN; i++) {
        word = sv_client_status_name(i);

        if (word && strlen(word) == len && memcmp(word, name, len) == 0) {
            return i;
        }
    }

    return -1;
}


const char *
sv_client_status_name(int status)
{
    switch (status) {
    case SV_CLIENT_DELIVERABLE:    return "deliverable";
    case SV_CLIENT_UNDELIVERABLE:  return "undeliverable";
    case SV_CLIENT_RISKY:          return "risky";
    case SV_CLIENT_UNKNOWN:        return "unknown";
    default:                       return NULL;
    }
}
