
/*
 * May this socket address be connected to?  Public unicast addresses only
 * (IANA special-purpose registries, RFC 6890).  The IPv4 address inside 6to4
 * and NAT64 ones has to be public; mapped, compatible and Teredo ones never
 * are.
 */


#ifndef _SV_TARGET_H_INCLUDED_
#define _SV_TARGET_H_INCLUDED_


#include <sys/types.h>
#include <sys/socket.h>


#define SV_TARGET_NETWORK_MAX  8


/* 1: public; 0: forbidden (also any family but AF_INET and AF_INET6) */
int sv_target_is_public(const struct sockaddr *sa);

/*
 * Whose is the address?  An IPv4 address, be it inside of one of IPv6, is one
 * owner's (behind NAT64 the whole IPv4 Internet is in one network of 64 bits),
 * else a network of 64 bits is.  Its length in the buffer, 4 or 8; 0: of
 * another family.
 */
size_t sv_target_network(const struct sockaddr *sa, unsigned char *buf);


#endif /* _SV_TARGET_H_INCLUDED_ */
