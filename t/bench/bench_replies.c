
/*
 * CPU time of a reply's class, of the examples in conf/rules.conf: alone, and
 * with what a result says of it written as JSON.  Not a test:
 *
 *   make bench-rules
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "sv_rules.h"


#define ROUNDS   50
#define REPLIES  4096
#define LINE     4096


typedef struct {
    unsigned            code;
    char               *text;
} example_t;


static example_t  examples[REPLIES];
static size_t     nexamples;


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec * 1e6 + ts.tv_nsec / 1e3;
}


static int
read_examples(const char *name)
{
    int    n;
    FILE  *f;
    char   line[LINE];

    f = fopen(name, "r");

    if (f == NULL) {
        perror(name);
        return -1;
    }

    while (nexamples < REPLIES && fgets(line, sizeof(line), f) != NULL) {

        if (sscanf(line, " example %u %n", &examples[nexamples].code, &n)
            != 1)
        {
            continue;
        }

        line[strcspn(line, "\n")] = '\0';
        examples[nexamples].text = strdup(line + n);

        if (examples[nexamples++].text == NULL) {
            break;
        }
    }

    fclose(f);

    return nexamples != 0 ? 0 : -1;
}


static void
classify(const sv_rules_t *rules, const example_t *e, sv_class_t *class)
{
    sv_reply_t  reply;

    memset(&reply, 0, sizeof(sv_reply_t));

    reply.stage = SV_STAGE_RCPT;
    reply.code = e->code;
    reply.text.data = (unsigned char *) e->text;
    reply.text.len = strlen(e->text);
    reply.rcpt.data = (unsigned char *) "jdoe@example.com";
    reply.rcpt.len = sizeof("jdoe@example.com") - 1;
    reply.from.data = (unsigned char *) "verify@probe.example";
    reply.from.len = sizeof("verify@probe.example") - 1;

    sv_classify(rules, &reply, class);
}


static size_t
write_json(const example_t *e, const sv_class_t *class)
{
    static char  buf[LINE * 6 + 1024];
    size_t       len;
    cJSON       *text;

    text = cJSON_CreateString(e->text);

    if (text == NULL || !cJSON_PrintPreallocated(text, buf, LINE * 6, 0)) {
        cJSON_Delete(text);
        return 0;
    }

    cJSON_Delete(text);
    len = strlen(buf);

    return len + snprintf(buf + len, sizeof(buf) - len,
                          ",\"reason\":\"%s\",\"rule\":\"%s\","
                          "\"response_code\":%u,\"enhanced_code\":\"%s\","
                          "\"retry_after\":%u", sv_reasons[class->reason].name,
                          class->rule, e->code, class->enhanced,
                          class->retry_after);
}


static double
measure(const sv_rules_t *rules, int json)
{
    size_t      i, sum;
    double      start, us, best;
    unsigned    k;
    sv_class_t  class;

    best = 1e9;
    sum = 0;

    for (k = 0; k < ROUNDS; k++) {
        start = now();

        for (i = 0; i < nexamples; i++) {
            classify(rules, &examples[i], &class);

            if (json) {
                sum += write_json(&examples[i], &class);
            }
        }

        us = (now() - start) / nexamples;
        best = (us < best) ? us : best;
    }

    return (json && sum == 0) ? -1 : best;
}


int
main(int argc, char **argv)
{
    double       start;
    sv_rules_t  *rules;

    if (argc != 2 || read_examples(argv[1]) != 0) {
        fprintf(stderr, "usage: %s rules.conf\n", argv[0]);
        return 2;
    }

    start = now();
    rules = sv_rules_default();

    if (rules == NULL) {
        return 1;
    }

    printf("%8.2f ms  to read the rules\n", (now() - start) / 1000);
    printf("%8.2f us  a reply, of %zu (the best of %d rounds)\n",
           measure(rules, 0), nexamples, ROUNDS);
    printf("%8.2f us  a reply with its JSON\n\n", measure(rules, 1));

    sv_rules_free(rules);

    return 0;
}
