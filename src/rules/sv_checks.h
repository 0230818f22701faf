
/*
 * The checks that need no mail server: lists, typo, gibberish, abuse, and
 * the normalized forms of an address.  No I/O, under 50 us together.
 */


#ifndef _SV_CHECKS_H_INCLUDED_
#define _SV_CHECKS_H_INCLUDED_


#include "sv_address.h"
#include "sv_classify.h"


typedef struct sv_lists_s  sv_lists_t;


typedef enum {
    SV_LIST_DISPOSABLE = 0,     /* domains; sub-domains match */
    SV_LIST_FREE,               /* domains of free mail providers */
    SV_LIST_ALIAS,              /* domains of forwarding alias services */
    SV_LIST_ROLE,               /* local parts */
    SV_LIST_SPAM_TRAP,          /* addresses or domains, the operator's own */
    SV_LIST_ABUSE,              /* addresses or domains, the operator's own */
    SV_LIST_DISPOSABLE_MX,      /* mail hosts of disposable domains */
    SV_LIST_ALLOW,              /* see sv_lists_decide() */
    SV_LIST_DENY,
    SV_LIST_MAX
} sv_list_e;


/*
 * Signs of an address that is one of many made by a program (docs/checks.md,
 * "abuse").  One STRONG sign is enough; of the others it takes two.
 */

#define SV_ABUSE_MANY_TAGS       0x01   /* "a+b+c+d" */
#define SV_ABUSE_MANY_DOTS       0x02   /* "j.o.h.n.d", dots being ignored */
#define SV_ABUSE_KEYBOARD_RUN    0x04   /* mostly "asdfgh", "12345" */
#define SV_ABUSE_REPEATS         0x08   /* mostly "aaaaaa" */
#define SV_ABUSE_COUNTED_TAG     0x10   /* "john+17" */
#define SV_ABUSE_COUNTED_DIGITS  0x20   /* "john48213", no date */

#define SV_ABUSE_STRONG          0x0f


/* -1: not established (null), 0: no, 1: yes */

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

    sv_str_t        normalized; /* local@domain, the domain in U-labels */
    sv_str_t        root;       /* tags and dots the provider ignores off */
    sv_str_t        did_you_mean;   /* empty: none */

    unsigned char   normalized_buf[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];
    unsigned char   root_buf[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];
    unsigned char   did_you_mean_buf[SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX];
} sv_checks_t;


/*
 * The compiled-in lists of every kind that has one; NULL: no memory.
 * sv_lists_load replaces one kind by a file's text (one entry a line,
 * '#' comments); 0 or -1 with *error (line 0: no memory), the list then
 * stays as it was.  text need not outlive the call.
 */
sv_lists_t *sv_lists_default(void);
int sv_lists_load(sv_lists_t *lists, sv_list_e kind, const char *text,
    size_t len, sv_rules_error_t *error);
sv_list_e sv_list_by_name(const char *name, size_t len);    /* or MAX */
size_t sv_lists_count(const sv_lists_t *lists, sv_list_e kind);
void sv_lists_free(sv_lists_t *lists);

/*
 * What the operator has decided about an address, by the most special entry:
 * the address, its domain, the nearest domain above that; of two that are
 * alike "deny" counts.
 */
typedef enum {
    SV_DECIDED_NOT = 0,
    SV_DECIDED_ALLOW,
    SV_DECIDED_DENY
} sv_decided_e;

sv_decided_e sv_lists_decide(const sv_lists_t *lists,
    const sv_address_t *addr);

/* a mail host in lower case: does it serve throw-away domains alone? */
int sv_lists_disposable_mx(const sv_lists_t *lists, const unsigned char *host,
    size_t len);

/* *addr: SV_ADDRESS_OK, or a literal (of which no domain is listed) */
void sv_checks_run(const sv_lists_t *lists, const sv_address_t *addr,
    sv_checks_t *checks);


#endif /* _SV_CHECKS_H_INCLUDED_ */
