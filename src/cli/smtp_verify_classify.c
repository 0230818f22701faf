
/*
 * The reply classifier and the address parser on the command line: JSON
 * lines in, the same lines with the verdict out.  A line that says too little
 * gets an "error" instead, so that lines still correspond.  --reasons prints
 * the table of reasons, a JSON line each.
 */


#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "sv_address.h"
#include "sv_classify.h"
#include "sv_utf8.h"


#define SV_FILE_MAX  (1024 * 1024)


typedef struct {
    sv_rules_t         *rules;
    const char         *file;
    int                 syntax;
    int                 reasons;
} sv_tool_t;


static int sv_tool_options(sv_tool_t *tool, int argc, char **argv);
static int sv_tool_rules(sv_tool_t *tool);
static char *sv_tool_read(const char *name, size_t *len);
static int sv_tool_run(sv_tool_t *tool);
static int sv_tool_reasons(void);
static cJSON *sv_tool_reason(const sv_reason_info_t *info);
static void sv_tool_number(cJSON *object, const char *name, int n, int known);
static int sv_tool_line(sv_tool_t *tool, char *line, size_t len);
static void sv_tool_nulls(char *line, size_t len);
static cJSON *sv_tool_parse(const char *line, size_t len);
static int sv_tool_classify(sv_tool_t *tool, cJSON *object);
static int sv_tool_syntax(cJSON *object);
static int sv_tool_code(const cJSON *object, unsigned *code);
static void sv_tool_string(const cJSON *object, const char *name,
    sv_str_t *string);
static sv_stage_e sv_tool_stage(const sv_str_t *name);


int
main(int argc, char **argv)
{
    int        rc;
    sv_tool_t  tool;

    memset(&tool, 0, sizeof(sv_tool_t));

    if (sv_tool_options(&tool, argc, argv) != 0) {
        fprintf(stderr, "usage: %s [--rules FILE | --syntax] < lines.jsonl\n"
                "       %s --reasons\n", argv[0], argv[0]);
        return 2;
    }

    if (tool.reasons) {
        return sv_tool_reasons();
    }

    if (!tool.syntax && sv_tool_rules(&tool) != 0) {
        return 1;
    }

    rc = sv_tool_run(&tool);
    sv_rules_free(tool.rules);

    return rc;
}


static int
sv_tool_options(sv_tool_t *tool, int argc, char **argv)
{
    int  i;

    for (i = 1; i < argc; i++) {

        if (strcmp(argv[i], "--syntax") == 0) {
            tool->syntax = 1;

        } else if (strcmp(argv[i], "--reasons") == 0) {
            tool->reasons = 1;

        } else if (strcmp(argv[i], "--rules") == 0 && i + 1 < argc) {
            tool->file = argv[++i];

        } else {
            return -1;
        }
    }

    return 0;
}


static int
sv_tool_rules(sv_tool_t *tool)
{
    char              *text;
    size_t             len;
    sv_rules_error_t   error;

    if (tool->file == NULL) {
        tool->rules = sv_rules_default();

        if (tool->rules == NULL) {
            fprintf(stderr, "the compiled in rules do not load\n");
            return -1;
        }

        return 0;
    }

    text = sv_tool_read(tool->file, &len);
    if (text == NULL) {
        return -1;
    }

    tool->rules = sv_rules_parse(text, len, &error);
    free(text);

    if (tool->rules == NULL) {
        fprintf(stderr, "%s:%u: %s\n", tool->file, error.line, error.message);
        return -1;
    }

    return 0;
}


static char *
sv_tool_read(const char *name, size_t *len)
{
    char  *text;
    FILE  *file;

    file = fopen(name, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", name, strerror(errno));
        return NULL;
    }

    text = malloc(SV_FILE_MAX + 1);

    if (text != NULL) {
        /* one byte more than a rule file may have: it is refused then */
        *len = fread(text, 1, SV_FILE_MAX + 1, file);
    }

    (void) fclose(file);

    return text;
}


static int
sv_tool_run(sv_tool_t *tool)
{
    int       rc;
    char     *line;
    size_t    size;
    ssize_t   n;

    rc = 0;
    line = NULL;
    size = 0;

    while ((n = getline(&line, &size, stdin)) > 0) {
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) {
            n--;
        }

        if (n != 0 && sv_tool_line(tool, line, n) != 0) {
            rc = 1;
        }
    }

    free(line);

    return rc;
}


static int
sv_tool_reasons(void)
{
    int     i;
    char   *text;
    cJSON  *object;

    for (i = SV_REASON_NONE + 1; i < SV_REASON_MAX; i++) {

        object = sv_tool_reason(sv_reason_info(i));
        text = cJSON_PrintUnformatted(object);
        cJSON_Delete(object);

        if (text == NULL) {
            return 1;
        }

        (void) puts(text);
        cJSON_free(text);
    }

    return 0;
}


static cJSON *
sv_tool_reason(const sv_reason_info_t *info)
{
    cJSON       *object;
    const char  *blame;

    object = cJSON_CreateObject();
    blame = sv_blame_name(info->blame);

    (void) cJSON_AddStringToObject(object, "reason", info->name);
    (void) cJSON_AddStringToObject(object, "status",
                                   sv_status_name(info->status));
    (void) cJSON_AddStringToObject(object, "verification_level",
                                   info->estimated ? "estimated"
                                                   : "confirmed");

    if (blame != NULL) {
        (void) cJSON_AddStringToObject(object, "blame", blame);

    } else {
        (void) cJSON_AddNullToObject(object, "blame");
    }

    sv_tool_number(object, "retry_after", (int) info->retry_after,
                   info->retry_after != 0);
    sv_tool_number(object, "cache", info->cache,
                   info->cache != SV_CACHE_NEVER);
    sv_tool_number(object, "score", info->score,
                   info->score != SV_SCORE_NONE);

    (void) cJSON_AddStringToObject(object, "help", info->help);

    return object;
}


static void
sv_tool_number(cJSON *object, const char *name, int n, int known)
{
    if (known) {
        (void) cJSON_AddNumberToObject(object, name, n);

    } else {
        (void) cJSON_AddNullToObject(object, name);
    }
}


static int
sv_tool_line(sv_tool_t *tool, char *line, size_t len)
{
    char        *text;
    cJSON       *object;
    const char  *error;

    sv_tool_nulls(line, len);

    object = sv_tool_parse(line, len);
    error = NULL;

    if (object == NULL) {
        error = "not a JSON object";
        object = cJSON_CreateObject();

    } else if (tool->syntax && sv_tool_syntax(object) != 0) {
        error = "no address";

    } else if (!tool->syntax && sv_tool_classify(tool, object) != 0) {
        error = "no code of 200 to 599";
    }

    if (error != NULL) {
        (void) cJSON_AddStringToObject(object, "error", error);
    }

    text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);

    if (text == NULL) {
        return -1;
    }

    (void) puts(text);
    cJSON_free(text);

    return error ? -1 : 0;
}


/* a string of cJSON ends at its first \u0000: another control stands in */

static void
sv_tool_nulls(char *line, size_t len)
{
    size_t  i;

    for (i = 0; i + 6 <= len; i++) {

        if (line[i] != '\\') {
            continue;
        }

        if (memcmp(&line[i], "\\u0000", 6) == 0) {
            line[i + 5] = '1';
        }

        i++;
    }
}


/* cJSON takes what is not UTF-8, and junk behind the object */

static cJSON *
sv_tool_parse(const char *line, size_t len)
{
    cJSON       *object;
    const char  *end;

    if (!sv_utf8_valid((const unsigned char *) line, len)) {
        return NULL;
    }

    object = cJSON_ParseWithLengthOpts(line, len, &end, 0);
    if (object == NULL) {
        return NULL;
    }

    while (end < line + len && (*end == ' ' || *end == '\t')) {
        end++;
    }

    if (end != line + len || !cJSON_IsObject(object)) {
        cJSON_Delete(object);
        return NULL;
    }

    return object;
}


static int
sv_tool_classify(sv_tool_t *tool, cJSON *object)
{
    sv_str_t    stage;
    sv_class_t  class;
    sv_reply_t  reply;

    memset(&reply, 0, sizeof(sv_reply_t));

    cJSON_DeleteItemFromObjectCaseSensitive(object, "label");
    cJSON_DeleteItemFromObjectCaseSensitive(object, "rule");
    cJSON_DeleteItemFromObjectCaseSensitive(object, "retry_after");

    if (sv_tool_code(object, &reply.code) != 0) {
        return -1;
    }

    sv_tool_string(object, "stage", &stage);
    sv_tool_string(object, "enhanced", &reply.enhanced);
    sv_tool_string(object, "text", &reply.text);
    sv_tool_string(object, "provider", &reply.provider);
    sv_tool_string(object, "address", &reply.rcpt);
    sv_tool_string(object, "from", &reply.from);
    reply.stage = sv_tool_stage(&stage);

    sv_classify(tool->rules, &reply, &class);

    if (cJSON_AddStringToObject(object, "label",
                                sv_reason_info(class.reason)->name) == NULL
        || cJSON_AddStringToObject(object, "rule", class.rule) == NULL)
    {
        return -1;
    }

    if (class.retry_after != 0) {
        (void) cJSON_AddNumberToObject(object, "retry_after",
                                       class.retry_after);
    }

    return 0;
}


static int
sv_tool_syntax(cJSON *object)
{
    cJSON         *item;
    sv_str_t       address;
    sv_address_t   addr;

    item = cJSON_GetObjectItemCaseSensitive(object, "address");

    if (!cJSON_IsString(item)) {
        return -1;
    }

    sv_tool_string(object, "address", &address);
    cJSON_DeleteItemFromObjectCaseSensitive(object, "valid");

    /* a domain literal is refused by policy, its syntax is right */

    (void) cJSON_AddBoolToObject(object, "valid",
                                 sv_address_parse(address.data, address.len,
                                                  &addr)
                                 != SV_ADDRESS_INVALID);
    return 0;
}


/* where only an enhanced code was kept, its class is that of the code */

static int
sv_tool_code(const cJSON *object, unsigned *code)
{
    int           n;
    sv_str_t      enhanced;
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(object, "code");
    sv_tool_string(object, "enhanced", &enhanced);

    if (cJSON_IsNumber(item)) {
        n = item->valueint;

    } else if (cJSON_IsString(item) && strlen(item->valuestring) == 3
               && strspn(item->valuestring, "0123456789") == 3)
    {
        n = atoi(item->valuestring);

    } else if (enhanced.len > 1 && enhanced.data[1] == '.') {
        n = (enhanced.data[0] - '0') * 100;

    } else {
        return -1;
    }

    if (n < 200 || n > 599) {
        return -1;
    }

    *code = n;

    return 0;
}


static void
sv_tool_string(const cJSON *object, const char *name, sv_str_t *string)
{
    const cJSON  *item;

    item = cJSON_GetObjectItemCaseSensitive(object, name);

    string->data = (unsigned char *) (cJSON_IsString(item) ? item->valuestring
                                                           : "");
    string->len = strlen((char *) string->data);
}


/* the names of a verdict's stage, and those of the SMTP commands */

static sv_stage_e
sv_tool_stage(const sv_str_t *name)
{
    char    lower[16];
    size_t  i;

    if (name->len >= sizeof(lower)) {
        return SV_STAGE_NONE;
    }

    for (i = 0; i < name->len; i++) {
        lower[i] = sv_lower(name->data[i]);
    }

    if (name->len == 4 && memcmp(lower, "helo", 4) == 0) {
        return SV_STAGE_EHLO;
    }

    return sv_stage_by_name(lower, name->len);
}
