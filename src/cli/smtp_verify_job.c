
/* Jobs: what one request does. */


#include <stdlib.h>
#include <time.h>

#include "smtp_verify_job.h"


#define SV_CLIENT_JOB_PAGE  "25"        /* jobs in an answer */


typedef struct {
    const char             *word;
    const char             *state;      /* that a job gets by it */
} sv_client_job_change_t;


static int sv_client_job_is_command(const char *word);
static const char *sv_client_job_needs(const char *word);
static int sv_client_job_change(const sv_client_options_t *options,
    const char *id, const sv_client_job_change_t *change);
static int sv_client_job_delete(const sv_client_options_t *options,
    const char *id);
static int sv_client_job_erase(const sv_client_options_t *options,
    const char *address);
static int sv_client_job_erased(const char *address, const cJSON *root);
static int sv_client_job_show(const sv_client_options_t *options,
    const char *id);
static void sv_client_job_print(const cJSON *root);
static void sv_client_job_print_counts(const cJSON *counts);
static void sv_client_job_print_causes(const cJSON *causes);
static int sv_client_job_list(const sv_client_options_t *options);
static int sv_client_job_page(const sv_client_options_t *options,
    const cJSON *root);
static int sv_client_job_print_json(const cJSON *root);


static const sv_client_job_change_t  sv_client_job_changes[] = {
    { "pause", "paused" },
    { "resume", "running" },
    { "cancel", "cancelled" },
    { NULL, NULL }
};


int
sv_client_job(const sv_client_options_t *options, char **words, int n)
{
    const char                    *id;
    const sv_client_job_change_t  *change;

    if (n && !sv_client_job_is_command(words[0])) {
        sv_client_printable(words[0]);
        fprintf(stderr, "smtp-verify: there is no command \"job %s\"; there "
                "are submit, list, show, watch, results, pause, resume, "
                "cancel, delete and erase\n", words[0]);
        return SV_CLIENT_USAGE;
    }

    if (n == 1 && strcmp(words[0], "list") == 0) {
        return sv_client_job_list(options);
    }

    if (n != 2 || strcmp(words[0], "list") == 0) {
        if (n) {
            fprintf(stderr, "smtp-verify: \"job %s\" needs %s\n", words[0],
                    sv_client_job_needs(words[0]));
        }

        return sv_client_wrong();
    }

    if (strcmp(words[0], "submit") == 0) {
        return sv_client_job_submit(options, words[1]);
    }

    if (strcmp(words[0], "erase") == 0) {
        return sv_client_job_erase(options, words[1]);
    }

    id = sv_client_job_id(words[1]);

    if (id == NULL) {
        fprintf(stderr, "smtp-verify: \"%s\" is not the id of a job\n",
                words[1]);
        return SV_CLIENT_USAGE;
    }

    for (change = sv_client_job_changes; change->word; change++) {
        if (strcmp(words[0], change->word) == 0) {
            return sv_client_job_change(options, id, change);
        }
    }

    if (strcmp(words[0], "show") == 0) {
        return sv_client_job_show(options, id);
    }

    if (strcmp(words[0], "watch") == 0) {
        return sv_client_job_watch(options, id);
    }

    if (strcmp(words[0], "results") == 0) {
        return sv_client_job_results(options, id);
    }

    if (strcmp(words[0], "delete") == 0) {
        return sv_client_job_delete(options, id);
    }

    return sv_client_wrong();
}


static const char *
sv_client_job_needs(const char *word)
{
    if (strcmp(word, "list") == 0) {
        return "no FILE or ID; to verify a list say \"list FILE\" or "
               "\"job submit FILE\"";
    }

    if (strcmp(word, "submit") == 0) {
        return "one FILE";
    }

    return strcmp(word, "erase") == 0
           ? "one ADDRESS" : "one ID, which \"job list\" shows";
}


static int
sv_client_job_is_command(const char *word)
{
    size_t             i;
    static const char *commands[] = {
        "submit", "list", "show", "watch", "results", "pause", "resume",
        "cancel", "delete", "erase"
    };

    for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(word, commands[i]) == 0) {
            return 1;
        }
    }

    return 0;
}


static int
sv_client_job_change(const sv_client_options_t *options, const char *id,
    const sv_client_job_change_t *change)
{
    int                  rc;
    char                 body[64];
    cJSON               *root;
    sv_client_request_t  req;

    memset(&req, 0, sizeof(sv_client_request_t));
    snprintf(body, sizeof(body), "{\"state\":\"%s\"}", change->state);

    req.method = "PATCH";
    req.type = "application/json";
    req.body = body;
    req.url = sv_client_job_url(options, id, NULL);

    rc = sv_client_job_call(options, &req, &root);

    if (rc == -1) {
        printf("%s: %s\n", id, sv_client_job_text(root, "state"));
        cJSON_Delete(root);
        rc = 0;
    }

    free((char *) req.url);

    return rc;
}


static int
sv_client_job_delete(const sv_client_options_t *options, const char *id)
{
    int                  rc;
    cJSON               *root;
    sv_client_request_t  req;

    memset(&req, 0, sizeof(sv_client_request_t));

    req.method = "DELETE";
    req.url = sv_client_job_url(options, id, NULL);

    rc = sv_client_job_call(options, &req, &root);

    if (rc == -1) {
        printf("%s: deleted\n", id);
        cJSON_Delete(root);
        rc = 0;
    }

    free((char *) req.url);

    return rc;
}


/* One person is forgotten.  The address is in the body, so that no log has
   it. */

static int
sv_client_job_erase(const sv_client_options_t *options, const char *address)
{
    int                  rc;
    char                *body;
    cJSON               *root, *email;
    sv_client_request_t  req;

    if (strchr(address, '@') == NULL) {
        fprintf(stderr, "smtp-verify: \"%s\" is not an address\n", address);
        return SV_CLIENT_USAGE;
    }

    memset(&req, 0, sizeof(sv_client_request_t));

    email = cJSON_CreateObject();
    body = cJSON_AddStringToObject(email, "email", address)
           ? cJSON_PrintUnformatted(email) : NULL;
    cJSON_Delete(email);

    if (body == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return SV_CLIENT_FAILED;
    }

    req.method = "DELETE";
    req.type = "application/json";
    req.body = body;
    req.url = sv_client_job_url(options, "addresses", NULL);

    rc = sv_client_job_call(options, &req, &root);

    if (rc == -1) {
        rc = options->json ? sv_client_job_print_json(root)
                           : sv_client_job_erased(address, root);
        cJSON_Delete(root);
    }

    free((char *) req.url);
    cJSON_free(body);

    return rc;
}


static int
sv_client_job_erased(const char *address, const cJSON *root)
{
    const cJSON  *job, *others;

    printf("%s: erased\n", address);

    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "cache"))) {
        printf("cache: yes\n");
    }

    cJSON_ArrayForEach(job, cJSON_GetObjectItemCaseSensitive(root, "jobs")) {
        printf("%s: %llu records\n", sv_client_job_text(job, "id"),
               (unsigned long long) sv_client_job_number(job, "records"));
    }

    others = cJSON_GetObjectItemCaseSensitive(root, "others");

    if (sv_client_job_number(others, "records")) {
        printf("other clients: %llu records in %llu jobs\n",
               (unsigned long long) sv_client_job_number(others, "records"),
               (unsigned long long) sv_client_job_number(others, "jobs"));
    }

    if (sv_client_job_number(root, "not_searched") == 0) {
        return 0;
    }

    fprintf(stderr, "smtp-verify: %llu jobs could not be searched to their "
            "end; try again\n", (unsigned long long)
            sv_client_job_number(root, "not_searched"));

    return SV_CLIENT_LATER;
}


static int
sv_client_job_show(const sv_client_options_t *options, const char *id)
{
    int                  rc;
    cJSON               *root;
    sv_client_request_t  req;

    memset(&req, 0, sizeof(sv_client_request_t));

    req.url = sv_client_job_url(options, id, NULL);

    rc = sv_client_job_call(options, &req, &root);

    if (rc == -1) {
        rc = 0;

        if (options->json) {
            rc = sv_client_job_print_json(root);

        } else {
            sv_client_job_print(root);
        }

        cJSON_Delete(root);
    }

    free((char *) req.url);

    return rc;
}


/* a line for each member that says something */

static void
sv_client_job_print(const cJSON *root)
{
    const cJSON  *item;

    cJSON_ArrayForEach(item, root) {

        if (cJSON_IsString(item)) {
            sv_client_printable(item->valuestring);
            printf("%s: %s\n", item->string, item->valuestring);

        } else if (cJSON_IsNumber(item)) {
            printf("%s: %.0f\n", item->string, item->valuedouble);

        } else if (cJSON_IsBool(item)) {
            printf("%s: %s\n", item->string,
                   cJSON_IsTrue(item) ? "yes" : "no");

        } else if (strcmp(item->string, "status") == 0
                   || strcmp(item->string, "reason") == 0)
        {
            sv_client_job_print_counts(item);

        } else if (strcmp(item->string, "waiting_for") == 0) {
            sv_client_job_print_causes(item);
        }
    }
}


static void
sv_client_job_print_counts(const cJSON *counts)
{
    unsigned      n;
    const cJSON  *count;

    n = 0;

    cJSON_ArrayForEach(count, counts) {
        if (count->valuedouble > 0) {
            sv_client_printable(count->string);
            printf("%s%.0f %s", n++ ? ", " : counts->string[0] == 's'
                   ? "status: " : "reason: ",
                   count->valuedouble, count->string);
        }
    }

    if (n) {
        printf("\n");
    }
}


/* why records wait, which nothing else of a job tells */

static void
sv_client_job_print_causes(const cJSON *causes)
{
    const char   *until, *detail;
    const cJSON  *cause;

    cJSON_ArrayForEach(cause, causes) {
        until = sv_client_job_text(cause, "until");
        detail = sv_client_job_text(cause, "detail");

        printf("waiting_for: %llu %s%s%s%s%s\n", (unsigned long long)
               sv_client_job_number(cause, "count"),
               sv_client_job_text(cause, "reason"),
               until[0] ? " until " : "", until,
               detail[0] ? ": " : "", detail);
    }
}


static int
sv_client_job_list(const sv_client_options_t *options)
{
    int                  rc;
    char                *url, cursor[SV_CLIENT_CURSOR];
    cJSON               *root;
    sv_client_request_t  req;

    cursor[0] = '\0';

    do {
        memset(&req, 0, sizeof(sv_client_request_t));

        url = sv_client_job_url(options, NULL, NULL);

        if (url && sv_client_url_add(&url, "limit", SV_CLIENT_JOB_PAGE) == 0
            && sv_client_url_add(&url, "state", options->state) == 0
            && cursor[0])
        {
            (void) sv_client_url_add(&url, "cursor", cursor);
        }

        req.url = url;

        rc = sv_client_job_call(options, &req, &root);

        if (rc == -1) {
            rc = sv_client_job_page(options, root);

            snprintf(cursor, sizeof(cursor), "%s",
                     sv_client_job_text(root, "next"));
            cJSON_Delete(root);
        }

        free(url);

    } while (rc == 0 && cursor[0] && !sv_client_stopped);

    return rc;
}


static int
sv_client_job_page(const sv_client_options_t *options, const cJSON *root)
{
    int           rc;
    char          when[32];
    time_t        created;
    struct tm     tm;
    const cJSON  *job;

    cJSON_ArrayForEach(job, cJSON_GetObjectItemCaseSensitive(root, "jobs")) {

        if (options->json) {
            rc = sv_client_job_print_json(job);

            if (rc != 0) {
                return rc;
            }

            continue;
        }

        created = sv_client_job_time(job, "created_at");
        when[0] = '\0';

        if (created && localtime_r(&created, &tm)) {
            (void) strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
        }

        printf("%s  %-9s  %9llu  %s  %s\n", sv_client_job_text(job, "id"),
               sv_client_job_text(job, "state"),
               (unsigned long long) sv_client_job_number(job, "records"),
               when, sv_client_job_text(job, "name"));
    }

    return 0;
}


static int
sv_client_job_print_json(const cJSON *root)
{
    char  *text;

    text = cJSON_PrintUnformatted(root);
    if (text == NULL) {
        fprintf(stderr, "smtp-verify: out of memory\n");
        return SV_CLIENT_FAILED;
    }

    printf("%s\n", text);
    cJSON_free(text);

    return 0;
}
