
/*
 * Suggests the domain of a known mail provider for a mistyped one.
 */


#ifndef _SV_TYPO_H_INCLUDED_
#define _SV_TYPO_H_INCLUDED_


#include "sv_lists.h"


#define SV_TYPO_NAME_MAX  24    /* a longer name is never a typo */


/*
 * Writes the domain that was likely meant instead of this one (A-labels, lower
 * case), whose suffixes are given, to dst, which has SV_DOMAIN_MAX octets.
 * Returns its length; 0 if none.
 */
size_t sv_typo_domain(const sv_lists_t *lists, const sv_str_t *domain,
    const sv_suffixes_t *suffixes, unsigned char *dst);


#endif /* _SV_TYPO_H_INCLUDED_ */
