
/* The rule file, conf/rules.conf: its format is described there. */


#include <stdlib.h>

#include "sv_phrase.h"


#define SV_STAGES_ALL  (~0u)


typedef enum {
    SV_PHRASES_NO = 0,
    SV_PHRASES_SET,
    SV_PHRASES_ALL,
    SV_PHRASES_ANY,
    SV_PHRASES_NONE
} sv_parse_list_e;


typedef struct {
    size_t              rule;
    unsigned            line;
    sv_str_t            text;
} sv_example_t;


typedef struct {
    sv_lines_t          lines;
    sv_phrases_t        phrases;
    sv_rules_t         *rules;
    sv_array_t          examples;   /* sv_example_t */
    sv_parse_list_e           list;       /* what a line of phrases continues */
    unsigned            codes;      /* the rule names codes */
} sv_parse_t;


typedef int (*sv_handler_pt)(sv_parse_t *ps, sv_rule_t *rule);


static void sv_parse_quiet(sv_rules_t *rules);
static int sv_parse_file(sv_parse_t *ps);
static int sv_parse_line(sv_parse_t *ps);
static sv_rule_t *sv_parse_current(sv_parse_t *ps);
static int sv_parse_list(sv_parse_t *ps);
static int sv_parse_rule(sv_parse_t *ps);
static int sv_parse_label(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_stage(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_code(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_enhanced(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_pattern(const sv_str_t *token, sv_enhanced_t *pattern);
static int sv_parse_part(unsigned char **p, unsigned char *end,
    uint16_t *low, uint16_t *high, int class);
static int sv_parse_provider(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_example(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_source(sv_parse_t *ps, sv_rule_t *rule);
static const char *sv_parse_name(sv_parse_t *ps, const sv_str_t *name);

static int sv_finish_rule(sv_parse_t *ps);
static int sv_finish_codes(sv_parse_t *ps, sv_rule_t *rule);
static int sv_finish_phrases(sv_parse_t *ps, const sv_rule_t *rule);
static int sv_finish_reach(sv_parse_t *ps, const sv_rule_t *rule);
static int sv_rule_covers(const sv_rules_t *rules, const sv_rule_t *a,
    const sv_rule_t *b);
static int sv_enhanced_covers(const sv_rules_t *rules, const sv_rule_t *a,
    const sv_rule_t *b);
static int sv_provider_covers(const sv_rules_t *rules, const sv_rule_t *a,
    const sv_rule_t *b);
static int sv_check_examples(sv_parse_t *ps);
static int sv_check_example(sv_parse_t *ps, const sv_example_t *example);
static int sv_example_reply(sv_parse_t *ps, const sv_example_t *example,
    sv_reply_t *reply);


static const struct {
    const char         *name;
    sv_handler_pt       handler;
    sv_parse_list_e           list;
}  sv_directives[] = {
    { "label", sv_parse_label, SV_PHRASES_NO },
    { "stage", sv_parse_stage, SV_PHRASES_NO },
    { "code", sv_parse_code, SV_PHRASES_NO },
    { "enhanced", sv_parse_enhanced, SV_PHRASES_NO },
    { "provider", sv_parse_provider, SV_PHRASES_NO },
    { "all", NULL, SV_PHRASES_ALL },
    { "any", NULL, SV_PHRASES_ANY },
    { "none", NULL, SV_PHRASES_NONE },
    { "example", sv_parse_example, SV_PHRASES_NO },
    { "source", sv_parse_source, SV_PHRASES_NO }
};


/* the codes a label may have: no 4xx says that a mailbox is not there */

static const struct {
    sv_reason_e         reason;
    const char         *masks;
}  sv_label_codes[] = {
    { SV_ACCEPTED, "2" },
    { SV_MAILBOX_NOT_FOUND, "5" },
    { SV_MAILBOX_DISABLED, "5" },
    { SV_MAILBOX_FULL, "45" },
    { SV_GREYLISTED, "45" },
    { SV_RATE_LIMITED, "45" },
    { SV_SERVER_ERROR, "45" },
    { SV_TEMPORARY_FAILURE, "45" },
    { SV_SENDER_BLOCKED, "45" },
    { SV_POLICY_REJECTED, "45" },
    { SV_RELAY_DENIED, "45" },
    { SV_REJECTED, "345" }
};


sv_rules_t *
sv_rules_parse(const char *text, size_t len, sv_rules_error_t *error)
{
    int         rc;
    sv_parse_t  ps;

    memset(&ps, 0, sizeof(sv_parse_t));
    memset(error, 0, sizeof(sv_rules_error_t));

    if (sv_lines_init(&ps.lines, text, len, SV_RULES_FILE_MAX, error) != 0) {
        return NULL;
    }

    ps.rules = calloc(1, sizeof(sv_rules_t));
    if (ps.rules == NULL) {
        (void) sv_lines_fail(&ps.lines, "no memory");
        return NULL;
    }

    sv_array_init(&ps.examples, sizeof(sv_example_t));
    sv_array_init(&ps.rules->rules, sizeof(sv_rule_t));
    sv_array_init(&ps.rules->enhanced, sizeof(sv_enhanced_t));
    sv_array_init(&ps.rules->providers, sizeof(const char *));
    sv_array_init(&ps.rules->phrases, sizeof(uint16_t));
    ps.rules->names = malloc(len + 1);

    rc = sv_phrases_init(&ps.phrases, &ps.lines);

    if (rc == 0 && ps.rules->names == NULL) {
        rc = sv_lines_fail(&ps.lines, "no memory");
    }

    if (rc == 0) {
        rc = sv_parse_file(&ps);
    }

    if (rc == 0) {
        sv_parse_quiet(ps.rules);
    }

    sv_phrases_free(&ps.phrases);
    sv_array_free(&ps.examples);

    if (rc != 0) {
        sv_rules_free(ps.rules);
        return NULL;
    }

    return ps.rules;
}


/* most replies are a 2xx, of which nothing but the code counts */

static void
sv_parse_quiet(sv_rules_t *rules)
{
    size_t            i, k;
    const sv_rule_t  *rule;

    memset(rules->quiet, 0xff, sizeof(rules->quiet));

    rule = rules->rules.elts;

    for (i = 0; i < rules->rules.nelts; i++, rule++) {

        if (rule->all.n == 0 && rule->any.n == 0 && rule->none.n == 0) {
            continue;
        }

        for (k = 0; k < sizeof(rules->quiet); k++) {
            rules->quiet[k] &= (unsigned char) ~rule->codes[k];
        }
    }
}


void
sv_rules_free(sv_rules_t *rules)
{
    if (rules == NULL) {
        return;
    }

    sv_match_free(&rules->match);
    sv_array_free(&rules->rules);
    sv_array_free(&rules->enhanced);
    sv_array_free(&rules->providers);
    sv_array_free(&rules->phrases);
    free(rules->names);
    free(rules);
}


static int
sv_parse_file(sv_parse_t *ps)
{
    while (sv_lines_next(&ps->lines)) {
        if (sv_parse_line(ps) != 0) {
            return -1;
        }
    }

    if (sv_finish_rule(ps) != 0) {
        return -1;
    }

    if (ps->rules->rules.nelts == 0) {
        return sv_lines_fail(&ps->lines, "there is no rule");
    }

    if (sv_phrases_check(&ps->phrases) != 0) {
        return -1;
    }

    if (sv_match_finish(ps->phrases.build, &ps->rules->match) != 0) {
        return sv_lines_fail(&ps->lines, "no memory");
    }

    return sv_check_examples(ps);
}


static int
sv_parse_line(sv_parse_t *ps)
{
    int         quoted;
    size_t      i;
    sv_str_t    key;
    const char  *name;
    sv_rule_t  *rule;

    if (*ps->lines.p == '"') {
        return sv_parse_list(ps);
    }

    (void) sv_lines_token(&ps->lines, &key, &quoted);

    if (key.len == 4 && memcmp(key.data, "rule", 4) == 0) {
        ps->list = SV_PHRASES_NO;
        return sv_finish_rule(ps) == 0 ? sv_parse_rule(ps) : -1;
    }

    if (key.len == 3 && memcmp(key.data, "set", 3) == 0) {
        ps->list = SV_PHRASES_SET;
        return sv_phrases_set(&ps->phrases);
    }

    rule = sv_parse_current(ps);

    for (i = 0; i < sizeof(sv_directives) / sizeof(sv_directives[0]); i++) {
        name = sv_directives[i].name;

        if (strlen(name) != key.len || memcmp(name, key.data, key.len) != 0) {
            continue;
        }

        if (rule == NULL) {
            return sv_lines_fail(&ps->lines, "\"%s\" outside of a rule", name);
        }

        ps->list = sv_directives[i].list;

        return sv_directives[i].handler ? sv_directives[i].handler(ps, rule)
                                        : sv_parse_list(ps);
    }

    return sv_lines_fail(&ps->lines, "unknown word \"%.*s\"", (int) key.len,
                         key.data);
}


static sv_rule_t *
sv_parse_current(sv_parse_t *ps)
{
    if (ps->rules->rules.nelts == 0) {
        return NULL;
    }

    return (sv_rule_t *) ps->rules->rules.elts + ps->rules->rules.nelts - 1;
}


/* phrases: those of one list of a rule lie side by side */

static int
sv_parse_list(sv_parse_t *ps)
{
    int          rc, n, quoted;
    size_t       count;
    sv_str_t     token;
    uint16_t    *phrase;
    sv_rule_t   *rule;
    sv_range_t  *range;

    if (ps->list == SV_PHRASES_SET) {
        return sv_phrases_members(&ps->phrases);
    }

    if (ps->list == SV_PHRASES_NO) {
        return sv_lines_fail(&ps->lines, "phrases without a list");
    }

    rule = sv_parse_current(ps);
    range = (ps->list == SV_PHRASES_ALL) ? &rule->all
            : (ps->list == SV_PHRASES_ANY) ? &rule->any : &rule->none;

    if (range->n == 0) {
        range->off = ps->rules->phrases.nelts;

    } else if (range->off + range->n != ps->rules->phrases.nelts) {
        return sv_lines_fail(&ps->lines, "the same list a second time");
    }

    for (count = 0; ; count++) {
        rc = sv_lines_token(&ps->lines, &token, &quoted);

        if (rc <= 0) {
            break;
        }

        n = sv_phrases_add(&ps->phrases, &token, quoted);
        if (n < 0) {
            return -1;
        }

        phrase = sv_array_push(&ps->rules->phrases);
        if (phrase == NULL) {
            return sv_lines_fail(&ps->lines, "no memory");
        }

        *phrase = n;
        range->n++;
    }

    if (rc == 0 && count == 0) {
        return sv_lines_fail(&ps->lines, "a list without phrases");
    }

    return rc;
}


static int
sv_parse_rule(sv_parse_t *ps)
{
    int         rc, quoted;
    size_t      i;
    sv_str_t    id, more;
    sv_rule_t  *rule;

    rc = sv_lines_token(&ps->lines, &id, &quoted);
    if (rc < 0) {
        return -1;
    }

    if (rc == 0 || quoted || !sv_lines_is_name(&id, SV_RULE_ID_MAX)) {
        return sv_lines_fail(&ps->lines, "\"rule\" wants a name of lower "
                             "case letters, digits and hyphens");
    }

    if (sv_lines_token(&ps->lines, &more, &quoted) != 0) {
        return sv_lines_fail(&ps->lines, "\"rule\" wants one name");
    }

    for (i = 0; i < ps->rules->rules.nelts; i++) {
        rule = (sv_rule_t *) ps->rules->rules.elts + i;

        if (strlen(rule->id) == id.len
            && memcmp(rule->id, id.data, id.len) == 0)
        {
            return sv_lines_fail(&ps->lines, "rule \"%s\" is there already, "
                                 "in line %u", rule->id, rule->line);
        }
    }

    if (ps->rules->rules.nelts == SV_RULES_MAX) {
        return sv_lines_fail(&ps->lines, "more than %d rules", SV_RULES_MAX);
    }

    rule = sv_array_push(&ps->rules->rules);
    if (rule == NULL) {
        return sv_lines_fail(&ps->lines, "no memory");
    }

    rule->id = sv_parse_name(ps, &id);
    rule->line = ps->lines.line;
    ps->codes = 0;

    return 0;
}


static int
sv_parse_label(sv_parse_t *ps, sv_rule_t *rule)
{
    size_t       i;
    sv_str_t     label;
    sv_reason_e  reason;

    sv_lines_rest(&ps->lines, &label);

    if (rule->reason != SV_REASON_NONE) {
        return sv_lines_fail(&ps->lines, "a second label");
    }

    reason = sv_reason_by_name((char *) label.data, label.len);

    for (i = 0; i < sizeof(sv_label_codes) / sizeof(sv_label_codes[0]); i++) {
        if (sv_label_codes[i].reason == reason) {
            rule->reason = reason;
            return 0;
        }
    }

    return sv_lines_fail(&ps->lines, "\"%.*s\" is no label of a reply",
                         label.len > 64 ? 64 : (int) label.len, label.data);
}


static int
sv_parse_stage(sv_parse_t *ps, sv_rule_t *rule)
{
    int         rc, quoted;
    sv_str_t    token;
    sv_stage_e  stage;

    while ((rc = sv_lines_token(&ps->lines, &token, &quoted)) > 0) {
        stage = sv_stage_by_name((char *) token.data, token.len);

        if (stage < SV_STAGE_CONNECT) {
            return sv_lines_fail(&ps->lines, "\"%.*s\" is no stage of a "
                                 "reply", (int) token.len, token.data);
        }

        rule->stages |= 1u << stage;
    }

    if (rc == 0 && rule->stages == 0) {
        return sv_lines_fail(&ps->lines, "\"stage\" without a stage");
    }

    return rc;
}


static int
sv_parse_code(sv_parse_t *ps, sv_rule_t *rule)
{
    int        rc, quoted;
    unsigned   n, code;
    sv_str_t   token;

    while ((rc = sv_lines_token(&ps->lines, &token, &quoted)) > 0) {

        if (token.len != 3 || token.data[0] < '2' || token.data[0] > '5'
            || (!sv_is_digit(token.data[1]) && token.data[1] != 'x')
            || (!sv_is_digit(token.data[2]) && token.data[2] != 'x'))
        {
            return sv_lines_fail(&ps->lines, "\"%.*s\" is no code of 200 to "
                                 "599, nor a mask like 55x or 5xx",
                                 (int) token.len, token.data);
        }

        for (n = 0; n < 100; n++) {

            if ((token.data[1] == 'x' || token.data[1] == '0' + n / 10)
                && (token.data[2] == 'x' || token.data[2] == '0' + n % 10))
            {
                code = (token.data[0] - '0') * 100 + n;
                sv_bit_set(rule->codes, code - SV_CODE_MIN);
            }
        }

        ps->codes = 1;
    }

    if (rc == 0 && !ps->codes) {
        return sv_lines_fail(&ps->lines, "\"code\" without a code");
    }

    return rc;
}


static int
sv_parse_enhanced(sv_parse_t *ps, sv_rule_t *rule)
{
    int             rc, quoted;
    sv_str_t        token;
    sv_enhanced_t  *pattern;

    if (rule->enhanced.n != 0) {
        return sv_lines_fail(&ps->lines, "\"enhanced\" a second time");
    }

    rule->enhanced.off = ps->rules->enhanced.nelts;

    while ((rc = sv_lines_token(&ps->lines, &token, &quoted)) > 0) {

        pattern = sv_array_push(&ps->rules->enhanced);
        if (pattern == NULL) {
            return sv_lines_fail(&ps->lines, "no memory");
        }

        if (sv_parse_pattern(&token, pattern) != 0) {
            return sv_lines_fail(&ps->lines, "\"%.*s\" is no pattern of an "
                                 "enhanced code, like 5.1.1, *.7.* or "
                                 "5.7.23-27", (int) token.len, token.data);
        }

        rule->enhanced.n++;
    }

    if (rc == 0 && rule->enhanced.n == 0) {
        return sv_lines_fail(&ps->lines, "\"enhanced\" without a pattern");
    }

    return rc;
}


static int
sv_parse_pattern(const sv_str_t *token, sv_enhanced_t *pattern)
{
    int             i;
    unsigned char  *p, *end;

    p = token->data;
    end = p + token->len;

    if (token->len == 4 && memcmp(p, "none", 4) == 0) {
        /* zeros are what a reply without a code has */
        return 0;
    }

    for (i = 0; i < 3; i++) {

        if (i != 0 && (p == end || *p++ != '.')) {
            return -1;
        }

        if (sv_parse_part(&p, end, &pattern->low[i], &pattern->high[i],
                          i == 0)
            != 0)
        {
            return -1;
        }
    }

    return p == end ? 0 : -1;
}


static int
sv_parse_part(unsigned char **p, unsigned char *end, uint16_t *low,
    uint16_t *high, int class)
{
    int        digits;
    uint16_t  *n;

    if (*p < end && **p == '*') {
        (*p)++;
        *low = class ? 2 : 0;
        *high = 999;
        return 0;
    }

    *low = 0;
    *high = 0;
    n = low;

    for (digits = 0; *p < end && (sv_is_digit(**p) || **p == '-'); (*p)++) {

        if (**p == '-') {
            if (n == high || digits == 0) {
                return -1;
            }

            n = high;
            digits = 0;
            continue;
        }

        if (++digits > 3) {
            return -1;
        }

        *n = *n * 10 + (**p - '0');
    }

    if (n == low) {
        *high = *low;
    }

    return digits != 0 && *low <= *high ? 0 : -1;
}


static int
sv_parse_provider(sv_parse_t *ps, sv_rule_t *rule)
{
    int           rc, quoted;
    sv_str_t      token;
    const char  **provider;

    if (rule->providers.n != 0) {
        return sv_lines_fail(&ps->lines, "\"provider\" a second time");
    }

    rule->providers.off = ps->rules->providers.nelts;

    while ((rc = sv_lines_token(&ps->lines, &token, &quoted)) > 0) {

        if (quoted || !sv_lines_is_name(&token, SV_RULE_ID_MAX)) {
            return sv_lines_fail(&ps->lines, "\"%.*s\" is no provider's name",
                                 (int) token.len, token.data);
        }

        provider = sv_array_push(&ps->rules->providers);
        if (provider == NULL) {
            return sv_lines_fail(&ps->lines, "no memory");
        }

        *provider = sv_parse_name(ps, &token);
        rule->providers.n++;
    }

    if (rc == 0 && rule->providers.n == 0) {
        return sv_lines_fail(&ps->lines, "\"provider\" without a name");
    }

    return rc;
}


static int
sv_parse_example(sv_parse_t *ps, sv_rule_t *rule)
{
    sv_example_t  *example;

    example = sv_array_push(&ps->examples);
    if (example == NULL) {
        return sv_lines_fail(&ps->lines, "no memory");
    }

    example->rule = ps->rules->rules.nelts - 1;
    example->line = ps->lines.line;
    sv_lines_rest(&ps->lines, &example->text);

    rule->examples++;

    return 0;
}


static int
sv_parse_source(sv_parse_t *ps, sv_rule_t *rule)
{
    sv_str_t  source;

    sv_lines_rest(&ps->lines, &source);

    if (source.len == 0) {
        return sv_lines_fail(&ps->lines, "\"source\" says nothing");
    }

    rule->sources++;

    return 0;
}


/* there is room: each name was in the file, with a character behind it */

static const char *
sv_parse_name(sv_parse_t *ps, const sv_str_t *name)
{
    char  *p;

    p = ps->rules->names + ps->rules->nnames;
    memcpy(p, name->data, name->len);
    p[name->len] = '\0';
    ps->rules->nnames += name->len + 1;

    return p;
}


/* what a rule has to be is known when the next one begins */

static int
sv_finish_rule(sv_parse_t *ps)
{
    int         rc;
    unsigned    line;
    sv_rule_t  *rule;

    rule = sv_parse_current(ps);

    if (rule == NULL) {
        return 0;
    }

    line = ps->lines.line;
    ps->lines.line = rule->line;

    if (rule->reason == SV_REASON_NONE) {
        return sv_lines_fail(&ps->lines, "rule \"%s\" has no label", rule->id);
    }

    if (!ps->codes && rule->enhanced.n == 0 && rule->all.n == 0
        && rule->any.n == 0)
    {
        return sv_lines_fail(&ps->lines, "rule \"%s\" has no condition",
                             rule->id);
    }

    rc = sv_finish_codes(ps, rule);

    if (rc == 0) {
        rc = sv_finish_phrases(ps, rule);
    }

    if (rc == 0) {
        rc = sv_finish_reach(ps, rule);
    }

    if (rc == 0) {
        ps->lines.line = line;
    }

    return rc;
}


static int
sv_finish_codes(sv_parse_t *ps, sv_rule_t *rule)
{
    size_t       i;
    unsigned     n, mailbox;
    const char  *masks;

    masks = "";

    for (i = 0; i < sizeof(sv_label_codes) / sizeof(sv_label_codes[0]); i++) {
        if (sv_label_codes[i].reason == rule->reason) {
            masks = sv_label_codes[i].masks;
        }
    }

    for (n = 0; n < SV_CODES; n++) {

        if (strchr(masks, '2' + n / 100) != NULL) {

            if (!ps->codes) {
                sv_bit_set(rule->codes, n);
            }

        } else if (sv_bit(rule->codes, n)) {
            return sv_lines_fail(&ps->lines, "rule \"%s\": code %u cannot "
                                 "mean %s", rule->id, n + SV_CODE_MIN,
                                 sv_reason_info(rule->reason)->name);
        }
    }

    mailbox = (rule->reason == SV_MAILBOX_NOT_FOUND
               || rule->reason == SV_MAILBOX_DISABLED
               || rule->reason == SV_MAILBOX_FULL);

    if (rule->stages == 0) {
        rule->stages = mailbox ? 1u << SV_STAGE_RCPT : SV_STAGES_ALL;

    } else if (mailbox && rule->stages != 1u << SV_STAGE_RCPT) {
        return sv_lines_fail(&ps->lines, "rule \"%s\": only a reply to RCPT "
                             "can mean %s", rule->id,
                             sv_reason_info(rule->reason)->name);
    }

    return 0;
}


static int
sv_finish_phrases(sv_parse_t *ps, const sv_rule_t *rule)
{
    size_t           i, j;
    const uint16_t  *phrases;

    phrases = ps->rules->phrases.elts;

    for (i = 0; i < rule->none.n; i++) {
        for (j = 0; j < rule->all.n; j++) {

            if (phrases[rule->none.off + i] == phrases[rule->all.off + j]) {
                return sv_lines_fail(&ps->lines, "rule \"%s\" wants a set "
                                     "both in \"all\" and in \"none\"",
                                     rule->id);
            }
        }
    }

    return 0;
}


static int
sv_finish_reach(sv_parse_t *ps, const sv_rule_t *rule)
{
    const sv_rule_t  *r;

    for (r = ps->rules->rules.elts; r < rule; r++) {

        if (r->all.n == 0 && r->any.n == 0 && r->none.n == 0
            && sv_rule_covers(ps->rules, r, rule))
        {
            return sv_lines_fail(&ps->lines, "rule \"%s\" is never reached: "
                                 "\"%s\" in line %u takes all it could have",
                                 rule->id, r->id, r->line);
        }
    }

    return 0;
}


/* does a hold for all that b holds for?  a has no phrases */

static int
sv_rule_covers(const sv_rules_t *rules, const sv_rule_t *a,
    const sv_rule_t *b)
{
    size_t  i;

    if (b->stages & ~a->stages) {
        return 0;
    }

    for (i = 0; i < sizeof(a->codes); i++) {
        if (b->codes[i] & ~a->codes[i]) {
            return 0;
        }
    }

    return sv_enhanced_covers(rules, a, b) && sv_provider_covers(rules, a, b);
}


static int
sv_enhanced_covers(const sv_rules_t *rules, const sv_rule_t *a,
    const sv_rule_t *b)
{
    size_t                i, j;
    const sv_enhanced_t  *pa, *pb;

    if (a->enhanced.n == 0) {
        return 1;
    }

    pa = (const sv_enhanced_t *) rules->enhanced.elts + a->enhanced.off;
    pb = (const sv_enhanced_t *) rules->enhanced.elts + b->enhanced.off;

    for (i = 0; i < b->enhanced.n; i++) {

        for (j = 0; j < a->enhanced.n; j++) {
            if (pa[j].low[0] <= pb[i].low[0] && pb[i].high[0] <= pa[j].high[0]
                && pa[j].low[1] <= pb[i].low[1]
                && pb[i].high[1] <= pa[j].high[1]
                && pa[j].low[2] <= pb[i].low[2]
                && pb[i].high[2] <= pa[j].high[2])
            {
                break;
            }
        }

        if (j == a->enhanced.n) {
            return 0;
        }
    }

    return b->enhanced.n != 0;
}


static int
sv_provider_covers(const sv_rules_t *rules, const sv_rule_t *a,
    const sv_rule_t *b)
{
    size_t              i, j;
    const char *const  *pa, *const  *pb;

    if (a->providers.n == 0) {
        return 1;
    }

    pa = (const char *const *) rules->providers.elts + a->providers.off;
    pb = (const char *const *) rules->providers.elts + b->providers.off;

    for (i = 0; i < b->providers.n; i++) {

        for (j = 0; j < a->providers.n; j++) {
            if (strcmp(pa[j], pb[i]) == 0) {
                break;
            }
        }

        if (j == a->providers.n) {
            return 0;
        }
    }

    return b->providers.n != 0;
}


/* a rule's own example has to be decided by that rule */

static int
sv_check_examples(sv_parse_t *ps)
{
    size_t               i;
    const sv_example_t  *examples;

    examples = ps->examples.elts;

    for (i = 0; i < ps->examples.nelts; i++) {
        if (sv_check_example(ps, &examples[i]) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
sv_check_example(sv_parse_t *ps, const sv_example_t *example)
{
    sv_class_t        class;
    sv_reply_t        reply;
    const sv_rule_t  *rule;

    rule = (const sv_rule_t *) ps->rules->rules.elts + example->rule;
    ps->lines.line = example->line;

    if (sv_example_reply(ps, example, &reply) != 0) {
        return -1;
    }

    sv_classify(ps->rules, &reply, &class);

    if (class.rule != rule->id) {
        return sv_lines_fail(&ps->lines, "rule \"%s\": its example is decided "
                             "by \"%s\"", rule->id, class.rule);
    }

    return 0;
}


/* "550 5.1.1 text", at the first stage that the rule is for */

static int
sv_example_reply(sv_parse_t *ps, const sv_example_t *example,
    sv_reply_t *reply)
{
    const char        **providers;
    const sv_rule_t    *rule;
    unsigned char      *p;

    memset(reply, 0, sizeof(sv_reply_t));
    p = example->text.data;

    if (example->text.len < 3 || p[0] < '2' || p[0] > '5'
        || !sv_is_digit(p[1]) || !sv_is_digit(p[2])
        || (example->text.len > 3 && p[3] != ' '))
    {
        return sv_lines_fail(&ps->lines, "an example begins with its code");
    }

    reply->code = (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
    reply->text.data = p + 3;
    reply->text.len = example->text.len - 3;

    rule = (const sv_rule_t *) ps->rules->rules.elts + example->rule;

    reply->stage = SV_STAGE_RCPT;

    while (!(rule->stages & (1u << reply->stage))) {
        reply->stage--;
    }

    if (rule->providers.n != 0) {
        providers = (const char **) ps->rules->providers.elts
                    + rule->providers.off;
        reply->provider.data = (unsigned char *) providers[0];
        reply->provider.len = strlen(providers[0]);
    }

    return 0;
}
