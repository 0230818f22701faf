
/*
 * What names a person is sealed by AES-256-GCM with a key of the job.
 *
 * A nonce is a random prefix of 64 bits, drawn by each writer, and a counter of
 * 32 bits.  What is sealed is bound to its kind and place: none can be put in
 * the place of another.
 */


#ifndef _SV_JOB_SEAL_H_INCLUDED_
#define _SV_JOB_SEAL_H_INCLUDED_


#include <stddef.h>
#include <stdint.h>
#include <openssl/evp.h>

#include "sv_jobs.h"


#define SV_JOB_NONCE   12
#define SV_JOB_TAG     16


typedef enum {
    SV_JOB_SEAL_RECORD = 'b',       /* of a block */
    SV_JOB_SEAL_RESULT = 'r',       /* or one that waits */
    SV_JOB_SEAL_DUPLICATE = 'd',
    SV_JOB_SEAL_NOTE = 'm'
} sv_job_seal_e;


typedef struct {
    EVP_CIPHER_CTX     *enc;
    EVP_CIPHER_CTX     *dec;
    unsigned char       prefix[8];
    uint32_t            counter;
    unsigned char       dest[16];   /* hashes domains */
} sv_job_seal_t;


/* Returns 0, or -1. */
int sv_job_seal_init(sv_job_seal_t *seal, const unsigned char *key);
void sv_job_seal_free(sv_job_seal_t *seal);

/* n nonces that were never used; the first one is set, _next() makes the one
   after it.  Returns 0, or -1. */
int sv_job_seal_nonces(sv_job_seal_t *seal, unsigned n, unsigned char *nonce);
void sv_job_seal_next(unsigned char *nonce);

/* Writes len + SV_JOB_TAG octets.  Returns 0, or -1. */
int sv_job_seal(sv_job_seal_t *seal, sv_job_seal_e kind, uint64_t pos,
    const unsigned char *nonce, const unsigned char *text, size_t len,
    unsigned char *out);
/* len: of what is sealed, with the tag.  Writes len - SV_JOB_TAG octets.
   Returns 0, or -1 if it is not what was sealed. */
int sv_job_unseal(sv_job_seal_t *seal, sv_job_seal_e kind, uint64_t pos,
    const unsigned char *nonce, const unsigned char *data, size_t len,
    unsigned char *out);


#endif /* _SV_JOB_SEAL_H_INCLUDED_ */
