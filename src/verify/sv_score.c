
#include <stdio.h>
#include <string.h>

#include "sv_score.h"


typedef struct {
    sv_reason_e     better;
    sv_reason_e     worse;
} sv_score_order_t;


typedef struct {
    const char     *name;
    unsigned char   weight;
} sv_score_factor_t;


static const sv_score_factor_t  sv_score_factors[SV_SCORE_MAX_FACTORS] = {

    [SV_SCORE_DISPOSABLE] =           { "disposable", 60 },
    [SV_SCORE_SPAM_TRAP] =            { "spam_trap", 90 },
    [SV_SCORE_ROLE_ACCOUNT] =         { "role_account", 15 },
    [SV_SCORE_ABUSE] =                { "abuse", 25 },
    [SV_SCORE_GIBBERISH] =            { "gibberish", 20 },
    [SV_SCORE_TYPO] =                 { "typo", 20 },
    [SV_SCORE_ALIAS_SERVICE] =        { "alias_service", 5 },
    [SV_SCORE_FREE_PROVIDER] =        { "free_provider", 0 },
    [SV_SCORE_NEW_DOMAIN] =           { "new_domain", 20 },
    [SV_SCORE_YOUNG_DOMAIN] =         { "young_domain", 5 },
    [SV_SCORE_DEFINITIVE_PROVIDER] =  { "definitive_provider", 2 },
    [SV_SCORE_TLS] =                  { "tls", 2 },
    [SV_SCORE_TLS_VERIFIED] =         { "tls_verified", 0 },
    [SV_SCORE_TLS_AUTHENTICATED] =    { "tls_authenticated", 1 }
};


/* checked in addition to the rules of sv_score_check() */

static const sv_score_order_t  sv_score_orders[] = {
    { SV_ACCEPTED, SV_ACCEPTED_UNTESTED },
    { SV_ACCEPTED_UNTESTED, SV_CATCH_ALL },
    { SV_ACCEPTED_UNTESTED, SV_UNVERIFIABLE_PROVIDER },
    { SV_UNVERIFIABLE_PROVIDER, SV_NOT_PROBED },
    { SV_CATCH_ALL, SV_MAILBOX_FULL },
    { SV_REASON_NONE, SV_REASON_NONE }
};


static int sv_score_is_weight(sv_reason_e reason);
static unsigned sv_score_start(const sv_score_weights_t *weights,
    const sv_score_input_t *input);
static unsigned sv_score_age(const unsigned char *factors, int age);
static unsigned sv_score_off(const sv_score_weights_t *weights,
    const sv_score_input_t *input);
static unsigned sv_score_floor(const sv_score_weights_t *weights);
static const char *sv_score_wrong(char *buf, size_t size, const char *less,
    const char *more);


void
sv_score_defaults(sv_score_weights_t *weights)
{
    unsigned  i;

    for (i = 0; i < SV_REASON_MAX; i++) {
        weights->reasons[i] = sv_score_is_weight((sv_reason_e) i)
                              ? sv_reason_info(i)->score : 0;
    }

    for (i = 0; i < SV_SCORE_MAX_FACTORS; i++) {
        weights->factors[i] = sv_score_factors[i].weight;
    }
}


int
sv_score_set(sv_score_weights_t *weights, const char *name, size_t len,
    long value, const char **error)
{
    unsigned     i;
    sv_reason_e  reason;

    if (value < 0 || value > SV_SCORE_MAX) {
        *error = "a weight is a number from 0 to 100";
        return -1;
    }

    for (i = 0; i < SV_SCORE_MAX_FACTORS; i++) {
        if (strlen(sv_score_factors[i].name) == len
            && memcmp(sv_score_factors[i].name, name, len) == 0)
        {
            weights->factors[i] = (unsigned char) value;
            return 0;
        }
    }

    reason = sv_reason_by_name(name, len);

    if (!sv_score_is_weight(reason)) {
        *error = "no such weight";
        return -1;
    }

    weights->reasons[reason] = (unsigned char) value;

    return 0;
}


const char *
sv_score_check(const sv_score_weights_t *weights, char *buf, size_t size)
{
    unsigned                 i, floor;
    const unsigned char     *w, *f;
    const sv_score_order_t  *o;

    w = weights->reasons;
    f = weights->factors;

    for (o = sv_score_orders; o->better != SV_REASON_NONE; o++) {
        if (w[o->better] < w[o->worse]) {
            return sv_score_wrong(buf, size, sv_reason_info(o->better)->name,
                                  sv_reason_info(o->worse)->name);
        }
    }

    /* "accepted" has the highest weight, and undeliverable reasons the
       lowest */

    floor = sv_score_floor(weights);

    for (i = 0; i < SV_REASON_MAX; i++) {

        if (!sv_score_is_weight((sv_reason_e) i)) {
            continue;
        }

        if (w[i] > w[SV_ACCEPTED]) {
            return sv_score_wrong(buf, size, "accepted",
                                  sv_reason_info((sv_reason_e) i)->name);
        }

        if (sv_reason_info((sv_reason_e) i)->status != SV_UNDELIVERABLE
            && w[i] < floor)
        {
            return sv_score_wrong(buf, size,
                                  sv_reason_info((sv_reason_e) i)->name,
                                  "undeliverable ones (or 1)");
        }
    }

    if (f[SV_SCORE_NEW_DOMAIN] < f[SV_SCORE_YOUNG_DOMAIN]) {
        return sv_score_wrong(buf, size, "new_domain", "young_domain");
    }

    return NULL;
}


const char *
sv_score_weight(const sv_score_weights_t *weights, unsigned i,
    unsigned *value, const char **group)
{
    unsigned  reason;

    for (reason = 0; reason < SV_REASON_MAX; reason++) {
        if (sv_score_is_weight((sv_reason_e) reason) && i-- == 0) {
            *value = weights->reasons[reason];
            *group = "start";
            return sv_reason_info((sv_reason_e) reason)->name;
        }
    }

    if (i >= SV_SCORE_MAX_FACTORS) {
        return NULL;
    }

    *value = weights->factors[i];
    *group = (i < SV_SCORE_FACTORS) ? "minus" : "plus";

    return sv_score_factors[i].name;
}


unsigned
sv_score(const sv_score_weights_t *weights, const sv_score_input_t *input)
{
    unsigned              score, off, floor;
    const unsigned char  *f;

    score = sv_score_start(weights, input);

    if (sv_reason_info(input->reason)->status == SV_UNDELIVERABLE) {
        return score;
    }

    f = weights->factors;

    if (sv_reason_is(input->reason, SV_IS_ACCEPTED)) {

        if (input->worth == SV_WORTH_DEFINITIVE) {
            score += f[SV_SCORE_DEFINITIVE_PROVIDER];
        }

        if (input->tls >= 1) {
            score += f[SV_SCORE_TLS];
        }

        if (input->tls >= 2) {
            score += f[SV_SCORE_TLS_VERIFIED];
        }

        if (input->tls >= 3) {
            score += f[SV_SCORE_TLS_AUTHENTICATED];
        }
    }

    /* no weight of a reason is below the floor, see sv_score_check() */

    off = sv_score_off(weights, input);

    if (off != 0) {
        floor = sv_score_floor(weights);
        score = (score > floor + off) ? score - off : floor;
    }

    return (score > SV_SCORE_MAX) ? SV_SCORE_MAX : score;
}


static unsigned
sv_score_start(const sv_score_weights_t *weights,
    const sv_score_input_t *input)
{
    unsigned              start, most;
    const unsigned char  *w;

    w = weights->reasons;

    if (!sv_reason_is(input->reason, SV_IS_ACCEPTED)) {
        return w[input->reason];
    }

    if (input->reason == SV_CATCH_ALL || input->catch_all > 0) {
        start = w[SV_CATCH_ALL];

    } else if (input->reason == SV_ACCEPTED_UNTESTED || input->catch_all < 0) {
        start = w[SV_ACCEPTED_UNTESTED];

    } else {
        start = w[SV_ACCEPTED];
    }

    /* if a 2xx proves nothing, it does not raise the score */

    if (input->worth == SV_WORTH_ACCEPTS_ALL) {
        most = w[SV_UNVERIFIABLE_PROVIDER];

        if (most < w[SV_CATCH_ALL]) {
            most = w[SV_CATCH_ALL];
        }

        return (start < most) ? start : most;
    }

    return start;
}


static unsigned
sv_score_off(const sv_score_weights_t *weights, const sv_score_input_t *input)
{
    unsigned              off;
    const unsigned char  *f;

    f = weights->factors;
    off = 0;

    if (input->disposable > 0 || input->reason == SV_DISPOSABLE) {
        off += f[SV_SCORE_DISPOSABLE];
    }

    if (input->spam_trap > 0 || input->reason == SV_SPAM_TRAP) {
        off += f[SV_SCORE_SPAM_TRAP];
    }

    if (input->role_account > 0 || input->reason == SV_ROLE_ACCOUNT) {
        off += f[SV_SCORE_ROLE_ACCOUNT];
    }

    off += (input->abuse > 0) ? f[SV_SCORE_ABUSE] : 0;
    off += (input->gibberish > 0) ? f[SV_SCORE_GIBBERISH] : 0;
    off += (input->typo > 0) ? f[SV_SCORE_TYPO] : 0;
    off += (input->alias_service > 0) ? f[SV_SCORE_ALIAS_SERVICE] : 0;
    off += (input->free_provider > 0) ? f[SV_SCORE_FREE_PROVIDER] : 0;

    return off + sv_score_age(f, input->domain_age);
}


static unsigned
sv_score_age(const unsigned char *factors, int age)
{
    if (age < 0 || age >= SV_DOMAIN_YOUNG) {
        return 0;
    }

    return factors[age < SV_DOMAIN_NEW ? SV_SCORE_NEW_DOMAIN
                                       : SV_SCORE_YOUNG_DOMAIN];
}


/* All other results score at least as high as undeliverable ones. */

static unsigned
sv_score_floor(const sv_score_weights_t *weights)
{
    unsigned  i, floor;

    floor = 1;

    for (i = 1; i < SV_REASON_MAX; i++) {
        if (sv_reason_info((sv_reason_e) i)->status == SV_UNDELIVERABLE
            && weights->reasons[i] > floor)
        {
            floor = weights->reasons[i];
        }
    }

    return floor;
}


static int
sv_score_is_weight(sv_reason_e reason)
{
    return sv_reason_info(reason)->score != SV_SCORE_NONE;
}


static const char *
sv_score_wrong(char *buf, size_t size, const char *less, const char *more)
{
    snprintf(buf, size, "the weight of \"%s\" must not be less than that of "
             "\"%s\"", less, more);

    return buf;
}
