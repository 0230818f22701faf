
#include "sv_rules_parse.h"


typedef int (*sv_handler_pt)(sv_parse_t *ps, sv_rule_t *rule);


static int sv_parse_label(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_stage(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_code(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_enhanced(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_pattern(const sv_str_t *token, sv_enhanced_t *pattern);
static int sv_parse_part(unsigned char **p, unsigned char *end, uint16_t *low,
    uint16_t *high, int class);
static int sv_parse_provider(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_session(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_recipient(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_bare(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_plain(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_flag(sv_parse_t *ps, const char *name, unsigned *flag);
static int sv_parse_retry(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_example(sv_parse_t *ps, sv_rule_t *rule);
static int sv_parse_source(sv_parse_t *ps, sv_rule_t *rule);


static const struct {
    const char         *name;
    sv_handler_pt       handler;
    sv_parse_list_e     list;
}  sv_directives[] = {
    { "label", sv_parse_label, SV_PHRASES_NO },
    { "stage", sv_parse_stage, SV_PHRASES_NO },
    { "code", sv_parse_code, SV_PHRASES_NO },
    { "enhanced", sv_parse_enhanced, SV_PHRASES_NO },
    { "provider", sv_parse_provider, SV_PHRASES_NO },
    { "all", NULL, SV_PHRASES_ALL },
    { "any", NULL, SV_PHRASES_ANY },
    { "none", NULL, SV_PHRASES_NONE },
    { "session", sv_parse_session, SV_PHRASES_NO },
    { "recipient", sv_parse_recipient, SV_PHRASES_NO },
    { "bare", sv_parse_bare, SV_PHRASES_NO },
    { "plain", sv_parse_plain, SV_PHRASES_NO },
    { "retry", sv_parse_retry, SV_PHRASES_NO },
    { "example", sv_parse_example, SV_PHRASES_NO },
    { "source", sv_parse_source, SV_PHRASES_NO }
};


int
sv_parse_rule_line(sv_parse_t *ps, const sv_str_t *key)
{
    size_t       i;
    sv_rule_t   *rule;
    const char  *name;

    for (i = 0; i < sizeof(sv_directives) / sizeof(sv_directives[0]); i++) {
        name = sv_directives[i].name;

        if (strlen(name) != key->len
            || memcmp(name, key->data, key->len) != 0)
        {
            continue;
        }

        rule = sv_parse_current(ps);

        if (rule == NULL) {
            return sv_lines_fail(&ps->lines, "\"%s\" outside of a rule", name);
        }

        ps->list = sv_directives[i].list;

        return sv_directives[i].handler ? sv_directives[i].handler(ps, rule)
                                        : sv_parse_list(ps);
    }

    return sv_lines_fail(&ps->lines, "unknown word \"%.*s\"",
                         (int) key->len, key->data);
}


/* Reads phrases.  Those of one list of a rule must be adjacent. */

int
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
sv_parse_label(sv_parse_t *ps, sv_rule_t *rule)
{
    sv_str_t     label;
    sv_reason_e  reason;

    sv_lines_rest(&ps->lines, &label);

    if (rule->reason != SV_REASON_NONE) {
        return sv_lines_fail(&ps->lines, "a second label");
    }

    reason = sv_reason_by_name((char *) label.data, label.len);

    if (sv_reason_info(reason)->codes == NULL) {
        return sv_lines_fail(&ps->lines, "\"%.*s\" is no label of a reply",
                             label.len > 64 ? 64 : (int) label.len,
                             label.data);
    }

    rule->reason = reason;

    return 0;
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
        /* a reply without a code has zeros */
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
sv_parse_session(sv_parse_t *ps, sv_rule_t *rule)
{
    return sv_parse_flag(ps, "session", &rule->session);
}


static int
sv_parse_recipient(sv_parse_t *ps, sv_rule_t *rule)
{
    return sv_parse_flag(ps, "recipient", &rule->recipient);
}


static int
sv_parse_bare(sv_parse_t *ps, sv_rule_t *rule)
{
    return sv_parse_flag(ps, "bare", &rule->bare);
}


static int
sv_parse_plain(sv_parse_t *ps, sv_rule_t *rule)
{
    if (sv_phrases_plain(&ps->phrases) == NULL) {
        return sv_lines_fail(&ps->lines, "\"plain\" wants a set of that name "
                             "before this line");
    }

    return sv_parse_flag(ps, "plain", &rule->plain);
}


static int
sv_parse_flag(sv_parse_t *ps, const char *name, unsigned *flag)
{
    int       rc, quoted;
    sv_str_t  token;

    rc = sv_lines_token(&ps->lines, &token, &quoted);

    if (rc > 0) {
        return sv_lines_fail(&ps->lines, "\"%s\" wants nothing behind it",
                             name);
    }

    if (rc == 0 && *flag) {
        return sv_lines_fail(&ps->lines, "\"%s\" a second time", name);
    }

    *flag = 1;

    return rc;
}


/* Reads seconds, up to a day. */

static int
sv_parse_retry(sv_parse_t *ps, sv_rule_t *rule)
{
    size_t    i;
    unsigned  seconds;
    sv_str_t  token;

    sv_lines_rest(&ps->lines, &token);

    if (rule->retry != 0) {
        return sv_lines_fail(&ps->lines, "\"retry\" a second time");
    }

    seconds = 0;

    for (i = 0; i < token.len && i < 5 && sv_is_digit(token.data[i]); i++) {
        seconds = seconds * 10 + (token.data[i] - '0');
    }

    if (i != token.len || seconds == 0 || seconds > 86400) {
        return sv_lines_fail(&ps->lines, "\"retry\" wants seconds, from 1 to "
                             "86400");
    }

    rule->retry = seconds;

    return 0;
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
