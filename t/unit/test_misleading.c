
/*
 * Replies made of templates, tens of thousands of them, whose meaning is known
 * by how they were made: most look like "no such mailbox", and are not.  The
 * format is described in t/accuracy/misleading.txt.
 *
 *   MISLEADING_VERBOSE=N  the first N replies of each template that are wrong
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "sv_rules.h"


#define LANGS     64
#define SLOTS     64
#define TEXT      2048
#define DRAWS     160       /* of each template, in each language */
#define SEEN      4096      /* a power of two, more than 8 times the draws */
#define DEPTH     8


typedef struct {
    char            name[16];
    char            value[TEXT];
} slot_t;


typedef struct {
    char            name[8];
    slot_t          slots[SLOTS];
    unsigned        n;
} lang_t;


typedef struct {
    unsigned        replies;
    unsigned        existing;       /* neither missing nor disabled */
    unsigned        missing;        /* what is said to be so, of these */
    unsigned        disabled;
    unsigned        gone;           /* controls, and those that were heard */
    unsigned        heard;
    unsigned        reasons;        /* that are right to the word */
} figures_t;


typedef struct {
    const char     *rcpt;
    const char     *domain;
    const char     *other;
} people_t;


/* the slots that change from reply to reply; some local parts are words */

static const people_t  people[] = {
    { "jdoe@target.example", "target.example", "alice@third.example" },
    { "info@target.example", "target.example", "bob@target.example" },
    { "j.smith-77@mail.target.example", "mail.target.example",
      "team.lead@third.example" },
    { "unknown@target.example", "target.example", "sales@sub.third.example" }
};

#define PEOPLE  (sizeof(people) / sizeof(people[0]))


static lang_t       langs[LANGS];
static unsigned     nlangs;
static sv_rules_t  *rules;
static unsigned     verbose;


static void expand(const lang_t *lang, const people_t *who, const char *p,
    const char *end, char *dst, size_t *len, uint64_t *seed, unsigned depth);


/* splitmix64: the same replies on every machine */

static uint64_t
draw(uint64_t *seed)
{
    uint64_t  z;

    z = (*seed += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;

    return z ^ (z >> 31);
}


static uint64_t
hash(const char *p, size_t len)
{
    uint64_t  h;

    for (h = 0xcbf29ce484222325u; len; len--) {
        h = (h ^ (unsigned char) *p++) * 0x100000001b3u;
    }

    return h;
}


static lang_t *
lang_find(const char *name)
{
    unsigned  i;

    for (i = 0; i < nlangs; i++) {
        if (strcmp(langs[i].name, name) == 0) {
            return &langs[i];
        }
    }

    assert_true(nlangs < LANGS && strlen(name) < sizeof(langs[0].name));
    memset(&langs[nlangs], 0, sizeof(lang_t));
    strcpy(langs[nlangs].name, name);

    return &langs[nlangs++];
}


static const char *
slot_find(const lang_t *lang, const char *name, size_t len)
{
    unsigned  i;

    for (i = 0; i < lang->n; i++) {
        if (strlen(lang->slots[i].name) == len
            && memcmp(lang->slots[i].name, name, len) == 0)
        {
            return lang->slots[i].value;
        }
    }

    return NULL;
}


static const char *
fixed_find(const people_t *who, const char *name, size_t len)
{
    size_t  i;

    const char  *names[][2] = {
        { "rcpt", who->rcpt }, { "domain", who->domain },
        { "other", who->other }, { "from", "postmaster@probe.example" },
        { "fromdomain", "probe.example" }, { "ip", "192.0.2.10" },
        { "helo", "mail.probe.example" }
    };

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i][0]) == len && memcmp(names[i][0], name, len) == 0)
        {
            return names[i][1];
        }
    }

    return NULL;
}


/* does the language have each slot that is named? */

static int
fits(const lang_t *lang, const char *p)
{
    size_t  n;

    for ( /* void */ ; *p; p++) {

        if (*p != '$') {
            continue;
        }

        for (n = 0; islower((unsigned char) p[1 + n]); n++) {
            /* void */
        }

        if (fixed_find(&people[0], p + 1, n) == NULL
            && slot_find(lang, p + 1, n) == NULL)
        {
            return 0;
        }
    }

    return 1;
}


/* one of the alternatives between p and end */

static void
choose(const lang_t *lang, const people_t *who, const char *p,
    const char *end, char *dst, size_t *len, uint64_t *seed, unsigned depth)
{
    unsigned     n, k, level;
    const char  *q, *from;

    n = 1;
    level = 0;

    for (q = p; q < end; q++) {
        level += (*q == '{') - (*q == '}');
        n += (*q == '|' && level == 0);
    }

    k = draw(seed) % n;
    from = p;

    for (q = p; q <= end; q++) {

        if (q < end) {
            level += (*q == '{') - (*q == '}');
        }

        if (q == end || (*q == '|' && level == 0)) {

            if (k == 0) {
                break;
            }

            k--;
            from = q + 1;
        }
    }

    expand(lang, who, from, q, dst, len, seed, depth + 1);
}


static void
expand(const lang_t *lang, const people_t *who, const char *p,
    const char *end, char *dst, size_t *len, uint64_t *seed, unsigned depth)
{
    size_t       n;
    unsigned     level;
    const char  *q, *value;

    assert_true(depth < DEPTH);

    while (p < end) {

        if (*p == '{') {
            level = 0;

            for (q = p; ; q++) {
                assert_true(q < end);
                level += (*q == '{') - (*q == '}');

                if (level == 0) {
                    break;
                }
            }

            choose(lang, who, p + 1, q, dst, len, seed, depth);
            p = q + 1;

        } else if (*p == '$') {

            for (n = 0; islower((unsigned char) p[1 + n]); n++) {
                /* void */
            }

            value = fixed_find(who, p + 1, n);

            if (value != NULL) {
                assert_true(*len + strlen(value) < TEXT);
                memcpy(dst + *len, value, strlen(value));
                *len += strlen(value);

            } else {
                value = slot_find(lang, p + 1, n);
                assert_non_null(value);
                choose(lang, who, value, value + strlen(value), dst, len,
                       seed, depth);
            }

            p += 1 + n;

        } else {
            assert_true(*len + 1 < TEXT);
            dst[(*len)++] = *p++;
        }
    }
}


/* two blanks are one; Chinese and Japanese words stand side by side */

static size_t
tidy(char *text, size_t len)
{
    size_t          i, n;
    unsigned char  *p;

    p = (unsigned char *) text;

    for (i = 0, n = 0; i < len; i++) {

        if (p[i] == ' '
            && (n == 0 || i + 1 == len || p[i + 1] == ' '
                || (p[i + 1] >= 0xe3 && p[i + 1] < 0xea && n >= 3
                    && p[n - 3] >= 0xe3 && p[n - 3] < 0xea)))
        {
            continue;
        }

        p[n++] = p[i];
    }

    text[n] = '\0';

    return n;
}


static sv_reason_e
reason_find(const char *name)
{
    sv_reason_e  reason;

    for (reason = 0; reason < SV_REASON_MAX; reason++) {
        if (strcmp(sv_reasons[reason].name, name) == 0) {
            return reason;
        }
    }

    fail_msg("no reason \"%s\"", name);

    return SV_REJECTED;
}


/* 0: the reply was taken for undeliverable, though it is not, or was not */

static int
judge(sv_reason_e truth, unsigned code, const people_t *who, char *text,
    size_t len, figures_t *f, sv_class_t *class)
{
    int         gone;
    sv_reply_t  reply;

    memset(&reply, 0, sizeof(sv_reply_t));

    reply.stage = SV_STAGE_RCPT;
    reply.code = code;
    reply.text.data = (unsigned char *) text;
    reply.text.len = len;
    reply.rcpt.data = (unsigned char *) who->rcpt;
    reply.rcpt.len = strlen(who->rcpt);
    reply.from.data = (unsigned char *) "postmaster@probe.example";
    reply.from.len = strlen((char *) reply.from.data);

    sv_classify(rules, &reply, class);

    gone = (class->reason == SV_MAILBOX_NOT_FOUND
            || class->reason == SV_MAILBOX_DISABLED);

    f->replies++;
    f->reasons += (class->reason == truth);

    if (truth == SV_MAILBOX_NOT_FOUND || truth == SV_MAILBOX_DISABLED) {
        f->gone++;
        f->heard += gone;

        return gone;
    }

    f->existing++;
    f->missing += (class->reason == SV_MAILBOX_NOT_FOUND);
    f->disabled += (class->reason == SV_MAILBOX_DISABLED);

    return !gone;
}


static void
template(const lang_t *lang, sv_reason_e truth, const char *line,
    figures_t *f)
{
    char             text[TEXT];
    size_t           len;
    uint64_t         seed, h;
    unsigned         i, k, n, code, codes[8], wrong;
    sv_class_t       class;
    const char      *p;
    const people_t  *who;
    static uint64_t  seen[SEEN];

    n = 0;
    p = line;

    do {
        assert_true(n < 8 && isdigit((unsigned char) *p));
        codes[n++] = strtoul(p, (char **) &p, 10);
    } while (*p++ == ',');

    seed = hash(line, strlen(line)) ^ hash(lang->name, strlen(lang->name));
    memset(seen, 0, sizeof(seen));
    wrong = 0;

    for (i = 0; i < DRAWS; i++) {
        who = &people[draw(&seed) % PEOPLE];
        code = codes[draw(&seed) % n];
        len = 0;

        expand(lang, who, p, p + strlen(p), text, &len, &seed, 0);
        len = tidy(text, len);

        h = (hash(text, len) ^ code) | 1;

        for (k = h % SEEN; seen[k] && seen[k] != h; k = (k + 1) % SEEN) {
            /* void */
        }

        if (seen[k]) {
            continue;
        }

        seen[k] = h;

        if (!judge(truth, code, who, text, len, f, &class)
            && wrong++ < verbose)
        {
            print_message("%s %s: said %s by %s: %u %s\n", lang->name,
                          sv_reasons[truth].name,
                          sv_reasons[class.reason].name, class.rule,
                          code, text);
        }
    }
}


static void
slot_add(lang_t *lang, char *line)
{
    char    *value, *p;
    size_t   n;
    slot_t  *slot;

    value = strchr(line, ' ');
    assert_non_null(value);
    *value++ = '\0';

    assert_true(lang->n < SLOTS && strlen(line) < sizeof(slot->name));
    assert_true(strlen(value) < TEXT);

    slot = &lang->slots[lang->n++];
    strcpy(slot->name, line);

    for (p = slot->value, n = 0; *value; value++) {
        if (*value == ' ' && (value[1] == '|' || (n && p[n - 1] == '|'))) {
            continue;
        }

        p[n++] = *value;
    }

    p[n] = '\0';
}


static void
run(const char *name, figures_t *f)
{
    char          line[TEXT];
    FILE         *file;
    lang_t       *lang;
    unsigned      i;
    sv_reason_e   truth;

    memset(f, 0, sizeof(figures_t));
    nlangs = 0;
    lang = NULL;
    truth = SV_REJECTED;

    file = fopen(name, "r");
    assert_non_null(file);

    while (fgets(line, sizeof(line), file) != NULL) {
        line[strcspn(line, "\n")] = '\0';

        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }

        if (strncmp(line, "lang ", 5) == 0) {
            lang = strcmp(line + 5, "*") == 0 ? NULL : lang_find(line + 5);

        } else if (strncmp(line, "slot ", 5) == 0) {
            assert_non_null(lang);
            slot_add(lang, line + 5);

        } else if (strncmp(line, "truth ", 6) == 0) {
            truth = reason_find(line + 6);

        } else if (lang != NULL) {
            assert_true(fits(lang, line));
            template(lang, truth, line, f);

        } else {
            for (i = 0; i < nlangs; i++) {
                if (fits(&langs[i], line)) {
                    template(&langs[i], truth, line, f);
                }
            }
        }
    }

    fclose(file);

    print_message("%s: %u replies; of %u that name no missing mailbox, %u "
                  "said missing, %u disabled; of %u that do, %u heard; "
                  "reason right: %u\n",
                  name, f->replies, f->existing, f->missing, f->disabled,
                  f->gone, f->heard, f->reasons);
}


static void
none_is_missing(const char *name, unsigned least)
{
    figures_t  f;

    run(name, &f);

    assert_true(f.existing >= least);
    assert_int_equal(f.missing, 0);
    assert_int_equal(f.disabled, 0);
    assert_true(f.heard * 100 >= f.gone * 98);
}


static void
first_part(void **state)
{
    none_is_missing("t/accuracy/misleading.txt", 20000);
}


static void
other_words(void **state)
{
    none_is_missing("t/accuracy/misleading-others.txt", 10000);
}


static void
more_words(void **state)
{
    none_is_missing("t/accuracy/misleading-more.txt", 10000);
}


static void
fourth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-fourth.txt", 20000);
}


static void
fifth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-fifth.txt", 10000);
}


static void
sixth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-sixth.txt", 10000);
}


static void
seventh_part(void **state)
{
    none_is_missing("t/accuracy/misleading-seventh.txt", 9000);
}


static void
eighth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-eighth.txt", 7000);
}


static void
ninth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-ninth.txt", 7000);
}


static void
tenth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-tenth.txt", 3000);
}


static void
eleventh_part(void **state)
{
    none_is_missing("t/accuracy/misleading-eleventh.txt", 3000);
}


static void
twelfth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-twelfth.txt", 1900);
}


static void
thirteenth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-thirteenth.txt", 12000);
}


static void
fourteenth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-fourteenth.txt", 12000);
}


static void
fifteenth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-fifteenth.txt", 10000);
}


static void
sixteenth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-sixteenth.txt", 4000);
}


static void
seventeenth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-seventeenth.txt", 10000);
}


static void
eighteenth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-eighteenth.txt", 12000);
}


static void
nineteenth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-nineteenth.txt", 12000);
}


static void
twentieth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-twentieth.txt", 10000);
}


static void
twentyfirst_part(void **state)
{
    none_is_missing("t/accuracy/misleading-twentyfirst.txt", 12000);
}


static void
twentysecond_part(void **state)
{
    none_is_missing("t/accuracy/misleading-twentysecond.txt", 12000);
}


static void
twentythird_part(void **state)
{
    none_is_missing("t/accuracy/misleading-twentythird.txt", 12000);
}


static void
twentyfourth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-twentyfourth.txt", 10000);
}


static void
twentyfifth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-twentyfifth.txt", 12000);
}


static void
twentysixth_part(void **state)
{
    none_is_missing("t/accuracy/misleading-twentysixth.txt", 12000);
}


static int
setup(void **state)
{
    char  *value;

    value = getenv("MISLEADING_VERBOSE");
    verbose = value ? atoi(value) : 0;
    rules = sv_rules_default();

    return rules == NULL;
}


static int
teardown(void **state)
{
    sv_rules_free(rules);

    return 0;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(first_part),
        cmocka_unit_test(other_words),
        cmocka_unit_test(more_words),
        cmocka_unit_test(fourth_part),
        cmocka_unit_test(fifth_part),
        cmocka_unit_test(sixth_part),
        cmocka_unit_test(seventh_part),
        cmocka_unit_test(eighth_part),
        cmocka_unit_test(ninth_part),
        cmocka_unit_test(tenth_part),
        cmocka_unit_test(eleventh_part),
        cmocka_unit_test(twelfth_part),
        cmocka_unit_test(thirteenth_part),
        cmocka_unit_test(fourteenth_part),
        cmocka_unit_test(fifteenth_part),
        cmocka_unit_test(sixteenth_part),
        cmocka_unit_test(seventeenth_part),
        cmocka_unit_test(eighteenth_part),
        cmocka_unit_test(nineteenth_part),
        cmocka_unit_test(twentieth_part),
        cmocka_unit_test(twentyfirst_part),
        cmocka_unit_test(twentysecond_part),
        cmocka_unit_test(twentythird_part),
        cmocka_unit_test(twentyfourth_part),
        cmocka_unit_test(twentyfifth_part),
        cmocka_unit_test(twentysixth_part)
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
