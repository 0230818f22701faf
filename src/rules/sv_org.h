
/*
 * The organizational domain, as DMARC calls it: whose is a name?  Without a
 * list of public suffixes: the last two labels, or three where the one before
 * a country's is none of anybody's own (co.uk).  Where that is wrong several
 * owners are taken for one.
 */


#ifndef _SV_ORG_H_INCLUDED_
#define _SV_ORG_H_INCLUDED_


#include <stddef.h>


#define SV_ORG_DOMAIN_MAX  255


/* its offset in the name, which is in lower case and without a last dot */
size_t sv_org_domain(const unsigned char *name, size_t len);


#endif /* _SV_ORG_H_INCLUDED_ */
