
/*
 * SipHash (Aumasson, Bernstein: a fast short-input PRF): who does not know the
 * key can neither find two inputs of one value nor tell from a value what
 * went in.
 */


#ifndef _SV_SIPHASH_H_INCLUDED_
#define _SV_SIPHASH_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>


#define SV_SIPHASH_LEN  16


/* SipHash-2-4 with 128 bits out */
void sv_siphash(const unsigned char key[16], const void *data, size_t len,
    unsigned char hash[SV_SIPHASH_LEN]);

/* SipHash-1-3 with 64, where nobody can try inputs */
uint64_t sv_siphash_short(const uint64_t key[2], const void *data,
    size_t len);

/* no SipHash, but fast: of 16 bits, a place in a table of which nobody is worse
   off whose inputs are made to meet */
unsigned sv_place(const void *data, size_t len);

/* a key for that */
void sv_siphash_random(uint64_t key[2]);


#endif /* _SV_SIPHASH_H_INCLUDED_ */
