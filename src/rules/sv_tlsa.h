
/*
 * TLSA records (RFC 6698) as they are kept: one behind the other, those alone
 * that a client of SMTP may use (RFC 7672).
 */


#ifndef _SV_TLSA_H_INCLUDED_
#define _SV_TLSA_H_INCLUDED_


#include <stddef.h>


#define SV_TLSA_DANE_TA  2      /* a certificate of the chain */
#define SV_TLSA_DANE_EE  3      /* that of the server itself */

#define SV_TLSA_MAX      3072   /* octets of all, as they are kept */


typedef struct {
    unsigned              usage;
    unsigned              selector;     /* 0: certificate, 1: its key */
    unsigned              matching;     /* 0: as it is, 1, 2: SHA-2 */
    size_t                len;
    const unsigned char  *data;
} sv_tlsa_t;


/* may a client of SMTP use it? */
int sv_tlsa_usable(const sv_tlsa_t *tlsa);

/* how many octets were written to p, 0: there is no room for it */
size_t sv_tlsa_write(unsigned char *p, size_t room, const sv_tlsa_t *tlsa);

/* 1: the record at *pos, behind which *pos is now; 0: there is none */
int sv_tlsa_read(sv_tlsa_t *tlsa, const unsigned char **pos,
    const unsigned char *end);


#endif /* _SV_TLSA_H_INCLUDED_ */
