
/*
 * What was likely meant by an address that is none.
 */


#ifndef _SV_SUGGEST_H_INCLUDED_
#define _SV_SUGGEST_H_INCLUDED_


#include "sv_lists.h"


/*
 * data: len octets that sv_address_parse() refused.  The length of a valid
 * address in dst, which has SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX octets; 0: none
 * is near enough.  A local part that is valid by itself is kept to the octet.
 */
size_t sv_suggest(const sv_lists_t *lists, const unsigned char *data,
    size_t len, unsigned char *dst);


#endif /* _SV_SUGGEST_H_INCLUDED_ */
