
#include <cjson/cJSON.h>

#include "sv_json.h"
#include "sv_params_set.h"
#include "sv_str.h"
#include "sv_utf8.h"
#include "sv_wipe.h"


/* cJSON recurses for each level, and takes 64 bytes or more for each value */
#define SV_PARAMS_DEPTH_MAX   32
#define SV_PARAMS_VALUES_MAX  1024


static sv_params_status_e sv_params_json_scan(sv_params_t *params,
    const unsigned char *data, size_t len);
static const char *sv_params_json_tokens(const unsigned char *p,
    const unsigned char *end);
static const unsigned char *sv_params_json_string(const unsigned char *p,
    const unsigned char *end, const char **error);
static const unsigned char *sv_params_json_number(const unsigned char *p,
    const unsigned char *end, const char **error);
static sv_params_status_e sv_params_json_object(sv_params_t *params,
    const cJSON *object);
static void sv_params_json_wipe(const cJSON *item);
static int sv_params_json_flag(const cJSON *item);
static int sv_params_json_seconds(const cJSON *item, unsigned *seconds);


sv_params_status_e
sv_params_json(const unsigned char *data, size_t len, sv_params_t *params)
{
    cJSON               *root;
    sv_params_status_e   status;

    status = sv_params_json_parse(data, len, params, &root);

    if (status == SV_PARAMS_OK) {
        status = sv_params_json_object(params, root);
        sv_params_json_free(root);
    }

    return status;
}


/* An address may be a string at any place, or be a name by mistake. */

void
sv_params_json_free(cJSON *object)
{
    sv_params_json_wipe(object);
    cJSON_Delete(object);
}


static void
sv_params_json_wipe(const cJSON *item)
{
    for ( /* void */ ; item; item = item->next) {

        if (item->string) {
            sv_wipe(item->string, strlen(item->string));
        }

        if (item->valuestring) {
            sv_wipe(item->valuestring, strlen(item->valuestring));
        }

        sv_params_json_wipe(item->child);
    }
}


sv_params_status_e
sv_params_json_parse(const unsigned char *data, size_t len,
    sv_params_t *params, cJSON **object)
{
    const char           *end;
    sv_params_status_e    status;
    const unsigned char  *start;

    start = data;

    /* a byte order mark is not JSON, but some editors and shells send it */

    if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        len -= 3;
    }

    while (len && sv_json_is_space(data[0])) {
        data++;
        len--;
    }

    while (len && sv_json_is_space(data[len - 1])) {
        len--;
    }

    status = sv_params_json_scan(params, data, len);
    if (status != SV_PARAMS_OK) {
        return status;
    }

    end = (const char *) data;
    *object = cJSON_ParseWithLengthOpts(end, len, &end, 0);

    if (*object && end == (const char *) data + len) {
        return SV_PARAMS_OK;
    }

    sv_params_json_free(*object);

    return sv_params_error(params, SV_PARAMS_MALFORMED,
                           "The body is not valid JSON, see byte %zu.",
                           (size_t) (end - (const char *) start) + 1);
}


/*
 * Rejects what cJSON would accept, or could not handle.  As the "}" at the end
 * is checked, cJSON before 1.7.18 does not read beyond the end.
 */

static sv_params_status_e
sv_params_json_scan(sv_params_t *params, const unsigned char *data, size_t len)
{
    const char  *error;

    if (len < 2 || data[0] != '{' || data[len - 1] != '}') {
        return sv_params_error(params, SV_PARAMS_MALFORMED,
                               "The body must be one JSON object, such as "
                               "{\"email\": \"user@example.com\"}.");
    }

    if (!sv_utf8_valid(data, len)) {
        return sv_params_error(params, SV_PARAMS_MALFORMED,
                               "The body is not valid UTF-8 text.");
    }

    error = sv_params_json_tokens(data, data + len);

    return error ? sv_params_error(params, SV_PARAMS_MALFORMED, "%s", error)
                 : SV_PARAMS_OK;
}


static const char *
sv_params_json_tokens(const unsigned char *p, const unsigned char *end)
{
    unsigned     depth, values;
    const char  *error;

    error = NULL;
    depth = 0;
    values = 0;

    while (error == NULL && p < end) {

        switch (*p) {

        case '"':
            p = sv_params_json_string(p + 1, end, &error);
            continue;

        case '{':
        case '[':
            depth++;
            /* fall through */

        case ',':
            values++;
            break;

        case '}':
        case ']':
            if (depth) {
                depth--;
            }
            break;

        default:
            if (sv_is_digit(*p) || *p == '-') {
                p = sv_params_json_number(p, end, &error);
                continue;
            }

            if (*p < ' ' && !sv_json_is_space(*p)) {
                error = "There is a control character in the JSON body.";
            }
        }

        if (depth > SV_PARAMS_DEPTH_MAX) {
            error = "The JSON body is nested more than 32 levels deep.";
        }

        if (values > SV_PARAMS_VALUES_MAX) {
            error = "The JSON body has more than 1024 values.";
        }

        p++;
    }

    return error;
}


/* Skips a string.  p is after the opening quote; returns what follows the
   closing one. */

static const unsigned char *
sv_params_json_string(const unsigned char *p, const unsigned char *end,
    const char **error)
{
    for ( /* void */ ; p < end; p++) {

        if (*p < ' ') {
            *error = "There is a control character in a JSON string.";
            return end;
        }

        if (*p == '"') {
            return p + 1;
        }

        if (*p != '\\') {
            continue;
        }

        if (end - p >= 6 && memcmp(p + 1, "u0000", 5) == 0) {
            *error = "There is a NUL character (\\u0000) in a JSON string.";
            return end;
        }

        p++;
    }

    return end;
}


/* cJSON would accept every number that strtod() accepts. */

static const unsigned char *
sv_params_json_number(const unsigned char *p, const unsigned char *end,
    const char **error)
{
    p = sv_json_number(p, end);

    if (p && (p == end || sv_json_is_space(*p) || *p == ',' || *p == '}'
              || *p == ']'))
    {
        return p;
    }

    *error = "There is a number in the body that JSON does not know.";

    return end;
}


static sv_params_status_e
sv_params_json_object(sv_params_t *params, const cJSON *object)
{
    int                  valid;
    unsigned             seconds;
    const char          *text;
    const cJSON         *item;
    sv_params_status_e   status;

    for (item = object->child; item; item = item->next) {

        if (strcmp(item->string, "email") == 0) {

            if (!cJSON_IsString(item)) {
                return sv_params_error(params, SV_PARAMS_INVALID,
                                       "\"email\" must be a string.");
            }

            text = item->valuestring;
            status = sv_params_set_email(params, (const unsigned char *) text,
                                         strlen(text));

        } else if (strcmp(item->string, "smtp") == 0) {
            status = sv_params_set_smtp(params, sv_params_json_flag(item));

        } else if (strcmp(item->string, "transcript") == 0) {
            status = sv_params_set_transcript(params,
                                              sv_params_json_flag(item));

        } else if (strcmp(item->string, "wait") == 0) {
            valid = sv_params_json_seconds(item, &seconds);
            status = sv_params_set_wait(params, valid, seconds);

        } else if (strcmp(item->string, "timeout") == 0) {
            valid = sv_params_json_seconds(item, &seconds);
            status = sv_params_set_timeout(params, valid, seconds);

        } else {
            continue;
        }

        if (status != SV_PARAMS_OK) {
            return status;
        }
    }

    return SV_PARAMS_OK;
}


static int
sv_params_json_flag(const cJSON *item)
{
    if (cJSON_IsBool(item)) {
        return cJSON_IsTrue(item);
    }

    if (cJSON_IsNumber(item)
        && (item->valuedouble == 0 || item->valuedouble == 1))
    {
        return item->valuedouble == 1;
    }

    return -1;
}


static int
sv_params_json_seconds(const cJSON *item, unsigned *seconds)
{
    double  value;

    value = item->valuedouble;
    *seconds = 0;

    if (!cJSON_IsNumber(item) || !(value >= 0) || value > SV_PARAMS_WAIT_MAX
        || value != (unsigned) value)
    {
        return 0;
    }

    *seconds = (unsigned) value;

    return 1;
}
