
/* Internal to the providers: what the parser makes and look-ups use. */


#ifndef _SV_PROVIDER_SH_H_INCLUDED_
#define _SV_PROVIDER_SH_H_INCLUDED_


#include "sv_phrase.h"
#include "sv_provider.h"


#define SV_PROVIDER_NONE    0xffffffff
#define SV_SUFFIX_BITS      16384
#define SV_BANNER_MEMOS     64
#define SV_BANNER_MEMO      112     /* octets; no longer ones are kept */


typedef struct {
    sv_str_t            name;       /* points into text */
    uint32_t            provider;   /* or SV_PROVIDER_NONE */
    unsigned            line;
} sv_suffix_t;


typedef struct {
    uint32_t            provider;
    uint16_t            phrase;
} sv_banner_t;


/* the provider that was found for a banner */

typedef struct {
    const sv_provider_t  *provider;
    size_t                len;      /* 0: empty */
    unsigned char         text[SV_BANNER_MEMO];
} sv_banner_memo_t;


struct sv_providers_s {
    sv_array_t          providers;  /* sv_provider_t */
    sv_array_t          suffixes;   /* sv_suffix_t, sorted */
    sv_array_t          domains;    /* sv_suffix_t, sorted; whole names */
    sv_array_t          banners;    /* sv_banner_t */
    sv_match_t          match;
    char               *text;       /* what the strings point into */
    uint64_t            filter[SV_SUFFIX_BITS / 64];    /* of suffixes */
    sv_banner_memo_t   *memos;      /* SV_BANNER_MEMOS, or NULL */
};


/* Returns the bit of a name.  If it is not set in the filter, the name is not a
   suffix. */
size_t sv_suffix_bit(const unsigned char *name, size_t len);

int sv_suffix_compare(const void *one, const void *two);


#endif /* _SV_PROVIDER_SH_H_INCLUDED_ */
