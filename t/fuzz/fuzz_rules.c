
/*
 * Rule and provider files of any bytes: a mistake says its line, what is
 * taken can be used.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "sv_provider.h"
#include "sv_rules.h"


static void fuzz_rules(const char *text, size_t size);
static void fuzz_providers(const char *text, size_t size);
static void check_error(const char *text, size_t size,
    const sv_rules_error_t *error);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_rules((const char *) data, size);
    fuzz_providers((const char *) data, size);

    return 0;
}


static void
fuzz_rules(const char *text, size_t size)
{
    unsigned          code;
    sv_class_t        class;
    sv_reply_t        reply;
    sv_rules_t       *rules;
    sv_rules_error_t  error;

    rules = sv_rules_parse(text, size, &error);

    if (rules == NULL) {
        check_error(text, size, &error);
        return;
    }

    /* the file is also a text, of the words that it looks for */

    memset(&reply, 0, sizeof(sv_reply_t));
    reply.text.data = (unsigned char *) text;
    reply.text.len = size;

    for (code = 250; code < 600; code += 100) {
        reply.code = code;
        sv_classify(rules, &reply, &class);
        assert(class.rule != NULL);
    }

    sv_rules_free(rules);
}


static void
fuzz_providers(const char *text, size_t size)
{
    size_t                i;
    sv_providers_t       *providers;
    sv_rules_error_t      error;
    const sv_provider_t  *pr;

    providers = sv_providers_parse(text, size, &error);

    if (providers == NULL) {
        check_error(text, size, &error);
        return;
    }

    for (i = 0; i < size; i++) {
        pr = sv_provider_by_mx(providers, (const unsigned char *) text + i,
                               i % 32 < size - i ? i % 32 : size - i);
        assert(pr == NULL || (pr->id.len != 0 && pr->name.len != 0));
    }

    pr = sv_provider_by_banner(providers, (const unsigned char *) text, size);
    assert(pr == NULL || pr->id.len != 0);

    sv_providers_free(providers);
}


static void
check_error(const char *text, size_t size, const sv_rules_error_t *error)
{
    size_t  i, lines;

    for (i = 0, lines = 1; i < size; i++) {
        lines += (text[i] == '\n');
    }

    assert(error->line <= lines);
    assert(error->message[0] != '\0');
    assert(memchr(error->message, '\0', sizeof(error->message)) != NULL);
}
