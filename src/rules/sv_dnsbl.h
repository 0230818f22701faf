
/*
 * Names of addresses in the DNS, and what the answers of blocklists mean
 * (RFC 5782).  Plain C, without nginx.
 */


#ifndef _SV_DNSBL_H_INCLUDED_
#define _SV_DNSBL_H_INCLUDED_


#include <stddef.h>


#define SV_DNSBL_NAME_MAX  253


typedef enum {
    SV_DNSBL_ABSENT = 0,
    SV_DNSBL_LISTED,
    SV_DNSBL_REFUSED,               /* the list does not answer this resolver:
                                       127.255.255.0/24 */
    SV_DNSBL_FALSE                  /* no answer of a list: some resolver says
                                       that for any name */
} sv_dnsbl_e;


/*
 * Writes the reversed address and the zone, "1.2.0.192.zone", with a NUL.
 * Returns its length; 0 if it is too long.  The zones of PTR records are
 * "in-addr.arpa" and "ip6.arpa".
 */
size_t sv_dnsbl_name(char *buf, size_t size, const unsigned char *addr,
    int v6, const char *zone, size_t len);

/* The A records of an answer, each after its length in two octets; len is 0 if
   there are none. */
sv_dnsbl_e sv_dnsbl_judge(const unsigned char *records, size_t len);


#endif /* _SV_DNSBL_H_INCLUDED_ */
