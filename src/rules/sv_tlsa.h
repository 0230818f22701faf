
/*
 * TLSA records (RFC 6698) as they are stored: one after the other, and only
 * those that an SMTP client may use (RFC 7672).
 */


#ifndef _SV_TLSA_H_INCLUDED_
#define _SV_TLSA_H_INCLUDED_


#include <stddef.h>


#define SV_TLSA_DANE_TA  2      /* a CA's certificate in the chain */
#define SV_TLSA_DANE_EE  3      /* the server's own certificate */

#define SV_TLSA_MAX      3072   /* octets of all records, as stored */


typedef struct {
    unsigned              usage;
    unsigned              selector;     /* 0: certificate, 1: its key */
    unsigned              matching;     /* 0: the data itself; 1, 2: a SHA-2
                                           hash */
    size_t                len;
    const unsigned char  *data;
} sv_tlsa_t;


/* Returns 1 if an SMTP client may use the record. */
int sv_tlsa_usable(const sv_tlsa_t *tlsa);

/* Returns the octets written to p; 0 if there is no room. */
size_t sv_tlsa_write(unsigned char *p, size_t room, const sv_tlsa_t *tlsa);

/* Reads the record at *pos and moves *pos behind it.  Returns 0 if there is
   none. */
int sv_tlsa_read(sv_tlsa_t *tlsa, const unsigned char **pos,
    const unsigned char *end);


#endif /* _SV_TLSA_H_INCLUDED_ */
