
/* Inside of the address parser: what stands behind the "@". */


#ifndef _SV_ADDRESS_DOMAIN_H_INCLUDED_
#define _SV_ADDRESS_DOMAIN_H_INCLUDED_


#include "sv_address.h"


/* 1: the domain is one of letters, digits, dots and hyphens, and no A-label,
   and was taken; 0: sv_address_domain() tells what it is */
int sv_address_plain_domain(sv_address_t *addr, const unsigned char *data,
    size_t len);

/* both fill addr->domain and addr->udomain; a sentence where it is wrong */
const char *sv_address_domain(sv_address_t *addr, const unsigned char *data,
    size_t len);
const char *sv_address_literal(sv_address_t *addr, const unsigned char *data,
    size_t len);


#endif /* _SV_ADDRESS_DOMAIN_H_INCLUDED_ */
