
/* One request, by libcurl. */


#include <stdlib.h>

#include <cjson/cJSON.h>

#include "smtp_verify.h"
#include "sv_version.h"


#define SV_CLIENT_PROBLEM  8192     /* of an answer that is none of 200 */
#define SV_CLIENT_STALL    120      /* s without a byte; heartbeats are sent */


typedef struct {
    CURL                       *curl;
    sv_client_request_t        *req;
    size_t                      len;
    char                        problem[SV_CLIENT_PROBLEM];
} sv_client_transfer_t;


static struct curl_slist *sv_client_headers(
    const sv_client_options_t *options, const sv_client_request_t *req);
static struct curl_slist *sv_client_header(struct curl_slist *list,
    const char *name, const char *value);
static void sv_client_setup(CURL *curl, const sv_client_options_t *options,
    sv_client_transfer_t *t, struct curl_slist *headers);
static size_t sv_client_read(char *buf, size_t size, size_t n, void *data);
static size_t sv_client_write(char *buf, size_t size, size_t n, void *data);
static int sv_client_turn(void *data, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow);
static void sv_client_problem(sv_client_request_t *req, const char *text,
    size_t len);


int
sv_client_request(const sv_client_options_t *options,
    sv_client_request_t *req)
{
    CURLcode               rc;
    curl_off_t             after;
    struct curl_slist     *headers;
    sv_client_transfer_t   t;

    req->status = 0;
    req->retry_after = 0;
    req->code[0] = '\0';
    req->detail[0] = '\0';

    memset(&t, 0, sizeof(sv_client_transfer_t));

    t.req = req;
    t.curl = curl_easy_init();
    headers = sv_client_headers(options, req);

    if (t.curl == NULL || headers == NULL) {
        snprintf(req->detail, SV_CLIENT_DETAIL, "out of memory");
        curl_slist_free_all(headers);
        curl_easy_cleanup(t.curl);
        return -1;
    }

    sv_client_setup(t.curl, options, &t, headers);

    rc = curl_easy_perform(t.curl);

    (void) curl_easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &req->status);

    after = 0;
    (void) curl_easy_getinfo(t.curl, CURLINFO_RETRY_AFTER, &after);
    req->retry_after = (long) after;

    if (rc != CURLE_OK) {
        snprintf(req->detail, SV_CLIENT_DETAIL, "%s", curl_easy_strerror(rc));

    } else if (!sv_client_good(req)) {
        sv_client_problem(req, t.problem, t.len);
    }

    curl_slist_free_all(headers);
    curl_easy_cleanup(t.curl);

    return rc == CURLE_OK ? 0 : -1;
}


static struct curl_slist *
sv_client_headers(const sv_client_options_t *options,
    const sv_client_request_t *req)
{
    struct curl_slist  *list;

    list = sv_client_header(NULL, "Accept: ", req->accept);

    if (list && req->type) {
        list = sv_client_header(list, "Content-Type: ", req->type);
    }

    if (list && req->key) {
        list = sv_client_header(list, "Idempotency-Key: ", req->key);
    }

    /* an answer to a list comes while it is sent: nothing is waited for */

    if (list) {
        list = sv_client_header(list, "Expect:", "");
    }

    if (list && req->read) {
        list = sv_client_header(list, "Transfer-Encoding: ", "chunked");
    }

    if (list && options->token) {
        list = sv_client_header(list, "Authorization: Bearer ",
                                options->token);
    }

    return list;
}


static struct curl_slist *
sv_client_header(struct curl_slist *list, const char *name, const char *value)
{
    char                text[512];
    struct curl_slist  *more;

    snprintf(text, sizeof(text), "%s%s", name, value);

    more = curl_slist_append(list, text);

    if (more == NULL) {
        curl_slist_free_all(list);
    }

    return more;
}


static void
sv_client_setup(CURL *curl, const sv_client_options_t *options,
    sv_client_transfer_t *t, struct curl_slist *headers)
{
    (void) curl_easy_setopt(curl, CURLOPT_URL, t->req->url);
    (void) curl_easy_setopt(curl, CURLOPT_USERAGENT,
                            "smtp-verify/" SV_VERSION);
    (void) curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void) curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 15L);
    (void) curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void) curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                            (long) SV_CLIENT_STALL);

    if (t->req->type) {
        (void) curl_easy_setopt(curl, CURLOPT_POST, 1L);
    }

    if (t->req->method) {
        (void) curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, t->req->method);
    }

    if (t->req->body) {
        (void) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, t->req->body);

        if (t->req->length) {
            (void) curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                                    (curl_off_t) t->req->length);
        }

    } else if (t->req->read) {
        (void) curl_easy_setopt(curl, CURLOPT_READFUNCTION, sv_client_read);
        (void) curl_easy_setopt(curl, CURLOPT_READDATA, t);
    }

    (void) curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, sv_client_write);
    (void) curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    (void) curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    (void) curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, sv_client_turn);

    if (options->cacert) {
        (void) curl_easy_setopt(curl, CURLOPT_CAINFO, options->cacert);
    }
}


static size_t
sv_client_read(char *buf, size_t size, size_t n, void *data)
{
    sv_client_transfer_t  *t = data;

    return t->req->read(t->req->data, buf, size * n);
}


static size_t
sv_client_write(char *buf, size_t size, size_t n, void *data)
{
    size_t                 len;
    sv_client_transfer_t  *t = data;

    n *= size;

    if (t->req->status == 0) {
        (void) curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE,
                                 &t->req->status);
    }

    if (sv_client_good(t->req)) {
        return t->req->write(t->req->data, buf, n) == 0 ? n : 0;
    }

    len = SV_CLIENT_PROBLEM - t->len < n ? SV_CLIENT_PROBLEM - t->len : n;

    memcpy(t->problem + t->len, buf, len);
    t->len += len;

    return n;
}


static int
sv_client_turn(void *data, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
    (void) data;
    (void) dltotal;
    (void) dlnow;
    (void) ultotal;
    (void) ulnow;

    return sv_client_stopped;
}


/* RFC 9457; a proxy in between says what it likes */

static void
sv_client_problem(sv_client_request_t *req, const char *text, size_t len)
{
    cJSON        *root;
    const cJSON  *code, *detail;

    root = cJSON_ParseWithLength(text, len);
    code = cJSON_GetObjectItemCaseSensitive(root, "code");
    detail = cJSON_GetObjectItemCaseSensitive(root, "detail");

    if (cJSON_IsString(code)) {
        snprintf(req->code, sizeof(req->code), "%s", code->valuestring);
    }

    if (cJSON_IsString(detail)) {
        snprintf(req->detail, SV_CLIENT_DETAIL, "%s", detail->valuestring);

    } else {
        snprintf(req->detail, SV_CLIENT_DETAIL, "%s answered %ld%s", req->url,
                 req->status,
                 req->status == 404 ? ": the API is not there, see --url" : "");
    }

    sv_client_printable(req->detail);
    cJSON_Delete(root);
}


char *
sv_client_url(const sv_client_options_t *options, const char *name,
    const sv_client_input_t *in, const char *format)
{
    char    *url, column[16], delimiter[2];
    size_t   len;

    len = strlen(options->url) + strlen(name) + 3;

    url = malloc(len);
    if (url == NULL) {
        return NULL;
    }

    snprintf(url, len, "%s/%s?", options->url, name);

    if (sv_client_url_add(&url, "smtp", options->no_smtp ? "0" : NULL) != 0
        || sv_client_url_add(&url, "wait", options->wait) != 0
        || sv_client_url_add(&url, "format", format) != 0)
    {
        return NULL;
    }

    if (in == NULL || in->format != SV_RECORDS_CSV) {
        return url;
    }

    snprintf(column, sizeof(column), "%u", in->column);

    delimiter[0] = (char) in->delimiter;
    delimiter[1] = '\0';

    if (sv_client_url_add(&url, "column", column) != 0
        || sv_client_url_add(&url, "delimiter", delimiter) != 0)
    {
        return NULL;
    }

    return url;
}


int
sv_client_url_add(char **url, const char *name, const char *value)
{
    char    *more, *escaped;
    size_t   len;

    if (value == NULL) {
        return 0;
    }

    escaped = curl_easy_escape(NULL, value, 0);
    len = strlen(*url) + strlen(name) + (escaped ? strlen(escaped) : 0) + 3;
    more = escaped ? malloc(len) : NULL;

    if (more) {
        snprintf(more, len, "%s%s%s=%s", *url,
                 (*url)[strlen(*url) - 1] == '?' ? "" : "&", name, escaped);
    }

    curl_free(escaped);
    free(*url);
    *url = more;

    return more ? 0 : -1;
}
