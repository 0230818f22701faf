
/*
 * Suggests what was likely meant by an invalid address.
 */


#ifndef _SV_SUGGEST_H_INCLUDED_
#define _SV_SUGGEST_H_INCLUDED_


#include "sv_lists.h"


/*
 * data: len octets that sv_address_parse() refused.  Writes a valid address to
 * dst, which has SV_LOCAL_MAX + 1 + SV_UDOMAIN_MAX octets.  Returns its length;
 * 0 if none is similar enough.  A valid local part is not changed.
 */
size_t sv_suggest(const sv_lists_t *lists, const unsigned char *data,
    size_t len, unsigned char *dst);


#endif /* _SV_SUGGEST_H_INCLUDED_ */
