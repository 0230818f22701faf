
/*
 * The score of a verdict, from 0 to 100: how sure it is that mail to the
 * address reaches somebody who wants it.  It begins with the weight of the
 * reason; other checks lower it, or raise it a little.  Better evidence never
 * lowers it: this holds for the default weights and for all that
 * sv_score_check() accepts.
 */


#ifndef _SV_SCORE_H_INCLUDED_
#define _SV_SCORE_H_INCLUDED_


#include <stddef.h>

#include "sv_provider.h"
#include "sv_verdict.h"


#define SV_SCORE_MAX    100

#define SV_DOMAIN_NEW    30     /* days */
#define SV_DOMAIN_YOUNG  180


/* what lowers the score, and after SV_SCORE_FACTORS, what raises it */

typedef enum {
    SV_SCORE_DISPOSABLE = 0,
    SV_SCORE_SPAM_TRAP,
    SV_SCORE_ROLE_ACCOUNT,
    SV_SCORE_ABUSE,
    SV_SCORE_GIBBERISH,
    SV_SCORE_TYPO,
    SV_SCORE_ALIAS_SERVICE,
    SV_SCORE_FREE_PROVIDER,
    SV_SCORE_NEW_DOMAIN,        /* less than SV_DOMAIN_NEW days */
    SV_SCORE_YOUNG_DOMAIN,      /* less than SV_DOMAIN_YOUNG */
    SV_SCORE_FACTORS,

    SV_SCORE_DEFINITIVE_PROVIDER = SV_SCORE_FACTORS,
    SV_SCORE_TLS,
    SV_SCORE_TLS_VERIFIED,      /* in addition to SV_SCORE_TLS */
    SV_SCORE_TLS_AUTHENTICATED, /* in addition to both */
    SV_SCORE_MAX_FACTORS
} sv_score_factor_e;


typedef struct {
    unsigned char   reasons[SV_REASON_MAX];
    unsigned char   factors[SV_SCORE_MAX_FACTORS];
} sv_score_weights_t;


/* fields of type signed char: -1 not established, 0 no, 1 yes */

typedef struct {
    sv_reason_e     reason;     /* reason before lists were applied; a reason
                                   that comes from a list counts as accepted */
    signed char     catch_all;
    signed char     disposable;
    signed char     spam_trap;
    signed char     role_account;
    signed char     abuse;
    signed char     gibberish;
    signed char     typo;
    signed char     alias_service;
    signed char     free_provider;
    signed char     tls;        /* -1: not connected; 0: none; 1: yes; 2:
                                   verified; 3: authenticated by the domain */
    sv_worth_e      worth;      /* of the provider's answer */
    int             domain_age; /* days; -1: not established */
} sv_score_input_t;


void sv_score_defaults(sv_score_weights_t *weights);

/* Returns 0, or -1 with a sentence in *error: there is no such weight, or the
   value is not from 0 to 100. */
int sv_score_set(sv_score_weights_t *weights, const char *name, size_t len,
    long value, const char **error);

/*
 * Called when all weights are set.  Returns NULL, or a sentence in buf that
 * names two weights whose order is wrong.
 */
const char *sv_score_check(const sv_score_weights_t *weights, char *buf,
    size_t size);

/* name, value and group of weight i, for documentation; NULL: there is none */
const char *sv_score_weight(const sv_score_weights_t *weights, unsigned i,
    unsigned *value, const char **group);

unsigned sv_score(const sv_score_weights_t *weights,
    const sv_score_input_t *input);


#endif /* _SV_SCORE_H_INCLUDED_ */
