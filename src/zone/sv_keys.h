
/*
 * SipHash of names that are asked for again and again: of domains, of mail
 * hosts, of our own identities.  The last ones are remembered, so that a
 * question does not compute the same keys as those before it.
 */


#ifndef _SV_KEYS_H_INCLUDED_
#define _SV_KEYS_H_INCLUDED_


#include <stddef.h>

#include "sv_siphash.h"


/* as sv_siphash(): what it says is the same, whether it was remembered or not;
   for use by one thread */
void sv_keys_hash(const unsigned char key[16], const void *name, size_t len,
    unsigned char hash[SV_SIPHASH_LEN]);


#endif /* _SV_KEYS_H_INCLUDED_ */
