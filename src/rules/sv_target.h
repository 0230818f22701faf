
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


/* 1: public; 0: forbidden (also any family but AF_INET and AF_INET6) */
int sv_target_is_public(const struct sockaddr *sa);


#endif /* _SV_TARGET_H_INCLUDED_ */
