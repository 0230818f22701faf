
/*
 * What src/rules itself asks of the lists.  An entry is kept as a 64-bit
 * keyed fingerprint in a sorted array: 8 bytes each, a look-up allocates
 * nothing, and a spam-trap list does not lie in memory in clear.
 */


#ifndef _SV_LISTS_H_INCLUDED_
#define _SV_LISTS_H_INCLUDED_


#include <stdint.h>

#include "sv_checks.h"
#include "sv_siphash.h"


/* beside those of sv_list_e: compiled in only */

#define SV_LIST_KNOWN   SV_LIST_MAX             /* conf/known_domains.txt */
#define SV_LIST_TLDS    (SV_LIST_MAX + 1)       /* conf/tlds.txt */
#define SV_LIST_ALL     (SV_LIST_MAX + 2)

/* a domain has more parents than this only to make us look */
#define SV_SUFFIXES     10

#define SV_LISTS_DIGEST   32    /* octets of a SHA-256 */
#define SV_LISTS_ADDRESS  (SV_LOCAL_MAX + 1 + SV_DOMAIN_MAX)

#define SV_MEMOS        2048
#define SV_MX_MEMOS     256
#define SV_MEMO_DOMAIN  60      /* a longer one is not remembered */


typedef struct {
    sv_str_t        domain;     /* in the compiled-in text */
    unsigned        name_len;   /* up to the first dot */
    unsigned        name_id;    /* the same of all with that name */
    unsigned        slips:1;    /* its name may be mistyped */
    unsigned        brand:1;    /* with any other ending it is a typo */
} sv_known_t;


/* what tells at a glance that a known domain was not meant */

typedef struct {
    uint32_t        name;       /* its letters, a bit each */
    uint32_t        all;        /* of the domain; 0: no slips */
} sv_letters_t;


typedef struct {
    uint64_t       *entries;    /* sorted, each once */
    size_t          n;
    unsigned        loaded:1;
    unsigned        own:1;      /* from the operator's file */
    unsigned        addresses:1;    /* there are some in it ... */
    unsigned        digests:1;      /* ... or their SHA-256 */
} sv_list_set_t;


/* what was found of a domain lately: most lists have the same ones again */

typedef struct {
    uint64_t        hash;
    signed char     disposable;
    signed char     free_provider;
    signed char     alias_service;
    unsigned char   len;        /* of the domain that was meant; 0: none */
    unsigned char   meant[SV_MEMO_DOMAIN];
} sv_memo_t;


struct sv_lists_s {
    uint64_t        key[2];
    sv_list_set_t   sets[SV_LIST_ALL];
    sv_known_t     *known;      /* the more popular first */
    sv_letters_t   *letters;    /* of each of those */
    size_t          nknown;
    unsigned        nnames;
    sv_memo_t      *memos;      /* by the fingerprint */
    uint64_t       *mx_memos;   /* of mail hosts, the last bit of each is what
                                   was found */
};


/* the fingerprints of a domain and of its parents, the longest first */

typedef struct {
    uint64_t        hashes[SV_SUFFIXES];
    unsigned        n;
} sv_suffixes_t;


int sv_lists_has(const sv_lists_t *lists, unsigned kind,
    const unsigned char *data, size_t len);
int sv_lists_has_hash(const sv_lists_t *lists, unsigned kind, uint64_t hash);
#define sv_lists_hash(lists, data, len)                                       \
    sv_siphash_short((lists)->key, data, len)
void sv_lists_suffixes(const sv_lists_t *lists, const unsigned char *domain,
    size_t len, sv_suffixes_t *suffixes);
int sv_lists_any(const sv_lists_t *lists, unsigned kind,
    const sv_suffixes_t *suffixes);

/* an address as lists have it, its local part in lower case: its length in
   dst, which has SV_LISTS_ADDRESS octets */
size_t sv_lists_folded(unsigned char *dst, const sv_str_t *local,
    const sv_str_t *domain);

/* by the SHA-256 of that, which a list may have in its place */
uint64_t sv_lists_digest(const sv_lists_t *lists, const unsigned char *digest);
uint64_t sv_lists_digest_of(const sv_lists_t *lists,
    const unsigned char *address, size_t len);

uint32_t sv_letters(const unsigned char *data, size_t len);

/*
 * A role's local part in the one spelling it is listed by: lower case, tag,
 * separators and up to two last digits off.  The length written to dst,
 * which has SV_LOCAL_MAX octets; 0: too long.
 */
size_t sv_lists_role_key(const unsigned char *data, size_t len,
    unsigned char *dst);


#endif /* _SV_LISTS_H_INCLUDED_ */
