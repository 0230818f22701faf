
/*
 * Tells whether a socket address may be connected to: only public unicast
 * addresses may (IANA special-purpose registries, RFC 6890).  The IPv4 address
 * inside a 6to4 or NAT64 address has to be public; mapped, compatible and
 * Teredo addresses are never allowed.
 */


#ifndef _SV_TARGET_H_INCLUDED_
#define _SV_TARGET_H_INCLUDED_


#include <sys/types.h>
#include <sys/socket.h>


#define SV_TARGET_NETWORK_MAX  8


/* Returns 1 if the address is public; 0 if it is forbidden, or of a family
   other than AF_INET and AF_INET6. */
int sv_target_is_public(const struct sockaddr *sa);

/*
 * Writes the network of an address, which is assumed to have one owner: an IPv4
 * address, also one inside an IPv6 address (as behind NAT64 the whole IPv4
 * Internet is in one /64), or else the /64.  Returns its length in octets, 4 or
 * 8; 0 for another family.
 */
size_t sv_target_network(const struct sockaddr *sa, unsigned char *buf);


#endif /* _SV_TARGET_H_INCLUDED_ */
