
/*
 * The lists, for use within src/rules.  An entry is a 64-bit keyed fingerprint
 * in a sorted array: 8 octets each, and a look-up allocates nothing.  So a list
 * of spam traps is not in memory in clear.
 */


#ifndef _SV_LISTS_H_INCLUDED_
#define _SV_LISTS_H_INCLUDED_


#include <stdint.h>

#include "sv_checks.h"
#include "sv_siphash.h"


/* further lists, which are only compiled in */

#define SV_LIST_KNOWN   SV_LIST_MAX             /* conf/known_domains.txt */
#define SV_LIST_TLDS    (SV_LIST_MAX + 1)       /* conf/tlds.txt */
#define SV_LIST_ALL     (SV_LIST_MAX + 2)

/* domains above a domain that are looked up; only hostile names have more */
#define SV_SUFFIXES     10

#define SV_LISTS_DIGEST   32    /* octets of a SHA-256 */
#define SV_LISTS_ADDRESS  (SV_LOCAL_MAX + 1 + SV_DOMAIN_MAX)

#define SV_MEMOS        2048
#define SV_MX_MEMOS     256
#define SV_MEMO_DOMAIN  60      /* a longer domain is not remembered */


typedef struct {
    sv_str_t        domain;     /* in the compiled-in text */
    unsigned        name_len;   /* length up to the first dot */
    unsigned        name_id;    /* equal for all domains with that name */
    unsigned        slips:1;    /* the name may be mistyped */
    unsigned        brand:1;    /* a typo, if it has any other ending */
} sv_known_t;


/* Bits that quickly rule out a known domain as the one that was meant. */

typedef struct {
    uint32_t        name;       /* letters of its name, one bit each */
    uint32_t        all;        /* of the whole domain; 0: not mistyped */
} sv_letters_t;


typedef struct {
    uint64_t       *entries;    /* sorted, without duplicates */
    size_t          n;
    unsigned        loaded:1;
    unsigned        own:1;      /* from the operator's file */
    unsigned        addresses:1;    /* it has addresses ... */
    unsigned        digests:1;      /* ... or the SHA-256 of addresses */
} sv_list_set_t;


/* What was found for a domain lately: most batches repeat the same domains. */

typedef struct {
    uint64_t        hash;
    signed char     disposable;
    signed char     free_provider;
    signed char     alias_service;
    unsigned char   len;        /* of the suggested domain; 0: none */
    unsigned char   meant[SV_MEMO_DOMAIN];
} sv_memo_t;


struct sv_lists_s {
    uint64_t        key[2];
    sv_list_set_t   sets[SV_LIST_ALL];
    sv_known_t     *known;      /* the most popular ones first */
    sv_letters_t   *letters;    /* of each known domain */
    size_t          nknown;
    unsigned        nnames;
    sv_memo_t      *memos;      /* by fingerprint */
    uint64_t       *mx_memos;   /* of mail hosts; the last bit of each is the
                                   result */
};


/* Fingerprints of a domain and of those above it, the longest first. */

typedef struct {
    uint64_t        hashes[SV_SUFFIXES];
    unsigned        n;
} sv_suffixes_t;


int sv_lists_has_hash(const sv_lists_t *lists, unsigned kind, uint64_t hash);
#define sv_lists_hash(lists, data, len)                                       \
    sv_siphash_short((lists)->key, data, len)
void sv_lists_suffixes(const sv_lists_t *lists, const unsigned char *domain,
    size_t len, sv_suffixes_t *suffixes);
/* Returns 1 if the list has one of them; -1 if there is no such list. */
signed char sv_lists_any(const sv_lists_t *lists, unsigned kind,
    const sv_suffixes_t *suffixes);

/* Writes an address as it is in lists, with its local part in lower case, to
   dst, which has SV_LISTS_ADDRESS octets.  Returns the length. */
size_t sv_lists_folded(unsigned char *dst, const sv_str_t *local,
    const sv_str_t *domain);

/* Fingerprints of the SHA-256 of an address, which a list may have instead of
   the address. */
uint64_t sv_lists_digest(const sv_lists_t *lists, const unsigned char *digest);
uint64_t sv_lists_digest_of(const sv_lists_t *lists,
    const unsigned char *address, size_t len);

uint32_t sv_letters(const unsigned char *data, size_t len);

/*
 * Writes a role's local part in the form in which it is listed: in lower case,
 * without tag, separators and up to two digits at the end.  dst has
 * SV_LOCAL_MAX octets.  Returns the length; 0 if it is too long.
 */
size_t sv_lists_role_key(const unsigned char *data, size_t len,
    unsigned char *dst);


#endif /* _SV_LISTS_H_INCLUDED_ */
