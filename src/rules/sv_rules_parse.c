
/* Reads the rule file, conf/rules.conf.  The format is described in that
   file. */


#include <stdlib.h>

#include "sv_rules_parse.h"


static void sv_parse_quiet(sv_rules_t *rules);
static int sv_parse_openings(sv_rules_t *rules);
static int sv_parse_file(sv_parse_t *ps);
static int sv_parse_line(sv_parse_t *ps);
static int sv_parse_rule(sv_parse_t *ps);


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


/* Finds the codes whose text no rule reads.  Most replies are a 2xx, of which
   only the code counts. */

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


/* Makes the table from phrases to rules: as few phrases match, it is faster
   than going through all rules. */

static int
sv_parse_openings(sv_rules_t *rules)
{
    size_t            i, k;
    uint32_t          n;
    uint16_t         *phrases;
    const sv_rule_t  *rule;

    rules->openings = calloc(rules->match.nphrases + 2, sizeof(uint32_t));
    rules->opened = malloc((rules->phrases.nelts + 1) * sizeof(uint16_t));

    if (rules->openings == NULL || rules->opened == NULL) {
        return -1;
    }

    rule = rules->rules.elts;
    phrases = rules->phrases.elts;

    memset(rules->always, 0, sizeof(rules->always));

    for (i = 0; i < rules->rules.nelts; i++) {

        if (rule[i].any.n == 0) {
            sv_bit_set(rules->always, i);
        }

        for (k = 0; k < rule[i].any.n; k++) {
            rules->openings[phrases[rule[i].any.off + k] + 2]++;
        }
    }

    for (n = 2; n < rules->match.nphrases + 2; n++) {
        rules->openings[n] += rules->openings[n - 1];
    }

    for (i = 0; i < rules->rules.nelts; i++) {
        for (k = 0; k < rule[i].any.n; k++) {
            n = rules->openings[phrases[rule[i].any.off + k] + 1]++;
            rules->opened[n] = (uint16_t) i;
        }
    }

    return 0;
}


void
sv_rules_free(sv_rules_t *rules)
{
    if (rules == NULL) {
        return;
    }

    sv_match_free(&rules->match);
    sv_match_free(&rules->plain);
    sv_array_free(&rules->rules);
    sv_array_free(&rules->enhanced);
    sv_array_free(&rules->providers);
    sv_array_free(&rules->phrases);
    free(rules->openings);
    free(rules->opened);
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

    if (sv_check_rule(ps) != 0) {
        return -1;
    }

    if (ps->rules->rules.nelts == 0) {
        return sv_lines_fail(&ps->lines, "there is no rule");
    }

    if (sv_phrases_check(&ps->phrases) != 0) {
        return -1;
    }

    if (sv_match_finish(ps->phrases.build, &ps->rules->match) != 0
        || sv_phrases_plain_match(&ps->phrases, &ps->rules->plain) != 0
        || sv_parse_openings(ps->rules) != 0)
    {
        return sv_lines_fail(&ps->lines, "no memory");
    }

    return sv_check_examples(ps);
}


static int
sv_parse_line(sv_parse_t *ps)
{
    int       quoted;
    sv_str_t  key;

    if (*ps->lines.p == '"') {
        return sv_parse_list(ps);
    }

    (void) sv_lines_token(&ps->lines, &key, &quoted);

    if (key.len == 4 && memcmp(key.data, "rule", 4) == 0) {
        ps->list = SV_PHRASES_NO;
        return sv_check_rule(ps) == 0 ? sv_parse_rule(ps) : -1;
    }

    if (key.len == 3 && memcmp(key.data, "set", 3) == 0) {
        ps->list = SV_PHRASES_SET;
        return sv_phrases_set(&ps->phrases);
    }

    return sv_parse_rule_line(ps, &key);
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


sv_rule_t *
sv_parse_current(sv_parse_t *ps)
{
    if (ps->rules->rules.nelts == 0) {
        return NULL;
    }

    return (sv_rule_t *) ps->rules->rules.elts + ps->rules->rules.nelts - 1;
}


/* There is enough room: in the file each name is followed by a character. */

const char *
sv_parse_name(sv_parse_t *ps, const sv_str_t *name)
{
    char  *p;

    p = ps->rules->names + ps->rules->nnames;
    memcpy(p, name->data, name->len);
    p[name->len] = '\0';
    ps->rules->nnames += name->len + 1;

    return p;
}
