
/*
 * The age of a domain by the answer of an RDAP server (RFC 9083), which is
 * as hostile as any other.
 */


#ifndef _SV_RDAP_H_INCLUDED_
#define _SV_RDAP_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_RDAP_MAX    (256 * 1024)     /* octets; real ones have 2 to 20 K */
#define SV_RDAP_DEPTH  32


/*
 * The days from the registration to now (seconds since the epoch); -1: the
 * answer does not tell, or is not about a domain.
 */
int sv_rdap_age(const char *json, size_t len, int64_t now);


#endif /* _SV_RDAP_H_INCLUDED_ */
