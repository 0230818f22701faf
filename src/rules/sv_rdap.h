
/*
 * Reads the age of a domain from the answer of an RDAP server (RFC 9083), which
 * may be hostile.
 */


#ifndef _SV_RDAP_H_INCLUDED_
#define _SV_RDAP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_RDAP_MAX    (256 * 1024)     /* octets; real answers have 2 to 20
                                           K */
#define SV_RDAP_DEPTH  32


/*
 * Returns the days from the registration to now, which is in seconds since the
 * epoch; -1 if the answer does not say, or is not about a domain.
 */
int sv_rdap_age(const char *json, size_t len, int64_t now);


#endif /* _SV_RDAP_H_INCLUDED_ */
