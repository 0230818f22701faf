
/* Inside of the address parser: what stands behind the "@". */


#ifndef _SV_ADDRESS_DOMAIN_H_INCLUDED_
#define _SV_ADDRESS_DOMAIN_H_INCLUDED_


#include "sv_address.h"


/* both fill addr->domain and addr->udomain; a sentence where it is wrong */
const char *sv_address_domain(sv_address_t *addr, const unsigned char *data,
    size_t len);
const char *sv_address_literal(sv_address_t *addr, const unsigned char *data,
    size_t len);


#endif /* _SV_ADDRESS_DOMAIN_H_INCLUDED_ */
