
/*
 * SipHash-2-4 with 128 bits out (Aumasson, Bernstein: a fast short-input
 * PRF): who does not know the key can neither find two inputs of one value
 * nor tell from a value what went in.
 */


#ifndef _SV_SIPHASH_H_INCLUDED_
#define _SV_SIPHASH_H_INCLUDED_


#include <stddef.h>


#define SV_SIPHASH_LEN  16


void sv_siphash(const unsigned char key[16], const void *data, size_t len,
    unsigned char hash[SV_SIPHASH_LEN]);


#endif /* _SV_SIPHASH_H_INCLUDED_ */
