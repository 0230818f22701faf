
/*
 * SipHash (Aumasson and Bernstein, "SipHash: a fast short-input PRF").  Without
 * the key, nobody can find two inputs with one hash, or the input of a hash.
 */


#ifndef _SV_SIPHASH_H_INCLUDED_
#define _SV_SIPHASH_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_SIPHASH_LEN  16


/* SipHash-2-4 with a hash of 128 bits */
void sv_siphash(const unsigned char key[16], const void *data, size_t len,
    unsigned char hash[SV_SIPHASH_LEN]);

/* The same, with a memory, which keeps the names in clear: only for those of
   domains, mail hosts and our own identities, which are hashed again and again,
   not for anything about people or clients.  Not thread-safe. */
void sv_siphash_name(const unsigned char key[16], const void *name, size_t len,
    unsigned char hash[SV_SIPHASH_LEN]);

/* SipHash-1-3 with a hash of 64 bits, where nobody can try out inputs */
uint64_t sv_siphash_short(const uint64_t key[2], const void *data,
    size_t len);

/* A fast hash of 16 bits that is not SipHash, for tables in which it does no
   harm if somebody makes inputs collide. */
unsigned sv_place(const void *data, size_t len);

/* Sets a random key for sv_siphash_short(). */
void sv_siphash_random(uint64_t key[2]);


#endif /* _SV_SIPHASH_H_INCLUDED_ */
