
#include "sv_rules.h"


extern const char    sv_data_rules[];
extern const size_t  sv_data_rules_len;


typedef struct {
    const sv_rules_t   *rules;
    const sv_reply_t   *reply;
    unsigned            code;
    unsigned            has_enhanced;
    unsigned            enhanced[3];
    sv_hits_t           hits;
    const unsigned char  *folded;       /* the text that the hits are in */
    size_t              len;
    unsigned char       open[SV_RULES_MAX / 8];     /* rules of which an "any"
                                                       phrase matched, or that
                                                       have none */
} sv_context_t;


static const sv_rule_t *sv_rule_find(sv_context_t *ctx,
    const unsigned char *text, size_t len);
static const sv_rule_t *sv_rule_named(sv_context_t *ctx,
    const sv_rule_t *rule, unsigned char *text, size_t len);
static int sv_rule_is_word(const sv_rule_t *word, const sv_rule_t *name,
    sv_name_e least, int empty, int denied);
static const sv_rule_t *sv_rule_unquoted(const sv_context_t *ctx,
    const sv_rule_t *rule, const sv_rule_t *unquoted,
    const unsigned char *text, size_t len);
static void sv_class_doubt(const sv_reply_t *reply, sv_class_t *class);
static int sv_reply_is_temporary(const sv_reply_t *reply);
static int sv_rule_is_told(const sv_rule_t *rule);
static int sv_code_in(const unsigned char *codes, unsigned code);
static void sv_open_rules(sv_context_t *ctx);
static int sv_rule_matches(const sv_context_t *ctx, size_t n);
static int sv_rule_enhanced(const sv_context_t *ctx, const sv_rule_t *rule);
static int sv_rule_provider(const sv_context_t *ctx, const sv_rule_t *rule);
static int sv_rule_phrases(const sv_context_t *ctx, const sv_rule_t *rule);
static int sv_rule_plain(const sv_context_t *ctx, const sv_rule_t *rule);
static void sv_class_default(unsigned code, sv_class_t *class);


sv_rules_t *
sv_rules_default(void)
{
    sv_rules_error_t  error;

    return sv_rules_parse(sv_data_rules, sv_data_rules_len, &error);
}


void
sv_classify(const sv_rules_t *rules, const sv_reply_t *reply,
    sv_class_t *class)
{
    size_t            len, n;
    unsigned          retry;
    sv_context_t      ctx;
    const sv_rule_t  *rule;
    unsigned char     text[SV_TEXT_MAX];

    memset(class, 0, sizeof(sv_class_t));

    ctx.rules = rules;
    ctx.reply = reply;
    ctx.code = reply->code;
    ctx.has_enhanced = sv_enhanced_find(reply, ctx.enhanced);

    if (ctx.has_enhanced) {
        sv_enhanced_write(class->enhanced, ctx.enhanced);

    } else {
        memset(ctx.enhanced, 0, sizeof(ctx.enhanced));
    }

    len = reply->text.len < SV_TEXT_MAX ? reply->text.len : SV_TEXT_MAX;
    rule = sv_rule_find(&ctx, reply->text.data, len);

    if (len != 0 && !sv_code_in(rules->quiet, ctx.code)) {
        rule = sv_rule_named(&ctx, rule, text, len);

        if (rule != NULL && sv_reason_is(rule->reason, SV_IS_MAILBOX)) {
            n = sv_reading_unquoted(reply, text, len);

            if (n != 0) {
                rule = sv_rule_unquoted(&ctx, rule,
                                        sv_rule_find(&ctx, text, n), text, n);
            }
        }
    }

    sv_class_default(ctx.code, class);
    retry = 0;

    if (rule != NULL) {
        class->reason = rule->reason;
        class->rule = rule->id;
        class->session = rule->session;
        class->recipient = rule->recipient;
        class->bare = rule->bare;
        class->words = sv_rule_is_told(rule);
        retry = rule->retry;
    }

    /* RFC 3463, X.2.Y is the status of a mailbox */

    if (class->reason == SV_RATE_LIMITED && reply->stage == SV_STAGE_RCPT
        && ctx.has_enhanced && ctx.enhanced[1] == 2)
    {
        class->recipient = 1;
    }

    sv_class_doubt(reply, class);

    if (sv_reason_is(class->reason, SV_IS_TIMED)) {
        class->retry_after = sv_retry_after(reply->text.data,
                                            reply->text.len);

        if (class->retry_after == 0) {
            class->retry_after = retry;
        }
    }
}


/* Corrects the class by what the reply says besides its words. */

static void
sv_class_doubt(const sv_reply_t *reply, sv_class_t *class)
{
    if (!sv_reason_is(class->reason, SV_IS_MAILBOX)) {
        return;
    }

    /* a reply that names only MAIL FROM is about the sender */

    if (sv_reading_names(reply, &reply->from)
        && !sv_reading_names(reply, &reply->rcpt))
    {
        class->reason = SV_SENDER_BLOCKED;
        class->rule = "names-our-address";

    } else if (class->reason != SV_MAILBOX_FULL
               && sv_reading_states(reply, &reply->from))
    {
        class->reason = SV_REJECTED;
        class->rule = "names-both-addresses";

    } else if (class->reason != SV_MAILBOX_FULL
               && sv_reply_is_temporary(reply))
    {
        class->reason = SV_TEMPORARY_FAILURE;
        class->rule = "temporary-by-code";
    }
}


/* Returns 1 for a 5xx with an enhanced code 4.X.Y: the milder one is
   believed. */

static int
sv_reply_is_temporary(const sv_reply_t *reply)
{
    sv_reply_t  other;
    unsigned    code[3];

    if (reply->code < 500
        || (reply->enhanced.len != 0 && reply->enhanced.data[0] != '4'))
    {
        return 0;
    }

    other = *reply;
    other.code = 400;

    if (reply->enhanced.len != 0) {
        return sv_enhanced_find(&other, code);
    }

    /* only at the beginning of the text; later it may be the code of another
       server */

    if (other.text.len > SV_ENHANCED_LEN) {
        other.text.len = SV_ENHANCED_LEN;
    }

    return sv_enhanced_find(&other, code);
}


/* Returns the rule that decides the text, or NULL. */

static const sv_rule_t *
sv_rule_find(sv_context_t *ctx, const unsigned char *text, size_t len)
{
    size_t            i, n;
    unsigned char     folded[SV_FOLDED_MAX];
    const sv_rule_t  *rule;

    n = ctx->rules->rules.nelts;
    memcpy(ctx->open, ctx->rules->always, (n + 7) / 8);

    if (!sv_code_in(ctx->rules->quiet, ctx->code)) {
        len = sv_fold_text(ctx->reply, text, len, folded, sizeof(folded));
        ctx->folded = folded;
        ctx->len = len;
        sv_match_run(&ctx->rules->match, folded, len, &ctx->hits);
        sv_open_rules(ctx);
    }

    rule = ctx->rules->rules.elts;

    for (i = 0; i < n; i++) {

        if (i % 8 == 0 && ctx->open[i / 8] == 0) {
            i += 7;
            continue;
        }

        if (sv_bit(ctx->open, i) && sv_rule_matches(ctx, i)) {
            return &rule[i];
        }
    }

    return NULL;
}


/*
 * Decides again without the recipient's local part, as a name in the text is no
 * reason.  If it is not sure that it is a name, both results are compared.
 */

static const sv_rule_t *
sv_rule_named(sv_context_t *ctx, const sv_rule_t *rule, unsigned char *text,
    size_t len)
{
    int               empty, denied;
    size_t            n;
    sv_name_e         least, sure;
    const sv_rule_t  *name;

    n = sv_reading_local(ctx->reply, text, len, SV_NAME_FIRST, &least);

    if (n == 0) {
        return rule;
    }

    name = sv_rule_find(ctx, text, n);

    if (least == SV_NAME_SURE) {
        return name;
    }

    empty = sv_reading_is_empty(text, n, 0);
    denied = sv_reading_is_empty(text, n, 1);

    n = sv_reading_local(ctx->reply, text, len, SV_NAME_SURE, &sure);

    if (n != 0) {
        rule = sv_rule_find(ctx, text, n);
    }

    if (rule == NULL || name == NULL) {
        return rule;
    }

    return sv_rule_is_word(rule, name, least, empty, denied) ? rule : name;
}


/*
 * Returns 1 if a text that may be the recipient's name is a word of the server.
 * After "user" it is a name, unless the rest says nothing about it: somebody
 * who chooses the local part "unknown" must not turn "user unknown rejected by
 * policy" into a missing mailbox.  At the beginning, "host not found" may be
 * about a host.
 */

static int
sv_rule_is_word(const sv_rule_t *word, const sv_rule_t *name,
    sv_name_e least, int empty, int denied)
{
    if (least == SV_NAME_FIRST && word->reason == SV_SERVER_ERROR
        && (sv_reason_is(name->reason, SV_IS_MAILBOX)
            || name->reason == SV_REJECTED))
    {
        return 1;
    }

    if (least == SV_NAME_FIRST && sv_reason_is(name->reason, SV_IS_MAILBOX)
        && word->reason == SV_REJECTED && sv_rule_is_told(word))
    {
        return 1;
    }

    if (!sv_rule_is_told(word)) {
        return 0;
    }

    if (sv_reason_is(word->reason, SV_IS_MAILBOX)) {
        return empty && !sv_rule_is_told(name);
    }

    return least == SV_NAME_FIRST ? denied : empty;
}


/*
 * Takes the rule for the text outside of quotes, if that text tells a reason,
 * or if it has words that may be one: "not a 'user unknown'" is no missing
 * mailbox.
 */

static const sv_rule_t *
sv_rule_unquoted(const sv_context_t *ctx, const sv_rule_t *rule,
    const sv_rule_t *unquoted, const unsigned char *text, size_t len)
{
    unsigned char  folded[SV_FOLDED_MAX];

    if (unquoted == NULL) {
        return rule;
    }

    if (sv_rule_is_told(unquoted)
        || (ctx->enhanced[1] == 7 && sv_reading_is_sentence(text, len)))
    {
        return unquoted;
    }

    if (rule->reason == SV_MAILBOX_FULL) {
        return rule;
    }

    len = sv_fold_text(ctx->reply, text, len, folded, sizeof(folded));

    return sv_plain_text(&ctx->rules->plain, ctx->reply, folded, len)
           ? rule : unquoted;
}


/* Returns 1 if the rule decides by words, not only by the code. */

static int
sv_rule_is_told(const sv_rule_t *rule)
{
    return rule->any.n != 0 || rule->all.n != 0;
}


static int
sv_code_in(const unsigned char *codes, unsigned code)
{
    return code >= SV_CODE_MIN && code < SV_CODE_MIN + SV_CODES
           && sv_bit(codes, code - SV_CODE_MIN);
}


static void
sv_open_rules(sv_context_t *ctx)
{
    uint32_t           i, n, phrase;
    const sv_rules_t  *rules;

    rules = ctx->rules;

    for (n = 0; n < ctx->hits.n; n++) {
        phrase = ctx->hits.met[n];

        for (i = rules->openings[phrase]; i < rules->openings[phrase + 1];
             i++)
        {
            sv_bit_set(ctx->open, rules->opened[i]);
        }
    }
}


static int
sv_rule_matches(const sv_context_t *ctx, size_t n)
{
    sv_stage_e        stage;
    const sv_rule_t  *rule;

    rule = (const sv_rule_t *) ctx->rules->rules.elts + n;

    if (!sv_code_in(rule->codes, ctx->code)) {
        return 0;
    }

    /* an unknown stage may have been RCPT */

    stage = ctx->reply->stage ? ctx->reply->stage : SV_STAGE_RCPT;

    if (!(rule->stages & (1u << stage))) {
        return 0;
    }

    return sv_rule_enhanced(ctx, rule) && sv_rule_phrases(ctx, rule)
           && sv_rule_provider(ctx, rule)
           && (!rule->plain || sv_rule_plain(ctx, rule));
}


/* Returns 1 if a phrase of "any" stands in a plain sentence; without phrases,
   if there is no other word in the whole reply. */

static int
sv_rule_plain(const sv_context_t *ctx, const sv_rule_t *rule)
{
    uint32_t         n;
    size_t           i;
    const uint16_t  *any;

    any = (const uint16_t *) ctx->rules->phrases.elts + rule->any.off;

    for (i = 0; i < rule->any.n; i++) {

        if (!sv_bit(ctx->hits.bits, any[i])) {
            continue;
        }

        for (n = 0; ctx->hits.met[n] != any[i]; n++) {
            /* void */
        }

        if (sv_plain_sentence(&ctx->rules->plain, ctx->reply, ctx->folded,
                              ctx->len, ctx->hits.at[n]))
        {
            return 1;
        }
    }

    return rule->any.n == 0
           && sv_plain_text(&ctx->rules->plain, ctx->reply, ctx->folded,
                            ctx->len);
}


static int
sv_rule_enhanced(const sv_context_t *ctx, const sv_rule_t *rule)
{
    int                   k;
    size_t                i;
    const sv_enhanced_t  *patterns;

    if (rule->enhanced.n == 0) {
        return 1;
    }

    /* without an enhanced code it is 0.0.0 */

    patterns = (const sv_enhanced_t *) ctx->rules->enhanced.elts
               + rule->enhanced.off;

    for (i = 0; i < rule->enhanced.n; i++) {

        for (k = 0; k < 3; k++) {
            if (ctx->enhanced[k] < patterns[i].low[k]
                || ctx->enhanced[k] > patterns[i].high[k])
            {
                break;
            }
        }

        if (k == 3) {
            return 1;
        }
    }

    return 0;
}


static int
sv_rule_provider(const sv_context_t *ctx, const sv_rule_t *rule)
{
    size_t              i;
    const sv_str_t     *provider;
    const char *const  *providers;

    if (rule->providers.n == 0) {
        return 1;
    }

    provider = &ctx->reply->provider;

    if (provider->len == 0) {
        return 0;
    }

    providers = (const char *const *) ctx->rules->providers.elts
                + rule->providers.off;

    for (i = 0; i < rule->providers.n; i++) {
        if (strlen(providers[i]) == provider->len
            && memcmp(providers[i], provider->data, provider->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static int
sv_rule_phrases(const sv_context_t *ctx, const sv_rule_t *rule)
{
    size_t           i;
    const uint16_t  *phrases;

    phrases = ctx->rules->phrases.elts;

    for (i = 0; i < rule->all.n; i++) {
        if (!sv_bit(ctx->hits.bits, phrases[rule->all.off + i])) {
            return 0;
        }
    }

    for (i = 0; i < rule->none.n; i++) {
        if (sv_bit(ctx->hits.bits, phrases[rule->none.off + i])) {
            return 0;
        }
    }

    return 1;
}


/* The class of a reply that no rule decides, which happens with rules of the
   operator. */

static void
sv_class_default(unsigned code, sv_class_t *class)
{
    switch (code / 100) {

    case 2:
        class->reason = SV_ACCEPTED;
        class->rule = "default-2xx";
        break;

    case 4:
        class->reason = SV_TEMPORARY_FAILURE;
        class->rule = "default-4xx";
        break;

    default:
        class->reason = SV_REJECTED;
        class->rule = "default-5xx";
        break;
    }
}
