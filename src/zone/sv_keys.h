
/*
 * SipHash with a memory, for names that are hashed again and again: of domains,
 * mail hosts and our own identities.
 */


#ifndef _SV_KEYS_H_INCLUDED_
#define _SV_KEYS_H_INCLUDED_


#include <stddef.h>

#include "sv_siphash.h"


/* Returns the same hash as sv_siphash().  Not thread-safe. */
void sv_keys_hash(const unsigned char key[16], const void *name, size_t len,
    unsigned char hash[SV_SIPHASH_LEN]);


#endif /* _SV_KEYS_H_INCLUDED_ */
