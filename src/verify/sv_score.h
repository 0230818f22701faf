
/*
 * The score of a verdict, 0 to 100: how sure it is that mail to the address
 * reaches somebody who wants it.  It starts at the weight of the reason, and
 * the other checks take off from that, or add a little.  No better evidence
 * lowers it: that holds for the default weights and for whatever
 * sv_score_check() lets pass.
 */


#ifndef _SV_SCORE_H_INCLUDED_
#define _SV_SCORE_H_INCLUDED_


#include <stddef.h>

#include "sv_provider.h"
#include "sv_verdict.h"


#define SV_SCORE_MAX    100

#define SV_DOMAIN_NEW    30     /* days */
#define SV_DOMAIN_YOUNG  180


/* what takes off from the score, and what adds to it */

typedef enum {
    SV_SCORE_DISPOSABLE = 0,
    SV_SCORE_SPAM_TRAP,
    SV_SCORE_ROLE_ACCOUNT,
    SV_SCORE_ABUSE,
    SV_SCORE_GIBBERISH,
    SV_SCORE_TYPO,
    SV_SCORE_ALIAS_SERVICE,
    SV_SCORE_FREE_PROVIDER,
    SV_SCORE_NEW_DOMAIN,        /* below SV_DOMAIN_NEW days */
    SV_SCORE_YOUNG_DOMAIN,      /* below SV_DOMAIN_YOUNG */
    SV_SCORE_FACTORS,

    SV_SCORE_DEFINITIVE_PROVIDER = SV_SCORE_FACTORS,
    SV_SCORE_TLS,
    SV_SCORE_TLS_VERIFIED,      /* in addition to SV_SCORE_TLS */
    SV_SCORE_TLS_AUTHENTICATED, /* in addition to these */
    SV_SCORE_MAX_FACTORS
} sv_score_factor_e;


typedef struct {
    unsigned char   reasons[SV_REASON_MAX];
    unsigned char   factors[SV_SCORE_MAX_FACTORS];
} sv_score_weights_t;


/* tri-states: -1 not established, 0 no, 1 yes */

typedef struct {
    sv_reason_e     reason;     /* what was found out, before the lists have
                                   their say; a reason of theirs counts as
                                   accepted */
    signed char     catch_all;
    signed char     disposable;
    signed char     spam_trap;
    signed char     role_account;
    signed char     abuse;
    signed char     gibberish;
    signed char     typo;
    signed char     alias_service;
    signed char     free_provider;
    signed char     tls;        /* -1, 0: none, 1: yes, 2: verified,
                                   3: by what the domain says */
    sv_worth_e      worth;      /* of the provider's answer */
    int             domain_age; /* days; -1: not established */
} sv_score_input_t;


void sv_score_defaults(sv_score_weights_t *weights);

/* 0, or -1 with a sentence in *error: no such name, not 0 to 100 */
int sv_score_set(sv_score_weights_t *weights, const char *name, size_t len,
    long value, const char **error);

/*
 * When all are set: NULL, or what of their order is wrong (a sentence with
 * the names of two weights in buf).
 */
const char *sv_score_check(const sv_score_weights_t *weights, char *buf,
    size_t size);

/* the i-th weight's name, value and group, for documentation; or NULL */
const char *sv_score_weight(const sv_score_weights_t *weights, unsigned i,
    unsigned *value, const char **group);

unsigned sv_score(const sv_score_weights_t *weights,
    const sv_score_input_t *input);


#endif /* _SV_SCORE_H_INCLUDED_ */
