
/*
 * The organizational domain (see DMARC), which tells who owns a name.  There is
 * no list of public suffixes: it is the last two labels, or three if the label
 * before a country's belongs to nobody (co.uk).  If that is wrong, several
 * owners count as one.
 */


#ifndef _SV_ORG_H_INCLUDED_
#define _SV_ORG_H_INCLUDED_


#include <stddef.h>


#define SV_ORG_DOMAIN_MAX  255


/* Returns the offset of the organizational domain in a name, which is in lower
   case and has no trailing dot. */
size_t sv_org_domain(const unsigned char *name, size_t len);


#endif /* _SV_ORG_H_INCLUDED_ */
