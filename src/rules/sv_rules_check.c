
#include "sv_rules_parse.h"


#define SV_STAGES_ALL    (~0u)
#define SV_EXAMPLE_RCPT  "jdoe@example.com"
#define SV_EXAMPLE_FROM  "verify@probe.example"


static int sv_check_codes(sv_parse_t *ps, sv_rule_t *rule);
static int sv_check_phrases(sv_parse_t *ps, const sv_rule_t *rule);
static int sv_check_reach(sv_parse_t *ps, const sv_rule_t *rule);
static int sv_rule_covers(const sv_rules_t *rules, const sv_rule_t *a,
    const sv_rule_t *b);
static int sv_enhanced_covers(const sv_rules_t *rules, const sv_rule_t *a,
    const sv_rule_t *b);
static int sv_provider_covers(const sv_rules_t *rules, const sv_rule_t *a,
    const sv_rule_t *b);
static int sv_check_example(sv_parse_t *ps, const sv_example_t *example);
static int sv_example_reply(sv_parse_t *ps, const sv_example_t *example,
    sv_reply_t *reply);


/* A rule is checked when the next one begins. */

int
sv_check_rule(sv_parse_t *ps)
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

    rc = sv_check_codes(ps, rule);

    if (rc == 0) {
        rc = sv_check_phrases(ps, rule);
    }

    if (rc == 0) {
        rc = sv_check_reach(ps, rule);
    }

    if (rc == 0) {
        ps->lines.line = line;
    }

    return rc;
}


static int
sv_check_codes(sv_parse_t *ps, sv_rule_t *rule)
{
    unsigned     n, mailbox;
    const char  *masks;

    masks = sv_reason_info(rule->reason)->codes;

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

    mailbox = sv_reason_is(rule->reason, SV_IS_MAILBOX);

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
sv_check_phrases(sv_parse_t *ps, const sv_rule_t *rule)
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
sv_check_reach(sv_parse_t *ps, const sv_rule_t *rule)
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


/* Returns 1 if a matches everything that b matches.  a has no phrases. */

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


/* The example of a rule must be decided by that rule. */

int
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


/* Makes a reply of "550 5.1.1 text", at the last stage that the rule is for. */

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

    reply->rcpt.data = (unsigned char *) SV_EXAMPLE_RCPT;
    reply->rcpt.len = sizeof(SV_EXAMPLE_RCPT) - 1;
    reply->from.data = (unsigned char *) SV_EXAMPLE_FROM;
    reply->from.len = sizeof(SV_EXAMPLE_FROM) - 1;

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
