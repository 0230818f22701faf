
#include <cjson/cJSON.h>
#include <stdio.h>

#include "sv_jobs_query.h"
#include "sv_params_set.h"


#define SV_JOBS_EXACT  9007199254740992.0       /* whole numbers below it are
                                                   exact */


static sv_params_status_e sv_jobs_patch_member(sv_jobs_query_t *query,
    const cJSON *item);


sv_params_status_e
sv_jobs_patch(const unsigned char *data, size_t len, sv_jobs_query_t *query)
{
    cJSON               *root;
    const cJSON         *item;
    sv_params_t          params;
    sv_params_status_e   status;

    status = sv_params_json_parse(data, len, &params, &root);

    if (status != SV_PARAMS_OK) {
        memcpy(query->error, params.error, sizeof(query->error));
        return status;
    }

    for (item = root->child; item; item = item->next) {

        status = sv_jobs_patch_member(query, item);

        if (status != SV_PARAMS_OK) {
            break;
        }
    }

    sv_params_json_free(root);

    return status;
}


/* null is an empty text, which removes a name or a webhook */

static sv_params_status_e
sv_jobs_patch_member(sv_jobs_query_t *query, const cJSON *item)
{
    double       number;
    sv_str_t     name, value;
    const char  *text;
    char         digits[24];

    number = item->valuedouble;
    if (cJSON_IsString(item)) {
        text = item->valuestring;

    } else if (cJSON_IsBool(item)) {
        text = cJSON_IsTrue(item) ? "true" : "false";

    } else if (cJSON_IsNull(item)) {
        text = "";

    } else if (cJSON_IsNumber(item) && number >= 0 && number < SV_JOBS_EXACT
               && number == (double) (uint64_t) number)
    {
        (void) snprintf(digits, sizeof(digits), "%llu",
                        (unsigned long long) number);
        text = digits;

    } else {
        (void) snprintf(query->error, sizeof(query->error),
                        "The members of the object must be strings, whole "
                        "numbers, true, false or null.");
        return SV_PARAMS_INVALID;
    }

    name.data = (unsigned char *) item->string;
    name.len = strlen(item->string);

    value.data = (unsigned char *) text;
    value.len = strlen(text);

    if (strcmp(item->string, "state") == 0
        && strcmp(text, sv_job_state_name(SV_JOB_PAUSED)) != 0
        && strcmp(text, sv_job_state_name(SV_JOB_RUNNING)) != 0
        && strcmp(text, sv_job_state_name(SV_JOB_CANCELLED)) != 0)
    {
        (void) snprintf(query->error, sizeof(query->error),
                        "\"state\" must be paused, running or cancelled.");
        return SV_PARAMS_INVALID;
    }

    return sv_jobs_query_set(query, &name, &value);
}
