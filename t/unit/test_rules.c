
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "sv_rules.h"


extern const char    sv_data_rules[];
extern const size_t  sv_data_rules_len;


typedef struct {
    unsigned            line;
    const char         *message;    /* its beginning */
    const char         *text;
} mistake_t;


static const char *
decides(sv_rules_t *rules, unsigned code, const char *text)
{
    static char  id[SV_RULE_ID_MAX + 1];
    sv_class_t   class;
    sv_reply_t   reply;

    memset(&reply, 0, sizeof(sv_reply_t));
    reply.code = code;
    reply.stage = SV_STAGE_RCPT;
    reply.text.data = (unsigned char *) text;
    reply.text.len = strlen(text);

    sv_classify(rules, &reply, &class);
    (void) snprintf(id, sizeof(id), "%s", class.rule);

    return id;
}


static sv_rules_t *
parse(const char *text)
{
    char              *copy;
    size_t             len;
    sv_rules_t        *rules;
    sv_rules_error_t   error;

    /* no NUL behind it, and gone afterwards */

    len = strlen(text);
    copy = malloc(len);
    assert_non_null(copy);
    memcpy(copy, text, len);

    rules = sv_rules_parse(copy, len, &error);
    free(copy);

    if (rules == NULL) {
        fail_msg("line %u: %s\n%s", error.line, error.message, text);
    }

    return rules;
}


static void
is_decided(const char *rule, const char *text, unsigned code,
    const char *expected)
{
    const char  *id;
    sv_rules_t  *rules;

    rules = parse(rule);
    id = decides(rules, code, text);

    if (strcmp(id, expected) != 0) {
        fail_msg("%s: %u %s: %s", rule, code, text, id);
    }

    sv_rules_free(rules);
}


/* what is compiled in: sv_rules_parse() has decided all examples */

static void
own_rules(void **state)
{
    size_t            i;
    sv_rules_t       *rules;
    sv_rules_error_t  error;
    const sv_rule_t  *rule;

    rules = sv_rules_parse(sv_data_rules, sv_data_rules_len, &error);

    if (rules == NULL) {
        fail_msg("rules.conf:%u: %s", error.line, error.message);
    }

    rule = rules->rules.elts;

    for (i = 0; i < rules->rules.nelts; i++, rule++) {

        if (rule->examples == 0) {
            fail_msg("rules.conf:%u: %s has no example", rule->line,
                     rule->id);
        }

        if (rule->sources == 0) {
            fail_msg("rules.conf:%u: %s has no source", rule->line, rule->id);
        }
    }

    assert_true(rules->rules.nelts > 50);
    sv_rules_free(rules);

    rules = sv_rules_default();
    assert_non_null(rules);
    sv_rules_free(rules);

    sv_rules_free(NULL);
}


static const mistake_t  wrong[] = {
    { 1, "there is no rule", "" },
    { 2, "there is no rule", "# nothing\n" },
    { 1, "there is no rule", "set a \"x\"" },
    { 1, "unknown word \"lable\"", "lable x" },
    { 1, "\"label\" outside of a rule", "label rejected" },
    { 1, "\"session\" outside of a rule", "session" },
    { 1, "\"recipient\" outside of a rule", "recipient" },
    { 3, "\"session\" wants nothing",
      "rule a\nlabel rejected\nsession 5xx\ncode 550" },
    { 4, "\"session\" a second time",
      "rule a\nlabel rejected\nsession\nsession\ncode 550" },
    { 3, "\"plain\" wants a set of that name",
      "rule a\nlabel rejected\nplain\ncode 550" },
    { 5, "\"plain\" a second time",
      "set plain \"a\"\nrule a\nlabel rejected\nplain\nplain\ncode 550" },
    { 3, "\"bare\" wants nothing",
      "rule a\nlabel rejected\nbare 4xx\ncode 550" },
    { 4, "\"bare\" a second time",
      "rule a\nlabel rejected\nbare\nbare\ncode 550" },
    { 3, "\"retry\" wants seconds", "rule a\nlabel rejected\nretry" },
    { 3, "\"retry\" wants seconds", "rule a\nlabel rejected\nretry 0" },
    { 3, "\"retry\" wants seconds", "rule a\nlabel rejected\nretry 5m" },
    { 3, "\"retry\" wants seconds", "rule a\nlabel rejected\nretry 86401" },
    { 3, "\"retry\" wants seconds", "rule a\nlabel rejected\nretry 999999" },
    { 4, "\"retry\" a second time",
      "rule a\nlabel rejected\nretry 5\nretry 5\ncode 550" },
    { 1, "phrases without a list", "\"x\"" },
    { 1, "\"rule\" wants a name", "rule" },
    { 1, "\"rule\" wants a name", "rule A" },
    { 1, "\"rule\" wants a name", "rule a_b" },
    { 1, "\"rule\" wants a name", "rule -a" },
    { 1, "\"rule\" wants a name", "rule \"a\"" },
    { 1, "\"rule\" wants one name", "rule a b" },
    { 1, "rule \"a\" has no label", "rule a\ncode 550" },
    { 1, "rule \"a\" has no condition", "rule a\nlabel rejected" },
    { 1, "rule \"a\" has no condition",
         "rule a\nlabel rejected\nnone \"x\"\n" },
    { 1, "rule \"a\" has no label", "rule a\n\nrule b" },
    { 2, "\"no\" is no label", "rule a\nlabel no" },
    { 2, "\"timeout\" is no label", "rule a\nlabel timeout" },
    { 2, "\"rejected x\" is no label", "rule a\nlabel rejected x" },
    { 3, "a second label", "rule a\nlabel rejected\nlabel rejected" },
    { 4, "rule \"a\" is there already, in line 1",
         "rule a\nlabel rejected\ncode 5xx\nrule a" },
    { 2, "\"data\" is no stage", "rule a\nstage data" },
    { 2, "\"dns\" is no stage", "rule a\nstage dns" },
    { 2, "\"stage\" without", "rule a\nstage" },
    { 2, "\"55\" is no code", "rule a\ncode 55" },
    { 2, "\"650\" is no code", "rule a\ncode 650" },
    { 2, "\"5x0x\" is no code", "rule a\ncode 5x0x" },
    { 2, "\"xxx\" is no code", "rule a\ncode xxx" },
    { 2, "\"code\" without", "rule a\ncode # none" },
    { 2, "\"5.1\" is no pattern", "rule a\nenhanced 5.1" },
    { 2, "\"5.1.1.1\" is no pattern", "rule a\nenhanced 5.1.1.1" },
    { 2, "\"5.1.2-1\" is no pattern", "rule a\nenhanced 5.1.2-1" },
    { 2, "\"5.1.1-\" is no pattern", "rule a\nenhanced 5.1.1-" },
    { 2, "\"5.1.1-2-3\" is no pattern", "rule a\nenhanced 5.1.1-2-3" },
    { 2, "\"5.1.1000\" is no pattern", "rule a\nenhanced 5.1.1000" },
    { 3, "\"enhanced\" a second", "rule a\nenhanced 5.1.1\nenhanced *.*.*"
    },
    { 2, "\"enhanced\" without", "rule a\nenhanced" },
    { 2, "\"Google\" is no provider", "rule a\nprovider Google" },
    { 2, "\"provider\" without", "rule a\nprovider" },
    { 3, "\"provider\" a second", "rule a\nprovider a\nprovider b" },
    { 2, "\"x\": phrases stand in double", "rule a\nany x" },
    { 2, "a quote is not closed", "rule a\nany \"x" },
    { 2, "a list without phrases", "rule a\nany" },
    { 4, "the same list a second", "rule a\nany \"x\"\nall \"y\"\n"
         "any \"z\"" },
    { 2, "an empty phrase", "rule a\nany \"\"" },
    { 2, "an empty phrase", "rule a\nany \"  \"" },
    { 2, "\"-\" is no word", "rule a\nany \"a - b\"" },
    { 2, "\"\" is no word", "rule a\nany \"*\"" },
    { 2, "\"a*b\" is no word", "rule a\nany \"a*b\"" },
    { 2, "\"end.\" is no word", "rule a\nany \"the end. and\"" },
    { 2, "a gap wants something", "rule a\nany \".. a\"" },
    { 2, "a gap wants something", "rule a\nany \"a .. .. b\"" },
    { 2, "a phrase ends with a gap", "rule a\nany \"a ..\"" },
    { 2, "a phrase of more than 8 parts",
         "rule a\nany \"a .. b .. c .. d .. e .. f .. g .. h .. i\"" },
    { 2, "no set \"x\" before this line", "rule a\nany \"@x\"" },
    { 2, "no set \"\" before this line", "rule a\nany \"@\"" },
    { 1, "\"set\" wants a name", "set" },
    { 1, "\"set\" wants a name", "set \"x\"" },
    { 2, "set \"x\" is there already", "set x \"a\"\nset x \"b\"" },
    { 1, "\"a\": phrases stand in double", "set x a" },
    { 1, "\"a .. b\": a set has no phrases of several", "set x \"a .. b\""
    },
    { 1, "a set cannot hold itself", "set x \"@x\"" },
    { 1, "set \"x\" is empty",
         "set x\nrule a\nlabel rejected\nany \"@x\"" },
    { 1, "set \"x\" is not used",
         "set x \"a\"\nrule a\nlabel rejected\nany \"b\"" },
    { 2, "rule \"a\" wants a set both",
         "set x \"a\"\nrule a\nlabel rejected\nall \"@x\"\nnone \"@x\"" },
    { 1, "rule \"a\": code 450 cannot mean mailbox_not_found",
         "rule a\nlabel mailbox_not_found\ncode 450" },
    { 1, "rule \"a\": code 400 cannot mean mailbox_disabled",
         "rule a\nlabel mailbox_disabled\ncode 4xx" },
    { 1, "rule \"a\": code 500 cannot mean accepted",
         "rule a\nlabel accepted\ncode 2xx 5xx" },
    { 1, "rule \"a\": code 250 cannot mean rejected",
         "rule a\nlabel rejected\ncode 250" },
    { 1, "rule \"a\": only a reply to RCPT",
         "rule a\nlabel mailbox_full\nstage mail\ncode 5xx" },
    { 1, "rule \"a\": only a reply to RCPT",
         "rule a\nlabel mailbox_not_found\nstage mail rcpt\ncode 5xx" },
    { 4, "rule \"b\" is never reached: \"a\" in line 1",
         "rule a\nlabel rejected\ncode 55x\n"
         "rule b\nlabel mailbox_not_found\ncode 550\nany \"x\"" },
    { 4, "rule \"b\" is never reached: \"a\" in line 1",
         "rule a\nlabel rejected\nenhanced *.1.*\n"
         "rule b\nlabel mailbox_not_found\nenhanced 5.1.1 5.1.6" },
    { 5, "rule \"b\" is never reached: \"a\" in line 1",
         "rule a\nlabel rejected\nprovider x y\ncode 5xx\n"
         "rule b\nlabel mailbox_not_found\nprovider y\nany \"x\"" },
    { 4, "rule \"a\": its example is decided by \"default-5xx\"",
         "rule a\nlabel mailbox_not_found\nany \"x\"\nexample 550 y" },
    { 7, "rule \"b\": its example is decided by \"a\"",
         "rule a\nlabel mailbox_not_found\nany \"x\"\n"
         "rule b\nlabel mailbox_not_found\nany \"y\"\nexample 550 x y" },
    { 3, "an example begins with its code",
         "rule a\nlabel rejected\nexample x\ncode 5xx" },
    { 3, "an example begins with its code",
         "rule a\nlabel rejected\nexample 5500\ncode 5xx" },
    { 2, "\"source\" says nothing", "rule a\nsource" },
    { 2, "control character", "rule a\nsource a\001" },
    { 2, "control character", "rule a\nsource a\302\205" },
    { 3, "not UTF-8", "rule a\n\nsource \377" }
};


static void
mistakes(void **state)
{
    size_t            i;
    sv_rules_t       *rules;
    sv_rules_error_t  error;

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {

        memset(&error, 0xff, sizeof(error));
        rules = sv_rules_parse(wrong[i].text, strlen(wrong[i].text), &error);

        if (rules != NULL) {
            fail_msg("no mistake: %s", wrong[i].text);
        }

        if (error.line != wrong[i].line
            || strncmp(error.message, wrong[i].message,
                       strlen(wrong[i].message)) != 0)
        {
            fail_msg("%s\nline %u: %s", wrong[i].text, error.line,
                     error.message);
        }
    }
}


#define RULE  "rule a\nlabel rejected\n"

static void
phrases(void **state)
{
    size_t  i;
    const struct {
        const char  *phrases, *text;
        int          met;
    }  cases[] = {
        { "any \"a b\"", "x A  b y", 1 },
        { "any \"a b\"", "a x b", 0 },
        { "any \"a b\"", "a. b", 0 },
        { "any \"a b\"", "a, b", 1 },
        { "any \"a b\"", "ab", 0 },
        { "any \"over-quota\"", "over quota", 1 },
        { "any \"over quota\"", "OVER_QUOTA!", 1 },
        { "any \"e-mail\"", "email", 1 },
        { "any \"doesn't\"", "doesn\342\200\231t", 1 },
        { "any \"block*\"", "unblocked", 0 },
        { "any \"block*\"", "Blocked", 1 },
        { "any \"*locked\"", "blocked", 1 },
        { "any \"*lock*\"", "blocked", 1 },
        { "any \"*lock\"", "blocked", 0 },
        { "any \"block* using\"", "blocked using it", 1 },
        { "any \"block* using\"", "blocked not using", 0 },
        { "any \"a .. b\"", "a b", 1 },
        { "any \"a .. b\"", "a 1 2 3 4 b", 1 },
        { "any \"a .. b\"", "a 1 2 3 4 5 b", 0 },
        { "any \"a ... b\"", "a 1 2 3 4 5 6 7 8 9 10 11 12 b", 1 },
        { "any \"a ... b\"", "a 1 2 3 4 5 6 7 8 9 10 11 12 13 b", 0 },
        { "any \"a .. b\"", "a x. b", 0 },
        { "any \"a .. b\"", "a x! y b", 0 },
        { "any \"a .. b\"", "b a", 0 },
        { "any \"a .. b\"", "a b a", 1 },
        { "any \"a .. b .. c\"", "a 1 b 2 c", 1 },
        { "any \"a .. b .. c\"", "a 1 c 2 b", 0 },
        { "any \"a x .. x b\"", "a x b", 0 },
        { "any \"a x .. x b\"", "a x x b", 1 },
        { "any \"{addr} b\"", "<jdoe@example.com> b", 1 },
        { "any \"a {addr}\"", "a b.c@d.e", 1 },
        { "any \"a b\"", "a jdoe@example.com b", 0 },
        { "any \"{ip}\"", "[192.0.2.1]", 1 },
        { "any \"{ip}\"", "[IPv6:2001:db8::1]", 1 },
        { "any \"{ip}\"", "2001:db8::1:", 1 },
        { "any \"{ip}\"", "192.0.2.256", 0 },
        { "any \"{ip}\"", "1.2.3", 0 },
        { "any \"{ip}\"", "at 10:11:12", 0 },
        { "any \"a {end}\"", "b a.", 1 },
        { "any \"a {end}\"", "b a", 1 },
        { "any \"a {end}\"", "a b", 0 },
        { "any \"*.example.com\"", "mail.example.com", 1 },
        { "any \"example.com\"", "mail.example.com", 0 },
        { "any \"*p.nosuchuser*\"",
          "see https://support.google.com/mail/?p=NoSuchUser", 1 },
        { "any \"nosuchuser\"",
          "see https://support.google.com/mail/?p=NoSuchUser", 0 },
        { "any \"*rbl.*\"", "rbl.example.com", 1 },
        { "any \"*.rbl*\"", "x.rbl.example.com", 1 },
        { "all \"a\" \"b\"", "b a", 1 },
        { "all \"a\" \"b\"", "a", 0 },
        { "any \"a\" \"b\"", "b", 1 },
        { "any \"a\" \"b\"\n\"c\"", "c", 1 },
        { "any \"a\"\nnone \"b\"", "a", 1 },
        { "any \"a\"\nnone \"b\"", "a b", 0 },
        { "any \"unknown\"\nall \"user\"\nnone \"sender\"", "user unknown", 1
        }
    };
    char    rule[256];

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        (void) snprintf(rule, sizeof(rule), RULE "code 550\n%s",
                        cases[i].phrases);
        is_decided(rule, cases[i].text, 550,
                   cases[i].met ? "a" : "default-5xx");
    }
}


static void
sets(void **state)
{
    const char  *rule;

    rule = "set who \"user\" \"mail box\"\n    \"account\"  # more\n"
           "set all \"@who\" \"address\"\n"
           "rule a\nlabel rejected\nany \"@who .. unknown\"\n"
           "rule b\nlabel rejected\nany \"@all\" \"no @who here\"\n"
           "none \"bad @all\"";

    is_decided(rule, "the user is unknown", 550, "a");
    is_decided(rule, "mail box unknown", 550, "a");
    is_decided(rule, "account unknown", 550, "a");
    is_decided(rule, "address unknown", 550, "b");
    is_decided(rule, "mail box", 550, "b");
    is_decided(rule, "mail", 550, "default-5xx");
    is_decided(rule, "bad mail box", 550, "default-5xx");
}


static void
conditions(void **state)
{
    is_decided(RULE "code 55x", "x", 559, "a");
    is_decided(RULE "code 55x", "x", 560, "default-5xx");
    is_decided(RULE "code 450 5xx", "x", 450, "a");
    is_decided(RULE "code 450 5xx", "x", 451, "default-4xx");
    is_decided(RULE "enhanced 5.1.*", "5.1.9 x", 550, "a");
    is_decided(RULE "enhanced 5.1.*", "x", 550, "default-5xx");
    is_decided(RULE "enhanced *.7.23-27", "5.7.25 x", 550, "a");
    is_decided(RULE "enhanced *.7.23-27", "5.7.28 x", 550, "default-5xx");
    is_decided(RULE "enhanced *.*.*", "x", 550, "default-5xx");
    is_decided(RULE "enhanced none 5.7.*", "x", 550, "a");
    is_decided(RULE "enhanced none 5.7.*", "5.7.1 x", 550, "a");
    is_decided(RULE "enhanced none 5.7.*", "5.1.1 x", 550, "default-5xx");
    is_decided(RULE "stage mail\ncode 5xx", "x", 550, "default-5xx");
    is_decided(RULE "stage mail rcpt\ncode 5xx", "x", 550, "a");
    is_decided(RULE "provider b\ncode 5xx", "x", 550, "default-5xx");
    is_decided("rule a\nlabel mailbox_full\nany \"x\"", "x", 450, "a");
    is_decided("rule a\nlabel accepted\nany \"x\"", "x", 250, "a");
    is_decided("rule a\nlabel accepted\nany \"x\"", "y", 250, "default-2xx");
}


static void
provider(void **state)
{
    sv_class_t   class;
    sv_reply_t   reply;
    sv_rules_t  *rules;

    rules = parse("rule a\nlabel mailbox_full\nprovider x y\ncode 5xx\n"
                  "example 550 z");

    memset(&reply, 0, sizeof(sv_reply_t));
    reply.code = 550;
    reply.provider.data = (unsigned char *) "yz";

    reply.provider.len = 1;
    sv_classify(rules, &reply, &class);
    assert_string_equal(class.rule, "a");

    reply.provider.len = 2;
    sv_classify(rules, &reply, &class);
    assert_string_equal(class.rule, "default-5xx");

    sv_rules_free(rules);
}


/* as large as can be, and one more */

static void
bounds(void **state)
{
    char              *text, *p;
    unsigned           i, n;
    sv_rules_t        *rules;
    sv_rules_error_t   error;

    text = malloc(SV_RULES_FILE_MAX + 64);
    assert_non_null(text);

    for (n = SV_RULES_MAX; n <= SV_RULES_MAX + 1; n++) {
        p = text;

        for (i = 0; i < n; i++) {
            p += sprintf(p, "rule r%u\nlabel rejected\nany \"w%u x\"\n", i, i);
        }

        rules = sv_rules_parse(text, p - text, &error);
        assert_true((rules != NULL) == (n == SV_RULES_MAX));

        if (rules) {
            assert_string_equal(decides(rules, 550, "w4095 x"), "r4095");

        } else {
            assert_string_equal(error.message, "more than 4096 rules");
        }

        sv_rules_free(rules);
    }

    for (n = SV_PHRASE_MAX; n <= SV_PHRASE_MAX + 1; n++) {
        memset(text, 'x', n);
        p = malloc(n + 64);
        assert_non_null(p);
        i = sprintf(p, RULE "any \"%.*s\"", n, text);
        rules = sv_rules_parse(p, i, &error);
        assert_true((rules != NULL) == (n == SV_PHRASE_MAX));
        sv_rules_free(rules);
        free(p);
    }

    /* "a a a ..." has the most pieces, single letters the most phrases */

    p = text + sprintf(text, RULE "any");

    while (p - text < SV_RULES_FILE_MAX - 8) {
        p += sprintf(p, " \"a\"");
    }

    assert_null(sv_rules_parse(text, p - text, &error));
    assert_string_equal(error.message, "more than 8192 phrases");

    p = text + sprintf(text, "set a");

    while (p - text < SV_RULES_FILE_MAX - 256) {
        p += sprintf(p, " \"%050lu\"", (unsigned long) (p - text));
    }

    assert_null(sv_rules_parse(text, p - text, &error));
    assert_string_equal(error.message, "more than 16384 phrases in sets");

    p = text + sprintf(text, RULE "any");

    for (i = 0; i < 4000; i++) {
        p += sprintf(p, " \"%08x%092u\"", i * 2654435761u, 0);
    }

    assert_null(sv_rules_parse(text, p - text, &error));
    assert_string_equal(error.message, "too many phrases");

    memset(text, '#', SV_RULES_FILE_MAX + 1);
    assert_null(sv_rules_parse(text, SV_RULES_FILE_MAX, &error));
    assert_string_equal(error.message, "there is no rule");
    assert_null(sv_rules_parse(text, SV_RULES_FILE_MAX + 1, &error));
    assert_string_equal(error.message,
                        "the file is larger than 1048576 bytes");

    free(text);
}


static void
fold(void **state)
{
    size_t         i, len;
    unsigned char  buf[64];
    const struct {
        const char  *text, *folded;
    }  cases[] = {
        { "", " " },
        { " ", " " },
        { "A", " a " },
        { "a.", " a \003 " },
        { "a. b", " a \003 b " },
        { "a.. b", " a b " },
        { "a!? b", " a \016 \003 b " },
        { ". . .", " " },
        { "unknown.Please", " unknown \003 please " },
        { "RESOLVER.ADR.RecipNotFound", " resolver.adr.recipnotfound " },
        { "a-b_c/d", " a b c d " },
        { "mx-1.example.com", " mx-1.example.com " },
        { "<a@b.c>:x", " \001 x " },
        { "to:<a@b.c>.", " to \001 \003 " },
        { "a@b.c. d", " \001 \003 d " },
        { "@b.c", " \001 " },
        { "a@ b", " a b " },
        { "[10.0.0.1]:25", " \002 25 " },
        { "(::1)", " \002 " },
        { "http://Ex.com/?a=B&c.", " http.ex.com.a.b.c \003 " },
        { "WWW.ex.com/x", " www.ex.com.x " },
        { "\303\211t\303\251", " ete " },
        { "\311t\351", " ete " },
        { "\305\201\303\263d\305\272", " lodz " },
        { "\320\257", " \321\217 " },
        { "Kh\303\264ng \304\220\341\272\247y", " khong day " },
        { "Th\306\257", " thu " },
        { "Po\310\230tal\304\202", " postala " },
        { "\316\210\316\275\316\261\317\202",
          " \316\265\316\275\316\261\317\203 " },
        { "\320\207\320\201", " \321\226\320\265 " },
        { "\320\231\320\271\320\270\314\206",
          " \320\270\320\270\320\270 " },
        { "\324\261\325\241", " \325\241\325\241 " },    /* Armenian */
        { "\307\205\340\244\225\357\254\201", " dz\340\244\225fi " },
        { "\303\270\303\246\303\237\305\223\304\261",
          " oassoi " },
        { "\352\260\200\344\270\255", " \352\260\200\344\270\255 " },
        { "\357\274\241\357\274\222", " a2 " },
        { "a\302\240b\343\200\200c", " a b c " },
        { "e\314\201", " e " },
        { "\342\202\254", " \342\202\254 " },
        { "\001\002\003", " " }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        len = sv_fold((const unsigned char *) cases[i].text,
                      strlen(cases[i].text), buf, sizeof(buf));

        if (len != strlen(cases[i].folded)
            || memcmp(buf, cases[i].folded, len) != 0)
        {
            fail_msg("%s: \"%.*s\"", cases[i].text, (int) len, buf);
        }
    }
}


/* replies that speak of what a mailbox gets, beside those that speak of us */

static const struct {
    unsigned            recipient;
    unsigned            code;
    const char         *text;
} of_recipients[] = {
    { 1, 450, "4.2.1 The user you are trying to contact is receiving mail too "
              "quickly. Please resend your message at a later time." },
    { 1, 550, "5.2.1 The user you are trying to contact is receiving mail at "
              "a rate that prevents additional messages from being "
              "delivered." },
    { 1, 550, "Mailbox unavailable or access denied" },
    { 1, 450, "4.2.1 Mailbox received too many messages in a short period" },
    { 1, 452, "4.2.2 The recipient has exceeded their limit for the number of "
              "messages they can receive per hour" },
    { 0, 450, "4.7.1 Too many messages from your address, slow down" },
    { 0, 450, "4.7.1 We received too many messages from 192.0.2.1" },
    { 0, 450, "4.7.1 This server is receiving too much mail from you" },
    { 0, 421, "4.7.0 Too many connections from 192.0.2.1" },
    { 0, 452, "4.5.3 Too many recipients" },
    { 0, 550, "5.1.1 User unknown" }
};


static void
recipients(void **state)
{
    size_t       i;
    sv_class_t   class;
    sv_reply_t   reply;
    sv_rules_t  *rules;

    (void) state;

    rules = sv_rules_default();
    assert_non_null(rules);

    for (i = 0; i < sizeof(of_recipients) / sizeof(of_recipients[0]); i++) {
        memset(&reply, 0, sizeof(sv_reply_t));
        reply.code = of_recipients[i].code;
        reply.stage = SV_STAGE_RCPT;
        reply.text.data = (unsigned char *) of_recipients[i].text;
        reply.text.len = strlen(of_recipients[i].text);

        sv_classify(rules, &reply, &class);

        if (class.recipient != of_recipients[i].recipient
            || (class.recipient && class.reason != SV_RATE_LIMITED))
        {
            fail_msg("%s: %s", of_recipients[i].text, class.rule);
        }
    }

    sv_rules_free(rules);
}


/* replies that speak of the session, beside those that sound like them */

static const struct {
    unsigned            session;
    unsigned            code;
    const char         *text;
} of_sessions[] = {
    { 1, 550, "Too many invalid recipients" },
    { 1, 554, "5.7.1 Session limit exceeded" },
    { 1, 550, "5.7.1 Directory harvest attack detected" },
    { 1, 503, "5.5.1 bad sequence of commands" },
    { 1, 550, "5.3.0 You have exceeded the limit of recipients for this "
              "connection" },
    { 1, 452, "4.5.3 Too many recipients" },
    { 1, 550, "5.5.3 Too many recipients in one session" },
    { 1, 554, "Too many transactions in this session" },
    { 1, 550, "Too many unknown users" },
    { 0, 250, "2.1.5 Ok" },
    { 0, 550, "5.1.1 User unknown" },
    { 0, 452, "4.2.2 Mailbox full" },
    { 0, 550, "5.2.2 Mailbox size limit exceeded" },
    { 0, 550, "5.7.1 Too many connections from your IP address" },
    { 0, 450, "4.2.1 Mailbox received too many messages in a short period" },
    { 0, 554, "5.7.1 Client host rejected: Access denied" }
};


static void
sessions(void **state)
{
    size_t       i;
    sv_class_t   class;
    sv_reply_t   reply;
    sv_rules_t  *rules;

    (void) state;

    rules = sv_rules_default();
    assert_non_null(rules);

    for (i = 0; i < sizeof(of_sessions) / sizeof(of_sessions[0]); i++) {
        memset(&reply, 0, sizeof(sv_reply_t));
        reply.code = of_sessions[i].code;
        reply.stage = SV_STAGE_RCPT;
        reply.text.data = (unsigned char *) of_sessions[i].text;
        reply.text.len = strlen(of_sessions[i].text);

        sv_classify(rules, &reply, &class);

        if (class.session != of_sessions[i].session) {
            fail_msg("%s: %s", of_sessions[i].text, class.rule);
        }
    }

    sv_rules_free(rules);

    /* an operator's rule says so itself */

    rules = parse("rule a\nlabel rejected\nsession\nany \"enough\"\n"
                  "rule b\nlabel rejected\ncode 5xx");
    reply.code = 550;
    reply.text.data = (unsigned char *) "enough";
    reply.text.len = 6;

    sv_classify(rules, &reply, &class);
    assert_int_equal(class.session, 1);

    reply.text.len = 5;
    sv_classify(rules, &reply, &class);
    assert_int_equal(class.session, 0);

    sv_rules_free(rules);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(own_rules),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(phrases),
        cmocka_unit_test(sets),
        cmocka_unit_test(conditions),
        cmocka_unit_test(provider),
        cmocka_unit_test(bounds),
        cmocka_unit_test(fold),
        cmocka_unit_test(recipients),
        cmocka_unit_test(sessions)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
