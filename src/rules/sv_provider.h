
/*
 * Known mail providers (conf/providers.conf), found by the suffix of an MX host
 * name or by the banner, and what their replies to RCPT TO are worth.
 */


#ifndef _SV_PROVIDER_H_INCLUDED_
#define _SV_PROVIDER_H_INCLUDED_


#include "sv_classify.h"


typedef struct sv_providers_s  sv_providers_t;


typedef enum {
    SV_WORTH_LEARNED = 0,       /* not known: learned for each domain */
    SV_WORTH_DEFINITIVE,        /* refuses unknown recipients at RCPT */
    SV_WORTH_ACCEPTS_ALL,       /* a 2xx proves nothing */
    SV_WORTH_REFUSES_ALL        /* a 5xx proves nothing */
} sv_worth_e;


typedef struct {
    sv_str_t        id;         /* "google" */
    sv_str_t        name;       /* "Google" */
    sv_worth_e      worth;
    unsigned        second_rcpt:1;  /* a second recipient may be asked */
    unsigned        probe:1;        /* 0: "probe=never" */
    unsigned        gateway:1;      /* each host belongs to one customer */
    unsigned        sessions;   /* at the same time; 0: not known */
    unsigned        messages;   /* transactions in a session; 0: not known */
    unsigned        rejects;    /* refused recipients per hour, of a gateway for
                                   each host; 0: not known */
} sv_provider_t;


sv_providers_t *sv_providers_parse(const char *text, size_t len,
    sv_rules_error_t *error);
sv_providers_t *sv_providers_default(void);
void sv_providers_free(sv_providers_t *providers);

/* By the MX host, in lower case and without a trailing dot: the longest known
   suffix of whole labels.  Return NULL if there is no such provider. */
const sv_provider_t *sv_provider_by_mx(const sv_providers_t *providers,
    const unsigned char *host, size_t len);

/* By the name of a mail domain, in A-labels and lower case, that the provider
   itself has: only a hint, since its MX records may say something else. */
const sv_provider_t *sv_provider_by_domain(const sv_providers_t *providers,
    const unsigned char *domain, size_t len);
const sv_provider_t *sv_provider_by_id(const sv_providers_t *providers,
    const unsigned char *id, size_t len);
const sv_provider_t *sv_provider_by_banner(const sv_providers_t *providers,
    const unsigned char *text, size_t len);


#endif /* _SV_PROVIDER_H_INCLUDED_ */
