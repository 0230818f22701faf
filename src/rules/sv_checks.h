
/*
 * The checks that need no mail server: lists, typo, gibberish, abuse, and the
 * normalized forms of an address.  They do no I/O, and take less than 50 us
 * together.
 */


#ifndef _SV_CHECKS_H_INCLUDED_
#define _SV_CHECKS_H_INCLUDED_


#include "sv_address.h"
#include "sv_classify.h"


typedef struct sv_lists_s  sv_lists_t;


typedef enum {
    SV_LIST_DISPOSABLE = 0,     /* domains and their sub-domains */
    SV_LIST_FREE,               /* domains of free mail providers */
    SV_LIST_ALIAS,              /* domains of forwarding alias services */
    SV_LIST_ROLE,               /* local parts */
    SV_LIST_SPAM_TRAP,          /* addresses or domains of the operator */
    SV_LIST_ABUSE,              /* addresses or domains of the operator */
    SV_LIST_DISPOSABLE_MX,      /* mail hosts of disposable domains */
    SV_LIST_ALLOW,              /* see sv_lists_decide() */
    SV_LIST_DENY,
    SV_LIST_MAX
} sv_list_e;


/*
 * Signs that an address is one of many made by a program (docs/checks.md,
 * "abuse").  One STRONG sign is enough, or two of the others.
 */

#define SV_ABUSE_MANY_TAGS       0x01   /* "a+b+c+d" */
#define SV_ABUSE_MANY_DOTS       0x02   /* "j.o.h.n.d", if dots are ignored */
#define SV_ABUSE_KEYBOARD_RUN    0x04   /* mostly "asdfgh", "12345" */
#define SV_ABUSE_REPEATS         0x08   /* mostly "aaaaaa" */
#define SV_ABUSE_COUNTED_TAG     0x10   /* "john+17" */
#define SV_ABUSE_COUNTED_DIGITS  0x20   /* "john48213", unless it is a date */

#define SV_ABUSE_STRONG          0x0f


/* Each check is -1 if not known (null), 0 if no, 1 if yes. */

typedef struct {
    signed char     disposable;
    signed char     free_provider;
    signed char     alias_service;
    signed char     role_account;
    signed char     spam_trap;
    signed char     abuse;
    signed char     gibberish;
    signed char     typo;

    unsigned        abuse_patterns;     /* SV_ABUSE_* */

    sv_str_t        normalized; /* local@domain, with U-labels */
    sv_str_t        root;       /* without tags and dots that the provider
                                   ignores */
    sv_str_t        did_you_mean;   /* empty if none */

    unsigned char   normalized_buf[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];
    unsigned char   root_buf[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];
    unsigned char   did_you_mean_buf[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];
} sv_checks_t;


/*
 * _default() returns the compiled-in lists, or NULL if there is no memory.
 * _load() replaces one list by the text of a file, with one entry in a line and
 * comments after '#'.  It returns 0, or -1 with *error set (line 0: no memory);
 * the list is then unchanged.  text may be freed after the call.
 */
sv_lists_t *sv_lists_default(void);
int sv_lists_load(sv_lists_t *lists, sv_list_e kind, const char *text,
    size_t len, sv_rules_error_t *error);
sv_list_e sv_list_by_name(const char *name, size_t len);    /* SV_LIST_MAX: no
                                                               such list */
size_t sv_lists_count(const sv_lists_t *lists, sv_list_e kind);
void sv_lists_free(sv_lists_t *lists);

/*
 * What the operator has decided about an address.  The most specific entry
 * counts: the address, its domain, or the nearest domain above it.  If an entry
 * is in both lists, "deny" counts.
 */
typedef enum {
    SV_DECIDED_NOT = 0,
    SV_DECIDED_ALLOW,
    SV_DECIDED_DENY
} sv_decided_e;

sv_decided_e sv_lists_decide(const sv_lists_t *lists,
    const sv_address_t *addr);

/* Returns 1 if a mail host, in lower case, serves only disposable domains. */
int sv_lists_disposable_mx(const sv_lists_t *lists, const unsigned char *host,
    size_t len);

/* *addr is SV_ADDRESS_OK, or a literal, whose domain is in no list. */
void sv_checks_run(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks);


#endif /* _SV_CHECKS_H_INCLUDED_ */
